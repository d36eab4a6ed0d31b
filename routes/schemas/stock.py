from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.fields import Day, In, Instant, Line, Quantity
from stock.ledger.kinds import DocumentKind, Flag
from stock.places.kinds import PlaceKind


class PlaceOut(Schema):
    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.Enum(PlaceKind, by_value=True)
    village_code = fields.String(allow_none=True)
    lon_deg = fields.Float(allow_none=True)
    lat_deg = fields.Float(allow_none=True)
    is_closed = fields.Boolean()


class PlacesOut(Schema):
    places = fields.List(fields.Nested(PlaceOut))


class BalanceArgs(In):
    place_code = fields.String(load_default="", validate=validate.Length(max=40))
    item_code = fields.String(load_default="", validate=validate.Length(max=60))


class BalanceOut(Schema):
    """One item, at one place; ``place_code`` is empty where only totals may be seen."""

    place_code = fields.String()
    item_code = fields.String()
    unit = fields.String()
    on_hand = Quantity(attribute="on_hand_milli")
    reserved = Quantity(attribute="reserved_milli")
    available = Quantity(attribute="available_milli")
    expired = Quantity(attribute="expired_milli")
    value_rp = fields.Integer()
    next_expiry_on = Day(allow_none=True)


class BalancesOut(Schema):
    balances = fields.List(fields.Nested(BalanceOut))


class CardArgs(In):
    place_code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    item_code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    first_on = Day(load_default=None)
    last_on = Day(load_default=None)


class CardLineOut(Schema):
    document_id = fields.UUID()
    document_kind = fields.Enum(DocumentKind, by_value=True)
    number = fields.String(allow_none=True)
    event_at = Instant()
    event_on = Day()
    recorded_at = Instant()
    batch_code = fields.String()
    counterpart_code = fields.String(attribute="counterpart.code")
    quantity_in = Quantity(attribute="in_milli")
    quantity_out = Quantity(attribute="out_milli")
    balance = Quantity(attribute="balance_milli")
    is_reversed = fields.Boolean()
    flag = fields.Enum(Flag, by_value=True)


class CardOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    opening = Quantity(attribute="opening_milli")
    closing = Quantity(attribute="closing_milli")
    lines = fields.List(fields.Nested(CardLineOut))


class MovedOut(Schema):
    batch_code = fields.String()
    quantity = Quantity(attribute="quantity_milli")


class BookedOut(Schema):
    document_id = fields.UUID()
    number = fields.String(allow_none=True)
    moves = fields.List(fields.Nested(MovedOut))


class StockLineOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    batch_code = fields.String(attribute="batch.code")
    from_place_code = fields.String(attribute="source.code")
    to_place_code = fields.String(attribute="target.code")
    quantity = Quantity(attribute="quantity_milli")
    value_rp = fields.Integer()
    flag = fields.Enum(Flag, by_value=True)
    is_reversed = fields.Boolean()


class StockDocumentOut(Schema):
    id = fields.UUID()
    kind = fields.Enum(DocumentKind, by_value=True)
    number = fields.String(allow_none=True)
    reason = fields.String()
    note = fields.String()
    event_at = Instant()
    event_on = Day()
    recorded_at = Instant()
    lines = fields.List(fields.Nested(StockLineOut))


class ReverseIn(In):
    reason = Line(required=True, most=300, least=5)
