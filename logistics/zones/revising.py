"""A week that is behind: the areas' list, posts and decrees as they are now, brought to the plan's revision."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.packages.queries import RoundView
from logistics.planning.behind import Behind, ListNow, reasons_to_revise
from logistics.planning.revising import RevisionMade, make_revision
from logistics.planning.revision_ground import ReviseRound
from logistics.planning.rules import PostChoice
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.freezing import note_use, to_serve
from logistics.zones.models import AffectedHousehold
from logistics.zones.states import AffectedState


def order_of_revision(
    tx: Tx, view: zones.IncidentView, the_round: RoundView, without_posts: Collection[UUID] = ()
) -> ReviseRound:
    """Put together what a week is worked out anew from; ``without_posts`` are posts that are not to be used any more.

    Nothing is written. Raises: Conflict without a decree, without confirmed households or without an open post.
    """
    return _order(tx, view, the_round, without_posts)[0]


def revise_week(
    tx: Tx, view: zones.IncidentView, the_round: RoundView, without_posts: Collection[UUID] = ()
) -> RevisionMade:
    """Work an incident's week out anew for everybody who is to be served now.

    Raises: Conflict when the incident is closed; what ``order_of_revision`` and ``make_revision`` raise.
    """
    view = week.lock_with_overlapping(tx, view)
    order, list_id = _order(tx, view, the_round, without_posts)
    made = make_revision(tx, order)
    if list_id is not None:
        note_use(tx, list_id, made.plan_id)
    return made


def _order(
    tx: Tx, view: zones.IncidentView, the_round: RoundView, without_posts: Collection[UUID]
) -> tuple[ReviseRound, UUID | None]:
    order, list_id = week.order_of_week(tx, view, the_round.week.first_on, the_round.standard_id)
    ended = _without_decree(tx, view, the_round, {one.village_code for one in order.households})
    why_out = _decided(tx, view.id)
    why_out |= {one.beneficiary_id: "revision.why.no_decree" for one in order.households if one.village_code in ended}
    made = ReviseRound(
        round_id=the_round.id,
        households=tuple(one for one in order.households if one.village_code not in ended),
        posts=tuple(post for post in order.posts if post.post_id not in without_posts),
        village_points=order.village_points, overlapping_incident_ids=order.overlapping_incident_ids, why_out=why_out,
    )  # fmt: skip
    return made, list_id


def behind(tx: Tx, view: zones.IncidentView, the_round: RoundView) -> tuple[Behind, ...]:
    """Give why the plan of an incident's week is behind what is known now; nothing when it is up to date."""
    if view.window is None or the_round.week.last_on < tx.today:
        return ()
    lines = to_serve(tx, view.id).lines
    ended = _without_decree(tx, view, the_round, {line.village_code for line in lines})
    now = ListNow(
        beneficiary_ids=frozenset(line.household_id for line in lines if line.village_code not in ended),
        posts=post_choices(tx, the_round.week.each()),
    )
    return reasons_to_revise(tx, the_round.id, now)


def posts_now(tx: Tx, the_round: RoundView) -> tuple[PostChoice, ...]:
    """Give the posts that may serve now, with the days of the round on which they are closed."""
    return post_choices(tx, the_round.week.each())


def _without_decree(
    tx: Tx, view: zones.IncidentView, the_round: RoundView, village_codes: Collection[str]
) -> frozenset[str]:
    return week.without_decree(tx, view, max(tx.today, the_round.week.first_on), village_codes)


def _decided(tx: Tx, incident_id: UUID) -> dict[UUID, str]:
    """Tell whom somebody found not to be affected, and whom the areas have left."""
    rows = tx.session.execute(
        sa.select(AffectedHousehold.household_id, AffectedHousehold.state).where(
            AffectedHousehold.incident_id == incident_id,
            AffectedHousehold.state.in_((AffectedState.REJECTED, AffectedState.LEFT)),
        )
    )
    codes = {AffectedState.REJECTED: "revision.why.rejected", AffectedState.LEFT: "revision.why.left"}
    return {row.household_id: codes[row.state] for row in rows}


def next_to_plan(tx: Tx, view: zones.IncidentView) -> date | None:
    """Tell the first day of the week that should be planned by now: the day before the last one ends.

    None while that is ahead, where the last one was never approved (its draft is a person's to finish or to throw
    away), or where no decree reaches beyond it.
    """
    found = week.weeks(tx, view.id)
    if not found or view.window is None or tx.today < found[-1].week.last_on - timedelta(days=1):
        return None
    first_on = week.next_week(tx, view)
    was_approved = found[-1].approved_at is not None
    return first_on if was_approved and first_on is not None and first_on + timedelta(days=6) >= tx.today else None
