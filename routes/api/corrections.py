"""Corrections of stock for machines: asked by one, decided by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import NotFound
from core.i18n import say
from core.work import Tx
from routes import context, guard
from routes.following import follow
from routes.pages.corrections import must_see
from routes.pages.stock import visible
from routes.schemas import corrections as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.seeing import sees_places
from stock.corrections import commands, queries
from stock.corrections.states import CorrectionKind
from stock.ledger.commands import reversal_problems
from stock.ledger.queries import batch_by_code, stock_document
from stock.places.queries import find_place

api = Blueprint(
    "stock-corrections", __name__, url_prefix="/stock",
    description="What differs from the books is asked for by one and decided by another.",
)  # fmt: skip


@api.get("/corrections")
@guard.requires("stock.see")
@api.arguments(shapes.CorrectionArgs, location="query")
@api.response(200, shapes.CorrectionsOut)
def list_corrections(args: dict[str, Any]) -> dict[str, Any]:
    """List corrections, the newest first."""
    with context.read() as tx:
        reach = sees_places(tx)
        within = None if reach.is_all else [one.id for one in visible(tx, reach)]
        found = queries.corrections(tx, states=(args["state"],) if args["state"] else None, place_ids=within)
    return {"corrections": [shapes.row_of(one) for one in found]}


@api.post("/corrections")
@guard.requires("stock.correct")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CorrectionIn)
@api.response(201, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def ask_for_correction(data: dict[str, Any], **_: Any) -> Response:
    """Ask for an adjustment or a write-off; nothing is booked before somebody else agrees."""

    def act(tx: Tx) -> Any:
        lines = tuple(
            commands.CorrectionItem(
                batch_id=batch_by_code(tx, one["batch_code"]).id, difference_milli=one["difference"]
            )
            for one in data["lines"]
        )
        made = commands.ask_correction(
            tx,
            commands.AskCorrection(
                kind=data["kind"], place_id=find_place(tx, data["place_code"]).id, lines=lines, reason=data["reason"],
                note=data["note"], minutes_no=data["minutes_no"], event_at=data["event_at"],
            ),
        )  # fmt: skip
        return shapes.correction_of(queries.correction(tx, made))

    return context.write_once(act)


@api.get("/documents/<uuid:document_id>/reversal")
@guard.requires("stock.correct")
@api.response(200, shapes.ObstaclesOut)
@api.alt_response(404, schema=Problem)
def list_obstacles(document_id: UUID) -> dict[str, Any]:
    """Give every reason why a document cannot be reversed, all at once."""
    with context.read() as tx:
        if not commands.touches(tx.require("stock.correct"), stock_document(tx, document_id)):
            raise NotFound("stock_document.not_found", document=str(document_id))
        found = reversal_problems(tx, document_id)
    return {"obstacles": [{"code": one.code, "text": say(one.code, context.lang(), one.facts)} for one in found]}


@api.post("/documents/<uuid:document_id>/reversal")
@guard.requires("stock.correct")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReversalIn)
@api.response(201, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def ask_for_reversal(data: dict[str, Any], document_id: UUID, **_: Any) -> Response:
    """Ask for the reversal of a whole document; loads and handovers are undone where they are made."""
    order = commands.AskCorrection(
        kind=CorrectionKind.REVERSAL, reversed_document_id=document_id, reason=data["reason"]
    )
    return context.write_once(
        lambda tx: shapes.correction_of(queries.correction(tx, commands.ask_correction(tx, order)))
    )


@api.get("/corrections/<uuid:correction_id>")
@guard.requires("stock.see")
@api.response(200, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
def show_correction(correction_id: UUID) -> dict[str, Any]:
    """Give one correction with what it changes of each batch."""
    with context.read() as tx:
        found = queries.correction(tx, correction_id)
        must_see(tx, sees_places(tx), found)
    return shapes.flat_of(found)


@api.post("/corrections/<uuid:correction_id>/approval")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DecisionIn)
@api.response(200, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def approve_correction(data: dict[str, Any], correction_id: UUID, **_: Any) -> Response:
    """Agree to somebody else's correction: it is booked. Above the office's limit only the head may."""

    def act(tx: Tx) -> None:
        commands.approve_correction(tx, correction_id, data["note"])
        follow(tx, correction_id)

    return _act(correction_id, act)


@api.post("/corrections/<uuid:correction_id>/refusal")
@guard.requires("stock.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.RefusalIn)
@api.response(200, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def refuse_correction(data: dict[str, Any], correction_id: UUID, **_: Any) -> Response:
    """Refuse somebody else's correction, with the reason."""
    return _act(correction_id, lambda tx: commands.refuse_correction(tx, correction_id, data["note"]))


@api.post("/corrections/<uuid:correction_id>/withdrawal")
@guard.requires("stock.correct")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DecisionIn)
@api.response(200, shapes.CorrectionOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw_correction(data: dict[str, Any], correction_id: UUID, **_: Any) -> Response:
    """Take one's own correction back before it is decided."""
    return _act(correction_id, lambda tx: commands.withdraw_correction(tx, correction_id, data["note"]))


def _act(correction_id: UUID, act: Callable[[Tx], object]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return shapes.correction_of(queries.correction(tx, correction_id))

    return context.write_once(once, 200)
