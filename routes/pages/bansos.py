"""Bansos: programmes, their terms, and where each term stands."""

from __future__ import annotations

import enum
import re
from calendar import monthrange
from datetime import date
from typing import Any

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import MONTHS, RUPIAH, Period, Rupiah, print_quantity
from core.permissions import may
from core.work import Tx
from logistics.programmes import commands, queries, states
from logistics.programmes.queries import ProgrammeView, TermView
from logistics.programmes.states import TermState
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.texts import gettext as _
from stock.items.queries import items

pages = Blueprint("bansos", __name__, url_prefix="/bansos")
FIRST_LINES, MOST_LINES = 2, 12
"""Of goods in the form of a new term."""

_TONES = {
    TermState.DRAFT: "info", TermState.VERIFIED: "warn", TermState.DETERMINED: "good", TermState.CLOSED: "neutral",
    TermState.CANCELLED: "neutral",
}  # fmt: skip


def term_href(term: TermView, below: str = "") -> str:
    """Give the address of a term's page: its summary, or what lies below it (``rencana``, ``daftar`` …)."""
    return f"/bansos/{term.programme_slug}/{term.no}" + (f"/{below}" if below else "")


def tabs(term: TermView, current: str) -> list[dict[str, Any]]:
    """Give the tabs of a term that the reader's role may open."""
    actor = context.actor()
    known = (
        ("summary", _("Ringkasan"), "bansos.see", ""),
        ("list", _("Daftar"), "bansos.see", "daftar"),
        ("plan", _("Rencana"), "round.see", "rencana"),
        ("dispatch", _("Pengiriman"), "dispatch.see", "pengiriman"),
        ("handover", _("Serah terima"), "handover.see", "serah-terima"),
        ("reconciliation", _("Rekonsiliasi"), "bansos.see", "rekonsiliasi"),
    )
    return [
        {"label": label, "href": term_href(term, below), "is_current": key == current}
        for key, label, right, below in known
        if may(actor, right)
    ]


def term_frame(term: TermView, tab: str) -> dict[str, Any]:
    """Give what every page of a term shows above its tabs (``bansos/base.html``).

    ``tab`` is one of summary, list, plan, dispatch, handover, reconciliation; empty marks none.
    """
    lang = context.lang()
    crumbs = []
    if may(context.actor(), "bansos.see"):
        crumbs = [
            (_("Bansos"), url_for("bansos.index")),
            (term.programme_name, url_for("bansos.programme", slug=term.programme_slug)),
        ]
    return {
        "term": term,
        "term_at": term_href(term),
        "tabs": tabs(term, tab),
        "term_crumbs": crumbs,
        "term_state_label": term.state_label(lang),
        "term_tone": _TONES[term.state],
        "term_lead": f"{term.programme_name} · {print_period(term.period)}",
    }


def print_period(period: Period) -> str:
    """Write the months a term is for: ``Januari–Maret 2026``, ``Desember 2026``."""
    names = MONTHS[context.lang()]
    first, last = period.first_on, period.last_on
    end = f"{names[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return end
    start = names[first.month - 1] + (f" {first.year}" if first.year != last.year else "")
    return f"{start}–{end}"


# ---------------------------------------------------------------- programmes


@pages.get("")
@guard.requires("bansos.see")
def index() -> str:
    lang = context.lang()
    with context.read() as tx:
        current = queries.current_terms(tx)
        lines = [_line(tx, one, current.get(one.id), lang) for one in queries.programmes(tx)]
    return render_template("bansos/index.html", lines=lines)


def _line(tx: Tx, view: ProgrammeView, current: TermView | None, lang: str) -> dict[str, Any]:
    """Put a programme beside the term it stands at and that term's figures, in the programme's own unit."""
    return {
        "view": view, "form": view.label("form", lang), "unit": view.label("unit", lang),
        "kind": view.label("kind", lang), "current": shown_term(tx, current, lang) if current else None,
    }  # fmt: skip


def shown_term(tx: Tx, term: TermView, lang: str) -> dict[str, Any]:
    """Give a term with what a line of a table says about it."""
    counts = queries.district_counts(tx, term.id)
    return {
        "view": term, "href": term_href(term), "state": term.state_label(lang), "tone": _TONES[term.state],
        "period": print_period(term.period), "gets": print_contents(term, lang),
        "listed": sum(one.by_state.get(state, 0) for one in counts for state in queries.ON_LIST),
    }  # fmt: skip


def print_contents(term: TermView, lang: str) -> str:
    """Write what each beneficiary gets: ``1 unit Kompor gas + 10 kg Beras``, ``Rp600.000``."""
    return " + ".join(
        print_quantity(one.quantity_milli, one.unit, lang) + ("" if one.unit == RUPIAH else f" {one.name(lang)}")
        for one in term.items
    )


@pages.get("/baru")
@guard.requires("bansos.edit")
def new() -> str:
    return _new(Form())


@pages.post("/baru")
@guard.requires("bansos.edit")
def create() -> str | BaseResponse:
    form = Form()
    name = form.text("name", most=120, least=3)
    kind, shape = form.choice("kind", states.ProgrammeKind), form.choice("form", states.Form)
    unit, cadence = form.choice("unit", states.Unit), form.choice("cadence", states.Cadence)
    supplier = form.text("supplier", most=160, least=2)
    distributor = form.text("distributor", most=160, least=2)
    funding, legal = form.text("funding_source", most=160, least=2), form.text("legal_source", most=200)

    def act(tx: Tx) -> str:
        assert kind and shape and unit and cadence
        opened = commands.open_programme(
            tx,
            commands.OpenProgramme(
                name=name, kind=kind, form=shape, unit=unit, cadence=cadence, supplier=supplier,
                distributor=distributor, funding_source=funding, legal_source=legal,
            ),
        )  # fmt: skip
        flash(_("Program dicatat. Sekarang buka tahap pertamanya."), "good")
        return url_for("bansos.programme", slug=opened.slug)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_new(form), 422)


def _new(form: Form) -> str:
    lang = context.lang()

    def options(part: str, kind: type[enum.StrEnum]) -> list[tuple[str, str]]:
        return [(one.value, say(f"programme.{part}.{one.value}", lang)) for one in kind]

    return render_template(
        "bansos/new.html", form=form, kinds=options("kind", states.ProgrammeKind), forms=options("form", states.Form),
        units=[(value, word.capitalize()) for value, word in options("unit", states.Unit)],
        cadences=options("cadence", states.Cadence),
    )  # fmt: skip


@pages.get("/<slug>")
@guard.requires("bansos.see")
def programme(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.programme(tx, slug)
        lines = [shown_term(tx, one, lang) for one in queries.terms(tx, view.id)]
    return render_template("bansos/programme.html", programme=view, lines=lines, words={
        part: view.label(part, lang) for part in ("kind", "form", "unit", "cadence")
    })  # fmt: skip


# ---------------------------------------------------------------- a new term


@pages.get("/<slug>/tahap-baru")
@guard.requires("bansos.edit")
def new_term(slug: str) -> str:
    return _new_term(slug, Form())


@pages.post("/<slug>/tahap-baru")
@guard.requires("bansos.edit")
def create_term(slug: str) -> str | BaseResponse:
    form = Form()
    count = min(form.number("lines", least=1, most=MOST_LINES, is_required=False) or FIRST_LINES, MOST_LINES)
    if form.raw("more"):
        return _new_term(slug, form, min(count + 1, MOST_LINES))
    name = form.text("name", most=120, least=2)
    period = _months(form)
    items = tuple(one for no in range(1, count + 1) if (one := _item(form, no)))
    amount = form.number("amount_rp", least=1, most=1_000_000_000, is_required=False)
    quotas = {}
    for field, text in form.values.items():
        if field.startswith("quota-") and text.strip():
            quota = form.number(field, least=0, most=10_000_000)
            if quota:
                quotas[field.removeprefix("quota-")] = quota

    def act(tx: Tx) -> str:
        assert period
        view = queries.programme(tx, slug)
        term_id = commands.open_term(
            tx,
            commands.OpenTerm(
                programme_id=view.id, name=name, period=period, items=items,
                amount_rp=Rupiah(amount) if amount is not None else None, quotas=quotas,
            ),
        )  # fmt: skip
        flash(_("Tahap dibuka. Sekarang susun daftar calonnya."), "good")
        return term_href(queries.term_by_id(tx, term_id))

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_new_term(slug, form, count), 422)


def _months(form: Form) -> Period | None:
    """Read the months a term is for: from the first day of the one to the last day of the other."""
    found = []
    for field in ("from_month", "to_month"):
        year, _dash, month = form.raw(field).partition("-")
        if re.fullmatch("20[0-9]{2}", year) and re.fullmatch("0[1-9]|1[0-2]", month):
            found.append((int(year), int(month)))
        else:
            form.fail(field, "form.choose")
    if len(found) < 2:
        return None
    first, last = found
    if last < first:
        form.fail("to_month", "term.months_reversed")
        return None
    return Period(date(*first, 1), date(*last, monthrange(*last)[1]))


def _item(form: Form, no: int) -> commands.TermItem | None:
    """Read one line of what each beneficiary gets; an empty line is none."""
    if not form.raw(f"item-{no}") and not form.raw(f"quantity-{no}").strip():
        return None
    item_id, quantity = form.uuid(f"item-{no}"), form.quantity(f"quantity-{no}")
    if item_id is None or quantity is None:
        return None
    return commands.TermItem(item_id=item_id, quantity_milli=quantity)


def _new_term(slug: str, form: Form, count: int = FIRST_LINES) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.programme(tx, slug)
        districts = regions_of(tx, tx.regency_code, Level.DISTRICT)
        goods = sorted((one for one in items(tx) if one.is_stocked), key=lambda one: one.name(lang).lower())
        today = tx.today
    months = [
        (f"{year}-{month:02d}", f"{MONTHS[lang][month - 1]} {year}")
        for year in (today.year - 1, today.year, today.year + 1)
        for month in range(1, 13)
    ]
    return render_template(
        "bansos/term_new.html", form=form, programme=view, is_cash=view.form is states.Form.CASH, line_count=count,
        unit=view.label("unit", lang), money_unit=RUPIAH, months=months, this_month=f"{today:%Y-%m}",
        districts=[(one.code, one.name) for one in districts],
        total=sum(_typed(text) for field, text in form.values.items() if field.startswith("quota-")),
        goods=[(str(one.id), f"{one.name(lang)} ({one.base_unit})") for one in goods],
    )  # fmt: skip


def _typed(text: str) -> int:
    digits = text.strip().replace(".", "")
    return int(digits) if re.fullmatch("[0-9]{1,9}", digits, re.ASCII) else 0
