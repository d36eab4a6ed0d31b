"""Villages in numbers and what they complete, for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.reader import READER
from core.work import Tx
from registry_link.completion import commands, file_queries, files, queries
from registry_link.completion.commands import IssueList, Saved, SaveEntry
from registry_link.completion.file_queries import FileView
from registry_link.completion.overview import VillageLine, village_line, village_lines
from registry_link.completion.queries import EntryLine, ListView
from registry_link.completion.states import FileKind
from registry_link.households.completing import CompleteHousehold
from registry_link.households.gaps import GAPS, Gap, each
from routes import context, guard, limits
from routes.pages.completion import list_file, merge_rows, order_of
from routes.schemas import completion as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem
from routes.tables import KINDS

api = Blueprint("registry-completion", __name__, description="Completing households, village by village.")


# ---------------------------------------------------------------- villages


@api.get("/registry/villages")
@guard.requires("village.see")
@api.response(200, shapes.VillageOverviewsOut)
def list_villages() -> dict[str, Any]:
    """List the villages with what their households lack; counts only, at most a minute old."""
    with context.read() as tx:
        return {"villages": [_overview(one) for one in village_lines(tx)]}


@api.get("/registry/villages/<village_code>")
@guard.requires("village.see")
@api.response(200, shapes.VillageOverviewOut)
@api.alt_response(404, schema=Problem)
def show_village(village_code: str) -> dict[str, Any]:
    """Count one village as it is now."""
    with context.read() as tx:
        commands.own_village(tx, village_code)
        return _overview(village_line(tx, village_code))


def _overview(one: VillageLine) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in VillageLine.__dataclass_fields__},
        "missing": {_name(gap): count for gap, count in one.missing.items()},
    }


def _name(gap: Gap) -> str:
    return (gap.name or "").lower()


def _names(gaps: Gap) -> list[str]:
    return [_name(gap) for gap in each(gaps)]


# ---------------------------------------------------------------- lists


@api.get("/registry/completion/lists")
@guard.requires("completion.see")
@api.arguments(shapes.CompletionListArgs, location="query")
@api.response(200, shapes.CompletionListsOut)
def list_lists(args: dict[str, Any]) -> dict[str, Any]:
    """List the completion lists within the token's villages, open ones first."""
    with context.read() as tx:
        return {"lists": [_list(one) for one in queries.completion_lists(tx, **args)]}


@api.post("/registry/completion/lists")
@guard.requires("completion.issue")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.IssueListIn)
@api.response(201, shapes.CompletionListOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def issue_list(data: dict[str, Any], **_: Any) -> Response:
    """Ask a village for what its households lack; an open list gets those that are not on it yet."""
    asked = Gap(sum(gap for gap in GAPS if _name(gap) in data["asked"]))

    def act(tx: Tx) -> Any:
        done = commands.issue_list(tx, IssueList(village_code=data["village_code"], asked=asked))
        return shapes.CompletionListOut().dump(_list(queries.completion_list(tx, done.list_id)))

    return context.write_once(act)


@api.get("/registry/completion/lists/<uuid:list_id>")
@guard.requires("completion.see")
@api.response(200, shapes.CompletionListOut)
@api.alt_response(404, schema=Problem)
def show_list(list_id: UUID) -> dict[str, Any]:
    """Give one list with its progress."""
    with context.read() as tx:
        return _list(queries.completion_list(tx, list_id))


@api.get("/registry/completion/lists/<uuid:list_id>/entries")
@guard.requires("completion.see")
@api.arguments(shapes.EntryArgs, location="query")
@api.response(200, shapes.CompletionEntriesOut)
@api.alt_response(404, schema=Problem)
def list_entries(args: dict[str, Any], list_id: UUID) -> dict[str, Any]:
    """Give a list's households with what each lacks; the look is logged."""
    with context.read() as tx:
        found = queries.entries(tx, queries.completion_list(tx, list_id), **args)
    return {"entries": [_entry(one) for one in found.entries], "total": found.total}


@api.post("/registry/completion/lists/<uuid:list_id>/close")
@guard.requires("completion.issue")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.CompletionListOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def close_list(list_id: UUID, **_: Any) -> Response:
    """Ask for nothing more; what was completed stays."""

    def act(tx: Tx) -> Any:
        commands.close_list(tx, list_id)
        return shapes.CompletionListOut().dump(_list(queries.completion_list(tx, list_id)))

    return context.write_once(act)


def _list(one: ListView) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in ListView.__dataclass_fields__}, "asked": _names(one.asked)}


def _entry(one: EntryLine) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(one, name) for name in ("id", "no", "household_id", "state", "skip_reason")
    } | {"gaps": _names(one.gaps), "is_gone": one.facts is None}
    if one.facts is None:
        return told
    names = ("code", "head_name", "size", "rt", "rw", "hamlet", "address", "ageless", "lon_deg", "lat_deg",
             "position_source", "position_accuracy_m", "seal")  # fmt: skip
    return told | {name: getattr(one.facts, name) for name in names}


# ---------------------------------------------------------------- one household


@api.post("/registry/completion/entries/<uuid:entry_id>")
@guard.requires("completion.fill")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SaveEntryIn)
@api.response(201, shapes.SavedOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def save_entry(data: dict[str, Any], entry_id: UUID, **_: Any) -> Response:
    """Fill in what is known of one household; what somebody else filled in meanwhile stays."""

    def act(tx: Tx) -> Any:
        told = {name: value for name, value in data.items() if name not in ("births", "position")}
        entry = commands.open_entry(tx, entry_id)
        values = CompleteHousehold(household_id=entry.household_id, births=tuple(data["births"]), **told)
        order = SaveEntry(entry_id=entry_id, household=values, position=data["position"])
        return shapes.SavedOut().dump(_saved(commands.save_entry(tx, order)))

    return context.write_once(act)


@api.post("/registry/completion/entries/<uuid:entry_id>/skip")
@guard.requires("completion.fill")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.SkipIn)
@api.response(201, shapes.CompletionEntryOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def skip_entry(data: dict[str, Any], entry_id: UUID, **_: Any) -> Response:
    """Say why a household cannot be completed."""

    def act(tx: Tx) -> Any:
        commands.skip_entry(tx, entry_id, data["reason"])
        return shapes.CompletionEntryOut().dump(_entry(queries.entry(tx, entry_id)[0]))

    return context.write_once(act)


def _saved(one: Saved) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in Saved.__dataclass_fields__}, "remaining": _names(one.remaining)}


# ---------------------------------------------------------------- files


@api.post("/registry/completion/lists/<uuid:list_id>/files")
@guard.requires("completion.fill")
@limits.accepts(2 * READER.file_bytes)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.CompletionFileOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(413, schema=Problem)
def merge_file(list_id: UUID, file_name: str, **_: Any) -> Response:
    """Send a list back (the body, CSV or XLSX): row by row, each with its outcome.

    The key is claimed together with the file, before its first row is merged. The same bytes again give the same file;
    one that was cut off is gone on with, also by the same key.
    """
    content = sent_body()
    with context.read() as tx:
        queries.completion_list(tx, list_id)
    order = order_of(content, file_name, FileKind.LIST, files.MOST_LIST_ROWS)
    answer = context.write_once(lambda tx: {"id": str(files.begin_list_file(tx, list_id, order).file_id)})
    assert answer.json is not None
    file_id = UUID(answer.json["id"])
    merge_rows(file_id, order)
    with context.read() as tx:
        told = shapes.CompletionFileOut().dump(told_file(list_file(tx, file_id)))
    answer.set_data(current_app.json.dumps(told))
    return answer


@api.get("/registry/completion/files/<uuid:file_id>")
@guard.requires("completion.see")
@api.response(200, shapes.CompletionFileOut)
@api.alt_response(404, schema=Problem)
def show_file(file_id: UUID) -> dict[str, Any]:
    """Give a list's file with how many rows have which outcome."""
    with context.read() as tx:
        return told_file(list_file(tx, file_id))


@api.get("/registry/completion/files/<uuid:file_id>/rows")
@guard.requires("completion.see")
@api.arguments(shapes.CompletionFileRowArgs, location="query")
@api.response(200, shapes.CompletionFileRowsOut)
@api.alt_response(404, schema=Problem)
def list_file_rows(args: dict[str, Any], file_id: UUID) -> dict[str, Any]:
    """Give the rows of a list's file, each with its outcome and why."""
    with context.read() as tx:
        return told_rows(tx, list_file(tx, file_id), args)


def sent_body() -> bytes:
    """Give a file that was sent as the body. Raises: UnsupportedMediaType."""
    if request.mimetype not in KINDS.values():
        raise UnsupportedMediaType()
    return request.get_data()


def told_file(one: FileView) -> dict[str, Any]:
    """Give a file as its schema wants it."""
    return {
        **{name: getattr(one, name) for name in FileView.__dataclass_fields__},
        **{outcome.value: count for outcome, count in one.counts.items()},
    }


def told_rows(tx: Tx, file: FileView, args: dict[str, Any]) -> dict[str, Any]:
    """Give one page of a file's rows as its schema wants it."""
    found = file_queries.file_rows(tx, file.id, **args)
    return {
        "total": found.total,
        "rows": [
            {
                "row_no": one.row_no, "outcome": one.outcome, "household_code": one.household_code,
                "fields": one.fields,
                "problems": [
                    {"code": it.code, "column": it.column, "text": it.sentence(context.lang())} for it in one.troubles
                ],
            }
            for one in found.rows
        ],
    }  # fmt: skip
