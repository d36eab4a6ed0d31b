"""A small invented district to walk the whole line in: six square villages, households, stock, posts, people.

The same can be made of real villages: ``a_district(work, villages=...)`` takes any outlines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from core.actor import Actor, Role, system
from core.crypto import Secret
from core.measures import Milli, Rupiah
from core.work import Tx, Work
from logistics.dispatch.commands import OpenPost, open_post
from logistics.packages.standards import approve_standard, seed_default_standard
from registry_link.households.commands import HouseholdRow, MemberRow, RecordSnapshot, merge_households, record_snapshot
from registry_link.households.states import PositionSource, Relation, Sex
from registry_link.regions.commands import import_boundaries, import_regions
from registry_link.regions.readers import BoundaryRow, RegionRow
from registry_link.regions.states import Level
from routes.seed import seed_office
from stock.items.queries import items
from stock.ledger.commands import Receive, ReceiveLine, receive
from stock.ledger.kinds import FundingSource
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from tests.support.builders import REGENCY, SYSTEM, an_actor, an_office

WEST, SOUTH, SIDE = 131.0, -8.0, 0.02
PLENTY = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    code: str
    name: str
    kind: str
    geojson: str


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    villages: tuple[str, ...]
    households: tuple[str, ...]
    """External ids, ``H-<village number>-<n>``."""
    warehouse: UUID
    posts: tuple[UUID, UUID]
    known_numbers: tuple[str, ...]
    """Every NIK and No. KK there is."""


def squares() -> tuple[Village, ...]:
    """Three villages in each of two districts, side by side, sharing their edges."""
    made = []
    for number in range(6):
        west, south = WEST + number % 3 * SIDE, SOUTH + number // 3 * SIDE
        ring = [[west, south], [west + SIDE, south], [west + SIDE, south + SIDE], [west, south + SIDE], [west, south]]
        made.append(
            Village(
                code=f"{REGENCY}.{number // 3 + 1:02d}.{2001 + number % 3}", name=f"Contoh {'ABCDEF'[number]}",
                kind="desa", geojson=json.dumps({"type": "Polygon", "coordinates": [ring]}),
            )
        )  # fmt: skip
    return tuple(made)


def a_district(
    work: Work, *, villages: Sequence[Village] | None = None, per_village: int = 12, time_zone: str = "Asia/Jayapura",
    regency: tuple[str, str] = (REGENCY, "Kabupaten Contoh"), are_regions_known: bool = False,
) -> District:  # fmt: skip
    """Make the district through public commands: every second household geotagged well inside its village.

    ``are_regions_known``: office, codes and boundaries are there already (read from real lists).
    """
    villages = squares() if villages is None else villages
    code, name = regency
    if not are_regions_known:
        an_office(work, code, time_zone=time_zone)
    actor = SYSTEM if code == REGENCY else system(code, time_zone)
    with work.by(actor) as tx:
        if not are_regions_known:
            import_regions(tx, region_rows(code, name, villages))
            import_boundaries(tx, boundary_rows(code, name, villages))
        seed_office(tx)
        snapshot = record_snapshot(
            tx, RecordSnapshot(source="uji", as_of_on=date(2026, 10, 1), agreement_no="PKS-UJI", file_name="uji.csv")
        )
        rows = household_rows(villages, per_village)
        merge_households(tx, snapshot, rows)
        warehouse, posts = places(tx, villages)
        standard = seed_default_standard(tx)
    head = an_actor(Role.HEAD)
    with work.by(head if code == REGENCY else head_of(code, time_zone)) as tx:
        approve_standard(tx, standard)
    known = [row.kk.reveal() for row in rows if row.kk] + [
        member.nik.reveal() for row in rows for member in row.members if member.nik
    ]
    return District(
        villages=tuple(one.code for one in villages), households=tuple(row.external_id for row in rows),
        warehouse=warehouse, posts=posts, known_numbers=tuple(known),
    )  # fmt: skip


def head_of(code: str, time_zone: str) -> Actor:
    return replace(an_actor(Role.HEAD), regency_code=code, time_zone=time_zone)


def region_rows(code: str, name: str, villages: Sequence[Village]) -> list[RegionRow]:
    province = code.split(".")[0]
    # BPS numbers the same regency and its districts otherwise, as it does 199 of the real ones.
    bps = "9803" if code == REGENCY else None
    rows = [
        RegionRow(row=1, code=province, name="Provinsi Contoh", level=Level.PROVINCE, kind="provinsi"),
        RegionRow(row=2, code=code, name=name, level=Level.REGENCY, kind="kabupaten", bps_code=bps),
    ]
    districts = sorted({one.code[:8] for one in villages})
    rows += [
        RegionRow(
            row=3,
            code=one,
            name=f"Kecamatan {one[-2:]}",
            level=Level.DISTRICT,
            kind="kecamatan",
            bps_code=f"{bps}0{one[-2:]}" if bps else None,
        )
        for one in districts
    ]
    rows += [RegionRow(row=4, code=one.code, name=one.name, level=Level.VILLAGE, kind=one.kind) for one in villages]
    return rows


def boundary_rows(code: str, name: str, villages: Sequence[Village]) -> list[BoundaryRow]:
    def row(code: str, name: str, level: Level, shape: shapely.Geometry) -> BoundaryRow:
        west, south, east, north = shapely.bounds(shape)
        return BoundaryRow(
            row=1, code=code, name=name, level=level, geojson=shapely.to_geojson(shape), west=west, south=south,
            east=east, north=north, area_km2=float(shapely.area(shape)) * 12_300,
        )  # fmt: skip

    shapes = {one.code: shapely.from_geojson(one.geojson) for one in villages}
    rows = [row(one.code, one.name, Level.VILLAGE, shapes[one.code]) for one in villages]
    return [*rows, row(code, name, Level.REGENCY, shapely.union_all(list(shapes.values())))]


def household_rows(villages: Sequence[Village], per_village: int) -> list[HouseholdRow]:
    chance = np.random.default_rng(7)
    rows = []
    for place, village in enumerate(villages):
        shape: Any = shapely.from_geojson(village.geojson)
        core: Any = shapely.buffer(
            shape, -0.15 * min(shape.bounds[2] - shape.bounds[0], shape.bounds[3] - shape.bounds[1])
        )
        core = core if not shapely.is_empty(core) else shape
        for number in range(per_village):
            point = _point_in(core, chance) if number % 2 == 0 else None
            rows.append(
                HouseholdRow(
                    external_id=f"H-{place}-{number}", village_code=village.code,
                    head_name=f"Uji {place}-{number} Coba", rt=f"{number % 3 + 1:03d}", rw="001",
                    address=f"Jalan Contoh {number + 1}", decile=number % 10 + 1,
                    lon_deg=point[0] if point else None, lat_deg=point[1] if point else None,
                    position_source=PositionSource.MAP if point else None,
                    kk=Secret(f"990101010120{place * 100 + number:04d}"),
                    members=tuple(_members(place, number)),
                )
            )  # fmt: skip
    return rows


def _members(place: int, number: int) -> list[MemberRow]:
    people = [
        (Relation.HEAD, Sex.MALE, date(1984, 1, 5)),
        (Relation.SPOUSE, Sex.FEMALE, date(1988, 3, 9)),
        (Relation.CHILD, Sex.FEMALE, date(2015, 7, 1)),
        (Relation.CHILD, Sex.MALE, date(2025, 9, 1)),
        (Relation.PARENT, Sex.FEMALE, date(1958, 2, 2)),
    ][: 2 + number % 4]
    return [
        MemberRow(
            name=f"Uji {place}-{number} {'ABCDE'[nth]}", external_id=f"A-{place}-{number}-{nth}",
            relation=relation, sex=sex, birth_on=born,
            nik=Secret(f"990101{born.day + (40 if sex is Sex.FEMALE else 0):02d}{born:%m%y}{place * 100 + number:04d}"),
        )
        for nth, (relation, sex, born) in enumerate(people)
    ]  # fmt: skip


def _point_in(shape: shapely.Geometry, chance: np.random.Generator) -> tuple[float, float]:
    west, south, east, north = shapely.bounds(shape)
    while True:
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        if shapely.intersects_xy(shape, lon, lat):
            return float(lon), float(lat)


def places(tx: Tx, villages: Sequence[Village]) -> tuple[UUID, tuple[UUID, UUID]]:
    first, last = (shapely.point_on_surface(shapely.from_geojson(one.geojson)) for one in (villages[0], villages[-1]))
    warehouse = add_place(
        tx, AddPlace(kind=PlaceKind.WAREHOUSE, code="G1", name="Gudang Induk", lon_deg=first.x, lat_deg=first.y)
    )
    posts = tuple(
        open_post(
            tx,
            OpenPost(
                code=f"T{number}", name=f"Balai Desa {number}", capacity_per_day=30, lon_deg=point.x, lat_deg=point.y,
                village_code=village.code,
            ),
        )
        for number, (point, village) in enumerate(((first, villages[0]), (last, villages[-1])), 1)
    )  # fmt: skip
    receive(
        tx,
        Receive(
            to_place_id=warehouse, incoming_document="BAST-UJI/1",
            lines=tuple(
                ReceiveLine(
                    item_id=item.id, quantity_milli=Milli(PLENTY * 1000), funding_source=FundingSource.APBD,
                    value_rp=Rupiah(PLENTY * 1000), expires_on=date(2027, 12, 31) if item.does_expire else None,
                )
                for item in items(tx)
            ),
        ),
    )  # fmt: skip
    return warehouse, (posts[0], posts[1])
