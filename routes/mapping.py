"""What the incident's map is sent: columns for the screen, GeoJSON for whoever takes it along."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.work import Tx
from logistics.zones import mapping

GROUP_NAMES = ("certain", "probable", "verify", "confirmed", "rejected")


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
