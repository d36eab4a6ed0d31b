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
_ROOMY, _TIGHT = 12, 20
"""Posts up to which the type is large, and up to which it is small but still on one page."""


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


def story(view: BoardPaperView) -> list[Flowable]:
    """Tell the paper as flowables."""
    told: list[Flowable] = []
    for number, one in enumerate(view.sheets):
        if number:
            told.append(PageBreak())
        else:
            told.append(Letterhead(view.letterhead))
        told += [paragraph(f"{NAME.upper()} – {clean(view.occasion)}", _TITLE), paragraph(view.subtitle, _UNDER)]
        size = 8.2 if len(one.rows) <= _ROOMY else 7.2 if len(one.rows) <= _TIGHT else 6.2
        told.append(
            Listing(
                (
                    Column(head="Titik", share=1.25, font=SEMIBOLD),
                    *(Column(head=day, share=1) for day in one.days),
                    Column(head="Jumlah", share=0.95),
                ),
                [
                    *((clean(row.post), *row.cells, row.total) for row in one.rows),
                    ("Jumlah per hari", *one.totals, view.total),
                ],
                size=size,
            )
        )
    return [*told, Spacer(0, 2 * mm), paragraph(view.waiting, NOTE), *(paragraph(one, NOTE) for one in view.notes)]


def build(view: BoardPaperView, sheet: Sheet = A4) -> bytes:
    """Print the board."""
    frame = PaperFrame(
        title=f"{NAME} · {clean(view.occasion)}", office=view.letterhead.office, is_demo=view.letterhead.is_demo
    )
    return build_paper(story(view), across(sheet), frame)


_TITLE: Final = TITLE.clone("board-title", spaceBefore=1 * mm)
_UNDER: Final = NUMBER.clone("board-under", spaceAfter=2 * mm)
