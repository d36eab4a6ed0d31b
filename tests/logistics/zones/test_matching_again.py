"""A new snapshot moves people: areas are matched again by themselves, and nothing that was decided is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from core.work import Tx, Work
from logistics.zones import affected, comparing, queries
from logistics.zones.decreeing import end_decree
from logistics.zones.jobs import match_again, match_apart, match_posted
from logistics.zones.matching import find_matches, keep_matches, outdated_versions, rematch_zone
from logistics.zones.models import ZoneMatch, ZoneMatching
from logistics.zones.states import AffectedState, MatchCause, PhaseAct
from registry_link.households.commands import HouseholdRow, RecordSnapshot, merge_households, record_snapshot
from registry_link.households.drawn import drawn_from
from tests.flows import line
from tests.flows.district import household_rows, squares
from tests.support.builders import SYSTEM

INSIDE, OUTSIDE = "H-0-1", "H-5-1"
"""Two without a position."""


def take_snapshot(work: Work, rows: list[HouseholdRow], on: date = date(2026, 11, 1)) -> None:
    with work.by(SYSTEM) as tx:
        snapshot = record_snapshot(
            tx, RecordSnapshot(source="uji", as_of_on=on, agreement_no="PKS-2", file_name="uji-2.csv")
        )
        merge_households(tx, snapshot, rows)


def the_next() -> list[HouseholdRow]:
    """The district's next list: one household moved out of village A, one moved in from village F."""
    rows = {one.external_id: one for one in household_rows(squares(), 12)}
    villages = [one.code for one in squares()]
    for moved, to in ((INSIDE, villages[5]), (OUTSIDE, villages[0])):
        rows[moved] = replace(rows[moved], village_code=to)
    return list(rows.values())


def only_drawn(flood: line.Flood) -> line.zones.PostZone:
    return line.an_area(flood, regions=())


def matchings(work: Work) -> list[tuple[int, MatchCause, int, int]]:
    with work.read_by(line.OFFICER) as tx:
        rows = tx.session.execute(sa.select(ZoneMatching).order_by(ZoneMatching.no)).scalars()
        return [(one.no, one.cause, one.joined, one.left) for one in rows]


def test_a_new_snapshot_moves_who_is_on_the_list(work: Work, flood: line.Flood):
    line.post(work, only_drawn(flood))
    ids = line.households(work)
    assert match_again(work, SYSTEM) == "", "nothing is outdated yet"
    line.confirm_certain(work, flood.incident_id)
    before = {one.household_id for one in listed(work, flood)}
    assert ids[INSIDE] in before
    assert ids[OUTSIDE] not in before

    take_snapshot(work, the_next())
    assert match_again(work, SYSTEM) == "1 wilayah dicocokkan ulang"
    assert match_again(work, SYSTEM) == ""

    after = {one.household_id: one for one in listed(work, flood)}
    assert after[ids[OUTSIDE]].state is AffectedState.PROPOSED
    stayed = after[ids[INSIDE]]
    assert (stayed.state, stayed.is_inside) == (AffectedState.CONFIRMED, False), "what a person decided stays"
    assert matchings(work) == [(1, MatchCause.POSTED, len(before), 0), (2, MatchCause.REGISTRY, 1, 1)]
    with work.read_by(line.OFFICER) as tx:
        drawn = drawn_from(tx, "zone_version", queries.current_version_ids(tx, flood.incident_id))
        assert [one.agreement_no for one in drawn] == ["PKS-2"]


def test_versions_are_compared_as_they_counted_last(work: Work, flood: line.Flood):
    posted = line.post(work, only_drawn(flood))
    take_snapshot(work, the_next())
    match_again(work, SYSTEM)
    line.post(work, replace(only_drawn(flood), zone_id=posted.zone_id, base_no=1))
    with work.read_by(line.OFFICER) as tx:
        diff = comparing.compare(tx, posted.zone_id, 1, 2)
    assert (diff.joined.households, diff.left.households) == (0, 0), "the same outline over the same registry"


def test_a_closed_incident_is_left_alone(work: Work, flood: line.Flood):
    line.post(work, only_drawn(flood))
    take_snapshot(work, the_next())
    with work.by(line.BPBD) as tx:
        (decree,) = queries.decrees(tx, flood.incident_id)
        end_decree(tx, decree.id, tx.today, "banjir sudah surut")
        line.zones.move_incident(tx, flood.incident_id, PhaseAct.CLOSE)
    with work.read_by(SYSTEM) as tx:
        assert outdated_versions(tx) == ()


def test_whoever_read_before_another_kept_gives_way(work: Work, flood: line.Flood):
    posted = work.run(line.BPBD, lambda tx: line.zones.post_zone(tx, only_drawn(flood)))
    with work.read_by(SYSTEM) as tx:
        early = find_matches(tx, posted.version_id)
    assert match_posted(work, SYSTEM) == "1 wilayah dicocokkan"
    assert work.run(SYSTEM, lambda tx: keep_matches(tx, early)) is None
    assert match_apart(work, SYSTEM, posted.version_id) is False
    assert len(matchings(work)) == 1
    with work.read_by(SYSTEM) as tx:
        kept = tx.session.scalar(sa.select(sa.func.count()).select_from(ZoneMatch))
    assert kept == len(early.matches.household_ids)


def test_what_dies_in_the_middle_is_found_again(work: Work, flood: line.Flood):
    posted = work.run(line.BPBD, lambda tx: line.zones.post_zone(tx, only_drawn(flood)))

    def half(tx: Tx) -> None:
        keep_matches(tx, find_matches(tx, posted.version_id))
        raise ZeroDivisionError

    try:
        work.run(SYSTEM, half)
    except ZeroDivisionError:
        pass
    assert matchings(work) == []
    assert match_posted(work, SYSTEM) == "1 wilayah dicocokkan"
    with work.read_by(line.OFFICER) as tx:
        assert affected.groups(tx, flood.incident_id).is_complete


def test_an_officer_may_have_an_area_matched_again(work: Work, flood: line.Flood):
    posted = line.post(work, only_drawn(flood))
    matched = work.run(line.BPBD, lambda tx: rematch_zone(tx, posted.zone_id))
    assert matched is not None
    assert [one[1:] for one in matchings(work)][1] == (MatchCause.ASKED, 0, 0)
    with work.by(line.BPBD) as tx:
        line.zones.withdraw_zone(tx, posted.zone_id, "salah wilayah")
    assert work.run(line.BPBD, lambda tx: rematch_zone(tx, posted.zone_id)) is None


def listed(work: Work, flood: line.Flood) -> list[affected.AffectedLine]:
    with work.read_by(line.OFFICER) as tx:
        return list(affected.affected(tx, flood.incident_id, limit=500).lines)
