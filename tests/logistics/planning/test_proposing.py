from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from core.measures import Milli
from logistics.packages.rules import Basis, StandardLine
from logistics.planning.keeping import outcome_sha256, packed, unpacked
from logistics.planning.priority import BUILT_IN, LARGEST, Criterion, order_of
from logistics.planning.proposing import HadBefore, PlanInputs, Pledged, Proposal, propose
from logistics.planning.reaching import ClosedWay, Roads, SaidDistance, TransportArea
from tests.logistics.planning.lists import (
    BERAS,
    KASUR,
    LINES,
    NAMESPACE,
    VILLAGE,
    WAREHOUSE,
    WEEK,
    household,
    inputs,
    post,
    shelf,
    uuid5,
)

ISLAND = "99.01.01.2009"
WHOLE_ONLY = replace(BUILT_IN, part_items=())


def given_of(found: Proposal) -> list[set[UUID]]:
    return [{item.item_id for item in row.given} for row in found.rows]


def test_the_declared_order_is_severity_then_cut_off_then_vulnerable_then_decile_with_unknown_last_then_code():
    ordered = [
        household(9, severity=3),
        household(8, severity=2, is_cut_off=True),
        household(7, severity=2, infants=2),
        household(6, severity=2, infants=1, decile=1),
        household(5, severity=2, infants=1),
        household(4, decile=1),
        household(3, decile=10),
        household(1),
        household(2),
    ]
    shuffled = ordered[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=lambda one: order_of(BUILT_IN, one)) == ordered
    assert [row.household for row in propose(inputs(shuffled)).rows] == ordered
    helped = replace(BUILT_IN, criteria=(Criterion.HELPED,))
    assert order_of(helped, household(1, helped=1)) > order_of(helped, household(9))


def test_when_stock_ends_the_next_lack_that_item_alone_and_keep_the_rest_of_their_package():
    families = [household(no) for no in range(1, 5)]
    found = propose(inputs(families, (shelf(KASUR, 3), shelf(BERAS, 13)), first_rank=11))
    assert given_of(found) == [{KASUR, BERAS}, {KASUR, BERAS}, {KASUR}, set()]
    assert [row.waits for row in found.rows] == [False, False, False, True]
    (rice,) = found.rows[2].lacking
    assert (rice.item.item_id, rice.item.quantity_milli, rice.left_milli, rice.last_rank) == (BERAS, 6000, 1000, 12)
    kasur, rice = found.rows[3].lacking
    # The third keeps the last rice, until the rest of it comes.
    assert (kasur.left_milli, kasur.ahead_milli, kasur.last_rank) == (0, 0, 13)
    assert (rice.left_milli, rice.ahead_milli, rice.last_rank) == (0, 5000, 12)


def test_where_only_whole_packages_go_out_whoever_lacks_a_line_waits_and_what_is_there_is_kept_for_it():
    families = [household(no) for no in range(1, 4)]
    found = propose(inputs(families, (shelf(KASUR, 2), shelf(BERAS, 100)), rule=WHOLE_ONLY))
    assert given_of(found) == [{KASUR, BERAS}, {KASUR, BERAS}, set()]
    some = replace(BUILT_IN, part_items=(KASUR,))
    found = propose(inputs(families, (shelf(KASUR, 2), shelf(BERAS, 100)), rule=some))
    assert given_of(found) == [{KASUR, BERAS}, {KASUR, BERAS}, set()], "rice alone does not go out"
    found = propose(inputs(families, (shelf(KASUR, 100), shelf(BERAS, 12)), rule=some))
    assert given_of(found) == [{KASUR, BERAS}, {KASUR, BERAS}, {KASUR}]


def test_without_fitting_everybody_gets_the_whole_package_as_if_it_were_there():
    found = propose(inputs([household(no) for no in range(1, 4)], (shelf(KASUR, 1),), fit_to_stock=False))
    assert given_of(found) == [{KASUR, BERAS}] * 3
    assert not any(row.lacking for row in found.rows)
    assert (found.floor_permille, found.largest_floor_permille) == (None, 0)


def test_durables_had_before_are_not_given_again_and_money_lies_on_no_shelf():
    cash = uuid5(NAMESPACE, "cash")
    lines = (*LINES, StandardLine(item_id=cash, basis=Basis.HOUSEHOLD, rate_milli=Milli(300_000)))
    one, other = household(1), household(2)
    found = propose(
        inputs(
            (one, other), (shelf(KASUR, 1), shelf(BERAS, 12)), lines=lines, money_items=(cash,),
            had_before=(HadBefore(beneficiary_id=one.household_id, item_ids=(KASUR,)),),
        )
    )  # fmt: skip
    assert given_of(found) == [{BERAS, cash}, {KASUR, BERAS, cash}]
    assert [row.is_whole for row in found.rows] == [True, True]


def test_the_floor_of_every_village_comes_first_and_the_largest_is_told():
    far = "99.01.01.2002"
    families = [household(no, severity=3) for no in range(1, 5)] + [household(no, village_code=far) for no in (5, 6)]
    stock = (shelf(KASUR, 3), shelf(BERAS, 100))
    strict = propose(inputs(families, stock, rule=WHOLE_ONLY))
    assert [row.is_whole for row in strict.rows] == [True, True, True, False, False, False]
    assert strict.largest_floor_permille == 500, "two of four and one of two; more would be five mattresses"
    floored = propose(inputs(families, stock, rule=replace(WHOLE_ONLY, floor_permille=LARGEST)))
    assert [row.is_whole for row in floored.rows] == [True, True, False, False, True, False]
    assert [row.is_floor for row in floored.rows] == [False, False, False, False, True, False]
    assert floored.floor_permille == 500


def test_what_cannot_be_brought_over_the_sea_is_lacking_there_and_nowhere_else():
    isle, harbour = uuid5(NAMESPACE, "isle"), uuid5(NAMESPACE, "harbour")
    roads = Roads(
        areas=(TransportArea(id=isle, name="Pulau", village_codes=(ISLAND,)),),
        closed=(ClosedWay(warehouse_id=WAREHOUSE, area_id=isle),),
    )
    families = [
        household(1, severity=3, village_code=ISLAND),
        household(2, severity=3, village_code=ISLAND),
        household(3),
    ]
    stock = (shelf(KASUR, 9), shelf(BERAS, 90), shelf(KASUR, 1, harbour, "G2"), shelf(BERAS, 6, harbour, "G2"))
    posts = (post("P1", 131.0, 9, village_code=VILLAGE), post("P2", 131.9, 9, village_code=ISLAND))
    found = propose(inputs(families, stock, posts, roads=roads))
    assert given_of(found) == [{KASUR, BERAS}, set(), {KASUR, BERAS}]
    assert [row.post.code if row.post else None for row in found.rows] == ["P2", None, "P1"]


def test_goods_are_walked_for_the_area_whose_post_people_are_brought_to():
    isle = uuid5(NAMESPACE, "isle")
    families = [household(no, village_code=ISLAND) for no in (1, 2, 3)]
    harbour = post("P1", 131.0, 9, village_code=VILLAGE)
    roads = Roads(
        areas=(TransportArea(id=isle, name="Pulau", village_codes=(ISLAND,)),),
        said=(SaidDistance(village_code=ISLAND, post_id=harbour.post_id, metres=14_000),),
    )
    stock = (shelf(KASUR, 5), shelf(BERAS, 30))
    no_boat = replace(roads, closed=(ClosedWay(warehouse_id=WAREHOUSE, area_id=isle),))
    assert given_of(propose(inputs(families, stock, (harbour,), roads=no_boat))) == [{KASUR, BERAS}] * 3
    no_road = replace(roads, closed=(ClosedWay(warehouse_id=WAREHOUSE, area_id=None),))
    assert given_of(propose(inputs(families, stock, (harbour,), roads=no_road))) == [set()] * 3


def test_goods_are_not_kept_back_for_whoever_has_no_place_to_fetch_them():
    far = "99.01.01.2002"
    roads = Roads(areas=(TransportArea(id=uuid5(NAMESPACE, "isle"), name="Pulau", village_codes=(far,)),))
    families = [household(no, severity=3) for no in range(1, 6)] + [household(6, village_code=far)]
    posts = (post("P1", 131.0, 2, village_code=VILLAGE), post("P2", 131.5, 9, village_code=far))
    asked = inputs(families, (shelf(KASUR, 3), shelf(BERAS, 18)), posts, roads=roads, serve_days=WEEK[:1])
    found = propose(asked)
    assert given_of(found) == [{KASUR, BERAS}, {KASUR, BERAS}, set(), set(), set(), {KASUR, BERAS}]
    assert not any(row.lacking for row in found.rows)
    assert found.too_few is not None and found.too_few.short == 1


def test_who_joins_a_draft_later_gets_what_it_has_left():
    pledged = tuple(
        Pledged(village_code=VILLAGE, item_id=item, quantity_milli=Milli(quantity))
        for item, quantity in ((KASUR, 2000), (BERAS, 12_000))
    )
    found = propose(inputs([household(3), household(4)], (shelf(KASUR, 3), shelf(BERAS, 100)), pledged=pledged))
    assert given_of(found) == [{KASUR, BERAS}, {BERAS}]
    lost = propose(inputs([household(3)], (shelf(KASUR, 1), shelf(BERAS, 100)), pledged=pledged))
    assert given_of(lost) == [{BERAS}], "more is pledged than there is: nothing is left"


cases = st.builds(
    lambda crowd, kasur, beras, capacity, parts, floor: inputs(
        [
            household(no, infants=infants, severity=severity, village_code=f"99.01.01.200{village}", decile=decile)
            for no, (infants, severity, village, decile) in enumerate(crowd)
        ],
        (shelf(KASUR, kasur), shelf(BERAS, beras)),
        (post("P1", 131.0, capacity), post("P2", 131.2, capacity)),
        rule=replace(BUILT_IN, part_items=parts, floor_permille=floor),
    ),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 3), st.none() | st.integers(1, 10)),
             min_size=1, max_size=25),
    st.integers(0, 30), st.integers(0, 200), st.integers(1, 3), st.sampled_from((None, (), (BERAS,), (KASUR,))),
    st.sampled_from((LARGEST, 0, 300)),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(cases, st.randoms())
def test_a_kept_plan_is_worked_out_again_to_the_same_whatever_the_order_of_its_list(
    asked: PlanInputs, chance: random.Random
):
    found = propose(asked)
    kept = packed(asked)
    assert unpacked(kept) == asked
    assert outcome_sha256(propose(unpacked(kept))) == outcome_sha256(found)
    crowd = list(asked.households)
    chance.shuffle(crowd)
    again = propose(replace(asked, households=tuple(crowd), shelves=asked.shelves[::-1], posts=asked.posts[::-1]))
    assert outcome_sha256(again) == outcome_sha256(found)


@settings(max_examples=80, deadline=None)
@given(cases)
def test_nobody_is_overtaken_and_what_is_given_is_on_the_shelves(asked: PlanInputs):
    asked = replace(asked, posts=(post("P1", 131.0, 1000),))
    found = propose(asked)
    free = {one.item_id: int(one.free_milli) for one in asked.shelves}
    for item_id, has in free.items():
        given = [sum(item.quantity_milli for item in row.given if item.item_id == item_id) for row in found.rows]
        assert sum(given) <= has
        if asked.rule.floor_permille == 0:
            lacking = [row.rank for row in found.rows if any(one.item.item_id == item_id for one in row.lacking)]
            later = [
                row.rank
                for row, got in zip(found.rows, given, strict=True)
                if got and row.rank > min(lacking, default=999)
            ]
            assert not later, "nobody ranked after one who lacks the item has any of it"
    for row in found.rows:
        assert row.is_whole == (not row.waits and not row.lacking and len(row.given) == len(row.need.items))
        assert not (row.waits and row.given)
