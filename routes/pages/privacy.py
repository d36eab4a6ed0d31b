"""Privasi: requests of the people whose data are held, who saw whom, and whole numbers shown with a reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.accounts.queries import machines, people
from core.errors import Conflict, NotFound
from core.i18n import say
from core.measures import print_instant
from core.permissions import may
from core.work import Tx
from registry_link.households.merged import merged_into
from registry_link.households.queries import HouseholdView, household, household_id_of
from registry_link.households.revealing import SHORTEST_REASON, Reveal, RevealReason, RevealRow, reveal
from registry_link.privacy import commands, queries
from registry_link.privacy.looking import Exposure, Look
from registry_link.privacy.rules import SHORTEST_REASON as SHORTEST
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument
from registry_link.regions.queries import regions
from routes import context, guard
from routes.forms import Form
from routes.limiter import limiter
from routes.privacy import copy_files, purpose_of, waiting_packages
from routes.proving import needs_proof, prove
from routes.tables import attached
from routes.texts import gettext as _

pages = Blueprint("privacy", __name__)
DECIDED_SHOWN = 30
LOOKS_SHOWN = 100
SEEN_SHOWN = 200
WEEK = timedelta(days=7)
OLDEST = date(2000, 1, 1)
"""Nobody looked before; the calendar's first days have no instant in UTC."""


# ---------------------------------------------------------------- what waits, and what was done


@pages.get("/privasi")
@guard.requires("privacy.see")
def index() -> str:
    return _index(Form())


@pages.post("/privasi/cari")
@guard.requires("privacy.see")
def find() -> str | BaseResponse:
    """Lead to a household's data by its code, as it stands on cards and receipts."""
    form = Form()
    code = form.text("code", most=40, least=5)
    with context.read() as tx:
        tx.require("privacy.see")
        found = household_id_of(tx, code) if form.is_good else None
        if found is not None:
            try:
                queries.trail(tx, found)
            except NotFound:
                found = None
    if found is None and form.is_good:
        form.fail("code", "household.not_found")
    if found is None:
        return make_response(_index(form), 422)
    return redirect(url_for("privacy.show", household_id=found), 303)


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        asked = queries.erasures(tx, (ErasureState.ASKED,))
        decided = queries.erasures(
            tx, [one for one in ErasureState if one is not ErasureState.ASKED], limit=DECIDED_SHOWN
        )
        copies = queries.copies(tx, DECIDED_SHOWN)
        reveals = queries.reveals(tx, tx.now - WEEK) if may(tx.actor, "privacy.exposure") else None
        now = tx.now
    decides = may(context.actor(), "privacy.decide")
    mine = [one for one in reversed(asked) if decides and one.refused_to_me is None]
    return render_template(
        "privacy/index.html", form=form, tabs=tabs("requests"), mine=[_row(one, lang, now) for one in mine],
        others=[_row(one, lang, now) for one in asked if one not in mine],
        decided=[_row(one, lang, now) for one in decided], decides=decides,
        copies=[_copy_row(one, lang) for one in copies],
        reveals=None if reveals is None else [_reveal_row(one, lang) for one in reveals],
    )  # fmt: skip


def tabs(current: str) -> list[dict[str, Any]]:
    known = (
        ("requests", _("Permintaan"), "privacy.see", "privacy.index"),
        ("access", _("Siapa melihat apa"), "privacy.exposure", "privacy.access"),
    )
    return [
        {"label": label, "href": url_for(endpoint), "is_current": key == current}
        for key, label, right, endpoint in known
        if may(context.actor(), right)
    ]


def _row(one: queries.ErasureRow, lang: str, now: datetime) -> dict[str, Any]:
    is_open = one.state is ErasureState.ASKED
    return {
        "view": one, "state": say(one.state.label, lang), "ground": say(one.ground.label, lang),
        "asker": say(one.asked_for.label, lang), "document": say(one.identity_document.label, lang),
        "tone": {"asked": "info", "approved": "good", "refused": "bad"}.get(one.state.value, "neutral"),
        "why_not": say(one.refused_to_me, lang) if one.refused_to_me else "",
        "is_late": is_open and now > one.due_at,
    }  # fmt: skip


def _copy_row(one: queries.CopyRow, lang: str) -> dict[str, Any]:
    return {
        "view": one, "asker": say(one.asked_for.label, lang), "document": say(one.identity_document.label, lang)
    }  # fmt: skip


def _reveal_row(one: RevealRow, lang: str) -> dict[str, Any]:
    known = {reason.value: say(reason.label, lang) for reason in RevealReason}
    return {
        "view": one, "what": _("NIK") if one.subject == "member" else _("Nomor KK"),
        "reason": known.get(one.reason_code, ""),
    }  # fmt: skip


# ---------------------------------------------------------------- one household's data


@pages.get("/privasi/keluarga/<uuid:household_id>")
@guard.requires("privacy.see")
def show(household_id: UUID) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.trail(tx, household_id)
        now = tx.now
    return render_template(
        "privacy/show.html", found=found, looks=[_look(one, lang) for one in found.looks[:LOOKS_SHOWN]],
        more=max(0, len(found.looks) - LOOKS_SHOWN), reveals=[_reveal_row(one, lang) for one in found.reveals],
        copies=[_copy_row(one, lang) for one in found.copies],
        erasures=[_row(one, lang, now) for one in found.erasures],
        is_asked=any(one.state is ErasureState.ASKED for one in found.erasures),
    )  # fmt: skip


def _look(one: Look, lang: str) -> dict[str, Any]:
    return {
        "view": one, "purpose": purpose_of(one, lang),
        "among": _("%(count)s %(what)s sekaligus", count=one.count, what=say(one.subject_label, lang))
        if one.count > 1 or one.subject not in ("household", "member") else "",
    }  # fmt: skip


def _form(page: str, household_id: UUID, form: Form, *, by_duty: bool) -> str:
    """Show a form about one household; ``by_duty``: the office may ask itself, without a document."""
    lang = context.lang()
    with context.read() as tx:
        found = queries.trail(tx, household_id)
        if found.is_erased:
            raise Conflict("erasure.erased", code=found.code)
    return render_template(
        page, form=form, found=found, needs_proof=needs_proof(),
        askers=[(one.value, say(one.label, lang)) for one in Asker if by_duty or one is not Asker.OFFICE],
        documents=[(one.value, say(one.label, lang)) for one in IdentityDocument
                   if by_duty or one is not IdentityDocument.NONE],
        grounds=[(one.value, say(one.label, lang)) for one in Ground],
    )  # fmt: skip


@pages.get("/privasi/keluarga/<uuid:household_id>/salinan")
@guard.requires("privacy.copy")
def copy_form(household_id: UUID) -> str:
    return _form("privacy/copy.html", household_id, Form(), by_duty=False)


@pages.post("/privasi/keluarga/<uuid:household_id>/salinan")
@guard.requires("privacy.copy")
@limiter.limit("20 per minute")
def copy(household_id: UUID) -> str | BaseResponse:
    """Give the copy as a download; it is kept nowhere, so that asking twice makes two."""
    form = Form()
    asker = form.choice("asked_for", Asker)
    document = form.choice("identity_document", IdentityDocument)
    note = form.text("note", most=500)

    def act(tx: Tx) -> tuple[str, bytes]:
        assert asker and document
        order = commands.MakeCopy(household_id=household_id, asked_for=asker, identity_document=document, note=note)
        prove(tx)
        return copy_files(tx, order)

    done = form.attempt(lambda: context.write(act))
    if done is None:
        return make_response(_form("privacy/copy.html", household_id, form, by_duty=False), 422)
    name, body = done
    return attached(body, "application/zip", name)


@pages.get("/privasi/keluarga/<uuid:household_id>/hapus")
@guard.requires("privacy.erase")
def ask_form(household_id: UUID) -> str:
    return _form("privacy/ask.html", household_id, Form(), by_duty=True)


@pages.post("/privasi/keluarga/<uuid:household_id>/hapus")
@guard.requires("privacy.erase")
def ask(household_id: UUID) -> str | BaseResponse:
    form = Form()
    ground, asker = form.choice("ground", Ground), form.choice("asked_for", Asker)
    document = form.choice("identity_document", IdentityDocument)
    reason = form.text("reason", most=500, least=SHORTEST)

    def act(tx: Tx) -> str:
        assert ground and asker and document
        made = commands.ask_erasure(
            tx,
            commands.AskErasure(
                household_id=household_id, ground=ground, reason=reason, asked_for=asker, identity_document=document
            ),
        )
        flash(_("Penghapusan diajukan. Data baru dihapus sesudah orang kedua menyetujuinya."), "good")
        return url_for("privacy.erasure", erasure_id=made)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_form("privacy/ask.html", household_id, form, by_duty=True), 422)


# ---------------------------------------------------------------- one request, and its decision


@pages.get("/privasi/hapus/<uuid:erasure_id>")
@guard.requires("privacy.see")
def erasure(erasure_id: UUID) -> str:
    return _erasure(erasure_id, Form())


@pages.post("/privasi/hapus/<uuid:erasure_id>/setujui")
@guard.requires("privacy.decide")
@limiter.limit("20 per minute")
def approve(erasure_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        prove(tx)
        commands.approve_erasure(tx, erasure_id, note, waiting_packages)
        flash(_("Data keluarga sudah dihapus. Pembukuan tetap."), "good")
        return url_for("privacy.erasure", erasure_id=erasure_id)

    return _decide(erasure_id, form, act)


@pages.post("/privasi/hapus/<uuid:erasure_id>/tolak")
@guard.requires("privacy.decide")
def refuse(erasure_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500, least=commands.LEAST_NOTE)

    def act(tx: Tx) -> str:
        commands.refuse_erasure(tx, erasure_id, note)
        flash(_("Permintaan ditolak; data tetap. Sampaikan alasannya kepada peminta."), "good")
        return url_for("privacy.erasure", erasure_id=erasure_id)

    return _decide(erasure_id, form, act)


@pages.post("/privasi/hapus/<uuid:erasure_id>/tarik")
@guard.requires("privacy.erase")
def withdraw(erasure_id: UUID) -> str | BaseResponse:
    form = Form()
    note = form.text("note", most=500)

    def act(tx: Tx) -> str:
        commands.withdraw_erasure(tx, erasure_id, note)
        flash(_("Permintaan ditarik kembali; data tetap."), "good")
        return url_for("privacy.erasure", erasure_id=erasure_id)

    return _decide(erasure_id, form, act)


def _decide(erasure_id: UUID, form: Form, act: Callable[[Tx], str]) -> str | BaseResponse:
    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_erasure(erasure_id, form), 422)


def _erasure(erasure_id: UUID, form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.erasure(tx, erasure_id)
        is_open = found.row.state is ErasureState.ASKED
        waiting = (
            waiting_packages(tx, (found.row.household_id, *merged_into(tx, found.row.household_id))) if is_open else ()
        )
        now, zone = tx.now, tx.zone
    row = found.row
    decides = is_open and may(context.actor(), "privacy.decide")
    entries = [{
        "at": print_instant(row.asked_at, zone, lang), "iso": row.asked_at.isoformat(), "who": row.asked_by_name,
        "what": _("Diajukan"), "why": row.reason, "tone": "info",
    }]  # fmt: skip
    if row.decided_at is not None:
        entries.append({
            "at": print_instant(row.decided_at, zone, lang), "iso": row.decided_at.isoformat(),
            "who": row.decided_by_name, "what": say(row.state.label, lang), "why": row.decision_note, "tone": "neutral",
        })  # fmt: skip
    return render_template(
        "privacy/erasure.html", form=form, row=_row(row, lang, now), plan=found.plan, is_open=is_open, waiting=waiting,
        may_decide=decides and row.refused_to_me is None, why_not=say(row.refused_to_me or "", lang) if decides else "",
        may_withdraw=is_open and may(context.actor(), "privacy.erase") and row.asked_by == context.actor().id,
        entries=entries, needs_proof=needs_proof(),
    )  # fmt: skip


# ---------------------------------------------------------------- whose data an account saw


@pages.get("/privasi/akses")
@guard.requires("privacy.exposure")
def access() -> str:
    lang = context.lang()
    form = Form(request.args.copy())
    with context.read() as tx:
        accounts = [(str(one.id), f"{one.name} ({one.username})") for one in people(tx)]
        accounts += [(str(one), _("Mesin: %(name)s", name=name)) for one, name in machines(tx)]
        today = tx.today
    found: Exposure | None = None
    names: dict[str, str] = {}
    if form.raw("akun"):
        order = _asked(form)
        if order is not None:
            with context.read() as tx:
                found = form.attempt(lambda: queries.exposure(tx, order))
                if found is not None:
                    names = {one.code: one.full_name for one in regions(tx, [row.village_code for row in found.seen])}
    return render_template(
        "privacy/access.html", form=form, tabs=tabs("access"), accounts=accounts, found=found, names=names,
        since=f"{today - WEEK:%d/%m/%Y}", until=f"{today:%d/%m/%Y}",
        who=dict(accounts).get(form.raw("akun"), ""),
        seen=found.seen[:SEEN_SHOWN] if found else (), looks=[_look(one, lang) for one in found.looks[:LOOKS_SHOWN]]
        if found else [], revealed=sum(one.is_revealed for one in found.seen) if found else 0,
        file_href=url_for("privacy.access_file", **_question(form)) if found and found.seen else None,
    )  # fmt: skip


@pages.get("/privasi/akses.csv")
@guard.requires("privacy.exposure")
def access_file() -> BaseResponse:
    """Give the households for the letters that the law asks for: codes, no names."""
    form = Form(request.args.copy())
    order = _asked(form)
    if order is None:
        return redirect(url_for("privacy.access", **_question(form)))
    with context.read() as tx:
        found = queries.exposure(tx, order)
        names = {one.code: one.full_name for one in regions(tx, [row.village_code for row in found.seen])}
        zone = tx.zone
    out = io.StringIO()
    file = csv.writer(out, delimiter=";", lineterminator="\r\n")
    file.writerow(["kode_keluarga", "desa", "kali", "pertama", "terakhir", "nomor_utuh"])
    for one in found.seen:
        file.writerow([
            one.code, names.get(one.village_code, one.village_code), one.times,
            f"{one.first_at.astimezone(zone):%Y-%m-%d %H:%M}", f"{one.last_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "ya" if one.is_revealed else "tidak",
        ])  # fmt: skip
    return attached("\ufeff" + out.getvalue(), "text/csv", "keluarga-terlihat.csv")


def _question(form: Form) -> dict[str, Any]:
    return {name: form.raw(name)[:40] for name in ("akun", "dari", "jam_dari", "sampai", "jam_sampai")}


def _asked(form: Form) -> queries.AskExposure | None:
    """Read whose looks are asked for, and between which local days (both whole), or times of them."""
    account = form.uuid("akun")
    first, last = form.day("dari"), form.day("sampai")
    if account is None or first is None or last is None:
        return None
    zone = context.actor().zone
    tomorrow = context.runtime().work.clock.now().astimezone(zone).date() + timedelta(days=1)
    for field, day in (("dari", first), ("sampai", last)):
        if not OLDEST <= day <= tomorrow:
            form.fail(field, "form.day")
    if not form.is_good:
        return None
    since = datetime.combine(first, time(), tzinfo=zone)
    until = datetime.combine(last, time(), tzinfo=zone) + timedelta(days=1)
    for field in ("jam_dari", "jam_sampai"):
        if not form.raw(field).strip():
            continue
        at = form.instant("dari" if field == "jam_dari" else "sampai", field)
        if at is None:
            return None
        since, until = (at, until) if field == "jam_dari" else (since, at)
    return queries.AskExposure(actor_id=str(account), since=since, until=until)


# ---------------------------------------------------------------- a whole number


@pages.get("/registri/keluarga/<uuid:household_id>/nomor")
@guard.requires("household.reveal")
def number_form(household_id: UUID) -> str:
    return _number_form(household_id, Form(request.args.copy()))


@pages.post("/registri/keluarga/<uuid:household_id>/nomor")
@guard.requires("household.reveal")
@limiter.limit("30 per minute")
def number(household_id: UUID) -> str | BaseResponse:
    """Show one whole number, for a minute; the answer to this POST is the only place where it stands."""
    form = Form()
    reason = form.choice("reason", RevealReason)
    note = form.text("note", most=300, least=SHORTEST_REASON)
    which = form.raw("which")
    member_id = None if which == "kk" else form.uuid("which")

    def act(tx: Tx) -> str:
        assert reason
        prove(tx)
        return reveal(tx, Reveal(household_id=household_id, member_id=member_id, reason=reason, note=note))

    shown = form.attempt(lambda: context.write(act))
    if shown is None:
        return make_response(_number_form(household_id, form), 422)
    with context.read() as tx:
        found = household(tx, household_id)
    whose = next((one.name for one in found.members if one.id == member_id), found.head_name)
    response = make_response(render_template(
        "privacy/number.html", household=found, whose=whose, kind=_("Nomor KK") if member_id is None else _("NIK"),
        number=" ".join((shown[:4], shown[4:8], shown[8:12], shown[12:])),
    ))  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def _number_form(household_id: UUID, form: Form) -> str:
    with context.read() as tx:
        tx.require("household.reveal")
        found = household(tx, household_id)
    return render_template("privacy/reveal.html", household=found, **reveal_fields(found, form))


def reveal_fields(found: HouseholdView, form: Form | None = None) -> dict[str, Any]:
    """Give what the dialog that asks for a whole number needs."""
    lang = context.lang()
    numbers = [("kk", _("Nomor KK %(mask)s", mask=found.kk))] if found.kk else []
    numbers += [
        (str(one.id), _("NIK %(name)s, %(mask)s", name=one.name, mask=one.nik)) for one in found.members if one.nik
    ]
    return {
        "numbers": numbers, "reasons": [(one.value, say(one.label, lang)) for one in RevealReason],
        "least_note": SHORTEST_REASON, "needs_proof": needs_proof(),
        "form": form or Form(MultiDict()), "may_reveal": bool(numbers) and may(context.actor(), "household.reveal"),
    }  # fmt: skip
