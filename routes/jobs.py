"""What an installation as a whole does by itself: no noun knows the anchor file, or every other noun's proof."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from core import audit
from core.actor import Actor
from core.files.commands import drop_abandoned, forget_due
from core.jobs import Daily, Every, Job
from core.work import Tx, Work
from logistics.zones.alerting import look_at_feed
from routes.checks import prove_all
from routes.context import Runtime
from routes.fetching import Fetcher

log = structlog.get_logger()
HOUR = 3600
MOST_TOLD = 20
ALERTS = "alerts.look"
ALERTS_EVERY_S = 600


def jobs_of(runtime: Runtime) -> tuple[Job, ...]:
    """Give the jobs that need the installation itself."""

    def anchor(tx: Tx) -> str:
        # Written before the commit: an anchor that was written and whose slot was lost is only written once more.
        return f"seq {audit.anchor(tx.session, tx.now, runtime.anchor_file)}"

    def prove(work: Work, actor: Actor) -> Callable[[Tx], str]:
        problems = prove_all(runtime, actor)
        for problem in problems:
            log.error("books_disagree", office=actor.regency_code, problem=problem)

        def tell(tx: Tx) -> str:
            tx.note(
                "books.prove", "office", tx.regency_code, problems=len(problems),
                told="; ".join(problems[:MOST_TOLD]),
            )  # fmt: skip
            return f"{len(problems)} problems"

        return tell

    def forget_files(tx: Tx) -> str:
        count = forget_due(tx, runtime.files_dir)
        return f"{count + drop_abandoned(runtime.files_dir, tx.now - timedelta(days=1))} files"

    def look_for_alerts(work: Work, actor: Actor) -> Callable[[Tx], str]:
        address = runtime.settings.alert_feed
        return look_at_feed(work, actor, address, Fetcher(address))

    feed = (Job(name=ALERTS, trigger=Every(ALERTS_EVERY_S), look=look_for_alerts),)
    return (
        *(feed if runtime.settings.alert_feed else ()),
        Job(name="files.forget", trigger=Daily(1, 50), act=forget_files),
        Job(name="audit.anchor", trigger=Every(HOUR), act=anchor),
        # After stock's own proof, which it repeats beside all the others.
        Job(name="books.prove", trigger=Daily(2, 15), look=prove),
    )
