"""What a plan is made of: households, posts, shelves, and what leaves a shelf for a post. Pure; whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.measures import Milli
from logistics.packages.rules import People


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

    @property
    def hours(self) -> str:
        """Write them as a package keeps them: ``08:00-10:00``."""
        return f"{self.starts_at}-{self.ends_at}"


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


def shorts(wanted: Mapping[UUID, int], free: Mapping[UUID, int]) -> tuple[Short, ...]:
    """Name every item of which there is too little, in the order of ``wanted``."""
    return tuple(
        Short(item_id=item_id, need_milli=Milli(need), free_milli=Milli(free.get(item_id, 0)))
        for item_id, need in wanted.items()
        if free.get(item_id, 0) < need
    )


def lasts_days(free_milli: int, need_milli: int, days: int) -> int | None:
    """Tell for how many days what is free lasts at the week's rate, rounded down; None when nothing is needed."""
    return None if need_milli <= 0 else free_milli * days // need_milli
