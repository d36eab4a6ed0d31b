"""A standard is written with live examples beside it, by keyboard; its pages under axe at 360 px and on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from logistics.packages.standard_queries import standards
from tests.browser.looking import SCREENS, Opens, faults
from tests.flows import line
from tests.support.builders import SYSTEM, a_person
from tests.support.databases import Run

PAGES = ("", "/{id}", "/{id}/cakupan", "/impor", "/baru?dari={id}", "/../umur")


@pytest.fixture
def database_url(run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district. The server's part is asked by tests/routes/test_standards.py."""
    with run.database("sqlite", tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def first(work: Work) -> str:
    a_person(work, Role.LOGISTICS, username="petugas")
    with work.read_by(SYSTEM) as tx:
        return str(standards(tx)[0].id)


def test_the_examples_follow_what_is_typed_before_it_is_saved(enter: Opens, address: str, first: str):
    page = enter("petugas")
    page.goto(f"{address}/pengaturan/standar/baru?dari={first}")
    rice = page.locator("fieldset.standard-line").filter(has=page.locator('input[value="Beras"]'))
    rice.get_by_label("Pembulatan atau kemasan").fill("karung 5 kg + karung 10 kg")
    expect(page.locator("#contoh")).to_contain_text("1 karung 10 kg + 1 karung 5 kg")
    page.fill("#f-adults", "4")
    page.fill("#f-example_households", "3")
    expect(page.locator("#contoh")).to_contain_text("Untuk 3 keluarga seperti ini")
    expect(page.locator("#contoh")).to_contain_text("11,4 kg")
    page.get_by_role("button", name="Simpan rancangan").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("versi 2")


@SCREENS
def test_its_pages_have_no_faults(enter: Opens, address: str, first: str, size: Any, scheme: Any):
    page = enter("petugas", size, scheme)
    for path in PAGES:
        page.goto(f"{address}/pengaturan/standar{path.format(id=first)}".replace("/standar/../", "/"))
        assert faults(page, path) == []
