"""Whose turn it is: among the writers of a process, and among those who look at the same before they write."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import Busy


def alone(session: Session, *what: str) -> None:
    """Wait until nobody else does this, and keep them out until the end of the transaction.

    For what is looked at before it is written where there is no row to lock and no constraint to catch the second: a
    count, a file beside the database. SQLite lets in one writer at a time anyway: from here on this one.
    """
    if session.connection().dialect.name == "postgresql":
        key = int.from_bytes(blake2b("\0".join(what).encode(), digest_size=8).digest(), signed=True)
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


class Turns:
    """The writers of one process.

    A SQLite file knows no queue: whoever finds it busy sleeps and asks again, and the unlucky are overtaken for
    seconds. A lock of Python's is no better, since whoever lets it go may take it again before the next one wakes.
    PostgreSQL queues by itself, but many who wait inside a transaction keep each other from the processor.
    """

    def __init__(self, at_once: int, patience_s: float = 30) -> None:
        self._free, self._patience_s = at_once, patience_s
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = threading.local()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for one's turn, and hand it on at the end; who has it already does not wait for themselves.

        Raises: Busy when it does not come.
        """
        if getattr(self._held, "is_mine", False):
            yield
            return
        self._enter()
        self._held.is_mine = True
        try:
            yield
        finally:
            self._held.is_mine = False
            self._leave()

    def _enter(self) -> None:
        with self._guard:
            if self._free:
                self._free -= 1
                return
            call = threading.Lock()
            call.acquire()
            self._waiting.append(call)
        if call.acquire(timeout=self._patience_s):
            return
        with self._guard:
            if call in self._waiting:
                self._waiting.remove(call)
                raise Busy("core.busy")
        # The turn was handed over in the very moment in which patience ended.

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
