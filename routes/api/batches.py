"""Batches for machines: one by the code on its label, what expires, and quarantine."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from core.errors import NotFound
from core.work import Tx
from routes import context, guard
from routes.pages.expiry import way_of
from routes.pages.stock import visible
from routes.schemas import batches as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.stock import BookedOut
from routes.seeing import sees_places
from stock.kits import queries as kits
from stock.ledger import commands, queries
from stock.places.kinds import PlaceKind
from stock.places.queries import find_place

api = Blueprint("stock-batches", __name__, url_prefix="/stock", description="Batches, what expires, quarantine.")


@api.get("/batches/<batch_code>")
@guard.requires("stock.see")
@api.response(200, shapes.BatchOut)
@api.alt_response(404, schema=Problem)
def show_batch(batch_code: str) -> dict[str, Any]:
    """Give one batch: what it is, where it lies, its moves, and what kits have to do with it."""
    with context.read() as tx:
        reach = sees_places(tx)
        batch = queries.batch_by_code(tx, batch_code)
        seen = {one.id for one in visible(tx, reach)}
        moves = [one for one in queries.batch_moves(tx, batch.id) if {one.source.id, one.target.id} & seen]
        lying = [
            one for one in queries.batch_balances(tx, place_ids=seen, item_ids=[batch.item.id])
            if one.batch.id == batch.id
        ]  # fmt: skip
        if not reach.is_all and not moves and not lying:
            raise NotFound("batch.not_found", batch=batch_code)
        return {
            "batch": batch, "places": lying, "moves": moves, "content": kits.content_of(tx, batch.id),
            "in_kits": [one.kit_batch.code for one in kits.kits_with(tx, batch.id)],
        }  # fmt: skip


@api.get("/expiry")
@guard.requires("stock.see")
@api.arguments(shapes.ExpiryArgs, location="query")
@api.response(200, shapes.BatchesLyingOut)
@api.alt_response(404, schema=Problem)
def list_expiring(args: dict[str, Any]) -> dict[str, Any]:
    """List what is past its day or will be within so many days, the most urgent first; not what is in quarantine."""
    code = args["place_code"].upper()
    with context.read() as tx:
        seen = [one for one in visible(tx, sees_places(tx)) if one.kind is not PlaceKind.QUARANTINE]
        asked = [one.id for one in seen if not code or one.code == code]
        if code and not asked:
            raise NotFound("place.not_found", place=code)
        return {"batches": queries.near_expiry(tx, within_days=args["within_days"], place_ids=asked)}


@api.get("/quarantine")
@guard.requires("stock.see")
@api.response(200, shapes.BatchesLyingOut)
def list_quarantine() -> dict[str, Any]:
    """List what lies in the quarantines the caller may see."""
    with context.read() as tx:
        spots = [one.id for one in visible(tx, sees_places(tx)) if one.kind is PlaceKind.QUARANTINE]
        return {"batches": queries.batch_balances(tx, place_ids=spots)}


@api.post("/quarantine")
@guard.requires("stock.transfer")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.QuarantineIn)
@api.response(201, BookedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def shift_batch(data: dict[str, Any], **_: Any) -> Response:
    """Move some of a batch from a shelf into its quarantine, back from there, or back to its giver."""

    def act(tx: Tx) -> Any:
        source, target = way_of(tx, data["place_code"].upper())
        batch = queries.batch_by_code(tx, data["batch_code"])
        giver = find_place(tx, data["to_giver_code"]) if data["to_giver_code"] else None
        order = commands.Transfer(
            from_place_id=source.id,
            to_place_id=giver.id if giver else target.id,
            reason=data["reason"],
            lines=(commands.BatchLine(batch_id=batch.id, quantity_milli=data["quantity"]),),
        )
        return BookedOut().dump(commands.return_to_giver(tx, order) if giver else commands.dispatch(tx, order))

    return context.write_once(act)
