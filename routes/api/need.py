"""The need for machines: by item, by village, by day, what is on its way, and the letter that asks for what lacks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.documents.queries import document
from core.work import Tx
from logistics.planning.need import need
from logistics.planning.spreading import need_by_day, need_by_village
from logistics.zones import gap_letter
from logistics.zones.queries import incident_by_id
from reports import gap_letter as report
from routes import context, guard, tables
from routes.schemas import need as shapes
from routes.schemas.documents import PDF
from routes.schemas.fields import KeyHeader, Problem

api = Blueprint("need_api", __name__, description="What households need against what there is; nobody is named.")


@api.get("/rounds/<uuid:round_id>/need")
@guard.requires("round.see")
@api.response(200, shapes.NeedOut)
@api.alt_response(404, schema=Problem)
def show_need(round_id: UUID) -> dict[str, Any]:
    """Give what the round needs item by item, against what is free, with the arithmetic in words."""
    with context.read() as tx:
        return shapes.need_of(need(tx, round_id), context.lang())


@api.get("/rounds/<uuid:round_id>/need/villages")
@guard.requires("round.see")
@api.response(200, shapes.VillagesNeedOut)
@api.alt_response(404, schema=Problem)
def show_need_by_village(round_id: UUID) -> dict[str, Any]:
    """Give what the round needs village by village: given, set aside, waiting, lacking."""
    with context.read() as tx:
        found = need(tx, round_id)
        return shapes.villages_of(found, need_by_village(tx, round_id, found))


@api.get("/rounds/<uuid:round_id>/need/days")
@guard.requires("round.see")
@api.response(200, shapes.DaysNeedOut)
@api.alt_response(404, schema=Problem)
def show_need_by_day(round_id: UUID) -> dict[str, Any]:
    """Give what leaves on each day of the round, the stock meanwhile, and the first day on which an item gives out."""
    with context.read() as tx:
        return shapes.days_of(need_by_day(tx, round_id, need(tx, round_id)))


@api.get("/rounds/<uuid:round_id>/need/arrivals")
@guard.requires("round.see")
@api.response(200, shapes.ArrivalsOut)
@api.alt_response(404, schema=Problem)
def show_arrivals(round_id: UUID) -> dict[str, Any]:
    """Give what of the round's items is announced, at the gate or on the road; none of it counts as free."""
    with context.read() as tx:
        return shapes.arrivals_of(need(tx, round_id))


@api.get("/incidents/<uuid:incident_id>/need")
@guard.requires("round.see")
@api.response(200, shapes.NeedOut)
@api.alt_response(404, schema=Problem)
def show_need_before_plan(incident_id: UUID) -> dict[str, Any]:
    """Give what everybody confirmed would need for a week; no lines before a standard is approved."""
    with context.read() as tx:
        found = gap_letter.spread_of(tx, incident_by_id(tx, incident_id), None)
        return shapes.need_of(found.need if found else None, context.lang())


@api.get("/incidents/<uuid:incident_id>/need/villages")
@guard.requires("round.see")
@api.response(200, shapes.VillagesNeedOut)
@api.alt_response(404, schema=Problem)
def show_villages_before_plan(incident_id: UUID) -> dict[str, Any]:
    """Give what everybody confirmed would need for a week, village by village."""
    with context.read() as tx:
        found = gap_letter.spread_of(tx, incident_by_id(tx, incident_id), None)
        return shapes.villages_of(found.need, found.villages) if found else {"villages": []}


@api.post("/incidents/<uuid:incident_id>/gap-letters")
@guard.requires("gap.issue")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.GapLetterIn)
@api.response(201, shapes.GapLetterOut)
@api.alt_response(409, schema=Problem)
def issue_gap_letter(data: dict[str, Any], incident_id: UUID, **_: Any) -> Response:
    """Issue the letter that asks for what a round lacks, or without one for what everybody confirmed would lack.

    Printed at /documents/{id}/print. Asked again while nothing has changed, it gives the same letter.
    """
    order = gap_letter.IssueGapLetter(
        incident_id=incident_id, **{**data, "copies_to": tuple(data["copies_to"])}
    )  # fmt: skip

    def act(tx: Tx) -> Any:
        made = gap_letter.issue_gap_letter(tx, order)
        return shapes.GapLetterOut().dump({"document_id": made, "number": document(tx, made).number})

    return context.write_once(act)


@api.get("/gap-letters/<uuid:document_id>/annex.xlsx")
@guard.requires("document.see")
@api.response(200, PDF, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
@api.alt_response(404, schema=Problem)
def gap_letter_annex(document_id: UUID) -> Response:
    """Give a letter's tables by item, village and day as a workbook, as they were when it was issued."""
    with context.read() as tx:
        paper = document(tx, document_id)
        facts = gap_letter.facts_of(tx, document_id)
    content = report.build_annex(facts, paper.number)
    return tables.attached(content, tables.KINDS["xlsx"], f"{tables.plain_stem(paper.number)}.xlsx")
