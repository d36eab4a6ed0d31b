"""How far a fixed package covers what a standard gives to households of different sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.measures import Milli
from logistics.packages.rules import Basis, Days, People, StandardLine, coverage_permille, need_of

SIZES: Final = tuple(range(1, 11))
_BY_HEAD: Final = (Basis.PERSON, Basis.HOUSEHOLD)


@dataclass(frozen=True, slots=True)
class MeanHousehold:
    """The registry's mean household as two whole numbers, never divided."""

    persons: int
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """One item: what the package holds and what part of the need that is, in thousandths rounded down."""

    item_id: UUID
    has_milli: Milli
    needs_milli: tuple[Milli, ...]
    """What a household of each size needs, exactly."""
    permille: tuple[int | None, ...]
    """By size; None where the standard gives such a household nothing of it."""
    mean_permille: int | None
    """For the mean household; None where the line does not count heads or households."""


def people_of_size(persons: int) -> People:
    """Give the household that stands for a size: two adults of whom one is a woman, everybody else a child."""
    adults = min(2, persons)
    return People(persons=persons, adults=adults, children=persons - adults, women=adults // 2)


def coverage_of(
    has: Mapping[UUID, Milli], rules: Sequence[StandardLine], days: int, mean: MeanHousehold | None = None
) -> tuple[CoverageLine, ...]:
    """Compare a fixed package with a standard, item by item in the standard's order, then what only the package has."""
    span = Days(1, days)
    by_size = [
        {one.item_id: one.exact_milli for one in need_of(rules, people_of_size(size), span).items} for size in SIZES
    ]
    lines = []
    for item_id in dict.fromkeys((*(line.item_id for line in rules), *has)):
        has_milli = has.get(item_id, Milli(0))
        needs = tuple(Milli(one.get(item_id, 0)) for one in by_size)
        its_rules = [line for line in rules if line.item_id == item_id]
        lines.append(
            CoverageLine(
                item_id=item_id, has_milli=has_milli, needs_milli=needs,
                permille=tuple(coverage_permille(has_milli, one) if one else None for one in needs),
                mean_permille=_of_mean(has_milli, its_rules, span, mean),
            )
        )  # fmt: skip
    return tuple(lines)


def _of_mean(has_milli: int, rules: Sequence[StandardLine], days: Days, mean: MeanHousehold | None) -> int | None:
    """Give the coverage over all households at once: so the mean household stays a fraction of two whole numbers."""
    if mean is None or not mean.households or not rules:
        return None
    if any(line.basis not in _BY_HEAD or line.condition is not None for line in rules):
        return None
    needed = 0
    for line in rules:
        count = mean.persons if line.basis is Basis.PERSON else mean.households
        counted = need_of([line], People(persons=count, adults=count), days).items
        if line.basis is Basis.HOUSEHOLD:
            needed += sum(one.exact_milli for one in counted) * mean.households
        else:
            needed += sum(one.exact_milli for one in counted)
    return coverage_permille(has_milli * mean.households, needed) if needed else None
