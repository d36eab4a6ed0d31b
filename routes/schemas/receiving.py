from __future__ import annotations

from marshmallow import fields, validate

from routes.schemas.fields import Day, In, Instant, Line, Money, Quantity
from stock.ledger.kinds import FundingSource


class ReceiveLineIn(In):
    """One new batch; ``value_rp`` is what all of it is worth."""

    item_code = Line(required=True, most=60, least=1)
    quantity = Quantity(required=True)
    funding_source = fields.Enum(FundingSource, by_value=True, required=True)
    value_rp = Money(load_default=0)
    expires_on = Day(load_default=None, allow_none=True)


class ReceiveIn(In):
    """Goods that came; ``incoming_document`` is the giver's own paper."""

    to_place_code = Line(required=True, most=40, least=1)
    from_place_code = Line(load_default="", most=40)
    incoming_document = Line(required=True, most=160, least=2)
    event_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default="", most=500)
    lines = fields.List(fields.Nested(ReceiveLineIn), required=True, validate=validate.Length(min=1, max=500))
