"""Stock counts for machines: blind while counting, compared once everything is counted, decided by a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Conflict
from core.work import Tx
from routes import context, guard
from routes.pages.counts import must_count, seen_count
from routes.pages.stock import visible
from routes.schemas import counts as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.seeing import sees_places
from stock.counts import commands, queries
from stock.ledger.queries import batch_by_code, batches
from stock.places.queries import find_place

api = Blueprint(
    "stock-counts", __name__, url_prefix="/stock/counts",
    description="What lies on the shelf against what the books say, each line at the moment it was counted.",
)  # fmt: skip


@api.get("")
@guard.requires("stock.see")
@api.arguments(shapes.StockCountArgs, location="query")
@api.response(200, shapes.StockCountsOut)
def list_counts(args: dict[str, Any]) -> dict[str, Any]:
    """List counts, the newest first."""
    with context.read() as tx:
        reach = sees_places(tx)
        within = None if reach.is_all else [one.id for one in visible(tx, reach)]
        return {"counts": queries.counts(tx, states=(args["state"],) if args["state"] else None, place_ids=within)}


@api.post("")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StockCountIn)
@api.response(201, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def plan_count(data: dict[str, Any], **_: Any) -> Response:
    """Plan a count of a place, and begin it at once with ``start``; one at a time for each place."""

    def act(tx: Tx) -> Any:
        made = commands.plan_count(tx, find_place(tx, data["place_code"]).id, data["due_on"])
        if data["start"]:
            commands.start_count(tx, made)
        return shapes.StockCountOut().dump(queries.count(tx, made))

    return context.write_once(act)


@api.get("/<uuid:count_id>")
@guard.requires("stock.see")
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
def show_count(count_id: UUID) -> queries.CountRow:
    """Give one count: where it stands and how many lines are open."""
    with context.read() as tx:
        return seen_count(tx, count_id)


@api.post("/<uuid:count_id>/start")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def start_count(count_id: UUID, **_: Any) -> Response:
    """Begin to count: one line for each batch that lies there now."""
    return _act(count_id, lambda tx: commands.start_count(tx, count_id))


@api.get("/<uuid:count_id>/sheet")
@guard.requires("stock.count")
@api.response(200, shapes.SheetOut)
@api.alt_response(404, schema=Problem)
def show_sheet(count_id: UUID) -> dict[str, Any]:
    """Give the lines to be counted, blind; on a recount only those that are counted again."""
    with context.read() as tx:
        must_count(tx, count_id)
        return {"count": queries.count(tx, count_id), "lines": queries.sheet(tx, count_id)}


@api.post("/<uuid:count_id>/lines")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CountedLinesIn)
@api.response(200, shapes.CountedLinesOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def count_lines(data: dict[str, Any], count_id: UUID, **_: Any) -> Response:
    """Write down what was counted, each line with its own moment; a batch that is not on the count yet joins it."""

    def act(tx: Tx) -> Any:
        again = commands.count_lines(
            tx, count_id,
            [
                commands.LineCounted(
                    batch_id=batch_by_code(tx, one["batch_code"]).id, counted_milli=one["counted"],
                    counted_at=one["counted_at"], note=one["note"],
                )
                for one in data["lines"]
            ],
        )  # fmt: skip
        told = {
            "open_lines": queries.count(tx, count_id).open_lines,
            "counted_twice_by_you": [one.code for one in batches(tx, again)] if again else [],
        }
        return shapes.CountedLinesOut().dump(told)

    return context.write_once(act, 200)


@api.post("/<uuid:count_id>/recount")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def recount(count_id: UUID, **_: Any) -> Response:
    """Have every line counted again, blind, that differs from the books at its own moment."""
    return _act(count_id, lambda tx: commands.recount(tx, count_id))


@api.get("/<uuid:count_id>/comparison")
@guard.requires("stock.see")
@api.response(200, shapes.ComparisonOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def show_comparison(count_id: UUID) -> queries.Comparison:
    """Give the count against the books; refused while anything is still counted blindly."""
    with context.read() as tx:
        if not queries.is_shown(seen_count(tx, count_id)):
            raise Conflict("stock_count.still_blind")
        return queries.comparison(tx, count_id)


@api.post("/<uuid:count_id>/submission")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SubmitIn)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def submit_count(data: dict[str, Any], count_id: UUID, **_: Any) -> Response:
    """Hand the count in, with a reason for each difference."""

    def act(tx: Tx) -> object:
        reasons = tuple(
            commands.LineReason(
                batch_id=batch_by_code(tx, one["batch_code"]).id, reason=one["reason"], note=one["note"]
            )
            for one in data["reasons"]
        )
        return commands.submit_count(tx, commands.SubmitCount(count_id=count_id, reasons=reasons, note=data["note"]))

    return _act(count_id, act)


@api.post("/<uuid:count_id>/approval")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CountNoteIn)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def approve_count(data: dict[str, Any], count_id: UUID, **_: Any) -> Response:
    """Agree to a count that others made: the books are brought to the shelf, each line at its own moment."""
    return _act(count_id, lambda tx: commands.approve_count(tx, count_id, data["note"]))


@api.post("/<uuid:count_id>/sending-back")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SendBackIn)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def send_count_back(data: dict[str, Any], count_id: UUID, **_: Any) -> Response:
    """Have lines counted once more before deciding."""

    def act(tx: Tx) -> object:
        named = [batch_by_code(tx, one).id for one in data["batch_codes"]]
        return commands.send_back(tx, count_id, data["reason"], named)

    return _act(count_id, act)


@api.post("/<uuid:count_id>/cancellation")
@guard.requires("stock.count")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CountReasonIn)
@api.response(200, shapes.StockCountOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def cancel_count(data: dict[str, Any], count_id: UUID, **_: Any) -> Response:
    """Give a count up; nothing is booked."""
    return _act(count_id, lambda tx: commands.cancel_count(tx, count_id, data["reason"]))


def _act(count_id: UUID, act: Callable[[Tx], object]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return shapes.StockCountOut().dump(queries.count(tx, count_id))

    return context.write_once(once, 200)
