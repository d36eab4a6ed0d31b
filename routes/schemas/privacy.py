from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from registry_link.privacy.commands import AskErasure
from registry_link.privacy.queries import AskExposure
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument
from routes.schemas.fields import In, Instant, Line


class ErasureIn(In):
    """A request of somebody at the desk. The reason is kept: no name and no number in it."""

    household_id = fields.UUID(required=True)
    ground = fields.Enum(Ground, by_value=True, required=True)
    reason = Line(required=True, most=500, least=10)
    asked_for = fields.Enum(Asker, by_value=True, required=True)
    identity_document = fields.Enum(IdentityDocument, by_value=True, required=True)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> AskErasure:
        return AskErasure(**data)


class PrivacyDecisionIn(In):
    note = Line(most=500, load_default="")


class ErasureArgs(In):
    state = fields.Enum(ErasureState, by_value=True, load_default=None)


class ErasureOut(Schema):
    """A request; the household by its code, never by name."""

    id = fields.UUID()
    household_id = fields.UUID()
    code = fields.String()
    village_code = fields.String()
    state = fields.Enum(ErasureState, by_value=True)
    ground = fields.Enum(Ground, by_value=True)
    reason = fields.String()
    asked_for = fields.Enum(Asker, by_value=True)
    identity_document = fields.Enum(IdentityDocument, by_value=True)
    asked_by_name = fields.String()
    asked_at = Instant()
    due_at = Instant()
    decided_by_name = fields.String()
    decided_at = Instant(allow_none=True)
    decision_note = fields.String()
    cleared_rows = fields.Integer()
    swept_at = Instant(allow_none=True)


class ErasuresOut(Schema):
    erasures = fields.List(fields.Nested(ErasureOut))


class ExposureArgs(In):
    """An account's or a machine token's id, from one instant until before another."""

    actor_id = fields.UUID(required=True)
    since = Instant(required=True)
    until = Instant(required=True)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> AskExposure:
        return AskExposure(actor_id=str(data["actor_id"]), since=data["since"], until=data["until"])


class LookOut(Schema):
    at = Instant()
    actor_kind = fields.String()
    actor_id = fields.String()
    actor_name = fields.String()
    purpose = fields.String()
    subject = fields.String()
    count = fields.Integer()


class SeenOut(Schema):
    household_id = fields.UUID()
    code = fields.String()
    village_code = fields.String()
    times = fields.Integer()
    first_at = Instant()
    last_at = Instant()
    is_revealed = fields.Boolean()


class ExposureOut(Schema):
    """Whose data were seen. ``villages``: those of which all positions were shown on a map."""

    households = fields.List(fields.Nested(SeenOut), attribute="seen")
    looks = fields.List(fields.Nested(LookOut))
    villages = fields.List(fields.String())
    is_cut = fields.Boolean()


class TrailOut(Schema):
    household_id = fields.UUID()
    code = fields.String()
    is_erased = fields.Boolean()
    looks = fields.List(fields.Nested(LookOut))
    erasures = fields.List(fields.Nested(ErasureOut))
