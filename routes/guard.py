"""Every way in says what right it needs; one that says nothing keeps the application from starting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response

from core.accounts import commands, queries
from core.errors import Forbidden, Unauthorized
from core.permissions import matrix, may
from routes import context

View = TypeVar("View", bound=Callable[..., object])
MARK = "__tanggap_guard__"
PUBLIC = "public:"
LOGGED_IN = "logged in"
COOKIE = "tanggap_session"


def requires(action: str) -> Callable[[View], View]:
    """Let only those in whose role includes ``action`` (``core/permissions.toml``); the command judges the scope."""
    if action not in matrix():
        raise KeyError(f"permissions.toml does not know {action}")

    def mark(view: View) -> View:
        setattr(view, MARK, action)
        return view

    return mark


def public(why: str) -> Callable[[View], View]:
    """Let everybody in; ``why`` is written down for the reviewer."""

    def mark(view: View) -> View:
        setattr(view, MARK, PUBLIC + why)
        return view

    return mark


def logged_in(view: View) -> View:
    """Let everybody in who has logged in (one's own account, search)."""
    setattr(view, MARK, LOGGED_IN)
    return view


def mark_of(app: Flask, endpoint: str) -> str:
    """Give what an endpoint needs; empty when it does not say."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return PUBLIC + "static files"
    return str(getattr(app.view_functions[endpoint], MARK, ""))


def install(app: Flask) -> None:
    """Check every route now, and every request from now on."""
    unguarded = sorted(rule.endpoint for rule in app.url_map.iter_rules() if not mark_of(app, rule.endpoint))
    if unguarded:
        raise RuntimeError(f"routes without a declared right: {unguarded}")
    app.before_request(_admit)


def _admit() -> Response | None:
    if request.endpoint is None:
        return None
    from flask import current_app

    mark = mark_of(current_app, request.endpoint)
    if mark == PUBLIC + "static files":
        return None
    is_api = request.path.startswith("/api/")
    if is_api:
        _identify_machine()
    else:
        _identify_person()
    if mark.startswith(PUBLIC):
        return None
    if "actor" not in g:
        if is_api:
            raise Unauthorized("account.token_needed")
        if request.headers.get("HX-Request"):
            raise Unauthorized("account.login_needed")
        target = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("login.show", lanjut=target))
    if mark != LOGGED_IN and not may(g.actor, mark):
        raise Forbidden("permission.missing", action=mark)
    found = context.login()
    if found and found.must_change_password and request.endpoint not in ("login.end", "login.password", "login.change"):
        return redirect(url_for("login.password"))
    return None


def _identify_machine() -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return
    work = context.runtime().work
    with work.engine.connect() as connection:
        from sqlalchemy.orm import Session

        with Session(connection) as session:
            found = queries.machine_of(session, token.strip(), work.clock.now())
    if found is not None:
        context.set_actor(found)


def _identify_person() -> None:
    token = request.cookies.get(COOKIE, "")
    if not token:
        return
    work = context.runtime().work
    now = work.clock.now()
    from sqlalchemy.orm import Session

    with Session(work.engine) as session:
        found = queries.session_of(session, token, now)
    if found is None:
        return
    g.login = found
    context.set_actor(found.actor)
    if (now - found.seen_at).total_seconds() > 60:
        with work.by(found.actor) as tx:
            commands.touch_session(tx, token)
