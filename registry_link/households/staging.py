"""Rows of a registry file staged one by one, weighed and taken over in one transaction: the way of small files.

Whatever the file's order, a household and each of its members are staged by their own keys and carry their own keyed
hash; what is new, changed or the same is then asked of the database in whole sets, and so is the taking over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked, put_rows
from registry_link.households.changing import ROW, add_members, change_members, update_changed
from registry_link.households.differences import (
    count_differences,
    finish_differences,
    write_differences,
)
from registry_link.households.known import know_numbers
from registry_link.households.leaving import keep_departed
from registry_link.households.linking import ask_again, end_gone, listed_by, suspect_changed
from registry_link.households.meeting import bind_provisional, name_staged_heads, put_suspects, suspects
from registry_link.households.merged import CARRIED, carry_again, is_seen
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.numbering import bump_stamp, code_of, lock_counter, set_counter
from registry_link.households.numbers import content_hash, content_hashes, kk_indexes, nik_indexes
from registry_link.households.pieces import piece_counts
from registry_link.households.positions import position_keys
from registry_link.households.rows import HouseholdRow, MemberRow, Weighed
from registry_link.households.rules import words_of
from registry_link.households.snapshots import (
    clear_staged,
    comes_after,
    current_before,
    note_counts,
    replace_current,
    staged_snapshot,
)
from registry_link.households.states import (
    LinkState,
    Outcome,
    PositionSource,
    Relation,
)
from registry_link.households.taking import PERSON, PLACE, at_least_one, same_household
from registry_link.households.tuning import analyze_staged, analyze_taken
from registry_link.households.words import fold_words, refresh_words, write_new_words

CHUNK: Final = 5000


def merge_households(tx: Tx, snapshot_id: UUID, rows: Iterable[HouseholdRow]) -> Weighed:
    """Stage rows and take them over in this one transaction (demonstration, small files)."""
    several = iter(rows)
    while chunk := list(islice(several, CHUNK)):
        stage_households(tx, snapshot_id, chunk)
    return make_current(tx, snapshot_id)


# ---------------------------------------------------------------- staging


def stage_households(tx: Tx, snapshot_id: UUID, rows: Sequence[HouseholdRow]) -> tuple[int, ...]:
    """Stage checked households with the members they carry; gives the file rows of members that were there already.

    A household that is staged already keeps its first row, and gets the members it did not have.
    """
    wanted = {row.external_id: row for row in reversed(rows)}
    staged = staged_ids(tx, snapshot_id, list(wanted))
    fresh = [row for row in wanted.values() if row.external_id not in staged][::-1]
    keys, is_known = position_keys(
        np.array([np.nan if row.lon_deg is None else row.lon_deg for row in fresh], dtype=np.float64),
        np.array([np.nan if row.lat_deg is None else row.lat_deg for row in fresh], dtype=np.float64),
    )
    columns = (
        "snapshot_id", "external_id", "link_id", "household_id", "file_row", *ROW, *PLACE, "head_name", "size",
        "kk", "kk_bidx", "row_hash", "outcome",
    )  # fmt: skip
    put_rows(tx, StagedHousehold, columns, (
        (
            snapshot_id, row.external_id, link_id, household_id, row.file_row,
            row.village_code, row.rt, row.rw, row.hamlet, row.address, row.decile,
            *((row.lon_deg, row.lat_deg, key, (row.position_source or PositionSource.REGISTRY).value,
               row.position_accuracy_m) if has_place else (None,) * 5),
            row.head_name or next((one.name for one in row.members if one.relation is Relation.HEAD), ""),
            max(row.size or 0, len(row.members)), row.kk, index, content, Outcome.NEW,
        )
        for row, key, has_place, link_id, household_id, index, content in zip(
            fresh, keys.tolist(), is_known.tolist(), tx.new_ids(len(fresh)), tx.new_ids(len(fresh)),
            kk_indexes([row.kk for row in fresh]), content_hashes((_content(row), row.kk) for row in fresh),
            strict=True,
        )
    ))  # fmt: skip
    return stage_members(tx, snapshot_id, [(row.external_id, one) for row in rows for one in row.members], staged)


def stage_members(
    tx: Tx, snapshot_id: UUID, members: Sequence[tuple[str, MemberRow]], staged: frozenset[str] | None = None
) -> tuple[int, ...]:
    """Stage checked members of households that are staged; gives the file rows of those that were there already.

    ``staged``: households among them that may have members already; None when that is not known.
    """
    places: dict[str, int] = {}
    taken: set[tuple[str, str]] = set()
    again = staged if staged is not None else frozenset(external_id for external_id, _ in members)
    for external_id, key, place in _staged_members(tx, snapshot_id, again):
        taken.add((external_id, key))
        places[external_id] = max(places.get(external_id, 0), place)
    ready: list[tuple[object, ...]] = []
    doubled: list[int] = []
    indexes = nik_indexes([one.nik for _, one in members])
    hashes = content_hashes((_member_content(one), one.nik) for _, one in members)
    for (external_id, one), index, member_id, content in zip(
        members, indexes, tx.new_ids(len(members)), hashes, strict=True
    ):
        key = _member_key(one, index)
        if (external_id, key) in taken:
            doubled.append(one.file_row)
            continue
        taken.add((external_id, key))
        place = places[external_id] = places.get(external_id, 0) + 1
        ready.append((
            snapshot_id, external_id, key, member_id, one.file_row,
            # The head stands first, wherever the file has him.
            0 if one.relation is Relation.HEAD else place, one.name, one.sex, one.birth_on, one.age_years,
            one.age_as_of_on, one.relation, one.nik, index, one.is_pregnant, one.is_nursing, one.has_disability,
            one.is_chronically_ill, content,
        ))  # fmt: skip
    put_rows(tx, StagedMember, ("snapshot_id", "external_id", "member_key", "member_id", "file_row", *PERSON), ready)
    return tuple(doubled)


def staged_ids(tx: Tx, snapshot_id: UUID, external_ids: Sequence[str]) -> frozenset[str]:
    """Give those of the households' ids that are staged already."""
    found: set[str] = set()
    for chunk in chunked(external_ids):
        found.update(
            tx.session.scalars(
                sa.select(StagedHousehold.external_id).where(
                    StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.external_id.in_(chunk)
                )
            )
        )
    return frozenset(found)


def _staged_members(tx: Tx, snapshot_id: UUID, external_ids: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    for chunk in chunked(sorted(external_ids)):
        query = sa.select(StagedMember.external_id, StagedMember.member_key, StagedMember.position).where(
            StagedMember.snapshot_id == snapshot_id, StagedMember.external_id.in_(chunk)
        )
        for row in tx.session.execute(query):
            yield row.external_id, row.member_key, row.position


def _member_key(one: MemberRow, index: bytes | None) -> str:
    if one.external_id:
        return one.external_id
    if index is not None:
        return f"nik:{index.hex()[:32]}"
    return f"name:{content_hash(f'{words_of(one.name)}|{one.birth_on}').hex()[:32]}"


def _content(row: HouseholdRow) -> str:
    return (
        f"{row.village_code}|{row.rt}|{row.rw}|{row.hamlet}|{row.address}|{row.head_name}|{row.size}|{row.decile}|"
        f"{row.lon_deg}|{row.lat_deg}|{row.position_source}|{row.position_accuracy_m}"
    )


def _member_content(one: MemberRow) -> str:
    # Without the place in the list: another order is no change.
    return (
        f"{one.name}|{one.sex}|{one.birth_on}|{one.age_years}|{one.age_as_of_on}|{one.relation}|{one.is_pregnant:d}"
        f"{one.is_nursing:d}{one.has_disability:d}{one.is_chronically_ill:d}"
    )


# ---------------------------------------------------------------- weighing


def weigh(tx: Tx, snapshot_id: UUID) -> Weighed:
    """Tell of every staged household whether it is new, changed or the same, and whether it may be a double.

    What would differ is counted too, kind by kind. Raises: NotFound; Conflict when the snapshot is not staged any more.
    """
    snapshot = staged_snapshot(tx, snapshot_id)
    _weigh(tx, snapshot)
    before = current_before(tx, snapshot)
    count_differences(tx, snapshot, before.id if before is not None else None)
    return weighed(tx, snapshot_id)


def _weigh(tx: Tx, snapshot: Any) -> None:
    snapshot_id = snapshot.id
    analyze_staged(tx)
    analyze_taken(tx)
    mine = StagedHousehold.snapshot_id == snapshot_id
    is_weighed = sa.or_(
        StagedHousehold.outcome != Outcome.NEW, StagedHousehold.bound_id.is_not(None),
        StagedHousehold.suspect_id.is_not(None),
    )  # fmt: skip
    tx.session.execute(
        sa.update(StagedHousehold)
        .where(mine, is_weighed)
        .values(bound_id=None, outcome=Outcome.NEW, suspect_id=None)
        .execution_options(synchronize_session=False)
    )
    known = (
        Household.regency_code == snapshot.regency_code,
        Household.source == snapshot.source,
        Household.external_id == StagedHousehold.external_id,
        is_seen(),
    )
    tx.session.execute(
        sa.update(StagedHousehold).where(mine, *known).values(
            bound_id=Household.id,
            outcome=sa.case((Household.row_hash == StagedHousehold.row_hash, Outcome.UNCHANGED.value),
                            else_=Outcome.CHANGED.value),
        ).execution_options(synchronize_session=False)
    )  # fmt: skip
    bind_provisional(tx, snapshot_id)
    _mark_changed_members(tx, snapshot_id, lists_members=snapshot.lists_members)
    put_suspects(tx, snapshot_id, suspects(tx, snapshot_id, _twice(tx, snapshot_id)))
    _count_members(tx, snapshot_id)
    name_staged_heads(tx, snapshot_id)


def weighed(tx: Tx, snapshot_id: UUID) -> Weighed:
    """Give the counts of the last weighing."""
    mine = StagedHousehold.snapshot_id == snapshot_id
    counts: dict[Outcome, int] = {}
    suspected = 0
    query = sa.select(
        StagedHousehold.outcome, sa.func.count(), sa.func.count(StagedHousehold.suspect_id)
    ).where(mine).group_by(StagedHousehold.outcome)  # fmt: skip
    for outcome, number, doubles in tx.session.execute(query):
        counts[outcome] = number
        suspected += doubles
    # Of a snapshot in pieces only those members are staged whose household says anything new.
    members = sum(people for _, _, people in piece_counts(tx, snapshot_id)) or tx.session.scalar(
        sa.select(sa.func.count()).select_from(StagedMember).where(StagedMember.snapshot_id == snapshot_id)
    )
    return Weighed(
        new=counts.get(Outcome.NEW, 0), changed=counts.get(Outcome.CHANGED, 0),
        unchanged=counts.get(Outcome.UNCHANGED, 0), suspected=suspected, members=members or 0,
    )  # fmt: skip


def _mark_changed_members(tx: Tx, snapshot_id: UUID, *, lists_members: bool) -> None:
    same = (StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.UNCHANGED)
    is_member = sa.and_(Member.household_id == StagedHousehold.bound_id, Member.member_key == StagedMember.member_key)
    differing = (
        sa.select(StagedHousehold.external_id)
        .join(StagedMember, same_household())
        .outerjoin(Member, is_member)
        .where(*same, sa.or_(Member.id.is_(None), ~Member.is_present, Member.row_hash != StagedMember.row_hash))
    )
    parts: list[sa.Select[str]] = [differing]
    if lists_members:
        parts.append(
            sa.select(StagedHousehold.external_id)
            .join(Member, sa.and_(Member.household_id == StagedHousehold.bound_id, Member.is_present))
            .outerjoin(StagedMember, sa.and_(same_household(), Member.member_key == StagedMember.member_key))
            .where(*same, StagedMember.member_id.is_(None), ~Member.member_key.startswith(CARRIED))
        )
    for part in parts:
        tx.session.execute(
            sa.update(StagedHousehold)
            .where(*same, StagedHousehold.external_id.in_(part))
            .values(outcome=Outcome.CHANGED)
            .execution_options(synchronize_session=False)
        )


def _twice(tx: Tx, snapshot_id: UUID) -> list[tuple[str, str]]:
    mine = StagedMember.snapshot_id == snapshot_id
    doubled = sa.select(StagedMember.nik_bidx).where(mine, StagedMember.nik_bidx.is_not(None))
    doubled = doubled.group_by(StagedMember.nik_bidx).having(sa.func.count() > 1)
    query = (
        sa.select(StagedMember.nik_bidx, StagedMember.external_id)
        .where(mine, StagedMember.nik_bidx.in_(doubled))
        .order_by(StagedMember.nik_bidx, StagedMember.file_row)
    )
    first: dict[bytes, str] = {}
    found: dict[str, str] = {}
    for index, external_id in tx.session.execute(query):
        assert index is not None
        other = first.setdefault(index, external_id)
        if other != external_id:
            found[external_id] = other
    return sorted(found.items())


# ---------------------------------------------------------------- taking over


def make_current(tx: Tx, snapshot_id: UUID) -> Weighed:
    """Take over rows that were staged one by one, in this one transaction: for few.

    Raises: NotFound; Conflict "snapshot.cannot_commit", "snapshot.older" (a newer one of the source is current),
    "snapshot.empty".
    """
    # The counter is the lock: whoever registers a household waits until the numbers of this one stand.
    last_no = lock_counter(tx)
    return _made_current(tx, staged_snapshot(tx, snapshot_id), last_no)


def _made_current(tx: Tx, snapshot: Any, last_no: int) -> Weighed:
    snapshot_id = snapshot.id
    _weigh(tx, snapshot)
    counts = weighed(tx, snapshot_id)
    before = comes_after(tx, snapshot, counts)
    before_id = before.id if before is not None else None
    replace_current(tx, snapshot, before_id, counts)
    write_differences(tx, snapshot, before_id)
    _insert_new(tx, snapshot, last_no)
    set_counter(tx, last_no + counts.new)
    if counts.changed:
        update_changed(tx, snapshot)
        change_members(tx, snapshot)
    add_members(tx, snapshot, (Outcome.NEW, Outcome.CHANGED))
    finish_differences(tx, snapshot, before_id)
    _link(tx, snapshot)
    suspect_changed(tx, snapshot)
    if before_id is not None:
        end_gone(tx, snapshot)
        ask_again(tx, snapshot_id)
    keep_departed(tx, snapshot_id)
    survivors = carry_again(tx, snapshot_id)
    _write_words(tx, snapshot_id, last_no, counts.new)
    refresh_words(tx, survivors)
    clear_staged(tx, snapshot_id)
    bump_stamp(tx)
    note_counts(tx, snapshot_id, counts)
    return counts


def _count_members(tx: Tx, snapshot_id: UUID) -> None:
    """Fill in the size where the file has more members than it says."""
    count = (
        sa.select(StagedMember.external_id, sa.func.count().label("persons"))
        .where(StagedMember.snapshot_id == snapshot_id)
        .group_by(StagedMember.external_id)
        .subquery()
    )
    tx.session.execute(
        sa.update(StagedHousehold)
        .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome != Outcome.UNCHANGED)
        .where(StagedHousehold.external_id == count.c.external_id, StagedHousehold.size < count.c.persons)
        .values(size=count.c.persons)
        .execution_options(synchronize_session=False)
    )


def _insert_new(tx: Tx, snapshot: Any, last_no: int) -> None:
    staged = cast(sa.Table, StagedHousehold.__table__)
    numbered = (
        sa.select(
            *staged.c,
            (sa.func.row_number().over(order_by=(staged.c.village_code, staged.c.external_id)) + last_no).label("no"),
        )
        .where(staged.c.snapshot_id == snapshot.id, staged.c.outcome == Outcome.NEW)
        .subquery()
    )
    columns: dict[str, sa.ColumnElement[Any]] = {
        "id": numbered.c.household_id, "row_no": numbered.c.no, "regency_code": sa.literal(snapshot.regency_code),
        "code": code_of(numbered.c.no), **{name: numbered.c[name] for name in (*ROW, *PLACE)},
        "head_name": numbered.c.head_name, "size": at_least_one(numbered.c.size),
        "kk": numbered.c.kk, "kk_bidx": numbered.c.kk_bidx, "is_provisional": sa.false(),
        "snapshot_id": numbered.c.snapshot_id, "source": sa.literal(snapshot.source),
        "external_id": numbered.c.external_id, "row_hash": numbered.c.row_hash,
        "recorded_at": _now(tx), "changed_at": _now(tx),
    }  # fmt: skip
    table = cast(sa.Table, Household.__table__)
    added = sa.insert(table).from_select(list(columns), sa.select(*columns.values())).returning(table.c.id)
    know_numbers(tx, set(tx.session.scalars(added)))


def _now(tx: Tx) -> sa.ColumnElement[Any]:
    return sa.literal(tx.now, Household.__table__.c.recorded_at.type)


def _link(tx: Tx, snapshot: Any) -> None:
    staged = StagedHousehold
    state = sa.case(
        (staged.suspect_id.is_not(None), LinkState.DUPLICATE_SUSPECTED.value), else_=LinkState.IMPORTED.value
    )
    columns: dict[str, Any] = {
        "id": staged.link_id, "regency_code": sa.literal(tx.regency_code),
        "household_id": sa.func.coalesce(staged.bound_id, staged.household_id), "snapshot_id": staged.snapshot_id,
        "external_id": staged.external_id, "state": state,
        "suspect_household_id": staged.suspect_id, "recorded_at": _now(tx),
    }  # fmt: skip
    is_listed = sa.exists().where(
        RegistryLink.household_id == staged.bound_id, listed_by(tx, snapshot.source)
    ).correlate(staged)  # fmt: skip
    rows = sa.select(*columns.values()).where(staged.snapshot_id == snapshot.id, ~is_listed)
    tx.session.execute(sa.insert(RegistryLink).from_select(list(columns), rows))


def _write_words(tx: Tx, snapshot_id: UUID, last_no: int, new: int) -> None:
    write_new_words(tx, last_no + 1, last_no + new)
    changed = sa.select(StagedHousehold.bound_id).where(
        StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.CHANGED
    )
    refresh_words(tx, [one for one in tx.session.scalars(changed) if one is not None])
    while fold_words(tx):
        pass
