"""How fast households are matched to areas: the product's ways beside the ways one would write first.

    python -m bench.matching [--households 1000000] [--areas 50] [--vertices 1140] [--district 100000]
                             [--province 1000000] [--engine sqlite|postgresql] [--postgis URL]

Households stand in settlements, areas are irregular outlines; every way must find the very same (area, household)
pairs. GeoPandas takes part where it is installed, PostGIS where the address of an empty database with it is given.
Then one area is matched the whole way (posted, matched with reasons and confidence, kept, on the incident's list) in a
district, a third of it without a position, and over a province's million with a quarter of it affected.
Compare ratios within one run, not seconds of different days; "cpu ms" is the processor's own time, for a machine that
others use meanwhile. The peers in memory have the points there already; the product's ways read them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.actor import system
from core.clock import FixedClock
from core.db import Base, open_engine
from core.office.commands import OpenOffice, open_office
from core.work import Work
from logistics.zones.commands import OpenIncident, PostZone, open_incident, post_zone
from logistics.zones.matching import find_matches, keep_matches
from logistics.zones.states import Hazard, Severity
from registry_link.households.mapped import keep_columns
from registry_link.households.positions import position_keys, position_of
from registry_link.matching.arrays import Floats, Ints
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.matching.queries import numbers_inside
from tests.support.databases import Run

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
    """Put an office, regions, boundaries and households into a migrated database."""
    tables = Base.metadata.tables
    with Work(engine, FixedClock(NOW)).by(OFFICE) as tx:
        order = OpenOffice(
            regency_code="99.01", regency_name="Kabupaten Contoh", name="Dinas Sosial", seat="Contoh",
            time_zone="Asia/Jakarta", is_demo=True,
        )  # fmt: skip
        open_office(tx, order)
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
            _put(engine, rows)
            rows = []
    if rows:
        _put(engine, rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _put(engine: Engine, rows: list[dict[str, object]]) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(Base.metadata.tables["household"]), rows)


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


def by_postgis(url: str, ground: Ground, areas: list[Outline]) -> tuple[Callable[[], Pairs], float]:
    """GiST over the points, ST_Covers; the way a GIS is usually asked."""
    engine = sa.create_engine(url)
    begun = time.perf_counter()
    with engine.begin() as connection:
        for statement in (
            "CREATE EXTENSION IF NOT EXISTS postgis",
            "CREATE TABLE bench_point (id integer, lon float8, lat float8, place geometry(Point, 4326))",
            "CREATE TABLE bench_area (no integer, outline geometry(Polygon, 4326))",
        ):
            connection.exec_driver_sql(statement)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            with cursor.copy("COPY bench_point (id, lon, lat) FROM STDIN") as copy:
                for row in zip(range(1, len(ground.lon) + 1), ground.lon.tolist(), ground.lat.tolist(), strict=True):
                    copy.write_row(row)
            outlines = [(number, shapely.to_wkb(area.parts[0], hex=True)) for number, area in enumerate(areas)]
            cursor.executemany("INSERT INTO bench_area VALUES (%s, ST_SetSRID(%s::geometry, 4326))", outlines)
        connection.exec_driver_sql("UPDATE bench_point SET place = ST_SetSRID(ST_MakePoint(lon, lat), 4326)")
        connection.exec_driver_sql("CREATE INDEX ON bench_point USING gist (place)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE bench_point")

    def ask() -> Pairs:
        with engine.connect() as connection:
            query = "SELECT no, id FROM bench_area JOIN bench_point ON ST_Covers(outline, place)"
            found = np.array(connection.exec_driver_sql(query).all(), dtype=np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    return ask, time.perf_counter() - begun


def compare(run: Run, folder: Path, given: argparse.Namespace) -> None:
    rng = np.random.default_rng(20)
    ground = make_ground(rng, given.households, WEST, SOUTH, WIDE, HIGH)
    areas = make_areas(rng, given.areas, given.vertices)
    corner = [[WEST, SOUTH], [WEST + WIDE, SOUTH], [WEST + WIDE, SOUTH + HIGH], [WEST, SOUTH + HIGH], [WEST, SOUTH]]
    print(f"{given.households:,} households; {given.areas} areas, {sum(one.point_count for one in areas):,} vertices")
    ways: dict[str, tuple[Callable[[], Pairs], float]] = {}
    engines = []
    with contextlib.ExitStack() as open_ones:
        for kind in given.engine or ("sqlite", "postgresql"):
            begun = time.perf_counter()
            engine = open_engine(open_ones.enter_context(run.database(kind, folder / kind)))
            engines.append(engine)
            rows = (
                household(n + 1, "99.01.01.2001", "001", "001", (float(x), float(y), int(key)))
                for n, (x, y, key) in enumerate(zip(ground.lon, ground.lat, ground.keys, strict=True))
            )
            fill(engine, rows, {"99.01.01.2001": corner})
            print(f"  filled on {kind} after {time.perf_counter() - begun:.0f} s")
            alone = Work(engine, FixedClock(NOW + timedelta(days=1)))
            mapped = Work(engine, alone.clock, folder=folder / kind)
            begun = time.perf_counter()
            keep_columns(mapped, OFFICE)
            built = time.perf_counter() - begun
            ways[f"cell-key cover, sorted columns beside {kind}"] = (partial(by_database, mapped, areas), built)
            ways[f"cell-key cover, {kind} alone"] = (partial(by_database, alone, areas), 0.0)
        ways["shapely, prepared polygons in a loop, points in memory"] = (lambda: by_loop(ground, areas), 0.0)
        begun = time.perf_counter()
        tree = shapely.STRtree(np.asarray(shapely.points(ground.lon, ground.lat)))
        ways["shapely STRtree of points in memory"] = (lambda: by_tree(tree, areas), time.perf_counter() - begun)
        if importlib.util.find_spec("geopandas"):
            geopandas = importlib.import_module("geopandas")
            begun = time.perf_counter()
            frame = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(ground.lon, ground.lat), crs=4326)
            assert frame.sindex is not None
            ways["GeoPandas sjoin (covered_by), points in memory"] = (
                lambda: by_geopandas(frame, areas),
                time.perf_counter() - begun,
            )
        else:
            print("GeoPandas is not installed: left out.")
        if given.postgis:
            ways["PostGIS, GiST and ST_Covers"] = by_postgis(given.postgis, ground, areas)
        else:
            print("No database with PostGIS was given: left out.")

        results = {name: timed(act, 5) for name, (act, _) in ways.items()}
        first, _, (which, found) = next(iter(results.values()))
        print(f"\n{len(found):,} pairs, {len(np.unique(found)):,} households\n")
        print(f"{'Way':56}{'ms':>9}{'cpu ms':>9}{'ratio':>8}{'build s':>10}")
        for name, (seconds, busy, pairs) in results.items():
            assert np.array_equal(pairs[0], which), name
            assert np.array_equal(pairs[1], found), name
            print(f"{name:56}{seconds * 1000:9.0f}{busy * 1000:9.0f}{seconds / first:8.1f}{ways[name][1]:10.2f}")
        for engine in engines:
            engine.dispose()


def whole_way(run: Run, folder: Path, kind: str, households: int, side: float) -> None:
    """Post areas over invented villages and bring their households onto the incident's list."""
    rng = np.random.default_rng(21)
    across, up = 10, 9
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
    rows = (
        household(
            n + 1, names[int(row[n] * across + column[n])], f"{n % 4 + 1:03}", f"{n % 3 + 1:03}",
            (float(ground.lon[n]), float(ground.lat[n]), int(ground.keys[n])) if has_position[n] else None,
        )
        for n in range(households)
    )  # fmt: skip
    with run.database(kind, folder / f"whole-{kind}-{households}") as url:
        engine = open_engine(url)
        fill(engine, rows, codes)
        work = Work(engine, FixedClock(NOW + timedelta(days=1)), folder=folder / f"whole-{kind}-{households}")
        keep_columns(work, OFFICE)
        opened = work.run(
            OFFICE,
            lambda tx: open_incident(tx, OpenIncident(name="Banjir ukur", hazard=Hazard.FLOOD, started_at=NOW)),
        )
        print(f"\nThe whole way on {kind}, {households:,} households, {len(codes)} villages, 1/3 without a position:\n")
        print(f"{'Area':28}{'read ms':>9}{'keep ms':>9}{'in all':>9}{'certain':>10}{'probable':>10}{'to verify':>11}")
        for name, part in (("three villages", 0.125), ("a quarter", 0.27), ("a half", 0.4)):
            ring = _ring(rng, WEST + across * side / 2, SOUTH + up * side / 2, side * across * part, 1000)
            order = PostZone(
                incident_id=opened.id, name=name, observed_at=NOW, severity=Severity.HEAVY,
                outline=json.dumps({"type": "Polygon", "coordinates": [ring]}),
            )  # fmt: skip
            begun = time.perf_counter()
            posted = work.run(OFFICE, partial(post_zone, order=order))
            with work.read_by(OFFICE) as tx:
                found = find_matches(tx, posted.version_id)
            read = time.perf_counter()
            kept = work.run(OFFICE, partial(keep_matches, found=found))
            done = time.perf_counter()
            assert kept is not None
            groups = f"{kept.certain:10,}{kept.probable:10,}{kept.to_verify:11,}"
            times = ((read - begun) * 1000, (done - read) * 1000, (done - begun) * 1000)
            print(f"{name:28}{times[0]:9.0f}{times[1]:9.0f}{times[2]:9.0f}{groups}", flush=True)
        engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--areas", type=int, default=50)
    parser.add_argument("--vertices", type=int, default=1_140, help="of each area")
    parser.add_argument("--district", type=int, default=100_000, help="households of the district; 0 leaves it out")
    parser.add_argument("--province", type=int, default=1_000_000, help="households of the province; 0 leaves it out")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--postgis", help="address of an empty database that has PostGIS")
    given = parser.parse_args()
    run = Run.begin()
    try:
        with tempfile.TemporaryDirectory(prefix="tanggap-bench-") as folder:
            for kind in ("sqlite", "postgresql"):
                (Path(folder) / kind).mkdir()
                for size in {given.district, given.province}:
                    (Path(folder) / f"whole-{kind}-{size}").mkdir()
            compare(run, Path(folder), given)
            for kind in given.engine or ("sqlite", "postgresql"):
                for size, side in ((given.district, 0.04), (given.province, 0.2)):
                    if size:
                        whole_way(run, Path(folder), kind, size, side)
    finally:
        run.end()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MB, Python {sys.version.split()[0]}, shapely {shapely.__version__}")


if __name__ == "__main__":
    main()
