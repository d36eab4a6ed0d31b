"""Bansos: a term's reconciliation, the follow-up of those missed, its papers, and its closing."""

from __future__ import annotations

import enum
from typing import Any

from flask import Blueprint, flash, make_response, render_template
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import document
from core.i18n import say
from core.measures import print_quantity
from core.permissions import may
from core.work import Tx
from logistics.handover.queries import MissView, misses
from logistics.packages.queries import round_of_term
from logistics.programmes import queries
from logistics.programmes.queries import TermView
from logistics.programmes.reconciling import CloseTerm, GoodsLine, Reconciliation, close_term, reconciliation
from logistics.programmes.rules import district_of
from logistics.programmes.states import TermState
from registry_link.households.queries import HouseholdLine, households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard, papers
from routes import term as the_term
from routes.forms import Form
from routes.pages.bansos import term_frame, term_href
from routes.tables import KINDS, attached
from routes.texts import gettext as _


class Paper(enum.StrEnum):
    NOMINATIVE = "nominatif"
    NOMINATIVE_XLSX = "nominatif-xlsx"
    INVITATIONS = "undangan"
    ACCOUNT = "lpj"


pages = Blueprint("bansos_closing", __name__, url_prefix="/bansos/<slug>/<int:no>/rekonsiliasi")


@pages.get("")
@guard.requires("bansos.see")
def show(slug: str, no: int) -> str:
    return _show(slug, no, Form())


def _show(slug: str, no: int, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        is_determined = term.state in (TermState.DETERMINED, TermState.CLOSED)
        found = reconciliation(tx, term.id) if is_determined else None
        missed = _missed(tx, term, lang) if is_determined else []
        may_print = is_determined and may(tx.actor, "bansos.print")
        prints_all = may_print and tx.require("bansos.print").is_all
        places = _places(tx, found, prints_all) if found and may_print else []
    return render_template(
        "bansos/reconciliation.html", form=form, found=found, missed=missed, may_print=may_print,
        prints_all=prints_all, places=places,
        goods=[_goods(one, lang) for one in found.goods] if found else [],
        unit=say(f"programme.unit.{term.unit.value}", lang),
        may_close=term.state is TermState.DETERMINED and may(context.actor(), "bansos.close"),
        is_closed=term.state is TermState.CLOSED, **term_frame(term, "reconciliation"),
    )  # fmt: skip


def _places(tx: Tx, found: Reconciliation, with_districts: bool) -> list[tuple[str, str]]:
    """Give the districts and villages a paper can be of, each district above its villages."""
    named = {one.village_code: one.village_name for one in found.villages}
    if with_districts:
        named |= {one.code: one.title for one in regions(tx, sorted({district_of(code) for code in named}))}
    return sorted(named.items())


def _goods(one: GoodsLine, lang: str) -> dict[str, Any]:
    return {
        "name": one.name(lang), "is_money": one.is_money,
        **{
            part: print_quantity(getattr(one, f"{part}_milli"), one.unit, lang)
            for part in ("due", "sent", "handed_over", "left", "rest")
        },
    }  # fmt: skip


def _missed(tx: Tx, term: TermView, lang: str) -> list[dict[str, Any]]:
    """Give who was missed and still waits, the nearest deadline first."""
    if not may(tx.actor, "handover.see") or (the_round := round_of_term(tx, term.id)) is None:
        return []
    found = sorted(misses(tx, the_round.id), key=lambda one: (one.due_on, one.package_code))
    people: dict[Any, HouseholdLine] = {}
    if may(tx.actor, "household.see"):
        ids = [one.household_id for one in found]
        people = {one.id: one for one in households_by_ids(tx, ids, purpose="bansos")}
    return [_miss(tx, one, people.get(one.household_id), lang) for one in found]


def _miss(tx: Tx, one: MissView, home: HouseholdLine | None, lang: str) -> dict[str, Any]:
    return {
        "view": one, "home": home, "kind": one.kind_label(lang), "next": one.next_label(lang),
        "is_late": one.due_on < tx.today,
    }  # fmt: skip


# ---------------------------------------------------------------- papers


@pages.post("/surat")
@guard.requires("bansos.print")
def paper(slug: str, no: int) -> str | BaseResponse:
    """Issue a paper of the term, or of one district or village of it, and give it to be printed."""
    form = Form()
    what, region = form.choice("what", Paper), form.text("region", most=20)
    if what is Paper.INVITATIONS and not region:
        form.fail("region", "form.choose")

    def act(tx: Tx) -> BaseResponse:
        term = queries.term(tx, slug, no)
        if what is Paper.NOMINATIVE_XLSX:
            name = f"daftar-nominatif-{term.programme_slug}-{term.no}{'-' + region if region else ''}.xlsx"
            return attached(the_term.nominative_xlsx(tx, term.id, region), KINDS["xlsx"], name)
        if what is Paper.NOMINATIVE:
            made = the_term.issue_nominative(tx, term.id, region)
        elif what is Paper.INVITATIONS:
            made = the_term.issue_invitations(tx, term.id, region)
        else:
            made = the_term.issue_lpj(tx, term.id)
        return attached(papers.print_papers(tx, [made]), "application/pdf", papers.file_name(
            document(tx, made), tx.today))  # fmt: skip

    done = form.attempt(lambda: context.write(act))
    return done if done is not None else make_response(_show(slug, no, form), 422)


# ---------------------------------------------------------------- closing


@pages.post("/tutup")
@guard.requires("bansos.close")
def close(slug: str, no: int) -> str | BaseResponse:
    """Close the term: at zero as it is, else with the minutes that say what became of the rest."""
    form = Form()
    minutes_no, minutes = form.text("minutes_no", most=120), form.text("minutes", most=2000)

    def act(tx: Tx) -> str:
        term = queries.term(tx, slug, no)
        close_term(tx, CloseTerm(term_id=term.id, minutes_no=minutes_no, minutes=minutes))
        flash(_("Tahap ditutup."), "good")
        return term_href(term, "rekonsiliasi")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(slug, no, form), 422)
