"""Kiriman BPBD by page and by machine: sent, looked through, confirmed, and what each part became."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.zones.queries import zones
from tests.flows import line
from tests.logistics.zones.test_reading_flow import NEAR
from tests.routes.asking import key, log_in, named, send
from tests.support.builders import a_person, a_token
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    a_person(work, Role.BPBD, username="bpbd")
    return line.open_flood(work)


def page_of(flood: line.Flood) -> str:
    return f"/kejadian/{flood.slug}/wilayah/kiriman"


def sent(content: bytes = b"", name: str = "banjir.geojson", text: str = "", kind: str = "") -> dict[str, object]:
    fields: dict[str, object] = {"text": text, "kind": kind}
    return {**fields, "file": (io.BytesIO(content), name)} if content else fields


def form_key(page: str) -> str:
    found = re.search(r'name="form_key" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_a_map_is_sent_looked_through_and_posted_in_one_sitting(client: FlaskClient, flood: line.Flood):
    log_in(client, "bpbd")
    assert "Belum ada kiriman" in client.get(page_of(flood)).get_data(as_text=True)
    assert page_of(flood) in client.get(f"/kejadian/{flood.slug}").get_data(as_text=True)
    answer = send(client, page_of(flood), sent(NEAR), from_page=page_of(flood))
    assert answer.status_code == 303
    shown = client.get(answer.location).get_data(as_text=True)
    assert "Tidak dapat dipakai" in shown and "di luar kabupaten ini" in shown and "Dicatat saja" in shown
    drawn = client.get(f"{answer.location}/peta.json").get_json()
    assert [one["properties"]["name"] for one in drawn["features"]] == ["Barat", "Timur"]
    again = send(client, page_of(flood), sent(NEAR), from_page=page_of(flood))
    assert again.location == answer.location
    order = {
        "take": ["1", "2"], "how": "one", "name": "Bantaran", "severity": "heavy", "observed_on": "16/11/2026",
        "observed_time": "09.00", "source": "Pusdalops", "form_key": form_key(shown),
    }  # fmt: skip
    missing = send(client, f"{answer.location}/pasang", {**order, "take": [], "form_key": form_key(shown)})
    assert missing.status_code == 422 and "Centang paling sedikit satu" in missing.get_data(as_text=True)
    done = send(client, f"{answer.location}/pasang", order)
    assert done.status_code == 303
    assert "Bantaran" in client.get(done.location).get_data(as_text=True)
    after = client.get(answer.location).get_data(as_text=True)
    assert "Pasang yang dicentang" not in after and "versi 1" in after and "Tidak dipasang" not in after
    area = re.search(r'href="(/kejadian/[^"]+/wilayah/[0-9a-f-]{36})"', after)
    assert area and "Dibaca dari" in client.get(area[1]).get_data(as_text=True)
    listed = client.get(page_of(flood)).get_data(as_text=True)
    assert "banjir.geojson" in listed and "Dipasang" in listed


def test_a_pasted_list_becomes_areas_by_severity(client: FlaskClient, flood: line.Flood):
    log_in(client, "bpbd")
    text = "Desa Contoh A RT 01-02 RW 01 (berat)\r\nDesa Contoh B (ringan)\r\nDesa Contoh Z\r\n"
    answer = send(client, page_of(flood), sent(text=text), from_page=page_of(flood))
    shown = client.get(answer.location).get_data(as_text=True)
    assert "Desa Contoh A RW 001 RT 001" in shown and "Nama Contoh Z tidak ada" in shown
    done = send(
        client, f"{answer.location}/pasang",
        {"take": ["1", "2"], "how": "severity", "name": "Banjir Senin", "observed_on": "16/11/2026",
         "observed_time": "09.00", "form_key": form_key(shown)},
    )  # fmt: skip
    assert done.status_code == 303
    areas = client.get(done.location).get_data(as_text=True)
    assert "Banjir Senin – Berat" in areas and "Banjir Senin – Ringan" in areas


def test_the_next_hour_becomes_the_next_version_of_the_areas_of_the_same_name(
    client: FlaskClient, work: Work, flood: line.Flood
):  # fmt: skip
    log_in(client, "bpbd")

    def posted(text: str, **more: str) -> tuple[int, str]:
        answer = send(client, page_of(flood), sent(text=text), from_page=page_of(flood))
        shown = client.get(answer.location).get_data(as_text=True)
        seen = dict(re.findall(r'name="(seen-[0-9a-f-]+)" value="([0-9]+)"', shown))
        order = {
            "take": ["1"], "how": "severity", "name": "Banjir", "observed_on": "16/11/2026", "observed_time": "09.00",
            "form_key": form_key(shown), **seen, **more,
        }  # fmt: skip
        done = send(client, f"{answer.location}/pasang", order)
        return done.status_code, done.get_data(as_text=True)

    assert posted("Desa Contoh A (berat)")[0] == 303
    status, words = posted("Desa Contoh B (berat)")
    assert status == 422 and "sudah ada pada kejadian ini" in words
    assert posted("Desa Contoh B  (berat)", revise="1")[0] == 303
    with work.read_by(line.BPBD) as tx:
        (zone,) = zones(tx, flood.incident_id)
    assert (zone.name, zone.current_no, [one.region_code for one in zone.listed]) == ("Banjir – Berat", 2, [line.B])
    stale = posted("Desa Contoh C (berat)", revise="1", **{f"seen-{zone.zone_id}": "1"})
    assert stale[0] == 422


ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>uji-1</identifier><sender>bpbd@contoh.example</sender>
<sent>2026-11-16T08:00:00+09:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>Banjir</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><headline>Banjir Contoh</headline><area><areaDesc>Contoh A</areaDesc>
<polygon>-8.0,131.0 -8.0,131.01 -7.99,131.01 -7.99,131.0 -8.0,131.0</polygon></area></info></alert>"""
REPORT = """LAPORAN PUSDALOPS
Jenis bencana: Banjir
Waktu kejadian: Senin, 16 November 2026 pukul 06.00 WIT
Lokasi: Kec. Contoh Satu, Desa Contoh A dan Desa Contoh B
Terdampak:
- Desa Contoh A: 12 KK, 40 jiwa
- Desa Contoh B: Dalam Pendataan
Pengungsi: NIHIL
"""
TABLE = (
    "id_prov;id_kab;kejadian;nama_kejadian;lokasi;menderita;mengungsi;keterangan\n"
    "99;9901;Banjir;Banjir Contoh;Kec. Contoh Satu Ds. Contoh A;40;0;112 KK mengungsi\n"
)


@pytest.mark.parametrize(
    ("document", "kind"),
    [(ALERT, "Peringatan CAP"), (REPORT, "Teks laporan Pusdalops"), (TABLE, "Tabel BNPB")],
    ids=["alert", "report", "table"],
)
def test_alerts_reports_and_tables_are_looked_through_on_the_same_page(
    client: FlaskClient, flood: line.Flood, document: str, kind: str
):
    log_in(client, "bpbd")
    answer = send(client, page_of(flood), sent(text=document), from_page=page_of(flood))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    shown = client.get(answer.location)
    words = shown.get_data(as_text=True)
    assert shown.status_code == 200 and kind in words and "Contoh A" in words
    # Every reason has its sentence: a code would show as it is.
    assert not re.findall(r">[a-z_]+\.[a-z_.]+<", words)


def test_an_alert_that_updates_another_becomes_the_next_version_of_its_areas(
    client: FlaskClient, work: Work, flood: line.Flood
):  # fmt: skip
    log_in(client, "bpbd")
    update = ALERT.replace("uji-1", "uji-2").replace("<msgType>Alert</msgType>", "<msgType>Update</msgType>").replace(
        "<scope>Public</scope>",
        "<scope>Public</scope><references>bpbd@contoh.example,uji-1,2026-11-16T08:00:00+09:00</references>",
    )  # fmt: skip
    for text in (ALERT, update):
        answer = send(client, page_of(flood), sent(text=text), from_page=page_of(flood))
        shown = client.get(answer.location).get_data(as_text=True)
        fields = re.findall(r'name="(seen-[0-9a-f-]+|revise|name-1)"[^>]* value="([^"]*)"([^>]*)', shown)
        kept = {name: value for name, value, more in fields if name != "revise" or "checked" in more}
        order = {"take": ["1"], "how": "each", "observed_on": "16/11/2026", "observed_time": "09.00", **kept}
        assert send(client, f"{answer.location}/pasang", order).status_code == 303
    with work.read_by(line.BPBD) as tx:
        (zone,) = zones(tx, flood.incident_id)
    assert (zone.name, zone.current_no) == ("Contoh A", 2)


def test_what_cannot_be_read_says_why_beside_its_field(client: FlaskClient, flood: line.Flood):
    log_in(client, "bpbd")
    for content, words in (
        (b'{"type":"Topology"}', "TopoJSON"), (b"<html></html>", "bukan KML"), (b"\x00\x01\x02", "tidak dikenali"),
        (b'{"type":"Polygon","coordinates":[[[NaN,1]]]}', "bukan pasangan angka"),
    ):  # fmt: skip
        answer = send(client, page_of(flood), sent(content, "x.bin"), from_page=page_of(flood))
        assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    answer = send(client, page_of(flood), sent(), from_page=page_of(flood))
    assert answer.status_code == 422 and "Tidak ada isinya" in answer.get_data(as_text=True)


def test_a_machine_sends_a_map_and_confirms_it_once(client: FlaskClient, work: Work, flood: line.Flood):
    token = a_token(work, Role.BPBD)
    here = f"/api/v1/incidents/{flood.incident_id}/readings"
    made = client.post(here, data=NEAR, headers={**token, **key(), **named("a.geojson")})
    assert made.status_code == 201, made.get_json()
    told = made.get_json()
    assert (told["kind"], told["state"], told["elements"], told["usable"]) == ("geojson", "read", 4, 2)
    form = {"file": (io.BytesIO(NEAR), "a.geojson")}
    again = client.post(here, data=form, headers={**token, **key()}, content_type="multipart/form-data")
    assert (again.get_json()["id"], again.get_json()["is_repeat"]) == (told["id"], True)
    parts = client.get(f"/api/v1/readings/{told['id']}/elements", headers=token).get_json()["elements"]
    assert [one["outcome"] for one in parts] == ["read", "read", "refused", "noted"]
    assert parts[0]["outline"]["type"] == "Polygon" and parts[2]["remarks"][0]["code"] == "outline.outside_district"
    order = {
        "areas": [{"elements": [1, 2], "name": "Bantaran", "severity": "heavy", "observed_at": "2026-11-16T01:00:00Z"}]
    }
    once = key()
    answers = [
        client.post(f"/api/v1/readings/{told['id']}/posting", json=order, headers={**token, **once}) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].get_json() == answers[1].get_json() and answers[0].get_json()["left_out"] == 2
    late = client.post(f"/api/v1/readings/{told['id']}/posting", json=order, headers={**token, **key()})
    assert late.status_code == 409 and late.get_json()["code"] == "zone_reading.cannot_post"
    zones = client.get(f"/api/v1/incidents/{flood.incident_id}/zones", headers=token).get_json()["zones"]
    assert [one["name"] for one in zones] == ["Bantaran"]
    refused = client.post(here, data=json.dumps({"type": "Topology"}), headers={**token, **key()})
    assert refused.status_code == 422 and refused.get_json()["code"] == "reading.topojson"
