"""What a document says, compared with what the office knows: where its district lies, how its villages are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import Refused
from core.work import Tx
from logistics.zones.reading.areas import remark_of
from logistics.zones.reading.elements import Element, Fact, NamedRegion, Outcome, Parsed, Remark
from registry_link.matching.earth import Box
from registry_link.matching.outlines import parse_outline
from registry_link.regions.queries import RegionView, boundaries_of, gazetteer, regions_of
from registry_link.regions.rules import Gazetteer, Mismatch, RegionName, name_key
from registry_link.regions.states import CodeSystem, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRegion:
    """A region of the office that an element names; ``place`` is its place among the element's regions."""

    place: int
    code: str
    rw: str = ""
    rt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    element: Element
    listed: tuple[FoundRegion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDocument:
    parsed: Parsed
    elements: tuple[Judged, ...]


def judge(tx: Tx, parsed: Parsed) -> JudgedDocument:
    """Give each element with the outcome it has in this office: outlines outside its district and regions that code
    and name do not agree on are refused, with what was found."""
    office = _Office(tx)
    return JudgedDocument(parsed=parsed, elements=tuple(_judged(office, one) for one in parsed.elements))


def _judged(office: _Office, element: Element) -> Judged:
    if element.outcome in (Outcome.NOTED, Outcome.REFUSED):
        return Judged(element=element)
    remarks = list(element.remarks)
    outline = element.outline
    if outline is not None:
        try:
            parse_outline(outline, district_box=office.box)
        except Refused as refused:
            outline = None
            remarks.append(remark_of(refused, element.no))
    found: list[FoundRegion] = []
    for place, named in enumerate(element.regions):
        region = office.find(named)
        if isinstance(region, Mismatch):
            remark = Remark(code=region.code, facts=_facts(region.facts))
            if remark not in remarks:
                remarks.append(remark)
        else:
            found.append(FoundRegion(place=place, code=region.code, rw=named.rw, rt=named.rt))
    # Where a document draws an area and gives its code too, either of them is enough.
    is_usable = outline is not None or bool(found)
    outcome = element.outcome if is_usable else Outcome.REFUSED
    judged = replace(element, outcome=outcome, outline=outline, remarks=tuple(remarks))
    return Judged(element=judged, listed=tuple(found) if is_usable else ())


def _facts(facts: Mapping[str, object]) -> dict[str, Fact]:
    return {key: fact for key, fact in facts.items() if isinstance(fact, str | int | float)}


class _Office:
    """This office's box and names, read when first asked for."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        boxes = boundaries_of(tx, tx.regency_code, Level.REGENCY) or boundaries_of(tx, tx.regency_code, Level.VILLAGE)
        self.box = (
            Box(
                min(one.west for one in boxes), min(one.south for one in boxes),
                max(one.east for one in boxes), max(one.north for one in boxes),
            )
            if boxes
            else None
        )  # fmt: skip
        self._names: Gazetteer | None = None
        self._villages: dict[str, list[RegionView]] = {}
        self._districts: dict[str, list[RegionView]] = {}
        self._by_code: dict[str, RegionView] = {}

    def find(self, named: NamedRegion) -> RegionName | RegionView | Mismatch:
        if self._names is None:
            self._load()
        assert self._names is not None
        if not named.code:
            return self._by_name(named)
        digits = named.code.replace(".", "").replace(" ", "")
        is_district = len(digits) == (7 if named.system is CodeSystem.BPS else 6)
        if is_district and named.name:
            found = self._names.in_district(named.system, named.code, named.district, named.name)
        else:
            level = Level.DISTRICT if is_district else Level.VILLAGE
            found = self._names.find(named.system, named.code, named.name, level)
        if isinstance(found, Mismatch) or not named.district or found.level is not Level.VILLAGE:
            return found
        parent = self._by_code[found.code].parent_name or ""
        if name_key(parent, Level.DISTRICT) == name_key(named.district, Level.DISTRICT):
            return found
        facts = {"code": named.code, "name": found.name, "ours": parent, "given": named.district}
        return Mismatch(code="reading.district_differs", facts=facts)

    def _by_name(self, named: NamedRegion) -> RegionName | RegionView | Mismatch:
        """Find a village that is named without a code: with its district, or where only one is called so."""
        assert self._names is not None
        if named.name and named.district:
            return self._names.by_names(self._tx.regency_code, named.district, named.name)
        level, wanted = (Level.VILLAGE, named.name) if named.name else (Level.DISTRICT, named.district)
        known = self._villages if named.name else self._districts
        found = known.get(name_key(wanted, level), [])
        if len(found) == 1:
            return found[0]
        within = self._tx.regency_code
        if not found:
            return Mismatch(code="region.unknown_name", facts={"name": wanted, "within": within})
        candidates = ", ".join(f"{one.full_name} ({one.code})" for one in found[:5])
        facts = {"name": wanted, "within": within, "candidates": candidates}
        return Mismatch(code="region.name_ambiguous", facts=facts)

    def _load(self) -> None:
        self._names = gazetteer(self._tx, self._tx.regency_code)
        for level, known in ((Level.VILLAGE, self._villages), (Level.DISTRICT, self._districts)):
            for one in regions_of(self._tx, self._tx.regency_code, level):
                self._by_code[one.code] = one
                known.setdefault(name_key(one.name, level), []).append(one)
