"""Which warehouse serves which post: against every way there is, and against the nearest shelf first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measures import Milli
from logistics.planning.distances import metres_between
from logistics.planning.reaching import ClosedWay, Roads, TransportArea, areas_of, warehouse_reaches
from logistics.planning.rules import PostChoice, Shelf, Take, Want
from logistics.planning.shelves import NotOnShelves, take_from_shelves

MONDAY = date(2026, 11, 16)
ITEMS = (UUID(int=71), UUID(int=72))
ISLAND = TransportArea(id=UUID(int=81), name="Pulau", village_codes=("99.01.02.2001",), detour_permille=1000)


def a_post(no: int, *, island: bool = False, lon: float | None = None) -> PostChoice:
    return PostChoice(
        post_id=UUID(int=100 + no), code=f"T{no}", name=f"Titik {no}", capacity_per_day=10,
        village_code="99.01.02.2001" if island else "99.01.01.2001",
        lon_deg=110.0 + no / 10 if lon is None else lon, lat_deg=-7.0,
    )  # fmt: skip


def a_shelf(no: int, free: int, item: int = 0, lon: float | None = None) -> Shelf:
    return Shelf(
        place_id=UUID(int=200 + no), code=f"G{no}", item_id=ITEMS[item], free_milli=Milli(free * 1000),
        lon_deg=110.05 + no / 10 if lon is None else lon, lat_deg=-7.0,
    )  # fmt: skip


def a_want(post: int, quantity: int, day: int = 0, item: int = 0) -> Want:
    return Want(
        post_id=UUID(int=100 + post), serve_on=MONDAY + timedelta(days=day), item_id=ITEMS[item],
        quantity_milli=Milli(quantity * 1000),
    )  # fmt: skip


STEPS = dict.fromkeys(ITEMS, 1000)
Case = tuple[list[Want], list[Shelf], list[PostChoice], Roads]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    posts = [a_post(no, island=bool(chance.integers(0, 3) == 0)) for no in range(draw(st.integers(1, 3)))]
    houses = draw(st.integers(1, 3))
    shelves = [a_shelf(no, int(chance.integers(0, 7)), item) for no in range(houses) for item in range(2)]
    wants = [
        a_want(int(chance.integers(0, len(posts))), int(chance.integers(1, 4)), day, int(chance.integers(0, 2)))
        for day in range(draw(st.integers(0, 3)))
    ]
    closed = tuple(
        ClosedWay(warehouse_id=UUID(int=200 + no), area_id=area)
        for no in range(houses)
        for area in (None, ISLAND.id)
        if chance.integers(0, 4) == 0
    )
    return wants, shelves, posts, Roads(areas=(ISLAND,), closed=closed)


def far(posts: Sequence[PostChoice], shelves: Sequence[Shelf], roads: Roads) -> dict[tuple[UUID, UUID], int | None]:
    found: dict[tuple[UUID, UUID], int | None] = {}
    for post in posts:
        (area,) = areas_of(roads, [post.village_code])
        for shelf in shelves:
            ends = [np.array([value]) for value in (post.lon_deg, post.lat_deg, shelf.lon_deg, shelf.lat_deg)]
            is_open = warehouse_reaches(roads, [shelf.place_id])[0, area]
            detour = 1000 if area else roads.detour_permille
            found[post.post_id, shelf.place_id] = int(metres_between(*ends)[0, 0]) * detour // 1000 if is_open else None
    return found


def effort(takes: Sequence[Take], metres: dict[tuple[UUID, UUID], int | None]) -> int:
    """Thousandth-metres; a closed way fails here."""
    return sum((metres[take.post_id, take.place_id] or 0) * take.quantity_milli for take in takes)


def fewest(case: Case, item: UUID) -> int | None:
    """Try every way to share out an item; None when there is none."""
    wants, shelves, posts, roads = case
    metres = far(posts, shelves, roads)
    mine = [shelf for shelf in shelves if shelf.item_id == item]
    wanted: Counter[UUID] = Counter()
    for want in wants:
        if want.item_id == item:
            wanted[want.post_id] += want.quantity_milli // 1000
    best: int | None = None
    options = [
        [parts for parts in product(range(need + 1), repeat=len(mine)) if sum(parts) == need]
        for need in wanted.values()
    ]  # fmt: skip
    for choice in product(*options):
        if any(
            sum(parts[at] for parts in choice) * 1000 > shelf.free_milli for at, shelf in enumerate(mine)
        ):  # fmt: skip
            continue
        ways = [
            (metres[post, shelf.place_id], part)
            for post, parts in zip(wanted, choice, strict=True)
            for shelf, part in zip(mine, parts, strict=True)
            if part
        ]
        if all(way is not None for way, _ in ways):
            total = sum((way or 0) * part * 1000 for way, part in ways)
            best = total if best is None else min(best, total)
    return best


@settings(max_examples=120, deadline=None)
@given(cases())
def test_all_of_it_over_open_ways_by_the_fewest_metres_or_a_proof(case: Case):
    wants, shelves, posts, roads = case
    least = {item: fewest(case, item) for item in {want.item_id for want in wants}}
    if None in least.values():
        with pytest.raises(NotOnShelves) as refused:
            take_from_shelves(wants, shelves, posts, roads, STEPS)
        assert {one.item_id for one in refused.value.unreached} == {
            item for item, best in least.items() if best is None
        }
        metres = far(posts, shelves, roads)
        for one in refused.value.unreached:
            mine = [want for want in wants if want.item_id == one.item_id and want.post_id in one.post_ids]
            assert one.need_milli == sum(want.quantity_milli for want in mine)
            reaching = [
                shelf
                for shelf in shelves
                if shelf.item_id == one.item_id
                and any(metres[post_id, shelf.place_id] is not None for post_id in one.post_ids)
            ]
            assert {shelf.place_id for shelf in reaching} == set(one.warehouse_ids)
            assert one.hold_milli == sum(shelf.free_milli for shelf in reaching) < one.need_milli
            assert one.short_milli > 0
        return
    takes = take_from_shelves(wants, shelves, posts, roads, STEPS)
    metres = far(posts, shelves, roads)
    served: Counter[tuple[UUID, date, UUID]] = Counter()
    taken: Counter[tuple[UUID, UUID]] = Counter()
    for take in takes:
        assert take.quantity_milli > 0
        assert take.quantity_milli % 1000 == 0
        assert metres[take.post_id, take.place_id] is not None
        served[take.post_id, take.serve_on, take.item_id] += take.quantity_milli
        taken[take.place_id, take.item_id] += take.quantity_milli
    wanted: Counter[tuple[UUID, date, UUID]] = Counter()
    for want in wants:
        wanted[want.post_id, want.serve_on, want.item_id] += want.quantity_milli
    assert served == wanted
    assert all(amount <= sum(s.free_milli for s in shelves if (s.place_id, s.item_id) == key)
               for key, amount in taken.items())  # fmt: skip
    for item, best in least.items():
        assert effort([take for take in takes if take.item_id == item], metres) == best


@settings(max_examples=60, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_handed_in_says_nothing(case: Case, chance: Random):
    wants, shelves, posts, roads = case
    try:
        takes = take_from_shelves(wants, shelves, posts, roads, STEPS)
    except NotOnShelves:
        return
    for one in (wants, shelves, posts):
        chance.shuffle(one)
    assert take_from_shelves(wants, shelves, posts, roads, STEPS) == takes


def test_what_the_nearest_shelf_first_leaves_short_is_brought():
    """The near warehouse is the island's only one: served first come first, the mainland empties it."""
    posts = [a_post(1, lon=110.1), a_post(2, island=True, lon=110.2)]
    shelves = [a_shelf(1, 22_879, lon=110.11), a_shelf(2, 30_000, lon=110.9)]
    roads = Roads(areas=(ISLAND,), closed=(ClosedWay(warehouse_id=shelves[1].place_id, area_id=ISLAND.id),))
    wants = [a_want(1, 22_879), a_want(2, 22_879, day=1)]
    takes = take_from_shelves(wants, shelves, posts, roads, STEPS)
    assert [(take.place_id, take.post_id, take.quantity_milli) for take in takes] == [
        (shelves[1].place_id, posts[0].post_id, 22_879_000),
        (shelves[0].place_id, posts[1].post_id, 22_879_000),
    ]


def test_the_first_days_come_from_the_nearest_warehouse():
    posts, shelves = [a_post(1, lon=110.0)], [a_shelf(1, 3, lon=110.5), a_shelf(2, 4, lon=110.1)]
    takes = take_from_shelves([a_want(1, 2), a_want(1, 3, day=1)], shelves, posts, None, STEPS)
    assert [(take.serve_on.day, take.place_id.int - 200, take.quantity_milli) for take in takes] == [
        (16, 2, 2000), (17, 1, 1000), (17, 2, 2000),
    ]  # fmt: skip


def test_nothing_smaller_than_a_step_leaves_a_shelf():
    posts, halves = [a_post(1)], [a_shelf(1, 1), a_shelf(2, 1)]
    halves = [
        Shelf(place_id=one.place_id, code=one.code, item_id=one.item_id, free_milli=Milli(1500)) for one in halves
    ]
    with pytest.raises(NotOnShelves) as refused:
        take_from_shelves([a_want(1, 3)], halves, posts, None, STEPS)
    assert refused.value.unreached[0].short_milli == 1000
    assert sum(take.quantity_milli for take in take_from_shelves([a_want(1, 3)], halves, posts)) == 3000
