"""What becomes of a document that BPBD sent, and of each of its elements."""

from __future__ import annotations

import enum


class ReadingState(enum.StrEnum):
    READ = "read"
    """Read and shown; nothing of it counts."""
    POSTED = "posted"
    DISCARDED = "discarded"


class ReadingAct(enum.StrEnum):
    POST = "post"
    DISCARD = "discard"


READINGS: dict[tuple[ReadingState, ReadingAct], ReadingState] = {
    (ReadingState.READ, ReadingAct.POST): ReadingState.POSTED,
    (ReadingState.READ, ReadingAct.DISCARD): ReadingState.DISCARDED,
}


class Fate(enum.StrEnum):
    """What a person made of an element."""

    WAITING = "waiting"
    POSTED = "posted"
    LEFT_OUT = "left_out"
