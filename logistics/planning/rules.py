"""What a plan is made of: households, posts, shelves, and what leaves a shelf for a post. Pure; whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.measures import Milli
from logistics.packages.rules import People

EARTH_M: Final = 6_371_008.8
FAR_M: Final = 100_000_000
"""More metres than any two places on Earth are apart: a household whose place nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedHousehold:
    """A household of a confirmed list, or a person or card of one, as the plan needs it: no name, no number."""

    household_id: UUID
    code: str
    village_code: str
    composition: People
    lon_deg: float | None = None
    lat_deg: float | None = None
    severity: int = 0
    """Of its area; the higher the worse."""
    is_cut_off: bool = False
    decile: int | None = None
    beneficiary_kind: str = "household"
    person_or_card_id: UUID | None = None
    """Who the package is for, where that is not the household itself."""
    helped: int = 0
    """Packages it has been handed in this event before."""
    now_in: str | None = None
    """The village where it stands now, where that is not its own."""

    @property
    def beneficiary_id(self) -> UUID:
        return self.person_or_card_id or self.household_id

    @property
    def stands_in(self) -> str:
        return self.now_in or self.village_code

    @property
    def vulnerable(self) -> int:
        """Count infants, elderly, pregnant, nursing and disabled members (one person may count twice)."""
        who = self.composition
        return who.infants + who.elderly + who.pregnant + who.nursing + who.disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class VillagePoint:
    """A point inside a village, for households without a position of their own."""

    village_code: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Hours of a post's day, local time (``08:00``), and the households they serve."""

    starts_at: str
    ends_at: str
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChoice:
    """A post that may be used, with its households per day; ``closed_on`` are days it does not serve."""

    post_id: UUID
    code: str
    name: str
    capacity_per_day: int
    village_code: str | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    closed_on: tuple[date, ...] = ()
    slots: tuple[Slot, ...] = ()
    """The hours of a day with the households of each; they add up to ``capacity_per_day``. Empty: no hours are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Households a post serves on a day already."""

    post_id: UUID
    serve_on: date
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a warehouse has free of one item on the days in question."""

    place_id: UUID
    code: str
    item_id: UUID
    free_milli: Milli
    name: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One item that has to reach a post for a day."""

    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One item that leaves one warehouse for a post and day."""

    place_id: UUID
    post_id: UUID
    serve_on: date
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    item_id: UUID
    need_milli: Milli
    free_milli: Milli

    @property
    def short_milli(self) -> Milli:
        return Milli(max(0, self.need_milli - self.free_milli))


def distance_m(
    lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], to_lon_deg: NDArray[np.float64],
    to_lat_deg: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """Give great-circle distances in whole metres; a pair with an unknown end is farther than anything."""
    lon, lat, to_lon, to_lat = (np.radians(value) for value in (lon_deg, lat_deg, to_lon_deg, to_lat_deg))
    half = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    metres = 2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return np.where(np.isnan(metres), FAR_M, np.rint(np.nan_to_num(metres))).astype(np.int64)


def shorts(wanted: Mapping[UUID, int], free: Mapping[UUID, int]) -> tuple[Short, ...]:
    """Name every item of which there is too little, in the order of ``wanted``."""
    return tuple(
        Short(item_id=item_id, need_milli=Milli(need), free_milli=Milli(free.get(item_id, 0)))
        for item_id, need in wanted.items()
        if free.get(item_id, 0) < need
    )


def take_from_shelves(wants: Sequence[Want], shelves: Sequence[Shelf], posts: Sequence[PostChoice]) -> tuple[Take, ...]:
    """Choose the warehouse of every want: the post's nearest first, then the next, ties by the warehouse's code.

    The wants are served by day, post code and item, so that the same plan always takes from the same shelves. The
    caller has made sure that there is enough; ValueError otherwise.
    """
    code = {post.post_id: (post.code, str(post.post_id)) for post in posts}
    by_item: dict[UUID, list[Shelf]] = {}
    for shelf in shelves:
        by_item.setdefault(shelf.item_id, []).append(shelf)
    left = {(shelf.place_id, shelf.item_id): int(shelf.free_milli) for shelf in shelves}
    far = _shelf_metres(shelves, posts)
    takes = []
    for want in sorted(wants, key=lambda want: (want.serve_on, code[want.post_id], str(want.item_id))):
        open_milli = int(want.quantity_milli)
        near = sorted(by_item.get(want.item_id, ()), key=lambda shelf: (far[want.post_id, shelf.place_id], shelf.code))
        for shelf in near:
            amount = min(open_milli, left[shelf.place_id, shelf.item_id])
            if amount > 0:
                left[shelf.place_id, shelf.item_id] -= amount
                open_milli -= amount
                takes.append(Take(place_id=shelf.place_id, post_id=want.post_id, serve_on=want.serve_on,
                                  item_id=want.item_id, quantity_milli=Milli(amount)))  # fmt: skip
        if open_milli:
            raise ValueError(f"{open_milli} thousandths of {want.item_id} are on no shelf")
    return tuple(takes)


def _shelf_metres(shelves: Sequence[Shelf], posts: Sequence[PostChoice]) -> dict[tuple[UUID, UUID], int]:
    places = {shelf.place_id: shelf for shelf in shelves}
    nan = float("nan")
    found = {}
    for post in posts:
        for place_id, shelf in places.items():
            found[post.post_id, place_id] = int(
                distance_m(
                    np.array(nan if post.lon_deg is None else post.lon_deg),
                    np.array(nan if post.lat_deg is None else post.lat_deg),
                    np.array(nan if shelf.lon_deg is None else shelf.lon_deg),
                    np.array(nan if shelf.lat_deg is None else shelf.lat_deg),
                )
            )
    return found


def lasts_days(free_milli: int, need_milli: int, days: int) -> int | None:
    """Tell for how many days what is free lasts at the week's rate, rounded down; None when nothing is needed."""
    return None if need_milli <= 0 else free_milli * days // need_milli
