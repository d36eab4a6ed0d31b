"""Alerts in the Common Alerting Protocol (OASIS CAP 1.1 and 1.2), alone or several in a feed.

Latitude stands first here, everywhere else longitude does. An area is the union of its polygons and circles; its
geocodes are the same place in other words, so they count only where nothing is drawn. Severity: Extreme and Severe are
heavy, Moderate is medium, Minor is light, Unknown says nothing.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from core.errors import Malformed, Refused, TooLarge
from logistics.zones.reading.elements import Element, Fact, Kind, NamedRegion, Notice, Outcome, Parsed, Remark
from logistics.zones.reading.words import clean
from logistics.zones.states import Severity
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from registry_link.matching.simple import together
from registry_link.regions.rules import dotted, level_of
from registry_link.regions.states import CodeSystem, Level

LARGEST_BYTES: Final = 1 << 20
DEEPEST: Final = 32
MOST_ELEMENTS: Final = 2_000
MOST_AREAS: Final = 200
MOST_POINTS: Final = 20_000
"""Source of all five: safety.md §2.5."""
NAMESPACES: Final = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
SEVERITIES: Final = {
    "Extreme": Severity.HEAVY, "Severe": Severity.HEAVY, "Moderate": Severity.MEDIUM, "Minor": Severity.LIGHT,
}  # fmt: skip
_PAIR: Final = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)", re.ASCII)
_CIRCLE: Final = re.compile(_PAIR.pattern + r"\s+([0-9]{1,6}(?:\.[0-9]{1,9})?)", re.ASCII)
_FORECASTERS: Final = ("bmkg.go.id",)
"""Whose weather alerts are forecasts of hours: they say what may come, not what is affected (domain.md §5.1e)."""


def parse(content: bytes, name: str) -> Parsed:
    """Read an alert, or all alerts of a feed, into one element per area. Raises: Malformed, TooLarge ("cap.…")."""
    root = tree_of(content)
    alerts = [_alert(node, space) for node, space in _alerts(root)]
    if not alerts:
        raise Malformed("cap.not_cap")
    count = sum(len(info.areas) for alert in alerts for info in alert.infos)
    if count > MOST_AREAS:
        raise TooLarge("cap.too_many_areas", count=count, most=MOST_AREAS)
    points = sum(
        area.count(",") for alert in alerts for info in alert.infos for one in info.areas for area in one.polygons
    )
    if points > MOST_POINTS:
        raise TooLarge("cap.too_many_points", count=points, most=MOST_POINTS)
    elements: list[Element] = []
    remarks: list[Remark] = []
    for alert in alerts:
        elements += _elements(alert, is_one_of_many=len(alerts) > 1)
        remarks += alert.remarks
    return Parsed(
        kind=Kind.CAP, elements=tuple(replace(one, no=no) for no, one in enumerate(elements, 1)),
        notice=_notice(alerts[0]) if len(alerts) == 1 else Notice(), remarks=tuple(remarks),
    )  # fmt: skip


def instant(text: str) -> datetime | None:
    """Read a CAP time; None where it has no offset (it could be any of three zones) or is none."""
    try:
        read = datetime.fromisoformat(text.strip())
        return read.astimezone(UTC) if read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


# ---------------------------------------------------------------- the document


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    words: str
    polygons: tuple[str, ...]
    circles: tuple[str, ...]
    geocodes: tuple[tuple[str, str], ...]
    altitude: str

    @property
    def place(self) -> tuple[object, ...]:
        """What says where, without the words: the same in every language."""
        return tuple(" ".join(one.split()) for one in (*self.polygons, *self.circles)), frozenset(self.geocodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Info:
    language: str
    texts: dict[str, str]
    categories: tuple[str, ...]
    areas: tuple[_Area, ...]


@dataclass(slots=True, kw_only=True)
class _Alert:
    texts: dict[str, str]
    infos: tuple[_Info, ...]
    references: tuple[str, ...]
    remarks: list[Remark] = field(default_factory=list)

    @property
    def is_forecast(self) -> bool:
        domain = self.texts["sender"].lower().rpartition("@")[2]
        is_theirs = any(domain == one or domain.endswith("." + one) for one in _FORECASTERS)
        return is_theirs and any("Met" in info.categories for info in self.infos)


def tree_of(content: bytes) -> Node:
    """Parse within the limits; nothing is resolved, nothing is fetched."""
    if len(content) > LARGEST_BYTES:
        raise TooLarge("cap.too_large", most_mb=LARGEST_BYTES >> 20)
    depth = count = 0
    root: Node | None = None
    try:
        for event, node in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
            if event == "end":
                depth -= 1
                continue
            root = node if root is None else root
            depth, count = depth + 1, count + 1
            if depth > DEEPEST:
                raise TooLarge("cap.too_deep", most=DEEPEST)
            if count > MOST_ELEMENTS:
                raise TooLarge("cap.too_many_elements", most=MOST_ELEMENTS)
    except DefusedXmlException as error:
        raise Malformed("cap.has_dtd") from error
    except (ParseError, ValueError, LookupError, OSError, ImportError) as error:
        raise Malformed("cap.not_xml") from error
    if root is None:
        raise Malformed("cap.not_xml")
    return root


def _alerts(root: Node) -> Iterator[tuple[Node, str]]:
    for node in root.iter():
        for space in NAMESPACES:
            if node.tag == f"{{{space}}}alert":
                yield node, space


def _alert(node: Node, space: str) -> _Alert:
    def text(name: str) -> str:
        return clean(node.findtext(f"{{{space}}}{name}"), 500)

    alert = _Alert(
        texts={name: text(name) for name in ("identifier", "sender", "sent", "status", "msgType", "scope", "note")},
        infos=tuple(_info(one, space) for one in node.findall(f"{{{space}}}info")), references=(),
    )  # fmt: skip
    own, foreign = [], 0
    for reference in (node.findtext(f"{{{space}}}references") or "").split():
        parts = reference.split(",")
        if len(parts) == 3 and parts[0] == alert.texts["sender"]:
            own.append(clean(parts[1], 200))
        else:
            foreign += 1
    alert.references = tuple(own)
    if foreign:
        alert.remarks.append(Remark(code="cap.foreign_reference", facts={"count": foreign}))
    if instant(alert.texts["sent"]) is None:
        alert.remarks.append(Remark(code="cap.time_without_zone", facts={"text": alert.texts["sent"][:40]}))
    if alert.texts["msgType"] in ("Update", "Cancel"):
        code = "cap.update" if alert.texts["msgType"] == "Update" else "cap.cancel"
        alert.remarks.append(Remark(code=code, facts={"count": len(own)}))
    return alert


_INFO_TEXTS: Final = (
    "event", "urgency", "severity", "certainty", "effective", "onset", "expires", "senderName", "headline",
    "description", "instruction", "web", "contact", "audience",
)  # fmt: skip


def _info(node: Node, space: str) -> _Info:
    language = (clean(node.findtext(f"{{{space}}}language"), 20) or "en-US").partition("-")[0].lower()
    return _Info(
        language="id" if language == "in" else language,
        texts={name: clean(node.findtext(f"{{{space}}}{name}"), 2_000) for name in _INFO_TEXTS},
        categories=tuple(clean(one.text, 20) for one in node.findall(f"{{{space}}}category")),
        areas=tuple(_area(one, space) for one in node.findall(f"{{{space}}}area")),
    )


def _area(node: Node, space: str) -> _Area:
    def all_of(name: str) -> tuple[str, ...]:
        return tuple(one.text or "" for one in node.findall(f"{{{space}}}{name}"))

    return _Area(
        words=clean(node.findtext(f"{{{space}}}areaDesc"), 1_000), polygons=all_of("polygon"),
        circles=all_of("circle"),
        geocodes=tuple(
            (clean(one.findtext(f"{{{space}}}valueName"), 100), clean(one.findtext(f"{{{space}}}value"), 100))
            for one in node.findall(f"{{{space}}}geocode")
        ),
        altitude=clean(node.findtext(f"{{{space}}}altitude"), 40),
    )  # fmt: skip


def _notice(alert: _Alert) -> Notice:
    shown = _shown(alert.infos)[0]
    first = shown[0].texts if shown else {}
    ends = [at for info in shown if (at := instant(info.texts["expires"])) is not None]
    return Notice(
        identifier=alert.texts["identifier"], sender=alert.texts["sender"], sent_at=instant(alert.texts["sent"]),
        status=alert.texts["status"], message=alert.texts["msgType"], references=alert.references,
        expires_at=max(ends, default=None), headline=first.get("headline", "") or first.get("event", ""),
        text=first.get("description", ""),
    )  # fmt: skip


def _shown(infos: Sequence[_Info]) -> tuple[list[_Info], list[_Info]]:
    """Part the blocks into those of the language that is shown and the others: Indonesian, else English, else any."""
    languages = [info.language for info in infos]
    chosen = next((one for one in ("id", "en", *languages) if one in languages), "")
    return [one for one in infos if one.language == chosen], [one for one in infos if one.language != chosen]


# ---------------------------------------------------------------- elements


def _elements(alert: _Alert, *, is_one_of_many: bool) -> list[Element]:
    shown, others = _shown(alert.infos)
    found: list[Element] = []
    known: set[tuple[object, ...]] = set()
    for info in shown:
        told = _told(alert, info, others, is_one_of_many=is_one_of_many)
        for area in info.areas:
            known.add(area.place)
            found += _of_area(alert, info, area, told)
        if not info.areas:
            found.append(_noted(info, told, Remark(code="cap.no_area")))
    # An area that only another language's block has is not lost.
    for info in others:
        for area in info.areas:
            if area.place not in known:
                known.add(area.place)
                found += _of_area(alert, info, area, _told(alert, info, [], is_one_of_many=is_one_of_many))
    if not alert.infos:
        found.append(
            Element(
                no=1, label=(alert.texts["note"] or alert.texts["identifier"])[:200], outcome=Outcome.NOTED,
                remarks=(Remark(code="cap.no_info"), *_never(alert)), told=_named(alert) if is_one_of_many else {},
            )
        )  # fmt: skip
    return found


def _of_area(alert: _Alert, info: _Info, area: _Area, told: dict[str, str]) -> list[Element]:
    label = clean(area.words or info.texts["headline"] or info.texts["event"], 180) or "?"
    seen = _instant_of(alert, info)
    severity = SEVERITIES.get(info.texts["severity"])
    outlines: list[Outline] = []
    remarks: list[Remark] = []
    refused: list[Element] = []
    swapped = 0
    shapes = [("polygon", text) for text in area.polygons] + [("circle", text) for text in area.circles]
    for no, (kind, text) in enumerate(shapes, 1):
        try:
            outline, turned = _polygon(text) if kind == "polygon" else (_circle(text), 0)
            outlines.append(outline)
            swapped += turned
            remarks += [Remark(code=one.code, facts=_plain({**one.facts, "feature": no})) for one in outline.repairs]
        except Refused as why:
            remark = Remark(code=why.code, facts=_plain(why.facts))
            refused.append(
                Element(
                    no=1, label=f"{label} ({no})", outcome=Outcome.REFUSED, remarks=(remark,), severity=severity,
                    observed_at=seen, told=told,
                )
            )  # fmt: skip
    whole, dropped = together(outlines) if outlines else (None, 0)
    if swapped:
        remarks.append(Remark(code="cap.swapped", facts={"count": swapped}))
    if dropped:
        remarks.append(Remark(code="cap.inside_another", facts={"count": dropped}))
    regions, unread = _regions(area.geocodes)
    if refused:
        remarks.append(Remark(code="cap.parts_refused", facts={"count": len(refused), "all": len(shapes)}))
    if whole is None and regions and refused:
        remarks.append(Remark(code="cap.geocode_instead"))
    if whole is None and unread and not regions:
        remarks.append(Remark(code="cap.geocode_unread", facts={"codes": "; ".join(unread)[:200]}))
    is_placed = whole is not None or bool(regions)
    if not is_placed:
        if refused:
            return refused
        remarks.append(Remark(code="cap.area_words_only"))
    never = _never(alert)
    outcome = Outcome.NOTED if never or not is_placed else Outcome.REPAIRED if remarks else Outcome.READ
    extra = {"area": area.words} if len(area.words) > 180 else {}
    if area.geocodes:
        extra["geocode"] = "; ".join(f"{system} {value}" for system, value in area.geocodes)[:2_000]
    if area.altitude:
        extra["altitude"] = area.altitude
    return [
        Element(
            no=1, label=label, outcome=outcome, remarks=(*remarks, *never),
            outline=whole.to_geojson() if whole is not None else None,
            regions=regions if whole is None else (), severity=severity, observed_at=seen, told={**told, **extra},
        ),
        *refused,
    ]  # fmt: skip


def _noted(info: _Info, told: dict[str, str], *remarks: Remark) -> Element:
    label = info.texts["headline"] or info.texts["event"] or "?"
    return Element(no=1, label=label[:200], outcome=Outcome.NOTED, remarks=remarks, told=told)


def _never(alert: _Alert) -> tuple[Remark, ...]:
    """Tell why nothing of this message can be posted, where nothing can."""
    found = []
    if alert.texts["status"] != "Actual":
        found.append(Remark(code="cap.not_actual", facts={"status": alert.texts["status"] or "?"}))
    if alert.texts["msgType"] == "Cancel":
        found.append(Remark(code="cap.cancels"))
    elif alert.texts["msgType"] not in ("Alert", "Update"):
        found.append(Remark(code="cap.message_not_area", facts={"message": alert.texts["msgType"] or "?"}))
    if alert.is_forecast:
        found.append(Remark(code="cap.forecast"))
    return tuple(found)


def _instant_of(alert: _Alert, info: _Info) -> datetime | None:
    """Tell when it was so: from its onset, yet nobody observed later than he wrote."""
    sent = instant(alert.texts["sent"])
    begun = instant(info.texts["onset"]) or instant(info.texts["effective"]) or sent
    return min(begun, sent) if begun and sent else sent or begun


def _told(alert: _Alert, info: _Info, others: Sequence[_Info], *, is_one_of_many: bool) -> dict[str, str]:
    told = _named(alert) if is_one_of_many else {}
    names = {"senderName": "sender_name", "severity": "cap_severity"}
    told |= {names.get(name, name): text for name, text in info.texts.items() if text}
    for other in others:
        for name in ("event", "headline", "description", "instruction"):
            if other.texts[name]:
                told.setdefault(f"{name}_{other.language}", other.texts[name])
    return told


def _named(alert: _Alert) -> dict[str, str]:
    """Say which message of a feed an element is of."""
    return {name: alert.texts[name] for name in ("identifier", "sender", "sent") if alert.texts[name]}


def _polygon(text: str) -> tuple[Outline, int]:
    """Read a ring; one that was written longitude first lies nowhere near here, and is turned and told."""
    ring = []
    for no, word in enumerate(text.split(), 1):
        pair = _PAIR.fullmatch(word)
        if pair is None:
            raise Malformed("cap.point_unread", point=no, text=word[:40])
        ring.append([float(pair[2]), float(pair[1])])
    if not ring:
        raise Malformed("cap.polygon_empty")
    try:
        return parse_outline({"type": "Polygon", "coordinates": [ring]}), 0
    except Refused as why:
        if why.code != "outline.swapped":
            raise
    return parse_outline({"type": "Polygon", "coordinates": [[[lat, lon] for lon, lat in ring]]}), 1


def _circle(text: str) -> Outline:
    read = _CIRCLE.fullmatch(" ".join(text.split()))
    if read is None:
        raise Malformed("cap.circle_unread", text=clean(text, 60))
    lat, lon, radius_km = float(read[1]), float(read[2]), float(read[3])
    if math.isclose(radius_km, 0.0, abs_tol=1e-9):
        raise Malformed("cap.circle_point", lat=lat, lon=lon)
    return outline_of_circle(lon, lat, radius_km * 1000)


def _regions(geocodes: Sequence[tuple[str, str]]) -> tuple[tuple[NamedRegion, ...], list[str]]:
    """Give the villages and districts that the geocodes name, and the codes of which nobody can say whose they are.

    The same village in both code systems is one region: the Kemendagri code is taken. RW and RT narrow it.
    """
    found: dict[CodeSystem, list[str]] = {system: [] for system in CodeSystem}
    unread, rw, rt = [], "", ""
    for system, value in geocodes:
        digits, lowered = re.sub(r"[. ]", "", value), system.lower()
        if lowered in ("id-rw", "rw") and re.fullmatch("[0-9]{1,3}", value, re.ASCII):
            rw = value
        elif lowered in ("id-rt", "rt") and re.fullmatch("[0-9]{1,3}", value, re.ASCII):
            rt = value
        elif "bps" in lowered and re.fullmatch("[0-9]{7}|[0-9]{10}", digits, re.ASCII):
            found[CodeSystem.BPS].append(digits)
        elif _is_home_affairs(lowered, value) and level_of(dotted(value)) in (Level.VILLAGE, Level.DISTRICT):
            found[CodeSystem.KEMENDAGRI].append(dotted(value))
        else:
            unread.append(f"{system} {value}".strip())
    system = CodeSystem.KEMENDAGRI if found[CodeSystem.KEMENDAGRI] else CodeSystem.BPS
    codes = list(dict.fromkeys(found[system]))
    is_narrowed = len(codes) == 1
    return tuple(
        NamedRegion(code=code, system=system, rw=rw if is_narrowed else "", rt=rt if is_narrowed and rw else "")
        for code in codes
    ), unread  # fmt: skip


def _is_home_affairs(system: str, value: str) -> bool:
    # With its dots the form is Kemendagri's own; without them it must be said whose code it is.
    return "." in value or any(word in system for word in ("kemendagri", "depdagri", "permendagri"))


def _plain(facts: Mapping[str, object]) -> dict[str, Fact]:
    return {name: fact for name, fact in facts.items() if isinstance(fact, str | int | float)}


__all__ = ["MOST_AREAS", "NAMESPACES", "SEVERITIES", "instant", "parse", "tree_of"]
