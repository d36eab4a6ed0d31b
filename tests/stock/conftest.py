from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.work import Work
from tests.stock.shop import Shop, assert_sound, open_shop


@pytest.fixture
def shop(work: Work) -> Iterator[Shop]:
    """An office with two warehouses and two posts; its books must be sound when the test ends."""
    yield open_shop(work)
    assert_sound(work)
