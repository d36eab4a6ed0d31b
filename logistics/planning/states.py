"""Which moves a plan may make."""

from __future__ import annotations

import enum


class PlanState(enum.StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    DISCARDED = "discarded"


class PlanAct(enum.StrEnum):
    APPROVE = "approve"
    DISCARD = "discard"


PLAN_MOVES = {
    (PlanState.DRAFT, PlanAct.APPROVE): PlanState.APPROVED,
    (PlanState.DRAFT, PlanAct.DISCARD): PlanState.DISCARDED,
}
