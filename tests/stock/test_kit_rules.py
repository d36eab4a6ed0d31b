"""The arithmetic of kits: whatever lies on the shelves, nothing is made from nothing and every kit is whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measures import Milli
from stock.kits.rules import makes, segments
from stock.ledger.kinds import FundingSource
from stock.ledger.rules import Lot, picking_order

PLACE = UUID(int=1)
RICE, OIL = UUID(int=10), UUID(int=11)


def lot(item: UUID, number: int, free: int, expires: date | None = None) -> Lot:
    return Lot(
        place_id=PLACE, item_id=item, batch_id=UUID(int=1000 + number), batch_code=f"BT-{number}",
        funding_source=FundingSource.APBD, expires_on=expires, received_on=date(2026, 1, 1), free_milli=free,
    )  # fmt: skip


def test_a_batch_that_runs_out_in_the_middle_of_a_kit_makes_that_kit_a_batch_of_its_own():
    early, late = lot(RICE, 1, 25_000, date(2027, 1, 1)), lot(RICE, 2, 100_000, date(2027, 6, 1))
    found = segments(5, {RICE: Milli(10_000)}, [late, early])
    assert [(one.kits, dict(one.per_kit)) for one in found] == [
        (2, {early.batch_id: 10_000}),
        (1, {early.batch_id: 5_000, late.batch_id: 5_000}),
        (2, {late.batch_id: 10_000}),
    ]


def test_batches_of_two_components_that_run_out_at_once_make_one_cut():
    shelf = [lot(RICE, 1, 20_000), lot(RICE, 2, 90_000), lot(OIL, 3, 4_000), lot(OIL, 4, 9_000)]
    found = segments(4, {RICE: Milli(10_000), OIL: Milli(2_000)}, shelf)
    assert [one.kits for one in found] == [2, 2]
    assert [set(one.per_kit) for one in found] == [
        {UUID(int=1001), UUID(int=1003)}, {UUID(int=1002), UUID(int=1004)},
    ]  # fmt: skip


def test_one_kit_may_need_three_batches():
    shelf = [lot(RICE, no, 4_000, date(2027, no, 1)) for no in (1, 2, 3)]
    (only,) = segments(1, {RICE: Milli(10_000)}, shelf)
    assert dict(only.per_kit) == {UUID(int=1001): 4_000, UUID(int=1002): 4_000, UUID(int=1003): 2_000}


def test_the_scarcest_component_says_how_many():
    recipe = {RICE: Milli(10_000), OIL: Milli(2_000)}
    assert makes(recipe, {RICE: Milli(95_000), OIL: Milli(8_000)}) == {RICE: 9, OIL: 4}
    assert makes(recipe, {}) == {RICE: 0, OIL: 0}


def test_what_is_not_there_is_not_assembled():
    with pytest.raises(ValueError, match="too little"):
        segments(2, {RICE: Milli(10_000)}, [lot(RICE, 1, 19_999)])
    with pytest.raises(ValueError, match="nothing"):
        segments(0, {RICE: Milli(10_000)}, [lot(RICE, 1, 19_999)])


recipes = st.dictionaries(st.integers(1, 5).map(lambda no: UUID(int=no)), st.integers(1, 40), min_size=1, max_size=4)


@st.composite
def shelves(draw: st.DrawFn) -> tuple[dict[UUID, Milli], list[Lot], int]:
    """Give a recipe, lots of its components, and a number of kits that they do for."""
    recipe = {item: Milli(each) for item, each in draw(recipes).items()}
    lots: list[Lot] = []
    for item in recipe:
        for _ in range(draw(st.integers(1, 6))):
            day = draw(st.one_of(st.none(), st.integers(0, 40).map(lambda n: date(2027, 1, 1) + timedelta(days=n))))
            lots.append(lot(item, len(lots), draw(st.integers(0, 300)), day))
    free: dict[UUID, Milli] = defaultdict(lambda: Milli(0))
    for one in lots:
        free[one.item_id] = Milli(free[one.item_id] + one.free_milli)
    return recipe, lots, min(makes(recipe, free).values())


@given(shelves(), st.data())
def test_segments_add_up_take_what_goes_first_and_never_more_than_is_free(
    made: tuple[dict[UUID, Milli], list[Lot], int], data: st.DataObject
):
    recipe, lots, most = made
    if not most:
        return
    kits = data.draw(st.integers(1, most))
    found = segments(kits, recipe, lots)
    item_of = {one.batch_id: one.item_id for one in lots}
    taken: dict[UUID, int] = defaultdict(int)

    assert sum(one.kits for one in found) == kits
    for one in found:
        assert one.kits >= 1
        per_item: dict[UUID, int] = defaultdict(int)
        for batch_id, each in one.per_kit.items():
            assert each > 0
            per_item[item_of[batch_id]] += each
            taken[batch_id] += each * one.kits
        assert per_item == recipe
    for item in recipe:
        shelf = sorted((one for one in lots if one.item_id == item), key=picking_order)
        left = kits * recipe[item]
        for lot in shelf:
            assert taken[lot.batch_id] == min(left, lot.free_milli), (
                "the earliest is emptied before the next is touched"
            )
            left -= taken[lot.batch_id]
        assert left == 0
    # Neighbours differ, so no more batches are made than the content demands.
    assert all(dict(a.per_kit) != dict(b.per_kit) for a, b in pairwise(found))
