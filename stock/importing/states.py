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
    READ = "read"
    """Every row has its outcome; nothing is in the books yet."""
    BOOKED = "booked"
    DISCARDED = "discarded"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.state.{self.value}"


class StockFileAct(enum.StrEnum):
    BOOK = "book"
    DISCARD = "discard"


STOCK_FILE_MOVES = {
    (StockFileState.READ, StockFileAct.BOOK): StockFileState.BOOKED,
    (StockFileState.READ, StockFileAct.DISCARD): StockFileState.DISCARDED,
}


class RowOutcome(enum.StrEnum):
    READY = "ready"
    REFUSED = "refused"
    BOOKED = "booked"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.row.{self.value}"
