"""A group of households on the board: who of a post's day goes elsewhere, into which hours, from which shelves.

Pure: whole households, whole metres, whole thousandths.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.errors import Conflict, Invalid, Refused
from logistics.packages.cell_queries import CellPackage
from logistics.packages.cells import MOVABLE
from logistics.packages.states import PackageState
from logistics.planning.distances import UNKNOWN_M
from logistics.planning.hours import written
from logistics.planning.reaching import OUT_OF_REACH
from logistics.planning.rules import PostChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which households of a post's day: all that can still move, or those of a village, of an hour, or the last few."""

    village_code: str = ""
    hours: str = ""
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Who goes, and who of those chosen has to stay because their goods have left."""

    going: tuple[CellPackage, ...]
    loaded: int
    served: int

    @property
    def persons(self) -> int:
        return sum(one.persons for one in self.going)

    @property
    def vulnerable(self) -> int:
        return sum(one.is_vulnerable for one in self.going)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is promised to a post's day: one promise, as ``release_part`` gives it back."""

    place_id: UUID
    item_id: UUID
    quantity_milli: int
    expires_on: date | None
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Refill:
    """From where a group's goods come at its new place; ``short`` is what no warehouse can bring."""

    takes: tuple[tuple[UUID, UUID, int], ...]
    """Place, item, thousandths."""
    short: Mapping[UUID, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walking:
    """How far the households of a group go, before and after; whoever's place nobody knows is only counted."""

    farther: int
    nearer: int
    unknown: int
    out_of_reach: int
    """No way leads to the new post, or people say so."""
    longest_before_m: int | None
    longest_after_m: int | None
    mean_before_m: int | None
    mean_after_m: int | None


def choose(packages: Sequence[CellPackage], choice: Choice) -> Group:
    """Choose among a post's day; ``packages`` are in the order in which they are served."""
    chosen = [
        one for one in packages
        if (not choice.village_code or one.village_code == choice.village_code)
        and (not choice.hours or one.hours == choice.hours)
    ]  # fmt: skip
    going = [one for one in chosen if one.state in MOVABLE]
    if choice.last is not None:
        going = sorted(going, key=lambda one: (one.rank, one.code))[-choice.last :] if choice.last > 0 else []
    return Group(
        going=tuple(going),
        loaded=sum(one.state is PackageState.LOADED for one in chosen),
        served=sum(one.state is PackageState.HANDED_OVER for one in chosen),
    )


def refusals(
    *, group: Group, target: PostChoice | None, serve_on: date, week: Sequence[date], today: date,
    taken: Mapping[str, int], wanted: Sequence[str | None], is_same_spot: bool, goes_back: bool = False,
) -> tuple[Refused, ...]:  # fmt: skip
    """Say everything that forbids a group its new place; the first is what a command raises.

    ``taken`` are the households that stay or stand there, by the hours they were promised; ``wanted`` are the hours
    asked for each who goes, None: any. Who ``goes_back`` may have hours that the post tells no more: as it was.
    """
    if not group.going:
        return (Conflict("board.nobody", loaded=group.loaded, served=group.served),)
    if target is None:
        return (Conflict("board.post_closed"),)
    day = serve_on.isoformat()
    found: list[Refused] = []
    if serve_on not in week:
        found.append(Invalid("board.outside_week", field="to_day", day=day))
    elif serve_on < today:
        found.append(Invalid("board.day_passed", field="to_day", day=day))
    if serve_on in target.closed_on:
        found.append(Conflict("board.closed_day", post=target.name, day=day))
    free = target.capacity_per_day - sum(taken.values())
    if len(group.going) > free:
        found.append(
            Conflict(
                "board.over_capacity", post=target.name, day=day, free=max(0, free), households=len(group.going),
                capacity=target.capacity_per_day,
            )
        )  # fmt: skip
    now = {one.hours: one for one in target.slots}
    for hours, count in Counter(one for one in wanted if one).items():
        if hours not in now:
            if not goes_back:
                found.append(Invalid("board.no_hour", field="to_hours", post=target.name))
            continue
        hour, room = now[hours], now[hours].households - taken.get(hours, 0)
        if count > room:
            found.append(
                Conflict(
                    "board.hour_full", post=target.name, starts=hour.starts_at, ends=hour.ends_at, free=max(0, room),
                    households=count,
                )
            )  # fmt: skip
    if is_same_spot and (set(wanted) == {None} or list(wanted) == [one.hours for one in group.going]):
        found.append(Invalid("board.same_place", field="to_post"))
    return tuple(found)


def hours_for(target: PostChoice, taken: Mapping[str, int], wanted: Sequence[str | None]) -> list[str]:
    """Give each household its hours: those asked for, else the first with room; empty where the post tells none.

    There is room: ``refusals`` has been asked.
    """
    asked = Counter(one for one in wanted if one)
    room = {one.hours: one.households - taken.get(one.hours, 0) - asked[one.hours] for one in target.slots}
    last = target.slots[-1].hours if target.slots else ""
    given: list[str] = []
    for one in wanted:
        if one is None:
            one = next((hours for hours, left in room.items() if left > 0), last)
            room[one] = room.get(one, 0) - 1
        given.append(one)
    return given


def walking(before_m: Sequence[int], after_m: Sequence[int]) -> Walking:
    """Compare the metres to the old post with those to the new one, household by household."""
    pairs = list(zip(before_m, after_m, strict=True))
    known = [(old, new) for old, new in pairs if 0 <= old < UNKNOWN_M and 0 <= new < UNKNOWN_M]
    before, after = [old for old, _ in known], [new for _, new in known]
    return Walking(
        farther=sum(new > old for old, new in known),
        nearer=sum(new < old for old, new in known),
        out_of_reach=sum(new == OUT_OF_REACH for _, new in pairs),
        unknown=sum(new != OUT_OF_REACH and (new >= UNKNOWN_M or not 0 <= old < UNKNOWN_M) for old, new in pairs),
        longest_before_m=max(before, default=None),
        longest_after_m=max(after, default=None),
        mean_before_m=sum(before) // len(before) if before else None,
        mean_after_m=sum(after) // len(after) if after else None,
    )


def given_back(held: Sequence[Held], need: Mapping[UUID, int]) -> dict[tuple[UUID, UUID], int]:
    """Foretell what ``release_part`` gives back: latest expiry first. Thousandths by place and item."""
    left, back = dict(need), defaultdict[tuple[UUID, UUID], int](int)
    for one in sorted(held, key=lambda one: (one.expires_on or date.max, one.id), reverse=True):
        part = min(left.get(one.item_id, 0), one.quantity_milli)
        if part:
            left[one.item_id] -= part
            back[one.place_id, one.item_id] += part
    return dict(back)


def refill(
    need: Mapping[UUID, int], was: Mapping[tuple[UUID, UUID], int], free: Mapping[tuple[UUID, UUID], int],
    codes: Mapping[UUID, str],
) -> Refill:  # fmt: skip
    """Choose the shelves of a group's goods: those it had, then whichever reach it, ties by the warehouse's code.

    ``free`` is what the warehouses that reach the new post can give, what the group had included.
    """
    takes: list[tuple[UUID, UUID, int]] = []
    short: dict[UUID, int] = {}
    for item_id, wanted in sorted(need.items(), key=lambda pair: str(pair[0])):
        shelves = sorted((place for place, item in free if item == item_id), key=lambda one: (codes.get(one, ""), one))
        open_milli, taken = wanted, defaultdict[UUID, int](int)
        for limit in (was, free):
            for place in shelves:
                most = min(limit.get((place, item_id), 0), free[place, item_id]) - taken[place]
                part = min(open_milli, max(0, most))
                taken[place] += part
                open_milli -= part
        takes += [(place, item_id, part) for place, part in taken.items() if part]
        if open_milli:
            short[item_id] = open_milli
    return Refill(takes=tuple(takes), short=short)


def fingerprint(parts: Sequence[Sequence[CellPackage]], target: PostChoice | None) -> str:
    """Give what changes when anything changes that the consequences were worked out from."""
    told = [[[str(one.id), one.state.value, one.hours, one.rank] for one in part] for part in parts]
    room = (
        [
            target.capacity_per_day,
            [one.isoformat() for one in target.closed_on],
            written(target.slots),
        ]
        if target
        else None
    )
    return hashlib.sha256(json.dumps([told, room]).encode()).hexdigest()[:24]
