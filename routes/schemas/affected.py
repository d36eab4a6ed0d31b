"""The list of affected households as machines see it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from logistics.zones.deciding import Decide, Seen
from logistics.zones.rules import Doubt
from logistics.zones.sheltering import RecordStay
from logistics.zones.states import (
    AffectedState,
    DecisionHow,
    ListState,
    RejectReason,
    ShelterState,
    StayKind,
)
from registry_link.matching.rules import Confidence
from routes.schemas.fields import Day, In, Line, PageArgs, whole_number
from routes.schemas.zones import ReportedCountOut


class GroupsOut(Schema):
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()
    proposed = fields.Integer()
    confirmed = fields.Integer()
    rejected = fields.Integer()
    left = fields.Integer()
    outside = fields.Integer()
    is_complete = fields.Boolean()


class VillageDoubtOut(Schema):
    """What of the reported figures cannot be as it stands, and why in words."""

    doubt = fields.Enum(Doubt, by_value=True)
    reason = fields.String()


class VillageOut(Schema):
    village_code = fields.String()
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()
    confirmed = fields.Integer()
    rejected = fields.Integer()
    gap = fields.Integer(allow_none=True)
    reported_households = fields.Nested(ReportedCountOut, allow_none=True)
    reported_persons = fields.Nested(ReportedCountOut, allow_none=True)
    reported_displaced = fields.Nested(ReportedCountOut, allow_none=True)
    doubts = fields.List(fields.Nested(VillageDoubtOut))


class VillagesOut(Schema):
    villages = fields.List(fields.Nested(VillageOut))


class AffectedArgs(PageArgs):
    confidence = fields.Enum(Confidence, by_value=True, load_default=None)
    state = fields.Enum(AffectedState, by_value=True, load_default=None)
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class AffectedOut(Schema):
    household_id = fields.UUID()
    household_code = fields.String()
    head_name = fields.String()
    village_code = fields.String()
    rt = fields.String()
    rw = fields.String()
    persons = fields.Integer()
    confidence = fields.Enum(Confidence, by_value=True)
    evidence = fields.String()
    share_permille = fields.Integer(allow_none=True)
    reason = fields.String()
    is_inside = fields.Boolean()
    state = fields.Enum(AffectedState, by_value=True)
    reject_reason = fields.Enum(RejectReason, by_value=True, allow_none=True)
    decided_no = fields.Integer()


class AffectedPageOut(Schema):
    affected = fields.List(fields.Nested(AffectedOut))
    total = fields.Integer()


class SeenIn(In):
    """A household as it was seen: after so many decisions."""

    household_id = fields.UUID(required=True)
    decided_no = whole_number(required=True, least=0, most=100_000)


class DecideIn(In):
    """Who decided meanwhile is heard: with ``seen``, a household that another decided otherwise stays as it is."""

    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=2000))
    is_affected = fields.Boolean(required=True, truthy={True}, falsy={False})
    reject_reason = fields.Enum(RejectReason, by_value=True, load_default=None, allow_none=True)
    note = Line(most=300, load_default="")
    seen = fields.List(fields.Nested(SeenIn), load_default=[], validate=validate.Length(max=2000))


def decide_order(incident_id: UUID, data: dict[str, Any]) -> Decide:
    return Decide(
        incident_id=incident_id, household_ids=tuple(data["household_ids"]), is_affected=data["is_affected"],
        reject_reason=data["reject_reason"], note=data["note"], seen=tuple(Seen(**one) for one in data["seen"]),
    )  # fmt: skip


class DecidedOut(Schema):
    changed = fields.Integer()
    same = fields.Integer()
    meanwhile = fields.Integer()
    frozen = fields.Integer()


class ConfirmIn(In):
    """Everybody undecided of the incident, of a village, or of one of the three groups."""

    village_code = Line(most=20, load_default="")
    confidence = fields.Enum(Confidence, by_value=True, load_default=None, allow_none=True)
    expected = whole_number(load_default=None, allow_none=True, least=0, most=10_000_000)


class UndoIn(In):
    """``decided_no`` is the number of the decision that is taken back."""

    decided_no = whole_number(required=True, least=1, most=100_000)


class StateOut(Schema):
    state = fields.Enum(AffectedState, by_value=True)


class DecisionOut(Schema):
    no = fields.Integer()
    how = fields.Enum(DecisionHow, by_value=True)
    before = fields.Enum(AffectedState, by_value=True, allow_none=True)
    after = fields.Enum(AffectedState, by_value=True)
    reject_reason = fields.Enum(RejectReason, by_value=True, allow_none=True)
    note = fields.String()
    decided_at = fields.AwareDateTime()
    who = fields.String()


class DecisionsOut(Schema):
    decisions = fields.List(fields.Nested(DecisionOut))


class AddAffectedIn(In):
    household_id = fields.UUID(required=True)
    note = Line(required=True, most=300, least=3)


class ChangedOut(Schema):
    changed = fields.Integer()


# ---------------------------------------------------------------- frozen lists


class FreezeIn(In):
    note = Line(most=300, load_default="")
    expected = whole_number(load_default=None, allow_none=True, least=0, most=10_000_000)


class OpenListIn(In):
    reason = Line(required=True, most=300, least=5)


class ListOut(Schema):
    id = fields.UUID()
    no = fields.Integer()
    state = fields.Enum(ListState, by_value=True)
    note = fields.String()
    households = fields.Integer()
    villages = fields.Integer()
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()
    joined = fields.Integer()
    gone = fields.Integer()
    sha256 = fields.String()
    frozen_at = fields.AwareDateTime()
    frozen_by_name = fields.String()
    ended_at = fields.AwareDateTime(allow_none=True)
    ended_by_name = fields.String()
    end_reason = fields.String()


class ListsOut(Schema):
    lists = fields.List(fields.Nested(ListOut))


class EntriesArgs(PageArgs):
    village_code = fields.String(load_default="", validate=validate.Length(max=20))


class FrozenEntryOut(Schema):
    household_id = fields.UUID()
    village_code = fields.String()
    confidence = fields.Enum(Confidence, by_value=True)
    evidence = fields.String()
    decided_at = fields.AwareDateTime()


class FrozenListOut(Schema):
    list = fields.Nested(ListOut)
    entries = fields.List(fields.Nested(FrozenEntryOut))
    total = fields.Integer()


# ---------------------------------------------------------------- shelters and stays


class ShelterFactsIn(In):
    name = Line(required=True, most=120, least=3)
    lon_deg = fields.Float(load_default=None, allow_none=True, allow_nan=False)
    lat_deg = fields.Float(load_default=None, allow_none=True, allow_nan=False)
    capacity = whole_number(load_default=None, allow_none=True, least=1, most=100_000)
    reported_persons = whole_number(load_default=None, allow_none=True, least=0, most=100_000)
    contact_name = Line(most=60, load_default="")
    contact_phone = Line(most=60, load_default="")
    note = Line(most=300, load_default="")


class ShelterIn(ShelterFactsIn):
    village_code = Line(required=True, most=20, least=2)


class ShelterOut(Schema):
    id = fields.UUID()
    incident_id = fields.UUID()
    name = fields.String()
    village_code = fields.String()
    lon_deg = fields.Float(allow_none=True)
    lat_deg = fields.Float(allow_none=True)
    capacity = fields.Integer(allow_none=True)
    reported_persons = fields.Integer(allow_none=True)
    contact_name = fields.String()
    contact_phone = fields.String()
    note = fields.String()
    state = fields.Enum(ShelterState, by_value=True)
    households = fields.Integer()
    persons = fields.Integer()
    gap = fields.Integer(allow_none=True)
    free = fields.Integer(allow_none=True)


class SheltersOut(Schema):
    shelters = fields.List(fields.Nested(ShelterOut))


class StayIn(In):
    """From a day on these households are at a shelter, with a host family in a village, elsewhere, or home again."""

    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=2000))
    kind = fields.Enum(StayKind, by_value=True, required=True)
    since_on = Day(required=True)
    shelter_id = fields.UUID(load_default=None, allow_none=True)
    village_code = Line(most=20, load_default="")
    place_text = Line(most=300, load_default="")


def stay_order(incident_id: UUID, data: dict[str, Any]) -> RecordStay:
    return RecordStay(incident_id=incident_id, **{**data, "household_ids": tuple(data["household_ids"])})


class StayOut(Schema):
    household_id = fields.UUID()
    no = fields.Integer()
    kind = fields.Enum(StayKind, by_value=True)
    shelter_id = fields.UUID(allow_none=True)
    shelter_name = fields.String()
    village_code = fields.String(allow_none=True)
    place_text = fields.String()
    since_on = fields.Date()
    until_on = fields.Date(allow_none=True)
    recorded_at = fields.AwareDateTime()
    recorded_by_name = fields.String()


class StaysOut(Schema):
    stays = fields.List(fields.Nested(StayOut))


class DisplacedOut(Schema):
    village_code = fields.String()
    households = fields.Integer()
    persons = fields.Integer()
    in_shelters = fields.Integer()
    with_hosts = fields.Integer()
    elsewhere = fields.Integer()
    reported_persons = fields.Nested(ReportedCountOut, allow_none=True)
    gap = fields.Integer(allow_none=True)


class DisplacedPageOut(Schema):
    villages = fields.List(fields.Nested(DisplacedOut))
