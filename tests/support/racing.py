"""Several who act at the very same moment, each in a thread of their own."""

from __future__ import annotations

import pkgutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

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

    def other() -> object:
        try:
            with work.by(then or actor) as tx:
                return second(tx)
        except Refused as told:
            return told

    with ThreadPoolExecutor(1) as pool:
        with work.by(actor) as tx:
            first(tx)
            tx.session.flush()
            waiting = pool.submit(other)
            while not (waiting.done() or _is_anybody_waiting(work)):
                time.sleep(0.01)
        return waiting.result()


def just_before(patch: pytest.MonkeyPatch, target: str, act: Callable[[], object]) -> None:
    """Let somebody else do ``act``, and commit it, just before ``target`` ("package.module.name") is called next."""
    real = pkgutil.resolve_name(target)

    def late(*given: object, **named: object) -> object:
        patch.setattr(target, real)
        act()
        return real(*given, **named)

    patch.setattr(target, late)


def _is_anybody_waiting(work: Work) -> bool:
    if work.engine.dialect.name == "sqlite":
        return True
    with work.engine.connect() as connection:
        asked = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(connection.scalar(asked))
