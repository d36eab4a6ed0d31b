"""People behind the keyed hashes of their numbers, for lists that name persons; no whole number leaves here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.work import Tx
from registry_link.households.known import has_nik
from registry_link.households.merged import is_listed
from registry_link.households.models import Household, Member
from registry_link.households.numbers import nik_indexes
from registry_link.households.states import Relation

_AT_ONCE: Final = 800
_office: Final = sa.func.coalesce(Member.regency_code, "")
"""As in ``queries``: keeps SQLite from walking the office where keys are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    member_id: UUID
    household_id: UUID
    nik_bidx: bytes


def index_of_niks(niks: Sequence[Secret]) -> list[bytes]:
    """Give the keyed hash of each NIK."""
    return [one for one in nik_indexes(niks) if one is not None]


def listed_by_index(tx: Tx, indexes: Sequence[bytes]) -> Mapping[bytes, tuple[Listed, ...]]:
    """Find the office's listed people by the keyed hash of their NIK; the first registered household comes first."""
    found: dict[bytes, tuple[Listed, ...]] = {}
    wanted = sorted(set(indexes))
    for start in range(0, len(wanted), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Member.id, Member.household_id, Member.nik_bidx)
            .join(Household, Household.id == Member.household_id)
            .where(
                has_nik(wanted[start : start + _AT_ONCE]), Member.is_present, _office == tx.regency_code,
                is_listed(),
            )
            .order_by(Household.row_no, Member.position, Member.id)
        )  # fmt: skip
        for row in rows:
            one = Listed(member_id=row.id, household_id=row.household_id, nik_bidx=row.nik_bidx)
            found[row.nik_bidx] = (*found.get(row.nik_bidx, ()), one)
    return found


def niks_of(tx: Tx, member_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
    """Tell the keyed hash of each member's NIK as it is now; unknown ids are left out."""
    found: dict[UUID, bytes | None] = {}
    for start in range(0, len(member_ids), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Member.id, Member.nik_bidx).where(
                Member.id.in_(member_ids[start : start + _AT_ONCE]), _office == tx.regency_code
            )
        )
        found.update((row.id, row.nik_bidx) for row in rows)
    return found


def heads_of(tx: Tx, household_ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Tell who is head of each of these households, where somebody is listed as one."""
    found: dict[UUID, UUID] = {}
    for start in range(0, len(household_ids), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Member.household_id, Member.id)
            .where(
                Member.household_id.in_(household_ids[start : start + _AT_ONCE]), Member.is_present,
                Member.relation == Relation.HEAD, _office == tx.regency_code,
            )
            .order_by(Member.position.desc(), Member.id.desc())
        )  # fmt: skip
        found.update((row.household_id, row.id) for row in rows)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """A person in a list of the office: the last four digits, never a whole number."""

    member_id: UUID
    household_id: UUID
    name: str
    nik_last4: str
    code: str
    """Of the household."""


def person_lines(tx: Tx, member_ids: Sequence[UUID], purpose: str) -> Mapping[UUID, PersonLine]:
    """Give who these members are; unknown ids are left out. The caller has checked the right and says why."""
    found: dict[UUID, PersonLine] = {}
    for start in range(0, len(member_ids), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(Member.id, Member.household_id, Member.name, Member.nik, Household.code)
            .join(Household, Household.id == Member.household_id)
            .where(Member.id.in_(member_ids[start : start + _AT_ONCE]), _office == tx.regency_code)
        )
        for row in rows:
            found[row.id] = PersonLine(
                member_id=row.id, household_id=row.household_id, name=row.name,
                nik_last4=row.nik.last4 if row.nik is not None else "", code=row.code,
            )  # fmt: skip
    tx.saw("household", sorted({one.household_id for one in found.values()}), purpose)
    return found
