"""The way of one import: read in the background, shown as counts, then applied by another person."""

from __future__ import annotations

import enum


class RunState(enum.StrEnum):
    READING = "reading"
    READY = "ready"
    """Everything is read and weighed: the dry run stands."""
    APPROVED = "approved"
    """To be applied by the job."""
    APPLIED = "applied"
    REFUSED = "refused"
    """The file as a whole cannot be used; ``problem`` says why."""
    DISCARDED = "discarded"


class RunAct(enum.StrEnum):
    FINISH = "finish"
    REFUSE = "refuse"
    APPROVE = "approve"
    APPLY = "apply"
    DISCARD = "discard"


IMPORT_RUN_MOVES: dict[tuple[RunState, RunAct], RunState] = {
    (RunState.READING, RunAct.FINISH): RunState.READY,
    (RunState.READING, RunAct.REFUSE): RunState.REFUSED,
    (RunState.READING, RunAct.DISCARD): RunState.DISCARDED,
    (RunState.READY, RunAct.APPROVE): RunState.APPROVED,
    (RunState.READY, RunAct.DISCARD): RunState.DISCARDED,
    (RunState.APPROVED, RunAct.APPLY): RunState.APPLIED,
    (RunState.APPROVED, RunAct.REFUSE): RunState.REFUSED,
}


class Layout(enum.StrEnum):
    """What one row of a file is."""

    HOUSEHOLD = "household"
    MEMBER = "member"
    """A person; the household's own facts stand in another file."""
    FLAT = "flat"
    """A person with the facts of the household repeated."""
