"""Where there are very many links, they are counted again in the background when one has taken a step."""

from __future__ import annotations

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Work
from registry_link.links.counting import count_all, is_behind, keep_counts


def count_links(work: Work, actor: Actor) -> str:
    """Count all links where the last count is behind; nobody waits for the counting. Safe to run twice at a time."""
    with work.read_by(actor) as tx:
        if not is_behind(tx):
            return ""
        found = count_all(tx)
    work.run(actor, lambda tx: keep_counts(tx, found))
    return f"{len(found.counts)} counts"


JOBS = (Job(name="registry.links", trigger=Every(seconds=120), act_long=count_links),)
