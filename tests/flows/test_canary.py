"""The canary: the whole line is walked with known NIK and No. KK, then everything that was left behind is searched for
them – tables, files, logs, papers, pages – as text, UTF-16, packed digits, base64 and hex. Source: safety.md 4.1."""

from __future__ import annotations

import base64
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy.orm import Session

from core.actor import Role
from core.audit import anchor
from core.settings import Settings
from core.work import Work
from routes.limiter import limiter
from stock.places.queries import places
from tests.flows import line
from tests.flows.district import household_rows, squares
from tests.routes.asking import log_in, send
from tests.support.builders import SYSTEM, a_person
from tests.support.databases import Run

KNOWN = tuple(
    number.reveal()
    for row in household_rows(squares(), 12)
    for number in (row.kk, *(member.nik for member in row.members))
    if number is not None
)
# Typed into the form by which somebody who is in no registry is taken in.
TYPED_NIK, TYPED_KK = "9901011701900077", "9901011506100088"


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_with_sent_week) as url:
        yield url


class Searched:
    """Looks for every known number in every way in which it could be written."""

    def __init__(self, numbers: tuple[str, ...]) -> None:
        needles: set[bytes] = set()
        for number in numbers:
            spaced = " ".join((number[:6], number[6:12], number[12:]))
            for text in (number, spaced, spaced.replace(" ", "."), spaced.replace(" ", "-")):
                needles |= {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")}
            needles |= {bytes.fromhex(number), number.encode().hex().encode(), int(number).to_bytes(8, "big")}
            # Within a longer text base64 begins at one of three places; its ends depend on the neighbours.
            for shift in range(3):
                coded = base64.b64encode(b"\0" * shift + number.encode() + b"\0" * 2)
                needles.add(coded[4 if shift else 0 : 4 + 16])
        # The numbers begin alike: a few beginnings are looked for, and only what follows one is compared.
        self._whole: dict[bytes, set[bytes]] = {}
        for needle in needles:
            self._whole.setdefault(needle[:4], set()).add(needle)
        self._lengths = {head: {len(one) for one in found} for head, found in self._whole.items()}

    def hits(self, name: str, content: bytes) -> list[str]:
        found = []
        for head, whole in self._whole.items():
            at = content.find(head)
            while at >= 0:
                if any(content[at : at + length] in whole for length in self._lengths[head]):
                    found.append(f"{name}: at byte {at}")
                at = content.find(head, at + 1)
        return found[:3]


SEARCHED = Searched((*KNOWN, TYPED_NIK, TYPED_KK))


def test_the_canary_itself_sings():
    """Every way of writing a number down is found, so that no hit below means that there is nothing."""
    number = KNOWN[0]
    for content in (
        f"nik={number};".encode(), number.encode("utf-16-le"), bytes.fromhex(number), number.encode().hex().encode(),
        *(base64.b64encode(b"x" * shift + number.encode() + b"yz") for shift in range(6)),
    ):  # fmt: skip
        assert SEARCHED.hits("test", b"before" + content + b"after"), content
    assert not SEARCHED.hits("test", b"\x00" * 4096 + b"9901010101200001"[:-1] + b"x")


def walk(client: FlaskClient, work: Work, week: line.SentWeek) -> dict[str, bytes]:
    """Do by pages what people do, as everybody in turn; gives every body that was shown, papers apart."""
    bodies: dict[str, bytes] = {}
    found = week.packages[0]
    household = found.row.beneficiary_id
    at = f"/kejadian/{week.slug}"
    with work.read_by(SYSTEM) as tx:
        warehouse = next(one for one in places(tx) if one.code == "G1")
    a_person(work, Role.WAREHOUSE, place_id=warehouse.id)
    a_person(work, Role.FIELD, place_id=found.row.post_id)
    a_person(work, Role.VILLAGE, village=line.F)
    for role in (Role.ADMIN, Role.LOGISTICS, Role.HEAD, Role.BPBD, Role.AUDITOR):
        a_person(work, role)
    pages = [
        "/", "/kejadian", at, f"{at}/keluarga", f"{at}/kebutuhan", f"{at}/rencana", f"{at}/paket/{found.row.id}",
        f"{at}/pengiriman", f"{at}/serah-terima", f"{at}/serah-terima/paket/{found.row.id}", "/stok", "/registri",
        f"{at}/peta", f"{at}/peta/keluarga-terlihat.json", f"{at}/peta/keluarga.geojson", f"{at}/peta/wilayah.json",
        f"/registri/keluarga/{household}", "/dokumen",
        "/pengaturan", "/registri/impor", f"{at}/keluarga/tambah",
    ]  # fmt: skip
    for role in Role:
        client.delete_cookie("tanggap_session")
        client.delete_cookie("tanggap_form")
        log_in(client, role.lower())
        for address in pages:
            bodies[f"{role.value} {address}"] = client.get(address).get_data()
        if role in (Role.LOGISTICS, Role.HEAD, Role.VILLAGE, Role.AUDITOR):
            for text in ("Uji", KNOWN[0], KNOWN[1]):
                answer = send(client, "/registri/cari", {"q": text})
                bodies[f"{role.value} search {text[:3]}"] = answer.get_data().replace(
                    f'value="{text}"'.encode(),
                    b"",  # one's own words in the search field are no leak
                )
        if role is Role.FIELD:
            fields = {
                f"quantity-{one.item_code}": str(one.quantity_milli / 1000).replace(".", ",") for one in found.lines
            }
            done = send(
                client, f"{at}/serah-terima/paket/{found.row.id}",
                {**fields, "recipient": "self", "recipient_name": "Uji Penerima"},
            )  # fmt: skip
            assert done.status_code == 303, done.get_data(as_text=True)
            registered = send(
                client, f"{at}/keluarga/daftarkan",
                {"head_name": "Warga Baru", "village_code": line.C, "adults": "2", "women": "1", "nik": TYPED_NIK,
                 "kk": TYPED_KK},
            )  # fmt: skip
            assert registered.status_code == 303, registered.get_data(as_text=True)
            # The same numbers again, and a wrong one: refusals must not repeat what was typed.
            again = send(
                client, f"{at}/keluarga/daftarkan",
                {"head_name": "Warga Baru", "village_code": line.C, "adults": "2", "nik": TYPED_NIK, "kk": TYPED_KK},
            )  # fmt: skip
            bodies["VOL refused registration"] = re.sub(rb'value="[0-9]{16}"', b"", again.get_data())
    return bodies


def papers(client: FlaskClient, work: Work, week: line.SentWeek) -> dict[str, bytes]:
    """Print a receipt, the list of the post and the surat jalan."""
    from logistics.dispatch.queries import loads
    from logistics.handover.queries import handovers

    with work.read_by(line.OFFICER) as tx:
        done = handovers(tx, round_id=week.round_id)[0]
        load = loads(tx, week.round_id)[0]
    client.delete_cookie("tanggap_session")
    client.delete_cookie("tanggap_form")
    log_in(client, "log")
    at = f"/kejadian/{week.slug}"
    answers = {
        "receipt": send(client, f"{at}/serah-terima/{done.id}/tanda-terima.pdf", {}),
        "list": send(client, f"{at}/serah-terima/daftar.pdf", {
            "post_id": str(load.post.id), "serve_on": load.serve_on.isoformat()}),
        "surat jalan": send(client, f"{at}/pengiriman/{load.id}/surat-jalan.pdf", {}),
    }  # fmt: skip
    for name, answer in answers.items():
        assert answer.data.startswith(b"%PDF"), (name, answer.get_data(as_text=True)[:300])
    return {name: answer.data for name, answer in answers.items()}


def everything_in(work: Work) -> Iterator[tuple[str, bytes]]:
    """Give every value of every table: as text, and binary ones as they are."""
    with work.engine.connect() as connection:
        for name in sa.inspect(work.engine).get_table_names():
            every = sa.select(sa.text("*")).select_from(sa.table(name))
            values = [
                bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
                for row in connection.execute(every) for one in row
            ]  # fmt: skip
            yield f"table {name}", b"\n".join(values)


def left_behind(searched: Searched, work: Work, settings: Settings, run: Run) -> list[str]:
    """Search every table and every file: the data folder, the database's own, its write-ahead log, a backup."""
    hits: list[str] = []
    for name, content in everything_in(work):
        hits += searched.hits(name, content)
    if work.engine.dialect.name == "sqlite":
        with work.engine.connect() as connection:
            assert connection.connection.driver_connection is not None
            with closing(sqlite3.connect(settings.data_dir.parent / "backup.db")) as backup:
                connection.connection.driver_connection.backup(backup)
    files = [path for path in settings.data_dir.parent.rglob("*") if path.is_file()]
    if work.engine.dialect.name == "sqlite":
        assert any(path.name.endswith("-wal") for path in files), "the write-ahead log is searched too"
    else:
        files.append(run.postgres.log)
    for path in files:
        hits += searched.hits(f"file {path.name}", path.read_bytes())
    return hits


def test_no_number_is_left_anywhere(
    app: Flask, client: FlaskClient, work: Work, settings: Settings, run: Run,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
):  # fmt: skip
    caplog.set_level(logging.INFO)
    week = line.sent_week_of(work)
    limiter.enabled = False
    try:
        bodies = walk(client, work, week)
        printed = papers(client, work, week)
    finally:
        limiter.enabled = True
    with Session(work.engine) as session:
        anchor(session, work.clock.now(), settings.data_dir / "anchors" / "audit.txt")

    hits = left_behind(SEARCHED, work, settings, run)
    for name, content in bodies.items():
        hits += SEARCHED.hits(f"page {name}", content)
    for name, content in printed.items():
        hits += SEARCHED.hits(f"paper {name}", content)
        reader = PdfReader(BytesIO(content))
        for number, page in enumerate(reader.pages):
            hits += SEARCHED.hits(f"paper {name}, page {number}", page.extract_text().encode())
            streams = page.get_contents()
            hits += SEARCHED.hits(f"paper {name}, stream {number}", streams.get_data() if streams else b"")
        hits += SEARCHED.hits(f"paper {name}, details", str(reader.metadata).encode())
    told = capfd.readouterr()
    said = "\n".join([caplog.text, told.out, told.err, *(str(one.__dict__) for one in caplog.records)])
    hits += SEARCHED.hits("log", said.encode())
    assert "refused" in said or "event" in said, "the log was heard"
    assert not hits, "\n".join(hits[:40])
    assert all(number not in said for number in KNOWN)
