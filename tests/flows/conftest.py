from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows import line
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district on each engine in turn: six square villages with twelve households each."""
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def empty_office_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """A migrated database without an office, on each engine in turn."""
    with run.database(engine_kind, tmp_path) as url:
        yield url
