"""Tables of strangers: what is read, what is refused, and what neither costs anybody else."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Malformed, Refused, TooLarge
from core.reader import CellKind, ReaderLimits, Table, read_table, tables
from tests.hostile.corpus import Hostile, corpus, parts, row, sheet, zipped

ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY_KB = 150 << 10
MOST_CPU_S = 5.0
HEAVY = {"bomb_in_the_sheet", "bomb_that_lies", "deep", "far_cell_XFD1048576", "many_rows", "bomb_of_ratio"}


def read(content: bytes, name: str = "stok.csv", **more: object) -> Table:
    return read_table(content, name, **{"most_rows": 10_000, "most_columns": 60, **more})  # type: ignore[arg-type]


def texts(table: Table) -> list[tuple[str, ...]]:
    return [one.texts for one in table.rows]


def book(write: object) -> bytes:
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as made:
        write(made, made.add_worksheet("Stok"))  # type: ignore[operator]
    return content.getvalue()


FILES = {one.name: one for one in corpus()}


# ---------------------------------------------------------------- text


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_read_as_it_was_written(delimiter: str, encoding: str):
    content = f"Kode{delimiter}Nama\r\nBRS{delimiter}Béras\r\n".encode(encoding)
    table = read(content)
    assert table.header == ("Kode", "Nama")
    assert texts(table) == [("BRS", "Béras")]
    assert table.delimiter == delimiter
    assert not table.is_workbook


def test_numbers_with_commas_do_not_make_columns():
    assert texts(read(b"kode;jumlah\nA;1,5\nB;2,5,3\n")) == [("A", "1,5"), ("B", "2,5,3")]


def test_rows_are_numbered_as_people_see_them():
    table = read(b'kode;nama\n\nA;"dua\nbaris"\n;\nB;x\n')
    assert [(one.number, one.texts) for one in table.rows] == [(3, ("A", "dua baris")), (5, ("B", "x"))]


def test_a_quotation_mark_costs_its_own_row_only():
    table = read(b'kode;nama\nA;x\n"B;y\nC;z\nD;"w" w\nE;v\n')
    assert [(one.number, one.flaw) for one in table.rows] == [
        (2, ""), (3, "reader.row_quotes"), (4, ""), (5, "reader.row_quotes"), (6, ""),
    ]  # fmt: skip


def test_rows_of_another_width_are_flawed():
    table = read(b"kode;nama\nA;x;y\nB\nC;z;;\n")
    assert [(one.flaw, one.facts) for one in table.rows] == [
        ("reader.row_width", {"cells": 3, "want": 2}), ("reader.row_width", {"cells": 1, "want": 2}), ("", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\x07", "\ufffd"])
def test_what_nobody_can_see_is_flawed(sign: str):
    (one,) = read(f"kode;nama\nA;x{sign}y\n".encode()).rows
    assert (one.flaw, one.facts) == ("reader.odd_letter", {"place": 2})


def test_titles_above_the_table_do_no_harm():
    content = b"LAPORAN STOK\nDinas Sosial\n\nKode Barang;Jumlah\nBRS;1\n"
    table = read(content, known=("kode_barang", "jumlah"))
    assert (table.header, table.header_row, texts(table)) == (("Kode Barang", "Jumlah"), 4, [("BRS", "1")])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes):
    try:
        read(content)
    except Refused as refused:
        assert refused.code.startswith("reader.")


# ---------------------------------------------------------------- workbooks


def test_cells_keep_their_kinds():
    def write(made: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        day, moment, clock = (
            made.add_format({"num_format": one}) for one in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm", "hh:mm")
        )
        page.write_row(0, 0, ["a", "b", "c", "d", "e", "f", "g", "h"])
        page.write_row(2, 0, ["teks", 1, 2.5, True])
        page.write_datetime(2, 4, dt.datetime(2026, 3, 3), day)
        page.write_datetime(2, 5, dt.datetime(2026, 3, 3, 8, 30), moment)
        page.write_datetime(2, 6, dt.time(8, 30), clock)
        page.write_number(2, 7, 0.1 + 0.2)
        page.write_formula(3, 0, "=1/0", None, "#DIV/0!")
        page.write_formula(3, 1, "=1+1", None, 2)
        page.write_blank(70_000, 3, None, day)
        page.write_number(4, 0, 9901010101010001)

    table = read(book(write), "stok.xlsx")
    first, second, third = table.rows
    assert [(one.kind.name, one.text) for one in first.cells] == [
        ("TEXT", "teks"), ("NUMBER", "1"), ("NUMBER", "2.5"), ("YES_NO", "1"), ("DATE", "2026-03-03"),
        ("MOMENT", "2026-03-03T08:30:00"), ("TIME", "08:30:00"), ("NUMBER", "0.3"),
    ]  # fmt: skip
    assert second.cells[0].kind is CellKind.ERROR
    assert (second.cells[1].text, second.cells[1].is_formula) == ("2", True)
    assert [one.number for one in table.rows] == [3, 4, 5]
    assert third.cells[0].is_rounded
    assert (table.sheet, table.sheets, table.is_workbook) == ("Stok", ("Stok",), True)


def test_a_table_may_begin_anywhere_on_the_sheet():
    content = zipped(parts(sheet(row(4, C4="kode", D4="jumlah"), row(6, C6="A", D6="1"))))
    table = read(content, "stok.xlsx", known=("kode", "jumlah"))
    assert table.header == ("", "", "kode", "jumlah")
    assert [(one.number, one.texts) for one in table.rows] == [(6, ("", "", "A", "1"))]


def test_hidden_sheets_are_left_alone():
    def write(made: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        page.write(0, 0, "rahasia")
        page.hide()
        shown = made.add_worksheet("Tampak")
        shown.write(0, 0, "kode")
        shown.write(1, 0, "A")
        shown.activate()

    table = read(book(write), "stok.xlsx")
    assert (table.sheet, table.sheets, texts(table)) == ("Tampak", ("Tampak",), [("A",)])


# ---------------------------------------------------------------- harm


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_hostile_file_is_refused(file: Hostile):
    with pytest.raises((Malformed, TooLarge)) as caught:
        read(file.make(), file.file_name)
    assert caught.value.code == file.code


# A process begins with the memory of the one that starts it in its books: a small one starts the child.
COST = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], env={})
_, status, cost = os.wait4(child.pid, 0)
sys.stderr.write(f"{cost.ru_maxrss} {cost.ru_utime + cost.ru_stime}")
"""


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="what a process cost is told on POSIX only")
@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_hostile_file_costs_little(name: str):
    words = tables.command(most_rows=10_000, most_columns=60)
    done = subprocess.run(
        [sys.executable, "-c", COST, *words], input=FILES[name].make(), capture_output=True, cwd=ROOT
    )  # fmt: skip
    memory_kb, cpu_s = map(float, done.stderr.split())
    assert b"refused" in done.stdout or not done.stdout
    assert memory_kb <= MOST_MEMORY_KB
    assert cpu_s <= MOST_CPU_S


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Let another program stand where the parser does."""

    def says(program: str) -> None:
        monkeypatch.setattr(tables, "command", lambda **_: [sys.executable, "-c", program])

    yield says


FORM = """print('{"form":{"delimiter":";"}}'); print('[1,["tkode"],[],""]')"""


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os.abort()", "reader.too_heavy"),
        (f"{FORM}; import os, sys; sys.stdout.flush(); os.kill(os.getpid(), 9)", "reader.too_heavy"),
        ("raise SystemExit(3)", "reader.broke_off"),
        ("pass", "reader.broke_off"),
        ("print('bukan json')", "reader.broke_off"),
        (f"{FORM}; print('[2,[\"ta\"],[],\"\"]')", "reader.broke_off"),
        (f"{FORM}; print('[2,[[\"ta\"]],[],\"\"]')", "reader.broke_off"),
        (f"{FORM}; print('[2,[\"ta\"],[],\"<b>\"]'); print('{{\"end\":2}}')", "reader.broke_off"),
        (f"{FORM}; print('[2,[\"za\"],[],\"\"]'); print('{{\"end\":2}}')", "reader.broke_off"),
        ("print('{\"refused\":\"account.locked\",\"facts\":{}}')", "reader.broke_off"),
        ("import time; time.sleep(60)", "reader.too_heavy"),
        ("while True: print('x' * 65536, end='')", "reader.too_heavy"),
    ],
)  # fmt: skip
def test_a_child_that_dies_or_lies_is_a_refusal(child, program: str, code: str):
    child(program)
    with pytest.raises((Malformed, TooLarge)) as caught:
        read(b"kode\nA\n", limits=ReaderLimits(wall_s=1, answer_bytes=1 << 20))
    assert caught.value.code == code


def test_the_child_can_open_nothing():
    program = (
        "import io, sys, socket\nfrom core.reader.child import limit\nlimit(256, 5)\n"
        "for act in (lambda: open('/etc/hostname'), lambda: socket.socket()):\n"
        "    try:\n        act()\n        print('opened')\n    except OSError as why:\n        print(why.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["24", "24"], done.stderr


def test_others_are_served_while_a_heavy_file_is_read(child, monkeypatch: pytest.MonkeyPatch):
    real = tables.command
    child("import time; time.sleep(60)")
    heavy: list[str] = []

    def slow() -> None:
        try:
            read(b"kode\nA\n", limits=ReaderLimits(wall_s=1))
        except Refused as refused:
            heavy.append(refused.code)

    thread = threading.Thread(target=slow)
    thread.start()
    # The heavy one has its command by now or gets a good one: either way both end.
    monkeypatch.setattr(tables, "command", real)
    assert texts(read(b"kode\nA\n")) == [("A",)]
    thread.join()
    assert heavy in (["reader.too_heavy"], [])
