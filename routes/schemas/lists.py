from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from logistics.programmes.drawing import DrawList, Excluded, ListPreview
from logistics.programmes.overlaps import EntryOverlap, OverlapKind, OverlapPage
from logistics.programmes.states import RowOutcome, Unit
from registry_link.households.selection import Criteria, Trait
from routes.schemas.bansos import REGION, boolean
from routes.schemas.fields import In, Instant, PageArgs, whole_number


class CriteriaIn(In):
    """Whom to draw. Empty districts and villages: everywhere; ``traits``: any of these."""

    least_decile = whole_number(least=1, most=10, load_default=None, allow_none=True)
    most_decile = whole_number(least=1, most=10, load_default=None, allow_none=True)
    with_unknown_decile = boolean(load_default=False)
    districts = fields.List(fields.String(validate=REGION), load_default=list, validate=validate.Length(max=1000))
    villages = fields.List(fields.String(validate=REGION), load_default=list, validate=validate.Length(max=2000))
    traits = fields.List(fields.Enum(Trait, by_value=True), load_default=list, validate=validate.Length(max=7))
    least_size = whole_number(least=1, most=100, load_default=None, allow_none=True)
    most_size = whole_number(least=1, most=100, load_default=None, allow_none=True)
    not_in_programme_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    not_helped_weeks = whole_number(least=0, most=104, load_default=0)


def draw_order(term_id: UUID, data: dict[str, Any]) -> DrawList:
    criteria = Criteria(
        least_decile=data["least_decile"], most_decile=data["most_decile"],
        with_unknown_decile=data["with_unknown_decile"], districts=tuple(data["districts"]),
        villages=tuple(data["villages"]), traits=tuple(data["traits"]), least_size=data["least_size"],
        most_size=data["most_size"],
    )  # fmt: skip
    return DrawList(
        term_id=term_id,
        criteria=criteria,
        not_in_programme_ids=tuple(data["not_in_programme_ids"]),
        not_helped_weeks=data["not_helped_weeks"],
    )


class DistrictPreviewOut(Schema):
    district_code = fields.String()
    district_name = fields.String()
    quota = fields.Integer(allow_none=True)
    listed = fields.Integer()
    fits = fields.Integer()
    drawn = fields.Integer()
    over = fields.Integer()
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer())


class PreviewOut(Schema):
    """Everybody in scope is drawn or excluded with exactly one reason; the rule says in which order a quota fills."""

    unit = fields.Enum(Unit, by_value=True)
    rule = fields.String()
    fits = fields.Integer()
    drawn = fields.Integer()
    over = fields.Integer()
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer())
    districts = fields.List(fields.Nested(DistrictPreviewOut))


def preview_of(view: ListPreview, lang: str) -> dict[str, Any]:
    return {
        "unit": view.unit, "rule": view.rule(lang), "fits": view.fits, "drawn": view.drawn, "over": view.over,
        "excluded": dict(view.excluded), "districts": view.districts,
    }  # fmt: skip


class ExcludedArgs(PageArgs):
    reason_code = fields.String(load_default="", validate=validate.Length(max=40))
    district_code = fields.String(load_default="", validate=validate.Length(max=20))


class ExcludedOut(Schema):
    household_id = fields.UUID()
    household_code = fields.String(attribute="code")
    head_name = fields.String()
    person_name = fields.String()
    village_name = fields.String()
    decile = fields.Integer(allow_none=True)
    reason_code = fields.String()
    reason = fields.String()


class ExcludedPageOut(Schema):
    excluded = fields.List(fields.Nested(ExcludedOut))
    total = fields.Integer()


def excluded_of(one: Excluded, lang: str) -> dict[str, Any]:
    names = ("household_id", "code", "head_name", "person_name", "village_name", "decile", "reason_code")
    return {**{name: getattr(one, name) for name in names}, "reason": one.reason(lang)}


class DrawnOut(Schema):
    added = fields.Integer()
    kept = fields.Integer()
    removed = fields.Integer()


class OverlapArgs(PageArgs):
    weeks = fields.Integer(load_default=8, validate=validate.Range(min=1, max=104))


class OverlapOut(Schema):
    kind = fields.Enum(OverlapKind, by_value=True)
    occasion_id = fields.UUID(allow_none=True)
    package_id = fields.UUID(allow_none=True)
    sentence = fields.String()


class EntryOverlapOut(Schema):
    entry_id = fields.UUID()
    household_id = fields.UUID()
    household_code = fields.String()
    overlaps = fields.List(fields.Nested(OverlapOut))


class OccasionOut(Schema):
    kind = fields.Enum(OverlapKind, by_value=True)
    occasion_id = fields.UUID(allow_none=True)
    entries = fields.Integer()
    sentence = fields.String()


class OverlapPageOut(Schema):
    entries = fields.List(fields.Nested(EntryOverlapOut))
    total = fields.Integer()
    by_occasion = fields.List(fields.Nested(OccasionOut))


def overlaps_of(found: OverlapPage, lang: str) -> dict[str, Any]:
    return {
        "total": found.total,
        "entries": [_entry_of(one, lang) for one in found.rows],
        "by_occasion": [
            {"kind": one.kind, "occasion_id": one.occasion_id, "entries": one.entries, "sentence": one.sentence(lang)}
            for one in found.by_occasion
        ],
    }


def _entry_of(one: EntryOverlap, lang: str) -> dict[str, Any]:
    return {
        "entry_id": one.entry_id, "household_id": one.household_id, "household_code": one.household_code,
        "overlaps": [
            {
                "kind": each.kind, "occasion_id": each.occasion_id, "package_id": each.package_id,
                "sentence": each.sentence(lang),
            }
            for each in one.overlaps
        ],
    }  # fmt: skip


class FileOut(Schema):
    """What became of a file's rows; the sum of the counts is the number of rows."""

    file_id = fields.UUID()
    is_repeat = fields.Boolean()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())


class FileLineOut(Schema):
    id = fields.UUID()
    file_name = fields.String()
    rows = fields.Integer()
    recorded_at = Instant()


class FilesOut(Schema):
    files = fields.List(fields.Nested(FileLineOut))


class RowArgs(PageArgs):
    outcome = fields.Enum(RowOutcome, by_value=True, load_default=None)


class RowOut(Schema):
    row_no = fields.Integer()
    outcome = fields.Enum(RowOutcome, by_value=True)
    entry_id = fields.UUID(allow_none=True)
    sentence = fields.String()


class RowPageOut(Schema):
    rows = fields.List(fields.Nested(RowOut))
    total = fields.Integer()
