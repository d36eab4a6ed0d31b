"""Addresses of static files follow their content, and are kept for ever only when they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from core.work import Work
from routes import static_files
from routes.static_files import FOR_EVER
from tests.support.builders import an_office

LEAFLET = "vendor/leaflet-1.9.4/leaflet.js"


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a { color: red }")
    app = Flask("small", static_folder=str(tmp_path), static_url_path="/static")
    static_files.install(app)
    return app


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_a_new_content_has_a_new_address(site: Flask, tmp_path: Path) -> None:
    before = address(site, "css/a.css")
    assert re.fullmatch(r"/static/css/a\.css\?v=[0-9a-f]{12}", before)
    assert address(site, "css/a.css") == before
    (tmp_path / "css" / "a.css").write_text("a { color: green }")
    assert address(site, "css/a.css") != before


def test_only_the_right_version_is_kept_for_ever(site: Flask, tmp_path: Path) -> None:
    client = site.test_client()
    current = address(site, "css/a.css")
    assert client.get(current).headers["Cache-Control"] == FOR_EVER
    assert client.get("/static/css/a.css?v=000000000000").headers["Cache-Control"] == "no-cache"
    assert "immutable" not in client.get("/static/css/a.css").headers.get("Cache-Control", "")
    (tmp_path / "css" / "a.css").write_text("a { color: green }")
    assert client.get(current).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("filename", ["css/none.css", "../secret", "/etc/passwd"])
def test_what_is_not_there_has_no_version_and_is_not_found(site: Flask, filename: str) -> None:
    assert "v=" not in address(site, filename)
    assert site.test_client().get(f"/static/{filename}").status_code in (404, 308)


def test_vendored_files_carry_their_version_in_their_folder(client: FlaskClient, app: Flask) -> None:
    assert address(app, LEAFLET) == f"/static/{LEAFLET}"
    assert client.get(f"/static/{LEAFLET}").headers["Cache-Control"] == FOR_EVER
    assert "immutable" not in client.get("/static/vendor/lock.toml").headers["Cache-Control"]


def test_every_own_file_a_page_names_is_kept_for_ever(client: FlaskClient, work: Work) -> None:
    an_office(work)
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/masuk").text))
    assert any("tanggap.css" in one for one in named)
    for one in named:
        answer = client.get(one)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_EVER), one
        # A file for everybody must not be tied to a session.
        assert "Set-Cookie" not in answer.headers
