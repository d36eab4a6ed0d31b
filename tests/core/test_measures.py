from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measures import (
    LARGEST_MILLI,
    MILLI,
    Milli,
    Period,
    Rupiah,
    TooMuch,
    milli,
    parse_typed_quantity,
    parse_wire_quantity,
    print_count,
    print_quantity,
    print_rupiah,
    week_from,
    wire_quantity,
)

amounts = st.integers(min_value=0, max_value=10**14).map(Milli)


@given(amounts)
def test_a_quantity_survives_the_wire(amount: Milli) -> None:
    assert parse_wire_quantity(wire_quantity(amount)) == amount if amount < 10**15 else True


@given(amounts)
def test_a_printed_quantity_is_read_back_as_typed(amount: Milli) -> None:
    assert parse_typed_quantity(print_quantity(amount)) == amount


@pytest.mark.parametrize(
    ("typed", "thousandths"),
    [("1.204", 1_204_000), ("14,5", 14_500), ("2,8", 2_800), ("1.000.000", 10**9), ("7", 7_000), (" 3 ", 3_000)],
)
def test_quantities_are_read_the_indonesian_way(typed: str, thousandths: int) -> None:
    assert parse_typed_quantity(typed) == thousandths


@pytest.mark.parametrize("typed", ["", "1,2345", "1.2", "1,204.5", "-1", "1e3", "١٢", "²", "1_000", "12.34"])
def test_what_could_mean_two_things_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        parse_typed_quantity(typed)


@given(st.text("0123456789", min_size=1, max_size=40), st.none() | st.text("0123456789", min_size=1, max_size=3))
def test_a_number_of_any_length_is_a_quantity_or_too_much(whole: str, part: str | None) -> None:
    typed = whole if part is None else f"{whole},{part}"
    if int(whole) < LARGEST_MILLI // MILLI:
        assert parse_typed_quantity(typed) == int(whole) * MILLI + int((part or "0").ljust(3, "0"))
    else:
        with pytest.raises(TooMuch):
            parse_typed_quantity(typed)


def test_no_length_of_a_number_breaks_its_reader() -> None:
    for typed in ("9" * 5000, "1" + ".000" * 2000, "9" * 5000 + ",5"):
        with pytest.raises(TooMuch):
            parse_typed_quantity(typed)
    assert parse_typed_quantity("0" * 5000 + "7") == 7 * MILLI


@pytest.mark.parametrize("sent", ["1_000", "1,5", "", "1.2345", "-1", "NaN", "1e3", "١"])
def test_machines_write_plain_decimals_only(sent: str) -> None:
    with pytest.raises(ValueError):
        parse_wire_quantity(sent)


def test_four_decimals_are_refused_not_rounded() -> None:
    with pytest.raises(ValueError):
        milli(Decimal("0.0001"))


def test_numbers_are_printed_as_officials_write_them() -> None:
    assert print_count(1204) == "1.204"
    assert print_quantity(Milli(14_000), "kg") == "14 kg"
    assert print_quantity(Milli(2_850), "kg") == "2,85 kg"
    assert print_rupiah(Rupiah(15_000)) == "Rp15.000"
    assert print_quantity(Milli(2_850), "kg", "en") == "2.85 kg"


def test_a_week_has_seven_days_and_ends_with_the_decree() -> None:
    assert week_from(date(2026, 11, 21)).days == 7
    assert week_from(date(2026, 11, 21), date(2026, 11, 23)) == Period(date(2026, 11, 21), date(2026, 11, 23))


def test_the_decrees_of_seruyan_are_counted_with_both_ends() -> None:
    # BNPB's table: 10–16 Sept are 7 days, 16–30 Sept are 15, though the words say 14 (domain.md 0.5).
    assert Period(date(2025, 9, 10), date(2025, 9, 16)).days == 7
    assert Period(date(2025, 9, 16), date(2025, 9, 30)).days == 15
