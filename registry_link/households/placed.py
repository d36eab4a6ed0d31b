"""Where households stand, as a part of others' statements."""

from __future__ import annotations

import sqlalchemy as sa

from registry_link.households.models import Household


def placed_households() -> sa.Subquery:
    """Give ``household_id`` and ``position_key`` (None without a position) of every household."""
    return sa.select(Household.id.label("household_id"), Household.position_key).subquery("placed")
