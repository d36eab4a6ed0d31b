"""Regions as BPBD names them: a code with its system, and the name where they give one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Invalid
from core.work import Tx
from registry_link.matching.rules import ListedRegion
from registry_link.regions.queries import find_region, region
from registry_link.regions.states import CodeSystem, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegion:
    """A region as BPBD names it: code with its system, and the name where they give one; both must agree."""

    code: str
    name: str = ""
    system: CodeSystem = CodeSystem.KEMENDAGRI
    rw: str = ""
    rt: str = ""


def listed_regions(tx: Tx, regions: Sequence[ListRegion]) -> list[ListedRegion]:
    """Give the districts and villages of the office that codes and names agree on, each once.

    Raises: Invalid, NotFound.
    """
    listed: dict[tuple[str, str, str], ListedRegion] = {}
    for one in regions:
        if one.name or one.system is not CodeSystem.KEMENDAGRI:
            digits = one.code.replace(".", "")
            is_district = len(digits) == (7 if one.system is CodeSystem.BPS else 6)
            found = find_region(
                tx, one.system, one.code, one.name, Level.DISTRICT if is_district and not one.name else Level.VILLAGE
            )
        else:
            found = region(tx, one.code)
        if found.level not in (Level.VILLAGE, Level.DISTRICT) or not found.code.startswith(tx.regency_code + "."):
            raise Invalid("zone.region_unfit", field="regions", code=one.code, name=found.name)
        if one.rt and not one.rw:
            raise Invalid("zone.rt_without_rw", field="regions", code=one.code, rt=one.rt)
        rw, rt = (f"{int(part):03d}" if part.isascii() and part.isdigit() else part for part in (one.rw, one.rt))
        listed[(found.code, rw, rt)] = ListedRegion(found.code, rw or None, rt or None)
    return list(listed.values())
