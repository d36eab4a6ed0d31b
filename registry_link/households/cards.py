"""Family cards of a household beyond the one that its registry names.

A household is who eats from one kitchen; a card is a paper. One household may hold several, several may share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import MASK, Secret
from core.errors import Conflict, Invalid, NotFound
from core.privacy.numbers import holds_number
from core.work import Tx
from registry_link.households.erased import know_again
from registry_link.households.holding import hold
from registry_link.households.models import Household, HouseholdCard
from registry_link.households.numbering import bump_stamp
from registry_link.households.numbers import kk_index
from registry_link.households.rules import Flaw, checked_kk

LEAST_REASON: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    id: UUID
    kk: str
    """Masked."""
    noted_at: datetime
    noted_by_name: str


def note_card(tx: Tx, household_id: UUID, number: str) -> UUID:
    """Note one more No. KK of a household, and give its id: from now on it is found by it too.

    Raises: Forbidden; NotFound; Invalid with what is wrong with the number; Conflict "card.known" when the household
    has it already, "card.merged" when the household stands for another.
    """
    hold(tx, [household_id])
    row = _household(tx, household_id)
    checked = checked_kk(number)
    if isinstance(checked, Flaw):
        raise Invalid(checked.code, field="kk", **checked.facts)
    if row.merged_into_id is not None:
        raise Conflict("card.merged")
    kk = Secret(checked)
    index = kk_index(kk)
    known = sa.select(HouseholdCard.id).where(
        HouseholdCard.household_id == household_id, HouseholdCard.kk_bidx == index
    )
    if row.kk_bidx == index or tx.session.scalar(known) is not None:
        raise Conflict("card.known")
    card_id = tx.new_id()
    tx.session.add(
        HouseholdCard(
            id=card_id, regency_code=tx.regency_code, household_id=household_id, kk=kk, kk_bidx=index, noted_at=tx.now,
            noted_by=tx.actor.id, noted_by_name=tx.actor.name,
        )
    )  # fmt: skip
    _touch(tx, household_id)
    know_again(tx, kk, ())
    tx.note("household.note_card", "household", household_id)
    return card_id


def drop_card(tx: Tx, card_id: UUID, reason: str) -> UUID:
    """Take a noted card away again (mistyped, or handed in), and give its household.

    Raises: Forbidden; NotFound; Invalid for a reason under 5 letters or with a number in it.
    """
    told = " ".join(reason.split())
    if len(told) < LEAST_REASON:
        raise Invalid("card.reason", field="note", least=LEAST_REASON)
    if holds_number(told):
        raise Invalid("privacy.number_in_text", field="note")
    household_id = household_of_card(tx, card_id)
    gone = tx.session.execute(sa.delete(HouseholdCard).where(HouseholdCard.id == card_id))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("card.not_found")
    _touch(tx, household_id)
    tx.note("household.drop_card", "household", household_id, reason=told)
    return household_id


def household_of_card(tx: Tx, card_id: UUID) -> UUID:
    """Give the household of a card that the actor may take away. Raises: Forbidden, NotFound."""
    household_id = tx.session.scalar(
        sa.select(HouseholdCard.household_id).where(
            HouseholdCard.id == card_id, HouseholdCard.regency_code == tx.regency_code
        )
    )
    if household_id is None:
        raise NotFound("card.not_found")
    _household(tx, household_id, "card.not_found")
    return household_id


def cards_of(tx: Tx, household_id: UUID, *, is_full: bool) -> tuple[Card, ...]:
    """Give the further cards of a household, masked; the caller has checked the right to see it."""
    rows = tx.session.execute(
        sa.select(HouseholdCard.id, HouseholdCard.kk, HouseholdCard.noted_at, HouseholdCard.noted_by_name)
        .where(HouseholdCard.household_id == household_id, HouseholdCard.regency_code == tx.regency_code)
        .order_by(HouseholdCard.noted_at, HouseholdCard.id)
    )
    return tuple(
        Card(
            id=row.id, kk=MASK + row.kk.last4 if is_full else MASK, noted_at=row.noted_at,
            noted_by_name=row.noted_by_name,
        )
        for row in rows
    )  # fmt: skip


def _household(tx: Tx, household_id: UUID, missing: str = "household.not_found") -> Any:
    reach = tx.require("identity.note_card")
    row = tx.session.execute(
        sa.select(Household.village_code, Household.kk_bidx, Household.merged_into_id)
        .where(
            Household.id == household_id, sa.func.coalesce(Household.regency_code, "") == tx.regency_code,
            Household.erased_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None or not reach.has_village(row.village_code):
        raise NotFound(missing)
    return row


def _touch(tx: Tx, household_id: UUID) -> None:
    tx.session.flush()
    tx.session.execute(
        sa.update(Household)
        .where(Household.id == household_id)
        .values(changed_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    bump_stamp(tx)
