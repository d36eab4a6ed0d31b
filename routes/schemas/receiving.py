from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from routes.schemas.fields import Day, In, Instant, Line, Money, Quantity
from stock.inbound.states import ConsignmentState
from stock.ledger.kinds import FundingSource, ReleaseCondition


class ReceiveLineIn(In):
    """One new batch: what all of it is worth, or what one base unit costs."""

    item_code = Line(required=True, most=60, least=1)
    variant_id = fields.UUID(load_default=None, allow_none=True)
    quantity = Quantity(required=True)
    damaged = Quantity(load_default=0, metadata={"description": "Of the quantity; goes into quarantine"})
    funding_source = fields.Enum(FundingSource, by_value=True, required=True)
    value_rp = Money(load_default=None, allow_none=True)
    unit_price_rp = Money(load_default=None, allow_none=True)
    expires_on = Day(load_default=None, allow_none=True)
    release_condition = fields.Enum(ReleaseCondition, by_value=True, load_default=ReleaseCondition.NONE)

    @post_load
    def one_worth(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["value_rp"] is not None and data["unit_price_rp"] is not None:
            raise ValidationError({"value_rp": ["Give either value_rp or unit_price_rp."]})
        return data


class GiverIn(In):
    """Who gives: a known place, or a name that is added when the office does not know it."""

    giver_code = Line(load_default="", most=40)
    giver_name = Line(load_default="", most=120)


class ReceiveIn(In):
    """Goods that came; ``incoming_document`` is the giver's own paper."""

    to_place_code = Line(required=True, most=40, least=1)
    from_place_code = Line(load_default="", most=40)
    giver_name = Line(load_default="", most=120)
    incoming_document = Line(required=True, most=160, least=2)
    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(ReceiveLineIn), required=True, validate=validate.Length(min=1, max=500))


class ExpectedLineIn(In):
    item_code = Line(required=True, most=60, least=1)
    variant_id = fields.UUID(load_default=None, allow_none=True)
    quantity = Quantity(required=True)
    unit_price_rp = Money(load_default=None, allow_none=True)
    expires_on = Day(load_default=None, allow_none=True)


class ConsignmentIn(GiverIn):
    """What a giver has announced; nothing enters the books by it."""

    place_code = Line(required=True, most=40, least=1)
    incoming_document = Line(required=True, most=160, least=2)
    funding_source = fields.Enum(FundingSource, by_value=True, required=True)
    expected_on = Day(required=True)
    release_condition = fields.Enum(ReleaseCondition, by_value=True, load_default=ReleaseCondition.NONE)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(ExpectedLineIn), required=True, validate=validate.Length(min=1, max=200))


class CameLineIn(In):
    """What came of an announced line; zero where nothing did."""

    line_id = fields.UUID(required=True)
    received = Quantity(required=True)
    expires_on = Day(load_default=None, allow_none=True)
    unit_price_rp = Money(load_default=None, allow_none=True)
    note = Line(load_default="", most=200)


class UnannouncedLineIn(ExpectedLineIn):
    note = Line(load_default="", most=200)


class ConsignmentReceiptIn(In):
    """The count at the gate: every announced line once."""

    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(CameLineIn), required=True, validate=validate.Length(min=1, max=200))
    unannounced = fields.List(fields.Nested(UnannouncedLineIn), load_default=list, validate=validate.Length(max=200))


class InspectedLineIn(In):
    line_id = fields.UUID(required=True)
    good = Quantity(required=True)
    damaged = Quantity(load_default=0)
    note = Line(load_default="", most=200)


class InspectionIn(In):
    """A line that is not named was good altogether."""

    lines = fields.List(fields.Nested(InspectedLineIn), load_default=list, validate=validate.Length(max=200))


class StockingIn(In):
    """Nothing has to be said: what is good goes on the shelf."""


class ReturnedLineIn(In):
    batch_code = Line(required=True, most=40, least=1)
    quantity = Quantity(required=True)


class ReturnIn(In):
    """Damaged goods that go back to their giver."""

    reason = Line(required=True, most=300, least=5)
    event_at = Instant(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(ReturnedLineIn), required=True, validate=validate.Length(min=1, max=200))


class CancelConsignmentIn(In):
    reason = Line(required=True, most=300, least=5)


class ConsignmentArgs(In):
    state = fields.Enum(ConsignmentState, by_value=True, load_default=None)
    place_code = fields.String(load_default="", validate=validate.Length(max=40))


class ExpectedArgs(In):
    until = Day(load_default=None)
    place_code = fields.String(load_default="", validate=validate.Length(max=40))


class ExpectedOut(Schema):
    place_code = fields.String()
    item_code = fields.String()
    unit = fields.String()
    announced = Quantity()
    in_check = Quantity()


class ExpectedListOut(Schema):
    expected = fields.List(fields.Nested(ExpectedOut))


class ConsignmentLineOut(Schema):
    id = fields.UUID()
    item_code = fields.String(attribute="item.code")
    unit = fields.String(attribute="item.base_unit")
    expected = Quantity(attribute="expected_milli")
    received = Quantity(attribute="received_milli", allow_none=True)
    good = Quantity(attribute="good_milli", allow_none=True)
    damaged = Quantity(attribute="damaged_milli", allow_none=True)
    unit_price_rp = fields.Integer()
    expires_on = Day(allow_none=True)
    batch_id = fields.UUID(allow_none=True)
    note = fields.String()


class ConsignmentRowOut(Schema):
    id = fields.UUID()
    code = fields.String()
    giver = fields.String(attribute="giver.name")
    place_code = fields.String(attribute="place.code")
    incoming_document = fields.String()
    funding_source = fields.Enum(FundingSource, by_value=True)
    release_condition = fields.Enum(ReleaseCondition, by_value=True)
    expected_on = Day()
    state = fields.Enum(ConsignmentState, by_value=True)
    received_at = Instant(allow_none=True)
    receipt_id = fields.UUID(allow_none=True)
    inspected_at = Instant(allow_none=True)
    stocked_at = Instant(allow_none=True)
    stocking_id = fields.UUID(allow_none=True)
    cancelled_reason = fields.String()


class ConsignmentsOut(Schema):
    consignments = fields.List(fields.Nested(ConsignmentRowOut))


class ConsignmentOut(Schema):
    consignment = fields.Nested(ConsignmentRowOut, attribute="row")
    lines = fields.List(fields.Nested(ConsignmentLineOut))
