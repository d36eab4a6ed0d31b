"""Ids of what a snapshot brings, by the place of each row in its files: work that is cut off makes the same ones again.

They begin with the snapshot's own id, and with it in the order of time; its last bits give way to the row's number.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

_KEPT: Final = 23
"""Of the 32 digits of a snapshot's id; 40 bits of chance are left beside its time."""


class Serial(enum.StrEnum):
    """What a number counts."""

    HOUSEHOLD = "0"
    MEMBER = "1"
    LINK = "2"


def serial_ids(snapshot_id: UUID, kind: Serial, numbers: Sequence[int]) -> list[str]:
    """Give the ids, as digits, of the rows with these numbers."""
    begin = snapshot_id.hex[:_KEPT] + kind.value
    return [f"{begin}{number:08x}" for number in numbers]


def household_codes(numbers: npt.NDArray[np.int64]) -> list[str]:
    """Write ``core.ids.code_with_check("KEL", number)`` for many numbers below 10^9 at once."""
    totals = np.zeros(len(numbers), dtype=np.int64)
    for place in range(9):
        digits = numbers // 10**place % 10
        if place % 2 == 0:
            digits = digits * 2 - np.where(digits > 4, 9, 0)
        totals += digits
    checks: Any = -totals % 10
    return [f"KEL-{number:06d}-{check}" for number, check in zip(numbers.tolist(), checks.tolist(), strict=True)]
