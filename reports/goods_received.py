"""Surat Bukti Barang Masuk: what came from whom, in what condition, bought with whose money and worth how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.clock import local_day
from core.measures import print_count, print_instant, print_rupiah
from reports.fonts import BOLD
from reports.goods import UNDER, across, amount, frame, goods, head, price, short_day, signatures, total
from reports.listing import Column, Listing
from reports.sheet import A4, Facts, Sheet, build_paper, paragraph, title
from reports.text import clean, shown
from stock.ledger.papers import PaperNames, ReceivedFacts

TITLE: Final = "Surat Bukti Barang Masuk"
_GOOD: Final = (
    "Barang tersebut di atas telah diperiksa dan dihitung; yang baik diterima dengan cukup, yang rusak disisihkan di "
    "karantina."
)
_UNSEEN: Final = (
    "Barang diterima di karantina menurut jumlah. Keadaan baik atau rusak dicatat sesudah pemeriksaan, sebelum barang "
    "masuk ke rak."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedView:
    """An issued SBBM; ``persons`` is None where they were erased."""

    facts: ReceivedFacts
    persons: PaperNames | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: ReceivedView, sheet: Sheet = A4) -> bytes:
    """Print the paper across the sheet."""
    framed = frame(
        "SBBM",
        view.facts.head,
        view.number,
        copy_no=view.copy_no,
        is_void=view.is_void,
    )
    return build_paper(story(view), across(sheet), framed)


def story(view: ReceivedView) -> list[Flowable]:
    """Tell the paper as flowables."""
    facts = view.facts
    zone = ZoneInfo(facts.head.time_zone)
    rows = [
        (
            print_count(number),
            goods(line),
            shown(line.batch),
            shown(line.funding),
            short_day(line.expires_on),
            amount(line.quantity_milli, line.unit),
            amount(None if line.damaged_milli is None else line.quantity_milli - line.damaged_milli, line.unit),
            amount(line.damaged_milli, line.unit),
            price(line.unit_price_rp, line.value_rp, line.quantity_milli),
            print_rupiah(line.value_rp),
        )
        for number, line in enumerate(facts.lines, 1)
    ]
    day = local_day(facts.event_at, zone)
    return [
        head(facts.head),
        *title(TITLE, view.number),
        Facts(
            [
                (
                    "Dikembalikan oleh" if facts.is_return else "Penyedia/pemberi",
                    _place(facts.giver, facts.giver_address),
                ),
                ("Diterima di", _place(facts.place, facts.place_address)),
                ("Alasan" if facts.is_return else "Dasar (kontrak/SK/BAST)", facts.basis),
                ("Sumber dana", ", ".join(dict.fromkeys(clean(line.funding) for line in facts.lines if line.funding))),
                ("Diterima pada", print_instant(facts.event_at, zone, weekday=True)),
                *([("Catatan", facts.note)] if clean(facts.note) else []),
            ],
            44 * mm,
        ),
        Spacer(0, 1 * mm),
        Listing(
            _COLUMNS,
            rows,
            size=8.8,
            row_high=7 * mm,
            empty="Tidak ada barang.",
            closing=(
                Spacer(0, 2 * mm),
                *total("Jumlah nilai", sum(line.value_rp for line in facts.lines)),
                paragraph(_GOOD if facts.is_inspected else _UNSEEN, UNDER),
                signatures(facts.signers, view.persons, facts.head, day),
            ),
        ),
    ]


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang", share=1),
    Column(head="Batch", wide=30 * mm),
    Column(head="Sumber dana", wide=25 * mm),
    Column(head="Kedaluwarsa", wide=21 * mm),
    Column(head="Diterima", wide=25 * mm, align="right", font=BOLD),
    Column(head="Baik", wide=24 * mm, align="right"),
    Column(head="Rusak", wide=22 * mm, align="right"),
    Column(head="Harga satuan", wide=25 * mm, align="right"),
    Column(head="Nilai", wide=29 * mm, align="right"),
)


def _place(name: str, address: str) -> str:
    return ", ".join(part for part in (clean(name), clean(address)) if part)
