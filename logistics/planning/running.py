"""The stock from morning to evening through a week, and the day on which it gives out. Pure; thousandths throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFlow:
    """One item on one day. Morning and evening are None for days that are over: the shelf of then is not known."""

    on: date
    leaves_milli: int
    """What is planned for the day, gone already or not."""
    overdue_milli: int
    """From days that are over, and has not left: it is counted as leaving today."""
    morning_milli: int | None
    evening_milli: int | None
    """Below zero where the day's plan needs more than there is."""
    arrives_milli: int
    """Expected on the day; no morning counts on it."""

    @property
    def is_short(self) -> bool:
        return self.evening_milli is not None and self.evening_milli < 0


def run_through(
    days: Sequence[date], stock_milli: int, leaves: Mapping[date, int], to_leave: Mapping[date, int],
    arrives: Mapping[date, int], today: date,
) -> tuple[DayFlow, ...]:  # fmt: skip
    """Take each day's plan off the stock, in order.

    ``leaves`` is the whole plan of each day, ``to_leave`` what of it still lies in the warehouses; ``stock_milli`` lies
    there now. What arrives before the first of the days is named with that day.
    """
    flows: list[DayFlow] = []
    overdue = sum(milli for day, milli in to_leave.items() if day < today)
    left = stock_milli
    has_begun = False
    for day in days:
        late = before = 0
        if not flows:
            before = sum(milli for when, milli in arrives.items() if when < day)
        if day < today:
            morning = evening = None
        else:
            if not has_begun:
                late, has_begun = overdue, True
            morning = left
            evening = left = morning - late - to_leave.get(day, 0)
        flows.append(
            DayFlow(
                on=day, leaves_milli=leaves.get(day, 0), overdue_milli=late, morning_milli=morning,
                evening_milli=evening, arrives_milli=arrives.get(day, 0) + before,
            )
        )  # fmt: skip
    return tuple(flows)


def runs_out_on(flows: Sequence[DayFlow]) -> date | None:
    """Give the first day whose plan needs more than there is; None when none does."""
    return next((flow.on for flow in flows if flow.is_short), None)
