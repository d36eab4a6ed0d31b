"""Writers at the ledger: handovers from one hot balance and from many, on both engines.

    python -m bench.writers [--seconds 5] [--clients 16] [--processes 1] [--engine sqlite|postgresql]

At the level of the service: threads of one process or of several with real transactions, audit chain included. SQLite
has every commit on the disk (synchronous=FULL); PostgreSQL has the tests' settings, which do not wait for it. The books
are proved after every run. Figures to reach: design page "Speed and scale", section 5.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.actor import system
from core.audit import verify
from core.clock import SystemClock
from core.db import open_engine
from core.measures import MILLI, Milli, Rupiah
from core.office.commands import OpenOffice, open_office
from core.work import Work
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.commands import HandOver, ItemLine, Receive, ReceiveLine, hand_over, receive
from stock.ledger.kinds import FundingSource
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from stock.reservations.proof import prove
from tests.support.databases import Run

ACTOR = system("99.01")
POSTS = 40
PLENTY = Milli(10_000_000 * MILLI)
ITEMS = ("kasur", "selimut", "sandang_dewasa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    name: str
    done: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    problems: int

    def __str__(self) -> str:
        return (
            f"{self.name:34} {self.done / self.seconds:8.0f} handovers/s   p50 {self.p50_ms:6.1f} ms   "
            f"p99 {self.p99_ms:6.1f} ms   errors {self.errors}   broken invariants {self.problems}"
        )


def prepare(engine: sa.Engine) -> tuple[Work, list[UUID], tuple[ItemLine, ...]]:
    """Open an office with many posts, each with plenty of three items."""
    work = Work(engine, SystemClock())
    with work.by(ACTOR) as tx:
        open_office(tx, OpenOffice(regency_code="99.01", regency_name="Contoh", name="Contoh", is_demo=True))
        seed_items(tx)
        ensure_sinks(tx)
        lines = tuple(
            ReceiveLine(
                item_id=find_item(tx, code).id, quantity_milli=PLENTY, funding_source=FundingSource.APBD,
                value_rp=Rupiah(10**12),
            )
            for code in ITEMS
        )  # fmt: skip
        posts = []
        for number in range(POSTS):
            post = add_place(tx, AddPlace(kind=PlaceKind.POST, code=f"TP{number}", name=f"Titik {number}"))
            receive(tx, Receive(to_place_id=post, lines=lines, incoming_document="BENCH"))
            posts.append(post)
        return work, posts, tuple(ItemLine(item_id=line.item_id, quantity_milli=Milli(MILLI)) for line in lines)


@dataclass(frozen=True, slots=True)
class Storm:
    """What the clients of one process did."""

    took: list[float]
    """Seconds of each handover, in no order."""
    errors: list[str]
    seconds: float


def storm(work: Work, posts: list[UUID], lines: tuple[ItemLine, ...], clients: int, seconds: float) -> Storm:
    """Let every client hand over as fast as it can."""
    took: list[float] = []
    errors: list[str] = []
    gate = threading.Barrier(clients + 1)
    end = threading.Event()

    def client(number: int) -> None:
        gate.wait()
        turn = number
        while not end.is_set():
            order = HandOver(post_id=posts[turn % len(posts)], lines=lines, handover_id=uuid4())
            turn += clients + 1
            began = time.perf_counter()
            try:
                work.run(ACTOR, lambda tx, order=order: hand_over(tx, order))  # type: ignore[misc]
            except Exception as error:
                errors.append(f"{type(error).__name__}: {str(error)[:200]}")
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    time.sleep(seconds)
    end.set()
    for thread in threads:
        thread.join()
    return Storm(took, errors, time.perf_counter() - began)


def _apart(url: str, posts: list[UUID], lines: tuple[ItemLine, ...], clients: int, seconds: float) -> Storm:
    engine = open_engine(url)
    try:
        return storm(Work(engine, SystemClock()), posts, lines, clients, seconds)
    finally:
        engine.dispose()


def storms(
    url: str, posts: list[UUID], lines: tuple[ItemLine, ...], clients: int, seconds: float, processes: int
) -> list[Storm]:
    """Let the clients loose, spread over so many processes."""
    if processes == 1:
        return [_apart(url, posts, lines, clients, seconds)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        each = [(url, posts, lines, max(1, clients // processes), seconds)] * processes
        return pool.starmap(_apart, each, chunksize=1)


def judged(name: str, found: list[Storm], work: Work) -> Result:
    """Add up what all processes did, and prove the books."""
    with work.read_by(ACTOR) as tx:
        problems = len(prove(tx).problems) + (not verify(tx.session).is_sound)
    errors = [one for each in found for one in each.errors]
    for error in errors[:3]:
        print(f"  {error}", file=sys.stderr)
    took = sorted(one for each in found for one in each.took)
    return Result(
        name=name, done=len(took) - len(errors), seconds=max(each.seconds for each in found),
        p50_ms=took[len(took) // 2] * 1000, p99_ms=took[int(len(took) * 0.99)] * 1000, errors=len(errors),
        problems=problems,
    )  # fmt: skip


@contextmanager
def database(run: Run, engine: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        with run.database(engine, Path(folder)) as url:
            yield url


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    broken = 0
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            for name, some in (("one hot balance", 1), ("spread over many", POSTS)):
                with database(run, kind) as url:
                    engine = open_engine(url)
                    work, posts, lines = prepare(engine)
                    used = lines[:1] if some == 1 else lines
                    found = storms(url, posts[:some], used, asked.clients, asked.seconds, asked.processes)
                    result = judged(f"{kind}: {name}", found, work)
                    print(result, flush=True)
                    broken += result.problems + result.errors
                    engine.dispose()
    finally:
        run.end()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
