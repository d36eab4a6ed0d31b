"""Reading a long ledger: a stock card of 100,000 moves, and the balances of a past day after 1,000,000 moves.

    python -m bench.ledger [--moves 1000000] [--engine sqlite|postgresql]

Beside each figure stands what it would cost without the day sums: adding up the moves themselves. Both must give the
same answer. Figures to reach: a card under 300 ms, 500 batches as of a day under 100 ms.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from bench.writers import ACTOR, database
from core.clock import SystemClock
from core.db import open_engine
from core.measures import MILLI
from core.office.commands import OpenOffice, open_office
from core.work import Tx, Work
from stock.items.commands import seed_items
from stock.items.queries import items
from stock.ledger.kinds import DocumentKind, Flag, FundingSource, ReleaseCondition
from stock.ledger.models import Balance, BalanceDay, BalanceMonth, Batch, Move, StockDocument
from stock.ledger.queries import batches_on, stock_card
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from stock.places.queries import sink
from tests.support.databases import Run

Result = TypeVar("Result")
BATCHES, DAYS, ON_CARD = 500, 730, 100_000
FIRST = date(2024, 1, 1)
AT_ONCE = 20_000


def fill(work: Work, moves: int) -> tuple[UUID, UUID]:
    """Write two years of moves straight into the tables, 100,000 of them on one card; gives warehouse and item."""
    chance = random.Random(7)
    with work.by(ACTOR) as tx:
        open_office(tx, OpenOffice(regency_code="99.01", regency_name="Contoh", name="Contoh", is_demo=True))
        seed_items(tx)
        ensure_sinks(tx)
        warehouse = add_place(tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="GD1", name="Gudang"))
        giver, books = sink(tx, PlaceKind.SUPPLIER).id, sink(tx, PlaceKind.ADJUSTMENT).id
        goods = [one for one in items(tx) if not one.does_expire]
        hot, rest = goods[0], goods[1:]
        ids = tx.new_ids(BATCHES)
        on_card = max(1, BATCHES * ON_CARD // moves)
        tx.session.execute(
            sa.insert(Batch),
            [
                {
                    "id": batch_id, "regency_code": "99.01", "variant_id": None, "code": f"BENCH-{no}",
                    "item_id": hot.id if no < on_card else rest[no % len(rest)].id,
                    "funding_source": FundingSource.APBD, "incoming_document": "BENCH", "expires_on": None,
                    "received_on": FIRST, "quantity_milli": 10**12,
                    "value_rp": 10**9, "unit_price_rp": None, "release_condition": ReleaseCondition.NONE,
                }
                for no, batch_id in enumerate(ids)
            ],
        )  # fmt: skip
        document = tx.new_id()
        begun = datetime(2024, 1, 1, 1, tzinfo=UTC)
        frame = {"regency_code": "99.01", "recorded_at": tx.now, "actor_id": "bench"}
        tx.session.execute(
            sa.insert(StockDocument),
            {"id": document, "kind": DocumentKind.ADJUSTMENT, "number": "B1", "subject": "", "subject_id": "",
             "reason": "found", "note": "", "event_at": begun, "event_on": FIRST, **frame},
        )  # fmt: skip
        change: dict[tuple[UUID, UUID, date], int] = defaultdict(int)
        rows: list[dict[str, Any]] = []
        lies: dict[UUID, int] = defaultdict(int)
        for no in range(moves):
            batch = ids[no % BATCHES]
            at = begun + timedelta(seconds=no * DAYS * 86_400 // moves)
            is_in = lies[batch] < 50 * MILLI or chance.random() < 0.5
            quantity = chance.randint(1, 50) * MILLI
            lies[batch] += quantity if is_in else -quantity
            source, target = (giver, warehouse) if is_in else (warehouse, books)
            on = (at + timedelta(hours=7)).date()
            change[source, batch, on] -= quantity
            change[target, batch, on] += quantity
            rows.append({
                "id": tx.new_id(), "document_id": document, "from_place_id": source, "to_place_id": target,
                "batch_id": batch, "quantity_milli": quantity, "value_rp": 0, "reverses_id": None, "flag": Flag.NONE,
                "event_at": at, "event_on": on, **frame, "recorded_at": at,
            })  # fmt: skip
            if len(rows) == AT_ONCE:
                tx.session.execute(sa.insert(Move), rows)
                rows.clear()
        if rows:
            tx.session.execute(sa.insert(Move), rows)
        sums: dict[tuple[UUID, UUID], int] = defaultdict(int)
        for (place, batch, _), milli in change.items():
            sums[place, batch] += milli
        tx.session.execute(
            sa.insert(Balance),
            [
                {"place_id": place, "batch_id": batch, "is_bounded": place == warehouse, "on_hand_milli": milli,
                 "reserved_milli": 0, "value_rp": 0, "last_on": FIRST + timedelta(days=DAYS), "counted_at": None}
                for (place, batch), milli in sums.items()
            ],
        )  # fmt: skip
        tx.session.execute(
            sa.insert(BalanceDay),
            [
                {"place_id": place, "batch_id": batch, "event_on": on, "change_milli": milli, "change_rp": 0}
                for (place, batch, on), milli in change.items()
            ],
        )
        months: dict[tuple[UUID, UUID, date], int] = defaultdict(int)
        for (place, batch, on), milli in change.items():
            months[place, batch, on.replace(day=1)] += milli
        tx.session.execute(
            sa.insert(BalanceMonth),
            [
                {"place_id": place, "batch_id": batch, "first_on": on, "change_milli": milli, "change_rp": 0}
                for (place, batch, on), milli in months.items()
            ],
        )
    return warehouse, hot.id


def by_moves(tx: Tx, warehouse: UUID, on: date) -> dict[UUID, int]:
    """Add the moves up, as a ledger without day sums must."""
    sides = [
        sa.select(Move.batch_id, (sign * Move.quantity_milli).label("milli")).where(
            column == warehouse, Move.event_on <= on
        )
        for column, sign in ((Move.to_place_id, 1), (Move.from_place_id, -1))
    ]
    both = sa.union_all(*sides).subquery()
    rows = tx.session.execute(sa.select(both.c.batch_id, sa.func.sum(both.c.milli)).group_by(both.c.batch_id))
    return {batch_id: int(milli) for batch_id, milli in rows if milli}


def timed(act: Callable[[], Result], times: int = 5) -> tuple[Result, float]:
    """Give the answer and the median time in milliseconds, the first run left out."""
    answer = act()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        answer = act()
        took.append((time.perf_counter() - began) * 1000)
    return answer, sorted(took)[times // 2]


def as_of(work: Work, warehouse: UUID, on: date) -> bool:
    """Measure the balances of one past day; tells whether both ways agree."""
    with work.read_by(ACTOR) as tx:
        found, fast = timed(lambda: batches_on(tx, on, place_ids=[warehouse]))
        plain, slow = timed(lambda: by_moves(tx, warehouse, on), times=1)
    print(f"  {len(found)} batches as of {on}: {fast:6.0f} ms   by the moves {slow:6.0f} ms", flush=True)
    return {one.batch.id: one.on_hand_milli for one in found} == plain


def card(work: Work, warehouse: UUID, item: UUID) -> None:
    """Measure pages of a long card, a month of it, and all of it."""
    month = FIRST + timedelta(days=365)
    with work.read_by(ACTOR) as tx:
        page, first = timed(lambda: stock_card(tx, item, [warehouse], limit=100))
        cursor = page.earlier
        for _ in range(19):
            cursor = stock_card(tx, item, [warehouse], limit=100, before=cursor).earlier
        _, later = timed(lambda: stock_card(tx, item, [warehouse], limit=100, before=cursor))
        _, period = timed(lambda: stock_card(tx, item, [warehouse], first_on=month, last_on=month + timedelta(days=30)))
        whole, slow = timed(lambda: stock_card(tx, item, [warehouse]), times=1)
    print(
        f"  card of {len(whole.lines)} moves: latest page {first:.0f} ms, twentieth {later:.0f} ms, "
        f"a month of it {period:.0f} ms, all of it {slow:.0f} ms", flush=True,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    run = Run.begin()
    is_right = True
    try:
        for kind in asked.engine or ("sqlite", "postgresql"):
            with database(run, kind) as url:
                engine = open_engine(url)
                work = Work(engine, SystemClock())
                began = time.perf_counter()
                warehouse, hot = fill(work, asked.moves)
                if kind == "postgresql":
                    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                        connection.exec_driver_sql("ANALYZE")
                print(f"{kind}: {asked.moves} moves written in {time.perf_counter() - began:.0f} s", flush=True)
                for part in (0.1, 0.5, 0.95):
                    is_right &= as_of(work, warehouse, FIRST + timedelta(days=int(DAYS * part)))
                card(work, warehouse, hot)
                engine.dispose()
    finally:
        run.end()
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
