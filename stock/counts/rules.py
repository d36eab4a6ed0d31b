"""When a count is due, what a line says in the end, and who may decide. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from core.actor import Role
from stock.ledger.kinds import AdjustmentReason, LossReason

HALF_YEAR: Final = 6
"""Months after which a warehouse is counted again."""


def months_later(day: date, months: int) -> date:
    """Give the same day so many months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def is_due(last_on: date, today: date) -> bool:
    """Tell whether a place that was last counted (or first stocked) that day is to be counted again."""
    return today >= months_later(last_on, HALF_YEAR)


def may_approve(
    *, actor_id: str, roles: Collection[Role], submitted_by: str | None, counters: Collection[str], value_rp: int,
    limit_rp: int,
) -> str | None:  # fmt: skip
    """Give the code of why somebody with the right to decide may not decide this count; None when they may."""
    if actor_id == submitted_by or actor_id in counters:
        return "stock_count.own"
    if value_rp > limit_rp and Role.HEAD not in roles:
        return "stock_count.heads_only"
    return None


def reasons_for(difference_milli: int) -> tuple[str, ...]:
    """Give the reasons a line may have by its direction, the likeliest first; the last but one: nobody knows."""
    if difference_milli > 0:
        return (
            AdjustmentReason.FOUND.value,
            AdjustmentReason.ENTERED_WRONG.value,
            AdjustmentReason.COUNT.value,
            AdjustmentReason.OTHER.value,
        )
    losses = tuple(one.value for one in LossReason if one is not LossReason.OTHER)
    return (
        AdjustmentReason.HANDED_OVER_UNRECORDED.value,
        AdjustmentReason.ISSUED_UNRECORDED.value,
        AdjustmentReason.ENTERED_WRONG.value,
        *losses,
        AdjustmentReason.COUNT.value,
        AdjustmentReason.OTHER.value,
    )


def reason_label(reason: str) -> str:
    """Give the code of the sentence for why a line differs."""
    if reason == AdjustmentReason.COUNT:
        return "stock_count.reason_unknown"
    if reason in set(AdjustmentReason):
        return AdjustmentReason(reason).label
    return LossReason(reason).label
