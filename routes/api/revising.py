"""A round worked out anew, for machines: why, the difference before it counts, approval."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from logistics.packages.queries import round_by_id
from logistics.planning.queries import revision_of
from logistics.planning.revising import approve_revision, discard_revision
from logistics.planning.revision_queries import changes_of, revision_view
from logistics.zones.revising import posts_now
from routes import context, guard, revised
from routes.occasion import occasion_of
from routes.schemas import revising as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.plan import DiscardedOut

api = Blueprint("revisions", __name__, description="An approved round worked out anew for what has not left.")


@api.get("/rounds/<uuid:round_id>/reasons-to-revise")
@guard.requires("round.plan")
@api.response(200, shapes.ReasonsOut)
@api.alt_response(404, schema=Problem)
def list_reasons(round_id: UUID) -> dict[str, Any]:
    """Say why the round's plan is behind what is known now: list, posts, days, ways, stock."""
    lang = context.lang()
    with context.read() as tx:
        the_round = round_by_id(tx, round_id)
        found = revised.behind(tx, occasion_of(tx, the_round), the_round)
        return {
            "reasons": [{"code": one.code, "count": one.count, "sentence": one.sentence(lang)} for one in found]
        }  # fmt: skip


@api.post("/rounds/<uuid:round_id>/revision")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReviseIn)
@api.response(201, shapes.RevisedOut)
@api.alt_response(409, schema=Problem)
def make_a_revision(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Work the round out anew, as a draft: only what has not left may change. One that waited is discarded."""

    def act(tx: Tx) -> Any:
        the_round = round_by_id(tx, round_id)
        made = revised.revise(tx, occasion_of(tx, the_round), the_round, frozenset(data["without_posts"]))
        return shapes.RevisedOut().dump(
            {"round_id": made.round_id, "plan_id": made.plan_id, "changes": shapes.counts_of(made.counts)}
        )

    return context.write_once(act)


@api.get("/rounds/<uuid:round_id>/revision")
@guard.requires("round.see")
@api.arguments(shapes.RevisionArgs, location="query")
@api.response(200, shapes.RevisionWaitsOut)
@api.alt_response(404, schema=Problem)
def show_revision(args: dict[str, Any], round_id: UUID) -> dict[str, Any]:
    """Give the revision that waits, if any: figures, posts and days, goods, its changes one by one with the reason."""
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("round.see")
        round_by_id(tx, round_id)
        draft = revision_of(tx, round_id)
        if draft is None:
            return {"revision": None}
        found = changes_of(tx, draft.id, reach=None if reach.is_all else reach, **args)
        return {"revision": shapes.view_of(revision_view(tx, draft), found.rows, found.total, lang)}


@api.post("/rounds/<uuid:round_id>/revision/approval")
@guard.requires("round.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.RevisionApprovedOut)
@api.alt_response(409, schema=Problem)
def approve_the_revision(round_id: UUID, **_: Any) -> Response:
    """Let the revision count, all of it or nothing. Never by who worked it out; 409 when anything of it has left."""

    def act(tx: Tx) -> Any:
        the_round = round_by_id(tx, round_id)
        return shapes.RevisionApprovedOut().dump(approve_revision(tx, round_id, posts_now(tx, the_round)))

    return context.write_once(act, 200)


@api.post("/rounds/<uuid:round_id>/revision/discarding")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, DiscardedOut)
@api.alt_response(409, schema=Problem)
def discard_the_revision(round_id: UUID, **_: Any) -> Response:
    """Throw the revision away; the plan stays as it was."""

    def act(tx: Tx) -> Any:
        round_by_id(tx, round_id)
        discard_revision(tx, round_id)
        return {"is_discarded": True}

    return context.write_once(act, 200)
