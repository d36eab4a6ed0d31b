"""Long tables of strangers: row by row out of the child, the same as the whole table says, and no harm done."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from core.errors import Malformed, TooLarge
from core.reader import read_table, tables
from core.reader.stream import WORKBOOK, StreamRow, TableStream, line_of, row_of, stream_table
from tests.core.test_reader import COST, ROOT
from tests.hostile.corpus import Hostile, bomb, corpus, parts, row, sheet, zipped

FILES = {one.name: one for one in corpus()}
HARMLESS = {
    "far_cell_A1048576": (("kode",), [(1_048_576, ["x"])]), "far_cell_A900000": (("kode",), [(900_000, ["x"])]),
    "long_cell": (("x" * 120,), []),
}  # fmt: skip
"""Read row by row, a lone cell far down costs a row, and a long cell is cut and refused with its row."""


def stream(
    folder: Path, content: bytes, name: str = "dtsen.csv", **more: object
) -> tuple[TableStream, list[StreamRow]]:
    path = folder / "upload"
    path.write_bytes(content)
    with stream_table(path, name, **{"most_rows": 10_000, "most_columns": 100, **more}) as found:  # type: ignore[arg-type]
        return found, list(found.rows)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_streamed_as_it_was_written(tmp_path: Path, delimiter: str, encoding: str):
    content = f"Kode{delimiter}Nama\r\nBRS{delimiter}Béras\r\n".encode(encoding)
    found, rows = stream(tmp_path, content)
    assert found.header == ("Kode", "Nama")
    assert rows == [StreamRow(2, ["BRS", "Béras"], {}, "")]
    assert row_of(line_of(rows[0], 2)) == rows[0]


def test_a_quotation_mark_costs_its_own_row_only(tmp_path: Path):
    _, rows = stream(tmp_path, b'kode;nama\nA;x\n"B;y\nC;"z\nzz"\n\nD;"w" w\nE;v\n')
    assert [(one.number, one.flaw, one.cells[0][:1]) for one in rows] == [
        (2, "", "A"), (3, "reader.row_quotes", '"'), (4, "", "C"), (6, "reader.row_quotes", "D"), (7, "", "E"),
    ]  # fmt: skip
    assert rows[2].cells[1] == "z\nzz"


def test_titles_above_and_empty_columns_beside_a_table_do_no_harm(tmp_path: Path):
    content = b"DATA DTSEN\nDinas Sosial\n\nNIK;Nama;\n1;A;\n2;B;;\n3;C;;x\n"
    found, rows = stream(tmp_path, content, known=("nik", "nama"))
    assert (found.header, found.header_row) == (("NIK", "Nama"), 4)
    assert [len(one.cells) for one in rows] == [2, 2, 4]


def test_a_workbook_is_streamed_as_the_other_parser_reads_it(tmp_path: Path):
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as made:
        made.add_worksheet("Tersembunyi").hide()
        page = made.add_worksheet("Data")
        page.activate()
        day, moment, clock, money = (
            made.add_format({"num_format": one})
            for one in ("dd/mm/yyyy", "[$-421]dd mmmm yyyy hh:mm;@", "hh:mm", '"Rp"#,##0;[Red]-"Rp"#,##0')
        )
        page.write_row(1, 0, ["teks", "a<b & é", 1, 2.5, True, 0.1 + 0.2, 9901010101010001])
        page.write_datetime(1, 7, dt.datetime(2026, 3, 3), day)
        page.write_datetime(1, 8, dt.datetime(2026, 3, 3, 8, 30), moment)
        page.write_datetime(1, 9, dt.time(8, 30), clock)
        page.write_number(1, 10, 1500, money)
        page.write_formula(3, 1, "=1+1", None, 2)
        page.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        page.write_rich_string(4, 0, made.add_format({"bold": True}), "dua", "bagian")
        page.write_blank(9, 40, None, day)
        page.write_row(0, 0, [f"k{number}" for number in range(11)])
    found, rows = stream(tmp_path, content.getvalue(), "dtsen.xlsx")
    whole = read_table(content.getvalue(), "dtsen.xlsx", most_rows=100, most_columns=100)
    assert (found.sheet, found.is_workbook) == ("Data", True)
    assert [one.number for one in rows] == [one.number for one in whole.rows] == [2, 4, 5]
    assert rows[0].cells[-1] == "1500"
    for mine, theirs in zip(rows, whole.rows, strict=True):
        assert mine.cells == [cell.text for cell in theirs.cells]
        kinds = {
            place: kind
            for place, cell in enumerate(theirs.cells)
            if (kind := cell.kind.value.replace("t", "") + "f" * cell.is_formula)
        }
        assert mine.kinds == kinds


def workbook_of(*sheets: list[list[str]]) -> bytes:
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as made:
        for number, told in enumerate(sheets):
            page = made.add_worksheet(f"Lembar {number + 1}")
            for at, cells in enumerate(told):
                page.write_row(at, 0, cells)
    return content.getvalue()


TABLE, NOTE = [["nik", "nama"], ["1", "A"]], [["Petunjuk"], ["Isi lembar berikutnya."], ["a", "b"]]


@pytest.mark.parametrize(
    ("sheets", "sheet"),
    [
        ((TABLE,), "Lembar 1"), ((TABLE, NOTE), "Lembar 1"), ((NOTE, TABLE), "Lembar 2"),
        ((NOTE, [], NOTE), "Lembar 1"), (([["nik"], ["1"]], []), "Lembar 1"), (([], TABLE, []), "Lembar 2"),
    ],
)  # fmt: skip
def test_of_several_sheets_the_one_with_the_table_is_read(
    tmp_path: Path, sheets: tuple[list[list[str]], ...], sheet: str
):
    found, _ = stream(tmp_path, workbook_of(*sheets), "dtsen.xlsx")
    assert found.sheet == sheet


def test_several_tables_in_one_workbook_are_refused_and_none_is_left_out_in_silence(tmp_path: Path):
    with pytest.raises(Malformed, match=r"reader\.several_sheets") as caught:
        stream(tmp_path, workbook_of(TABLE, NOTE, TABLE), "dtsen.xlsx")
    assert caught.value.facts == {"sheets": 2}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_hostile_file_is_refused(tmp_path: Path, file: Hostile):
    if file.name in HARMLESS:
        found, rows = stream(tmp_path, file.make(), file.file_name)
        assert (found.header, [(one.number, one.cells) for one in rows]) == HARMLESS[file.name]
        return
    with pytest.raises((Malformed, TooLarge)) as caught:
        stream(tmp_path, file.make(), file.file_name)
    assert caught.value.code == file.code


@pytest.mark.parametrize(
    "rows",
    [
        (row(2, A2="x"), row(1, A1="y")), (row(1, B1="x", A1="y"),), (row(1, A1="x", B2="y"),),
        ('<row r="1"><c r="A1" t="s"><v>7</v></c></row>',), ('<row r="1"><c r="A1"><v>1e999</v></c></row>',),
        ('<row r="1"><c r="A1"><v>١</v></c></row>',),
    ],
)  # fmt: skip
def test_a_sheet_that_says_two_things_is_refused(tmp_path: Path, rows: tuple[str, ...]):
    with pytest.raises(Malformed, match=r"reader\.broken_workbook"):
        stream(tmp_path, zipped(parts(sheet(*rows))), "dtsen.xlsx")


@pytest.mark.skipif(sys.platform == "win32", reason="what a process cost is told on POSIX only")
def test_what_unpacks_to_much_costs_little(tmp_path: Path):
    """Under the ratio and the size, but one endless row: it ends by its width, long before its end."""
    path = tmp_path / "upload"
    path.write_bytes(bomb("xl/worksheets/sheet1.xml", 60))
    words = tables.command(most_rows=1_048_576, most_columns=100, limits=WORKBOOK, mode="stream")
    with path.open("rb") as file:
        done = subprocess.run([sys.executable, "-c", COST, *words], stdin=file, capture_output=True, cwd=ROOT)
    memory_kb, cpu_s = map(float, done.stderr.split())
    assert b"refused" in done.stdout
    assert (memory_kb <= 150 << 10, cpu_s <= 5) == (True, True)


def test_long_and_short_texts_are_read_alike(tmp_path: Path):
    """25 empty lines above, UTF-16, a mark, quotation marks that are never closed, blanks that no keyboard has."""
    table = 'Kode;Nama\r\nA;x\r\n;\r\n\u2003;\u2003\nB;"y\nyy"\nC;"z\n;;\nD;w\r\n\n'
    for text in ("\n" * 25 + table, table, table + "E;1"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            content = text.encode(encoding)
            found, rows = stream(tmp_path, content)
            whole = read_table(content, "dtsen.csv", most_rows=100, most_columns=100)
            assert (found.header, found.header_row) == (whole.header, whole.header_row)
            assert [one.number for one in rows] == [one.number for one in whole.rows]
            assert [one.flaw for one in rows] == [one.flaw for one in whole.rows]
            cells = [" ".join(" ".join(one.cells).split()) for one in rows]
            assert cells == [" ".join(one.texts) for one in whole.rows]
    with pytest.raises(Malformed, match=r"reader\.not_text"):
        stream(tmp_path, "Kode;Nama\nA;x".encode("utf-16") + b"\x00\xd8A")


FORM = """print('{"form":{"delimiter":";"}}'); print('[1,["kode"],{},""]')"""


@pytest.mark.parametrize(
    "program",
    [
        FORM,
        f"{FORM}; print('[2,[1],{{}},\"\"]')",
        f'{FORM}; print(\'[1,["a"],{{}},""]\')',
        f'{FORM}; print(\'[2,["a"],{{"0":"q"}},""]\')',
        f'{FORM}; print(\'[2,["a"],{{}},"<b>"]\')',
        f"{FORM}; print('{{\"end\":2}}')",
        f"{FORM}; print('2\\x1fa'); print('2\\x1fb')",
        f"{FORM}; print('2')",
        f"{FORM}; print('x\\x1fa')",
        f"{FORM}; print('2\\x1fa\\x01')",
        f"{FORM}; print('2' + '\\x1fa' * 101)",
        f"{FORM}; import os; os.write(1, b'2\\x1f\\xff\\n')",
        f'{FORM}; print(\'{{"end":1}}\'); print(\'[2,["a"],{{}},""]\')',
    ],
)
def test_a_child_that_lies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str):
    monkeypatch.setattr(tables, "command", lambda **_: [sys.executable, "-c", program])
    with pytest.raises(Malformed, match=r"reader\.broke_off"):
        stream(tmp_path, b"kode\nA\n")
