from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_link.households.positions import position_key, position_keys, position_of
from registry_link.matching.cells import Ranges, cover
from registry_link.matching.inside import edge_distance_m, inside
from tests.registry_link.matching.shapes import columns, exactly_inside, outlines, points_at

DEGREES = st.tuples(st.integers(900_000_000, 1_436_000_000), st.integers(-150_000_000, 386_000_000))


@settings(deadline=None)
@given(DEGREES)
def test_a_position_comes_back_from_its_number_exactly(steps: tuple[int, int]):
    lon, lat = steps[0] / 1e7, steps[1] / 1e7
    key = position_key(lon, lat)
    assert key is not None
    assert 0 <= key < 2**58
    back = position_of(np.array([key]))
    assert (back[0][0], back[1][0]) == (lon, lat)


@settings(deadline=None)
@given(DEGREES, DEGREES)
def test_different_positions_have_different_numbers(one: tuple[int, int], other: tuple[int, int]):
    keys, is_known = position_keys(np.array([one[0], other[0]]) / 1e7, np.array([one[1], other[1]]) / 1e7)
    assert is_known.all()
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    ("lon", "lat"), [(89.9, 0), (144, 0), (110, -15.1), (float("nan"), 0), (110, float("inf")), (1e300, 0), (-8, 115)]
)
def test_a_position_outside_the_numbered_world_has_no_number(lon: float, lat: float):
    assert position_key(lon, lat) is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_cover_gives_exactly_the_points_inside(data: st.DataObject):
    outline = data.draw(outlines())
    points = data.draw(points_at(outline))
    lon, lat = columns(points)
    keys, is_known = position_keys(lon, lat)
    assert is_known.all()
    truth = exactly_inside(outline, points)
    for across in (4, 32, 128):
        made = cover(outline, across=across)
        within, crossed = made.within.hold(keys), made.crossed.hold(keys)
        assert not (within & crossed).any()
        assert truth[within].all()
        assert not truth[~within & ~crossed].any()
        found = within | (crossed & inside(outline, lon, lat))
        assert (found == truth).all()
        assert (made.whole.hold(keys) == (within | crossed)).all()


@settings(max_examples=100, deadline=None)
@given(st.data(), st.floats(0.01, 20_000))
def test_every_point_within_the_margin_of_an_edge_is_tested(data: st.DataObject, margin: float):
    outline = data.draw(outlines())
    points = data.draw(points_at(outline))
    lon, lat = columns(points)
    keys, _ = position_keys(lon, lat)
    made = cover(outline, margin_m=margin)
    near = edge_distance_m(outline, lon, lat) <= margin
    assert made.crossed.hold(keys)[near].all()
    assert exactly_inside(outline, points)[made.within.hold(keys)].all()


RANGES = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=30)


@settings(deadline=None)
@given(RANGES, st.integers(1, 10))
def test_ranges_join_and_shrink_without_losing_a_number(drawn: list[tuple[int, int]], most: int):
    several = [Ranges(np.array([start]), np.array([start + length])) for start, length in drawn]
    joined = Ranges.united(several)
    numbers = np.arange(400)
    truth = np.array([any(start <= n < start + length for start, length in drawn) for n in numbers])
    assert (joined.hold(numbers) == truth).all()
    assert (joined.starts[1:] > joined.stops[:-1]).all()
    fewer = joined.fewer(most)
    assert len(fewer.starts) <= max(most, 0)
    assert fewer.hold(numbers)[truth].all()
