"""An approved round is worked out anew for what has not left its warehouse: shown first, counted when a second agrees.

Packages on their way, at a post or handed over never change.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid
from core.measures import Milli
from core.states import move
from core.work import Tx
from logistics.packages.change_queries import LackNow, LineNow
from logistics.packages.changing import AddedPackage, add_changed, change_packages
from logistics.packages.commands import (
    PackageDraft,
    Reason,
    drop_packages,
    lock_round,
    ready_packages,
    reserve_packages,
)
from logistics.packages.queries import RoundView, round_by_id
from logistics.packages.states import RoundState
from logistics.planning.commands import PURPOSE, PlanShort, Shortage, group_key, hold_posts, keep_posts
from logistics.planning.differing import Change, Why, counted, differences
from logistics.planning.drafting import package_draft
from logistics.planning.early import Early, Wanted, early_promises, kept, take_all
from logistics.planning.keeping import drop_runs, keep_run
from logistics.planning.models import Plan, PlanChange, PlanChangeLine
from logistics.planning.proposing import Proposal, Proposed, propose
from logistics.planning.queries import draft_of, plans_of, posts_of, revision_of, shelves_of
from logistics.planning.reaching import Roads
from logistics.planning.revision_changes import changes_to_make
from logistics.planning.revision_ground import (
    Gathered,
    ReviseRound,
    counting,
    gather_revision,
    give_back,
    standings,
    wants_by_group,
)
from logistics.planning.roads import roads_of
from logistics.planning.rules import PostChoice
from logistics.planning.shelves import NotOnShelves
from logistics.planning.states import PLAN_MOVES, ChangeKind, PlanAct, PlanState
from logistics.planning.steadying import steady
from stock.items.queries import ItemView, items, unstocked_ids
from stock.places.queries import places
from stock.reservations.commands import ReserveLine, ReserveStock, reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionMade:
    round_id: UUID
    plan_id: UUID
    counts: Mapping[ChangeKind, int]
    """Packages that change, by kind; zeros are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionApproved:
    round_id: UUID
    plan_id: UUID
    packages: int
    """That changed or came."""
    reservations: int


def make_revision(tx: Tx, order: ReviseRound) -> RevisionMade:
    """Work out an approved round anew as a draft; nothing counts before it is approved. A revision before is discarded.

    Whoever can keep post, day and hour keeps them. Raises: Forbidden; NotFound; Invalid without posts; Conflict when
    the round is not approved, another draft waits, its week is over, or nothing changes.
    """
    tx.require("round.plan")
    if not order.posts:
        raise Invalid("plan.posts_missing", field="posts")
    if lock_round(tx, order.round_id) is not RoundState.APPROVED:
        raise Conflict("revision.not_approved")
    if draft_of(tx, order.round_id) is not None:
        raise Conflict("revision.plan_waits")
    discard_waiting(tx, order.round_id, "worked out anew")
    the_round = round_by_id(tx, order.round_id)
    found, proposed, proposal = _work_out(tx, the_round.id, gather_revision(tx, the_round, order))
    names = {one.id: one for one in items(tx, ids={line.item_id for line in found.inputs.lines}, with_inactive=True)}
    known = {one.spot.post_id for one in found.held if one.spot is not None}
    posts = {place.id: place.name for place in places(tx, ids=known | {post.post_id for post in order.posts})}
    writer = _Writer(the_round=the_round, found=found, names=names, posts=posts)
    changes = [one for one in differences(found.held, proposal.rows, found.ground) if writer.is_told(one)]
    counts = counted(changes)
    if not counts:
        raise Conflict("revision.nothing_changes")
    plan_id = tx.new_id()
    tx.session.execute(
        sa.insert(Plan).values(
            id=plan_id, regency_code=tx.regency_code, round_id=the_round.id,
            no=max((plan.no for plan in plans_of(tx, the_round.id)), default=0) + 1, state=PlanState.DRAFT,
            is_fitted=True, is_revision=True, rule_version=found.inputs.rule.version,
            floor_permille=proposal.floor_permille, largest_floor_permille=proposal.largest_floor_permille,
            planned_by=tx.actor.id, planned_by_name=tx.actor.name, planned_at=tx.now, approved_by=None,
            approved_by_name=None, approved_at=None,
        )
    )  # fmt: skip
    keep_posts(tx, plan_id, order.posts)
    # As it was worked out, before anybody was let keep their place: that is what can be worked out again.
    keep_run(tx, plan_id, found.inputs, proposed)
    writer.write(tx, plan_id, changes)
    tx.note(
        "plan.revise", "plan", plan_id, round_id=str(the_round.id),
        changes=sum(counts.values()), kinds=", ".join(f"{kind.value} {count}" for kind, count in counts.items()),
    )  # fmt: skip
    return RevisionMade(round_id=the_round.id, plan_id=plan_id, counts=counts)


def _work_out(tx: Tx, round_id: UUID, found: Gathered) -> tuple[Gathered, Proposal, Proposal]:
    """Give what is proposed, the same with everybody where they were, and the ground it is worked out from.

    Goods that are good for early days alone count there: where the rest does not reach, only as much of them as these
    days want, and where that does not do either, none.
    """
    spots = {one.beneficiary_id: one.spot for one in found.held if one.spot is not None}
    money = unstocked_ids(tx)
    steps = {one.id: int(one.step_milli) for one in items(tx, with_inactive=True)}
    posts_now = {post.post_id: post for post in (*_known_posts(tx, round_id), *found.inputs.posts)}
    is_second = False
    while True:
        proposed = propose(found.inputs)
        proposal = steady(proposed, found.inputs, spots, found.ground)
        if not found.early:
            return found, proposed, proposal
        wanted = Counter(found.beside)
        for row in proposal.rows:
            if row.post is not None and row.serve_on is not None:
                for one in row.given:
                    if one.item_id not in money:
                        wanted[row.post.post_id, row.serve_on, one.item_id] += int(one.quantity_milli)
        try:
            take_all(wanted, found.early, found.shelves, list(posts_now.values()), found.inputs.roads, steps)
        except NotOnShelves:
            found = counting(tx, found, {} if is_second else kept(found.early, wanted))
            is_second = True
        else:
            return found, proposed, proposal


def approve_revision(tx: Tx, round_id: UUID, posts_now: Sequence[PostChoice]) -> RevisionApproved:
    """Let a round's revision count: its packages change, and exactly what is reserved for them is promised; or nothing.

    ``posts_now`` are those that may serve now. Raises: Forbidden; NotFound; Conflict when there is none, who made it
    approves it, a day has passed, anything of it has changed or left meanwhile, or a post has closed or has less room;
    PlanShort naming every item; StockShort when another took the stock in between.
    """
    tx.require("round.approve")
    if lock_round(tx, round_id) is not RoundState.APPROVED:
        raise Conflict("revision.not_approved")
    draft = revision_of(tx, round_id)
    if draft is None:
        raise Conflict("revision.nothing_to_approve")
    if draft.planned_by == tx.actor.id:
        raise Conflict("plan.needs_second_person")
    the_round = round_by_id(tx, round_id)
    now = standings(tx, the_round)
    changes = changes_to_make(tx, draft, now, hold_posts(tx, posts_now))
    posts, roads = _known_posts(tx, round_id), roads_of(tx, tx.today)
    early = early_promises(tx, the_round, the_round.week.each(), posts, roads, now.stuck)
    give_back(tx, round_id, now.stuck, reason=f"revision {draft.no}")
    change_packages(tx, changes)
    added = reserve_packages(tx, draft.id)
    reserved = _promise(tx, the_round, wants_by_group(tx, round_id, now.stuck_ids), early, posts, roads)
    ready_packages(tx, draft.id)
    told = sum(one.found.plan_id != draft.id for one in changes) + added
    move(
        tx, Plan, draft.id, PlanAct.APPROVE, PLAN_MOVES, reason=f"{told} packages, {reserved} reservations",
        approved_by=tx.actor.id, approved_by_name=tx.actor.name, approved_at=tx.now,
    )  # fmt: skip
    return RevisionApproved(round_id=round_id, plan_id=draft.id, packages=told, reservations=reserved)


def discard_revision(tx: Tx, round_id: UUID) -> None:
    """Throw the round's revision away; the plan stays as it was. Raises: Forbidden, NotFound, Conflict."""
    tx.require("round.plan")
    lock_round(tx, round_id)
    if not discard_waiting(tx, round_id, "discarded"):
        raise Conflict("revision.nothing_to_approve")


def discard_waiting(tx: Tx, round_id: UUID, reason: str) -> bool:
    """Throw the round's revision away, where one waits, and tell whether one did. The caller holds the round."""
    draft = revision_of(tx, round_id)
    if draft is None:
        return False
    drop_packages(tx, draft.id)
    drop_runs(tx, draft.id)
    move(tx, Plan, draft.id, PlanAct.DISCARD, PLAN_MOVES, reason=reason)
    return True


# ---------------------------------------------------------------- writing a draft


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Puts changes into rows."""

    the_round: RoundView
    found: Gathered
    names: Mapping[UUID, ItemView]
    posts: Mapping[UUID, str]
    """Names, of closed ones too."""

    def draft(self, row: Proposed) -> PackageDraft:
        """Give what the household's package would be; what completes another does not say again what is lacking."""
        made = package_draft(row, self.names, self.the_round.week.last_on)
        return replace(made, lacks=()) if row.household.beneficiary_id in self.found.standings.due else made

    def is_told(self, one: Change) -> bool:
        """Tell whether a change is one: a sentence that says the same is none."""
        if one.kind is not ChangeKind.RETOLD:
            return True
        assert one.held is not None and one.proposed is not None
        package, made = self.found.standings.packages[one.held.package_id], self.draft(one.proposed)
        before = (package.rank, *one.held.told, self.found.standings.lacks.get(package.id, ()))
        return before != (made.rank, made.reason.code, _json(made.reason.facts), _lacks(made))

    def reason(self, one: Change) -> Reason:
        """Give the sentence that the package will bear."""
        if one.proposed is None:
            facts = {key: value for key, value in self._why(one.why).items() if key.startswith("items_")}
            return Reason(code=f"revision.out.{one.why.code.removeprefix('revision.why.')}", facts=facts)
        if one.held is not None and one.before is not None and one.before == one.after:
            return Reason(code=one.held.told[0], facts=json.loads(one.held.told[1]))
        return self.draft(one.proposed).reason

    def write(self, tx: Tx, plan_id: UUID, changes: Sequence[Change]) -> None:
        come = [one for one in changes if one.held is None]
        ids = add_changed(tx, self.the_round.id, plan_id, [self._added(one) for one in come])
        id_of = dict(zip(map(id, come), ids, strict=True))
        tx.session.execute(
            sa.insert(PlanChange),
            [self._row(plan_id, one, id_of[id(one)] if one.held is None else one.held.package_id) for one in changes],
        )
        lines = [row for one in changes if one.held is not None for row in self._lines(plan_id, one)]
        if lines:
            tx.session.execute(sa.insert(PlanChangeLine), lines)

    def _added(self, one: Change) -> AddedPackage:
        row = one.proposed
        assert row is not None
        household, made, reason = row.household, self.draft(row), self.reason(one)
        first = self.found.standings.first.get(household.beneficiary_id)
        family = [
            each.no for each in self.found.standings.packages.values()
            if each.beneficiary_id == household.beneficiary_id and each.standard_id == self.the_round.standard_id
        ] if first is not None else []  # fmt: skip
        return AddedPackage(
            beneficiary_kind=household.beneficiary_kind, beneficiary_id=household.beneficiary_id,
            household_id=household.household_id, standard_id=self.the_round.standard_id,
            village_code=household.village_code, people=household.composition, post_id=made.post_id,
            serve_on=made.serve_on, hours=made.hours, rank=made.rank, reason_code=reason.code,
            reason_facts=_json(reason.facts), lines=_goods(made), lacks=_lacks(made),
            no=max(family, default=0) + 1, supplements_id=first.id if first is not None else None,
        )  # fmt: skip

    def _row(self, plan_id: UUID, one: Change, package_id: UUID) -> dict[str, Any]:
        package = self.found.standings.packages.get(package_id)
        reason, before, after = self.reason(one), one.before, one.after
        people = one.proposed.household.composition if one.proposed is not None else None
        village = package.village_code if package else one.proposed.household.village_code if one.proposed else ""
        return {
            "plan_id": plan_id, "package_id": package_id, "kind": one.kind, "village_code": village,
            "before_state": package.state if package else None,
            "before_post_id": before.post_id if before else None, "before_on": before.serve_on if before else None,
            "before_hours": before.hours if before else "", "post_id": after.post_id if after else None,
            "serve_on": after.serve_on if after else None, "hours": after.hours if after else "",
            "rank": one.proposed.rank if one.proposed else package.rank if package else 0,
            "reason_code": reason.code, "reason_facts": _json(reason.facts), "why_code": one.why.code,
            "why_facts": _json(self._why(one.why)), "people": _json(asdict(people)) if people else None,
        }  # fmt: skip

    def _why(self, why: Why) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if why.post_id is not None:
            facts["post"] = self.posts[why.post_id]
        if why.day is not None:
            facts["day_on"] = why.day.isoformat()
        if why.persons is not None:
            facts["persons"] = why.persons
        if why.item_ids:
            named = [self.names[one] for one in why.item_ids if one in self.names]
            facts["items_id"] = ", ".join(one.name_id for one in named)
            facts["items_en"] = ", ".join(one.name_en for one in named)
        return facts

    def _lines(self, plan_id: UUID, one: Change) -> list[dict[str, Any]]:
        assert one.held is not None
        rows: dict[UUID, dict[str, Any]] = {
            item_id: {
                "item_id": item_id, "before_milli": before, "exact_milli": 0, "quantity_milli": 0, "is_once": False,
                "is_given": False, "is_lacking": False, "left_milli": 0, "ahead_milli": 0, "last_rank": None,
            }
            for item_id, before in one.held.given.items()
        }  # fmt: skip
        if one.proposed is not None:
            made = self.draft(one.proposed)
            given = set() if one.proposed.waits else {line.item_id for line in _goods(made)}
            lacks = {lack.item_id: lack for lack in _lacks(made)}
            for item in one.proposed.need.items:
                if one.held.beneficiary_id in self.found.standings.due and item.item_id not in given:
                    continue
                lack = lacks.get(item.item_id)
                rows[item.item_id] = {
                    "item_id": item.item_id, "before_milli": one.held.given.get(item.item_id, 0),
                    "exact_milli": item.exact_milli, "quantity_milli": item.quantity_milli, "is_once": item.is_once,
                    "is_given": item.item_id in given, "is_lacking": lack is not None,
                    "left_milli": lack.left_milli if lack else 0, "ahead_milli": lack.ahead_milli if lack else 0,
                    "last_rank": lack.last_rank if lack else None,
                }  # fmt: skip
        return [{"plan_id": plan_id, "package_id": one.held.package_id, **row} for row in rows.values()]


def _goods(made: PackageDraft) -> tuple[LineNow, ...]:
    """Give what is written down as a package's lines: what it gets; where it waits, all that it needs."""
    lines = made.need.items if made.lines is None else made.lines
    return tuple(
        LineNow(
            item_id=one.item_id, exact_milli=one.exact_milli, quantity_milli=one.quantity_milli, is_once=one.is_once
        )
        for one in sorted(lines, key=lambda one: one.item_id.int)
    )


def _lacks(made: PackageDraft) -> tuple[LackNow, ...]:
    """Give what is written down as lacking, by item."""
    return tuple(
        LackNow(
            item_id=one.item.item_id,
            exact_milli=one.item.exact_milli,
            quantity_milli=one.item.quantity_milli,
            is_once=one.item.is_once,
            left_milli=Milli(one.left_milli),
            ahead_milli=Milli(one.ahead_milli),
            last_rank=one.last_rank,
        )
        for one in sorted(made.lacks, key=lambda one: one.item.item_id.int)
    )


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), sort_keys=True, ensure_ascii=False)


# ---------------------------------------------------------------- letting it count


def _known_posts(tx: Tx, round_id: UUID) -> tuple[PostChoice, ...]:
    """Give the posts of all the round's plans, as the newest knows them."""
    posts: dict[UUID, PostChoice] = {}
    for plan in plans_of(tx, round_id):
        posts.update({post.post_id: post for post in posts_of(tx, plan.id)})
    return tuple(posts.values())


def _promise(
    tx: Tx, the_round: RoundView, wanted: Wanted, early: Early, posts: Sequence[PostChoice], roads: Roads
) -> int:  # fmt: skip
    """Promise what the groups hold, all of it or nothing, and say how many promises that took."""
    if not wanted:
        return 0
    catalogue = sorted({item_id for _, _, item_id in wanted}, key=str)
    shelves = shelves_of(tx, catalogue, the_round.week.last_on, the_round.released)
    names = {one.id: one for one in items(tx, ids=catalogue, with_inactive=True)}
    steps = {item_id: int(one.step_milli) for item_id, one in names.items()}
    try:
        takes = take_all(wanted, early, shelves, posts, roads, steps)
    except NotOnShelves as told:
        short = [
            Shortage(item=names[one.item_id], need_milli=one.need_milli, free_milli=one.hold_milli)
            for one in told.unreached
        ]
        raise PlanShort(sorted(short, key=lambda one: one.item.name_id)) from told
    made = reserve(
        tx,
        ReserveStock(
            lines=tuple(
                ReserveLine(
                    group_key=group_key(take.post_id, take.serve_on), place_id=take.place_id, item_id=take.item_id,
                    quantity_milli=take.quantity_milli, usable_on=take.serve_on,
                )
                for take in takes
            ),
            purpose=PURPOSE, purpose_id=the_round.id, ends_on=the_round.week.last_on + timedelta(days=1),
            met=the_round.released,
        ),
    )  # fmt: skip
    return len(made)
