"""The two commands' own parts: the address, and the parent of server and job process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import dev

ENDS_ON_SIGTERM = "import signal,sys,time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\ntime.sleep(60)"
DIES = "import sys,time\ntime.sleep(0.3)\nsys.exit(3)"
PARENT = """
import sys, dev
family = dev.Family({"server": [sys.executable, "-c", sys.argv[1]], "jobs": [sys.executable, "-c", sys.argv[2]]})
sys.exit(family.live(then=lambda: print(*(child.pid for child in family._children.values()), flush=True)))
"""


def start(server: str, jobs: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a parent with these two children; give it and their numbers."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, server, jobs],
        cwd=Path(dev.__file__).parent, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert parent.stdout is not None
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + 10
    while any(map(is_alive, pids)):
        assert time.monotonic() < until, f"still alive: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_parent_ends_both_children(number: signal.Signals):
    parent, children = start(ENDS_ON_SIGTERM, ENDS_ON_SIGTERM)
    os.kill(parent.pid, number)
    assert parent.wait(10) == 0
    wait_until_gone(children)


def test_when_one_child_dies_the_other_is_ended_and_the_reason_is_said():
    parent, children = start(ENDS_ON_SIGTERM, DIES)
    said, _ = parent.communicate(timeout=10)
    assert parent.returncode == 3
    assert "jobs berhenti sendiri (kode 3)" in said
    wait_until_gone(children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell a child that its parent was killed")
def test_a_killed_parent_leaves_no_child_behind():
    parent, children = start(ENDS_ON_SIGTERM, ENDS_ON_SIGTERM)
    parent.kill()
    parent.wait(10)
    wait_until_gone(children)


@pytest.mark.parametrize(
    ("bind", "read"),
    [
        ("127.0.0.1:8001", ("127.0.0.1", 8001)),
        (":80", ("", 80)),
        ("9000", ("127.0.0.1", 9000)),
        ("[::1]:8000", ("::1", 8000)),
    ],
)
def test_bind_is_a_host_and_a_port(bind: str, read: tuple[str, int]):
    assert dev.address(bind) == read


@pytest.mark.parametrize("bind", ["", "localhost", "localhost:", "127.0.0.1:0", "127.0.0.1:70000"])
def test_a_bind_that_cannot_be_read_is_refused_with_an_example(bind: str):
    with pytest.raises(dev.Stop, match=r"BIND=127\.0\.0\.1:8001"):
        dev.address(bind)


def test_an_address_in_use_is_refused_before_anything_is_prepared():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(dev.Stop, match=f"BIND=127.0.0.1:{port + 1}"):
            dev.refuse_taken("127.0.0.1", port)


def test_the_person_is_told_an_address_that_opens():
    assert dev.url("0.0.0.0", 8000) == "http://127.0.0.1:8000"  # noqa: S104
    assert dev.url("::", 8000) == "http://[::1]:8000"
    assert dev.url("10.1.2.3", 80) == "http://10.1.2.3:80"


def test_nothing_of_another_python_reaches_the_children(monkeypatch: pytest.MonkeyPatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    env = dev.environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(env)
    assert env["UV_PYTHON_DOWNLOADS"] == "never"


def test_the_announcement_stops_when_the_server_does():
    family = dev.Family({})
    family.is_ending = True
    thread = threading.Thread(target=dev.announce, args=("http://127.0.0.1:9", 0.0, family))
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
