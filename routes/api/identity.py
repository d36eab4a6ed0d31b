"""Households that may be one, for machines: proposed by one, decided by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from registry_link.identity import commands, queries
from routes import context, guard
from routes.schemas import identity as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint(
    "household-pairs", __name__, url_prefix="/household-pairs",
    description="Households that may be recorded twice; one proposes what they are, another decides, and both undo it.",
)  # fmt: skip


@api.get("")
@guard.requires("identity.see")
@api.arguments(shapes.PairArgs, location="query")
@api.response(200, shapes.PairsOut)
def list_pairs(args: dict[str, Any]) -> queries.Pairs:
    """List pairs, the likeliest first; every look is logged."""
    with context.read() as tx:
        return queries.pairs(tx, **args)


@api.post("")
@guard.requires("identity.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NamePairIn)
@api.response(201, shapes.PairOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def name_pair(order: commands.NamePair, **_: Any) -> Response:
    """Put two households beside each other that somebody takes for one; a known pair is given again."""
    return context.write_once(lambda tx: shapes.pair_of(queries.pair(tx, commands.name_pair(tx, order))))


@api.post("/searches")
@guard.requires("identity.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(202, shapes.SearchAskedOut)
def ask_for_search(**_: Any) -> Response:
    """Have the whole registry compared again, in the background."""

    def act(tx: Tx) -> dict[str, bool]:
        commands.ask_search(tx)
        return {"is_asked": True}

    return context.write_once(act, 202)


@api.get("/<uuid:pair_id>")
@guard.requires("identity.see")
@api.response(200, shapes.PairOut)
@api.alt_response(404, schema=Problem)
def show_pair(pair_id: UUID) -> dict[str, Any]:
    """Give a pair side by side, masked."""
    with context.read() as tx:
        return shapes.flat_of(queries.pair(tx, pair_id))


@api.post("/<uuid:pair_id>/proposals")
@guard.requires("identity.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProposalIn)
@api.response(201, shapes.PairOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def propose(data: dict[str, Any], pair_id: UUID, **_: Any) -> Response:
    """Propose to merge two households, to keep them as two, or to undo what was decided of them."""
    order = commands.Propose(pair_id=pair_id, **data)

    def act(tx: Tx) -> Any:
        commands.propose(tx, order)
        return shapes.pair_of(queries.pair(tx, pair_id))

    return context.write_once(act)


@api.post("/proposals/<uuid:proposal_id>/approval")
@guard.requires("identity.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NoteIn)
@api.response(200, shapes.PairOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def approve(data: dict[str, Any], proposal_id: UUID, **_: Any) -> Response:
    """Agree to somebody else's proposal: it is done."""
    return _act(lambda tx: commands.approve(tx, proposal_id, data["note"]).pair_id)


@api.post("/proposals/<uuid:proposal_id>/refusal")
@guard.requires("identity.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.WhyIn)
@api.response(200, shapes.PairOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def refuse(data: dict[str, Any], proposal_id: UUID, **_: Any) -> Response:
    """Refuse somebody else's proposal, with the reason."""
    return _act(lambda tx: commands.refuse(tx, proposal_id, data["note"]))


@api.post("/proposals/<uuid:proposal_id>/withdrawal")
@guard.requires("identity.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NoteIn)
@api.response(200, shapes.PairOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def withdraw(data: dict[str, Any], proposal_id: UUID, **_: Any) -> Response:
    """Take one's own proposal back before it is decided."""
    return _act(lambda tx: commands.withdraw(tx, proposal_id, data["note"]))


def _act(act: Callable[[Tx], UUID]) -> Response:
    return context.write_once(lambda tx: shapes.pair_of(queries.pair(tx, act(tx))), 200)
