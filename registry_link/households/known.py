"""Who has a NIK or a No. KK: a narrow table says where to look, the row's own keyed hash whether it is really so.

``member`` and ``household`` have no index of their numbers: keyed hashes come in no order, and a snapshot that is
filled in would change nearly every page of one again and again. Here its entries are put in order, once its members
stand (``filling_numbers``). An entry too many misleads nobody, because the whole hash is compared too; one that is
missing hides a person, or a household. So whoever writes a number calls ``know_numbers`` in the same transaction,
whoever moves or removes one ``forget_numbers`` before, and ``proof`` tells who has none.

NIK and No. KK share the table: their hashes have different contexts, so that neither is taken for the other. Further
cards of a household are few, and found by an index of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.models import Household, KnownNumber, Member

HALF: Final = 16
"""Of the 32 bytes of a keyed hash: two that share them are not to be expected, and would be told apart all the same."""


def has_nik(indexes: Collection[bytes]) -> sa.ColumnElement[bool]:
    """Tell of a ``Member`` whether his NIK has one of these keyed hashes."""
    home = sa.orm.aliased(Household)
    halves = sorted({one[:HALF] for one in indexes})
    homes = (
        sa.select(home.id)
        .join(KnownNumber, KnownNumber.row_no == home.row_no)
        .where(KnownNumber.number_index.in_(halves))
    )
    return sa.and_(Member.household_id.in_(homes), Member.nik_bidx.in_(sorted(set(indexes))))


def has_kk(indexes: Collection[bytes], home: Any = Household) -> sa.ColumnElement[bool]:
    """Tell of a ``Household`` whether the No. KK that its registry names has one of these keyed hashes.

    Beside it no plain ``regency_code``: SQLite would rather walk the office by that.
    """
    halves = sorted({one[:HALF] for one in indexes})
    rows = sa.select(KnownNumber.row_no).where(KnownNumber.number_index.in_(halves))
    return sa.and_(home.row_no.in_(rows), home.kk_bidx.in_(sorted(set(indexes))))


def half_of(index: Any) -> sa.ColumnElement[bytes]:
    """Give what stands in the table of a column of keyed hashes."""
    return sa.func.substr(index, 1, HALF, type_=sa.LargeBinary())


def know_numbers(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Let these households be found by the No. KK that they have now, and their people by their NIK."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for some in chunked(sorted(household_ids)):
        # In order, so that two who write the same ones wait for each other and do not cross.
        entries = sa.union(*_entries(some)).order_by(sa.text("1"), sa.text("2"))
        tx.session.execute(
            insert(KnownNumber).from_select(["number_index", "row_no"], entries).on_conflict_do_nothing()
        )


def forget_numbers(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Take away what ``know_numbers`` put, before these households or their people go, or have other numbers."""
    for some in chunked(sorted(household_ids)):
        # One after the other: in what is put together of several SQLite finds no key.
        for entries in _entries(some):
            theirs = sa.tuple_(KnownNumber.number_index, KnownNumber.row_no).in_(entries)
            tx.session.execute(sa.delete(KnownNumber).where(theirs).execution_options(synchronize_session=False))


def forget_all_numbers(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Take away whatever leads to these households, also the numbers that somebody had before: walks the whole table,
    which is right for an erasure alone."""
    for some in chunked(sorted(household_ids)):
        rows = sa.select(Household.row_no).where(Household.id.in_(some))
        tx.session.execute(
            sa.delete(KnownNumber)
            .where(KnownNumber.row_no.in_(rows))
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def _entries(household_ids: Sequence[UUID]) -> tuple[sa.Select[bytes, int], sa.Select[bytes, int]]:
    """Give the entries of these households' people, and those of the households themselves."""
    return (
        sa.select(half_of(Member.nik_bidx), Household.row_no)
        .join(Household, Household.id == Member.household_id)
        .where(Member.household_id.in_(household_ids), Member.nik_bidx.is_not(None)),
        sa.select(half_of(Household.kk_bidx), Household.row_no).where(
            Household.id.in_(household_ids), Household.kk_bidx.is_not(None)
        ),
    )
