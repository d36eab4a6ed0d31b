"""Berkas stok: opening balances and movements from a file, an answer for every row, booked by another person."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, NotFound, Refused
from core.i18n import say
from core.measures import print_count, print_instant, print_rupiah
from core.reader import READER, read_table
from core.work import Tx
from routes import context, guard, limits, tables
from routes.forms import Form, page_number
from routes.tables import asked_form
from routes.texts import gettext as _
from routes.texts import why_not
from stock.importing import commands, queries
from stock.importing.columns import KNOWN, MOST_COLUMNS
from stock.importing.commands import ReadStockFile
from stock.importing.queries import FileRow, StockFileView, StockTable
from stock.importing.states import RowOutcome, StockFileKind, StockFileState

pages = Blueprint("stock_files", __name__, url_prefix="/stok/berkas")
PER_PAGE = 50
WORDS = {StockFileKind.OPENING: "saldo-awal", StockFileKind.MOVEMENTS: "mutasi"}
"""How an address names what a file holds."""
KINDS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
TONES = {
    StockFileState.READING: "info", StockFileState.READ: "warn", StockFileState.APPROVED: "info",
    StockFileState.BOOKED: "good", StockFileState.DISCARDED: "neutral",
}  # fmt: skip
ROW_TONES = {
    RowOutcome.WAITING: "neutral", RowOutcome.READY: "good", RowOutcome.REFUSED: "bad", RowOutcome.BOOKED: "good",
}  # fmt: skip
_BUSY = (StockFileState.READING, StockFileState.APPROVED)


@pages.get("")
@guard.requires("stock.see_files")
def index() -> str:
    return _index(Form())


@pages.post("")
@guard.requires("stock.import")
@limits.accepts(2 * READER.file_bytes)
def upload() -> str | BaseResponse:
    form = Form()
    kind = form.choice("kind", StockFileKind, StockFileKind.MOVEMENTS)
    as_of_on = form.day("as_of_on", is_required=False)
    sent = form.file("file", most_bytes=READER.file_bytes)
    if sent is None:
        return make_response(_index(form), 422)

    def act() -> str:
        assert kind is not None
        order = order_of(sent.content, sent.name, kind, as_of_on)
        done = context.write(lambda tx: commands.read_file(tx, order))
        if done.is_repeat:
            flash(_("Berkas ini sudah pernah diunggah; ini jawabannya. Tidak ada yang dibaca dua kali."), "info")
        return url_for("stock_files.show", file_id=done.file_id)

    try:
        target = form.attempt(act)
    except Refused as refused:
        form.refuse(refused, "file")
        target = None
    return redirect(target, 303) if target is not None else make_response(_index(form), 422)


def order_of(content: bytes, name: str, kind: StockFileKind, as_of_on: Any) -> ReadStockFile:
    """Read a file's table in the child process, before any transaction begins. Raises: as ``read_table``."""
    table = read_table(content, name, most_rows=commands.MOST_ROWS, most_columns=MOST_COLUMNS, known=KNOWN)
    return ReadStockFile(
        kind=kind, file_name=name, file_sha256=hashlib.sha256(content).hexdigest(), table=table, as_of_on=as_of_on
    )


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.stock_files(tx)
    return render_template(
        "stock_files/index.html", form=form, files=[_framed(one) for one in found], words=list(WORDS.values()),
        kinds=[(one.value, say(one.label, lang)) for one in StockFileKind], most_mb=READER.file_bytes >> 20,
        most_rows=commands.MOST_ROWS,
        templates=[{"label": say(kind.label, lang), "word": word} for kind, word in WORDS.items()],
    )  # fmt: skip


def _framed(one: StockFileView) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "kind": say(one.kind.label, lang), "state": say(one.state.label, lang), "tone": TONES[one.state],
        "read_at": print_instant(one.read_at, context.actor().zone, lang), "value": print_rupiah(one.value_rp, lang),
        "booked_at": print_instant(one.booked_at, context.actor().zone, lang) if one.booked_at else "",
        "is_busy": one.state in _BUSY,
    }  # fmt: skip


@pages.get("/templat")
@guard.requires("stock.see_files")
def template() -> Response:
    """Give an empty file with its columns and example rows; ``isi`` says which, ``bentuk`` xlsx or csv."""
    word = request.args.get("isi", WORDS[StockFileKind.MOVEMENTS])
    kind = next((one for one, known in WORDS.items() if known == word), None)
    if kind is None:
        raise NotFound("stock_file.not_found")
    return download(queries.template_table(kind), f"templat-{word}", asked_form("bentuk", "xlsx"))


@pages.get("/<uuid:file_id>")
@guard.requires("stock.see_files")
def show(file_id: UUID) -> str:
    lang = context.lang()
    asked = request.args.get("hasil", "")
    outcome = RowOutcome(asked) if asked in set(RowOutcome) else None
    number = page_number()
    with context.read() as tx:
        file = queries.stock_file(tx, file_id)
        if request.headers.get("HX-Request"):
            return render_template("stock_files/progress.html", file=_framed(file))
        found = queries.stock_file_rows(
            tx, file_id, outcome=outcome, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )  # fmt: skip
        problems = queries.problem_counts(tx, file_id)

    def here(**changed: Any) -> str:
        kept = {"hasil": asked, **changed}
        return url_for("stock_files.show", file_id=file_id, **{key: value for key, value in kept.items() if value})

    return render_template(
        "stock_files/show.html", file=_framed(file), asked=asked, number=number, total=found.total, here=here,
        per_page=PER_PAGE, last=max(1, -(-found.total // PER_PAGE)), lines=[_line(one, file) for one in found.rows],
        outcomes=[(one.value, say(one.label, lang)) for one in RowOutcome],
        problems=[{"text": say(f"stock_file.kinds.{_kind_of(one.code)}", lang), "rows": one.rows} for one in problems],
        why_not=say(file.refused_to_me, lang) if file.refused_to_me else "",
        suffix="xlsx" if file.is_workbook else "csv",
    )  # fmt: skip


def _kind_of(code: str) -> str:
    """Sort a reason into the few kinds of trouble a person mends in one go."""
    if code in ("stock.negative_later", "stock_file.short", "stock_file.nothing_there"):
        return "short"
    if "batch" in code or "expir" in code:
        return "batch"
    if "item" in code or "variant" in code or "unit" in code or "step" in code:
        return "item"
    return "form"


def _line(one: FileRow, file: StockFileView) -> dict[str, Any]:
    lang = context.lang()
    pairs = [(name, text) for name, text in zip(file.header, one.texts, strict=False) if text]
    return {
        "view": one, "label": say(one.outcome.label, lang), "tone": ROW_TONES[one.outcome],
        "cells": pairs if len(one.texts) == len(file.header) else [("", " ".join(one.texts))],
        "problems": [problem.sentence(lang) for problem in one.problems],
        "href": url_for("stock.document", document_id=one.document_id) if one.document_id else "",
    }  # fmt: skip


@pages.post("/<uuid:file_id>/bukukan")
@guard.requires("stock.approve")
def book(file_id: UUID) -> BaseResponse:
    """Book a file, or, when the books have moved on, show what has become of its rows."""
    only_ready = bool(request.form.get("only_ready"))

    def act(tx: Tx) -> str:
        done = commands.book_file(tx, file_id, only_ready=only_ready)
        count = print_count(done.rows, context.lang())
        if done.is_booked:
            flash(_("%(count)s baris dibukukan.", count=count), "good")
        else:
            flash(_("Disetujui. %(count)s baris dibukukan dalam beberapa saat.", count=count), "good")
        return url_for("stock_files.show", file_id=file_id)

    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
        if refused.code == "stock_file.changed_meanwhile":
            context.write(lambda tx: commands.recheck_file(tx, file_id))
    return redirect(url_for("stock_files.show", file_id=file_id), 303)


@pages.post("/<uuid:file_id>/periksa")
@guard.requires("stock.approve")
def recheck(file_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: commands.recheck_file(tx, file_id))
        flash(_("Berkas diperiksa lagi terhadap katalog dan buku stok sekarang."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("stock_files.show", file_id=file_id), 303)


@pages.post("/<uuid:file_id>/buang")
@guard.requires("stock.import")
def discard(file_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: commands.discard_file(tx, file_id))
        flash(_("Berkas dibuang; buku stok tidak berubah."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("stock_files.index"), 303)


@pages.get("/<uuid:file_id>/ditolak")
@guard.requires("stock.see_files")
def refused_rows(file_id: UUID) -> Response:
    """Give the refused rows as the same table with a column that says why; ``bentuk`` is xlsx or csv."""
    suffix = asked_form("bentuk", "csv")
    with context.read() as tx:
        table = queries.refused_table(tx, file_id, context.lang())
    return download(table, "ditolak", suffix)


def download(table: StockTable, stem: str, suffix: str) -> Response:
    """Answer with a table as a file of the form asked for."""
    about = ((say("stock_file.about", context.lang()), table.title),)
    return tables.download(table.title, about, table.header, table.rows, stem=stem, suffix=suffix)
