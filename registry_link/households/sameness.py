"""Whether two persons of two households are one: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from registry_link.households.rules import words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """What tells people apart."""

    name: str
    birth_on: date | None
    nik_bidx: bytes | None


def is_same_person(one: Someone, other: Someone) -> bool:
    """Tell whether two are surely one: by NIK where both have one, else by name and day of birth, both exactly.

    The order of a name's words does not count. Whoever is only alike stays two persons: a person too many is seen and
    put right, a person too few is not served.
    """
    if one.nik_bidx is not None and other.nik_bidx is not None:
        return one.nik_bidx == other.nik_bidx
    if one.birth_on is None or one.birth_on != other.birth_on:
        return False
    words = sorted(words_of(one.name))
    return bool(words) and words == sorted(words_of(other.name))
