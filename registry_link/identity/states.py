"""What two households that look alike can be found to be."""

from __future__ import annotations

import enum


class PairState(enum.StrEnum):
    OPEN = "open"
    """Nobody has decided yet."""
    MERGED = "merged"
    DISTINCT = "distinct"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"identity.state.{self.value}"


class PairAct(enum.StrEnum):
    MERGE = "merge"
    PART = "part"
    """Keep them as two."""
    UNDO = "undo"
    REOPEN = "reopen"
    """Evidence of a kind that was not known when they were kept as two."""


PAIR_MOVES: dict[tuple[PairState, PairAct], PairState] = {
    (PairState.OPEN, PairAct.MERGE): PairState.MERGED,
    (PairState.OPEN, PairAct.PART): PairState.DISTINCT,
    (PairState.MERGED, PairAct.UNDO): PairState.OPEN,
    (PairState.DISTINCT, PairAct.UNDO): PairState.OPEN,
    (PairState.DISTINCT, PairAct.REOPEN): PairState.OPEN,
}


class ProposalState(enum.StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"identity.proposal.{self.value}"


class ProposalAct(enum.StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


PROPOSAL_MOVES: dict[tuple[ProposalState, ProposalAct], ProposalState] = {
    (ProposalState.PROPOSED, ProposalAct.APPROVE): ProposalState.APPROVED,
    (ProposalState.PROPOSED, ProposalAct.REFUSE): ProposalState.REFUSED,
    (ProposalState.PROPOSED, ProposalAct.WITHDRAW): ProposalState.WITHDRAWN,
}


class Verdict(enum.StrEnum):
    """What a proposal wants."""

    MERGE = "merge"
    DISTINCT = "distinct"
    UNDO = "undo"
    """Take the last decision back, whichever it was."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"identity.verdict.{self.value}"


class Evidence(enum.StrEnum):
    """Why two households are suspected to be one, the strongest first."""

    NIK = "nik"
    NAME = "name"
    """A similar name, the same day of birth, the same or a neighbouring village."""
    TOLD = "told"
    """Somebody says so who knows them; their data do not show it."""
    KK = "kk"
    """A suspicion only: several households may share one family card."""

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"identity.evidence.{self.value}"
