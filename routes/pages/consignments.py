"""Kedatangan: goods a giver has announced, counted at the gate, looked at, and put on the shelf."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import name_of
from core.errors import NotFound
from core.i18n import say
from core.measures import LARGEST_MILLI, MILLI, Milli, Rupiah, print_day, print_instant, print_quantity, print_rupiah
from core.permissions import may
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.goods_form import event_at
from routes.goods_lines import (
    MOST_LINES,
    Catalogue,
    read_amount,
    read_expiry,
    read_thing,
    read_worth,
    shown_lines,
    used_lines,
)
from routes.pages.receiving import FUNDING, gates
from routes.seeing import sees_places
from routes.texts import gettext as _
from stock.inbound import commands, queries
from stock.inbound.states import COMING, ConsignmentState
from stock.items.queries import items
from stock.ledger.commands import BatchLine
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.ledger.subjects import is_undone, moves_for
from stock.places.kinds import PlaceKind
from stock.places.queries import places, quarantine_of

pages = Blueprint("consignments", __name__, url_prefix="/stok/kedatangan")
TONES = {
    ConsignmentState.EXPECTED: "neutral", ConsignmentState.RECEIVED: "warn", ConsignmentState.INSPECTED: "info",
    ConsignmentState.STOCKED: "good", ConsignmentState.CANCELLED: "bad",
}  # fmt: skip
STATES = {
    "": COMING, "diharapkan": (ConsignmentState.EXPECTED,), "diterima": (ConsignmentState.RECEIVED,),
    "diperiksa": (ConsignmentState.INSPECTED,), "selesai": (ConsignmentState.STOCKED,),
    "dibatalkan": (ConsignmentState.CANCELLED,),
}  # fmt: skip
MORE_LINES = 3
"""Lines for goods that nobody announced."""


# ---------------------------------------------------------------- the list


@pages.get("")
@guard.requires("stock.see")
def index() -> str:
    """Show what is coming, by state; what should be here already stands first."""
    lang = context.lang()
    asked = request.args.get("keadaan", "")
    asked = asked if asked in STATES else ""
    with context.read() as tx:
        reach = sees_places(tx)
        every = queries.consignments(tx, place_ids=None if reach.is_all else reach.place_ids, limit=1000)
        today = tx.today
    counts = Counter(one.state for one in every)
    labels = {
        "": _("Belum di rak"), "diharapkan": _("Diharapkan"), "diterima": _("Diperiksa dulu"),
        "diperiksa": _("Siap ke rak"), "selesai": _("Selesai"), "dibatalkan": _("Dibatalkan"),
    }  # fmt: skip
    return render_template(
        "receiving/index.html", asked=asked,
        late=sum(one.is_late(today) for one in every),
        tabs=[
            {
                "label": labels[word], "href": url_for("consignments.index", keadaan=word or None),
                "is_current": word == asked,
                "count": sum(counts[one] for one in states) if word not in ("selesai", "dibatalkan") else None,
            }
            for word, states in STATES.items()
        ],
        lines=[
            {
                "view": one, "state": say(one.state.label, lang), "tone": TONES[one.state],
                "is_late": one.is_late(today), "goods": ", ".join(item.name(lang) for item in one.items[:3])
                + (f" +{len(one.items) - 3}" if len(one.items) > 3 else ""),
            }
            for one in every if one.state in STATES[asked]
        ],
    )  # fmt: skip


# ---------------------------------------------------------------- announcing


@pages.get("/baru")
@guard.requires("stock.receive")
def new() -> str:
    return _new(Form(MultiDict()))


@pages.post("/baru")
@guard.requires("stock.receive")
def expect() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _new(form)
    place_id = form.uuid("place_id")
    giver = form.text("new_giver", most=120)
    giver_id = None if giver else form.uuid("giver_id")
    paper, note = form.text("incoming_document", most=160, least=2), form.text("note", most=500)
    expected_on = form.day("expected_on")
    funding = form.choice("funding", FundingSource)
    lines = []
    with context.read() as tx:
        catalogue = Catalogue(items(tx), context.lang())
    for no in used_lines(form, ("goods", "quantity")):
        thing = read_thing(form, f"goods-{no}", catalogue)
        amount = read_amount(form, f"quantity-{no}", thing.item if thing else None)
        worth = read_worth(form, no, amount)
        if thing and amount and worth:
            lines.append(
                commands.ExpectedLine(
                    item_id=thing.item.id, quantity_milli=amount.milli,
                    # A box's price that is no whole number for one of its content is rounded down; what counts is
                    # the price on the paper that comes with the goods.
                    unit_price_rp=Rupiah(worth.value_rp * MILLI // amount.milli),
                    variant_id=thing.variant.id if thing.variant else None,
                )
            )  # fmt: skip
    if not lines and form.is_good:
        form.fail("goods-1", "stock.nothing_to_do")

    def act(tx: Tx) -> str:
        assert place_id and expected_on and funding
        tx.require("stock.receive").need_place(place_id, "place")
        found = commands.giver_named(tx, giver) if giver else giver_id
        assert found
        made = commands.expect_goods(
            tx,
            commands.ExpectGoods(
                giver_id=found, place_id=place_id, incoming_document=paper, funding_source=funding,
                expected_on=expected_on, lines=tuple(lines), note=note,
                release_condition=ReleaseCondition.DECREE if form.raw("release") else ReleaseCondition.NONE,
            ),
        )  # fmt: skip
        flash(_("Kedatangan dicatat. Barangnya dihitung di sini saat tiba."), "good")
        return url_for("consignments.show", consignment_id=made)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_new(form), 422)


def _new(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        spots = gates(tx, tx.require("stock.receive"), PlaceKind.WAREHOUSE)
        suppliers = [one for one in places(tx, kinds=(PlaceKind.SUPPLIER,)) if not one.is_closed]
        options = list(Catalogue(items(tx), lang).options())
    return render_template(
        "receiving/new.html", form=form, count=shown_lines(form), most=MOST_LINES, options=options,
        places=[(str(one.id), one.name) for one in spots], suppliers=[(str(one.id), one.name) for one in suppliers],
        funding=[(one.value, say(one.label, lang)) for one in FUNDING],
    )  # fmt: skip


# ---------------------------------------------------------------- one consignment, step by step


@pages.get("/<uuid:consignment_id>")
@guard.requires("stock.see")
def show(consignment_id: UUID) -> str:
    return _show(consignment_id, Form(MultiDict()))


@pages.post("/<uuid:consignment_id>/terima")
@guard.requires("stock.receive")
def receive(consignment_id: UUID) -> str | BaseResponse:
    """Count what came; ``fill`` only writes into the form that everything came as announced."""
    form = Form()
    with context.read() as tx:
        view = _view(tx, consignment_id)
        catalogue = Catalogue(items(tx), context.lang())
    # Lines that came unannounced are of this form too, once it has been sent: read alike both times.
    announced = [one for one in view.lines if one.expected_milli]
    if form.raw("fill"):
        filled = {f"came-{one.id}": print_quantity(one.expected_milli) for one in announced}
        return _show(consignment_id, Form(MultiDict({**form.values.to_dict(), **filled})))
    at = event_at(form, "received_on")
    note = form.text("note", most=500)
    came = [one for one in (_came(form, line) for line in announced) if one is not None]
    extra = _unannounced(form, catalogue)

    def act(tx: Tx) -> str:
        done = commands.receive_consignment(
            tx,
            commands.ReceiveConsignment(
                consignment_id=consignment_id, lines=tuple(came), unannounced=tuple(extra), event_at=at, note=note
            ),
        )
        flash(_("Yang datang dicatat dengan bukti %(number)s dan menunggu pemeriksaan.", number=done.number), "good")
        return url_for("consignments.show", consignment_id=consignment_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(consignment_id, form), 422)


def _came(form: Form, line: queries.ConsignmentLineView) -> commands.CameLine | None:
    field = f"came-{line.id}"
    if not form.raw(field).strip():
        form.fail(field, "consignment.count_every_line")
        return None
    amount = read_amount(form, field, line.item, is_required=False)
    expires_on = form.day(f"expires_on-{line.id}", is_required=False)
    price = form.number(f"price_rp-{line.id}", least=0, most=LARGEST_MILLI // MILLI, is_required=False)
    if amount and amount.milli and line.item.does_expire and not form.raw(f"expires_on-{line.id}").strip():
        form.fail(f"expires_on-{line.id}", "batch.expiry_missing", {"item": line.item.name(context.lang())})
    if amount is None:
        return None
    return commands.CameLine(
        line_id=line.id, received_milli=amount.milli, expires_on=expires_on,
        unit_price_rp=None if price is None else Rupiah(price), note=_note(form, line.id),
    )  # fmt: skip


def _note(form: Form, line_id: UUID) -> str:
    field = f"note-{line_id}"
    return form.text(field, most=200)


def _unannounced(form: Form, catalogue: Catalogue) -> list[commands.UnannouncedLine]:
    found = []
    for no in range(1, MORE_LINES + 1):
        if not any(form.raw(f"{field}-{no}").strip() for field in ("goods", "quantity")):
            continue
        thing = read_thing(form, f"goods-{no}", catalogue)
        amount = read_amount(form, f"quantity-{no}", thing.item if thing else None)
        expires_on = read_expiry(form, f"expires_on-{no}", thing.item if thing else None, None)
        if thing and amount:
            found.append(
                commands.UnannouncedLine(
                    item_id=thing.item.id, quantity_milli=amount.milli, expires_on=expires_on,
                    variant_id=thing.variant.id if thing.variant else None,
                )
            )  # fmt: skip
    return found


@pages.post("/<uuid:consignment_id>/periksa")
@guard.requires("stock.receive")
def inspect(consignment_id: UUID) -> str | BaseResponse:
    """Note what is damaged of each line; the rest is good."""
    form = Form()
    with context.read() as tx:
        view = _view(tx, consignment_id)
    lines = []
    for line in view.lines:
        received = line.received_milli or 0
        damaged = read_amount(form, f"damaged-{line.id}", line.item, is_required=False)
        bad = damaged.milli if damaged else 0
        if bad > received:
            most = print_quantity(received, line.item.base_unit, context.lang())
            form.fail(f"damaged-{line.id}", "goods.more_damaged", {"most": most})
        lines.append(
            commands.InspectedLine(
                line_id=line.id, good_milli=Milli(received - bad), damaged_milli=Milli(bad),
                note=_note(form, line.id),
            )
        )  # fmt: skip

    def act(tx: Tx) -> str:
        order = commands.InspectConsignment(consignment_id=consignment_id, lines=tuple(lines))
        commands.inspect_consignment(tx, order)
        flash(_("Hasil pemeriksaan disimpan."), "good")
        return url_for("consignments.show", consignment_id=consignment_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(consignment_id, form), 422)


@pages.post("/<uuid:consignment_id>/rak")
@guard.requires("stock.receive")
def stock(consignment_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> str:
        done = commands.stock_consignment(tx, consignment_id)
        if done is None:
            flash(_("Tidak ada yang baik untuk ditaruh di rak; semuanya tetap di karantina."), "warn")
        else:
            flash(_("Barang yang baik sekarang di rak dan dapat dijanjikan."), "good")
        return url_for("consignments.show", consignment_id=consignment_id)

    return _done_or_told(consignment_id, Form(), act)


@pages.post("/<uuid:consignment_id>/kembalikan")
@guard.requires("stock.transfer")
def give_back(consignment_id: UUID) -> str | BaseResponse:
    """Send damaged goods back to the giver."""
    form = Form()
    reason = form.text("back_reason", most=300, least=5)
    with context.read() as tx:
        view = _view(tx, consignment_id)
    lines = []
    for line in view.lines:
        amount = read_amount(form, f"back-{line.batch_id}", line.item, is_required=False) if line.batch_id else None
        if amount and amount.milli and line.batch_id:
            lines.append(BatchLine(batch_id=line.batch_id, quantity_milli=amount.milli))
    if not lines and form.is_good:
        form.fail("back_reason", "stock.nothing_to_do")

    def act(tx: Tx) -> str:
        order = commands.ReturnDamaged(consignment_id=consignment_id, lines=tuple(lines), reason=reason)
        commands.return_damaged(tx, order)
        flash(_("Barang rusak dikembalikan kepada pemberinya."), "good")
        return url_for("consignments.show", consignment_id=consignment_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_show(consignment_id, form), 422)


@pages.post("/<uuid:consignment_id>/batal")
@guard.requires("stock.receive")
def cancel(consignment_id: UUID) -> BaseResponse:
    form = Form()
    reason = form.text("note", most=300, least=5)

    def act(tx: Tx) -> str:
        commands.cancel_consignment(tx, consignment_id, reason)
        flash(_("Kedatangan dibatalkan; barangnya tidak lagi diharapkan."), "good")
        return url_for("consignments.show", consignment_id=consignment_id)

    return _done_or_told(consignment_id, form, act)


def _done_or_told(consignment_id: UUID, form: Form, act: Any) -> BaseResponse:
    done = form.attempt(lambda: context.submit_once(act))
    for error in form.errors:
        flash(error["text"], "bad")
    if done is not None:
        answer: BaseResponse = done
        return answer
    return redirect(url_for("consignments.show", consignment_id=consignment_id), 303)


def _view(tx: Tx, consignment_id: UUID) -> queries.ConsignmentView:
    """Raises: Forbidden; NotFound, also for a consignment to a warehouse out of reach."""
    reach = sees_places(tx)
    view = queries.consignment(tx, consignment_id)
    if not reach.has_place(view.row.place.id):
        raise NotFound("consignment.not_found")
    return view


def _show(consignment_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = _view(tx, consignment_id)
        row = view.row
        is_gone = row.receipt_id is not None and is_undone(tx, row.receipt_id)
        may_act = not is_gone and may(tx.actor, "stock.receive") and tx.require("stock.receive").has_place(row.place.id)
        may_move = (
            not is_gone and may(tx.actor, "stock.transfer") and tx.require("stock.transfer").has_place(row.place.id)
        )
        left = commands.damaged_left(tx, consignment_id) if view.has_damaged else {}
        options = list(Catalogue(items(tx), lang).options()) if row.state is ConsignmentState.EXPECTED else []
        story = _story(tx, view)
        apart = quarantine_of(tx, row.place.id)
        today = tx.today
    lines = [_line(one, left.get(one.batch_id, 0) if one.batch_id else 0, lang) for one in view.lines]
    return render_template(
        "receiving/show.html", form=form, view=view, row=row, lines=lines, options=options, may_act=may_act,
        may_move=may_move, state=say(row.state.label, lang), tone=TONES[row.state], is_late=row.is_late(today),
        step=row.state.value, more_lines=MORE_LINES, story=story, today=f"{today:%d/%m/%Y}", apart=apart,
        is_gone=is_gone, funding=say(row.funding_source.label, lang), condition=say(row.release_condition.label, lang),
        has_left=any(line["left"] for line in lines), has_good=any(one.good_milli for one in view.lines),
    )  # fmt: skip


def _line(one: queries.ConsignmentLineView, left: int, lang: str) -> dict[str, Any]:
    unit = one.item.base_unit
    difference = one.difference_milli
    return {
        "view": one, "unit": unit, "name": one.item.name(lang) + (f", {one.variant.name}" if one.variant else ""),
        "expected": print_quantity(one.expected_milli, unit, lang) if one.expected_milli else "",
        "left": print_quantity(left, unit, lang) if left else "", "left_number": print_quantity(left, "", lang),
        "expires": f"{one.expires_on:%d/%m/%Y}" if one.expires_on else "",
        "price": print_rupiah(one.unit_price_rp, lang) if one.unit_price_rp else "",
        "difference": ("+" if difference > 0 else "") + print_quantity(difference, unit, lang) if difference else "",
        "is_less": bool(difference and difference < 0),
        **{
            name: "" if amount is None else print_quantity(amount, unit, lang)
            for name, amount in (
                ("received", one.received_milli), ("good", one.good_milli), ("damaged", one.damaged_milli or None)
            )
        },
    }  # fmt: skip


def _story(tx: Tx, view: queries.ConsignmentView) -> list[dict[str, Any]]:
    """Tell what has happened to a consignment, oldest first."""
    row, lang, zone = view.row, context.lang(), context.actor().zone
    steps: list[tuple[Any, str, str, UUID | None, str]] = [
        (row.created_at, _("Diumumkan, diharapkan %(day)s", day=print_day(row.expected_on, lang)),
         name_of(tx, row.created_by), None, row.incoming_document),
    ]  # fmt: skip
    if row.received_at:
        steps.append((row.received_at, _("Diterima ke karantina"), row.received_by_name, row.receipt_id, ""))
    if row.inspected_at:
        steps.append((row.inspected_at, _("Diperiksa"), row.inspected_by_name, None, ""))
    if row.stocked_at:
        what = _("Yang baik ditaruh di rak") if row.stocking_id else _("Selesai; tidak ada yang baik")
        steps.append((row.stocked_at, what, name_of(tx, row.stocked_by or ""), row.stocking_id, ""))
    returns = {
        one.document_id: (one.event_at, _("Yang rusak kembali ke pemberi"), name_of(tx, one.actor_id),
                          one.document_id, one.reason)
        for one in moves_for(tx, commands.SUBJECT, row.id) if one.target.kind is PlaceKind.SUPPLIER
    }  # fmt: skip
    steps += sorted(returns.values(), key=lambda one: one[0])
    return [
        {
            "at": print_instant(at, zone, lang), "iso": at.isoformat(), "what": what, "who": who, "why": why,
            "href": url_for("stock.document", document_id=document_id) if document_id else None,
        }
        for at, what, who, document_id, why in steps
    ]  # fmt: skip
