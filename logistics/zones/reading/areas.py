"""One area of a document becomes an element: its outline checked as every outline is, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.errors import Refused, TooLarge
from logistics.zones.reading.elements import Element, Fact, Outcome, Remark
from logistics.zones.states import Access, Severity
from registry_link.matching.outlines import MOST_FEATURES, MOST_POINTS, Outline, parse_outline

MOST_AREAS: Final = MOST_FEATURES
_AREAS: Final = ("Polygon", "MultiPolygon")
_NO_AREAS: Final = ("Point", "MultiPoint", "LineString", "MultiLineString")


class Areas:
    """The elements of one document as they are found, within the limits of all of them together."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._points = 0

    def add(
        self, label: str, geometry: object, *, crs: object = None, severity: Severity | None = None,
        access: Access | None = None, observed_at: datetime | None = None, told: Mapping[str, str] | None = None,
        remarks: Sequence[Remark] = (), is_repaired: bool = False,
    ) -> None:  # fmt: skip
        """Take one feature's geometry (GeoJSON). Raises: TooLarge when the document as a whole holds too much."""
        no = len(self.elements) + 1
        outline, outcome, found = self._read(no, geometry, crs)
        if is_repaired and outcome is Outcome.READ:
            outcome = Outcome.REPAIRED
        if outline is not None:
            self._points += outline.point_count
            if self._points > MOST_POINTS:
                raise TooLarge("outline.too_many_points", most=MOST_POINTS)
        self.elements.append(
            Element(
                no=no, label=label, outcome=outcome, remarks=(*remarks, *found),
                outline=outline.to_geojson() if outline is not None else None, severity=severity, access=access,
                observed_at=observed_at, told=dict(told or {}),
            )
        )  # fmt: skip

    def note(self, label: str, code: str, told: Mapping[str, str] | None = None, **facts: Fact) -> None:
        """Keep what has no area of its own, with its reason."""
        remark = Remark(code=code, facts=facts)
        self.elements.append(
            Element(
                no=len(self.elements) + 1, label=label, outcome=Outcome.NOTED, remarks=(remark,), told=dict(told or {})
            )
        )

    def _read(self, no: int, geometry: object, crs: object) -> tuple[Outline | None, Outcome, list[Remark]]:
        remarks: list[Remark] = []
        if isinstance(geometry, Mapping) and geometry.get("type") == "GeometryCollection":
            geometry, others = _areas_of(geometry)
            if others:
                remarks.append(Remark(code="reading.parts_without_area", facts={"count": others}))
        kind = geometry.get("type") if isinstance(geometry, Mapping) else None
        if kind in _NO_AREAS:
            return None, Outcome.NOTED, [*remarks, Remark(code="reading.no_area", facts={"found": str(kind)})]
        feature = {"type": "Feature", "geometry": geometry, "crs": crs}
        try:
            outline = parse_outline(feature)
        except Refused as refused:
            if refused.code == "outline.swapped" and isinstance(geometry, Mapping):
                return self._turned(no, geometry, crs, remarks)
            return None, Outcome.REFUSED, [*remarks, remark_of(refused, no)]
        remarks += [remark_of(one, no) for one in outline.repairs]
        return outline, Outcome.REPAIRED if outline.repairs else Outcome.READ, remarks

    def _turned(
        self, no: int, geometry: Mapping[str, object], crs: object, remarks: list[Remark]
    ) -> tuple[Outline | None, Outcome, list[Remark]]:
        """Offer an area whose latitudes came first: as they were written they lie nowhere on Earth, or far away."""
        turned = {"type": geometry["type"], "coordinates": _swapped(geometry["coordinates"])}
        try:
            outline = parse_outline({"type": "Feature", "geometry": turned, "crs": crs})
        except Refused as refused:
            return None, Outcome.REFUSED, [*remarks, remark_of(refused, no)]
        told = [Remark(code="reading.axes_swapped"), *(remark_of(one, no) for one in outline.repairs)]
        return outline, Outcome.REPAIRED, [*remarks, *told]


def remark_of(told: Refused | object, no: int) -> Remark:
    """Give a refusal or a repair of an outline as a remark; the feature's number is the element's."""
    facts = {
        key: fact for key, fact in getattr(told, "facts", {}).items() if isinstance(fact, str | int | float)
    }  # fmt: skip
    if "feature" in facts:
        facts["feature"] = no
    return Remark(code=str(getattr(told, "code", "")), facts=facts)


def _areas_of(collection: Mapping[str, object]) -> tuple[object, int]:
    """Give a collection's areas as one MultiPolygon (or its first part, where it has none), and what else it holds."""
    geometries = collection.get("geometries")
    if not isinstance(geometries, list):
        return None, 0
    parts: list[object] = []
    others = 0
    for one in geometries:
        kind = one.get("type") if isinstance(one, Mapping) else None
        coordinates = one.get("coordinates") if isinstance(one, Mapping) else None
        if kind == "Polygon":
            parts.append(coordinates)
        elif kind == "MultiPolygon" and isinstance(coordinates, list):
            parts += coordinates
        else:
            others += 1
    if not parts:
        first = geometries[0] if geometries else None
        return first, max(0, others - 1)
    return {"type": "MultiPolygon", "coordinates": parts}, others


def _swapped(value: object) -> object:
    """Turn every pair of a nest of coordinates; the nest was checked before."""
    if isinstance(value, list | tuple) and value and isinstance(value[0], int | float):
        return [value[1], value[0], *value[2:]]
    return [_swapped(one) for one in value] if isinstance(value, list | tuple) else value
