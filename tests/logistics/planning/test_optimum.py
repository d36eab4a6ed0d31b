"""The most that the same stock could do, against every choice there is; and who would be overtaken by it."""

from __future__ import annotations

from itertools import combinations, product
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.planning.allocation import Allocation, Policy, Queue, Stock, allocate, within_floor
from logistics.planning.optimum import optimum, overtaken

Case = tuple[Queue, Stock, np.ndarray, np.ndarray]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few households of two tiers, two items, warehouses that reach some of them."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    households, classes, warehouses = draw(st.integers(0, 8)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    queue = Queue(
        reach=chance.integers(0, classes, households), village=chance.integers(0, 3, households),
        pattern=chance.integers(0, 3, households), needs=chance.integers(0, 4, (3, 2)) * 1000,
    )  # fmt: skip
    stock = Stock(
        free_milli=chance.integers(0, households + 2, (warehouses, 2)) * 1000,
        reaches=chance.random((warehouses, classes)) < 0.7,
    )
    return queue, stock, chance.integers(1, 6, households), np.sort(chance.integers(0, 2, households))


def fits(queue: Queue, stock: Stock, given_milli: np.ndarray) -> bool:
    """Ask every set of reaches."""
    classes = range(stock.reaches.shape[1])
    for some in (list(few) for size in range(1, len(classes) + 1) for few in combinations(classes, size)):
        there = stock.free_milli[stock.reaches[:, some].any(axis=1)].sum(axis=0)
        if (given_milli[np.isin(queue.reach, some)].sum(axis=0) > there).any():
            return False
    return True


def choices(case: Case) -> list[np.ndarray]:
    queue, stock, _, _ = case
    needs = queue.needs[queue.pattern]
    every = (np.array(chosen, dtype=bool) for chosen in product((False, True), repeat=len(queue)))
    return [chosen for chosen in every if fits(queue, stock, needs * chosen[:, None])]


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from((0, 400)))
def test_the_most_is_the_most_and_tier_by_tier(case: Case, floor: int):
    queue, stock, persons, tier = case
    found = allocate(queue, stock, Policy(floor_permille=floor))
    is_floor = within_floor(queue, floor)
    answer = optimum(found, stock, persons=persons, tier=tier, is_floor=is_floor)
    every = choices(case)
    tiers = np.where(is_floor, -1, tier)
    best = max(tuple(int(persons[chosen & (tiers == one)].sum()) for one in (-1, 0, 1)) for chosen in every)
    assert answer.is_proved
    assert answer.tier_persons == sum(best)
    assert answer.most_persons == max(int(persons[chosen].sum()) for chosen in every)
    assert answer.strict_persons == persons[found.is_whole].sum() <= answer.most_persons
    assert answer.strict_households == found.is_whole.sum()


def gone_to_another(queue: Queue, stock: Stock, given_milli: np.ndarray, order: np.ndarray, place: int) -> bool:
    """Take everything from those after it: was all that it lacks there, and is it no longer?"""
    lacks = queue.needs[queue.pattern][place] - given_milli[place]
    if not lacks.any():
        return False
    at = int(np.flatnonzero(order == place)[0])
    before = np.zeros_like(given_milli)
    before[order[: at + 1]] = given_milli[order[: at + 1]]
    before[place] += lacks
    everybody = given_milli.copy()
    everybody[place] += lacks
    items = np.flatnonzero(lacks)
    few = Queue(reach=queue.reach, village=queue.village, pattern=queue.pattern, needs=queue.needs[:, items])
    shelf = Stock(free_milli=stock.free_milli[:, items], reaches=stock.reaches)
    return fits(few, shelf, before[:, items]) and not fits(few, shelf, everybody[:, items])


@settings(max_examples=100, deadline=None)
@given(cases(), st.sampled_from((0, 400)), st.randoms(use_true_random=False))
def test_who_is_overtaken_is_counted_and_the_strict_order_overtakes_nobody(case: Case, floor: int, chance: Random):
    queue, stock, _, _ = case
    found: Allocation = allocate(queue, stock, Policy(floor_permille=floor))
    assert not overtaken(queue, stock, found.given_milli, found.order).any()
    chosen = chance.choice(choices(case))
    given_milli = queue.needs[queue.pattern] * chosen[:, None]
    told = overtaken(queue, stock, given_milli, found.order)
    for place in range(len(queue)):
        assert told[place] == gone_to_another(queue, stock, given_milli, found.order, place)


def test_the_larger_family_after_a_smaller_one_is_the_most_and_overtakes_it():
    queue = Queue(reach=np.array([0, 0]), village=np.array([0, 0]), pattern=np.array([0, 0]), needs=np.array([[1000]]))
    stock = Stock(free_milli=np.array([[1000]]), reaches=np.array([[True]]))
    found = allocate(queue, stock)
    answer = optimum(found, stock, persons=np.array([2, 5]), tier=np.array([0, 0]))
    assert (answer.strict_persons, answer.tier_persons, answer.most_persons, answer.overtaken) == (2, 5, 5, 1)
    kept = optimum(found, stock, persons=np.array([2, 5]), tier=np.array([0, 1]))
    assert (kept.tier_persons, kept.most_persons, kept.overtaken) == (2, 5, 0)


def test_out_of_time_the_strict_order_and_a_bound_stand():
    chance = np.random.default_rng(2)
    queue = Queue(
        reach=chance.integers(0, 3, 400), village=chance.integers(0, 9, 400), pattern=chance.integers(0, 30, 400),
        needs=chance.integers(1, 9, (30, 6)) * 1000,
    )  # fmt: skip
    stock = Stock(
        free_milli=chance.integers(100, 500, (4, 6)) * 1000,
        reaches=np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool),
    )
    found, persons = allocate(queue, stock), chance.integers(1, 9, 400)
    answer = optimum(found, stock, persons=persons, tier=np.zeros(400, dtype=np.int64), seconds=0.0)
    assert answer.strict_persons <= answer.tier_persons <= answer.most_persons <= persons.sum()
