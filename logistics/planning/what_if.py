"""What would be, if: the same plan with another rule, standard, stock, post or capacity, beside the one that stands.

A change is data; it makes other inputs, and the plan of those is worked out as any other (``proposing``). Nothing is
written and nothing is promised. Pure.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
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


Given = tuple[tuple[UUID, int], ...]
"""What somebody gets, comparable between alternatives: (item, milli), by item."""


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
    """One household in one alternative."""

    beneficiary_id: UUID
    code: str
    village_code: str
    rank: int
    level: Level
    given: Given


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
    rows: tuple[Proposed, ...] = field(repr=False)
    given: tuple[Given, ...] = field(repr=False)
    """What each of the rows gets."""

    def share(self, at: int) -> Share:
        """Give one row's household as alternatives are compared."""
        row = self.rows[at]
        return Share(
            beneficiary_id=row.household.beneficiary_id, code=row.household.code,
            village_code=row.household.village_code, rank=row.rank, level=level_of(row), given=self.given[at],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A household to whom an alternative gives something else; ``before`` is its share as things stand."""

    outcomes: tuple[Outcome, Outcome] = field(repr=False)
    at: tuple[int, int]
    """Its row in each."""
    verdict: Verdict

    @property
    def before(self) -> Share:
        return self.outcomes[0].share(self.at[0])

    @property
    def after(self) -> Share:
        return self.outcomes[1].share(self.at[1])


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
    same: dict[Given, Given] = {}
    return tuple(outcome_of(propose(changed(inputs, one)), same) for one in changes)


def outcome_of(proposal: Proposal, same: dict[Given, Given] | None = None) -> Outcome:
    """Say a plan in figures; ``same`` is the memory of a comparison, where equal lots of goods are one object."""
    rows = proposal.rows
    given, totals = _given(rows, {} if same is None else same)
    levels = [level_of(row) for row in rows]
    tally = Counter(levels)
    persons = [row.household.composition.persons for row in rows]
    walked = [row.metres for row in rows if row.metres is not None]
    return Outcome(
        households=len(rows), persons=sum(persons), whole=tally[Level.WHOLE], part=tally[Level.PART],
        waits=tally[Level.WAITS],
        without_place=sum(row.post is None and not row.lacking and bool(row.need.items) for row in rows),
        persons_whole=sum(heads for heads, level in zip(persons, levels, strict=True) if level is Level.WHOLE),
        villages=_villages(rows, levels), items=_items(rows, totals), floor_permille=proposal.floor_permille,
        largest_floor_permille=proposal.largest_floor_permille,
        mean_metres=sum(walked) // len(walked) if walked else None, farthest_metres=max(walked, default=None),
        rows=rows, given=given,
    )  # fmt: skip


def _given(rows: Sequence[Proposed], same: dict[Given, Given]) -> tuple[tuple[Given, ...], Counter[UUID]]:
    """Give what each row gets, and how much of each item all together: each lot of goods is looked at once."""
    lots = [row.given if row.post is not None else () for row in rows]
    alike = {id(lot): lot for lot in lots}
    times = Counter(map(id, lots))
    made: dict[int, Given] = {}
    totals: Counter[UUID] = Counter()
    for key, lot in alike.items():
        told = tuple(sorted(((one.item_id, int(one.quantity_milli)) for one in lot), key=_by_item))
        made[key] = same.setdefault(told, told)
        for one in lot:
            totals[one.item_id] += one.quantity_milli * times[key]
    return tuple([made[key] for key in map(id, lots)]), totals


def _villages(rows: Sequence[Proposed], levels: Sequence[Level]) -> tuple[VillageOutcome, ...]:
    found = Counter(zip([row.household.village_code for row in rows], levels, strict=True))
    made = []
    for code in sorted({code for code, _ in found}):
        whole, part, waits = (found[code, level] for level in (Level.WHOLE, Level.PART, Level.WAITS))
        made.append(
            VillageOutcome(village_code=code, households=whole + part + waits, whole=whole, part=part, waits=waits)
        )
    return tuple(made)


def _items(rows: Sequence[Proposed], given: Mapping[UUID, int]) -> tuple[ItemOutcome, ...]:
    needs = {id(row.need): row.need for row in rows}
    times = Counter(id(row.need) for row in rows)
    need: Counter[UUID] = Counter()
    for key, one in needs.items():
        for line in one.items:
            need[line.item_id] += line.quantity_milli * times[key]
    lacking: Counter[int] = Counter()
    first: dict[int, int] = {}
    item_of: dict[int, UUID] = {}
    for row in rows:
        for lack in row.lacking:
            key = id(lack.item)
            lacking[key] += 1
            if key not in first:
                # The rows stand in the order of the ranks.
                first[key], item_of[key] = row.rank, lack.item.item_id
    households: Counter[UUID] = Counter()
    ranks: dict[UUID, int] = {}
    for key, item_id in item_of.items():
        households[item_id] += lacking[key]
        ranks[item_id] = min(first[key], ranks.get(item_id, first[key]))
    return tuple(
        ItemOutcome(
            item_id=item_id, need_milli=Milli(need[item_id]), given_milli=Milli(given.get(item_id, 0)),
            households_lacking=households[item_id], first_rank_lacking=ranks.get(item_id),
        )
        for item_id in sorted(need, key=str)
    )  # fmt: skip


def level_of(row: Proposed) -> Level:
    """Tell how much of its package a household gets."""
    if row.post is None:
        return Level.WAITS
    return Level.WHOLE if len(row.given) == len(row.need.items) else Level.PART


def compare(before: Outcome, after: Outcome) -> Comparison:
    """Tell household by household who gets more, less or something else than before; both have the same households."""
    place = {row.household.beneficiary_id: at for at, row in enumerate(after.rows)}
    tally = dict.fromkeys(Verdict, 0)
    judged: dict[tuple[int, int], Verdict] = {}
    moved = []
    for at, row in enumerate(before.rows):
        was, to = before.given[at], place[row.household.beneficiary_id]
        now = after.given[to]
        if was is now:
            tally[Verdict.SAME] += 1
            continue
        key = (id(was), id(now))
        if key not in judged:
            judged[key] = verdict_of(was, now)
        tally[judged[key]] += 1
        if judged[key] is not Verdict.SAME:
            moved.append(Moved(outcomes=(before, after), at=(at, to), verdict=judged[key]))
    return Comparison(
        better=tally[Verdict.BETTER], worse=tally[Verdict.WORSE], other=tally[Verdict.OTHER],
        same=tally[Verdict.SAME], moved=tuple(moved),
    )  # fmt: skip


def verdict_of(before: Given, after: Given) -> Verdict:
    """Judge one household by what it is given, item by item."""
    if before == after:
        return Verdict.SAME
    was, now = dict(before), dict(after)
    items = was.keys() | now.keys()
    is_more = any(now.get(one, 0) > was.get(one, 0) for one in items)
    is_less = any(now.get(one, 0) < was.get(one, 0) for one in items)
    return Verdict.OTHER if is_more and is_less else Verdict.BETTER if is_more else Verdict.WORSE


def _by_item(line: tuple[UUID, int]) -> str:
    return str(line[0])
