"""Who can be reached from where: the same as one place after the other, worked out slowly."""

from __future__ import annotations

import math
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import NAMESPACE
from logistics.planning.distances import EARTH_M, UNKNOWN_M
from logistics.planning.reaching import (
    OUT_OF_REACH,
    ClosedWay,
    Roads,
    SaidDistance,
    Standing,
    TransportArea,
    areas_of,
    post_metres,
    warehouse_reaches,
)
from logistics.planning.rules import PostChoice

VILLAGES = ["A", "B", "C", "D", "E"]
degrees = st.one_of(
    st.none(),
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.tuples(st.floats(131, 132), st.floats(-8, -7)),
)


def an_id(*parts: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(map(str, parts)))


@st.composite
def ways(draw: st.DrawFn) -> tuple[Roads, list[Standing], list[PostChoice]]:
    owner = {code: draw(st.integers(0, 2)) for code in VILLAGES}
    areas = tuple(
        TransportArea(id=an_id("area", no), name=f"Pulau {no}", detour_permille=draw(st.integers(1000, 10_000)),
                      village_codes=tuple(code for code in VILLAGES if owner[code] == no))
        for no in (1, 2)
    )  # fmt: skip
    posts = [
        PostChoice(post_id=an_id("post", no), code=f"T{no}", name=f"T{no}", capacity_per_day=10,
                   village_code=draw(st.sampled_from([None, *VILLAGES])), lon_deg=at[0] if at else None,
                   lat_deg=at[1] if at else None)
        for no, at in enumerate(draw(st.lists(degrees, max_size=4)))
    ]  # fmt: skip
    standing = [
        Standing(village_code=draw(st.sampled_from([*VILLAGES, "elsewhere"])), lon_deg=at[0] if at else None,
                 lat_deg=at[1] if at else None)
        for at in draw(st.lists(degrees, max_size=8))
    ]  # fmt: skip
    pairs = st.tuples(st.sampled_from(VILLAGES), st.integers(0, 4), st.one_of(st.none(), st.integers(0, 2_000_000)))
    said = {(code, no): metres for code, no, metres in draw(st.lists(pairs, max_size=5))}
    return (
        Roads(
            areas=areas, detour_permille=draw(st.integers(1000, 10_000)),
            said=tuple(
                SaidDistance(village_code=code, post_id=an_id("post", no), metres=metres)
                for (code, no), metres in said.items()
            ),
        ),
        standing,
        posts,
    )  # fmt: skip


def slowly(roads: Roads, here: Standing, post: PostChoice) -> tuple[int, int]:
    """Give the least and the most that may be right: a metre is rounded one way or the other."""
    for one in roads.said:
        if (one.village_code, one.post_id) == (here.village_code, post.post_id):
            told = OUT_OF_REACH if one.metres is None else one.metres
            return told, told
    mine = next((area for area in roads.areas if here.village_code in area.village_codes), None)
    its = next((area for area in roads.areas if post.village_code in area.village_codes), None)
    if mine != its:
        return OUT_OF_REACH, OUT_OF_REACH
    if here.lon_deg is None or here.lat_deg is None or post.lon_deg is None or post.lat_deg is None:
        far = UNKNOWN_M + (here.village_code != post.village_code)
        return far, far
    lon, lat, to_lon, to_lat = map(math.radians, (here.lon_deg, here.lat_deg, post.lon_deg, post.lat_deg))
    half = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    straight = 2 * EARTH_M * math.asin(math.sqrt(min(1.0, half)))
    detour = mine.detour_permille if mine else roads.detour_permille
    # Opposite points of the Earth: there the angle says little of the chord, for either way to work it out.
    slack = 1e-6 if half < 0.99 else 0.3
    return tuple(  # type: ignore[return-value]
        min(max(0, math.floor(straight + 0.5 + by)) * detour // 1000, UNKNOWN_M - 1) for by in (-slack, slack)
    )


@settings(max_examples=300, deadline=None)
@given(ways())
def test_every_distance_is_what_one_finds_place_by_place(case: tuple[Roads, list[Standing], list[PostChoice]]):
    roads, standing, posts = case
    found = post_metres(roads, standing, posts)
    assert found.shape == (len(standing), len(posts))
    for row, here in enumerate(standing):
        for column, post in enumerate(posts):
            least, most = slowly(roads, here, post)
            assert least <= found[row, column] <= most


@settings(max_examples=100, deadline=None)
@given(ways(), st.randoms(use_true_random=False))
def test_a_distance_depends_on_nobody_beside(case: tuple[Roads, list[Standing], list[PostChoice]], chance):
    roads, standing, posts = case
    whole = post_metres(roads, standing, posts)
    order = list(range(len(standing)))
    chance.shuffle(order)
    assert (post_metres(roads, [standing[at] for at in order], posts) == whole[order]).all()
    for at, here in enumerate(standing):
        assert (post_metres(roads, [here], posts)[0] == whole[at]).all()


@given(
    st.sets(st.tuples(st.integers(0, 3), st.sampled_from([None, 1, 2, 3]))), st.permutations([0, 1, 2, 3])
)  # fmt: skip
def test_a_warehouse_reaches_what_is_not_closed_to_it(closed: set[tuple[int, int | None]], order: list[int]):
    areas = tuple(TransportArea(id=an_id("area", no), name=str(no), village_codes=(str(no),)) for no in (1, 2))
    roads = Roads(
        areas=areas,
        closed=tuple(
            ClosedWay(warehouse_id=an_id("warehouse", who), area_id=an_id("area", where) if where else None)
            for who, where in closed
        ),
    )
    found = warehouse_reaches(roads, [an_id("warehouse", who) for who in order])
    for row, who in enumerate(order):
        assert list(found[row]) == [(who, None) not in closed, (who, 1) not in closed, (who, 2) not in closed]


def test_villages_have_the_number_of_their_area():
    areas = (
        TransportArea(id=an_id("one"), name="Pulau Larat", village_codes=("B", "C")),
        TransportArea(id=an_id("two"), name="Pulau Selaru", village_codes=("D",)),
    )
    assert list(areas_of(Roads(areas=areas), ["A", "C", "D", None, "B"])) == [0, 2 - 1, 2, 0, 1]
    assert list(areas_of(Roads(), ["A", None])) == [0, 0]


def test_a_boat_that_people_know_of_reaches_another_island():
    island = TransportArea(id=an_id("one"), name="Pulau Larat", village_codes=("B",))
    post = PostChoice(
        post_id=an_id("post"), code="T1", name="T1", capacity_per_day=1, village_code="A", lon_deg=131.0, lat_deg=-7.0
    )
    here = Standing(village_code="B", lon_deg=131.0, lat_deg=-7.01)
    alone = Roads(areas=(island,))
    assert post_metres(alone, [here], [post]).tolist() == [[OUT_OF_REACH]]
    ferry = Roads(areas=(island,), said=(SaidDistance(village_code="B", post_id=post.post_id, metres=9_000),))
    assert post_metres(ferry, [here], [post]).tolist() == [[9_000]]
    assert post_metres(Roads(), [here], [post]).tolist() == [[1_112 * 1300 // 1000]]
