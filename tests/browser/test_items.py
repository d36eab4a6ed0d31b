"""The catalogue by keyboard alone, and its pages under axe: at 360 px in the dark, on a desk in the light."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from stock.items.commands import SetMinimum, set_minimum
from stock.items.queries import find_item
from stock.places.kinds import PlaceKind
from stock.places.queries import places
from tests.browser.looking import SCREENS, Opens, faults
from tests.flows import line
from tests.support.builders import SYSTEM, a_person
from tests.support.databases import Run

FILE = "kode;nama;kategori;satuan;sumber\njas;Jas hujan;pangan;buah;SK 1\nkasur;Kasur;x;;\n"
PAGES = (
    "/stok/barang", "/stok/barang?cari=slimut", "/stok/barang?cari=kapal+selam", "/stok/barang/sandang_dewasa",
    "/stok/barang/beras/ubah", "/stok/barang/baru", "/stok/barang/impor", "/stok",
)  # fmt: skip


@pytest.fixture
def database_url(run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district. Both engines are asked the same by tests/routes/test_items_pages.py."""
    with run.database("sqlite", tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def officer(work: Work) -> str:
    a_person(work, Role.LOGISTICS, username="petugas")
    with work.by(SYSTEM) as tx:
        spot = places(tx, kinds=(PlaceKind.WAREHOUSE,))[0]
        rice = find_item(tx, "beras").id
        set_minimum(tx, SetMinimum(place_id=spot.id, item_id=rice, quantity_milli=10**12))  # type: ignore[arg-type]
    return "petugas"


def test_an_item_is_found_and_given_a_box_by_keyboard_alone(enter: Opens, address: str, officer: str):
    page = enter(officer)
    page.goto(f"{address}/stok/barang")
    page.focus("#f-cari")
    page.keyboard.type("mi instant")
    expect(page.locator("#found")).to_contain_text("Mungkin maksud Anda")
    expect(page).to_have_url(re.compile("cari=mi"))
    page.get_by_role("link", name="Mi instan").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Tambah atau ubah kemasan").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("bal")
    page.keyboard.press("Tab")
    page.keyboard.type("200")
    page.keyboard.press("Enter")
    expect(page.locator("#kemasan")).to_contain_text("200 bungkus")


@SCREENS
def test_axe_finds_nothing_on_the_pages_of_the_catalogue_and_nothing_is_cut_off(
    enter: Opens, address: str, officer: str, tmp_path: Path, size: Any, scheme: Any
):
    page = enter(officer, size, scheme)
    file = tmp_path / "barang.csv"
    file.write_text(FILE)
    wrong = []

    def look(where: str) -> None:
        page.eval_on_selector_all("details.more", "all => all.forEach(one => { one.open = true })")
        wrong.extend(faults(page, where))

    for where in PAGES:
        answer = page.goto(address + where)
        assert answer is not None and answer.status == 200, where
        look(where)
    page.goto(f"{address}/stok/barang/impor")
    page.set_input_files("#f-file", file)
    page.get_by_role("button", name="Periksa berkas").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Apa yang akan terjadi")
    look("file")
    assert not wrong, "\n".join(wrong)
