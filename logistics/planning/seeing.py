"""Whoever approves approves what was seen: a draft worked out again since then is another one."""

from __future__ import annotations

from uuid import UUID

from core.errors import Conflict
from core.work import Tx
from logistics.packages.commands import lock_round
from logistics.planning.queries import plans_of
from logistics.planning.states import PlanState


def must_be_as_seen(tx: Tx, round_id: UUID, stamp: str) -> None:
    """Make sure that the draft with this stamp is still the one that waits; an empty stamp asks for nothing.

    Raises: NotFound; Conflict when it was worked out again, or thrown away.
    """
    if not stamp:
        return
    lock_round(tx, round_id)
    if stamp not in {one.stamp for one in plans_of(tx, round_id) if one.state is PlanState.DRAFT}:
        raise Conflict("plan.changed_since_seen")
