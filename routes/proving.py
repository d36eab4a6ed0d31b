"""The password asked for again before a sensitive act, unless it was given within the last quarter of an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import request

from core.accounts.commands import prove_password
from core.errors import Invalid, Unauthorized
from core.work import Tx
from routes import context
from routes.guard import COOKIE

PROVED_FOR: Final = timedelta(minutes=15)


def needs_proof() -> bool:
    """Tell whether the person must give the password again."""
    found = context.login()
    return found is None or context.runtime().work.clock.now() - found.proved_at > PROVED_FOR


def prove(tx: Tx) -> None:
    """Take the password of the form where it is needed. Raises: Invalid under the field ``password``."""
    if not needs_proof():
        return
    try:
        prove_password(tx, request.cookies.get(COOKIE, ""), request.form.get("password", ""))
    except Unauthorized as refused:
        raise Invalid(refused.code, field="password") from refused
