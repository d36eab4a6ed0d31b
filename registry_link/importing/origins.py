"""Who brought a snapshot and who took it over, and what completed it since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.queries import SnapshotLine
from registry_link.importing.models import ImportRun
from registry_link.importing.states import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    run_id: UUID
    started_by_name: str
    approved_by_name: str


def origins_of(tx: Tx, snapshot_ids: Sequence[UUID]) -> Mapping[UUID, Origin]:
    """Tell by which import these snapshots came; those that came without one are left out.

    The caller has checked the right to see the snapshots.
    """
    query = (
        sa.select(ImportRun.id, ImportRun.snapshot_id, ImportRun.started_by_name, ImportRun.approved_by_name)
        .where(ImportRun.regency_code == tx.regency_code, ImportRun.snapshot_id.in_(snapshot_ids))
        # The first one last: imports that completed a snapshot name it too.
        .order_by(ImportRun.started_at.desc(), ImportRun.id.desc())
    )
    return {
        row.snapshot_id: Origin(
            run_id=row.id, started_by_name=row.started_by_name, approved_by_name=row.approved_by_name or ""
        )
        for row in tx.session.execute(query)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Rows that were refused, came back, and went into the snapshot that had refused them."""

    run_id: UUID
    file_names: tuple[str, ...]
    added: int
    changed: int
    applied_at: datetime
    started_by_name: str
    approved_by_name: str


def completions_of(tx: Tx, snapshot: SnapshotLine) -> tuple[Completion, ...]:
    """Give the imports that completed a snapshot, in the order in which they were applied.

    The caller has checked the right to see the snapshot.
    """
    query = (
        sa.select(ImportRun.__table__)
        .where(
            ImportRun.regency_code == tx.regency_code, ImportRun.snapshot_id == snapshot.id,
            ImportRun.state == RunState.APPLIED, ImportRun.file_sha256 != snapshot.file_sha256,
        )
        .order_by(ImportRun.finished_at, ImportRun.id)
    )  # fmt: skip
    return tuple(
        Completion(
            run_id=row.id, file_names=tuple(one["name"] for one in json.loads(row.files)), added=row.new,
            changed=row.changed, applied_at=row.finished_at, started_by_name=row.started_by_name,
            approved_by_name=row.approved_by_name or "",
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def completed_with(file_sha256: str, state: RunState, snapshot: SnapshotLine) -> UUID | None:
    """Tell which snapshot an import completes, or completed; None for one of its own.

    An applied one names the snapshot that it went into, which is of other bytes: the same are never imported twice.
    """
    went_into = snapshot.id if state is RunState.APPLIED and snapshot.file_sha256 != file_sha256 else None
    return snapshot.completes_id or went_into
