"""Decrees: their days, their areas, their extensions; the response window of any area on any day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Forbidden, Invalid
from core.measures import Period
from core.work import Work
from logistics.packages.queries import packages, rounds_of
from logistics.zones import commands, decreeing, queries, week, windows
from logistics.zones.naming import ListRegion
from logistics.zones.queries import DecreeView, DoubtKind
from logistics.zones.rules import gap_days, read_days, read_number_words, runs_of, short_number, touch, window_of
from logistics.zones.states import Hazard, Phase, PhaseAct
from reports.words import terbilang
from tests.flows import line

DAY_ONE = date(2026, 11, 16)
DISTRICT = "99.01.01"
days = st.integers(min_value=0, max_value=40)
regions = st.sampled_from([(), (DISTRICT,), (line.A,), (line.B, line.D), ("99.01.02",)])


def period(first: int, length: int) -> Period:
    return Period(DAY_ONE + timedelta(days=first), DAY_ONE + timedelta(days=first + length))


def a_view(held: Period, codes: tuple[str, ...]) -> DecreeView:
    return DecreeView(
        id=uuid4(), incident_id=uuid4(), number="1", dated_on=held.first_on, authority="", phase=Phase.RESPONSE,
        period=held, stated=held, days_said=None, days_text="", do_words_differ=False, area_text="", region_codes=codes,
        extends_id=None, extends_number="", gap_days=None, file_id=None, recorded_at=line.MONDAY, recorded_by="",
        ended_on=None, end_reason="", withdrawn_at=None, withdrawn_by=None, withdraw_reason="",
    )  # fmt: skip


@given(st.lists(st.tuples(days, st.integers(0, 20), regions), max_size=6), st.integers(-5, 70),
       st.sampled_from([line.A, line.B, line.C, line.D, DISTRICT, "99.01"]))  # fmt: skip
def test_the_window_is_what_counting_day_by_day_gives(
    stated: list[tuple[int, int, tuple[str, ...]]], offset: int, code: str
):
    day = DAY_ONE + timedelta(days=offset)
    found = windows.window_at([a_view(period(first, length), codes) for first, length, codes in stated], code, day)
    covered = {
        each
        for first, length, codes in stated
        if not codes or any(code == one or code.startswith(one + ".") for one in codes)
        for each in period(first, length).each()
    }
    if not covered:
        assert found is None
        return
    assert found is not None
    start = day
    if day not in covered:
        later = [one for one in covered if one > day]
        start = min(later) if later else max(covered)
    first = last = start
    while first - timedelta(days=1) in covered:
        first -= timedelta(days=1)
    while last + timedelta(days=1) in covered:
        last += timedelta(days=1)
    assert (found.first_on, found.last_on, found.is_open) == (first, last, day in covered)
    assert found.days_left == sum(one >= day for one in found.period.each())
    assert {each for one in found.decrees for each in one.period.each()} == set(found.period.each())


@given(st.lists(st.tuples(days, st.integers(0, 20)), max_size=8))
def test_runs_hold_exactly_the_days_and_have_a_free_day_between_them(stated: list[tuple[int, int]]):
    periods = [period(*one) for one in stated]
    runs = runs_of(periods)
    assert sorted(day for run in runs for day in run.each()) == sorted({day for one in periods for day in one.each()})
    assert all((later.first_on - before.last_on).days > 1 for before, later in pairwise(runs))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_a_chain_of_extensions_without_a_gap_is_one_window_of_the_sum_of_its_days(lengths: list[int]):
    periods, first = [], DAY_ONE
    for length in lengths:
        periods.append(Period(first, first + timedelta(days=length - 1)))
        first += timedelta(days=length)
    assert all(gap_days(before, later) == 0 for before, later in pairwise(periods))
    found = window_of(periods, DAY_ONE)
    assert found is not None and found.days == sum(lengths)


@given(st.integers(1, 999))
def test_a_number_in_words_is_read_as_it_is_written(number: int):
    assert read_number_words(terbilang(number)) == number
    said = read_days(f"{number} ({terbilang(number)}) hari kalender")
    assert said is not None and (said.days, said.is_torn) == (number, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("14 (empat belas) hari", (14, 14)), ("14 hari", (14, None)), ("empat belas", (None, 14)),
        ("14 (Empat Puluh) Hari", (14, 40)), ("21", (21, None)), ("(tujuh) hari", (None, 7)),
        ("sebelas hari", (None, 11)),
        ("seratus dua puluh hari", (None, 120)), ("empatbelas hari", (None, 14)), ("dua minggu", None), ("", None),
        ("belas", None), ("14 (banyak) hari", None),
    ],
)  # fmt: skip
def test_the_length_of_a_decree_is_read_in_digits_and_words(text: str, read: tuple[int | None, int | None] | None):
    said = read_days(text)
    assert (said and (said.digits, said.words)) == read


def test_lists_of_regions_share_ground_when_one_lies_in_the_other():
    assert touch((), (line.A,)) and touch((DISTRICT,), (line.A,)) and touch((line.A,), (DISTRICT,)) and touch((), ())
    assert not touch((line.A,), (line.D,)) and not touch((DISTRICT,), ("99.01.02",))


# ---------------------------------------------------------------- as recorded


def an_sk(flood: line.Flood, **more: object) -> decreeing.RecordDecree:
    order = decreeing.RecordDecree(
        incident_id=flood.incident_id, number="SK 2", dated_on=DAY_ONE, first_on=DAY_ONE, last_on=DAY_ONE
    )
    return replace(order, **more)  # type: ignore[arg-type]


def test_an_extension_holds_where_its_decree_holds_and_each_village_has_its_own_window(work: Work):
    with work.by(line.BPBD) as tx:
        flood = commands.open_incident(tx, commands.OpenIncident(name="Banjir", hazard=Hazard.FLOOD,
                                                                 started_at=line.MONDAY))  # fmt: skip
        here = line.Flood(incident_id=flood.id, slug=flood.slug)
        whole = ListRegion(code="9901022003", name="Contoh F")
        first = decreeing.record_decree(
            tx,
            an_sk(here, number="SK 1", last_on=DAY_ONE + timedelta(days=6), regions=(ListRegion(code=DISTRICT), whole)),
        )
        second = decreeing.record_decree(
            tx, an_sk(here, extends_id=first.id, first_on=DAY_ONE + timedelta(days=7),
                      last_on=DAY_ONE + timedelta(days=13), days_text="14 (empat belas) hari")
        )  # fmt: skip
        decreeing.record_decree(
            tx, an_sk(here, number="SK 3", first_on=DAY_ONE + timedelta(days=20), last_on=DAY_ONE + timedelta(days=22),
                      regions=(ListRegion(code=line.E),))
        )  # fmt: skip
    assert (first.days, second.do_words_differ, second.gap_days) == (7, True, 0)
    with work.read_by(line.OFFICER) as tx:
        now = windows.windows(tx, flood.id, [line.A, line.E, line.F], DAY_ONE + timedelta(days=8))
        view = queries.incident(tx, flood.slug)
        later = windows.window_of_region(tx, flood.id, line.F, DAY_ONE + timedelta(days=14))
    a, e, f = now[line.A], now[line.E], now[line.F]
    assert a is not None and (a.period.days, a.is_open, a.days_left, len(a.decrees)) == (14, True, 6, 2)
    assert a == f
    assert e is not None and (e.is_open, e.days_left, e.first_on) == (False, 3, DAY_ONE + timedelta(days=20))
    assert later is not None and (later.is_open, later.days_left) == (False, 0)
    assert view.window == Period(DAY_ONE, DAY_ONE + timedelta(days=13)), "a gap ends a window"
    assert [(one.kind, one.said, one.counted) for one in view.doubts] == [(DoubtKind.WORDS, 14, 7)]
    assert "7 hari" in view.doubts[0].text("id") and "14" in view.doubts[0].text("en")


def test_a_gap_and_an_overlap_between_a_decree_and_its_extension_are_told(work: Work, flood: line.Flood):
    with work.by(line.BPBD) as tx:
        (one,) = queries.decrees(tx, flood.incident_id)
        late = decreeing.record_decree(
            tx, an_sk(flood, extends_id=one.id, first_on=one.period.last_on + timedelta(days=3),
                      last_on=one.period.last_on + timedelta(days=9))
        )  # fmt: skip
        early = decreeing.record_decree(
            tx, an_sk(flood, number="SK 3", extends_id=one.id, first_on=one.period.last_on,
                      last_on=one.period.last_on + timedelta(days=9))
        )  # fmt: skip
        told = {doubt.number: (doubt.kind, doubt.counted) for doubt in queries.incident(tx, flood.slug).doubts}
    assert (late.gap_days, early.gap_days) == (2, -1)
    assert told == {"SK 2": (DoubtKind.GAP, 2), "SK 3": (DoubtKind.OVERLAP, 1)}


REFUSED = [
    ({"days_text": "dua minggu"}, "decree.days_unread"),
    ({"phase": Phase.CLOSED}, "decree.phase_unfit"),
    ({"extends_id": uuid4()}, "decree.extends_unknown"),
    ({"regions": (ListRegion(code=line.A, name="Contoh F"),)}, "region.code_name_differ"),
    ({"regions": (ListRegion(code=line.A, rw="001"),)}, "decree.below_village"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED, ids=[one[1] for one in REFUSED])
def test_a_decree_that_contradicts_itself_is_refused(
    work: Work, flood: line.Flood, changes: dict[str, object], code: str
):
    with pytest.raises(Invalid) as refused, work.by(line.BPBD) as tx:
        decreeing.record_decree(tx, an_sk(flood, **changes))
    assert refused.value.code == code


def test_a_wrongly_typed_decree_is_withdrawn_its_number_is_free_again_and_it_stays_readable(
    work: Work, flood: line.Flood
):
    with work.by(line.BPBD) as tx:
        (one,) = queries.decrees(tx, flood.incident_id)
        decreeing.withdraw_decree(tx, one.id, "Salah ketik tanggal")
        assert queries.incident(tx, flood.slug).window is None
        decreeing.record_decree(tx, an_sk(flood, number=one.number))
        with pytest.raises(Conflict, match=r"decree\.is_withdrawn"):
            decreeing.withdraw_decree(tx, one.id, "Salah ketik tanggal")
    with work.read_by(line.HEAD) as tx:
        kept = queries.decrees(tx, flood.incident_id, with_withdrawn=True)
        assert {(each.number, each.withdraw_reason) for each in kept} == {
            (one.number, "Salah ketik tanggal"), (one.number, "")
        }  # fmt: skip
    with pytest.raises(Forbidden), work.by(line.HEAD) as tx:
        decreeing.withdraw_decree(tx, kept[0].id, "Salah ketik")


def test_no_open_round_is_left_outside_every_window_and_no_incident_closes_over_one(work: Work):
    line.a_sent_week(work)
    sent = line.sent_week_of(work)
    with work.by(line.BPBD) as tx:
        (one,) = queries.decrees(tx, sent.incident_id)
        for act in (
            lambda: decreeing.withdraw_decree(tx, one.id, "Salah ketik"),
            lambda: decreeing.end_decree(tx, one.id, tx.today, "Dicabut bupati"),
        ):  # fmt: skip
            with pytest.raises(Conflict, match=r"decree\.round_outside"):
                act()
        with pytest.raises(Conflict, match=r"incident\.round_open") as refused:
            commands.move_incident(tx, sent.incident_id, PhaseAct.CLOSE)
        (the_round,) = rounds_of(tx, sent.incident_id)
        assert refused.value.facts["rounds"] == str(the_round.no)
        # The right one is recorded first; then the wrong one may go.
        decreeing.record_decree(
            tx, decreeing.RecordDecree(
                incident_id=sent.incident_id, number="SK 9", dated_on=tx.today, first_on=the_round.week.first_on,
                last_on=the_round.week.last_on,
            )
        )  # fmt: skip
        decreeing.withdraw_decree(tx, one.id, "Salah ketik")


def test_a_week_serves_only_where_a_decree_holds_and_who_waits_is_counted(work: Work):
    with work.by(line.BPBD) as tx:
        opened = commands.open_incident(
            tx, commands.OpenIncident(name="Banjir", hazard=Hazard.FLOOD, started_at=line.MONDAY)
        )
        decreeing.record_decree(
            tx,
            decreeing.RecordDecree(
                incident_id=opened.id, number="SK 1", dated_on=DAY_ONE, first_on=DAY_ONE,
                last_on=DAY_ONE + timedelta(days=6), regions=(ListRegion(code=line.F),),
            ),
        )  # fmt: skip
    flood = line.Flood(incident_id=opened.id, slug=opened.slug)
    line.post(work, line.an_area(flood, outline=None, regions=(ListRegion(code=line.E), ListRegion(code=line.F))))
    assert line.confirm_certain(work, flood.incident_id) == 24
    planned = line.plan(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        view = queries.incident(tx, flood.slug)
        count, villages = week.waiting_for_decree(tx, view, DAY_ONE)
        rows = packages(tx, planned.round_id, limit=100).rows
    assert {one.village_code for one in rows} == {line.F} and len(rows) == 12
    assert (count, len(villages)) == (12, 1)


def test_a_running_decree_keeps_an_incident_open_until_it_is_ended(work: Work, flood: line.Flood):
    with work.by(line.BPBD) as tx:
        (one,) = queries.decrees(tx, flood.incident_id)
        with pytest.raises(Conflict, match=r"incident\.decree_running"):
            commands.move_incident(tx, flood.incident_id, PhaseAct.CLOSE)
        with pytest.raises(Invalid, match=r"decree\.end_unfit"):
            decreeing.end_decree(tx, one.id, one.period.last_on + timedelta(days=1), "Dicabut bupati")
        decreeing.end_decree(tx, one.id, tx.today, "Dicabut bupati")
        view = queries.incident(tx, flood.slug)
        assert (view.day, view.days) == (1, 1)
        assert commands.move_incident(tx, flood.incident_id, PhaseAct.CLOSE, "Selesai") is Phase.CLOSED
        assert [one.after for one in queries.changes(tx, flood.incident_id)] == ["closed"]


def test_decrees_and_villages_that_two_incidents_share_are_shown(work: Work, flood: line.Flood):
    other = line.open_flood(work, "Longsor", days=3)
    for one in (flood, other):
        line.post(work, line.an_area(one))
    with work.read_by(line.OFFICER) as tx:
        (shared,) = windows.shared_decrees(tx, flood.incident_id)
        villages = windows.shared_villages(tx, flood.incident_id)
    assert (shared.incident.id, shared.period.days) == (other.incident_id, 3)
    assert {one.village_code for one in villages} >= {line.A, line.F}
    assert {one.incident.id for one in villages} == {other.incident_id}
    assert next(one.households for one in villages if one.village_code == line.F) == 12


def test_what_is_put_right_in_an_incident_stays_readable(work: Work, flood: line.Flood):
    with work.by(line.BPBD) as tx:
        order = commands.EditIncident(
            incident_id=flood.incident_id, name="Banjir Sungai Contoh", hazard=Hazard.FLASH_FLOOD,
            place_text="Kec. Contoh", reason="Data BPBD",
        )  # fmt: skip
        changed = commands.edit_incident(tx, order)
        assert commands.edit_incident(tx, order) == ()
        view = queries.incident(tx, flood.slug)
    assert (view.name, view.hazard, view.place_text) == ("Banjir Sungai Contoh", "flash_flood", "Kec. Contoh")
    with work.read_by(line.HEAD) as tx:
        kept = {(one.field.value, one.before, one.after) for one in queries.changes(tx, flood.incident_id)}
    assert len(changed) == 3
    assert kept == {
        ("name", line.OCCASION, "Banjir Sungai Contoh"), ("hazard", "flood", "flash_flood"),
        ("place_text", "", "Kec. Contoh"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "short"),
    [("SK 360/12", "360/12"), ("SK No. 5", "5"), ("Sk: 7", "7"), ("SK/banjir", "SK/banjir"), ("SK", "SK"),
     ("360/SK/2026", "360/SK/2026")],
)  # fmt: skip
def test_the_word_before_a_number_is_said_once(number: str, short: str):
    assert short_number(number) == short
