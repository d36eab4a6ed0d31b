from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from routes.overview import DayLine, OverviewLine
from routes.schemas.fields import Day, In, Instant, Quantity
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


class OverviewArgs(In):
    place_code = fields.String(load_default="", validate=validate.Length(max=40))
    on = Day(load_default=None, allow_none=True)


class SupplyOut(Schema):
    """How far an item goes against the running incident's round."""

    needed = Quantity()
    open = Quantity()
    free = Quantity()
    short = Quantity()
    days = fields.Integer(allow_none=True)
    origin = fields.List(fields.String())


class OverviewItemOut(Schema):
    """One item; of a past day only what lay there is known."""

    item_code = fields.String()
    unit = fields.String()
    on_hand = Quantity()
    reserved = Quantity(allow_none=True)
    available = Quantity(allow_none=True)
    expired = Quantity()
    in_transit = Quantity(allow_none=True)
    expected = Quantity(allow_none=True)
    value_rp = fields.Integer()
    next_expiry_on = Day(allow_none=True)
    supply = fields.Nested(SupplyOut, allow_none=True)


class OverviewOut(Schema):
    on = Day()
    items = fields.List(fields.Nested(OverviewItemOut))


def item_now(one: OverviewLine, lang: str) -> dict[str, Any]:
    supply = one.supply
    return {
        "item_code": one.item.code, "unit": one.item.base_unit, "on_hand": one.on_hand_milli,
        "reserved": one.reserved_milli, "available": one.available_milli, "expired": one.expired_milli,
        "in_transit": one.in_transit_milli, "expected": one.expected_milli, "value_rp": one.value_rp,
        "next_expiry_on": one.next_expiry_on,
        "supply": {
            "needed": supply.line.quantity_milli, "open": supply.line.open_milli, "free": supply.line.free_milli,
            "short": supply.line.short_milli, "days": supply.days, "origin": supply.origin(lang),
        }
        if supply else None,
    }  # fmt: skip


def past_item(one: DayLine) -> dict[str, Any]:
    return {
        "item_code": one.item.code, "unit": one.item.base_unit, "on_hand": one.on_hand_milli, "reserved": None,
        "available": None, "expired": one.expired_milli, "in_transit": None, "expected": None,
        "value_rp": one.value_rp, "next_expiry_on": None, "supply": None,
    }  # fmt: skip


class CardArgs(In):
    """Over all warehouses when no place is named."""

    place_code = fields.String(load_default="", validate=validate.Length(max=40))
    item_code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    batch_code = fields.String(load_default="", validate=validate.Length(max=40))
    first_on = Day(load_default=None)
    last_on = Day(load_default=None)
    limit = fields.Integer(load_default=None, validate=validate.Range(min=1, max=1000))
    before = fields.String(load_default="", validate=validate.Length(max=200))


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
    value_rp = fields.Integer()
    balance_rp = fields.Integer()
    is_reversal = fields.Boolean()
    is_reversed = fields.Boolean()
    flag = fields.Enum(Flag, by_value=True)


class CardOut(Schema):
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    opening = Quantity(attribute="opening_milli")
    opening_rp = fields.Integer()
    closing = Quantity(attribute="closing_milli")
    closing_rp = fields.Integer()
    earlier = fields.String(allow_none=True)
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
