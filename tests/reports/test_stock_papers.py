"""SBBM, SBBK, card, count sheet, minutes: what is printed is the view, whole at any length, on A4 and F4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frozen import freeze, thaw
from core.measures import print_count, print_quantity, print_rupiah
from reports import correction_minutes, count_minutes, count_sheet, goods_issued, goods_received, stock_card
from reports.goods import price
from reports.sheet import A4, DEMO_BAND, F4, Sheet
from stock.corrections.papers import CorrectionFacts
from stock.counts.papers import CountFacts
from stock.ledger.papers import IssuedFacts, PaperNames, ReceivedFacts
from tests.reports import goods_builders as views
from tests.reports.reading import fonts, page_count, symbols, words
from tests.reports.test_receipt import HOSTILE

Build = Callable[[int, Sheet], bytes]


def address(code: str) -> str:
    return f"https://tanggap.contohkab.go.id/stok/opname/01990000-0000-7000-8000-000000000000/batch?kode={code}"


def a_card(count: int, sheet: Sheet) -> bytes:
    lines = (views.card_line(n, comes=n % 3 == 0, milli=400_000, value=5_000_000) for n in range(1, count + 1))
    return stock_card.build(views.card(count, opening=10**9, opening_rp=10**10), lines, sheet)


PAPERS: dict[str, tuple[Build, str, str]] = {
    "received": (lambda n, sheet: goods_received.build(views.received(n), sheet), "Kedaluwarsa", "Yang menerima,"),
    "issued": (lambda n, sheet: goods_issued.build(views.issued(n), sheet), "Harga satuan", "Setuju dikeluarkan,"),
    "assembly": (
        lambda n, sheet: goods_issued.build(
            views.issued(n, kind="assembly", made=tuple(views.goods(1000 + one) for one in range(n))), sheet
        ), "Harga satuan", "Setuju dikeluarkan,",
    ),
    "count": (lambda n, sheet: count_minutes.build(views.count_minutes_view(n), sheet), "No", "Mengetahui,"),
    "many differences": (
        lambda n, sheet: count_minutes.build(views.count_minutes_view(n, differing=n), sheet), "No", "Mengetahui,",
    ),
    "no difference": (
        lambda n, sheet: count_minutes.build(views.count_minutes_view(n, differing=0), sheet), "No", "Mengetahui,",
    ),
    "sheet": (lambda n, sheet: count_sheet.build(views.count_sheet_view(n), address, sheet), "Pindai", "Saksi,"),
    "correction": (lambda n, sheet: correction_minutes.build(views.corrected(n), sheet), "Barang", "Mengetahui,"),
    "card": (a_card, "Uraian", "Dibuat oleh,"),
}  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("sheet", [A4, F4], ids=["A4", "F4"])
def test_two_hundred_lines_stand_under_a_repeated_head_and_one_signature_block(paper: str, sheet: Sheet) -> None:
    build, head, signer = PAPERS[paper]
    pdf = build(200, sheet)
    pages = page_count(pdf)
    assert pages > 3
    for page in range(pages):
        text = words(pdf, page)
        assert f"Halaman {page + 1} dari" in text
        assert DEMO_BAND in text
        assert head in text
    assert words(pdf).count(signer) == 1
    assert signer in words(pdf, pages - 1)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_signature_block_is_whole_and_never_alone_on_a_page(paper: str) -> None:
    build, _head, signer = PAPERS[paper]
    for count in (0, 1, 2, 3, 7, 9, 10, 11, 12, 13, 14, 19, 31):
        if paper == "many differences" and count == 0:
            continue
        pdf = build(count, A4)
        last = words(pdf, page_count(pdf) - 1)
        assert signer in last, count
        if paper != "sheet":
            assert "Kota Contoh, 20 November 2026" in last, count
            assert "NIP 19870214 201001 2 003" in last, count
        if count:
            # Something of the list stands on the signers' page: nobody signs an empty one.
            assert "BT-26-" in last or "saldo akhir" in last or "Satuan" in last, count


def test_a_head_stands_once_on_each_page_however_many_lines_there_are() -> None:
    for count in range(1, 32):
        pdf = goods_issued.build(views.issued(count))
        assert [words(pdf, page).count("Sumber dana") for page in range(page_count(pdf))] == [1] * page_count(pdf)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_same_view_gives_the_same_bytes_with_its_own_fonts_only(paper: str) -> None:
    build = PAPERS[paper][0]
    pdf = build(20, A4)
    assert pdf == build(20, A4)
    found = fonts(pdf)
    assert found and all(found.values())
    assert all("PlusJakartaSans" in name for name in found)


def test_sbbm_names_giver_basis_funds_condition_and_value() -> None:
    text = words(goods_received.build(views.received()))
    for part in (
        "SURAT BUKTI BARANG MASUK", "Nomor: 400.9/0012/SBBM/DINSOS/XI/2026", "Kementerian Contoh, Ibu Kota",
        "BAST-01/CONTOH/XI/2026", "Gudang Induk, Jalan Gudang 1", "Jumat, 20 November 2026 10.05 WIT", "Hibah, APBN",
        "Baik", "Rusak", "01/03/2027", "Penyedia/pemberi: Kementerian Contoh", "Pemeriksa barang", "Pengurus Barang",
        "Agus Contoh, S.Sos.", "Sandang dewasa, Laki-laki XL",
    ):  # fmt: skip
        assert part in text, part
    total = sum(one.value_rp for one in views.received().facts.lines)
    assert f"Jumlah nilai: {print_rupiah(total)} (" in text


def test_goods_nobody_has_looked_at_are_neither_good_nor_damaged() -> None:
    line = views.goods(1, damaged_milli=None)
    text = words(goods_received.build(views.received(lines=(line,), is_inspected=False)))
    assert f"{print_quantity(line.quantity_milli, line.unit)} — —" in text
    assert "sesudah pemeriksaan" in text


def test_sbbk_leaves_room_for_what_was_asked_where_no_request_is_known() -> None:
    text = words(goods_issued.build(views.issued()))
    assert "Nomor permintaan" in text
    assert "Jumlah permintaan yang kosong diisi" in text
    known = views.issued(lines=(views.goods(1, asked_milli=99_000),))
    text = words(goods_issued.build(known))
    assert "99 bungkus 38 bungkus" in text
    assert "Nomor permintaan" not in text


def test_the_sbbk_of_a_load_names_its_surat_jalan_and_of_kits_what_was_made() -> None:
    loaded = views.issued(kind="dispatch", document_no="400.9/0002/SJ/DINSOS/XI/2026")
    assert "Surat jalan : 400.9/0002/SJ/DINSOS/XI/2026" in words(goods_issued.build(loaded))
    made = views.issued(kind="assembly", document_no="RKT-1", made=(views.goods(77),))
    text = words(goods_issued.build(made))
    assert "Hasil perakitan" in text and views.code(77) in text


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1000, 10**12), st.integers(0, 10**12)), min_size=1, max_size=25))
def test_printed_quantities_and_rupiah_are_those_of_the_view(amounts: list[tuple[int, int]]) -> None:
    lines = tuple(
        views.goods(1, item=f"Barang {n}", unit="kg", quantity_milli=milli, value_rp=value, unit_price_rp=None)
        for n, (milli, value) in enumerate(amounts)
    )
    for pdf in (goods_received.build(views.received(lines=lines)), goods_issued.build(views.issued(lines=lines))):
        text = words(pdf)
        for line in lines:
            assert print_quantity(line.quantity_milli, "kg") in text
            assert print_rupiah(line.value_rp) in text
            assert price(None, line.value_rp, line.quantity_milli) in text
        assert f"Jumlah nilai: {print_rupiah(sum(line.value_rp for line in lines))} (" in text


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**9), st.integers(0, 10**10)), max_size=40))
def test_the_running_balance_of_a_card_is_the_plain_sum(moves: list[tuple[bool, int, int]]) -> None:
    lines = [
        views.card_line(n, comes=comes, milli=milli, value=value, batch=1 + n % 3)
        for n, (comes, milli, value) in enumerate(moves)
    ]
    text = words(stock_card.build(views.card(len(lines), opening=10**12, opening_rp=10**13), iter(lines)))
    milli, rupiah = 10**12, 10**13
    at = text.index("Saldo awal")
    for line in lines:
        milli += line.in_milli - line.out_milli
        rupiah += line.value_rp if line.in_milli else -line.value_rp
        at = text.index(print_count(rupiah), at)
        assert print_quantity(milli) in text
    closing = text[text.index("Jumlah dan saldo akhir") :]
    came, went = (sum(getattr(one, name) for one in lines) for name in ("in_milli", "out_milli"))
    for part in (print_quantity(came), print_quantity(went), print_quantity(milli), print_count(rupiah)):
        assert part in closing
    by_batch = {1: 10**12}
    for n, line in enumerate(lines):
        by_batch[1 + n % 3] = by_batch.get(1 + n % 3, 0) + line.in_milli - line.out_milli
    for batch, left in by_batch.items():
        assert not left or f"{print_quantity(left, 'kg')}" in closing, batch


def test_a_card_without_moves_still_says_what_lies_there() -> None:
    text = words(stock_card.build(views.card(0), iter(())))
    assert "Tidak ada gerak barang dalam masa ini." in text
    assert "1.000 kg" in text
    assert "1 Januari 2026 sampai 31 Desember 2026" in text


def test_minutes_of_a_count_say_when_where_how_much_and_why_it_differs() -> None:
    view = views.count_minutes_view()
    text = words(count_minutes.build(view))
    for part in (
        "BERITA ACARA STOCK OPNAME", "Jumat tanggal dua puluh bulan November tahun dua ribu dua puluh enam",
        "per tanggal 19 November 2026", "Gudang Induk, Jalan Gudang 1", "Penghitung tidak melihat catatan buku",
        "Selisih dan sebabnya (1 baris)", "-2 bungkus", "Dikeluarkan tanpa dicatat. Ditanyakan kepada petugas",
        "penyesuaian Nomor 400.9/0003/ADJ/DINSOS/XI/2026", "Penyetuju Contoh", "Penghitung Contoh",
    ):  # fmt: skip
        assert part in text, part
    total = sum(line.value_rp for line in view.facts.lines)
    assert f"menurut hasil hitung: {print_rupiah(total)} (" in text


def test_minutes_of_a_count_that_agrees_with_the_books_say_so() -> None:
    text = words(count_minutes.build(views.count_minutes_view(differing=0)))
    assert "Hasil hitung sama dengan catatan untuk semua barang" in text
    assert "Selisih dan sebabnya" not in text


def test_a_blind_sheet_shows_no_figure_of_the_books_and_every_symbol_leads_to_its_line() -> None:
    view = views.count_sheet_view(30)
    pdf = count_sheet.build(view, address)
    text = words(pdf)
    assert "Menurut buku" not in text
    for line in views.count_sheet_view(30, is_blind=False).lines:
        assert print_quantity(line.booked_milli or 0, line.unit) not in text
    assert symbols(pdf, 300, one_bit=True) == [address(line.batch) for line in view.lines]
    assert "Menurut buku" in words(count_sheet.build(views.count_sheet_view(3, is_blind=False), address))


@pytest.mark.parametrize(
    ("kind", "title"),
    [("write_off", "PENGHAPUSAN"), ("adjustment", "PENYESUAIAN"), ("reversal", "PEMBALIKAN DOKUMEN")],
)
def test_minutes_of_a_correction_name_the_cause_and_who_agreed(kind: str, title: str) -> None:
    text = words(correction_minutes.build(views.corrected(kind=kind, reverses="Barang masuk 400.9/0001")))
    for part in (
        f"BERITA ACARA {title}", "Rusak oleh air", "Atap bocor pada malam hari.", "BA/12/CONTOH", "Pengusul Contoh",
        "Penyetuju Contoh", "-38 bungkus", "-Rp475.038", "Nilai yang berkurang", "Barang masuk 400.9/0001",
    ):  # fmt: skip
        assert part in text, part


def _stuffed(view: Any, text: str) -> Any:
    """Put a text into every field of words that a view has, down to its lines."""
    if isinstance(view, str):
        return text
    if isinstance(view, tuple):
        return tuple(_stuffed(one, text) for one in view)
    if hasattr(view, "__dataclass_fields__"):
        kept = {"kind", "time_zone"}
        return replace(
            view,
            **{
                name: _stuffed(getattr(view, name), text)
                for name in view.__dataclass_fields__
                if name not in kept and isinstance(getattr(view, name), str | tuple)
            },
            **{
                name: _stuffed(getattr(view, name), text)
                for name in ("facts", "persons", "head", "names", "goods")
                if hasattr(getattr(view, name, None), "__dataclass_fields__")
            },
        )
    return view


def everything_stuffed(text: str) -> list[bytes]:
    return [
        goods_received.build(_stuffed(views.received(), text)),
        goods_issued.build(_stuffed(views.issued(made=(views.goods(9),), kind="assembly"), text)),
        count_minutes.build(_stuffed(views.count_minutes_view(), text)),
        correction_minutes.build(_stuffed(views.corrected(), text)),
        count_sheet.build(_stuffed(views.count_sheet_view(), text), lambda _: address(views.code(1))),
        stock_card.build(
            _stuffed(views.card(1), text),
            [_stuffed(views.card_line(1, comes=True, milli=1, value=1), text)],
        ),
    ]


def test_the_text_of_minutes_is_printed_whole() -> None:
    note = " ".join(f"kalimat-{number}-lengkap" for number in range(300))
    text = words(correction_minutes.build(views.corrected(note=note)))
    assert [one for one in note.split() if one not in text] == []


@pytest.mark.parametrize("text", (*HOSTILE, "Raden Ajeng Panjang " * 20, "X" * 1500))
def test_printing_never_fails_for_what_a_field_holds(text: str) -> None:
    # A code that no encoder takes is not the symbol's matter here: its address is our own.
    for pdf in everything_stuffed(text if text != "\ud800" else "?"):
        assert 1 <= page_count(pdf) <= 9


@settings(max_examples=12, deadline=None)
@given(st.text(min_size=0, max_size=400).filter(lambda text: text.isprintable() or not text))
def test_no_name_breaks_a_paper(text: str) -> None:
    for pdf in everything_stuffed(text.encode("utf-8", "ignore").decode()[:150]):
        assert page_count(pdf) >= 1


def test_marks_of_copy_and_reversal() -> None:
    plain = words(goods_received.build(views.received(head=replace(views.HEAD, is_demo=False))))
    assert "DIBATALKAN" not in plain and "SALINAN" not in plain and DEMO_BAND not in plain
    marked = words(goods_received.build(replace(views.received(), is_void=True, copy_no=2)))
    assert "DIBATALKAN" in marked and "SALINAN ke-2" in marked and DEMO_BAND in marked


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ReceivedFacts, views.received().facts), (IssuedFacts, views.issued(made=(views.goods(1),)).facts),
        (CountFacts, views.count_minutes_view().facts), (CorrectionFacts, views.corrected().facts),
        (PaperNames, views.received().persons),
    ],
)  # fmt: skip
def test_what_a_paper_says_is_frozen_and_thawed_unchanged(kind: type[object], facts: object) -> None:
    assert thaw(kind, freeze(facts)) == facts


def test_a_price_that_is_no_whole_rupiah_follows_from_the_value() -> None:
    assert price(12_500, 1, 1) == "Rp12.500"
    assert price(None, 100_000, 3_000) == "Rp33.333,33"
    assert price(None, 30_000, 3_000) == "Rp10.000"
    assert price(None, 30_000, 0) == "—"


def test_days_on_narrow_columns_are_written_in_figures() -> None:
    assert views.goods(1).expires_on == date(2027, 3, 1)
    assert "01/03/2027" in words(goods_issued.build(views.issued(1)))
