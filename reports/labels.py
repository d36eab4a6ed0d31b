"""Labels for batches and boxes: a QR that opens the batch, the last good day readable from the aisle, box i of n.

Two ways to print: a sheet of 3 × 8 labels of 70 × 37 mm, from any free label on, and a roll of 58 mm with one label
below another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, Final

from reportlab.lib.units import mm

from core.measures import Milli, print_quantity
from reports.fonts import ASCENT, BOLD, REGULAR, SEMIBOLD
from reports.goods import named
from reports.pen import HAIR, INK, QUIET, Colour, Pen, fit
from reports.qr import make_symbol
from reports.sheet import A4, ROLL_58, PaperFrame, new_canvas, set_properties
from reports.text import clean

ACROSS: Final = 3
DOWN: Final = 8
ON_SHEET: Final = ACROSS * DOWN
DEMO: Final = "CONTOH"
_WIDE: Final = 70 * mm
_HIGH: Final = 37 * mm
_INSET: Final = 3.2 * mm
"""Label sheets shift by a millimetre or two in the printer; nothing stands closer to a label's edge."""
_DOT: Final = 72 / 203
"""A dot of the printers that rolls run through, in points: a module of a symbol is a whole number of them."""
_ROLL_HIGH: Final = 62 * mm
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MEI", "JUN", "JUL", "AGU", "SEP", "OKT", "NOV", "DES")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """One label. ``box_no`` of ``boxes`` is 0 for a label of the batch itself."""

    address: str
    """What the QR holds: where the batch is opened."""
    item: str
    variant: str = ""
    batch: str
    expires_on: date | None
    funding: str
    content_milli: Milli
    unit: str
    box_no: int = 0
    boxes: int = 0
    place: str = ""
    is_demo: bool = False


def build_sheets(labels: Sequence[LabelView], first: int = 1) -> bytes:
    """Print labels on A4 sheets of 3 × 8, the first one on the given label of the first sheet (1 to 24).

    Raises: ValueError without labels, or for a first label that a sheet does not have.
    """
    if not labels or not 1 <= first <= ON_SHEET:
        raise ValueError("no labels, or no such label on a sheet")
    buffer = BytesIO()
    canvas = new_canvas(buffer, A4)
    _name(canvas, labels)
    pen = Pen(canvas)
    top = (A4.high - DOWN * _HIGH) / 2
    for number, label in enumerate(labels, first - 1):
        place = number % ON_SHEET
        if place == 0 and number >= ON_SHEET:
            pen.lift()
            canvas.showPage()
        row, column = divmod(place, ACROSS)
        _draw_on_sheet(pen, label, column * _WIDE, A4.high - top - row * _HIGH)
    pen.lift()
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def build_roll(labels: Sequence[LabelView]) -> bytes:
    """Print labels for a roll of 58 mm, one below another: each is a page of its own, to be torn off.

    Raises: ValueError without labels.
    """
    if not labels:
        raise ValueError("no labels")
    buffer = BytesIO()
    canvas = new_canvas(buffer, ROLL_58)
    _name(canvas, labels)
    pen = Pen(canvas)
    for label in labels:
        canvas.setPageSize((ROLL_58.wide, _ROLL_HIGH))
        _draw_on_roll(pen, label)
        pen.lift()
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _name(canvas: Any, labels: Sequence[LabelView]) -> None:
    batches = list(dict.fromkeys(label.batch for label in labels))
    set_properties(canvas, PaperFrame(title="Label", number=batches[0] if len(batches) == 1 else ""))


def _draw_on_sheet(pen: Pen, label: LabelView, x: float, top: float) -> None:
    left, room = x + _INSET, _WIDE - 2 * _INSET
    bottom = top - _HIGH + _INSET
    item = fit(clean(named(label.item, label.variant)), BOLD, (11, 10, 9, 8, 7), room, 21)
    y = pen.fitted(left, top - _INSET - item.size * ASCENT, item, BOLD) + item.leading - item.size * 0.28
    side = 22 * mm
    _draw_symbol(pen, label.address, left, bottom, side)
    text, wide = left + side + 2 * mm, room - side - 2 * mm
    lines = [
        (fit(clean(words), font, sizes, wide, sizes[0] * 1.3), font, ink)
        for words, font, sizes, ink in (
            (label.batch, SEMIBOLD, (8, 7.4), INK),
            *_expiry(label, (14, 12.5, 11), 6),
            (_content(label), BOLD, (8.6, 7.8, 7, 6.2), INK),
            (_box(label), SEMIBOLD, (8, 7.2), INK),
            (label.funding, REGULAR, (6.6, 6, 5.4), INK),
            (label.place, REGULAR, (6.6, 6, 5.4), QUIET),
        )
    ]
    # What room the item's name leaves is spread between the lines.
    gap = min(4.2, (y - bottom - sum(told.size * ASCENT for told, _, _ in lines)) / len(lines))
    for told, font, ink in lines:
        y -= gap + told.size * ASCENT
        pen.text(text, y, told.lines[0], font, told.size, ink=ink)
        if font == SEMIBOLD and told is lines[0][0]:
            _draw_demo(pen, label, text + wide, y - 1.2)


def _draw_on_roll(pen: Pen, label: LabelView) -> None:
    left, room = ROLL_58.left, ROLL_58.room
    top = _ROLL_HIGH - 3 * mm
    item = fit(clean(named(label.item, label.variant)), BOLD, (14, 12.5, 11, 9.5, 8.2), room, 35)
    y = pen.fitted(left, top - item.size * ASCENT, item, BOLD) + item.leading - item.size * 0.28
    for words, font, sizes, _ in ((label.batch, SEMIBOLD, (9.5, 8.5), INK), *_expiry(label, (21, 18, 15, 12), 7)):
        told = fit(clean(words), font, sizes, room, sizes[0] * 1.3)
        y -= told.size * ASCENT + 3.2
        pen.text(left, y, told.lines[0], font, told.size)
        if words == label.batch:
            _draw_demo(pen, label, left + room, y - 1)
    modules = make_symbol(label.address).modules + 4
    side = int(25 * mm / _DOT / modules) * modules * _DOT
    bottom = 2.5 * mm
    _draw_symbol(pen, label.address, left, bottom, side)
    text, wide = left + side + 1.5 * mm, room - side - 1.5 * mm
    base = bottom + side - 8
    for words, font, sizes, high in (
        (_content(label), BOLD, (10.5, 9.5, 8.5, 7.5, 6.5), 24),
        (_box(label), SEMIBOLD, (9, 8, 7), 20),
        (label.funding, REGULAR, (7.5, 6.8, 6.2), 16),
        (label.place, REGULAR, (7.5, 6.8, 6.2), 16),
    ):
        told = fit(clean(words), font, sizes, wide, high)
        base = pen.fitted(text, base, told, font) - 1.5
    pen.dashes(0, 0.5, ROLL_58.wide, 0.5, 0.5, HAIR)


def _draw_symbol(pen: Pen, address: str, x: float, y: float, side: float) -> None:
    """Draw a symbol into a square with two modules of quiet zone of its own; the label's white is the rest."""
    symbol = make_symbol(address)
    module = side / (symbol.modules + 4)
    pen.symbol(symbol, x + 2 * module, y + 2 * module, symbol.modules * module)


def _draw_demo(pen: Pen, label: LabelView, right: float, y: float) -> None:
    if label.is_demo:
        pen.box(right - 14 * mm, y - 1, 14 * mm, 9, 0.7, INK)
        pen.text(right - 7 * mm, y + 1.2, DEMO, BOLD, 7, "centre")


def _expiry(
    label: LabelView, sizes: tuple[float, ...], small: float
) -> tuple[tuple[str, str, tuple[float, ...], Colour], ...]:
    """Give the last good day in the biggest type; goods that keep say so in smaller."""
    day = label.expires_on
    if day is None:
        return (("Tidak kedaluwarsa", SEMIBOLD, (sizes[-1], small), INK),)
    words = f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year}"
    return ("Kedaluwarsa", REGULAR, (small,), QUIET), (words, BOLD, sizes, INK)


def _content(label: LabelView) -> str:
    return f"Isi {print_quantity(label.content_milli, clean(label.unit))}"


def _box(label: LabelView) -> str:
    return f"Kotak {label.box_no} dari {label.boxes}" if label.boxes else "Label batch"
