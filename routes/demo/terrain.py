"""Islands out of noise: where the invented district has land, and how high it lies."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from routes.demo.chance import Bools, Floats, Ints, chance

# Open water of the Banda Sea: no land of any real district lies in this box.
WEST_DEG = 128.30
SOUTH_DEG = -6.12
STEP_DEG = 0.0024
COLUMNS = 500
ROWS = 460

SMALLEST_ISLAND_CELLS = 3
LARGEST_LAKE_CELLS = 80

# The spines of the islands (column, row) with their half width in cells; the noise makes the coasts.
SPINES: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (25.0, ((92, 342), (140, 322), (182, 285), (212, 240), (240, 212))),
    (16.0, ((212, 240), (205, 205), (222, 172))),
    (18.0, ((306, 352), (345, 350), (384, 318))),
    (20.0, ((338, 215), (352, 172), (344, 128))),
    (14.0, ((98, 196), (118, 150))),
    (11.0, ((432, 232), (440, 200))),
    (12.0, ((196, 74), (240, 62), (262, 74))),
    (8.0, ((58, 268), (66, 252))),
    (7.0, ((276, 288), (290, 276))),
    (9.0, ((428, 398), (446, 386))),
    (6.5, ((404, 112), (416, 100))),
    (8.0, ((132, 84), (140, 70))),
    (5.5, ((286, 110), (296, 96))),
    (5.0, ((236, 384), (246, 392))),
    (4.5, ((404, 268), (408, 262))),
    (4.5, ((448, 152), (452, 140))),
    (5.0, ((318, 56), (330, 48))),
    (4.5, ((38, 380), (44, 388))),
    (4.5, ((160, 232), (166, 226))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """A grid of cells, row 0 in the south and column 0 in the west.

    Shapes: both (ROWS, COLUMNS). ``height`` is above 0 exactly where ``is_land``; its unit is arbitrary.
    """

    height: Floats
    is_land: Bools
    noise: Floats


def raise_islands(seed: int) -> Terrain:
    """Raise the archipelago from the sea: no single-cell rocks, no lakes."""
    columns, rows = np.meshgrid(np.arange(COLUMNS, dtype=np.float64), np.arange(ROWS, dtype=np.float64))
    warp_x = fractal(seed, "warp east", columns, rows, longest=56.0, octaves=3) * 15.0
    warp_y = fractal(seed, "warp north", columns, rows, longest=56.0, octaves=3) * 15.0
    bent_x, bent_y = columns + warp_x, rows + warp_y

    nearness = np.zeros_like(columns)
    for half_width, spine in SPINES:
        for (x0, y0), (x1, y1) in itertools.pairwise(spine):
            length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = np.clip(((bent_x - x0) * (x1 - x0) + (bent_y - y0) * (y1 - y0)) / length2, 0.0, 1.0)
            away2 = (bent_x - x0 - along * (x1 - x0)) ** 2 + (bent_y - y0 - along * (y1 - y0)) ** 2
            nearness = np.maximum(nearness, 1.0 / (1.0 + away2 / half_width**2))

    coast = fractal(seed, "coast", columns, rows, longest=34.0, octaves=5)
    # Rounded, so that the last bit of a processor cannot move a coast.
    height = np.round(nearness - 0.5 + 0.36 * coast, 9)
    rim = np.minimum.reduce([columns, rows, COLUMNS - 1 - columns, ROWS - 1 - rows])
    height = np.where(rim < 6, -0.5, height)
    is_land = height > 0.0

    islands = label_parts(is_land)
    sizes = np.bincount(islands.ravel())
    is_speck = is_land & (sizes[islands] < SMALLEST_ISLAND_CELLS)
    height = np.where(is_speck, -0.02, height)
    is_land = height > 0.0

    waters = label_parts(~is_land)
    sizes = np.bincount(waters.ravel())
    is_lake = ~is_land & (sizes[waters] < LARGEST_LAKE_CELLS)
    height = np.where(is_lake, 0.02, height)
    height = np.where(height == 0.0, -1e-3, height)
    return Terrain(height=height, is_land=height > 0.0, noise=fractal(seed, "ground", columns, rows, 12.0, 3))


def fractal(seed: int, name: str, x: Floats, y: Floats, longest: float, octaves: int) -> Floats:
    """Sum noise of halving wavelength, about -1 to 1; each octave is turned so that no grid shows.

    Only additions and multiplications, so the same bits on every machine.
    """
    total = np.zeros_like(x)
    strength, wave = 1.0, longest
    turned_x, turned_y = x, y
    for octave in range(octaves):
        # A turn by the 3-4-5 triangle: exact, no sine needed.
        turned_x, turned_y = turned_x * 0.8 - turned_y * 0.6 + 17.0, turned_x * 0.6 + turned_y * 0.8 + 31.0
        total += strength * _one_octave(chance(seed, name, octave), turned_x / wave, turned_y / wave)
        strength *= 0.55
        wave *= 0.5
    return total


def _one_octave(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Blend random values between the corners of a lattice."""
    left, low = np.floor(x), np.floor(y)
    across, up = x - left, y - low
    column = left.astype(np.int64) - int(left.min())
    row = low.astype(np.int64) - int(low.min())
    lattice = rng.random((int(row.max()) + 2, int(column.max()) + 2)) * 2.0 - 1.0
    across = across * across * across * (across * (across * 6.0 - 15.0) + 10.0)
    up = up * up * up * (up * (up * 6.0 - 15.0) + 10.0)
    south = lattice[row, column] * (1.0 - across) + lattice[row, column + 1] * across
    north = lattice[row + 1, column] * (1.0 - across) + lattice[row + 1, column + 1] * across
    blended: Floats = south * (1.0 - up) + north * up
    return blended


def label_parts(mask: Bools) -> Ints:
    """Number the connected parts of a mask (by sides, not corners), 0 outside it.

    Shape: as the mask. Parts are numbered from 1 in the order of their first cell.
    """
    rows, _columns = mask.shape
    parent: list[int] = [0]

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    run_of = np.zeros(mask.shape, dtype=np.int64)
    before: list[tuple[int, int, int]] = []
    for row in range(rows):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], mask[row], [False]))))
        here: list[tuple[int, int, int]] = []
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            run = len(parent)
            parent.append(run)
            run_of[row, first:last] = run
            here.append((first, last, run))
            for other_first, other_last, other in before:
                if other_first < last and first < other_last:
                    low, high = sorted((root(run), root(other)))
                    parent[high] = low
        before = here
    roots = np.array([root(run) for run in range(len(parent))], dtype=np.int64)
    _, numbers = np.unique(roots, return_inverse=True)
    return numbers.astype(np.int64)[run_of]
