"""Incomplete households: counted and listed in whole sets, and completed one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from core.crypto import Secret
from core.db import Base
from core.errors import Invalid, NotFound
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.gaps import ASKABLE, GAPS, Gap, Known, Verdict, gaps_of, judge
from registry_link.households.holding import hold
from registry_link.households.known import has_kk, has_nik, know_numbers
from registry_link.households.leaving import note_in_move
from registry_link.households.merged import is_listed, survivors_of
from registry_link.households.models import Household, HouseholdCard, Member
from registry_link.households.numbering import bump_stamp
from registry_link.households.numbers import content_hash, kk_index, nik_index
from registry_link.households.positions import position_keys
from registry_link.households.rules import (
    ADDRESS_LENGTH,
    NAME_LENGTH,
    Flaw,
    age_on,
    checked_kk,
    checked_nik,
    checked_text,
    checked_unit,
)
from registry_link.households.states import PositionSource, Relation
from registry_link.households.words import refresh_words

_office: Final = sa.func.coalesce(Household.regency_code, "")
"""As in ``queries``: keeps SQLite from walking the office where ids are given."""
_IsOneOf = Callable[[Sequence[Any]], sa.ColumnElement[bool]]
UNITS: Final = ("rt", "rw")
TEXTS: Final = ("hamlet", "address")
TEXTS_SEARCHED: Final = frozenset(TEXTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageGaps:
    village_code: str
    households: int
    persons: int
    located: int
    incomplete: int
    """Those that lack something else than their position."""
    missing: Mapping[Gap, int]
    """Households by what they lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    household_id: UUID
    gaps: Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: UUID
    name: str
    relation: Relation
    is_ageless: bool
    has_nik: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a village sees of a household that it completes; no number, no birth date."""

    id: UUID
    code: str
    village_code: str
    head_name: str
    size: int
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    has_kk: bool
    head: Person | None
    ageless: tuple[Person, ...]
    lon_deg: float | None
    lat_deg: float | None
    position_source: PositionSource | None
    position_accuracy_m: float | None
    seal: str
    """Changes whenever one of the fields does, the position left out: it says which state somebody saw."""

    @property
    def gaps(self) -> Gap:
        return gaps_of(
            Known(
                rt=self.rt, rw=self.rw, address=self.address, has_kk=self.has_kk,
                is_head_without_nik=self.head is not None and not self.head.has_nik, ageless=len(self.ageless),
                has_position=self.lon_deg is not None,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """When a listed person was born, or how old he is today."""

    member_id: UUID
    born_on: date | None = None
    age_years: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteHousehold:
    """Values as typed; an empty one leaves what is there."""

    household_id: UUID
    seal: str
    rt: str = ""
    rw: str = ""
    hamlet: str = ""
    address: str = ""
    kk: str = ""
    head_nik: str = ""
    births: tuple[Birth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    household_id: UUID
    lon_deg: float
    lat_deg: float
    source: PositionSource
    accuracy_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    field: str
    member_id: UUID | None = None
    before: str | None = None
    after: str | None = None
    """Neither for a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    changed: tuple[Changed, ...]
    conflicts: tuple[str, ...]
    """Fields where something else stands by now: that stayed."""
    remaining: Gap
    is_number_elsewhere: bool
    """A number that was filled in stands in another household too."""


@dataclass(slots=True)
class _Merge:
    is_fresh: bool
    changed: list[Changed] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def takes(self, name: str, sent: object, current: object, *, may_replace: bool = False) -> bool:
        verdict = judge(sent, current, is_fresh=self.is_fresh, may_replace=may_replace)
        if verdict is Verdict.CONFLICT:
            self.conflicts.append(name)
        return verdict is Verdict.TAKEN


# ---------------------------------------------------------------- whole sets


def village_gaps(tx: Tx, village_code: str = "") -> tuple[VillageGaps, ...]:
    """Count the office's households by village and by what they lack, in one pass; counts only."""
    # Grouped by all that is missing together, so that each household is looked at once however much is asked.
    lacking = _bits().label("lacking")
    query = (
        sa.select(
            Household.village_code, lacking, sa.func.count(), sa.func.sum(Household.size),
            sa.func.count(Household.position_key),
        )
        .where(Household.regency_code == tx.regency_code, is_listed())
        .group_by(Household.village_code, lacking)
        .order_by(Household.village_code)
    )  # fmt: skip
    if village_code:
        query = query.where(Household.village_code == village_code)
    counted: dict[str, list[tuple[Gap, int, int, int]]] = {}
    for code, bits, households, persons, located in tx.session.execute(query):
        counted.setdefault(code, []).append((Gap(bits), households, int(persons), located))
    return tuple(
        VillageGaps(
            village_code=code, households=sum(one[1] for one in groups), persons=sum(one[2] for one in groups),
            located=sum(one[3] for one in groups), incomplete=sum(one[1] for one in groups if one[0] & ASKABLE),
            missing={gap: sum(one[1] for one in groups if one[0] & gap) for gap in GAPS},
        )
        for code, groups in counted.items()
    )  # fmt: skip


def village_deciles(tx: Tx, village_code: str) -> Mapping[int | None, int]:
    """Count a village's households by decile; None where none is decided."""
    query = (
        sa.select(Household.decile, sa.func.count())
        .where(Household.regency_code == tx.regency_code, Household.village_code == village_code, is_listed())
        .group_by(Household.decile)
    )
    return {row[0]: row[1] for row in tx.session.execute(query)}


def incomplete_households(tx: Tx, village_code: str, asked: Gap) -> tuple[Incomplete, ...]:
    """Give the households of a village that lack something of what is asked, in the order of a walk."""
    query = (
        sa.select(Household.id, _bits().label("gaps"))
        .where(
            Household.regency_code == tx.regency_code, Household.village_code == village_code, is_listed(),
            _lacks(asked),
        )
        .order_by(
            sa.func.coalesce(Household.rw, ""), sa.func.coalesce(Household.rt, ""),
            sa.func.lower(Household.head_name), Household.row_no,
        )
    )  # fmt: skip
    return tuple(Incomplete(household_id=row.id, gaps=Gap(row.gaps) & asked) for row in tx.session.execute(query))


def _bits() -> sa.ColumnElement[int]:
    """Write what a household lacks as one number."""
    parts = [sa.case((is_missing, sa.literal_column(str(gap.value))), else_=sa.literal_column("0"))
             for gap, is_missing in _missing().items()]  # fmt: skip
    total: sa.ColumnElement[int] = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _lacks(asked: Gap) -> sa.ColumnElement[bool]:
    return sa.or_(*(is_missing for gap, is_missing in _missing().items() if gap & asked))


def _missing() -> dict[Gap, sa.ColumnElement[bool]]:
    """Say ``gaps_of`` in SQL."""
    lives = (Member.household_id == Household.id, Member.is_present)
    no_nik = sa.exists().where(*lives, Member.relation == Relation.HEAD, Member.nik_bidx.is_(None))
    no_birth = sa.exists().where(*lives, Member.birth_on.is_(None), Member.age_years.is_(None))
    return {
        Gap.UNITS: sa.or_(Household.rt.is_(None), Household.rw.is_(None)),
        Gap.ADDRESS: Household.address == "",
        Gap.KK: Household.kk_bidx.is_(None),
        Gap.HEAD_NIK: no_nik.correlate(Household),
        Gap.BIRTH: no_birth.correlate(Household),
        Gap.POSITION: Household.position_key.is_(None),
    }


# ---------------------------------------------------------------- single households


def facts_of(tx: Tx, ids: Sequence[UUID], purpose: str) -> Mapping[UUID, Facts]:
    """Give what is needed to complete these households of the office; unknown, merged and erased ones are left out.

    The caller has checked the right, and says for the access log why they are looked at.
    """
    found: dict[UUID, Facts] = {}
    for chunk in chunked(ids):
        people: dict[UUID, list[Any]] = {}
        members = sa.select(
            Member.id, Member.household_id, Member.name, Member.relation, Member.birth_on, Member.age_years,
            Member.nik_bidx,
        ).where(Member.household_id.in_(chunk), Member.is_present)  # fmt: skip
        for row in tx.session.execute(members.order_by(Member.position, Member.name, Member.id)):
            people.setdefault(row.household_id, []).append(row)
        homes = sa.select(
            Household.id, Household.code, Household.village_code, Household.head_name, Household.size, Household.rt,
            Household.rw, Household.hamlet, Household.address, Household.kk_bidx, Household.lon_deg,
            Household.lat_deg, Household.position_source, Household.position_accuracy_m,
        ).where(Household.id.in_(chunk), _office == tx.regency_code, is_listed())  # fmt: skip
        found.update((one.id, _facts(one, people.get(one.id, []))) for one in tx.session.execute(homes))
    tx.saw("household", sorted(found), purpose)
    return found


def facts_to_change(tx: Tx, ids: Sequence[UUID], purpose: str) -> Mapping[UUID, Facts]:
    """Give ``facts_of`` households that are going to be changed: nobody else merges, erases or fills them till then."""
    hold(tx, ids)
    return facts_of(tx, ids, purpose)


def ids_of_codes(tx: Tx, codes: Sequence[str]) -> Mapping[str, UUID]:
    """Find the office's households by the codes people read; unknown ones are left out."""
    return _found(tx, codes, Household.code.in_, sa.select(Household.code, Household.id))


def ids_of_kk(tx: Tx, numbers: Sequence[Secret]) -> Mapping[bytes, tuple[UUID, ...]]:
    """Find the office's households by No. KK, also by further cards: index -> every household that has it."""
    indexes = [kk_index(one) for one in numbers]
    found = dict(_several(tx, indexes, has_kk, sa.select(Household.kk_bidx, Household.id)))
    further = sa.select(HouseholdCard.kk_bidx, Household.id).join(
        HouseholdCard, HouseholdCard.household_id == Household.id
    )
    for index, ids in _several(tx, indexes, HouseholdCard.kk_bidx.in_, further).items():
        found[index] = tuple(dict.fromkeys((*found.get(index, ()), *ids)))
    return found


def ids_of_nik(tx: Tx, numbers: Sequence[Secret]) -> Mapping[bytes, tuple[UUID, ...]]:
    """Find the office's households by a listed member's NIK: index -> every household that lists him."""
    query = sa.select(Member.nik_bidx, Household.id).join(
        Member, sa.and_(Member.household_id == Household.id, Member.is_present)
    )
    return _several(tx, [nik_index(one) for one in numbers], has_nik, query)


def complete_household(tx: Tx, order: CompleteHousehold) -> Completed:
    """Fill in what was missing and is told; what stands there already and differs is a conflict, never lost.

    The caller has checked the right, and counts the change once for all households (``count_change``).
    Raises: NotFound; Invalid with the field for the first value that cannot be right; nothing is changed then.
    """
    known = facts_to_change(tx, [order.household_id], "complete").get(order.household_id)
    if known is None:
        raise NotFound("household.not_found")
    merge = _Merge(is_fresh=order.seal == known.seal)
    values = _plain(merge, known, order)
    is_elsewhere = _numbers(tx, merge, known, order, values)
    _births(tx, merge, known, order.births)
    if values:
        _set(tx, Household, known.id, **values, changed_at=tx.now)
        note_in_move(tx, {known.id: {name: values[name] for name in (*UNITS, *TEXTS) if name in values}})
    if any(one.field in ("kk", "head_nik") for one in merge.changed):
        know_numbers(tx, [known.id])
    if merge.changed:
        if TEXTS_SEARCHED & values.keys():
            refresh_words(tx, [known.id])
        known = facts_of(tx, [order.household_id], "complete")[order.household_id]
    return Completed(
        changed=tuple(merge.changed), conflicts=tuple(merge.conflicts), remaining=known.gaps,
        is_number_elsewhere=is_elsewhere,
    )  # fmt: skip


def place_households(tx: Tx, placed: Sequence[Placed]) -> None:
    """Give households of the office their positions, each household once.

    The caller has checked the right and what is better, and counts the change (``count_change``).
    Raises: Invalid "household.position", when one lies outside the country; nothing is changed then.
    """
    keys, is_known = position_keys(
        np.array([one.lon_deg for one in placed], dtype=np.float64),
        np.array([one.lat_deg for one in placed], dtype=np.float64),
    )
    if not is_known.all():
        raise Invalid("household.position", field="lon_deg")
    table = cast(sa.Table, Household.__table__)
    names = ("lon_deg", "lat_deg", "position_key", "position_source", "position_accuracy_m")
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("at_id"), table.c.regency_code == tx.regency_code)
        .values(**{name: sa.bindparam(f"to_{name}", type_=table.c[name].type) for name in names}, changed_at=tx.now)
    )
    rows = [
        {
            "at_id": one.household_id, "to_lon_deg": one.lon_deg, "to_lat_deg": one.lat_deg, "to_position_key": key,
            "to_position_source": one.source, "to_position_accuracy_m": one.accuracy_m,
        }
        for one, key in zip(placed, keys.tolist(), strict=True)
    ]  # fmt: skip
    for some in chunked(rows):
        tx.session.connection().execute(change, some)
    note_in_move(tx, {
        one.household_id: {
            "lon_deg": one.lon_deg, "lat_deg": one.lat_deg, "position_key": key,
            "position_source": one.source.value, "position_accuracy_m": one.accuracy_m,
        }
        for one, key in zip(placed, keys.tolist(), strict=True)
    })  # fmt: skip


def count_change(tx: Tx) -> None:
    """Say that households have changed: what is derived from them is behind now."""
    bump_stamp(tx)


def _plain(merge: _Merge, known: Facts, order: CompleteHousehold) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in (*UNITS, *TEXTS):
        raw = getattr(order, name)
        checked = (
            checked_unit(raw)
            if name in UNITS
            else checked_text(raw, NAME_LENGTH if name == "hamlet" else ADDRESS_LENGTH)
        )
        if isinstance(checked, Flaw):
            raise Invalid(checked.code, field=name, **checked.facts)
        if holds_number(checked or ""):
            raise Invalid("privacy.number_in_text", field=name)
        current = getattr(known, name)
        if merge.takes(name, checked, current, may_replace=True):
            values[name] = checked
            merge.changed.append(Changed(field=name, before=current or None, after=checked))
    return values


def _numbers(tx: Tx, merge: _Merge, known: Facts, order: CompleteHousehold, values: dict[str, Any]) -> bool:
    is_elsewhere = False
    if order.kk.strip():
        kk = _secret(checked_kk(order.kk), "kk")
        index = kk_index(kk)
        current = tx.session.scalar(sa.select(Household.kk_bidx).where(Household.id == known.id))
        if merge.takes("kk", index, current):
            values.update(kk=kk, kk_bidx=index)
            merge.changed.append(Changed(field="kk"))
            is_elsewhere = any(one != known.id for one in ids_of_kk(tx, [kk]).get(index, ()))
    if order.head_nik.strip():
        nik = _secret(checked_nik(order.head_nik), "head_nik")
        if known.head is None:
            raise Invalid("completion.no_head", field="head_nik")
        index = nik_index(nik)
        # Of this office alone: whether another one knows the number is told to nobody.
        owners = tx.session.execute(
            sa.select(Member.id, Member.household_id).where(
                has_nik([index]),
                Member.is_present,
                sa.func.coalesce(Member.regency_code, "") == tx.regency_code,
            )
        ).all()
        if any(row.household_id == known.id and row.id != known.head.id for row in owners):
            raise Invalid("household.nik_twice", field="head_nik")
        current = tx.session.scalar(sa.select(Member.nik_bidx).where(Member.id == known.head.id))
        if merge.takes("head_nik", index, current):
            _set(tx, Member, known.head.id, nik=nik, nik_bidx=index)
            merge.changed.append(Changed(field="head_nik", member_id=known.head.id))
            is_elsewhere |= any(row.household_id != known.id for row in owners)
    return is_elsewhere


def _births(tx: Tx, merge: _Merge, known: Facts, births: Iterable[Birth]) -> None:
    for one in births:
        if one.born_on is None and one.age_years is None:
            continue
        if one.born_on is not None and not (tx.today.year - 150 < one.born_on.year and one.born_on <= tx.today):
            raise Invalid("household.birth", field="birth")
        if one.age_years is not None and not 0 <= one.age_years <= 150:
            raise Invalid("household.age", field="birth")
        row = tx.session.execute(
            sa.select(Member.id, Member.birth_on, Member.age_years, Member.age_as_of_on)
            .where(Member.id == one.member_id, Member.household_id == known.id, Member.is_present)
        ).one_or_none()  # fmt: skip
        if row is None:
            raise NotFound("household.not_found")
        sent = one.born_on if one.born_on is not None else one.age_years
        is_age = one.born_on is None
        # An age is compared with the age, a birth date with the birth date.
        current = age_on(tx.today, row.birth_on, row.age_years, row.age_as_of_on) if is_age else row.birth_on
        if not merge.takes("birth", sent, current):
            continue
        _set(
            tx, Member, row.id, birth_on=one.born_on, age_years=one.age_years if is_age else None,
            age_as_of_on=tx.today if is_age else None,
        )  # fmt: skip
        after = f"{one.age_years}" if one.born_on is None else one.born_on.isoformat()
        merge.changed.append(Changed(field="birth", member_id=row.id, after=after))


def _set(tx: Tx, model: type[Base], row_id: UUID, /, **values: Any) -> None:
    # By the table: the ORM's own update compares sealed columns to find what it holds in memory.
    table = cast(sa.Table, model.__table__)
    tx.session.execute(sa.update(table).where(table.c.id == row_id).values(**values))


def _secret(checked: str | Flaw, where: str) -> Secret:
    if isinstance(checked, Flaw):
        raise Invalid(checked.code, field=where, **checked.facts)
    return Secret(checked)


def _facts(row: Any, people: Sequence[Any]) -> Facts:
    persons = [
        (
            Person(id=one.id, name=one.name, relation=one.relation,
                   is_ageless=one.birth_on is None and one.age_years is None, has_nik=one.nik_bidx is not None),
            one,
        )
        for one in people
    ]  # fmt: skip
    head = next((one for one, _ in persons if one.relation is Relation.HEAD), None)
    told = (
        f"{row.rt}|{row.rw}|{row.hamlet}|{row.address}|{_hex(row.kk_bidx)}|"
        + "|".join(sorted(f"{one.id}{_hex(raw.nik_bidx)}{raw.birth_on}{raw.age_years}" for one, raw in persons))
    )  # fmt: skip
    return Facts(
        id=row.id, code=row.code, village_code=row.village_code, head_name=row.head_name, size=row.size, rt=row.rt,
        rw=row.rw, hamlet=row.hamlet, address=row.address, has_kk=row.kk_bidx is not None, head=head,
        ageless=tuple(one for one, _ in persons if one.is_ageless), lon_deg=row.lon_deg, lat_deg=row.lat_deg,
        position_source=row.position_source, position_accuracy_m=row.position_accuracy_m,
        seal=content_hash(told).hex()[:12],
    )  # fmt: skip


def _hex(index: bytes | None) -> str:
    return "" if index is None else index.hex()


def _found(tx: Tx, values: Sequence[Any], is_one_of: _IsOneOf, query: Any) -> dict[Any, UUID]:
    return {key: ids[0] for key, ids in _several(tx, values, is_one_of, query).items()}


def _several(tx: Tx, values: Sequence[Any], is_one_of: _IsOneOf, query: Any) -> dict[Any, tuple[UUID, ...]]:
    pairs: list[tuple[Any, UUID]] = []
    for chunk in chunked(sorted(set(values))):
        mine = query.where(is_one_of(chunk), _office == tx.regency_code, Household.erased_at.is_(None))
        pairs += [(key, household_id) for key, household_id in tx.session.execute(mine)]
    # Who names a merged household means the one that it is now.
    now = survivors_of(tx, list({household_id for _, household_id in pairs}))
    found: dict[Any, tuple[UUID, ...]] = {}
    for key, named in pairs:
        household_id = now.get(named, named)
        if household_id not in found.get(key, ()):
            found[key] = (*found.get(key, ()), household_id)
    return found
