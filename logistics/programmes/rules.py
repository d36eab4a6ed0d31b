"""Pure rules of terms: slugs, quotas, and the hash of a frozen list."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DISTRICT_LENGTH = 8
"""``99.01.02``: the part of a village's code that names its district."""


def slug_of(name: str) -> str:
    """Give the part of an address that names a programme: letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def district_of(village_code: str) -> str:
    """Give the code of the district (kecamatan) a village lies in."""
    return village_code[:DISTRICT_LENGTH]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverQuota:
    district_code: str
    listed: int
    quota: int


def over_quota(listed: Mapping[str, int], quotas: Mapping[str, int]) -> tuple[OverQuota, ...]:
    """Name every district with more on the list than its quota, by code; without any quota there is no limit."""
    if not quotas:
        return ()
    return tuple(
        OverQuota(district_code=code, listed=count, quota=quotas.get(code, 0))
        for code, count in sorted(listed.items())
        if count > quotas.get(code, 0)
    )


def list_hash(entries: Iterable[str]) -> str:
    """Hash a frozen list: the same entries give the same hash in any order."""
    digest = hashlib.sha256()
    for line in sorted(entries):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


OPENS_AT, CLOSES_AT, SLOT = 8 * 60, 14 * 60, 30
"""A post serves from 08.00 to 14.00; people are invited by the half hour (minutes of the day)."""


def slot_of(place: int, count: int, capacity: int) -> tuple[int, int]:
    """Give the half hour for whoever is at this place (0 first) of a post's day: its first and last minute.

    The day's ``capacity`` is spread evenly over the slots, so a day with few people ends early.
    """
    slots = (CLOSES_AT - OPENS_AT) // SLOT
    each = -(-max(capacity, count, 1) // slots)
    first = OPENS_AT + min(place // each, slots - 1) * SLOT
    return first, first + SLOT
