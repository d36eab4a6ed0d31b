"""Posts and loads for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.documents.queries import document
from core.work import Tx
from logistics.dispatch import commands, queries
from logistics.packages.queries import round_by_id
from routes import context, guard, papers
from routes.pages.dispatch import pdf
from routes.schemas import dispatch as shapes
from routes.schemas.documents import PDF
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("deliveries", __name__, description="Posts, what waits in the warehouses for them, what was sent.")


@api.get("/posts")
@guard.requires("dispatch.see")
@api.response(200, shapes.PostsOut)
def list_posts() -> dict[str, Any]:
    """List the posts, closed ones too."""
    with context.read() as tx:
        return {"posts": queries.posts(tx, with_closed=True)}


@api.post("/posts")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PostIn)
@api.response(201, shapes.PostOut)
@api.alt_response(409, schema=Problem)
def open_post(data: dict[str, Any], **_: Any) -> Response:
    """Open a post with its capacity per day."""

    def act(tx: Tx) -> Any:
        order = commands.OpenPost(**{**data, "village_code": data["village_code"] or None})
        return shapes.PostOut().dump(queries.post_by_id(tx, commands.open_post(tx, order)))

    return context.write_once(act)


@api.get("/posts/<uuid:place_id>")
@guard.requires("dispatch.see")
@api.response(200, shapes.PostOut)
@api.alt_response(404, schema=Problem)
def show_post(place_id: UUID) -> queries.PostView:
    """Give one post with its hours and closed days."""
    with context.read() as tx:
        return _post(tx, place_id)


@api.post("/posts/<uuid:place_id>/hours")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.HoursIn)
@api.response(201, shapes.PostOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def change_post(data: dict[str, Any], place_id: UUID, **_: Any) -> Response:
    """Say what a post can do from the next plan on; plans made keep theirs."""

    def act(tx: Tx) -> Any:
        commands.change_post(tx, commands.ChangePost(post_id=place_id, **data))
        return shapes.PostOut().dump(queries.post_by_id(tx, place_id))

    return context.write_once(act)


@api.post("/posts/<uuid:place_id>/closed-days")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CloseDayIn)
@api.response(201, shapes.PostOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def close_post_day(data: dict[str, Any], place_id: UUID, **_: Any) -> Response:
    """Keep that a post does not serve on a day."""

    def act(tx: Tx) -> Any:
        commands.close_day(tx, commands.CloseDay(post_id=place_id, **data))
        return shapes.PostOut().dump(queries.post_by_id(tx, place_id))

    return context.write_once(act)


@api.post("/posts/<uuid:place_id>/opened-days")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.OpenDayIn)
@api.response(201, shapes.PostOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def open_post_day(data: dict[str, Any], place_id: UUID, **_: Any) -> Response:
    """Let a post serve on a day after all."""

    def act(tx: Tx) -> Any:
        commands.open_day(tx, place_id, data["day"])
        return shapes.PostOut().dump(queries.post_by_id(tx, place_id))

    return context.write_once(act)


@api.post("/posts/<uuid:place_id>/closure")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ClosePostIn)
@api.response(201, shapes.PostOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def close_post(data: dict[str, Any], place_id: UUID, **_: Any) -> Response:
    """Take a post out of the next plans."""

    def act(tx: Tx) -> Any:
        commands.close_post(tx, place_id, data["reason"])
        return shapes.PostOut().dump(queries.post_by_id(tx, place_id))

    return context.write_once(act)


@api.post("/posts/<uuid:place_id>/reopening")
@guard.requires("post.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.PostOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def reopen_post(place_id: UUID, **_: Any) -> Response:
    """Put a closed post back into the next plans."""

    def act(tx: Tx) -> Any:
        commands.reopen_post(tx, place_id)
        return shapes.PostOut().dump(queries.post_by_id(tx, place_id))

    return context.write_once(act)


def _post(tx: Tx, place_id: UUID) -> queries.PostView:
    reach = tx.require("dispatch.see")
    return queries.post_by_id(tx, place_id, None if reach.is_all else reach)


@api.get("/rounds/<uuid:round_id>/to-send")
@guard.requires("dispatch.see")
@api.response(200, shapes.PickListsOut)
@api.alt_response(404, schema=Problem)
def list_to_send(round_id: UUID) -> dict[str, Any]:
    """List what warehouses keep for posts and have not sent, one entry per vehicle."""
    with context.read() as tx:
        reach = tx.require("dispatch.see")
        round_by_id(tx, round_id)
        return {"to_send": queries.to_send(tx, round_id, reach=None if reach.is_all else reach)}


@api.get("/rounds/<uuid:round_id>/loads")
@guard.requires("dispatch.see")
@api.response(200, shapes.LoadsOut)
@api.alt_response(404, schema=Problem)
def list_loads(round_id: UUID) -> dict[str, Any]:
    """List what was sent in a round, newest first."""
    with context.read() as tx:
        reach = tx.require("dispatch.see")
        round_by_id(tx, round_id)
        return {"loads": queries.loads(tx, round_id, reach=None if reach.is_all else reach)}


@api.post("/rounds/<uuid:round_id>/loads")
@guard.requires("dispatch.send")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SendIn)
@api.response(201, shapes.SentOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def send_load(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Send what a warehouse keeps for a post and day: promises end, goods move, the surat jalan is issued."""
    return context.write_once(
        lambda tx: shapes.SentOut().dump(commands.send_to_post(tx, commands.SendToPost(round_id=round_id, **data)))
    )


@api.post("/loads/<uuid:load_id>/delivery-note")
@guard.requires("dispatch.see")
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
def print_delivery_note(load_id: UUID) -> Response:
    """Print a load's surat jalan; every print after the first is marked as a copy."""

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("dispatch.see")
        found = queries.load(tx, load_id, None if reach.is_all else reach)
        assert found.document_id is not None
        paper = document(tx, found.document_id)
        return papers.print_papers(tx, [found.document_id]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))
