"""What erased households were known by, as keyed hashes: so that the next file does not bring them back.

Who comes again and is registered on the spot is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret, ring
from core.work import Tx
from registry_link.households.models import ErasedNumber, Snapshot
from registry_link.households.numbers import kk_indexes, nik_indexes
from registry_link.households.rows import HouseholdRow, MemberRow

EXTERNAL_CONTEXT: Final = "registry.external"
_AT_ONCE: Final = 800


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
