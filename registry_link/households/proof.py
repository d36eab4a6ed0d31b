"""Proving the registry's own books; reports and repairs nothing."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.known import half_of
from registry_link.households.merged import is_seen
from registry_link.households.models import Household, KnownNumber, Member


def prove(tx: Tx) -> list[str]:
    """Check that everybody of the office who has a NIK is found by it, and every household by its No. KK; gives what
    does not agree.

    Of a snapshot on its way nobody is to be found yet.
    """
    people = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(Member)
        .join(Household, Household.id == Member.household_id)
        .where(
            Member.regency_code == tx.regency_code, Member.nik_bidx.is_not(None), ~_is_known(Member.nik_bidx), is_seen()
        )
    )  # fmt: skip
    homes = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(Household)
        .where(
            Household.regency_code == tx.regency_code, Household.kk_bidx.is_not(None), ~_is_known(Household.kk_bidx),
            is_seen(),
        )
    )  # fmt: skip
    lost = {"members are not found by their NIK": people, "households are not found by their No. KK": homes}
    return [f"registry: {number} {what}" for what, number in lost.items() if number]


def _is_known(index: Any) -> sa.ColumnElement[bool]:
    return sa.exists().where(KnownNumber.number_index == half_of(index), KnownNumber.row_no == Household.row_no)
