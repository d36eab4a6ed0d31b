"""What others do between the pieces of a taking over is neither lost nor undone by its last step."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.clock import FixedClock
from core.crypto import Secret
from core.work import Tx, Work
from registry_link.households.commands import (
    HouseholdRow,
    MemberRow,
    RecordSnapshot,
    RegisterProvisional,
    merge_households,
    record_snapshot,
    register_provisional,
)
from registry_link.households.erased import mark_erased
from registry_link.households.linking import Basis, current_links, links_of, move_link
from registry_link.households.models import (
    ErasedNumber,
    Household,
    KnownNumber,
    Member,
    RegistryLink,
    SnapshotDifference,
    StagedPiece,
    TakingOver,
)
from registry_link.households.numbering import bump_stamp
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.queries import SearchHouseholds, household, search_households, snapshots
from registry_link.households.reporting import (
    ListDifferences,
    difference_report,
    differences,
    differences_of_household,
)
from registry_link.households.states import DifferenceKind, LinkAct, LinkState, SnapshotState
from registry_link.households.taking_over import STALE, ready_step
from registry_link.importing.applying import begin_applying, keep_applied, to_fill_in
from registry_link.importing.commands import approve_import, discard_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.queries import import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE, SAUM, kk, nik


def filled_in(work: Work, run_id: UUID) -> None:
    """Take an import as far as its last step."""
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        approve_import(tx, run_id)
    with work.by(OFFICE) as tx:
        begin_applying(tx, run_id)
    while True:
        with work.by(OFFICE) as tx:
            filling, no = to_fill_in(tx, run_id)
            if no == len(filling.steps):
                return
            keep_applied(tx, run_id, filling, ready_step(tx, filling, no))


def finish(work: Work, run_id: UUID) -> None:
    run_pending_imports(work, OFFICE)
    with work.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(TakingOver)) == 0
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedPiece)) == 0


def id_of(tx: Tx, external_id: str) -> UUID:
    return tx.session.scalars(sa.select(Household.id).where(Household.external_id == external_id)).one()


def two_snapshots(work: Work, folder: Path) -> UUID:
    """Take a second snapshot, which changes household 1 and brings household 5, as far as its last step."""
    first = start(work, stored(folder, lines(4, 2)))
    filled_in(work, first)
    finish(work, first)
    rows = [line(1, alamat="Jalan Pindah"), line(1, 2), *lines(4, 2)[2:], line(5)]
    second = start(work, stored(folder, rows, "b.csv"), as_of=date(2026, 4, 1))
    filled_in(work, second)
    return second


def test_nothing_is_seen_before_the_last_step_and_all_after_it(office: Work, tmp_path: Path):  # noqa: F811
    second = two_snapshots(office, tmp_path)
    with office.read_by(LOG) as tx:
        assert len(search_households(tx, SearchHouseholds()).lines) == 4
        assert search_households(tx, SearchHouseholds(text=nik(51))).lines == ()
        one = household(tx, id_of(tx, "K0001"))
        assert one.address == "Jalan 1"
        assert len(links_of(tx, one.id)) == 1
        assert differences_of_household(tx, one.id) == ()
    finish(office, second)
    with office.read_by(LOG) as tx:
        assert len(search_households(tx, SearchHouseholds()).lines) == 5
        assert household(tx, one.id).address == "Jalan Pindah"
        (link,) = links_of(tx, one.id)
        assert (link.since_on, link.as_of_on, link.until_on) == (date(2026, 1, 1), date(2026, 4, 1), None)
        assert len(differences_of_household(tx, one.id)) == 1


def test_a_household_registered_meanwhile_is_looked_at_by_a_person(office: Work, tmp_path: Path):  # noqa: F811
    second = two_snapshots(office, tmp_path)
    with office.by(LOG) as tx:
        met = register_provisional(tx, RegisterProvisional(head_name="Orang51 Contoh", kk=kk(5), village_code=SAUM))
    finish(office, second)
    with office.read_by(LOG) as tx:
        link = current_links(tx, [id_of(tx, "K0005")])
        (one,) = link.values()
        assert one.state is LinkState.DUPLICATE_SUSPECTED
        assert household(tx, met.id).suspects == (household(tx, one.household_id).code,)


@pytest.mark.parametrize("erased", ["nik", "kk"])
def test_who_is_erased_meanwhile_stays_erased_and_is_not_brought_anew(
    office: Work,  # noqa: F811 (a fixture)
    tmp_path: Path,
    erased: str,
):
    second = two_snapshots(office, tmp_path)
    kind, number = ("nik", nik_index(Secret(nik(51)))) if erased == "nik" else ("kk", kk_index(Secret(kk(5))))
    with office.by(OFFICE) as tx:
        gone = id_of(tx, "K0001")
        mark_erased(tx, [gone])
        tx.session.execute(sa.update(Household).where(Household.id == gone).values(address="", head_name=""))
        tx.session.add(
            ErasedNumber(
                regency_code=tx.regency_code, kind=kind, number_index=number, erasure_id=tx.new_id(), erased_at=tx.now
            )
        )  # fmt: skip
        bump_stamp(tx)
    finish(office, second)
    with office.read_by(LOG) as tx:
        assert tx.session.scalar(sa.select(Household.address).where(Household.id == gone)) == ""
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 4
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 8
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(KnownNumber)) == 12
        assert current_links(tx, [gone]) == {}
        assert len(search_households(tx, SearchHouseholds()).lines) == 3


def test_a_file_of_which_nothing_is_taken_is_read_to_its_end_also_after_an_erasure(office: Work, tmp_path: Path):  # noqa: F811
    run_id = start(office, stored(tmp_path, [line(1, nik="123")]))
    with office.by(OFFICE) as tx:
        tx.session.add(
            ErasedNumber(
                regency_code=tx.regency_code, kind="nik", number_index=nik_index(Secret(nik(51))),
                erasure_id=tx.new_id(), erased_at=tx.now,
            )
        )  # fmt: skip
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.new, view.refused) == (RunState.REFUSED, 0, 1)


def test_a_step_of_a_link_made_meanwhile_goes_on(office: Work, tmp_path: Path):  # noqa: F811
    second = two_snapshots(office, tmp_path)
    with office.by(OFFICE) as tx:
        home = id_of(tx, "K0002")
        move_link(tx, links_of(tx, home)[0].id, LinkAct.CHECK, Basis())
    with office.read_by(OFFICE) as tx:
        state = links_of(tx, home)[0].state
    assert state is not LinkState.IMPORTED
    finish(office, second)
    with office.read_by(OFFICE) as tx:
        (now,) = links_of(tx, home)
        assert (now.state, now.is_current) == (state, True)


def test_another_snapshot_of_the_source_meanwhile_lets_it_begin_anew(office: Work, tmp_path: Path):  # noqa: F811
    second = two_snapshots(office, tmp_path)
    with office.by(OFFICE) as tx:
        between = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=date(2026, 3, 1)))
        merge_households(tx, between, [
            HouseholdRow(external_id="K0009", village_code=SAUM, members=(MemberRow(name="Orang Lain"),)),
        ])  # fmt: skip
    finish(office, second)
    with office.read_by(LOG) as tx:
        view = import_run(tx, second)
        assert (view.new, view.changed, view.unchanged) == (1, 1, 3)
        assert [one.state for one in snapshots(tx)].count(SnapshotState.CURRENT) == 1
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 6
        links = sa.select(sa.func.count()).where(RegistryLink.until_snapshot_id.is_(None))
        assert tx.session.scalar(links) == 5
        assert len(search_households(tx, SearchHouseholds(text="contoh")).lines) == 5


def test_what_changes_is_told_from_the_dry_run_on_but_not_of_a_household_before_it_is_so(
    office: Work,  # noqa: F811
    tmp_path: Path,
):
    second = two_snapshots(office, tmp_path)
    with office.read_by(LOG) as tx:
        order = ListDifferences(snapshot_id=snapshots(tx)[0].id)
        assert [one.kind for one in differences(tx, order).lines if one.kind is DifferenceKind.ADDRESS]
        home = id_of(tx, "K0001")
        assert differences_of_household(tx, home) == ()
    # Hours later: what was filled in is taken away and begun anew, and what was compared still stands.
    later = Work(office.engine, FixedClock(office.clock.now() + timedelta(seconds=2 * STALE)))
    finish(later, second)
    with office.read_by(LOG) as tx:
        told = [one.kind for _, one in differences_of_household(tx, home)]
        assert told.count(DifferenceKind.ADDRESS) == 1
        assert dict(difference_report(tx, order.snapshot_id).counts) == {
            DifferenceKind.NEW: 1, DifferenceKind.ADDRESS: 1,
        }  # fmt: skip


def test_before_it_is_applied_a_file_says_of_every_household_but_the_new_ones_what_would_change(
    office: Work,  # noqa: F811
    tmp_path: Path,
):
    first = start(office, stored(tmp_path, lines(4, 2)))
    filled_in(office, first)
    finish(office, first)
    rows = [line(1, alamat="Jalan Pindah"), line(1, 2), *lines(3, 2)[2:], line(3, 3), line(5)]
    second = start(office, stored(tmp_path, rows, "b.csv"), as_of=date(2026, 4, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        order = ListDifferences(snapshot_id=import_run(tx, second).snapshot_id)
        before = Counter(one.kind for one in differences(tx, order).lines)
        counted = dict(difference_report(tx, order.snapshot_id).counts)
    assert set(before) == {
        DifferenceKind.ADDRESS, DifferenceKind.SIZE, DifferenceKind.MEMBER_ADDED, DifferenceKind.GONE,
    }  # fmt: skip
    assert {**before, DifferenceKind.NEW: 1} == counted
    with office.by(HEAD) as tx:
        approve_import(tx, second)
    finish(office, second)
    with office.read_by(LOG) as tx:
        after = Counter(one.kind for one in differences(tx, order).lines)
        assert dict(difference_report(tx, order.snapshot_id).counts) == after == counted


def test_of_a_file_given_up_nothing_stays_that_it_would_have_changed(office: Work, tmp_path: Path):  # noqa: F811
    first = start(office, stored(tmp_path, lines(4, 2)))
    filled_in(office, first)
    finish(office, first)
    second = start(office, stored(tmp_path, lines(3, 2), "b.csv"), as_of=date(2026, 4, 1))
    run_pending_imports(office, OFFICE)
    with office.by(LOG) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(SnapshotDifference)) == 1
        discard_import(tx, second)
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(SnapshotDifference)) == 0
