"""A pen for drawn papers: text, rules, boxes and QR symbols written straight as PDF operators.

It exists for speed (a receipt holds some sixty short texts; ten thousand are printed at once) and for one rule: every
text passes through here as ``Printable``, so nothing unprintable can reach a font. Coordinates are points from the
lower left corner, as everywhere in PDF.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from reports.fonts import REGULAR, width
from reports.qr import Symbol
from reports.text import Printable

Align = Literal["left", "centre", "right"]
Colour = tuple[float, float, float]

ELLIPSIS: Final = "…"


def colour(hexadecimal: str) -> Colour:
    """Read ``#16202b``."""
    red, green, blue = (int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


INK: Final = colour("#16202b")
QUIET: Final = colour("#4a5560")
RULE: Final = colour("#8a949e")
HAIR: Final = colour("#c9d0d6")
BRAND: Final = colour("#0b3d91")
BAD: Final = colour("#b3261e")
BAD_TINT: Final = colour("#f6d9d6")
WARN: Final = colour("#8a4b00")
WARN_GROUND: Final = colour("#fff4e0")
WHITE: Final = colour("#ffffff")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one text at the size at which they fit."""

    size: float
    lines: tuple[str, ...]

    @property
    def leading(self) -> float:
        return self.size * LEADING

    @property
    def height(self) -> float:
        return self.leading * len(self.lines)


LEADING: Final = 1.22


def wrap(text: str, font: str, size: float, room: float) -> list[str]:
    """Break a text into lines no wider than the room; a word wider than it is cut where it must be."""
    if width(text, font, size) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width(line, font, size) > room and len(line) > 1:
            cut = _most_that_fit(line, font, size, room)
            lines.append(line[:cut])
            line = line[cut:]
    if line:
        lines.append(line)
    return lines


def _most_that_fit(word: str, font: str, size: float, room: float) -> int:
    """Tell how many of a word's first letters fit: one at least, and never all. Halving, since words come as long as a
    hostile form lets them."""
    fitting = bisect_right(range(1, len(word)), room, key=lambda letters: width(word[:letters], font, size))
    return max(1, fitting)


def fit(text: Printable, font: str, sizes: Sequence[float], room: float, height: float) -> Fitted:
    """Set a text as large as the room allows, over as many lines as the height holds.

    Sizes come largest first. What does not fit even at the last size ends with an ellipsis.
    """
    size = sizes[0]
    if width(text, font, size) <= room:
        return Fitted(size, (text,))
    lines: list[str] = []
    for size in sizes:
        most = max(1, int(height / (size * LEADING) + 0.01))
        if most == 1 and width(text, font, size) > room:
            continue
        if size != sizes[-1] and any(width(word, font, size) > room for word in text.split(" ")):
            continue  # rather smaller than a code or a name cut in two
        lines = wrap(text, font, size, room)
        if len(lines) <= most:
            return Fitted(size, tuple(lines))
    most = max(1, int(height / (size * LEADING) + 0.01))
    lines = wrap(text, font, size, room)[:most]
    last = lines[-1]
    while last and width(last + ELLIPSIS, font, size) > room:
        last = last[:-1]
    return Fitted(size, (*lines[:-1], last.rstrip() + ELLIPSIS))


_ESCAPED: Final = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})


def _dynamic(font: str) -> Any:
    """Give the embedded font, which cuts text into its subsets."""
    return pdfmetrics.getFont(font)


class Pen:
    """Writes operators for one canvas; ``lift()`` hands them over and must be called before the canvas moves on."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas: Any = canvas  # a font's name in a document is asked of the document itself
        self._code: list[str] = []
        self._names: dict[tuple[str, int], str] = {}
        self._fill: Colour | None = None
        self._stroke: tuple[Colour, float] | None = None

    def lift(self) -> None:
        """Hand what was drawn to the canvas."""
        if self._code:
            self._canvas.addLiteral("\n".join(self._code))
            self._code = []
        self._fill = self._stroke = None

    def enter(self, x: float, y: float, cosine: float = 1, sine: float = 0) -> None:
        """Move the origin until ``leave()``."""
        self._code.append(f"q {cosine:.4g} {sine:.4g} {-sine:.4g} {cosine:.4g} {x:.2f} {y:.2f} cm")
        self._fill = self._stroke = None

    def leave(self) -> None:
        self._code.append("Q")
        self._fill = self._stroke = None

    def form(self, name: str) -> None:
        """Draw a form object, defined before or later."""
        self.lift()
        self._canvas.doForm(name)

    def text(
        self,
        x: float,
        y: float,
        text: Printable | str,
        font: str = REGULAR,
        size: float = 9,
        align: Align = "left",
        ink: Colour = INK,
    ) -> None:
        """Write one line with its base line at y, starting, centred or ending at x."""
        if not text:
            return
        if align != "left":
            x -= width(text, font, size) * (1 if align == "right" else 0.5)
        if ink != self._fill:
            self._set_fill(ink)
        if text.isascii():
            name = self._names.get((font, 0)) or self._name(font, 0)
            if "(" in text or ")" in text or "\\" in text:
                text = text.translate(_ESCAPED)
            self._code.append(f"BT {name} {size:.4g} Tf {x:.2f} {y:.2f} Td ({text}) Tj ET")
            return
        code = [f"BT {x:.2f} {y:.2f} Td"]
        for subset, octets in _dynamic(font).splitString(text, self._canvas._doc):
            code.append(f"{self._name(font, subset)} {size:.4g} Tf <{octets.hex()}> Tj")
        self._code.append(" ".join([*code, "ET"]))

    def fitted(
        self, x: float, y: float, fitted: Fitted, font: str = REGULAR, align: Align = "left", ink: Colour = INK
    ) -> float:
        """Write fitted lines downwards from the base line y; gives the base line after the last."""
        for line in fitted.lines:
            self.text(x, y, line, font, fitted.size, align, ink)
            y -= fitted.leading
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float, thick: float = 0.5, ink: Colour = INK) -> None:
        self._set_stroke(ink, thick)
        self._code.append(f"{x0:.2f} {y0:.2f} m {x1:.2f} {y1:.2f} l S")

    def dashes(self, x0: float, y0: float, x1: float, y1: float, thick: float = 0.5, ink: Colour = RULE) -> None:
        self._set_stroke(ink, thick)
        self._code.append(f"[3 3] 0 d {x0:.2f} {y0:.2f} m {x1:.2f} {y1:.2f} l S [] 0 d")

    def box(self, x: float, y: float, wide: float, high: float, thick: float = 0.5, ink: Colour = INK) -> None:
        self._set_stroke(ink, thick)
        self._code.append(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re S")

    def ground(self, x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        self._set_fill(ink)
        self._code.append(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re f")

    def path(self, operators: str, ink: Colour, *, thick: float = 0) -> None:
        """Draw a path given in PDF operators: filled, or stroked when a thickness is given."""
        if thick:
            self._set_stroke(ink, thick)
        else:
            self._set_fill(ink)
        self._code.append(f"{operators} {'S' if thick else 'f'}")

    def symbol(self, symbol: Symbol, x: float, y: float, side: float) -> None:
        """Draw a QR symbol in black with its lower left corner at x, y; the quiet zone is the caller's."""
        size = symbol.modules
        # an image mask paints its 0 bits, hence the decode array; ASCII so that the page stays text until it is packed
        self._code.append(
            f"q 0 g {side:.2f} 0 0 {side:.2f} {x:.2f} {y:.2f} cm "
            f"BI /W {size} /H {size} /BPC 1 /IM true /D [1 0] /F /AHx ID\n{symbol.rows.hex()}>\nEI Q"
        )

    def _name(self, font: str, subset: int) -> str:
        name = self._names.get((font, subset))
        if name is None:
            document = self._canvas._doc
            dynamic = _dynamic(font)
            dynamic.splitString(" ", document)
            name = self._names[font, subset] = str(dynamic.getSubsetInternalName(subset, document))
        return name

    def _set_fill(self, ink: Colour) -> None:
        if ink != self._fill:
            self._fill = ink
            self._code.append("{:.3g} {:.3g} {:.3g} rg".format(*ink))

    def _set_stroke(self, ink: Colour, thick: float) -> None:
        if (ink, thick) != self._stroke:
            self._stroke = ink, thick
            self._code.append("{:.3g} {:.3g} {:.3g} RG {:.3g} w".format(*ink, thick))
