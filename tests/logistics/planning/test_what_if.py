"""Alternatives of a plan, and what every plan promises under every rule, against a walk by hand on small cases."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measures import Milli
from logistics.packages.rules import Basis, Days, People, StandardLine
from logistics.planning.keeping import outcome_sha256, packed, unpacked
from logistics.planning.priority import BUILT_IN, Criterion, Priority, order_of
from logistics.planning.proposing import PlanInputs, Proposal, propose
from logistics.planning.reaching import ClosedWay, Roads, TransportArea
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf
from logistics.planning.what_if import (
    Capacity,
    Change,
    Floor,
    Level,
    Verdict,
    changed,
    compare,
    outcome_of,
    tried,
)

MONDAY = date(2026, 11, 16)
RICE, MAT, SOAP = (UUID(int=at) for at in (1, 2, 3))
ITEMS = (RICE, MAT, SOAP)
HARBOUR, INLAND = UUID(int=11), UUID(int=12)
ISLAND = TransportArea(id=UUID(int=21), name="Pulau", village_codes=("99.01.02.2001",))
VILLAGES = ("99.01.01.2001", "99.01.01.2002", ISLAND.village_codes[0])
# What lies inland reaches no island.
ROADS = Roads(areas=(ISLAND,), closed=(ClosedWay(warehouse_id=INLAND, area_id=ISLAND.id),))
LINES = (
    StandardLine(item_id=RICE, basis=Basis.PERSON, rate_milli=Milli(2000)),
    StandardLine(item_id=MAT, basis=Basis.HOUSEHOLD, rate_milli=Milli(1000)),
    StandardLine(item_id=SOAP, basis=Basis.PERSON, rate_milli=Milli(1000), condition=Basis.INFANT),
)
POSTS = (
    PostChoice(post_id=UUID(int=31), code="T1", name="Darat", capacity_per_day=50, village_code=VILLAGES[0]),
    PostChoice(post_id=UUID(int=32), code="T2", name="Pulau", capacity_per_day=50, village_code=VILLAGES[2]),
)


def a_household(no: int, village: str = VILLAGES[0], **more: object) -> ConfirmedHousehold:
    made = ConfirmedHousehold(
        household_id=UUID(int=1000 + no), code=f"K{no:02d}", village_code=village,
        composition=People(persons=2, adults=2),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def shelf(place: UUID, item: UUID, amount: int) -> Shelf:
    return Shelf(place_id=place, code=f"G{place.int}", item_id=item, free_milli=Milli(amount * 1000))


def some(households: list[ConfirmedHousehold], shelves: list[Shelf], rule: Priority = BUILT_IN) -> PlanInputs:
    return PlanInputs(
        rule=rule, lines=LINES, response=Days(1, 7), serve_days=tuple(MONDAY + timedelta(days=at) for at in range(7)),
        households=tuple(households), posts=POSTS, shelves=tuple(shelves), roads=ROADS, fit_to_stock=True,
    )  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> PlanInputs:
    """Up to eight households on a mainland and an island, with little of three items, under any rule."""
    households = []
    for no in range(draw(st.integers(1, 8))):
        infants = draw(st.integers(0, 1))
        persons = draw(st.integers(1, 4)) + infants
        households.append(
            a_household(
                no, draw(st.sampled_from(VILLAGES)), severity=draw(st.integers(1, 3)), is_cut_off=draw(st.booleans()),
                decile=draw(st.none() | st.integers(1, 10)), helped=draw(st.integers(0, 2)),
                composition=People(persons=persons, adults=persons - infants, children=infants, infants=infants),
            )
        )  # fmt: skip
    shelves = [shelf(place, item, draw(st.integers(0, 12))) for place in (HARBOUR, INLAND) for item in ITEMS]
    rule = Priority(
        version="uji-1", criteria=tuple(draw(st.permutations(list(Criterion)))[: draw(st.integers(1, 5))]),
        floor_permille=draw(st.sampled_from((0, 250, 500, 1000))),
        part_items=draw(st.sampled_from((None, (), (RICE,), (RICE, MAT)))),
    )  # fmt: skip
    return some(households, shelves, rule)


def by_household(proposal: Proposal) -> dict[UUID, dict[UUID, int]]:
    return {row.household.household_id: {one.item_id: one.quantity_milli for one in row.given} for row in proposal.rows}


def quota(households: int, permille: int) -> int:
    """Round a village's share up: a village with anybody at all has somebody before everybody else."""
    return -(-households * permille // 1000)


def walked(inputs: PlanInputs) -> list[ConfirmedHousehold]:
    """Give the order of the walk, told from the rule's own words: each village's share first, then the whole list."""
    ranked = sorted(inputs.households, key=lambda one: order_of(inputs.rule, one))
    first = []
    for village in VILLAGES:
        mine = [one for one in ranked if one.village_code == village]
        first += mine[: quota(len(mine), inputs.rule.floor_permille or 0)]
    return sorted(first, key=ranked.index) + [one for one in ranked if one not in first]


def can_be_brought(inputs: PlanInputs, item: UUID, asked: list[tuple[str, int]]) -> bool:
    """Try every set of areas: what they ask for must lie where any of them is reached."""
    areas = {village: village in ISLAND.village_codes for village in VILLAGES}
    for island, land in itertools.product((False, True), repeat=2):
        want = sum(milli for village, milli in asked if (island if areas[village] else land))
        there = sum(
            one.free_milli for one in inputs.shelves
            if one.item_id == item and ((one.place_id == HARBOUR and (island or land)) or land)
        )  # fmt: skip
        if want > there:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(plans())
def test_under_any_rule_the_plan_is_the_list_walked_by_hand_and_nobody_is_overtaken(inputs: PlanInputs):
    proposal = propose(inputs)
    rows = {row.household.household_id: row for row in proposal.rows}
    for item in ITEMS:
        before: list[tuple[str, int]] = []
        for one in walked(inputs):
            row = rows[one.household_id]
            need = next((line.quantity_milli for line in row.need.items if line.item_id == item), 0)
            lack = next((lack for lack in row.lacking if lack.item.item_id == item), None)
            village = one.village_code
            assert (lack is None) == can_be_brought(inputs, item, [*before, (village, need)]) or not need
            # Who lacks the item keeps what is left for it: it is passed on to nobody below.
            before.append((village, need if lack is None else lack.left_milli))
            assert can_be_brought(inputs, item, before)
    for row in proposal.rows:
        lacking = {one.item.item_id for one in row.lacking}
        there = [one for one in row.need.items if one.item_id not in lacking]
        alone = inputs.rule.part_items
        goes = there if not lacking or alone is None else [one for one in there if one.item_id in alone]
        assert list(row.given) == goes


@settings(max_examples=150, deadline=None)
@given(plans(), st.sampled_from((HARBOUR, INLAND)), st.sampled_from(ITEMS), st.integers(1, 10))
def test_more_stock_takes_nothing_from_anybody_under_the_same_rule(
    inputs: PlanInputs, place: UUID, item: UUID, more: int
):
    base, richer = tried(inputs, [Change(), Change(more=(shelf(place, item, more),))])
    found = compare(base, richer)
    assert found.worse == found.other == 0
    assert richer.whole >= base.whole
    assert compare(richer, base).better == 0


def test_where_the_share_is_as_large_as_can_be_more_stock_moves_it_and_turns_with_it():
    """The one rule under which more stock can take something from somebody: the form says so."""
    households = [
        a_household(0, VILLAGES[0], composition=People(persons=5, adults=5)),
        a_household(1, VILLAGES[0], composition=People(persons=1, adults=1)),
        a_household(2, VILLAGES[1], composition=People(persons=3, adults=3)),
    ]
    shelves = [shelf(HARBOUR, RICE, 2), shelf(INLAND, RICE, 12), shelf(INLAND, MAT, 2)]
    more = Change(more=(shelf(HARBOUR, RICE, 2),))
    base, richer = tried(some(households, shelves, replace(BUILT_IN, floor_permille=None)), [Change(), more])
    assert base.largest_floor_permille < richer.largest_floor_permille
    assert compare(base, richer).worse == 1
    base, richer = tried(some(households, shelves, replace(BUILT_IN, floor_permille=0)), [Change(), more])
    assert compare(base, richer).worse == 0


@settings(max_examples=60, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_the_same_plan_comes_out_whatever_order_its_inputs_stand_in(inputs: PlanInputs, chance: random.Random):
    shuffled = replace(
        inputs,
        households=tuple(chance.sample(inputs.households, len(inputs.households))),
        shelves=tuple(chance.sample(inputs.shelves, len(inputs.shelves))),
        posts=tuple(chance.sample(inputs.posts, len(inputs.posts))),
    )
    told = outcome_sha256(propose(inputs))
    assert told == outcome_sha256(propose(inputs)) == outcome_sha256(propose(shuffled))
    assert told == outcome_sha256(propose(unpacked(packed(inputs)))), "kept and read again it is the same plan"


@settings(max_examples=60, deadline=None)
@given(plans())
def test_every_explanation_is_true_what_it_names_fills_the_line(inputs: PlanInputs):
    for row in propose(inputs).rows:
        for lack in row.lacking:
            missing = lack.item.quantity_milli - lack.left_milli + lack.ahead_milli
            more = Shelf(place_id=HARBOUR, code="G11", item_id=lack.item.item_id, free_milli=Milli(missing))
            again = propose(changed(inputs, Change(more=(more,))))
            same = next(one for one in again.rows if one.household == row.household)
            assert lack.item.item_id not in {one.item.item_id for one in same.lacking}


@settings(max_examples=60, deadline=None)
@given(plans())
def test_figures_add_up(inputs: PlanInputs):
    (found,) = tried(inputs, [Change()])
    assert found.whole + found.part + found.waits == found.households == len(inputs.households)
    assert sum(one.households for one in found.villages) == found.households
    for level in ("whole", "part", "waits"):
        assert sum(getattr(one, level) for one in found.villages) == getattr(found, level)
    shares = [dict(one) for one in found.given]
    for item in found.items:
        assert item.given_milli == sum(one.get(item.item_id, 0) for one in shares)
        assert (item.first_rank_lacking is None) == (item.households_lacking == 0)
        assert item.need_milli == item.given_milli + item.lacking_milli


@settings(max_examples=60, deadline=None)
@given(plans())
def test_the_largest_floor_is_walked_and_is_what_every_village_can_have(inputs: PlanInputs):
    found = propose(changed(inputs, Change(floor=Floor(permille=None))))
    assert found.floor_permille == found.largest_floor_permille
    for village in VILLAGES:
        mine = [row for row in found.rows if row.household.village_code == village]
        share = quota(len(mine), found.largest_floor_permille)
        assert all(row.is_whole for row in mine[:share])
    if found.largest_floor_permille < 1000:
        more = propose(changed(inputs, Change(floor=Floor(permille=found.largest_floor_permille + 1))))
        firsts = [
            row
            for village in VILLAGES
            for mine in [[row for row in more.rows if row.household.village_code == village]]
            for row in mine[: quota(len(mine), found.largest_floor_permille + 1)]
        ]
        assert not all(row.is_whole for row in firsts)


def test_a_change_is_what_it_says_and_leaves_the_rest():
    inputs = some([a_household(1), a_household(2, VILLAGES[2])], [shelf(INLAND, RICE, 8), shelf(HARBOUR, MAT, 2)])
    assert changed(inputs, Change()) == inputs
    assert Change().is_empty and Change(rule=BUILT_IN).can_be_taken and not Change(floor=Floor(permille=0)).can_be_taken
    less = changed(inputs, Change(more=(replace(shelf(INLAND, RICE, 0), free_milli=Milli(-99_000)),)))
    assert [one.free_milli for one in less.shelves] == [0, 2000], "never below nothing"
    assert changed(inputs, Change(closed_warehouses=(INLAND,))).shelves == inputs.shelves[1:]
    assert [one.code for one in changed(inputs, Change(closed_posts=(POSTS[0].post_id,))).posts] == ["T2"]
    other = changed(inputs, Change(capacities=(Capacity(post_id=POSTS[0].post_id, per_day=3),)))
    assert [one.capacity_per_day for one in other.posts] == [3, 50]
    twice = changed(inputs, Change(lines=(replace(LINES[1], rate_milli=Milli(2000)),)))
    assert {row.need.items[0].quantity_milli for row in propose(twice).rows} == {2000}


def test_who_is_better_or_worse_off_is_told_household_by_household():
    # Rice for one of two; the poorer is second by severity and first by decile.
    first, second = a_household(1, severity=3, decile=9), a_household(2, severity=1, decile=1)
    inputs = some([first, second], [shelf(INLAND, RICE, 4), shelf(INLAND, MAT, 2)], replace(BUILT_IN, part_items=()))
    by_decile = Priority(version="uji-2", criteria=(Criterion.DECILE,), floor_permille=0, part_items=())
    base, other = tried(inputs, [Change(), Change(rule=by_decile)])
    found = compare(base, other)
    assert (found.better, found.worse, found.other, found.same) == (1, 1, 0, 0)
    assert [(one.before.code, one.verdict, one.before.level, one.after.level) for one in found.moved] == [
        ("K01", Verdict.WORSE, Level.WHOLE, Level.WAITS), ("K02", Verdict.BETTER, Level.WAITS, Level.WHOLE),
    ]  # fmt: skip
    assert (base.whole, other.whole, base.items[0].first_rank_lacking) == (1, 1, 2)


def test_closing_the_only_post_of_an_island_leaves_its_households_without_a_place():
    inputs = some(
        [a_household(1), a_household(2, VILLAGES[2])],
        [shelf(HARBOUR, RICE, 8), shelf(HARBOUR, MAT, 2)],
    )
    base, shut = tried(inputs, [Change(), Change(closed_posts=(POSTS[1].post_id,))])
    assert (base.whole, base.without_place, shut.whole, shut.without_place) == (2, 0, 1, 1)


@pytest.mark.parametrize("permille", [0, 333, 1000])
def test_a_floor_of_the_rule_and_one_supposed_are_the_same(permille: int):
    households = [a_household(no, VILLAGES[no % 3]) for no in range(7)]
    inputs = some(households, [shelf(HARBOUR, RICE, 12), shelf(HARBOUR, MAT, 3)])
    ruled = propose(changed(inputs, Change(rule=replace(BUILT_IN, floor_permille=permille))))
    supposed = propose(changed(inputs, Change(floor=Floor(permille=permille))))
    assert outcome_sha256(ruled) == outcome_sha256(supposed)
    assert outcome_of(ruled).floor_permille == permille
