"""Same key, same body: the same answer again, and the effect once. Another body: refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.errors import Invalid
from core.work import Tx

KEY = re.compile(r"[!-~]{8,64}", re.ASCII)


class IdempotencyRow(Base):
    __tablename__ = "idempotency"

    actor_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str]
    body_sha256: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str


def begin(tx: Tx, key: str, route: str, body_sha256: str) -> Answer | None:
    """Claim the key as the first statement of the transaction; gives the saved answer when it was used before.

    A parallel twin waits for the first and then gets its answer. Raises: Invalid, for a malformed or re-used key.
    """
    if not KEY.fullmatch(key):
        raise Invalid("idempotency.malformed_key", field="Idempotency-Key")
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    done = tx.session.execute(
        insert(IdempotencyRow)
        .values(actor_id=tx.actor.id, key=key, route=route, body_sha256=body_sha256, at=tx.now)
        .on_conflict_do_nothing()
    )
    if done.rowcount == 1:  # type: ignore[attr-defined]
        return None
    row = tx.session.execute(
        sa.select(IdempotencyRow).where(IdempotencyRow.actor_id == tx.actor.id, IdempotencyRow.key == key)
    ).scalar_one()
    if row.route != route or row.body_sha256 != body_sha256:
        raise Invalid("idempotency.key_reused", field="Idempotency-Key")
    return Answer(row.status or 200, row.answer or "")


def finish(tx: Tx, key: str, status: int, answer: str) -> None:
    """Keep the answer beside the effect, in the same transaction."""
    tx.session.execute(
        sa.update(IdempotencyRow)
        .where(IdempotencyRow.actor_id == tx.actor.id, IdempotencyRow.key == key)
        .values(status=status, answer=answer)
    )
