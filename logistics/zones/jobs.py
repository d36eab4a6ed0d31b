"""Matching by itself: whatever was posted and not yet matched, within seconds."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Work
from logistics.zones.matching import find_matches, keep_matches, outdated_versions, unmatched_versions
from logistics.zones.next_week import plan_next_weeks
from logistics.zones.states import MatchCause

HOUR = 3600


def match_posted(work: Work, actor: Actor) -> str:
    """Match every unmatched version, each in its own transaction, so that one bad area does not hold the others."""
    with work.read_by(actor) as tx:
        waiting = unmatched_versions(tx)
    done = [match_apart(work, actor, one) for one in waiting]
    return f"{sum(done)} wilayah dicocokkan" if waiting else ""


def match_again(work: Work, actor: Actor) -> str:
    """Match the areas of running incidents again, once the registry has a snapshot that they have not seen."""
    with work.read_by(actor) as tx:
        waiting = outdated_versions(tx)
    done = [match_apart(work, actor, one, MatchCause.REGISTRY) for one in waiting]
    return f"{sum(done)} wilayah dicocokkan ulang" if waiting else ""


def match_apart(work: Work, actor: Actor, version_id: UUID, cause: MatchCause = MatchCause.POSTED) -> bool:
    """Read first, then keep: the long part of the work holds nobody up. Tells whether it was this process's doing."""
    with work.read_by(actor) as tx:
        found = find_matches(tx, version_id)
    if (found.matching_no == 0) != (cause is MatchCause.POSTED):
        return False
    return work.run(actor, partial(keep_matches, found=found, cause=cause)) is not None


JOBS: tuple[Job, ...] = (
    Job(name="match_posted_areas", trigger=Every(seconds=5), act_long=match_posted),
    Job(name="match_areas_again", trigger=Every(seconds=60), act_long=match_again),
    Job(name="plan_next_week", trigger=Every(seconds=HOUR), act=plan_next_weeks),
)
