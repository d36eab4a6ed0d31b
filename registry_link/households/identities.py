"""Who a household or a person is, as a determined list keeps it: names, addresses, the last four digits of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import Household, Member
from registry_link.households.states import Relation
from registry_link.regions.queries import regions

_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    household_id: UUID
    code: str
    head_name: str
    head_nik_last4: str
    kk_last4: str
    village_code: str
    village_name: str
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    size: int
    decile: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: UUID
    household_id: UUID
    name: str
    nik_last4: str


def identities(tx: Tx, ids: Sequence[UUID], purpose: str) -> tuple[Identity, ...]:
    """Give who these households are; unknown ids are left out.

    The caller has checked the right to see them, and says for the access log why.
    """
    found = {}
    heads: dict[UUID, str] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        ours = sa.func.coalesce(Household.regency_code, "") == tx.regency_code
        for row in tx.session.execute(
            sa.select(
                Household.id, Household.code, Household.head_name, Household.kk, Household.village_code, Household.rt,
                Household.rw, Household.hamlet, Household.address, Household.size, Household.decile,
            ).where(Household.id.in_(chunk), ours)
        ):  # fmt: skip
            found[row.id] = row
        for member in tx.session.execute(
            sa.select(Member.household_id, Member.nik).where(
                Member.household_id.in_(chunk), Member.relation == Relation.HEAD, Member.is_present
            )
        ):
            heads[member.household_id] = member.nik.last4 if member.nik is not None else ""
    tx.saw("household", sorted(found), purpose)
    names = {one.code: one.full_name for one in regions(tx, sorted({row.village_code for row in found.values()}))}
    return tuple(
        Identity(
            household_id=row.id, code=row.code, head_name=row.head_name, head_nik_last4=heads.get(row.id, ""),
            kk_last4=row.kk.last4 if row.kk is not None else "", village_code=row.village_code,
            village_name=names.get(row.village_code, row.village_code), rt=row.rt, rw=row.rw, hamlet=row.hamlet,
            address=row.address, size=row.size, decile=row.decile,
        )
        for row in found.values()
    )  # fmt: skip


def persons(tx: Tx, ids: Sequence[UUID], purpose: str) -> tuple[Person, ...]:
    """Give who these members are; unknown ids are left out. As above, the caller has checked the right."""
    found: list[Any] = []
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        found += tx.session.execute(
            sa.select(Member.id, Member.household_id, Member.name, Member.nik).where(
                Member.id.in_(wanted[start : start + _AT_ONCE]), Member.regency_code == tx.regency_code
            )
        ).all()
    tx.saw("household", sorted({row.household_id for row in found}), purpose)
    return tuple(
        Person(
            id=row.id, household_id=row.household_id, name=row.name,
            nik_last4=row.nik.last4 if row.nik is not None else "",
        )
        for row in found
    )  # fmt: skip
