from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from logistics.dispatch.states import LoadState, PostState
from logistics.planning.rules import Slot
from routes.schemas.fields import Day, In, Instant, Line, Quantity, whole_number

_CLOCK = validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


class SlotOut(Schema):
    """Hours of a day, local time, and the households they serve."""

    starts_at = fields.String(metadata={"example": "08:00"})
    ends_at = fields.String(metadata={"example": "10:00"})
    households = fields.Integer()


class ClosedDayOut(Schema):
    day = Day()
    reason = fields.String()
    closed_at = Instant()


class PostOut(Schema):
    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    village_code = fields.String(allow_none=True)
    address = fields.String()
    lon_deg = fields.Float(allow_none=True)
    lat_deg = fields.Float(allow_none=True)
    capacity_per_day = fields.Integer()
    opening = fields.String()
    slots = fields.List(fields.Nested(SlotOut))
    closed_weekdays = fields.List(fields.Integer(), metadata={"description": "1 Monday to 7 Sunday"})
    closed_days = fields.List(fields.Nested(ClosedDayOut))
    state = fields.Enum(PostState, by_value=True)


class PostsOut(Schema):
    posts = fields.List(fields.Nested(PostOut))


class SlotIn(In):
    starts_at = fields.String(required=True, validate=_CLOCK, metadata={"example": "08:00"})
    ends_at = fields.String(required=True, validate=_CLOCK, metadata={"example": "10:00"})
    households = whole_number(required=True, least=1, most=100_000)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Slot:
        return Slot(**data)


class HoursIn(In):
    """Capacity, hours and closed weekdays: all of it is said again. With hours, they add up to the capacity."""

    capacity_per_day = whole_number(required=True, least=1, most=100_000)
    opening = Line(load_default="", most=200)
    slots = fields.List(fields.Nested(SlotIn), load_default=list, validate=validate.Length(max=24))
    closed_weekdays = fields.List(whole_number(least=1, most=7), load_default=list, validate=validate.Length(max=7))

    @post_load
    def as_tuples(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "slots": tuple(data["slots"]), "closed_weekdays": tuple(data["closed_weekdays"])}


class CloseDayIn(In):
    day = Day(required=True)
    reason = Line(required=True, most=200, least=5)


class ClosePostIn(In):
    reason = Line(required=True, most=200, least=5)


class OpenDayIn(In):
    day = Day(required=True)


class PostIn(HoursIn):
    code = Line(required=True, most=20, least=2)
    name = Line(required=True, most=120, least=3)
    village_code = Line(load_default="", most=20)
    lon_deg = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-180, max=180))
    lat_deg = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-90, max=90))
    address = Line(load_default="", most=200)


class LoadLineOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    batch_code = fields.String(attribute="batch.code")
    expires_on = Day(attribute="batch.expires_on", allow_none=True)
    quantity = Quantity(attribute="quantity_milli")


class PickListOut(Schema):
    """What one warehouse keeps for one post and day: one vehicle."""

    post_id = fields.UUID(attribute="post.id")
    post_code = fields.String(attribute="post.code")
    warehouse_id = fields.UUID(attribute="warehouse.id")
    warehouse_code = fields.String(attribute="warehouse.code")
    serve_on = Day()
    ends_on = Day()
    lines = fields.List(fields.Nested(LoadLineOut))


class PickListsOut(Schema):
    to_send = fields.List(fields.Nested(PickListOut))


class LoadOut(Schema):
    id = fields.UUID()
    round_id = fields.UUID()
    post_id = fields.UUID(attribute="post.id")
    warehouse_id = fields.UUID(attribute="warehouse.id")
    serve_on = Day()
    no = fields.Integer()
    state = fields.Enum(LoadState, by_value=True)
    vehicle = fields.String()
    plate = fields.String()
    sent_at = Instant()
    document_id = fields.UUID(allow_none=True)
    lines = fields.List(fields.Nested(LoadLineOut))


class LoadsOut(Schema):
    sent = fields.List(fields.Nested(LoadOut), data_key="loads", attribute="loads")


class SendIn(In):
    post_id = fields.UUID(required=True)
    warehouse_id = fields.UUID(required=True)
    serve_on = Day(required=True)
    vehicle = Line(required=True, most=80, least=2)
    plate = Line(load_default="", most=20)
    driver = Line(load_default="", most=120)
    sent_at = Instant(load_default=None, allow_none=True)


class SentOut(Schema):
    load_id = fields.UUID()
    document_id = fields.UUID()
    number = fields.String()
    packages = fields.Integer()
