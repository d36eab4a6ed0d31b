"""The board of a round on one sheet across: posts by days, with the figures that the screen shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Spacer

from reports.fonts import SEMIBOLD
from reports.listing import Column, Listing
from reports.sheet import A4, NOTE, NUMBER, TITLE, Letterhead, LetterheadView, PaperFrame, Sheet, build_paper, paragraph
from reports.text import clean

NAME: Final = "Papan Jadwal Pembagian"
_SIZES: Final = (8.6, 8, 7.4, 6.8, 6.2, 5.6)
_BESIDE: Final = 56 * mm
"""What letterhead, title and notes take of the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRowView:
    post: str
    cells: tuple[str, ...]
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSheetView:
    """Up to seven days beside each other; texts are printed as they are."""

    days: tuple[str, ...]
    rows: tuple[BoardRowView, ...]
    totals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPaperView:
    letterhead: LetterheadView
    occasion: str
    subtitle: str
    sheets: tuple[BoardSheetView, ...]
    total: str
    waiting: str
    notes: tuple[str, ...]


def across(sheet: Sheet) -> Sheet:
    """Give a sheet lying on its side."""
    return Sheet(
        name=sheet.name, wide=sheet.high, high=sheet.wide, left=12 * mm, right=12 * mm, top=12 * mm, bottom=12 * mm
    )


def story(view: BoardPaperView, sheet: Sheet) -> list[Flowable]:
    """Tell the paper as flowables, for a sheet that lies on its side."""
    told: list[Flowable] = []
    room, high = sheet.room, sheet.high - sheet.top - sheet.bottom - _BESIDE
    for number, one in enumerate(view.sheets):
        if number:
            told.append(PageBreak())
        else:
            told.append(Letterhead(view.letterhead))
        told += [paragraph(f"{NAME.upper()} – {clean(view.occasion)}", _TITLE), paragraph(view.subtitle, _UNDER)]
        told.append(_listing(view, one, room, high))
    return [*told, Spacer(0, 2 * mm), paragraph(view.waiting, NOTE), *(paragraph(one, NOTE) for one in view.notes)]


def _listing(view: BoardPaperView, one: BoardSheetView, room: float, high: float) -> Listing:
    """Set the board as large as one page allows."""
    columns = (
        Column(head="Titik", share=1.25, font=SEMIBOLD),
        *(Column(head=day, share=1) for day in one.days),
        Column(head="Jumlah", share=0.95),
    )
    rows = [
        *((clean(row.post), *row.cells, row.total) for row in one.rows),
        ("Jumlah per hari", *one.totals, view.total),
    ]
    for size in _SIZES:
        made = Listing(columns, rows, size=size)
        if made.wrap(room, high)[1] <= high:
            break
    return made


def build(view: BoardPaperView, sheet: Sheet = A4) -> bytes:
    """Print the board."""
    frame = PaperFrame(
        title=f"{NAME} · {clean(view.occasion)}", office=view.letterhead.office, is_demo=view.letterhead.is_demo
    )
    return build_paper(story(view, across(sheet)), across(sheet), frame)


_TITLE: Final = TITLE.clone("board-title", spaceBefore=1 * mm)
_UNDER: Final = NUMBER.clone("board-under", spaceAfter=2 * mm)
