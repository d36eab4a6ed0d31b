"""Quantities, money and weeks, and how they are printed.

A quantity is a whole number of thousandths of the item's base unit (``Milli``); money is whole rupiah. Never a float:
sums must close to zero, on both databases, for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NewType
from zoneinfo import ZoneInfo

Milli = NewType("Milli", int)
Rupiah = NewType("Rupiah", int)

MILLI: Final = 1000
LARGEST_MILLI: Final = 10**15
WHOLE_DIGITS: Final = 12
"""What any quantity may have before the point, typed or from a machine: ``LARGEST_MILLI`` is never passed."""
RUPIAH: Final = "Rp"
"""The unit of money where it is a line of a package."""
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,3})?|[0-9]+(?:,[0-9]{1,3})?", re.ASCII)
_WIRE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?", re.ASCII)

WEEKDAYS = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
ZONE_SHORT = {
    "Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT",
}  # fmt: skip


class TooMuch(ValueError):
    """A number that is well written and larger than anything that is counted here."""


def milli(amount: Decimal | int) -> Milli:
    """Turn an amount of base units into thousandths; more than three decimals is a ``ValueError``, never rounded."""
    scaled = Decimal(amount) * MILLI
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more than three decimals")
    return Milli(int(scaled))


def parse_wire_quantity(text: str) -> Milli:
    """Read a quantity as machines write it (``"14"``, ``"2.8"``); anything else is a ``ValueError``."""
    if not _WIRE.fullmatch(text):
        raise ValueError(f"not a quantity: {text!r}")
    return milli(Decimal(text))


def parse_typed_quantity(text: str) -> Milli:
    """Read a quantity as people type it in Indonesia (``1.204``, ``14,5``); anything else is a ``ValueError``."""
    text = text.strip().replace("\u00a0", "").replace(" ", "")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a quantity: {text[:40]!r}")
    whole, _, part = text.replace(".", "").lstrip("0").partition(",")
    if len(whole) > WHOLE_DIGITS:
        raise TooMuch(f"{len(whole)} digits")
    return milli(Decimal(f"{whole or 0}.{part or 0}"))


def wire_quantity(amount: Milli) -> str:
    """Write a quantity for machines: ``"14"``, ``"2.8"``."""
    whole, rest = divmod(abs(amount), MILLI)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}" + (f".{rest:03d}".rstrip("0") if rest else "")


def _grouped(number: int, lang: str) -> str:
    return f"{number:,}".replace(",", "." if lang == "id" else ",")


def print_count(number: int, lang: str = "id") -> str:
    """Write a count: ``1.204``."""
    return _grouped(number, lang)


def print_quantity(amount: Milli | int, unit: str = "", lang: str = "id") -> str:
    """Write a quantity with its unit: ``14 kg``, ``2,8 kg``, ``1.204 lembar``; money as ``Rp600.000``."""
    if unit == RUPIAH and amount % MILLI == 0:
        return print_rupiah(amount // MILLI, lang)
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), MILLI)
    text = sign + _grouped(whole, lang)
    if rest:
        text += ("," if lang == "id" else ".") + f"{rest:03d}".rstrip("0")
    return f"{text} {unit}".rstrip()


def print_rupiah(amount: Rupiah | int, lang: str = "id") -> str:
    """Write money: ``Rp15.000``."""
    return ("-" if amount < 0 else "") + "Rp" + _grouped(abs(amount), lang)


def print_day(day: date, lang: str = "id", *, weekday: bool = False) -> str:
    """Write a day: ``21 November 2026``, or ``Sabtu, 21 November 2026``."""
    text = f"{day.day} {MONTHS[lang][day.month - 1]} {day.year}"
    return f"{WEEKDAYS[lang][day.weekday()]}, {text}" if weekday else text


def print_instant(at: datetime, zone: ZoneInfo, lang: str = "id", *, weekday: bool = False) -> str:
    """Write an instant where it happened: ``21 November 2026 10.05 WIT``."""
    local = at.astimezone(zone)
    clock = f"{local:%H}.{local:%M}" if lang == "id" else f"{local:%H:%M}"
    return f"{print_day(local.date(), lang, weekday=weekday)} {clock} {zone_short(zone)}"


def zone_short(zone: ZoneInfo) -> str:
    """Name the zone as people do: WIB, WITA, WIT."""
    return ZONE_SHORT.get(zone.key, zone.key)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first_on`` to ``last_on``, both included, as decrees count them."""

    first_on: date
    last_on: date

    def __post_init__(self) -> None:
        if self.last_on < self.first_on:
            raise ValueError("a period cannot end before it starts")

    @property
    def days(self) -> int:
        return (self.last_on - self.first_on).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first_on <= day <= self.last_on

    def each(self) -> tuple[date, ...]:
        return tuple(self.first_on + timedelta(days=n) for n in range(self.days))


def week_from(first_on: date, last_possible_on: date | None = None) -> Period:
    """Make a package week: seven local days, shorter only where the decree ends before."""
    last_on = first_on + timedelta(days=6)
    return Period(first_on, min(last_on, last_possible_on) if last_possible_on else last_on)
