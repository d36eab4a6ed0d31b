from __future__ import annotations

import itertools
from dataclasses import replace
from uuid import uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import NAMESPACE
from core.measures import Milli
from logistics.packages.packing import Pack, choose_packs, fit, held
from logistics.packages.rules import Basis, Days, People, StandardLine, need_of, totals_of, wrong_lines

WEEK = Days(1, 7)
RICE = uuid5(NAMESPACE, "beras")


def bag(kilograms: int) -> Pack:
    return Pack(name=f"karung {kilograms} kg", quantity_milli=Milli(kilograms * 1000))


BY_BAGS = StandardLine(
    item_id=RICE, basis=Basis.PERSON, rate_milli=Milli(400), is_daily=True, round_step_milli=Milli(100),
    source_id="uji", source_en="test", packs=(bag(5), bag(10)),
)  # fmt: skip


def told(exact: int, *packs: Pack) -> list[tuple[int, str]]:
    return [(one.count, one.pack.name) for one in choose_packs(exact, packs)]


def test_fourteen_kilograms_are_a_ten_and_a_five():
    assert told(14_000, bag(5), bag(10)) == [(1, "karung 10 kg"), (1, "karung 5 kg")]
    assert told(10_000, bag(5), bag(10)) == [(1, "karung 10 kg")]
    assert told(1, bag(5), bag(10)) == [(1, "karung 5 kg")]
    assert told(0, bag(5)) == []


def test_the_least_surplus_counts_before_the_fewest_packs():
    # 12 kg: one bag of 25 is fewer, but leaves 13 kg over; three of 4 fit exactly.
    assert told(12_000, bag(25), bag(4), bag(10)) == [(3, "karung 4 kg")]
    # Taking the biggest first (25 + 1 × 4 …) is not the best: 30 = 10 + 20.
    assert told(30_000, bag(25), bag(20), bag(10)) == [(1, "karung 20 kg"), (1, "karung 10 kg")]


def test_a_household_gets_whole_packs_and_the_surplus_is_shown():
    five = People(persons=5, adults=5)
    (rice,) = need_of((BY_BAGS,), five, WEEK).items
    assert (rice.exact_milli, rice.quantity_milli, rice.surplus_milli) == (14_000, 15_000, 1000)
    assert [(one.count, one.pack.name) for one in rice.packs] == [(1, "karung 10 kg"), (1, "karung 5 kg")]


def test_the_rounding_trap_in_packs_of_five_kilograms():
    # Source: domain.md 1.3: 3 households of 4 need 33,6 kg; in packs at the household 45 kg, for the village 35 kg.
    by_fives = (replace(BY_BAGS, packs=(bag(5),)),)
    needs = [need_of(by_fives, People(persons=4, adults=4), WEEK) for _ in range(3)]
    (total,) = totals_of(needs)
    assert (total.exact_milli, total.quantity_milli, total.surplus_milli) == (33_600, 45_000, 11_400)
    assert held(choose_packs(total.exact_milli, (bag(5),))) == 35_000


def test_packs_that_cannot_be_issued_or_counted_are_refused_by_line():
    steps = {RICE: Milli(100)}
    half_step = Pack(name="setengah", quantity_milli=Milli(50))
    assert wrong_lines((BY_BAGS,), steps) is None
    assert wrong_lines((replace(BY_BAGS, packs=(half_step,)),), steps) == (0, "standard.pack_not_issuable")
    ton, ounce = Pack(name="ton", quantity_milli=Milli(1_000_000)), Pack(name="ons", quantity_milli=Milli(100))
    assert not fit((ton, ounce))
    assert wrong_lines((replace(BY_BAGS, packs=(ton, ounce)),), steps) == (0, "standard.packs_do_not_fit")
    assert wrong_lines((BY_BAGS, replace(BY_BAGS, packs=())), steps) == (1, "standard.item_disagrees")


sizes = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True)


@settings(deadline=None)
@given(st.integers(0, 40), sizes)
def test_the_choice_is_the_best_of_all(exact: int, kinds: list[int]):
    packs = [Pack(name=str(one), quantity_milli=Milli(one)) for one in kinds]
    chosen = choose_packs(exact, packs)
    best = min(
        (sum(one * count for one, count in zip(kinds, counts, strict=True)), sum(counts))
        for counts in itertools.product(*(range(exact // one + 2) for one in kinds))
        if sum(one * count for one, count in zip(kinds, counts, strict=True)) >= exact
    )
    assert (held(chosen), sum(one.count for one in chosen)) == best
    assert chosen == choose_packs(exact, packs[::-1])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9), st.lists(st.integers(1, 120), min_size=1, max_size=4))
def test_a_large_need_is_counted_as_exactly_and_more_never_gets_less(exact: int, kinds: list[int]):
    packs = [Pack(name=str(one), quantity_milli=Milli(one)) for one in kinds]
    much, more = held(choose_packs(exact, packs)), held(choose_packs(exact + 1, packs))
    assert exact <= much < exact + min(kinds)
    assert more >= much
