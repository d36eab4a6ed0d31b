"""Households as they stand, in the form of a file's rows: members who come later have something to belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from registry_link.households.linking import listed_by
from registry_link.households.merged import is_seen
from registry_link.households.models import Household, RegistryLink, Snapshot
from registry_link.households.pieces import KEPT_HOMES
from registry_link.households.states import SnapshotState

_AT_ONCE: Final = 800


def to_complete(tx: Tx, snapshot_id: UUID) -> tuple[str, date, str]:
    """Give source, day and agreement of the current snapshot that rows are to complete.

    Raises: Conflict "snapshot.not_current".
    """
    row = tx.session.execute(
        sa.select(Snapshot.source, Snapshot.as_of_on, Snapshot.agreement_no).where(
            Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code,
            Snapshot.state == SnapshotState.CURRENT,
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise Conflict("snapshot.not_current")
    return row.source, row.as_of_on, row.agreement_no


def completed_by(tx: Tx, snapshot_id: UUID) -> UUID | None:
    """Tell which snapshot the rows of this one complete; None where they are a snapshot of their own."""
    return tx.session.scalar(sa.select(Snapshot.completes_id).where(Snapshot.id == snapshot_id))


def standing_homes(tx: Tx, snapshot_id: UUID, external_ids: Iterable[str]) -> pl.DataFrame:
    """Give those of these households that the source of a snapshot lists, as a file would say them that changes
    nothing."""
    wanted = sorted(set(external_ids))
    source = tx.session.scalar(sa.select(Snapshot.source).where(Snapshot.id == snapshot_id)) or ""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(wanted), _AT_ONCE):
        query = (
            sa.select(
                sa.literal(0), RegistryLink.external_id, Household.village_code, sa.literal(""), Household.rt,
                Household.rw, Household.hamlet, Household.address, Household.size, Household.decile,
                Household.lon_deg, Household.lat_deg, Household.position_accuracy_m, sa.null(), Household.head_name,
                Household.row_hash,
            )
            .join(Household, Household.id == RegistryLink.household_id)
            .where(
                listed_by(tx, source),
                RegistryLink.external_id.in_(wanted[start : start + _AT_ONCE]),
                Household.external_id == RegistryLink.external_id, Household.erased_at.is_(None), is_seen(),
            )
            .order_by(RegistryLink.external_id)
        )  # fmt: skip
        rows += [(*row[:-1], row[-1] or b"") for row in tx.session.execute(query)]
    return pl.DataFrame(rows, schema=KEPT_HOMES, orient="row") if rows else KEPT_HOMES.to_frame()
