"""Which of two positions counts, and which days and ages people may write: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from registry_link.completion.states import PositionOrigin
from registry_link.households.gaps import ASKABLE, Gap
from registry_link.households.states import PositionSource

VAGUEST_M: Final = 1_000.0
"""A reading that is vaguer than this says nothing about a house."""
GOOD_M: Final = 50.0
"""Readings this good or better say the same: the newer one counts."""
_ASSUMED_M: Final = {PositionSource.GPS: 50.0, PositionSource.MAP: 100.0, PositionSource.REGISTRY: VAGUEST_M}
"""Where nobody said how exact it is; for GPS decisions.md 12, a finger on a map is wider, a register says nothing."""
SOURCES: Final = {
    PositionOrigin.PHONE: PositionSource.GPS,
    PositionOrigin.FILE: PositionSource.GPS,
    PositionOrigin.MAP: PositionSource.MAP,
}
ALL_ASKED: Final = ASKABLE | Gap.POSITION


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The position that a household has."""

    source: PositionSource
    accuracy_m: float | None


def spread_m(source: PositionSource, accuracy_m: float | None) -> float:
    """Tell how far off a position may be."""
    return accuracy_m if accuracy_m else _ASSUMED_M[source]


def is_better(held: Held | None, source: PositionSource, accuracy_m: float | None) -> bool:
    """Tell whether a reported position takes the place of the one that is there."""
    if held is None:
        return True
    new, old = spread_m(source, accuracy_m), spread_m(held.source, held.accuracy_m)
    return new <= max(old, GOOD_M)


def degrees(text: str, most: int) -> float | None:
    """Read degrees as people and devices write them, with a point or a comma; None for what is none."""
    plain = text.strip().replace(",", ".").replace("\u2212", "-")
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", plain, re.ASCII) or not -most <= float(plain) <= most:
        return None
    return float(plain)


def metres(text: str) -> float | None:
    """Read an accuracy: ``12``, ``12,5``, ``12 m``, ``±12``; None for what is none."""
    plain = text.strip().lower().removeprefix("±").removesuffix("m").strip().replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,15})?", plain, re.ASCII):
        return None
    return float(plain)


_DAY: Final = (
    (re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ t].*)?", re.ASCII), (1, 2, 3)),
    (re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})", re.ASCII), (3, 2, 1)),
)
_AGE: Final = re.compile(r"([0-9]{1,3}) ?(?:th|thn|tahun)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Born:
    """A day of birth, or an age where the day is not known."""

    on: date | None = None
    age_years: int | None = None


def born(text: str) -> Born | None:
    """Read ``02/04/1986``, ``1986-04-02`` or an age (``40``, ``40 tahun``); None for what is none."""
    plain = " ".join(text.strip().lower().split())
    for form, (year, month, day) in _DAY:
        if match := form.fullmatch(plain):
            try:
                return Born(on=date(int(match[year]), int(match[month]), int(match[day])))
            except ValueError:
                return None
    if match := _AGE.fullmatch(plain):
        return Born(age_years=int(match[1])) if int(match[1]) <= 150 else None
    return None


def permille(part: int, whole: int) -> int:
    """Give a share in thousandths, rounded down: only all of it is 1000."""
    return 1000 * part // whole if whole else 1000
