"""The sheet that is carried along the shelves: every batch with its symbol for the phone, and room to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.measures import print_count, print_day, print_instant
from reports.goods import UNDER, amount, frame, head, named, short_day
from reports.listing import Column, Listing
from reports.sheet import A4, Facts, Sheet, SignatoryView, Signatures, build_paper, paragraph, title
from reports.text import clean
from stock.counts.papers import CountSheet, CountSheetLine

TITLE: Final = "Lembar Hitung Stock Opname"
_BLANK: Final = "." * 30
_SPARE_ROWS: Final = 4
"""For what lies on the shelf and stands in no list."""
_ROW: Final = 14.5 * mm


def build(view: CountSheet, address: Callable[[str], str], sheet: Sheet = A4) -> bytes:
    """Print the sheet; ``address`` gives what a batch's symbol holds."""
    return build_paper(story(view, address), sheet, frame("Lembar hitung", view.head, view.code))


def story(view: CountSheet, address: Callable[[str], str]) -> list[Flowable]:
    """Tell the sheet as flowables."""
    zone = ZoneInfo(view.head.time_zone)
    rows = [
        (
            print_count(number),
            address(line.batch),
            _goods(line),
            *(() if view.is_blind else (amount(line.booked_milli, line.unit),)),
            "",
            "",
            clean(line.unit),
        )
        for number, line in enumerate(view.lines, 1)
    ]
    spare = [("", "", "", *(() if view.is_blind else ("",)), "", "", "")] * _SPARE_ROWS
    columns = [one for one in _COLUMNS if not (view.is_blind and one is _BOOKED)]
    return [
        head(view.head),
        *title(TITLE, view.code),
        Facts(
            [
                ("Tempat", ", ".join(part for part in (clean(view.place), clean(view.place_address)) if part)),
                ("Jatuh tempo", print_day(view.due_on, weekday=True)),
                ("Jumlah baris", print_count(len(view.lines))),
                ("Dicetak", print_instant(view.printed_at, zone)),
                ("Mulai / selesai", f"{_BLANK}  /  {_BLANK}"),
            ],
            30 * mm,
        ),
        paragraph(_HOW_BLIND if view.is_blind else _HOW, UNDER),
        Spacer(0, 2 * mm),
        Listing(
            columns,
            [*rows, *spare],
            size=8.8,
            row_high=_ROW,
            closing=(
                Spacer(0, 2 * mm),
                Signatures(
                    [
                        SignatoryView(caption="Penghitung pertama,"),
                        SignatoryView(caption="Penghitung kedua,"),
                        SignatoryView(caption="Saksi,"),
                    ],
                    f"{clean(view.head.seat) or _BLANK}, {_BLANK}",
                ),
            ),
        ),
    ]


_HOW: Final = (
    "Hitung semua yang ada di rak, juga yang rusak, lalu tulis jumlahnya dalam satuan yang tertera. Barang yang tidak "
    "ada dalam daftar ditulis di baris kosong. Pindai tanda di tiap baris untuk membuka batchnya di ponsel."
)
_HOW_BLIND: Final = _HOW + " Jumlah menurut buku sengaja tidak ditampilkan."


def _goods(line: CountSheetLine) -> str:
    known = [
        clean(line.batch),
        clean(line.funding),
        f"kedaluwarsa {short_day(line.expires_on)}" if line.expires_on else "",
    ]
    return " · ".join((named(line.item, line.variant), *(part for part in known if part)))


_BOOKED: Final = Column(head="Menurut buku", wide=23 * mm, align="right")
_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Pindai", wide=14.5 * mm, is_symbol=True, align="centre"),
    Column(head="Barang, batch, sumber dana", share=1),
    _BOOKED,
    Column(head="Hitungan", wide=29 * mm, align="centre"),
    Column(head="Hitung ulang", wide=29 * mm, align="centre"),
    Column(head="Satuan", wide=18 * mm),
)
