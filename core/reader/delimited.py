"""Text with separators: ``;``, ``,`` or tab; UTF-8 with or without a mark, UTF-16 with one, else Windows' western."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from core.reader.refusing import Emitted, Shape, Unreadable

_DELIMITERS: Final = (";", ",", "\t")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def delimited_rows(content: bytes, shape: Shape) -> tuple[dict[str, Any], Iterator[Emitted]]:
    """Give how a text is written, and its rows; a row whose quotation marks are wrong is flawed, the next is read.

    Raises: Unreadable "reader.not_text", "reader.empty", "reader.too_many_columns".
    """
    text, encoding = _decoded(content)
    # Not splitlines(): that also breaks at signs that are letters of a cell to every spreadsheet.
    lines = list(io.StringIO(text, newline=""))
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise Unreadable("reader.empty")
    # The header decides, not the whole: numbers of the rows below have commas of their own.
    delimiter = max(_DELIMITERS, key=first.count)
    if not first.count(delimiter):
        # A title above the table holds no separator at all.
        head = lines[:20]
        delimiter = max(_DELIMITERS, key=lambda one: max(line.count(one) for line in head))
    csv.field_size_limit(shape.letters)
    return {"encoding": encoding, "delimiter": delimiter}, _rows(lines, delimiter, shape)


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith(_UTF16):
        try:
            return content.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise Unreadable("reader.not_text") from None
    if b"\x00" in content:
        raise Unreadable("reader.not_text")
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        # Five bytes have no letter there; a row that holds one is flawed.
        return content.decode("cp1252", errors="replace"), "cp1252"


def _rows(lines: list[str], delimiter: str, shape: Shape) -> Iterator[Emitted]:
    at = number = 0
    while at < len(lines):
        taken = _Lines(lines, at)
        reader = csv.reader(taken, delimiter=delimiter, strict=True)
        while True:
            at = taken.at
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # Only the line where the row began is lost: an unclosed quotation mark must not swallow the rest.
                number += 1
                yield number, ["t" + lines[at].strip()[: shape.letters]], [], "reader.row_quotes"
                at += 1
                break
            number += 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > shape.columns and any(cell.strip() for cell in cells[shape.columns :]):
                raise Unreadable("reader.too_many_columns", columns=len(cells), most=shape.columns)
            yield number, ["t" + cell if cell else "" for cell in cells[: shape.columns]], [], ""


class _Lines:
    """Lines from one on, with a count of how many were taken."""

    def __init__(self, lines: list[str], at: int) -> None:
        self._lines = lines
        self.at = at

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at >= len(self._lines):
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1]
