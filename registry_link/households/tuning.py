"""What a database is told after very much was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from core.work import Tx

_STAGED: Final = (sa.text("ANALYZE staged_household"), sa.text("ANALYZE staged_member"))
_TAKEN: Final = (
    sa.text("ANALYZE household"), sa.text("ANALYZE member"), sa.text("ANALYZE known_number"),
    sa.text("ANALYZE registry_link"),
)  # fmt: skip


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
