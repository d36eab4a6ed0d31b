"""The office's areas as CAP 1.2 alerts, and the Atom list of them: views in, XML out.

The order of elements is that of the standard (OASIS CAP 1.2, section 3.2). Polygons are latitude first and without
holes; a listed place is an area of its own, with its codes in both systems.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from core.i18n import say
from core.office.queries import OfficeView
from logistics.zones.outgoing import AreaMessage, ListedPlace, Message, MessageKind, OutgoingView, stamp
from logistics.zones.states import Hazard, Severity
from registry_link.matching.simple import Ring

CAP: Final = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM: Final = "http://www.w3.org/2005/Atom"
SEVERITIES: Final = {Severity.HEAVY: "Severe", Severity.MEDIUM: "Moderate", Severity.LIGHT: "Minor"}
CATEGORIES: Final = {
    Hazard.LANDSLIDE: "Geo", Hazard.EARTHQUAKE: "Geo", Hazard.TSUNAMI: "Geo", Hazard.VOLCANO: "Geo",
    Hazard.FOREST_FIRE: "Fire", Hazard.SETTLEMENT_FIRE: "Fire", Hazard.SOCIAL_CONFLICT: "Security",
    Hazard.OTHER: "Other",
}  # fmt: skip
_LANGUAGES: Final = ("id", "en")
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNFIT_ID: Final = re.compile(r"[\s,<&]")


def sender_of(office: OfficeView, public_url: str) -> str:
    """Name the office as a sender: one name for ever, without blanks and commas."""
    return _UNFIT_ID.sub("", f"{office.regency_code}@{urlsplit(public_url).hostname or 'tanggap'}")


def identifier_of(office: OfficeView, area: AreaMessage, message: Message) -> str:
    return f"tanggap.{office.regency_code}.{area.zone_id.hex}.{message.no}.{stamp(message)}"


def cap_alert(office: OfficeView, area: AreaMessage, *, public_url: str) -> bytes:
    """Write one message as a CAP 1.2 alert, in Indonesian and English."""
    zone, sender, message = office.zone, sender_of(office, public_url), area.message
    alert = Element(f"{{{CAP}}}alert")
    _put(alert, "identifier", identifier_of(office, area, message))
    _put(alert, "sender", sender)
    _put(alert, "sent", _time(message.sent_at, zone))
    # What a demonstration or a training tells must never be taken for real.
    _put(alert, "status", "Exercise" if office.is_demo else "Actual")
    _put(alert, "msgType", message.kind.value)
    _put(alert, "scope", "Public")
    if area.earlier:
        _put(
            alert, "references",
            " ".join(f"{sender},{identifier_of(office, area, one)},{_time(one.sent_at, zone)}" for one in area.earlier),
        )  # fmt: skip
    _put(alert, "incidents", area.incident_slug)
    for lang in _LANGUAGES:
        _info(alert, office, area, lang)
    return _written(alert, CAP)


def atom_feed(view: OutgoingView, links: dict[str, str], *, public_url: str, self_link: str) -> bytes:
    """Write the list of messages; ``links`` gives the address of each by its identifier."""
    # Its attributes have no namespace, which the writer refuses beside a default one: it is written by hand.
    feed = Element("feed", {"xmlns": ATOM})

    def put(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
        node = SubElement(parent, name, attributes)
        node.text = _fit(text) or None
        return node

    def instant(at: datetime) -> str:
        return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")

    put(
        feed,
        "id",
        f"tag:{sender_of(view.office, public_url).partition('@')[2]},2026:tanggap/{view.office.regency_code}/cap",
    )
    put(feed, "title", f"Wilayah terdampak – {view.office.regency_name}")
    put(feed, "updated", instant(max((one.message.sent_at for one in view.areas), default=view.office.opened_at)))
    put(put(feed, "author"), "name", view.office.name)
    put(feed, "link", rel="self", href=self_link, type="application/atom+xml")
    for one in view.areas:
        entry, name = put(feed, "entry"), identifier_of(view.office, one, one.message)
        put(entry, "id", f"urn:cap:{name}")
        put(entry, "title", _headline(one, "id"))
        put(entry, "updated", instant(one.message.sent_at))
        put(entry, "summary", f"{one.message.kind.value}: {say(f'hazard.{one.hazard.value}', 'id')}")
        put(entry, "link", rel="alternate", href=links[name], type="application/cap+xml")
    return _written(feed)


# ---------------------------------------------------------------- inside


def _info(alert: Element, office: OfficeView, area: AreaMessage, lang: str) -> None:
    zone, is_over = office.zone, area.message.kind is MessageKind.CANCEL
    info = _put(alert, "info")
    _put(info, "language", lang)
    _put(info, "category", CATEGORIES.get(area.hazard, "Met"))
    _put(info, "event", say(f"hazard.{area.hazard.value}", lang))
    _put(info, "responseType", "AllClear" if is_over else "Monitor")
    _put(info, "urgency", "Past" if is_over else "Immediate")
    _put(info, "severity", SEVERITIES[area.severity])
    _put(info, "certainty", "Observed")
    _put(info, "effective", _time(area.message.sent_at, zone))
    _put(info, "onset", _time(area.observed_at, zone))
    _put(info, "expires", _time(area.message.expires_at, zone))
    _put(info, "senderName", f"{office.name} {office.regency_name}")
    _put(info, "headline", _headline(area, lang))
    _put(
        info, "description",
        say("cap.out_over" if is_over else "cap.out_description", lang, {
            "hazard": say(f"hazard.{area.hazard.value}", lang), "area": area.area_name,
            "severity": say(f"severity.{area.severity.value}", lang),
            "access": say(f"access.{area.access.value}", lang),
        }),
    )  # fmt: skip
    if area.rings:
        drawn = _put(info, "area")
        _put(drawn, "areaDesc", area.area_name)
        for ring in area.rings:
            _put(drawn, "polygon", _points(ring))
    for place in area.places:
        _listed(info, place)


def _listed(info: Element, place: ListedPlace) -> None:
    area = _put(info, "area")
    narrowed = f", RW {place.rw}" * bool(place.rw) + f", RT {place.rt}" * bool(place.rt)
    _put(area, "areaDesc", place.name + narrowed)
    for name, value in (
        ("ID-KEMENDAGRI", place.code), ("ID-BPS", place.bps_code), ("ID-RW", place.rw), ("ID-RT", place.rt)
    ):  # fmt: skip
        if value:
            geocode = _put(area, "geocode")
            _put(geocode, "valueName", name)
            _put(geocode, "value", value)


def _headline(area: AreaMessage, lang: str) -> str:
    code = {MessageKind.CANCEL: "cap.out_headline_over", MessageKind.UPDATE: "cap.out_headline_changed"}
    return say(
        code.get(area.message.kind, "cap.out_headline"), lang, {"incident": area.incident_name, "area": area.area_name}
    )


def _points(ring: Ring) -> str:
    return " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lon, lat in ring.points)


def _degrees(value: float) -> str:
    return f"{value:.7f}".rstrip("0").rstrip(".")


def _time(at: datetime, zone: ZoneInfo) -> str:
    """Write as the standard wants it: to the second, with the offset in hours and minutes, never Z."""
    return at.astimezone(zone).replace(microsecond=0).isoformat()


def _put(parent: Element, name: str, text: str = "") -> Element:
    node = SubElement(parent, f"{{{CAP}}}{name}")
    node.text = _fit(text) or None
    return node


def _fit(text: str) -> str:
    return _UNFIT.sub("", text)


def _written(root: Element, space: str | None = None) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True, default_namespace=space)
    return written
