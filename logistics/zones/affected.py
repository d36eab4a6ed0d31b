"""Who is on an incident's list: by group, by village, and one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.i18n import say
from core.measures import print_count
from core.permissions import Reach, may
from core.work import Tx
from logistics.zones.counts import newest_counts
from logistics.zones.models import AffectedDecision, AffectedHousehold, Zone, ZoneVersion
from logistics.zones.queries import IncidentView, incident_by_id
from logistics.zones.rules import Count, Doubt, doubts_of, looks_swapped
from logistics.zones.states import Access, AffectedState, CountKind, DecisionHow, RejectReason, Severity
from registry_link.households.merged import has_merged, merged_pairs, survivors_of
from registry_link.matching.rules import Confidence


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
    decided_no: int
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
class DecisionView:
    """What a person once decided on a household."""

    no: int
    how: DecisionHow
    before: AffectedState | None
    """None where it was not on the list before."""
    after: AffectedState
    reject_reason: RejectReason | None
    note: str
    decided_at: datetime
    who: str


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
    reported: Mapping[CountKind, Count]
    """Every kind of figure, the newest of each."""

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
    def doubts(self) -> tuple[Doubt, ...]:
        """What of the reported figures cannot be as it stands."""
        return doubts_of(self.reported)

    @property
    def is_swapped(self) -> bool:
        return looks_swapped(self.reported_households, self.reported_persons)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedLine:
    household_id: UUID
    village_code: str
    severity: Severity
    access: Access


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
        .where(AffectedHousehold.incident_id == incident_id, *within(reach), *counted_once(tx, incident_id))
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
    where = [AffectedHousehold.incident_id == incident_id, *within(reach), *counted_once(tx, incident_id)]
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


def decisions(tx: Tx, incident_id: UUID, household_id: UUID) -> tuple[DecisionView, ...]:
    """Give every decision on a household of an incident, the last first. Raises: Forbidden, NotFound."""
    affected_household(tx, incident_id, household_id)
    rows = tx.session.execute(
        sa.select(
            AffectedDecision.no, AffectedDecision.how, AffectedDecision.before, AffectedDecision.after,
            AffectedDecision.reject_reason, AffectedDecision.note, AffectedDecision.decided_at,
            AffectedDecision.decided_by_name.label("who"),
        )
        .where(AffectedDecision.incident_id == incident_id, AffectedDecision.household_id == household_id)
        .order_by(AffectedDecision.no.desc())
    )  # fmt: skip
    return tuple(DecisionView(**row._mapping) for row in rows)


def by_village(tx: Tx, incident_id: UUID) -> tuple[VillageLine, ...]:
    """Count per village, beside what BPBD reported last. Raises: Forbidden, NotFound."""
    reach = tx.require("zone.see")
    incident_by_id(tx, incident_id)
    return _village_lines(tx, incident_id, reach, newest_counts(tx, incident_id))


def _village_lines(
    tx: Tx, incident_id: UUID, reach: Reach, reported: Mapping[str, Mapping[CountKind, Count]]
) -> tuple[VillageLine, ...]:
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = tx.session.execute(
        sa.select(
            AffectedHousehold.village_code, AffectedHousehold.confidence, AffectedHousehold.state,
            sa.func.count().label("number"),
        )
        .where(
            AffectedHousehold.incident_id == incident_id, AffectedHousehold.state != AffectedState.LEFT,
            *counted_once(tx, incident_id),
        )
        .group_by(AffectedHousehold.village_code, AffectedHousehold.confidence, AffectedHousehold.state)
    )  # fmt: skip
    for row in rows:
        counted[row.village_code][row.confidence.value] += row.number
        counted[row.village_code][row.state.value] += row.number
    return tuple(
        VillageLine(
            village_code=code, certain=counted[code]["certain"], probable=counted[code]["probable"],
            to_verify=counted[code]["to_verify"], confirmed=counted[code]["confirmed"],
            rejected=counted[code]["rejected"], reported_households=reported.get(code, {}).get(CountKind.HOUSEHOLDS),
            reported_persons=reported.get(code, {}).get(CountKind.PERSONS),
            reported_displaced=reported.get(code, {}).get(CountKind.DISPLACED), reported=reported.get(code, {}),
        )
        for code in sorted({*counted, *reported}) if reach.has_village(code)
    )  # fmt: skip


def village_counts(tx: Tx, incident_id: UUID) -> tuple[VillageLine, ...]:
    """Count per village of the reach, for those who see the list and not the areas. Raises: Forbidden, NotFound."""
    reach = tx.require("affected.see")
    incident_by_id(tx, incident_id)
    return _village_lines(tx, incident_id, reach, {})


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


# ---------------------------------------------------------------- inside


def _may_see_affected(tx: Tx) -> bool:
    return may(tx.actor, "affected.see")


def within(reach: Reach | None) -> list[Any]:
    """Keep the households of the reach's villages."""
    if reach is None or reach.is_all:
        return []
    if not reach.regions:
        return [sa.false()]
    code = AffectedHousehold.village_code
    return [sa.or_(*(sa.or_(code == region, code.startswith(region + ".")) for region in sorted(reach.regions)))]


def counted_once(tx: Tx, incident_id: UUID) -> list[Any]:
    """Of households that were merged leave one on the list: the one with the strongest answer, else the one that stays.

    What somebody confirmed stands before what nobody decided, and that before what somebody rejected.
    """
    if not has_merged(tx):
        return []
    merged = merged_pairs()
    pairs = sa.union(
        sa.select(merged.c.gone_id.label("member_id"), merged.c.stays_id.label("group_id")),
        sa.select(merged.c.stays_id.label("member_id"), merged.c.stays_id.label("group_id")),
    ).subquery("pairs")
    one = sa.orm.aliased(AffectedHousehold)
    strength = sa.case(
        (one.state == AffectedState.CONFIRMED, 0), (one.state == AffectedState.PROPOSED, 1),
        (one.state == AffectedState.REJECTED, 2), else_=3,
    )  # fmt: skip
    is_gone = sa.case((pairs.c.member_id == pairs.c.group_id, 0), else_=1)
    ranked = (
        sa.select(
            one.household_id,
            sa.func.row_number()
            .over(partition_by=pairs.c.group_id, order_by=(strength, is_gone, one.household_id))
            .label("place"),
        )
        .join(pairs, pairs.c.member_id == one.household_id)
        .where(one.incident_id == incident_id)
        .subquery("ranked")
    )
    return [AffectedHousehold.household_id.not_in(sa.select(ranked.c.household_id).where(ranked.c.place > 1))]


def _affected_lines() -> Any:
    return (
        sa.select(
            AffectedHousehold.household_id, AffectedHousehold.village_code, AffectedHousehold.confidence,
            AffectedHousehold.evidence, AffectedHousehold.share_permille, AffectedHousehold.neighbours,
            AffectedHousehold.distance_m, AffectedHousehold.is_inside,
            AffectedHousehold.state, AffectedHousehold.reject_reason, AffectedHousehold.note,
            AffectedHousehold.decided_at, AffectedHousehold.decided_by,
            AffectedHousehold.decided_no, Zone.name.label("zone_name"),
        )
        .outerjoin(ZoneVersion, ZoneVersion.id == AffectedHousehold.version_id)
        .outerjoin(Zone, Zone.id == ZoneVersion.zone_id)
    )  # fmt: skip
