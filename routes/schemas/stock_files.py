from __future__ import annotations

from marshmallow import Schema, fields, validate

from routes.schemas.fields import Day, In, Instant, Money
from stock.importing.states import RowOutcome, StockFileKind, StockFileState


class StockFileArgs(In):
    """``as_of_on`` is the day of opening balances whose rows name none."""

    kind = fields.Enum(StockFileKind, by_value=True, required=True)
    as_of_on = Day(load_default=None)


class StockFileRowArgs(In):
    outcome = fields.Enum(RowOutcome, by_value=True, load_default=None)
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=1000))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=100_000))


class FormArgs(In):
    form = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))


class BookStockFileIn(In):
    """``only_ready`` leaves refused rows out of the books; without it a file with a refused row is not booked."""

    only_ready = fields.Boolean(load_default=False)


class StockFileOut(Schema):
    id = fields.UUID()
    kind = fields.Enum(StockFileKind, by_value=True)
    state = fields.Enum(StockFileState, by_value=True)
    file_name = fields.String()
    as_of_on = Day(allow_none=True)
    rows = fields.Integer()
    ready = fields.Integer()
    refused = fields.Integer()
    value_rp = Money()
    read_by = fields.String(attribute="read_by_name")
    read_at = Instant()
    booked_by = fields.String(attribute="booked_by_name")
    booked_at = Instant(allow_none=True)
    is_repeat = fields.Boolean(metadata={"description": "The same bytes came before; nothing was read again."})


class StockFilesOut(Schema):
    files = fields.List(fields.Nested(StockFileOut))


class StockFileProblemOut(Schema):
    code = fields.String()
    column = fields.String()
    text = fields.String()


class StockFileRowOut(Schema):
    row_no = fields.Integer()
    outcome = fields.Enum(RowOutcome, by_value=True)
    cells = fields.List(fields.String())
    problems = fields.List(fields.Nested(StockFileProblemOut))
    document_id = fields.UUID(allow_none=True)
    number = fields.String()
    batch_codes = fields.List(fields.String())


class StockFileRowsOut(Schema):
    header = fields.List(fields.String())
    total = fields.Integer()
    rows = fields.List(fields.Nested(StockFileRowOut))


class BookedStockFileOut(Schema):
    rows = fields.Integer()
    left_out = fields.Integer()
    is_booked = fields.Boolean(metadata={"description": "False while a long file is still being booked."})
