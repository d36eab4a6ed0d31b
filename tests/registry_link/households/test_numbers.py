"""NIK and No. KK: what is one, and what Excel makes of it."""

from __future__ import annotations

import json
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto import Secret
from registry_link.households.numbers import nik_index, opened
from registry_link.households.positions import is_numbered, position_key
from registry_link.households.rules import (
    Flaw,
    age_on,
    checked_kk,
    checked_nik,
    checked_text,
    checked_unit,
    is_birth_of_nik,
    sex_of_nik,
    words_of,
    years_before,
)
from registry_link.households.states import Sex

DAYS = st.dates(date(1920, 1, 1), date(2026, 12, 31))
SEXES = st.sampled_from(Sex)
REGENCIES = st.one_of(st.integers(1, 69), st.integers(71, 99))


@given(DAYS, SEXES, st.integers(1, 9999), st.integers(11, 99), REGENCIES, st.integers(1, 99))
def test_every_well_made_nik_is_taken_and_tells_birth_and_sex(
    born_on: date, sex: Sex, serial: int, province: int, regency: int, district: int
):
    day = born_on.day + (40 if sex is Sex.FEMALE else 0)
    text = f"{province}{regency:02d}{district:02d}{day:02d}{born_on:%m%y}{serial:04d}"
    if len(set(text)) == 1:
        return
    assert checked_nik(f" {text} ") == text
    assert sex_of_nik(text) is sex
    assert is_birth_of_nik(text, born_on)


@given(st.text(max_size=24))
def test_any_text_is_a_nik_or_has_a_flaw_that_does_not_repeat_it(text: str):
    checked = checked_nik(text)
    if isinstance(checked, Flaw):
        assert not any(str(value) == text.strip() for value in checked.facts.values() if len(str(value)) > 2)
    else:
        assert len(checked) == 16
        assert checked.isdigit()
        assert checked == text.strip()


@given(st.text(alphabet="0123456789", min_size=16, max_size=16))
def test_sixteen_digits_with_a_day_beyond_71_are_never_taken(text: str):
    if int(text[6:8]) > 71 or 31 < int(text[6:8]) < 41 or text[12:] == "0000" or not 1 <= int(text[8:10]) <= 12:
        assert isinstance(checked_nik(text), Flaw)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9,90101E+15", "registry.number_scientific"),
        ("9.90101020486E+15", "registry.number_scientific"),
        ("990101020486001", "registry.number_short"),
        ("99010102048600011", "registry.number_length"),
        ("12", "registry.number_length"),
        ("'9901010204860001", "registry.number_apostrophe"),
        ("9901 0102 0486 0001", "registry.number_spaces"),
        ("9901010204860001.0", "registry.number_decimal"),
        ("99010102O4860001", "registry.number_letters"),
        ("\u0669901010204860001", "registry.number_letters"),
        ("1111111111111111", "registry.number_same"),
        ("9901010204860000", "registry.number_serial"),
        ("9901013002860001", "registry.number_date"),
        ("9901013102860001", "registry.number_date"),
        ("9901012902850001", "registry.number_date"),
        ("9901016902850001", "registry.number_date"),
        ("9901013104860001", "registry.number_date"),
        ("9901013204860001", "registry.number_date"),
        ("9901014004860001", "registry.number_date"),
        ("9901017204860001", "registry.number_date"),
        ("9901010004860001", "registry.number_date"),
        ("9901010213860001", "registry.number_date"),
        ("9900010204860001", "registry.number_region"),
        ("9901000204860001", "registry.number_region"),
        ("0901010204860001", "registry.number_region"),
    ],
)
def test_a_damaged_number_is_named_by_its_damage(text: str, code: str):
    checked = checked_nik(text)
    assert isinstance(checked, Flaw)
    assert checked.code == code


def test_the_29th_of_february_is_a_birthday_in_leap_years_only():
    assert checked_nik("9901012902840001") == "9901012902840001"
    assert checked_nik("9901016902000001") == "9901016902000001"
    assert isinstance(checked_nik("9901012902830001"), Flaw)


def test_a_family_card_has_no_women_days():
    assert checked_kk("9901013112200001") == "9901013112200001"
    assert isinstance(checked_kk("9901014204860001"), Flaw)


def test_a_number_does_not_leak_and_belongs_to_its_row():
    number = Secret("9901010204860001")
    assert "990101" not in f"{number} {number!r} {json.dumps([number])}"
    with pytest.raises(TypeError):
        pickle.dumps(number)
    assert opened(number, nik_index(number), "person.nik") == "9901010204860001"
    with pytest.raises(RuntimeError):
        opened(number, nik_index(Secret("9901010204860002")), "person.nik")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("=HYPERLINK(1)", "registry.text_formula"),
        ("+62", "registry.text_formula"),
        ("@x", "registry.text_formula"),
        ("Siti\u202eAminah", "registry.text_invisible"),
        ("Siti\u200bAminah", "registry.text_invisible"),
        ("Siti\x07", "registry.text_invisible"),
        ("x" * 121, "registry.text_long"),
    ],
)
def test_text_that_would_hurt_later_is_refused(text: str, code: str):
    checked = checked_text(text, 120)
    assert isinstance(checked, Flaw)
    assert checked.code == code


def test_text_is_kept_in_one_spelling():
    assert checked_text("  Jose\u0301   Da\r\nCosta ", 120) == "José Da Costa"


@given(st.floats(-200, 200), st.floats(-100, 100))
def test_the_fast_check_of_a_position_agrees_with_its_number(lon: float, lat: float):
    assert is_numbered(lon, lat) == (position_key(lon, lat) is not None)
    assert not is_numbered(float("nan"), lat)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1", "001"),
        ("RT 02", "002"),
        ("RW.003", "003"),
        ("0012", "012"),
        ("000", None),
        ("-", None),
        ("", None),
        ("0" * 5000, None),
        ("0" * 5000 + "7", "007"),
    ],
)
def test_rt_and_rw_are_three_digits_or_unknown(text: str, unit: str | None):
    assert checked_unit(text) == unit
    for wrong in ("RT A", "1000", "9" * 5000, "²", "١"):
        assert isinstance(checked_unit(wrong), Flaw)


def test_words_of_a_name_are_found_without_accents_and_signs():
    assert words_of("Ma'ruf, H. José-Maria Ma'ruf") == ("maruf", "h", "jose", "maria")


@given(DAYS, st.integers(0, 90))
def test_whoever_is_born_after_the_cut_is_younger(day: date, years: int):
    cut = years_before(day, years)
    for born_on in (cut, date.fromordinal(cut.toordinal() + 1)):
        if born_on <= day:
            age = age_on(day, born_on, None, None)
            assert age is not None
            assert (age < years) == (born_on > cut)
