"""Who may decide a correction, which reasons it may have, and what it may undo. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from core.actor import Role
from stock.corrections.states import CorrectionKind
from stock.ledger.kinds import AdjustmentReason, DocumentKind, LossReason
from stock.places.kinds import PlaceKind

CORRECTED_AT: Final = frozenset(
    {PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.ASSEMBLY}
)
"""Where goods lie that somebody can look at."""
UNDONE_HERE: Final = frozenset(
    {
        DocumentKind.RECEIPT,
        DocumentKind.TRANSFER,
        DocumentKind.ADJUSTMENT,
        DocumentKind.WRITE_OFF,
        DocumentKind.ASSEMBLY,
        DocumentKind.REVERSAL,
    }
)
"""A load is undone by its return and a handover by its voiding, so that package and receipt follow the goods.

A reversal stands here so that the ledger's own sentence is told: it cannot be reversed.
"""
_FOUND: Final = frozenset({AdjustmentReason.FOUND})
_MISSING: Final = frozenset({AdjustmentReason.HANDED_OVER_UNRECORDED, AdjustmentReason.ISSUED_UNRECORDED})
REASONS: Final[Mapping[CorrectionKind, tuple[str, ...]]] = {
    # A count has a page of its own, with the moment of each line.
    CorrectionKind.ADJUSTMENT: tuple(one.value for one in AdjustmentReason if one is not AdjustmentReason.COUNT),
    CorrectionKind.WRITE_OFF: tuple(one.value for one in LossReason),
    CorrectionKind.REVERSAL: (),
}


def is_reason_of(kind: CorrectionKind, reason: str) -> bool:
    """Tell whether a correction of this kind may have this reason; a reversal's is people's own words."""
    return kind is CorrectionKind.REVERSAL or reason in REASONS[kind]


def reason_fits(kind: CorrectionKind, reason: str, differences: Collection[int]) -> bool:
    """Tell whether what was found is more, what went out unrecorded is less, and what is lost is gone."""
    if kind is CorrectionKind.WRITE_OFF:
        return all(one < 0 for one in differences)
    if kind is CorrectionKind.ADJUSTMENT and reason in _FOUND:
        return all(one > 0 for one in differences)
    if kind is CorrectionKind.ADJUSTMENT and reason in _MISSING:
        return all(one < 0 for one in differences)
    return True


def is_undone_here(kind: DocumentKind, subject: str) -> bool:
    """Tell whether a document is reversed by a correction; how a shipment travelled is undone there."""
    is_shipped = subject == "shipment" and kind is DocumentKind.TRANSFER
    return kind in UNDONE_HERE and not is_shipped


def needs_head(value_rp: int, limit_rp: int) -> bool:
    """Tell whether a correction or count of this value is the head's to decide."""
    return value_rp > limit_rp


def may_decide(*, actor_id: str, roles: Collection[Role], asked_by: str, value_rp: int, limit_rp: int) -> str | None:
    """Give the code of why somebody with the right to decide may not decide this one; None when they may."""
    if actor_id == asked_by:
        return "correction.own"
    if needs_head(value_rp, limit_rp) and Role.HEAD not in roles:
        return "correction.heads_only"
    return None
