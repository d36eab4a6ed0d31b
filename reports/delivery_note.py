"""Surat Jalan: goods on the road from a warehouse to a post, signed by who gives, who drives and who receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.measures import Milli, print_count, print_day, print_instant, print_quantity
from reports.fonts import BOLD
from reports.listing import Column, Listing
from reports.sheet import (
    A4,
    NOTE,
    Facts,
    Letterhead,
    LetterheadView,
    PaperFrame,
    Sheet,
    SignatoryView,
    Signatures,
    build_paper,
    paragraph,
    title,
)
from reports.text import clean, shown

TITLE: Final = "Surat Jalan"
BLANK: Final = "." * 46
"""What is filled in by hand on the road."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLineView:
    """One batch of one item on the vehicle."""

    item: str
    quantity_milli: Milli
    unit: str
    batch: str = ""
    expires_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNoteView:
    """A surat jalan as it was issued; times not yet known leave room for handwriting."""

    letterhead: LetterheadView
    number: str
    purpose: str = ""
    issued_on: date | None = None
    place: str = ""
    from_place: str
    from_address: str = ""
    to_place: str
    to_address: str = ""
    vehicle: str = ""
    plate: str = ""
    driver: str = ""
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    zone: str = "Asia/Jakarta"
    lines: tuple[DeliveryLineView, ...] = ()
    giver_name: str = ""
    giver_nip: str = ""
    receiver_name: str = ""
    receiver_nip: str = ""
    copy_no: int = 0
    is_void: bool = False
    verify_url: str = ""


def story(view: DeliveryNoteView) -> list[Flowable]:
    """Tell the note as flowables."""
    vehicle = ", ".join(part for part in (clean(view.vehicle), clean(view.plate)) if part)
    facts = [
        ("Keperluan", view.purpose),
        ("Dari", _named(view.from_place, view.from_address)),
        ("Kepada", _named(view.to_place, view.to_address)),
        ("Kendaraan", vehicle or BLANK),
        ("Pengemudi", clean(view.driver) or BLANK),
        ("Berangkat", _moment(view.departed_at, view.zone)),
        ("Tiba", _moment(view.arrived_at, view.zone)),
    ]
    rows = [
        (
            print_count(number),
            shown(line.item),
            print_quantity(line.quantity_milli, clean(line.unit)),
            shown(line.batch),
            shown(print_day(line.expires_on) if line.expires_on else ""),
            clean(line.note),
        )
        for number, line in enumerate(view.lines, 1)
    ]
    signed = ", ".join(
        part for part in (clean(view.place), print_day(view.issued_on) if view.issued_on else "") if part
    )
    signatories = (
        SignatoryView(caption="Yang menyerahkan,", position="Petugas gudang", name=view.giver_name, nip=view.giver_nip),
        SignatoryView(caption="Yang membawa,", position="Pengemudi", name=view.driver),
        SignatoryView(caption="Yang menerima,", position="Penerima", name=view.receiver_name, nip=view.receiver_nip),
    )
    closing = (
        paragraph(
            "Barang tersebut di atas diserahkan dalam keadaan baik dan cukup. Bila jumlah yang tiba berbeda, "
            "tuliskan pada kolom Catatan sebelum menandatangani.",
            NOTE,
        ),
        Signatures(signatories, signed, view.verify_url),
    )
    return [
        Letterhead(view.letterhead),
        *title(TITLE, view.number),
        Facts(facts, 26 * mm),
        Spacer(0, 1 * mm),
        Listing(
            _COLUMNS,
            rows,
            size=9.2,
            row_high=7.5 * mm,
            empty="Tidak ada barang.",
            closing=(Spacer(0, 2.5 * mm), *closing),
        ),
    ]


def build(view: DeliveryNoteView, sheet: Sheet = A4) -> bytes:
    """Print one surat jalan."""
    frame = PaperFrame(
        title=TITLE,
        number=view.number,
        office=view.letterhead.office,
        is_demo=view.letterhead.is_demo,
        is_void=view.is_void,
        copy_no=view.copy_no,
    )
    return build_paper(story(view), sheet, frame)


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Barang", share=1.3),
    Column(head="Jumlah", wide=27 * mm, align="right", font=BOLD),
    Column(head="Batch", share=0.8),
    Column(head="Kedaluwarsa", wide=31 * mm),
    Column(head="Catatan", share=0.9),
)


def _named(place: str, address: str) -> str:
    return ", ".join(part for part in (clean(place), clean(address)) if part)


def _moment(at: datetime | None, zone: str) -> str:
    return print_instant(at, ZoneInfo(zone), weekday=True) if at else BLANK
