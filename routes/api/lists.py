"""A term's list for machines: drawn by criteria, checked for overlaps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from logistics.programmes import drawing, overlaps
from routes import context, guard
from routes.schemas import lists as shapes
from routes.schemas.fields import KeyHeader, Problem

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
