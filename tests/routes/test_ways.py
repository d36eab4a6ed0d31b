"""Ways, areas and a post's hours, as a person with a browser and a machine with a token see them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.dispatch.queries import post_by_id
from logistics.planning.roads import areas, closed_ways, said_distances
from logistics.planning.rules import Slot
from registry_link.regions.models import Region
from registry_link.regions.states import Level
from tests.logistics.week import OFFICER, Week, a_week
from tests.routes.asking import key, log_in, send
from tests.support.builders import REGENCY, SYSTEM, a_person, a_token

A, B = (f"{REGENCY}.01.200{no}" for no in (1, 2))


@pytest.fixture
def week(work: Work) -> Week:
    made = a_week(work)
    with work.by(SYSTEM) as tx:
        for code in (A, B):
            tx.session.add(
                Region(code=code, regency_code=REGENCY, parent_code=None, level=Level.VILLAGE, kind="desa",
                       name=f"Uji {code[-1]}", name_key=code, bps_code=None, bps_name=None, time_zone=None)
            )  # fmt: skip
    a_person(work, Role.LOGISTICS)
    return made


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def draw(client: FlaskClient) -> None:
    answer = send(client, "/pengaturan/jalan/kawasan/baru", {"name": "Pulau Uji", "means": "both", "villages": [A]})
    assert answer.status_code == 303


def test_a_landslide_is_told_in_two_taps_and_what_it_means_is_said(client: FlaskClient, work: Work, week: Week):
    log_in(client, "log")
    assert "seluruh kabupaten dianggap satu daratan" in page(client, "/pengaturan/jalan")
    draw(client)
    shown = page(client, "/pengaturan/jalan")
    assert "Tidak ada titik pembagian di Pulau Uji" in shown
    address = re.search(rf'href="(/pengaturan/jalan/tutup/{week.near}/[0-9a-f-]{{36}})"', shown)
    assert address
    asked = page(client, address[1])
    assert "hanya dapat dikirimi dari Gudang Utara" in asked
    assert 'name="cause" value="landslide"' in asked
    assert send(client, address[1], {"means": "both"}).status_code == 422
    assert send(client, address[1], {"means": "both", "cause": "other", "note": "x"}).status_code == 422
    assert send(client, address[1], {"means": "both", "cause": "landslide", "note": "km 12"}).status_code == 303
    assert send(client, address[1], {"means": "both", "cause": "flood"}).status_code == 422
    told = page(client, "/pengaturan/jalan")
    assert "Gudang Induk tidak dapat mengirim ke Pulau Uji: 0 keluarga hanya dari Gudang Utara." in told
    with work.read_by(OFFICER) as tx:
        (way,) = closed_ways(tx)
    assert way.reason == "Longsor: km 12"
    assert send(client, f"/pengaturan/jalan/buka/{way.id}", {}).status_code == 303
    assert "Gudang Induk tidak dapat mengirim" not in page(client, "/pengaturan/jalan")
    assert client.get("/pengaturan/jalan/peta.json").get_json()["classes"] == {A: 1, B: 0}


def test_an_area_is_changed_and_removed(client: FlaskClient, work: Work, week: Week):
    log_in(client, "log")
    draw(client)
    with work.read_by(OFFICER) as tx:
        (area,) = areas(tx)
    address = f"/pengaturan/jalan/kawasan/{area.id}"
    assert 'value="Pulau Uji"' in page(client, address)
    assert send(client, address, {"name": "Pulau Uji", "means": "boat"}).status_code == 422
    assert send(client, address, {"name": "Pulau Lain", "means": "boat", "villages": [A, B]}).status_code == 303
    with work.read_by(OFFICER) as tx:
        (area,) = areas(tx)
    assert (area.name, area.village_codes) == ("Pulau Lain", (A, B))
    assert "Batas desa belum dimuat" in page(client, "/pengaturan/jalan/usulan")
    assert send(client, f"{address}/hapus", {}).status_code == 303
    assert client.get(address).status_code == 404


def test_distances_and_detours_are_said_with_a_source(client: FlaskClient, work: Work, week: Week):
    log_in(client, "log")
    order = {"village_code": A, "post_id": str(week.first_post), "kilometres": "6,5", "source": "Kepala desa"}
    assert send(client, "/pengaturan/jalan/jarak", {**order, "source": ""}).status_code == 422
    assert send(client, "/pengaturan/jalan/jarak", order).status_code == 303
    assert "6,5 km" in page(client, "/pengaturan/jalan/jarak")
    assert send(client, "/pengaturan/jalan/jarak", {**order, "no_way": "1", "kilometres": ""}).status_code == 303
    assert "tidak ada jalan" in page(client, "/pengaturan/jalan/jarak")
    with work.read_by(OFFICER) as tx:
        (said,) = said_distances(tx)
    assert said.metres is None
    assert send(client, f"/pengaturan/jalan/jarak/{said.id}/hapus", {}).status_code == 303
    factor = {"detour_area": "sisa", "factor": "1,45", "detour_source": "Dinas PU"}
    assert send(client, "/pengaturan/jalan/faktor", {**factor, "factor": "0,5"}).status_code == 422
    assert send(client, "/pengaturan/jalan/faktor", factor).status_code == 303
    assert "1,45" in page(client, "/pengaturan/jalan/jarak")


def test_a_post_has_a_page_with_its_hours_and_closed_days(client: FlaskClient, work: Work, week: Week):
    log_in(client, "log")
    address = f"/titik/{week.first_post}"
    assert "Balai Desa Timur" in page(client, address)
    hours = {
        "slot_from_1": "8.00", "slot_to_1": "10.00", "slot_count_1": "50", "slot_from_2": "10.00",
        "slot_to_2": "12.30", "slot_count_2": "30", "closed_weekdays": ["5", "7"], "opening": "istirahat 12.30",
    }  # fmt: skip
    assert send(client, f"{address}/jam", {**hours, "slot_from_2": "9.30"}).status_code == 422
    assert send(client, f"{address}/jam", {**hours, "slot_to_2": "setengah satu"}).status_code == 422
    assert send(client, f"{address}/jam", hours).status_code == 303
    with work.read_by(OFFICER) as tx:
        told = post_by_id(tx, week.first_post)
        day = tx.today
    assert told.slots == (
        Slot(starts_at="08:00", ends_at="10:00", households=50), Slot(starts_at="10:00", ends_at="12:30", households=30)
    )  # fmt: skip
    assert (told.capacity_per_day, told.closed_weekdays) == (80, (5, 7))
    shown = page(client, address)
    assert "08.00–10.00" in shown and "Jumat, Minggu" in shown
    closing = {"day": f"{day:%d/%m/%Y}", "reason": "balai dipakai"}
    assert send(client, f"{address}/hari", {**closing, "reason": ""}).status_code == 422
    assert send(client, f"{address}/hari", closing).status_code == 303
    assert "balai dipakai" in page(client, address)
    assert send(client, f"{address}/hari/buka", {"day": day.isoformat()}).status_code == 303
    assert send(client, f"{address}/tutup", {"note": "atap bocor"}).status_code == 303
    assert "Buka lagi" in page(client, address)
    assert send(client, f"{address}/buka", {}).status_code == 303
    assert "08.00–10.00 (50)" in page(client, "/titik")


def test_machines_tell_and_read_ways_and_hours(client: FlaskClient, work: Work, week: Week):
    officer, bpbd = a_token(work, Role.LOGISTICS), a_token(work, Role.BPBD)

    def post(address: str, body: dict[str, object], who: dict[str, str] = officer, status: int = 201) -> dict[str, Any]:
        answer = client.post(f"/api/v1{address}", json=body, headers={**who, **key()})
        assert answer.status_code == status, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    area = post("/ways/areas", {"name": "Pulau Uji", "means": "boat", "village_codes": [A]})["id"]
    post("/ways/areas", {"name": "Lain", "means": "boat", "village_codes": [A]}, status=409)
    post(f"/ways/areas/{area}", {"name": "Pulau Uji", "means": "both", "village_codes": [A, B]})
    shut: dict[str, object] = {
        "warehouse_id": str(week.near),
        "area_id": area,
        "means": "both",
        "reason": "ombak tinggi",
    }
    way = post("/ways/closings", shut, bpbd)["id"]
    post("/ways/distances", {"village_code": A, "post_id": str(week.first_post), "metres": 900, "source": "Tagana"})
    post("/ways/detours", {"area_id": area, "permille": 1700, "source": "Dinas PU"})
    told = client.get("/api/v1/ways", headers=bpbd).get_json()
    assert [one["village_codes"] for one in told["areas"]] == [[A, B]]
    assert told["areas"][0]["detour_permille"] == 1700
    island, rest = told["reach"]
    assert (island["shut_warehouse_ids"], island["open_warehouse_ids"]) == ([str(week.near)], [str(week.far)])
    assert (rest["area_id"], rest["shut_warehouse_ids"], island["has_no_post"]) == (None, [], False)
    post(f"/ways/closings/{way}/opening", {}, bpbd)
    post(f"/ways/closings/{way}/opening", {}, bpbd, status=409)
    post(f"/ways/distances/{told['distances'][0]['id']}/end", {})
    post(f"/ways/areas/{area}/removal", {}, bpbd, status=403)
    post(f"/ways/areas/{area}/removal", {})
    assert client.get("/api/v1/ways/islands", headers=officer).get_json() == {"groups": []}

    address = f"/posts/{week.first_post}"
    slots = [{"starts_at": "08:00", "ends_at": "10:00", "households": 40}]
    made = post(f"{address}/hours", {"capacity_per_day": 1, "slots": slots, "closed_weekdays": [7]})
    assert (made["capacity_per_day"], made["slots"], made["closed_weekdays"]) == (40, slots, [7])
    with work.read_by(OFFICER) as tx:
        day = tx.today.isoformat()
    post(f"{address}/closed-days", {"day": day, "reason": "hari besar"})
    post(f"{address}/opened-days", {"day": day})
    post(f"{address}/closure", {"reason": "atap bocor"})
    post(f"{address}/reopening", {})
    assert UUID(client.get(f"/api/v1{address}", headers=officer).get_json()["id"]) == week.first_post
