"""Two affected households that turn out to be one are counted, confirmed and served once."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.errors import Conflict
from core.work import Work
from logistics.packages.queries import cancelled_in, placed_in
from logistics.zones import affected as areas
from logistics.zones import week
from logistics.zones.queries import incident_by_id
from registry_link.households.queries import codes_of_households
from registry_link.identity import commands as identity
from registry_link.identity.states import Verdict
from tests.flows import line


def merged(work: Work, stays: UUID, gone: UUID) -> UUID:
    """Merge two households, by two people, and give their pair."""
    with work.by(line.OFFICER) as tx:
        codes = codes_of_households(tx, [stays, gone])
        pair_id = identity.name_pair(tx, identity.NamePair(first_code=codes[stays], second_code=codes[gone]))
    decide(work, pair_id, Verdict.MERGE, stays)
    return pair_id


def decide(work: Work, pair_id: UUID, verdict: Verdict, stays: UUID | None = None) -> None:
    with work.by(line.OFFICER) as tx:
        proposal = identity.propose(
            tx, identity.Propose(pair_id=pair_id, verdict=verdict, survivor_id=stays, reason="Satu rumah, satu dapur.")
        )
    with work.by(line.SECOND) as tx:
        identity.approve(tx, proposal)


def listed(work: Work, flood: line.Flood) -> tuple[int, int, int]:
    """Count the affected: by group, on the list, confirmed for the plan."""
    with work.read_by(line.OFFICER) as tx:
        return (
            areas.groups(tx, flood.incident_id).total, areas.affected(tx, flood.incident_id).total,
            len(areas.confirmed(tx, flood.incident_id)),
        )  # fmt: skip


def test_who_was_merged_is_counted_and_confirmed_once(work: Work, flood: line.Flood) -> None:
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    total, on_list, confirmed = listed(work, flood)
    with work.read_by(line.OFFICER) as tx:
        one, other = (found.household_id for found in areas.confirmed(tx, flood.incident_id)[:2])
    pair_id = merged(work, one, other)
    assert listed(work, flood) == (total - 1, on_list - 1, confirmed - 1)
    decide(work, pair_id, Verdict.UNDO)
    assert listed(work, flood) == (total, on_list, confirmed)


def test_where_only_the_merged_one_is_affected_the_one_that_stays_is_served(work: Work, flood: line.Flood) -> None:
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        found = areas.confirmed(tx, flood.incident_id)
    affected = {one.household_id for one in found}
    dry = next(one for one in line.households(work).values() if one not in affected)
    merged(work, dry, found[0].household_id)
    with work.read_by(line.OFFICER) as tx:
        now = {one.household_id for one in areas.confirmed(tx, flood.incident_id)}
    assert now == affected - {found[0].household_id} | {dry}
    assert line.plan(work, flood.incident_id).planned == len(affected)


def test_a_package_of_one_is_the_package_of_both(work: Work, flood: line.Flood) -> None:
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        found = areas.confirmed(tx, flood.incident_id)
    dry = next(one for one in line.households(work).values() if one not in {each.household_id for each in found})
    made = line.plan(work, flood.incident_id)
    merged(work, dry, found[0].household_id)
    with work.read_by(line.OFFICER) as tx:
        view = incident_by_id(tx, flood.incident_id)
        standard = week.standard_in_force(tx)
        assert standard is not None
        served = placed_in(tx, made.round_id, standard.id)
        assert not cancelled_in(tx, made.round_id, standard.id)
    with pytest.raises(Conflict, match=r"plan\.nobody"), work.by(line.OFFICER) as tx:
        week.plan_week(tx, view, view.today, standard.id)
    with work.read_by(line.OFFICER) as tx:
        assert placed_in(tx, made.round_id, standard.id) == served and dry not in served
