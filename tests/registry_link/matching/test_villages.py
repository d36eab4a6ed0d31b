from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry_link.matching.earth import areas_km2, degrees
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from registry_link.matching.villages import Villages
from tests.registry_link.matching.shapes import SOUTH, WEST, polygon_text, square, stars

SIDE = 0.05
"""About 5.5 km: 30 km², as villages of Tanimbar are."""
CODES = tuple(f"99.01.01.20{n:02}" for n in range(9))


def grid() -> Villages:
    """Make nine villages in three rows."""
    return Villages(
        (code, polygon_text(square(round(WEST + (n % 3) * SIDE, 7), round(SOUTH + (n // 3) * SIDE, 7), SIDE)))
        for n, code in enumerate(CODES)
    )


def of_box(west: float, south: float, east: float, north: float) -> Outline:
    """Give a rectangle in village widths from the corner."""
    w, s, e, n = (
        round(base + one * SIDE, 9) for base, one in ((WEST, west), (SOUTH, south), (WEST, east), (SOUTH, north))
    )
    return parse_outline({"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]})


def test_of_several_villages_the_lowest_code_is_taken():
    villages = grid()
    lon = np.array([WEST + SIDE / 2, WEST + SIDE, WEST + SIDE, WEST + SIDE * 2.5, WEST - 0.001])
    lat = np.array([SOUTH + SIDE / 2, SOUTH + SIDE / 2, SOUTH + SIDE, SOUTH + SIDE * 2.5, SOUTH])
    assert villages.village_of(lon, lat).tolist() == [0, 0, 0, 8, -1]
    assert villages.number(CODES[8]) == 8
    assert villages.number("99.01.09.2001") == -1


def test_rows_may_come_in_any_order():
    rows = [(CODES[1], polygon_text(square(WEST, SOUTH, SIDE))), (CODES[0], polygon_text(square(WEST, SOUTH, SIDE)))]
    villages = Villages(rows)
    assert villages.codes == CODES[:2]
    assert villages.village_of(np.array([WEST]), np.array([SOUTH])).tolist() == [0]


def test_the_distance_from_ones_own_village_is_in_metres():
    villages = grid()
    wide, high = degrees(1500, SOUTH)
    lon = np.array([WEST + 0.01, WEST - wide, WEST + 0.01, WEST + 0.01, WEST])
    lat = np.array([SOUTH + 0.01, SOUTH + 0.01, SOUTH - high, SOUTH + 0.01, SOUTH])
    far = villages.outside_m(np.array([0, 0, 0, -1, 0]), lon, lat)
    assert far[0] == 0
    assert far[4] == 0
    assert far[1] == pytest.approx(1500, rel=0.002)
    assert far[2] == pytest.approx(1500, rel=0.002)
    assert np.isnan(far[3])


@pytest.mark.parametrize(
    ("box", "touched", "whole", "shares"),
    [
        ((0, 0, 1, 1), [0], [0], {0: 1000}),
        ((-5, -5, 9, 9), list(range(9)), list(range(9)), dict.fromkeys(range(9), 1000)),
        ((0, 0, 2.5, 1), [0, 1, 2], [0, 1], {2: 500}),
        ((0.25, 0.25, 0.75, 0.75), [0], [], {0: 250}),
        ((-1, -1, 0.995, 2), [0, 3], [0, 3], {0: 995}),
        ((-1, -1, 0.98, 2), [0, 3], [], {0: 980}),
        ((5, 5, 6, 6), [], [], {}),
        ((1.4, 1.4, 1.402, 1.402), [4], [], {4: 1}),
    ],
)
def test_touched_and_whole_villages(
    box: tuple[float, float, float, float], touched: list[int], whole: list[int], shares: dict[int, int]
):
    found = grid().touched_by(of_box(*box))
    assert np.flatnonzero(found.is_touched).tolist() == touched
    assert np.flatnonzero(found.is_whole).tolist() == whole
    for number, share in shares.items():
        assert found.area_permille[number] == pytest.approx(share, abs=5)


def test_a_sliver_of_a_neighbour_is_not_touched_but_a_narrow_flood_is():
    five_metres = degrees(5, SOUTH)[0] / SIDE
    assert np.flatnonzero(grid().touched_by(of_box(0, 0, 1 + five_metres, 1)).is_touched).tolist() == [0]
    river = of_box(-0.5, 0.5, 2.5, 0.5 + five_metres)
    found = grid().touched_by(river)
    assert np.flatnonzero(found.is_touched).tolist() == [0, 1, 2]
    assert found.area_permille[:3].tolist() == [1, 1, 1]


def test_a_hole_is_not_touched():
    outer, inner = square(WEST - 1, SOUTH - 1, 3.0), square(WEST - 0.01, SOUTH - 0.01, SIDE + 0.02)
    found = grid().touched_by(parse_outline(polygon_text(outer, inner)))
    assert not found.is_touched[0]
    assert found.is_whole[2:].all() or found.is_touched[1:].all()
    assert found.area_permille[1] == pytest.approx(800, abs=10)


def test_parts_that_share_an_edge_make_a_village_whole():
    left, right = of_box(0, 0, 0.5, 1), of_box(0.5, 0, 1, 1)
    found = grid().touched_by(Outline((*left.parts, *right.parts)))
    assert found.is_whole[0]
    assert found.area_permille[0] == 1000


def test_villages_without_boundaries_and_outlines_without_villages():
    empty = Villages([])
    found = empty.touched_by(of_box(0, 0, 1, 1))
    assert len(found.is_touched) == 0
    assert empty.village_of(np.array([WEST]), np.array([SOUTH])).tolist() == [-1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shares_are_those_of_an_exact_cut(data: st.DataObject):
    ring = data.draw(stars(data.draw(st.integers(0, 30)), data.draw(st.integers(0, 30)), 30, 0.005))
    polygon = shapely.Polygon(ring)
    assume(polygon.is_valid and areas_km2(np.array([polygon], dtype=object))[0] > 0.5)
    outline = Outline((polygon,))
    villages = grid()
    found = villages.touched_by(outline)
    cut = areas_km2(shapely.intersection(villages.shapes, polygon)) / areas_km2(villages.shapes)
    assert np.abs(found.area_permille / 1000 - cut).max() < 0.02
    assert found.is_whole[cut > 0.995].all()
    assert not found.is_whole[cut < 0.985].any()
    assert found.is_touched[cut > 0.002].all()
    assert not found.is_touched[cut == 0].any()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 2.8), st.floats(0.2, 2.8), st.floats(30, 3000))
def test_a_circle_of_any_size_touches_the_village_of_its_centre(x: float, y: float, radius: float):
    lon, lat = WEST + x * SIDE, SOUTH + y * SIDE
    villages = grid()
    centre = int(villages.village_of(np.array([lon]), np.array([lat]))[0])
    assert villages.touched_by(outline_of_circle(lon, lat, radius)).is_touched[centre]
