from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.rules import (
    Basis,
    Days,
    People,
    StandardLine,
    coverage_permille,
    need_of,
    round_up,
    totals_of,
    wrong_lines,
)

WEEK = Days(1, 7)


def item(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


def line(name: str, basis: Basis, rate: int, **more: object) -> StandardLine:
    made = StandardLine(item_id=item(name), basis=basis, rate_milli=Milli(rate), source_id="uji", source_en="test")
    return replace(made, **more)  # type: ignore[arg-type]


KASUR = line("kasur", Basis.HOUSEHOLD, 1000, is_once=True)
SELIMUT = line("selimut", Basis.PERSON, 1000, is_once=True)
SELIMUT_BAYI = line("selimut", Basis.INFANT, 1000, is_once=True)
BERAS = line("beras", Basis.PERSON, 400, is_daily=True)
DEWASA = line("sandang_dewasa", Basis.ADULT, 2000, is_once=True)
ANAK = line("sandang_anak", Basis.CHILD, 2000, is_once=True)
STANDARD = (KASUR, SELIMUT, SELIMUT_BAYI, BERAS, DEWASA, ANAK)

# Father 40, nursing mother 36, child 10, infant 14 months, grandmother 67.
HOUSEHOLD_H = People(persons=5, adults=3, children=2, infants=1, elderly=1, women=2, nursing=1)


def figures(lines: tuple[StandardLine, ...], people: People, days: Days = WEEK) -> dict[UUID, tuple[int, int]]:
    return {one.item_id: (one.exact_milli, one.quantity_milli) for one in need_of(lines, people, days).items}


def test_shares_of_one_item_are_added_as_they_are_and_rounded_up_once():
    rice = uuid5(NAMESPACE, "rice")
    third = [
        StandardLine(item_id=rice, basis=basis, rate_milli=Milli(1000), per_n=3) for basis in (Basis.ADULT, Basis.CHILD)
    ]
    need = need_of(third, People(persons=3, adults=2, children=1), Days(1, 7))
    assert [(one.exact_milli, one.quantity_milli) for one in need.items] == [(1000, 1000)]


def test_the_worked_example_gives_what_the_domain_page_says():
    # Source: domain.md 1.3.
    found = figures(STANDARD, HOUSEHOLD_H)
    assert found == {
        item("kasur"): (1000, 1000),
        item("selimut"): (6000, 6000),
        item("beras"): (14_000, 14_000),
        item("sandang_dewasa"): (6000, 6000),
        item("sandang_anak"): (4000, 4000),
    }
    extra = (
        line("kasur", Basis.PERSON, 1000),
        line("air_minum", Basis.PERSON, 2500, is_daily=True, round_step_milli=Milli(500)),
        line("energi", Basis.PERSON, 2_100_000, is_daily=True),
        line("family_kit", Basis.PERSON, 1000, per_n=5),
        BERAS,
        line("beras", Basis.NURSING, 2000),
    )
    assert figures(extra, HOUSEHOLD_H) == {
        item("kasur"): (5000, 5000),
        item("air_minum"): (87_500, 87_500),
        item("energi"): (73_500_000, 73_500_000),
        item("family_kit"): (1000, 1000),
        item("beras"): (16_000, 16_000),
    }


def test_the_fixed_package_of_2020_covers_71_percent_of_the_rice_of_household_h():
    assert coverage_permille(10_000, 14_000) == 714
    assert coverage_permille(5, 0) == 1000


def test_rounding_at_the_household_and_at_the_village_differ_and_the_surplus_is_shown():
    # Source: domain.md 1.3, the rounding trap: 3 households of 4 in bags of 5 kg.
    bag = Milli(5000)
    by_bag = (replace(BERAS, round_step_milli=bag),)
    four = People(persons=4, adults=4)
    needs = [need_of(by_bag, four, WEEK) for _ in range(3)]
    assert [need.items[0].exact_milli for need in needs] == [11_200] * 3
    (total,) = totals_of(needs)
    assert (total.exact_milli, total.quantity_milli, total.surplus_milli) == (33_600, 45_000, 11_400)
    assert round_up(total.exact_milli, bag) == 35_000


def test_a_staged_rate_changes_on_its_day_and_a_second_week_starts_where_the_first_ended():
    # Source: domain.md 1.1, clean water: 7 l for three days, then 15 l.
    water = (
        line("air", Basis.PERSON, 7000, is_daily=True, to_day=3),
        line("air", Basis.PERSON, 15_000, is_daily=True, from_day=4),
    )
    one = People(persons=1, adults=1)
    assert figures(water, one)[item("air")] == (81_000, 81_000)
    assert figures(water, one, Days(8, 14))[item("air")] == (105_000, 105_000)
    assert figures(water, one, Days(1, 2))[item("air")] == (14_000, 14_000)


def test_durables_given_before_are_left_out_and_named():
    need = need_of(STANDARD, HOUSEHOLD_H, Days(8, 14), given={item("kasur"), item("selimut"), item("beras")})
    assert need.given_before == (item("kasur"), item("selimut"))
    # Rice is not durable: having had it is no reason not to get it again.
    assert [one.item_id for one in need.items] == [item("beras"), item("sandang_dewasa"), item("sandang_anak")]


def test_a_line_counts_only_where_its_condition_holds():
    hygiene = (line("hygiene", Basis.HOUSEHOLD, 1000, condition=Basis.WOMAN, condition_least=2),)
    assert figures(hygiene, HOUSEHOLD_H)
    assert not figures(hygiene, replace(HOUSEHOLD_H, women=1))


def test_a_rate_per_month_stays_a_whole_number_of_thousandths():
    # 250 g of soap a person a month: a week of it is 58.33 g; five persons 291.67 g, up to the thousandth of a kg.
    soap = (line("sabun", Basis.PERSON, 250, is_daily=True, per_n=30, round_step_milli=Milli(1)),)
    assert figures(soap, People(persons=1, adults=1))[item("sabun")] == (59, 59)
    assert figures(soap, HOUSEHOLD_H)[item("sabun")] == (292, 292)


def test_every_figure_is_the_sum_of_its_steps_and_each_step_can_be_worked_out_again():
    for one in need_of(STANDARD, HOUSEHOLD_H, WEEK).items:
        assert one.exact_milli == sum(step.exact_milli for step in one.steps)
        for step in one.steps:
            assert step.exact_milli * step.per_n == step.count * (step.days or 1) * step.rate_milli
            assert step.source_id and step.source_en


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (replace(BERAS, item_id=item("nowhere")), "standard.unknown_item"),
        (replace(BERAS, rate_milli=Milli(0)), "standard.not_positive"),
        (replace(BERAS, per_n=0), "standard.not_positive"),
        (replace(BERAS, from_day=4, to_day=3), "standard.days_reversed"),
        (replace(KASUR, round_step_milli=Milli(500)), "standard.step_not_issuable"),
        (replace(BERAS, source_en=" "), "standard.source_missing"),
        (replace(SELIMUT_BAYI, is_once=False), "standard.item_disagrees"),
    ],
)
def test_a_line_that_cannot_be_is_found(wrong: StandardLine, code: str):
    steps = {one.item_id: Milli(1000) for one in STANDARD} | {item("beras"): Milli(100)}
    assert wrong_lines(STANDARD, steps) is None
    assert wrong_lines((*STANDARD, wrong), steps) == (len(STANDARD), code)


# ---------------------------------------------------------------- properties

small = st.integers(0, 12)


@st.composite
def people(draw: st.DrawFn) -> People:
    adults, children = draw(st.integers(1, 12)), draw(small)
    persons = adults + children
    return People(
        persons=persons,
        adults=adults,
        children=children,
        infants=draw(st.integers(0, children)),
        elderly=draw(st.integers(0, adults)),
        women=draw(st.integers(0, persons)),
        pregnant=draw(st.integers(0, 2)),
        nursing=draw(st.integers(0, 2)),
        disabled=draw(st.integers(0, persons)),
    )


@st.composite
def standards(draw: st.DrawFn) -> tuple[StandardLine, ...]:
    lines = []
    for name in "abcd":
        step = Milli(draw(st.sampled_from([1, 100, 500, 1000, 5000])))
        is_once = draw(st.booleans())
        for _ in range(draw(st.integers(0, 3))):
            from_day = draw(st.integers(1, 10))
            lines.append(
                StandardLine(
                    item_id=item(name),
                    basis=draw(st.sampled_from(Basis)),
                    rate_milli=Milli(draw(st.integers(1, 50_000))),
                    per_n=draw(st.integers(1, 40)),
                    is_daily=draw(st.booleans()),
                    condition=draw(st.sampled_from([None, *Basis])),
                    from_day=from_day,
                    to_day=draw(st.sampled_from([None, from_day, from_day + 5])),
                    round_step_milli=step,
                    is_once=is_once,
                    source_id="uji",
                    source_en="test",
                )
            )
    return tuple(lines)


@given(standards(), st.lists(people(), max_size=8))
def test_exact_and_rounded_totals_always_reconcile(lines: tuple[StandardLine, ...], crowd: list[People]):
    needs = [need_of(lines, one, WEEK) for one in crowd]
    for total in totals_of(needs):
        rows = [one for need in needs for one in need.items if one.item_id == total.item_id]
        step = rows[0].round_step_milli
        assert total.households == len(rows)
        assert total.exact_milli == sum(one.exact_milli for one in rows)
        assert total.quantity_milli == total.exact_milli + sum(one.surplus_milli for one in rows)
        assert total.quantity_milli % step == 0
        assert 0 <= total.surplus_milli < step * len(rows)


@given(standards(), people(), st.sampled_from(list(People.__dataclass_fields__)))
def test_one_more_person_of_any_kind_never_gets_a_household_less(
    lines: tuple[StandardLine, ...], before: People, field: str
):
    after = replace(before, **{field: getattr(before, field) + 1})
    less, more = figures(lines, before), figures(lines, after)
    for item_id, (exact, quantity) in less.items():
        assert more[item_id][0] >= exact
        assert more[item_id][1] >= quantity


@given(standards(), people(), st.integers(1, 20), st.integers(1, 20))
def test_one_more_day_never_gets_a_household_less(
    lines: tuple[StandardLine, ...], who: People, first: int, length: int
):
    shorter = figures(lines, who, Days(first, first + length - 1))
    longer = figures(lines, who, Days(first, first + length))
    for item_id, (exact, quantity) in shorter.items():
        assert longer[item_id][0] >= exact
        assert longer[item_id][1] >= quantity


@given(standards(), people())
def test_nothing_of_the_arithmetic_is_a_float(lines: tuple[StandardLine, ...], who: People):
    for one in need_of(lines, who, WEEK).items:
        assert type(one.exact_milli) is int
        assert type(one.quantity_milli) is int
