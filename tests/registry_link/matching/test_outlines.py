from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid, Refused
from core.i18n import say, sentences
from registry_link.matching import outlines
from registry_link.matching.earth import Box
from registry_link.matching.inside import edge_distance_m, inside
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from tests.registry_link.matching import shapes
from tests.registry_link.matching.shapes import SOUTH, WEST, square

BOX = Box(130.5, -8.5, 132.0, -6.5)
GOOD = square(131.0, -8.0, 0.1)


def refused(document: Mapping[str, object] | str | bytes, box: Box | None = BOX) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_outline(document, district_box=box)
    for lang in ("id", "en"):
        sentence = say(caught.value.code, lang, caught.value.facts)
        assert sentence != caught.value.code
        assert "…" not in sentence, f"a fact is missing: {sentence}"
    return caught.value


def feature(geometry: object) -> dict[str, object]:
    return {"type": "Feature", "properties": {"name": "Banjir"}, "geometry": geometry}


def collection(*geometries: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": [feature(one) for one in geometries]}


def polygon(*rings: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_every_form_of_geojson_gives_the_same_outline():
    geometry = polygon(GOOD)
    documents: list[Mapping[str, object]] = [
        geometry, feature(geometry), collection(geometry), {"type": "MultiPolygon", "coordinates": [[GOOD]]},
    ]  # fmt: skip
    expected = parse_outline(geometry, district_box=BOX)
    for document in documents:
        assert parse_outline(document, district_box=BOX) == expected
        assert parse_outline(json.dumps(document), district_box=BOX) == expected
        assert parse_outline(b"\xef\xbb\xbf" + json.dumps(document).encode(), district_box=BOX) == expected
    assert expected.repairs == ()
    assert expected.bounds == Box(131.0, -8.0, 131.1, -7.9)
    assert expected.point_count == 5
    assert 120 < expected.area_km2 < 123


def test_heights_are_let_pass_and_whole_numbers_are_numbers():
    ring = [[131, -8, 5.5], [132, -8, 5.5], [132, -7, 5.5], [131, -8, 5.5]]
    assert parse_outline(polygon(ring)).parts[0].equals(shapely.Polygon([(131, -8), (132, -8), (132, -7)]))


def test_several_polygons_are_several_parts_and_overlaps_count_once():
    outline = parse_outline(collection(polygon(GOOD), polygon(square(131.05, -8.0, 0.1))), district_box=BOX)
    assert len(outline.parts) == 2
    one = parse_outline(polygon(GOOD)).area_km2
    assert outline.area_km2 == pytest.approx(1.5 * one, rel=0.01)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_outline_is_read_back_as_it_was_written(data: st.DataObject):
    outline = data.draw(shapes.outlines())
    back = Outline.from_geojson(outline.to_geojson())
    assert back == outline
    assert back.to_geojson() == outline.to_geojson()


@settings(max_examples=50, deadline=None)
@given(st.data(), st.floats(1, 500))
def test_a_thinned_outline_stays_near_its_line(data: st.DataObject, tolerance: float):
    outline = data.draw(shapes.outlines())
    thin = Outline.from_geojson(outline.thinned(tolerance))
    assert len(thin.parts) == len(outline.parts)
    assert thin.point_count <= outline.point_count
    lon, lat = thin.edges[:, 0], thin.edges[:, 1]
    assert (edge_distance_m(outline, lon, lat) <= tolerance + 0.2).all()
    lon, lat = outline.edges[:, 0], outline.edges[:, 1]
    assert (edge_distance_m(thin, lon, lat) <= tolerance * 1.01 + 0.2).all()


def test_a_ring_is_not_thinned_twice_where_it_begins():
    hole = [[131.005, -7.997], [131.005, -7.996], [131.003, -7.995], [131.003, -7.999], [131.004, -7.999],
            [131.005, -7.997]]  # fmt: skip
    rings = [[[131.0, -8.0], [131.006, -8.0], [131.006, -7.994], [131.0, -7.994], [131.0, -8.0]], hole]
    outline = Outline.from_geojson(json.dumps({"type": "Polygon", "coordinates": rings}))
    thin = Outline.from_geojson(outline.thinned(79.0))
    assert (edge_distance_m(thin, outline.edges[:, 0], outline.edges[:, 1]) <= 79.2).all()
    assert thin.point_count < outline.point_count


def test_holes_are_kept():
    outline = parse_outline(polygon(GOOD, square(131.04, -7.96, 0.02)), district_box=BOX)
    assert not inside(outline, np.array([131.05]), np.array([-7.95])).any()
    assert len(outline.parts[0].interiors) == 1


# ---------------------------------------------------------------- repairs, shown


def test_an_open_ring_is_closed_and_told():
    outline = parse_outline(polygon(GOOD[:-1]), district_box=BOX)
    assert [one.code for one in outline.repairs] == ["outline.ring_closed"]
    assert outline == parse_outline(polygon(GOOD))
    assert "cincin 1" in say("outline.ring_closed", "id", outline.repairs[0].facts)


def test_repeated_points_are_dropped_and_told():
    outline = parse_outline(polygon([GOOD[0], GOOD[0], GOOD[1], *GOOD[1:]]), district_box=BOX)
    assert [(one.code, one.facts["count"]) for one in outline.repairs] == [("outline.points_dropped", 2)]
    assert outline == parse_outline(polygon(GOOD))


def test_overlapping_parts_of_one_multipolygon_are_one_area_and_told():
    document = {"type": "MultiPolygon", "coordinates": [[GOOD], [square(131.1, -8.0, 0.1)]]}
    outline = parse_outline(document, district_box=BOX)
    assert [one.code for one in outline.repairs] == ["outline.parts_overlap"]
    assert inside(outline, np.array([131.1]), np.array([-7.95])).all()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("box", [BOX, None])
def test_swapped_coordinates_are_recognised(box: Box | None):
    error = refused(polygon([[lat, lon] for lon, lat in GOOD]), box)
    assert error.code == "outline.swapped"
    assert (error.facts["lon"], error.facts["lat"]) == (-8.0, 131.0)


def test_another_district_is_outside():
    error = refused(polygon(square(115.1, -8.5, 0.05)))
    assert error.code == "outline.outside_district"
    assert error.facts["lon"] == 115.1


def test_without_a_known_district_the_country_is_the_limit():
    assert refused(polygon(square(10.0, 50.0, 0.1)), None).code == "outline.outside_district"
    assert refused(polygon(square(100.0, -9.0, 10.0)), None).code == "outline.too_wide"


def test_an_outline_beyond_twice_the_district_is_absurd():
    wide = [[129.7, -9.6], [132.8, -9.6], [132.8, -5.4], [129.7, -5.4], [129.7, -9.6]]
    error = refused(polygon(wide))
    assert error.code == "outline.too_wide"
    width = error.facts["width_km"]
    assert isinstance(width, float)
    assert width > 300
    assert parse_outline(polygon(square(130.0, -8.6, 2.0)), district_box=BOX)


def test_a_crossing_is_named_with_its_place():
    error = refused(polygon([[131.0, -8.0], [131.1, -7.9], [131.1, -8.0], [131.0, -7.9], [131.0, -8.0]]))
    assert error.code == "outline.crosses_itself"
    assert (error.facts["lon"], error.facts["lat"]) == (131.05, -7.95)
    assert isinstance(error, Invalid)
    assert error.field == "outline"


@pytest.mark.parametrize(
    ("rings", "code"),
    [
        ([GOOD, square(131.5, -7.5, 0.01)], "outline.hole_outside"),
        ([GOOD, square(131.02, -7.98, 0.05), square(131.03, -7.97, 0.01)], "outline.hole_in_hole"),
        ([GOOD, [[131.0, -8.0], [131.1, -7.9], [131.08, -7.96], [131.0, -8.0]]], "outline.cut_apart"),
        ([[*GOOD[:3], [131.05, -8.0], *GOOD[3:]]], "outline.touches_itself"),
        ([[[131.0, -8.0], [131.1, -8.0], [131.05, -8.0], [131.0, -8.0]]], "outline.too_small"),
        ([square(131.0, -8.0, 0.000001)], "outline.too_small"),
        ([[[131.0, -8.0], [131.1, -8.0], [131.0, -8.0]]], "outline.too_few_points"),
        ([[[131.0, -8.0]] * 9], "outline.too_few_points"),
    ],
)
def test_what_is_no_area_is_refused(rings: list[object], code: str):
    assert refused(polygon(*rings)).code == code


def test_a_part_within_a_part_may_have_meant_a_hole():
    error = refused({"type": "MultiPolygon", "coordinates": [[GOOD], [square(131.04, -7.96, 0.02)]]})
    assert error.code == "outline.part_in_part"
    # As two features it is plain: both are affected.
    assert parse_outline(collection(polygon(GOOD), polygon(square(131.04, -7.96, 0.02))), district_box=BOX)


@pytest.mark.parametrize(
    "bad",
    ["131.0", True, None, float("nan"), float("inf"), 1e309, 10**400, [131.0], {}, "1_1.0", "١٣١"],
    ids=lambda value: str(value)[:12],
)
def test_only_finite_numbers_are_coordinates(bad: object):
    ring: list[object] = [*GOOD]
    ring[2] = [bad, -7.9]
    error = refused(polygon(ring))
    assert error.code == "outline.not_a_number"
    assert (error.facts["feature"], error.facts["ring"], error.facts["point"]) == (1, 1, 3)


@pytest.mark.parametrize("point", [[131.0], [], "131,-8", 131.0, None, {"lon": 131, "lat": -8}, [1, 2, 3, 4, 5]])
def test_a_point_is_a_list_of_numbers(point: object):
    assert refused(polygon([GOOD[0], point, *GOOD[2:]])).code == "outline.not_a_number"


@pytest.mark.parametrize(
    ("ring", "code"),
    [
        ([[131.0, -8.0], [181.0, -8.0], [131.0, -7.9], [131.0, -8.0]], "outline.longitude_range"),
        ([[131.0, -8.0], [131.1, -91.0], [131.0, -7.9], [131.0, -8.0]], "outline.latitude_range"),
        ([[300000.0, 9050000.0], [300100.0, 9050000.0], [300100.0, 9050100.0], [300000.0, 9050000.0]],
         "outline.in_metres"),
        ([[1e308, -8.0], [131.1, -8.0], [131.0, -7.9], [1e308, -8.0]], "outline.in_metres"),
    ],
)  # fmt: skip
def test_coordinates_off_the_earth_are_refused(ring: list[object], code: str):
    assert refused(polygon(ring)).code == code


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"type": "Polygon", "coordinates": []}, "outline.empty"),
        ({"type": "Polygon", "coordinates": [[]]}, "outline.empty"),
        ({"type": "Polygon"}, "outline.empty"),
        ({"type": "MultiPolygon", "coordinates": []}, "outline.empty"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "outline.empty"),
        ({"type": "FeatureCollection", "features": []}, "outline.empty"),
        ({"type": "Feature", "geometry": None}, "outline.empty"),
        ({"type": "Feature"}, "outline.empty"),
        ({"type": "FeatureCollection"}, "outline.not_geojson"),
        ({"type": "FeatureCollection", "features": [GOOD]}, "outline.not_geojson"),
        ({"type": "Feature", "geometry": [GOOD]}, "outline.not_geojson"),
        ({"type": "Topology", "objects": {}}, "outline.not_geojson"),
        ({}, "outline.not_geojson"),
        ({"type": ["Polygon"], "coordinates": [GOOD]}, "outline.not_geojson"),
        ({"type": "Point", "coordinates": [131.0, -8.0]}, "outline.not_an_area"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [GOOD]}]},
         "outline.not_an_area"),
        ({"type": "Polygon", "coordinates": [GOOD], "crs": {"type": "name", "properties": {
            "name": "urn:ogc:def:crs:EPSG::32752"}}}, "outline.other_crs"),
        ({"type": "Polygon", "coordinates": [GOOD], "crs": "EPSG:3857"}, "outline.other_crs"),
    ],
)  # fmt: skip
def test_what_holds_no_area_is_refused(document: dict[str, object], code: str):
    assert refused(document).code == code
    assert refused(json.dumps(document)).code == code


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_a_file_that_says_wgs_84_is_taken(name: str):
    assert parse_outline(polygon(GOOD) | {"crs": {"type": "name", "properties": {"name": name}}})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "outline.not_json"),
        ("{", "outline.not_json"),
        ("wilayah", "outline.not_json"),
        ("null", "outline.not_geojson"),
        ("[1]", "outline.not_geojson"),
        (b"\xff\xfe{\x00}\x00", "outline.not_json"),
        ('{"type":"Polygon","type":"Point","coordinates":[]}', "outline.not_json"),
        ('{"type":"Polygon","coordinates":[[[NaN,1]]]}', "outline.not_a_number"),
        ("[" * 100_000, "outline.too_deep"),
        ('{"a":' * 20 + "1" + "}" * 20, "outline.too_deep"),
        ("1" * 5_000, "outline.not_json"),
        ('{"type":"Polygon","note":"' + "[" * 50 + '","coordinates":[]}', "outline.empty"),
        ('{"type":"Polygon","note":"\\"' + "[" * 50 + '","coordinates":[]}', "outline.empty"),
    ],
)
def test_hostile_text_is_refused(text: str | bytes, code: str):
    assert refused(text).code == code


def test_the_limits_hold():
    assert refused(b" " * (outlines.LARGEST_BYTES + 1)).code == "outline.too_many_bytes"
    assert refused(collection(*[polygon(GOOD)] * 501)).code == "outline.too_many_features"
    assert refused(polygon([[131.0, -8.0]] * 20_001)).code == "outline.ring_too_long"
    assert refused(collection(*[polygon([[131.0, -8.0]] * 3 + GOOD * 3_000)] * 4)).code == "outline.too_many_points"


def test_two_combs_of_many_teeth_are_read_without_cutting_them():
    """Two valid combs of 600 teeth held GEOS for 24 s when they were intersected (safety.md §1.2)."""

    def comb(turned: bool) -> list[list[float]]:
        ring = [[0.0, -0.02], *([n / 6000 + dx, y] for n in range(600) for dx, y in ((0, 0), (0, 0.1), (8e-5, 0.1),
                (8e-5, 0))), [0.1, 0.0], [0.1, -0.02]]  # fmt: skip
        return [[131.0 + (y if turned else x), -8.0 + (x if turned else y)] for x, y in [*ring, ring[0]]]

    outline = parse_outline(collection(polygon(comb(False)), polygon(comb(True))), district_box=BOX)
    assert len(outline.parts) == 2
    assert outline.area_km2 > 0


def test_a_refused_circle_says_why():
    for numbers, code in (
        ((131.0, -8.0, 0.0), "outline.circle_radius"),
        ((131.0, -8.0, 1e9), "outline.circle_radius"),
        ((131.0, -8.0, float("nan")), "outline.circle_numbers"),
        ((True, -8.0, 5.0), "outline.circle_numbers"),
        ((-8.0, 131.0, 500.0), "outline.swapped"),
        ((115.0, -8.0, 500.0), "outline.outside_district"),
    ):
        with pytest.raises(Invalid) as caught:
            outline_of_circle(*numbers, district_box=BOX)
        assert caught.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
        ["Polygon", "MultiPolygon", "Feature", "FeatureCollection", 131.0, -8.0, WEST, SOUTH]
    ),
    lambda below: st.lists(below, max_size=5) | st.dictionaries(
        st.sampled_from(["type", "coordinates", "geometry", "features", "crs", "properties"]), below, max_size=4
    ),
    max_leaves=40,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_anything_is_an_outline_or_a_refusal_with_a_sentence(document: object):
    try:
        parse_outline(json.dumps(document))
    except Refused as error:
        assert error.code in sentences()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=9))
def test_a_ring_is_taken_exactly_when_it_is_a_valid_area(lattice: list[tuple[int, int]]):
    ring = [[round(WEST + x * 0.01, 7), round(SOUTH + y * 0.01, 7)] for x, y in lattice]
    try:
        outline = parse_outline(polygon(ring), district_box=BOX)
    except Refused:
        kept = [one for n, one in enumerate(ring) if n == 0 or one != ring[n - 1]]
        assert len(kept) < 3 or not shapely.Polygon(kept).is_valid or shapely.Polygon(kept).area == 0
    else:
        assert all(part.is_valid and part.area > 0 for part in outline.parts)


def test_every_code_of_the_outlines_has_its_sentences():
    text = Path(outlines.__file__).read_text()
    codes = set(re.findall(r'"(outline\.[a-z_]+)"', text))
    assert codes <= set(sentences())
    assert {code for code in sentences() if code.startswith("outline.")} <= codes
