"""Peringatan: what the weather service warns of in this regency. It is shown; it starts nothing by itself."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, url_for

from core.i18n import say
from core.jobs import last_run
from core.measures import print_instant
from core.permissions import may
from core.work import Tx
from logistics.zones import alert_queries as queries
from logistics.zones.states import Phase, Severity
from routes import context, guard
from routes.forms import page_number
from routes.jobs import ALERTS
from routes.texts import gettext as _
from routes.waiting import Waiting

pages = Blueprint("alerts", __name__, url_prefix="/peringatan")
PER_PAGE = 25
_TONES = {"active": "warn", "expired": "neutral", "replaced": "neutral", "cancelled": "neutral"}
_SEVERITY_TONES = {Severity.HEAVY: "bad", Severity.MEDIUM: "warn", Severity.LIGHT: "info"}


@pages.get("")
@guard.requires("alert.see")
def index() -> str:
    number = page_number()
    with context.read() as tx:
        total = queries.count_alerts(tx)
        lines = [_line(one) for one in queries.alerts(tx, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)]
        looked = last_run(tx, ALERTS)
    return render_template(
        "alerts/index.html", lines=lines, number=number, last=max(1, -(-total // PER_PAGE)), looked=looked,
        is_on=bool(context.runtime().settings.alert_feed),
    )  # fmt: skip


@pages.get("/<uuid:alert_id>")
@guard.requires("alert.see")
def show(alert_id: UUID) -> str:
    with context.read() as tx:
        view = queries.alert(tx, alert_id)
    opening = {
        "name": view.headline[:120], "phase": Phase.ALERT.value, "place_text": view.area_text[:200],
        "chronology": _("Peringatan %(name)s: %(words)s", name=source_of(view), words=view.text)[:2000],
    }  # fmt: skip
    return render_template("alerts/show.html", line=_line(view), opening=opening)


@pages.get("/<uuid:alert_id>/peta.json")
@guard.requires("alert.see")
def area_json(alert_id: UUID) -> Response:
    with context.read() as tx:
        view, outline = queries.alert(tx, alert_id), queries.alert_outline(tx, alert_id)
    feature: dict[str, Any] = {
        "type": "Feature", "geometry": json.loads(outline) if outline else None,
        "properties": {
            "id": str(view.id), "name": view.headline, "severity": (view.severity or Severity.LIGHT).value,
            "state": "active" if view.is_active else "withdrawn",
            "href": url_for("alerts.show", alert_id=view.id), "village_codes": [],
        },
    }  # fmt: skip
    body = json.dumps({"type": "FeatureCollection", "features": [feature]}, separators=(",", ":"))
    return Response(body, mimetype="application/geo+json")


def in_force(tx: Tx) -> list[Waiting]:
    """Name the warnings that hold now, for the home page."""
    if not may(tx.actor, "alert.see"):
        return []
    return [
        Waiting(
            text=one.headline, why=_("Peringatan %(name)s, berlaku sampai %(at)s.", name=source_of(one),
            at=print_instant(one.expires_at, tx.zone, context.lang())),
            href=url_for("alerts.show", alert_id=one.id), icon="warn",
        )
        for one in queries.active_alerts(tx)[:3]
    ]  # fmt: skip


def source_of(view: queries.AlertView) -> str:
    """Name the sender as its terms of use ask: BMKG by its name, any other by its address."""
    domain = view.sender.lower().rpartition("@")[2]
    return "BMKG" if domain == "bmkg.go.id" or domain.endswith(".bmkg.go.id") else view.sender


def _line(view: queries.AlertView) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": view, "state": say(f"alert.{view.standing}", lang), "tone": _TONES[view.standing],
        "severity": say(f"severity.{view.severity.value}", lang) if view.severity else "",
        "severity_tone": _SEVERITY_TONES[view.severity] if view.severity else "neutral", "source": source_of(view),
    }  # fmt: skip
