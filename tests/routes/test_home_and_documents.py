"""Beranda tells each role what waits for them; papers are found by number and reprinted as copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from core.actor import Role
from core.documents.queries import documents
from core.work import Work
from logistics.zones.commands import OpenIncident, open_incident
from logistics.zones.queries import incident_by_id
from logistics.zones.states import Hazard
from tests.flows.line import SentWeek, district_with_sent_week, hand_over, sent_week_of
from tests.routes.asking import log_in, send
from tests.support.builders import SYSTEM, a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, district_with_sent_week) as url:
        yield url


@pytest.fixture
def week(work: Work) -> SentWeek:
    return sent_week_of(work)


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_first_page(client: FlaskClient, work: Work, week: SentWeek, role: Role):
    place = {Role.WAREHOUSE: week.warehouse_id, Role.FIELD: week.posts[0]}.get(role)
    village = week.packages[0].row.village_code if role is Role.VILLAGE else ""
    a_person(work, role, username="seseorang", place_id=place, village=village)
    log_in(client, "seseorang")
    page = client.get("/")
    assert page.status_code == 200
    assert "Yang menunggu Anda" in page.get_data(as_text=True)


def test_a_village_reads_of_the_incident_that_struck_it_though_another_began_later(
    client: FlaskClient, work: Work, week: SentWeek
):
    struck = week.packages[0].row.village_code
    with work.by(SYSTEM) as tx:
        flood = incident_by_id(tx, week.incident_id)
        later = OpenIncident(name="Angin lain", hazard=Hazard.FLOOD, started_at=flood.started_at + timedelta(hours=1))
        open_incident(tx, later)
    for username, role, village, heading in (
        ("desa", Role.VILLAGE, struck, flood.name), ("kepala", Role.HEAD, "", "Angin lain"),
    ):  # fmt: skip
        a_person(work, role, username=username, village=village)
        page = log_in(client.application.test_client(), username).get("/").get_data(as_text=True)
        found = re.search(r"<h1>([^<]+)</h1>", page)
        assert found and found[1] == heading


def test_a_field_officer_is_sent_to_their_own_post(client: FlaskClient, work: Work, week: SentWeek):
    first = min(week.packages, key=lambda one: str(one.row.serve_on))
    assert first.row.post_id
    a_person(work, Role.FIELD, username="relawan", place_id=first.row.post_id)
    log_in(client, "relawan")
    page = client.get("/").get_data(as_text=True)
    assert f"titik={first.row.post_id}" in page
    others = [post for post in week.posts if post != first.row.post_id]
    assert not [post for post in others if f"titik={post}" in page]


def test_a_paper_is_found_by_its_number_and_printed_as_a_copy(client: FlaskClient, work: Work, week: SentWeek):
    done = hand_over(work, week.packages[0])
    a_person(work, Role.LOGISTICS, username="logistik")
    log_in(client, "logistik")
    listed = client.get(f"/dokumen?nomor={done.number[:10]}&jenis=TT").get_data(as_text=True)
    assert done.number in listed
    assert "Tidak ada dokumen yang cocok" in client.get("/dokumen?nomor=tidak-ada").get_data(as_text=True)
    address = f"/dokumen/{done.receipt_id}"
    shown = client.get(address).get_data(as_text=True)
    assert done.number in shown
    assert "Uji " not in shown, "the register of papers names nobody"
    first = send(client, f"{address}/cetak.pdf", {})
    second = send(client, f"{address}/cetak.pdf", {})
    assert first.mimetype == second.mimetype == "application/pdf"
    assert "SALINAN" not in PdfReader(BytesIO(first.data)).pages[0].extract_text()
    assert "SALINAN" in PdfReader(BytesIO(second.data)).pages[0].extract_text()
    assert "SALINAN ke-1" in client.get(address).get_data(as_text=True)


def test_an_auditor_reads_papers_and_prints_none(client: FlaskClient, work: Work, week: SentWeek):
    a_person(work, Role.AUDITOR, username="auditor")
    log_in(client, "auditor")
    with work.read_by(SYSTEM) as tx:
        paper = documents(tx, kind="SJ").lines[0]
    assert client.get(f"/dokumen/{paper.id}").status_code == 200
    assert send(client, f"/dokumen/{paper.id}/cetak.pdf", {}).status_code == 403


def test_the_api_page_needs_no_script(client: FlaskClient):
    page = client.get("/api/v1/").get_data(as_text=True)
    assert "/api/v1/handovers" in page
    assert "curl" in page
    assert "<script" not in page
