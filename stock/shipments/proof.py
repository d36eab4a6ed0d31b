"""Shows that what the shipments say is on the road is what lies there by the books."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from stock.ledger.queries import batch_balances
from stock.places.kinds import PlaceKind
from stock.shipments.models import Shipment, ShipmentLine


def road_differences(tx: Tx) -> tuple[str, ...]:
    """Name every vehicle and batch whose balance is not what the shipments on it have left; () when all agree."""
    left: dict[tuple[UUID, UUID], int] = defaultdict(int)
    rows = tx.session.execute(
        sa.select(
            Shipment.via_place_id, ShipmentLine.batch_id, ShipmentLine.sent_milli, ShipmentLine.arrived_milli,
            ShipmentLine.damaged_milli, ShipmentLine.lost_milli,
        )
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.regency_code == tx.regency_code)
    )  # fmt: skip
    for row in rows:
        left[row.via_place_id, row.batch_id] += row.sent_milli - row.arrived_milli - row.damaged_milli - row.lost_milli
    lying = {
        (one.place.id, one.batch.id): int(one.on_hand_milli) for one in batch_balances(tx, kinds=(PlaceKind.VEHICLE,))
    }
    return tuple(
        f"{key[0]} {key[1]}: {lying.get(key, 0)} / {left.get(key, 0)}"
        for key in sorted(lying.keys() | left.keys())
        if lying.get(key, 0) != left.get(key, 0)
    )
