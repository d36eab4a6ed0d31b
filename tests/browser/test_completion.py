"""A village completes its list on a telephone, the position from where the telephone stands."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize, expect

from core.actor import Role
from core.work import Work
from registry_link.completion import commands, queries
from registry_link.completion.commands import IssueList
from registry_link.households.gaps import Gap
from tests.browser.test_line import RULES
from tests.registry_link.completion.test_lists import bare, whole
from tests.registry_link.people import OFFICE, SAUM, merge, with_regions
from tests.support.builders import PASSWORD, SYSTEM, a_person, an_office

TELEPHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture
def asked(work: Work) -> Work:
    an_office(work)
    merge(with_regions(work), [bare(1, "Adi Contoh", rt="002", rw="001"), whole(2, "Berta Contoh")])
    with work.by(SYSTEM) as tx:
        commands.issue_list(tx, IssueList(village_code=SAUM, asked=Gap.ADDRESS | Gap.POSITION))
    a_person(work, Role.VILLAGE, username="operator", village=SAUM)
    return work


def test_a_village_completes_its_list_on_a_telephone(browser: Browser, address: str, asked: Work):
    context = browser.new_context(
        locale="id-ID", viewport=TELEPHONE, reduced_motion="reduce", permissions=["geolocation"],
        geolocation={"longitude": 131.3, "latitude": -7.95, "accuracy": 9},
    )  # fmt: skip
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}/masuk?lanjut=/registri/desa/{SAUM}")
    page.fill("#f-username", "operator")
    page.fill("#f-password", PASSWORD)
    page.click("main button.is-primary")
    page.get_by_role("link", name="Lengkapi berikutnya").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Berta Contoh")
    for name in ("Berta Contoh", "Adi Contoh"):
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        page.get_by_role("button", name="Ambil posisi").click()
        expect(page.get_by_text("Titik ditemukan, tepat sampai ±9 m.")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if name == "Adi Contoh":
            found = Axe().run(page, options=RULES).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
            page.get_by_label("Alamat").fill("Jalan Pantai 4")
        page.get_by_role("button", name="Simpan, lanjut").click()
    expect(page.get_by_text("Semua keluarga pada daftar ini sudah dilengkapi atau dilewati.")).to_be_visible()
    context.close()
    assert not wrong
    with asked.read_by(OFFICE) as tx:
        told = [one.facts for one in queries.entries(tx, queries.completion_lists(tx)[0]).entries]
    assert [(one.address, one.lon_deg, one.position_accuracy_m) for one in told if one] == [
        ("Jalan 1", 131.3, 9.0), ("Jalan Pantai 4", 131.3, 9.0),
    ]  # fmt: skip
