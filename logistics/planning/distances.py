"""Great-circle distances in whole metres, the same on every machine.

A library's sine differs in its last bit from processor to processor, and a metre that is rounded the other way makes
another plan. Here only sums, products, quotients and square roots are used, which IEEE 754 rounds alike everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EARTH_M: Final = 6_371_008.8
UNKNOWN_M: Final = 100_000_000
"""More metres than any two places on Earth are apart."""
_RADIAN: Final = 0.017453292519943295
_PI: Final = 3.141592653589793
_NEAR: Final = 0.05
"""Half a chord, in radii: nearer than about 600 km, eight terms of the arcsine are exact to the last bit but one."""
_AT_ONCE: Final = 1 << 16
"""Pairs at a time: what is worked on stays in the processor's own memory."""


def metres_between(lon_deg: Floats, lat_deg: Floats, to_lon_deg: Floats, to_lat_deg: Floats) -> Ints:
    """Give the metres from each place to each other one; ``UNKNOWN_M`` where an end is unknown (NaN).

    Shapes: (n,), (n,), (m,), (m,) to (n, m).
    """
    here, there = _on_sphere(lon_deg, lat_deg), _on_sphere(to_lon_deg, to_lat_deg)
    found = np.empty((len(lon_deg), len(to_lon_deg)), dtype=np.int64)
    rows = max(1, _AT_ONCE // max(1, len(to_lon_deg)))
    for first in range(0, len(lon_deg), rows):
        part = slice(first, first + rows)
        square = np.zeros((len(found[part]), len(to_lon_deg)))
        for axis in range(3):
            apart = here[axis][part, None] - there[axis][None, :]
            square += apart * apart
        half = np.minimum(np.sqrt(square) * 0.5, 1.0)
        metres = np.rint(_twice_arcsine(half) * EARTH_M)
        found[part] = np.where(np.isnan(metres), UNKNOWN_M, np.nan_to_num(metres))
    return found


def _on_sphere(lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats, Floats]:
    across = _sine(90.0 - np.abs(lat_deg))
    return across * _sine(90.0 - np.abs(lon_deg)), across * _sine(_folded(lon_deg)), _sine(lat_deg)


def _folded(deg: Floats) -> Floats:
    """Give the angle between -90 and 90 degrees that has the same sine."""
    return np.where(deg > 90.0, 180.0 - deg, np.where(deg < -90.0, -180.0 - deg, deg))


def _sine(deg: Floats) -> Floats:
    """Give the sine of angles between -90 and 90 degrees, by its series."""
    x = deg * _RADIAN
    square = x * x
    total = np.zeros_like(x)
    for power in range(25, 1, -2):
        total = (1.0 + total) * (square / -(power * (power - 1.0)))
    return x * (1.0 + total)


def _twice_arcsine(half: Floats) -> Floats:
    """Give the angle over a chord from half of it, in radians."""
    angle = _series(half, 8)
    is_far = half > _NEAR
    if is_far.any():
        far = half[is_far]
        is_beyond = far > 0.5
        small = np.where(is_beyond, np.sqrt((1.0 - far) * 0.5), far)
        wide = _series(small, 28)
        angle[is_far] = np.where(is_beyond, _PI - 2.0 * wide, wide)
    return angle


def _series(x: Floats, terms: int) -> Floats:
    """Give twice the arcsine of 0 to 0.5."""
    square = x * x
    total = np.zeros_like(x)
    for k in range(terms, 0, -1):
        # The k-th coefficient times (2k - 1)² / (2k (2k + 1)) is the next one.
        total = (1.0 + total) * square * ((2.0 * k - 1.0) * (2.0 * k - 1.0) / (2.0 * k * (2.0 * k + 1.0)))
    return 2.0 * x * (1.0 + total)
