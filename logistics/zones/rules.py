"""Pure rules of incidents and areas: readable addresses, days of a decree, three-valued counts."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

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


_UNITS = {
    "se": 1, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
}  # fmt: skip


def doubt_facts(counts: Mapping[CountKind, Count]) -> dict[str, int | str]:
    """Give the figures that the sentences of doubts name; a dash for what is not known."""
    known = {kind: counts[kind].least if kind in counts else None for kind in CountKind}
    victims = [known[one] for one in (CountKind.DEAD, CountKind.MISSING, CountKind.INJURED)]
    named = {kind.value: "–" if value is None else value for kind, value in known.items()}
    return {**named, "victims": sum(one or 0 for one in victims)}


def read_number_words(text: str) -> int | None:
    """Read a number of up to three digits written in Indonesian words: empat belas, seratus dua puluh."""
    total, unit, seen = 0, 0, False
    for word in re.sub(r"(?<=[a-z])(belas|puluh|ratus)", r" \1", text.lower()).split():
        if word in _UNITS and not unit:
            unit = _UNITS[word]
        elif word in ("belas", "puluh", "ratus") and unit:
            total += unit + 10 if word == "belas" else unit * (10 if word == "puluh" else 100)
            unit = 0
        else:
            return None
        seen = True
    return total + unit if seen else None


@dataclass(frozen=True, slots=True)
class SaidDays:
    """How many days a decree says it lasts, in digits and in words; either may be missing."""

    digits: int | None
    words: int | None

    @property
    def days(self) -> int | None:
        return self.digits if self.digits is not None else self.words

    @property
    def is_torn(self) -> bool:
        """Digits and words name two numbers."""
        return None not in (self.digits, self.words) and self.digits != self.words


def read_days(text: str) -> SaidDays | None:
    """Read the length as decrees write it: ``14 (empat belas) hari``, ``14 hari``, ``empat belas``; None otherwise."""
    plain = re.sub(r"\s*\b(hari|kalender)\b\.?", "", " ".join(text.lower().split())).strip()
    match = re.fullmatch(r"(?P<digits>[0-9]{1,3})?\s*(?:\(\s*(?P<inside>[a-z ]+?)\s*\)|(?P<words>[a-z ]+))?", plain)
    if not match or not plain:
        return None
    spelled = match["inside"] or match["words"]
    words = read_number_words(spelled) if spelled else None
    if spelled and words is None:
        return None
    return SaidDays(int(match["digits"]) if match["digits"] else None, words)


def days_differ(period: Period, said: SaidDays | None) -> bool:
    """Tell whether a decree's words and its dates disagree (counted with both ends), or its words with its digits."""
    return said is not None and (said.is_torn or (said.days is not None and said.days != period.days))


def runs_of(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Join periods that touch or overlap; between two that are left lies at least one day."""
    runs: list[Period] = []
    for one in sorted(periods, key=lambda each: (each.first_on, each.last_on)):
        if runs and one.first_on <= runs[-1].last_on + timedelta(days=1):
            runs[-1] = Period(runs[-1].first_on, max(runs[-1].last_on, one.last_on))
        else:
            runs.append(one)
    return tuple(runs)


def window_of(periods: Iterable[Period], day: date) -> Period | None:
    """Give the run of days that a day lies in; outside of all, the next one, else the last; None without any."""
    runs = runs_of(periods)
    return next((one for one in runs if one.last_on >= day), runs[-1] if runs else None)


def short_number(number: str) -> str:
    """Give a decree's number without the word that every sentence puts before it: ``SK 360/12`` is ``360/12``."""
    return re.sub(r"^SK(?:\s+(?:No|Nomor)\b\.?|\b)[\s.:]+(?=\S)", "", number, flags=re.IGNORECASE)


def gap_days(before: Period, after: Period) -> int:
    """Count the days between a decree and its extension; below zero the days that both cover."""
    return (after.first_on - before.last_on).days - 1


def is_named(region_code: str, codes: Collection[str]) -> bool:
    """Tell whether a list of regions holds a region, by itself or by one above it; no list holds everything."""
    return not codes or any(region_code == code or region_code.startswith(code + ".") for code in codes)


def touch(codes: Collection[str], others: Collection[str]) -> bool:
    """Tell whether two lists of regions share any ground; no list is the whole regency."""
    return any(is_named(one, others) for one in codes) or any(is_named(one, codes) for one in others) or not codes


COUNT_KINDS = tuple(CountKind)
