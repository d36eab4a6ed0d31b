from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.planning.placing import Place, place
from logistics.planning.reaching import Roads, SaidDistance, TransportArea
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Slot, Taken, VillagePoint
from logistics.planning.scheduling import Step
from tests.logistics.planning.lists import NAMESPACE, VILLAGE, WEEK, household, post, uuid5

ISLAND = "99.01.01.2009"


def go(
    families: Sequence[ConfirmedHousehold], posts: Sequence[PostChoice], days: Sequence[object] = WEEK, **more: object
) -> list[Place | None]:
    return list(place(families, posts, days, **more).places)  # type: ignore[arg-type]


def codes(found: Sequence[Place | None], posts: Sequence[PostChoice]) -> list[str | None]:
    return [posts[one.post].code if one else None for one in found]


def test_everybody_goes_to_the_nearest_post_and_the_vulnerable_on_the_first_day():
    posts = near, _ = post("P2", 131.01, 2), post("P1", 131.30, 2)
    found = go([household(2), household(3), household(1, infants=1)], posts)
    assert codes(found, posts) == [near.code] * 3
    assert [one.serve_on for one in found if one] == [WEEK[0], WEEK[1], WEEK[0]]
    assert [one.place_in_post for one in found if one] == [2, 3, 1]
    metres = found[0].metres if found[0] else None
    assert metres is not None
    assert abs(metres - 1101 * 1.3) <= 3, "the straight line, and the detour of a road"


def test_a_full_post_sends_on_to_the_next_and_says_so_and_the_last_waits():
    posts = (post("P2", 131.30, 1), post("P1", 131.01, 1))
    made = place([household(no) for no in range(1, 6)], posts, WEEK[:2])
    found = list(made.places)
    assert codes(found, posts) == ["P1", "P1", "P2", "P2", None]
    assert [posts[one.nearer].code if one and one.nearer is not None else None for one in found] == [
        None, None, "P1", "P1", None,
    ]  # fmt: skip
    proof = made.too_few
    assert proof is not None
    assert (proof.need, proof.hold, proof.short, proof.villages) == (5, 4, 1, (VILLAGE,))
    assert {(one.step, one.post.code, one.places, one.still_short) for one in proof.ways_out} == {
        (Step.MORE_PLACES, "P1", 1, 0), (Step.MORE_PLACES, "P2", 1, 0),
    }  # fmt: skip


def test_equally_near_posts_are_chosen_by_their_code():
    posts = (post("B", 130.99, 5), post("A", 131.01, 5))
    assert codes(go([household(1, lon=131.0)], posts), posts) in (["A"], ["B"])
    both = [codes(go([household(1, lon=131.0)], one), one) for one in (posts, posts[::-1])]
    assert both[0] == both[1], "whatever the order in which the posts are given"


def test_a_household_without_a_position_uses_its_village_and_without_that_the_post_of_its_village():
    here, there = post("P1", 131.5, 5), post("P2", None, 5, village_code=VILLAGE)
    lost = household(1, lon=None, lat=None)
    point = VillagePoint(village_code=VILLAGE, lon_deg=131.49, lat_deg=-7.9)
    (one,) = go([lost], (here, post("P0", 140.0, 5)), points=(point,))
    assert one is not None
    assert (one.post, one.metres is not None) == (0, True)
    (one,) = go([lost], (here, there))
    assert one is not None
    assert (one.post, one.metres) == (1, None)


def test_days_a_post_does_not_serve_and_places_already_given_away_are_left_out():
    closed = post("P1", 131.0, 2, closed_on=(WEEK[0],))
    taken = (Taken(post_id=closed.post_id, serve_on=WEEK[1], households=1),)
    found = go([household(1), household(2)], (closed,), WEEK[:3], taken=taken)
    assert [one.serve_on for one in found if one] == [WEEK[1], WEEK[2]]
    assert [one.place_in_post for one in found if one] == [2, 3]


def test_the_hours_of_a_post_are_filled_one_after_the_other():
    hours = (
        Slot(starts_at="08:00", ends_at="10:00", households=1),
        Slot(starts_at="10:00", ends_at="12:00", households=2),
    )
    found = go([household(no) for no in range(1, 6)], (post("P1", 131.0, 3, slots=hours),))
    assert [(one.serve_on, one.slot) for one in found if one] == [
        (WEEK[0], 0), (WEEK[0], 1), (WEEK[0], 1), (WEEK[1], 0), (WEEK[1], 1),
    ]  # fmt: skip


def test_nobody_is_sent_over_the_sea_unless_people_say_that_there_is_a_way():
    roads = Roads(areas=(TransportArea(id=uuid5(NAMESPACE, "isle"), name="Pulau", village_codes=(ISLAND,)),))
    posts = (post("P1", 131.0, 9, village_code=VILLAGE), post("P2", 131.9, 9, village_code=ISLAND))
    families = [household(1), household(2, village_code=ISLAND), household(3, now_in=ISLAND)]
    assert codes(go(families, posts, roads=roads), posts) == ["P1", "P2", "P2"]
    by_boat = replace(roads, said=(SaidDistance(village_code=ISLAND, post_id=posts[0].post_id, metres=900),))
    assert codes(go(families, posts, roads=by_boat), posts) == ["P1", "P1", "P1"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=30),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(1, 3),
    st.randoms(),
)
def test_no_post_is_overfull_the_first_by_order_are_served_and_the_order_of_the_posts_does_not_matter(
    homes: list[tuple[int, int]], where: list[tuple[int, int]], days: int, chance: random.Random
):
    families = [
        household(no, lon=131.0 + at / 50, infants=int(kind == 1), village_code=f"99.01.01.200{kind}")
        for no, (at, kind) in enumerate(homes)
    ]
    posts = [post(f"P{no}", 131.0 + at / 50, capacity) for no, (at, capacity) in enumerate(where)]
    made = place(families, posts, WEEK[:days])
    full = Counter((one.post, one.serve_on) for one in made.places if one)
    assert all(count <= posts[at].capacity_per_day for (at, _), count in full.items())
    places = sum(one.capacity_per_day for one in posts) * days
    assert [one is not None for one in made.places] == [at < places for at in range(len(families))]
    assert (made.too_few is None) == (len(families) <= places)
    shuffled = posts[:]
    chance.shuffle(shuffled)
    again = place(families, shuffled, WEEK[:days])
    assert [(shuffled[one.post].code, one.serve_on) if one else None for one in again.places] == [
        (posts[one.post].code, one.serve_on) if one else None for one in made.places
    ]
