"""SQLite and PostgreSQL keep the same plan, and it is the one that the arithmetic alone gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FixedClock
from core.errors import Refused
from core.work import Work
from logistics.packages.change_queries import lacks_now, lines_now, packages_now
from logistics.packages.rules import People
from logistics.packages.states import PackageState
from logistics.planning.commands import discard_plan, plan_round
from logistics.planning.keeping import inputs_of
from logistics.planning.proposing import Proposed, propose
from logistics.planning.rules import ConfirmedHousehold, PostChoice, Slot
from tests.logistics.week import MONDAY, OFFICER, PLENTY, Week, a_week, household, order
from tests.support.databases import Run, open_for_test

SCARCE = {**PLENTY, "beras": 60, "selimut": 9, "minyak_goreng": 7, "sandang_anak": 2}
VILLAGES = ("99.01.01.2001", "99.01.01.2002", "99.01.02.2001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A package without any id: what has to be the same wherever it is kept."""

    household: UUID
    rank: int
    post: str
    serve_on: date | None
    hours: str
    lines: frozenset[tuple[str, int, int]]
    """Item, exact and rounded; of one that waits none."""
    lacks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One list and one week; the same is asked of both engines."""

    people: tuple[ConfirmedHousehold, ...]
    rooms: tuple[int, int]
    """Households a day at the two posts."""
    has_hours: bool
    closed_on: date | None
    """A day on which the first post does not serve."""
    days: int
    is_fitted: bool


@st.composite
def lists(draw: st.DrawFn) -> Asked:
    def one(no: int) -> ConfirmedHousehold:
        adults, children, infants = draw(st.integers(1, 4)), draw(st.integers(0, 2)), draw(st.integers(0, 1))
        who = People(
            persons=adults + children + infants, adults=adults, children=children + infants, infants=infants,
            elderly=draw(st.integers(0, 1)), women=draw(st.integers(0, adults)), disabled=draw(st.integers(0, 1)),
        )  # fmt: skip
        lon = draw(st.sampled_from([None, 131.0, 131.2, 131.49]))
        return household(
            no, who, village_code=draw(st.sampled_from(VILLAGES)), lon_deg=lon, lat_deg=None if lon is None else -7.9,
            severity=draw(st.integers(0, 2)), is_cut_off=draw(st.booleans()),
            decile=draw(st.none() | st.integers(1, 10)), helped=draw(st.integers(0, 1)),
        )  # fmt: skip

    return Asked(
        people=tuple(one(no) for no in range(draw(st.integers(1, 14)))),
        rooms=(draw(st.integers(1, 6)), draw(st.integers(1, 6))), has_hours=draw(st.booleans()),
        closed_on=draw(st.none() | st.sampled_from([MONDAY, MONDAY + timedelta(days=2)])),
        days=draw(st.sampled_from([2, 7])), is_fitted=draw(st.sampled_from([True, True, False])),
    )  # fmt: skip


@pytest.fixture
def both(run: Run, tmp_path: Path) -> Iterator[tuple[tuple[Work, Week], ...]]:
    """The same week, with too little of some items, on a database of each engine."""
    with ExitStack() as stack:
        made = []
        for kind in ("sqlite", "postgresql"):
            engine = open_for_test(stack.enter_context(run.database(kind, tmp_path)))
            stack.callback(engine.dispose)
            work = Work(engine, FixedClock(datetime(2026, 11, 16, 2, tzinfo=UTC)))
            made.append((work, a_week(work, stock=SCARCE)))
        yield tuple(made)


def as_asked(post: PostChoice, asked: Asked) -> PostChoice:
    is_first = post.code == "T1"
    room = asked.rooms[0 if is_first else 1]
    slots = (
        Slot(starts_at="08:00", ends_at="10:00", households=room),
        Slot(starts_at="10:30", ends_at="12:00", households=1),
    ) if asked.has_hours else ()  # fmt: skip
    return replace(
        post, capacity_per_day=room + len(slots[1:]), slots=slots,
        closed_on=(asked.closed_on,) if is_first and asked.closed_on else (),
    )  # fmt: skip


def planned(work: Work, week: Week, asked: Asked) -> tuple[set[Kept], set[Kept]] | str:
    """Plan it, and give what is kept beside what the arithmetic says to the kept inputs; or why it is refused."""
    ordered = order(work, week, list(asked.people), fit_to_stock=asked.is_fitted, fit_to_posts=True)
    posts = tuple(as_asked(post, asked) for post in ordered.posts)
    codes = {one.post_id: one.code for one in posts}
    items = {item_id: code for code, item_id in week.items.items()}
    window = replace(ordered.window, last_on=MONDAY + timedelta(days=asked.days - 1))
    try:
        with work.by(OFFICER) as tx:
            made = plan_round(tx, replace(ordered, posts=posts, window=window))
    except Refused as refused:
        return refused.code
    with work.read_by(OFFICER) as tx:
        lines, lacks = lines_now(tx, made.round_id), lacks_now(tx, made.round_id)
        kept = {
            Kept(
                household=one.household_id, rank=one.rank, post=codes[one.post_id] if one.post_id else "",
                serve_on=one.serve_on, hours=one.hours,
                lines=frozenset() if one.state is PackageState.WAITING else frozenset(
                    (items[line.item_id], int(line.exact_milli), int(line.quantity_milli)) for line in lines[one.id]
                ),
                lacks=frozenset(items[lack.item_id] for lack in lacks.get(one.id, ())),
            )
            for one in packages_now(tx, made.round_id)
        }  # fmt: skip
        (inputs,) = inputs_of(tx, made.plan_id)
    with work.by(OFFICER) as tx:
        discard_plan(tx, made.round_id)
    return kept, {_pure(row, items) for row in propose(inputs).rows}


def _pure(row: Proposed, items: Mapping[UUID, str]) -> Kept:
    given = {one.item_id for one in row.given}
    lacking = {one.item.item_id for one in row.lacking}
    # Whoever is served without some of it lacks what was not there, and what waits for that.
    lacks = lacking if row.waits else {one.item_id for one in row.need.items} - given
    return Kept(
        household=row.household.household_id, rank=row.rank, post=row.post.code if row.post else "",
        serve_on=row.serve_on, hours=row.post.slots[row.slot].hours if row.post and row.slot is not None else "",
        lines=frozenset((items[one.item_id], int(one.exact_milli), int(one.quantity_milli)) for one in row.given),
        lacks=frozenset(items[one] for one in lacks),
    )  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=lists())
def test_both_engines_keep_the_plan_that_the_arithmetic_gives(both: tuple[tuple[Work, Week], ...], asked: Asked):
    sqlite, postgresql = (planned(work, week, asked) for work, week in both)
    assert sqlite == postgresql
    if not isinstance(sqlite, str):
        kept, said = sqlite
        assert len(kept) == len(asked.people)
        assert kept == said


def test_the_lists_of_this_page_lack_things_wait_and_are_told_hours(both: tuple[tuple[Work, Week], ...]):
    """The property above says something: here are people who are served, who lack an item, and who wait."""
    people = tuple(household(no, People(persons=4, adults=2, children=2), severity=no % 3) for no in range(14))
    asked = Asked(people=people, rooms=(3, 2), has_hours=True, closed_on=MONDAY, days=2, is_fitted=True)
    found = [planned(work, week, asked) for work, week in both]
    assert found[0] == found[1] and not isinstance(found[0], str)
    kept = found[0][0]
    assert {one.hours for one in kept} == {"", "08:00-10:00", "10:30-12:00"}
    assert any(one.lacks and one.lines for one in kept)
    assert any(not one.post for one in kept)
    assert {one.post for one in kept} == {"", "T1", "T2"}
