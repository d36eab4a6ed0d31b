from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.fields import Day, In, Instant, Line, Quantity
from routes.schemas.kits import ContentOut
from stock.ledger.kinds import DocumentKind, Flag, FundingSource, ReleaseCondition


class LyingOut(Schema):
    """Some of a batch at one place."""

    place_code = fields.String(attribute="place.code")
    on_hand = Quantity(attribute="on_hand_milli")
    reserved = Quantity(attribute="reserved_milli")
    available = Quantity(attribute="available_milli")
    value_rp = fields.Integer()
    is_expired = fields.Boolean()


class BatchLyingOut(LyingOut):
    batch_code = fields.String(attribute="batch.code")
    item_code = fields.String(attribute="batch.item.code")
    unit = fields.String(attribute="batch.item.base_unit")
    expires_on = Day(attribute="batch.expires_on", allow_none=True)


class BatchesLyingOut(Schema):
    batches = fields.List(fields.Nested(BatchLyingOut))


class BatchMoveOut(Schema):
    document_id = fields.UUID()
    document_kind = fields.Enum(DocumentKind, by_value=True)
    number = fields.String(allow_none=True)
    from_place_code = fields.String(attribute="source.code")
    to_place_code = fields.String(attribute="target.code")
    quantity = Quantity(attribute="quantity_milli")
    value_rp = fields.Integer()
    event_at = Instant()
    recorded_at = Instant()
    flag = fields.Enum(Flag, by_value=True)
    is_reversed = fields.Boolean()


class BatchOut(Schema):
    code = fields.String(attribute="batch.code")
    item_code = fields.String(attribute="batch.item.code")
    variant = fields.String(attribute="batch.variant.name", allow_none=True)
    unit = fields.String(attribute="batch.item.base_unit")
    funding_source = fields.Enum(FundingSource, by_value=True, attribute="batch.funding_source")
    incoming_document = fields.String(attribute="batch.incoming_document")
    received_on = Day(attribute="batch.received_on")
    expires_on = Day(attribute="batch.expires_on", allow_none=True)
    quantity = Quantity(attribute="batch.quantity_milli")
    value_rp = fields.Integer(attribute="batch.value_rp")
    unit_price_rp = fields.Integer(attribute="batch.unit_price_rp", allow_none=True)
    release_condition = fields.Enum(ReleaseCondition, by_value=True, attribute="batch.release_condition")
    places = fields.List(fields.Nested(LyingOut))
    moves = fields.List(fields.Nested(BatchMoveOut))
    content = fields.List(fields.Nested(ContentOut))
    in_kits = fields.List(fields.String())


class ExpiryArgs(In):
    """What is past its day, or will be within so many days."""

    within_days = fields.Integer(load_default=365, validate=validate.Range(min=0, max=3660))
    place_code = fields.String(load_default="", validate=validate.Length(max=40))


class QuarantineIn(In):
    """So much of a batch from a place into its quarantine, or, named by the quarantine's code, back onto the shelf.

    With ``to_giver_code`` it leaves the books and goes back to that giver.
    """

    place_code = Line(required=True, most=40, least=1)
    batch_code = Line(required=True, most=40, least=1)
    to_giver_code = Line(load_default="", most=40)
    quantity = Quantity(required=True)
    reason = Line(required=True, most=160, least=5)
