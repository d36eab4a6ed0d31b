"""Code lists (CSV) and boundaries (GeoJSON) become rows, or issues that say which line and why."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import Issue, Malformed, Refused, TooLarge
from registry_link.matching.outlines import parse_outline
from registry_link.regions.rules import is_kind, level_of, parent_of
from registry_link.regions.states import Level

LONGEST_NAME: Final = 120
LARGEST_BOUNDARIES: Final = 64 * 1024 * 1024
MOST_ROWS: Final = 100_000
"""All villages of Indonesia are 84,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """One line of a code list, checked by itself."""

    row: int
    code: str
    name: str
    level: Level
    kind: str
    bps_code: str | None = None
    bps_name: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryRow:
    """One valid outline of a boundary file; the list of codes has not been asked yet."""

    row: int
    code: str
    name: str
    level: Level
    geojson: str
    west: float
    south: float
    east: float
    north: float
    area_km2: float


def read_region_csv(stream: TextIO) -> tuple[RegionRow | Issue, ...]:
    """Read a code list with the columns code, name, level, kind and perhaps parent_code, bps_code, bps_name, tz.

    Raises: Malformed, when it is not such a table; TooLarge.
    """
    first = stream.readline()
    names = [one.strip().strip('"').lower() for one in first.lstrip("\ufeff").replace(";", ",").split(",")]
    for needed in ("code", "name", "level", "kind"):
        if needed not in names:
            raise Malformed("region.column_missing", column=needed)
    lines = csv.reader(stream, delimiter=";" if ";" in first else ",", strict=True)
    read: list[RegionRow | Issue] = []
    try:
        for number, cells in enumerate(lines, start=2):
            if not any(cells):
                continue
            if len(read) >= MOST_ROWS:
                raise TooLarge("region.too_many_rows", most=MOST_ROWS)
            if len(cells) != len(names):
                read.append(Issue(code="region.row_width", row=number, facts={"cells": len(cells), "want": len(names)}))
                continue
            read.append(_region_row(number, dict(zip(names, (cell.strip() for cell in cells), strict=True))))
    except csv.Error as error:
        raise Malformed("region.not_csv", row=lines.line_num + 1) from error
    return tuple(read)


def _region_row(number: int, cells: Mapping[str, str]) -> RegionRow | Issue:
    code, name, kind = cells["code"], cells["name"], cells["kind"].lower()
    level = level_of(code)
    if level is None:
        return Issue(code="region.code_form", row=number, column="code", facts={"code": code[:20]})
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return Issue(code="region.name_form", row=number, column="name", facts={"code": code})
    if cells["level"].lower() != level.value:
        facts = {"code": code, "level": level.value}
        return Issue(code="region.level_differs", row=number, column="level", facts=facts)
    parent = cells.get("parent_code", "")
    if parent and parent != parent_of(code):
        return Issue(code="region.parent_differs", row=number, column="parent_code", facts={"code": code})
    if not is_kind(code, level, kind):
        return Issue(code="region.kind_differs", row=number, column="kind", facts={"code": code, "kind": kind[:20]})
    bps_code = cells.get("bps_code", "")
    if bps_code and not (bps_code.isascii() and bps_code.isdigit() and len(bps_code) in (2, 4, 7, 10)):
        return Issue(code="region.bps_form", row=number, column="bps_code", facts={"code": code})
    zone = cells.get("tz", "")
    if zone and not _is_zone(zone):
        return Issue(code="region.zone_form", row=number, column="tz", facts={"code": code})
    return RegionRow(
        row=number, code=code, name=name, level=level, kind=kind,
        bps_code=bps_code or None, bps_name=cells.get("bps_name") or None, time_zone=zone or None,
    )  # fmt: skip


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_boundary_geojson(stream: TextIO) -> tuple[BoundaryRow | Issue, ...]:
    """Read a FeatureCollection whose features carry ``code`` and ``name``; rows count features from 1.

    Raises: Malformed, when it is not GeoJSON; TooLarge.
    """
    text = stream.read(LARGEST_BOUNDARIES + 1)
    if len(text) > LARGEST_BOUNDARIES:
        raise TooLarge("region.boundaries_too_large", most_mb=LARGEST_BOUNDARIES // 1024 // 1024)
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise Malformed("region.not_geojson") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise Malformed("region.not_geojson")
    return tuple(_boundary_row(number, feature) for number, feature in enumerate(features, start=1))


def _boundary_row(number: int, feature: object) -> BoundaryRow | Issue:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        return Issue(code="region.not_a_boundary", row=number)
    code, name = properties.get("code"), properties.get("name")
    level = level_of(code) if isinstance(code, str) else None
    if not isinstance(code, str) or level is None:
        return Issue(code="region.code_form", row=number, column="code", facts={"code": str(code)[:20]})
    if not isinstance(name, str) or not name.strip():
        return Issue(code="region.name_form", row=number, column="name", facts={"code": code})
    try:
        outline = parse_outline(geometry)
    except Refused as error:
        return Issue(code=error.code, row=number, column="geometry", facts={"code": code, **error.facts})
    box = outline.bounds
    return BoundaryRow(
        row=number, code=code, name=name.strip(), level=level, geojson=outline.to_geojson(),
        west=box.west, south=box.south, east=box.east, north=box.north, area_km2=outline.area_km2,
    )  # fmt: skip
