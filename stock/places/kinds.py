"""The kinds of place, and which of them can run empty."""

from __future__ import annotations

import enum


class PlaceKind(enum.StrEnum):
    SUPPLIER = "supplier"
    """Any giver: the ministry, the province, a company, a neighbour district."""
    WAREHOUSE = "warehouse"
    QUARANTINE = "quarantine"
    VEHICLE = "vehicle"
    POST = "post"
    ASSEMBLY = "assembly"
    """Where components turn into kits; one in an office."""
    HOUSEHOLD = "household"
    """One sink for all; which household it was stands on the handover's line."""
    CONTESTED = "contested"
    """Second handovers, until a person has decided."""
    ADJUSTMENT = "adjustment"
    LOSS = "loss"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"place.kind.{self.value}"


UNBOUNDED = frozenset(
    {PlaceKind.SUPPLIER, PlaceKind.HOUSEHOLD, PlaceKind.ASSEMBLY, PlaceKind.ADJUSTMENT, PlaceKind.LOSS}
)
"""Ends of stock's way: their balance may go below zero, every other place's never (decision 6). Assembly is one of
them: a kit's batch begins there and its components' end there, with the same rupiah (docs/decisions/0008)."""

SINKS = frozenset({PlaceKind.HOUSEHOLD, PlaceKind.CONTESTED, PlaceKind.ASSEMBLY, PlaceKind.ADJUSTMENT, PlaceKind.LOSS})
"""Exactly one of each in an office."""
