from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from registry_link.importing.columns import ALIASES, MOST_COLUMNS
from registry_link.importing.mapping import FileColumns
from registry_link.importing.states import Layout, RunState
from registry_link.regions.states import CodeSystem
from routes.schemas.fields import Day, In, Instant, Line, PageArgs


class UploadOut(Schema):
    """A file that lies ready to be imported; unused it is deleted after 30 days."""

    id = fields.UUID()
    sha256 = fields.String()
    size = fields.Integer()


class FileColumnsIn(In):
    """``columns``: a field's name and the headers that hold it; left out, the headers tell for themselves."""

    layout = fields.Enum(Layout, by_value=True, load_default=None)
    columns = fields.Dict(
        keys=fields.String(validate=validate.OneOf(sorted(ALIASES))),
        values=fields.List(Line(most=120, least=1), validate=validate.Length(min=1, max=2)),
        load_default=None, validate=validate.Length(max=MOST_COLUMNS),
    )  # fmt: skip

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> FileColumns:
        columns = data["columns"]
        return FileColumns(
            layout=data["layout"],
            columns=None if columns is None else {name: tuple(headers) for name, headers in columns.items()},
        )


class ImportFileIn(In):
    file_id = fields.UUID(required=True)
    columns = fields.Nested(FileColumnsIn, load_default=FileColumns)


class StartImportIn(In):
    """One file (flat, or of households), or two: households and their members."""

    files = fields.List(fields.Nested(ImportFileIn), required=True, validate=validate.Length(min=1, max=2))
    source = Line(load_default="", most=40, metadata={"description": "Needed unless the rows complete a snapshot."})
    as_of_on = Day(load_default=None, allow_none=True)
    agreement_no = Line(most=80, load_default="")
    completes_id = fields.UUID(
        load_default=None, allow_none=True,
        metadata={"description": "The current snapshot that these rows complete; its source and day are theirs."},
    )  # fmt: skip
    code_system = fields.Enum(CodeSystem, by_value=True, load_default=CodeSystem.KEMENDAGRI)
    asks_columns = fields.Boolean(load_default=False)

    @validates_schema
    def _check(self, data: dict[str, Any], **_: Any) -> None:
        if data["completes_id"] is None:
            wanting = [name for name in ("source", "as_of_on") if not data[name]]
            if wanting:
                raise ValidationError({name: ["Missing data for required field."] for name in wanting})


class NameColumnsIn(In):
    files = fields.List(fields.Nested(FileColumnsIn), required=True, validate=validate.Length(min=1, max=2))


class ImportProblemOut(Schema):
    code = fields.String()
    facts = fields.Dict()


class ImportOut(Schema):
    id = fields.UUID()
    state = fields.Enum(RunState, by_value=True)
    source = fields.String()
    as_of_on = Day()
    agreement_no = fields.String()
    code_system = fields.Enum(CodeSystem, by_value=True)
    file_names = fields.List(fields.String())
    layouts = fields.List(fields.String())
    snapshot_id = fields.UUID()
    completes_id = fields.UUID(
        allow_none=True, metadata={"description": "The snapshot that its rows complete, or completed."}
    )
    percent = fields.Integer(
        metadata={"description": "How far it is with what is being done: unpacking, reading, or applying."}
    )
    rows = fields.Integer()
    new = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()
    kept = fields.Integer(
        metadata={"description": "Households of which every row was refused, and who stay as they stood."}
    )
    doubled = fields.Integer()
    suspected = fields.Integer()
    refused = fields.Integer()
    warned = fields.Integer()
    problem = fields.Nested(ImportProblemOut, allow_none=True)
    started_at = Instant()
    started_by = fields.String(attribute="started_by_name")
    approved_by = fields.String(attribute="approved_by_name", allow_none=True)
    finished_at = Instant(allow_none=True)


class ImportsOut(Schema):
    imports = fields.List(fields.Nested(ImportOut))


class ImportReasonOut(Schema):
    code = fields.String()
    is_warning = fields.Boolean()
    rows = fields.Integer()
    first_file = fields.Integer()
    first_row = fields.Integer(metadata={"description": "0: it is said of the file as a whole."})


class ImportReasonsOut(Schema):
    reasons = fields.List(fields.Nested(ImportReasonOut))


class IssueArgs(PageArgs):
    code = Line(most=60, load_default="")


class ImportIssueOut(Schema):
    file_no = fields.Integer()
    row = fields.Integer(metadata={"description": "0: it is said of the file as a whole."})
    column = fields.String()
    code = fields.String()
    is_warning = fields.Boolean()
    text = fields.String()


class ImportIssuesOut(Schema):
    issues = fields.List(fields.Nested(ImportIssueOut))
    total = fields.Integer()


class ColumnOut(Schema):
    header = fields.String()
    field = fields.String(metadata={"description": "What it seems to hold; empty: it is not read."})
    samples = fields.List(fields.String(), metadata={"description": "Long numbers masked."})


class FileColumnsOut(Schema):
    file_name = fields.String()
    layout = fields.Enum(Layout, by_value=True)
    columns = fields.List(fields.Nested(ColumnOut))
    problem = fields.Nested(ImportProblemOut, allow_none=True)


class ImportColumnsOut(Schema):
    files = fields.List(fields.Nested(FileColumnsOut))


class RefusedArgs(In):
    file_no = fields.Integer(load_default=0, validate=validate.Range(min=0, max=1))
    form = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))


class ImportDecisionIn(In):
    note = Line(most=200, load_default="")
