"""The one way into the books. Private to ``stock``: every act on stock is a list of steps given to ``post``.

Order within the transaction: rows made, rows locked in (place, batch) order, demand summed and compared, balances
changed by guarded UPDATEs, moves written, act noted. A read that is followed by a write of what was read would promise
1,686 of 1,200 (safety 1.2); here nothing is written back that was worked out in Python except differences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import local_day
from core.errors import Conflict, Fact, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli, Rupiah, print_quantity
from core.numbering import next_number
from core.work import Tx
from stock.items.queries import ItemView, items
from stock.ledger.kinds import NUMBERED, DocumentKind, Flag
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
from stock.places.kinds import UNBOUNDED
from stock.places.queries import PlaceView, places

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
class _BatchFacts:
    code: str
    item_id: UUID
    expires_on: date | None
    quantity_milli: int
    value_rp: int


@dataclass(slots=True)
class _Running:
    is_bounded: bool
    on_hand_milli: int
    reserved_milli: int
    value_rp: int


def post(tx: Tx, act: Act, steps: Sequence[Step]) -> Posted:
    """Write one document and its moves, all or nothing.

    Raises: Invalid for an order that is wrong in itself; NotFound for another office's places or batches; CannotPost
    with every rule that forbids it; StockShort with everything that is not there.
    """
    if not steps:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(steps) > MOST_STEPS:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_STEPS)
    if act.event_at > tx.now + timedelta(minutes=EVENT_AHEAD_MINUTES):
        raise Invalid("stock.event_in_future", field="event_at")
    if any(not 1 <= step.quantity_milli <= LARGEST_MILLI for step in steps):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    event_on = local_day(act.event_at, tx.zone)
    spots = _places(tx, {step.from_place_id for step in steps} | {step.to_place_id for step in steps})
    batches = _batches(tx, {step.batch_id for step in steps})
    goods = {item.id: item for item in items(tx, ids={facts.item_id for facts in batches.values()})}
    problems = [
        problem for step in steps
        for problem in _forbidden(step, event_on, spots, batches[step.batch_id], goods)
    ]  # fmt: skip
    if problems:
        raise CannotPost(problems)

    keys = sorted({(s.from_place_id, s.batch_id) for s in steps} | {(s.to_place_id, s.batch_id) for s in steps})
    before = _lock(tx, keys, spots)
    _check_there(tx, steps, before, spots, batches, goods)
    running = {key: replace(state) for key, state in before.items()}
    values = [_apply(step, running, batches[step.batch_id]) for step in steps]
    _write_balances(tx, steps, before, running)

    number = act.number
    if number is None and act.kind in NUMBERED:
        number = next_number(tx, NUMBERED[act.kind], event_on)
    document_id = tx.new_id()
    frame = {
        "regency_code": tx.regency_code, "event_at": act.event_at, "event_on": event_on, "recorded_at": tx.now,
        "actor_id": tx.actor.id,
    }  # fmt: skip
    tx.session.execute(
        sa.insert(StockDocument).values(
            id=document_id, kind=act.kind, number=number, subject=act.subject, subject_id=act.subject_id,
            reason=act.reason, note=act.note, **frame,
        )
    )  # fmt: skip
    ids = [tx.new_id() for _ in steps]
    tx.session.execute(
        sa.insert(Move),
        [
            {
                "id": move_id, "document_id": document_id, "from_place_id": step.from_place_id,
                "to_place_id": step.to_place_id, "batch_id": step.batch_id, "quantity_milli": step.quantity_milli,
                "value_rp": value, "reverses_id": step.reverses_id, "flag": step.flag, **frame,
            }
            for move_id, step, value in zip(ids, steps, values, strict=True)
        ],
    )  # fmt: skip
    flagged = sum(step.flag is not Flag.NONE for step in steps)
    tx.note(
        f"stock.{act.kind.value}", "stock_document", document_id, reason=act.reason, number=number,
        cause=act.subject, cause_id=act.subject_id, moves=len(steps), flagged=flagged,
    )  # fmt: skip
    return Posted(
        document_id=document_id, number=number, event_on=event_on,
        moves=tuple(
            PostedMove(
                id=move_id, from_place_id=step.from_place_id, to_place_id=step.to_place_id,
                item_id=batches[step.batch_id].item_id, batch_id=step.batch_id,
                batch_code=batches[step.batch_id].code, quantity_milli=Milli(step.quantity_milli),
                value_rp=Rupiah(value), flag=step.flag,
            )
            for move_id, step, value in zip(ids, steps, values, strict=True)
        ),
    )  # fmt: skip


def lots(
    tx: Tx, wants: Iterable[Want], *, to_place_id: UUID | None = None, also: Collection[UUID] = (),
    is_locking: bool = True,
) -> tuple[Lot, ...]:  # fmt: skip
    """Give the batches from which these wants can be met.

    Every row the act may touch, there and at ``to_place_id`` (for ``also`` too: batches named by the order), is made
    and locked here, in one order and in one statement: a transfer there and one back cannot wait for each other.
    """
    wanted = tuple(wants)
    froms = {want.place_id for want in wanted}
    source = sa.orm.aliased(Balance)
    held = (
        sa.select(source.batch_id)
        .join(Batch, Batch.id == source.batch_id)
        .where(
            source.place_id.in_(froms), source.is_bounded, source.on_hand_milli > source.reserved_milli,
            Batch.item_id.in_({want.item_id for want in wanted}), Batch.regency_code == tx.regency_code,
        )
    )  # fmt: skip
    batch_ids = set(tx.session.scalars(held)) | set(also)
    if is_locking and to_place_id is not None:
        _make_rows(tx, sorted((to_place_id, batch_id) for batch_id in batch_ids), _places(tx, {to_place_id}))
    query = (
        sa.select(
            Balance.place_id, Balance.batch_id, Balance.on_hand_milli, Balance.reserved_milli, Batch.item_id,
            Batch.code, Batch.funding_source, Batch.expires_on, Batch.received_on,
        )
        .join(Batch, Batch.id == Balance.batch_id)
        .where(
            Balance.place_id.in_(froms | ({to_place_id} if to_place_id else set())), Balance.batch_id.in_(batch_ids)
        )
        .order_by(Balance.place_id, Balance.batch_id)
    )  # fmt: skip
    if is_locking:
        query = query.with_for_update(of=Balance)
    return tuple(
        Lot(
            place_id=row.place_id, item_id=row.item_id, batch_id=row.batch_id, batch_code=row.code,
            funding_source=row.funding_source, expires_on=row.expires_on, received_on=row.received_on,
            free_milli=row.on_hand_milli - row.reserved_milli,
        )
        for row in tx.session.execute(query)
        if row.place_id in froms
    )  # fmt: skip


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


def tell_short(tx: Tx, shortages: Sequence[Shortage]) -> StockShort:
    """Make the refusal that names everything that is short."""
    goods = {item.id: item for item in items(tx, ids={one.item_id for one in shortages})}
    spots = {place.id: place for place in places(tx, ids={one.place_id for one in shortages})}
    told = [
        f"{goods[one.item_id].name_id} · {spots[one.place_id].name}: {print_quantity(one.free_milli)} / "
        f"{print_quantity(one.wanted_milli, goods[one.item_id].base_unit)}"
        for one in shortages
    ]
    return StockShort(shortages, told)


def check_step(item: ItemView, quantity_milli: int) -> Problem | None:
    """Say what is wrong with a quantity that is not a whole number of the item's steps."""
    if quantity_milli % item.step_milli == 0:
        return None
    return Problem(
        code="item.not_a_step",
        facts={"item": item.name_id, "step": print_quantity(item.step_milli, item.base_unit)},
    )


def _places(tx: Tx, ids: Collection[UUID]) -> dict[UUID, PlaceView]:
    found = {place.id: place for place in places(tx, ids=ids)}
    for place_id in ids:
        if place_id not in found:
            raise NotFound("place.not_found", place=str(place_id))
    return found


def _batches(tx: Tx, ids: Collection[UUID]) -> dict[UUID, _BatchFacts]:
    rows = tx.session.execute(
        sa.select(Batch.id, Batch.code, Batch.item_id, Batch.expires_on, Batch.quantity_milli, Batch.value_rp).where(
            Batch.id.in_(ids), Batch.regency_code == tx.regency_code
        )
    )
    found = {
        row.id: _BatchFacts(row.code, row.item_id, row.expires_on, row.quantity_milli, row.value_rp) for row in rows
    }
    for batch_id in ids:
        if batch_id not in found:
            raise NotFound("batch.not_found", batch=str(batch_id))
    return found


def _forbidden(
    step: Step, event_on: date, spots: Mapping[UUID, PlaceView], batch: _BatchFacts, goods: Mapping[UUID, ItemView]
) -> Iterable[Problem]:
    source, target = spots[step.from_place_id], spots[step.to_place_id]
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
    if not is_reversal and (problem := check_step(goods[batch.item_id], step.quantity_milli)):
        yield problem


def _make_rows(tx: Tx, keys: Sequence[Key], spots: Mapping[UUID, PlaceView]) -> None:
    """Make the balance rows that are missing, at zero, in the order given (sorted, as every lock is)."""
    known = {
        (row.place_id, row.batch_id)
        for row in tx.session.execute(sa.select(Balance.place_id, Balance.batch_id).where(_among(keys)))
    }
    missing = [
        {
            "place_id": key[0], "batch_id": key[1], "is_bounded": spots[key[0]].kind not in UNBOUNDED,
            "on_hand_milli": 0, "reserved_milli": 0, "value_rp": 0,
        }
        for key in keys
        if key not in known
    ]  # fmt: skip
    if missing:
        # A row that another transaction is making is waited for: afterwards it can be seen and locked.
        insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
        tx.session.execute(insert(Balance).on_conflict_do_nothing(), missing)


def _among(keys: Iterable[Key]) -> sa.ColumnElement[bool]:
    pairs = tuple(keys)
    return sa.and_(Balance.place_id.in_({key[0] for key in pairs}), Balance.batch_id.in_({key[1] for key in pairs}))


def _lock(tx: Tx, keys: Sequence[Key], spots: Mapping[UUID, PlaceView]) -> dict[Key, _Running]:
    """Make the rows that are missing, then lock all of them, both in (place, batch) order."""
    _make_rows(tx, keys, spots)
    wanted = set(keys)
    rows = tx.session.execute(
        sa.select(
            Balance.place_id, Balance.batch_id, Balance.is_bounded, Balance.on_hand_milli, Balance.reserved_milli,
            Balance.value_rp,
        ).where(_among(keys)).order_by(Balance.place_id, Balance.batch_id).with_for_update()
    )  # fmt: skip
    return {
        (row.place_id, row.batch_id): _Running(row.is_bounded, row.on_hand_milli, row.reserved_milli, row.value_rp)
        for row in rows
        if (row.place_id, row.batch_id) in wanted
    }


def _check_there(
    tx: Tx, steps: Sequence[Step], before: Mapping[Key, _Running], spots: Mapping[UUID, PlaceView],
    batches: Mapping[UUID, _BatchFacts], goods: Mapping[UUID, ItemView],
) -> None:  # fmt: skip
    """Compare the summed demand of each (place, batch) with what is there and not promised to others."""
    wanted: dict[Key, int] = defaultdict(int)
    own: dict[Key, int] = defaultdict(int)
    for step in steps:
        key = (step.from_place_id, step.batch_id)
        wanted[key] += step.quantity_milli
        own[key] += step.reserved_milli
    short = []
    for key in sorted(wanted):
        state = before[key]
        free = state.on_hand_milli - state.reserved_milli + min(own[key], state.reserved_milli)
        if state.is_bounded and wanted[key] > free:
            short.append((key, Milli(wanted[key]), Milli(free)))
    if not short:
        return
    told = [
        f"{goods[batches[key[1]].item_id].name_id} {batches[key[1]].code} · {spots[key[0]].name}: "
        f"{print_quantity(free)} / {print_quantity(quantity, goods[batches[key[1]].item_id].base_unit)}"
        for key, quantity, free in short
    ]
    raise StockShort(
        [
            Shortage(place_id=key[0], item_id=batches[key[1]].item_id, wanted_milli=quantity, free_milli=free)
            for key, quantity, free in short
        ],
        told,
    )


def _apply(step: Step, running: Mapping[Key, _Running], batch: _BatchFacts) -> int:
    """Follow one step through the running balances and give its value."""
    source = running[step.from_place_id, step.batch_id]
    target = running[step.to_place_id, step.batch_id]
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


def _write_balances(
    tx: Tx, steps: Sequence[Step], before: Mapping[Key, _Running], after: Mapping[Key, _Running]
) -> None:
    """Change every balance by its difference, guarded: what the row must still hold is part of the UPDATE."""
    taken: dict[Key, int] = defaultdict(int)
    for step in steps:
        taken[step.from_place_id, step.batch_id] += step.quantity_milli
    for key in sorted(before):
        old, new = before[key], after[key]
        guards = [Balance.place_id == key[0], Balance.batch_id == key[1]]
        unreserved = old.reserved_milli - new.reserved_milli
        if old.is_bounded:
            guards += [
                Balance.on_hand_milli - Balance.reserved_milli >= taken[key] - unreserved,
                Balance.reserved_milli >= unreserved,
            ]
        done = tx.session.execute(
            sa.update(Balance).where(*guards).values(
                on_hand_milli=Balance.on_hand_milli + (new.on_hand_milli - old.on_hand_milli),
                reserved_milli=Balance.reserved_milli - unreserved,
                value_rp=Balance.value_rp + (new.value_rp - old.value_rp),
            ).execution_options(synchronize_session=False)
        )  # fmt: skip
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("stock.moved_meanwhile")
