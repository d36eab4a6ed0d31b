"""What changed of the words of households is folded into the search's postings, a few thousand at a time."""

from __future__ import annotations

from typing import Final

from core.actor import Actor
from core.jobs import Every, Job
from core.work import Tx, Work
from registry_link.households.words import fold_words

AT_ONCE: Final = 20_000


def fold_changed_words(work: Work, actor: Actor) -> str:
    """Fold every changed text; safe to run twice at a time, also after a cut."""

    def step(tx: Tx) -> int:
        return fold_words(tx, AT_ONCE)

    folded = 0
    while done := work.run(actor, step):
        folded += done
    return f"{folded} folded"


JOBS = (Job(name="registry.words", trigger=Every(seconds=60), act_long=fold_changed_words),)
