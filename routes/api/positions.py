"""Where houses stand, for machines: one by one, and in files that another person applies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.reader import READER
from core.work import Tx
from registry_link.completion import file_queries, files, positioning
from registry_link.completion.positioning import Reported
from registry_link.completion.states import FileKind
from routes import context, guard, limits
from routes.api.completion import sent_body, told_file, told_rows
from routes.pages.completion import order_of
from routes.schemas import completion as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem

api = Blueprint("registry-positions", __name__, description="Positions of houses: every report is kept.")


@api.post("/households/<uuid:household_id>/positions")
@guard.requires("household.locate")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PositionIn)
@api.response(201, shapes.PlacedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def report_position(order: Reported, household_id: UUID, **_: Any) -> Response:
    """Take a household's position down; it is kept, and counts unless a better one is there."""
    return context.write_once(
        lambda tx: shapes.PlacedOut().dump(positioning.report_position(tx, household_id, order))
    )  # fmt: skip


@api.get("/registry/positions/files")
@guard.requires("position.see_files")
@api.response(200, shapes.CompletionFilesOut)
def list_position_files() -> dict[str, Any]:
    """List the office's files of positions, the newest first."""
    with context.read() as tx:
        return {"files": [told_file(one) for one in file_queries.position_files(tx)]}


@api.post("/registry/positions/files")
@guard.requires("position.import")
@limits.accepts(2 * READER.file_bytes)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.CompletionFileOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
def read_positions(file_name: str, **_: Any) -> Response:
    """Read a file of positions (the body: CSV, XLSX, GPX or GeoJSON): every row gets its outcome, nobody is moved."""
    order = order_of(sent_body(), file_name, FileKind.POSITIONS, files.MOST_POSITION_ROWS)

    def act(tx: Tx) -> Any:
        done = files.read_positions(tx, order)
        return shapes.CompletionFileOut().dump(_position_file(tx, done.file_id))

    return context.write_once(act)


@api.get("/registry/positions/files/<uuid:file_id>/rows")
@guard.requires("position.see_files")
@api.arguments(shapes.CompletionFileRowArgs, location="query")
@api.response(200, shapes.CompletionFileRowsOut)
@api.alt_response(404, schema=Problem)
def list_position_rows(args: dict[str, Any], file_id: UUID) -> dict[str, Any]:
    """Give the rows of a file of positions, each with its outcome and why."""
    with context.read() as tx:
        return told_rows(tx, file_queries.completion_file(tx, file_id, FileKind.POSITIONS), args)


@api.post("/registry/positions/files/<uuid:file_id>/apply")
@guard.requires("position.apply")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.CompletionFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def apply_positions(file_id: UUID, **_: Any) -> Response:
    """Take over the ready rows of a file that somebody else sent."""

    def act(tx: Tx) -> Any:
        files.apply_positions(tx, file_id)
        return shapes.CompletionFileOut().dump(_position_file(tx, file_id))

    return context.write_once(act)


@api.post("/registry/positions/files/<uuid:file_id>/discard")
@guard.requires("position.import")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.CompletionFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_positions(file_id: UUID, **_: Any) -> Response:
    """Give up a file of positions."""

    def act(tx: Tx) -> Any:
        files.discard_file(tx, file_id)
        return shapes.CompletionFileOut().dump(_position_file(tx, file_id))

    return context.write_once(act)


def _position_file(tx: Tx, file_id: UUID) -> dict[str, Any]:
    return told_file(file_queries.completion_file(tx, file_id, FileKind.POSITIONS))
