"""Writers of one process go through in the order in which they came."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import Busy
from core.turns import Turns

PATIENCE_S = 20
"""Nothing here takes a hundredth of it; what takes longer is broken and must fail, not hang."""


def until_waiting(turns: Turns, count: int) -> None:
    """Wait until so many wait for their turn."""
    end = time.monotonic() + PATIENCE_S
    while (waiting := len(turns._waiting)) != count:
        assert time.monotonic() < end, f"{waiting} wait instead of {count}"
        time.sleep(0.001)


def joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_whoever_came_first_goes_first():
    turns = Turns(1)
    order: list[int] = []

    def write(number: int) -> None:
        with turns.mine():
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(12)]
    with turns.mine():
        for place, thread in enumerate(threads):
            thread.start()
            until_waiting(turns, place + 1)
    joined(threads)
    assert order == list(range(12))


def test_never_more_at_once_than_allowed():
    turns = Turns(3)
    guard = threading.Lock()
    arrived, go_on = threading.Semaphore(0), threading.Event()
    inside, most = 0, 0

    def write() -> None:
        nonlocal inside, most
        with turns.mine():
            with guard:
                inside += 1
                most = max(most, inside)
            arrived.release()
            go_on.wait(PATIENCE_S)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=write, daemon=True) for _ in range(8)]
    try:
        for thread in threads[:3]:
            thread.start()
            assert arrived.acquire(timeout=PATIENCE_S)
        for thread in threads[3:]:
            thread.start()
        until_waiting(turns, 5)
        assert (inside, turns._free) == (3, 0)
    finally:
        go_on.set()
    joined(threads)
    assert most == 3
    assert (inside, turns._free, len(turns._waiting)) == (0, 3, 0)


def test_who_has_the_turn_does_not_wait_for_themselves():
    turns = Turns(1, patience_s=0.01)
    with turns.mine():
        with turns.mine():
            pass
        assert turns._free == 0
    assert turns._free == 1


def test_a_turn_is_handed_on_when_the_work_fails():
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.mine():
        raise ZeroDivisionError
    with turns.mine():
        assert turns._free == 0
    assert turns._free == 1


def test_who_waits_too_long_is_told_and_takes_no_turn():
    turns = Turns(1, patience_s=0.01)
    told: list[str] = []

    def write() -> None:
        try:
            with turns.mine():
                told.append("in")
        except Busy as error:
            told.append(error.code)

    with turns.mine():
        other = threading.Thread(target=write, daemon=True)
        other.start()
        joined([other])
    assert told == ["core.busy"]
    with turns.mine():
        assert turns._free == 0
