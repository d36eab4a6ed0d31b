"""What a revision starts from: who holds what that has not left, who is due something, what there is to give."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from uuid import UUID

from core.errors import Conflict
from core.measures import Milli
from core.work import Tx
from logistics.packages.change_queries import (
    CHANGEABLE,
    LackNow,
    LineNow,
    PackageNow,
    durables_beside,
    lacks_now,
    lines_now,
    packages_now,
)
from logistics.packages.durables import counted
from logistics.packages.queries import GivenDurable, RoundView
from logistics.packages.standard_queries import standard_lines
from logistics.packages.states import OPEN_PACKAGE_STATES, PackageState
from logistics.planning.commands import PURPOSE, group_key
from logistics.planning.differing import Ground, Held, Spot
from logistics.planning.early import Early, early_promises, with_early
from logistics.planning.gathering import as_kept, in_steps
from logistics.planning.hours import told_by
from logistics.planning.priorities import rule_in_force
from logistics.planning.proposing import DueOnly, HadBefore, PlanInputs
from logistics.planning.queries import shelves_of
from logistics.planning.reaching import OUT_OF_REACH, Roads, Standing, post_metres
from logistics.planning.roads import roads_of
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Shelf, Taken, VillagePoint
from registry_link.households.merged import has_merged, survivors_of
from stock.items.queries import unstocked_ids
from stock.reservations.commands import release
from stock.reservations.queries import reservations

HOUSEHOLD = "household"
MERGED = "revision.why.merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseRound:
    """An approved round, and everybody who is to be served in it as the list is now."""

    round_id: UUID
    households: tuple[ConfirmedHousehold, ...]
    posts: tuple[PostChoice, ...]
    """The open ones that are still to be used."""
    village_points: tuple[VillagePoint, ...] = ()
    overlapping_incident_ids: tuple[UUID, ...] = ()
    why_out: Mapping[UUID, str] = field(default_factory=dict)
    """Why beneficiaries are served no more, where more is known than that they are not on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """The round as it stands."""

    kind: str
    """Of its beneficiaries."""
    packages: Mapping[UUID, PackageNow]
    lines: Mapping[UUID, tuple[LineNow, ...]]
    lacks: Mapping[UUID, tuple[LackNow, ...]]
    held: tuple[PackageNow, ...]
    """What may change: one for each beneficiary; those that a revision took out are among them."""
    first: Mapping[UUID, PackageNow]
    """By beneficiary the package that was handed over without lines that are due still."""
    due: Mapping[UUID, tuple[UUID, ...]]
    """By the same beneficiaries those lines' items."""
    settled: frozenset[UUID]
    """Beneficiaries for whom nothing is to be worked out: on its way, served in full, or taken out by a person."""
    stuck: frozenset[str]
    """Groups of which a part has left: another warehouse still owes the rest."""

    @property
    def stuck_ids(self) -> frozenset[UUID]:
        """Packages of those groups: they keep what is promised to them."""
        return frozenset(
            one.id for one in self.packages.values() if one.state is PackageState.RESERVED and _group(one) in self.stuck
        )

    @property
    def stuck_beneficiaries(self) -> frozenset[UUID]:
        return frozenset(self.packages[one].beneficiary_id for one in self.stuck_ids)

    @property
    def changeable(self) -> tuple[PackageNow, ...]:
        return tuple(one for one in self.held if one.state in CHANGEABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything a revision is worked out from."""

    standings: Standings
    inputs: PlanInputs
    held: tuple[Held, ...]
    ground: Ground
    shelves: tuple[Shelf, ...]
    """What is free until the week ends, with what the round would give back; ``beside`` keeps a part of it."""
    early: Early
    """Promised to days of the round before its goods' last; counted in ``inputs`` too."""
    beside: Mapping[tuple[UUID, date, UUID], int]
    """What reserved packages of the round that do not change hold, by post, day and item."""


def counting(tx: Tx, found: Gathered, early: Early) -> Gathered:
    """Give the same with these of the early promises counted."""
    shelves = in_steps(tx, _but_for(found.beside, with_early(found.shelves, early)))
    return replace(found, early=early, inputs=replace(found.inputs, shelves=shelves))


def standings(tx: Tx, the_round: RoundView) -> Standings:
    """Read a round as it stands. The caller holds it, where it is going to change anything."""
    everything = packages_now(tx, the_round.id)
    lines, lacks = lines_now(tx, the_round.id), lacks_now(tx, the_round.id)
    stuck = _stuck(tx, the_round.id, everything, lines)
    held: list[PackageNow] = []
    first: dict[UUID, PackageNow] = {}
    due: dict[UUID, tuple[UUID, ...]] = {}
    settled: set[UUID] = set()
    mine = [one for one in everything if one.standard_id == the_round.standard_id]
    for beneficiary, some in groupby(mine, key=lambda one: one.beneficiary_id):
        family = list(some)
        served = next((one for one in family if one.no == 1 and one.state is PackageState.HANDED_OVER), None)
        items = _still_due(served, family, lines, lacks) if served is not None else ()
        changing = _changing(family, served, stuck)
        if served is not None and items and (changing is not None or not _is_busy(family)):
            first[beneficiary], due[beneficiary] = served, items
        if changing is not None and (served is None or items):
            held.append(changing)
        elif beneficiary not in first:
            settled.add(beneficiary)
    return Standings(
        kind=mine[0].beneficiary_kind if mine else HOUSEHOLD, packages={one.id: one for one in everything},
        lines=lines, lacks=lacks, held=tuple(held), first=first, due=due, settled=frozenset(settled), stuck=stuck,
    )  # fmt: skip


def _is_busy(family: Sequence[PackageNow]) -> bool:
    """Tell whether a package of the beneficiary is open: it never has two."""
    return any(one.state in OPEN_PACKAGE_STATES for one in family)


def _changing(
    family: Sequence[PackageNow], served: PackageNow | None, stuck: frozenset[str]
) -> PackageNow | None:  # fmt: skip
    """Give the one package of a beneficiary that may change: open and not left, or taken out by a revision."""
    is_open = next((one for one in family if one.state in OPEN_PACKAGE_STATES), None)
    if is_open is not None:
        may_change = is_open.state in CHANGEABLE and not is_open.is_rest and _group(is_open) not in stuck
        return is_open if may_change else None
    # Where it was taken out by a person, with a reason, a revision does not overrule that.
    out = [one for one in family if one.is_out and (one.no == 1) is (served is None)]
    return out[-1] if out else None


def _still_due(
    served: PackageNow, family: Sequence[PackageNow], lines: Mapping[UUID, Sequence[LineNow]],
    lacks: Mapping[UUID, Sequence[LackNow]],
) -> tuple[UUID, ...]:  # fmt: skip
    """Give what the first package left without, less what others have brought since, or a person has called off."""
    done = {
        line.item_id
        for one in family
        if one.supplements_id is not None and not one.is_rest and not one.is_out and one.state not in CHANGEABLE
        for line in lines.get(one.id, ())
    }
    return tuple(lack.item_id for lack in lacks.get(served.id, ()) if lack.item_id not in done)


def _group(one: PackageNow) -> str:
    return group_key(one.post_id, one.serve_on) if one.post_id is not None and one.serve_on is not None else ""


def _stuck(
    tx: Tx, round_id: UUID, everything: Sequence[PackageNow], lines: Mapping[UUID, Sequence[LineNow]]
) -> frozenset[str]:
    """Find the groups for which less is promised than their packages hold: a part of their load has left."""
    money = unstocked_ids(tx)
    missing: dict[str, Counter[UUID]] = defaultdict(Counter)
    for one in everything:
        if one.state is PackageState.RESERVED:
            for line in lines.get(one.id, ()):
                if line.item_id not in money:
                    missing[_group(one)][line.item_id] += line.quantity_milli
    for promise in reservations(tx, purpose=PURPOSE, purpose_id=round_id):
        missing[promise.group_key][promise.batch.item.id] -= promise.quantity_milli
    return frozenset(group for group, wanted in missing.items() if any(left > 0 for left in wanted.values()))


def gather_revision(tx: Tx, the_round: RoundView, order: ReviseRound) -> Gathered:
    """Put together what a revision of the round is worked out from; nothing is changed.

    Raises: Conflict("plan.week_over") when none of its days is left.
    """
    days = tuple(day for day in the_round.week.each() if day >= tx.today)
    if not days:
        raise Conflict("plan.week_over")
    now = standings(tx, the_round)
    roads = roads_of(tx, days[0])
    listed, why_out = _listed(tx, order, now)
    households = tuple(as_kept(_as_due(one, now)) for one in listed)
    served_too = [one for one in now.packages.values() if not one.is_rest]
    own, held_ids = {one.id for one in now.changeable}, frozenset(one.id for one in now.held)
    taken = Counter(
        (one.post_id, one.serve_on) for one in served_too
        if one.id not in own and one.post_id is not None and one.serve_on in days
        and one.state not in (PackageState.CANCELLED, PackageState.WAITING)
    )  # fmt: skip
    rules = standard_lines(tx, the_round.standard_id)
    shelves = _shelves(tx, the_round, now, sorted({line.item_id for line in rules}, key=str))
    inputs = PlanInputs(
        rule=rule_in_force(tx), lines=rules, response=the_round.days, serve_days=days, households=households,
        posts=tuple(sorted(order.posts, key=lambda post: (post.code, str(post.post_id)))),
        shelves=(), points=order.village_points, roads=roads,
        had_before=_had_before(tx, the_round, order, households, now.kind, own),
        taken=tuple(
            Taken(post_id=post_id, serve_on=day, households=count)
            for (post_id, day), count in sorted(taken.items(), key=lambda pair: (pair[0][1], str(pair[0][0])))
            if post_id is not None and day is not None
        ),
        money_items=tuple(sorted(unstocked_ids(tx), key=str)), fit_to_stock=True,
        due_only=tuple(
            DueOnly(beneficiary_id=beneficiary, item_ids=items)
            for beneficiary, items in sorted(now.due.items(), key=lambda pair: str(pair[0]))
        ),
    )  # fmt: skip
    found = Gathered(
        standings=now, inputs=inputs,
        held=tuple(_as_held(one, now) for one in now.held),
        ground=Ground(
            serve_days=days, open_posts=frozenset(post.post_id for post in order.posts),
            closed_days={post.post_id: frozenset(post.closed_on) for post in order.posts if post.closed_on},
            hours={post.post_id: told_by(post) for post in order.posts},
            out_of_reach=_out_of_reach(now, households, order.posts, roads), why_out=why_out, completes=now.due,
        ),
        shelves=shelves, early={}, beside=_wanted(tx, now.packages.values(), now.lines, now.stuck_ids | held_ids),
    )  # fmt: skip
    return counting(tx, found, early_promises(tx, the_round, days, order.posts, roads, now.stuck))


def _listed(
    tx: Tx, order: ReviseRound, now: Standings
) -> tuple[list[ConfirmedHousehold], dict[UUID, str]]:  # fmt: skip
    """Give those on the list for whom something is to be worked out, and why others are out.

    Of households that were found to be one, one is served: the one that stays, or who is owed the rest of a package.
    """
    why_out, settled, households = dict(order.why_out), set(now.settled), order.households
    if now.kind == HOUSEHOLD and has_merged(tx):
        listed = {one.beneficiary_id: one for one in households}
        served = now.stuck_beneficiaries | {
            one.beneficiary_id for one in now.packages.values()
            if one.state in (PackageState.LOADED, PackageState.HANDED_OVER)
        }  # fmt: skip
        known = {one.beneficiary_id for one in now.packages.values()} | set(listed)
        families: dict[UUID, list[UUID]] = defaultdict(list)
        for gone, stays in sorted(survivors_of(tx, sorted(known)).items()):
            families[stays].append(gone)
        for stays, all_gone in families.items():
            on_list = next((listed[one] for one in (stays, *all_gone) if one in listed), None)
            served_now = [one for one in (stays, *all_gone) if one in served]
            is_owed = served_now and all(one in now.first for one in served_now)
            owed = served_now[0] if is_owed else None
            for gone in all_gone:
                listed.pop(gone, None)
                if gone != owed:
                    why_out[gone] = MERGED
                    settled.add(gone)
                elif on_list is not None:
                    listed[gone] = replace(on_list, household_id=gone)
                elif stays in why_out:
                    why_out[gone] = why_out[stays]
            if owed != stays and any(one in served for one in all_gone):
                why_out.setdefault(stays, MERGED)
                settled.add(stays)
        households = tuple(listed.values())
    return [one for one in households if one.beneficiary_id not in settled], why_out


def _as_due(one: ConfirmedHousehold, now: Standings) -> ConfirmedHousehold:
    """Whose package left in part is due the rest as it was worked out then."""
    first = now.first.get(one.beneficiary_id)
    return replace(one, composition=first.people) if first is not None else one


def _as_held(one: PackageNow, now: Standings) -> Held:
    is_placed = one.state in (PackageState.PLANNED, PackageState.RESERVED)
    spot = None
    if is_placed and one.post_id is not None and one.serve_on is not None:
        spot = Spot(post_id=one.post_id, serve_on=one.serve_on, hours=one.hours)
    return Held(
        package_id=one.id, beneficiary_id=one.beneficiary_id, village_code=one.village_code, spot=spot,
        given={line.item_id: int(line.quantity_milli) for line in now.lines.get(one.id, ())} if spot else {},
        people=one.people, is_out=one.is_out, told=(one.reason_code, one.reason_facts),
    )  # fmt: skip


def _out_of_reach(
    now: Standings, households: Sequence[ConfirmedHousehold], posts: Sequence[PostChoice], roads: Roads
) -> frozenset[tuple[UUID, UUID]]:
    """Find who cannot come to the post that it has any more."""
    at = {one.beneficiary_id: one.post_id for one in now.changeable if one.post_id is not None}
    mine = [one for one in households if one.beneficiary_id in at]
    if not mine or not posts:
        return frozenset()
    column = {post.post_id: place for place, post in enumerate(posts)}
    known: dict[str, Mapping[UUID, int]] = {}
    for village in sorted({one.stands_in for one in mine}):
        metres = post_metres(roads, [Standing(village_code=village, lon_deg=None, lat_deg=None)], posts)[0]
        known[village] = {post_id: int(metres[place]) for post_id, place in column.items()}
    return frozenset(
        (one.beneficiary_id, post_id)
        for one in mine
        if (post_id := at[one.beneficiary_id]) in column and known[one.stands_in][post_id] == OUT_OF_REACH
    )


def _had_before(
    tx: Tx, the_round: RoundView, order: ReviseRound, households: Sequence[ConfirmedHousehold], kind: str,
    own: set[UUID],
) -> tuple[HadBefore, ...]:  # fmt: skip
    """Give the durables that are not given again: those of this event, and of others of the same days."""
    if the_round.incident_id is None:
        return ()
    given = [
        GivenDurable(beneficiary_id=beneficiary, item_id=item_id, incident_id=incident_id)
        for incident_id in (the_round.incident_id, *order.overlapping_incident_ids)
        for beneficiary, items in durables_beside(tx, {incident_id}, kind, own).items()
        for item_id in sorted(items, key=str)
    ]
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for one in counted(tx, the_round.incident_id, given):
        found[one.beneficiary_id].add(one.item_id)
    mine = {one.beneficiary_id for one in households}
    if found and has_merged(tx):
        survivors = survivors_of(tx, sorted(found.keys() | mine))
        for gone, stays in survivors.items():
            found[stays] |= found[gone]
        for gone, stays in survivors.items():
            found[gone] = found[stays]
    return tuple(
        HadBefore(beneficiary_id=one, item_ids=tuple(sorted(items, key=str)))
        for one, items in sorted(found.items(), key=lambda pair: str(pair[0]))
        if one in mine and items
    )


class _SeenEnough(Exception):
    """Undoes the block in which it was looked what would be free."""


def _shelves(tx: Tx, the_round: RoundView, now: Standings, item_ids: Sequence[UUID]) -> tuple[Shelf, ...]:
    """Give what the warehouses have free, and what the round's own open promises would give back."""
    found: tuple[Shelf, ...] = ()
    try:
        with tx.savepoint():
            give_back(tx, the_round.id, now.stuck, reason="revision")
            found = shelves_of(tx, item_ids, the_round.week.last_on, the_round.released)
            raise _SeenEnough
    except _SeenEnough:
        pass
    return found


def _but_for(beside: Mapping[tuple[UUID, date, UUID], int], shelves: Sequence[Shelf]) -> list[Shelf]:
    """Take what others of the round keep off the shelves."""
    kept: Counter[UUID] = Counter()
    for (_, _, item_id), milli in beside.items():
        kept[item_id] += milli
    left = []
    for shelf in shelves:
        part = min(kept[shelf.item_id], int(shelf.free_milli))
        kept[shelf.item_id] -= part
        left.append(replace(shelf, free_milli=Milli(shelf.free_milli - part)))
    return left


def give_back(tx: Tx, round_id: UUID, stuck: frozenset[str], *, reason: str) -> None:
    """Free everything that is promised to the round, but for groups of which a part has left."""
    groups = {one.group_key for one in reservations(tx, purpose=PURPOSE, purpose_id=round_id)}
    if not groups & stuck:
        release(tx, PURPOSE, round_id, reason=reason)
        return
    for group in sorted(groups - stuck):
        release(tx, PURPOSE, round_id, group, reason=reason)


def wants_by_group(tx: Tx, round_id: UUID, but: frozenset[UUID]) -> dict[tuple[UUID, date, UUID], int]:
    """Add up by post, day and item what the round's reserved packages hold, ``but`` those that keep their promises."""
    return _wanted(tx, packages_now(tx, round_id), lines_now(tx, round_id), but)


def _wanted(
    tx: Tx, packages: Iterable[PackageNow], lines: Mapping[UUID, Sequence[LineNow]], but: frozenset[UUID]
) -> dict[tuple[UUID, date, UUID], int]:
    money = unstocked_ids(tx)
    wanted: Counter[tuple[UUID, date, UUID]] = Counter()
    for one in packages:
        if one.state is not PackageState.RESERVED or one.id in but:
            continue
        assert one.post_id is not None and one.serve_on is not None
        for line in lines.get(one.id, ()):
            if line.quantity_milli and line.item_id not in money:
                wanted[one.post_id, one.serve_on, line.item_id] += line.quantity_milli
    return dict(wanted)
