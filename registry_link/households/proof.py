"""Proving the registry's own books; reports and repairs nothing."""

from __future__ import annotations

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.known import half_of
from registry_link.households.merged import is_seen
from registry_link.households.models import Household, KnownNumber, Member


def prove(tx: Tx) -> list[str]:
    """Check that everybody of the office who has a NIK is found by it; gives what does not agree.

    Of a snapshot on its way nobody is to be found yet.
    """
    is_known = sa.exists().where(
        KnownNumber.number_index == half_of(Member.nik_bidx), KnownNumber.row_no == Household.row_no
    )
    lost = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(Member)
        .join(Household, Household.id == Member.household_id)
        .where(Member.regency_code == tx.regency_code, Member.nik_bidx.is_not(None), ~is_known, is_seen())
    )  # fmt: skip
    return [f"registry: {lost} members are not found by their NIK"] if lost else []
