"""Lengkapi: a village's list of what its households lack, filled in one by one on a telephone."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, NotFound, Refused
from core.i18n import say
from core.measures import print_count, print_instant
from core.reader import READER, read_table
from core.work import Tx
from registry_link.completion import commands, file_queries, files, queries
from registry_link.completion.columns import LIST_HEADER, MOST_COLUMNS, known
from registry_link.completion.commands import IssueList, Saved, SaveEntry
from registry_link.completion.file_queries import FileTable, FileView
from registry_link.completion.files import FileRead, ReadFile
from registry_link.completion.pointing import position_table
from registry_link.completion.positioning import Reported
from registry_link.completion.queries import EntryLine, ListView
from registry_link.completion.rules import ALL_ASKED, born
from registry_link.completion.states import (
    EntryState,
    FileKind,
    FileState,
    PositionOrigin,
    RowOutcome,
    SkipReason,
)
from registry_link.households.completing import Birth, CompleteHousehold, Facts
from registry_link.households.gaps import ASKABLE, Gap, each, label_of
from registry_link.regions.queries import region, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits, tables
from routes.forms import Form, asked_number, page_number
from routes.pages.villages import framed, print_distance
from routes.tables import asked_form
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("completion", __name__, url_prefix="/registri/lengkapi")
TONES: Final = {EntryState.WAITING: "warn", EntryState.DONE: "good", EntryState.SKIPPED: "neutral"}
FILE_TONES: Final = {FileState.READ: "warn", FileState.APPLIED: "good", FileState.DISCARDED: "neutral"}
ROW_TONES: Final = {
    RowOutcome.READY: "good", RowOutcome.MERGED: "good", RowOutcome.SAME: "neutral", RowOutcome.CONFLICT: "warn",
    RowOutcome.REFUSED: "bad",
}  # fmt: skip
WIDTHS: Final = {LIST_HEADER["no"]: 5, LIST_HEADER["size"]: 6, LIST_HEADER["rt"]: 6, LIST_HEADER["rw"]: 6,
                 LIST_HEADER["head"]: 28, LIST_HEADER["address"]: 30, LIST_HEADER["gaps"]: 30}  # fmt: skip
_LONGEST: Final = {"rt": 20, "rw": 20, "hamlet": 150, "address": 250, "kk": 40, "head_nik": 40}


# ---------------------------------------------------------------- lists


@pages.get("")
@guard.requires("completion.see")
def index() -> str:
    return _index(Form())


@pages.post("")
@guard.requires("completion.issue")
def issue() -> str | BaseResponse:
    form = Form()
    asked = Gap(0)
    for gap in each(ALL_ASKED):
        if gap.name and gap.name.lower() in request.form.getlist("asked"):
            asked |= gap
    order = IssueList(village_code=form.text("village_code", most=20, least=1), asked=asked)

    def act(tx: Tx) -> str:
        done = commands.issue_list(tx, order)
        count = print_count(done.added, context.lang())
        flash(_("%(count)s keluarga masuk daftar pelengkapan.", count=count), "good")
        return url_for("completion.show", list_id=done.list_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_index(form), 422)


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        lists = queries.completion_lists(tx)
        names = {one.code: one for one in regions(tx, [one.village_code for one in lists])}
        reach = tx.require("completion.see")
        villages = [one for one in regions_of(tx, tx.regency_code, Level.VILLAGE) if reach.has_village(one.code)]
    asked = request.form.getlist("asked") or [(gap.name or "").lower() for gap in each(ASKABLE)]
    shown = [{**framed(one), "name": names[one.village_code].full_name} for one in lists]
    mine = villages[0].code if len(villages) == 1 else ""
    return render_template(
        "completion/index.html", form=form, lists=shown,
        villages=[(one.code, one.full_name) for one in villages],
        village_code=form.raw("village_code") or request.args.get("desa", mine),
        gaps=[((gap.name or "").lower(), say(label_of(gap), lang)) for gap in each(ALL_ASKED)], asked=asked,
        only=next((one for one in shown if one["view"].state.value == "open"), None) if len(villages) == 1 else None,
    )  # fmt: skip


@pages.get("/<uuid:list_id>")
@guard.requires("completion.see")
def show(list_id: UUID) -> str:
    return shown_list(list_id, Form())


def shown_list(list_id: UUID, form: Form) -> str:
    """Show a list with its households."""
    lang = context.lang()
    asked = request.args.get("keadaan", "")
    state = EntryState(asked) if asked in set(EntryState) else None
    number = page_number()
    with context.read() as tx:
        of = queries.completion_list(tx, list_id)
        found = queries.entries(tx, of, state=state, offset=(number - 1) * queries.PER_PAGE)
        came_back = file_queries.list_files(tx, list_id)
        name = region(tx, of.village_code).full_name

    def here(**changed: Any) -> str:
        kept = {"keadaan": asked, **changed}
        return url_for("completion.show", list_id=list_id, **{key: value for key, value in kept.items() if value})

    return render_template(
        "completion/show.html", form=form, list=framed(of), name=name, asked=asked, number=number, here=here,
        lines=[_line(one) for one in found.entries], total=found.total, per_page=queries.PER_PAGE,
        last=max(1, -(-found.total // queries.PER_PAGE)),
        states=[(one.value, say(one.label, lang)) for one in EntryState],
        gaps=[say(label_of(gap), lang) for gap in each(of.asked)], files=[framed_file(one) for one in came_back],
        most_mb=READER.file_bytes >> 20, most_rows=files.MOST_LIST_ROWS,
    )  # fmt: skip


def _line(one: EntryLine) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "state": say(one.state.label, lang), "tone": TONES[one.state],
        "why": say(one.skip_reason.label, lang) if one.skip_reason else "",
        "gaps": [say(label_of(gap), lang) for gap in each(one.gaps)],
        "href": url_for("completion.household", entry_id=one.id),
    }  # fmt: skip


@pages.post("/<uuid:list_id>/tutup")
@guard.requires("completion.issue")
def close(list_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: commands.close_list(tx, list_id))
        flash(_("Daftar ditutup. Yang sudah dilengkapi tetap tersimpan."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("completion.show", list_id=list_id), 303)


@pages.get("/<uuid:list_id>/berikutnya")
@guard.requires("completion.fill")
def next_one(list_id: UUID) -> BaseResponse:
    """Lead to the next household that waits; ``sesudah`` is the number of the one before."""
    with context.read() as tx:
        queries.completion_list(tx, list_id)
        target = _next(tx, list_id, asked_number("sesudah", 0))
    return redirect(target, 303)


def _next(tx: Tx, list_id: UUID, after_no: int) -> str:
    found = queries.next_waiting(tx, list_id, after_no)
    if found is None:
        return url_for("completion.show", list_id=list_id)
    return url_for("completion.household", entry_id=found)


# ---------------------------------------------------------------- files


@pages.get("/<uuid:list_id>/berkas")
@guard.requires("completion.fill")
def export(list_id: UUID) -> Response:
    """Give what a list still waits for as a file to fill in; ``bentuk`` is xlsx or csv."""
    suffix = asked_form("bentuk", "xlsx")
    with context.read() as tx:
        of = queries.completion_list(tx, list_id)
        table = file_queries.list_table(tx, of, context.lang())
        name = region(tx, of.village_code).full_name
    return download(table, f"lengkapi-{of.village_code}", suffix, name)


@pages.post("/<uuid:list_id>/berkas")
@guard.requires("completion.fill")
@limits.accepts(2 * READER.file_bytes)
def upload(list_id: UUID) -> str | BaseResponse:
    """Take a list back and merge it row by row; every row gets its answer."""
    form = Form()
    sent = form.file("file", most_bytes=READER.file_bytes)
    if sent is None:
        return make_response(shown_list(list_id, form), 422)
    with context.read() as tx:
        queries.completion_list(tx, list_id)
    try:
        done = merged_file(list_id, sent.content, sent.name)
    except Refused as refused:
        if refused.status not in (400, 409, 413, 422):
            raise
        form.refuse(refused, "file")
        return make_response(shown_list(list_id, form), 422)
    if done.is_repeat:
        flash(_("Berkas ini sudah pernah dikirim; ini jawabannya. Tidak ada yang diubah dua kali."), "info")
    return redirect(url_for("completion.file", file_id=done.file_id), 303)


def merged_file(list_id: UUID, content: bytes, name: str) -> FileRead:
    """Read a list that came back and merge it to its end, some rows in each transaction; a cut is gone on with.

    Raises: as ``read_table`` and ``begin_list_file``.
    """
    order = order_of(content, name, FileKind.LIST, files.MOST_LIST_ROWS)
    done = context.write(lambda tx: files.begin_list_file(tx, list_id, order))
    merge_rows(done.file_id, order)
    return done


def merge_rows(file_id: UUID, order: ReadFile) -> None:
    """Merge what is left of a list that was begun, some rows in each transaction; nothing where all is merged."""
    while not context.write(lambda tx: files.merge_list_rows(tx, file_id, order.table)):
        pass


def order_of(content: bytes, name: str, kind: FileKind, most_rows: int) -> ReadFile:
    """Read a file's table in the child process, before any transaction begins. Raises: as ``read_table``."""
    table = (
        position_table(content, name, most_rows)
        if kind is FileKind.POSITIONS
        else read_table(content, name, most_rows=most_rows, most_columns=MOST_COLUMNS, known=known(kind))
    )
    return ReadFile(file_name=name, file_sha256=hashlib.sha256(content).hexdigest(), table=table)


@pages.get("/berkas/<uuid:file_id>")
@guard.requires("completion.see")
def file(file_id: UUID) -> str:
    with context.read() as tx:
        found = list_file(tx, file_id)
        of = queries.completion_list(tx, found.list_id) if found.list_id else None
        assert of is not None
        crumb = region(tx, of.village_code).full_name
        told = shown_rows(tx, found, "completion.file")
    return render_template(
        "completion/file.html", **told, crumbs=[(_("Daftar pelengkapan"), url_for("completion.index")),
                                                (crumb, url_for("completion.show", list_id=of.id))],
        download_href=url_for("completion.outcomes", file_id=file_id),
    )  # fmt: skip


def list_file(tx: Tx, file_id: UUID) -> FileView:
    """Give a list's file within the actor's reach. Raises: NotFound."""
    found = file_queries.completion_file(tx, file_id, FileKind.LIST)
    try:
        queries.completion_list(tx, found.list_id or file_id)
    except NotFound:
        raise NotFound("completion_file.not_found") from None
    return found


@pages.get("/berkas/<uuid:file_id>/jawaban")
@guard.requires("completion.see")
def outcomes(file_id: UUID) -> Response:
    """Give every row's answer as a file; ``bentuk`` is xlsx or csv."""
    suffix = asked_form("bentuk", "xlsx")
    with context.read() as tx:
        found = list_file(tx, file_id)
        table = file_queries.outcome_table(tx, found, context.lang())
    return download(table, "jawaban", suffix, found.file_name)


def shown_rows(tx: Tx, found: FileView, endpoint: str) -> dict[str, Any]:
    """Give a file and one page of its rows as templates show them."""
    lang = context.lang()
    asked = request.args.get("hasil", "")
    outcome = RowOutcome(asked) if asked in set(RowOutcome) else None
    number = page_number()
    rows = file_queries.file_rows(tx, found.id, outcome=outcome, offset=(number - 1) * file_queries.PER_PAGE)

    def here(**changed: Any) -> str:
        kept = {"hasil": asked, **changed}
        return url_for(endpoint, file_id=found.id, **{key: value for key, value in kept.items() if value})

    return {
        "file": framed_file(found), "asked": asked, "number": number, "here": here, "total": rows.total,
        "per_page": file_queries.PER_PAGE, "last": max(1, -(-rows.total // file_queries.PER_PAGE)),
        "outcomes": [(one.value, say(one.label, lang), found.counts[one], ROW_TONES[one]) for one in RowOutcome
                     if found.counts[one]],
        "lines": [
            {
                "view": one, "label": say(one.outcome.label, lang), "tone": ROW_TONES[one.outcome],
                "fields": ", ".join(say(f"completion.field.{name}", lang) for name in one.fields),
                "troubles": [trouble.sentence(lang) for trouble in one.troubles],
            }
            for one in rows.rows
        ],
    }  # fmt: skip


def framed_file(one: FileView) -> dict[str, Any]:
    """Give a file as templates show it."""
    lang, zone = context.lang(), context.actor().zone
    return {
        "view": one, "state": say(one.state.label, lang), "tone": FILE_TONES[one.state],
        "read_at": print_instant(one.read_at, zone, lang),
        "applied_at": print_instant(one.applied_at, zone, lang) if one.applied_at else "",
        "refused": one.counts[RowOutcome.REFUSED], "taken": one.counts[RowOutcome.MERGED],
        "ready": one.counts[RowOutcome.READY],
    }  # fmt: skip


def download(table: FileTable, stem: str, suffix: str, about: str) -> Response:
    """Answer with a table as a file of the form asked for."""
    told = ((say("completion.file_title", context.lang()), say("completion.file_about", context.lang())),)
    widths = [WIDTHS.get(one, 16) for one in table.header]
    title = f"{table.title} {about}".strip()
    return tables.download(title, told, table.header, table.rows, stem=stem, suffix=suffix, widths=widths)


# ---------------------------------------------------------------- one household


@pages.get("/keluarga/<uuid:entry_id>")
@guard.requires("completion.fill")
def household(entry_id: UUID) -> str:
    return _household(entry_id, Form())


@pages.post("/keluarga/<uuid:entry_id>")
@guard.requires("completion.fill")
def save(entry_id: UUID) -> str | BaseResponse:
    """Keep what is known by now and lead to the next household; what is still missing may follow later."""
    form = Form()
    with context.read() as tx:
        one, of = queries.entry(tx, entry_id)
    if one.facts is None:
        flash(say("completion_entry.moved_away", context.lang()), "warn")
        return redirect(url_for("completion.show", list_id=of.id), 303)
    order = SaveEntry(entry_id=entry_id, household=_values(form, one.facts), position=reported_position(form))

    def act(tx: Tx) -> str:
        saved = commands.save_entry(tx, order)
        for text, tone in told(saved):
            flash(text, tone)
        return _next(tx, of.id, one.no)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_household(entry_id, form), 422)


@pages.post("/keluarga/<uuid:entry_id>/lewati")
@guard.requires("completion.fill")
def skip(entry_id: UUID) -> BaseResponse:
    form = Form()
    reason = form.choice("reason", SkipReason)
    with context.read() as tx:
        one, of = queries.entry(tx, entry_id)
    if reason is None:
        flash(say("form.choose", context.lang()), "bad")
        return redirect(url_for("completion.household", entry_id=entry_id), 303)
    try:
        context.write(lambda tx: commands.skip_entry(tx, entry_id, reason))
    except Conflict as refused:
        flash(why_not(refused), "bad")
        return redirect(url_for("completion.show", list_id=of.id), 303)
    flash(_("Dilewati: %(why)s.", why=say(reason.label, context.lang())), "info")
    with context.read() as tx:
        return redirect(_next(tx, of.id, one.no), 303)


def _household(entry_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        one, of = queries.entry(tx, entry_id)
        name = region(tx, of.village_code).title
    return render_template(
        "completion/household.html", form=form, line=_line(one), list=framed(of), name=name, facts=one.facts,
        values=_shown(form, one.facts) if one.facts else {}, asks=_asks(one, of),
        reasons=[(reason.value, say(reason.label, lang)) for reason in SkipReason],
    )  # fmt: skip


def _asks(one: EntryLine, of: ListView) -> dict[str, bool]:
    """Tell which fields the form has: RT, RW and address always, a number only while it is missing."""
    missing = one.facts.gaps if one.facts else Gap(0)
    return {
        "kk": bool(missing & Gap.KK & of.asked), "head_nik": bool(missing & Gap.HEAD_NIK & of.asked),
        "birth": bool(missing & Gap.BIRTH & of.asked),
        "position": bool((Gap.POSITION & of.asked) or missing & Gap.POSITION),
    }  # fmt: skip


def _shown(form: Form, facts: Facts) -> dict[str, str]:
    known = {"rt": facts.rt or "", "rw": facts.rw or "", "hamlet": facts.hamlet, "address": facts.address}
    return {name: form.raw(name) if name in form.values else value for name, value in known.items()}


def _values(form: Form, facts: Facts) -> CompleteHousehold:
    births = []
    for person in facts.ageless:
        name = f"birth-{person.id}"
        typed = form.text(name, most=20)
        if not typed:
            continue
        found = born(typed)
        if found is None:
            form.fail(name, "completion.birth_form")
        else:
            births.append(Birth(member_id=person.id, born_on=found.on, age_years=found.age_years))
    texts = {name: form.text(name, most=most) for name, most in _LONGEST.items()}
    return CompleteHousehold(
        household_id=facts.id, seal=form.raw("seal")[:40], births=tuple(births),
        **{name: text if text != _known(facts, name) else "" for name, text in texts.items()},
    )  # fmt: skip


def _known(facts: Facts, name: str) -> str:
    return str(getattr(facts, name, None) or "")


def reported_position(form: Form) -> Reported | None:
    """Read a position's fields; None where nothing was typed or measured."""
    lon, lat = form.degrees("lon_deg", 180), form.degrees("lat_deg", 90)
    accuracy = form.number("accuracy_m", least=0, most=100_000, is_required=False)
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        if form.is_good:
            form.fail("lat_deg" if lat is None else "lon_deg", "completion.position_half")
        return None
    origin = PositionOrigin.PHONE if form.raw("origin") == PositionOrigin.PHONE.value else PositionOrigin.MAP
    return Reported(
        lon_deg=lon, lat_deg=lat, accuracy_m=float(accuracy) if accuracy else None, origin=origin,
        reason=form.text("position_reason", most=200),
    )  # fmt: skip


def told(saved: Saved) -> list[tuple[str, str]]:
    """Say what became of what was sent, each with its tone."""
    lang = context.lang()

    def names(fields: tuple[str, ...]) -> str:
        return ", ".join(say(f"completion.field.{one}", lang) for one in fields)

    lines: list[tuple[str, str]] = []
    if saved.is_done:
        lines.append((_("Tersimpan dan lengkap."), "good"))
    elif saved.fields:
        missing = ", ".join(say(label_of(gap), lang) for gap in each(saved.remaining))
        lines.append((_("Tersimpan: %(fields)s. Masih kurang: %(missing)s.", fields=names(saved.fields),
                        missing=missing), "good"))  # fmt: skip
    else:
        lines.append((_("Tidak ada yang berubah."), "info"))
    if saved.conflicts:
        lines.append((_("Sudah diisi orang lain dan tidak diubah: %(fields)s.", fields=names(saved.conflicts)), "warn"))
    if saved.is_number_elsewhere:
        lines.append((_("Nomor ini juga tercatat pada keluarga lain; Dinas akan memeriksanya."), "warn"))
    if saved.outside_m:
        away = print_distance(saved.outside_m, lang)
        lines.append((_("Titik disimpan, tetapi %(away)s di luar desa. Periksa lagi.", away=away), "warn"))
    return lines
