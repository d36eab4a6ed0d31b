"""How browser tests look at a page: by whom, on which screen, and what must hold of every one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, TimeoutError

from routes.limiter import limiter
from tests.support.builders import PASSWORD

PHONE: Any = {"width": 360, "height": 740}
DESK: Any = {"width": 1280, "height": 900}
SCREENS = pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["360-dark", "1280-light"]
)  # fmt: skip
"""Colours follow the scheme and room follows the width: two screens show what four would."""
PATIENCE_MS = 120_000
"""Nothing waits that long unless it is broken; a slow machine may take a tenth of it for a page."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


class Opens(Protocol):
    """Logs somebody in, in a browser of their own; nobody where no name is given."""

    def __call__(self, username: str, size: Any = DESK, scheme: Any = "light") -> Page: ...


@contextmanager
def opening(browser: Browser, address: str) -> Iterator[Opens]:
    """Give what opens pages; whatever a console says, or a script fails with, fails the test."""
    said: list[str] = []
    contexts: list[BrowserContext] = []

    def heard(username: str, told: ConsoleMessage) -> None:
        # A form that is sent back with its mistakes is answered by 422, which Chromium notes.
        if told.type in ("error", "warning") and "status of 422" not in told.text:
            said.append(f"{username}: {told.text}")

    def open_as(username: str, size: Any = DESK, scheme: Any = "light") -> Page:
        context = browser.new_context(
            locale="id-ID", timezone_id="Asia/Jayapura", viewport=size, color_scheme=scheme, reduced_motion="reduce"
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda told: heard(username, told))
        page.on("pageerror", lambda error: said.append(f"{username}: {error}"))
        if username:
            page.goto(f"{address}/masuk")
            page.fill("#f-username", username)
            page.fill("#f-password", PASSWORD)
            page.click("main button.is-primary")
            page.wait_for_url(f"{address}/")
        return page

    limiter.enabled = False
    try:
        yield open_as
    finally:
        limiter.enabled = True
        for context in contexts:
            context.close()
    assert said == []


OPENED = """() => {
    window.scrollTo(0, 0);
    for (const one of document.querySelectorAll("main *, nav")) {
        const shown = getComputedStyle(one);
        const sticks = ["sticky", "fixed"].includes(shown.position);
        const scrolls = ["auto", "scroll"].includes(shown.overflowY);
        if ((sticks || scrolls) && !one.closest("dialog, .leaflet-container")) {
            one.dataset.styled = one.style.cssText;
            if (sticks) one.style.position = "static";
            if (scrolls) { one.style.maxHeight = "none"; one.style.overflowY = "visible"; }
        }
    }
}"""
CLOSED = """() => {
    for (const one of document.querySelectorAll("[data-styled]")) {
        one.style.cssText = one.dataset.styled; delete one.dataset.styled;
    }
}"""


SETTLED_MS = 10_000


def fits(page: Page) -> bool:
    """Tell whether a page is no wider than its screen.

    A press may just be leaving for another page, whose document has no element yet: that is waited for.
    """
    try:
        page.wait_for_function("document.documentElement?.scrollWidth <= window.innerWidth", timeout=SETTLED_MS)
    except TimeoutError:
        return False
    return True


def faults(page: Page, where: str) -> list[str]:
    """Tell what axe finds on a page, and whether it is wider than its screen."""
    # What lies half under a bar that stays, or under an edge, is small only until somebody scrolls.
    page.evaluate(OPENED)
    found = Axe().run(page, options=RULES)
    page.evaluate(CLOSED)
    wrong = [f"{where}: {found.generate_report()}"] if found.response["violations"] else []
    if not fits(page):
        wrong.append(f"{where}: wider than the screen")
    return wrong


def visit(page: Page, address: str, where: str) -> list[str]:
    """Open a page, which must be there, and tell what is wrong with it."""
    answer = page.goto(address + where)
    assert answer is not None and answer.status == 200, where
    return faults(page, where)
