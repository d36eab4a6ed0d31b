"""Ruled lists of any length for stories: the head repeats on every page, and no row is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reportlab.platypus import Flowable, PageBreak

from reports.fonts import ASCENT, REGULAR, SEMIBOLD
from reports.pen import HAIR, LEADING, QUIET, Align, Colour, Fitted, Pen, fit
from reports.qr import make_symbol
from reports.text import clean

HEAD_GROUND: Final[Colour] = (0.945, 0.953, 0.965)
_NOTHING: Final = Fitted(1, ("",))
_TALL: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a list: ``share`` of the width left over by columns with a fixed ``wide``; size 0 is the list's.

    The cells of a column of symbols are what their QR holds; such a list needs a ``row_high`` that leaves them room.
    """

    head: str
    wide: float = 0
    share: float = 0
    align: Align = "left"
    font: str = REGULAR
    size: float = 0
    is_symbol: bool = False


class Listing(Flowable):
    """A ruled list of any length: its head repeats on every page, a row is never cut.

    Cells are plain text and wrap. ``closing`` is drawn under the last row and never stands on a page without one: a
    signature block alone on a page could be put under any list. Heights are worked out once, so that twenty thousand
    rows stay a matter of seconds.
    """

    _PAD = 3.2

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[tuple[str, ...]],
        *,
        size: float = 8.8,
        row_high: float = 0,
        empty: str = "Tidak ada baris.",
        closing: Sequence[Flowable] = (),
    ) -> None:
        super().__init__()
        self._columns, self._rows, self._size, self._row_high, self._empty = columns, rows, size, row_high, empty
        self._set: _SetRows | None = None
        self._first, self._last = 0, len(rows)
        self._closing, self._closing_high = closing, 0.0

    def _layout(self, wide: float) -> _SetRows:
        if self._set is None or self._set.wide != wide:
            self._set = _set_rows(self, wide)
        return self._set

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:  # noqa: N803
        laid = self._layout(aW)
        self._closing_high = sum(part.wrap(aW, aH)[1] for part in self._closing) if self._last == len(self._rows) else 0
        body = laid.tops[self._last] - laid.tops[self._first] if self._rows else laid.head_high
        self.width, self.height = aW, laid.head_high + body + self._closing_high
        return self.width, self.height

    def split(self, aW: float, aH: float) -> list[Flowable]:  # noqa: N803
        laid = self._layout(aW)
        cut = self._first
        while cut < self._last and laid.tops[cut + 1] - laid.tops[self._first] + laid.head_high <= aH:
            cut += 1
        if cut < self._last:
            return [self._part(self._first, cut), self._part(cut, self._last)] if cut > self._first else []
        # Only the closing part is too much: it takes the last rows along to the next page, where they belong together.
        # One where the last two are so tall that they and the signatures would not fit a page.
        is_tall = laid.tops[self._last] - laid.tops[max(self._first, self._last - 2)] > _TALL
        cut = max(self._first, self._last - (1 if is_tall else 2))
        return [self._part(self._first, cut), PageBreak(), self._part(cut, self._last)] if cut > self._first else []

    def _part(self, first: int, last: int) -> Listing:
        part = Listing(
            self._columns,
            self._rows,
            size=self._size,
            row_high=self._row_high,
            empty=self._empty,
            closing=self._closing,
        )
        part._set, part._first, part._last = self._set, first, last
        return part

    def draw(self) -> None:
        laid = self._layout(self.width)
        pen = Pen(self.canv)
        top = self.height
        pen.ground(0, top - laid.head_high, self.width, laid.head_high, HEAD_GROUND)
        for edge, wide, column, fitted in zip(laid.edges, laid.wides, self._columns, laid.head, strict=True):
            centre_y = top - laid.head_high / 2 + fitted.height / 2 - fitted.size * ASCENT - 1
            if column.align == "right":
                pen.fitted(edge + wide - self._PAD, centre_y, fitted, SEMIBOLD, "right")
            elif column.align == "centre":
                pen.fitted(edge + wide / 2, centre_y, fitted, SEMIBOLD, "centre")
            else:
                pen.fitted(edge + self._PAD, centre_y, fitted, SEMIBOLD)
        y = top - laid.head_high
        pen.rule(0, top, self.width, top, 0.8)
        pen.rule(0, y, self.width, y, 0.8)
        for number in range(self._first, self._last):
            high = laid.tops[number + 1] - laid.tops[number]
            for edge, wide, column, fitted, cell in zip(
                laid.edges, laid.wides, self._columns, laid.cells[number], self._rows[number], strict=True
            ):
                if column.is_symbol:
                    _draw_symbol(pen, cell, edge, y - high, wide, high)
                    continue
                base = y - self._PAD - fitted.size * ASCENT - 0.6
                if self._row_high:
                    base = y - high / 2 + fitted.height / 2 - fitted.size * ASCENT - 1.2
                if column.align == "right":
                    pen.fitted(edge + wide - self._PAD, base, fitted, column.font, "right")
                elif column.align == "centre":
                    pen.fitted(edge + wide / 2, base, fitted, column.font, "centre")
                else:
                    pen.fitted(edge + self._PAD, base, fitted, column.font)
            y -= high
            if number + 1 < self._last:
                pen.rule(0, y, self.width, y, 0.4, HAIR)
        if not self._rows:
            y -= laid.head_high
            pen.text(self.width / 2, y + laid.head_high / 2 - 3, clean(self._empty), REGULAR, 8.8, "centre", QUIET)
        for edge in laid.edges[1:]:
            pen.rule(edge, top, edge, y if self._rows else y + laid.head_high, 0.4, HAIR)
        pen.rule(0, y, self.width, y, 0.8)
        pen.rule(0, top, 0, y, 0.8)
        pen.rule(self.width, top, self.width, y, 0.8)
        pen.lift()
        if self._closing_high:
            for part in self._closing:
                y -= part.height
                part.drawOn(self.canv, 0, y)


def _draw_symbol(pen: Pen, payload: str, x: float, y: float, wide: float, high: float) -> None:
    """Draw a QR in the middle of a cell, with two modules of paper around it beside the cell's own."""
    if not payload:
        return
    symbol = make_symbol(payload)
    side = min(wide, high) * symbol.modules / (symbol.modules + 4)
    pen.symbol(symbol, x + (wide - side) / 2, y + (high - side) / 2, side)


@dataclass(frozen=True, slots=True)
class _SetRows:
    """A list laid out for one width: column edges, fitted cells, and the running tops of the rows (n + 1)."""

    wide: float
    edges: list[float]
    wides: list[float]
    head: list[Fitted]
    head_high: float
    cells: list[list[Fitted]]
    tops: list[float]


def _sizes(size: float, align: Align) -> tuple[float, ...]:
    """Give the sizes to try; figures may be set smaller still, for one that is cut in two reads as another."""
    usual = size, size - 0.8, size - 1.6, size - 2.4
    return (*usual, size - 3.2, size - 4) if align == "right" else usual


def _set_rows(listing: Listing, wide: float) -> _SetRows:
    columns, size, pad = listing._columns, listing._size, listing._PAD
    spare = wide - sum(column.wide for column in columns)
    shares = sum(column.share for column in columns) or 1
    wides = [column.wide or spare * column.share / shares for column in columns]
    edges = [sum(wides[:number]) for number in range(len(wides))]
    rooms = [each - 2 * pad for each in wides]
    head = [
        fit(clean(column.head), SEMIBOLD, (size - 0.6, size - 1.4, 5), room, 3 * size * LEADING)
        for column, room in zip(columns, rooms, strict=True)
    ]
    cells: list[list[Fitted]] = []
    tops = [0.0]
    for row in listing._rows:
        fitted = [
            _NOTHING
            if column.is_symbol
            else fit(clean(text), column.font, _sizes(column.size or size, column.align), room, 14 * size * LEADING)
            for text, column, room in zip(row, columns, rooms, strict=True)
        ]
        cells.append(fitted)
        tops.append(tops[-1] + max(listing._row_high, max(f.height for f in fitted) + 2 * pad))
    head_high = max(fitted.height for fitted in head) + 2 * pad + 1
    return _SetRows(wide, edges, wides, head, head_high, cells, tops)
