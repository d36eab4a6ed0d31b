"""Pemindahan: goods moved between the office's warehouses, at once or with a way between them."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import Invalid, NotFound
from core.i18n import say
from core.measures import Milli, print_instant, print_quantity
from core.permissions import may
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.goods_form import event_at
from routes.goods_lines import MOST_LINES, Catalogue, read_amount, read_thing, shown_lines, used_lines
from routes.seeing import need_one_of, sees_places
from routes.texts import gettext as _
from stock.corrections.commands import LEAST_NOTE, AskCorrection, CorrectionItem, ask_correction
from stock.corrections.states import CorrectionKind
from stock.items.queries import items
from stock.ledger import commands as ledger
from stock.ledger.kinds import LossReason
from stock.ledger.queries import batch_by_code
from stock.ledger.rules import is_expired
from stock.ledger.subjects import SubjectMove, moves_for
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places
from stock.shipments import commands, queries
from stock.shipments.states import OPEN_SHIPMENTS, ShipmentState

pages = Blueprint("shipping", __name__, url_prefix="/stok")
_BATCH = re.compile(r"BT-[0-9]{2}-[0-9]+-[0-9]", re.IGNORECASE | re.ASCII)
TONES = {ShipmentState.SENT: "info", ShipmentState.PARTLY: "warn", ShipmentState.ARRIVED: "good"}

LOSSES = (
    LossReason.LOST_ON_THE_WAY, LossReason.STOLEN, LossReason.DAMAGED_WATER, LossReason.DAMAGED, LossReason.OTHER,
)  # fmt: skip
"""What can become of goods on the road."""


class Way(enum.StrEnum):
    """How goods get from one warehouse to another."""

    SENT = "sent"
    DIRECT = "direct"


# ---------------------------------------------------------------- leaving


@pages.get("/pindah")
@guard.requires("stock.transfer")
def transfer_form() -> str:
    """Show the form; an address may name where from, where to, and one item or batch."""
    with context.read() as tx:
        known = {one.code: str(one.id) for one in places(tx, kinds=(PlaceKind.WAREHOUSE,))}
    asked = {field: known.get(request.args.get(name, "").upper(), "") for field, name in _ASKED.items()}
    first = request.args.get("batch", "")[:40] or request.args.get("barang", "")[:120]
    return _transfer(Form(MultiDict({**asked, "goods-1": first})))


_ASKED = {"from_place_id": "dari", "to_place_id": "ke"}


@pages.post("/pindah")
@guard.requires("stock.transfer")
def transfer() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _transfer(form)
    way = form.choice("way", Way, Way.DIRECT)
    source, target = form.uuid("from_place_id"), form.uuid("to_place_id")
    reason = form.text("reason", most=160, least=3)
    at = event_at(form, "sent_on")
    carrier, note = form.text("carrier", most=120), form.text("note", most=500)
    expected_on = form.day("expected_on", is_required=False)
    with context.read() as tx:
        lines = _lines(tx, form)
    if not lines and form.is_good:
        form.fail("goods-1", "stock.nothing_to_do")

    def act(tx: Tx) -> str:
        assert source and target
        if way is Way.SENT:
            order = commands.SendShipment(
                from_place_id=source, to_place_id=target, lines=tuple(lines), carrier=carrier,
                expected_on=expected_on, reason=reason, note=note, event_at=at,
            )  # fmt: skip
            sent = commands.send_shipment(tx, order)
            flash(_("Barang berangkat dengan bukti %(number)s.", number=sent.posted.number or "–"), "good")
            return url_for("shipping.journey", shipment_id=sent.id)
        _need_warehouses(tx, source, target)
        done = ledger.transfer(
            tx,
            ledger.Transfer(
                from_place_id=source, to_place_id=target, lines=tuple(lines), reason=reason, note=note, event_at=at
            ),
        )
        flash(_("Pemindahan dicatat dengan bukti %(number)s.", number=done.number or "–"), "good")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_transfer(form), 422)


def _need_warehouses(tx: Tx, *place_ids: UUID) -> None:
    """Raises: Invalid; posts get their goods by a load, so that packages follow, and the road by a shipment."""
    shelves = {one.id for one in places(tx, kinds=(PlaceKind.WAREHOUSE,))}
    if not set(place_ids) <= shelves:
        raise Invalid("stock.only_warehouses", field="to_place_id")


def _lines(tx: Tx, form: Form) -> list[ledger.ItemLine | ledger.BatchLine]:
    """Read the lines; what looks like a batch's code is that batch, everything else an item."""
    catalogue = Catalogue(items(tx), context.lang())
    lines: list[ledger.ItemLine | ledger.BatchLine] = []
    for no in used_lines(form, ("goods", "quantity")):
        field, text = f"goods-{no}", form.raw(f"goods-{no}").strip()
        if _BATCH.fullmatch(text):
            try:
                batch = batch_by_code(tx, text)
            except NotFound as refused:
                form.refuse(refused, field)
                continue
            amount = read_amount(form, f"quantity-{no}", batch.item)
            if amount:
                lines.append(ledger.BatchLine(batch_id=batch.id, quantity_milli=amount.milli))
            continue
        thing = read_thing(form, field, catalogue)
        amount = read_amount(form, f"quantity-{no}", thing.item if thing else None)
        if thing and thing.variant:
            form.fail(field, "goods.variant_by_batch", {"item": thing.label(context.lang())})
        elif thing and amount:
            lines.append(ledger.ItemLine(item_id=thing.item.id, quantity_milli=amount.milli))
    return lines


def _transfer(form: Form) -> str:
    with context.read() as tx:
        reach = tx.require("stock.transfer")
        shelves = [one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if not one.is_closed]
        options = list(Catalogue(items(tx), context.lang()).options())
        today = tx.today
    return render_template(
        "stock/transfer.html", form=form, count=shown_lines(form), most=MOST_LINES, today=f"{today:%d/%m/%Y}",
        sources=[(str(one.id), one.name) for one in shelves if reach.has_place(one.id)],
        targets=[(str(one.id), one.name) for one in shelves], options=options,
        ways=[
            (Way.SENT.value, _("Dikirim"), _("Ada perjalanan: barang baru ada di gudang tujuan setelah tiba di sana")),
            (Way.DIRECT.value, _("Langsung"), _("Satu halaman atau gedung: barang sudah berada di tempat barunya")),
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- on the road


@pages.get("/perjalanan")
@guard.requires("stock.see")
def journeys() -> str:
    """Show what is on the road, what is late first, or what has arrived."""
    is_done = request.args.get("keadaan") == "selesai"
    lang = context.lang()
    with context.read() as tx:
        reach = sees_places(tx)
        mine = None if reach.is_all else reach.place_ids
        found = queries.shipments(tx, place_ids=mine, states=[ShipmentState.ARRIVED] if is_done else OPEN_SHIPMENTS)
        open_count = len(found) if not is_done else len(queries.shipments(tx, place_ids=mine, states=OPEN_SHIPMENTS))
        today = tx.today
    return render_template(
        "shipping/index.html", is_done=is_done,
        tabs=[
            {"label": _("Di jalan"), "href": url_for("shipping.journeys"), "is_current": not is_done,
             "count": open_count},
            {"label": _("Selesai"), "href": url_for("shipping.journeys", keadaan="selesai"), "is_current": is_done},
        ],
        lines=[
            {
                "view": one, "state": say(one.state.label, lang), "tone": TONES[one.state],
                "is_late": one.is_late(today),
            }
            for one in found
        ],
    )  # fmt: skip


@pages.get("/perjalanan/<uuid:shipment_id>")
@guard.requires("stock.see")
def journey(shipment_id: UUID) -> str:
    return _journey(shipment_id, Form(MultiDict()))


@pages.post("/perjalanan/<uuid:shipment_id>/tiba")
@guard.requires("stock.receive")
def arrive(shipment_id: UUID) -> str | BaseResponse:
    """Book what has arrived; ``fill`` only writes into the form that everything is here and whole."""
    form = Form()
    with context.read() as tx:
        view = _view(tx, shipment_id)
    on_road = [one for one in view.lines if one.rest_milli]
    if form.raw("fill"):
        filled = {f"good-{one.batch.id}": print_quantity(one.rest_milli) for one in on_road}
        return _journey(shipment_id, Form(MultiDict({**form.values.to_dict(), **filled})))
    at = event_at(form, "arrived_on")
    sent_at = view.row.sent_at.astimezone(context.actor().zone)
    if at is not None and at < sent_at and at.date() == sent_at.date():
        # An earlier day stands for its noon; goods that left after it arrived the same day all the same.
        at = sent_at
    elif at is not None and at < sent_at:
        form.fail("arrived_on", "shipment.arrived_before_sent")
    note = form.text("note", most=500)
    lines = []
    # All of them, also what has arrived meanwhile: a form that is sent twice has to be read alike both times.
    for one in view.lines:
        note_field = f"note-{one.batch.id}"
        good = read_amount(form, f"good-{one.batch.id}", one.batch.item, is_required=False)
        damaged = read_amount(form, f"damaged-{one.batch.id}", one.batch.item, is_required=False)
        if good or damaged:
            lines.append(
                commands.ArrivedLine(
                    batch_id=one.batch.id, good_milli=good.milli if good else Milli(0),
                    damaged_milli=damaged.milli if damaged else Milli(0),
                    note=form.text(note_field, most=200),
                )
            )  # fmt: skip
    if not lines and form.is_good:
        form.fail(f"good-{on_road[0].batch.id}" if on_road else "", "shipment.nothing_arrived")

    def act(tx: Tx) -> str:
        done = commands.arrive_shipment(
            tx, commands.ArriveShipment(shipment_id=shipment_id, lines=tuple(lines), event_at=at, note=note)
        )
        is_all = done.state is ShipmentState.ARRIVED
        flash(
            _("Semua barang kiriman ini sudah tiba.") if is_all
            else _("Yang tiba sudah dicatat. Sisanya tetap tercatat di jalan."),
            "good",
        )  # fmt: skip
        return url_for("shipping.journey", shipment_id=shipment_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_journey(shipment_id, form), 422)


@pages.post("/perjalanan/<uuid:shipment_id>/hilang")
@guard.requires("stock.correct")
def lose(shipment_id: UUID) -> str | BaseResponse:
    """Ask for the write-off of what will not arrive any more; a second person decides on it."""
    form = Form()
    with context.read() as tx:
        view = _view(tx, shipment_id)
    reason = form.choice("loss", LossReason)
    note = form.text("minutes", most=2000, least=LEAST_NOTE)
    lines = []
    for one in view.lines:
        amount = read_amount(form, f"lost-{one.batch.id}", one.batch.item, is_required=False)
        if amount and amount.milli > one.rest_milli:
            rest = print_quantity(one.rest_milli, one.batch.item.base_unit, context.lang())
            form.fail(f"lost-{one.batch.id}", "shipment.lost_more", {"rest": rest})
        elif amount and amount.milli:
            lines.append(CorrectionItem(batch_id=one.batch.id, difference_milli=-amount.milli))
    if not lines and form.is_good:
        form.fail("loss", "stock.nothing_to_do")

    def act(tx: Tx) -> str:
        assert reason
        made = ask_correction(
            tx,
            AskCorrection(
                kind=CorrectionKind.WRITE_OFF, reason=reason.value, note=note, place_id=view.row.via.id,
                lines=tuple(lines), subject=commands.SUBJECT, subject_id=str(shipment_id),
            ),
        )  # fmt: skip
        flash(_("Penghapusan diajukan. Barangnya tetap tercatat di jalan sampai orang kedua menyetujui."), "good")
        return url_for("corrections.show", correction_id=made)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_journey(shipment_id, form), 422)


def _view(tx: Tx, shipment_id: UUID) -> queries.ShipmentView:
    """Raises: Forbidden; NotFound, also for a shipment between places out of reach."""
    reach = sees_places(tx)
    view = queries.shipment(tx, shipment_id)
    need_one_of(reach, (view.row.source, view.row.target), "shipment.not_found")
    return view


def _journey(shipment_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = _view(tx, shipment_id)
        who = name_of(tx, view.row.sent_by)
        papers = _papers(tx, moves_for(tx, commands.SUBJECT, shipment_id), view.row.target)
        today = tx.today
        may_lose = (
            view.row.state in OPEN_SHIPMENTS and may(tx.actor, "stock.correct")
            and tx.require("stock.correct").has_place(view.row.via.id)
        )  # fmt: skip
        may_arrive = (
            view.row.state in OPEN_SHIPMENTS and may(tx.actor, "stock.receive")
            and tx.require("stock.receive").has_place(view.row.target.id)
        )  # fmt: skip
    return render_template(
        "shipping/show.html", form=form, view=view, who=who, papers=papers, may_arrive=may_arrive,
        may_lose=may_lose, losses=[(one.value, say(one.label, lang)) for one in LOSSES],
        state=say(view.row.state.label, lang), tone=TONES[view.row.state], is_late=view.row.is_late(today),
        today=f"{today:%d/%m/%Y}", lines=[_line(one, today, lang) for one in view.lines],
    )  # fmt: skip


def _line(one: queries.ShipmentLineView, today: date, lang: str) -> dict[str, Any]:
    unit = one.batch.item.base_unit
    return {
        "view": one, "name": one.batch.item.name(lang), "unit": unit, "is_old": is_expired(one.batch.expires_on, today),
        "rest_number": print_quantity(one.rest_milli, "", lang),
        **{
            name: print_quantity(getattr(one, f"{name}_milli"), unit, lang) if getattr(one, f"{name}_milli") else ""
            for name in ("sent", "arrived", "damaged", "lost", "rest")
        },
    }  # fmt: skip


def _papers(tx: Tx, moves: Sequence[SubjectMove], target: PlaceView) -> list[dict[str, Any]]:
    """Give the documents of a shipment in their order, each once, for the timeline."""
    zone = context.actor().zone
    made: dict[UUID, dict[str, Any]] = {}
    for one in moves:
        if one.document_id in made:
            continue
        if one.target.kind is PlaceKind.VEHICLE:
            what = _("Berangkat dari %(place)s", place=one.source.name)
        elif one.target.id == target.id:
            what = _("Tiba di %(place)s", place=one.target.name)
        elif one.target.kind is PlaceKind.QUARANTINE:
            what = _("Tiba rusak, di %(place)s", place=one.target.name)
        else:
            what = _("Dihapus dari perjalanan")
        made[one.document_id] = {
            "at": print_instant(one.event_at, zone, context.lang()), "iso": one.event_at.isoformat(), "what": what,
            "who": name_of(tx, one.actor_id), "why": one.number or "",
            "href": url_for("stock.document", document_id=one.document_id),
        }  # fmt: skip
    return list(made.values())
