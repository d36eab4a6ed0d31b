"""The way of one import: unpacked, its columns named, read in the background, then applied by another person."""

from __future__ import annotations

import enum


class RunState(enum.StrEnum):
    UNPACKING = "unpacking"
    """A child process reads what came and writes it down row by row, checked, in one form."""
    MAPPING = "mapping"
    """Rows and header are known; a person says which column is what."""
    READING = "reading"
    READY = "ready"
    """Everything is read and weighed: the dry run stands, and may be applied. What has come between since (a newer file
    of the same source) is said by the view's ``problem``, and approval is refused with it."""
    APPROVED = "approved"
    """To be applied by the job."""
    APPLIED = "applied"
    REFUSED = "refused"
    """The file as a whole cannot be used, or nothing of it could be applied; ``problem`` says why."""
    DISCARDED = "discarded"


class RunAct(enum.StrEnum):
    ASK = "ask"
    MAP = "map"
    FINISH = "finish"
    REFUSE = "refuse"
    APPROVE = "approve"
    APPLY = "apply"
    DISCARD = "discard"


IMPORT_RUN_MOVES: dict[tuple[RunState, RunAct], RunState] = {
    (RunState.UNPACKING, RunAct.ASK): RunState.MAPPING,
    (RunState.UNPACKING, RunAct.MAP): RunState.READING,
    (RunState.UNPACKING, RunAct.REFUSE): RunState.REFUSED,
    (RunState.UNPACKING, RunAct.DISCARD): RunState.DISCARDED,
    (RunState.MAPPING, RunAct.MAP): RunState.READING,
    (RunState.MAPPING, RunAct.DISCARD): RunState.DISCARDED,
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
