"""Who brought a snapshot and who took it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.importing.models import ImportRun


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
