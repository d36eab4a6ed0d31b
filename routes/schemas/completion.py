from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from registry_link.completion.positioning import Reported
from registry_link.completion.states import (
    EntryState,
    FileState,
    ListState,
    PositionOrigin,
    RowOutcome,
    SkipReason,
)
from registry_link.households.completing import Birth
from registry_link.households.gaps import GAPS
from registry_link.households.states import PositionSource
from routes.schemas.fields import Day, In, Instant, Line, whole_number

GAP_NAMES = tuple((gap.name or "").lower() for gap in GAPS)


class VillageOverviewOut(Schema):
    """A village in numbers; no person."""

    village_code = fields.String()
    households = fields.Integer()
    persons = fields.Integer()
    incomplete = fields.Integer()
    located = fields.Integer()
    far = fields.Integer(metadata={"description": "Positions more than 1 km outside the village."})
    missing = fields.Dict(keys=fields.String(), values=fields.Integer())
    counted_at = Instant()


class VillageOverviewsOut(Schema):
    villages = fields.List(fields.Nested(VillageOverviewOut))


class IssueListIn(In):
    village_code = Line(required=True, most=20, least=10)
    asked = fields.List(
        fields.String(validate=validate.OneOf(GAP_NAMES)), required=True, validate=validate.Length(min=1, max=6)
    )


class CompletionListArgs(In):
    village_code = Line(most=20, load_default="")
    only_open = fields.Boolean(load_default=False)


class CompletionListOut(Schema):
    id = fields.UUID()
    village_code = fields.String()
    state = fields.Enum(ListState, by_value=True)
    asked = fields.List(fields.String())
    households = fields.Integer()
    waiting = fields.Integer()
    done = fields.Integer()
    skipped = fields.Integer()
    issued_at = Instant()
    issued_by = fields.String(attribute="issued_by_name")
    closed_at = Instant(allow_none=True)


class CompletionListsOut(Schema):
    lists = fields.List(fields.Nested(CompletionListOut))


class EntryArgs(In):
    state = fields.Enum(EntryState, by_value=True, load_default=None)
    limit = whole_number(load_default=50, least=1, most=500)
    offset = whole_number(load_default=0)


class AgelessOut(Schema):
    id = fields.UUID()
    name = fields.String()


class CompletionEntryOut(Schema):
    """``seal`` goes back with what is filled in: it says which state somebody saw."""

    id = fields.UUID()
    no = fields.Integer()
    household_id = fields.UUID()
    state = fields.Enum(EntryState, by_value=True)
    skip_reason = fields.Enum(SkipReason, by_value=True, allow_none=True)
    gaps = fields.List(fields.String())
    is_gone = fields.Boolean(metadata={"description": "Merged, erased or moved: there is nothing to fill in."})
    code = fields.String()
    head_name = fields.String()
    size = fields.Integer()
    rt = fields.String(allow_none=True)
    rw = fields.String(allow_none=True)
    hamlet = fields.String()
    address = fields.String()
    ageless = fields.List(fields.Nested(AgelessOut))
    lon_deg = fields.Float(allow_none=True)
    lat_deg = fields.Float(allow_none=True)
    position_source = fields.Enum(PositionSource, by_value=True, allow_none=True)
    position_accuracy_m = fields.Float(allow_none=True)
    seal = fields.String()


class CompletionEntriesOut(Schema):
    entries = fields.List(fields.Nested(CompletionEntryOut))
    total = fields.Integer()


class BirthIn(In):
    member_id = fields.UUID(required=True)
    born_on = Day(load_default=None)
    age_years = whole_number(load_default=None, allow_none=True, most=150)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> Birth:
        return Birth(**data)


class PositionIn(In):
    """Degrees, longitude first; ``reason`` lets it count although a more exact one is there."""

    lon_deg = fields.Float(required=True, validate=validate.Range(min=-180, max=180))
    lat_deg = fields.Float(required=True, validate=validate.Range(min=-90, max=90))
    accuracy_m = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))
    origin = fields.Enum(PositionOrigin, by_value=True, load_default=PositionOrigin.PHONE)
    reason = Line(most=200, load_default="")

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> Reported:
        return Reported(**{**data, "accuracy_m": data["accuracy_m"] or None})


class SaveEntryIn(In):
    """An empty value leaves what is there."""

    seal = Line(most=40, load_default="")
    rt = Line(most=20, load_default="")
    rw = Line(most=20, load_default="")
    hamlet = Line(most=120, load_default="")
    address = Line(most=200, load_default="")
    kk = Line(most=20, load_default="")
    head_nik = Line(most=20, load_default="")
    births = fields.List(fields.Nested(BirthIn), load_default=[], validate=validate.Length(max=50))
    position = fields.Nested(PositionIn, load_default=None, allow_none=True)


class SavedOut(Schema):
    fields_saved = fields.List(fields.String(), attribute="fields", data_key="fields")
    conflicts = fields.List(fields.String(), metadata={"description": "Filled in otherwise meanwhile: that stays."})
    remaining = fields.List(fields.String())
    is_done = fields.Boolean()
    is_number_elsewhere = fields.Boolean()
    is_position_used = fields.Boolean()
    outside_m = fields.Integer(allow_none=True)


class SkipIn(In):
    reason = fields.Enum(SkipReason, by_value=True, required=True)


class PlacedOut(Schema):
    is_used = fields.Boolean()
    outside_m = fields.Integer(allow_none=True, metadata={"description": "Metres outside its own village."})


class CompletionFileOut(Schema):
    id = fields.UUID()
    state = fields.Enum(FileState, by_value=True)
    file_name = fields.String()
    rows = fields.Integer()
    ready = fields.Integer()
    merged = fields.Integer()
    same = fields.Integer()
    conflict = fields.Integer()
    refused = fields.Integer()
    read_at = Instant()
    read_by = fields.String(attribute="read_by_name")
    applied_at = Instant(allow_none=True)
    applied_by = fields.String(attribute="applied_by_name")


class CompletionFilesOut(Schema):
    files = fields.List(fields.Nested(CompletionFileOut))


class CompletionFileRowArgs(In):
    outcome = fields.Enum(RowOutcome, by_value=True, load_default=None)
    limit = whole_number(load_default=200, least=1, most=1000)
    offset = whole_number(load_default=0)


class CompletionProblemOut(Schema):
    code = fields.String()
    column = fields.String()
    text = fields.String()


class CompletionFileRowOut(Schema):
    row_no = fields.Integer()
    outcome = fields.Enum(RowOutcome, by_value=True)
    household_code = fields.String()
    fields_saved = fields.List(fields.String(), attribute="fields", data_key="fields")
    problems = fields.List(fields.Nested(CompletionProblemOut))


class CompletionFileRowsOut(Schema):
    rows = fields.List(fields.Nested(CompletionFileRowOut))
    total = fields.Integer()
