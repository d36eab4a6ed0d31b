"""How codes and names of regions are read, compared and found: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from core.errors import Fact
from registry_link.regions.states import CodeSystem, Level

_FORMS: Final = (
    (Level.PROVINCE, re.compile(r"[1-9][0-9]", re.ASCII)),
    (Level.REGENCY, re.compile(r"[1-9][0-9]\.(?:0[1-9]|[1-9][0-9])", re.ASCII)),
    (Level.DISTRICT, re.compile(r"[1-9][0-9]\.(?:0[1-9]|[1-9][0-9])\.(?:0[1-9]|[1-9][0-9])", re.ASCII)),
    (Level.VILLAGE, re.compile(r"[1-9][0-9]\.(?:0[1-9]|[1-9][0-9])\.(?:0[1-9]|[1-9][0-9])\.[1-9][0-9]{3}", re.ASCII)),
)
_BPS_LEVELS: Final = {2: Level.PROVINCE, 4: Level.REGENCY, 7: Level.DISTRICT, 10: Level.VILLAGE}
_KEMENDAGRI_LEVELS: Final = {2: Level.PROVINCE, 4: Level.REGENCY, 6: Level.DISTRICT, 10: Level.VILLAGE}
_KINDS: Final = {
    Level.PROVINCE: ("provinsi",),
    Level.REGENCY: ("kabupaten", "kota"),
    Level.DISTRICT: ("kecamatan",),
    Level.VILLAGE: ("desa", "kelurahan"),
}
_TITLES: Final = {
    Level.PROVINCE: re.compile(r"^(?:provinsi|prov)\b[\s.]*"),
    Level.REGENCY: re.compile(r"^(?:kabupaten|kab|kota administrasi|kota adm|kota)\b[\s.]*"),
    Level.DISTRICT: re.compile(r"^(?:kecamatan|kec|distrik)\b[\s.]*"),
    Level.VILLAGE: re.compile(r"^(?:kelurahan|kel|desa|ds)\b[\s.]*"),
}
FIRST_CITY: Final = 71
"""Regency numbers 01-69 are kabupaten, 71-99 kota (domain.md §4.3)."""


def level_of(code: str) -> Level | None:
    """Tell the level of a Kemendagri code written with dots; None when it is not one."""
    for level, form in _FORMS:
        if form.fullmatch(code):
            return level
    return None


def parent_of(code: str) -> str | None:
    """Give the code one level up; None for a province."""
    head, dot, _ = code.rpartition(".")
    return head if dot else None


def regency_of(code: str) -> str | None:
    """Give the regency a code is or lies in; None for a province."""
    parts = code.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else None


def is_kind(code: str, level: Level, kind: str) -> bool:
    """Tell whether the kind is possible at this level and agrees with the code's own digits."""
    if kind not in _KINDS[level]:
        return False
    if level is Level.REGENCY:
        return (int(code[3:5]) >= FIRST_CITY) == (kind == "kota")
    if level is Level.VILLAGE:
        return (code[9] == "1") == (kind == "kelurahan")
    return True


def dotted(code: str) -> str:
    """Write a Kemendagri code with its dots (``8103011001`` becomes ``81.03.01.1001``); other text stays as it is."""
    digits = code.strip().replace(".", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in _KEMENDAGRI_LEVELS):
        return code.strip()
    parts = [digits[:2], digits[2:4], digits[4:6], digits[6:]]
    return ".".join(part for part in parts if part)


def name_key(name: str, level: Level) -> str:
    """Give a name as it is compared: without title, accents, case, spaces and signs."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name).lower() if not unicodedata.combining(one))
    plain = plain.strip()
    # A district may be called just "Kota": a title that is the whole name is the name.
    rest = _TITLES[level].sub("", plain, count=1) or plain
    return re.sub(r"[^a-z0-9]", "", rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionName:
    """What is known of a region for finding it."""

    code: str
    name: str
    level: Level
    bps_code: str | None
    bps_name: str | None

    def is_called(self, name: str) -> bool:
        key = name_key(name, self.level)
        return key == name_key(self.name, self.level) or (
            self.bps_name is not None and key == name_key(self.bps_name, self.level)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Why a region was not found; a code and facts for a sentence."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Gazetteer:
    """The regions of one area, ready for many questions."""

    def __init__(self, regions: Iterable[RegionName]) -> None:
        self._by_code: dict[str, RegionName] = {}
        self._by_bps: dict[str, RegionName] = {}
        self._villages: dict[tuple[str, str], list[RegionName]] = {}
        self._districts: dict[tuple[str, str], list[RegionName]] = {}
        self._known: dict[tuple[CodeSystem, str, str, Level], RegionName | Mismatch] = {}
        for one in regions:
            self._by_code[one.code] = one
            if one.bps_code:
                self._by_bps[one.bps_code] = one
            names = {one.name} | ({one.bps_name} if one.bps_name else set())
            for key in {name_key(name, one.level) for name in names}:
                if one.level is Level.VILLAGE:
                    self._villages.setdefault((one.code[:8], key), []).append(one)
                elif one.level is Level.DISTRICT:
                    self._districts.setdefault((one.code[:5], key), []).append(one)

    def told(self) -> list[tuple[str, str, str, str]]:
        """Give all that is known of the regions, in the order of their codes."""
        known = sorted(self._by_code.values(), key=lambda one: one.code)
        return [(one.code, one.name, one.bps_code or "", one.bps_name or "") for one in known]

    def has_code(self, digits: str) -> bool:
        """Tell whether these digits are the code of one of the regions, in either system, or of a village below one.

        BPS lists at hand reach the district only (decisions 21).
        """
        is_below = len(digits) == 10 and digits[:7] in self._by_bps
        return dotted(digits) in self._by_code or digits in self._by_bps or is_below

    def find(self, system: CodeSystem, code: str, name: str, level: Level = Level.VILLAGE) -> RegionName | Mismatch:
        """Give the region that code and name agree on, or why there is none.

        BPS lists at hand reach the district only (decisions 21): a village is then its district's code (7 digits, or
        the first 7 of 10) and its own name. The name may be empty only where the code alone decides.
        """
        asked = (system, code, name, level)
        found = self._known.get(asked)
        if found is None:
            found = self._find_bps(code, name, level) if system is CodeSystem.BPS else self._find(code, name, level)
            self._known[asked] = found
        return found

    def by_names(self, regency_code: str, district: str, village: str) -> RegionName | Mismatch:
        """Give the village that the names of district and village agree on; names alone are never enough elsewhere."""
        districts = self._districts.get((regency_code, name_key(district, Level.DISTRICT)), [])
        if len(districts) != 1:
            return _unknown_name(district, regency_code)
        return self._village(districts[0], village)

    def in_district(
        self, system: CodeSystem, district_code: str, district_name: str, village: str
    ) -> RegionName | Mismatch:
        """Give the village of this name in the district of this code (and name, where there is one)."""
        district = self.find(system, district_code, district_name, Level.DISTRICT)
        return district if isinstance(district, Mismatch) else self._village(district, village)

    def _find(self, code: str, name: str, level: Level) -> RegionName | Mismatch:
        code = dotted(code)
        found = self._by_code.get(code)
        if found is None or found.level is not level:
            return Mismatch(code="region.unknown_code", facts={"code": code, "system": "Kemendagri", "name": name})
        return found if not name.strip() or found.is_called(name) else _differing(found, code, "Kemendagri", name)

    def _find_bps(self, code: str, name: str, level: Level) -> RegionName | Mismatch:
        digits = code.strip().replace(".", "").replace(" ", "")
        unknown = Mismatch(code="region.unknown_code", facts={"code": digits, "system": "BPS", "name": name})
        if level is not Level.VILLAGE:
            found = self._by_bps.get(digits)
            if found is None or found.level is not level or _BPS_LEVELS.get(len(digits)) is not level:
                return unknown
            return found if not name.strip() or found.is_called(name) else _differing(found, digits, "BPS", name)
        exact = self._by_bps.get(digits) if len(digits) == 10 else None
        if exact is not None:
            return exact if not name.strip() or exact.is_called(name) else _differing(exact, digits, "BPS", name)
        district = self._by_bps.get(digits[:7]) if len(digits) in (7, 10) else None
        if district is None or district.level is not Level.DISTRICT:
            return unknown
        if not name.strip():
            return Mismatch(code="region.name_needed", facts={"code": digits, "district": district.name})
        return self._village(district, name)

    def _village(self, district: RegionName, name: str) -> RegionName | Mismatch:
        found = self._villages.get((district.code, name_key(name, Level.VILLAGE)), [])
        if len(found) == 1:
            return found[0]
        if not found:
            return _unknown_name(name, district.name)
        candidates = [f"{one.name} ({one.code})" for one in found]
        return Mismatch(
            code="region.name_ambiguous",
            facts={"name": name, "within": district.name, "candidates": ", ".join(candidates)},
        )


def _unknown_name(name: str, within: str) -> Mismatch:
    return Mismatch(code="region.unknown_name", facts={"name": name, "within": within})


def _differing(found: RegionName, code: str, system: str, name: str) -> Mismatch:
    facts: dict[str, Fact] = {"code": code, "system": system, "ours": found.name, "given": name}
    return Mismatch(code="region.code_name_differ", facts=facts)
