"""Terima barang: goods received, straight onto the shelf; what is damaged of them goes apart by the same paper."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, make_response, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.i18n import say
from core.measures import print_quantity
from core.permissions import Reach
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
from routes.texts import gettext as _
from stock.inbound.commands import giver_named
from stock.items.queries import items
from stock.ledger import commands
from stock.ledger.kinds import FundingSource, ReleaseCondition
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places

pages = Blueprint("receiving", __name__, url_prefix="/stok/terima")
FUNDING = tuple(one for one in FundingSource if one is not FundingSource.MIXED)
"""Whose money goods can have been bought with; mixed is a kit's word."""


@pages.get("")
@guard.requires("stock.receive")
def receive_form() -> str:
    return _receive(Form(MultiDict()))


@pages.post("")
@guard.requires("stock.receive")
def receive() -> str | BaseResponse:
    form = Form()
    if form.raw("more"):
        return _receive(form)
    place_id = form.uuid("to_place_id")
    giver = form.text("new_giver", most=120)
    supplier_id = None if giver else form.uuid("from_place_id")
    paper, note = form.text("incoming_document", most=160, least=2), form.text("note", most=500)
    at = event_at(form, "received_on")
    with context.read() as tx:
        catalogue = Catalogue(items(tx), context.lang())
        today = tx.today
        spot = next((one for one in places(tx) if one.id == place_id), None)
    is_apart = spot is not None and spot.kind is PlaceKind.QUARANTINE
    on = at.astimezone(context.actor().zone).date() if at else today
    lines = _lines(form, catalogue, on, is_apart=is_apart)

    def act(tx: Tx) -> str:
        assert place_id
        tx.require("stock.receive").need_place(place_id, "place")
        done = commands.receive(
            tx,
            commands.Receive(
                to_place_id=place_id, from_place_id=giver_named(tx, giver) if giver else supplier_id,
                lines=tuple(lines), incoming_document=paper, event_at=at, note=note,
            ),
        )  # fmt: skip
        flash(_("Barang masuk dicatat dengan bukti %(number)s.", number=done.number), "good")
        if any(line.damaged_milli for line in lines):
            flash(_("Yang rusak ada di karantina gudang ini, dengan bukti yang sama."), "warn")
        return url_for("stock.document", document_id=done.document_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_receive(form), 422)


def _lines(form: Form, catalogue: Catalogue, on: date, *, is_apart: bool) -> list[commands.ReceiveLine]:
    """Read the lines; what is blank of funding and expiry is taken from the line above, a whole blank line is none."""
    lines = []
    condition = ReleaseCondition.DECREE if form.raw("release") else ReleaseCondition.NONE
    funding_before: FundingSource | None = None
    expiry_before: date | None = None
    for no in used_lines(form, ("goods", "quantity", "damaged", "price_rp", "value_rp")):
        thing = read_thing(form, f"goods-{no}", catalogue)
        item = thing.item if thing else None
        amount = read_amount(form, f"quantity-{no}", item)
        damaged = read_amount(form, f"damaged-{no}", item, is_required=False, each_of=f"quantity-{no}")
        funding = form.choice(f"funding-{no}", FundingSource, funding_before)
        funding_before = funding or funding_before
        worth = read_worth(form, no, amount)
        expires_on = read_expiry(form, f"expires_on-{no}", item, expiry_before)
        expiry_before = expires_on or expiry_before
        if expires_on and expires_on < on and not is_apart:
            form.fail(f"expires_on-{no}", "stock.received_expired")
        if amount and damaged and damaged.milli > amount.milli:
            most = print_quantity(amount.milli, item.base_unit if item else "", context.lang())
            form.fail(f"damaged-{no}", "goods.more_damaged", {"most": most})
        if thing and amount and funding and worth:
            lines.append(
                commands.ReceiveLine(
                    item_id=thing.item.id, quantity_milli=amount.milli, funding_source=funding,
                    value_rp=worth.value_rp, unit_price_rp=worth.unit_price_rp, expires_on=expires_on,
                    variant_id=thing.variant.id if thing.variant else None, release_condition=condition,
                    damaged_milli=damaged.milli if damaged and not is_apart else 0,
                )
            )  # fmt: skip
    if not lines and form.is_good:
        form.fail("goods-1", "stock.nothing_to_do")
    return lines


def gates(tx: Tx, reach: Reach, *kinds: PlaceKind) -> list[PlaceView]:
    """Give the open places of these kinds at which the actor may receive."""
    return [one for kind in kinds for one in places(tx, kinds=(kind,)) if not one.is_closed and reach.has_place(one.id)]


def _receive(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        spots = gates(tx, tx.require("stock.receive"), PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE)
        suppliers = [one for one in places(tx, kinds=(PlaceKind.SUPPLIER,)) if not one.is_closed]
        options = list(Catalogue(items(tx), lang).options())
        today = tx.today
    return render_template(
        "stock/receive.html", form=form, count=shown_lines(form), most=MOST_LINES, today=f"{today:%d/%m/%Y}",
        places=[(str(one.id), one.name) for one in spots], suppliers=[(str(one.id), one.name) for one in suppliers],
        options=options, funding=[(one.value, say(one.label, lang)) for one in FUNDING],
    )  # fmt: skip
