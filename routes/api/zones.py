"""Incidents, decrees, affected areas and affected households, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.errors import Conflict
from logistics.zones import commands, comparing, counting, counts, decreeing, matching, queries, windows
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


@api.post("/incidents/<uuid:incident_id>/details")
@guard.requires("incident.open")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.EditIncidentIn)
@api.response(200, shapes.IncidentOut)
@api.alt_response(422, schema=Problem)
def edit_incident(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Put right what an incident is called, where it is and what happened; what it said before is kept."""

    def act(tx: Any) -> Any:
        commands.edit_incident(tx, commands.EditIncident(incident_id=incident_id, **data))
        return shapes.IncidentOut().dump(queries.incident_by_id(tx, incident_id))

    return context.write_once(act, 200)


@api.get("/incidents/<uuid:incident_id>/changes")
@guard.requires("incident.see")
@api.response(200, shapes.IncidentChangesOut)
@api.alt_response(404, schema=Problem)
def list_changes(incident_id: UUID) -> dict[str, Any]:
    """List what changed in an incident: its phases, and what was put right; newest first."""
    with context.read() as tx:
        return {"changes": queries.changes(tx, incident_id)}


@api.get("/incidents/<uuid:incident_id>/decrees")
@guard.requires("incident.see")
@api.response(200, shapes.DecreesOut)
@api.alt_response(404, schema=Problem)
def list_decrees(incident_id: UUID) -> dict[str, Any]:
    """List an incident's decrees by their first day, withdrawn ones too, with what does not agree in each."""
    with context.read() as tx:
        return {"decrees": queries.decrees(tx, incident_id, with_withdrawn=True)}


@api.get("/incidents/<uuid:incident_id>/window")
@guard.requires("incident.see")
@api.arguments(shapes.WindowArgs, location="query")
@api.response(200, shapes.WindowAnswerOut)
@api.alt_response(404, schema=Problem)
def show_window(args: dict[str, Any], incident_id: UUID) -> dict[str, Any]:
    """Tell the response window of a region as it stands on a day (today): those days, else the next, else the last."""
    with context.read() as tx:
        asked = args["day"] or tx.today
        return {"window": windows.window_of_region(tx, incident_id, args["region_code"], asked)}


@api.get("/incidents/<uuid:incident_id>/shared")
@guard.requires("zone.see")
@api.response(200, shapes.SharedOut)
@api.alt_response(404, schema=Problem)
def show_shared(incident_id: UUID) -> dict[str, Any]:
    """Tell what an incident shares with others: decrees on the same days and ground, villages, households."""
    with context.read() as tx:
        return {
            "decrees": windows.shared_decrees(tx, incident_id), "villages": windows.shared_villages(tx, incident_id)
        }  # fmt: skip


@api.post("/decrees/<uuid:decree_id>/withdrawal")
@guard.requires("decree.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.WithdrawIn)
@api.response(200, shapes.DecreeViewOut)
@api.alt_response(409, schema=Problem)
def withdraw_decree(data: dict[str, Any], decree_id: UUID, **_: Any) -> Response:
    """Take back a decree that was typed wrongly; it stays in the history."""

    def act(tx: Any) -> Any:
        decreeing.withdraw_decree(tx, decree_id, data["reason"])
        return shapes.DecreeViewOut().dump(queries.decree(tx, decree_id))

    return context.write_once(act, 200)


@api.post("/decrees/<uuid:decree_id>/end")
@guard.requires("decree.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.EndDecreeIn)
@api.response(200, shapes.DecreeViewOut)
@api.alt_response(409, schema=Problem)
def end_decree(data: dict[str, Any], decree_id: UUID, **_: Any) -> Response:
    """End a decree before its last day."""

    def act(tx: Any) -> Any:
        decreeing.end_decree(tx, decree_id, data["last_on"], data["reason"])
        return shapes.DecreeViewOut().dump(queries.decree(tx, decree_id))

    return context.write_once(act, 200)


@api.get("/incidents/<uuid:incident_id>/counts")
@guard.requires("zone.see")
@api.arguments(shapes.FiguresArgs, location="query")
@api.response(200, shapes.ReportedFiguresOut)
@api.alt_response(404, schema=Problem)
def list_counts(args: dict[str, Any], incident_id: UUID) -> dict[str, Any]:
    """List every figure reported for an incident's villages, each as it came, the newest observation first."""
    with context.read() as tx:
        return {"figures": counts.figures(tx, incident_id, args["village_code"])}


@api.post("/incidents/<uuid:incident_id>/counts")
@guard.requires("count.report")
@limits.accepts(limits.OUTLINE_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CountReportIn)
@api.response(201, shapes.CountReportOut)
@api.alt_response(422, schema=Problem)
def report_counts(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Report figures of villages; earlier reports stay. What of them cannot be is kept and told."""

    def act(tx: Any) -> Any:
        order = shapes.counts_order(incident_id, data)
        done = counting.report_counts(tx, order)
        return shapes.CountReportOut().dump({
            "id": done.id, "villages": done.villages, "figures": done.figures,
            "doubts": [
                {"village_code": one.village_code, "doubt": one.doubt, "reason": one.reason(context.lang())}
                for one in done.doubts
            ],
        })  # fmt: skip

    return context.write_once(act)


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
def compare_versions(args: dict[str, Any], zone_id: UUID) -> comparing.Comparison:
    """Tell how many households two versions of an area add, drop and keep, by village, and how far packages are."""
    with context.read() as tx:
        return comparing.compare(tx, zone_id, args["before"], args["after"])


@api.get("/zones/<uuid:zone_id>/compare/households")
@guard.requires("zone.see")
@api.arguments(shapes.ChangedArgs, location="query")
@api.response(200, shapes.ChangedHouseholdsOut)
@api.alt_response(404, schema=Problem)
def list_changed_households(args: dict[str, Any], zone_id: UUID) -> dict[str, Any]:
    """List the households behind a figure of a comparison. Roles that see counts get the total only."""
    with context.read() as tx:
        page = comparing.changed_households(
            tx, zone_id, args["before"], args["after"], args["change"], village_code=args["village_code"],
            limit=args["limit"], offset=args["offset"],
        )  # fmt: skip
        tx.saw("household", [one.household_id for one in page.lines], "affected_list")
        return {"households": page.lines, "total": page.total}


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


@api.get("/zones/<uuid:zone_id>/matchings")
@guard.requires("zone.see")
@api.response(200, shapes.MatchingsOut)
def list_matchings(zone_id: UUID) -> dict[str, Any]:
    """List the times an area's current version was matched, the latest first."""
    with context.read() as tx:
        return {"matchings": matching.matchings(tx, queries.zone(tx, zone_id).version_id)}


@api.post("/zones/<uuid:zone_id>/matchings")
@guard.requires("zone.post")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.MatchedOut)
@api.alt_response(409, schema=Problem)
def rematch_zone(zone_id: UUID, **_: Any) -> Response:
    """Match an area's current version again, now. It happens by itself when the registry has a new snapshot."""

    def act(tx: Any) -> Any:
        done = matching.rematch_zone(tx, zone_id)
        if done is None:
            raise Conflict("zone.is_withdrawn")
        return shapes.MatchedOut().dump(done)

    return context.write_once(act, 200)


def _post(tx: Any, order: commands.PostZone) -> Any:
    posted = commands.post_zone(tx, order)
    match_after(tx, posted.version_id)
    return shapes.PostedZoneOut().dump(posted)
