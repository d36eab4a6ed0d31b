"""Goods coming in, for machines: received at once, or from the announcement to the shelf."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import NotFound
from core.work import Tx
from routes import context, guard
from routes.schemas import receiving as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from routes.seeing import sees_places
from stock.inbound import commands as inbound
from stock.inbound import queries as coming
from stock.items.queries import find_item, items
from stock.ledger import commands
from stock.ledger.queries import batch_by_code
from stock.places.queries import find_place, places

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
    """Receive goods: one new batch for each line; what is damaged of it goes into quarantine by the same paper."""

    def act(tx: Tx) -> Any:
        place = find_place(tx, data["to_place_code"])
        tx.require("stock.receive").need_place(place.id, "place")
        done = commands.receive(
            tx,
            commands.Receive(
                to_place_id=place.id, from_place_id=_giver(tx, data["from_place_code"], data["giver_name"]),
                incoming_document=data["incoming_document"], event_at=data["event_at"], note=data["note"],
                lines=tuple(
                    commands.ReceiveLine(
                        item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"],
                        funding_source=line["funding_source"], value_rp=line["value_rp"],
                        unit_price_rp=line["unit_price_rp"], expires_on=line["expires_on"],
                        variant_id=line["variant_id"], release_condition=line["release_condition"],
                        damaged_milli=line["damaged"],
                    )
                    for line in data["lines"]
                ),
            ),
        )  # fmt: skip
        booked = {
            "document_id": done.document_id, "number": done.number, "moves": (*done.batches, *done.damaged)
        }  # fmt: skip
        return BookedOut().dump(booked)

    return context.write_once(act)


@api.get("/expected")
@guard.requires("stock.see")
@api.arguments(shapes.ExpectedArgs, location="query")
@api.response(200, shapes.ExpectedListOut)
def list_expected(args: dict[str, Any]) -> dict[str, Any]:
    """Give what is still to come onto the shelves: announced, and at the gate."""
    with context.read() as tx:
        wanted = _wanted(tx, args["place_code"])
        found = coming.expected(tx, wanted, args["until"])
        spots = {one.id: one.code for one in places(tx)}
        goods = {one.id: one for one in items(tx, ids={one.item_id for one in found})}
        return {
            "expected": [
                {
                    "place_code": spots[one.place_id], "item_code": goods[one.item_id].code,
                    "unit": goods[one.item_id].base_unit, "announced": one.announced_milli,
                    "in_check": one.in_check_milli,
                }
                for one in found
            ]
        }  # fmt: skip


@api.get("/consignments")
@guard.requires("stock.see")
@api.arguments(shapes.ConsignmentArgs, location="query")
@api.response(200, shapes.ConsignmentsOut)
def list_consignments(args: dict[str, Any]) -> dict[str, Any]:
    """List what was announced to the caller's warehouses: what is still coming first, by its day."""
    with context.read() as tx:
        states = [args["state"]] if args["state"] else None
        return {"consignments": coming.consignments(tx, place_ids=_wanted(tx, args["place_code"]), states=states)}


@api.post("/consignments")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ConsignmentIn)
@api.response(201, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def announce_goods(data: dict[str, Any], **_: Any) -> Response:
    """Write down what a giver has announced; nothing enters the books by it."""

    def act(tx: Tx) -> Any:
        place = find_place(tx, data["place_code"])
        tx.require("stock.receive").need_place(place.id, "place")
        giver = _giver(tx, data["giver_code"], data["giver_name"])
        made = inbound.expect_goods(
            tx,
            inbound.ExpectGoods(
                giver_id=giver if giver else inbound.giver_named(tx, ""), place_id=place.id,
                incoming_document=data["incoming_document"], funding_source=data["funding_source"],
                expected_on=data["expected_on"], release_condition=data["release_condition"], note=data["note"],
                lines=tuple(
                    inbound.ExpectedLine(
                        item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"],
                        variant_id=line["variant_id"], unit_price_rp=line["unit_price_rp"],
                        expires_on=line["expires_on"],
                    )
                    for line in data["lines"]
                ),
            ),
        )  # fmt: skip
        return _shown(tx, made)

    return context.write_once(act)


@api.get("/consignments/<uuid:consignment_id>")
@guard.requires("stock.see")
@api.response(200, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
def show_consignment(consignment_id: UUID) -> coming.ConsignmentView:
    """Give one consignment with what was announced, came, was good and was damaged of each line."""
    with context.read() as tx:
        reach = sees_places(tx)
        view = coming.consignment(tx, consignment_id)
        if not reach.has_place(view.row.place.id):
            raise NotFound("consignment.not_found")
        return view


@api.post("/consignments/<uuid:consignment_id>/receipt")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ConsignmentReceiptIn)
@api.response(201, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def receive_consignment(data: dict[str, Any], consignment_id: UUID, **_: Any) -> Response:
    """Count what came: all of it goes into the warehouse's quarantine by one SBBM."""

    def act(tx: Tx) -> Any:
        inbound.receive_consignment(
            tx,
            inbound.ReceiveConsignment(
                consignment_id=consignment_id, event_at=data["event_at"], note=data["note"],
                lines=tuple(
                    inbound.CameLine(
                        line_id=line["line_id"], received_milli=line["received"], expires_on=line["expires_on"],
                        unit_price_rp=line["unit_price_rp"], note=line["note"],
                    )
                    for line in data["lines"]
                ),
                unannounced=tuple(
                    inbound.UnannouncedLine(
                        item_id=find_item(tx, line["item_code"]).id, quantity_milli=line["quantity"],
                        variant_id=line["variant_id"], unit_price_rp=line["unit_price_rp"],
                        expires_on=line["expires_on"], note=line["note"],
                    )
                    for line in data["unannounced"]
                ),
            ),
        )  # fmt: skip
        return _shown(tx, consignment_id)

    return context.write_once(act)


@api.post("/consignments/<uuid:consignment_id>/inspection")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.InspectionIn)
@api.response(201, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def inspect_consignment(data: dict[str, Any], consignment_id: UUID, **_: Any) -> Response:
    """Tell good and damaged goods apart; the parts of a line add up to what came."""

    def act(tx: Tx) -> Any:
        lines = tuple(
            inbound.InspectedLine(
                line_id=line["line_id"], good_milli=line["good"], damaged_milli=line["damaged"], note=line["note"]
            )
            for line in data["lines"]
        )
        inbound.inspect_consignment(tx, inbound.InspectConsignment(consignment_id=consignment_id, lines=lines))
        return _shown(tx, consignment_id)

    return context.write_once(act)


@api.post("/consignments/<uuid:consignment_id>/stocking")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StockingIn)
@api.response(201, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def stock_consignment(data: dict[str, Any], consignment_id: UUID, **_: Any) -> Response:
    """Put what is good on the shelf; damaged goods stay in quarantine."""

    def act(tx: Tx) -> Any:
        inbound.stock_consignment(tx, consignment_id)
        return _shown(tx, consignment_id)

    return context.write_once(act)


@api.post("/consignments/<uuid:consignment_id>/returns")
@guard.requires("stock.transfer")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReturnIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def return_damaged_goods(data: dict[str, Any], consignment_id: UUID, **_: Any) -> Response:
    """Send damaged goods of a consignment back to their giver."""

    def act(tx: Tx) -> Any:
        lines = tuple(
            commands.BatchLine(batch_id=batch_by_code(tx, line["batch_code"]).id, quantity_milli=line["quantity"])
            for line in data["lines"]
        )
        order = inbound.ReturnDamaged(
            consignment_id=consignment_id, lines=lines, reason=data["reason"], event_at=data["event_at"]
        )
        return BookedOut().dump(inbound.return_damaged(tx, order))

    return context.write_once(act)


@api.post("/consignments/<uuid:consignment_id>/cancellation")
@guard.requires("stock.receive")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CancelConsignmentIn)
@api.response(201, shapes.ConsignmentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def cancel_consignment(data: dict[str, Any], consignment_id: UUID, **_: Any) -> Response:
    """Give up what was announced and does not come."""

    def act(tx: Tx) -> Any:
        inbound.cancel_consignment(tx, consignment_id, data["reason"])
        return _shown(tx, consignment_id)

    return context.write_once(act)


def _shown(tx: Tx, consignment_id: UUID) -> Any:
    return shapes.ConsignmentOut().dump(coming.consignment(tx, consignment_id))


def _giver(tx: Tx, code: str, name: str) -> UUID | None:
    """Give the giver of a code or a name; None where neither was said."""
    if code:
        return find_place(tx, code).id
    return inbound.giver_named(tx, name) if name else None


def _wanted(tx: Tx, place_code: str) -> set[UUID] | None:
    """Give the places asked for within the caller's reach; None for all. Raises: Forbidden, NotFound."""
    reach = sees_places(tx)
    wanted = {find_place(tx, place_code).id} if place_code else None
    if reach.is_all:
        return wanted
    return set(reach.place_ids) if wanted is None else wanted & reach.place_ids
