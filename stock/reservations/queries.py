from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.measures import Milli
from core.work import Tx
from stock.ledger.queries import BatchView, batches, shortages
from stock.ledger.rules import Shortage
from stock.places.queries import PlaceView, places
from stock.reservations.commands import ReserveStock, wants_of
from stock.reservations.models import Reservation
from stock.reservations.states import ReservationState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationView:
    id: UUID
    purpose: str
    purpose_id: UUID
    group_key: str
    place: PlaceView
    batch: BatchView
    quantity_milli: Milli
    state: ReservationState
    ends_on: date
    document_id: UUID | None


def reservations(
    tx: Tx, *, purpose: str | None = None, purpose_id: UUID | None = None, group_key: str | None = None,
    place_ids: Collection[UUID] | None = None, states: Collection[ReservationState] = (ReservationState.OPEN,),
) -> tuple[ReservationView, ...]:  # fmt: skip
    """Give promises: of a purpose, a group, a place; the open ones unless other states are named."""
    query = (
        sa.select(Reservation)
        .where(Reservation.regency_code == tx.regency_code, Reservation.state.in_(states))
        .order_by(Reservation.purpose, Reservation.purpose_id, Reservation.group_key, Reservation.id)
        .execution_options(populate_existing=True)
    )
    if purpose is not None:
        query = query.where(Reservation.purpose == purpose)
    if purpose_id is not None:
        query = query.where(Reservation.purpose_id == purpose_id)
    if group_key is not None:
        query = query.where(Reservation.group_key == group_key)
    if place_ids is not None:
        query = query.where(Reservation.place_id.in_(place_ids))
    rows = tx.session.scalars(query).all()
    known = {batch.id: batch for batch in batches(tx, {row.batch_id for row in rows})}
    spots = {place.id: place for place in places(tx, ids={row.place_id for row in rows})}
    return tuple(
        ReservationView(
            id=row.id, purpose=row.purpose, purpose_id=row.purpose_id, group_key=row.group_key,
            place=spots[row.place_id], batch=known[row.batch_id], quantity_milli=Milli(row.quantity_milli),
            state=row.state, ends_on=row.ends_on, document_id=row.document_id,
        )
        for row in rows
    )  # fmt: skip


def kept_sums(tx: Tx, purpose: str, purpose_id: UUID) -> dict[tuple[UUID, UUID], Milli]:
    """Give what is still set aside for a purpose, in thousandths by place and item."""
    rows = tx.session.execute(
        sa.select(Reservation.place_id, Reservation.batch_id, sa.func.sum(Reservation.quantity_milli))
        .where(
            Reservation.regency_code == tx.regency_code, Reservation.purpose == purpose,
            Reservation.purpose_id == purpose_id, Reservation.state == ReservationState.OPEN,
        )
        .group_by(Reservation.place_id, Reservation.batch_id)
    ).all()  # fmt: skip
    if not rows:
        return {}
    item_of = {one.id: one.item.id for one in batches(tx, {row.batch_id for row in rows})}
    found: dict[tuple[UUID, UUID], Milli] = {}
    for place_id, batch_id, milli in rows:
        key = (place_id, item_of[batch_id])
        found[key] = Milli(found.get(key, 0) + int(milli))
    return found


def shortages_of(tx: Tx, order: ReserveStock) -> tuple[Shortage, ...]:
    """Tell what an order would lack if it were given now; promises nothing. Raises: as ``reserve`` for a bad order."""
    return shortages(tx, wants_of(tx, order))
