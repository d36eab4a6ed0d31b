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
from core.i18n import say
from core.measures import Period, print_count
from core.permissions import Reach
from core.work import Tx
from logistics.zones.models import (
    AffectedHousehold,
    Decree,
    Incident,
    ReportedCount,
    Zone,
    ZoneMatch,
    ZoneVersion,
    ZoneVersionRegion,
)
from logistics.zones.rules import Count, days_differ, looks_swapped, window_of
from logistics.zones.states import (
    Access,
    AffectedState,
    CountKind,
    Hazard,
    Phase,
    RejectReason,
    Severity,
    VersionState,
)
from registry_link.households.merged import has_merged, merged_pairs, survivors_of
from registry_link.households.queries import positions_of
from registry_link.matching.rules import Confidence


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCounts:
    """The three groups of an incident (what is still to decide and what was), and what was decided."""

    certain: int
    probable: int
    to_verify: int
    proposed_certain: int
    proposed_probable: int
    proposed_to_verify: int
    confirmed: int
    rejected: int
    left: int
    outside: int
    """Confirmed, but no current area has them any more."""
    is_complete: bool
    """Every posted version has been matched."""

    @property
    def total(self) -> int:
        return self.certain + self.probable + self.to_verify

    @property
    def proposed(self) -> int:
        return self.proposed_certain + self.proposed_probable + self.proposed_to_verify


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedLine:
    household_id: UUID
    village_code: str
    confidence: Confidence
    evidence: str
    share_permille: int | None
    neighbours: int | None
    distance_m: int | None
    is_inside: bool
    state: AffectedState
    reject_reason: RejectReason | None
    note: str
    decided_at: datetime | None
    decided_by: str | None
    zone_name: str | None

    def reason(self, lang: str, village: str) -> str:
        """Say in one sentence why this household is on the list; ``village`` is the village's name to print."""
        share = "" if self.share_permille is None else f"{(self.share_permille + 5) // 10}%"
        parts = [say(f"match.{self.evidence}", lang, {"village": village, "share": share})]
        if self.neighbours:
            parts.append(say("match.neighbours", lang, {"neighbours": self.neighbours}))
        if self.distance_m is not None:
            parts.append(say("match.distance", lang, {"distance": print_count(self.distance_m, lang)}))
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedPage:
    lines: tuple[AffectedLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageLine:
    """One village of an incident: by-name counts beside what BPBD reported."""

    village_code: str
    certain: int
    probable: int
    to_verify: int
    confirmed: int
    rejected: int
    reported_households: Count | None
    reported_persons: Count | None
    reported_displaced: Count | None

    @property
    def by_name(self) -> int:
        return self.certain + self.probable + self.to_verify

    @property
    def gap(self) -> int | None:
        """Reported households less those on the list; None where BPBD gave no number."""
        if self.reported_households is None or self.reported_households.value is None:
            return None
        return self.reported_households.value - self.by_name

    @property
    def is_swapped(self) -> bool:
        return looks_swapped(self.reported_households, self.reported_persons)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedLine:
    household_id: UUID
    village_code: str
    severity: Severity
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """Geotagged households of the list, as columns for the map."""

    lon_deg: tuple[float, ...]
    lat_deg: tuple[float, ...]
    group: tuple[str, ...]


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
        set(tx.session.scalars(sa.select(ZoneMatch.household_id).where(ZoneMatch.version_id == found[no])))
        for no in (before_no, after_no)
    )
    joined, left = sorted(after - before), sorted(before - after)
    return VersionDiff(
        joined=len(joined), left=len(left), unchanged=len(after & before), joined_ids=tuple(joined),
        left_ids=tuple(left),
    )  # fmt: skip


def unmatched_versions(tx: Tx) -> tuple[UUID, ...]:
    """List posted versions that nobody has matched yet, oldest first (the job's work)."""
    return tuple(
        tx.session.scalars(
            sa.select(ZoneVersion.id)
            .where(ZoneVersion.regency_code == tx.regency_code, ZoneVersion.matched_at.is_(None))
            .order_by(ZoneVersion.posted_at)
        )
    )


# ---------------------------------------------------------------- affected households


def groups(tx: Tx, incident_id: UUID) -> GroupCounts:
    """Count an incident's list by group and state, within the actor's villages. Raises: Forbidden, NotFound."""
    tx.require("affected.see" if _may_see_affected(tx) else "incident.see")
    incident_by_id(tx, incident_id)
    reach = tx.require("affected.see") if _may_see_affected(tx) else None
    rows = tx.session.execute(
        sa.select(
            AffectedHousehold.confidence, AffectedHousehold.state, AffectedHousehold.is_inside,
            sa.func.count().label("number"),
        )
        .where(AffectedHousehold.incident_id == incident_id, *_within(reach), *_counted_once(tx))
        .group_by(AffectedHousehold.confidence, AffectedHousehold.state, AffectedHousehold.is_inside)
    ).all()  # fmt: skip

    def counted(confidence: Confidence | None = None, state: AffectedState | None = None) -> int:
        return sum(
            row.number for row in rows
            if (confidence is None or row.confidence == confidence)
            and (row.state == state if state is not None else row.state is not AffectedState.LEFT)
        )  # fmt: skip

    unmatched = tx.session.scalar(
        sa.select(sa.func.count()).select_from(ZoneVersion)
        .where(ZoneVersion.incident_id == incident_id, ZoneVersion.matched_at.is_(None))
    )  # fmt: skip
    return GroupCounts(
        certain=counted(Confidence.CERTAIN), probable=counted(Confidence.PROBABLE),
        to_verify=counted(Confidence.TO_VERIFY),
        proposed_certain=counted(Confidence.CERTAIN, AffectedState.PROPOSED),
        proposed_probable=counted(Confidence.PROBABLE, AffectedState.PROPOSED),
        proposed_to_verify=counted(Confidence.TO_VERIFY, AffectedState.PROPOSED),
        confirmed=counted(state=AffectedState.CONFIRMED), rejected=counted(state=AffectedState.REJECTED),
        left=counted(state=AffectedState.LEFT),
        outside=sum(row.number for row in rows if row.state is AffectedState.CONFIRMED and not row.is_inside),
        is_complete=not unmatched,
    )  # fmt: skip


def affected(
    tx: Tx, incident_id: UUID, *, confidence: Confidence | None = None, state: AffectedState | None = None,
    village_code: str = "", limit: int = 50, offset: int = 0,
) -> AffectedPage:  # fmt: skip
    """List an incident's households by village, within the actor's villages; those that left only when asked for.

    Raises: Forbidden, NotFound. The look is logged by whoever joins the persons to it.
    """
    reach = tx.require("affected.see")
    if reach.detail == "counts":
        return AffectedPage(lines=(), total=groups(tx, incident_id).total)
    incident_by_id(tx, incident_id)
    where = [AffectedHousehold.incident_id == incident_id, *_within(reach), *_counted_once(tx)]
    if confidence is not None:
        where.append(AffectedHousehold.confidence == confidence)
    where.append(AffectedHousehold.state == state if state else AffectedHousehold.state != AffectedState.LEFT)
    if village_code:
        where.append(AffectedHousehold.village_code == village_code)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(AffectedHousehold).where(*where)) or 0
    rows = tx.session.execute(
        _affected_lines().where(*where)
        .order_by(AffectedHousehold.village_code, AffectedHousehold.household_id).limit(limit).offset(offset)
    )  # fmt: skip
    return AffectedPage(lines=tuple(AffectedLine(**row._mapping) for row in rows), total=total)


def affected_household(tx: Tx, incident_id: UUID, household_id: UUID) -> AffectedLine:
    """Give one household of an incident's list. Raises: Forbidden, NotFound."""
    reach = tx.require("affected.see")
    row = tx.session.execute(
        _affected_lines().where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.household_id == household_id,
            AffectedHousehold.regency_code == tx.regency_code,
        )
    ).first()
    if row is None or not reach.has_village(row.village_code) or reach.detail == "counts":
        raise NotFound("affected.not_found")
    return AffectedLine(**row._mapping)


def by_village(tx: Tx, incident_id: UUID) -> tuple[VillageLine, ...]:
    """Count per village, beside what BPBD reported last. Raises: Forbidden, NotFound."""
    tx.require("zone.see")
    incident_by_id(tx, incident_id)
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = tx.session.execute(
        sa.select(
            AffectedHousehold.village_code, AffectedHousehold.confidence, AffectedHousehold.state,
            sa.func.count().label("number"),
        )
        .where(
            AffectedHousehold.incident_id == incident_id, AffectedHousehold.state != AffectedState.LEFT,
            *_counted_once(tx),
        )
        .group_by(AffectedHousehold.village_code, AffectedHousehold.confidence, AffectedHousehold.state)
    )  # fmt: skip
    for row in rows:
        counted[row.village_code][row.confidence.value] += row.number
        counted[row.village_code][row.state.value] += row.number
    reported: dict[str, dict[CountKind, Count]] = defaultdict(dict)
    # Oldest first, so that what was reported last stays.
    for count in tx.session.execute(
        sa.select(ReportedCount)
        .join(ZoneVersion, ZoneVersion.id == ReportedCount.version_id)
        .where(ZoneVersion.incident_id == incident_id, ZoneVersion.state != VersionState.WITHDRAWN)
        .order_by(ZoneVersion.posted_at, ZoneVersion.no)
    ).scalars():
        reported[count.village_code][count.kind] = Count(count.state, count.value)
    reach = tx.require("zone.see")
    return tuple(
        VillageLine(
            village_code=code, certain=counted[code]["certain"], probable=counted[code]["probable"],
            to_verify=counted[code]["to_verify"], confirmed=counted[code]["confirmed"],
            rejected=counted[code]["rejected"], reported_households=reported[code].get(CountKind.HOUSEHOLDS),
            reported_persons=reported[code].get(CountKind.PERSONS),
            reported_displaced=reported[code].get(CountKind.DISPLACED),
        )
        for code in sorted({*counted, *reported}) if reach.has_village(code)
    )  # fmt: skip


def confirmed(tx: Tx, incident_id: UUID) -> tuple[ConfirmedLine, ...]:
    """Give every confirmed household with the severity and access of its area, for planning.

    One that was merged is the one that it is now, once. Raises: Forbidden.
    """
    tx.require("round.see")
    incident_by_id(tx, incident_id)
    rows = tx.session.execute(
        sa.select(
            AffectedHousehold.household_id, AffectedHousehold.village_code, ZoneVersion.severity, ZoneVersion.access
        )
        .outerjoin(ZoneVersion, ZoneVersion.id == AffectedHousehold.version_id)
        .where(AffectedHousehold.incident_id == incident_id, AffectedHousehold.state == AffectedState.CONFIRMED)
        .order_by(AffectedHousehold.village_code, AffectedHousehold.household_id)
    ).all()
    now = survivors_of(tx, [row.household_id for row in rows]) if has_merged(tx) else {}
    own = {row.household_id for row in rows if row.household_id not in now}
    kept: dict[UUID, Any] = {}
    for row in rows:
        if row.household_id in own or (stays := now[row.household_id]) not in own:
            kept.setdefault(row.household_id if row.household_id in own else stays, row)
    return tuple(
        ConfirmedLine(
            household_id=household_id, village_code=row.village_code, severity=row.severity or Severity.MEDIUM,
            access=row.access or Access.ROAD,
        )
        for household_id, row in kept.items()
    )  # fmt: skip


def incidents_of_household(tx: Tx, household_id: UUID) -> tuple[tuple[IncidentView, AffectedLine], ...]:
    """Give the incidents that have this household on their lists, newest first (its timeline)."""
    tx.require("affected.see")
    ids = tx.session.scalars(
        sa.select(AffectedHousehold.incident_id).where(AffectedHousehold.household_id == household_id)
    ).all()
    found = [(incident_by_id(tx, one), affected_household(tx, one, household_id)) for one in ids]
    return tuple(sorted(found, key=lambda pair: pair[0].started_at, reverse=True))


def affected_points(tx: Tx, incident_id: UUID) -> PointsView:
    """Give where the list's geotagged households are, for the map. Raises: Forbidden, NotFound."""
    reach = tx.require("affected.see")
    incident_by_id(tx, incident_id)
    if reach.detail == "counts":
        return PointsView(lon_deg=(), lat_deg=(), group=())
    rows = tx.session.execute(
        sa.select(AffectedHousehold.household_id, AffectedHousehold.confidence)
        .where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.state.not_in((AffectedState.LEFT, AffectedState.REJECTED)), *_within(reach),
            *_counted_once(tx),
        )
        .order_by(AffectedHousehold.household_id)
    ).all()  # fmt: skip
    places = positions_of(tx, [row.household_id for row in rows])
    found = [(*places[row.household_id], row.confidence.value) for row in rows if row.household_id in places]
    return PointsView(
        lon_deg=tuple(one[0] for one in found), lat_deg=tuple(one[1] for one in found),
        group=tuple(one[2] for one in found),
    )  # fmt: skip


# ---------------------------------------------------------------- inside


def _may_see_affected(tx: Tx) -> bool:
    from core.permissions import may

    return may(tx.actor, "affected.see")


def _within(reach: Reach | None) -> list[Any]:
    if reach is None or reach.is_all:
        return []
    if not reach.regions:
        return [sa.false()]
    code = AffectedHousehold.village_code
    return [sa.or_(*(sa.or_(code == region, code.startswith(region + ".")) for region in sorted(reach.regions)))]


def _counted_once(tx: Tx) -> list[Any]:
    """Leave a merged household out where the one that it is now stands on the same list and says as much."""
    if not has_merged(tx):
        return []
    merged, stays = merged_pairs(), sa.orm.aliased(AffectedHousehold)
    says_as_much = sa.or_(
        stays.state == AffectedState.CONFIRMED,
        sa.and_(stays.state == AffectedState.PROPOSED, AffectedHousehold.state != AffectedState.CONFIRMED),
    )
    twin = sa.select(sa.literal(1)).where(
        merged.c.gone_id == AffectedHousehold.household_id, stays.household_id == merged.c.stays_id,
        stays.incident_id == AffectedHousehold.incident_id, says_as_much,
    )  # fmt: skip
    return [~twin.correlate(AffectedHousehold).exists()]


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
            Zone.id.in_(
                sa.select(ZoneVersion.zone_id).join(ZoneMatch, ZoneMatch.version_id == ZoneVersion.id).where(inside[1])
            ),
        )
    ]


def _affected_lines() -> Any:
    return (
        sa.select(
            AffectedHousehold.household_id, AffectedHousehold.village_code, AffectedHousehold.confidence,
            AffectedHousehold.evidence, AffectedHousehold.share_permille, AffectedHousehold.neighbours,
            AffectedHousehold.distance_m, AffectedHousehold.is_inside,
            AffectedHousehold.state, AffectedHousehold.reject_reason, AffectedHousehold.note,
            AffectedHousehold.decided_at, AffectedHousehold.decided_by, Zone.name.label("zone_name"),
        )
        .outerjoin(ZoneVersion, ZoneVersion.id == AffectedHousehold.version_id)
        .outerjoin(Zone, Zone.id == ZoneVersion.zone_id)
    )  # fmt: skip


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
