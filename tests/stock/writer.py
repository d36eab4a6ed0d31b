"""A process that hands over one mattress after another and says each one it was told is stored; made to be killed."""

from __future__ import annotations

import sys
from uuid import UUID, uuid4

from core.clock import SystemClock
from core.db import open_engine
from core.work import Work
from stock.ledger.commands import HandOver, ItemLine, hand_over
from tests.stock.shop import ACTOR, units


def main(url: str, post: str, item: str) -> None:
    work = Work(open_engine(url), SystemClock())
    while True:
        order = HandOver(
            post_id=UUID(post), lines=(ItemLine(item_id=UUID(item), quantity_milli=units(1)),), handover_id=uuid4()
        )
        work.run(ACTOR, lambda tx, order=order: hand_over(tx, order))  # type: ignore[misc]
        print(order.handover_id, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
