"""Log in, log out, change one's password and language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from core.accounts import commands
from core.actor import system
from core.errors import Refused
from core.i18n import say
from routes import context, guard
from routes.proving import count_later
from routes.texts import gettext as _
from routes.texts import why_not

pages = Blueprint("login", __name__)


@pages.get("/masuk")
@guard.public("the way in")
def show() -> str | Response:
    if context.login():
        return redirect(_target(request.args.get("lanjut", "/")))
    return _form({})


@pages.post("/masuk")
@guard.public("the way in")
def start() -> str | Response:
    username, password = request.form.get("username", ""), request.form.get("password", "")
    runtime = context.runtime()
    try:
        with runtime.work.by(system("", name="login")) as tx:
            person_id = commands.check_login(tx, username, password, request.remote_addr or "")
            token = commands.start_session(tx, person_id) if person_id else None
    except Refused as refused:
        return make_response(_form({"username": why_not(refused)}), refused.status)
    if token is None:
        return make_response(_form({"username": say("account.login_failed", context.lang())}), 401)
    session.clear()  # a form-protection token from before the login is not carried over
    response = redirect(_target(request.form.get("next", "/")), 303)
    response.set_cookie(
        guard.COOKIE, token, httponly=True, samesite="Lax", secure=runtime.settings.is_production, path="/"
    )
    return response


@pages.post("/keluar")
@guard.logged_in
def end() -> Response:
    token = request.cookies.get(guard.COOKIE, "")
    context.write(lambda tx: commands.end_session(tx, token))
    session.clear()
    response = redirect(url_for("login.show"), 303)
    response.delete_cookie(guard.COOKIE, path="/")
    return response


@pages.post("/bahasa")
@guard.public("a reader's choice of language")
def language() -> Response:
    chosen = "en" if request.form.get("lang") == "en" else "id"
    session["lang"] = chosen
    if context.login():
        context.write(lambda tx: commands.set_language(tx, chosen))
    return redirect(_target(request.form.get("next", "/")), 303)


@pages.get("/akun/sandi")
@guard.logged_in
def password() -> str:
    return render_template("account/password.html", errors=[])


@pages.post("/akun/sandi")
@guard.logged_in
def change() -> str | Response:
    old, new = request.form.get("old_password", ""), request.form.get("new_password", "")
    try:
        context.write(lambda tx: commands.change_password(tx, old, new))
    except Refused as refused:
        field = getattr(refused, "field", None) or "old_password"
        if refused.code == "account.wrong_old_password":
            count_later()
        errors = [{"field": field, "text": why_not(refused)}]
        return make_response(render_template("account/password.html", errors=errors), refused.status)
    flash(_("Kata sandi diganti. Silakan masuk lagi."), "good")
    return redirect(url_for("login.show"), 303)


def _form(errors: dict[str, str]) -> str:
    runtime = context.runtime()
    with runtime.work.read_by(system("")) as tx:
        from core.office.queries import offices

        is_demo = any(office.is_demo for office in offices(tx.session))
    demo_logins: list[object] = []
    if is_demo:
        from routes.demo.story import demo_logins as listed

        demo_logins = list(listed(context.lang()))
    return render_template(
        "login.html", action=url_for("login.start"), values={"username": request.form.get("username", "")},
        errors=[{"field": field, "text": text} for field, text in errors.items()],
        next=_target(request.values.get("lanjut") or request.values.get("next") or "/"), demo_logins=demo_logins,
    )  # fmt: skip


def _target(path: str) -> str:
    """Only our own pages: an address elsewhere would make the login a springboard."""
    # Browsers drop tabs and line breaks and read a backslash as a slash before they look where an address leads.
    is_plain = path.isprintable() and "\\" not in path
    parts = urlsplit(path) if is_plain else None
    is_own = parts is not None and path.startswith("/") and not path.startswith("//") and not parts.netloc
    return path if is_own else "/"
