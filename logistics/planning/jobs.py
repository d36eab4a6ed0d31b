"""Packages follow their reservations: what the clock has ended is promised to nobody any more. Plans are weighed."""

from __future__ import annotations

from core.jobs import Every, Job
from core.work import Tx
from logistics.planning.commands import release_ended
from logistics.planning.weighing import weigh_plans

HOUR = 3600


def release_overdue(tx: Tx) -> str:
    """Release the packages of rounds whose reservation has ended."""
    released = release_ended(tx)
    return f"{released} packages released" if released else ""


JOBS: tuple[Job, ...] = (
    Job(name="planning.release_ended", trigger=Every(HOUR), act=release_overdue),
    Job(name="planning.weigh", trigger=Every(60), act_long=weigh_plans),
)
