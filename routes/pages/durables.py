"""Barang tahan lama: given once also where incidents share their days, unless a person decides otherwise."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict
from core.i18n import say
from core.measures import print_instant
from core.work import Tx
from logistics.packages.durables import GiveAgain, decisions, give_again, given_elsewhere, withdraw
from logistics.packages.states import AgainReason
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.freezing import to_serve
from registry_link.households.queries import codes_of_households, villages_of_households
from registry_link.regions.queries import regions
from routes import context, guard
from routes.forms import Form, page_number
from routes.pages.incident import frame
from routes.texts import gettext as _
from routes.texts import why_not
from stock.items.queries import items

pages = Blueprint("durables", __name__, url_prefix="/kejadian/<slug>/tahan-lama")
PER_PAGE = 50
EVERYBODY = "semua"


@pages.get("")
@guard.requires("durable.decide")
def index(slug: str) -> str:
    return _index(slug, Form(MultiDict()))


@pages.post("")
@guard.requires("durable.decide")
def decide(slug: str) -> str | BaseResponse:
    form = Form()
    other, reason = form.uuid("other"), form.choice("reason", AgainReason)
    household = None if form.raw("household") == EVERYBODY else form.uuid("household")
    with context.read() as tx:
        view = zones.incident(tx, slug)
        known = {one.id for one in week.overlapping(tx, view)}
    if other is not None and other not in known:
        form.fail("other", "form.choose")

    def act(tx: Tx) -> str:
        assert other is not None and reason is not None
        give_again(
            tx, GiveAgain(incident_id=view.id, other_incident_id=other, household_id=household, reason=reason)
        )  # fmt: skip
        flash(_("Diputuskan: barang tahan lama diberikan lagi mulai rencana berikutnya."), "good")
        return url_for("durables.index", slug=slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_index(slug, form), 422)


@pages.post("/<uuid:decision_id>/cabut")
@guard.requires("durable.decide")
def take_back(slug: str, decision_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> None:
        withdraw(tx, zones.incident(tx, slug).id, decision_id)

    try:
        context.write(act)
        flash(_("Keputusan dicabut. Paket yang sudah direncanakan tetap."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("durables.index", slug=slug), 303)


def _index(slug: str, form: Form) -> str:
    lang, number = context.lang(), page_number()
    with context.read() as tx:
        view = zones.incident(tx, slug)
        others = {one.id: one for one in week.overlapping(tx, view)}
        here = [line.household_id for line in to_serve(tx, view.id).lines]
        found = given_elsewhere(tx, frozenset(others), here)
        held = decisions(tx, view.id)
        shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
        asked = [*(one.household_id for one in shown), *(one.household_id for one in held if one.household_id)]
        codes, villages = codes_of_households(tx, asked), villages_of_households(tx, asked)
        names = {one.code: one.title for one in regions(tx, sorted(set(villages.values())))}
        goods = {one.id: one for one in items(tx, ids={item for one in shown for item in one.item_ids})}
        named = {one.id: one.name for one in zones.incidents(tx, with_closed=True)}
    again = {(one.other_incident_id, one.household_id) for one in held}
    return render_template(
        "incident/durables.html", form=form, **frame(view, "need"), number=number, total=len(found),
        last=max(1, -(-len(found) // PER_PAGE)), per_page=PER_PAGE, everybody=EVERYBODY,
        reasons=[(one.value, say(f"durable.reason.{one.value}", lang)) for one in AgainReason],
        others=[
            {"view": one, "is_decided": (one.id, None) in again,
             "households": sum(row.other_incident_id == one.id for row in found)}
            for one in others.values()
        ],
        lines=[
            {
                "id": one.household_id, "code": codes.get(one.household_id, "–"), "other_id": one.other_incident_id,
                "village": names.get(villages.get(one.household_id, ""), ""), "other": named[one.other_incident_id],
                "items": ", ".join(goods[item].name(lang) for item in one.item_ids),
                "is_again": bool({(one.other_incident_id, None), (one.other_incident_id, one.household_id)} & again),
            }
            for one in shown
        ],
        held=[
            {
                "view": one, "other": named.get(one.other_incident_id, "–"), "reason": one.reason_label(lang),
                "who": codes.get(one.household_id, "–") if one.household_id else _("semua keluarga"),
                "at": print_instant(one.decided_at, context.actor().zone, lang),
            }
            for one in held
        ],
    )  # fmt: skip
