"""What runs by itself has exactly one effect a slot, whoever asks, is killed, or comes late."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from core.audit import AuditRow, verify
from core.clock import FixedClock, SystemClock
from core.jobs import Daily, Every, Job, JobRun
from core.office.queries import OfficeView, offices
from core.work import Work
from routes.context import Runtime
from routes.jobs import jobs_of
from routes.scheduler import _trigger, all_jobs, run_job
from tests.routes import ticking
from tests.support.builders import REGENCY, an_office

# Who is first, and who is in the way, is decided by the database: each has its own locks.
pytestmark = pytest.mark.engines("sqlite", "postgresql")
KILLS = 2
FEWEST = 4
"""So many runs, at the least, are waited for after the last kill."""
PATIENCE = 60


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    found = app.extensions["tanggap"]
    assert isinstance(found, Runtime)
    return found


def the_office(work: Work) -> OfficeView:
    with Session(work.engine) as session:
        return offices(session)[0]


def runs(work: Work) -> dict[str, list[str]]:
    """Give the slots done, by job."""
    found: dict[str, list[str]] = {}
    with Session(work.engine) as session:
        for row in session.scalars(sa.select(JobRun).order_by(JobRun.job, JobRun.slot)):
            found.setdefault(row.job, []).append(row.slot)
    return found


def notes(work: Work, action: str) -> list[dict[str, object]]:
    with Session(work.engine) as session:
        rows = session.scalars(sa.select(AuditRow.facts).where(AuditRow.action == action).order_by(AuditRow.seq))
        return [json.loads(row) for row in rows]


# ---------------------------------------------------------------- real processes


@contextmanager
def the_clock(url: str, keys_dir: Path, data_dir: Path, told: queue.Queue[tuple[int, str]]) -> Iterator[None]:
    """Run three processes of the clock; kill one in mid-job, start another in its place, so many times."""
    running: dict[int, subprocess.Popen[str]] = {}

    def begin() -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.routes.ticking", url, str(keys_dir), str(data_dir)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        running[process.pid] = process

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if len(line.strip()) == 32:
                    told.put((process.pid, line.strip()))

        threading.Thread(target=listen, daemon=True).start()

    try:
        for _ in range(3):
            begin()
        for _ in range(KILLS):
            pid = 0
            while pid not in running:  # what is told by one that is killed already
                pid, _mark = told.get(timeout=PATIENCE)
            running[pid].kill()
            running.pop(pid).wait()
            begin()
        yield
        for process in running.values():
            process.terminate()
        # The youngest may not have got as far as to hear it in its own way.
        assert {process.wait(PATIENCE) for process in running.values()} <= {0, -signal.SIGTERM}
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def test_three_processes_one_killed_in_mid_job_again_and_again_make_one_effect_a_slot(
    engine: sa.Engine, database_url: str, keys_dir: Path, tmp_path: Path
):
    work = Work(engine, SystemClock())
    an_office(work)
    told: queue.Queue[tuple[int, str]] = queue.Queue()
    with the_clock(database_url, keys_dir, tmp_path / "var", told):
        before, deadline = len(notes(work, ticking.NAME)), work.clock.now() + timedelta(seconds=PATIENCE)
        while len(notes(work, ticking.NAME)) < before + FEWEST and work.clock.now() < deadline:
            told.get(timeout=PATIENCE)
    with Session(engine) as session:
        slots = {row.slot: row.outcome for row in session.scalars(sa.select(JobRun))}
        assert verify(session).is_sound
    effects = [str(one["mark"]) for one in notes(work, ticking.NAME)]
    assert len(effects) == len(set(effects)) >= FEWEST
    assert sorted(slots.values()) == sorted(effects), "every slot has the effect of one run, and no effect is without"


# ---------------------------------------------------------------- missed and repeated


def once(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["jobs", "once"])
    assert done.exit_code == 0, done.output


def test_jobs_once_does_every_job_and_catches_up_a_missed_day_once(app: Flask, work: Work, fixed_clock: FixedClock):
    an_office(work)
    once(app)
    first = runs(work)
    assert {"audit.anchor", "books.prove", "planning.release_ended", "stock.expire_reservations"} <= first.keys()
    assert {name: len(slots) for name, slots in first.items()} == dict.fromkeys(first, 1)
    once(app)
    assert runs(work) == first
    fixed_clock.advance(timedelta(days=3))
    once(app)
    once(app)
    assert {name: len(slots) for name, slots in runs(work).items()} == dict.fromkeys(first, 2)
    assert runs(work)["books.prove"] == ["2026-11-16", "2026-11-19"]


def test_a_failing_job_does_not_keep_the_others_from_running(work: Work):
    an_office(work)

    def fail(tx: object) -> str:
        raise RuntimeError("broken")

    with capture_logs() as logs:
        weak = Job(name="weak", trigger=Every(60), act=fail)
        assert run_job(work, the_office(work), weak) is None
    assert [(one["event"], one["job"]) for one in logs] == [("job failed", "weak")]
    assert run_job(work, the_office(work), Job(name="well", trigger=Every(60), act=lambda tx: "ok")) == "ok"
    assert runs(work).keys() == {"well"}


def test_every_job_has_a_name_of_its_own_and_one_way_to_work(runtime: Runtime):
    known = all_jobs(runtime)
    assert len({job.name for job in known}) == len(known)
    for job in known:
        assert sum(one is not None for one in (job.act, job.look, job.act_long)) == 1, job.name


def test_a_daily_job_is_asked_every_hour_so_that_it_is_due_in_every_zone():
    trigger = _trigger(Job(name="daily", trigger=Daily(2, 15), act=lambda tx: ""))
    assert isinstance(trigger, CronTrigger)
    at = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    asked = []
    for _ in range(3):
        at = trigger.get_next_fire_time(at, at + timedelta(seconds=1))
        asked.append((at.hour, at.minute))
    assert asked == [(2, 15), (3, 15), (4, 15)]


@pytest.mark.parametrize(
    ("zone", "day"), [("Asia/Jakarta", "2026-11-15"), ("Asia/Makassar", "2026-11-15"), ("Asia/Jayapura", "2026-11-16")]
)
def test_a_day_is_the_offices_local_day(work: Work, fixed_clock: FixedClock, zone: str, day: str):
    an_office(work, time_zone=zone)
    fixed_clock.set(datetime(2026, 11, 15, 18, 0, tzinfo=UTC))  # 01.00 in Jakarta, 02.00 in Makassar, 03.00 in Jayapura
    run_job(work, the_office(work), Job(name="nightly", trigger=Daily(2, 15), act=lambda tx: "ok"))
    assert runs(work) == {"nightly": [day]}


def test_two_offices_have_their_slots_apart(work: Work):
    an_office(work)
    one = the_office(work)
    job = Job(name="apart", trigger=Every(60), act=lambda tx: tx.regency_code)
    assert run_job(work, one, job) == REGENCY
    assert run_job(work, replace(one, regency_code="99.02"), job) == "99.02"
    assert run_job(work, one, job) is None


# ---------------------------------------------------------------- the installation's own


def job_named(runtime: Runtime, name: str) -> Job:
    return next(job for job in jobs_of(runtime) if job.name == name)


def test_the_anchor_written_by_the_hour_shows_a_tail_that_was_cut_off(
    runtime: Runtime, work: Work, fixed_clock: FixedClock
):
    an_office(work)
    job = job_named(runtime, "audit.anchor")
    for _ in range(3):
        run_job(work, the_office(work), job)
        run_job(work, the_office(work), job)
        fixed_clock.advance(timedelta(hours=1))
    assert len(runtime.anchor_file.read_text().splitlines()) == 3
    with Session(work.engine) as session:
        head = session.scalar(sa.select(sa.func.max(AuditRow.seq)))
        assert head and verify(session, runtime.anchor_file).is_sound
    with work.engine.begin() as connection:
        cut_off(connection, head)
    with Session(work.engine) as session:
        assert verify(session).is_sound, "the chain alone does not see it"
        assert verify(session, runtime.anchor_file).problem == "shorter_than_anchor"


def cut_off(connection: sa.Connection, seq: int) -> None:
    """Do what only somebody with the database in their hands can: take the guard away and delete the last row."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE audit_row DISABLE TRIGGER ALL")
    else:
        for name in connection.execute(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_row'")
        ).scalars().all():  # fmt: skip
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.execute(sa.delete(AuditRow).where(AuditRow.seq >= seq))


def test_the_nightly_proof_leaves_one_audit_row_and_logs_what_disagrees(
    runtime: Runtime, work: Work, fixed_clock: FixedClock
):
    an_office(work)
    job = job_named(runtime, "books.prove")
    with capture_logs() as logs:
        assert run_job(work, the_office(work), job) == "0 problems"
        assert run_job(work, the_office(work), job) is None
    assert not [one for one in logs if one["event"] == "books_disagree"]
    assert notes(work, "books.prove") == [{"problems": 0, "told": ""}]
    with work.engine.begin() as connection:
        last = connection.execute(sa.select(sa.func.max(AuditRow.seq))).scalar_one()
        cut_off(connection, last + 1)
        connection.execute(sa.update(AuditRow).where(AuditRow.seq == 1).values(reason="altered"))
    fixed_clock.advance(timedelta(days=1))
    with capture_logs() as logs:
        run_job(work, the_office(work), job)
    (told,) = [one for one in logs if one["event"] == "books_disagree"]
    assert (told["log_level"], told["office"]) == ("error", REGENCY)
    assert "audit chain" in told["problem"]
    assert [one["problems"] for one in notes(work, "books.prove")] == [0, 1]
