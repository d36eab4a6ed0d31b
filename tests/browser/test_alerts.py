"""A warning on a telephone, and an update that offers the next version of its area."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from tests.browser.looking import PHONE, Opens, faults
from tests.flows import line
from tests.logistics.zones.test_following import follow_up, read, take
from tests.logistics.zones.test_reading_cap import alert, area, info, polygon
from tests.routes.sampled import a_warning
from tests.support.builders import REGENCY, a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


def test_a_warning_leads_to_a_prefilled_form_and_an_update_to_the_next_version(enter: Opens, address: str, work: Work):
    a_person(work, Role.BPBD, username="bpbd")
    a_warning(work, REGENCY)
    flood = line.open_flood(work)
    take(work, read(work, flood, alert(info(area("Hilir", polygon())))), "Bagian hilir")
    update = read(work, flood, follow_up("Update", "BPBD-2", area("Hilir", polygon())))
    page = enter("bpbd", PHONE)
    page.goto(f"{address}/peringatan")
    assert faults(page, "list") == []
    page.get_by_role("link", name="Hujan lebat").click()
    expect(page.locator("#map")).to_have_attribute("data-ready", "")
    assert faults(page, "warning") == []
    page.get_by_role("link", name="Buka kejadian siaga dari peringatan ini").click()
    expect(page.get_by_label("Nama kejadian")).to_have_value("Hujan lebat")
    page.goto(f"{address}/kejadian/{flood.slug}/wilayah/kiriman/{update}")
    assert faults(page, "update") == []
    page.get_by_role("button", name="Pasang versi baru").click()
    expect(page.get_by_text("1 wilayah mendapat versi baru dari pembaruan ini.")).to_be_visible()
