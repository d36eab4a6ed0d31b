"""The office's areas as CAP 1.2: by the standard's order, without holes yet the same ground, and read back the same."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from xml.etree.ElementTree import Element

import numpy as np
import pytest
import shapely
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from core.office.queries import OfficeView
from logistics.zones.outgoing import AreaMessage, ListedPlace, Message, MessageKind, OutgoingView
from logistics.zones.reading import cap
from logistics.zones.reading.elements import NamedRegion, Outcome
from logistics.zones.states import Access, Hazard, Severity
from registry_link.matching.outlines import Outline, parse_outline
from registry_link.matching.simple import rings_of, simple_rings
from reports.cap_feed import ATOM, CAP, atom_feed, cap_alert

URL = "https://tanggap.example"
SENT = datetime(2026, 11, 16, 2, 0, 0, 123456, tzinfo=UTC)
OFFICE = OfficeView(
    regency_code="99.01", regency_name="Kabupaten Contoh", name="Dinas Sosial", short_name="", address="", contact="",
    seat="Contoh", time_zone="Asia/Jayapura", unit_code="", classification="", paper_size="A4", approval_limit_rp=0,
    is_demo=False, opened_at=SENT,
)  # fmt: skip
HOLED = json.dumps({
    "type": "Polygon",
    "coordinates": [
        [[131.0, -8.0], [131.06, -8.0], [131.06, -7.94], [131.0, -7.94], [131.0, -8.0]],
        [[131.01, -7.99], [131.02, -7.99], [131.02, -7.98], [131.01, -7.98], [131.01, -7.99]],
        [[131.03, -7.97], [131.05, -7.97], [131.05, -7.95], [131.03, -7.97]],
    ],
})  # fmt: skip
# What the standard asks for, in its order (section 3.2); * may come several times, ? may be missing.
ALERT = (
    "identifier sender sent status msgType source? scope restriction? addresses? code* note? references? incidents? "
    "info*"
)
INFO = (
    "language? category+ event responseType* urgency severity certainty audience? eventCode* effective? onset? "
    "expires? senderName? headline? description? instruction? web? contact? parameter* resource* area*"
)
AREA = "areaDesc polygon* circle* geocode* altitude? ceiling?"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"


def message(kind: MessageKind, days: int = 0) -> Message:
    return Message(kind=kind, no=days + 1, sent_at=SENT + timedelta(days=days), expires_at=SENT + timedelta(days=14))


def an_area(kind: MessageKind = MessageKind.ALERT, *, outline: str | None = HOLED, **more: object) -> AreaMessage:
    earlier = () if kind is MessageKind.ALERT else (message(MessageKind.ALERT), message(MessageKind.UPDATE, 1))
    told: dict[str, object] = {
        "zone_id": UUID(int=7), "message": message(kind, 2 if earlier else 0), "earlier": earlier,
        "incident_name": "Banjir <Contoh> & lain", "incident_slug": "banjir-contoh-2026-11", "hazard": Hazard.FLOOD,
        "area_name": "Hilir\x0b sungai", "severity": Severity.HEAVY, "access": Access.BOAT, "observed_at": SENT,
        "rings": rings_of(outline) if outline else (), "places": (), **more,
    }  # fmt: skip
    return AreaMessage(**told)  # type: ignore[arg-type]


def xml_of(area: AreaMessage) -> Element:
    root: Element = fromstring(cap_alert(OFFICE, area, public_url=URL))
    return root


def follows(node: Element, rule: str) -> None:
    """Check the children of an element against the standard's order and numbers."""
    names = "".join(one.tag.removeprefix(f"{{{CAP}}}") + " " for one in node)
    form = "".join(
        f"(?:{word.rstrip('?*+')} ){word[-1] if word[-1] in '?*+' else ''}" for word in rule.split()
    )  # fmt: skip
    assert re.fullmatch(form, names), names


def texts(root: Element, name: str) -> list[str]:
    return [one.text or "" for one in root.iter(f"{{{CAP}}}{name}")]


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_message_follows_the_standard(kind: MessageKind):
    places = (ListedPlace(code="99.01.01.2001", bps_code="9803001001", name="Desa Contoh A", rw="003", rt=""),)
    root = xml_of(an_area(kind, places=places))
    follows(root, ALERT)
    for info in root.iter(f"{{{CAP}}}info"):
        follows(info, INFO)
    for area in root.iter(f"{{{CAP}}}area"):
        follows(area, AREA)
    for name in ("sent", "effective", "onset", "expires"):
        assert all(re.fullmatch(TIME, one) for one in texts(root, name))
    assert texts(root, "sent") == [
        "2026-11-16T11:00:00+09:00" if kind is MessageKind.ALERT else "2026-11-18T11:00:00+09:00"
    ]
    assert (texts(root, "status"), texts(root, "msgType")) == (["Actual"], [kind.value])
    assert texts(root, "language") == ["id", "en"]
    for name in ("identifier", "sender"):
        assert not re.search(r"[\s,<&]", texts(root, name)[0])
    for polygon in texts(root, "polygon"):
        pairs = [tuple(float(one) for one in pair.split(",")) for pair in polygon.split()]
        assert len(pairs) >= 4 and pairs[0] == pairs[-1]
        assert all(-90 <= lat <= 90 and -180 <= lon <= 180 and lat < 0 < lon for lat, lon in pairs)


def test_a_later_message_names_all_that_went_before():
    root = xml_of(an_area(MessageKind.CANCEL))
    references = texts(root, "references")[0].split(" ")
    assert [one.split(",")[2] for one in references] == ["2026-11-16T11:00:00+09:00", "2026-11-17T11:00:00+09:00"]
    first = xml_of(an_area(MessageKind.ALERT))
    assert references[0].split(",")[:2] == [texts(first, "sender")[0], texts(first, "identifier")[0]]
    assert texts(first, "references") == []
    assert texts(root, "urgency") == ["Past", "Past"]


def test_a_demonstration_is_never_taken_for_real():
    root = fromstring(cap_alert(replace(OFFICE, is_demo=True), an_area(), public_url=URL))
    assert texts(root, "status") == ["Exercise"]


def test_our_own_reader_gets_the_same_ground_severity_and_places_back():
    places = (
        ListedPlace(code="99.01.01.2001", bps_code="9803001001", name="Desa Contoh A", rw="", rt=""),
        ListedPlace(code="99.01.01.2002", bps_code="", name="Desa Contoh B", rw="003", rt="001"),
    )
    read = cap.parse(cap_alert(OFFICE, an_area(places=places), public_url=URL), "")
    drawn, whole, narrowed = read.elements
    assert [one.outcome for one in read.elements] == [Outcome.READ] * 3
    assert {one.severity for one in read.elements} == {Severity.HEAVY}
    assert whole.regions == (NamedRegion(code="99.01.01.2001"),)
    assert narrowed.regions == (NamedRegion(code="99.01.01.2002", rw="003", rt="001"),)
    assert_same_ground(Outline.from_geojson(HOLED), Outline.from_geojson(drawn.outline or ""))
    assert (drawn.label, read.notice.message) == ("Hilir sungai", "Alert")
    cancel = cap.parse(cap_alert(OFFICE, an_area(MessageKind.CANCEL), public_url=URL), "")
    assert {one.outcome for one in cancel.elements} == {Outcome.NOTED}
    assert read.notice.identifier == cancel.notice.references[0]


def assert_same_ground(one: Outline, other: Outline) -> None:
    rng = np.random.default_rng(7)
    box = one.bounds
    points = shapely.points(rng.uniform((box.west, box.south), (box.east, box.north), (3_000, 2)))
    first, second = (shapely.union_all(shapely.buffer(list(part.parts), 0)) for part in (one, other))
    assert math.isclose(first.area, second.area, rel_tol=1e-6)
    near = shapely.distance(first.boundary, points) < 1e-6
    assert (shapely.intersects(first, points) == shapely.intersects(second, points))[~near].all()


def test_a_polygon_with_holes_becomes_polygons_without_that_cover_the_same_and_overlap_nowhere():
    outline = Outline.from_geojson(HOLED)
    pieces = [shapely.Polygon(one.points) for one in simple_rings(outline)]
    assert all(one.is_valid for one in pieces)
    assert math.isclose(sum(one.area for one in pieces), outline.parts[0].area, rel_tol=1e-9)
    assert_same_ground(outline, Outline(tuple(pieces)))


@settings(max_examples=40, deadline=None)
@given(
    holes=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0.0005, 0.0049)), max_size=30,
        unique_by=lambda one: one[:2],
    ),
    sides=st.integers(3, 9),
)  # fmt: skip
def test_any_number_of_holes_is_cut_away(holes: list[tuple[int, int, float]], sides: int):
    def ring(column: int, row: int, radius: float) -> list[list[float]]:
        x, y = 131.005 + column * 0.01, -7.995 + row * 0.01
        points = [
            [x + radius * math.cos(2 * math.pi * one / sides), y + radius * math.sin(2 * math.pi * one / sides)]
            for one in range(sides)
        ]
        return [*points, points[0]]

    shell = [[131.0, -8.0], [131.1, -8.0], [131.1, -7.9], [131.0, -7.9], [131.0, -8.0]]
    outline = parse_outline({"type": "Polygon", "coordinates": [shell, *(ring(*one) for one in holes)]})
    pieces = [shapely.Polygon(one.points) for one in simple_rings(outline)]
    assert all(one.is_valid and not one.interiors for one in pieces)
    assert math.isclose(sum(one.area for one in pieces), outline.parts[0].area, rel_tol=1e-6)


def test_the_list_names_each_message_with_its_address():
    area = an_area(MessageKind.UPDATE)
    view = OutgoingView(office=OFFICE, areas=(area,))
    name = texts(xml_of(area), "identifier")[0]
    feed = fromstring(atom_feed(view, {name: f"{URL}/x"}, public_url=URL, self_link=f"{URL}/cap.atom"))
    (entry,) = feed.findall(f"{{{ATOM}}}entry")
    assert entry.findtext(f"{{{ATOM}}}id") == f"urn:cap:{name}"
    assert [one.get("href") for one in entry.findall(f"{{{ATOM}}}link")] == [f"{URL}/x"]
    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-18T02:00:00Z"
