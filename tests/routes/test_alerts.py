"""Warnings on their page, at home and for machines; the only thing that asks another computer asks carefully."""

from __future__ import annotations

import datetime as dt
import http.server
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from core.actor import Role
from core.errors import Malformed, TooLarge
from core.settings import Settings, Unconfigured
from core.work import Work
from logistics.zones.alert_queries import alerts
from logistics.zones.queries import zone
from logistics.zones.reading import cap
from routes.context import Runtime
from routes.fetching import MOST_BYTES, Fetcher, is_public
from routes.jobs import ALERTS, jobs_of
from tests.flows import line
from tests.flows.district import a_district
from tests.logistics.zones.test_following import follow_up
from tests.logistics.zones.test_reading_cap import alert, area, info, polygon
from tests.routes.asking import key, log_in, send
from tests.routes.sampled import a_warning
from tests.support.builders import REGENCY, SYSTEM, a_person, a_token, an_office

HOST = "cuaca.example"


@pytest.fixture
def warned(work: Work) -> str:
    an_office(work)
    return a_warning(work, REGENCY)


def test_a_warning_is_shown_with_its_source_and_opens_a_prefilled_form(app: Flask, work: Work, warned: str):
    client = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    assert "Hujan lebat" in client.get("/").text
    listed = client.get("/peringatan").text
    assert "Hujan lebat" in listed
    assert "BMKG (Badan Meteorologi, Klimatologi, dan Geofisika)" in listed
    page = client.get(f"/peringatan/{warned}").text
    assert "Buka kejadian siaga dari peringatan ini" in page
    link = page.split('href="/kejadian/baru?')[1].split('"')[0].replace("&amp;", "&")
    form = client.get(f"/kejadian/baru?{link}").text
    assert 'value="Hujan lebat"' in form
    assert form.index('value="alert" checked') > 0
    area = client.get(f"/peringatan/{warned}/peta.json").get_json()
    assert area["features"][0]["geometry"]["type"] == "Polygon"
    with work.read_by(SYSTEM) as tx:
        assert len(alerts(tx)) == 1


def test_without_a_feed_the_page_says_how_to_switch_it_on(app: Flask, work: Work):
    an_office(work)
    client = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    assert "TANGGAP_ALERT_FEED" in client.get("/peringatan").text


def test_machines_read_the_same(app: Flask, work: Work, warned: str):
    client, token = app.test_client(), a_token(work, Role.BPBD)
    found = client.get("/api/v1/alerts", headers=token).get_json()
    assert (found["total"], found["alerts"][0]["id"], found["alerts"][0]["is_active"]) == (1, warned, True)
    assert client.get(f"/api/v1/alerts/{warned}", headers=token).get_json()["headline"] == "Hujan lebat"


def test_nothing_is_fetched_unless_a_feed_is_set(app: Flask, settings: Settings, tmp_path: Path):
    runtime: Runtime = app.extensions["tanggap"]
    assert ALERTS not in [one.name for one in jobs_of(runtime)]
    given = {"data_dir": tmp_path / "v", "keys_dir": settings.keys_dir}
    with_feed = Settings.from_env(**given, alert_feed="https://cuaca.example/rss.xml")
    assert ALERTS in [one.name for one in jobs_of(Runtime(with_feed, runtime.work, runtime.ring))]
    with pytest.raises(Unconfigured, match="ALERT_FEED"):
        Settings.from_env(**given, alert_feed="http://cuaca.example/rss.xml")


# ---------------------------------------------------------------- our own areas, for others


@pytest.fixture
def posted(work: Work) -> None:
    a_district(work)
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))


def test_machines_read_the_areas_as_alerts_that_our_own_reader_understands(app: Flask, work: Work, posted: None):
    client, token = app.test_client(), a_token(work, Role.BPBD)
    feed = client.get("/api/v1/cap.atom", headers=token)
    assert feed.content_type == "application/atom+xml; charset=utf-8"
    link = re.search(r'rel="alternate" href="http://tanggap.test([^"]+)"', feed.text)
    assert link
    alert = client.get(link[1], headers=token)
    assert alert.content_type == "application/cap+xml; charset=utf-8"
    read = cap.parse(alert.data, "")
    assert [one.label for one in read.elements] == ["Bantaran", "Desa Contoh F, Kec. Kecamatan 02"]
    assert read.notice.status == "Exercise", "the office of the tests is a demonstration"
    assert client.get("/api/v1/cap.atom").status_code == 401


def test_everybody_reads_them_only_where_the_installation_says_so(
    app: Flask, settings: Settings, work: Work, posted: None
):
    client = app.test_client()
    assert client.get(f"/umpan/{REGENCY}/cap.atom").status_code == 404
    app.extensions["tanggap"] = replace(app.extensions["tanggap"], settings=replace(settings, is_cap_public=True))
    feed = client.get(f"/umpan/{REGENCY}/cap.atom")
    assert feed.status_code == 200
    link = re.search(r'rel="alternate" href="http://tanggap.test([^"]+)"', feed.text)
    assert link
    assert b"<polygon>" in client.get(link[1]).data
    assert client.get("/umpan/99.77/cap.atom").status_code == 404
    assert client.get(f"/umpan/{REGENCY}/cap/{uuid4()}/1.xml").status_code == 404


# ---------------------------------------------------------------- what an update and a cancellation ask


def test_an_update_and_a_cancellation_are_confirmed_on_the_page_of_the_document(app: Flask, work: Work):
    a_district(work)
    flood = line.open_flood(work)
    client = log_in(app.test_client(), a_person(work, Role.BPBD))
    home = f"/kejadian/{flood.slug}/wilayah/kiriman"

    def sent(content: bytes) -> str:
        answer = send(client, home, {"text": content.decode(), "kind": ""})
        assert answer.status_code == 303, answer.text
        return answer.location

    first = sent(alert(info(area("Hilir", polygon()))))
    taken = {"take": "1", "name-1": "Hilir", "how": "each", "observed_on": "16/11/2026", "observed_time": "08.00"}
    assert send(client, f"{first}/pasang", taken).status_code == 303
    update = sent(follow_up("Update", "BPBD-2", area("Hilir", polygon())))
    page = client.get(update).text
    assert "Wilayah dari peringatan sebelumnya" in page
    zone_id = re.search(r'name="zone" value="([0-9a-f-]{36})" checked', page)
    assert zone_id
    assert send(client, f"{update}/perbarui", {"zone": zone_id[1]}).status_code == 303
    cancel = sent(follow_up("Cancel", "BPBD-3", area("Hilir", polygon()), refers="BPBD-2"))
    token = a_token(work, Role.BPBD)
    told = client.get(f"/api/v1/readings/{cancel.rpartition('/')[2]}/following", headers=token).get_json()
    assert (told["act"], [one["current_no"] for one in told["areas"]]) == ("withdraw", [2])
    body = {"zone_ids": [zone_id[1]]}
    address = f"/api/v1/readings/{cancel.rpartition('/')[2]}/cancellation"
    assert client.post(address, json=body, headers={**token, **key()}).get_json() == {"changed": 1}
    with work.read_by(line.BPBD) as tx:
        assert zone(tx, UUID(zone_id[1])).withdraw_reason == "CAP Cancel BPBD-3"


# ---------------------------------------------------------------- fetching


@dataclass(frozen=True)
class Service:
    port: int
    fetch: Fetcher
    asked: list[str]

    def __call__(self, path: str) -> bytes:
        return self.fetch(f"https://{HOST}:{self.port}{path}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    return path


@pytest.fixture
def service(certificate: Path) -> Iterator[Service]:
    asked: list[str] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/good")
                self.end_headers()
                return
            body = b"x" * (MOST_BYTES + 1) if self.path == "/large" else b"<rss/>"
            self.send_response(200 if self.path != "/gone" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    port = server.server_address[1]
    fetch = Fetcher(
        f"https://{HOST}:{port}/rss.xml", resolve=lambda host, _: ["127.0.0.1"] if host == HOST else [],
        is_allowed=lambda one: one == "127.0.0.1", trust=ssl.create_default_context(cafile=str(certificate)),
    )  # fmt: skip
    yield Service(port, fetch, asked)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_document_of_the_feeds_own_host_is_fetched(service: Service):
    assert service("/good?a=1") == b"<rss/>"
    assert service.asked == ["/good?a=1"]


@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [("/moved", Malformed, "alert.answered"), ("/gone", Malformed, "alert.answered"),
     ("/large", TooLarge, "alert.too_large")],
)  # fmt: skip
def test_nothing_is_followed_and_nothing_large_is_taken(service: Service, path: str, kind: type[Exception], code: str):
    with pytest.raises(kind, match=code.replace(".", r"\.")):
        service(path)
    assert service.asked == [path]


@pytest.mark.parametrize(
    "address",
    [
        "http://{host}:{port}/x", "https://lain.example:{port}/x", "https://{host}/x", "https://a@{host}:{port}/x",
        "file:///etc/passwd", "https://{host}:{port}/a b", "https://{host}:{port}/a\r\nHost: b", "https://[::1/x", "",
    ],
)  # fmt: skip
def test_no_other_address_is_ever_asked(service: Service, address: str):
    with pytest.raises(Malformed, match=r"alert\.foreign_address"):
        service.fetch(address.format(host=HOST, port=service.port))
    assert service.asked == []


def test_an_address_of_ones_own_network_is_not_asked(service: Service):
    for inner in (
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "100.64.0.1",
        "nonsense",
    ):
        assert not is_public(inner)
    assert is_public("8.8.8.8")
    strict = Fetcher(f"https://{HOST}:{service.port}/x", resolve=lambda *_: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(Malformed, match=r"alert\.unreachable"):
        strict(f"https://{HOST}:{service.port}/x")
    assert service.asked == []


def test_a_host_with_a_certificate_that_nobody_trusts_is_not_believed(service: Service):
    doubting = Fetcher(f"https://{HOST}:{service.port}/x", resolve=lambda *_: ["127.0.0.1"], is_allowed=lambda _: True)
    with pytest.raises(Malformed, match=r"alert\.unreachable"):
        doubting(f"https://{HOST}:{service.port}/x")
