"""Workbooks of any length: the sheet's XML is read once from front to back, a row is out before the next one is in.

The parser of ``workbook`` holds a whole sheet; a million rows of forty columns would cost it gigabytes. Here only the
shared texts stay in memory, packed. Source of the limits: safety.md §2.5.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from core.reader.refusing import Shape, StreamedRow, Unreadable, column_name
from core.reader.workbook import MOST_DEPTH, column_number, opened_zip, pieces_of, print_number, row_number, unpacked

_SMALL: Final = 16 << 20
"""Bytes of the parts that are read as a whole."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Built-in formats of days and times (ECMA-376, part 1, 18.8.30)."""
_NOT_OF_DATES: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', re.ASCII)
_LAST_DAY: Final = 2_958_466
_LOOKED_AT: Final = 1 << 20
"""Bytes of each of several sheets that are looked at before one is read."""


def workbook_stream(file: BinaryIO, shape: Shape) -> tuple[dict[str, Any], Iterator[StreamedRow]]:
    """Give the name and rows of the visible sheet that holds the table; of several the first where none seems to.

    Raises: Unreadable, "reader.several_sheets" too: what is left out in silence is missed by nobody.
    """
    archive, entries = opened_zip(file, shape)
    by_name = {one.filename.lower(): one for one in entries}
    if "xl/workbook.xml" not in by_name:
        raise Unreadable("reader.not_a_workbook")

    def small(name: str) -> bytes:
        entry = by_name.get(name)
        return unpacked(archive, entry, _SMALL) if entry else b"<x/>"

    book = _Book()
    book.read(small("xl/_rels/workbook.xml.rels"), small("xl/workbook.xml"))
    styles = _Styles()
    styles.read(small("xl/styles.xml"))
    visible = [(name, part) for name, part, is_shown in book.sheets if is_shown and part in by_name]
    if not visible:
        raise Unreadable("reader.broken_workbook" if book.sheets else "reader.empty")
    tables = [one for one in visible if len(visible) > 1 and _holds_table(archive, by_name[one[1]])]
    if len(tables) > 1:
        raise Unreadable("reader.several_sheets", sheets=len(tables))
    name, part = (tables or visible)[0]
    strings = _Strings(shape)
    if (shared := by_name.get("xl/sharedstrings.xml")) is not None:
        strings.read(pieces_of(archive, shared, shape.unpacked_bytes))
    sheet = _Sheet(shape, strings, styles.dates, is_1904=book.is_1904)
    form = {"sheet": name, "sheets": [one for one, _ in visible]}
    return form, _rows(sheet, archive, by_name[part], shape)


def _rows(sheet: _Sheet, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shape: Shape) -> Iterator[StreamedRow]:
    for piece in pieces_of(archive, entry, shape.unpacked_bytes):
        sheet.feed(piece)
        if sheet.ready:
            yield from sheet.ready
            sheet.ready.clear()
    sheet.close()
    yield from sheet.ready


class _Xml:
    """Reads XML piece by piece: no DTD, no depth; tags come without their prefix."""

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = self._refuse
        self._depth = 0

    def feed(self, piece: bytes) -> None:
        """Raises: Unreadable."""
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError:
            raise Unreadable("reader.broken_workbook") from None

    def close(self) -> None:
        """Raises: Unreadable."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError:
            raise Unreadable("reader.broken_workbook") from None

    def read(self, pieces: Iterable[bytes]) -> None:
        """Read a part to its end. Raises: Unreadable."""
        for piece in pieces:
            self.feed(piece)
        self.close()

    def _refuse(self, *_: object) -> None:
        raise Unreadable("reader.has_dtd")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise Unreadable("reader.too_deep")
        self.start(tag.rpartition(":")[2] if ":" in tag else tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self.end(tag.rpartition(":")[2] if ":" in tag else tag)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take text between elements."""


class _Width(_Xml):
    """How many of a sheet's rows have two cells or more with something in them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = self._cells = 0
        self._is_empty = True

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._cells = 0
        elif tag == "c":
            self._is_empty = True
        elif tag in ("v", "t", "f") and self._is_empty:
            self._is_empty = False
            self._cells += 1
            self.rows += self._cells == 2


def _holds_table(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Tell whether a sheet begins as a table does, with a header and a row: one without either is a note."""
    width, seen = _Width(), 0
    with closing(pieces_of(archive, entry, entry.file_size)) as pieces:
        for piece in pieces:
            width.feed(piece)
            seen += len(piece)
            if width.rows > 1 or seen >= _LOOKED_AT:
                break
    return width.rows > 1


class _Relations(_Xml):
    def __init__(self) -> None:
        super().__init__()
        self.by_id: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            self.by_id[attributes.get("Id", "")] = path.lower()


class _Book:
    """The sheets of a workbook with the parts they lie in, and from which day it counts."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.is_1904 = False

    def read(self, relations: bytes, workbook: bytes) -> None:
        """Raises: Unreadable."""
        targets = _Relations()
        targets.read([relations])
        book = self

        class Sheets(_Xml):
            def start(self, tag: str, attributes: dict[str, str]) -> None:
                if tag == "workbookPr":
                    book.is_1904 = attributes.get("date1904") in ("1", "true")
                if tag != "sheet":
                    return
                key = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
                is_shown = attributes.get("state", "visible") == "visible"
                book.sheets.append((attributes.get("name", "")[:60], targets.by_id.get(key, ""), is_shown))

        Sheets().read([workbook])


class _Styles(_Xml):
    """Which styles of cells show a number as a day or a time."""

    def __init__(self) -> None:
        super().__init__()
        self._formats: dict[str, str] = {}
        self._is_cells = False
        self.dates: list[bool] = []

    def read(self, pieces: Iterable[bytes] | bytes) -> None:
        super().read([pieces] if isinstance(pieces, bytes) else pieces)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self._is_cells = True
        elif tag == "xf" and self._is_cells:
            self.dates.append(self._shows_date(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._is_cells = False

    def _shows_date(self, number: str) -> bool:
        code = self._formats.get(number)
        if code is None:
            return number.isdigit() and int(number[:6]) in _DATE_FORMATS
        bare = _NOT_OF_DATES.sub("", code.lower()).replace("general", "")
        return re.search("[dmyhs]", bare) is not None


class _Strings(_Xml):
    """The texts that cells share: one long run of bytes and where each ends, a third of what as many strings cost."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._letters = shape.letters
        self._bytes = bytearray()
        self._ends = array("Q")
        self._parts: list[str] = []
        self._is_text = False
        self._aside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self._parts.clear()
        elif tag == "rPh":
            self._aside += 1
        elif tag == "t":
            self._is_text = not self._aside

    def end(self, tag: str) -> None:
        if tag == "si":
            self._bytes += "".join(self._parts)[: self._letters].encode("utf-8", "replace")
            self._ends.append(len(self._bytes))
            self._parts.clear()
        elif tag == "rPh":
            self._aside -= 1
        elif tag == "t":
            self._is_text = False

    def text(self, text: str) -> None:
        if self._is_text and len(self._parts) <= self._letters:
            self._parts.append(text[: self._letters])

    def at(self, place: int) -> str:
        """Raises: Unreadable for a place there is not."""
        if not 0 <= place < len(self._ends):
            raise Unreadable("reader.broken_workbook")
        return self._bytes[self._ends[place - 1] if place else 0 : self._ends[place]].decode()


class _Sheet(_Xml):
    """The rows of a sheet, each ready when its element ends."""

    def __init__(self, shape: Shape, strings: _Strings, dates: list[bool], *, is_1904: bool) -> None:
        super().__init__()
        self._shape, self._strings, self._dates = shape, strings, dates
        self._is_1904 = is_1904
        self._columns: dict[str, int] = {}
        self._row, self._row_text, self._column = 0, "", 0
        self._cells: list[str] = []
        self._kinds: dict[int, str] = {}
        self._type = self._style = ""
        self._parts: list[str] = []
        self._letters = 0
        self._is_value = self._is_formula = False
        self._aside = 0
        self.ready: list[StreamedRow] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin(attributes)
        elif tag == "v" or (tag == "t" and not self._aside):
            self._is_value = True
        elif tag == "row":
            number = row_number(attributes.get("r"), self._row + 1)
            if number <= self._row:
                raise Unreadable("reader.broken_workbook")
            self._row, self._row_text, self._column = number, str(number), 0
            self._cells, self._kinds = [], {}
        elif tag == "f":
            self._is_formula = True
        elif tag == "rPh":
            self._aside += 1

    def end(self, tag: str) -> None:
        if tag == "c":
            self._finish()
        elif tag in ("v", "t"):
            self._is_value = False
        elif tag == "row":
            if self._cells:
                self.ready.append((self._row, self._cells, self._kinds, ""))
            self._cells, self._kinds = [], {}
        elif tag == "rPh":
            self._aside -= 1

    def text(self, text: str) -> None:
        if self._is_value and self._letters <= self._shape.letters:
            self._parts.append(text)
            self._letters += len(text)

    def _begin(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        if place is None:
            self._column += 1
        else:
            letters = place.rstrip("0123456789")
            column = self._columns.get(letters) or self._columns.setdefault(letters, column_number(letters))
            if column <= self._column or place[len(letters) :] != self._row_text:
                row_number(place[len(letters) :], 0)
                raise Unreadable("reader.broken_workbook")
            self._column = column
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._parts, self._letters = [], 0
        self._is_value = self._is_formula = False

    def _finish(self) -> None:
        raw = "".join(self._parts)[: self._shape.letters]
        if not raw and not self._is_formula:
            return
        text, kind = self._read(raw)
        if self._is_formula:
            kind += "f"
        if not text.strip() and not kind:
            return
        place = self._column - 1
        if place >= self._shape.columns:
            if not self.ready and self._row <= 1:
                raise Unreadable("reader.too_many_columns", columns=self._column, most=self._shape.columns)
            raise Unreadable("reader.far_cell", cell=f"{column_name(place)}{self._row}")
        self._cells += [""] * (place - len(self._cells))
        self._cells.append(text)
        if kind:
            self._kinds[place] = kind

    def _read(self, raw: str) -> tuple[str, str]:
        kind = self._type
        if kind == "s":
            return self._strings.at(int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1), ""
        if kind in ("str", "inlineStr"):
            return raw, ""
        if kind == "e":
            return "", "e"
        if kind == "b":
            return raw[:1], "b"
        if kind == "d":
            return raw[:30], "d"
        if not raw:
            return "", "n"
        if not _NUMBER.fullmatch(raw):
            raise Unreadable("reader.broken_workbook")
        value = float(raw)
        is_date = self._style.isascii() and self._style.isdigit() and self._style != "0" and self._shows_date()
        if is_date and 0 <= value < _LAST_DAY:
            return self._moment(value)
        return raw if raw.isdigit() else print_number(value), "n"

    def _shows_date(self) -> bool:
        place = int(self._style[:6])
        return place < len(self._dates) and self._dates[place]

    def _moment(self, value: float) -> tuple[str, str]:
        days, seconds = divmod(round(value * 86400), 86400)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        if value < 1 and not self._is_1904:
            return clock, "h"
        # Spreadsheets believe in 29 February 1900.
        first = date(1904, 1, 1) if self._is_1904 else date(1899, 12, 31 if value < 60 else 30)
        day = (first + timedelta(days=days)).isoformat()
        return (day, "d") if not seconds else (f"{day}T{clock}", "m")
