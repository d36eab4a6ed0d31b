"""The confirmed list of an incident, frozen with date and version: what a plan is drawn from and what is proved later.

A frozen list never changes. Who is confirmed or added after it waits for the next one; opening it again ends it. It
belongs to the incident, not to an area: so does the decision on a household, and areas overlap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.accounts.queries import names_of
from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Reach
from core.states import move
from core.work import Tx
from logistics.zones.affected import ConfirmedLine, confirmed
from logistics.zones.models import (
    AffectedHousehold,
    AffectedList,
    AffectedListEntry,
    AffectedListUse,
    ZoneVersion,
)
from logistics.zones.rows import incident_row, lock_incident_row, lock_running
from logistics.zones.states import LISTS, Access, AffectedState, ListAct, ListState, Severity
from registry_link.households.erased import erased_among
from registry_link.households.merged import has_merged, survivors_of
from registry_link.matching.rules import Confidence

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    incident_id: UUID
    note: str = ""
    expected: int | None = None
    """How many households the person was told; refused when it is another number by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    id: UUID
    incident_id: UUID
    no: int
    state: ListState
    note: str
    households: int
    villages: int
    certain: int
    probable: int
    to_verify: int
    joined: int
    gone: int
    sha256: str
    frozen_at: datetime
    frozen_on: date
    frozen_by_name: str
    ended_at: datetime | None
    ended_by_name: str
    end_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    household_id: UUID
    village_code: str
    confidence: Confidence
    evidence: str
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    lines: tuple[EntryLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDiff:
    """What the later of two frozen lists has and has not, household by household."""

    joined_ids: tuple[UUID, ...]
    gone_ids: tuple[UUID, ...]
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToServe:
    """Whom the next plan is for: the list that holds, or everybody confirmed where none does."""

    lines: tuple[ConfirmedLine, ...]
    list: ListView | None
    waiting: int
    """Confirmed since the list was frozen; they wait for the next one."""


# ---------------------------------------------------------------- rules


def entry_text(
    household_id: UUID, village_code: str, version_id: UUID | None, confidence: Confidence, evidence: str,
    decided_at: datetime, decided_by: str,
) -> str:  # fmt: skip
    """Write one entry for the hash: no name, no number, so that it can be proved after these were erased."""
    instant = decided_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{household_id}|{village_code}|{version_id or ''}|{confidence.value}|{evidence}|{instant}|{decided_by}"


def list_hash(entries: Iterable[str]) -> str:
    """Hash a frozen list: the same entries give the same hash in any order."""
    digest = hashlib.sha256()
    for line in sorted(entries):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


# ---------------------------------------------------------------- acts


def freeze_list(tx: Tx, order: Freeze) -> UUID:
    """Freeze everybody confirmed as the next list; the one that held until now is superseded.

    Raises: Forbidden; NotFound; Conflict when nobody is confirmed, nothing changed since the list that holds, the
    incident is closed, or it is not the ``expected`` number.
    """
    tx.require("affected.freeze")
    lock_running(tx, order.incident_id)
    standing = _to_list(tx, order.incident_id)
    if not standing:
        raise Conflict("affected_list.nobody")
    if order.expected is not None and order.expected != len(standing):
        raise Conflict("affected.number_changed", expected=order.expected, found=len(standing))
    last = tx.session.execute(
        sa.select(AffectedList.id, AffectedList.no, AffectedList.state)
        .where(AffectedList.incident_id == order.incident_id)
        .order_by(AffectedList.no.desc())
        .limit(1)
    ).first()
    before = set(_members(tx, last.id)) if last else set()
    now = set(standing)
    is_held = last is not None and last.state is ListState.CURRENT
    if is_held and last is not None:
        if before == now:
            raise Conflict("affected_list.unchanged", no=last.no)
        _end(tx, last.id, "")
    list_id = tx.new_id()
    counts = {one: sum(row.confidence is one for row in standing.values()) for one in Confidence}
    tx.session.execute(
        sa.insert(AffectedList).values(
            id=list_id, regency_code=tx.regency_code, incident_id=order.incident_id, no=last.no + 1 if last else 1,
            state=ListState.CURRENT, note=order.note.strip(), households=len(standing),
            villages=len({row.village_code for row in standing.values()}), certain=counts[Confidence.CERTAIN],
            probable=counts[Confidence.PROBABLE], to_verify=counts[Confidence.TO_VERIFY], joined=len(now - before),
            gone=len(before - now), frozen_at=tx.now, frozen_by=tx.actor.id, frozen_by_name=tx.actor.name,
            end_reason="", sha256=list_hash(
                entry_text(one, row.village_code, row.version_id, row.confidence, row.evidence, row.decided_at,
                           row.decided_by)
                for one, row in standing.items()
            ),
        )
    )  # fmt: skip
    rows = [
        {
            "list_id": list_id, "household_id": one, "village_code": row.village_code, "version_id": row.version_id,
            "confidence": row.confidence, "evidence": row.evidence, "decided_at": row.decided_at,
            "decided_by": row.decided_by,
        }
        for one, row in sorted(standing.items())
    ]  # fmt: skip
    for start in range(0, len(rows), _AT_ONCE):
        tx.session.execute(sa.insert(AffectedListEntry), rows[start : start + _AT_ONCE])
    tx.note(
        "affected_list.freeze", "incident", order.incident_id, no=last.no + 1 if last else 1, households=len(standing),
        joined=len(now - before), gone=len(before - now),
    )  # fmt: skip
    return list_id


def open_list(tx: Tx, incident_id: UUID, reason: str) -> UUID:
    """End the list that holds, so that what it says may be decided anew; gives which. The next freeze is a new version.

    Raises: Forbidden; NotFound; Invalid without a reason; Conflict when no list holds.
    """
    tx.require("affected.freeze")
    lock_incident_row(tx, incident_id)
    if len(reason.strip()) < 5:
        raise Invalid("affected_list.reason_missing", field="reason")
    list_id: UUID | None = tx.session.scalar(
        sa.select(AffectedList.id).where(
            AffectedList.incident_id == incident_id, AffectedList.state == ListState.CURRENT
        )
    )
    if list_id is None:
        raise Conflict("affected_list.none_holds")
    _end(tx, list_id, reason.strip())
    return list_id


def note_use(tx: Tx, list_id: UUID, plan_id: UUID) -> None:
    """Keep that a plan was drawn from a list; once for each. The caller has the right to plan."""
    known = sa.select(AffectedListUse.plan_id).where(
        AffectedListUse.list_id == list_id, AffectedListUse.plan_id == plan_id
    )
    if tx.session.scalar(known) is None:
        tx.session.execute(
            sa.insert(AffectedListUse).values(list_id=list_id, plan_id=plan_id, used_at=tx.now, used_by=tx.actor.id)
        )


# ---------------------------------------------------------------- questions


def lists(tx: Tx, incident_id: UUID) -> tuple[ListView, ...]:
    """List an incident's frozen lists, newest first. Raises: Forbidden, NotFound."""
    tx.require("affected.see")
    incident_row(tx, incident_id)
    return _views(tx, AffectedList.incident_id == incident_id)


def current_list(tx: Tx, incident_id: UUID) -> ListView | None:
    """Give the list that holds; None where none does. It names nobody. Raises: NotFound."""
    incident_row(tx, incident_id)
    found = _views(tx, AffectedList.incident_id == incident_id, AffectedList.state == ListState.CURRENT)
    return found[0] if found else None


def frozen_list(tx: Tx, incident_id: UUID, no: int) -> ListView:
    """Give one frozen list of an incident by its number. Raises: Forbidden, NotFound."""
    found = [one for one in lists(tx, incident_id) if one.no == no]
    if not found:
        raise NotFound("affected_list.not_found")
    return found[0]


def entries(tx: Tx, of: ListView, *, village_code: str = "", limit: int = 50, offset: int = 0) -> EntryPage:
    """List the households of a frozen list by village, within the reach; roles that see counts get the total.

    Raises: Forbidden.
    """
    reach = tx.require("affected.see")
    where = [AffectedListEntry.list_id == of.id, *_reached(reach)]
    if village_code:
        where.append(AffectedListEntry.village_code == village_code)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(AffectedListEntry).where(*where)) or 0
    if reach.detail == "counts":
        return EntryPage(lines=(), total=total)
    rows = tx.session.execute(
        sa.select(
            AffectedListEntry.household_id, AffectedListEntry.village_code, AffectedListEntry.confidence,
            AffectedListEntry.evidence, AffectedListEntry.decided_at, AffectedListEntry.decided_by,
        )
        .where(*where)
        .order_by(AffectedListEntry.village_code, AffectedListEntry.household_id)
        .limit(limit)
        .offset(offset)
    )  # fmt: skip
    return EntryPage(lines=tuple(EntryLine(**row._mapping) for row in rows), total=total)


def compare_lists(tx: Tx, incident_id: UUID, before_no: int, after_no: int) -> ListDiff:
    """Tell who joined and who left between two frozen lists, within the reach. Raises: Forbidden, NotFound."""
    reach = tx.require("affected.see")
    before, after = (_members(tx, frozen_list(tx, incident_id, no).id) for no in (before_no, after_no))
    joined = [one for one in sorted(after.keys() - before.keys()) if reach.has_village(after[one])]
    gone = [one for one in sorted(before.keys() - after.keys()) if reach.has_village(before[one])]
    if reach.detail == "counts":
        return ListDiff(joined_ids=(), gone_ids=(), unchanged=len(after.keys() & before.keys()))
    return ListDiff(joined_ids=tuple(joined), gone_ids=tuple(gone), unchanged=len(after.keys() & before.keys()))


def lists_of_plans(tx: Tx, plan_ids: Sequence[UUID]) -> Mapping[UUID, ListView]:
    """Tell of each plan the newest list that it was drawn from; plans that were drawn from none are left out."""
    uses = tx.session.execute(
        sa.select(AffectedListUse.plan_id, AffectedListUse.list_id).where(AffectedListUse.plan_id.in_(plan_ids))
    ).all()
    views = {one.id: one for one in _views(tx, AffectedList.id.in_([use.list_id for use in uses]))}
    found: dict[UUID, ListView] = {}
    for use in uses:
        known = found.get(use.plan_id)
        if known is None or known.no < views[use.list_id].no:
            found[use.plan_id] = views[use.list_id]
    return found


def to_serve(tx: Tx, incident_id: UUID) -> ToServe:
    """Give whom a plan is for, each once, with the severity and access of the area: the list that holds, else everybody
    confirmed.

    One that was merged since is the one that it is now, one that was erased is left out. Raises: Forbidden, NotFound.
    """
    everybody = _not_erased(tx, confirmed(tx, incident_id))
    held = current_list(tx, incident_id)
    if held is None:
        return ToServe(lines=everybody, list=None, waiting=0)
    rows = tx.session.execute(
        sa.select(
            AffectedListEntry.household_id, AffectedListEntry.village_code, ZoneVersion.severity, ZoneVersion.access
        )
        .outerjoin(ZoneVersion, ZoneVersion.id == AffectedListEntry.version_id)
        .where(AffectedListEntry.list_id == held.id)
        .order_by(AffectedListEntry.village_code, AffectedListEntry.household_id)
    ).all()
    now = survivors_of(tx, [row.household_id for row in rows]) if has_merged(tx) else {}
    # The entry of the one that stays comes before those of the merged ones.
    kept: dict[UUID, Any] = {row.household_id: row for row in rows if row.household_id not in now}
    for row in rows:
        if row.household_id in now:
            kept.setdefault(now[row.household_id], row)
    lines = tuple(
        ConfirmedLine(
            household_id=one, village_code=row.village_code, severity=row.severity or Severity.MEDIUM,
            access=row.access or Access.ROAD,
        )
        for one, row in sorted(kept.items(), key=lambda pair: (pair[1].village_code, pair[0]))
    )  # fmt: skip
    return ToServe(
        lines=_not_erased(tx, lines), list=held, waiting=sum(one.household_id not in kept for one in everybody)
    )


def _not_erased(tx: Tx, lines: tuple[ConfirmedLine, ...]) -> tuple[ConfirmedLine, ...]:
    erased = erased_among(tx, [one.household_id for one in lines])
    return tuple(one for one in lines if one.household_id not in erased) if erased else lines


def standing_count(tx: Tx, incident_id: UUID) -> int:
    """Tell how many a list would hold if it were frozen now. Raises: Forbidden."""
    tx.require("affected.see")
    return len(_to_list(tx, incident_id))


def waiting_ids(tx: Tx, incident_id: UUID) -> frozenset[UUID]:
    """Give who was confirmed since the list that holds was frozen; nobody where none holds."""
    held = current_list(tx, incident_id)
    if held is None:
        return frozenset()
    listed = set(_members(tx, held.id))
    now = survivors_of(tx, sorted(listed)) if has_merged(tx) else {}
    return frozenset(set(_to_list(tx, incident_id)) - listed - set(now.values()))


# ---------------------------------------------------------------- proof


def prove(tx: Tx) -> list[str]:
    """Check every frozen list of the office: its entries are those that were hashed, and all of the one that holds are
    confirmed; gives what does not agree."""
    problems: list[str] = []
    for row in tx.session.execute(
        sa.select(AffectedList.id, AffectedList.incident_id, AffectedList.no, AffectedList.state,
                  AffectedList.households, AffectedList.sha256)
        .where(AffectedList.regency_code == tx.regency_code).order_by(AffectedList.incident_id, AffectedList.no)
    ).all():  # fmt: skip
        found = tx.session.execute(
            sa.select(
                AffectedListEntry.household_id, AffectedListEntry.village_code, AffectedListEntry.version_id,
                AffectedListEntry.confidence, AffectedListEntry.evidence, AffectedListEntry.decided_at,
                AffectedListEntry.decided_by,
            ).where(AffectedListEntry.list_id == row.id)
        ).all()  # fmt: skip
        name = f"list {row.no} of incident {row.incident_id}"
        if list_hash(entry_text(*entry) for entry in found) != row.sha256:
            problems.append(f"{name}: its entries are not those that were frozen")
        if len(found) != row.households:
            problems.append(f"{name}: {len(found)} entries, {row.households} were frozen")
        if row.state is ListState.CURRENT:
            lost = set(_followed(tx, [entry.household_id for entry in found])) - set(_standing(tx, row.incident_id))
            if lost:
                problems.append(f"{name}: it holds, and {len(lost)} of it are not confirmed")
    return problems


# ---------------------------------------------------------------- inside


def _to_list(tx: Tx, incident_id: UUID) -> dict[UUID, Any]:
    """Give who would be on a list that is frozen now: everybody confirmed who was not erased since."""
    standing = _standing(tx, incident_id)
    for one in erased_among(tx, standing):
        del standing[one]
    return standing


def _standing(tx: Tx, incident_id: UUID) -> dict[UUID, Any]:
    """Give everybody confirmed with what spoke for it; a merged household is the one that it is now, once."""
    rows = tx.session.execute(
        sa.select(
            AffectedHousehold.household_id, AffectedHousehold.village_code, AffectedHousehold.version_id,
            AffectedHousehold.confidence, AffectedHousehold.evidence, AffectedHousehold.decided_at,
            AffectedHousehold.decided_by,
        )
        .where(AffectedHousehold.incident_id == incident_id, AffectedHousehold.state == AffectedState.CONFIRMED)
        .order_by(AffectedHousehold.household_id)
    ).all()  # fmt: skip
    now = survivors_of(tx, [row.household_id for row in rows]) if has_merged(tx) else {}
    kept: dict[UUID, Any] = {row.household_id: row for row in rows if row.household_id not in now}
    for row in rows:
        if row.household_id in now:
            kept.setdefault(now[row.household_id], row)
    return kept


def _followed(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    now = survivors_of(tx, ids) if has_merged(tx) else {}
    return [now.get(one, one) for one in ids]


def _members(tx: Tx, list_id: UUID) -> dict[UUID, str]:
    rows = tx.session.execute(
        sa.select(AffectedListEntry.household_id, AffectedListEntry.village_code).where(
            AffectedListEntry.list_id == list_id
        )
    )
    return {row.household_id: row.village_code for row in rows}


def _end(tx: Tx, list_id: UUID, reason: str) -> None:
    move(
        tx, AffectedList, list_id, ListAct.SUPERSEDE, LISTS, reason=reason, ended_at=tx.now, ended_by=tx.actor.id,
        end_reason=reason,
    )  # fmt: skip


def _reached(reach: Reach) -> list[Any]:
    if reach.is_all:
        return []
    code = AffectedListEntry.village_code
    return [sa.or_(sa.false(), *(sa.or_(code == one, code.startswith(one + ".")) for one in sorted(reach.regions)))]


def _views(tx: Tx, *where: Any) -> tuple[ListView, ...]:
    rows = tx.session.scalars(
        sa.select(AffectedList)
        .where(AffectedList.regency_code == tx.regency_code, *where)
        .order_by(AffectedList.no.desc())
    ).all()
    who = names_of(tx, [row.ended_by for row in rows if row.ended_by])
    return tuple(
        ListView(
            id=row.id, incident_id=row.incident_id, no=row.no, state=row.state, note=row.note,
            households=row.households, villages=row.villages, certain=row.certain, probable=row.probable,
            to_verify=row.to_verify, joined=row.joined, gone=row.gone, sha256=row.sha256, frozen_at=row.frozen_at,
            frozen_on=local_day(row.frozen_at, tx.zone), frozen_by_name=row.frozen_by_name, ended_at=row.ended_at,
            ended_by_name=who.get(row.ended_by or "", ""), end_reason=row.end_reason,
        )
        for row in rows
    )  # fmt: skip
