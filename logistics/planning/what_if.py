"""What would be, if: the same plan with another rule, standard, stock, post or capacity, beside the one that stands.

A change is data; it makes other inputs, and the plan of those is worked out as any other (``proposing``). Nothing is
written and nothing is promised. Pure.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from core.measures import Milli
from logistics.packages.rules import StandardLine
from logistics.planning.priority import Priority
from logistics.planning.proposing import PlanInputs, Proposal, Proposed, propose
from logistics.planning.rules import Shelf

MOST_ALTERNATIVES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Another floor than the rule's; ``permille`` None: as large as can be."""

    permille: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Another number of households a day at a post; its hours are not told then."""

    post_id: UUID
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different in one alternative; empty: nothing."""

    rule: Priority | None = None
    lines: tuple[StandardLine, ...] | None = None
    """Of another standard."""
    floor: Floor | None = None
    more: tuple[Shelf, ...] = ()
    """What lies in a warehouse besides; a negative amount takes away, never below nothing."""
    closed_warehouses: tuple[UUID, ...] = ()
    closed_posts: tuple[UUID, ...] = ()
    capacities: tuple[Capacity, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == Change()

    @property
    def can_be_taken(self) -> bool:
        """Whether a plan can be made with it: a rule or standard can be chosen, stock and posts cannot be wished."""
        return not (self.more or self.closed_warehouses or self.closed_posts or self.capacities or self.floor)


class Level(enum.StrEnum):
    """How much of its package a household gets."""

    WAITS = "waits"
    PART = "part"
    WHOLE = "whole"


class Verdict(enum.StrEnum):
    """What an alternative means for a household."""

    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"
    """More of one item and less of another."""
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageOutcome:
    village_code: str
    households: int
    whole: int
    part: int
    waits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """One item: ``need`` = ``given`` + what its households lack or wait with."""

    item_id: UUID
    need_milli: Milli
    given_milli: Milli
    households_lacking: int
    first_rank_lacking: int | None

    @property
    def lacking_milli(self) -> Milli:
        return Milli(self.need_milli - self.given_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one household gets, comparable between alternatives; ``given`` is (item, milli), by item."""

    beneficiary_id: UUID
    code: str
    village_code: str
    rank: int
    level: Level
    given: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One alternative in figures."""

    households: int
    persons: int
    whole: int
    part: int
    waits: int
    without_place: int
    """Of those who wait: there were goods, but no place at a post."""
    persons_whole: int
    villages: tuple[VillageOutcome, ...]
    items: tuple[ItemOutcome, ...]
    floor_permille: int | None
    """The share of every village that was walked first; None where nothing was fitted to stock."""
    largest_floor_permille: int
    mean_metres: int | None
    """Of those who are served and whose way is known."""
    farthest_metres: int | None
    shares: tuple[Share, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A household to whom an alternative gives something else; ``before`` is its share as things stand."""

    before: Share
    after: Share
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Who is better or worse off than as things stand, in the order of the ranks there."""

    better: int
    worse: int
    other: int
    same: int
    moved: tuple[Moved, ...] = field(repr=False)


def changed(inputs: PlanInputs, change: Change) -> PlanInputs:
    """Give the inputs with the change in them, always planned as far as the stock goes.

    ``inputs`` without a change come back with only that; what is not named in the change stays as it is.
    """
    rule = change.rule or inputs.rule
    if change.floor is not None:
        rule = replace(rule, floor_permille=change.floor.permille)
    closed, shut = set(change.closed_warehouses), set(change.closed_posts)
    per_day = {one.post_id: one.per_day for one in change.capacities}
    posts = [one for one in inputs.posts if one.post_id not in shut]
    return replace(
        inputs,
        rule=rule,
        lines=inputs.lines if change.lines is None else change.lines,
        posts=tuple(
            replace(one, capacity_per_day=per_day[one.post_id], slots=())
            if per_day.get(one.post_id, one.capacity_per_day) != one.capacity_per_day
            else one
            for one in posts
        ),
        shelves=tuple(one for one in _filled(inputs.shelves, change.more) if one.place_id not in closed),
        fit_to_stock=True,
    )


def _filled(shelves: Sequence[Shelf], more: Sequence[Shelf]) -> list[Shelf]:
    found = {(one.place_id, one.item_id): one for one in shelves}
    for one in more:
        key = one.place_id, one.item_id
        before = found.get(key, replace(one, free_milli=Milli(0)))
        found[key] = replace(before, free_milli=Milli(max(0, before.free_milli + one.free_milli)))
    return list(found.values())


def tried(inputs: PlanInputs, changes: Sequence[Change]) -> tuple[Outcome, ...]:
    """Work the plan out with each change. Raises: TooManyReaches."""
    return tuple(outcome_of(propose(changed(inputs, one))) for one in changes)


def outcome_of(proposal: Proposal) -> Outcome:
    """Say a plan in figures."""
    villages: dict[str, dict[Level, int]] = {}
    tally = dict.fromkeys(Level, 0)
    need: dict[UUID, int] = {}
    given: dict[UUID, int] = {}
    lacking: dict[UUID, list[int]] = {}
    persons = persons_whole = without_place = 0
    walked: list[int] = []
    shares = []
    known: dict[int, tuple[tuple[UUID, int], ...]] = {}
    for row in proposal.rows:
        level = level_of(row)
        tally[level] += 1
        villages.setdefault(row.household.village_code, dict.fromkeys(Level, 0))[level] += 1
        heads = row.household.composition.persons
        persons += heads
        if level is Level.WHOLE:
            persons_whole += heads
        got = row.given if row.post is not None else ()
        for line in row.need.items:
            need[line.item_id] = need.get(line.item_id, 0) + line.quantity_milli
        for line in got:
            given[line.item_id] = given.get(line.item_id, 0) + line.quantity_milli
        for lack in row.lacking:
            lacking.setdefault(lack.item.item_id, []).append(row.rank)
        if row.post is None and not row.lacking and row.need.items:
            without_place += 1
        if row.metres is not None:
            walked.append(row.metres)
        # Households that look alike share one tuple of lines: it is sorted once.
        if id(got) not in known:
            known[id(got)] = tuple(sorted(((one.item_id, int(one.quantity_milli)) for one in got), key=_by_item))
        shares.append(
            Share(
                beneficiary_id=row.household.beneficiary_id, code=row.household.code,
                village_code=row.household.village_code, rank=row.rank, level=level, given=known[id(got)],
            )
        )  # fmt: skip
    return Outcome(
        households=len(shares), persons=persons, whole=tally[Level.WHOLE], part=tally[Level.PART],
        waits=tally[Level.WAITS], without_place=without_place, persons_whole=persons_whole,
        villages=tuple(
            VillageOutcome(
                village_code=code, households=sum(found.values()), whole=found[Level.WHOLE], part=found[Level.PART],
                waits=found[Level.WAITS],
            )
            for code, found in sorted(villages.items())
        ),
        items=tuple(
            ItemOutcome(
                item_id=item_id, need_milli=Milli(need[item_id]), given_milli=Milli(given.get(item_id, 0)),
                households_lacking=len(lacking.get(item_id, ())),
                first_rank_lacking=min(lacking.get(item_id, ()), default=None),
            )
            for item_id in sorted(need, key=str)
        ),
        floor_permille=proposal.floor_permille, largest_floor_permille=proposal.largest_floor_permille,
        mean_metres=sum(walked) // len(walked) if walked else None, farthest_metres=max(walked, default=None),
        shares=tuple(shares),
    )  # fmt: skip


def level_of(row: Proposed) -> Level:
    """Tell how much of its package a household gets."""
    if row.is_whole:
        return Level.WHOLE
    return Level.PART if row.post is not None else Level.WAITS


def compare(before: Outcome, after: Outcome) -> Comparison:
    """Tell household by household who gets more, less or something else than before; both have the same households."""
    others = {one.beneficiary_id: one for one in after.shares}
    tally = dict.fromkeys(Verdict, 0)
    moved = []
    for one in before.shares:
        other = others[one.beneficiary_id]
        verdict = verdict_of(one, other)
        tally[verdict] += 1
        if verdict is not Verdict.SAME:
            moved.append(Moved(before=one, after=other, verdict=verdict))
    return Comparison(
        better=tally[Verdict.BETTER], worse=tally[Verdict.WORSE], other=tally[Verdict.OTHER],
        same=tally[Verdict.SAME], moved=tuple(moved),
    )  # fmt: skip


def verdict_of(before: Share, after: Share) -> Verdict:
    """Judge one household by what it is given, item by item."""
    if before.given == after.given:
        return Verdict.SAME
    was, now = dict(before.given), dict(after.given)
    items = was.keys() | now.keys()
    is_more = any(now.get(one, 0) > was.get(one, 0) for one in items)
    is_less = any(now.get(one, 0) < was.get(one, 0) for one in items)
    return Verdict.OTHER if is_more and is_less else Verdict.BETTER if is_more else Verdict.WORSE


def _by_item(line: tuple[UUID, int]) -> str:
    return str(line[0])
