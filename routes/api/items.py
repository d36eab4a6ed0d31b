"""The catalogue for machines."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from routes import context, guard
from routes.schemas import items as shapes
from stock.items.queries import items

api = Blueprint("stock-items", __name__, url_prefix="/stock/items", description="What can be stocked, and its units.")


@api.get("")
@guard.requires("stock.see")
@api.response(200, shapes.ItemsOut)
def list_items() -> dict[str, Any]:
    """List the catalogue with units and boxes."""
    with context.read() as tx:
        return {"items": items(tx, with_inactive=True)}
