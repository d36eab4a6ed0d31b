"""The one way into the books. Private to ``stock``: every act on stock is a list of steps given to ``post``.

Order within the transaction: rows made, rows locked in (place, batch) order, demand summed and compared, balances
changed by guarded UPDATEs, moves written, act noted. A read that is followed by a write of what was read would promise
1,686 of 1,200 (safety 1.2); here nothing is written back that was worked out in Python except differences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import local_day
from core.errors import Conflict, Fact, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli, Rupiah, print_quantity
from core.numbering import next_number
from core.work import Tx
from stock.items.queries import ItemFacts, item_facts
from stock.ledger.kinds import NUMBERED, DocumentKind, Flag, FundingSource
from stock.ledger.models import EVENT_AHEAD_MINUTES, Balance, Batch, Move, StockDocument
from stock.ledger.rules import (
    Lot,
    Shortage,
    Want,
    is_expired,
    may_go,
    may_go_back_expired,
    may_go_expired,
    move_value_rp,
    share_rp,
)
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places_of_act

Key = tuple[UUID, UUID]
"""(place, batch)."""
MOST_STEPS = 5000


class StockShort(Conflict):
    """Nothing was taken; ``shortages`` names every place and item that lacks something."""

    def __init__(self, shortages: Sequence[Shortage], told: list[str]) -> None:
        super().__init__("stock.short", shortages=told)
        self.shortages = tuple(shortages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason why an act is refused; the sentence stands under the code."""

    code: str
    facts: Mapping[str, Fact]


class CannotPost(Conflict):
    """Nothing was done; ``problems`` holds every reason at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        told = [f"{one.code} {one.facts.get('batch', '')}".strip() for one in problems]
        super().__init__(problems[0].code if len(problems) == 1 else "stock.refused", problems=told)
        if len(problems) == 1:
            self.facts.update(problems[0].facts)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the document says."""

    kind: DocumentKind
    event_at: datetime
    subject: str = ""
    subject_id: str = ""
    reason: str = ""
    note: str = ""
    number: str | None = None
    """Given when the paper has its number already; else the next of its series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move to be made. ``reserved_milli`` of it was reserved and is no longer."""

    from_place_id: UUID
    to_place_id: UUID
    batch_id: UUID
    quantity_milli: int
    reserved_milli: int = 0
    flag: Flag = Flag.NONE
    reverses_id: UUID | None = None
    value_rp: int | None = None
    """The value of the move it reverses; else the share of the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMove:
    id: UUID
    from_place_id: UUID
    to_place_id: UUID
    item_id: UUID
    batch_id: UUID
    batch_code: str
    quantity_milli: Milli
    value_rp: Rupiah
    flag: Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    document_id: UUID
    number: str | None
    event_on: date
    moves: tuple[PostedMove, ...]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    code: str
    item_id: UUID
    funding_source: FundingSource
    expires_on: date | None
    received_on: date
    quantity_milli: int
    value_rp: int


@dataclass(slots=True)
class Running:
    is_bounded: bool
    on_hand_milli: int
    reserved_milli: int
    value_rp: int


@dataclass(slots=True)
class Ground:
    """What one act has read and locked so far, so that each fact is read once."""

    tx: Tx
    places: dict[UUID, PlaceView] = field(default_factory=dict)
    items: dict[UUID, ItemFacts] = field(default_factory=dict)
    batches: dict[UUID, BatchFacts] = field(default_factory=dict)
    rows: dict[Key, Running] = field(default_factory=dict)

    def need_places(self, ids: Collection[UUID], kinds: Collection[PlaceKind] = ()) -> None:
        """Raises: NotFound, also for another office's place."""
        if kinds or not self.places.keys() >= set(ids):
            self.places.update(places_of_act(self.tx, ids, kinds))

    def need_items(self, ids: Collection[UUID]) -> None:
        """Raises: NotFound."""
        if not self.items.keys() >= set(ids):
            self.items.update(item_facts(self.tx, ids))

    def need_batches(self, ids: Collection[UUID]) -> None:
        """Raises: NotFound, also for another office's batch."""
        missing = set(ids) - self.batches.keys()
        if missing:
            asked = {"batches": list(missing), "regency": self.tx.regency_code}
            for row in self.tx.session.execute(_BATCHES, asked):
                self.batches[row.id] = _facts(row)
        for batch_id in ids:
            if batch_id not in self.batches:
                raise NotFound("batch.not_found", batch=str(batch_id))

    def the(self, kind: PlaceKind) -> PlaceView:
        """Give the office's one place of a sink kind, once it has been read. Raises: NotFound."""
        for place in self.places.values():
            if place.kind is kind:
                return place
        raise NotFound("place.not_found", place=kind.value)

    def lock(self, keys: Iterable[Key], *, is_known: Collection[Key] = ()) -> None:
        """Make the balance rows that are missing, then lock all of them, both in (place, batch) order."""
        new = sorted(set(keys) - self.rows.keys())
        if not new:
            return
        among = {"places": list({key[0] for key in new}), "batches": list({key[1] for key in new})}
        known = set(is_known) or {tuple(row) for row in self.tx.session.execute(_KNOWN, among)}
        missing = [
            {
                "place_id": key[0], "batch_id": key[1], "is_bounded": self.places[key[0]].is_bounded,
                "on_hand_milli": 0, "reserved_milli": 0, "value_rp": 0,
            }
            for key in new
            if key not in known
        ]  # fmt: skip
        if missing:
            # A row that another transaction is making is waited for: afterwards it can be seen and locked.
            self.tx.session.execute(_MAKE_ROW[_dialect(self.tx)], missing)
        wanted = set(new)
        for row in self.tx.session.execute(_LOCK, among):
            key = (row.place_id, row.batch_id)
            if key in wanted:
                self.batches[row.batch_id] = _facts(row)
                self.rows[key] = Running(row.is_bounded, row.on_hand_milli, row.reserved_milli, row.rp)


_BALANCE, _BATCH = cast(sa.Table, Balance.__table__), cast(sa.Table, Batch.__table__)
_DOCUMENT, _MOVE = cast(sa.Table, StockDocument.__table__), cast(sa.Table, Move.__table__)
_B, _T = _BALANCE.c, _BATCH.c
_BATCH_COLUMNS = (
    _T.id, _T.code, _T.item_id, _T.funding_source, _T.expires_on, _T.received_on, _T.quantity_milli, _T.value_rp,
)  # fmt: skip
_AT = _B.place_id.in_(sa.bindparam("places", expanding=True))
_OF = _B.batch_id.in_(sa.bindparam("batches", expanding=True))
_BATCHES = sa.select(*_BATCH_COLUMNS).where(
    _T.id.in_(sa.bindparam("batches", expanding=True)), _T.regency_code == sa.bindparam("regency")
)
_KNOWN = sa.select(_B.place_id, _B.batch_id).where(_AT, _OF)
_SHELVES = (
    sa.select(_B.place_id, _B.batch_id, (_B.on_hand_milli > _B.reserved_milli).label("has_free"))
    .join(_BATCH, _T.id == _B.batch_id)
    .where(_AT, _T.item_id.in_(sa.bindparam("items", expanding=True)), _T.regency_code == sa.bindparam("regency"))
)
_READ = (
    sa.select(
        _B.place_id, _B.batch_id, _B.is_bounded, _B.on_hand_milli, _B.reserved_milli, _B.value_rp.label("rp"),
        *_BATCH_COLUMNS,
    )
    .join(_BATCH, _T.id == _B.batch_id)
    .where(_AT, _OF)
    .order_by(_B.place_id, _B.batch_id)
)  # fmt: skip
_LOCK = _READ.with_for_update(of=_BALANCE)
_MAKE_ROW = {
    "postgresql": postgresql.insert(_BALANCE).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_BALANCE).on_conflict_do_nothing(),
}
_MAKE_DOCUMENT = {
    "postgresql": postgresql.insert(_DOCUMENT).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_DOCUMENT).on_conflict_do_nothing(),
}
_MAKE_MOVE = sa.insert(_MOVE)
_CHANGE = (
    sa.update(_BALANCE)
    .where(
        _B.place_id == sa.bindparam("p_place"),
        _B.batch_id == sa.bindparam("p_batch"),
        sa.or_(
            sa.not_(_B.is_bounded),
            sa.and_(
                _B.on_hand_milli - _B.reserved_milli >= sa.bindparam("p_free"),
                _B.reserved_milli >= sa.bindparam("p_unreserved"),
            ),
        ),
    )
    .values(
        on_hand_milli=_B.on_hand_milli + sa.bindparam("p_milli"),
        reserved_milli=_B.reserved_milli - sa.bindparam("p_unreserved"),
        value_rp=_B.value_rp + sa.bindparam("p_rp"),
    )
)
"""What a row must still hold is part of the UPDATE that changes it."""


def post(tx: Tx, act: Act, steps: Sequence[Step], ground: Ground | None = None) -> Posted:
    """Write one document and its moves, all or nothing.

    Raises: Invalid for an order that is wrong in itself; NotFound for another office's places or batches; CannotPost
    with every rule that forbids it; StockShort with everything that is not there; Conflict for a second document of
    one handover or number. Nothing has been changed when it raises.
    """
    if not steps:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(steps) > MOST_STEPS:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_STEPS)
    if act.event_at > tx.now + timedelta(minutes=EVENT_AHEAD_MINUTES):
        raise Invalid("stock.event_in_future", field="event_at")
    if any(not 1 <= step.quantity_milli <= LARGEST_MILLI for step in steps):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    ground = ground or Ground(tx)
    event_on = local_day(act.event_at, tx.zone)
    ground.need_places({step.from_place_id for step in steps} | {step.to_place_id for step in steps})
    ground.need_batches({step.batch_id for step in steps})
    ground.need_items({ground.batches[step.batch_id].item_id for step in steps})
    problems = [problem for step in steps for problem in _forbidden(step, event_on, ground)]
    if problems:
        raise CannotPost(problems)
    ground.lock(
        {(step.from_place_id, step.batch_id) for step in steps} | {(step.to_place_id, step.batch_id) for step in steps}
    )
    _check_there(steps, ground)

    number = act.number
    if number is None and act.kind in NUMBERED:
        number = next_number(tx, NUMBERED[act.kind], event_on)
    document_id = tx.new_id()
    frame = {
        "regency_code": tx.regency_code, "event_at": act.event_at, "event_on": event_on, "recorded_at": tx.now,
        "actor_id": tx.actor.id,
    }  # fmt: skip
    made = tx.session.execute(
        _MAKE_DOCUMENT[_dialect(tx)],
        {
            "id": document_id, "kind": act.kind, "number": number, "subject": act.subject,
            "subject_id": act.subject_id, "reason": act.reason, "note": act.note, **frame,
        },
    )  # fmt: skip
    if made.rowcount != 1:  # type: ignore[attr-defined]
        if act.kind is DocumentKind.HANDOVER:
            raise Conflict("stock.handover_booked")
        raise Conflict("stock.number_taken", number=number)
    values = _change_balances(steps, ground)
    moves = tuple(
        PostedMove(
            id=tx.new_id(), from_place_id=step.from_place_id, to_place_id=step.to_place_id,
            item_id=ground.batches[step.batch_id].item_id, batch_id=step.batch_id,
            batch_code=ground.batches[step.batch_id].code, quantity_milli=Milli(step.quantity_milli),
            value_rp=Rupiah(value), flag=step.flag,
        )
        for step, value in zip(steps, values, strict=True)
    )  # fmt: skip
    tx.session.execute(
        _MAKE_MOVE,
        [
            {
                "id": move.id, "document_id": document_id, "from_place_id": move.from_place_id,
                "to_place_id": move.to_place_id, "batch_id": move.batch_id, "quantity_milli": move.quantity_milli,
                "value_rp": move.value_rp, "reverses_id": step.reverses_id, "flag": move.flag, **frame,
            }
            for move, step in zip(moves, steps, strict=True)
        ],
    )  # fmt: skip
    flagged = sum(step.flag is not Flag.NONE for step in steps)
    tx.note(
        f"stock.{act.kind.value}", "stock_document", document_id, reason=act.reason, number=number,
        cause=act.subject, cause_id=act.subject_id, moves=len(steps), flagged=flagged,
    )  # fmt: skip
    return Posted(document_id=document_id, number=number, event_on=event_on, moves=moves)


def lots(
    ground: Ground, wants: Iterable[Want], *, to_place_id: UUID | None = None, also: Collection[UUID] = (),
    is_locking: bool = True,
) -> tuple[Lot, ...]:  # fmt: skip
    """Give the batches from which these wants can be met.

    Every row the act may touch, there and at ``to_place_id`` (for ``also`` too: batches named by the order), is made
    and locked here, in one order and in one statement: a transfer there and one back cannot wait for each other.
    """
    tx = ground.tx
    wanted = tuple(wants)
    froms = {want.place_id for want in wanted}
    spots = froms | ({to_place_id} if to_place_id else set())
    shelves = tx.session.execute(
        _SHELVES,
        {"places": list(spots), "items": list({want.item_id for want in wanted}), "regency": tx.regency_code},
    ).all()
    known = {(row.place_id, row.batch_id) for row in shelves}
    held = {(row.place_id, row.batch_id) for row in shelves if row.has_free and row.place_id in froms}
    if not is_locking:
        among = {"places": list(froms), "batches": list({key[1] for key in held})}
        return tuple(
            _lot(row.place_id, row.batch_id, _facts(row), row.on_hand_milli - row.reserved_milli)
            for row in tx.session.execute(_READ, among)
        )
    keys = held | {(place_id, batch_id) for place_id in froms for batch_id in also}
    if to_place_id is not None:
        keys |= {(to_place_id, batch_id) for _, batch_id in keys}
    # What was named by batch may be of another item: whether its rows are there was not asked above.
    ground.need_places(spots)
    ground.lock(keys, is_known=() if also else known)
    return tuple(
        _lot(place_id, batch_id, ground.batches[batch_id], row.on_hand_milli - row.reserved_milli)
        for (place_id, batch_id), row in ground.rows.items()
        if place_id in froms
    )


def promise(tx: Tx, wanted: Mapping[Key, int]) -> None:
    """Reserve so much of each (place, batch), guarded: more than is free is never promised. Raises: Conflict."""
    for (place_id, batch_id), quantity in sorted(wanted.items()):
        done = tx.session.execute(
            sa.update(Balance)
            .where(
                Balance.place_id == place_id,
                Balance.batch_id == batch_id,
                Balance.is_bounded,
                Balance.on_hand_milli - Balance.reserved_milli >= quantity,
            )
            .values(reserved_milli=Balance.reserved_milli + quantity)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("stock.moved_meanwhile")


def give_back(tx: Tx, promised: Mapping[Key, int]) -> None:
    """Reserve so much less of each (place, batch). Raises: Conflict, when less than that is reserved."""
    for (place_id, batch_id), quantity in sorted(promised.items()):
        done = tx.session.execute(
            sa.update(Balance)
            .where(Balance.place_id == place_id, Balance.batch_id == batch_id, Balance.reserved_milli >= quantity)
            .values(reserved_milli=Balance.reserved_milli - quantity)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("stock.moved_meanwhile")


def tell_short(ground: Ground, shortages: Sequence[Shortage]) -> StockShort:
    """Make the refusal that names everything that is short."""
    ground.need_items({one.item_id for one in shortages})
    ground.need_places({one.place_id for one in shortages})
    told = [
        f"{ground.items[one.item_id].name_id} · {ground.places[one.place_id].name}: "
        f"{print_quantity(one.free_milli)} / {print_quantity(one.wanted_milli, ground.items[one.item_id].base_unit)}"
        for one in shortages
    ]
    return StockShort(shortages, told)


def check_step(item: ItemFacts, quantity_milli: int) -> Problem | None:
    """Say what is wrong with a quantity that is not a whole number of the item's steps."""
    if quantity_milli % item.step_milli == 0:
        return None
    return Problem(
        code="item.not_a_step",
        facts={"item": item.name_id, "step": print_quantity(item.step_milli, item.base_unit)},
    )


def _dialect(tx: Tx) -> str:
    return tx.session.get_bind().dialect.name


def _facts(row: Any) -> BatchFacts:
    return BatchFacts(
        row.code, row.item_id, row.funding_source, row.expires_on, row.received_on, row.quantity_milli, row.value_rp
    )


def _lot(place_id: UUID, batch_id: UUID, facts: BatchFacts, free_milli: int) -> Lot:
    return Lot(
        place_id=place_id, item_id=facts.item_id, batch_id=batch_id, batch_code=facts.code,
        funding_source=facts.funding_source, expires_on=facts.expires_on, received_on=facts.received_on,
        free_milli=free_milli,
    )  # fmt: skip


def _forbidden(step: Step, event_on: date, ground: Ground) -> Iterable[Problem]:
    source, target = ground.places[step.from_place_id], ground.places[step.to_place_id]
    batch = ground.batches[step.batch_id]
    where: dict[str, Fact] = {"batch": batch.code, "source": source.name, "target": target.name}
    is_reversal = step.reverses_id is not None
    if source.id == target.id:
        yield Problem(code="stock.same_place", facts=where)
    elif not is_reversal and not may_go(source.kind, target.kind):
        yield Problem(code="stock.wrong_way", facts=where)
    if target.is_closed and not is_reversal:
        yield Problem(code="place.closed", facts=where)
    if is_expired(batch.expires_on, event_on) and step.flag is not Flag.EXPIRED:
        allowed = may_go_back_expired if is_reversal else may_go_expired
        if not allowed(source.kind, target.kind):
            yield Problem(code="batch.expired", facts={**where, "expires_on": str(batch.expires_on)})
    if not is_reversal and (problem := check_step(ground.items[batch.item_id], step.quantity_milli)):
        yield problem


def _check_there(steps: Sequence[Step], ground: Ground) -> None:
    """Compare the summed demand of each (place, batch) with what is there and not promised to others."""
    wanted: dict[Key, int] = defaultdict(int)
    own: dict[Key, int] = defaultdict(int)
    for step in steps:
        key = (step.from_place_id, step.batch_id)
        wanted[key] += step.quantity_milli
        own[key] += step.reserved_milli
    short: list[Shortage] = []
    told: list[str] = []
    for key in sorted(wanted):
        row, batch = ground.rows[key], ground.batches[key[1]]
        free = row.on_hand_milli - row.reserved_milli + min(own[key], row.reserved_milli)
        if not row.is_bounded or wanted[key] <= free:
            continue
        item = ground.items[batch.item_id]
        short.append(
            Shortage(
                place_id=key[0], item_id=item.id, wanted_milli=Milli(wanted[key]), free_milli=Milli(free)
            )
        )  # fmt: skip
        told.append(
            f"{item.name_id} {batch.code} · {ground.places[key[0]].name}: "
            f"{print_quantity(free)} / {print_quantity(wanted[key], item.base_unit)}"
        )
    if short:
        raise StockShort(short, told)


def _change_balances(steps: Sequence[Step], ground: Ground) -> list[int]:
    """Change every balance by its difference, guarded and in sorted order; gives the value of each step."""
    after: dict[Key, Running] = {}
    taken: dict[Key, int] = defaultdict(int)
    values: list[int] = []
    for step in steps:
        source_key, target_key = (step.from_place_id, step.batch_id), (step.to_place_id, step.batch_id)
        for key in (source_key, target_key):
            if key not in after:
                after[key] = replace(ground.rows[key])
        taken[source_key] += step.quantity_milli
        values.append(_apply(step, after[source_key], after[target_key], ground.batches[step.batch_id]))
    changes = []
    for key in sorted(after):
        old, new = ground.rows[key], after[key]
        unreserved = old.reserved_milli - new.reserved_milli
        changes.append({
            "p_place": key[0], "p_batch": key[1], "p_free": taken[key] - unreserved, "p_unreserved": unreserved,
            "p_milli": new.on_hand_milli - old.on_hand_milli, "p_rp": new.value_rp - old.value_rp,
        })  # fmt: skip
        ground.rows[key] = new
    # One statement, run for each row in this order; both drivers say how many rows it met in all.
    done = ground.tx.session.execute(_CHANGE, changes)
    if done.rowcount != len(changes):  # type: ignore[attr-defined]
        raise Conflict("stock.moved_meanwhile")
    return values


def _apply(step: Step, source: Running, target: Running, batch: BatchFacts) -> int:
    """Follow one step through the running balances and give its value."""
    value = step.value_rp
    if value is None:
        value = share_rp(step.quantity_milli, batch.quantity_milli, batch.value_rp)
    if source.is_bounded:
        value = move_value_rp(value, step.quantity_milli, source.on_hand_milli, source.value_rp)
    source.on_hand_milli -= step.quantity_milli
    source.reserved_milli -= step.reserved_milli
    source.value_rp -= value
    target.on_hand_milli += step.quantity_milli
    target.value_rp += value
    return value
