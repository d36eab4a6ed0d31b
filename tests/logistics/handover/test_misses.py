"""A package that is missed stays open, says why and what comes next; handing it over later ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Tx, Work
from logistics.handover.commands import RecordMiss, record_miss
from logistics.handover.models import Miss
from logistics.handover.queries import MissView, misses, misses_of_household, misses_of_package
from logistics.handover.states import MissKind, NextStep
from logistics.packages.queries import PackageView, package
from logistics.packages.states import PackageState
from logistics.planning.commands import cancel_package
from tests.flows import line


def officer_of(found: PackageView) -> Actor:
    assert found.row.post_id is not None
    return line.field_officer(found.row.post_id)


def miss(work: Work, found: PackageView, actor: Actor | None = None, **more: object) -> None:
    def act(tx: Tx) -> None:
        order = RecordMiss(
            package_id=found.row.id, kind=MissKind.ABSENT, next_step=NextStep.INVITE_AGAIN, due_on=tx.today
        )
        record_miss(tx, replace(order, **more))  # type: ignore[arg-type]

    work.run(actor or officer_of(found), act)


def seen(work: Work, week: line.SentWeek, *, open_only: bool = True, actor: Actor = line.OFFICER) -> list[MissView]:
    with work.read_by(actor) as tx:
        return list(misses(tx, week.round_id, open_only=open_only))


def test_a_missed_package_stays_open_and_is_seen_with_its_next_step(work: Work, week: line.SentWeek):
    found = week.packages[0]
    miss(work, found, note="  pergi\u200b  melaut ")
    with work.read_by(line.OFFICER) as tx:
        assert package(tx, found.row.id).row.state is PackageState.LOADED
        today = tx.today
    (one,) = seen(work, week)
    assert (one.package_id, one.package_code, one.note, one.times) == (found.row.id, found.row.code, "pergi melaut", 1)
    assert (one.due_on, one.happened_on, one.serve_on) == (today, today, found.row.serve_on)
    assert one.is_open
    assert (one.kind_label("id"), one.next_label("en")) == ("Tidak hadir", "Invite again")


def test_the_newest_of_several_speaks_and_all_are_kept(work: Work, week: line.SentWeek):
    found, other = week.packages[:2]
    miss(work, found)
    miss(work, other, due_on=work.clock.now().date() + timedelta(days=9))
    miss(work, found, kind=MissKind.REFUSED, next_step=NextStep.RETURN_GOODS)
    first, second = seen(work, week)
    assert (first.package_id, first.kind, first.times) == (found.row.id, MissKind.REFUSED, 2)
    assert second.package_id == other.row.id
    with work.read_by(line.OFFICER) as tx:
        assert [one.kind for one in misses_of_package(tx, found.row.id)] == [MissKind.REFUSED, MissKind.ABSENT]
        assert len(misses_of_household(tx, found.row.household_id)) == 2


def test_handing_over_later_ends_it(work: Work, week: line.SentWeek):
    found = week.packages[0]
    miss(work, found)
    line.hand_over(work, found)
    assert seen(work, week) == []
    (one,) = seen(work, week, open_only=False)
    assert not one.is_open
    with pytest.raises(Conflict) as refused:
        miss(work, found)
    assert refused.value.code == "handover.miss.not_open"


def test_a_cancelled_package_is_not_missed(work: Work, week: line.SentWeek):
    found = week.packages[0]
    work.run(line.OFFICER, lambda tx: cancel_package(tx, found.row.id, "Pindah kabupaten"))
    with pytest.raises(Conflict):
        miss(work, found)


@pytest.mark.parametrize(
    ("due", "happened", "note", "field"),
    [
        (-1, 0, "", "due_on"), (367, 0, "", "due_on"), (0, 0, "x" * 201, "note"), (0, 1, "", "happened_on"),
        (0, -30, "", "happened_on"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(
    work: Work, week: line.SentWeek, due: int, happened: int, note: str, field: str
):
    with work.read_by(line.OFFICER) as tx:
        today = tx.today
    with pytest.raises(Invalid) as refused:
        miss(
            work, week.packages[0], due_on=today + timedelta(days=due), happened_on=today + timedelta(days=happened),
            note=note,
        )  # fmt: skip
    assert refused.value.field == field


def test_only_the_posts_own_people_record_and_see_it(work: Work, week: line.SentWeek):
    found = week.packages[0]
    elsewhere = next(one for one in week.posts if one != found.row.post_id)
    with pytest.raises(NotFound):
        miss(work, found, line.field_officer(elsewhere))
    with pytest.raises(Forbidden):
        miss(work, found, line.BPBD)
    miss(work, found)
    assert seen(work, week, actor=line.field_officer(elsewhere)) == []
    assert len(seen(work, week, actor=officer_of(found))) == 1


def test_a_miss_is_never_changed(work: Work, week: line.SentWeek):
    miss(work, week.packages[0])
    with pytest.raises(sa.exc.DBAPIError), work.by(line.OFFICER) as tx:
        tx.session.execute(sa.update(Miss).values(note="lain"))
