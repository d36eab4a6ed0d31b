"""How fast receipts are printed: the product's way beside the ways one would write first.

    python bench/receipts.py [--count 1000 --count 10000] [--sample 100]

Every way prints the same households with the same words, eight lines and one QR symbol each, on A4 with an embedded
font where it can. The slow ways print a sample and are scaled; WeasyPrint and fpdf2 take part where they are installed.
Compare ratios within one run, not seconds of different days.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib
import importlib.util
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape as escape_html
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.measures import Milli, print_instant, print_quantity
from reports import fonts
from reports.receipt import ReceiptLineView, ReceiptView, build_receipt, build_receipts
from reports.sheet import LetterheadView

ITEMS = (
    ("Beras medium", 2_800, "kg"), ("Minyak goreng", 560, "liter"), ("Gula pasir", 300, "kg"),
    ("Mi instan", 8_000, "bungkus"), ("Sarden kaleng 155 g", 2_000, "kaleng"), ("Air minum kemasan", 14_000, "liter"),
    ("Selimut", 1_000, "lembar"), ("Kasur lipat", 1_000, "lembar"),
)  # fmt: skip
LETTERHEAD = LetterheadView(
    government="Pemerintah Kabupaten Contoh Kepulauan",
    office="Dinas Sosial",
    address="Jalan Pelabuhan Lama No. 12, Kota Contoh 99111",
    contact="Telepon (0999) 21345",
    initials="CK",
    is_demo=True,
)


def make_views(count: int) -> list[ReceiptView]:
    """Invent receipts that differ as real ones do: names, addresses, sizes, amounts, tokens of a signature's length."""
    firsts = ["Yohanes", "Maria", "Siti", "Agustinus", "Luh", "Muhammad", "Rosalina", "Wayan", "Petrus", "Dewi"]
    lasts = ("Contoh", "Wetan Contoh", "Rahma Contoh", "Laut Contoh", "Sari Contoh", "Batu Contoh", "Angin Contoh")
    views = []
    for number in range(count):
        persons = number % 9 + 1
        token = b"".join(hashlib.sha256(b"%d/%d" % (number, part)).digest() for part in range(3))[:76]
        name = f"{firsts[number % 10]} {lasts[number % 7]} {chr(65 + number % 26)}{number}"
        views.append(
            ReceiptView(
                letterhead=LETTERHEAD,
                number=f"460/{number:05d}/TT/DINSOS/XI/2026",
                programme="Banjir rob Pulau Contoh Besar, November 2026",
                package_code=f"PKT-26-{number:06d}-7",
                round_no=1,
                first_on=date(2026, 11, 21),
                last_on=date(2026, 11, 27),
                handed_over_at=datetime(2026, 11, 21, 1, number % 60, tzinfo=UTC),
                zone="Asia/Jayapura",
                place="Balai Desa Wetan Laut",
                head_name=name,
                address=f"Jalan Pantai No. {number}",
                rt=f"{number % 9 + 1:03d}",
                rw=f"{number % 4 + 1:03d}",
                village="Desa Wetan Laut",
                district="Kecamatan Pulau Besar",
                nik_last4=f"{number % 10_000:04d}",
                persons=persons,
                lines=tuple(
                    ReceiptLineView(item=item, quantity_milli=Milli(each * persons), unit=unit)
                    for item, each, unit in ITEMS
                ),
                recipient_name=name,
                giver_name="Siti Rahma Contoh, S.Sos.",
                giver_nip="198702142010012003",
                giver_position="Petugas titik pembagian",
                acknowledger_name="Markus Contoh",
                acknowledger_position="Kepala Desa Wetan Laut",
                verify_url="HTTPS://TANGGAP.CONTOHKAB.GO.ID/T/" + base64.b32encode(token).decode().rstrip("="),
            )
        )
    return views


def by_platypus(views: Sequence[ReceiptView]) -> bytes:
    """Print as reportlab's manual teaches: paragraphs, tables and the QR widget."""
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import CondPageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

    plain = ParagraphStyle("plain", fontName=fonts.REGULAR, fontSize=8, leading=10)
    bold = ParagraphStyle("bold", parent=plain, fontName=fonts.BOLD, fontSize=11, leading=13)
    story: list[Any] = []
    for view in views:
        head, facts, items, closing = _parts(view)
        story.append(CondPageBreak(380))
        story += [Paragraph(escape_html(line), bold) for line in head]
        story += [Paragraph(escape_html(line), plain) for line in facts]
        style: Any = [("FONT", (0, 0), (-1, -1), fonts.REGULAR, 9), ("ALIGN", (1, 0), (1, -1), "RIGHT")]
        story.append(Table(items, style=style, rowHeights=14))
        drawing: Any = Drawing(72, 72)
        drawing.add(QrCodeWidget(view.verify_url, barLevel="M", barWidth=72, barHeight=72, barBorder=2))
        cells = [[drawing, *[Paragraph(escape_html(line), plain) for line in closing]]]
        story += [Table(cells, colWidths=[80, 140, 140, 140]), Spacer(0, 12)]
    buffer = BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4, topMargin=24, bottomMargin=24, initialFontName=fonts.REGULAR).build(story)
    return buffer.getvalue()


def by_weasyprint(views: Sequence[ReceiptView]) -> bytes:
    """Print HTML with an SVG symbol by WeasyPrint."""
    segno: Any = importlib.import_module("segno")
    weasyprint: Any = importlib.import_module("weasyprint")
    parts = ["<style>@page{size:A4;margin:8mm}section{height:138mm;font:9pt sans-serif}td+td{text-align:right}</style>"]
    for view in views:
        head, facts, items, closing = _parts(view)
        parts.append("<section>")
        parts += [f"<h4>{escape_html(line)}</h4>" for line in head]
        parts += [f"<div>{escape_html(line)}</div>" for line in facts]
        cells = "".join(f"<tr><td>{escape_html(a)}<td>{escape_html(b)}" for a, b in items)
        parts.append(f"<table>{cells}</table>")
        parts.append(segno.make(view.verify_url, error="m").svg_inline(scale=1.6))
        parts += [f"<div>{escape_html(line)}</div>" for line in closing]
        parts.append("</section>")
    return bytes(weasyprint.HTML(string="".join(parts)).write_pdf())


def by_fpdf2(views: Sequence[ReceiptView]) -> bytes:
    """Print cells by fpdf2, the symbol as small squares."""
    segno: Any = importlib.import_module("segno")
    fpdf: Any = importlib.import_module("fpdf")
    pdf = fpdf.FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.add_font("text", fname=str(Path(fonts.__file__).parent / f"{fonts.REGULAR}.ttf"))
    for number, view in enumerate(views):
        if number % 2 == 0:
            pdf.add_page()
        top = 8 + 148.0 * (number % 2)
        head, facts, items, closing = _parts(view)
        pdf.set_font("text", size=9)
        for line in [*head, *facts, *[f"{a}  {b}" for a, b in items], *closing]:
            pdf.text(12, top, line)
            top += 4.4
        for row, dark in enumerate(segno.make(view.verify_url, error="m").matrix):
            for column, is_dark in enumerate(dark):
                if is_dark:
                    pdf.rect(150 + column * 0.55, top - 60 + row * 0.55, 0.55, 0.55, "F")
    return bytes(pdf.output())


def _parts(view: ReceiptView) -> tuple[list[str], list[str], list[tuple[str, str]], list[str]]:
    """Give the words of a receipt: head, facts, items, closing."""
    from zoneinfo import ZoneInfo

    assert view.handed_over_at is not None
    head = [LETTERHEAD.government, LETTERHEAD.office, "TANDA TERIMA BANTUAN", f"Nomor: {view.number}", view.head_name]
    facts = [
        f"Alamat: {view.address}, RT {view.rt}/RW {view.rw}, {view.village}, {view.district}",
        f"NIK: •••• •••• •••• {view.nik_last4}",
        f"Anggota: {view.persons} jiwa",
        f"Kejadian: {view.programme}",
        f"Paket: {view.package_code}",
        f"Telah diterima pada {print_instant(view.handed_over_at, ZoneInfo(view.zone), weekday=True)} di {view.place}.",
    ]
    items = [(line.item, print_quantity(line.quantity_milli, line.unit)) for line in view.lines]
    closing = [
        f"Yang menerima, {view.recipient_name}",
        f"Yang menyerahkan, {view.giver_name} NIP {view.giver_nip}",
        f"Mengetahui, {view.acknowledger_name}",
    ]
    return head, facts, items, closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way's figures; ``cpu`` says what the machine worked, ``wall`` what a person waited."""

    method: str
    count: int
    wall: float
    cpu: float
    size: int


def measure(
    method: str, build: Callable[[Sequence[ReceiptView]], bytes], views: Sequence[ReceiptView], runs: int = 1
) -> Row:
    """Run a way and keep its quickest run."""
    best: Row | None = None
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        size = len(build(views))
        row = Row(
            method=method,
            count=len(views),
            wall=time.perf_counter() - wall,
            cpu=time.process_time() - cpu,
            size=size,
        )
        best = row if best is None or row.cpu < best.cpu else best
    assert best is not None
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, action="append", help="receipts for the product's way (repeatable)")
    parser.add_argument("--sample", type=int, default=100, help="receipts for the slow ways")
    parser.add_argument("--runs", type=int, default=1, help="runs of each way, of which the quickest counts")
    options = parser.parse_args()
    counts: list[int] = options.count or [1_000, 10_000]
    views = make_views(max(*counts, options.sample))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    rows = [measure("tanggap, first sheet of a process", build_receipts, views[:2])]
    ours = "tanggap (canvas, form objects, QR by table)"
    rows += [measure(ours, build_receipts, views[:count], options.runs) for count in counts]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(measure("tanggap, one file for each", lambda some: b"".join(map(build_receipt, some)), views[:50]))
    slow: list[tuple[str, str, Callable[[Sequence[ReceiptView]], bytes]]] = [
        ("reportlab", "reportlab platypus, its QR widget", by_platypus),
        ("fpdf", "fpdf2 + segno", by_fpdf2),
        ("weasyprint", "WeasyPrint + segno", by_weasyprint),
    ]
    absent = [method for module, method, _ in slow if importlib.util.find_spec(module) is None]
    sample = views[: options.sample]
    rows += [measure(method, build, sample, options.runs) for _, method, build in slow if method not in absent]

    best = min(row.cpu / row.count for row in rows if row.method == ours)
    heads = ("wall s", "cpu s", "per s", "ms each", "bytes", "ratio")
    print(f"{'method':44} {'receipts':>8} " + " ".join(f"{head:>8}" for head in heads))
    for row in rows:
        each = row.cpu / row.count
        print(
            f"{row.method:44} {row.count:8,} {row.wall:8.2f} {row.cpu:8.2f} {1 / each:8,.0f} {1000 * each:8.2f} "
            f"{row.size // row.count:8,} {each / best:7.1f}x"
        )
    print("per s, ms each and ratio are of cpu time; bytes are of one receipt")
    print(f"peak memory {peak:.0f} MB, of which {before:.0f} MB stood before printing ({len(views):,} views)")
    for method in absent:
        print(f"not installed, not measured: {method}")


if __name__ == "__main__":
    main()
