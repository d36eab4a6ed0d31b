from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from routes.schemas.fields import Day, In, Instant, Line, Quantity
from stock.shipments.states import ShipmentState


class TransferLineIn(In):
    """So much of an item (earliest expiry first), or of one batch."""

    item_code = Line(load_default="", most=60)
    batch_code = Line(load_default="", most=40)
    quantity = Quantity(required=True)

    @post_load
    def one_of_two(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if bool(data["item_code"]) == bool(data["batch_code"]):
            raise ValidationError({"item_code": ["Give either item_code or batch_code."]})
        return data


class TransferIn(In):
    from_place_code = Line(required=True, most=40, least=1)
    to_place_code = Line(required=True, most=40, least=1)
    event_at = Instant(load_default=None, allow_none=True)
    reason = Line(load_default="", most=160)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(TransferLineIn), required=True, validate=validate.Length(min=1, max=500))


class ShipmentIn(In):
    """Goods that leave one warehouse for another; on the road until they arrive."""

    from_place_code = Line(required=True, most=40, least=1)
    to_place_code = Line(required=True, most=40, least=1)
    via_place_code = Line(load_default="", most=40, metadata={"description": "A vehicle; empty for the road"})
    carrier = Line(load_default="", most=120)
    expected_on = Day(load_default=None, allow_none=True)
    event_at = Instant(load_default=None, allow_none=True)
    reason = Line(load_default="", most=160)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(TransferLineIn), required=True, validate=validate.Length(min=1, max=500))


class ArrivedLineIn(In):
    batch_code = Line(required=True, most=40, least=1)
    good = Quantity(required=True)
    damaged = Quantity(load_default=0)
    note = Line(load_default="", most=200)


class ArrivalIn(In):
    """What is here now; what is not named is still on the road."""

    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(ArrivedLineIn), required=True, validate=validate.Length(min=1, max=500))


class ShipmentArgs(In):
    state = fields.Enum(ShipmentState, by_value=True, load_default=None)
    place_code = fields.String(load_default="", validate=validate.Length(max=40))


class ShipmentLineOut(Schema):
    item_code = fields.String(attribute="batch.item.code")
    unit = fields.String(attribute="batch.item.base_unit")
    batch_code = fields.String(attribute="batch.code")
    sent = Quantity(attribute="sent_milli")
    arrived = Quantity(attribute="arrived_milli")
    damaged = Quantity(attribute="damaged_milli")
    lost = Quantity(attribute="lost_milli")
    on_the_road = Quantity(attribute="rest_milli")
    note = fields.String()


class ShipmentRowOut(Schema):
    id = fields.UUID()
    from_place_code = fields.String(attribute="source.code")
    via_place_code = fields.String(attribute="via.code")
    to_place_code = fields.String(attribute="target.code")
    state = fields.Enum(ShipmentState, by_value=True)
    carrier = fields.String()
    expected_on = Day(allow_none=True)
    sent_at = Instant()
    arrived_at = Instant(allow_none=True)
    sent_document_id = fields.UUID()
    batches = fields.Integer()
    batches_on_road = fields.Integer()


class ShipmentsOut(Schema):
    shipments = fields.List(fields.Nested(ShipmentRowOut))


class ShipmentOut(Schema):
    shipment = fields.Nested(ShipmentRowOut, attribute="row")
    lines = fields.List(fields.Nested(ShipmentLineOut))
