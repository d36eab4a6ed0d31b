"""How long what is kept: rows whose days are over go, as ``core/data_classes.toml`` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.privacy.classes import TableClass, classes, retentions, table


def forget_old(session: Session, now: datetime) -> Mapping[str, int]:
    """Delete what is older than its table keeps it, of all offices alike; gives how many rows of which table."""
    gone: dict[str, int] = {}
    for name, told in classes().items():
        days = retentions()[told.retention].days
        if days is None:
            continue
        done = session.connection().execute(sa.delete(table(name)).where(_is_older(told, now - timedelta(days=days))))
        if done.rowcount:
            gone[name] = done.rowcount
    return gone


def _is_older(told: TableClass, instant: datetime) -> sa.ColumnElement[bool]:
    here, _, there = (one.strip() for one in told.ages_by.partition("="))
    column = table(told.name).c[here]
    if not there:
        return column < instant
    other, _, at = there.partition(".")
    return column.in_(sa.select(table(other).c.id).where(table(other).c[at] < instant))
