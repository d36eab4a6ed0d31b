"""Finding who a row of somebody else's list means: by NIK, else No. KK, else our own code, else name and village.

A number or code of a household that was merged means the one that it is now.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.known import has_kk, has_nik
from registry_link.households.merged import is_listed, is_seen
from registry_link.households.models import Household, HouseholdCard, Member
from registry_link.households.numbers import kk_indexes, nik_indexes
from registry_link.households.rules import words_of

Key = TypeVar("Key")


class FoundBy(enum.StrEnum):
    NIK = "nik"
    KK = "kk"
    CODE = "code"
    NAME = "name"
    """Name and village, both exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a row says of somebody; empty where it says nothing."""

    nik: Secret | None = None
    kk: Secret | None = None
    code: str = ""
    name: str = ""
    village_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whom the clues mean. One candidate is an answer, none and several are not."""

    by: FoundBy | None
    """The clue that decided; None when there was none."""
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    household_id: UUID
    member_id: UUID | None
    """The person, where persons are asked for or a NIK found one."""
    code: str
    village_code: str
    is_name_same: bool
    """Also where the clues hold no name."""


@dataclass(frozen=True, slots=True)
class _Home:
    id: UUID
    code: str
    village_code: str
    head: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Somebody:
    id: UUID
    home: _Home
    name: tuple[str, ...]


def identify(tx: Tx, clues: Sequence[Clues], purpose: str, *, is_of_persons: bool = False) -> list[Identified]:
    """Tell for every row whom it means, in order. Made for a whole file; the caller has checked the right.

    The first clue that finds anybody decides. Persons are found by NIK, or by name within the household of the other
    clues.
    """
    found = _Finding(tx, clues, is_of_persons=is_of_persons).all()
    tx.saw("household", sorted({one.household_id for each in found for one in each.candidates}), purpose)
    return found


class _Finding:
    """One file's rows beside what the registry holds for them, asked for a clue at a time."""

    def __init__(self, tx: Tx, clues: Sequence[Clues], *, is_of_persons: bool) -> None:
        self.tx, self.clues, self.is_of_persons = tx, clues, is_of_persons
        self.found: list[Identified | None] = [None] * len(clues)

    def all(self) -> list[Identified]:
        self._by_nik()
        self._by_home()
        self._by_name()
        return [one or Identified(by=_last_clue(clue), candidates=())
                for one, clue in zip(self.found, self.clues, strict=True)]  # fmt: skip

    def _by_nik(self) -> None:
        indexes = nik_indexes([one.nik for one in self.clues])
        people: dict[bytes, list[_Somebody]] = {}
        for chunk in chunked(sorted({one for one in indexes if one is not None})):
            query = _members().where(has_nik(chunk), Member.is_present, Member.regency_code == self.tx.regency_code)
            # Whoever stands in both households of a merge stands in the one that stays.
            for row in self.tx.session.execute(query.add_columns(Member.nik_bidx).where(is_listed())):
                people.setdefault(bytes(row.nik_bidx), []).append(_somebody(row))
        for at, index in enumerate(indexes):
            if index is not None and (those := people.get(index)):
                wanted = words_of(self.clues[at].name)
                self._put(at, FoundBy.NIK, [_of_person(one, wanted) for one in those])

    def _by_home(self) -> None:
        indexes = kk_indexes([one.kk for one in self.clues])
        left = [at for at, one in enumerate(self.found) if one is None]
        by_kk: dict[bytes, list[_Home]] = {}
        for chunk in chunked(sorted({one for at in left if (one := indexes[at]) is not None})):
            is_ours = sa.func.coalesce(_named.regency_code, "") == self.tx.regency_code
            query = _homes(_named).where(has_kk(chunk, _named), is_ours)
            for row in self.tx.session.execute(query.add_columns(_named.kk_bidx)):
                by_kk.setdefault(bytes(row.kk_bidx), []).append(_home(row))
            further = _homes(_named).join(HouseholdCard, HouseholdCard.household_id == _named.id)
            query = further.where(
                HouseholdCard.kk_bidx.in_(chunk), HouseholdCard.regency_code == self.tx.regency_code
            )  # fmt: skip
            for row in self.tx.session.execute(query.add_columns(HouseholdCard.kk_bidx)):
                if all(one.id != row.household_id for one in by_kk.get(bytes(row.kk_bidx), [])):
                    by_kk.setdefault(bytes(row.kk_bidx), []).append(_home(row))
        by_code: dict[str, list[_Home]] = {}
        for texts in chunked(sorted({self.clues[at].code for at in left if self.clues[at].code})):
            query = _homes(_named).where(
                _named.code.in_(texts), sa.func.coalesce(_named.regency_code, "") == self.tx.regency_code
            )
            for row in self.tx.session.execute(query.add_columns(_named.code.label("named"))):
                by_code.setdefault(row.named, []).append(_home(row))
        homes: dict[int, tuple[FoundBy, list[_Home]]] = {}
        for at in left:
            index, code = indexes[at], self.clues[at].code
            if index is not None and index in by_kk:
                homes[at] = FoundBy.KK, by_kk[index]
            elif code in by_code:
                homes[at] = FoundBy.CODE, by_code[code]
        people = self._people_of({one.id for _, those in homes.values() for one in those})
        for at, (by, those) in homes.items():
            wanted = words_of(self.clues[at].name)
            if self.is_of_persons:
                self._put(at, by, [
                    _of_person(one, wanted) for home in those for one in people.get(home.id, ())
                    if wanted and one.name == wanted
                ])  # fmt: skip
                continue
            self._put(at, by, [
                Candidate(
                    household_id=home.id, member_id=None, code=home.code, village_code=home.village_code,
                    is_name_same=not wanted or wanted == home.head
                    or any(one.name == wanted for one in people.get(home.id, ())),
                )
                for home in those
            ])  # fmt: skip

    def _by_name(self) -> None:
        by_village: dict[str, list[int]] = {}
        for at, clue in enumerate(self.clues):
            if self.found[at] is None and clue.village_code and words_of(clue.name):
                by_village.setdefault(clue.village_code, []).append(at)
        for village_code, rows in by_village.items():
            people: dict[tuple[str, ...], list[_Somebody]] = {}
            heads: dict[tuple[str, ...], dict[UUID, _Home]] = {}
            here = (Household.village_code == village_code, Household.regency_code == self.tx.regency_code, is_listed())
            for row in self.tx.session.execute(_members().where(*here, Member.is_present)):
                one = _somebody(row)
                people.setdefault(one.name, []).append(one)
                heads.setdefault(one.name, {})[one.home.id] = one.home
            if not self.is_of_persons:
                for row in self.tx.session.execute(_homes().where(*here)):
                    home = _home(row)
                    heads.setdefault(home.head, {})[home.id] = home
            for at in rows:
                wanted = words_of(self.clues[at].name)
                if self.is_of_persons:
                    self._put(at, FoundBy.NAME, [_of_person(one, wanted) for one in people.get(wanted, ())])
                else:
                    self._put(at, FoundBy.NAME, [
                        Candidate(household_id=home.id, member_id=None, code=home.code,
                                  village_code=home.village_code, is_name_same=True)
                        for home in heads.get(wanted, {}).values()
                    ])  # fmt: skip

    def _people_of(self, household_ids: set[UUID]) -> dict[UUID, list[_Somebody]]:
        people: dict[UUID, list[_Somebody]] = {}
        for chunk in chunked(sorted(household_ids)):
            query = _members().where(Member.household_id.in_(chunk), Member.is_present)
            for row in self.tx.session.execute(query):
                people.setdefault(row.household_id, []).append(_somebody(row))
        return people

    def _put(self, at: int, by: FoundBy, candidates: list[Candidate]) -> None:
        # Two people of one household with the same number are one household.
        each = {one.member_id if self.is_of_persons else one.household_id: one for one in candidates}
        self.found[at] = Identified(by=by, candidates=tuple(each.values()))


def _last_clue(clue: Clues) -> FoundBy | None:
    """Name the best clue of a row that found nobody."""
    if clue.nik is not None:
        return FoundBy.NIK
    if clue.kk is not None:
        return FoundBy.KK
    if clue.code:
        return FoundBy.CODE
    return FoundBy.NAME if clue.name and clue.village_code else None


_named: Final = sa.orm.aliased(Household)
"""The household that a number or code names, which may be merged into another."""


def _homes(named: Any = None) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(
        Household.id.label("household_id"), Household.code, Household.village_code, Household.head_name
    )  # fmt: skip
    if named is None:
        return query
    return query.select_from(named).join(
        Household, Household.id == sa.func.coalesce(named.merged_into_id, named.id)
    ).where(is_seen())  # fmt: skip


def _members() -> sa.Select[*tuple[Any, ...]]:
    return (
        _homes()
        .join(Member, Member.household_id == Household.id)
        .add_columns(Member.id.label("member_id"), Member.name)
    )


def _home(row: Any) -> _Home:
    return _Home(row.household_id, row.code, row.village_code, words_of(row.head_name))


def _somebody(row: Any) -> _Somebody:
    return _Somebody(row.member_id, _home(row), words_of(row.name))


def _of_person(one: _Somebody, wanted: tuple[str, ...]) -> Candidate:
    return Candidate(
        household_id=one.home.id, member_id=one.id, code=one.home.code, village_code=one.home.village_code,
        is_name_same=not wanted or wanted == one.name,
    )  # fmt: skip
