from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core import states
from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.work import Tx
from logistics.packages.queries import rounds_of
from logistics.zones.counting import ReportCount as ReportCount
from logistics.zones.counting import keep_report
from logistics.zones.decreeing import OPEN_ROUNDS
from logistics.zones.decreeing import RecordDecree as RecordDecree
from logistics.zones.decreeing import RecordedDecree as RecordedDecree
from logistics.zones.decreeing import record_decree as record_decree
from logistics.zones.matching import refresh_affected
from logistics.zones.models import (
    Decree,
    Incident,
    IncidentChange,
    Zone,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.naming import ListRegion as ListRegion
from logistics.zones.naming import listed_regions
from logistics.zones.rows import incident_row, lock_incident_row, lock_running, zone_row
from logistics.zones.rules import short_number, slug_of
from logistics.zones.states import (
    PHASES,
    VERSIONS,
    Access,
    Hazard,
    IncidentField,
    Phase,
    PhaseAct,
    Severity,
    VersionAct,
    VersionState,
)
from registry_link.matching.earth import Box
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.regions.queries import boundaries_of
from registry_link.regions.states import Level

MOST_CODES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    name: str
    hazard: Hazard
    started_at: datetime
    place_text: str = ""
    chronology: str = ""
    phase: Phase = Phase.RESPONSE


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    id: UUID
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditIncident:
    incident_id: UUID
    name: str
    hazard: Hazard
    place_text: str = ""
    chronology: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostZone:
    """A new area, or the next version of one (``zone_id`` and the number it was based on)."""

    incident_id: UUID
    name: str
    observed_at: datetime
    severity: Severity
    access: Access = Access.ROAD
    source: str = ""
    note: str = ""
    outline: str | None = None
    """GeoJSON text; longitude first, WGS 84."""
    regions: tuple[ListRegion, ...] = ()
    counts: tuple[ReportCount, ...] = ()
    zone_id: UUID | None = None
    base_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedZone:
    zone_id: UUID
    version_id: UUID
    no: int
    repairs: tuple[str, ...] = field(default=())
    """Codes of what was put right in the outline."""


# ---------------------------------------------------------------- incident and decree


def open_incident(tx: Tx, order: OpenIncident) -> OpenedIncident:
    """Open an incident. Raises: Forbidden, Invalid."""
    tx.require("incident.open")
    name = " ".join(order.name.split())
    if not 3 <= len(name) <= 120:
        raise Invalid("incident.name_length", field="name")
    if order.started_at > tx.now + timedelta(minutes=15):
        raise Invalid("incident.starts_in_future", field="started_at")
    if order.phase not in (Phase.ALERT, Phase.RESPONSE):
        raise Invalid("incident.phase_unfit", field="phase")
    slug = base = slug_of(name, local_day(order.started_at, tx.zone))
    taken = set(tx.session.scalars(sa.select(Incident.slug).where(Incident.regency_code == tx.regency_code)))
    number = 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    incident_id = tx.new_id()
    tx.session.execute(
        sa.insert(Incident).values(
            id=incident_id, regency_code=tx.regency_code, slug=slug, name=name, hazard=order.hazard, state=order.phase,
            started_at=order.started_at, place_text=order.place_text.strip(), chronology=order.chronology.strip(),
            opened_at=tx.now, opened_by=tx.actor.id,
        )
    )  # fmt: skip
    tx.note("incident.open", "incident", incident_id, hazard=order.hazard.value, slug=slug)
    return OpenedIncident(incident_id, slug)


def move_incident(tx: Tx, incident_id: UUID, act: PhaseAct, reason: str = "") -> Phase:
    """Move an incident to its next phase; closing waits until nothing of it runs.

    Raises: Forbidden, NotFound, Conflict.
    """
    tx.require("incident.open")
    before = lock_incident_row(tx, incident_id)
    if act is PhaseAct.CLOSE:
        _nothing_may_run(tx, incident_id)
    after = states.move(tx, Incident, incident_id, act, PHASES, reason=reason)
    _keep_change(tx, incident_id, IncidentField.PHASE, before.value, after.value, reason)
    return after


def edit_incident(tx: Tx, order: EditIncident) -> tuple[IncidentField, ...]:
    """Put right what an incident is called, where it is and what happened; gives what changed.

    Its address stays what it was. Raises: Forbidden, NotFound, Invalid.
    """
    tx.require("incident.open")
    row = incident_row(tx, order.incident_id)
    name = " ".join(order.name.split())
    if not 3 <= len(name) <= 120:
        raise Invalid("incident.name_length", field="name")
    wanted: dict[IncidentField, tuple[str, str]] = {
        IncidentField.NAME: (row.name, name),
        IncidentField.HAZARD: (row.hazard.value, order.hazard.value),
        IncidentField.PLACE: (row.place_text, order.place_text.strip()),
        IncidentField.CHRONOLOGY: (row.chronology, order.chronology.strip()),
    }
    changed = tuple(each for each, (before, after) in wanted.items() if before != after)
    if not changed:
        return ()
    for each in changed:
        _keep_change(tx, row.id, each, *wanted[each], order.reason)
    row.name, row.hazard = name, order.hazard
    row.place_text, row.chronology = order.place_text.strip(), order.chronology.strip()
    tx.session.flush()
    tx.note("incident.edit", "incident", row.id, reason=order.reason.strip(), fields=[each.value for each in changed])
    return changed


# ---------------------------------------------------------------- areas


def post_zone(tx: Tx, order: PostZone) -> PostedZone:
    """Post an area, or its next version; nothing is overwritten.

    Raises: Forbidden; NotFound; Invalid, with what is wrong and where; Conflict, when somebody revised it meanwhile.
    """
    tx.require("zone.post")
    lock_running(tx, order.incident_id)
    if order.observed_at > tx.now + timedelta(minutes=15):
        raise Invalid("zone.observed_in_future", field="observed_at")
    if order.outline is None and not order.regions:
        raise Invalid("zone.empty", field="outline")
    if len(order.regions) > MOST_CODES:
        raise Invalid("zone.too_many_codes", field="regions", most=MOST_CODES)
    outline = read_outline(tx, order.outline) if order.outline is not None else None
    listed = listed_regions(tx, order.regions)
    zone_id, no = _place_version(tx, order)
    version_id = tx.new_id()
    tx.session.execute(
        sa.insert(ZoneVersion).values(
            id=version_id, regency_code=tx.regency_code, zone_id=zone_id, incident_id=order.incident_id, no=no,
            state=VersionState.CURRENT, outline=outline.to_geojson() if outline else None,
            area_km2=outline.area_km2 if outline else None, severity=order.severity, access=order.access,
            repairs=json.dumps([{"code": one.code, "facts": dict(one.facts)} for one in outline.repairs])
            if outline else "[]",
            source=order.source.strip(), note=order.note.strip(), observed_at=order.observed_at, posted_at=tx.now,
            posted_by=tx.actor.id, withdrawn_at=None, withdraw_reason="", matched_at=None,
            certain=0, probable=0, to_verify=0,
        )
    )  # fmt: skip
    if listed:
        tx.session.execute(
            sa.insert(ZoneVersionRegion),
            [
                {"version_id": version_id, "region_code": one.code, "rw": one.rw or "", "rt": one.rt or ""}
                for one in listed
            ],
        )
    keep_report(
        tx, order.incident_id, version_id, order.counts, source=order.source, note="", observed_at=order.observed_at
    )
    tx.note(
        "zone.post", "zone", zone_id, no=no, has_outline=outline is not None, regions=len(listed),
        severity=order.severity.value, source=order.source.strip()[:120],
    )  # fmt: skip
    return PostedZone(
        zone_id=zone_id, version_id=version_id, no=no, repairs=tuple(one.code for one in outline.repairs) if outline
        else (),
    )  # fmt: skip


def withdraw_zone(tx: Tx, zone_id: UUID, reason: str) -> None:
    """Withdraw an area; its history stays, and what was decided of its households stays. Raises: NotFound, Invalid."""
    tx.require("zone.withdraw")
    if len(reason.strip()) < 5:
        raise Invalid("zone.reason_missing", field="reason")
    zone = zone_row(tx, zone_id)
    # Alone on the incident: who decides on its list, or matches another area of it, waits or is waited for.
    lock_incident_row(tx, zone.incident_id)
    version_id = tx.session.scalar(
        sa.select(ZoneVersion.id).where(ZoneVersion.zone_id == zone_id, ZoneVersion.state == VersionState.CURRENT)
    )
    if version_id is None:
        raise Conflict("zone.is_withdrawn")
    states.move(
        tx, ZoneVersion, version_id, VersionAct.WITHDRAW, VERSIONS, reason=reason.strip(), withdrawn_at=tx.now,
        withdraw_reason=reason.strip(),
    )  # fmt: skip
    refresh_affected(tx, zone.incident_id)


# ---------------------------------------------------------------- inside


def _nothing_may_run(tx: Tx, incident_id: UUID) -> None:
    """Refuse to close an incident whose decree still runs or whose round is still open. Raises: Conflict."""
    rounds = [str(one.no) for one in rounds_of(tx, incident_id) if one.state in OPEN_ROUNDS]
    if rounds:
        raise Conflict("incident.round_open", rounds=", ".join(rounds))
    last = sa.func.coalesce(Decree.ended_on, Decree.last_on)
    running = tx.session.execute(
        sa.select(Decree.number, last.label("last_on"))
        .where(Decree.incident_id == incident_id, Decree.withdrawn_at.is_(None), last > tx.today)
        .order_by(Decree.first_on)
    ).first()
    if running is not None:
        raise Conflict(
            "incident.decree_running", number=short_number(running.number), last_on=running.last_on.isoformat()
        )


def _keep_change(tx: Tx, incident_id: UUID, field: IncidentField, before: str, after: str, reason: str) -> None:
    tx.session.execute(
        sa.insert(IncidentChange).values(
            id=tx.new_id(), incident_id=incident_id, field=field, before=before, after=after, reason=reason.strip(),
            at=tx.now, by=tx.actor.id,
        )
    )  # fmt: skip


def read_outline(tx: Tx, text: str) -> Outline:
    """Read an outline as GeoJSON, repaired where that changes nothing of its meaning. Raises: Invalid."""
    boxes = boundaries_of(tx, tx.regency_code, Level.REGENCY) or boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    box = None
    if boxes:
        box = Box(
            min(one.west for one in boxes), min(one.south for one in boxes),
            max(one.east for one in boxes), max(one.north for one in boxes),
        )  # fmt: skip
    return parse_outline(text, district_box=box)


def _place_version(tx: Tx, order: PostZone) -> tuple[UUID, int]:
    name = " ".join(order.name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid("zone.name_length", field="name")
    taken = sa.select(Zone.id).where(Zone.incident_id == order.incident_id, Zone.name == name, Zone.id != order.zone_id)
    if tx.session.scalar(taken):
        raise Conflict("zone.name_taken", name=name)
    if order.zone_id is None:
        zone_id = tx.new_id()
        tx.session.execute(
            sa.insert(Zone).values(
                id=zone_id, regency_code=tx.regency_code, incident_id=order.incident_id, name=name, current_no=1
            )
        )
        return zone_id, 1
    zone = zone_row(tx, order.zone_id)
    if zone.incident_id != order.incident_id:
        raise NotFound("zone.not_found")
    base = order.base_no if order.base_no is not None else zone.current_no
    done = tx.session.execute(
        sa.update(Zone).where(Zone.id == zone.id, Zone.current_no == base).values(current_no=base + 1, name=name)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("zone.revised_meanwhile", name=name, current=zone.current_no, base=base)
    tx.session.execute(
        sa.update(ZoneVersion)
        .where(ZoneVersion.zone_id == zone.id, ZoneVersion.state == VersionState.CURRENT)
        .values(state=VERSIONS[VersionState.CURRENT, VersionAct.SUPERSEDE])
        .execution_options(synchronize_session=False)
    )
    return zone.id, base + 1
