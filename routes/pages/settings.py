"""Pengaturan: the office and its letterhead, who signs, how numbers are written, people and machines."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from core.accounts import commands, queries
from core.accounts.rules import scope_fits
from core.actor import Grant, Role, ScopeKind
from core.errors import Refused
from core.i18n import say
from core.numbering import DEFAULT_TEMPLATE, KINDS
from core.office.commands import (
    PAPER_SIZES,
    NameSignatory,
    UpdateOffice,
    name_signatory,
    set_approval_limit,
    set_template,
    update_office,
)
from core.office.queries import DUTIES, office, signatories, signatory, templates
from core.permissions import may
from core.work import Tx
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level
from routes import context, guard
from routes.forms import Form
from routes.texts import gettext as _
from routes.texts import why_not
from stock.places.kinds import PlaceKind
from stock.places.queries import places

pages = Blueprint("settings", __name__, url_prefix="/pengaturan")
OFFICE_ROLES = (Role.LOGISTICS, Role.BPBD, Role.HEAD, Role.AUDITOR, Role.ADMIN)
MACHINE_ROLES = (Role.BPBD, Role.LOGISTICS, Role.WAREHOUSE, Role.FIELD, Role.VILLAGE, Role.HEAD, Role.AUDITOR)
TOKEN_DAYS = (30, 90, 365)


def tabs(current: str) -> list[dict[str, Any]]:
    known = (
        ("office", _("Kantor"), "office.see", "settings.index"),
        ("priority", _("Urutan prioritas"), "rule.see", "priorities.index"),
        ("ways", _("Jalan & kawasan"), "ways.see", "ways.index"),
        ("standards", _("Standar paket"), "standard.see", "standards.index"),
        ("people", _("Orang"), "people.see", "settings.people"),
        ("tokens", _("Token mesin"), "tokens.manage", "settings.tokens"),
    )
    return [
        {"label": label, "href": url_for(endpoint), "is_current": key == current}
        for key, label, right, endpoint in known
        if may(context.actor(), right)
    ]


# ---------------------------------------------------------------- office


@pages.get("")
@guard.requires("office.see")
def index() -> str:
    return _index(Form())


@pages.post("/kantor")
@guard.requires("office.manage")
def change_office() -> str | BaseResponse:
    form = Form()
    order = UpdateOffice(
        name=form.text("name", most=120, least=3), short_name=form.text("short_name", most=40, least=2),
        address=form.text("address", most=200), contact=form.text("contact", most=160),
        seat=form.text("seat", most=80), unit_code=form.text("unit_code", most=20, least=1),
        classification=form.text("classification", most=20, least=1), paper_size=form.raw("paper_size"),
    )  # fmt: skip
    return _save(form, lambda tx: update_office(tx, order), _("Data kantor disimpan. Surat yang sudah terbit tetap."))


@pages.post("/batas-persetujuan")
@guard.requires("office.manage")
def change_limit() -> str | BaseResponse:
    form = Form()
    limit = form.number("approval_limit_rp", least=0, most=10**12)
    return _save(form, lambda tx: set_approval_limit(tx, limit or 0), _("Batas persetujuan disimpan."))


@pages.post("/penanda-tangan")
@guard.requires("office.manage")
def change_signatory() -> str | BaseResponse:
    form = Form()
    order = NameSignatory(
        duty=form.raw("duty"), name=form.text("signatory_name", most=120, least=2),
        position=form.text("position", most=160), employee_no=form.text("employee_no", most=40),
    )  # fmt: skip
    return _save(form, lambda tx: name_signatory(tx, order), _("Penanda tangan disimpan."))


@pages.post("/nomor")
@guard.requires("office.manage")
def change_template() -> str | BaseResponse:
    form = Form()
    kind = form.raw("kind")
    if kind not in KINDS:
        form.fail("kind", "form.choose")
    template = form.text("template", most=120, least=8)
    return _save(form, lambda tx: set_template(tx, kind, template), _("Bentuk nomor disimpan untuk surat berikutnya."))


def _save(form: Form, act: Any, said: str) -> str | BaseResponse:
    def once(tx: Tx) -> str:
        act(tx)
        flash(said, "good")
        return url_for("settings.index")

    done = form.attempt(lambda: context.submit_once(once))
    return done if done is not None else make_response(_index(form), 422)


def _index(form: Form) -> str:
    lang = context.lang()
    with context.read() as tx:
        own = office(tx)
        known = {one.duty: one for one in signatories(tx)}
        changed = {one.kind: one.template for one in templates(tx)}
        signers = [
            {"duty": duty, "label": say(f"duty.{duty}", lang), "view": known.get(duty) or signatory(tx, duty)}
            for duty in DUTIES
        ]
    return render_template(
        "settings/index.html", form=form, own=own, signers=signers, tabs=tabs("office"), paper_sizes=[
            (size, size) for size in PAPER_SIZES
        ],
        duties=[(one["duty"], one["label"]) for one in signers],
        numbers=[
            {"kind": kind, "name": name, "template": changed.get(kind, DEFAULT_TEMPLATE), "is_own": kind in changed}
            for kind, name in KINDS.items()
        ],
        kinds=[(kind, f"{name} ({kind})") for kind, name in KINDS.items()], template=DEFAULT_TEMPLATE,
    )  # fmt: skip


# ---------------------------------------------------------------- people


@pages.get("/orang")
@guard.requires("people.see")
def people() -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.people(tx)
        names = _scope_names(tx)
    return render_template(
        "settings/people.html", tabs=tabs("people"),
        lines=[{"view": one, "grants": [_grant_words(grant, names, lang) for grant in one.grants]} for one in found],
    )  # fmt: skip


@pages.get("/orang/baru")
@guard.requires("people.manage")
def new_person() -> str:
    return _new_person(Form())


@pages.post("/orang/baru")
@guard.requires("people.manage")
def add_person() -> str | BaseResponse:
    """Add an account with a first password of ours; it is shown on this answer and nowhere else."""
    form = Form()
    username, name = form.text("username", most=40, least=3), form.text("name", most=120, least=2)
    employee_no, grants = form.text("employee_no", most=40), _read_grants(form)
    password = secrets.token_urlsafe(12)

    def act(tx: Tx) -> UUID:
        return commands.add_person(
            tx,
            commands.AddPerson(username=username, name=name, password=password, grants=grants, employee_no=employee_no),
        )

    person_id = form.attempt(lambda: context.write(act))
    if person_id is None:
        return make_response(_new_person(form), 422)
    flash(_("Akun dibuat."), "good")
    return _person(person_id, Form(), password=password)


@pages.get("/orang/<uuid:person_id>")
@guard.requires("people.see")
def person(person_id: UUID) -> str:
    return _person(person_id, Form())


@pages.post("/orang/<uuid:person_id>/peran")
@guard.requires("people.manage")
def change_grants(person_id: UUID) -> str | BaseResponse:
    form = Form()
    grants = _read_grants(form)

    def act(tx: Tx) -> str:
        commands.set_grants(tx, person_id, grants)
        flash(_("Peran disimpan dan langsung berlaku."), "good")
        return url_for("settings.person", person_id=person_id)

    done = form.attempt(lambda: context.submit_once(act))
    return done if done is not None else make_response(_person(person_id, form), 422)


@pages.post("/orang/<uuid:person_id>/aktif")
@guard.requires("people.manage")
def set_active(person_id: UUID) -> BaseResponse:
    is_active = Form().raw("is_active") == "1"
    context.write(lambda tx: commands.set_active(tx, person_id, is_active=is_active))
    flash(_("Akun dibuka lagi.") if is_active else _("Akun ditutup; semua sesinya berakhir sekarang."), "good")
    return redirect(url_for("settings.person", person_id=person_id), 303)


@pages.post("/orang/<uuid:person_id>/sandi")
@guard.requires("people.manage")
def reset_password(person_id: UUID) -> str:
    password = context.write(lambda tx: commands.reset_password(tx, person_id))
    return _person(person_id, Form(), password=password)


def _new_person(form: Form) -> str:
    with context.read() as tx:
        pickers = _pickers(tx)
    return render_template(
        "settings/person_new.html", form=form, tabs=tabs("people"), picked=_picked(_sent_grants(form)), **pickers
    )


def _person(person_id: UUID, form: Form, password: str = "") -> str:
    lang = context.lang()
    with context.read() as tx:
        found = queries.person(tx, person_id)
        names = _scope_names(tx)
        pickers = _pickers(tx)
    is_self = str(person_id) == context.actor().id
    return render_template(
        "settings/person.html", form=form, tabs=tabs("people"), person=found, password=password, is_self=is_self,
        may_change=may(context.actor(), "people.manage") and not is_self,
        grants=[_grant_words(grant, names, lang) for grant in found.grants],
        picked=_picked(_sent_grants(form) if form.errors else found.grants), **pickers,
    )  # fmt: skip


def _read_grants(form: Form) -> tuple[Grant, ...]:
    """Read roles with their scopes: picking a warehouse, post or village is holding its role there."""
    grants = _sent_grants(form)
    if not grants:
        form.fail("role", "account.role_missing")
    return grants


def _sent_grants(form: Form) -> tuple[Grant, ...]:
    made = [Grant(Role(role)) for role in form.values.getlist("role") if role in {one.value for one in OFFICE_ROLES}]
    for field, role, scope in _SCOPED:
        made += [Grant(role, scope, value) for value in form.values.getlist(field) if value]
    return tuple(made)


_SCOPED = (
    ("warehouse", Role.WAREHOUSE, ScopeKind.PLACE),
    ("post", Role.FIELD, ScopeKind.PLACE),
    ("walked", Role.FIELD, ScopeKind.VILLAGE),
    ("district", Role.VILLAGE, ScopeKind.DISTRICT),
    ("village", Role.VILLAGE, ScopeKind.VILLAGE),
)


def _picked(grants: tuple[Grant, ...]) -> dict[str, list[str]]:
    picked = {"role": [grant.role.value for grant in grants if grant.scope is ScopeKind.OFFICE]}
    for field, role, scope in _SCOPED:
        picked[field] = [grant.scope_id for grant in grants if grant.role is role and grant.scope is scope]
    return picked


def _pickers(tx: Tx) -> dict[str, Any]:
    lang = context.lang()
    spots = places(tx, kinds=(PlaceKind.WAREHOUSE, PlaceKind.POST))
    villages = regions_of(tx, tx.regency_code, Level.VILLAGE)
    return {
        "roles": [(one.value, say(f"role.{one.value}", lang), say(f"role.can.{one.value}", lang))
                  for one in OFFICE_ROLES],
        "warehouses": [(str(one.id), one.name) for one in spots if one.kind is PlaceKind.WAREHOUSE],
        "posts": [(str(one.id), one.name) for one in spots if one.kind is PlaceKind.POST],
        "districts": [(one.code, one.title) for one in regions_of(tx, tx.regency_code, Level.DISTRICT)],
        "villages": [{"code": one.code, "name": one.title, "district": one.parent_name} for one in villages],
    }  # fmt: skip


def _scope_names(tx: Tx) -> dict[str, str]:
    """Name every scope there can be: places by id, regions by code."""
    names = {str(one.id): one.name for one in places(tx, kinds=(PlaceKind.WAREHOUSE, PlaceKind.POST))}
    for level in (Level.DISTRICT, Level.VILLAGE):
        names.update({one.code: one.title for one in regions_of(tx, tx.regency_code, level)})
    return names


def _grant_words(grant: Grant, names: dict[str, str], lang: str) -> dict[str, str]:
    return {
        "role": say(f"role.{grant.role.value}", lang),
        "scope": "" if grant.scope is ScopeKind.OFFICE else names.get(grant.scope_id, grant.scope_id),
    }


# ---------------------------------------------------------------- machines


@pages.get("/token")
@guard.requires("tokens.manage")
def tokens() -> str:
    return _tokens(Form())


@pages.post("/token")
@guard.requires("tokens.manage")
def issue_token() -> str | BaseResponse:
    """Issue a machine's token; it is shown on this answer and nowhere else."""
    form = Form()
    name = form.text("name", most=80, least=3)
    role = form.choice("role", Role)
    days = form.number("days", least=1, most=365)
    scope_id = form.raw(f"scope-{role.value}") if role else ""
    scope = _SCOPES.get(role, ScopeKind.OFFICE) if role else ScopeKind.OFFICE
    if role and (role not in MACHINE_ROLES or not scope_fits(Grant(role, scope, scope_id))):
        form.fail("role", "form.choose")
    if role and scope is not ScopeKind.OFFICE and not scope_id:
        form.fail(f"scope-{role.value}", "form.choose")

    def act(tx: Tx) -> commands.IssuedToken:
        assert role
        return commands.issue_token(
            tx, commands.IssueToken(name=name, role=role, scope=scope, scope_id=scope_id, days=days)
        )

    issued = form.attempt(lambda: context.write(act))
    if issued is None:
        return make_response(_tokens(form), 422)
    return _tokens(Form(MultiDict()), token=issued.token)


@pages.post("/token/<uuid:token_id>/cabut")
@guard.requires("tokens.manage")
def revoke_token(token_id: UUID) -> BaseResponse:
    try:
        context.write(lambda tx: commands.revoke_token(tx, token_id))
        flash(_("Token dicabut dan tidak berlaku lagi."), "good")
    except Refused as refused:
        flash(why_not(refused), "bad")
    return redirect(url_for("settings.tokens"), 303)


_SCOPES = {Role.WAREHOUSE: ScopeKind.PLACE, Role.FIELD: ScopeKind.PLACE, Role.VILLAGE: ScopeKind.VILLAGE}


def _tokens(form: Form, token: str = "") -> str:
    lang = context.lang()
    now = context.runtime().work.clock.now()
    with context.read() as tx:
        found = queries.tokens(tx)
        names = _scope_names(tx)
        pickers = _pickers(tx)
    return render_template(
        "settings/tokens.html", form=form, tabs=tabs("tokens"), token=token,
        roles=[(one.value, say(f"role.{one.value}", lang)) for one in MACHINE_ROLES],
        warehouses=pickers["warehouses"], posts=pickers["posts"],
        villages=[(one["code"], f"{one['name']}, {one['district']}") for one in pickers["villages"]],
        days=[(str(one), _("%(days)s hari", days=one)) for one in TOKEN_DAYS],
        lines=[
            {
                "view": one, "grant": _grant_words(Grant(one.role, one.scope, one.scope_id), names, lang),
                "state": "revoked" if one.revoked_at
                else "ended" if one.expires_at and one.expires_at <= now else "live",
            }
            for one in reversed(found)
        ],
    )  # fmt: skip
