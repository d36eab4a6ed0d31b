"""Pure rules of incidents and areas: readable addresses, days of a decree, three-valued counts."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
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
    is_estimate: bool = False
    """Written with ±."""

    @property
    def least(self) -> int | None:
        """What it says at least: nothing while it is being counted."""
        return 0 if self.state is CountState.ZERO else self.value


class Doubt(enum.StrEnum):
    """What of a village's reported figures cannot be as it stands."""

    SWAPPED = "swapped"
    """More KK than jiwa, and turned round they would fit: the two seem to have changed places."""
    HOUSEHOLDS_EXCEED = "households_exceed"
    """More KK than jiwa, and they would not fit turned round either."""
    TOO_MANY_PERSONS = "too_many_persons"
    """More jiwa to a KK than any village has."""
    NOBODY = "nobody"
    """Households without a person, or persons without a household."""
    DISPLACED_EXCEED = "displaced_exceed"
    DISPLACED_SWAPPED = "displaced_swapped"
    VICTIMS_EXCEED = "victims_exceed"


MOST_PERSONS_PER_HOUSEHOLD = 15
"""A mean above this is no mean of households: the largest of 514 regencies is below six (census of 2020)."""


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
    about = re.match(r"(?:±|\+/-|\+-|~|sekitar |kurang lebih |kl\. ?)", lowered)
    digits = re.sub(r"\.(?=[0-9]{3}(?:\D|$))", "", lowered[about.end() :].strip() if about else lowered)
    if not re.fullmatch(r"[0-9]{1,8}", digits, re.ASCII):
        return None
    return Count(CountState.NUMBER, int(digits), about is not None) if int(digits) else Count(CountState.ZERO)


def looks_swapped(households: Count | None, persons: Count | None) -> bool:
    """Tell whether KK and jiwa seem to have changed places: more households than persons cannot be."""
    return bool(
        households and persons and households.value is not None and persons.value is not None
        and households.value > persons.value
    )  # fmt: skip


def doubts_of(counts: Mapping[CountKind, Count]) -> tuple[Doubt, ...]:
    """Tell what of a village's figures cannot be; figures that are not known say nothing."""

    def known(kind: CountKind) -> int | None:
        return counts[kind].least if kind in counts else None

    households, persons = known(CountKind.HOUSEHOLDS), known(CountKind.PERSONS)
    displaced, displaced_households = known(CountKind.DISPLACED), known(CountKind.DISPLACED_HOUSEHOLDS)
    found: list[Doubt] = []
    if households is not None and persons is not None:
        if bool(households) != bool(persons):
            found.append(Doubt.NOBODY)
        elif households > persons:
            fits = households <= persons * MOST_PERSONS_PER_HOUSEHOLD
            found.append(Doubt.SWAPPED if fits else Doubt.HOUSEHOLDS_EXCEED)
        elif persons > households * MOST_PERSONS_PER_HOUSEHOLD:
            found.append(Doubt.TOO_MANY_PERSONS)
    if displaced is not None and displaced_households is not None and displaced_households > displaced:
        found.append(Doubt.DISPLACED_SWAPPED)
    if persons is not None and displaced is not None and displaced > persons:
        found.append(Doubt.DISPLACED_EXCEED)
    if households is not None and displaced_households is not None and displaced_households > households:
        found.append(Doubt.DISPLACED_EXCEED)
    victims = [known(one) for one in (CountKind.DEAD, CountKind.MISSING, CountKind.INJURED)]
    if persons is not None and sum(one or 0 for one in victims) > persons:
        found.append(Doubt.VICTIMS_EXCEED)
    return tuple(dict.fromkeys(found))


def days_differ(period: Period, days_said: int | None) -> bool:
    """Tell whether a decree's words and its dates disagree (counted with both ends)."""
    return days_said is not None and days_said != period.days


def window_of(periods: list[Period]) -> Period | None:
    """Give the whole response window of overlapping and extended decrees: first to last day."""
    if not periods:
        return None
    return Period(min(one.first_on for one in periods), max(one.last_on for one in periods))


COUNT_KINDS = tuple(CountKind)
