"""The need on its page, as a file and for machines; the letter from its form to its annex."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from core.actor import Role
from core.measures import print_quantity, wire_quantity
from core.work import Work
from logistics.planning.commands import plan_round
from logistics.planning.need import RoundNeed, need
from logistics.planning.spreading import need_by_day, need_by_village
from logistics.zones.queries import incident_by_id
from tests.logistics.planning.test_gap_letter import a_short_week
from tests.logistics.planning.test_need import expect
from tests.logistics.week import MONDAY, OFFICER, PLENTY, Week, a_week, household, order
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    week: Week
    round_id: UUID
    at: str
    """The address of the incident's need."""
    found: RoundNeed


@pytest.fixture
def place(work: Work) -> Iterator[Place]:
    week, round_id = a_short_week(work)
    expect(work, week, week.near, "kasur", 2, MONDAY + timedelta(days=3))
    with work.read_by(OFFICER) as tx:
        slug, found = incident_by_id(tx, week.incident_id).slug, need(tx, round_id)
    yield Place(week=week, round_id=round_id, at=f"/kejadian/{slug}/kebutuhan", found=found)


@pytest.fixture
def officer(app: Flask, work: Work, place: Place) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


def shown(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True).replace("\xa0", " ")


def test_what_is_short_stands_first_with_its_arithmetic_and_what_is_coming(place: Place, officer: FlaskClient):
    page = shown(officer, place.at)
    table = page.split("Kebutuhan dan stok</caption>")[1]
    titles = re.findall(r'<th scope=row class=" is-title"[^>]*><div>([^<]+)', table)
    shortages = {line.item.name_id for line in place.found.shortages}
    assert set(titles[: len(shortages)]) == shortages == {"Beras", "Kasur"}
    for line in place.found.lines:
        assert print_quantity(line.quantity_milli, line.item.base_unit) in page
        for sentence in line.origin("id"):
            assert sentence in page
    assert "Datang 19 November 2026: 2 buah dari Pemberi Contoh ke Gudang Induk; belum dihitung sebagai stok." in page
    assert f"{place.at}/surat" in page


def test_villages_and_days_are_parts_of_the_page(place: Place, officer: FlaskClient):
    page = shown(officer, f"{place.at}?menurut=desa")
    assert "Terpenuhi" in page and "desa=99.01.01.2001" in page
    one = shown(officer, f"{place.at}?menurut=desa&desa=99.01.01.2001")
    assert "Semua desa/kelurahan" in one and "Beras" in one
    item = shown(officer, f"{place.at}?menurut=desa&barang=beras")
    assert "Kebutuhan Beras</caption>" in item and "Tidak terbagi" in item
    days = shown(officer, f"{place.at}?menurut=hari")
    assert "Sen 16 Nov" in days and "Belum punya hari" in days and "sisa" in days and "datang 2<" in days
    assert shown(officer, f"{place.at}?menurut=apa")


def test_the_need_as_files(place: Place, officer: FlaskClient):
    book = CalamineWorkbook.from_filelike(BytesIO(officer.get(f"{place.at}/unduh?form=xlsx").data))
    rows = book.get_sheet_by_name("Per barang").to_python()
    at = {name: number for number, name in enumerate(rows[0])}
    assert [(row[at["Barang"]], row[at["Kurang"]]) for row in rows[1:]] == [
        (line.item.name_id, line.short_milli / 1000) for line in place.found.lines
    ]
    text = officer.get(f"{place.at}/unduh?form=csv&menurut=desa").data.decode("utf-8-sig")
    assert text.startswith("Kode desa;") and "99.01.01.2001" in text
    assert officer.get(f"{place.at}/unduh?form=pdf").status_code == 404


def test_the_letter_from_the_form_to_paper_and_annex(place: Place, officer: FlaskClient, work: Work, app: Flask):
    form = shown(officer, f"{place.at}/surat")
    assert "Kekurangan" not in form and "Beras" in form and "Kementerian Sosial" in form
    wrong = send(officer, f"{place.at}/surat", {"addressee": "other"}, from_page=f"{place.at}/surat")
    assert wrong.status_code == 422 and "Tulis kepada siapa" in wrong.get_data(as_text=True)
    fields = {"addressee": "province", "needed_on": "18/11/2026", "copies_to": "Bupati\n\nBPBD", "in_packs": "1"}
    sent = send(officer, f"{place.at}/surat", fields, from_page=f"{place.at}/surat")
    assert sent.status_code == 303
    page = shown(officer, sent.location)
    assert "Surat permohonan bantuan" in page and "Lampiran XLSX" in page
    annex = officer.get(f"{sent.location}/lampiran.xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(annex.data))
    assert book.get_sheet_by_name("Per barang").to_python()[1:]
    printed = send(officer, f"{sent.location}/cetak.pdf", {}, from_page=sent.location)
    assert printed.data.startswith(b"%PDF")
    assert "Buka surat" in shown(officer, place.at)
    keeper = log_in(app.test_client(), a_person(work, Role.WAREHOUSE, place_id=place.week.near))
    assert keeper.get(f"{place.at}/surat").status_code == 403
    assert '/surat"' not in shown(keeper, place.at)


def test_machines_get_the_same_figures_and_the_letter(place: Place, client: FlaskClient, work: Work):
    token, base = a_token(work, Role.LOGISTICS), f"/api/v1/rounds/{place.round_id}/need"
    with work.read_by(OFFICER) as tx:
        villages = need_by_village(tx, place.round_id, place.found)
        days = need_by_day(tx, place.round_id, place.found)
    lines = client.get(base, headers=token).get_json()["lines"]
    assert [(one["item_code"], one["quantity"], one["short"], one["expected"]) for one in lines] == [
        (line.item.code, *(wire_quantity(milli) for milli in (line.quantity_milli, line.short_milli,
                                                              line.expected_milli)))
        for line in place.found.lines
    ]  # fmt: skip
    told = client.get(f"{base}/villages", headers=token).get_json()["villages"]
    assert [(one["village_code"], one["households"], len(one["lines"])) for one in told] == [
        (one.village_code, one.households, len(one.lines)) for one in villages
    ]
    told = client.get(f"{base}/days", headers=token).get_json()["items"]
    assert [(one["item_code"], one["undated"], one["runs_out_on"]) for one in told] == [
        (one.line.item.code, wire_quantity(one.undated_milli), one.runs_out_on and one.runs_out_on.isoformat())
        for one in days
    ]
    coming = client.get(f"{base}/arrivals", headers=token).get_json()["arrivals"]
    assert [(one["item_code"], one["way"], one["expected_on"]) for one in coming] == [
        ("kasur", "announced", "2026-11-19")
    ]
    at = f"/api/v1/incidents/{place.week.incident_id}"
    assert client.get(f"{at}/need", headers=token).get_json() == {"lines": []}  # nobody is confirmed by an area here
    assert client.get(f"{at}/need/villages", headers=token).get_json() == {"villages": []}
    order_ = {"round_id": str(place.round_id), "addressee": "ministry"}
    made = client.post(f"{at}/gap-letters", json=order_, headers=token | key())
    assert made.status_code == 201
    letter = made.get_json()
    annex = client.get(f"/api/v1/gap-letters/{letter['document_id']}/annex.xlsx", headers=token)
    assert annex.status_code == 200 and annex.data.startswith(b"PK")
    pdf = client.post(f"/api/v1/documents/{letter['document_id']}/print", json={"sheet": "F4"}, headers=token)
    assert pdf.data.startswith(b"%PDF")
    refused = client.post(f"{at}/gap-letters", json={"addressee": "other"}, headers=token | key())
    assert (refused.status_code, refused.get_json()["code"]) == (409, "gap.nobody")


def test_nothing_short_is_no_letter(app: Flask, work: Work):
    week = a_week(work, stock=PLENTY)
    asked = order(work, week, [household(1)])
    with work.by(OFFICER) as tx:
        plan_round(tx, asked)
        slug = incident_by_id(tx, week.incident_id).slug
    officer = log_in(app.test_client(), a_person(work, Role.LOGISTICS))
    at = f"/kejadian/{slug}/kebutuhan"
    assert f"{at}/surat" not in shown(officer, at)
    assert "Tidak ada barang yang kurang" in shown(officer, f"{at}/surat")
