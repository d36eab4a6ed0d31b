"""The priority rule in versions: one person declares, another puts it into force; what was in force never changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid, NotFound
from core.i18n import say
from core.states import move
from core.work import Tx
from logistics.planning.models import PriorityRule, PriorityRuleItem
from logistics.planning.priority import BUILT_IN, LARGEST, Criterion, Priority
from logistics.planning.states import RULE_MOVES, Parts, RuleAct, RuleState
from stock.items.queries import items

MOST_NAME: Final = 120
MOST_REASON: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareRule:
    """The next version of the rule, as a draft."""

    name: str
    criteria: tuple[Criterion, ...]
    floor_permille: int | None
    """None: the largest share that every village can have; 0: no floor."""
    parts: Parts
    part_items: tuple[UUID, ...]
    """Which items go out alone, where ``parts`` says that some are chosen."""
    reason: str
    legal_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One version with its history; ``id`` is None for the rule that is built in."""

    id: UUID | None
    version: str
    name: str
    priority: Priority
    state: RuleState
    reason: str
    legal_source: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime | None
    approved_by_name: str | None
    approved_at: datetime | None
    retired_at: datetime | None

    @property
    def parts(self) -> Parts:
        """Which lines go out although another is lacking."""
        chosen = self.priority.part_items
        return Parts.EVERY if chosen is None else Parts.CHOSEN if chosen else Parts.NONE

    def title(self, lang: str) -> str:
        """Name it: its own name, or that it is the one built in."""
        return self.name or say("priority_rule.built_in", lang)

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"priority_rule.state.{self.state.value}", lang)


def declare_rule(tx: Tx, order: DeclareRule) -> UUID:
    """Write the next version of the rule as a draft and give its id; nothing follows it before it is in force.

    Raises: Forbidden; Invalid naming the field; Conflict while another draft waits.
    """
    tx.require("rule.edit")
    _check(tx, order)
    if any(one.state is RuleState.DRAFT for one in rules(tx)):
        raise Conflict("priority_rule.draft_waits")
    rule_id = tx.new_id()
    version = _next_version(tx)
    row = PriorityRule(
        id=rule_id, regency_code=tx.regency_code, version=version, name=order.name.strip(),
        criteria=" ".join(order.criteria), floor_permille=order.floor_permille, parts=order.parts,
        reason=order.reason.strip(), legal_source=order.legal_source.strip(), state=RuleState.DRAFT,
        proposed_by=tx.actor.id, proposed_by_name=tx.actor.name, proposed_at=tx.now, approved_by=None,
        approved_by_name=None, approved_at=None, retired_at=None,
    )  # fmt: skip
    try:
        with tx.savepoint():
            tx.session.add(row)
            tx.session.flush()
    except IntegrityError as error:  # somebody else declared one in the same moment
        raise Conflict("priority_rule.draft_waits") from error
    if order.parts is Parts.CHOSEN:
        tx.session.execute(
            sa.insert(PriorityRuleItem),
            [{"rule_id": rule_id, "item_id": one} for one in dict.fromkeys(order.part_items)],
        )
    tx.note(
        "priority_rule.declare", "priority_rule", rule_id, version=version, criteria=" ".join(order.criteria),
        floor_permille=order.floor_permille, parts=order.parts.value,
    )  # fmt: skip
    return rule_id


def put_rule_in_force(tx: Tx, rule_id: UUID) -> None:
    """Put a declared version into force; the one before retires, plans already approved keep theirs.

    Raises: Forbidden; NotFound; Conflict when who declared it decides, or it is no draft.
    """
    tx.require("rule.approve")
    row = _row(tx, rule_id)
    if row.proposed_by == tx.actor.id:
        raise Conflict("priority_rule.needs_second_person")
    before = tx.session.scalar(
        sa.select(PriorityRule.id)
        .where(PriorityRule.regency_code == tx.regency_code, PriorityRule.state == RuleState.IN_FORCE)
        .with_for_update()
    )
    if before is not None and row.state is RuleState.DRAFT:
        move(tx, PriorityRule, before, RuleAct.RETIRE, RULE_MOVES, retired_at=tx.now)
    move(
        tx, PriorityRule, rule_id, RuleAct.ENACT, RULE_MOVES,
        approved_by=tx.actor.id, approved_by_name=tx.actor.name, approved_at=tx.now,
    )  # fmt: skip


def withdraw_rule(tx: Tx, rule_id: UUID) -> None:
    """Take a draft back: nothing will follow it. Raises: Forbidden; NotFound; Conflict when it is no draft."""
    tx.require("rule.edit")
    # Kept: somebody may be putting it into force, and what is in force is not this person's to end.
    if _row(tx, rule_id, is_held=True).state is not RuleState.DRAFT:
        raise Conflict("priority_rule.no_draft")
    move(tx, PriorityRule, rule_id, RuleAct.RETIRE, RULE_MOVES, retired_at=tx.now)


def retire_rule(tx: Tx, rule_id: UUID) -> None:
    """Take the version in force out of force: the built-in rule holds again.

    Raises: Forbidden; NotFound; Conflict when it is not in force.
    """
    tx.require("rule.approve")
    if _row(tx, rule_id).state is not RuleState.IN_FORCE:
        raise Conflict("priority_rule.not_in_force")
    move(tx, PriorityRule, rule_id, RuleAct.RETIRE, RULE_MOVES, retired_at=tx.now)


# ---------------------------------------------------------------- looking


def rule_in_force(tx: Tx) -> Priority:
    """Give the rule that plans follow now: the office's own, or the built-in one."""
    return view_in_force(tx).priority


def view_in_force(tx: Tx) -> RuleView:
    """Give the version that plans follow now, with its history."""
    return next((one for one in rules(tx) if one.state is RuleState.IN_FORCE), BUILT_IN_VIEW)


def rule_by_version(tx: Tx, version: str) -> RuleView:
    """Give a version, also one that never came into force or has retired. Raises: NotFound."""
    found = next((one for one in (*rules(tx), BUILT_IN_VIEW) if one.version == version), None)
    if found is None:
        raise NotFound("priority_rule.not_found")
    return found


def rule(tx: Tx, rule_id: UUID) -> RuleView:
    """Give one version. Raises: NotFound."""
    return _views(tx, [_row(tx, rule_id)])[0]


def rules(tx: Tx) -> tuple[RuleView, ...]:
    """Give the office's own versions, the newest first."""
    rows = tx.session.scalars(
        sa.select(PriorityRule)
        .where(PriorityRule.regency_code == tx.regency_code)
        .order_by(PriorityRule.proposed_at.desc(), PriorityRule.id.desc())
        .execution_options(populate_existing=True)
    ).all()
    return _views(tx, rows)


BUILT_IN_VIEW: Final = RuleView(
    id=None, version=BUILT_IN.version, name="", priority=BUILT_IN, state=RuleState.IN_FORCE, reason="",
    legal_source="", proposed_by="", proposed_by_name="", proposed_at=None, approved_by_name=None, approved_at=None,
    retired_at=None,
)  # fmt: skip
"""What holds where an office has declared nothing; as a view, beside the office's own."""


def _views(tx: Tx, rows: Iterable[PriorityRule]) -> tuple[RuleView, ...]:
    rows = list(rows)
    alone: dict[UUID, list[UUID]] = {}
    for rule_id, item_id in tx.session.execute(
        sa.select(PriorityRuleItem.rule_id, PriorityRuleItem.item_id)
        .where(PriorityRuleItem.rule_id.in_([one.id for one in rows]))
        .order_by(PriorityRuleItem.rule_id, PriorityRuleItem.item_id)
    ):
        alone.setdefault(rule_id, []).append(item_id)
    return tuple(
        RuleView(
            id=one.id, version=one.version, name=one.name,
            priority=Priority(
                version=one.version, criteria=tuple(Criterion(word) for word in one.criteria.split()),
                floor_permille=one.floor_permille,
                part_items=None if one.parts is Parts.EVERY else tuple(sorted(alone.get(one.id, ()), key=str)),
            ),
            state=one.state, reason=one.reason, legal_source=one.legal_source, proposed_by=one.proposed_by,
            proposed_by_name=one.proposed_by_name, proposed_at=one.proposed_at, approved_by_name=one.approved_by_name,
            approved_at=one.approved_at, retired_at=one.retired_at,
        )
        for one in rows
    )  # fmt: skip


def _row(tx: Tx, rule_id: UUID, *, is_held: bool = False) -> PriorityRule:
    row = tx.session.get(PriorityRule, rule_id, with_for_update=is_held, populate_existing=is_held)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("priority_rule.not_found")
    return row


def _next_version(tx: Tx) -> str:
    """Give the year and the next number in it: 2026-1."""
    year = f"{tx.today.year}-"
    taken = [one.version for one in rules(tx) if one.version.startswith(year)]
    return f"{year}{max((int(one.removeprefix(year)) for one in taken), default=0) + 1}"


def _check(tx: Tx, order: DeclareRule) -> None:
    if not 3 <= len(order.name.strip()) <= MOST_NAME:
        raise Invalid("priority_rule.name_missing", field="name")
    if not order.criteria:
        raise Invalid("priority_rule.criteria_missing", field="criteria")
    if len(set(order.criteria)) != len(order.criteria):
        raise Invalid("priority_rule.criterion_twice", field="criteria")
    if order.floor_permille is not LARGEST and not 0 <= order.floor_permille <= 1000:
        raise Invalid("priority_rule.floor_out_of_range", field="floor")
    if order.parts is Parts.CHOSEN and not order.part_items:
        raise Invalid("priority_rule.items_missing", field="part_items")
    if order.parts is not Parts.CHOSEN and order.part_items:
        raise Invalid("priority_rule.items_unasked", field="part_items")
    if set(order.part_items) - {one.id for one in items(tx, with_inactive=True)}:
        raise Invalid("priority_rule.unknown_item", field="part_items")
    if not 10 <= len(order.reason.strip()) <= MOST_REASON:
        raise Invalid("priority_rule.reason_missing", field="reason")
    if not 5 <= len(order.legal_source.strip()) <= MOST_REASON:
        raise Invalid("priority_rule.source_missing", field="legal_source")
