"""The next week plans itself, as a draft, the day before the running one ends: somebody checks it in the morning."""

from __future__ import annotations

from core.errors import Refused
from core.work import Tx
from logistics.planning.commands import NoPlace
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.revising import next_to_plan


def plan_next_weeks(tx: Tx) -> str:
    """Plan the week of every running incident whose last one ends, and say in a few words what was done.

    Once: where there is a draft, or was one that somebody threw away, there is nothing to do. Consumables only, for
    what is durable has been given. What stands against a plan is said and tried again at the next slot.
    """
    standard = week.standard_in_force(tx)
    done, refused = [], []
    for view in zones.incidents(tx, with_closed=False):
        first_on = next_to_plan(tx, view)
        if first_on is None or standard is None:
            continue
        try:
            with tx.savepoint():
                try:
                    with tx.savepoint():
                        week.plan_week(tx, view, first_on, standard.id)
                except NoPlace:
                    # Whoever finds no place waits, with the reason; better a draft that says so than none.
                    week.plan_week(tx, view, first_on, standard.id, fit_to_posts=True)
            done.append(view.slug)
        except Refused as why:
            refused.append(f"{view.slug}: {why.code}")
    told = [f"{len(done)} rancangan minggu berikutnya: {', '.join(done)}"] if done else []
    return "; ".join(told + refused)
