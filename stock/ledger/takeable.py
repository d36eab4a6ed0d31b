"""What of an item may be taken at a place on a past day, batch by batch, and which batches have which codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from stock.ledger.kinds import FundingSource
from stock.ledger.models import Balance, BalanceDay, Batch
from stock.ledger.rules import DayChange, Lot, is_expired, least_from, picking_order

_AT_ONCE = 500
_BALANCE, _BATCH, _DAY = Balance.__table__.c, Batch.__table__.c, BalanceDay.__table__.c
_SHELF = (
    sa.select(
        _BATCH.id, _BATCH.code, _BATCH.funding_source, _BATCH.expires_on, _BATCH.received_on, _BALANCE.on_hand_milli,
        _BALANCE.reserved_milli, _BALANCE.last_on,
    )
    .join(Balance.__table__, _BALANCE.batch_id == _BATCH.id)
    .where(
        _BALANCE.place_id == sa.bindparam("place"), _BATCH.item_id == sa.bindparam("item"),
        _BATCH.regency_code == sa.bindparam("regency"),
    )
)  # fmt: skip
_LATER = sa.select(_DAY.batch_id, _DAY.event_on, _DAY.change_milli).where(
    _DAY.place_id == sa.bindparam("place"),
    _DAY.batch_id.in_(sa.bindparam("batches", expanding=True)),
    _DAY.event_on >= sa.bindparam("since"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeable:
    batch_id: UUID
    code: str
    free_milli: Milli
    """So much lies there now, unreserved, and lay there at the end of every day from then on."""
    is_expired: bool
    """By that day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOfCode:
    id: UUID
    code: str
    item_id: UUID


def takeable(
    tx: Tx, place_id: UUID, item_id: UUID, on: date, *, among: Collection[UUID] | None = None
) -> tuple[Takeable, ...]:
    """Give every batch of an item that ever lay at a place, empty ones too, in picking order, expired ones last."""
    asked = {"place": place_id, "item": item_id, "regency": tx.regency_code}
    rows = [row for row in tx.session.execute(_SHELF, asked) if among is None or row.id in among]
    late = [row.id for row in rows if row.last_on is not None and row.last_on > on]
    days: dict[UUID, list[DayChange]] = defaultdict(list)
    if late:
        for batch_id, day, change in tx.session.execute(_LATER, {"place": place_id, "batches": late, "since": on}):
            days[batch_id].append(DayChange(day, change))
    found = []
    for row in rows:
        free = row.on_hand_milli - row.reserved_milli
        if row.id in days:
            free = min(free, least_from(row.on_hand_milli, days[row.id], on))
        lot = Lot(
            place_id=place_id, item_id=item_id, batch_id=row.id, batch_code=row.code,
            funding_source=FundingSource(row.funding_source), expires_on=row.expires_on, received_on=row.received_on,
            free_milli=max(0, free),
        )  # fmt: skip
        found.append(lot)
    found.sort(key=lambda lot: (is_expired(lot.expires_on, on), picking_order(lot)))
    return tuple(
        Takeable(
            batch_id=lot.batch_id, code=lot.batch_code, free_milli=Milli(lot.free_milli),
            is_expired=is_expired(lot.expires_on, on),
        )
        for lot in found
    )  # fmt: skip


def batches_of_codes(tx: Tx, codes: Collection[str]) -> tuple[BatchOfCode, ...]:
    """Give the office's batches that have one of these codes, whoever typed them in small letters too."""
    asked = sorted({code.strip().upper() for code in codes})
    found = []
    for first in range(0, len(asked), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Batch.id, Batch.code, Batch.item_id).where(
                Batch.regency_code == tx.regency_code, Batch.code.in_(asked[first : first + _AT_ONCE])
            )
        )
        found += [BatchOfCode(id=row.id, code=row.code, item_id=row.item_id) for row in rows]
    return tuple(found)
