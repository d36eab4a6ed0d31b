"""Matching right after an area was posted; the clock's job catches whatever this could not finish."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.work import Tx
from logistics.zones.jobs import match_apart
from routes import context

log = structlog.get_logger()


def match_after(tx: Tx, version_id: UUID) -> None:
    """Match a version as soon as its post is committed, in a transaction of its own."""
    work, actor = context.runtime().work, tx.actor

    def match() -> None:
        try:
            match_apart(work, actor, version_id)
        except Exception as error:  # the post stands; the job will match it within seconds
            log.error("match failed, left to the job", version=str(version_id), kind=type(error).__name__)

    tx.after_commit(match)
