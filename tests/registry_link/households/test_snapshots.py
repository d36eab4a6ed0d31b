"""Snapshots: new, changed, the same; what the office measured itself; doubles; people met before their file."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict
from core.ids import code_with_check
from core.work import Work
from registry_link.households.commands import (
    HouseholdRow,
    MemberRow,
    NewCounts,
    RecordSnapshot,
    RegisterProvisional,
    record_snapshot,
    register_provisional,
)
from registry_link.households.models import Household, Member, RegistryLink, SearchText, StagedHousehold
from registry_link.households.numbering import code_of
from registry_link.households.positions import position_key
from registry_link.households.queries import (
    SearchHouseholds,
    compositions,
    household,
    registry_version,
    search_households,
    snapshots,
)
from registry_link.households.snapshots import discard
from registry_link.households.staging import make_current, stage_households, stage_members, weigh
from registry_link.households.states import PositionSource, Relation, Sex, SnapshotState
from tests.registry_link.people import OFFICE, OLILIT, SAUM, WOWON, head, kk, merge, nik, with_regions


@pytest.fixture
def office(work: Work) -> Work:
    return with_regions(work)


def rows(count: int = 6) -> list[HouseholdRow]:
    return [
        HouseholdRow(
            external_id=f"h{n}", village_code=SAUM if n % 2 else OLILIT, rt="001", rw="002", address=f"Jalan {n}",
            kk=Secret(kk(n)), lon_deg=131.3 + n / 1000, lat_deg=-7.98, decile=n % 10 + 1, file_row=n,
            members=(
                head(f"Yohanes Contoh{n}", n * 10),
                MemberRow(name=f"Maria Contoh{n}", external_id=f"w{n}", relation=Relation.SPOUSE, sex=Sex.FEMALE,
                          birth_on=date(1990, 5, 5), file_row=n * 10 + 1),
            ),
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def count(work: Work, model: type, *where: object) -> int:
    with work.read_by(OFFICE) as tx:
        return tx.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]


def test_a_first_snapshot_makes_households_with_codes_numbers_and_words(office: Work):
    snapshot_id, counts = merge(office, rows())
    assert (counts.new, counts.changed, counts.unchanged, counts.members) == (6, 0, 0, 12)
    with office.read_by(OFFICE) as tx:
        made = tx.session.scalars(sa.select(Household).order_by(Household.row_no)).all()
        assert [one.row_no for one in made] == [1, 2, 3, 4, 5, 6]
        assert [one.code for one in made] == [code_with_check("KEL", n) for n in range(1, 7)]
        first = next(one for one in made if one.external_id == "h1")
        assert (first.head_name, first.size, first.village_code) == ("Yohanes Contoh1", 2, SAUM)
        assert first.position_key == position_key(131.301, -7.98)
        assert first.position_source is PositionSource.REGISTRY
        assert first.snapshot_id == snapshot_id
        assert tx.session.scalar(sa.select(Member.nik).where(Member.member_key == "m10")) == Secret(nik(10))
        (line,) = snapshots(tx)
        assert (line.state, line.households, line.members) == (SnapshotState.CURRENT, 6, 12)
        assert registry_version(tx) == 1
    assert count(office, StagedHousehold) == 0
    assert count(office, RegistryLink) == 6


def test_codes_written_by_the_database_are_those_of_core(office: Work):
    numbers = [
        1,
        9,
        10,
        99,
        123,
        4512,
        99999,
        100000,
        999999,
        1000000,
        7654321,
        *random.Random(7).sample(range(10**8), 50),
    ]
    with office.read_by(OFFICE) as tx:
        for number in numbers:
            assert tx.session.scalar(sa.select(code_of(sa.literal(number)))) == code_with_check("KEL", number)


def test_the_same_file_again_changes_nothing(office: Work):
    merge(office, rows())
    with office.read_by(OFFICE) as tx:
        before = tx.session.execute(sa.select(Household.id, Household.changed_at).order_by(Household.id)).all()
    _, counts = merge(office, list(reversed(rows())), as_of=date(2026, 4, 1))
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 6)
    with office.read_by(OFFICE) as tx:
        assert tx.session.execute(sa.select(Household.id, Household.changed_at).order_by(Household.id)).all() == before
        assert [one.state for one in snapshots(tx)] == [SnapshotState.CURRENT, SnapshotState.REPLACED]
    assert count(office, RegistryLink) == 6
    assert count(office, RegistryLink, RegistryLink.until_snapshot_id.is_(None)) == 6


def test_changes_keep_ids_and_codes_and_members_come_and_go(office: Work):
    merge(office, rows())
    with office.read_by(OFFICE) as tx:
        before = {one.external_id: (one.id, one.code) for one in tx.session.scalars(sa.select(Household))}
        ids = {one.member_key: one.id for one in tx.session.scalars(sa.select(Member))}
    changed = rows()
    changed[0] = replace(changed[0], village_code=WOWON, address="Jalan Baru")
    changed[1] = replace(changed[1], members=(changed[1].members[0],))
    changed[2] = replace(changed[2], members=(*changed[2].members, MemberRow(name="Bayi Baru", external_id="b3")))
    changed[3] = replace(
        changed[3], members=(replace(changed[3].members[0], name="Petrus Lain"), changed[3].members[1])
    )
    _, counts = merge(office, changed, as_of=date(2026, 4, 1))
    assert (counts.new, counts.changed, counts.unchanged) == (0, 4, 2)
    with office.read_by(OFFICE) as tx:
        after = {one.external_id: one for one in tx.session.scalars(sa.select(Household))}
        assert {key: (one.id, one.code) for key, one in after.items()} == before
        assert (after["h1"].village_code, after["h1"].address) == (WOWON, "Jalan Baru")
        assert [after[f"h{n}"].size for n in (2, 3)] == [1, 3]
        assert after["h4"].head_name == "Petrus Lain"
        members = {one.member_key: one for one in tx.session.scalars(sa.select(Member))}
        assert members["m10"].id == ids["m10"]
        assert (members["w2"].is_present, members["w1"].is_present) == (False, True)
        assert len(household(tx, after["h2"].id).members) == 1
        words = tx.session.scalar(sa.select(SearchText.words).where(SearchText.row_no == after["h4"].row_no)) or ""
        assert set(words.split()) == {"petrus", "lain", "maria", "contoh4", "@4", "#9901012002"}


def test_a_file_without_members_takes_none_away(office: Work):
    merge(office, rows(2))
    bare = [replace(one, members=(), head_name="Yohanes Contoh", size=4) for one in rows(2)]
    merge(office, bare, as_of=date(2026, 4, 1), lists_members=False)
    with office.read_by(OFFICE) as tx:
        ids = list(tx.session.scalars(sa.select(Household.id)))
        assert all(len(household(tx, one).members) == 2 for one in ids)
        assert [one.persons for one in compositions(tx, ids, date(2026, 5, 1))] == [4, 4]


def test_a_position_the_office_measured_stays_unless_the_file_measured_too(office: Work):
    merge(office, rows(2))
    with office.by(OFFICE) as tx:
        tx.session.execute(
            sa.update(Household).values(
                lon_deg=131.5, lat_deg=-7.5, position_key=position_key(131.5, -7.5), position_source=PositionSource.GPS
            )
        )
    changed = [replace(one, address="Jalan Lain") for one in rows(2)]
    changed[1] = replace(changed[1], lon_deg=131.4, position_source=PositionSource.GPS, position_accuracy_m=8.0)
    merge(office, changed, as_of=date(2026, 4, 1))
    with office.read_by(OFFICE) as tx:
        by_id = {one.external_id: one for one in tx.session.scalars(sa.select(Household))}
        assert (by_id["h1"].lon_deg, by_id["h1"].address) == (131.5, "Jalan Lain")
        assert (by_id["h2"].lon_deg, by_id["h2"].position_accuracy_m) == (131.4, 8.0)
        assert by_id["h2"].position_key == position_key(131.4, -7.98)


def test_an_older_file_an_empty_one_and_a_second_commit_are_refused(office: Work):
    done, _ = merge(office, rows(2), as_of=date(2026, 4, 1))
    with pytest.raises(Conflict, match=r"snapshot\.older"):
        merge(office, rows(2), as_of=date(2026, 1, 1))
    with pytest.raises(Conflict, match=r"snapshot\.empty"):
        merge(office, [])
    with pytest.raises(Conflict, match=r"snapshot\.cannot_commit"), office.by(OFFICE) as tx:
        make_current(tx, done)


def test_rows_may_come_in_any_order_and_in_many_pieces(office: Work):
    whole = rows()
    with office.by(OFFICE) as tx:
        snapshot_id = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=date(2026, 1, 1)))
    for one in reversed(whole):
        with office.by(OFFICE) as tx:
            assert stage_households(tx, snapshot_id, [replace(one, members=())]) == ()
    for one in whole:
        for member in reversed(one.members):
            with office.by(OFFICE) as tx:
                assert stage_members(tx, snapshot_id, [(one.external_id, member)]) == ()
                # The same line sent twice is told, not stored twice.
                assert stage_members(tx, snapshot_id, [(one.external_id, member)]) == (member.file_row,)
    with office.by(OFFICE) as tx:
        make_current(tx, snapshot_id)
    _, counts = merge(office, whole, as_of=date(2026, 4, 1))
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 6)
    with office.read_by(OFFICE) as tx:
        first = tx.session.scalars(sa.select(Household).where(Household.external_id == "h1")).one()
        assert [one.relation for one in household(tx, first.id).members] == [Relation.HEAD, Relation.SPOUSE]


def test_nothing_is_seen_of_a_staged_or_discarded_snapshot(office: Work):
    with office.by(OFFICE) as tx:
        snapshot_id = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=date(2026, 1, 1)))
        stage_households(tx, snapshot_id, rows())
        assert weigh(tx, snapshot_id).new == 6
    assert count(office, Household) == 0
    with office.by(OFFICE) as tx:
        discard(tx, snapshot_id)
    assert (count(office, StagedHousehold), count(office, Household)) == (0, 0)


def test_the_same_nik_in_two_households_is_shown_not_hidden(office: Work):
    doubled = rows(3)
    doubled[2] = replace(doubled[2], members=(replace(doubled[0].members[0], external_id="other", file_row=99),))
    _, counts = merge(office, doubled)
    assert (counts.new, counts.suspected) == (3, 1)
    with office.read_by(OFFICE) as tx:
        by_id = {one.external_id: one for one in tx.session.scalars(sa.select(Household))}
        assert household(tx, by_id["h3"].id).suspects == (by_id["h1"].code,)
        assert household(tx, by_id["h1"].id).suspects == (by_id["h3"].code,)
    again = [replace(rows(1)[0], external_id="elsewhere", members=())]
    _, counts = merge(office, again, source="dtks")
    assert (counts.new, counts.suspected) == (1, 1)


@pytest.mark.parametrize("by", ["kk", "nik"])
def test_a_household_met_before_its_file_is_bound_not_counted_twice(office: Work, by: str):
    with office.by(OFFICE) as tx:
        met = register_provisional(
            tx,
            RegisterProvisional(
                head_name="Yohanes C.", village_code=SAUM, kk=kk(1) if by == "kk" else "",
                head_nik=nik(10) if by == "nik" else "", counts=NewCounts(adults=2, children=1),
            ),
        )  # fmt: skip
    _, counts = merge(office, rows(3))
    assert (counts.new, counts.changed) == (2, 1)
    with office.read_by(OFFICE) as tx:
        one = household(tx, met.id)
        assert (one.code, one.is_provisional, one.head_name) == (met.code, False, "Yohanes Contoh1")
        assert [each.name for each in one.members] == ["Yohanes Contoh1", "Maria Contoh1"]
        assert compositions(tx, [met.id], date(2026, 5, 1))[0].persons == 2
        assert len(search_households(tx, SearchHouseholds()).lines) == 3
