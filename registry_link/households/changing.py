"""Households that a snapshot changes, and their members, all in whole sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import sqlalchemy as sa

from core.work import Tx
from registry_link.households.known import know_numbers
from registry_link.households.merged import CARRIED
from registry_link.households.models import Household, Member, StagedHousehold, StagedMember, StatedCounts
from registry_link.households.states import Outcome
from registry_link.households.taking import PERSON, PLACE, changed_ranges, same_household, taken_household, taken_member

_AT_ONCE: Final = 2000
"""Households that are written over by one statement."""
ROW: Final = ("village_code", "rt", "rw", "hamlet", "address", "decile")
_PARTS: Final = (("village_code", "rt", "rw"), ("decile", "size"), PLACE, ("kk", "kk_bidx"),
                 ("source", "external_id", "is_provisional"))  # fmt: skip
"""Columns that stand in indexes: written only where they become others, or each row would be put anew into all."""


def update_changed(tx: Tx, snapshot: Any) -> None:
    """Write what staged rows say over the households that they change."""
    staged = StagedHousehold
    for these in changed_ranges(tx, snapshot.id, _AT_ONCE):
        _update_some(tx, snapshot, these)
    # A household that was registered on the spot by counts now has its members.
    if snapshot.lists_members:
        bound = sa.select(staged.bound_id).where(staged.snapshot_id == snapshot.id, staged.bound_id.is_not(None))
        tx.session.execute(sa.delete(StatedCounts).where(StatedCounts.household_id.in_(bound)))


def _update_some(tx: Tx, snapshot: Any, these: sa.ColumnElement[bool]) -> None:
    staged = StagedHousehold
    taken: dict[str, Any] = {
        **{name: getattr(staged, name) for name in ROW}, **taken_household(snapshot),
        "kk": sa.func.coalesce(staged.kk, Household.kk),
        "kk_bidx": sa.func.coalesce(staged.kk_bidx, Household.kk_bidx),
        "source": sa.literal(snapshot.source), "external_id": staged.external_id, "is_provisional": sa.false(),
        "snapshot_id": staged.snapshot_id, "row_hash": staged.row_hash, "changed_at": tx.now,
    }  # fmt: skip
    mine = (
        these,
        staged.snapshot_id == snapshot.id,
        staged.outcome == Outcome.CHANGED,
        staged.bound_id == Household.id,
    )
    indexed = {name for part in _PARTS for name in part}
    # What is told of the place within a village goes by the village as it was: that comes after.
    _update(tx, {name: value for name, value in taken.items() if name not in indexed}, *mine)
    # Sealed another time it is still the same number: its index tells.
    differs = [
        sa.or_(*(getattr(Household, name).is_distinct_from(taken[name]) for name in part if name != "kk"))
        for part in _PARTS
    ]
    # Most files change few columns.
    found = [sa.func.max(sa.case((one, 1), else_=0)) for one in differs]
    is_any = tx.session.execute(sa.select(*found).where(*mine)).one()
    for part, is_other, is_so in zip(_PARTS, differs, is_any, strict=True):
        if not is_so:
            continue
        values = {name: taken[name] for name in part}
        if "kk" in part:
            # Nobody else writes to them: the first update has locked them.
            others = tx.session.scalars(sa.select(Household.id).where(*mine, is_other)).all()
            _update(tx, values, *mine, is_other)
            know_numbers(tx, others)
        else:
            _update(tx, values, *mine, is_other)


def _update(tx: Tx, values: Mapping[str, Any], *where: sa.ColumnElement[bool]) -> None:
    done = sa.update(Household).where(*where).values(**values)
    tx.session.execute(done.execution_options(synchronize_session=False))


def change_members(tx: Tx, snapshot: Any) -> None:
    """Write what staged rows say over the members of changed households; whoever is not listed any more is gone."""
    staged = StagedMember
    changed = sa.and_(
        StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED, same_household(),
        Member.household_id == StagedHousehold.bound_id, Member.member_key == staged.member_key,
    )  # fmt: skip
    told = tx.session.scalars(
        sa.update(Member)
        .where(changed, sa.or_(Member.row_hash.is_distinct_from(staged.row_hash), ~Member.is_present))
        .values(**taken_member(), is_present=True)
        .returning(Member.household_id)
        .execution_options(synchronize_session=False)
    )
    # What a corrected number was before stays known: to look for it among all would cost more than it misleads.
    know_numbers(tx, set(told))
    if snapshot.lists_members:
        listed = sa.exists().where(same_household(), Member.member_key == staged.member_key)
        tx.session.execute(
            sa.update(Member)
            .where(
                StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.CHANGED,
                StagedHousehold.lists_all, Member.household_id == StagedHousehold.bound_id, Member.is_present,
                ~listed.correlate(StagedHousehold, Member), ~Member.member_key.startswith(CARRIED),
            )
            .values(is_present=False)
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def add_members(tx: Tx, snapshot: Any, outcomes: Sequence[Outcome]) -> None:
    """Add the members who are not there yet to households with these outcomes."""
    staged, own = StagedMember, sa.func.coalesce(StagedHousehold.bound_id, StagedHousehold.household_id)
    mine = sa.and_(StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome.in_(outcomes))
    is_member = sa.and_(Member.household_id == own, Member.member_key == staged.member_key)
    columns: dict[str, Any] = {
        "id": staged.member_id, "household_id": own, "regency_code": sa.literal(snapshot.regency_code),
        "member_key": staged.member_key, **{name: getattr(staged, name) for name in PERSON}, "is_present": sa.true(),
    }  # fmt: skip
    rows = (
        sa.select(*columns.values())
        .select_from(StagedHousehold)
        .join(staged, same_household())
        .outerjoin(Member, is_member)
        .where(mine, Member.id.is_(None))
    )
    table = cast(sa.Table, Member.__table__)
    added = tx.session.scalars(sa.insert(table).from_select(list(columns), rows).returning(table.c.household_id))
    know_numbers(tx, set(added))
