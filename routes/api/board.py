"""The schedule board for machines: posts by days, what follows from moving a group, the move, and its undoing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.i18n import say
from core.permissions import may
from core.work import Tx
from logistics.dispatch.schedule import schedule
from logistics.packages.cells import Spot
from logistics.packages.queries import round_by_id
from logistics.planning.consequences import consequences
from logistics.planning.groups import Choice
from logistics.planning.moving import UndoMove, last_move, move_group, undo_last_move
from routes import context, guard
from routes.moving import Asked, open_posts, order_of, papers_touched
from routes.schemas import board as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint(
    "schedule-board", __name__, url_prefix="/rounds", description="Posts by days, and moving a group of households."
)


@api.get("/<uuid:round_id>/board")
@guard.requires("round.see")
@api.response(200, shapes.BoardOut)
@api.alt_response(404, schema=Problem)
def show_board(round_id: UUID) -> dict[str, Any]:
    """Give posts by days with households, loads and weights; the figures of the screen and of the printed board."""
    with context.read() as tx:
        tx.require("round.see")
        last = last_move(tx, round_id) if may(tx.actor, "round.plan") else None
        return {**shapes.board_of(schedule(tx, round_id)), "last_move": last}


@api.post("/<uuid:round_id>/moves/consequences")
@guard.requires("round.plan")
@api.arguments(shapes.BoardGroupIn)
@api.response(200, shapes.ConsequencesOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def show_consequences(data: dict[str, Any], round_id: UUID) -> dict[str, Any]:
    """Tell what follows from a move; nothing is changed. Its ``seen`` goes along with the move itself."""
    lang = context.lang()
    asked = _asked(data)
    with context.read() as tx:
        the_round = round_by_id(tx, round_id)
        told = consequences(tx, order_of(tx, the_round, asked))
        papers = papers_touched(tx, the_round, asked)
    names = ("reserved", "origin", "target", "hours", "walking", "goods", "sources", "needs_consent", "seen")
    return {
        **{name: getattr(told, name) for name in names}, "households": len(told.group.going),
        "persons": told.group.persons, "vulnerable": told.group.vulnerable, "staying_loaded": told.group.loaded,
        "staying_served": told.group.served, "papers": papers, "weight_kg": told.moved_weight.grams,
        "unknown_weight": [one.item.code for one in told.goods if one.item.id in told.moved_weight.unknown],
        "problems": [{"code": one.code, "sentence": say(one.code, lang, one.facts)} for one in told.problems],
    }  # fmt: skip


@api.post("/<uuid:round_id>/moves")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.BoardMoveIn)
@api.response(201, shapes.BoardMovedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def move_a_group(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Put a group at another post, day or hour; stock that is reserved for it follows, all of it or nothing."""

    def act(tx: Tx) -> Any:
        order = order_of(
            tx, round_by_id(tx, round_id), _asked(data), reason=data["reason"], seen=data["seen"],
            accepts_far=data["accepts_far"],
        )  # fmt: skip
        return shapes.BoardMovedOut().dump(move_group(tx, order))

    return context.write_once(act)


@api.post("/<uuid:round_id>/moves/undoing")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.BoardUndoIn)
@api.response(200, shapes.BoardMovedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def undo_a_move(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Put the last moved group back where it came from."""

    def act(tx: Tx) -> Any:
        posts = open_posts(tx, round_by_id(tx, round_id))
        done = undo_last_move(tx, UndoMove(round_id=round_id, move_id=data["move_id"], posts=posts))
        return shapes.BoardMovedOut().dump(done)

    return context.write_once(act, 200)


def _asked(data: dict[str, Any]) -> Asked:
    return Asked(
        from_spot=Spot(post_id=data["from_post_id"], serve_on=data["from_day"]),
        to_spot=Spot(post_id=data["to_post_id"], serve_on=data["to_day"]), to_hours=data["to_hours"],
        choice=Choice(village_code=data["village_code"], hours=data["hours"], last=data["last"]),
    )  # fmt: skip
