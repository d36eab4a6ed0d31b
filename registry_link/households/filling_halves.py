"""What ``known_number`` is to hold of new rows, kept as their keyed hashes are made, until all of it is put in order.

Twenty bytes each, of the one taking over that this process works on; what another process made is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from registry_link.households.known import HALF

EIGHT_BYTES: Final = np.dtype(">u8")
Part = tuple[str, int, int]
"""The kind of rows, the piece, and the part of it."""
Key = tuple[UUID, int]
"""The snapshot, and the number of its taking over."""


@dataclass(frozen=True, slots=True)
class Halves:
    """Of the rows of a part that have a number: the two quarters of its keyed hash, and the household by its place."""

    numbers: npt.NDArray[Any]
    homes: npt.NDArray[np.int32]


NO_HALVES: Final = Halves(np.zeros((0, 2), dtype=EIGHT_BYTES), np.zeros(0, dtype=np.int32))
_kept: dict[Key, dict[Part, Halves]] = {}


def halves_of(indexes: pl.Series, homes: pl.Series) -> Halves:
    """Give what is to be kept of a column of keyed hashes."""
    is_there = indexes.is_not_null()
    first = b"".join([one[:HALF] for one in indexes.filter(is_there).to_list()])
    return Halves(
        np.frombuffer(first, dtype=EIGHT_BYTES).reshape(-1, 2),
        homes.filter(is_there).to_numpy().astype(np.int32),
    )


def keep_halves(key: Key, part: Part, halves: Halves) -> None:
    """Keep what was made of a part; of another taking over nothing is kept any more."""
    if key not in _kept:
        _kept.clear()
    _kept.setdefault(key, {})[part] = halves


def take_halves(key: Key) -> dict[Part, Halves]:
    """Give what this process made for a taking over, which is kept no longer."""
    found = _kept.get(key, {})
    forget_halves()
    return found


def forget_halves() -> None:
    """Keep nothing."""
    _kept.clear()
