"""The letter as printed: the table, signatures that are never cut, reprints, void; and its annex as a workbook."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from reports import gap_letter
from reports.sheet import A4, F4, Sheet
from tests.reports.gap_builders import facts, letter
from tests.reports.reading import page_count, words


@pytest.mark.parametrize("sheet", [A4, F4], ids=["A4", "F4"])
@pytest.mark.parametrize("short", range(1, 9))
def test_the_signature_stands_under_the_table_on_one_page(sheet: Sheet, short: int):
    pdf = gap_letter.build(letter(3, short=short), sheet)
    pages = [words(pdf, page) for page in range(page_count(pdf))]
    signed = [page for page in pages if "NIP 19720315 199803 2 004" in page]
    assert len(signed) == 1
    for part in ("Dimohon", "Kepala Dinas Sosial", "Dra. Siti Contoh", "Tembusan", "terima kasih"):
        assert part in signed[0]
    assert "Yth. Kepala Dinas Sosial Provinsi Contoh" in pages[0]
    assert "60 (enam puluh) keluarga" in pages[0]
    assert "Keputusan Bupati Nomor 360/117/2026" in pages[0]


def test_figures_of_the_table_and_sums_of_the_annex():
    view = letter(3)
    said = words(gap_letter.build(view))
    for one in view.facts.tables.asked:
        assert one.name in said
    assert "400 bungkus (10" in said and "560 kg" in said
    assert "Beras 840 kg; Kasur 60 buah" in said
    assert "kurang 98 kg" in said and "Kementerian Contoh" in said


def test_eighty_villages_repeat_the_head_and_keep_every_row():
    pdf = gap_letter.build(letter(80, short=8))
    assert page_count(pdf) > 5
    said = words(pdf)
    assert said.count("Belum terpenuhi") >= 3
    assert all(f"Desa Contoh {no}," in said for no in range(1, 81))


def test_a_reprint_is_marked_and_says_the_same_a_void_one_says_so():
    first, again = gap_letter.build(letter(2)), gap_letter.build(letter(2, copy_no=2))
    assert "SALINAN ke-2" in words(again) and "SALINAN" not in words(first)
    assert words(again).replace("SALINAN ke-2 ", "") == words(first)
    assert "DIBATALKAN" in words(gap_letter.build(letter(2, is_void=True)))


def test_what_people_wrote_stops_no_printer():
    wild = "Jalan <b>putus</b> & 漢字 \u202e " + "panjang " * 60
    pdf = gap_letter.build(
        letter(1, persons=None, reason=wild, place=wild[:200], incident=wild[:120], addressee=wild[:160], decrees=(),
               copies_to=(wild,) * 8, needed_on=None, number="")
    )  # fmt: skip
    assert page_count(pdf) >= 2
    assert "<b>" in words(pdf)


def test_the_annex_holds_every_figure_and_the_same_letter_gives_the_same_bytes():
    said = facts(3)
    content = gap_letter.build_annex(said, "400.9/0003/SPBT")
    assert content == gap_letter.build_annex(said, "400.9/0003/SPBT")
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["Per barang", "Per desa", "Per hari", "Akan datang", "Keterangan"]
    head, *rows = book.get_sheet_by_name("Per barang").to_python()
    by: list[dict[Any, Any]] = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(one["Barang"], one["Kurang"], one["Dimohon"]) for one in by if one["Kurang"]] == [
        (one.name, one.short_milli / 1000, one.asked.quantity_milli / 1000) for one in said.tables.asked
    ]
    head, *rows = book.get_sheet_by_name("Per desa").to_python()
    assert len(rows) == 3 * 8
    beds: list[dict[Any, Any]] = [dict(zip(head, row, strict=True)) for row in rows]
    assert sum(one["Kebutuhan"] for one in beds if one["Barang"] == "Kasur") == 60
    assert len(book.get_sheet_by_name("Per hari").to_python()) == 1 + 4 * 8
    told: list[Any] = book.get_sheet_by_name("Keterangan").to_python()
    notes = dict(told)
    assert notes["Surat"] == "400.9/0003/SPBT"
