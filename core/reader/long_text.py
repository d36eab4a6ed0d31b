"""Text with separators, of any length, with no more of it in memory than a piece of lines.

Separators are ``;``, ``,`` or tab; the letters UTF-8 with or without a mark, UTF-16 with one, else Windows' western.

Most files hold no quotation mark at all: then a line is a row, and whole pieces go out as they came.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from core.reader.refusing import CELL_END, Shape, StreamedRow, StreamedRows, Unreadable

_DELIMITERS: Final = (";", ",", "\t")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE: Final = 1 << 20
_LINE: Final = 200_000
"""Letters; a longer line comes in pieces, which show as rows of a wrong width."""
_HEAD: Final = 20
"""Lines with something in them that are looked at for the separator."""
_NOT_PLAIN: Final = b'"' + bytes(range(9)) + bytes(range(11, 32))
"""What makes a piece of text more than lines and separators."""
_BLANK: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""No sign behind the ideographic blank is one."""


def text_stream(file: BinaryIO, shape: Shape) -> tuple[dict[str, Any], Iterator[StreamedRow | StreamedRows]]:
    """Give how a text is written, and its rows: one by one, or a piece of plain ones. Raises: Unreadable."""
    encoding = _encoding(file)
    text = _opened(file, encoding)
    head: list[str] = []
    try:
        while len(head) < _HEAD and (line := text.readline(_LINE)):
            if line.strip():
                head.append(line)
    except UnicodeError:
        raise Unreadable("reader.not_text") from None
    if not head:
        raise Unreadable("reader.empty")
    # The header decides, not the whole: numbers of the rows below have commas of their own.
    delimiter = max(_DELIMITERS, key=head[0].count)
    if not head[0].count(delimiter):
        # A title above the table holds no separator at all.
        delimiter = max(_DELIMITERS, key=lambda one: max(line.count(one) for line in head))
    text.detach()
    text = _opened(file, encoding)
    csv.field_size_limit(10 * shape.letters)
    return {"encoding": encoding, "delimiter": delimiter}, _pieces(text, delimiter, shape)


def _opened(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    file.seek(0)
    # Five bytes have no letter in cp1252: what takes their place is refused later as a sign nobody can print. A text in
    # UTF-16 says by its mark what it is, and has no such excuse.
    errors = "strict" if encoding == "utf-16" else "replace"
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")


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
                decoder.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def _pieces(text: io.TextIOWrapper, delimiter: str, shape: Shape) -> Iterator[StreamedRow | StreamedRows]:
    number = 0
    try:
        while piece := text.read(_PIECE):
            if not piece.endswith("\n"):
                piece += text.readline(_LINE)
            plain = _plain_rows(piece, delimiter, shape, number)
            if plain is not None:
                number, rows = plain
                if rows.count:
                    yield rows
                continue
            for row in _Quoted(_Lines(piece, text), delimiter, shape, number).rows():
                number = row[0]
                if row[1]:
                    yield row
    except UnicodeError:
        raise Unreadable("reader.not_text") from None


def _plain_rows(piece: str, delimiter: str, shape: Shape, number: int) -> tuple[int, StreamedRows] | None:
    """Give the rows of a piece in which every line is a row, and the number of its last one; None where it is not so.

    What is asked of each row otherwise is asked here of the longest: a piece that has one too long or too wide goes the
    other way.
    """
    plain = piece.replace("\r\n", "\n")
    data = plain.encode()
    # Five times as fast as a search for one of them.
    if len(data.translate(None, _NOT_PLAIN)) != len(data):
        return None
    lines = plain.replace(delimiter, CELL_END).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    longest = max(map(len, lines), default=0)
    if longest > shape.letters:
        return None
    # A line that is shorter cannot have so many separators.
    if longest >= shape.columns and any(line.count(CELL_END) >= shape.columns for line in lines):
        return None
    blank = _BLANK + CELL_END
    told = [f"{at}{CELL_END}{line}" for at, line in enumerate(lines, number + 1) if line.strip(blank)]
    return number + len(lines), StreamedRows(len(told), "\n".join(told) + "\n")


class _Quoted:
    """Rows that may reach over several lines, from the first line of one on; ends where the lines at hand do."""

    def __init__(self, lines: _Lines, delimiter: str, shape: Shape, number: int) -> None:
        self._lines, self._delimiter, self._shape, self._number = lines, delimiter, shape, number

    def rows(self) -> Iterator[StreamedRow]:
        """Give rows; one that is empty comes without cells."""
        lines, shape, number = self._lines, self._shape, self._number
        while lines.has_more():
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            while lines.has_more():
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
                    yield number, [], {}, ""
                    continue
                if len(cells) > shape.columns and any(map(str.strip, cells[shape.columns :])):
                    raise Unreadable("reader.too_many_columns", columns=len(cells), most=shape.columns)
                if sum(map(len, cells)) > shape.letters:
                    cells = [one[: shape.letters] for one in cells]
                yield number, cells[: shape.columns], {}, ""


class _Lines:
    """The lines of a piece, and of what follows it where a row needs them; a row can be read again."""

    def __init__(self, piece: str, text: io.TextIOWrapper) -> None:
        self._piece, self._text = io.StringIO(piece, newline=""), text
        self._next = self._piece.readline(_LINE)
        self._again: list[str] = []
        self.taken: list[str] = []

    def has_more(self) -> bool:
        """Tell whether a line of the piece, or one that was put back, is still to be read."""
        return bool(self._again or self._next)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.pop()
        elif self._next:
            line, self._next = self._next, self._piece.readline(_LINE)
        else:
            line = self._text.readline(_LINE)
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
