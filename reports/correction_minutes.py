"""Berita Acara Penghapusan, Penyesuaian or Pembalikan: what the books were corrected by, why, and who agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.clock import local_day
from core.measures import print_count, print_instant, print_quantity, print_rupiah
from reports.fonts import BOLD
from reports.goods import UNDER, frame, goods, head, price, short_day, signatures, total
from reports.listing import Column, Listing
from reports.sheet import A4, JUSTIFIED, Facts, Sheet, build_paper, paragraph, title
from reports.text import EMPTY, clean
from reports.words import date_words
from stock.corrections.papers import CorrectedLine, CorrectionFacts
from stock.ledger.kinds import DocumentKind
from stock.ledger.papers import PaperNames

TITLES: Final = {
    DocumentKind.WRITE_OFF: "Berita Acara Penghapusan Persediaan",
    DocumentKind.ADJUSTMENT: "Berita Acara Penyesuaian Persediaan",
    DocumentKind.REVERSAL: "Berita Acara Pembalikan Dokumen Persediaan",
}
_FEET: Final = {
    DocumentKind.WRITE_OFF: "BA Penghapusan",
    DocumentKind.ADJUSTMENT: "BA Penyesuaian",
    DocumentKind.REVERSAL: "BA Pembalikan",
}
_DONE: Final = {
    DocumentKind.WRITE_OFF: "dihapuskan dari catatan persediaan",
    DocumentKind.ADJUSTMENT: "disesuaikan catatannya dengan keadaan yang sebenarnya",
    DocumentKind.REVERSAL: "dikembalikan catatannya seperti sebelum dokumen yang dibalik",
}
_TEXT: Final = ParagraphStyle("minutes", parent=JUSTIFIED, spaceAfter=2.5 * mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMinutesView:
    """Issued minutes of a correction; ``persons`` is None where they were erased."""

    facts: CorrectionFacts
    persons: PaperNames | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: CorrectionMinutesView, sheet: Sheet = A4) -> bytes:
    """Print the minutes."""
    foot = _FEET[DocumentKind(view.facts.kind)]
    return build_paper(
        story(view), sheet, frame(foot, view.facts.head, view.number, copy_no=view.copy_no, is_void=view.is_void)
    )


def story(view: CorrectionMinutesView) -> list[Flowable]:
    """Tell the minutes as flowables."""
    facts = view.facts
    kind = DocumentKind(facts.kind)
    zone = ZoneInfo(facts.head.time_zone)
    day = local_day(facts.decided_at or facts.event_at, zone)
    rows = [
        (
            print_count(number),
            goods(line.goods),
            " · ".join(part for part in (clean(line.goods.batch), clean(line.goods.funding)) if part) or EMPTY,
            short_day(line.goods.expires_on),
            _signed(line),
            price(line.goods.unit_price_rp, line.goods.value_rp, line.goods.quantity_milli),
            print_rupiah(line.goods.value_rp if line.difference_milli > 0 else -line.goods.value_rp),
        )
        for number, line in enumerate(facts.lines, 1)
    ]
    gained = sum(line.goods.value_rp for line in facts.lines if line.difference_milli > 0)
    lost = sum(line.goods.value_rp for line in facts.lines if line.difference_milli < 0)
    sums = [
        *(total("Nilai yang berkurang", lost) if lost or not gained else []),
        *(total("Nilai yang bertambah", gained) if gained else []),
    ]
    return [
        head(facts.head),
        *title(TITLES[kind], view.number),
        paragraph(
            f"Pada hari ini {date_words(day)}, kami yang bertanda tangan di bawah ini menyatakan bahwa barang berikut "
            f"{_DONE[kind]}.",
            _TEXT,
        ),
        Facts(
            [
                ("Tempat", facts.places),
                *([("Dokumen yang dibalik", facts.reverses)] if facts.reverses else []),
                ("Sebab", facts.reason),
                ("Waktu kejadian", print_instant(facts.event_at, zone, weekday=True)),
                *([("Berita acara luar", facts.minutes_no)] if clean(facts.minutes_no) else []),
                *([("Diusulkan", print_instant(facts.asked_at, zone))] if facts.asked_at else []),
                *([("Disetujui", _decided(facts, zone))] if facts.decided_at else []),
            ],
            38 * mm,
        ),
        # Whole, however long: it is what the minutes are about.
        *([paragraph(f"Uraian kejadian: {clean(facts.note)}", _TEXT)] if clean(facts.note) else []),
        Listing(
            _COLUMNS,
            rows,
            size=8.6,
            row_high=7 * mm,
            empty="Tidak ada barang.",
            closing=(
                Spacer(0, 2 * mm),
                *sums,
                paragraph(
                    "Demikian berita acara ini dibuat dengan sebenarnya untuk dipergunakan sebagaimana mestinya.", UNDER
                ),
                signatures(facts.signers, view.persons, facts.head, day),
            ),
        ),
    ]


def _signed(line: CorrectedLine) -> str:
    return ("+" if line.difference_milli > 0 else "") + print_quantity(line.difference_milli, clean(line.goods.unit))


def _decided(facts: CorrectionFacts, zone: ZoneInfo) -> str:
    when = print_instant(facts.decided_at, zone) if facts.decided_at else ""
    return " – ".join(part for part in (when, clean(facts.decision_note)) if part)


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang", share=1),
    Column(head="Batch, sumber dana", share=0.9),
    Column(head="Kedaluwarsa", wide=21 * mm),
    Column(head="Jumlah", wide=25 * mm, align="right", font=BOLD),
    Column(head="Harga satuan", wide=23 * mm, align="right"),
    Column(head="Nilai", wide=28 * mm, align="right"),
)
