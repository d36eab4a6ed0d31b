"""Goods on the road between two warehouses."""

from __future__ import annotations

import enum


class ShipmentState(enum.StrEnum):
    SENT = "sent"
    PARTLY = "partly"
    """Some has arrived; the rest is still on the road, or lost and not yet written off."""
    ARRIVED = "arrived"
    """Every unit sent has arrived, was damaged, or is accounted for with minutes."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"shipment.state.{self.value}"


class ShipmentAct(enum.StrEnum):
    ARRIVE_PARTLY = "arrive_partly"
    ARRIVE = "arrive"
    REOPEN = "reopen"
    """A write-off on the road was undone: the goods are on the road again."""


SHIPMENT_MOVES = {
    (ShipmentState.SENT, ShipmentAct.ARRIVE_PARTLY): ShipmentState.PARTLY,
    (ShipmentState.SENT, ShipmentAct.ARRIVE): ShipmentState.ARRIVED,
    (ShipmentState.PARTLY, ShipmentAct.ARRIVE_PARTLY): ShipmentState.PARTLY,
    (ShipmentState.PARTLY, ShipmentAct.ARRIVE): ShipmentState.ARRIVED,
    (ShipmentState.ARRIVED, ShipmentAct.REOPEN): ShipmentState.PARTLY,
}

OPEN_SHIPMENTS = (ShipmentState.SENT, ShipmentState.PARTLY)
"""Something of these is still on the road."""
