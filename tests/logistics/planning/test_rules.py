from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.rules import People
from logistics.planning.rules import (
    ConfirmedHousehold,
    Missing,
    PostChoice,
    Shelf,
    Taken,
    Turn,
    VillagePoint,
    Want,
    fit,
    lasts_days,
    order_of,
    take_from_shelves,
    walk,
)

MONDAY = date(2026, 11, 16)
WEEK = tuple(MONDAY + timedelta(days=n) for n in range(7))
KASUR, BERAS = uuid5(NAMESPACE, "kasur"), uuid5(NAMESPACE, "beras")


def household(no: int, *, lon: float | None = 131.0, lat: float | None = -7.9, **more: object) -> ConfirmedHousehold:
    infants = int(str(more.pop("infants", 0)))
    people = People(persons=2 + infants, adults=2, children=infants, infants=infants)
    return ConfirmedHousehold(
        household_id=uuid5(NAMESPACE, f"h{no}"), code=f"KEL-{no:06d}-0", village_code="99.01.01.2001",
        composition=people, lon_deg=lon, lat_deg=lat, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def post(code: str, lon: float | None, capacity: int, **more: object) -> PostChoice:
    return PostChoice(
        post_id=uuid5(NAMESPACE, code), code=code, name=f"Posko {code}", capacity_per_day=capacity, lon_deg=lon,
        lat_deg=-7.9 if lon is not None else None, **more,  # type: ignore[arg-type]
    )  # fmt: skip


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
    assert sorted(shuffled, key=order_of) == ordered


def test_everybody_goes_to_the_nearest_post_and_the_vulnerable_on_the_first_day():
    near, far = post("P2", 131.01, 2), post("P1", 131.30, 2)
    families = [household(1, infants=1), household(2), household(3)]
    turns = walk(families, (near, far), WEEK)
    assert [turn.post for turn in turns] == [near, near, near]
    assert [turn.serve_on for turn in turns] == [WEEK[0], WEEK[0], WEEK[1]]
    assert [turn.place_in_post for turn in turns] == [1, 2, 3]
    assert turns[0].metres is not None
    assert abs(turns[0].metres - 1101) <= 2


def test_a_full_post_sends_on_to_the_next_and_says_so_and_the_last_waits():
    near, far = post("P1", 131.01, 1), post("P2", 131.30, 1)
    turns = walk([household(no) for no in range(1, 6)], (far, near), WEEK[:2])
    assert [turn.post.code if turn.post else None for turn in turns] == ["P1", "P1", "P2", "P2", None]
    assert [turn.nearer.code if turn.nearer else None for turn in turns] == [None, None, "P1", "P1", None]
    assert turns[4].missing is None


def test_equally_near_posts_are_chosen_by_their_code():
    west, east = post("B", 130.99, 5), post("A", 131.01, 5)
    (turn,) = walk([household(1)], (west, east), WEEK)
    assert turn.post == east


def test_a_household_without_a_position_uses_its_village_and_without_that_the_post_of_its_village():
    here, there = post("P1", 131.5, 5), post("P2", None, 5, village_code="99.01.01.2001")
    lost = household(1, lon=None, lat=None)
    point = VillagePoint(village_code="99.01.01.2001", lon_deg=131.49, lat_deg=-7.9)
    only_here = (here, post("P0", 140.0, 5))
    (turn,) = walk([lost], only_here, WEEK, points=(point,))
    assert turn.post == here
    assert turn.metres is not None
    (turn,) = walk([lost], (here, there), WEEK)
    assert (turn.post, turn.metres) == (there, None)


def test_days_a_post_does_not_serve_and_places_already_given_away_are_left_out():
    closed = post("P1", 131.0, 2, closed_on=(WEEK[0],))
    taken = (Taken(post_id=closed.post_id, serve_on=WEEK[1], households=1),)
    turns = walk([household(1), household(2)], (closed,), WEEK[:3], taken=taken)
    assert [turn.serve_on for turn in turns] == [WEEK[1], WEEK[2]]


def test_when_stock_ends_the_next_in_order_wait_with_the_item_that_ran_out():
    one = {KASUR: 1000, BERAS: 6000}
    families = [household(no) for no in range(1, 5)]
    missing = fit(families, [one] * 4, {KASUR: 3000, BERAS: 13_000}, first_rank=11)
    turns = walk(families, (post("P1", 131.0, 9),), WEEK, missing=missing, first_rank=11)
    assert [turn.post is not None for turn in turns] == [True, True, False, False]
    third, fourth = turns[2].missing, turns[3].missing
    assert third == Missing(
        item_id=BERAS, need_milli=Milli(6000), left_milli=Milli(1000), ahead_milli=Milli(0), last_rank=12, others=0
    )
    # The third keeps the last mattress and the last rice, until the rest of its rice comes.
    assert fourth == Missing(
        item_id=KASUR, need_milli=Milli(1000), left_milli=Milli(0), ahead_milli=Milli(0), last_rank=13, others=1
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=20),
    st.integers(0, 30_000),
    st.integers(0, 30_000),
    st.integers(1, 4),
)
def test_the_served_fit_the_stock_and_the_missing_amount_would_have_served_whoever_waits(
    wanted: list[tuple[int, int]], kasur: int, beras: int, capacity: int
):
    families = [household(no) for no in range(len(wanted))]
    needs = [{KASUR: one, BERAS: two} for one, two in wanted]
    posts = (post("P1", 131.0, capacity),)

    def go(free: dict[UUID, int]) -> tuple[Turn, ...]:
        return walk(families, posts, WEEK, missing=fit(families, needs, free))

    free = {KASUR: kasur, BERAS: beras}
    turns = go(free)
    for item, has in free.items():
        assert sum(need[item] for need, turn in zip(needs, turns, strict=True) if turn.post) <= has
    assert max((turn.place_in_post for turn in turns), default=0) <= capacity * len(WEEK)
    for at, turn in enumerate(turns):
        if turn.missing is not None:
            # With every line that it and those before it lack, it has its whole package.
            more = {item: sum(need[item] for need in needs[: at + 1]) for item in free}
            assert go(more)[at].missing is None
            item, lacks = turn.missing.item_id, turn.missing
            enough = free | {item: free[item] + lacks.need_milli - lacks.left_milli + lacks.ahead_milli}
            after = go(enough)[at].missing
            assert after is None or after.item_id != item, "what was named and came is no longer missing"
    assert go(free) == turns


def test_the_nearest_warehouse_gives_first_and_the_next_one_the_rest():
    a, b = uuid5(NAMESPACE, "wa"), uuid5(NAMESPACE, "wb")
    posts = (post("P1", 131.0, 1), post("P2", 132.0, 1))
    shelves = (
        Shelf(place_id=b, code="G2", item_id=BERAS, free_milli=Milli(50_000), lon_deg=132.0, lat_deg=-7.9),
        Shelf(place_id=a, code="G1", item_id=BERAS, free_milli=Milli(10_000), lon_deg=131.0, lat_deg=-7.9),
    )
    wants = tuple(
        Want(post_id=one.post_id, serve_on=MONDAY, item_id=BERAS, quantity_milli=Milli(12_000)) for one in posts
    )
    takes = take_from_shelves(wants, shelves, posts)
    assert [(take.place_id, take.post_id, take.quantity_milli) for take in takes] == [
        (a, posts[0].post_id, 10_000),
        (b, posts[0].post_id, 2_000),
        (b, posts[1].post_id, 12_000),
    ]


def test_stock_lasts_whole_days_only():
    assert lasts_days(13_000, 14_000, 7) == 6
    assert lasts_days(14_000, 14_000, 7) == 7
    assert lasts_days(0, 14_000, 7) == 0
    assert lasts_days(5, 0, 7) is None
