"""What two versions of an area differ in, household by household, and how far each household's package is.

Nothing that is compared ever changes: what a version matched is kept, so any two can be laid beside each other.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.packages.queries import household_stages
from logistics.packages.states import PackageState
from logistics.zones.commands import PostZone, read_outline
from logistics.zones.matching import counted_matches
from logistics.zones.models import AffectedHousehold, ZoneMatch, ZoneVersion
from logistics.zones.naming import listed_regions
from logistics.zones.queries import ZoneView, versions, zone
from logistics.zones.states import AffectedState, VersionState
from registry_link.households.merged import has_merged, merged_pairs
from registry_link.matching.queries import Area, match_area


class Change(enum.StrEnum):
    """What the later of two versions does to a household."""

    JOINED = "joined"
    LEFT = "left"
    UNCHANGED = "unchanged"


STAGES = (PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCounts:
    """Households, and how many of them have come how far with a package of this incident: each at its furthest."""

    households: int = 0
    reserved: int = 0
    loaded: int = 0
    handed_over: int = 0

    def __add__(self, other: StageCounts) -> StageCounts:
        return StageCounts(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    @property
    def served(self) -> int:
        return self.reserved + self.loaded + self.handed_over


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageChange:
    village_code: str
    joined: StageCounts
    left: StageCounts
    unchanged: StageCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What lies between two versions of an area, within the actor's villages."""

    before: ZoneView
    after: ZoneView
    villages: tuple[VillageChange, ...]
    is_complete: bool
    """Both versions have been matched."""
    joined: StageCounts
    left: StageCounts
    unchanged: StageCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedHousehold:
    household_id: UUID
    village_code: str
    change: Change
    stage: PackageState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPage:
    lines: tuple[ChangedHousehold, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What posting, revising or withdrawing an area would do, read and not done."""

    certain: int = 0
    probable: int = 0
    to_verify: int = 0
    joined: StageCounts = field(default_factory=StageCounts)
    left: StageCounts = field(default_factory=StageCounts)
    unchanged: StageCounts = field(default_factory=StageCounts)
    left_confirmed: int = 0
    """Of those that no current area would have any more: confirmed, hence staying on the list, marked."""
    villages: int = 0
    area_km2: float | None = None
    repairs: tuple[Any, ...] = ()
    """What was put right in the outline: code and facts."""

    @property
    def households(self) -> int:
        return self.certain + self.probable + self.to_verify


def compare(tx: Tx, zone_id: UUID, before_no: int, after_no: int) -> Comparison:
    """Tell what changed between any two versions of an area, by village. Raises: Forbidden, NotFound."""
    reach = tx.require("zone.see")
    before, after = _pair(tx, zone_id, before_no, after_no)
    changed = _changed(tx, before, after)
    stage = household_stages(before.incident_id)
    rows = tx.session.execute(
        sa.select(changed.c.village_code, changed.c.change, stage.c.stage, sa.func.count().label("number"))
        .outerjoin(stage, stage.c.household_id == changed.c.household_id)
        .group_by(changed.c.village_code, changed.c.change, stage.c.stage)
    )
    found: dict[str, dict[str, list[tuple[int | None, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if reach.has_village(row.village_code):
            found[row.village_code][row.change].append((row.stage, row.number))
    villages = tuple(
        VillageChange(
            village_code=code, joined=_staged(found[code][Change.JOINED]), left=_staged(found[code][Change.LEFT]),
            unchanged=_staged(found[code][Change.UNCHANGED]),
        )
        for code in sorted(found)
    )  # fmt: skip
    return Comparison(
        before=before, after=after, villages=villages,
        is_complete=before.matched_at is not None and after.matched_at is not None,
        joined=_sum(one.joined for one in villages), left=_sum(one.left for one in villages),
        unchanged=_sum(one.unchanged for one in villages),
    )  # fmt: skip


def changed_households(
    tx: Tx, zone_id: UUID, before_no: int, after_no: int, change: Change, *, village_code: str = "", limit: int = 50,
    offset: int = 0,
) -> ChangedPage:  # fmt: skip
    """List the households behind a figure of a comparison, within the actor's villages.

    Roles that see counts get the total only. The look is logged by whoever joins the persons to it.
    Raises: Forbidden, NotFound.
    """
    reach = tx.require("affected.see")
    before, after = _pair(tx, zone_id, before_no, after_no)
    changed = _changed(tx, before, after)
    where = [changed.c.change == change.value, *_within(reach, changed.c.village_code)]
    if village_code:
        where.append(changed.c.village_code == village_code)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(changed).where(*where)) or 0
    if reach.detail == "counts":
        return ChangedPage(lines=(), total=total)
    stage = household_stages(before.incident_id)
    rows = tx.session.execute(
        sa.select(changed.c.household_id, changed.c.village_code, stage.c.stage)
        .outerjoin(stage, stage.c.household_id == changed.c.household_id)
        .where(*where).order_by(changed.c.village_code, changed.c.household_id).limit(limit).offset(offset)
    )  # fmt: skip
    return ChangedPage(
        lines=tuple(
            ChangedHousehold(
                household_id=row.household_id, village_code=row.village_code, change=change,
                stage=STAGES[row.stage - 1] if row.stage else None,
            )
            for row in rows
        ),
        total=total,
    )  # fmt: skip


def foresee_post(tx: Tx, order: PostZone) -> Foresight:
    """Tell what posting this would do, without posting it. Raises: as ``post_zone`` does for what is in the order."""
    tx.require("zone.post")
    outline = read_outline(tx, order.outline) if order.outline is not None else None
    matches = match_area(tx, Area(outline=outline, listed=tuple(listed_regions(tx, order.regions))))
    now = set(matches.household_ids)
    held: set[UUID] = set()
    incident_id = order.incident_id
    if order.zone_id is not None:
        shown = zone(tx, order.zone_id)
        if shown.state is VersionState.CURRENT:
            held = _held(tx, shown)
    counts = matches.counts
    return Foresight(
        certain=counts.certain, probable=counts.probable, to_verify=counts.to_verify,
        joined=_stages_of(tx, incident_id, now - held), left=_stages_of(tx, incident_id, held - now),
        unchanged=_stages_of(tx, incident_id, now & held),
        left_confirmed=_left_confirmed(tx, incident_id, held - now, order.zone_id),
        villages=len(set(matches.village_codes)), area_km2=outline.area_km2 if outline else None,
        repairs=tuple(outline.repairs) if outline else (),
    )  # fmt: skip


def foresee_withdrawal(tx: Tx, zone_id: UUID) -> Foresight:
    """Tell what withdrawing an area would do: who leaves it, and how far their packages are."""
    tx.require("zone.withdraw")
    shown = zone(tx, zone_id)
    if shown.state is not VersionState.CURRENT:
        return Foresight()
    held = _matched(tx, shown.version_id, has_merged(tx)).subquery("held")
    stage = household_stages(shown.incident_id)
    counted = tx.session.execute(
        sa.select(stage.c.stage, sa.func.count().label("number")).select_from(held)
        .outerjoin(stage, stage.c.household_id == held.c.household_id).group_by(stage.c.stage)
    )  # fmt: skip
    confirmed = sa.select(sa.func.count()).where(
        *_confirmed_here_only(shown.incident_id, zone_id),
        AffectedHousehold.household_id.in_(sa.select(held.c.household_id)),
    )
    return Foresight(
        left=_staged((row.stage, row.number) for row in counted), left_confirmed=tx.session.scalar(confirmed) or 0
    )


# ---------------------------------------------------------------- inside


def _pair(tx: Tx, zone_id: UUID, before_no: int, after_no: int) -> tuple[ZoneView, ZoneView]:
    found = {one.no: one for one in versions(tx, zone_id)}
    if before_no not in found or after_no not in found:
        raise NotFound("zone.version_not_found")
    return found[before_no], found[after_no]


def _changed(tx: Tx, before: ZoneView, after: ZoneView) -> sa.Subquery:
    """Give every household of either version once, with its village and what the later version does to it.

    Each is read once: a household of both sides adds up to three.
    """
    follows = has_merged(tx)
    old, new = (_matched(tx, one.version_id, follows).subquery(name) for one, name in ((before, "old"), (after, "new")))
    both = sa.union_all(
        sa.select(old.c.household_id, old.c.village_code, sa.literal(1).label("side")),
        sa.select(new.c.household_id, new.c.village_code, sa.literal(2).label("side")),
    ).subquery("both")
    sides = sa.func.sum(both.c.side)
    now = sa.func.max(sa.case((both.c.side == 2, both.c.village_code)))
    return (
        sa.select(
            both.c.household_id, sa.func.coalesce(now, sa.func.max(both.c.village_code)).label("village_code"),
            sa.case(
                (sides == 1, Change.LEFT.value), (sides == 2, Change.JOINED.value), else_=Change.UNCHANGED.value
            ).label("change"),
        )
        .group_by(both.c.household_id)
        .subquery("changed")
    )  # fmt: skip


def _matched(tx: Tx, version_id: UUID, follows: bool) -> sa.Select[*tuple[Any, ...]]:
    """Give what a version holds; households that were merged since then as the one that they are now."""
    no = tx.session.scalar(sa.select(ZoneVersion.matching_no).where(ZoneVersion.id == version_id))
    match = sa.orm.aliased(ZoneMatch)
    held = (match.version_id == version_id, match.matching_no == no)
    if not follows:
        return sa.select(match.household_id, match.village_code).where(*held)
    merged = merged_pairs()
    now = sa.func.coalesce(merged.c.stays_id, match.household_id)
    return (
        sa.select(now.label("household_id"), sa.func.min(match.village_code).label("village_code"))
        .outerjoin(merged, merged.c.gone_id == match.household_id)
        .where(*held).group_by(now)
    )  # fmt: skip


def _held(tx: Tx, shown: ZoneView) -> set[UUID]:
    held = _matched(tx, shown.version_id, has_merged(tx)).subquery()
    return set(tx.session.scalars(sa.select(held.c.household_id)))


def _stages_of(tx: Tx, incident_id: UUID, ids: Collection[UUID]) -> StageCounts:
    """Count households by how far their packages are; reads the incident's packages once."""
    stage = household_stages(incident_id)
    reached = {row.household_id: row.stage for row in tx.session.execute(sa.select(stage)) if row.household_id in ids}
    pairs: dict[int | None, int] = defaultdict(int)
    for one in ids:
        pairs[reached.get(one)] += 1
    return _staged(pairs.items())


def _left_confirmed(tx: Tx, incident_id: UUID, leaving: Collection[UUID], zone_id: UUID | None) -> int:
    """Count the confirmed ones among those leaving that no other current area of the incident has."""
    if not leaving or zone_id is None:
        return 0
    confirmed = sa.select(AffectedHousehold.household_id).where(*_confirmed_here_only(incident_id, zone_id))
    return sum(one in leaving for one in tx.session.scalars(confirmed))


def _confirmed_here_only(incident_id: UUID, zone_id: UUID) -> list[sa.ColumnElement[bool]]:
    """Keep an incident's confirmed households that no current area but this one has."""
    others = (
        sa.select(ZoneMatch.household_id)
        .join(ZoneVersion, counted_matches())
        .where(
            ZoneVersion.incident_id == incident_id, ZoneVersion.state == VersionState.CURRENT,
            ZoneVersion.zone_id != zone_id,
        )
    )  # fmt: skip
    return [
        AffectedHousehold.incident_id == incident_id, AffectedHousehold.state == AffectedState.CONFIRMED,
        AffectedHousehold.household_id.not_in(others),
    ]  # fmt: skip


def _staged(pairs: Iterable[tuple[int | None, int]]) -> StageCounts:
    found = {PackageState.RESERVED: 0, PackageState.LOADED: 0, PackageState.HANDED_OVER: 0}
    total = 0
    for stage, number in pairs:
        total += number
        if stage:
            found[STAGES[stage - 1]] += number
    return StageCounts(
        households=total, reserved=found[PackageState.RESERVED], loaded=found[PackageState.LOADED],
        handed_over=found[PackageState.HANDED_OVER],
    )  # fmt: skip


def _sum(counts: Iterable[StageCounts]) -> StageCounts:
    return sum(counts, StageCounts())


def _within(reach: Reach, code: sa.ColumnElement[str]) -> list[Any]:
    if reach.is_all:
        return []
    own = sorted(reach.regions)
    return [sa.or_(sa.false(), *(sa.or_(code == one, code.startswith(one + ".")) for one in own))]
