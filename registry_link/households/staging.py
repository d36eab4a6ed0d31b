"""Rows of a registry file: staged beside the tables, weighed against them, and taken over all at once.

Whatever the file's order, a household and each of its members are staged by their own keys and carry their own keyed
hash; what is new, changed or the same is then asked of the database in whole sets, and so is the taking over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.db import Base
from core.errors import Conflict, NotFound
from core.states import move
from core.work import Tx
from registry_link.households.bulk import put_rows
from registry_link.households.carding import provisional_cards, same_card
from registry_link.households.changing import ROW, add_members, change_members, update_changed
from registry_link.households.differences import (
    count_differences,
    finish_differences,
    forget_differences,
    write_differences,
)
from registry_link.households.known import half_of, know_numbers
from registry_link.households.leaving import keep_departed
from registry_link.households.linking import ask_again, end_gone, listed_by, suspect_changed
from registry_link.households.marks import drop_marks
from registry_link.households.merged import CARRIED, carry_again, is_listed, is_met, is_seen
from registry_link.households.models import (
    Household,
    KnownNumber,
    Member,
    RegistryLink,
    RegistryStamp,
    RowCounter,
    Snapshot,
    StagedHousehold,
    StagedMark,
    StagedMember,
    StagedPiece,
    WeighedPiece,
)
from registry_link.households.numbers import content_hash, content_hashes, kk_indexes, nik_indexes
from registry_link.households.pieces import piece_counts
from registry_link.households.positions import position_keys
from registry_link.households.rows import HouseholdRow, MemberRow, Weighed
from registry_link.households.rules import words_of
from registry_link.households.states import (
    SNAPSHOT_MOVES,
    LinkState,
    Outcome,
    PositionSource,
    Relation,
    SnapshotAct,
    SnapshotState,
)
from registry_link.households.taking import PERSON, PLACE, at_least_one, same_household
from registry_link.households.words import fold_words, refresh_words, write_new_words

CHUNK: Final = 5000
_MUCH_ROOM: Final = sa.text("PRAGMA cache_size=-128000")
_USUAL_ROOM: Final = sa.text("PRAGMA cache_size=-32000")
"""As ``core.db`` opens a connection."""
_STAGED: Final = (StagedHousehold, StagedMember)
_TAKEN: Final = (Household, Member, KnownNumber, RegistryLink)
_IDS_AT_ONCE: Final = 800
_COUNTER: Final = "household"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSnapshot:
    source: str
    """The register: dtsen, dtks, bdt, office. Ids are compared only within one source."""
    as_of_on: date
    agreement_no: str = ""
    file_name: str = ""
    file_sha256: str = ""
    completes_id: UUID | None = None
    """The current snapshot that its rows complete, instead of becoming one of their own."""
    lists_members: bool = True
    """Whether every member is listed, so that one who is missing has left the household."""


def record_snapshot(tx: Tx, order: RecordSnapshot) -> UUID:
    """Open a snapshot that rows can be staged for."""
    snapshot_id = tx.new_id()
    tx.session.execute(
        sa.insert(Snapshot).values(
            id=snapshot_id, regency_code=tx.regency_code, source=order.source, as_of_on=order.as_of_on,
            agreement_no=order.agreement_no, file_name=order.file_name, file_sha256=order.file_sha256,
            state=SnapshotState.STAGED, households=0, members=0, completes_id=order.completes_id,
            lists_members=order.lists_members and order.completes_id is None, recorded_at=tx.now, current_at=None,
        )
    )  # fmt: skip
    tx.note("snapshot.record", "snapshot", snapshot_id, source=order.source, as_of=order.as_of_on.isoformat(),
            file_sha256=order.file_sha256)  # fmt: skip
    return snapshot_id


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
    for chunk in _chunks(external_ids, _IDS_AT_ONCE):
        found.update(
            tx.session.scalars(
                sa.select(StagedHousehold.external_id).where(
                    StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.external_id.in_(chunk)
                )
            )
        )
    return frozenset(found)


def _staged_members(tx: Tx, snapshot_id: UUID, external_ids: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    for chunk in _chunks(sorted(external_ids), _IDS_AT_ONCE):
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
    _bind_provisional(tx, snapshot_id)
    _mark_changed_members(tx, snapshot_id, lists_members=snapshot.lists_members)
    put_suspects(tx, snapshot_id, suspects(tx, snapshot_id, _twice(tx, snapshot_id)))
    _count_members(tx, snapshot_id)
    _name_heads(tx, snapshot_id)


def analyze_staged(tx: Tx) -> None:
    """Let PostgreSQL know what was staged a moment ago: without it joins are planned for a few rows."""
    _analyze(tx, _STAGED)


def analyze_taken(tx: Tx) -> None:
    """Let PostgreSQL know what was taken over a moment ago: without it a look-up by number walks all members."""
    _analyze(tx, _TAKEN)


def _analyze(tx: Tx, models: Sequence[type[Base]]) -> None:
    if tx.session.get_bind().dialect.name == "postgresql":
        for model in models:
            tx.session.execute(sa.text(f"ANALYZE {model.__tablename__}"))


def bind_met(tx: Tx, snapshot_id: UUID) -> None:
    """Bind households that were registered on the spot to staged rows; fill in heads that stand in another piece."""
    analyze_staged(tx)
    _bind_provisional(tx, snapshot_id)
    _name_heads(tx, snapshot_id)


def weighed(tx: Tx, snapshot_id: UUID) -> Weighed:
    """Give the counts of the last weighing."""
    mine = StagedHousehold.snapshot_id == snapshot_id
    counts: dict[Outcome, int] = {}
    suspected = 0
    query = sa.select(
        StagedHousehold.outcome, sa.func.count(), sa.func.count(StagedHousehold.suspect_id)
    ).where(mine).group_by(StagedHousehold.outcome)  # fmt: skip
    for outcome, number, suspects in tx.session.execute(query):
        counts[outcome] = number
        suspected += suspects
    # Of a snapshot in pieces only those members are staged whose household says anything new.
    members = sum(people for _, _, people in piece_counts(tx, snapshot_id)) or tx.session.scalar(
        sa.select(sa.func.count()).select_from(StagedMember).where(StagedMember.snapshot_id == snapshot_id)
    )
    return Weighed(
        new=counts.get(Outcome.NEW, 0), changed=counts.get(Outcome.CHANGED, 0),
        unchanged=counts.get(Outcome.UNCHANGED, 0), suspected=suspected, members=members or 0,
    )  # fmt: skip


def staged_snapshot(tx: Tx, snapshot_id: UUID) -> Any:
    snapshot = tx.session.execute(
        sa.select(Snapshot.__table__).where(Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code)
    ).one_or_none()
    if snapshot is None:
        raise NotFound("snapshot.not_found")
    if snapshot.state is not SnapshotState.STAGED:
        raise Conflict("snapshot.cannot_commit", state=snapshot.state.value)
    return snapshot


def _bind_provisional(tx: Tx, snapshot_id: UUID) -> None:
    """Bind a household registered on the spot to the one staged row that has its No. KK or a member's NIK."""
    provisional = tx.session.execute(
        sa.select(Household.id, Household.kk_bidx, Member.nik_bidx)
        .outerjoin(Member, sa.and_(Member.household_id == Household.id, Member.is_present))
        .where(is_met(tx), is_listed())
    ).all()
    by_kk = {**provisional_cards(tx), **{row.kk_bidx: row.id for row in provisional if row.kk_bidx}}
    by_nik = {row.nik_bidx: row.id for row in provisional if row.nik_bidx}
    found: dict[UUID, set[str]] = {}
    open_rows = (StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.bound_id.is_(None))
    for chunk in _chunks(list(by_kk), _IDS_AT_ONCE):
        query = sa.select(StagedHousehold.external_id, StagedHousehold.kk_bidx)
        for row in tx.session.execute(query.where(*open_rows, StagedHousehold.kk_bidx.in_(chunk))):
            found.setdefault(by_kk[row.kk_bidx], set()).add(row.external_id)
    for chunk in _chunks(list(by_nik), _IDS_AT_ONCE):
        query = sa.select(StagedMember.external_id, StagedMember.nik_bidx).join(StagedHousehold, same_household())
        for row in tx.session.execute(query.where(*open_rows, StagedMember.nik_bidx.in_(chunk))):
            found.setdefault(by_nik[row.nik_bidx], set()).add(row.external_id)
    bound: set[str] = set()
    for household_id, external_ids in sorted(found.items()):
        # Two rows for one, or one for two: a person decides; they are suspected below.
        if len(external_ids) != 1 or external_ids & bound:
            continue
        bound |= external_ids
        tx.session.execute(
            sa.update(StagedHousehold)
            .where(*open_rows, StagedHousehold.external_id.in_(external_ids))
            .values(bound_id=household_id, outcome=Outcome.CHANGED)
        )


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


def suspects(tx: Tx, snapshot_id: UUID, twice: Sequence[tuple[str, str]]) -> dict[str, UUID]:
    """Give for new and changed rows another household with the same number; numbers twice in the file come first.

    ``twice``: rows of the file that have a NIK which another one has before them, and which one. Writes nothing.
    """
    own = sa.func.coalesce(StagedHousehold.bound_id, StagedHousehold.household_id)
    found: dict[str, UUID] = {}
    others = sa.select(Household.id).where(Household.regency_code == tx.regency_code, is_listed()).limit(1)
    if tx.session.scalar(others) is not None:
        # One look-up per row: as a join, SQLite without statistics walks all households for each staged one.
        same_kk = (
            sa.select(Household.id)
            .join(KnownNumber, KnownNumber.row_no == Household.row_no)
            .where(KnownNumber.number_index == half_of(StagedHousehold.kk_bidx))
            .where(Household.kk_bidx == StagedHousehold.kk_bidx, Household.id != own)
            .where(sa.func.coalesce(Household.regency_code, "") == tx.regency_code, is_listed())
            .order_by(Household.id).limit(1).scalar_subquery()
        )  # fmt: skip
        same_nik = (
            sa.select(Member.household_id)
            .select_from(StagedMember)
            .join(KnownNumber, KnownNumber.number_index == half_of(StagedMember.nik_bidx))
            .join(Household, sa.and_(Household.row_no == KnownNumber.row_no, is_listed()))
            .join(Member, sa.and_(Member.household_id == Household.id, Member.nik_bidx == StagedMember.nik_bidx))
            .where(same_household(), Member.regency_code == tx.regency_code, Member.is_present)
            .where(Member.household_id != own)
            .order_by(Member.household_id).limit(1).scalar_subquery()
        )  # fmt: skip
        further = same_card(tx.regency_code, own)
        query = sa.select(StagedHousehold.external_id, sa.func.coalesce(same_nik, same_kk, further)).where(
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome != Outcome.UNCHANGED,
            sa.or_(same_nik.is_not(None), same_kk.is_not(None), further.is_not(None)),
        )  # fmt: skip
        found.update((row[0], row[1]) for row in tx.session.execute(query))
    ids: dict[str, UUID] = {}
    for chunk in _chunks(sorted({one for _, one in twice}), _IDS_AT_ONCE):
        named = sa.select(StagedHousehold.external_id, own).where(
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.external_id.in_(chunk)
        )
        ids.update((row[0], row[1]) for row in tx.session.execute(named))
    found.update((other, ids[one]) for other, one in twice)
    return found


def put_suspects(tx: Tx, snapshot_id: UUID, found: Mapping[str, UUID]) -> None:
    """Point staged rows to the households that ``suspects`` gave."""
    if found:
        table = cast(sa.Table, StagedHousehold.__table__)
        tx.session.connection().execute(
            sa.update(table)
            .where(table.c.snapshot_id == snapshot_id, table.c.external_id == sa.bindparam("at_id"))
            .values(suspect_id=sa.bindparam("at_other")),
            [{"at_id": key, "at_other": value} for key, value in sorted(found.items())],
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
    snapshot = staged_snapshot(tx, snapshot_id)
    with room(tx):
        return _made_current(tx, snapshot, last_no)


@contextmanager
def room(tx: Tx) -> Iterator[None]:
    """Let SQLite hold the indexes it fills: numbers' hashes come in no order, each to another page."""
    is_sqlite = tx.session.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        tx.session.execute(_MUCH_ROOM)
    try:
        yield
    finally:
        if is_sqlite:
            tx.session.execute(_USUAL_ROOM)


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


def note_counts(tx: Tx, snapshot_id: UUID, counts: Weighed) -> None:
    tx.note(
        "snapshot.counts", "snapshot", snapshot_id, new=counts.new, changed=counts.changed,
        unchanged=counts.unchanged, suspected=counts.suspected, members=counts.members,
    )  # fmt: skip


def comes_after(tx: Tx, snapshot: Any, counts: Weighed) -> Any:
    """Give the snapshot that one is to take the place of, None when it is the first of its source.

    One that completes another takes nobody's place. Raises: Conflict "snapshot.older", "snapshot.empty",
    "snapshot.not_current" (the one to complete is replaced by now).
    """
    if not counts.new + counts.changed + counts.unchanged:
        raise Conflict("snapshot.empty")
    before = current_before(tx, snapshot)
    if snapshot.completes_id is not None:
        if before is None or before.id != snapshot.completes_id:
            raise Conflict("snapshot.not_current")
        return None
    if before is not None and before.as_of_on > snapshot.as_of_on:
        raise Conflict("snapshot.older", current=before.as_of_on.isoformat(), given=snapshot.as_of_on.isoformat())
    return before


def replace_current(tx: Tx, snapshot: Any, before_id: UUID | None, counts: Weighed) -> None:
    """Make a staged snapshot the current one of its source."""
    if before_id is not None:
        move(tx, Snapshot, before_id, SnapshotAct.REPLACE, SNAPSHOT_MOVES)
    move(
        tx, Snapshot, snapshot.id, SnapshotAct.COMMIT, SNAPSHOT_MOVES, current_at=tx.now,
        households=counts.new + counts.changed + counts.unchanged, members=counts.members,
    )  # fmt: skip


def current_before(tx: Tx, snapshot: Any) -> Any:
    """Give id and day of the office's current snapshot of the same source, None when there is none."""
    return tx.session.execute(
        sa.select(Snapshot.id, Snapshot.as_of_on).where(
            Snapshot.regency_code == tx.regency_code, Snapshot.source == snapshot.source,
            Snapshot.state == SnapshotState.CURRENT,
        )
    ).one_or_none()  # fmt: skip


def discard(tx: Tx, snapshot_id: UUID, reason: str = "") -> None:
    """Give up a staged snapshot; nothing of it stays but that it was there."""
    staged_snapshot(tx, snapshot_id)
    move(tx, Snapshot, snapshot_id, SnapshotAct.DISCARD, SNAPSHOT_MOVES, reason=reason)
    forget_differences(tx, snapshot_id)
    clear_staged(tx, snapshot_id)
    drop_marks(tx, snapshot_id)


def clear_staged(tx: Tx, snapshot_id: UUID) -> None:
    """Remove what was staged."""
    clear_written(tx, snapshot_id)
    tx.session.execute(sa.delete(StagedMark).where(StagedMark.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedPiece).where(StagedPiece.snapshot_id == snapshot_id))


def clear_written(tx: Tx, snapshot_id: UUID) -> None:
    """Remove what a comparison wrote of pieces, which stay."""
    tx.session.execute(sa.delete(WeighedPiece).where(WeighedPiece.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedMember).where(StagedMember.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedHousehold).where(StagedHousehold.snapshot_id == snapshot_id))


def take_row_no(tx: Tx) -> int:
    """Take the next household number."""
    number = lock_counter(tx) + 1
    set_counter(tx, number)
    return number


def bump_stamp(tx: Tx) -> None:
    """Say that the office's households have changed."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(
        insert(RegistryStamp)
        .values(regency_code=tx.regency_code, version=1)
        .on_conflict_do_update(index_elements=["regency_code"], set_={"version": RegistryStamp.version + 1})
    )


def lock_counter(tx: Tx) -> int:
    """Give the last household number, and keep others from taking the next."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(insert(RowCounter).values(name=_COUNTER, last_no=0).on_conflict_do_nothing())
    number = tx.session.scalar(sa.select(RowCounter.last_no).where(RowCounter.name == _COUNTER).with_for_update())
    assert number is not None
    return number


def set_counter(tx: Tx, last_no: int) -> None:
    """Say which household number was given last."""
    tx.session.execute(sa.update(RowCounter).where(RowCounter.name == _COUNTER).values(last_no=last_no))


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


def _name_heads(tx: Tx, snapshot_id: UUID) -> None:
    """Fill in the head's name where the file has it only in its members."""
    members = sa.select(StagedMember.name).where(same_household())
    first = members.order_by(StagedMember.position, StagedMember.file_row).limit(1).scalar_subquery()
    tx.session.execute(
        sa.update(StagedHousehold)
        .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome != Outcome.UNCHANGED)
        .where(StagedHousehold.head_name == "")
        .values(head_name=sa.func.coalesce(first, ""))
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


def code_of(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """Write ``core.ids.code_with_check("KEL", number)`` in SQL, for numbers below 10^9."""
    total: sa.ColumnElement[int] = sa.literal(0)
    for place in range(9):
        digit = (number // sa.literal_column(str(10**place), sa.Integer)) % sa.literal_column("10", sa.Integer)
        if place % 2 == 0:
            digit = digit * 2 - sa.case((digit > 4, 9), else_=0)
        total = total + digit
    text = sa.cast(number, sa.Text)
    padded = sa.func.substr(sa.literal("000000").concat(text), sa.func.length(text) + 1, 6)
    body = sa.case((number < 1_000_000, padded), else_=text)
    check = sa.cast((10 - total % 10) % 10, sa.Text)
    return sa.literal("KEL-").concat(body).concat("-").concat(check)


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


def _chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
