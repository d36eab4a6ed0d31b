from __future__ import annotations

import json
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from logistics.packages.states import PackageState
from logistics.zones.commands import ListRegion, OpenIncident, RecordDecree, ReportCount
from logistics.zones.comparing import Change
from logistics.zones.counting import ReportCounts
from logistics.zones.queries import DoubtKind
from logistics.zones.rules import Count, Doubt
from logistics.zones.states import (
    Access,
    CountKind,
    CountState,
    Hazard,
    IncidentField,
    MatchCause,
    Phase,
    PhaseAct,
    Severity,
    VersionState,
)
from registry_link.regions.states import CodeSystem
from routes.schemas.fields import Day, In, Instant, Line, PageArgs, whole_number


class IncidentIn(In):
    name = Line(required=True, most=120, least=3)
    hazard = fields.Enum(Hazard, by_value=True, required=True)
    started_at = Instant(required=True)
    place_text = Line(most=200, load_default="")
    chronology = Line(most=2000, load_default="")
    phase = fields.Enum(Phase, by_value=True, load_default=Phase.RESPONSE)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> OpenIncident:
        return OpenIncident(**data)


class PeriodOut(Schema):
    first_on = Day()
    last_on = Day()
    days = fields.Integer()


class IncidentOut(Schema):
    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    hazard = fields.Enum(Hazard, by_value=True)
    phase = fields.Enum(Phase, by_value=True)
    started_at = Instant()
    place_text = fields.String()
    chronology = fields.String()
    window = fields.Nested(PeriodOut, allow_none=True)
    day = fields.Integer(allow_none=True)
    days = fields.Integer(allow_none=True)


class IncidentsOut(Schema):
    incidents = fields.List(fields.Nested(IncidentOut))


class PhaseIn(In):
    act = fields.Enum(PhaseAct, by_value=True, required=True)
    reason = Line(most=200, load_default="")


class EditIncidentIn(In):
    """What of an incident may be put right; its address stays."""

    name = Line(required=True, most=120, least=3)
    hazard = fields.Enum(Hazard, by_value=True, required=True)
    place_text = Line(most=200, load_default="")
    chronology = Line(most=2000, load_default="")
    reason = Line(most=200, load_default="")


class IncidentChangeOut(Schema):
    field = fields.Enum(IncidentField, by_value=True)
    before = fields.String()
    after = fields.String()
    reason = fields.String()
    at = Instant()


class IncidentChangesOut(Schema):
    changes = fields.List(fields.Nested(IncidentChangeOut))


class RegionIn(In):
    """A region as its sender names it; when a name is given it must agree with the code."""

    code = Line(required=True, most=20, least=2)
    name = Line(most=120, load_default="")
    system = fields.Enum(CodeSystem, by_value=True, load_default=CodeSystem.KEMENDAGRI)
    rw = fields.String(load_default="", validate=validate.Regexp(r"^[0-9]{0,3}$"))
    rt = fields.String(load_default="", validate=validate.Regexp(r"^[0-9]{0,3}$"))

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> ListRegion:
        return ListRegion(**data)


class DecreeIn(In):
    """A decree; ``regions`` are districts and villages, an empty list the whole regency.

    Without ``regions`` an extension holds where the decree holds that it extends.
    """

    number = Line(required=True, most=120, least=1)
    dated_on = Day(required=True)
    first_on = Day(required=True)
    last_on = Day(required=True)
    phase = fields.Enum(Phase, by_value=True, load_default=Phase.RESPONSE)
    authority = Line(most=120, load_default="")
    days_said = whole_number(load_default=None, allow_none=True, least=1, most=366)
    days_text = Line(most=60, load_default="")
    area_text = Line(most=500, load_default="")
    regions = fields.List(
        fields.Nested(RegionIn), load_default=None, allow_none=True, validate=validate.Length(max=2000)
    )
    extends_id = fields.UUID(load_default=None, allow_none=True)


def decree_order(incident_id: Any, data: dict[str, Any]) -> RecordDecree:
    regions = data.pop("regions")
    return RecordDecree(incident_id=incident_id, regions=None if regions is None else tuple(regions), **data)


class DecreeOut(Schema):
    id = fields.UUID()
    days = fields.Integer()
    do_words_differ = fields.Boolean()
    gap_days = fields.Integer(allow_none=True)


class DecreeDoubtOut(Schema):
    kind = fields.Enum(DoubtKind, by_value=True)
    said = fields.Integer(allow_none=True)
    counted = fields.Integer()


class DecreeViewOut(Schema):
    """``period`` is the days that it holds, ``stated`` the days as it says them: it may have been ended early."""

    id = fields.UUID()
    number = fields.String()
    dated_on = Day()
    authority = fields.String()
    phase = fields.Enum(Phase, by_value=True)
    period = fields.Nested(PeriodOut)
    stated = fields.Nested(PeriodOut)
    days_said = fields.Integer(allow_none=True)
    days_text = fields.String()
    do_words_differ = fields.Boolean()
    doubts = fields.List(fields.Nested(DecreeDoubtOut))
    area_text = fields.String()
    region_codes = fields.List(fields.String())
    extends_id = fields.UUID(allow_none=True)
    gap_days = fields.Integer(allow_none=True)
    ended_on = Day(allow_none=True)
    end_reason = fields.String()
    is_withdrawn = fields.Boolean()
    withdraw_reason = fields.String()


class DecreesOut(Schema):
    decrees = fields.List(fields.Nested(DecreeViewOut))


class EndDecreeIn(In):
    last_on = Day(required=True)
    reason = Line(required=True, most=300, least=5)


class WindowArgs(In):
    region_code = fields.String(required=True, validate=validate.Length(min=2, max=20))
    day = Day(load_default=None, allow_none=True)


class WindowOut(Schema):
    first_on = Day()
    last_on = Day()
    is_open = fields.Boolean()
    days_left = fields.Integer()
    decrees = fields.List(fields.Nested(DecreeViewOut))


class WindowAnswerOut(Schema):
    """No window where no decree names the region."""

    window = fields.Nested(WindowOut, allow_none=True)


class SharedDecreeOut(Schema):
    decree_id = fields.UUID(attribute="own.id")
    other_decree_id = fields.UUID(attribute="other.id")
    other_incident_id = fields.UUID(attribute="incident.id")
    period = fields.Nested(PeriodOut)


class SharedVillageOut(Schema):
    other_incident_id = fields.UUID(attribute="incident.id")
    village_code = fields.String()
    households = fields.Integer()


class SharedOut(Schema):
    """What an incident shares with others: decrees on the same days and ground, villages, households on both lists."""

    decrees = fields.List(fields.Nested(SharedDecreeOut))
    villages = fields.List(fields.Nested(SharedVillageOut))


class CountIn(In):
    """A reported figure: a number, ``zero`` (nihil) or ``pending`` (dalam pendataan).

    When the village's name is given it must agree with the code.
    """

    village_code = Line(required=True, most=20, least=2)
    name = Line(most=120, load_default="")
    system = fields.Enum(CodeSystem, by_value=True, load_default=CodeSystem.KEMENDAGRI)
    kind = fields.Enum(CountKind, by_value=True, required=True)
    state = fields.Enum(CountState, by_value=True, load_default=CountState.NUMBER)
    value = whole_number(load_default=None, allow_none=True, least=1, most=10_000_000)
    is_estimate = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> ReportCount:
        if (data["state"] is CountState.NUMBER) != (data["value"] is not None):
            raise ValidationError({"value": ["A number goes with the state 'number', and only with it."]})
        return ReportCount(
            village_code=data["village_code"], kind=data["kind"], name=data["name"], system=data["system"],
            count=Count(data["state"], data["value"], data["is_estimate"]),
        )  # fmt: skip


class CountReportIn(In):
    """A report of figures without a new version of an area; it replaces no earlier one."""

    observed_at = Instant(required=True)
    source = Line(required=True, most=200, least=2)
    note = Line(most=1000, load_default="")
    counts = fields.List(fields.Nested(CountIn), required=True, validate=validate.Length(min=1, max=6000))


def counts_order(incident_id: Any, data: dict[str, Any]) -> ReportCounts:
    return ReportCounts(incident_id=incident_id, **{**data, "counts": tuple(data["counts"])})


class CountDoubtOut(Schema):
    """What of a village's figures cannot be as it stands, and why in words; they are kept all the same."""

    village_code = fields.String()
    doubt = fields.Enum(Doubt, by_value=True)
    reason = fields.String()


class CountReportOut(Schema):
    id = fields.UUID()
    villages = fields.Integer()
    figures = fields.Integer()
    doubts = fields.List(fields.Nested(CountDoubtOut))


class FiguresArgs(In):
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class ReportedCountOut(Schema):
    state = fields.Enum(CountState, by_value=True)
    value = fields.Integer(allow_none=True)
    is_estimate = fields.Boolean()


class ReportedFigureOut(Schema):
    report_id = fields.UUID()
    village_code = fields.String()
    kind = fields.Enum(CountKind, by_value=True)
    count = fields.Nested(ReportedCountOut)
    source = fields.String()
    note = fields.String()
    observed_at = Instant()
    reported_at = Instant()
    version_id = fields.UUID(allow_none=True)
    is_withdrawn = fields.Boolean()


class ReportedFiguresOut(Schema):
    figures = fields.List(fields.Nested(ReportedFigureOut))


class ZoneIn(In):
    """An affected area: an outline (GeoJSON, WGS 84, longitude first), a list of regions, or both."""

    name = Line(required=True, most=120, least=2)
    observed_at = Instant(required=True)
    severity = fields.Enum(Severity, by_value=True, required=True)
    access = fields.Enum(Access, by_value=True, load_default=Access.ROAD)
    source = Line(most=200, load_default="")
    note = Line(most=1000, load_default="")
    outline = fields.Dict(load_default=None, allow_none=True)
    regions = fields.List(fields.Nested(RegionIn), load_default=list, validate=validate.Length(max=2000))
    counts = fields.List(fields.Nested(CountIn), load_default=list, validate=validate.Length(max=6000))

    @post_load
    def text(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        outline = data["outline"]
        data["outline"] = None if outline is None else json.dumps(outline)
        data["regions"], data["counts"] = tuple(data["regions"]), tuple(data["counts"])
        return data


class ZoneVersionIn(ZoneIn):
    """The next version of an area; ``base_no`` is the version it was made from."""

    base_no = whole_number(required=True, least=1)


class MatchedOut(Schema):
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()


class MatchingOut(MatchedOut):
    no = fields.Integer()
    cause = fields.Enum(MatchCause, by_value=True)
    matched_at = Instant()
    joined = fields.Integer()
    left = fields.Integer()


class MatchingsOut(Schema):
    matchings = fields.List(fields.Nested(MatchingOut))


class ListedOut(Schema):
    region_code = fields.String()
    rw = fields.String()
    rt = fields.String()


class RepairOut(Schema):
    code = fields.String()
    facts = fields.Dict()


class ZoneOut(Schema):
    zone_id = fields.UUID()
    version_id = fields.UUID()
    name = fields.String()
    no = fields.Integer()
    current_no = fields.Integer()
    state = fields.Enum(VersionState, by_value=True)
    severity = fields.Enum(Severity, by_value=True)
    access = fields.Enum(Access, by_value=True)
    source = fields.String()
    note = fields.String()
    observed_at = Instant()
    posted_at = Instant()
    withdraw_reason = fields.String()
    matched_at = Instant(allow_none=True)
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()
    area_km2 = fields.Float(allow_none=True)
    has_outline = fields.Boolean()
    listed = fields.List(fields.Nested(ListedOut))
    repairs = fields.List(fields.Nested(RepairOut))


class ZonesOut(Schema):
    zones = fields.List(fields.Nested(ZoneOut))


class PostedZoneOut(Schema):
    zone_id = fields.UUID()
    version_id = fields.UUID()
    no = fields.Integer()
    repairs = fields.List(fields.String())


class WithdrawIn(In):
    reason = Line(required=True, most=300, least=5)


class CompareArgs(In):
    before = fields.Integer(required=True, validate=validate.Range(min=1, max=1_000_000))
    after = fields.Integer(required=True, validate=validate.Range(min=1, max=1_000_000))


class StageCountsOut(Schema):
    households = fields.Integer()
    reserved = fields.Integer()
    loaded = fields.Integer()
    handed_over = fields.Integer()


class VillageChangeOut(Schema):
    village_code = fields.String()
    joined = fields.Nested(StageCountsOut)
    left = fields.Nested(StageCountsOut)
    unchanged = fields.Nested(StageCountsOut)


class DiffOut(Schema):
    """Households between two versions, and how many of them have come how far with a package of the incident."""

    before = fields.Integer(attribute="before.no")
    after = fields.Integer(attribute="after.no")
    is_complete = fields.Boolean()
    joined = fields.Nested(StageCountsOut)
    left = fields.Nested(StageCountsOut)
    unchanged = fields.Nested(StageCountsOut)
    villages = fields.List(fields.Nested(VillageChangeOut))


class ChangedArgs(PageArgs):
    before = fields.Integer(required=True, validate=validate.Range(min=1, max=100_000))
    after = fields.Integer(required=True, validate=validate.Range(min=1, max=100_000))
    change = fields.Enum(Change, by_value=True, required=True)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class ChangedHouseholdOut(Schema):
    household_id = fields.UUID()
    village_code = fields.String()
    change = fields.Enum(Change, by_value=True)
    stage = fields.Enum(PackageState, by_value=True, allow_none=True)


class ChangedHouseholdsOut(Schema):
    households = fields.List(fields.Nested(ChangedHouseholdOut))
    total = fields.Integer()
