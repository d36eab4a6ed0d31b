"""After the determination, for machines: what was missed, the reconciliation, the closing of a term."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.work import Tx
from logistics.handover import commands, queries
from logistics.packages.queries import round_by_id
from logistics.programmes.queries import TermView, term_by_id
from logistics.programmes.reconciling import CloseTerm, Reconciliation, close_term, reconciliation
from routes import context, guard, term
from routes.schemas import closing as shapes
from routes.schemas.bansos import TermOut
from routes.schemas.documents import PDF
from routes.schemas.fields import KeyHeader, Problem
from routes.tables import KINDS, attached

api = Blueprint("reconciliation", __name__, description="Determined = handed over + returned + open.")


@api.post("/packages/<uuid:package_id>/misses")
@guard.requires("handover.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.MissIn)
@api.response(201, shapes.MissIdOut)
@api.alt_response(409, schema=Problem)
def record_miss(data: dict[str, Any], package_id: UUID, **_: Any) -> Response:
    """Say why a package was not handed over, and what happens next until when; the package stays open."""
    order = commands.RecordMiss(package_id=package_id, **data)
    return context.write_once(lambda tx: shapes.MissIdOut().dump({"miss_id": commands.record_miss(tx, order)}))


@api.get("/rounds/<uuid:round_id>/misses")
@guard.requires("handover.see")
@api.arguments(shapes.MissArgs, location="query")
@api.response(200, shapes.MissesOut)
@api.alt_response(404, schema=Problem)
def list_misses(args: dict[str, Any], round_id: UUID) -> dict[str, Any]:
    """List what was missed at the token's posts, by deadline: whom to call again."""
    with context.read() as tx:
        round_by_id(tx, round_id)
        return shapes.misses_of(queries.misses(tx, round_id, open_only=args["open_only"]))


@api.get("/terms/<uuid:term_id>/reconciliation")
@guard.requires("bansos.see")
@api.response(200, shapes.ReconciliationOut)
@api.alt_response(404, schema=Problem)
def show_reconciliation(term_id: UUID) -> Reconciliation:
    """Give the term in figures, village by village and item by item."""
    with context.read() as tx:
        return reconciliation(tx, term_id)


@api.post("/terms/<uuid:term_id>/closing")
@guard.requires("bansos.close")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.CloseIn)
@api.response(200, TermOut)
@api.alt_response(409, schema=Problem)
def close_the_term(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Close a term: at zero, or with the minutes that say what became of those still open."""

    def act(tx: Tx) -> Any:
        close_term(tx, CloseTerm(term_id=term_id, **data))
        view: TermView = term_by_id(tx, term_id)
        return TermOut().dump(view)

    return context.write_once(act, 200)


@api.post("/terms/<uuid:term_id>/papers")
@guard.requires("bansos.print")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.PaperIn)
@api.response(201, shapes.IssuedOut)
@api.alt_response(409, schema=Problem)
def issue_paper(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Issue a paper of a determined term (DN list, UND invitations, LPJ annex); printed at /documents/…/print."""

    def act(tx: Tx) -> Any:
        if data["kind"] == term.ACCOUNT:
            made = term.issue_lpj(tx, term_id)
        elif data["kind"] == term.INVITATION:
            made = term.issue_invitations(tx, term_id, data["region_code"])
        else:
            made = term.issue_nominative(tx, term_id, data["region_code"])
        return shapes.IssuedOut().dump({"document_id": made})

    return context.write_once(act)


@api.post("/terms/<uuid:term_id>/nominative.xlsx")
@guard.requires("bansos.print")
@api.arguments(shapes.PaperRegionIn)
@api.response(200, PDF, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
@api.alt_response(409, schema=Problem)
def nominative_workbook(data: dict[str, Any], term_id: UUID) -> Response:
    """Give the determined list as a workbook; the look is logged."""
    with context.read() as tx:
        content = term.nominative_xlsx(tx, term_id, data["region_code"])
    return attached(content, KINDS["xlsx"], "daftar-nominatif.xlsx")
