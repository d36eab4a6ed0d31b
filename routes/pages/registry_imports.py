"""Impor registri: upload, columns, a dry run with reasons, a second person's approval, refused rows given back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, Invalid, NotFound, Refused
from core.files.commands import KeepFile, Received, drop_received, keep_file, path_of, receive_file
from core.i18n import say
from core.measures import print_day
from core.permissions import may
from core.reader.stream import TEXT, WORKBOOK, refuse_early
from core.work import Tx
from registry_link.households.queries import SnapshotLine, snapshots
from registry_link.households.reporting import difference_report
from registry_link.households.states import DifferenceKind, SnapshotState
from registry_link.importing import commands, mapping, queries
from registry_link.importing.columns import ALIASES, SEVERAL
from registry_link.importing.queries import FileColumnsView, ImportView
from registry_link.importing.states import Layout, RunState
from registry_link.importing.unpacking import MOST_ROWS
from registry_link.regions.states import CodeSystem
from reports.refused_rows import build_refused_rows
from routes import context, guard, limits
from routes.forms import Form, asked_number, page_number
from routes.sources import source_name
from routes.texts import gettext as _
from routes.texts import sentence, why_not

pages = Blueprint("registry_imports", __name__, url_prefix="/registri/impor")
KEEP_DAYS = 30
PER_PAGE = 50
PURPOSE = "registry"
SOURCES = ("dtsen", "dtks", "bdt", "office")
KINDS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
TONES = {
    RunState.UNPACKING: "info", RunState.MAPPING: "warn", RunState.READING: "info", RunState.READY: "warn",
    RunState.APPROVED: "info", RunState.APPLIED: "good", RunState.REFUSED: "bad", RunState.DISCARDED: "neutral",
}  # fmt: skip
_BUSY = (RunState.UNPACKING, RunState.READING, RunState.APPROVED)
_CAN_STOP = (RunState.UNPACKING, RunState.MAPPING, RunState.READING, RunState.READY)


@pages.get("")
@guard.requires("registry.see_imports")
def index() -> str:
    return _index(Form())


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.imports(tx)
        current = [one for one in snapshots(tx) if one.state is SnapshotState.CURRENT]
    now = context.runtime().work.clock.now().astimezone(context.actor().zone)
    return render_template(
        "registry_imports/index.html", form=form, now_day=f"{now:%d/%m/%Y}",
        sources=[(one, say(f"source.{one}", lang)) for one in SOURCES],
        completable=[
            (str(one.id), _("Lengkapi %(source)s per %(day)s", source=source_name(one.source, lang),
                            day=print_day(one.as_of_on, lang)))
            for one in current
        ],
        systems=[(one.value, say(f"code_system.{one.value}", lang)) for one in CodeSystem],
        imports=[_framed(one) for one in found], most_mb=TEXT.file_bytes >> 20, most_rows=MOST_ROWS,
        most_workbook_mb=WORKBOOK.file_bytes >> 20,
    )  # fmt: skip


def _framed(one: ImportView) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "state": say(f"import_run.state.{one.state.value}", lang), "tone": TONES[one.state],
        "source": source_name(one.source, lang),
        "layouts": [say(f"import_layout.{layout}", lang) for layout in one.layouts if layout],
        "system": say(f"code_system.{one.code_system.value}", lang),
        "problem": why_not(one.problem) if one.problem else None,
        "is_busy": one.state in _BUSY, "can_stop": one.state in _CAN_STOP,
        "has_counts": one.state in (RunState.READY, RunState.APPLIED, RunState.APPROVED),
        # Of a file that was refused only for what there is to take over, every row was read, and is told of.
        "has_rows": bool(one.rows) and one.state is not RunState.DISCARDED,
    }  # fmt: skip


@pages.post("")
@guard.requires("registry.import")
@limits.accepts(limits.FILE_BYTES)
def start() -> str | BaseResponse:
    form = Form()
    completes = form.uuid("completes_id") if form.raw("completes_id") else None
    source, agreement = form.text("source", most=40, least=2), form.text("agreement_no", most=80)
    as_of_on = form.day("as_of_on")
    system = form.choice("code_system", CodeSystem, CodeSystem.KEMENDAGRI)
    asks = bool(form.raw("asks_columns"))
    sent = [(one, request.files.get(one)) for one in ("file", "members")]
    uploads = [(field, one) for field, one in sent if one is not None and one.filename]
    if not uploads:
        form.fail("file", "form.file_missing")
    if not form.is_good:
        return make_response(_index(form), 422)
    assert as_of_on is not None and system is not None
    at = "file"
    with ExitStack() as kept:
        try:
            files: list[tuple[Received, str]] = []
            for field, upload in uploads:
                at = field
                received = receive_file(context.runtime().files_dir, upload.stream, limits.FILE_BYTES, is_sealed=True)
                kept.callback(received.drop)
                files.append((received, upload.filename or ""))
                refuse_early(received.temporary, upload.filename or "")
            at = "file"
            target = start_kept(
                files,
                lambda stored: commands.StartImport(
                    files=stored, source=source, as_of_on=as_of_on, agreement_no=agreement, code_system=system,
                    asks_columns=asks, completes_id=completes,
                ),
            )  # fmt: skip
            return redirect(url_for("registry_imports.show", run_id=target), 303)
        except Conflict as refused:
            if refused.code == "snapshot.older":
                form.refuse(refused, "as_of_on")
                return make_response(_index(form), 422)
            if refused.code != "import_run.same_file":
                raise
            flash(why_not(refused), "info")
            return redirect(url_for("registry_imports.show", run_id=UUID(str(refused.facts["run_id"]))), 303)
        except Refused as refused:
            form.refuse(refused, at)
    return make_response(_index(form), 422)


def start_kept(files: Sequence[tuple[Received, str]], order: Any) -> UUID:
    """Keep received files and start their import in one transaction; what is refused leaves no bytes behind."""
    folder = context.runtime().files_dir

    def act(tx: Tx) -> UUID:
        stored = []
        for received, name in files:
            done = keep_file(tx, KeepFile(received=received, name=name, purpose=PURPOSE, keep_days=KEEP_DAYS))
            stored.append(
                commands.SourceFile(
                    path=path_of(folder, done.sha256), name=name, sha256=done.sha256, size=done.size, file_id=done.id
                )
            )
        return commands.start_import(tx, order(tuple(stored)))

    try:
        return context.write(act)
    except BaseException:
        for received, _name in files:
            context.write(partial(drop_received, received=received))
        raise


@pages.get("/<uuid:run_id>")
@guard.requires("registry.see_imports")
def show(run_id: UUID) -> str:
    lang = context.lang()
    code = request.args.get("alasan", "")
    number = page_number()
    with context.read() as tx:
        found = queries.import_run(tx, run_id)
        if request.headers.get("HX-Request"):
            return render_template("registry_imports/progress.html", run=_framed(found))
        counts = queries.issue_counts(tx, run_id)
        issues = queries.import_issues(tx, run_id, PER_PAGE, (number - 1) * PER_PAGE, code=code)
        effect = _effect(tx, found) if found.state is RunState.READY and not found.problem else None
        whole = next((one for one in snapshots(tx) if one.id == found.completes_id), None)
        pairs = url_for("identity.index") if found.state is RunState.APPLIED and may(tx.actor, "identity.see") else None
    if found.state is RunState.MAPPING and may(context.actor(), "registry.import"):
        # Nothing of its own was sent: what was may be of the dialog in which an import is given up.
        return _columns(found, Form(MultiDict()))

    def here(**changed: Any) -> str:
        kept = {"alasan": code, **changed}
        return url_for(
            "registry_imports.show", run_id=run_id, **{name: value for name, value in kept.items() if value}
        )  # fmt: skip

    return render_template(
        "registry_imports/show.html", run=_framed(found), whole=whole, pairs=pairs, code=code, number=number, here=here,
        total=issues.total,
        per_page=PER_PAGE, last=max(1, -(-issues.total // PER_PAGE)), effect=effect,
        issues=[{"view": one, "text": one.sentence(lang), "file": found.file_names[one.file_no]}
                for one in issues.lines],
        counts=[{"view": one, "text": say(f"import_reason.{one.code}", lang)} for one in counts],
        downloads=[{"name": name, "form": "xlsx" if is_workbook else "csv"}
                   for name, is_workbook in zip(found.file_names, found.workbooks, strict=True)],
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What applying a file would do to what is in use, beyond the file's own counts."""

    replaces: SnapshotLine | None
    """The file of the same source that is in use now; None for the first, and for one that completes another."""
    gone: int
    """Households of the file in use that are not in this one."""

    @property
    def is_partial(self) -> bool:
        """More households leave than stay: somebody may have sent a part as if it were the whole."""
        return self.replaces is not None and 2 * self.gone > self.replaces.households


def _effect(tx: Tx, found: ImportView) -> Effect:
    standing = (one for one in snapshots(tx) if one.state is SnapshotState.CURRENT and one.source == found.source)
    replaces = next(standing, None) if found.completes_id is None else None
    gone = 0
    if replaces is not None and may(tx.actor, "snapshot.see"):
        gone = dict(difference_report(tx, found.snapshot_id).counts).get(DifferenceKind.GONE, 0)
    return Effect(replaces=replaces, gone=gone)


# ---------------------------------------------------------------- columns

_ASKED: Final = {
    "id_keluarga / no_kk": ("household_id", "kk"), "kode_desa / desa_kelurahan": ("village",), "nama": ("name",),
}  # fmt: skip
"""Which fields a refusal means that speaks of columns by the names a file may have."""


def _columns(found: ImportView, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        files = queries.columns_to_name(tx, found.id)
    # Members can complete households that stand already; of members alone no household can be made.
    is_alone = found.completes_id is None and all(one.layout is Layout.MEMBER and not one.problem for one in files)
    return render_template(
        "registry_imports/columns.html", run=_framed(found), form=form,
        alone=_villages_missing() if is_alone and not form.values else "",
        fields=[(name, say(f"import_field.{name}", lang)) for name in ALIASES],
        layouts=[(one.value, say(f"import_layout.{one.value}", lang)) for one in Layout],
        files=[_shown(number, one, form) for number, one in enumerate(files)],
    )  # fmt: skip


def _shown(number: int, file: FileColumnsView, form: Form) -> dict[str, Any]:
    is_sent = bool(form.values)
    return {
        "view": file, "layout": form.raw(_name("layout", number)) or file.layout.value,
        "layout_field": _name("layout", number),
        "problem": _mistake(file.problem) if file.problem and not is_sent else "",
        "columns": [
            {
                "view": one, "field": _name("column", number, place),
                "value": form.raw(_name("column", number, place)) if is_sent else one.field,
                "error": form.error_of(_name("column", number, place)),
            }
            for place, one in enumerate(file.columns)
            if one.header
        ],
    }  # fmt: skip


def _name(*parts: object) -> str:
    return "-".join(map(str, parts))


@pages.post("/<uuid:run_id>/kolom")
@guard.requires("registry.import")
def name_columns(run_id: UUID) -> BaseResponse:
    form = Form()
    with context.read() as tx:
        found = queries.import_run(tx, run_id)
        if found.state is not RunState.MAPPING:
            flash(say("import_run.cannot_map", context.lang()), "info")
            return redirect(url_for("registry_imports.show", run_id=run_id), 303)
        files = queries.columns_to_name(tx, run_id)
    told = tuple(_told(number, one, form) for number, one in enumerate(files))
    try:
        order = mapping.NameColumns(run_id=run_id, files=told)
        context.write(lambda tx: mapping.name_columns(tx, order))
    except Conflict as refused:
        flash(why_not(refused), "bad")
    except Refused as refused:
        if refused.status not in (400, 422):
            raise
        at = _doubled(files, form, str(refused.facts.get("name", "")))
        form.errors.append({"field": at, "code": refused.code, "text": _mistake(refused)})
        return make_response(_columns(found, form), 422)
    return redirect(url_for("registry_imports.show", run_id=run_id), 303)


def _mistake(refused: Refused | queries.Problem) -> str:
    """Say what is wrong with the columns, for somebody who chooses them on the page, not for who wrote the file."""
    lang, facts = context.lang(), dict(refused.facts)
    missing = facts.get("columns")
    if refused.code == "registry.column_missing" and isinstance(missing, list):
        words = [" / ".join(say(f"import_field.{name}", lang) for name in _ASKED[one]) for one in missing]
        return _("Pilih dahulu kolom yang berisi %(fields)s.", fields="; ".join(words), count=len(words))
    if refused.code == "registry.households_missing":
        return _villages_missing()
    if "name" in facts:
        facts["name"] = say(f"import_field.{facts['name']}", lang)
    return sentence(refused.code, facts)


def _villages_missing() -> str:
    whole = say(f"import_layout.{Layout.FLAT.value}", context.lang())
    return _("Desa tiap keluarga belum diketahui. Bila barisnya menyebut desa, pilih “%(layout)s”. Bila tidak, "
             "unggah bersama berkas keluarganya.", layout=whole)  # fmt: skip


def _doubled(files: Sequence[FileColumnsView], form: Form, name: str) -> str:
    """Find the last column that was said to hold a field which others hold already; empty where none is meant."""
    for number, file in enumerate(files):
        fields = [_name("column", number, place) for place, one in enumerate(file.columns) if one.header]
        held = [field for field in fields if form.raw(field) == name]
        if name and len(held) > (2 if name in SEVERAL else 1):
            return held[-1]
    return ""


def _told(number: int, file: FileColumnsView, form: Form) -> mapping.FileColumns:
    places: dict[str, tuple[int, ...]] = {}
    for place, one in enumerate(file.columns):
        chosen = form.raw(_name("column", number, place))
        if one.header and chosen in ALIASES:
            places[chosen] = (*places.get(chosen, ()), place)
    layout = form.choice(_name("layout", number), Layout, file.layout)
    return mapping.FileColumns(places=places, layout=layout)


# ---------------------------------------------------------------- deciding


@pages.post("/<uuid:run_id>/terapkan")
@guard.requires("registry.commit")
def approve(run_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> str:
        commands.approve_import(tx, run_id)
        flash(_("Disetujui. Registri diganti dalam beberapa saat; sampai selesai yang lama tetap dipakai."), "good")
        return url_for("registry_imports.show", run_id=run_id)

    return _decided(run_id, act)


@pages.post("/<uuid:run_id>/buang")
@guard.requires("registry.discard")
def discard(run_id: UUID) -> BaseResponse:
    form = Form()
    note = form.text("note", most=200)
    if not form.is_good:
        return make_response(show(run_id), 422)

    def act(tx: Tx) -> str:
        commands.discard_import(tx, run_id, note)
        flash(_("Impor dibuang; registri tidak berubah."), "good")
        return url_for("registry_imports.index")

    try:
        return _decided(run_id, act)
    except Invalid as refused:
        form.refuse(refused)
    return make_response(show(run_id), 422)


def _decided(run_id: UUID, act: Any) -> BaseResponse:
    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("registry_imports.show", run_id=run_id), 303)


# ---------------------------------------------------------------- what goes back


@pages.get("/<uuid:run_id>/ditolak")
@guard.requires("registry.import")
def refused_rows(run_id: UUID) -> Response:
    """Give the refused rows of one file (``berkas``, from 0) as the same table; ``bentuk`` is xlsx or csv."""
    form = request.args.get("bentuk", "csv")
    if form not in KINDS:
        raise NotFound("import_run.not_found")
    return refused_file(run_id, asked_number("berkas", 0), form)


def refused_file(run_id: UUID, file_no: int, form: str) -> Response:
    """Answer with the refused rows of one file in the form asked for. Raises: Forbidden; NotFound."""
    with context.read() as tx:
        if form == "xlsx":
            rows = queries.refused_rows(tx, run_id, file_no, context.lang())
            content = build_refused_rows(rows)
        else:
            content = "".join(queries.refused_csv(tx, run_id, file_no, context.lang())).encode()
        name = queries.import_run(tx, run_id).file_names[file_no]
    response = Response(content, mimetype=KINDS[form])
    # Several lie beside each other in the folder for downloads: each is named after the file it came from.
    of = re.sub(r"[^A-Za-z0-9._-]+", "-", name.rpartition(".")[0])
    response.headers["Content-Disposition"] = f'attachment; filename="ditolak-{of}.{form}"'
    return response
