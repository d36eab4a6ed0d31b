"""The incident's map under fingers and keys: drawing on a telephone, and the map with its list at a desk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.actor import Role
from core.work import Work
from logistics.zones.states import Access
from tests.browser.looking import DESK, PHONE, Opens, faults, visit
from tests.flows import line
from tests.support.builders import a_person
from tests.support.databases import Run

MAP = "/kejadian/banjir-contoh-2026-11/peta"


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


def rings_of(page: Page) -> list[int]:
    """Tell how many rings each part of the form's outline has."""
    return [len(rings) for rings in json.loads(page.locator("[data-map-outline]").input_value())["coordinates"]]


def test_an_area_is_drawn_by_thumb_and_every_map_is_read_by_keys(enter: Opens, address: str, work: Work):
    flood = line.open_flood(work)
    first = line.post(work, line.an_area(flood, access=Access.BOAT))
    line.post(work, line.an_area(flood, zone_id=first.zone_id, base_no=1, regions=()))
    a_person(work, Role.BPBD, username="bpbd")
    a_person(work, Role.LOGISTICS, username="petugas")

    page = enter("bpbd", PHONE, "dark")
    page.goto(f"{address}/kejadian/{flood.slug}/wilayah/baru")
    expect(page.locator(".map[data-ready]")).to_be_visible()
    told, parts = page.locator("[data-map-say]"), page.locator("[data-map-parts] li")
    page.get_by_text("Tulis titik-titiknya").click()
    points = page.get_by_label("Titik wilayah: lintang, bujur")
    points.fill("-7.99, 131.005; -7.99")
    page.get_by_role("button", name="Tambahkan ke wilayah").click()
    expect(told).to_contain_text("Titik tidak terbaca")
    points.fill("131.005, -7.995\n131.035 -7.995\n-7.965, 131.035\n-7.965, 131.005\n\n-7.97, 131.05, 500 m")
    page.get_by_role("button", name="Tambahkan ke wilayah").click()
    expect(parts).to_have_count(2)
    expect(parts.nth(0)).to_contain_text("4 titik, 11 km²")
    page.get_by_role("button", name="Layar penuh").click()
    page.get_by_role("button", name="Lubangi").click()
    expect(page.locator(".geoman-draw-cursor")).to_be_attached()
    box = page.locator(".map").bounding_box()
    assert box and box["height"] > 400
    corners = page.evaluate(
        """() => [[-7.985, 131.01], [-7.985, 131.02], [-7.975, 131.015]].map((at) => {
            const point = document.querySelector(".map").tanggap.map.latLngToContainerPoint(at);
            return [point.x, point.y];
        })"""
    )
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.click(box["x"] + x, box["y"] + y, delay=30)
    page.get_by_role("button", name="Selesai", exact=True).click()
    expect(told).to_contain_text("Bagian dikeluarkan dari wilayah.")
    assert rings_of(page) == [2, 1]
    page.get_by_role("button", name="Urungkan").click()
    assert [len(rings) for rings in json.loads(page.locator("[data-map-outline]").input_value())["coordinates"]] == [
        1,
        1,
    ]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Hapus bagian 2").click()
    expect(parts).to_have_count(1)
    assert faults(page, "drawing") == []

    desk = enter("petugas", DESK)
    assert visit(desk, address, f"{MAP}/cetak") == []
    assert visit(desk, address, MAP) == []
    expect(desk.locator(".map[data-ready]")).to_be_visible()
    expect(desk.locator("[data-map-households-say]")).to_contain_text("keluarga bertitik")
    village = desk.locator(f'[data-code="{line.A}"] button')
    village.focus()
    desk.keyboard.press("Enter")
    expect(village).to_have_attribute("aria-pressed", "true")
    expect(desk.locator("[data-map-say]")).to_contain_text("Contoh A")
    slider, moment = desk.get_by_label("Wilayah dari waktu ke waktu"), desk.locator("[data-map-moment-say]")
    expect(moment).to_contain_text("versi 2")
    slider.focus()
    desk.keyboard.press("ArrowLeft")
    expect(moment).to_contain_text("0 tidak lagi, 0 tetap")
    expect(moment).to_contain_text("versi 1")
    desk.get_by_label("Keluarga", exact=True).uncheck()
    expect(desk.locator("canvas.households")).to_have_count(0)
