"""A whole import: read in pieces, weighed, approved by another person, applied; refused rows given back."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.engine import Engine

from core.actor import Role
from core.errors import Conflict, Forbidden, Invalid, Malformed
from core.work import Tx, Work
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.models import Household, Member, StagedHousehold, StagedPiece
from registry_link.households.pieces import piece_of
from registry_link.households.queries import SearchHouseholds, household, search_households, snapshots
from registry_link.households.rows import HouseholdRow, MemberRow, Weighed
from registry_link.households.snapshots import RecordSnapshot, record_snapshot
from registry_link.households.staging import merge_households
from registry_link.households.states import SnapshotState
from registry_link.importing import jobs
from registry_link.importing.applying import apply_import
from registry_link.importing.chunks import _advance, read_chunk, stage_chunk
from registry_link.importing.commands import SourceFile, StartImport, approve_import, discard_import, start_import
from registry_link.importing.jobs import _unpack, run_pending_imports
from registry_link.importing.mapping import FileColumns, NameColumns, name_columns
from registry_link.importing.models import ImportIssue, ImportRow, ImportRun
from registry_link.importing.queries import (
    columns_to_name,
    import_issues,
    import_run,
    imports,
    issue_counts,
    refused_csv,
    refused_rows,
)
from registry_link.importing.runs import run_of
from registry_link.importing.states import Layout, RunState
from registry_link.importing.unpacking import Unpacked, unpack
from registry_link.regions.states import CodeSystem
from tests.hostile.corpus import bomb
from tests.registry_link.people import OFFICE, OLILIT, SAUM, kk, nik, person, with_regions
from tests.support.racing import before_the_first_commits

LOG, HEAD = person(Role.LOGISTICS), person(Role.HEAD)
HEADER = "id_keluarga;no_kk;nik;nama;jenis_kelamin;tgl_lahir;shdk;kode_desa;alamat;rt;rw"


@pytest.fixture
def office(work: Work) -> Work:
    return with_regions(work)


def line(n: int, place: int = 1, **cells: str) -> str:
    serial = n * 10 + place
    row = {
        "id": f"K{n:04d}", "kk": kk(n), "nik": nik(serial), "nama": f"Orang{serial} Contoh", "jk": "L",
        "lahir": "02-04-1986", "shdk": "1" if place == 1 else "3", "desa": SAUM if n % 2 else OLILIT,
        "alamat": f"Jalan {n}", "rt": "001", "rw": "002", **cells,
    }  # fmt: skip
    return ";".join(row.values())


def lines(households: int = 6, persons: int = 3) -> list[str]:
    return [line(n, place) for n in range(1, households + 1) for place in range(1, persons + 1)]


def stored(folder: Path, rows: Sequence[str], name: str = "dtsen.csv", header: str = HEADER) -> SourceFile:
    content = "\r\n".join([header, *rows, ""]).encode()
    path = folder / name
    path.write_bytes(content)
    return SourceFile(path=path, name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def start(work: Work, *files: SourceFile, as_of: date = date(2026, 1, 1), **given: object) -> UUID:
    order = StartImport(files=files, source="dtsen", as_of_on=as_of, agreement_no="PKS-1/2026", **given)  # type: ignore[arg-type]
    with work.by(LOG) as tx:
        return start_import(tx, order)


def start_unpacked(work: Work, *files: SourceFile) -> UUID:
    run_id = start(work, *files)
    assert _unpack(work, OFFICE, run_id) is RunState.READING
    return run_id


def commit_import(tx: Tx, run_id: UUID) -> Weighed:
    """Approve and apply at once."""
    approve_import(tx, run_id)
    return apply_import(tx, run_id)


def test_a_file_is_read_weighed_approved_and_applied(office: Work, tmp_path: Path):
    run_id = start(office, stored(tmp_path, lines()))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        ready = import_run(tx, run_id)
        assert (ready.state, ready.rows, ready.new, ready.refused, ready.percent) == (RunState.READY, 18, 6, 0, 100)
        assert ready.is_mine
        assert search_households(tx, SearchHouseholds()).lines == ()
    with pytest.raises(Conflict, match=r"import_run\.four_eyes"), office.by(LOG) as tx:
        commit_import(tx, run_id)
    with office.by(HEAD) as tx:
        assert commit_import(tx, run_id).new == 6
    with office.read_by(LOG) as tx:
        found = search_households(tx, SearchHouseholds())
        assert sorted(one.head_name for one in found.lines) == sorted(f"Orang{n}1 Contoh" for n in range(1, 7))
        assert all(len(household(tx, one.id).members) == 3 for one in found.lines)
        assert import_run(tx, run_id).state is RunState.APPLIED
        (snapshot,) = snapshots(tx)
        assert (snapshot.state, snapshot.agreement_no) == (SnapshotState.CURRENT, "PKS-1/2026")


def test_a_file_without_names_of_columns_keeps_nothing_of_the_person_in_its_first_row(office: Work, tmp_path: Path):
    first, *others = lines()
    file = stored(tmp_path, others, header=first)
    run_id = start(office, file)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        refused = import_run(tx, run_id)
        assert refused.state is RunState.REFUSED
        assert refused.problem is not None
        assert refused.problem.code == "registry.header_missing"
        assert "Orang11" not in run_of(tx, run_id).files
        assert nik(11) not in run_of(tx, run_id).files
    assert [path.name for path in tmp_path.glob("import-*")] == []


def test_the_job_applies_what_was_approved(office: Work, tmp_path: Path):
    run_id = start(office, stored(tmp_path, lines()))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        approve_import(tx, run_id)
    run_pending_imports(office, OFFICE)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
        assert len(search_households(tx, SearchHouseholds()).lines) == 6


def test_a_cut_off_import_goes_on_where_it_was_and_comes_to_the_same(office: Work, tmp_path: Path):
    file = stored(tmp_path, [*lines(7, 3), line(8, nik="123")])
    run_id = start_unpacked(office, file)
    for number in range(100):
        if number % 3 == 1:
            with pytest.raises(RuntimeError, match="power"), office.by(OFFICE) as tx:
                stage_chunk(tx, run_id, read_chunk(tx, run_id, 4))
                raise RuntimeError("power cut")
        with office.by(OFFICE) as tx:
            if stage_chunk(tx, run_id, read_chunk(tx, run_id, 4)).is_done:
                break
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.rows, view.refused, view.doubled, view.new) == (22, 1, 0, 7)
        assert [(one.row, one.code) for one in import_issues(tx, run_id).lines] == [(23, "registry.number_length")]
    with office.by(HEAD) as tx:
        assert commit_import(tx, run_id).members == 21


def test_two_processes_on_one_import_read_every_row_once(office: Work, tmp_path: Path):
    run_id = start_unpacked(office, stored(tmp_path, lines(4, 2)))
    with office.by(OFFICE) as tx:
        stage_chunk(tx, run_id, read_chunk(tx, run_id, 3))
    with office.read_by(OFFICE) as tx:
        stale = tx.session.execute(sa.text("SELECT at_byte, at_row FROM import_run")).one()
    with office.by(OFFICE) as tx:
        stage_chunk(tx, run_id, read_chunk(tx, run_id, 3))
    with office.by(OFFICE) as tx:
        run = run_of(tx, run_id)
        twin = type("Twin", (), {**run._mapping, "at_byte": stale.at_byte, "at_row": stale.at_row})
        with pytest.raises(Conflict, match=r"import_run\.moved_meanwhile"):
            _advance(tx, twin, file_no=0, at_byte=0, at_row=0, bytes_read=0)


def test_refused_rows_come_back_as_the_same_table_with_the_reasons(office: Work, tmp_path: Path):
    rows = lines(3)
    rows[1] = line(1, 2, nik="990101020486001", alamat="Jalan \u2013 lama")
    rows[3] = line(2, 1, nama="=HYPERLINK(1)", lahir="31-02-1986")
    rows.append("terlalu;pendek")
    run_id = start(office, stored(tmp_path, rows))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        text = "".join(refused_csv(tx, run_id))
        assert import_run(tx, run_id).refused == 3
        assert {(one.code, one.rows) for one in issue_counts(tx, run_id)} == {
            ("registry.number_short", 1), ("registry.text_formula", 1), ("registry.date_form", 1),
            ("registry.row_width", 1),
        }  # fmt: skip
        assert import_issues(tx, run_id).lines[0].sentence("id") == (
            "Baris 3, kolom nik: 15 angka, seharusnya 16. Kemungkinan Excel memotong angka terakhir atau nol di depan. "
            "Simpan kolom sebagai teks lalu unggah lagi."
        )
    assert text.startswith("\ufeff")
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";", strict=True))
    assert back[0] == [*HEADER.split(";"), "Kesalahan"]
    assert back[1][:11] == rows[1].split(";")
    assert back[1][11].startswith("nik: 15 angka")
    assert back[2][3] == "'=HYPERLINK(1)"
    assert back[2][11].count(":") >= 2
    assert back[3][:2] == ["terlalu", "pendek"]
    assert len(back[3]) == 12
    # The corrected table can be sent as it is: its last column is not read.
    with office.by(HEAD) as tx:
        commit_import(tx, run_id)
    back[1][2], back[2][3], back[2][5] = nik(12), "Orang21 Contoh", "02-04-1986"
    again = stored(tmp_path, [";".join(row) for row in back[1:3]], "lagi.csv", ";".join(back[0]))
    second = start(office, again)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert (import_run(tx, second).refused, import_run(tx, second).rows) == (0, 2)


def test_refused_rows_keep_every_cell_and_their_position(office: Work, tmp_path: Path):
    rows = [line(1, nik="123") + ";-7,98;131,3;lagi;dan lagi", line(2, nik="123", alamat="-Jalan") + ";-7.98;131.3"]
    run_id = start(office, stored(tmp_path, rows, header=f"{HEADER};lat;lng"))
    run_pending_imports(office, OFFICE)
    with office.by(LOG) as tx:
        _, wide, other = csv.reader(io.StringIO("".join(refused_csv(tx, run_id))), delimiter=";")
    assert wide[11:13] == ["-7,98", "131,3"]
    assert wide[14:] == ["lagi", "dan lagi"]
    assert (other[8], other[11]) == ("'-Jalan", "-7.98")


def test_no_number_is_kept_of_what_an_import_is_called(office: Work, tmp_path: Path):
    with pytest.raises(Invalid, match=r"privacy\.number_in_text"):
        start_agreed(office, stored(tmp_path, lines()), f"PKS {nik(11)}")
    run_id = start(office, stored(tmp_path, lines(), name=f"KK {kk(1)}.csv"))
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).file_names == ("berkas.csv",)
        assert snapshots(tx)[0].file_name == "berkas.csv"


def start_agreed(work: Work, file: SourceFile, agreement_no: str) -> UUID:
    order = StartImport(files=(file,), source="dtsen", as_of_on=date(2026, 1, 1), agreement_no=agreement_no)
    with work.by(LOG) as tx:
        return start_import(tx, order)


def test_of_two_who_bring_the_same_file_at_once_one_is_told_of_the_other(office: Work, tmp_path: Path):
    file = stored(tmp_path, lines())
    order = StartImport(files=(file,), source="dtsen", as_of_on=date(2026, 1, 1), agreement_no="PKS-1/2026")
    told = before_the_first_commits(office, LOG, lambda tx: start_import(tx, order), lambda tx: start_import(tx, order))
    with office.read_by(LOG) as tx:
        assert isinstance(told, Conflict)
        assert [str(one) for one in tx.session.scalars(sa.select(ImportRun.id))] == [told.facts["run_id"]]


def test_no_number_stands_open_in_the_database(office: Work, engine: Engine, tmp_path: Path):
    rows = [*lines(3), line(4, nik=nik(41)[:15])]
    run_id = start(office, stored(tmp_path, rows))
    run_pending_imports(office, OFFICE)
    found = []
    with engine.connect() as connection:
        for table in sa.inspect(engine).get_table_names():
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(table))):
                text = "|".join(bytes(one).hex() if isinstance(one, bytes | memoryview) else str(one) for one in row)
                for number in (nik(11), kk(1), nik(41)[:15]):
                    if number in text or number.encode().hex() in text:
                        found.append(table)
    assert not found
    with office.read_by(LOG) as tx:
        assert nik(41)[:15] in "".join(refused_csv(tx, run_id))


def test_the_same_bytes_are_recognised_unless_they_were_given_up(office: Work, tmp_path: Path):
    file = stored(tmp_path, lines(2))
    run_id = start(office, file)
    with pytest.raises(Conflict) as caught:
        start(office, file)
    assert (caught.value.code, caught.value.facts["run_id"]) == ("import_run.same_file", str(run_id))
    with pytest.raises(Invalid, match="number_in_text"), office.by(LOG) as tx:
        discard_import(tx, run_id, f"baris {nik(11)} salah")
    with office.by(LOG) as tx:
        discard_import(tx, run_id, "salah berkas")
    with office.read_by(LOG) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedHousehold)) == 0
    start(office, file)
    with office.read_by(LOG) as tx:
        assert [one.state for one in imports(tx)] == [RunState.UNPACKING, RunState.DISCARDED]


def test_a_next_snapshot_counts_new_changed_and_unchanged(office: Work, tmp_path: Path):
    first = start(office, stored(tmp_path, lines(5)))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        commit_import(tx, first)
    rows = [*lines(4), line(6)]
    rows[0] = line(1, alamat="Jalan Pindah")
    second = start(office, stored(tmp_path, rows, "kedua.csv"), as_of=date(2026, 4, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, second)
    assert (view.new, view.changed, view.unchanged) == (1, 1, 3)


def test_a_household_registered_after_it_was_weighed_is_met_when_it_is_applied(office: Work, tmp_path: Path):
    run_id = start(office, stored(tmp_path, lines(3)))
    run_pending_imports(office, OFFICE)
    with office.by(LOG) as tx:
        order = RegisterProvisional(head_name="Orang11 Contoh", head_nik=nik(11), kk=kk(1), village_code=SAUM)
        register_provisional(tx, order)
    with office.by(HEAD) as tx:
        approve_import(tx, run_id)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.new, view.changed) == (RunState.APPLIED, 2, 1)
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 3
        counts = sa.select(sa.func.count()).group_by(Member.household_id).where(Member.is_present)
        assert set(tx.session.scalars(counts)) <= {3, 4}


def of_april(office: Work, tmp_path: Path) -> None:
    run_id = start(office, stored(tmp_path, lines(1), "april.csv"), as_of=date(2026, 4, 1))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        commit_import(tx, run_id)


def test_a_file_of_which_nothing_can_be_applied_is_never_ready(office: Work, tmp_path: Path):
    of_april(office, tmp_path)
    for number, (rows, as_of, code) in enumerate((
        ([], date(2026, 7, 1), "snapshot.empty"), ([line(1, nik="1")], date(2026, 7, 1), "snapshot.empty"),
    )):  # fmt: skip
        run_id = start(office, stored(tmp_path, rows, f"{number}.csv"), as_of=as_of)
        run_pending_imports(office, OFFICE)
        with office.read_by(LOG) as tx:
            view = import_run(tx, run_id)
            assert (view.state, view.rows) == (RunState.REFUSED, len(rows))
            assert view.problem is not None and view.problem.code == code
            # What was refused is told of and given back all the same; what was staged is gone.
            assert len(list(refused_rows(tx, run_id))) == 1 + bool(rows)
            assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedPiece)) == 0
        with pytest.raises(Conflict, match=r"import_run\.cannot_approve"), office.by(HEAD) as tx:
            approve_import(tx, run_id)
        # The same bytes may come again, with another day.
        start(office, stored(tmp_path, rows, f"{number}.csv"), as_of=date(2026, 8, 1))


def test_a_file_older_than_the_one_in_use_is_refused_before_it_is_read(office: Work, tmp_path: Path):
    of_april(office, tmp_path)
    file = stored(tmp_path, lines(3), "old.csv")
    with pytest.raises(Conflict) as refused:
        start(office, file, as_of=date(2026, 3, 31))
    assert (refused.value.code, refused.value.facts) == (
        "snapshot.older", {"current": "2026-04-01", "given": "2026-03-31"},
    )  # fmt: skip
    with office.read_by(LOG) as tx:
        assert len(imports(tx)) == len(snapshots(tx)) == 1
    # Of the same day, of a later one, of another source, or completing the one in use, it is none of these.
    same = start(office, file, as_of=date(2026, 4, 1))
    later = start(office, stored(tmp_path, lines(4), "later.csv"), as_of=date(2026, 4, 2))
    with office.by(LOG) as tx:
        whole = next(one.id for one in snapshots(tx) if one.state is SnapshotState.CURRENT)
        few = stored(tmp_path, lines(5), "other.csv")
        other = start_import(tx, StartImport(files=(few,), source="dtks", as_of_on=date(2020, 1, 1)))
    completes = start(office, stored(tmp_path, lines(2), "few.csv"), as_of=date(2020, 1, 1), completes_id=whole)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert [import_run(tx, one).state for one in (same, later, other, completes)] == [RunState.READY] * 4


@pytest.mark.parametrize("asks", [False, True], ids=["its columns tell", "its columns are asked for"])
def test_a_file_before_which_a_newer_one_came_is_refused_before_it_is_read(
    office: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: bool
):
    run_id = start(office, stored(tmp_path, lines(2)), as_of=date(2026, 1, 1), asks_columns=asks)
    if asks:
        assert _unpack(office, OFFICE, run_id) is RunState.MAPPING
    newer = record_newer(office)
    if asks:
        with pytest.raises(Conflict, match=r"snapshot\.older"), office.by(LOG) as tx:
            name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(),)))
        with office.by(LOG) as tx:
            assert import_run(tx, run_id).state is RunState.MAPPING
            discard_import(tx, run_id)
    monkeypatch.setattr(jobs, "read_chunk", lambda *_, **__: pytest.fail("a row was read"))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.state is (RunState.DISCARDED if asks else RunState.REFUSED)
        if not asks:
            assert view.problem is not None and view.problem.code == "snapshot.older"
        assert [one.id for one in snapshots(tx) if one.state is SnapshotState.CURRENT] == [newer]
    assert not list(tmp_path.glob("import-*"))


def record_newer(office: Work) -> UUID:
    with office.by(OFFICE) as tx:
        rows = [HouseholdRow(external_id="K0009", village_code=SAUM, members=(MemberRow(name="Orang Lain"),))]
        newer = record_snapshot(tx, RecordSnapshot(source="dtsen", as_of_on=date(2026, 4, 1)))
        merge_households(tx, newer, rows)
        return newer


def test_a_ready_file_before_which_a_newer_one_came_says_so_and_is_not_approved(office: Work, tmp_path: Path):
    late = start(office, stored(tmp_path, lines(2)), as_of=date(2026, 1, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert (import_run(tx, late).state, import_run(tx, late).problem) == (RunState.READY, None)
    of_april(office, tmp_path)
    with office.read_by(LOG) as tx:
        view = import_run(tx, late)
        assert view.state is RunState.READY
        assert view.problem is not None and view.problem.code == "snapshot.older"
        assert imports(tx)[1] == view
    with pytest.raises(Conflict, match=r"snapshot\.older"), office.by(HEAD) as tx:
        approve_import(tx, late)
    with office.by(LOG) as tx:
        discard_import(tx, late)


def test_an_older_file_that_was_approved_is_refused_by_the_job_with_its_reason(office: Work, tmp_path: Path):
    run_id = start(office, stored(tmp_path, lines(2)), as_of=date(2026, 1, 1))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        approve_import(tx, run_id)
    record_newer(office)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.state is RunState.REFUSED
        assert view.problem is not None
        assert "yang berlaku dari 1 April 2026" in view.problem.sentence("id")


def test_households_and_members_may_come_in_two_files(office: Work, tmp_path: Path):
    homes = stored(
        tmp_path, [f"K{n};{kk(n)};Kepala {n};{SAUM};4" for n in (1, 2)], "keluarga.csv",
        "id_keluarga;no_kk;nama_kepala_keluarga;kode_desa;jml_art",
    )  # fmt: skip
    people = stored(
        tmp_path,
        [f"K{n};A{n}{p};{nik(n * 10 + p)};Orang {p};{1 if p == 1 else 3};2" for n in (1, 2, 3) for p in (1, 2)],
        "anggota.csv", "id_keluarga;id_art;nik;nama;shdk;sta_hamil",
    )  # fmt: skip
    run_id = start(office, people, homes)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.file_names == ("keluarga.csv", "anggota.csv")
        assert (view.new, view.rows, view.refused) == (2, 8, 2)
        assert {one.code for one in import_issues(tx, run_id).lines} == {"registry.household_missing"}
        assert "Orang 1" in "".join(refused_csv(tx, run_id, 1))
    with office.by(HEAD) as tx:
        assert commit_import(tx, run_id).members == 4
    with office.read_by(LOG) as tx:
        (one, _) = search_households(tx, SearchHouseholds()).lines
        assert (one.head_name, one.size) == ("Kepala 1", 4)
        assert len(household(tx, one.id).members) == 2


def test_a_file_of_households_alone_makes_its_heads(office: Work, tmp_path: Path):
    rows = [f"K{n};{nik(n)};Kepala {n};{SAUM};4" for n in (1, 2, 1)]
    run_id = start(office, stored(tmp_path, rows, header="id_keluarga;nik;nama;kode_desa;jml_art"))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        assert import_run(tx, run_id).refused == 1
        commit_import(tx, run_id)
    with office.read_by(LOG) as tx:
        found = search_households(tx, SearchHouseholds(text=nik(2))).lines
        assert [(one.head_name, one.size) for one in found] == [("Kepala 2", 4)]


def test_rows_that_stand_twice_are_counted_once(office: Work, tmp_path: Path):
    rows = lines(2)
    run_id = start_unpacked(office, stored(tmp_path, [*rows, rows[1]]))
    while True:
        with office.by(OFFICE) as tx:
            if stage_chunk(tx, run_id, read_chunk(tx, run_id, 2)).is_done:
                break
    with office.by(HEAD) as tx:
        view = import_run(tx, run_id)
        assert (view.doubled, view.refused) == (1, 0)
        commit_import(tx, run_id)
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 6


def test_a_file_whose_numbers_excel_has_rounded_is_refused_as_a_whole(office: Work, tmp_path: Path):
    rows = [line(n, nik=nik(n * 10)) for n in range(1, 41)]
    run_id = start(office, stored(tmp_path, rows))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.state is RunState.REFUSED
        assert view.problem is not None
        assert view.problem.sentence("id").startswith("40 dari 40 NIK")
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedHousehold)) == 0


@pytest.mark.parametrize("has_members", [False, True])
@pytest.mark.parametrize(("zeros", "is_refused"), [(40, True), (25, True), (24, False), (4, False)])
def test_where_a_file_has_no_nik_its_cards_are_judged(
    office: Work, tmp_path: Path, zeros: int, *, is_refused: bool, has_members: bool
):
    """Also where good NIK follow in the file of members."""
    cards = [n * 10 if n <= zeros else n * 10 + 1 for n in range(1, 41)]
    homes = [f"K{n};{kk(n)};Orang Contoh;{SAUM}" for n in cards]
    files = [stored(tmp_path, homes, "kk.csv", "id_keluarga;no_kk;nama_krt;kode_desa")]
    if has_members:
        people = [f"K{n};{nik(n * 10 + place)};Orang;1" for n in cards for place in (1, 2, 3)]
        files.append(stored(tmp_path, people, "anggota.csv", "id_keluarga;nik;nama;shdk"))
    run_id = start(office, *files)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state is RunState.REFUSED) is is_refused
        said = view.problem.sentence("id") if view.problem is not None else ""
        assert said.startswith(f"{zeros} dari 40 No. KK") is is_refused


def test_a_bps_file_is_resolved_by_district_and_name(office: Work, tmp_path: Path):
    header = HEADER.replace("kode_desa", "kode_desa;nama_desa")
    rows = [line(1).replace(SAUM, "9803010001;SAUM"), line(2).replace(OLILIT, "9803020001;Olilit")]
    run_id = start(office, stored(tmp_path, rows, header=header), code_system=CodeSystem.BPS)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).new == 1
        (issue,) = import_issues(tx, run_id).lines
        assert (issue.code, issue.facts["within"]) == ("region.unknown_name", "Darat")


def test_who_may_not_import_or_approve_cannot(office: Work, tmp_path: Path):
    file = stored(tmp_path, lines(1))
    order = StartImport(files=(file,), source="dtsen", as_of_on=date(2026, 1, 1))
    for role in (Role.HEAD, Role.ADMIN, Role.VILLAGE, Role.FIELD):
        with pytest.raises(Forbidden), office.by(person(role)) as tx:
            start_import(tx, order)
    run_id = start(office, file)
    run_pending_imports(office, OFFICE)
    for role in (Role.ADMIN, Role.AUDITOR, Role.VILLAGE):
        with pytest.raises(Forbidden), office.by(person(role)) as tx:
            commit_import(tx, run_id)
    with office.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


@pytest.mark.parametrize(
    ("source", "as_of", "code"),
    [("", date(2026, 1, 1), "registry.source_form"), ("dtsen", date(2027, 1, 1), "registry.as_of_future")],
)
def test_a_wrong_order_is_refused(office: Work, tmp_path: Path, source: str, as_of: date, code: str):
    order = StartImport(files=(stored(tmp_path, lines(1)),), source=source, as_of_on=as_of)
    with pytest.raises(Invalid) as caught, office.by(LOG) as tx:
        start_import(tx, order)
    assert caught.value.code == code


def test_the_job_is_declared_and_keeps_nothing_of_a_vanished_file(office: Work, tmp_path: Path):
    assert [job.name for job in jobs.JOBS] == ["registry.imports"]
    file = stored(tmp_path, lines(1))
    run_id = start(office, file)
    file.path.unlink()
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.problem is not None
        assert view.problem.code == "registry.file_gone"
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(ImportIssue)) == 0
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(ImportRow)) == 0


# ---------------------------------------------------------------- columns, workbooks, giving up


def test_columns_that_do_not_tell_wait_for_a_person(office: Work, tmp_path: Path):
    header = HEADER.replace("id_keluarga", "Kode Rumah").replace("no_kk", "Kartu").replace("nik", "Nomor")
    run_id = start(office, stored(tmp_path, lines(2), header=header))
    run_pending_imports(office, OFFICE)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.MAPPING
        (file,) = columns_to_name(tx, run_id)
        assert file.problem is not None
        assert file.problem.code == "registry.column_missing"
        assert [(one.header, one.field) for one in file.columns][:4] == [
            ("Kode Rumah", ""), ("Kartu", ""), ("Nomor", ""), ("nama", "name"),
        ]  # fmt: skip
        assert file.columns[2].samples[0].endswith(nik(11)[-4:])
        assert nik(11) not in repr(file)
    found = {one.field: (one.header,) for one in file.columns if one.field}
    for wrong, code in (
        ({"nik": ("Nomer",)}, "registry.header_unknown"), ({"nik": ("nama",)}, "registry.header_used_twice"),
        ({"shoe": ("Nomor",)}, "registry.field_unknown"), ({"nik": ("Nomor", "Kartu")}, "registry.field_once"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught, office.by(LOG) as tx:
            name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(columns={**found, **wrong}),)))
        assert caught.value.code == code
    told = {**found, "household_id": ("Kode Rumah",), "kk": ("Kartu",), "nik": ("Nomor",)}
    with office.by(LOG) as tx:
        name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(columns=told),)))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.new, view.refused) == (RunState.READY, 2, 0)
    with pytest.raises(Conflict, match=r"import_run\.cannot_map"), office.by(LOG) as tx:
        name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(),)))


@pytest.mark.parametrize(("place", "rt"), [(9, "001"), (10, "002")])
def test_of_two_headers_that_are_alike_the_one_is_read_that_was_chosen(
    office: Work, tmp_path: Path, place: int, rt: str
):  # fmt: skip
    run_id = start(office, stored(tmp_path, lines(1), header=HEADER.replace("rw", "rt")))
    run_pending_imports(office, OFFICE)
    with office.by(LOG) as tx:
        (file,) = columns_to_name(tx, run_id)
        places = {one.field: (at,) for at, one in enumerate(file.columns) if one.field}
        with pytest.raises(Invalid, match=r"registry\.header_used_twice"):
            name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(places={**places, "rw": places["rt"]}),)))
        with pytest.raises(Invalid, match=r"registry\.field_once"):
            name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(places={**places, "rt": (9, 10)}),)))
        name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(places={**places, "rt": (place,)}),)))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert piece_of(tx, import_run(tx, run_id).snapshot_id, 0).homes["rt"].to_list() == [rt]


def test_a_person_may_look_at_columns_that_tell_for_themselves(office: Work, tmp_path: Path):
    run_id = start(office, stored(tmp_path, lines(2)), asks_columns=True)
    run_pending_imports(office, OFFICE)
    with office.by(LOG) as tx:
        (file,) = columns_to_name(tx, run_id)
        assert (file.problem, file.layout, all(one.field for one in file.columns)) == (None, Layout.FLAT, True)
        name_columns(tx, NameColumns(run_id=run_id, files=(FileColumns(),)))
        assert import_run(tx, run_id).state is RunState.READING


def test_a_cell_under_no_heading_of_a_workbook_is_told_in_its_own_words(office: Work, tmp_path: Path):
    path = tmp_path / "dtsen.xlsx"
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet()
        for number, text in enumerate([HEADER, line(1), f"{line(2)};lihat map"]):
            page.write_row(number, 0, text.split(";"))
    content = path.read_bytes()
    file = SourceFile(path=path, name=path.name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    run_id = start(office, file)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        (issue,) = import_issues(tx, run_id).lines
        assert (issue.code, issue.row, issue.facts) == ("registry.row_beyond", 3, {"last": "rw"})
        assert import_run(tx, run_id).new == 1


def test_a_workbook_is_read_and_its_refused_cells_say_what_they_are(office: Work, tmp_path: Path):
    path = tmp_path / "dtsen.xlsx"
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, ["Data DTSEN"])
        for number, text in enumerate([HEADER, *lines(3, 1)], 2):
            page.write_row(number, 0, text.split(";"))
        page.write_number(4, 2, int(nik(21)))
        page.write_formula(5, 3, '=HYPERLINK("http://x")', None, "Orang31 Contoh")
    content = path.read_bytes()
    file = SourceFile(path=path, name="dtsen.xlsx", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    run_id = start(office, file)
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.workbooks, view.new, view.refused) == ((True,), 1, 2)
        assert [(one.row, one.column, one.code) for one in import_issues(tx, run_id).lines] == [
            (5, "nik", "registry.number_numeric"), (6, "nama", "registry.cell_formula"),
        ]  # fmt: skip
        assert import_issues(tx, run_id, code="registry.cell_formula").total == 1
        back = list(refused_rows(tx, run_id))
    assert back[0][-1] == "Kesalahan"
    assert back[2][3] == "Orang31 Contoh"
    assert not list(tmp_path.glob("*.rows*"))


def test_a_hostile_file_is_refused_with_its_name_for_it(office: Work, tmp_path: Path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(bomb("xl/worksheets/sheet1.xml", 40))
    run_id = start(office, SourceFile(path=path, name="x.xlsx", sha256="f" * 64, size=path.stat().st_size))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert view.state is RunState.REFUSED
        assert view.problem is not None
        assert view.problem.code.startswith("reader.")
    with pytest.raises(Malformed, match=r"reader\.not_what_it_says"):
        start(office, SourceFile(path=path, name="x.csv", sha256="e" * 64, size=1))


def test_an_import_given_up_while_it_is_unpacked_leaves_nothing(
    office: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run_id = start(office, stored(tmp_path, lines(3)))

    def given_up(path: Path, name: str, target: Path, told: Callable[[int], None]) -> Unpacked:
        found = unpack(path, name, target, told)
        target.with_name(f"{target.name}.part-of-a-killed-process").touch()
        with office.by(LOG) as tx:
            discard_import(tx, run_id)
        target.touch()
        return found

    monkeypatch.setattr(jobs, "unpack", given_up)
    assert "import_run." in run_pending_imports(office, OFFICE)
    assert not list(tmp_path.glob("*.rows*"))
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).state is RunState.DISCARDED


def test_two_files_are_unpacked_at_once_and_what_is_wrong_with_one_ends_the_other(
    office: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    both = Barrier(2, timeout=60)
    ended: list[str] = []

    def together(path: Path, name: str, target: Path, told: Callable[[int], None]) -> Unpacked:
        both.wait()
        if name == "b.csv":
            raise Malformed("reader.not_text")
        with pytest.raises(Conflict):
            # As a long file would: it tells how far it is until nobody wants to hear it.
            while True:
                told(1)
        ended.append(name)
        raise Conflict("import_run.moved_meanwhile")

    run_id = start(office, stored(tmp_path, lines(3)), stored(tmp_path, lines(3), "b.csv"))
    monkeypatch.setattr(jobs, "unpack", together)
    assert _unpack(office, OFFICE, run_id) is RunState.REFUSED
    assert ended == ["dtsen.csv"]
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
    assert view.problem is not None
    assert view.problem.code == "reader.not_text"
