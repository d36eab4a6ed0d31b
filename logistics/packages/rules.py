"""How much a household needs, in whole thousandths, and why: no clock, no session, never a float."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol
from uuid import UUID

from core.measures import MILLI, Milli
from logistics.packages.packing import MOST_PACKS, Pack, PackCount, choose_packs, fit, held

ONE: Final = Milli(MILLI)
LARGEST_RATE: Final = 10**10
"""In thousandths: ten million of anything for one person is a slip of the finger."""


class Basis(enum.StrEnum):
    """Whom a line counts.

    The thresholds lie with the composition: infant under 2 years, child under 18, adult the rest, elderly from 60
    (domain.md 1.4, decision 13); an elderly person is an adult too, an infant is a child too.
    """

    HOUSEHOLD = "household"
    PERSON = "person"
    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"
    WOMAN = "woman"
    ELDERLY = "elderly"
    PREGNANT = "pregnant"
    NURSING = "nursing"
    DISABLED = "disabled"


_FIELD: Final = {
    Basis.PERSON: "persons",
    Basis.ADULT: "adults",
    Basis.CHILD: "children",
    Basis.INFANT: "infants",
    Basis.WOMAN: "women",
    Basis.ELDERLY: "elderly",
    Basis.PREGNANT: "pregnant",
    Basis.NURSING: "nursing",
    Basis.DISABLED: "disabled",
}


class Composition(Protocol):
    """Who lives in a household on the day of the event (``registry_link`` gives one such)."""

    @property
    def persons(self) -> int: ...
    @property
    def adults(self) -> int: ...
    @property
    def children(self) -> int: ...
    @property
    def infants(self) -> int: ...
    @property
    def elderly(self) -> int: ...
    @property
    def women(self) -> int: ...
    @property
    def pregnant(self) -> int: ...
    @property
    def nursing(self) -> int: ...
    @property
    def disabled(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The counts alone, as a package keeps them."""

    persons: int
    adults: int
    children: int = 0
    infants: int = 0
    elderly: int = 0
    women: int = 0
    pregnant: int = 0
    nursing: int = 0
    disabled: int = 0


def people_of(composition: Composition) -> People:
    """Give the counts alone."""
    return People(**{name: getattr(composition, name) for name in People.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLine:
    """One rule of a standard: ``rate_milli`` for every ``per_n`` of the basis (and day, when daily).

    ``from_day``/``to_day`` are days of the response: 7 l on the days 1 to 3 and 15 l from day 4 are two lines. Lines of
    one item are added and then rounded up once, so they share ``round_step_milli``, ``packs`` and ``is_once``.
    """

    item_id: UUID
    basis: Basis
    rate_milli: Milli
    per_n: int = 1
    is_daily: bool = False
    condition: Basis | None = None
    """Counts only where at least ``condition_least`` of these live."""
    condition_least: int = 1
    from_day: int = 1
    to_day: int | None = None
    round_step_milli: Milli = ONE
    is_once: bool = False
    source_id: str = ""
    source_en: str = ""
    packs: tuple[Pack, ...] = ()
    """Handed over in any mix of these; without them in steps of ``round_step_milli``."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the response, both included: 1..7 in the first week, 8..14 in the second."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line's share of a figure: count × days × rate ÷ per_n = exact, shown rounded up to a thousandth.

    Shares of one item are added as they are and rounded up once, so that their sum may show a thousandth more.
    """

    basis: Basis
    count: int
    days: int | None
    """None when the line does not count days."""
    rate_milli: Milli
    per_n: int
    exact_milli: Milli
    source_id: str
    source_en: str

    @property
    def amount_milli(self) -> int:
        """Before it is divided."""
        return self.count * (1 if self.days is None else self.days) * self.rate_milli


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemNeed:
    """What is needed of one item: the exact figure, the figure handed over, and how both came about."""

    item_id: UUID
    exact_milli: Milli
    quantity_milli: Milli
    round_step_milli: Milli
    is_once: bool
    steps: tuple[Step, ...]
    packs: tuple[PackCount, ...] = ()
    """In which packs it is handed over; empty where the standard names none."""

    @property
    def surplus_milli(self) -> Milli:
        return Milli(self.quantity_milli - self.exact_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Everything one household gets, in the order of the standard."""

    items: tuple[ItemNeed, ...]
    given_before: tuple[UUID, ...]
    """Durable items it would get, had it not been given them already in this event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTotal:
    """One item over many households; ``quantity_milli`` = ``exact_milli`` + ``surplus_milli``, always."""

    item_id: UUID
    households: int
    exact_milli: Milli
    quantity_milli: Milli

    @property
    def surplus_milli(self) -> Milli:
        return Milli(self.quantity_milli - self.exact_milli)


def count_of(basis: Basis, composition: Composition) -> int:
    """Tell how many of the basis live in the household."""
    if basis is Basis.HOUSEHOLD:
        return 1
    count: int = getattr(composition, _FIELD[basis])
    return count


def round_up(exact: int, step: int) -> Milli:
    """Round up to whole steps. Rounding is up so that no human life is a fraction (domain.md 1.1)."""
    return Milli(-(-exact // step) * step)


def step_of(line: StandardLine, composition: Composition, days: Days) -> Step | None:
    """Work out one line; None where it gives nothing. The exact figure is whole thousandths, rounded up."""
    if line.condition is not None and count_of(line.condition, composition) < line.condition_least:
        return None
    first = max(days.first, line.from_day)
    last = days.last if line.to_day is None else min(days.last, line.to_day)
    in_stage = last - first + 1
    if in_stage <= 0:
        return None
    count = count_of(line.basis, composition)
    if count == 0:
        return None
    amount = count * (in_stage if line.is_daily else 1) * line.rate_milli
    return Step(
        basis=line.basis,
        count=count,
        days=in_stage if line.is_daily else None,
        rate_milli=line.rate_milli,
        per_n=line.per_n,
        exact_milli=Milli(-(-amount // line.per_n)),
        source_id=line.source_id,
        source_en=line.source_en,
    )


def need_of(lines: Sequence[StandardLine], composition: Composition, days: Days, given: Collection[UUID] = ()) -> Need:
    """Work out what one household gets on these days of the response.

    ``given`` are the durable items it has already been given in this event (or an overlapping one).
    """
    steps: dict[UUID, list[Step]] = {}
    rule: dict[UUID, StandardLine] = {}
    for line in lines:
        step = step_of(line, composition, days)
        if step is not None:
            steps.setdefault(line.item_id, []).append(step)
            rule.setdefault(line.item_id, line)
    items = []
    given_before = []
    for item_id, its_steps in steps.items():
        line = rule[item_id]
        if line.is_once and item_id in given:
            given_before.append(item_id)
            continue
        exact = math.ceil(sum(Fraction(one.amount_milli, one.per_n) for one in its_steps))
        packs = choose_packs(exact, line.packs) if line.packs else ()
        items.append(
            ItemNeed(
                item_id=item_id,
                exact_milli=Milli(exact),
                quantity_milli=held(packs) if packs else round_up(exact, line.round_step_milli),
                round_step_milli=line.round_step_milli,
                is_once=line.is_once,
                steps=tuple(its_steps),
                packs=packs,
            )
        )
    return Need(items=tuple(items), given_before=tuple(given_before))


def totals_of(needs: Iterable[Need]) -> tuple[ItemTotal, ...]:
    """Add up households, item by item, in the order first met. Rounding happened at the household, not here."""
    sums: dict[UUID, list[int]] = {}
    for need in needs:
        for item in need.items:
            row = sums.setdefault(item.item_id, [0, 0, 0])
            row[0] += 1
            row[1] += item.exact_milli
            row[2] += item.quantity_milli
    return tuple(
        ItemTotal(item_id=item_id, households=row[0], exact_milli=Milli(row[1]), quantity_milli=Milli(row[2]))
        for item_id, row in sums.items()
    )


def coverage_permille(has_milli: int, exact_milli: int) -> int:
    """Tell how much of a need a quantity covers, in thousandths, rounded down (10 kg of 14 kg is 714)."""
    return 1000 if exact_milli == 0 else has_milli * 1000 // exact_milli


def wrong_lines(lines: Sequence[StandardLine], issue_step: dict[UUID, Milli]) -> tuple[int, str] | None:
    """Find the first line that cannot be: its index and the code of the refusal; None when all are right.

    ``issue_step`` holds the step in which each item of the catalogue moves.
    """
    rule: dict[UUID, StandardLine] = {}
    for index, line in enumerate(lines):
        if line.item_id not in issue_step:
            return index, "standard.unknown_item"
        if max(line.rate_milli, line.per_n, line.round_step_milli) > LARGEST_RATE:
            return index, "standard.too_large"
        if line.rate_milli <= 0 or line.per_n <= 0 or line.from_day < 1 or line.condition_least < 1:
            return index, "standard.not_positive"
        if line.to_day is not None and line.to_day < line.from_day:
            return index, "standard.days_reversed"
        if line.round_step_milli <= 0 or line.round_step_milli % issue_step[line.item_id]:
            return index, "standard.step_not_issuable"
        if any(one.quantity_milli <= 0 or one.quantity_milli % issue_step[line.item_id] for one in line.packs):
            return index, "standard.pack_not_issuable"
        if len(line.packs) > MOST_PACKS or (line.packs and not fit(line.packs)):
            return index, "standard.packs_do_not_fit"
        if not line.source_id.strip() or not line.source_en.strip():
            return index, "standard.source_missing"
        first = rule.setdefault(line.item_id, line)
        if (first.round_step_milli, first.is_once, first.packs) != (line.round_step_milli, line.is_once, line.packs):
            return index, "standard.item_disagrees"
    return None
