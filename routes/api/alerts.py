"""Warnings of the weather service, for machines; and the office's own areas as alerts for others (CAP)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.office.queries import office
from core.work import Tx
from logistics.zones import alert_queries as queries
from logistics.zones.outgoing import outgoing, outgoing_message
from logistics.zones.reading import following
from reports.cap_feed import cap_alert
from routes import context, guard
from routes.matching import match_after
from routes.pages.cap_feed import ATOM, CAP, feed_of
from routes.pages.zone_following import united_for
from routes.schemas import alerts as shapes
from routes.schemas.fields import KeyHeader, PageArgs, Problem

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


@api.get("/cap.atom")
@guard.requires("zone.see")
@api.response(200, {"type": "string"}, content_type=ATOM)
def list_cap() -> Response:
    """List the newest CAP message of each area that holds, as Atom. Nothing of a person is in it."""
    with context.read() as tx:
        view = outgoing(tx)
    return feed_of(view, "weather_alerts.show_cap", "weather_alerts.list_cap")


@api.get("/cap/<uuid:zone_id>/<sent>.xml")
@guard.requires("zone.see")
@api.response(200, {"type": "string"}, content_type=CAP)
@api.alt_response(404, schema=Problem)
def show_cap(zone_id: UUID, sent: str) -> Response:
    """Give one message of an area as a CAP 1.2 alert: Alert, then Updates, at last a Cancel."""
    with context.read() as tx:
        own, area = office(tx), outgoing_message(tx, zone_id, sent)
    content = cap_alert(own, area, public_url=context.runtime().settings.public_url)
    return Response(content, content_type=f"{CAP}; charset=utf-8")


@api.get("/readings/<uuid:reading_id>/following")
@guard.requires("zone.post")
@api.response(200, shapes.FollowingOut)
@api.alt_response(404, schema=Problem)
def show_following(reading_id: UUID) -> dict[str, Any]:
    """Tell which areas came from the alerts that this message updates or cancels; none where it asks nothing."""
    with context.read() as tx:
        found = following.following(tx, reading_id)
    return {"act": found.act if found else None, "areas": found.areas if found else ()}


@api.post("/readings/<uuid:reading_id>/revision")
@guard.requires("zone.post")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.FollowIn)
@api.response(201, shapes.FollowedOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def revise_by_update(data: dict[str, Any], reading_id: UUID, **_: Any) -> Response:
    """Post an Update's parts as the next versions of these areas."""
    chosen = tuple(data["zone_ids"])
    united = united_for(reading_id, chosen)

    def act(tx: Tx) -> Any:
        order = following.ReviseByUpdate(reading_id=reading_id, zone_ids=chosen, united=united)
        done = following.revise_by_update(tx, order)
        for one in done.zones:
            match_after(tx, one.version_id)
        return {"changed": len(done.zones)}

    return context.write_once(act)


@api.post("/readings/<uuid:reading_id>/cancellation")
@guard.requires("zone.withdraw")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.FollowIn)
@api.response(201, shapes.FollowedOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def withdraw_by_cancel(data: dict[str, Any], reading_id: UUID, **_: Any) -> Response:
    """Withdraw these areas, because the alert that they came from was cancelled."""
    chosen = tuple(data["zone_ids"])
    return context.write_once(lambda tx: {"changed": following.withdraw_by_cancel(tx, reading_id, chosen)})
