"""Who may be who: households that share a number, people born on the same day, and the lock before two become one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from core.permissions import Reach
from core.work import Tx
from registry_link.households.carding import cards_held
from registry_link.households.known import half_of, has_kk
from registry_link.households.linking import counts_now
from registry_link.households.merged import is_listed
from registry_link.households.models import Household, HouseholdCard, KnownNumber, Member, RegistryLink, Snapshot
from registry_link.households.states import LinkState, Sex

Pair = tuple[UUID, UUID]
_AT_ONCE: Final = 800
_DISTRICT_LENGTH: Final = len("99.01.01")
_VILLAGE_DOTS: Final = 3
_MOST_ALL_WITH_ALL: Final = 6
"""Of more households with one number only the first is paired with each: deciding these decides all."""
_office: Final = sa.func.coalesce(Household.regency_code, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person of a listed household, to be compared; nothing of it is shown."""

    member_id: UUID
    household_id: UUID
    village_code: str
    name: str
    sex: Sex | None
    birth_on: date | None
    nik_bidx: bytes | None
    is_new: bool = False

    @property
    def home(self) -> UUID:
        return self.household_id


class Born(NamedTuple):
    """A person of a listed household as very many are compared: the household by its number."""

    home: int
    village_code: str
    name: str
    sex: Sex | None
    birth_on: date | None
    is_new: bool
    """The household has changed since the time that was asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What may keep a household from being merged or parted."""

    id: UUID
    code: str
    village_code: str
    cards: frozenset[bytes]
    """Of every family card that it holds, the keyed hash."""
    merged_into_id: UUID | None
    is_erased: bool
    has_merged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    pairs: frozenset[Pair]
    beyond: int
    """So many more there are."""


def ordered(one: UUID, other: UUID) -> Pair:
    """Put the smaller id first, so that a pair has one name."""
    return (one, other) if one < other else (other, one)


def pairs_by_nik(tx: Tx, most: int) -> Paired:
    """Give pairs of listed households whose people share a NIK; beyond ``most`` pairs they are only counted."""
    return _paired(_sharing(tx), most)


def _sharing(tx: Tx) -> Iterator[Any]:
    known = KnownNumber.number_index
    is_theirs = half_of(Member.nik_bidx) == known
    query = (
        sa.select(Member.nik_bidx.label("number"), Household.id, Household.row_no)
        .select_from(KnownNumber)
        .join(Household, Household.row_no == KnownNumber.row_no)
        .join(Member, sa.and_(Member.household_id == Household.id, is_theirs))
        .where(Member.is_present, _office == tx.regency_code, is_listed())
        .distinct()
        .order_by(sa.text("number"), Household.row_no)
    )
    for some in _shared(tx):
        yield from tx.session.execute(query.where(known.in_(some)))


def _shared(tx: Tx) -> Iterator[Sequence[bytes]]:
    """Give the halves of the numbers that stand with several households, in order.

    From the table of the numbers alone; who is present, listed and of this office is asked of the few that remain. In
    two questions: as one, PostgreSQL takes them for very many.
    """
    known = KnownNumber.number_index
    shared = sa.select(known).group_by(known).having(sa.func.count() > 1).order_by(known)
    yield from tx.session.scalars(shared.execution_options(yield_per=_AT_ONCE)).partitions()


def pairs_by_kk(tx: Tx, most: int) -> Paired:
    """Give pairs of listed households with the same No. KK, also by further cards; cut as ``pairs_by_nik``."""
    of_cards = sa.select(HouseholdCard.kk_bidx).where(HouseholdCard.regency_code == tx.regency_code)
    known = KnownNumber.number_index
    named = (
        sa.select(Household.kk_bidx)
        .select_from(KnownNumber)
        .join(Household, Household.row_no == KnownNumber.row_no)
        .where(half_of(Household.kk_bidx) == known, _office == tx.regency_code)
    )
    numbers = set(tx.session.scalars(of_cards))
    for some in _shared(tx):
        numbers.update(number for number in tx.session.scalars(named.where(known.in_(some))) if number)
    return _paired(_who_hold(tx, sorted(numbers)), most)


def _who_hold(tx: Tx, numbers: Sequence[bytes]) -> Iterator[Any]:
    """Give number and household of each who holds one of these cards, in the order of the numbers."""
    for start in range(0, len(numbers), _AT_ONCE):
        piece = numbers[start : start + _AT_ONCE]
        named = sa.select(Household.kk_bidx.label("number"), Household.id, Household.row_no).where(
            has_kk(piece), _office == tx.regency_code, is_listed()
        )
        further = (
            sa.select(HouseholdCard.kk_bidx.label("number"), Household.id, Household.row_no)
            .join(Household, Household.id == HouseholdCard.household_id)
            .where(HouseholdCard.regency_code == tx.regency_code, HouseholdCard.kk_bidx.in_(piece), is_listed())
        )
        yield from tx.session.execute(sa.union(named, further).order_by("number", "row_no"))


def _paired(rows: Iterable[Any], most: int) -> Paired:
    """Pair what comes number by number."""
    found: set[Pair] = set()
    beyond = 0
    for _, group in groupby(rows, key=lambda row: row.number):
        ids = [row.id for row in group]
        for place, one in enumerate(ids[: 1 if len(ids) > _MOST_ALL_WITH_ALL else None]):
            for other in ids[place + 1 :]:
                pair = ordered(one, other)
                if len(found) < most:
                    found.add(pair)
                elif pair not in found:
                    beyond += 1
    return Paired(pairs=frozenset(found), beyond=beyond)


def districts_changed(tx: Tx, since: datetime) -> tuple[str, ...]:
    """Give the districts in which a household has changed since then."""
    district = sa.func.substr(Household.village_code, 1, _DISTRICT_LENGTH)
    query = sa.select(district).where(Household.regency_code == tx.regency_code, Household.changed_at >= since)
    return tuple(sorted(tx.session.scalars(query.distinct())))


def born_on_one_day(tx: Tx, district_code: str, since: datetime) -> Iterator[tuple[Born, ...]]:
    """Give the people of a district day of birth by day of birth, where somebody of a changed household is among them.

    The caller compares them and shows none.
    """
    query = (
        sa.select(
            Household.row_no.label("home"), Household.village_code, Member.name, Member.sex, Member.birth_on,
            (Household.changed_at >= since).label("is_new"),
        )
        .join(Member, Member.household_id == Household.id)
        .where(
            Household.regency_code == tx.regency_code, is_listed(), Member.is_present, Member.birth_on.is_not(None),
            # "/" is the sign after ".": everything below the district.
            Household.village_code.between(f"{district_code}.", f"{district_code}/"),
        )
        .order_by(Member.birth_on, Household.row_no, Member.position)
    )  # fmt: skip
    # Without the session, and a person made of a row as it stands: it would take longer than the comparison.
    rows = map(Born._make, tx.session.connection().execute(query.execution_options(yield_per=5_000)))
    for _, group in groupby(rows, key=attrgetter("birth_on")):
        people = tuple(group)
        if len(people) > 1 and any(one.is_new for one in people):
            yield people


def ids_of(tx: Tx, numbers: Collection[int]) -> Mapping[int, UUID]:
    """Give the ids of households by their numbers."""
    found: dict[int, UUID] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(Household.row_no, Household.id).where(Household.row_no.in_(wanted[start : start + _AT_ONCE]))
        found.update((row.row_no, row.id) for row in tx.session.execute(query))
    return found


def people_of(tx: Tx, household_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Someone, ...]]:
    """Give the people of these households, to be compared; the caller shows none of it."""
    found: dict[UUID, list[Someone]] = {one: [] for one in household_ids}
    query = (
        sa.select(
            Member.id.label("member_id"), Household.id.label("household_id"), Household.village_code, Member.name,
            Member.sex, Member.birth_on, Member.nik_bidx,
        )
        .select_from(Household)
        .join(Member, Member.household_id == Household.id)
        .where(Household.id.in_(household_ids), _office == tx.regency_code, Member.is_present)
    )  # fmt: skip
    for row in tx.session.execute(query.order_by(Household.row_no, Member.position, Member.id)):
        found[row.household_id].append(Someone(**row._mapping))
    return {one: tuple(people) for one, people in found.items()}


def changed_among(tx: Tx, ids: Collection[UUID], since: datetime) -> frozenset[UUID]:
    """Tell which of these households have changed since then."""
    found: set[UUID] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        found |= set(tx.session.scalars(
            sa.select(Household.id).where(
                Household.id.in_(wanted[start : start + _AT_ONCE]), Household.changed_at >= since
            )
        ))  # fmt: skip
    return frozenset(found)


def suspected(tx: Tx, among: Collection[UUID] | None = None) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Give whose current link waits for somebody to look at both: those that stand for themselves, and
    merged ones, of which those count too whose newest link does not know yet. ``among``: only of these households."""
    # Two questions, each by its own index: together they would read every link there is.
    waiting = _linked(RegistryLink.snapshot_id).where(RegistryLink.state == LinkState.DUPLICATE_SUSPECTED)
    # Few are merged: from them to their links, not the other way round.
    merged = _linked(sa.func.coalesce(RegistryLink.snapshot_id, RegistryLink.snapshot_id)).where(
        Household.merged_into_id.is_not(None),
        sa.func.coalesce(RegistryLink.state, "").in_((LinkState.DUPLICATE_SUSPECTED, LinkState.IMPORTED)),
    )
    pieces = [None] if among is None else _pieces(among)
    found: list[Any] = []
    for piece in pieces:
        for query in (waiting, merged):
            mine = query.where(*counts_now(tx))
            found += tx.session.execute(mine if piece is None else mine.where(Household.id.in_(piece)))
    return (
        frozenset(row.id for row in found if row.merged_into_id is None),
        frozenset(row.id for row in found if row.merged_into_id is not None),
    )


def _linked(snapshot_id: Any) -> sa.Select[Any]:
    columns: tuple[Any, ...] = (Household.id, Household.merged_into_id)
    query: sa.Select[Any] = sa.select(*columns).select_from(Household)
    return query.join(RegistryLink, RegistryLink.household_id == Household.id).join(
        Snapshot, Snapshot.id == snapshot_id
    )


def _pieces(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def within(tx: Tx, reach: Reach) -> sa.Select[Any]:
    """Give the ids of the office's households in these regions, as a statement for others to ask with."""
    query = sa.select(Household.id).where(Household.regency_code == tx.regency_code)
    if reach.is_all:
        return query
    # "/" is the sign after ".": a village itself, or everything below a district. One range each: of two joined by
    # "or" SQLite makes a walk through the office.
    codes = sorted(reach.regions)
    return query.where(sa.or_(sa.false(), *(_below(code) for code in codes)))


def _below(code: str) -> sa.ColumnElement[bool]:
    if code.count(".") >= _VILLAGE_DOTS:
        return Household.village_code == code
    return Household.village_code.between(f"{code}.", f"{code}/")


def standings(tx: Tx, ids: Collection[UUID], *, lock: bool = False) -> Mapping[UUID, Standing]:
    """Tell how each of the office's households stands; locked, two who merge at once do so one after the other."""
    query = (
        sa.select(
            Household.id, Household.code, Household.village_code, Household.merged_into_id, Household.erased_at
        )
        .where(Household.id.in_(ids), _office == tx.regency_code)
        .order_by(Household.id)
    )  # fmt: skip
    rows = tx.session.execute(query.with_for_update() if lock else query).all()
    into = set(tx.session.scalars(sa.select(Household.merged_into_id).where(Household.merged_into_id.in_(ids))))
    cards = cards_held(tx, [row.id for row in rows])
    return {
        row.id: Standing(
            id=row.id, code=row.code, village_code=row.village_code, cards=cards[row.id],
            merged_into_id=row.merged_into_id, is_erased=row.erased_at is not None, has_merged=row.id in into,
        )
        for row in rows
    }  # fmt: skip
