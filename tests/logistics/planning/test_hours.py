"""A post's hours: checked, kept as text, read back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from logistics.planning.hours import (
    capacity_of,
    check_slots,
    closed_among,
    minutes_of,
    nearest,
    print_hours,
    read,
    read_days,
    written,
    written_days,
)
from logistics.planning.rules import Slot

clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
MONDAY = date(2026, 11, 23)


@st.composite
def hours(draw: st.DrawFn) -> tuple[Slot, ...]:
    ends = sorted(draw(st.sets(clocks, max_size=10)))
    return tuple(
        Slot(starts_at=first, ends_at=last, households=draw(st.integers(1, 500)))
        for first, last in zip(ends[::2], ends[1::2], strict=False)
    )


@given(hours())
def test_hours_are_read_as_they_were_written(slots: tuple[Slot, ...]):
    check_slots(slots)
    assert read(written(slots)) == slots
    assert capacity_of(slots) == sum(one.households for one in slots)


@given(st.sets(st.dates()))
def test_days_are_read_as_they_were_written(days: set[date]):
    assert read_days(written_days(days)) == tuple(sorted(days))


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        ([("08:00", "10:00", 5), ("09:59", "11:00", 5)], "post.slots_overlap"),
        ([("10:00", "10:00", 5)], "post.slot_ends_before"),
        ([("8:00", "10:00", 5)], "post.slot_not_a_time"),
        ([("08:00", "24:00", 5)], "post.slot_not_a_time"),
        ([("08:00", "10:00", 0)], "post.slot_households"),
        ([("08:00", "10:00", 900_000), ("10:00", "11:00", 200_000)], "post.capacity_out_of_range"),
        ([(f"{at // 2:02d}:{30 * (at % 2):02d}", f"{at // 2:02d}:{30 * (at % 2) + 9:02d}", 1) for at in range(25)],
         "post.too_many_slots"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused(slots: list[tuple[str, str, int]], code: str):
    with pytest.raises(Invalid) as refused:
        check_slots([Slot(starts_at=first, ends_at=last, households=many) for first, last, many in slots])
    assert refused.value.code == code


def test_closed_days_are_weekdays_and_single_ones():
    week = [MONDAY + timedelta(days=at) for at in range(7)]
    assert closed_among(week, {7, 5}, {week[0], MONDAY - timedelta(days=1)}) == (week[0], week[4], week[6])
    assert closed_among(week, (), ()) == ()


def test_hours_are_told_as_people_read_them():
    one = Slot(starts_at="08:00", ends_at="10:30", households=5)
    assert (one.hours, print_hours(one.hours), minutes_of(one.hours)) == ("08:00-10:30", "08.00–10.30", (480, 630))
    assert (print_hours(""), minutes_of("")) == ("", (0, 0))


@given(hours().filter(bool), st.sampled_from(["", "00:00-00:30", "07:59-09:00", "12:00-13:00", "23:00-23:59"]))
def test_the_nearest_hours_are_the_same_or_begin_no_farther_than_any(slots: tuple[Slot, ...], promised: str):
    assert all(nearest(one.hours, slots) == one for one in slots)
    found, begin = nearest(promised, slots), minutes_of(promised)[0]
    far = [abs(minutes_of(one.hours)[0] - begin) for one in (found, *slots)]
    assert far[0] == min(far)
