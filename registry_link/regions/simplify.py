"""Boundaries drawn with fewer points, so that neighbours still share their border: pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Ring = list[Point]
_METRES_PER_DEGREE: Final = 111_320


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One boundary with what the map writes beside it; ``geojson`` is a Polygon or MultiPolygon."""

    code: str
    name: str
    geojson: str


def feature_collection(shapes: Sequence[Shape], tolerance_m: float) -> str:
    """Write the shapes as GeoJSON with no point further than ``tolerance_m`` from its true line.

    Borders are cut where three lines meet and each piece is thinned once, the same for both sides: no gaps open. Rings
    that vanish at this tolerance are left out, except the largest of a region.
    """
    tolerance = tolerance_m / _METRES_PER_DEGREE
    # The last digit is a fifth of the tolerance or less: finer ones would be a fifth of the answer's weight.
    decimals = min(7, max(3, math.ceil(-math.log10(tolerance / 5)))) if tolerance > 0 else 7
    polygons = [_polygons(json.loads(shape.geojson)) for shape in shapes]
    thinner = _Thinner([ring for one in polygons for polygon in one for ring in polygon], tolerance)
    features = [
        {
            "type": "Feature",
            "id": shape.code,
            "properties": {"code": shape.code, "name": shape.name},
            "geometry": _geometry(polygon, thinner, decimals),
        }
        for shape, polygon in zip(shapes, polygons, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"), ensure_ascii=False)


def _polygons(geometry: dict[str, list[list[list[list[float]]]]]) -> list[list[Ring]]:
    parts = geometry["coordinates"] if str(geometry["type"]) == "MultiPolygon" else [geometry["coordinates"]]
    return [[[(p[0], p[1]) for p in ring[:-1]] for ring in polygon] for polygon in parts]  # type: ignore[misc]


def _geometry(polygons: list[list[Ring]], thinner: _Thinner, decimals: int) -> dict[str, object]:
    kept: list[list[list[list[float]]]] = []
    for polygon in polygons:
        rings = [_rounded(thinner.thin(ring), decimals) for ring in polygon]
        if len(rings[0]) >= 4:
            kept.append([ring for ring in rings if len(ring) >= 4])
    if not kept:
        # Too small to be seen at this tolerance: a box, so that it can still be pointed at.
        points = max((polygon[0] for polygon in polygons), key=len)
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        south, north = min(p[1] for p in points), max(p[1] for p in points)
        kept = [[[[west, south], [east, south], [east, north], [west, north], [west, south]]]]
    if len(kept) == 1:
        return {"type": "Polygon", "coordinates": kept[0]}
    return {"type": "MultiPolygon", "coordinates": kept}


def _rounded(ring: Ring, decimals: int) -> list[list[float]]:
    points: list[list[float]] = []
    for lon, lat in [*ring, ring[0]]:
        point = [round(lon, decimals), round(lat, decimals)]
        if not points or points[-1] != point:
            points.append(point)
    return points


class _Thinner:
    """Thins rings piece by piece; a piece between two meeting points is thinned once for all rings it stands in."""

    def __init__(self, rings: Sequence[Ring], tolerance: float) -> None:
        self._tolerance = tolerance
        self._pieces: dict[tuple[Point, ...], tuple[Point, ...]] = {}
        beside: dict[Point, set[Point]] = {}
        for ring in rings:
            for before, here, after in zip([ring[-1], *ring[:-1]], ring, [*ring[1:], ring[0]], strict=True):
                beside.setdefault(here, set()).update((before, after))
        self._meetings = {point for point, others in beside.items() if len(others) != 2}

    def thin(self, ring: Ring) -> Ring:
        """Give the ring (without its closing point) thinned."""
        cuts = [place for place, point in enumerate(ring) if point in self._meetings]
        if not cuts:
            # Starts at the same point for everyone who has this ring.
            cuts = [min(range(len(ring)), key=ring.__getitem__)]
        turned = ring[cuts[0] :] + ring[: cuts[0]]
        places = [cut - cuts[0] for cut in cuts] + [len(turned)]
        turned.append(turned[0])
        thinned: Ring = []
        for start, stop in pairwise(places):
            thinned.extend(self._piece(tuple(turned[start : stop + 1]))[:-1])
        return thinned

    def _piece(self, points: tuple[Point, ...]) -> tuple[Point, ...]:
        is_turned = points[::-1] < points
        key = points[::-1] if is_turned else points
        kept = self._pieces.get(key)
        if kept is None:
            kept = self._pieces[key] = _thinned(key, self._tolerance)
        return kept[::-1] if is_turned else kept


def _thinned(points: tuple[Point, ...], tolerance: float) -> tuple[Point, ...]:
    """Leave out points by Douglas and Peucker's rule; first and last stay."""
    if len(points) <= 2:
        return points
    line = np.array(points)
    is_kept = np.zeros(len(points), dtype=bool)
    is_kept[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        away = _distances(line[first + 1 : last], line[first], line[last])
        far = int(np.argmax(away))
        if away[far] > tolerance:
            middle = first + 1 + far
            is_kept[middle] = True
            stack += [(first, middle), (middle, last)]
    return tuple(points[place] for place in np.flatnonzero(is_kept))


def _distances(
    points: npt.NDArray[np.float64], start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Tell how far points lie from a stretch of line, in degrees. Shapes: (n, 2), (2,), (2,) -> (n,)."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0.0, 1.0) if length > 0 else np.zeros(len(points))
    away: npt.NDArray[np.float64] = np.hypot(*(points - (start + share[:, None] * along)).T)
    return away
