"""Goods moving between warehouses, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Invalid
from core.work import Tx
from routes import context, guard
from routes.schemas import shipping as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from routes.seeing import need_one_of, sees_places
from stock.items.queries import find_item
from stock.ledger import commands, queries
from stock.places.kinds import PlaceKind
from stock.places.queries import find_place
from stock.shipments import commands as shipping
from stock.shipments import queries as shipped

api = Blueprint("shipments", __name__, url_prefix="/stock", description="Goods moving between warehouses.")


@api.post("/transfers")
@guard.requires("stock.transfer")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TransferIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def transfer_goods(data: dict[str, Any], **_: Any) -> Response:
    """Move goods between two of the office's places at once; what is reserved stays. The road takes shipments only."""

    def act(tx: Tx) -> Any:
        source, target = find_place(tx, data["from_place_code"]), find_place(tx, data["to_place_code"])
        for place, field in ((source, "from_place_code"), (target, "to_place_code")):
            if place.kind is PlaceKind.VEHICLE:
                raise Invalid("shipment.road_is_for_shipments", field=field, place=place.name)
        done = commands.transfer(
            tx,
            commands.Transfer(
                from_place_id=source.id, to_place_id=target.id, event_at=data["event_at"], reason=data["reason"],
                note=data["note"], lines=tuple(_line(tx, line) for line in data["lines"]),
            ),
        )  # fmt: skip
        return BookedOut().dump(done)

    return context.write_once(act)


@api.get("/shipments")
@guard.requires("stock.see")
@api.arguments(shapes.ShipmentArgs, location="query")
@api.response(200, shapes.ShipmentsOut)
def list_shipments(args: dict[str, Any]) -> dict[str, Any]:
    """List shipments from or to the caller's places: what is on the road first."""
    with context.read() as tx:
        reach = sees_places(tx)
        wanted = {find_place(tx, args["place_code"]).id} if args["place_code"] else None
        if not reach.is_all:
            wanted = set(reach.place_ids) if wanted is None else wanted & reach.place_ids
        states = [args["state"]] if args["state"] else None
        return {"shipments": shipped.shipments(tx, place_ids=wanted, states=states)}


@api.post("/shipments")
@guard.requires("stock.transfer")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ShipmentIn)
@api.response(201, shapes.ShipmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def send_goods(data: dict[str, Any], **_: Any) -> Response:
    """Send goods to another warehouse; they lie on no shelf until they arrive."""

    def act(tx: Tx) -> Any:
        sent = shipping.send_shipment(
            tx,
            shipping.SendShipment(
                from_place_id=find_place(tx, data["from_place_code"]).id,
                to_place_id=find_place(tx, data["to_place_code"]).id,
                via_place_id=find_place(tx, data["via_place_code"]).id if data["via_place_code"] else None,
                carrier=data["carrier"], expected_on=data["expected_on"], event_at=data["event_at"],
                reason=data["reason"], note=data["note"], lines=tuple(_line(tx, line) for line in data["lines"]),
            ),
        )  # fmt: skip
        return shapes.ShipmentOut().dump(shipped.shipment(tx, sent.id))

    return context.write_once(act)


@api.get("/shipments/<uuid:shipment_id>")
@guard.requires("stock.see")
@api.response(200, shapes.ShipmentOut)
@api.alt_response(404, schema=Problem)
def show_shipment(shipment_id: UUID) -> shipped.ShipmentView:
    """Give one shipment with what of each batch has arrived, was damaged or lost, or is still on the road."""
    with context.read() as tx:
        reach = sees_places(tx)
        view = shipped.shipment(tx, shipment_id)
        need_one_of(reach, (view.row.source, view.row.target), "shipment.not_found")
        return view


@api.post("/shipments/<uuid:shipment_id>/arrivals")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ArrivalIn)
@api.response(201, shapes.ShipmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def book_arrival(data: dict[str, Any], shipment_id: UUID, **_: Any) -> Response:
    """Book what has arrived: whole goods onto the shelf, damaged ones into quarantine. May be done again."""

    def act(tx: Tx) -> Any:
        shipping.arrive_shipment(
            tx,
            shipping.ArriveShipment(
                shipment_id=shipment_id, event_at=data["event_at"], note=data["note"],
                lines=tuple(
                    shipping.ArrivedLine(
                        batch_id=queries.batch_by_code(tx, line["batch_code"]).id, good_milli=line["good"],
                        damaged_milli=line["damaged"], note=line["note"],
                    )
                    for line in data["lines"]
                ),
            ),
        )  # fmt: skip
        return shapes.ShipmentOut().dump(shipped.shipment(tx, shipment_id))

    return context.write_once(act)


def _line(tx: Tx, line: dict[str, Any]) -> commands.ItemLine | commands.BatchLine:
    if line["batch_code"]:
        batch = queries.batch_by_code(tx, line["batch_code"])
        return commands.BatchLine(batch_id=batch.id, quantity_milli=line["quantity"])
    return commands.ItemLine(item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"])
