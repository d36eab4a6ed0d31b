"""What a revision changes, and who keeps its place: pure arithmetic, no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.rules import Days, ItemNeed, Need, People
from logistics.planning.differing import Ground, Held, Spot, counted, differences, spot_of, why_not
from logistics.planning.priority import BUILT_IN
from logistics.planning.proposing import Lacking, PlanInputs, Proposal, Proposed
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Slot, Taken
from logistics.planning.states import ChangeKind
from logistics.planning.steadying import steady

MONDAY = date(2026, 11, 16)
DAYS = tuple(MONDAY + timedelta(days=at) for at in range(3))
RICE, OIL = (uuid5(NAMESPACE, name) for name in ("rice", "oil"))
POSTS = tuple(
    PostChoice(
        post_id=uuid5(NAMESPACE, f"post/{no}"), code=f"T{no}", name=f"Titik {no}", capacity_per_day=2,
        village_code="99.01.01.2001", lon_deg=131.0 + no / 10, lat_deg=-7.9,
    )
    for no in (1, 2)
)  # fmt: skip
HOURS = (
    Slot(starts_at="08:00", ends_at="10:00", households=1), Slot(starts_at="10:00", ends_at="12:00", households=1),
)  # fmt: skip
GROUND = Ground(serve_days=DAYS, open_posts=frozenset(post.post_id for post in POSTS))


def item(item_id: UUID, quantity: int) -> ItemNeed:
    return ItemNeed(
        item_id=item_id, exact_milli=Milli(quantity), quantity_milli=Milli(quantity), round_step_milli=Milli(1),
        is_once=False, steps=(),
    )  # fmt: skip


def home(no: int, *, infants: int = 0) -> ConfirmedHousehold:
    return ConfirmedHousehold(
        household_id=uuid5(NAMESPACE, f"household/{no}"), code=f"KEL-{no:06d}", village_code="99.01.01.2001",
        composition=People(persons=2, adults=2, infants=infants), lon_deg=131.0, lat_deg=-7.9,
    )  # fmt: skip


def row(no: int, spot: Spot | None, *, rice: int = 5, oil: int = 2, lacks: tuple[UUID, ...] = (), infants: int = 0):
    """A household as it is proposed: served at a place with what it does not lack, or waiting."""
    need = tuple(item(one, quantity) for one, quantity in ((RICE, rice), (OIL, oil)) if quantity)
    lacking = tuple(
        Lacking(item=one, left_milli=Milli(0), ahead_milli=Milli(0), last_rank=None)
        for one in need
        if one.item_id in lacks
    )
    post = next((post for post in POSTS if spot is not None and post.post_id == spot.post_id), None)
    if post is not None and spot is not None and spot.hours:
        post = replace(post, slots=HOURS)
    slot = next((at for at, one in enumerate(HOURS) if spot is not None and one.hours == spot.hours), None)
    return Proposed(
        household=home(no, infants=infants), rank=no, is_floor=False, need=Need(items=need, given_before=()),
        given=tuple(one for one in need if one.item_id not in lacks) if spot else (), lacking=lacking, post=post,
        serve_on=spot.serve_on if spot else None, slot=slot, metres=100, nearer=None,
        place_in_post=1,
    )  # fmt: skip


def held(no: int, spot: Spot | None, *, rice: int = 5, oil: int = 2, **more: object) -> Held:
    one = home(no)
    goods = {RICE: rice, OIL: oil} if spot else {}
    made = Held(
        package_id=uuid5(NAMESPACE, f"package/{no}"), beneficiary_id=one.beneficiary_id, village_code=one.village_code,
        spot=spot, given={key: value for key, value in goods.items() if value}, people=one.composition,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def at(post: int, day: int, hours: str = "") -> Spot:
    return Spot(post_id=POSTS[post].post_id, serve_on=DAYS[day], hours=hours)


@pytest.mark.parametrize(
    ("before", "after", "kind", "why"),
    [
        (held(1, at(0, 0)), row(1, at(0, 0)), None, ""),
        (held(1, None), row(1, at(0, 0)), ChangeKind.SERVED, "now_there"),
        (held(1, None), row(1, None, lacks=(OIL,)), ChangeKind.RETOLD, "still"),
        (None, row(1, at(0, 0)), ChangeKind.NEW, "listed"),
        (held(1, None, is_out=True), row(1, at(0, 0)), ChangeKind.NEW, "listed_again"),
        (held(1, at(0, 0), oil=0), row(1, at(1, 1)), ChangeKind.MORE, "there_now"),
        (held(1, at(0, 0)), row(1, at(0, 0), lacks=(OIL,)), ChangeKind.FEWER, "gone"),
        (held(1, at(0, 0)), row(1, at(0, 0), rice=4), ChangeKind.FEWER, "had_before"),
        (held(1, at(0, 0), people=People(persons=1, adults=1)), row(1, at(0, 0), rice=9), ChangeKind.MORE, "people"),
        (held(1, at(0, 0)), row(1, None, lacks=(RICE, OIL)), ChangeKind.WAITS, "gone"),
        (held(1, at(0, 0)), row(1, None), ChangeKind.WAITS, "no_room"),
        (held(1, at(0, 0)), row(1, at(0, 1)), ChangeKind.MOVED, "yielded"),
        (held(1, at(0, 0, "08:00-10:00")), row(1, at(0, 0, "10:00-12:00")), ChangeKind.MOVED, "yielded"),
        (held(1, at(0, 0, "07:00-08:00")), row(1, at(0, 0, "08:00-10:00")), ChangeKind.MOVED, "hours_changed"),
        (held(1, at(0, 0)), row(1, at(0, 0, "08:00-10:00")), ChangeKind.MOVED, "hours_changed"),
        (held(1, at(1, 0, "08:00-10:00")), row(1, at(1, 0)), ChangeKind.MOVED, "hours_changed"),
        (held(1, at(0, 0)), None, ChangeKind.OUT, "not_listed"),
        (held(1, None, is_out=True), None, None, ""),
    ],
)  # fmt: skip
def test_each_difference_has_its_name_and_its_reason(before, after, kind, why):
    found = differences([before] if before else [], [after] if after else [], replace(GROUND, hours=_told(after)))
    assert [(one.kind, one.why.code) for one in found] == ([(kind, f"revision.why.{why}")] if kind else [])


def _told(after: Proposed | None) -> dict[UUID, frozenset[str]]:
    """What the posts tell now: the hours of which somebody is given some, else none."""
    slots = after.post.slots if after is not None and after.post is not None else ()
    return {post.post_id: frozenset(one.hours for one in slots) or frozenset({""}) for post in POSTS}


def test_why_a_place_cannot_be_kept_names_what_stands_against_it():
    who, spot = home(1).beneficiary_id, at(0, 0)
    assert why_not(who, spot, GROUND) is None
    cases = {
        "post_closed": replace(GROUND, open_posts=frozenset({POSTS[1].post_id})),
        "day_passed": replace(GROUND, serve_days=DAYS[1:]),
        "day_closed": replace(GROUND, closed_days={POSTS[0].post_id: frozenset({DAYS[0]})}),
        "no_way": replace(GROUND, out_of_reach=frozenset({(who, POSTS[0].post_id)})),
    }
    for code, ground in cases.items():
        told = why_not(who, spot, ground)
        assert told is not None
        assert told.code == f"revision.why.{code}"
        assert differences([held(1, spot)], [row(1, at(1, 1))], ground)[0].why == told


def test_what_was_handed_over_in_part_gets_the_rest_only_when_it_is_there():
    ground = replace(GROUND, completes={home(1).beneficiary_id: (OIL,)})
    assert differences([], [row(1, None, rice=0, lacks=(OIL,))], ground) == ()
    (made,) = differences([], [row(1, at(0, 1), rice=0)], ground)
    assert (made.kind, made.why.item_ids) == (ChangeKind.COMPLETED, (OIL,))
    (gone,) = differences([held(1, at(0, 1), rice=0)], [row(1, None, rice=0, lacks=(OIL,))], ground)
    assert (gone.kind, gone.proposed) == (ChangeKind.OUT, None), "what was handed over already still lacks it"


def test_sentences_alone_are_no_changes():
    found = differences([held(1, None), held(2, at(0, 0))], [row(1, None, lacks=(OIL,)), row(2, at(0, 1))], GROUND)
    assert counted(found) == {ChangeKind.MOVED: 1}


def inputs(households: list[ConfirmedHousehold], posts: tuple[PostChoice, ...], **more: object) -> PlanInputs:
    made = PlanInputs(
        rule=BUILT_IN, lines=(), response=Days(1, 7), serve_days=DAYS, households=tuple(households), posts=posts,
        shelves=(), fit_to_stock=True,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@st.composite
def weeks(draw: st.DrawFn):
    """Posts with and without hours, somebody proposed at each place of them, some with another place before."""
    has_hours = draw(st.booleans())
    hours = HOURS if has_hours else ()
    closed = draw(st.sampled_from([(), (DAYS[1],)]))
    posts = (replace(POSTS[0], slots=hours), replace(POSTS[1], closed_on=closed))
    taken = draw(st.integers(0, 2))
    places = [
        Spot(post_id=post.post_id, serve_on=day, hours=post.slots[place].hours if post.slots else "")
        for post in posts for day in DAYS if day not in post.closed_on for place in range(2)
    ]  # fmt: skip
    held_already = [spot for spot in places if (spot.post_id, spot.serve_on) == (posts[0].post_id, DAYS[0])][:taken]
    for spot in held_already:
        places.remove(spot)
    proposed = draw(st.permutations(places))[: draw(st.integers(0, len(places)))]
    rows = tuple(
        structs.replace(
            row(no, spot, infants=draw(st.integers(0, 1))), post=next(p for p in posts if p.post_id == spot.post_id)
        )
        for no, spot in enumerate(proposed, 1)
    )
    everywhere = [Spot(post_id=post.post_id, serve_on=day, hours=each) for post in posts for day in DAYS
                  for each in ("", "08:00-10:00", "10:00-12:00", "10:30-13:00")]  # fmt: skip
    before = {
        one.household.beneficiary_id: draw(st.sampled_from(everywhere)) for one in rows if draw(st.booleans())
    }  # fmt: skip
    made = inputs([one.household for one in rows], posts, taken=(
        (Taken(post_id=posts[0].post_id, serve_on=DAYS[0], households=taken),) if taken else ()))  # fmt: skip
    return rows, made, before


@given(weeks())
@settings(max_examples=200)
def test_whoever_can_keep_its_place_keeps_it_and_no_place_is_given_twice(week):
    rows, made, before = week
    ground = replace(GROUND, closed_days={post.post_id: frozenset(post.closed_on) for post in made.posts})
    proposal = Proposal(rows=rows, floor_permille=0, largest_floor_permille=0, too_few=None)
    found = steady(proposal, made, before, ground)
    assert [one.household for one in found.rows] == [one.household for one in rows]
    assert [one.given for one in found.rows] == [one.given for one in rows]
    assert all(not one.waits for one in found.rows), "nobody loses its package for another's convenience"
    used = Counter((one.post.post_id, one.serve_on, one.slot) for one in found.rows if one.post)
    for post in made.posts:
        for day in DAYS:
            hours = {key: count for key, count in used.items() if key[:2] == (post.post_id, day)}
            taken = sum(one.households for one in made.taken if (one.post_id, one.serve_on) == (post.post_id, day))
            assert sum(hours.values()) + taken <= (0 if day in post.closed_on else 2)
            assert all(count == 1 for count in hours.values()) or not post.slots
    if [spot_of(one) for one in found.rows] != [spot_of(one) for one in rows]:
        may = [one for one in found.rows if _had(before, one, made)]
        first = next((one for one in may if _had(before, one, made) == before[one.household.beneficiary_id]), may[0])
        assert spot_of(first) == _had(before, first, made), "the first that may keep its place keeps it"


def _had(before, one: Proposed, made: PlanInputs) -> Spot | None:
    """Give the place that one had, where it is still there and free when the first asks for it."""
    spot = before.get(one.household.beneficiary_id)
    post = next((post for post in made.posts if spot and post.post_id == spot.post_id), None)
    if spot is None or post is None or spot.serve_on in post.closed_on:
        return None
    taken = sum(
        each.households for each in made.taken if (each.post_id, each.serve_on) == (post.post_id, spot.serve_on)
    )
    # Whoever held no hours, or some that are told no more, is offered those that begin nearest.
    at = {"": 0, "08:00-10:00": 0, "10:00-12:00": 1, "10:30-13:00": 1}[spot.hours]
    is_full = taken > at if post.slots else taken == 2
    return None if is_full else replace(spot, hours=post.slots[at].hours if post.slots else "")


def test_nothing_moves_where_nothing_has_happened():
    spots = [at(0, 0), at(1, 2), at(0, 1)]
    rows = tuple(row(no, spot) for no, spot in enumerate([at(0, 0), at(0, 0), at(0, 1)], 1))
    before = {one.household.beneficiary_id: spot for one, spot in zip(rows, spots, strict=True)}
    made = inputs([one.household for one in rows], POSTS)
    proposal = Proposal(rows=rows, floor_permille=0, largest_floor_permille=0, too_few=None)
    found = steady(proposal, made, before, GROUND)
    assert [spot_of(one) for one in found.rows] == spots
    standing = [held(no, spot) for no, spot in enumerate(spots, 1)]
    assert differences(standing, found.rows, GROUND) == ()
