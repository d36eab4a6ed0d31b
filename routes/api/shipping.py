"""Goods moving between warehouses, for machines."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from routes import context, guard
from routes.schemas import shipping as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from stock.items.queries import find_item
from stock.ledger import commands, queries
from stock.places.queries import find_place

api = Blueprint("shipments", __name__, url_prefix="/stock", description="Goods moving between warehouses.")


@api.post("/transfers")
@guard.requires("stock.transfer")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TransferIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def transfer_goods(data: dict[str, Any], **_: Any) -> Response:
    """Move goods between two of the office's places; what is reserved stays."""

    def act(tx: Tx) -> Any:
        done = commands.transfer(
            tx,
            commands.Transfer(
                from_place_id=find_place(tx, data["from_place_code"]).id,
                to_place_id=find_place(tx, data["to_place_code"]).id, event_at=data["event_at"],
                reason=data["reason"], note=data["note"], lines=tuple(_line(tx, line) for line in data["lines"]),
            ),
        )  # fmt: skip
        return BookedOut().dump(done)

    return context.write_once(act)


def _line(tx: Tx, line: dict[str, Any]) -> commands.ItemLine | commands.BatchLine:
    if line["batch_code"]:
        batch = queries.batch_by_code(tx, line["batch_code"])
        return commands.BatchLine(batch_id=batch.id, quantity_milli=line["quantity"])
    return commands.ItemLine(item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"])
