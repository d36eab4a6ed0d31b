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


def hold_together(tx: Tx, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Keep households from being merged or erased, and give those of them that are erased already.

    Others may hold the same ones in this way, and a file of the register may go on.
    """
    gone: set[UUID] = set()
    for some in chunked(sorted(set(ids))):
        held = sa.select(Household.id, Household.erased_at).where(Household.id.in_(some)).order_by(Household.id)
        rows = tx.session.execute(held.with_for_update(read=True, key_share=True))
        gone.update(row.id for row in rows if row.erased_at is not None)
    return frozenset(gone)
