"""Snapshots of the registry and what each of them changed, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from logistics.programmes.queries import term_by_id
from logistics.zones.queries import current_version_ids, incident_by_id
from registry_link.households import reporting
from registry_link.households.drawn import drawn_from
from registry_link.households.queries import SnapshotLine
from registry_link.households.states import DifferenceKind
from registry_link.importing.origins import completions_of
from routes import context, guard
from routes.schemas import snapshots as shapes
from routes.schemas.fields import Problem

api = Blueprint(
    "registry-snapshots", __name__,
    description="Registry files by source and day, and their differences; every look at households is logged.",
)  # fmt: skip


@api.get("/registry/snapshots")
@guard.requires("snapshot.see")
@api.response(200, shapes.SnapshotOut(many=True))
def list_snapshots() -> list[SnapshotLine]:
    """List the office's snapshots, the newest first; rows that completed one went into it."""
    with context.read() as tx:
        return [one for one, _ in reporting.snapshot_lines(tx)]


@api.get("/registry/snapshots/<uuid:snapshot_id>")
@guard.requires("snapshot.see")
@api.response(200, shapes.ReportOut)
@api.alt_response(404, schema=Problem)
def show_snapshot(snapshot_id: UUID) -> dict[str, Any]:
    """Give what one snapshot changed, by kind and by village."""
    with context.read() as tx:
        report = reporting.difference_report(tx, snapshot_id)
        return shapes.report_out(report, completions_of(tx, report.snapshot))


@api.get("/registry/snapshots/<uuid:snapshot_id>/differences")
@guard.requires("snapshot.see")
@api.arguments(shapes.DifferencesIn, location="query")
@api.response(200, shapes.FoundDifferencesOut)
@api.alt_response(404, schema=Problem)
def list_differences(asked: dict[str, Any], snapshot_id: UUID) -> dict[str, Any]:
    """List a snapshot's differences, narrowed by kind and village."""
    kind = DifferenceKind(asked["kind"]) if asked["kind"] else None
    order = reporting.ListDifferences(snapshot_id=snapshot_id, **{**asked, "kind": kind})
    with context.read() as tx:
        found = reporting.differences(tx, order)
    lang = context.lang()
    lines = [
        {
            "kind": one.kind, "household_id": one.household_id, "code": one.code, "village_code": one.village_code,
            "subject_name": one.subject_name, "before": one.texts(lang)[0], "after": one.texts(lang)[1],
        }
        for one in found.lines
    ]  # fmt: skip
    return {"differences": lines, "has_more": found.has_more}


@api.get("/incidents/<uuid:incident_id>/drawn-from")
@guard.requires("affected.see")
@api.response(200, shapes.SnapshotOut(many=True))
@api.alt_response(404, schema=Problem)
def incident_drawn_from(incident_id: UUID) -> list[SnapshotLine]:
    """Name the snapshots from which an incident's list of households was drawn."""
    with context.read() as tx:
        incident = incident_by_id(tx, incident_id)
        return list(drawn_from(tx, "zone_version", current_version_ids(tx, incident.id)))


@api.get("/terms/<uuid:term_id>/drawn-from")
@guard.requires("bansos.see")
@api.response(200, shapes.SnapshotOut(many=True))
@api.alt_response(404, schema=Problem)
def term_drawn_from(term_id: UUID) -> list[SnapshotLine]:
    """Name the snapshots from which a term's list was drawn last."""
    with context.read() as tx:
        return list(drawn_from(tx, "term", [term_by_id(tx, term_id).id]))
