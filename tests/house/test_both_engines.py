"""The ground of every other test: a fresh database of its own, on both engines."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import Page
from sqlalchemy.engine import Engine

from core.actor import system
from core.audit import AuditRow
from core.work import Work


def test_every_test_starts_on_an_empty_migrated_database(engine: Engine):
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(AuditRow)) == 0


def test_what_one_test_writes_another_does_not_see(work: Work, engine: Engine):
    with work.by(system("99.01")) as tx:
        tx.note("test.wrote", "test", "1")
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(AuditRow)) == 1


def test_the_browser_draws_text(page: Page):
    page.set_content("<h1 style='display:inline-block'>Kecamatan</h1>")
    box = page.locator("h1").bounding_box()
    assert box is not None
    assert box["width"] > 60
