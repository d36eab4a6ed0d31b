"""Ids for machines (time-ordered UUIDs, derived UUIDs) and codes for people (with a check digit)."""

from __future__ import annotations

import re
import secrets
import struct
import threading
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid5

from core.clock import Clock

NAMESPACE: Final = UUID("6f0a1c52-6a0e-5d2f-9b39-74616e676761")
_CODE = re.compile(r"[A-Z]{2,4}(?:-[0-9]+)+", re.ASCII)


class Ids:
    """Makes UUIDs of version 7: sortable by time, so that index pages fill in order.

    ``random_bits`` is injectable: a failing run is then a seed and a commit.
    """

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> UUID:
        """Make an id that sorts after every id this object has made before."""
        with self._lock:
            # 60 bits: milliseconds and a 12-bit counter within them, never going back with the clock.
            stamp = int(self._clock.now().timestamp() * 1000) << 12
            self._last = max(stamp, self._last + 1)
            stamp = self._last
        value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | self._random_bits(62)
        return UUID(int=value)

    def several(self, count: int) -> list[UUID]:
        """Make so many ids at once, each sorting after the one before it."""
        with self._lock:
            first = max(int(self._clock.now().timestamp() * 1000) << 12, self._last + 1)
            self._last = first + count - 1
        chances = struct.unpack(f">{count}Q", self._random_bits(64 * count).to_bytes(8 * count, "big"))
        fixed = 0x7 << 76 | 0b10 << 62
        return [
            UUID(int=(at >> 12) << 80 | (at & 0xFFF) << 64 | fixed | chance >> 2)
            for at, chance in enumerate(chances, first)
        ]


def derived(*parts: object) -> UUID:
    """Make the id that these parts always have, so that work cut twice gives one row."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def code_with_check(prefix: str, *parts: int) -> str:
    """Write a code a person can read aloud: ``code_with_check("PKT", 26, 4512)`` is ``PKT-26-004512-5``.

    The last part is padded to six digits; the check digit (Luhn over all digits) catches any one wrong digit and
    nearly every pair of swapped neighbours.
    """
    body = [str(part) for part in parts[:-1]] + [f"{parts[-1]:06d}"]
    return f"{prefix}-{'-'.join(body)}-{_luhn(''.join(body))}"


def is_code(text: str) -> bool:
    """Tell whether a code is well-formed and its check digit agrees."""
    text = text.strip().upper()
    if not _CODE.fullmatch(text):
        return False
    *body, check = text.split("-")[1:]
    return bool(body) and check == str(_luhn("".join(body)))
