"""A village walked with a telephone: one household after the other, big answers, nothing cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from tests.browser.looking import PHONE, Opens, faults
from tests.registry_link.links.test_links import home, rows, state, to_field
from tests.registry_link.people import SAUM, merge, with_regions
from tests.support.builders import a_person, an_office


@pytest.fixture
def officer(work: Work) -> str:
    an_office(work)
    with_regions(work)
    merge(work, rows())
    to_field(work)
    return a_person(work, Role.FIELD, username="lapangan", village=SAUM)


def test_a_village_is_walked_with_a_telephone(enter: Opens, officer: str, work: Work):
    page = enter(officer, PHONE, "dark")
    page.get_by_role("link", name="Verifikasi").first.click()
    page.get_by_role("link", name="Kel. Saum").click()
    for where in ("walk", "door"):
        assert faults(page, where) == []
        if where == "walk":
            page.get_by_role("link", name="Mulai dari atas").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yohanes Contoh1")
    answer = page.get_by_role("button", name="Benar, tinggal di sini")
    box = answer.bounding_box()
    assert box is not None and box["height"] >= 44 and box["width"] > 300
    answer.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yohanes Contoh3")
    page.get_by_text("Tambah catatan").click()
    page.fill("#f-note", "Rumah kosong")
    page.get_by_role("button", name="Tidak ditemukan").click()
    expect(page.get_by_text("Semua sudah didatangi")).to_be_visible()
    assert state(work, home(work)).value == "field_verified"
    assert state(work, home(work, "h3")).value == "field_rejected"
