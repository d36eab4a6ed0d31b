from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.corrections import Difference
from routes.schemas.fields import Day, In, Instant, Line, Quantity
from stock.counts.states import CountState


class StockCountArgs(In):
    state = fields.Enum(CountState, by_value=True, load_default=None)


class StockCountIn(In):
    """``start`` begins it at once: its lines are the batches that lie there now."""

    place_code = Line(required=True, most=40, least=1)
    due_on = Day(load_default=None, allow_none=True)
    start = fields.Boolean(load_default=False)


class StockCountOut(Schema):
    id = fields.UUID()
    code = fields.String()
    place_code = fields.String(attribute="place.code")
    state = fields.Enum(CountState, by_value=True)
    due_on = Day()
    made_at = Instant()
    started_at = Instant(allow_none=True)
    submitted_by_name = fields.String()
    submitted_at = Instant(allow_none=True)
    approved_by_name = fields.String()
    approved_at = Instant(allow_none=True)
    note = fields.String()
    cancelled_reason = fields.String()
    document_id = fields.UUID(allow_none=True)
    lines = fields.Integer()
    open_lines = fields.Integer()


class StockCountsOut(Schema):
    counts = fields.List(fields.Nested(StockCountOut))


class SheetLineOut(Schema):
    """Blind: what the books say is not here, and while counting again the first figure is not either."""

    batch_code = fields.String(attribute="batch.code")
    item_code = fields.String(attribute="batch.item.code")
    unit = fields.String(attribute="batch.item.base_unit")
    expires_on = Day(attribute="batch.expires_on", allow_none=True)
    must_recount = fields.Boolean()
    counted = Quantity(attribute="counted_milli", allow_none=True)
    counted_at = Instant(allow_none=True)
    counted_by_name = fields.String()
    note = fields.String()


class SheetOut(Schema):
    count = fields.Nested(StockCountOut)
    lines = fields.List(fields.Nested(SheetLineOut))


class CountedIn(In):
    """``counted_at`` is the moment of this line's count; now when nothing is said."""

    batch_code = Line(required=True, most=40, least=1)
    counted = Quantity(required=True)
    counted_at = Instant(load_default=None, allow_none=True)
    note = Line(load_default=None, allow_none=True, most=300)


class CountedLinesIn(In):
    lines = fields.List(fields.Nested(CountedIn), required=True, validate=validate.Length(min=1, max=500))


class CountedLinesOut(Schema):
    """``counted_twice_by_you``: these are counted again by whoever counted them first; better somebody else does."""

    open_lines = fields.Integer()
    counted_twice_by_you = fields.List(fields.String())


class LineReasonIn(In):
    batch_code = Line(required=True, most=40, least=1)
    reason = Line(required=True, most=40, least=1)
    note = Line(load_default="", most=300)


class SubmitIn(In):
    reasons = fields.List(fields.Nested(LineReasonIn), load_default=list, validate=validate.Length(max=2000))
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class CountNoteIn(In):
    note = Line(load_default="", most=500)


class CountReasonIn(In):
    reason = Line(required=True, most=300, least=5)


class SendBackIn(CountReasonIn):
    """``batch_codes``: only these are counted once more; all that differ when empty."""

    batch_codes = fields.List(Line(most=40, least=1), load_default=list, validate=validate.Length(max=2000))


class ComparedLineOut(Schema):
    batch_code = fields.String(attribute="batch.code")
    item_code = fields.String(attribute="batch.item.code")
    unit = fields.String(attribute="batch.item.base_unit")
    first = Quantity(attribute="first_milli")
    recounted = Quantity(attribute="recounted_milli", allow_none=True)
    counted = Quantity(attribute="counted_milli")
    counted_at = Instant()
    counted_by_name = fields.String()
    booked = Quantity(attribute="booked_milli")
    difference = Difference(attribute="difference_milli")
    difference_rp = fields.Integer()
    reason = fields.String()
    note = fields.String()


class PromisedOut(Schema):
    """Of this batch more is reserved than would be left: ``release`` so much first."""

    batch_code = fields.String(attribute="batch.code")
    left = Quantity(attribute="left_milli")
    reserved = Quantity(attribute="reserved_milli")
    release = Quantity(attribute="release_milli")


class ComparisonOut(Schema):
    count = fields.Nested(StockCountOut, attribute="row")
    value_rp = fields.Integer()
    more_rp = fields.Integer()
    less_rp = fields.Integer()
    lines = fields.List(fields.Nested(ComparedLineOut))
    promised = fields.List(fields.Nested(PromisedOut))
