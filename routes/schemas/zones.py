from __future__ import annotations

import json
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from logistics.zones.commands import ListRegion, OpenIncident, RecordDecree, ReportCount
from logistics.zones.rules import Count
from logistics.zones.states import (
    Access,
    CountKind,
    CountState,
    Hazard,
    Phase,
    PhaseAct,
    Severity,
    VersionState,
)
from registry_link.regions.states import CodeSystem
from routes.schemas.fields import Day, In, Instant, Line, whole_number


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


class DecreeIn(In):
    number = Line(required=True, most=120, least=1)
    dated_on = Day(required=True)
    first_on = Day(required=True)
    last_on = Day(required=True)
    phase = fields.Enum(Phase, by_value=True, load_default=Phase.RESPONSE)
    days_said = whole_number(load_default=None, allow_none=True, least=1, most=366)
    area_text = Line(most=500, load_default="")


def decree_order(incident_id: Any, data: dict[str, Any]) -> RecordDecree:
    return RecordDecree(incident_id=incident_id, **data)


class DecreeOut(Schema):
    id = fields.UUID()
    days = fields.Integer()
    do_words_differ = fields.Boolean()


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


class CountIn(In):
    """A reported figure: a number, ``zero`` (nihil) or ``pending`` (dalam pendataan)."""

    village_code = Line(required=True, most=20, least=2)
    kind = fields.Enum(CountKind, by_value=True, required=True)
    state = fields.Enum(CountState, by_value=True, load_default=CountState.NUMBER)
    value = whole_number(load_default=None, allow_none=True, least=1, most=10_000_000)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> ReportCount:
        if (data["state"] is CountState.NUMBER) != (data["value"] is not None):
            raise ValidationError({"value": ["A number goes with the state 'number', and only with it."]})
        return ReportCount(
            village_code=data["village_code"], kind=data["kind"], count=Count(data["state"], data["value"])
        )


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
    before = fields.Integer(required=True, validate=validate.Range(min=1))
    after = fields.Integer(required=True, validate=validate.Range(min=1))


class DiffOut(Schema):
    joined = fields.Integer()
    left = fields.Integer()
    unchanged = fields.Integer()
