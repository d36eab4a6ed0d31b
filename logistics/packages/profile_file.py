"""A needs profile as a file: a JSON list of resource, default, unit and frequency; parsed in a process of its own.

The form is that of InaSAFE's minimum needs: the list stands alone or under "resources", its names are "Resource name",
"Default", "Unit" / "Units" / "Unit abbreviation" and "Frequency"; "provenance" and "profile" say where it is from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from core.errors import Malformed, TooLarge

MOST_ROWS: Final = 300
MOST_LETTERS: Final = 200
_NAMES: Final = {
    "resource": ("resource", "resourcename", "name", "nama", "barang", "sumberdaya"),
    "default": ("default", "amount", "jumlah", "nilai"),
    "unit": ("unitabbreviation", "unit", "units", "satuan"),
    "frequency": ("frequency", "frekuensi"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """One resource as it stands in the file, nothing judged; what it does not say is empty."""

    number: int
    resource: str
    default: str
    units: tuple[str, ...]
    """Every spelling the file gives of the unit, the abbreviation first."""
    frequency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    profile: str
    provenance: str
    rows: tuple[ProfileRow, ...]


def parse(content: bytes, name: str) -> ProfileFile:
    """Raises: Malformed where it is no such list; TooLarge with too many rows."""
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise Malformed("needs_profile.no_json") from None
    about: dict[str, Any] = found if isinstance(found, dict) else {}
    rows = about.get("resources") if about else found
    if not isinstance(rows, list) or not rows:
        raise Malformed("needs_profile.no_list")
    if len(rows) > MOST_ROWS:
        raise TooLarge("needs_profile.too_many", most=MOST_ROWS)
    return ProfileFile(
        profile=_text(about.get("profile")) or name[:MOST_LETTERS], provenance=_text(about.get("provenance")),
        rows=tuple(_row(number, one) for number, one in enumerate(rows, start=1)),
    )  # fmt: skip


def _row(number: int, given: Any) -> ProfileRow:
    """Read a row of any shape: what is no object is a row that says nothing but its name."""
    if not isinstance(given, dict):
        return ProfileRow(number=number, resource=_text(given), default="", units=(), frequency="")
    by_name = {"".join(sign for sign in key.lower() if sign.isalnum()): _text(value) for key, value in given.items()}

    def all_of(field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(by_name[name] for name in _NAMES[field] if by_name.get(name)))

    def first(field: str) -> str:
        return next(iter(all_of(field)), "")

    return ProfileRow(
        number=number, resource=first("resource"), default=first("default"), units=all_of("unit"),
        frequency=first("frequency"),
    )  # fmt: skip


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list | bool):
        return ""
    printed = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(printed.split())[:MOST_LETTERS]
