"""Kebutuhan & paket: what confirmed households or a term's beneficiaries need, against what there is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.measures import print_quantity
from core.permissions import may
from core.work import Tx
from logistics.packages import standard_queries
from logistics.packages.states import StandardState
from logistics.planning.need import NeedLine, RoundNeed, preview_need
from logistics.planning.need import need as round_need
from logistics.programmes.queries import TermView
from logistics.programmes.states import TermState
from logistics.zones import affected, week
from routes import context, guard
from routes.forms import asked_number
from routes.frames import frame_of
from routes.occasion import Occasion, occasion_at, round_at
from routes.term import determined_households

pages = Blueprint("need", __name__, url_prefix="/kejadian/<slug>")


@pages.get("/kebutuhan")
@guard.requires("round.see")
def show(slug: str, no: int | None = None) -> str:
    lang = context.lang()
    with context.read() as tx:
        here = occasion_at(tx, slug, no)
        the_round = round_at(tx, here, asked_number("putaran", None))
        page = _term_need(tx, here.term) if here.term else _week_need(tx, here)
        found: RoundNeed | None = page.pop("preview") if the_round is None else round_need(tx, the_round.id)
        if the_round is not None:
            page["standard"] = standard_queries.standard(tx, the_round.standard_id)
        lines = [_need_line(line, lang) for line in found.lines] if found else []
    standard: standard_queries.StandardView | None = page["standard"]
    return render_template(
        "need/show.html", round=the_round, lines=lines,
        standard_state=standard.state_label(lang) if standard else "",
        is_draft_standard=standard is not None and standard.state is StandardState.DRAFT, **page,
        **frame_of(here, "plan" if here.is_term else "need"),
    )  # fmt: skip


def _week_need(tx: Tx, here: Occasion) -> dict[str, Any]:
    """Give what a week of an incident would need, and for how many households."""
    assert here.incident is not None
    standards = standard_queries.standards(tx)
    standard = week.standard_in_force(tx) or (standards[0] if standards else None)
    return {
        "standard": standard, "served": affected.groups(tx, here.incident.id).confirmed,
        "preview": week.preview(tx, here.incident, standard.id) if standard else None,
    }  # fmt: skip


def _term_need(tx: Tx, term: TermView) -> dict[str, Any]:
    """Give what a term would need; who may not see its list is told when it is planned."""
    is_known = term.state is TermState.DETERMINED and may(tx.actor, "bansos.see")
    everybody = [one.composition for one in determined_households(tx, term)] if is_known else []
    return {
        "standard": standard_queries.standard(tx, term.standard_id), "served": len(everybody),
        "preview": preview_need(tx, term.standard_id, everybody),
    }  # fmt: skip


def _need_line(line: NeedLine, lang: str) -> dict[str, Any]:
    unit = line.item.base_unit

    def shown(milli: int) -> str:
        return print_quantity(milli, unit, lang)

    return {
        "view": line, "name": line.item.name(lang), "unit": unit,
        "exact": shown(line.exact_milli), "quantity": shown(line.quantity_milli), "surplus": shown(line.surplus_milli),
        "free": shown(line.free_milli), "promised": shown(line.promised_milli),
        "short": shown(line.short_milli) if line.short_milli else None,
        "origin": line.origin(lang), "source": "; ".join(line.sources(lang)),
        "warehouses": [(one.name, shown(one.free_milli)) for one in line.by_warehouse],
    }  # fmt: skip
