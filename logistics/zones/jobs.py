"""Matching by itself: whatever was posted and not yet matched, within seconds."""

from __future__ import annotations

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Work
from logistics.zones.matching import match_version
from logistics.zones.queries import unmatched_versions


def match_posted(work: Work, actor: Actor) -> str:
    """Match every unmatched version, each in its own transaction, so that one bad area does not hold the others."""
    with work.read_by(actor) as tx:
        waiting = unmatched_versions(tx)
    done = [work.run(actor, lambda tx, one=one: match_version(tx, one)) for one in waiting]  # type: ignore[misc]
    return f"{sum(1 for one in done if one is not None)} wilayah dicocokkan" if waiting else ""


JOBS: tuple[Job, ...] = (Job(name="match_posted_areas", trigger=Every(seconds=5), act_long=match_posted),)
