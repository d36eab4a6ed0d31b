"""What a request carries: the running installation, who asks, in which language, and its one transaction."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from flask import Response, current_app, g, make_response, redirect, request, session
from werkzeug.wrappers import Response as BaseResponse

from core import idempotency
from core.accounts.queries import SessionView
from core.actor import Actor
from core.crypto import Keyring
from core.errors import Invalid, Unauthorized
from core.settings import Settings
from core.work import Tx, Work

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Runtime:
    """One running installation."""

    settings: Settings
    work: Work
    ring: Keyring

    @property
    def files_dir(self) -> Path:
        return self.settings.data_dir / "files"

    @property
    def anchor_file(self) -> Path:
        return self.settings.data_dir / "anchors" / "audit.txt"


def runtime() -> Runtime:
    kept = current_app.extensions["tanggap"]
    assert isinstance(kept, Runtime)
    return kept


def actor() -> Actor:
    """Who asks. Raises: Unauthorized, when nobody is known."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise Unauthorized("account.login_needed")
    return found


def set_actor(found: Actor) -> None:
    g.actor = replace(found, request_id=request_id(), address=request.remote_addr or "")


def login() -> SessionView | None:
    """The person's session, where a person asks."""
    found: SessionView | None = g.get("login")
    return found


def request_id() -> str:
    """One id per request, for logs, audit rows and the error page."""
    if "request_id" not in g:
        g.request_id = uuid4().hex[:16]
    return str(g.request_id)


def lang() -> str:
    """``id`` unless the person chose English (pages) or the machine asks for it (API)."""
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(["id", "en"], "id") or "id"
    if (chosen := session.get("lang")) in ("id", "en"):
        return str(chosen)
    found = login()
    return found.language if found else "id"


def read() -> AbstractContextManager[Tx]:
    """Open the request's reading transaction."""
    return runtime().work.read_by(actor())


def write(act: Callable[[Tx], Result]) -> Result:
    """Do one writing transaction, tried again where another was in the way."""
    return runtime().work.run(actor(), act)


def write_once(act: Callable[[Tx], object], status: int = 201, digest: str = "") -> Response:
    """Answer an API order exactly once per Idempotency-Key: the same key gets the same answer, the effect is one.

    ``act`` gives the answer's body, ready for JSON. ``digest`` is the body's SHA-256 where it was read as a stream.
    Raises: Invalid, when the header is missing.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise Invalid("idempotency.missing", field="Idempotency-Key")
    route = f"{request.method} {request.path}"
    digest = _keyed(digest.encode() if digest else request.get_data())

    def once(tx: Tx) -> tuple[int, str, bool]:
        if saved := idempotency.begin(tx, key, route, digest):
            return saved.status, saved.text, True
        text = json.dumps(act(tx), ensure_ascii=False, separators=(",", ":"))
        idempotency.finish(tx, key, status, text)
        return status, text, False

    answered, text, is_replay = write(once)
    response = make_response(text, answered)
    response.mimetype = "application/json"
    if is_replay:
        response.headers["Idempotent-Replay"] = "true"
    return response


def submit_once(act: Callable[[Tx], str]) -> BaseResponse:
    """Do a page's form exactly once per ``form_key`` (double click, back button); ``act`` gives where to go next."""
    key = request.form.get("form_key", "")
    if not key:
        return redirect(write(act), 303)
    route = f"{request.method} {request.path}"
    fields = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _NO_ORDER)
    digest = _keyed(repr(fields).encode())

    def once(tx: Tx) -> str:
        if saved := idempotency.begin(tx, key, route, digest):
            return saved.text
        target = act(tx)
        idempotency.finish(tx, key, 303, target)
        return target

    return redirect(write(once), 303)


_NO_ORDER: Final = frozenset({"csrf_token", "password"})
"""Fields of a form that are no part of the order: the token differs between two renderings, the password is asked for
only now and then."""


def _keyed(order: bytes) -> str:
    """Tell two orders apart by what may be kept of them: from a plain hash a NIK or a password could be guessed."""
    return hmac.new(runtime().ring.secret_for("idempotency"), order, hashlib.sha256).hexdigest()


def new_form_key() -> str:
    """Make the one-time key of a form."""
    return uuid4().hex
