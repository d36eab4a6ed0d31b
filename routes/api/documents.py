"""Issued papers for machines: found by number, printed again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.documents.queries import DocumentView, document, documents
from core.work import Tx
from routes import context, guard, papers
from routes.pages.dispatch import pdf
from routes.schemas import documents as shapes
from routes.schemas.fields import Problem

api = Blueprint("documents", __name__, url_prefix="/documents", description="Every issued paper, by its number.")


@api.get("")
@guard.requires("document.see")
@api.arguments(shapes.DocumentArgs, location="query")
@api.response(200, shapes.DocumentsOut)
def list_documents(args: dict[str, Any]) -> dict[str, Any]:
    """List issued papers, newest first; ``number`` finds part of a number."""
    with context.read() as tx:
        found = documents(tx, kind=args["kind"], text=args["number"], limit=args["limit"], offset=args["offset"])
    return {"documents": found.lines, "total": found.total}


@api.get("/<uuid:document_id>")
@guard.requires("document.see")
@api.response(200, shapes.DocumentOut)
@api.alt_response(404, schema=Problem)
def show_document(document_id: UUID) -> DocumentView:
    """Give one issued paper."""
    with context.read() as tx:
        return document(tx, document_id)


@api.post("/<uuid:document_id>/print")
@guard.requires("document.reprint")
@api.arguments(shapes.PrintIn)
@api.response(200, shapes.PDF, content_type="application/pdf")
@api.alt_response(404, schema=Problem)
def print_document(data: dict[str, Any], document_id: UUID) -> Response:
    """Print a paper as it was issued; every print after the first is marked as a copy and counted."""

    def act(tx: Tx) -> tuple[bytes, str]:
        reach = tx.require("document.reprint")
        paper = document(tx, document_id, None if reach.is_all else reach)
        return papers.print_papers(tx, [document_id], data["sheet"]), papers.file_name(paper, tx.today)

    return pdf(*context.write(act))
