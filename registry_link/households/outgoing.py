"""People with their whole numbers, for the one file that goes to the ministry; every look is logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.models import KK_CONTEXT, NIK_CONTEXT, Household, Member
from registry_link.households.numbers import opened
from registry_link.households.states import Relation, Sex

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPerson:
    name: str
    nik: str
    relation: Relation
    sex: Sex | None
    birth_on: date | None
    member_id: UUID | None = None
    """None for a head who is known by name alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingHousehold:
    household_id: UUID
    external_id: str
    """Its id in the register's files; empty for one that was never in a file, or whose file knew it by its No. KK."""
    code: str
    kk: str
    head_name: str
    village_code: str
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    people: tuple[OutgoingPerson, ...]


def outgoing(tx: Tx, household_ids: Sequence[UUID], purpose: str) -> Mapping[UUID, OutgoingHousehold]:
    """Give these households of the office with their numbers open; the caller has checked the right and says why."""
    found: dict[UUID, OutgoingHousehold] = {}
    wanted = list(dict.fromkeys(household_ids))
    for start in range(0, len(wanted), _AT_ONCE):
        piece = wanted[start : start + _AT_ONCE]
        people: dict[UUID, list[OutgoingPerson]] = {}
        members = sa.select(
            Member.id,
            Member.household_id,
            Member.name,
            Member.nik,
            Member.nik_bidx,
            Member.relation,
            Member.sex,
            Member.birth_on,
        ).where(Member.household_id.in_(piece), Member.is_present)
        for row in tx.session.execute(members.order_by(Member.position, Member.name, Member.id)):
            people.setdefault(row.household_id, []).append(
                OutgoingPerson(
                    member_id=row.id, name=row.name, relation=row.relation, sex=row.sex, birth_on=row.birth_on,
                    nik="" if row.nik is None else opened(row.nik, row.nik_bidx, NIK_CONTEXT),
                )
            )  # fmt: skip
        homes = sa.select(
            Household.id, Household.external_id, Household.code, Household.kk, Household.kk_bidx, Household.head_name,
            Household.village_code, Household.rt, Household.rw, Household.hamlet, Household.address,
        ).where(Household.id.in_(piece), sa.func.coalesce(Household.regency_code, "") == tx.regency_code)  # fmt: skip
        for home in tx.session.execute(homes):
            external = home.external_id or ""
            found[home.id] = OutgoingHousehold(
                household_id=home.id, external_id="" if external.startswith("kk:") else external, code=home.code,
                kk="" if home.kk is None else opened(home.kk, home.kk_bidx, KK_CONTEXT), head_name=home.head_name,
                village_code=home.village_code, rt=home.rt, rw=home.rw, hamlet=home.hamlet, address=home.address,
                people=tuple(people.get(home.id, ())),
            )  # fmt: skip
    tx.saw("household", sorted(found), purpose)
    return found
