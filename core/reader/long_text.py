"""Text of any length: as ``delimited``, but one row after another, with no more in memory than the row at hand."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from core.reader.refusing import Shape, StreamedRow, Unreadable

_DELIMITERS: Final = (";", ",", "\t")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE: Final = 1 << 20
_LINE: Final = 200_000
"""Letters; a longer line comes in pieces, which show as rows of a wrong width."""


def text_stream(file: BinaryIO, shape: Shape) -> tuple[dict[str, Any], Iterator[StreamedRow]]:
    """Give how a text is written, and its rows. Raises: Unreadable."""
    encoding = _encoding(file)
    file.seek(0)
    # Five bytes have no letter in cp1252: what takes their place is refused later as a sign nobody can print.
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    head = [line for line in (text.readline(_LINE) for _ in range(20)) if line.strip()]
    if not head:
        raise Unreadable("reader.empty")
    # The header decides, not the whole: numbers of the rows below have commas of their own.
    delimiter = max(_DELIMITERS, key=head[0].count)
    if not head[0].count(delimiter):
        # A title above the table holds no separator at all.
        delimiter = max(_DELIMITERS, key=lambda one: max(line.count(one) for line in head))
    text.detach()
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    csv.field_size_limit(10 * shape.letters)
    return {"encoding": encoding, "delimiter": delimiter}, _rows(text, delimiter, shape)


def _encoding(file: BinaryIO) -> str:
    """Look through the whole file once: UTF-8 is what is UTF-8 to its last byte. Raises: Unreadable."""
    head = file.read(4)
    if head.startswith(_UTF16):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    is_utf8 = True
    while piece := file.read(_PIECE):
        if b"\x00" in piece:
            raise Unreadable("reader.not_text")
        if is_utf8:
            try:
                decoder.decode(piece, final=len(piece) < _PIECE)
            except UnicodeDecodeError:
                is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def _rows(text: io.TextIOWrapper, delimiter: str, shape: Shape) -> Iterator[StreamedRow]:
    lines = _Lines(text)
    number = 0
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            lines.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # Only the line where the row began is lost: an unclosed quotation mark must not swallow the rest.
                number += 1
                first = lines.back_but_first()
                yield number, [first.strip()[: shape.letters]], {}, "reader.row_quotes"
                break
            number += 1
            if not any(map(str.strip, cells)):
                continue
            if len(cells) > shape.columns and any(map(str.strip, cells[shape.columns :])):
                raise Unreadable("reader.too_many_columns", columns=len(cells), most=shape.columns)
            if sum(map(len, cells)) > shape.letters:
                cells = [one[: shape.letters] for one in cells]
            yield number, cells[: shape.columns], {}, ""


class _Lines:
    """The lines of a text; those of the row at hand are kept, so that they can be read again."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._text.readline(_LINE)
        if not line:
            raise StopIteration
        self.taken.append(line)
        return line

    def back_but_first(self) -> str:
        """Put back all lines of the row at hand but its first; gives that one."""
        first, *rest = self.taken
        self._again += reversed(rest)
        self.taken.clear()
        return first
