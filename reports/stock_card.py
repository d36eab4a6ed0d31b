"""Kartu Persediaan: what came and went of an item at a place, in quantities and rupiah, each line at its batch's price.

Drawn on the canvas line by line as the lines are read: hundreds of pages take no more room than their own bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import Any, Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from core.measures import print_count, print_day, print_instant, print_quantity, print_rupiah
from reports.fonts import ASCENT, BOLD, REGULAR, SEMIBOLD
from reports.goods import across, frame, head, price, short_day, signatures
from reports.listing import HEAD_GROUND
from reports.pen import HAIR, QUIET, Align, Fitted, Pen, fit
from reports.sheet import A4, Facts, PaperFrame, Sheet, draw_page, new_canvas, paragraph, set_properties
from reports.sheet import TITLE as TITLE_STYLE
from reports.text import EMPTY, clean
from stock.ledger.papers import CardPaper, CardPaperLine

TITLE: Final = "Kartu Persediaan"
_SIZES: Final = (7.8, 7.2, 6.6, 6.0)
_FIGURES: Final = (*_SIZES, 5.2, 4.4)
"""A figure is rather set very small than cut in two."""
_PAD: Final = 2.4
_ROW: Final = 5 * mm
_HEAD: Final = 10 * mm
_LAYERS_HEAD: Final = 8 * mm
_FEW: Final = 10
"""So many batches are kept on one page with the sum and the signatures."""


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    wide: float
    align: Align = "left"
    font: str = REGULAR


_FIXED: Final = (
    _Column("Tanggal", 17.5 * mm), _Column("No. surat", 43 * mm), _Column("Uraian", 0),
    _Column("Masuk", 17 * mm, "right"), _Column("Keluar", 17 * mm, "right"),
    _Column("Sisa", 19 * mm, "right", SEMIBOLD), _Column("Harga satuan (Rp)", 19 * mm, "right"),
    _Column("Bertambah", 22 * mm, "right"), _Column("Berkurang", 22 * mm, "right"),
    _Column("Sisa", 23 * mm, "right", SEMIBOLD), _Column("Ket", 23 * mm),
)  # fmt: skip
_QUANTITIES, _VALUES = (3, 6), (7, 10)
"""Columns under a common head: from, to."""


def build(view: CardPaper, lines: Iterable[CardPaperLine], sheet: Sheet = A4) -> bytes:
    """Print the card across the sheet, reading the lines once."""
    turned = across(sheet)
    buffer = BytesIO()
    canvas = new_canvas(buffer, turned)
    framed = frame(f"Kartu persediaan {view.item} – {view.place}", view.head)
    set_properties(canvas, framed)
    _Press(canvas, turned, framed, view).print(lines)
    canvas.save()
    return buffer.getvalue()


class _Press:
    """Draws the card downwards and turns the page where the next line has no room."""

    def __init__(self, canvas: Any, sheet: Sheet, framed: PaperFrame, view: CardPaper) -> None:
        self._canvas, self._sheet, self._frame, self._view = canvas, sheet, framed, view
        self._pen = Pen(canvas)
        spare = sheet.room - sum(one.wide for one in _FIXED)
        self._wides = [one.wide or spare for one in _FIXED]
        self._edges = [sheet.left + edge for edge in accumulate([0.0, *self._wides])]
        self._bottom = sheet.bottom + 4 * mm
        self._right = sheet.wide - sheet.right
        day = view.as_of_at.astimezone(ZoneInfo(view.head.time_zone)).date()
        self._block = signatures(view.signers, view.names, view.head, day)
        self._told = fit(clean(_UNDER), REGULAR, (7.4, 6.8), sheet.room, 20)
        self._page, self._y = 0, 0.0
        self._open_page()

    def print(self, lines: Iterable[CardPaperLine]) -> None:
        view = self._view
        zone = ZoneInfo(view.head.time_zone)
        self._flow(head(view.head))
        self._flow(paragraph(TITLE.upper(), TITLE_STYLE))
        self._y -= 3 * mm
        self._flow(
            Facts(
                [
                    ("Barang", f"{view.item} ({view.item_code})"),
                    ("Satuan", view.unit),
                    ("Gudang", f"{view.place} ({view.place_code})"),
                    ("Masa", f"{print_day(view.first_on)} sampai {print_day(view.last_on)}"),
                    ("Menurut buku pada", print_instant(view.as_of_at, zone)),
                ],
                34 * mm,
            )
        )
        self._y -= 1 * mm
        self._draw_head()
        left = {one.batch: [one.opening_milli, one.opening_rp] for one in view.layers}
        milli, rupiah = sum(one.opening_milli for one in view.layers), sum(one.opening_rp for one in view.layers)
        self._row(
            (short_day(view.first_on), "", "Saldo awal", "", "", _milli(milli), "", "", "", print_count(rupiah), ""),
            SEMIBOLD,
        )
        came, went, gained, lost = 0, 0, 0, 0
        for line in lines:
            is_in = line.in_milli > 0
            sign = 1 if is_in else -1
            moved = line.in_milli + line.out_milli
            milli, rupiah = milli + sign * moved, rupiah + sign * line.value_rp
            layer = left.setdefault(line.batch, [0, 0])
            layer[0] += sign * moved
            layer[1] += sign * line.value_rp
            came, went = came + line.in_milli, went + line.out_milli
            gained, lost = gained + (line.value_rp if is_in else 0), lost + (0 if is_in else line.value_rp)
            self._row(
                (
                    short_day(line.event_on), line.number, line.text, _milli(line.in_milli) if is_in else "",
                    "" if is_in else _milli(line.out_milli), _milli(milli),
                    _bare(price(line.unit_price_rp, line.value_rp, moved)),
                    print_count(line.value_rp) if is_in else "", "" if is_in else print_count(line.value_rp),
                    print_count(rupiah), " · ".join(part for part in (line.batch, line.note) if part),
                )
            )  # fmt: skip
        if not view.line_count:
            self._row(("", "", "Tidak ada gerak barang dalam masa ini.", *[""] * 8))
        lying = [(batch, milli, rupiah) for batch, (milli, rupiah) in left.items() if milli]
        # The last figures stand over the signatures, never on the page before.
        self._need(_ROW + (_LAYERS_HEAD + len(lying) * _ROW if len(lying) <= _FEW else 0) + self._closing_high())
        self._row(
            (
                short_day(view.last_on), "", "Jumlah dan saldo akhir", _milli(came), _milli(went), _milli(milli), "",
                print_count(gained), print_count(lost), print_count(rupiah), "",
            ),
            BOLD,
        )  # fmt: skip
        self._pen.rule(self._sheet.left, self._y, self._right, self._y, 0.8)
        self._layers(lying)
        self._closing()
        self._pen.lift()
        self._canvas.showPage()

    # -- pages

    def _open_page(self) -> None:
        self._page += 1
        draw_page(self._pen, self._sheet, self._frame, self._page)
        self._y = self._sheet.high - self._sheet.top

    def _need(self, high: float, *, with_head: bool = True) -> None:
        if self._y - high >= self._bottom:
            return
        self._pen.lift()
        self._canvas.showPage()
        self._open_page()
        if with_head:
            self._draw_head()

    def _flow(self, part: Flowable) -> None:
        """Draw a flowable of the other papers here."""
        high = part.wrap(self._sheet.room, self._sheet.high)[1]
        self._pen.lift()
        part.drawOn(self._canvas, self._sheet.left, self._y - high)
        self._y -= high

    # -- parts

    def _draw_head(self) -> None:
        pen, left, right, top = self._pen, self._sheet.left, self._right, self._y
        pen.ground(left, top - _HEAD, right - left, _HEAD, HEAD_GROUND)
        pen.rule(left, top, right, top, 0.8)
        pen.rule(left, top - _HEAD, right, top - _HEAD, 0.8)
        groups = ((*_QUANTITIES, f"Persediaan ({clean(self._view.unit)})"), (*_VALUES, "Nilai (Rp)"))
        for first, last, label in groups:
            x0, x1 = self._edges[first], self._edges[last]
            told = fit(clean(label), SEMIBOLD, (7.8, 7, 6.2), x1 - x0 - 2 * _PAD, 10)
            pen.fitted((x0 + x1) / 2, top - 10, told, SEMIBOLD, "centre")
            pen.rule(x0, top - _HEAD / 2, x1, top - _HEAD / 2, 0.4, HAIR)
        for at, column in enumerate(_FIXED):
            is_grouped = any(first <= at < last for first, last, _ in groups)
            high = _HEAD / 2 if is_grouped else _HEAD
            told = fit(clean(column.head), SEMIBOLD, (7.6, 7, 6.2), self._wides[at] - 2 * _PAD, high - 3)
            base = top - _HEAD + high / 2 + told.height / 2 - told.size * ASCENT - 1
            self._cell(at, base, told, SEMIBOLD)
        self._y -= _HEAD

    def _row(self, texts: tuple[str, ...], font: str = "") -> None:
        cells = [
            fit(clean(text), font or column.font, _FIGURES if column.align == "right" else _SIZES, wide - 2 * _PAD, 46)
            for text, column, wide in zip(texts, _FIXED, self._wides, strict=True)
        ]
        high = max(_ROW, max(one.height for one in cells) + 4)
        self._need(high)
        top = self._y
        for at, fitted in enumerate(cells):
            base = top - high / 2 + fitted.height / 2 - fitted.size * ASCENT - 0.8
            self._cell(at, base, fitted, font or _FIXED[at].font)
        for edge in self._edges:
            self._pen.rule(edge, top, edge, top - high, 0.4, HAIR)
        self._pen.rule(self._sheet.left, top - high, self._right, top - high, 0.4, HAIR)
        self._y -= high

    def _cell(self, at: int, base: float, fitted: Fitted, font: str) -> None:
        if _FIXED[at].align == "right":
            self._pen.fitted(self._edges[at] + self._wides[at] - _PAD, base, fitted, font, "right")
        else:
            self._pen.fitted(self._edges[at] + _PAD, base, fitted, font)

    def _layers(self, lying: list[tuple[str, int, int]]) -> None:
        """Say what the closing balance is made of: one line for each batch, at its own price."""
        known = {one.batch: one for one in self._view.layers}
        if not lying:
            return
        pen, x = self._pen, self._sheet.left
        edges = (0, 34 * mm, 78 * mm, 104 * mm, 134 * mm, 166 * mm)
        wide = 200 * mm
        self._need(_LAYERS_HEAD + 3 * _ROW, with_head=False)
        self._y -= 6 * mm
        pen.text(x, self._y, "Rincian saldo akhir menurut batch", BOLD, 9)
        self._y -= 2 * mm
        for number, (batch, milli, rupiah) in enumerate(lying):
            is_last = number >= len(lying) - 2
            self._need(_ROW * (len(lying) - number) + self._closing_high() if is_last else _ROW, with_head=False)
            one = known.get(batch)
            cells = (
                batch, one.funding if one else "",
                f"ked. {short_day(one.expires_on)}" if one and one.expires_on else "",
                _milli(milli, clean(self._view.unit)), price(one.unit_price_rp if one else None, rupiah, milli),
                print_rupiah(rupiah),
            )  # fmt: skip
            ends = (*edges[1:], wide)
            for at, text in enumerate(cells):
                told = fit(clean(text), REGULAR, (7.8, 7, 6.2), ends[at] - edges[at] - 2 * mm, 9)
                if at >= 3:
                    pen.text(x + ends[at] - 1 * mm, self._y - 10, told.lines[0], REGULAR, told.size, "right")
                else:
                    pen.text(x + edges[at], self._y - 10, told.lines[0], REGULAR, told.size)
            if number == 0:
                pen.rule(x, self._y, x + wide, self._y, 0.4, HAIR)
            pen.rule(x, self._y - _ROW, x + wide, self._y - _ROW, 0.4, HAIR)
            self._y -= _ROW

    def _closing_high(self) -> float:
        return float(self._block.wrap(self._sheet.room, self._sheet.high)[1]) + self._told.height + 5 * mm

    def _closing(self) -> None:
        """Give the block to sign, never cut; room for it was kept with the last figures."""
        self._need(self._closing_high(), with_head=False)
        self._y -= 4 * mm
        self._pen.fitted(self._sheet.left, self._y - 4, self._told, ink=QUIET)
        self._y -= self._told.height
        self._flow(self._block)


_UNDER: Final = (
    "Setiap baris adalah satu batch menurut harga batchnya. Kutipan dari buku persediaan; yang dicatat kemudian dengan "
    "tanggal di dalam masa ini mengubah saldo."
)


def _milli(amount: int, unit: str = "") -> str:
    return print_quantity(amount, unit)


def _bare(text: str) -> str:
    return text if text == EMPTY else text.removeprefix("Rp")
