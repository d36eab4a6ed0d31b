"""Daftar Tanda Terima: who receives what at one post on one day, with a cell to sign in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from core.measures import Milli, print_count, print_day, print_quantity
from reports.fonts import SEMIBOLD
from reports.listing import Column, Listing
from reports.sheet import (
    A4,
    Facts,
    Letterhead,
    LetterheadView,
    PaperFrame,
    Sheet,
    SignatoryView,
    Signatures,
    build_paper,
    title,
)
from reports.text import EMPTY, clean, shown

TITLE: Final = "Daftar Tanda Terima Bantuan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedItemView:
    """One item of a package on a list."""

    item: str
    quantity_milli: Milli
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLineView:
    """One household on the list. ``mark`` stands in the signature cell of a line that is not to be signed."""

    package_code: str
    head_name: str
    address: str = ""
    persons: int = 0
    items: tuple[ListedItemView, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureListView:
    """The list of one post and one day, households in the order in which they are served."""

    letterhead: LetterheadView
    number: str = ""
    programme: str
    post: str
    address: str = ""
    village: str = ""
    district: str = ""
    serve_on: date | None = None
    lines: tuple[SignatureLineView, ...] = ()
    place: str = ""
    officer_name: str = ""
    officer_nip: str = ""
    officer_position: str = "Petugas titik pembagian"
    acknowledger_name: str = ""
    acknowledger_nip: str = ""
    acknowledger_position: str = ""
    copy_no: int = 0
    is_void: bool = False
    verify_url: str = ""
    is_person: bool = False
    """The lines are persons, not households."""
    is_term: bool = False


def story(view: SignatureListView) -> list[Flowable]:
    """Tell the list as flowables."""
    day = print_day(view.serve_on, weekday=True) if view.serve_on else ""
    persons = sum(line.persons for line in view.lines)
    facts = [
        ("Program" if view.is_term else "Kejadian", view.programme),
        ("Titik pembagian", view.post),
        ("Alamat", view.address),
        ("Kelurahan/Desa", view.village),
        ("Kecamatan", view.district),
        ("Hari, tanggal", day),
        (
            "Jumlah",
            f"{print_count(len(view.lines))} orang"
            if view.is_person
            else f"{print_count(len(view.lines))} keluarga, {print_count(persons)} jiwa",
        ),
    ]
    rows = [_row(number, line) for number, line in enumerate(view.lines, 1)]
    place = clean(view.place)
    signed = ", ".join(part for part in (place, print_day(view.serve_on) if view.serve_on else "") if part)
    signatories = (
        SignatoryView(
            caption="Mengetahui,",
            position=view.acknowledger_position,
            name=view.acknowledger_name,
            nip=view.acknowledger_nip,
        ),
        SignatoryView(
            caption="Yang menyerahkan,",
            position=view.officer_position,
            name=view.officer_name,
            nip=view.officer_nip,
        ),
    )
    return [
        Letterhead(view.letterhead),
        *title(TITLE, view.number),
        Facts(facts),
        Listing(
            _PERSON_COLUMNS if view.is_person else _COLUMNS,
            rows,
            size=8.4,
            row_high=13 * mm,
            empty="Tidak ada keluarga pada hari ini.",
            closing=(Signatures(signatories, signed, view.verify_url),),
        ),
    ]


def build(view: SignatureListView, sheet: Sheet = A4) -> bytes:
    """Print the list of one post and day."""
    frame = PaperFrame(
        title="Daftar Tanda Terima",
        number=view.number,
        office=view.letterhead.office,
        is_demo=view.letterhead.is_demo,
        is_void=view.is_void,
        copy_no=view.copy_no,
    )
    return build_paper(story(view), sheet, frame)


_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Kode paket", wide=25 * mm),
    Column(head="Nama kepala keluarga", share=1, font=SEMIBOLD),
    Column(head="Alamat", share=0.85),
    Column(head="Jiwa", wide=10 * mm, align="right"),
    Column(head="Isi paket", share=1.5, size=7.4),
    Column(head="Tanda tangan / cap jempol", wide=31 * mm, size=7.4),
)
_PERSON_COLUMNS: Final = tuple(
    replace(each, head="Nama penerima") if each.font == SEMIBOLD else each for each in _COLUMNS
)


def _row(number: int, line: SignatureLineView) -> tuple[str, ...]:
    items = "; ".join(f"{clean(each.item)} {print_quantity(each.quantity_milli, each.unit)}" for each in line.items)
    return (
        print_count(number),
        shown(line.package_code),
        shown(line.head_name),
        shown(line.address),
        print_count(line.persons) if line.persons else EMPTY,
        items or EMPTY,
        clean(line.mark) or f"{number}.",
    )
