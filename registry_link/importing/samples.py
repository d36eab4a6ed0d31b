"""What is shown of a file whose columns nobody knows yet: pure."""

from __future__ import annotations

import re
from typing import Final

from registry_link.regions.rules import Gazetteer

LONGEST_SAMPLE: Final = 40
_NUMBERS: Final = re.compile(r"\d(?:[ .,'`´‘’_-]{0,3}\d){5,}")
"""What may be a NIK, a No. KK, a telephone or a day of birth, however its digits are set apart."""
_CODE: Final = re.compile(r"[0-9][0-9. ]*", re.ASCII)


def sample_of(cell: str, known: Gazetteer) -> str:
    """Give a cell as it may be shown to whoever names its column: long numbers by their last four digits.

    Codes of the office's own regions are shown as they are: by them a column of villages is recognised.
    """

    def shown(found: re.Match[str]) -> str:
        number = found[0]
        is_code = _CODE.fullmatch(number) and known.has_code(re.sub(r"[. ]", "", number))
        return number if is_code else "•" * (len(number) - 4) + number[-4:]

    # Masked before it is cut: the beginning of a number is none that the mask would find.
    return _NUMBERS.sub(shown, " ".join(cell.split()))[:LONGEST_SAMPLE]
