"""A village confirmed on a telephone: two large answers, the next household by itself, one step back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from logistics.zones import affected as listing
from logistics.zones import sheltering
from logistics.zones.sheltering import OpenShelter
from tests.browser.looking import PHONE, Opens, faults
from tests.flows import line
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


def test_a_village_is_confirmed_and_its_displaced_are_recorded_on_a_telephone(enter: Opens, address: str, work: Work):
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))
    order = OpenShelter(incident_id=flood.incident_id, name="Balai Contoh", village_code=line.F, capacity=40)
    work.run(line.OFFICER, lambda tx: sheltering.open_shelter(tx, order))
    page = enter(a_person(work, Role.VILLAGE, village=line.F), PHONE)
    page.goto(f"{address}/kejadian/{flood.slug}/keluarga/desa")
    assert faults(page, "village") == []
    page.get_by_role("link", name="Periksa satu per satu").click()
    assert faults(page, "one") == []
    answer = page.get_by_role("button", name="Terdampak", exact=True)
    box = answer.bounding_box()
    assert box is not None and box["height"] >= 60 and box["width"] > 140
    answer.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 dari 12")).to_be_visible()
    page.get_by_role("button", name="Batalkan", exact=True).click()
    expect(page.get_by_text("Keputusan dibatalkan.")).to_be_visible()
    page.get_by_role("button", name="Tidak terdampak…").click()
    page.get_by_label("Sudah pindah").check()
    page.get_by_role("dialog").get_by_role("button", name="Tidak terdampak").click()
    expect(page.get_by_role("status").filter(has_text="1 dari 12")).to_be_visible()
    page.goto(f"{address}/kejadian/{flood.slug}/pengungsian")
    assert faults(page, "shelters") == []
    page.get_by_role("link", name="Balai Contoh").click()
    page.get_by_label("Keluarga yang datang").fill("uji 5-3")
    page.get_by_role("button", name="Cari", exact=True).click()
    page.get_by_role("button", name="Catat di sini").click()
    expect(page.get_by_text("Keluarga dicatat di titik ini.")).to_be_visible()
    assert faults(page, "shelter") == []
    with work.read_by(line.OFFICER) as tx:
        assert listing.groups(tx, flood.incident_id).rejected == 1
