"""Daftar titik: who is served at one post on one day, hour by hour, and the goods that have to be brought.

Nothing is signed on it: the daftar tanda terima is another paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from core.measures import print_count, print_day
from reports.fonts import SEMIBOLD
from reports.listing import Column, Listing
from reports.sheet import (
    A4,
    BODY,
    NOTE,
    TITLE,
    Facts,
    Letterhead,
    LetterheadView,
    PaperFrame,
    Sheet,
    build_paper,
    paragraph,
)
from reports.text import EMPTY, clean, shown

NAME: Final = "Daftar Titik Pembagian"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostGoodsView:
    """One item that has to be at the post; ``weight`` says where it is not known."""

    item: str
    quantity: str
    weight: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtView:
    """What one warehouse brings; without a name: from where is not decided yet."""

    warehouse: str
    weight: str
    goods: tuple[PostGoodsView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedView:
    """One household, in the order in which it is served."""

    hour: str
    package_code: str
    name: str
    village: str
    persons: int
    items: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostListView:
    """What the paper says; texts are printed as they are."""

    letterhead: LetterheadView
    occasion: str
    is_term: bool
    round_no: int
    post: str
    address: str
    opening: str
    capacity: int
    serve_on: date
    households: int
    persons: int
    vulnerable: int
    weight: str
    unknown: tuple[str, ...]
    goods: tuple[PostGoodsView, ...]
    brought: tuple[BroughtView, ...]
    lines: tuple[ServedView, ...]
    printed: str


def story(view: PostListView) -> list[Flowable]:
    """Tell the paper as flowables."""
    day = print_day(view.serve_on, weekday=True)
    told: list[Flowable] = [
        Letterhead(view.letterhead),
        paragraph(NAME.upper(), TITLE),
        Spacer(0, 3 * mm),
        Facts(
            [
                ("Program" if view.is_term else "Kejadian", view.occasion),
                ("Titik pembagian", view.post),
                ("Alamat", view.address),
                ("Hari, tanggal", day),
                ("Jam buka", view.opening),
                ("Kapasitas", f"{print_count(view.capacity)} keluarga sehari"),
                (
                    "Dilayani",
                    f"{print_count(view.households)} keluarga, {print_count(view.persons)} jiwa; "
                    f"{print_count(view.vulnerable)} keluarga dengan anggota rentan",
                ),
                ("Berat barang", view.weight),
            ]
        ),
        paragraph("Barang yang dibawa ke titik", _HEAD),
        Listing(_GOODS, [(one.item, one.quantity, one.weight) for one in view.goods], size=8.6,
                empty="Tidak ada barang."),
        *_brought(view),
        paragraph("Keluarga menurut urutan dilayani", _HEAD),
        _people(view),
        Spacer(0, 2 * mm),
        paragraph(view.printed, NOTE),
    ]  # fmt: skip
    return told


def build(view: PostListView, sheet: Sheet = A4) -> bytes:
    """Print the list of one post and day."""
    frame = PaperFrame(
        title=f"{NAME} · {clean(view.post)} · {print_day(view.serve_on)}", office=view.letterhead.office,
        is_demo=view.letterhead.is_demo,
    )  # fmt: skip
    return build_paper(story(view), sheet, frame)


_HEAD: Final = BODY.clone("board-head", fontName=SEMIBOLD, fontSize=10.5, spaceBefore=4 * mm, spaceAfter=1.5 * mm)
_GOODS: Final = (
    Column(head="Barang", share=1, font=SEMIBOLD),
    Column(head="Jumlah", wide=34 * mm, align="right"),
    Column(head="Berat", wide=44 * mm, align="right"),
)
_FROM: Final = (
    Column(head="Dari gudang", share=0.7, font=SEMIBOLD),
    Column(head="Barang", share=1.6, size=7.8),
    Column(head="Berat", wide=34 * mm, align="right"),
)
_COLUMNS: Final = (
    Column(head="No", wide=9 * mm, align="right"),
    Column(head="Jam", wide=20 * mm),
    Column(head="Kode paket", wide=26 * mm),
    Column(head="Nama", share=1, font=SEMIBOLD),
    Column(head="Desa", share=0.7),
    Column(head="Jiwa", wide=10 * mm, align="right"),
    Column(head="Isi paket", share=2.4, size=7.4),
)


def _brought(view: PostListView) -> list[Flowable]:
    if not view.goods:
        return []
    notes: list[Flowable] = []
    if view.unknown:
        notes.append(paragraph(f"Berat belum diketahui: {', '.join(view.unknown)}.", NOTE))
    if not view.brought:
        return [*notes, paragraph("Gudang asal ditentukan saat rencana disetujui.", NOTE)]
    rows = [
        (one.warehouse, "; ".join(f"{clean(each.item)} {each.quantity}" for each in one.goods), one.weight)
        for one in view.brought
    ]
    return [*notes, Spacer(0, 2 * mm), Listing(_FROM, rows, size=8.6)]


def _people(view: PostListView) -> Listing:
    """List the households; a post that tells no hours has no column for them."""
    rows = [_row(number, one) for number, one in enumerate(view.lines, 1)]
    columns: tuple[Column, ...] = _COLUMNS
    if not any(one.hour for one in view.lines):
        columns, rows = (*_COLUMNS[:1], *_COLUMNS[2:]), [(*row[:1], *row[2:]) for row in rows]
    return Listing(columns, rows, size=8.2, empty="Tidak ada keluarga pada hari ini.")


def _row(number: int, one: ServedView) -> tuple[str, ...]:
    return (
        print_count(number), one.hour or EMPTY, shown(one.package_code), shown(one.name), shown(one.village),
        print_count(one.persons) if one.persons else EMPTY,
        "; ".join(part for part in (clean(one.mark), clean(one.items)) if part) or EMPTY,
    )  # fmt: skip
