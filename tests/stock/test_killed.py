"""kill -9 at any moment: what was acknowledged is stored, and of every act there is all or nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import sqlalchemy as sa

from core.audit import verify
from core.clock import SystemClock
from core.work import Work
from stock.ledger.commands import ItemLine, Transfer, transfer
from stock.ledger.queries import item_balances
from tests.stock.shop import ACTOR, assert_sound, line, open_shop, take_in, units

KILLS = 6
STOCK = 20_000


def test_a_killed_process_loses_nothing_it_was_told_is_stored(engine: sa.Engine, database_url: str):
    work = Work(engine, SystemClock())
    shop = open_shop(work)
    with work.by(ACTOR) as tx:
        take_in(tx, shop.warehouse, line(shop.kasur, STOCK, value=STOCK * 3))
        transfer(
            tx,
            Transfer(
                from_place_id=shop.warehouse, to_place_id=shop.post,
                lines=(ItemLine(item_id=shop.kasur, quantity_milli=units(STOCK)),),
            ),
        )  # fmt: skip
    chance = random.Random(11)
    told: set[str] = set()
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stock.writer", database_url, str(shop.post), str(shop.kasur)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(chance.uniform(0.05, 0.5))
        process.kill()
        rest, _ = process.communicate()
        told |= {one for one in (first + rest).splitlines() if len(one) == 36}
    assert len(told) >= KILLS
    with work.read_by(ACTOR) as tx:
        stored = set(tx.session.scalars(sa.text("SELECT subject_id FROM stock_document WHERE kind = 'handover'")))
        moved = tx.session.scalar(
            sa.text(
                "SELECT SUM(quantity_milli) FROM move JOIN stock_document ON stock_document.id = move.document_id "
                "WHERE stock_document.kind = 'handover'"
            )
        )
        assert told <= stored
        assert len(stored) - len(told) <= KILLS, "at most the answer of the last act before each kill is lost"
        left = item_balances(tx, place_ids=(shop.post,))[0].on_hand_milli
        assert int(moved or 0) == units(len(stored)) == units(STOCK) - left
        assert verify(tx.session).is_sound
    assert_sound(work)
