"""The need by item, by village and by day are three readings of the same packages; what is to come is never counted."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.measures import Milli
from core.work import Work
from logistics.packages.models import Package, PackageLack, PackageLine
from logistics.packages.rules import People
from logistics.packages.states import PackageState
from logistics.planning.arrivals import Way
from logistics.planning.commands import approve_round, plan_round
from logistics.planning.gap import Asking, ask, tables_of
from logistics.planning.need import need, preview_need
from logistics.planning.running import run_through, runs_out_on
from logistics.planning.spreading import need_by_day, need_by_village, preview_by_village
from stock.inbound.commands import (
    CameLine,
    ExpectedLine,
    ExpectGoods,
    ReceiveConsignment,
    expect_goods,
    giver_named,
    receive_consignment,
)
from stock.inbound.queries import consignment
from stock.items.queries import PackView
from stock.ledger.commands import BatchLine
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import batch_balances
from stock.shipments.commands import SendShipment, send_shipment
from tests.logistics.week import MONDAY, OFFICER, PLENTY, SECOND, SYSTEM, Week, a_week, household, order

DAYS = tuple(MONDAY + timedelta(days=number) for number in range(7))
VILLAGES = ("99.01.01.2001", "99.01.01.2002", "99.01.02.2001")


def crowd_of(random: Random, count: int) -> list:  # type: ignore[type-arg]
    made = []
    for no in range(1, count + 1):
        adults, children, infants = random.randint(1, 4), random.randint(0, 3), random.randint(0, 1)
        people = People(
            persons=adults + children + infants, adults=adults, children=children + infants, infants=infants,
            women=random.randint(0, adults), elderly=random.randint(0, 1), nursing=infants,
        )  # fmt: skip
        made.append(household(no, people, village_code=random.choice(VILLAGES), decile=random.randint(1, 10)))
    return made


@pytest.mark.parametrize("seed", range(6))
def test_villages_and_days_add_up_to_the_items_whatever_the_plan(work: Work, seed: int):
    random = Random(seed)
    stock = {code: random.randint(0, amount) for code, amount in PLENTY.items()}
    week = a_week(work, capacity=random.randint(3, 9), stock=stock)
    crowd = crowd_of(random, random.randint(5, 25))
    with work.by(OFFICER) as tx:
        made = plan_round(tx, order(work, week, crowd, fit_to_stock=bool(seed % 3)))
    if seed % 2 and not made.shortages and made.planned:
        with work.by(SECOND) as tx:
            approve_round(tx, made.round_id)
    _take_a_line_from_some(work, random)
    with work.read_by(OFFICER) as tx:
        found = need(tx, made.round_id)
        villages, days = need_by_village(tx, made.round_id, found), need_by_day(tx, made.round_id, found)
    assert sum(one.households for one in villages) == len(crowd)
    assert sum(one.persons for one in villages) == sum(one.composition.persons for one in crowd)
    by_day = {one.line.item.id: one for one in days}
    for line in found.lines:
        mine = [one for village in villages for one in (village.line(line.item.id),) if one]
        for name in ("households", "exact_milli", "quantity_milli", "waiting_milli", "lacking_milli"):
            assert sum(getattr(one, name) for one in mine) == getattr(line, name), name
        assert sum(one.given_milli + one.reserved_milli for one in mine) == line.promised_milli
        assert sum(one.open_milli for one in mine) == line.open_milli
        for one in mine:
            parts = (one.given_milli, one.reserved_milli, one.planned_milli, one.waiting_milli, one.lacking_milli)
            assert sum(parts) == one.quantity_milli
        own = by_day[line.item.id]
        assert own.undated_milli == line.waiting_milli + line.lacking_milli
        assert sum(flow.leaves_milli for flow in own.flows) + own.undated_milli == line.quantity_milli
        # The shelf runs down by the whole week's plan, and gives out exactly where the plan needs more than there is.
        last = own.flows[-1].evening_milli
        there = line.free_milli + line.promised_milli - line.gone_milli
        assert last == there - (line.quantity_milli - own.undated_milli - line.gone_milli)
        assert (own.runs_out_on is not None) == (last is not None and last < 0)
        assert line.covers_days is not None and (line.covers_days < 7) == bool(line.short_milli)


def _take_a_line_from_some(work: Work, random: Random) -> None:
    """Let some packages with a day go without one of their lines, as a plan of parts does."""
    with work.by(SYSTEM) as tx:
        rows = tx.session.execute(
            sa.select(PackageLine).join(Package, Package.id == PackageLine.package_id)
            .where(Package.state == PackageState.PLANNED, PackageLine.quantity_milli > 0)
            .order_by(PackageLine.package_id, PackageLine.item_id)
        ).scalars().all()  # fmt: skip
        for row in random.sample(rows, len(rows) // 10):
            tx.session.execute(
                sa.insert(PackageLack).values(
                    package_id=row.package_id, item_id=row.item_id, exact_milli=row.exact_milli,
                    quantity_milli=row.quantity_milli, is_once=row.is_once, left_milli=0, ahead_milli=0, last_rank=None,
                )
            )  # fmt: skip
            tx.session.execute(
                sa.delete(PackageLine).where(
                    PackageLine.package_id == row.package_id, PackageLine.item_id == row.item_id
                )
            )


def test_before_a_plan_the_villages_add_up_to_the_items_too(work: Work):
    week = a_week(work)
    crowd = crowd_of(Random(7), 12)
    people = [(one.village_code, one.composition) for one in crowd]
    with work.read_by(OFFICER) as tx:
        found = preview_need(tx, week.standard_id, [who for _, who in people])
        villages = preview_by_village(tx, week.standard_id, people, found)
    assert found.week is None
    for line in found.lines:
        mine = [one for village in villages for one in (village.line(line.item.id),) if one]
        assert sum(one.quantity_milli for one in mine) == line.quantity_milli == line.open_milli
        assert sum(one.households for one in mine) == line.households


def expect(work: Work, week: Week, place_id, code: str, amount: int, on: date):
    with work.by(OFFICER) as tx:
        return expect_goods(
            tx,
            ExpectGoods(
                giver_id=giver_named(tx, "Pemberi Contoh"), place_id=place_id, incoming_document="DO-1",
                funding_source=FundingSource.APBN, expected_on=on,
                lines=(ExpectedLine(item_id=week.items[code], quantity_milli=Milli(amount * 1000)),),
            ),
        )  # fmt: skip


def test_what_is_on_its_way_stands_beside_the_need_and_changes_no_other_figure(work: Work):
    week = a_week(work, stock={**PLENTY, "beras": 20})
    with work.by(OFFICER) as tx:
        made = plan_round(tx, order(work, week, [household(no) for no in range(1, 9)]))
    with work.read_by(OFFICER) as tx:
        before = {line.item.code: line for line in need(tx, made.round_id).lines}["beras"]
    announced = expect(work, week, week.near, "beras", 9, MONDAY + timedelta(days=2))
    expect(work, week, week.far, "beras", 5, MONDAY + timedelta(days=9))
    with work.by(OFFICER) as tx:
        lying = next(one for one in batch_balances(tx, place_ids=[week.near]) if one.batch.item.code == "beras")
        send_shipment(
            tx,
            SendShipment(
                from_place_id=week.near, to_place_id=week.far, expected_on=MONDAY + timedelta(days=1),
                lines=(BatchLine(batch_id=lying.batch.id, quantity_milli=Milli(4000)),),
            ),
        )  # fmt: skip
    with work.read_by(OFFICER) as tx:
        found = need(tx, made.round_id)
        rice = {line.item.code: line for line in found.lines}["beras"]
        flows = next(one for one in need_by_day(tx, made.round_id, found) if one.line.item.code == "beras").flows
    assert [(one.way, one.quantity_milli) for one in rice.arrivals] == [
        (Way.ON_ROAD, 4000), (Way.ANNOUNCED, 9000), (Way.ANNOUNCED, 5000),
    ]  # fmt: skip
    # What is on the road is not free at either end; nothing else changed, and nothing to come was added.
    assert (before.free_milli, rice.free_milli) == (20_000, 16_000)
    assert rice.short_milli == before.short_milli + 4000
    assert (rice.expected_milli, rice.expected_until(MONDAY + timedelta(days=6))) == (18_000, 13_000)
    assert [flow.arrives_milli for flow in flows] == [0, 4000, 9000, 0, 0, 0, 0]
    assert [(one.code, one.expected_milli) for one in rice.by_warehouse] == [("G1", 9000), ("G2", 9000)]
    assert "Datang 18 November 2026: 9 kg dari Pemberi Contoh" in " ".join(rice.origin("id"))
    with work.by(OFFICER) as tx:
        line = consignment(tx, announced).lines[0]
        receive_consignment(
            tx,
            ReceiveConsignment(
                consignment_id=announced,
                lines=(CameLine(line_id=line.id, received_milli=Milli(7000), expires_on=date(2027, 12, 31)),),
            ),
        )  # fmt: skip
    with work.read_by(OFFICER) as tx:
        rice = {line.item.code: line for line in need(tx, made.round_id).lines}["beras"]
    assert (Way.AT_GATE, 7000) in [(one.way, one.quantity_milli) for one in rice.arrivals]
    assert rice.free_milli == 16_000


amounts = st.dictionaries(st.sampled_from(DAYS), st.integers(0, 10**9))


@given(stock=st.integers(0, 10**10), plan=amounts, gone=amounts, arrives=amounts, today=st.sampled_from(DAYS))
def test_the_shelf_runs_down_by_what_leaves_and_by_nothing_else(stock, plan, gone, arrives, today):
    to_leave = {day: max(0, milli - gone.get(day, 0)) for day, milli in plan.items()}
    flows = run_through(DAYS, stock, plan, to_leave, arrives, today)
    ahead = [flow for flow in flows if flow.on >= today]
    assert all(flow.morning_milli is None for flow in flows if flow.on < today)
    assert ahead[0].morning_milli == stock
    assert ahead[-1].evening_milli == stock - sum(to_leave.values())
    for one, after in pairwise(ahead):
        assert one.evening_milli == after.morning_milli
    out = runs_out_on(flows)
    assert (out is None) == (sum(to_leave.values()) <= stock)


@given(
    short=st.integers(0, 10**10), expected=st.integers(0, 10**10), step=st.sampled_from([1, 250, 1000]),
    pack=st.sampled_from([0, 5, 40, 50]),
)  # fmt: skip
def test_what_is_asked_for_covers_the_shortage_in_whole_steps_or_packs_and_wastes_less_than_one(
    short, expected, step, pack
):
    box = PackView(id=None, name="dus", quantity_milli=Milli(pack * 1000), source="") if pack else None  # type: ignore[arg-type]
    asked = ask(short, expected, step, box)
    lack, unit = max(0, short - expected), pack * 1000 or step
    assert asked.quantity_milli % unit == 0
    assert lack <= asked.quantity_milli < lack + unit + (step if pack else 0)
    assert asked.packs * asked.pack_milli == (asked.quantity_milli if pack else 0)


def test_the_tables_of_paper_and_files_hold_the_page_s_figures(work: Work):
    week = a_week(work, stock={**PLENTY, "mie_instan": 15, "kasur": 2})
    with work.by(OFFICER) as tx:
        made = plan_round(tx, order(work, week, [household(no) for no in range(1, 6)]))
    with work.read_by(OFFICER) as tx:
        found = need(tx, made.round_id)
        spread = need_by_village(tx, made.round_id, found), need_by_day(tx, made.round_id, found)
    told = tables_of(found, *spread, Asking(in_packs=True))
    assert [(one.code, one.quantity_milli, one.free_milli, one.short_milli) for one in told.items] == [
        (one.item.code, one.quantity_milli, one.free_milli, one.short_milli) for one in found.lines
    ]
    noodles = next(one for one in told.asked if one.code == "mie_instan")
    assert (noodles.short_milli, noodles.asked.quantity_milli, noodles.asked.packs) == (35_000, 40_000, 1)
    for place, item in enumerate(told.items):
        assert sum(line.quantity_milli for one in told.villages for line in one.items if line.item == place) == (
            item.quantity_milli
        )
        assert sum(one.leaves_milli for one in told.days if one.item == place) == (
            item.quantity_milli - item.waiting_milli - item.lacking_milli
        )
