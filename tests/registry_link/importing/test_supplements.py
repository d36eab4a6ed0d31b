"""Refused rows that come back corrected complete the snapshot that refused them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Work
from registry_link.households.models import RegistryLink, SnapshotDifferenceCount
from registry_link.households.queries import SearchHouseholds, household, search_households, snapshots
from registry_link.households.reporting import snapshot_lines
from registry_link.households.states import DifferenceKind, SnapshotState
from registry_link.importing.commands import SourceFile, approve_import
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.origins import completions_of, origins_of
from registry_link.importing.queries import import_run
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEAD, LOG, line, lines, office, start, stored  # noqa: F401
from tests.registry_link.people import OFFICE, SAUM, kk, nik

PEOPLE = "id_keluarga;id_art;nik;nama;shdk"


def applied(work: Work, *files: SourceFile, **given: object) -> UUID:
    run_id = start(work, *files, **given)  # type: ignore[arg-type]
    run_pending_imports(work, OFFICE)
    with work.by(HEAD) as tx:
        approve_import(tx, run_id)
    run_pending_imports(work, OFFICE)
    with work.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
    return run_id


def test_a_household_refused_before_comes_into_the_same_snapshot(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, stored(tmp_path, lines(3, 2)))
    bad = [line(3, 1, nik="123"), line(3, 2, nik="456")]
    first = applied(office, stored(tmp_path, [*lines(2, 2), *bad, line(4)], "b.csv"), as_of=date(2026, 4, 1))
    with office.read_by(LOG) as tx:
        now = snapshots(tx)[0]
        # Of the third household every row is refused: it is listed, and stays as it was.
        assert (now.households, now.members) == (4, 7)
    good = [line(3, 1), line(3, 2, nama="Orang Baru"), line(5)]
    run_id = applied(office, stored(tmp_path, good, "c.csv"), completes_id=now.id)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.as_of_on, view.new, view.changed, view.completes_id) == (date(2026, 4, 1), 1, 1, now.id)
        assert import_run(tx, first).completes_id is None
        (done,) = completions_of(tx, snapshots(tx)[0])
        assert (done.run_id, done.file_names, done.added, done.changed) == (run_id, ("c.csv",), 1, 1)
        assert completions_of(tx, snapshots(tx)[1]) == ()
        assert [one.id for one, _ in snapshot_lines(tx)] == [one.id for one in snapshots(tx)]
        whole, before = snapshots(tx)
        assert (whole.id, whole.state, before.state) == (now.id, SnapshotState.CURRENT, SnapshotState.REPLACED)
        assert (whole.households, whole.members) == (5, 8)
        assert origins_of(tx, [whole.id])[whole.id].run_id == first
        links = sa.select(RegistryLink.until_snapshot_id, RegistryLink.snapshot_id == now.id)
        # Whose rows were refused goes on with the link that it had.
        assert sorted(tx.session.execute(links)) == [(None, False)] * 3 + [(None, True)] * 2
        assert len(search_households(tx, SearchHouseholds()).lines) == 5
        told = sa.select(SnapshotDifferenceCount.kind, SnapshotDifferenceCount.differences)
        rows = tx.session.execute(told.where(SnapshotDifferenceCount.snapshot_id == now.id))
        counts = {kind: count for kind, count in rows}  # noqa: C416 (rows are no pairs to the type checker)
        assert counts == {DifferenceKind.NEW: 2, DifferenceKind.MEMBER_CHANGED: 1}
    third = start(office, stored(tmp_path, [*lines(2, 2), *good, line(4)], "d.csv"), as_of=date(2026, 7, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, third)
        assert (view.new, view.changed, view.unchanged) == (0, 0, 5)


def test_members_alone_complete_households_that_stand(office: Work, tmp_path: Path):  # noqa: F811
    homes = stored(
        tmp_path, [f"K{n};{kk(n)};Kepala {n};{SAUM};Jalan {n};2" for n in (1, 2)], "keluarga.csv",
        "id_keluarga;no_kk;nama_kepala_keluarga;kode_desa;alamat;jml_art",
    )  # fmt: skip
    rows = [f"K{n};A{n}{p};{nik(n * 10 + p)};Orang {p};{1 if p == 1 else 3}" for n in (1, 2) for p in (1, 2)]
    bad = "K2;A23;123;Orang 3;3"
    applied(office, homes, stored(tmp_path, [*rows, bad], "anggota.csv", PEOPLE))
    with office.read_by(LOG) as tx:
        (now,) = snapshots(tx)
    given = stored(tmp_path, [f"K2;A23;{nik(23)};Orang Ketiga;3", f"K9;A91;{nik(91)};Siapa;1"], "lagi.csv", PEOPLE)
    run_id = applied(office, given, completes_id=now.id)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.new, view.changed, view.refused) == (0, 1, 1)
        (whole,) = snapshots(tx)
        assert (whole.households, whole.members) == (2, 5)
        (line_2,) = search_households(tx, SearchHouseholds(text="ketiga")).lines
        one = household(tx, line_2.id)
        assert (one.address, one.head_name, one.size) == ("Jalan 2", "Kepala 2", 3)
        assert [each.name for each in one.members] == ["Orang 1", "Orang 2", "Orang Ketiga"]


def test_only_the_current_snapshot_is_completed(office: Work, tmp_path: Path):  # noqa: F811
    applied(office, stored(tmp_path, lines(2)))
    with office.read_by(LOG) as tx:
        (first,) = snapshots(tx)
    late = start(office, stored(tmp_path, [line(3)], "nanti.csv"), completes_id=first.id)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, late).completes_id == first.id
        assert [one.id for one, _ in snapshot_lines(tx)] == [first.id], "what completes one is no file of its own"
    applied(office, stored(tmp_path, lines(3), "b.csv"), as_of=date(2026, 4, 1))
    with pytest.raises(Conflict, match=r"snapshot\.not_current"):
        start(office, stored(tmp_path, [line(5)], "c.csv"), completes_id=first.id)
    with pytest.raises(Conflict, match=r"snapshot\.not_current"), office.by(HEAD) as tx:
        approve_import(tx, late)
    with office.read_by(LOG) as tx:
        view = import_run(tx, late)
        assert view.problem is not None and view.problem.code == "snapshot.not_current"
        assert len(search_households(tx, SearchHouseholds()).lines) == 3
