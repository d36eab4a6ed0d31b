"""The process beside this one: it answers in order, whatever is asked, and its end loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from core.actor import Actor, system
from core.beside import Beside, BesideGone, beside
from core.crypto import Keyring, ring, use_ring
from core.work import Work
from tests.support.tree import ROOT

OFFICE = system("81.03")

PROGRAM = """
import sys, time
from pathlib import Path
from datetime import UTC, datetime
from core.actor import system
from core.beside import beside
from core.clock import FixedClock
from core.crypto import Keyring, use_ring
from core.db import open_engine
from core.work import Work
from tests.core.test_beside import own_pid
use_ring(Keyring.load(Path(sys.argv[2])))
with beside(Work(open_engine(sys.argv[1]), FixedClock(datetime.now(UTC))), system("81.03")) as helper:
    helper.ask(own_pid)
    print(helper.answer(), flush=True)
    time.sleep(60)
"""


def said(_work: Work, _actor: Actor, what: bytes, times: int) -> bytes:
    return what * times


def own_pid(_work: Work, _actor: Actor) -> int:
    print("what is printed is no answer")
    return os.getpid()


def seen(work: Work, actor: Actor) -> tuple[str, str, int]:
    with work.read_by(actor) as tx:
        versions = tx.session.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
    return actor.regency_code, ring().fingerprint(), len(versions)


def raising(_work: Work, _actor: Actor) -> None:
    raise ValueError("no")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_it_answers_in_order_from_the_same_database_with_the_same_keys(work: Work):
    with beside(work, OFFICE) as helper:
        assert helper is not None
        helper.ask(seen)
        # More than a pipe holds, both ways, before anything is taken.
        for number in range(4):
            helper.ask(said, bytes([65 + number]) * (1 << 20), 3)
        assert helper.answer() == ("81.03", ring().fingerprint(), 1)
        for number in range(4):
            assert helper.answer() == bytes([65 + number]) * (3 << 20)


def test_what_raises_is_left_to_whoever_asked(work: Work):
    with beside(work, OFFICE) as helper:
        assert helper is not None
        helper.ask(raising)
        with pytest.raises(BesideGone):
            helper.answer()
        with pytest.raises(BesideGone):
            helper.ask(own_pid)


def test_when_it_dies_whoever_asked_learns_it(work: Work):
    with beside(work, OFFICE) as helper:
        assert helper is not None
        helper.ask(own_pid)
        pid = helper.answer()
        assert pid != os.getpid()
        helper.ask(said, b"x", 1)
        helper.answer()
        os.kill(pid, 9)
        with pytest.raises(BesideGone):
            while True:
                helper.ask(said, b"x", 1)
                helper.answer()
    assert not is_running(pid)


def test_none_is_started_for_little_work_or_without_a_key_file(work: Work):
    with beside(work, OFFICE, is_worth_it=False) as helper:
        assert helper is None
    use_ring(Keyring.fresh())
    with beside(work, OFFICE) as helper:
        assert helper is None


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks a process up in /proc, which is Linux")
def test_it_ends_with_whoever_started_it(work: Work):
    path = ring().path
    assert path is not None
    url = work.engine.url.render_as_string(hide_password=False)
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(path.parent)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=ROOT, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def test_ending_it_ends_the_process_in_the_middle_of_its_work(work: Work):
    path = ring().path
    assert path is not None
    helper = Beside(work, OFFICE, path.parent)
    helper.ask(own_pid)
    pid = helper.answer()
    helper.ask(said, b"x" * (1 << 20), 200)
    helper.close()
    assert not is_running(pid)
    with pytest.raises(BesideGone):
        helper.answer()
