"""A table as a file: numbers are numbers, nothing is ever a formula, the same table gives the same bytes."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from zipfile import ZipFile

from reports.table_file import Column, TableFile, build_csv, build_workbook

TABLE = TableFile(
    title="Stok", author="Dinas Sosial Contoh", about=(("Tempat", "=HYPERLINK(1)"),), made_on=date(2026, 11, 16),
    columns=(
        Column(label="Barang"), Column(label="Di tangan", kind="quantity"), Column(label="Nilai (Rp)", kind="number"),
        Column(label="Kedaluwarsa", kind="day"),
    ),
    rows=(("Beras", 1_200_500, 15_000_000, date(2027, 12, 31)), ("=cmd|'/c calc'!A1", -2800, 0, None)),
)  # fmt: skip


def test_a_spreadsheet_set_to_indonesian_opens_the_text_rightly():
    text = build_csv(TABLE)
    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").splitlines()
    assert lines[1] == "Beras;1200,5;15000000;2027-12-31"
    assert lines[2].startswith("'=cmd")
    assert lines[2].endswith(";-2,8;0;")


def test_no_cell_of_the_workbook_is_a_formula_and_the_same_table_gives_the_same_bytes():
    made = build_workbook(TABLE)
    with ZipFile(BytesIO(made)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2
    assert not any(re.search(r"<f[ >]", sheet) for sheet in sheets)
    assert "<v>1200.5</v>" in sheets[0]
    assert "<v>15000000</v>" in sheets[0]
    assert build_workbook(TABLE) == made
