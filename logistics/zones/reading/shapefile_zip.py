"""Zipped Shapefiles: every layer's polygons are elements; what their counts claim is compared with what is there."""

from __future__ import annotations

import codecs
import io
import re
import struct
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import shapefile  # type: ignore[import-untyped]

from core.errors import Invalid, Malformed, TooLarge
from logistics.zones.reading.archive import unpack
from logistics.zones.reading.areas import MOST_AREAS, Areas
from logistics.zones.reading.elements import Kind, Parsed, Remark
from logistics.zones.reading.words import access_of, clean, label_of, observed_of, severity_of, told_of
from registry_link.matching.outlines import MOST_POINTS

_SUFFIXES: Final = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_POLYGONS: Final = (5, 15, 25)
_NULL: Final = 0
_OTHERS: Final = {
    1: "Point", 11: "Point", 21: "Point", 3: "LineString", 13: "LineString", 23: "LineString", 8: "MultiPoint",
    18: "MultiPoint", 28: "MultiPoint", 31: "MultiPatch",
}  # fmt: skip
_MAGIC: Final = 9994
_HEAD: Final = 100
_MOST_FIELDS: Final = 255
_ENCODINGS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8", "iso-8859-1": "iso8859-1", "iso88591": "iso8859-1",
    "88591": "iso8859-1", "latin1": "iso8859-1", "1252": "cp1252", "cp1252": "cp1252", "ansi 1252": "cp1252",
    "windows-1252": "cp1252", "437": "cp437", "850": "cp850", "cp850": "cp850", "us-ascii": "ascii", "ascii": "ascii",
}  # fmt: skip
_WKT_NAME: Final = re.compile(r'^\s*([A-Za-z_]+)\s*\[\s*"([^"]{0,200})"')
for _one in set(_ENCODINGS.values()):  # a codec is a module, and no file can be opened later
    codecs.lookup(_one)


def parse(content: bytes, name: str) -> Parsed:
    """Read every polygon of every layer. Raises: Malformed, TooLarge, Invalid."""
    found = unpack(content, _SUFFIXES)
    by_lower = {path.lower(): data for path, data in found.parts.items()}
    layers = sorted(path for path in found.parts if path.lower().endswith(".shp"))
    if not layers:
        raise Malformed("reading.no_shapefile")
    areas, remarks = Areas(), []
    for path in layers:
        stem = path.lower()[: -len(".shp")]
        parts = {suffix: by_lower[stem + suffix] for suffix in _SUFFIXES if stem + suffix in by_lower}
        remarks += _layer(areas, PurePosixPath(path).stem, parts, is_one_of_several=len(layers) > 1)
    if not areas.elements:
        raise Invalid("reading.nothing_in_it")
    if found.others:
        told = ", ".join(clean(PurePosixPath(one).name, 40) for one in found.others[:5])
        remarks.append(Remark(code="reading.archive_others", facts={"count": len(found.others), "names": told}))
    return Parsed(kind=Kind.SHAPEFILE, elements=tuple(areas.elements), remarks=tuple(remarks))


def _layer(areas: Areas, stem: str, parts: Mapping[str, bytes], *, is_one_of_several: bool) -> list[Remark]:
    layer = clean(stem, 60)
    remarks = _checked_projection(layer, parts.get(".prj"))
    count = _checked_shapes(layer, parts[".shp"])
    if len(areas.elements) + count > MOST_AREAS:
        raise TooLarge("outline.too_many_features", count=len(areas.elements) + count, most=MOST_AREAS)
    table = parts.get(".dbf")
    if table is not None:
        _checked_table(layer, table)
    else:
        remarks.append(Remark(code="reading.dbf_missing", facts={"layer": layer}))
    encoding, doubts = _encoding(layer, parts.get(".cpg"))
    remarks += doubts
    files: dict[str, Any] = {"shp": io.BytesIO(parts[".shp"])}
    if table is not None:
        files["dbf"] = io.BytesIO(table)
    try:
        # Without .shx on purpose: what an index claims is not needed, the shapes follow one another.
        with shapefile.Reader(**files, encoding=encoding, encodingErrors="replace") as reader:
            # Deleted rows keep their places: shapes and rows belong together by their order.
            records = iter(reader.iterRecords(deleted_as_None=True)) if table is not None else iter(())
            for no, shape in enumerate(reader.iterShapes(), 1):
                record = next(records, None)
                said = record.as_dict() if record is not None else {}
                otherwise = f"{layer} {no}"
                label = label_of(said, otherwise)
                _take(
                    areas, f"{layer}: {label}"[:200] if is_one_of_several and label != otherwise else label, shape, said
                )
    except (shapefile.ShapefileException, struct.error, ValueError, IndexError, KeyError, TypeError, OSError, EOFError):
        raise Malformed("reading.broken_shapefile", layer=layer) from None
    return remarks


def _take(areas: Areas, label: str, shape: Any, said: Mapping[str, Any]) -> None:
    plain = {key: value if isinstance(value, str | int | float) else str(value or "") for key, value in said.items()}
    told = told_of(plain)
    kind = int(shape.shapeType)
    if kind == _NULL:
        areas.note(label, "reading.no_shape", told)
    elif kind not in _POLYGONS:
        areas.note(label, "reading.no_area", told, found=_OTHERS.get(kind, str(kind)))
    else:
        geometry = _plain_geometry(shape.__geo_interface__)
        # Rings that say they are holes of nothing are taken as areas, and that is said.
        is_turned = any("hole" in one for one in shape._errors)
        areas.add(
            label, geometry, remarks=[Remark(code="reading.rings_turned")] if is_turned else [], is_repaired=is_turned,
            severity=severity_of(plain), access=access_of(plain),
            observed_at=observed_of(plain), told=told,
        )  # fmt: skip


def _plain_geometry(found: Mapping[str, Any]) -> dict[str, object]:
    """Give pyshp's geometry, whose holes it found by the direction of their rings, as plain lists."""
    return {"type": found["type"], "coordinates": _lists(found["coordinates"])}


def _lists(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_lists(one) for one in value]
    return float(value)


# ---------------------------------------------------------------- what is claimed


def _checked_shapes(layer: str, content: bytes) -> int:
    """Walk the records and compare what each claims with what is there; give how many there are.

    Raises: Malformed "reading.shapefile_lies"; TooLarge.
    """
    if len(content) < _HEAD or struct.unpack_from(">i", content)[0] != _MAGIC:
        raise Malformed("reading.broken_shapefile", layer=layer)
    if struct.unpack_from(">i", content, 24)[0] * 2 > len(content):
        raise Malformed("reading.shapefile_lies", layer=layer, record=0)
    place, count, points = _HEAD, 0, 0
    while place + 8 <= len(content):
        length = struct.unpack_from(">i", content, place + 4)[0] * 2
        body = place + 8
        count += 1
        if length < 4 or body + length > len(content):
            raise Malformed("reading.shapefile_lies", layer=layer, record=count)
        kind = struct.unpack_from("<i", content, body)[0]
        if kind in _POLYGONS:
            if length < 44:
                raise Malformed("reading.shapefile_lies", layer=layer, record=count)
            part_count, point_count = struct.unpack_from("<2i", content, body + 36)
            if part_count < 0 or point_count < 0 or 44 + 4 * part_count + 16 * point_count > length:
                raise Malformed("reading.shapefile_lies", layer=layer, record=count)
            starts = struct.unpack_from(f"<{part_count}i", content, body + 44)
            if any(not 0 <= one < max(1, point_count) for one in starts) or sorted(starts) != list(starts):
                raise Malformed("reading.shapefile_lies", layer=layer, record=count)
            points += point_count
            if points > MOST_POINTS:
                raise TooLarge("outline.too_many_points", most=MOST_POINTS)
        if count > MOST_AREAS:
            raise TooLarge("outline.too_many_features", count=count, most=MOST_AREAS)
        place = body + length
    return count


def _checked_table(layer: str, content: bytes) -> None:
    """Compare the length that the table's head claims with what is there. Raises: Malformed."""
    if len(content) < 33:
        raise Malformed("reading.broken_shapefile", layer=layer)
    records, head, width = struct.unpack_from("<IHH", content, 4)
    if head < 33 or head > 33 + 32 * _MOST_FIELDS or width < 1 or head + records * width > len(content) + 1:
        raise Malformed("reading.shapefile_lies", layer=layer, record=0)


def _checked_projection(layer: str, content: bytes | None) -> list[Remark]:
    """Let WGS 84 in degrees pass. Raises: Invalid, with the name of any other."""
    if content is None:
        return [Remark(code="reading.prj_missing", facts={"layer": layer})]
    text = content[:4000].decode("utf-8", "replace").lstrip("\ufeff")
    named = _WKT_NAME.match(text)
    if named is None:
        raise Invalid("reading.other_projection", layer=layer, found=clean(text, 60) or "-")
    kind, name = named[1].upper(), named[2]
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    is_degrees = kind in ("GEOGCS", "GEOGCRS", "GEODCRS", "GEODETICCRS", "GEOGRAPHICCRS")
    is_wgs84 = any(mark in plain for mark in ("wgs1984", "wgs84", "worldgeodeticsystem1984"))
    if not (is_degrees and is_wgs84):
        raise Invalid("reading.other_projection", layer=layer, found=clean(name, 80))
    return []


def _encoding(layer: str, content: bytes | None) -> tuple[str, list[Remark]]:
    """Give how the table's texts are written: as the .cpg says, else UTF-8, which shows where it is not."""
    if content is None:
        return "utf-8", []
    said = content[:40].decode("ascii", "replace").strip().strip("\x00").lower()
    found = _ENCODINGS.get(said)
    if found is None:
        return "utf-8", [Remark(code="reading.unknown_encoding", facts={"layer": layer, "found": clean(said, 30)})]
    return found, []
