"""The demonstration district, small, made once in a run for each engine and copied for every test that asks for it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.engine import Engine

from core.clock import FixedClock
from core.crypto import use_ring
from core.settings import Settings
from core.work import Work
from tests.support.databases import Run

NOON = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
"""Wednesday 18 November 2026, 13.00 in Jakarta: the story of the demonstration ends then."""
HOUSEHOLDS = 1500


def demonstration(engine: Engine, run: Run) -> None:
    """Fill a migrated database with the demonstration."""
    from routes.context import Runtime
    from routes.demo.load import make_demo

    ring = run.keys()
    use_ring(ring)
    settings = Settings.from_env(
        database_url=engine.url.render_as_string(hide_password=False),
        data_dir=run.folder / "demo",
        keys_dir=run.keys_dir,
    )
    runtime = Runtime(settings, Work(engine, FixedClock(NOON)), ring)
    for _ in make_demo(runtime, households=HOUSEHOLDS, seed=9901):
        pass
