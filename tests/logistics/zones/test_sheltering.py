"""Where the displaced are: matched by home, served where they are, once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Actor, Role
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Work
from logistics.packages.queries import packages
from logistics.zones import deciding, freezing, sheltering
from logistics.zones.commands import ReportCount
from logistics.zones.deciding import Decide
from logistics.zones.rules import Count
from logistics.zones.sheltering import ChangeShelter, OpenShelter, RecordStay
from logistics.zones.states import CountKind, CountState, RejectReason, StayKind
from tests.flows import line
from tests.logistics.zones.test_merged import merged
from tests.support.builders import an_actor

VILLAGE_F = an_actor(Role.VILLAGE, village=line.F)


def a_shelter(work: Work, flood: line.Flood, village: str, **more: object) -> UUID:
    order = OpenShelter(
        incident_id=flood.incident_id, village_code=village, **{"name": f"Balai {village}", **more},  # type: ignore[arg-type]
    )  # fmt: skip
    return work.run(line.OFFICER, lambda tx: sheltering.open_shelter(tx, order))


def stay(
    work: Work, flood: line.Flood, *ids: UUID, shelter: UUID | None = None, actor: Actor = line.OFFICER, **more: object
) -> int:
    def act(tx: object) -> int:
        order = RecordStay(
            incident_id=flood.incident_id, household_ids=ids, shelter_id=shelter,
            **{"kind": StayKind.SHELTER, "since_on": line.MONDAY.date(), **more},  # type: ignore[arg-type]
        )  # fmt: skip
        return sheltering.record_stay(tx, order)  # type: ignore[arg-type]

    return work.run(actor, act)


def counted(work: Work, shelter: UUID) -> tuple[int, int]:
    with work.read_by(line.OFFICER) as tx:
        found = sheltering.shelter(tx, shelter)
    return found.households, found.persons


def test_moving_between_shelters_keeps_where_they_were_and_counts_them_once(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    one, other = known["H-0-0"], known["H-0-1"]
    first, second = (a_shelter(work, flood, code, capacity=1) for code in (line.A, line.F))
    assert stay(work, flood, one, other, shelter=first) == 2
    assert stay(work, flood, one, shelter=first) == 0, "the same answer twice is one"
    assert stay(work, flood, one, shelter=second) == 1
    assert (counted(work, first)[0], counted(work, second)[0]) == (1, 1)
    assert stay(work, flood, one, kind=StayKind.HOST, village_code=line.B, place_text="Rumah kakak") == 1
    assert stay(work, flood, one, kind=StayKind.HOME) == 1
    assert counted(work, second) == (0, 0)
    with work.read_by(line.OFFICER) as tx:
        history = sheltering.stays_of(tx, flood.incident_id, one)
        lines = sheltering.displaced(tx, flood.incident_id)
        full = sheltering.shelter(tx, first)
        assert set(sheltering.stays_now(tx, flood.incident_id, [one, other])) == {other}
    assert [entry.kind for entry in history] == [StayKind.HOME, StayKind.HOST, StayKind.SHELTER, StayKind.SHELTER]
    assert [entry.until_on is None for entry in history] == [True, False, False, False]
    assert [(told.village_code, told.households, told.in_shelters) for told in lines] == [(line.A, 1, 1)]
    assert full.free is not None
    assert full.free < 0, "overfull is shown and never refused"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), work.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM stay"))


def test_the_displaced_by_name_stand_beside_those_that_were_reported(work: Work, flood: line.Flood):
    counts = (
        ReportCount(village_code=line.A, kind=CountKind.DISPLACED, count=Count(CountState.NUMBER, 40)),
        ReportCount(village_code=line.F, kind=CountKind.DISPLACED, count=Count(CountState.PENDING)),
    )
    line.post(work, line.an_area(flood, counts=counts))
    shelter = a_shelter(work, flood, line.B, reported_persons=50)
    stay(work, flood, line.households(work)["H-0-0"], shelter=shelter)
    with work.read_by(line.OFFICER) as tx:
        found = {one.village_code: one for one in sheltering.displaced(tx, flood.incident_id)}
        at = sheltering.shelter(tx, shelter)
    assert found[line.A].gap == 40 - found[line.A].persons == 40 - at.persons
    assert (found[line.F].households, found[line.F].gap) == (0, None)
    assert at.gap == 50 - at.persons


def test_a_household_is_planned_where_it_is_now_and_once(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    line.confirm_certain(work, flood.incident_id)
    known = line.households(work)
    before = _posts(work, line.plan(work, flood.incident_id).round_id)
    home, away = before[known["H-0-0"]], before[known["H-5-0"]]
    assert home != away
    other = line.open_flood(work, "Longsor Contoh")
    line.post(work, line.an_area(other))
    line.confirm_certain(work, other.incident_id)
    shelter = a_shelter(work, other, line.F)
    stay(work, other, known["H-0-0"], shelter=shelter)
    stay(work, other, known["H-5-0"], kind=StayKind.HOST, village_code=line.A)
    stay(work, other, known["H-0-1"], kind=StayKind.ELSEWHERE, place_text="Di kota")
    work.run(line.OFFICER, lambda tx: freezing.freeze_list(tx, freezing.Freeze(incident_id=other.incident_id)))
    after = _posts(work, line.plan(work, other.incident_id).round_id)
    assert (after[known["H-0-0"]], after[known["H-5-0"]]) == (away, home)
    assert after[known["H-0-1"]] == home, "who is elsewhere is served at the home's post"
    assert after.keys() == before.keys()


def _posts(work: Work, round_id: UUID) -> dict[UUID, UUID | None]:
    with work.read_by(line.OFFICER) as tx:
        rows = packages(tx, round_id, limit=500).rows
    assert len(rows) == len({row.household_id for row in rows})
    return {row.household_id: row.post_id for row in rows}


def test_one_that_was_merged_is_where_it_was_said_last(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    stays, goes = known["H-0-0"], known["H-0-1"]
    first, second = (a_shelter(work, flood, code) for code in (line.A, line.F))
    stay(work, flood, stays, shelter=first, since_on=line.MONDAY.date() - timedelta(days=1))
    stay(work, flood, goes, shelter=second)
    merged(work, stays, goes)
    assert (counted(work, first)[0], counted(work, second)[0]) == (0, 1)
    assert stay(work, flood, goes, shelter=first) == 1, "said of the one that it is now"
    assert (counted(work, first)[0], counted(work, second)[0]) == (1, 0)


def test_of_two_who_say_at_once_where_a_household_is_both_are_kept_and_one_holds(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    one = line.households(work)["H-0-0"]
    shelters = [a_shelter(work, flood, code) for code in (line.A, line.F)]
    start, outcomes = threading.Barrier(2), list[object]()

    def act(shelter: UUID) -> None:
        start.wait()
        try:
            outcomes.append(stay(work, flood, one, shelter=shelter))
        except Conflict as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=act, args=(shelter,)) for shelter in shelters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {1, "stay.moved_meanwhile"}
    assert sum(counted(work, shelter)[0] for shelter in shelters) == 1


def test_what_cannot_be_is_refused(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    shelter = a_shelter(work, flood, line.F)
    today = line.MONDAY.date()
    with pytest.raises(Conflict, match=r"shelter\.name_taken"):
        a_shelter(work, flood, line.F)
    with pytest.raises(Invalid, match=r"shelter\.position"):
        a_shelter(work, flood, line.F, name="Separuh letak", lon_deg=131.0)
    with pytest.raises(Invalid, match=r"stay\.ahead"):
        stay(work, flood, known["H-5-0"], shelter=shelter, since_on=today + timedelta(days=1))
    with pytest.raises(Invalid, match=r"stay\.shelter_missing"):
        stay(work, flood, known["H-5-0"])
    with pytest.raises(NotFound):
        stay(work, flood, known["H-2-0"], shelter=shelter)
    no = Decide(incident_id=flood.incident_id, household_ids=(known["H-5-1"],), is_affected=False,
                reject_reason=RejectReason.MOVED)  # fmt: skip
    work.run(line.OFFICER, lambda tx: deciding.decide_affected(tx, no))
    with pytest.raises(NotFound):
        stay(work, flood, known["H-5-1"], shelter=shelter)
    stay(work, flood, known["H-5-0"], shelter=shelter)
    with pytest.raises(Invalid, match=r"stay\.before_last"):
        stay(work, flood, known["H-5-0"], kind=StayKind.HOME, since_on=today - timedelta(days=1))
    with pytest.raises(Conflict, match=r"shelter\.is_inhabited"):
        work.run(line.OFFICER, lambda tx: sheltering.close_shelter(tx, shelter))
    stay(work, flood, known["H-5-0"], kind=StayKind.HOME)
    work.run(line.OFFICER, lambda tx: sheltering.close_shelter(tx, shelter))
    with pytest.raises(Conflict, match=r"shelter\.is_closed"):
        stay(work, flood, known["H-5-0"], shelter=shelter)
    work.run(line.OFFICER, lambda tx: sheltering.open_again(tx, shelter))
    change = ChangeShelter(shelter_id=shelter, name="Balai baru", capacity=80)
    work.run(line.BPBD, lambda tx: sheltering.change_shelter(tx, change))
    with pytest.raises(Forbidden):
        work.run(VILLAGE_F, lambda tx: sheltering.change_shelter(tx, replace(change, capacity=1)))


def test_who_may_see_whom_at_a_shelter(work: Work, flood: line.Flood):
    line.post(work, line.an_area(flood))
    known = line.households(work)
    away = a_shelter(work, flood, line.B, contact_name="Ketua posko", contact_phone="0812")
    stay(work, flood, known["H-0-0"], known["H-5-0"], shelter=away)

    def seen(actor: Actor) -> tuple[set[UUID], str, int]:
        with work.read_by(actor) as tx:
            at = sheltering.shelter(tx, away)
            return {one.household_id for one in sheltering.households_at(tx, away)}, at.contact_phone, at.households

    assert seen(line.OFFICER) == ({known["H-0-0"], known["H-5-0"]}, "0812", 2)
    assert seen(VILLAGE_F) == ({known["H-5-0"]}, "0812", 2), "its own people"
    assert seen(an_actor(Role.FIELD, village=line.B))[0] == {known["H-0-0"], known["H-5-0"]}, (
        "whoever is in its village"
    )
    assert seen(line.BPBD) == (set(), "", 2)
    with pytest.raises(NotFound):
        stay(work, flood, known["H-0-0"], kind=StayKind.HOME, actor=VILLAGE_F)
    with work.read_by(VILLAGE_F) as tx, pytest.raises(NotFound):
        sheltering.stays_of(tx, flood.incident_id, known["H-0-0"])
