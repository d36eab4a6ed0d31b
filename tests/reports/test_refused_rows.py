"""Refused rows go back as a workbook of texts, and lie open nowhere while it is made."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from reports.refused_rows import build_refused_rows
from tests.support.tree import ROOT

NIK = "9901010101200001"
HEADER = ("nik", "nama", "lat", "KESALAHAN")
ROWS = (
    (NIK, "Budi <&> \"Uji\" 'x'", "-7,25", "nama: kosong"),
    ("'9901", "=1+1", "@x", ""),
    ("", "_x0041_", "a" * 40_000, "z", "behind"),
    (),
    ("012", " two  spaces\u200b\x07", "+62", "Ü"),
)
KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from reports.refused_rows import build_refused_rows
def rows():
    yield ("nik", "nama")
    for number in range(5000):
        yield (sys.argv[2], "Budi Uji")
    os.kill(os.getpid(), signal.SIGKILL)
build_refused_rows(rows())
"""


def read(content: bytes) -> list[list[Any]]:
    assert ZipFile(BytesIO(content)).testzip() is None
    return list(CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name("Ditolak").to_python())


def test_every_cell_comes_back_as_text_below_its_heading():
    content = build_refused_rows(iter((HEADER, *ROWS)))
    assert read(content) == [
        [*HEADER, ""],
        [*ROWS[0], ""],
        ["'9901", "=1+1", "@x", "", ""],
        ["", "_x0041_", "a" * 32_767, "z", "behind"],
        [""] * 5,
        ["012", "two spaces", "+62", "Ü", ""],
    ]
    with ZipFile(BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
    assert "<f>" not in sheet and "<v>9901" not in sheet and 'topLeftCell="A2"' in sheet
    quoting = [number for number, one in enumerate(re.findall(r"<xf [^>]*", styles.partition("<cellXfs")[2]))
               if 'quotePrefix="1"' in one]  # fmt: skip
    cells = re.findall(r'<c r="(\w+)" s="(\d+)" t="inlineStr"', sheet)
    assert {at for at, style in cells if int(style) in quoting} == {"C2", "A3", "B3", "C3", "C6"}
    assert len(cells) == 15


@pytest.mark.parametrize("rows", [(), (HEADER,)])
def test_without_rows_it_is_a_workbook_all_the_same(rows: tuple[tuple[str, ...], ...]):
    assert read(build_refused_rows(rows)) == [list(one) for one in rows]


def test_a_process_that_is_killed_leaves_nothing_open(tmp_path: Path):
    folder, temporary = tmp_path / "files", tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), NIK], cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}
    )
    assert done.returncode == -signal.SIGKILL
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
