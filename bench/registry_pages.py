"""How long the registry's pages take over a million households, for the office and for one village.

    python -m bench.registry_pages [--households 1000000] [--engine sqlite|postgresql] [--runs 5]

The invented registry of ``bench.registry_search`` with what stands around it: outlines of the villages, a snapshot, a
link for each household (a tenth of them on their way), differences of the snapshot before, 20,000 open pairs, lists of
what half of the villages lack. "first" is the first request after the registry stands, "median" that of the runs after
it, "statements" those of one run. Figure to reach: 300 ms.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bench.demonstration import machine
from bench.registry_search import CHUNK, NOW, OFFICE, SIDE, corner, fill
from bench.writers import database
from core.actor import Role
from core.clock import FixedClock
from core.crypto import use_ring
from core.db import open_engine
from core.settings import Settings
from core.work import Work
from registry_link.completion.commands import IssueList, issue_list
from registry_link.completion.jobs import count_villages
from registry_link.completion.rules import ALL_ASKED
from registry_link.households.bulk import put_rows
from registry_link.households.models import (
    Household,
    RegistryLink,
    Snapshot,
    SnapshotDifference,
    SnapshotDifferenceCount,
)
from registry_link.households.pairing import ordered
from registry_link.households.states import DifferenceKind, LinkState, SnapshotState
from registry_link.identity.models import DuplicatePair
from registry_link.identity.states import Evidence, PairState
from registry_link.importing.models import ImportRun
from registry_link.importing.states import RunState
from registry_link.links.jobs import count_links
from registry_link.regions.models import Boundary
from registry_link.regions.queries import regions_of
from registry_link.regions.states import CodeSystem, Level
from tests.routes.asking import log_in
from tests.support.applications import application
from tests.support.builders import a_person
from tests.support.databases import Run

PAIRS, DIFFERENCES, LISTS = 20_000, 200_000, 100
GOAL_MS = 300
ON_THE_WAY = (
    LinkState.DUPLICATE_SUSPECTED, LinkState.DUKCAPIL_PENDING, LinkState.DUKCAPIL_MATCHED, LinkState.DUKCAPIL_TYPO,
    LinkState.FIELD_PENDING, LinkState.FIELD_VERIFIED, LinkState.PROPOSED, LinkState.REGISTERED, LinkState.GRADUATED,
)  # fmt: skip
COUNTED = (DifferenceKind.DECILE, DifferenceKind.ADDRESS, DifferenceKind.NEW, DifferenceKind.MEMBER_ADDED)


@dataclass(frozen=True, slots=True)
class Made:
    """What the pages are about."""

    snapshot_id: UUID
    run_id: UUID
    household_id: UUID
    pair_id: UUID
    list_id: UUID
    village: str


# ---------------------------------------------------------------- the registry


def furnish(work: Work, households: int) -> Made:
    """Put around the households what the pages show of them."""
    rng = random.Random(13)
    with work.read_by(OFFICE) as tx:
        villages = [one.code for one in regions_of(tx, "99.01", Level.VILLAGE)]
    with work.by(OFFICE) as tx:
        before_id, snapshot_id, run_id = tx.new_ids(3)
        for one, state, on in (
            (before_id, SnapshotState.REPLACED, date(2026, 5, 1)), (snapshot_id, SnapshotState.CURRENT,
                                                                    date(2026, 11, 1)),
        ):  # fmt: skip
            tx.session.add(
                Snapshot(
                    id=one, regency_code="99.01", source="dtsen", as_of_on=on, agreement_no="PKS 1", state=state,
                    file_sha256=one.hex * 2, file_name="dtsen.csv", households=households, members=0,
                    lists_members=True, completes_id=None, recorded_at=NOW, current_at=NOW,
                )
            )  # fmt: skip
        tx.session.flush()
        tx.session.add(
            ImportRun(
                id=run_id, regency_code="99.01", snapshot_id=snapshot_id, state=RunState.APPLIED,
                code_system=CodeSystem.KEMENDAGRI, file_sha256="0" * 64, files="[]", asks_columns=False, file_no=0,
                at_byte=0, at_row=0, bytes_read=1, bytes_total=1, rows=households, refused=0, warned=0, doubled=0,
                niks=0, niks_ending_zero=0, new=0, changed=0, unchanged=households, suspected=0, problem="",
                weighed_at=None, compared_at=None, started_at=NOW, started_by="LOG", started_by_name="LOG",
                approved_by=None, approved_by_name=None, finished_at=NOW,
            )
        )  # fmt: skip
        for place, code in enumerate(villages):
            west, south = corner(place)
            ring = [(west, south), (west + SIDE, south), (west + SIDE, south + SIDE), (west, south + SIDE),
                    (west, south)]  # fmt: skip
            tx.session.add(
                Boundary(
                    region_code=code, regency_code="99.01", level=Level.VILLAGE, west=west, south=south,
                    east=west + SIDE, north=south + SIDE, area_km2=30.0, loaded_at=NOW,
                    geojson=json.dumps({"type": "Polygon", "coordinates": [ring]}),
                )
            )  # fmt: skip
    homes = _link_all(work, rng, snapshot_id, households)
    pair_id = _pair_some(work, rng, homes)
    _change_some(work, rng, snapshot_id, homes)
    for code in villages[:LISTS]:
        with work.by(OFFICE) as tx:
            list_id = issue_list(tx, IssueList(village_code=code, asked=ALL_ASKED)).list_id
    with work.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")
    count_villages(work, OFFICE)
    count_links(work, OFFICE)
    return Made(snapshot_id, run_id, homes[0][0], pair_id, list_id, villages[0])


def _link_all(work: Work, rng: random.Random, snapshot_id: UUID, households: int) -> list[tuple[UUID, str]]:
    """Bind every household to the snapshot, nine in ten of them as they were imported; gives id and village of some."""
    some: list[tuple[UUID, str]] = []
    for start in range(1, households + 1, CHUNK):
        with work.by(OFFICE) as tx:
            query = sa.select(Household.id, Household.village_code).where(
                Household.row_no.between(start, start + CHUNK - 1)
            )
            homes = [(row.id, row.village_code) for row in tx.session.execute(query.order_by(Household.row_no))]
            put_rows(
                tx, RegistryLink,
                ("id", "regency_code", "household_id", "snapshot_id", "external_id", "state", "recorded_at"),
                ((new_id, "99.01", one, snapshot_id, one.hex,
                  LinkState.IMPORTED if rng.random() < 0.9 else rng.choice(ON_THE_WAY), NOW)
                 for new_id, (one, _) in zip(tx.new_ids(len(homes)), homes, strict=True)),
            )  # fmt: skip
            # Some of every part of the registry, so that no village is without them.
            some += homes[:: max(1, households // DIFFERENCES)]
    return some


def _pair_some(work: Work, rng: random.Random, homes: list[tuple[UUID, str]]) -> UUID:
    places = rng.sample(range(len(homes) - 1), min(PAIRS, len(homes) // 4))
    chosen = {ordered(homes[at][0], homes[at + 1][0]) for at in places}
    with work.by(OFFICE) as tx:
        ids = tx.new_ids(len(chosen))
        put_rows(
            tx, DuplicatePair,
            ("id", "regency_code", "first_id", "second_id", "shares_nik", "shares_kk", "name_permille", "evidence",
             "score", "state", "found_at", "settled"),
            ((one, "99.01", *pair, at % 3 == 0, False, 900 if at % 3 else 0,
              Evidence.NAME if at % 3 else Evidence.NIK, 900 - at % 300, PairState.OPEN, NOW, "")
             for at, (one, pair) in enumerate(zip(ids, sorted(chosen), strict=True))),
        )  # fmt: skip
    return ids[0]


def _change_some(work: Work, rng: random.Random, snapshot_id: UUID, homes: list[tuple[UUID, str]]) -> None:
    rows = [(snapshot_id, rng.choice(COUNTED), one, one, village, "1", "2") for one, village in homes]
    with work.by(OFFICE) as tx:
        columns = ("snapshot_id", "kind", "subject_id", "household_id", "village_code", "before", "after")
        put_rows(tx, SnapshotDifference, columns, rows)
        put_rows(
            tx, SnapshotDifferenceCount, ("snapshot_id", "kind", "differences"),
            [(snapshot_id, kind, sum(one[1] is kind for one in rows)) for kind in COUNTED],
        )  # fmt: skip


# ---------------------------------------------------------------- the pages


def pages(made: Made) -> Iterator[tuple[str, Role, str]]:
    """Give what each page is, who asks for it, and its address."""
    office, village = Role.LOGISTICS, Role.VILLAGE
    registry = "/registri"
    yield "the registry's first page", office, registry
    yield "the same, of one village", village, registry
    yield "imports", office, f"{registry}/impor"
    yield "an import", office, f"{registry}/impor/{made.run_id}"
    yield "snapshots", office, f"{registry}/snapshot"
    yield "differences, counted", office, f"{registry}/snapshot/{made.snapshot_id}"
    yield "differences of one kind", office, f"{registry}/snapshot/{made.snapshot_id}?jenis=decile"
    yield "differences of a village", office, f"{registry}/snapshot/{made.snapshot_id}?desa={made.village}"
    yield "a household", office, f"{registry}/keluarga/{made.household_id}"
    yield "completion lists", office, f"{registry}/lengkapi"
    yield "a completion list", office, f"{registry}/lengkapi/{made.list_id}"
    yield "positions' files", office, f"{registry}/titik"
    yield "pairs", office, f"{registry}/ganda"
    yield "pairs by NIK, page 20", office, f"{registry}/ganda?bukti=nik&hal=20"
    yield "pairs, of one village", village, f"{registry}/ganda"
    yield "a pair", office, f"{registry}/ganda/{made.pair_id}"
    yield "villages", office, f"{registry}/desa"
    yield "the villages' map", office, f"{registry}/desa/peta.json"
    yield "the map of progress", office, f"{registry}/desa/peta.json?peta=daftar"
    yield "a village", office, f"{registry}/desa/{made.village}"
    yield "links", office, f"{registry}/tautan"
    yield "links, of one village", village, f"{registry}/tautan"
    yield "links, one village asked", office, f"{registry}/tautan?desa={made.village}"
    yield "linked, imported", office, f"{registry}/tautan/daftar?keadaan=imported"
    yield "linked, registered", office, f"{registry}/tautan/daftar?keadaan=registered"
    yield "linked, any state", office, f"{registry}/tautan/daftar"
    yield "field visits", office, f"{registry}/verifikasi"
    yield "Dukcapil", office, f"{registry}/dukcapil"
    yield "proposals", office, f"{registry}/usulan"
    yield "home", office, "/"


def measure(app: Flask, made: Made, runs: int) -> int:
    """Ask for every page; gives how many are over the goal."""
    engine = app.extensions["tanggap"].work.engine
    said = 0

    def count(*_: Any) -> None:
        nonlocal said
        said += 1

    sa.event.listen(engine, "before_cursor_execute", count)
    clients = {role: _client(app, role) for role in (Role.LOGISTICS, Role.VILLAGE)}
    print(f"  {'page':28}{'first':>11}{'median':>11}{'statements':>12}")
    over = 0
    for name, role, address in pages(made):
        took = []
        for _ in range(runs + 1):
            said = 0
            began = time.perf_counter()
            answer = clients[role].get(address)
            took.append((time.perf_counter() - began) * 1000)
        is_over = median(took[1:]) > GOAL_MS or answer.status_code != 200
        over += is_over
        note = f"  {answer.status_code}" if answer.status_code != 200 else "  over" if is_over else ""
        print(f"  {name:28}{took[0]:8.0f} ms{median(took[1:]):8.0f} ms{said:12}{note}", flush=True)
    return over


def _client(app: Flask, role: Role) -> FlaskClient:
    return log_in(app.test_client(), role.lower())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    over = 0
    print(machine())
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            print(f"{kind}, {asked.households:,} households", flush=True)
            with database(run, kind) as url, TemporaryDirectory() as folder:
                use_ring(run.keys())
                work = Work(open_engine(url), FixedClock(NOW + timedelta(hours=1)))
                fill(work, asked.households, has_words=False)
                made = furnish(work, asked.households)
                gc.freeze()
                a_person(work, Role.LOGISTICS)
                a_person(work, Role.VILLAGE, village=made.village)
                settings = Settings.from_env(
                    database_url=url, data_dir=Path(folder) / "var", keys_dir=run.keys_dir,
                    public_url="http://tanggap.test",
                )  # fmt: skip
                with application(settings, work) as app:
                    over += measure(app, made, asked.runs)
                work.engine.dispose()
    finally:
        run.end()
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
