"""Pemindahan: goods moved between the office's warehouses."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Invalid
from core.work import Tx
from routes import context, guard
from routes.forms import Form
from routes.goods_form import counted, goods_of, shown_lines, used_lines
from routes.texts import gettext as _
from stock.items.queries import items
from stock.ledger import commands
from stock.places.kinds import PlaceKind
from stock.places.queries import places

pages = Blueprint("shipping", __name__, url_prefix="/stok/pindah")


@pages.get("")
@guard.requires("stock.transfer")
def transfer_form() -> str:
    return _transfer(Form())


@pages.post("")
@guard.requires("stock.transfer")
def transfer() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _transfer(form)
    source, target = form.uuid("from_place_id"), form.uuid("to_place_id")
    reason = form.text("reason", most=160, least=3)
    with context.read() as tx:
        goods = goods_of(items(tx), context.lang())
    lines = []
    for no in used_lines(form, ("goods", "quantity")):
        one, quantity = counted(form, no, goods)
        if one and quantity:
            lines.append(commands.ItemLine(item_id=one.item.id, quantity_milli=quantity))
    if not lines and form.is_good:
        form.fail("goods-1", "stock.nothing_to_do")

    def act(tx: Tx) -> str:
        assert source and target
        shelves = {one.id for one in places(tx, kinds=(PlaceKind.WAREHOUSE,))}
        if not {source, target} <= shelves:
            # Posts get their goods by a load, so that packages follow; this form is for warehouses.
            raise Invalid("stock.only_warehouses", field="to_place_id")
        done = commands.transfer(
            tx,
            commands.Transfer(from_place_id=source, to_place_id=target, lines=tuple(lines), reason=reason),
        )
        flash(_("Pemindahan dicatat dengan bukti %(number)s.", number=done.number or "–"), "good")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_transfer(form), 422)


def _transfer(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("stock.transfer")
        shelves = [one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if not one.is_closed]
        goods = goods_of(items(tx), lang)
    return render_template(
        "stock/transfer.html", form=form, count=shown_lines(form),
        sources=[(str(one.id), one.name) for one in shelves if reach.has_place(one.id)],
        targets=[(str(one.id), one.name) for one in shelves],
        goods=[(one.value, one.label) for one in goods.values()],
    )  # fmt: skip
