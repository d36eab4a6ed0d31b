from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.work import Work
from tests.flows import line
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district on each engine in turn: six square villages with twelve households each."""
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    return line.open_flood(work)
