"""An outline as ranges of position numbers (``households/positions.py``).

Some ranges hold only cells wholly inside (accepted without a test), the others cells that the outline's edge crosses
(only these points are tested). Everything else is outside and is never read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry_link.households.positions import BITS, PER_DEGREE, SOUTH, WEST, keys_of_steps
from registry_link.matching.arrays import Bools, Floats, Ints, counted
from registry_link.matching.earth import degrees
from registry_link.matching.inside import inside
from registry_link.matching.outlines import Outline

CELLS_ACROSS = 128
_SLACK = 1e-5
"""Cells this near to an edge (in cell widths) count as crossed: more than any rounding here."""
_MOST_SLABS = 500_000


@dataclass(frozen=True, slots=True)
class Ranges:
    """Half-open ranges of position numbers, in order, neither overlapping nor touching."""

    starts: Ints
    stops: Ints

    def hold(self, keys: Ints) -> Bools:
        """Tell which numbers lie in one of the ranges. Shapes: (n,) -> (n,)."""
        if not len(self.starts):
            return np.zeros(len(keys), dtype=bool)
        last = np.searchsorted(self.starts, keys, side="right") - 1
        return (last >= 0) & (keys < self.stops[last])

    def fewer(self, most: int) -> Ranges:
        """Close the smallest gaps until at most this many ranges are left; they then hold more than before."""
        if len(self.starts) <= most:
            return self
        gaps = self.starts[1:] - self.stops[:-1]
        # Stable, so that equal gaps are closed in the same order everywhere.
        kept = np.sort(np.argsort(-gaps, kind="stable")[: most - 1])
        return Ranges(self.starts[np.r_[0, kept + 1]], self.stops[np.r_[kept, len(self.stops) - 1]])

    @staticmethod
    def united(several: list[Ranges]) -> Ranges:
        """Join many sets of ranges into one."""
        starts = np.concatenate([one.starts for one in several]) if several else np.empty(0, np.int64)
        stops = np.concatenate([one.stops for one in several]) if several else np.empty(0, np.int64)
        order = np.argsort(starts, kind="stable")
        starts, reach = starts[order], np.maximum.accumulate(stops[order])
        is_first = np.r_[True, starts[1:] > reach[:-1]][: len(starts)]
        return Ranges(starts[is_first], reach[np.r_[is_first[1:], True][: len(starts)]])


@dataclass(frozen=True, slots=True)
class Cover:
    """An outline as ranges: ``within`` needs no test, ``crossed`` does, everywhere else is outside."""

    within: Ranges
    crossed: Ranges

    @property
    def whole(self) -> Ranges:
        return Ranges.united([self.within, self.crossed])


def cover(outline: Outline, *, margin_m: float = 0.0, across: int = CELLS_ACROSS) -> Cover:
    """Cover the outline with cells, about ``across`` to its longer side.

    Every point within ``margin_m`` of an edge lies in ``crossed``; so does every point that needs the exact test.
    The part of the outline outside the numbered world is left out: no household there has a number.
    """
    box = outline.bounds
    margin_x, margin_y = (one * PER_DEGREE for one in degrees(margin_m, max(abs(box.south), abs(box.north))))
    left, right = box.west * PER_DEGREE - WEST - margin_x, box.east * PER_DEGREE - WEST + margin_x
    low, high = box.south * PER_DEGREE - SOUTH - margin_y, box.north * PER_DEGREE - SOUTH + margin_y
    shift = max(0, int(np.ceil(np.log2(max(right - left, high - low, 1.0) / across))))
    side = 2.0**shift
    # One ring of spare cells, so that slack and margin never leave the grid.
    first_x, first_y = int(np.floor(left / side)) - 1, int(np.floor(low / side)) - 1
    wide, tall = int(np.floor(right / side)) - first_x + 2, int(np.floor(high / side)) - first_y + 2
    edges = outline.edges * PER_DEGREE - np.array([WEST, SOUTH, WEST, SOUTH])
    edges = edges / side - np.array([first_x, first_y, first_x, first_y])
    is_crossed = _crossed(edges, wide, tall, margin_x / side + _SLACK, margin_y / side + _SLACK)
    is_within = _within(outline, is_crossed, first_x, first_y, side)
    return Cover(
        _ranges(is_within, first_x, first_y, shift),
        _ranges(is_crossed, first_x, first_y, shift),
    )


def _crossed(edges: Floats, wide: int, tall: int, slack_x: float, slack_y: float) -> Bools:
    """Mark every cell that an edge touches or passes nearer than the slack.

    Each edge is cut into one slab per column of cells; a slab marks the rows it passes. Shapes: (e, 4) -> (tall, wide).
    """
    is_swapped = edges[:, 0] > edges[:, 2]
    edges = np.where(is_swapped[:, None], edges[:, [2, 3, 0, 1]], edges)
    first = np.clip(np.floor(edges[:, 0] - slack_x).astype(np.int64), 0, wide - 1)
    last = np.clip(np.floor(edges[:, 2] + slack_x).astype(np.int64), 0, wide - 1)
    is_crossed = np.zeros((tall, wide), dtype=bool)
    columns = last - first + 1
    # A comb of 50,000 teeth as wide as the grid is worked off in pieces, so that memory stays small.
    piece = np.cumsum(columns) // _MOST_SLABS
    for number in range(int(piece[-1]) + 1 if len(piece) else 0):
        chosen = np.flatnonzero(piece == number)
        edge, offset = counted(columns[chosen])
        edge = chosen[edge]
        column = first[edge] + offset
        x0, y0, x1, y1 = edges[edge].T
        run = np.where(x1 > x0, x1 - x0, 1.0)
        enters = np.clip((column - slack_x - x0) / run, 0.0, 1.0)
        leaves = np.where(x1 > x0, np.clip((column + 1 + slack_x - x0) / run, 0.0, 1.0), 1.0)
        at_entry, at_exit = y0 + enters * (y1 - y0), y0 + leaves * (y1 - y0)
        bottom = np.clip(np.floor(np.minimum(at_entry, at_exit) - slack_y).astype(np.int64), 0, tall - 1)
        top = np.clip(np.floor(np.maximum(at_entry, at_exit) + slack_y).astype(np.int64), 0, tall - 1)
        for begin, end in _pieces(top - bottom + 1):
            slab, above = counted((top - bottom + 1)[begin:end])
            is_crossed[bottom[begin:end][slab] + above, column[begin:end][slab]] = True
    return is_crossed


def _pieces(counts: Ints) -> list[tuple[int, int]]:
    """Cut a list into stretches whose counts add up to a bounded number each."""
    piece = np.cumsum(counts) // _MOST_SLABS
    starts = np.flatnonzero(np.r_[True, piece[1:] != piece[:-1]][: len(piece)])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(counts)], strict=True))


def _within(outline: Outline, is_crossed: Bools, first_x: int, first_y: int, side: float) -> Bools:
    """Mark the cells that lie wholly inside: one exact test for each run of uncrossed cells in a row."""
    is_free = ~is_crossed
    starts = is_free & ~np.pad(is_free, ((0, 0), (1, 0)))[:, :-1]
    row, column = np.nonzero(starts)
    lon = ((column + first_x + 0.5) * side + WEST) / PER_DEGREE
    lat = ((row + first_y + 0.5) * side + SOUTH) / PER_DEGREE
    run = np.cumsum(starts.ravel()).reshape(starts.shape) - 1
    is_within: Bools = is_free & inside(outline, lon, lat)[run]
    return is_within


def _ranges(is_marked: Bools, first_x: int, first_y: int, shift: int) -> Ranges:
    """Turn marked cells into ranges of position numbers."""
    row, column = np.nonzero(is_marked)
    x, y = column + first_x, row + first_y
    is_known = (x >= 0) & (x < 2 ** (BITS - shift)) & (y >= 0) & (y < 2 ** (BITS - shift))
    cells = np.sort(keys_of_steps(x[is_known], y[is_known]))
    is_first = np.r_[True, np.diff(cells) != 1][: len(cells)]
    is_last = np.r_[np.diff(cells) != 1, True][: len(cells)]
    return Ranges(cells[is_first] << (2 * shift), (cells[is_last] + 1) << (2 * shift))
