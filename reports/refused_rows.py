"""Rows that go back to whoever sent them, as a workbook in which every cell is text.

Nothing of it ever lies open on a disk, not even in a temporary file: a process that is killed would leave it there. The
rows, which may be a million, are packed one by one as they come into a workbook that is otherwise whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from io import BytesIO
from itertools import islice
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from reports.text import clean

MOST_WIDTHS: Final = 100
MOST_ROWS: Final = 1_048_576
MOST_LETTERS: Final = 32_767
"""Source of both: Excel specifications and limits."""
_SHEET: Final = "xl/worksheets/sheet1.xml"
_FORMULA: Final = tuple("=+-@'")
_CODED: Final = re.compile("(_x[0-9a-fA-F]{4}_)")
"""What Excel reads as one letter."""
_NO_DAY: Final = (1980, 1, 1, 0, 0, 0)
_column = cache(xl_col_to_name)


def build_refused_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows, the header first, as an XLSX file; its last column says why. No cell is a formula or a number."""
    lines = iter(rows)
    buffer = BytesIO()
    with ZipFile(BytesIO(_begun(next(lines, ())))) as begun, ZipFile(buffer, "w") as book:
        for name in begun.namelist():
            part = ZipInfo(name, _NO_DAY)
            part.compress_type = ZIP_DEFLATED
            with book.open(part, "w") as out:
                if name != _SHEET:
                    out.write(begun.read(name))
                    continue
                for piece in _filled(begun.read(name).decode(), islice(lines, MOST_ROWS - 1)):
                    out.write(piece.encode())
    return buffer.getvalue()


def _begun(header: Sequence[str]) -> bytes:
    """Make the workbook with its header, and a second row of two empty cells that shows the numbers of two styles."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#F1F3F6", "border": 1, "num_format": "@"})
    text = book.add_format({"num_format": "@"})
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})
    sheet = book.add_worksheet("Ditolak")
    sheet.set_column(0, MOST_WIDTHS, 18, text)
    sheet.freeze_panes(1, 0)
    for place, cell in enumerate(header):
        if words := clean(cell):
            sheet.write_string(0, place, words, head)
    sheet.write_blank(1, 0, None, text)
    sheet.write_blank(1, 1, None, quoted)
    book.close()
    return buffer.getvalue()


def _filled(sheet: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give the sheet with rows in the place of its second one."""
    before, second, after = re.split(r'(<row r="2".*?</row>)', sheet)
    text, quoted = re.findall(r's="(\d+)"', second.partition(">")[2])
    # How far the cells go is known when they are written; it may be left out.
    yield re.sub(r"<dimension [^>]*/>", "", before)
    for number, cells in enumerate(rows, start=2):
        told = "".join(_cell(cell, f"{_column(place)}{number}", text, quoted) for place, cell in enumerate(cells))
        yield f'<row r="{number}">{told}</row>'
    yield after


def _cell(cell: str, at: str, text: str, quoted: str) -> str:
    words = clean(cell)[:MOST_LETTERS]
    if not words:
        return ""
    style = quoted if words[0] in _FORMULA else text
    told = escape(_CODED.sub(r"_x005F\1", words), quote=False)
    return f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'
