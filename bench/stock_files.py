"""A file of thousands of movements with counts among them, in any order: tried, booked, and compared with a replay.

    python -m bench.stock_files [--rows 5000] [--engine sqlite|postgresql]

The history is invented as in ``tests/stock/importing/test_any_order.py``, shuffled, read as one file, booked by a
second person, and every day's balances are compared with a plain replay in order.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from bench.writers import database
from core.clock import FixedClock
from core.db import open_engine
from core.work import Work
from stock.importing.jobs import run_pending_files
from stock.reservations.proof import prove
from tests.stock.importing.sheet import book, read, told
from tests.stock.importing.test_any_order import DAYS, FIRST, history, lying_per_item, per_item
from tests.stock.shop import ACTOR, open_shop
from tests.support.databases import Run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    wrong = 0
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            rows, model = history(7, asked.rows)
            marks = {row[8]: row[3] for row in rows if row[2] == "masuk"}
            random.Random(11).shuffle(rows)
            with database(run, kind) as url:
                work = Work(open_engine(url), FixedClock(datetime(2026, 11, 16, 2, 0, tzinfo=UTC)))
                open_shop(work)
                began = time.perf_counter()
                done = read(work, rows)
                run_pending_files(work, ACTOR)
                tried = time.perf_counter()
                refused = len(told(work, done.file_id))
                book(work, done.file_id)
                run_pending_files(work, ACTOR)
                booked = time.perf_counter()
                days = [FIRST + timedelta(days=at) for at in range(DAYS)]
                differing = sum(lying_per_item(work, on) != per_item(model, on, marks) for on in days)
                with work.read_by(ACTOR) as tx:
                    problems = len(prove(tx).problems)
                counts = sum(row[2] == "hitung" for row in rows)
                print(
                    f"{kind}: {len(rows)} rows, {counts} counts among them, {refused} refused; tried in "
                    f"{tried - began:.1f} s, booked in {booked - tried:.1f} s; days that differ from the replay: "
                    f"{differing}; broken invariants: {problems}", flush=True,
                )  # fmt: skip
                wrong += refused + differing + problems
                work.engine.dispose()
    finally:
        run.end()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
