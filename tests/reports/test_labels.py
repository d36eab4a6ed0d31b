"""Labels: every symbol is read back from a coarse print, on sheets from any label on and on a roll."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measures import Milli
from reports.labels import ON_SHEET, build_roll, build_sheets
from tests.reports.goods_builders import label
from tests.reports.reading import fonts, page_count, symbols, words
from tests.reports.test_receipt import HOSTILE


@pytest.mark.parametrize("one_bit", [False, True])
def test_every_symbol_on_a_roll_is_read_back_at_203_dpi(one_bit: bool) -> None:
    made = [label(number) for number in range(1, 13)]
    pdf = build_roll(made)
    assert page_count(pdf) == len(made)
    assert symbols(pdf, 203, one_bit=one_bit) == [one.address for one in made]


def test_every_symbol_on_a_sheet_is_read_back_at_203_dpi() -> None:
    made = [label(number) for number in range(1, 2 * ON_SHEET + 1)]
    pdf = build_sheets(made)
    assert page_count(pdf) == 2
    assert sorted(symbols(pdf, 203, one_bit=True)) == sorted(one.address for one in made)


@pytest.mark.parametrize("address", ["http://10.0.0.7:8080/stok/batch/BT-26-000001-7",
    "https://tanggap.dinas-sosial.kabupaten-kepulauan-tanimbar.maluku.go.id/stok/batch/BT-26-000001-7"])  # fmt: skip
def test_short_and_long_addresses_of_an_office_are_read_alike(address: str) -> None:
    for pdf in (build_roll([label(address=address)]), build_sheets([label(address=address)])):
        assert symbols(pdf, 203, one_bit=True) == [address]


@pytest.mark.parametrize("first", [1, 5, 24])
def test_a_sheet_used_in_part_is_used_up(first: int) -> None:
    made = [label(number) for number in range(1, 26)]
    pdf = build_sheets(made, first)
    assert page_count(pdf) == (2 if first + 24 <= 2 * ON_SHEET else 3)
    on_first = words(pdf, 0).count("Isi 40 bungkus")
    assert on_first == ON_SHEET - first + 1
    assert words(pdf).count("Isi 40 bungkus") == 25


@pytest.mark.parametrize("first", [0, 25])
def test_a_label_that_a_sheet_does_not_have_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match="no such label"):
        build_sheets([label()], first)
    with pytest.raises(ValueError, match="no labels"):
        build_roll([])


def test_a_label_says_what_it_is_how_long_it_keeps_and_which_box() -> None:
    for pdf in (build_sheets([label(3, variant="Laki-laki XL")]), build_roll([label(3, variant="Laki-laki XL")])):
        text = words(pdf)
        for part in (
            "Mi instan, Laki-laki XL", "BT-26-000003-7", "01 MAR 2027", "APBD", "Isi 40 bungkus", "Kotak 3 dari 30",
            "Gudang Induk", "CONTOH",
        ):  # fmt: skip
            assert part in text, part
    assert "Tidak kedaluwarsa" in words(build_roll([label(expires_on=None)]))
    assert "CONTOH" not in words(build_sheets([label(is_demo=False)]))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_keeps_a_label_from_the_printer(text: str) -> None:
    made = label(item=text, variant=text, batch=text, funding=text, unit=text, place=text)
    for pdf in (build_sheets([made]), build_roll([made])):
        assert page_count(pdf) == 1
        assert symbols(pdf, one_bit=True) == [made.address]
        assert all(fonts(pdf).values())


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=120), st.integers(1, 10**15))
def test_any_name_and_quantity_leave_the_symbol_readable(text: str, milli: int) -> None:
    made = label(item=text, place=text, content_milli=Milli(milli))
    assert symbols(build_roll([made]), one_bit=True) == [made.address]
