"""Points of a GPX or GeoJSON file as a table of texts; runs in the child process that reads strangers' documents.

A waypoint's name, or a feature's properties, say whose point it is. Nothing is judged here: what a row means is told
by the same rules as for a table.
"""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from core.errors import Malformed, TooLarge

MOST_POINTS: Final = 20_000
MOST_COLUMNS: Final = 60
DEEPEST: Final = 32
LONGEST_TEXT: Final = 200
LON, LAT, ACCURACY, NAME = "Bujur", "Lintang", "Ketepatan (m)", "name"
_GPX: Final = ("http://www.topografix.com/GPX/1/1", "http://www.topografix.com/GPX/1/0", "")
_DEGREES: Final = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "urn:ogc:def:crs:EPSG::4326",
                   "EPSG:4326")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCell:
    text: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    number: int
    """Which waypoint or feature it is; the first one is 1."""
    lon: str
    lat: str
    cells: list[PointCell]
    """Under ``header``; shorter where the last ones are empty."""
    is_point: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTable:
    header: list[str]
    rows: list[PointRow]


def parse(content: bytes, name: str) -> PointTable:
    """Read a document's points.

    Raises: Malformed "completion.points_unknown", "completion.points_broken", "completion.points_crs"; TooLarge
    "reader.too_many_rows", "reader.too_many_columns".
    """
    plain = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _geojson(plain) if plain.startswith((b"{", b"[")) else _gpx(content)


# ---------------------------------------------------------------- GPX


def _gpx(content: bytes) -> PointTable:
    rows: list[PointRow] = []
    depth = 0
    root = None
    try:
        for event, node in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                if depth > DEEPEST:
                    raise Malformed("completion.points_broken")
                if root is None:
                    root = node
                    space, tag = _named(node)
                    if tag != "gpx" or space not in _GPX:
                        raise Malformed("completion.points_unknown")
                continue
            depth -= 1
            if depth == 1:
                if _named(node)[1] == "wpt":
                    rows.append(_waypoint(node, len(rows) + 1))
                    _need_room(rows)
                # A track of a year is longer than the memory that this process may take.
                assert root is not None
                root.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as why:
        raise Malformed("completion.points_broken") from why
    return PointTable(header=[NAME, ACCURACY], rows=rows)


def _waypoint(node: Element, number: int) -> PointRow:
    said = {NAME: "", "accuracy": ""}
    for part in node.iter():
        tag = _named(part)[1]
        if tag in said and not said[tag] and part.text:
            said[tag] = part.text.strip()[:LONGEST_TEXT]
    return PointRow(
        number=number, lon=node.get("lon", "").strip()[:40], lat=node.get("lat", "").strip()[:40],
        cells=[PointCell(text=said[NAME]), PointCell(text=said["accuracy"])], is_point=True,
    )  # fmt: skip


def _named(node: Element) -> tuple[str, str]:
    space, _, tag = str(node.tag).rpartition("}")
    return space.removeprefix("{"), tag


# ---------------------------------------------------------------- GeoJSON


def _geojson(content: bytes) -> PointTable:
    try:
        told = json.loads(content.decode())
    except (ValueError, RecursionError) as why:
        raise Malformed("completion.points_broken") from why
    features = _features(told)
    header: dict[str, int] = {}
    rows: list[PointRow] = []
    for feature in features:
        rows.append(_feature(feature, len(rows) + 1, header))
        _need_room(rows)
    return PointTable(header=list(header), rows=rows)


def _features(told: Any) -> list[Any]:
    if not isinstance(told, dict):
        raise Malformed("completion.points_unknown")
    crs = told.get("crs")
    if crs is not None:
        named = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
        if named not in _DEGREES:
            raise Malformed("completion.points_crs")
    if told.get("type") == "Feature":
        return [told]
    found = told.get("features")
    if told.get("type") != "FeatureCollection" or not isinstance(found, list):
        raise Malformed("completion.points_unknown")
    return found


def _feature(feature: Any, number: int, header: dict[str, int]) -> PointRow:
    told = feature if isinstance(feature, dict) else {}
    geometry, properties = told.get("geometry"), told.get("properties")
    cells: list[PointCell] = []
    for key, value in properties.items() if isinstance(properties, dict) else ():
        cell = _cell(value)
        if cell is None:
            continue
        at = header.setdefault(str(key)[:LONGEST_TEXT], len(header))
        if len(header) > MOST_COLUMNS:
            raise TooLarge("reader.too_many_columns", most=MOST_COLUMNS)
        cells += [PointCell(text="")] * (at + 1 - len(cells))
        cells[at] = cell
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    is_point = isinstance(geometry, dict) and geometry.get("type") == "Point" and isinstance(place, list)
    degrees = [_degrees(one) for one in place[:2]] if is_point and isinstance(place, list) else []
    if len(degrees) != 2 or None in degrees:
        return PointRow(number=number, lon="", lat="", cells=cells, is_point=False)
    return PointRow(number=number, lon=degrees[0] or "", lat=degrees[1] or "", cells=cells, is_point=True)


def _degrees(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e6:
        return None
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _cell(value: Any) -> PointCell | None:
    if isinstance(value, str):
        return PointCell(text=value.strip()[:LONGEST_TEXT])
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value) if isinstance(value, int) or math.isfinite(value) else ""
        return PointCell(text=text[:LONGEST_TEXT], is_number=True)
    return None


def _need_room(rows: list[PointRow]) -> None:
    if len(rows) > MOST_POINTS:
        raise TooLarge("reader.too_many_rows", most=MOST_POINTS)
