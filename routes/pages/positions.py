"""Titik rumah: where one household stands, every report of it, and files of positions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.i18n import say
from core.measures import print_instant
from core.work import Tx
from registry_link.completion import positioning, queries
from registry_link.completion.overview import outside_village_m
from registry_link.completion.queries import ReportLine
from registry_link.households.completing import facts_of
from registry_link.matching.rules import FAR_M
from registry_link.regions.queries import region
from routes import context, guard
from routes.forms import Form
from routes.pages.completion import reported_position
from routes.pages.villages import print_distance
from routes.texts import gettext as _

pages = Blueprint("positions", __name__, url_prefix="/registri")


@pages.get("/keluarga/<uuid:household_id>/titik")
@guard.requires("household.locate")
def show(household_id: UUID) -> str:
    return _show(household_id, Form())


@pages.post("/keluarga/<uuid:household_id>/titik")
@guard.requires("household.locate")
def report(household_id: UUID) -> str | BaseResponse:
    form = Form()
    reported = reported_position(form)
    if reported is None and form.is_good:
        form.fail("lon_deg", "form.missing")

    def act(tx: Tx) -> str:
        assert reported is not None
        placed = positioning.report_position(tx, household_id, reported)
        if not placed.is_used:
            flash(_("Titik dicatat, tetapi yang sudah ada lebih tepat dan tetap dipakai."), "info")
        elif placed.far_m is not None:
            away = print_distance(placed.far_m, context.lang())
            flash(_("Titik disimpan, tetapi %(away)s di luar desa. Periksa lagi.", away=away), "warn")
        else:
            flash(_("Titik rumah disimpan."), "good")
        return url_for("positions.show", household_id=household_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_show(household_id, form), 422)


def _show(household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        facts = facts_of(tx, [household_id], "position").get(household_id)
        if facts is None or not tx.require("household.locate").has_village(facts.village_code):
            raise NotFound("household.not_found")
        name = region(tx, facts.village_code).full_name
        reports = queries.reports_of(tx, household_id)
        outside = None
        if facts.lon_deg is not None and facts.lat_deg is not None:
            outside = outside_village_m(tx, facts.village_code, facts.lon_deg, facts.lat_deg)
    return render_template(
        "completion/position.html", form=form, facts=facts, name=name, reports=[_report(one) for one in reports],
        away=print_distance(outside, lang) if outside is not None and outside > FAR_M else "",
    )  # fmt: skip


def _report(one: ReportLine) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "at": print_instant(one.at, context.actor().zone, lang), "origin": say(one.origin.label, lang),
        "place": f"{one.lon_deg:.5f}; {one.lat_deg:.5f}".replace(".", "," if lang == "id" else "."),
    }  # fmt: skip
