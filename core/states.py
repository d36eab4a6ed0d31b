"""State machines as tables; the guarded UPDATE here is the only thing that moves a state."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.db import Base
from core.errors import Conflict, NotFound
from core.work import Tx

State = TypeVar("State", bound=enum.StrEnum)
Act = TypeVar("Act", bound=enum.StrEnum)


def move(
    tx: Tx,
    model: type[Base],
    row_id: UUID,
    act: Act,
    table: Mapping[tuple[State, Act], State],
    *,
    reason: str = "",
    **also: Any,
) -> State:
    """Move one row by one act and give its new state; ``also`` sets further columns in the same UPDATE.

    Raises: NotFound; Conflict("<noun>.cannot_<act>") when the table has no such step;
    Conflict("<noun>.moved_meanwhile") when another was faster.
    """
    noun = model.__tablename__
    columns: Any = model
    before: State | None = tx.session.scalar(sa.select(columns.state).where(columns.id == row_id))
    if before is None:
        raise NotFound(f"{noun}.not_found")
    after = table.get((before, act))
    if after is None:
        raise Conflict(f"{noun}.cannot_{act.value}", state=before.value)
    done = tx.session.execute(
        sa.update(model).where(columns.id == row_id, columns.state == before).values(state=after, **also)
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"{noun}.moved_meanwhile", state=before.value)
    tx.note(f"{noun}.{act.value}", noun, row_id, reason=reason, before=before.value, after=after.value)
    return after


def reachable(start: State, table: Mapping[tuple[State, Act], State]) -> frozenset[State]:
    """Give every state that can be reached from ``start`` (a test proves that it is every state there is)."""
    seen, edge = {start}, [start]
    while edge:
        here = edge.pop()
        for (before, _), after in table.items():
            if before == here and after not in seen:
                seen.add(after)
                edge.append(after)
    return frozenset(seen)
