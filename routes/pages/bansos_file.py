"""Bansos: a decree's file (SK) matched to the registry, with an answer for every row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import NotFound
from core.measures import print_count, print_instant
from core.work import Tx
from logistics.programmes import queries, sk_file
from logistics.programmes.queries import TermView
from logistics.programmes.sk_file import MatchFile, SkFile, TermFileView
from logistics.programmes.states import LISTED_OUTCOMES, RowOutcome, TermState
from routes import context, guard, limits
from routes.forms import Form, page_number
from routes.pages.bansos import term_frame
from routes.tables import attached, plain_stem
from routes.texts import gettext as _

pages = Blueprint("bansos_file", __name__, url_prefix="/bansos/<slug>/<int:no>/daftar/berkas")
PER_PAGE = 50
_TONES = {
    RowOutcome.MATCHED: "good", RowOutcome.NAME_DIFFERS: "warn", RowOutcome.OTHER_VILLAGE: "warn",
    RowOutcome.ALREADY_LISTED: "neutral", RowOutcome.TWICE_IN_FILE: "neutral",
}  # fmt: skip


@pages.get("")
@guard.requires("bansos.edit")
def index(slug: str, no: int) -> str:
    return _index(slug, no, Form())


@pages.post("")
@guard.requires("bansos.edit")
@limits.accepts(2 * sk_file.MOST_BYTES)
def upload(slug: str, no: int) -> str | BaseResponse:
    form = Form()
    sent = form.file("file", most_bytes=sk_file.MOST_BYTES)
    if sent is None:
        return make_response(_index(slug, no, form), 422)

    def act(tx: Tx, file: SkFile) -> str:
        term = queries.term(tx, slug, no)
        # The same file again is known by its bytes, so that it needs no key of the form.
        done = sk_file.match_file(tx, MatchFile(term_id=term.id, file=file))
        count = print_count(sum(done.counts.get(one, 0) for one in LISTED_OUTCOMES), context.lang())
        if done.is_repeat:
            flash(_("Berkas ini sudah pernah dibaca; daftar tidak berubah. Ini jawabannya waktu itu."), "info")
        else:
            flash(_("%(count)s baris masuk daftar sebagai calon.", count=count), "good")
        return url_for("bansos_file.show", slug=slug, no=no, file_id=done.file_id)

    file = form.attempt(lambda: sk_file.read_sk(sent.content, sent.name))
    target = form.attempt(lambda: context.write(lambda tx: act(tx, file)))
    if target is not None:
        return redirect(target, 303)
    form.errors = [{**one, "field": "file" if one["field"] == "content" else one["field"]} for one in form.errors]
    return make_response(_index(slug, no, form), 422)


def _index(slug: str, no: int, form: Form) -> str:
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        found = sk_file.files(tx, term.id)
    return render_template(
        "bansos/files.html", form=form, files=[_counted(one) for one in found], unit=term.unit.value,
        is_open=term.state is TermState.DRAFT, most_mb=sk_file.MOST_BYTES >> 20, **term_frame(term, "list"),
    )  # fmt: skip


def _counted(one: TermFileView) -> dict[str, Any]:
    listed = sum(one.counts.get(outcome, 0) for outcome in LISTED_OUTCOMES)
    return {
        "view": one, "listed": listed, "not_listed": one.rows - listed,
        "at": print_instant(one.recorded_at, context.actor().zone, context.lang()),
    }  # fmt: skip


@pages.get("/<uuid:file_id>")
@guard.requires("bansos.edit")
def show(slug: str, no: int, file_id: UUID) -> str:
    lang, labels = context.lang(), _labels()
    asked = request.args.get("hasil", "")
    outcome = RowOutcome(asked) if asked in set(RowOutcome) else None
    number = page_number()
    with context.read() as tx:
        term = queries.term(tx, slug, no)
        one = _file(tx, term, file_id)
        found = sk_file.file_rows(
            tx, file_id, outcomes=[outcome] if outcome else (), limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )
    at: dict[str, Any] = {"slug": slug, "no": no, "file_id": file_id}

    def here(**changed: Any) -> str:
        kept = {"hasil": asked, **changed}
        return url_for("bansos_file.show", **at, **{key: value for key, value in kept.items() if value})

    return render_template(
        "bansos/file.html", file=_counted(one), number=number, total=found.total, per_page=PER_PAGE, here=here,
        last=max(1, -(-found.total // PER_PAGE)), csv_href=url_for("bansos_file.answered", **at), asked=asked,
        outcomes=[
            {"value": key.value, "label": labels[key], "count": count, "tone": _TONES.get(key, "bad"),
             "is_listed": key in LISTED_OUTCOMES}
            for key, count in one.counts.items()
        ],
        lines=[
            {"view": row, "label": labels[row.outcome], "tone": _TONES.get(row.outcome, "bad"),
             "told": row.sentence(lang)}
            for row in found.rows
        ],
        **term_frame(term, "list"),
    )  # fmt: skip


@pages.get("/<uuid:file_id>/hasil.csv")
@guard.requires("bansos.edit")
def answered(slug: str, no: int, file_id: UUID) -> Response:
    """Give the rows back as they came, with a column that says what became of each."""
    with context.read() as tx:
        one = _file(tx, queries.term(tx, slug, no), file_id)
        text = "".join(sk_file.answered_csv(tx, file_id, context.lang()))
    stem = one.file_name.rpartition(".")[0] or one.file_name
    return attached(text, "text/csv", f"{plain_stem(stem)}-hasil.csv")


def _file(tx: Tx, term: TermView, file_id: UUID) -> TermFileView:
    for one in sk_file.files(tx, term.id):
        if one.id == file_id:
            return one
    raise NotFound("term_file.not_found")


def _labels() -> dict[RowOutcome, str]:
    """Name each outcome in a few words."""
    return {
        RowOutcome.MATCHED: _("Cocok"), RowOutcome.NAME_DIFFERS: _("Nama berbeda"),
        RowOutcome.OTHER_VILLAGE: _("Desa berbeda"), RowOutcome.ALREADY_LISTED: _("Sudah dalam daftar"),
        RowOutcome.TWICE_IN_FILE: _("Dua kali di berkas"), RowOutcome.OUTSIDE_QUOTA: _("Di luar kuota"),
        RowOutcome.NOT_FOUND: _("Tidak ditemukan"), RowOutcome.AMBIGUOUS: _("Lebih dari satu cocok"),
        RowOutcome.MALFORMED: _("Tidak terbaca"),
    }  # fmt: skip
