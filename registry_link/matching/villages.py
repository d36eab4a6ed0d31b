"""Our own, trusted village boundaries: which village a point lies in, how far it is from its own, what is touched.

Nothing is ever cut out of anything: shares are counted on grids of points, which takes the same time whatever a
stranger's outline looks like.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from registry_link.matching.arrays import Bools, Floats, Ints, Shapes, counted, stretches
from registry_link.matching.earth import areas_km2, metres_per_degree, plane, scale_m
from registry_link.matching.inside import inside
from registry_link.matching.outlines import Outline
from registry_link.matching.rules import WHOLE_SHARE

SLIVER_M = 20.0
"""An overlap nowhere farther than this from both edges is the files' imprecision, not a village that is touched."""
_SAMPLES = 2_000
_SHARP_SAMPLES = 20_000
_SHARP_FROM = 0.97
_MOST_CANDIDATES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What an outline does to each village. Shapes: all (villages,)."""

    is_touched: Bools
    is_whole: Bools
    """At least 99 % of the village's area is inside."""
    area_permille: Ints
    """Share of the village's area inside; at least 1 for a touched one."""


class Villages:
    """Village boundaries, in the order of their codes."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take (code, GeoJSON text) of valid polygons, as ``boundary`` holds them."""
        pairs = sorted(rows)
        self.codes: tuple[str, ...] = tuple(code for code, _ in pairs)
        self.shapes: Shapes = np.array([shapely.from_geojson(text) for _, text in pairs], dtype=object)
        self.boxes: Floats = shapely.bounds(self.shapes).reshape(-1, 4)
        self._numbers = {code: number for number, code in enumerate(self.codes)}
        self._edges: dict[int, shapely.Geometry] = {}
        shapely.prepare(self.shapes)

    def number(self, code: str) -> int:
        """Give the village's place in ``codes``, or -1 where its boundary is not known."""
        return self._numbers.get(code, -1)

    def village_of(self, lon_deg: Floats, lat_deg: Floats) -> Ints:
        """Tell in which village each point lies, as its place in ``codes``; -1 for none.

        Neighbours overlap by slivers and share edges: of several villages the one with the lowest code is taken.
        """
        found = np.full(len(lon_deg), -1, dtype=np.int64)
        for number, (west, south, east, north) in enumerate(self.boxes):
            open_ = (found < 0) & (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)
            near = np.flatnonzero(open_)
            if len(near):
                is_in = shapely.intersects_xy(self.shapes[number], lon_deg[near], lat_deg[near])
                found[near[is_in]] = number
        return found

    def outside_m(self, village: Ints, lon_deg: Floats, lat_deg: Floats) -> Floats:
        """Give each point's distance from its own village: 0 inside it, nan where its boundary is not known.

        Shapes: (n,) each; ``village`` as places in ``codes``, -1 for unknown.
        """
        found = np.full(len(village), np.nan)
        order = np.argsort(village, kind="stable")
        for number, at in stretches(village[order]):
            if number < 0:
                continue
            own = order[at]
            found[own] = 0.0
            astray = own[~shapely.intersects_xy(self.shapes[number], lon_deg[own], lat_deg[own])]
            if len(astray):
                points = shapely.points(plane(np.column_stack([lon_deg[astray], lat_deg[astray]])))
                found[astray] = shapely.distance(self._edge(number), points) * scale_m(lat_deg[astray])
        return found

    def touched_by(self, outline: Outline) -> Touch:
        """Tell which villages the outline touches, which lie wholly in it, and with what share of their area."""
        count = len(self.codes)
        is_touched, is_whole = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        permille = np.zeros(count, dtype=np.int64)
        box, edges = outline.bounds, outline.edges
        low = np.minimum(edges[:, :2], edges[:, 2:])
        high = np.maximum(edges[:, :2], edges[:, 2:])
        for number, (west, south, east, north) in enumerate(self.boxes):
            if west > box.east or east < box.west or south > box.north or north < box.south:
                continue
            is_close = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
            if is_close.any():
                share, is_touched[number] = self._share(number, outline, edges[is_close])
            else:
                # No edge comes near: all of the village's box is inside, or none of it.
                share = float(inside(outline, np.array([west]), np.array([south]))[0])
                is_touched[number] = share > 0
            is_whole[number] = is_touched[number] and share >= WHOLE_SHARE
            if is_touched[number]:
                permille[number] = min(max(round(share * 1000), 1), 1000)
        return Touch(is_touched=is_touched, is_whole=is_whole, area_permille=permille)

    def _share(self, number: int, outline: Outline, edges: Floats) -> tuple[float, bool]:
        """Count the share of the village's area that is inside, and tell whether more than a sliver is.

        ``edges`` are those of the outline that come near the village.
        """
        shape, own, box = self.shapes[number], self.boxes[number], outline.bounds
        window = np.array(
            [max(own[0], box.west), max(own[1], box.south), min(own[2], box.east), min(own[3], box.north)]
        )
        is_all = bool((window == own).all())
        share, lon, lat = self._sample(shape, outline, window, is_all, _SAMPLES)
        if is_all and share >= _SHARP_FROM:
            share, lon, lat = self._sample(shape, outline, window, is_all, _SHARP_SAMPLES)
        if self._is_deep(number, edges, _some(lon, 200), _some(lat, 200)):
            return share, True
        lon, lat = _along(edges, window)
        is_own = shapely.intersects_xy(shape, lon, lat)
        if self._is_deep(number, edges, _some(lon[is_own], _MOST_CANDIDATES), _some(lat[is_own], _MOST_CANDIDATES)):
            return share, True
        corners = _some(shapely.get_coordinates(shape), _MOST_CANDIDATES)
        corners = corners[inside(outline, corners[:, 0], corners[:, 1])]
        return share, self._is_deep(number, edges, corners[:, 0], corners[:, 1])

    @staticmethod
    def _sample(
        shape: Polygon, outline: Outline, window: Floats, is_all: bool, samples: int
    ) -> tuple[float, Floats, Floats]:
        """Count on a grid in the window: the share of the village that is inside, and the points in both."""
        west, south, east, north = window
        if east <= west or north <= south:
            return 0.0, np.empty(0), np.empty(0)
        ratio = min(max((east - west) / (north - south), 0.01), 100.0)
        across = max(round(math.sqrt(samples * ratio)), 4)
        up = max(round(samples / across), 4)
        lon = np.tile(west + (np.arange(across) + 0.5) * (east - west) / across, up)
        lat = np.repeat(south + (np.arange(up) + 0.5) * (north - south) / up, across)
        is_own = shapely.intersects_xy(shape, lon, lat)
        lon, lat = lon[is_own], lat[is_own]
        if not len(lon):
            return 0.0, lon, lat
        is_both = inside(outline, lon, lat)
        share = float(is_both.mean())
        if not is_all:
            per_lon, per_lat = metres_per_degree(float(south + north) / 2)
            cell_km2 = (east - west) * per_lon * (north - south) * per_lat / (across * up) / 1e6
            share = min(float(is_both.sum() * cell_km2 / areas_km2(np.array([shape], dtype=object))[0]), 1.0)
        return share, lon[is_both], lat[is_both]

    def _is_deep(self, number: int, edges: Floats, lon: Floats, lat: Floats) -> bool:
        """Tell whether one of these points, which lie in both, is farther than a sliver's width from either edge."""
        if not len(lon):
            return False
        points = np.asarray(shapely.points(plane(np.column_stack([lon, lat]))))
        limit = SLIVER_M / scale_m(lat)
        if not shapely.dwithin(self._edge(number), points, limit).all():  # type: ignore[call-overload]
            return True
        lines = np.asarray(shapely.linestrings(np.stack([plane(edges[:, :2]), plane(edges[:, 2:])], axis=1)))
        near = shapely.STRtree(lines).query(points, predicate="dwithin", distance=limit)
        return len(np.unique(near[0])) < len(points)

    def _edge(self, number: int) -> shapely.Geometry:
        """Give the village's rings on the plane, prepared for distances."""
        if number not in self._edges:
            self._edges[number] = shapely.transform(shapely.boundary(self.shapes[number]), plane)
            shapely.prepare(self._edges[number])
        return self._edges[number]


def _along(edges: Floats, window: Floats) -> tuple[Floats, Floats]:
    """Give points along edges, close enough for the window, never more than a bounded number over their count."""
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    step = max(math.hypot(window[2] - window[0], window[3] - window[1]) / 100, float(length.sum()) / 5_000, 1e-7)
    pieces = np.ceil(length / step).astype(np.int64) + 1
    edge, number = counted(pieces)
    part = number / pieces[edge]
    lon = edges[edge, 0] + part * (edges[edge, 2] - edges[edge, 0])
    lat = edges[edge, 1] + part * (edges[edge, 3] - edges[edge, 1])
    return lon, lat


def _some(values: Floats, most: int) -> Floats:
    """Take every so many-th, so that at most about this many are left."""
    return values[:: max(1, -(-len(values) // most))]
