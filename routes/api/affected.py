"""Who is really affected: the list with its reasons, and what people decide on it, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from logistics.zones import affected as listing
from logistics.zones import deciding
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import regions
from routes import context, guard
from routes.schemas import affected as shapes
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("affected_households", __name__, description="Who is really affected: proposed, decided by people.")


@api.get("/incidents/<uuid:incident_id>/groups")
@guard.requires("incident.see")
@api.response(200, shapes.GroupsOut)
def show_groups(incident_id: UUID) -> listing.GroupCounts:
    """Count the three groups: certain, probable, to verify; and what was decided."""
    with context.read() as tx:
        return listing.groups(tx, incident_id)


@api.get("/incidents/<uuid:incident_id>/villages")
@guard.requires("zone.see")
@api.response(200, shapes.VillagesOut)
def list_villages(incident_id: UUID) -> dict[str, Any]:
    """Count per village, beside what BPBD reported."""
    with context.read() as tx:
        return {"villages": listing.by_village(tx, incident_id)}


@api.get("/incidents/<uuid:incident_id>/affected")
@guard.requires("affected.see")
@api.arguments(shapes.AffectedArgs, location="query")
@api.response(200, shapes.AffectedPageOut)
def list_affected(args: dict[str, Any], incident_id: UUID) -> dict[str, Any]:
    """List affected households, each with its confidence and reason. Roles that see counts get the total only."""
    with context.read() as tx:
        page = listing.affected(tx, incident_id, **args)
        people = {one.id: one for one in households_by_ids(tx, [line.household_id for line in page.lines],
                                                           purpose="affected_list")}  # fmt: skip
        villages = {one.code: one.full_name for one in regions(tx, [line.village_code for line in page.lines])}
        lang = context.lang()
        lines = [
            {
                **{name: getattr(line, name) for name in ("household_id", "village_code", "confidence", "evidence",
                   "share_permille", "is_inside", "state", "reject_reason")},
                "reason": line.reason(lang, villages.get(line.village_code, line.village_code)),
                "household_code": people[line.household_id].code, "head_name": people[line.household_id].head_name,
                "rt": people[line.household_id].rt or "", "rw": people[line.household_id].rw or "",
                "persons": people[line.household_id].size,
            }
            for line in page.lines
        ]  # fmt: skip
    return {"affected": lines, "total": page.total}


@api.post("/incidents/<uuid:incident_id>/affected")
@guard.requires("affected.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.AddAffectedIn)
@api.response(201, shapes.ChangedOut)
@api.alt_response(409, schema=Problem)
def add_affected(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Put a household on the list by hand; it is confirmed with that."""

    def act(tx: Any) -> Any:
        deciding.add_affected(tx, incident_id, data["household_id"], data["note"])
        return {"changed": 1}

    return context.write_once(act)


@api.post("/incidents/<uuid:incident_id>/affected/certain")
@guard.requires("affected.confirm_certain")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.ChangedOut)
def confirm_certain(incident_id: UUID, **_: Any) -> Response:
    """Confirm every certain household that nobody has decided on."""
    return context.write_once(lambda tx: {"changed": deciding.confirm_certain(tx, incident_id)}, 200)


@api.post("/incidents/<uuid:incident_id>/affected/decisions")
@guard.requires("affected.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DecideIn)
@api.response(200, shapes.ChangedOut)
@api.alt_response(404, schema=Problem)
def decide_affected(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Confirm or reject households; a rejection needs its reason."""
    order = shapes.decide_order(incident_id, data)
    return context.write_once(lambda tx: {"changed": deciding.decide_affected(tx, order)}, 200)
