"""Paper: sizes, the letterhead, signatures, lists, the QR corner and the numbered page; everything papers share.

Two ways in. Drawn papers (receipts) take a ``Pen`` and the ``draw_…`` functions. Every other paper is a story of
flowables handed to ``build_paper``. Both print the same letterhead and the same signature columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from reports.fonts import BOLD, REGULAR, SEMIBOLD, width
from reports.pen import (
    BAD,
    BAD_TINT,
    BRAND,
    INK,
    QUIET,
    RULE,
    WARN,
    WARN_GROUND,
    WHITE,
    Fitted,
    Pen,
    fit,
)
from reports.qr import make_symbol
from reports.text import EMPTY, Markup, clean, escape, print_nip, shown

QR_CAPTION: Final = "Pindai untuk memeriksa keaslian"
DEMO_BAND: Final = "DEMONSTRASI – BUKAN DOKUMEN RESMI"
VOID_MARK: Final = "DIBATALKAN"
SIGNATURE_SPACE: Final = 20 * mm
"""Room for a signature and the office's stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A paper size with its margins, in points. Rolls have no height of their own."""

    name: str
    wide: float
    high: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def room(self) -> float:
        return self.wide - self.left - self.right


def _office_sheet(name: str, wide_mm: float, high_mm: float) -> Sheet:
    return Sheet(
        name=name, wide=wide_mm * mm, high=high_mm * mm, left=18 * mm, right=15 * mm, top=14 * mm, bottom=14 * mm
    )


A4: Final = _office_sheet("A4", 210, 297)
F4: Final = _office_sheet("F4", 210, 330)
ROLL_80: Final = Sheet(name="80", wide=80 * mm, high=0, left=4 * mm, right=4 * mm, top=3 * mm, bottom=6 * mm)
ROLL_58: Final = Sheet(name="58", wide=58 * mm, high=0, left=5 * mm, right=5 * mm, top=3 * mm, bottom=6 * mm)
SHEETS: Final = {sheet.name: sheet for sheet in (A4, F4, ROLL_80, ROLL_58)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterheadView:
    """The head of an office's papers, as it stood when the paper was issued.

    ``government`` is written out ("Pemerintah Kabupaten …"), ``initials`` fill the shield that stands for a crest.
    """

    government: str
    office: str
    address: str = ""
    contact: str = ""
    initials: str = ""
    is_demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatoryView:
    """One column of a signature block; every field may be empty and then leaves room for handwriting."""

    caption: str
    position: str = ""
    name: str = ""
    nip: str = ""


# ---------------------------------------------------------------------------------------------------------------------
# Drawn parts


def _shield(x: float, y: float, high: float) -> str:
    """Give the outline of a shield in PDF operators, lower left corner of its box at x, y."""
    wide = high * 0.82
    points = (
        f"{x:.2f} {y + high:.2f} m {x + wide:.2f} {y + high:.2f} l {x + wide:.2f} {y + high * 0.45:.2f} l "
        f"{x + wide:.2f} {y + high * 0.2:.2f} {x + wide * 0.72:.2f} {y + high * 0.08:.2f} {x + wide / 2:.2f} {y:.2f} c "
        f"{x + wide * 0.28:.2f} {y + high * 0.08:.2f} {x:.2f} {y + high * 0.2:.2f} {x:.2f} {y + high * 0.45:.2f} c h"
    )
    return points


def draw_crest(pen: Pen, initials: str, x: float, y: float, high: float) -> None:
    """Draw a shield with the office's initials, where an office has given no crest of its own."""
    wide = high * 0.82
    inset = high * 0.06
    pen.path(_shield(x, y, high), BRAND)
    pen.path(_shield(x + inset * 0.82, y + inset, high - 2 * inset), WHITE, thick=high * 0.018)
    letters = clean(clean(initials)[:4])
    if letters:
        fitted = fit(letters, BOLD, [high * f for f in (0.36, 0.3, 0.26, 0.22, 0.18)], wide * 0.76, high)
        base = y + high * 0.56 - fitted.size * 0.36
        pen.text(x + wide / 2, base, fitted.lines[0], BOLD, fitted.size, "centre", WHITE)


def draw_letterhead(pen: Pen, view: LetterheadView, x: float, top: float, wide: float, scale: float = 1) -> float:
    """Draw crest, names, address and double rule downwards from top; gives the height taken, in points.

    ``scale`` 1 is a full page's head; receipts take a smaller one.
    """
    high = 19 * mm * scale
    crest = high * 0.92
    draw_crest(pen, view.initials, x + 2 * mm * scale, top - crest, crest)
    side = crest * 0.82 + 5 * mm * scale
    middle, room = x + wide / 2, wide - 2 * side
    sizes = [size * scale for size in (11.5, 10.5, 9.5, 8.5, 7.5)]
    government = fit(clean(clean(view.government).upper()), SEMIBOLD, sizes, room, 13 * scale)
    office = fit(clean(clean(view.office).upper()), BOLD, [s * scale for s in (16.5, 15, 13, 11, 9)], room, 17 * scale)
    below = clean(" · ".join(part for part in (clean(view.address), clean(view.contact)) if part))
    address = fit(below, REGULAR, [s * scale for s in (8.6, 8, 7.4)], room, 19 * scale)
    y = top - 10.5 * scale
    pen.fitted(middle, y, government, SEMIBOLD, "centre")
    y -= 17.5 * scale
    pen.fitted(middle, y, office, BOLD, "centre")
    y -= (14.5 if len(address.lines) == 1 else 12) * scale
    pen.fitted(middle, y, address, REGULAR, "centre", QUIET)
    base = top - high - 1.2 * mm * scale
    pen.rule(x, base, x + wide, base, 1.8 * scale)
    pen.rule(x, base - 2.2 * scale, x + wide, base - 2.2 * scale, 0.5 * scale)
    return top - base + 2.2 * scale


def draw_demo_band(pen: Pen, x: float, top: float, wide: float, high: float = 4.6 * mm) -> None:
    """Draw the band that no paper of a demonstration goes without."""
    pen.ground(x, top - high, wide, high, WARN_GROUND)
    pen.box(x, top - high, wide, high, 0.6, WARN)
    pen.text(x + wide / 2, top - high / 2 - 2.7, DEMO_BAND, BOLD, 7.5, "centre", WARN)


def draw_void_mark(pen: Pen, x: float, y: float, wide: float, high: float) -> None:
    """Write DIBATALKAN large and slanting across a box; draw it before the text, which stays readable over it."""
    size = min(wide / 7.2, high / 2.2)
    pen.enter(x + wide / 2, y + high / 2, 0.9613, 0.2756)
    pen.text(0, -size * 0.36, VOID_MARK, BOLD, size, "centre", BAD_TINT)
    pen.leave()


def draw_signature(pen: Pen, view: SignatoryView, x: float, top: float, wide: float, scale: float = 1) -> float:
    """Draw one signature column downwards from top: caption, 20 mm of room, name underlined, NIP; gives its height."""
    middle, room = x + wide / 2, wide - 2 * mm
    y = top - 9.5 * scale
    pen.text(middle, y, clean(view.caption), REGULAR, 9.5 * scale, "centre")
    position = fit(clean(view.position), SEMIBOLD, [s * scale for s in (9.5, 8.5, 7.5, 6.8)], room, 20 * scale)
    if view.position:
        pen.fitted(middle, y - 11.5 * scale, position, SEMIBOLD, "centre")
    lines_below = max(1, len(position.lines)) if position.lines[0] else 1
    y -= 11.5 * scale + (lines_below - 1) * position.leading + SIGNATURE_SPACE + 3 * scale
    if name := clean(view.name):
        fitted = fit(name, SEMIBOLD, [s * scale for s in (9.5, 8.5, 7.5, 6.6, 5.8)], room, 10 * scale)
        pen.text(middle, y, fitted.lines[0], SEMIBOLD, fitted.size, "centre")
        span = width(fitted.lines[0], SEMIBOLD, fitted.size)
    else:
        span = room * 0.86
    pen.rule(middle - span / 2, y - 2 * scale, middle + span / 2, y - 2 * scale, 0.6)
    if view.nip:
        pen.text(middle, y - 11.5 * scale, "NIP " + print_nip(view.nip), REGULAR, 8.2 * scale, "centre")
    return top - y + 13 * scale


def draw_qr(pen: Pen, address: str, x: float, top: float, side: float) -> None:
    """Draw the QR symbol of an address downwards from top, with a quiet zone inside the given side and its caption."""
    symbol = make_symbol(address)
    module = side / (symbol.modules + 4)  # the paper around is white: two modules each side are enough of our own
    pen.symbol(symbol, x + 2 * module, top - side + 2 * module, side - 4 * module)
    first, second = "Pindai untuk", "memeriksa keaslian"
    pen.text(x + side / 2, top - side - 5.6, first, REGULAR, 6.4, "centre", QUIET)
    pen.text(x + side / 2, top - side - 13.2, second, REGULAR, 6.4, "centre", QUIET)


# ---------------------------------------------------------------------------------------------------------------------
# Styles and small flowables

BODY: Final = ParagraphStyle("body", fontName=REGULAR, fontSize=10, leading=14, textColor=Color(*INK))
JUSTIFIED: Final = ParagraphStyle("justified", parent=BODY, alignment=TA_JUSTIFY)
TITLE: Final = ParagraphStyle(
    "title", parent=BODY, fontName=BOLD, fontSize=13.5, leading=17, alignment=TA_CENTER, spaceBefore=4 * mm
)
NUMBER: Final = ParagraphStyle("number", parent=BODY, alignment=TA_CENTER, spaceAfter=4 * mm)
NOTE: Final = ParagraphStyle("note", parent=BODY, fontSize=8, leading=10.5, textColor=Color(*QUIET))


def paragraph(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """Make a paragraph of anybody's text; nothing in it is markup."""
    return Paragraph(escape(text) or Markup(EMPTY), style)


def markup_paragraph(markup: Markup, style: ParagraphStyle = BODY) -> Paragraph:
    """Make a paragraph of our own markup, whose foreign parts went through ``escape``."""
    return Paragraph(markup, style)


def title(text: str, number: str) -> list[Flowable]:
    """Make the centred bold title of a paper with its number under it."""
    return [paragraph(text.upper(), TITLE), paragraph(f"Nomor: {shown(number)}", NUMBER)]


class _Drawn(Flowable, ABC):
    """A part drawn with a pen in a box of the frame's width and a known height; it is never split."""

    @abstractmethod
    def _height(self, wide: float) -> float: ...

    @abstractmethod
    def _draw(self, pen: Pen, wide: float, high: float) -> None: ...

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:  # noqa: N803 - reportlab's names
        self.width, self.height = aW, self._height(aW)
        return self.width, self.height

    def draw(self) -> None:
        pen = Pen(self.canv)
        self._draw(pen, self.width, self.height)
        pen.lift()


class Letterhead(_Drawn):
    """The letterhead as the first part of a story."""

    def __init__(self, view: LetterheadView) -> None:
        super().__init__()
        self._view = view

    def _height(self, wide: float) -> float:
        return 20.2 * mm + 2.2 + 2 * mm

    def _draw(self, pen: Pen, wide: float, high: float) -> None:
        draw_letterhead(pen, self._view, 0, high, wide)


class Facts(_Drawn):
    """Label and value pairs under each other, the values on one edge; long values take more lines."""

    def __init__(self, pairs: Sequence[tuple[str, str]], label_wide: float = 34 * mm) -> None:
        super().__init__()
        self._pairs = [(clean(label), shown(value)) for label, value in pairs]
        self._label_wide = label_wide

    def _fitted(self, wide: float) -> list[Fitted]:
        room = wide - self._label_wide - 3 * mm
        return [fit(value, REGULAR, (9.5, 8.5), room, 60) for _, value in self._pairs]

    def _height(self, wide: float) -> float:
        return sum(fitted.height + 1.6 for fitted in self._fitted(wide)) + 2 * mm

    def _draw(self, pen: Pen, wide: float, high: float) -> None:
        y = high
        for (label, _), fitted in zip(self._pairs, self._fitted(wide), strict=True):
            base = y - 9.5
            pen.text(0, base, label, REGULAR, 9.5, ink=QUIET)
            pen.text(self._label_wide, base, ":", REGULAR, 9.5, ink=QUIET)
            pen.fitted(self._label_wide + 3 * mm, base, fitted)
            y -= fitted.height + 1.6


class Signatures(_Drawn):
    """Signature columns with the QR corner at their left, in one block that no page break can cut.

    ``place_and_day`` stands over the last column, as letters have it.
    """

    def __init__(self, signatories: Sequence[SignatoryView], place_and_day: str = "", verify_url: str = "") -> None:
        super().__init__()
        self._signatories = signatories
        self._place_and_day = clean(place_and_day)
        self._verify_url = verify_url

    def _height(self, wide: float) -> float:
        return SIGNATURE_SPACE + (26 if self._place_and_day else 8) + 62

    def _draw(self, pen: Pen, wide: float, high: float) -> None:
        corner = 30 * mm if self._verify_url else 0
        column = (wide - corner) / max(1, len(self._signatories))
        top = high - 8
        if self._place_and_day:
            span = width(self._place_and_day, REGULAR, 9.5)
            pen.text(wide - max(column, span) / 2, top - 9.5, self._place_and_day, REGULAR, 9.5, "centre")
            top -= 18
        for number, view in enumerate(self._signatories):
            draw_signature(pen, view, corner + number * column, top, column)
        if self._verify_url:
            draw_qr(pen, self._verify_url, 0, top, 26 * mm)


# ---------------------------------------------------------------------------------------------------------------------
# Pages


_PAGE_TOTAL: Final = "page-total"


class PaperCanvas(Canvas):
    """A canvas whose every page can name the total: the number is a form drawn on all pages and defined at the end."""

    def save(self) -> None:
        total = str(self.getPageNumber() - 1)
        self.beginForm(_PAGE_TOTAL, 0, -4, 60, 12)
        pen = Pen(self)
        pen.text(0, 0, total, REGULAR, FOOT_SIZE, ink=QUIET)
        pen.lift()
        self.endForm()
        super().save()


FOOT_SIZE: Final = 7.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFrame:
    """What stands on every page of a paper beside its story."""

    title: str
    number: str = ""
    office: str = ""
    is_demo: bool = False
    is_void: bool = False
    copy_no: int = 0


def copy_mark(copy_no: int) -> str:
    """Name a reprint: ``SALINAN ke-2``; the original has no mark."""
    return f"SALINAN ke-{copy_no}" if copy_no > 0 else ""


def set_properties(canvas: Canvas, frame: PaperFrame) -> None:
    """Write the document's properties; they name the paper, never a person."""
    canvas.setTitle(clean(f"{frame.title} {frame.number}"))
    canvas.setAuthor(clean(frame.office))
    canvas.setSubject(clean(frame.title))
    canvas.setCreator("tanggap")
    canvas.setProducer("tanggap")
    setter: Any = canvas
    setter.setCatalogEntry("Lang", "id-ID")


def new_canvas(buffer: BytesIO, sheet: Sheet) -> PaperCanvas:
    """Open a canvas that never refers to an unembedded font and gives the same bytes for the same drawing."""
    options: Any = {"pageCompression": 1, "invariant": 1, "initialFontName": REGULAR}  # the stubs swap name and size
    return PaperCanvas(buffer, pagesize=(sheet.wide, sheet.high), **options)


def draw_page(pen: Pen, sheet: Sheet, frame: PaperFrame, page_no: int) -> None:
    """Draw what stands on every page: number, page x of y, and the marks of demo, copy and void."""
    if frame.is_void:
        draw_void_mark(pen, sheet.left, sheet.bottom, sheet.room, sheet.high - sheet.top - sheet.bottom)
    if frame.is_demo:
        draw_demo_band(pen, sheet.left, sheet.high - 4 * mm, sheet.room)
    if mark := copy_mark(frame.copy_no):
        pen.text(sheet.wide - sheet.right, sheet.high - 12.2 * mm, mark, BOLD, 8, "right", BAD)
    base = 8 * mm
    pen.rule(sheet.left, base + 10, sheet.wide - sheet.right, base + 10, 0.4, RULE)
    foot = clean(f"{frame.title}  ·  Nomor {frame.number}" if frame.number else frame.title)
    pen.fitted(sheet.left, base, fit(foot, REGULAR, (FOOT_SIZE, 6), sheet.room * 0.75, 9), ink=QUIET)
    words = f"Halaman {page_no} dari "
    right = sheet.wide - sheet.right - width("00", REGULAR, FOOT_SIZE)
    pen.text(right, base, words, REGULAR, FOOT_SIZE, "right", QUIET)
    pen.enter(right, base)
    pen.form(_PAGE_TOTAL)
    pen.leave()


def build_paper(story: list[Flowable], sheet: Sheet, frame: PaperFrame) -> bytes:
    """Lay a story out on pages with the frame around it: number, page x of y, and the marks of demo, copy and void."""
    buffer = BytesIO()

    def decorate(canvas: Canvas, _document: BaseDocTemplate) -> None:
        pen = Pen(canvas)
        draw_page(pen, sheet, frame, canvas.getPageNumber())
        pen.lift()

    document = BaseDocTemplate(
        buffer,
        pagesize=(sheet.wide, sheet.high),
        leftMargin=sheet.left,
        rightMargin=sheet.right,
        topMargin=sheet.top,
        bottomMargin=sheet.bottom,
        initialFontName=REGULAR,
        invariant=1,
    )
    frame_box = Frame(
        sheet.left,
        sheet.bottom + 4 * mm,
        sheet.room,
        sheet.high - sheet.top - sheet.bottom - 4 * mm,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates([PageTemplate("page", [frame_box], onPage=decorate)])

    def make(*_arguments: object, **_options: object) -> Canvas:
        canvas = new_canvas(buffer, sheet)
        set_properties(canvas, frame)
        return canvas

    document.build(story, canvasmaker=make)
    return buffer.getvalue()
