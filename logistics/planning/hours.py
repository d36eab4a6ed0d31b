"""A post's hours of the day, and how a plan keeps them as text: ``08:00-10:00=50 10:00-12:00=40``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from core.errors import Invalid
from logistics.planning.rules import PostChoice, Slot

MOST_SLOTS: Final = 24
MOST_HOUSEHOLDS: Final = 1_000_000
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check_slots(slots: Sequence[Slot]) -> None:
    """Make sure that hours follow one another through one day. Raises: Invalid, naming the first that does not."""
    if len(slots) > MOST_SLOTS:
        raise Invalid("post.too_many_slots", field="slots", most=MOST_SLOTS)
    before = ""
    for no, one in enumerate(slots, 1):
        for clock in (one.starts_at, one.ends_at):
            if not _CLOCK.fullmatch(clock):
                raise Invalid("post.slot_not_a_time", field="slots", no=no, value=clock[:20])
        if one.ends_at <= one.starts_at:
            raise Invalid("post.slot_ends_before", field="slots", no=no, starts_at=one.starts_at, ends_at=one.ends_at)
        if one.starts_at < before:
            raise Invalid("post.slots_overlap", field="slots", no=no, starts_at=one.starts_at, before=before)
        if not 1 <= one.households <= MOST_HOUSEHOLDS:
            raise Invalid("post.slot_households", field="slots", no=no, most=MOST_HOUSEHOLDS)
        before = one.ends_at
    if sum(one.households for one in slots) > MOST_HOUSEHOLDS:
        raise Invalid("post.capacity_out_of_range", field="slots", most=MOST_HOUSEHOLDS)


def capacity_of(slots: Sequence[Slot]) -> int:
    """Add up the households of a day's hours."""
    return sum(one.households for one in slots)


def closed_among(days: Collection[date], weekdays: Collection[int], single: Collection[date]) -> tuple[date, ...]:
    """Give those of the days on which a post does not serve; ``weekdays`` are 1 Monday to 7 Sunday."""
    return tuple(sorted(day for day in set(days) if day.isoweekday() in weekdays or day in single))


def written(slots: Sequence[Slot]) -> str:
    """Write hours as a plan keeps them."""
    return " ".join(f"{one.hours}={one.households}" for one in slots)


def read(text: str) -> tuple[Slot, ...]:
    """Read what ``written`` wrote."""
    found = []
    for one in text.split():
        hours, _, households = one.partition("=")
        starts_at, _, ends_at = hours.partition("-")
        found.append(Slot(starts_at=starts_at, ends_at=ends_at, households=int(households)))
    return tuple(found)


def written_days(days: Collection[date]) -> str:
    """Write days as a plan keeps them."""
    return " ".join(day.isoformat() for day in sorted(days))


def read_days(text: str) -> tuple[date, ...]:
    """Read what ``written_days`` wrote."""
    return tuple(date.fromisoformat(one) for one in text.split())


def minutes_of(hours: str) -> tuple[int, int]:
    """Give the minutes of the day at which ``08:00-10:00`` begins and ends; both 0 where no hours are told."""
    if not hours:
        return 0, 0
    first, last = (int(clock[:2]) * 60 + int(clock[3:]) for clock in hours.split("-"))
    return first, last


def print_hours(hours: str) -> str:
    """Write ``08:00-10:00`` as people read it: ``08.00–10.00``."""
    return hours.replace(":", ".").replace("-", "–")


def told_by(post: PostChoice) -> frozenset[str]:
    """Give the hours that a post tells; one that tells none tells the empty ones."""
    return frozenset(one.hours for one in post.slots) or frozenset({""})


def nearest(hours: str, slots: Sequence[Slot]) -> Slot:
    """Give the same hours, else those that begin nearest to them, the earlier of two."""
    same = next((one for one in slots if one.hours == hours), None)
    begin = minutes_of(hours)[0]
    return same or min(slots, key=lambda one: (abs(minutes_of(one.hours)[0] - begin), one.starts_at))
