"""Tanda terima per household, two to a sheet: what, for whom and how much, readable at arm's length.

Drawn on the canvas for speed. What every receipt of an office has in common is one form object in the file; the QR
symbol comes from ``reports.qr``. A single receipt prints twice on one sheet, for the recipient and for the archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.lib.units import mm

from core.measures import Milli, print_count, print_day, print_instant, print_quantity
from reports.fonts import BOLD, REGULAR, SEMIBOLD, width
from reports.pen import BAD, BRAND, HAIR, INK, QUIET, RULE, WHITE, Pen, fit
from reports.sheet import (
    A4,
    LetterheadView,
    PaperCanvas,
    PaperFrame,
    Sheet,
    SignatoryView,
    copy_mark,
    draw_demo_band,
    draw_letterhead,
    draw_qr,
    draw_signature,
    draw_void_mark,
    new_canvas,
    set_properties,
)
from reports.text import EMPTY, Printable, clean, shown

TITLE: Final = "TANDA TERIMA BANTUAN"
FOR_RECIPIENT: Final = "Lembar 1 · untuk penerima"
FOR_ARCHIVE: Final = "Lembar 2 · arsip kantor"
MOST_LINES_ON_HALF: Final = 24
"""More item lines than this take a sheet of their own, so that they stay readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLineView:
    """One item handed over, as the ledger has it; ``due_milli`` where the household was due another quantity."""

    item: str
    quantity_milli: Milli
    unit: str
    due_milli: Milli | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """A household's receipt as it was issued.

    ``handed_over_at`` is aware and printed in ``zone`` (an IANA name); None leaves room for handwriting.
    ``village`` and ``district`` come with their kind ("Desa Olilit", "Kecamatan Tanimbar Selatan").
    ``nik_last4`` and ``kk_last4`` take no more than the last four digits; anything before them is dropped here again.
    ``recipient_relation`` is to the head of the household, ``recipient_proof`` the kind of paper a proxy showed.
    ``copy_no`` 0 is the original, n the n-th reprint. ``verify_url`` is upper case so that its QR symbol stays small;
    empty prints no symbol.
    """

    letterhead: LetterheadView
    number: str
    programme: str
    programme_label: str = "Kejadian"
    package_code: str
    standard_name: str = ""
    round_no: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    handed_over_at: datetime | None = None
    zone: str = "Asia/Jakarta"
    place: str = ""
    head_name: str
    address: str = ""
    rt: str = ""
    rw: str = ""
    village: str = ""
    district: str = ""
    nik_last4: str = ""
    kk_last4: str = ""
    persons: int = 0
    lines: tuple[ReceiptLineView, ...] = ()
    recipient_name: str = ""
    is_proxy: bool = False
    recipient_relation: str = ""
    recipient_proof: str = ""
    partial_reason: str = ""
    giver_name: str = ""
    giver_nip: str = ""
    giver_position: str = ""
    acknowledger_name: str = ""
    acknowledger_nip: str = ""
    acknowledger_position: str = ""
    copy_no: int = 0
    is_void: bool = False
    void_reason: str = ""
    verify_url: str = ""
    is_person: bool = False
    """The beneficiary is one person (``head_name``), not a household; ``family_of`` is the head's name then."""
    family_of: str = ""

    @property
    def is_demo(self) -> bool:
        return self.letterhead.is_demo


def build_receipt(view: ReceiptView, sheet: Sheet = A4) -> bytes:
    """Print one receipt on one sheet: the recipient's half and the archive's half."""
    return build_receipts((view,), sheet, has_archive_half=True)


def build_receipts(views: Sequence[ReceiptView], sheet: Sheet = A4, *, has_archive_half: bool = False) -> bytes:
    """Print receipts two to a sheet, in the order given; with the archive's half, one household to a sheet.

    Raises: ValueError when there is nothing to print.
    """
    if not views:
        raise ValueError("no receipts to print")
    buffer = BytesIO()
    canvas = new_canvas(buffer, sheet)
    number = views[0].number if len(views) == 1 else f"{views[0].number} – {views[-1].number}"
    set_properties(canvas, PaperFrame(title="Tanda Terima", number=number, office=views[0].letterhead.office))
    press = _Press(canvas, sheet)
    for halves in _sheets(views, has_archive_half):
        press.print_sheet(halves)
    canvas.save()
    return buffer.getvalue()


_Half = tuple[ReceiptView, str]


def _sheets(views: Sequence[ReceiptView], has_archive_half: bool) -> Iterator[tuple[_Half, ...]]:
    """Deal receipts to sheets; one with very many lines stands alone on its sheet."""
    waiting: _Half | None = None
    for view in views:
        halves: tuple[_Half, ...] = ((view, FOR_RECIPIENT), (view, FOR_ARCHIVE)) if has_archive_half else ((view, ""),)
        for half in halves:
            if len(view.lines) > MOST_LINES_ON_HALF:
                if waiting:
                    yield (waiting,)
                    waiting = None
                yield (half,)
            elif waiting:
                yield waiting, half
                waiting = None
            else:
                waiting = half
    if waiting:
        yield (waiting,)


# The layout of one receipt, in points from its lower left corner or down from its top edge.
_SIDE: Final = 13 * mm
_HEAD_TOP: Final = 6.5 * mm
_BODY_TOP: Final = 40.5 * mm
_FOOT_HIGH: Final = 52 * mm
_LEFT_WIDE: Final = 82 * mm
_GAP: Final = 6 * mm
_QR_SIDE: Final = 25 * mm
_NAME_HIGH: Final = 12.5 * mm
_NAME_SIZES: Final = (16, 14, 12.5, 11, 9.5, 8.2, 7, 6.2, 5.6)
_VALUE_SIZES: Final = (8.8, 8, 7.2, 6.4, 5.8)


class _Press:
    """Draws receipts on one canvas; parts that repeat are defined once, when they are first needed."""

    def __init__(self, canvas: PaperCanvas, sheet: Sheet) -> None:
        self._canvas = canvas
        self._sheet = sheet
        self._pen = Pen(canvas)
        self._forms: dict[tuple[LetterheadView, float, str, bool], str] = {}
        self._zones: dict[str, ZoneInfo] = {}

    def print_sheet(self, halves: Sequence[_Half]) -> None:
        pen, sheet = self._pen, self._sheet
        is_alone = len(halves[0][0].lines) > MOST_LINES_ON_HALF
        high = sheet.high if is_alone else sheet.high / 2
        names = [self._fixed_part(view.letterhead, high, label, view.is_person) for view, label in halves]
        for number, ((view, _), name) in enumerate(zip(halves, names, strict=True)):
            pen.enter(0, sheet.high - high * (number + 1))
            if view.is_void:
                draw_void_mark(pen, _SIDE, 20 * mm, sheet.wide - 2 * _SIDE, high - 44 * mm)
            pen.form(name)
            self._receipt(view, high)
            pen.leave()
        if not is_alone:
            pen.dashes(6 * mm, sheet.high / 2, sheet.wide - 6 * mm, sheet.high / 2, 0.5, RULE)
        pen.lift()
        self._canvas.showPage()

    def _fixed_part(self, letterhead: LetterheadView, high: float, label: str, is_person: bool) -> str:
        key = (letterhead, high, label, is_person)
        if key not in self._forms:
            self._forms[key] = name = f"receipt-{len(self._forms)}"
            self._canvas.beginForm(name, 0, 0, self._sheet.wide, high)
            pen = Pen(self._canvas)
            _draw_fixed(pen, letterhead, self._sheet.wide, high, label, is_person)
            pen.lift()
            self._canvas.endForm()
        return self._forms[key]

    def _receipt(self, view: ReceiptView, high: float) -> None:
        pen, wide = self._pen, self._sheet.wide
        right = wide - _SIDE
        pen.text(wide / 2, high - 36.6 * mm, "Nomor: " + shown(view.number), SEMIBOLD, 9, "centre")
        if mark := copy_mark(view.copy_no):
            span = width(mark, BOLD, 9) + 10
            pen.box(right - span, high - 33.6 * mm, span, 14, 0.9, BAD)
            pen.text(right - span / 2, high - 33.6 * mm + 4, mark, BOLD, 9, "centre", BAD)
        self._household(view, high - _BODY_TOP)
        column = _SIDE + _LEFT_WIDE + _GAP
        _draw_lines(pen, view, column, high - _BODY_TOP, right - column, high - _BODY_TOP - _FOOT_HIGH)
        self._closing(view, right)

    def _household(self, view: ReceiptView, top: float) -> None:
        pen = self._pen
        name = fit(shown(view.head_name), BOLD, _NAME_SIZES, _LEFT_WIDE, _NAME_HIGH)
        y = pen.fitted(_SIDE, top - 4.6 * mm - name.size * 0.72, name, BOLD)
        y = min(y + name.leading - 15, top - 4.6 * mm - 26)
        long = 27 if len(name.lines) < 3 else 22  # a very long name leaves less for the rest of the column
        week = ""
        if view.first_on and view.last_on:
            week = f"{_day_span(view.first_on, view.last_on)}"
        if view.round_no is not None:
            week = f"Putaran {view.round_no}" + (f", {week}" if week else "")
        facts: tuple[tuple[str, Printable, float], ...] = (
            ("Alamat", shown(_address(view)), long),
            ("No. KK", _masked(view.kk_last4), 10) if view.kk_last4 else ("NIK", _masked(view.nik_last4), 10),
            ("Keluarga", shown(view.family_of), 10)
            if view.family_of
            else ("Anggota", Printable(f"{print_count(view.persons)} jiwa") if view.persons else Printable(EMPTY), 10),
            (shown(view.programme_label), shown(view.programme), long),
            ("Paket", shown(view.package_code), 10),
            ("Isi", shown(view.standard_name), 15.7),
            ("Masa", shown(week), 10),
        )
        label_wide = 18 * mm
        for label, value, room in facts:
            pen.text(_SIDE, y, label, REGULAR, 8, ink=QUIET)
            font = SEMIBOLD if label == "Paket" else REGULAR
            fitted = fit(value, font, _VALUE_SIZES, _LEFT_WIDE - label_wide, room)
            y = pen.fitted(_SIDE + label_wide, y, fitted, font) - 2.1

    def _closing(self, view: ReceiptView, right: float) -> None:
        pen = self._pen
        y = _FOOT_HIGH - 6.5 * mm
        when = "................................................"
        if view.handed_over_at is not None:
            zone = self._zones.setdefault(view.zone, ZoneInfo(view.zone))
            when = print_instant(view.handed_over_at, zone, weekday=True)
        place = clean(view.place)
        told = clean(f"Telah diterima pada {when}" + (f" di {place}." if place else "."))
        pen.fitted(_SIDE, y, fit(told, SEMIBOLD, (8.8, 8, 7.2, 6.4), right - _SIDE, 11), SEMIBOLD)
        top = y - 2.4 * mm
        if view.verify_url:
            draw_qr(pen, view.verify_url, _SIDE - 1 * mm, top - 1 * mm, _QR_SIDE)
        left = _SIDE + _QR_SIDE + 7 * mm
        column = (right - left) / 3
        position = _position(view)
        signatories = (
            SignatoryView(caption="Yang menerima,", position=position, name=view.recipient_name),
            SignatoryView(
                caption="Yang menyerahkan,", position=view.giver_position, name=view.giver_name, nip=view.giver_nip
            ),
            SignatoryView(
                caption="Mengetahui,",
                position=view.acknowledger_position,
                name=view.acknowledger_name,
                nip=view.acknowledger_nip,
            ),
        )
        for number, signatory in enumerate(signatories):
            draw_signature(pen, signatory, left + number * column, top, column, 0.84)


def _draw_fixed(pen: Pen, letterhead: LetterheadView, wide: float, high: float, label: str, is_person: bool) -> None:
    """Draw what all receipts of one letterhead and half share."""
    right = wide - _SIDE
    draw_letterhead(pen, letterhead, _SIDE, high - _HEAD_TOP, wide - 2 * _SIDE, 0.74)
    if letterhead.is_demo:
        draw_demo_band(pen, _SIDE, high - 22.9 * mm, wide - 2 * _SIDE, 3.8 * mm)
    pen.text(wide / 2, high - 32.4 * mm, TITLE, BOLD, 13.5, "centre")
    if label:
        pen.text(_SIDE, high - 32.4 * mm, label, REGULAR, 7.5, ink=QUIET)
    top = high - _BODY_TOP
    pen.text(_SIDE, top - 2.4 * mm, "UNTUK PENERIMA" if is_person else "UNTUK KELUARGA", SEMIBOLD, 6.6, ink=QUIET)
    column = _SIDE + _LEFT_WIDE + _GAP
    pen.ground(column, top - 5 * mm, right - column, 5 * mm, BRAND)
    pen.text(column + 2 * mm, top - 3.5 * mm, "BANTUAN YANG DITERIMA", SEMIBOLD, 6.8, ink=WHITE)
    pen.text(right - 2 * mm, top - 3.5 * mm, "JUMLAH", SEMIBOLD, 6.8, "right", WHITE)
    pen.rule(_SIDE, _FOOT_HIGH - 2.2 * mm, right, _FOOT_HIGH - 2.2 * mm, 0.5, RULE)


def _draw_lines(pen: Pen, view: ReceiptView, x: float, top: float, wide: float, high: float) -> None:
    """Draw the item lines downwards from top; many lines get smaller and stand in two columns."""
    y = top - 5 * mm
    room = high - 5 * mm - 1 * mm
    if view.is_void or view.partial_reason:
        room -= 7 * mm
    count = max(1, len(view.lines))
    columns = 1 if room / count >= 3.4 * mm else 2
    rows = -(-count // columns)
    pitch = min(6.2 * mm, room / rows)
    gap = 3 * mm
    each = (wide - gap * (columns - 1)) / columns
    largest = min(10.5, pitch * 0.6)
    sizes = (largest, largest * 0.88, largest * 0.76, largest * 0.64, pitch * 0.38)
    if not view.lines:
        pen.text(x + 2 * mm, y - pitch * 0.66, EMPTY, REGULAR, 9)
    for number, line in enumerate(view.lines):
        left = x + (number // rows) * (each + gap)
        base_top = y - (number % rows) * pitch
        amount = clean(print_quantity(line.quantity_milli, clean(line.unit)))
        amount_fit = fit(amount, BOLD, [s * 1.08 for s in sizes], each * 0.45, pitch * 0.9)
        taken = max(width(part, BOLD, amount_fit.size) for part in amount_fit.lines)
        words = shown(line.item)
        due = ""
        if line.due_milli is not None and line.due_milli != line.quantity_milli:
            due = "dari " + print_quantity(line.due_milli, clean(line.unit))
        if note := "; ".join(part for part in (due, clean(line.note)) if part):
            words = Printable(f"{words} ({note})")
        name = fit(words, SEMIBOLD, sizes, each - taken - 7 * mm, pitch * 0.94)
        middle = base_top - pitch / 2
        pen.fitted(left + 2 * mm, middle + name.height / 2 - name.size * 0.92, name, SEMIBOLD)
        pen.fitted(
            left + each - 2 * mm, middle + amount_fit.height / 2 - amount_fit.size * 0.92, amount_fit, BOLD, "right"
        )
        pen.rule(left, base_top - pitch, left + each, base_top - pitch, 0.4, HAIR)
    y = top - high + 1 * mm
    if view.is_void:
        told = clean(f"DIBATALKAN: {shown(view.void_reason)}")
    elif view.partial_reason:
        told = clean(f"Diserahkan sebagian: {clean(view.partial_reason)}")
    else:
        return
    fitted = fit(told, SEMIBOLD, (8.8, 8, 7.2, 6.4), wide - 4 * mm, 15.7)
    ink = BAD if view.is_void else INK
    pen.box(x, y, wide, 6.2 * mm, 0.8, ink)
    pen.fitted(x + 2 * mm, y + 3.1 * mm + fitted.height / 2 - fitted.size * 0.92, fitted, SEMIBOLD, ink=ink)


def _masked(digits: str) -> Printable:
    """Write a person's number as its last four digits."""
    last = "".join(letter for letter in digits if letter.isascii() and letter.isdigit())[-4:]
    return Printable("•••• •••• •••• " + last) if last else Printable(EMPTY)


def _position(view: ReceiptView) -> str:
    """Say as whom the recipient signs."""
    relation, proof = clean(view.recipient_relation), clean(view.recipient_proof)
    if view.is_proxy:
        return (f"Wakil: {relation}" if relation else "Wakil keluarga") + (f" ({proof})" if proof else "")
    if relation:
        return relation
    if view.is_person:
        is_self = not clean(view.recipient_name) or clean(view.recipient_name) == clean(view.head_name)
        return "Penerima bantuan" if is_self else "Anggota keluarga"
    is_other = clean(view.recipient_name) and clean(view.recipient_name) != clean(view.head_name)
    return "Anggota keluarga" if is_other else "Kepala keluarga"


def _address(view: ReceiptView) -> str:
    unit = "/".join(f"{kind} {clean(number)}" for kind, number in (("RT", view.rt), ("RW", view.rw)) if clean(number))
    return ", ".join(part for part in (clean(view.address), unit, clean(view.village), clean(view.district)) if part)


def _day_span(first_on: date, last_on: date) -> str:
    """Write days from–to without repeating what they share: ``21–27 November 2026``."""
    if first_on == last_on:
        return print_day(last_on)
    if (first_on.year, first_on.month) == (last_on.year, last_on.month):
        return f"{first_on.day}–{print_day(last_on)}"
    if first_on.year == last_on.year:
        return f"{print_day(first_on).rsplit(' ', 1)[0]} – {print_day(last_on)}"
    return f"{print_day(first_on)} – {print_day(last_on)}"
