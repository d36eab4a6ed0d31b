"""Villages are counted again in the background when their households have changed."""

from __future__ import annotations

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Work
from registry_link.completion.overview import count_all, is_behind, keep_lines


def count_villages(work: Work, actor: Actor) -> str:
    """Count all villages where that is behind; nobody waits for the counting. Safe to run twice at a time."""
    with work.read_by(actor) as tx:
        if not is_behind(tx):
            return ""
        lines, version = count_all(tx)
    work.run(actor, lambda tx: keep_lines(tx, lines, version))
    return f"{len(lines)} villages"


JOBS = (Job(name="registry.villages", trigger=Every(seconds=60), act_long=count_villages),)
