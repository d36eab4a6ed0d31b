"""An incident by its pages and by machine: decrees, reported figures, an area posted after a look at what it does."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.zones import queries
from logistics.zones.naming import ListRegion
from tests.flows import line
from tests.routes.asking import key, log_in, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run

AREA = {
    "name": "Bantaran", "severity": "heavy", "access": "road", "observed_on": "16/11/2026", "observed_time": "10.30",
    "source": "TRC", "outline": line.A_AND_HALF_OF_B, "villages": [line.F],
}  # fmt: skip


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    return line.open_flood(work)


@pytest.fixture
def bpbd(app: Flask, work: Work) -> FlaskClient:
    return log_in(app.test_client(), a_person(work, Role.BPBD))


def at(flood: line.Flood, path: str = "") -> str:
    return f"/kejadian/{flood.slug}{path}"


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_an_area_is_posted_revised_and_withdrawn_after_a_page_that_says_what_will_happen(
    bpbd: FlaskClient, work: Work, flood: line.Flood
):
    asked = send(bpbd, at(flood, "/wilayah/baru"), {**AREA, "step": "check"})
    page = asked.get_data(as_text=True)
    assert asked.status_code == 200 and "Belum ada yang tersimpan" in page and "12 perlu" not in page
    assert "masuk daftar" in page and f"count-households-{line.F}" in page
    with work.read_by(line.BPBD) as tx:
        assert queries.zones(tx, flood.incident_id) == ()
    back = send(bpbd, at(flood, "/wilayah/baru"), {**AREA, "step": "edit"}).get_data(as_text=True)
    assert "Bantaran" in back and "Periksa" in back
    done = send(bpbd, at(flood, "/wilayah/baru"), {**AREA, f"count-households-{line.F}": "± 20", "note": "Malam"})
    assert done.status_code == 303
    with work.read_by(line.BPBD) as tx:
        (area,) = queries.zones(tx, flood.incident_id)
    here = at(flood, f"/wilayah/{area.zone_id}")
    revised = {**AREA, "villages": [line.E], "outline": "", "base_no": 1}
    page = send(bpbd, f"{here}/revisi", {**revised, "step": "check"}).get_data(as_text=True)
    assert "menjadi versi 2" in page and "12 keluarga baru masuk" in page
    assert send(bpbd, f"{here}/revisi", revised).status_code == 303
    assert "versi 1 → 2" in text(bpbd, f"{here}/bandingkan")
    assert "Desa Contoh E" in text(bpbd, f"{here}/bandingkan")
    body = bpbd.get(f"{here}/bandingkan.json").get_json()
    assert [one["properties"]["side"] for one in body["features"]] == ["before", "after"]
    assert body["features"][0]["geometry"] and body["features"][1]["geometry"] is None
    assert {one["code"]: one["joined"]["households"] for one in body["villages"]}[line.E] == 12
    stale = send(bpbd, f"{here}/revisi", revised)
    assert stale.status_code == 422 and "baru saja direvisi" in stale.get_data(as_text=True)
    assert send(bpbd, f"{here}/tarik", {"reason": "over", "note": ""}).status_code == 303
    shown = text(bpbd, at(flood))
    assert "Sudah surut atau pulih" in shown and "versi 2 dipasang" in shown


def test_a_decree_with_its_areas_and_paper_is_recorded_extended_ended_and_withdrawn(
    bpbd: FlaskClient, work: Work, flood: line.Flood
):
    order = {
        "number": "SK 2", "dated_on": "16/11/2026", "first_on": "01/12/2026", "last_on": "7/12/2026",
        "phase": "response",
        "days_text": "14 (empat belas) hari", "scope": "listed", "regions": [line.A, "99.01.02"], "authority": "Bupati",
    }  # fmt: skip
    with work.read_by(line.BPBD) as tx:
        (first,) = queries.decrees(tx, flood.incident_id)
    wrong = send(bpbd, at(flood, "/sk/baru"), {**order, "file": (io.BytesIO(b"<html>"), "sk.pdf")})
    assert wrong.status_code == 422 and "PDF atau foto" in wrong.get_data(as_text=True)
    paper = (io.BytesIO(b"%PDF-1.4 uji"), "../sk dua.pdf")
    done = send(bpbd, at(flood, "/sk/baru"), {**order, "extends_id": str(first.id), "file": paper})
    assert done.status_code == 303, done.get_data(as_text=True)
    page = text(bpbd, at(flood, "/sk"))
    assert "kata-katanya 14 (empat belas) hari" in page and "di antaranya ada 1 hari tanpa SK" in page
    assert "Desa Contoh A" in page and "Memperpanjang SK" in page
    with work.read_by(line.BPBD) as tx:
        second = next(one for one in queries.decrees(tx, flood.incident_id) if one.number == "SK 2")
    given = bpbd.get(at(flood, f"/sk/{second.id}/berkas"))
    assert given.data == b"%PDF-1.4 uji" and given.headers["Content-Disposition"].startswith("attachment")
    assert (
        send(bpbd, at(flood, f"/sk/{second.id}/akhiri"), {"last_on": "3/12/2026", "note": "Surut"}).status_code == 303
    )
    assert "diakhiri lebih awal" in text(bpbd, at(flood, "/sk"))
    assert send(bpbd, at(flood, f"/sk/{second.id}/tarik"), {"reason": "typed", "note": ""}).status_code == 303
    assert "Salah ketik" in text(bpbd, at(flood, "/sk"))
    assert "belum dapat ditutup" in text_after(bpbd, flood, {"act": "close"})
    other = line.open_flood(work, "Longsor")
    assert bpbd.get(at(other, f"/sk/{second.id}/berkas")).status_code == 404


def text_after(client: FlaskClient, flood: line.Flood, fields: dict[str, str]) -> str:
    assert send(client, at(flood, "/status"), fields).status_code == 303
    return text(client, at(flood))


def test_figures_of_many_villages_are_entered_on_one_page_and_read_with_their_history(
    bpbd: FlaskClient, flood: line.Flood
):
    form = text(bpbd, at(flood, "/angka/isi"))
    assert form.count('name="count-households-') == 6, "every village, as none is known to be affected yet"
    fields = {
        "observed_on": "16/11/2026",
        "observed_time": "10.00",
        "source": "Posko",
        f"count-households-{line.F}": "120",
        f"count-persons-{line.F}": "98",
        f"count-households-{line.A}": "dalam pendataan",
    }
    wrong = send(bpbd, at(flood, "/angka/isi"), {**fields, f"count-persons-{line.A}": "banyak"})
    assert wrong.status_code == 422 and "banyak" in wrong.get_data(as_text=True)
    assert send(bpbd, at(flood, "/angka/isi"), fields).status_code == 303
    page = text(bpbd, at(flood, "/angka"))
    assert "mungkin KK dan jiwa tertukar" in page and "dalam pendataan" in page
    assert "BPBD 120 KK, menurut nama 0: kurang 120" in page
    later = {**fields, f"count-households-{line.F}": "98", f"count-persons-{line.F}": "± 350", "observed_time": "10.45"}
    assert send(bpbd, at(flood, "/angka/isi"), later).status_code == 303
    history = text(bpbd, at(flood, f"/angka/desa/{line.F}"))
    assert "± 350" in history and ">120<" in history.replace("> 120 <", ">120<")
    assert "tertukar" not in text(bpbd, at(flood, "/angka"))


def test_what_an_incident_is_called_is_put_right_and_the_old_name_stays_in_its_history(
    bpbd: FlaskClient, flood: line.Flood
):
    assert "Banjir Contoh" in text(bpbd, at(flood, "/ubah"))
    fields = {
        "name": "Banjir Sungai Weduar",
        "hazard": "flash_flood",
        "place_text": "Kec. Contoh",
        "chronology": "Hujan",
    }
    assert send(bpbd, at(flood, "/ubah"), fields).status_code == 303
    page = text(bpbd, at(flood))
    assert "Banjir Contoh → Banjir Sungai Weduar" in page and "Banjir → Banjir bandang" in page


def test_the_interface_records_extends_asks_and_reports(app: Flask, work: Work, flood: line.Flood):
    client = app.test_client()
    bearer = a_token(work, Role.BPBD)
    base = f"/api/v1/incidents/{flood.incident_id}"

    def post(address: str, body: dict[str, object]):
        answer = client.post(address, json=body, headers={**bearer, **key()})
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        return answer.get_json()

    first = client.get(f"{base}/decrees", headers=bearer).get_json()["decrees"][0]
    made = post(f"{base}/decrees", {
        "number": "SK 2", "dated_on": "2026-11-20", "first_on": "2026-11-30", "last_on": "2026-12-06",
        "extends_id": first["id"], "days_text": "7 (tujuh) hari", "regions": [{"code": line.F, "name": "Contoh F"}],
    })  # fmt: skip
    assert (made["days"], made["do_words_differ"], made["gap_days"]) == (7, False, 0)
    asked = client.get(f"{base}/window?region_code={line.F}&day=2026-12-01", headers=bearer).get_json()["window"]
    assert (asked["first_on"], asked["last_on"], asked["days_left"]) == ("2026-11-16", "2026-12-06", 6)
    beside = client.get(f"{base}/window?region_code={line.A}&day=2026-12-01", headers=bearer).get_json()["window"]
    assert (beside["is_open"], beside["last_on"]) == (False, "2026-11-29")
    told = post(f"{base}/counts", {
        "observed_at": "2026-11-16T10:00:00+09:00", "source": "Posko",
        "counts": [{"village_code": line.F, "kind": "households", "value": 480, "is_estimate": True},
                   {"village_code": line.F, "kind": "persons", "value": 120}],
    })  # fmt: skip
    assert told["doubts"][0]["doubt"] == "swapped" and "480 KK" in told["doubts"][0]["reason"]
    (village,) = client.get(f"{base}/villages", headers=bearer).get_json()["villages"]
    assert (village["gap"], village["reported_households"]["is_estimate"]) == (480, True)
    assert [one["doubt"] for one in village["doubts"]] == ["swapped"] and "tertukar" in village["doubts"][0]["reason"]
    figures = client.get(f"{base}/counts?village_code={line.F}", headers=bearer).get_json()["figures"]
    assert {one["kind"]: one["count"]["is_estimate"] for one in figures} == {"households": True, "persons": False}
    post(f"/api/v1/decrees/{made['id']}/end", {"last_on": "2026-12-02", "reason": "Air surut"})
    gone = post(f"/api/v1/decrees/{made['id']}/withdrawal", {"reason": "Salah ketik"})
    assert (gone["is_withdrawn"], gone["ended_on"]) == (True, "2026-12-02")
    post(f"{base}/details", {"name": "Banjir Weduar", "hazard": "flood", "chronology": "Hujan"})
    changed = client.get(f"{base}/changes", headers=bearer).get_json()["changes"]
    assert {one["field"] for one in changed} == {"name", "chronology"}
    assert client.get(f"{base}/shared", headers=bearer).get_json() == {"decrees": [], "villages": []}


def test_a_revision_by_the_form_keeps_districts_and_rt_until_somebody_takes_them_out(
    bpbd: FlaskClient, work: Work, flood: line.Flood
):
    parts = (ListRegion(code="99.01.01"), ListRegion(code=line.F, rw="1", rt="2"), ListRegion(code=line.E))
    posted = line.post(work, line.an_area(flood, outline=None, regions=parts))
    here = at(flood, f"/wilayah/{posted.zone_id}/revisi")
    form = text(bpbd, here)
    offered = re.findall(r'name="parts" value="([^"]+)" checked', form)
    assert offered == ["99.01.01||", f"{line.F}|001|002"]
    assert f'value="{line.E}" data-village checked' in form and f'value="{line.F}" data-village checked' not in form
    order = {**AREA, "outline": "", "villages": [line.E], "parts": offered[1:], "base_no": 1}
    assert "RW 001 RT 002" in send(bpbd, here, {**order, "step": "check"}).get_data(as_text=True)
    assert send(bpbd, here, order).status_code == 303
    with work.read_by(line.BPBD) as tx:
        kept = [(one.region_code, one.rw, one.rt) for one in queries.zone(tx, posted.zone_id).listed]
    assert kept == [(line.E, "", ""), (line.F, "001", "002")]


def test_an_area_is_matched_again_by_a_button_and_by_machine(
    bpbd: FlaskClient, client: FlaskClient, work: Work, flood: line.Flood
):
    posted = line.post(work, line.an_area(flood))
    page = text(bpbd, at(flood, f"/wilayah/{posted.zone_id}"))
    assert "Cocokkan ulang sekarang" in page and "Pencocokan versi ini" not in page
    assert (
        send(bpbd, at(flood, f"/wilayah/{posted.zone_id}/cocokkan"), {"form_key": "cocok-ulang-satu"}).status_code
        == 303
    )
    page = text(bpbd, at(flood, f"/wilayah/{posted.zone_id}"))
    assert "Dicocokkan ulang:" in page and "Pencocokan versi ini" in page and "0 keluarga masuk, 0 keluar" in page

    machine = a_token(work, Role.BPBD)
    address = f"/api/v1/zones/{posted.zone_id}/matchings"
    once = client.post(address, headers={**machine, **key("cocok-ulang-dua")})
    again = client.post(address, headers={**machine, **key("cocok-ulang-dua")})
    assert once.status_code == 200 and once.get_json() == again.get_json()
    told = client.get(address, headers=machine).get_json()["matchings"]
    assert [(one["no"], one["cause"]) for one in told] == [(3, "asked"), (2, "asked"), (1, "posted")]
    with work.by(line.BPBD) as tx:
        line.zones.withdraw_zone(tx, posted.zone_id, "salah wilayah")
    assert client.post(address, headers={**machine, **key("cocok-ulang-tiga")}).status_code == 409
