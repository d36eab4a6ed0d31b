"""Impor registri: upload, dry run with counts, a second person's approval, refused rows back as the same file."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound, Refused
from core.files.commands import StoreFile, path_of, store_file
from core.i18n import say
from core.work import Tx
from registry_link.importing import commands, queries
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.states import RunState
from registry_link.regions.states import CodeSystem
from routes import context, guard, limits
from routes.forms import Form
from routes.texts import gettext as _

pages = Blueprint("importing", __name__, url_prefix="/registri/impor")
KEEP_DAYS = 30
SOURCES = ("dtsen", "dtks", "bdt", "office")


@pages.get("")
@guard.requires("registry.see_imports")
def index() -> str:
    return _index(Form())


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.imports(tx)
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    return render_template(
        "importing/index.html", form=form, now_day=f"{now:%d/%m/%Y}",
        sources=[(one, say(f"source.{one}", lang)) for one in SOURCES],
        systems=[(one.value, say(f"code_system.{one.value}", lang)) for one in CodeSystem],
        imports=[{"view": one, "state": say(f"import_run.state.{one.state.value}", lang)} for one in found],
    )  # fmt: skip


@pages.post("")
@guard.requires("registry.import")
@limits.accepts(limits.FILE_BYTES)
def start() -> str | BaseResponse:
    form = Form()
    source, agreement = form.text("source", most=40, least=2), form.text("agreement_no", most=80)
    as_of_on: date | None = form.day("as_of_on")
    system = form.choice("code_system", CodeSystem, CodeSystem.KEMENDAGRI)
    uploads = [one for one in (request.files.get("file"), request.files.get("members")) if one and one.filename]
    if not uploads:
        form.fail("file", "form.file_missing")

    def act(tx: Tx) -> str:
        assert as_of_on and system
        folder = context.runtime().files_dir
        files = []
        for upload in uploads:
            stored = store_file(
                tx, folder,
                StoreFile(
                    stream=upload.stream, name=upload.filename or "", purpose="registry", most_bytes=limits.FILE_BYTES,
                    keep_days=KEEP_DAYS,
                ),
            )  # fmt: skip
            files.append(
                commands.SourceFile(
                    path=path_of(folder, stored.sha256),
                    name=upload.filename or "",
                    sha256=stored.sha256,
                    size=stored.size,
                    file_id=stored.id,
                )
            )
        run_id = commands.start_import(
            tx,
            commands.StartImport(
                files=tuple(files), source=source, as_of_on=as_of_on, agreement_no=agreement, code_system=system
            ),
        )
        return url_for("importing.show", run_id=run_id)

    try:
        done = form.attempt(lambda: redirect(context.write(act), 303))
    except Refused as refused:
        form.refuse(refused, "file")
        done = None
    return done if done is not None else make_response(_index(form), 422)


@pages.get("/<uuid:run_id>")
@guard.requires("registry.see_imports")
def show(run_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.import_run(tx, run_id)
        issues = queries.import_issues(tx, run_id, 100)
        counts = queries.issue_counts(tx, run_id)
    page = {
        "found": found, "state": say(f"import_run.state.{found.state.value}", lang),
        "problem": found.problem.sentence(lang) if found.problem else None,
        "issues": [{"view": one, "text": one.sentence(lang)} for one in issues], "counts": counts,
        "is_busy": found.state in (RunState.READING, RunState.APPROVED),
    }  # fmt: skip
    part = "importing/progress.html" if request.headers.get("HX-Request") else "importing/show.html"
    return render_template(part, **page)


@pages.post("/<uuid:run_id>/baca")
@guard.requires("registry.import")
def read_now(run_id: UUID) -> BaseResponse:
    """Do the clock's work now, for whoever does not want to wait for it."""
    with context.read() as tx:
        queries.import_run(tx, run_id)
    run_pending_imports(context.runtime().work, context.actor())
    return redirect(url_for("importing.show", run_id=run_id), 303)


@pages.post("/<uuid:run_id>/terapkan")
@guard.requires("registry.commit")
def approve(run_id: UUID) -> BaseResponse:
    form = Form()
    if form.attempt(lambda: (context.write(lambda tx: commands.approve_import(tx, run_id)), True)) is not None:
        flash(_("Disetujui. Registri diganti dalam beberapa saat; sampai selesai yang lama tetap dipakai."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("importing.show", run_id=run_id), 303)


@pages.post("/<uuid:run_id>/buang")
@guard.requires("registry.import")
def discard(run_id: UUID) -> BaseResponse:
    context.write(lambda tx: commands.discard_import(tx, run_id, Form().text("note", most=200)))
    flash(_("Impor dibuang; registri tidak berubah."), "good")
    return redirect(url_for("importing.index"), 303)


@pages.get("/<uuid:run_id>/ditolak.csv")
@guard.requires("registry.import")
def refused_rows(run_id: UUID) -> Response:
    number = request.args.get("berkas", 0, type=int)
    with context.read() as tx:
        name = queries.import_run(tx, run_id).file_names
        if not 0 <= number < len(name):
            raise NotFound("import_run.not_found")
        text = "".join(queries.refused_csv(tx, run_id, number, context.lang()))
    response = Response(text.encode(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="ditolak.csv"'
    return response
