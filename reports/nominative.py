"""Daftar nominatif: everybody determined, by district, village and RT, with sums and signers; on paper and as XLSX.

Drawn on the canvas: twenty thousand rows are a matter of seconds. The persons' numbers are their last four digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from typing import Any, Final

import xlsxwriter
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from core.measures import MILLI, Milli, print_count, print_day, print_quantity
from logistics.programmes.papers import (
    NominativeFacts,
    NominativeLine,
    NominativePerson,
    NominativePersons,
    PaperItem,
    PaperTerm,
)
from reports.fonts import ASCENT, BOLD, REGULAR, SEMIBOLD
from reports.issued import letterhead_of
from reports.listing import HEAD_GROUND
from reports.pen import BRAND, HAIR, QUIET, WHITE, Fitted, Pen, fit
from reports.sheet import (
    A4,
    Facts,
    Letterhead,
    PaperFrame,
    Sheet,
    SignatoryView,
    Signatures,
    draw_page,
    new_canvas,
    set_properties,
    title,
)
from reports.text import EMPTY, Printable, clean, shown
from reports.words import terbilang

TITLE: Final = "Daftar Nominatif Penerima Bantuan"
UNITS: Final = {"household": "keluarga", "person": "orang", "card": "kartu"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NominativeView:
    """An issued list; ``persons`` is None, or lacks a line, where somebody was erased."""

    facts: NominativeFacts
    persons: NominativePersons | None
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    head: str
    wide: float
    align: str = "left"
    font: str = REGULAR


_SIZES: Final = (8.4, 7.8, 7.2, 6.6)
_PAD: Final = 3.0
_ROW: Final = 5.3 * mm
_BAND: Final = 6.2 * mm
_RT: Final = 5.2 * mm
_HEAD: Final = 6.6 * mm


def build(view: NominativeView, sheet: Sheet = A4) -> bytes:
    """Print the list across the sheet."""
    across = replace(sheet, wide=sheet.high, high=sheet.wide, left=sheet.right)
    buffer = BytesIO()
    canvas = new_canvas(buffer, across)
    frame = PaperFrame(
        title="Daftar Nominatif", number=view.number, office=view.facts.head.office_name,
        is_demo=view.facts.head.is_demo, is_void=view.is_void, copy_no=view.copy_no,
    )  # fmt: skip
    set_properties(canvas, frame)
    _Press(canvas, across, frame, view).print()
    canvas.save()
    return buffer.getvalue()


class _Press:
    """Draws the list downwards and turns the page where the next part has no room."""

    def __init__(self, canvas: Any, sheet: Sheet, frame: PaperFrame, view: NominativeView) -> None:
        self._canvas, self._sheet, self._frame, self._view = canvas, sheet, frame, view
        self._pen = Pen(canvas)
        self._unit = UNITS[view.facts.term.unit]
        self._columns = _columns(view.facts.term.unit, sheet.room)
        self._edges = [sheet.left + sum(one.wide for one in self._columns[:at]) for at in range(len(self._columns))]
        self._head = [fit(clean(one.head), SEMIBOLD, (7.8, 7, 6.2), one.wide - 2 * _PAD, 20) for one in self._columns]
        self._bottom = sheet.bottom + 4 * mm
        self._page = 0
        self._y = 0.0
        self._open_page()

    def print(self) -> None:
        view, facts = self._view, self._view.facts
        persons = {one.no: one for one in view.persons.lines} if view.persons else {}
        self._flow(Letterhead(letterhead_of(
            regency_name=facts.head.regency_name, office_name=facts.head.office_name, address=facts.head.address,
            contact=facts.head.contact, is_demo=facts.head.is_demo,
        )))  # fmt: skip
        for part in title(TITLE, view.number):
            self._flow(part)
        self._flow(Facts(_facts(facts), label_wide=42 * mm))
        self._y -= 2 * mm
        self._draw_head()
        for village, in_village in groupby(facts.lines, key=lambda one: one.village):
            lines = list(in_village)
            named = facts.villages[village]
            label = f"{named.name}, {named.district}"
            self._need(_BAND + _RT + _ROW)
            self._band(label, len(lines))
            for (rw, rt), in_rt in groupby(lines, key=lambda one: (one.rw, one.rt)):
                some = list(in_rt)
                told = f"RT {rt or EMPTY} / RW {rw or EMPTY}"
                if self._need(_RT + _ROW):
                    self._band(f"{label} (lanjutan)", len(lines))
                self._rt(told, len(some))
                for line in some:
                    cells, high = self._set(line, persons.get(line.no))
                    if self._need(high):
                        self._band(f"{label} (lanjutan)", len(lines))
                        self._rt(f"{told} (lanjutan)", len(some))
                    self._row(cells, high)
            self._sum(f"Jumlah {named.name}", len(lines))
        if not facts.lines:
            self._pen.text(self._sheet.wide / 2, self._y - 12, "Tidak ada penerima.", REGULAR, 9, "centre", QUIET)
            self._y -= 18
        self._recapitulation()
        self._closing()
        self._pen.lift()
        self._canvas.showPage()

    # -- pages

    def _open_page(self) -> None:
        self._page += 1
        draw_page(self._pen, self._sheet, self._frame, self._page)
        self._y = self._sheet.high - self._sheet.top

    def _need(self, high: float, *, with_head: bool = True) -> bool:
        """Turn the page when so much does not fit any more; tells whether it did."""
        if self._y - high >= self._bottom:
            return False
        self._pen.lift()
        self._canvas.showPage()
        self._open_page()
        if with_head:
            self._draw_head()
        return True

    def _flow(self, part: Flowable) -> None:
        """Draw a flowable of the other papers here."""
        high = part.wrap(self._sheet.room, self._sheet.high)[1]
        before = getattr(part, "getSpaceBefore", lambda: 0)()
        after = getattr(part, "getSpaceAfter", lambda: 0)()
        self._pen.lift()
        part.drawOn(self._canvas, self._sheet.left, self._y - before - high)
        self._y -= before + high + after

    # -- parts

    def _draw_head(self) -> None:
        pen, left, right, top = self._pen, self._sheet.left, self._sheet.wide - self._sheet.right, self._y
        pen.ground(left, top - _HEAD, right - left, _HEAD, HEAD_GROUND)
        pen.rule(left, top, right, top, 0.8)
        pen.rule(left, top - _HEAD, right, top - _HEAD, 0.8)
        for edge, column, fitted in zip(self._edges, self._columns, self._head, strict=True):
            base = top - _HEAD / 2 + fitted.height / 2 - fitted.size * ASCENT - 1
            self._cell(edge, base, column, fitted, SEMIBOLD)
        self._y -= _HEAD

    def _band(self, label: str, count: int) -> None:
        pen, left, right, top = self._pen, self._sheet.left, self._sheet.wide - self._sheet.right, self._y
        pen.ground(left, top - _BAND, right - left, _BAND, BRAND)
        base = top - _BAND / 2 - 3
        told = fit(clean(label), BOLD, (9, 8.2, 7.4), (right - left) * 0.7, 12)
        pen.text(left + 2 * mm, base, told.lines[0], BOLD, told.size, ink=WHITE)
        pen.text(right - 2 * mm, base, f"{print_count(count)} {self._unit}", SEMIBOLD, 8.4, "right", WHITE)
        self._y -= _BAND

    def _rt(self, label: str, count: int) -> None:
        pen, left, right, top = self._pen, self._sheet.left, self._sheet.wide - self._sheet.right, self._y
        pen.ground(left, top - _RT, right - left, _RT, HEAD_GROUND)
        base = top - _RT / 2 - 2.7
        pen.text(left + 2 * mm, base, clean(label), SEMIBOLD, 7.8)
        pen.text(right - 2 * mm, base, f"{print_count(count)} {self._unit}", REGULAR, 7.6, "right", QUIET)
        pen.rule(left, top - _RT, right, top - _RT, 0.4, HAIR)
        self._y -= _RT

    def _set(self, line: NominativeLine, person: NominativePerson | None) -> tuple[list[Fitted], float]:
        cells = [
            fit(text, column.font, _SIZES, column.wide - 2 * _PAD, 44)
            for text, column in zip(_cells(self._view.facts.term.unit, line, person), self._columns, strict=True)
        ]
        return cells, max(_ROW, max(one.height for one in cells) + 5)

    def _row(self, cells: list[Fitted], high: float) -> None:
        top, left, right = self._y, self._sheet.left, self._sheet.wide - self._sheet.right
        for edge, column, fitted in zip(self._edges, self._columns, cells, strict=True):
            self._cell(edge, top - high / 2 + fitted.height / 2 - fitted.size * ASCENT - 1, column, fitted, column.font)
        self._pen.rule(left, top - high, right, top - high, 0.4, HAIR)
        self._y -= high

    def _cell(self, edge: float, base: float, column: _Column, fitted: Fitted, font: str) -> None:
        if column.align == "right":
            self._pen.fitted(edge + column.wide - _PAD, base, fitted, font, "right")
        else:
            self._pen.fitted(edge + _PAD, base, fitted, font)

    def _sum(self, label: str, count: int) -> None:
        """Say how many a village has, and how much they get together."""
        told = fit(clean(f"{label}: {_together(self._view.facts.term, count)}"), SEMIBOLD, (8.4, 7.6, 6.8),
                   self._sheet.room - 4 * mm, 22)  # fmt: skip
        high = told.height + 6
        self._need(high)
        left, right = self._sheet.left, self._sheet.wide - self._sheet.right
        self._pen.fitted(right - 2 * mm, self._y - 3 - told.size * ASCENT - 0.6, told, SEMIBOLD, "right")
        self._y -= high
        self._pen.rule(left, self._y, right, self._y, 0.8)

    def _recapitulation(self) -> None:
        """Give the villages once more with their counts, where there are several."""
        facts = self._view.facts
        counts = Counter(line.village for line in facts.lines)
        if len(counts) < 2:
            return
        pen, left, right = self._pen, self._sheet.left, self._sheet.wide - self._sheet.right
        half = (right - left - 8 * mm) / 2
        rows = [
            (facts.villages[village].name, facts.villages[village].district, count)
            for village, count in sorted(counts.items())
        ]
        self._need(12 * mm + 3 * _RT, with_head=False)
        self._y -= 7 * mm
        pen.text(left, self._y, "Rekapitulasi", BOLD, 10)
        self._y -= 3 * mm
        waiting = iter(rows)
        pair = list(zip(waiting, waiting, strict=False)) + ([(rows[-1], None)] if len(rows) % 2 else [])
        for both in pair:
            if self._need(_RT, with_head=False):
                self._y -= 2 * mm
            for at, one in enumerate(both):
                if one is None:
                    continue
                x = left + at * (half + 8 * mm)
                name = fit(clean(f"{one[0]}, {one[1]}"), REGULAR, (8.2, 7.4, 6.6), half - 34 * mm, 10)
                pen.text(x, self._y - 10, name.lines[0], REGULAR, name.size)
                pen.text(x + half, self._y - 10, f"{print_count(one[2])} {self._unit}", REGULAR, 8.2, "right")
                pen.rule(x, self._y - _RT, x + half, self._y - _RT, 0.4, HAIR)
            self._y -= _RT

    def _closing(self) -> None:
        """Give the sum in figures and words, and the block to sign, together on one page."""
        facts = self._view.facts
        count = len(facts.lines)
        told = fit(
            clean(f"Jumlah seluruhnya: {_together(facts.term, count)} ({terbilang(count)} {self._unit})."), BOLD,
            (9.4, 8.6, 7.8), self._sheet.room, 34,
        )  # fmt: skip
        place = ", ".join(part for part in (clean(facts.head.seat), print_day(facts.issued_on)) if part)
        captions = ("Dibuat oleh,", "Mengetahui,", "Ditetapkan,") if len(facts.signers) == 3 else (
            "Dibuat oleh,", "Ditetapkan,")  # fmt: skip
        block = Signatures(
            [
                SignatoryView(caption=caption, position=one.position, name=one.name, nip=one.employee_no)
                for caption, one in zip(captions, facts.signers, strict=True)
            ],
            place,
        )
        high = told.height + 8 * mm + block.wrap(self._sheet.room, self._sheet.high)[1]
        self._need(high, with_head=False)
        self._y -= 6 * mm
        self._pen.fitted(self._sheet.left, self._y, told, BOLD)
        self._y -= told.height - 4
        seal = f"Sidik daftar yang ditetapkan (SHA-256): {facts.list_sha256}"
        self._pen.text(self._sheet.left, self._y - 4, clean(seal), REGULAR, 6.4, ink=QUIET)
        self._y -= 2 * mm
        self._flow(block)


@lru_cache(maxsize=8)
def _columns(unit: str, room: float) -> tuple[_Column, ...]:
    name = {"household": "Nama kepala keluarga", "person": "Nama", "card": "Nama kepala keluarga"}[unit]
    fixed = [
        _Column(head="No", wide=14 * mm, align="right"),
        _Column(head=name, wide=0, font=SEMIBOLD),
        *([_Column(head="Kepala keluarga", wide=0.001)] if unit == "person" else []),
        *([_Column(head="Kartu", wide=24 * mm)] if unit == "card" else []),
        _Column(head="NIK", wide=24 * mm),
        _Column(head="No. KK", wide=24 * mm),
        _Column(head="Kode keluarga", wide=30 * mm),
        _Column(head="Alamat", wide=0),
        *([_Column(head="Jiwa", wide=11 * mm, align="right")] if unit == "household" else []),
        _Column(head="Desil", wide=12 * mm, align="right"),
    ]
    loose = [one for one in fixed if one.wide < 1]
    each = (room - sum(one.wide for one in fixed if one.wide >= 1)) / len(loose)
    return tuple(replace(one, wide=each) if one.wide < 1 else one for one in fixed)


def _cells(unit: str, line: NominativeLine, person: NominativePerson | None) -> Iterator[Printable]:
    yield Printable(print_count(line.no))
    yield shown(person.name if person else "")
    if unit == "person":
        yield shown((person.head_name or person.name) if person else "")
    if unit == "card":
        yield _masked(person.card_last4 if person else "")
    yield _masked(person.nik_last4 if person else "")
    yield _masked(person.kk_last4 if person else "")
    yield shown(person.code if person else "")
    yield shown(person.address if person else "")
    if unit == "household":
        yield Printable(str(line.persons))
    yield Printable(str(line.decile) if line.decile is not None else EMPTY)


def _masked(digits: str) -> Printable:
    last = "".join(letter for letter in digits if letter.isascii() and letter.isdigit())[-4:]
    return Printable("•••• " + last) if last else Printable(EMPTY)


def _each(items: tuple[PaperItem, ...], times: int = 1) -> str:
    return "; ".join(f"{one.name} {print_quantity(Milli(one.quantity_milli * times), one.unit)}" for one in items)


def _together(term: PaperTerm, count: int) -> str:
    return f"{print_count(count)} {UNITS[term.unit]} – {_each(term.items, count)}"


def _facts(facts: NominativeFacts) -> list[tuple[str, str]]:
    term = facts.term
    return [
        ("Program", f"{term.programme} – {term.term}"),
        ("Masa", f"{print_day(term.first_on)} sampai {print_day(term.last_on)}"),
        ("Keputusan", f"SK Nomor {term.decree_no} tanggal {print_day(term.decree_on)}"),
        ("Wilayah", facts.region or facts.head.regency_name),
        ("Bantuan per penerima", _each(term.items)),
        ("Jumlah penerima", f"{print_count(len(facts.lines))} {UNITS[term.unit]}"),
    ]


# ---------------------------------------------------------------------------------------------------------------------
# As a workbook


def build_workbook(facts: NominativeFacts, persons: NominativePersons) -> bytes:
    """Write the list as an XLSX file: one sheet to filter, one that says what it is.

    No cell is ever a formula or a link, whatever a name begins with; numbers of persons, RT and codes are text.
    """
    buffer = BytesIO()
    options = {
        "constant_memory": False, "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(buffer, options)
    # The day of the decree, not of the writing: the same list gives the same bytes.
    book.set_properties(
        {
            "title": clean(f"{TITLE} {facts.term.programme} – {facts.term.term}"),
            "author": clean(facts.head.office_name),
            "created": datetime.combine(facts.term.decree_on, time(), UTC).replace(tzinfo=None),
        }
    )
    head = book.add_format({"bold": True, "bg_color": "#F1F3F6", "border": 1, "text_wrap": True, "valign": "vcenter"})
    text = book.add_format({"num_format": "@"})
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})
    number = book.add_format({"num_format": "#,##0.###"})
    _write_rows(book, facts, persons, (head, text, quoted, number))
    _write_about(book, facts, (head, text, quoted))
    book.close()
    return buffer.getvalue()


def _write_rows(book: Any, facts: NominativeFacts, persons: NominativePersons, formats: tuple[Any, ...]) -> None:
    head, text, quoted, number = formats
    unit, term = facts.term.unit, facts.term
    names = {one.no: one for one in persons.lines}
    columns = [
        ("No", 7), ("Kecamatan", 22), ("Desa/Kelurahan", 24), ("RW", 6), ("RT", 6), ("Kode keluarga", 17),
        ("Nama kepala keluarga" if unit == "household" else "Nama", 32), ("Kepala keluarga", 32), ("Alamat", 40),
        ("NIK (4 angka terakhir)", 12), ("No. KK (4 angka terakhir)", 12), ("Kartu (4 angka terakhir)", 12),
        ("Desil", 7), ("Jiwa", 7),
        *((f"{one.name} ({one.unit})", 14) for one in term.items),
    ]  # fmt: skip
    sheet = book.add_worksheet("Daftar")
    # One layout for every kind of term; what a kind does not know is not shown.
    unknown = {"household": {7, 11}, "person": {11, 13}, "card": {7, 13}}[unit]
    for at, (label, wide) in enumerate(columns):
        sheet.set_column(at, at, wide, None, {"hidden": True} if at in unknown else {})
        sheet.write_string(0, at, clean(label), head)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(facts.lines)), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    amounts = [_plain(one.quantity_milli) for one in term.items]
    villages = [(clean(one.district), clean(one.name)) for one in facts.villages]

    def put(row: int, at: int, words: str) -> None:
        said = clean(words)
        if said:
            sheet.write_string(row, at, said, quoted if said[0] in "=+-@'" else text)

    for row, line in enumerate(facts.lines, 1):
        one = names.get(line.no)
        sheet.write_number(row, 0, line.no)
        sheet.write_string(row, 1, villages[line.village][0], text)
        sheet.write_string(row, 2, villages[line.village][1], text)
        put(row, 3, line.rw)
        put(row, 4, line.rt)
        if one is not None:
            put(row, 5, one.code)
            put(row, 6, one.name)
            if unit != "household":
                put(row, 7, one.head_name or one.name)
            put(row, 8, one.address)
            put(row, 9, one.nik_last4)
            put(row, 10, one.kk_last4)
            put(row, 11, one.card_last4)
        if line.decile is not None:
            sheet.write_number(row, 12, line.decile)
        if unit == "household":
            sheet.write_number(row, 13, line.persons)
        for at, amount in enumerate(amounts, 14):
            sheet.write_number(row, at, amount, number)


def _write_about(book: Any, facts: NominativeFacts, formats: tuple[Any, ...]) -> None:
    head, text, quoted = formats
    sheet = book.add_worksheet("Keterangan")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    rows = [
        ("Kantor", facts.head.office_name),
        *_facts(facts),
        ("Jumlah bantuan", _each(facts.term.items, len(facts.lines))),
        ("Sidik daftar (SHA-256)", facts.list_sha256),
    ]
    if facts.head.is_demo:
        rows.insert(0, ("DEMONSTRASI", "BUKAN DOKUMEN RESMI"))
    for row, (label, words) in enumerate(rows):
        said = clean(words)
        sheet.write_string(row, 0, clean(label), head)
        sheet.write_string(row, 1, said, quoted if said[:1] in tuple("=+-@'") else text)


def _plain(milli: int) -> float:
    return milli / MILLI
