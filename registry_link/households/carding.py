"""Who holds a family card beyond the one that the registry names, as a part of others' statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.merged import is_listed
from registry_link.households.models import Household, HouseholdCard, StagedHousehold

_AT_ONCE: Final = 800


def card_owners(indexes: Sequence[bytes]) -> sa.Select[UUID]:
    """Give the households that hold one of these numbers as a further card."""
    return sa.select(HouseholdCard.household_id).where(HouseholdCard.kk_bidx.in_(indexes))


def provisional_cards(tx: Tx) -> Mapping[bytes, UUID]:
    """Give the further cards of households that were registered on the spot: number's hash -> household."""
    rows = tx.session.execute(
        sa.select(HouseholdCard.kk_bidx, HouseholdCard.household_id)
        .join(Household, Household.id == HouseholdCard.household_id)
        .where(HouseholdCard.regency_code == tx.regency_code, Household.is_provisional, is_listed())
        .order_by(Household.row_no)
    )
    return {bytes(row.kk_bidx): row.household_id for row in rows}


def same_card(regency_code: str, own: sa.ColumnElement[Any]) -> sa.ScalarSelect[UUID]:
    """Give a listed household other than ``own`` that holds the No. KK of a staged row as a further card."""
    return (
        sa.select(HouseholdCard.household_id)
        .join(Household, sa.and_(Household.id == HouseholdCard.household_id, is_listed()))
        .where(HouseholdCard.regency_code == regency_code, HouseholdCard.kk_bidx == StagedHousehold.kk_bidx)
        .where(HouseholdCard.household_id != own)
        .order_by(HouseholdCard.household_id).limit(1).scalar_subquery()
    )  # fmt: skip


def cards_held(tx: Tx, household_ids: Collection[UUID]) -> Mapping[UUID, frozenset[bytes]]:
    """Give the hashes of every card of these households: the one that the registry names, and further ones."""
    found: dict[UUID, set[bytes]] = {one: set() for one in household_ids}
    wanted = sorted(found)
    for start in range(0, len(wanted), _AT_ONCE):
        piece = wanted[start : start + _AT_ONCE]
        named = sa.select(Household.id.label("household_id"), Household.kk_bidx).where(
            Household.id.in_(piece), Household.kk_bidx.is_not(None)
        )
        further = sa.select(HouseholdCard.household_id, HouseholdCard.kk_bidx).where(
            HouseholdCard.household_id.in_(piece)
        )
        rows: Sequence[Any] = tx.session.execute(sa.union_all(named, further)).all()
        for row in rows:
            found[row.household_id].add(bytes(row.kk_bidx))
    return {one: frozenset(cards) for one, cards in found.items()}
