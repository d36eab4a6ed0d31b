from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.errors import NotFound
from core.measures import Period
from core.permissions import Reach
from core.work import Tx
from logistics.zones.matching import counted_matches
from logistics.zones.models import (
    Decree,
    Incident,
    Zone,
    ZoneMatch,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rules import days_differ, window_of
from logistics.zones.states import (
    Access,
    Hazard,
    Phase,
    Severity,
    VersionState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    id: UUID
    slug: str
    name: str
    hazard: Hazard
    phase: Phase
    started_at: datetime
    place_text: str
    chronology: str
    opened_at: datetime
    window: Period | None
    """First to last day of its decrees."""
    today: date

    @property
    def day(self) -> int | None:
        """Which day of the response today is; None outside the window."""
        return (self.today - self.window.first_on).days + 1 if self.window and self.today in self.window else None

    @property
    def days(self) -> int | None:
        return self.window.days if self.window else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecreeView:
    id: UUID
    number: str
    dated_on: date
    phase: Phase
    period: Period
    days_said: int | None
    do_words_differ: bool
    area_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView:
    region_code: str
    rw: str
    rt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairView:
    code: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """An area with one of its versions (the newest, unless asked otherwise)."""

    zone_id: UUID
    version_id: UUID
    incident_id: UUID
    name: str
    no: int
    current_no: int
    state: VersionState
    severity: Severity
    access: Access
    source: str
    note: str
    observed_at: datetime
    posted_at: datetime
    posted_by: str
    withdraw_reason: str
    matched_at: datetime | None
    certain: int
    probable: int
    to_verify: int
    area_km2: float | None
    has_outline: bool
    listed: tuple[ListedView, ...]
    repairs: tuple[RepairView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDiff:
    """What the later of two versions changes, household by household."""

    joined: int
    left: int
    unchanged: int
    joined_ids: tuple[UUID, ...]
    left_ids: tuple[UUID, ...]


# ---------------------------------------------------------------- incidents


def incidents(tx: Tx, *, with_closed: bool = True) -> tuple[IncidentView, ...]:
    """List the office's incidents, running ones first, then newest first. Raises: Forbidden."""
    tx.require("incident.see")
    query = sa.select(Incident).where(Incident.regency_code == tx.regency_code)
    if not with_closed:
        query = query.where(Incident.state != Phase.CLOSED)
    rows = tx.session.scalars(query.order_by(Incident.started_at.desc())).all()
    return tuple(_incident_view(tx, row) for row in sorted(rows, key=lambda row: row.state is Phase.CLOSED))


def incident(tx: Tx, slug: str) -> IncidentView:
    """Give one incident by its readable address. Raises: Forbidden, NotFound."""
    tx.require("incident.see")
    row = tx.session.scalar(sa.select(Incident).where(Incident.regency_code == tx.regency_code, Incident.slug == slug))
    if row is None:
        raise NotFound("incident.not_found")
    return _incident_view(tx, row)


def incident_by_id(tx: Tx, incident_id: UUID) -> IncidentView:
    """Give one incident. Raises: Forbidden, NotFound."""
    tx.require("incident.see")
    row = tx.session.get(Incident, incident_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("incident.not_found")
    return _incident_view(tx, row)


def running_incident(tx: Tx) -> IncidentView | None:
    """Give the newest incident that runs, for the top of every page; nothing of it is personal."""
    row = tx.session.scalar(
        sa.select(Incident)
        .where(Incident.regency_code == tx.regency_code, Incident.state.in_((Phase.RESPONSE, Phase.ALERT)))
        .order_by(Incident.started_at.desc())
        .limit(1)
    )
    return _incident_view(tx, row) if row is not None else None


def decrees(tx: Tx, incident_id: UUID) -> tuple[DecreeView, ...]:
    """List an incident's decrees by their first day. Raises: Forbidden, NotFound."""
    incident_by_id(tx, incident_id)
    rows = tx.session.scalars(
        sa.select(Decree).where(Decree.incident_id == incident_id).order_by(Decree.first_on, Decree.recorded_at)
    )
    return tuple(_decree_view(row) for row in rows)


def window_on(tx: Tx, incident_id: UUID, day: date) -> Period | None:
    """Tell the response window that holds on a day; None when no decree covers it."""
    covering = [one.period for one in decrees(tx, incident_id) if day in one.period]
    return window_of(covering)


# ---------------------------------------------------------------- areas


def zones(tx: Tx, incident_id: UUID) -> tuple[ZoneView, ...]:
    """List an incident's areas that touch the actor's villages, each with its newest version.

    Raises: Forbidden, NotFound.
    """
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    return _zone_views(
        tx, Zone.incident_id == incident_id, ZoneVersion.no == Zone.current_no, *_touching(reach),
        order=(Zone.name, ZoneVersion.no),
    )  # fmt: skip


def current_version_ids(tx: Tx, incident_id: UUID) -> tuple[UUID, ...]:
    """Give the ids of the versions that an incident's list stands on; the caller has checked the right to see it."""
    query = sa.select(ZoneVersion.id).where(
        ZoneVersion.incident_id == incident_id, ZoneVersion.regency_code == tx.regency_code,
        ZoneVersion.state == VersionState.CURRENT,
    )  # fmt: skip
    return tuple(tx.session.scalars(query.order_by(ZoneVersion.id)))


def zone(tx: Tx, zone_id: UUID) -> ZoneView:
    """Give one area with its newest version. Raises: Forbidden; NotFound, as when it touches none of one's villages."""
    reach = tx.require("zone.see")
    found = _zone_views(
        tx, Zone.id == zone_id, ZoneVersion.no == Zone.current_no, *_touching(reach), order=(ZoneVersion.no,)
    )
    if not found:
        raise NotFound("zone.not_found")
    return found[0]


def versions(tx: Tx, zone_id: UUID) -> tuple[ZoneView, ...]:
    """List every version of an area, newest first. Raises: Forbidden, NotFound."""
    zone(tx, zone_id)
    return _zone_views(tx, Zone.id == zone_id, order=(ZoneVersion.no.desc(),))


def outlines(tx: Tx, incident_id: UUID, *, version_id: UUID | None = None) -> tuple[tuple[UUID, str], ...]:
    """Give (version id, GeoJSON text) of the newest version of each area, or of one given version."""
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    query = (
        sa.select(ZoneVersion.id, ZoneVersion.outline)
        .join(Zone, Zone.id == ZoneVersion.zone_id)
        .where(ZoneVersion.incident_id == incident_id, ZoneVersion.outline.is_not(None), *_touching(reach))
    )
    if version_id is not None:
        query = query.where(ZoneVersion.id == version_id)
    else:
        query = query.where(ZoneVersion.no == Zone.current_no)
    return tuple((row.id, row.outline) for row in tx.session.execute(query))


def compare_versions(tx: Tx, zone_id: UUID, before_no: int, after_no: int) -> VersionDiff:
    """Tell what changed between two versions of an area. Raises: Forbidden, NotFound."""
    found = {one.no: one.version_id for one in versions(tx, zone_id)}
    if before_no not in found or after_no not in found:
        raise NotFound("zone.version_not_found")
    before, after = (
        set(
            tx.session.scalars(
                sa.select(ZoneMatch.household_id)
                .join(ZoneVersion, counted_matches())
                .where(ZoneVersion.id == found[no])
            )
        )
        for no in (before_no, after_no)
    )
    joined, left = sorted(after - before), sorted(before - after)
    return VersionDiff(
        joined=len(joined), left=len(left), unchanged=len(after & before), joined_ids=tuple(joined),
        left_ids=tuple(left),
    )  # fmt: skip


# ---------------------------------------------------------------- inside


def _touching(reach: Reach) -> list[Any]:
    """Keep areas that name one of the reach's regions, or a household there: in any of their versions."""
    if reach.is_all:
        return []
    named, matched = ZoneVersionRegion.region_code, ZoneMatch.village_code
    own = sorted(reach.regions)
    above = {code[:8] for code in own}
    inside = [sa.or_(*(sa.or_(column == code, column.startswith(code + ".")) for code in own), sa.false())
              for column in (named, matched)]  # fmt: skip
    return [
        sa.or_(
            Zone.id.in_(
                sa.select(ZoneVersion.zone_id)
                .join(ZoneVersionRegion, ZoneVersionRegion.version_id == ZoneVersion.id)
                .where(sa.or_(inside[0], named.in_(above)))
            ),
            Zone.id.in_(sa.select(ZoneVersion.zone_id).join(ZoneMatch, counted_matches()).where(inside[1])),
        )
    ]


def _incident_view(tx: Tx, row: Incident) -> IncidentView:
    periods = [
        Period(one.first_on, one.last_on)
        for one in tx.session.scalars(sa.select(Decree).where(Decree.incident_id == row.id))
    ]
    return IncidentView(
        id=row.id, slug=row.slug, name=row.name, hazard=row.hazard, phase=row.state, started_at=row.started_at,
        place_text=row.place_text, chronology=row.chronology, opened_at=row.opened_at, window=window_of(periods),
        today=local_day(tx.now, tx.zone),
    )  # fmt: skip


def _decree_view(row: Decree) -> DecreeView:
    period = Period(row.first_on, row.last_on)
    return DecreeView(
        id=row.id, number=row.number, dated_on=row.dated_on, phase=row.phase, period=period, days_said=row.days_said,
        do_words_differ=days_differ(period, row.days_said), area_text=row.area_text,
    )  # fmt: skip


def _zone_views(tx: Tx, *where: Any, order: Sequence[Any]) -> tuple[ZoneView, ...]:
    rows = tx.session.execute(
        sa.select(Zone, ZoneVersion).join(ZoneVersion, ZoneVersion.zone_id == Zone.id)
        .where(Zone.regency_code == tx.regency_code, *where).order_by(*order)
    ).all()  # fmt: skip
    listed: dict[UUID, list[ListedView]] = defaultdict(list)
    for one in tx.session.scalars(
        sa.select(ZoneVersionRegion)
        .where(ZoneVersionRegion.version_id.in_([version.id for _, version in rows]))
        .order_by(ZoneVersionRegion.region_code, ZoneVersionRegion.rw, ZoneVersionRegion.rt)
    ):
        listed[one.version_id].append(ListedView(region_code=one.region_code, rw=one.rw, rt=one.rt))
    return tuple(
        ZoneView(
            zone_id=zone.id, version_id=version.id, incident_id=zone.incident_id, name=zone.name, no=version.no,
            current_no=zone.current_no, state=version.state, severity=version.severity, access=version.access,
            source=version.source, note=version.note, observed_at=version.observed_at, posted_at=version.posted_at,
            posted_by=version.posted_by, withdraw_reason=version.withdraw_reason, matched_at=version.matched_at,
            certain=version.certain, probable=version.probable, to_verify=version.to_verify,
            area_km2=version.area_km2, has_outline=version.outline is not None, listed=tuple(listed[version.id]),
            repairs=tuple(RepairView(code=one["code"], facts=one["facts"]) for one in json.loads(version.repairs)),
        )
        for zone, version in rows
    )  # fmt: skip
