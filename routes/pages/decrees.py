"""SK: the decrees of an incident, their areas and extensions, ended early or taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import names_of
from core.errors import Invalid, NotFound
from core.files.commands import KeepFile, Received, drop_received, keep_file, named_file, receive_file
from core.i18n import say
from core.work import Tx
from logistics.zones import decreeing, queries, windows
from logistics.zones.naming import ListRegion
from logistics.zones.states import Phase
from registry_link.regions.queries import RegionView, regions, regions_of
from registry_link.regions.states import Level
from routes import context, guard, limits
from routes.forms import Form
from routes.pages.incident import frame
from routes.texts import gettext as _

pages = Blueprint("decrees", __name__, url_prefix="/kejadian/<slug>/sk")
PURPOSE = "decree"
MOST_BYTES = 10 << 20
KINDS = {b"%PDF-": ".pdf", b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n": ".png"}
PHASES = (Phase.RESPONSE, Phase.ALERT, Phase.TRANSITION)


def decree_line(one: queries.DecreeView, names: dict[str, RegionView], lang: str) -> dict[str, Any]:
    """Give a decree as its row shows it; ``names`` holds the regions that it names."""
    named = [names[code].title if code in names else code for code in one.region_codes]
    return {
        "view": one, "phase": say(f"phase.{one.phase.value}", lang), "regions": named,
        "doubts": [doubt.text(lang) for doubt in one.doubts],
    }  # fmt: skip


@pages.get("")
@guard.requires("incident.see")
def index(slug: str) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        found = queries.decrees(tx, view.id, with_withdrawn=True)
        shared = windows.shared_decrees(tx, view.id)
        names = {one.code: one for one in regions(tx, [code for one in found for code in one.region_codes])}
        people = names_of(tx, [one.recorded_by for one in found] + [one.withdrawn_by for one in found
                                                                    if one.withdrawn_by])  # fmt: skip
    lines = [
        {
            **decree_line(one, names, lang), "who": people.get(one.recorded_by, ""),
            "withdrawn_who": people.get(one.withdrawn_by or "", ""),
        }
        for one in found
    ]  # fmt: skip
    return render_template("incident/decrees.html", lines=lines, shared=shared, **frame(view, "zones"))


@pages.get("/baru")
@guard.requires("decree.record")
def new(slug: str) -> str:
    return _form(slug, Form())


@pages.post("/baru")
@guard.requires("decree.record")
@limits.accepts(MOST_BYTES + (1 << 20))
def record(slug: str) -> str | BaseResponse:
    form = Form()
    number, authority = form.text("number", most=120, least=1), form.text("authority", most=120)
    dated_on, first_on, last_on = form.day("dated_on"), form.day("first_on"), form.day("last_on")
    said, area = form.text("days_text", most=60), form.text("area_text", most=500)
    phase = form.choice("phase", Phase, Phase.RESPONSE)
    extends_id = form.uuid("extends_id") if form.raw("extends_id") else None
    is_whole = form.raw("scope") != "listed"
    codes = form.values.getlist("regions")
    if not is_whole and not codes:
        form.fail("regions", "form.choose")
    received = _received(form)

    def act(tx: Tx) -> str:
        assert dated_on and first_on and last_on and phase
        stored = None
        if received is not None:
            upload = request.files["file"]
            stored = keep_file(tx, KeepFile(received=received, name=upload.filename or "sk", purpose=PURPOSE))
        done = decreeing.record_decree(
            tx,
            decreeing.RecordDecree(
                incident_id=queries.incident(tx, slug).id, number=number, dated_on=dated_on, first_on=first_on,
                last_on=last_on, phase=phase, authority=authority, days_text=said, area_text=area,
                regions=() if is_whole else tuple(ListRegion(code=code) for code in codes), extends_id=extends_id,
                file_id=stored.id if stored else None,
            ),
        )  # fmt: skip
        # What does not agree in it stands at the head of every page of the incident.
        flash(_("SK dicatat: %(days)s hari.", days=done.days), "good")
        return url_for("decrees.index", slug=slug)

    done = None
    try:
        done = form.attempt(lambda: context.submit_once(act))
    finally:
        if received is not None:
            if done is None:
                context.write(lambda tx: drop_received(tx, received))
            received.drop()
    return done if done is not None else make_response(_form(slug, form), 422)


def _received(form: Form) -> Received | None:
    """Receive the attached file where there is one and the rest of the form is good; only papers and pictures."""
    upload: FileStorage | None = request.files.get("file")
    if upload is None or not upload.filename or not form.is_good:
        return None
    head = upload.stream.read(8)
    upload.stream.seek(0)
    if not any(head.startswith(sign) for sign in KINDS):
        form.refuse(Invalid("decree.file_unfit", field="file"))
        return None
    return receive_file(context.runtime().files_dir, upload.stream, MOST_BYTES)


@pages.get("/<uuid:decree_id>/berkas")
@guard.requires("incident.see")
def file(slug: str, decree_id: UUID) -> BaseResponse:
    with context.read() as tx:
        one = _own(tx, slug, decree_id)
        if one.file_id is None:
            raise NotFound("file.not_found")
        path, name = named_file(tx, context.runtime().files_dir, one.file_id, PURPOSE)
    with path.open("rb") as opened:
        head = opened.read(8)
    kind = next((kind for sign, kind in KINDS.items() if head.startswith(sign)), ".bin")
    base = name.rsplit(".", 1)[0] or "sk"
    # A stranger's bytes are never shown in a page of ours: they are saved.
    return send_file(path, as_attachment=True, download_name=f"{base}{kind}", mimetype="application/octet-stream")


@pages.post("/<uuid:decree_id>/tarik")
@guard.requires("decree.record")
def withdraw(slug: str, decree_id: UUID) -> BaseResponse:
    form = Form()
    words = {"typed": _("Salah ketik"), "double": _("Tercatat dua kali"), "other": _("Alasan lain")}
    reason = f"{words.get(form.raw('reason'), '')} {form.text('note', most=300)}".strip()

    def act(tx: Tx) -> None:
        decreeing.withdraw_decree(tx, _own(tx, slug, decree_id).id, reason)

    context.write(act)
    flash(_("SK ditarik. Riwayatnya tetap tersimpan."), "good")
    return redirect(url_for("decrees.index", slug=slug), 303)


@pages.post("/<uuid:decree_id>/akhiri")
@guard.requires("decree.record")
def end(slug: str, decree_id: UUID) -> BaseResponse:
    form = Form()
    last_on, reason = form.day("last_on"), form.text("note", most=300, least=5)

    def act(tx: Tx) -> bool:
        assert last_on
        decreeing.end_decree(tx, _own(tx, slug, decree_id).id, last_on, reason)
        return True

    if form.attempt(lambda: context.write(act)):
        flash(_("SK diakhiri lebih awal."), "good")
    for error in form.errors:
        flash(error["text"], "bad")
    return redirect(url_for("decrees.index", slug=slug), 303)


def _own(tx: Tx, slug: str, decree_id: UUID) -> queries.DecreeView:
    one = queries.decree(tx, decree_id)
    if one.incident_id != queries.incident(tx, slug).id:
        raise NotFound("decree.not_found")
    return one


def _form(slug: str, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        view = queries.incident(tx, slug)
        standing = queries.decrees(tx, view.id)
        villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
        districts = regions_of(tx, tx.regency_code, Level.DISTRICT)
    before = next((one for one in reversed(standing) if str(one.id) == request.args.get("perpanjang")), None)
    if form.values:
        picked, scope = form.values.getlist("regions"), form.raw("scope") or "whole"
        extends = form.raw("extends_id")
    else:
        picked = list(before.region_codes) if before else []
        scope, extends = "listed" if picked else "whole", str(before.id) if before else ""
    own = view.phase if view.phase in PHASES else Phase.RESPONSE
    return render_template(
        "incident/decree.html", form=form, picked=picked, scope=scope, extends=extends, before=before,
        standing=[(str(one.id), one.number) for one in standing],
        phase_value=form.raw("phase") or (before.phase if before else own).value,
        phases=[(one.value, say(f"phase.{one.value}", lang)) for one in PHASES],
        places=[{"code": one.code, "name": one.title, "district": _("seluruh kecamatan")} for one in districts]
        + [{"code": one.code, "name": one.title, "district": one.parent_name} for one in villages],
        **frame(view, "zones"),
    )  # fmt: skip
