"""The map's pages, answers and files: what each role is given, and that nothing of a person travels along."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.work import Work
from logistics.zones import commands
from logistics.zones.states import Access
from tests.flows import line
from tests.routes.asking import log_in
from tests.support.builders import a_person, a_token
from tests.support.databases import Run

MAP = "/kejadian/banjir-contoh-2026-11/peta"


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    """Two areas: A and half of B with village F by its code, reached by boat; village D."""
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood, access=Access.BOAT))
    line.post(work, line.an_area(flood, name="Lain", outline=None, regions=(commands.ListRegion(code=line.D),)))
    line.confirm_certain(work, flood.incident_id)
    return flood


def enter(app: Flask, work: Work, role: Role, village: str = "") -> FlaskClient:
    return log_in(app.test_client(), a_person(work, role, username=role.value.lower(), village=village))


def test_the_page_holds_as_a_list_what_the_map_shows(app: Flask, work: Work, flood: line.Flood):
    page = enter(app, work, Role.LOGISTICS).get(MAP).get_data(as_text=True)
    assert set(re.findall(r'data-code="([\d.]+)"', page)) == {line.A, line.B, line.D, line.F}
    assert page.count("data-zone=") == 2 and page.count("data-moment=") == 2
    assert 'max="2"' in page and "Versi cetak" in page
    for address in re.findall(r'(?:data-[a-z]+-url|href)="(/[^"]+)"', page):
        assert "peta" not in address or app.test_client().get(address).status_code in (200, 302, 303)


def test_without_an_area_the_page_says_what_comes_next(app: Flask, work: Work):
    line.open_flood(work)
    page = enter(app, work, Role.BPBD).get(MAP).get_data(as_text=True)
    assert "Belum ada wilayah terdampak" in page and "/wilayah/baru" in page and "data-map-frame" not in page
    assert enter(app, work, Role.LOGISTICS).get(f"{MAP}/cetak").status_code == 200


def test_households_come_one_by_one_gathered_or_not_at_all_by_role(app: Flask, work: Work, flood: line.Flood):
    asked = f"{MAP}/keluarga-terlihat.json?zoom=15&kotak=130.9,-8.1,131.2,-7.8"
    full = enter(app, work, Role.LOGISTICS).get(asked).get_json()
    assert set(full["points"]) == {"lon_deg", "lat_deg", "group", "id"} and full["placed"] == len(full["points"]["id"])
    head = enter(app, work, Role.HEAD).get(asked).get_json()
    assert "points" not in head and sum(map(sum, head["cells"]["counts"])) == full["placed"]
    counts = enter(app, work, Role.BPBD).get(asked).get_json()
    assert "points" not in counts and counts["few"]
    village = enter(app, work, Role.VILLAGE, line.A).get(asked).get_json()
    assert 0 < village["placed"] < full["placed"]
    assert enter(app, work, Role.ADMIN).get(asked).status_code == 403
    for odd in ("kotak=1,2,3", "kotak=nan,0,1,1", "zoom=inf", "zoom=x&kotak="):
        assert app.test_client().get(f"{MAP}/keluarga-terlihat.json?{odd}").status_code in (302, 303)
        assert enter_again(app, "log").get(f"{MAP}/keluarga-terlihat.json?{odd}").status_code == 200


def enter_again(app: Flask, username: str) -> FlaskClient:
    return log_in(app.test_client(), username)


def test_a_moment_shows_its_areas_and_what_it_changed(app: Flask, work: Work, flood: line.Flood):
    client = enter(app, work, Role.BPBD)
    first, last = (client.get(f"{MAP}/saat/{no}.json").get_json() for no in (1, 2))
    assert [one["properties"]["name"] for one in first["features"]] == ["Bantaran"]
    assert {one["properties"]["name"]: one["properties"]["access"] for one in last["features"]} == {
        "Bantaran": "boat", "Lain": "road",
    }  # fmt: skip
    assert last["counts"]["joined"] == 12 and last["before"] is None
    assert client.get(f"{MAP}/saat/3.json").status_code == 404


def test_the_printed_map_is_drawn_without_a_script(app: Flask, work: Work, flood: line.Flood):
    page = enter(app, work, Role.HEAD).get(f"{MAP}/cetak").get_data(as_text=True)
    sheet = page[page.index('class="sheet"') : page.index("</article>")]
    assert sheet.count('class="village"') == 6 and sheet.count('class="zone ') == 3
    assert "cluster-" in sheet and "Bantaran" in sheet and " km" in sheet
    assert "map.js" not in page and "Keluarga pada daftar" in sheet
    early = enter_again(app, "head").get(f"{MAP}/cetak?saat=1").get_data(as_text=True)
    assert early.count('class="zone ') == 2


def test_files_hold_the_same_and_nothing_of_a_person(app: Flask, work: Work, flood: line.Flood):
    client = enter(app, work, Role.LOGISTICS)
    areas = json.loads(client.get(f"{MAP}/wilayah.geojson").data)
    assert {one["properties"]["severity"] for one in areas["features"]} == {"heavy", "medium"} or areas["features"]
    villages = json.loads(client.get(f"{MAP}/desa.geojson").data)["features"]
    told = {one["id"]: one["properties"]["affected"] for one in villages}
    assert told[line.A] == 12 and all(one["geometry"] for one in villages)
    answer = client.get(f"{MAP}/desa")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    head = next(at for at, row in enumerate(rows) if "Kode desa" in row)
    assert {row[0]: int(row[4]) for row in rows[head + 1 :] if row} == told
    assert client.get(f"{MAP}/desa?berkas=xlsx").data[:2] == b"PK"
    points = client.get(f"{MAP}/keluarga.geojson")
    found = json.loads(points.data)["features"]
    assert found and {one["properties"]["group"] for one in found} <= {"certain", "probable", "verify", "confirmed"}
    for one in (answer, points):
        assert "attachment" in one.headers["Content-Disposition"] and not re.search(rb"\d{16}|Uji ", one.data)
    cells = json.loads(enter(app, work, Role.BPBD).get(f"{MAP}/keluarga.geojson").data)["features"]
    assert all("code" not in one["properties"] and sum(
        value for name, value in one["properties"].items() if name != "cell_deg") >= 5 for one in cells)  # fmt: skip


def test_looking_at_points_is_written_down(app: Flask, work: Work, flood: line.Flood):
    client = enter(app, work, Role.LOGISTICS)
    client.get(f"{MAP}/keluarga-terlihat.json?zoom=15")
    with work.engine.connect() as connection:
        seen = connection.exec_driver_sql("SELECT count FROM access_row WHERE purpose = 'incident_map'").scalars().all()
    assert seen == [client.get(f"{MAP}/keluarga-terlihat.json?zoom=15").get_json()["placed"]]


def test_machines_are_told_the_same(app: Flask, work: Work, flood: line.Flood):
    at = f"/api/v1/incidents/{flood.incident_id}/map"
    headers, client = a_token(work, Role.LOGISTICS), app.test_client()
    told = client.get(f"{at}/households?zoom=12", headers=headers).get_json()
    assert len(told["points"]["id"]) == told["placed"] > 0 and told["unplaced"] > 0
    cut = client.get(f"{at}/households?west=131&south=-8&east=131.02&north=-7.98", headers=headers).get_json()
    assert 0 < len(cut["points"]["id"]) < told["placed"]
    assert client.get(f"{at}/households?west=131", headers=headers).status_code == 422
    villages = client.get(f"{at}/villages", headers=headers).get_json()["villages"]
    assert next(one for one in villages if one["village_code"] == line.A)["affected_permille"] == 1000
    changes = client.get(f"{at}/history", headers=headers).get_json()["changes"]
    assert [(one["name"], one["version_no"], one["left"]) for one in changes] == [("Bantaran", 1, 0), ("Lain", 1, 0)]
