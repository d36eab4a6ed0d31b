"""What the incident's map is sent: columns for the screen, GeoJSON for whoever takes it along."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from core.work import Tx
from logistics.zones import mapping, queries
from logistics.zones.states import VersionState
from registry_link.households.queries import codes_of_households

GROUP_NAMES = ("certain", "probable", "verify", "confirmed", "rejected")
FINE_ZOOM = 20.0


def households_json(tx: Tx, incident_id: UUID, zoom: float, box: mapping.Box | None) -> str:
    """Write the households in view: one by one where they are few and the role may see them, else in cells."""
    found = mapping.cells(tx, incident_id, zoom, box)
    body: dict[str, Any] = {"placed": found.placed, "unplaced": found.unplaced, "few": found.few}
    few = mapping.points(tx, incident_id, box) if sum(map(sum, found.counts)) <= mapping.MOST_POINTS else None
    if few is not None:
        body["points"] = {
            "lon_deg": [round(one, 5) for one in few.lon_deg], "lat_deg": [round(one, 5) for one in few.lat_deg],
            "group": few.group, "id": [str(one) for one in few.household_ids],
        }  # fmt: skip
    else:
        body["cells"] = {"lon_deg": found.lon_deg, "lat_deg": found.lat_deg, "counts": found.counts}
    return json.dumps(body, separators=(",", ":"))


def shares_body(shares: Sequence[mapping.VillageShare]) -> dict[str, Any]:
    """Give each village's tint and figures, as the map's boundaries are shaded by them."""
    return {
        "classes": {one.village_code: one.tint for one in shares if one.tint is not None},
        "affected": {one.village_code: [one.affected, one.households] for one in shares},
    }


def areas_body(
    areas: Sequence[queries.ZoneView],
    outlines: Mapping[UUID, str],
    href_of: Callable[[queries.ZoneView], str],
    *,
    is_whole: bool = False,
) -> dict[str, Any]:
    """Write areas as a FeatureCollection; ``is_whole`` adds what a file that is taken along should say."""
    features = []
    for one in areas:
        properties: dict[str, Any] = {
            "id": str(one.zone_id), "name": one.name, "severity": one.severity.value, "access": one.access.value,
            "state": "withdrawn" if one.state is VersionState.WITHDRAWN else "active", "no": one.no,
            "village_codes": sorted({part.region_code for part in one.listed}),
        }  # fmt: skip
        if is_whole:
            properties |= {
                "observed_at": one.observed_at.isoformat(), "posted_at": one.posted_at.isoformat(),
                "source": one.source, "certain": one.certain, "probable": one.probable, "to_verify": one.to_verify,
            }  # fmt: skip
        else:
            properties["href"] = href_of(one)
        outline = outlines.get(one.version_id)
        features.append({
            "type": "Feature", "geometry": json.loads(outline) if outline else None, "properties": properties,
        })  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def households_geojson(tx: Tx, incident_id: UUID) -> dict[str, Any]:
    """Write every household with a position as a point, or the finest cells where the role may not see points."""
    every = mapping.points(tx, incident_id, most=None)
    if every is not None:
        codes = codes_of_households(tx, every.household_ids)
        features = [
            _point(lon, lat, {"code": codes.get(one, ""), "group": GROUP_NAMES[group]})
            for one, lon, lat, group in zip(
                every.household_ids, every.lon_deg, every.lat_deg, every.group, strict=True
            )
        ]  # fmt: skip
    else:
        found = mapping.cells(tx, incident_id, FINE_ZOOM)
        features = [
            _point(lon, lat, dict(zip(GROUP_NAMES, counts, strict=True)) | {"cell_deg": round(found.side_deg, 7)})
            for lon, lat, *counts in zip(found.lon_deg, found.lat_deg, *found.counts, strict=True)
        ]
    return {"type": "FeatureCollection", "features": features}


def _point(lon: float, lat: float, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]},
        "properties": properties,
    }  # fmt: skip
