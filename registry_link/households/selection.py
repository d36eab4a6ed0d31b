"""Choosing households, or people of them, by what the registry says: counts with a reason for each, and an order.

Everything is one statement in the database. Who may not be chosen for reasons the registry does not know (a list, a
programme, relief) comes as queries of ids with the code of the reason.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.merged import has_merged, is_listed
from registry_link.households.models import Household, Member, StatedCounts
from registry_link.households.queries import age_in_years
from registry_link.households.rules import Thresholds, years_before
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level

DECILE: Final = "list.decile"
DECILE_UNKNOWN: Final = "list.decile_unknown"
SIZE: Final = "list.size"
TRAIT: Final = "list.trait"
OVER_QUOTA: Final = "list.over_quota"
_FITS: Final = 0
_DISTRICT_LENGTH: Final = 8
_DECILES: Final = "ABCDEFGHIJ"
_NO_DECILE: Final = "Z"
_LAST: Final = 99
"""Stands for an unknown decile in the order."""


class Trait(enum.StrEnum):
    """What somebody is, on a day."""

    ELDERLY = "elderly"
    DISABLED = "disabled"
    PREGNANT = "pregnant"
    NURSING = "nursing"
    TODDLER = "toddler"
    """Under five, infants included."""
    CHILD = "child"
    """Five to seventeen."""
    CHRONIC = "chronic"


VULNERABLE: Final = (
    Trait.ELDERLY, Trait.DISABLED, Trait.PREGNANT, Trait.NURSING, Trait.TODDLER, Trait.CHRONIC,
)  # fmt: skip
"""Whoever has one of these counts as a vulnerable member in the order of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Whom to choose. Without districts and villages: everywhere."""

    least_decile: int | None = None
    most_decile: int | None = None
    districts: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    """Households with somebody who has any of these."""
    least_size: int | None = None
    most_size: int | None = None
    with_unknown_decile: bool = False
    """Also those whose decile is not decided, where deciles are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """Who is not to be chosen, for a reason of the caller's own."""

    reason_code: str
    ids: sa.Select[UUID] | sa.CompoundSelect[UUID]
    """Ids of households; whoever a household was merged into is barred with it."""
    is_of_beneficiaries: bool = False
    """``ids`` are of the chosen themselves: people, where people are chosen."""
    is_first: bool = False
    """Said before what the criteria say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One question to the registry. Of several reasons the first counts, in the order of ``codes``."""

    criteria: Criteria
    on_day: date
    """On which ages count."""
    barred: tuple[Barred, ...] = ()
    is_of_persons: bool = False
    """Choose the people who have one of the traits, instead of their households."""
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every reason, in the order in which they are looked for."""
        return (
            *(one.reason_code for one in self.barred if one.is_first), DECILE_UNKNOWN, DECILE, SIZE,
            *(one.reason_code for one in self.barred if not one.is_first), TRAIT,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    by_village: Mapping[str, Mapping[str, int]]
    """How many by reason; those who fit under ``""``."""
    fitting: Mapping[str, Mapping[int, int]]
    """By district, how many fit of each decile; those without one under 99."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One who fits, with the place in the district's order."""

    beneficiary_id: UUID
    household_id: UUID
    village_code: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChosen:
    beneficiary_id: UUID
    household_id: UUID
    reason_code: str
    rank: int
    """Of those who fit but stand beyond the quota; else 0."""


def choice_counts(tx: Tx, choice: Choice) -> Counts:
    """Count by village how many fit and how many do not, by reason. Nobody is read."""
    choice = _followed(tx, choice)
    # One letter for everybody, a village's letters in one text, counted here: in the order of the index. Grouped by the
    # reason too, the database would work the reasons out twice and sort everybody.
    codes = {chr(ord("a") + number): code for number, code in enumerate(choice.codes)}
    deciles = {**{letter: number for number, letter in enumerate(_DECILES, 1)}, _NO_DECILE: _LAST}
    fits = sa.func.coalesce(sa.func.substr(_DECILES, Household.decile, 1), _NO_DECILE)
    letters = sa.func.aggregate_strings(_reason(choice, (fits, *codes)), "")
    query = _scoped(tx, choice).with_only_columns(Household.village_code, letters.label("letters"))
    by_village: dict[str, dict[str, int]] = {}
    fitting: dict[str, dict[int, int]] = {}
    for row in tx.session.execute(query.group_by(Household.village_code)):
        counted = {code: number for letter, code in codes.items() if (number := row.letters.count(letter))}
        fit = {decile: number for letter, decile in deciles.items() if (number := row.letters.count(letter))}
        by_village[row.village_code] = {**({"": sum(fit.values())} if fit else {}), **counted}
        here = fitting.setdefault(row.village_code[:_DISTRICT_LENGTH], {})
        for decile, number in fit.items():
            here[decile] = here.get(decile, 0) + number
    return Counts(by_village=by_village, fitting=fitting)


def chosen(
    tx: Tx, choice: Choice, most: Mapping[str, int] | None = None, counts: Counts | None = None
) -> tuple[Chosen, ...]:
    """Give who fits, in the declared order: by district the poorest decile first and unknown ones last, then more
    vulnerable members, then the household's code.

    ``most`` is how many of a district, none where it is not named; with ``counts`` (of the same choice, in the same
    transaction) only the deciles that come into question are looked at.
    """
    choice = _followed(tx, choice)
    until = _until(most, counts) if most is not None and counts is not None else None
    ranked = _ranked(tx, choice, until)
    query = sa.select(
        ranked.c.beneficiary_id, ranked.c.household_id, ranked.c.village_code, ranked.c.rank
    ).where(ranked.c.reason == _FITS)  # fmt: skip
    if most is not None:
        query = query.where(ranked.c.rank <= _most(ranked.c.district_code, most))
    rows = tx.session.execute(query.order_by(ranked.c.district_code, ranked.c.rank))
    return tuple(Chosen(**row._mapping) for row in rows)


def _until(most: Mapping[str, int], counts: Counts) -> dict[str, int]:
    """Tell for every district the decile in which its quota is full; nobody beyond it can be drawn."""
    found: dict[str, int] = {}
    for district_code, wanted in most.items():
        left = wanted
        for decile, number in sorted(counts.fitting.get(district_code, {}).items()):
            if left > 0:
                found[district_code] = decile
            left -= number
    return found


def not_chosen(
    tx: Tx, choice: Choice, most: Mapping[str, int] | None = None, *, reason_code: str = "", district_code: str = "",
    limit: int, offset: int,
) -> tuple[NotChosen, ...]:  # fmt: skip
    """Give who was looked at and not chosen, each with the one reason, by village and code."""
    choice = _followed(tx, choice)
    is_ranked = most is not None and reason_code in ("", OVER_QUOTA)
    looked = _ranked(tx, choice) if is_ranked else _looked_at(tx, choice).subquery()
    rank = looked.c.rank if is_ranked else sa.literal(0)
    where: list[sa.ColumnElement[bool]] = []
    over = (
        sa.and_(looked.c.reason == _FITS, rank > _most(looked.c.district_code, most))
        if is_ranked and most is not None
        else None
    )
    if reason_code == OVER_QUOTA:
        where.append(sa.false() if over is None else over)
    elif reason_code:
        where.append(looked.c.reason == (choice.codes.index(reason_code) + 1 if reason_code in choice.codes else -1))
    else:
        where.append(looked.c.reason != _FITS if over is None else sa.or_(looked.c.reason != _FITS, over))
    if district_code:
        where.append(_in_region(looked.c.village_code, district_code))
    rows = tx.session.execute(
        sa.select(looked.c.beneficiary_id, looked.c.household_id, looked.c.reason, rank.label("rank"))
        .where(*where)
        .order_by(looked.c.village_code, looked.c.code, looked.c.beneficiary_id)
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        NotChosen(
            beneficiary_id=row.beneficiary_id, household_id=row.household_id,
            reason_code=choice.codes[row.reason - 1] if row.reason else OVER_QUOTA,
            rank=0 if row.reason else row.rank,
        )
        for row in rows
    )  # fmt: skip


# ---------------------------------------------------------------- the statement


def _followed(tx: Tx, choice: Choice) -> Choice:
    """Bar with a merged household the one that it is now: what was done for the one was done for the other."""
    if not has_merged(tx):
        return choice
    gone = sa.orm.aliased(Household)
    return replace(
        choice,
        barred=tuple(
            one
            if one.is_of_beneficiaries and choice.is_of_persons
            else replace(
                one,
                ids=sa.union_all(
                    one.ids,
                    sa.select(gone.merged_into_id).where(gone.merged_into_id.is_not(None), gone.id.in_(one.ids)),
                ),
            )
            for one in choice.barred
        ),
    )


def _looked_at(tx: Tx, choice: Choice) -> sa.Select[*tuple[Any, ...]]:
    """Everybody in scope with the number of the first reason against them, 0 when there is none."""
    numbers = tuple(range(len(choice.codes) + 1))
    return _scoped(tx, choice).add_columns(
        _beneficiary(choice).label("beneficiary_id"), Household.id.label("household_id"), Household.village_code,
        Household.code, Household.decile, _reason(choice, numbers).label("reason"),
    )  # fmt: skip


def _scoped(tx: Tx, choice: Choice) -> sa.Select[*tuple[Any, ...]]:
    """Everybody who is looked at, without columns yet."""
    query = sa.select().select_from(Household)
    where: list[sa.ColumnElement[bool]] = [
        Household.regency_code == tx.regency_code,
        is_listed(),
        *_scope(tx, choice.criteria),
    ]
    if choice.is_of_persons:
        query = query.join(Member, Member.household_id == Household.id)
        where += [Member.is_present.is_(True), _has_any(choice.criteria.traits, choice)]
    return query.where(*where)


def _reason(choice: Choice, values: Sequence[Any]) -> sa.ColumnElement[Any]:
    """The first reason that holds as one of ``values``: the first of them for none, then by ``codes``."""
    criteria, who = choice.criteria, _beneficiary(choice)
    conditions: list[sa.ColumnElement[bool]] = [
        *(_is_barred(one, who) for one in choice.barred if one.is_first),
        *_registry_reasons(criteria),
        *(_is_barred(one, who) for one in choice.barred if not one.is_first),
        sa.false() if choice.is_of_persons or not criteria.traits else sa.not_(_is_home_of(choice)),
    ]
    return sa.case(*zip(conditions, values[1:], strict=True), else_=values[0])


def _beneficiary(choice: Choice) -> sa.ColumnElement[UUID]:
    return sa.type_coerce(Member.id if choice.is_of_persons else Household.id, sa.Uuid())


def _has_any(traits: Sequence[Trait], choice: Choice) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(_has(trait, choice) for trait in traits))


def _ranked(tx: Tx, choice: Choice, until: Mapping[str, int] | None = None) -> sa.Subquery:
    everybody = _looked_at(tx, choice)
    if until is not None:
        district = sa.func.substr(Household.village_code, 1, _DISTRICT_LENGTH)
        everybody = everybody.where(sa.func.coalesce(Household.decile, _LAST) <= _most(district, until))
    looked = everybody.cte("looked").prefix_with("MATERIALIZED")
    of_members = (
        sa.select(sa.func.count())
        .where(Member.household_id == looked.c.household_id, Member.is_present, _has_any(VULNERABLE, choice))
        .correlate(looked)
        .scalar_subquery()
    )
    of_stated = (
        sa.select(
            StatedCounts.infants + StatedCounts.toddlers + StatedCounts.elderly + StatedCounts.pregnant
            + StatedCounts.nursing + StatedCounts.disabled
        )
        .where(StatedCounts.household_id == looked.c.household_id)
        .correlate(looked)
        .scalar_subquery()
    )  # fmt: skip
    fits = looked.c.reason == _FITS
    number = sa.case((fits, sa.func.coalesce(of_stated, of_members)), else_=0)
    counted = sa.select(
        looked, sa.func.substr(looked.c.village_code, 1, _DISTRICT_LENGTH).label("district_code"),
        number.label("vulnerable"),
    ).cte("counted").prefix_with("MATERIALIZED")  # fmt: skip
    rank = sa.func.row_number().over(
        partition_by=(counted.c.district_code, sa.case((counted.c.reason == _FITS, 0), else_=1)),
        order_by=(
            sa.func.coalesce(counted.c.decile, _LAST), counted.c.vulnerable.desc(), counted.c.code,
            counted.c.beneficiary_id,
        ),
    )  # fmt: skip
    return sa.select(counted, rank.label("rank")).subquery()


def _most(district_code: Any, most: Mapping[str, int]) -> sa.ColumnElement[int]:
    return sa.case(dict(most), value=district_code, else_=0) if most else sa.literal(0)


def _registry_reasons(
    criteria: Criteria,
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    asks_decile = criteria.least_decile is not None or criteria.most_decile is not None
    unknown = Household.decile.is_(None) if asks_decile and not criteria.with_unknown_decile else sa.false()
    return (
        unknown,
        _outside(Household.decile, criteria.least_decile, criteria.most_decile),
        _outside(Household.size, criteria.least_size, criteria.most_size),
    )


def _outside(column: Any, least: int | None, most: int | None) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.false(),
        *([column < least] if least is not None else []),
        *([column > most] if most is not None else []),
    )  # fmt: skip


def _is_barred(barred: Barred, who: Any) -> sa.ColumnElement[bool]:
    column: Any = who if barred.is_of_beneficiaries else Household.id
    return column.in_(barred.ids)  # type: ignore[no-any-return]


def _is_home_of(choice: Choice) -> sa.ColumnElement[bool]:
    """Tell whether somebody of the household has the trait; stated counts speak for households without members."""
    told = [one for trait in choice.criteria.traits if (one := _STATED.get(trait)) is not None]
    stated = sa.select(StatedCounts.household_id).where(sa.or_(sa.false(), *told))
    named = (
        sa.select(sa.literal_column("1"))
        .where(Member.household_id == Household.id, Member.is_present, _has_any(choice.criteria.traits, choice))
        .correlate(Household)
        .exists()
    )
    return sa.or_(named, Household.id.in_(stated))


_STATED: Final[Mapping[Trait, sa.ColumnElement[bool]]] = {
    Trait.ELDERLY: StatedCounts.elderly > 0,
    Trait.DISABLED: StatedCounts.disabled > 0,
    Trait.PREGNANT: StatedCounts.pregnant > 0,
    Trait.NURSING: StatedCounts.nursing > 0,
    Trait.TODDLER: StatedCounts.infants + StatedCounts.toddlers > 0,
    Trait.CHILD: StatedCounts.children > 0,
}


def _has(trait: Trait, choice: Choice) -> sa.ColumnElement[bool]:
    limits = choice.thresholds
    match trait:
        case Trait.DISABLED:
            return Member.has_disability.is_(True)
        case Trait.PREGNANT:
            return Member.is_pregnant.is_(True)
        case Trait.NURSING:
            return Member.is_nursing.is_(True)
        case Trait.CHRONIC:
            return Member.is_chronically_ill.is_(True)
        case Trait.ELDERLY:
            return _aged(choice.on_day, from_years=limits.elderly_from)
        case Trait.TODDLER:
            return _aged(choice.on_day, below_years=limits.toddler_below)
        case Trait.CHILD:
            return _aged(choice.on_day, from_years=limits.toddler_below, below_years=limits.child_below)


def _aged(on_day: date, *, from_years: int = 0, below_years: int = 0) -> sa.ColumnElement[bool]:
    born: list[sa.ColumnElement[bool]] = []
    stated: list[sa.ColumnElement[bool]] = [Member.birth_on.is_(None)]
    if from_years:
        born.append(Member.birth_on <= years_before(on_day, from_years))
        stated.append(age_in_years(on_day) >= from_years)
    if below_years:
        born.append(Member.birth_on > years_before(on_day, below_years))
        stated.append(age_in_years(on_day) < below_years)
    return sa.or_(sa.and_(*born), sa.and_(*stated))


def _scope(tx: Tx, criteria: Criteria) -> Sequence[sa.ColumnElement[bool]]:
    if not criteria.districts and not criteria.villages:
        return ()
    # By name, so that the index gives each in turn: a range for every district would be looked up for itself.
    within = {
        one.code for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if one.parent_code in criteria.districts
    }
    return (Household.village_code.in_(sorted(within | set(criteria.villages))),)


def _in_region(column: Any, code: str) -> sa.ColumnElement[bool]:
    # "/" is the sign after ".": a village itself, or everything below a district.
    return sa.or_(column == code, column.between(f"{code}.", f"{code}/"))
