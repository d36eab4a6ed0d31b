"""Dokumen: every issued paper by its number, what it said, who printed it; reprints are marked."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for

from core import audit
from core.accounts.queries import names_of
from core.documents.queries import DocumentView, documents, said
from core.documents.queries import document as one_document
from core.i18n import say
from core.measures import print_count, print_day, print_instant, print_quantity
from core.numbering import KINDS
from core.work import Tx
from logistics.dispatch.queries import LoadPaper
from logistics.handover.papers import ListFacts, ReceiptFacts
from logistics.zones.gap_letter import KIND as GAP_LETTER
from logistics.zones.gap_letter import GapFacts
from routes import context, guard, papers
from routes.forms import page_number
from routes.pages.dispatch import pdf
from routes.texts import gettext as _
from routes.texts import pgettext
from stock.corrections.papers import CorrectionFacts
from stock.counts.papers import CountFacts
from stock.ledger.papers import GoodsLine, IssuedFacts, ReceivedFacts

pages = Blueprint("document", __name__, url_prefix="/dokumen")
PER_PAGE = 50


@pages.get("")
@guard.requires("document.see")
def index() -> str:
    kind = request.args.get("jenis", "")
    text = request.args.get("nomor", "").strip()[:80]
    number = page_number()
    with context.read() as tx:
        found = documents(
            tx, kind=kind if kind in KINDS else "", text=text, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )
    last = max(1, -(-found.total // PER_PAGE))

    def here(page: int) -> str:
        return url_for("document.index", jenis=kind or None, nomor=text or None, hal=page)

    return render_template(
        "document/index.html", kind=kind, text=text, number=number, total=found.total, per_page=PER_PAGE,
        before=here(number - 1) if number > 1 else None, after=here(number + 1) if number < last else None,
        kinds=[(code, f"{name} ({code})") for code, name in KINDS.items()],
        lines=[{"view": one, "kind": KINDS.get(one.kind, one.kind), "state": state_word(one)} for one in found.lines],
    )  # fmt: skip


@pages.get("/<uuid:document_id>")
@guard.requires("document.see")
def show(document_id: UUID) -> str:
    with context.read() as tx:
        found = one_document(tx, document_id)
        facts, items = _said(tx, found)
        trail = audit.trail(tx.session, "document", found.id)
        names = names_of(tx, [line.actor_id for line in trail])
    lang, zone = context.lang(), context.actor().zone
    verify_url = ""
    if found.kind == "TT" and found.public_ref:
        verify_url = papers.verify_url(papers.RECEIPT_KIND, found.public_ref)
    return render_template(
        "document/show.html", document=found, kind=KINDS.get(found.kind, found.kind), state=state_word(found),
        facts=facts, items=items, verify_url=verify_url, has_annex=found.kind == GAP_LETTER,
        trail=[
            {
                "at": print_instant(line.at, zone, lang), "iso": line.at.isoformat(),
                "who": _("Sistem") if line.actor_kind == "system" else names[line.actor_id],
                "what": _act(line, lang), "why": line.reason, "tone": _TONES.get(line.action),
            }
            for line in reversed(trail)
        ],
    )  # fmt: skip


@pages.post("/<uuid:document_id>/cetak.pdf")
@guard.requires("document.reprint")
def reprint(document_id: UUID) -> Response:
    """Print again what was frozen: the first print is the original, every later one carries SALINAN and its number."""
    sheet = request.form.get("sheet", "A4")

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("document.reprint")
        paper = one_document(tx, document_id, None if reach.is_all else reach)
        return papers.print_papers(tx, [document_id], sheet), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))


_TONES = {"document.issue": "good", "document.void": "bad", "document.print": "info"}


def _act(line: audit.AuditLine, lang: str) -> str:
    copy = line.facts.get("copy_no")
    if line.action == "document.print" and copy:
        return _("Dicetak ulang, SALINAN ke-%(no)s", no=copy)
    return say(f"act.{line.action}", lang)


def state_word(paper: DocumentView) -> str:
    return say(f"document.state.{paper.state.value}", context.lang())


def _said(tx: Tx, paper: DocumentView) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Give what a paper said, without persons: its facts and its items, ready to print."""
    lang = context.lang()
    if paper.kind == "TT":
        receipt = said(tx, paper.id, ReceiptFacts)
        return [
            (pgettext("satu", "Kejadian"), f"{receipt.incident_name} · " + _("putaran %(no)s", no=receipt.round_no)),
            (_("Paket"), f"{receipt.standard_name} · {receipt.package_code}"),
            (_("Diserahkan"), print_instant(receipt.event_at, context.actor().zone, lang)),
            (pgettext("satu", "Titik pembagian"), receipt.post_name), (_("Desa/kelurahan"), receipt.village_name),
            (_("Jiwa"), print_count(receipt.persons, lang)),
            (_("Penerima"), _("Wakil") if receipt.recipient_kind == "proxy" else _("Keluarga sendiri")),
            *([(_("Diserahkan sebagian"), receipt.partial_reason)] if receipt.is_partial else []),
        ], [(one.name, print_quantity(one.quantity_milli, one.unit, lang)) for one in receipt.items]  # fmt: skip
    if paper.kind == "SJ":
        load = said(tx, paper.id, LoadPaper)
        return [
            (_("Dari"), load.from_place), (_("Ke"), load.to_place), (_("Untuk"), load.purpose),
            (_("Kendaraan"), f"{load.vehicle} {load.plate}".strip()),
            (_("Berangkat"), print_instant(load.departed_at, context.actor().zone, lang)),
        ], [
            (f"{one.item} · {one.batch}", print_quantity(one.quantity_milli, one.unit, lang)) for one in load.lines
        ]  # fmt: skip
    if paper.kind == "DTT":
        listed = said(tx, paper.id, ListFacts)
        return [
            (pgettext("satu", "Kejadian"), f"{listed.incident_name} · " + _("putaran %(no)s", no=listed.round_no)),
            (pgettext("satu", "Titik pembagian"), listed.post_name),
            (_("Hari pembagian"), print_day(listed.serve_on, lang, weekday=True)),
            (_("Keluarga dalam daftar"), print_count(len(listed.lines), lang)),
        ], []  # fmt: skip
    if paper.kind == "SBBM":
        came = said(tx, paper.id, ReceivedFacts)
        return [
            (_("Dari"), came.giver), (_("Ke"), came.place), (_("Dasar"), came.basis),
            (_("Diterima"), print_instant(came.event_at, context.actor().zone, lang)),
        ], [_goods(one) for one in came.lines]  # fmt: skip
    if paper.kind == "SBBK":
        went = said(tx, paper.id, IssuedFacts)
        return [
            (_("Dari"), went.source), (_("Ke"), went.target),
            (_("Terjadi"), print_instant(went.event_at, context.actor().zone, lang)),
        ], [_goods(one) for one in went.lines]  # fmt: skip
    if paper.kind == "BASO":
        counted = said(tx, paper.id, CountFacts)
        return [
            (_("Tempat"), counted.place), (_("Kode"), counted.code),
            (_("Keadaan per tanggal"), print_day(counted.counted_on, lang)),
        ], [
            (f"{one.item} · {one.batch}", print_quantity(one.counted_milli or 0, one.unit, lang))
            for one in counted.lines
        ]  # fmt: skip
    if paper.kind in ("ADJ", "HPS"):
        minutes = said(tx, paper.id, CorrectionFacts)
        return [
            (_("Tempat"), minutes.places), (_("Alasan"), minutes.reason),
            (_("Terjadi"), print_instant(minutes.event_at, context.actor().zone, lang)),
        ], [
            (f"{one.goods.item} · {one.goods.batch}", print_quantity(one.difference_milli, one.goods.unit, lang))
            for one in minutes.lines
        ]  # fmt: skip
    if paper.kind == GAP_LETTER:
        asked = said(tx, paper.id, GapFacts)
        return [
            (pgettext("satu", "Kejadian"), asked.incident), (_("Kepada"), asked.addressee),
            (_("Untuk"), f"{print_day(asked.first_on, lang)} – {print_day(asked.last_on, lang)}"),
            (_("Keluarga terkonfirmasi"), print_count(asked.households, lang)),
            (_("Menunggu"), print_count(asked.waiting, lang)),
        ], [
            (one.name, print_quantity(one.asked.quantity_milli, one.unit, lang)) for one in asked.tables.asked
        ]  # fmt: skip
    return [], []


def _goods(line: GoodsLine) -> tuple[str, str]:
    return f"{line.item} · {line.batch}", print_quantity(line.quantity_milli, line.unit, context.lang())
