"""Numbers and days in Indonesian words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.words import LARGEST, date_words, quantity_words, roman_month, rupiah_words, terbilang

ONES = ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"]


def read_back(text: str) -> int:
    """Read a number in words, by its grammar and not by the writer's arithmetic."""
    scales = {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12, "kuadriliun": 10**15}
    sign, total, group, unit = 1, 0, 0, 0
    for word in text.split():
        if word == "minus":
            sign = -1
        elif word == "seribu":
            total += 1000
        elif word == "seratus":
            group += 100
        elif word == "belas":
            unit += 10
        elif word == "puluh":
            group, unit = group + unit * 10, 0
        elif word == "ratus":
            group, unit = group + unit * 100, 0
        elif word in scales:
            total, group, unit = total + (group + unit) * scales[word], 0, 0
        else:
            group, unit = group + unit, ONES.index(word)
    return sign * (total + group + unit)


@settings(deadline=None)
@given(st.integers(-LARGEST, LARGEST))
def test_any_number_in_words_reads_back_as_itself(number: int) -> None:
    assert read_back(terbilang(number)) == number


@settings(deadline=None)
@given(st.integers(0, 2_000_000))
def test_small_numbers_in_words_read_back_as_themselves(number: int) -> None:
    assert read_back(terbilang(number)) == number


@settings(deadline=None)
@given(st.integers(0, LARGEST))
def test_custom_is_kept_se_for_ten_eleven_hundred_and_thousand(number: int) -> None:
    text = f" {terbilang(number)} "
    for wrong in (" satu puluh ", " satu belas ", " satu ratus ", "  "):
        assert wrong not in text
    # only a lone thousand is "seribu"; "dua puluh satu ribu" keeps its "satu"
    assert not text.startswith(" satu ribu ")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "nol"), (10, "sepuluh"), (11, "sebelas"), (12, "dua belas"), (20, "dua puluh"), (21, "dua puluh satu"),
        (100, "seratus"), (111, "seratus sebelas"), (1000, "seribu"), (1204, "seribu dua ratus empat"),
        (21_000, "dua puluh satu ribu"), (101_000, "seratus satu ribu"), (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"), (2026, "dua ribu dua puluh enam"), (-5, "minus lima"),
    ],
)  # fmt: skip
def test_numbers_as_people_say_them(number: int, text: str) -> None:
    assert terbilang(number) == text


def test_beyond_the_largest_number_is_refused() -> None:
    with pytest.raises(ValueError):
        terbilang(LARGEST + 1)


def test_quantities_money_days_and_months() -> None:
    assert quantity_words(2_800) == "dua koma delapan"
    assert quantity_words(14_000) == "empat belas"
    assert quantity_words(1_050) == "satu koma nol lima"
    assert rupiah_words(15_000) == "lima belas ribu rupiah"
    assert date_words(date(2026, 11, 21)) == "Sabtu tanggal dua puluh satu bulan November tahun dua ribu dua puluh enam"
    assert [roman_month(month) for month in (1, 4, 9, 11)] == ["I", "IV", "IX", "XI"]
    with pytest.raises(ValueError):
        roman_month(13)
