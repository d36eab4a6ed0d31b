"""Regular assistance by clicking on a phone, as four people: from the programme to the head's decree; its pages under
axe, at 360 px in the dark and on a desk in the light."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.actor import Role
from core.work import Work
from logistics.programmes import commands, queries
from logistics.programmes.states import EntryState, TermState
from tests.browser.looking import PHONE, SCREENS, Opens, visit
from tests.flows import line, term_line
from tests.support.builders import a_person
from tests.support.databases import Run


@pytest.fixture
def database_url(run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district. Both engines are asked the same by tests/routes/test_bansos_pages.py."""
    with run.database("sqlite", tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def people(work: Work) -> None:
    for role, username in ((Role.LOGISTICS, "petugas"), (Role.LOGISTICS, "kedua"), (Role.HEAD, "kepala")):
        a_person(work, role, username=username)
    a_person(work, Role.VILLAGE, username="desa", village=line.A)


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).first.click()


def follow(page: Page, label: str) -> None:
    page.get_by_role("main").get_by_role("link", name=label).first.click()


@pytest.mark.usefixtures("people")
def test_from_a_programme_to_the_decree_by_clicking_on_a_phone(enter: Opens, address: str, work: Work):
    officer = enter("petugas", PHONE)
    officer.get_by_role("navigation").get_by_role("link", name="Bansos").last.click()
    follow(officer, "Program baru")
    officer.fill("#f-name", "Kompor Rakyat")
    officer.select_option("#f-kind", "kompor")
    officer.check("input[name=form][value=goods]")
    officer.check("input[name=unit][value=household]")
    officer.select_option("#f-cadence", "once")
    for field in ("supplier", "distributor", "funding_source"):
        officer.fill(f"#f-{field}", "Dinas Sosial")
    press(officer, "Catat program")

    follow(officer, "Tahap baru")
    officer.fill("#f-name", "Tahap I 2026")
    officer.select_option("#f-item-1", label="Kasur (buah)")
    officer.fill("#f-quantity-1", "1")
    officer.locator(".quota input").first.fill("1.002")
    officer.locator(".quota input").nth(1).fill("3")
    expect(officer.locator("#quota-total")).to_have_text("1.005")
    officer.locator(".quota input").first.fill("2")
    expect(officer.locator("#quota-total")).to_have_text("5")
    press(officer, "Buka tahap")

    follow(officer, "Susun dari kriteria")
    for field in ("desil_dari", "desil_sampai"):
        officer.fill(f"#f-{field}", "")
    press(officer, "Lihat hasil")
    press(officer, "Masukkan 5 ke daftar")
    expect(officer.locator("#entries tbody tr")).to_have_count(5)

    with work.read_by(line.OFFICER) as tx:
        term = queries.term(tx, "kompor-rakyat", 1)
        drawn = queries.entries(tx, term.id).rows
    own = [one for one in drawn if one.village_code == line.A]
    if own:
        village = enter("desa", PHONE)
        follow(village, "Periksa dan usulkan")
        expect(village.locator("#entries tbody tr")).to_have_count(len(own))
        village.locator("#entries input[type=checkbox]").first.check()
        press(village, "Usulkan")
    officer.goto(f"{address}/bansos/kompor-rakyat/1/daftar?keadaan=calon")
    officer.check("input[name=which][value=all]")
    officer.fill("#f-basis", "BA Musdes 4/2026")
    press(officer, "Usulkan")

    second = enter("kedua", PHONE)
    follow(second, "Periksa daftar")
    follow(second, "Periksa daftar")
    press(second, "Nyatakan sudah diperiksa")
    head = enter("kepala", PHONE)
    follow(head, "Tetapkan daftar")
    head.fill("#f-decree_no", "460/12/SK/2026")
    head.fill("#f-decree_on", "15/11/2026")
    press(head, "Tetapkan daftar")
    expect(head.locator(".steps [aria-current=step]")).to_contain_text("Rencana disetujui")
    with work.read_by(line.OFFICER) as tx:
        term = queries.term(tx, "kompor-rakyat", 1)
        assert term.state is TermState.DETERMINED
        assert queries.entries(tx, term.id, states=[EntryState.DETERMINED]).total == 5


PAGES = {
    "petugas": (
        "/bansos", "/bansos/baru", "/bansos/kompor-rakyat", "/bansos/kompor-rakyat/tahap-baru", "{draft}",
        "{draft}/daftar", "{draft}/daftar/kriteria?anggota_dari=1",
        "{draft}/daftar/kriteria/dikeluarkan?anggota_dari=9",
        "{draft}/daftar/berkas", "{draft}/daftar/tambah", "{draft}/daftar/tumpang-tindih",
        "{draft}/daftar/{entry}/keluarkan", "{draft}/batal", "{done}", "{done}/daftar", "{done}/rekonsiliasi",
        "/registri/keluarga/{household}",
    ),
    "kedua": ("{draft}/daftar/periksa",),
    "kepala": ("{verified}/penetapan", "/"),
    "desa": ("/", "{draft}", "{draft}/daftar", "{done}/rekonsiliasi"),
}  # fmt: skip


@SCREENS
@pytest.mark.usefixtures("people")
def test_axe_finds_nothing_on_the_pages_of_bansos_and_nothing_is_cut_off(
    enter: Opens, address: str, work: Work, size: Any, scheme: Any
):
    known = {}
    for name in ("Kompor Rakyat", "Kompor Draf", "Kompor Periksa"):
        term_id = term_line.open_term(work, name=name, quotas={"99.01.01": 2})
        known[name] = term_line.put_on_list(work, term_id, villages=("0",), most=2)[0]
        if name == "Kompor Rakyat":
            term_line.determine(work, term_id)
        elif name == "Kompor Periksa":
            order = commands.Propose(term_id=term_id, basis=term_line.BASIS)
            work.run(line.OFFICER, lambda tx, order=order: commands.propose(tx, order))  # type: ignore[misc]
            work.run(line.SECOND, lambda tx, term_id=term_id: commands.verify_list(tx, term_id))  # type: ignore[misc]
    with work.read_by(line.OFFICER) as tx:
        entry = queries.entry(tx, known["Kompor Draf"])
    filled = {
        "draft": "/bansos/kompor-draf/1", "done": "/bansos/kompor-rakyat/1", "verified": "/bansos/kompor-periksa/1",
        "entry": str(entry.id), "household": str(entry.household_id),
    }  # fmt: skip
    wrong = []
    for username, places in PAGES.items():
        page = enter(username, size, scheme)
        for where in (one.format(**filled) for one in places):
            wrong += [f"{username} {one}" for one in visit(page, address, where)]
    assert not wrong, "\n".join(wrong)
