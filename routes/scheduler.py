"""Time as a way in: every noun's jobs, in one process of their own, each slot exactly once."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import threading
from collections.abc import Sequence
from datetime import UTC
from types import ModuleType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.orm import Session

import logistics
import registry_link
import stock
from core.actor import Actor, system
from core.jobs import Daily, Every, Job, run_slot, slot_of
from core.office.queries import OfficeView, offices
from core.work import Work
from routes.context import Runtime
from routes.jobs import jobs_of

log = structlog.get_logger()


def all_jobs(runtime: Runtime) -> tuple[Job, ...]:
    """Gather the ``JOBS`` of every noun and those of the installation."""
    found: list[Job] = list(jobs_of(runtime))
    for package in (stock, registry_link, logistics):
        found += [job for module in _nouns(package) for job in module.JOBS]
    names = [job.name for job in found]
    assert len(names) == len(set(names)), names
    return tuple(found)


def _nouns(package: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(info.name)
        for info in sorted(pkgutil.walk_packages(package.__path__, package.__name__ + "."), key=lambda one: one.name)
        if info.name.endswith(".jobs")
    ]


def run_job(work: Work, office: OfficeView, job: Job) -> str | None:
    """Do the job's present slot for one office, unless somebody did; a failure is logged and does not stop others."""
    actor: Actor = system(office.regency_code, office.time_zone, name=f"job:{job.name}")
    slot = slot_of(job.trigger, work.clock.now().astimezone(office.zone))
    try:
        outcome = run_slot(work, actor, job, slot)
    except Exception as error:  # one failing job must not end the clock for all
        log.error("job failed", job=job.name, slot=slot, kind=type(error).__name__, exc_info=error)
        return None
    if outcome:
        log.info("job", job=job.name, slot=slot, outcome=outcome)
    return outcome


def run_all(work: Work, job: Job) -> None:
    with Session(work.engine) as session:
        found = offices(session)
    for office in found:
        run_job(work, office, job)


def serve(runtime: Runtime, jobs: Sequence[Job] | None = None) -> None:
    """Run these jobs (all there are) until told to stop. Each is asked at the start, so a missed slot is caught up.

    Several processes may run at once: who takes a slot's row does its work.
    """
    work, known = runtime.work, all_jobs(runtime) if jobs is None else tuple(jobs)
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
    )
    for job in known:
        scheduler.add_job(run_all, trigger=_trigger(job), args=(work, job), id=job.name, next_run_time=work.clock.now())
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    scheduler.start()
    log.info("jobs started", jobs=[job.name for job in known])
    stop.wait()
    scheduler.shutdown(wait=True)


def _trigger(job: Job) -> IntervalTrigger | CronTrigger:
    match job.trigger:
        case Every(seconds=seconds):
            return IntervalTrigger(seconds=seconds)
        case Daily(minute=minute):
            # Asked every hour at its minute; the slot's row makes one run a local day of it, in any zone.
            return CronTrigger(minute=minute, timezone=UTC)
