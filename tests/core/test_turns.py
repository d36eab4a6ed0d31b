"""Writers of one process go through in the order in which they came."""

from __future__ import annotations

import threading

import pytest

from core.errors import Busy
from core.turns import Turns


def test_whoever_came_first_goes_first():
    turns = Turns(1)
    order: list[int] = []

    def write(number: int) -> None:
        with turns.mine():
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    with turns.mine():
        for place, thread in enumerate(threads):
            thread.start()
            while len(turns._waiting) <= place:
                thread.join(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(12))


def test_never_more_at_once_than_allowed():
    turns = Turns(3)
    guard = threading.Lock()
    inside, most = 0, 0

    def write() -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns.mine():
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 3
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
        other = threading.Thread(target=write)
        other.start()
        other.join()
    assert told == ["core.busy"]
    with turns.mine():
        assert turns._free == 0
