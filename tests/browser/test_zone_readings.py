"""A coordinator sends a map from a telephone, looks it through and posts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from tests.browser.looking import PHONE, Opens, faults
from tests.flows import line
from tests.logistics.zones.test_reading_flow import NEAR
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    a_person(work, Role.BPBD, username="bpbd")
    return line.open_flood(work)


def test_a_map_is_sent_and_posted_from_a_telephone(enter: Opens, address: str, flood: line.Flood):
    page = enter("bpbd", PHONE)
    page.goto(f"{address}/kejadian/{flood.slug}")
    page.get_by_role("link", name="Kirim berkas atau teks").click()
    assert faults(page, "send") == []
    page.set_input_files("#f-file", {"name": "banjir.geojson", "mimeType": "application/json", "buffer": NEAR})
    page.get_by_role("button", name="Kirim dan periksa").click()
    expect(page.locator("#map")).to_have_attribute("data-ready", "")
    expect(page.get_by_text("di luar kabupaten ini")).to_be_visible()
    assert faults(page, "looked through") == []
    page.get_by_label("Pasang bagian 2").uncheck()
    page.get_by_label("Tingkat kerusakan bagian 1").select_option("heavy")
    page.get_by_role("button", name="Pasang yang dicentang").click()
    expect(page.get_by_text("1 wilayah dipasang dari kiriman ini.")).to_be_visible()
    expect(page.get_by_role("link", name="Barat", exact=True)).to_be_visible()
