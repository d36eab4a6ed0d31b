"""Regular assistance for machines: programmes, terms, and the list from candidate to determination."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from core.measures import Period
from core.work import Tx
from logistics.packages.queries import round_of_term
from logistics.programmes import commands, queries
from routes import context, guard, term
from routes.schemas import bansos as shapes
from routes.schemas.fields import KeyHeader, Problem
from routes.schemas.plan import PlannedOut, RoundsOut
from stock.items.queries import find_item

api = Blueprint("programmes", __name__, description="Programmes, their terms and lists; three people determine one.")


@api.get("/programmes")
@guard.requires("bansos.see")
@api.response(200, shapes.ProgrammesOut)
def list_programmes() -> dict[str, Any]:
    """List the office's programmes; each counts in its own unit."""
    with context.read() as tx:
        return {"programmes": queries.programmes(tx)}


@api.post("/programmes")
@guard.requires("bansos.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProgrammeIn)
@api.response(201, shapes.ProgrammeOut)
@api.alt_response(409, schema=Problem)
def open_programme(order: commands.OpenProgramme, **_: Any) -> Response:
    """Open a programme."""

    def act(tx: Tx) -> Any:
        opened = commands.open_programme(tx, order)
        return shapes.ProgrammeOut().dump(queries.programme_by_id(tx, opened.id))

    return context.write_once(act)


@api.get("/programmes/<uuid:programme_id>")
@guard.requires("bansos.see")
@api.response(200, shapes.ProgrammeOut)
@api.alt_response(404, schema=Problem)
def show_programme(programme_id: UUID) -> queries.ProgrammeView:
    """Give one programme."""
    with context.read() as tx:
        return queries.programme_by_id(tx, programme_id)


@api.get("/programmes/<uuid:programme_id>/terms")
@guard.requires("bansos.see")
@api.response(200, shapes.TermsOut)
@api.alt_response(404, schema=Problem)
def list_terms(programme_id: UUID) -> dict[str, Any]:
    """List a programme's terms, newest first."""
    with context.read() as tx:
        queries.programme_by_id(tx, programme_id)
        return {"terms": queries.terms(tx, programme_id)}


@api.post("/programmes/<uuid:programme_id>/terms")
@guard.requires("bansos.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TermIn)
@api.response(201, shapes.TermOut)
@api.alt_response(422, schema=Problem)
def open_term(data: dict[str, Any], programme_id: UUID, **_: Any) -> Response:
    """Open the next term: what each beneficiary gets, and how many there may be in each district."""

    def act(tx: Tx) -> Any:
        ids = {one["item_code"]: find_item(tx, one["item_code"]).id for one in data["items"]}
        term_id = commands.open_term(tx, shapes.term_order(programme_id, data, ids))
        return shapes.TermOut().dump(queries.term_by_id(tx, term_id))

    return context.write_once(act)


@api.get("/terms/<uuid:term_id>")
@guard.requires("bansos.see")
@api.response(200, shapes.TermOut)
@api.alt_response(404, schema=Problem)
def show_term(term_id: UUID) -> queries.TermView:
    """Give one term."""
    with context.read() as tx:
        return queries.term_by_id(tx, term_id)


@api.get("/terms/<uuid:term_id>/counts")
@guard.requires("bansos.see")
@api.response(200, shapes.CountsOut)
@api.alt_response(404, schema=Problem)
def count_list(term_id: UUID) -> dict[str, Any]:
    """Count the list by district and state beside the quota, within the token's villages."""
    with context.read() as tx:
        return shapes.counts_of(queries.district_counts(tx, term_id), queries.term_by_id(tx, term_id).unit)


@api.get("/terms/<uuid:term_id>/entries")
@guard.requires("bansos.see")
@api.arguments(shapes.EntryArgs, location="query")
@api.response(200, shapes.EntryPageOut)
@api.alt_response(404, schema=Problem)
def list_entries(args: dict[str, Any], term_id: UUID) -> dict[str, Any]:
    """List the beneficiaries of a term within the token's villages; every look is logged."""
    lang = context.lang()
    state = args.pop("state")
    with context.read() as tx:
        found = queries.entries(tx, term_id, states=(state,) if state else (), **args)
    return {"entries": [shapes.entry_of(one, lang) for one in found.rows], "total": found.total}


@api.post("/terms/<uuid:term_id>/entries")
@guard.requires("bansos.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.EntryIn)
@api.response(201, shapes.EntryIdOut)
@api.alt_response(409, schema=Problem)
def add_entry(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Put a household, or one of its people where the programme counts persons, onto the list as a candidate."""
    order = commands.AddEntry(term_id=term_id, **data)
    return context.write_once(lambda tx: shapes.EntryIdOut().dump({"entry_id": commands.add_entry(tx, order)}))


@api.post("/terms/<uuid:term_id>/proposals")
@guard.requires("bansos.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ProposeIn)
@api.response(200, shapes.EntriesOut)
@api.alt_response(409, schema=Problem)
def propose_entries(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Propose candidates, as their village or on the minutes of its meeting."""
    order = commands.Propose(term_id=term_id, **{**data, "entry_ids": tuple(data["entry_ids"])})
    return context.write_once(lambda tx: {"entries": commands.propose(tx, order)}, 200)


@api.post("/term-entries/<uuid:entry_id>/withdrawal")
@guard.requires("bansos.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.EntryOut)
@api.alt_response(409, schema=Problem)
def withdraw_proposal(entry_id: UUID, **_: Any) -> Response:
    """Take a proposal back before it is verified."""
    return _entry_act(entry_id, lambda tx: commands.withdraw_proposal(tx, entry_id))


@api.post("/term-entries/<uuid:entry_id>/exclusion")
@guard.requires("bansos.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReasonIn)
@api.response(200, shapes.EntryOut)
@api.alt_response(409, schema=Problem)
def exclude_entry(data: dict[str, Any], entry_id: UUID, **_: Any) -> Response:
    """Leave a beneficiary out, with the reason."""
    order = commands.Exclude(entry_id=entry_id, reason=data["reason"])
    return _entry_act(entry_id, lambda tx: commands.exclude_entry(tx, order))


@api.post("/term-entries/<uuid:entry_id>/restoration")
@guard.requires("bansos.propose")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.EntryOut)
@api.alt_response(409, schema=Problem)
def restore_entry(entry_id: UUID, **_: Any) -> Response:
    """Make somebody who was left out a candidate again."""
    return _entry_act(entry_id, lambda tx: commands.restore_entry(tx, entry_id))


@api.post("/terms/<uuid:term_id>/verification")
@guard.requires("bansos.verify")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(200, shapes.EntriesOut)
@api.alt_response(409, schema=Problem)
def verify_list(term_id: UUID, **_: Any) -> Response:
    """Verify what the villages proposed; never by who proposed any of it."""
    return context.write_once(lambda tx: {"entries": commands.verify_list(tx, term_id)}, 200)


@api.post("/terms/<uuid:term_id>/sending-back")
@guard.requires("bansos.determine")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReasonIn)
@api.response(200, shapes.TermOut)
@api.alt_response(409, schema=Problem)
def send_back(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Give a verified list back to be worked on."""
    return _term_act(term_id, lambda tx: commands.send_back(tx, term_id, data["reason"]))


@api.post("/terms/<uuid:term_id>/determination")
@guard.requires("bansos.determine")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DetermineIn)
@api.response(200, shapes.EntriesOut)
@api.alt_response(409, schema=Problem)
def determine_list(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Determine the verified list by decree and freeze it; never by who proposed or verified it."""
    order = commands.Determine(term_id=term_id, **data)
    return context.write_once(lambda tx: {"entries": commands.determine(tx, order)}, 200)


@api.post("/terms/<uuid:term_id>/cancellation")
@guard.requires("bansos.edit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ReasonIn)
@api.response(200, shapes.TermOut)
@api.alt_response(409, schema=Problem)
def cancel_term(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Give a term up before it is determined."""
    return _term_act(term_id, lambda tx: commands.cancel_term(tx, term_id, data["reason"]))


@api.post("/terms/<uuid:term_id>/plans")
@guard.requires("round.plan")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.TermPlanIn)
@api.response(201, PlannedOut)
@api.alt_response(409, schema=Problem)
def plan_term(data: dict[str, Any], term_id: UUID, **_: Any) -> Response:
    """Plan the distribution of the determined list; approved like an incident's round at /rounds/…/approval."""

    def act(tx: Tx) -> Any:
        done = term.plan_the_term(
            tx, queries.term_by_id(tx, term_id), Period(data["first_on"], data["last_on"]),
            fit_to_stock=data["fit_to_stock"], start_over=data["start_over"],
        )  # fmt: skip
        return PlannedOut().dump(done)

    return context.write_once(act)


@api.get("/terms/<uuid:term_id>/rounds")
@guard.requires("round.see")
@api.response(200, RoundsOut)
@api.alt_response(404, schema=Problem)
def list_term_rounds(term_id: UUID) -> dict[str, Any]:
    """Give the term's distribution: none before it is planned, else one."""
    with context.read() as tx:
        queries.term_by_id(tx, term_id)
        found = round_of_term(tx, term_id)
        return {"rounds": [found] if found is not None else []}


def _entry_act(entry_id: UUID, act: Any) -> Response:
    lang = context.lang()

    def whole(tx: Tx) -> Any:
        act(tx)
        return shapes.EntryOut().dump(shapes.entry_of(queries.entry(tx, entry_id), lang))

    return context.write_once(whole, 200)


def _term_act(term_id: UUID, act: Any) -> Response:
    def whole(tx: Tx) -> Any:
        act(tx)
        return shapes.TermOut().dump(queries.term_by_id(tx, term_id))

    return context.write_once(whole, 200)
