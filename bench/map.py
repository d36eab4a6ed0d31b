"""How fast the incident's map is answered: clusters at every zoom, points of a street, shares of villages.

    python -m bench.map [--households 100000] [--engine sqlite|postgresql] [--times 5]

Every household of the district is on the incident's list and has a position; they stand in settlements of very
different sizes. Timed is what one request of the map asks of the database and makes of it, JSON included; "cpu ms" is
the processor's own time of this process (all of it on SQLite), "bytes" the answer, "gzip" as it travels. Counts of all
cells must add up to the households. Figure to reach: 100 ms.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from bench.bansos_list import regions
from bench.matching import Ground, make_ground
from bench.writers import database
from core.actor import system
from core.clock import FixedClock
from core.crypto import use_ring
from core.db import open_engine
from core.office.commands import OpenOffice, open_office
from core.work import Tx, Work
from logistics.zones import mapping
from logistics.zones.models import AffectedHousehold, Incident, Zone, ZoneVersion
from registry_link.households.bulk import put_rows
from registry_link.households.models import Household
from registry_link.households.states import PositionSource
from registry_link.regions.models import Region
from registry_link.regions.states import Level
from routes.mapping import households_json, shares_body
from tests.support.databases import Run

OFFICE = system("99.01")
NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
INCIDENT, ZONE, VERSION = (UUID(int=n) for n in (1, 2, 3))
WEST, SOUTH, WIDE, HIGH = 131.0, -8.4, 1.0, 1.2
CHUNK = 20_000
HOUSEHOLD = (
    "id", "row_no", "regency_code", "code", "village_code", "rt", "rw", "hamlet", "address", "head_name", "size",
    "decile", "lon_deg", "lat_deg", "position_key", "position_source", "is_provisional", "recorded_at", "changed_at",
)  # fmt: skip
AFFECTED = (
    "incident_id", "household_id", "regency_code", "village_code", "version_id", "confidence", "evidence", "is_inside",
    "state", "note", "decided_at", "decided_by", "joined_at",
)  # fmt: skip


def fill(work: Work, count: int) -> None:
    """Write a district whose households are all on the list of one flood."""
    rng = np.random.default_rng(6)
    ground = make_ground(rng, count, WEST, SOUTH, WIDE, HIGH)
    with work.by(OFFICE) as tx:
        open_office(tx, OpenOffice(regency_code="99.01", regency_name="Contoh", name="Contoh", is_demo=True))
        places = regions()
        tx.session.execute(sa.insert(Region), [
            {"code": code, "name": code, "parent_code": code.rpartition(".")[0] or None, "kind": kind, "level": level,
             "regency_code": "99.01", "name_key": code} for code, level, kind in places
        ])  # fmt: skip
        tx.session.add(Incident(
            id=INCIDENT, regency_code="99.01", slug="banjir", name="Banjir", hazard="flood", state="response",
            started_at=NOW, place_text="", chronology="", opened_at=NOW, opened_by="bench",
        ))  # fmt: skip
        tx.session.add(Zone(id=ZONE, regency_code="99.01", incident_id=INCIDENT, name="Semua", current_no=1))
        tx.session.flush()
        tx.session.add(ZoneVersion(
            id=VERSION, regency_code="99.01", zone_id=ZONE, incident_id=INCIDENT, no=1, state="current", outline=None,
            repairs="[]", severity="heavy", access="road", source="", note="", observed_at=NOW, posted_at=NOW,
            posted_by="bench", matched_at=NOW, withdraw_reason="", certain=count, probable=0, to_verify=0,
        ))  # fmt: skip
    villages = [code for code, level, _ in places if level is Level.VILLAGE]
    for start in range(0, count, CHUNK):
        with work.by(OFFICE) as tx:
            put_chunk(tx, rng, ground, villages, range(start, min(count, start + CHUNK)))


def put_chunk(tx: Tx, rng: np.random.Generator, ground: Ground, villages: list[str], numbers: range) -> None:
    ids = tx.new_ids(len(numbers))
    across = np.clip(((ground.lon - WEST) / WIDE * 20).astype(int), 0, 19)
    up = np.clip(((ground.lat - SOUTH) / HIGH * 10).astype(int), 0, 9)
    own = [villages[int(across[no] * 10 + up[no])] for no in numbers]
    put_rows(tx, Household, HOUSEHOLD, (
        (
            one, no + 1, "99.01", f"KEL-{no + 1:07}-0", own[at], "001", "002", "Dusun Contoh",
            f"Jalan Contoh No. {no}", f"Contoh {no}", 4, no % 10 + 1, float(ground.lon[no]), float(ground.lat[no]),
            int(ground.keys[no]), PositionSource.GPS, False, NOW, NOW,
        )
        for at, (no, one) in enumerate(zip(numbers, ids, strict=True))
    ))  # fmt: skip
    said = rng.random(len(numbers))
    put_rows(tx, AffectedHousehold, AFFECTED, (
        (
            INCIDENT, one, "99.01", own[at], VERSION, "certain" if said[at] < 0.7 else "probable", "inside", True,
            "confirmed" if said[at] < 0.4 else "proposed", "", NOW if said[at] < 0.4 else None,
            "bench" if said[at] < 0.4 else None, NOW,
        )
        for at, one in enumerate(ids)
    ))  # fmt: skip


def timed(act: Callable[[], Any], times: int) -> tuple[float, float, Any]:
    """Give the best of several times in ms (by the clock, and of the processor alone), and the last answer."""
    best, busy, answer = math.inf, math.inf, None
    for _ in range(times):
        begun, worked = time.perf_counter(), time.process_time()
        answer = act()
        best, busy = min(best, time.perf_counter() - begun), min(busy, time.process_time() - worked)
    return best * 1000, busy * 1000, answer


def measure(work: Work, count: int, times: int) -> bool:
    """Print each answer's time and weight; tells whether every household was counted."""

    def answer(zoom: float, box: mapping.Box | None) -> str:
        with work.read_by(OFFICE) as tx:
            return households_json(tx, INCIDENT, zoom, box)

    def first() -> str:
        mapping.forget()
        return answer(8, None)

    def decided() -> str:
        with work.by(OFFICE) as tx:
            tx.note("affected.confirm", "incident", INCIDENT, count=1)
        return answer(8, None)

    def shares() -> str:
        with work.read_by(OFFICE) as tx:
            return json.dumps(shares_body(mapping.village_shares(tx, INCIDENT)))

    with work.read_by(OFFICE) as tx:
        whole = mapping.cells(tx, INCIDENT, 13)
        _, lon, lat = max(zip(map(sum, zip(*whole.counts, strict=True)), whole.lon_deg, whole.lat_deg, strict=True))
    is_right = True
    views: list[tuple[str, Callable[[], str]]] = [
        ("first of all, whole district", first), ("first after a decision (and its note)", decided),
    ]  # fmt: skip
    for zoom in (8, 10, 12, 14, 16, 18):
        span = 900 * 360 / (256 * 2**zoom)
        box = mapping.Box(west=lon - span / 2, south=lat - span / 2, east=lon + span / 2, north=lat + span / 2)
        views.append((f"zoom {zoom}, a screen", lambda zoom=zoom, box=box: answer(zoom, box)))  # type: ignore[misc]
    views.append(("zoom 14, no box", lambda: answer(14, None)))
    views.append(("villages by share", shares))
    for name, act in views:
        took, busy, text = timed(act, times)
        body = text.encode()
        print(
            f"  {name:38}{took:8.1f} ms{busy:8.1f} cpu ms{len(body):9,} bytes{len(gzip.compress(body, 6)):8,} gzip",
            flush=True,
        )
    with work.read_by(OFFICE) as tx:
        told = mapping.cells(tx, INCIDENT, 10)
        slow = tx.session.execute(sa.select(AffectedHousehold.household_id)).all()
    is_right &= sum(map(sum, told.counts)) == len(slow) == count
    return is_right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    is_right = True
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            with database(run, kind) as url:
                use_ring(run.keys())
                work = Work(open_engine(url), FixedClock(NOW))
                fill(work, asked.households)
                with work.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("ANALYZE")
                print(f"{kind}, {asked.households:,} households on the list", flush=True)
                is_right &= measure(work, asked.households, asked.times)
                work.engine.dispose()
    finally:
        run.end()
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
