"""One batch: what it is, where it lies, what became of it; and the label that leads to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import NotFound
from core.i18n import say
from core.ids import is_code
from core.measures import print_instant, print_quantity, print_rupiah
from core.permissions import Reach, may
from core.work import Tx
from logistics.packages.queries import round_by_id
from routes import context, guard
from routes.forms import Form
from routes.occasion import occasion_of
from routes.pages.expiry import HAVE_A_QUARANTINE
from routes.pages.stock import LATE_HOURS, reason_of
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.corrections.rules import CORRECTED_AT
from stock.kits import queries as kits
from stock.ledger import queries
from stock.ledger.commands import BATCH_PREFIX
from stock.ledger.kinds import DocumentKind, Flag, ReleaseCondition
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView
from stock.reservations.queries import ReservationView, reservations

pages = Blueprint("batches", __name__, url_prefix="/stok")
_BEGINS = frozenset({DocumentKind.RECEIPT, DocumentKind.ASSEMBLY})
"""What a batch begins with: it came, or it was put together."""


@pages.get("/batch/<batch_code>")
@guard.requires("stock.see")
def show(batch_code: str) -> str:
    """Show one batch; the QR of its label holds this address."""
    lang = context.lang()
    with context.read() as tx:
        reach = sees_places(tx)
        if not is_code(batch_code):
            raise NotFound("batch.wrong_code", batch=batch_code[:40])
        batch = queries.batch_by_code(tx, batch_code)
        moves = [one for one in queries.batch_moves(tx, batch.id) if _touches(reach, one.source, one.target)]
        lying = [
            one for one in queries.batch_balances(tx, item_ids=[batch.item.id])
            if one.batch.id == batch.id and _has(reach, one.place)
        ]  # fmt: skip
        if not reach.is_all and not moves and not lying:
            raise NotFound("batch.not_found", batch=batch.code)
        promised = [
            one for one in reservations(tx, place_ids=[one.place.id for one in lying]) if one.batch.id == batch.id
        ]
        content, inside = kits.content_of(tx, batch.id), kits.kits_with(tx, batch.id)
        acts = _Acts(tx)
        unit = batch.item.base_unit
        page: dict[str, Any] = {
            "places": [acts.line(one, bool(content), lang) for one in lying],
            "promises": [_promise(tx, one, lang) for one in promised],
            "trail": _trail(tx, moves, unit, lang),
        }
        born = next((one for one in reversed(moves) if one.document_kind in _BEGINS), None)
        today = tx.today
    return render_template(
        "batches/show.html", batch=batch, name=batch.item.name(lang), unit=unit, born=born,
        is_expired=bool(batch.expires_on and batch.expires_on < today),
        days_left=(batch.expires_on - today).days if batch.expires_on else None,
        funding=say(batch.funding_source.label, lang),
        condition=say(batch.release_condition.label, lang)
        if batch.release_condition is not ReleaseCondition.NONE else "",
        price=print_rupiah(batch.unit_price_rp, lang) if batch.unit_price_rp is not None else "",
        value=print_rupiah(batch.value_rp, lang), received=print_quantity(batch.quantity_milli, unit, lang),
        on_hand=print_quantity(sum(one.on_hand_milli for one in lying), unit, lang),
        reserved=print_quantity(sum(one.reserved_milli for one in lying), unit, lang),
        worth=print_rupiah(sum(one.value_rp for one in lying), lang),
        content=[
            {"view": one, "name": one.batch.item.name(lang),
             "each": print_quantity(one.quantity_milli, one.batch.item.base_unit, lang)}
            for one in content
        ],
        inside=[
            {"view": one, "name": one.kit_batch.item.name(lang), "each": print_quantity(one.quantity_milli, unit, lang)}
            for one in inside
        ],
        **page,
    )  # fmt: skip


def _has(reach: Reach, place: PlaceView) -> bool:
    return reach.has_place(place.id) or reach.has_place(place.parent_id)


def _touches(reach: Reach, *spots: PlaceView) -> bool:
    return any(_has(reach, one) for one in spots)


class _Acts:
    """What the reader may do with a batch where it lies."""

    def __init__(self, tx: Tx) -> None:
        self._transfer = tx.require("stock.transfer") if may(tx.actor, "stock.transfer") else None
        self._assemble = tx.require("stock.assemble") if may(tx.actor, "stock.assemble") else None
        self._correct = tx.require("stock.correct") if may(tx.actor, "stock.correct") else None

    def line(self, one: queries.BatchBalance, is_kit: bool, lang: str) -> dict[str, Any]:
        unit, place = one.batch.item.base_unit, one.place
        free = one.on_hand_milli - one.reserved_milli
        is_aside = place.kind is PlaceKind.QUARANTINE
        here: dict[str, str] = {"tempat": place.code, "batch": one.batch.code}
        acts = []
        if self._transfer and free > 0:
            if place.kind in HAVE_A_QUARANTINE and self._transfer.has_place(place.id):
                acts.append((_("Ke karantina"), url_for("expiry.shift_form", **here)))  # type: ignore[arg-type]
            if is_aside and not one.is_expired and _has(self._transfer, place):
                acts.append((_("Kembali ke rak"), url_for("expiry.shift_form", **here)))  # type: ignore[arg-type]
        # Past its day a kit is put aside first: there is no way from a shelf for it but into quarantine.
        can_unpack = is_aside or (place.kind is PlaceKind.WAREHOUSE and not one.is_expired)
        if self._assemble and is_kit and free > 0 and can_unpack and _has(self._assemble, place):
            acts.append((_("Bongkar kit"), url_for("kits.unpack_form", **here)))  # type: ignore[arg-type]
        if self._correct and free > 0 and place.kind in CORRECTED_AT and _has(self._correct, place):
            acts.append((_("Musnahkan…") if is_aside else _("Koreksi…"), url_for("corrections.ask_form", **here)))  # type: ignore[arg-type]
        return {
            "view": one, "on_hand": print_quantity(one.on_hand_milli, unit, lang),
            "reserved": print_quantity(one.reserved_milli, unit, lang) if one.reserved_milli else "",
            "value": print_rupiah(one.value_rp, lang), "acts": acts, "is_aside": is_aside,
            "card": url_for("stock.card", tempat=place.code, barang=one.batch.item.code, batch=one.batch.code),
        }  # fmt: skip


def _promise(tx: Tx, one: ReservationView, lang: str) -> dict[str, Any]:
    """Say for what some of the batch is kept: the incident's round, or the programme's term."""
    name, href = one.purpose, None
    if one.purpose == "round":
        the_round = round_by_id(tx, one.purpose_id)
        occasion = occasion_of(tx, the_round)
        name = occasion.name if occasion.is_term else f"{occasion.name} · {_('putaran %(no)s', no=the_round.no)}"
        href = occasion.url("plan.show") if may(tx.actor, "round.see") else None
    return {
        "view": one, "name": name, "href": href,
        "quantity": print_quantity(one.quantity_milli, one.batch.item.base_unit, lang),
    }  # fmt: skip


def _trail(tx: Tx, moves: Sequence[queries.BatchMove], unit: str, lang: str) -> list[dict[str, Any]]:
    """Tell the batch's way, the latest first."""
    names: dict[str, str] = {}
    zone, found = context.actor().zone, []
    for one in moves:
        if one.actor_id not in names:
            names[one.actor_id] = name_of(tx, one.actor_id)
        told = [reason_of(one.document_kind, one.reason, lang)]
        if one.flag is not Flag.NONE:
            told.append(say(one.flag.label, lang))
        if (one.recorded_at - one.event_at).total_seconds() > LATE_HOURS * 3600:
            told.append(_("dicatat %(at)s", at=print_instant(one.recorded_at, zone, lang)))
        found.append(
            {
                "at": print_instant(one.event_at, zone, lang), "iso": one.event_at.isoformat(),
                "who": names[one.actor_id], "why": " · ".join(filter(None, told)),
                "what": f"{say(one.document_kind.label, lang)} {one.number or ''}: "
                f"{print_quantity(one.quantity_milli, unit, lang)}, {one.source.name} → {one.target.name}",
                "href": url_for("stock.document", document_id=one.document_id),
                "tone": "warn" if one.is_reversed or one.flag is not Flag.NONE else None,
            }
        )  # fmt: skip
    return found


# ---------------------------------------------------------------- labels


@pages.get("/pindai")
@guard.requires("stock.see")
def scan() -> str:
    return _scan(Form())


@pages.post("/pindai")
@guard.requires("stock.see")
def find() -> str | BaseResponse:
    """Open the batch of a label: its QR holds the address of the batch's page, people type the bare code."""
    form = Form()
    code = form.text("kode", most=300, least=1).rstrip("/").rsplit("/", 1)[-1].partition("?")[0].strip().upper()
    if form.is_good and not is_code(code):
        form.fail("kode", "batch.wrong_code", {"batch": code[:40]})
    elif form.is_good and not code.startswith(f"{BATCH_PREFIX}-"):
        form.fail("kode", "batch.not_a_label", {"batch": code})
    elif form.is_good:
        with context.read() as tx:
            sees_places(tx)
            try:
                queries.batch_by_code(tx, code)
            except NotFound:
                form.fail("kode", "batch.unknown_code", {"batch": code})
    if form.is_good:
        return redirect(url_for("batches.show", batch_code=code), 303)
    return make_response(_scan(form), 422)


def _scan(form: Form) -> str:
    with context.read() as tx:
        sees_places(tx)
    return render_template("batches/scan.html", form=form)


__all__ = ["pages"]
