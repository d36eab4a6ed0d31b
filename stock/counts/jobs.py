from __future__ import annotations

from core.errors import Conflict
from core.jobs import Daily, Job
from core.work import Tx
from stock.counts.commands import plan_count
from stock.counts.queries import OPEN, counts, last_counted
from stock.counts.rules import is_due
from stock.ledger.first_days import first_days
from stock.places.kinds import PlaceKind
from stock.places.queries import places

MOST_OPEN = 10_000


def remind_counts(tx: Tx) -> str:
    """Plan the half-yearly count of every warehouse whose last one (or whose first stock) is older than that."""
    warehouses = [one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if not one.is_closed]
    open_at = {one.place.id for one in counts(tx, states=OPEN, limit=MOST_OPEN)}
    first, last = first_days(tx, [one.id for one in warehouses]), last_counted(tx)
    planned = 0
    for place in warehouses:
        since = last.get(place.id) or first.get(place.id)
        if place.id in open_at or since is None or not is_due(since, tx.today):
            continue
        try:
            with tx.savepoint():
                plan_count(tx, place.id, tx.today)
        except Conflict:
            # Somebody planned one meanwhile: that is all the reminder wants.
            continue
        planned += 1
    return f"{planned} planned"


JOBS: tuple[Job, ...] = (Job(name="stock.remind_counts", trigger=Daily(5), act=remind_counts),)
