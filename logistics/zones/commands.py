from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core import states
from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.measures import Period
from core.work import Tx
from logistics.zones.counting import ReportCount as ReportCount
from logistics.zones.counting import keep_report
from logistics.zones.matching import refresh_affected
from logistics.zones.models import (
    Decree,
    Incident,
    Zone,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rows import incident_row, zone_row
from logistics.zones.rules import days_differ, slug_of
from logistics.zones.states import (
    PHASES,
    VERSIONS,
    Access,
    Hazard,
    Phase,
    PhaseAct,
    Severity,
    VersionAct,
    VersionState,
)
from registry_link.matching.earth import Box
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.matching.rules import ListedRegion
from registry_link.regions.queries import boundaries_of, find_region, region
from registry_link.regions.states import CodeSystem, Level

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
class RecordDecree:
    incident_id: UUID
    number: str
    dated_on: date
    first_on: date
    last_on: date
    phase: Phase = Phase.RESPONSE
    days_said: int | None = None
    area_text: str = ""


@dataclass(frozen=True, slots=True)
class RecordedDecree:
    id: UUID
    days: int
    do_words_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegion:
    """A region as BPBD names it: code with its system, and the name where they give one; both must agree."""

    code: str
    name: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI
    rw: str = ""
    rt: str = ""


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
    """Move an incident to its next phase. Raises: Forbidden, NotFound, Conflict."""
    tx.require("incident.open")
    incident_row(tx, incident_id)
    return states.move(tx, Incident, incident_id, act, PHASES, reason=reason)


def lock_incident(tx: Tx, incident_id: UUID) -> Phase:
    """Keep the incident for this transaction, so that two who open its next week wait for each other.

    Gives its phase. Raises: NotFound.
    """
    phase: Phase | None = tx.session.scalar(
        sa.select(Incident.state)
        .where(Incident.id == incident_id, Incident.regency_code == tx.regency_code)
        .with_for_update()
    )
    if phase is None:
        raise NotFound("incident.not_found")
    return phase


def record_decree(tx: Tx, order: RecordDecree) -> RecordedDecree:
    """Record an emergency decree; its days are counted here, with both ends. Raises: Forbidden, Invalid, Conflict."""
    tx.require("decree.record")
    incident_row(tx, order.incident_id)
    number = " ".join(order.number.split())
    if not number:
        raise Invalid("decree.number_missing", field="number")
    if order.last_on < order.first_on:
        raise Invalid("decree.ends_before_start", field="last_on")
    period = Period(order.first_on, order.last_on)
    if period.days > 366:
        raise Invalid("decree.too_long", field="last_on", days=period.days)
    if tx.session.scalar(sa.select(Decree.id).where(Decree.incident_id == order.incident_id, Decree.number == number)):
        raise Conflict("decree.exists", number=number)
    decree_id = tx.new_id()
    tx.session.execute(
        sa.insert(Decree).values(
            id=decree_id, incident_id=order.incident_id, number=number, dated_on=order.dated_on, phase=order.phase,
            first_on=order.first_on, last_on=order.last_on, days_said=order.days_said,
            area_text=order.area_text.strip(), recorded_at=tx.now, recorded_by=tx.actor.id,
        )
    )  # fmt: skip
    tx.note("decree.record", "incident", order.incident_id, number=number, days=period.days)
    return RecordedDecree(decree_id, period.days, days_differ(period, order.days_said))


# ---------------------------------------------------------------- areas


def post_zone(tx: Tx, order: PostZone) -> PostedZone:
    """Post an area, or its next version; nothing is overwritten.

    Raises: Forbidden; NotFound; Invalid, with what is wrong and where; Conflict, when somebody revised it meanwhile.
    """
    tx.require("zone.post")
    incident = incident_row(tx, order.incident_id)
    if incident.state is Phase.CLOSED:
        raise Conflict("incident.is_closed")
    if order.observed_at > tx.now + timedelta(minutes=15):
        raise Invalid("zone.observed_in_future", field="observed_at")
    if order.outline is None and not order.regions:
        raise Invalid("zone.empty", field="outline")
    if len(order.regions) > MOST_CODES:
        raise Invalid("zone.too_many_codes", field="regions", most=MOST_CODES)
    outline = _read_outline(tx, order.outline) if order.outline is not None else None
    listed = _listed(tx, order.regions)
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


def _read_outline(tx: Tx, text: str) -> Outline:
    boxes = boundaries_of(tx, tx.regency_code, Level.REGENCY) or boundaries_of(tx, tx.regency_code, Level.VILLAGE)
    box = None
    if boxes:
        box = Box(
            min(one.west for one in boxes), min(one.south for one in boxes),
            max(one.east for one in boxes), max(one.north for one in boxes),
        )  # fmt: skip
    return parse_outline(text, district_box=box)


def _listed(tx: Tx, regions: Sequence[ListRegion]) -> list[ListedRegion]:
    listed: dict[tuple[str, str, str], ListedRegion] = {}
    for one in regions:
        if one.name or one.system is not CodeSystem.KEMENDAGRI:
            digits = one.code.replace(".", "")
            is_district = len(digits) == (7 if one.system is CodeSystem.BPS else 6)
            found = find_region(
                tx, one.system, one.code, one.name, Level.DISTRICT if is_district and not one.name else Level.VILLAGE
            )
        else:
            found = region(tx, one.code)
        if found.level not in (Level.VILLAGE, Level.DISTRICT) or not found.code.startswith(tx.regency_code + "."):
            raise Invalid("zone.region_unfit", field="regions", code=one.code, name=found.name)
        if one.rt and not one.rw:
            raise Invalid("zone.rt_without_rw", field="regions", code=one.code, rt=one.rt)
        rw, rt = (f"{int(part):03d}" if part.isascii() and part.isdigit() else part for part in (one.rw, one.rt))
        listed[(found.code, rw, rt)] = ListedRegion(found.code, rw or None, rt or None)
    return list(listed.values())


def _place_version(tx: Tx, order: PostZone) -> tuple[UUID, int]:
    name = " ".join(order.name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid("zone.name_length", field="name")
    if order.zone_id is None:
        taken = sa.select(Zone.id).where(Zone.incident_id == order.incident_id, Zone.name == name)
        if tx.session.scalar(taken):
            raise Conflict("zone.name_taken", name=name)
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
