"""A term's list for machines: drawn by criteria, checked for overlaps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import NotFound
from core.work import Tx
from logistics.programmes import drawing, overlaps, sk_file
from routes import context, guard, limits
from routes.schemas import lists as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem
from routes.tables import attached

api = Blueprint("term-lists", __name__, url_prefix="/terms/<uuid:term_id>", description="How a term's list is made.")


@api.post("/previews")
@guard.requires("bansos.edit")
@api.arguments(shapes.CriteriaIn)
@api.response(200, shapes.PreviewOut)
@api.alt_response(422, schema=Problem)
def preview_list(data: dict[str, Any], term_id: UUID) -> dict[str, Any]:
    """Count who would be drawn, by district beside the quota, and who not, by reason; nothing is changed."""
    with context.read() as tx:
        return shapes.preview_of(drawing.preview_list(tx, shapes.draw_order(term_id, data)), context.lang())


@api.post("/exclusions")
@guard.requires("bansos.edit")
@api.arguments(shapes.ExcludedArgs, location="query")
@api.arguments(shapes.CriteriaIn)
@api.response(200, shapes.ExcludedPageOut)
@api.alt_response(422, schema=Problem)
def list_excluded(args: dict[str, Any], data: dict[str, Any], term_id: UUID) -> dict[str, Any]:
    """Name the households that would not be drawn, each with its reason; every look is logged."""
    lang = context.lang()
    with context.read() as tx:
        found = drawing.excluded_households(tx, shapes.draw_order(term_id, data), **args)
    return {"excluded": [shapes.excluded_of(one, lang) for one in found.rows], "total": found.total}


@api.post("/drawings")
@guard.requires("bansos.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CriteriaIn)
@api.response(200, shapes.DrawnOut)
@api.alt_response(409, schema=Problem)
def draw_list(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Draw the list anew: candidates of an earlier drawing make way; what a village, file or person put there stays."""

    def act(tx: Tx) -> Any:
        return shapes.DrawnOut().dump(drawing.draw_list(tx, shapes.draw_order(term_id, data)))

    return context.write_once(act, 200)


@api.get("/overlaps")
@guard.requires("bansos.see")
@api.arguments(shapes.OverlapArgs, location="query")
@api.response(200, shapes.OverlapPageOut)
@api.alt_response(404, schema=Problem)
def list_overlaps(args: dict[str, Any], term_id: UUID) -> dict[str, Any]:
    """Show who on the list gets other help: another programme's term, relief of the last weeks, the same list twice."""
    with context.read() as tx:
        return shapes.overlaps_of(overlaps.overlaps(tx, term_id, **args), context.lang())


@api.get("/files")
@guard.requires("bansos.edit")
@api.response(200, shapes.FilesOut)
@api.alt_response(404, schema=Problem)
def list_files(term_id: UUID) -> dict[str, Any]:
    """List the decree's files matched for a term, newest first."""
    with context.read() as tx:
        return {"files": sk_file.files(tx, term_id)}


@api.post("/files")
@guard.requires("bansos.edit")
@limits.accepts(sk_file.MOST_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.FileOut)
@api.alt_response(415, schema=Problem)
@api.alt_response(422, schema=Problem)
def match_file(term_id: UUID, file_name: str, **_: Any) -> Response:
    """Match a decree's file (the body, ``text/csv``) with the registry; the same file again changes nothing."""
    if request.mimetype != "text/csv":
        raise UnsupportedMediaType()
    order = sk_file.MatchFile(term_id=term_id, file=sk_file.read_sk(request.get_data(), file_name))

    def act(tx: Tx) -> Any:
        done = sk_file.match_file(tx, order)
        counts = {outcome.value: number for outcome, number in done.counts.items()}
        return shapes.FileOut().dump({"file_id": done.file_id, "is_repeat": done.is_repeat, "counts": counts})

    return context.write_once(act, 200)


@api.get("/files/<uuid:file_id>/rows")
@guard.requires("bansos.edit")
@api.arguments(shapes.RowArgs, location="query")
@api.response(200, shapes.RowPageOut)
@api.alt_response(404, schema=Problem)
def list_file_rows(args: dict[str, Any], term_id: UUID, file_id: UUID) -> dict[str, Any]:
    """Tell of each row what became of it; what stood in it is given back by the answer alone."""
    lang = context.lang()
    outcome = args.pop("outcome")
    with context.read() as tx:
        _need_file(tx, term_id, file_id)
        found = sk_file.file_rows(tx, file_id, outcomes=(outcome,) if outcome else (), **args)
    return {
        "rows": [
            {"row_no": one.row_no, "outcome": one.outcome, "entry_id": one.entry_id, "sentence": one.sentence(lang)}
            for one in found.rows
        ],
        "total": found.total,
    }


@api.get("/files/<uuid:file_id>/answer.csv")
@guard.requires("bansos.edit")
@api.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
@api.alt_response(404, schema=Problem)
def answer_file(term_id: UUID, file_id: UUID) -> Response:
    """Give the rows as they came with a column that says what became of each; the look is logged."""
    with context.read() as tx:
        _need_file(tx, term_id, file_id)
        text = "".join(sk_file.answered_csv(tx, file_id, context.lang()))
    return attached(text, "text/csv", f"hasil-{file_id}.csv")


def _need_file(tx: Tx, term_id: UUID, file_id: UUID) -> None:
    if file_id not in {one.id for one in sk_file.files(tx, term_id)}:
        raise NotFound("term_file.not_found")
