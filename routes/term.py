"""A term of a programme: its determined list brought to the plan, and its papers put together from both halves.

Lists and handovers do not know each other; this is where they meet (as ``routes/week.py`` does for incidents).
"""

from __future__ import annotations

from core.errors import Conflict, Invalid
from core.measures import Period
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.packages.rules import People
from logistics.planning.commands import PlanSummary, PlanTerm, plan_term
from logistics.planning.rules import ConfirmedHousehold, VillagePoint
from logistics.programmes.queries import TermView, frozen_list
from logistics.programmes.states import TermState, Unit
from registry_link.households.queries import compositions, positions_of
from registry_link.matching.points import inner_points

MOST_DAYS = 31
_ONE = People(persons=1, adults=1)
"""A package for a person or a card is for one, whoever else lives there."""


def determined_households(tx: Tx, term: TermView) -> tuple[ConfirmedHousehold, ...]:
    """Give a term's determined list as the plan needs it; ages are those of the day of the determination."""
    entries = frozen_list(tx, term.id)
    ids = list(dict.fromkeys(one.household_id for one in entries))
    people = {one.household_id: one for one in compositions(tx, ids, term.decree_on or tx.today)}
    places = positions_of(tx, ids)
    return tuple(
        ConfirmedHousehold(
            household_id=one.household_id, code=one.who.household_code if one.who else str(one.entry_id),
            village_code=one.village_code, beneficiary_kind=one.beneficiary_kind.value,
            person_or_card_id=None if one.beneficiary_kind is Unit.HOUSEHOLD else one.beneficiary_id,
            composition=people[one.household_id] if one.beneficiary_kind is Unit.HOUSEHOLD else _ONE,
            lon_deg=places.get(one.household_id, (None, None))[0],
            lat_deg=places.get(one.household_id, (None, None))[1], decile=one.decile,
        )
        for one in entries
    )  # fmt: skip


def plan_the_term(
    tx: Tx, term: TermView, days: Period, *, fit_to_stock: bool = False, start_over: bool = False
) -> PlanSummary:
    """Plan the distribution of a determined term on these days.

    Raises: Invalid for more than 31 days; Conflict when the list is not determined, or without an open post; what
    ``plan_term`` raises.
    """
    if term.state is not TermState.DETERMINED:
        raise Conflict("term.not_determined")
    if days.days > MOST_DAYS:
        raise Invalid("term.too_many_days", field="last_on", most=MOST_DAYS)
    households = determined_households(tx, term)
    posts = post_choices(tx)
    if not posts:
        raise Conflict("week.no_post")
    points = inner_points(tx, sorted({one.village_code for one in households}))
    return plan_term(
        tx,
        PlanTerm(
            term_id=term.id, days=days, standard_id=term.standard_id, households=households, posts=posts,
            fit_to_stock=fit_to_stock, start_over=start_over,
            village_points=tuple(
                VillagePoint(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in points
            ),
        ),
    )  # fmt: skip
