"""Daftar barang: the catalogue, its units, boxes and spellings."""

from __future__ import annotations

from flask import Blueprint, render_template

from core.i18n import say
from core.measures import print_quantity
from routes import context, guard
from stock.items.queries import items

pages = Blueprint("items", __name__, url_prefix="/stok/barang")


@pages.get("")
@guard.requires("stock.see")
def catalogue() -> str:
    """Show the catalogue: units, boxes, steps."""
    lang = context.lang()
    with context.read() as tx:
        found = items(tx, with_inactive=True)
    return render_template(
        "items/index.html",
        lines=[
            {
                "item": one, "name": one.name(lang), "category": say(one.category.label, lang),
                "packs": [
                    f"{pack.name} {print_quantity(pack.quantity_milli, one.base_unit, lang)}" for pack in one.packs
                ],
                "step": print_quantity(one.step_milli, one.base_unit, lang),
            }
            for one in found
        ],
    )  # fmt: skip
