"""BNPB's disaster table: a row is an element, its villages stand in free text, and its zeros say nothing."""

from __future__ import annotations

import csv
import io

import pytest
import xlsxwriter

from core.errors import Malformed
from core.i18n import sentences
from logistics.zones.reading import bnpb_table, document
from logistics.zones.reading.elements import Element, NamedRegion, Outcome, Parsed
from logistics.zones.states import CountKind, CountState
from tests.support.shared import BNPB_COLUMNS, needs_bnpb_columns

ROW = {
    "id_prov": "98", "id_kab": "9803", "provinsi": "Provinsi Contoh", "kabkot": "KABUPATEN CONTOH",
    "id_jenis_bencana": "101", "kejadian": "BANJIR", "nama_kejadian": "Banjir",
    "lokasi": "Kec. Sirenja / Ds. Contoh A / Ds. Contoh B\nKec. Balaesang / Kel. Contoh D", "tahun": "2026",
    "bulan": "11", "tanggal": "16", "jam": "02:00", "meninggal": "0", "terluka": "2", "hilang": "0",
    "menderita": "3.941", "mengungsi": "0", "terendam": "12", "rumah_rusak_berat": "8.7Unit",
    "keterangan": "Air 70 cm. 112 KK/488 jiwa mengungsi ke kantor camat.", "longitude": "131.01", "latitude": "-7.99",
}  # fmt: skip


def as_csv(*rows: dict[str, str], delimiter: str = ";", titles: int = 0) -> bytes:
    out = io.StringIO()
    out.write("Data Bencana\n" * titles)
    writer = csv.DictWriter(out, list(ROW), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def read(content: bytes) -> Parsed:
    found = bnpb_table.parse(content, "bencana.csv")
    assert not {one.code for part in found.elements for one in part.remarks} - set(sentences())
    return found


def only(**changes: str) -> Element:
    (element,) = read(as_csv({**ROW, **changes})).elements
    return element


def test_a_row_gives_its_villages_and_its_figures():
    (element,) = read(as_csv(ROW, titles=2)).elements
    assert element.label == "BANJIR, KABUPATEN CONTOH, 2026 11 16 02:00"
    assert element.regions == (
        NamedRegion(name="Contoh A", district="Sirenja"), NamedRegion(name="Contoh B", district="Sirenja"),
        NamedRegion(name="Contoh D", district="Balaesang"),
    )  # fmt: skip
    assert {one.kind: one.value for one in element.counts} == {
        CountKind.PERSONS: 3941, CountKind.INJURED: 2, CountKind.HOUSES_FLOODED: 12, CountKind.DISPLACED: None,
    }  # fmt: skip
    assert (element.told["lon"], element.told["regency_bps"]) == ("131.01", "9803")


def test_a_zero_that_the_text_contradicts_is_being_counted_and_told():
    element = only()
    (displaced,) = [one for one in element.counts if one.kind is CountKind.DISPLACED]
    assert displaced.state is CountState.PENDING
    told = {one.code: one.facts for one in element.remarks}
    assert told["bnpb.displaced_in_text"] == {"text": "112 KK/488 jiwa mengungsi ke kantor camat"}
    assert told["bnpb.figure_unread"] == {"column": "rumah_rusak_berat", "text": "8.7Unit"}
    assert told["bnpb.counts_of_several"] == {"count": 3}
    assert "bnpb.displaced_in_text" not in [one.code for one in only(keterangan="Air surut").remarks]
    assert "bnpb.displaced_in_text" not in [one.code for one in only(mengungsi="488").remarks]


@pytest.mark.parametrize(("place", "code"), [("Kec. Sirenja", "bnpb.district_only"), ("", "bnpb.no_village")])
def test_a_row_without_a_village_is_noted(place: str, code: str):
    element = only(lokasi=place)
    assert element.outcome is Outcome.NOTED
    assert code in [one.code for one in element.remarks]


def test_a_workbook_is_read_as_a_text_is():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, (name, text) in enumerate(ROW.items()):
            sheet.write_string(0, column, name)
            is_whole = text.isdigit()
            if is_whole:
                sheet.write_number(1, column, int(text))
            else:
                sheet.write_string(1, column, text)
    assert document.parser_for(out.getvalue()) is document.parser_for(as_csv(ROW)) is bnpb_table
    (element,) = read(out.getvalue()).elements
    (twin,) = read(as_csv(ROW, delimiter=",")).elements
    assert (element.regions, element.counts) == (twin.regions, twin.counts)


def test_another_table_is_refused():
    with pytest.raises(Malformed, match=r"bnpb\.columns_missing"):
        bnpb_table.parse(b"kode;nama\n1;2\n", "x.csv")


@needs_bnpb_columns
def test_the_real_94_columns_are_known():
    header = [row["column"] for row in csv.DictReader(BNPB_COLUMNS.open())]
    assert len(header) == 94
    assert bnpb_table.looks_like(header)
    assert set(bnpb_table.KNOWN) <= set(header)
