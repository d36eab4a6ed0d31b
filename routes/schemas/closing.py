from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from logistics.handover.queries import MissView
from logistics.handover.states import MissKind, NextStep
from routes.schemas.bansos import boolean
from routes.schemas.fields import Day, In, Instant, Line, Quantity


class MissIn(In):
    kind = fields.Enum(MissKind, by_value=True, required=True)
    next_step = fields.Enum(NextStep, by_value=True, required=True)
    due_on = Day(required=True)
    note = Line(load_default="", most=200)
    happened_on = Day(load_default=None, allow_none=True)


class MissIdOut(Schema):
    miss_id = fields.UUID()


class MissArgs(In):
    open_only = fields.Boolean(load_default=True)


class MissOut(Schema):
    """A package nobody came for, or that was refused; the newest record of it."""

    id = fields.UUID()
    package_id = fields.UUID()
    package_code = fields.String()
    household_id = fields.UUID()
    village_code = fields.String()
    post_id = fields.UUID(allow_none=True)
    kind = fields.Enum(MissKind, by_value=True)
    next_step = fields.Enum(NextStep, by_value=True)
    due_on = Day()
    happened_on = Day()
    recorded_at = Instant()
    times = fields.Integer()
    is_open = boolean()


class MissesOut(Schema):
    misses = fields.List(fields.Nested(MissOut))


def misses_of(found: tuple[MissView, ...]) -> dict[str, Any]:
    return {"misses": found}


class VillageLineOut(Schema):
    village_code = fields.String()
    village_name = fields.String()
    determined = fields.Integer()
    handed_over = fields.Integer()
    returned = fields.Integer()
    open = fields.Integer()
    open_rests = fields.Integer()


class GoodsLineOut(Schema):
    item = fields.String(attribute="name_id")
    unit = fields.String()
    due = Quantity(attribute="due_milli")
    sent = Quantity(attribute="sent_milli")
    handed_over = Quantity(attribute="handed_over_milli")
    left = Quantity(attribute="left_milli")
    rest = Quantity(attribute="rest_milli")


class ReconciliationOut(Schema):
    """Determined = handed over + returned + open, in every village and in all."""

    determined = fields.Integer()
    handed_over = fields.Integer()
    returned = fields.Integer()
    open = fields.Integer()
    open_rests = fields.Integer()
    is_zero = fields.Boolean()
    villages = fields.List(fields.Nested(VillageLineOut))
    goods = fields.List(fields.Nested(GoodsLineOut))


class CloseIn(In):
    """At zero nothing is needed; otherwise the minutes that say what became of those still open."""

    minutes_no = Line(load_default="", most=120)
    minutes = Line(load_default="", most=2000)


class PaperIn(In):
    kind = fields.String(required=True, validate=validate.OneOf(("DN", "UND", "LPJ")))
    region_code = fields.String(load_default="", validate=validate.Length(max=13))


class PaperRegionIn(In):
    """A village or district; empty: everybody."""

    region_code = fields.String(load_default="", validate=validate.Length(max=13))


class IssuedOut(Schema):
    document_id = fields.UUID()
