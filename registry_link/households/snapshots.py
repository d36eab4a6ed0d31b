"""A snapshot of a register: opened, made current in the place of the one before, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, NotFound
from core.states import move
from core.work import Tx
from registry_link.households.differences import (
    forget_differences,
)
from registry_link.households.marks import drop_marks, read_against
from registry_link.households.models import (
    Snapshot,
    StagedHousehold,
    StagedMark,
    StagedMember,
    StagedPiece,
    WeighedPiece,
)
from registry_link.households.rows import Weighed
from registry_link.households.states import (
    SNAPSHOT_MOVES,
    SnapshotAct,
    SnapshotState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSnapshot:
    source: str
    """The register: dtsen, dtks, bdt, office. Ids are compared only within one source."""
    as_of_on: date
    agreement_no: str = ""
    file_name: str = ""
    file_sha256: str = ""
    completes_id: UUID | None = None
    """The current snapshot that its rows complete, instead of becoming one of their own."""
    lists_members: bool = True
    """Whether every member is listed, so that one who is missing has left the household."""


def record_snapshot(tx: Tx, order: RecordSnapshot) -> UUID:
    """Open a snapshot that rows can be staged for."""
    snapshot_id = tx.new_id()
    tx.session.execute(
        sa.insert(Snapshot).values(
            id=snapshot_id, regency_code=tx.regency_code, source=order.source, as_of_on=order.as_of_on,
            agreement_no=order.agreement_no, file_name=order.file_name, file_sha256=order.file_sha256,
            state=SnapshotState.STAGED, households=0, members=0, completes_id=order.completes_id,
            lists_members=order.lists_members and order.completes_id is None, recorded_at=tx.now, current_at=None,
        )
    )  # fmt: skip
    tx.note("snapshot.record", "snapshot", snapshot_id, source=order.source, as_of=order.as_of_on.isoformat(),
            file_sha256=order.file_sha256)  # fmt: skip
    return snapshot_id


def staged_snapshot(tx: Tx, snapshot_id: UUID) -> Any:
    snapshot = tx.session.execute(
        sa.select(Snapshot.__table__).where(Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code)
    ).one_or_none()
    if snapshot is None:
        raise NotFound("snapshot.not_found")
    if snapshot.state is not SnapshotState.STAGED:
        raise Conflict("snapshot.cannot_commit", state=snapshot.state.value)
    return snapshot


def note_kept(tx: Tx, snapshot_id: UUID, households: int, members: int) -> None:
    """Keep how many a snapshot lists whose rows were refused, and who stay as they are."""
    tx.session.execute(
        sa.update(Snapshot).where(Snapshot.id == snapshot_id).values(kept_households=households, kept_members=members)
    )


def current_before(tx: Tx, snapshot: Any) -> Any:
    """Give id and day of the office's current snapshot of the same source, None when there is none."""
    return _current_of(tx, snapshot.source)


def _current_of(tx: Tx, source: str) -> Any:
    return tx.session.execute(
        sa.select(Snapshot.id, Snapshot.as_of_on).where(
            Snapshot.regency_code == tx.regency_code, Snapshot.source == source,
            Snapshot.state == SnapshotState.CURRENT,
        )
    ).one_or_none()  # fmt: skip


def refuse_older(tx: Tx, source: str, as_of_on: date) -> None:
    """Refuse a day before that of the office's current snapshot of a source. Raises: Conflict "snapshot.older"."""
    _refuse_older(_current_of(tx, source), as_of_on)


def refuse_overtaken(tx: Tx, snapshot_id: UUID) -> None:
    """Refuse a snapshot on its way where a newer one of its source became current since it began.

    Rows that complete another are of that one's day. Raises: Conflict "snapshot.older".
    """
    row = tx.session.execute(
        sa.select(Snapshot.source, Snapshot.as_of_on).where(
            Snapshot.id == snapshot_id, Snapshot.completes_id.is_(None)
        )
    ).one_or_none()  # fmt: skip
    if row is not None:
        refuse_older(tx, row.source, row.as_of_on)


def _refuse_older(before: Any, as_of_on: date) -> None:
    if before is not None and before.as_of_on > as_of_on:
        raise Conflict("snapshot.older", current=before.as_of_on.isoformat(), given=as_of_on.isoformat())


def comes_after(tx: Tx, snapshot: Any, counts: Weighed) -> Any:
    """Give the snapshot that one is to take the place of, None when it is the first of its source.

    One that completes another takes nobody's place. Raises: Conflict "snapshot.older", "snapshot.empty",
    "snapshot.not_current" (the one to complete is replaced by now).
    """
    if not counts.new + counts.changed + counts.unchanged:
        raise Conflict("snapshot.empty")
    before = current_before(tx, snapshot)
    if snapshot.completes_id is not None:
        if before is None or before.id != snapshot.completes_id:
            raise Conflict("snapshot.not_current")
        return None
    _refuse_older(before, snapshot.as_of_on)
    return before


def refuse_unfit(tx: Tx, snapshot_id: UUID, counts: Weighed) -> Any:
    """Refuse a staged snapshot that cannot become current as things are now; else give what ``comes_after`` does.

    Raises: NotFound; Conflict "snapshot.empty", "snapshot.older", "snapshot.not_current" (of rows that complete one),
    "snapshot.read_against_another", "snapshot.cannot_commit".
    """
    before = comes_after(tx, staged_snapshot(tx, snapshot_id), counts)
    read_with = read_against(tx, snapshot_id)
    if read_with is not None and (before is None or read_with != before.id):
        raise Conflict("snapshot.read_against_another")
    return before


def replace_current(tx: Tx, snapshot: Any, before_id: UUID | None, counts: Weighed) -> None:
    """Make a staged snapshot the current one of its source."""
    if before_id is not None:
        move(tx, Snapshot, before_id, SnapshotAct.REPLACE, SNAPSHOT_MOVES)
    move(
        tx, Snapshot, snapshot.id, SnapshotAct.COMMIT, SNAPSHOT_MOVES, current_at=tx.now,
        households=counts.new + counts.changed + counts.unchanged + snapshot.kept_households,
        members=counts.members + snapshot.kept_members,
    )  # fmt: skip


def note_counts(tx: Tx, snapshot_id: UUID, counts: Weighed) -> None:
    tx.note(
        "snapshot.counts", "snapshot", snapshot_id, new=counts.new, changed=counts.changed,
        unchanged=counts.unchanged, suspected=counts.suspected, members=counts.members,
    )  # fmt: skip


def discard(tx: Tx, snapshot_id: UUID, reason: str = "") -> None:
    """Give up a staged snapshot; nothing of it stays but that it was there."""
    staged_snapshot(tx, snapshot_id)
    move(tx, Snapshot, snapshot_id, SnapshotAct.DISCARD, SNAPSHOT_MOVES, reason=reason)
    forget_differences(tx, snapshot_id)
    clear_staged(tx, snapshot_id)
    drop_marks(tx, snapshot_id)


def clear_staged(tx: Tx, snapshot_id: UUID) -> None:
    """Remove what was staged."""
    clear_written(tx, snapshot_id)
    tx.session.execute(sa.delete(StagedMark).where(StagedMark.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedPiece).where(StagedPiece.snapshot_id == snapshot_id))


def clear_written(tx: Tx, snapshot_id: UUID) -> None:
    """Remove what a comparison wrote of pieces, which stay."""
    tx.session.execute(sa.delete(WeighedPiece).where(WeighedPiece.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedMember).where(StagedMember.snapshot_id == snapshot_id))
    tx.session.execute(sa.delete(StagedHousehold).where(StagedHousehold.snapshot_id == snapshot_id))
