"""A table of the screen as a file: a workbook to go on working with, or text for another program."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from io import BytesIO, StringIO
from typing import Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from core.measures import MILLI, Milli
from reports.text import clean

Cell = str | int | date | None
Kind = Literal["text", "quantity", "number", "day"]
"""A quantity is in thousandths and written in base units; a number is written as it is (rupiah, pieces)."""
_FORMULA = tuple("=+-@'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    label: str
    kind: Kind = "text"
    width: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """What stands in the file. ``made_on`` is the day it speaks of, so that the same table gives the same bytes."""

    title: str
    author: str
    about: tuple[tuple[str, str], ...]
    """What the table is: filters, day, place."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    made_on: date


def build_workbook(table: TableFile) -> bytes:
    """Write a table as an XLSX file: one sheet to filter, one that says what it is. No cell is ever a formula."""
    return build_book((("Daftar", table),))


def build_book(tables: Sequence[tuple[str, TableFile]]) -> bytes:
    """Write several tables as one XLSX file, each on a sheet of its name; the last sheet says what the first is."""
    buffer = BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(buffer, options)
    first = tables[0][1]
    made_at = datetime.combine(first.made_on, time(), UTC).replace(tzinfo=None)
    book.set_properties({"title": clean(first.title), "author": clean(first.author), "created": made_at})
    styles = _Styles(
        head=book.add_format(
            {"bold": True, "bg_color": "#F1F3F6", "border": 1, "text_wrap": True, "valign": "vcenter"}
        ),
        text=book.add_format({"num_format": "@"}), quoted=book.add_format({"num_format": "@", "quote_prefix": True}),
        number=book.add_format({"num_format": "#,##0.###"}), day=book.add_format({"num_format": "dd/mm/yyyy"}),
    )  # fmt: skip
    for name, table in tables:
        _write_sheet(book.add_worksheet(name), table, styles)
    other = book.add_worksheet("Keterangan")
    other.set_column(0, 0, 24)
    other.set_column(1, 1, 80)
    for row, (label, said) in enumerate((("Tabel", first.title), *first.about)):
        other.write_string(row, 0, clean(label), styles.head)
        words = clean(said)
        other.write_string(row, 1, words, styles.quoted if words[:1] in _FORMULA else styles.text)
    book.close()
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Styles:
    head: Format
    text: Format
    quoted: Format
    number: Format
    day: Format


def _write_sheet(sheet: Worksheet, table: TableFile, styles: _Styles) -> None:
    for at, column in enumerate(table.columns):
        # Whoever types sixteen digits below gets all of them: a spreadsheet keeps fifteen of what is no text.
        sheet.set_column(at, at, column.width, styles.text if column.kind == "text" else None)
        sheet.write_string(0, at, clean(column.label), styles.head)
    for row, cells in enumerate(table.rows, 1):
        for at, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
            if cell is None:
                continue
            if isinstance(cell, date):
                sheet.write_datetime(row, at, datetime.combine(cell, time()), styles.day)
            elif isinstance(cell, int):
                sheet.write_number(row, at, cell / MILLI if column.kind == "quantity" else cell, styles.number)
            elif words := clean(cell):
                sheet.write_string(row, at, words, styles.quoted if words[0] in _FORMULA else styles.text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def build_csv(table: TableFile) -> bytes:
    """Write a table as text that a spreadsheet set to Indonesian opens rightly: semicolons, decimal commas."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_plain(one.label, "text") for one in table.columns])
    writer.writerows([_row(table.columns, cells) for cells in table.rows])
    return out.getvalue().encode("utf-8-sig")


def _row(columns: Sequence[Column], cells: Sequence[Cell]) -> list[str]:
    return [_plain(cell, column.kind) for column, cell in zip(columns, cells, strict=True)]


def _plain(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return _decimal(Milli(cell)) if kind == "quantity" else str(cell)
    said = clean(cell)
    # A spreadsheet would work out what begins like a formula.
    return f"'{said}" if said[:1] in _FORMULA else said


def _decimal(amount: Milli) -> str:
    whole, rest = divmod(abs(amount), MILLI)
    return ("-" if amount < 0 else "") + str(whole) + (f",{rest:03d}".rstrip("0") if rest else "")
