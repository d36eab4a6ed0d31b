from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.documents.states import DocumentState
from core.numbering import KINDS
from routes.schemas.fields import Day, In, Instant, PageArgs

PDF = {"type": "string", "format": "binary"}
"""A paper's bytes."""


class DocumentArgs(PageArgs):
    kind = fields.String(load_default="", validate=validate.OneOf(["", *KINDS]))
    number = fields.String(load_default="", validate=validate.Length(max=80))


class DocumentOut(Schema):
    """An issued paper; what it says of persons is printed only."""

    id = fields.UUID()
    kind = fields.String()
    number = fields.String()
    state = fields.Enum(DocumentState, by_value=True)
    title = fields.String()
    subject = fields.String()
    subject_id = fields.UUID()
    issued_on = Day()
    issued_at = Instant()
    voided_at = Instant(allow_none=True)
    prints = fields.Integer()


class DocumentsOut(Schema):
    documents = fields.List(fields.Nested(DocumentOut))
    total = fields.Integer()


class PrintIn(In):
    sheet = fields.String(load_default="A4", validate=validate.OneOf(["A4", "F4"]))
