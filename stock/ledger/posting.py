"""The one way into the books. Private to ``stock``: every act on stock is a list of steps given to ``post``.

Order within the transaction: rows made, rows locked in (place, batch) order, counter-moves of counts added, demand
summed and compared (now, and on every later day of a late entry), balances and days changed, moves written, act noted.
A read that is followed by a write of what was read would promise 1,686 of 1,200 (safety 1.2); here nothing is written
back that was worked out in Python except differences.
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
from stock.ledger.kinds import NUMBERED, DocumentKind, Flag, FundingSource, ReleaseCondition
from stock.ledger.models import (
    EVENT_AHEAD_MINUTES,
    Balance,
    BalanceDay,
    BalanceMonth,
    Batch,
    CountMark,
    Move,
    StockDocument,
)
from stock.ledger.rules import (
    NO_CONDITION,
    DayChange,
    Lot,
    Shortage,
    Want,
    first_below,
    is_expired,
    least_from,
    may_go,
    may_go_back_expired,
    may_go_expired,
    move_value_rp,
    needs_release,
    share_rp,
)
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places_of_act

Key = tuple[UUID, UUID]
"""(place, batch)."""
MOST_STEPS = 5000
COUNT = "stock_count"
"""What the document of a count was done for."""


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
    is_fact: bool = False
    """It has happened, whatever the books say of that day: booked and flagged, as long as it is there now."""
    met: frozenset[ReleaseCondition] = NO_CONDITION
    """The release conditions that hold."""


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
    event_at: datetime | None = None
    """Its own moment where it differs from the act's: each line of a count has one."""


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
    """In the order of the steps."""
    counter_moves: tuple[PostedMove, ...] = ()
    """Made by the ledger besides, so that counts stand."""


@dataclass(frozen=True, slots=True)
class BatchFacts:
    code: str
    item_id: UUID
    funding_source: FundingSource
    expires_on: date | None
    received_on: date
    quantity_milli: int
    value_rp: int
    release_condition: ReleaseCondition


@dataclass(slots=True)
class Running:
    is_bounded: bool
    on_hand_milli: int
    reserved_milli: int
    value_rp: int
    last_on: date | None
    """The latest day of an event here."""
    counted_at: datetime | None
    """The latest count."""


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
                "on_hand_milli": 0, "reserved_milli": 0, "value_rp": 0, "last_on": None, "counted_at": None,
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
                self.rows[key] = Running(
                    row.is_bounded, row.on_hand_milli, row.reserved_milli, row.rp, row.last_on, row.counted_at
                )

    def days(self, keys: Collection[Key], since: date) -> dict[Key, list[DayChange]]:
        """Give what each day from ``since`` on changed at these places for these batches."""
        found: dict[Key, list[DayChange]] = {key: [] for key in keys}
        if keys:
            among = {"places": list({key[0] for key in keys}), "batches": list({key[1] for key in keys})}
            for row in self.tx.session.execute(_DAYS, {**among, "since": since}):
                if (row.place_id, row.batch_id) in found:
                    found[row.place_id, row.batch_id].append(DayChange(row.event_on, row.change_milli))
        return found

    def marks(self, keys: Collection[Key], since: datetime) -> dict[Key, list[datetime]]:
        """Give the moments from ``since`` on at which these were counted, in order."""
        found: dict[Key, list[datetime]] = defaultdict(list)
        if keys:
            among = {"places": list({key[0] for key in keys}), "batches": list({key[1] for key in keys})}
            for row in self.tx.session.execute(_MARKS, {**among, "since": since}):
                if (row.place_id, row.batch_id) in keys:
                    found[row.place_id, row.batch_id].append(row.counted_at)
        return found


_BALANCE, _BATCH = cast(sa.Table, Balance.__table__), cast(sa.Table, Batch.__table__)
_DOCUMENT, _MOVE = cast(sa.Table, StockDocument.__table__), cast(sa.Table, Move.__table__)
_DAY, _MONTH = cast(sa.Table, BalanceDay.__table__), cast(sa.Table, BalanceMonth.__table__)
_MARK = cast(sa.Table, CountMark.__table__)
_B, _T = _BALANCE.c, _BATCH.c
_BATCH_COLUMNS = (
    _T.id, _T.code, _T.item_id, _T.funding_source, _T.expires_on, _T.received_on, _T.quantity_milli, _T.value_rp,
    _T.release_condition,
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
        _B.last_on, _B.counted_at, *_BATCH_COLUMNS,
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
        last_on=sa.bindparam("p_last_on"),
    )
)
"""What a row must still hold is part of the UPDATE that changes it."""
_DAYS = sa.select(_DAY.c.place_id, _DAY.c.batch_id, _DAY.c.event_on, _DAY.c.change_milli).where(
    _DAY.c.place_id.in_(sa.bindparam("places", expanding=True)),
    _DAY.c.batch_id.in_(sa.bindparam("batches", expanding=True)),
    _DAY.c.event_on >= sa.bindparam("since"),
)
_MARKS = (
    sa.select(_MARK.c.place_id, _MARK.c.batch_id, _MARK.c.counted_at)
    .where(
        _MARK.c.place_id.in_(sa.bindparam("places", expanding=True)),
        _MARK.c.batch_id.in_(sa.bindparam("batches", expanding=True)),
        _MARK.c.counted_at >= sa.bindparam("since"),
    )
    .order_by(_MARK.c.counted_at)
)


def _add_up(dialect: Any, table: sa.Table, span: str) -> Any:
    made = dialect.insert(table)
    return made.on_conflict_do_update(
        index_elements=["place_id", "batch_id", span],
        set_={
            "change_milli": table.c.change_milli + made.excluded.change_milli,
            "change_rp": table.c.change_rp + made.excluded.change_rp,
        },
    )


_ADD_DAY = {"postgresql": _add_up(postgresql, _DAY, "event_on"), "sqlite": _add_up(sqlite, _DAY, "event_on")}
_ADD_MONTH = {"postgresql": _add_up(postgresql, _MONTH, "first_on"), "sqlite": _add_up(sqlite, _MONTH, "first_on")}


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
    latest = max((step.event_at or act.event_at for step in steps), default=act.event_at)
    if max(latest, act.event_at) > tx.now + timedelta(minutes=EVENT_AHEAD_MINUTES):
        raise Invalid("stock.event_in_future", field="event_at")
    if any(not 1 <= step.quantity_milli <= LARGEST_MILLI for step in steps):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    ground = ground or Ground(tx)
    event_on = local_day(act.event_at, tx.zone)
    ground.need_places({step.from_place_id for step in steps} | {step.to_place_id for step in steps})
    ground.need_batches({step.batch_id for step in steps})
    ground.need_items({ground.batches[step.batch_id].item_id for step in steps})
    problems = [problem for step in steps for problem in _forbidden(step, act, _day_of(step, act, ground), ground)]
    if problems:
        raise CannotPost(problems)
    ground.lock(_keys(steps))
    steps = _with_counter_moves(steps, act, ground)
    _check_there(steps, ground)
    steps = _check_later_days(steps, act, ground)

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
    values = _change_balances(steps, act, ground)
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
                "value_rp": move.value_rp, "reverses_id": step.reverses_id, "flag": move.flag,
                **frame, "event_at": step.event_at or act.event_at, "event_on": _day_of(step, act, ground),
            }
            for move, step in zip(moves, steps, strict=True)
        ],
    )  # fmt: skip
    flagged = sum(step.flag in (Flag.EXPIRED, Flag.EARLY) for step in steps)
    tx.note(
        f"stock.{act.kind.value}", "stock_document", document_id, reason=act.reason, number=number,
        cause=act.subject, cause_id=act.subject_id, moves=len(steps), flagged=flagged,
    )  # fmt: skip
    return Posted(
        document_id=document_id, number=number, event_on=event_on,
        moves=tuple(move for move in moves if move.flag is not Flag.COUNTED),
        counter_moves=tuple(move for move in moves if move.flag is Flag.COUNTED),
    )  # fmt: skip


def lots(
    ground: Ground, wants: Iterable[Want], *, to_place_id: UUID | None = None, also: Collection[UUID] = (),
    is_locking: bool = True, since: date | None = None,
) -> tuple[Lot, ...]:  # fmt: skip
    """Give the batches from which these wants can be met; with ``since``, only so much of each as lay there on every
    day from then on.

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
    late = {
        key for key, row in ground.rows.items() if since and row.is_bounded and row.last_on and row.last_on > since
    }  # fmt: skip
    known_days = ground.days(late, since) if since else {}
    return tuple(
        _lot(
            key[0], key[1], ground.batches[key[1]],
            min(
                row.on_hand_milli - row.reserved_milli,
                least_from(row.on_hand_milli, known_days[key], since) if since and key in late else row.on_hand_milli,
            ),
        )
        for key, row in ground.rows.items()
        if key[0] in froms
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


def tell_short(ground: Ground, shortages: Sequence[Shortage]) -> StockShort:
    """Make the refusal that names everything that is short."""
    ground.need_items({one.item_id for one in shortages})
    ground.need_places({one.place_id for one in shortages})
    told = []
    for one in shortages:
        unit = ground.items[one.item_id].base_unit
        more = f" (+ {print_quantity(one.conditional_milli, unit)}: SK)" if one.conditional_milli else ""
        told.append(
            f"{ground.items[one.item_id].name_id} · {ground.places[one.place_id].name}: "
            f"{print_quantity(one.free_milli)} / {print_quantity(one.wanted_milli, unit)}{more}"
        )
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
        row.code, row.item_id, row.funding_source, row.expires_on, row.received_on, row.quantity_milli, row.value_rp,
        row.release_condition,
    )  # fmt: skip


def _lot(place_id: UUID, batch_id: UUID, facts: BatchFacts, free_milli: int) -> Lot:
    return Lot(
        place_id=place_id, item_id=facts.item_id, batch_id=batch_id, batch_code=facts.code,
        funding_source=facts.funding_source, expires_on=facts.expires_on, received_on=facts.received_on,
        free_milli=free_milli, release_condition=facts.release_condition,
    )  # fmt: skip


def _day_of(step: Step, act: Act, ground: Ground) -> date:
    return local_day(step.event_at or act.event_at, ground.tx.zone)


def _keys(steps: Iterable[Step]) -> set[Key]:
    return {(place_id, step.batch_id) for step in steps for place_id in (step.from_place_id, step.to_place_id)}


def _forbidden(step: Step, act: Act, event_on: date, ground: Ground) -> Iterable[Problem]:
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
    if (
        not is_reversal and not act.is_fact and batch.release_condition not in act.met
        and needs_release(source.kind, target.kind)
    ):  # fmt: skip
        yield Problem(code="batch.not_released", facts=where)
    if not is_reversal and (problem := check_step(ground.items[batch.item_id], step.quantity_milli)):
        yield problem


def _with_counter_moves(steps: Sequence[Step], act: Act, ground: Ground) -> list[Step]:
    """Add the moves that let a later count stand: what is entered now and happened before it, the count has seen.

    So a history of moves and counts ends in the same balances in whatever order it is entered
    (docs/decisions/0007). A reversal is a new event of today and needs none.
    """
    crossed: list[tuple[Key, Step, int]] = []
    for step in steps:
        at = step.event_at or act.event_at
        for place_id, sign in ((step.from_place_id, -1), (step.to_place_id, 1)):
            row = ground.rows[place_id, step.batch_id]
            if row.is_bounded and row.counted_at is not None and at <= row.counted_at:
                crossed.append(((place_id, step.batch_id), step, sign))
    if not crossed:
        return list(steps)
    marks = ground.marks({key for key, _, _ in crossed}, min(step.event_at or act.event_at for _, step, _ in crossed))
    net: dict[tuple[Key, datetime], int] = defaultdict(int)
    for key, step, sign in crossed:
        at = step.event_at or act.event_at
        # The line of a count itself lies at its own moment; only a later count stands against it.
        mark = next((one for one in marks[key] if one > at or (one == at and act.subject != COUNT)), None)
        if mark is not None:
            net[key, mark] -= sign * step.quantity_milli
    ground.need_places((), {PlaceKind.ADJUSTMENT})
    books = ground.the(PlaceKind.ADJUSTMENT).id
    ground.lock({(books, batch_id) for ((_, batch_id), _), quantity in net.items() if quantity})
    back = [
        Step(
            from_place_id=books if quantity > 0 else place_id, to_place_id=place_id if quantity > 0 else books,
            batch_id=batch_id, quantity_milli=abs(quantity), flag=Flag.COUNTED, event_at=mark,
        )
        for ((place_id, batch_id), mark), quantity in sorted(net.items())
        if quantity
    ]  # fmt: skip
    # What comes first: rupiah leave a place with its goods, so these must be there before others take them.
    return [
        *(step for step in back if step.from_place_id == books), *steps,
        *(step for step in back if step.to_place_id == books),
    ]  # fmt: skip


def _check_later_days(steps: Sequence[Step], act: Act, ground: Ground) -> list[Step]:
    """Refuse a late entry that would leave a place with less than nothing on some later day; a fact is marked instead.

    Judged by closing balances of local days: within one day the clocks of two people do not decide who was first.
    """
    new: dict[Key, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for step in steps:
        on = _day_of(step, act, ground)
        new[step.from_place_id, step.batch_id][on] -= step.quantity_milli
        new[step.to_place_id, step.batch_id][on] += step.quantity_milli
    late = {
        key
        for key, days in new.items()
        if (row := ground.rows[key]).is_bounded and row.last_on and min(days) < row.last_on
    }
    if not late:
        return list(steps)
    known = ground.days(late, min(min(new[key]) for key in late))
    below = {}
    for key in late:
        changes = [DayChange(on, change) for on, change in new[key].items()]
        found = first_below(ground.rows[key].on_hand_milli, known[key], changes)
        if found:
            below[key] = found
    if not below:
        return list(steps)
    if act.is_fact:
        return [
            replace(step, flag=Flag.EARLY)
            if step.flag is Flag.NONE and (step.from_place_id, step.batch_id) in below else step
            for step in steps
        ]  # fmt: skip
    problems = []
    for key in sorted(below):
        batch, found = ground.batches[key[1]], below[key]
        unit = ground.items[batch.item_id].base_unit
        problems.append(
            Problem(
                code="stock.negative_later",
                facts={
                    "day": found.on.isoformat(), "place": ground.places[key[0]].name, "batch": batch.code,
                    "item": ground.items[batch.item_id].name_id, "balance": print_quantity(found.balance_milli, unit),
                    "short": print_quantity(found.short_milli, unit),
                },
            )
        )  # fmt: skip
    raise CannotPost(problems)


def _check_there(steps: Sequence[Step], ground: Ground) -> None:
    """Compare the summed demand of each (place, batch) with what is there and not promised to others."""
    wanted: dict[Key, int] = defaultdict(int)
    own: dict[Key, int] = defaultdict(int)
    for step in steps:
        key = (step.from_place_id, step.batch_id)
        if step.flag is Flag.COUNTED:
            # It gives back what the late entry took, or takes back what it brought: that is no demand.
            wanted[step.to_place_id, step.batch_id] -= step.quantity_milli
            continue
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


def _change_balances(steps: Sequence[Step], act: Act, ground: Ground) -> list[int]:
    """Change every balance by its difference, guarded and in sorted order; gives the value of each step."""
    after: dict[Key, Running] = {}
    taken: dict[Key, int] = defaultdict(int)
    days: dict[tuple[UUID, UUID, date], list[int]] = defaultdict(lambda: [0, 0])
    values: list[int] = []
    for step in steps:
        source_key, target_key = (step.from_place_id, step.batch_id), (step.to_place_id, step.batch_id)
        for key in (source_key, target_key):
            if key not in after:
                after[key] = replace(ground.rows[key])
        if step.flag is Flag.COUNTED:
            taken[target_key] -= step.quantity_milli
        else:
            taken[source_key] += step.quantity_milli
        value = apply_step(step, after[source_key], after[target_key], ground.batches[step.batch_id])
        values.append(value)
        on = _day_of(step, act, ground)
        for key, sign in ((source_key, -1), (target_key, 1)):
            day = days[(*key, on)]
            day[0] += sign * step.quantity_milli
            day[1] += sign * value
            after[key].last_on = max(on, after[key].last_on or on)
    changes = []
    for key in sorted(after):
        old, new = ground.rows[key], after[key]
        unreserved = old.reserved_milli - new.reserved_milli
        changes.append({
            "p_place": key[0], "p_batch": key[1], "p_free": taken[key] - unreserved, "p_unreserved": unreserved,
            "p_milli": new.on_hand_milli - old.on_hand_milli, "p_rp": new.value_rp - old.value_rp,
            "p_last_on": new.last_on,
        })  # fmt: skip
        ground.rows[key] = new
    # One statement, run for each row in this order; both drivers say how many rows it met in all.
    done = ground.tx.session.execute(_CHANGE, changes)
    if done.rowcount != len(changes):  # type: ignore[attr-defined]
        raise Conflict("stock.moved_meanwhile")
    _add_up_days(days, ground)
    return values


def _add_up_days(days: Mapping[tuple[UUID, UUID, date], Sequence[int]], ground: Ground) -> None:
    """Add what changed to the sums of its days and months; the balance's lock, held by now, guards them too."""
    months: dict[tuple[UUID, UUID, date], list[int]] = defaultdict(lambda: [0, 0])
    for (place_id, batch_id, on), (milli, rp) in days.items():
        month = months[place_id, batch_id, on.replace(day=1)]
        month[0] += milli
        month[1] += rp
    parts: tuple[tuple[Any, str, Mapping[tuple[UUID, UUID, date], Sequence[int]]], ...] = (
        (_ADD_DAY, "event_on", days), (_ADD_MONTH, "first_on", months)
    )  # fmt: skip
    for statements, span, changes in parts:
        ground.tx.session.execute(
            statements[_dialect(ground.tx)],
            [
                {"place_id": place_id, "batch_id": batch_id, span: on, "change_milli": milli, "change_rp": rp}
                for (place_id, batch_id, on), (milli, rp) in sorted(changes.items())
            ],
        )


def values_of(steps: Sequence[Step], ground: Ground) -> list[int]:
    """Tell what these steps would be worth one after the other, changing nothing; their rows are locked already."""
    after = {key: replace(row) for key, row in ground.rows.items()}
    return [
        apply_step(
            step, after[step.from_place_id, step.batch_id], after[step.to_place_id, step.batch_id],
            ground.batches[step.batch_id],
        )
        for step in steps
    ]  # fmt: skip


def apply_step(step: Step, source: Running, target: Running, batch: BatchFacts) -> int:
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
