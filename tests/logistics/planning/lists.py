"""A list to plan: households in one village at the equator's side, posts to its east, shelves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import uuid5

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.rules import Basis, Days, People, StandardLine
from logistics.planning.priority import BUILT_IN
from logistics.planning.proposing import PlanInputs
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf

MONDAY = date(2026, 11, 16)
WEEK = tuple(MONDAY + timedelta(days=n) for n in range(7))
KASUR, BERAS = uuid5(NAMESPACE, "kasur"), uuid5(NAMESPACE, "beras")
WAREHOUSE = uuid5(NAMESPACE, "warehouse")
VILLAGE = "99.01.01.2001"
LINES = (
    StandardLine(item_id=KASUR, basis=Basis.HOUSEHOLD, rate_milli=Milli(1000), is_once=True),
    StandardLine(item_id=BERAS, basis=Basis.PERSON, rate_milli=Milli(400), is_daily=True),
)


def household(no: int, *, lon: float | None = 131.0, lat: float | None = -7.9, **more: object) -> ConfirmedHousehold:
    infants = int(str(more.pop("infants", 0)))
    village = str(more.pop("village_code", VILLAGE))
    people = People(persons=2 + infants, adults=2, children=infants, infants=infants)
    return ConfirmedHousehold(
        household_id=uuid5(NAMESPACE, f"h{no}"), code=f"KEL-{no:06d}-0", village_code=village, composition=people,
        lon_deg=lon, lat_deg=lat, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def post(code: str, lon: float | None, capacity: int, **more: object) -> PostChoice:
    return PostChoice(
        post_id=uuid5(NAMESPACE, code), code=code, name=f"Posko {code}", capacity_per_day=capacity, lon_deg=lon,
        lat_deg=-7.9 if lon is not None else None, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def shelf(item_id: object, whole: int, place: object = WAREHOUSE, code: str = "G1") -> Shelf:
    return Shelf(place_id=place, code=code, item_id=item_id, free_milli=Milli(whole * 1000))  # type: ignore[arg-type]


def inputs(
    households: Sequence[ConfirmedHousehold], shelves: Sequence[Shelf] = (), posts: Sequence[PostChoice] | None = None,
    **more: object,
) -> PlanInputs:  # fmt: skip
    values: dict[str, object] = {
        "rule": BUILT_IN, "lines": LINES, "response": Days(1, 7), "serve_days": WEEK, "households": tuple(households),
        "posts": tuple(posts or (post("P1", 131.0, 100),)), "shelves": tuple(shelves), "fit_to_stock": True,
    }  # fmt: skip
    return PlanInputs(**values | more)  # type: ignore[arg-type]
