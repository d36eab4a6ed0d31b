"""What the two readers of the child share: how much may come, and how they say no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

Emitted = tuple[int, list[str], list[int], str]
"""A row: its number as people count, its cells (kind's letter and text), which of them are formulas, its flaw."""

StreamedRow = tuple[int, list[str], dict[int, str], str]
"""A row of a long file: its number, its cells as plain text, the kinds of those that are no text, its flaw.

A kind is its letter, with an ``f`` behind it where a formula stands.
"""


CELL_END: Final = "\x1f"
"""Parts the cells of a plain row; no cell of one holds a sign below the blank but a tab."""
ODD: Final = re.compile(r"[\x00-\x08\x0a-\x1e]")
"""Signs for which a row cannot stand in a line."""


@dataclass(frozen=True, slots=True)
class StreamedRows:
    """Rows of a long file in which nothing but text stands: each a line of its number and its cells."""

    count: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    unpacked_bytes: int
    rows: int
    """Rows that are not empty, the header too."""
    columns: int
    letters: int
    """Of one cell."""


class Unreadable(Exception):
    """The file as a whole cannot be read; the code's sentence says why and what to do."""

    def __init__(self, code: str, /, **facts: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def column_name(index: int) -> str:
    """Give a column's letters as a spreadsheet writes them: 0 is A."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
