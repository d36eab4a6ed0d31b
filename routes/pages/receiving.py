"""Barang masuk: goods received, straight onto the shelf."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import LARGEST_MILLI, MILLI, Rupiah
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.goods_form import Goods, counted, event_at, goods_of, shown_lines, used_lines
from routes.texts import gettext as _
from stock.items.queries import items
from stock.ledger import commands
from stock.ledger.kinds import FundingSource
from stock.places.kinds import PlaceKind
from stock.places.queries import places

pages = Blueprint("receiving", __name__, url_prefix="/stok/terima")


@pages.get("")
@guard.requires("stock.receive")
def receive_form() -> str:
    return _receive(Form())


@pages.post("")
@guard.requires("stock.receive")
def receive() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _receive(form)
    place_id, supplier_id = form.uuid("to_place_id"), form.uuid("from_place_id")
    paper, note = form.text("incoming_document", most=160, least=2), form.text("note", most=500)
    at = event_at(form, "received_on")
    with context.read() as tx:
        goods = goods_of(items(tx), context.lang())
        today = tx.today
        spot = next((one for one in places(tx) if one.id == place_id), None)
    may_be_old = spot is not None and spot.kind is PlaceKind.QUARANTINE
    lines = _receive_lines(form, goods, at.astimezone(context.actor().zone).date() if at else today, may_be_old)

    def act(tx: Tx) -> str:
        assert place_id
        done = commands.receive(
            tx,
            commands.Receive(
                to_place_id=place_id, from_place_id=supplier_id, lines=tuple(lines), incoming_document=paper,
                event_at=at, note=note,
            ),
        )  # fmt: skip
        flash(_("Barang masuk dicatat dengan bukti %(number)s.", number=done.number), "good")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_receive(form), 422)


def _receive_lines(form: Form, goods: dict[str, Goods], on: date, may_be_old: bool) -> list[commands.ReceiveLine]:
    """Read the lines; a line with neither goods nor quantity was left empty."""
    lines = []
    funding_before: FundingSource | None = None
    for no in used_lines(form, ("goods", "quantity", "value_rp")):
        one, quantity = counted(form, no, goods)
        funding = form.choice(f"funding-{no}", FundingSource, funding_before)
        funding_before = funding or funding_before
        value = form.number(f"value_rp-{no}", least=0, most=LARGEST_MILLI // MILLI, is_required=False) or 0
        expires_on = form.day(f"expires_on-{no}", is_required=False)
        if one and one.item.does_expire and expires_on is None and not form.raw(f"expires_on-{no}").strip():
            form.fail(f"expires_on-{no}", "batch.expiry_missing", {"item": one.item.name(context.lang())})
        if expires_on and expires_on < on and not may_be_old:
            form.fail(f"expires_on-{no}", "stock.received_expired")
        if one and quantity and funding:
            lines.append(
                commands.ReceiveLine(
                    item_id=one.item.id, quantity_milli=quantity, funding_source=funding, value_rp=Rupiah(value),
                    expires_on=expires_on,
                )
            )  # fmt: skip
    if not lines and form.is_good:
        form.fail("goods-1", "stock.nothing_to_do")
    return lines


def _receive(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("stock.receive")
        spots = [
            one for kind in (PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE) for one in places(tx, kinds=(kind,))
            if not one.is_closed and reach.has_place(one.id)
        ]  # fmt: skip
        suppliers = places(tx, kinds=(PlaceKind.SUPPLIER,))
        goods = goods_of(items(tx), lang)
        today = tx.today
    return render_template(
        "stock/receive.html", form=form, count=shown_lines(form), today=f"{today:%d/%m/%Y}",
        places=[(str(one.id), one.name) for one in spots], suppliers=[(str(one.id), one.name) for one in suppliers],
        goods=[(one.value, one.label) for one in goods.values()],
        funding=[(one.value, say(one.label, lang)) for one in FundingSource],
    )  # fmt: skip
