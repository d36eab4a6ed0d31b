"""CAP alerts of any sender become elements, each with its outcome; nothing is posted by what must not be."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.errors import Malformed, Refused, TooLarge
from core.i18n import sentences
from core.reader.documents import parse_apart
from logistics.zones.reading import cap
from logistics.zones.reading.elements import Element, NamedRegion, Outcome, Parsed
from logistics.zones.states import Severity
from registry_link.matching.outlines import Outline
from registry_link.regions.states import CodeSystem
from tests.support.shared import ALERTS, needs_alerts

NEWEST, OLDER = cap.NAMESPACES
SQUARE = "-8.00,131.00 -8.00,131.02 -7.98,131.02 -7.98,131.00 -8.00,131.00"
SENT = "2026-11-16T08:00:00+09:00"


def area(words: str = "Kecamatan 01", *shapes: str) -> str:
    return f"<area><areaDesc>{words}</areaDesc>{''.join(shapes)}</area>"


def polygon(points: str = SQUARE) -> str:
    return f"<polygon>{points}</polygon>"


def geocode(name: str, value: str) -> str:
    return f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>"


def info(*areas: str, language: str = "id", severity: str = "Severe", headline: str = "Banjir") -> str:
    return (
        f"<info><language>{language}</language><category>Safety</category><event>Banjir</event><urgency>Past</urgency>"
        f"<severity>{severity}</severity><certainty>Observed</certainty><onset>2026-11-16T07:00:00+09:00</onset>"
        f"<expires>2026-11-17T07:00:00+09:00</expires><headline>{headline}</headline>{''.join(areas)}</info>"
    )


def alert(*infos: str, space: str = NEWEST, **texts: str) -> bytes:
    said = {
        "identifier": "BPBD-1", "sender": "pusdalops@contoh.example", "sent": "2026-11-16T08:00:00+09:00",
        "status": "Actual", "msgType": "Alert", "scope": "Public", **texts,
    }  # fmt: skip
    head = "".join(f"<{name}>{text}</{name}>" for name, text in said.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><alert xmlns="{space}">{head}{"".join(infos)}</alert>'.encode()


def read(content: bytes) -> Parsed:
    found = cap.parse(content, "alert.xml")
    known = sentences()
    said = [one.code for one in found.remarks] + [one.code for part in found.elements for one in part.remarks]
    assert not [code for code in said if code not in known], "every remark has its sentence"
    assert [one.no for one in found.elements] == list(range(1, len(found.elements) + 1))
    return found


def only(content: bytes) -> Element:
    (element,) = read(content).elements
    return element


def codes(element: Element) -> list[str]:
    return [one.code for one in element.remarks]


@pytest.mark.parametrize("space", [NEWEST, OLDER])
def test_latitude_stands_first_and_the_area_is_read(space: str):
    element = only(alert(info(area("Contoh A", polygon())), space=space))
    assert (element.outcome, element.label, element.severity) == (Outcome.READ, "Contoh A", Severity.HEAVY)
    bounds = Outline.from_geojson(element.outline or "").bounds
    assert (bounds.west, bounds.south, bounds.east, bounds.north) == (131.0, -8.0, 131.02, -7.98)
    assert element.observed_at == datetime(2026, 11, 15, 22, 0, tzinfo=UTC)


def test_the_notice_says_who_what_and_until_when():
    found = read(
        alert(
            info(area("A", polygon())), msgType="Update", identifier="BPBD-2",
            references=f"pusdalops@contoh.example,BPBD-1,{SENT} lain@contoh.example,X,{SENT}",
        )
    )  # fmt: skip
    notice = found.notice
    assert (notice.identifier, notice.message, notice.status) == ("BPBD-2", "Update", "Actual")
    assert notice.references == ("BPBD-1",), "another sender's alert is not this one's to update"
    assert notice.expires_at == datetime(2026, 11, 16, 22, 0, tzinfo=UTC)
    assert [one.code for one in found.remarks] == ["cap.foreign_reference", "cap.update"]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"status": "Exercise"}, "cap.not_actual"),
        ({"status": "Test"}, "cap.not_actual"),
        ({"status": "Draft"}, "cap.not_actual"),
        ({"status": "System"}, "cap.not_actual"),
        ({"msgType": "Ack"}, "cap.message_not_area"),
        ({"msgType": "Error"}, "cap.message_not_area"),
        ({"msgType": "Cancel"}, "cap.cancels"),
    ],
)
def test_what_is_no_real_area_is_noted_and_keeps_its_outline_for_the_eye(texts: dict[str, str], code: str):
    element = only(alert(info(area("A", polygon())), **texts))
    assert (element.outcome, codes(element)) == (Outcome.NOTED, [code])
    assert element.outline


def test_a_forecast_of_the_weather_service_is_noted():
    content = alert(info(area("A", polygon())), sender="cuaca.ekstrem@bmkg.go.id").replace(b"Safety", b"Met")
    assert (only(content).outcome, codes(only(content))) == (Outcome.NOTED, ["cap.forecast"])


def test_several_polygons_and_a_circle_are_one_area():
    far = "-7.90,131.00 -7.90,131.02 -7.88,131.02 -7.90,131.00"
    element = only(alert(info(area("A", polygon(), polygon(far), "<circle>-7.80,131.10 1.5</circle>"))))
    outline = Outline.from_geojson(element.outline or "")
    assert (element.outcome, len(outline.parts)) == (Outcome.READ, 3)
    assert 1.99 < Outline((outline.parts[2],)).bounds.size_km[0] / 1.5 < 2.01


def test_a_polygon_within_another_is_covered_and_not_a_hole():
    inner = "-7.995,131.005 -7.995,131.015 -7.985,131.015 -7.985,131.005 -7.995,131.005"
    element = only(alert(info(area("A", polygon(inner), polygon(), polygon()))))
    assert (element.outcome, codes(element)) == (Outcome.REPAIRED, ["cap.inside_another"])
    assert element.remarks[0].facts == {"count": 2}
    assert len(json.loads(element.outline or "")["coordinates"]) == 1


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ("-8.00,131.00 -8.00,131.02 -7.98,131.02 -7.98,131.00", "outline.ring_closed"),
        (SQUARE.replace("-7.98,131.02", "-7.98,131.02 -7.98,131.02"), "outline.points_dropped"),
        ("131.00,-8.00 131.02,-8.00 131.02,-7.98 131.00,-7.98 131.00,-8.00", "cap.swapped"),
    ],
)
def test_what_can_be_put_right_without_another_meaning_is_put_right_and_told(points: str, code: str):
    element = only(alert(info(area("A", polygon(points)))))
    assert (element.outcome, codes(element)) == (Outcome.REPAIRED, [code])


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (polygon("-8.00,131.00 -7.98,131.02 -8.00,131.02 -7.98,131.00 -8.00,131.00"), "outline.crosses_itself"),
        (polygon("-8,0 131,0"), "outline.too_few_points"),
        (polygon("-8.00 131.00"), "cap.point_unread"),
        (polygon("nan,131.0 -8,131"), "cap.point_unread"),
        (polygon(""), "cap.polygon_empty"),
        ("<circle>-8,131 0</circle>", "cap.circle_point"),
        ("<circle>-8,131</circle>", "cap.circle_unread"),
    ],
)
def test_a_shape_that_cannot_be_read_stands_with_its_reason_beside_those_that_can(shape: str, code: str):
    assert (only(alert(info(area("A", shape)))).outcome, codes(only(alert(info(area("A", shape)))))) == (
        Outcome.REFUSED, [code],
    )  # fmt: skip
    whole, broken = read(alert(info(area("A", polygon(), shape)))).elements
    assert (whole.outcome, codes(whole)) == (Outcome.REPAIRED, ["cap.parts_refused"])
    assert (broken.outcome, broken.label, codes(broken)) == (Outcome.REFUSED, "A (2)", [code])


def test_codes_count_only_where_nothing_is_drawn_and_only_with_their_system():
    named = [
        geocode("Kode wilayah Kemendagri", "9901012001"), geocode("Kode BPS", "9803001001"),
        geocode("SAME", "006109"),
    ]  # fmt: skip
    listed = only(alert(info(area("A", *named))))
    assert listed.regions == (NamedRegion(code="99.01.01.2001", system=CodeSystem.KEMENDAGRI),)
    drawn = only(alert(info(area("A", polygon(), *named))))
    assert (drawn.regions, drawn.outcome) == ((), Outcome.READ)
    assert "9901012001" in drawn.told["geocode"]
    unknown = only(alert(info(area("A", geocode("kode", "9901012001")))))
    assert (unknown.outcome, codes(unknown)) == (Outcome.NOTED, ["cap.geocode_unread", "cap.area_words_only"])


def test_an_alert_without_a_place_is_kept_for_the_map():
    assert codes(only(alert(info(area("Pesisir selatan"))))) == ["cap.area_words_only"]
    assert codes(only(alert(info()))) == ["cap.no_area"]
    assert codes(only(alert())) == ["cap.no_info"]


def test_two_languages_are_one_area_and_both_are_kept():
    both = info(area("Village A", polygon()), language="en-US", headline="Flood") + info(area("Desa A", polygon()))
    element = only(alert(both))
    assert (element.label, element.told["headline"], element.told["headline_en"]) == ("Desa A", "Banjir", "Flood")
    extra = info(area("Village B", polygon(SQUARE.replace("131", "132"))), language="en")
    assert [one.label for one in read(alert(both + extra)).elements] == ["Desa A", "Village B"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Extreme", Severity.HEAVY), ("Severe", Severity.HEAVY), ("Moderate", Severity.MEDIUM), ("Minor", Severity.LIGHT),
     ("Unknown", None)],
)  # fmt: skip
def test_the_five_severities(said: str, meant: Severity | None):
    assert only(alert(info(area("A", polygon()), severity=said))).severity is meant


def test_a_feed_of_alerts_is_read_as_a_whole():
    one, other = (alert(info(area(name, polygon())), identifier=name).partition(b"?>")[2] for name in ("A", "B"))
    found = read(b'<feed xmlns="http://www.w3.org/2005/Atom">' + one + other + b"</feed>")
    assert [(part.label, part.told["identifier"]) for part in found.elements] == [("A", "A"), ("B", "B")]
    assert found.notice.identifier == ""


def test_a_time_without_its_zone_is_not_guessed():
    found = read(alert(info(area("A", polygon())).replace("+09:00", ""), sent="2026-11-16T08:00:00"))
    assert found.elements[0].observed_at is None
    assert [one.code for one in found.remarks] == ["cap.time_without_zone"]


BOMB = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", Malformed, "cap.not_xml"),
        (b"<alert>", Malformed, "cap.not_xml"),
        (b"<alert/>", Malformed, "cap.not_cap"),
        (b'<alert xmlns="http://www.incident.com/cap/1.0"/>', Malformed, "cap.not_cap"),
        (BOMB + alert(info()).partition(b"?>")[2], Malformed, "cap.has_dtd"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + alert().partition(b"?>")[2], Malformed, "cap.has_dtd"),
        (b"<a>" * 33 + b"</a>" * 33, TooLarge, "cap.too_deep"),
        (b"<a>" + b"<b/>" * 2000 + b"</a>", TooLarge, "cap.too_many_elements"),
        (alert(info(*[area()] * 201)), TooLarge, "cap.too_many_areas"),
        (alert(info(area("A", polygon("1,2 " * 20_001)))), TooLarge, "cap.too_many_points"),
        (b" " * ((1 << 20) + 1), TooLarge, "cap.too_large"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', Malformed, "cap.not_xml"),
    ],
)
def test_attacks_are_refused_by_name(content: bytes, kind: type[Refused], code: str):
    with pytest.raises(kind) as caught:
        cap.parse(content, "x")
    assert caught.value.code == code
    assert code in sentences()


def test_signs_that_nobody_sees_are_not_shown():
    element = only(alert(info(area("Desa&#x202E; A&#x200B;\n baru", polygon()))))
    assert element.label == "Desa A baru"


@needs_alerts
def test_a_real_alert_is_read_in_the_child_process():
    content = (ALERTS / "bmkg_nowcast_banten_20260216.xml").read_bytes()
    found = parse_apart("logistics.zones.reading.cap", content, "bmkg.xml")
    (element,) = found["elements"]
    assert (element["outcome"], [one["code"] for one in element["remarks"]]) == ("noted", ["cap.forecast"])
    assert len(json.loads(element["outline"])["coordinates"]) == 2
    assert found["notice"]["identifier"] == "2.49.0.1.360.0.2026.02.16.16.36.004"
