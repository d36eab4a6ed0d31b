"""An officer proposes an order by keyboard and holds the week against alternatives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from logistics.planning.priorities import rules
from logistics.planning.priority import Criterion
from tests.browser.looking import SCREENS, Opens, faults
from tests.flows import line
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    a_person(work, Role.LOGISTICS, username="petugas")
    made = line.open_flood(work)
    line.post(work, line.an_area(made, work.clock.now()))
    line.confirm_certain(work, made.incident_id)
    return made


@SCREENS
def test_an_order_is_proposed_by_keyboard_and_alternatives_are_compared(
    enter: Opens, address: str, work: Work, flood: line.Flood, size: Any, scheme: Any
):
    page = enter("petugas", size, scheme)
    page.goto(f"{address}/pengaturan/prioritas")
    expect(page.get_by_text("Desil boleh mengatur antrean, tidak pernah mengeluarkan siapa pun.")).to_be_visible()
    assert faults(page, "the rule in force") == []
    page.goto(f"{address}/pengaturan/prioritas/usulan")
    page.get_by_role("button", name="Naikkan: desil").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Naikkan: desil")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("input[name=criteria]").nth(1)).to_have_value("decile")
    assert faults(page, "the form of an order") == []
    page.fill("#f-name", "Termiskin lebih dulu")
    page.fill("#f-reason", "Diputuskan rapat posko.")
    page.fill("#f-legal_source", "Notulen rapat")
    page.get_by_role("button", name="Simpan usulan").last.click()
    page.wait_for_url(f"{address}/pengaturan/prioritas")
    expect(page.get_by_text("menunggu keputusan")).to_be_visible()
    with work.read_by(line.OFFICER) as tx:
        assert rules(tx)[0].priority.criteria[:2] == (Criterion.SEVERITY, Criterion.DECILE)
    page.goto(f"{address}/kejadian/{flood.slug}/rencana/bandingkan")
    page.select_option("#f-gudang", index=1)
    page.get_by_role("button", name="Bandingkan", exact=True).click()
    expect(page.get_by_role("heading", name="Pilihan A", exact=True)).to_be_visible()
    assert faults(page, "alternatives beside the plan") == []
    page.get_by_role("link", name="Siapa yang berubah").click()
    expect(page.get_by_text("Siapa yang berubah dengan pilihan A").first).to_be_visible()
    assert faults(page, "who is affected") == []
