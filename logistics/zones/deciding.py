"""Who is really affected: what people confirm, reject, add and take back, each act kept for every household.

What a frozen list holds is not decided anew while it holds; everybody else may be, and waits for the next list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Reach
from core.work import Tx
from logistics.zones.affected import counted_once, within
from logistics.zones.models import AffectedDecision, AffectedHousehold, AffectedList, AffectedListEntry
from logistics.zones.rows import lock_incident_row, lock_running
from logistics.zones.states import AffectedState, DecisionHow, ListState, RejectReason
from registry_link.households.merged import has_merged, merged_pairs, survivors_of
from registry_link.households.queries import villages_of_households
from registry_link.matching.rules import Confidence

ADDED: Final = "added_by_person"
UNREGISTERED: Final = "registered_on_the_spot"
_AT_ONCE: Final = 500
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A household as a person saw it: after so many decisions."""

    household_id: UUID
    decided_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    incident_id: UUID
    household_ids: tuple[UUID, ...]
    is_affected: bool
    reject_reason: RejectReason | None = None
    note: str = ""
    seen: tuple[Seen, ...] = ()
    """What the person saw; a household on which another decided meanwhile otherwise stays as that one said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of the households of one order; the four add up to those that were asked for."""

    changed: int
    same: int
    """The answer stood there already."""
    meanwhile: int
    """Another person was faster and said something else; nothing was changed."""
    frozen: int
    """On the list that holds; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmGroup:
    """Everybody undecided of an incident, or of one village, or of one of the three groups."""

    incident_id: UUID
    village_code: str = ""
    confidence: Confidence | None = None
    expected: int | None = None
    """How many the person was told; refused when it is another number by now."""


def confirm_certain(tx: Tx, incident_id: UUID, expected: int | None = None) -> int:
    """Confirm every certain household that nobody has decided on; gives how many.

    Raises: Forbidden; NotFound; Conflict, when it is not the ``expected`` number.
    """
    reach = tx.require("affected.confirm_certain")
    order = ConfirmGroup(incident_id=incident_id, confidence=Confidence.CERTAIN, expected=expected)
    return _confirm(tx, order, reach, "affected.confirm_certain")


def confirm_group(tx: Tx, order: ConfirmGroup) -> int:
    """Confirm a whole group that nobody has decided on, within the reach; gives how many.

    Raises: Forbidden; NotFound; Conflict, when it is not the ``expected`` number.
    """
    reach = tx.require("affected.confirm_group")
    if order.village_code:
        reach.need_village(order.village_code, "affected")
    return _confirm(tx, order, reach, "affected.confirm_group")


def _confirm(tx: Tx, order: ConfirmGroup, reach: Reach, act: str) -> int:
    # Alone on this incident: what is counted, written down and changed is the same.
    lock_incident_row(tx, order.incident_id)
    where = [
        AffectedHousehold.incident_id == order.incident_id, AffectedHousehold.state == AffectedState.PROPOSED,
        *within(reach), *counted_once(tx, order.incident_id),
    ]  # fmt: skip
    if order.confidence is not None:
        where.append(AffectedHousehold.confidence == order.confidence)
    if order.village_code:
        where.append(AffectedHousehold.village_code == order.village_code)
    if order.expected is not None:
        found = tx.session.scalar(sa.select(sa.func.count()).select_from(AffectedHousehold).where(*where)) or 0
        if found != order.expected:
            raise Conflict("affected.number_changed", expected=order.expected, found=found)
    instant = AffectedDecision.decided_at.type
    tx.session.execute(
        sa.insert(AffectedDecision).from_select(
            [
                "incident_id", "household_id", "no", "regency_code", "how", "before", "after", "note", "decided_at",
                "decided_by", "decided_by_name",
            ],
            sa.select(
                AffectedHousehold.incident_id, AffectedHousehold.household_id, AffectedHousehold.decided_no + 1,
                AffectedHousehold.regency_code, sa.literal(DecisionHow.GROUP.value),
                sa.literal(AffectedState.PROPOSED.value), sa.literal(AffectedState.CONFIRMED.value), sa.literal(""),
                sa.literal(tx.now, instant), sa.literal(tx.actor.id), sa.literal(tx.actor.name),
            ).where(*where),
        )
    )  # fmt: skip
    done = tx.session.execute(
        sa.update(AffectedHousehold)
        .where(*where)
        .values(
            state=AffectedState.CONFIRMED, decided_at=tx.now, decided_by=tx.actor.id,
            decided_no=AffectedHousehold.decided_no + 1,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    count = int(done.rowcount)  # type: ignore[attr-defined]
    tx.note(
        act, "incident", order.incident_id, count=count, village=order.village_code,
        group=order.confidence.value if order.confidence else "",
    )  # fmt: skip
    return count


def decide_affected(tx: Tx, order: Decide) -> Decided:
    """Confirm or reject households of the list; the same answer twice is one.

    Raises: Forbidden; NotFound, for one outside the list or the reach; Invalid, when a rejection lacks its reason;
    Conflict, when nothing could be changed because another was faster or the list is frozen.
    """
    reach = tx.require("affected.decide")
    if not order.is_affected and order.reject_reason is None:
        raise Invalid("affected.reason_missing", field="reason")
    if order.reject_reason is RejectReason.OTHER and len(order.note.strip()) < 5:
        raise Invalid("affected.note_missing", field="note")
    asked = sorted(set(order.household_ids))
    if not asked:
        raise Invalid("affected.none_chosen", field="household_ids")
    lock_incident_row(tx, order.incident_id, is_shared=True)
    group_of = _groups(tx, asked)
    rows = _held(tx, order.incident_id, group_of)
    by_id = {row.household_id: row for row in rows}
    if any(one not in by_id or not reach.has_village(by_id[one].village_code) for one in asked):
        raise NotFound("affected.not_found")
    after = AffectedState.CONFIRMED if order.is_affected else AffectedState.REJECTED
    seen = {one.household_id: one.decided_no for one in order.seen}
    members: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        members[group_of[row.household_id]].append(row)
    frozen_groups = {group_of[one] for one in _frozen(tx, order.incident_id, list(group_of))}
    changing: list[Any] = []
    same = meanwhile = frozen = 0
    taken: set[UUID] = set()
    for one in asked:
        group = group_of[one]
        if group in taken or all(row.state is after for row in members[group]):
            same += 1
        elif by_id[one].decided_no != seen.get(one, by_id[one].decided_no):
            meanwhile += 1
        elif group in frozen_groups:
            frozen += 1
        else:
            taken.add(group)
            changing += [row for row in members[group] if row.state is not after]
    if not changing and not same:
        if meanwhile:
            raise _decided_meanwhile(tx, order.incident_id, by_id[asked[0]])
        raise _is_frozen(tx, order.incident_id)
    how = DecisionHow.ONE if len(asked) == 1 else DecisionHow.GROUP
    _write(
        tx, order.incident_id, changing, after, how=how, note=order.note.strip(),
        reject_reason=None if order.is_affected else order.reject_reason,
    )  # fmt: skip
    tx.note(
        "affected.confirm" if order.is_affected else "affected.reject", "incident", order.incident_id,
        reason=order.reject_reason.value if order.reject_reason else "", count=len(taken),
        households=[str(one) for one in sorted(row.household_id for row in changing)[:_SHOWN]],
    )  # fmt: skip
    return Decided(changed=len(taken), same=same, meanwhile=meanwhile, frozen=frozen)


def undo_decision(tx: Tx, incident_id: UUID, household_id: UUID, decided_no: int) -> AffectedState:
    """Take back the last decision on a household; gives the state it has again.

    It is a decision of its own: the history keeps both. ``decided_no`` is the number of the one that is taken back.
    Raises: Forbidden; NotFound; Conflict, when another decided since, when it was added, or when the list is frozen.
    """
    reach = tx.require("affected.decide")
    lock_incident_row(tx, incident_id, is_shared=True)
    group_of = _groups(tx, [household_id])
    rows = _held(tx, incident_id, group_of)
    mine = next((row for row in rows if row.household_id == household_id), None)
    if mine is None or not reach.has_village(mine.village_code):
        raise NotFound("affected.not_found")
    if mine.decided_no != decided_no:
        raise _decided_meanwhile(tx, incident_id, mine)
    last = _decision(tx, incident_id, household_id, decided_no)
    if last is None or last.before is None:
        raise Conflict("affected.cannot_undo")
    if _frozen(tx, incident_id, list(group_of)):
        raise _is_frozen(tx, incident_id)
    for row in rows:
        own = last if row is mine else _decision(tx, incident_id, row.household_id, row.decided_no)
        if own is None or own.before is None or (own.decided_at, own.decided_by) != (last.decided_at, last.decided_by):
            continue
        back = own.before
        if back in (AffectedState.PROPOSED, AffectedState.LEFT):
            back = AffectedState.PROPOSED if row.is_inside else AffectedState.LEFT
        earlier = _decision(tx, incident_id, row.household_id, row.decided_no - 1)
        is_rejected = back is AffectedState.REJECTED and earlier is not None
        _write(
            tx, incident_id, [row], back, how=DecisionHow.ONE, note=earlier.note if is_rejected and earlier else "",
            reject_reason=earlier.reject_reason if is_rejected and earlier else None,
        )  # fmt: skip
    tx.note("affected.undo", "incident", incident_id, household=str(household_id), after=last.before.value)
    return last.before


def add_affected(tx: Tx, incident_id: UUID, household_id: UUID, note: str, *, is_provisional: bool = False) -> None:
    """Put a household on the list by hand, confirmed by the one who adds it.

    While a list is frozen it waits for the next one. Raises: Forbidden; NotFound, outside the reach; Conflict, when it
    is on the list already.
    """
    reach = tx.require("household.register" if is_provisional else "affected.decide")
    lock_running(tx, incident_id, is_shared=True)
    village = villages_of_households(tx, [household_id]).get(household_id)
    if village is None:
        raise NotFound("household.not_found")
    if not is_provisional:
        reach.need_village(village, "household")
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "incident_id": incident_id, "household_id": household_id, "regency_code": tx.regency_code,
        "village_code": village,
        "version_id": None, "confidence": Confidence.CERTAIN, "evidence": UNREGISTERED if is_provisional else ADDED,
        "share_permille": None, "is_inside": True, "state": AffectedState.CONFIRMED, "reject_reason": None,
        "note": note.strip(),
        "decided_at": tx.now, "decided_by": tx.actor.id, "decided_no": 1, "joined_at": tx.now,
    }  # fmt: skip
    done = tx.session.execute(insert(AffectedHousehold).values(**values).on_conflict_do_nothing())
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("affected.is_listed")
    _keep(tx, incident_id, [(household_id, 1, None)], AffectedState.CONFIRMED, DecisionHow.ADDED, note.strip(), None)
    tx.note("affected.add", "incident", incident_id, household=str(household_id), evidence=str(values["evidence"]))


# ---------------------------------------------------------------- inside


def _groups(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Give these households and all that were merged with them, each with the one that they are now."""
    now: dict[UUID, UUID] = {one: one for one in ids}
    if not has_merged(tx):
        return now
    now |= survivors_of(tx, ids)
    stays, pairs = sorted(set(now.values())), merged_pairs()
    now |= {one: one for one in stays}
    for start in range(0, len(stays), _AT_ONCE):
        found = tx.session.execute(sa.select(pairs).where(pairs.c.stays_id.in_(stays[start : start + _AT_ONCE])))
        now |= {row.gone_id: row.stays_id for row in found}
    return now


def _held(tx: Tx, incident_id: UUID, ids: Collection[UUID]) -> list[Any]:
    """Read these households of the list and keep their rows until the end of the transaction."""
    found: list[Any] = []
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        found += tx.session.execute(
            sa.select(
                AffectedHousehold.household_id, AffectedHousehold.village_code, AffectedHousehold.state,
                AffectedHousehold.decided_no, AffectedHousehold.is_inside,
            )
            .where(
                AffectedHousehold.incident_id == incident_id,
                AffectedHousehold.household_id.in_(wanted[start : start + _AT_ONCE]),
            )
            .order_by(AffectedHousehold.household_id)
            .with_for_update()
        ).all()  # fmt: skip
    return found


def _frozen(tx: Tx, incident_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Tell which of these the list holds that is frozen now."""
    found: set[UUID] = set()
    for start in range(0, len(ids), _AT_ONCE):
        found |= set(
            tx.session.scalars(
                sa.select(AffectedListEntry.household_id)
                .join(AffectedList, AffectedList.id == AffectedListEntry.list_id)
                .where(
                    AffectedList.incident_id == incident_id, AffectedList.state == ListState.CURRENT,
                    AffectedListEntry.household_id.in_(ids[start : start + _AT_ONCE]),
                )
            )
        )  # fmt: skip
    return found


def _is_frozen(tx: Tx, incident_id: UUID) -> Conflict:
    row = tx.session.execute(
        sa.select(AffectedList.no, AffectedList.frozen_at).where(
            AffectedList.incident_id == incident_id, AffectedList.state == ListState.CURRENT
        )
    ).one()
    return Conflict("affected.is_frozen", no=row.no, day=local_day(row.frozen_at, tx.zone).isoformat())


def _write(
    tx: Tx, incident_id: UUID, rows: Sequence[Any], after: AffectedState, *, how: DecisionHow, note: str,
    reject_reason: RejectReason | None,
) -> None:  # fmt: skip
    """Change rows that are held, and keep what was decided on each."""
    is_decided = after in (AffectedState.CONFIRMED, AffectedState.REJECTED)
    for start in range(0, len(rows), _AT_ONCE):
        chunk = rows[start : start + _AT_ONCE]
        _keep(tx, incident_id, [(row.household_id, row.decided_no + 1, row.state) for row in chunk], after, how, note,
              reject_reason)  # fmt: skip
        tx.session.execute(
            sa.update(AffectedHousehold)
            .where(
                AffectedHousehold.incident_id == incident_id,
                AffectedHousehold.household_id.in_([row.household_id for row in chunk]),
            )
            .values(
                state=after, decided_at=tx.now if is_decided else None, decided_by=tx.actor.id if is_decided else None,
                note=note, reject_reason=reject_reason, decided_no=AffectedHousehold.decided_no + 1,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def _keep(
    tx: Tx, incident_id: UUID, decided: Sequence[tuple[UUID, int, AffectedState | None]], after: AffectedState,
    how: DecisionHow, note: str, reject_reason: RejectReason | None,
) -> None:  # fmt: skip
    if not decided:
        return
    tx.session.execute(
        sa.insert(AffectedDecision),
        [
            {
                "incident_id": incident_id, "household_id": household_id, "no": no, "regency_code": tx.regency_code,
                "how": how, "before": before, "after": after, "reject_reason": reject_reason, "note": note,
                "decided_at": tx.now, "decided_by": tx.actor.id, "decided_by_name": tx.actor.name,
            }
            for household_id, no, before in decided
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Decision:
    before: AffectedState | None
    reject_reason: RejectReason | None
    note: str
    decided_at: datetime
    decided_by: str
    decided_by_name: str


def _decision(tx: Tx, incident_id: UUID, household_id: UUID, no: int) -> _Decision | None:
    row = tx.session.execute(
        sa.select(
            AffectedDecision.before, AffectedDecision.reject_reason, AffectedDecision.note, AffectedDecision.decided_at,
            AffectedDecision.decided_by, AffectedDecision.decided_by_name,
        ).where(
            AffectedDecision.incident_id == incident_id, AffectedDecision.household_id == household_id,
            AffectedDecision.no == no,
        )
    ).first()  # fmt: skip
    return _Decision(*row) if row is not None else None


def _decided_meanwhile(tx: Tx, incident_id: UUID, row: Any) -> Conflict:
    last = _decision(tx, incident_id, row.household_id, row.decided_no)
    who = last.decided_by_name if last else ""
    if row.state is AffectedState.CONFIRMED:
        return Conflict("affected.confirmed_meanwhile", who=who)
    if row.state is AffectedState.REJECTED:
        return Conflict("affected.rejected_meanwhile", who=who)
    return Conflict("affected.taken_back_meanwhile", who=who)
