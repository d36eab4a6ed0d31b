"""In which packs a quantity is handed over: least surplus first, then fewest packs; exact and always the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.measures import Milli

MOST_PACKS: Final = 6
"""So many kinds of pack may be mixed for one item."""
MOST_APART: Final = 500
"""The biggest pack may hold so many times what all packs are multiples of: 50 kg beside 100 g, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A named unit of an item, with what one holds."""

    name: str
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PackCount:
    """So many of one pack."""

    pack: Pack
    count: int

    @property
    def quantity_milli(self) -> Milli:
        return Milli(self.pack.quantity_milli * self.count)


def choose_packs(exact: int, packs: Sequence[Pack]) -> tuple[PackCount, ...]:
    """Choose the packs that hold at least ``exact`` thousandths: least surplus, then fewest, then biggest.

    Biggest first, those of which none is needed left out. ``packs`` are some that fit; two that hold the same are one.
    """
    kinds = {pack.quantity_milli: pack for pack in reversed(packs)}
    sizes = tuple(sorted(kinds, reverse=True))
    counts = _counts(max(0, exact), sizes)
    return tuple(PackCount(pack=kinds[size], count=count) for size, count in zip(sizes, counts, strict=True) if count)


def fit(packs: Sequence[Pack]) -> bool:
    """Tell whether these packs can be mixed by exact counting: all hold something, and none is huge beside another."""
    sizes = [one.quantity_milli for one in packs]
    return bool(sizes) and min(sizes) > 0 and max(sizes) // math.gcd(*sizes) <= MOST_APART


@lru_cache(maxsize=4096)
def _counts(exact: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Count the packs of each size, biggest first."""
    unit = math.gcd(*sizes)
    big, *_ = units = [size // unit for size in sizes]
    need = -(-exact // unit)
    # Of any ``big`` packs that are not the biggest, some together hold a multiple of the biggest and are more than that
    # many: fewest packs has fewer than ``big`` others. Above big² they cannot reach, so the biggest are taken first.
    whole = max(0, (need - big * big) // big)
    need -= whole * big
    never = need + big + 1
    fewest, last = [0], [-1]
    """For each amount: how many packs make it (``never`` where none do), and which is taken last."""
    amount = 0
    while amount < need or fewest[amount] == never:
        amount += 1
        best, taken = never, -1
        for index, size in enumerate(units):
            if size <= amount and fewest[amount - size] + 1 < best:
                best, taken = fewest[amount - size] + 1, index
        fewest.append(best)
        last.append(taken)
    counts = [0] * len(units)
    counts[0] = whole
    while amount:
        counts[last[amount]] += 1
        amount -= units[last[amount]]
    return tuple(counts)


def held(counts: Sequence[PackCount]) -> Milli:
    """Give what these packs hold in all."""
    return Milli(sum(one.quantity_milli for one in counts))
