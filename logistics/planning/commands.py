"""A round is planned by one person and approved by another; approval reserves everything or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid
from core.measures import Milli, Period, print_quantity, week_from
from core.states import move
from core.work import Tx
from logistics.packages.commands import (
    HOUSEHOLD,
    OpenRound,
    OpenTermRound,
    cancel_open_packages,
    drop_packages,
    drop_waiting,
    load_packages,
    lock_round,
    mark_cancelled,
    mark_round_approved,
    mark_round_cancelled,
    mark_round_closed,
    mark_round_empty,
    mark_round_planned,
    open_round,
    open_term_round,
    ready_packages,
    release_packages,
    reserve_packages,
)
from logistics.packages.queries import (
    RoundView,
    cancelled_in,
    counts_of_plan,
    first_day_of,
    group_sums,
    package,
    placed_in,
    response_days,
    round_by_id,
    round_of_term,
    rounds_of,
    rounds_with_reserved,
)
from logistics.packages.standard_queries import standard
from logistics.packages.states import PackageState, RoundState, StandardState
from logistics.packages.taking_up import taken_up_by
from logistics.planning.approving import may_approve
from logistics.planning.drafting import keep_proposal
from logistics.planning.gathering import Setting, gather, had_before
from logistics.planning.hours import written, written_days
from logistics.planning.keeping import drop_runs
from logistics.planning.models import GroupMovePackage, Plan, PlanPost
from logistics.planning.placing import TooFewPlaces
from logistics.planning.priorities import rule_in_force
from logistics.planning.priority import Priority
from logistics.planning.proposing import PlanInputs, propose
from logistics.planning.queries import PlanView, draft_of, plans_of, posts_of, revision_of, shelves_of
from logistics.planning.roads import roads_of
from logistics.planning.rules import (
    ConfirmedHousehold,
    PostChoice,
    Shelf,
    Short,
    Take,
    VillagePoint,
    Want,
    shorts,
)
from logistics.planning.shelves import NotOnShelves, take_from_shelves
from logistics.planning.states import PLAN_MOVES, PlanAct, PlanState
from registry_link.households.merged import has_merged, survivors_of
from stock.items.queries import ItemView, items
from stock.ledger.rules import UNDER_DECREE
from stock.reservations.commands import (
    ReleaseLine,
    ReleasePart,
    ReserveLine,
    ReserveStock,
    expire_reservations,
    release,
    release_part,
    reserve,
)
from stock.reservations.queries import reservations
from stock.reservations.states import ReservationState

PURPOSE = "round"
_POST = sa.table("post", sa.column("place_id", sa.Uuid()), sa.column("state"))
"""Posts are opened and closed above, by ``dispatch``; here they are kept as they are while households are put there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRound:
    """The week from ``first_on`` for these confirmed households; ``window`` is the decree's, both days included.

    ``households`` may hold those that are planned already: they keep what they have. ``posts`` are the open ones.
    """

    incident_id: UUID
    first_on: date
    window: Period
    standard_id: UUID
    households: tuple[ConfirmedHousehold, ...]
    posts: tuple[PostChoice, ...]
    village_points: tuple[VillagePoint, ...] = ()
    overlapping_incident_ids: tuple[UUID, ...] = ()
    """Other events of the same days: durables given there are not given again."""
    fit_to_stock: bool = False
    """Give only what there is, in the declared order; whoever lacks something is told what and why."""
    fit_to_posts: bool = False
    """Where the posts hold fewer than want a place: let the last by the declared order wait, instead of refusing."""
    start_over: bool = False
    """Throw the draft's packages away first."""
    rule: Priority | None = None
    """The rule to follow; None: the one in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerm:
    """The distribution of a programme's term on these days, for its determined list.

    All beneficiaries are of one kind: households, persons or cards.
    """

    term_id: UUID
    days: Period
    standard_id: UUID
    households: tuple[ConfirmedHousehold, ...]
    posts: tuple[PostChoice, ...]
    village_points: tuple[VillagePoint, ...] = ()
    fit_to_stock: bool = False
    fit_to_posts: bool = False
    start_over: bool = False
    rule: Priority | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """One item of which there is too little for the plan."""

    item: ItemView
    need_milli: Milli
    free_milli: Milli

    @property
    def short_milli(self) -> Milli:
        return Milli(self.need_milli - self.free_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What one call of ``plan_round`` did, and how the draft stands now."""

    round_id: UUID
    plan_id: UUID
    added: int
    """Households that got a post and day now."""
    kept: int
    """Households of the list that had their place already."""
    waiting: int
    """Households of the draft that wait."""
    planned: int
    """Households of the draft with a post and day."""
    in_part: int
    """Households planned now that get some lines of their package and lack others."""
    durables_elsewhere: int
    """Households that get no durables again because another event gave them."""
    shortages: tuple[Shortage, ...]
    """Empty when the draft can be approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    round_id: UUID
    plan_id: UUID
    packages: int
    reservations: int


class PlanShort(Conflict):
    """Nothing was reserved; ``shortages`` names every item that is short."""

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        told = [f"{one.item.name_id} {print_quantity(one.short_milli, one.item.base_unit)}" for one in shortages]
        super().__init__("plan.short", items=", ".join(told))
        self.shortages = tuple(shortages)


class NoPlace(Conflict):
    """Nothing was planned: households of some villages can use only some posts, which hold fewer than they need."""

    def __init__(self, proof: TooFewPlaces) -> None:
        super().__init__(
            "plan.no_place", villages=len(proof.villages), posts=len(proof.posts), need=proof.need, hold=proof.hold,
            short=proof.short, names=", ".join(post.name for post in proof.posts) or "–",
        )  # fmt: skip
        self.proof = proof


def plan_round(tx: Tx, order: PlanRound) -> PlanSummary:
    """Give every confirmed household of the list one package, a post and a day, as a draft; nothing is promised.

    Planned again, it adds those who are not in the round yet; after an approval they become a supplementary plan.
    Raises: Forbidden; NotFound; Invalid without posts or with a household twice; Conflict when nobody is left to plan,
    the week is over, or what ``open_round`` refuses.
    """
    tx.require("round.plan")
    _check(order)
    the_round = _round_for(tx, order)
    lock_round(tx, the_round.id)
    had, elsewhere = had_before(tx, order.incident_id, order.overlapping_incident_ids)
    return _plan(tx, the_round, order, had, elsewhere)


def would_gather(tx: Tx, order: PlanRound) -> PlanInputs:
    """Read what the week would be worked out from if it were planned anew now, without planning it.

    A draft that waits is left out of account; what is approved keeps its places. Raises: Forbidden, Invalid.
    """
    tx.require("round.see")
    _check(order)
    here = next(
        (one for one in rounds_of(tx, order.incident_id)
         if one.week.first_on == order.first_on and one.state is not RoundState.CANCELLED), None,
    )  # fmt: skip
    draft = draft_of(tx, here.id) if here is not None else None
    had, _ = had_before(
        tx, order.incident_id, order.overlapping_incident_ids, but_plan_id=draft.id if draft is not None else None
    )
    gone: frozenset[UUID] = frozenset()
    if here is not None:
        kept = placed_in(tx, here.id, order.standard_id, but_plan_id=draft.id if draft is not None else None)
        gone = kept | cancelled_in(tx, here.id, order.standard_id) | _merged_twins(tx, order, kept, HOUSEHOLD)
    week = here.week if here is not None else week_from(order.first_on, order.window.last_on)
    return gather(
        tx,
        Setting(
            week=week, response=here.days if here is not None else response_days(tx, order.incident_id, week),
            released=UNDER_DECREE, standard_id=order.standard_id, round_id=here.id if here is not None else None,
            but_plan_id=draft.id if draft is not None else None,
        ),
        [one for one in order.households if one.beneficiary_id not in gone], order.posts,
        points=order.village_points, had_before=had, fit_to_stock=order.fit_to_stock, rule=order.rule,
    )  # fmt: skip


def plan_term(tx: Tx, order: PlanTerm) -> PlanSummary:
    """Give every beneficiary of a term's determined list one package, a post and a day, as a draft.

    Planned again, it adds those who are not in it yet. Raises: as ``plan_round``, and Conflict when the distribution is
    closed or its days are others.
    """
    tx.require("round.plan")
    _check(order)
    the_round = round_of_term(tx, order.term_id)
    if the_round is not None and the_round.state is RoundState.DRAFT and the_round.week != order.days:
        # Its draft was thrown away and nothing is left in it: other days are another distribution.
        mark_round_cancelled(tx, the_round.id, "other days")
        the_round = None
    if the_round is None:
        opened = OpenTermRound(term_id=order.term_id, days=order.days, standard_id=order.standard_id)
        the_round = round_by_id(tx, open_term_round(tx, opened))
    elif the_round.state is RoundState.CLOSED:
        raise Conflict("round.cannot_plan", state=the_round.state.value)
    elif the_round.week != order.days:
        raise Conflict(
            "round.other_days", first_on=the_round.week.first_on.isoformat(), last_on=the_round.week.last_on.isoformat()
        )
    lock_round(tx, the_round.id)
    return _plan(tx, the_round, order, {}, frozenset())


def _check(order: PlanRound | PlanTerm) -> None:
    if not order.posts:
        raise Invalid("plan.posts_missing", field="posts")
    if len({one.beneficiary_id for one in order.households}) != len(order.households):
        raise Invalid("plan.household_twice", field="households")


def _merged_twins(
    tx: Tx, order: PlanRound | PlanTerm, placed: frozenset[UUID], kind: str
) -> frozenset[UUID]:  # fmt: skip
    """Give those who get nothing because the household that they were merged with has its package: here or already."""
    if kind != HOUSEHOLD or not has_merged(tx):
        return frozenset()
    listed = placed | {one.beneficiary_id for one in order.households}
    now = survivors_of(tx, sorted(listed))
    served = {now[one] for one in placed if one in now}
    return frozenset(served | {gone for gone, stays in now.items() if stays in listed})


def _plan(
    tx: Tx, the_round: RoundView, order: PlanRound | PlanTerm, had: Mapping[UUID, set[UUID]], elsewhere: frozenset[UUID]
) -> PlanSummary:
    """Plan whoever is new; ``had`` are durables already had, ``elsewhere`` who had them in another event."""
    if revision_of(tx, the_round.id) is not None:
        raise Conflict("revision.waits")
    draft = draft_of(tx, the_round.id)
    if draft is not None and order.start_over:
        _drop(tx, draft.id)
        drop_runs(tx, draft.id)
    kind = order.households[0].beneficiary_kind if order.households else HOUSEHOLD
    placed = placed_in(tx, the_round.id, order.standard_id, kind)
    # Somebody took their package out of this round, with a reason: planning again does not overrule that.
    taken_out = cancelled_in(tx, the_round.id, order.standard_id, kind)
    known = placed | taken_out | _merged_twins(tx, order, placed, kind)
    new = [one for one in order.households if one.beneficiary_id not in known]
    if not new:
        raise Conflict("plan.nobody")
    if not any(day >= tx.today for day in the_round.week.each()):
        raise Conflict("plan.week_over")
    if draft is not None:
        drop_waiting(tx, draft.id, [one.beneficiary_id for one in new])
    rule = order.rule or rule_in_force(tx)
    plan = _draft_for(tx, the_round, draft, order, rule)
    inputs = gather(
        tx,
        Setting(
            week=the_round.week, response=the_round.days, released=the_round.released, standard_id=order.standard_id,
            round_id=the_round.id, plan_id=plan.id, first_rank=counts_of_plan(tx, plan.id).last_rank + 1,
        ),
        new, order.posts, points=order.village_points, had_before=had, fit_to_stock=order.fit_to_stock, rule=rule,
    )  # fmt: skip
    proposal = propose(inputs)
    if proposal.too_few is not None and not order.fit_to_posts:
        raise NoPlace(proposal.too_few)
    keep_proposal(tx, the_round, plan.id, order.standard_id, inputs, proposal)
    if the_round.state is RoundState.DRAFT:
        mark_round_planned(tx, the_round.id)
    after = counts_of_plan(tx, plan.id)
    added = sum(not row.waits for row in proposal.rows)
    tx.note(
        "plan.make", "plan", plan.id, round_id=str(the_round.id), added=added, waiting=after.waiting,
        planned=after.planned, is_fitted=order.fit_to_stock, rule=rule.version,
    )  # fmt: skip
    return PlanSummary(
        round_id=the_round.id, plan_id=plan.id, added=added,
        kept=sum(one.beneficiary_id in placed for one in order.households),
        waiting=after.waiting, planned=after.planned,
        in_part=sum(not row.waits and not row.is_whole for row in proposal.rows),
        durables_elsewhere=len(elsewhere & {one.beneficiary_id for one in new}),
        shortages=shortages_of(tx, the_round, plan.id),
    )  # fmt: skip


def approve_round(tx: Tx, round_id: UUID) -> ApprovedPlan:
    """Approve the round's draft plan and reserve its stock by post and day: all of it or nothing.

    Raises: Forbidden; NotFound; Conflict when there is no draft, who had a hand in it approves, or a day has passed;
    PlanShort naming every item; StockShort when another took the stock in between.
    """
    tx.require("round.approve")
    lock_round(tx, round_id)
    the_round = round_by_id(tx, round_id)
    draft = draft_of(tx, round_id)
    if draft is None:
        raise Conflict("plan.nothing_to_approve")
    if not may_approve(tx, draft):
        raise Conflict("plan.needs_second_person")
    wants = _wants(tx, draft.id)
    first_on = first_day_of(tx, draft.id)
    if first_on is None:
        raise Conflict("plan.nobody_served")
    if first_on < tx.today:
        raise Conflict("plan.days_passed", day=first_on.isoformat())
    shelves = shelves_of(tx, sorted({want.item_id for want in wants}), the_round.week.last_on, the_round.released)
    missing = _shortages(tx, _summed(wants), _free(shelves))
    if missing:
        raise PlanShort(missing)
    takes = _takes(tx, draft.id, wants, shelves, first_on)
    lines = tuple(
        ReserveLine(
            group_key=group_key(take.post_id, take.serve_on), place_id=take.place_id, item_id=take.item_id,
            quantity_milli=take.quantity_milli, usable_on=take.serve_on,
        )
        for take in takes
    )  # fmt: skip
    ends_on = the_round.week.last_on + timedelta(days=1)
    # A term in money alone keeps nothing on a shelf, and no lorry brings it: its packages are ready at once.
    reserved = (
        reserve(
            tx,
            ReserveStock(lines=lines, purpose=PURPOSE, purpose_id=round_id, ends_on=ends_on, met=the_round.released),
        )
        if lines
        else ()
    )
    packages = reserve_packages(tx, draft.id)
    ready_packages(tx, draft.id)
    move(
        tx, Plan, draft.id, PlanAct.APPROVE, PLAN_MOVES,
        reason=f"{packages} packages, {len(reserved)} reservations",
        approved_by=tx.actor.id, approved_by_name=tx.actor.name, approved_at=tx.now,
    )  # fmt: skip
    if the_round.state is RoundState.PLANNED:
        mark_round_approved(tx, round_id)
    return ApprovedPlan(round_id=round_id, plan_id=draft.id, packages=packages, reservations=len(reserved))


def _takes(tx: Tx, plan_id: UUID, wants: Sequence[Want], shelves: Sequence[Shelf], day: date) -> tuple[Take, ...]:
    """Choose the shelves. Raises: Conflict naming what lies where it cannot be brought from."""
    names = {one.id: one for one in items(tx, ids=sorted({want.item_id for want in wants}, key=str))}
    posts = posts_of(tx, plan_id)
    steps = {one.id: int(one.step_milli) for one in names.values()}
    try:
        return take_from_shelves(wants, shelves, posts, roads_of(tx, max(day, tx.today)), steps)
    except NotOnShelves as refused:
        first = refused.unreached[0]
        item = names[first.item_id]
        where = [post.name for post in posts if post.post_id in first.post_ids]
        raise Conflict(
            "plan.out_of_reach", item=item.name_id, posts=", ".join(where),
            short=print_quantity(first.short_milli, item.base_unit), others=len(refused.unreached) - 1,
        ) from refused  # fmt: skip


def discard_plan(tx: Tx, round_id: UUID) -> None:
    """Throw the round's draft plan away with its packages. Raises: Forbidden, NotFound, Conflict."""
    tx.require("round.plan")
    state = lock_round(tx, round_id)
    draft = draft_of(tx, round_id)
    if draft is None:
        raise Conflict("plan.nothing_to_approve")
    dropped = _drop(tx, draft.id)
    drop_runs(tx, draft.id)
    move(tx, Plan, draft.id, PlanAct.DISCARD, PLAN_MOVES, reason=f"{dropped} packages")
    if state is RoundState.PLANNED:
        mark_round_empty(tx, round_id)


def _drop(tx: Tx, plan_id: UUID) -> int:
    """Take back a draft's packages; nobody can undo a move of them any more, of those neither that wait again."""
    tx.session.execute(
        sa.delete(GroupMovePackage)
        .where(GroupMovePackage.package_id.in_(taken_up_by(plan_id)))
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return drop_packages(tx, plan_id)


def cancel_round(tx: Tx, round_id: UUID, reason: str) -> None:
    """Cancel a round that nothing has left for yet: its stock is free again, its packages are cancelled.

    Raises: Forbidden; NotFound; Invalid without a reason; Conflict.
    """
    tx.require("round.approve")
    lock_round(tx, round_id)
    if len(reason.strip()) < 5:
        raise Invalid("round.reason_missing", field="reason")
    mark_round_cancelled(tx, round_id, reason.strip())
    draft = draft_of(tx, round_id) or revision_of(tx, round_id)
    if draft is not None:
        drop_runs(tx, draft.id)
        move(tx, Plan, draft.id, PlanAct.DISCARD, PLAN_MOVES, reason=reason.strip())
    release(tx, PURPOSE, round_id, reason=reason.strip())


def cancel_package(tx: Tx, package_id: UUID, reason: str) -> None:
    """Take one beneficiary's package, or the rest of a partial handover, out of its round.

    What is still reserved for it is free again at once. What has left already goes, or lies, with the load of its post
    and day: the paper of a load that is gone is not rewritten, the goods are the post's own stock from now on and come
    back by a transfer. Where nothing is to follow any more, the others of a load that left in parts are at their post.
    Raises: Forbidden; NotFound; Invalid without a reason; Conflict when it was handed over.
    """
    tx.require("package.cancel")
    if len(reason.strip()) < 5:
        raise Invalid("package.cancel_reason_missing", field="reason")
    # The round before the package, as plans, approvals and loads take them: no load leaves between the two.
    lock_round(tx, package(tx, package_id).row.round_id)
    found = package(tx, package_id)
    mark_cancelled(tx, package_id, reason.strip())
    row = found.row
    if row.state is PackageState.RESERVED and row.post_id is not None and row.serve_on is not None:
        release_part(
            tx,
            ReleasePart(
                purpose=PURPOSE, purpose_id=row.round_id, group_key=group_key(row.post_id, row.serve_on),
                lines=tuple(
                    ReleaseLine(item_id=line.item_id, quantity_milli=line.quantity_milli) for line in found.lines
                ),
                reason=reason.strip(),
            ),
        )  # fmt: skip
        _load_if_all_there(tx, row.round_id, row.post_id, row.serve_on)


def _load_if_all_there(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date) -> None:
    """Say that a group is on its way when a load of it has left, and nothing that it needs is still to follow."""
    group = group_key(post_id, serve_on)
    if reservations(tx, purpose=PURPOSE, purpose_id=round_id, group_key=group):
        return
    if reservations(tx, purpose=PURPOSE, purpose_id=round_id, group_key=group, states=(ReservationState.USED,)):
        load_packages(tx, round_id, post_id, serve_on)


def close_round(tx: Tx, round_id: UUID, reason: str) -> int:
    """End a round: whatever was not handed over is cancelled, what is still reserved is free again.

    Gives how many packages were cancelled. What has left already is the posts' own stock from now on. Who may close it,
    and when, is the caller's to say. Raises: NotFound; Conflict when it was never approved, or is closed.
    """
    lock_round(tx, round_id)
    draft = draft_of(tx, round_id) or revision_of(tx, round_id)
    if draft is not None:
        drop_runs(tx, draft.id)
        move(tx, Plan, draft.id, PlanAct.DISCARD, PLAN_MOVES, reason=reason)
    cancelled = cancel_open_packages(tx, round_id, reason)
    release(tx, PURPOSE, round_id, reason=reason)
    mark_round_closed(tx, round_id, reason)
    return cancelled


def release_ended(tx: Tx) -> int:
    """Say of every package that has not left, and whose reservation the clock has ended, that nothing is promised.

    Gives how many they were. Safe to run twice: what was released is not reserved any more.
    """
    ended = rounds_with_reserved(tx, last_before=tx.today - timedelta(days=1))
    for one in ended:
        lock_round(tx, one.id)
    if ended:
        # In the same act, whichever job comes first: no package is released while its stock is still kept.
        expire_reservations(tx)
    released = 0
    for one in ended:
        count = release_packages(tx, one.id)
        if count:
            tx.note("round.reservation_ended", "round", one.id, no=one.no, packages=count)
        released += count
    return released


def group_key(post_id: UUID, serve_on: date) -> str:
    """Name what leaves together: a post's day."""
    return f"{post_id}/{serve_on.isoformat()}"


def _round_for(tx: Tx, order: PlanRound) -> RoundView:
    """Find the incident's week that begins on the day, or open it."""
    for one in rounds_of(tx, order.incident_id):
        if one.week.first_on == order.first_on and one.state is not RoundState.CANCELLED:
            if one.state is RoundState.CLOSED:
                raise Conflict("round.cannot_plan", state=one.state.value)
            if one.standard_id != order.standard_id:
                chosen = standard(tx, order.standard_id)
                if chosen.state is not StandardState.APPROVED:
                    raise Conflict("standard.not_in_force", state=chosen.state.value)
            return one
    opened = OpenRound(
        incident_id=order.incident_id, first_on=order.first_on, window=order.window, standard_id=order.standard_id
    )
    return round_by_id(tx, open_round(tx, opened))


def _draft_for(
    tx: Tx, the_round: RoundView, draft: PlanView | None, order: PlanRound | PlanTerm, rule: Priority
) -> PlanView:
    """Go on with the draft, or begin the next one; its posts are frozen as they are now."""
    made = {
        "is_fitted": order.fit_to_stock, "rule_version": rule.version, "planned_by": tx.actor.id,
        "planned_by_name": tx.actor.name, "planned_at": tx.now,
    }  # fmt: skip
    if draft is None:
        plan_id = tx.new_id()
        no = max((plan.no for plan in plans_of(tx, the_round.id)), default=0) + 1
        tx.session.execute(
            sa.insert(Plan).values(
                id=plan_id, regency_code=tx.regency_code, round_id=the_round.id, no=no, state=PlanState.DRAFT,
                approved_by=None, approved_by_name=None, approved_at=None, **made,
            )
        )  # fmt: skip
    else:
        plan_id = draft.id
        tx.session.execute(
            sa.update(Plan).where(Plan.id == plan_id).values(**made).execution_options(synchronize_session=False)
        )
    keep_posts(tx, plan_id, order.posts)
    found = draft_of(tx, the_round.id)
    assert found is not None
    return found


def hold_posts(tx: Tx, posts: Sequence[PostChoice]) -> tuple[PostChoice, ...]:
    """Keep posts for this transaction, so that none closes before households stand there; give those still open."""
    held = set(
        tx.session.scalars(
            sa.select(_POST.c.place_id)
            .where(_POST.c.place_id.in_([post.post_id for post in posts]), _POST.c.state == "open")
            .order_by(_POST.c.place_id)
            .with_for_update(read=True)
        )
    )
    return tuple(post for post in posts if post.post_id in held)


def keep_posts(tx: Tx, plan_id: UUID, posts: Sequence[PostChoice]) -> None:
    """Freeze the posts of a plan as they are now. Raises: Conflict when one was closed meanwhile."""
    still_open = hold_posts(tx, posts)
    if len(still_open) != len(posts):
        closed = [post.name for post in posts if post not in still_open]
        raise Conflict("post.closed_meanwhile", posts=", ".join(closed))
    mine = [post.post_id for post in posts]
    tx.session.execute(sa.delete(PlanPost).where(PlanPost.plan_id == plan_id, PlanPost.post_id.in_(mine)))
    tx.session.execute(
        sa.insert(PlanPost),
        [
            {"plan_id": plan_id, "post_id": post.post_id, "capacity_per_day": post.capacity_per_day,
             "village_code": post.village_code, "lon_deg": post.lon_deg, "lat_deg": post.lat_deg,
             "slots": written(post.slots), "closed_on": written_days(post.closed_on)}
            for post in posts
        ],
    )  # fmt: skip


def _wants(tx: Tx, plan_id: UUID) -> tuple[Want, ...]:
    return tuple(
        Want(post_id=one.post_id, serve_on=one.serve_on, item_id=one.item_id, quantity_milli=one.quantity_milli)
        for one in group_sums(tx, plan_id)
    )


def _free(shelves: Sequence[Shelf]) -> dict[UUID, int]:
    free: Counter[UUID] = Counter()
    for shelf in shelves:
        free[shelf.item_id] += shelf.free_milli
    return dict(free)


def shortages_of(tx: Tx, the_round: RoundView, plan_id: UUID) -> tuple[Shortage, ...]:
    """Name what is missing for a draft to be approved now; () when it can be."""
    wanted = _summed(_wants(tx, plan_id))
    shelves = shelves_of(tx, sorted(wanted), the_round.week.last_on, the_round.released)
    return _shortages(tx, wanted, _free(shelves))


def _summed(wants: Sequence[Want]) -> Counter[UUID]:
    wanted: Counter[UUID] = Counter()
    for want in wants:
        wanted[want.item_id] += want.quantity_milli
    return wanted


def _shortages(tx: Tx, wanted: Mapping[UUID, int], free: Mapping[UUID, int]) -> tuple[Shortage, ...]:
    missing: tuple[Short, ...] = shorts(wanted, free)
    names = {one.id: one for one in items(tx, ids=[short.item_id for short in missing])}
    found = [Shortage(item=names[one.item_id], need_milli=one.need_milli, free_milli=one.free_milli) for one in missing]
    return tuple(sorted(found, key=lambda one: one.item.name_id))
