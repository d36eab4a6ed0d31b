"""Handover for machines and phones: find the package, record the event as it was written, void, print."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.crypto import ring
from core.documents.queries import document
from core.errors import NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.handover import commands, queries
from logistics.handover.rules import read_fact
from logistics.packages import queries as packages
from logistics.packages.states import PackageState
from registry_link.households.queries import households_by_ids
from registry_link.regions.queries import full_name
from routes import context, guard, papers
from routes.invitations import issue_invitations
from routes.occasion import occasion_of
from routes.pages.dispatch import pdf
from routes.schemas import handover as shapes
from routes.schemas.documents import PDF
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.plan import lines_of, row_of
from stock.items.queries import items

api = Blueprint("handovers", __name__, description="A handover is an event kept byte for byte as its sender wrote it.")


@api.post("/packages/find")
@guard.requires("handover.see")
@api.arguments(shapes.FindIn)
@api.response(200, shapes.FoundPackageOut)
@api.alt_response(404, schema=Problem)
def find_package(data: dict[str, Any]) -> dict[str, Any]:
    """Find a package by its code or its QR, within the caller's posts; whoever looks is logged."""
    lang = context.lang()
    with context.read() as tx:
        reach = tx.require("handover.see")
        found = _find(tx, data["text"], None if reach.is_all else reach)
        beneficiary = None
        if reach.detail in ("full", "masked"):
            known = households_by_ids(tx, [found.row.household_id], purpose="handover")
            beneficiary = [
                {
                    "household_code": one.code, "head_name": one.head_name, "address": one.address,
                    "village": full_name(tx, one.village_code),
                }
                for one in known
            ]  # fmt: skip
    return {
        **row_of(found.row, lang), "incident_id": found.incident_id, "term_id": found.round.term_id,
        "standard_id": found.row.standard_id,
        "lines": lines_of(found.lines, lang), "beneficiary": beneficiary[0] if beneficiary else None,
        "is_served": found.row.state is PackageState.HANDED_OVER,
    }  # fmt: skip


def _find(tx: Tx, text: str, reach: Reach | None) -> packages.PackageView:
    token = ring().read_token(text.rsplit("/", 1)[-1]) if len(text) > 60 or "/" in text else None
    if token is not None:
        if token.kind != papers.RECEIPT_KIND:
            raise NotFound("package.not_found")
        return packages.find_package_by_ref(tx, token.ref, reach)
    return packages.find_package(tx, text, reach)


@api.post("/handovers")
@guard.requires("handover.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.HandoverIn)
@api.response(201, shapes.RecordedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def record_handover(data: dict[str, Any], **_: Any) -> Response:
    """Record a handover: goods leave the post's books and the receipt is issued, or nothing happens.

    The same event again gives the first answer with the outcome ``duplicate``.
    """

    def act(tx: Tx) -> Any:
        reach = tx.require("handover.record")
        found = packages.package(tx, read_fact(data["payload"]).package_id, reach)
        occasion = occasion_of(tx, found.round).name
        done = commands.record_handover(
            tx, commands.RecordHandover(payload=data["payload"], person=data["person"], occasion=occasion)
        )
        receipt = document(tx, done.receipt_id)
        assert receipt.public_ref is not None
        body = {name: getattr(done, name) for name in done.__dataclass_fields__}
        return shapes.RecordedOut().dump(
            {**body, "verify_url": papers.verify_url(papers.RECEIPT_KIND, receipt.public_ref)}
        )

    return context.write_once(act)


@api.get("/rounds/<uuid:round_id>/handovers")
@guard.requires("handover.see")
@api.arguments(shapes.HandoverArgs, location="query")
@api.response(200, shapes.HandoversOut)
@api.alt_response(404, schema=Problem)
def list_handovers(args: dict[str, Any], round_id: UUID) -> dict[str, Any]:
    """List a round's handovers within the caller's posts, newest first."""
    with context.read() as tx:
        packages.round_by_id(tx, round_id)
        return {"handovers": queries.handovers(tx, round_id=round_id, **args)}


@api.get("/handovers/<uuid:handover_id>")
@guard.requires("handover.see")
@api.response(200, shapes.HandoverDetailOut)
@api.alt_response(404, schema=Problem)
def show_handover(handover_id: UUID) -> dict[str, Any]:
    """Give one handover with what was due and what was given."""
    with context.read() as tx:
        found = queries.handover(tx, handover_id)
        lines = queries.handover_lines(tx, handover_id)
        goods = {one.id: one for one in items(tx, ids=[line.item_id for line in lines])}
    return {
        **{name: getattr(found, name) for name in shapes.HandoverOut().fields},
        "lines": [
            {
                "item_code": goods[line.item_id].code, "unit": goods[line.item_id].base_unit, "due": line.due_milli,
                "quantity": line.quantity_milli,
            }
            for line in lines
        ],
    }  # fmt: skip


@api.post("/handovers/<uuid:handover_id>/void")
@guard.requires("handover.void")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.VoidIn)
@api.response(200, shapes.HandoverOut)
@api.alt_response(403, schema=Problem)
@api.alt_response(409, schema=Problem)
def void_handover(data: dict[str, Any], handover_id: UUID, **_: Any) -> Response:
    """Void a handover: goods return to the post's books, its receipt says so to whoever checks it."""

    def act(tx: Tx) -> Any:
        commands.void_handover(tx, commands.VoidHandover(handover_id=handover_id, **data))
        return shapes.HandoverOut().dump(queries.handover(tx, handover_id))

    return context.write_once(act, 200)


@api.post("/handovers/<uuid:handover_id>/receipt")
@guard.requires("receipt.print")
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
def print_receipt(handover_id: UUID) -> Response:
    """Print a handover's receipt; every print after the first is marked as a copy."""

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("receipt.print")
        found = queries.handover(tx, handover_id)
        reach.need_place(found.post_id, "handover")
        assert found.receipt_id is not None
        paper = document(tx, found.receipt_id)
        return papers.print_papers(tx, [found.receipt_id]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))


@api.post("/rounds/<uuid:round_id>/signature-lists")
@guard.requires("list.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ListIn)
@api.response(201, shapes.IssuedListOut)
@api.alt_response(409, schema=Problem)
def issue_signature_list(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Issue the daftar tanda terima of a post and day; print it by its document."""

    def act(tx: Tx) -> Any:
        the_round = packages.round_by_id(tx, round_id)
        occasion = occasion_of(tx, the_round).name
        issued = commands.issue_list(tx, commands.IssueList(round_id=round_id, occasion=occasion, **data))
        return shapes.IssuedListOut().dump({"document_id": issued, "number": document(tx, issued).number})

    return context.write_once(act)


@api.post("/rounds/<uuid:round_id>/invitations")
@guard.requires("list.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.InviteIn)
@api.response(201, shapes.IssuedListOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def issue_round_invitations(data: dict[str, Any], round_id: UUID, **_: Any) -> Response:
    """Issue the invitations of a post and day, or of a village, of a week; printed at /documents/…/print."""

    def act(tx: Tx) -> Any:
        issued = issue_invitations(tx, round_id, **data)
        return shapes.IssuedListOut().dump({"document_id": issued, "number": document(tx, issued).number})

    return context.write_once(act)


@api.post("/signature-lists/<uuid:document_id>/print")
@guard.requires("list.print")
@api.response(200, PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
def print_signature_list(document_id: UUID) -> Response:
    """Print an issued daftar tanda terima."""

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("list.print")
        paper = document(tx, document_id)
        if paper.kind != commands.LIST:
            raise NotFound("document.not_found")
        reach.need_place(paper.place_id, "document")
        return papers.print_papers(tx, [document_id]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))
