from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import PATIENCE_MS, Opens, opening

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def enter(browser: Browser, address: str) -> Iterator[Opens]:
    """Log somebody in, each in a browser of their own."""
    with opening(browser, address) as opens:
        yield opens
