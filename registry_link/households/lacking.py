"""Households of a file that list nobody, or members of whom none is the head.

Rows come in pieces, and households and their members in files of their own: what lacks is known when all are read.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from registry_link.households.pieces import Digests, Mask, Piece
from registry_link.households.states import Relation

LACKING: Final = pl.Schema({"home": pl.UInt64(), "row": pl.Int32(), "has_member": pl.Boolean()})
"""Of a household without a head: the digest of its id, the row where it stands (first), whether it lists anybody."""


class HeadsTold:
    """What a snapshot's pieces say of heads, and where households stand: five bytes a household and one a member."""

    def __init__(self) -> None:
        self._rows = [np.zeros(0, dtype=np.int32)]
        self._is_head = [np.zeros(0, dtype=np.bool_)]

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        self._rows.append(piece.homes["file_row"].to_numpy().astype(np.int32))
        self._is_head.append((piece.people["relation"] == Relation.HEAD.value).to_numpy())

    def lacking(self, home: Digests, home_of: npt.NDArray[np.int32], is_judged: Mask) -> pl.DataFrame:
        """Give the households without a head, as ``LACKING`` in the order of the file, but for those not judged.

        ``home`` are the digests of all, ``home_of`` of each member the place of its household among them.
        """
        has_head, has_member = (np.zeros(len(home), dtype=np.bool_) for _ in range(2))
        has_head[home_of[np.concatenate(self._is_head)]] = True
        places = np.flatnonzero(~has_head & is_judged)
        has_member[home_of] = True
        return pl.DataFrame(
            {"home": home[places], "row": np.concatenate(self._rows)[places], "has_member": has_member[places]},
            schema=LACKING,
        )
