"""Villages, completion lists and positions by page and by machine: who sees what, and what they are told."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from registry_link.completion import commands, file_queries, queries
from registry_link.completion.commands import IssueList
from registry_link.completion.models import CompletionFile
from registry_link.completion.queries import EntryLine
from registry_link.households.gaps import ASKABLE, Gap
from tests.registry_link.completion.test_lists import bare, whole
from tests.registry_link.people import OFFICE, OLILIT, SAUM, kk, merge, nik, with_regions
from tests.routes.asking import key, log_in, named, send
from tests.support.builders import SYSTEM, a_person, a_token, an_office

LISTS = "/registri/lengkapi"


@dataclass
class Asked:
    """An office whose village has a list of two households."""

    work: Work
    list_id: UUID

    @property
    def lines(self) -> tuple[EntryLine, ...]:
        with self.work.read_by(OFFICE) as tx:
            return queries.entries(tx, queries.completion_list(tx, self.list_id)).entries


@pytest.fixture
def asked(work: Work) -> Asked:
    an_office(work)
    merge(with_regions(work), [bare(1, "Adi Contoh"), bare(2, "Berta Contoh", rt="002", rw="001"), whole(3, "Cia")])
    with work.by(SYSTEM) as tx:
        order = IssueList(village_code=SAUM, asked=ASKABLE | Gap.POSITION)
        list_id = commands.issue_list(tx, order).list_id
    a_person(work, Role.VILLAGE, username="operator", village=SAUM)
    a_person(work, Role.LOGISTICS, username="logistik")
    return Asked(work, list_id)


def fields_of(page: str) -> dict[str, str]:
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("seal", "form_key")}
    return {name: one[1] for name, one in found.items() if one}


def test_the_operator_fills_in_one_household_and_is_led_to_the_next(client: FlaskClient, asked: Asked):
    log_in(client, "operator")
    overview = client.get(f"/registri/desa/{SAUM}").get_data(as_text=True)
    assert "Lengkapi berikutnya" in overview and "NIK kepala keluarga" in overview
    assert client.get(f"/registri/desa/{OLILIT}").status_code == 404
    first = client.get(f"{LISTS}/{asked.list_id}/berikutnya").location
    page = client.get(first).get_data(as_text=True)
    assert "Adi Contoh" in page and "Ambil posisi" in page and 'name="kk"' in page
    born = re.search(r'name="(birth-[0-9a-f-]+)"', page)
    assert born
    told = {**fields_of(page), "rt": "3", "rw": "1", "address": "Jalan Pantai 4", born[1]: "40 tahun",
            "lon_deg": "131,3", "lat_deg": "-7,95", "accuracy_m": "12", "origin": "phone"}  # fmt: skip
    wrong = send(client, first, {**told, "kk": "12", "lat_deg": ""}, from_page=first)
    assert wrong.status_code == 422 and "Bujur dan lintang harus diisi keduanya" in wrong.get_data(as_text=True)
    wrong = send(client, first, {**told, "kk": "12"}, from_page=first)
    assert wrong.status_code == 422 and "2 angka, seharusnya 16" in wrong.get_data(as_text=True)
    done = send(client, first, {**told, "kk": kk(11), "head_nik": nik(11)}, from_page=first)
    assert done.status_code == 303 and done.location == f"{LISTS}/keluarga/{asked.lines[1].id}"
    page = client.get(done.location).get_data(as_text=True)
    assert "Tersimpan dan lengkap" in page and "Cia" in page
    skipped = send(client, f"{done.location}/lewati", {"reason": "moved"})
    assert skipped.location == f"{LISTS}/keluarga/{asked.lines[2].id}"
    page = client.get(f"{LISTS}/{asked.list_id}").get_data(as_text=True)
    assert "1 lengkap, 1 dilewati, 1 menunggu" in page
    assert nik(11) not in page and kk(11) not in page


def test_a_list_goes_out_as_a_workbook_and_comes_back_with_answers(client: FlaskClient, asked: Asked):
    log_in(client, "operator")
    at = f"{LISTS}/{asked.list_id}"
    made = client.get(f"{at}/berkas?bentuk=csv").get_data().decode("utf-8-sig").splitlines()
    assert client.get(f"{at}/berkas").get_data().startswith(b"PK")
    names = made[0].split(";")
    row = made[1].split(";")
    row[names.index("Alamat")], row[names.index("Bujur")], row[names.index("Lintang")] = "Jalan 7", "131.3", "'-7.95"
    content = "\r\n".join([made[0], ";".join(row), made[2]]).encode()
    sent = send(client, f"{at}/berkas", {"file": (io.BytesIO(content), "daftar.csv")}, from_page=at)
    assert sent.status_code == 303, sent.get_data(as_text=True)
    page = client.get(sent.location).get_data(as_text=True)
    assert "Diisi: alamat, titik rumah" in page and "tidak ada yang baru" in page
    again = send(client, f"{at}/berkas", {"file": (io.BytesIO(content), "daftar.csv")}, from_page=at)
    assert again.location == sent.location
    assert "Jawaban" in client.get(f"{sent.location}/jawaban?bentuk=csv").get_data(as_text=True)
    bad = send(client, f"{at}/berkas", {"file": (io.BytesIO(b"a;b\n1;2\n"), "daftar.csv")}, from_page=at)
    assert bad.status_code == 422 and "Kolom ini tidak ditemukan" in bad.get_data(as_text=True)


def test_the_officer_sees_villages_asks_one_and_has_positions_applied_by_another(client: FlaskClient, asked: Asked):
    a_person(asked.work, Role.HEAD, username="kepala")
    log_in(client, "logistik")
    page = client.get("/registri/desa").get_data(as_text=True)
    assert "Saum" in page and "33%" in page
    assert client.get("/registri/desa/peta.json").get_json() == {"classes": {SAUM: 1}}
    assert client.get("/registri/desa/peta.json?peta=daftar").get_json() == {"classes": {SAUM: 0}}
    refused = send(client, LISTS, {"village_code": OLILIT, "asked": "kk"}, from_page=LISTS)
    assert refused.status_code == 422 and "Tidak ada keluarga desa ini" in refused.get_data(as_text=True)
    page = client.get(f"{LISTS}/{asked.list_id}").get_data(as_text=True)
    assert '<dialog id="close"' in page and "keluarga yang masih menunggu tidak diminta lagi" in page
    closed = send(client, f"{LISTS}/{asked.list_id}/tutup", {})
    assert closed.status_code == 303
    made = send(client, LISTS, {"village_code": SAUM, "asked": ["kk", "address"]}, from_page=LISTS)
    assert made.status_code == 303
    facts = asked.lines[0].facts
    assert facts is not None
    content = f"kode;bujur;lintang;akurasi\n{facts.code};131,3;-7,95;9\n".encode()
    sent = send(client, "/registri/titik", {"file": (io.BytesIO(content), "titik.csv")}, from_page="/registri/titik")
    assert "orang lain yang menerapkannya" in client.get(sent.location).get_data(as_text=True)
    client = log_in(client.application.test_client(), "kepala")
    assert "Terapkan 1 titik" in client.get(sent.location).get_data(as_text=True)
    assert send(client, f"{sent.location}/terapkan", {}).status_code == 303
    assert "1 keluarga mendapat titik baru" in client.get(sent.location).get_data(as_text=True)
    client = log_in(client.application.test_client(), "operator")
    at = f"/registri/keluarga/{facts.id}/titik"
    worse = {"lon_deg": "131,31", "lat_deg": "-7,95", "accuracy_m": "300", "origin": "phone"}
    assert send(client, at, worse, from_page=at).status_code == 303
    page = client.get(at).get_data(as_text=True)
    assert "yang sudah ada lebih tepat" in page and "berkas titik" in page


def test_machines_complete_households_and_report_positions(client: FlaskClient, asked: Asked):
    officer = a_token(asked.work, Role.LOGISTICS)
    stranger = a_token(asked.work, Role.VILLAGE, village=OLILIT)
    api = "/api/v1/registry"
    villages = client.get(f"{api}/villages", headers=officer).get_json()["villages"]
    assert villages[0]["missing"] == {"units": 1, "address": 2, "kk": 2, "head_nik": 2, "birth": 2}
    at = f"{api}/completion/lists/{asked.list_id}"
    entries = client.get(f"{at}/entries?state=waiting", headers=officer).get_json()["entries"]
    assert len(entries) == 3 and set(entries[1]["gaps"]) == {"position"}
    assert client.get(at, headers=stranger).status_code == 404
    one = f"{api}/completion/entries/{entries[0]['id']}"
    body = {"seal": entries[0]["seal"], "rt": "3", "rw": "1", "address": "Jalan 1", "kk": kk(11),
            "births": [{"member_id": entries[0]["ageless"][0]["id"], "age_years": 40}],
            "position": {"lon_deg": 131.3, "lat_deg": -7.95, "accuracy_m": 8, "origin": "phone"}}  # fmt: skip
    once = key()
    for _ in range(2):
        saved = client.post(one, headers=officer | once, json=body)
        assert saved.status_code == 201, saved.get_data(as_text=True)
        assert saved.get_json()["remaining"] == ["head_nik"] and not saved.get_json()["is_done"]
    assert client.post(one, headers=stranger | key(), json=body).status_code == 404
    skipped = client.post(f"{one}/skip", headers=officer | key(), json={"reason": "unavailable"})
    assert skipped.get_json()["state"] == "skipped"
    place = f"/api/v1/households/{entries[1]['household_id']}/positions"
    told = client.post(place, headers=officer | key(), json={"lon_deg": 131.3, "lat_deg": -7.9, "origin": "map"})
    assert told.get_json() == {"is_used": True, "outside_m": None}
    with asked.work.read_by(OFFICE) as tx:
        table = file_queries.list_table(tx, queries.completion_list(tx, asked.list_id), "id")
    came_back = "\n".join(";".join(cells) for cells in (table.header, *table.rows)).encode()
    once, to = key(), f"{at}/files"
    csv = {"content_type": "text/csv"}
    taken = [client.post(to, headers=officer | once | named("daftar.csv"), data=came_back, **csv) for _ in range(2)]
    assert [one.status_code for one in taken] == [201, 201] and taken[0].get_json() == taken[1].get_json()
    assert taken[0].get_json()["state"] == "applied"
    other = client.post(to, headers=officer | once | named("daftar.csv"), data=came_back + b"\n", **csv)
    assert other.get_json()["code"] == "idempotency.key_reused", "refused before anything is merged"
    with asked.work.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(CompletionFile)) == 1
    content = b"kode;bujur;lintang\nKEL-999999-9;131.3;-7.9\n"
    sent = client.post(f"{api}/positions/files", headers=officer | key() | named("t.csv"), data=content,
                       content_type="text/csv")  # fmt: skip
    assert sent.status_code == 201 and sent.get_json()["refused"] == 1, sent.get_data(as_text=True)
    rows = client.get(f"{api}/positions/files/{sent.get_json()['id']}/rows", headers=officer).get_json()["rows"]
    assert rows[0]["problems"][0]["code"] == "completion.household_unknown"
