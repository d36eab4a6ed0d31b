"""Repeatable chance: the same seed and words give the same numbers on every machine."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def chance(seed: int, *words: str | int) -> np.random.Generator:
    """Give the generator that belongs to these words and to no others.

    Only ``random()`` is drawn from it: its stream is fixed by the bit generator, while the shaped
    distributions of numpy may change between releases.
    """
    keys = [crc32(word.encode()) if isinstance(word, str) else word for word in words]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))
