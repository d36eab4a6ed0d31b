"""One person is moved into a household of his own with a telephone; the file for the civil registry is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.actor import Role
from core.work import Work
from registry_link.households.states import LinkAct, LinkState
from registry_link.links.commands import SendVillage, send_village
from tests.browser.looking import PHONE, Opens, faults
from tests.registry_link.links.test_links import DAY, home, member, rows
from tests.registry_link.people import OFFICE, SAUM, merge, nik, with_regions
from tests.support.builders import a_person, an_office


@pytest.fixture
def officer(work: Work) -> str:
    an_office(work)
    with_regions(work)
    merge(work, rows())
    with work.by(OFFICE) as tx:
        send_village(tx, SendVillage(
            act=LinkAct.CHECK, village_code=SAUM, states=(LinkState.IMPORTED,), basis_no="1", basis_on=DAY
        ))  # fmt: skip
    return a_person(work, Role.LOGISTICS, username="logistik")


def test_one_person_moves_and_the_file_for_the_civil_registry_is_taken(
    enter: Opens, officer: str, work: Work, address: str, tmp_path: Path
):
    page = enter(officer, PHONE, "light")
    page.goto(f"{address}/registri/tautan/keluarga/{home(work)}")
    page.get_by_role("button", name="Pindahkan satu anggota").click()
    dialog = page.get_by_role("dialog")
    assert faults(page, "split") == []
    dialog.get_by_label("Yang pindah").select_option(str(member(work, "w1")))
    dialog.get_by_label("Tanggal pindah").fill("01/11/2026")
    dialog.get_by_label("Nomor surat").fill("475/3")
    dialog.get_by_label("Kode keluarga tujuan").fill("KEL-999999-9")
    dialog.get_by_role("button", name="Pindahkan").click()
    expect(page.get_by_role("dialog")).to_contain_text("KEL-999999-9 tidak ditemukan")
    assert faults(page, "refused") == []
    dialog.get_by_label("Kode keluarga tujuan").fill("")
    dialog.get_by_role("button", name="Pindahkan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Maria Contoh1")
    expect(page.get_by_text("Datang dari keluarga lain")).to_be_visible()
    page.goto(f"{address}/registri/dukcapil")
    page.get_by_role("button", name="Unduh berkas").click()
    assert faults(page, "request") == []
    page.get_by_role("dialog").get_by_label("Bentuk berkas").select_option("csv")
    page.get_by_role("dialog").get_by_label("Untuk apa").fill("Pemadanan triwulan")
    with page.expect_download() as got:
        page.get_by_role("dialog").get_by_role("button", name="Unduh").click()
    got.value.save_as(tmp_path / "nik.csv")
    assert nik(10) in (tmp_path / "nik.csv").read_text(encoding="utf-8-sig")
