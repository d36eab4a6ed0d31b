"""Stok: what lies where, its cards, goods received and moved, and the documents it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import NotFound
from core.i18n import say
from core.measures import print_count, print_day, print_instant, print_quantity, print_rupiah
from core.office.queries import office
from core.permissions import Reach, may
from core.work import Tx
from logistics.handover.states import VoidReason
from logistics.planning.need import NeedLine, need
from logistics.zones import week
from logistics.zones.queries import running_incident
from reports.table_file import Column, TableFile, build_csv, build_workbook
from routes import context, guard, overview
from routes.forms import Form
from routes.pages.items import low_lines
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.corrections.queries import correction_of_document, reversal_asked
from stock.corrections.rules import is_undone_here
from stock.counts.queries import count_of_document
from stock.items.kinds import Category
from stock.items.queries import ItemView, find_item, items
from stock.ledger import queries
from stock.ledger.kinds import DocumentKind, reason_label
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

pages = Blueprint("stock", __name__, url_prefix="/stok")
NEAR_DAYS = 90
BARS_AT_ONCE = 6
CARD_LINES = 100
LATE_HOURS = 24
"""Entered so much later than it happened, a line says so."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHELVES = (PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.ASSEMBLY, PlaceKind.QUARANTINE)


def visible(tx: Tx, reach: Reach) -> tuple[PlaceView, ...]:
    """Give the places whose stock the actor may see; whoever sees totals only sees no place by itself."""
    every = places(tx, kinds=SHELVES)
    if reach.is_all:
        return every
    return tuple(one for one in every if reach.has_place(one.id) or reach.has_place(one.parent_id))


# ---------------------------------------------------------------- balances


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks of the overview: a place, a past day, and which items."""

    every: tuple[PlaceView, ...]
    """All places whose stock the reader may see."""
    place: PlaceView | None
    shown: tuple[PlaceView, ...]
    sees_places: bool
    on: date | None
    category: str
    state: str


def asked_of(tx: Tx, form: Form) -> Asked:
    """Read the address. Raises: NotFound for a place that is not there for the reader.

    A day that is none, or that lies ahead, is noted under its field, and today is shown.
    """
    reach = tx.require("stock.see")
    every, code = visible(tx, reach), form.raw("tempat")
    sees_places_too = reach.detail != "totals"
    place = next((one for one in every if sees_places_too and one.code == code), None)
    if code and place is None:
        raise NotFound("place.not_found", place=code[:40])
    on = form.day("per", is_required=False)
    if on is not None and on > tx.today:
        form.fail("per", "stock.day_ahead")
    warehouses = tuple(one for one in every if one.kind is PlaceKind.WAREHOUSE)
    return Asked(
        every=every, place=place, shown=(place,) if place else warehouses or every, sees_places=sees_places_too,
        on=on if on is not None and on < tx.today else None, category=form.raw("kategori"), state=form.raw("keadaan"),
    )  # fmt: skip


@pages.get("")
@guard.requires("stock.see")
def index() -> str:
    """Show what lies where now, or what lay there at the end of a past day."""
    lang, form = context.lang(), Form(request.args)
    with context.read() as tx:
        asked = asked_of(tx, form)
        if asked.on is not None:
            return _index_on(tx, asked, asked.on, form, lang)
        lying = queries.item_balances(tx, place_ids=[one.id for one in asked.every])
        near = near_of([one for one in lying if asked.place is None or one.place == asked.place], tx.today)
        is_whole = tx.require("stock.see").is_all and asked.place is None
        lines = overview.lines_now(tx, asked.shown, lang, with_supply=is_whole)
        incident = running_incident(tx) if is_whole else None
        the_round = week.current_round(tx, incident.id) if incident else None
        bars = bars_of(need(tx, the_round.id).lines, lying, lang) if the_round else []
        recent = (
            queries.stock_documents(
                tx, place_ids=[one.id for one in ([asked.place] if asked.place else asked.every)], limit=10
            )
            if asked.sees_places else ()
        )  # fmt: skip
        low = low_lines(tx, lang, asked.place)
    kept = _kept(lines, asked)
    return render_template(
        "stock/index.html", asked=asked, form=form, lines=[_line(one, asked, lang) for one in kept],
        tabs=_tabs(asked), bar_count=BARS_AT_ONCE, bars=bars, round=the_round, incident=incident,
        has_road=any(one.in_transit_milli for one in kept), has_coming=any(one.expected_milli for one in kept),
        has_supply=any(one.supply for one in kept),
        value=print_rupiah(sum(one.value_rp for one in kept), lang),
        short=sum(1 for one in lines if one.supply and one.supply.is_short),
        expired=batch_count(one for one in near if one.is_expired),
        soon=batch_count(one for one in near if not one.is_expired),
        everywhere=_everywhere(asked.every),
        near_days=NEAR_DAYS, recent=[_document_line(one, lang) for one in recent], here=_here, low=low,
        categories=[(one.value, say(one.label, lang)) for one in Category],
    )  # fmt: skip


def _index_on(tx: Tx, asked: Asked, on: date, form: Form, lang: str) -> str:
    lines = [
        one for one in overview.lines_on(tx, asked.shown, on, lang)
        if (not asked.category or one.item.category.value == asked.category)
        and (asked.state != "kedaluwarsa" or one.expired_milli)
    ]  # fmt: skip
    return render_template(
        "stock/index_on.html",
        everywhere=_everywhere(asked.every),
        asked=asked, form=form, on=on, tabs=_tabs(asked), here=_here,
        value=print_rupiah(sum(one.value_rp for one in lines), lang),
        categories=[(one.value, say(one.label, lang)) for one in Category],
        lines=[
            {
                "view": one, "name": one.item.name(lang), "on_hand": print_quantity(one.on_hand_milli, "", lang),
                "expired": print_quantity(one.expired_milli, one.item.base_unit, lang) if one.expired_milli else "",
                "value": print_rupiah(one.value_rp, lang), "card": _card_of(one.item, asked),
                "places": _spread(one.places, asked, lang),
            }
            for one in lines
        ],
    )  # fmt: skip


def _here(**changed: str) -> str:
    """Give this page's address with something changed; the filters stay in it."""
    kept = {name: request.args.get(name, "") for name in ("tempat", "kategori", "keadaan", "per")}
    endpoint = "stock.download" if changed.get("bentuk") else "stock.index"
    return url_for(endpoint, **{name: value for name, value in {**kept, **changed}.items() if value})  # type: ignore[arg-type]


def _everywhere(every: Sequence[PlaceView]) -> str:
    """Say in words what is shown where no place is asked for."""
    is_stored = any(one.kind is PlaceKind.WAREHOUSE for one in every)
    return _("semua gudang") if is_stored else _("tempat Anda")


def _tabs(asked: Asked) -> list[dict[str, Any]]:
    if not asked.sees_places:
        return []
    warehouses = [one for one in asked.every if one.kind is PlaceKind.WAREHOUSE]
    place = asked.place
    shown = [*warehouses, *([place] if place and place not in warehouses else [])]
    first = {"label": _("Semua gudang") if warehouses else _("Tempat Anda"), "href": _here(tempat=""),
             "is_current": place is None}  # fmt: skip
    return [first, *(
        {"label": one.name, "href": _here(tempat=one.code), "is_current": one == place} for one in shown
    )]  # fmt: skip


def _kept(lines: Iterable[overview.OverviewLine], asked: Asked) -> list[overview.OverviewLine]:
    """Keep what the filters ask for."""
    tests: dict[str, Callable[[overview.OverviewLine], bool]] = {
        "kedaluwarsa": lambda one: one.expired_milli > 0, "tersedia": lambda one: one.available_milli > 0,
        "habis": lambda one: one.available_milli == 0,
        "kurang": lambda one: one.supply is not None and (one.supply.is_short or one.supply.is_soon),
    }  # fmt: skip
    wanted = tests.get(asked.state)
    return [
        one for one in lines
        if (wanted is None or wanted(one)) and (not asked.category or one.item.category.value == asked.category)
    ]  # fmt: skip


def _line(one: overview.OverviewLine, asked: Asked, lang: str) -> dict[str, Any]:
    unit = one.item.base_unit

    def printed(milli: int) -> str:
        return print_quantity(milli, "", lang) if milli else ""

    return {
        "view": one, "name": one.item.name(lang), "on_hand": printed(one.on_hand_milli),
        "reserved": printed(one.reserved_milli), "free": printed(one.available_milli),
        "road": printed(one.in_transit_milli), "coming": printed(one.expected_milli),
        "expired": print_quantity(one.expired_milli, unit, lang) if one.expired_milli else "",
        "value": print_rupiah(one.value_rp, lang), "card": _card_of(one.item, asked),
        "places": _spread(one.places, asked, lang), "supply": _supply(one.supply, lang) if one.supply else None,
    }  # fmt: skip


def _supply(one: overview.Supply, lang: str) -> dict[str, Any]:
    """Say for how many days an item does, with its tint; a durable thing is given once, so only whether it does."""
    if one.is_short:
        words = _("kurang %(amount)s", amount=print_quantity(one.line.short_milli, one.line.item.base_unit, lang))
        return {"words": words, "tone": "bad", "origin": one.origin(lang)}
    if one.line.item.is_durable or one.days is None:
        return {"words": _("cukup"), "tone": "good", "origin": one.origin(lang)}
    words = (
        _("%(days)s hari", days=print_count(one.days, lang)) if one.is_open
        else _("%(days)s hari lagi", days=print_count(one.days, lang))
    )  # fmt: skip
    return {"words": words, "tone": "warn" if one.is_soon else "good", "origin": one.origin(lang)}


def _card_of(item: ItemView, asked: Asked) -> str | None:
    if not asked.sees_places:
        return None
    place = {"tempat": asked.place.code} if asked.place else {}
    return url_for("stock.card", barang=item.code, **place)  # type: ignore[arg-type]


def _spread(at: Sequence[overview.AtPlace], asked: Asked, lang: str) -> list[dict[str, str]]:
    """Say how an item is spread over the places, where that is to be seen and says something."""
    if not asked.sees_places or len(asked.shown) < 2:
        return []
    return [{"name": one.place.name, "amount": print_quantity(one.on_hand_milli, "", lang)} for one in at]


@pages.get("/unduh")
@guard.requires("stock.see")
def download() -> BaseResponse:
    """Give what the overview shows as a file."""
    lang, form = context.lang(), Form(request.args)
    with context.read() as tx:
        asked = asked_of(tx, form)
        table = (
            _table_on(asked, asked.on, overview.lines_on(tx, asked.shown, asked.on, lang), lang) if asked.on
            else _table_now(asked, tx.today, _kept(overview.lines_now(
                tx, asked.shown, lang, with_supply=tx.require("stock.see").is_all and asked.place is None
            ), asked), lang)
        )  # fmt: skip
        author, day = office(tx).name, asked.on or tx.today
    table = replace(table, author=author)
    is_csv = form.raw("bentuk") == "csv"
    response = make_response(build_csv(table) if is_csv else build_workbook(table))
    response.mimetype = "text/csv" if is_csv else XLSX
    where = f"-{asked.place.code.lower()}" if asked.place else ""
    response.headers["Content-Disposition"] = (
        f'attachment; filename="stok{where}-{day.isoformat()}.{"csv" if is_csv else "xlsx"}"'
    )
    return response


def _about(asked: Asked, day: date, lang: str) -> tuple[tuple[str, str], ...]:
    found = [
        (_("Tempat"), asked.place.name if asked.place else _("Semua gudang")),
        (_("Keadaan per"), print_day(day, lang)),
    ]
    if asked.category in set(Category):
        found.append((_("Kategori"), say(Category(asked.category).label, lang)))
    return tuple(found)


def _table_now(asked: Asked, day: date, lines: Sequence[overview.OverviewLine], lang: str) -> TableFile:
    return TableFile(
        title=_("Stok"), author="", about=_about(asked, day, lang), made_on=day,
        columns=(
            Column(label=_("Kode"), width=18), Column(label=_("Barang"), width=30),
            Column(label=_("Kategori"), width=20), Column(label=_("Satuan"), width=10),
            Column(label=_("Di tangan"), kind="quantity"),
            Column(label=_("Dicadangkan"), kind="quantity"), Column(label=_("Tersedia"), kind="quantity"),
            Column(label=_("Kedaluwarsa"), kind="quantity"), Column(label=_("Di perjalanan"), kind="quantity"),
            Column(label=_("Akan datang"), kind="quantity"), Column(label=_("Nilai (Rp)"), kind="number"),
            Column(label=_("Kedaluwarsa terdekat"), kind="day"), Column(label=_("Kurang"), kind="quantity"),
            Column(label=_("Cukup untuk (hari)"), kind="number"),
        ),
        rows=tuple(
            (
                one.item.code, one.item.name(lang), say(one.item.category.label, lang), one.item.base_unit,
                one.on_hand_milli, one.reserved_milli, one.available_milli, one.expired_milli, one.in_transit_milli,
                one.expected_milli, one.value_rp, one.next_expiry_on,
                one.supply.line.short_milli if one.supply else None, one.supply.days if one.supply else None,
            )
            for one in lines
        ),
    )  # fmt: skip


def _table_on(asked: Asked, day: date, lines: Sequence[overview.DayLine], lang: str) -> TableFile:
    return TableFile(
        title=_("Stok per tanggal"), author="", about=_about(asked, day, lang), made_on=day,
        columns=(
            Column(label=_("Kode"), width=18), Column(label=_("Barang"), width=30),
            Column(label=_("Kategori"), width=20), Column(label=_("Satuan"), width=10),
            Column(label=_("Di tangan"), kind="quantity"),
            Column(label=_("Kedaluwarsa"), kind="quantity"), Column(label=_("Nilai (Rp)"), kind="number"),
        ),
        rows=tuple(
            (
                one.item.code, one.item.name(lang), say(one.item.category.label, lang), one.item.base_unit,
                one.on_hand_milli, one.expired_milli, one.value_rp,
            )
            for one in lines
            if not asked.category or one.item.category.value == asked.category
        ),
    )  # fmt: skip


def bars_of(lines: Iterable[NeedLine], lying: Iterable[queries.ItemBalance], lang: str) -> list[dict[str, Any]]:
    """Give what still has to leave the warehouses against what lies there.

    First what is short, then what lasts the fewest days, then what leaves the smallest part free.
    """
    shelves: dict[UUID, list[queries.ItemBalance]] = defaultdict(list)
    for one in lying:
        if one.place.kind is PlaceKind.WAREHOUSE:
            shelves[one.item.id].append(one)
    return sorted(
        (_bar(line, shelves[line.item.id], lang) for line in lines),
        key=lambda bar: (
            not bar["is_short"], bar["lasts_days"] if bar["lasts_days"] is not None else 99,
            1 - bar["need"] / bar["on_hand"] if bar["on_hand"] else 0,
        ),
    )  # fmt: skip


def near_of(lying: Iterable[queries.ItemBalance], today: date) -> list[queries.BatchBalance]:
    """Give the batches past their day or soon to be, the most urgent first; what lies in quarantine is seen to."""
    last = today + timedelta(days=NEAR_DAYS)
    found = [
        (batch.batch.expires_on, batch.batch.code, batch)
        for one in lying if one.place.kind is not PlaceKind.QUARANTINE
        for batch in one.batches if batch.batch.expires_on is not None and batch.batch.expires_on <= last
    ]  # fmt: skip
    return [batch for _on, _code, batch in sorted(found, key=lambda one: one[:2])]


def batch_count(lying: Iterable[queries.BatchBalance]) -> int:
    """Count batches, each once however many places it lies at."""
    return len({one.batch.id for one in lying})


def _bar(line: NeedLine, lying: Collection[queries.ItemBalance], lang: str) -> dict[str, Any]:
    """Give one item's bar: numbers for the drawing, words as they are printed."""
    unit = line.item.base_unit
    on_hand = sum(one.on_hand_milli - one.expired_milli for one in lying)
    reserved = sum(one.reserved_milli for one in lying)
    wanted = line.open_milli + reserved
    return {
        "name": line.item.name(lang), "code": line.item.code, "on_hand": on_hand, "reserved": reserved, "need": wanted,
        "on_hand_text": print_quantity(on_hand, unit, lang), "reserved_text": print_quantity(reserved, unit, lang),
        "free_text": print_quantity(line.free_milli, unit, lang), "need_text": print_quantity(wanted, unit, lang),
        "short_text": print_quantity(line.short_milli, unit, lang) if line.short_milli else None,
        "days_text": _("%(days)s hari", days=line.lasts_days) if line.lasts_days is not None else None,
        "is_short": bool(line.short_milli), "lasts_days": line.lasts_days,
    }  # fmt: skip


def _document_line(one: queries.DocumentRow, lang: str) -> dict[str, Any]:
    # What goes in at assembly comes out again, with the same rupiah.
    worth = one.value_rp // 2 if one.kind is DocumentKind.ASSEMBLY else one.value_rp
    return {
        "view": one, "kind": say(one.kind.label, lang), "reason": reason_of(one.kind, one.reason, lang),
        "value": print_rupiah(worth, lang),
    }  # fmt: skip


def reason_of(kind: DocumentKind, reason: str, lang: str) -> str:
    """Say a document's reason: a word of the ledger's or of a voided handover, else what people typed."""
    if kind is DocumentKind.REVERSAL and reason in set(VoidReason):
        return say(f"void.{reason}", lang)
    label = reason_label(kind, reason)
    return say(label, lang) if label else reason


@pages.get("/kartu")
@guard.requires("stock.see")
def card() -> str:
    """Show the kartu persediaan of one item, at one place or over all: each line with the balance after it."""
    lang, form = context.lang(), Form(request.args)
    first_on, last_on = form.day("dari", is_required=False), form.day("sampai", is_required=False)
    if first_on and last_on and last_on < first_on:
        form.fail("sampai", "stock.period_backwards")
        first_on = last_on = None
    with context.read() as tx:
        reach = sees_places(tx)
        every = visible(tx, reach)
        warehouses = tuple(one for one in every if one.kind is PlaceKind.WAREHOUSE)
        code = form.raw("tempat")
        place = next((one for one in every if one.code == code), None)
        if code and place is None:
            raise NotFound("place.not_found", place=code[:40])
        shown = (place,) if place else warehouses or every
        item = find_item(tx, form.raw("barang"))
        batch = queries.batch_by_code(tx, form.raw("batch")) if form.raw("batch") else None
        if batch is not None and batch.item.id != item.id:
            raise NotFound("batch.not_found", batch=batch.code)
        found = queries.stock_card(
            tx, item.id, [one.id for one in shown], first_on=first_on, last_on=last_on,
            batch_id=batch.id if batch else None, limit=CARD_LINES, before=form.raw("sebelum") or None,
        )  # fmt: skip
        lying = queries.batch_balances(tx, place_ids=[one.id for one in shown], item_ids=[item.id])
        others = [one for one in items(tx) if one.id != item.id]
    unit, tabs = item.base_unit, [
        {"label": _("Semua gudang") if warehouses else _("Tempat Anda"), "href": _card_here(tempat=""),
         "is_current": not place},
    ]  # fmt: skip
    for one in (*warehouses, *([place] if place and place not in warehouses else [])):
        tabs.append({"label": one.name, "href": _card_here(tempat=one.code), "is_current": one == place})
    return render_template(
        "stock/card.html", everywhere=_everywhere(every), card=found,
        place=place, item=item, unit=unit, form=form, batch=batch,
        first_on=first_on, last_on=last_on, tabs=tabs if len(shown) > 1 or place else [], here=_card_here,
        is_paged=bool(form.raw("sebelum")),
        on_hand=print_quantity(sum(one.on_hand_milli for one in lying), unit, lang),
        reserved=print_quantity(sum(one.reserved_milli for one in lying), unit, lang),
        free=print_quantity(
            sum(one.available_milli for one in lying if one.place.kind is not PlaceKind.QUARANTINE), unit, lang
        ),
        value=print_rupiah(sum(one.value_rp for one in lying), lang),
        batches=[
            {
                "view": one, "quantity": print_quantity(one.on_hand_milli, unit, lang),
                "funding": say(one.batch.funding_source.label, lang),
            }
            for one in lying
        ],
        others=[(one.code, one.name(lang)) for one in [item, *others]],
        # The latest on top, as a keeper looks for it; the balance is that after the line all the same.
        lines=[_card_line(line, lang) for line in reversed(found.lines)],
        opening=print_quantity(found.opening_milli, "", lang), opening_rp=print_rupiah(found.opening_rp, lang),
        closing=print_quantity(found.closing_milli, unit, lang), closing_rp=print_rupiah(found.closing_rp, lang),
    )  # fmt: skip


def _card_here(**changed: str) -> str:
    kept = {name: request.args.get(name, "") for name in ("barang", "tempat", "dari", "sampai", "batch")}
    return url_for("stock.card", **{name: value for name, value in {**kept, **changed}.items() if value})  # type: ignore[arg-type]


def _card_line(line: queries.CardLine, lang: str) -> dict[str, Any]:
    zone = context.actor().zone
    is_late = (line.recorded_at - line.event_at).total_seconds() > LATE_HOURS * 3600
    return {
        "view": line, "kind": say(line.document_kind.label, lang),
        "flag": say(line.flag.label, lang) if line.flag.value else "",
        "late": _("dicatat %(at)s", at=print_instant(line.recorded_at, zone, lang)) if is_late else "",
        "counterpart": line.counterpart.name, "reason": reason_of(line.document_kind, line.reason, lang),
        "in": print_quantity(line.in_milli, "", lang) if line.in_milli else "",
        "out": print_quantity(line.out_milli, "", lang) if line.out_milli else "",
        "value": print_rupiah(line.value_rp, lang),
        "balance": print_quantity(line.balance_milli, "", lang), "balance_rp": print_rupiah(line.balance_rp, lang),
    }  # fmt: skip


# ---------------------------------------------------------------- documents


def _worth(found: queries.StockDocumentView) -> int:
    """Add up what a document moved; what only turns into something else at assembly counts once."""
    return sum(line.value_rp for line in found.lines if line.source.kind is not PlaceKind.ASSEMBLY)


@pages.get("/dokumen/<uuid:document_id>")
@guard.requires("stock.see")
def document(document_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = _document(tx, document_id)
        who = name_of(tx, found.actor_id)
        undoes = None
        asked_for = correction_of_document(tx, found.id)
        counted_by = count_of_document(tx, found.id)
        reversal = reversal_asked(tx, found.id)
        if found.kind is DocumentKind.REVERSAL and found.subject_id:
            undoes = queries.stock_document(tx, UUID(found.subject_id))
    return render_template(
        "stock/document.html", document=found, who=who, undoes=undoes, kind=say(found.kind.label, lang),
        reason=reason_of(found.kind, found.reason, lang), may_undo=_may_undo(found),
        asked_for=asked_for, counted_by=counted_by, reversal=reversal,
        total=print_rupiah(_worth(found), lang),
        lines=[
            {
                "view": line, "name": line.item.name(lang),
                "flag": say(line.flag.label, lang) if line.flag.value else "",
                "quantity": print_quantity(line.quantity_milli, line.item.base_unit, lang),
                "funding": say(line.batch.funding_source.label, lang), "value": print_rupiah(line.value_rp, lang),
            }
            for line in found.lines
        ],
    )  # fmt: skip


def _may_undo(found: queries.StockDocumentView) -> bool:
    """Tell whether the page offers to ask for the document's reversal."""
    return (
        may(context.actor(), "stock.correct") and found.kind is not DocumentKind.REVERSAL
        and is_undone_here(found.kind, found.subject) and not any(line.is_reversed for line in found.lines)
    )  # fmt: skip


def _document(tx: Tx, document_id: UUID) -> queries.StockDocumentView:
    reach = sees_places(tx)
    found = queries.stock_document(tx, document_id)
    spots = [place for line in found.lines for place in (line.source, line.target)]
    if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
        raise NotFound("stock_document.not_found", document=str(document_id))
    return found


# ---------------------------------------------------------------- warehouses


@pages.get("/gudang")
@guard.requires("stock.see")
def warehouses() -> str:
    return _warehouses(Form())


@pages.post("/gudang")
@guard.requires("place.manage")
def add_warehouse() -> str | BaseResponse:
    form = Form()
    code, name = form.text("code", most=20, least=2).upper(), form.text("name", most=120, least=3)
    address = form.text("address", most=200)
    lon, lat = form.degrees("lon_deg", 180), form.degrees("lat_deg", 90)

    def act(tx: Tx) -> str:
        tx.require("place.manage")
        add_place(
            tx, AddPlace(kind=PlaceKind.WAREHOUSE, code=code, name=name, address=address, lon_deg=lon, lat_deg=lat)
        )
        flash(_("Gudang ditambahkan."), "good")
        return url_for("stock.warehouses")

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_warehouses(form), 422)


def _warehouses(form: Form) -> str:
    with context.read() as tx:
        found = [one for one in visible(tx, tx.require("stock.see")) if one.kind is PlaceKind.WAREHOUSE]
    return render_template("stock/warehouses.html", form=form, places=found)


__all__ = ["bars_of", "batch_count", "near_of", "pages", "reason_of", "visible"]
