"""The parts of a page in a real browser, under the real content security policy, with invented rows and no database."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, jsonify, make_response, render_template, request
from playwright.sync_api import Browser, Page

from routes.app import CSP
from tests.browser.looking import PHONE, SCREENS, faults
from tests.support.serving import serve

OFFICE = {"name": "Dinas Sosial", "regency_name": "Kabupaten Rekaan", "is_demo": True}
ITEMS = [{"name": "Beras", "quantity": "14,0 kg"}, {"name": "Selimut", "quantity": "5 lembar"}]
WEIGHT_LIMIT_BYTES = 250_000


def _village(code: str, name: str, west: float) -> dict[str, Any]:
    ring = [[west, -7.9], [west + 0.1, -7.9], [west + 0.1, -7.8], [west, -7.8], [west, -7.9]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry}


AREA = {"type": "Polygon", "coordinates": [[[131.0, -7.9], [131.1, -7.9], [131.1, -7.8], [131.0, -7.9]]]}
SWAPPED = {"type": "Polygon", "coordinates": [[[-7.9, 11], [-7.9, 12], [-7.8, 12], [-7.9, 11]]]}
VILLAGES = [_village("99.01.01.2001", "Satu", 131.0), _village("99.01.01.2002", "Dua", 131.1)]


@pytest.fixture(scope="module")
def parts() -> Iterator[str]:
    """The templates alone, behind a socket."""
    app = Flask("routes", static_folder="static", template_folder="templates")
    app.secret_key = "parts"
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: text, lambda one, many, n: one if n == 1 else many, newstyle=True
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(csrf_token=lambda: "token")
    app.jinja_env.filters.update(count=lambda n: f"{n:,}".replace(",", "."))
    nav = [
        {"key": key, "label": label, "href": f"#{key}", "icon": key, "is_current": key == "incident"}
        for key, label in (("home", "Beranda"), ("incident", "Kejadian"), ("stock", "Stok"), ("registry", "Registri"),
                           ("document", "Dokumen"))
    ]  # fmt: skip

    @app.get("/parts")
    def components() -> str:
        return render_template(
            "components.html", office=OFFICE, lang="id", nav=nav, search_url="/cari", lang_url="/bahasa",
            logout_url="/keluar", me={"name": "Petugas Rekaan", "initials": "PR", "roles": ["Petugas logistik"]},
            boundaries_url="/boundaries", running={"name": "Banjir Rekaan", "href": "#", "day": 3, "days": 7},
            households_url="/households",
            villages=[{**one["properties"], "district": "Kecamatan Rekaan"} for one in VILLAGES],
            show_side="side" in request.args,
        )  # fmt: skip

    @app.get("/boundaries")
    def boundaries() -> Response:
        return jsonify({"type": "FeatureCollection", "features": VILLAGES})

    @app.get("/households")
    def households() -> Response:
        return jsonify({"lon_deg": [131.02, 131.021, 131.15], "lat_deg": [-7.85, -7.85, -7.86], "group": [0, 1, 2]})

    @app.get("/login")
    def login() -> str:
        errors = [{"field": "username", "text": "Nama pengguna atau kata sandi tidak cocok."}]
        return render_template("login.html", office=OFFICE, lang="id", lang_url="/bahasa", errors=errors, values={})

    @app.get("/problem")
    def problem() -> str:
        return render_template("error.html", lang="id", status=404, title="", what="Alamat ini tidak ada.", todo="")

    @app.get("/verify/<state>")
    def verify(state: str) -> str:
        result = {"state": state, "number": "TT/2026/XI/000214-7", "on_text": "Sabtu, 21 November 2026"}
        result |= {"village": "Satu", "package": "Paket Darurat 7 Hari", "items": ITEMS}  # type: ignore[dict-item]
        return render_template("public/verify.html", office=OFFICE, lang="id", result=result)

    @app.post("/<path:anything>")
    def taken(anything: str) -> Response:
        return make_response("", 204)

    @app.after_request
    def secure(response: Response) -> Response:
        rules = {name: value if isinstance(value, str) else " ".join(value) for name, value in CSP.items()}
        response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in rules.items())
        return response

    with serve(app) as address:
        yield address


@pytest.fixture
def quiet_page(page: Page) -> Iterator[Page]:
    """A page whose console stays empty: a refusal of the content security policy is told there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.emulate_media(reduced_motion="reduce")
    yield page
    assert said == []


def _open(page: Page, address: str, path: str = "/parts") -> None:
    page.goto(address + path)
    page.wait_for_load_state("networkidle")


@SCREENS
@pytest.mark.parametrize(
    "path", ["/parts", "/parts?side=1", "/login", "/problem", "/verify/valid", "/verify/voided", "/verify/unknown"]
)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, parts: str, path: str, size: Any, scheme: Any
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    _open(page, parts, path)
    assert faults(page, path) == []
    context.close()


def test_a_dialog_opens_says_what_will_happen_and_gives_the_focus_back(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    quiet_page.click("[data-dialog=d-void]")
    assert quiet_page.locator("#d-void").is_visible()
    assert "tidak berlaku lagi" in quiet_page.inner_text("#d-void")
    quiet_page.keyboard.press("Escape")
    assert not quiet_page.locator("#d-void").is_visible()
    assert quiet_page.evaluate("document.activeElement.dataset.dialog") == "d-void"


def test_the_side_panel_closes_by_escape_and_the_slash_key_finds_the_search(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts, "/parts?side=1")
    assert quiet_page.locator("#side-title").is_visible()
    quiet_page.keyboard.press("Escape")
    assert not quiet_page.locator("#side").is_visible()
    quiet_page.evaluate("document.activeElement.blur()")
    quiet_page.keyboard.press("/")
    assert quiet_page.evaluate("document.activeElement.name") == "q"


def test_the_summary_of_mistakes_has_the_focus_and_leads_to_the_field(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    assert quiet_page.evaluate("document.activeElement.hasAttribute('data-errors')")
    quiet_page.click("[data-errors] a >> nth=0")
    assert quiet_page.evaluate("document.activeElement.id") == "f-name"


def test_every_mistake_in_the_summary_says_of_which_field_it_is(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    named = quiet_page.evaluate("""() => [...document.querySelectorAll("[data-errors] a")].map((link) => {
        const label = document.getElementById(link.hash.slice(1)).labels[0].firstChild.textContent.trim();
        return [link.textContent, label];
    })""")
    assert len(named) > 1
    assert [text for text, label in named if label.lower() not in text.lower()] == []
    assert any(text.startswith(f"{label}: ") for text, label in named)


def test_a_form_is_sent_once(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    twice = """() => [1, 2].map(() => {
        const event = new Event("submit", { cancelable: true, bubbles: true });
        document.querySelector(".acts form").dispatchEvent(event);
        return event.defaultPrevented;
    })"""
    assert quiet_page.evaluate(twice) == [False, True]


def test_a_long_file_that_is_on_its_way_is_told(quiet_page: Page, parts: str) -> None:
    press = """(isStopped) => {
        const form = document.querySelector("form[enctype]");
        const event = new Event("submit", { cancelable: true, bubbles: true });
        form.addEventListener("submit", (event) => { if (isStopped) event.preventDefault(); }, { once: true });
        form.dispatchEvent(event);
        return form.querySelector("[data-sending-note]").textContent;
    }"""
    _open(quiet_page, parts)
    for size, said in ((1000, ""), (2 << 20, "Berkas sedang dikirim")):
        quiet_page.set_input_files("#f-file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"x" * size})
        told = quiet_page.evaluate(press, True)
        assert said in told and bool(said) is bool(told)
        # Another listener stopped it: nothing is on its way, and the form can be used again.
        quiet_page.wait_for_function("!document.querySelector('form[data-sending]')")
        assert not quiet_page.locator("[data-sending-note]").is_visible()
    quiet_page.evaluate(press, False)
    assert quiet_page.locator("[data-sending-note]").is_visible()


def test_the_rows_are_filtered_and_the_number_is_told(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    quiet_page.fill("#families-filter", "lauran")
    assert quiet_page.locator("#families tbody tr:visible").count() == 1
    assert quiet_page.inner_text("#families-shown") == "1 dari 3 baris"


def test_the_look_is_kept_for_the_next_page(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    quiet_page.click(".menu > summary")
    quiet_page.click("[data-theme-set=dark]")
    _open(quiet_page, parts)
    assert quiet_page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_an_area_is_drawn_on_the_map_and_written_for_the_form(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    frame = quiet_page.locator("[data-map-frame=map-draw]")
    frame.scroll_into_view_if_needed()
    frame.locator("[data-map-act=draw]").click()
    quiet_page.wait_for_selector("#map-draw .marker-icon, #map-draw.geoman-draw-cursor", state="attached")
    box = quiet_page.locator("#map-draw").bounding_box()
    assert box
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.6, 0.6), (0.3, 0.3)):
        quiet_page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        quiet_page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y, delay=30)
    outline = json.loads(frame.locator("[data-map-outline]").input_value())
    assert outline["type"] == "Polygon"
    assert len(outline["coordinates"][0]) == 4
    assert frame.locator("[data-map-act=clear]").is_visible()
    frame.locator("[data-map-act=clear]").click()
    assert frame.locator("[data-map-outline]").input_value() == ""


def test_a_village_is_picked_on_the_map_or_in_the_list(quiet_page: Page, parts: str) -> None:
    _open(quiet_page, parts)
    frame = quiet_page.locator("[data-map-frame=map-draw]")
    frame.scroll_into_view_if_needed()
    frame.get_by_label("Satu").check()
    assert frame.locator("[data-map-picked]").inner_text() == "1 desa dipilih"
    box = quiet_page.locator("#map-draw").bounding_box()
    assert box
    quiet_page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
    assert frame.get_by_label("Dua").is_checked()
    assert frame.locator("[data-map-picked]").inner_text() == "2 desa dipilih"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("area.geojson", json.dumps(AREA), "3 titik"),
        ("swapped.geojson", json.dumps(SWAPPED), "di luar peta"),
        ("point.geojson", '{"type":"Point","coordinates":[131.0,-7.9]}', "bukan GeoJSON berisi wilayah"),
        ("broken.geojson", "{", "bukan GeoJSON berisi wilayah"),
    ],
)
def test_an_uploaded_outline_is_shown_or_refused_in_words(
    quiet_page: Page, parts: str, name: str, text: str, says: str
) -> None:
    _open(quiet_page, parts)
    frame = quiet_page.locator("[data-map-frame=map-draw]")
    file: Any = {"name": name, "mimeType": "application/geo+json", "buffer": text.encode()}
    frame.locator("[data-map-file]").set_input_files(files=[file])
    told = frame.locator("[data-map-say]")
    told.filter(has_text=says).wait_for()


def test_a_phone_page_with_its_map_and_drawing_tools_is_light(browser: Browser, parts: str) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    sizes: dict[str, int] = {}

    def weigh(response: Any) -> None:
        body = response.body()
        sizes[response.url] = len(body) if response.url.endswith("woff2") else len(gzip.compress(body, 6))

    page.on("response", weigh)
    _open(page, parts)
    # The tools are fetched by the first click; the page itself may be idle already when it is looked at again.
    with page.expect_response(lambda response: "geoman" in response.url and response.url.endswith(".js")):
        page.locator("[data-map-act=draw]").click()
    page.wait_for_function("window.L && L.PM")
    page.wait_for_load_state("networkidle")
    context.close()
    assert any("geoman" in url for url in sizes)
    assert sum(sizes.values()) < WEIGHT_LIMIT_BYTES
    assert all(url.startswith(parts) for url in sizes), "nothing comes from elsewhere"


def test_the_public_page_runs_no_script_and_sets_no_cookie(browser: Browser, parts: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    _open(page, parts, "/verify/valid")
    assert page.locator("script").count() == 0
    assert context.cookies() == []
    assert "14,0 kg" in page.inner_text("main")
    context.close()
