"""``flask pdp``: what the operator of the machine may ask for; erasing takes a person of the office."""

from __future__ import annotations

import io
import stat
import zipfile
from datetime import timedelta
from pathlib import Path

from flask import Flask

from core.actor import Role
from core.clock import FixedClock
from core.crypto import Secret
from core.files.commands import StoreFile, forget_due, path_of, store_file
from core.settings import Settings
from core.work import Work
from registry_link.households.queries import SearchHouseholds, search_households
from registry_link.households.rows import HouseholdRow
from tests.registry_link.people import OFFICE, SAUM, head, kk, merge, nik, with_regions
from tests.support.builders import a_person, an_office

NAME = "Yohana Batlajery"


def an_office_with_one(work: Work) -> str:
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    merge(work, [HouseholdRow(external_id="a", village_code=SAUM, kk=Secret(kk(1)), members=(head(NAME, 1),))])
    with work.read_by(OFFICE) as tx:
        return search_households(tx, SearchHouseholds(text="Yohana")).lines[0].code


def test_the_operator_exports_asks_and_reads_but_does_not_erase(app: Flask, work: Work, tmp_path: Path):
    code = an_office_with_one(work)
    a_person(work, Role.LOGISTICS)
    run = app.test_cli_runner().invoke
    done = run(args=["pdp", "export", code, "--asked-for", "member", "--shown", "ktp", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    file = tmp_path / f"salinan-{code}.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as packed:
        assert nik(1).encode() in packed.read("data.json")
    again = run(args=["pdp", "export", code, "--asked-for", "member", "--shown", "ktp", "--folder", str(tmp_path)])
    assert again.exit_code == 1, "never written over"
    asked = run(args=["pdp", "erase", code, "--ground", "not_needed", "--reason", "Pindah ke kabupaten lain"])
    assert "/privasi/hapus/" in asked.output, asked.output
    twice = run(args=["pdp", "erase", code, "--ground", "not_needed", "--reason", "Pindah ke kabupaten lain"])
    assert twice.exit_code == 1
    assert run(args=["pdp", "erase", "KEL-999999-9", "--ground", "unlawful", "--reason", "x" * 12]).exit_code == 1
    times = ["--from", "2026-11-16", "--to", "2026-11-17"]
    mine = run(args=["pdp", "exposure", "--actor", OFFICE.id, *times])
    assert mine.exit_code == 0, mine.output
    assert f"{code};{SAUM};" in mine.output
    assert NAME not in mine.output
    assert code not in run(args=["pdp", "exposure", "--actor", "log", *times]).output
    assert run(args=["pdp", "retain"]).output.strip() == "Tidak ada yang lewat masanya."


def test_an_upload_goes_when_its_days_are_over(work: Work, settings: Settings, fixed_clock: FixedClock):
    an_office(work)
    folder = settings.data_dir / "files"
    with work.by(OFFICE) as tx:
        stored = store_file(tx, folder, StoreFile(
            stream=io.BytesIO(nik(1).encode()), name="dtsen.csv", purpose="registry", most_bytes=100, keep_days=30,
        ))  # fmt: skip
    path = path_of(folder, stored.sha256)
    for days, is_there in ((29, True), (1, False)):
        fixed_clock.advance(timedelta(days=days))
        with work.by(OFFICE) as tx:
            forget_due(tx, folder)
        assert path.exists() is is_there
