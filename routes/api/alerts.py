"""Warnings of the weather service, for machines; they are notes and start nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from logistics.zones import alert_queries as queries
from routes import context, guard
from routes.schemas import alerts as shapes
from routes.schemas.fields import PageArgs, Problem

api = Blueprint("weather_alerts", __name__, description="What the weather service warns of in this regency.")


@api.get("/alerts")
@guard.requires("alert.see")
@api.arguments(PageArgs, location="query")
@api.response(200, shapes.AlertsOut)
def list_alerts(args: dict[str, Any]) -> dict[str, Any]:
    """List warnings, those that hold now first."""
    with context.read() as tx:
        return {"alerts": queries.alerts(tx, **args), "total": queries.count_alerts(tx)}


@api.get("/alerts/<uuid:alert_id>")
@guard.requires("alert.see")
@api.response(200, shapes.AlertOut)
@api.alt_response(404, schema=Problem)
def show_alert(alert_id: UUID) -> queries.AlertView:
    """Give one warning."""
    with context.read() as tx:
        return queries.alert(tx, alert_id)
