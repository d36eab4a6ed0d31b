"""Confirming from door to door, freezing, and the displaced, by the pages and by machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.zones import affected as listing
from logistics.zones import freezing, sheltering
from logistics.zones.states import AffectedState
from tests.flows import line
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    found = line.open_flood(work)
    line.post(work, line.an_area(found))
    return found


@pytest.fixture
def village(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.VILLAGE, village=line.F))


@pytest.fixture
def officer(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.LOGISTICS))


def at(flood: line.Flood, path: str = "") -> str:
    return f"/kejadian/{flood.slug}{path}"


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def states(work: Work, flood: line.Flood) -> dict[UUID, AffectedState]:
    with work.read_by(line.OFFICER) as tx:
        return {one.household_id: one.state for one in listing.affected(tx, flood.incident_id, limit=200).lines}


def follow(client: FlaskClient, answer: object) -> str:
    assert answer.status_code == 303, answer.get_data(as_text=True)[:3000]  # type: ignore[attr-defined]
    return str(answer.headers["Location"])  # type: ignore[attr-defined]


def test_a_village_is_confirmed_one_after_the_other_with_undo(village: FlaskClient, work: Work, flood: line.Flood):
    known = line.households(work)
    shown = at(flood, f"/keluarga/desa/{line.F}")
    assert village.get(at(flood, "/keluarga/desa")).headers["Location"].endswith(shown), "its only village at once"
    page = text(village, shown)
    assert "0 dari 12 keluarga diputuskan" in page and "RT 00" in page
    assert "Contoh F" in page and str(known["H-0-0"]) not in page
    first = follow(village, village.get(shown + "/berikutnya"))
    page = text(village, first)
    assert "Terdampak" in page and "0 dari 12" in page
    one = UUID(first.rsplit("/", 1)[1].split("?")[0])
    second = follow(village, send(village, first.split("?")[0], {"verdict": "yes", "decided_no": "0"}))
    assert str(one) in second, "the next one by itself, with the last one to take back"
    page = text(village, second)
    assert "1 dari 12" in page and "Batalkan" in page
    assert states(work, flood)[one] is AffectedState.CONFIRMED
    # Somebody else said otherwise meanwhile: the page says who and keeps the other's answer.
    refused = send(village, first.split("?")[0], {"verdict": "no", "reason": "moved", "decided_no": "0"})
    assert refused.status_code == 422
    assert "baru saja mengonfirmasi" in refused.get_data(as_text=True)
    follow(village, send(village, first.split("?")[0] + "/batal", {"decided_no": "1"}))
    assert states(work, flood)[one] is AffectedState.PROPOSED
    no = send(village, first.split("?")[0], {"verdict": "no", "reason": "moved", "decided_no": "2", "note": "Ke kota"})
    assert no.status_code == 303
    page = text(village, first.split("?")[0])
    assert "Sudah pindah" in page and "Riwayat keputusan" in page and "Ke kota" in page
    assert village.get(at(flood, f"/keluarga/satu/{known['H-0-0']}")).status_code == 404
    assert village.get(at(flood, f"/keluarga/desa/{line.A}")).status_code == 404


def test_in_bulk_a_group_or_a_selection_and_never_another_number_than_was_said(
    village: FlaskClient, officer: FlaskClient, work: Work, flood: line.Flood
):
    known = line.households(work)
    shown = at(flood, f"/keluarga/desa/{line.F}")
    found = village.post(shown + "/cari", data={"q": "uji 5-3", "csrf_token": _token(village)})
    assert found.status_code == 200 and str(known["H-5-3"]) in found.get_data(as_text=True)
    assert str(known["H-5-4"]) not in found.get_data(as_text=True)
    order = {"village_code": line.F, "group": "pasti", "expected": "11", "back": shown}
    follow(village, send(village, at(flood, "/keluarga/kelompok"), order))
    assert set(states(work, flood).values()) == {AffectedState.PROPOSED}
    assert "Jumlahnya berubah" in text(village, shown)
    follow(village, send(village, at(flood, "/keluarga/kelompok"), {**order, "expected": "12"}))
    assert sum(one is AffectedState.CONFIRMED for one in states(work, flood).values()) == 12
    chosen = [f"{known['H-0-0']}:0", f"{known['H-0-1']}:0", f"{known['H-5-0']}:0"]
    many: dict[str, object] = {
        "household": chosen,
        "verdict": "no",
        "reason": "not_affected",
        "note": "",
        "back": shown,
    }
    follow(officer, send(officer, at(flood, "/keluarga/putusan"), many))
    page = text(officer, at(flood, "/keluarga"))
    assert "Keputusan disimpan untuk 2 keluarga" in page and "1 keluarga baru saja diputuskan orang lain" in page
    with work.read_by(line.OFFICER) as tx:
        certain = {"expected": str(listing.groups(tx, flood.incident_id).proposed_certain)}
    follow(officer, send(officer, at(flood, "/keluarga/pasti"), certain))
    assert states(work, flood)[known["H-0-2"]] is AffectedState.CONFIRMED


def _token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/akun/sandi").get_data(as_text=True))
    assert found
    return found[1]


def test_a_list_is_frozen_shown_and_opened_and_the_plan_names_it(officer: FlaskClient, work: Work, flood: line.Flood):
    count = line.confirm_certain(work, flood.incident_id)
    assert f"Bekukan {count} keluarga" in text(officer, at(flood, "/keluarga/daftar"))
    wrong = send(officer, at(flood, "/keluarga/daftar"), {"expected": "1", "note": ""})
    assert wrong.status_code == 422 and "Jumlahnya berubah" in wrong.get_data(as_text=True)
    made = follow(officer, send(officer, at(flood, "/keluarga/daftar"), {"expected": str(count), "note": "Rapat"}))
    assert "Daftar v1" in text(officer, made)
    assert "dibekukan" in text(officer, at(flood, "/keluarga"))
    line.plan(work, flood.incident_id)
    assert "Disusun dari daftar v1" in text(officer, at(flood, "/rencana"))
    added = line.households(work)["H-2-0"]
    follow(officer, send(officer, at(flood, "/keluarga/tambah"), {"household": str(added), "note": ""}))
    assert "menunggu daftar berikutnya" in text(officer, at(flood, "/keluarga"))
    again = send(officer, at(flood, "/keluarga/daftar"), {"expected": str(count + 1), "note": ""})
    assert "1 bergabung, 0 keluar" in text(officer, follow(officer, again))
    short = send(officer, at(flood, "/keluarga/daftar/buka"), {"note": "x"})
    assert short.status_code == 422
    follow(officer, send(officer, at(flood, "/keluarga/daftar/buka"), {"note": "Ada yang keliru"}))
    assert "Ada yang keliru" in text(officer, at(flood, "/keluarga/daftar"))


def test_who_looks_like_somebody_of_the_registry_is_shown_before_a_household_is_registered(
    village: FlaskClient, work: Work, flood: line.Flood
):
    order = {"head_name": "Uji 5-3", "village_code": line.F, "adults": "2"}
    asked = send(village, at(flood, "/keluarga/daftarkan"), order)
    page = asked.get_data(as_text=True)
    assert asked.status_code == 422 and "Mungkin keluarga ini sudah ada" in page
    before = len(states(work, flood))
    follow(village, send(village, at(flood, "/keluarga/daftarkan"), {**order, "is_new": "1"}))
    assert len(states(work, flood)) == before + 1


def test_the_displaced_are_recorded_on_a_telephone(
    village: FlaskClient, officer: FlaskClient, work: Work, flood: line.Flood
):
    known = line.households(work)
    assert "Belum ada titik pengungsian" in text(village, at(flood, "/pengungsian"))
    facts = {"name": "Balai Contoh", "village_code": line.F, "capacity": "40", "lon_deg": "131,05", "lat_deg": "-7,97"}
    bad = send(officer, at(flood, "/pengungsian/baru"), {**facts, "lat_deg": ""})
    assert bad.status_code == 422 and "bujur dan lintang" in bad.get_data(as_text=True).lower()
    shelter = follow(officer, send(officer, at(flood, "/pengungsian/baru"), facts))
    follow(officer, send(officer, shelter + "/ubah", {**facts, "reported_persons": "30"}))
    found = send(village, shelter + "/cari", {"q": "uji 5-3"}).get_data(as_text=True)
    assert str(known["H-5-3"]) in found and "Catat di sini" in found
    follow(village, send(village, shelter + "/masuk", {"household": str(known["H-5-3"])}))
    page = text(village, shelter)
    assert "Uji 5-3" in page and "dilaporkan 30" in page
    follow(officer, send(officer, shelter + "/tutup", {}))
    assert "Masih ada 1 keluarga" in text(officer, shelter)
    home = at(flood, f"/pengungsian/keluarga/{known['H-5-3']}")
    assert "Balai Contoh" in text(village, home)
    moved = {"kind": "host", "village_code": line.A, "place_text": "Rumah adik", "since_on": "16/11/2026"}
    assert "menumpang pada keluarga lain" in text(village, follow(village, send(village, home, moved))).lower()
    with work.read_by(line.OFFICER) as tx:
        assert sheltering.displaced(tx, flood.incident_id)[0].with_hosts == 1


def test_the_same_by_machine(app: Flask, work: Work, flood: line.Flood):
    known = line.households(work)
    client, base = app.test_client(), f"/api/v1/incidents/{flood.incident_id}"
    token = a_token(work, Role.LOGISTICS)

    def post(path: str, body: object, status: int = 200) -> dict[str, object]:
        answer = client.post(path, json=body, headers={**token, **key()})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return dict(answer.get_json())

    def get(path: str) -> dict[str, object]:
        answer = client.get(path, headers=token)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return dict(answer.get_json())

    one = str(known["H-5-0"])
    confirmed = post(f"{base}/affected/confirmations", {"village_code": line.F, "expected": 12})
    assert confirmed == {"changed": 12}
    no = {"household_ids": [one], "is_affected": False, "reject_reason": "moved",
          "seen": [{"household_id": one, "decided_no": 0}]}  # fmt: skip
    assert post(f"{base}/affected/decisions", no, 409)["code"] == "affected.confirmed_meanwhile"
    assert post(f"{base}/affected/decisions", {**no, "seen": []})["changed"] == 1
    assert post(f"{base}/affected/{one}/undo", {"decided_no": 2}) == {"state": "confirmed"}
    history = get(f"{base}/affected/{one}/decisions")["decisions"]
    assert isinstance(history, list)
    assert [entry["after"] for entry in history] == ["confirmed", "rejected", "confirmed"]
    assert post(f"{base}/lists", {"expected": 12}, 201)["households"] == 12
    assert post(f"{base}/affected/decisions", {**no, "seen": []}, 409)["code"] == "affected.is_frozen"
    frozen = get(f"{base}/lists/1?limit=100")
    assert (frozen["total"], len(frozen["entries"])) == (12, 12)  # type: ignore[arg-type]
    shelter = post(f"{base}/shelters", {"name": "Balai", "village_code": line.A, "capacity": 5}, 201)["id"]
    stay = {"household_ids": [one], "kind": "shelter", "shelter_id": shelter, "since_on": "2026-11-16"}
    assert post(f"{base}/stays", stay) == {"changed": 1}
    assert post(f"/api/v1/shelters/{shelter}/closing", None, 409)["code"] == "shelter.is_inhabited"
    inside = get(f"/api/v1/shelters/{shelter}/households")["stays"]
    assert isinstance(inside, list) and [entry["household_id"] for entry in inside] == [one]
    assert get(f"{base}/displaced")["villages"][0]["in_shelters"] == 1  # type: ignore[index]
    assert len(get(f"{base}/affected/{one}/stays")["stays"]) == 1  # type: ignore[arg-type]
    post(f"{base}/stays", {**stay, "kind": "home", "shelter_id": None})
    assert post(f"/api/v1/shelters/{shelter}/closing", None)["state"] == "closed"
    assert post(f"/api/v1/shelters/{shelter}/opening", None)["state"] == "open"
    assert post(f"/api/v1/shelters/{shelter}", {"name": "Balai dua"})["name"] == "Balai dua"
    opened = post(f"{base}/lists/opening", {"reason": "Ada yang keliru"})["lists"]
    assert isinstance(opened, list) and opened[0]["state"] == "superseded"
    with work.read_by(line.OFFICER) as tx:
        assert freezing.prove(tx) == []
