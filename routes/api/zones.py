"""Incidents, decrees, affected areas and affected households, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from logistics.zones import commands, queries
from routes import context, guard, limits
from routes.matching import match_after
from routes.schemas import zones as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("incidents", __name__, description="From a posted area to a list of confirmed households.")


@api.get("/incidents")
@guard.requires("incident.see")
@api.response(200, shapes.IncidentsOut)
def list_incidents() -> dict[str, Any]:
    """List incidents, running ones first."""
    with context.read() as tx:
        return {"incidents": queries.incidents(tx)}


@api.post("/incidents")
@guard.requires("incident.open")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.IncidentIn)
@api.response(201, shapes.IncidentOut)
@api.alt_response(422, schema=Problem)
def open_incident(order: commands.OpenIncident, **_: Any) -> Response:
    """Open an incident."""

    def act(tx: Any) -> Any:
        opened = commands.open_incident(tx, order)
        return shapes.IncidentOut().dump(queries.incident(tx, opened.slug))

    return context.write_once(act)


@api.get("/incidents/<uuid:incident_id>")
@guard.requires("incident.see")
@api.response(200, shapes.IncidentOut)
@api.alt_response(404, schema=Problem)
def show_incident(incident_id: UUID) -> queries.IncidentView:
    """Give one incident."""
    with context.read() as tx:
        return queries.incident_by_id(tx, incident_id)


@api.post("/incidents/<uuid:incident_id>/phase")
@guard.requires("incident.open")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PhaseIn)
@api.response(200, shapes.IncidentOut)
@api.alt_response(409, schema=Problem)
def move_incident(order: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Move an incident to its next phase."""

    def act(tx: Any) -> Any:
        commands.move_incident(tx, incident_id, order["act"], order["reason"])
        tx.session.flush()
        return shapes.IncidentOut().dump(queries.incident_by_id(tx, incident_id))

    return context.write_once(act, 200)


@api.post("/incidents/<uuid:incident_id>/decrees")
@guard.requires("decree.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DecreeIn)
@api.response(201, shapes.DecreeOut)
@api.alt_response(422, schema=Problem)
def record_decree(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Record an emergency decree; days are counted with both ends."""
    return context.write_once(
        lambda tx: shapes.DecreeOut().dump(commands.record_decree(tx, shapes.decree_order(incident_id, data)))
    )


@api.get("/incidents/<uuid:incident_id>/zones")
@guard.requires("zone.see")
@api.response(200, shapes.ZonesOut)
def list_zones(incident_id: UUID) -> dict[str, Any]:
    """List an incident's areas with their newest versions."""
    with context.read() as tx:
        return {"zones": queries.zones(tx, incident_id)}


@api.post("/incidents/<uuid:incident_id>/zones")
@guard.requires("zone.post")
@limits.accepts(limits.OUTLINE_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ZoneIn)
@api.response(201, shapes.PostedZoneOut)
@api.alt_response(422, schema=Problem)
def post_zone(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Post an affected area: GeoJSON outline, region codes, or both. Matching follows by itself."""
    return context.write_once(lambda tx: _post(tx, commands.PostZone(incident_id=incident_id, **data)))


@api.get("/zones/<uuid:zone_id>")
@guard.requires("zone.see")
@api.response(200, shapes.ZoneOut)
@api.alt_response(404, schema=Problem)
def show_zone(zone_id: UUID) -> queries.ZoneView:
    """Give an area with its newest version."""
    with context.read() as tx:
        return queries.zone(tx, zone_id)


@api.get("/zones/<uuid:zone_id>/versions")
@guard.requires("zone.see")
@api.response(200, shapes.ZonesOut)
def list_versions(zone_id: UUID) -> dict[str, Any]:
    """List every version of an area, newest first."""
    with context.read() as tx:
        return {"zones": queries.versions(tx, zone_id)}


@api.post("/zones/<uuid:zone_id>/versions")
@guard.requires("zone.post")
@limits.accepts(limits.OUTLINE_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ZoneVersionIn)
@api.response(201, shapes.PostedZoneOut)
@api.alt_response(409, schema=Problem)
def revise_zone(data: dict[str, Any], zone_id: UUID, **_: Any) -> Response:
    """Post the next version of an area; refused when somebody else was faster than ``base_no``."""

    def act(tx: Any) -> Any:
        incident_id = queries.zone(tx, zone_id).incident_id
        return _post(tx, commands.PostZone(incident_id=incident_id, zone_id=zone_id, **data))

    return context.write_once(act)


@api.get("/zones/<uuid:zone_id>/compare")
@guard.requires("zone.see")
@api.arguments(shapes.CompareArgs, location="query")
@api.response(200, shapes.DiffOut)
def compare_versions(args: dict[str, Any], zone_id: UUID) -> queries.VersionDiff:
    """Tell how many households two versions of an area add, drop and keep."""
    with context.read() as tx:
        return queries.compare_versions(tx, zone_id, args["before"], args["after"])


@api.post("/zones/<uuid:zone_id>/withdrawal")
@guard.requires("zone.withdraw")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.WithdrawIn)
@api.response(200, shapes.ZoneOut)
@api.alt_response(409, schema=Problem)
def withdraw_zone(data: dict[str, Any], zone_id: UUID, **_: Any) -> Response:
    """Withdraw an area; its history stays."""

    def act(tx: Any) -> Any:
        commands.withdraw_zone(tx, zone_id, data["reason"])
        return shapes.ZoneOut().dump(queries.zone(tx, zone_id))

    return context.write_once(act, 200)


def _post(tx: Any, order: commands.PostZone) -> Any:
    posted = commands.post_zone(tx, order)
    match_after(tx, posted.version_id)
    return shapes.PostedZoneOut().dump(posted)
