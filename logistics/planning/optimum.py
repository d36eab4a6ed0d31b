"""How far the strict order is from the most that the same stock could do, and whom the difference would overtake.

No plan is made by this: it is the answer to "could we not serve more?". HiGHS, one thread, with a time limit; what it
says is checked in whole numbers, and where it was not done in time, the proved bound stands and is told as such.
Households that cannot be told apart (same reach, same package, as many persons) are counted together. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
import numpy.typing as npt

from logistics.planning.allocation import Allocation, Queue, Stock, closed_sets

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Persons in households that get their whole package, by three ways of choosing them."""

    strict_households: int
    strict_persons: int
    tier_households: int
    tier_persons: int
    """The most, tier by tier: no heavier hit person gives way to any number of lighter hit ones."""
    most_persons: int
    """Nothing at all can serve more than these: proved."""
    overtaken: int
    """Households that the second way passes over although everything they need is still there at their turn."""
    is_proved: bool
    """The second way was worked out to the end; else there might be a little more."""


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Households that cannot be told apart. Shapes: (kinds,); of (households,)."""

    of: Ints
    tier: Ints
    reach: Ints
    pattern: Ints
    persons: Ints
    count: Ints


def optimum(
    found: Allocation, stock: Stock, *, persons: Ints, tier: Ints, is_floor: Bools | None = None,
    seconds: float = SECONDS,
) -> Optimum:  # fmt: skip
    """Work out the most persons with whole packages against those of the strict order, ``found``.

    ``is_floor`` are those who come first for their village; they stay before every tier. Shapes: persons, tier (0
    first) and is_floor (households,), in the order of the queue. Raises: TooManyReaches.
    """
    queue, is_whole = found.queue, found.is_whole
    if is_floor is not None:
        tier = np.where(is_floor, -1, tier)
    limits = stock.limits(found.sets)
    kinds = _kinds(queue, persons, tier)
    use = _use(found.sets, queue, kinds)
    tiers = np.unique(kinds.tier)
    share = seconds / (len(tiers) + 1)
    # Of each kind as many as the strict order serves: what is found can only be better.
    served = np.bincount(kinds.of[is_whole], minlength=len(kinds.count)).astype(np.int64)
    is_proved = True
    floor: list[tuple[Bools, int]] = []
    for one in tiers.tolist():
        mine = kinds.tier == one
        served, bound = _most(kinds, use, limits.ravel(), np.where(mine, kinds.persons, 0), floor, served, share)
        reached = int((served * kinds.persons)[mine].sum())
        is_proved &= reached >= bound
        floor.append((mine, reached))
    _, most = _most(kinds, use, limits.ravel(), kinds.persons, [], served, share)
    is_served = _first_of_each(kinds, served, found.order)
    given = np.where(is_served[:, None], queue.needs[queue.pattern], 0)
    return Optimum(
        strict_households=int(is_whole.sum()), strict_persons=int(persons[is_whole].sum()),
        tier_households=int(is_served.sum()), tier_persons=int(persons[is_served].sum()), most_persons=most,
        overtaken=int(overtaken(queue, stock, given, found.order).sum()), is_proved=is_proved,
    )  # fmt: skip


def _kinds(queue: Queue, persons: Ints, tier: Ints) -> _Kinds:
    _, first, alike = np.unique(queue.needs, axis=0, return_index=True, return_inverse=True)
    rows = np.column_stack([tier, queue.reach, first[alike.reshape(-1)][queue.pattern], persons])
    found, of, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    columns = [np.ascontiguousarray(column, dtype=np.int64) for column in found.T]
    return _Kinds(
        of.reshape(-1).astype(np.int64), columns[0], columns[1], columns[2], columns[3], count.astype(np.int64)
    )


def _use(sets: Bools, queue: Queue, kinds: _Kinds) -> Ints:
    """Give what one household of each kind uses of each set's each item. Shape: (sets × items, kinds)."""
    needs = queue.needs[kinds.pattern]
    return np.asarray(
        (sets[:, kinds.reach][:, None, :] * needs.T[None, :, :]).reshape(len(sets) * needs.shape[1], len(kinds.count))
    )


def _most(
    kinds: _Kinds, use: Ints, limits: Ints, value: Ints, floor: list[tuple[Bools, int]], known: Ints, seconds: float
) -> tuple[Ints, int]:
    """Give the numbers of households of each kind that are worth most, never fewer than ``known``, and a proved bound.

    ``floor``: persons that some kinds must have together. Shapes: value, known (kinds,).
    """
    if not len(kinds.count):
        return known, 0
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, setting in (
        ("output_flag", False), ("threads", 1), ("parallel", "off"), ("random_seed", 0), ("time_limit", seconds),
        ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.999),
    ):  # fmt: skip
        solver.setOptionValue(option, setting)
    scale = np.maximum(np.gcd.reduce(use, axis=1), 1)
    rows = [*(use // scale[:, None]), *(np.where(mine, kinds.persons, 0) for mine, _ in floor)]
    matrix = np.array(rows, dtype=np.float64).reshape(len(rows), len(kinds.count))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], matrix.shape[0]
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = value.astype(np.float64)
    model.col_lower_ = np.zeros(matrix.shape[1])
    model.col_upper_ = kinds.count.astype(np.float64)
    infinite = highspy.kHighsInf
    model.row_lower_ = np.array([*([-infinite] * len(use)), *(float(least) for _, least in floor)])
    model.row_upper_ = np.array([*(limits // scale).astype(np.float64), *([infinite] * len(floor))])
    at, columns = np.nonzero(matrix)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.searchsorted(at, np.arange(matrix.shape[0] + 1)).astype(np.int32)
    model.a_matrix_.index_ = columns.astype(np.int32)
    model.a_matrix_.value_ = matrix[at, columns]
    model.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
    solver.passModel(model)
    start = highspy.HighsSolution()
    start.col_value = known.astype(np.float64)
    solver.setSolution(start)
    solver.run()
    worth = int((known * value).sum())
    bound = int((kinds.count * value).sum())
    told = solver.getInfo().mip_dual_bound
    if np.isfinite(told):
        bound = max(worth, min(bound, int(np.floor(told + 1e-6 * max(1.0, abs(told)) + 1e-9))))
    found = np.rint(np.array(solver.getSolution().col_value, dtype=np.float64)).astype(np.int64)
    if len(found) == len(known) and int((found * value).sum()) >= worth and _fits(found, kinds, use, limits, floor):
        return found, bound
    return known, bound


def _fits(found: Ints, kinds: _Kinds, use: Ints, limits: Ints, floor: list[tuple[Bools, int]]) -> bool:
    """Check an answer in whole numbers."""
    return bool(
        (found >= 0).all() and (found <= kinds.count).all() and (use @ found <= limits).all()
        and all(int((found * kinds.persons)[mine].sum()) >= least for mine, least in floor)
    )  # fmt: skip


def _first_of_each(kinds: _Kinds, served: Ints, order: Ints) -> Bools:
    """Mark the households served: of each kind the first by the order."""
    of = kinds.of[order]
    by_kind = np.argsort(of, kind="stable")
    place = np.empty(len(of), dtype=np.int64)
    place[order[by_kind]] = np.arange(len(of)) - np.repeat(np.cumsum(kinds.count) - kinds.count, kinds.count)
    return np.asarray(place < served[kinds.of])


def overtaken(queue: Queue, stock: Stock, given_milli: Ints, order: Ints) -> Bools:
    """Mark whoever lacks what was there at its turn, and has gone to somebody after it.

    All that it lacks could be brought to it beside what those before it are given, and no longer beside what everybody
    is given. Shapes: given_milli (households, items), order and the answer (households,).
    """
    sets = closed_sets(stock.reaches)
    limits = stock.limits(sets)
    needs, given = queue.needs[queue.pattern][order], given_milli[order]
    is_in = sets[:, queue.reach[order]]
    lacks = needs - given
    does_lack = lacks.any(axis=1)
    could, can = does_lack.copy(), does_lack.copy()
    for row in range(len(sets)):
        taken = given * is_in[row][:, None]
        total = np.cumsum(taken, axis=0)
        fits = (lacks <= limits[row] - (total - taken)) | (lacks == 0)
        could &= ~is_in[row] | fits.all(axis=1)
        still = (lacks <= limits[row] - taken.sum(axis=0)) | (lacks == 0)
        can &= ~is_in[row] | still.all(axis=1)
    marked = np.empty(len(order), dtype=bool)
    marked[order] = could & ~can
    return marked
