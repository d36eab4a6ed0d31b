"""Rotation of the sealing keys: every sealed column is sealed again, batch by batch, while everybody goes on working.

A value names its key in its second byte, so what is left to do is asked of the tables themselves: a rotation that was
cut off goes on where it stood, without a cursor that could be wrong. Source: safety.md 4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from core.actor import Actor
from core.crypto import Keyring
from core.db import Sealed
from core.errors import Conflict
from core.privacy.classes import sealed_columns
from core.sealed_file import sealed_files_with
from core.work import Tx, Work

BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    column: str
    """table.column"""
    done: int
    total: int
    """Values of this column that were sealed with another key when the work on it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    key: int
    values: int
    is_resumed: bool
    """An earlier rotation was not finished: its key was taken, no further one made."""
    backup: str
    """The file that keeps the ring as it was; empty when it was resumed."""


def rotate(work: Work, actor: Actor, ring: Keyring, tell: Callable[[Progress], None]) -> Rotated:
    """Make a new sealing key the active one and seal everything with it; goes on with a rotation that was cut off.

    Each batch is a transaction of its own that changes a value only while it is what was read.
    """
    ring.read_again()
    is_resumed = any(key != ring.active for key in sealed_with(work))
    backup = ""
    if not is_resumed:
        backup = ring.add_key().name
        with work.by(actor) as tx:
            tx.note("keys.rotate", "key", ring.active, ring=ring.fingerprint())
    values = sum(_seal_again(work, actor, ring, column, tell) for column in sealed_columns())
    with work.by(actor) as tx:
        tx.note("keys.sealed_again", "key", ring.active, values=values, ring=ring.fingerprint())
    return Rotated(key=ring.active, values=values, is_resumed=is_resumed, backup=backup)


def retire(work: Work, actor: Actor, ring: Keyring, number: int, folder: Path) -> str:
    """Take a key out of the ring once nothing is sealed with it; gives the name of the backup, which still has it.

    ``folder``: where files wait. They are not sealed again: each goes as soon as it is read, or after its days.
    Raises: Conflict "keys.active", "keys.unknown", "keys.still_used" with the number of values, "keys.files_wait" with
    that of files.
    """
    ring.read_again()
    if number == ring.active:
        raise Conflict("keys.active", key=number)
    if number not in ring.numbers:
        raise Conflict("keys.unknown", key=number)
    if left := sealed_with(work).get(number, 0):
        raise Conflict("keys.still_used", key=number, values=left)
    if waiting := sealed_files_with(folder)[number]:
        raise Conflict("keys.files_wait", key=number, files=waiting)
    with work.by(actor) as tx:
        tx.note("keys.retire", "key", number, ring=ring.fingerprint())
    return ring.drop_key(number).name


def sealed_with(work: Work) -> Mapping[int, int]:
    """Count the sealed values of all tables by the number of the key they are sealed with."""
    counts: dict[int, int] = {}
    with work.engine.connect() as connection:
        for column in sealed_columns():
            head = _head(column)
            query = sa.select(head, sa.func.count()).where(column.is_not(None)).group_by(head)
            for found, number in connection.execute(query):
                key = bytes(found)[1]
                counts[key] = counts.get(key, 0) + number
    return counts


def _head(column: sa.Column[Any]) -> sa.ColumnElement[bytes]:
    return sa.type_coerce(sa.func.substr(_raw(column), 1, 2), sa.LargeBinary())


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[bytes]:
    """Read and compare a sealed column as the bytes it is."""
    return sa.type_coerce(column, sa.LargeBinary())


def _seal_again(
    work: Work, actor: Actor, ring: Keyring, column: sa.Column[Any], tell: Callable[[Progress], None]
) -> int:
    table, kind = column.table, column.type
    assert isinstance(table, sa.Table) and isinstance(kind, Sealed)
    keys = list(table.primary_key.columns)
    is_old = sa.and_(column.is_not(None), _head(column) != bytes((1, ring.active)))
    with work.engine.connect() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(table).where(is_old)) or 0
    # A Core update would seal what it is given: the new bytes go in as they are.
    change = (
        sa.update(table)
        .where(*(one == sa.bindparam(f"at_{one.name}") for one in keys), _raw(column) == sa.bindparam("raw_before"))
        .values({column: sa.type_coerce(sa.bindparam("raw_after"), sa.LargeBinary())})
    )
    done, last = 0, None
    while done < total:

        def step(tx: Tx, after: tuple[Any, ...] | None = last) -> list[Any]:
            query = sa.select(*keys, _raw(column).label("old")).where(is_old)
            if after is not None:
                reached = (sa.literal(value, one.type) for value, one in zip(after, keys, strict=True))
                query = query.where(sa.tuple_(*keys) > sa.tuple_(*reached))
            rows = list(tx.session.execute(query.order_by(*keys).limit(BATCH)))
            changes = [
                {
                    **{f"at_{one.name}": value for one, value in zip(keys, row, strict=False)},
                    "raw_before": bytes(row.old),
                    "raw_after": ring.seal(ring.open(bytes(row.old), kind.context), kind.context),
                }
                for row in rows
            ]  # fmt: skip
            if changes:
                tx.session.connection().execute(change, changes)
            return rows

        rows = work.run(actor, step)
        if not rows:
            break
        done, last = done + len(rows), tuple(rows[-1])[: len(keys)]
        tell(Progress(column=f"{table.name}.{column.name}", done=done, total=total))
    return done


__all__ = ["BATCH", "Progress", "Rotated", "retire", "rotate", "sealed_with"]
