from __future__ import annotations

from marshmallow import Schema, fields, validate

from logistics.zones.reading.following import Follow
from logistics.zones.states import AlertState, Severity
from routes.schemas.fields import In, Instant


class AlertOut(Schema):
    id = fields.UUID()
    identifier = fields.String()
    sender = fields.String()
    state = fields.Enum(AlertState, by_value=True)
    is_active = fields.Boolean(metadata={"description": "It holds now: neither run out nor replaced nor cancelled."})
    sent_at = Instant()
    expires_at = Instant()
    headline = fields.String()
    text = fields.String()
    event = fields.String()
    area_text = fields.String()
    severity = fields.Enum(Severity, by_value=True, allow_none=True)
    has_outline = fields.Boolean()
    source = fields.String()
    fetched_at = Instant()


class AlertsOut(Schema):
    alerts = fields.List(fields.Nested(AlertOut))
    total = fields.Integer()


class FollowedAreaOut(Schema):
    zone_id = fields.UUID()
    name = fields.String()
    current_no = fields.Integer()
    is_theirs = fields.Boolean(metadata={"description": "False where somebody has revised the area otherwise since."})
    elements = fields.List(fields.Integer())


class FollowingOut(Schema):
    act = fields.Enum(Follow, by_value=True, allow_none=True)
    areas = fields.List(fields.Nested(FollowedAreaOut))


class FollowIn(In):
    zone_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=200))


class FollowedOut(Schema):
    changed = fields.Integer()
