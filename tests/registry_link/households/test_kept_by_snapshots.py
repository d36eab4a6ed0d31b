"""What a village completed outlives the next file: its empty cells erase nothing, its words count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import pytest
import sqlalchemy as sa

from core.crypto import Secret
from core.work import Work
from registry_link.households.known import know_numbers
from registry_link.households.models import Household, Member
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.rows import HouseholdRow, MemberRow
from registry_link.households.states import Relation
from tests.registry_link.people import OFFICE, OLILIT, SAUM, kk, merge, nik, with_regions

NUMBER, CARD = Secret(nik(7)), Secret(kk(7))
EMPTY = HouseholdRow(
    external_id="h1", village_code=SAUM, decile=4, file_row=1,
    members=(
        MemberRow(name="Yohanes Contoh", external_id="m1", relation=Relation.HEAD, file_row=1),
        MemberRow(name="Maria Contoh", external_id="m2", relation=Relation.SPOUSE, age_years=30, file_row=2,
                  age_as_of_on=date(2026, 1, 1)),
    ),
)  # fmt: skip


@pytest.fixture
def office(work: Work) -> Work:
    """An office where one bare household was completed by its village."""
    merge(with_regions(work), [EMPTY])
    with work.by(OFFICE) as tx:
        home, member = cast(sa.Table, Household.__table__), cast(sa.Table, Member.__table__)
        tx.session.execute(sa.update(home).values(
            rt="003", rw="001", hamlet="Soa Atas", address="Jalan Pantai 4", kk=CARD, kk_bidx=kk_index(CARD)
        ))  # fmt: skip
        tx.session.execute(
            sa.update(member).where(member.c.member_key == "m1").values(nik=NUMBER, nik_bidx=nik_index(NUMBER))
        )
        know_numbers(tx, tx.session.scalars(sa.select(Household.id)).all())
        tx.session.execute(sa.update(member).values(birth_on=date(1986, 4, 2), age_years=None, age_as_of_on=None))
    return work


def told(work: Work) -> tuple[object, ...]:
    with work.read_by(OFFICE) as tx:
        home = tx.session.execute(
            sa.select(Household.rt, Household.rw, Household.hamlet, Household.address, Household.kk, Household.decile)
        ).one()
        people = tx.session.execute(
            sa.select(Member.nik, Member.birth_on, Member.age_years, Member.relation).order_by(Member.member_key)
        ).all()
        return (*home, *(tuple(one) for one in people))


def test_empty_cells_of_the_next_file_erase_nothing_of_the_same_village(office: Work):
    members = tuple(replace(one, relation=Relation.OTHER) for one in EMPTY.members)
    merge(office, [replace(EMPTY, decile=2, members=members)], as_of=date(2026, 4, 1))
    born = date(1986, 4, 2)
    assert told(office) == (
        "003", "001", "Soa Atas", "Jalan Pantai 4", CARD, 2,
        (NUMBER, born, None, Relation.OTHER), (None, born, None, Relation.OTHER),
    )  # fmt: skip


def test_what_the_next_file_does_say_counts(office: Work):
    born = date(1990, 1, 9)
    other = replace(EMPTY.members[0], nik=Secret(nik(9, born)), birth_on=born)
    row = replace(EMPTY, rt="005", address="Jalan Baru 1", members=(other, EMPTY.members[1]))
    merge(office, [row], as_of=date(2026, 4, 1))
    found = told(office)
    assert found[:4] == ("005", "001", "Soa Atas", "Jalan Baru 1")
    assert found[6] == (Secret(nik(9, born)), born, None, Relation.HEAD)


def test_another_village_begins_anew(office: Work):
    merge(office, [replace(EMPTY, village_code=OLILIT)], as_of=date(2026, 4, 1))
    assert told(office)[:4] == (None, None, "", "")
