"""The numbers of a snapshot's new people put into ``known_number``, in order: each page of it is changed in few steps.

Members come village by village, keyed hashes in no order. All of them are made from the pieces once and sorted in
memory, twenty bytes a person; a process that begins again makes the same ones again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import put_frame
from registry_link.households.filling import PieceMovedError
from registry_link.households.known import HALF
from registry_link.households.models import NIK_CONTEXT, KnownNumber, WeighedPiece
from registry_link.households.numbers import plain_indexes
from registry_link.households.pieces import piece_of
from registry_link.households.staging import analyze
from registry_link.households.weighed import GOINGS, weighed_piece
from registry_link.households.weighing import NEW

NUMBERS_AT_ONCE: Final = 20_000
_EIGHT_BYTES: Final = np.dtype(">u8")


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What stands in ``known_number`` for one taking over: the two halves of each number, and ``row_no``."""

    first: npt.NDArray[np.uint64]
    second: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int32]
    people: int
    """How many are new, also those without a number."""


_kept: dict[tuple[UUID, int], _Sorted] = {}
"""Of the one snapshot that this process fills in, from its first step of numbers to the last."""


def most_numbers(tx: Tx, snapshot_id: UUID) -> int:
    """Tell how many people are new, by whom there are no more numbers than that."""
    return sum(int((weighed_piece(tx, snapshot_id, no)[1]["fate"] == NEW).sum()) for no in _pieces(tx, snapshot_id))


def numbers_ready(tx: Tx, snapshot: Any, taking: Any, begin: int, met: Mapping[str, str]) -> pl.DataFrame:
    """Make the numbers from one place on ready, as their table holds them; none where there are no more.

    Raises: PieceMovedError.
    """
    key = (snapshot.id, taking.no)
    if key not in _kept:
        _kept.clear()
        _kept[key] = _numbers(tx, snapshot.id, taking.no, met)
    found, part = _kept[key], slice(begin, begin + NUMBERS_AT_ONCE)
    if part.stop >= found.people:
        _kept.clear()
    halves = np.stack([found.first[part], found.second[part]], axis=1).astype(_EIGHT_BYTES).tobytes()
    return pl.DataFrame({
        "number_index": pl.Series([halves[at : at + HALF] for at in range(0, len(halves), HALF)], dtype=pl.Binary()),
        "row_no": found.rows[part],
    })  # fmt: skip


def put_numbers(tx: Tx, numbers: pl.DataFrame) -> None:
    """Write numbers that are ready."""
    put_frame(tx, KnownNumber, numbers)
    if 0 < len(numbers) < NUMBERS_AT_ONCE:
        # The last of them: from now on they are looked for.
        analyze(tx)


def _numbers(tx: Tx, snapshot_id: UUID, begin_no: int, met: Mapping[str, str]) -> _Sorted:
    pieces, left_out = _pieces(tx, snapshot_id), sorted(met)
    # Somebody's household may stand in another piece.
    number_of = np.concatenate(
        [np.zeros(0, dtype=np.int32), *(weighed_piece(tx, snapshot_id, no)[0]["number"].to_numpy() for no in pieces)]
    )
    numbers: list[npt.NDArray[Any]] = [np.zeros((0, 2), dtype=_EIGHT_BYTES)]
    rows: list[npt.NDArray[Any]] = [np.zeros(0, dtype=np.int32)]
    new = 0
    for no in pieces:
        people, fates = piece_of(tx, snapshot_id, no).people, weighed_piece(tx, snapshot_id, no)[1]
        if len(people) != len(fates):
            raise PieceMovedError
        people = people.select("external_id", "nik").hstack(fates.select("home", "fate"))
        people = people.filter(pl.col("fate") == NEW)
        new += len(people)
        people = people.filter(pl.col("nik").is_not_null())
        if left_out:
            people = people.filter(~pl.col("external_id").is_in(left_out))
        halves = b"".join(one[:HALF] for one in plain_indexes(people["nik"].to_list(), NIK_CONTEXT) if one is not None)
        numbers.append(np.frombuffer(halves, dtype=_EIGHT_BYTES).reshape(-1, 2))
        rows.append(number_of[people["home"].to_numpy()] + np.int32(begin_no - 1))
    return _sorted(np.concatenate(numbers), np.concatenate(rows).astype(np.int32), new)


def _sorted(numbers: npt.NDArray[Any], rows: npt.NDArray[np.int32], new: int) -> _Sorted:
    first, second = (numbers[:, at].astype(np.uint64) for at in range(2))
    order = np.lexsort((rows, second, first))
    first, second, rows = first[order], second[order], rows[order]
    # Two of one household may have the same number.
    again = (first[1:] == first[:-1]) & (second[1:] == second[:-1]) & (rows[1:] == rows[:-1])
    kept = np.concatenate([np.ones(min(len(rows), 1), dtype=np.bool_), ~again])
    return _Sorted(first[kept], second[kept], rows[kept], new)


def _pieces(tx: Tx, snapshot_id: UUID) -> list[int]:
    query = sa.select(WeighedPiece.no).where(WeighedPiece.snapshot_id == snapshot_id, WeighedPiece.no != GOINGS)
    return list(tx.session.scalars(query.order_by(WeighedPiece.no)))
