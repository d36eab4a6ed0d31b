"""The schedule board by keyboard alone, and its pages under axe: at 360 px in the dark, on a desk in the light."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from tests.browser.looking import SCREENS, Opens, faults, visit
from tests.flows import line
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district. Both engines are asked the same by tests/logistics/planning/test_moving.py."""
    with run.database("sqlite", tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def board(work: Work) -> str:
    """Where the board of a planned week stands."""
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    line.plan(work, flood.incident_id)
    return f"/kejadian/{flood.slug}/rencana/papan"


def test_a_group_is_moved_and_put_back_by_keyboard_alone(enter: Opens, address: str, work: Work, board: str):
    page = enter(a_person(work, Role.LOGISTICS))
    page.goto(address + board)
    grid = page.get_by_role("grid")
    expect(grid).to_have_count(1)
    # One stop of the Tab key, on the first cell with anybody.
    expect(grid.locator('[data-cell][tabindex="0"]')).to_have_count(1)
    cell = grid.locator('[data-cell][tabindex="0"]')
    first = cell.get_attribute("id")
    assert first is not None
    cell.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(page.locator(f"#{first}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pindahkan sekelompok keluarga")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(f"#{first}")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator("#f-ke_titik")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.focus("#f-terakhir")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Yang terjadi bila dipindah")).to_be_visible()
    page.focus("#f-reason")
    page.keyboard.type("jalan ke titik terputus")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/rencana/papan\?"))
    expect(page.locator(".notice")).to_contain_text("2 keluarga dipindah")
    undo = page.get_by_role("button", name="Batalkan pemindahan ini")
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("2 keluarga kembali ke tempat semula")


@SCREENS
def test_axe_finds_nothing_on_the_pages_of_the_board_and_nothing_is_cut_off(
    enter: Opens, address: str, work: Work, board: str, size: Any, scheme: Any
):
    page = enter(a_person(work, Role.LOGISTICS), size, scheme)
    wrong = visit(page, address, board)
    page.locator("[data-cell]:not(.is-empty):visible").first.click()
    expect(page.get_by_role("heading", name="Pindahkan sekelompok keluarga")).to_be_visible()
    wrong += faults(page, "cell")
    page.select_option("#f-ke_hari", index=6)
    page.get_by_role("button", name="Lihat akibatnya").click()
    expect(page.get_by_role("heading", name="Yang terjadi bila dipindah")).to_be_visible()
    page.eval_on_selector_all("details.more", "all => all.forEach(one => { one.open = true })")
    wrong += faults(page, "consequences")
    assert not wrong, "\n".join(wrong)
