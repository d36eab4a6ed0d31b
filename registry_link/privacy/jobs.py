"""What privacy does by itself: what was kept long enough goes, and so does what only opening shows to be erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.actor import Actor
from core.db import Sealed
from core.jobs import Daily, Every, Job
from core.privacy.classes import classes, retentions, table
from core.privacy.held import clear_rows, mentions
from core.privacy.keeping import forget_old
from core.work import Tx, Work
from registry_link.households.erased import NUMBER_CONTEXTS, erased_indexes
from registry_link.households.forgetting import forget_staged
from registry_link.importing.commands import discard_import
from registry_link.importing.queries import undecided_before
from registry_link.privacy.models import Erasure
from registry_link.privacy.states import ErasureState

OPENED_AT_ONCE: Final = 2000


def forget(tx: Tx) -> str:
    """Delete what was kept as long as it may be; imports that nobody decided on are given up first."""
    days = retentions()["import"].days
    assert days is not None
    for run_id in undecided_before(tx, tx.now - timedelta(days=days)):
        discard_import(tx, run_id, "retention")
    gone = forget_old(tx.session, tx.now)
    if gone:
        tx.note("privacy.forget", "office", tx.regency_code, rows=[f"{name}: {count}" for name, count in gone.items()])
    return ", ".join(f"{name} {count}" for name, count in gone.items())


def sweep(work: Work, actor: Actor) -> str:
    """Open the rows that are known by nothing but their sealed text and take out those of who was erased since.

    Small transactions; a sweep that was cut off begins again, and an erasure counts as swept only at the end.
    """
    with work.read_by(actor) as tx:
        waiting = tuple(tx.session.scalars(
            sa.select(Erasure.id).where(
                Erasure.regency_code == tx.regency_code, Erasure.state == ErasureState.APPROVED,
                Erasure.swept_at.is_(None),
            )
        ))  # fmt: skip
        numbers = erased_indexes(tx, waiting)
    if not waiting:
        return ""
    done = sum(_sweep_table(work, actor, name, numbers) for name, told in classes().items() if told.is_searched)
    done += forget_staged(work, actor)

    def tell(tx: Tx) -> None:
        tx.session.execute(
            sa.update(Erasure).where(Erasure.id.in_(waiting)).values(swept_at=tx.now, cleared_rows=_more(waiting, done))
        )
        for one in waiting:
            tx.note("erasure.sweep", "erasure", one, rows=done)

    work.run(actor, tell)
    return f"{len(waiting)} erasures, {done} rows"


def _more(waiting: Sequence[UUID], done: int) -> Any:
    """Rows that several erasures share are counted with none of them."""
    return Erasure.cleared_rows + done if len(waiting) == 1 else Erasure.cleared_rows


def _sweep_table(work: Work, actor: Actor, name: str, numbers: frozenset[bytes]) -> int:
    here = table(name)
    keys = list(here.primary_key.columns)
    sealed = [one for one in here.columns if isinstance(one.type, Sealed)]
    done, last = 0, None
    while True:

        def step(tx: Tx, after: tuple[Any, ...] | None = last) -> tuple[list[Any], int]:
            query = sa.select(*keys, *sealed).order_by(*keys).limit(OPENED_AT_ONCE)
            if after is not None:
                reached = (sa.literal(value, one.type) for value, one in zip(after, keys, strict=True))
                query = query.where(sa.tuple_(*keys) > sa.tuple_(*reached))
            rows = list(tx.session.execute(query))
            theirs = [
                tuple(row)[: len(keys)] for row in rows
                if any(mentions(one, numbers, NUMBER_CONTEXTS) for one in tuple(row)[len(keys) :] if one)
            ]  # fmt: skip
            return rows, clear_rows(tx.session, name, theirs)

        rows, cleared = work.run(actor, step)
        done += cleared
        if len(rows) < OPENED_AT_ONCE:
            return done
        last = tuple(rows[-1])[: len(keys)]


JOBS = (
    Job(name="privacy.forget", trigger=Daily(1, 40), act=forget),
    Job(name="privacy.sweep", trigger=Every(600), act_long=sweep),
)
