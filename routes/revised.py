"""A round worked out anew, whatever it is for: an incident's week, or a term's distribution."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from core.errors import Conflict
from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.packages.queries import RoundView
from logistics.packages.states import RoundState
from logistics.planning.behind import Behind, ListNow, reasons_to_revise
from logistics.planning.queries import draft_of, revision_of
from logistics.planning.revising import RevisionMade, make_revision
from logistics.planning.revision_ground import ReviseRound
from logistics.planning.revision_queries import revision_view
from logistics.planning.rules import VillagePoint
from logistics.programmes.commands import lock_term
from logistics.programmes.queries import TermView
from logistics.programmes.states import TermState, Unit
from logistics.zones import revising
from logistics.zones.week import weeks
from registry_link.matching.points import inner_points
from routes.occasion import Occasion
from routes.term import determined_households, entries_to_serve


def revise(tx: Tx, here: Occasion, the_round: RoundView, without_posts: Collection[UUID] = ()) -> RevisionMade:
    """Work the round out anew, as a draft. Raises: as ``make_revision``, and what stands against its list."""
    if here.incident is not None:
        return revising.revise_week(tx, here.incident, the_round, without_posts)
    assert here.term is not None
    if lock_term(tx, here.term.id) is not TermState.DETERMINED:
        raise Conflict("term.not_determined")
    return make_revision(tx, _order_of_term(tx, here.term, the_round, without_posts))


def behind(tx: Tx, here: Occasion, the_round: RoundView) -> tuple[Behind, ...]:
    """Give why the round's plan is behind what is known now; nothing when it is up to date."""
    if here.incident is not None:
        return revising.behind(tx, here.incident, the_round)
    assert here.term is not None
    if here.term.state is not TermState.DETERMINED:
        return ()
    listed = frozenset(
        one.household_id if one.beneficiary_kind is Unit.HOUSEHOLD else one.beneficiary_id
        for one in entries_to_serve(tx, here.term)
    )
    now = ListNow(beneficiary_ids=listed, posts=post_choices(tx, the_round.week.each()))
    return reasons_to_revise(tx, the_round.id, now)


def _order_of_term(tx: Tx, term: TermView, the_round: RoundView, without_posts: Collection[UUID]) -> ReviseRound:
    households = determined_households(tx, term)
    points = inner_points(tx, sorted({one.stands_in for one in households}))
    return ReviseRound(
        round_id=the_round.id, households=households,
        posts=tuple(one for one in post_choices(tx, the_round.week.each()) if one.post_id not in without_posts),
        village_points=tuple(
            VillagePoint(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in points
        ),
    )  # fmt: skip


def notice_of(tx: Tx, here: Occasion, the_round: RoundView, lang: str) -> dict[str, Any]:
    """Give what stands above an approved plan: what waits for a second person, or why the plan is behind."""
    draft = revision_of(tx, the_round.id)
    is_planner = may(tx.actor, "round.plan")
    more = {} if here.is_term else {"putaran": the_round.no}
    found: dict[str, Any] = {
        "draft": draft, "draft_count": revision_view(tx, draft).packages if draft is not None else 0,
        "reasons": [one.sentence(lang) for one in behind(tx, here, the_round)] if draft is None and is_planner else [],
        "href": here.url("revising.show", **more), "next_draft": None,
    }  # fmt: skip
    if here.incident is not None and is_planner:
        found["next_draft"] = planned_itself(tx, here.incident.id, but=the_round.id)
    return found


def planned_itself(tx: Tx, incident_id: UUID, *, but: UUID | None = None) -> RoundView | None:
    """Give the incident's week that planned itself and waits to be checked; None without one."""
    for one in weeks(tx, incident_id):
        draft = draft_of(tx, one.id) if one.state is RoundState.PLANNED and one.id != but else None
        if draft is not None and draft.planned_itself:
            return one
    return None
