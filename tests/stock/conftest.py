from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.work import Work
from tests.stock.shop import Shop, a_shop, assert_sound, shop_of
from tests.support.databases import Run

WITH_SHOP = {"shop", "hypothesis_shop"}


@pytest.fixture
def database_url(request: pytest.FixtureRequest, engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """A migrated database, with the shop in it where the test asks for one."""
    with run.database(engine_kind, tmp_path, a_shop if WITH_SHOP & set(request.fixturenames) else None) as url:
        yield url


@pytest.fixture
def shop(work: Work) -> Iterator[Shop]:
    """An office with two warehouses and two posts; its books must be sound when the test ends."""
    yield shop_of(work)
    assert_sound(work)
