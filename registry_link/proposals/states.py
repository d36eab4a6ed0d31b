"""What a village proposes of its households: to be taken into the registry, or to be taken out of it."""

from __future__ import annotations

import enum


class ProposalKind(enum.StrEnum):
    ADD = "add"
    REMOVE = "remove"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"link_proposal.kind.{self.value}"


class ProposalReason(enum.StrEnum):
    POOR = "poor"
    """To be added."""
    DISASTER = "disaster"
    NEW_FAMILY = "new_family"
    GRADUATED = "graduated"
    """From here on: to be removed."""
    DECEASED = "deceased"
    MOVED = "moved"
    INELIGIBLE = "ineligible"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"link_proposal.reason.{self.value}"


REASONS = {
    ProposalKind.ADD: (ProposalReason.POOR, ProposalReason.DISASTER, ProposalReason.NEW_FAMILY),
    ProposalKind.REMOVE: (
        ProposalReason.GRADUATED, ProposalReason.DECEASED, ProposalReason.MOVED, ProposalReason.INELIGIBLE,
    ),
}  # fmt: skip


class ProposalState(enum.StrEnum):
    PROPOSED = "proposed"
    VERIFIED = "verified"
    DETERMINED = "determined"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    """By the ministry."""
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"link_proposal.state.{self.value}"


class ProposalAct(enum.StrEnum):
    VERIFY = "verify"
    DETERMINE = "determine"
    SUBMIT = "submit"
    ACCEPT = "accept"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


PROPOSAL_MOVES = {
    (ProposalState.PROPOSED, ProposalAct.VERIFY): ProposalState.VERIFIED,
    (ProposalState.PROPOSED, ProposalAct.REFUSE): ProposalState.REFUSED,
    (ProposalState.PROPOSED, ProposalAct.WITHDRAW): ProposalState.WITHDRAWN,
    (ProposalState.VERIFIED, ProposalAct.DETERMINE): ProposalState.DETERMINED,
    (ProposalState.VERIFIED, ProposalAct.REFUSE): ProposalState.REFUSED,
    (ProposalState.DETERMINED, ProposalAct.SUBMIT): ProposalState.SUBMITTED,
    # Of whom died or moved away since: no person refuses what a decree has determined.
    (ProposalState.DETERMINED, ProposalAct.REFUSE): ProposalState.REFUSED,
    (ProposalState.SUBMITTED, ProposalAct.ACCEPT): ProposalState.ACCEPTED,
    (ProposalState.SUBMITTED, ProposalAct.RETURN): ProposalState.RETURNED,
}
OPEN = (ProposalState.PROPOSED, ProposalState.VERIFIED, ProposalState.DETERMINED, ProposalState.SUBMITTED)
"""A household is proposed once at a time."""
