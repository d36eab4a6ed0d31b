from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.flows import line
from tests.support.databases import Run


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district on each engine in turn: six square villages with twelve households each."""
    with run.database(request.param, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture(params=ENGINES)
def empty_office_url(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[str]:
    """A migrated database without an office, on each engine in turn."""
    with run.database(request.param, tmp_path) as url:
        yield url
