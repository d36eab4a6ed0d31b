"""Whether a compared snapshot can take the place that it is meant for, as things are now."""

from __future__ import annotations

from uuid import UUID

from core.errors import Conflict
from core.work import Tx
from registry_link.households.marks import read_against
from registry_link.households.rows import Weighed
from registry_link.households.staging import comes_after, staged_snapshot


def refuse_unfit(tx: Tx, snapshot_id: UUID, counts: Weighed) -> None:
    """Refuse a staged snapshot that cannot become current as things are now; writes nothing.

    Raises: NotFound; Conflict "snapshot.empty", "snapshot.older", "snapshot.not_current" (of rows that complete one),
    "snapshot.read_against_another", "snapshot.cannot_commit".
    """
    before = comes_after(tx, staged_snapshot(tx, snapshot_id), counts)
    read_with = read_against(tx, snapshot_id)
    if read_with is not None and (before is None or read_with != before.id):
        raise Conflict("snapshot.read_against_another")
