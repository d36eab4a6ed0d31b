"""Which points lie in an outline, and which lie so near to its edge that nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon

from registry_link.matching.arrays import Bools, Floats, Ints, Shapes, stretches
from registry_link.matching.earth import degrees, plane, scale_m
from registry_link.matching.outlines import Outline

_FEW_PARTS = 8
_DIRECTIONS = 32
_RINGS = (0.25, 0.5, 0.75, 1.0)


def inside(outline: Outline, lon_deg: Floats, lat_deg: Floats) -> Bools:
    """Tell which points lie in the outline or on its edge.

    Shapes: both inputs and the result are (n,).
    Units: degrees, WGS 84, longitude first.
    """
    found = np.zeros(len(lon_deg), dtype=bool)
    for part, near in _near_parts(outline, lon_deg, lat_deg, 0.0):
        found[near] |= shapely.intersects_xy(outline.shapes[part], lon_deg[near], lat_deg[near])
    return found


def edge_distance_m(outline: Outline, lon_deg: Floats, lat_deg: Floats) -> Floats:
    """Give each point's distance to the nearest edge of any part.

    Shapes: (n,) -> (n,). Units: degrees -> metres; exact to 0.1 % within 5 km, good for comparisons beyond.
    """
    points = plane(np.column_stack([lon_deg, lat_deg]))
    edges = outline.edges
    lines: Shapes = np.asarray(shapely.linestrings(np.stack([plane(edges[:, :2]), plane(edges[:, 2:])], axis=1)))
    distance = np.full(len(points), np.inf)
    if len(points):
        # All ties come back; any of them has the distance.
        (which, _), far = shapely.STRtree(lines).query_nearest(shapely.points(points), return_distance=True)
        distance[which] = far * scale_m(lat_deg[which])
    return distance


def near_edge(outline: Outline, lon_deg: Floats, lat_deg: Floats, is_inside: Bools, accuracy_m: Floats) -> Bools:
    """Tell which points are nearer to the outline's edge than their accuracy (0 = exact: never near).

    An edge that two parts share or that lies within another part is no edge of the outline. Where a point is within its
    accuracy of several parts, the outline is looked at around the point (32 directions, four distances).
    Shapes: all (n,). Source: decisions.md 12.
    """
    asked = np.flatnonzero(accuracy_m > 0)
    touching = np.zeros(len(lon_deg), dtype=np.int64)
    is_deep = np.zeros(len(lon_deg), dtype=bool)
    if not len(asked):
        return is_deep
    lon, lat, accuracy = lon_deg[asked], lat_deg[asked], accuracy_m[asked]
    for part, near in _near_parts(outline, lon, lat, float(accuracy.max())):
        which = asked[near]
        points = plane(np.column_stack([lon[near], lat[near]]))
        line = _edge_of(outline.parts[part])
        limit = np.nextafter(accuracy[near] / scale_m(lat[near]), 0)
        is_near = shapely.dwithin(line, shapely.points(points), limit)  # type: ignore[call-overload]
        touching[which] += is_near
        far = which[~is_near]
        is_deep[far] |= shapely.intersects_xy(outline.shapes[part], lon_deg[far], lat_deg[far])
    found = (touching > 0) & ~is_deep
    doubtful = np.flatnonzero(found & is_inside & (touching > 1))
    if len(doubtful):
        found[doubtful] = ~_surrounded(outline, lon_deg[doubtful], lat_deg[doubtful], accuracy_m[doubtful])
    return found


def _surrounded(outline: Outline, lon_deg: Floats, lat_deg: Floats, radius_m: Floats) -> Bools:
    """Tell around which points the outline reaches at least this far, as far as a sample shows."""
    turn = 2 * math.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    east = np.concatenate([ring * np.cos(turn) for ring in _RINGS])
    north = np.concatenate([ring * np.sin(turn) for ring in _RINGS])
    found = np.empty(len(lon_deg), dtype=bool)
    for n, (lon, lat, radius) in enumerate(zip(lon_deg, lat_deg, radius_m, strict=True)):
        wide, high = degrees(float(radius), float(lat))
        found[n] = inside(outline, lon + wide * east, lat + high * north).all()
    return found


def _near_parts(outline: Outline, lon_deg: Floats, lat_deg: Floats, metres: float) -> Iterator[tuple[int, Ints]]:
    """Give each part that has points in its widened box, with those points' positions."""
    boxes = outline.boxes
    if metres:
        wide, high = degrees(metres * 1.01, float(np.abs(boxes[:, 1::2]).max()))
        boxes = boxes + np.array([-wide, -high, wide, high])
    if len(boxes) <= _FEW_PARTS:
        for part, (west, south, east, north) in enumerate(boxes):
            near = (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)
            if near.any():
                yield part, np.flatnonzero(near)
        return
    tree = shapely.STRtree(np.asarray(shapely.box(*boxes.T)))
    point, part_of = tree.query(shapely.points(lon_deg, lat_deg))
    order = np.lexsort((point, part_of))
    for part, at in stretches(part_of[order]):
        yield part, point[order][at]


def _edge_of(polygon: Polygon) -> shapely.Geometry:
    """Give the polygon's rings on the plane, prepared for distances."""
    lines = shapely.transform(shapely.boundary(polygon), plane)
    shapely.prepare(lines)
    return lines
