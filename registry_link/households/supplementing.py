"""Corrected rows complete the snapshot that refused them: nobody else of it disappears, no other day is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.states import move
from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.differences import Difference, changes_at, keep_counts, put_differences
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    Snapshot,
    SnapshotDifference,
    SnapshotDifferenceCount,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.states import (
    SNAPSHOT_MOVES,
    DifferenceKind,
    LinkState,
    Outcome,
    Relation,
    SnapshotAct,
)

_MISSED: Final = {DifferenceKind.GONE: DifferenceKind.NEW, DifferenceKind.MEMBER_GONE: DifferenceKind.MEMBER_ADDED}
"""Who was said to be gone because the row was refused is not told as new when it comes after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What corrected rows change of those who stand, before they do."""

    has_details: bool
    """The snapshot that they complete tells of its differences one by one."""
    changes: Sequence[Difference]
    present: Mapping[UUID, int]
    """How many members the changed households have."""


def tell_completed(tx: Tx, snapshot: Any) -> Told:
    """Find out what a filled-in supplement changes; writes nothing."""
    details = sa.select(SnapshotDifference.subject_id).where(SnapshotDifference.snapshot_id == snapshot.completes_id)
    has_details = tx.session.scalar(details.limit(1)) is not None
    changed = tx.session.scalar(
        sa.select(sa.func.count())
        .where(StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED)
    ) or 0  # fmt: skip
    return Told(
        has_details=has_details, changes=changes_at(tx, snapshot, 0, changed) if has_details and changed else (),
        present=_present(tx, snapshot.id),
    )  # fmt: skip


def complete(tx: Tx, snapshot: Any, taking: Any, changed: Sequence[UUID], told: Told) -> None:
    """Let the links, households and differences of a supplement be those of the snapshot that it completes."""
    whole_id = snapshot.completes_id
    _stand_behind(tx, snapshot.id)
    _size_up(tx, changed)
    came = _give_links(tx, snapshot.id, whole_id)
    added = len(came)
    people = sum(
        # Of who stood in the snapshot already only those who came now.
        count - (0 if household_id in came else told.present.get(household_id, 0))
        for household_id, count in _present(tx, snapshot.id).items()
    )
    for some in chunked(changed):
        tx.session.execute(
            sa.update(Household).where(Household.id.in_(some), Household.snapshot_id == snapshot.id)
            .values(snapshot_id=whole_id).execution_options(synchronize_session=False)
        )  # fmt: skip
    new = sa.select(Household.id, Household.village_code).where(
        Household.row_no.between(taking.no, taking.last_no), Household.taking_no == taking.no
    )
    fresh = tx.session.execute(new).all()
    people += tx.session.scalar(
        sa.select(sa.func.count()).select_from(Member).join(Household, Household.id == Member.household_id)
        .where(Household.row_no.between(taking.no, taking.last_no), Household.taking_no == taking.no)
    ) or 0  # fmt: skip
    tx.session.execute(
        sa.update(Household)
        .where(Household.row_no.between(taking.no, taking.last_no), Household.taking_no == taking.no)
        .values(snapshot_id=whole_id).execution_options(synchronize_session=False)
    )  # fmt: skip
    tx.session.execute(
        sa.update(Snapshot).where(Snapshot.id == whole_id)
        .values(households=Snapshot.households + added, members=Snapshot.members + people)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    comes = [Difference(DifferenceKind.NEW, row.id, row.id, row.village_code) for row in fresh]
    _tell(tx, whole_id, told, comes)
    move(tx, Snapshot, snapshot.id, SnapshotAct.DISCARD, SNAPSHOT_MOVES, reason="completes")
    tx.note("snapshot.complete", "snapshot", whole_id, households=added, changed=len(changed))


def _present(tx: Tx, snapshot_id: UUID) -> Mapping[UUID, int]:
    """Count who is present in the changed households."""
    rows = tx.session.execute(
        sa.select(Member.household_id, sa.func.count())
        .join(StagedHousehold, StagedHousehold.bound_id == Member.household_id)
        .where(
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.CHANGED, Member.is_present
        )
        .group_by(Member.household_id)
    )
    return {row[0]: row[1] for row in rows}


def _stand_behind(tx: Tx, snapshot_id: UUID) -> None:
    """Let those who come later stand behind the others in the list of their household; the head stands first."""
    other = sa.orm.aliased(Member)
    there = sa.select(sa.func.count()).where(other.household_id == Member.household_id).scalar_subquery()
    mine = sa.select(StagedMember.member_id).where(StagedMember.snapshot_id == snapshot_id)
    tx.session.execute(
        sa.update(Member).where(Member.id.in_(mine), Member.relation != Relation.HEAD)
        .values(position=Member.position + there).execution_options(synchronize_session=False)
    )  # fmt: skip


def _size_up(tx: Tx, changed: Sequence[UUID]) -> None:
    """No household has fewer persons than members who are present."""
    present = (
        sa.select(sa.func.count()).where(Member.household_id == Household.id, Member.is_present)
        .correlate(Household).scalar_subquery()
    )  # fmt: skip
    for some in chunked(changed):
        tx.session.execute(
            sa.update(Household).where(Household.id.in_(some), Household.size < present).values(size=present)
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def _give_links(tx: Tx, snapshot_id: UUID, whole_id: UUID) -> frozenset[UUID]:
    """Let links stand in the snapshot that is completed; gives whose they are.

    Whoever was said to be gone only because the row was refused goes on with the link that ended there.
    """
    link, ended = RegistryLink, sa.orm.aliased(RegistryLink)
    came = frozenset(tx.session.scalars(sa.select(link.household_id).where(link.snapshot_id == snapshot_id)))
    again = tx.session.execute(
        sa.select(link.id, link.state, link.suspect_household_id, ended.id.label("ended_id"),
                  ended.state.label("ended_in"))
        .join(ended, ended.household_id == link.household_id)
        .where(link.snapshot_id == snapshot_id, ended.until_snapshot_id == whole_id)
    ).all()  # fmt: skip
    for row in again:
        is_open = row.ended_in in (LinkState.IMPORTED, LinkState.DUPLICATE_SUSPECTED)
        tx.session.execute(
            sa.update(link).where(link.id == row.ended_id)
            .values(
                until_snapshot_id=None, suspect_household_id=row.suspect_household_id,
                state=row.state if is_open else row.ended_in,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
    for some in chunked([row.id for row in again]):
        tx.session.execute(sa.delete(link).where(link.id.in_(some)).execution_options(synchronize_session=False))
    tx.session.execute(
        sa.update(link).where(link.snapshot_id == snapshot_id).values(snapshot_id=whole_id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return came


def _tell(tx: Tx, whole_id: UUID, told: Told, comes: Sequence[Difference]) -> None:
    counts: Counter[DifferenceKind] = Counter()
    if not told.has_details:
        kept = sa.select(SnapshotDifferenceCount.kind, SnapshotDifferenceCount.differences)
        rows = tx.session.execute(kept.where(SnapshotDifferenceCount.snapshot_id == whole_id))
        counts.update({row.kind: row.differences for row in rows})
        counts[DifferenceKind.NEW] += len(comes)
        keep_counts(tx, whole_id, counts)
        return
    mine = SnapshotDifference.snapshot_id == whole_id
    wanted = [*told.changes, *comes]
    known: set[tuple[DifferenceKind, UUID]] = set()
    homes = sorted({one.household_id for one in wanted})
    for some in chunked(homes):
        query = sa.select(SnapshotDifference.kind, SnapshotDifference.subject_id)
        rows = tx.session.execute(query.where(mine, SnapshotDifference.household_id.in_(some)))
        known.update((row.kind, row.subject_id) for row in rows)
        is_back = sa.and_(
            SnapshotDifference.kind == DifferenceKind.GONE, SnapshotDifference.household_id.in_(some)
        )  # fmt: skip
        tx.session.execute(sa.delete(SnapshotDifference).where(mine, is_back))
    back = {(_MISSED[kind], subject) for kind, subject in known if kind in _MISSED}
    for some in chunked([one.subject_id for one in wanted if (one.kind, one.subject_id) in back]):
        gone = sa.and_(SnapshotDifference.kind == DifferenceKind.MEMBER_GONE, SnapshotDifference.subject_id.in_(some))
        tx.session.execute(sa.delete(SnapshotDifference).where(mine, gone))
    put_differences(tx, whole_id, [
        one for one in wanted
        if (one.kind, one.subject_id) not in known and (one.kind, one.subject_id) not in back
    ])  # fmt: skip
    rows = tx.session.execute(
        sa.select(SnapshotDifference.kind, sa.func.count()).where(mine).group_by(SnapshotDifference.kind)
    )
    keep_counts(tx, whole_id, Counter({row[0]: row[1] for row in rows}))
