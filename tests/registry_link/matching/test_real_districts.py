"""Kepulauan Tanimbar and Tabanan as they are: islands, slivers, villages without their own centre."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from registry_link.households.positions import position_keys
from registry_link.matching.arrays import Bools, Floats
from registry_link.matching.cells import cover
from registry_link.matching.earth import areas_km2
from registry_link.matching.inside import inside
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from registry_link.matching.villages import Villages
from tests.support.shared import BOUNDARIES, FLOODS, needs_real_regions

DISTRICTS = {"81.03_kepulauan_tanimbar": (82, 4428), "51.02_tabanan": (133, 849)}

pytestmark = needs_real_regions


def texts(name: str) -> dict[str, str]:
    document = json.loads((BOUNDARIES / f"{name}_villages.geojson").read_text())
    return {one["properties"]["code"]: json.dumps(one["geometry"]) for one in document["features"]}


def regency(name: str) -> Outline:
    return parse_outline((BOUNDARIES / f"{name}_regency.geojson").read_bytes())


def scattered(villages: Villages, count: int) -> tuple[Floats, Floats]:
    """Place points over the district, a third of them exactly on village corners."""
    rng = np.random.default_rng(11)
    west, south = villages.boxes[:, :2].min(axis=0)
    east, north = villages.boxes[:, 2:].max(axis=0)
    corners = shapely.get_coordinates(villages.shapes)
    chosen = corners[rng.integers(0, len(corners), count // 3)]
    lon = np.r_[rng.uniform(west, east, count - len(chosen)), chosen[:, 0]]
    lat = np.r_[rng.uniform(south, north, count - len(chosen)), chosen[:, 1]]
    return np.asarray(np.round(lon, 7)), np.asarray(np.round(lat, 7))


def slowly(shape: shapely.Geometry, lon: Floats, lat: Floats) -> Bools:
    shapely.destroy_prepared(shape)
    return np.asarray(shapely.covers(shape, shapely.points(lon, lat)), dtype=bool)


@pytest.mark.parametrize("name", DISTRICTS)
def test_every_village_is_an_outline_and_a_whole_one(name: str):
    count, size_km2 = DISTRICTS[name]
    rows = texts(name)
    box = regency(name).bounds
    outlines = {code: parse_outline(text, district_box=box) for code, text in rows.items()}
    assert len(outlines) == count
    assert all(not one.repairs for one in outlines.values())
    assert sum(one.area_km2 for one in outlines.values()) == pytest.approx(size_km2, rel=0.001)
    villages = Villages(rows.items())
    for number, code in enumerate(villages.codes):
        found = villages.touched_by(outlines[code])
        assert found.is_whole[number], code
        assert found.area_permille[number] == 1000
        # Neighbours overlap by slivers only (71 pairs in Tanimbar, 258 in Tabanan): none of them counts as affected.
        others = np.flatnonzero(found.is_touched & (np.arange(count) != number))
        cut = areas_km2(shapely.intersection(villages.shapes[others], villages.shapes[number]))
        assert (cut > 0.0005).all(), (code, [villages.codes[other] for other in others], cut)
        assert not found.is_whole[others].any()


@pytest.mark.parametrize("name", DISTRICTS)
def test_the_whole_regency_and_each_district_hold_exactly_their_points(name: str):
    villages = Villages(texts(name).items())
    lon, lat = scattered(villages, 6000)
    keys, is_known = position_keys(lon, lat)
    assert is_known.all()
    documents = json.loads((BOUNDARIES / f"{name}_districts.geojson").read_text())["features"]
    for document in [*documents, json.loads((BOUNDARIES / f"{name}_regency.geojson").read_text())]:
        outline = parse_outline(document)
        shape = shapely.MultiPolygon(outline.parts)
        truth = slowly(shape, lon, lat)
        made = cover(outline)
        within, crossed = made.within.hold(keys), made.crossed.hold(keys)
        assert (inside(outline, lon, lat) == truth).all()
        assert ((within | (crossed & inside(outline, lon, lat))) == truth).all()


@pytest.mark.parametrize("name", DISTRICTS)
def test_a_point_belongs_to_the_village_with_the_lowest_code(name: str):
    villages = Villages(texts(name).items())
    lon, lat = scattered(villages, 3000)
    found = villages.village_of(lon, lat)
    held = np.array([slowly(shape, lon, lat) for shape in villages.shapes])
    expected = np.where(held.any(axis=0), held.argmax(axis=0), -1)
    assert (found == expected).all()
    assert (held.sum(axis=0) > 1).any(), "no point on a border was tried"


@pytest.mark.parametrize("name", DISTRICTS)
def test_every_representative_point_lies_in_its_own_village_and_no_distance_from_it(name: str):
    villages = Villages(texts(name).items())
    points = shapely.get_coordinates(shapely.point_on_surface(villages.shapes))
    own = np.arange(len(villages.codes))
    assert (villages.outside_m(own, points[:, 0], points[:, 1]) == 0).all()
    away = villages.outside_m(own, points[:, 0] + 3.0, points[:, 1])
    assert (away > 100_000).all()


@pytest.mark.parametrize("name", DISTRICTS)
def test_shares_of_circles_are_those_of_an_exact_cut(name: str):
    villages = Villages(texts(name).items())
    points = shapely.get_coordinates(shapely.point_on_surface(villages.shapes))[::9]
    sizes = areas_km2(villages.shapes)
    for lon, lat in points:
        for radius in (300, 2_000, 9_000):
            circle = outline_of_circle(float(lon), float(lat), radius)
            found = villages.touched_by(circle)
            cut = areas_km2(shapely.intersection(villages.shapes, circle.parts[0])) / sizes
            assert np.abs(found.area_permille / 1000 - cut).max() < 0.03
            assert found.is_touched[cut > 0.01].all()
            assert not found.is_touched[cut == 0].any()


def test_real_flood_areas_of_a_city_are_read():
    path = FLOODS
    outline = parse_outline(path.read_bytes())
    assert len(outline.parts) >= 61
    assert Outline.from_geojson(outline.to_geojson()) == outline
