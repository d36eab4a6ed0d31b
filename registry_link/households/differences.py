"""What a snapshot changes, written down as it is compared and again as it is taken over: before and after, household
by household.

The values compared are those that the taking over writes, so that a report never says what did not happen. No NIK and
No. KK stands in it, no birth date and no mark of health: of those it says only that they changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked, put_frame, put_rows
from registry_link.households.linking import listed_by
from registry_link.households.merged import CARRIED
from registry_link.households.models import (
    Departure,
    Household,
    Member,
    RegistryLink,
    SnapshotDifference,
    SnapshotDifferenceCount,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.states import DepartureKind, DifferenceKind, Outcome
from registry_link.households.taking import changed_ranges, same_household, taken_household, taken_member

AT_ONCE: Final = 10_000
CHANGES_AT_ONCE: Final = 2500
GOINGS_AT_ONCE: Final = 10_000
_COLUMNS: Final = ("snapshot_id", "kind", "subject_id", "household_id", "village_code", "before", "after")
SHOWN: Final = ("name", "sex", "relation")
"""What a report shows of a member that changed; of the rest it says only that it did."""
TOLD: Final = (*SHOWN, "birth_on", "is_pregnant", "is_nursing", "has_disability", "is_chronically_ill")
COMINGS: Final = (DifferenceKind.NEW, DifferenceKind.GONE, DifferenceKind.RETURNED)
"""Of whole households; the other kinds are changes of those that stand."""
_MOVED: Final = frozenset(
    {DifferenceKind.VILLAGE, DifferenceKind.UNIT, DifferenceKind.ADDRESS, DifferenceKind.POSITION}
)


class Difference(NamedTuple):
    kind: DifferenceKind
    subject_id: UUID
    household_id: UUID
    village_code: str
    before: str = ""
    after: str = ""


def count_differences(tx: Tx, snapshot: Any, before_id: UUID | None) -> None:
    """Keep how much a weighed snapshot would change, kind by kind, for those who decide on it."""
    keep_counts(tx, snapshot.id, counted_differences(tx, snapshot, before_id))


def counted_differences(tx: Tx, snapshot: Any, before_id: UUID | None) -> Counter[DifferenceKind]:
    """Count what ``count_differences`` keeps; writes nothing."""
    counts: Counter[DifferenceKind] = Counter()
    if before_id is not None:
        for kind, query in _comings(tx, snapshot).items():
            counts[kind] = tx.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        for several in _changes(tx, snapshot):
            counts.update(one.kind for one in several)
    counts[DifferenceKind.NEW] = tx.session.scalar(
        sa.select(sa.func.count()).select_from(_new(snapshot, before_id).subquery())
    ) or 0  # fmt: skip
    return counts


def write_differences(tx: Tx, snapshot: Any, before_id: UUID | None) -> None:
    """Write down what a snapshot changes, before it does.

    The first one of a source is not compared with anything: it only brings new households.
    """
    if before_id is None:
        return
    for query in _comings(tx, snapshot).values():
        tx.session.execute(sa.insert(SnapshotDifference).from_select(list(_COLUMNS), query))
    for several in _changes(tx, snapshot):
        put_differences(tx, snapshot.id, several)


def differences_of(
    snapshot_id: UUID, kind: DifferenceKind, household_ids: pl.Series, villages: pl.Series
) -> pl.DataFrame:
    """Make rows that say nothing but that a household came or went."""
    nothing = pl.lit("")
    return pl.DataFrame({"household_id": household_ids, "village_code": villages}).select(
        pl.lit(snapshot_id.hex).alias("snapshot_id"), pl.lit(kind.value).alias("kind"),
        pl.col("household_id").alias("subject_id"), "household_id", "village_code", nothing.alias("before"),
        nothing.alias("after"),
    )  # fmt: skip


def count_compared(tx: Tx, snapshot: Any, new: int) -> Counter[DifferenceKind]:
    """Count what a compared snapshot changes: what is written down already, and who is new."""
    counts = _written(tx, snapshot.id)
    counts[DifferenceKind.NEW] = new + (tx.session.scalar(
        sa.select(sa.func.count()).select_from(_met(snapshot).subquery())
    ) or 0)  # fmt: skip
    return counts


def finish_compared(tx: Tx, snapshot: Any, new: int, *, tells: bool) -> None:
    """Write down who was registered on the spot, once they stand, and count everything."""
    if not tells:
        keep_counts(tx, snapshot.id, count_compared(tx, snapshot, new))
        return
    tx.session.execute(sa.insert(SnapshotDifference).from_select(list(_COLUMNS), _met(snapshot)))
    keep_counts(tx, snapshot.id, _written(tx, snapshot.id))


def _written(tx: Tx, snapshot_id: UUID) -> Counter[DifferenceKind]:
    """Count what is written down of a snapshot's differences."""
    counted = sa.select(SnapshotDifference.kind, sa.func.count()).where(SnapshotDifference.snapshot_id == snapshot_id)
    return Counter({row[0]: row[1] for row in tx.session.execute(counted.group_by(SnapshotDifference.kind))})


def finish_differences(tx: Tx, snapshot: Any, before_id: UUID | None) -> None:
    """Write down who is new, once they stand, and count everything."""
    query = _new(snapshot, before_id)
    counts: Counter[DifferenceKind] = Counter()
    if before_id is None:
        counts[DifferenceKind.NEW] = tx.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    else:
        tx.session.execute(sa.insert(SnapshotDifference).from_select(list(_COLUMNS), query))
        counts = _written(tx, snapshot.id)
    keep_counts(tx, snapshot.id, counts)


def forget_differences(tx: Tx, snapshot_id: UUID) -> None:
    """Remove what was written down of a snapshot's differences; its counts go too."""
    for model in (SnapshotDifference, SnapshotDifferenceCount):
        tx.session.execute(sa.delete(model).where(model.snapshot_id == snapshot_id))


def keep_counts(tx: Tx, snapshot_id: UUID, counts: Counter[DifferenceKind]) -> None:
    """Keep counts of differences in the place of those before."""
    tx.session.execute(sa.delete(SnapshotDifferenceCount).where(SnapshotDifferenceCount.snapshot_id == snapshot_id))
    put_rows(
        tx, SnapshotDifferenceCount, ("snapshot_id", "kind", "differences"),
        ((snapshot_id, kind, count) for kind, count in sorted(counts.items()) if count),
    )  # fmt: skip


# ---------------------------------------------------------------- who comes, who goes


def _row(
    snapshot: Any, kind: DifferenceKind, household_id: Any, village_code: Any, after: Any = None
) -> sa.Select[*tuple[Any, ...]]:
    types = SnapshotDifference.__table__.c
    return sa.select(
        sa.literal(snapshot.id, types.snapshot_id.type), sa.literal(kind, types.kind.type), household_id.label("one"),
        household_id.label("household"), village_code, sa.literal("").label("before"),
        (sa.literal("") if after is None else after).label("after"),
    )  # fmt: skip


def _new(snapshot: Any, before_id: UUID | None) -> sa.Select[*tuple[Any, ...]]:
    """Select those whom no snapshot knew: new ones, and those that were registered on the spot."""
    staged = StagedHousehold
    who = sa.func.coalesce(staged.bound_id, staged.household_id)
    query = _row(snapshot, DifferenceKind.NEW, who, staged.village_code).where(staged.snapshot_id == snapshot.id)
    return query.where(sa.or_(staged.outcome == Outcome.NEW, _is_met(snapshot)))


def _met(snapshot: Any) -> sa.Select[*tuple[Any, ...]]:
    """Select those whom no snapshot knew because they were registered on the spot."""
    staged = StagedHousehold
    query = _row(snapshot, DifferenceKind.NEW, staged.bound_id, staged.village_code)
    return query.where(staged.snapshot_id == snapshot.id, _is_met(snapshot))


def _is_met(snapshot: Any) -> sa.ColumnElement[bool]:
    staged = StagedHousehold
    # Taken over or not yet: whoever was registered on the spot stands in no snapshot before this one. One look-up for
    # each: of what only has to exist PostgreSQL makes a join, and walks through all links.
    was_listed = (
        sa.select(RegistryLink.id)
        .where(RegistryLink.household_id == staged.bound_id, RegistryLink.snapshot_id != snapshot.id)
        .limit(1).correlate(staged).scalar_subquery()
    )  # fmt: skip
    return sa.and_(staged.outcome == Outcome.CHANGED, was_listed.is_(None))


def _comings(tx: Tx, snapshot: Any) -> dict[DifferenceKind, sa.Select[*tuple[Any, ...]]]:
    staged, earlier = StagedHousehold, sa.orm.aliased(RegistryLink)
    # By the register's own id, under which both are found at once; staged rows know no household by an index.
    is_listed_again = (
        sa.exists()
        .where(staged.snapshot_id == snapshot.id, staged.external_id == RegistryLink.external_id)
        .correlate(RegistryLink)
    )
    listed = listed_by(tx, snapshot.source)
    gone = (
        _row(snapshot, DifferenceKind.GONE, Household.id, Household.village_code)
        .join(RegistryLink, RegistryLink.household_id == Household.id)
        .where(listed, ~is_listed_again, Household.erased_at.is_(None))
    )
    in_last = sa.exists().where(listed, RegistryLink.external_id == staged.external_id).correlate(staged)
    in_any = (
        sa.exists().where(earlier.snapshot_id != snapshot.id, earlier.household_id == staged.bound_id).correlate(staged)
    )  # fmt: skip
    returned = _row(snapshot, DifferenceKind.RETURNED, staged.bound_id, staged.village_code).where(
        staged.snapshot_id == snapshot.id, staged.bound_id.is_not(None), ~in_last, in_any
    )
    return {DifferenceKind.GONE: gone, DifferenceKind.RETURNED: returned}


# ---------------------------------------------------------------- who changes


def count_changed(tx: Tx, snapshot_id: UUID) -> int:
    """Tell how many households a compared snapshot changes."""
    changed = sa.select(sa.func.count()).where(
        StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.CHANGED
    )
    return tx.session.scalar(changed) or 0


def changes_at(tx: Tx, snapshot: Any, start: int, count: int) -> Sequence[Difference]:
    """Give what some of the changed households would differ in, in the order of their ids in the file."""
    names = (
        sa.select(StagedHousehold.external_id)
        .where(StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED)
        .order_by(StagedHousehold.external_id)
    )
    # Their names first: with the households joined PostgreSQL would walk all of these to skip the first.
    some = tx.session.scalars(names.offset(start).limit(count)).all()
    if not some:
        return ()
    these = StagedHousehold.external_id.between(some[0], some[-1])
    rows = tx.session.execute(_changed(snapshot).where(these)).all()
    return _differing(tx, snapshot, rows, _departed(tx), these)


def changes_of(tx: Tx, snapshot: Any, household_ids: Sequence[UUID]) -> Sequence[Difference]:
    """Give what these households would differ in, as far as the snapshot changes them."""
    found: list[Difference] = []
    gone = _departed(tx)
    for some in chunked(household_ids):
        these = StagedHousehold.bound_id.in_(some)
        rows = tx.session.execute(_changed(snapshot).where(these)).all()
        found += _differing(tx, snapshot, rows, gone, these)
    return found


def put_differences(tx: Tx, snapshot_id: UUID, several: Iterable[Difference]) -> None:
    """Write down what a snapshot changes."""
    put_rows(tx, SnapshotDifference, _COLUMNS, ((snapshot_id, *one) for one in several))


def put_difference_rows(tx: Tx, rows: pl.DataFrame) -> None:
    """Write down rows that ``differences_of`` made."""
    put_frame(tx, SnapshotDifference, rows)


def _changed(snapshot: Any) -> Any:
    staged, taken = StagedHousehold, taken_household(snapshot)
    return (
        sa.select(
            staged.external_id, staged.village_code, staged.decile, staged.kk_bidx, Household.id,
            Household.village_code.label("was_village"), Household.decile.label("was_decile"),
            Household.kk_bidx.label("was_kk"), Household.rt.label("was_rt"), Household.rw.label("was_rw"),
            Household.hamlet.label("was_hamlet"), Household.address.label("was_address"),
            Household.head_name.label("was_head"), Household.size.label("was_size"),
            Household.position_key.label("was_key"), Household.is_provisional, Household.merged_into_id,
            *(taken[name].label(name) for name in ("rt", "rw", "hamlet", "address", "head_name", "size",
                                                   "position_key")),
        )
        .join(Household, Household.id == staged.bound_id)
        .where(staged.snapshot_id == snapshot.id, staged.outcome == Outcome.CHANGED)
        .order_by(staged.external_id)
    )  # fmt: skip


def _changes(tx: Tx, snapshot: Any) -> Iterator[list[Difference]]:
    """Compare the changed households with what stands, some thousands at a time."""
    gone = _departed(tx)
    for these in changed_ranges(tx, snapshot.id, AT_ONCE):
        rows = tx.session.execute(_changed(snapshot).where(these)).all()
        yield _differing(tx, snapshot, rows, gone, these)


def _differing(
    tx: Tx, snapshot: Any, rows: Sequence[Any], gone: _Departed, these: sa.ColumnElement[bool]
) -> list[Difference]:
    """Give what changed households differ in; ``these`` asks for the same ones."""
    found = [
        one for row in rows if not row.is_provisional for one in _household_changes(row)
        if one.kind not in gone.kept.get(row.id, ())
        # A file that names a third village knows more than the office does.
        or (one.kind in _MOVED and row.village_code != gone.left[row.id])
    ]  # fmt: skip
    known = {row.id for row in rows if not row.is_provisional and row.merged_into_id is None}
    members = _member_changes(tx, snapshot, these)
    return found + [one for one in members if one.household_id in known and one.subject_id not in gone.people]


class _Departed(NamedTuple):
    """Whom the office knows to have died or moved: a file that still lists them changes nothing of that."""

    people: frozenset[UUID]
    kept: Mapping[UUID, Collection[DifferenceKind]]
    """Of each household the kinds that the file does not change."""
    left: Mapping[UUID, str]
    """The village from which a household moved within the regency."""


def _departed(tx: Tx) -> _Departed:
    people: set[UUID] = set()
    kept: dict[UUID, set[DifferenceKind]] = {}
    left: dict[UUID, str] = {}
    query = sa.select(
        Departure.household_id, Departure.member_id, Departure.kind, Departure.from_village_code,
        Departure.to_household_id,
    ).where(Departure.regency_code == tx.regency_code, Departure.undone_at.is_(None))  # fmt: skip
    for row in tx.session.execute(query):
        kinds = kept.setdefault(row.household_id, set())
        if row.to_household_id is not None:
            kept.setdefault(row.to_household_id, set()).add(DifferenceKind.SIZE)
        if row.kind is DepartureKind.MOVED_WITHIN and row.member_id is None:
            left[row.household_id] = row.from_village_code
            kinds |= _MOVED
        elif row.member_id is not None:
            people.add(row.member_id)
            kinds |= {DifferenceKind.HEAD, DifferenceKind.SIZE}
    return _Departed(people=frozenset(people), kept=kept, left=left)


def _household_changes(row: Any) -> Iterator[Difference]:
    def differs(kind: DifferenceKind, before: object, after: object, *, is_told: bool = True) -> Iterator[Difference]:
        if before != after:
            told = (_text(before), _text(after)) if is_told else ("", "")
            yield Difference(kind, row.id, row.id, row.village_code, *told)

    yield from differs(DifferenceKind.DECILE, row.was_decile, row.decile)
    yield from differs(DifferenceKind.VILLAGE, row.was_village, row.village_code)
    yield from differs(DifferenceKind.UNIT, _unit(row.was_rt, row.was_rw), _unit(row.rt, row.rw))
    yield from differs(
        DifferenceKind.ADDRESS, _joined(row.was_address, row.was_hamlet), _joined(row.address, row.hamlet)
    )
    yield from differs(DifferenceKind.POSITION, row.was_key, row.position_key, is_told=False)
    if row.kk_bidx is not None:
        yield from differs(DifferenceKind.KK, row.was_kk, row.kk_bidx, is_told=False)
    # Of a merged one the people stand elsewhere: the household that stays is the one to ask.
    if row.merged_into_id is None:
        yield from differs(DifferenceKind.HEAD, row.was_head, row.head_name)
        yield from differs(DifferenceKind.SIZE, row.was_size, row.size)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _unit(rt: str | None, rw: str | None) -> str:
    return f"{rt or '–'}/{rw or '–'}"


def _joined(*texts: str) -> str:
    return ", ".join(text for text in texts if text)


def _member_changes(tx: Tx, snapshot: Any, these: sa.ColumnElement[bool]) -> Iterator[Difference]:
    staged, taken = StagedMember, taken_member()
    within = (
        StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED,
        these,
    )  # fmt: skip
    is_member = sa.and_(Member.household_id == StagedHousehold.bound_id, Member.member_key == staged.member_key)
    query = (
        sa.select(
            StagedHousehold.bound_id, StagedHousehold.village_code, staged.member_id, staged.name.label("new_name"),
            staged.nik_bidx.label("new_nik"), Member.id, Member.is_present, Member.nik_bidx,
            *(getattr(Member, name).label(f"was_{name}") for name in TOLD),
            *(taken[name].label(f"now_{name}") for name in TOLD),
        )
        .select_from(StagedHousehold)
        .join(staged, same_household())
        .outerjoin(Member, is_member)
        .where(
            *within,
            sa.or_(Member.id.is_(None), ~Member.is_present, Member.row_hash.is_distinct_from(staged.row_hash)),
        )
    )  # fmt: skip
    for row in tx.session.execute(query):
        at = (row.bound_id, row.village_code)
        if row.id is None or not row.is_present:
            yield Difference(DifferenceKind.MEMBER_ADDED, row.id or row.member_id, *at, "", row.new_name)
            continue
        if row.new_nik is not None and row.new_nik != row.nik_bidx:
            yield Difference(DifferenceKind.NIK, row.id, *at)
        before, after = _changed_parts(row)
        if before != after or before:
            yield Difference(
                DifferenceKind.MEMBER_CHANGED, row.id, *at, json.dumps(before, ensure_ascii=False),
                json.dumps(after, ensure_ascii=False),
            )  # fmt: skip
    if not snapshot.lists_members:
        return
    listed = sa.exists().where(same_household(), Member.member_key == staged.member_key)
    gone = (
        sa.select(StagedHousehold.bound_id, StagedHousehold.village_code, Member.id, Member.name)
        .join(Member, Member.household_id == StagedHousehold.bound_id)
        .where(
            *within, StagedHousehold.lists_all, Member.is_present, ~listed.correlate(StagedHousehold, Member),
            ~Member.member_key.startswith(CARRIED),
        )
    )  # fmt: skip
    for row in tx.session.execute(gone):
        yield Difference(DifferenceKind.MEMBER_GONE, row.id, row.bound_id, row.village_code, row.name, "")


def _changed_parts(row: Any) -> tuple[dict[str, str | None], dict[str, str | None]]:
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for name in TOLD:
        was, now = getattr(row, f"was_{name}"), getattr(row, f"now_{name}")
        if was != now:
            before[name] = _text(was) if name in SHOWN else None
            after[name] = _text(now) if name in SHOWN else None
    return before, after


def changed_names(parts: Iterable[str]) -> tuple[str, ...]:
    """Give the names of changed parts in the order of a report."""
    wanted = set(parts)
    return tuple(name for name in TOLD if name in wanted)
