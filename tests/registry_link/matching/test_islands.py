"""Which villages hang together by land."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from registry_link.matching.islands import land_groups
from tests.support.shared import BOUNDARIES, needs_boundaries

STEP = 0.01


def square(*cells: tuple[float, float]) -> str:
    rings = [
        [[[131 + x * STEP, -7 + y * STEP], [131 + (x + 1) * STEP, -7 + y * STEP],
          [131 + (x + 1) * STEP, -7 + (y + 1) * STEP], [131 + x * STEP, -7 + (y + 1) * STEP],
          [131 + x * STEP, -7 + y * STEP]]]
        for x, y in cells
    ]  # fmt: skip
    return json.dumps({"type": "MultiPolygon", "coordinates": rings})


def slowly(cells: dict[str, tuple[int, int]]) -> set[frozenset[str]]:
    """Walk from square to square that share an edge or a corner."""
    left, found = set(cells), set()
    while left:
        reached, open_ = set(), [min(left)]
        while open_:
            one = open_.pop()
            reached.add(one)
            (x, y) = cells[one]
            open_ += [
                code for code in left - reached
                if abs(cells[code][0] - x) <= 1 and abs(cells[code][1] - y) <= 1 and code not in open_
            ]  # fmt: skip
        left -= reached
        found.add(frozenset(reached))
    return found


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=25), st.randoms(use_true_random=False))
def test_villages_that_touch_are_one_group(squares: set[tuple[int, int]], chance):
    cells = {f"{no:02d}": at for no, at in enumerate(sorted(squares))}
    rows = [(code, square(at)) for code, at in cells.items()]
    chance.shuffle(rows)
    groups = land_groups(rows)
    assert {frozenset(codes) for codes in groups} == slowly(cells)
    assert list(groups) == sorted(groups, key=lambda codes: (-len(codes), codes))


def test_an_islet_of_a_village_joins_nothing_and_a_crack_parts_nothing():
    rows = [
        ("A", square((0, 0), (1, 0))),
        ("B", square((2.05, 0))),  # 55 m beside A
        ("C", square((9, 0), (10, 0))),
        ("D", json.dumps({"type": "MultiPolygon", "coordinates": [
            [[[131.2, -7], [131.23, -7], [131.23, -6.99], [131.2, -6.99], [131.2, -7]]],
            [[[131.11, -7], [131.112, -7], [131.112, -6.998], [131.11, -6.998], [131.11, -7]]],  # islet beside C
        ]})),
    ]  # fmt: skip
    assert land_groups(rows) == (("A", "B"), ("C",), ("D",))
    assert land_groups(rows, gap_m=1.0) == (("A",), ("B",), ("C",), ("D",))
    assert land_groups([]) == ()


@needs_boundaries
def test_the_islands_of_tanimbar_are_found_and_tabanan_is_one_piece():
    def rows(name: str) -> list[tuple[str, str]]:
        document = json.loads((BOUNDARIES / f"{name}_villages.geojson").read_text())
        return [(one["properties"]["code"], json.dumps(one["geometry"])) for one in document["features"]]

    groups = land_groups(rows("81.03_kepulauan_tanimbar"))
    assert [len(codes) for codes in groups] == [47, 7, 7, 6, 4, 4, 2, 1, 1, 1, 1, 1]  # Yamdena, then the small ones
    districts = {codes[0][:8]: {code[:8] for code in codes} for codes in groups[1:7]}
    # Selaru, Larat, Fordata, Seira, Molu, Wuliaru: each lies in one district, and none is Yamdena.
    assert all(found == {district} for district, found in districts.items())
    assert set(districts) == {"81.03.02", "81.03.05", "81.03.06", "81.03.04", "81.03.18", "81.03.07"}
    assert [len(codes) for codes in land_groups(rows("51.02_tabanan"))] == [133]
