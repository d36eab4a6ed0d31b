"""Numbers of persons in free text: what people write down as a reason must not become one more copy of a NIK."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"(?:[0-9][ .\-]?){15}[0-9]", re.ASCII)
MASKED: Final = "[number]"
_HEX: Final = r"[0-9a-f]"
_TOLD: Final = re.compile(
    # Ids and hashes of ours: whole words of a known form, with a letter among their figures.
    rf"(?P<id>(?<!\w)(?:(?=[\d-]{{0,35}}[a-f]){_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
    rf"|(?=\d*[a-f])(?:{_HEX}{{64}}|{_HEX}{{40}}|{_HEX}{{32}}|{_HEX}{{16}}))(?!\w))"
    # Signs that people set between digits, as they are, in an address, or as Python quotes them; three at most.
    r"|\d(?:(?:\\xa0|\\t|%20|%27|[ \t\xa0\u2000-\u200a\u202f+.'’‘`´_/\u2010-\u2015\-]){0,3}\d){15,}",
    re.IGNORECASE,
)


def holds_number(text: str) -> bool:
    """Tell whether a text holds sixteen digits in a row, spaces, points and hyphens between them not counted."""
    return _NUMBER.search(text) is not None


def numbers_in(text: str) -> frozenset[str]:
    """Give every run of sixteen digits of a text, signs between digits not counted."""
    digits = re.sub(r"(?<=[0-9])[ .\-'](?=[0-9])", "", text)
    runs = re.findall(r"[0-9]{16,}", digits, re.ASCII)
    return frozenset(run[at : at + 16] for run in runs for at in range(len(run) - 15))


def mask_numbers(text: str) -> str:
    """Give a text in which no sixteen digits in a row are left, whatever stands between them.

    A longer row goes whole: it may be two numbers, or one with a digit too many. UUIDs and hashes stay: they name
    what is to be looked up, and a number of a person is never in their form.
    """
    return _TOLD.sub(lambda found: found.group("id") or MASKED, text)
