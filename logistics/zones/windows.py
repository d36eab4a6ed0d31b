"""On which days aid may be given, and where: the decrees of every area, and what they share with other incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Period
from core.work import Tx
from logistics.zones.matching import counted_matches
from logistics.zones.models import AffectedHousehold, ZoneMatch, ZoneVersion, ZoneVersionRegion
from logistics.zones.queries import DecreeView, IncidentView, ZoneView, decrees, incident_by_id, incidents
from logistics.zones.rules import is_named, touch, window_of
from logistics.zones.states import AffectedState, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days without a gap on which decrees hold in a place: those around a day, else the next, else the last."""

    first_on: date
    last_on: date
    decrees: tuple[DecreeView, ...]
    """Those that make it, first to last."""
    is_open: bool
    """The day asked about is one of its days."""
    days_left: int
    """Days of it from the day asked about on, that day counted; all of them before it begins, 0 after its end."""

    @property
    def period(self) -> Period:
        return Period(self.first_on, self.last_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageWindow:
    village_code: str
    window: Window | None
    """None where no decree names the village."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDecree:
    """A decree of another incident that holds on the same days and the same ground."""

    own: DecreeView
    other: DecreeView
    incident: IncidentView
    period: Period
    """The days that both cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedVillage:
    """A village with households on the lists of two incidents."""

    incident: IncidentView
    village_code: str
    households: int
    """Those on both lists; durable goods are theirs once."""


def window_of_region(tx: Tx, incident_id: UUID, region_code: str, day: date) -> Window | None:
    """Tell the response window of a region as it stands on a day. Raises: Forbidden, NotFound."""
    return window_at(decrees(tx, incident_id), region_code, day)


def windows(
    tx: Tx, incident_id: UUID, village_codes: Collection[str], day: date | None = None
) -> dict[str, Window | None]:
    """Tell the window of each of these villages on a day (today). Raises: Forbidden, NotFound."""
    standing = decrees(tx, incident_id)
    asked = day or tx.today
    return {code: window_at(standing, code, asked) for code in sorted(set(village_codes))}


def window_at(standing: Sequence[DecreeView], region_code: str, day: date) -> Window | None:
    """Make a region's window of an incident's decrees; a region below one that is named has what that one has."""
    own = [one for one in standing if not one.is_withdrawn and is_named(region_code, one.region_codes)]
    found = window_of([one.period for one in own], day)
    if found is None:
        return None
    left = (found.last_on - max(day, found.first_on)).days + 1
    return Window(
        first_on=found.first_on, last_on=found.last_on, is_open=day in found, days_left=max(0, left),
        decrees=tuple(one for one in own if one.period.first_on in found),
    )  # fmt: skip


def villages_of_zones(tx: Tx, areas: Sequence[ZoneView]) -> dict[UUID, frozenset[str]]:
    """Give the villages of each area's shown version: those listed, and those where a household was matched.

    A district that is listed stands for itself: its villages follow from those matched.
    """
    found: dict[UUID, set[str]] = {one.version_id: {part.region_code for part in one.listed} for one in areas}
    for row in tx.session.execute(
        sa.select(ZoneMatch.version_id, ZoneMatch.village_code)
        .join(ZoneVersion, counted_matches()).where(ZoneVersion.id.in_(found)).distinct()
    ):  # fmt: skip
        found[row.version_id].add(row.village_code)
    return {version_id: frozenset(codes) for version_id, codes in found.items()}


def shared_decrees(tx: Tx, incident_id: UUID) -> tuple[SharedDecree, ...]:
    """List the decrees of other incidents that hold on the same days and ground as one of its own.

    Raises: Forbidden, NotFound.
    """
    own = decrees(tx, incident_id)
    found = []
    for other in incidents(tx):
        if other.id == incident_id:
            continue
        for theirs in decrees(tx, other.id):
            for mine in own:
                first, last = (
                    max(mine.period.first_on, theirs.period.first_on), min(mine.period.last_on, theirs.period.last_on)
                )  # fmt: skip
                if first <= last and touch(mine.region_codes, theirs.region_codes):
                    found.append(SharedDecree(own=mine, other=theirs, incident=other, period=Period(first, last)))
    return tuple(found)


def shared_villages(tx: Tx, incident_id: UUID) -> tuple[SharedVillage, ...]:
    """List the villages that this incident shares with another running one: by lists, or by areas posted.

    Raises: Forbidden, NotFound.
    """
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    others = {one.id: one for one in incidents(tx, with_closed=False) if one.id != incident_id}
    if not others:
        return ()
    mine, theirs = sa.orm.aliased(AffectedHousehold), sa.orm.aliased(AffectedHousehold)
    gone = (AffectedState.LEFT, AffectedState.REJECTED)
    counted: dict[tuple[UUID, str], int] = defaultdict(int)
    for row in tx.session.execute(
        sa.select(theirs.incident_id, mine.village_code, sa.func.count().label("number"))
        .join(theirs, theirs.household_id == mine.household_id)
        .where(
            mine.incident_id == incident_id, theirs.incident_id.in_(others), mine.state.not_in(gone),
            theirs.state.not_in(gone),
        )
        .group_by(theirs.incident_id, mine.village_code)
    ):  # fmt: skip
        counted[row.incident_id, row.village_code] += row.number
    listed = _listed(tx, [incident_id, *others])
    for other_id in others:
        for code in listed[incident_id] & listed[other_id]:
            counted.setdefault((other_id, code), 0)
    return tuple(
        SharedVillage(incident=others[other_id], village_code=code, households=number)
        for (other_id, code), number in sorted(counted.items(), key=lambda one: (others[one[0][0]].name, one[0][1]))
        if reach.has_village(code)
    )


def _listed(tx: Tx, incident_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for row in tx.session.execute(
        sa.select(ZoneVersion.incident_id, ZoneVersionRegion.region_code)
        .join(ZoneVersionRegion, ZoneVersionRegion.version_id == ZoneVersion.id)
        .where(ZoneVersion.incident_id.in_(incident_ids), ZoneVersion.state == VersionState.CURRENT)
        .distinct()
    ):
        found[row.incident_id].add(row.region_code)
    return found
