"""The list of affected households as machines see it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from logistics.zones.deciding import Decide
from logistics.zones.states import AffectedState, CountState, RejectReason
from registry_link.matching.rules import Confidence
from routes.schemas.fields import In, Line, PageArgs


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


class CountOut(Schema):
    state = fields.Enum(CountState, by_value=True)
    value = fields.Integer(allow_none=True)


class VillageOut(Schema):
    village_code = fields.String()
    certain = fields.Integer()
    probable = fields.Integer()
    to_verify = fields.Integer()
    confirmed = fields.Integer()
    rejected = fields.Integer()
    gap = fields.Integer(allow_none=True)
    reported_households = fields.Nested(CountOut, allow_none=True)
    reported_persons = fields.Nested(CountOut, allow_none=True)
    reported_displaced = fields.Nested(CountOut, allow_none=True)


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


class AffectedPageOut(Schema):
    affected = fields.List(fields.Nested(AffectedOut))
    total = fields.Integer()


class DecideIn(In):
    household_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=2000))
    is_affected = fields.Boolean(required=True, truthy={True}, falsy={False})
    reject_reason = fields.Enum(RejectReason, by_value=True, load_default=None, allow_none=True)
    note = Line(most=300, load_default="")


def decide_order(incident_id: Any, data: dict[str, Any]) -> Decide:
    return Decide(incident_id=incident_id, **{**data, "household_ids": tuple(data["household_ids"])})


class AddAffectedIn(In):
    household_id = fields.UUID(required=True)
    note = Line(required=True, most=300, least=3)


class ChangedOut(Schema):
    changed = fields.Integer()
