"""The numbers of a snapshot's new people and households put into ``known_number``, in order: each page of it is changed
in few steps.

Rows come village by village, keyed hashes in no order. All of them are sorted in memory, twenty bytes each: those that
this process kept as it made the rows, the others made from the pieces again. Whoever made them, they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from core.work import Tx
from registry_link.households.bulk import put_frame
from registry_link.households.filling import PieceMovedError, homes_told, new_people, parts_of
from registry_link.households.filling_halves import EIGHT_BYTES, NO_HALVES, Halves, halves_of, take_halves
from registry_link.households.known import HALF
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT, KnownNumber
from registry_link.households.numbers import plain_indexes
from registry_link.households.pieces import piece_counts
from registry_link.households.tuning import analyze_taken
from registry_link.households.weighed import weighed_piece
from registry_link.households.weighing import NEW

NUMBERS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What stands in ``known_number`` for one taking over: the two halves of each number, and ``row_no``."""

    first: npt.NDArray[np.uint64]
    second: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int32]
    most: int
    """How many people and households are new, also those without a number."""


_kept: dict[tuple[UUID, int], _Sorted] = {}
"""Of the one snapshot that this process fills in, from its first step of numbers to the last."""


def most_numbers(tx: Tx, snapshot_id: UUID) -> int:
    """Tell how many people and households are new: there are no more numbers than that."""
    return sum(_new(*weighed_piece(tx, snapshot_id, no)) for no, _, _ in piece_counts(tx, snapshot_id))


def _new(homes: pl.DataFrame, people: pl.DataFrame) -> int:
    return sum(int((fates["fate"] == NEW).sum()) for fates in (homes, people))


def numbers_ready(tx: Tx, snapshot: Any, taking: Any, begin: int, met: Mapping[str, str]) -> pl.DataFrame:
    """Make the numbers from one place on ready, as their table holds them; none where there are no more.

    Raises: PieceMovedError.
    """
    key = (snapshot.id, taking.no)
    if key not in _kept:
        _kept.clear()
        _kept[key] = _numbers(tx, snapshot.id, taking.no, met)
    found, part = _kept[key], slice(begin, begin + NUMBERS_AT_ONCE)
    if part.stop >= found.most:
        _kept.clear()
    halves = np.stack([found.first[part], found.second[part]], axis=1).astype(EIGHT_BYTES).tobytes()
    return pl.DataFrame({
        "number_index": pl.Series([halves[at : at + HALF] for at in range(0, len(halves), HALF)], dtype=pl.Binary()),
        "row_no": found.rows[part],
    })  # fmt: skip


def put_numbers(tx: Tx, numbers: pl.DataFrame) -> None:
    """Write numbers that are ready."""
    put_frame(tx, KnownNumber, numbers)
    if 0 < len(numbers) < NUMBERS_AT_ONCE:
        # The last of them: from now on they are looked for.
        analyze_taken(tx)


def _numbers(tx: Tx, snapshot_id: UUID, begin_no: int, met: Mapping[str, str]) -> _Sorted:
    made = take_halves((snapshot_id, begin_no))
    found = [NO_HALVES]
    number_of: list[npt.NDArray[Any]] = [np.zeros(0, dtype=np.int32)]
    most = 0
    for no, homes, people in piece_counts(tx, snapshot_id):
        of_homes, of_people = weighed_piece(tx, snapshot_id, no)
        if (homes, people) != (len(of_homes), len(of_people)):
            raise PieceMovedError
        number_of.append(of_homes["number"].to_numpy())
        most += _new(of_homes, of_people)
        for part in parts_of(homes):
            found.append(made.get(("homes", no, part)) or _of_homes(homes_told(tx, snapshot_id, no, part, met)))
        if people:
            found.append(made.get(("people", no, 0)) or _of_people(new_people(tx, snapshot_id, no, met)))
    made.clear()
    places = np.concatenate([one.homes for one in found])
    first, second = (np.concatenate([one.numbers[:, at] for one in found]).astype(np.uint64) for at in range(2))
    found.clear()
    # Somebody's household may stand in another piece.
    rows = np.concatenate(number_of)[places].astype(np.int32) + np.int32(begin_no - 1)
    return _sorted(first, second, rows, most)


def _of_homes(homes: pl.DataFrame) -> Halves:
    new = homes.filter(pl.col("fate") == NEW)
    return halves_of(_indexes(new["kk"], KK_CONTEXT), new["place"])


def _of_people(people: pl.DataFrame) -> Halves:
    return halves_of(_indexes(people["nik"], NIK_CONTEXT), people["home"])


def _indexes(numbers: pl.Series, context: str) -> pl.Series:
    return pl.Series(plain_indexes(numbers.to_list(), context), dtype=pl.Binary())


def _sorted(
    first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64], rows: npt.NDArray[np.int32], most: int
) -> _Sorted:  # fmt: skip
    order = np.lexsort((rows, second, first))
    first, second, rows = first[order], second[order], rows[order]
    # Two of one household may have the same number.
    again = (first[1:] == first[:-1]) & (second[1:] == second[:-1]) & (rows[1:] == rows[:-1])
    if not again.any():
        return _Sorted(first, second, rows, most)
    kept = np.concatenate([np.ones(min(len(rows), 1), dtype=np.bool_), ~again])
    return _Sorted(first[kept], second[kept], rows[kept], most)
