"""A made-up regency for ``bench.plan``: seeded, so that everybody measures the same one.

A mainland and three islands, 200 villages of very different sizes, 10 warehouses (one on each island; every third of
the others has a harbour), ten items of the seven-day standard, 60 to 80 % of each item's need on the shelves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt

from core.measures import Milli
from logistics.packages.rules import Days, People, StandardLine, need_of
from logistics.packages.seed import LINES
from logistics.planning.allocation import Queue, Stock
from logistics.planning.priority import BUILT_IN, Priority, order_of
from logistics.planning.proposing import PlanInputs
from logistics.planning.reaching import ClosedWay, Roads, TransportArea, areas_of, warehouse_reaches
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf, VillagePoint

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CODES = (
    "kasur", "selimut", "beras", "minyak_goreng", "sarden", "susu", "teh_celup", "sabun_mandi", "sandang_dewasa",
    "sandang_anak",
)  # fmt: skip
MONDAY = date(2026, 11, 16)
WEEK = tuple(MONDAY + timedelta(days=day) for day in range(7))
WEST, SOUTH, WIDE = 110.0, -8.0, 0.6
ISLANDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The same as arrays, in the declared order. Shapes: (households,) unless told."""

    queue: Queue
    stock: Stock
    persons: Ints
    tier: Ints
    """0 the most severe."""
    answers: Ints
    """The same by the rule's first three criteria."""
    where: Floats
    """(households, 2) degrees."""
    village: Ints


def a_regency(
    seed: int, *, households: int = 50_000, villages: int = 200, warehouses: int = 10, posts: int = 60,
    room: float = 1.08,
) -> PlanInputs:  # fmt: skip
    """Make the inputs of a week's plan; the posts hold ``room`` times the households."""
    chance = np.random.default_rng(seed)
    codes = [f"99.01.{1 + at // 20:02}.2{at % 20:03}" for at in range(villages)]
    centre = np.column_stack(
        [chance.uniform(WEST, WEST + WIDE, villages), chance.uniform(SOUTH, SOUTH + WIDE, villages)]
    )
    island = np.where(chance.random(villages) < 0.8, 0, chance.integers(1, ISLANDS + 1, villages))
    areas = tuple(
        TransportArea(
            id=UUID(int=900 + no), name=f"Pulau {no}",
            village_codes=tuple(code for code, at in zip(codes, island, strict=True) if at == no),
        )
        for no in range(1, ISLANDS + 1)
    )  # fmt: skip
    rest: list[UUID | None] = [None, *(area.id for area in areas)]
    closed = []
    for house in range(warehouses):
        own = house - (warehouses - ISLANDS) + 1
        for area in range(ISLANDS + 1):
            is_open = area == own if own > 0 else area == 0 or house % 3 == 0
            if not is_open:
                closed.append(ClosedWay(warehouse_id=UUID(int=800 + house), area_id=rest[area]))
    lines = tuple(
        StandardLine(
            item_id=UUID(int=700 + CODES.index(line.item_code)), basis=line.basis, rate_milli=Milli(line.rate_milli),
            is_daily=line.is_daily, is_once=line.is_once, round_step_milli=line.round_step_milli,
            source_id=line.source_id, source_en=line.source_en,
        )
        for line in LINES if line.item_code in CODES
    )  # fmt: skip
    people = _people(chance, codes, centre, households)
    days = Days(1, 7)
    total = np.zeros(len(CODES), dtype=np.int64)
    for who, count in _counted(people).items():
        for item in need_of(lines, who, days).items:
            total[item.item_id.int - 700] += item.quantity_milli * count
    size = chance.dirichlet(np.full(warehouses, 1.5))[:, None] * chance.lognormal(0, 0.3, (warehouses, len(CODES)))
    part = chance.uniform(0.6, 0.8, len(CODES))
    free = np.floor(size / size.sum(axis=0) * part * total / 1000).astype(np.int64) * 1000
    stand = np.column_stack(
        [chance.uniform(WEST, WEST + WIDE, warehouses), chance.uniform(SOUTH, SOUTH + WIDE, warehouses)]
    )
    return PlanInputs(
        rule=Priority(version="uji", criteria=BUILT_IN.criteria, floor_permille=0), lines=lines, response=days,
        serve_days=WEEK, households=people, posts=_posts(chance, codes, centre, island, posts, people, room),
        shelves=tuple(
            Shelf(
                place_id=UUID(int=800 + house), code=f"G{house:02}", item_id=UUID(int=700 + item),
                free_milli=Milli(int(free[house, item])), lon_deg=float(stand[house, 0]),
                lat_deg=float(stand[house, 1]),
            )
            for house in range(warehouses) for item in range(len(CODES))
        ),
        points=tuple(
            VillagePoint(village_code=code, lon_deg=float(lon), lat_deg=float(lat))
            for code, (lon, lat) in zip(codes, centre, strict=True)
        ),
        roads=Roads(areas=areas, closed=tuple(closed)), fit_to_stock=True,
    )  # fmt: skip


def _people(
    chance: np.random.Generator, codes: list[str], centre: Floats, households: int
) -> tuple[ConfirmedHousehold, ...]:  # fmt: skip
    weight = chance.pareto(1.5, len(codes)) + 0.3
    village = chance.choice(len(codes), households, p=weight / weight.sum())
    severity = chance.choice(3, len(codes), p=(0.4, 0.35, 0.25))
    cut_off = chance.random(len(codes)) < 0.1
    adults = np.clip(chance.poisson(1.3, households) + 1, 1, 7)
    children = np.clip(chance.poisson(1.1, households), 0, 6)
    infants = chance.binomial(children, 0.12)
    elderly = chance.binomial(adults, 0.14)
    women = chance.binomial(adults, 0.5)
    pregnant = chance.binomial(np.minimum(women, 1), 0.03)
    disabled = chance.binomial(adults, 0.02)
    decile = chance.integers(0, 11, households)
    place = centre[village] + chance.normal(0, 0.006, (households, 2))
    known = chance.random(households) < 0.7
    return tuple(
        ConfirmedHousehold(
            household_id=UUID(int=10**6 + at), code=f"KEL-{at:07}", village_code=codes[village[at]],
            composition=People(
                persons=int(adults[at] + children[at]), adults=int(adults[at]), children=int(children[at]),
                infants=int(infants[at]), elderly=int(elderly[at]), women=int(women[at]), pregnant=int(pregnant[at]),
                disabled=int(disabled[at]),
            ),
            lon_deg=round(float(place[at, 0]), 5) if known[at] else None,
            lat_deg=round(float(place[at, 1]), 5) if known[at] else None,
            severity=int(severity[village[at]]), is_cut_off=bool(cut_off[village[at]]),
            decile=int(decile[at]) or None,
        )
        for at in range(households)
    )  # fmt: skip


def _counted(people: tuple[ConfirmedHousehold, ...]) -> dict[People, int]:
    found: dict[People, int] = {}
    for one in people:
        found[one.composition] = found.get(one.composition, 0) + 1
    return found


def _posts(
    chance: np.random.Generator, codes: list[str], centre: Floats, island: Ints, count: int,
    people: tuple[ConfirmedHousehold, ...], room: float,
) -> tuple[PostChoice, ...]:  # fmt: skip
    """Stand posts in the larger villages, each area's share of them by its households."""
    row = {code: at for at, code in enumerate(codes)}
    homes = np.bincount([row[one.village_code] for one in people], minlength=len(codes))
    chosen: list[int] = []
    for area in range(ISLANDS + 1):
        mine = np.flatnonzero(island == area)
        share = max(1, round(count * homes[mine].sum() / homes.sum())) if area else count
        chosen += mine[np.argsort(-homes[mine], kind="stable")][: share if area else len(mine)].tolist()
    mainland = [at for at in chosen if not island[at]]
    others = [at for at in chosen if island[at]]
    picked = [*others, *mainland[: count - len(others)]]
    made: list[PostChoice] = []
    for area in range(ISLANDS + 1):
        mine_ = [at for at in picked if island[at] == area]
        if not mine_:
            continue
        size = chance.uniform(0.6, 1.4, len(mine_))
        need = homes[island == area].sum() * room / len(WEEK)
        for at, part in zip(mine_, size / size.sum(), strict=True):
            made.append(
                PostChoice(
                    post_id=UUID(int=500 + len(made)), code=f"T{len(made):03}", name=f"Titik {len(made)}",
                    capacity_per_day=max(1, int(np.ceil(need * part))), village_code=codes[at],
                    lon_deg=float(centre[at, 0]), lat_deg=float(centre[at, 1]),
                )
            )  # fmt: skip
    return tuple(made)


def lists_of(inputs: PlanInputs) -> Lists:
    """Lay the inputs out as arrays: what a solver, or a greedy, starts from."""
    people = sorted(inputs.households, key=lambda one: order_of(inputs.rule, one))
    codes = sorted({one.village_code for one in people})
    row = {code: at for at, code in enumerate(codes)}
    houses = sorted({shelf.place_id for shelf in inputs.shelves}, key=str)
    kinds: dict[People, int] = {}
    pattern = np.array([kinds.setdefault(one.composition, len(kinds)) for one in people], dtype=np.int64)
    needs = np.zeros((len(kinds), len(CODES)), dtype=np.int64)
    for who, at in kinds.items():
        for item in need_of(inputs.lines, who, inputs.response).items:
            needs[at, item.item_id.int - 700] = item.quantity_milli
    free = np.zeros((len(houses), len(CODES)), dtype=np.int64)
    for shelf in inputs.shelves:
        free[houses.index(shelf.place_id), shelf.item_id.int - 700] = shelf.free_milli
    points = {one.village_code: (one.lon_deg, one.lat_deg) for one in inputs.points}
    answers: dict[tuple[int | str, ...], int] = {}
    village = np.array([row[one.village_code] for one in people], dtype=np.int64)
    severity = np.array([one.severity for one in people], dtype=np.int64)
    return Lists(
        queue=Queue(
            reach=areas_of(inputs.roads, codes)[village], village=village, pattern=pattern, needs=needs,
        ),
        stock=Stock(free_milli=free, reaches=warehouse_reaches(inputs.roads, houses)),
        persons=np.array([one.composition.persons for one in people], dtype=np.int64), tier=severity.max() - severity,
        answers=np.array(
            [answers.setdefault(order_of(inputs.rule, one)[:3], len(answers)) for one in people], dtype=np.int64
        ),
        where=np.array(
            [(one.lon_deg, one.lat_deg) if one.lon_deg is not None else points[one.village_code] for one in people],
            dtype=np.float64,
        ),
        village=village,
    )  # fmt: skip
