"""The invented district: the same on every machine, whole like a real one, and nobody real in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from typing import Any

import pytest
import shapely

from registry_link.households.rules import checked_kk, checked_nik
from registry_link.regions.states import Level
from routes.demo.people import generate_households
from routes.demo.world import CODE, DemoWorld, generate_world

AS_OF = date(2026, 10, 1)


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    return generate_world(9901)


@pytest.fixture(scope="module")
def shapes(world: DemoWorld) -> dict[str, Any]:
    return {one.code: shapely.from_geojson(one.geojson) for one in world.boundaries}


def test_the_same_seed_gives_the_same_world_bit_by_bit(world: DemoWorld) -> None:
    again = generate_world(9901)
    assert again.regions == world.regions and again.boundaries == world.boundaries
    texts = "".join(one.geojson for one in world.boundaries)
    other = "".join(one.geojson for one in generate_world(7).boundaries)
    assert hashlib.sha256(texts.encode()).digest() != hashlib.sha256(other.encode()).digest()


def test_it_has_ten_districts_and_some_ninety_villages_all_with_boundaries(world: DemoWorld) -> None:
    levels = Counter(one.level for one in world.regions)
    assert (levels[Level.DISTRICT], levels[Level.VILLAGE]) == (10, 92)
    assert {one.code for one in world.boundaries} == {one.code for one in world.regions if one.code != "99"}
    names = [one.name for one in world.regions if one.level is Level.VILLAGE]
    assert len(set(names)) == len(names)


def test_every_outline_is_valid_and_villages_fill_their_districts_without_gap_or_overlap(
    world: DemoWorld, shapes: dict[str, Any]
) -> None:
    assert all(shape.is_valid and not shape.is_empty for shape in shapes.values())
    villages = [shapes[one.code] for one in world.villages]
    whole = shapes[CODE]
    assert sum(one.area for one in villages) == pytest.approx(whole.area, rel=1e-9)
    assert shapely.union_all(villages).symmetric_difference(whole).area == pytest.approx(0, abs=1e-12)
    for number in range(1, 11):
        district = f"{CODE}.{number:02d}"
        mine = [shapes[one.code] for one in world.villages if one.district_code == district]
        assert shapely.union_all(mine).symmetric_difference(shapes[district]).area == pytest.approx(0, abs=1e-12)


def test_some_villages_have_islands_as_real_ones_do(shapes: dict[str, Any], world: DemoWorld) -> None:
    parts = [len(shapely.get_parts(shapes[one.code])) for one in world.villages]
    assert sum(1 for count in parts if count > 1) >= 10


def test_people_are_plausible_and_every_number_is_synthetic_and_once(world: DemoWorld) -> None:
    households = list(generate_households(world, 3000, AS_OF))
    assert len(households) == 3000
    members = [member for one in households for member in one.members]
    assert 3.4 < len(members) / len(households) < 3.9
    assert 0.62 < sum(one.lon_deg is not None for one in households) / 3000 < 0.70
    numbers = [member.nik.reveal() for member in members if member.nik]
    cards = [one.kk.reveal() for one in households if one.kk]
    assert len(set(numbers)) == len(numbers) and len(set(cards)) == len(cards)
    assert all(number.startswith("99") for number in numbers + cards)
    assert [checked_nik(number) for number in numbers] == numbers and [checked_kk(card) for card in cards] == cards
    assert {one.decile for one in households} == {None, *range(1, 11)}


def test_nearly_every_house_with_a_position_stands_in_its_own_village(world: DemoWorld, shapes: dict[str, Any]) -> None:
    tagged: list[Any] = [one for one in generate_households(world, 2000, AS_OF) if one.lon_deg is not None]
    inside = sum(bool(shapely.intersects_xy(shapes[one.village_code], one.lon_deg, one.lat_deg)) for one in tagged)
    assert 0.96 < inside / len(tagged) < 1.0  # a few are tagged somewhere else, on purpose


def test_the_same_households_come_whatever_is_asked_for_first(world: DemoWorld) -> None:
    once, again = list(generate_households(world, 500, AS_OF)), list(generate_households(world, 500, AS_OF))
    assert [one.external_id for one in once] == [one.external_id for one in again]
    assert [one.head_name for one in once] == [one.head_name for one in again]
    assert [one.lon_deg for one in once] == [one.lon_deg for one in again]
