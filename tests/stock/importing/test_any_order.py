"""A history given in any order ends in the same dated balances as a plain replay in order, also against what is in the
books already."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FixedClock
from core.crypto import Keyring
from core.work import Work
from stock.ledger.queries import batches_on
from tests.stock.importing.sheet import book, came, moved, read, told
from tests.stock.people import HEAD
from tests.stock.shop import assert_sound, open_shop
from tests.support.databases import Run, open_for_test

FIRST = date(2026, 9, 1)
DAYS = 30
PLACES = ("GD1", "GD2")
ITEMS = {"Kasur": "kasur", "Selimut": "selimut"}
Open = Callable[[], AbstractContextManager[Work]]


@dataclass
class Model:
    """A plain replay: what lies where, by mark, in the order in which it happens."""

    lies: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    by_day: dict[date, dict[tuple[str, str], int]] = field(default_factory=dict)

    def close(self, on: date) -> None:
        self.by_day[on] = {key: amount for key, amount in self.lies.items() if amount}


def history(seed: int, steps: int) -> tuple[list[tuple[str, ...]], Model]:
    """Invent a history that can have happened: some rows with a time, some without, counts at the end of days."""
    rng, model, rows = random.Random(seed), Model(), []
    marks: dict[str, str] = {}
    days = sorted(rng.randrange(DAYS) for _ in range(steps))
    for at in range(DAYS):
        on = FIRST + timedelta(days=at)
        today = days.count(at)
        written = f"{on:%d/%m/%Y}"
        # What names no time is judged as a day: what comes in first, then what moves, then what goes, then counts.
        for act in sorted((rng.choice("iimmoowcn") for _ in range(today)), key="imcown".index):
            if act == "i" or not marks:
                mark, item = f"M{len(marks)}", rng.choice(sorted(ITEMS))
                marks[mark] = item
                amount, place = rng.randrange(5, 40), rng.choice(PLACES)
                model.lies[place, mark] += amount
                rows.append(came(written, item, str(amount), ke=place, kode=mark, dokumen=f"B-{rng.randrange(3)}"))
                continue
            mark, place = rng.choice(sorted(marks)), rng.choice(PLACES)
            item, there = marks[mark], model.lies[place, mark]
            facts = {"tanggal": written, "barang": item, "dari": place, "kode": mark}
            if act == "n":
                counted = max(0, there + rng.randrange(-3, 4))
                if any(row[2] == "hitung" and row[0] == written and row[6] == place and row[8] == mark for row in rows):
                    continue
                model.lies[place, mark] = counted
                rows.append(moved(**facts, jenis="hitung", jumlah=str(counted)))
            elif there:
                amount = rng.randrange(1, there + 1)
                model.lies[place, mark] -= amount
                if act == "m":
                    other = PLACES[1 - PLACES.index(place)]
                    model.lies[other, mark] += amount
                    rows.append(moved(**facts, jenis="pindah", jumlah=str(amount), ke=other))
                elif act == "w":
                    rows.append(moved(**facts, jenis="hapus", jumlah=str(amount), dokumen="BA-1"))
                elif act == "c":
                    rows.append(moved(**facts, jenis="koreksi", jumlah=str(-amount)))
                else:
                    rows.append(moved(**facts, jenis="keluar", jumlah=str(amount)))
        model.close(on)
    return rows, model


def per_item(model: Model, on: date, marks: dict[str, str]) -> dict[tuple[str, str], int]:
    summed: dict[tuple[str, str], int] = defaultdict(int)
    for (place, mark), amount in model.by_day[on].items():
        summed[place, ITEMS[marks[mark]]] += amount
    return dict(summed)


def lying_per_item(work: Work, on: date) -> dict[tuple[str, str], int]:
    summed: dict[tuple[str, str], int] = defaultdict(int)
    with work.read_by(HEAD) as tx:
        for one in batches_on(tx, on):
            summed[one.place.code, one.batch.item.code] += one.on_hand_milli // 1000
    return dict(summed)


@pytest.fixture
def fresh(engine_kind: str, run: Run, tmp_path: Path, keys: Keyring) -> Iterator[Open]:
    """A database for each example: what one of them books is not in the next one's way."""

    @contextmanager
    def opened() -> Iterator[Work]:
        with run.database(engine_kind, tmp_path) as url:
            engine = open_for_test(url)
            try:
                yield Work(engine, FixedClock(datetime(2026, 11, 16, 2, 0, tzinfo=UTC)))
            finally:
                engine.dispose()

    yield opened


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), shuffle=st.integers(0, 10_000))
def test_any_order_ends_in_the_same_dated_balances(fresh: Open, seed: int, shuffle: int):
    rows, model = history(seed, 28)
    marks = {row[8]: row[3] for row in rows if row[2] == "masuk"}
    random.Random(shuffle).shuffle(rows)
    with fresh() as work:
        open_shop(work)
        done = read(work, rows)
        assert told(work, done.file_id) == {}
        book(work, done.file_id)
        for at in range(DAYS):
            on = FIRST + timedelta(days=at)
            assert lying_per_item(work, on) == per_item(model, on, marks), on
        assert_sound(work)
