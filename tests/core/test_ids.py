from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import FixedClock
from core.ids import Ids, code_with_check, derived, is_code


def test_ids_sort_by_time_even_when_the_clock_steps_back() -> None:
    clock = FixedClock(datetime(2026, 11, 21, tzinfo=UTC))
    ids = Ids(clock)
    made = [ids.new() for _ in range(50)]
    clock.advance(timedelta(seconds=-30))
    made += [ids.new() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)


def test_derived_ids_are_the_same_every_time() -> None:
    assert derived("package", 1, "a") == derived("package", 1, "a") != derived("package", 1, "b")


@given(st.integers(0, 99), st.integers(0, 999_999), st.data())
def test_one_wrong_digit_in_a_code_is_caught(year: int, number: int, data: st.DataObject) -> None:
    code = code_with_check("PKT", year, number)
    assert is_code(code) and is_code(code.lower())
    places = [place for place, sign in enumerate(code) if sign.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != code[place]]))
    assert not is_code(code[:place] + other + code[place + 1 :])


def test_what_is_no_code_is_said_to_be_none() -> None:
    for text in ("", "PKT", "PKT-", "PKT-26-004512", "26-004512-5", "PKT-26-٠٠٤٥١٢-5", "PKT-26-004512-5-"):
        assert not is_code(text)
