"""Staged rows and whom the office knows already otherwise: registered on the spot, or with the same number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.carding import provisional_cards, same_card
from registry_link.households.known import half_of
from registry_link.households.merged import is_listed, is_met
from registry_link.households.models import (
    Household,
    KnownNumber,
    Member,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.states import (
    Outcome,
)
from registry_link.households.taking import same_household
from registry_link.households.tuning import analyze_staged


def bind_met(tx: Tx, snapshot_id: UUID) -> None:
    """Bind households that were registered on the spot to staged rows; fill in heads that stand in another piece."""
    analyze_staged(tx)
    bind_provisional(tx, snapshot_id)
    name_staged_heads(tx, snapshot_id)


def bind_provisional(tx: Tx, snapshot_id: UUID) -> None:
    """Bind a household registered on the spot to the one staged row that has its No. KK or a member's NIK."""
    provisional = tx.session.execute(
        sa.select(Household.id, Household.kk_bidx, Member.nik_bidx)
        .outerjoin(Member, sa.and_(Member.household_id == Household.id, Member.is_present))
        .where(is_met(tx), is_listed())
    ).all()
    by_kk = {**provisional_cards(tx), **{row.kk_bidx: row.id for row in provisional if row.kk_bidx}}
    by_nik = {row.nik_bidx: row.id for row in provisional if row.nik_bidx}
    found: dict[UUID, set[str]] = {}
    open_rows = (StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.bound_id.is_(None))
    for chunk in chunked(by_kk):
        query = sa.select(StagedHousehold.external_id, StagedHousehold.kk_bidx)
        for row in tx.session.execute(query.where(*open_rows, StagedHousehold.kk_bidx.in_(chunk))):
            found.setdefault(by_kk[row.kk_bidx], set()).add(row.external_id)
    for chunk in chunked(by_nik):
        query = sa.select(StagedMember.external_id, StagedMember.nik_bidx).join(StagedHousehold, same_household())
        for row in tx.session.execute(query.where(*open_rows, StagedMember.nik_bidx.in_(chunk))):
            found.setdefault(by_nik[row.nik_bidx], set()).add(row.external_id)
    bound: set[str] = set()
    for household_id, external_ids in sorted(found.items()):
        # Two rows for one, or one for two: a person decides; they are suspected below.
        if len(external_ids) != 1 or external_ids & bound:
            continue
        bound |= external_ids
        tx.session.execute(
            sa.update(StagedHousehold)
            .where(*open_rows, StagedHousehold.external_id.in_(external_ids))
            .values(bound_id=household_id, outcome=Outcome.CHANGED)
        )


def suspects(tx: Tx, snapshot_id: UUID, twice: Sequence[tuple[str, str]]) -> dict[str, UUID]:
    """Give for new and changed rows another household with the same number; numbers twice in the file come first.

    ``twice``: rows of the file that have a NIK which another one has before them, and which one. Writes nothing.
    """
    own = sa.func.coalesce(StagedHousehold.bound_id, StagedHousehold.household_id)
    found: dict[str, UUID] = {}
    others = sa.select(Household.id).where(Household.regency_code == tx.regency_code, is_listed()).limit(1)
    if tx.session.scalar(others) is not None:
        # One look-up per row: as a join, SQLite without statistics walks all households for each staged one.
        same_kk = (
            sa.select(Household.id)
            .join(KnownNumber, KnownNumber.row_no == Household.row_no)
            .where(KnownNumber.number_index == half_of(StagedHousehold.kk_bidx))
            .where(Household.kk_bidx == StagedHousehold.kk_bidx, Household.id != own)
            .where(sa.func.coalesce(Household.regency_code, "") == tx.regency_code, is_listed())
            .order_by(Household.id).limit(1).scalar_subquery()
        )  # fmt: skip
        same_nik = (
            sa.select(Member.household_id)
            .select_from(StagedMember)
            .join(KnownNumber, KnownNumber.number_index == half_of(StagedMember.nik_bidx))
            .join(Household, sa.and_(Household.row_no == KnownNumber.row_no, is_listed()))
            .join(Member, sa.and_(Member.household_id == Household.id, Member.nik_bidx == StagedMember.nik_bidx))
            .where(same_household(), Member.regency_code == tx.regency_code, Member.is_present)
            .where(Member.household_id != own)
            .order_by(Member.household_id).limit(1).scalar_subquery()
        )  # fmt: skip
        further = same_card(tx.regency_code, own)
        # Of whom no member is staged because all are as they stand, a No. KK that is, too, brings no new suspicion.
        had_kk = sa.select(Household.kk_bidx).where(Household.id == StagedHousehold.bound_id).scalar_subquery()
        has_numbers = sa.or_(
            StagedHousehold.bound_id.is_(None), StagedHousehold.lists_all,
            sa.exists().where(same_household()).correlate(StagedHousehold),
            StagedHousehold.kk_bidx.is_distinct_from(had_kk),
        )  # fmt: skip
        query = sa.select(StagedHousehold.external_id, sa.func.coalesce(same_nik, same_kk, further)).where(
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome != Outcome.UNCHANGED, has_numbers,
            sa.or_(same_nik.is_not(None), same_kk.is_not(None), further.is_not(None)),
        )  # fmt: skip
        found.update((row[0], row[1]) for row in tx.session.execute(query))
    ids: dict[str, UUID] = {}
    for chunk in chunked(sorted({one for _, one in twice})):
        named = sa.select(StagedHousehold.external_id, own).where(
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.external_id.in_(chunk)
        )
        ids.update((row[0], row[1]) for row in tx.session.execute(named))
    found.update((other, ids[one]) for other, one in twice)
    return found


def put_suspects(tx: Tx, snapshot_id: UUID, found: Mapping[str, UUID]) -> None:
    """Point staged rows to the households that ``suspects`` gave."""
    if found:
        table = cast(sa.Table, StagedHousehold.__table__)
        tx.session.connection().execute(
            sa.update(table)
            .where(table.c.snapshot_id == snapshot_id, table.c.external_id == sa.bindparam("at_id"))
            .values(suspect_id=sa.bindparam("at_other")),
            [{"at_id": key, "at_other": value} for key, value in sorted(found.items())],
        )


def name_staged_heads(tx: Tx, snapshot_id: UUID) -> None:
    """Fill in the head's name where the file has it only in its members."""
    members = sa.select(StagedMember.name).where(same_household())
    first = members.order_by(StagedMember.position, StagedMember.file_row).limit(1).scalar_subquery()
    tx.session.execute(
        sa.update(StagedHousehold)
        .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome != Outcome.UNCHANGED)
        # Of those that stand the head stays who it was where his row may have been refused, or none is staged.
        .where(StagedHousehold.head_name == "", sa.or_(StagedHousehold.lists_all, StagedHousehold.bound_id.is_(None)))
        .values(head_name=sa.func.coalesce(first, ""))
        .execution_options(synchronize_session=False)
    )
