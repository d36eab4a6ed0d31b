"""Outlines of every awkward kind, and the slow exact answer they are judged by."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import Polygon

from registry_link.matching.arrays import Bools, Floats
from registry_link.matching.outlines import Outline

Point = tuple[float, float]
WEST, SOUTH = 131.0, -8.0
"""Corner of the test ground: open sea, whole degrees."""


def place(x: int, y: int, step: float) -> Point:
    """Give a point of the test ground's lattice, rounded as positions are."""
    return round(WEST + x * step, 7), round(SOUTH + y * step, 7)


@st.composite
def stars(draw: st.DrawFn, x: int, y: int, reach: int, step: float) -> list[Point]:
    """Draw a ring without crossings: points around a centre, each direction once."""
    count = draw(st.integers(3, 12))
    turns = sorted(draw(st.lists(st.integers(0, 359), min_size=count, max_size=count, unique=True)))
    ring = []
    for turn in turns:
        far = draw(st.integers(2, reach))
        ring.append(
            place(x + round(far * math.cos(math.radians(turn))), y + round(far * math.sin(math.radians(turn))), step)
        )
    return ring


@st.composite
def outlines(draw: st.DrawFn) -> Outline:
    """Draw an outline: rectangles, stars and squares with holes, islands, overlapping and touching parts."""
    step = draw(st.sampled_from([1e-7, 1e-5, 1e-3, 0.01]))
    parts: list[Polygon] = []
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.integers(0, 40)), draw(st.integers(0, 40))
        kind = draw(st.sampled_from(["box", "star", "holed", "ring"]))
        if kind == "star":
            part = Polygon(draw(stars(x, y, 20, step)))
        elif kind == "box":
            wide, high = draw(st.integers(1, 20)), draw(st.integers(1, 20))
            part = Polygon([place(*corner, step) for corner in _corners(x, y, x + wide, y + high)])
        else:
            size = draw(st.integers(4, 20))
            inner = [draw(stars(x + size // 2, y + size // 2, max(2, size // 2 - 1), step))]
            if kind == "ring":
                inner = [[place(*corner, step) for corner in _corners(x + 1, y + 1, x + size - 1, y + size - 1)]]
            part = Polygon([place(*corner, step) for corner in _corners(x, y, x + size, y + size)], inner)
        if shapely.is_valid(part) and part.area > 0:
            parts.append(part)
    if not parts:
        parts = [Polygon([place(*corner, step) for corner in _corners(0, 0, 8, 8)])]
    return Outline(tuple(parts))


@st.composite
def points_at(draw: st.DrawFn, outline: Outline) -> list[Point]:
    """Draw points where mistakes live: on vertices, in the middle of edges, a centimetre beside them, and anywhere."""
    vertices = [tuple(one) for one in outline.edges[:, :2].tolist()]
    middles = [tuple(one) for one in np.round((outline.edges[:, :2] + outline.edges[:, 2:]) / 2, 7).tolist()]
    box = outline.bounds
    nearby = st.sampled_from(vertices + middles)
    beside = st.tuples(nearby, st.integers(-2, 2), st.integers(-2, 2)).map(
        lambda drawn: (round(drawn[0][0] + drawn[1] * 1e-7, 7), round(drawn[0][1] + drawn[2] * 1e-7, 7))
    )
    wide, high = max(box.east - box.west, 1e-6), max(box.north - box.south, 1e-6)
    anywhere = st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)).map(
        lambda part: (round(box.west + part[0] * wide, 7), round(box.south + part[1] * high, 7))
    )
    return draw(st.lists(st.one_of(nearby, beside, anywhere), min_size=1, max_size=60))


def exactly_inside(outline: Outline, points: list[Point]) -> Bools:
    """Answer by fractions: no rounding anywhere. The edge is inside."""
    return np.array([any(_in_polygon(part, point) for part in outline.parts) for point in points])


def columns(points: list[Point]) -> tuple[Floats, Floats]:
    both = np.array(points, dtype=np.float64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


def square(west: float, south: float, side: float) -> list[list[float]]:
    """Give a closed ring."""
    east, north = round(west + side, 7), round(south + side, 7)
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon_text(*rings: list[list[float]]) -> str:
    return json.dumps({"type": "Polygon", "coordinates": rings})


def _corners(west: int, south: int, east: int, north: int) -> list[tuple[int, int]]:
    return [(west, south), (east, south), (east, north), (west, north)]


def _in_polygon(polygon: Polygon, point: Point) -> bool:
    where = [_of_ring(list(ring.coords), point) for ring in (polygon.exterior, *polygon.interiors)]
    return 0 in where or (where[0] > 0 and all(one < 0 for one in where[1:]))


def _of_ring(ring: list[tuple[float, ...]], point: Point) -> int:
    """Tell whether the point is inside (1), on (0) or outside (-1) the ring."""
    x, y = Fraction(point[0]), Fraction(point[1])
    is_in = False
    for (ax, ay), (bx, by) in pairwise(ring):
        x0, y0, x1, y1 = (Fraction(one) for one in (ax, ay, bx, by))
        turn = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        if turn == 0 and min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1):
            return 0
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            is_in = not is_in
    return 1 if is_in else -1
