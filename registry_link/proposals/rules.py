"""Who may decide a proposal, what its kind allows, and how its end moves a link. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry_link.households.states import ENDED_LINKS, LINK_MOVES, DepartureKind, LinkAct, LinkState
from registry_link.proposals.states import REASONS, ProposalKind, ProposalReason

ENDS: Final[Mapping[ProposalReason, LinkAct]] = {
    ProposalReason.GRADUATED: LinkAct.GRADUATE, ProposalReason.DECEASED: LinkAct.DIE,
    ProposalReason.MOVED: LinkAct.LEAVE, ProposalReason.INELIGIBLE: LinkAct.DEACTIVATE,
}  # fmt: skip
"""What an accepted removal does to the link."""


def fits(kind: ProposalKind, reason: ProposalReason) -> bool:
    """Tell whether a reason belongs to this kind of proposal."""
    return reason in REASONS[kind]


def refused_to(actor_id: str, *others: str | None) -> str | None:
    """Give the code of why this person may not decide: who acted on it before may not; None when they may."""
    return "link_proposal.own" if actor_id in others else None


def stopped(state: LinkState | None, act: LinkAct, left: DepartureKind | None) -> str | None:
    """Give the code of why an addition goes no further; None when it does.

    ``state`` is that of the household's link now, None where it has none; ``left`` says how its people went.
    """
    if left is not None:
        return "link_proposal.stopped_deceased" if left is DepartureKind.DIED else "link_proposal.stopped_moved"
    if state is None or (state, act) in LINK_MOVES:
        return None
    return "link_proposal.stopped_ended" if state in ENDED_LINKS else "link_proposal.stopped_elsewhere"


def cannot_add(state: LinkState | None) -> str | None:
    """Give the code of why a household may not be proposed to be added; None when it may.

    Who stands in a snapshot is looked at in the field first: no step is skipped.
    """
    if state is None or state in (LinkState.FIELD_VERIFIED, LinkState.REFUSED, LinkState.RETURNED):
        return None
    return "link_proposal.registered" if state is LinkState.REGISTERED else "link_proposal.not_verified"
