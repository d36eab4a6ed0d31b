"""What erased households were known by, as keyed hashes: so that the next file does not bring them back.

Who comes again and is registered on the spot is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.crypto import Secret, ring
from core.work import Tx
from registry_link.households.models import (
    KK_CONTEXT,
    NIK_CONTEXT,
    ErasedNumber,
    Household,
    HouseholdCard,
    Member,
    Snapshot,
)
from registry_link.households.numbers import kk_indexes, nik_indexes
from registry_link.households.rows import HouseholdRow, MemberRow

EXTERNAL_CONTEXT: Final = "registry.external"
NUMBER_CONTEXTS: Final = (NIK_CONTEXT, KK_CONTEXT)
"""Under which a number of sixteen digits may have been erased."""
_AT_ONCE: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A household without who it is."""

    id: UUID
    code: str
    village_code: str
    merged_into_id: UUID | None
    erased_at: datetime | None


def homes(tx: Tx, ids: Iterable[UUID]) -> Mapping[UUID, Home]:
    """Give the office's households without who they are, erased ones too; unknown ids are left out."""
    wanted, found = sorted(set(ids)), dict[UUID, Home]()
    for at in range(0, len(wanted), _AT_ONCE):
        query = sa.select(*(getattr(Household, name) for name in Home.__dataclass_fields__)).where(
            Household.id.in_(wanted[at : at + _AT_ONCE]),
            sa.func.coalesce(Household.regency_code, "") == tx.regency_code,
        )
        found.update((row.id, Home(**row._mapping)) for row in tx.session.execute(query))
    return found


def members_of_homes(tx: Tx, household_ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Give the ids of everybody who is or was listed with these households."""
    return tuple(tx.session.scalars(sa.select(Member.id).where(Member.household_id.in_(household_ids))))


def homes_of_members(tx: Tx, member_ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Tell with which household each of these persons is listed."""
    wanted, found = sorted(set(member_ids)), dict[UUID, UUID]()
    for at in range(0, len(wanted), _AT_ONCE):
        query = sa.select(Member.id, Member.household_id).where(Member.id.in_(wanted[at : at + _AT_ONCE]))
        found.update((row.id, row.household_id) for row in tx.session.execute(query))
    return found


def hold(tx: Tx, ids: Sequence[UUID]) -> None:
    """Hold households, so that nothing writes to them between a look and an erasure."""
    tx.session.execute(sa.select(Household.id).where(Household.id.in_(ids)).order_by(Household.id).with_for_update())


def mark_erased(tx: Tx, ids: Sequence[UUID]) -> None:
    """Say that these households are nobody's any more."""
    tx.session.execute(
        sa.update(Household)
        .where(Household.id.in_(ids))
        .values(erased_at=tx.now, changed_at=tx.now)
        .execution_options(synchronize_session=False)
    )


def remember_numbers(tx: Tx, erasure_id: UUID, ids: Sequence[UUID]) -> None:
    """Keep what households are known by as keyed hashes, before it is erased."""
    found: set[tuple[str, bytes]] = set()
    known = sa.select(Household.kk_bidx, Household.source, Household.external_id).where(Household.id.in_(ids))
    for row in tx.session.execute(known):
        if row.kk_bidx is not None:
            found.add(("kk", row.kk_bidx))
        if row.external_id is not None:
            found.add(("external", external_index(row.source, row.external_id)))
    cards = sa.select(HouseholdCard.kk_bidx).where(HouseholdCard.household_id.in_(ids))
    found |= {("kk", index) for index in tx.session.scalars(cards)}
    niks = sa.select(Member.nik_bidx).where(Member.household_id.in_(ids), Member.nik_bidx.is_not(None))
    found |= {("nik", index) for index in tx.session.scalars(niks) if index is not None}
    if not found:
        return
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(
        insert(ErasedNumber).on_conflict_do_nothing(),
        [
            {"regency_code": tx.regency_code, "kind": kind, "number_index": index, "erasure_id": erasure_id,
             "erased_at": tx.now}
            for kind, index in sorted(found)
        ],
    )  # fmt: skip


def erased_indexes(tx: Tx, erasure_ids: Sequence[UUID]) -> frozenset[bytes]:
    """Give the keyed hashes of the NIK and No. KK that these erasures took out."""
    query = sa.select(ErasedNumber.number_index).where(
        ErasedNumber.erasure_id.in_(erasure_ids), ErasedNumber.kind.in_(["nik", "kk"])
    )
    return frozenset(bytes(one) for one in tx.session.scalars(query))


def external_index(source: str | None, external_id: str) -> bytes:
    """Give the keyed hash of an id in a register's files."""
    return ring().blind_index(f"{source or ''}|{external_id}", EXTERNAL_CONTEXT)


def has_erased(tx: Tx) -> bool:
    """Tell whether the office has erased anybody at all: most imports need not ask further."""
    query = sa.select(ErasedNumber.kind).where(ErasedNumber.regency_code == tx.regency_code).limit(1)
    return tx.session.scalar(query) is not None


def erased_households(tx: Tx, snapshot_id: UUID, rows: Sequence[HouseholdRow]) -> frozenset[str]:
    """Give the ids of those rows of a register's file that name an erased household: by its id, its No. KK, or the NIK
    of somebody who is listed with it."""
    known = _known(tx)
    if not rows or not known:
        return frozenset()
    source = tx.session.scalar(sa.select(Snapshot.source).where(Snapshot.id == snapshot_id))
    found = {one.external_id for one in rows if ("external", external_index(source, one.external_id)) in known}
    kks = kk_indexes([one.kk for one in rows])
    found |= {one.external_id for one, index in zip(rows, kks, strict=True) if ("kk", index) in known}
    people = [(one.external_id, member) for one in rows for member in one.members]
    are_erased = erased_members(tx, [member for _, member in people])
    return frozenset(found | {key for (key, _), is_one in zip(people, are_erased, strict=True) if is_one})


def erased_members(tx: Tx, members: Sequence[MemberRow]) -> list[bool]:
    """Tell of each member of a register's file whether its NIK was erased."""
    known = _known(tx)
    if not known:
        return [False] * len(members)
    return [("nik", index) in known for index in nik_indexes([one.nik for one in members])]


def erased_since(tx: Tx, instant: datetime) -> frozenset[tuple[str, bytes]]:
    """Give what was erased since then, as kind ("nik", "kk", "external") and keyed hash."""
    query = sa.select(ErasedNumber.kind, ErasedNumber.number_index).where(
        ErasedNumber.regency_code == tx.regency_code, ErasedNumber.erased_at >= instant
    )
    return frozenset((row.kind, bytes(row.number_index)) for row in tx.session.execute(query))


def know_again(tx: Tx, kk: Secret | None, niks: Iterable[Secret | None]) -> None:
    """Take the numbers of somebody who registers anew off the list."""
    if not has_erased(tx):
        return
    indexes = [one for one in (*kk_indexes([kk]), *nik_indexes(list(niks))) if one is not None]
    for start in range(0, len(indexes), _AT_ONCE):
        tx.session.execute(
            sa.delete(ErasedNumber).where(
                ErasedNumber.regency_code == tx.regency_code,
                ErasedNumber.number_index.in_(indexes[start : start + _AT_ONCE]),
            )
        )


def _known(tx: Tx) -> frozenset[tuple[str, bytes]]:
    query = sa.select(ErasedNumber.kind, ErasedNumber.number_index).where(ErasedNumber.regency_code == tx.regency_code)
    return frozenset((row.kind, bytes(row.number_index)) for row in tx.session.execute(query))
