"""A file of movements: read, agreed to by a second person, booked whole."""

from __future__ import annotations

import enum


class StockFileKind(enum.StrEnum):
    OPENING = "opening"
    MOVEMENTS = "movements"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.kind.{self.value}"


class StockFileState(enum.StrEnum):
    READING = "reading"
    """Kept, and its rows are being tried in the background."""
    READ = "read"
    """Every row has its outcome; nothing is in the books yet."""
    APPROVED = "approved"
    """Agreed to by a second person; the background books it."""
    BOOKED = "booked"
    DISCARDED = "discarded"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.state.{self.value}"


class StockFileAct(enum.StrEnum):
    FINISH = "finish"
    RECHECK = "recheck"
    APPROVE = "approve"
    BOOK = "book"
    GIVE_BACK = "give_back"
    """The books had moved on: what was agreed to cannot be booked any more."""
    DISCARD = "discard"


STOCK_FILE_MOVES = {
    (StockFileState.READING, StockFileAct.FINISH): StockFileState.READ,
    (StockFileState.READING, StockFileAct.DISCARD): StockFileState.DISCARDED,
    (StockFileState.READ, StockFileAct.RECHECK): StockFileState.READING,
    (StockFileState.READ, StockFileAct.APPROVE): StockFileState.APPROVED,
    (StockFileState.READ, StockFileAct.DISCARD): StockFileState.DISCARDED,
    (StockFileState.APPROVED, StockFileAct.BOOK): StockFileState.BOOKED,
    (StockFileState.APPROVED, StockFileAct.GIVE_BACK): StockFileState.READ,
}


class RowOutcome(enum.StrEnum):
    WAITING = "waiting"
    """Not tried yet."""
    READY = "ready"
    REFUSED = "refused"
    BOOKED = "booked"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.row.{self.value}"
