"""People's text on its way to paper: what cannot be printed is taken out, what means something to markup is escaped.

Names and addresses are written by many hands. Nothing they hold may stop a printer, open an address, turn the reading
direction of a line or pile marks over the lines above.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NewType
from xml.sax.saxutils import escape as _escape_xml

from reports.fonts import DRAWABLE

Printable = NewType("Printable", str)
"""One line of text that every font of ``reports/fonts`` can draw."""
Markup = NewType("Markup", str)
"""Text that may stand inside a reportlab Paragraph."""

EMPTY: Final = "—"
"""What an empty field prints, so that a reader sees that nothing was left out by the printer."""

_SAME_LOOK: Final = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011", "-"),
        **dict.fromkeys("\u2012\u2212", "–"),
        **dict.fromkeys("\u02bc\u02be\u2032", "’"),  # hamza and apostrophes in romanised names
        **dict.fromkeys("\u02bf", "‘"),  # ain
        **dict.fromkeys("\u2033", "”"),
    }
)
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc"})


def clean(text: str | None) -> Printable:
    """Make one printable line of any text; may be empty.

    Composed accents stay, control and direction characters and loose marks go, unknown letters become their base letter
    or ``?``, white space becomes single spaces.
    """
    if not text:
        return Printable("")
    if text.isascii() and text.isprintable() and "  " not in text and text[0] != " " and text[-1] != " ":
        return Printable(text)
    return _cleaned(text)


@lru_cache(maxsize=20_000)
def _cleaned(text: str) -> Printable:
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text).translate(_SAME_LOOK):
        if character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) in _DROPPED:
            continue
        elif ord(character) in DRAWABLE:
            kept.append(character)
        else:
            base = unicodedata.normalize("NFKD", character)
            letters = [letter for letter in base if unicodedata.category(letter) not in _DROPPED]
            drawn = letters and all(ord(letter) in DRAWABLE for letter in letters)
            kept.append("".join(letters) if drawn else "?")
    return Printable(" ".join("".join(kept).split()))


def shown(text: str | None) -> Printable:
    """Make one printable line of a field's value; an empty one is a dash."""
    return clean(text) or Printable(EMPTY)


def escape(text: str | None) -> Markup:
    """Make any text safe inside a reportlab Paragraph: printable, and no markup of its own."""
    return Markup(_escape_xml(clean(text), {'"': "&quot;", "'": "&#39;"}))


def print_nip(nip: str | None) -> str:
    """Group the 18 digits of a NIP 8-6-1-3, as papers do; anything else is printed as it is."""
    digits = "".join(clean(nip).split())
    if len(digits) != 18 or not (digits.isascii() and digits.isdigit()):
        return clean(nip)
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"
