"""Kedaluwarsa dan karantina: what runs out when and where, and what must not go to people any more."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Invalid, NotFound
from core.i18n import say
from core.measures import MONTHS, Milli, print_quantity, print_rupiah
from core.permissions import may
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.pages.stock import NEAR_DAYS, visible
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.ledger import commands, queries
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, place_by_id, places, quarantine_of

pages = Blueprint("expiry", __name__, url_prefix="/stok")
MONTHS_AHEAD = 12
PLACES_NAMED = 3
TO_GIVER = "pemberi"
"""Where a batch goes that is sent back: the word in the address."""
HAVE_A_QUARANTINE = (PlaceKind.WAREHOUSE, PlaceKind.POST)


class Why(enum.StrEnum):
    """Why something is put aside."""

    EXPIRED = "expired"
    DAMAGED = "damaged"
    DOUBTFUL = "doubtful"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"quarantine.why.{self.value}"


@pages.get("/kedaluwarsa")
@guard.requires("stock.see")
def calendar() -> str:
    """Show month by month what runs out where, what of it is promised, and first what has already run out."""
    lang = context.lang()
    asked = request.args.get("tempat", "")
    with context.read() as tx:
        seen = [one for one in visible(tx, sees_places(tx)) if one.kind is not PlaceKind.QUARANTINE]
        place = next((one for one in seen if one.code == asked), None)
        if asked and place is None:
            raise NotFound("place.not_found", place=asked[:40])
        at = [place] if place else seen
        lying = [one for one in queries.batch_balances(tx, place_ids=[one.id for one in at]) if one.batch.expires_on]
        in_quarantine = queries.batch_balances(
            tx, place_ids=[one.id for one in visible(tx, sees_places(tx)) if one.kind is PlaceKind.QUARANTINE]
        )
        mine = _moves_from(tx, at)
        today = tx.today
    expired = [_line(one, lang, mine) for one in lying if one.is_expired]
    good = [one for one in lying if not one.is_expired]
    months = _months(good, today, lang)
    shown = {one["key"] for one in months}
    return render_template(
        "expiry/calendar.html", place=place, expired=expired, months=[one for one in months if one["lines"]],
        empty=[one["name"] for one in months if not one["lines"]], near_days=NEAR_DAYS,
        places=[(one.code, one.name) for one in seen if one.kind in HAVE_A_QUARANTINE],
        near=len(
            {one.batch.id for one in good if one.batch.expires_on and (one.batch.expires_on - today).days <= NEAR_DAYS}
        ),
        later=len({one.batch.id for one in good if _key(one.batch.expires_on) not in shown}),
        may_move=any(one["may_move"] for one in expired), in_quarantine=len(in_quarantine),
        expired_value=print_rupiah(sum(one.value_rp for one in lying if one.is_expired), lang),
    )  # fmt: skip


def _months(good: Sequence[queries.BatchBalance], today: date, lang: str) -> list[dict[str, Any]]:
    by_month: dict[tuple[int, int], list[queries.BatchBalance]] = defaultdict(list)
    for one in good:
        by_month[_key(one.batch.expires_on)].append(one)
    found = []
    for ahead in range(MONTHS_AHEAD):
        year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        there = by_month[year, month + 1]
        found.append(
            {
                "key": (year, month + 1), "id": f"bulan-{year}-{month + 1:02d}",
                "name": f"{MONTHS[lang][month]} {year}", "is_near": ahead < 3,
                "lines": _by_batch(there, lang), "batches": len({one.batch.id for one in there}),
                "value": print_rupiah(sum(one.value_rp for one in there), lang),
                "promised": len({one.batch.id for one in there if one.reserved_milli}),
            }
        )  # fmt: skip
    return found


def _by_batch(there: Sequence[queries.BatchBalance], lang: str) -> list[dict[str, Any]]:
    """Give one line for each batch, with where it lies: most at first, few places by name."""
    groups: dict[UUID, list[queries.BatchBalance]] = defaultdict(list)
    for one in there:
        groups[one.batch.id].append(one)
    found = []
    for group in groups.values():
        batch, unit = group[0].batch, group[0].batch.item.base_unit
        most = sorted(group, key=lambda one: -one.on_hand_milli)
        reserved = sum(one.reserved_milli for one in group)
        found.append(
            {
                "batch": batch, "name": batch.item.name(lang), "funding": say(batch.funding_source.label, lang),
                "quantity": print_quantity(sum(one.on_hand_milli for one in group), unit, lang),
                "value": print_rupiah(sum(one.value_rp for one in group), lang),
                "reserved": print_quantity(reserved, unit, lang) if reserved else "",
                "places": [
                    {"name": one.place.name, "amount": print_quantity(one.on_hand_milli, "", lang)}
                    for one in most[:PLACES_NAMED]
                ],
                "more": len(most[PLACES_NAMED:]),
            }
        )  # fmt: skip
    return found


def _key(day: date | None) -> tuple[int, int]:
    return (day.year, day.month) if day else (0, 0)


def _line(one: queries.BatchBalance, lang: str, mine: frozenset[UUID]) -> dict[str, Any]:
    unit = one.batch.item.base_unit
    free = one.on_hand_milli - one.reserved_milli
    return {
        "view": one, "name": one.batch.item.name(lang), "funding": say(one.batch.funding_source.label, lang),
        "quantity": print_quantity(one.on_hand_milli, unit, lang), "value": print_rupiah(one.value_rp, lang),
        "reserved": print_quantity(one.reserved_milli, unit, lang) if one.reserved_milli else "",
        "may_move": one.place.id in mine and free > 0, "pick": f"{one.place.id}:{one.batch.id}",
    }  # fmt: skip


def _moves_from(tx: Tx, at: Sequence[PlaceView]) -> frozenset[UUID]:
    """Tell from which of these places the reader may put things aside."""
    if not may(tx.actor, "stock.transfer"):
        return frozenset()
    reach = tx.require("stock.transfer")
    return frozenset(one.id for one in at if one.kind in HAVE_A_QUARANTINE and reach.has_place(one.id))


# ---------------------------------------------------------------- putting aside


@pages.get("/karantina")
@guard.requires("stock.see")
def quarantine() -> str:
    """Show what lies in quarantine, why it may be there, and what can be done with it."""
    lang = context.lang()
    with context.read() as tx:
        spots = [one for one in visible(tx, sees_places(tx)) if one.kind is PlaceKind.QUARANTINE]
        lying = queries.batch_balances(tx, place_ids=[one.id for one in spots])
        mine: set[UUID] = set()
        if may(tx.actor, "stock.transfer"):
            reach = tx.require("stock.transfer")
            mine = {one.id for one in spots if reach.has_place(one.id) or reach.has_place(one.parent_id)}
    return render_template(
        "expiry/quarantine.html", value=print_rupiah(sum(one.value_rp for one in lying), lang),
        lines=[
            {
                **_line(one, lang, frozenset()), "is_mine": one.place.id in mine,
                "may_back": one.place.id in mine and not one.is_expired,
                # What was put together here has no giver; its parts have.
                "is_kit": not one.batch.incoming_document,
            }
            for one in lying
        ],
    )  # fmt: skip


@pages.post("/karantina")
@guard.requires("stock.transfer")
def set_aside() -> BaseResponse:
    """Move everything of the ticked expired batches out of reach, into their places' quarantine; all or nothing."""
    form = Form()
    picked = [one for one in map(_picked, form.values.getlist("batch")) if one]
    if not picked:
        form.fail("batch", "quarantine.nothing_ticked")

    def act(tx: Tx) -> str:
        wanted: dict[UUID, list[commands.BatchLine]] = defaultdict(list)
        lying = {
            (one.place.id, one.batch.id): one
            for one in queries.batch_balances(tx, place_ids={place_id for place_id, _batch in picked})
        }
        for key in picked:
            one = lying.get(key)
            if one is None:
                raise NotFound("batch.not_found", batch=str(key[1]))
            # What is promised stays until its promise is taken back; the books would refuse it anyway.
            free = Milli(one.on_hand_milli - one.reserved_milli)
            if free > 0:
                wanted[key[0]].append(commands.BatchLine(batch_id=key[1], quantity_milli=free))
        if not wanted:
            raise Invalid("quarantine.all_promised", field="batch")
        for place_id, lines in sorted(wanted.items()):
            commands.transfer(
                tx,
                commands.Transfer(
                    from_place_id=place_id, to_place_id=quarantine_of(tx, place_id).id, lines=tuple(lines),
                    reason=say(Why.EXPIRED.label, "id"),
                ),
            )  # fmt: skip
        count = sum(len(lines) for lines in wanted.values())
        flash(_("%(count)s batch dipindahkan ke karantina.", count=count), "good")
        return url_for("expiry.quarantine")

    done = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    return done if done is not None else redirect(url_for("expiry.calendar"), 303)


def _picked(text: str) -> tuple[UUID, UUID] | None:
    place_id, _sign, batch_id = text.partition(":")
    try:
        return UUID(place_id), UUID(batch_id)
    except ValueError:
        return None


@pages.get("/karantina/pindah")
@guard.requires("stock.transfer")
def shift_form() -> str:
    """Show the form that puts one batch aside, back on its shelf, or sends it back to its giver."""
    return _shift(Form(request.args))


@pages.post("/karantina/pindah")
@guard.requires("stock.transfer")
def shift() -> str | BaseResponse:
    form = Form()
    if not form.raw("tempat") or not form.raw("batch"):
        form.fail("batch", "form.choose")
        return make_response(_shift(form), 422)
    with context.read() as tx:
        is_aside = way_of(tx, form.raw("tempat"))[1].kind is PlaceKind.QUARANTINE
    giver_id = form.uuid("giver") if form.raw("ke") == TO_GIVER else None
    is_return = form.raw("ke") == TO_GIVER
    quantity = form.quantity("quantity")
    why = form.choice("why", Why) if is_aside and not is_return else None
    note = form.text("note", most=300, least=0 if why else 5)

    def act(tx: Tx) -> str:
        assert quantity is not None
        source, target = way_of(tx, form.raw("tempat"))
        batch = queries.batch_by_code(tx, form.raw("batch"))
        order = commands.Transfer(
            from_place_id=source.id, to_place_id=giver_id or target.id,
            lines=(commands.BatchLine(batch_id=batch.id, quantity_milli=quantity),),
            reason=say(why.label, "id") if why else note, note=note if why else "",
        )  # fmt: skip
        # The right is that over the shelf, whichever way it goes: a keeper's quarantine is theirs.
        if giver_id is not None:
            done = commands.return_to_giver(tx, order)
            told = _("Batch %(code)s dikembalikan ke pemberi.", code=batch.code)
        else:
            done = commands.dispatch(tx, order)
            told = (
                _("Batch %(code)s dipindahkan ke karantina.", code=batch.code) if is_aside
                else _("Batch %(code)s kembali ke rak.", code=batch.code)
            )  # fmt: skip
        flash(told, "good")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_shift(form), 422)


def way_of(tx: Tx, code: str) -> tuple[PlaceView, PlaceView]:
    """Say from where to where: from a shelf into its quarantine, or from there back. Raises: NotFound."""
    reach = tx.require("stock.transfer")
    for one in places(tx, kinds=(*HAVE_A_QUARANTINE, PlaceKind.QUARANTINE)):
        if one.code != code:
            continue
        shelf = place_by_id(tx, one.parent_id) if one.kind is PlaceKind.QUARANTINE and one.parent_id else one
        if reach.has_place(shelf.id):
            return (one, shelf) if one.kind is PlaceKind.QUARANTINE else (one, quarantine_of(tx, one.id))
    raise NotFound("place.not_found", place=code[:40])


def _shift(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        tx.require("stock.transfer")
        if not form.raw("batch") or not form.raw("tempat"):
            return render_template("expiry/shift.html", form=form, batch=None, is_return=False, is_aside=True)
        source, target = way_of(tx, form.raw("tempat"))
        batch = queries.batch_by_code(tx, form.raw("batch"))
        lying = next(
            (one for one in queries.batch_balances(tx, place_ids=[source.id], item_ids=[batch.item.id])
             if one.batch.id == batch.id), None,
        )  # fmt: skip
        givers = places(tx, kinds=(PlaceKind.SUPPLIER,))
        came_from = next(
            (one.source.id for one in reversed(queries.batch_moves(tx, batch.id))
             if one.source.kind is PlaceKind.SUPPLIER), None,
        )  # fmt: skip
    is_return = form.raw("ke") == TO_GIVER
    free = lying.on_hand_milli - lying.reserved_milli if lying else 0
    is_expired = bool(lying and lying.is_expired)
    return render_template(
        "expiry/shift.html", form=form, batch=batch, name=batch.item.name(lang), source=source, target=target,
        is_aside=target.kind is PlaceKind.QUARANTINE and not is_return, is_return=is_return,
        free=print_quantity(free, batch.item.base_unit, lang), has_free=free > 0,
        typed=print_quantity(free, "", "id"),
        reserved=print_quantity(lying.reserved_milli, batch.item.base_unit, lang)
        if lying and lying.reserved_milli else "",
        reasons=[(one.value, say(one.label, lang)) for one in Why],
        why=form.raw("why") or (Why.EXPIRED.value if is_expired else ""),
        givers=[(str(one.id), one.name) for one in givers if not one.is_closed],
        giver=form.raw("giver") or str(came_from or ""),
    )  # fmt: skip


__all__ = ["HAVE_A_QUARANTINE", "pages", "way_of"]
