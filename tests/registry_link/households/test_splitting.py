"""One person moves within the office: counted once, where he lives, whatever the next files say; undone whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict, Invalid, NotFound
from core.privacy.held import Subject, erase
from core.work import Work
from registry_link.households.commands import HouseholdRow, MemberRow
from registry_link.households.departures import departures_of, undo_departure
from registry_link.households.linking import current_links
from registry_link.households.models import Household, Member
from registry_link.households.queries import SearchHouseholds, household, search_households
from registry_link.households.splitting import Moved, MoveMember, move_member
from registry_link.households.states import LinkState, Relation
from tests.registry_link.links.test_links import DAY, OFFICER, VILLAGE, home, member, refusal, rows
from tests.registry_link.people import OFFICE, OLILIT, SAUM, merge, nik, with_regions
from tests.support.racing import at_once, codes


@pytest.fixture
def office(work: Work) -> Work:
    merge(with_regions(work), rows())
    return work


def move(work: Work, household_id: UUID, member_id: UUID, actor: Any = OFFICER, **named: Any) -> Moved:
    with work.by(actor) as tx:
        return move_member(tx, MoveMember(
            household_id=household_id, member_id=member_id, event_on=DAY, basis_no="475/3", basis_on=DAY, **named
        ))  # fmt: skip


def told(work: Work, household_id: UUID) -> tuple[int, list[tuple[str, Relation]]]:
    with work.read_by(OFFICER) as tx:
        found = household(tx, household_id)
    return found.size, [(one.name, one.relation) for one in found.members]


def code_of(work: Work, household_id: UUID) -> str:
    with work.read_by(OFFICER) as tx:
        return household(tx, household_id).code


def everything(work: Work) -> list[tuple[Any, ...]]:
    with work.read_by(OFFICE) as tx:
        people = tx.session.execute(
            sa.select(Member.id, Member.household_id, Member.relation).where(Member.is_present).order_by(Member.id)
        ).all()
        homes = tx.session.execute(
            sa.select(Household.id, Household.size, Household.head_name).where(Household.left_on.is_(None))
            .order_by(Household.id)
        ).all()  # fmt: skip
    return [tuple(one) for one in (*people, *homes)]


YOHANES, MARIA = ("Yohanes Contoh1", Relation.HEAD), ("Maria Contoh1", Relation.SPOUSE)


def test_a_son_founds_a_household_of_his_own_and_the_next_file_does_not_take_him_back(office: Work):
    here = home(office)
    before = everything(office)
    done = move(office, here, member(office, "w1"), address="Jalan Baru 7", rt="9")
    alone = (1, [("Maria Contoh1", Relation.HEAD)])
    assert done.is_new
    assert (told(office, here), told(office, done.to_household_id)) == ((1, [YOHANES]), alone)
    with office.read_by(OFFICER) as tx:
        new = household(tx, done.to_household_id)
        lines = (departures_of(tx, here), departures_of(tx, new.id))
        found = {line.id for line in search_households(tx, SearchHouseholds(text="Maria Contoh1")).lines}
    assert (new.village_code, new.rt, new.rw, new.address, new.is_provisional) == (
        SAUM, "009", "002", "Jalan Baru 7", True
    )  # fmt: skip
    assert found == {new.id}
    assert [(one.name, one.is_arrival, one.basis_no) for line in lines for one in line] == [
        ("Maria Contoh1", False, "475/3"), ("Maria Contoh1", True, "475/3"),
    ]  # fmt: skip
    assert (lines[0][0].other_code, lines[1][0].other_code) == (new.code, code_of(office, here))
    merge(office, rows(decile=4), as_of=date(2026, 4, 1))
    assert (told(office, here), told(office, new.id)) == ((1, [YOHANES]), alone)
    with office.by(OFFICER) as tx:
        undo_departure(tx, here)
    assert everything(office) == before


def test_a_person_joins_another_household_and_is_counted_there_once(office: Work):
    here, there = home(office), home(office, "h3")
    move(office, here, member(office, "w1"), to_code=code_of(office, there).lower(), relation=Relation.PARENT)
    joined = (3, [("Yohanes Contoh3", Relation.HEAD), ("Maria Contoh3", Relation.SPOUSE),
                  ("Maria Contoh1", Relation.PARENT)])  # fmt: skip
    assert told(office, there) == joined
    merge(office, rows(decile=4), as_of=date(2026, 4, 1))
    assert (told(office, here), told(office, there)) == ((1, [YOHANES]), joined)
    # The register catches up: it lists her there, and she is one person still.
    newer = rows(decile=5)
    wife = newer[0].members[1]
    caught_up = [
        replace(newer[0], members=newer[0].members[:1]), newer[1],
        replace(newer[2], members=(*newer[2].members, replace(wife, external_id="w1x", relation=Relation.OTHER))),
    ]  # fmt: skip
    merge(office, caught_up, as_of=date(2026, 7, 1))
    size, people = told(office, there)
    assert (size, sorted(name for name, _ in people)) == (3, ["Maria Contoh1", "Maria Contoh3", "Yohanes Contoh3"])


def test_the_head_names_a_successor_and_the_last_one_takes_the_household_with_him(office: Work):
    here, there = home(office), home(office, "h2")
    first, second = member(office, "m10"), member(office, "w1")
    assert refusal(lambda: move(office, here, first)) == "departure.successor_needed"
    code = code_of(office, there)
    move(office, here, first, to_code=code, successor_id=second)
    assert refusal(lambda: move(office, here, second)) == "departure.last_one"
    move(office, here, second, to_code=code)
    assert told(office, there)[0] == 4
    with office.read_by(OFFICER) as tx:
        assert current_links(tx, [here])[here].state is LinkState.MOVED
        assert household(tx, there).head_name == "Yohanes Contoh2"
    with office.by(OFFICER) as tx:
        undo_departure(tx, here)
    assert (told(office, here), told(office, there)[0]) == ((1, [("Maria Contoh1", Relation.HEAD)]), 3)


def test_a_village_moves_people_only_among_its_own_and_learns_nothing_of_others(office: Work):
    here, wife = home(office), member(office, "w1")
    other = code_of(office, home(office, "h2"))
    with pytest.raises(Invalid, match="to_unknown"):
        move(office, here, wife, VILLAGE, to_code=other)
    with pytest.raises(Invalid, match="to_same"):
        move(office, here, wife, VILLAGE, to_code=code_of(office, here))
    with pytest.raises(NotFound):
        move(office, home(office, "h2"), member(office, "w2"), VILLAGE)
    with pytest.raises(NotFound):
        move(office, here, member(office, "w3"), VILLAGE)
    done = move(office, here, wife, VILLAGE, to_village_code=OLILIT)
    assert (done.to_village_code, done.is_new) == (OLILIT, True)


def test_who_has_a_life_of_his_own_there_is_not_sent_back(office: Work):
    here = home(office)
    done = move(office, here, member(office, "w1"))
    newcomer = member(office, "w3")
    move(office, home(office, "h3"), newcomer, to_code=done.to_code)
    with pytest.raises(Conflict, match="head_of_others"), office.by(OFFICER) as tx:
        undo_departure(tx, here)
    with office.by(OFFICER) as tx:
        undo_departure(tx, home(office, "h3"))
        undo_departure(tx, here)
    assert told(office, here) == (2, [YOHANES, MARIA])


def test_a_register_that_finds_the_new_household_lists_everybody_once(office: Work):
    """The next file brings the new household with her number: it is the same one, and she stands in it once."""
    here = home(office)
    done = move(office, here, member(office, "w1"))
    newer = rows(decile=4)
    wife = newer[0].members[1]
    fresh = HouseholdRow(
        external_id="h9", village_code=SAUM, decile=4, file_row=9,
        members=(replace(wife, external_id="w1x", relation=Relation.HEAD), MemberRow(name="Bayi Contoh", file_row=99)),
    )  # fmt: skip
    merge(office, [replace(newer[0], members=newer[0].members[:1]), *newer[1:], fresh], as_of=date(2026, 4, 1))
    size, people = told(office, done.to_household_id)
    assert home(office, "h9") == done.to_household_id
    assert (size, sorted(name for name, _ in people)) == (2, ["Bayi Contoh", "Maria Contoh1"])


def test_erasing_where_somebody_lives_now_leaves_nothing_of_him_where_he_lived(office: Work):
    done = move(office, home(office), member(office, "w1"))
    with office.by(OFFICE) as tx:
        erase(Subject(tx.session, [done.to_household_id]), tx.session)
    with office.read_by(OFFICE) as tx:
        names = set(tx.session.scalars(sa.select(Member.name)))
        numbers = [one.reveal() for one in tx.session.scalars(sa.select(Member.nik)) if one is not None]
    assert "Maria Contoh1" not in names and "Yohanes Contoh1" in names
    assert Secret(nik(10)).reveal() in numbers and len(numbers) == 5


def test_two_who_move_people_at_once_move_each_of_them_once(office: Work):
    """The same person to two places, and two people past each other: nobody is lost, nobody is doubled."""
    here, there = home(office), home(office, "h3")
    wife, other = member(office, "w1"), member(office, "w3")
    codes_of = {one: code_of(office, one) for one in (here, there)}

    def act(household_id: UUID, member_id: UUID, to_code: str) -> Any:
        order = MoveMember(
            household_id=household_id, member_id=member_id, event_on=DAY, basis_no="475/3", basis_on=DAY,
            to_code=to_code,
        )  # fmt: skip
        return lambda: office.run(OFFICER, lambda tx: move_member(tx, order))

    results = at_once([act(here, wife, codes_of[there]), act(here, wife, ""), act(there, other, codes_of[here])])
    assert codes(results) == ["", "", "member.not_found"]
    with office.read_by(OFFICE) as tx:
        present = list(tx.session.scalars(sa.select(Member.name).where(Member.is_present)))
        sizes = tx.session.scalar(sa.select(sa.func.sum(Household.size)).where(Household.left_on.is_(None)))
    assert sorted(present) == sorted({f"{name} Contoh{n}" for name in ("Yohanes", "Maria") for n in (1, 2, 3)})
    assert sizes == 6
