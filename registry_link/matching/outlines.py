"""A stranger's GeoJSON becomes an outline that can be trusted, or a refusal that says what and where."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn, TypeGuard

import numpy as np
import shapely
from shapely import Polygon

from core.errors import Fact, Invalid, Malformed, TooLarge
from registry_link.matching.arrays import Floats
from registry_link.matching.earth import INDONESIA, Box, areas_km2, degrees

LARGEST_BYTES = 10 * 1024 * 1024
DEEPEST = 16
MOST_FEATURES = 500
MOST_POINTS = 50_000
MOST_RING_POINTS = 20_000
LARGEST_TIMES_DISTRICT = 2
"""Source of all five: safety.md §2.5."""
WIDEST_DEG = 6.0
"""How wide and high an outline may be while the district's boundary is not known; no regency is wider."""
SMALLEST_M2 = 1.0
CIRCLE_POINTS = 64
_OVERLAP_SAMPLES = 100
_WGS84 = re.compile(r"(^|[:/])(CRS:?84h?|(EPSG:{0,2}|EPSG/0/)4326)$", re.IGNORECASE)
_REASON = re.compile(r"^(?P<what>[^\[]+)\[(?P<lon>\S+) (?P<lat>\S+)\]$")
_VERDICTS = {
    "Self-intersection": "outline.crosses_itself",
    "Ring Self-intersection": "outline.touches_itself",
    "Hole lies outside shell": "outline.hole_outside",
    "Holes are nested": "outline.hole_in_hole",
    "Duplicate Rings": "outline.hole_in_hole",
    "Interior is disconnected": "outline.cut_apart",
    "Nested shells": "outline.part_in_part",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """What was put right without changing the meaning; code and facts make a sentence to show."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """An area on the ground: valid polygons in degrees. A point is inside when it is inside any part or on its edge.

    Parts may overlap or share edges; they are never cut against each other.
    """

    parts: tuple[Polygon, ...]
    repairs: tuple[Repair, ...] = field(default=(), compare=False)

    @classmethod
    def from_geojson(cls, text: str) -> Outline:
        """Read back what ``to_geojson`` wrote. Nothing is checked: never for text from outside."""
        shape = shapely.geometry.shape(json.loads(text))
        return cls(tuple(one for one in shapely.get_parts(shape) if isinstance(one, Polygon)))

    def to_geojson(self) -> str:
        """Write as Polygon or MultiPolygon, every coordinate exactly."""
        return _text_of(self.parts)

    def thinned(self, tolerance_m: float) -> str:
        """Write for a map: no point farther than this from its true line, six decimals. Never for matching.

        A ring of 20,000 points in the worst shape (a comb) takes two seconds: keep the text.
        """
        wide, high = degrees(tolerance_m, max(abs(self.bounds.south), abs(self.bounds.north)))
        tolerance, parts = min(wide, high), np.array(self.parts, dtype=object)
        thin = shapely.simplify(parts, tolerance, preserve_topology=True)
        # Where a ring begins GEOS leaves out a point last of all, which may move what it left out before once more.
        for place, line in enumerate(shapely.boundary(thin)):
            shapely.prepare(line)
            points = shapely.points(shapely.get_coordinates(parts[place]))
            if (shapely.distance(line, points) > tolerance).any():
                thin[place] = shapely.simplify(parts[place], tolerance / 2, preserve_topology=True)
        return _text_of(thin, decimals=6)

    @cached_property
    def shapes(self) -> list[Polygon]:
        """The parts, prepared for many questions."""
        shapely.prepare(self.parts)
        return list(self.parts)

    @cached_property
    def boxes(self) -> Floats:
        """West, south, east, north of each part. Shape: (parts, 4)."""
        return shapely.bounds(np.array(self.parts, dtype=object))

    @cached_property
    def bounds(self) -> Box:
        west, south = self.boxes[:, :2].min(axis=0)
        east, north = self.boxes[:, 2:].max(axis=0)
        return Box(float(west), float(south), float(east), float(north))

    @cached_property
    def edges(self) -> Floats:
        """Every edge of every ring as lon, lat, lon, lat. Shape: (edges, 4)."""
        rings = shapely.get_rings(np.array(self.parts, dtype=object))
        points, ring = shapely.get_coordinates(rings, return_index=True)
        is_joined = ring[1:] == ring[:-1]
        return np.column_stack([points[:-1][is_joined], points[1:][is_joined]])

    @property
    def point_count(self) -> int:
        return int(shapely.get_num_coordinates(np.array(self.parts, dtype=object)).sum())

    @cached_property
    def area_km2(self) -> float:
        """The ground covered, once; where parts overlap, the overlap is estimated on a grid."""
        whole = float(areas_km2(np.array(self.parts, dtype=object)).sum())
        if len(self.parts) == 1:
            return whole
        box, across = self.bounds, _OVERLAP_SAMPLES
        lon = np.tile(box.west + (np.arange(across) + 0.5) * (box.east - box.west) / across, across)
        lat = np.repeat(box.south + (np.arange(across) + 0.5) * (box.north - box.south) / across, across)
        times = np.zeros(len(lon), dtype=np.int64)
        for shape, (west, south, east, north) in zip(self.shapes, self.boxes, strict=True):
            near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
            times[near] += shapely.contains_xy(shape, lon[near], lat[near])
        width_km, height_km = box.size_km
        return whole - float(np.maximum(times - 1, 0).sum()) * width_km * height_km / across**2


def _text_of(polygons: Iterable[Polygon], *, decimals: int | None = None) -> str:
    parts = []
    for one in polygons:
        rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(one)]
        parts.append([(ring if decimals is None else np.round(ring, decimals)).tolist() for ring in rings])
    kind, coordinates = ("Polygon", parts[0]) if len(parts) == 1 else ("MultiPolygon", parts)
    return json.dumps({"type": kind, "coordinates": coordinates}, separators=(",", ":"))


def parse_outline(document: Mapping[str, object] | str | bytes, *, district_box: Box | None = None) -> Outline:
    """Read an outline from a GeoJSON geometry, Feature or FeatureCollection of polygons.

    Several polygons become several parts. Open rings are closed and repeated points dropped, both told in ``repairs``.
    No polygon is ever cut, joined or made valid (two valid combs of 600 teeth hold GEOS for 24 s).
    Raises: Malformed, TooLarge, Invalid, with a code "outline.…" and the place (feature, part, ring, point, lon, lat).
    """
    reader = _Reader()
    reader.read(_json_of(document) if isinstance(document, str | bytes) else document)
    _check_place(reader.rings, district_box)
    return Outline(reader.polygons(), tuple(reader.repairs))


def outline_of_circle(lon_deg: float, lat_deg: float, radius_m: float, *, district_box: Box | None = None) -> Outline:
    """Make an outline that holds everything within ``radius_m`` of a point (and at most 0.13 % beyond it)."""
    if not all(_is_number(one) and math.isfinite(one) for one in (lon_deg, lat_deg, radius_m)):
        raise _invalid("outline.circle_numbers")
    if not 1 <= radius_m <= 500_000:
        raise _invalid("outline.circle_radius", radius_m=float(radius_m))
    turn = 2 * math.pi * np.arange(CIRCLE_POINTS) / CIRCLE_POINTS
    # Around the circle, not within it: a house at exactly the radius is inside.
    wide, high = degrees(radius_m / math.cos(math.pi / CIRCLE_POINTS), lat_deg)
    points = np.round(np.column_stack([lon_deg + wide * np.cos(turn), lat_deg + high * np.sin(turn)]), 7).tolist()
    return parse_outline({"type": "Polygon", "coordinates": [[*points, points[0]]]}, district_box=district_box)


@dataclass(frozen=True, slots=True)
class _Ring:
    points: Floats
    where: dict[str, Fact]
    is_shell: bool


class _Reader:
    """Walks a document once: shape and numbers first, geometry only when every number is good."""

    def __init__(self) -> None:
        self.rings: list[_Ring] = []
        self.repairs: list[Repair] = []
        self.point_count = 0
        self._joined: list[list[int]] = []
        """Which polygons (numbers of their shells) came as one MultiPolygon."""

    def read(self, document: object) -> None:
        if not isinstance(document, Mapping):
            raise _invalid("outline.not_geojson", found=_short(document))
        _check_crs(document)
        kind = document.get("type")
        if kind == "FeatureCollection":
            features = document.get("features")
            if not _is_list(features):
                raise _invalid("outline.not_geojson", found="features")
            if len(features) > MOST_FEATURES:
                raise TooLarge("outline.too_many_features", count=len(features), most=MOST_FEATURES)
            for number, one in enumerate(features, 1):
                if not isinstance(one, Mapping) or one.get("type") != "Feature":
                    raise _invalid("outline.not_geojson", found=f"features[{number - 1}]")
                self._geometry(one.get("geometry"), number)
        elif kind == "Feature":
            self._geometry(document.get("geometry"), 1)
        else:
            self._geometry(document, 1)
        if not self.rings:
            raise _invalid("outline.empty", feature=1, part=1)

    def _geometry(self, geometry: object, feature: int) -> None:
        if geometry is None:
            raise _invalid("outline.empty", feature=feature, part=1)
        if not isinstance(geometry, Mapping):
            raise _invalid("outline.not_geojson", found=_short(geometry))
        _check_crs(geometry)
        kind, coordinates = geometry.get("type"), geometry.get("coordinates")
        if kind not in ("Polygon", "MultiPolygon"):
            if kind in ("Point", "MultiPoint", "LineString", "MultiLineString", "GeometryCollection"):
                raise _invalid("outline.not_an_area", feature=feature, found=str(kind))
            raise _invalid("outline.not_geojson", found=_short(kind))
        if not _is_list(coordinates):
            raise _invalid("outline.empty", feature=feature, part=1)
        polygons = coordinates if kind == "MultiPolygon" else [coordinates]
        if not polygons:
            raise _invalid("outline.empty", feature=feature, part=1)
        joined: list[int] = []
        for part, rings in enumerate(polygons, 1):
            if not _is_list(rings) or not rings:
                raise _invalid("outline.empty", feature=feature, part=part)
            joined.append(len(self.rings))
            for number, points in enumerate(rings, 1):
                self._ring(points, {"feature": feature, "part": part, "ring": number}, is_shell=number == 1)
        self._joined.append(joined)

    def _ring(self, points: object, where: dict[str, Fact], *, is_shell: bool) -> None:
        if not _is_list(points) or not points:
            raise _invalid("outline.empty", feature=where["feature"], part=where["part"])
        if len(points) > MOST_RING_POINTS:
            raise TooLarge("outline.ring_too_long", count=len(points), most=MOST_RING_POINTS, **where)
        self.point_count += len(points)
        if self.point_count > MOST_POINTS:
            raise TooLarge("outline.too_many_points", most=MOST_POINTS)
        pairs: list[tuple[float, float]] = []
        for number, point in enumerate(points, 1):
            # No bool, no text: GEOS takes "110.5" and True for numbers without a word.
            numbers = [one for one in point if _is_number(one)] if _is_list(point) else []
            if not _is_list(point) or not 2 <= len(numbers) <= 4 or len(numbers) != len(point):
                raise _invalid("outline.not_a_number", point=number, found=_short(point), **where)
            try:
                pair = float(numbers[0]), float(numbers[1])
            except OverflowError:
                pair = math.inf, math.inf
            if not (math.isfinite(pair[0]) and math.isfinite(pair[1])):
                raise _invalid("outline.not_a_number", point=number, found=_short(point), **where)
            pairs.append(pair)
        self.rings.append(_Ring(self._repaired(np.array(pairs), where), where, is_shell))

    def _repaired(self, points: Floats, where: dict[str, Fact]) -> Floats:
        if len(points) > 2 and not np.array_equal(points[0], points[-1]):
            points = np.vstack([points, points[:1]])
            self.repairs.append(Repair("outline.ring_closed", where))
        is_repeated = np.r_[False, (points[1:] == points[:-1]).all(axis=1)]
        if is_repeated.any():
            points = points[~is_repeated]
            self.repairs.append(Repair("outline.points_dropped", {**where, "count": int(is_repeated.sum())}))
        if len(points) < 4:
            raise _invalid("outline.too_few_points", **where)
        return points

    def polygons(self) -> tuple[Polygon, ...]:
        """Build the parts. Raises: Invalid where one of them cannot be an area."""
        shells = [n for n, ring in enumerate(self.rings) if ring.is_shell]
        made = np.array(
            [
                Polygon(self.rings[shell].points, [hole.points for hole in self.rings[shell + 1 : after]])
                for shell, after in zip(shells, [*shells[1:], len(self.rings)], strict=True)
            ],
            dtype=object,
        )
        self._refuse_small(shells, areas_km2(shapely.convex_hull(made)))
        crossed = np.flatnonzero(~shapely.is_valid(made))
        if len(crossed):
            where = self.rings[shells[crossed[0]]].where
            _refuse_reason(
                shapely.is_valid_reason(made[crossed[0]]), {"feature": where["feature"], "part": where["part"]}
            )
        self._refuse_small(shells, areas_km2(made))
        of_shell = dict(zip(shells, made, strict=True))
        for joined in self._joined:
            if len(joined) > 1:
                self._check_joined([of_shell[n] for n in joined], self.rings[joined[0]].where)
        return tuple(made)

    def _refuse_small(self, shells: list[int], sizes_km2: Floats) -> None:
        small = np.flatnonzero(sizes_km2 * 1e6 < SMALLEST_M2)
        if len(small):
            where = self.rings[shells[small[0]]].where
            raise _invalid("outline.too_small", feature=where["feature"], part=where["part"])

    def _check_joined(self, polygons: list[Polygon], where: dict[str, Fact]) -> None:
        """Take overlapping parts as one area and say so; refuse a part within a part, which may have meant a hole."""
        reason = str(shapely.is_valid_reason(shapely.multipolygons(polygons)))
        if reason == "Valid Geometry":
            return
        what, place = _place_of(reason)
        if what == "Nested shells":
            _refuse_reason(reason, {"feature": where["feature"]})
        self.repairs.append(Repair("outline.parts_overlap", {"feature": where["feature"], **place}))


def _check_place(rings: Sequence[_Ring], district_box: Box | None) -> None:
    """Refuse swapped, projected and far-away coordinates, in the words that help most."""
    shells = np.vstack([ring.points for ring in rings if ring.is_shell])
    given, turned = _box_of(shells), _box_of(shells[:, ::-1])
    home = INDONESIA if district_box is None else district_box.times(LARGEST_TIMES_DISTRICT)
    lon, lat = (round(float(one), 6) for one in shells[0])
    if not given.meets(home) and turned.meets(home):
        raise _invalid("outline.swapped", lon=lon, lat=lat)
    for ring in rings:
        for code, axis, most in (("outline.longitude_range", 0, 180), ("outline.latitude_range", 1, 90)):
            bad = np.flatnonzero(np.abs(ring.points[:, axis]) > most)
            if len(bad):
                first = ring.points[bad[0]]
                code = "outline.in_metres" if np.abs(first).max() > 1000 else code
                x, y = (round(float(one), 6) for one in first)
                raise _invalid(code, point=int(bad[0]) + 1, lon=x, lat=y, **ring.where)
    if not given.meets(INDONESIA if district_box is None else district_box):
        raise _invalid("outline.outside_district", lon=lon, lat=lat, **_sides(district_box or INDONESIA))
    is_wide = (
        max(given.east - given.west, given.north - given.south) > WIDEST_DEG
        if district_box is None
        else not (home.holds(given.west, given.south) and home.holds(given.east, given.north))
    )
    if is_wide:
        width_km, height_km = (round(one, 1) for one in given.size_km)
        raise _invalid("outline.too_wide", width_km=width_km, height_km=height_km, **_sides(given))


def _refuse_reason(reason: object, where: Mapping[str, Fact]) -> NoReturn:
    what, place = _place_of(str(reason))
    code = _VERDICTS.get(what)
    if code is None:
        raise _invalid("outline.invalid", reason=what, **place, **where)
    raise _invalid(code, **place, **where)


def _place_of(reason: str) -> tuple[str, dict[str, Fact]]:
    """Split GEOS's "Self-intersection[115.1 -8.5]" into what and where."""
    found = _REASON.match(reason)
    if found is None:
        return reason, {}
    return found["what"], {"lon": round(float(found["lon"]), 6), "lat": round(float(found["lat"]), 6)}


def _check_crs(document: Mapping[str, object]) -> None:
    """Refuse an old file that says it is not in WGS 84."""
    crs = document.get("crs")
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    if not isinstance(name, str) or not _WGS84.search(name):
        raise _invalid("outline.other_crs", found=_short(name if name is not None else crs))


def _json_of(text: str | bytes) -> object:
    """Parse within the limits of size and depth. Raises: TooLarge, Malformed, Invalid."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > LARGEST_BYTES:
        raise TooLarge("outline.too_many_bytes", size_mb=round(len(raw) / 2**20, 1), limit_mb=LARGEST_BYTES // 2**20)
    if _depth_of(raw) > DEEPEST:
        raise _invalid("outline.too_deep", most=DEEPEST)
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError, and a number of 5,000 digits
        raise Malformed("outline.not_json") from error


def strict_json(text: str | bytes) -> object:
    """Read a document whose features are wanted one by one, within the same limits of size, depth and numbers.

    Raises: TooLarge, Malformed, Invalid, with codes "outline.…".
    """
    return _json_of(text)


def _depth_of(raw: bytes) -> int:
    """Count how deep brackets nest outside texts, before a parser recurses into them."""
    signs = np.frombuffer(re.sub(rb"\\.", b"", raw, flags=re.DOTALL), dtype=np.uint8)
    is_outside = (np.cumsum(signs == ord('"'), dtype=np.int32) & 1) == 0
    opens = ((signs == ord("[")) | (signs == ord("{"))) & is_outside
    closes = ((signs == ord("]")) | (signs == ord("}"))) & is_outside
    return int(np.cumsum(opens.astype(np.int32) - closes, dtype=np.int32).max(initial=0))


def _refuse_constant(name: str) -> NoReturn:
    raise _invalid("outline.not_a_number", feature=0, part=0, ring=0, point=0, found=name)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) is int or type(value) is float


def _is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def _box_of(points: Floats) -> Box:
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return Box(float(west), float(south), float(east), float(north))


def _sides(box: Box) -> dict[str, Fact]:
    return {side: round(getattr(box, side), 4) for side in ("west", "south", "east", "north")}


def _invalid(code: str, **facts: Fact) -> Invalid:
    refused = Invalid(code, field="outline")
    refused.facts.update(facts)
    return refused


def _short(value: object) -> str:
    """Quote what was found, short enough for a sentence."""
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 40 else text[:37] + "..."
