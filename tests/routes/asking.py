"""Asking the application as a person with a browser or a machine with a token does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.builders import PASSWORD


def log_in(client: FlaskClient, username: str, password: str = PASSWORD) -> FlaskClient:
    """Log in through the login page; every later request of this client is that person's."""
    answer = send(client, "/masuk", {"username": username, "password": password}, from_page="/masuk")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def send(
    client: FlaskClient, address: str, fields: Mapping[str, object], from_page: str = "/akun/sandi"
) -> TestResponse:
    """Send a form with the protection token of a page of the same session."""
    page = client.get(from_page).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, f"no form in {from_page}"
    return client.post(address, data={**fields, "csrf_token": found[1]})


def named(name: str) -> dict[str, str]:
    """Make the header of a request whose body is a file."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def key(value: str = "") -> dict[str, str]:
    """Give the header that makes an order count once."""
    return {"Idempotency-Key": value or uuid4().hex}
