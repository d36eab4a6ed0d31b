"""Every form of map and list that BPBD sends, read element by element."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import shapefile  # type: ignore[import-untyped]
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from core.errors import Refused
from logistics.zones.reading import document, geojson, kml, region_list, report_text
from logistics.zones.reading.apart import element_in, read_apart, structured, unstructured
from logistics.zones.reading.elements import Element, Kind, Outcome, Parsed
from logistics.zones.states import Access, CountKind, Severity
from registry_link.matching.outlines import Outline
from tests.support.shared import BOUNDARIES, FLOODS, needs_boundaries, needs_floods

WGS84 = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]]'
UTM = f'PROJCS["WGS_1984_UTM_Zone_52S",{WGS84}]'
OUTER = [[131.0, -8.0], [131.0, -7.9], [131.1, -7.9], [131.1, -8.0], [131.0, -8.0]]
HOLE = [[131.02, -7.98], [131.04, -7.98], [131.04, -7.96], [131.02, -7.96], [131.02, -7.98]]


def first(parsed: Parsed) -> Element:
    return parsed.elements[0]


def holes(element: Element) -> int:
    assert element.outline is not None
    return sum(len(part.interiors) for part in Outline.from_geojson(element.outline).parts)


def remarks(element: Element) -> list[str]:
    return [one.code for one in element.remarks]


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "."), content)
    return made.getvalue()


def layer(
    shapes: Sequence[tuple[str, Sequence[Sequence[Sequence[float]]]]], *, prj: str | None = WGS84, cpg: str = "UTF-8",
    encoding: str = "utf-8",
) -> dict[str, bytes]:  # fmt: skip
    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, shapeType=shapefile.POLYGON, encoding=encoding) as writer:
        writer.field("NAMOBJ", "C", size=40)
        writer.field("Tingkat", "C", size=10)
        for name, rings in shapes:
            writer.poly([list(map(list, ring)) for ring in rings])
            writer.record(name, "sedang")
    parts = {"a__shp": shp.getvalue(), "a__shx": shx.getvalue(), "a__dbf": dbf.getvalue(), "a__cpg": cpg.encode()}
    return parts if prj is None else {**parts, "a__prj": prj.encode()}


# ---------------------------------------------------------------- GeoJSON


def test_features_say_their_name_severity_access_and_time():
    properties = {
        "NAMOBJ": "Sungai  Weduar\u202e", "Tingkat": "Berat", "akses": "perahu",
        "last_updated": "2026-11-16T08:00:00+09:00", "NIK": "9901010101900001",
    }  # fmt: skip
    document_ = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [OUTER, HOLE]},
    }
    found = first(geojson.parse(json.dumps(document_).encode(), "x.json"))
    assert (found.label, found.severity, found.access) == ("Sungai Weduar", Severity.HEAVY, Access.BOAT)
    assert found.observed_at is not None and found.observed_at.hour == 8 and holes(found) == 1
    assert found.told["NIK"] == "••••••••••••0001"


def test_what_is_no_area_is_noted_and_a_collection_gives_its_areas():
    parts = [{"type": "Polygon", "coordinates": [OUTER]}, {"type": "Point", "coordinates": [131, -8]}]
    collection = {"type": "GeometryCollection", "geometries": parts}
    found = first(geojson.parse(json.dumps(collection).encode(), "x"))
    assert (found.outcome, remarks(found)) == (Outcome.READ, ["reading.parts_without_area"])
    line = first(geojson.parse(b'{"type":"LineString","coordinates":[[131,-8],[131.1,-8]]}', "x"))
    assert (line.outcome, line.outline, remarks(line)) == (Outcome.NOTED, None, ["reading.no_area"])
    empty = first(geojson.parse(b'{"type":"Feature","properties":null,"geometry":null}', "x"))
    assert (empty.outcome, remarks(empty)) == (Outcome.REFUSED, ["outline.empty"])


def test_an_open_ring_is_closed_and_said_while_a_crossing_one_is_refused_alone():
    crossing = [[131, -8], [131.1, -7.9], [131.1, -8], [131, -7.9], [131, -8]]
    collection = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
            for ring in (OUTER[:-1], crossing)
        ],
    }
    found = geojson.parse(json.dumps(collection).encode(), "peta.geojson").elements
    assert [one.outcome for one in found] == [Outcome.REPAIRED, Outcome.REFUSED]
    assert remarks(found[0]) == ["outline.ring_closed"] and remarks(found[1]) == ["outline.crosses_itself"]
    assert found[1].remarks[0].facts["feature"] == 2 and found[1].label == "peta 2"


@st.composite
def a_polygon(draw: st.DrawFn) -> list[list[list[float]]]:
    """A convex shell with up to three small holes on a grid within it."""
    west = draw(st.floats(100, 130, allow_nan=False))
    south = draw(st.floats(-8, 3, allow_nan=False))
    size = draw(st.floats(0.01, 0.5, allow_nan=False))
    places = draw(st.sets(st.integers(0, 8), max_size=3))
    rings = [shapely.box(west, south, west + size, south + size)]
    for one in sorted(places):
        x, y = west + size * (0.1 + 0.3 * (one % 3)), south + size * (0.1 + 0.3 * (one // 3))
        rings.append(shapely.box(x, y, x + size * 0.2, y + size * 0.2))
    return [[list(point) for point in ring.exterior.coords] for ring in rings]


@settings(max_examples=60, deadline=None)
@given(st.lists(a_polygon(), min_size=1, max_size=4))
def test_holes_and_every_digit_survive_the_way_through_the_child(polygons: list[list[list[list[float]]]]):
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": one}} for one in polygons
    ]
    sent = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    found = geojson.parse(sent, "x")
    kept = [element_in(unstructured(one)) for one in found.elements]
    assert kept == list(found.elements)
    assert [holes(one) for one in kept] == [len(one) - 1 for one in polygons]
    for element, rings in zip(kept, polygons, strict=True):
        assert json.loads(element.outline or "")["coordinates"] == rings


def test_what_the_child_says_is_taken_field_by_field():
    good: dict[str, Any] = {"kind": "geojson", "elements": [], "remarks": [], "notice": {}}
    assert structured(good).kind is Kind.GEOJSON
    element = {"no": 1, "label": "a", "outcome": "read"}
    wrongs: tuple[Any, ...] = (
        {**good, "more": 1}, {**good, "kind": "exe"}, {**good, "elements": [{**element, "no": "1"}]},
        {**good, "elements": [{**element, "no": 2}]}, {**good, "elements": [{**element, "label": "x" * 201}]},
        {**good, "elements": [{**element, "outcome": "posted"}]}, {**good, "elements": [{**element, "outline": 5}]},
        {**good, "elements": [{**element, "observed_at": "2026-01-01T00:00:00"}]}, [], None, "x",
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(Refused):
            structured(wrong)


# ---------------------------------------------------------------- KML


def kml_of(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">{body}</kml>'.encode()


def ring_of(points: Sequence[Sequence[float]]) -> str:
    return f"<LinearRing><coordinates>{' '.join(f'{x},{y},0' for x, y in points)}</coordinates></LinearRing>"


POLYGON = (
    f"<Polygon><outerBoundaryIs>{ring_of(OUTER)}</outerBoundaryIs>"
    f"<innerBoundaryIs>{ring_of(HOLE)}</innerBoundaryIs></Polygon>"
)


def test_placemarks_keep_their_holes_folders_and_data_and_points_are_noted():
    body = (
        "<Document><name>Posko</name><Folder><name>Banjir</name>"
        f"<Placemark><name>Weduar</name><description><![CDATA[<b>dalam</b> 1 m]]></description><ExtendedData>"
        f'<Data name="tingkat"><value>berat</value></Data></ExtendedData>{POLYGON}</Placemark>'
        "<Placemark><name>Posko</name><Point><coordinates>131,-8</coordinates></Point></Placemark></Folder>"
        f"<Placemark><name>Dua</name><MultiGeometry>{POLYGON}<Point/></MultiGeometry></Placemark>"
        "<NetworkLink><name>Lain</name></NetworkLink></Document>"
    )
    found = kml.parse(kml_of(body), "x.kml").elements
    assert [one.outcome.value for one in found] == ["read", "noted", "read", "noted"]
    assert (found[0].severity, holes(found[0]), found[0].told["folder"]) == (Severity.HEAVY, 1, "Banjir")
    assert found[0].told["description"] == "dalam 1 m"
    assert [remarks(one) for one in found[1:]] == [
        ["reading.no_area"], ["reading.parts_without_area"], ["reading.not_followed"],
    ]  # fmt: skip


def test_a_kmz_is_its_one_document_and_says_what_else_lies_in_it():
    placed = kml_of(f"<Placemark><name>W</name>{POLYGON}</Placemark>")
    found = document.parse(zipped(doc__kml=placed, files__png=b"x"), "x.kmz")
    assert (found.kind, first(found).label, found.remarks[0].code) == (Kind.KML, "W", "reading.archive_others")


# ---------------------------------------------------------------- Shapefile


def test_a_shapefile_gives_names_severity_and_holes_by_the_direction_of_rings():
    found = document.parse(zipped(**layer([("Desa É", [OUTER, HOLE]), ("Dua", [OUTER])])), "x.zip")
    assert (found.kind, found.remarks) == (Kind.SHAPEFILE, ())
    assert [(one.label, one.severity, holes(one)) for one in found.elements] == [
        ("Desa É", Severity.MEDIUM, 1), ("Dua", Severity.MEDIUM, 0),
    ]  # fmt: skip


def test_the_shadows_that_a_mac_packs_are_no_layers():
    parts = {**layer([("a", [OUTER])]), "__MACOSX/._a.shp": b"\x00\x05\x16\x07"}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name if "/" in name else name.replace("__", "."), content)
    assert [one.label for one in document.parse(made.getvalue(), "x.zip").elements] == ["a"]


def test_rings_that_run_the_wrong_way_are_read_as_areas_and_that_is_said():
    found = first(document.parse(zipped(**layer([("a", [OUTER[::-1]])])), "x.zip"))
    assert (found.outcome, remarks(found)) == (Outcome.REPAIRED, ["reading.rings_turned"])


def test_a_shapefile_is_read_as_its_cpg_says_and_refused_by_the_name_of_another_projection():
    found = document.parse(zipped(**layer([("Désa", [OUTER])], cpg="ANSI 1252", encoding="cp1252")), "x.zip")
    assert first(found).label == "Désa"
    with pytest.raises(Refused) as told:
        document.parse(zipped(**layer([("a", [OUTER])], prj=UTM)), "x.zip")
    assert told.value.code == "reading.other_projection" and told.value.facts["found"] == "WGS_1984_UTM_Zone_52S"
    without = document.parse(zipped(**layer([("a", [OUTER])], prj=None)), "x.zip")
    assert [one.code for one in without.remarks] == ["reading.prj_missing"]


# ---------------------------------------------------------------- lists


def workbook(*rows: Sequence[str]) -> bytes:
    made = io.BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return made.getvalue()


def test_a_table_of_villages_is_read_from_csv_and_xlsx_alike():
    rows = (
        ("No", "Kode BPS", "Nama desa", "Kecamatan", "RW", "RT", "Jumlah KK", "Tingkat"),
        ("1", "8103010", "Olilit", "Kec. Tanimbar Selatan", "02", "01-03", "±120", "Berat"),
    )
    by_xlsx = document.parse(workbook(("Daftar desa terdampak",), *rows), "x.xlsx")
    by_csv = document.parse("\n".join(";".join(one) for one in rows).encode(), "x.csv")
    assert by_xlsx.elements == by_csv.elements and by_xlsx.kind is Kind.REGIONS
    found = first(by_xlsx)
    assert [(one.code, one.system.value, one.name, one.rw, one.rt) for one in found.regions] == [
        ("8103010", "bps", "Olilit", "002", f"00{rt}") for rt in (1, 2, 3)
    ]
    assert found.severity is Severity.HEAVY and found.regions[0].district == "Tanimbar Selatan"
    assert [(one.kind, one.value, one.is_estimate) for one in found.counts] == [(CountKind.HOUSEHOLDS, 120, True)]


@pytest.mark.parametrize(
    ("line", "regions"),
    [
        ("Desa Olilit RT 01-05 RW 02", [("Olilit", "002", f"00{rt}") for rt in range(1, 6)]),
        ("- Kel. Saumlaki RW 1, 2 dan 3", [("Saumlaki", f"00{rw}", "") for rw in (1, 2, 3)]),
        ("3. Ds. Sifnana RT 1 RW 2, RT 3 s/d 4 RW 5", [("Sifnana", "002", "001"), ("Sifnana", "005", "003"),
                                                    ("Sifnana", "005", "004")]),
        ("Lauran RW 01 RT 02", [("Lauran", "001", "002")]),
        ("Desa Bomaki RT/RW 002/001", [("Bomaki", "001", "002")]),
        ("Desa Kabiarat RT 03", []),
        ("Desa Kabiarat RT 1 RW 2, 3", []),
    ],
)  # fmt: skip
def test_lines_name_villages_and_narrow_them_to_rw_and_rt(line: str, regions: list[tuple[str, str, str]]):
    found = first(region_list.parse(line.encode(), ""))
    usable = [(one.name, one.rw, one.rt) for one in found.regions] if found.outcome is Outcome.READ else []
    assert usable == regions


def test_an_rw_may_be_named_by_the_code_of_its_village_with_its_number_behind():
    found = first(region_list.parse(b"Kode BPS;Desa\n3174040007011;Kampung\n", "x.csv"))
    assert [(one.code, one.system.value, one.rw) for one in found.regions] == [("3174040007", "bps", "011")]


def test_a_heading_names_the_district_of_the_lines_below_and_counts_and_severity_are_taken():
    text = "Kec. Selaru:\n- Desa Adaut (sedang): 120 KK, 480 jiwa\nKec. Tanimbar Selatan\n81.03.01.2001 Olilit"
    one, two = region_list.parse(text.encode(), "").elements
    assert (one.regions[0].district, two.regions[0].district) == ("Selaru", "Tanimbar Selatan")
    assert one.severity is Severity.MEDIUM and two.regions[0].code == "81.03.01.2001"
    assert [(said.kind, said.value) for said in one.counts] == [(CountKind.HOUSEHOLDS, 120), (CountKind.PERSONS, 480)]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader_of_lines(text: str):
    try:
        found = region_list.parse(text.encode("utf-8", "replace"), "")
    except Refused:
        return
    assert [one.no for one in found.elements] == list(range(1, len(found.elements) + 1))


def test_what_a_document_is_is_told_by_what_is_in_it():
    report = (
        "Jenis bencana: Banjir\nLokasi: Kec. Selaru, Desa Adaut\nKronologis: hujan\nTerdampak:\nDesa Adaut: 12 KK\n"
    )
    assert document.parser_for(report.encode()) is report_text
    assert document.parser_for(b"Desa Olilit RT 01 RW 02") is region_list
    assert document.parser_for(b'\xef\xbb\xbf  {"type":"Polygon"}') is geojson
    assert document.parser_for(kml_of("<Document/>")) is kml
    for odd in (b"\xd0\xcf\x11\xe0rest", b"<html/>", zipped(readme__txt=b"x"), b"\x00\x01"):
        with pytest.raises(Refused):
            document.parser_for(odd)


# ---------------------------------------------------------------- what is real


def test_cognicity_states_become_severities_and_a_depth_that_areas_may_be_united_by():
    rw = {"type": "Polygon", "coordinates": [OUTER]}
    states = [
        {"type": "Feature", "geometry": rw,
         "properties": {"area_id": "1", "area_name": "RW 09", "parent_name": "GROGOL", "state": state,
                        "last_updated": "2026-11-16T01:00:00Z"}}
        for state in (1, 2, 3, 4, None)
    ]  # fmt: skip
    answer = {"statusCode": 200, "result": {"type": "FeatureCollection", "features": states}}
    found = document.parse(json.dumps(answer).encode(), "floods")
    assert found.kind is Kind.FLOOD_STATES and found.remarks[0].facts == {"count": 1}
    assert [one.severity.value for one in found.elements if one.severity] == ["light", "light", "medium", "heavy"]
    assert found.elements[0].label == "RW 09, GROGOL" and remarks(found.elements[0]) == ["reading.depth_unknown"]
    assert [one.told["depth"] for one in found.elements[2:]] == ["71–150 cm", "lebih dari 150 cm"]
    dry = {"type": "FeatureCollection", "features": states[4:]}
    with pytest.raises(Refused) as told:
        document.parse(json.dumps(dry).encode(), "floods")
    assert told.value.code == "reading.no_flood"


@needs_floods
def test_real_states_of_flood_are_read_each_with_its_depth():
    found = read_apart(FLOODS.read_bytes(), FLOODS.name)
    states = [one["properties"]["state"] for one in json.loads(FLOODS.read_text())["features"]]
    assert found.kind is Kind.FLOOD_STATES and len(found.elements) == len(states) == 61
    assert all(one.outcome is Outcome.READ and one.outline for one in found.elements)
    assert [one.severity for one in found.elements] == [
        {1: Severity.LIGHT, 2: Severity.LIGHT, 3: Severity.MEDIUM, 4: Severity.HEAVY}[state] for state in states
    ]


@needs_boundaries
@pytest.mark.parametrize("name", ["81.03_kepulauan_tanimbar_villages", "51.02_tabanan_villages"])
def test_real_boundaries_are_read_feature_by_feature_and_as_kml_and_shapefile_the_same(name: str):
    content = (BOUNDARIES / f"{name}.geojson").read_bytes()
    features = json.loads(content)["features"]
    found = geojson.parse(content, name)
    assert [one.label for one in found.elements] == [one["properties"]["name"] for one in features]
    assert all(one.outcome in (Outcome.READ, Outcome.REPAIRED) for one in found.elements)
    sample = features[:5]
    as_shapes = [
        (one["properties"]["name"], [ring for part in _parts(one["geometry"]) for ring in part]) for one in sample
    ]
    as_layer = document.parse(zipped(**layer(as_shapes)), "x.zip")
    as_kml = kml.parse(kml_of("".join(_placemark(one) for one in sample)), "x.kml")
    for before, *others in zip(found.elements[:5], as_layer.elements, as_kml.elements, strict=True):
        area = Outline.from_geojson(before.outline or "").area_km2
        for one in others:
            assert one.label == before.label
            assert Outline.from_geojson(one.outline or "").area_km2 == pytest.approx(area)


def _parts(geometry: dict[str, Any]) -> list[list[list[list[float]]]]:
    """Give a geometry's polygons with shells clockwise and holes the other way, as Shapefiles write them."""
    shape = shapely.geometry.shape(geometry)
    turned = [shapely.geometry.polygon.orient(one, -1.0) for one in shapely.get_parts(shape)]
    return [[[list(point) for point in ring.coords] for ring in (one.exterior, *one.interiors)] for one in turned]


def _placemark(feature: dict[str, Any]) -> str:
    shapes = "".join(
        f"<Polygon><outerBoundaryIs>{ring_of(part[0])}</outerBoundaryIs>"
        + "".join(f"<innerBoundaryIs>{ring_of(hole)}</innerBoundaryIs>" for hole in part[1:]) + "</Polygon>"
        for part in _parts(feature["geometry"])
    )  # fmt: skip
    return f"<Placemark><name>{feature['properties']['name']}</name><MultiGeometry>{shapes}</MultiGeometry></Placemark>"


def test_a_shapefile_that_lies_about_its_counts_is_told_so():
    parts = layer([("a", [OUTER])])
    shp = bytearray(parts["a__shp"])
    struct.pack_into("<i", shp, 100 + 8 + 40, 2_000_000_000)
    with pytest.raises(Refused) as told:
        document.parse(zipped(**{**parts, "a__shp": bytes(shp)}), "x.zip")
    assert told.value.code == "reading.shapefile_lies"
