"""Undangan: who is invited where and when, for what, what to bring, and a QR by which the post finds the package.

Three to a sheet, to be cut apart; drawn on the canvas, for a term invites thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from reportlab.lib.units import mm

from core.measures import ZONE_SHORT, Milli, print_day, print_quantity
from logistics.programmes.papers import InvitationFacts, InvitationLine, InvitationPerson, InvitationPersons
from reports.fonts import BOLD, REGULAR, SEMIBOLD, width
from reports.issued import letterhead_of
from reports.pen import BAD, BRAND, QUIET, RULE, WHITE, Pen, fit
from reports.qr import make_symbol
from reports.sheet import (
    A4,
    PaperCanvas,
    PaperFrame,
    Sheet,
    copy_mark,
    draw_demo_band,
    draw_letterhead,
    draw_void_mark,
    new_canvas,
    set_properties,
)
from reports.text import clean, print_nip, shown

TITLE: Final = "UNDANGAN PENERIMAAN BANTUAN"
BRING: Final = "KTP asli dan Kartu Keluarga (KK) asli, serta undangan ini"
BRING_RELIEF: Final = "Undangan ini, serta KTP atau Kartu Keluarga (KK) bila masih ada"
ABSENT_RELIEF: Final = (
    "Bila berhalangan, wakil membawa undangan ini dan KTP-nya sendiri. Surat yang hilang karena bencana tidak menjadi "
    "halangan. Bantuan ini tidak dipungut biaya apa pun."
)
ABSENT: Final = (
    "Bila berhalangan, wakil membawa surat kuasa, KTP-nya sendiri, serta KTP dan KK penerima. "
    "Bantuan ini tidak dipungut biaya apa pun."
)
EACH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """Issued invitations; ``verify_url`` gives the address in the QR for a package's reference (hex)."""

    facts: InvitationFacts
    persons: InvitationPersons | None
    verify_url: Callable[[str], str]
    number: str = ""
    copy_no: int = 0
    is_void: bool = False


_SIDE: Final = 13 * mm
_LEFT_WIDE: Final = 106 * mm
_GAP: Final = 7 * mm
_BODY: Final = 27.5 * mm
"""Down from the top edge of an invitation."""
_QR: Final = 27 * mm


def build(view: InvitationView, sheet: Sheet = A4) -> bytes:
    """Print invitations three to a sheet, in the order in which they are carried out."""
    buffer = BytesIO()
    canvas = new_canvas(buffer, sheet)
    frame = PaperFrame(title="Undangan", number=view.number, office=view.facts.head.office_name)
    set_properties(canvas, frame)
    _Press(canvas, sheet, view).print()
    canvas.save()
    return buffer.getvalue()


class _Press:
    """Draws the invitations on one canvas; what all of them share is one form."""

    def __init__(self, canvas: PaperCanvas, sheet: Sheet, view: InvitationView) -> None:
        self._canvas, self._sheet, self._view = canvas, sheet, view
        self._high = sheet.high / EACH
        self._pen = Pen(canvas)

    def print(self) -> None:
        view, pen, sheet = self._view, self._pen, self._sheet
        persons = {one.no: one for one in view.persons.lines} if view.persons else {}
        self._canvas.beginForm("invitation", 0, 0, sheet.wide, self._high)
        self._fixed()
        self._canvas.endForm()
        for first in range(0, max(1, len(view.facts.lines)), EACH):
            some = view.facts.lines[first : first + EACH]
            for at, line in enumerate(some):
                pen.enter(0, sheet.high - self._high * (at + 1))
                if view.is_void:
                    draw_void_mark(pen, _SIDE, 20 * mm, sheet.wide - 2 * _SIDE, self._high - 45 * mm)
                pen.form("invitation")
                self._invitation(line, persons.get(line.no))
                pen.leave()
                if at:
                    y = sheet.high - self._high * at
                    pen.dashes(6 * mm, y, sheet.wide - 6 * mm, y, 0.5, RULE)
            pen.lift()
            self._canvas.showPage()

    def _fixed(self) -> None:
        """Draw what all invitations share: letterhead, title, what one gets, what to bring, who invites."""
        pen, high, facts = Pen(self._canvas), self._high, self._view.facts
        right = self._sheet.wide - _SIDE
        head = letterhead_of(
            regency_name=facts.head.regency_name, office_name=facts.head.office_name, address=facts.head.address,
            contact=facts.head.contact, is_demo=facts.head.is_demo,
        )  # fmt: skip
        draw_letterhead(pen, head, _SIDE, high - 3.5 * mm, right - _SIDE, 0.6)
        pen.text(_SIDE, high - 22.6 * mm, TITLE, BOLD, 11.5)
        if facts.head.is_demo:
            draw_demo_band(pen, _SIDE, 5.6 * mm, right - _SIDE, 3.4 * mm)
        column, wide = _SIDE + _LEFT_WIDE + _GAP, right - _SIDE - _LEFT_WIDE - _GAP
        top = high - _BODY
        pen.ground(column, top - 5 * mm, wide, 5 * mm, BRAND)
        pen.text(column + 2 * mm, top - 3.5 * mm, "TEMPAT DAN WAKTU", SEMIBOLD, 6.8, ink=WHITE)
        pen.text(_SIDE, top - 2.6 * mm, "Kepada Yth.", REGULAR, 7.6, ink=QUIET)
        self._signature(pen, column, wide - _QR - 3 * mm)
        note = fit(clean(ABSENT_RELIEF if self._view.facts.is_relief else ABSENT), REGULAR, (7, 6.4), _LEFT_WIDE, 18)
        pen.fitted(_SIDE, 10.4 * mm + note.height - note.leading, note, ink=QUIET)
        pen.lift()

    def _signature(self, pen: Pen, x: float, wide: float) -> None:
        facts = self._view.facts
        place = ", ".join(part for part in (clean(facts.head.seat), print_day(facts.issued_on)) if part)
        base = 33.5 * mm
        dated = fit(clean(place), REGULAR, (7.4, 6.6, 5.8), wide, 18)
        position = fit(clean(facts.signer.position), SEMIBOLD, (7.4, 6.6, 5.8), wide, 18)
        y = pen.fitted(x, base, dated)
        y = pen.fitted(x, y, position, SEMIBOLD)
        name = fit(shown(facts.signer.name), SEMIBOLD, (7.6, 6.8, 6, 5.4), wide, 18)
        low = 13.6 * mm + name.height - name.leading
        pen.fitted(x, low, name, SEMIBOLD)
        pen.rule(x, 12.9 * mm, x + wide, 12.9 * mm, 0.5)
        if facts.signer.employee_no:
            nip = fit(clean("NIP " + print_nip(facts.signer.employee_no)), REGULAR, (6.6, 6, 5.4), wide, 9)
            pen.fitted(x, 10.2 * mm, nip)

    def _invitation(self, line: InvitationLine, person: InvitationPerson | None) -> None:
        pen, high = self._pen, self._high
        right = self._sheet.wide - _SIDE
        number = clean(f"Nomor {shown(self._view.number)} · urut {line.no}")
        told = fit(number, REGULAR, (7.8, 7, 6.2), right - _SIDE - width(TITLE, BOLD, 11.5) - 28 * mm, 10)
        end = right
        if mark := copy_mark(self._view.copy_no):
            span = width(mark, BOLD, 7.6) + 8
            pen.box(right - span, high - 23.6 * mm, span, 12, 0.8, BAD)
            pen.text(right - span / 2, high - 22.6 * mm, mark, BOLD, 7.6, "centre", BAD)
            end -= span + 3 * mm
        pen.fitted(end, high - 22.6 * mm, told, align="right")
        self._guest(line, person, high - _BODY)
        self._when(line, high - _BODY, right)
        address = self._view.verify_url(line.ref)
        symbol = make_symbol(address)
        module = _QR / (symbol.modules + 4)
        x, top = right - _QR, 38.2 * mm
        pen.symbol(symbol, x + 2 * module, top - _QR + 2 * module, _QR - 4 * module)
        pen.text(x + _QR / 2, top - _QR - 4.4, line.package_code, SEMIBOLD, 6.4, "centre")

    def _guest(self, line: InvitationLine, person: InvitationPerson | None, top: float) -> None:
        pen, facts = self._pen, self._view.facts
        name = fit(shown(person.name if person else ""), BOLD, (15, 13, 11.5, 10, 8.6, 7.4, 6.6), _LEFT_WIDE, 31)
        y = pen.fitted(_SIDE, top - 4.4 * mm - name.size * 0.76, name, BOLD)
        y = min(y + name.leading - 14, top - 14 * mm)
        unit = "/".join(
            f"{kind} {clean(number)}"
            for kind, number in (("RT", person.rt if person else ""), ("RW", person.rw if person else ""))
            if clean(number)
        )
        where = ", ".join(part for part in (clean(person.address if person else ""), unit, clean(line.village)) if part)
        items = "; ".join(
            f"{one.name} {print_quantity(Milli(one.quantity_milli), one.unit)}"
            for one in line.items or facts.term.items
        )
        rows = [
            *([("Keluarga", person.head_name, REGULAR, 10.0)] if person and person.head_name else []),
            ("Alamat", where, REGULAR, 32.0),
            (
                "Kejadian" if facts.is_relief else "Program",
                f"{facts.term.programme} – {facts.term.term}",
                REGULAR,
                20.5,
            ),
            ("Bantuan", items, BOLD, 33.0),
            ("Bawalah", BRING_RELIEF if facts.is_relief else BRING, SEMIBOLD, 20.5),
        ]
        label = 17 * mm
        for word, said, font, room in rows:
            pen.text(_SIDE, y, word, REGULAR, 7.8, ink=QUIET)
            fitted = fit(shown(said), font, (9.4, 8.6, 7.8, 7, 6.2), _LEFT_WIDE - label, room)
            y = pen.fitted(_SIDE + label, y, fitted, font) - 3.2

    def _when(self, line: InvitationLine, top: float, right: float) -> None:
        pen, facts = self._pen, self._view.facts
        x = _SIDE + _LEFT_WIDE + _GAP
        wide = right - x
        post = facts.posts[line.post]
        y = top - 9.6 * mm
        name = fit(shown(post.name), BOLD, (11, 10, 9, 8, 7), wide, 26)
        y = pen.fitted(x, y, name, BOLD)
        if clean(post.address):
            where = fit(clean(post.address), REGULAR, (7.6, 7, 6.4), wide, 18)
            y = pen.fitted(x, y + 1, where, ink=QUIET)
        day = fit(clean(print_day(line.serve_on, weekday=True)), SEMIBOLD, (10, 9, 8), wide, 12)
        pen.fitted(x, top - 22.2 * mm, day, SEMIBOLD)
        zone = ZONE_SHORT.get(facts.head.time_zone, "")
        hours = clean(
            f"{_clock(line.from_minute)}–{_clock(line.to_minute)} {zone}"
            if line.to_minute > line.from_minute
            else post.opening or "Jam layanan titik"
        )
        pen.fitted(x, top - 28.4 * mm, fit(hours, BOLD, (15, 13, 11), wide, 18), BOLD)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}.{minute % 60:02d}"
