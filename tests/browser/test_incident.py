"""A coordinator with a telephone: an area posted, revised and withdrawn, figures of villages, a decree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from logistics.zones import queries
from tests.browser.looking import PHONE, Opens, faults
from tests.flows import line
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


def test_an_area_is_posted_revised_and_withdrawn_from_a_telephone(
    enter: Opens, address: str, work: Work, flood: line.Flood
):
    page = enter("bpbd", PHONE)
    at = f"{address}/kejadian/{flood.slug}"
    page.goto(f"{at}/wilayah/baru")
    page.fill("#f-name", "Bantaran")
    page.fill("#village-filter", "Contoh F")
    page.get_by_label("Contoh F").check()
    page.get_by_label("Berat").check()
    page.get_by_role("button", name="Periksa").click()
    expect(page.get_by_text("Belum ada yang tersimpan")).to_be_visible()
    expect(page.get_by_text("12 keluarga di 1 desa masuk daftar")).to_be_visible()
    page.get_by_text("Isi angka laporan BPBD").click()
    page.get_by_label("KK terdampak").fill("± 20")
    assert faults(page, "before it is posted") == []
    page.get_by_role("button", name="Pasang wilayah").click()
    page.wait_for_url(f"{at}/keluarga")
    with work.read_by(line.BPBD) as tx:
        (area,) = queries.zones(tx, flood.incident_id)
    page.goto(f"{at}/wilayah/{area.zone_id}/revisi")
    page.get_by_label("Contoh E").check()
    page.get_by_label("Contoh F").uncheck()
    page.get_by_role("button", name="Periksa").click()
    expect(page.get_by_text("menjadi versi 2")).to_be_visible()
    expect(page.get_by_text("12 keluarga keluar dari wilayah ini.")).to_be_visible()
    page.get_by_role("button", name="Pasang versi baru").click()
    page.wait_for_url(f"{at}/keluarga")
    page.goto(f"{at}/wilayah/{area.zone_id}/bandingkan")
    assert faults(page, "two versions") == []
    page.goto(f"{at}/wilayah/{area.zone_id}")
    page.get_by_role("button", name="Tarik wilayah").first.click()
    page.get_by_label("Sudah surut atau pulih").check()
    page.locator("dialog[open] button[type=submit]").click()
    page.wait_for_url(at)
    expect(page.get_by_text("Bantaran ditarik")).to_be_visible()
    assert faults(page, "the incident") == []


def test_figures_and_a_decree_are_entered_on_a_telephone(enter: Opens, address: str, flood: line.Flood):
    page = enter("bpbd", PHONE)
    at = f"{address}/kejadian/{flood.slug}"
    page.goto(f"{at}/angka/isi")
    page.fill("#f-source", "Posko")
    page.fill("#count-filter", "Contoh F")
    row = page.locator("#count-rows li:visible")
    expect(row).to_have_count(1)
    row.get_by_label("KK terdampak").fill("120")
    row.get_by_label("Jiwa terdampak").fill("98")
    assert faults(page, "figures") == []
    page.get_by_role("button", name="Simpan angka").click()
    expect(page.locator("main").get_by_text("mungkin KK dan jiwa tertukar").first).to_be_visible()
    assert faults(page, "figures by village") == []
    page.goto(f"{at}/sk/baru")
    page.fill("#f-number", "SK 2")
    for field, day in (("dated_on", "16/11/2026"), ("first_on", "1/12/2026"), ("last_on", "7/12/2026")):
        page.fill(f"#f-{field}", day)
    page.fill("#f-days_text", "14 (empat belas) hari")
    page.get_by_label("Kecamatan dan desa yang dipilih di bawah").check()
    page.get_by_text("Pilih kecamatan dan desa", exact=True).click()
    page.get_by_label("Contoh F").check()
    assert faults(page, "a decree") == []
    page.get_by_role("button", name="Simpan SK").click()
    page.wait_for_url(f"{at}/sk")
    expect(page.get_by_text("kata-katanya 14 (empat belas) hari")).to_be_visible()
    assert faults(page, "decrees") == []
