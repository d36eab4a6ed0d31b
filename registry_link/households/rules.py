"""Numbers, names and ages of people: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from core.errors import Fact
from registry_link.households.states import Sex

NAME_LENGTH: Final = 120
ADDRESS_LENGTH: Final = 200
WOMAN_ADDS: Final = 40
"""In a woman's NIK the day of birth is 41 to 71 (domain.md §4.3)."""
_SCIENTIFIC: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]+[.,][0-9]+", re.ASCII)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_INVISIBLE: Final = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_WORD: Final = re.compile(r"[a-z0-9]+")
_KEPT: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_APART: Final = {code: None if chr(code) == "'" else " " for code in range(128) if chr(code) not in _KEPT}
"""What parts the words of plain text: every sign but a-z and 0-9; an apostrophe parts nothing."""
_FORMULA: Final = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with one value; the facts never hold the value of a number."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Ages that divide people into classes (decisions 13, domain.md §1.4)."""

    infant_below: int = 2
    toddler_below: int = 5
    child_below: int = 18
    elderly_from: int = 60


def checked_nik(text: str) -> str | Flaw:
    """Give the 16 digits of a NIK, or what is wrong with them; a damaged number is never repaired."""
    return _checked(text, WOMAN_ADDS)


def checked_kk(text: str) -> str | Flaw:
    """Give the 16 digits of a No. KK, or what is wrong with them; its date is that of issue, without the 40."""
    return _checked(text, 0)


def is_number(text: str) -> bool:
    """Tell whether a text is a NIK or No. KK as it should be."""
    # Asked of every id: most are no number at all.
    return _is_formed(text.strip(" \t")) and not (
        isinstance(_checked(text, 0), Flaw) and isinstance(_checked(text, WOMAN_ADDS), Flaw)
    )


def _is_formed(text: str) -> bool:
    return len(text) == 16 and text.isascii() and text.isdigit()


def _checked(text: str, added: int) -> str | Flaw:
    text = text.strip(" \t")
    if not _is_formed(text):
        return _misread(text)
    if len(set(text)) == 1:
        return Flaw(code="registry.number_same")
    # Regencies are 01 to 69, cities 71 to 99 (domain.md §4.3).
    if text[0] == "0" or text[:2] == "10" or text[2:4] in ("00", "70") or text[4:6] == "00":
        return Flaw(code="registry.number_region", facts={"region": f"{text[:2]}.{text[2:4]}.{text[4:6]}"})
    day, month, year = int(text[6:8]), int(text[8:10]), int(text[10:12])
    if day > added + 31 or day == 0 or (day > 31 and day <= added) or not 1 <= month <= 12:
        return Flaw(code="registry.number_date")
    day -= added if day > added > 0 else 0
    if day > _DAYS[month - 1] or (month == 2 and day == 29 and year % 4):
        return Flaw(code="registry.number_date")
    if text[12:] == "0000":
        return Flaw(code="registry.number_serial")
    return text


def _misread(text: str) -> Flaw:
    """Tell what became of a number that is not sixteen digits."""
    if text[:1] in ("'", "’", "`", '"') or text[-1:] in ("'", "’", "`", '"'):
        return Flaw(code="registry.number_apostrophe")
    if "".join(text.split()) != text:
        return Flaw(code="registry.number_spaces")
    if _SCIENTIFIC.fullmatch(text):
        return Flaw(code="registry.number_scientific")
    if _DECIMAL.fullmatch(text):
        return Flaw(code="registry.number_decimal")
    if not (text.isascii() and text.isdigit()):
        return Flaw(code="registry.number_letters")
    if len(text) == 15:
        return Flaw(code="registry.number_short", facts={"digits": 15})
    return Flaw(code="registry.number_length", facts={"digits": len(text)})


def sex_of_nik(nik: str) -> Sex:
    """Tell what a valid NIK says of the sex."""
    return Sex.FEMALE if int(nik[6:8]) > WOMAN_ADDS else Sex.MALE


def is_birth_of_nik(nik: str, born_on: date) -> bool:
    """Tell whether a valid NIK carries this day of birth; the century is not in it."""
    day = int(nik[6:8])
    day -= WOMAN_ADDS if day > WOMAN_ADDS else 0
    return (day, int(nik[8:10]), int(nik[10:12])) == (born_on.day, born_on.month, born_on.year % 100)


def checked_text(text: str, most: int) -> str | Flaw:
    """Give people's text in one spelling (NFC, single spaces), or what is wrong with it."""
    if not (text.isascii() and text.isprintable()):
        # A line break within a cell (Alt+Enter) is a blank; every other sign that cannot be printed is refused.
        text = unicodedata.normalize("NFC", text.replace("\r", " ").replace("\n", " ").replace("\t", " "))
        if "\ufffd" in text or any(unicodedata.category(one) in _INVISIBLE for one in text):
            return Flaw(code="registry.text_invisible")
    text = " ".join(word for word in text.split(" ") if word)
    if text.startswith(_FORMULA):
        return Flaw(code="registry.text_formula", facts={"sign": text[0]})
    if len(text) > most:
        return Flaw(code="registry.text_long", facts={"most": most, "letters": len(text)})
    return text


def checked_unit(text: str) -> str | Flaw | None:
    """Give an RT or RW as three digits, None when it is unknown (empty, ``-``, ``000``)."""
    plain = text.strip().upper().removeprefix("RT").removeprefix("RW").strip(" .:-")
    if not plain.strip("0"):
        return None
    if not (plain.isascii() and plain.isdigit()) or len(plain.lstrip("0")) > 3:
        return Flaw(code="registry.unit_form")
    return plain.lstrip("0").zfill(3)


def words_of(name: str) -> tuple[str, ...]:
    """Give the words of a name as they are searched: lower case, without accents and signs, each once."""
    if not name.isascii():
        name = "".join(
            one for one in unicodedata.normalize("NFKD", name) if one != "’" and not unicodedata.combining(one)
        )
        return tuple(dict.fromkeys(_WORD.findall(name.lower().replace("'", ""))))
    return tuple(dict.fromkeys(name.lower().translate(_APART).split()))


def age_on(day: date, born_on: date | None, age_years: int | None, as_of_on: date | None) -> int | None:
    """Tell the age on a day: from the birth date, else from an age that was true on ``as_of_on``."""
    if born_on is not None:
        return max(0, _years(born_on, day))
    if age_years is None:
        return None
    return max(0, age_years + (_years(as_of_on, day) if as_of_on else 0))


def _years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def years_before(day: date, years: int) -> date:
    """Give the day so many years earlier; whoever is born after it is younger than ``years`` on ``day``."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


# ---------------------------------------------------------------- words that are searched

SHORTEST_LEARNT: Final = 3
SHORTEST_FORGIVEN: Final = 4
"""In a shorter word every other one would be a typing error."""
LONG_WORD: Final = 8
"""From so many letters on two errors are forgiven, before one."""
FORM_LETTERS: Final = 7
"""Forms are made of the first letters only: two words within the errors forgiven share one all the same."""
FILLERS: Final = frozenset(
    (
        "jalan", "jl", "jln", "gang", "gg", "nomor", "no", "nomer", "rt", "rw", "dusun", "dsn", "banjar", "br",
        "lingkungan", "lingk", "link", "kampung", "kp", "kampong", "desa", "ds", "kelurahan", "kel", "kecamatan",
        "kec", "blok", "dn",
    )
)  # fmt: skip
"""Words of nearly every address: they find nothing."""


def address_words(*texts: str) -> tuple[str, ...]:
    """Give the words of an address by which it is found: without those that stand in every one."""
    return tuple(dict.fromkeys(word for text in texts for word in words_of(text) if word not in FILLERS))


def errors_forgiven(word: str) -> int:
    """Tell how many typing errors a word that somebody typed may hold."""
    if len(word) < SHORTEST_FORGIVEN or not word.isalpha():
        return 0
    return 2 if len(word) >= LONG_WORD else 1


def forms(word: str, errors: int) -> frozenset[str]:
    """Give what is left of the beginning of a word when up to so many of its letters are left out."""
    found = {word[:FORM_LETTERS]}
    latest = found
    for _ in range(errors):
        latest = {one[:at] + one[at + 1 :] for one in latest for at in range(len(one))}
        found |= latest
    return frozenset(found)


def is_learnt(word: str) -> bool:
    """Tell whether a known word has forms at all."""
    return len(word) >= SHORTEST_LEARNT and word.isalpha()


def forms_learnt(word: str) -> frozenset[str]:
    """Give the forms under which a known word is found: enough for every typed word that could mean it."""
    if not is_learnt(word):
        return frozenset()
    return forms(word, 2 if len(word) >= LONG_WORD - 2 else 1)


def errors_between(one: str, other: str, most: int) -> int:
    """Count letters added, left out, replaced or swapped with their neighbour; ``most + 1`` when there are more.

    Optimal string alignment: no letter is touched twice.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for place, known in enumerate(other, 1):
            least = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != known))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == known:
                least = min(least, earlier[place - 2] + 1)
            row.append(least)
        if min(row) > most and min(before) > most:
            return most + 1
    return min(row[-1], most + 1)
