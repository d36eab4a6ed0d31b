"""The registry's way for machines: where households stand, the civil registry's files, field visits, deaths, moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.i18n import say
from core.reader import READER
from core.work import Tx
from registry_link.households import departures, splitting
from registry_link.households.departures import RecordDeparture
from registry_link.households.splitting import MoveMember
from registry_link.links import asking, commands, queries
from registry_link.links.commands import EndLink, RecordVisit, SendVillage
from registry_link.links.counting import link_counts
from registry_link.links.queries import DukcapilFileView, HouseholdLinks
from routes import context, guard, limits
from routes.pages.dukcapil import order_of
from routes.schemas import links as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem
from routes.schemas.stock_files import FormArgs
from routes.tables import KINDS, download

api = Blueprint(
    "registry-links", __name__, url_prefix="/registry", description="Every step of a household through the registry."
)


# ---------------------------------------------------------------- where they stand


@api.get("/links")
@guard.requires("link.see")
@api.arguments(shapes.LinkArgs, location="query")
@api.response(200, shapes.LinksOut)
def list_links(args: dict[str, Any]) -> dict[str, Any]:
    """Count households by village and state, and list those in one state."""
    states = (args["state"],) if args["state"] else ()
    with context.read() as tx:
        found = queries.links(tx, states=states, village_code=args["village_code"], after=args["after"])
        told = link_counts(tx, args["village_code"])
    return {
        "counts": told.counts, "counted_at": told.counted_at, "households": found.lines, "has_more": found.has_more,
    }  # fmt: skip


@api.post("/links/sending")
@guard.requires("link.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SendVillageIn)
@api.response(201, shapes.VillageSentOut)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def send_village(data: dict[str, Any], **_: Any) -> Response:
    """Send a village's households to the civil registry, or somebody to their doors."""
    order = SendVillage(**{**data, "states": tuple(data["states"])})
    return context.write_once(lambda tx: {"households": commands.send_village(tx, order)})


@api.get("/households/<uuid:household_id>/links")
@guard.requires("link.see")
@api.response(200, shapes.WayOut)
@api.alt_response(404, schema=Problem)
def show_way(household_id: UUID) -> HouseholdLinks:
    """Give a household's whole way: its links, every step with its paper, visits, deaths and moves."""
    with context.read() as tx:
        return queries.household_links(tx, household_id)


@api.post("/households/<uuid:household_id>/departures")
@guard.requires("link.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DepartureIn)
@api.response(201, shapes.WayOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def record_departure(data: dict[str, Any], household_id: UUID, **_: Any) -> Response:
    """Record that somebody died or moved, or all of a household, by a paper."""
    order = RecordDeparture(household_id=household_id, **data)
    return _done(household_id, lambda tx: departures.record_departure(tx, order))


@api.post("/households/<uuid:household_id>/departures/member")
@guard.requires("link.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.MoveMemberIn)
@api.response(201, shapes.MemberMovedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def move_member(data: dict[str, Any], household_id: UUID, **_: Any) -> Response:
    """Move one person into another household of the office, or into a new one, by a paper; undone as a departure."""
    order = MoveMember(household_id=household_id, **data)
    return context.write_once(lambda tx: shapes.MemberMovedOut().dump(splitting.move_member(tx, order)))


@api.post("/households/<uuid:household_id>/departures/undoing")
@guard.requires("link.record")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.WayOut)
@api.alt_response(404, schema=Problem)
def undo_departure(household_id: UUID, **_: Any) -> Response:
    """Undo a household's last death or move, recorded by mistake."""
    return _done(household_id, lambda tx: departures.undo_departure(tx, household_id))


@api.post("/households/<uuid:household_id>/graduation")
@guard.requires("link.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.LinkPaperIn)
@api.response(201, shapes.WayOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def graduate(data: dict[str, Any], household_id: UUID, **_: Any) -> Response:
    """Record that a household has graduated: its link ends."""
    return _done(household_id, lambda tx: commands.graduate(tx, EndLink(household_id=household_id, **data)))


@api.post("/households/<uuid:household_id>/reopening")
@guard.requires("link.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.LinkPaperIn)
@api.response(201, shapes.WayOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def reopen(data: dict[str, Any], household_id: UUID, **_: Any) -> Response:
    """Open a link again whose end was a mistake."""
    return _done(household_id, lambda tx: commands.reopen(tx, EndLink(household_id=household_id, **data)))


def _done(household_id: UUID, act: Callable[[Tx], object]) -> Response:
    def once(tx: Tx) -> Any:
        act(tx)
        return shapes.WayOut().dump(queries.household_links(tx, household_id))

    return context.write_once(once)


# ---------------------------------------------------------------- the field


@api.get("/field-list")
@guard.requires("link.verify")
@api.arguments(shapes.FieldListArgs, location="query")
@api.response(200, shapes.FieldListOut)
@api.alt_response(404, schema=Problem)
def field_list(args: dict[str, Any]) -> dict[str, Any]:
    """List the households of a village that are to be visited, in the order of a walk."""
    with context.read() as tx:
        return {"households": queries.field_list(tx, args["village_code"])}


@api.post("/field-visits")
@guard.requires("link.verify")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.FieldVisitIn)
@api.response(201, shapes.VisitedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def record_visit(data: dict[str, Any], **_: Any) -> Response:
    """Record what was found at a household's door."""
    return context.write_once(lambda tx: {"state": commands.record_visit(tx, RecordVisit(**data)).value})


# ---------------------------------------------------------------- the civil registry's answers


@api.get("/dukcapil-files")
@guard.requires("link.see_files")
@api.response(200, shapes.DukcapilFilesOut)
def list_files() -> dict[str, Any]:
    """List the files of the civil registry's answers, the newest first."""
    with context.read() as tx:
        return {"files": queries.dukcapil_files(tx)}


@api.post("/dukcapil-files")
@guard.requires("link.manage")
@limits.accepts(2 * READER.file_bytes)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.DukcapilFileArgs, location="query")
@api.response(201, shapes.DukcapilFileOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
@api.alt_response(422, schema=Problem)
def read_file(args: dict[str, Any], file_name: str, **_: Any) -> Response:
    """Read a file (the body, CSV or XLSX): every row gets its outcome, nothing is taken over yet."""
    if request.mimetype not in KINDS.values():
        raise UnsupportedMediaType()
    order = order_of(request.get_data(), file_name, args["basis_no"], args["basis_on"])

    def act(tx: Tx) -> Any:
        done = commands.read_dukcapil_file(tx, order)
        return shapes.DukcapilFileOut().dump(queries.dukcapil_file(tx, done.file_id))

    return context.write_once(act)


@api.get("/dukcapil-waiting")
@guard.requires("link.manage")
@api.response(200, shapes.DukcapilWaitingOut)
def show_waiting() -> dict[str, Any]:
    """Count by village the households that wait for the civil registry.

    The file with their whole numbers is given to a person who gives the password again, never to a machine.
    """
    with context.read() as tx:
        return {"villages": asking.waiting_villages(tx)}


@api.get("/dukcapil-files/<uuid:file_id>")
@guard.requires("link.see_files")
@api.response(200, shapes.DukcapilFileOut)
@api.alt_response(404, schema=Problem)
def show_file(file_id: UUID) -> DukcapilFileView:
    """Give one file: how many rows are understood and refused, and who applied it."""
    with context.read() as tx:
        return queries.dukcapil_file(tx, file_id)


@api.get("/dukcapil-files/<uuid:file_id>/rows")
@guard.requires("link.see_files")
@api.arguments(shapes.DukcapilRowArgs, location="query")
@api.response(200, shapes.DukcapilRowsOut)
@api.alt_response(404, schema=Problem)
def list_rows(args: dict[str, Any], file_id: UUID) -> dict[str, Any]:
    """Give a file's rows with what is to become of each, or became; no row shows a number."""
    lang = context.lang()
    with context.read() as tx:
        found = queries.answers(tx, file_id, **args)
    return {
        "total": found.total,
        "rows": [
            {
                "row_no": one.row_no, "outcome": one.outcome, "verdict": one.verdict,
                "household_id": one.household_id,
                "problems": [
                    {"code": each.code, "column": each.column, "text": each.sentence(lang)} for each in one.problems
                ],
            }
            for one in found.lines
        ],
    }  # fmt: skip


@api.get("/dukcapil-files/<uuid:file_id>/refused")
@guard.requires("link.manage")
@api.arguments(FormArgs, location="query")
@api.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
@api.alt_response(404, schema=Problem)
def refused_rows(args: dict[str, Any], file_id: UUID) -> Response:
    """Give the refused rows as the same table with a column that says why."""
    lang = context.lang()
    with context.read() as tx:
        table = queries.refused_table(tx, file_id, lang)
    return download(
        table.title, ((say("dukcapil.about", lang), table.title),), table.header, table.rows, stem="ditolak",
        suffix=args["form"],
    )  # fmt: skip


@api.post("/dukcapil-files/<uuid:file_id>/application")
@guard.requires("link.approve")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.DukcapilAppliedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def apply_file(file_id: UUID, **_: Any) -> Response:
    """Take a file over that somebody else has read."""
    return context.write_once(lambda tx: shapes.DukcapilAppliedOut().dump(commands.apply_dukcapil_file(tx, file_id)))


@api.post("/dukcapil-files/<uuid:file_id>/discard")
@guard.requires("link.manage")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.DukcapilFileOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_file(file_id: UUID, **_: Any) -> Response:
    """Give up a file that is not taken over."""

    def act(tx: Tx) -> Any:
        commands.discard_dukcapil_file(tx, file_id)
        return shapes.DukcapilFileOut().dump(queries.dukcapil_file(tx, file_id))

    return context.write_once(act)
