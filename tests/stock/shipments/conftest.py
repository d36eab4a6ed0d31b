from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.work import Work
from stock.shipments.proof import road_differences
from tests.stock.shop import ACTOR, Shop, assert_sound, shop_of


@pytest.fixture
def shop(work: Work) -> Iterator[Shop]:
    """An office with two warehouses; its books are sound and its road agrees with its shipments when the test ends."""
    yield shop_of(work)
    assert_sound(work)
    with work.read_by(ACTOR) as tx:
        assert road_differences(tx) == ()
