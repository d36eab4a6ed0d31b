"""What a staged snapshot's file lists, which is known only once its columns are."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from registry_link.households.models import Snapshot
from registry_link.households.states import SnapshotState


def tell_what_is_listed(tx: Tx, snapshot_id: UUID, *, lists_members: bool) -> None:
    """Keep, once a file's columns are known, whether it lists every member; see ``RecordSnapshot``.

    Raises: Conflict when the snapshot is not staged any more.
    """
    done = tx.session.execute(
        sa.update(Snapshot)
        .where(
            Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code,
            Snapshot.state == SnapshotState.STAGED,
        )
        .values(lists_members=sa.and_(Snapshot.completes_id.is_(None), sa.literal(lists_members)))
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("snapshot.cannot_commit", state="")
