"""GeoJSON: a geometry, a Feature or a FeatureCollection, every feature an element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import Invalid, TooLarge
from logistics.zones.reading import flood_states
from logistics.zones.reading.areas import MOST_AREAS, Areas
from logistics.zones.reading.elements import Kind, Parsed
from logistics.zones.reading.words import access_of, clean, label_of, observed_of, severity_of, told_of
from registry_link.matching.outlines import strict_json

_GEOMETRIES: Final = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feature:
    geometry: object
    properties: Mapping[str, object]


def parse(content: bytes, name: str) -> Parsed:
    """Read every feature of a document. Raises: Malformed, TooLarge, Invalid."""
    document = _unwrapped(strict_json(content))
    features = _features_of(document)
    crs = document.get("crs")
    if flood_states.are_flood_states([one.properties for one in features]):
        return flood_states.parsed([(one.geometry, one.properties) for one in features], crs)
    if len(features) > MOST_AREAS:
        raise TooLarge("outline.too_many_features", count=len(features), most=MOST_AREAS)
    areas = Areas()
    called = clean(name.rpartition(".")[0] or name, 100) or "Fitur"
    for no, one in enumerate(features, 1):
        areas.add(
            label_of(one.properties, f"{called} {no}"), one.geometry,
            crs=crs, severity=severity_of(one.properties), access=access_of(one.properties),
            observed_at=observed_of(one.properties), told=told_of(one.properties),
        )  # fmt: skip
    return Parsed(kind=Kind.GEOJSON, elements=tuple(areas.elements))


def _unwrapped(document: object) -> Mapping[str, object]:
    """Take a document out of the envelope in which CogniCity's service sends it."""
    if isinstance(document, Mapping) and "type" not in document and isinstance(document.get("result"), Mapping):
        document = document["result"]
    if not isinstance(document, Mapping):
        raise Invalid("outline.not_geojson", found=type(document).__name__)
    if document.get("type") == "Topology":
        raise Invalid("reading.topojson")
    return document


def _features_of(document: Mapping[str, object]) -> list[Feature]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        given = document.get("features")
        if not isinstance(given, list):
            raise Invalid("outline.not_geojson", found="features")
        if not given:
            raise Invalid("reading.nothing_in_it")
        return [_feature(one, no) for no, one in enumerate(given)]
    if kind == "Feature":
        return [_feature(document, 0)]
    if kind not in _GEOMETRIES:
        raise Invalid("outline.not_geojson", found=str(kind)[:40])
    return [Feature(document, {})]


def _feature(one: object, place: int) -> Feature:
    if not isinstance(one, Mapping) or one.get("type") != "Feature":
        raise Invalid("outline.not_geojson", found=f"features[{place}]")
    properties = one.get("properties")
    known = dict(properties) if isinstance(properties, Mapping) else {}
    return Feature(one.get("geometry"), known)
