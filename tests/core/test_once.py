"""What must count once does, with real threads and real commits: keys, numbers of papers, jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from core import idempotency, jobs
from core.actor import system
from core.clock import SystemClock
from core.db import open_engine
from core.errors import Invalid
from core.jobs import Daily, Every, Job, run_slot, slot_of
from core.numbering import next_number, next_numbers
from core.work import Tx, Work
from tests.support.builders import REGENCY, TIME_ZONE, an_office

SYSTEM = system(REGENCY, TIME_ZONE)


def together(count: int, act: Callable[[int], object]) -> list[BaseException]:
    failed: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            act(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.fixture
def busy_work(database_url: str) -> Work:
    work = Work(open_engine(database_url), SystemClock())
    an_office(work)
    return work


def test_the_same_key_gets_the_same_answer_and_one_effect(busy_work: Work) -> None:
    answers: list[str] = []

    def send(number: int) -> None:
        def act(tx: Tx) -> str:
            if saved := idempotency.begin(tx, "key-of-one-order", "POST /x", "body"):
                return saved.text
            tx.note("test.effect", "thing", number)
            idempotency.finish(tx, "key-of-one-order", 201, f"made by {number}")
            return f"made by {number}"

        answers.append(busy_work.run(SYSTEM, act))

    assert together(12, send) == []
    assert len(set(answers)) == 1 and len(answers) == 12


def test_a_key_used_for_another_order_is_refused(work: Work) -> None:
    with work.by(SYSTEM) as tx:
        assert idempotency.begin(tx, "key-of-one-order", "POST /x", "body") is None
        idempotency.finish(tx, "key-of-one-order", 201, "made")
    for route, body in (("POST /x", "other"), ("POST /y", "body")):
        with pytest.raises(Invalid, match="key_reused"), work.by(SYSTEM) as tx:
            idempotency.begin(tx, "key-of-one-order", route, body)
    with pytest.raises(Invalid, match="malformed_key"), work.by(SYSTEM) as tx:
        idempotency.begin(tx, "short", "POST /x", "body")


def test_a_refused_order_leaves_its_key_free(work: Work) -> None:
    with pytest.raises(Invalid), work.by(SYSTEM) as tx:
        idempotency.begin(tx, "key-of-one-order", "POST /x", "body")
        raise Invalid("test.refused")
    with work.by(SYSTEM) as tx:
        assert idempotency.begin(tx, "key-of-one-order", "POST /x", "body") is None


def test_numbers_of_papers_have_no_gap_and_no_twin(busy_work: Work) -> None:
    taken: list[str] = []

    def take(number: int) -> None:
        def act(tx: Tx) -> str:
            found = next_number(tx, "TT", date(2026, 11, 21))
            if number % 4 == 0:
                raise Invalid("test.undone")
            return found

        taken.append(busy_work.run(SYSTEM, act))

    failed = together(16, take)
    assert all(isinstance(error, Invalid) for error in failed) and len(failed) == 4
    assert sorted(taken) == [f"400.9/{no:04d}/TT/DINSOS/XI/2026" for no in range(1, 13)]


def test_numbers_begin_again_each_year_and_differ_by_kind(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        assert next_numbers(tx, "TT", date(2026, 12, 31), 2)[-1] == "400.9/0002/TT/DINSOS/XII/2026"
        assert next_number(tx, "TT", date(2027, 1, 1)) == "400.9/0001/TT/DINSOS/I/2027"
        assert next_number(tx, "SJ", date(2026, 12, 31)) == "400.9/0001/SJ/DINSOS/XII/2026"


def test_a_job_runs_once_a_slot_whoever_asks(busy_work: Work) -> None:
    ran: list[int] = []

    def act(tx: Tx) -> str:
        tx.note("test.job", "job", 1)
        tx.after_commit(lambda: ran.append(1))
        return "done"

    job = Job(name="once", trigger=Every(seconds=60), act=act)
    assert together(6, lambda _number: run_slot(busy_work, SYSTEM, job, "slot-1") and None) == []
    assert ran == [1]
    assert run_slot(busy_work, SYSTEM, job, "slot-1") is None
    assert run_slot(busy_work, SYSTEM, job, "slot-2") == "done"
    with busy_work.read_by(SYSTEM) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(jobs.JobRun)) == 2


def test_a_failed_job_leaves_its_slot_to_the_next(work: Work) -> None:
    def fail(tx: Tx) -> str:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        run_slot(work, SYSTEM, Job(name="weak", trigger=Every(seconds=60), act=fail), "slot-1")
    assert run_slot(work, SYSTEM, Job(name="weak", trigger=Every(seconds=60), act=lambda tx: "ok"), "slot-1") == "ok"


def test_a_daily_slot_is_the_local_day_it_became_due() -> None:
    before, after = datetime(2026, 11, 21, 1, 59, tzinfo=UTC), datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    assert slot_of(Daily(hour=2), before) == "2026-11-20"
    assert slot_of(Daily(hour=2), after) == "2026-11-21"
