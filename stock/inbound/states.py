"""Goods on their way in: expected, arrived, looked at, on the shelf."""

from __future__ import annotations

import enum


class ConsignmentState(enum.StrEnum):
    EXPECTED = "expected"
    RECEIVED = "received"
    """Counted at the gate; it lies in the quarantine of its warehouse and cannot be promised yet."""
    INSPECTED = "inspected"
    """Good and damaged told apart."""
    STOCKED = "stocked"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"consignment.state.{self.value}"


class ConsignmentAct(enum.StrEnum):
    RECEIVE = "receive"
    INSPECT = "inspect"
    STOCK = "stock"
    CANCEL = "cancel"


CONSIGNMENT_MOVES = {
    (ConsignmentState.EXPECTED, ConsignmentAct.RECEIVE): ConsignmentState.RECEIVED,
    (ConsignmentState.RECEIVED, ConsignmentAct.INSPECT): ConsignmentState.INSPECTED,
    (ConsignmentState.INSPECTED, ConsignmentAct.STOCK): ConsignmentState.STOCKED,
    (ConsignmentState.EXPECTED, ConsignmentAct.CANCEL): ConsignmentState.CANCELLED,
}

COMING = (ConsignmentState.EXPECTED, ConsignmentState.RECEIVED, ConsignmentState.INSPECTED)
"""Not on the shelf yet, and meant to be."""
