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


class RuleState(enum.StrEnum):
    """A version of the priority rule."""

    DRAFT = "draft"
    IN_FORCE = "in_force"
    RETIRED = "retired"


class RuleAct(enum.StrEnum):
    ENACT = "enact"
    """A second person puts it into force."""
    RETIRE = "retire"


RULE_MOVES = {
    (RuleState.DRAFT, RuleAct.ENACT): RuleState.IN_FORCE,
    (RuleState.DRAFT, RuleAct.RETIRE): RuleState.RETIRED,
    (RuleState.IN_FORCE, RuleAct.RETIRE): RuleState.RETIRED,
}


class Parts(enum.StrEnum):
    """Which lines of a package go out although another is lacking."""

    EVERY = "every"
    NONE = "none"
    CHOSEN = "chosen"


class Means(enum.StrEnum):
    """By what goods come to an area, or by what they cannot."""

    ROAD = "road"
    BOAT = "boat"
    BOTH = "both"


class ChangeKind(enum.StrEnum):
    """What a revision does to one beneficiary whose goods have not left."""

    SERVED = "served"
    """It waited and gets its package now."""
    NEW = "new"
    """It is in the plan for the first time, with a place or waiting for one."""
    COMPLETED = "completed"
    """Its package was handed over without some lines; they come in a package of their own."""
    MORE = "more"
    FEWER = "fewer"
    MOVED = "moved"
    """The same goods at another post, on another day or at another hour."""
    WAITS = "waits"
    """It had a place and waits now."""
    OUT = "out"
    """It is served no more: not affected, rejected, merged with another, or its village has no decree."""
    RETOLD = "retold"
    """Nothing changes for it but the sentence that says why it waits; not counted."""
