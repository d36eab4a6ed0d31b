"""Goods or people carried from many to few with the least effort: exact, in whole numbers, one answer on any machine.

``carry`` sets everything down where it costs least and then moves what is too much along the shortest ways (successive
shortest paths over the few targets, whose number is small: posts, warehouses). No solver, no fractions, no luck: what
remains too much is too much in every other answer as well (max flow = min cut). Of several best answers ``settle``
takes one by a declared order, so that it does not depend on the way by which it was found.
Source: Ahuja, Magnanti, Orlin, Network Flows (1993), 9.7. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER: Final = 1 << 50
"""As cost: there is no way."""
DEAREST: Final = 1 << 40
"""The highest cost that may be asked for; sums of many stay far below ``NEVER``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Everything set down somewhere. Shapes: amounts (sources, targets), costs alike; places (targets,)."""

    costs: Ints
    """``NEVER`` where there is no way."""
    places: Ints
    amounts: Ints
    """Each source's whole amount; nothing of a source that has no way at all."""

    @property
    def over(self) -> Ints:
        """What every target would have to hold beyond its places, the least there can be in all. Shape: (targets,)."""
        return np.asarray(np.maximum(self.amounts.sum(axis=0) - self.places, 0))

    def crowded(self) -> Bools:
        """Mark the targets that what is too much can go to, by way of others too: the smallest full cut.

        All that lies there can go nowhere else. Shape: (targets,).
        """
        seen: Bools = self.over > 0
        ways = self.costs < NEVER
        while True:
            there = self.amounts[:, seen].sum(axis=1) > 0
            wider = seen | ways[there].any(axis=0)
            if (wider == seen).all():
                return seen
            seen = wider


def costs_of(said: Ints) -> Ints:
    """Read costs in which a negative number says that there is no way. Raises: ValueError for one too high."""
    if said.size and int(said.max()) > DEAREST:
        raise ValueError("a cost is too high to be counted exactly")
    return np.where(said < 0, NEVER, said).astype(np.int64)


def carry(amounts: Ints, costs: Ints, places: Ints) -> Carried:
    """Carry every source's amount to targets with the least ``over`` in all, and with that at the least cost.

    Shapes: amounts (sources,), costs (sources, targets) as ``costs_of`` gives them, places (targets,).
    """
    held = np.zeros(costs.shape, dtype=np.int64)
    if costs.shape[1]:
        first = costs.argmin(axis=1)
        rows = np.arange(len(amounts))
        held[rows, first] = np.where(costs[rows, first] < NEVER, amounts, 0)
    _even_out(held, costs, places)
    return Carried(costs=costs, places=places, amounts=held)


def carry_on(carried: Carried, *, places: Ints | None = None, costs: Ints | None = None) -> Carried:
    """Carry on where there are more places or ways than before, cost what it may. Shapes: as in ``Carried``."""
    held = carried.amounts.copy()
    costs = carried.costs if costs is None else costs
    places = carried.places if places is None else places
    _even_out(held, np.where(costs < NEVER, 0, NEVER), places)
    return Carried(costs=costs, places=places, amounts=held)


def _even_out(held: Ints, costs: Ints, places: Ints) -> None:
    """Move what is too much along the shortest ways to where there is room, as long as there is a way."""
    by_target = np.ascontiguousarray(held.T)
    load = by_target.sum(axis=1)
    targets = len(places)
    steps = np.empty((targets, targets), dtype=np.int64)
    """What it costs to move one unit to a target (row) from each other."""
    for at in range(targets):
        steps[:, at] = _steps(by_target, costs, at)
    while True:
        too_much, room = load > places, load < places
        if not too_much.any() or not room.any():
            break
        path = _shortest(steps, too_much, room)
        if path is None:
            break
        _move_along(
            by_target, costs, steps, path, int(min(load[path[0]] - places[path[0]], -(load - places)[path[-1]]))
        )
        for at in path:
            load[at] = by_target[at].sum()
            steps[:, at] = _steps(by_target, costs, at)
    held[:] = by_target.T


def _steps(by_target: Ints, costs: Ints, at: int) -> Ints:
    """Give what it costs to move one unit from a target to each other. Shape: (targets,)."""
    there = by_target[at].nonzero()[0]
    if not len(there):
        return np.full(costs.shape[1], NEVER, dtype=np.int64)
    ways = costs[there]
    found: Ints = (ways - ways[:, at, None]).min(axis=0)
    found[found > NEVER // 2] = NEVER
    found[at] = NEVER
    return found


def _shortest(steps: Ints, starts: Bools, goals: Bools) -> list[int] | None:
    """Find the cheapest way from any start to any goal, the first of equals; None where there is none."""
    far, since = _distances(steps, np.where(starts, 0, NEVER))
    found = np.where(goals, far, NEVER)
    goal = int(found.argmin())
    if found[goal] >= NEVER // 2:
        return None
    path = [goal]
    while since[path[-1]]:
        here = path[-1]
        # Whoever was reached earlier, so that ways that cost nothing do not run in circles.
        is_before = (far + steps[here] == far[here]) & (since < since[here])
        path.append(int(is_before.argmax()))
    return path[::-1]


def _distances(steps: Ints, start: Ints) -> tuple[Ints, Ints]:
    """Give the least cost to every target, and the round in which it was found, 0 at a start. Shapes: (targets,)."""
    far, since, rounds = start, np.zeros(len(start), dtype=np.int64), 0
    while True:
        rounds += 1
        found = (steps + far).min(axis=1)
        better = found < far
        if not better.any():
            return far, since
        far = np.minimum(found, far)
        since[better] = rounds


def _move_along(by_target: Ints, costs: Ints, steps: Ints, path: list[int], most: int) -> None:
    """Move as much as possible, at most so much, from each target of the path to the next."""
    movers = []
    for here, there in pairwise(path):
        rows = by_target[here].nonzero()[0]
        ways = costs[rows]
        rows = rows[ways[:, there] - ways[:, here] == steps[there, here]]
        movers.append(rows)
        most = min(most, int(by_target[here, rows].sum()))
    for (here, there), rows in zip(pairwise(path), movers, strict=True):
        _move(by_target, rows, here, there, most)


def _move(by_target: Ints, rows: Ints, here: int, there: int, amount: int) -> None:
    """Move an amount, the first rows' first."""
    if len(rows) == 1:
        by_target[here, rows[0]] -= amount
        by_target[there, rows[0]] += amount
        return
    own = by_target[here, rows]
    before = np.cumsum(own) - own
    part = np.clip(amount - before, 0, own)
    by_target[here, rows] -= part
    by_target[there, rows] += part


def settle(carried: Carried) -> Ints:
    """Give the one answer among all of the same cost: as much as can be of the first source at its first target.

    Then as much as can be at its second, and so on, source by source: the lexicographically greatest of the best.
    Nothing may be over. Shape: (sources, targets).
    """
    costs, places = carried.costs, carried.places
    by_target = np.ascontiguousarray(carried.amounts.T)
    held = by_target.T
    targets = len(places)
    load = held.sum(axis=0)
    # The last is whatever stays empty: a target with room may take from it, one that holds something give to it.
    steps = np.full((targets + 1, targets + 1), NEVER, dtype=np.int64)
    for at in range(targets):
        steps[:targets, at] = _steps(by_target, costs, at)
    steps[targets, :targets] = np.where(load < places, 0, NEVER)
    steps[:targets, targets] = np.where(load > 0, 0, NEVER)
    price, _ = _distances(steps, np.zeros(targets + 1, dtype=np.int64))
    is_loose = price[:targets] == price[targets]
    reduced = costs - price[None, :targets]
    is_best = (reduced == reduced.min(axis=1, initial=NEVER)[:, None]) & (costs < NEVER)
    ways = (held > 0).T.astype(np.int64) @ is_best.astype(np.int64)
    """How many sources that are still open could move something from a target to another."""
    for row in range(len(held)):
        mine = np.flatnonzero(held[row])
        for at in mine.tolist():
            ways[at] -= is_best[row]
        if not len(mine):
            continue
        for at in np.flatnonzero(is_best[row]).tolist():
            if at >= mine[-1]:
                break
            while True:
                later = held[row] > 0
                later[: at + 1] = False
                path = _way(ways, is_loose, load < places, at, later)
                if path is None:
                    break
                _turn(held, is_best, ways, load, places, row, path)
    return np.ascontiguousarray(held)


def _way(ways: Ints, is_loose: Bools, has_room: Bools, start: int, goals: Bools) -> list[int] | None:
    """Find the shortest way from a target to one of the goals; ``len(is_loose)`` stands for what stays empty."""
    if not goals.any():
        return None
    count = len(is_loose)
    before = np.full(count + 1, -2, dtype=np.int64)
    before[start] = -1
    front = [start]
    while front:
        after = []
        for here in front:
            if here == count:
                found = is_loose & (before[:count] == -2)
            else:
                found = (ways[here] > 0) & (before[:count] == -2)
                if has_room[here] and is_loose[here] and before[count] == -2:
                    before[count] = here
                    after.append(count)
            new = np.flatnonzero(found)
            before[new] = here
            hit = new[goals[new]]
            if len(hit):
                path = [int(hit[0])]
                while before[path[-1]] >= 0:
                    path.append(int(before[path[-1]]))
                return path[::-1]
            after.extend(new.tolist())
        front = after
    return None


def _turn(
    held: Ints, is_best: Bools, ways: Ints, load: Ints, places: Ints, row: int, path: list[int]
) -> None:  # fmt: skip
    """Move as much of a source as possible from the last of the path to the first, and others along it to make room."""
    count = len(places)
    most = int(held[row, path[-1]])
    hops = list(pairwise(path))
    movers: list[Ints] = []
    for here, there in hops:
        rows = np.empty(0, dtype=np.int64)
        if there == count:
            most = min(most, int(places[here] - load[here]))
        elif here != count:
            rows = row + 1 + np.flatnonzero((held[row + 1 :, here] > 0) & is_best[row + 1 :, there])
            most = min(most, int(held[rows, here].sum()))
        movers.append(rows)
    for (here, there), rows in zip(hops, movers, strict=True):
        if len(rows):
            had = (held[rows, here] > 0, held[rows, there] > 0)
            _move(held.T, rows, here, there, most)
            for at, was in ((here, had[0]), (there, had[1])):
                change = (held[rows, at] > 0).astype(np.int64) - was
                ways[at] += change @ is_best[rows].astype(np.int64)
    held[row, path[-1]] -= most
    held[row, path[0]] += most
    load[:] = held.sum(axis=0)
