"""Who holds a family card beyond the one that the registry names, as a part of others' statements."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from registry_link.households.models import HouseholdCard


def card_owners(indexes: Sequence[bytes]) -> sa.Select[UUID]:
    """Give the households that hold one of these numbers as a further card."""
    return sa.select(HouseholdCard.household_id).where(HouseholdCard.kk_bidx.in_(indexes))
