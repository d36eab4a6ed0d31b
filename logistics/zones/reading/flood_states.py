"""Flooded neighbourhoods as PetaBencana / CogniCity tells them: an RW each, with the class of its depth.

States: 1 depth unknown, 2 = 10-70 cm, 3 = 71-150 cm, 4 = more than 150 cm (domain.md §5.1 d).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from core.errors import Invalid, TooLarge
from logistics.zones.reading.areas import MOST_AREAS, Areas
from logistics.zones.reading.elements import Kind, Parsed, Remark
from logistics.zones.reading.words import clean, lowered, observed_of
from logistics.zones.states import Severity

_MARKS: Final = ("geom_id", "area_id", "pkey", "last_updated", "changed")
_DEPTHS: Final = {1: "kedalaman belum diketahui", 2: "10–70 cm", 3: "71–150 cm", 4: "lebih dari 150 cm"}
_SEVERITIES: Final = {1: Severity.LIGHT, 2: Severity.LIGHT, 3: Severity.MEDIUM, 4: Severity.HEAVY}
_TOLD: Final = (("area_id", "code"), ("city_name", "city"), ("last_updated", "updated"), ("changed", "updated"))
_RW_CODE: Final = re.compile(r"(?P<village>[1-9][0-9]{9})(?P<rw>[0-9]{3})[0-9]{3}", re.ASCII)
DEPTH: Final = "depth"
"""Under which name an element tells its class; areas of one class may be united by it."""


def are_flood_states(properties: Sequence[Mapping[str, object]]) -> bool:
    """Tell whether all of these features carry a state of flood, or none, and a mark of such a list."""
    marked = [lowered(one) for one in properties]
    return bool(marked) and all(
        "state" in one
        and any(mark in one for mark in _MARKS)
        and (one["state"] in (None, 0) or _state_in(one["state"]) > 0)
        for one in marked
    )


def parsed(features: Sequence[tuple[object, Mapping[str, object]]], crs: object) -> Parsed:
    """Give one element for each flooded RW; those that are told to be dry are counted. Raises: TooLarge, Invalid."""
    flooded = [(geometry, lowered(one)) for geometry, one in features if _state_in(lowered(one).get("state"))]
    odd = [one for _geometry, one in features if not _state_in(lowered(one).get("state"))]
    if not flooded:
        raise Invalid("reading.no_flood", count=len(odd))
    if len(flooded) > MOST_AREAS:
        raise TooLarge("outline.too_many_features", count=len(flooded), most=MOST_AREAS)
    areas = Areas()
    for geometry, known in flooded:
        state = _state_in(known.get("state"))
        told = {DEPTH: _DEPTHS[state]}
        for key, name in _TOLD:
            if text := clean(known.get(key), 120):
                told.setdefault(name, text)
        where = [clean(known.get(key), 80) for key in ("area_name", "parent_name")]
        label = ", ".join(part for part in where if part) or _coded(known.get("geom_id"))
        remarks = [Remark(code="reading.depth_unknown")] if state == 1 else []
        areas.add(
            label or f"RW {len(areas.elements) + 1}", geometry, crs=crs, severity=_SEVERITIES[state],
            observed_at=observed_of(known), told=told, remarks=remarks,
        )  # fmt: skip
    dry = (Remark(code="reading.flood_without_state", facts={"count": len(odd)}),) if odd else ()
    return Parsed(kind=Kind.FLOOD_STATES, elements=tuple(areas.elements), remarks=dry)


def _coded(code: object) -> str:
    """Write the code of an RW so that it can be read: BPS numbers it within its village, and an RT within it."""
    text = str(code) if isinstance(code, int | str) else ""
    found = _RW_CODE.fullmatch(text)
    return f"RW {found['rw']}, desa BPS {found['village']}" if found else clean(text, 80)


def _state_in(value: object) -> int:
    if type(value) is int and value in _DEPTHS:
        return value
    return int(value) if isinstance(value, str) and value in ("1", "2", "3", "4") else 0
