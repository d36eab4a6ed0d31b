from __future__ import annotations

from marshmallow import Schema, fields, validate

from logistics.dispatch.states import LoadState, PostState
from routes.schemas.fields import Day, In, Instant, Line, Quantity, whole_number


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
    state = fields.Enum(PostState, by_value=True)


class PostsOut(Schema):
    posts = fields.List(fields.Nested(PostOut))


class PostIn(In):
    code = Line(required=True, most=20, least=2)
    name = Line(required=True, most=120, least=3)
    capacity_per_day = whole_number(required=True, least=1, most=100_000)
    village_code = Line(load_default="", most=20)
    lon_deg = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-180, max=180))
    lat_deg = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=-90, max=90))
    address = Line(load_default="", most=200)
    opening = Line(load_default="", most=200)


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
