"""The typeface of the papers, loaded once, and how wide its words are.

Importing this closes reportlab's doors first: no host and no scheme may be opened from markup, and the same input gives
the same bytes.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from reportlab import rl_config

rl_config.trustedHosts = []
rl_config.trustedSchemes = []
rl_config.invariant = 1
rl_config.useA85 = 0  # 7-bit armour made every page a quarter larger

from reportlab.pdfbase import pdfmetrics  # noqa: E402 - the doors are closed before anything else loads
from reportlab.pdfbase.ttfonts import TTFont  # noqa: E402

REGULAR: Final = "PlusJakartaSans-Regular"
SEMIBOLD: Final = "PlusJakartaSans-SemiBold"
BOLD: Final = "PlusJakartaSans-Bold"
NAMES: Final = (REGULAR, SEMIBOLD, BOLD)

ASCENT: Final = 0.76
"""Height of a line's capitals and ascenders above its base line, in font sizes; measured on the Bold."""


def _load() -> frozenset[int]:
    """Register the three weights and return the code points all of them can draw."""
    folder = Path(__file__).parent
    covered: set[int] | None = None
    for name in NAMES:
        # asciiReadable keeps ASCII bytes as they are in every subset; reports.pen relies on it
        font = TTFont(name, str(folder / f"{name}.ttf"), asciiReadable=1)
        pdfmetrics.registerFont(font)
        here = {code for code in font.face.charToGlyph if code >= 0x20}
        covered = here if covered is None else covered & here
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset(covered or ())


DRAWABLE: Final = _load()
"""Code points that every weight can draw."""


@lru_cache(maxsize=50_000)
def width(text: str, font: str, size: float) -> float:
    """Tell how wide one line is, in points."""
    return float(pdfmetrics.stringWidth(text, font, size))
