"""The week of an incident: its confirmed households, brought from the area's list to the plan's.

Areas and plans do not know each other; this is the one place where their two halves meet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import TypedDict
from uuid import UUID

from core.errors import Conflict
from core.measures import Period
from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import post_choices
from logistics.packages.helped import helpings
from logistics.packages.queries import RoundView, opened_at, rounds_of
from logistics.packages.rules import Composition, people_of
from logistics.packages.standard_queries import StandardView, standards
from logistics.packages.states import RoundState, StandardState
from logistics.planning.commands import PlanRound, PlanSummary, plan_round
from logistics.planning.need import RoundNeed, preview_need
from logistics.planning.priority import Priority
from logistics.planning.rules import ConfirmedHousehold, VillagePoint
from logistics.zones import affected
from logistics.zones import queries as zones
from logistics.zones.freezing import ToServe, note_use, to_serve
from logistics.zones.rows import lock_incident_rows, lock_running
from logistics.zones.sheltering import PlaceNow, places_now
from logistics.zones.states import Access, Severity
from logistics.zones.windows import windows
from registry_link.households.ages import thresholds_at
from registry_link.households.queries import compositions, households_by_ids, positions_of
from registry_link.households.rules import Thresholds
from registry_link.matching.points import inner_points
from registry_link.regions.queries import regions

_SEVERITY = {Severity.LIGHT: 1, Severity.MEDIUM: 2, Severity.HEAVY: 3}


def confirmed_households(tx: Tx, incident_id: UUID, on: date) -> tuple[ConfirmedHousehold, ...]:
    """Give the incident's confirmed households as the plan needs them; ages are those of ``on``.

    Where a list is frozen, it is that list. The displaced stand where they are now: they are served there, once.
    """
    return _as_planned(tx, incident_id, to_serve(tx, incident_id), on)


def ages_for(tx: Tx, incident_id: UUID, first_on: date) -> Thresholds:
    """Give the ages that divide people in the week from ``first_on``: an open round keeps those of its opening."""
    rounds = [one for one in rounds_of(tx, incident_id) if one.state is not RoundState.CANCELLED]
    opened = next((one.id for one in rounds if one.week.first_on == first_on), None)
    return thresholds_at(tx, opened_at(tx, opened) if opened is not None else None)


def _as_planned(
    tx: Tx, incident_id: UUID, asked: ToServe, on: date, ages: Thresholds | None = None
) -> tuple[ConfirmedHousehold, ...]:
    lines = asked.lines
    ids = [line.household_id for line in lines]
    known = {one.id: one for one in households_by_ids(tx, ids, purpose="planning")}
    people = {one.household_id: one for one in compositions(tx, ids, on, ages or thresholds_at(tx))}
    homes, away, helped = positions_of(tx, ids), places_now(tx, incident_id), helpings(tx, incident_id)
    return tuple(
        ConfirmedHousehold(
            household_id=line.household_id, code=known[line.household_id].code, village_code=line.village_code,
            composition=people_of(people[line.household_id]), severity=_SEVERITY[line.severity],
            is_cut_off=line.access is Access.CUT_OFF, decile=known[line.household_id].decile,
            helped=helped.get(line.household_id, 0),
            **_where(homes.get(line.household_id), away.get(line.household_id)),
        )
        for line in lines if line.household_id in known
    )  # fmt: skip


class _Where(TypedDict):
    lon_deg: float | None
    lat_deg: float | None
    now_in: str | None


def _where(home: tuple[float, float] | None, away: PlaceNow | None) -> _Where:
    """Give where a household stands: at home, or in its shelter; of a shelter without a position only the village."""
    if away is not None:
        return {"lon_deg": away.lon_deg, "lat_deg": away.lat_deg, "now_in": away.village_code}
    lon_deg, lat_deg = home or (None, None)
    return {"lon_deg": lon_deg, "lat_deg": lat_deg, "now_in": None}


def standard_in_force(tx: Tx) -> StandardView | None:
    """Give the newest approved standard; None when the head has approved none."""
    in_force = [one for one in standards(tx) if one.state is StandardState.APPROVED]
    return max(in_force, key=lambda one: (one.approved_on or date.min, one.created_at), default=None)


def standard_of_week(tx: Tx, incident_id: UUID, first_on: date) -> UUID:
    """Give the standard that a week is planned by: its own once it is planned, else the one in force.

    A version approved in the middle of a week is for the next: nobody gets a second package by it.
    Raises: Conflict where none is in force.
    """
    begun = (one for one in rounds_of(tx, incident_id) if one.week.first_on == first_on)
    for one in begun:
        if one.state not in (RoundState.CANCELLED, RoundState.DRAFT):
            return one.standard_id
    found = standard_in_force(tx)
    if found is None:
        raise Conflict("week.no_standard")
    return found.id


def next_week(tx: Tx, view: zones.IncidentView) -> date | None:
    """Tell on which day the next round of an incident begins; None when no decree leaves room for one.

    The first week begins today, or with the decree when that lies ahead; each later one follows the last.
    """
    if view.window is None:
        return None
    taken = [one for one in rounds_of(tx, view.id) if one.state is not RoundState.CANCELLED]
    if taken:
        first_on = max(one.week.last_on for one in taken) + timedelta(days=1)
    else:
        first_on = max(view.window.first_on, tx.today)
    return first_on if first_on in view.window else None


def plan_week(
    tx: Tx, view: zones.IncidentView, first_on: date, standard_id: UUID, *, fit_to_stock: bool = False,
    fit_to_posts: bool = False, start_over: bool = False, rule: Priority | None = None,
) -> PlanSummary:  # fmt: skip
    """Plan the incident's week from ``first_on`` for everybody confirmed.

    Raises: Conflict without a decree, without confirmed households or without an open post; what ``plan_round`` raises.
    """
    view = lock_with_overlapping(tx, view)
    order, list_id = order_of_week(tx, view, first_on, standard_id)
    done = plan_round(
        tx,
        replace(order, fit_to_stock=fit_to_stock, fit_to_posts=fit_to_posts, start_over=start_over, rule=rule),
    )
    if list_id is not None:
        note_use(tx, list_id, done.plan_id)
    return done


def lock_with_overlapping(tx: Tx, view: zones.IncidentView) -> zones.IncidentView:
    """Keep an incident and those of the same days for this transaction, and give it as it is then.

    Two who plan weeks of such incidents wait for each other: what is durable is given once in all. Raises: NotFound;
    Conflict when it is closed.
    """
    kept: set[UUID] = set()
    # A decree recorded meanwhile may bring another incident into the same days.
    while not (wanted := {view.id, *(one.id for one in overlapping(tx, view))}) <= kept:
        lock_incident_rows(tx, wanted)
        kept |= wanted
        view = zones.incident_by_id(tx, view.id)
    lock_running(tx, view.id)
    return view


def order_of_week(
    tx: Tx, view: zones.IncidentView, first_on: date, standard_id: UUID
) -> tuple[PlanRound, UUID | None]:  # fmt: skip
    """Put together what the week from ``first_on`` is planned from, and the frozen list that it comes from.

    Nothing is written. Raises: Conflict without a decree, without confirmed households or without an open post.
    """
    if view.window is None:
        raise Conflict("week.no_decree")
    asked = to_serve(tx, view.id)
    households = _as_planned(tx, view.id, asked, local_start(view), ages_for(tx, view.id, first_on))
    if not households:
        raise Conflict("week.nobody_confirmed")
    waiting = without_decree(tx, view, first_on, {one.village_code for one in households})
    households = tuple(one for one in households if one.village_code not in waiting)
    if not households:
        raise Conflict("week.no_decree_there", first_on=first_on.isoformat())
    posts = post_choices(tx, [first_on + timedelta(days=no) for no in range(7)])
    if not posts:
        raise Conflict("week.no_post")
    points = inner_points(tx, sorted({one.stands_in for one in households}))
    others = tuple(one.id for one in overlapping(tx, view))
    order = PlanRound(
        incident_id=view.id, first_on=first_on, window=view.window, standard_id=standard_id, households=households,
        posts=posts, overlapping_incident_ids=others,
        village_points=tuple(
            VillagePoint(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in points
        ),
    )  # fmt: skip
    return order, asked.list.id if asked.list is not None else None


def overlapping(tx: Tx, view: zones.IncidentView) -> tuple[zones.IncidentView, ...]:
    """Give the other open incidents whose decree shares days with this one's: what is durable is given once in all."""
    return tuple(
        one for one in zones.incidents(tx, with_closed=False)
        if one.id != view.id and one.window is not None and view.window is not None
        and _overlap(one.window, view.window)
    )  # fmt: skip


def without_decree(tx: Tx, view: zones.IncidentView, day: date, village_codes: Collection[str]) -> frozenset[str]:
    """Give those of the villages where no decree holds on a day: nothing is given there until one is extended."""
    held = windows(tx, view.id, village_codes, day)
    return frozenset(code for code, window in held.items() if window is None or not window.is_open)


def waiting_for_decree(tx: Tx, view: zones.IncidentView, day: date | None) -> tuple[int, tuple[str, ...]]:
    """Count the confirmed households of one's villages where no decree holds on a day, and name those villages."""
    if day is None or not may(tx.actor, "zone.see") or not any(one.region_codes for one in zones.decrees(tx, view.id)):
        return 0, ()
    lines = {one.village_code: one.confirmed for one in affected.by_village(tx, view.id) if one.confirmed}
    codes = without_decree(tx, view, day, lines)
    return sum(lines[code] for code in codes), tuple(one.full_name for one in regions(tx, sorted(codes)))


def preview(tx: Tx, view: zones.IncidentView, standard_id: UUID) -> RoundNeed:
    """Give what everybody confirmed would need for a week, before anything is planned."""
    return preview_with_people(tx, view, standard_id)[0]


def preview_with_people(
    tx: Tx, view: zones.IncidentView, standard_id: UUID
) -> tuple[RoundNeed, tuple[tuple[str, Composition], ...]]:
    """Give what everybody confirmed would need for a week, and the households: village and composition of each."""
    lines = to_serve(tx, view.id).lines
    people = {
        one.household_id: people_of(one)
        for one in compositions(tx, [line.household_id for line in lines], local_start(view), thresholds_at(tx))
    }
    known = tuple((line.village_code, people[line.household_id]) for line in lines if line.household_id in people)
    return preview_need(tx, standard_id, [who for _, who in known]), known


def local_start(view: zones.IncidentView) -> date:
    """Tell the day on which ages count: the first day of the response."""
    return view.window.first_on if view.window else view.today


def current_round(tx: Tx, incident_id: UUID, asked_no: int | None = None) -> RoundView | None:
    """Give the round that is asked for, else the newest that is not cancelled; None when there is none.

    A week that lies ahead does not take the place of the one that is being handed out.
    """
    found = [one for one in rounds_of(tx, incident_id) if one.state is not RoundState.CANCELLED]
    if asked_no is not None:
        found = [one for one in found if one.no == asked_no]
    running = [one for one in found if one.state is RoundState.APPROVED and tx.today in one.week]
    begun = [one for one in found if one.week.first_on <= tx.today] if running else found
    return max(begun, key=lambda one: one.no, default=None)


def weeks(tx: Tx, incident_id: UUID) -> tuple[RoundView, ...]:
    """Give the weeks of an incident that were not cancelled, first to last."""
    return tuple(one for one in rounds_of(tx, incident_id) if one.state is not RoundState.CANCELLED)


def _overlap(one: Period, other: Period) -> bool:
    return one.first_on <= other.last_on and other.first_on <= one.last_on
