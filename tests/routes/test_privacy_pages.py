"""Privacy by page and by machine: a number with a reason and the password, the copy, the erasure, and who saw whom."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.audit import AuditRow
from core.clock import FixedClock
from core.crypto import Secret
from core.work import Work
from registry_link.households.models import Household
from registry_link.households.rows import HouseholdRow
from routes.limiter import limiter
from tests.registry_link.people import OFFICE, SAUM, head, kk, merge, nik, with_regions
from tests.reports.reading import words
from tests.routes.asking import key, log_in, send
from tests.support.builders import PASSWORD, a_person, a_token, an_office

NAME = "Yohana Batlajery"
NOTE = "Surat Kemensos nomor 12"


@dataclass(frozen=True, slots=True)
class Desk:
    app: Flask
    work: Work
    household: UUID
    code: str

    def by(self, username: str) -> FlaskClient:
        return log_in(self.app.test_client(), username)


@pytest.fixture
def desk(app: Flask, work: Work) -> Iterator[Desk]:
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    merge(work, [
        HouseholdRow(external_id="a", village_code=SAUM, address="Jalan Pelabuhan 4", kk=Secret(kk(1)),
                     members=(head(NAME, 1), head("Markus Batlajery", 2))),
    ])  # fmt: skip
    for role in (Role.LOGISTICS, Role.HEAD, Role.AUDITOR):
        a_person(work, role)
    a_person(work, Role.VILLAGE, village=SAUM)
    with work.read_by(OFFICE) as tx:
        row = tx.session.execute(sa.select(Household.id, Household.code)).one()
    limiter.enabled = False
    yield Desk(app, work, row.id, row.code)
    limiter.enabled = True


def text_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def test_a_whole_number_is_shown_once_for_a_reason_and_the_password(desk: Desk, fixed_clock: FixedClock):
    officer, page = desk.by("log"), f"/registri/keluarga/{desk.household}"
    shown = text_of(officer, page)
    assert "Perlihatkan nomor" in shown
    assert nik(1) not in shown.replace(" ", "")
    at = f"{page}/nomor"
    which = re.search(r'<option value="([0-9a-f-]{36})"[^>]*>NIK Yohana', shown)
    assert which
    asked = {"which": which[1], "reason": "request", "note": NOTE}
    answer = send(officer, at, asked)
    assert answer.status_code == 200
    assert nik(1) in answer.get_data(as_text=True).replace(" ", "")
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'http-equiv="refresh" content="60' in answer.get_data(as_text=True)
    for changed in ({"note": "karena"}, {"note": f"untuk {nik(1)}"}, {"reason": ""}, {"which": str(uuid4())}):
        refused = send(officer, at, {**asked, **changed})
        assert refused.status_code in (404, 422), changed
        assert "Kesalahan" in refused.get_data(as_text=True) or refused.status_code == 404
    fixed_clock.advance(timedelta(minutes=16))
    for password in ("", "bukan kata sandinya"):
        refused = send(officer, at, {**asked, "which": "kk", "password": password})
        assert refused.status_code == 422
        assert kk(1) not in refused.get_data(as_text=True).replace(" ", "")
    answer = send(officer, at, {**asked, "which": "kk", "password": PASSWORD})
    assert kk(1) in answer.get_data(as_text=True).replace(" ", "")
    assert desk.by("head").get(at).status_code == 403
    week = text_of(desk.by("aud"), "/privasi")
    assert week.count(NOTE) == 2, "both numbers, with why"


def test_wrong_passwords_at_a_whole_number_count_like_wrong_logins(desk: Desk, fixed_clock: FixedClock):
    officer, at = desk.by("log"), f"/registri/keluarga/{desk.household}/nomor"
    asked = {"which": "kk", "reason": "request", "note": NOTE}
    fixed_clock.advance(timedelta(minutes=16))
    assert "Kata sandi" in send(officer, at, {**asked, "password": ""}).get_data(as_text=True), "asking is no guess"
    for guess in ("satu", "dua", "tiga"):
        assert send(officer, at, {**asked, "password": guess}).status_code == 422
    for guess in ("empat", "lima"):
        change = {"old_password": guess, "new_password": "lima kata sandi baru"}
        assert send(officer, "/akun/sandi", change).status_code == 422
    locked = send(officer, at, {**asked, "password": PASSWORD})
    assert "Terlalu banyak" in locked.get_data(as_text=True), "also the right one, as at the login"
    assert kk(1) not in locked.get_data(as_text=True).replace(" ", "")
    assert send(officer, "/akun/sandi", {"old_password": PASSWORD, "new_password": "lima kata baru"}).status_code == 429
    assert (
        send(desk.app.test_client(), "/masuk", {"username": "log", "password": PASSWORD}, "/masuk").status_code == 429
    )
    with desk.work.read_by(OFFICE) as tx:
        noted = tx.session.scalars(sa.select(AuditRow.action).where(AuditRow.action == "account.proof_refused")).all()
    assert len(noted) == 5
    fixed_clock.advance(timedelta(minutes=16))
    shown = send(officer, at, {**asked, "password": PASSWORD}).get_data(as_text=True)
    assert kk(1) in shown.replace(" ", "")


def test_the_copy_is_one_file_with_data_and_a_letter(desk: Desk):
    officer = desk.by("log")
    at = f"/privasi/keluarga/{desk.household}/salinan"
    assert "Unduh salinan" in text_of(officer, at)
    refused = send(officer, at, {"asked_for": "member", "identity_document": "none"})
    assert refused.status_code == 422
    answer = send(officer, at, {"asked_for": "member", "identity_document": "ktp", "note": "Loket 2"})
    assert answer.mimetype == "application/zip"
    assert desk.code in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as file:
        told, letter = json.loads(file.read("data.json")), words(file.read("surat.pdf"))
    assert nik(2) in json.dumps(told)
    assert NAME in letter
    assert "SALINAN DATA PRIBADI" in letter
    assert nik(1)[-4:] in letter
    assert nik(1) not in letter.replace(" ", "")
    given = text_of(officer, f"/privasi/keluarga/{desk.household}")
    assert "Loket 2" in given
    assert "Salinan untuk pemilik data" in given


def test_one_asks_for_the_erasure_and_another_erases(desk: Desk):
    officer, head_ = desk.by("log"), desk.by("head")
    at = f"/privasi/keluarga/{desk.household}/hapus"
    asked = {"ground": "subject_asked", "asked_for": "member", "identity_document": "kk",
             "reason": "Diminta di loket kantor"}  # fmt: skip
    assert send(officer, at, {**asked, "reason": "singkat"}).status_code == 422
    made = send(officer, at, asked)
    assert made.status_code == 303
    page = made.headers["Location"]
    assert "orang lain yang memutuskan" in text_of(officer, page)
    assert send(officer, f"{page}/setujui", {"note": ""}).status_code == 422, "not one's own"
    waiting = text_of(head_, "/privasi")
    assert "Menunggu keputusan Anda" in waiting
    assert desk.code in waiting
    assert NAME not in waiting, "codes, no names"
    done = send(head_, f"{page}/setujui", {"note": "Sesuai permintaan"})
    assert done.status_code == 303, done.get_data(as_text=True)
    for address in (page, f"/privasi/keluarga/{desk.household}", f"/registri/keluarga/{desk.household}"):
        shown = text_of(officer, address)
        assert "Batlajery" not in shown
        assert "Pelabuhan" not in shown
    assert officer.get(at).status_code == 409
    found = send(officer, "/privasi/cari", {"code": desk.code})
    assert found.status_code == 303
    assert send(officer, "/privasi/cari", {"code": "KEL-999999-9"}).status_code == 422


def test_the_auditor_reads_whose_data_an_account_saw(desk: Desk):
    officer = desk.by("log")
    text_of(officer, f"/registri/keluarga/{desk.household}")
    auditor = desk.by("aud")
    form = text_of(auditor, "/privasi/akses")
    account = re.search(r'<option value="([0-9a-f-]{36})">LOG', form)
    assert account
    asked = f"akun={account[1]}&dari=16/11/2026&sampai=16/11/2026"
    shown = text_of(auditor, f"/privasi/akses?{asked}")
    assert desk.code in shown
    assert NAME not in shown
    file = auditor.get(f"/privasi/akses.csv?{asked}&_external=1")
    assert file.mimetype == "text/csv"
    assert f"{desk.code};" in file.get_data(as_text=True)
    nothing = text_of(auditor, f"/privasi/akses?{asked}&jam_sampai=00.01")
    assert "Tidak ada data yang dilihat" in nothing
    wrong = text_of(auditor, f"/privasi/akses?akun={account[1]}&dari=17/11/2026&sampai=besok")
    assert "Ada yang perlu diperbaiki" in wrong
    assert auditor.get("/privasi/akses.csv?akun=x").status_code == 302
    assert officer.get("/privasi/akses").status_code == 403


def test_a_village_asks_for_its_own_people_only(desk: Desk):
    village = desk.by("vil")
    assert "Ajukan penghapusan" in text_of(village, f"/privasi/keluarga/{desk.household}")
    assert village.get(f"/privasi/keluarga/{desk.household}/salinan").status_code == 403


def test_machines_ask_are_told_who_saw_whom_and_get_no_whole_number(desk: Desk, client: FlaskClient):
    officer, second = a_token(desk.work, Role.LOGISTICS), a_token(desk.work, Role.LOGISTICS)
    auditor = a_token(desk.work, Role.AUDITOR)
    body = {"household_id": str(desk.household), "asked_for": "member", "identity_document": "ktp"}
    assert client.get(f"/api/v1/households/{desk.household}", headers=officer).status_code == 200
    order = {**body, "ground": "subject_asked", "reason": "Diminta di loket kantor"}
    asked = client.post("/api/v1/privacy/erasures", json=order, headers={**officer, **key()})
    assert asked.status_code == 201, asked.get_data()
    at = f"/api/v1/privacy/erasures/{asked.get_json()['id']}"
    own = client.post(f"{at}/approve", json={}, headers={**officer, **key()})
    assert (own.status_code, own.get_json()["code"]) == (409, "erasure.own")
    assert client.get(at, headers=auditor).get_json()["state"] == "asked"
    done = client.post(f"{at}/approve", json={"note": "Sesuai"}, headers={**second, **key()})
    assert (done.status_code, done.get_json()["state"]) == (201, "approved")
    assert [one["state"] for one in client.get("/api/v1/privacy/erasures", headers=auditor).get_json()["erasures"]] == [
        "approved"
    ]
    trail = client.get(f"/api/v1/privacy/households/{desk.household}/access", headers=auditor)
    assert "view" in {one["purpose"] for one in trail.get_json()["looks"]}
    machine = trail.get_json()["looks"][-1]["actor_id"]
    question = {"actor_id": machine, "since": "2026-11-16T00:00:00Z", "until": "2026-11-17T00:00:00Z"}
    seen = client.get("/api/v1/privacy/exposure", query_string=question, headers=auditor)
    assert [one["code"] for one in seen.get_json()["households"]] == [desk.code]
    assert client.get("/api/v1/privacy/exposure", query_string=question, headers=officer).status_code == 403
