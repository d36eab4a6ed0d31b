"""Surat pengantar salinan data: what is held about a household, why, for how long, and who saw it.

The whole data go along as a file; the letter shows numbers by their last four digits and ages instead of birth dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer

from core.measures import print_count, print_day, print_instant
from reports.fonts import BOLD
from reports.issued import letterhead_of
from reports.listing import Column, Listing
from reports.sheet import (
    A4,
    BODY,
    JUSTIFIED,
    TITLE,
    Facts,
    Letterhead,
    PaperFrame,
    Sheet,
    SignatoryView,
    Signatures,
    build_paper,
    paragraph,
)
from reports.text import EMPTY, clean

_TEXT: Final = ParagraphStyle("copy", parent=JUSTIFIED, spaceAfter=2.5 * mm)
_HEAD: Final = ParagraphStyle("copy-head", parent=BODY, fontName=BOLD, spaceBefore=3 * mm, spaceAfter=1.5 * mm)
MOST_LOOKS: Final = 200
"""Lines of the access log on paper; all of them stand in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMember:
    name: str
    relation: str
    sex: str
    age: int | None
    nik: str
    """Masked."""
    traits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyKept:
    purpose: str
    basis: str
    retention: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLook:
    at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectCopyView:
    regency_name: str
    office_name: str
    address: str
    contact: str
    seat: str
    is_demo: bool
    zone: ZoneInfo
    made_on: date
    code: str
    head_name: str
    home: str
    kk: str
    """Masked."""
    decile: str
    source: str
    members: tuple[CopyMember, ...]
    kept: tuple[CopyKept, ...]
    looks: tuple[CopyLook, ...]
    file_name: str
    sha256: str
    asked_for: str
    identity_document: str
    signer_name: str
    signer_position: str
    signer_nip: str


def build(view: SubjectCopyView, sheet: Sheet = A4) -> bytes:
    """Print the letter."""
    frame = PaperFrame(title="Salinan data pribadi", number=view.code, office=view.office_name, is_demo=view.is_demo)
    return build_paper(story(view), sheet, frame)


def story(view: SubjectCopyView) -> list[Flowable]:
    """Tell the letter as flowables."""
    return [
        Letterhead(letterhead_of(
            regency_name=view.regency_name, office_name=view.office_name, address=view.address, contact=view.contact,
            is_demo=view.is_demo,
        )),
        paragraph("SALINAN DATA PRIBADI", TITLE),
        Spacer(0, 2 * mm),
        paragraph(
            "Berdasarkan Pasal 6, Pasal 7 dan Pasal 32 Undang-Undang Nomor 27 Tahun 2022 tentang Pelindungan Data "
            "Pribadi, berikut data pribadi keluarga yang disimpan kantor ini dan rekam jejak pemrosesannya. Data "
            f"selengkapnya, dengan nomor yang utuh, ada dalam berkas {view.file_name} yang diserahkan bersama surat "
            "ini.",
            _TEXT,
        ),
        Facts(
            [
                ("Kode keluarga", view.code), ("Kepala keluarga", view.head_name), ("Alamat", view.home),
                ("Nomor KK", view.kk or EMPTY), ("Desil", view.decile), ("Sumber data", view.source),
                ("Diminta oleh", f"{view.asked_for} ({view.identity_document})"),
            ],
            34 * mm,
        ),
        *_table("Anggota keluarga", _MEMBERS, [
            (clean(one.name), clean(one.relation), one.sex, EMPTY if one.age is None else print_count(one.age),
             one.nik or EMPTY, clean(one.traits) or EMPTY)
            for one in view.members
        ], "Anggota belum dicatat satu per satu."),
        *_table("Apa yang disimpan, untuk apa, dan berapa lama", _KEPT, [
            (clean(one.purpose), clean(one.basis), clean(one.retention), print_count(one.rows)) for one in view.kept
        ], "Tidak ada."),
        *_table("Siapa yang melihat data ini", _LOOKS, [
            (print_instant(one.at, view.zone), clean(one.who), clean(one.why)) for one in view.looks[:MOST_LOOKS]
        ], "Belum ada yang melihat."),
        *([paragraph(f"{print_count(len(view.looks) - MOST_LOOKS)} baris yang lebih lama ada dalam berkasnya.", _TEXT)]
          if len(view.looks) > MOST_LOOKS else []),
        KeepTogether([
            Spacer(0, 2 * mm),
            paragraph(
                "Bila ada yang keliru, Anda berhak meminta perbaikan; kantor menjawab paling lambat tiga kali dua "
                "puluh empat jam. Bila data tidak diperlukan lagi, Anda berhak meminta penghapusan. Keduanya tidak "
                "mengurangi hak Anda atas bantuan.",
                _TEXT,
            ),
            paragraph(f"Tanda berkas (SHA-256): {view.sha256}", _TEXT),
            Signatures(
                [SignatoryView(caption="Yang menerima"),
                 SignatoryView(caption="Pejabat", position=view.signer_position, name=view.signer_name,
                               nip=view.signer_nip)],
                ", ".join(part for part in (clean(view.seat), print_day(view.made_on)) if part),
            ),
        ]),
    ]  # fmt: skip


def _table(head: str, columns: Sequence[Column], rows: Sequence[tuple[str, ...]], empty: str) -> list[Flowable]:
    return [paragraph(head, _HEAD), Listing(columns, list(rows), size=8.6, row_high=6.4 * mm, empty=empty)]


_MEMBERS: Final = (
    Column(head="Nama", share=1.2),
    Column(head="Hubungan", share=0.8),
    Column(head="L/P", wide=18 * mm),
    Column(head="Umur", wide=12 * mm, align="right"),
    Column(head="NIK", wide=34 * mm),
    Column(head="Keterangan", share=0.8),
)
_KEPT: Final = (
    Column(head="Untuk apa", share=1.3),
    Column(head="Dasar", share=1.2),
    Column(head="Berapa lama", share=0.9),
    Column(head="Baris", wide=14 * mm, align="right"),
)
_LOOKS: Final = (
    Column(head="Kapan", wide=48 * mm),
    Column(head="Siapa", share=1),
    Column(head="Untuk apa", share=1.2),
)
