"""Numbers of persons in free text: what people write down as a reason must not become one more copy of a NIK."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"(?:[0-9][ .\-]?){15}[0-9]", re.ASCII)


def holds_number(text: str) -> bool:
    """Tell whether a text holds sixteen digits in a row, spaces, points and hyphens between them not counted."""
    return _NUMBER.search(text) is not None


def numbers_in(text: str) -> frozenset[str]:
    """Give every run of sixteen digits of a text, signs between digits not counted."""
    digits = re.sub(r"(?<=[0-9])[ .\-'](?=[0-9])", "", text)
    runs = re.findall(r"[0-9]{16,}", digits, re.ASCII)
    return frozenset(run[at : at + 16] for run in runs for at in range(len(run) - 15))
