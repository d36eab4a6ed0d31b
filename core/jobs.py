"""What runs by itself. A job is safe to run twice, and its (job, slot) row makes once of it anyway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core.actor import Actor
from core.db import Base
from core.work import Tx, Work


class JobRun(Base):
    """One slot of one job, taken in the job's own transaction."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    outcome: Mapped[str]


@dataclass(frozen=True, slots=True)
class Every:
    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Each local day of the office at this hour and minute."""

    hour: int
    minute: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``act`` does one slot's work in one transaction and says in a few words what it did.

    Long looking gives ``look`` instead: it reads in transactions of its own and gives the act that writes what it
    found, so that nobody waits for the looking. Long work gives ``act_long``: many small transactions with their own
    cursor, safe to start again.
    """

    name: str
    trigger: Every | Daily
    act: Callable[[Tx], str] | None = None
    look: Callable[[Work, Actor], Callable[[Tx], str]] | None = None
    act_long: Callable[[Work, Actor], str] | None = None


def slot_of(trigger: Every | Daily, at: datetime) -> str:
    """Name the slot an instant lies in; every process names it alike. ``at`` is local for Daily."""
    if isinstance(trigger, Every):
        start = int(at.timestamp()) // trigger.seconds * trigger.seconds
        return datetime.fromtimestamp(start, tz=at.tzinfo).isoformat()
    due = at.replace(hour=trigger.hour, minute=trigger.minute, second=0, microsecond=0)
    return (due if at >= due else due - timedelta(days=1)).date().isoformat()


def run_slot(work: Work, actor: Actor, job: Job, slot: str) -> str | None:
    """Do one slot's work exactly once; None when somebody has done it or is doing it."""
    if job.act_long is not None:
        return job.act_long(work, actor)
    act = job.act
    if job.look is not None:
        if _is_taken(work, actor, job.name, slot):
            return None
        act = job.look(work, actor)
    assert act is not None

    def once(tx: Tx) -> str | None:
        if not _take(tx, job.name, slot):
            return None
        outcome = act(tx)
        tx.session.execute(
            sa.update(JobRun)
            .where(JobRun.job == job.name, JobRun.slot == slot, JobRun.regency_code == tx.regency_code)
            .values(outcome=outcome)
        )
        return outcome

    return work.run(actor, once)


def _is_taken(work: Work, actor: Actor, job: str, slot: str) -> bool:
    with work.read_by(actor) as tx:
        return tx.session.get(JobRun, (job, slot, tx.regency_code)) is not None


def _take(tx: Tx, job: str, slot: str) -> bool:
    # On PostgreSQL a twin waits here until the first has committed or failed, then finds the row or takes it.
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    done = tx.session.execute(
        insert(JobRun)
        .values(job=job, slot=slot, regency_code=tx.regency_code, at=tx.now, outcome="")
        .on_conflict_do_nothing()
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def last_run(tx: Tx, job: str) -> tuple[datetime, str] | None:
    """Tell when a job last did its work for the actor's office, and what it said; None where it never has."""
    row = tx.session.execute(
        sa.select(JobRun.at, JobRun.outcome)
        .where(JobRun.job == job, JobRun.regency_code == tx.regency_code)
        .order_by(JobRun.at.desc())
        .limit(1)
    ).first()
    return (row.at, row.outcome) if row is not None else None
