"""Points of GPX and GeoJSON say whose they are by name; a row of each has the same outcomes as a row of a table."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from core.errors import Malformed, Refused, TooLarge
from core.work import Work
from registry_link.completion import file_queries, files
from registry_link.completion.columns import POSITION_HEADER
from registry_link.completion.files import ReadFile
from registry_link.completion.point_parser import parse
from registry_link.completion.pointing import position_table
from registry_link.completion.states import FileKind, RowOutcome
from tests.registry_link.completion.test_files import outcomes
from tests.registry_link.completion.test_lists import OFFICER, issued, office
from tests.registry_link.people import nik

__all__ = ["office"]
GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="alat" xmlns="http://www.topografix.com/GPX/1/1">
 <metadata><name>KEL-000009-9</name></metadata>
 {points}
 <trk><trkseg><trkpt lat="-7.9" lon="131.3"><ele>4</ele></trkpt></trkseg></trk>
</gpx>"""


def waypoint(name: str, lon: str = "131.3001", lat: str = "-7.9001", accuracy: str = "") -> str:
    more = f"<extensions><accuracy>{accuracy}</accuracy></extensions>" if accuracy else ""
    return f'<wpt lat="{lat}" lon="{lon}"><name>{name}</name>{more}</wpt>'


def gpx(*points: str) -> bytes:
    return GPX.format(points="".join(points)).encode()


def feature(place: Any, kind: str = "Point", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": place}, "properties": properties}


def geojson(*features: dict[str, Any], **also: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **also}).encode()


def read(work: Work, content: bytes, name: str) -> list[tuple[RowOutcome, list[str]]]:
    table = position_table(content, name, files.MOST_POSITION_ROWS)
    with work.by(OFFICER) as tx:
        order = ReadFile(file_name=name, file_sha256=sha256(content).hexdigest(), table=table)
        done = files.read_positions(tx, order)
        assert file_queries.completion_file(tx, done.file_id, FileKind.POSITIONS).rows == len(table.rows)
    return outcomes(work, done.file_id)


def test_waypoints_named_by_a_households_code_become_its_position(office: Work):
    code, other = (line.facts.code for line in issued(office).lines()[:2] if line.facts)
    found = read(office, gpx(
        waypoint(code.lower(), accuracy="6.5"), waypoint(f"{other} Rumah papan"), waypoint("Pos 1"),
        waypoint(code, "-7.9", "131.3"), waypoint("", "131.3", "-7.9"),
    ), "titik.gpx")  # fmt: skip
    ready, refused = RowOutcome.READY, RowOutcome.REFUSED
    assert found == [
        (ready, []), (ready, []), (refused, ["completion.household_unknown"]),
        (refused, ["completion.position_swapped"]), (refused, ["completion.code_missing"]),
    ]  # fmt: skip


def test_points_of_geojson_are_found_by_code_before_name_and_other_shapes_are_refused(office: Work):
    code, other = (line.facts.code for line in issued(office).lines()[:2] if line.facts)
    found = read(office, geojson(
        feature([131.3001, -7.9001, 12.0], name="Yohanes", kode=code, accuracy=5),
        feature([131.3, -7.9], name="x", kode=other, nik=int(nik(10))),
        feature([[131.3, -7.9], [131.4, -7.9]], "LineString", kode=code),
        {"type": "Feature", "geometry": None, "properties": {"kode": code}},
        feature([131.3, "-7.9"], kode=code),
    ), "titik.geojson")  # fmt: skip
    refused = RowOutcome.REFUSED
    assert found == [
        (RowOutcome.READY, []), (refused, ["registry.number_numeric"]), (refused, ["completion.not_a_point"]),
        (refused, ["completion.not_a_point"]), (refused, ["completion.not_a_point"]),
    ]  # fmt: skip


def test_a_table_is_read_as_before():
    table = position_table(b"Kode keluarga;Bujur;Lintang\nKEL-000001-8;131,3;-7,9\n", "titik.csv", 10)
    assert [one.texts for one in table.rows] == [("KEL-000001-8", "131,3", "-7,9")]
    points = position_table(gpx(waypoint("KEL-000001-8")), "titik.csv", 10)
    assert points.header == tuple(POSITION_HEADER.values()), "a file is what it holds, whatever its name says"


ENTITY = b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "KEL-000001-8">]><gpx><wpt lat="1" lon="2"/></gpx>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"type": "Topology"}', "completion.points_unknown"),
        (b"[1, 2]", "completion.points_unknown"),
        (b'{"type": "FeatureCollection", "features": [', "completion.points_broken"),
        (b"<kml><Placemark/></kml>", "completion.points_unknown"),
        (gpx(waypoint("a"))[:-9], "completion.points_broken"),
        (ENTITY, "completion.points_broken"),
        (b"<gpx>" + b"<a>" * 40, "completion.points_broken"),
        (geojson(crs={"type": "name", "properties": {"name": "EPSG:32752"}}), "completion.points_crs"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_points_is_refused_with_its_reason(content: bytes, code: str):
    with pytest.raises(Malformed) as refused:
        parse(content, "x")
    assert refused.value.code == code


def test_too_many_points_are_refused_and_the_reason_comes_through_the_other_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("registry_link.completion.point_parser.MOST_POINTS", 2)
    with pytest.raises(TooLarge):
        parse(gpx(*[waypoint("a")] * 3), "x")
    with pytest.raises(Refused) as refused:
        position_table(b"<kml></kml>", "x.gpx", 10)
    assert refused.value.code == "completion.points_unknown"
