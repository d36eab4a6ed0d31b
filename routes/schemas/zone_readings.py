from __future__ import annotations

import json
from typing import Any

from marshmallow import Schema, fields, validate

from logistics.zones.reading.elements import Kind, Outcome
from logistics.zones.reading.queries import ElementView, ReadingView, sentence
from logistics.zones.reading.states import Fate, ReadingState
from logistics.zones.states import Access, CountKind, CountState, Severity
from routes.schemas.fields import FileName, In, Instant


class DocumentHeader(Schema):
    file_name = FileName(load_default="", least=0)


class ReadingArgs(In):
    """``kind`` only where what a document is should not be told by what is in it."""

    kind = fields.Enum(Kind, by_value=True, load_default=None)


class TakenAreaIn(In):
    """One area made of elements; their outlines are united. ``zone_id`` with ``base_no`` makes it a next version."""

    elements = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=100_000)), required=True,
        validate=validate.Length(min=1, max=2000),
    )  # fmt: skip
    name = fields.String(required=True, validate=validate.Length(min=2, max=120))
    severity = fields.Enum(Severity, by_value=True, required=True)
    access = fields.Enum(Access, by_value=True, load_default=Access.ROAD)
    observed_at = Instant(required=True)
    source = fields.String(load_default="", validate=validate.Length(max=200))
    note = fields.String(load_default="", validate=validate.Length(max=1000))
    zone_id = fields.UUID(load_default=None)
    base_no = fields.Integer(load_default=None, strict=True, validate=validate.Range(min=1, max=100_000))


class PostReadingIn(In):
    areas = fields.List(fields.Nested(TakenAreaIn), required=True, validate=validate.Length(min=1, max=200))


class RemarkOut(Schema):
    code = fields.String()
    text = fields.String()


class SaidRegionOut(Schema):
    code = fields.String()
    system = fields.String()
    name = fields.String()
    district = fields.String()
    rw = fields.String()
    rt = fields.String()


class FoundRegionOut(Schema):
    code = fields.String()
    rw = fields.String()
    rt = fields.String()


class SaidCountOut(Schema):
    kind = fields.Enum(CountKind, by_value=True)
    state = fields.Enum(CountState, by_value=True)
    value = fields.Integer(allow_none=True)
    is_estimate = fields.Boolean()


class ElementOut(Schema):
    """``said_regions`` is as the document names them, ``regions`` what the office's own list has for them."""

    no = fields.Integer()
    label = fields.String()
    outcome = fields.Enum(Outcome, by_value=True)
    is_usable = fields.Boolean()
    remarks = fields.List(fields.Nested(RemarkOut))
    outline = fields.Dict(allow_none=True)
    said_regions = fields.List(fields.Nested(SaidRegionOut))
    regions = fields.List(fields.Nested(FoundRegionOut))
    counts = fields.List(fields.Nested(SaidCountOut))
    severity = fields.Enum(Severity, by_value=True, allow_none=True)
    access = fields.Enum(Access, by_value=True, allow_none=True)
    observed_at = Instant(allow_none=True)
    told = fields.Dict(keys=fields.String(), values=fields.String())
    fate = fields.Enum(Fate, by_value=True)
    zone_id = fields.UUID(allow_none=True)
    zone_no = fields.Integer(allow_none=True)


class NoticeOut(Schema):
    identifier = fields.String()
    sender = fields.String()
    sent_at = Instant(allow_none=True)
    status = fields.String()
    message = fields.String()
    references = fields.List(fields.String())
    expires_at = Instant(allow_none=True)
    headline = fields.String()
    text = fields.String()


class ReadingOut(Schema):
    id = fields.UUID()
    incident_id = fields.UUID()
    kind = fields.Enum(Kind, by_value=True)
    state = fields.Enum(ReadingState, by_value=True)
    file_name = fields.String()
    elements = fields.Integer(metadata={"description": "How many the document has."})
    usable = fields.Integer()
    notice = fields.Nested(NoticeOut)
    remarks = fields.List(fields.Nested(RemarkOut))
    read_by = fields.String(attribute="read_by_name")
    read_at = Instant()
    decided_by = fields.String(attribute="decided_by_name")
    decided_at = Instant(allow_none=True)
    is_repeat = fields.Boolean(metadata={"description": "The same bytes came before; nothing was read again."})


class ReadingsOut(Schema):
    readings = fields.List(fields.Nested(ReadingOut))


class ReadingElementsOut(Schema):
    elements = fields.List(fields.Nested(ElementOut))


class PostedAreaOut(Schema):
    zone_id = fields.UUID()
    version_id = fields.UUID()
    no = fields.Integer()
    repairs = fields.List(fields.String())


class PostedReadingOut(Schema):
    zones = fields.List(fields.Nested(PostedAreaOut))
    left_out = fields.Integer(metadata={"description": "Elements that were not taken; they keep their reasons."})


def told_reading(one: ReadingView, lang: str, *, is_repeat: bool = False) -> dict[str, Any]:
    """Give a document with its remarks in words."""
    told = {name: getattr(one, name) for name in ReadingView.__dataclass_fields__}
    told["remarks"] = [{"code": each.code, "text": sentence(each, lang)} for each in one.remarks]
    return {**told, "is_repeat": is_repeat}


def told_element(one: ElementView, lang: str) -> dict[str, Any]:
    """Give an element with its reasons in words, and its outline as GeoJSON."""
    element = one.element
    told = {name: getattr(element, name) for name in ("no", "label", "outcome", "counts", "severity", "access",
            "observed_at", "told")}  # fmt: skip
    return {
        **told, "is_usable": one.is_usable, "said_regions": element.regions, "regions": one.listed, "fate": one.fate,
        "remarks": [{"code": each.code, "text": sentence(each, lang)} for each in element.remarks],
        "outline": json.loads(element.outline) if element.outline else None, "zone_id": one.zone_id,
        "zone_no": one.zone_no,
    }  # fmt: skip
