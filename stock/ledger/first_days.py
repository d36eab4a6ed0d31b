"""Since when a place has held goods."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from stock.ledger.models import Move


def first_days(tx: Tx, place_ids: Collection[UUID]) -> dict[UUID, date]:
    """Give for each of these places the local day on which something first came; places that never had anything are
    left out."""
    rows = tx.session.execute(
        sa.select(Move.to_place_id, sa.func.min(Move.event_on).label("on"))
        .where(Move.to_place_id.in_(place_ids), Move.regency_code == tx.regency_code)
        .group_by(Move.to_place_id)
    )
    return {row.to_place_id: row.on for row in rows}
