"""What is on the road, what became of it, and what a warehouse may look forward to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.measures import Milli
from core.work import Tx
from stock.ledger.queries import BatchView, batches
from stock.places.queries import PlaceView, places
from stock.shipments.models import Shipment, ShipmentLine
from stock.shipments.states import OPEN_SHIPMENTS, ShipmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class InTransit:
    """So much of an item is on the road to a warehouse."""

    to_place_id: UUID
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsOnRoad:
    """So much of an item that one shipment still has on the road to a warehouse."""

    shipment_id: UUID
    from_place_id: UUID
    to_place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentRow:
    id: UUID
    source: PlaceView
    via: PlaceView
    target: PlaceView
    state: ShipmentState
    carrier: str
    expected_on: date | None
    note: str
    sent_document_id: UUID
    sent_by: str
    sent_at: datetime
    arrived_by: str | None
    arrived_at: datetime | None
    items: int
    """How many different items."""
    batches: int
    batches_on_road: int
    """Of how many batches something is still on the road."""

    def is_late(self, today: date) -> bool:
        return self.state in OPEN_SHIPMENTS and self.expected_on is not None and self.expected_on < today


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLineView:
    batch: BatchView
    sent_milli: Milli
    arrived_milli: Milli
    damaged_milli: Milli
    lost_milli: Milli
    note: str

    @property
    def rest_milli(self) -> Milli:
        """Still on the road."""
        return Milli(self.sent_milli - self.arrived_milli - self.damaged_milli - self.lost_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentView:
    row: ShipmentRow
    lines: tuple[ShipmentLineView, ...]


_REST = ShipmentLine.sent_milli - ShipmentLine.arrived_milli - ShipmentLine.damaged_milli - ShipmentLine.lost_milli


def shipments(
    tx: Tx, *, place_ids: Collection[UUID] | None = None, states: Collection[ShipmentState] | None = None,
    limit: int = 200,
) -> tuple[ShipmentRow, ...]:  # fmt: skip
    """Give shipments from or to these places: what is on the road first by its day, then the newest arrivals."""
    is_open = Shipment.state.in_(OPEN_SHIPMENTS)
    query = (
        sa.select(Shipment)
        .where(Shipment.regency_code == tx.regency_code)
        .order_by(
            is_open.desc(), sa.case((is_open, sa.func.coalesce(Shipment.expected_on, date.max))),
            Shipment.sent_at.desc(), Shipment.id,
        )
        .limit(limit)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if place_ids is not None:
        query = query.where(sa.or_(Shipment.from_place_id.in_(place_ids), Shipment.to_place_id.in_(place_ids)))
    if states is not None:
        query = query.where(Shipment.state.in_(states))
    rows = tx.session.scalars(query).all()
    lines = _lines(tx, [row.id for row in rows])
    spots = {one.id: one for one in places(tx)}
    return tuple(_row(row, lines[row.id], spots) for row in rows)


def shipment(tx: Tx, shipment_id: UUID) -> ShipmentView:
    """Give one shipment, its lines by item's name. Raises: NotFound, also for another office's."""
    row = tx.session.scalar(
        sa.select(Shipment)
        .where(Shipment.id == shipment_id, Shipment.regency_code == tx.regency_code)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("shipment.not_found")
    lines = _lines(tx, [row.id])[row.id]
    return ShipmentView(
        row=_row(row, lines, {one.id: one for one in places(tx)}),
        lines=tuple(sorted(lines, key=lambda one: (one.batch.item.name_id, one.batch.code))),
    )


def on_road(tx: Tx, item_ids: Collection[UUID]) -> tuple[GoodsOnRoad, ...]:
    """Give what of these items is on the road between warehouses, shipment by shipment, by expected day."""
    rows = tx.session.execute(
        sa.select(
            Shipment.id, Shipment.from_place_id, Shipment.to_place_id, Shipment.expected_on, ShipmentLine.batch_id,
            _REST.label("rest"),
        )
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.regency_code == tx.regency_code, Shipment.state.in_(OPEN_SHIPMENTS), _REST > 0)
        .order_by(sa.func.coalesce(Shipment.expected_on, date.max), Shipment.id)
    ).all()  # fmt: skip
    if not rows:
        return ()
    item_of = {one.id: one.item.id for one in batches(tx, {row.batch_id for row in rows})}
    amounts: dict[tuple[UUID, UUID], int] = defaultdict(int)
    heads = {}
    for row in rows:
        if item_of[row.batch_id] in item_ids:
            amounts[row.id, item_of[row.batch_id]] += row.rest
            heads[row.id] = row
    return tuple(
        GoodsOnRoad(
            shipment_id=one, from_place_id=heads[one].from_place_id, to_place_id=heads[one].to_place_id,
            item_id=item_id, quantity_milli=Milli(int(amount)), expected_on=heads[one].expected_on,
        )
        for (one, item_id), amount in amounts.items()
    )  # fmt: skip


def in_transit(tx: Tx, item_ids: Collection[UUID] | None = None) -> tuple[InTransit, ...]:
    """Give what is on the road, per warehouse it goes to and item."""
    rows = tx.session.execute(
        sa.select(Shipment.to_place_id, ShipmentLine.batch_id, sa.func.sum(_REST))
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.regency_code == tx.regency_code, Shipment.state.in_(OPEN_SHIPMENTS))
        .group_by(Shipment.to_place_id, ShipmentLine.batch_id)
        .having(sa.func.sum(_REST) > 0)
    ).all()
    items = {one.id: one.item.id for one in batches(tx, {row.batch_id for row in rows})}
    found: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for to_place_id, batch_id, milli in rows:
        found[to_place_id, items[batch_id]] += int(milli)
    return tuple(
        InTransit(to_place_id=place_id, item_id=item_id, quantity_milli=Milli(milli))
        for (place_id, item_id), milli in sorted(found.items())
        if item_ids is None or item_id in item_ids
    )


def _lines(tx: Tx, shipment_ids: Collection[UUID]) -> dict[UUID, list[ShipmentLineView]]:
    rows = tx.session.scalars(
        sa.select(ShipmentLine)
        .where(ShipmentLine.shipment_id.in_(shipment_ids))
        .execution_options(populate_existing=True)
    ).all()
    known = {one.id: one for one in batches(tx, {row.batch_id for row in rows})}
    found: dict[UUID, list[ShipmentLineView]] = defaultdict(list)
    for row in rows:
        found[row.shipment_id].append(
            ShipmentLineView(
                batch=known[row.batch_id], sent_milli=Milli(row.sent_milli), arrived_milli=Milli(row.arrived_milli),
                damaged_milli=Milli(row.damaged_milli), lost_milli=Milli(row.lost_milli), note=row.note,
            )
        )  # fmt: skip
    return found


def _row(row: Any, lines: Collection[ShipmentLineView], spots: dict[UUID, PlaceView]) -> ShipmentRow:
    return ShipmentRow(
        id=row.id, source=spots[row.from_place_id], via=spots[row.via_place_id], target=spots[row.to_place_id],
        state=row.state, carrier=row.carrier, expected_on=row.expected_on, note=row.note,
        sent_document_id=row.sent_document_id, sent_by=row.sent_by, sent_at=row.sent_at, arrived_by=row.arrived_by,
        arrived_at=row.arrived_at, items=len({one.batch.item.id for one in lines}), batches=len(lines),
        batches_on_road=sum(one.rest_milli > 0 for one in lines),
    )  # fmt: skip
