"""Several who act at the very same moment, each in a thread of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import ModuleType

import pytest
import sqlalchemy as sa

from core.actor import Actor
from core.errors import Refused
from core.work import Tx, Work

Act = Callable[[Tx], object]


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of it at once; give what each returned, or the refusal it met, in the order of ``acts``."""
    gate = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        gate.wait()
        try:
            return act()
        except Refused as told:
            return told

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def codes(results: Sequence[object]) -> list[str]:
    """Give the code of each refusal, sorted; empty for what was done."""
    return sorted(one.code if isinstance(one, Refused) else "" for one in results)


def before_the_first_commits(
    work: Work, actor: Actor, first: Act, second: Act, *, then: Actor | None = None
) -> object:  # fmt: skip
    """Do ``first``, and commit it only when ``second`` has come to wait for it; give what became of the second.

    The second is done by the same actor unless ``then`` says by whom.
    PostgreSQL lets both into the database; on SQLite the second waits for its turn before it looks at anything.
    """
    with ThreadPoolExecutor(1) as pool:
        with work.by(actor) as tx:
            first(tx)
            tx.session.flush()
            waiting = pool.submit(_told, work, then or actor, second)
            _until_it_stands_or_waits(work, waiting)
        return waiting.result()


@contextmanager
def just_before(module: ModuleType, name: str, work: Work, actor: Actor, act: Act) -> Iterator[list[object]]:
    """Do ``act`` when the function of this ``name`` is first called, and go on there once it is committed or waits.

    What became of it is in the list after the block. For PostgreSQL alone, where another gets in between two statements
    of a transaction.
    """
    real, told, begun = getattr(module, name), list[object](), list[Future[object]]()
    with ThreadPoolExecutor(1) as pool, pytest.MonkeyPatch.context() as patch:

        def late(*args: object, **more: object) -> object:
            patch.setattr(module, name, real)
            begun.append(pool.submit(_told, work, actor, act))
            _until_it_stands_or_waits(work, begun[0])
            return real(*args, **more)

        patch.setattr(module, name, late)
        yield told
    told += [one.result() for one in begun]


def _told(work: Work, actor: Actor, act: Act) -> object:
    try:
        with work.by(actor) as tx:
            return act(tx)
    except Refused as told:
        return told


def _until_it_stands_or_waits(work: Work, waiting: Future[object]) -> None:
    while not (waiting.done() or _is_anybody_waiting(work)):
        time.sleep(0.01)


def _is_anybody_waiting(work: Work) -> bool:
    if work.engine.dialect.name == "sqlite":
        return True
    with work.engine.connect() as connection:
        asked = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(connection.scalar(asked))
