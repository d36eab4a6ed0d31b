"""Files of the civil registry's answers, and what was seen at a household's door."""

from __future__ import annotations

import enum

from registry_link.households.states import LinkAct


class DukcapilFileState(enum.StrEnum):
    READ = "read"
    """Every row has its outcome; nothing of it is taken over yet."""
    APPLIED = "applied"
    DISCARDED = "discarded"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"dukcapil.state.{self.value}"


class DukcapilFileAct(enum.StrEnum):
    APPLY = "apply"
    DISCARD = "discard"


DUKCAPIL_MOVES = {
    (DukcapilFileState.READ, DukcapilFileAct.APPLY): DukcapilFileState.APPLIED,
    (DukcapilFileState.READ, DukcapilFileAct.DISCARD): DukcapilFileState.DISCARDED,
}


class Verdict(enum.StrEnum):
    """What the civil registry says of one person, the best first."""

    MATCHED = "matched"
    TYPO = "typo"
    UNMATCHED = "unmatched"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"dukcapil.verdict.{self.value}"

    @property
    def act(self) -> LinkAct:
        """What it does to the link of a household of which it is the worst."""
        return _ACTS[self]


_ACTS = {Verdict.MATCHED: LinkAct.MATCH, Verdict.TYPO: LinkAct.MISSPELL, Verdict.UNMATCHED: LinkAct.MISMATCH}


class RowOutcome(enum.StrEnum):
    READY = "ready"
    SAME = "same"
    """The person's last result says the same of the same number."""
    REFUSED = "refused"
    APPLIED = "applied"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"dukcapil.row.{self.value}"


class VisitOutcome(enum.StrEnum):
    """What was found at the door."""

    VERIFIED = "verified"
    MOVED = "moved"
    DECEASED = "deceased"
    INELIGIBLE = "ineligible"
    NOT_FOUND = "not_found"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"visit.outcome.{self.value}"
