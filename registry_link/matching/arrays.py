"""The array types the matching works on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
"""Geometries of shapely."""


def counted(counts: Ints) -> tuple[Ints, Ints]:
    """Repeat each position ``counts`` times and number the repeats from 0.

    Shapes: (n,) -> two of (sum,): the position, and its running number.
    """
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def stretches(sorted_values: Ints) -> list[tuple[int, slice]]:
    """Give each different value of a sorted column with where it stands."""
    values, starts = np.unique(sorted_values, return_index=True)
    stops = np.append(starts, len(sorted_values))[1:]
    return [(v, slice(a, b)) for v, a, b in zip(values.tolist(), starts.tolist(), stops.tolist(), strict=True)]
