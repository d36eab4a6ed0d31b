"""What is missing of a household, and what becomes of a value that comes back: pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Gap(enum.IntFlag):
    """What a village is asked for; one bit each, so that a table holds them in one number."""

    UNITS = 1
    """RT or RW."""
    ADDRESS = 2
    KK = 4
    HEAD_NIK = 8
    BIRTH = 16
    """A listed person without birth date and without age."""
    POSITION = 32


GAPS: Final = tuple(Gap)
ASKABLE: Final = Gap.UNITS | Gap.ADDRESS | Gap.KK | Gap.HEAD_NIK | Gap.BIRTH
"""What makes a household incomplete. Registers come without positions (domain.md §4.6): their share is told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a household, as far as it may be missing."""

    rt: str | None
    rw: str | None
    address: str
    has_kk: bool
    is_head_without_nik: bool
    """Its head is listed, the number is not."""
    ageless: int
    """Listed persons without birth date and age."""
    has_position: bool


def gaps_of(known: Known) -> Gap:
    """Tell what is missing of a household."""
    found = Gap(0)
    for gap, is_missing in (
        (Gap.UNITS, known.rt is None or known.rw is None),
        (Gap.ADDRESS, known.address == ""),
        (Gap.KK, not known.has_kk),
        (Gap.HEAD_NIK, known.is_head_without_nik),
        (Gap.BIRTH, known.ageless > 0),
        (Gap.POSITION, not known.has_position),
    ):
        if is_missing:
            found |= gap
    return found


def each(gaps: Gap | int) -> tuple[Gap, ...]:
    """Give the gaps one by one, in the order of a form."""
    return tuple(one for one in GAPS if one & gaps)


class Verdict(enum.Enum):
    LEFT = "left"
    """Nothing was sent."""
    SAME = "same"
    TAKEN = "taken"
    CONFLICT = "conflict"
    """Something else stands there by now."""


def judge(sent: object, current: object, *, is_fresh: bool, may_replace: bool) -> Verdict:
    """Tell what becomes of one value that came back; None and an empty text are nothing.

    ``is_fresh``: the household is as its sender saw it. ``may_replace``: a known value may be changed this way at all
    (RT, RW, address; never a number or a birth date).
    """
    if sent is None or sent == "":
        return Verdict.LEFT
    if sent == current:
        return Verdict.SAME
    if current is None or current == "" or (is_fresh and may_replace):
        return Verdict.TAKEN
    return Verdict.CONFLICT


def label_of(gap: Gap) -> str:
    """Give the code of the sentence that names one gap."""
    return f"completion.gap.{(gap.name or '').lower()}"
