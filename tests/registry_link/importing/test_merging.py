"""Rows of one household of a flat file come together: the first that is said of each fact counts, and it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.work import Work
from registry_link.households.frames import HOMES
from registry_link.households.pieces import piece_of
from registry_link.importing.chunks import read_chunk, stage_chunk
from registry_link.importing.columns import recognise
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.merging import merged_homes
from registry_link.importing.queries import import_issues, import_run
from registry_link.importing.reading import Reading
from registry_link.importing.runs import run_of
from registry_link.importing.states import RunState
from tests.registry_link.importing.test_imports import HEADER, LOG, line, office, start, start_unpacked, stored  # noqa: F401
from tests.registry_link.people import OFFICE, OLILIT, SAUM, kk

COLUMNS = recognise([
    "id_keluarga", "no_kk", "nama", "nama_krt", "shdk", "kode_desa", "alamat", "rt", "rw", "dusun", "jml_art", "desil",
    "lng", "lat", "akurasi",
])  # fmt: skip
LABELS = {
    "village_code": "kode_desa", "head_name": "nama_krt", "rt": "rt", "rw": "rw", "hamlet": "dusun",
    "address": "alamat", "size": "jml_art", "decile": "desil", "kk": "no_kk",
}  # fmt: skip
PLACE = ("rt", "rw", "hamlet", "address")


def homes(*rows: dict[str, Any]) -> pl.DataFrame:
    empty = {**dict.fromkeys(HOMES), "village_code": SAUM, "head_name": "", "hamlet": "", "address": ""}
    return pl.DataFrame([{**empty, "file_row": at, **row} for at, row in enumerate(rows, 2)], schema=HOMES)


ROWS = st.lists(
    st.fixed_dictionaries({
        "external_id": st.sampled_from(["K1", "K2", "K3"]), "village_code": st.sampled_from([SAUM, SAUM, OLILIT]),
        "head_name": st.sampled_from(["", "A", "B"]), "rt": st.sampled_from([None, "001", "002"]),
        "rw": st.sampled_from([None, "001"]), "hamlet": st.sampled_from(["", "D"]),
        "address": st.sampled_from(["", "X", "Y"]), "size": st.sampled_from([None, 1, 2]),
        "decile": st.sampled_from([None, 1, 2]), "kk": st.sampled_from([None, kk(1), kk(2)]),
    }),
    max_size=9,
)  # fmt: skip


@given(rows=ROWS)
def test_each_fact_is_the_first_that_is_said_and_every_other_is_told(rows: list[dict[str, Any]]):
    kept: dict[str, dict[str, Any]] = {}
    said_by: dict[tuple[str, str], int] = {}
    told = set()
    for number, row in enumerate(rows, 2):
        home = kept.setdefault(row["external_id"], {"file_row": number, **dict.fromkeys(LABELS)})
        is_there = home["village_code"] in (None, row["village_code"])
        for name, label in LABELS.items():
            if not row[name] or (name in PLACE and not is_there):
                continue
            first = said_by.setdefault((row["external_id"], name), number)
            home[name] = home[name] or row[name]
            if home[name] != row[name]:
                told.add((number, label, first))
    found, issues = merged_homes(homes(*rows), COLUMNS)
    empty = {"head_name": "", "hamlet": "", "address": ""}
    expected = [
        {**{name: value if value is not None else empty.get(name) for name, value in home.items()}, "external_id": key}
        for key, home in kept.items()
    ]
    assert found.select(["file_row", *LABELS, "external_id"]).rows(named=True) == expected
    assert [one.row for one in issues] == sorted(one[0] for one in told)
    assert {(one.row, one.column, one.facts["first"]) for one in issues} == told
    assert all(one.is_warning and one.code == "registry.household_differs" for one in issues)


def test_a_position_counts_as_a_whole():
    place = {"lon_deg": 131.5, "lat_deg": -7.5, "position_accuracy_m": None}
    other = {"lon_deg": 131.5, "lat_deg": -7.6, "position_accuracy_m": 5.0}
    found, issues = merged_homes(
        homes({"external_id": "K1"}, {"external_id": "K1", **place}, {"external_id": "K1", **other}), COLUMNS
    )
    assert found.select(place.keys()).rows(named=True) == [place]
    assert [(one.row, one.column, one.facts) for one in issues] == [(4, "lng", {"first": 3})]


FAMILY = [
    line(1, 1, rt="", alamat="-"), line(1, 2, rt="004"), line(1, 3, rt="005", alamat="Jalan Lain"),
    line(2, 1), line(2, 2, shdk="1"), line(3, 1),
]  # fmt: skip
TOLD = {
    (4, "rt", "registry.household_differs", 3), (4, "alamat", "registry.household_differs", 3),
    (6, "shdk", "registry.two_heads", 5),
}  # fmt: skip


def told_of(work: Work, run_id: Any) -> set[tuple[int, str, str, object]]:
    with work.read_by(LOG) as tx:
        return {(one.row, one.column, one.code, one.facts["first"]) for one in import_issues(tx, run_id, 50).lines}


def test_an_import_keeps_what_a_later_row_says_and_warns_where_rows_differ(office: Work, tmp_path: Path):  # noqa: F811
    run_id = start(office, stored(tmp_path, FAMILY))
    run_pending_imports(office, OFFICE)
    assert told_of(office, run_id) == TOLD
    with office.read_by(LOG) as tx:
        view = import_run(tx, run_id)
        assert (view.state, view.warned, view.refused, view.new) == (RunState.READY, 2, 0, 3)
        kept = piece_of(tx, view.snapshot_id, 0).homes.select("external_id", "rt", "address", "file_row")
    assert kept.rows()[0] == ("K0001", "004", "Jalan 1", 2)


def test_the_hash_of_a_household_is_that_of_what_is_kept(office: Work, tmp_path: Path):  # noqa: F811
    """A file whose rows fill each other says the same as one whose first row says everything."""
    first = start(office, stored(tmp_path, [line(1, 1, rt=""), line(1, 2)]))
    second = start(office, stored(tmp_path, [line(1, 1), line(1, 2)], "b.csv"), as_of=date(2026, 2, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        one, two = (piece_of(tx, import_run(tx, run_id).snapshot_id, 0) for run_id in (first, second))
    assert one.homes["row_hash"].to_list() == two.homes["row_hash"].to_list()


@pytest.mark.parametrize("is_lost", [False, True])
def test_across_two_pieces_a_difference_is_told_too(office: Work, tmp_path: Path, *, is_lost: bool):  # noqa: F811
    """Also where the job begins anew between them."""
    rows = [line(2, 1), line(1, 1, rt="004"), line(1, 2, rt="005"), line(1, 3, shdk="1")]
    run_id = start_unpacked(office, stored(tmp_path, rows))
    reading = Reading()
    with office.read_by(LOG) as tx:
        snapshot_id = run_of(tx, run_id).snapshot_id
    while True:
        with office.by(OFFICE) as tx:
            if run_of(tx, run_id).state is not RunState.READING:
                break
            stage_chunk(tx, run_id, read_chunk(tx, run_id, 2, Reading() if is_lost else reading))
    assert told_of(office, run_id) == {
        (4, "rt", "registry.household_differs", 3), (5, "rt", "registry.household_differs", 4),
        (5, "shdk", "registry.two_heads", 3),
    }  # fmt: skip
    with office.read_by(LOG) as tx:
        assert piece_of(tx, snapshot_id, 0).homes["rt"].to_list() == ["001", "004"]
