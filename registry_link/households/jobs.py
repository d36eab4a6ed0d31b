"""By themselves: changed words are folded into the search's postings; old snapshots lose their details."""

from __future__ import annotations

from typing import Final

from core.actor import Actor
from core.jobs import Daily, Every, Job
from core.work import Tx, Work
from registry_link.households.mapped import keep_columns
from registry_link.households.reporting import forget_past
from registry_link.households.words import fold_words

AT_ONCE: Final = 20_000


def fold_changed_words(work: Work, actor: Actor) -> str:
    """Fold every changed text; safe to run twice at a time, also after a cut."""

    def step(tx: Tx) -> int:
        return fold_words(tx, AT_ONCE)

    folded = 0
    while done := work.run(actor, step):
        folded += done
    return f"{folded} folded" if folded else ""


def forget_past_details(tx: Tx) -> str:
    forgotten = forget_past(tx)
    return f"{forgotten} snapshots" if forgotten else ""


JOBS = (
    Job(name="registry.words", trigger=Every(seconds=60), act_long=fold_changed_words),
    Job(name="registry.columns", trigger=Every(seconds=300), act_long=keep_columns),
    Job(name="registry.snapshots", trigger=Daily(3, 20), act=forget_past_details),
)
