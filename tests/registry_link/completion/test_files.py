"""Lists that come back from a village, and files of positions: every row has its outcome, nothing is lost twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from uuid import UUID

import pytest

from core.actor import Actor, Role
from core.errors import Conflict, Malformed
from core.reader import Cell, CellKind, Row, Table
from core.work import Work
from registry_link.completion import file_queries, files, queries
from registry_link.completion.columns import recognise
from registry_link.completion.files import ReadFile
from registry_link.completion.parsing import ListRow, PositionRow, list_row, position_row
from registry_link.completion.rules import Born, Held, born, is_better
from registry_link.completion.states import FileKind, FileState, RowOutcome, SkipReason
from registry_link.households.gaps import ASKABLE, Gap
from registry_link.households.states import PositionSource
from tests.registry_link.completion.test_lists import OFFICER, VILLAGER, Village, bare, issued, office
from tests.registry_link.people import kk, merge, nik, person

__all__ = ["office"]
HEAD = person(Role.HEAD)
M, S, C, R = RowOutcome.MERGED, RowOutcome.SAME, RowOutcome.CONFLICT, RowOutcome.REFUSED


def cell(value: object) -> Cell:
    if isinstance(value, Cell):
        return value
    return Cell(CellKind.TEXT if value != "" else CellKind.EMPTY, str(value))


def table(header: Sequence[str], *rows: Sequence[object]) -> Table:
    return Table(
        header=tuple(header), header_row=1, delimiter=";",
        rows=tuple(Row(no, tuple(map(cell, cells))) for no, cells in enumerate(rows, 2)),
    )  # fmt: skip


def file_of(made: Table, name: str = "daftar.xlsx") -> ReadFile:
    return ReadFile(file_name=name, file_sha256=sha256(repr(made).encode()).hexdigest(), table=made)


def read_one(header: str, *values: object) -> object:
    columns = recognise(header.split(";"), FileKind.LIST)
    return list_row(Row(2, tuple(map(cell, values))), columns)


# ---------------------------------------------------------------- rules


def test_days_and_ages_are_read_as_people_write_them():
    assert born("02/04/1986") == born("1986-04-02") == born("1986-04-02T00:00:00") == Born(on=date(1986, 4, 2))
    assert born("40") == born("40 tahun") == Born(age_years=40)
    assert [born(one) for one in ("31/02/1990", "kira-kira 40", "200", "1990")] == [None] * 4


def test_the_more_exact_position_counts_and_of_two_good_ones_the_newer():
    gps, registry = PositionSource.GPS, PositionSource.REGISTRY
    assert is_better(None, gps, 900.0)
    assert is_better(Held(source=registry, accuracy_m=None), gps, 400.0)
    assert not is_better(Held(source=gps, accuracy_m=10.0), gps, 60.0)
    assert is_better(Held(source=gps, accuracy_m=5.0), gps, 45.0)
    assert not is_better(Held(source=gps, accuracy_m=None), PositionSource.MAP, None)


def test_a_row_tells_everything_that_is_wrong_with_it_at_once():
    number = Cell(CellKind.NUMBER, "9901010101200001")
    wrong = read_one("Kode keluarga;No KK;Tanggal lahir;Bujur;Lintang;Keterangan", "", number, "abad lalu", "-7,9",
                     "131,3", "entah")  # fmt: skip
    assert isinstance(wrong, tuple)
    assert [one.code for one in wrong] == [
        "registry.number_numeric", "completion.birth_form", "completion.position_swapped", "completion.skip_form",
        "completion.code_missing",
    ]  # fmt: skip
    right = read_one("KODE KELUARGA;tgl lahir;keterangan;RT", "kel-1", "1986-04-02;-;40", "Pindah ke Ambon", "-")
    assert isinstance(right, ListRow)
    assert (right.code, right.skip, right.texts["rt"]) == ("KEL-1", SkipReason.MOVED, "")
    assert right.births == (Born(on=date(1986, 4, 2)), None, Born(age_years=40))
    for header in ("Nama;RT", "Kode keluarga;RT;No RT"):
        with pytest.raises(Malformed):
            recognise(header.split(";"), FileKind.LIST)
    columns = recognise(["kode", "longitude", "latitude", "akurasi"], FileKind.POSITIONS)
    told = position_row(Row(2, tuple(map(cell, ("KEL-1", "131.3", "-7,95", "±12 m")))), columns)
    assert isinstance(told, PositionRow) and told.point.accuracy_m == 12.0


# ---------------------------------------------------------------- a list that comes back


def send(work: Work, village: Village, made: Table, actor: Actor = VILLAGER) -> tuple[UUID, bool]:
    with work.by(actor) as tx:
        begun = files.begin_list_file(tx, village.list_id, file_of(made))
    while not work.run(actor, lambda tx: files.merge_list_rows(tx, begun.file_id, made)):
        pass
    return begun.file_id, begun.is_repeat


def outcomes(work: Work, file_id: UUID) -> list[tuple[RowOutcome, list[str]]]:
    with work.read_by(OFFICER) as tx:
        rows = file_queries.file_rows(tx, file_id, limit=None).rows
    return [(one.outcome, [it.code for it in one.troubles]) for one in rows]


def exported(work: Work, village: Village) -> list[list[object]]:
    with work.read_by(VILLAGER) as tx:
        made = file_queries.list_table(tx, queries.completion_list(tx, village.list_id), "id")
    return [list[object](made.header), *(list[object](row) for row in made.rows)]


def test_an_exported_list_comes_back_filled_in_and_every_row_has_its_outcome(office: Work):
    merge(office, [bare(4, "Dana Contoh"), bare(5, "Eka Contoh"), bare(6, "Fani Contoh")], source="lain")
    village = issued(office)
    header, *rows = exported(office, village)
    assert [row[2] for row in rows] == ["Adi Contoh", "Dana Contoh", "Eka Contoh", "Fani Contoh", "Berta Contoh"]
    at = {name: place for place, name in enumerate(map(str, header))}
    assert "Bujur" not in at and not any(nik(3) in str(row) for row in rows)
    adi, dana, eka, fani, berta = rows
    for name, value in (("RT", "3"), ("RW", "1"), ("Alamat", "Jalan 1"), ("Nomor KK", kk(11)),
                        ("NIK kepala keluarga", nik(11)), ("Tanggal lahir", "40")):  # fmt: skip
        adi[at[name]] = value
    dana[at["Alamat"]] = "Jalan Lama"
    village.save(2, address="Jalan Baru")
    eka[at["Nomor KK"]] = "99010101012000"
    fani[at["Tidak dapat dilengkapi"]] = "meninggal"
    stranger = list(berta)
    stranger[at["Kode keluarga"]] = "KEL-999999-9"
    made = table([str(one) for one in header], adi, dana, eka, fani, berta, stranger)
    file_id, _ = send(office, village, made)
    assert outcomes(office, file_id) == [
        (M, []), (C, ["completion.meanwhile"]), (R, ["registry.number_length"]), (M, []), (S, []),
        (R, ["completion.not_on_list"]),
    ]  # fmt: skip
    assert send(office, village, made) == (file_id, True)
    with office.read_by(VILLAGER) as tx:
        seen = queries.completion_list(tx, village.list_id)
        told = file_queries.outcome_table(tx, file_queries.list_files(tx, village.list_id)[0], "id")
    assert (seen.done, seen.skipped, seen.waiting) == (1, 1, 3)
    assert told.rows[2][2:] == ("ditolak", "Nomor KK: 14 angka, seharusnya 16. Cocokkan dengan KTP atau KK.")


def test_a_file_that_was_cut_off_goes_on_where_it_stood(office: Work, monkeypatch: pytest.MonkeyPatch):
    village = issued(office)
    monkeypatch.setattr(files, "_ROWS_AT_ONCE", 1)
    header, first, second = exported(office, village)
    at = {name: place for place, name in enumerate(map(str, header))}
    first[at["Alamat"]], second[at["Alamat"]] = "Jalan 1", "Jalan 2"
    made = table([str(one) for one in header], first, second)
    with office.by(VILLAGER) as tx:
        begun = files.begin_list_file(tx, village.list_id, file_of(made))
        assert not files.merge_list_rows(tx, begun.file_id, made)
    assert outcomes(office, begun.file_id) == [(M, [])]
    assert send(office, village, made) == (begun.file_id, False)
    assert outcomes(office, begun.file_id) == [(M, []), (M, [])]


# ---------------------------------------------------------------- positions


def codes(village: Village) -> list[str]:
    return [one.facts.code for one in village.lines(OFFICER) if one.facts]


def test_a_file_of_positions_is_tried_by_one_and_applied_by_another(office: Work):
    village = issued(office, asked=ASKABLE | Gap.POSITION)
    adi, _cia, berta = codes(village)
    made = table(
        ["Kode keluarga", "NIK", "Bujur", "Lintang", "Akurasi"],
        (adi, "", "131,30", "-7,95", "30"), ("", nik(3), "131.31", "-7.96", ""), (adi, "", "131.3001", "-7.95", "8"),
        (berta, "", "131.6", "-7.95", "5"), ("KEL-999999-9", "", "131.3", "-7.9", ""), (berta, "", "-7.9", "131.3", ""),
    )  # fmt: skip
    with office.by(OFFICER) as tx:
        begun = files.read_positions(tx, file_of(made, "titik.csv"))
        assert files.read_positions(tx, file_of(made, "titik.csv")).is_repeat
    ready = RowOutcome.READY
    assert outcomes(office, begun.file_id) == [
        (R, ["completion.twice_in_file"]), (ready, []), (ready, []), (ready, ["completion.far"]),
        (R, ["completion.household_unknown"]), (R, ["completion.position_swapped"]),
    ]  # fmt: skip
    with office.by(OFFICER) as tx, pytest.raises(Conflict, match="four_eyes"):
        files.apply_positions(tx, begun.file_id)
    with office.by(HEAD) as tx:
        assert files.apply_positions(tx, begun.file_id) == 3
    with office.read_by(HEAD) as tx:
        view = file_queries.completion_file(tx, begun.file_id, FileKind.POSITIONS)
        facts = queries.entries(tx, queries.completion_list(tx, village.list_id)).entries[0].facts
    assert (view.state, view.counts[M], view.counts[R]) == (FileState.APPLIED, 3, 3)
    assert facts is not None and (facts.lon_deg, facts.position_accuracy_m) == (131.3001, 8.0)
    with office.by(HEAD) as tx, pytest.raises(Conflict, match="cannot_apply"):
        files.apply_positions(tx, begun.file_id)


def test_a_discarded_file_may_be_read_again(office: Work):
    made = table(["Kode keluarga", "Bujur", "Lintang"], ("KEL-999999-9", "131.3", "-7.9"))
    with office.by(OFFICER) as tx:
        first = files.read_positions(tx, file_of(made))
        files.discard_file(tx, first.file_id)
        again = files.read_positions(tx, file_of(made))
    assert again.file_id != first.file_id and not again.is_repeat
