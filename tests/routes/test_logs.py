"""Web process, job process and command line write through the one place that masks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from core.jobs import Every, Job
from core.office.queries import offices
from core.privacy.numbers import numbers_in
from core.settings import Settings
from core.work import Work
from routes import problems
from routes.scheduler import run_job
from tests.support.builders import an_office
from tests.support.tree import ROOT

NIK = "9901010101200001"
ENDS = f"import wsgi, polars; polars.Series(['Budi Uji {NIK}']).cast(polars.Int64)"


def fail(*_: object) -> str:
    pl.Series("nama", [f"Budi Uji {NIK}"]).cast(pl.Int64)
    raise AssertionError("not reached")


def test_a_job_that_fails_on_a_cell_tells_where_and_not_what(
    app: Flask, work: Work, capsys: pytest.CaptureFixture[str]
):
    an_office(work)
    with Session(work.engine) as session:
        (office,) = offices(session)
    assert run_job(work, office, Job(name="weak", trigger=Every(60), act_long=fail)) is None
    line = capsys.readouterr().out
    told = json.loads(line)
    assert (told["event"], told["job"], told["kind"]) == ("job failed", "weak", "InvalidOperationError")
    assert "tests/routes/test_logs.py:" in told["exception"] and "core/jobs.py:" in told["exception"]
    assert "Budi" not in line and not numbers_in(line)


def test_a_page_that_fails_on_a_cell_tells_where_and_not_what(app: Flask, capsys: pytest.CaptureFixture[str]):
    with app.test_request_context("/registri"):
        try:
            fail()
        except pl.exceptions.PolarsError as error:
            assert problems.unexpected(error).status_code == 500
    line = capsys.readouterr().out
    assert "tests/routes/test_logs.py:" in json.loads(line)["exception"]
    assert "Budi" not in line and not numbers_in(line)


def test_apschedulers_own_words_on_a_job_are_masked(app: Flask, caplog: pytest.LogCaptureFixture):
    try:
        fail()
    except pl.exceptions.PolarsError:
        logging.getLogger("apscheduler.executors.default").exception('Job "%s" raised an exception', f"of {NIK}")
    assert '"of [number]"' in caplog.text and "InvalidOperationError" in caplog.text
    assert "Budi" not in caplog.text and not numbers_in(caplog.text)


def test_what_ends_the_web_process_or_a_command_is_masked(settings: Settings, tmp_path: Path):
    environment = {
        **os.environ, "TANGGAP_DATABASE_URL": settings.database_url, "TANGGAP_DATA_DIR": str(settings.data_dir),
        "TANGGAP_KEYS_DIR": str(tmp_path / "keys"),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("polars.exceptions.InvalidOperationError\n"), done.stderr
    assert "Budi" not in done.stderr and not numbers_in(done.stderr)
