"""What may come in, how often, and what every answer carries: JSON, forms, cookies, headers, redirects, throttles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from werkzeug.datastructures import MultiDict

from core.actor import Role
from core.clock import FixedClock
from core.errors import Refused
from core.i18n import say
from core.settings import Settings, Unconfigured
from core.work import Work
from routes.app import create_app
from routes.forms import Form
from routes.guard import COOKIE
from routes.limits import DEPTH, JSON_BYTES, VALUES, StrictJson, check_form
from routes.pages.login import _target
from tests.routes.asking import key, log_in, send
from tests.support.builders import PASSWORD, a_person, a_token, an_office

INCIDENT = {"name": "Banjir", "hazard": "flood", "started_at": "2026-11-16T06:10:00+09:00"}


@pytest.fixture
def machine(client: FlaskClient, work: Work) -> dict[str, str]:
    an_office(work)
    return a_token(work, Role.BPBD)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


WRONG = [
    ("too deep", nested(DEPTH + 1).encode(), 400, "request.too_deep"),
    ("very deep", nested(50_000).encode(), 400, "request.too_deep"),
    ("twin keys", b'{"name":"a","name":"b"}', 400, "request.twin_keys"),
    ("twin keys, escaped", b'{"name":"a","n\\u0061me":"b"}', 400, "request.twin_keys"),
    ("NaN", b'{"name":NaN}', 400, "request.not_a_number"),
    ("Infinity", b'{"name":-Infinity}', 400, "request.not_a_number"),
    ("a huge integer", b'{"name":' + b"9" * 5000 + b"}", 400, "request.not_a_number"),
    ("a control character", b'{"name":"a\\u0000b"}', 400, "request.unfit_characters"),
    ("half a surrogate", b'{"name":"\\ud800"}', 400, "request.unfit_characters"),
    ("too many values", b"[" + b"0," * (VALUES + 1) + b"0]", 413, "request.too_many_values"),
    ("not UTF-8", b'{"name":"\xff\xfe"}', 400, "request.not_utf8"),
    ("not JSON", b'{"name":', 400, "request.malformed_json"),
    ("nothing", b"", 400, None),
    ("too large", b'{"name":"' + b"x" * JSON_BYTES + b'"}', 413, "request.too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_json_that_means_two_things_or_too_much_is_refused(
    client: FlaskClient, machine: dict[str, str], body: bytes, status: int, code: str | None
):
    answer = client.post("/api/v1/incidents", data=body, content_type="application/json", headers=machine | key())
    told = answer.get_json()
    assert answer.mimetype == "application/problem+json"
    if code is None:
        assert answer.status_code in (400, 422)
        return
    assert (answer.status_code, told["code"]) == (status, code), told
    assert told["sentences"]["id"] != told["sentences"]["en"]


def test_what_is_refused_inside_a_list_is_refused_too(client: FlaskClient, machine: dict[str, str]):
    body = b'{"regions":["a\\u0007"]}'
    answer = client.post("/api/v1/incidents", data=body, content_type="application/json", headers=machine | key())
    assert (answer.status_code, answer.get_json()["code"]) == (400, "request.unfit_characters")


NUL = [
    "/?q=x%00y", "/?x%00y=1", "/cari?q=%00", "/stok?barang=a%00b", "/kejadian/banjir%00/rencana?desa=x", "/tidak%00ada",
    "/static/css/tanggap%00.css", "/masuk?lanjut=/%00",
]  # fmt: skip


@pytest.mark.engines("sqlite", "postgresql")
def test_a_nul_is_refused_before_any_view_wherever_it_stands(app: Flask, work: Work, machine: dict[str, str]):
    officer = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    for address in NUL:
        answer = officer.get(address)
        assert (answer.status_code, answer.mimetype) == (400, "text/html"), address
        assert "memuat karakter kendali" in answer.get_data(as_text=True), address
        told = app.test_client().get(f"/api/v1{address}", headers=machine)
        assert (told.status_code, told.mimetype) == (400, "application/problem+json"), address
        assert told.get_json()["code"] == "request.unfit_characters"
        assert told.get_json()["sentences"]["id"] != told.get_json()["sentences"]["en"]
    in_json = app.test_client().post(
        "/api/v1/incidents", data=b'{"name":"a\\u0000b"}', content_type="application/json", headers=machine | key()
    )
    assert (in_json.status_code, in_json.get_json()["code"]) == (400, "request.unfit_characters")
    typed: dict[str, object] = {"name": "Banjir\0", "hazard": "flood"}
    for fields in (typed, {"na\0me": "Banjir"}, {"file": (BytesIO(b"x"), "daftar\0.csv")}):
        answer = send(officer, "/kejadian/baru", fields)
        assert answer.status_code == 400, fields
        assert "karakter kendali" in answer.get_data(as_text=True)
    stranger = app.test_client().get("/kejadian?desa=x%00y")
    assert stranger.status_code == 400


@pytest.mark.engines("sqlite", "postgresql")
def test_a_machines_raw_body_is_left_to_its_view(app: Flask, work: Work, machine: dict[str, str]):
    """Whatever type curl says by itself: the bytes of a file are no form."""
    asked = {"headers": machine, "content_type": "application/x-www-form-urlencoded", "data": b"a%00=1&b"}
    with app.test_request_context("/api/v1/registry/files", method="POST", **asked):
        check_form()
        assert request.get_data() == b"a%00=1&b"
    with app.test_request_context("/kejadian/baru", method="POST", **asked), pytest.raises(Refused):
        check_form()


@pytest.mark.engines("sqlite", "postgresql")
def test_a_number_in_an_address_is_within_what_a_database_counts(app: Flask, work: Work, machine: dict[str, str]):
    officer = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    for digits in ("9" * 10, "9" * 20, "9" * 5000):
        assert officer.get(f"/bansos/sembako/{digits}/").status_code == 404
        told = app.test_client().get(f"/api/v1/incidents/{UUID(int=1)}/lists/{digits}", headers=machine)
        assert told.status_code == 404
        for address in (f"/stok?hal={digits}", f"/registri?hal={digits}", f"/kejadian?hal={digits}"):
            assert officer.get(address, follow_redirects=True).status_code in (200, 404, 422), address


def test_every_number_that_a_machine_sends_has_a_most(client: FlaskClient):
    told = json.loads(client.get("/api/v1/openapi.json").data)
    kept = told["components"]["schemas"]

    def numbers(shape: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every whole number in a shape, with the way to it."""
        shape = kept[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
        kinds = shape.get("type", "")
        if kinds == "integer" or "integer" in kinds:
            yield name, shape
        for part in (shape.get("items"), *shape.get("allOf", ()), *shape.get("anyOf", ())):
            if part:
                yield from numbers(part, name)
        for field, part in shape.get("properties", {}).items():
            yield from numbers(part, f"{name}.{field}")

    found: list[tuple[str, dict[str, Any]]] = []
    for address, ways in told["paths"].items():
        for way, order in ways.items():
            if way not in ("get", "post", "put", "patch", "delete"):
                continue
            asked = [one for one in order.get("parameters", ()) if one.get("in") == "query"]
            for one in asked:
                found += numbers(one["schema"], f"{address}?{one['name']}")
            for body in order.get("requestBody", {}).get("content", {}).values():
                found += numbers(body.get("schema", {}), address)
    assert len(found) > 50
    assert [name for name, shape in found if "maximum" not in shape and "enum" not in shape] == []


def test_a_quantity_that_is_too_long_is_refused_in_words(app: Flask):
    for digits in (13, 20, 5000):
        with app.test_request_context("/?bahasa=id"):
            form = Form(MultiDict({"jumlah": "9" * digits}))
            assert form.quantity("jumlah") is None
            assert form.error_of("jumlah") == "Jumlah ini terlalu besar: paling banyak 12 angka di depan koma."
            form = Form(MultiDict({"jumlah": "9" * 12 + ",999"}))
            assert (form.quantity("jumlah"), form.errors) == (10**15 - 1, [])
    assert "at most 12 digits" in say("form.quantity_too_large", "en", {"digits": 12})


def test_another_content_type_is_no_json(client: FlaskClient, machine: dict[str, str]):
    answer = client.post("/api/v1/incidents", data=json.dumps(INCIDENT), headers=machine | key())
    assert answer.status_code in (400, 415, 422)
    assert answer.mimetype == "application/problem+json"


def test_a_number_is_no_text_and_a_text_no_boolean(client: FlaskClient, machine: dict[str, str]):
    for change in ({"name": 5}, {"hazard": ["flood"]}, {"started_at": 0}, {"name": None}, {"unknown": 1}):
        answer = client.post("/api/v1/incidents", json={**INCIDENT, **change}, headers=machine | key())
        assert answer.status_code == 422, change
        assert answer.get_json()["errors"], change


patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
READER = StrictJson(Flask("limits"))
json_values = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**18), 10**18) | some.text('abé \U0001f600{}[],"\\', max_size=9),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@patiently
@given(json_values)
def test_whatever_is_good_json_is_read_as_it_is(value: object):
    assert READER.loads(json.dumps(value)) == value


@patiently
@given(some.binary(max_size=200) | some.text('{}[]",:\\u0aNI-1e. ', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes):
    try:
        READER.loads(body)
    except Refused:
        pass


# ---------------------------------------------------------------- forms and sessions


def test_a_form_without_its_token_changes_nothing(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    assert client.post("/masuk", data={"username": "bpbd", "password": PASSWORD}).status_code == 400
    log_in(client, "bpbd")
    assert client.post("/kejadian/baru", data={"name": "Banjir"}).status_code == 400
    assert client.post("/keluar").status_code == 400
    assert client.get("/kejadian").status_code == 200, "still logged in"


def test_another_sessions_token_does_not_count(app: Flask, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    one, other = app.test_client(), app.test_client()
    log_in(one, "bpbd")
    log_in(other, "bpbd")
    page = other.get("/akun/sandi").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert one.post("/bahasa", data={"lang": "en", "csrf_token": token}).status_code == 400


def test_the_cookies_are_closed_to_scripts_and_strangers(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    client.get("/masuk")
    answer = send(client, "/masuk", {"username": "bpbd", "password": PASSWORD}, from_page="/masuk")
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    session = next(one for one in cookies if one.startswith(f"{COOKIE}="))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Secure" not in session, "the demonstration runs without TLS"
    assert all("HttpOnly" in one for one in cookies)


def test_in_production_the_cookies_are_secure_and_browsers_stay_with_tls(settings: Settings, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    app = create_app(replace(settings, is_production=True, public_url="https://tanggap.test"), work=work)
    client = app.test_client()
    plain = client.get("/masuk")
    assert plain.status_code in (301, 302, 308)
    assert plain.headers["Location"].startswith("https://")
    page = client.get("/masuk", base_url="https://tanggap.test")
    assert "max-age" in page.headers["Strict-Transport-Security"]
    token = page.get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post(
        "/masuk", base_url="https://tanggap.test", headers={"Referer": "https://tanggap.test/masuk"},
        data={"username": "bpbd", "password": PASSWORD, "csrf_token": token},
    )  # fmt: skip
    assert answer.status_code == 303
    assert all("Secure" in value for name, value in answer.headers if name == "Set-Cookie")
    assert client.get("/_komponen", base_url="https://tanggap.test").status_code == 404


def test_logging_out_ends_the_session_itself_not_only_the_cookie(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    log_in(client, "bpbd")
    kept = client.get_cookie(COOKIE)
    assert kept is not None
    assert send(client, "/keluar", {}).status_code == 303
    client.set_cookie(COOKIE, kept.value)
    assert client.get("/kejadian").status_code == 302


def test_a_session_is_new_at_every_login(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    client.set_cookie(COOKIE, "chosen-by-somebody-else")
    log_in(client, "bpbd")
    kept = client.get_cookie(COOKIE)
    assert kept is not None
    assert kept.value != "chosen-by-somebody-else"


def test_production_without_tls_does_not_start(settings: Settings):
    with pytest.raises(Unconfigured):
        Settings.from_env(
            database_url=settings.database_url, data_dir=settings.data_dir, keys_dir=settings.keys_dir,
            is_production=True, public_url="http://tanggap.test",
        )  # fmt: skip


# ---------------------------------------------------------------- what every answer carries


def test_every_answer_carries_the_headers_that_protect_it(client: FlaskClient, work: Work, machine: dict[str, str]):
    a_person(work, Role.BPBD)
    answers = [client.get("/masuk"), client.get("/nowhere"), client.get("/api/v1/incidents", headers=machine)]
    answers += [client.get("/api/v1/incidents"), client.get("/v/XYZ"), client.get("/static/css/tanggap.css")]
    log_in(client, "bpbd")
    answers += [client.get("/kejadian"), client.get("/registri")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        for rule in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'",
                     "base-uri 'none'", "form-action 'self'"):  # fmt: skip
            assert rule in policy, answer.request.path
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Request-Id"]
        if "/static/" not in answer.request.path:
            assert "no-store" in answer.headers["Cache-Control"], answer.request.path


def test_an_answer_of_a_bug_tells_nothing_of_the_inside(app: Flask, work: Work, monkeypatch: pytest.MonkeyPatch):
    an_office(work)
    header = a_token(work, Role.BPBD)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False

    def broken() -> str:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setitem(app.view_functions, "incidents.list_incidents", _guarded_like(app, broken))
    answer = app.test_client().get("/api/v1/incidents", headers=header)
    assert answer.status_code == 500
    assert "hunter2" not in answer.get_data(as_text=True)
    assert answer.get_json()["facts"]["reference"]


def _guarded_like(app: Flask, view: object) -> object:
    from routes.guard import MARK

    setattr(view, MARK, getattr(app.view_functions["incidents.list_incidents"], MARK))
    return view


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example", "evil",
        "javascript:alert(1)", "https:/evil.example", "///evil.example", "/\t/evil.example", "/\n/evil.example",
        "\t//evil.example", "/\r\nSet-Cookie: x=1",
    ],
)  # fmt: skip
def test_the_login_leads_nowhere_but_here(client: FlaskClient, work: Work, target: str):
    an_office(work)
    a_person(work, Role.BPBD)
    answer = send(client, "/masuk", {"username": "bpbd", "password": PASSWORD, "next": target}, from_page="/masuk")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    again = client.get(f"/masuk?lanjut={quote(target)}")
    assert again.headers["Location"] == "/"


@patiently
@given(some.text("/\\:.evil@?#%\t\n\r ahtps", max_size=20))
def test_no_target_leaves_this_host(target: str):
    kept = _target(target)
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert not set(kept[:3]) & set("\t\r\n\\")


def test_after_the_login_one_is_where_one_wanted_to_be(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    asked = client.get("/kejadian?x=1")
    assert asked.status_code == 302
    assert asked.headers["Location"] == "/masuk?lanjut=/kejadian?x%3D1"
    fields: dict[str, object] = {"username": "bpbd", "password": PASSWORD, "next": "/kejadian?x=1"}
    assert send(client, "/masuk", fields, from_page="/masuk").headers["Location"] == "/kejadian?x=1"


# ---------------------------------------------------------------- throttles


def test_after_five_wrong_passwords_the_right_one_waits_too(client: FlaskClient, work: Work, fixed_clock: FixedClock):
    an_office(work)
    a_person(work, Role.BPBD)
    for _ in range(5):
        answer = send(client, "/masuk", {"username": "bpbd", "password": "salah"}, from_page="/masuk")
        assert answer.status_code == 401
    answer = send(client, "/masuk", {"username": "bpbd", "password": PASSWORD}, from_page="/masuk")
    assert answer.status_code == 429
    fixed_clock.set(fixed_clock.now().replace(hour=fixed_clock.now().hour + 1))
    log_in(client, "bpbd")


def test_an_unknown_name_and_a_wrong_password_are_told_alike(client: FlaskClient, work: Work):
    an_office(work)
    a_person(work, Role.BPBD)
    answers = [
        send(client, "/masuk", {"username": name, "password": "salah sekali ini"}, from_page="/masuk")
        for name in ("bpbd", "tidakada")
    ]
    one, other = (answer.get_data(as_text=True).replace("tidakada", "bpbd") for answer in answers)

    def without_token(page: str) -> str:
        head, rest = page.split('name="csrf_token" value="', 1)
        return head + rest.split('"', 1)[1]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert without_token(one).count("csrf_token") == without_token(other).count("csrf_token")
    assert len(one) == len(other)


def test_the_public_page_is_asked_thirty_times_a_minute(client: FlaskClient, work: Work):
    an_office(work)
    answers = [client.get("/v/XYZ", environ_base={"REMOTE_ADDR": "203.0.113.9"}) for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {404}
    assert answers[30].status_code == 429
    assert client.get("/v/XYZ", environ_base={"REMOTE_ADDR": "203.0.113.10"}).status_code == 404
