"""The password asked for again before a sensitive act, unless it was given within the last quarter of an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import after_this_request, request
from werkzeug.wrappers import Response

from core.accounts.commands import count_wrong_password, prove_password
from core.errors import Invalid, TooMany, Unauthorized
from core.work import Tx
from routes import context
from routes.guard import COOKIE

PROVED_FOR: Final = timedelta(minutes=15)


def needs_proof() -> bool:
    """Tell whether the person must give the password again."""
    found = context.login()
    return found is None or context.runtime().work.clock.now() - found.proved_at > PROVED_FOR


def prove(tx: Tx) -> None:
    """Take the password of the form where it is needed; a wrong one counts like a wrong login.

    Raises: Invalid under the field ``password``, also after too many wrong ones.
    """
    if not needs_proof():
        return
    given = request.form.get("password", "")
    try:
        prove_password(tx, request.cookies.get(COOKIE, ""), given)
    except Unauthorized as refused:
        if given:  # an empty field is no guess: the form was opened before the proof ran out
            count_later()
        raise Invalid(refused.code, field="password") from refused
    except TooMany as refused:
        raise Invalid(refused.code, field="password", **refused.facts) from refused


def count_later() -> None:
    """Count a wrong password once the transaction that it undoes has ended, before the answer goes out."""

    @after_this_request
    def count(response: Response) -> Response:
        context.write(count_wrong_password)
        return response
