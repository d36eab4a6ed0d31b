"""Lampiran LPJ: the annex of accountability of a term, from the decree to the receipts and to those not served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Spacer

from core.measures import Milli, print_count, print_day, print_quantity
from logistics.programmes.papers import AccountFacts, AccountPersons
from reports.fonts import BOLD, SEMIBOLD
from reports.issued import letterhead_of
from reports.listing import Column, Listing
from reports.nominative import UNITS
from reports.sheet import (
    A4,
    BODY,
    NOTE,
    Facts,
    Letterhead,
    PaperFrame,
    Sheet,
    SignatoryView,
    Signatures,
    build_paper,
    paragraph,
    title,
)
from reports.text import EMPTY, clean, shown
from reports.words import terbilang

TITLE: Final = "Lampiran Laporan Pertanggungjawaban"
_SECTION: Final = ParagraphStyle(
    "section", parent=BODY, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=4 * mm, spaceAfter=1.5 * mm
)  # fmt: skip
_ROOM: Final = 34 * mm
_UNDER: Final = ParagraphStyle("under", parent=NOTE, spaceBefore=1.5 * mm)
_LEFT: Final = (
    "Sisa di titik adalah yang dikirim dan tidak diserahkan: masih di titik pembagian atau telah dibawa kembali. "
    "Terutang adalah sisa dari serah terima sebagian yang belum diserahkan."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An issued annex; ``persons`` is None, or lacks a name, where somebody was erased."""

    facts: AccountFacts
    persons: AccountPersons | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


def build(view: AccountView, sheet: Sheet = A4) -> bytes:
    """Print the annex."""
    head = view.facts.head
    frame = PaperFrame(
        title="Lampiran LPJ", number=view.number, office=head.office_name, is_demo=head.is_demo, is_void=view.is_void,
        copy_no=view.copy_no,
    )  # fmt: skip
    return build_paper(story(view), sheet, frame)


def story(view: AccountView) -> list[Flowable]:
    """Tell the annex as flowables."""
    facts = view.facts
    names = {one.key: one.name for one in view.persons.names} if view.persons else {}
    unit = UNITS[facts.term.unit]
    served = sum(one.handed_over for one in facts.villages)
    receipts = print_count(len(facts.receipts))
    place = ", ".join(part for part in (clean(facts.head.seat), print_day(facts.issued_on)) if part)
    signatures = Signatures(
        [
            SignatoryView(caption=caption, position=one.position, name=one.name, nip=one.employee_no)
            for caption, one in zip(("Dibuat oleh,", "Mengetahui,"), facts.signers, strict=True)
        ],
        place,
    )
    return [
        Letterhead(
            letterhead_of(
                regency_name=facts.head.regency_name,
                office_name=facts.head.office_name,
                address=facts.head.address,
                contact=facts.head.contact,
                is_demo=facts.head.is_demo,
            )
        ),
        *title(TITLE, view.number),
        Facts(_facts(facts), label_wide=42 * mm),
        *_section("1. Realisasi per desa/kelurahan"),
        Listing(_village_columns(unit), _village_rows(facts), size=8.4, empty="Tidak ada penerima."),
        paragraph(f"Penerima terlayani: {print_count(served)} ({terbilang(served)}) {unit}.", _UNDER),
        *_section("2. Barang dan uang"),
        Listing(_ITEM_COLUMNS, _item_rows(facts), size=8.4),
        paragraph(_LEFT, _UNDER),
        *_section(f"3. Penerima yang tidak terlayani ({print_count(len(facts.missed))} {unit})"),
        Listing(_MISS_COLUMNS, _miss_rows(facts, names), size=8.2, empty="Semua penerima terlayani."),
        *_minutes(facts),
        *_section(f"{5 if facts.is_closed else 4}. Daftar tanda terima ({receipts} lembar)"),
        Listing(
            _RECEIPT_COLUMNS,
            _receipt_rows(facts, names),
            size=8,
            empty="Belum ada tanda terima.",
            closing=(Spacer(1, 4 * mm), signatures),
        ),
    ]


def _section(text: str) -> list[Flowable]:
    """Head a table that may run over pages: it begins here wherever its head and a few rows still fit."""
    return [CondPageBreak(_ROOM), paragraph(text, _SECTION)]


def _facts(facts: AccountFacts) -> list[tuple[str, str]]:
    term = facts.term
    items = "; ".join(f"{one.name} {print_quantity(Milli(one.quantity_milli), one.unit)}" for one in term.items)
    return [
        ("Program", f"{term.programme} – {term.term}"),
        ("Masa", f"{print_day(term.first_on)} sampai {print_day(term.last_on)}"),
        ("Dasar", f"SK Nomor {term.decree_no} tanggal {print_day(term.decree_on)}"),
        ("Sumber dana", facts.funding_source),
        ("Pemasok", facts.supplier),
        ("Penyalur", facts.distributor),
        ("Bantuan per penerima", items),
        ("Keadaan", "Ditutup" if facts.is_closed else f"Belum ditutup; angka pada {print_day(facts.issued_on)}"),
        ("Sidik daftar (SHA-256)", facts.list_sha256),
    ]


def _minutes(facts: AccountFacts) -> list[Flowable]:
    if not facts.is_closed:
        return []
    heading = _section("4. Berita acara penutupan")
    if not facts.minutes_no:
        return [*heading, paragraph("Ditutup tanpa sisa: semua yang ditetapkan telah diserahkan atau dikembalikan.")]
    return [*heading, Facts([("Nomor", facts.minutes_no), ("Isi", facts.minutes)], label_wide=20 * mm)]


def _village_columns(unit: str) -> tuple[Column, ...]:
    return (
        Column(head="No", wide=9 * mm, align="right"),
        Column(head="Desa/Kelurahan", share=1, font=SEMIBOLD),
        Column(head=f"Ditetapkan ({unit})", wide=24 * mm, align="right"),
        Column(head="Diserahkan", wide=31 * mm, align="right"),
        Column(head="Dikembalikan", wide=24 * mm, align="right"),
        Column(head="Terbuka", wide=18 * mm, align="right"),
    )


def _village_rows(facts: AccountFacts) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (
            print_count(no), shown(one.name), print_count(one.determined),
            print_count(one.handed_over) + (f" ({print_count(one.open_rests)} sebagian)" if one.open_rests else ""),
            print_count(one.returned), print_count(one.open),
        )
        for no, one in enumerate(facts.villages, 1)
    ]  # fmt: skip
    if len(facts.villages) > 1:
        rows.append(
            (
                "", "Jumlah",
                *(
                    print_count(sum(getattr(one, part) for one in facts.villages))
                    for part in ("determined", "handed_over", "returned", "open")
                ),
            )
        )  # fmt: skip
    return rows


_ITEM_COLUMNS: Final = (
    Column(head="Barang", share=1, font=SEMIBOLD),
    Column(head="Ditetapkan", wide=29 * mm, align="right"),
    Column(head="Dikirim ke titik", wide=29 * mm, align="right"),
    Column(head="Diserahkan", wide=29 * mm, align="right"),
    Column(head="Sisa di titik", wide=27 * mm, align="right"),
    Column(head="Terutang", wide=24 * mm, align="right"),
)


def _item_rows(facts: AccountFacts) -> list[tuple[str, ...]]:
    def told(milli: int, unit: str) -> str:
        return print_quantity(Milli(milli), unit)

    return [
        (
            shown(one.name), told(one.due_milli, one.unit), EMPTY if one.is_money else told(one.sent_milli, one.unit),
            told(one.handed_over_milli, one.unit), EMPTY if one.is_money else told(one.left_milli, one.unit),
            told(one.rest_milli, one.unit),
        )
        for one in facts.items
    ]  # fmt: skip


_MISS_COLUMNS: Final = (
    Column(head="No", wide=10 * mm, align="right"),
    Column(head="Nama", share=1, font=SEMIBOLD),
    Column(head="Desa/Kelurahan", share=0.9),
    Column(head="Kode paket", wide=27 * mm),
    Column(head="Sebab", share=0.7),
    Column(head="Langkah berikutnya", share=0.9),
)


def _miss_rows(facts: AccountFacts, names: dict[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            print_count(one.no), shown(names.get(str(one.no))), shown(one.village), shown(one.package_code),
            shown(one.reason),
            shown(f"{one.next_step}, paling lambat {print_day(one.due_on)}" if one.due_on else one.next_step),
        )
        for one in facts.missed
    ]  # fmt: skip


_RECEIPT_COLUMNS: Final = (
    Column(head="No", wide=12 * mm, align="right"),
    Column(head="Nomor tanda terima", wide=46 * mm),
    Column(head="Tanggal", wide=29 * mm),
    Column(head="Kode paket", wide=27 * mm),
    Column(head="Nama", share=1, font=SEMIBOLD),
    Column(head="Desa/Kelurahan", share=0.9),
)


def _receipt_rows(facts: AccountFacts, names: dict[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            print_count(no), shown(one.number), print_day(one.day),
            one.package_code + (" (sebagian)" if one.is_partial else ""), shown(names.get(one.number)),
            shown(one.village),
        )
        for no, one in enumerate(facts.receipts, 1)
    ]  # fmt: skip
