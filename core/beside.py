"""A process of our own beside this one: it makes the next piece of long work ready while this one writes the last.

It reads the same database with the same keys, writes nothing, answers in the order in which it is asked, and ends with
the pipe to whoever started it. What it cannot do, or when it is gone, is done by whoever asked: it saves time, no more.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from core import logs
from core.actor import Actor
from core.clock import Clock
from core.crypto import Keyring, ring, use_ring
from core.db import open_engine
from core.work import Work

_ROOT: Final = Path(__file__).resolve().parents[1]
_PROGRAM: Final = "import sys; sys.path.insert(0, sys.argv[1]); from core.beside import main; main()"
"""Found wherever this process was started from."""
Act = Callable[..., Any]


class BesideGone(RuntimeError):
    """The process beside this one does not answer: what was asked of it is to be done here."""


class Beside:
    """The process, and what it was asked and has not answered yet."""

    def __init__(self, work: Work, actor: Actor, keys: Path) -> None:
        self._child = subprocess.Popen(  # noqa: S603 (our own program, our own path)
            [sys.executable, "-c", _PROGRAM, str(_ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._is_gone = False
        # A pipe holds little: nobody waits here until a question is taken, and no answer waits until it is wanted.
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._speak, self._listen)]
        for one in self._threads:
            one.start()
        url = work.engine.url.render_as_string(hide_password=False)
        self._tell((url, work.clock, work.folder, keys, actor))

    def ask(self, act: Act, *args: Any) -> None:
        """Ask for ``act(work, actor, *args)``; a module's own function, which only reads."""
        self._tell((act, args))

    def answer(self) -> Any:
        """Give the next answer. Raises: BesideGone, also where the act raised."""
        if self._is_gone:
            raise BesideGone
        is_done, answer = self._answers.get()
        if not is_done:
            self._is_gone = True
            raise BesideGone
        return answer

    def close(self) -> None:
        """End the process, whatever it is at: it only reads."""
        self._is_gone = True
        self._child.kill()
        self._child.wait()
        self._questions.put(None)
        for one in self._threads:
            one.join()

    def _tell(self, what: object) -> None:
        if self._is_gone:
            raise BesideGone
        self._questions.put(pickle.dumps(what, protocol=pickle.HIGHEST_PROTOCOL))

    def _speak(self) -> None:
        assert self._child.stdin is not None
        # When it is gone, whoever waits for its answer learns it.
        with suppress(OSError), self._child.stdin as heard:
            while (question := self._questions.get()) is not None:
                heard.write(question)
                heard.flush()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as said:
            while True:
                try:
                    answer = pickle.load(said)  # noqa: S301 (our own process, over a pipe that nobody else has)
                except Exception:
                    self._answers.put((False, None))
                    # Nothing it says any more is understood; it must not wait for anybody to hear it.
                    self._child.kill()
                    return
                self._answers.put(answer)


@contextmanager
def beside(work: Work, actor: Actor, *, is_worth_it: bool = True) -> Iterator[Beside | None]:
    """Start the process for a piece of work; None where that is not worth it, or the keys lie in no file."""
    path = ring().path
    if path is None or not is_worth_it:
        yield None
        return
    made = Beside(work, actor, path.parent)
    try:
        yield made
    finally:
        made.close()


def main() -> None:
    """Answer until nobody asks any more."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    # Whatever prints must not disturb the answers.
    sys.stdout = sys.stderr
    logs.own_process()
    clock: Clock
    url, clock, folder, keys, actor = pickle.load(asked)  # noqa: S301 (as above)
    use_ring(Keyring.load(keys))
    work = Work(open_engine(url), clock, folder=folder)
    while True:
        try:
            act, args = pickle.load(asked)  # noqa: S301 (as above)
        except EOFError:
            return
        try:
            answer = pickle.dumps((True, act(work, actor, *args)), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception:
            # Whoever asked does it again, and meets the same with all that belongs to it.
            answer = pickle.dumps((False, None))
        answers.write(answer)
        answers.flush()
