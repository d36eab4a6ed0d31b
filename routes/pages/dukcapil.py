"""Hasil Dukcapil: a file of Padan, Typo and Tidak Padan, an answer for every row, applied by another person."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, Refused
from core.i18n import say
from core.measures import print_count, print_instant
from core.permissions import may
from core.reader import READER, read_table
from core.work import Tx
from registry_link.links import asking, commands, queries
from registry_link.links.asking import TakeRequest
from registry_link.links.commands import ReadDukcapilFile
from registry_link.links.queries import AnswerLine, DukcapilFileView
from registry_link.links.rules import KNOWN, MOST_COLUMNS
from registry_link.links.states import DukcapilFileState, RowOutcome, Verdict
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits
from routes.forms import Form, page_number
from routes.limiter import limiter
from routes.pages.links import section_tabs
from routes.proving import needs_proof, prove
from routes.tables import asked_form, download
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("dukcapil", __name__, url_prefix="/registri/dukcapil")
TONES: Final = {
    DukcapilFileState.READ: "warn", DukcapilFileState.APPLIED: "good", DukcapilFileState.DISCARDED: "neutral",
}  # fmt: skip
ROW_TONES: Final = {
    RowOutcome.READY: "good", RowOutcome.SAME: "neutral", RowOutcome.REFUSED: "bad", RowOutcome.APPLIED: "good",
}  # fmt: skip
VERDICT_TONES: Final = {Verdict.MATCHED: "good", Verdict.TYPO: "warn", Verdict.UNMATCHED: "bad"}


@pages.get("")
@guard.requires("link.see_files")
def index() -> str:
    return _index(Form())


@pages.post("")
@guard.requires("link.manage")
@limits.accepts(2 * READER.file_bytes)
def upload() -> str | BaseResponse:
    form = Form()
    basis_no, basis_on = form.text("basis_no", most=120, least=1), form.day("basis_on")
    sent = form.file("file", most_bytes=READER.file_bytes)
    if sent is None:
        return make_response(_index(form), 422)

    def act() -> str:
        assert basis_on is not None
        order = order_of(sent.content, sent.name, basis_no, basis_on)
        done = context.write(lambda tx: commands.read_dukcapil_file(tx, order))
        if done.is_repeat:
            flash(_("Berkas ini sudah pernah diunggah; ini jawabannya. Tidak ada yang dibaca dua kali."), "info")
        return url_for("dukcapil.show", file_id=done.file_id)

    try:
        target = form.attempt(act)
    except Refused as refused:
        form.refuse(refused, "file")
        target = None
    return redirect(target, 303) if target is not None else make_response(_index(form), 422)


def order_of(content: bytes, name: str, basis_no: str, basis_on: date) -> ReadDukcapilFile:
    """Read a file's table in the child process, before any transaction begins. Raises: as ``read_table``."""
    table = read_table(content, name, most_rows=commands.MOST_ROWS, most_columns=MOST_COLUMNS, known=KNOWN)
    return ReadDukcapilFile(
        file_name=name, file_sha256=hashlib.sha256(content).hexdigest(), table=table, basis_no=basis_no,
        basis_on=basis_on,
    )  # fmt: skip


@pages.post("/permohonan")
@guard.requires("link.manage")
@limiter.limit("20 per minute")
def request_file() -> str | BaseResponse:
    """Give the file of NIKs for the civil registry, to whoever says why and gives the password."""
    form = Form()
    note = form.text("note", most=commands.LONGEST_NOTE, least=asking.LEAST_WHY)
    village = form.text("village_code", most=20)
    suffix = "csv" if form.raw("bentuk") == "csv" else "xlsx"

    def take(tx: Tx) -> asking.RequestTable:
        prove(tx)
        asking.take_request(tx, TakeRequest(village_code=village, why=note))
        return asking.request_table(tx, village)

    def act() -> Response:
        table, lang = context.write(take), context.lang()
        about = ((say("dukcapil.request_about", lang), print_count(len(table.rows), lang)),)
        title, stem = f"NIK {table.made_on}", f"nik-dukcapil-{table.made_on}"
        return download(title, about, table.header, table.rows, stem=stem, suffix=suffix)

    answered: Response | None = form.attempt(act)
    return answered if answered is not None else make_response(_index(form), 422)


def _index(form: Form) -> str:
    waiting: tuple[asking.VillageWaiting, ...] = ()
    with context.read() as tx:
        found = queries.dukcapil_files(tx)
        if may(tx.actor, "link.manage"):
            waiting = asking.waiting_villages(tx)
        names = {one.code: one.full_name for one in regions_of(tx, tx.regency_code, Level.VILLAGE)} if waiting else {}
    return render_template(
        "dukcapil/index.html", form=form, tabs=section_tabs("dukcapil"), files=[_framed(one) for one in found],
        most_rows=commands.MOST_ROWS, most_mb=READER.file_bytes >> 20, needs_proof=needs_proof(),
        waiting=[(one.village_code, names.get(one.village_code, one.village_code)) for one in waiting],
        waiting_households=sum(one.households for one in waiting), forms=[("xlsx", "XLSX"), ("csv", "CSV")],
    )  # fmt: skip


def _framed(one: DukcapilFileView) -> dict[str, Any]:
    lang, zone = context.lang(), context.actor().zone
    return {
        "view": one, "state": say(one.state.label, lang), "tone": TONES[one.state],
        "read_at": print_instant(one.read_at, zone, lang),
        "applied_at": print_instant(one.applied_at, zone, lang) if one.applied_at else "",
        "href": url_for("dukcapil.show", file_id=one.id),
    }  # fmt: skip


@pages.get("/<uuid:file_id>")
@guard.requires("link.see_files")
def show(file_id: UUID) -> str:
    lang = context.lang()
    asked = request.args.get("hasil", "")
    outcome = RowOutcome(asked) if asked in set(RowOutcome) else None
    number = page_number()
    size = queries.PER_PAGE
    with context.read() as tx:
        file = queries.dukcapil_file(tx, file_id)
        found = queries.answers(tx, file_id, outcome=outcome, limit=size, offset=(number - 1) * size)
        counts = queries.outcome_counts(tx, file_id)
        problems = queries.problem_counts(tx, file_id)

    def here(**changed: Any) -> str:
        kept = {"hasil": asked, **changed}
        return url_for("dukcapil.show", file_id=file_id, **{key: value for key, value in kept.items() if value})

    done = (RowOutcome.READY, RowOutcome.APPLIED)
    return render_template(
        "dukcapil/show.html", file=_framed(file), asked=asked, number=number, total=found.total, here=here,
        per_page=size, last=max(1, -(-found.total // size)), lines=[_line(one) for one in found.lines],
        outcomes=[(one.value, say(one.label, lang)) for one in RowOutcome],
        verdicts=[
            {"label": say(verdict.label, lang), "tone": VERDICT_TONES[verdict],
             "rows": sum(one.rows for one in counts if one.verdict is verdict and one.outcome in done)}
            for verdict in Verdict
        ],
        same=sum(one.rows for one in counts if one.outcome is RowOutcome.SAME),
        ready=sum(one.rows for one in counts if one.outcome in done),
        problems=[{"text": say(one.code, lang, {"text": "…", "digits": "…", "region": "…", "cells": "…", "want": "…",
                                                "place": "…"}), "rows": one.rows} for one in problems],
        why_not=say(file.refused_to_me, lang) if file.refused_to_me else "",
        suffix="xlsx" if file.is_workbook else "csv",
    )  # fmt: skip


def _line(one: AnswerLine) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "label": say(one.outcome.label, lang), "tone": ROW_TONES[one.outcome],
        "verdict": say(one.verdict.label, lang) if one.verdict else "",
        "verdict_tone": VERDICT_TONES[one.verdict] if one.verdict else "neutral",
        "problems": [problem.sentence(lang) for problem in one.problems],
        "href": url_for("links.show", household_id=one.household_id) if one.household_id else None,
    }  # fmt: skip


@pages.post("/<uuid:file_id>/terapkan")
@guard.requires("link.approve")
def apply(file_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> str:
        done = commands.apply_dukcapil_file(tx, file_id)
        persons, homes = (print_count(one, context.lang()) for one in (done.persons, done.households))
        flash(_("Hasil %(persons)s orang diterapkan pada %(homes)s keluarga.", persons=persons, homes=homes), "good")
        return url_for("dukcapil.show", file_id=file_id)

    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("dukcapil.show", file_id=file_id), 303)


@pages.post("/<uuid:file_id>/buang")
@guard.requires("link.manage")
def discard(file_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: commands.discard_dukcapil_file(tx, file_id))
        flash(_("Berkas dibuang; tidak ada yang berubah."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("dukcapil.index"), 303)


@pages.get("/<uuid:file_id>/ditolak")
@guard.requires("link.manage")
def refused_rows(file_id: UUID) -> Response:
    """Give the refused rows as the same table with a column that says why; ``bentuk`` is xlsx or csv."""
    suffix = asked_form("bentuk", "csv")
    with context.read() as tx:
        table = queries.refused_table(tx, file_id, context.lang())
    about = ((say("dukcapil.about", context.lang()), table.title),)
    return download(table.title, about, table.header, table.rows, stem="ditolak", suffix=suffix)
