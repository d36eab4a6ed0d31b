"""The walk against a slow one that asks every set of reaches; and what it promises."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.planning import allocation
from logistics.planning.allocation import (
    Allocation,
    Policy,
    Queue,
    Stock,
    TooManyReaches,
    allocate,
    closed_sets,
    largest_floor,
    within_floor,
)

Case = tuple[Queue, Stock]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few households, items, warehouses and reaches; often too little of something."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    households, items = draw(st.integers(0, 24)), draw(st.integers(1, 3))
    warehouses, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    patterns = draw(st.integers(1, 4))
    needs = chance.integers(0, 5, (patterns, items)) * 1000
    queue = Queue(
        reach=chance.integers(0, classes, households), village=chance.integers(0, 4, households),
        pattern=chance.integers(0, patterns, households), needs=needs,
    )  # fmt: skip
    plenty = max(1, households * 2 // warehouses)
    return queue, Stock(
        free_milli=chance.integers(0, plenty + 1, (warehouses, items)) * 1000,
        reaches=chance.random((warehouses, classes)) < draw(st.sampled_from((0.3, 0.6, 1.0))),
    )


def is_feasible(given_milli: np.ndarray, stock: Stock, item: int) -> bool:
    """Ask every set of classes there is. Shape: (classes,)."""
    for size in range(1, len(given_milli) + 1):
        for chosen in combinations(range(len(given_milli)), size):
            reaching = stock.reaches[:, list(chosen)].any(axis=1)
            if given_milli[list(chosen)].sum() > stock.free_milli[reaching, item].sum():
                return False
    return True


def slowly(queue: Queue, stock: Stock, floor: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give each household in its turn as much as is possible, thousand by thousand."""
    first = within_floor(queue, floor)
    order = [*np.flatnonzero(first).tolist(), *np.flatnonzero(~first).tolist()]
    got = np.zeros((len(queue), queue.needs.shape[1]), dtype=np.int64)
    for item in range(queue.needs.shape[1]):
        given_milli = np.zeros(stock.reaches.shape[1], dtype=np.int64)
        for place in order:
            at, need = queue.reach[place], queue.needs[queue.pattern[place], item]
            while got[place, item] < need:
                given_milli[at] += 1000
                if not is_feasible(given_milli, stock, item):
                    given_milli[at] -= 1000
                    break
                got[place, item] += 1000
    return got, np.array(order, dtype=np.int64)


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from((0, 300, 700)))
def test_the_walk_is_the_slow_walk(case: Case, floor: int):
    queue, stock = case
    found = allocate(queue, stock, Policy(floor_permille=floor))
    got, order = slowly(queue, stock, floor)
    needs = queue.needs[queue.pattern]
    assert found.order.tolist() == order.tolist()
    assert (found.is_filled == (got == needs)).all()
    assert (found.given_milli == np.where(got == needs, needs, 0)).all()
    for item, walked in enumerate(found.walked):
        lacking = ~walked.is_filled
        assert (walked.left_milli[lacking] == got[lacking, item]).all()


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 3), st.integers(0, 2), st.integers(1, 9))
def test_more_stock_takes_nothing_from_anybody(case: Case, warehouse: int, item: int, more: int):
    queue, stock = case
    free = stock.free_milli.copy()
    free[warehouse % len(free), item % free.shape[1]] += more * 1000
    before, after = allocate(queue, stock), allocate(queue, Stock(free_milli=free, reaches=stock.reaches))
    assert (after.is_filled >= before.is_filled).all()
    assert (after.given_milli >= before.given_milli).all()


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_better_road_takes_nothing_from_who_used_it(case: Case):
    """What is given can be brought, whatever the reaches: the totals hold for every set."""
    queue, stock = case
    found = allocate(queue, stock)
    for item in range(queue.needs.shape[1]):
        by_class = np.bincount(queue.reach, weights=found.given_milli[:, item], minlength=stock.reaches.shape[1])
        assert is_feasible(by_class.astype(np.int64), stock, item)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_every_reason_is_true(case: Case):
    """Bring what is said to be missing, and what those ahead lack, to where it ran out: the line is filled."""
    queue, stock = case
    found = allocate(queue, stock)
    told = found.lacks()
    assert sorted(told) == np.flatnonzero(~found.is_whole).tolist()
    for place, lacks in told.items():
        assert [lack.item for lack in lacks] == np.flatnonzero(~found.is_filled[place]).tolist()
        for lack in lacks:
            assert int(queue.reach[place]) in lack.classes
            assert 0 <= lack.left_milli < lack.need_milli
            reaches = np.zeros((1, stock.reaches.shape[1]), dtype=bool)
            reaches[0, list(lack.classes)] = True
            brought = np.zeros((1, queue.needs.shape[1]), dtype=np.int64)
            brought[0, lack.item] = lack.missing_milli + lack.ahead_milli
            helped = Stock(
                free_milli=np.vstack([stock.free_milli, brought]), reaches=np.vstack([stock.reaches, reaches])
            )
            assert allocate(queue, helped).is_filled[place, lack.item]
            if lack.last_served is not None:
                assert found.is_filled[lack.last_served, lack.item]
                assert queue.needs[queue.pattern[lack.last_served], lack.item] > 0


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_largest_floor_is_kept_whole_and_is_the_largest(case: Case):
    queue, stock = case
    floor = largest_floor(queue, stock)

    def is_kept(permille: int) -> bool:
        chosen = within_floor(queue, permille)
        return bool(allocate(queue, stock, Policy(floor_permille=permille)).is_whole[chosen].all())

    assert is_kept(floor)
    assert floor == 1000 or not is_kept(floor + 1)


def test_leaps_longer_than_a_block_change_nothing(monkeypatch: pytest.MonkeyPatch):
    chance = np.random.default_rng(3)
    queue = Queue(
        reach=chance.integers(0, 3, 500), village=chance.integers(0, 9, 500), pattern=chance.integers(0, 6, 500),
        needs=chance.integers(0, 5, (6, 4)) * 1000,
    )  # fmt: skip
    stock = Stock(
        free_milli=chance.integers(100, 300, (4, 4)) * 1000,
        reaches=np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool),
    )
    whole = allocate(queue, stock)
    monkeypatch.setattr(allocation, "_BLOCK", 7)
    small = allocate(queue, stock)
    assert (whole.is_filled == small.is_filled).all()
    assert not whole.is_whole.all()
    assert whole.is_whole.any()


def test_parts_follow_the_policy():
    queue = Queue(
        reach=np.array([0, 0]), village=np.array([0, 0]), pattern=np.array([0, 0]), needs=np.array([[1000, 7000]])
    )
    stock = Stock(free_milli=np.array([[1000, 14000]]), reaches=np.array([[True]]))

    def given_to_the_second(policy: Policy) -> list[int]:
        found: Allocation = allocate(queue, stock, policy)
        return [int(one) for one in found.given_milli[1]]

    assert given_to_the_second(Policy()) == [0, 7000]
    assert given_to_the_second(Policy(part_items=(1,))) == [0, 7000]
    assert given_to_the_second(Policy(part_items=())) == [0, 0], "its rice stays for it, nobody else gets it"


def test_reaches_crosswise_without_end_are_refused():
    with pytest.raises(TooManyReaches):
        closed_sets(np.eye(14, dtype=bool))
    assert len(closed_sets(np.ones((30, 30), dtype=bool))) == 1
