from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.labels import FORMATS, MOST_LABELS, SHEET
from routes.schemas.fields import Day, In, Quantity, whole_number

_SHEETS = validate.OneOf(["A4", "F4"])


class StockPaperOut(Schema):
    """An issued paper, to be printed by ``/documents/{id}/print``; ``prints`` is how often it was printed before."""

    id = fields.UUID()
    kind = fields.String()
    number = fields.String()
    prints = fields.Integer()


class CardPaperArgs(In):
    """Without days the card is of this year."""

    place_code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    item_code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    first_on = Day(load_default=None)
    last_on = Day(load_default=None)
    sheet = fields.String(load_default="A4", validate=_SHEETS)


class SheetArgs(In):
    sheet = fields.String(load_default="A4", validate=_SHEETS)


class LabelLineIn(In):
    """Labels for the boxes of a batch at a place; without ``boxes`` as many as the goods there fill."""

    batch_code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    place_code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    content = Quantity(required=True)
    boxes = whole_number(load_default=None, allow_none=True, least=1, most=MOST_LABELS)


class LabelsIn(In):
    lines = fields.List(fields.Nested(LabelLineIn), required=True, validate=validate.Length(min=1, max=500))
    format = fields.String(load_default=SHEET, validate=validate.OneOf(FORMATS))
    first = whole_number(load_default=1, least=1, most=24)
