"""Households that nobody else changes until the end of a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.models import Household


def hold(tx: Tx, ids: Iterable[UUID]) -> None:
    """Hold households: what is looked at from here on is still so when it is written.

    Held before looking, so that nobody is merged or erased in between; always in one order, so that two who hold the
    same ones do not wait for each other.
    """
    for some in chunked(sorted(set(ids))):
        tx.session.execute(
            sa.select(Household.id).where(Household.id.in_(some)).order_by(Household.id).with_for_update()
        )
