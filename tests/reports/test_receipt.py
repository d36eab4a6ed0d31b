"""Tanda terima: what is printed is the view, whatever the view holds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frozen import freeze, thaw
from core.measures import Milli, print_quantity
from reports.receipt import ReceiptLineView, ReceiptView, build_receipt, build_receipts
from reports.sheet import A4, DEMO_BAND, F4, Sheet
from tests.reports.builders import LETTERHEAD, LINES, receipt_view, verify_url
from tests.reports.reading import fonts, page_count, symbols, words

HOSTILE = (
    "A<B", "<img src='http://127.0.0.1:9/x.png'/>", "abc\u202e321\u202c", "Z\u0351\u0352a\u0353l\u0354g\u0355o" * 20,
    "Raden Panjang " * 22, "X" * 300, "", "محمد عبد", "a\x00b\x1b[31m", ") Tj ET (\\", "𝒮𝒾𝓉𝒾 😀", "\ud800",
)  # fmt: skip


def test_the_same_view_gives_the_same_bytes() -> None:
    views = [receipt_view(number) for number in range(1, 6)]
    assert build_receipts(views) == build_receipts([replace(view) for view in views])
    assert build_receipt(receipt_view()) == build_receipt(receipt_view())


def test_another_view_gives_other_bytes() -> None:
    assert build_receipt(receipt_view()) != build_receipt(receipt_view(persons=6))


def test_a_receipt_says_what_for_whom_how_much_when_and_where() -> None:
    text = words(build_receipt(receipt_view()))
    for part in (
        "PEMERINTAH KABUPATEN CONTOH KEPULAUAN", "DINAS SOSIAL", "TANDA TERIMA BANTUAN",
        "Nomor: 460/0001/TT/DINSOS/XI/2026", "Yohanes Batlayeri Contoh", "RT 003/RW 001", "Desa Wetan Laut",
        "•••• •••• •••• 0123", "5 jiwa", "Banjir rob Pulau Contoh Besar", "PKT-26-000001-7",
        "Putaran 1, 21–27 November 2026", "Sabtu, 21 November 2026 10.05 WIT", "Balai Desa Wetan Laut",
        "Wakil: istri", "Maria Batlayeri Contoh", "NIP 19870214 201001 2 003", "Kasur lipat (sekali per kejadian)",
    ):  # fmt: skip
        assert part in text
    for line in LINES:
        assert f"{print_quantity(line.quantity_milli, line.unit)}" in text


def test_a_single_receipt_has_a_half_for_the_recipient_and_one_for_the_archive() -> None:
    pdf = build_receipt(receipt_view())
    assert page_count(pdf) == 1
    assert symbols(pdf) == [verify_url(1)] * 2
    text = words(pdf)
    assert text.count("untuk penerima") == text.count("arsip kantor") == 1


@pytest.mark.parametrize("sheet", [A4, F4])
@pytest.mark.parametrize("one_bit", [False, True])
def test_every_symbol_on_a_sheet_is_read_back_at_203_dpi(sheet: Sheet, one_bit: bool) -> None:
    pdf = build_receipts([receipt_view(number) for number in range(1, 6)], sheet)
    assert page_count(pdf) == 3
    assert symbols(pdf, one_bit=one_bit) == [verify_url(number) for number in range(1, 6)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_printed_quantities_are_those_of_the_view(amounts: list[int]) -> None:
    lines = tuple(
        ReceiptLineView(item=f"Barang {number}", quantity_milli=Milli(amount), unit="kg")
        for number, amount in enumerate(amounts)
    )
    text = words(build_receipts([receipt_view(lines=lines)]))
    for number, amount in enumerate(amounts):
        assert f"Barang {number} {print_quantity(amount, 'kg')}" in text


def test_all_fonts_are_embedded_and_none_is_borrowed() -> None:
    found = fonts(build_receipts([receipt_view(1), receipt_view(2, head_name="Ñoño Ștefan – “É”")]))
    assert found and all(found.values())
    assert all("PlusJakartaSans" in name for name in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_printing_never_fails_for_what_a_field_holds(text: str) -> None:
    view = receipt_view(
        number=text, head_name=text, address=text, village=text, programme=text, place=text, recipient_name=text,
        recipient_relation=text, recipient_proof=text, standard_name=text, kk_last4=text,
        giver_name=text, giver_nip=text, giver_position=text,
        acknowledger_name=text, acknowledger_position=text, partial_reason=text, package_code=text, nik_last4=text,
        lines=(ReceiptLineView(item=text, quantity_milli=Milli(1), unit=text, note=text),),
        letterhead=replace(LETTERHEAD, government=text, office=text, address=text, initials=text),
    )  # fmt: skip
    pdf = build_receipt(view)
    assert page_count(pdf) == 1
    assert symbols(pdf) == [verify_url(1)] * 2


def test_markup_and_operators_in_a_name_are_printed_as_written() -> None:
    text = words(build_receipt(receipt_view(head_name="A<B) Tj (\\C", recipient_name="<img src=x>")))
    assert "A<B) Tj (\\C" in text
    assert "<img src=x>" in text


def test_a_receipt_with_nothing_but_dashes_still_prints() -> None:
    view = receipt_view(
        number="", head_name="", address="", rt="", rw="", village="", district="", programme="", package_code="",
        nik_last4="", persons=0, lines=(), recipient_name="", giver_name="", giver_nip="", acknowledger_name="",
        round_no=None, first_on=None, last_on=None, handed_over_at=None, place="", verify_url="",
    )  # fmt: skip
    text = words(build_receipt(view))
    assert "Nomor: —" in text
    assert "Alamat —" in text
    assert "NIK —" in text


def test_a_whole_nik_given_by_mistake_prints_its_last_four_digits_only() -> None:
    text = words(build_receipt(receipt_view(nik_last4="9901010101010042")))
    assert "0042" in text
    assert "9901010101010042" not in text and "990101" not in text


def test_a_partial_handover_shows_what_was_due() -> None:
    line = ReceiptLineView(item="Beras", quantity_milli=Milli(10_000), unit="kg", due_milli=Milli(14_000))
    text = words(build_receipt(receipt_view(lines=(line,), partial_reason="Beras habis")))
    assert "Beras (dari 14 kg) 10 kg" in text
    same = replace(line, due_milli=line.quantity_milli)
    assert "dari 10 kg" not in words(build_receipt(receipt_view(lines=(same,))))


def test_a_frozen_view_prints_the_same_receipt_again() -> None:
    view = receipt_view()
    assert build_receipt(thaw(ReceiptView, freeze(view))) == build_receipt(view)


def test_reprints_and_voided_receipts_say_so() -> None:
    assert "SALINAN" not in words(build_receipt(receipt_view()))
    assert "SALINAN ke-2" in words(build_receipt(receipt_view(copy_no=2)))
    text = words(build_receipt(receipt_view(is_void=True, void_reason="Salah keluarga")))
    assert "DIBATALKAN: Salah keluarga" in text
    assert "Beras medium" in text
    assert "Diserahkan sebagian: Kasur habis" in words(build_receipt(receipt_view(partial_reason="Kasur habis")))


def test_the_demonstration_band_stands_on_demonstration_papers_only() -> None:
    assert words(build_receipt(receipt_view())).count(DEMO_BAND) == 2
    assert DEMO_BAND not in words(build_receipt(receipt_view(letterhead=LETTERHEAD)))


def test_many_lines_take_a_sheet_of_their_own_and_none_is_lost() -> None:
    long = receipt_view(2, lines=LINES * 6)
    pdf = build_receipts([receipt_view(1), long, receipt_view(3), receipt_view(4)])
    assert page_count(pdf) == 3
    assert words(pdf, 1).count("Beras medium") == 6
    assert "PKT-26-000003-7" in words(pdf, 2) and "PKT-26-000004-7" in words(pdf, 2)


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(ValueError):
        build_receipts([])


def test_a_batch_in_any_order_prints_every_receipt_once() -> None:
    numbers = list(range(1, 30))
    random.Random(7).shuffle(numbers)
    text = words(build_receipts([receipt_view(number) for number in numbers]))
    assert [text.count(f"PKT-26-{number:06d}-7") for number in numbers] == [1] * len(numbers)
