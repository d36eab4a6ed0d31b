"""Transport areas, closed ways, distances and detours: what is kept of them, and what a plan gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.work import Tx, Work
from logistics.dispatch.queries import post_choices
from logistics.planning.reaching import (
    DETOUR_PERMILLE,
    OUT_OF_REACH,
    Roads,
    Standing,
    needed_means,
    post_metres,
    shuts,
    warehouse_reaches,
)
from logistics.planning.roads import areas, closed_ways, roads_of, said_distances, shut_on
from logistics.planning.states import Means
from logistics.planning.ways import (
    ChangeArea,
    CloseWay,
    DrawArea,
    SayDistance,
    SetDetour,
    change_area,
    close_way,
    draw_area,
    forget_distance,
    open_way,
    remove_area,
    say_distance,
    set_detour,
)
from registry_link.regions.models import Region
from registry_link.regions.states import Level
from tests.logistics.week import MONDAY, OFFICER, Week, a_week
from tests.support.builders import REGENCY, SYSTEM, an_actor
from tests.support.racing import at_once, before_the_first_commits, codes

A, B, C = (f"{REGENCY}.01.200{no}" for no in (1, 2, 3))
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def week(work: Work) -> Week:
    made = a_week(work)
    with work.by(SYSTEM) as tx:
        for code, regency in ((A, REGENCY), (B, REGENCY), (C, REGENCY), ("98.01.01.2001", "98.01")):
            tx.session.add(
                Region(code=code, regency_code=regency, parent_code=None, level=Level.VILLAGE, kind="desa",
                       name=f"Uji {code[-1]}", name_key=code, bps_code=None, bps_name=None, time_zone=None)
            )  # fmt: skip
    return made


def refused(work: Work, act: Callable[[Tx], object], code: str, kind: type[Refused] = Invalid) -> None:
    with pytest.raises(kind) as told, work.by(OFFICER) as tx:
        act(tx)
    assert told.value.code == code


def roads(work: Work) -> Roads:
    with work.read_by(OFFICER) as tx:
        return roads_of(tx, MONDAY)


@pytest.mark.engines("postgresql")
def test_an_area_that_is_changed_while_it_is_removed_leaves_its_villages_to_others(work: Work, week: Week):
    with work.by(OFFICER) as tx:
        area = draw_area(tx, DrawArea(name="Pulau", means=Means.BOAT, village_codes=(A,)))
    more = ChangeArea(area_id=area, name="Pulau", means=Means.BOAT, village_codes=(A, B))
    told = before_the_first_commits(work, OFFICER, lambda tx: change_area(tx, more), lambda tx: remove_area(tx, area))
    assert told is None
    with work.by(OFFICER) as tx:
        draw_area(tx, DrawArea(name="Utara", means=Means.BOAT, village_codes=(A, B)))
    with work.read_by(OFFICER) as tx:
        assert [one.name for one in areas(tx)] == ["Utara"]


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("what", ["way", "detour"])
def test_nothing_is_said_of_an_area_that_is_removed_in_the_same_moment(work: Work, week: Week, what: str):
    with work.by(OFFICER) as tx:
        area = draw_area(tx, DrawArea(name="Pulau", means=Means.BOAT, village_codes=(A,)))

    def say(tx: Tx) -> None:
        if what == "way":
            close_way(tx, CloseWay(warehouse_id=week.near, area_id=area, means=Means.BOAT, reason="ombak besar"))
        else:
            set_detour(tx, SetDetour(area_id=area, permille=1500, source="survei lapangan"))

    told = before_the_first_commits(work, OFFICER, lambda tx: remove_area(tx, area), say)
    assert codes([told]) == ["transport_area.not_found"]


def test_nothing_said_is_one_area_that_every_warehouse_reaches(work: Work, week: Week):
    assert roads(work) == Roads()


def test_a_village_lies_in_one_area_at_most(work: Work, week: Week):
    with work.by(OFFICER) as tx:
        one = draw_area(tx, DrawArea(name="  Pulau   Larat ", means=Means.BOAT, village_codes=(B, A)))
    with work.read_by(OFFICER) as tx:
        (told,) = areas(tx)
    assert (told.name, told.means, told.village_codes) == ("Pulau Larat", Means.BOAT, (A, B))
    assert told.made_by_name == OFFICER.name
    for order, code, kind in (
        (DrawArea(name="Lain", means=Means.BOAT, village_codes=(B,)), "transport_area.village_taken", Conflict),
        (DrawArea(name="Pulau Larat", means=Means.BOAT, village_codes=(C,)), "transport_area.name_taken", Conflict),
        (DrawArea(name="Lain", means=Means.BOAT, village_codes=()), "transport_area.villages_missing", Invalid),
        (DrawArea(name="Lain", means=Means.BOAT, village_codes=("98.01.01.2001",)), "transport_area.no_such_village",
         NotFound),
        (DrawArea(name="x", means=Means.BOAT, village_codes=(C,)), "transport_area.name_missing", Invalid),
    ):  # fmt: skip
        refused(work, lambda tx, order=order: draw_area(tx, order), code, kind)  # type: ignore[misc]
    with work.by(OFFICER) as tx:
        change_area(tx, ChangeArea(area_id=one, name="Pulau Larat", means=Means.BOTH, village_codes=(B, C)))
        remains = draw_area(tx, DrawArea(name="Lembah", means=Means.ROAD, village_codes=(A,)))
        remove_area(tx, one)
    assert [(one.id, one.village_codes) for one in roads(work).areas] == [(remains, (A,))]
    with work.by(OFFICER) as tx:  # its name and villages are free again
        draw_area(tx, DrawArea(name="Pulau Larat", means=Means.BOAT, village_codes=(B,)))


def test_two_who_take_the_same_village_do_not_both_get_it(work: Work, week: Week):
    def draw(name: str) -> UUID:
        with work.by(OFFICER) as tx:
            return draw_area(tx, DrawArea(name=name, means=Means.BOAT, village_codes=(A, B)))

    told = codes(at_once([lambda: draw("Satu"), lambda: draw("Dua"), lambda: draw("Tiga")]))
    assert told[0] == "" and all(code.startswith("transport_area.") for code in told[1:])
    assert len(roads(work).areas) == 1


def test_a_way_is_closed_from_a_day_on_and_opened_by_a_tap(work: Work, week: Week):
    with work.by(OFFICER) as tx:
        island = draw_area(tx, DrawArea(name="Pulau Larat", means=Means.BOTH, village_codes=(A,)))
        by_road = close_way(tx, CloseWay(warehouse_id=week.near, area_id=island, means=Means.ROAD,
                                         reason="longsor di km 12", from_on=MONDAY))  # fmt: skip
    assert roads(work).closed == ()  # the boat still goes
    with work.by(OFFICER) as tx:
        close_way(tx, CloseWay(warehouse_id=week.near, area_id=island, means=Means.BOAT, reason="gelombang tinggi",
                               from_on=TUESDAY, to_on=max(TUESDAY, tx.today)))  # fmt: skip
    assert roads(work).closed == ()
    with work.read_by(OFFICER) as tx:
        (shut,) = shut_on(tx, TUESDAY)
        assert (shut.warehouse.id, shut.area_id, len(shut.ways)) == (week.near, island, 2)
        closed = roads_of(tx, TUESDAY)
    assert warehouse_reaches(closed, [week.far, week.near]).tolist() == [[True, True], [True, False]]
    refused(
        work,
        lambda tx: close_way(tx, CloseWay(warehouse_id=week.near, area_id=island, means=Means.ROAD,
                                          reason="longsor lagi", from_on=TUESDAY)),
        "closed_way.closed_already", Conflict,
    )  # fmt: skip
    with work.by(an_actor(Role.BPBD)) as tx:
        open_way(tx, by_road)
    with work.read_by(OFFICER) as tx:
        assert shut_on(tx, TUESDAY) == ()
        past = {one.id: one for one in closed_ways(tx, with_past=True)}[by_road]
    assert past.opened_by_name == an_actor(Role.BPBD).name
    refused(work, lambda tx: open_way(tx, by_road), "closed_way.open_already", Conflict)


def test_what_is_closed_has_a_reason_and_days_that_can_be(work: Work, week: Week):
    def asked(**more: object) -> CloseWay:
        order: dict[str, object] = {
            "warehouse_id": week.near, "area_id": None, "means": Means.ROAD, "reason": "jembatan putus"
        }  # fmt: skip
        return CloseWay(**(order | more))  # type: ignore[arg-type]

    refused(work, lambda tx: close_way(tx, asked(reason="  ")), "closed_way.reason_missing")
    refused(work, lambda tx: close_way(tx, asked(from_on=TUESDAY, to_on=MONDAY)), "closed_way.days")
    refused(work, lambda tx: close_way(tx, asked(warehouse_id=week.first_post)), "place.not_found", NotFound)
    refused(work, lambda tx: close_way(tx, asked(area_id=week.first_post)), "transport_area.not_found", NotFound)
    with pytest.raises(Forbidden), work.by(an_actor(Role.WAREHOUSE, place_id=week.near)) as tx:
        close_way(tx, asked())
    with work.by(OFFICER) as tx:
        close_way(tx, asked(from_on=MONDAY))
    assert warehouse_reaches(roads(work), [week.near, week.far]).tolist() == [[False], [True]]


def test_a_distance_is_what_was_said_last(work: Work, week: Week):
    order = SayDistance(village_code=A, post_id=week.first_post, metres=4_000, source="Kepala desa")
    with work.by(OFFICER) as tx:
        say_distance(tx, order)
        say_distance(tx, SayDistance(village_code=A, post_id=week.second_post, metres=None, source="Tagana"))
        say_distance(tx, SayDistance(village_code=A, post_id=week.first_post, metres=6_500, source="Tagana"))
    with work.read_by(OFFICER) as tx:
        posts = post_choices(tx)
        told = said_distances(tx)
        metres = post_metres(roads_of(tx, MONDAY), [Standing(village_code=A, lon_deg=131.0, lat_deg=-7.9)], posts)
    assert metres.tolist() == [[6_500, OUT_OF_REACH]]
    with work.by(OFFICER) as tx:
        for one in told:
            forget_distance(tx, one.id)
    assert roads(work).said == ()
    for wrong, code, kind in (
        (SayDistance(village_code=A, post_id=week.near, metres=1, source="Tagana"), "post.not_found", NotFound),
        (SayDistance(village_code=A, post_id=week.first_post, metres=-1, source="Tagana"),
         "said_distance.out_of_range", Invalid),
        (SayDistance(village_code=A, post_id=week.first_post, metres=1, source=" "), "said_distance.source_missing",
         Invalid),
    ):  # fmt: skip
        refused(work, lambda tx, wrong=wrong: say_distance(tx, wrong), code, kind)  # type: ignore[misc]
    refused(work, lambda tx: forget_distance(tx, told[0].id), "said_distance.not_found", NotFound)


def test_many_who_say_a_distance_at_once_leave_one(work: Work, week: Week):
    def say(metres: int) -> None:
        with work.by(OFFICER) as tx:
            say_distance(tx, SayDistance(village_code=A, post_id=week.first_post, metres=metres, source="Tagana"))

    at_once([lambda: say(1_000), lambda: say(2_000), lambda: say(3_000)])
    assert len(roads(work).said) == 1


def test_a_detour_holds_for_its_area_else_the_office_s(work: Work, week: Week):
    with work.by(OFFICER) as tx:
        island = draw_area(tx, DrawArea(name="Pulau Larat", means=Means.BOAT, village_codes=(A,)))
        draw_area(tx, DrawArea(name="Pulau Selaru", means=Means.BOAT, village_codes=(B,)))
    assert roads(work).detour_permille == DETOUR_PERMILLE
    with work.by(OFFICER) as tx:
        set_detour(tx, SetDetour(area_id=None, permille=1500, source="Dinas PU 2025"))
        set_detour(tx, SetDetour(area_id=island, permille=2000, source="jalan lingkar"))
    with work.by(OFFICER) as tx:
        set_detour(tx, SetDetour(area_id=island, permille=1800, source="diukur Tagana"))
    found = roads(work)
    assert found.detour_permille == 1500
    assert {one.name: one.detour_permille for one in found.areas} == {"Pulau Larat": 1800, "Pulau Selaru": 1500}
    refused(work, lambda tx: set_detour(tx, SetDetour(area_id=None, permille=999, source="xxx")), "detour.out_of_range")
    refused(work, lambda tx: set_detour(tx, SetDetour(area_id=None, permille=1000, source="")), "detour.source_missing")


means = st.sampled_from(Means)


@given(st.integers(0, 2), st.integers(0, 2), means, means, st.lists(means, max_size=3))
def test_a_way_is_shut_when_one_of_its_parts_has_nothing_left(
    home: int, there: int, first: Means, second: Means, closed: list[Means]
):
    ids: list[UUID | None] = [None, UUID(int=1), UUID(int=2)]
    leads = {ids[1]: first, ids[2]: second}
    by = {Means.ROAD: {"road"}, Means.BOAT: {"boat"}, Means.BOTH: {"road", "boat"}}
    gone = {one for some in closed for one in by[some]}
    if home == there:
        expected = "road" in gone
    else:
        crossed = [leads[ids[at]] for at in (home, there) if at]
        expected = any(not by[one] - gone for one in crossed)
    assert shuts(needed_means(ids[home], ids[there], {None: Means.ROAD, **leads}), closed) is bool(np.bool_(expected))
