"""The one step in which a filled-in snapshot becomes current: what it changes, and what others did meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.changing import add_members, change_members, update_changed
from registry_link.households.differences import COMINGS, changes_of, finish_compared, put_differences
from registry_link.households.erased import erased_since
from registry_link.households.known import forget_numbers, has_kk, has_nik
from registry_link.households.leaving import keep_departed
from registry_link.households.linking import ask_again, end_gone, suspect_changed
from registry_link.households.marks import settle_marks
from registry_link.households.merged import carry_again, is_listed, is_met
from registry_link.households.models import (
    Household,
    HouseholdCard,
    Member,
    RegistryLink,
    SnapshotDifference,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.numbering import bump_stamp
from registry_link.households.rows import Weighed
from registry_link.households.snapshots import comes_after, note_counts, replace_current, staged_snapshot
from registry_link.households.states import LinkState, Outcome
from registry_link.households.supplementing import complete, tell_completed
from registry_link.households.words import forget_words, refresh_words

_OVERLAP: Final = timedelta(minutes=10)
"""A change counts from when its transaction began."""
T = TypeVar("T")


def turn_current(tx: Tx, snapshot_id: UUID, taking: Any, counts: Weighed) -> bool:
    """Make a filled-in snapshot current; False when another took the place that it was compared with.

    The caller holds the counter of households. Raises: NotFound; Conflict "snapshot.older", "snapshot.empty".
    """
    snapshot = staged_snapshot(tx, snapshot_id)
    before = comes_after(tx, snapshot, counts)
    before_id = before.id if before is not None else None
    if before_id != taking.before_id:
        return False
    since = taking.compared_at - _OVERLAP
    counts = replace(counts, new=counts.new - _leave_out_erased(tx, snapshot_id, taking, since))
    told = tell_completed(tx, snapshot) if snapshot.completes_id is not None else None
    if told is None:
        replace_current(tx, snapshot, before_id, counts)
    if before_id is not None:
        _tell_again(tx, snapshot, since)
    changed = [
        one for one in tx.session.scalars(
            sa.select(StagedHousehold.bound_id)
            .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.CHANGED)
        ) if one is not None
    ]  # fmt: skip
    if changed:
        update_changed(tx, snapshot)
        change_members(tx, snapshot)
        add_members(tx, snapshot, (Outcome.CHANGED,))
    if told is None:
        finish_compared(tx, snapshot, counts.new, tells=before_id is not None)
    suspect_changed(tx, snapshot)
    if before_id is not None:
        end_gone(tx, snapshot)
        ask_again(tx, snapshot_id)
    _suspect_met(tx, snapshot_id, taking, since)
    departed = keep_departed(tx, snapshot_id)
    survivors = carry_again(tx, snapshot_id)
    if told is not None:
        complete(tx, snapshot, taking, changed, told)
    # The words of what changed follow in pieces right after (``clearing``): half of what others would wait for.
    refresh_words(tx, list(dict.fromkeys([*departed, *survivors])))
    settle_marks(tx, snapshot)
    bump_stamp(tx)
    note_counts(tx, snapshot_id, counts)
    return True


# ---------------------------------------------------------------- what others did meanwhile


def _leave_out_erased(tx: Tx, snapshot_id: UUID, taking: Any, since: datetime) -> int:
    """Leave out who was erased since the comparison; gives how many new households went by it."""
    known = erased_since(tx, since)
    if not known:
        return 0
    erased = tx.session.scalars(
        sa.select(Household.id).where(
            Household.regency_code == tx.regency_code, Household.changed_at >= since, Household.erased_at >= since
        )
    ).all()
    for some in chunked(erased):
        names = tx.session.scalars(
            sa.select(StagedHousehold.external_id)
            .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.bound_id.in_(some))
        ).all()  # fmt: skip
        for model in (StagedMember, StagedHousehold):
            tx.session.execute(
                sa.delete(model).where(model.snapshot_id == snapshot_id, model.external_id.in_(names))
            )  # fmt: skip
        _take_out(tx, snapshot_id, some)
    niks = [index for kind, index in known if kind == "nik"]
    cards = [index for kind, index in known if kind == "kk"]
    unseen = sorted(_unseen(tx, taking.no, niks, cards).values())
    for some in chunked(unseen):
        forget_words(tx, some)
        _take_out(tx, snapshot_id, some)
        forget_numbers(tx, some)
        tx.session.execute(sa.delete(Member).where(Member.household_id.in_(some)))
        tx.session.execute(sa.delete(Household).where(Household.id.in_(some)))
    return len(set(unseen))


def _take_out(tx: Tx, snapshot_id: UUID, household_ids: Sequence[UUID]) -> None:
    mine = RegistryLink.snapshot_id == snapshot_id
    tx.session.execute(
        sa.update(RegistryLink)
        .where(mine, RegistryLink.suspect_household_id.in_(household_ids))
        .values(
            suspect_household_id=None,
            state=sa.case((RegistryLink.state == LinkState.DUPLICATE_SUSPECTED, LinkState.IMPORTED.value),
                          else_=RegistryLink.state),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    tx.session.execute(sa.delete(RegistryLink).where(mine, RegistryLink.household_id.in_(household_ids)))
    tx.session.execute(
        sa.delete(SnapshotDifference).where(
            SnapshotDifference.snapshot_id == snapshot_id, SnapshotDifference.household_id.in_(household_ids)
        )
    )


def _tell_again(tx: Tx, snapshot: Any, since: datetime) -> None:
    """Tell anew what changes of households that somebody wrote to since they were compared."""
    touched = tx.session.scalars(
        sa.select(Household.id)
        .join(StagedHousehold, StagedHousehold.bound_id == Household.id)
        .where(
            StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED,
            Household.changed_at >= since,
        )
        .order_by(Household.id)
    ).all()  # fmt: skip
    for some in chunked(touched):
        tx.session.execute(
            sa.delete(SnapshotDifference).where(
                SnapshotDifference.snapshot_id == snapshot.id, SnapshotDifference.household_id.in_(some),
                SnapshotDifference.kind.not_in(COMINGS),
            )
        )  # fmt: skip
        put_differences(tx, snapshot.id, changes_of(tx, snapshot, some))


def _suspect_met(tx: Tx, snapshot_id: UUID, taking: Any, since: datetime) -> None:
    """Let somebody look at households that were registered on the spot after the comparison, and stand in the file."""
    rows = tx.session.execute(
        sa.select(Household.id, Household.kk_bidx, Household.row_no).where(
            is_met(tx), Household.changed_at >= since, is_listed()
        )
    )  # fmt: skip
    # Put in order here: asked for it, SQLite walks all households by their numbers.
    provisional = sorted(rows, key=lambda row: row.row_no)
    for some in chunked(provisional):
        ids = [row.id for row in some]
        cards = {bytes(row.kk_bidx): row.id for row in some if row.kk_bidx is not None}
        further = sa.select(HouseholdCard.kk_bidx, HouseholdCard.household_id)
        for row in tx.session.execute(further.where(HouseholdCard.household_id.in_(ids))):
            cards.setdefault(bytes(row.kk_bidx), row.household_id)
        people = sa.select(Member.nik_bidx, Member.household_id).where(
            Member.household_id.in_(ids), Member.is_present, Member.nik_bidx.is_not(None)
        )
        niks = {bytes(row.nik_bidx): row.household_id for row in tx.session.execute(people) if row.nik_bidx}
        for index, household_id in _unseen(tx, taking.no, list(niks), list(cards)).items():
            other = niks.get(index) or cards[index]
            tx.session.execute(
                sa.update(RegistryLink)
                .where(
                    RegistryLink.snapshot_id == snapshot_id, RegistryLink.household_id == household_id,
                    RegistryLink.suspect_household_id.is_(None),
                )
                .values(
                    suspect_household_id=other,
                    state=sa.case((RegistryLink.state == LinkState.IMPORTED, LinkState.DUPLICATE_SUSPECTED.value),
                                  else_=RegistryLink.state),
                )
                .execution_options(synchronize_session=False)
            )  # fmt: skip


def _unseen(tx: Tx, taking_no: int, niks: Sequence[bytes], cards: Sequence[bytes]) -> dict[bytes, UUID]:
    """Give the new households of this taking over that have one of these numbers."""
    found: dict[bytes, UUID] = {}
    of_homes = sa.select(Household.kk_bidx.label("number"), Household.id, Household.taking_no)
    of_people = sa.select(Member.nik_bidx.label("number"), Household.id, Household.taking_no).join(
        Household, Household.id == Member.household_id
    )
    asked = [*(of_homes.where(has_kk(some)) for some in chunked(cards)),
             *(of_people.where(has_nik(some)) for some in chunked(niks))]  # fmt: skip
    for query in asked:
        # Chosen here: PostgreSQL may not know yet how many it has just brought, and would begin with all of them.
        rows = (row for row in tx.session.execute(query) if row.taking_no == taking_no)
        found.update((bytes(row.number), row.id) for row in rows if row.number)
    return found
