"""Titik rumah: where one household stands, every report of it, and files of positions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, NotFound, Refused
from core.i18n import say
from core.measures import print_count, print_instant
from core.reader import READER
from core.work import Tx
from registry_link.completion import file_queries, files, positioning, queries
from registry_link.completion.overview import outside_village_m
from registry_link.completion.queries import ReportLine
from registry_link.completion.states import FileKind
from registry_link.households.completing import facts_of
from registry_link.matching.rules import FAR_M
from registry_link.regions.queries import region
from routes import context, guard, limits
from routes.forms import Form
from routes.pages.completion import download, framed_file, order_of, reported_position, shown_rows
from routes.pages.villages import print_distance
from routes.tables import asked_form
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("positions", __name__, url_prefix="/registri")


# ---------------------------------------------------------------- files


@pages.get("/titik")
@guard.requires("position.see_files")
def index() -> str:
    return _index(Form())


@pages.post("/titik")
@guard.requires("position.import")
@limits.accepts(2 * READER.file_bytes)
def upload() -> str | BaseResponse:
    form = Form()
    sent = form.file("file", most_bytes=READER.file_bytes)
    if sent is None:
        return make_response(_index(form), 422)
    try:
        order = order_of(sent.content, sent.name, FileKind.POSITIONS, files.MOST_POSITION_ROWS)
        done = context.write(lambda tx: files.read_positions(tx, order))
    except Refused as refused:
        if refused.status not in (400, 409, 413, 422):
            raise
        form.refuse(refused, "file")
        return make_response(_index(form), 422)
    if done.is_repeat:
        flash(_("Berkas ini sudah pernah dikirim; ini jawabannya. Tidak ada yang diubah dua kali."), "info")
    return redirect(url_for("positions.file", file_id=done.file_id), 303)


def _index(form: Form) -> str:
    with context.read() as tx:
        found = file_queries.position_files(tx)
    return render_template(
        "completion/positions.html", form=form, files=[framed_file(one) for one in found],
        most_mb=READER.file_bytes >> 20, most_rows=files.MOST_POSITION_ROWS,
    )  # fmt: skip


@pages.get("/titik/templat")
@guard.requires("position.see_files")
def template() -> Response:
    return download(file_queries.position_template(), "templat-titik", "xlsx", _("Berkas titik rumah"))


@pages.get("/titik/<uuid:file_id>")
@guard.requires("position.see_files")
def file(file_id: UUID) -> str:
    with context.read() as tx:
        found = file_queries.completion_file(tx, file_id, FileKind.POSITIONS)
        told = shown_rows(tx, found, "positions.file")
    return render_template(
        "completion/file.html", **told, crumbs=[(_("Berkas titik rumah"), url_for("positions.index"))],
        download_href=url_for("positions.outcomes", file_id=file_id),
    )  # fmt: skip


@pages.get("/titik/<uuid:file_id>/jawaban")
@guard.requires("position.see_files")
def outcomes(file_id: UUID) -> Response:
    """Give every row's answer as a file; ``bentuk`` is xlsx or csv."""
    suffix = asked_form("bentuk", "xlsx")
    with context.read() as tx:
        found = file_queries.completion_file(tx, file_id, FileKind.POSITIONS)
        table = file_queries.outcome_table(tx, found, context.lang())
    return download(table, "jawaban", suffix, found.file_name)


@pages.post("/titik/<uuid:file_id>/terapkan")
@guard.requires("position.apply")
def apply(file_id: UUID) -> BaseResponse:
    def act(tx: Tx) -> str:
        count = print_count(files.apply_positions(tx, file_id), context.lang())
        flash(_("%(count)s keluarga mendapat titik baru.", count=count), "good")
        return url_for("positions.file", file_id=file_id)

    try:
        return context.submit_once(act)
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("positions.file", file_id=file_id), 303)


@pages.post("/titik/<uuid:file_id>/buang")
@guard.requires("position.import")
def discard(file_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: files.discard_file(tx, file_id))
        flash(_("Berkas dibuang; tidak ada titik yang berubah."), "good")
    except Conflict as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("positions.index"), 303)


# ---------------------------------------------------------------- one household


@pages.get("/keluarga/<uuid:household_id>/titik")
@guard.requires("household.locate")
def show(household_id: UUID) -> str:
    return _show(household_id, Form())


@pages.post("/keluarga/<uuid:household_id>/titik")
@guard.requires("household.locate")
def report(household_id: UUID) -> str | BaseResponse:
    form = Form()
    reported = reported_position(form)
    if reported is None and form.is_good:
        form.fail("lon_deg", "form.missing")

    def act(tx: Tx) -> str:
        assert reported is not None
        placed = positioning.report_position(tx, household_id, reported)
        if not placed.is_used:
            flash(_("Titik dicatat, tetapi yang sudah ada lebih tepat dan tetap dipakai."), "info")
        elif placed.far_m is not None:
            away = print_distance(placed.far_m, context.lang())
            flash(_("Titik disimpan, tetapi %(away)s di luar desa. Periksa lagi.", away=away), "warn")
        else:
            flash(_("Titik rumah disimpan."), "good")
        return url_for("positions.show", household_id=household_id)

    answer = form.attempt(lambda: context.submit_once(act))
    return answer if answer is not None else make_response(_show(household_id, form), 422)


def _show(household_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        facts = facts_of(tx, [household_id], "position").get(household_id)
        if facts is None or not tx.require("household.locate").has_village(facts.village_code):
            raise NotFound("household.not_found")
        name = region(tx, facts.village_code).full_name
        reports = queries.reports_of(tx, household_id)
        outside = None
        if facts.lon_deg is not None and facts.lat_deg is not None:
            outside = outside_village_m(tx, facts.village_code, facts.lon_deg, facts.lat_deg)
    return render_template(
        "completion/position.html", form=form, facts=facts, name=name, reports=[_report(one) for one in reports],
        away=print_distance(outside, lang) if outside is not None and outside > FAR_M else "",
    )  # fmt: skip


def _report(one: ReportLine) -> dict[str, Any]:
    lang = context.lang()
    return {
        "view": one, "at": print_instant(one.at, context.actor().zone, lang), "origin": say(one.origin.label, lang),
        "place": f"{one.lon_deg:.5f}; {one.lat_deg:.5f}".replace(".", "," if lang == "id" else "."),
    }  # fmt: skip
