"""What is sent compressed, and what is not."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from core.work import Work
from routes import compression
from tests.support.builders import an_office

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
WORDS = "Daftar tanda terima bantuan untuk keluarga di titik pembagian. " * 40


@pytest.fixture
def small() -> FlaskClient:
    """An application of nothing but answers of each kind."""
    app = Flask("small")
    compression.install(app)
    app.add_url_rule("/page", "page", lambda: WORDS)
    app.add_url_rule("/short", "short", lambda: "pendek")
    app.add_url_rule("/pdf", "pdf", lambda: Response(WORDS, mimetype="application/pdf"))
    app.add_url_rule("/stream", "stream", lambda: Response((part for part in (WORDS, WORDS)), mimetype="text/csv"))
    app.add_url_rule("/part", "part", lambda: Response(WORDS, 206, mimetype="text/plain"))
    packed = {"Content-Encoding": "gzip"}
    app.add_url_rule("/packed", "packed", lambda: Response(gzip.compress(b"x" * 5000), headers=packed))
    return app.test_client()


def test_text_is_packed_for_whoever_takes_it(small: FlaskClient) -> None:
    answer = small.get("/page", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).decode() == WORDS
    assert answer.content_length == len(answer.data) < len(WORDS) / 5
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.data == small.get("/page", headers=GZIP).data


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_others_get_it_plain_and_caches_are_told(small: FlaskClient, accepted: str) -> None:
    answer = small.get("/page", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.text == WORDS
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("address", ["/short", "/pdf", "/stream", "/part"])
def test_small_ready_streamed_and_partial_answers_stay_as_they_are(small: FlaskClient, address: str) -> None:
    assert "Content-Encoding" not in small.get(address, headers=GZIP).headers


def test_what_is_packed_is_not_packed_again(small: FlaskClient) -> None:
    assert gzip.decompress(small.get("/packed", headers=GZIP).data) == b"x" * 5000


def test_a_head_request_keeps_the_length_it_tells(small: FlaskClient) -> None:
    assert small.head("/page", headers=GZIP).content_length == len(WORDS)


@pytest.mark.parametrize(
    ("address", "site", "is_packed"),
    [
        ("/page", "same-origin", True),
        ("/page?nomor=a", "same-origin", True),
        ("/page?nomor=a", "none", True),
        ("/page", "cross-site", False),
        ("/page", "same-site", False),
        ("/page?nomor=a", None, False),
        ("/page", None, True),
    ],
)
def test_what_another_site_makes_a_browser_ask_for_goes_out_plain(
    small: FlaskClient, address: str, site: str | None, is_packed: bool
) -> None:
    headers = GZIP if site is None else {**GZIP, "Sec-Fetch-Site": site}
    assert ("Content-Encoding" in small.get(address, headers=headers).headers) is is_packed


def test_pages_files_and_problems_of_the_application_are_packed(client: FlaskClient, work: Work) -> None:
    an_office(work)
    page = client.get("/masuk", headers=GZIP)
    assert page.headers["Content-Encoding"] == "gzip" and b"<!doctype html>" in gzip.decompress(page.data)
    assert page.headers["Cache-Control"] == "no-store"
    file = client.get("/static/css/tanggap.css", headers={**GZIP, "Sec-Fetch-Site": "cross-site"})
    assert file.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(file.data) == client.get("/static/css/tanggap.css").data
    etag = file.headers["ETag"]
    assert etag.startswith("W/")
    again = client.get("/static/css/tanggap.css", headers={**GZIP, "If-None-Match": etag})
    assert again.status_code == 304 and not again.data
    font = "/static/vendor/plus-jakarta-sans-5.3.0/plus-jakarta-sans-latin-wght-normal.woff2"
    assert "Content-Encoding" not in client.get(font, headers=GZIP).headers
