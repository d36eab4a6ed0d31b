"""A fitted plan is weighed in the background, once for each working out of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.work import Work
from logistics.packages.rules import People
from logistics.planning.commands import plan_round
from logistics.planning.queries import draft_of
from logistics.planning.weighing import OptimumView, optimum_of, unweighed_plans, weigh_plans
from tests.logistics.week import OFFICER, PLENTY, a_week, household, order
from tests.support.builders import SYSTEM

SMALL, LARGE = People(persons=1, adults=1), People(persons=5, adults=2, children=3)


def test_a_fitted_plan_is_weighed_until_there_is_nothing_new(work: Work):
    week = a_week(work, stock=PLENTY | {"kasur": 1})
    families = [household(1, SMALL), household(2, LARGE)]
    asked = order(work, week, families, fit_to_stock=True)
    with work.by(OFFICER) as tx:
        made = plan_round(tx, asked)
        assert optimum_of(tx, made.plan_id) is None
    assert weigh_plans(work, SYSTEM) == "1 plans weighed"
    with work.read_by(OFFICER) as tx:
        draft = draft_of(tx, made.round_id)
        assert draft is not None
        found = optimum_of(tx, draft.id)
    assert found is not None
    assert (found.strict_households, found.strict_persons) == (1, 1)
    assert (found.tier_persons, found.most_persons, found.overtaken, found.is_proved) == (5, 5, 1, True)
    assert found.told("id").startswith("Urutan ketat melayani 1 jiwa dengan paket utuh. Dengan stok yang sama")
    assert weigh_plans(work, SYSTEM) == ""
    again = order(work, week, [*families, household(3, SMALL)], fit_to_stock=True, start_over=True)
    with work.by(OFFICER) as tx:
        plan_round(tx, again)
    with work.read_by(OFFICER) as tx:
        assert optimum_of(tx, draft.id) is None, "it was worked out anew since"
        assert unweighed_plans(tx) == (draft.id,)
    weigh_plans(work, SYSTEM)
    with work.read_by(OFFICER) as tx:
        assert optimum_of(tx, draft.id) is not None


def test_a_plan_that_was_not_fitted_has_nothing_to_weigh(work: Work):
    week = a_week(work)
    asked = order(work, week, [household(1)])
    with work.by(OFFICER) as tx:
        plan_round(tx, asked)
    assert weigh_plans(work, SYSTEM) == ""


@pytest.mark.parametrize(
    ("best", "is_proved", "said"),
    [
        (96_199, True, "paling banyak 96.199 jiwa (0,5 % lebih), tetapi 2.900 keluarga akan didahului"),
        (96_199, False, "mungkin masih bisa sedikit lebih"),
        (95_790, True, "Tidak ada susunan lain"),
        (95_790, False, "tidak ditemukan dalam waktu yang ada"),
    ],
)
def test_what_the_strict_order_costs_is_one_sentence_in_both_languages(best: int, is_proved: bool, said: str):
    view = OptimumView(
        strict_households=30_000, strict_persons=95_790, tier_households=30_100, tier_persons=best,
        most_persons=98_000, overtaken=2900, is_proved=is_proved, worked_out_at=datetime(2026, 11, 16, tzinfo=UTC),
    )  # fmt: skip
    assert said in view.told("id")
    for lang in ("id", "en"):
        assert "…" not in view.told(lang)
        assert "{" not in view.told(lang)
