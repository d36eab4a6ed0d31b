"""What the map counts is what the list holds: at every zoom, for every reach, before and after every change."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actor import Actor, Role
from core.errors import NotFound
from core.work import Work
from logistics.zones import affected as listing
from logistics.zones import commands, deciding, history, mapping
from logistics.zones.deciding import Decide
from logistics.zones.mapping import Box, MapGroup
from logistics.zones.states import Access, AffectedState, RejectReason, Severity
from registry_link.households.queries import positions_of
from routes.drawing import Extent, Sheet, extent_of
from tests.flows import line
from tests.support.builders import an_actor

HEAD, VILLAGE_A = an_actor(Role.HEAD), an_actor(Role.VILLAGE, village=line.A)


def told(work: Work, flood: line.Flood, actor: Actor = line.OFFICER, zoom: float = 12, box: Box | None = None):
    with work.read_by(actor) as tx:
        return mapping.cells(tx, flood.incident_id, zoom, box)


def by_group(found: mapping.CellsView) -> list[int]:
    return [sum(column) for column in found.counts]


def slowly(work: Work, flood: line.Flood) -> tuple[list[int], int]:
    """Count the list household by household: those with a position by group, and those without."""
    with work.read_by(line.OFFICER) as tx:
        lines = listing.affected(tx, flood.incident_id, limit=500).lines
        places = positions_of(tx, [one.household_id for one in lines])
    counts = Counter(
        MapGroup.CONFIRMED if one.state is AffectedState.CONFIRMED
        else MapGroup.REJECTED if one.state is AffectedState.REJECTED
        else {"certain": MapGroup.CERTAIN, "probable": MapGroup.PROBABLE}.get(one.confidence.value, MapGroup.VERIFY)
        for one in lines if one.household_id in places
    )  # fmt: skip
    return [counts[one] for one in MapGroup], len(lines) - sum(counts.values())


def test_cells_of_every_zoom_hold_the_list_and_follow_what_people_decide(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    counts, unplaced = slowly(work, flood)
    assert sum(counts) and unplaced
    for zoom in (4, 9, 13, 17, 21):
        found = told(work, flood, zoom=zoom)
        assert (by_group(found), found.placed, found.unplaced) == (counts, sum(counts), unplaced)
    line.confirm_certain(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        doubtful = listing.affected(tx, flood.incident_id, state=AffectedState.PROPOSED, limit=500).lines[0]
    with work.by(line.OFFICER) as tx:
        order = Decide(
            incident_id=flood.incident_id, household_ids=(doubtful.household_id,), is_affected=False,
            reject_reason=RejectReason.NOT_AFFECTED,
        )  # fmt: skip
        deciding.decide_affected(tx, order)
    after = told(work, flood)
    assert by_group(after) == slowly(work, flood)[0] != counts
    assert by_group(after)[MapGroup.CONFIRMED] and not by_group(after)[MapGroup.CERTAIN]


def test_who_may_not_see_positions_is_shown_the_middle_of_wider_cells(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    fine, masked, closest = (told(work, flood, one, zoom=21) for one in (line.OFFICER, HEAD, line.BPBD))
    assert fine.side_deg < masked.side_deg < closest.side_deg
    assert by_group(masked) == by_group(fine)
    counted = told(work, flood, line.BPBD, zoom=10)
    for one in (closest, counted):
        assert all(sum(cell) >= mapping.FEWEST for cell in zip(*one.counts, strict=True))
        assert sum(by_group(one)) + one.few == sum(by_group(fine))
    assert counted.lon_deg
    exact = set(zip(fine.lon_deg, fine.lat_deg, strict=True))
    for other in (masked, counted):
        assert not exact & set(zip(other.lon_deg, other.lat_deg, strict=True))
        middle = (other.lon_deg[0] - 90) / other.side_deg % 1
        assert middle == pytest.approx(0.5, abs=0.01)
    for actor in (HEAD, line.BPBD):
        with work.read_by(actor) as tx:
            assert mapping.points(tx, flood.incident_id) is None


def test_points_are_given_only_when_few_and_only_of_ones_own_villages(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with work.read_by(line.OFFICER) as tx:
        every = mapping.points(tx, flood.incident_id)
        assert every is not None
        assert mapping.points(tx, flood.incident_id, most=len(every.group) - 1) is None
        places = positions_of(tx, every.household_ids)
    where = zip(every.household_ids, every.lon_deg, every.lat_deg, strict=True)
    assert {one: places[one] for one in every.household_ids} == {
        one: pytest.approx((lon, lat), abs=1e-7) for one, lon, lat in where
    }
    with work.read_by(VILLAGE_A) as tx:
        own = mapping.points(tx, flood.incident_id)
        shares = mapping.village_shares(tx, flood.incident_id)
    assert own is not None and set(own.household_ids) < set(every.household_ids)
    assert [one.village_code for one in shares] == [line.A]
    assert told(work, flood, VILLAGE_A).placed == len(own.group)


def test_a_view_holds_what_lies_in_it(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    box = Box(west=131.0, south=-8.0, east=131.02, north=-7.98)
    with work.read_by(line.OFFICER) as tx:
        every = mapping.points(tx, flood.incident_id)
        here = mapping.points(tx, flood.incident_id, box)
    assert every and here
    inside = [
        one for one, lon, lat in zip(every.household_ids, every.lon_deg, every.lat_deg, strict=True)
        if box.west <= lon <= box.east and box.south <= lat <= box.north
    ]  # fmt: skip
    assert sorted(here.household_ids) == sorted(inside)
    assert sum(by_group(told(work, flood, box=box))) == len(inside) < len(every.group)


def test_villages_are_shaded_by_the_share_of_their_households(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    with work.read_by(line.OFFICER) as tx:
        shares = {one.village_code: one for one in mapping.village_shares(tx, flood.incident_id)}
        lines = {one.village_code: one for one in listing.by_village(tx, flood.incident_id)}
    assert {code: one.affected for code, one in shares.items()} == {
        code: one.by_name - one.rejected for code, one in lines.items()
    }
    assert (shares[line.A].permille, shares[line.A].tint) == (1000, 4)
    assert line.D not in shares


def test_history_tells_what_stood_at_each_change_and_what_it_moved(work: Work, flood: line.Flood):
    first = line.post(work, line.an_area(flood, access=Access.BOAT))
    smaller = line.an_area(
        flood, zone_id=first.zone_id, base_no=1, outline=line.box(130.995, -8.005, 131.02, -7.98), regions=(),
        severity=Severity.LIGHT,
    )  # fmt: skip
    second = line.post(work, smaller)
    line.post(work, line.an_area(flood, name="Lain", outline=None, regions=(commands.ListRegion(code=line.D),)))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, first.zone_id, "Sudah surut")
    with work.read_by(line.OFFICER) as tx:
        moments = history.moments(tx, flood.incident_id)
        views = [history.moment(tx, flood.incident_id, one.no) for one in moments]
        with pytest.raises(NotFound):
            history.moment(tx, flood.incident_id, 5)
        outlines = history.outlines_of(tx, [first.version_id, second.version_id])
    assert [one.no for one in moments] == [1, 2, 3, 4]
    by_words = {(one.moment.version.name, one.moment.version.no, one.moment.is_withdrawal): one for one in views}
    begun, revised = by_words["Bantaran", 1, False], by_words["Bantaran", 2, False]
    gone, other = by_words["Bantaran", 2, True], by_words["Lain", 1, False]
    assert (begun.left, begun.unchanged) == (0, 0) and begun.joined > revised.unchanged > 0
    assert begun.joined == revised.left + revised.unchanged and revised.joined == 0
    assert (gone.left, gone.joined) == (revised.unchanged, 0)
    assert other.joined == 12
    assert [one.name for one in views[-1].standing if one.zone_id == first.zone_id] == []
    assert set(outlines) == {first.version_id, second.version_id}


@given(
    west=st.floats(95, 140), south=st.floats(-11, 5), across=st.floats(0.001, 3), up=st.floats(0.001, 3),
    wide=st.integers(100, 2000), high=st.integers(100, 2000),
)  # fmt: skip
def test_a_sheet_holds_its_extent_whatever_the_frame(west, south, across, up, wide, high):
    extent = Extent(west=west, south=south, east=west + across, north=south + up)
    sheet = Sheet(extent, wide, high)
    square = json.loads(line.box(extent.west, extent.south, extent.east, extent.north))
    corners = [sheet.place(lon, lat) for lon, lat in square["coordinates"][0]]
    assert all(-0.2 <= x <= wide + 0.2 and -0.2 <= y <= high + 0.2 for x, y in corners)
    reach_x = max(x for x, _ in corners) - min(x for x, _ in corners)
    reach_y = max(y for _, y in corners) - min(y for _, y in corners)
    assert reach_x == pytest.approx(wide, abs=0.5) or reach_y == pytest.approx(high, abs=0.5)
    assert extent_of([square, None]) == extent
    assert 0 < sheet.bar()[0] <= wide / 5 or across < 0.01 or up < 0.01
