"""Surat Bukti Barang Keluar: what left a warehouse for where, asked for and agreed to, and what it was worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.clock import local_day
from core.i18n import say
from core.measures import print_count, print_instant, print_rupiah
from reports.fonts import BOLD
from reports.goods import UNDER, across, amount, frame, goods, head, price, short_day, signatures, total
from reports.listing import Column, Listing
from reports.sheet import A4, Facts, Sheet, build_paper, paragraph, title
from reports.text import clean, shown
from stock.ledger.kinds import DocumentKind
from stock.ledger.papers import GoodsLine, IssuedFacts, PaperNames

TITLE: Final = "Surat Bukti Barang Keluar"
_OUT: Final = "Barang tersebut di atas telah dikeluarkan dan diterima dalam keadaan baik dan cukup."
_ASKED: Final = " Jumlah permintaan yang kosong diisi menurut surat permintaan barang."
_OWN_NUMBER: Final = {DocumentKind.DISPATCH: "Surat jalan", DocumentKind.ASSEMBLY: "Dokumen perakitan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedView:
    """An issued SBBK; ``persons`` is None where they were erased."""

    facts: IssuedFacts
    persons: PaperNames | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: IssuedView, sheet: Sheet = A4) -> bytes:
    """Print the paper across the sheet."""
    framed = frame("SBBK", view.facts.head, view.number, copy_no=view.copy_no, is_void=view.is_void)
    return build_paper(story(view), across(sheet), framed)


def story(view: IssuedView) -> list[Flowable]:
    """Tell the paper as flowables."""
    facts = view.facts
    zone = ZoneInfo(facts.head.time_zone)
    kind = DocumentKind(facts.kind)
    rows = [
        (
            print_count(number),
            goods(line),
            shown(line.batch),
            shown(line.funding),
            short_day(line.expires_on),
            amount(line.asked_milli, line.unit) if line.asked_milli is not None else "",
            amount(line.quantity_milli, line.unit),
            price(line.unit_price_rp, line.value_rp, line.quantity_milli),
            print_rupiah(line.value_rp),
            clean(line.note),
        )
        for number, line in enumerate(facts.lines, 1)
    ]
    is_asked = all(line.asked_milli is not None for line in facts.lines)
    closing: list[Flowable] = [
        Spacer(0, 2 * mm),
        *total("Jumlah nilai", sum(line.value_rp for line in facts.lines)),
        paragraph(_OUT + ("" if is_asked else _ASKED), UNDER),
        signatures(facts.signers, view.persons, facts.head, local_day(facts.event_at, zone)),
    ]
    listing = Listing(
        _COLUMNS, rows, size=8.8, row_high=7 * mm, empty="Tidak ada barang.", closing=() if facts.made else closing
    )
    return [
        head(facts.head),
        *title(TITLE, view.number),
        Facts(
            [
                ("Dari", _place(facts.source, facts.source_address)),
                ("Kepada", _place(facts.target, facts.target_address)),
                *([("Nomor permintaan", "." * 46)] if not is_asked else []),
                *([(_OWN_NUMBER[kind], facts.document_no)] if kind in _OWN_NUMBER else []),
                ("Keperluan", facts.reason or say(kind.label, "id")),
                ("Dikeluarkan pada", print_instant(facts.event_at, zone, weekday=True)),
                *([("Catatan", facts.note)] if clean(facts.note) else []),
            ],
            44 * mm,
        ),
        Spacer(0, 1 * mm),
        listing,
        *(_made(facts.made, closing) if facts.made else []),
    ]


def _made(made: tuple[GoodsLine, ...], closing: list[Flowable]) -> list[Flowable]:
    rows = [
        (
            print_count(number),
            goods(line),
            shown(line.batch),
            short_day(line.expires_on),
            amount(line.quantity_milli, line.unit),
            price(line.unit_price_rp, line.value_rp, line.quantity_milli),
            print_rupiah(line.value_rp),
        )
        for number, line in enumerate(made, 1)
    ]
    return [
        Spacer(0, 3 * mm),
        Listing(_MADE_COLUMNS, rows, size=8.8, row_high=7 * mm, closing=closing),
    ]


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang", share=1),
    Column(head="Batch", wide=30 * mm),
    Column(head="Sumber dana", wide=25 * mm),
    Column(head="Kedaluwarsa", wide=21 * mm),
    Column(head="Jumlah permintaan", wide=25 * mm, align="right"),
    Column(head="Jumlah disetujui", wide=25 * mm, align="right", font=BOLD),
    Column(head="Harga satuan", wide=25 * mm, align="right"),
    Column(head="Nilai", wide=29 * mm, align="right"),
    Column(head="Ket", wide=18 * mm),
)
_MADE_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Hasil perakitan", share=1),
    Column(head="Batch", wide=30 * mm),
    Column(head="Kedaluwarsa", wide=21 * mm),
    Column(head="Jumlah", wide=25 * mm, align="right", font=BOLD),
    Column(head="Harga satuan", wide=25 * mm, align="right"),
    Column(head="Nilai", wide=29 * mm, align="right"),
)


def _place(name: str, address: str) -> str:
    return ", ".join(part for part in (clean(name), clean(address)) if part)
