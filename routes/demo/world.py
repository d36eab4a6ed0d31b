"""The invented district: codes, boundaries, and where its people live. Same seed, same world, on any machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np

from registry_link.regions.readers import BoundaryRow, RegionRow
from registry_link.regions.states import Level
from routes.demo.chance import Ints
from routes.demo.names import DISTRICTS, PROVINCE, REGENCY, village_names
from routes.demo.outlines import Land, areas_km2, outlines_of, position, settle
from routes.demo.terrain import SOUTH_DEG, STEP_DEG, WEST_DEG, Terrain, raise_islands

CODE = "99.01"
VILLAGES = 92
_NEAR = ((3, 0), (-3, 0), (0, 3), (0, -3), (2, 2), (-2, -2), (2, -2), (-2, 2))
"""Where the sea must be for a cell to lie at the coast: some 700 m away."""
TOWNS = 6
"""Villages that are kelurahan: the biggest of the main town's district."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hamlet:
    """A settlement: its middle (grid columns and rows), how far its houses lie, and its share of the village."""

    column: float
    row: float
    spread: float
    weight: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoVillage:
    number: int
    code: str
    name: str
    kind: str
    district_code: str
    weight: float
    """Its share of the district's people."""
    hamlets: tuple[Hamlet, ...]

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of its main settlement."""
        return position(self.hamlets[0].column, self.hamlets[0].row)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWorld:
    seed: int
    land: Ints
    villages: tuple[DemoVillage, ...]
    regions: tuple[RegionRow, ...]
    boundaries: tuple[BoundaryRow, ...]

    def village_at(self, column: float, row: float) -> int:
        """Give the number of the village at a place of the grid; 0 in the sea."""
        x, y = int(column), int(row)
        return int(self.land[y, x]) if 0 <= y < self.land.shape[0] and 0 <= x < self.land.shape[1] else 0


def generate_world(seed: int) -> DemoWorld:
    """Raise the islands, divide them into villages and put settlements along their coasts."""
    terrain = raise_islands(seed)
    land = settle(terrain, VILLAGES, len(DISTRICTS), seed)
    villages = _villages(terrain, land, seed)
    return DemoWorld(
        seed=seed, land=land.village, villages=villages, regions=_regions(villages),
        boundaries=_boundaries(land, villages),
    )  # fmt: skip


def _villages(terrain: Terrain, land: Land, seed: int) -> tuple[DemoVillage, ...]:
    chance = Random(seed + 1)
    names = village_names(VILLAGES)
    sizes = areas_km2(land.village)
    weights = [math.exp(chance.gauss(0.0, 0.55)) * float(sizes[n]) ** 0.35 for n in range(1, VILLAGES + 1)]
    main = max(set(land.district), key=land.district.count)
    biggest = sorted((n for n in range(VILLAGES) if land.district[n] == main), key=lambda n: -weights[n])[:TOWNS]
    for n in biggest:
        weights[n] *= 2.2
    serials: dict[tuple[int, bool], int] = {}
    found = []
    for n in range(VILLAGES):
        district, is_town = land.district[n], n in biggest
        serials[district, is_town] = serials.get((district, is_town), 0) + 1
        found.append(
            DemoVillage(
                number=n + 1, name=names[n], kind="kelurahan" if is_town else "desa", weight=weights[n],
                code=f"{CODE}.{district:02d}.{(1000 if is_town else 2000) + serials[district, is_town]}",
                district_code=f"{CODE}.{district:02d}",
                hamlets=_hamlets(terrain, land.village, n + 1, weights[n], chance),
            )
        )  # fmt: skip
    return tuple(found)


def _hamlets(terrain: Terrain, village: Ints, number: int, weight: float, chance: Random) -> tuple[Hamlet, ...]:
    """Choose settlements near the sea and on low ground, some way from each other."""
    rows, columns = np.nonzero(village == number)
    cells = list(zip(columns.tolist(), rows.tolist(), strict=True))
    sea = {(x, y) for x, y in cells if not all(terrain.is_land[y + down, x + right] for right, down in _NEAR)}
    low = [cell for cell in cells if cell in sea] or cells
    count = min(2 + int(weight > 3) + int(weight > 6) + chance.randrange(2), max(1, len(cells) // 12), 6)
    chosen: list[tuple[int, int]] = [low[chance.randrange(len(low))]]
    while len(chosen) < count:
        tries = [low[chance.randrange(len(low))] for _ in range(8)]
        chosen.append(max(tries, key=lambda cell: min((cell[0] - x) ** 2 + (cell[1] - y) ** 2 for x, y in chosen)))
    return tuple(
        Hamlet(
            column=x + 0.5, row=y + 0.5, spread=0.9 + chance.random() * 1.3,
            weight=1.6 if n == 0 else 0.4 + chance.random(),
            name=f"Dusun {['I', 'II', 'III', 'IV', 'V', 'VI'][n]}",
        )
        for n, (x, y) in enumerate(chosen)
    )  # fmt: skip


def _regions(villages: tuple[DemoVillage, ...]) -> tuple[RegionRow, ...]:
    rows = [
        RegionRow(row=1, code="99", name=PROVINCE, level=Level.PROVINCE, kind="provinsi"),
        RegionRow(row=2, code=CODE, name=REGENCY, level=Level.REGENCY, kind="kabupaten", time_zone="Asia/Jayapura"),
    ]
    rows += [
        RegionRow(row=3, code=f"{CODE}.{n:02d}", name=name, level=Level.DISTRICT, kind="kecamatan")
        for n, name in enumerate(DISTRICTS, 1)
    ]
    rows += [RegionRow(row=4, code=one.code, name=one.name, level=Level.VILLAGE, kind=one.kind) for one in villages]
    return tuple(rows)


def _boundaries(land: Land, villages: tuple[DemoVillage, ...]) -> tuple[BoundaryRow, ...]:
    by_district = np.array([0, *land.district])[land.village]
    whole = (land.village > 0).astype(np.int64)
    rows = []
    for labels, named in (
        (land.village, {one.number: (one.code, one.name, Level.VILLAGE) for one in villages}),
        (by_district, {n: (f"{CODE}.{n:02d}", name, Level.DISTRICT) for n, name in enumerate(DISTRICTS, 1)}),
        (whole, {1: (CODE, REGENCY, Level.REGENCY)}),
    ):
        sizes = areas_km2(labels)
        for label, geojson in outlines_of(labels, land.village).items():
            code, name, level = named[label]
            ys, xs = np.nonzero(labels == label)
            rows.append(
                BoundaryRow(
                    row=1, code=code, name=name, level=level, geojson=geojson, area_km2=round(float(sizes[label]), 3),
                    west=WEST_DEG + float(xs.min()) * STEP_DEG, south=SOUTH_DEG + float(ys.min()) * STEP_DEG,
                    east=WEST_DEG + float(xs.max() + 1) * STEP_DEG, north=SOUTH_DEG + float(ys.max() + 1) * STEP_DEG,
                )
            )  # fmt: skip
    return tuple(rows)
