"""Berita Acara Stock Opname: what was counted on the shelf against the books, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Spacer

from core.clock import local_day
from core.measures import print_count, print_day, print_instant, print_quantity, print_rupiah
from reports.fonts import BOLD
from reports.goods import UNDER, amount, clip, frame, head, named, price, short_day, signatures, total
from reports.listing import Column, Listing
from reports.sheet import A4, BODY, JUSTIFIED, Sheet, build_paper, paragraph, title
from reports.text import EMPTY, clean, shown
from reports.words import date_words
from stock.counts.papers import CountFacts, CountPaperLine
from stock.ledger.papers import PaperNames

TITLE: Final = "Berita Acara Stock Opname"
_SECTION: Final = ParagraphStyle(
    "section", parent=BODY, fontName=BOLD, fontSize=10, leading=13, spaceBefore=3 * mm, spaceAfter=1.5 * mm
)  # fmt: skip
_TEXT: Final = ParagraphStyle("minutes", parent=JUSTIFIED, spaceAfter=2.5 * mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMinutesView:
    """Issued minutes of a count; ``persons`` is None where they were erased."""

    facts: CountFacts
    persons: PaperNames | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: CountMinutesView, sheet: Sheet = A4) -> bytes:
    """Print the minutes."""
    framed = frame("BA Stock Opname", view.facts.head, view.number, copy_no=view.copy_no, is_void=view.is_void)
    return build_paper(story(view), sheet, framed)


def story(view: CountMinutesView) -> list[Flowable]:
    """Tell the minutes as flowables."""
    facts = view.facts
    zone = ZoneInfo(facts.head.time_zone)
    approver = view.persons.others[0] if view.persons and view.persons.others else ""
    signed = local_day(facts.approved_at, zone)
    rows = [
        (
            print_count(number),
            _goods(line),
            amount(line.booked_milli, line.unit),
            amount(line.counted_milli, line.unit),
            _difference(line),
            price(line.unit_price_rp, line.value_rp, line.counted_milli or 0),
            print_rupiah(line.value_rp),
        )
        for number, line in enumerate(facts.lines, 1)
    ]
    closing: list[Flowable] = [
        *total("Jumlah nilai persediaan menurut hasil hitung", sum(line.value_rp for line in facts.lines)),
        paragraph(
            f"Hasil hitung disetujui {clip(approver)} pada {print_instant(facts.approved_at, zone)}; yang menghitung "
            "dan yang menyetujui adalah orang yang berbeda. Demikian berita acara ini dibuat dengan sebenarnya dalam "
            "rangkap dua.",
            UNDER,
        ),
        signatures(facts.signers, view.persons, facts.head, signed),
    ]
    differing = [(number, line) for number, line in enumerate(facts.lines, 1) if _differs(line)]
    listing = Listing(
        _COLUMNS,
        rows,
        size=8.6,
        row_high=7 * mm,
        empty="Tidak ada barang di tempat ini.",
        closing=() if differing else (Spacer(0, 2 * mm), paragraph(_SAME, _TEXT), *closing),
    )
    return [
        head(facts.head),
        *title(TITLE, view.number),
        paragraph(_opening(facts, zone), _TEXT),
        *([paragraph(f"Catatan: {clean(facts.note)}", _TEXT)] if clean(facts.note) else []),
        listing,
        *(_differences(facts, differing, closing) if differing else []),
    ]


_SAME: Final = "Hasil hitung sama dengan catatan untuk semua barang; tidak ada penyesuaian."


def _opening(facts: CountFacts, zone: ZoneInfo) -> str:
    where = ", ".join(part for part in (clean(facts.place), clean(facts.place_address)) if part)
    how = "Penghitung tidak melihat catatan buku saat menghitung." if facts.is_blind else ""
    return (
        f"Pada hari ini {date_words(local_day(facts.approved_at, zone))}, kami yang bertanda tangan di bawah ini "
        f"menyatakan telah dilakukan penghitungan fisik persediaan (stock opname {clean(facts.code)}) di "
        f"{where or EMPTY}, dengan keadaan per tanggal {print_day(facts.counted_on)}, dan hasilnya dibandingkan dengan "
        f"kartu persediaan pada saat tiap barang dihitung. {how} Hasilnya sebagai berikut."
    )


def _differences(
    facts: CountFacts, differing: list[tuple[int, CountPaperLine]], closing: list[Flowable]
) -> list[Flowable]:
    rows = [
        (
            print_count(number),
            named(line.item, line.variant),
            shown(line.batch),
            _difference(line),
            ". ".join(part for part in (clean(line.reason), clean(line.note)) if part) or EMPTY,
        )
        for number, line in differing
    ]
    booked = (
        f"Selisih telah dibukukan dengan penyesuaian Nomor {clip(facts.adjustment_no)}."
        if clean(facts.adjustment_no)
        else "Selisih tidak dibukukan."
    )
    return [
        CondPageBreak(45 * mm),
        paragraph(f"Selisih dan sebabnya ({print_count(len(differing))} baris)", _SECTION),
        Listing(
            _DIFFERENCE_COLUMNS,
            rows,
            size=8.6,
            row_high=7 * mm,
            closing=(Spacer(0, 2 * mm), paragraph(booked, _TEXT), *closing),
        ),
    ]


def _differs(line: CountPaperLine) -> bool:
    return line.counted_milli is not None and line.counted_milli != line.booked_milli


def _difference(line: CountPaperLine) -> str:
    if line.counted_milli is None:
        return EMPTY
    difference = line.counted_milli - line.booked_milli
    if not difference:
        return "0"
    return ("+" if difference > 0 else "") + print_quantity(difference, clean(line.unit))


def _goods(line: CountPaperLine) -> str:
    known = [
        clean(line.batch),
        clean(line.funding),
        f"kedaluwarsa {short_day(line.expires_on)}" if line.expires_on else "",
    ]
    return " · ".join((named(line.item, line.variant), *(part for part in known if part)))


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang, batch, sumber dana", share=1),
    Column(head="Menurut buku", wide=22 * mm, align="right"),
    Column(head="Hasil hitung", wide=22 * mm, align="right", font=BOLD),
    Column(head="Selisih", wide=20 * mm, align="right"),
    Column(head="Harga satuan", wide=22 * mm, align="right"),
    Column(head="Jumlah nilai", wide=27 * mm, align="right"),
)
_DIFFERENCE_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang", share=0.8),
    Column(head="Batch", wide=29 * mm),
    Column(head="Selisih", wide=25 * mm, align="right", font=BOLD),
    Column(head="Sebab", share=1),
)
