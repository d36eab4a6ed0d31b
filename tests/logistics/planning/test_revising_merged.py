"""Two households that are found to be one are served once, and what is still owed to them is not forgotten."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from core.work import Work
from logistics.dispatch.commands import SendToPost, send_to_post
from logistics.packages.states import PackageState
from registry_link.households.models import Household
from tests.logistics.planning.revised import World
from tests.logistics.week import MONDAY, OFFICER, PLENTY, a_week, fill, household
from tests.support.builders import SYSTEM


def merge(world: World, gone: UUID, stays: UUID) -> None:
    with world.work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(Household).where(Household.id == gone).values(merged_into_id=stays))
    world.households = [one for one in world.households if one.beneficiary_id != gone]


def test_whose_other_half_waits_for_the_second_lorry_is_not_served_too(work: Work):
    stock = {code: amount for code, amount in PLENTY.items() if code != "beras"}
    week = a_week(work, capacity=2, stock=stock)
    fill(work, week, week.far, {"beras": PLENTY["beras"]})
    world = World(work=work, week=week, households=[household(no) for no in range(1, 5)])
    world.plan()
    first_lorry = SendToPost(
        round_id=world.id, post_id=week.first_post, serve_on=MONDAY, warehouse_id=week.near, vehicle="Truk"
    )
    work.run(OFFICER, lambda tx: send_to_post(tx, first_lorry))
    rows = world.rows()
    gone = next(row for row in rows if (row.post_id, row.serve_on) == (week.first_post, MONDAY))
    stays = next(row for row in rows if (row.post_id, row.serve_on) != (week.first_post, MONDAY))
    assert gone.state is stays.state is PackageState.RESERVED
    merge(world, gone.beneficiary_id, stays.beneficiary_id)
    assert [(one.code, one.count) for one in world.behind()] == [("revision.behind.not_listed", 1)]
    world.revise()
    world.approve()
    now = {row.id: row for row in world.rows()}
    assert now[gone.id].state is PackageState.RESERVED
    assert now[stays.id].state is PackageState.CANCELLED
    assert world.behind() == ()
