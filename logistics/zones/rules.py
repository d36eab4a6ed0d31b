"""Pure rules of incidents and areas: readable addresses, days of a decree, three-valued counts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from core.measures import Period
from logistics.zones.states import CountKind, CountState

NOT_YET = {"dalam pendataan", "pendataan", "belum terdata", "-", "?"}
NONE = {"nihil", "0", "tidak ada"}


@dataclass(frozen=True, slots=True)
class Count:
    """A reported figure: a number, none, or being counted."""

    state: CountState
    value: int | None = None


def slug_of(name: str, started_on: date) -> str:
    """Make the readable part of an address: ``banjir-yamdena-2026-11``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "kejadian"
    tail = f"{started_on:%Y-%m}"
    return words if words.endswith(tail) else f"{words}-{tail}"


def read_count(text: str) -> Count | None:
    """Read a count as BPBD writes it; None when it is none of the three (an empty text is 'being counted')."""
    lowered = " ".join(text.lower().split())
    if not lowered or lowered in NOT_YET:
        return Count(CountState.PENDING)
    if lowered in NONE:
        return Count(CountState.ZERO)
    digits = re.sub(r"\.(?=[0-9]{3}(?:\D|$))", "", lowered.removeprefix("±").strip())
    if not re.fullmatch(r"[0-9]{1,8}", digits, re.ASCII):
        return None
    return Count(CountState.NUMBER, int(digits)) if int(digits) else Count(CountState.ZERO)


def looks_swapped(households: Count | None, persons: Count | None) -> bool:
    """Tell whether KK and jiwa seem to have changed places: more households than persons cannot be."""
    return bool(
        households and persons and households.value is not None and persons.value is not None
        and households.value > persons.value
    )  # fmt: skip


def days_differ(period: Period, days_said: int | None) -> bool:
    """Tell whether a decree's words and its dates disagree (counted with both ends)."""
    return days_said is not None and days_said != period.days


def window_of(periods: list[Period]) -> Period | None:
    """Give the whole response window of overlapping and extended decrees: first to last day."""
    if not periods:
        return None
    return Period(min(one.first_on for one in periods), max(one.last_on for one in periods))


COUNT_KINDS = tuple(CountKind)
