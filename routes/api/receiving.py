"""Goods coming in, for machines."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from routes import context, guard
from routes.schemas import receiving as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from stock.items.queries import find_item
from stock.ledger import commands
from stock.places.queries import find_place

api = Blueprint("inbound", __name__, url_prefix="/stock", description="Goods coming in.")


@api.post("/receipts")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReceiveIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def receive_goods(data: dict[str, Any], **_: Any) -> Response:
    """Receive goods: one new batch for each line."""

    def act(tx: Tx) -> Any:
        done = commands.receive(
            tx,
            commands.Receive(
                to_place_id=find_place(tx, data["to_place_code"]).id,
                from_place_id=find_place(tx, data["from_place_code"]).id if data["from_place_code"] else None,
                incoming_document=data["incoming_document"], event_at=data["event_at"], note=data["note"],
                lines=tuple(
                    commands.ReceiveLine(
                        item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"],
                        funding_source=line["funding_source"], value_rp=line["value_rp"],
                        expires_on=line["expires_on"],
                    )
                    for line in data["lines"]
                ),
            ),
        )  # fmt: skip
        return BookedOut().dump({"document_id": done.document_id, "number": done.number, "moves": done.batches})

    return context.write_once(act)
