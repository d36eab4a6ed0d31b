from __future__ import annotations

from marshmallow import Schema, fields

from logistics.zones.states import AlertState, Severity
from routes.schemas.fields import Instant


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
