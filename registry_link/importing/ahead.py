"""Steps of a taking over made ready beside, while the ones before them are being written."""

from __future__ import annotations

from collections import deque
from typing import Final
from uuid import UUID

from core.actor import Actor
from core.beside import Beside, BesideGone
from core.work import Tx, Work
from registry_link.households.taking_over import Filling, ReadyStep, may_run_ahead, ready_step
from registry_link.importing.applying import to_fill_in

_AHEAD: Final = 3


class Steps:
    """Makes steps ready, the next ones beside where there is a process."""

    def __init__(self, run_id: UUID, beside: Beside | None) -> None:
        self._run_id, self._beside = run_id, beside
        self._asked: deque[tuple[object, int]] = deque()

    def ready(self, tx: Tx, filling: Filling, no: int) -> ReadyStep:
        """Give a step."""
        while self._asked and (self._asked[0][0] != filling.begun or self._asked[0][1] < no):
            self._answer()
        is_asked = bool(self._asked) and self._asked[0][1] == no
        self._ask(filling, no)
        ready = self._answer() if is_asked else None
        if ready is None or ready.step != filling.steps[no]:
            # A process of another release would part the work otherwise.
            ready = ready_step(tx, filling, no)
        return ready

    def _ask(self, filling: Filling, no: int) -> None:
        last = self._asked[-1][1] if self._asked else no
        for following in range(last + 1, no + _AHEAD + 1):
            if self._beside is None or not may_run_ahead(filling, following, no):
                return
            if is_made_here(filling, following):
                continue
            try:
                self._beside.ask(step_beside, self._run_id, following)
            except BesideGone:
                self._beside = None
            else:
                self._asked.append((filling.begun, following))

    def _answer(self) -> ReadyStep | None:
        self._asked.popleft()
        try:
            ready: ReadyStep | None = None if self._beside is None else self._beside.answer()
        except BesideGone:
            self._beside = None
            return None
        return ready


def is_made_here(filling: Filling, no: int) -> bool:
    """Tell whether a step falls to the process that writes: words take longer to make than to write."""
    return filling.steps[no].kind == "words" and no % _AHEAD == 0


_known: dict[UUID, Filling] = {}
"""In the process beside: what one import fills in."""


def step_beside(work: Work, actor: Actor, run_id: UUID, no: int) -> ReadyStep:
    """Make a step ready in the process beside."""
    with work.read_by(actor) as tx:
        filling, _ = to_fill_in(tx, run_id, _known.get(run_id))
        _known.clear()
        _known[run_id] = filling
        return ready_step(tx, filling, no)
