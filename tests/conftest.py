"""What every test may ask for: both engines, a clock that stands still, a real browser.

A test that asks for ``work``, ``engine`` or ``database_url`` gets a fresh migrated database of its own, on each of the
engines that ``pytest_generate_tests`` gives it in turn.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy.engine import Engine

from core.accounts import commands as accounts
from core.clock import FixedClock
from core.crypto import Keyring, use_ring
from core.settings import Settings
from core.work import Work
from tests.support import chromium
from tests.support.databases import Run, import_models, open_for_test
from tests.support.demo import NOON, demonstration
from tests.support.serving import serve

ENGINES = ("sqlite", "postgresql")
WAYS_IN = tuple(Path(__file__).parent / folder for folder in ("routes", "browser"))
"""What a page or the API shows comes from queries that are tested on both engines, and the permission matrix lets one
role in at every address on both (on SQLite every role): their own tests run on SQLite, unless a mark ``engines`` names
others."""
RUN = pytest.StashKey[Run]()

# Thousands of databases are made and thrown away: in memory each costs a twentieth of what it costs on a slow disk.
MEMORY = Path("/dev/shm")  # noqa: S108 (only folders of our own making are used in it)
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 << 30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# Neither UTC nor the office's zone, so that a place that forgets the zone gives a wrong day here too.
os.environ["TZ"] = "Pacific/Auckland"
if hasattr(time, "tzset"):
    time.tzset()


# Foreign keys name tables of other nouns: as in the application, every model is known before the first statement.
import_models()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-browser", action="store_true", help="leave out the tests that drive a real browser")


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("tanggap_run")
    config.stash[RUN] = Run(Path(given)) if given else Run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell each worker of pytest-xdist where the run's folder is."""
    node.workerinput["tanggap_run"] = str(node.config.stash[RUN].folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--no-browser"):
        return
    driven = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in driven]
    config.hook.pytest_deselected(items=driven)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--no-browser"):
        terminalreporter.write_line("--no-browser: the tests that drive a real browser were left out.", yellow=True)
    if failed := os.environ.get("TANGGAP_FAILED_TOOLS"):
        terminalreporter.write_line(f"Failed before pytest (see above): {failed}", red=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say on which engines a test with a database runs; the one place that does."""
    if "engine_kind" not in metafunc.fixturenames:
        return
    is_way_in = any(metafunc.definition.path.is_relative_to(folder) for folder in WAYS_IN)
    named = metafunc.definition.get_closest_marker("engines")
    kinds = named.args if named else ENGINES[:1] if is_way_in else ENGINES
    metafunc.parametrize("engine_kind", kinds, scope="module")


# ---------------------------------------------------------------- databases, clock, keys


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    return pytestconfig.stash[RUN]


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """A fresh migrated database of its own for the test, on each engine in turn."""
    with run.database(engine_kind, tmp_path) as url:
        yield url


@pytest.fixture
def empty_database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """A database without tables, on each engine in turn."""
    with run.empty(engine_kind, tmp_path) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_for_test(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def fixed_clock() -> FixedClock:
    """Monday 16 November 2026, 09.00 in Jakarta; it moves only when told to."""
    return FixedClock(datetime(2026, 11, 16, 2, 0, tzinfo=UTC))


@pytest.fixture
def work(engine: Engine, fixed_clock: FixedClock) -> Work:
    return Work(engine, fixed_clock)


@pytest.fixture(scope="session")
def keys_dir(run: Run) -> Path:
    return run.keys_dir


@pytest.fixture(scope="session")
def keys(run: Run) -> Keyring:
    """The keys of this run; every test database is sealed with them."""
    return run.keys()


@pytest.fixture(autouse=True)
def _use_keys(keys: Keyring) -> None:
    use_ring(keys)


@pytest.fixture(autouse=True, scope="session")
def product_hasher() -> Iterator[PasswordHasher]:
    """What the product hashes passwords with; in the tests thousands log in, so there each costs next to nothing."""
    with pytest.MonkeyPatch.context() as patch:
        kept: PasswordHasher = vars(accounts)["_hasher"]
        patch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield kept


# ---------------------------------------------------------------- the application


@pytest.fixture
def settings(database_url: str, keys_dir: Path, tmp_path: Path) -> Settings:
    return Settings.from_env(
        database_url=database_url, data_dir=tmp_path / "var", keys_dir=keys_dir, public_url="http://tanggap.test"
    )


@pytest.fixture
def app(settings: Settings, work: Work) -> Iterator[Flask]:
    """The application on the test's own database and clock."""
    from tests.support.applications import application

    with application(settings, work) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application behind a real socket, for ``page``."""
    with serve(app) as address:
        yield address


# ---------------------------------------------------------------- the demonstration


@pytest.fixture
def demo_work(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[Work]:
    """The demonstration district with 1,500 households on a database of its own, its clock at noon of its third day."""
    with run.database(engine_kind, tmp_path, demonstration) as url:
        engine = open_for_test(url)
        yield Work(engine, FixedClock(NOON))
        engine.dispose()


@pytest.fixture
def demo_app(demo_work: Work, keys_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application on the demonstration."""
    from tests.support.applications import application

    settings = Settings.from_env(
        database_url=demo_work.engine.url.render_as_string(hide_password=False),
        data_dir=tmp_path / "var",
        keys_dir=keys_dir,
        public_url="http://tanggap.test",
    )
    with application(settings, demo_work) as app:
        yield app


@pytest.fixture
def demo_address(demo_app: Flask) -> Iterator[str]:
    """The demonstration behind a real socket, for ``page``."""
    with serve(demo_app) as address:
        yield address


# ---------------------------------------------------------------- browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium. Fails where none can be had: only --no-browser leaves a browser test out, never silence."""
    chromium.playwright_environment()
    found = chromium.ensure()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.executable, args=list(found.flags), env={**os.environ, **found.env}
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page as a person in the office has it; an uncaught error in a script fails the test."""
    context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert not wrong, f"errors in the page's scripts: {wrong}"
