from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import FixedClock
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.i18n import say
from core.measures import Milli, Period
from core.work import Work
from logistics.packages.queries import (
    contents_at,
    counts_of,
    find_package,
    package,
    packages,
    packages_of,
    round_by_id,
    strip_of,
)
from logistics.packages.rules import People
from logistics.packages.states import PackageState, RoundState
from logistics.packages.sums import sums_by_item
from logistics.planning.commands import (
    NoPlace,
    PlanShort,
    PlanSummary,
    approve_round,
    cancel_round,
    discard_plan,
    group_key,
    plan_round,
)
from logistics.planning.keeping import inputs_of, recompute
from logistics.planning.need import need, preview_need
from logistics.planning.priority import BUILT_IN
from logistics.planning.queries import plans_of
from logistics.planning.rules import ConfirmedHousehold
from logistics.planning.states import PlanState
from stock.ledger.commands import StockShort
from stock.ledger.queries import available
from stock.reservations.queries import reservations
from tests.logistics.week import (
    HEAD,
    MONDAY,
    OFFICER,
    PLENTY,
    SECOND,
    Week,
    a_week,
    an_incident,
    fill,
    household,
    order,
    package_of,
)
from tests.support.builders import SYSTEM

# Father 40, nursing mother 36, child 10, infant 14 months, grandmother 67: the household of domain.md 1.3.
HOUSEHOLD_H = People(persons=5, adults=3, children=2, infants=1, elderly=1, women=2, nursing=1)

WHOLE_ONLY = replace(BUILT_IN, part_items=())


def plan(work: Work, week: Week, households: list[ConfirmedHousehold], **more: object) -> PlanSummary:
    asked = order(work, week, households, **more)
    with work.by(OFFICER) as tx:
        return plan_round(tx, asked)


def approve(work: Work, round_id: UUID) -> None:
    with work.by(SECOND) as tx:
        approve_round(tx, round_id)


def test_the_household_of_the_worked_example_gets_its_package_with_arithmetic_in_both_languages(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1, HOUSEHOLD_H)])
    with work.read_by(OFFICER) as tx:
        found = package_of(tx, made.round_id, household(1).household_id)
    assert found is not None
    quantities = {line.item_code: line.quantity_milli for line in found.lines}
    assert quantities == {
        "kasur": 1000, "selimut": 6000, "beras": 14_000, "minyak_goreng": 2000, "sarden": 2000, "kornet": 2000,
        "sambal": 1000, "kecap": 1000, "susu": 1000, "teh_celup": 1000, "sabun_mandi": 3000, "mie_instan": 10_000,
        "sandang_dewasa": 6000, "sandang_anak": 4000,
    }  # fmt: skip
    rice = next(line for line in found.lines if line.item_code == "beras")
    assert rice.origin("id") == ("5 jiwa × 0,4 kg × 7 hari = 14 kg", "Diserahkan 14 kg, sama dengan kebutuhan.")
    assert rice.origin("en")[0] == "5 persons × 0.4 kg × 7 days = 14 kg"
    assert "Perka BNPB 7/2008" in rice.sources("id")[0]
    blankets = next(line for line in found.lines if line.item_code == "selimut")
    assert blankets.origin("id")[:2] == (
        "5 jiwa × 1 lembar = 5 lembar",
        "1 bayi × 1 lembar = 1 lembar",
    )
    assert found.row.reason("id") == (
        "Balai Desa Timur adalah titik terdekat (1,4 km); Senin, 16 November 2026 karena keluarga dengan 3 anggota "
        "rentan didahulukan (urutan ke-1, 10 keluarga sehari)."
    )
    assert "…" not in found.row.reason("en")
    assert found.standard_approved_by == HEAD.name


def test_every_confirmed_household_gets_one_package_and_totals_reconcile_to_the_last_thousandth(work: Work):
    week = a_week(work, capacity=3)
    crowd = [household(no, People(persons=no % 6 + 1, adults=1, children=no % 6)) for no in range(1, 31)]
    made = plan(work, week, crowd)
    assert (made.added, made.waiting, made.kept) == (30, 0, 0)
    with work.read_by(OFFICER) as tx:
        counts, strip, shown = counts_of(tx, made.round_id), strip_of(tx, made.round_id), need(tx, made.round_id)
        page = packages(tx, made.round_id, limit=100)
        lines = [line for row in page.rows for line in package(tx, row.id).lines]
    assert counts.households == counts.planned == 30
    assert sum(cell.households for cell in strip) == 30
    assert sum(cell.persons for cell in strip) == counts.persons == sum(one.composition.persons for one in crowd)
    assert {cell.households for cell in strip if cell.post_id == week.first_post} == {3}
    for line in shown.lines:
        mine = [one for one in lines if one.item_id == line.item.id]
        assert line.exact_milli == sum(one.exact_milli for one in mine)
        assert line.quantity_milli == sum(one.quantity_milli for one in mine)
        assert line.quantity_milli == line.exact_milli + line.surplus_milli
        assert line.households == len(mine)
    for row in page.rows:
        assert "…" not in row.reason("id") + row.reason("en")


def test_need_shows_stock_by_warehouse_the_days_it_lasts_and_where_the_figure_comes_from(work: Work):
    week = a_week(work, stock={**PLENTY, "beras": 20})
    fill(work, week, week.far, {"beras": 4})
    crowd = [household(no, HOUSEHOLD_H) for no in (1, 2)]
    with work.read_by(OFFICER) as tx:
        early = preview_need(tx, week.standard_id, [one.composition for one in crowd])
    made = plan(work, week, crowd)
    with work.read_by(OFFICER) as tx:
        shown = need(tx, made.round_id)
    rice = next(line for line in shown.lines if line.item.code == "beras")
    assert (rice.quantity_milli, rice.free_milli, rice.short_milli, rice.lasts_days) == (28_000, 24_000, 4000, 6)
    assert [(one.code, one.free_milli) for one in rice.by_warehouse] == [("G1", 20_000), ("G2", 4000)]
    assert [line.item.code for line in shown.shortages] == ["beras"]
    assert rice.origin("id") == (
        "0,4 kg per jiwa per hari",
        "2 keluarga: kebutuhan tepat 28 kg + pembulatan per keluarga 0 kg = 28 kg",
        "Sudah dicadangkan atau diserahkan 0 kg; masih diperlukan 28 kg, tersedia di gudang 24 kg",
        "Kurang: masih diperlukan 28 kg − stok bebas 24 kg = 4 kg",
        "Dicadangkan dan bebas 24 kg, terpakai 4 kg sehari: cukup untuk 6 hari",
    )
    assert [line.quantity_milli for line in early.lines] == [line.quantity_milli for line in shown.lines]


def test_approval_by_a_second_person_reserves_everything_by_post_and_day(work: Work):
    week = a_week(work, capacity=2)
    made = plan(work, week, [household(no) for no in range(1, 6)])
    with pytest.raises(Conflict) as refused, work.by(OFFICER) as tx:
        approve_round(tx, made.round_id)
    assert refused.value.code == "plan.needs_second_person"
    with work.by(SECOND) as tx:
        approved = approve_round(tx, made.round_id)
    assert approved.packages == 5
    with work.read_by(OFFICER) as tx:
        the_round = round_by_id(tx, made.round_id)
        kept = reservations(tx, purpose="round", purpose_id=made.round_id)
        rows = packages(tx, made.round_id).rows
        refs = {package(tx, row.id).public_ref for row in rows}
        sums = sums_by_item(tx, made.round_id)
        strip = strip_of(tx, made.round_id)
    assert (the_round.state, the_round.approved_by_name) == (RoundState.APPROVED, SECOND.name)
    assert {row.state for row in rows} == {PackageState.RESERVED}
    assert len(refs) == 5 and all(ref is not None and len(ref) == 10 for ref in refs)
    assert {one.group_key for one in kept} == {group_key(cell.post_id, cell.serve_on) for cell in strip}
    assert {one.ends_on for one in kept} == {MONDAY + timedelta(days=7)}
    for one in sums:
        held = sum(each.quantity_milli for each in kept if each.batch.item.id == one.item_id)
        assert held == one.quantity_milli == one.promised_milli


def test_a_short_plan_is_shown_as_a_draft_but_approval_reserves_nothing_and_names_every_item(work: Work):
    week = a_week(work, stock={**PLENTY, "kasur": 2, "beras": 3})
    made = plan(work, week, [household(no) for no in range(1, 4)])
    assert {(one.item.code, one.short_milli) for one in made.shortages} == {("kasur", 1000), ("beras", 15_000)}
    with pytest.raises(PlanShort) as refused, work.by(SECOND) as tx:
        approve_round(tx, made.round_id)
    assert {one.item.code for one in refused.value.shortages} == {"kasur", "beras"}
    assert "Beras 15 kg" in say(refused.value.code, "id", refused.value.facts)
    with work.read_by(OFFICER) as tx:
        assert reservations(tx, purpose="round", purpose_id=made.round_id) == ()
        assert round_by_id(tx, made.round_id).state is RoundState.PLANNED
        assert counts_of(tx, made.round_id).planned == 3


def test_fitted_to_stock_the_vulnerable_are_served_first_and_whoever_waits_is_told_which_item_ran_out(work: Work):
    week = a_week(work, stock={**PLENTY, "kasur": 2})
    crowd = [
        household(1, decile=5),
        household(2, decile=1),
        household(3, replace(HOUSEHOLD_H)),
        household(4, decile=None),
    ]
    made = plan(work, week, crowd, fit_to_stock=True, rule=WHOLE_ONLY)
    assert (made.planned, made.waiting, made.shortages) == (2, 2, ())
    with work.read_by(OFFICER) as tx:
        by = {row.beneficiary_id: row for row in packages(tx, made.round_id).rows}
    states = [by[one.household_id].state for one in crowd]
    assert states == [PackageState.WAITING, PackageState.PLANNED, PackageState.PLANNED, PackageState.WAITING]
    assert by[crowd[0].household_id].reason("id") == (
        "Menunggu di urutan 3: Kasur terakhir sampai ke urutan 2. Keluarga ini memerlukan 1 buah, yang di depannya "
        "masih kurang 0 buah."
    )
    approve(work, made.round_id)
    with work.read_by(OFFICER) as tx:
        counts = counts_of(tx, made.round_id)
    assert (counts.reserved, counts.waiting) == (2, 2)

    # New mattresses: who waited is planned in a supplementary plan, who has a place keeps it.
    fill(work, week, week.far, {"kasur": 5})
    again = plan(work, week, crowd, fit_to_stock=True, rule=WHOLE_ONLY)
    assert (again.round_id, again.added, again.kept, again.waiting) == (made.round_id, 2, 2, 0)
    approve(work, made.round_id)
    with work.read_by(OFFICER) as tx:
        assert counts_of(tx, made.round_id).reserved == 4
        assert [(one.no, one.state) for one in plans_of(tx, made.round_id)] == [
            (1, PlanState.APPROVED),
            (2, PlanState.APPROVED),
        ]


def test_whoever_lacks_a_line_gets_the_others_and_is_told_what_it_lacks_and_why(work: Work):
    week = a_week(work, stock={**PLENTY, "kasur": 2})
    made = plan(work, week, [household(no) for no in (1, 2, 3)], fit_to_stock=True)
    assert (made.planned, made.in_part, made.waiting, made.shortages) == (3, 1, 0, ())
    approve(work, made.round_id)
    with work.read_by(OFFICER) as tx:
        found = package_of(tx, made.round_id, household(3).household_id)
        shown = {line.item.code: line for line in need(tx, made.round_id).lines}
    assert found is not None
    assert found.row.state is PackageState.RESERVED
    assert "kasur" not in {line.item_code for line in found.lines}
    assert found.given_before == ()
    (lack,) = found.lacks
    assert (lack.item_code, lack.quantity_milli, lack.is_supplemented) == ("kasur", 1000, False)
    assert lack.reason("id") == (
        "Kasur 1 buah belum ada: yang terakhir sampai ke urutan 2, keluarga ini di urutan 3; yang di depannya masih "
        "kurang 0 buah."
    )
    assert "{" not in lack.reason("en")
    assert (shown["kasur"].quantity_milli, shown["kasur"].promised_milli) == (3000, 2000)


def test_where_the_posts_hold_too_few_nothing_is_planned_and_the_refusal_adds_up(work: Work):
    week = a_week(work, capacity=1)
    crowd = [household(no) for no in range(1, 18)]
    with pytest.raises(NoPlace) as refused:
        plan(work, week, crowd)
    proof = refused.value.proof
    assert (proof.need, proof.hold, proof.short) == (17, 14, 3)
    assert len(proof.posts) == 2
    assert "kurang 3" in say("plan.no_place", "id", refused.value.facts)
    made = plan(work, week, crowd, fit_to_posts=True)
    assert (made.planned, made.waiting) == (14, 3)
    with work.read_by(OFFICER) as tx:
        waiting = packages(tx, made.round_id, states=(PackageState.WAITING,)).rows
    assert sorted(row.rank for row in waiting) == [15, 16, 17]
    assert waiting[0].reason("id").startswith("Menunggu: pada urutan 15 semua titik pembagian sudah penuh")


def test_an_approved_plan_is_worked_out_again_to_the_same_after_everything_else_has_changed(work: Work):
    week = a_week(work, stock={**PLENTY, "kasur": 2})
    made = plan(work, week, [household(no) for no in (1, 2, 3)], fit_to_stock=True)
    plan(work, week, [household(no) for no in range(1, 6)], fit_to_stock=True)
    approve(work, made.round_id)
    fill(work, week, week.near, {"kasur": 50})
    with work.read_by(OFFICER) as tx:
        runs = recompute(tx, made.plan_id)
    assert [(one.no, one.households) for one in runs] == [(1, 3), (2, 2)]
    assert all(one.is_untouched and one.is_same for one in runs)


def test_late_households_join_the_draft_and_nobody_gets_a_second_package(work: Work):
    week = a_week(work, capacity=2)
    first = plan(work, week, [household(1), household(2)])
    second = plan(work, week, [household(no) for no in (1, 2, 3)])
    assert (second.plan_id, second.added, second.kept, second.planned) == (first.plan_id, 1, 2, 3)
    with work.read_by(OFFICER) as tx:
        late = packages_of(tx, [household(3).household_id])
        assert [(one.rank, one.serve_on) for one in late] == [(3, MONDAY + timedelta(days=1))]
    with pytest.raises(Conflict) as refused:
        plan(work, week, [household(1)])
    assert refused.value.code == "plan.nobody"


def test_starting_over_and_throwing_away_leave_nothing_behind(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1), household(2)])
    again = plan(work, week, [household(2), household(3)], start_over=True)
    assert (again.plan_id, again.planned) == (made.plan_id, 2)
    with work.by(OFFICER) as tx:
        discard_plan(tx, made.round_id)
    with work.read_by(OFFICER) as tx:
        assert inputs_of(tx, made.plan_id) == (), "where people live is not kept for a plan that never counted"
        assert counts_of(tx, made.round_id).households == 0
        assert round_by_id(tx, made.round_id).state is RoundState.DRAFT
    anew = plan(work, week, [household(1)])
    assert anew.round_id == made.round_id
    assert anew.plan_id != made.plan_id


def test_a_cancelled_round_gives_its_stock_back_and_its_week_can_be_planned_anew(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1), household(2)])
    approve(work, made.round_id)
    with pytest.raises(Invalid), work.by(SECOND) as tx:
        cancel_round(tx, made.round_id, " ")
    with work.by(SECOND) as tx:
        cancel_round(tx, made.round_id, "salah minggu")
    with work.read_by(OFFICER) as tx:
        assert round_by_id(tx, made.round_id).state is RoundState.CANCELLED
        assert reservations(tx, purpose="round", purpose_id=made.round_id) == ()
        (left,) = available(tx, [week.items["kasur"]], [week.near])
        assert left.available_milli == 100_000
        assert {row.state for row in packages_of(tx, [household(1).household_id])} == {PackageState.CANCELLED}
    again = plan(work, week, [household(1)])
    assert again.round_id != made.round_id
    with work.read_by(OFFICER) as tx:
        found = package_of(tx, again.round_id, household(1).household_id)
    assert found is not None and "kasur" in {line.item_code for line in found.lines}


def test_the_second_week_gives_consumables_again_but_no_durable_twice(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1, HOUSEHOLD_H)])
    approve(work, made.round_id)
    next_week = plan(work, week, [household(1, HOUSEHOLD_H)], first_on=MONDAY + timedelta(days=7))
    with work.read_by(OFFICER) as tx:
        the_round = round_by_id(tx, next_week.round_id)
        found = package_of(tx, next_week.round_id, household(1).household_id)
    assert (the_round.no, the_round.first_day) == (2, 8)
    assert found is not None
    durable = {"kasur", "selimut", "sandang_dewasa", "sandang_anak"}
    assert not durable & {line.item_code for line in found.lines}
    assert {one.code for one in found.given_before} == durable
    rice = next(line for line in found.lines if line.item_code == "beras")
    assert rice.quantity_milli == 14_000


def test_durables_of_an_overlapping_incident_are_not_given_again_and_are_counted(work: Work):
    week = a_week(work)
    plan(work, week, [household(1), household(2)])
    with work.by(SYSTEM) as tx:
        other = an_incident(tx, "longsor-uji")
    apart = plan(work, week, [household(1)], incident_id=other)
    assert apart.durables_elsewhere == 0
    with work.by(OFFICER) as tx:
        discard_plan(tx, apart.round_id)
    joined = plan(
        work, week, [household(1), household(3)], incident_id=other, overlapping_incident_ids=(week.incident_id,)
    )
    assert joined.durables_elsewhere == 1
    with work.read_by(OFFICER) as tx:
        spared = package_of(tx, joined.round_id, household(1).household_id)
        whole = package_of(tx, joined.round_id, household(3).household_id)
    assert spared is not None and whole is not None
    assert "kasur" not in {line.item_code for line in spared.lines}
    assert "kasur" in {line.item_code for line in whole.lines}


def test_a_round_lies_inside_the_decree_and_weeks_do_not_overlap(work: Work):
    week = a_week(work)
    families = [household(1)]
    with pytest.raises(Invalid) as outside:
        plan(work, week, families, first_on=MONDAY - timedelta(days=1))
    assert outside.value.code == "round.outside_window"
    made = plan(work, week, families)
    with pytest.raises(Conflict) as overlaps:
        plan(work, week, families, first_on=MONDAY + timedelta(days=3))
    assert overlaps.value.code == "round.overlaps"
    short = plan(
        work, week, families, first_on=MONDAY + timedelta(days=7),
        window=Period(MONDAY, MONDAY + timedelta(days=9)),
    )  # fmt: skip
    with work.read_by(OFFICER) as tx:
        assert round_by_id(tx, made.round_id).week.days == 7
        assert round_by_id(tx, short.round_id).week.days == 3
        found = package_of(tx, short.round_id, families[0].household_id)
    assert found is not None
    rice = next(line for line in found.lines if line.item_code == "beras")
    # 2 persons x 0.4 kg x 3 days = 2.4 kg, handed over as 3 kg.
    assert (rice.exact_milli, rice.quantity_milli) == (2400, 3000)
    assert rice.origin("id")[-1] == "Kebutuhan tepat 2,4 kg; diserahkan 3 kg (pembulatan ke atas 0,6 kg)."


def test_days_that_have_passed_are_neither_planned_nor_approved(work: Work, fixed_clock: FixedClock):
    week = a_week(work)
    made = plan(work, week, [household(1)])
    fixed_clock.advance(timedelta(days=2))
    with pytest.raises(Conflict) as passed:
        approve(work, made.round_id)
    assert passed.value.code == "plan.days_passed"
    plan(work, week, [household(1)], start_over=True)
    approve(work, made.round_id)
    with work.read_by(OFFICER) as tx:
        assert {cell.serve_on for cell in strip_of(tx, made.round_id)} == {MONDAY + timedelta(days=2)}
    fixed_clock.advance(timedelta(days=5))
    with pytest.raises(Conflict) as over:
        plan(work, week, [household(2)])
    assert over.value.code == "plan.week_over"


@pytest.mark.parametrize(
    ("change", "refusal", "code"),
    [
        ({"posts": ()}, Invalid, "plan.posts_missing"),
        ({"households": (household(1), household(1))}, Invalid, "plan.household_twice"),
        ({"households": ()}, Conflict, "plan.nobody"),
        ({"standard_id": UUID(int=1)}, NotFound, "package_standard.not_found"),
    ],
)
def test_an_impossible_order_is_refused_and_changes_nothing(
    work: Work, change: dict[str, object], refusal: type[Refused], code: str
):
    week = a_week(work)
    with pytest.raises(refusal) as refused:
        plan_order = replace(order(work, week, [household(1)]), **change)  # type: ignore[arg-type]
        with work.by(OFFICER) as tx:
            plan_round(tx, plan_order)
    assert refused.value.code == code
    with work.read_by(OFFICER) as tx:
        assert packages_of(tx, [household(1).household_id]) == ()


def test_a_village_operator_may_not_plan_and_the_head_may_approve(work: Work):
    week = a_week(work)
    asked = order(work, week, [household(1)])
    with pytest.raises(Forbidden), work.by(HEAD) as tx:
        plan_round(tx, asked)
    made = plan(work, week, [household(1)])
    with work.by(HEAD) as tx:
        approve_round(tx, made.round_id)


def test_lists_of_a_post_show_quantities_in_the_order_of_the_standard_and_codes_find_packages(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1, HOUSEHOLD_H), household(2)])
    with work.read_by(OFFICER) as tx:
        contents = contents_at(tx, made.round_id, week.first_post, MONDAY)
        assert [one.row.beneficiary_id for one in contents] == [household(1).household_id, household(2).household_id]
        assert contents[0].lines[0].item_id == week.items["kasur"]
        assert len(contents[0].lines) == 14
        code = contents[0].row.code
        assert code.startswith("PKT-26-000001-")
        assert find_package(tx, code.lower()).row.id == contents[0].row.id


def test_the_same_input_gives_the_same_plan(work: Work):
    week = a_week(work, capacity=2)
    crowd = [household(no, infants_of(no), decile=no % 4 or None) for no in range(1, 25)]
    seen = []
    for shuffled in (crowd, crowd[::-1]):
        made = plan(work, week, shuffled, start_over=True)
        with work.read_by(OFFICER) as tx:
            rows = packages(tx, made.round_id, limit=100).rows
        seen.append([(row.id, row.post_id, row.serve_on, row.rank, row.reason("id")) for row in rows])
    assert seen[0] == seen[1]


def infants_of(no: int) -> People:
    infants = no % 3
    return People(persons=2 + infants, adults=2, children=infants, infants=infants)


def test_two_rounds_that_want_the_same_last_stock_never_both_get_it(work: Work):
    week = a_week(work, stock={**PLENTY, "kasur": 3})
    with work.by(SYSTEM) as tx:
        other = an_incident(tx, "longsor-uji")
    rounds = [
        plan(work, week, [household(1), household(2)]).round_id,
        plan(work, week, [household(3), household(4)], incident_id=other).round_id,
    ]
    outcomes: list[str] = []

    def go(round_id: UUID) -> None:
        try:
            work.run(SECOND, lambda tx: approve_round(tx, round_id))
            outcomes.append("approved")
        except (PlanShort, StockShort) as short:
            outcomes.append(short.code)

    _at_once([lambda one=one: go(one) for one in rounds])  # type: ignore[misc]
    assert sorted(outcomes)[0] == "approved"
    assert len([one for one in outcomes if one != "approved"]) == 1
    with work.read_by(OFFICER) as tx:
        (left,) = available(tx, [week.items["kasur"]], [week.near])
    assert left.available_milli == Milli(1000)


def test_a_plan_is_approved_once_however_many_press_the_button(work: Work):
    week = a_week(work)
    made = plan(work, week, [household(1)])
    outcomes: list[str] = []

    def go() -> None:
        try:
            work.run(SECOND, lambda tx: approve_round(tx, made.round_id))
            outcomes.append("approved")
        except Conflict as late:
            outcomes.append(late.code)

    _at_once([go] * 4)
    assert sorted(outcomes) == ["approved", *["plan.nothing_to_approve"] * 3]
    with work.read_by(OFFICER) as tx:
        (left,) = available(tx, [week.items["kasur"]], [week.near])
    assert left.available_milli == Milli(99_000)


def _at_once(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
