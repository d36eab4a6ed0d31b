from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.work import Work
from tests.flows import line
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district with a week at its posts, on each engine in turn."""
    with run.database(engine_kind, tmp_path, line.district_with_sent_week) as url:
        yield url


@pytest.fixture
def week(work: Work) -> line.SentWeek:
    return line.sent_week_of(work)
