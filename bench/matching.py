"""How fast households are matched to areas: the product's way beside the ways one would write first.

    python bench/matching.py [--households 1000000] [--areas 50] [--vertices 1140] [--district 34000]

Households stand in settlements, areas are irregular outlines; every way must find the very same (area, household)
pairs. GeoPandas takes part where it is installed. Then one area is matched the whole way (reasons and confidence
included) in a district of 34,000 households, a third of them without a position.
Compare ratios within one run, not seconds of different days; "cpu ms" is the processor's own time, for a machine that
others use meanwhile. The ways in memory have the points there already; the database way reads them.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.actor import system
from core.clock import FixedClock
from core.crypto import Keyring, use_ring
from core.db import Base, open_engine
from core.work import Work
from registry_link.households import models as _models  # noqa: F401 (their tables)
from registry_link.households.positions import position_keys, position_of
from registry_link.matching.arrays import Floats, Ints
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.matching.queries import Area, match_area, numbers_inside

NOW = datetime(2026, 11, 16, tzinfo=UTC)
OFFICE = system("99.01")
WEST, SOUTH, WIDE, HIGH = 110.0, -8.0, 2.0, 1.2
"""A province's worth of ground."""
CHUNK = 20_000
Pairs = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Ground:
    """Households by ``row_no`` from 1, all with a position."""

    lon: Floats
    lat: Floats
    keys: Ints


def make_ground(rng: np.random.Generator, count: int, west: float, south: float, wide: float, high: float) -> Ground:
    """Scatter households round settlements of very different sizes, some along roads."""
    settlements = max(count // 400, 1)
    centre = np.column_stack(
        [rng.uniform(west, west + wide, settlements), rng.uniform(south, south + high, settlements)]
    )
    weight = rng.pareto(1.3, settlements) + 0.1
    own = rng.choice(settlements, count, p=weight / weight.sum())
    spread = rng.uniform(0.001, 0.006, settlements)[own]
    point = centre[own] + rng.normal(0, 1, (count, 2)) * spread[:, None]
    place: Floats = np.clip(point, [west, south], [west + wide, south + high])
    keys, _ = position_keys(place[:, 0], place[:, 1])
    return Ground(*position_of(keys), keys)


def make_areas(rng: np.random.Generator, count: int, vertices: int) -> list[Outline]:
    """Draw wobbly outlines, every fifth with a hole, which together hold about a quarter of the ground."""
    radius = math.sqrt(0.27 * WIDE * HIGH / count / math.pi)
    made = []
    for number in range(count):
        x = rng.uniform(WEST + radius, WEST + WIDE - radius)
        y = rng.uniform(SOUTH + radius, SOUTH + HIGH - radius)
        rings = [_ring(rng, x, y, radius, vertices)]
        if number % 5 == 0:
            rings.append(_ring(rng, x, y, radius * 0.3, max(vertices // 4, 8)))
        made.append(parse_outline({"type": "Polygon", "coordinates": rings}))
    return made


def _ring(rng: np.random.Generator, x: float, y: float, radius: float, vertices: int) -> list[list[float]]:
    turn = np.linspace(0, 2 * math.pi, vertices, endpoint=False)
    reach = np.full(vertices, 1.0)
    for wave in range(2, 40):
        reach += rng.normal(0, 0.3 / wave) * np.cos(wave * turn + rng.uniform(0, 6.3))
    reach = radius * np.clip(reach, 0.5, 1.6)
    ring = np.round(np.column_stack([x + reach * np.cos(turn), y + reach * np.sin(turn)]), 7).tolist()
    return [*ring, ring[0]]


# ---------------------------------------------------------------- the database


def fill(engine: Engine, households: Iterator[dict[str, object]], villages: dict[str, list[list[float]]]) -> None:
    """Make the tables and put regions, boundaries and households into them."""
    tables = Base.metadata.tables
    wanted = [tables[name] for name in ("region", "boundary", "snapshot", "household")]
    Base.metadata.create_all(engine, tables=wanted)
    codes = sorted({part for code in villages for part in _parents(code)})
    levels = {1: "province", 2: "regency", 3: "district", 4: "village"}
    with engine.begin() as connection:
        connection.execute(
            sa.insert(tables["region"]),
            [
                {"code": code, "name": code, "parent_code": code.rpartition(".")[0] or None, "kind": "desa",
                 "level": levels[len(code.split("."))], "regency_code": "99.01", "name_key": code}
                for code in codes
            ],
        )  # fmt: skip
        connection.execute(
            sa.insert(tables["boundary"]),
            [
                {"region_code": code, "regency_code": "99.01", "level": "village",
                 "geojson": parse_outline({"type": "Polygon", "coordinates": [ring]}).to_geojson(),
                 "west": ring[0][0], "south": ring[0][1], "east": ring[2][0], "north": ring[2][1], "area_km2": 1.0,
                 "loaded_at": NOW}
                for code, ring in villages.items()
            ],
        )  # fmt: skip
        rows: list[dict[str, object]] = []
        for row in households:
            rows.append(row)
            if len(rows) == CHUNK:
                connection.execute(sa.insert(tables["household"]), rows)
                rows = []
        if rows:
            connection.execute(sa.insert(tables["household"]), rows)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def household(row_no: int, village: str, rw: str, rt: str, at: tuple[float, float, int] | None) -> dict[str, object]:
    return {
        "id": UUID(int=(row_no * 0x9E3779B97F4A7C15) % 2**128), "row_no": row_no, "regency_code": "99.01",
        "code": f"KEL-{row_no:07}", "village_code": village, "rw": rw, "rt": rt, "hamlet": "Contoh",
        "address": f"Jalan Contoh No. {row_no}", "head_name": f"Contoh {row_no}", "size": row_no % 7 + 1,
        "lon_deg": at[0] if at else None, "lat_deg": at[1] if at else None, "position_key": at[2] if at else None,
        "position_source": "gps" if at else None, "position_accuracy_m": 10.0 if at else None, "is_provisional": False,
        "recorded_at": NOW, "changed_at": NOW,
    }  # fmt: skip


def _parents(code: str) -> list[str]:
    parts = code.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


# ---------------------------------------------------------------- the ways


def by_database(work: Work, areas: list[Outline]) -> Pairs:
    with work.read_by(OFFICE) as tx:
        return numbers_inside(tx, areas)


def by_loop(ground: Ground, areas: list[Outline]) -> Pairs:
    """The loop one writes first with shapely: one prepared polygon after the other, points in its box."""
    which, found = [], []
    for number, area in enumerate(areas):
        polygon = area.parts[0]
        shapely.prepare(polygon)
        west, south, east, north = polygon.bounds
        near = np.flatnonzero(
            (ground.lon >= west) & (ground.lon <= east) & (ground.lat >= south) & (ground.lat <= north)
        )
        held = near[shapely.intersects_xy(polygon, ground.lon[near], ground.lat[near])] + 1
        which.append(np.full(len(held), number))
        found.append(held)
    return np.concatenate(which), np.concatenate(found)


def by_tree(tree: shapely.STRtree, areas: list[Outline]) -> Pairs:
    which, found = tree.query(np.array([area.parts[0] for area in areas]), predicate="covers")
    return which, found + 1


def by_geopandas(frame: Any, areas: list[Outline]) -> Pairs:
    geopandas = importlib.import_module("geopandas")
    polygons = geopandas.GeoDataFrame(geometry=[area.parts[0] for area in areas], crs=4326)
    joined = geopandas.sjoin(frame, polygons, predicate="covered_by")
    return joined["index_right"].to_numpy(np.int64), joined.index.to_numpy(np.int64) + 1


def timed(act: Callable[[], Pairs], times: int) -> tuple[float, float, Pairs]:
    """Give the best of several times (by the clock, and of the processor alone), and the pairs in order."""
    best, busy, found = math.inf, math.inf, None
    for _ in range(times):
        begun, worked = time.perf_counter(), time.process_time()
        found = act()
        best, busy = min(best, time.perf_counter() - begun), min(busy, time.process_time() - worked)
    assert found is not None
    order = np.lexsort((found[1], found[0]))
    return best, busy, (found[0][order], found[1][order])


def compare(folder: Path, households: int, areas_count: int, vertices: int) -> None:
    rng = np.random.default_rng(20)
    ground = make_ground(rng, households, WEST, SOUTH, WIDE, HIGH)
    areas = make_areas(rng, areas_count, vertices)
    begun = time.perf_counter()
    engine = open_engine(f"sqlite:///{folder / 'matching.db'}")
    rows = (
        household(n + 1, "99.01.01.2001", "001", "001", (float(x), float(y), int(key)))
        for n, (x, y, key) in enumerate(zip(ground.lon, ground.lat, ground.keys, strict=True))
    )
    corner = [[WEST, SOUTH], [WEST + WIDE, SOUTH], [WEST + WIDE, SOUTH + HIGH], [WEST, SOUTH + HIGH], [WEST, SOUTH]]
    fill(engine, rows, {"99.01.01.2001": corner})
    work = Work(engine, FixedClock(NOW))
    print(f"{households:,} households in SQLite after {time.perf_counter() - begun:.0f} s "
          f"({(folder / 'matching.db').stat().st_size / 1e6:.0f} MB); {areas_count} areas, "
          f"{sum(area.point_count for area in areas):,} vertices")  # fmt: skip

    ways: dict[str, tuple[Callable[[], Pairs], float]] = {}
    ways["cell-key cover, database alone (SQLite)"] = (lambda: by_database(work, areas), 0.0)
    ways["shapely, prepared polygons in a loop, points in memory"] = (lambda: by_loop(ground, areas), 0.0)
    begun = time.perf_counter()
    tree = shapely.STRtree(np.asarray(shapely.points(ground.lon, ground.lat)))
    ways["shapely STRtree of points in memory"] = (lambda: by_tree(tree, areas), time.perf_counter() - begun)
    if importlib.util.find_spec("geopandas"):
        geopandas = importlib.import_module("geopandas")
        begun = time.perf_counter()
        frame = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(ground.lon, ground.lat), crs=4326)
        assert frame.sindex is not None
        ways["GeoPandas sjoin (covers), points in memory"] = (
            lambda: by_geopandas(frame, areas),
            time.perf_counter() - begun,
        )
    else:
        print("GeoPandas is not installed: left out.")

    results = {name: timed(act, 3) for name, (act, _) in ways.items()}
    _, first, (which, found) = next(iter(results.values()))
    print(f"\n{len(found):,} pairs, {len(np.unique(found)):,} households\n")
    print(f"{'Way':56}{'ms':>9}{'cpu ms':>9}{'ratio':>8}{'build s':>10}")
    for name, (seconds, busy, pairs) in results.items():
        assert np.array_equal(pairs[0], which), name
        assert np.array_equal(pairs[1], found), name
        print(f"{name:56}{seconds * 1000:9.0f}{busy * 1000:9.0f}{busy / first:8.1f}{ways[name][1]:10.2f}")
    engine.dispose()


def whole_way(folder: Path, households: int) -> None:
    """Match one flood in a district, reasons and confidence included."""
    rng = np.random.default_rng(21)
    across, up, side = 10, 9, 0.04
    codes = {
        f"99.01.{n // 9 + 1:02}.20{n % 9 + 1:02}": [
            [round(WEST + (n % across) * side + dx, 7), round(SOUTH + (n // across) * side + dy, 7)]
            for dx, dy in ((0, 0), (side, 0), (side, side), (0, side), (0, 0))
        ]
        for n in range(across * up)
    }
    ground = make_ground(rng, households, WEST, SOUTH, across * side, up * side)
    column = np.minimum(((ground.lon - WEST) / side).astype(int), across - 1)
    row = np.minimum(((ground.lat - SOUTH) / side).astype(int), up - 1)
    names = list(codes)
    has_position = rng.random(households) < 0.67
    engine = open_engine(f"sqlite:///{folder / 'district.db'}")
    rows = (
        household(
            n + 1, names[int(row[n] * across + column[n])], f"{n % 4 + 1:03}", f"{n % 3 + 1:03}",
            (float(ground.lon[n]), float(ground.lat[n]), int(ground.keys[n])) if has_position[n] else None,
        )
        for n in range(households)
    )  # fmt: skip
    fill(engine, rows, codes)
    work = Work(engine, FixedClock(NOW))
    print(f"\nThe whole way, {households:,} households in {len(codes)} villages, a third without a position:\n")
    print(f"{'Area':28}{'ms':>9}{'cpu ms':>9}{'certain':>10}{'probable':>10}{'to verify':>11}")
    for name, radius in (("three villages", 0.05), ("a third of the district", 0.13), ("all of it", 0.5)):
        ring = _ring(rng, WEST + across * side / 2, SOUTH + up * side / 2, radius, 1000)
        outline = parse_outline({"type": "Polygon", "coordinates": [ring]})
        best = busy = math.inf
        for _ in range(3):
            begun, worked = time.perf_counter(), time.process_time()
            with work.read_by(OFFICE) as tx:
                found = match_area(tx, Area(outline=Outline.from_geojson(outline.to_geojson())))
            best, busy = min(best, time.perf_counter() - begun), min(busy, time.process_time() - worked)
        counts = found.counts
        groups = f"{counts.certain:10,}{counts.probable:10,}{counts.to_verify:11,}"
        print(f"{name:28}{best * 1000:9.0f}{busy * 1000:9.0f}{groups}")
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--areas", type=int, default=50)
    parser.add_argument("--vertices", type=int, default=1_140, help="of each area")
    parser.add_argument("--district", type=int, default=34_000, help="households of the district matched the whole way")
    given = parser.parse_args()
    use_ring(Keyring.fresh())
    with tempfile.TemporaryDirectory(prefix="tanggap-bench-") as folder:
        compare(Path(folder), given.households, given.areas, given.vertices)
        whole_way(Path(folder), given.district)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MB, Python {sys.version.split()[0]}, shapely {shapely.__version__}")


if __name__ == "__main__":
    main()
