"""The lives of a completion list, of a household on it, and of a file that comes back."""

from __future__ import annotations

import enum


class ListState(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.list_state.{self.value}"


class ListAct(enum.StrEnum):
    CLOSE = "close"


COMPLETION_LIST_MOVES = {(ListState.OPEN, ListAct.CLOSE): ListState.CLOSED}


class EntryState(enum.StrEnum):
    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.entry_state.{self.value}"


class EntryAct(enum.StrEnum):
    FINISH = "finish"
    SKIP = "skip"


COMPLETION_ENTRY_MOVES = {
    (EntryState.WAITING, EntryAct.FINISH): EntryState.DONE,
    (EntryState.WAITING, EntryAct.SKIP): EntryState.SKIPPED,
    # Whoever was not known turns up, or was named wrongly: what comes later counts.
    (EntryState.SKIPPED, EntryAct.FINISH): EntryState.DONE,
    (EntryState.SKIPPED, EntryAct.SKIP): EntryState.SKIPPED,
}


class SkipReason(enum.StrEnum):
    MOVED = "moved"
    UNKNOWN = "unknown"
    DECEASED = "deceased"
    UNAVAILABLE = "unavailable"
    """What is missing does not exist: no card was ever issued, the village counts no RT."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.skip.{self.value}"


class FileKind(enum.StrEnum):
    LIST = "list"
    """A completion list that comes back; merged as it is read."""
    POSITIONS = "positions"
    """Positions of households; tried first, applied on a second word."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.file_kind.{self.value}"


class FileState(enum.StrEnum):
    READ = "read"
    """Every row has its outcome; nothing is changed yet."""
    APPLIED = "applied"
    DISCARDED = "discarded"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.file_state.{self.value}"


class FileAct(enum.StrEnum):
    APPLY = "apply"
    DISCARD = "discard"


COMPLETION_FILE_MOVES = {
    (FileState.READ, FileAct.APPLY): FileState.APPLIED,
    (FileState.READ, FileAct.DISCARD): FileState.DISCARDED,
}


class RowOutcome(enum.StrEnum):
    READY = "ready"
    """Would be taken over."""
    MERGED = "merged"
    SAME = "same"
    """Nothing new in it."""
    CONFLICT = "conflict"
    """Somebody else changed the same meanwhile; theirs stays."""
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.row.{self.value}"


class PositionOrigin(enum.StrEnum):
    """How a reported position was found."""

    PHONE = "phone"
    """Measured by a phone at the house."""
    FILE = "file"
    """From a file of geotags."""
    MAP = "map"
    """Typed in or read off a map."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"completion.origin.{self.value}"
