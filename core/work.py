"""One way in = one ``with work.by(actor) as tx`` = one commit. Commands never commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from core import audit
from core.actor import Actor
from core.clock import Clock, local_day
from core.db import WRITING
from core.errors import Busy, Fact
from core.ids import Ids
from core.permissions import Reach, reach
from core.turns import Turns

Result = TypeVar("Result")
_RETRY = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""
_TAKEN = "23505"
"""PostgreSQL: a row that must be the only one of its kind is there already."""
AT_ONCE = {"sqlite": 1, "postgresql": 3}
"""How many write in one process at the same time; measured with ``bench.writers``."""


class Tx:
    """One transaction, with everything a command may ask for."""

    def __init__(
        self, session: Session, actor: Actor, now: datetime, ids: Ids, *, is_writing: bool, folder: Path | None = None
    ) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.is_writing = is_writing
        self.folder = folder
        self._ids = ids
        self._notes: list[audit.Note] = []
        self._seen: list[tuple[str, list[str], str]] = []
        self._after: list[Callable[[], None]] = []

    @property
    def regency_code(self) -> str:
        return self.actor.regency_code

    @property
    def zone(self) -> ZoneInfo:
        return self.actor.zone

    @property
    def today(self) -> date:
        """The office's local day, frozen with ``now``."""
        return local_day(self.now, self.zone)

    def new_id(self) -> UUID:
        return self._ids.new()

    def new_ids(self, count: int) -> list[UUID]:
        return self._ids.several(count) if count else []

    def require(self, action: str) -> Reach:
        """Tell how far the actor may do this. Raises: Forbidden."""
        return reach(self.actor, action)

    def note(self, action: str, subject: str, subject_id: object, *, reason: str = "", **facts: Fact) -> None:
        """Put an act into the audit chain of this transaction. Facts hold no person's name or number."""
        self._notes.append(
            audit.Note(action=action, subject=subject, subject_id=str(subject_id), reason=reason, facts=facts)
        )

    def saw(self, subject: str, ids: Sequence[object], purpose: str) -> None:
        """Put a look at persons into the access log (written after the transaction, also for a read)."""
        if ids:
            self._seen.append((subject, [str(one) for one in ids], purpose))

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do this once the commit stands; for what may be lost (what may not is a row that a job works off)."""
        self._after.append(act)

    @contextmanager
    def savepoint(self) -> Iterator[SessionTransaction]:
        """Undo only the inner block when it raises; its notes and looks go with it."""
        kept = len(self._notes), len(self._seen), len(self._after)
        try:
            with self.session.begin_nested() as nested:
                yield nested
        except BaseException:
            del self._notes[kept[0] :], self._seen[kept[1] :], self._after[kept[2] :]
            raise


class Work:
    """Opens transactions on one database, with one clock and one source of ids."""

    def __init__(self, engine: Engine, clock: Clock, ids: Ids | None = None, *, folder: Path | None = None) -> None:
        self.engine = engine
        self.clock = clock
        self.ids = ids or Ids(clock)
        self.folder = folder
        """Where what can be made again from the database may lie; nowhere when None."""
        self._writer = engine.execution_options(**{WRITING: True})
        self._turns = Turns(AT_ONCE[engine.dialect.name])

    @contextmanager
    def by(self, actor: Actor) -> Iterator[Tx]:
        """Write: everything in the block is committed together, or nothing is.

        Raises: Busy where the writers before this one do not come to an end.
        """
        with self._turns.mine(), Session(self._writer, expire_on_commit=False) as session:
            tx = Tx(session, actor, self.clock.now(), self.ids, is_writing=True, folder=self.folder)
            try:
                yield tx
                session.flush()
                for subject, ids, purpose in tx._seen:
                    audit.append_access(session, actor, tx.now, self.ids.new(), subject, ids, purpose)
                if tx._notes:
                    audit.append(session, actor, tx.now, tx._notes)
                session.commit()
            except BaseException:
                session.rollback()
                raise
        for act in tx._after:
            act()

    @contextmanager
    def read_by(self, actor: Actor) -> Iterator[Tx]:
        """Read: a flush is an error; looks at persons are logged when the block ends, however it ends.

        An answer that is sent while it is read may be broken off by the reader or by an error: what went out was seen.
        """
        tx = None
        try:
            with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
                event.listen(session, "before_flush", _refuse_flush)
                tx = Tx(session, actor, self.clock.now(), self.ids, is_writing=False, folder=self.folder)
                yield tx
                session.rollback()
        finally:
            if tx is not None and tx._seen:
                with self.by(actor) as log:
                    log._seen.extend(tx._seen)

    def run(self, actor: Actor, act: Callable[[Tx], Result], attempts: int = 5) -> Result:
        """Write, and do the whole transaction again where the database says that another one was in the way.

        Where another has written in the same moment what can be there only once, ``act`` is done once more: it finds
        that now, and refuses in its own words. Raises: Busy after the last attempt; nothing was done then.
        """
        was_taken = False
        for attempt in range(1, attempts + 1):
            try:
                with self.by(actor) as tx:
                    return act(tx)
            except DBAPIError as error:
                is_taken = getattr(error.orig, "sqlstate", None) == _TAKEN
                if not is_contention(error) and (was_taken or not is_taken):
                    raise
                was_taken = was_taken or is_taken
                if attempt == attempts:
                    raise Busy("core.busy") from error
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 (jitter, not a secret)
        raise AssertionError("unreachable")


def is_contention(error: DBAPIError) -> bool:
    """Tell whether trying the whole transaction again can succeed."""
    code = getattr(error.orig, "sqlstate", None)
    return code in _RETRY or "database is locked" in str(error.orig)


def _refuse_flush(session: Session, *_: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a reading transaction was asked to write")
