"""State machines as tables; the guarded UPDATE here is the only thing that moves a state."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

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
    read, change = _statements(model)
    tx.session.flush()
    before: State | None = tx.session.scalar(read, {"p_id": row_id})
    if before is None:
        raise NotFound(f"{noun}.not_found")
    after = table.get((before, act))
    if after is None:
        raise Conflict(f"{noun}.cannot_{act.value}", state=before.value)
    done = tx.session.execute(change.values(state=after, **also), {"p_id": row_id, "p_before": before})
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"{noun}.moved_meanwhile", state=before.value)
    loaded = tx.session.identity_map.get(identity_key(model, row_id))
    if loaded is not None:
        tx.session.expire(loaded)
    tx.note(f"{noun}.{act.value}", noun, row_id, reason=reason, before=before.value, after=after.value)
    return after


@cache
def _statements(model: type[Base]) -> tuple[sa.Select[Any], sa.Update]:
    # By the table and written once: a state is moved in every hot act, and the ORM's own update costs five of these.
    named: Any = sa.inspect(model).columns
    mine = named.id == sa.bindparam("p_id")
    change = sa.update(cast(sa.Table, model.__table__)).where(mine, named.state == sa.bindparam("p_before"))
    return sa.select(named.state).where(mine), change


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
