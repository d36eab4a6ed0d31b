"""Papers of the stock: SBBM, SBBK, cards, count sheets, minutes and labels, brought to the printer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.documents.queries import document as one_document
from core.documents.queries import documents
from core.documents.states import DocumentState
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.i18n import say
from core.measures import Milli, print_quantity
from core.numbering import KINDS
from core.office.queries import office
from core.permissions import Reach
from core.work import Tx
from reports import count_sheet as sheet_report
from reports import stock_card as card_report
from routes import context, guard, papers
from routes.forms import Form, parse_typed_day
from routes.labels import FORMATS, ROLL, SHEET, LabelOrder, boxes_for, labels_of, print_labels
from routes.pages.dispatch import pdf
from routes.texts import gettext as _
from stock.corrections.papers import KINDS as MINUTES_KINDS
from stock.corrections.papers import issue_minutes_of
from stock.corrections.queries import CorrectionView, correction
from stock.counts.papers import MINUTES, count_place, issue_count_minutes
from stock.counts.papers import count_sheet as sheet_of
from stock.counts.queries import count as count_by_id
from stock.counts.queries import count_of_document
from stock.counts.states import CountState
from stock.items.queries import PackView, find_item
from stock.ledger.kinds import DocumentKind
from stock.ledger.papers import ISSUED, RECEIVED, card_paper, card_paper_lines
from stock.ledger.queries import BatchBalance, batch_balances, batch_by_code, stock_document, stock_documents
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, find_place, place_by_id, places

pages = Blueprint("stock_papers", __name__, url_prefix="/stok")
RECENT = 8


# ---------------------------------------------------------------- issued papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Printable:
    """A paper that can be printed: its kind, whose it is, and the way back."""

    kind: str
    name: str
    about: str
    subject_id: UUID
    crumbs: tuple[tuple[str, str], ...]


@pages.get("/dokumen/<uuid:document_id>/cetak")
@guard.requires("stock.print")
def document_paper(document_id: UUID) -> str:
    """Show which paper a document of the ledger has, and whether it was printed before."""
    with context.read() as tx:
        return _page(tx, _of_document(tx, document_id), url_for(".print_document", document_id=document_id))


@pages.post("/dokumen/<uuid:document_id>/cetak")
@guard.requires("stock.print")
def print_document(document_id: UUID) -> Response:
    """Issue the paper of a document of the ledger the first time, and print it; later prints are marked as copies."""

    def issue(tx: Tx) -> UUID:
        _of_document(tx, document_id)
        return papers.issue_of_stock(tx, document_id)

    return _print(issue)


@pages.get("/opname/<uuid:count_id>/berita-acara")
@guard.requires("stock.print")
def count_minutes(count_id: UUID) -> str:
    with context.read() as tx:
        return _page(tx, _of_count(tx, count_id), url_for(".print_count_minutes", count_id=count_id))


@pages.post("/opname/<uuid:count_id>/berita-acara")
@guard.requires("stock.print")
def print_count_minutes(count_id: UUID) -> Response:
    """Issue the berita acara of an approved count the first time, and print it."""

    def issue(tx: Tx) -> UUID:
        _of_count(tx, count_id)
        return issue_count_minutes(tx, count_id)

    return _print(issue)


@pages.get("/koreksi/<uuid:correction_id>/berita-acara")
@guard.requires("stock.print")
def correction_minutes(correction_id: UUID) -> str:
    with context.read() as tx:
        return _page(tx, _of_correction(tx, correction_id), url_for(".print_minutes", correction_id=correction_id))


@pages.post("/koreksi/<uuid:correction_id>/berita-acara")
@guard.requires("stock.print")
def print_minutes(correction_id: UUID) -> Response:
    """Issue the minutes of an approved correction the first time, and print them."""

    def issue(tx: Tx) -> UUID:
        _of_correction(tx, correction_id)
        return issue_minutes_of(tx, correction_id)

    return _print(issue)


def _page(tx: Tx, found: Printable, action: str) -> str:
    known = documents(tx, kind=found.kind, subject_id=found.subject_id).lines
    issued = next((one for one in known if one.state is DocumentState.ISSUED), None)
    return render_template(
        "stock_papers/print.html", found=found, action=action, issued=issued, sheet=office(tx).paper_size,
        is_undone=issued is not None and papers.is_undone(tx, issued),
    )  # fmt: skip


def _print(issue: Callable[[Tx], UUID]) -> Response:
    sheet = request.form.get("sheet", "A4")

    def act(tx: Tx) -> tuple[bytes, str]:
        paper_id = issue(tx)
        return papers.print_papers(tx, [paper_id], sheet), papers.file_name(one_document(tx, paper_id), tx.today)

    return pdf(*context.write(act))


def kind_of_paper(kind: DocumentKind) -> str | None:
    """Give the kind of paper that a kind of document has; None for a handover, whose paper is its receipt."""
    if kind in (DocumentKind.RECEIPT, DocumentKind.RETURN):
        return RECEIVED
    if kind is DocumentKind.HANDOVER:
        return None
    return MINUTES_KINDS.get(kind, ISSUED)


def _of_document(tx: Tx, document_id: UUID) -> Printable:
    """Raises: NotFound, also outside the actor's places; Conflict for a document that has no paper here."""
    reach = tx.require("stock.print")
    found = stock_document(tx, document_id)
    need_one_of(reach, [place for line in found.lines for place in (line.source, line.target)])
    counted = count_of_document(tx, document_id)
    if counted is not None:
        return _of_count(tx, counted)
    kind = kind_of_paper(found.kind)
    if kind is None:
        raise Conflict("stock_paper.none", kind=say(found.kind.label, context.lang()))
    title = f"{say(found.kind.label, context.lang())} {found.number or ''}".strip()
    return Printable(
        kind=kind, name=KINDS[kind], about=title, subject_id=document_id,
        crumbs=((_("Stok"), url_for("stock.index")), (title, url_for("stock.document", document_id=document_id))),
    )  # fmt: skip


def _of_count(tx: Tx, count_id: UUID) -> Printable:
    reach = tx.require("stock.print")
    row = count_by_id(tx, count_id)
    need_one_of(reach, [row.place], "stock_count.not_found")
    if row.state is not CountState.APPROVED:
        raise Conflict("stock_paper.count_not_approved", state=say(row.state.label, context.lang()))
    back = url_for("counts.show", count_id=count_id)
    return Printable(
        kind=MINUTES, name=KINDS[MINUTES], about=f"{row.code} · {row.place.name}", subject_id=count_id,
        crumbs=((_("Stok"), url_for("stock.index")), (row.code, back)),
    )  # fmt: skip


def _of_correction(tx: Tx, correction_id: UUID) -> Printable:
    found = need_correction(tx, correction_id)
    if found.row.document_id is None:
        raise Conflict("stock_paper.correction_not_approved", state=say(found.row.state.label, context.lang()))
    kind = MINUTES_KINDS[stock_document(tx, found.row.document_id).kind]
    return Printable(
        kind=kind, name=KINDS[kind], about=say(found.row.kind.label, context.lang()), subject_id=found.row.document_id,
        crumbs=(
            (_("Stok"), url_for("stock.index")),
            (_("Koreksi"), url_for("corrections.show", correction_id=correction_id)),
        ),
    )  # fmt: skip


def need_correction(tx: Tx, correction_id: UUID) -> CorrectionView:
    """Give a correction. Raises: NotFound, also where neither its place nor its document's are within reach."""
    found = correction(tx, correction_id)
    spots = [found.row.place] if found.row.place else []
    if found.row.reversed_document_id is not None:
        lines = stock_document(tx, found.row.reversed_document_id).lines
        spots += [place for line in lines for place in (line.source, line.target)]
    need_one_of(tx.require("stock.print"), spots, "correction.not_found")
    return found


def need_one_of(reach: Reach, spots: list[PlaceView], code: str = "stock_document.not_found") -> None:
    """Raises: NotFound, as for what does not exist, when none of the places is within reach."""
    if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
        raise NotFound(code)


# ---------------------------------------------------------------- extracts: printed as things stand, not issued


@pages.get("/opname/<uuid:count_id>/lembar")
@guard.requires("stock.print")
def count_sheet(count_id: UUID) -> Response:
    """Print the sheet that is carried along the shelves."""
    with context.read() as tx:
        reach = tx.require("stock.print")
        need_one_of(reach, [place_by_id(tx, count_place(tx, count_id))], "stock_count.not_found")
        view = sheet_of(tx, count_id)
        sheet = papers.SHEETS.get(request.args.get("kertas") or office(tx).paper_size, papers.SHEETS["A4"])
    return pdf(sheet_report.build(view, line_address(count_id), sheet), f"lembar-hitung-{view.code}.pdf")


def line_address(count_id: UUID) -> Callable[[str], str]:
    """Give what the symbol of a line holds: the way to the line itself, for a phone that is logged in."""
    base = f"{context.runtime().settings.public_url}/stok/opname/{count_id}/batch?kode="
    return lambda code: base + code


@pages.get("/kartu/cetak")
@guard.requires("stock.see")
def card() -> Response:
    """Print the kartu persediaan of an item at a place; without days, of this year."""
    with context.read() as tx:
        reach = tx.require("stock.see")
        if reach.detail == "totals":
            raise Forbidden("permission.missing", action="stock.see")
        place = find_place(tx, request.args.get("tempat", ""))
        need_one_of(reach, [place], "place.not_found")
        item = find_item(tx, request.args.get("barang", ""))
        first_on, last_on = period_of(
            tx.today, parse_typed_day(request.args.get("dari", "")), parse_typed_day(request.args.get("sampai", ""))
        )
        asked = (item.id, place.id, first_on, last_on)
        view = card_paper(tx, *asked)
        sheet = papers.SHEETS.get(request.args.get("kertas") or office(tx).paper_size, papers.SHEETS["A4"])
        body = card_report.build(view, card_paper_lines(tx, *asked), sheet)
    return pdf(body, f"kartu-{item.code}-{place.code}-{first_on.isoformat()}.pdf")


def period_of(today: date, first_on: date | None, last_on: date | None) -> tuple[date, date]:
    """Give the days a card is of: this year unless said. Raises: Invalid when it ends before it begins."""
    last = last_on or max(today, first_on or today)
    first = first_on or date(last.year, 1, 1)
    if last < first:
        raise Invalid("stock_paper.days_turned", field="sampai")
    return first, last


# ---------------------------------------------------------------- labels


SHELVES = (PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE)
HANDY = 100
"""So many boxes of one batch somebody labels at once: the smallest box that needs no more is offered first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A batch as the form of labels shows it: so much of it lies at a place the actor labels for."""

    balance: BatchBalance

    @property
    def packs(self) -> tuple[PackView, ...]:
        return self.balance.batch.item.packs

    @property
    def content_milli(self) -> Milli:
        """What is offered as the content of one box."""
        fitting = (
            pack.quantity_milli
            for pack in self.packs
            if boxes_for(self.balance.on_hand_milli, pack.quantity_milli) <= HANDY
        )
        return next(fitting, self.packs[-1].quantity_milli if self.packs else self.balance.on_hand_milli)


@pages.get("/label")
@guard.requires("stock.print")
def labels() -> str:
    """Ask how many labels of which batches: of one label, of several, or of everything one receipt brought."""
    return _labels(Form(request.args))


@pages.post("/label")
@guard.requires("stock.print")
def make_labels() -> BaseResponse:
    form = Form()
    kind = form.raw("format") if form.raw("format") in FORMATS else SHEET
    first = (form.number("first", least=1, most=24, is_required=False) or 1) if kind == SHEET else 1

    def act() -> bytes:
        with context.read() as tx:
            known = {(one.balance.batch.code, one.balance.place.code): one.balance for one in _asked(tx, form)}
            orders = []
            for no, (batch, place) in enumerate(_lines(form), 1):
                count = form.number(f"count-{no}", least=0, most=1_200, is_required=False)
                if count == 0:
                    continue
                content = form.quantity(f"content-{no}")
                balance = known.get((batch, place))
                if content is None or balance is None:
                    continue
                if content == 0:
                    form.fail(f"content-{no}", "form.quantity")
                    continue
                orders.append(_order(balance, content, count))
            if not form.is_good:
                raise Invalid("stock_paper.no_labels")
            made = labels_of(orders, is_demo=office(tx).is_demo)
        return print_labels(made, kind, first)

    try:
        body = act()
    except Invalid as refused:
        if form.is_good:
            form.refuse(refused)
        return make_response(_labels(form), 422)
    return pdf(body, "label.pdf")


def _order(balance: BatchBalance, content: Milli, count: int | None) -> LabelOrder:
    return LabelOrder(
        batch=balance.batch, place=balance.place.name, total_milli=balance.on_hand_milli, content_milli=content,
        boxes=count or boxes_for(balance.on_hand_milli, content),
        funding=say(balance.batch.funding_source.label, "id"),
    )  # fmt: skip


def _lines(form: Form) -> list[tuple[str, str]]:
    """Give batch and place of each line of the form that was sent."""
    told = form.raw("lines")
    count = min(int(told), 500) if told.isdecimal() and len(told) < 5 else 0
    return [
        (form.raw(f"batch-{no}").strip().upper(), form.raw(f"place-{no}").strip().upper()) for no in range(1, count + 1)
    ]


def _asked(tx: Tx, form: Form) -> list[Labelled]:
    """Give the batches that labels are asked for, place by place, as far as the actor's right to print reaches."""
    reach = tx.require("stock.print")
    sent = _lines(form)
    codes = [code for code, _place in sent] or [
        code.strip().upper() for code in form.values.getlist("batch")[:500] if code.strip()
    ]
    wanted = {one.id: one.item.id for one in (batch_by_code(tx, code) for code in dict.fromkeys(codes))}
    if asked := form.raw("dokumen"):
        brought = stock_document(tx, _uuid(asked))
        need_one_of(reach, [place for line in brought.lines for place in (line.source, line.target)])
        wanted |= {line.batch.id: line.item.id for line in brought.lines}
    lying = batch_balances(
        tx, item_ids=set(wanted.values()), kinds=(*SHELVES, PlaceKind.VEHICLE, PlaceKind.POST),
    ) if wanted else ()  # fmt: skip
    found = {
        (one.batch.code, one.place.code): Labelled(balance=one)
        for one in lying
        if one.batch.id in wanted and (reach.has_place(one.place.id) or reach.has_place(one.place.parent_id))
    }
    if sent:
        return [found[key] for key in sent if key in found]
    # Boxes are labelled on the shelf; at posts and on the road only what is nowhere else.
    shelved = {batch for (batch, _place), one in found.items() if one.balance.place.kind in SHELVES}
    return [one for (batch, _place), one in found.items() if one.balance.place.kind in SHELVES or batch not in shelved]


def _labels(form: Form) -> str:
    lang = context.lang()
    asked_code = form.raw("batch").strip().upper()
    with context.read() as tx:
        reach = tx.require("stock.print")
        try:
            found = _asked(tx, form)
        except NotFound as refused:
            form.refuse(refused, "batch")
            found = []
        spots = None if reach.is_all else [one.id for one in places(tx) if reach.has_place(one.id)]
        recent = stock_documents(tx, kinds=(DocumentKind.RECEIPT,), place_ids=spots, limit=RECENT)
    return render_template(
        "stock_papers/labels.html", form=form, asked_code=asked_code, recent=recent, sheet=SHEET, roll=ROLL,
        lines=[
            {
                "view": one.balance, "name": one.balance.batch.item.name(lang),
                "unit": one.balance.batch.item.base_unit,
                "quantity": print_quantity(one.balance.on_hand_milli, one.balance.batch.item.base_unit, lang),
                "content": _typed(one.content_milli),
                "packs": " · ".join(f"{pack.name}: {_typed(pack.quantity_milli)}" for pack in one.packs),
                "boxes": boxes_for(one.balance.on_hand_milli, one.content_milli),
            }
            for one in found
        ],
    )  # fmt: skip


def _typed(amount: int) -> str:
    """Write a quantity as it is typed into a field."""
    return print_quantity(amount)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("stock_document.not_found", document=text[:40]) from None
