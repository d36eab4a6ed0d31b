"""The arithmetic of moving a group: nobody is lost, nothing is over capacity, the way back leads where it began."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from logistics.packages.cell_queries import CellPackage
from logistics.packages.states import PackageState
from logistics.planning.distances import UNKNOWN_M
from logistics.planning.groups import (
    Choice,
    Held,
    choose,
    fingerprint,
    given_back,
    hours_for,
    refill,
    refusals,
    walking,
)
from logistics.planning.rules import PostChoice, Slot

MONDAY = date(2026, 11, 16)
WEEK = tuple(MONDAY + timedelta(days=day) for day in range(7))
STATES = (PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED, PackageState.HANDED_OVER)
HOURS = st.lists(st.integers(1, 6), max_size=4)


def package(
    no: int, *, state: PackageState = PackageState.PLANNED, hours: str = "", village: str = "A"
) -> CellPackage:  # fmt: skip
    return CellPackage(
        id=UUID(int=no), plan_id=UUID(int=6), code=f"PKT-{no}", household_id=UUID(int=1000 + no), village_code=village,
        persons=no % 5 + 1, is_vulnerable=no % 3 == 0, state=state, rank=no, hours=hours, reason_code="x",
        reason_facts="{}",
    )  # fmt: skip


def at(hour: int) -> str:
    """The hours that a post tells at this place of its day, where it has so many."""
    return f"{8 + hour:02}:00-{9 + hour:02}:00"


def a_post(capacity: int, hours: list[int] | None = None) -> PostChoice:
    slots = tuple(
        Slot(starts_at=f"{8 + at:02}:00", ends_at=f"{9 + at:02}:00", households=each)
        for at, each in enumerate(hours or ())
    )
    return PostChoice(
        post_id=UUID(int=7), code="T", name="Titik", capacity_per_day=sum(hours) if hours else capacity, slots=slots
    )  # fmt: skip


cells = st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from("AB")), max_size=12).map(
    lambda rows: [package(no, state=state, village=village) for no, (state, village) in enumerate(rows, 1)]
)


@given(cells, st.sampled_from(["", "A", "B"]), st.none() | st.integers(1, 15))
def test_who_goes_and_who_stays_are_everybody(cell: list[CellPackage], village: str, last: int | None):
    group = choose(cell, Choice(village_code=village, last=last))
    mine = [one for one in cell if not village or one.village_code == village]
    movable = [one for one in mine if one.state in (PackageState.PLANNED, PackageState.RESERVED)]
    assert group.loaded + group.served == len(mine) - len(movable)
    assert list(group.going) == (movable if last is None else movable[-last:])
    assert group.persons + sum(one.persons for one in cell if one not in group.going) == sum(
        one.persons for one in cell
    )


@given(cells, st.integers(1, 15), HOURS, st.lists(st.integers(-1, 3), max_size=10), st.none() | st.integers(0, 4))
def test_a_move_that_is_not_refused_keeps_within_the_day_and_every_hour(
    cell: list[CellPackage], capacity: int, hours: list[int], there: list[int], hour: int | None
):
    target = a_post(capacity, hours)
    # Some hold hours that the post tells no more, some none.
    taken = Counter("" if one < 0 else at(one) for one in there)
    group = choose(cell, Choice())
    wanted = [None if hour is None else at(hour)] * len(group.going)
    found = refusals(
        group=group, target=target, serve_on=WEEK[2], week=WEEK, today=MONDAY, taken=taken, wanted=wanted,
        is_same_spot=False,
    )  # fmt: skip
    if found:
        return
    given_hours = hours_for(target, taken, wanted)
    after = taken + Counter(given_hours)
    assert len(given_hours) == len(group.going)
    assert sum(after.values()) <= target.capacity_per_day
    assert set(given_hours) <= {one.hours for one in target.slots} or not hours
    assert all(after[at(no)] <= max(each, taken[at(no)]) for no, each in enumerate(hours))
    # And back: into the hours they had, which nobody has taken meanwhile.
    origin = a_post(len(cell))
    stays = Counter(one.hours for one in cell if one not in group.going)
    back = refusals(
        group=group, target=origin, serve_on=MONDAY, week=WEEK, today=MONDAY, taken=stays,
        wanted=[one.hours for one in group.going], is_same_spot=False, goes_back=True,
    )  # fmt: skip
    assert back == ()
    assert hours_for(origin, stays, [one.hours for one in group.going]) == [one.hours for one in group.going]


def test_each_refusal_has_its_sentence():
    group = choose([package(1), package(2)], Choice())
    post = replace(a_post(5, [1, 4]), closed_on=(WEEK[3],))

    def codes(**more: object) -> list[str]:
        asked = {
            "group": group, "target": post, "serve_on": WEEK[2], "week": WEEK, "today": WEEK[1], "taken": {},
            "wanted": [None, None], "is_same_spot": False,
        }  # fmt: skip
        return [one.code for one in refusals(**(asked | more))]  # type: ignore[arg-type]

    assert codes() == []
    assert codes(serve_on=WEEK[0]) == ["board.day_passed"]
    assert codes(serve_on=WEEK[6] + timedelta(days=1)) == ["board.outside_week"]
    assert codes(serve_on=WEEK[3]) == ["board.closed_day"]
    assert codes(taken={at(0): 1, at(1): 3}) == ["board.over_capacity"]
    assert codes(wanted=[at(0), at(0)]) == ["board.hour_full"]
    assert codes(wanted=[at(2), at(2)]) == ["board.no_hour"]
    assert codes(wanted=[at(2), at(2)], goes_back=True) == [], "as it was, whatever the post tells since"
    assert codes(is_same_spot=True) == ["board.same_place"]
    assert codes(is_same_spot=True, wanted=[at(1), at(1)]) == []
    assert codes(target=None) == ["board.post_closed"]
    assert codes(group=choose([package(1, state=PackageState.LOADED)], Choice())) == ["board.nobody"]


ITEMS, PLACES = (UUID(int=1), UUID(int=2)), (UUID(int=11), UUID(int=12), UUID(int=13))
SHELVES = st.dictionaries(st.tuples(st.sampled_from(PLACES), st.sampled_from(ITEMS)), st.integers(0, 50))


@given(SHELVES, SHELVES, st.dictionaries(st.sampled_from(ITEMS), st.integers(1, 100)))
def test_goods_follow_from_the_shelves_they_had_and_none_is_asked_for_more_than_it_has(
    was: dict[tuple[UUID, UUID], int], free: dict[tuple[UUID, UUID], int], need: dict[UUID, int]
):
    found = refill(need, was, free, {one: str(one) for one in PLACES})
    for item, wanted in need.items():
        mine = {place: quantity for place, each, quantity in found.takes if each == item}
        there = sum(quantity for (_, each), quantity in free.items() if each == item)
        assert sum(mine.values()) + found.short.get(item, 0) == wanted
        assert all(quantity <= free[place, item] for place, quantity in mine.items())
        assert bool(found.short.get(item)) == (there < wanted)
        at_home = sum(min(was.get((place, item), 0), free.get((place, item), 0)) for place in PLACES)
        stays = sum(min(quantity, was.get((place, item), 0)) for place, quantity in mine.items())
        assert stays == min(wanted, at_home)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ITEMS), st.integers(1, 9)), max_size=8),
       st.dictionaries(st.sampled_from(ITEMS), st.integers(1, 30)))  # fmt: skip
def test_what_a_promise_gives_back_is_never_more_than_it_kept(
    rows: list[tuple[UUID, UUID, int]], need: dict[UUID, int]
):
    held = [
        Held(place_id=place, item_id=item, quantity_milli=quantity, expires_on=None, id=UUID(int=at))
        for at, (place, item, quantity) in enumerate(rows)
    ]
    back = given_back(held, need)
    for item in ITEMS:
        kept = sum(one.quantity_milli for one in held if one.item_id == item)
        assert sum(each for (_, one), each in back.items() if one == item) == min(kept, need.get(item, 0))


def test_walking_is_told_household_by_household_and_the_unknown_are_counted_apart():
    found = walking([100, 500, 300, UNKNOWN_M, 200], [400, 200, -1, 900, UNKNOWN_M + 1])
    assert (found.farther, found.nearer, found.out_of_reach, found.unknown) == (1, 1, 1, 2)
    assert (found.longest_before_m, found.longest_after_m, found.mean_before_m, found.mean_after_m) == (
        500, 400, 300, 300,
    )  # fmt: skip
    assert walking((), ()).longest_after_m is None


def test_the_fingerprint_changes_with_whatever_the_consequences_rest_on():
    cell, there, post = (package(1), package(2)), (package(3),), a_post(5, [2, 3])
    seen = fingerprint((cell, there), post)
    assert seen == fingerprint((cell, there), post)
    others = (
        fingerprint((cell[:1], there), post),
        fingerprint((cell, ()), post),
        fingerprint(((replace(cell[0], state=PackageState.RESERVED), cell[1]), there), post),
        fingerprint(((replace(cell[0], hours="08:00-09:00"), cell[1]), there), post),
        fingerprint((cell, there), replace(post, capacity_per_day=4)),
        fingerprint((cell, there), replace(post, closed_on=(MONDAY,))),
        fingerprint((cell, there), None),
    )
    assert len({seen, *others}) == len(others) + 1
