"""Which snapshots stood when a list was drawn: an area's match, a term's list."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import DrawnFrom, Snapshot
from registry_link.households.queries import SnapshotLine
from registry_link.households.states import SnapshotState


def drawn_by(tx: Tx) -> tuple[UUID, ...]:
    """Give the office's current snapshots: what a list that is read now is drawn from."""
    mine = (Snapshot.regency_code == tx.regency_code, Snapshot.state == SnapshotState.CURRENT)
    return tuple(tx.session.scalars(sa.select(Snapshot.id).where(*mine).order_by(Snapshot.id)))


def is_outdated(tx: Tx, subject: str, subject_id: sa.SQLColumnExpression[UUID]) -> sa.ColumnElement[bool]:
    """Tell of a list whether a snapshot became current that it was not drawn from."""
    drawn = sa.exists().where(
        DrawnFrom.subject == subject, DrawnFrom.subject_id == subject_id, DrawnFrom.snapshot_id == Snapshot.id
    )
    mine = (Snapshot.regency_code == tx.regency_code, Snapshot.state == SnapshotState.CURRENT)
    return sa.exists().where(*mine, ~drawn)


def keep_drawn_from(tx: Tx, subject: str, subject_id: UUID, snapshot_ids: Sequence[UUID] | None = None) -> None:
    """Write down that this list was drawn now; the last drawing counts.

    From the office's current snapshots, or from those that were current when it was read.
    """
    mine = (DrawnFrom.subject == subject, DrawnFrom.subject_id == subject_id)
    tx.session.execute(sa.delete(DrawnFrom).where(*mine).execution_options(synchronize_session=False))
    types = DrawnFrom.__table__.c
    now = sa.select(
        sa.literal(subject), sa.literal(subject_id, types.subject_id.type), Snapshot.id,
        sa.literal(tx.now, types.at.type),
    ).where(Snapshot.regency_code == tx.regency_code)  # fmt: skip
    if snapshot_ids is None:
        now = now.where(Snapshot.state == SnapshotState.CURRENT)
    else:
        now = now.where(Snapshot.id.in_(snapshot_ids))
    tx.session.execute(sa.insert(DrawnFrom).from_select(["subject", "subject_id", "snapshot_id", "at"], now))


def drawn_from(tx: Tx, subject: str, subject_ids: Sequence[UUID]) -> tuple[SnapshotLine, ...]:
    """Give the snapshots from which these lists were drawn, each once, the newest first.

    The caller has checked the right to see the lists.
    """
    drawn = sa.select(DrawnFrom.snapshot_id).where(DrawnFrom.subject == subject, DrawnFrom.subject_id.in_(subject_ids))
    columns = [getattr(Snapshot, name) for name in SnapshotLine.__dataclass_fields__]
    query = sa.select(*columns).where(Snapshot.regency_code == tx.regency_code, Snapshot.id.in_(drawn))
    rows = tx.session.execute(query.order_by(Snapshot.as_of_on.desc(), Snapshot.source, Snapshot.id))
    return tuple(SnapshotLine(**row._mapping) for row in rows)
