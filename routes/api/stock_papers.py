"""Papers of the stock for machines: issued once and printed by ``/documents``; cards, count sheets, labels at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.documents.queries import document
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import say
from core.office.queries import office
from core.work import Tx
from reports import count_sheet as sheet_report
from reports import stock_card as card_report
from routes import context, guard, papers
from routes.labels import LabelOrder, boxes_for, labels_of, print_labels
from routes.pages.dispatch import pdf
from routes.pages.stock_papers import line_address, need_correction, need_one_of, period_of
from routes.schemas import stock_papers as shapes
from routes.schemas.documents import PDF
from routes.schemas.fields import KeyHeader, Problem
from stock.corrections.papers import issue_minutes_of
from stock.counts.papers import count_place, count_sheet, issue_count_minutes
from stock.items.queries import find_item
from stock.ledger.papers import card_paper, card_paper_lines
from stock.ledger.queries import batch_balances, batch_by_code, stock_document
from stock.places.queries import find_place, place_by_id

api = Blueprint(
    "stock-papers",
    __name__,
    url_prefix="/stock-papers",
    description="SBBM, SBBK, minutes, stock cards, count sheets and labels.",
)


@api.post("/documents/<uuid:document_id>")
@guard.requires("stock.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.StockPaperOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def issue_document_paper(document_id: UUID, **_: Any) -> Response:
    """Issue the paper of a document of the ledger: SBBM, SBBK or minutes; once, then the same is given again."""

    def issue(tx: Tx) -> UUID:
        found = stock_document(tx, document_id)
        spots = [place for line in found.lines for place in (line.source, line.target)]
        need_one_of(tx.require("stock.print"), spots)
        return papers.issue_of_stock(tx, document_id)

    return _issue(issue)


@api.post("/counts/<uuid:count_id>/minutes")
@guard.requires("stock.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.StockPaperOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def issue_minutes_of_count(count_id: UUID, **_: Any) -> Response:
    """Issue the berita acara of an approved count."""

    def issue(tx: Tx) -> UUID:
        _need_count(tx, count_id)
        return issue_count_minutes(tx, count_id)

    return _issue(issue)


@api.post("/corrections/<uuid:correction_id>/minutes")
@guard.requires("stock.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.StockPaperOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def issue_minutes_of_correction(correction_id: UUID, **_: Any) -> Response:
    """Issue the minutes of an approved write-off, adjustment or reversal."""

    def issue(tx: Tx) -> UUID:
        need_correction(tx, correction_id)
        return issue_minutes_of(tx, correction_id)

    return _issue(issue)


def _issue(issue: Callable[[Tx], UUID]) -> Response:
    def act(tx: Tx) -> Any:
        issued = document(tx, issue(tx))
        return shapes.StockPaperOut().dump(issued)

    return context.write_once(act)


@api.get("/card")
@guard.requires("stock.see")
@api.arguments(shapes.CardPaperArgs, location="query")
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def print_card(args: dict[str, Any]) -> Response:
    """Print the kartu persediaan of an item at a place, in quantities and rupiah."""
    with context.read() as tx:
        reach = tx.require("stock.see")
        if reach.detail == "totals":
            raise Forbidden("permission.missing", action="stock.see")
        place = find_place(tx, args["place_code"])
        need_one_of(reach, [place], "place.not_found")
        item = find_item(tx, args["item_code"])
        first_on, last_on = period_of(tx.today, args["first_on"], args["last_on"])
        asked = (item.id, place.id, first_on, last_on)
        body = card_report.build(card_paper(tx, *asked), card_paper_lines(tx, *asked), papers.SHEETS[args["sheet"]])
    return pdf(body, f"kartu-{item.code}-{place.code}-{first_on.isoformat()}.pdf")


@api.get("/counts/<uuid:count_id>/sheet")
@guard.requires("stock.print")
@api.arguments(shapes.SheetArgs, location="query")
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
def print_count_sheet(args: dict[str, Any], count_id: UUID) -> Response:
    """Print the sheet that is carried along the shelves; without the books' figures where the count is blind."""
    with context.read() as tx:
        _need_count(tx, count_id)
        view = count_sheet(tx, count_id)
    body = sheet_report.build(view, line_address(count_id), papers.SHEETS[args["sheet"]])
    return pdf(body, f"lembar-hitung-{view.code}.pdf")


@api.post("/labels")
@guard.requires("stock.print")
@api.arguments(shapes.LabelsIn)
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
@api.alt_response(422, schema=Problem)
def print_label_sheets(data: dict[str, Any]) -> Response:
    """Print labels for boxes, on sheets of 3 × 8 or a roll of 58 mm; nothing is issued or changed."""
    with context.read() as tx:
        orders = [_label_order(tx, line, number) for number, line in enumerate(data["lines"])]
        made = labels_of(orders, is_demo=office(tx).is_demo)
    return pdf(print_labels(made, data["format"], data["first"]), "label.pdf")


def _label_order(tx: Tx, line: dict[str, Any], number: int) -> LabelOrder:
    place = find_place(tx, line["place_code"])
    need_one_of(tx.require("stock.print"), [place], "place.not_found")
    batch = batch_by_code(tx, line["batch_code"])
    lying = batch_balances(tx, place_ids=[place.id], item_ids=[batch.item.id])
    here = next((one for one in lying if one.batch.id == batch.id), None)
    if here is None:
        raise NotFound("batch.not_found", batch=batch.code)
    if not line["content"]:
        raise Invalid("stock.quantity_out_of_range", field=f"lines.{number}.content", item=batch.item.name_id)
    return LabelOrder(
        batch=batch, place=place.name, total_milli=here.on_hand_milli, content_milli=line["content"],
        boxes=line["boxes"] or boxes_for(here.on_hand_milli, line["content"]),
        funding=say(batch.funding_source.label, "id"),
    )  # fmt: skip


def _need_count(tx: Tx, count_id: UUID) -> None:
    need_one_of(tx.require("stock.print"), [place_by_id(tx, count_place(tx, count_id))], "stock_count.not_found")
