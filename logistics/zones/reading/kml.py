"""KML and KMZ: every placemark an element; inner boundaries are holes, points and lines are noted."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from core.errors import Invalid, Malformed, TooLarge
from logistics.zones.reading.archive import unpack
from logistics.zones.reading.areas import MOST_AREAS, Areas
from logistics.zones.reading.elements import Kind, Parsed, Remark
from logistics.zones.reading.markup import Node, read_xml
from logistics.zones.reading.words import access_of, bare, clean, instant_in, label_of, severity_of, told_of
from registry_link.matching.outlines import DEEPEST, LARGEST_BYTES, MOST_POINTS, MOST_RING_POINTS

MOST_ELEMENTS: Final = 60_000
_FOLDERS: Final = ("Document", "Folder")
_SHAPES: Final = ("Polygon", "MultiGeometry", "Point", "LineString", "LinearRing", "Track", "MultiTrack", "Model")
_PICTURES: Final = ("GroundOverlay", "ScreenOverlay", "PhotoOverlay", "NetworkLink", "Tour")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


def parse(content: bytes, name: str) -> Parsed:
    """Read every placemark. Raises: Malformed, TooLarge, Invalid."""
    remarks: list[Remark] = []
    if content.startswith(b"PK"):
        content, remarks = _unzipped(content)
    if len(content) > LARGEST_BYTES:
        raise TooLarge("reading.file_too_large", most_mb=LARGEST_BYTES >> 20)
    root = read_xml(content, deepest=DEEPEST, most=MOST_ELEMENTS)
    if root.tag != "kml" and root.tag not in _FOLDERS and root.tag != "Placemark":
        raise Invalid("reading.not_kml", found=clean(root.tag, 40))
    reader = _Reader()
    reader.walk(Node("kml", {}, [root]), ())
    if not reader.areas.elements:
        raise Invalid("reading.nothing_in_it")
    return Parsed(kind=Kind.KML, elements=tuple(reader.areas.elements), remarks=tuple(remarks))


def _unzipped(content: bytes) -> tuple[bytes, list[Remark]]:
    """Give the document of a KMZ: ``doc.kml``, or the only one there is."""
    found = unpack(content, {".kml"})
    names = sorted(found.parts, key=lambda one: (PurePosixPath(one).name.lower() != "doc.kml", one.count("/"), one))
    if not names:
        raise Malformed("reading.no_kml")
    if len(names) > 1 and PurePosixPath(names[0]).name.lower() != "doc.kml":
        raise Invalid("reading.several_kml", names=", ".join(clean(one, 40) for one in names[:5]))
    left = [*names[1:], *found.others]
    told = ", ".join(clean(PurePosixPath(one).name, 40) for one in left[:5])
    remark = Remark(code="reading.archive_others", facts={"count": len(left), "names": told})
    return found.parts[names[0]], [remark] if left else []


class _Reader:
    def __init__(self) -> None:
        self.areas = Areas()
        self._points = 0

    def walk(self, node: Node, folders: tuple[str, ...]) -> None:
        for one in node.children:
            if one.tag == "Placemark":
                self._placemark(one, folders)
            elif one.tag in _FOLDERS:
                name = bare(one.words("name"), 80)
                self.walk(one, (*folders, name) if name and one.tag == "Folder" else folders)
            elif one.tag == "kml":
                self.walk(one, folders)
            elif one.tag in _PICTURES:
                self._room()
                label = bare(one.words("name")) or one.tag
                self.areas.note(label, "reading.not_followed", found=one.tag)

    def _room(self) -> None:
        if len(self.areas.elements) >= MOST_AREAS:
            raise TooLarge("outline.too_many_features", count=MOST_AREAS + 1, most=MOST_AREAS)

    def _placemark(self, node: Node, folders: tuple[str, ...]) -> None:
        self._room()
        said = _said(node)
        label = bare(node.words("name")) or label_of(said, f"Placemark {len(self.areas.elements) + 1}")
        told = {"folder": " / ".join(folders)} if folders else {}
        if text := bare(node.words("description")):
            told["description"] = text
        told |= told_of(said)
        shapes = [one for one in node.children if one.tag in _SHAPES]
        if not shapes:
            self.areas.note(label, "reading.no_shape", told)
            return
        geometry = self._geometry(shapes[0]) if len(shapes) == 1 else {
            "type": "GeometryCollection", "geometries": [part for one in shapes for part in self._flat(one)],
        }  # fmt: skip
        stamp = node.child("TimeStamp")
        self.areas.add(
            label, geometry, severity=severity_of(said), access=access_of(said), told=told,
            observed_at=instant_in(stamp.words("when").replace("Z", "+00:00")) if stamp is not None else None,
        )  # fmt: skip

    def _geometry(self, node: Node) -> dict[str, object]:
        parts = self._flat(node)
        return parts[0] if len(parts) == 1 else {"type": "GeometryCollection", "geometries": parts}

    def _flat(self, node: Node) -> list[dict[str, object]]:
        if node.tag == "MultiGeometry":
            return [part for one in node.children if one.tag in _SHAPES for part in self._flat(one)]
        if node.tag != "Polygon":
            return [{"type": "Point" if node.tag == "Point" else "LineString", "coordinates": []}]
        outer = [ring for one in node.all("outerBoundaryIs") for ring in one.all("LinearRing")]
        # Google Earth writes one innerBoundaryIs with many rings in it; the standard wants one each.
        inner = [ring for one in node.all("innerBoundaryIs") for ring in one.all("LinearRing")]
        if len(outer) != 1:
            return [{"type": "Polygon", "coordinates": []}]
        return [{"type": "Polygon", "coordinates": [self._ring(ring) for ring in (*outer, *inner)]}]

    def _ring(self, node: Node) -> list[list[object]]:
        """Read ``lon,lat[,height]`` pairs; what is no number stays as it is, so that its place can be told."""
        pairs: list[list[object]] = []
        for word in node.words("coordinates").split():
            self._points += 1
            if self._points > MOST_POINTS:
                raise TooLarge("outline.too_many_points", most=MOST_POINTS)
            if len(pairs) > MOST_RING_POINTS:
                break
            parts = word.split(",")[:4]
            pairs.append([float(one) if _NUMBER.fullmatch(one) else clean(one, 30) for one in parts])
        return pairs


def _said(node: Node) -> dict[str, object]:
    """Give a placemark's own data: Data with its value, SimpleData of a schema."""
    found: dict[str, object] = {}
    extended = node.child("ExtendedData")
    if extended is None:
        return found
    for one in extended.all("Data"):
        found[one.attributes.get("name", "")] = one.words("value")
    for schema in extended.all("SchemaData"):
        for one in schema.all("SimpleData"):
            found[one.attributes.get("name", "")] = one.text.strip()
    return found
