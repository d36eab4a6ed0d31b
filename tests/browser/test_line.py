"""The whole line by clicking, as five people in a real browser; its pages under axe, at 360 px and on a desk, light
and dark, without a word in the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core.actor import Role
from core.work import Work
from stock.places.queries import places
from tests.browser.looking import DESK, PHONE, SCREENS, Opens, faults, fits
from tests.flows import line
from tests.reports.reading import symbols, words
from tests.support.builders import SYSTEM, a_person
from tests.support.databases import Run

EMPTY, FILLED = line.district_only, line.district_with_sent_week


@pytest.fixture
def database_url(request: pytest.FixtureRequest, engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district, on each engine in turn; with its week at the posts where a test says so."""
    fill = FILLED if request.node.get_closest_marker("usefixtures") else EMPTY
    with run.database(engine_kind, tmp_path, fill) as url:
        yield url


@pytest.fixture
def at_the_posts() -> None:
    """Says that the week's goods are at the posts already (see ``database_url``)."""


@pytest.fixture
def people(work: Work) -> None:
    with work.read_by(SYSTEM) as tx:
        known = {one.code: one.id for one in places(tx)}
    for role in (Role.BPBD, Role.LOGISTICS, Role.HEAD):
        a_person(work, role)
    a_person(work, Role.LOGISTICS, username="kedua")
    a_person(work, Role.WAREHOUSE, place_id=known["G1"])
    a_person(work, Role.FIELD, place_id=known["T1"])


@pytest.fixture
def opens(enter: Opens, people: None) -> Opens:
    """Log one of the people in."""
    return enter


def fetched(page: Page, form: str) -> bytes:
    """Send a form that answers with a paper, as its button does, and give the paper's bytes."""
    read = page.evaluate(
        """async (chosen) => {
            const form = document.querySelector(chosen);
            const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
            return [answer.headers.get("content-type"), [...new Uint8Array(await answer.arrayBuffer())]];
        }""",
        form,
    )
    assert read[0] == "application/pdf", read[0]
    return bytes(read[1])


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).first.click()


@pytest.mark.parametrize("size", [DESK], ids=["1280"])
def test_from_a_posted_area_to_a_verified_receipt_by_clicking(opens: Opens, address: str, size: Any):
    walk(opens, address, size)


def test_the_same_on_a_phone(opens: Opens, address: str):
    walk(opens, address, PHONE)


def walk(opens: Opens, address: str, size: Any) -> None:
    bpbd = opens("bpbd", size)
    bpbd.goto(f"{address}/kejadian")
    bpbd.get_by_role("link", name="Buka kejadian").first.click()
    bpbd.fill("#f-name", "Banjir Contoh")
    bpbd.select_option("#f-hazard", "flood")
    press(bpbd, "Buka kejadian")
    bpbd.wait_for_url(f"{address}/kejadian/banjir-contoh-2026-11")
    at = bpbd.url

    bpbd.goto(f"{at}/sk/baru")
    bpbd.fill("#f-number", "SK 1/2026")
    for field, day in (("dated_on", "16/11/2026"), ("first_on", "16-11-2026"), ("last_on", "29 November 2026")):
        bpbd.fill(f"#f-{field}", day)
    bpbd.fill("#f-days_text", "14 (empat belas) hari")
    press(bpbd, "Simpan SK")
    bpbd.wait_for_url(f"{at}/sk")
    assert "14 hari" in bpbd.inner_text(".flashes")

    # An outline from a file and a village from the list; what is missing is told, and nothing typed is lost.
    bpbd.goto(f"{at}/wilayah/baru")
    bpbd.wait_for_load_state("networkidle")
    bpbd.fill("#f-name", "Bantaran")
    file: Any = {"name": "garis.geojson", "mimeType": "application/geo+json", "buffer": line.A_AND_HALF_OF_B.encode()}
    bpbd.locator("[data-map-file]").set_input_files(files=[file])
    bpbd.locator("[data-map-say]").filter(has_text="titik").wait_for()
    bpbd.get_by_label("Contoh F").check()
    press(bpbd, "Periksa")
    bpbd.locator("[data-errors]").wait_for()
    assert bpbd.get_by_label("Contoh F").is_checked()
    assert "Polygon" in bpbd.locator("[data-map-outline]").input_value()
    bpbd.get_by_label("Berat").check()
    press(bpbd, "Periksa")
    bpbd.get_by_text("Belum ada yang tersimpan").wait_for()
    press(bpbd, "Pasang wilayah")
    bpbd.wait_for_url(f"{at}/keluarga")
    assert "bukan nama-namanya" in bpbd.inner_text("main")
    assert "Uji" not in bpbd.inner_text("main"), "BPBD sees numbers, not names"
    bpbd.goto(at)
    bpbd.wait_for_load_state("networkidle")
    assert "Bantaran" in bpbd.inner_text("main")

    officer = opens("log", size)
    officer.goto(f"{at}/keluarga")
    assert "Uji 0-" in officer.inner_text("main")
    officer.locator("#h-1").check()
    officer.locator("#verdict-no").check()
    press(officer, "Simpan keputusan")
    officer.wait_for_load_state()
    press(officer, "yang pasti")
    officer.get_by_role("dialog").get_by_role("button", name="Konfirmasi").click()
    officer.locator(".flashes").filter(has_text="dikonfirmasi").wait_for()
    officer.goto(f"{at}/kebutuhan")
    assert "Beras" in officer.inner_text("main")
    officer.goto(f"{at}/rencana")
    press(officer, "Susun rencana minggu ini")
    officer.locator(".flashes").filter(has_text="Rencana disusun").wait_for()
    assert officer.get_by_role("button", name="Setujui rencana").count() == 0, "nobody approves their own plan"

    second = opens("kedua", size)
    second.goto(f"{at}/rencana")
    press(second, "Setujui rencana")
    second.locator(".flashes").filter(has_text="disetujui").wait_for()

    keeper = opens("whk", size)
    keeper.goto(f"{at}/pengiriman")
    sent = 0
    while (
        keeper.get_by_role("button", name="Kirim dan terbitkan surat jalan").count()
        or keeper.locator("details:not([open]) > summary", has_text="Catat pengiriman ini").count()
    ):
        closed = keeper.locator("details:not([open]) > summary", has_text="Catat pengiriman ini")
        if closed.count():
            closed.first.click()
        keeper.locator("input[name=vehicle]:visible").first.fill("Truk")
        keeper.locator("button:visible", has_text="Kirim dan terbitkan surat jalan").first.click()
        keeper.locator(".flashes").filter(has_text="surat jalan").wait_for()
        sent += 1
        assert sent < 20
    assert sent > 0
    note = fetched(keeper, "form[action$='surat-jalan.pdf']")
    assert "Truk" in words(note)

    volunteer = opens("vol", size)
    volunteer.goto(f"{at}/serah-terima")
    name = volunteer.locator("tbody tr th").first.inner_text().split("\n")[0].strip()
    volunteer.fill("#f-q", name)
    press(volunteer, "Cari")
    volunteer.wait_for_load_state()
    volunteer.get_by_role("link", name="Layani").first.click()
    volunteer.locator("#f-recipient_name").wait_for()
    rice = volunteer.locator("#f-quantity-beras")
    due = rice.input_value()
    rice.fill("1,0")
    press(volunteer, "Catat serah terima")
    volunteer.locator("[data-errors]").wait_for()
    assert volunteer.locator("#f-quantity-beras").input_value() == "1,0", "what was typed stays"
    volunteer.fill("#f-quantity-beras", due)
    press(volunteer, "Catat serah terima")
    volunteer.locator(".flashes").filter(has_text="tanda terima").wait_for()
    receipt = fetched(volunteer, "form[action$='tanda-terima.pdf']")
    assert name in words(receipt)
    assert "SALINAN" not in words(receipt)
    assert "SALINAN" in words(fetched(volunteer, "form[action$='tanda-terima.pdf']"))

    code = symbols(receipt, dpi=300)[0]
    assert code.startswith("HTTP://TANGGAP.TEST/V/")
    anybody = opens("", size)
    anybody.goto(f"{address}/v/{code.rsplit('/', 1)[-1]}")
    shown = anybody.inner_text("main")
    assert "Contoh" in shown
    assert name not in shown
    assert anybody.context.cookies() == []
    for page in (bpbd, officer, second, keeper, volunteer, anybody):
        assert fits(page), page.url


def test_an_area_is_drawn_on_the_map_and_posted(opens: Opens, address: str, work: Work):
    flood = line.open_flood(work)
    page = opens("bpbd")
    page.goto(f"{address}/kejadian/{flood.slug}/wilayah/baru")
    page.wait_for_load_state("networkidle")
    page.fill("#f-name", "Digambar")
    frame = page.locator("[data-map-frame=map]")
    frame.scroll_into_view_if_needed()
    frame.locator("[data-map-act=draw]").click()
    page.wait_for_selector("#map .marker-icon, #map.geoman-draw-cursor", state="attached")
    box = page.locator("#map").bounding_box()
    assert box
    for x, y in ((0.4, 0.4), (0.6, 0.4), (0.5, 0.6), (0.4, 0.4)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y, delay=30)
    frame.locator("[data-map-say]").filter(has_text="titik").wait_for()
    page.get_by_label("Ringan").check()
    press(page, "Periksa")
    page.get_by_text("Belum ada yang tersimpan").wait_for()
    press(page, "Pasang wilayah")
    page.wait_for_url("**/keluarga")
    with work.read_by(line.BPBD) as tx:
        (posted,) = line.areas.zones(tx, flood.incident_id)
    assert (posted.name, posted.has_outline) == ("Digambar", True)


PAGES = {
    "log": ("", "/keluarga", "/kebutuhan", "/rencana", "/pengiriman", "/serah-terima", "/keluarga/tambah", "/sk"),
    "bpbd": ("/wilayah/baru",),
    "vol": ("/serah-terima/paket/{package}", "/paket/{package}"),
}


@pytest.mark.usefixtures("at_the_posts")
@SCREENS
def test_axe_finds_nothing_on_the_pages_of_the_line_and_nothing_is_cut_off(
    opens: Opens, address: str, work: Work, size: Any, scheme: Any
):
    week = line.sent_week_of(work)
    with work.read_by(SYSTEM) as tx:
        post_id = next(one.id for one in places(tx) if one.code == "T1")
    found = week.at(post_id)[0].row.id
    wrong = []
    for username, parts in PAGES.items():
        page = opens(username, size, scheme)
        extra = ("/", "/kejadian", "/registri", "/titik") if username == "log" else ()
        addresses = [*extra, *(f"/kejadian/{week.slug}{part.format(package=found)}" for part in parts)]
        for where in addresses:
            page.goto(address + where)
            page.wait_for_load_state("networkidle")
            wrong += faults(page, f"{username} {where}")
    assert not wrong, "\n".join(wrong)
