"""The invented people: households of plausible size, age and place, with synthetic numbers of province 99."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from core.crypto import Secret
from registry_link.households.commands import HouseholdRow, MemberRow
from registry_link.households.states import PositionSource, Relation, Sex
from routes.demo.names import CLANS, MEN, ROADS, WOMEN
from routes.demo.outlines import position
from routes.demo.world import DemoVillage, DemoWorld

SIZES = (0.11, 0.17, 0.22, 0.22, 0.14, 0.08, 0.04, 0.02)
"""Share of households of 1, 2, … 8 persons; the mean is 3.63, Tabanan's (domain.md 0.7)."""
GEOTAGGED = 0.66
PER_RT = 30


class _Numbers:
    """Hands out synthetic NIK and No. KK, each once; the region part begins with 99, which is no province."""

    def __init__(self) -> None:
        self._serials: dict[str, int] = defaultdict(int)

    def take(self, district: str, day: date, *, is_woman: bool = False, is_card: bool = False) -> Secret:
        head = f"9901{district}{day.day + (40 if is_woman else 0):02d}{day.month:02d}{day.year % 100:02d}"
        key = ("K" if is_card else "N") + head
        self._serials[key] += 1
        return Secret(f"{head}{self._serials[key]:04d}")


def generate_households(world: DemoWorld, count: int, as_of: date) -> Iterator[HouseholdRow]:
    """Give ``count`` households, village by village, one at a time: memory does not grow with their number."""
    numbers = _Numbers()
    total = sum(one.weight for one in world.villages)
    exact = [one.weight / total * count for one in world.villages]
    shares = [int(one) for one in exact]
    for n in sorted(range(len(exact)), key=lambda n: shares[n] - exact[n])[: count - sum(shares)]:
        shares[n] += 1
    serial = 0
    for village, share in zip(world.villages, shares, strict=True):
        chance = Random(world.seed * 1000 + village.number)
        weights = [one.weight for one in village.hamlets]
        for number in range(share):
            serial += 1
            place = chance.choices(range(len(weights)), weights)[0]
            yield _household(world, village, place, number, serial, chance, numbers, as_of)


def _household(
    world: DemoWorld, village: DemoVillage, place: int, number: int, serial: int, chance: Random, numbers: _Numbers,
    as_of: date,
) -> HouseholdRow:  # fmt: skip
    hamlet = village.hamlets[place]
    clan = chance.choice(CLANS)
    members = _members(village, clan, serial, chance, numbers, as_of)
    lon = lat = accuracy = source = None
    if chance.random() < GEOTAGGED:
        column, row = _house(world, village, place, chance)
        lon, lat = position(column, row)
        # Officers' phones give their accuracy, positions from the registry or a map do not.
        source = chance.choices((PositionSource.GPS, PositionSource.REGISTRY, PositionSource.MAP), (0.6, 0.25, 0.15))[0]
        accuracy = float(round(4 + chance.expovariate(1 / 9.0), 1)) if source is PositionSource.GPS else None
    is_vague = chance.random() < 0.02
    rt = f"{number // PER_RT % 6 + 1:03d}"
    has_card = chance.random() > 0.015
    district = village.district_code[-2:]
    return HouseholdRow(
        external_id=f"DEMO-{serial:07d}", village_code=village.code, head_name=members[0].name,
        rt=None if is_vague else rt, rw=None if is_vague else f"{place + 1:03d}", hamlet=hamlet.name,
        address=f"{chance.choice(ROADS)} {chance.randrange(1, 120)}",
        decile=None if chance.random() < 0.03 else min(10, 1 + int(chance.betavariate(1.1, 1.5) * 10)),
        lon_deg=lon, lat_deg=lat, position_source=source, position_accuracy_m=accuracy,
        kk=numbers.take(district, as_of - timedelta(days=chance.randrange(200, 5000)), is_card=True)
        if has_card else None,
        members=members,
    )  # fmt: skip


def _house(world: DemoWorld, village: DemoVillage, place: int, chance: Random) -> tuple[float, float]:
    """Choose a house's place in its settlement, on the village's land; one in a hundred is tagged somewhere else."""
    hamlet = village.hamlets[place]
    if chance.random() < 0.008:
        return hamlet.column + chance.uniform(-30, 30), hamlet.row + chance.uniform(-30, 30)
    for _ in range(12):
        column = hamlet.column + chance.gauss(0, hamlet.spread)
        row = hamlet.row + chance.gauss(0, hamlet.spread)
        if world.village_at(column, row) == village.number:
            return column, row
    return hamlet.column + chance.uniform(-0.4, 0.4), hamlet.row + chance.uniform(-0.4, 0.4)


def _members(
    village: DemoVillage, clan: str, serial: int, chance: Random, numbers: _Numbers, as_of: date
) -> tuple[MemberRow, ...]:
    size = chance.choices(range(1, len(SIZES) + 1), SIZES)[0]
    head_age = min(88, max(19, int(chance.gauss(46, 14))))
    is_head_woman = chance.random() < (0.5 if size == 1 else 0.16)
    plan: list[tuple[Relation, bool, int]] = [(Relation.HEAD, is_head_woman, head_age)]
    if size > 1 and not is_head_woman:
        plan.append((Relation.SPOUSE, True, max(18, head_age - chance.randrange(0, 8))))
    elder_age = head_age + chance.randrange(20, 34)
    if size > 3 and elder_age < 96 and chance.random() < 0.22:
        plan.append((Relation.PARENT, chance.random() < 0.65, elder_age))
    youngest_parent = min(age for relation, _, age in plan if relation in (Relation.HEAD, Relation.SPOUSE))
    born_after = chance.randrange(18, 27)
    while len(plan) < size:
        age = youngest_parent - born_after
        born_after += chance.randrange(1, 5)
        is_woman = chance.random() < 0.49
        if age < 0 or born_after > 45:
            plan.append((Relation.OTHER, is_woman, chance.randrange(16, 65)))
        elif age > 24 and chance.random() < 0.5:
            plan.append((Relation.GRANDCHILD, is_woman, chance.randrange(0, 12)))
        else:
            plan.append((Relation.CHILD, is_woman, min(age, 30)))
    has_infant = any(age < 2 for _, _, age in plan)
    district = village.district_code[-2:]
    found = []
    for place, (relation, is_woman, age) in enumerate(plan):
        born = as_of - timedelta(days=int(age * 365.25) + chance.randrange(0, 364))
        is_fertile = is_woman and 18 <= age <= 42
        given = chance.choice(WOMEN if is_woman else MEN)
        family = chance.choice(CLANS) if relation is Relation.SPOUSE else clan
        knows_birth = chance.random() > 0.03
        found.append(
            MemberRow(
                name=f"{given} {family}",
                external_id=f"DEMO-{serial:07d}-{place + 1}", relation=relation,
                sex=Sex.FEMALE if is_woman else Sex.MALE, birth_on=born if knows_birth else None,
                age_years=None if knows_birth else age, age_as_of_on=None if knows_birth else as_of,
                nik=numbers.take(district, born, is_woman=is_woman) if chance.random() > 0.02 else None,
                is_pregnant=is_fertile and relation in (Relation.HEAD, Relation.SPOUSE) and chance.random() < 0.05,
                is_nursing=is_fertile and has_infant and relation in (Relation.HEAD, Relation.SPOUSE),
                has_disability=chance.random() < (0.012 if age < 60 else 0.06),
                is_chronically_ill=chance.random() < 0.01 * math.exp(age / 40),
            )
        )  # fmt: skip
    return tuple(found)
