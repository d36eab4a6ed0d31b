"""One whole number per position: near places have near numbers, so an index on it finds an area's households.

The number is the Morton code of longitude and latitude at 1e-7 degree (58 bits). Every square cell of a grid whose side
is a power of two is one unbroken range of numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

PER_DEGREE = 10_000_000
WEST, SOUTH = 90 * PER_DEGREE, -15 * PER_DEGREE
BITS = 29
"""90° to 143.6° E and 15° S to 38.6° N: all of Indonesia."""
_SPREAD = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]


def position_key(lon_deg: float, lat_deg: float) -> int | None:
    """Give a position's number, or None where it lies outside the numbered part of the world."""
    keys, is_known = position_keys(np.array([lon_deg]), np.array([lat_deg]))
    return int(keys[0]) if is_known[0] else None


def is_numbered(lon_deg: float, lat_deg: float) -> bool:
    """Tell whether ``position_key`` gives a number, fast for one position at a time."""
    if not (abs(lon_deg) <= 180 and abs(lat_deg) <= 90):
        return False
    across, up = round(lon_deg * PER_DEGREE) - WEST, round(lat_deg * PER_DEGREE) - SOUTH
    return max(across, up) < int(2**BITS) and min(across, up) >= 0


def position_keys(lon_deg: Floats, lat_deg: Floats) -> tuple[Ints, Bools]:
    """Give the positions' numbers, and which of them are valid (finite and in the numbered part of the world).

    Shapes: (n,), (n,) -> (n,), (n,). A position is rounded to the nearest 1e-7 degree (1 cm).
    """
    across, up = _steps(lon_deg) - WEST, _steps(lat_deg) - SOUTH
    is_known = (across >= 0) & (across < 2**BITS) & (up >= 0) & (up < 2**BITS)
    return np.where(is_known, keys_of_steps(np.where(is_known, across, 0), np.where(is_known, up, 0)), -1), is_known


def position_of(keys: Ints) -> tuple[Floats, Floats]:
    """Give the longitudes and latitudes of position numbers: exactly the degrees that were rounded to 1e-7."""
    words = keys.astype(np.uint64)
    return (_gather(words) + WEST) / PER_DEGREE, (_gather(words >> np.uint64(1)) + SOUTH) / PER_DEGREE


def _steps(degrees_: Floats) -> Ints:
    """Give degrees as whole steps of 1e-7, and a number outside the world for what is none."""
    steps = np.rint(np.asarray(degrees_, dtype=np.float64) * PER_DEGREE)
    return np.where(np.abs(steps) <= 180 * PER_DEGREE, steps, -180.0 * PER_DEGREE * 2).astype(np.int64)


def keys_of_steps(across: Ints, up: Ints) -> Ints:
    """Weave whole steps counted from the south-west corner into numbers."""
    return (_spread(across) | (_spread(up) << np.uint64(1))).astype(np.int64)


def _spread(numbers: Ints) -> _Words:
    """Put a zero bit between all bits."""
    words = numbers.astype(np.uint64)
    for by, mask in _SPREAD:
        words = (words | (words << np.uint64(by))) & np.uint64(mask)
    return words


def _gather(words: _Words) -> Ints:
    """Take every second bit: the inverse of ``_spread``."""
    words = words & np.uint64(_SPREAD[-1][1])
    for (by, _), (_, mask) in zip(reversed(_SPREAD), [*reversed(_SPREAD[:-1]), (32, 0x00000000FFFFFFFF)], strict=True):
        words = (words | (words >> np.uint64(by))) & np.uint64(mask)
    return words.astype(np.int64)
