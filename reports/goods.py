"""Parts of the papers about goods: how a batch, its price and its signers are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from core.measures import MILLI, print_day, print_quantity, print_rupiah
from reports.fonts import SEMIBOLD
from reports.issued import letterhead_of
from reports.pen import ELLIPSIS
from reports.sheet import BODY, NOTE, Letterhead, PaperFrame, Sheet, SignatoryView, Signatures, paragraph
from reports.text import EMPTY, clean, shown
from reports.words import LARGEST, rupiah_words
from stock.ledger.papers import GoodsLine, PaperHead, PaperNames, PaperSigner

SUM: Final = ParagraphStyle("sum", parent=BODY, fontName=SEMIBOLD, fontSize=9.6, leading=13)
UNDER: Final = ParagraphStyle("under", parent=NOTE, spaceBefore=1 * mm)


def across(sheet: Sheet) -> Sheet:
    """Turn a sheet on its side, with the binding margin at the left."""
    return replace(sheet, wide=sheet.high, high=sheet.wide, left=sheet.right)


def head(office: PaperHead) -> Letterhead:
    """Make the letterhead of an issued paper."""
    return Letterhead(
        letterhead_of(
            regency_name=office.regency_name,
            office_name=office.office_name,
            address=office.address,
            contact=office.contact,
            is_demo=office.is_demo,
        )
    )


def frame(title: str, office: PaperHead, number: str = "", *, copy_no: int = 0, is_void: bool = False) -> PaperFrame:
    """Make what stands on every page of a paper about goods."""
    return PaperFrame(
        title=title,
        number=number,
        office=office.office_name,
        is_demo=office.is_demo,
        is_void=is_void,
        copy_no=copy_no,
    )


def signatures(
    signers: Sequence[PaperSigner], names: PaperNames | None, office: PaperHead, day: date | None
) -> Signatures:
    """Make the signature block; names that were erased leave room for handwriting."""
    known = names.signers if names is not None else ()
    return Signatures(
        [
            SignatoryView(
                caption=signer.caption,
                position=signer.position,
                name=known[number].name if number < len(known) else "",
                nip=known[number].employee_no if number < len(known) else "",
            )
            for number, signer in enumerate(signers)
        ],
        signed_on(office, day),
    )


def signed_on(office: PaperHead, day: date | None) -> str:
    """Write place and day as letters have them over the last signature."""
    return ", ".join(part for part in (clean(office.seat), print_day(day) if day else "") if part)


def goods(line: GoodsLine) -> str:
    """Name what a line is of: the item and its size."""
    return named(line.item, line.variant)


def named(item: str, variant: str = "") -> str:
    return ", ".join(part for part in (clean(item), clean(variant)) if part) or EMPTY


def short_day(day: date | None) -> str:
    """Write a day as narrow columns have it: ``01/03/2027``."""
    return day.strftime("%d/%m/%Y") if day else EMPTY


def price(unit_price_rp: int | None, value_rp: int, quantity_milli: int) -> str:
    """Write the price of one base unit; one that is no whole rupiah follows from the value, to two decimals."""
    if unit_price_rp is not None:
        return print_rupiah(unit_price_rp)
    if not quantity_milli:
        return EMPTY
    hundredths = (value_rp * MILLI * 100 + abs(quantity_milli) // 2) // abs(quantity_milli)
    whole, rest = divmod(hundredths, 100)
    return print_rupiah(whole) + (f",{rest:02d}" if rest else "")


def clip(text: str, most: int = 160) -> str:
    """Keep a name that stands in the closing part of a paper, which no page break may cut, to a length for that."""
    said = shown(text)
    return said if len(said) <= most else said[:most].rstrip() + ELLIPSIS


def amount(milli: int | None, unit: str) -> str:
    return EMPTY if milli is None else print_quantity(milli, clean(unit))


def total(label: str, value_rp: int) -> list[Flowable]:
    """Write a sum in figures and in words."""
    words = f" ({rupiah_words(value_rp)})" if abs(value_rp) <= LARGEST else ""
    return [paragraph(f"{label}: {print_rupiah(value_rp)}{words}.", SUM)]
