"""Why the plan of a round is behind what is known now, in figures: a revision would change something."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from core.errors import Fact
from core.work import Tx
from logistics.packages.change_queries import (
    PackageNow,
    Standing,
    lacks_now,
    packages_now,
    presence,
    standing,
)
from logistics.packages.queries import RoundView, round_by_id
from logistics.packages.sentences import reason_sentence
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState, RoundState
from logistics.planning import reaching
from logistics.planning.commands import PURPOSE
from logistics.planning.hours import told_by
from logistics.planning.queries import plans_of, posts_of, shelves_of
from logistics.planning.revision_ground import standings
from logistics.planning.roads import roads_of
from logistics.planning.rules import PostChoice
from logistics.planning.states import PlanState
from registry_link.households.merged import has_merged, survivors_of
from stock.items.queries import ItemFacts, ItemView, item_facts
from stock.places.queries import places
from stock.reservations.queries import reservations


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNow:
    """Who is to be served now, and where that can be."""

    beneficiary_ids: frozenset[UUID]
    posts: tuple[PostChoice, ...]
    """The open ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """One reason, with its figures."""

    code: str
    count: int
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def sentence(self, lang: str) -> str:
        """Say it."""
        return reason_sentence(self.code, {"count": self.count, **self.facts}, lang)


def reasons_to_revise(tx: Tx, round_id: UUID, now: ListNow) -> tuple[Behind, ...]:
    """Give everything for which an approved round should be worked out anew; nothing when its plan is up to date.

    Nothing either when the round is not approved, or its week is over. Raises: NotFound.
    """
    the_round = round_by_id(tx, round_id)
    if the_round.state is not RoundState.APPROVED or the_round.week.last_on < tx.today:
        return ()
    stands = standing(tx, round_id)
    waiting = [one for one in stands if one.state is PackageState.WAITING]
    placed = [one for one in stands if one.state is PackageState.RESERVED]
    found = [
        *_people(tx, the_round, now),
        *_posts(tx, placed, now.posts),
        *_days(placed, tx.today),
        *_hours(placed, now.posts),
        *_ways(tx, placed, now.posts),
        *_promises(tx, the_round),
        *_stock(tx, the_round),
        *_room(tx, the_round, waiting, now.posts),
    ]
    return tuple(one for one in found if one.count)


def _people(tx: Tx, the_round: RoundView, now: ListNow) -> list[Behind]:
    known = presence(tx, the_round.id, the_round.standard_id)
    listed, there = set(now.beneficiary_ids), known.changeable | known.fixed
    changeable = known.changeable
    survivors = survivors_of(tx, sorted(there | listed)) if has_merged(tx) else {}
    if survivors:
        # Of a load that has left in part, the rest follows whatever is found since.
        stuck = standings(tx, the_round).stuck_beneficiaries
        changeable -= stuck
        for gone, stays in survivors.items():
            listed.discard(gone)
            if gone in known.fixed | stuck:
                listed.discard(stays)
    return [
        Behind(code="revision.behind.not_planned", count=len(listed - there)),
        Behind(code="revision.behind.not_listed", count=len(changeable - listed)),
    ]


def _posts(tx: Tx, placed: Sequence[Standing], posts: Sequence[PostChoice]) -> list[Behind]:
    closed_on = {post.post_id: set(post.closed_on) for post in posts}
    wrong: Counter[UUID] = Counter()
    for one in placed:
        if one.post_id is not None and (one.post_id not in closed_on or one.serve_on in closed_on[one.post_id]):
            wrong[one.post_id] += one.packages
    names = [place.name for place in places(tx, ids=wrong)] if wrong else []
    return [
        Behind(code="revision.behind.post_closed", count=sum(wrong.values()), facts={"posts": ", ".join(sorted(names))})
    ]


def _days(placed: Sequence[Standing], today: date) -> list[Behind]:
    late = [one for one in placed if one.serve_on is not None and one.serve_on < today]
    return [Behind(code="revision.behind.day_passed", count=sum(one.packages for one in late))]


def _hours(placed: Sequence[Standing], posts: Sequence[PostChoice]) -> list[Behind]:
    """Count the packages that were promised hours which their post tells no more."""
    told = {post.post_id: told_by(post) for post in posts}
    names = {post.post_id: post.name for post in posts}
    wrong: Counter[UUID] = Counter()
    for one in placed:
        if one.post_id in told and one.hours not in told[one.post_id]:
            wrong[one.post_id] += one.packages
    facts: dict[str, Fact] = {"posts": ", ".join(sorted(names[one] for one in wrong))}
    return [Behind(code="revision.behind.hours_changed", count=sum(wrong.values()), facts=facts)]


def _ways(tx: Tx, placed: Sequence[Standing], posts: Sequence[PostChoice]) -> list[Behind]:
    """Count the packages at posts to which no way leads any more from where their households live."""
    roads = roads_of(tx, tx.today)
    villages = sorted({one.village_code for one in placed})
    if not posts or not villages or not (roads.said or roads.areas):
        return []
    at = [reaching.Standing(village_code=code, lon_deg=None, lat_deg=None) for code in villages]
    metres = reaching.post_metres(roads, at, posts)
    row = {code: place for place, code in enumerate(villages)}
    column = {post.post_id: place for place, post in enumerate(posts)}
    lost = sum(
        one.packages for one in placed
        if one.post_id in column
        and int(metres[row[one.village_code], column[one.post_id]]) == reaching.OUT_OF_REACH
    )  # fmt: skip
    return [Behind(code="revision.behind.no_way", count=lost)]


def _promises(tx: Tx, the_round: RoundView) -> list[Behind]:
    """Count the promised batches that may not leave for their day any more."""
    wrong = {}
    for one in reservations(tx, purpose=PURPOSE, purpose_id=the_round.id):
        day = max(date.fromisoformat(one.group_key.partition("/")[2]), tx.today)
        is_old = one.batch.expires_on is not None and one.batch.expires_on < day
        if is_old or one.batch.release_condition not in the_round.released:
            wrong[one.batch.id] = one.batch.item
    return [Behind(code="revision.behind.not_covered", count=len(wrong), facts=_items(wrong.values()))]


def _stock(tx: Tx, the_round: RoundView) -> list[Behind]:
    """Count who waits for goods, or went without some, where what is free now reaches for the first of them."""
    lacks = lacks_now(tx, the_round.id)
    if not lacks:
        return []
    first: dict[tuple[UUID, UUID], tuple[int, int]] = {}
    waiting: dict[UUID, int] = defaultdict(int)
    for one in _lacking(packages_now(tx, the_round.id)):
        for lack in lacks.get(one.id, ()):
            waiting[lack.item_id] += 1
            key = (one.plan_id, lack.item_id)
            first[key] = min(first.get(key, (one.rank, lack.quantity_milli)), (one.rank, lack.quantity_milli))
    shelves = shelves_of(tx, sorted(waiting, key=str), the_round.week.last_on, the_round.released)
    free: Counter[UUID] = Counter()
    for shelf in shelves:
        free[shelf.item_id] += shelf.free_milli
    enough = {item_id for (_, item_id), (_, quantity) in first.items() if free[item_id] >= quantity}
    return [
        Behind(
            code="revision.behind.stock_came", count=max((waiting[one] for one in enough), default=0),
            facts=_items(item_facts(tx, enough).values()) if enough else {},
        )
    ]  # fmt: skip


def _lacking(everything: Collection[PackageNow]) -> list[PackageNow]:
    """Give the packages whose lacks are still due, and may be filled now: those that have not left, and the last
    handed over of each beneficiary who has nothing open beside it."""
    families: dict[tuple[str, UUID, UUID], list[PackageNow]] = defaultdict(list)
    for one in everything:
        families[one.beneficiary_kind, one.beneficiary_id, one.standard_id].append(one)
    found = []
    for family in families.values():
        is_open = [one for one in family if one.state in OPEN_PACKAGE_STATES]
        served = [one for one in family if one.state is PackageState.HANDED_OVER and not one.is_rest]
        if is_open:
            found += [one for one in is_open if one.state is not PackageState.LOADED]
        elif served:
            found.append(max(served, key=lambda one: one.no))
    return found


def _room(tx: Tx, the_round: RoundView, waiting: Sequence[Standing], posts: Sequence[PostChoice]) -> list[Behind]:
    """Count who waits for a place, where there is a post now that no plan of the round has known, or a larger one."""
    count = sum(one.packages for one in waiting if one.reason_code == "plan.waiting.room")
    if not count:
        return []
    known: dict[UUID, int] = {}
    for plan in plans_of(tx, the_round.id):
        if plan.state is PlanState.APPROVED:
            known |= {post.post_id: post.capacity_per_day for post in posts_of(tx, plan.id)}
    is_more = any(post.capacity_per_day > known.get(post.post_id, 0) for post in posts)
    return [Behind(code="revision.behind.room", count=count if is_more else 0)]


def _items(goods: Collection[ItemView | ItemFacts]) -> dict[str, Fact]:
    return {
        "items_id": ", ".join(sorted({one.name_id for one in goods})),
        "items_en": ", ".join(sorted({one.name_en for one in goods})),
    }
