"""The whole line on the invented district, by the commands behind every page and every way of the API."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from core.clock import FixedClock
from core.errors import Conflict
from core.work import Work
from logistics.dispatch.queries import to_send
from logistics.packages.queries import counts_of, rounds_of
from logistics.planning.need import need
from logistics.zones import week
from logistics.zones.queries import incident_by_id
from routes.checks import prove_all
from stock.ledger.commands import ItemLine, Transfer, transfer
from stock.ledger.queries import item_balances
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import places
from tests.flows import line
from tests.support.builders import SYSTEM
from tests.support.racing import at_once, codes

NOWHERE = line.Flood(incident_id=UUID(int=0), slug="")


def test_from_a_posted_area_to_a_verified_receipt(work: Work, app: Flask):
    found = line.follow(work, app, line.an_area(NOWHERE))
    served = {line.households(work)[name] for name in line.households(work) if name.startswith(("H-0-", "H-5-"))}
    assert served <= {one.row.beneficiary_id for one in found.packages}


def lying(work: Work) -> dict[str, int]:
    """Give what lies in warehouses and posts together, by item."""
    sums: dict[str, int] = {}
    with work.read_by(line.OFFICER) as tx:
        ours = [one.id for one in places(tx, kinds=(PlaceKind.WAREHOUSE, PlaceKind.POST))]
        for one in item_balances(tx, place_ids=ours):
            sums[one.item.code] = sums.get(one.item.code, 0) + one.on_hand_milli
    return sums


def test_the_goods_of_the_line_are_all_accounted_for(work: Work, app: Flask):
    before = lying(work)
    found = line.follow(work, app, line.an_area(NOWHERE))
    left = lying(work)
    handed: dict[str, int] = {}
    for post_id in found.posts:
        for item in found.at(post_id)[0].lines:
            handed[item.item_code] = handed.get(item.item_code, 0) + item.quantity_milli
    assert {code: before[code] - left[code] for code in before if before[code] != left[code]} == handed


def test_what_is_short_is_told_and_nothing_is_half_promised(work: Work, app: Flask):
    """Two floods want the same goods: the second plan is refused as a whole when the shelf does not hold it."""
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood, outline=None, regions=(line.zones.ListRegion(code="99.01.01"),)))
    line.confirm_certain(work, flood.incident_id)
    planned = line.plan(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        wanted = {one.item.id: one.quantity_milli for one in need(tx, planned.round_id).lines}
        shelf = next(one for one in places(tx) if one.code == "G1")
        there = {one.item.id: one.on_hand_milli for one in item_balances(tx, place_ids=[shelf.id])}
    item = next(iter(wanted))
    with work.by(SYSTEM) as tx:
        elsewhere = add_place(tx, AddPlace(kind=PlaceKind.QUARANTINE, code="Q9", name="Karantina", parent_id=shelf.id))
        transfer(
            tx,
            Transfer(
                from_place_id=shelf.id, to_place_id=elsewhere, reason="uji",
                lines=(ItemLine(item_id=item, quantity_milli=line.Milli(there[item] - wanted[item] + 1000)),),
            ),
        )  # fmt: skip
    with pytest.raises(Conflict):
        line.approve(work, planned.round_id)
    with work.read_by(line.OFFICER) as tx:
        assert counts_of(tx, planned.round_id).reserved == 0
        assert [one.item.id for one in need(tx, planned.round_id).shortages] == [item]
        assert to_send(tx, planned.round_id) == ()
        assert all(not one.reserved_milli for one in item_balances(tx, place_ids=[shelf.id]))
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_a_second_week_follows_the_first(work: Work, app: Flask, fixed_clock: FixedClock):
    found = line.follow(work, app, line.an_area(NOWHERE))
    fixed_clock.advance(timedelta(days=7))
    again = line.plan(work, found.incident_id)
    assert again.round_id != found.round_id
    assert again.planned == len(found.packages)
    line.approve(work, again.round_id)
    line.send_all(work, again.round_id)
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_of_four_who_plan_the_first_week_at_once_one_does(work: Work):
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    with work.read_by(line.OFFICER) as tx:
        view, standard, today = incident_by_id(tx, flood.incident_id), week.standard_in_force(tx), tx.today
    assert standard is not None
    act = partial(week.plan_week, view=view, first_on=today, standard_id=standard.id)
    results = at_once([lambda: work.run(line.OFFICER, act)] * 4)
    assert codes(results) == ["", *["plan.nobody"] * 3]
    with work.read_by(line.OFFICER) as tx:
        assert [one.no for one in rounds_of(tx, flood.incident_id)] == [1]
