"""The numbers of a snapshot's new people and households put into ``known_number``, in order: each page of it is changed
in few steps.

Rows come village by village, keyed hashes in no order. All of them are held in memory, twenty bytes each: those that
this process kept as it made the rows, the others made from the pieces again. Whoever made them, they are the same. They
are put in order a part at a time, for the memory it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from core.work import Tx
from registry_link.households.bulk import put_frame
from registry_link.households.filling import PieceMovedError, homes_told, new_people, parts_to_write
from registry_link.households.filling_halves import EIGHT_BYTES, NO_HALVES, Halves, halves_of, take_halves
from registry_link.households.known import HALF
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT, KnownNumber
from registry_link.households.numbers import plain_indexes
from registry_link.households.pieces import piece_counts
from registry_link.households.tuning import analyze_taken
from registry_link.households.weighed import weighed_piece
from registry_link.households.weighing import NEW

NUMBERS_AT_ONCE: Final = 20_000


_BITS: Final = 4
"""The first of each hash, by which they are parted: hashes are spread evenly."""
_PARTS: Final = 1 << _BITS
_Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of what stands in ``known_number``, in order: the two quarters of each number, and ``row_no``."""

    numbers: npt.NDArray[np.uint64]
    rows: _Rows


class _Numbers:
    """What stands in ``known_number`` for one taking over."""

    def __init__(self, found: Sequence[tuple[npt.NDArray[Any], _Rows]], most: int) -> None:
        self.most = most
        """How many people and households are new, also those without a number."""
        self._found = found
        self._ends: list[int] = []
        """Of the parts that were in order already: how many numbers there are up to their end."""
        self._last: tuple[int, _Part] | None = None

    def some(self, begin: int, count: int) -> _Part:
        """Give so many from one place on, in order; fewer where there are no more."""
        found = [_Part(NO_HALVES.numbers.astype(np.uint64), NO_HALVES.homes)]
        for no in range(_PARTS):
            if len(self._ends) > no and self._ends[no] <= begin:
                continue
            part = self._part(no)
            start = self._ends[no] - len(part.rows)
            own = slice(max(begin - start, 0), max(begin + count - start, 0))
            found.append(_Part(part.numbers[own], part.rows[own]))
            if self._ends[no] >= begin + count:
                break
        return _Part(_joined([one.numbers for one in found]), np.concatenate([one.rows for one in found]))

    def _part(self, no: int) -> _Part:
        if self._last is None or self._last[0] != no:
            mine = [numbers.view(np.uint8)[:, 0] >> (8 - _BITS) == no for numbers, _ in self._found]
            self._last = no, _in_order(
                _joined([numbers[own] for (numbers, _), own in zip(self._found, mine, strict=True)]),
                np.concatenate([rows[own] for (_, rows), own in zip(self._found, mine, strict=True)]),
            )  # fmt: skip
        part = self._last[1]
        if len(self._ends) == no:
            self._ends.append((self._ends[-1] if no else 0) + len(part.rows))
        return part


_kept: dict[tuple[UUID, int], _Numbers] = {}
"""Of the one snapshot that this process fills in, from its first step of numbers to the last."""


def new_in(fates: pl.DataFrame) -> int:
    """Tell how many of a piece's households, or members, are new: there are no more numbers than that."""
    return int((fates["fate"] == NEW).sum())


def numbers_ready(tx: Tx, snapshot: Any, taking: Any, begin: int, met: Mapping[str, str]) -> pl.DataFrame:
    """Make the numbers from one place on ready, as their table holds them; none where there are no more.

    Raises: PieceMovedError.
    """
    key = (snapshot.id, taking.no)
    if key not in _kept:
        _kept.clear()
        _kept[key] = _numbers(tx, snapshot.id, taking.no, met)
    found = _kept[key].some(begin, NUMBERS_AT_ONCE)
    if begin + NUMBERS_AT_ONCE >= _kept[key].most:
        _kept.clear()
    halves = found.numbers.astype(EIGHT_BYTES).tobytes()
    return pl.DataFrame({
        "number_index": pl.Series([halves[at : at + HALF] for at in range(0, len(halves), HALF)], dtype=pl.Binary()),
        "row_no": found.rows,
    })  # fmt: skip


def put_numbers(tx: Tx, numbers: pl.DataFrame) -> None:
    """Write numbers that are ready."""
    put_frame(tx, KnownNumber, numbers)
    if 0 < len(numbers) < NUMBERS_AT_ONCE:
        # The last of them: from now on they are looked for.
        analyze_taken(tx)


def _numbers(tx: Tx, snapshot_id: UUID, begin_no: int, met: Mapping[str, str]) -> _Numbers:
    made = take_halves((snapshot_id, begin_no))
    found = [NO_HALVES]
    number_of: list[npt.NDArray[Any]] = [np.zeros(0, dtype=np.int32)]
    most = 0
    for no, homes, people in piece_counts(tx, snapshot_id):
        of_homes, of_people = weighed_piece(tx, snapshot_id, no)
        if (homes, people) != (len(of_homes), len(of_people)):
            raise PieceMovedError
        number_of.append(of_homes["number"].to_numpy())
        most += new_in(of_homes) + new_in(of_people)
        for part in parts_to_write(of_homes):
            own = "homes", no, part
            found.append(made.pop(own) if own in made else _of_homes(homes_told(tx, snapshot_id, no, part, met)))
        if new_in(of_people):
            own = "people", no, 0
            found.append(made.pop(own) if own in made else _of_people(new_people(tx, snapshot_id, no, met)))
    # Somebody's household may stand in another piece.
    row_no = np.concatenate(number_of).astype(np.int32) + np.int32(begin_no - 1)
    return _Numbers([(one.numbers, row_no[one.homes]) for one in found], most)


def _of_homes(homes: pl.DataFrame) -> Halves:
    new = homes.filter(pl.col("fate") == NEW)
    return halves_of(_indexes(new["kk"], KK_CONTEXT), new["place"])


def _of_people(people: pl.DataFrame) -> Halves:
    return halves_of(_indexes(people["nik"], NIK_CONTEXT), people["home"])


def _indexes(numbers: pl.Series, context: str) -> pl.Series:
    return pl.Series(plain_indexes(numbers.to_list(), context), dtype=pl.Binary())


def _joined(numbers: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.uint64]:
    """Put numbers together in the order of bytes of this machine, in which they are sorted."""
    return np.concatenate(numbers).astype(np.uint64, copy=False)


def _in_order(numbers: npt.NDArray[np.uint64], rows: _Rows) -> _Part:
    order = np.lexsort((rows, numbers[:, 1], numbers[:, 0]))
    numbers, rows = numbers[order], rows[order]
    # Two of one household may have the same number.
    again = (numbers[1:] == numbers[:-1]).all(axis=1) & (rows[1:] == rows[:-1])
    kept = np.concatenate([np.ones(min(len(rows), 1), dtype=np.bool_), ~again])
    return _Part(numbers[kept], rows[kept])
