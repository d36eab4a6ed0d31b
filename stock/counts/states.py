"""A count (stock opname): due, on the floor, counted again where it differs, decided by a second person."""

from __future__ import annotations

import enum


class CountState(enum.StrEnum):
    PLANNED = "planned"
    """Due; made by the half-yearly reminder or by hand."""
    COUNTING = "counting"
    RECOUNTING = "recounting"
    """What differed is counted a second time, blind again."""
    SUBMITTED = "submitted"
    APPROVED = "approved"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_count.state.{self.value}"


class CountAct(enum.StrEnum):
    START = "start"
    RECOUNT = "recount"
    SUBMIT = "submit"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    CANCEL = "cancel"


COUNT_MOVES = {
    (CountState.PLANNED, CountAct.START): CountState.COUNTING,
    (CountState.COUNTING, CountAct.RECOUNT): CountState.RECOUNTING,
    (CountState.COUNTING, CountAct.SUBMIT): CountState.SUBMITTED,
    (CountState.RECOUNTING, CountAct.SUBMIT): CountState.SUBMITTED,
    (CountState.SUBMITTED, CountAct.SEND_BACK): CountState.RECOUNTING,
    (CountState.SUBMITTED, CountAct.APPROVE): CountState.APPROVED,
    (CountState.PLANNED, CountAct.CANCEL): CountState.CANCELLED,
    (CountState.COUNTING, CountAct.CANCEL): CountState.CANCELLED,
    (CountState.RECOUNTING, CountAct.CANCEL): CountState.CANCELLED,
    (CountState.SUBMITTED, CountAct.CANCEL): CountState.CANCELLED,
}
