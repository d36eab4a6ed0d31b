from __future__ import annotations

import enum
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.errors import NotFound
from core.i18n import say
from core.measures import Period
from core.permissions import Reach
from core.work import Tx
from logistics.zones.matching import counted_matches
from logistics.zones.models import (
    Decree,
    DecreeRegion,
    Incident,
    IncidentChange,
    Zone,
    ZoneMatch,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rules import SaidDays, days_differ, gap_days, read_days, short_number, window_of
from logistics.zones.states import (
    Access,
    Hazard,
    IncidentField,
    Phase,
    Severity,
    VersionState,
)


class DoubtKind(enum.StrEnum):
    WORDS = "words"
    """Its words name another number of days than its dates."""
    TORN = "torn"
    """Its digits and its words name two numbers of days."""
    GAP = "gap"
    """Days lie between it and the decree that it extends."""
    OVERLAP = "overlap"
    """It and the decree that it extends both cover some days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecreeDoubt:
    """What of a decree does not agree with its dates or with the decree that it extends."""

    number: str
    kind: DoubtKind
    said: int | None
    counted: int
    """Days by its dates, or days between the two decrees, or days that both cover."""
    other: str = ""

    def text(self, lang: str) -> str:
        facts = {
            "number": short_number(self.number), "said": self.said, "counted": self.counted,
            "other": short_number(self.other),
        }  # fmt: skip
        return say(f"decree.doubt.{self.kind.value}", lang, facts)


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
    opened_by: str
    window: Period | None
    """The days without a gap that its decrees cover: those around today, else the next, else the last."""
    today: date
    doubts: tuple[DecreeDoubt, ...] = ()
    """What does not agree in its decrees."""

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
    incident_id: UUID
    number: str
    dated_on: date
    authority: str
    phase: Phase
    period: Period
    """The days that it holds: to its last, or to the day it was ended on."""
    stated: Period
    """The days as it says them."""
    days_said: int | None
    days_text: str
    do_words_differ: bool
    area_text: str
    region_codes: tuple[str, ...]
    """Districts and villages that it names; none is the whole regency."""
    extends_id: UUID | None
    extends_number: str
    gap_days: int | None
    """Days between it and the decree that it extends; below zero the days that both cover."""
    file_id: UUID | None
    recorded_at: datetime
    recorded_by: str
    ended_on: date | None
    end_reason: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdraw_reason: str

    @property
    def short_number(self) -> str:
        return short_number(self.number)

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def said(self) -> SaidDays | None:
        return read_days(self.days_text) if self.days_text else SaidDays(self.days_said, None)

    @property
    def doubts(self) -> tuple[DecreeDoubt, ...]:
        """What does not agree in it; nothing of one that was withdrawn."""
        if self.is_withdrawn:
            return ()
        found, said = [], self.said
        if said is not None and said.is_torn:
            found.append((DoubtKind.TORN, said.digits, said.words or 0))
        if said is not None and said.days is not None and said.days != self.stated.days:
            found.append((DoubtKind.WORDS, said.days, self.stated.days))
        if self.gap_days:
            found.append((DoubtKind.GAP if self.gap_days > 0 else DoubtKind.OVERLAP, None, abs(self.gap_days)))
        return tuple(
            DecreeDoubt(number=self.number, kind=kind, said=one, counted=counted, other=self.extends_number)
            for kind, one, counted in found
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One thing of an incident that became another."""

    field: IncidentField
    before: str
    after: str
    reason: str
    at: datetime
    by: str


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
    withdrawn_at: datetime | None
    withdraw_reason: str
    matched_at: datetime | None
    certain: int
    probable: int
    to_verify: int
    area_km2: float | None
    has_outline: bool
    listed: tuple[ListedView, ...]
    repairs: tuple[RepairView, ...]


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


def decrees(tx: Tx, incident_id: UUID, *, with_withdrawn: bool = False) -> tuple[DecreeView, ...]:
    """List an incident's decrees by their first day. Raises: Forbidden, NotFound."""
    incident_by_id(tx, incident_id)
    return tuple(one for one in _decrees(tx, incident_id) if with_withdrawn or not one.is_withdrawn)


def decree(tx: Tx, decree_id: UUID) -> DecreeView:
    """Give one decree of the office. Raises: Forbidden, NotFound."""
    tx.require("incident.see")
    row = tx.session.get(Decree, decree_id)
    if row is None:
        raise NotFound("decree.not_found")
    return next(one for one in decrees(tx, row.incident_id, with_withdrawn=True) if one.id == decree_id)


def changes(tx: Tx, incident_id: UUID) -> tuple[ChangeView, ...]:
    """List what changed in an incident, newest first. Raises: Forbidden, NotFound."""
    incident_by_id(tx, incident_id)
    rows = tx.session.scalars(
        sa.select(IncidentChange).where(IncidentChange.incident_id == incident_id)
        .order_by(IncidentChange.at.desc(), IncidentChange.id.desc())
    )  # fmt: skip
    return tuple(
        ChangeView(field=row.field, before=row.before, after=row.after, reason=row.reason, at=row.at, by=row.by)
        for row in rows
    )


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


def versions_of(tx: Tx, incident_id: UUID) -> tuple[ZoneView, ...]:
    """List every version of every area of an incident that touches one's villages. Raises: Forbidden, NotFound."""
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    return _zone_views(tx, Zone.incident_id == incident_id, *_touching(reach), order=(Zone.name, ZoneVersion.no.desc()))


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
    today = local_day(tx.now, tx.zone)
    standing = [one for one in _decrees(tx, row.id) if not one.is_withdrawn]
    return IncidentView(
        id=row.id, slug=row.slug, name=row.name, hazard=row.hazard, phase=row.state, started_at=row.started_at,
        place_text=row.place_text, chronology=row.chronology, opened_at=row.opened_at, opened_by=row.opened_by,
        window=window_of([one.period for one in standing], today), today=today,
        doubts=tuple(doubt for one in standing for doubt in one.doubts),
    )  # fmt: skip


def _decrees(tx: Tx, incident_id: UUID) -> tuple[DecreeView, ...]:
    rows = tx.session.scalars(
        sa.select(Decree)
        .where(Decree.incident_id == incident_id)
        .order_by(Decree.first_on, Decree.recorded_at)
        .execution_options(populate_existing=True)
    ).all()
    named: dict[UUID, list[str]] = defaultdict(list)
    if rows:
        for one in tx.session.execute(
            sa.select(DecreeRegion.decree_id, DecreeRegion.region_code)
            .where(DecreeRegion.decree_id.in_([row.id for row in rows]))
            .order_by(DecreeRegion.region_code)
        ):
            named[one.decree_id].append(one.region_code)
    by_id = {row.id: row for row in rows}
    return tuple(_decree_view(row, by_id, tuple(named[row.id])) for row in rows)


def _decree_view(row: Decree, by_id: Mapping[UUID, Decree], codes: tuple[str, ...]) -> DecreeView:
    stated = Period(row.first_on, row.last_on)
    before = by_id.get(row.extends_id) if row.extends_id else None
    said = read_days(row.days_text) if row.days_text else SaidDays(row.days_said, None)
    return DecreeView(
        id=row.id, incident_id=row.incident_id, number=row.number, dated_on=row.dated_on, authority=row.authority,
        phase=row.phase, period=Period(row.first_on, row.ended_on or row.last_on), stated=stated,
        days_said=row.days_said, days_text=row.days_text, do_words_differ=days_differ(stated, said),
        area_text=row.area_text, region_codes=codes, extends_id=row.extends_id,
        extends_number=short_number(before.number) if before else "",
        gap_days=gap_days(Period(before.first_on, before.ended_on or before.last_on), stated) if before else None,
        file_id=row.file_id, recorded_at=row.recorded_at, recorded_by=row.recorded_by, ended_on=row.ended_on,
        end_reason=row.end_reason, withdrawn_at=row.withdrawn_at, withdrawn_by=row.withdrawn_by,
        withdraw_reason=row.withdraw_reason,
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
            posted_by=version.posted_by, withdrawn_at=version.withdrawn_at, withdraw_reason=version.withdraw_reason,
            matched_at=version.matched_at,
            certain=version.certain, probable=version.probable, to_verify=version.to_verify,
            area_km2=version.area_km2, has_outline=version.outline is not None, listed=tuple(listed[version.id]),
            repairs=tuple(RepairView(code=one["code"], facts=one["facts"]) for one in json.loads(version.repairs)),
        )
        for zone, version in rows
    )  # fmt: skip
