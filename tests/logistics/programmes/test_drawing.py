"""A list drawn by criteria: who fits, who not and why, the quota's order, and drawing again."""

from __future__ import annotations

import pytest

from core.work import Work
from logistics.programmes.drawing import DrawList, draw_list, excluded_households, preview_list
from registry_link.households.selection import Criteria, Trait
from tests.logistics.programmes import lists
from tests.logistics.programmes.lists import E2, EAST, OFFICER, W1, WEST, Person, a_household, a_term


@pytest.fixture
def registry(work: Work) -> Work:
    lists.a_registry(work)
    return work


def test_the_first_reason_counts(registry: Work):
    fits = a_household(registry, decile=2, people=(Person(age=70),))
    a_household(registry, decile=9, people=(Person(age=70),))
    a_household(registry, decile=None, people=(Person(age=70),))
    a_household(registry, decile=2, people=(Person(age=30),))
    a_household(registry, W1, decile=2, people=(Person(age=30), Person(age=3)))
    stated = a_household(registry, W1, decile=3, stated={"adults": 2, "elderly": 1})
    term_id = a_term(registry)
    order = DrawList(term_id=term_id, criteria=Criteria(most_decile=4, traits=(Trait.ELDERLY, Trait.TODDLER)))
    with registry.read_by(OFFICER) as tx:
        shown = preview_list(tx, order)
        page = excluded_households(tx, order)
        over = excluded_households(tx, order, reason_code="list.over_quota")
    assert (shown.fits, shown.drawn, shown.over) == (3, 3, 0)
    assert dict(shown.excluded) == {"list.decile_unknown": 1, "list.decile": 1, "list.trait": 1}
    assert page.total == len(page.rows) == 3
    assert [one.reason("id") for one in page.rows] == [
        "Desil 9; kriteria meminta desil ≤ 4.",
        "Desilnya belum ada; kriteria meminta desil ≤ 4.",
        "Tidak ada anggota yang termasuk: lansia, balita.",
    ]
    assert over.total == 0
    with registry.by(OFFICER) as tx:
        assert draw_list(tx, order).added == 3
    assert {fits, stated} < set(lists.listed(registry, term_id))


def test_the_quota_is_filled_in_the_declared_order(registry: Work):
    poor = a_household(registry, decile=3)
    unknown = a_household(registry, decile=None)
    poorest = a_household(registry, E2, decile=1)
    vulnerable = a_household(registry, E2, decile=3, people=(Person(), Person(age=1)))
    elsewhere = a_household(registry, W1, decile=1)
    term_id = a_term(registry, quotas={EAST: 2})
    order = DrawList(term_id=term_id, criteria=Criteria(districts=(EAST, WEST)))
    with registry.by(OFFICER) as tx:
        shown = preview_list(tx, order)
        page = excluded_households(tx, order)
        draw_list(tx, order)
    assert [(one.district_code, one.quota, one.fits, one.drawn, one.over) for one in shown.districts] == [
        (EAST, 2, 4, 2, 2), (WEST, 0, 1, 0, 1),
    ]  # fmt: skip
    entries = lists.listed(registry, term_id)
    assert {one: row.rank for one, row in entries.items()} == {poorest: 1, vulnerable: 2}
    ranks = {row.household_id: row.facts["rank"] for row in page.rows}
    assert ranks == {poor: 3, unknown: 4, elsewhere: 1}
