"""Every way in over HTTP: guarded, described, answering."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from core.permissions import matrix
from routes import guard
from routes.guard import LOGGED_IN, MARK, PUBLIC, mark_of


def test_every_route_says_what_right_it_needs(app: Flask):
    wrong = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app, rule.endpoint)
        is_static = rule.endpoint == "static" or rule.endpoint.endswith(".static")
        if not is_static and not getattr(app.view_functions[rule.endpoint], MARK, ""):
            wrong.append(f"{rule}: {rule.endpoint} has no guard")
        elif mark.startswith(PUBLIC):
            if not mark.removeprefix(PUBLIC).strip():
                wrong.append(f"{rule}: public without a reason")
        elif mark != LOGGED_IN and mark not in matrix():
            wrong.append(f"{rule}: permissions.toml does not know {mark}")
    assert not wrong, "\n".join(wrong)


def test_an_unguarded_route_keeps_the_application_from_starting():
    app = Flask("small")
    app.add_url_rule("/forgotten", "forgotten", lambda: "seen by everybody")
    with pytest.raises(RuntimeError, match="forgotten"):
        guard.install(app)


def test_nobody_without_login_gets_past_a_guarded_page(app: Flask, client: FlaskClient):
    wrong = []
    for rule in app.url_map.iter_rules():
        if mark_of(app, rule.endpoint).startswith(PUBLIC) or "GET" not in (rule.methods or ()):
            continue
        address = rule.rule
        for name in rule.arguments:
            kind = type(rule._converters[name]).__name__
            value = {"UUIDConverter": "01890000-0000-7000-8000-000000000000", "Number": "1"}.get(kind, "x")
            address = address.replace(f"<{kind_of(address, name)}{name}>", value)
        answer = client.get(address)
        is_login = answer.status_code in (302, 303) and "/masuk" in answer.headers["Location"]
        if not (is_login or answer.status_code == 401):
            wrong.append(f"{address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def kind_of(address: str, name: str) -> str:
    """Give the ``uuid:`` of ``<uuid:name>``."""
    before = address.split(f"{name}>")[0]
    return before.rpartition("<")[2]


def test_the_openapi_document_is_valid(client: FlaskClient):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document = json.loads(answer.get_data())  # longer than what is taken from strangers
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_process_says_that_it_is_alive_and_ready(client: FlaskClient):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


def test_every_page_forbids_foreign_scripts(client: FlaskClient):
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
