"""The incident's map for machines: clusters of households, villages by share, every change of the areas."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from logistics.zones import history, mapping
from routes import context, guard
from routes import mapping as shown
from routes.schemas import map as shapes
from routes.schemas.fields import Problem

api = Blueprint("incident map", __name__, description="Where an incident's households are, and how its areas changed.")


@api.get("/incidents/<uuid:incident_id>/map/households")
@guard.requires("affected.see")
@api.arguments(shapes.ViewIn, location="query")
@api.response(200, shapes.MapHouseholdsOut)
@api.alt_response(404, schema=Problem)
def map_households(view: dict[str, Any], incident_id: UUID) -> Response:
    """Give the households in view: few of them one by one, more of them gathered in cells.

    Who may not see where households stand is given the middles of wider cells.
    """
    with context.read() as tx:
        text = shown.households_json(tx, incident_id, view["zoom"], view["box"])
    return Response(text, mimetype="application/json", headers={"Cache-Control": "no-store"})


@api.get("/incidents/<uuid:incident_id>/map/villages")
@guard.requires("zone.see")
@api.response(200, shapes.MapVillagesOut)
@api.alt_response(404, schema=Problem)
def map_villages(incident_id: UUID) -> dict[str, Any]:
    """Tell of every village on the list how much of it is on it."""
    with context.read() as tx:
        return {"villages": mapping.village_shares(tx, incident_id)}


@api.get("/incidents/<uuid:incident_id>/map/history")
@guard.requires("zone.see")
@api.response(200, shapes.MapHistoryOut)
@api.alt_response(404, schema=Problem)
def map_history(incident_id: UUID) -> dict[str, Any]:
    """List every posting and withdrawal of an area, oldest first, with what it changed."""
    with context.read() as tx:
        return {"changes": history.changes(tx, incident_id)}
