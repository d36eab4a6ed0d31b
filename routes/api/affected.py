"""Who is really affected: the list with its reasons, and what people decide on it, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.i18n import say
from logistics.zones import affected as listing
from logistics.zones import deciding, freezing, sheltering
from logistics.zones.deciding import ConfirmGroup
from logistics.zones.rules import doubt_facts
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
    """Count per village, beside what BPBD reported, with the gap and what of the figures cannot be."""
    with context.read() as tx:
        lines = listing.by_village(tx, incident_id)
    plain = [name for name in shapes.VillageOut().fields if name != "doubts"]
    lang = context.lang()
    return {
        "villages": [
            {
                **{name: getattr(one, name) for name in plain},
                "doubts": [
                    {"doubt": doubt, "reason": say(f"doubt.{doubt.value}", lang, doubt_facts(one.reported))}
                    for doubt in one.doubts
                ],
            }
            for one in lines
        ]
    }


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
                   "share_permille", "is_inside", "state", "reject_reason", "decided_no")},
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


@api.post("/incidents/<uuid:incident_id>/affected/confirmations")
@guard.requires("affected.confirm_group")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ConfirmIn)
@api.response(200, shapes.ChangedOut)
@api.alt_response(409, schema=Problem)
def confirm_group(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Confirm everybody undecided of a village or a group; refused when it is not the ``expected`` number."""
    order = ConfirmGroup(incident_id=incident_id, **data)
    return context.write_once(lambda tx: {"changed": deciding.confirm_group(tx, order)}, 200)


@api.post("/incidents/<uuid:incident_id>/affected/decisions")
@guard.requires("affected.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DecideIn)
@api.response(200, shapes.DecidedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def decide_affected(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Confirm or reject households; a rejection needs its reason."""
    order = shapes.decide_order(incident_id, data)
    return context.write_once(lambda tx: shapes.DecidedOut().dump(deciding.decide_affected(tx, order)), 200)


@api.post("/incidents/<uuid:incident_id>/affected/<uuid:household_id>/undo")
@guard.requires("affected.decide")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.UndoIn)
@api.response(200, shapes.StateOut)
@api.alt_response(409, schema=Problem)
def undo_decision(data: dict[str, Any], incident_id: UUID, household_id: UUID, **_: Any) -> Response:
    """Take back the last decision on a household; the history keeps both."""

    def act(tx: Any) -> Any:
        deciding.undo_decision(tx, incident_id, household_id, data["decided_no"])
        return shapes.StateOut().dump(listing.affected_household(tx, incident_id, household_id))

    return context.write_once(act, 200)


@api.get("/incidents/<uuid:incident_id>/affected/<uuid:household_id>/decisions")
@guard.requires("affected.see")
@api.response(200, shapes.DecisionsOut)
@api.alt_response(404, schema=Problem)
def list_decisions(incident_id: UUID, household_id: UUID) -> dict[str, Any]:
    """Give what people decided on a household, the last first."""
    with context.read() as tx:
        return {"decisions": listing.decisions(tx, incident_id, household_id)}


# ---------------------------------------------------------------- frozen lists


@api.get("/incidents/<uuid:incident_id>/lists")
@guard.requires("affected.see")
@api.response(200, shapes.ListsOut)
@api.alt_response(404, schema=Problem)
def list_lists(incident_id: UUID) -> dict[str, Any]:
    """List the frozen lists of an incident, newest first."""
    with context.read() as tx:
        return {"lists": freezing.lists(tx, incident_id)}


@api.post("/incidents/<uuid:incident_id>/lists")
@guard.requires("affected.freeze")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.FreezeIn)
@api.response(201, shapes.ListOut)
@api.alt_response(409, schema=Problem)
def freeze_list(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Freeze everybody confirmed as the next list; plans are drawn from it."""

    def act(tx: Any) -> Any:
        freezing.freeze_list(tx, freezing.Freeze(incident_id=incident_id, **data))
        return shapes.ListOut().dump(freezing.current_list(tx, incident_id))

    return context.write_once(act)


@api.post("/incidents/<uuid:incident_id>/lists/opening")
@guard.requires("affected.freeze")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.OpenListIn)
@api.response(200, shapes.ListsOut)
@api.alt_response(409, schema=Problem)
def open_list(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """End the list that holds, so that what it says may be decided anew."""

    def act(tx: Any) -> Any:
        freezing.open_list(tx, incident_id, data["reason"])
        return shapes.ListsOut().dump({"lists": freezing.lists(tx, incident_id)})

    return context.write_once(act, 200)


@api.get("/incidents/<uuid:incident_id>/lists/<int:no>")
@guard.requires("affected.see")
@api.arguments(shapes.EntriesArgs, location="query")
@api.response(200, shapes.FrozenListOut)
@api.alt_response(404, schema=Problem)
def show_list(args: dict[str, Any], incident_id: UUID, no: int) -> dict[str, Any]:
    """Give a frozen list with its households, as they were when it was frozen."""
    with context.read() as tx:
        of = freezing.frozen_list(tx, incident_id, no)
        found = freezing.entries(tx, of, **args)
        tx.saw("household", [one.household_id for one in found.lines], "affected_list")
        return {"list": of, "entries": found.lines, "total": found.total}


# ---------------------------------------------------------------- shelters and stays


@api.get("/incidents/<uuid:incident_id>/shelters")
@guard.requires("shelter.see")
@api.response(200, shapes.SheltersOut)
@api.alt_response(404, schema=Problem)
def list_shelters(incident_id: UUID) -> dict[str, Any]:
    """List an incident's shelters with who is there by name and what was reported."""
    with context.read() as tx:
        return {"shelters": sheltering.shelters(tx, incident_id)}


@api.post("/incidents/<uuid:incident_id>/shelters")
@guard.requires("shelter.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ShelterIn)
@api.response(201, shapes.ShelterOut)
@api.alt_response(409, schema=Problem)
def open_shelter(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Open a shelter."""

    def act(tx: Any) -> Any:
        shelter_id = sheltering.open_shelter(tx, sheltering.OpenShelter(incident_id=incident_id, **data))
        return shapes.ShelterOut().dump(sheltering.shelter(tx, shelter_id))

    return context.write_once(act)


@api.get("/shelters/<uuid:shelter_id>")
@guard.requires("shelter.see")
@api.response(200, shapes.ShelterOut)
@api.alt_response(404, schema=Problem)
def show_shelter(shelter_id: UUID) -> sheltering.ShelterView:
    """Give a shelter."""
    with context.read() as tx:
        return sheltering.shelter(tx, shelter_id)


@api.post("/shelters/<uuid:shelter_id>")
@guard.requires("shelter.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ShelterFactsIn)
@api.response(200, shapes.ShelterOut)
@api.alt_response(404, schema=Problem)
def change_shelter(data: dict[str, Any], shelter_id: UUID, **_: Any) -> Response:
    """Say anew what is known of a shelter."""

    def act(tx: Any) -> Any:
        sheltering.change_shelter(tx, sheltering.ChangeShelter(shelter_id=shelter_id, **data))
        return shapes.ShelterOut().dump(sheltering.shelter(tx, shelter_id))

    return context.write_once(act, 200)


@api.post("/shelters/<uuid:shelter_id>/closing")
@guard.requires("shelter.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.ShelterOut)
@api.alt_response(409, schema=Problem)
def close_shelter(shelter_id: UUID, **_: Any) -> Response:
    """Close a shelter that nobody is in any more."""

    def act(tx: Any) -> Any:
        sheltering.close_shelter(tx, shelter_id)
        return shapes.ShelterOut().dump(sheltering.shelter(tx, shelter_id))

    return context.write_once(act, 200)


@api.post("/shelters/<uuid:shelter_id>/opening")
@guard.requires("shelter.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.ShelterOut)
@api.alt_response(409, schema=Problem)
def open_shelter_again(shelter_id: UUID, **_: Any) -> Response:
    """Open a closed shelter again."""

    def act(tx: Any) -> Any:
        sheltering.open_again(tx, shelter_id)
        return shapes.ShelterOut().dump(sheltering.shelter(tx, shelter_id))

    return context.write_once(act, 200)


@api.get("/shelters/<uuid:shelter_id>/households")
@guard.requires("shelter.see")
@api.response(200, shapes.StaysOut)
@api.alt_response(404, schema=Problem)
def list_inhabitants(shelter_id: UUID) -> dict[str, Any]:
    """List which households are at a shelter now, within the reach."""
    with context.read() as tx:
        found = sheltering.households_at(tx, shelter_id)
        tx.saw("household", [one.household_id for one in found], "shelter_list")
        return {"stays": found}


@api.post("/incidents/<uuid:incident_id>/stays")
@guard.requires("stay.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StayIn)
@api.response(200, shapes.ChangedOut)
@api.alt_response(409, schema=Problem)
def record_stay(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Keep where households are from a day on; they are served there."""
    order = shapes.stay_order(incident_id, data)
    return context.write_once(lambda tx: {"changed": sheltering.record_stay(tx, order)}, 200)


@api.get("/incidents/<uuid:incident_id>/affected/<uuid:household_id>/stays")
@guard.requires("shelter.see")
@api.response(200, shapes.StaysOut)
@api.alt_response(404, schema=Problem)
def list_stays(incident_id: UUID, household_id: UUID) -> dict[str, Any]:
    """Give where a household was during an incident, the last first."""
    with context.read() as tx:
        found = sheltering.stays_of(tx, incident_id, household_id)
        tx.saw("household", [household_id], "shelter_list")
        return {"stays": found}


@api.get("/incidents/<uuid:incident_id>/displaced")
@guard.requires("shelter.see")
@api.response(200, shapes.DisplacedPageOut)
@api.alt_response(404, schema=Problem)
def list_displaced(incident_id: UUID) -> dict[str, Any]:
    """Count the displaced by home village, by name beside what was reported."""
    with context.read() as tx:
        return {"villages": sheltering.displaced(tx, incident_id)}
