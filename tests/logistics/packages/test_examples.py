"""What a standard gives to whom: the worked example with and without the nursing rule, ages, coverage, changes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actor import Role
from core.errors import Conflict, Invalid
from core.ids import NAMESPACE
from core.measures import Milli
from core.work import Work
from logistics.packages.coverage import SIZES, MeanHousehold, coverage_of
from logistics.packages.examples import HOUSEHOLDS, Somebody, check_people, people_in, worked
from logistics.packages.packing import Pack
from logistics.packages.rules import Basis, Days, People, StandardLine, need_of
from logistics.packages.standard_changes import Change, changes, told
from logistics.packages.standard_queries import standard, standard_lines
from logistics.packages.standards import (
    DefineStandard,
    define_standard,
    discard_draft,
    retire_standard,
    seed_default_standard,
)
from logistics.packages.states import StandardState
from registry_link.households.ages import BPBD, SPHERE
from stock.items.commands import seed_items
from stock.items.queries import find_item
from tests.support.builders import SYSTEM, an_actor, an_office

OFFICER, HEAD = an_actor(Role.LOGISTICS), an_actor(Role.HEAD)
RICE = uuid5(NAMESPACE, "beras")


def line(basis: Basis, rate: int, **more: object) -> StandardLine:
    made = StandardLine(item_id=RICE, basis=basis, rate_milli=Milli(rate), source_id="uji", source_en="test")
    return replace(made, **more)  # type: ignore[arg-type]


def test_household_h_of_the_domain_page_is_the_first_example():
    # Source: domain.md 1.3: father 40, nursing mother 36, child 10, infant 14 months, grandmother 67.
    assert people_in(HOUSEHOLDS["five"], SPHERE) == People(
        persons=5, adults=3, children=2, infants=1, elderly=1, women=2, nursing=1
    )
    assert people_in(HOUSEHOLDS["five"], BPBD).infants == 0, "BPBD's infants are below one year"
    assert [len(one) for one in HOUSEHOLDS.values()] == [5, 1, 6]


def test_an_age_counts_from_the_birthday_on():
    def of(months: int) -> People:
        return people_in((Somebody(months=months), Somebody(months=480)), SPHERE)

    assert [of(one).infants for one in (23, 24)] == [1, 0]
    assert [of(one).children for one in (215, 216)] == [1, 0]
    assert [of(one).elderly for one in (719, 720)] == [0, 1]


def test_the_nursing_rule_is_a_line_that_adds_two_kilograms_when_it_is_on(work: Work):
    # Source: domain.md 1.3: 14,0 kg, and 2,0 kg more where the rule is on. Off by default (decision 13).
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        first = seed_default_standard(tx)
    h = people_in(HOUSEHOLDS["five"], SPHERE)
    with work.by(OFFICER) as tx:
        off = {one.item_code: one for one in worked(tx, standard_lines(tx, first), h, 7)}
        assert off["beras"].need.quantity_milli == 14_000
        assert off["beras"].arithmetic("id") == (
            "5 jiwa × 0,4 kg × 7 hari = 14 kg", "Diserahkan 14 kg, sama dengan kebutuhan."
        )  # fmt: skip
        found = standard(tx, first)
        rice = find_item(tx, "beras").id
        nursing = replace(
            line(Basis.NURSING, 2000), item_id=rice, round_step_milli=Milli(1000), condition=Basis.NURSING
        )
        second = define_standard(
            tx,
            DefineStandard(
                code=found.code, name_id=found.name_id, name_en=found.name_en, days=7, legal_source="",
                lines=(*found.rules, nursing),
            ),
        )  # fmt: skip
        on = {one.item_code: one for one in worked(tx, standard_lines(tx, second), h, 7)}
        assert on["beras"].need.quantity_milli == 16_000
        assert on["beras"].arithmetic("id")[1] == "1 ibu menyusui × 2 kg = 2 kg"
        alone = people_in(HOUSEHOLDS["alone"], SPHERE)
        assert all(one.need.quantity_milli != 16_000 for one in worked(tx, standard_lines(tx, second), alone, 7))
    assert {one: off[one].need.quantity_milli for one in ("kasur", "selimut", "sandang_dewasa", "sandang_anak")} == {
        "kasur": 1000, "selimut": 6000, "sandang_dewasa": 6000, "sandang_anak": 4000,
    }  # fmt: skip


def test_the_package_of_2020_covers_71_percent_of_five_and_98_of_the_mean_household():
    # Source: domain.md 0.7 and 1.3: 10 kg against 14 kg; Tabanan's 122.755 persons in 33.825 households.
    rules = (line(Basis.PERSON, 400, is_daily=True, round_step_milli=Milli(1000)),)
    (rice,) = coverage_of({RICE: Milli(10_000)}, rules, 7, MeanHousehold(122_755, 33_825))
    by_size = dict(zip(SIZES, rice.permille, strict=True))
    assert (by_size[5], by_size[6], by_size[3], rice.mean_permille) == (714, 595, 1190, 984)
    only_kit = uuid5(NAMESPACE, "lain")
    rows = coverage_of({only_kit: Milli(1000)}, rules, 7)
    assert [(row.item_id, row.permille[0]) for row in rows] == [(RICE, 0), (only_kit, None)]


@given(st.integers(1, 10), st.integers(0, 200_000))
def test_coverage_is_the_share_of_the_exact_need_rounded_down(size: int, has: int):
    rules = (line(Basis.PERSON, 333, is_daily=True), line(Basis.HOUSEHOLD, 777))
    (found,) = coverage_of({RICE: Milli(has)}, rules, 7)
    need = need_of(rules, People(persons=size, adults=size), Days(1, 7)).items[0].exact_milli
    permille = found.permille[size - 1]
    assert permille is not None
    assert permille * need <= has * 1000 < (permille + 1) * need


@pytest.mark.parametrize(
    ("people", "field"),
    [
        (People(persons=0, adults=0), "adults"),
        (People(persons=2, adults=2, infants=1), "infants"),
        (People(persons=1, adults=1, elderly=2), "elderly"),
        (People(persons=1, adults=1, pregnant=2), "pregnant"),
    ],
)
def test_a_household_that_cannot_be_is_refused_at_its_count(people: People, field: str):
    with pytest.raises(Invalid) as refused:
        check_people(people)
    assert refused.value.field == field


def test_what_a_version_changed_is_told_item_by_item_and_a_draft_can_be_withdrawn(work: Work):
    an_office(work)
    with work.by(SYSTEM) as tx:
        seed_items(tx)
        first = seed_default_standard(tx)
    with work.by(OFFICER) as tx:
        before = standard(tx, first)
        soap, rice = find_item(tx, "sabun_mandi").id, find_item(tx, "beras").id
        bags = tuple(Pack(name=f"karung {kg} kg", quantity_milli=Milli(kg * 1000)) for kg in (10, 5))
        lines = tuple(
            replace(one, packs=bags) if one.item_id == rice else one for one in before.rules if one.item_id != soap
        )
        second = define_standard(
            tx,
            DefineStandard(
                code=before.code, name_id=before.name_id, name_en=before.name_en, days=7, legal_source="", lines=lines
            ),
        )
        after = standard(tx, second)
        kinds: dict[UUID, Change] = {one.item_id: one.change for one in changes(before, after)}
        assert (kinds[rice], kinds[soap]) == (Change.CHANGED, Change.LEFT)
        assert sum(kind is Change.UNCHANGED for kind in kinds.values()) == len(kinds) - 2
        ours = next(one for one in after.lines if one.item_id == rice)
        assert told(after, ours, "id") == (
            "0,4 kg per jiwa per hari", "dalam kemasan karung 10 kg, karung 5 kg, sisa paling sedikit"
        )  # fmt: skip
        discard_draft(tx, second)
        tx.session.expire_all()
        assert standard(tx, second).state is StandardState.RETIRED
    with pytest.raises(Conflict) as gone, work.by(OFFICER) as tx:
        discard_draft(tx, second)
    assert gone.value.code == "standard.not_a_draft"
    with work.by(HEAD) as tx:
        retire_standard(tx, first)
    with pytest.raises(Conflict), work.by(HEAD) as tx:
        retire_standard(tx, first)
