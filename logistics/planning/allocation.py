"""Who gets what, who waits and why, when there is not enough: an exact walk down the rank list, item by item.

The walk asks each household in its turn for every line of its package, and what is left for it is what the shelves that
reach it can still bring once everybody before it has kept theirs. No solver decides that: for every set of reaches what
is given may not exceed what lies on the shelves that reach any of it (Hall's condition, necessary and sufficient). A
line that cannot be filled is not passed on to somebody below who would be content with less: what is left stays for the
one whose turn it was. Three promises follow, and are tested:

* Nobody is overtaken: no unit that could have reached a household that lacks the item goes to a lower rank.
* More stock never takes a line from anybody (demand and supply of a flow are complements: Shapley 1961).
* Same input, same answer, on any machine.

Which shelf serves whom is chosen afterwards. Source: speed.md §4. Pure: whole thousandths in, whole thousandths out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_SETS: Final = 4096
"""Sets of reaches that are kept apart: a district has a mainland and a few islands, not twelve of them crosswise."""
_BLOCK: Final = 4096


class TooManyReaches(ValueError):
    """The shelves reach the households in more different ways than can be counted exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What lies where, and what it reaches. Shapes: free_milli (warehouses, items); reaches (warehouses, classes)."""

    free_milli: Ints
    reaches: Bools
    """Which classes of households a warehouse can bring goods to (by road, by boat)."""
    pledged_milli: Ints | None = None
    """What households before the queue keep. Shape: (classes, items)."""

    def limits(self, sets: Bools) -> Ints:
        """Give how much each set of classes may be given in all. Shape: (sets, items)."""
        reaching = (sets.astype(np.int64) @ self.reaches.T.astype(np.int64) > 0).astype(np.int64)
        limits = reaching @ self.free_milli
        if self.pledged_milli is not None:
            limits = np.maximum(limits - sets.astype(np.int64) @ self.pledged_milli, 0)
        return np.asarray(limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The households in their declared order, the first first. Shapes: (households,), needs (patterns, items)."""

    reach: Ints
    """Class of each household: which warehouses can bring goods to it."""
    village: Ints
    pattern: Ints
    """Row of ``needs``: households with the same package share one."""
    needs: Ints
    """In thousandths."""

    def __len__(self) -> int:
        return len(self.reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the declared rule says beside the order."""

    floor_permille: int = 0
    """The first of each village, this share of its households, come before everybody else."""
    part_items: tuple[int, ...] | None = None
    """Items that a household gets although another line of its package is lacking; None: every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Why a line could not be filled at its turn."""

    item: int
    need_milli: int
    left_milli: int
    """What could still be brought to the household at its turn."""
    classes: tuple[int, ...]
    """The reaches that share what ran out."""
    last_served: int | None
    """Place in the queue of the last one before it, among these reaches, whose line was filled."""
    ahead_milli: int
    """What those before it, who share warehouses with it by way of others too, lack of the item: when more arrives, it
    is theirs first."""

    @property
    def missing_milli(self) -> int:
        return self.need_milli - self.left_milli


@dataclass(frozen=True, slots=True, kw_only=True)
class LackColumns:
    """Lines that could not be filled, as ``Lack`` says them. Shapes: (lacks,)."""

    place: Ints
    item: Ints
    left_milli: Ints
    last_served: Ints
    """-1 where there was none."""
    ahead_milli: Ints
    tight: Ints
    """Row of the set of reaches that ran out."""


@dataclass(frozen=True, slots=True)
class _Walked:
    """One item's walk. Shapes: (households,)."""

    is_filled: Bools
    left_milli: Ints
    tight: Ints
    """Row of the set that ran out, for those who lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The answer, household by household, in the order of the queue."""

    queue: Queue
    sets: Bools
    regions: Ints
    """Classes that share warehouses, by way of others too, have the same number. Shape: (classes,)."""
    order: Ints
    """Places of the queue in the order of the walk: the floors of the villages first."""
    is_filled: Bools
    """Whether the line was there at the household's turn. Shape: (households, items); True where it needs none."""
    given_milli: Ints
    """What it gets by the policy. Shape: (households, items)."""
    walked: tuple[_Walked, ...] = field(repr=False)

    @property
    def is_whole(self) -> Bools:
        return np.asarray(self.is_filled.all(axis=1))

    def lack_columns(self) -> LackColumns:
        """Give every line that a household lacks and why, by place in the queue, then by item."""
        parts: list[tuple[Ints, ...]] = []
        for item, walked in enumerate(self.walked):
            needs = self.queue.needs[self.queue.pattern, item]
            for row in np.unique(walked.tight[~walked.is_filled]).tolist():
                last, ahead = self._before(walked, needs, row)
                places = np.flatnonzero(~walked.is_filled & (walked.tight == row))
                alike = np.full(len(places), item), walked.left_milli[places], last[places], ahead[places]
                parts.append((places, *alike, np.full(len(places), row)))
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)] or [np.empty(0, np.int64)] * 6
        order = np.lexsort((columns[1], columns[0]))
        place, item_, left, last, ahead, tight = (column[order] for column in columns)
        return LackColumns(
            place=place, item=item_, left_milli=left, last_served=last, ahead_milli=ahead, tight=tight
        )  # fmt: skip

    def lacks(self) -> dict[int, tuple[Lack, ...]]:
        """Give the same line by line, for each place that lacks any."""
        told = self.lack_columns()
        found: dict[int, list[Lack]] = {}
        shared = [tuple(np.flatnonzero(row).tolist()) for row in self.sets]
        needs = self.queue.needs[self.queue.pattern[told.place], told.item]
        for place, item, need, left, last, ahead, tight in zip(
            told.place.tolist(), told.item.tolist(), needs.tolist(), told.left_milli.tolist(),
            told.last_served.tolist(), told.ahead_milli.tolist(), told.tight.tolist(), strict=True,
        ):  # fmt: skip
            found.setdefault(place, []).append(
                Lack(
                    item=item, need_milli=need, left_milli=left, classes=shared[tight],
                    last_served=last if last >= 0 else None, ahead_milli=ahead,
                )
            )  # fmt: skip
        return {place: tuple(many) for place, many in found.items()}

    def _before(self, walked: _Walked, needs: Ints, row: int) -> tuple[Ints, Ints]:
        """Give of every place the last one filled before it in a set of reaches, and what those before it lack.

        Shapes: (households,) both; -1 where none was filled.
        """
        is_shared = self.sets[row][self.queue.reach]
        is_near = np.isin(self.regions, self.regions[self.sets[row]])[self.queue.reach]
        filled = np.where(is_shared & walked.is_filled & (needs > 0), np.arange(len(needs)), -1)[self.order]
        lacking = np.where(is_near & ~walked.is_filled, needs - walked.left_milli, 0)[self.order]
        turns = np.arange(len(needs))
        seen = np.maximum.accumulate(np.where(filled >= 0, turns, -1))
        last, ahead = np.empty(len(needs), dtype=np.int64), np.empty(len(needs), dtype=np.int64)
        last[self.order] = np.where(seen >= 0, filled[np.maximum(seen, 0)], -1)
        ahead[self.order] = np.cumsum(lacking) - lacking
        return last, ahead


def allocate(queue: Queue, stock: Stock, policy: Policy | None = None) -> Allocation:
    """Give the lines of every package down the list, each village's floor first.

    Raises: TooManyReaches.
    """
    policy = policy or Policy()
    sets = closed_sets(stock.reaches)
    order = np.argsort(~within_floor(queue, policy.floor_permille), kind="stable").astype(np.int64)
    limits = stock.limits(sets)
    walked = tuple(_walk(queue, order, sets, limits[:, item], item) for item in range(queue.needs.shape[1]))
    is_filled = np.column_stack([one.is_filled for one in walked]) if walked else np.ones((len(queue), 0), bool)
    needs = queue.needs[queue.pattern]
    is_given = is_filled.copy()
    if policy.part_items is not None:
        is_alone = np.zeros(needs.shape[1], dtype=bool)
        is_alone[list(policy.part_items)] = True
        is_given &= np.asarray(is_filled.all(axis=1))[:, None] | is_alone
    return Allocation(
        queue=queue,
        sets=sets,
        regions=_regions(stock.reaches),
        order=order,
        is_filled=is_filled,
        given_milli=np.where(is_given, needs, 0),
        walked=walked,
    )


def _walk(queue: Queue, order: Ints, sets: Bools, limits: Ints, item: int) -> _Walked:
    """Walk one item. Whoever cannot be filled keeps what is left, so its reach is closed for all after it.

    So there are no more leaps than reaches: from one that closes to the next.
    """
    needs = queue.needs[queue.pattern, item]
    is_filled, left = needs == 0, np.zeros(len(queue), dtype=np.int64)
    tight = np.full(len(queue), -1, dtype=np.int64)
    closed_by = np.full(sets.shape[1], -1, dtype=np.int64)
    slack = limits.astype(np.int64).copy()
    waiting = order[needs[order] > 0]
    while len(waiting):
        reach, wanted = queue.reach[waiting], needs[waiting]
        fits = _first_too_much(sets, slack, reach, wanted)
        is_filled[waiting[:fits]] = True
        slack -= sets.astype(np.int64) @ _by_class(reach[:fits], wanted[:fits], sets.shape[1])
        if fits == len(waiting):
            break
        stopped, own = int(waiting[fits]), int(reach[fits])
        rows = np.flatnonzero(sets[:, own])
        left[stopped] = slack[rows].min()
        slack[rows] -= left[stopped]
        # The smallest set that ran out says it best; any class of it can get no more.
        for at in range(sets.shape[1]):
            if closed_by[at] < 0:
                mine = np.flatnonzero(sets[:, at] & (slack == 0))
                if len(mine):
                    closed_by[at] = mine[np.argmin(sets[mine].sum(axis=1))]
        rest = waiting[fits:]
        is_closed = closed_by[queue.reach[rest]] >= 0
        tight[rest[is_closed]] = closed_by[queue.reach[rest[is_closed]]]
        waiting = rest[~is_closed]
    return _Walked(is_filled, left, tight)


def _first_too_much(sets: Bools, slack: Ints, reach: Ints, wanted: Ints) -> int:
    """Give the place of the first that no longer fits when one after the other is given; their number when all do.

    Shapes: sets (sets, classes), slack (sets,), reach and wanted (n,).
    """
    left = slack.copy()
    for start in range(0, len(reach), _BLOCK):
        part = slice(start, start + _BLOCK)
        after = left - sets.astype(np.int64) @ _by_class(reach[part], wanted[part], sets.shape[1])
        if (after < 0).any():
            running = np.cumsum(sets[:, reach[part]] * wanted[part], axis=1)
            return start + int(np.argmax((running > left[:, None]).any(axis=0)))
        left = after
    return len(reach)


def _by_class(reach: Ints, wanted: Ints, classes: int) -> Ints:
    total = np.zeros(classes, dtype=np.int64)
    np.add.at(total, reach, wanted)
    return total


def closed_sets(reaches: Bools) -> Bools:
    """Give every set of classes that must be looked at: those that some warehouses alone can serve.

    Hall's condition over these implies it over all: a set's warehouses serve its closure too, which asks for no less.
    Shapes: (warehouses, classes) -> (sets, classes). Raises: TooManyReaches.
    """
    count = reaches.shape[1]
    columns = [frozenset(np.flatnonzero(reaches[:, at]).tolist()) for at in range(count)]
    unions: set[frozenset[int]] = set()
    for one in dict.fromkeys(columns):
        unions |= {one | other for other in unions} | {one}
        if len(unions) > MOST_SETS:
            raise TooManyReaches(f"more than {MOST_SETS} sets of reaches")
    made = sorted({tuple(at for at in range(count) if columns[at] <= one) for one in unions})
    sets = np.zeros((len(made), count), dtype=bool)
    for row, members in enumerate(made):
        sets[row, list(members)] = True
    return sets


def _regions(reaches: Bools) -> Ints:
    """Number the classes so that those which share a warehouse, by way of others too, have the same number."""
    regions = np.arange(reaches.shape[1], dtype=np.int64)
    for _ in range(reaches.shape[1]):
        for row in reaches:
            if row.any():
                regions[np.isin(regions, regions[row])] = regions[row].min()
    return regions


def within_floor(queue: Queue, permille: int) -> Bools:
    """Mark the first of each village, in the order of the list: at least this share of its households."""
    if not permille or not len(queue):
        return np.zeros(len(queue), dtype=bool)
    order = np.argsort(queue.village, kind="stable")
    _, first, counts = np.unique(queue.village[order], return_index=True, return_counts=True)
    place, quota = np.empty(len(queue), dtype=np.int64), np.empty(len(queue), dtype=np.int64)
    place[order] = np.arange(len(queue)) - np.repeat(first, counts)
    quota[order] = np.repeat(-(-counts * permille // 1000), counts)
    return np.asarray(place < quota)


def largest_floor(queue: Queue, stock: Stock) -> int:
    """Give the largest floor, in permille, that every village can have in whole packages: the one to publish.

    Nobody stands before the floors, so they can be had if and only if their sum is within every set's limit.
    """
    sets = closed_sets(stock.reaches)
    limits = stock.limits(sets)
    low, high = 0, 1000
    while low < high:
        middle = (low + high + 1) // 2
        chosen = within_floor(queue, middle)
        wanted = np.zeros((sets.shape[1], queue.needs.shape[1]), dtype=np.int64)
        np.add.at(wanted, queue.reach[chosen], queue.needs[queue.pattern[chosen]])
        low, high = (middle, high) if (sets.astype(np.int64) @ wanted <= limits).all() else (low, middle - 1)
    return low
