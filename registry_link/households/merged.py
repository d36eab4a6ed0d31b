"""Households that two people found to be one: the one that goes stays as it was, its people are carried over.

Its row in the register's files goes on feeding it, unseen; after each snapshot its people are carried over again.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.known import forget_numbers, know_numbers
from registry_link.households.leaving import CONTENT, POINT
from registry_link.households.models import Departure, Household, Member, Snapshot, TakingOver
from registry_link.households.sameness import Someone, is_same_person
from registry_link.households.states import Relation, TakingStage

CARRIED: Final = "merged:"
"""Begins the key of a member that was carried over: no row of the register's files has it."""
UNITS: Final = ("rt", "rw", "hamlet", "address")
TEXTS: Final = ("hamlet", "address")
_AT_ONCE: Final = 800


class MemberFate(enum.StrEnum):
    """What a merge did to a member."""

    MOVED = "moved"
    """It stands in the household that stays now."""
    FILLED = "filled"
    """It stood there already and got the NIK that only the other household knew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A member that a merge changed, as it was."""

    member_id: UUID
    fate: MemberFate
    member_key: str
    position: int
    relation: Relation
    row_hash: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    members: tuple[Before, ...]
    size_before: int
    size_after: int
    filled: Mapping[str, str | int | float]
    """Columns of the household that stays which were empty and got the other's value, a position with its source."""


def is_listed() -> sa.ColumnElement[bool]:
    """Tell whether a household stands for itself: every list, count, match, choice and search asks for it.

    Merged ones stand for another, erased ones for nobody; who has left lives elsewhere, or no more.
    """
    return sa.and_(
        Household.merged_into_id.is_(None), Household.erased_at.is_(None), Household.left_on.is_(None), is_seen()
    )


def is_seen() -> sa.ColumnElement[bool]:
    """Tell whether everything of the snapshot that brought a household stands, so that it may be shown."""
    on_the_way = sa.select(TakingOver.no).where(TakingOver.stage != TakingStage.SEEN)
    return sa.or_(Household.taking_no.is_(None), Household.taking_no.not_in(on_the_way))


def is_met(tx: Tx) -> sa.ColumnElement[bool]:
    """Tell whether a household of the office was registered on the spot and stands in no register yet."""
    # Keeps SQLite from walking the office: of a million these few have an index of their own.
    return sa.and_(sa.func.coalesce(Household.regency_code, "") == tx.regency_code, Household.is_provisional)


def snapshots_on_the_way() -> sa.Select[UUID]:
    """Give the snapshots of which something is written that nobody is to see yet, as a part of others' statements."""
    return sa.select(TakingOver.snapshot_id).where(TakingOver.stage != TakingStage.SEEN)


def numbers_on_the_way(tx: Tx) -> tuple[tuple[int, int], ...]:
    """Give the first and last ``row_no`` of the office's households that are not to be seen yet."""
    query = sa.select(TakingOver.no, TakingOver.last_no).where(
        TakingOver.regency_code == tx.regency_code, TakingOver.stage != TakingStage.SEEN
    )
    return tuple((row.no, row.last_no) for row in tx.session.execute(query))


def survivors_of(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Tell of the merged ones among these households which household each is now; the others are left out."""
    found: dict[UUID, UUID] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = sa.select(Household.id, Household.merged_into_id).where(
            Household.id.in_(ids[start : start + _AT_ONCE]), Household.merged_into_id.is_not(None)
        )
        found.update((row.id, row.merged_into_id) for row in tx.session.execute(query) if row.merged_into_id)
    return found


def merged_into(tx: Tx, household_id: UUID) -> tuple[UUID, ...]:
    """Give the households that were merged into this one."""
    query = sa.select(Household.id).where(Household.merged_into_id == household_id).order_by(Household.row_no)
    return tuple(tx.session.scalars(query))


def has_merged(tx: Tx) -> bool:
    """Tell whether the office has merged any households at all: most queries need not follow them then."""
    query = sa.select(Household.row_no).where(
        Household.merged_into_id.is_not(None), sa.func.coalesce(Household.regency_code, "") == tx.regency_code
    )
    return tx.session.scalar(query.limit(1)) is not None


def merged_pairs() -> sa.Subquery:
    """Give ``gone_id`` and ``stays_id`` of every merge, as a part of others' statements."""
    query = sa.select(Household.id.label("gone_id"), Household.merged_into_id.label("stays_id"))
    return query.where(Household.merged_into_id.is_not(None)).subquery("merged")


# ---------------------------------------------------------------- merging


def carry_over(tx: Tx, survivor_id: UUID, merged_id: UUID) -> Carried:
    """Merge one household into another: its people move, but for those who are there already.

    The caller holds both rows, has checked that neither is merged, and makes the words of the search new.
    """
    sizes = {row.id: row.size for row in tx.session.execute(
        sa.select(Household.id, Household.size).where(Household.id.in_([survivor_id, merged_id]))
    )}  # fmt: skip
    forget_numbers(tx, [survivor_id, merged_id])
    there = [one for one in _members(tx, survivor_id) if one.is_present]
    moved: list[Before] = []
    filled: list[Before] = []
    place = max((one.position for one in there), default=0)
    for one in [one for one in _members(tx, merged_id) if one.is_present]:
        twin = _twin(one, there)
        if twin is None:
            place += 1
            moved.append(_before(one, MemberFate.MOVED))
            _set(
                tx, one.id, household_id=survivor_id, member_key=carried_key(merged_id, one.member_key),
                position=place, relation=_in_the_other(one.relation),
            )  # fmt: skip
        elif twin.nik_bidx is None and one.nik_bidx is not None and not any(b.member_id == twin.id for b in filled):
            filled.append(_before(twin, MemberFate.FILLED))
            _set(tx, twin.id, nik=one.nik, nik_bidx=one.nik_bidx)
    know_numbers(tx, [survivor_id, merged_id])
    after = max(sizes[survivor_id], sizes[merged_id], len(there) + len(moved))
    given = fill_gaps(_place(tx, survivor_id), _place(tx, merged_id))
    tx.session.execute(_household(survivor_id).values(**given, size=after, changed_at=tx.now))
    tx.session.execute(_household(merged_id).values(merged_into_id=survivor_id, changed_at=tx.now))
    return Carried(
        members=(*moved, *filled), size_before=sizes[survivor_id], size_after=after,
        filled={name: value for name, value in given.items() if value is not None},
    )  # fmt: skip


def fill_gaps(stays: Mapping[str, Any], goes: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a household lacks of where it lives and how poor it is, and the other one that it is knows.

    RT, RW, hamlet and address only within one village; a position comes whole, with its source and accuracy.
    """
    made: dict[str, Any] = {}
    if stays["village_code"] == goes["village_code"]:
        made.update((name, goes[name]) for name in UNITS if not stays[name] and goes[name])
        if stays["position_key"] is None and goes["position_key"] is not None:
            made.update((name, goes[name]) for name in POINT)
    if stays["decile"] is None and goes["decile"] is not None:
        made["decile"] = goes["decile"]
    return made


def fill_again(tx: Tx, survivor_id: UUID, merged_id: UUID, names: Iterable[str]) -> dict[str, Any]:
    """Fill what the household that stays lacks again, of what the other one gave it before; gives what was filled.

    A file that says nothing of a decile or a position has emptied it: of whoever it is now that is not the last word.
    """
    known = set(names)
    given = fill_gaps(_place(tx, survivor_id), _place(tx, merged_id))
    given = {name: value for name, value in given.items() if name in known or (name in POINT and POINT[2] in known)}
    if given:
        tx.session.execute(_household(survivor_id).values(**given, changed_at=tx.now))
    return {name: value for name, value in given.items() if value is not None}


def give_back(tx: Tx, survivor_id: UUID, merged_id: UUID, was: Carried) -> None:
    """Undo ``carry_over``: both are as they were, with what later snapshots said of each.

    The caller holds both rows and makes the words of the search new.
    """
    forget_numbers(tx, [survivor_id, merged_id])
    own = {one.member_key: one for one in _members(tx, merged_id)}
    current = {one.id: one for one in _members(tx, survivor_id)}
    for before in was.members:
        one = current.get(before.member_id)
        if one is None:
            continue
        if before.fate is MemberFate.FILLED:
            if one.row_hash == before.row_hash:
                _set(tx, one.id, nik=None, nik_bidx=None)
            continue
        values: dict[str, Any] = {"position": before.position, "relation": before.relation}
        # A snapshot that came meanwhile wrote the person down again in its own household.
        again = own.get(before.member_key)
        if again is not None:
            values = {name: getattr(again, name) for name in (*CONTENT, "position", "is_present")}
            tx.session.execute(sa.delete(Member).where(Member.id == again.id))
        _set(tx, one.id, household_id=merged_id, member_key=before.member_key, **values)
    tx.session.execute(
        sa.update(Member)
        .where(Member.household_id == survivor_id, Member.member_key.startswith(carried_key(merged_id, "")))
        .values(is_present=False)
        .execution_options(synchronize_session=False)
    )
    know_numbers(tx, [survivor_id, merged_id])
    now = _place(tx, survivor_id)
    # What has changed since is nobody's gift any more.
    given = [name for name, value in was.filled.items() if name not in POINT and now[name] == value]
    if "position_key" in was.filled and all(now[name] == was.filled.get(name) for name in POINT):
        given += POINT
    empty = {name: "" if name in TEXTS else None for name in given}
    size = tx.session.scalar(sa.select(Household.size).where(Household.id == survivor_id))
    present = sum(one.is_present for one in _members(tx, survivor_id))
    if size == was.size_after:
        size = was.size_before
    elif present:
        size = present
    tx.session.execute(_household(survivor_id).values(**empty, size=size, changed_at=tx.now))
    tx.session.execute(_household(merged_id).values(merged_into_id=None, changed_at=tx.now))


# ---------------------------------------------------------------- after a snapshot


def carry_again(tx: Tx, snapshot_id: UUID) -> tuple[UUID, ...]:
    """Bring what a snapshot changed in merged households to those that stay; gives these, for the words of the search.

    A snapshot writes each row to its own household. Whoever was carried over is brought up to date, who is new there is
    added, who stands in both is counted once.
    """
    stays = sa.orm.aliased(Household)
    lists = tx.session.scalar(sa.select(Snapshot.lists_members).where(Snapshot.id == snapshot_id))
    rows = tx.session.execute(
        sa.select(
            Household.id.label("merged_id"), Household.size.label("merged_size"), stays.id.label("survivor_id"),
            Household.row_no, (Household.snapshot_id == snapshot_id).label("is_fed"),
        )
        .join(stays, stays.id == Household.merged_into_id)
        .where(
            Household.merged_into_id.is_not(None),
            sa.or_(Household.snapshot_id == snapshot_id, stays.snapshot_id == snapshot_id),
        )
    ).all()  # fmt: skip
    # Put in order here: asked for it, SQLite walks all households by their numbers instead of the few merged ones.
    pairs = sorted(rows, key=lambda row: row.row_no)
    survivors = tuple(sorted({row.survivor_id for row in pairs}))
    for row in pairs:
        departed = _carry_pair(tx, row.survivor_id, row.merged_id, is_told=bool(row.is_fed and lists))
        present = sa.select(sa.func.count()).where(Member.household_id == row.survivor_id, Member.is_present)
        persons = max(tx.session.scalar(present) or 0, row.merged_size - departed)
        tx.session.execute(_household(row.survivor_id).where(Household.size < persons).values(size=persons))
    know_numbers(tx, survivors)
    return survivors


def _carry_pair(tx: Tx, survivor_id: UUID, merged_id: UUID, *, is_told: bool) -> int:
    """Bring one merged household's people to the one that stays; gives how many it lists who died or moved since.

    ``is_told``: the snapshot lists everybody of the merged one, so that whoever is missing is gone.
    """
    begins = carried_key(merged_id, "")
    all_there = _members(tx, survivor_id)
    left = set(tx.session.scalars(
        sa.select(Departure.member_id).where(
            Departure.household_id == survivor_id, Departure.member_id.is_not(None), Departure.undone_at.is_(None)
        )
    ))  # fmt: skip
    departed = [one for one in all_there if one.id in left]
    gone = 0
    there = [one for one in all_there if one.is_present and not one.member_key.startswith(begins)]
    carried = {one.member_key.removeprefix(begins): one for one in all_there if one.member_key.startswith(begins)}
    own = {one.member_key: one for one in _members(tx, merged_id) if one.is_present}
    place = max((one.position for one in all_there), default=0)
    for key, one in carried.items():
        told = own.get(key)
        if one.id in left:
            # Whatever the file goes on saying: who died or moved by a paper is not there again.
            gone += told is not None
            continue
        if told is None:
            # Who came from a third household stands in no file of this one.
            is_missing = is_told and not key.startswith(CARRIED)
            is_present = one.is_present and not is_missing and _twin(one, there) is None
            _set(tx, one.id, is_present=is_present)
            continue
        values = {name: getattr(told, name) for name in CONTENT}
        values["relation"] = _in_the_other(told.relation)
        _set(tx, one.id, **values, is_present=_twin(told, there) is None)
    for key, one in own.items():
        if key in carried:
            continue
        twin = _twin(one, there)
        if twin is None and _twin(one, departed) is not None:
            gone += 1
        elif twin is None:
            place += 1
            values = {name: getattr(one, name) for name in CONTENT}
            values["relation"] = _in_the_other(one.relation)
            tx.session.execute(sa.insert(Member).values(
                id=tx.new_id(), household_id=survivor_id, regency_code=one.regency_code, position=place,
                member_key=carried_key(merged_id, key), is_present=True, **values,
            ))  # fmt: skip
        elif twin.nik_bidx is None and one.nik_bidx is not None:
            _set(tx, twin.id, nik=one.nik, nik_bidx=one.nik_bidx)
    return gone


# ---------------------------------------------------------------- parts


def carried_key(merged_id: UUID, key: str) -> str:
    """Give the key of a member in the household it was carried to."""
    return f"{CARRIED}{merged_id.hex}:{key}"


def _members(tx: Tx, household_id: UUID) -> Sequence[Any]:
    columns = ("id", "regency_code", "member_key", "position", "is_present", *CONTENT)
    query = sa.select(*(getattr(Member, name) for name in columns)).where(Member.household_id == household_id)
    return tx.session.execute(query.order_by(Member.position, Member.id)).all()


def _place(tx: Tx, household_id: UUID) -> Mapping[str, Any]:
    columns = (getattr(Household, name) for name in ("village_code", "decile", *UNITS, *POINT))
    return tx.session.execute(sa.select(*columns).where(Household.id == household_id)).one()._asdict()


def _twin(one: Any, there: Iterable[Any]) -> Any:
    mine = _someone(one)
    return next((other for other in there if is_same_person(mine, _someone(other))), None)


def _someone(row: Any) -> Someone:
    return Someone(name=row.name, birth_on=row.birth_on, nik_bidx=row.nik_bidx)


def _in_the_other(relation: Relation) -> Relation:
    """A household has one head."""
    return Relation.OTHER if relation is Relation.HEAD else relation


def _before(row: Any, fate: MemberFate) -> Before:
    return Before(
        member_id=row.id, fate=fate, member_key=row.member_key, position=row.position, relation=row.relation,
        row_hash=row.row_hash,
    )  # fmt: skip


def _set(tx: Tx, member_id: UUID, **values: Any) -> None:
    query = sa.update(Member).where(Member.id == member_id).values(**values)
    tx.session.execute(query.execution_options(synchronize_session=False))


def _household(household_id: UUID) -> sa.Update:
    query = sa.update(Household).where(Household.id == household_id)
    return query.execution_options(synchronize_session=False)
