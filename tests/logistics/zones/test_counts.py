"""Reported figures: three-valued, exact or estimate, every report kept, and what cannot be is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Forbidden, Invalid
from core.work import Work
from logistics.zones import affected, commands, counting, counts
from logistics.zones.rules import Count, Doubt, doubts_of, read_count
from logistics.zones.states import CountKind, CountState, PhaseAct
from registry_link.regions.states import CodeSystem
from tests.flows import line

KK, JIWA, MENGUNGSI = CountKind.HOUSEHOLDS, CountKind.PERSONS, CountKind.DISPLACED


def number(value: int, *, about: bool = False) -> Count:
    return Count(CountState.NUMBER, value, about)


def a_figure(kind: CountKind, count: Count, code: str = line.F, **more: object) -> counting.ReportCount:
    return counting.ReportCount(village_code=code, kind=kind, count=count, **more)  # type: ignore[arg-type]


def report(
    work: Work, flood: line.Flood, *figures: counting.ReportCount, hours_ago: int = 1, source: str = "Posko"
) -> counting.ReportedCounts:
    with work.by(line.BPBD) as tx:
        return counting.report_counts(
            tx,
            counting.ReportCounts(
                incident_id=flood.incident_id, observed_at=tx.now - timedelta(hours=hours_ago), source=source,
                counts=figures,
            ),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("± 120", number(120, about=True)), ("+/- 1.204", number(1204, about=True)),
        ("sekitar 80", number(80, about=True)),
        ("1.204", number(1204)), ("NIHIL", Count(CountState.ZERO)), ("dalam  Pendataan", Count(CountState.PENDING)),
        ("± nihil", None), ("12,5", None),
    ],
)  # fmt: skip
def test_a_figure_is_read_as_bpbd_writes_it(text: str, read: Count | None):
    assert read_count(text) == read


known = st.one_of(st.none(), st.builds(number, st.integers(1, 500)), st.just(Count(CountState.ZERO)),
                  st.just(Count(CountState.PENDING)))  # fmt: skip


@given(known, known, known)
def test_a_doubt_is_told_exactly_where_the_figures_contradict_each_other(
    households: Count | None, persons: Count | None, displaced: Count | None
):
    figures = {k: v for k, v in ((KK, households), (JIWA, persons), (MENGUNGSI, displaced)) if v is not None}
    h, p, d = (None if one is None else one.least for one in (households, persons, displaced))
    contradict = (
        (h is not None and p is not None and (bool(h) != bool(p) or h > p or p > 15 * h))
        or (d is not None and p is not None and d > p)
    )  # fmt: skip
    assert bool(doubts_of(figures)) == contradict


def test_households_and_persons_that_changed_places_are_suspected_and_said(work: Work, flood: line.Flood):
    done = report(work, flood, a_figure(KK, number(480)), a_figure(JIWA, number(120)), a_figure(MENGUNGSI, number(200)))
    assert [one.doubt for one in done.doubts] == [Doubt.SWAPPED, Doubt.DISPLACED_EXCEED]
    assert done.doubts[0].reason("id") == "480 KK tetapi hanya 120 jiwa: mungkin KK dan jiwa tertukar."
    assert "120" in done.doubts[1].reason("en") and "{" not in done.doubts[1].reason("en")


def test_every_report_is_kept_and_the_newest_observation_is_shown(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood, counts=(a_figure(KK, number(98)), a_figure(JIWA, number(300)))))
    report(work, flood, a_figure(KK, number(120, about=True)), hours_ago=-0)
    # A report that comes in late does not take the place of a later observation.
    report(work, flood, a_figure(KK, number(10)), a_figure(CountKind.DEAD, Count(CountState.ZERO)), hours_ago=9)
    with work.read_by(line.BPBD) as tx:
        newest = counts.newest_counts(tx, flood.incident_id)[line.F]
        history = counts.figures(tx, flood.incident_id, line.F)
        (village,) = [one for one in affected.by_village(tx, flood.incident_id) if one.village_code == line.F]
    assert newest[JIWA] == number(300)
    assert newest[CountKind.DEAD] == Count(CountState.ZERO)
    assert {one.count.value for one in history if one.kind is KK} == {98, 120, 10}
    assert newest[KK].value in (98, 120)
    assert village.gap == (newest[KK].value or 0) - 12, "twelve by name"


def test_the_figures_of_a_withdrawn_area_stay_readable_and_count_no_more(work: Work, flood: line.Flood):
    posted = line.post(work, line.an_area(flood, counts=(a_figure(KK, number(98)),)))
    with work.by(line.BPBD) as tx:
        commands.withdraw_zone(tx, posted.zone_id, "Salah tempat")
        assert counts.newest_counts(tx, flood.incident_id) == {}
        (kept,) = counts.figures(tx, flood.incident_id)
    assert (kept.is_withdrawn, kept.count.value) == (True, 98)


REFUSED = [
    ((), "Posko", "count.empty"),
    ((a_figure(KK, number(1)),), " ", "count.source_missing"),
    ((a_figure(KK, number(1)), a_figure(KK, number(2))), "Posko", "count.twice"),
    ((a_figure(KK, number(1), name="Contoh A"),), "Posko", "region.code_name_differ"),
    ((a_figure(KK, number(1), code="99.01"),), "Posko", "zone.region_unfit"),
]


@pytest.mark.parametrize(("figures", "source", "code"), REFUSED, ids=[one[2] for one in REFUSED])
def test_a_report_that_cannot_be_is_refused(
    work: Work, flood: line.Flood, figures: tuple[counting.ReportCount, ...], source: str, code: str
):
    with pytest.raises(Invalid) as refused:
        report(work, flood, *figures, source=source)
    assert refused.value.code == code


def test_a_village_of_a_report_may_be_named_by_bps_code_and_name(work: Work, flood: line.Flood):
    report(work, flood, a_figure(KK, number(7), code="9803002", name="contoh f", system=CodeSystem.BPS))
    with work.read_by(line.BPBD) as tx:
        assert set(counts.newest_counts(tx, flood.incident_id)) == {line.F}


def test_figures_come_from_bpbd_or_the_officer_and_not_after_the_end(work: Work, flood: line.Flood):
    order = counting.ReportCounts(
        incident_id=flood.incident_id, observed_at=line.MONDAY, source="Posko", counts=(a_figure(KK, number(1)),)
    )
    with pytest.raises(Forbidden), work.by(line.HEAD) as tx:
        counting.report_counts(tx, order)
    closed = line.open_flood(work, "Selesai", days=1)
    with work.by(line.BPBD) as tx:
        commands.move_incident(tx, closed.incident_id, PhaseAct.CLOSE)
        with pytest.raises(Conflict, match=r"incident\.is_closed"):
            counting.report_counts(tx, counting.ReportCounts(
                incident_id=closed.incident_id, observed_at=line.MONDAY, source="Posko", counts=order.counts
            ))  # fmt: skip
