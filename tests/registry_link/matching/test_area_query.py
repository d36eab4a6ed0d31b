"""The whole query on both engines, against a slow answer that is written again from the table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from core.actor import system
from core.db import Base
from core.work import Tx, Work
from registry_link.households.located import Located
from registry_link.households.positions import position_key
from registry_link.households.states import PositionSource
from registry_link.matching.earth import areas_km2
from registry_link.matching.inside import edge_distance_m
from registry_link.matching.outlines import Outline, outline_of_circle, parse_outline
from registry_link.matching.queries import Area, Matches, match_area, match_located, numbers_inside
from registry_link.matching.rules import Confidence, Evidence, ListedRegion, unit_no
from registry_link.matching.villages import Villages
from tests.registry_link.matching.shapes import SOUTH, WEST, polygon_text, square

OFFICE = system("99.01")
NOW = datetime(2026, 11, 16, tzinfo=UTC)
SIDE = 0.05
CODES = tuple(f"99.01.01.20{n:02}" for n in range(4))
UNBOUNDED = "99.01.02.2001"
"""A village whose boundary nobody has loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    row_no: int
    village: str
    rw: str | None = None
    rt: str | None = None
    at: tuple[float, float] | None = None
    accuracy_m: float | None = None
    source: PositionSource | None = None


def village_ring(number: int) -> list[list[float]]:
    return square(round(WEST + (number % 2) * SIDE, 7), round(SOUTH + (number // 2) * SIDE, 7), SIDE)


def settle(tx: Tx, homes: list[Home], regency: str = "99.01") -> None:
    """Put regions, boundaries and households into the tables as an import leaves them."""
    tables = Base.metadata.tables
    codes = ["99", "99.01", "99.01.01", "99.01.02", *CODES, UNBOUNDED]
    levels = {1: "province", 2: "regency", 3: "district", 4: "village"}
    tx.session.execute(
        sa.insert(tables["region"]),
        [
            {
                "code": code, "name": code, "parent_code": code.rpartition(".")[0] or None, "kind": "desa",
                "level": levels[len(code.split("."))], "regency_code": "99.01" if "." in code else None,
                "name_key": code,
            }
            for code in codes
        ],
    )  # fmt: skip
    rings = [village_ring(number) for number in range(len(CODES))]
    tx.session.execute(
        sa.insert(tables["boundary"]),
        [
            {
                "region_code": code, "regency_code": "99.01", "level": "village", "geojson": polygon_text(ring),
                "west": ring[0][0], "south": ring[0][1], "east": ring[2][0], "north": ring[2][1], "area_km2": 30.0,
                "loaded_at": NOW,
            }
            for code, ring in zip(CODES, rings, strict=True)
        ],
    )  # fmt: skip
    tx.session.execute(
        sa.insert(tables["household"]),
        [
            {
                "id": UUID(int=home.row_no), "row_no": home.row_no, "regency_code": regency,
                "code": f"KEL-{home.row_no}", "village_code": home.village, "rw": home.rw, "rt": home.rt,
                "hamlet": "", "address": "", "head_name": "Contoh", "size": 1,
                "lon_deg": home.at[0] if home.at else None, "lat_deg": home.at[1] if home.at else None,
                "position_key": position_key(*home.at) if home.at else None, "position_source": home.source,
                "position_accuracy_m": home.accuracy_m, "is_provisional": False, "recorded_at": NOW, "changed_at": NOW,
            }
            for home in homes
        ],
    )  # fmt: skip


def reasons(found: Matches) -> dict[int, Evidence]:
    return dict(zip(found.row_nos.tolist(), found.evidences, strict=True))


def at(x: float, y: float) -> tuple[float, float]:
    """Give a place in village widths from the corner."""
    return round(WEST + x * SIDE, 7), round(SOUTH + y * SIDE, 7)


def area_of(*corners: tuple[float, float]) -> Outline:
    ring = [list(at(*corner)) for corner in corners]
    return parse_outline({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


WEST_HALF = area_of((0, 0), (0.5, 0), (0.5, 1), (0, 1))


def test_one_household_of_every_kind(work: Work):
    near = 20 / 5500
    homes = [
        Home(row_no=1, village=CODES[0], at=at(0.2, 0.5)),
        Home(row_no=2, village=CODES[0], at=at(0.5, 0.5)),
        Home(row_no=3, village=CODES[0], at=at(0.5 - near, 0.5), accuracy_m=60),
        Home(row_no=4, village=CODES[0], at=at(0.5 + near, 0.5), source=PositionSource.GPS),
        Home(row_no=5, village=CODES[0], at=at(0.5 + near, 0.5), source=PositionSource.MAP),
        Home(row_no=6, village=CODES[0], rw="1", rt="1"),
        Home(row_no=7, village=CODES[0], at=at(1.4, 1.4)),
        Home(row_no=8, village=CODES[3]),
        Home(row_no=9, village=CODES[3], at=at(0.2, 0.6)),
        Home(row_no=10, village=CODES[1], at=at(0.9, 0.5)),
        Home(row_no=11, village=UNBOUNDED, at=at(0.3, 0.3)),
        Home(row_no=12, village=UNBOUNDED),
        Home(row_no=13, village=CODES[0], at=at(0.9, 0.9)),
    ]
    with work.by(OFFICE) as tx:
        settle(tx, homes)
    with work.read_by(OFFICE) as tx:
        found = match_area(tx, Area(outline=WEST_HALF))
    assert reasons(found) == {
        1: Evidence.GEOTAG_INSIDE,
        2: Evidence.GEOTAG_INSIDE,
        3: Evidence.NEAR_EDGE_INSIDE,
        4: Evidence.NEAR_EDGE_OUTSIDE,
        6: Evidence.SHARE_VILLAGE,
        7: Evidence.GEOTAG_FAR,
        9: Evidence.GEOTAG_FAR,
        11: Evidence.GEOTAG_INSIDE,
        12: Evidence.SHARE_VILLAGE,
    }
    assert (found.counts.certain, found.counts.probable, found.counts.to_verify) == (3, 2, 4)
    facts = zip(found.share_permille, found.neighbours, found.distance_m, strict=True)
    columns = dict(zip(found.row_nos.tolist(), facts, strict=True))
    # six geotagged neighbours of the village, three of them inside; the far one does not count
    assert columns[6] == (500, 6, None)
    assert columns[12] == (1000, 1, None)
    assert columns[3][2] == pytest.approx(20, abs=1)
    assert columns[7][2] > 1000
    assert found.household_ids[0] == UUID(int=1)
    assert found.village_codes[0] == CODES[0]


def test_a_list_alone_and_a_list_beside_an_outline(work: Work):
    homes = [
        Home(row_no=1, village=CODES[0], rw="001", rt="002"),
        Home(row_no=2, village=CODES[0], rw="001"),
        Home(row_no=3, village=CODES[0], rw="002", rt="002"),
        Home(row_no=4, village=CODES[1], at=at(1.5, 0.5)),
        Home(row_no=5, village=CODES[1], at=at(0.5, 1.9)),
        Home(row_no=6, village=CODES[0], rw="1", rt="2", at=at(0.9, 0.9)),
        Home(row_no=7, village=UNBOUNDED),
    ]
    with work.by(OFFICE) as tx:
        settle(tx, homes)
    units = (ListedRegion(CODES[0], rw="1", rt="2"), ListedRegion(CODES[1]))
    with work.read_by(OFFICE) as tx:
        alone = match_area(tx, Area(listed=units))
        beside = match_area(tx, Area(outline=WEST_HALF, listed=units))
        district = match_area(tx, Area(listed=(ListedRegion("99.01.01"),)))
        nothing = match_area(tx, Area())
        unknown = match_area(tx, Area(listed=(ListedRegion("99.01.09.2001"),)))
    assert reasons(alone) == {
        1: Evidence.LISTED_RT, 2: Evidence.UNIT_UNKNOWN, 4: Evidence.LISTED_VILLAGE, 5: Evidence.GEOTAG_FAR,
        6: Evidence.LISTED_RT,
    }  # fmt: skip
    assert reasons(beside) == {
        1: Evidence.LISTED_RT, 2: Evidence.UNIT_UNKNOWN, 3: Evidence.SHARE_AREA, 4: Evidence.LISTED_VILLAGE,
        5: Evidence.GEOTAG_FAR, 6: Evidence.GEOTAG_OUTSIDE_LISTED,
    }  # fmt: skip
    assert beside.share_permille[2] == pytest.approx(500, abs=10)
    assert set(reasons(district)) == {1, 2, 3, 4, 5, 6}
    assert len(nothing.row_nos) == 0
    assert len(unknown.row_nos) == 0


def test_another_offices_households_are_not_ours(work: Work):
    with work.by(OFFICE) as tx:
        settle(tx, [Home(row_no=1, village=CODES[0], at=at(0.2, 0.5))], regency="99.02")
    with work.read_by(OFFICE) as tx:
        assert len(match_area(tx, Area(outline=WEST_HALF, listed=(ListedRegion(CODES[0]),))).row_nos) == 0


# ---------------------------------------------------------------- a whole district, slowly


def a_district(seed: int, count: int = 600) -> list[Home]:
    rng = np.random.default_rng(seed)
    homes = []
    for number in range(1, count + 1):
        village = int(rng.integers(0, 5))
        code = CODES[village] if village < 4 else UNBOUNDED
        place = None
        if rng.random() < 0.65:
            x, y = (village % 2) + rng.random(), (village // 2) + rng.random()
            if village == 4:
                x, y = rng.random(2)
            if rng.random() < 0.05:
                x, y = 2.2 * rng.random(2) - 0.1
            if rng.random() < 0.3:
                x, y = round(x * 20) / 20, round(y * 20) / 20  # on edges and corners
            place = at(float(x), float(y))
        homes.append(
            Home(
                row_no=number,
                village=code,
                rw=[None, "001", "2"][int(rng.integers(0, 3))],
                rt=[None, "001", "2", "03"][int(rng.integers(0, 4))],
                at=place,
                accuracy_m=[None, 5.0, 80.0, 400.0][int(rng.integers(0, 4))] if place else None,
                source=list(PositionSource)[int(rng.integers(0, 3))] if place else None,
            )
        )
    return homes


def slowly(homes: list[Home], area: Area) -> dict[int, Evidence]:
    """Judge one household after the other by the words of product.md §2.4 and decisions.md 12."""
    villages = {code: shapely.Polygon(village_ring(number)) for number, code in enumerate(CODES)}
    whole_outline = shapely.union_all(area.outline.parts) if area.outline else None
    truly = [Outline(tuple(shapely.get_parts(whole_outline)))] if whole_outline is not None else []

    def is_inside(home: Home) -> bool:
        return bool(home.at and whole_outline is not None and whole_outline.covers(shapely.Point(home.at)))

    def edge_m(home: Home) -> float:
        assert home.at
        return float(edge_distance_m(truly[0], np.array([home.at[0]]), np.array([home.at[1]]))[0])

    def is_far(home: Home) -> bool:
        if home.at is None or home.village not in villages:
            return False
        own = villages[home.village]
        one = Outline((own,))
        return not own.covers(shapely.Point(home.at)) and bool(
            edge_distance_m(one, np.array([home.at[0]]), np.array([home.at[1]]))[0] > 1000
        )

    def area_share(code: str) -> float:
        if whole_outline is None or code not in villages:
            return 0.0
        own = villages[code]
        both = areas_km2(np.array([own, shapely.intersection(own, whole_outline)], dtype=object))
        return float(both[1] / both[0])

    def share_of(home: Home) -> tuple[float, Evidence]:
        same = [one for one in homes if one.village == home.village and one.at and not is_far(one)]
        of_rw = [one for one in same if unit_no(home.rw) and unit_no(one.rw) == unit_no(home.rw)]
        of_rt = [one for one in same if unit_no(home.rt) and (unit_no(one.rw), unit_no(one.rt)) ==
                 (unit_no(home.rw), unit_no(home.rt))]  # fmt: skip
        for group, reason in ((of_rt, Evidence.SHARE_RT), (of_rw, Evidence.SHARE_RW), (same, Evidence.SHARE_VILLAGE)):
            if len(group) >= 5 or (home.village == UNBOUNDED and group is same):
                return sum(map(is_inside, group)) / len(group), reason
        return area_share(home.village), Evidence.SHARE_AREA

    def listing(home: Home) -> Evidence | bool | None:
        """Give the certain reason, False for unknown, None for not listed."""
        best: Evidence | bool | None = None
        ranks: list[Evidence | bool | None] = [
            None, False, Evidence.LISTED_RT, Evidence.LISTED_RW, Evidence.LISTED_VILLAGE,
        ]  # fmt: skip
        for region in area.listed:
            if region.code not in (home.village, home.village.rpartition(".")[0]):
                continue
            pairs = [
                (unit_no(have), unit_no(want)) for have, want in ((home.rw, region.rw), (home.rt, region.rt)) if want
            ]
            if any(have not in ("", want) for have, want in pairs):
                continue
            if any(have == "" for have, _ in pairs):
                new: Evidence | bool = False
            else:
                new = Evidence.LISTED_RT if region.rt else Evidence.LISTED_RW if region.rw else Evidence.LISTED_VILLAGE
            best = max(best, new, key=ranks.index)
        return best

    def judged(home: Home) -> Evidence | None:
        says = listing(home)
        share = area_share(home.village)
        touched, whole = share > 0.002, share >= 0.99
        if home.village == UNBOUNDED:
            touched = any(is_inside(one) for one in homes if one.village == UNBOUNDED)
        tolerance = home.accuracy_m or (50.0 if home.source is PositionSource.GPS else 0.0)
        near = bool(home.at and truly and edge_m(home) < tolerance)
        within = is_inside(home)
        near_out = near and not within and (touched or edge_m(home) <= 250)
        out = home.at is not None and not within and not near_out
        if is_far(home) and (says is not None or touched or within or near_out):
            return Evidence.GEOTAG_FAR
        if isinstance(says, Evidence):
            return Evidence.GEOTAG_OUTSIDE_LISTED if out and touched else says
        if within and not near:
            return Evidence.GEOTAG_INSIDE
        if whole:
            return Evidence.GEOTAG_OUTSIDE_VILLAGE if out else Evidence.VILLAGE_INSIDE
        if within:
            return Evidence.NEAR_EDGE_INSIDE
        if near_out:
            return Evidence.NEAR_EDGE_OUTSIDE
        if says is False:
            return Evidence.UNIT_UNKNOWN
        if home.at or not touched:
            return None
        part, reason = share_of(home)
        return reason if part else Evidence.SHARE_NONE

    return {home.row_no: reason for home in homes if (reason := judged(home))}


AREAS = {
    "half a village": Area(outline=WEST_HALF),
    "a village and a bit": Area(outline=area_of((0, 0), (1.2, 0), (1.2, 1), (0, 1))),
    "everything": Area(outline=area_of((-1, -1), (3, -1), (3, 3), (-1, 3))),
    "a triangle": Area(outline=area_of((0.1, 0.1), (1.9, 0.3), (0.7, 1.8))),
    "a circle": Area(outline=outline_of_circle(*at(1.0, 1.0), 1500.0)),
    "two parts and a hole": Area(
        outline=Outline(
            (
                shapely.Polygon([at(0.1, 0.1), at(0.9, 0.1), at(0.9, 0.9), at(0.1, 0.9)],
                                [[at(0.4, 0.4), at(0.6, 0.4), at(0.6, 0.6), at(0.4, 0.6)]]),
                shapely.Polygon([at(1.3, 1.3), at(1.8, 1.3), at(1.8, 1.8)]),
            )
        )
    ),
    "a list": Area(
        listed=(ListedRegion(CODES[0], rw="1", rt="1"), ListedRegion(CODES[1], rw="2"), ListedRegion(CODES[2]))
    ),
    "a district": Area(listed=(ListedRegion("99.01.01"),)),
    "an outline and a list": Area(
        outline=WEST_HALF, listed=(ListedRegion(CODES[0], rw="1"), ListedRegion(CODES[3]), ListedRegion(UNBOUNDED))
    ),
    "sea": Area(outline=area_of((5, 5), (6, 5), (6, 6))),
}  # fmt: skip


def test_the_query_gives_what_the_slow_way_gives(work: Work):
    homes = a_district(3)
    with work.by(OFFICE) as tx:
        settle(tx, homes)
    with work.read_by(OFFICE) as tx:
        for name, area in AREAS.items():
            found = match_area(tx, area)
            assert reasons(found) == slowly(homes, area), name
            again = match_area(tx, area)
            assert again.row_nos.tolist() == found.row_nos.tolist() == sorted(found.row_nos.tolist())
            assert again.share_permille == found.share_permille
            assert all(one is reason.confidence for one, reason in zip(found.confidences, found.evidences, strict=True))
    assert Confidence.CERTAIN in found.confidences or not found.confidences


def test_what_the_database_leaves_out_changes_nothing(work: Work):
    """Every household judged without cover and database gives the same columns as the few that are read."""
    homes = a_district(8)
    located = Located(
        row_nos=np.array([home.row_no for home in homes]),
        ids=np.array([UUID(int=home.row_no) for home in homes], dtype=object),
        village_codes=np.array([home.village for home in homes], dtype=object),
        rws=np.array([home.rw for home in homes], dtype=object),
        rts=np.array([home.rt for home in homes], dtype=object),
        position_keys=np.array([position_key(*home.at) if home.at else -1 for home in homes]),
        accuracy_m=np.array([home.accuracy_m or np.nan for home in homes]),
        is_gps=np.array([home.source is PositionSource.GPS for home in homes]),
    )
    villages = Villages((code, polygon_text(village_ring(number))) for number, code in enumerate(CODES))
    with work.by(OFFICE) as tx:
        settle(tx, homes)
    with work.read_by(OFFICE) as tx:
        for name, area in AREAS.items():
            if area.outline is None:
                continue
            found = match_area(tx, area)
            whole = match_located(located, area, villages, villages.touched_by(area.outline))
            for column in fields(Matches):
                one, other = getattr(found, column.name), getattr(whole, column.name)
                assert list(one) == list(other), (name, column.name)


def test_numbers_inside_many_outlines_at_once(work: Work):
    homes = a_district(5)
    outlines = [area.outline for area in AREAS.values() if area.outline]
    with work.by(OFFICE) as tx:
        settle(tx, homes)
    with work.read_by(OFFICE) as tx:
        which, row_nos = numbers_inside(tx, outlines)
        nothing = numbers_inside(tx, [])
    slow = {
        (number, home.row_no)
        for number, outline in enumerate(outlines)
        for home in homes
        if home.at and any(part.covers(shapely.Point(home.at)) for part in outline.parts)
    }
    assert len(which) == len(slow)
    assert set(zip(which.tolist(), row_nos.tolist(), strict=True)) == slow
    assert len(nothing[0]) == 0
