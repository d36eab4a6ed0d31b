"""Workbooks (XLSX): looked at as a zip and as XML first, made anew from the parts that are needed, then parsed.

The parser never sees the bytes that came: a zip can say one thing to one library and another to the next, so what
was checked is packed again. Source of the limits: safety.md §1.2, §2.5.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.reader.refusing import Emitted, Shape, Unreadable, column_name

MOST_ENTRIES: Final = 200
MOST_RATIO: Final = 60
RATIO_FROM: Final = 4 << 20
"""Below so many unpacked bytes a high ratio harms nobody: a small table of equal rows packs well."""
MOST_DEPTH: Final = 64
_PIECE: Final = 1 << 16
_FOLDERS: Final = ("_rels/", "docProps/", "xl/", "customXml/", "docMetadata/")
_LOOSE: Final = ("[Content_Types].xml", "mimetype")
_NAME: Final = re.compile(r"[A-Za-z0-9_.\[\]() -]+(/[A-Za-z0-9_.() -]+)*", re.ASCII)
_NEEDED: Final = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|xl/(workbook|styles|sharedStrings)\.xml"
    r"|xl/worksheets/[^/]+\.xml",
    re.ASCII | re.IGNORECASE,
)
_LETTERS: Final = re.compile(r"[A-Z]{1,3}", re.ASCII)
_HIGHEST_ROW: Final = 1_048_576
_ENCRYPTED: Final = 0x1


def workbook_rows(content: bytes, shape: Shape) -> tuple[dict[str, Any], Iterator[Emitted]]:
    """Give the first visible sheet's name and rows. Raises: Unreadable."""
    parts = _parts(content, shape)
    scan = _Scan(shape)
    for name, xml in parts.items():
        scan.read(name, xml)
    book = _opened(parts)
    sheets = [
        one.name
        for one in book.sheets_metadata
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]
    if not sheets:
        raise Unreadable("reader.empty")
    targets = _targets(parts)
    first = sheets[0]
    facts = scan.sheets.get(targets.get(first, ""), None)
    if facts is None:
        raise Unreadable("reader.broken_workbook")
    _refuse_far(facts, shape)
    form = {"sheet": first, "sheets": sheets}
    return form, _rows(book, first, facts, shape)


# ---------------------------------------------------------------- the zip


def opened_zip(file: BinaryIO, shape: Shape) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """Open an ordinary workbook's zip and give its entries; nothing is unpacked yet. Raises: Unreadable."""
    try:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, OverflowError, RuntimeError):
        raise Unreadable("reader.broken_workbook") from None
    names = [one.filename for one in entries]
    _refuse_names(names)
    if min((one.header_offset for one in entries), default=1) != 0:
        raise Unreadable("reader.broken_workbook")
    if any(one.flag_bits & _ENCRYPTED for one in entries):
        raise Unreadable("reader.old_workbook")
    unpacked = sum(one.file_size for one in entries)
    packed = max(1, sum(one.compress_size for one in entries))
    if unpacked > shape.unpacked_bytes or (unpacked > RATIO_FROM and unpacked > MOST_RATIO * packed):
        raise Unreadable("reader.unpacks_too_large", most_mb=shape.unpacked_bytes >> 20)
    return archive, entries


def _parts(content: bytes, shape: Shape) -> dict[str, bytes]:
    """Unpack what a table needs. Raises: Unreadable for every zip that is not an ordinary workbook."""
    archive, entries = opened_zip(io.BytesIO(content), shape)
    left = shape.unpacked_bytes
    parts: dict[str, bytes] = {}
    for entry in entries:
        if not _NEEDED.fullmatch(entry.filename):
            continue
        parts[entry.filename] = unpacked(archive, entry, left)
        left -= len(parts[entry.filename])
    if not any(name.lower() == "xl/workbook.xml" for name in parts):
        raise Unreadable("reader.not_a_workbook")
    return parts


def _refuse_names(names: list[str]) -> None:
    if len(names) > MOST_ENTRIES:
        raise Unreadable("reader.too_many_parts", parts=len(names), most=MOST_ENTRIES)
    if len({name.lower() for name in names}) != len(names):
        raise Unreadable("reader.broken_workbook")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Unreadable("reader.macros")
    for name in names:
        is_known = name in _LOOSE or name.startswith(_FOLDERS)
        if not is_known or ".." in name or not _NAME.fullmatch(name.rstrip("/")):
            raise Unreadable("reader.not_a_workbook")


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack one entry with a running count. Raises: Unreadable."""
    return b"".join(pieces_of(archive, entry, most))


def pieces_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Generator[bytes]:
    """Unpack one entry piece by piece with a running count: what its header says of its size is a claim.

    Raises: Unreadable.
    """
    found = 0
    try:
        with archive.open(entry) as file:
            while piece := file.read(_PIECE):
                found += len(piece)
                if found > most:
                    raise Unreadable("reader.unpacks_too_large", most_mb=max(1, most >> 20))
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError):
        raise Unreadable("reader.broken_workbook") from None


def _opened(parts: dict[str, bytes]) -> CalamineWorkbook:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, xml in parts.items():
            archive.writestr(name, xml)
    packed.seek(0)
    try:
        return CalamineWorkbook.from_filelike(packed)
    except (CalamineError, ValueError):
        raise Unreadable("reader.broken_workbook") from None


# ---------------------------------------------------------------- the XML


class _Sheet:
    """What one sheet's XML says of its cells, before any parser makes a table of it."""

    def __init__(self) -> None:
        self.formulas: set[tuple[int, int]] = set()
        self.errors: set[tuple[int, int]] = set()
        self.farthest_row = 0
        self.farthest_column = 0
        self.far_cell = ""
        self.rows: set[int] = set()


class _Scan:
    """Reads every part with expat: depth, no DTD; and of sheets where cells with something in them lie."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.sheets: dict[str, _Sheet] = {}

    def read(self, name: str, xml: bytes) -> None:
        """Raises: Unreadable."""
        parser = expat.ParserCreate()
        depth = 0

        def start(_tag: str, _attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MOST_DEPTH:
                raise Unreadable("reader.too_deep")

        def end(_tag: str) -> None:
            nonlocal depth
            depth -= 1

        def refuse(*_: object) -> None:
            raise Unreadable("reader.has_dtd")

        parser.StartElementHandler = start
        if name.lower().startswith("xl/worksheets/"):
            self.sheets[name.lower()] = sheet = _Sheet()
            parser.StartElementHandler = self._cells(sheet, start)
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = refuse
        try:
            parser.Parse(xml, True)
        except expat.ExpatError:
            raise Unreadable("reader.broken_workbook") from None

    def _cells(self, sheet: _Sheet, start: Callable[[str, dict[str, str]], None]) -> Callable[..., None]:
        """Give the handler of a sheet's elements: the busiest lines of the child, a call for every cell."""
        far_row, far_column = 10 * self._shape.rows + 100, self._shape.columns
        columns: dict[str, int] = {}
        row = column = 0
        has_content = False

        def cells(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, has_content
            start(tag, attributes)
            local = tag if ":" not in tag else tag.rpartition(":")[2]
            if local == "c":
                ref = attributes.get("r")
                if ref is None:
                    column += 1
                else:
                    letters = ref.rstrip("0123456789")
                    column = columns.get(letters) or columns.setdefault(letters, column_number(letters))
                    row = row_number(ref[len(letters) :], row)
                has_content = False
                if attributes.get("t") == "e":
                    sheet.errors.add((row, column))
            elif local == "row":
                row, column = row_number(attributes.get("r"), row + 1), 0
            elif local in ("v", "is", "f"):
                if local == "f":
                    sheet.formulas.add((row, column))
                if has_content:
                    return
                has_content = True
                sheet.rows.add(row)
                if row > sheet.farthest_row:
                    sheet.farthest_row = row
                if column > sheet.farthest_column:
                    sheet.farthest_column = column
                if (row > far_row or column > far_column) and not sheet.far_cell:
                    sheet.far_cell = f"{column_name(column - 1)}{row}"

        return cells


def column_number(letters: str) -> int:
    """Give a column's number from 1. Raises: Unreadable for one that no spreadsheet has."""
    if not _LETTERS.fullmatch(letters):
        raise Unreadable("reader.broken_workbook")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def row_number(text: str | None, otherwise: int) -> int:
    """Give a row's number from 1. Raises: Unreadable for one that no spreadsheet has."""
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise Unreadable("reader.broken_workbook")
    number = int(text)
    if not 1 <= number <= _HIGHEST_ROW:
        raise Unreadable("reader.broken_workbook")
    return number


def _targets(parts: dict[str, bytes]) -> dict[str, str]:
    """Give each sheet's part by its name, as the workbook's relations say."""
    by_id: dict[str, str] = {}
    names: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "Relationship":
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            by_id[attributes.get("Id", "")] = path.lower()

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "sheet":
            key = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            names[attributes.get("name", "")] = by_id.get(key, "")

    lower = {name.lower(): xml for name, xml in parts.items()}
    for name, handler in (("xl/_rels/workbook.xml.rels", relation), ("xl/workbook.xml", sheet)):
        parser = expat.ParserCreate()
        parser.StartElementHandler = handler
        parser.Parse(lower.get(name, b"<x/>"), True)
    return names


def _refuse_far(facts: _Sheet, shape: Shape) -> None:
    """Refuse a table that is too wide or long, and one with something lost far away from it."""
    if len(facts.rows) > shape.rows:
        raise Unreadable("reader.too_many_rows", most=shape.rows)
    if facts.far_cell:
        if facts.farthest_column > shape.columns and facts.farthest_row <= 10 * shape.rows + 100:
            raise Unreadable("reader.too_many_columns", columns=facts.farthest_column, most=shape.columns)
        raise Unreadable("reader.far_cell", cell=facts.far_cell)


# ---------------------------------------------------------------- the rows


def _rows(book: CalamineWorkbook, name: str, facts: _Sheet, shape: Shape) -> Iterator[Emitted]:
    try:
        sheet = book.get_sheet_by_name(name)
    except (CalamineError, ValueError):
        raise Unreadable("reader.broken_workbook") from None
    if sheet.start is None:
        raise Unreadable("reader.empty")
    first_column = sheet.start[1]
    formulas, errors = _by_row(facts.formulas), _by_row(facts.errors)
    before = [""] * first_column
    # The rows above the first one with something in it come too, the columns left of it do not.
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = before + [_cell(value, shape) for value in values]
        for column in errors.get(number, ()):
            # The parser gives nothing for an error; nothing is not what stands there.
            cells += [""] * (column + 1 - len(cells))
            cells[column] = "e"
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield number, cells, formulas.get(number, []), ""


def _by_row(places: set[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, column in sorted(places):
        found.setdefault(row, []).append(column - 1)
    return found


def _cell(value: Any, shape: Shape) -> str:
    if value == "" or value is None:
        return ""
    if isinstance(value, str):
        if len(value) > shape.letters:
            raise Unreadable("reader.cell_long", most=shape.letters)
        return "t" + value
    if isinstance(value, bool):
        return "b1" if value else "b0"
    if isinstance(value, int | float):
        return "n" + print_number(value)
    if isinstance(value, datetime):
        return "m" + value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return "d" + value.isoformat()
    if isinstance(value, time):
        return "h" + value.isoformat(timespec="seconds")
    assert isinstance(value, timedelta)
    return "n" + print_number(value.total_seconds() / 86400)


def print_number(value: float) -> str:
    """Write a number without an exponent, to the 15 digits a spreadsheet keeps."""
    exact = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.15g}")
    if not exact.is_finite() or abs(exact) >= Decimal(10) ** 30:
        raise Unreadable("reader.broken_workbook")
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
