"""Stok: what lies where, its cards, goods received and moved, and the documents it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import Conflict, Forbidden, NotFound
from core.i18n import say
from core.measures import print_quantity, print_rupiah
from core.permissions import Reach, may
from core.work import Tx
from logistics.handover.states import VoidReason
from logistics.planning.queries import NeedLine, need
from logistics.zones.queries import running_incident
from routes import context, guard, week
from routes.forms import Form, parse_typed_day
from routes.texts import gettext as _
from stock.items.kinds import Category
from stock.items.queries import find_item, items
from stock.ledger import commands, queries
from stock.ledger.kinds import DocumentKind, FundingSource, reason_label
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, find_place, places, quarantine_of

pages = Blueprint("stock", __name__, url_prefix="/stok")
NEAR_DAYS = 90
BARS_AT_ONCE, MOST_COLUMNS = 6, 4
SHELVES = (PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.ASSEMBLY, PlaceKind.QUARANTINE)
UNDONE_HERE = frozenset({DocumentKind.RECEIPT, DocumentKind.TRANSFER, DocumentKind.ADJUSTMENT, DocumentKind.WRITE_OFF})
"""A load is undone by its return and a handover by its voiding, so that package and receipt follow the goods."""


def visible(tx: Tx, reach: Reach) -> tuple[PlaceView, ...]:
    """Give the places whose stock the actor may see; whoever sees totals only sees no place by itself."""
    every = places(tx, kinds=SHELVES)
    if reach.is_all:
        return every
    return tuple(one for one in every if reach.has_place(one.id) or reach.has_place(one.parent_id))


# ---------------------------------------------------------------- balances


@pages.get("")
@guard.requires("stock.see")
def index() -> str:
    lang = context.lang()
    asked, category, state = (request.args.get(name, "") for name in ("tempat", "kategori", "keadaan"))
    with context.read() as tx:
        reach = tx.require("stock.see")
        sees_places = reach.detail != "totals"
        every = visible(tx, reach)
        place = next((one for one in every if sees_places and one.code == asked), None)
        if asked and place is None:
            raise NotFound("place.not_found", place=asked[:40])
        warehouses = [one for one in every if one.kind is PlaceKind.WAREHOUSE]
        shown = [place] if place else warehouses or list(every)
        lying = queries.item_balances(tx, place_ids=[one.id for one in every])
        found = [one for one in lying if one.place in shown]
        near = near_of(lying, tx.today)
        incident = running_incident(tx) if reach.is_all and place is None else None
        the_round = week.current_round(tx, incident.id) if incident else None
        bars = bars_of(need(tx, the_round.id).lines, lying, lang) if the_round else []
        recent = (
            queries.stock_documents(tx, place_ids=[one.id for one in ([place] if place else every)], limit=10)
            if sees_places else ()
        )  # fmt: skip
    lines = _balance_lines(found, lang, category, state)
    return render_template(
        "stock/index.html", lines=lines, place=place, sees_places=sees_places, category=category, state=state,
        tabs=_tabs(every, place) if sees_places else [], bar_count=BARS_AT_ONCE,
        columns=shown if sees_places and place is None and len(shown) <= MOST_COLUMNS else [],
        value=print_rupiah(sum(one.value_rp for one in found), lang),
        near=[_near_line(one, lang) for one in near] if sees_places else [],
        expired=sum(1 for one in near if one.is_expired), soon=sum(1 for one in near if not one.is_expired),
        near_days=NEAR_DAYS, bars=bars, round=the_round, incident=incident,
        recent=[_document_line(one, lang) for one in recent],
        categories=[(one.value, say(one.label, lang)) for one in Category],
    )  # fmt: skip


def _tabs(every: Sequence[PlaceView], place: PlaceView | None) -> list[dict[str, Any]]:
    warehouses = [one for one in every if one.kind is PlaceKind.WAREHOUSE]
    shown = [*warehouses, *([place] if place and place not in warehouses else [])]
    first = {"label": _("Semua gudang") if warehouses else _("Tempat Anda"), "href": url_for("stock.index"),
             "is_current": place is None}  # fmt: skip
    return [first, *(
        {"label": one.name, "href": url_for("stock.index", tempat=one.code), "is_current": one == place}
        for one in shown
    )]  # fmt: skip


def _balance_lines(
    found: Collection[queries.ItemBalance], lang: str, category: str, state: str
) -> list[dict[str, Any]]:
    """Add the places of each item up, and keep what the filters ask for."""
    by_item: dict[UUID, list[queries.ItemBalance]] = defaultdict(list)
    for one in found:
        by_item[one.item.id].append(one)
    lines = []
    for group in by_item.values():
        item = group[0].item
        on_hand, reserved, free, expired = (
            sum(getattr(one, name) for one in group)
            for name in ("on_hand_milli", "reserved_milli", "available_milli", "expired_milli")
        )
        if category and item.category.value != category:
            continue
        is_asked = {"kedaluwarsa": expired > 0, "tersedia": free > 0, "habis": free == 0}
        if not is_asked.get(state, True):
            continue
        lines.append(
            {
                "item": item, "name": item.name(lang), "category": say(item.category.label, lang),
                "on_hand": print_quantity(on_hand, "", lang),
                "reserved": print_quantity(reserved, "", lang) if reserved else "",
                "free": print_quantity(free, "", lang), "has_free": free > 0,
                "expired": print_quantity(expired, item.base_unit, lang) if expired else "",
                "next_on": min((one.next_expiry_on for one in group if one.next_expiry_on), default=None),
                "by_place": {one.place.id: print_quantity(one.on_hand_milli, "", lang) for one in group},
                "value": print_rupiah(sum(one.value_rp for one in group), lang),
            }
        )  # fmt: skip
    return sorted(lines, key=lambda line: str(line["name"]))


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


def _near_line(one: queries.BatchBalance, lang: str) -> dict[str, Any]:
    return {
        "view": one, "name": one.batch.item.name(lang), "place": one.place,
        "quantity": print_quantity(one.on_hand_milli, one.batch.item.base_unit, lang),
        "may_move": may(context.actor(), "stock.transfer") and one.is_expired and not one.reserved_milli
        and one.place.kind in (PlaceKind.WAREHOUSE, PlaceKind.POST),
    }  # fmt: skip


def _document_line(one: queries.DocumentRow, lang: str) -> dict[str, Any]:
    return {
        "view": one, "kind": say(one.kind.label, lang), "reason": _reason(one.kind, one.reason, lang),
        "value": print_rupiah(one.value_rp, lang),
    }  # fmt: skip


def _reason(kind: DocumentKind, reason: str, lang: str) -> str:
    """Say a document's reason: a word of the ledger's or of a voided handover, else what people typed."""
    if kind is DocumentKind.REVERSAL and reason in set(VoidReason):
        return say(f"void.{reason}", lang)
    label = reason_label(kind, reason)
    return say(label, lang) if label else reason


@pages.get("/kartu")
@guard.requires("stock.see")
def card() -> str:
    """Show the kartu persediaan of one item at one place, each line with the balance after it."""
    lang = context.lang()
    first_on, last_on = (parse_typed_day(request.args.get(name, "")) for name in ("dari", "sampai"))
    with context.read() as tx:
        reach = _sees_places(tx)
        place = find_place(tx, request.args.get("tempat", ""))
        if not (reach.has_place(place.id) or reach.has_place(place.parent_id)):
            raise NotFound("place.not_found", place=place.code)
        item = find_item(tx, request.args.get("barang", ""))
        found = queries.stock_card(tx, item.id, [place.id], first_on=first_on, last_on=last_on)
        batches = queries.batch_balances(tx, place_ids=[place.id], item_ids=[item.id])
        others = [one for one in items(tx) if one.id != item.id]
    unit = item.base_unit
    return render_template(
        "stock/card.html", card=found, place=place, item=item, unit=unit, first_on=first_on, last_on=last_on,
        on_hand=print_quantity(sum(one.on_hand_milli for one in batches), unit, lang),
        reserved=print_quantity(sum(one.reserved_milli for one in batches), unit, lang),
        free=print_quantity(sum(one.available_milli for one in batches), unit, lang),
        batches=[_near_line(one, lang) for one in batches],
        funding={one.value: say(one.label, lang) for one in FundingSource},
        others=[(one.code, one.name(lang)) for one in [item, *others]],
        lines=[
            {
                "view": line, "kind": say(line.document_kind.label, lang),
                "flag": say(line.flag.label, lang) if line.flag.value else "",
                "counterpart": line.counterpart.name,
                "in": print_quantity(line.in_milli, "", lang) if line.in_milli else "",
                "out": print_quantity(line.out_milli, "", lang) if line.out_milli else "",
                "balance": print_quantity(line.balance_milli, "", lang),
            }
            for line in found.lines
        ],
        opening=print_quantity(found.opening_milli, "", lang), closing=print_quantity(found.closing_milli, unit, lang),
    )  # fmt: skip


# ---------------------------------------------------------------- documents


@pages.get("/dokumen/<uuid:document_id>")
@guard.requires("stock.see")
def document(document_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = _document(tx, document_id)
        who = name_of(tx, found.actor_id)
        undoes = None
        if found.kind is DocumentKind.REVERSAL and found.subject_id:
            undoes = queries.stock_document(tx, UUID(found.subject_id))
    return render_template(
        "stock/document.html", document=found, who=who, undoes=undoes, kind=say(found.kind.label, lang),
        reason=_reason(found.kind, found.reason, lang), may_undo=_may_undo(found),
        total=print_rupiah(sum(line.value_rp for line in found.lines), lang),
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


@pages.post("/dokumen/<uuid:document_id>/balik")
@guard.requires("stock.reverse")
def reverse(document_id: UUID) -> BaseResponse:
    form = Form()
    reason = form.text("note", most=300, least=5)

    def act(tx: Tx) -> UUID:
        check_undone_here(_document(tx, document_id))
        return commands.reverse_document(tx, document_id, reason).document_id

    made = form.attempt(lambda: context.write(act))
    for error in form.errors:
        flash(error["text"], "bad")
    if made is None:
        return redirect(url_for("stock.document", document_id=document_id), 303)
    flash(_("Dokumen dibalik; barang dan nilainya kembali seperti sebelumnya."), "good")
    return redirect(url_for("stock.document", document_id=made), 303)


def check_undone_here(found: queries.StockDocumentView) -> None:
    """Raises: Conflict, for a load or a handover: those are undone where they are made."""
    if found.kind not in UNDONE_HERE:
        raise Conflict("stock.undone_elsewhere")


def _may_undo(found: queries.StockDocumentView) -> bool:
    return (
        may(context.actor(), "stock.reverse") and found.kind in UNDONE_HERE
        and not any(line.is_reversed for line in found.lines)
    )  # fmt: skip


def _document(tx: Tx, document_id: UUID) -> queries.StockDocumentView:
    reach = _sees_places(tx)
    found = queries.stock_document(tx, document_id)
    spots = [place for line in found.lines for place in (line.source, line.target)]
    if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
        raise NotFound("stock_document.not_found", document=str(document_id))
    return found


def _sees_places(tx: Tx) -> Reach:
    reach = tx.require("stock.see")
    if reach.detail == "totals":
        raise Forbidden("permission.missing", action="stock.see")
    return reach


# ---------------------------------------------------------------- quarantine


@pages.post("/karantina")
@guard.requires("stock.transfer")
def quarantine() -> BaseResponse:
    """Move everything of an expired batch out of reach, into its place's quarantine."""
    form = Form()
    place_id, batch_id = form.uuid("place_id"), form.uuid("batch_id")

    def act(tx: Tx) -> str:
        assert place_id and batch_id
        lying = next(
            (one for one in queries.batch_balances(tx, place_ids=[place_id]) if one.batch.id == batch_id), None
        )
        if lying is None:
            raise NotFound("batch.not_found")
        done = commands.transfer(
            tx,
            commands.Transfer(
                from_place_id=place_id, to_place_id=quarantine_of(tx, place_id).id,
                lines=(commands.BatchLine(batch_id=batch_id, quantity_milli=lying.on_hand_milli),),
                reason="Kedaluwarsa",
            ),
        )  # fmt: skip
        flash(_("Batch %(code)s dipindahkan ke karantina.", code=lying.batch.code), "good")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done if done is not None else redirect(url_for("stock.index"), 303)


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


__all__ = ["bars_of", "check_undone_here", "near_of", "pages", "visible"]
