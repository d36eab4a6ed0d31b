"""The canary of imports: numbers of a registry file are left nowhere, while it waits and when it is applied."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actor import Role
from core.settings import Settings
from core.work import Work
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.mapping import FileColumns, NameColumns, name_columns
from registry_link.importing.queries import columns_to_name, import_run
from registry_link.importing.states import RunState
from tests.flows.test_canary import Searched, left_behind
from tests.registry_link.people import OFFICE, SAUM, with_regions
from tests.routes.asking import log_in, send
from tests.support.builders import a_person, an_office
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path) as url:
        yield url


IMPORTED = tuple(f"99010102048{number:05d}" for number in (60_101, 60_102, 60_103, 60_201, 60_202))
IMPORTED_KK = tuple(f"990101010120{number:04d}" for number in (6101, 6102))


def registry_file() -> bytes:
    """Two good households, a refused row with a number that is not whole, and one whose birth date is none."""
    head = "id_keluarga;no_kk;nik;nama;jenis_kelamin;tgl_lahir;shdk;kode_desa;alamat;rt;rw"
    rows = [
        (f"Z{at}", IMPORTED_KK[0], number, f"Nama {at}", "L", "02-04-1986", "1", SAUM, "Jalan Uji", "001", "001")
        for at, number in enumerate(IMPORTED[:3])
    ]
    rows += [
        ("Z9", IMPORTED_KK[1], IMPORTED[3], "Nama 9", "L", "31-02-1986", "1", SAUM, "Jalan Uji", "001", "001"),
        ("Z8", IMPORTED_KK[1], f"{IMPORTED[4]}.", "Nama 8", "L", "02-04-1986", "1", "11.11", "Jalan Uji", "001", "001"),
    ]  # fmt: skip
    return "\n".join([head, *(";".join(row) for row in rows), ""]).encode()


def test_an_import_leaves_no_number_while_it_waits_and_none_when_it_is_applied(
    app: Flask, client: FlaskClient, work: Work, settings: Settings, run: Run,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
):  # fmt: skip
    caplog.set_level(logging.INFO)
    searched = Searched((*IMPORTED, *IMPORTED_KK))
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    for role in (Role.LOGISTICS, Role.HEAD):
        a_person(work, role)
    bodies: dict[str, bytes] = {}
    log_in(client, "log")
    started = send(client, "/registri/impor", {
        "source": "dtsen", "as_of_on": "01/01/2026", "code_system": "kemendagri", "asks_columns": "1",
        "file": (BytesIO(registry_file()), f"dtsen {IMPORTED[0]}.csv"),
    })  # fmt: skip
    assert started.status_code == 303, started.get_data(as_text=True)
    page = started.headers["Location"]
    run_id = UUID(page.rsplit("/", 1)[1])
    hits = [f"sent: {one}" for one in left_behind(searched, work, settings, run)]
    run_pending_imports(work, OFFICE)
    bodies["columns to name"] = client.get(page).get_data()
    hits += [f"waiting: {one}" for one in left_behind(searched, work, settings, run)]
    assert any(path.suffix == ".rows" for path in settings.data_dir.rglob("*")), "its rows wait on the disk"
    with work.by(OFFICE) as tx:
        told = tuple(
            FileColumns(columns={one.field: (one.header,) for one in file.columns if one.field}, layout=file.layout)
            for file in columns_to_name(tx, run_id)
        )
        name_columns(tx, NameColumns(run_id=run_id, files=told))
    run_pending_imports(work, OFFICE)
    bodies["dry run"] = client.get(page).get_data()
    assert client.get(f"{page}/ditolak").status_code == 200
    hits += [f"ready: {one}" for one in left_behind(searched, work, settings, run)]
    client.delete_cookie("tanggap_session")
    client.delete_cookie("tanggap_form")
    log_in(client, "head")
    assert send(client, f"{page}/terapkan", {}).status_code == 303
    run_pending_imports(work, OFFICE)
    for address in (page, "/registri", "/registri/snapshot", "/registri/ganda", "/registri/desa", "/privasi"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        bodies[address] = answer.get_data()
    with work.read_by(OFFICE) as tx:
        assert import_run(tx, run_id).state is RunState.APPLIED
    hits += [f"applied: {one}" for one in left_behind(searched, work, settings, run)]
    for name, content in bodies.items():
        hits += searched.hits(f"page {name}", content)
    told_aloud = capfd.readouterr()
    said = "\n".join([caplog.text, told_aloud.out, told_aloud.err, *(str(one.__dict__) for one in caplog.records)])
    hits += searched.hits("log", said.encode())
    assert not hits, "\n".join(hits[:40])
