"""Any two versions of an area beside each other: exact after any revisions, with what was served in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actor import Grant, ScopeKind
from core.errors import Refused
from core.work import Tx, Work
from logistics.packages.queries import RoundView, packages, round_by_id
from logistics.packages.states import PackageState
from logistics.zones import affected, commands, comparing, queries, week
from logistics.zones.comparing import Change
from logistics.zones.rules import Count
from logistics.zones.states import AffectedState, CountKind, CountState, Hazard
from tests.flows import line
from tests.support.builders import an_actor

VILLAGES = (line.A, line.B, line.C, line.D, line.E, line.F)
PER_VILLAGE = 12
AT_ONCE = 3
some = st.frozensets(st.sampled_from(VILLAGES), min_size=1, max_size=5)


def listing(flood: line.Flood, codes: frozenset[str], posted: commands.PostedZone | None = None) -> commands.PostZone:
    """The order of an area of whole villages, or its next version."""
    regions = tuple(commands.ListRegion(code=code) for code in sorted(codes))
    order = line.an_area(flood, outline=None, regions=regions)
    return order if posted is None else replace(order, zone_id=posted.zone_id, base_no=posted.no)


def every(work: Work, zone_id: UUID, before: int, after: int, change: Change) -> set[UUID]:
    with work.read_by(line.OFFICER) as tx:
        page = comparing.changed_households(tx, zone_id, before, after, change, limit=500)
    assert len(page.lines) == page.total
    return {one.household_id for one in page.lines}


@pytest.mark.engines("sqlite")
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(some, min_size=2, max_size=8))
def test_any_two_versions_differ_exactly_as_their_sets_do(work: Work, flood: line.Flood, wanted: list[frozenset[str]]):
    name = f"Wilayah {work.ids.new().hex}"
    posted = line.post(work, replace(listing(flood, wanted[0]), name=name))
    for codes in wanted[1:]:
        posted = line.post(work, replace(listing(flood, codes, posted), name=name))
    with work.read_by(line.BPBD) as tx:
        found = {
            (i, j): comparing.compare(tx, posted.zone_id, i, j)
            for i in range(1, len(wanted) + 1) for j in range(i + 1, len(wanted) + 1)
        }  # fmt: skip
    for (i, j), one in found.items():
        old, new = wanted[i - 1], wanted[j - 1]
        by_village = {
            each.village_code: (each.joined.households, each.left.households, each.unchanged.households)
            for each in one.villages
        }
        assert by_village == {
            **dict.fromkeys(new - old, (PER_VILLAGE, 0, 0)), **dict.fromkeys(old - new, (0, PER_VILLAGE, 0)),
            **dict.fromkeys(old & new, (0, 0, PER_VILLAGE)),
        }  # fmt: skip
        assert one.is_complete
        assert one.joined.households - one.left.households == PER_VILLAGE * (len(new) - len(old))


def test_an_area_revised_ten_times_keeps_exact_deltas_and_serves_nobody_twice(work: Work, flood: line.Flood):
    """The same week is planned and sent again between the revisions, and some are served, while the area moves."""
    sets = [frozenset(VILLAGES[i : i + 2]) for i in (0, 1, 2, 1, 0, 2, 0, 1, 0, 2)]
    posted, round_id = None, None
    for number, codes in enumerate(sets):
        posted = line.post(work, listing(flood, codes, posted))
        line.confirm_certain(work, flood.incident_id)
        if number in (0, 4, 9):
            round_id = serve_who_is_new(work, flood, round_id)
    assert posted is not None and round_id is not None
    known = line.households(work)
    of_village = {code: {known[f"H-{n}-{k}"] for k in range(PER_VILLAGE)} for n, code in enumerate(VILLAGES)}
    held = [frozenset[UUID]().union(*(of_village[code] for code in codes)) for codes in sets]
    for i, j in ((1, 10), (2, 9), (4, 8), (9, 10), (3, 3)):
        assert every(work, posted.zone_id, i, j, Change.JOINED) == held[j - 1] - held[i - 1]
        assert every(work, posted.zone_id, i, j, Change.LEFT) == held[i - 1] - held[j - 1]
        assert every(work, posted.zone_id, i, j, Change.UNCHANGED) == held[i - 1] & held[j - 1]
    with work.read_by(line.OFFICER) as tx:
        gone = comparing.compare(tx, posted.zone_id, 1, 10)
        rows = packages(tx, round_id, limit=500).rows
    kept = [one.beneficiary_id for one in rows if one.state is not PackageState.CANCELLED]
    assert set(kept) == frozenset[UUID]().union(*held), "everybody who ever was in it and was confirmed"
    assert len(kept) == len(set(kept)), "each of them has one package"
    served = [one.beneficiary_id for one in rows if one.state is PackageState.HANDED_OVER]
    assert line.valid_count(work, round_id) == len(served) == len(set(served)) == 2 * AT_ONCE, (
        "the third time nobody is new"
    )
    assert gone.left.households == gone.left.loaded + gone.left.handed_over == 24
    assert gone.joined.households == gone.joined.loaded + gone.joined.handed_over == 24


def serve_who_is_new(work: Work, flood: line.Flood, round_id: UUID | None) -> UUID:
    """Plan the week (again), send what it needs and hand out the first packages that are at their posts."""
    if round_id is None:
        round_id = line.plan(work, flood.incident_id).round_id
    else:
        first_on = round_of(work, round_id).week.first_on
        try:
            work.run(line.OFFICER, lambda tx: plan_again(tx, flood, first_on))
        except Refused:
            return round_id
    line.approve(work, round_id)
    line.send_all(work, round_id)
    for one in line.sent_week_of(work).packages[:AT_ONCE]:
        line.hand_over(work, one)
    return round_id


def plan_again(tx: Tx, flood: line.Flood, first_on: date) -> None:
    standard = week.standard_in_force(tx)
    assert standard is not None
    week.plan_week(tx, queries.incident(tx, flood.slug), first_on, standard.id)


def round_of(work: Work, round_id: UUID) -> RoundView:
    with work.read_by(line.OFFICER) as tx:
        return round_by_id(tx, round_id)


def test_who_was_loaded_or_served_before_leaving_is_counted_by_village(work: Work):
    line.a_sent_week(work)
    week = line.sent_week_of(work)
    line.hand_over(work, next(one for one in week.packages if one.row.village_code == line.F))
    flood = line.Flood(incident_id=week.incident_id, slug=week.slug)
    with work.read_by(line.BPBD) as tx:
        (area,) = queries.zones(tx, week.incident_id)
    posted = commands.PostedZone(zone_id=area.zone_id, version_id=area.version_id, no=area.no)
    with work.by(line.BPBD) as tx:
        foreseen = comparing.foresee_post(tx, listing(flood, frozenset({line.A}), posted))
        withdrawn = comparing.foresee_withdrawal(tx, area.zone_id)
    line.post(work, listing(flood, frozenset({line.A}), posted))
    with work.read_by(line.BPBD) as tx:
        found = comparing.compare(tx, area.zone_id, 1, 2)
    gone = next(one for one in found.villages if one.village_code == line.F)
    assert (gone.left.households, gone.left.loaded, gone.left.handed_over) == (12, 11, 1)
    assert (foreseen.joined, foreseen.left, foreseen.unchanged) == (found.joined, found.left, found.unchanged)
    assert foreseen.left_confirmed >= 12
    assert withdrawn.left == found.left + found.unchanged
    with work.read_by(line.OFFICER) as tx:
        still = affected.affected(tx, week.incident_id, state=AffectedState.CONFIRMED, village_code=line.F)
    assert still.total == 12 and not any(one.is_inside for one in still.lines), "confirmed, hence kept and marked"


def test_the_village_operator_sees_the_changes_of_the_own_village_only(work: Work, flood: line.Flood):
    operator = replace(
        an_actor(line.Role.VILLAGE), grants=(Grant(line.Role.VILLAGE, ScopeKind.VILLAGE, line.F),)
    )  # fmt: skip
    posted = line.post(work, listing(flood, frozenset({line.A, line.F})))
    line.post(work, listing(flood, frozenset({line.A}), posted))
    with work.read_by(operator) as tx:
        found = comparing.compare(tx, posted.zone_id, 1, 2)
        page = comparing.changed_households(tx, posted.zone_id, 1, 2, Change.UNCHANGED)
    assert [one.village_code for one in found.villages] == [line.F]
    assert (found.left.households, found.unchanged.households, page.total) == (12, 0, 0)


# ---------------------------------------------------------------- what the database itself keeps

FROZEN: list[tuple[str, str]] = [
    ("zone_version", "UPDATE zone_version SET outline = NULL"),
    ("zone_version", "UPDATE zone_version SET source = 'lain'"),
    ("zone_version", "DELETE FROM zone_version"),
    ("zone_version_region", "UPDATE zone_version_region SET rt = '001'"),
    ("zone_version_region", "DELETE FROM zone_version_region"),
    ("count_report", "UPDATE count_report SET source = 'lain'"),
    ("count_report_line", "DELETE FROM count_report_line"),
    ("incident_change", "DELETE FROM incident_change"),
]


def test_a_posted_version_and_its_reports_cannot_be_changed_in_the_database(work: Work, flood: line.Flood):
    figure = commands.ReportCount(village_code=line.F, kind=CountKind.HOUSEHOLDS, count=Count(CountState.ZERO))
    posted = line.post(work, line.an_area(flood, counts=(figure,)))
    with work.by(line.BPBD) as tx:
        commands.edit_incident(
            tx, commands.EditIncident(incident_id=flood.incident_id, name="Lain", hazard=Hazard.FLOOD)
        )
    for table, statement in FROZEN:
        with pytest.raises(sa.exc.DBAPIError, match=f"append-only: {table}"), work.engine.begin() as connection:
            connection.execute(sa.text(statement))
    # What may change still does: its matching and its withdrawal.
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")


def test_two_areas_posted_at_once_under_two_names_both_stand(work: Work, flood: line.Flood):
    start = threading.Barrier(2)
    outcomes: list[int] = []

    def post(name: str) -> Callable[[], None]:
        def act() -> None:
            start.wait()
            outcomes.append(work.run(line.BPBD, lambda tx: commands.post_zone(tx, line.an_area(flood, name=name))).no)

        return act

    threads = [threading.Thread(target=post(name)) for name in ("Hulu", "Hilir")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with work.read_by(line.BPBD) as tx:
        assert {one.name for one in queries.zones(tx, flood.incident_id)} == {"Hulu", "Hilir"}
    assert outcomes == [1, 1]
