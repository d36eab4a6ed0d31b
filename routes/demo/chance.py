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


def bell(rng: np.random.Generator, count: int) -> Floats:
    """Draw numbers with mean 0 and deviation 1, never beyond 3.5 (a sum of four uniform ones)."""
    drawn = rng.random((4, count))
    return (drawn[0] + drawn[1] + drawn[2] + drawn[3] - 2.0) * np.sqrt(3.0)


def pick(rng: np.random.Generator, count: int, choices: int) -> Ints:
    """Draw whole numbers from 0 up to, not including, ``choices``."""
    return (rng.random(count) * choices).astype(np.int64)


def weighted(rng: np.random.Generator, count: int, weights: tuple[float, ...]) -> Ints:
    """Draw positions in ``weights``, each as often as its weight says."""
    steps = np.asarray(weights, dtype=np.float64).cumsum()
    return np.searchsorted(steps, rng.random(count) * steps[-1], side="right").clip(0, len(weights) - 1)


def apportion(total: int, weights: Floats, least: int = 0) -> Ints:
    """Split a whole number by weights, exactly; the largest remainders get the odd ones, ties go to the first.

    Every share is at least ``least`` when there is enough for that.
    """
    count = len(weights)
    if total < least * count:
        least = 0
    free = total - least * count
    exact = weights / weights.sum() * free
    shares = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-np.round(exact - shares, 9), kind="stable")
    rest = free - int(shares.sum())
    shares[order[:rest]] += 1
    return shares + least
