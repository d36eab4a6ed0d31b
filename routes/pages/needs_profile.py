"""Impor profil kebutuhan: a JSON list of needs becomes a draft standard, with an outcome for every row."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Refused
from core.files.commands import StoreFile, named_file, store_file
from core.i18n import say
from core.reader.documents import parse_apart
from core.work import Tx
from logistics.packages.needs_profile import SKIP, Chosen, JudgedRow, RowOutcome, judge, lines_of
from logistics.packages.profile_file import MOST_ROWS, ProfileFile, ProfileRow
from logistics.packages.sentences import rate_sentence, reason_sentence
from logistics.packages.standards import DefineStandard, define_standard
from routes import context, guard, limits
from routes.forms import Form
from routes.pages.settings import tabs
from routes.texts import gettext as _
from stock.items.queries import ItemView, items
from stock.items.rules import code_from

pages = Blueprint("needs_profile", __name__, url_prefix="/pengaturan/standar/impor")
PURPOSE: Final = "needs_profile"
MOST_BYTES: Final = 1 << 20
KEEP_DAYS: Final = 7
PARSER: Final = "logistics.packages.profile_file"
TONES = {
    RowOutcome.TAKEN: "good", RowOutcome.SKIPPED: "neutral", RowOutcome.NOT_OURS: "neutral",
    RowOutcome.UNKNOWN_ITEM: "warn", RowOutcome.UNKNOWN_UNIT: "warn", RowOutcome.UNREADABLE: "bad",
}  # fmt: skip


@pages.get("")
@guard.requires("standard.edit")
def index() -> str:
    return _index(Form(MultiDict()))


def _index(form: Form) -> str:
    return render_template(
        "standards/import.html", tabs=tabs("standards"), form=form, most_kb=MOST_BYTES >> 10, most_rows=MOST_ROWS
    )


@pages.post("")
@guard.requires("standard.edit")
@limits.accepts(2 * MOST_BYTES)
def upload() -> str | BaseResponse:
    form = Form()
    sent = form.file("file", most_bytes=MOST_BYTES)
    if sent is None:
        return make_response(_index(form), 422)
    try:
        read_profile(sent.content, sent.name)
        folder = context.runtime().files_dir
        order = StoreFile(
            stream=BytesIO(sent.content), name=sent.name, purpose=PURPOSE, most_bytes=MOST_BYTES, keep_days=KEEP_DAYS
        )
        stored = context.write(lambda tx: store_file(tx, folder, order))
    except Refused as refused:
        form.refuse(refused, "file")
        return make_response(_index(form), 422)
    return redirect(url_for("needs_profile.check", file_id=stored.id), 303)


def read_profile(content: bytes, name: str) -> ProfileFile:
    """Read a profile in the child process. Raises: as ``parse_apart``."""
    found = parse_apart(PARSER, content, name)
    return ProfileFile(
        profile=found["profile"], provenance=found["provenance"],
        rows=tuple(ProfileRow(**{**one, "units": tuple(one["units"])}) for one in found["rows"]),
    )  # fmt: skip


@pages.get("/<uuid:file_id>")
@guard.requires("standard.edit")
def check(file_id: UUID) -> str:
    """Show what becomes of each row, as far as it is decided; nothing is saved by looking."""
    file, name = _stored(file_id)
    return _check(
        file_id, file, Form(MultiDict({"name_id": (file.profile or name).removesuffix(".json"), "days": "7"}))
    )


@pages.post("/<uuid:file_id>")
@guard.requires("standard.edit")
def save(file_id: UUID) -> str | BaseResponse:
    form = Form()
    file, _name = _stored(file_id)
    name_id = form.text("name_id", least=3, most=120)
    days = form.number("days", least=1, most=31) or 7
    with context.read() as tx:
        judged = judge(file, items(tx), days, _chosen(form, file))
    for one in judged:
        if one.outcome.is_open:
            form.fail(f"item-{one.row.number}", "needs_profile.open", {"row": one.row.number})
    if request.form.get("look"):
        form.errors.clear()
        return _check(file_id, file, form)
    lines = lines_of(judged)
    if not lines and form.is_good:
        form.fail("name_id", "needs_profile.nothing")

    def act(tx: Tx) -> str:
        order = DefineStandard(
            code=code_from(name_id).replace("_", "-"), name_id=name_id, name_en=name_id,
            days=days, legal_source=file.provenance[:500], lines=lines,
        )  # fmt: skip
        made = define_standard(tx, order)
        flash(_("%(count)s baris menjadi rancangan standar. Periksa, lalu orang lain menyetujuinya.", count=len(lines)),
              "good")  # fmt: skip
        return url_for("standards.show", standard_id=made)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_check(file_id, file, form), 422)


def _chosen(form: Form, file: ProfileFile) -> dict[int, Chosen]:
    return {
        row.number: Chosen(
            item_code=form.raw(f"item-{row.number}")[:60],
            each_milli=form.quantity(f"each-{row.number}", is_required=False) or None,
        )
        for row in file.rows
    }


def _check(file_id: UUID, file: ProfileFile, form: Form) -> str:
    lang = context.lang()
    looked = Form(form.values)
    with context.read() as tx:
        catalogue = items(tx)
    days = looked.number("days", least=1, most=31) or 7
    judged = judge(file, catalogue, days, _chosen(looked, file))
    return render_template(
        "standards/import_check.html", tabs=tabs("standards"), form=form, file=file, file_id=file_id,
        rows=[_row(one, form, lang) for one in judged],
        counts=[
            {"label": say(f"needs_profile.outcome.{one.value}", lang), "tone": TONES[one],
             "count": sum(row.outcome is one for row in judged)}
            for one in RowOutcome
        ],
        options=[(SKIP, _("– lewati baris ini –")), *_options(catalogue, lang)],
    )  # fmt: skip


def _options(catalogue: tuple[ItemView, ...], lang: str) -> list[tuple[str, str]]:
    return [
        (one.code, f"{one.name(lang)} ({one.base_unit})") for one in sorted(catalogue, key=lambda one: one.name(lang))
    ]


def _row(one: JudgedRow, form: Form, lang: str) -> dict[str, Any]:
    number = one.row.number
    return {
        "view": one.row, "units": " / ".join(one.row.units), "number": number,
        "outcome": say(f"needs_profile.outcome.{one.outcome.value}", lang), "tone": TONES[one.outcome],
        "why": reason_sentence(one.code, one.facts, lang), "item": one.item.name(lang) if one.item else "",
        "becomes": rate_sentence(one.line, one.item.base_unit, lang) if one.line and one.item else "",
        "chosen": form.raw(f"item-{number}"), "each": form.raw(f"each-{number}"),
        "asks_unit": one.outcome is RowOutcome.UNKNOWN_UNIT or bool(form.raw(f"each-{number}")),
        "unit": one.item.base_unit if one.item else "", "error": form.error_of(f"item-{number}"),
        "each_error": form.error_of(f"each-{number}"),
    }  # fmt: skip


def _stored(file_id: UUID) -> tuple[ProfileFile, str]:
    with context.read() as tx:
        path, name = named_file(tx, context.runtime().files_dir, file_id, PURPOSE)
    return read_profile(path.read_bytes(), name), name
