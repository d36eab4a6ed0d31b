"""Imports of the registry, for machines: a file is sent as the body, imported by its id, applied by somebody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from core.files.commands import KeepFile, drop_received, keep_file, kept_file, receive_file
from core.reader.stream import refuse_early
from core.work import Tx
from registry_link.importing import commands, mapping, queries
from registry_link.importing.queries import ImportView
from routes import context, guard, limits
from routes.pages.registry_imports import KEEP_DAYS, KINDS, PURPOSE, refused_file
from routes.schemas import registry_imports as shapes
from routes.schemas.fields import KeyHeader, NameHeader, Problem

api = Blueprint("registry-imports", __name__, url_prefix="/registry", description="Registry files, imported.")


@api.post("/files")
@guard.requires("registry.import")
@limits.accepts(limits.FILE_BYTES)
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(NameHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.UploadOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(413, schema=Problem)
def send_file(file_name: str, **_: Any) -> Response:
    """Send one file (the body, CSV or XLSX); nothing of it is read yet but its size and first bytes."""
    if request.mimetype not in KINDS.values():
        raise UnsupportedMediaType()
    received = receive_file(context.runtime().files_dir, request.stream, limits.FILE_BYTES, is_sealed=True)

    def act(tx: Tx) -> Any:
        stored = keep_file(tx, KeepFile(received=received, name=file_name, purpose=PURPOSE, keep_days=KEEP_DAYS))
        return shapes.UploadOut().dump(stored)

    try:
        refuse_early(received.temporary, file_name)
        return context.write_once(act, digest=received.sha256)
    except BaseException:
        context.write(lambda tx: drop_received(tx, received))
        raise
    finally:
        received.drop()


@api.get("/imports")
@guard.requires("registry.see_imports")
@api.response(200, shapes.ImportsOut)
def list_imports() -> dict[str, Any]:
    """List the office's imports, the newest first."""
    with context.read() as tx:
        return {"imports": queries.imports(tx)}


@api.post("/imports")
@guard.requires("registry.import")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.StartImportIn)
@api.response(201, shapes.ImportOut)
@api.alt_response(400, schema=Problem)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def start_import(data: dict[str, Any], **_: Any) -> Response:
    """Import files that were sent: they are read in the background, and the registry is as before until applied."""
    folder = context.runtime().files_dir

    def act(tx: Tx) -> Any:
        files = []
        for one in data["files"]:
            stored, name, path = kept_file(tx, folder, one["file_id"], PURPOSE)
            files.append(
                commands.SourceFile(path=path, name=name, sha256=stored.sha256, size=stored.size, file_id=stored.id)
            )
        order = commands.StartImport(
            files=tuple(files), source=data["source"], as_of_on=data["as_of_on"] or tx.today,
            agreement_no=data["agreement_no"], completes_id=data["completes_id"],
            code_system=data["code_system"], columns=tuple(one["columns"] for one in data["files"]),
            asks_columns=data["asks_columns"],
        )  # fmt: skip
        return _told(tx, commands.start_import(tx, order))

    return context.write_once(act)


def _told(tx: Tx, run_id: UUID) -> Any:
    return shapes.ImportOut().dump(queries.import_run(tx, run_id))


@api.get("/imports/<uuid:run_id>")
@guard.requires("registry.see_imports")
@api.response(200, shapes.ImportOut)
@api.alt_response(404, schema=Problem)
def show_import(run_id: UUID) -> ImportView:
    """Give one import: how far it is, what it would do, or what it did."""
    with context.read() as tx:
        return queries.import_run(tx, run_id)


@api.get("/imports/<uuid:run_id>/columns")
@guard.requires("registry.import")
@api.response(200, shapes.ImportColumnsOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def show_columns(run_id: UUID) -> dict[str, Any]:
    """Give the columns of an import that waits for somebody to name them."""
    with context.read() as tx:
        return {"files": queries.columns_to_name(tx, run_id)}


@api.post("/imports/<uuid:run_id>/columns")
@guard.requires("registry.import")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.NameColumnsIn)
@api.response(201, shapes.ImportOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
@api.alt_response(422, schema=Problem)
def name_columns(data: dict[str, Any], run_id: UUID, **_: Any) -> Response:
    """Say which columns hold which fields; the rows are read then."""
    order = mapping.NameColumns(run_id=run_id, files=tuple(data["files"]))

    def act(tx: Tx) -> Any:
        mapping.name_columns(tx, order)
        return _told(tx, run_id)

    return context.write_once(act)


@api.get("/imports/<uuid:run_id>/reasons")
@guard.requires("registry.see_imports")
@api.response(200, shapes.ImportReasonsOut)
@api.alt_response(404, schema=Problem)
def count_reasons(run_id: UUID) -> dict[str, Any]:
    """Count the refused rows and the warnings by reason."""
    with context.read() as tx:
        return {"reasons": queries.issue_counts(tx, run_id)}


@api.get("/imports/<uuid:run_id>/issues")
@guard.requires("registry.see_imports")
@api.arguments(shapes.IssueArgs, location="query")
@api.response(200, shapes.ImportIssuesOut)
@api.alt_response(404, schema=Problem)
def list_issues(args: dict[str, Any], run_id: UUID) -> dict[str, Any]:
    """Give what is wrong or worth a look, row by row; no cell's content is in it."""
    with context.read() as tx:
        found = queries.import_issues(tx, run_id, args["limit"], args["offset"], code=args["code"])
    lang = context.lang()
    names = ("file_no", "row", "column", "code", "is_warning")
    return {
        "total": found.total,
        "issues": [{**{name: getattr(one, name) for name in names}, "text": one.sentence(lang)} for one in found.lines],
    }


@api.get("/imports/<uuid:run_id>/refused")
@guard.requires("registry.import")
@api.arguments(shapes.RefusedArgs, location="query")
@api.response(200, {"type": "string", "format": "binary"}, content_type="text/csv")
@api.alt_response(404, schema=Problem)
def refused_rows(args: dict[str, Any], run_id: UUID) -> Response:
    """Give the refused rows of one file as the same table with a column that says why."""
    return refused_file(run_id, args["file_no"], args["form"])


@api.post("/imports/<uuid:run_id>/approval")
@guard.requires("registry.commit")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.response(201, shapes.ImportOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def approve_import(run_id: UUID, **_: Any) -> Response:
    """Let an import that somebody else started be applied, all of it at once, in the background."""

    def act(tx: Tx) -> Any:
        commands.approve_import(tx, run_id)
        return _told(tx, run_id)

    return context.write_once(act)


@api.post("/imports/<uuid:run_id>/discard")
@guard.requires("registry.discard")
@api.arguments(KeyHeader, location="headers", as_kwargs=True)
@api.arguments(shapes.ImportDecisionIn)
@api.response(201, shapes.ImportOut)
@api.alt_response(404, schema=Problem)
@api.alt_response(409, schema=Problem)
def discard_import(data: dict[str, Any], run_id: UUID, **_: Any) -> Response:
    """Give up an import that is not applied, also while it is being read."""

    def act(tx: Tx) -> Any:
        commands.discard_import(tx, run_id, data["note"])
        return _told(tx, run_id)

    return context.write_once(act)
