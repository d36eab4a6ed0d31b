"""A village is asked for what its households lack, and completes them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.states import move
from core.work import Tx
from registry_link.completion.models import CompletionChange, CompletionEntry, CompletionList
from registry_link.completion.overview import recount
from registry_link.completion.positioning import Reported, place_reported
from registry_link.completion.rules import ALL_ASKED
from registry_link.completion.states import (
    COMPLETION_ENTRY_MOVES,
    COMPLETION_LIST_MOVES,
    EntryAct,
    EntryState,
    ListAct,
    ListState,
    SkipReason,
)
from registry_link.households.completing import (
    Changed,
    CompleteHousehold,
    complete_household,
    count_change,
    facts_to_change,
    incomplete_households,
)
from registry_link.households.gaps import Gap
from registry_link.regions.queries import RegionView, region
from registry_link.regions.states import Level

MOST_ENTRIES: Final = 20_000
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueList:
    village_code: str
    asked: Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    list_id: UUID
    added: int
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveEntry:
    """Values as typed for one household of a list; ``household`` names it, ``position`` is optional."""

    entry_id: UUID
    household: CompleteHousehold
    position: Reported | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    fields: tuple[str, ...]
    """What was filled in or changed."""
    conflicts: tuple[str, ...]
    """What somebody else changed meanwhile: theirs stays."""
    remaining: Gap
    """What is still missing of what was asked."""
    is_done: bool
    is_number_elsewhere: bool
    is_position_used: bool
    outside_m: int | None
    """How far outside its own village the position lies, where that cannot be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEntry:
    """A household of a list that may be filled in."""

    id: UUID
    list_id: UUID
    no: int
    village_code: str
    household_id: UUID
    asked: Gap
    state: EntryState


# ---------------------------------------------------------------- lists


def issue_list(tx: Tx, order: IssueList) -> Issued:
    """Ask a village for what its households lack; an open list gets those that are not on it yet.

    Raises: Forbidden; NotFound; Invalid "completion.nothing_asked"; Conflict "completion.nothing_missing",
    "completion.asked_otherwise" (the open list asks for something else).
    """
    reach = tx.require("completion.issue")
    reach.need_village(order.village_code, "region")
    own_village(tx, order.village_code)
    asked = order.asked & ALL_ASKED
    if not asked:
        raise Invalid("completion.nothing_asked", field="asked")
    known = tx.session.execute(
        sa.select(CompletionList.id, CompletionList.asked, CompletionList.households)
        .where(
            CompletionList.regency_code == tx.regency_code, CompletionList.village_code == order.village_code,
            CompletionList.state == ListState.OPEN,
        )
        .with_for_update()
    ).one_or_none()  # fmt: skip
    if known is not None and known.asked != asked:
        raise Conflict("completion.asked_otherwise")
    found = incomplete_households(tx, order.village_code, asked)[:MOST_ENTRIES]
    if known is None and not found:
        raise Conflict("completion.nothing_missing")
    list_id = known.id if known is not None else tx.new_id()
    if known is None:
        tx.session.add(
            CompletionList(
                id=list_id, regency_code=tx.regency_code, village_code=order.village_code, state=ListState.OPEN,
                asked=int(asked), households=0, issued_at=tx.now, issued_by=tx.actor.id,
                issued_by_name=tx.actor.name, closed_at=None, closed_by_name="",
            )
        )  # fmt: skip
        tx.session.flush()
    listed = set(tx.session.scalars(sa.select(CompletionEntry.household_id).where(CompletionEntry.list_id == list_id)))
    fresh = [one for one in found if one.household_id not in listed]
    rows = [
        {
            "id": entry_id, "regency_code": tx.regency_code, "list_id": list_id, "no": no,
            "household_id": one.household_id, "gaps": int(one.gaps), "state": EntryState.WAITING,
            "skip_reason": None, "decided_at": None, "decided_by": "", "decided_by_name": "",
        }
        for no, (one, entry_id) in enumerate(zip(fresh, tx.new_ids(len(fresh)), strict=True), len(listed) + 1)
    ]  # fmt: skip
    table = cast(sa.Table, CompletionEntry.__table__)
    for start in range(0, len(rows), _AT_ONCE):
        tx.session.execute(sa.insert(table), rows[start : start + _AT_ONCE])
    tx.session.execute(
        sa.update(cast(sa.Table, CompletionList.__table__))
        .where(CompletionList.__table__.c.id == list_id)
        .values(households=len(listed) + len(rows))
    )
    tx.note(
        "completion_list.issue", "completion_list", list_id, village_code=order.village_code, asked=int(asked),
        added=len(rows),
    )  # fmt: skip
    return Issued(list_id=list_id, added=len(rows), is_new=known is None)


def own_village(tx: Tx, village_code: str) -> RegionView:
    """Give a village of the office. Raises: NotFound."""
    place = region(tx, village_code)
    if place.level is not Level.VILLAGE or place.regency_code != tx.regency_code:
        raise NotFound("region.not_found", code=village_code[:20])
    return place


def close_list(tx: Tx, list_id: UUID) -> None:
    """Ask for nothing more; what was completed stays. Raises: Forbidden; NotFound; Conflict."""
    reach = tx.require("completion.issue")
    reach.need_village(village_of_list(tx, list_id), "completion_list")
    move(
        tx, CompletionList, list_id, ListAct.CLOSE, COMPLETION_LIST_MOVES, closed_at=tx.now,
        closed_by_name=tx.actor.name,
    )  # fmt: skip


def village_of_list(tx: Tx, list_id: UUID) -> str:
    """Give the village that a list asks. Raises: NotFound."""
    code = tx.session.scalar(
        sa.select(CompletionList.village_code).where(
            CompletionList.id == list_id, CompletionList.regency_code == tx.regency_code
        )
    )
    if code is None:
        raise NotFound("completion_list.not_found")
    return code


# ---------------------------------------------------------------- one household


def save_entry(tx: Tx, order: SaveEntry) -> Saved:
    """Fill in what is known by now of one household; it is done when nothing that was asked is missing.

    Raises: Forbidden; NotFound; Conflict "completion_list.is_closed", "completion_entry.moved_away"; Invalid with the
    field for the first value that cannot be right: nothing of this household is changed then.
    """
    entry = open_entry(tx, order.entry_id)
    if order.household.household_id != entry.household_id:
        raise NotFound("completion_entry.not_found")
    saved = fill_entry(tx, entry, order.household, order.position)
    if saved.fields:
        count_change(tx)
        recount(tx, entry.village_code)
    return saved


def skip_entry(tx: Tx, entry_id: UUID, reason: SkipReason) -> None:
    """Say why a household cannot be completed. Raises: Forbidden; NotFound; Conflict."""
    decide_skip(tx, open_entry(tx, entry_id), reason)


def decide_skip(tx: Tx, entry: OpenEntry, reason: SkipReason) -> None:
    """Do what ``skip_entry`` does for a household whose list is open. Raises: Conflict."""
    _decide(tx, entry, EntryAct.SKIP, reason=reason)


def open_entry(tx: Tx, entry_id: UUID) -> OpenEntry:
    """Give a household of an open list. Raises: Forbidden; NotFound; Conflict."""
    reach = tx.require("completion.fill")
    row = tx.session.execute(
        sa.select(
            CompletionEntry.id, CompletionEntry.list_id, CompletionEntry.no, CompletionEntry.household_id,
            CompletionEntry.state, CompletionList.village_code, CompletionList.asked,
            CompletionList.state.label("list_state"),
        )
        .join(CompletionList, CompletionList.id == CompletionEntry.list_id)
        .where(CompletionEntry.id == entry_id, CompletionEntry.regency_code == tx.regency_code)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("completion_entry.not_found")
    reach.need_village(row.village_code, "completion_entry")
    if row.list_state is not ListState.OPEN:
        raise Conflict("completion_list.is_closed")
    return OpenEntry(
        id=row.id, list_id=row.list_id, no=row.no, village_code=row.village_code, household_id=row.household_id,
        asked=Gap(row.asked), state=row.state,
    )  # fmt: skip


def fill_entry(
    tx: Tx, entry: OpenEntry, values: CompleteHousehold, position: Reported | None, file_id: UUID | None = None
) -> Saved:
    """Do what ``save_entry`` does for a household whose list is open; the caller counts the change.

    Raises: as ``save_entry``.
    """
    facts = facts_to_change(tx, [entry.household_id], "complete").get(entry.household_id)
    if facts is None or facts.village_code != entry.village_code:
        raise Conflict("completion_entry.moved_away")
    done = complete_household(tx, values)
    keep_changes(tx, entry, done.changed, file_id)
    fields = list(dict.fromkeys(one.field for one in done.changed))
    remaining = done.remaining
    is_used, outside_m = False, None
    if position is not None:
        placed = place_reported(tx, facts, position, file_id)
        is_used, outside_m = placed.is_used, placed.far_m
        remaining &= ~Gap.POSITION
        if is_used:
            fields.append("position")
    remaining &= entry.asked
    if fields:
        tx.note(
            "completion_entry.fill", "completion_entry", entry.id, fields=fields,
            file_id=None if file_id is None else str(file_id),
        )  # fmt: skip
    is_done = entry.state is EntryState.DONE or not remaining
    if not remaining and entry.state is not EntryState.DONE:
        _decide(tx, entry, EntryAct.FINISH)
    return Saved(
        fields=tuple(fields), conflicts=done.conflicts, remaining=remaining, is_done=is_done,
        is_number_elsewhere=done.is_number_elsewhere, is_position_used=is_used, outside_m=outside_m,
    )  # fmt: skip


def keep_changes(tx: Tx, entry: OpenEntry, changed: Sequence[Changed], file_id: UUID | None) -> None:
    """Write down what was filled in, by whom and through what; never a number."""
    rows: list[dict[str, Any]] = [
        {
            "id": change_id, "regency_code": tx.regency_code, "household_id": entry.household_id,
            "member_id": one.member_id, "entry_id": entry.id, "file_id": file_id, "field": one.field,
            "before": one.before, "after": one.after, "at": tx.now, "by": tx.actor.id, "by_name": tx.actor.name,
        }
        for one, change_id in zip(changed, tx.new_ids(len(changed)), strict=True)
    ]  # fmt: skip
    if rows:
        tx.session.execute(sa.insert(cast(sa.Table, CompletionChange.__table__)), rows)


def _decide(tx: Tx, entry: OpenEntry, act: EntryAct, reason: SkipReason | None = None) -> None:
    move(
        tx, CompletionEntry, entry.id, act, COMPLETION_ENTRY_MOVES, reason=reason.value if reason else "",
        skip_reason=reason, decided_at=tx.now, decided_by=tx.actor.id, decided_by_name=tx.actor.name,
    )  # fmt: skip
