"""A plan is one pure answer to frozen inputs: the same inputs give the same plan on any machine, for ever.

``propose`` ranks the list by the declared rule, walks it against the shelves (``allocation``), spreads whoever gets
something over posts (``scheduling``) and days, and says of every household what it gets, what not and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.measures import Milli
from logistics.packages.rules import Days, ItemNeed, Need, StandardLine
from logistics.planning.priority import Priority
from logistics.planning.reaching import Roads
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf, Taken, VillagePoint
from logistics.planning.scheduling import Bottleneck


@dataclass(frozen=True, slots=True, kw_only=True)
class HadBefore:
    """Durable items that a beneficiary was given already in this event, or one of the same days."""

    beneficiary_id: UUID
    item_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOnly:
    """A beneficiary whose package left without these items: nothing else is due to it any more."""

    beneficiary_id: UUID
    item_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledged:
    """What households of the same plan, ranked before, were given already."""

    village_code: str
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything a plan is worked out from. It is kept with the plan, so that it can be worked out again."""

    rule: Priority
    lines: tuple[StandardLine, ...]
    response: Days
    """The week's days of the response, for staged rates."""
    serve_days: tuple[date, ...]
    """The days that can still be served, in order."""
    households: tuple[ConfirmedHousehold, ...]
    posts: tuple[PostChoice, ...]
    shelves: tuple[Shelf, ...]
    points: tuple[VillagePoint, ...] = ()
    roads: Roads = Roads()
    had_before: tuple[HadBefore, ...] = ()
    due_only: tuple[DueOnly, ...] = ()
    pledged: tuple[Pledged, ...] = ()
    taken: tuple[Taken, ...] = ()
    money_items: tuple[UUID, ...] = ()
    """Items that lie on no shelf (cash)."""
    fit_to_stock: bool = False
    """Give only what there is; else the need is planned as if there were enough, and approval waits for the stock."""
    first_rank: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A line that was not there at the household's turn."""

    item: ItemNeed
    left_milli: Milli
    """What could still be brought to it."""
    ahead_milli: Milli
    """What those before it lack of the item: it comes first when more arrives."""
    last_rank: int | None
    """The last one before it whose line was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One household: what it needs, what it gets, where and when; or why not."""

    household: ConfirmedHousehold
    rank: int
    is_floor: bool
    """It came before its rank, for its village's floor."""
    need: Need
    given: tuple[ItemNeed, ...]
    """The lines it gets; empty: it waits."""
    lacking: tuple[Lacking, ...]
    """The lines that were not there. A line in neither waits for them, where the rule sends out whole packages only."""
    post: PostChoice | None
    serve_on: date | None
    slot: int | None
    """Index into the post's slots."""
    metres: int | None
    nearer: PostChoice | None
    """The nearest post within reach, when that was full."""
    place_in_post: int

    @property
    def waits(self) -> bool:
        return self.post is None

    @property
    def is_whole(self) -> bool:
        return self.post is not None and len(self.given) == len(self.need.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The answer, in the order of the ranks."""

    rows: tuple[Proposed, ...]
    floor_permille: int
    """The floor that was walked."""
    largest_floor_permille: int
    """The share of every village that can have whole packages: the one to publish."""
    bottleneck: Bottleneck | None
    """Why not everybody has a place: its groups are ``crowds``, its posts those of the inputs."""
    crowds: tuple[tuple[str, ...], ...]
    """The villages of each group of the schedule."""
