"""A village completes its list on a telephone, the position from where the telephone stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from registry_link.completion import commands, queries
from registry_link.completion.commands import IssueList
from registry_link.households.gaps import Gap
from tests.browser.looking import PHONE, Opens, faults, fits
from tests.registry_link.completion.test_lists import bare, whole
from tests.registry_link.people import OFFICE, SAUM, merge, with_regions
from tests.support.builders import SYSTEM, a_person, an_office


@pytest.fixture
def asked(work: Work) -> Work:
    an_office(work)
    merge(with_regions(work), [bare(1, "Adi Contoh", rt="002", rw="001"), whole(2, "Berta Contoh")])
    with work.by(SYSTEM) as tx:
        commands.issue_list(tx, IssueList(village_code=SAUM, asked=Gap.ADDRESS | Gap.POSITION))
    a_person(work, Role.VILLAGE, username="operator", village=SAUM)
    return work


def test_a_village_completes_its_list_on_a_telephone(enter: Opens, address: str, asked: Work):
    page = enter("operator", PHONE)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 131.3, "latitude": -7.95, "accuracy": 9})
    page.goto(f"{address}/registri/desa/{SAUM}")
    page.get_by_role("link", name="Lengkapi berikutnya").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Berta Contoh")
    for name in ("Berta Contoh", "Adi Contoh"):
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        page.get_by_role("button", name="Ambil posisi").click()
        expect(page.get_by_text("Titik ditemukan, tepat sampai ±9 m.")).to_be_visible()
        assert fits(page)
        if name == "Adi Contoh":
            assert faults(page, "household") == []
            page.get_by_label("Alamat").fill("Jalan Pantai 4")
        page.get_by_role("button", name="Simpan, lanjut").click()
    expect(page.get_by_text("Semua keluarga pada daftar ini sudah dilengkapi atau dilewati.")).to_be_visible()
    with asked.read_by(OFFICE) as tx:
        told = [one.facts for one in queries.entries(tx, queries.completion_lists(tx)[0]).entries]
    assert [(one.address, one.lon_deg, one.position_accuracy_m) for one in told if one] == [
        ("Jalan 1", 131.3, 9.0), ("Jalan Pantai 4", 131.3, 9.0),
    ]  # fmt: skip
