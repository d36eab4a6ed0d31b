"""Kompor Rakyat on Kepulauan Tanimbar's real villages by clicking: 200 families of 10 kecamatan from the registry to a
closed term, as seven people, each with a login of their own; the handovers on a phone, the office's pages on a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import shapely
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from core.accounts.commands import AddPerson, add_person
from core.actor import Grant, Role, ScopeKind, system
from core.crypto import ring
from core.work import Work
from logistics.dispatch.commands import OpenPost, open_post
from logistics.packages.queries import PackageView, package, packages, round_of_term
from logistics.packages.states import PackageState
from logistics.programmes import queries, reconciling
from logistics.programmes.states import EntryState, TermState
from routes.checks import prove_all
from routes.loading import import_region_files
from routes.papers import INVITATION_KIND
from stock.places.queries import places
from tests.browser.looking import PHONE, Opens, fits
from tests.browser.test_line import fetched
from tests.flows import line
from tests.flows.district import a_district
from tests.flows.test_line_on_tanimbar import TANIMBAR, real_villages
from tests.reports.reading import words
from tests.support.builders import PASSWORD, an_office
from tests.support.databases import Run
from tests.support.shared import BOUNDARIES, LISTS, needs_real_regions

DISTRICTS, PER_DISTRICT = 10, 20
FAMILIES = DISTRICTS * PER_DISTRICT
PER_VILLAGE = 6
"""Of whom four are of the first four deciles: as many as the quota where a kecamatan has but five villages."""
ZONE = "Asia/Jayapura"
AT = "/bansos/kompor-rakyat/1"
OFFICER = line.of_office(line.OFFICER, TANIMBAR)
Joins = Callable[[str, Role, str], None]

pytestmark = needs_real_regions


@pytest.fixture
def database_url(run: Run, tmp_path: Path) -> Iterator[str]:
    """Both engines are asked the same by tests/flows/test_term_on_tanimbar.py."""
    with run.database("sqlite", tmp_path) as url:
        yield url


@pytest.fixture
def tanimbar(work: Work) -> None:
    """The real villages with generated households, a stocked warehouse, and one open post in every kecamatan."""
    an_office(work, TANIMBAR, time_zone=ZONE)
    import_region_files(
        work, system(TANIMBAR), [LISTS / "regions_id_province_regency.csv",
                                 LISTS / "regions_81.03_kepulauan_tanimbar.csv",
                                 *sorted(BOUNDARIES.glob("81.03_*.geojson"))],
    )  # fmt: skip
    villages = real_villages()
    a_district(
        work, villages=villages, per_village=PER_VILLAGE, regency=(TANIMBAR, "Kabupaten Kepulauan Tanimbar"),
        are_regions_known=True,
    )  # fmt: skip
    own = {villages[0].code[:8], villages[-1].code[:8]}
    first = {one.code[:8]: one for one in reversed(villages) if one.code[:8] not in own}
    with work.by(system(TANIMBAR, ZONE)) as tx:
        for number, village in enumerate(first.values(), 3):
            point = shapely.point_on_surface(shapely.from_geojson(village.geojson))
            open_post(
                tx,
                OpenPost(
                    code=f"T{number}", name=f"Balai {village.name}", capacity_per_day=30, lon_deg=point.x,
                    lat_deg=point.y, village_code=village.code,
                ),
            )  # fmt: skip


@pytest.fixture
def joins(work: Work, tanimbar: None) -> Joins:
    """Give somebody a login: of the whole office, of a village by its code, of a place by its id."""

    def add(username: str, role: Role, scope_id: str = "") -> None:
        kinds = {Role.VILLAGE: ScopeKind.VILLAGE, Role.FIELD: ScopeKind.PLACE, Role.WAREHOUSE: ScopeKind.PLACE}
        order = AddPerson(
            username=username, name=f"{username.capitalize()} Contoh", password=PASSWORD, must_change_password=False,
            grants=(Grant(role, kinds.get(role, ScopeKind.OFFICE), scope_id),),
        )  # fmt: skip
        work.run(system(TANIMBAR, ZONE), lambda tx: add_person(tx, order))

    return add


def press(page: Page, label: str) -> None:
    page.get_by_role("main").get_by_role("button", name=label, exact=True).first.click()


def follow(page: Page, label: str) -> None:
    page.get_by_role("main").get_by_role("link", name=label).first.click()


def go(page: Page, label: str) -> None:
    """Choose in the menu, which stands at the bottom of a telephone."""
    page.get_by_role("navigation", name="Bagian utama").get_by_role("link", name=label, exact=True).click()


def told(page: Page, text: str) -> None:
    page.locator(".flashes").filter(has_text=text).wait_for()


def figure(page: Page, label: str) -> Locator:
    return page.locator(".figure").filter(has=page.get_by_text(label, exact=True)).locator(".figure-value").first


def test_two_hundred_stoves_from_the_registry_to_a_closed_term_by_clicking(
    enter: Opens, joins: Joins, address: str, work: Work, app: Flask
):
    for username, role in (("petugas", Role.LOGISTICS), ("kedua", Role.LOGISTICS), ("kepala", Role.HEAD)):
        joins(username, role, "")
    with work.read_by(OFFICER) as tx:
        joins("gudang", Role.WAREHOUSE, str(next(one.id for one in places(tx) if one.code == "G1")))
    officer, second = enter("petugas"), enter("kedua")
    programme_and_term(officer)
    with work.read_by(OFFICER) as tx:
        term = queries.term(tx, "kompor-rakyat", 1)
        listed = queries.listed_by_district(tx, term.id)
        village_code = queries.entries(tx, term.id).rows[0].village_code
        own = queries.entries(tx, term.id, village_code=village_code).total
    assert listed == dict.fromkeys(term.quotas, PER_DISTRICT)
    assert len(listed) == DISTRICTS

    joins("desa", Role.VILLAGE, village_code)
    proposed(enter("desa", PHONE), officer, address, own)
    verified(officer, second, address)
    determined(enter("kepala"))
    with work.read_by(OFFICER) as tx:
        assert queries.entries(tx, term.id, states=[EntryState.DETERMINED]).total == FAMILIES

    planned_and_sent(officer, second, enter("gudang"), address)
    ready = at_the_posts(work, term.id)
    assert len(ready) == FAMILIES
    posts = [one.row.post_id for one in ready if one.row.post_id]
    busiest = max(sorted(set(posts)), key=posts.count)
    joins("relawan", Role.FIELD, str(busiest))
    mine = [one for one in ready if one.row.post_id == busiest]
    volunteer = enter("relawan", PHONE)
    handed_over(volunteer, address, mine)

    rest = at_the_posts(work, term.id)
    assert len(rest) == FAMILIES - 2, "one to the family, one to a proxy; absent and voided are still open"
    for one in rest:
        if one.row.id != mine[2].row.id:
            assert one.row.post_id
            line.hand_over(work, one, line.of_office(line.field_officer(one.row.post_id), TANIMBAR))
    closed(officer, volunteer, address, mine[2])
    with work.read_by(OFFICER) as tx:
        sums = reconciling.reconciliation(tx, term.id)
        assert queries.term_by_id(tx, term.id).state is TermState.CLOSED
    assert (sums.determined, sums.handed_over, sums.returned, sums.open) == (FAMILIES, FAMILIES - 1, 1, 0)
    assert sums.goods[0].sent_milli == FAMILIES * 1000
    assert sums.goods[0].handed_over_milli == (FAMILIES - 1) * 1000
    assert prove_all(app.extensions["tanggap"], system(TANIMBAR, ZONE)) == []


def programme_and_term(officer: Page) -> None:
    """The officer opens the programme and a term with a quota for every kecamatan, looks at what criteria would give
    and puts it on the list."""
    go(officer, "Bansos")
    follow(officer, "Program baru")
    officer.fill("#f-name", "Kompor Rakyat")
    officer.select_option("#f-kind", "kompor")
    officer.check("input[name=form][value=goods]")
    officer.check("input[name=unit][value=household]")
    officer.select_option("#f-cadence", "once")
    for field, value in (("supplier", "Stok kantor"), ("distributor", "Titik sendiri"), ("funding_source", "APBD")):
        officer.fill(f"#f-{field}", value)
    press(officer, "Catat program")

    follow(officer, "Tahap baru")
    officer.fill("#f-name", "Tahap I 2026")
    officer.select_option("#f-item-1", label="Kompor Rakyat (unit)")
    officer.fill("#f-quantity-1", "1")
    quotas = officer.locator(".quota input")
    expect(quotas).to_have_count(DISTRICTS)
    for one in quotas.all():
        one.fill(str(PER_DISTRICT))
    expect(officer.locator("#quota-total")).to_have_text(str(FAMILIES))
    press(officer, "Buka tahap")

    follow(officer, "Susun dari kriteria")
    press(officer, "Lihat hasil")
    expect(figure(officer, "Masuk daftar")).to_contain_text(str(FAMILIES))
    expect(officer.get_by_role("table", name="Hasil per kecamatan").locator("tbody tr")).to_have_count(DISTRICTS)
    press(officer, f"Masukkan {FAMILIES} ke daftar")
    told(officer, f"{FAMILIES} calon masuk daftar")
    assert fits(officer), officer.url


def proposed(village: Page, officer: Page, address: str, own: int) -> None:
    """The village proposes its own on a telephone; the officer notes the other villages' minutes."""
    follow(village, "Periksa dan usulkan")
    expect(village.locator("#entries tbody tr")).to_have_count(own)
    village.check("input[name=which][value=all]")
    village.fill("#f-basis", "BA Musdes 7/2026")
    press(village, "Usulkan")
    told(village, "diusulkan")
    assert fits(village), village.url

    officer.goto(f"{address}{AT}/daftar?keadaan=calon")
    officer.check("input[name=which][value=all]")
    press(officer, "Usulkan")
    expect(officer.locator("#e-basis")).to_be_visible()
    officer.fill("#f-basis", "BA Musdes 10/2026")
    press(officer, "Usulkan")
    told(officer, "diusulkan")


def verified(officer: Page, second: Page, address: str) -> None:
    """Whoever proposed does not verify; another does."""
    officer.goto(f"{address}{AT}/daftar")
    expect(officer.get_by_role("link", name="Periksa daftar")).to_have_count(0)
    officer.goto(f"{address}{AT}/daftar/periksa")
    expect(officer.get_by_text("Petugas lain harus memeriksa daftar ini.")).to_be_visible()
    expect(officer.get_by_role("button", name="Nyatakan sudah diperiksa")).to_have_count(0)
    # Sent all the same, as by a page that was open before: refused with the reason.
    officer.evaluate("document.querySelector(\"form[action$='/daftar/periksa']\").submit()")
    expect(officer.locator("[data-errors]")).to_be_visible()

    go(second, "Bansos")
    follow(second, "Kompor Rakyat")
    follow(second, "Tahap I 2026")
    follow(second, "Periksa daftar")
    follow(second, "Periksa daftar")
    press(second, "Nyatakan sudah diperiksa")
    told(second, f"{FAMILIES} penerima diperiksa")


def determined(head: Page) -> None:
    """The head finds on the first page what waits, and determines it with a decree."""
    follow(head, "Tetapkan daftar")
    head.fill("#f-decree_no", "188/42/2026")
    head.fill("#f-decree_on", "16/11/2026")
    press(head, "Tetapkan daftar")
    told(head, f"{FAMILIES} penerima ditetapkan")
    expect(head.locator(".steps [aria-current=step]")).to_contain_text("Rencana disetujui")


def planned_and_sent(officer: Page, second: Page, keeper: Page, address: str) -> None:
    """The officer plans, another approves, the keeper of the warehouse sends every load with its note."""
    officer.goto(f"{address}{AT}")
    follow(officer, "Susun rencana")
    officer.fill("#f-first_on", "16/11/2026")
    officer.fill("#f-last_on", "29/11/2026")
    press(officer, "Susun rencana")
    told(officer, f"{FAMILIES} penerima mendapat titik dan hari, 0 menunggu")
    expect(officer.get_by_text("Orang kedua yang menyetujuinya.")).to_be_visible()
    expect(officer.get_by_role("button", name="Setujui rencana")).to_have_count(0)
    assert fits(officer), officer.url

    second.goto(f"{address}{AT}")
    follow(second, "Lihat rencana")
    press(second, "Setujui rencana")
    told(second, f"Rencana disetujui: {FAMILIES} paket")

    go(keeper, "Beranda")
    follow(keeper, f"Kirim {DISTRICTS} muatan ke titik")
    forms = keeper.locator("form:has(input[name=vehicle])")
    for left in range(forms.count(), 0, -1):
        expect(forms).to_have_count(left)
        closed_form = keeper.locator("details:not([open]) > summary", has_text="Catat pengiriman ini")
        if closed_form.count():
            closed_form.first.click()
        keeper.locator("input[name=vehicle]:visible").first.fill("Truk")
        keeper.locator("button:visible", has_text="Kirim dan terbitkan surat jalan").first.click()
        told(keeper, "surat jalan")
    expect(keeper.get_by_text("Semua yang dicadangkan sudah dikirim.")).to_be_visible()
    assert fits(keeper), keeper.url


def at_the_posts(work: Work, term_id: UUID) -> list[PackageView]:
    """Give the packages that may be handed over, by code."""
    with work.read_by(OFFICER) as tx:
        found = round_of_term(tx, term_id)
        assert found is not None
        rows = packages(tx, found.id, states=(PackageState.LOADED,), limit=1000).rows
        return [package(tx, one.id) for one in sorted(rows, key=lambda one: one.code)]


def scanned(found: PackageView) -> str:
    """Give what a reader types from an invitation's QR."""
    assert found.public_ref is not None
    return f"http://tanggap.test/V/{ring().token(INVITATION_KIND, found.public_ref)}".upper()


def open_by(page: Page, text: str) -> None:
    go(page, "Serah terima")
    page.fill("#f-q", text)
    press(page, "Buka")


def handed_over(volunteer: Page, address: str, mine: list[PackageView]) -> None:
    """At the post, on a telephone: a recipient by the QR, a proxy by the code, one who is absent by the telephone's own
    camera, and one handed to the wrong family and voided."""
    himself, by_proxy, absent, wrong = mine[:4]
    expect(volunteer.get_by_role("main").get_by_role("link", name="penerima di")).to_be_visible()
    go(volunteer, "Serah terima")
    expect(volunteer.get_by_role("table", name="Pembagian yang berjalan")).to_contain_text("Kompor Rakyat")
    assert fits(volunteer), volunteer.url
    open_by(volunteer, "PKT-26-999999-9")
    expect(volunteer.get_by_text("Tidak ada paket berkode itu di titik Anda.")).to_be_visible()

    open_by(volunteer, scanned(himself))
    expect(volunteer.get_by_role("main")).to_contain_text(himself.row.code)
    name = volunteer.locator("#f-recipient_name").input_value()
    assert fits(volunteer), volunteer.url
    press(volunteer, "Catat serah terima")
    told(volunteer, "tanda terima")
    receipt = words(fetched(volunteer, "form[action$='tanda-terima.pdf']"))
    assert name in receipt and himself.row.code in receipt

    open_by(volunteer, by_proxy.row.code)
    volunteer.get_by_label("Diwakilkan", exact=True).check()
    volunteer.fill("#f-recipient_name", "Uji Tetangga")
    volunteer.fill("#f-relation", "tetangga")
    volunteer.fill("#f-document", "KTP dan surat kuasa")
    press(volunteer, "Catat serah terima")
    told(volunteer, "tanda terima")
    assert "Uji Tetangga" in words(fetched(volunteer, "form[action$='tanda-terima.pdf']"))
    assert fits(volunteer), volunteer.url

    volunteer.goto(f"{address}/V/{scanned(absent).rsplit('/', 1)[-1]}")
    expect(volunteer.get_by_role("heading", name="Undangan berlaku")).to_be_visible()
    follow(volunteer, "Buka serah terima")
    volunteer.locator("summary", has_text="Tidak diserahkan?").click()
    volunteer.get_by_label("Tidak hadir").check()
    volunteer.select_option("#f-next_step", "collect_at_post")
    press(volunteer, "Catat tidak diserahkan")
    told(volunteer, "belum diserahkan")
    assert fits(volunteer), volunteer.url

    open_by(volunteer, scanned(wrong))
    press(volunteer, "Catat serah terima")
    told(volunteer, "tanda terima")
    press(volunteer, "Batalkan serah terima")
    dialog = volunteer.locator("dialog[open]")
    dialog.locator("input[name=reason][value=wrong_household]").check()
    dialog.locator("textarea").fill("Diserahkan kepada keluarga yang salah")
    dialog.get_by_role("button", name="Batalkan serah terima").click()
    expect(volunteer.locator("#f-recipient_name")).to_be_visible()
    assert fits(volunteer), volunteer.url
    follow(volunteer, "Kembali")
    expect(volunteer.locator("#f-q")).to_be_visible()
    assert fits(volunteer), volunteer.url


def closed(officer: Page, volunteer: Page, address: str, absent: PackageView) -> None:
    """The officer reconciles, is asked for the minutes, and closes; nobody is served after that."""
    officer.goto(f"{address}{AT}")
    officer.get_by_role("navigation", name="Bagian tahap").get_by_role("link", name="Rekonsiliasi").click()
    expect(figure(officer, "Ditetapkan")).to_contain_text(str(FAMILIES))
    expect(figure(officer, "Sudah menerima")).to_contain_text(str(FAMILIES - 1))
    expect(figure(officer, "Masih terbuka")).to_contain_text("1")
    expect(officer.locator("#missed tbody tr")).to_have_count(1)
    expect(officer.locator("#missed")).to_contain_text(absent.row.code)
    assert fits(officer), officer.url
    press(officer, "Tutup dengan berita acara")
    expect(officer.locator("[data-errors]")).to_contain_text("Masih ada 1 yang terbuka")
    officer.fill("#f-minutes_no", "BA/1/2026")
    officer.fill("#f-minutes", "Satu keluarga tidak datang; kompornya kembali ke gudang.")
    press(officer, "Tutup dengan berita acara")
    told(officer, "Tahap ditutup.")
    expect(figure(officer, "Dikembalikan")).to_contain_text("1")
    expect(figure(officer, "Masih terbuka")).to_contain_text("0")
    expect(officer.get_by_text("Berita acara BA/1/2026")).to_be_visible()
    officer.goto(f"{address}{AT}")
    expect(officer.locator(".steps .is-done")).to_have_count(6)

    open_by(volunteer, absent.row.code)
    expect(volunteer.get_by_role("main")).to_contain_text(absent.row.code)
    expect(volunteer.get_by_role("button", name="Catat serah terima")).to_have_count(0)
    expect(volunteer.get_by_text("Paket ini dibatalkan dan tidak diserahkan lagi.")).to_be_visible()
    assert fits(volunteer), volunteer.url
