"""What a database is told while very much is written: how much it may hold, and what has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from core.work import Tx

_MUCH_ROOM: Final = sa.text("PRAGMA cache_size=-80000")
_USUAL_ROOM: Final = sa.text("PRAGMA cache_size=-32000")
"""As ``core.db`` opens a connection."""
_STAGED: Final = (sa.text("ANALYZE staged_household"), sa.text("ANALYZE staged_member"))
_TAKEN: Final = (
    sa.text("ANALYZE household"), sa.text("ANALYZE member"), sa.text("ANALYZE known_number"),
    sa.text("ANALYZE registry_link"),
)  # fmt: skip


@contextmanager
def room(tx: Tx) -> Iterator[None]:
    """Let SQLite hold the indexes it fills: numbers' hashes come in no order, each to another page."""
    is_sqlite = tx.session.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        tx.session.execute(_MUCH_ROOM)
    try:
        yield
    finally:
        if is_sqlite:
            tx.session.execute(_USUAL_ROOM)


def analyze_staged(tx: Tx) -> None:
    """Let PostgreSQL know what was staged a moment ago: without it joins are planned for a few rows."""
    _analyze(tx, _STAGED)


def analyze_taken(tx: Tx) -> None:
    """Let PostgreSQL know what was taken over a moment ago: without it a look-up by number walks all members."""
    _analyze(tx, _TAKEN)


def _analyze(tx: Tx, statements: Sequence[sa.TextClause]) -> None:
    if tx.session.get_bind().dialect.name == "postgresql":
        for statement in statements:
            tx.session.execute(statement)
