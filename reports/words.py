"""Numbers, days and months in Indonesian words, as official papers write them."""

from __future__ import annotations

from datetime import date
from typing import Final

from core.measures import MILLI, MONTHS, WEEKDAYS, Milli, Rupiah

_SMALL: Final = (
    "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas",
)  # fmt: skip
_SCALES: Final = (
    (10**15, "kuadriliun"), (10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (10**3, "ribu"),
)  # fmt: skip
LARGEST: Final = 10**18 - 1
"""The largest number that can be put into words."""

_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def terbilang(number: int) -> str:
    """Write a whole number in words: ``1204`` is ``seribu dua ratus empat``.

    Raises: ValueError beyond ``LARGEST`` either way.
    """
    if abs(number) > LARGEST:
        raise ValueError(f"{number} is too large for words")
    if number < 0:
        return "minus " + terbilang(-number)
    return " ".join(_parts(number)) or _SMALL[0]


def _parts(number: int) -> list[str]:
    """Give the words of a number from 0 on; nothing for 0."""
    words: list[str] = []
    for scale, name in _SCALES:
        count, number = divmod(number, scale)
        if count == 1 and name == "ribu":
            words.append("seribu")  # only "ribu" takes se-: satu juta, but seribu
        elif count:
            words += [*_parts(count), name]
    hundreds, number = divmod(number, 100)
    if hundreds == 1:
        words.append("seratus")
    elif hundreds:
        words += [_SMALL[hundreds], "ratus"]
    if number >= 20:
        tens, number = divmod(number, 10)
        words += [_SMALL[tens], "puluh"]
    elif number >= 12:
        words += [_SMALL[number - 10], "belas"]
        number = 0
    if number:
        words.append(_SMALL[number])
    return words


def quantity_words(amount: Milli | int) -> str:
    """Write a quantity in words, decimals digit by digit: ``2800`` (2,8) is ``dua koma delapan``."""
    whole, rest = divmod(abs(amount), MILLI)
    text = ("minus " if amount < 0 else "") + terbilang(whole)
    if rest:
        text += " koma " + " ".join(_SMALL[int(digit)] for digit in f"{rest:03d}".rstrip("0"))
    return text


def rupiah_words(amount: Rupiah | int) -> str:
    """Write money in words: ``lima belas ribu rupiah``."""
    return terbilang(amount) + " rupiah"


def date_words(day: date) -> str:
    """Write a day in words: ``Sabtu tanggal dua puluh satu bulan November tahun dua ribu dua puluh enam``."""
    return (
        f"{WEEKDAYS['id'][day.weekday()]} tanggal {terbilang(day.day)} "
        f"bulan {MONTHS['id'][day.month - 1]} tahun {terbilang(day.year)}"
    )


def roman_month(month: int) -> str:
    """Write a month as document numbers do: ``11`` is ``XI``.

    Raises: ValueError outside 1 to 12.
    """
    if not 1 <= month <= 12:
        raise ValueError(f"no month {month}")
    return _ROMAN[month - 1]
