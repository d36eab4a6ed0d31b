"""Rows that go back to whoever sent them, as a workbook in which every cell is text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import xlsxwriter

from reports.text import clean

MOST_WIDTHS: Final = 100
_FORMULA: Final = tuple("=+-@'")


def build_refused_rows(rows: Iterable[Sequence[str]], folder: Path) -> bytes:
    """Write rows, the header first, as an XLSX file; its last column says why. No cell is a formula or a number.

    ``folder`` is private to the service: while the file is made its rows lie there, not in memory.
    """
    buffer = BytesIO()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder, prefix="refused-") as scratch:
        options = {"constant_memory": True, "tmpdir": scratch, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(buffer, options)
        head = book.add_format({"bold": True, "bg_color": "#F1F3F6", "border": 1, "num_format": "@"})
        text = book.add_format({"num_format": "@"})
        quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        sheet = book.add_worksheet("Ditolak")
        sheet.set_column(0, MOST_WIDTHS, 18, text)
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if words := clean(cell):
                    sheet.write_string(
                        number, place, words, head if not number else quoted if words[0] in _FORMULA else text
                    )
        book.close()
    return buffer.getvalue()
