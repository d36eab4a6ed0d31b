"""What erased households were known by, as keyed hashes: so that the next file does not bring them back.

Who comes again and is registered on the spot is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.crypto import Secret, ring
from core.work import Tx
from registry_link.households.linking import end_erased
from registry_link.households.models import (
    KK_CONTEXT,
    NIK_CONTEXT,
    ErasedNumber,
    Household,
    HouseholdCard,
    Member,
    Snapshot,
)
from registry_link.households.numbers import kk_indexes, nik_indexes, plain_indexes

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


def homes_where(tx: Tx, is_theirs: sa.ColumnElement[bool]) -> tuple[UUID, ...]:
    """Give the households in which somebody is written down of whom this is true, as a condition on ``member``."""
    return tuple(tx.session.scalars(sa.select(Member.household_id).where(is_theirs).distinct()))


def homes_of_members(tx: Tx, member_ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Tell with which household each of these persons is listed."""
    wanted, found = sorted(set(member_ids)), dict[UUID, UUID]()
    for at in range(0, len(wanted), _AT_ONCE):
        query = sa.select(Member.id, Member.household_id).where(Member.id.in_(wanted[at : at + _AT_ONCE]))
        found.update((row.id, row.household_id) for row in tx.session.execute(query))
    return found


def mark_erased(tx: Tx, ids: Sequence[UUID]) -> None:
    """Say that these households are nobody's any more, and listed nowhere."""
    end_erased(tx, ids)
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
    """Tell whether the office has erased anybody at all."""
    query = sa.select(ErasedNumber.kind).where(ErasedNumber.regency_code == tx.regency_code).limit(1)
    return tx.session.scalar(query) is not None


def erased_among(tx: Tx, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Tell which of these households are erased: they are served no more."""
    if not has_erased(tx):
        return frozenset()
    return frozenset(one.id for one in homes(tx, ids).values() if one.erased_at is not None)


def known_erased(tx: Tx) -> frozenset[tuple[str, bytes]]:
    """Give everything by which the office's erased households were known: kind ("nik", "kk", "external") and hash."""
    query = sa.select(ErasedNumber.kind, ErasedNumber.number_index).where(ErasedNumber.regency_code == tx.regency_code)
    return frozenset((row.kind, bytes(row.number_index)) for row in tx.session.execute(query))


def erased_in(
    tx: Tx, snapshot_id: UUID, known: frozenset[tuple[str, bytes]], homes: pl.DataFrame, people: pl.DataFrame
) -> tuple[pl.Series, pl.Series]:
    """Tell of a file's rows which households are named by the id or No. KK, and which members by the NIK, of somebody
    who was erased."""
    source = tx.session.scalar(sa.select(Snapshot.source).where(Snapshot.id == snapshot_id))
    names = (external_index(source, one) for one in homes["external_id"])
    kks = plain_indexes(homes["kk"].to_list(), KK_CONTEXT)
    niks = plain_indexes(people["nik"].to_list(), NIK_CONTEXT)
    of_homes = [("external", one) in known or ("kk", kk) in known for one, kk in zip(names, kks, strict=True)]
    of_people = [("nik", one) in known for one in niks]
    return pl.Series(of_homes, dtype=pl.Boolean()), pl.Series(of_people, dtype=pl.Boolean())


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
