from __future__ import annotations

import math

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry_link.matching.earth import areas_km2, degrees, metres_per_degree
from registry_link.matching.inside import edge_distance_m, inside, near_edge
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from tests.registry_link.matching.shapes import (
    SOUTH,
    WEST,
    columns,
    exactly_inside,
    outlines,
    points_at,
    polygon_text,
    square,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_inside_is_what_exact_arithmetic_says(data: st.DataObject):
    outline = data.draw(outlines())
    points = data.draw(points_at(outline))
    assert (inside(outline, *columns(points)) == exactly_inside(outline, points)).all()


def test_many_parts_answer_as_few_do():
    parts = [square(WEST + 0.01 * n, SOUTH + 0.005 * n, 0.02) for n in range(40)]
    outline = parse_outline({"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [part]}} for part in parts
    ]})  # fmt: skip
    rng = np.random.default_rng(7)
    lon, lat = np.round(rng.uniform(WEST, WEST + 0.5, 2000), 7), np.round(rng.uniform(SOUTH, SOUTH + 0.3, 2000), 7)
    slow = np.zeros(len(lon), dtype=bool)
    for part in outline.parts:
        slow |= shapely.covers(part, shapely.points(lon, lat))
    assert (inside(outline, lon, lat) == slow).all()
    assert 0 < slow.sum() < len(lon)


def test_a_point_in_a_hole_is_outside_and_on_its_edge_inside():
    outline = parse_outline(polygon_text(square(WEST, SOUTH, 0.1), square(WEST + 0.04, SOUTH + 0.04, 0.02)))
    points = [(WEST + 0.05, SOUTH + 0.05), (WEST + 0.04, SOUTH + 0.05), (WEST + 0.01, SOUTH), (WEST - 1e-7, SOUTH)]
    assert inside(outline, *columns(points)).tolist() == [False, True, True, False]


def test_no_points_and_no_trouble():
    outline = parse_outline(polygon_text(square(WEST, SOUTH, 0.1)))
    empty = np.empty(0)
    assert len(inside(outline, empty, empty)) == 0
    assert len(edge_distance_m(outline, empty, empty)) == 0
    assert len(near_edge(outline, empty, empty, np.empty(0, bool), empty)) == 0


def test_distances_are_metres_on_the_ground():
    outline = parse_outline(polygon_text(square(WEST, SOUTH, 0.1)))
    per_lon, per_lat = metres_per_degree(SOUTH + 0.05)
    lon = np.array([WEST - 0.001, WEST + 0.05, WEST + 0.02])
    lat = np.array([SOUTH + 0.05, SOUTH - 0.002, SOUTH + 0.05])
    distance = edge_distance_m(outline, lon, lat)
    assert np.allclose(distance, [0.001 * per_lon, 0.002 * per_lat, 0.02 * per_lon], rtol=1e-3)


def test_a_square_degree_at_the_equator_has_its_known_size():
    assert math.isclose(areas_km2(np.array([shapely.box(110, 0, 111, 1)]))[0], 12_308.8, rel_tol=1e-4)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.floats(1, 500))
def test_one_part_is_near_its_edge_exactly_within_the_accuracy(data: st.DataObject, accuracy: float):
    outline = Outline(data.draw(outlines()).parts[:1])
    points = data.draw(points_at(outline))
    lon, lat = columns(points)
    distance = edge_distance_m(outline, lon, lat)
    assume((np.abs(distance - accuracy) > 1e-6 * (1 + accuracy)).all())
    found = near_edge(outline, lon, lat, inside(outline, lon, lat), np.full(len(lon), accuracy))
    assert (found == (distance < accuracy)).all()
    assert not near_edge(outline, lon, lat, inside(outline, lon, lat), np.zeros(len(lon))).any()


def test_an_edge_two_parts_share_is_no_edge_of_the_outline():
    left, right = square(WEST, SOUTH, 0.02), square(round(WEST + 0.02, 7), SOUTH, 0.02)
    outline = parse_outline({"type": "MultiPolygon", "coordinates": [[left], [right]]})
    lon = np.array([WEST + 0.02, WEST + 0.0199, WEST + 0.02, WEST + 0.0001])
    lat = np.array([SOUTH + 0.01, SOUTH + 0.01, SOUTH + 0.0001, SOUTH + 0.01])
    found = near_edge(outline, lon, lat, np.ones(4, bool), np.full(4, 50.0))
    assert found.tolist() == [False, False, True, True]


def test_an_edge_within_another_part_is_no_edge_of_the_outline():
    outer = shapely.box(WEST, SOUTH, WEST + 0.1, SOUTH + 0.1)
    inner = shapely.box(WEST + 0.04, SOUTH + 0.04, WEST + 0.06, SOUTH + 0.06)
    outline = Outline((outer, inner))
    lon, lat = np.array([WEST + 0.04]), np.array([SOUTH + 0.05])
    assert not near_edge(outline, lon, lat, np.array([True]), np.array([100.0])).any()


@given(st.floats(95, 141), st.floats(-11, 6), st.floats(5, 50_000))
@settings(max_examples=100, deadline=None)
def test_a_circle_holds_everything_within_its_radius_and_hardly_more(lon: float, lat: float, radius: float):
    circle = outline_of_circle(lon, lat, radius)
    turn = np.linspace(0, 2 * math.pi, 360)
    for part, expected in ((0.998, True), (1.003 + 0.1 / radius, False)):
        wide, high = degrees(radius * part, lat)
        found = inside(circle, lon + wide * np.cos(turn), lat + high * np.sin(turn))
        assert (found == expected).all()
