"""Spreading groups over posts against asking every answer there is; and what the proofs and steps promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logistics.planning.flows import DEAREST, Carried, carry, costs_of, settle
from logistics.planning.reaching import OUT_OF_REACH
from logistics.planning.scheduling import (
    Bottleneck,
    Crowd,
    NoRoom,
    Step,
    bottleneck,
    bottlenecks,
    fewest_places,
    placed_by_rank,
    relaxations,
    spread,
)


@st.composite
def crowds(draw: st.DrawFn, most: int = 4) -> Crowd:
    """A few groups and posts, often too few places, often several answers that are equally near."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups, posts = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    metres = chance.integers(0, draw(st.sampled_from((2, 4, 30))), (groups, posts))
    metres[chance.random((groups, posts)) < draw(st.sampled_from((0.0, 0.3, 0.6)))] = OUT_OF_REACH
    return Crowd(
        demand=chance.integers(0, most, groups), metres=metres, places=chance.integers(0, most + 2, posts)
    )  # fmt: skip


def unplaced(crowd: Crowd) -> int:
    """Ask every set of groups by how much its posts are too few."""
    groups = range(len(crowd.demand))
    return max(

            int(crowd.demand[list(some)].sum() - crowd.places[(crowd.metres[list(some)] >= 0).any(axis=0)].sum())
            for size in range(len(crowd.demand) + 1)
            for some in combinations(groups, size)

    )  # fmt: skip


def ways_to_split(amount: int, posts: list[int], width: int) -> Iterator[list[int]]:
    for parts in product(range(amount + 1), repeat=len(posts)):
        if sum(parts) == amount:
            row = [0] * width
            for post, part in zip(posts, parts, strict=True):
                row[post] = part
            yield row


def walked(crowd: Crowd, amounts: np.ndarray) -> int:
    return int((amounts * np.where(crowd.metres < 0, 0, crowd.metres)).sum())


@settings(max_examples=150, deadline=None)
@given(crowds(most=3))
def test_spread_is_the_nearest_answer_and_of_those_the_declared_one(crowd: Crowd):
    if unplaced(crowd):
        with pytest.raises(NoRoom) as refused:
            spread(crowd)
        assert refused.value.bottleneck == bottleneck(crowd)
        return
    reached = [np.flatnonzero(row >= 0).tolist() for row in crowd.metres]
    every = product(
        *(
            list(ways_to_split(int(amount), posts, len(crowd.places)))
            for amount, posts in zip(crowd.demand, reached, strict=True)
        )
    )
    fitting = [rows for rows in map(np.array, every) if (rows.sum(axis=0) <= crowd.places).all()]
    best = min(fitting, key=lambda rows: (walked(crowd, rows), (-rows).ravel().tolist()))
    assert (spread(crowd) == best).all()


@settings(max_examples=80, deadline=None)
@given(crowds(), st.integers(0, 2**32 - 1))
def test_the_answer_does_not_depend_on_the_way_it_was_found(crowd: Crowd, seed: int):
    """Solved with groups and posts in another order, it settles on the same."""
    assume(not unplaced(crowd))
    chance = np.random.default_rng(seed)
    rows, columns = chance.permutation(len(crowd.demand)), chance.permutation(len(crowd.places))
    costs = costs_of(crowd.metres)
    other = carry(crowd.demand[rows], costs[np.ix_(rows, columns)], crowd.places[columns])
    amounts = np.zeros_like(costs)
    amounts[np.ix_(rows, columns)] = other.amounts
    assert (settle(Carried(costs=costs, places=crowd.places, amounts=amounts)) == spread(crowd)).all()


@settings(max_examples=150, deadline=None)
@given(crowds())
def test_the_proof_adds_up_and_is_the_smallest(crowd: Crowd):
    proof, short = bottleneck(crowd), unplaced(crowd)
    parts = bottlenecks(crowd)
    assert sum(one.short for one in parts) == short
    if proof is None:
        assert not short
        return
    for one in (proof, *parts):
        groups = list(one.groups)
        assert one.need == crowd.demand[groups].sum()
        assert set(one.posts) == set(np.flatnonzero((crowd.metres[groups] >= 0).any(axis=0)).tolist())
        assert one.hold == crowd.places[list(one.posts)].sum()
        assert one.short > 0
    assert proof.short == short
    assert sorted(group for one in parts for group in one.groups) == list(proof.groups)
    for size in range(1, len(proof.groups)):
        for some in combinations(range(len(crowd.demand)), size):
            posts = (crowd.metres[list(some)] >= 0).any(axis=0)
            assert crowd.demand[list(some)].sum() - crowd.places[posts].sum() < short, "a smaller one proves as much"


@settings(max_examples=150, deadline=None)
@given(crowds(), st.lists(st.integers(0, 4), max_size=14))
def test_who_has_a_place_is_decided_in_the_order_of_the_list(crowd: Crowd, members: list[int]):
    members = [one % len(crowd.demand) for one in members]
    demand, placed = np.zeros(len(crowd.demand), dtype=np.int64), []
    for group in members:
        demand[group] += 1
        placed.append(not unplaced(replace(crowd, demand=demand)))
        demand[group] -= not placed[-1]
    assert placed_by_rank(crowd, np.array(members, dtype=np.int64)).tolist() == placed


@settings(max_examples=100, deadline=None)
@given(crowds(), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_every_step_brings_what_it_says_and_none_is_left_out(crowd: Crowd, day: list[int]):
    short = unplaced(crowd)
    found = relaxations(crowd, day_places=np.array(day)[: len(crowd.places)], tries=99)
    for one in found:
        places, metres = crowd.places.copy(), crowd.metres.copy()
        if one.step is Step.ANOTHER_POST:
            assert metres[one.group, one.post] == OUT_OF_REACH
            metres[one.group, one.post] = 1
        else:
            places[one.post] += one.places
        changed = replace(crowd, places=places, metres=metres)
        assert unplaced(changed) == one.still_short == short - one.helps
        if one.step is Step.MORE_PLACES and one.places:
            places[one.post] -= 1
            assert unplaced(replace(changed, places=places)) == one.still_short + 1, "fewer would have done"
    assert [one.is_enough for one in found] == sorted((one.is_enough for one in found), reverse=True)
    told = {(one.group, one.post) for one in found if one.step is Step.ANOTHER_POST}
    for group, post in zip(*np.nonzero(crowd.metres < 0), strict=True):
        metres = crowd.metres.copy()
        metres[group, post] = 1
        does_help = unplaced(replace(crowd, metres=metres)) < short
        assert does_help == ((group, post) in told)


@settings(max_examples=100, deadline=None)
@given(crowds(most=3))
def test_the_fewest_places_to_add_are_where_people_walk_least(crowd: Crowd):
    has_way = (crowd.metres >= 0).any(axis=1)
    crowd = replace(crowd, demand=np.where(has_way, crowd.demand, 0))
    more, short = fewest_places(crowd), unplaced(crowd)
    assert more.sum() == short
    least = walked(crowd, spread(replace(crowd, places=crowd.places + more)))
    for added in ways_to_split(short, list(range(len(more))), len(more)) if short <= 3 else ():
        other = replace(crowd, places=crowd.places + np.array(added))
        if not unplaced(other):
            assert walked(other, spread(other)) >= least


def test_unknown_distances_stand_beside_known_ones():
    far = 100_000_001
    crowd = Crowd(
        demand=np.array([3, 3]), metres=np.array([[far, far], [100, 900]]), places=np.array([3, 3]),
    )  # fmt: skip
    assert spread(crowd).tolist() == [[0, 3], [3, 0]]
    with pytest.raises(ValueError, match="too high"):
        spread(replace(crowd, metres=np.array([[DEAREST + 1, far], [100, 900]])))


def test_a_group_that_nothing_reaches_is_proof_enough():
    crowd = Crowd(demand=np.array([2, 5]), metres=np.array([[-1], [10]]), places=np.array([9]))
    assert bottleneck(crowd) == Bottleneck(groups=(0,), posts=(), need=2, hold=0)
    assert fewest_places(crowd).tolist() == [0]
    (step,) = relaxations(crowd, far_metres=np.array([[7000], [10]]))
    assert (step.step, step.group, step.post, step.places, step.is_enough) == (Step.ANOTHER_POST, 0, 0, 2, True)


def test_a_district_has_an_exact_answer():
    """200 groups, 60 posts: nobody without a place when there are enough, the proof when not."""
    chance = np.random.default_rng(11)
    where, there = chance.uniform(0, 60_000, (200, 2)), chance.uniform(0, 60_000, (60, 2))
    metres = np.hypot(where[:, None, 0] - there[:, 0], where[:, None, 1] - there[:, 1]).astype(np.int64)
    metres[metres > np.sort(metres, axis=1)[:, 9:10]] = OUT_OF_REACH
    group_of = chance.integers(0, 200, 20_000)
    places = np.ceil(chance.dirichlet(np.full(60, 2.0)) * 19_000).astype(np.int64)
    crowd = Crowd(demand=np.bincount(group_of, minlength=200), metres=metres, places=places)
    proof = bottleneck(crowd)
    assert proof is not None
    placed = placed_by_rank(crowd, group_of)
    assert (~placed).sum() == proof.short
    kept = replace(crowd, demand=np.bincount(group_of[placed], minlength=200))
    amounts = spread(kept)
    assert (amounts.sum(axis=1) == kept.demand).all()
    assert (amounts.sum(axis=0) <= places).all()
