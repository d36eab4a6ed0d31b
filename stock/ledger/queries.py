"""What is where, what came and went, and what it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.errors import Invalid, NotFound
from core.measures import Milli, Rupiah
from core.work import Tx
from stock.items.queries import ItemView, VariantView, items
from stock.ledger.kinds import DocumentKind, Flag, FundingSource, ReleaseCondition
from stock.ledger.models import Balance, BalanceDay, BalanceMonth, Batch, Move, StockDocument
from stock.ledger.posting import Ground, lots
from stock.ledger.rules import UNDER_DECREE, Shortage, Want, is_expired, pick
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    id: UUID
    code: str
    item: ItemView
    funding_source: FundingSource
    incoming_document: str
    expires_on: date | None
    received_on: date
    quantity_milli: Milli
    value_rp: Rupiah
    unit_price_rp: Rupiah | None
    """For one base unit, where the giver's paper names one."""
    release_condition: ReleaseCondition
    variant: VariantView | None
    """The size and sex, where the item comes in several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBalance:
    """One batch at one place. ``value_rp`` is what lies there is worth."""

    place: PlaceView
    batch: BatchView
    on_hand_milli: Milli
    reserved_milli: Milli
    value_rp: Rupiah
    is_expired: bool

    @property
    def available_milli(self) -> Milli:
        """Free to be promised: nothing of it when it is past its day."""
        return Milli(0 if self.is_expired else self.on_hand_milli - self.reserved_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBalance:
    """One item at one place, over its batches."""

    place: PlaceView
    item: ItemView
    on_hand_milli: Milli
    reserved_milli: Milli
    available_milli: Milli
    expired_milli: Milli
    value_rp: Rupiah
    next_expiry_on: date | None
    """The earliest day among unexpired batches."""
    batches: tuple[BatchBalance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    place_id: UUID
    item_id: UUID
    available_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBalance:
    """What lay at a place at the end of a day, by what had happened by then (whenever it was entered)."""

    place: PlaceView
    item: ItemView
    on_hand_milli: Milli
    value_rp: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBatchBalance:
    """What lay of a batch at a place at the end of a day."""

    place: PlaceView
    batch: BatchView
    on_hand_milli: Milli
    value_rp: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMove:
    """One step of a batch's way."""

    move_id: UUID
    document_id: UUID
    document_kind: DocumentKind
    number: str | None
    reason: str
    source: PlaceView
    target: PlaceView
    quantity_milli: Milli
    value_rp: Rupiah
    event_at: datetime
    event_on: date
    recorded_at: datetime
    actor_id: str
    flag: Flag
    is_reversal: bool
    is_reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    move_id: UUID
    document_id: UUID
    document_kind: DocumentKind
    number: str | None
    reason: str
    event_at: datetime
    event_on: date
    recorded_at: datetime
    batch_code: str
    counterpart: PlaceView
    in_milli: Milli
    out_milli: Milli
    value_rp: Rupiah
    balance_milli: Milli
    """Running, worked out when read: a late entry changes no row."""
    balance_rp: Rupiah
    is_reversal: bool
    is_reversed: bool
    flag: Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCard:
    item: ItemView
    places: tuple[PlaceView, ...]
    first_on: date | None
    last_on: date | None
    opening_milli: Milli
    opening_rp: Rupiah
    lines: tuple[CardLine, ...]
    closing_milli: Milli
    closing_rp: Rupiah
    earlier: str | None
    """Where the lines before these begin; None when these are the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    move_id: UUID
    item: ItemView
    batch: BatchView
    source: PlaceView
    target: PlaceView
    quantity_milli: Milli
    value_rp: Rupiah
    flag: Flag
    is_reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StockDocumentView:
    """One document as its paper shows it (SBBM, SBBK, surat jalan)."""

    id: UUID
    kind: DocumentKind
    number: str | None
    subject: str
    subject_id: str
    reason: str
    note: str
    event_at: datetime
    event_on: date
    recorded_at: datetime
    actor_id: str
    lines: tuple[DocumentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    id: UUID
    kind: DocumentKind
    number: str | None
    reason: str
    event_at: datetime
    event_on: date
    recorded_at: datetime
    moves: int
    value_rp: Rupiah


def batch_balances(
    tx: Tx, *, place_ids: Collection[UUID] | None = None, item_ids: Collection[UUID] | None = None,
    kinds: Collection[PlaceKind] | None = None, on: date | None = None,
) -> tuple[BatchBalance, ...]:  # fmt: skip
    """Give what lies at real places, batch by batch in picking order; empty rows are left out.

    ``on`` (today) is the day by which expiry is judged, not a past balance: see ``balances_on``.
    """
    spots = {place.id: place for place in places(tx, ids=place_ids, kinds=kinds) if place.is_bounded}
    query = (
        sa.select(Balance, Batch)
        .join(Batch, Batch.id == Balance.batch_id)
        .where(Balance.place_id.in_(spots), Balance.on_hand_milli != 0, Batch.regency_code == tx.regency_code)
        .order_by(Batch.expires_on.is_(None), Batch.expires_on, Batch.received_on, Batch.code)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if item_ids is not None:
        query = query.where(Batch.item_id.in_(item_ids))
    rows = tx.session.execute(query).all()
    goods = _goods(tx, {batch.item_id for _, batch in rows})
    day = on or tx.today
    return tuple(
        BatchBalance(
            place=spots[balance.place_id], batch=_batch_view(batch, goods),
            on_hand_milli=Milli(balance.on_hand_milli), reserved_milli=Milli(balance.reserved_milli),
            value_rp=Rupiah(balance.value_rp), is_expired=is_expired(batch.expires_on, day),
        )
        for balance, batch in rows
    )  # fmt: skip


def item_balances(
    tx: Tx, *, place_ids: Collection[UUID] | None = None, item_ids: Collection[UUID] | None = None,
    kinds: Collection[PlaceKind] | None = None, on: date | None = None,
) -> tuple[ItemBalance, ...]:  # fmt: skip
    """Give what lies at real places, item by item, each with its batches; by place, then by item's name."""
    grouped: dict[tuple[UUID, UUID], list[BatchBalance]] = defaultdict(list)
    for one in batch_balances(tx, place_ids=place_ids, item_ids=item_ids, kinds=kinds, on=on):
        grouped[one.place.id, one.batch.item.id].append(one)
    made = [
        ItemBalance(
            place=group[0].place,
            item=group[0].batch.item,
            on_hand_milli=Milli(sum(one.on_hand_milli for one in group)),
            reserved_milli=Milli(sum(one.reserved_milli for one in group)),
            available_milli=Milli(sum(one.available_milli for one in group)),
            expired_milli=Milli(sum(one.on_hand_milli for one in group if one.is_expired)),
            value_rp=Rupiah(sum(one.value_rp for one in group)),
            next_expiry_on=min(
                (one.batch.expires_on for one in group if one.batch.expires_on and not one.is_expired), default=None
            ),
            batches=tuple(group),
        )
        for group in grouped.values()
    ]
    return tuple(sorted(made, key=lambda one: (one.place.code, one.item.name_id)))


def available(
    tx: Tx, item_ids: Collection[UUID], place_ids: Collection[UUID], *, usable_on: date | None = None,
    met: frozenset[ReleaseCondition] = UNDER_DECREE,
) -> tuple[Available, ...]:  # fmt: skip
    """Give what could be promised, for each (place, item) asked for, zeros included; expired stock is not there, nor
    what may leave only under a condition that is not ``met``."""
    free: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for one in batch_balances(tx, place_ids=place_ids, item_ids=item_ids, on=usable_on):
        if one.place.kind is not PlaceKind.QUARANTINE and one.batch.release_condition in met:
            free[one.place.id, one.batch.item.id] += one.available_milli
    return tuple(
        Available(place_id=place_id, item_id=item_id, available_milli=Milli(free[place_id, item_id]))
        for place_id in place_ids
        for item_id in item_ids
    )


def shortages(tx: Tx, wants: Iterable[Want]) -> tuple[Shortage, ...]:
    """Tell what these wants would lack if they were asked for now; promises nothing."""
    asked = tuple(wants)
    return pick(asked, lots(Ground(tx), asked, is_locking=False))[1] if asked else ()


def balances_on(
    tx: Tx, on: date, *, place_ids: Collection[UUID] | None = None, item_ids: Collection[UUID] | None = None
) -> tuple[DayBalance, ...]:
    """Give what lay at real places at the end of a local day, item by item, by when things happened."""
    summed: dict[tuple[UUID, UUID], list[int]] = defaultdict(lambda: [0, 0])
    spots: dict[UUID, PlaceView] = {}
    goods: dict[UUID, ItemView] = {}
    for one in batches_on(tx, on, place_ids=place_ids, item_ids=item_ids):
        spots[one.place.id], goods[one.batch.item.id] = one.place, one.batch.item
        found = summed[one.place.id, one.batch.item.id]
        found[0] += one.on_hand_milli
        found[1] += one.value_rp
    made = [
        DayBalance(place=spots[place_id], item=goods[item_id], on_hand_milli=Milli(milli), value_rp=Rupiah(rp))
        for (place_id, item_id), (milli, rp) in summed.items()
    ]
    return tuple(sorted(made, key=lambda one: (one.place.code, one.item.name_id)))


def batches_on(
    tx: Tx, on: date, *, place_ids: Collection[UUID] | None = None, item_ids: Collection[UUID] | None = None
) -> tuple[DayBatchBalance, ...]:
    """Give what lay at real places at the end of a local day, batch by batch, by when things happened."""
    spots = {place.id: place for place in places(tx, ids=place_ids) if place.is_bounded}
    of_items = None if item_ids is None else sa.select(Batch.id).where(Batch.item_id.in_(item_ids))
    until = _until(spots, of_items, on).subquery()
    rows = tx.session.execute(
        sa.select(
            until.c.place_id, until.c.batch_id, sa.func.sum(until.c.change_milli).label("milli"),
            sa.func.sum(until.c.change_rp).label("rp"),
        )
        .group_by(until.c.place_id, until.c.batch_id)
        .having(sa.func.sum(until.c.change_milli) != 0)
    ).all()  # fmt: skip
    known = {batch.id: batch for batch in batches(tx, {row.batch_id for row in rows})}
    made = [
        DayBatchBalance(
            place=spots[row.place_id], batch=known[row.batch_id], on_hand_milli=Milli(int(row.milli)),
            value_rp=Rupiah(int(row.rp)),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda one: (one.place.code, one.batch.item.name_id, one.batch.code)))


def booked_at(tx: Tx, place_id: UUID, moments: Mapping[UUID, datetime]) -> dict[UUID, Milli]:
    """Give what the books say lay at a place of each batch at its moment, what happened at it included."""
    if not moments:
        return {}
    rows = tx.session.execute(
        sa.select(Balance.batch_id, Balance.on_hand_milli).where(
            Balance.place_id == place_id, Balance.batch_id.in_(moments)
        )
    )
    booked = dict.fromkeys(moments, 0) | {row.batch_id: row.on_hand_milli for row in rows}
    first = min(moments.values())
    for column, sign in ((Move.to_place_id, 1), (Move.from_place_id, -1)):
        later = tx.session.execute(
            sa.select(Move.batch_id, Move.event_at, Move.quantity_milli).where(
                column == place_id, Move.batch_id.in_(moments), Move.event_at > first
            )
        )
        for row in later:
            if row.event_at > moments[row.batch_id]:
                booked[row.batch_id] -= sign * row.quantity_milli
    return {batch_id: Milli(quantity) for batch_id, quantity in booked.items()}


def stock_card(
    tx: Tx, item_id: UUID, place_ids: Collection[UUID], *, first_on: date | None = None, last_on: date | None = None,
    batch_id: UUID | None = None, limit: int | None = None, before: str | None = None,
) -> StockCard:  # fmt: skip
    """Give the card of an item over these places: what came and went, with the balance after each line.

    Moves between two of the places are left out: nothing came and nothing went. With ``limit`` only the latest lines
    are read, or those before the cursor ``before`` (the ``earlier`` of another card); ``opening`` is then the balance
    before the first line shown. Raises: NotFound; Invalid for a cursor that is none.
    """
    goods = _goods(tx, {item_id})
    if item_id not in goods:
        raise NotFound("item.not_found", item=str(item_id))
    everywhere = {place.id: place for place in places(tx)}
    shown = tuple(everywhere[place_id] for place_id in place_ids if place_id in everywhere)
    if len(shown) != len(set(place_ids)):
        raise NotFound("place.not_found")
    inside = {place.id for place in shown}
    of_item = sa.select(Batch.id).where(Batch.regency_code == tx.regency_code, Batch.item_id == item_id)
    batch_ids = list(tx.session.scalars(of_item if batch_id is None else of_item.where(Batch.id == batch_id)))
    codes = {row.id: row.code for row in tx.session.execute(sa.select(Batch.id, Batch.code).where(
        Batch.id.in_(batch_ids)))}  # fmt: skip
    found = _card_moves(tx, inside, batch_ids, first_on, last_on, _cursor(before) if before else None, limit)
    has_earlier = limit is not None and len(found) > limit
    found = found[:limit]
    milli, rp = _sum_until(tx, inside, batch_ids, last_on)
    if before:
        # The closing balance of this page is what the lines after it have not yet changed.
        milli, rp = _minus_after(tx, inside, batch_ids, last_on, _cursor(before), milli, rp)
    closing_milli, closing_rp = milli, rp
    documents = {
        row.id: row
        for row in tx.session.execute(
            sa.select(StockDocument.id, StockDocument.kind, StockDocument.number, StockDocument.reason).where(
                StockDocument.id.in_({row.document_id for row in found})
            )
        )
    }
    undone = set(tx.session.scalars(sa.select(Move.reverses_id).where(Move.reverses_id.in_([row.id for row in found]))))
    lines: list[CardLine] = []
    for row in found:
        comes = row.to_place_id in inside
        document = documents[row.document_id]
        lines.append(
            CardLine(
                move_id=row.id, document_id=row.document_id, document_kind=document.kind, number=document.number,
                reason=document.reason, event_at=row.event_at, event_on=row.event_on, recorded_at=row.recorded_at,
                batch_code=codes[row.batch_id],
                counterpart=everywhere[row.from_place_id if comes else row.to_place_id],
                in_milli=Milli(row.quantity_milli if comes else 0),
                out_milli=Milli(0 if comes else row.quantity_milli), value_rp=Rupiah(row.value_rp),
                balance_milli=Milli(milli), balance_rp=Rupiah(rp), is_reversal=row.reverses_id is not None,
                is_reversed=row.id in undone, flag=row.flag,
            )
        )  # fmt: skip
        milli -= row.quantity_milli if comes else -row.quantity_milli
        rp -= row.value_rp if comes else -row.value_rp
    last = found[-1] if has_earlier else None
    return StockCard(
        item=goods[item_id], places=shown, first_on=first_on, last_on=last_on, opening_milli=Milli(milli),
        opening_rp=Rupiah(rp), lines=tuple(reversed(lines)), closing_milli=Milli(closing_milli),
        closing_rp=Rupiah(closing_rp),
        earlier=f"{last.event_at.isoformat()}~{last.recorded_at.isoformat()}~{last.id}" if last else None,
    )  # fmt: skip


def batch_moves(tx: Tx, batch_id: UUID, *, limit: int = 200) -> tuple[BatchMove, ...]:
    """Give where a batch came from and went, the latest first."""
    spots = {place.id: place for place in places(tx)}
    later = sa.orm.aliased(Move)
    rows = tx.session.execute(
        sa.select(Move, StockDocument.kind, StockDocument.number, StockDocument.reason, later.id)
        .join(StockDocument, StockDocument.id == Move.document_id)
        .outerjoin(later, later.reverses_id == Move.id)
        .where(Move.batch_id == batch_id, Move.regency_code == tx.regency_code)
        .order_by(Move.event_at.desc(), Move.recorded_at.desc(), Move.id.desc())
        .limit(limit)
    )
    return tuple(
        BatchMove(
            move_id=move.id, document_id=move.document_id, document_kind=kind, number=number, reason=reason,
            source=spots[move.from_place_id], target=spots[move.to_place_id],
            quantity_milli=Milli(move.quantity_milli), value_rp=Rupiah(move.value_rp), event_at=move.event_at,
            event_on=move.event_on, recorded_at=move.recorded_at, actor_id=move.actor_id, flag=move.flag,
            is_reversal=move.reverses_id is not None, is_reversed=reversed_by is not None,
        )
        for move, kind, number, reason, reversed_by in rows
    )  # fmt: skip


def near_expiry(
    tx: Tx, *, within_days: int = 90, place_ids: Collection[UUID] | None = None
) -> tuple[BatchBalance, ...]:
    """Give the batches that are past their day or will be within so many days, the most urgent first."""
    last = tx.today + timedelta(days=within_days)
    return tuple(
        one
        for one in batch_balances(tx, place_ids=place_ids)
        if one.batch.expires_on is not None and one.batch.expires_on <= last
    )


def stock_document(tx: Tx, document_id: UUID) -> StockDocumentView:
    """Give one document with its lines. Raises: NotFound."""
    row = tx.session.scalar(
        sa.select(StockDocument).where(
            StockDocument.id == document_id, StockDocument.regency_code == tx.regency_code
        )
    )  # fmt: skip
    if row is None:
        raise NotFound("stock_document.not_found", document=str(document_id))
    later = sa.orm.aliased(Move)
    moves = tx.session.execute(
        sa.select(Move, Batch, later.id)
        .join(Batch, Batch.id == Move.batch_id)
        .outerjoin(later, later.reverses_id == Move.id)
        .where(Move.document_id == document_id)
        .order_by(Move.id)
    ).all()
    goods = _goods(tx, {batch.item_id for _, batch, _ in moves})
    spots = {place.id: place for place in places(tx)}
    return StockDocumentView(
        id=row.id, kind=row.kind, number=row.number, subject=row.subject, subject_id=row.subject_id,
        reason=row.reason, note=row.note, event_at=row.event_at, event_on=row.event_on, recorded_at=row.recorded_at,
        actor_id=row.actor_id,
        lines=tuple(
            DocumentLine(
                move_id=move.id, item=goods[batch.item_id], batch=_batch_view(batch, goods),
                source=spots[move.from_place_id], target=spots[move.to_place_id],
                quantity_milli=Milli(move.quantity_milli), value_rp=Rupiah(move.value_rp), flag=move.flag,
                is_reversed=reversed_by is not None,
            )
            for move, batch, reversed_by in moves
        ),
    )  # fmt: skip


def stock_documents(
    tx: Tx, *, kinds: Collection[DocumentKind] | None = None, place_ids: Collection[UUID] | None = None,
    limit: int = 50,
) -> tuple[DocumentRow, ...]:  # fmt: skip
    """Give the newest documents, optionally of these kinds and touching these places."""
    query = (
        sa.select(StockDocument, sa.func.count(Move.id), sa.func.sum(Move.value_rp))
        .join(Move, Move.document_id == StockDocument.id)
        .where(StockDocument.regency_code == tx.regency_code)
        .group_by(StockDocument.id)
        .order_by(StockDocument.recorded_at.desc(), StockDocument.id.desc())
        .limit(limit)
    )
    if kinds is not None:
        query = query.where(StockDocument.kind.in_(kinds))
    if place_ids is not None:
        query = query.where(sa.or_(Move.from_place_id.in_(place_ids), Move.to_place_id.in_(place_ids)))
    return tuple(
        DocumentRow(
            id=row.id, kind=row.kind, number=row.number, reason=row.reason, event_at=row.event_at,
            event_on=row.event_on, recorded_at=row.recorded_at, moves=count, value_rp=Rupiah(int(value)),
        )
        for row, count, value in tx.session.execute(query)
    )  # fmt: skip


def batch_by_code(tx: Tx, code: str) -> BatchView:
    """Give the batch of a code (a scanned label). Raises: NotFound."""
    row = tx.session.scalar(
        sa.select(Batch).where(Batch.regency_code == tx.regency_code, Batch.code == code.strip().upper())
    )
    if row is None:
        raise NotFound("batch.not_found", batch=code)
    return _batch_view(row, _goods(tx, {row.item_id}))


def batches(tx: Tx, ids: Collection[UUID]) -> tuple[BatchView, ...]:
    """Give these batches, by code."""
    rows = tx.session.scalars(
        sa.select(Batch).where(Batch.regency_code == tx.regency_code, Batch.id.in_(ids)).order_by(Batch.code)
    ).all()
    goods = _goods(tx, {row.item_id for row in rows})
    return tuple(_batch_view(row, goods) for row in rows)


def _card_moves(
    tx: Tx, inside: Collection[UUID], batch_ids: Collection[UUID], first_on: date | None, last_on: date | None,
    before: Cursor | None, limit: int | None,
) -> Sequence[Any]:  # fmt: skip
    """Give the moves of a card, the latest first, one more than ``limit``.

    A long card is not sorted as a whole: so many of its days as surely hold a page are found first.
    """
    if limit is None:
        return _moves_between(tx, inside, batch_ids, first_on, last_on, before, None)
    last = min(one for one in (last_on, local_day(before[0], tx.zone) if before else None, date.max) if one)
    days = limit + 1
    while True:
        since = _day_back(tx, inside, batch_ids, last, days)
        start = max(since, first_on) if since and first_on else since or first_on
        found = _moves_between(tx, inside, batch_ids, start, last_on, before, limit + 1)
        if len(found) > limit or since is None or (first_on is not None and since <= first_on):
            return found
        days *= 4


def _day_back(tx: Tx, inside: Collection[UUID], batch_ids: Collection[UUID], last_on: date, days: int) -> date | None:
    """Give the day before which so many days of single batches changed something until ``last_on``; None if fewer."""
    return tx.session.scalar(
        sa.select(BalanceDay.event_on)
        .where(
            BalanceDay.place_id.in_(inside), BalanceDay.batch_id.in_(batch_ids), BalanceDay.event_on < last_on
        )
        .order_by(BalanceDay.event_on.desc())
        .offset(days - 1)
        .limit(1)
    )  # fmt: skip


def _moves_between(
    tx: Tx, inside: Collection[UUID], batch_ids: Collection[UUID], first_on: date | None, last_on: date | None,
    before: Cursor | None, limit: int | None,
) -> Sequence[Any]:  # fmt: skip
    sides = []
    for here, there in ((Move.to_place_id, Move.from_place_id), (Move.from_place_id, Move.to_place_id)):
        side = sa.select(*_MOVE_COLUMNS).where(here.in_(inside), there.not_in(inside), Move.batch_id.in_(batch_ids))
        if first_on is not None:
            # The instant besides the day: an index knows only the instant.
            side = side.where(Move.event_on >= first_on, Move.event_at >= _start_of(tx, first_on))
        if last_on is not None:
            side = side.where(Move.event_on <= last_on, Move.event_at < _start_of(tx, last_on + timedelta(days=1)))
        sides.append(side if before is None else side.where(_is_before(before)))
    both = sa.union_all(*sides).subquery()
    query = sa.select(both).order_by(both.c.event_at.desc(), both.c.recorded_at.desc(), both.c.id.desc())
    return tx.session.execute(query if limit is None else query.limit(limit)).all()


def _start_of(tx: Tx, on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=tx.zone)


def _until(place_ids: Collection[UUID], batch_ids: Any, on: date | None) -> sa.CompoundSelect[Any]:
    """Give what makes up a balance at the end of a day, by batch: its whole months, and the days of the last one."""
    first = on.replace(day=1) if on is not None else date.max
    sides = []
    for table in (BalanceMonth, BalanceDay):
        side = (
            sa.select(
                table.place_id, table.batch_id, sa.func.sum(table.change_milli).label("change_milli"),
                sa.func.sum(table.change_rp).label("change_rp"),
            )
            .where(table.place_id.in_(place_ids))
            .group_by(table.place_id, table.batch_id)
        )  # fmt: skip
        if table is BalanceMonth:
            side = side.where(BalanceMonth.first_on < first)
        else:
            side = side.where(BalanceDay.event_on >= first, BalanceDay.event_on <= (on or date.max))
        sides.append(side if batch_ids is None else side.where(table.batch_id.in_(batch_ids)))
    return sa.union_all(*sides)


def _sum_until(tx: Tx, inside: Collection[UUID], batch_ids: Collection[UUID], last_on: date | None) -> tuple[int, int]:
    until = _until(inside, batch_ids, last_on).subquery()
    milli, rp = tx.session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(until.c.change_milli), 0), sa.func.coalesce(sa.func.sum(until.c.change_rp), 0)
        )
    ).one()
    return int(milli), int(rp)


def _minus_after(
    tx: Tx, inside: Collection[UUID], batch_ids: Collection[UUID], last_on: date | None, cursor: Cursor, milli: int,
    rp: int,
) -> tuple[int, int]:  # fmt: skip
    """Take away what the lines from the cursor's on changed: whole days by their sums, its own day by its moves."""
    on = tx.session.scalar(sa.select(Move.event_on).where(Move.id == cursor[2], Move.regency_code == tx.regency_code))
    if on is None:
        raise Invalid("stock.no_such_page", field="before")
    until_day = _sum_until(tx, inside, batch_ids, min(on, last_on) if last_on else on)
    comes = sa.case((Move.to_place_id.in_(inside), 1), else_=-1)
    later = tx.session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(comes * Move.quantity_milli), 0),
            sa.func.coalesce(sa.func.sum(comes * Move.value_rp), 0),
        ).where(_crosses(inside), Move.batch_id.in_(batch_ids), Move.event_on == on, sa.not_(_is_before(cursor)))
    ).one()
    return until_day[0] - int(later[0]), until_day[1] - int(later[1])


Cursor = tuple[datetime, datetime, UUID]


def _cursor(text: str) -> Cursor:
    try:
        event_at, recorded_at, move_id = text.split("~")
        return datetime.fromisoformat(event_at), datetime.fromisoformat(recorded_at), UUID(move_id)
    except ValueError:
        raise Invalid("stock.no_such_page", field="before") from None


def _is_before(cursor: Cursor) -> sa.ColumnElement[bool]:
    event_at, recorded_at, move_id = cursor
    return sa.or_(
        Move.event_at < event_at,
        sa.and_(Move.event_at == event_at, Move.recorded_at < recorded_at),
        sa.and_(Move.event_at == event_at, Move.recorded_at == recorded_at, Move.id < move_id),
    )


_MOVE_COLUMNS = (
    Move.id, Move.document_id, Move.from_place_id, Move.to_place_id, Move.batch_id, Move.quantity_milli, Move.value_rp,
    Move.reverses_id, Move.flag, Move.event_at, Move.event_on, Move.recorded_at,
)  # fmt: skip


def _crosses(inside: Collection[UUID]) -> sa.ColumnElement[bool]:
    comes: Any = Move.to_place_id.in_(inside)
    goes: Any = Move.from_place_id.in_(inside)
    return sa.or_(sa.and_(comes, sa.not_(goes)), sa.and_(goes, sa.not_(comes)))


def _goods(tx: Tx, ids: Collection[UUID]) -> dict[UUID, ItemView]:
    return {item.id: item for item in items(tx, ids=ids)}


def _batch_view(row: Batch, goods: dict[UUID, ItemView]) -> BatchView:
    return BatchView(
        id=row.id, code=row.code, item=goods[row.item_id], funding_source=row.funding_source,
        incoming_document=row.incoming_document, expires_on=row.expires_on, received_on=row.received_on,
        quantity_milli=Milli(row.quantity_milli), value_rp=Rupiah(row.value_rp),
        unit_price_rp=None if row.unit_price_rp is None else Rupiah(row.unit_price_rp),
        release_condition=row.release_condition,
        variant=next((one for one in goods[row.item_id].variants if one.id == row.variant_id), None),
    )  # fmt: skip


__all__ = [
    "Available",
    "BatchBalance",
    "BatchMove",
    "BatchView",
    "CardLine",
    "DayBalance",
    "DayBatchBalance",
    "DocumentLine",
    "DocumentRow",
    "ItemBalance",
    "Shortage",
    "StockCard",
    "StockDocumentView",
    "Want",
    "available",
    "balances_on",
    "batch_balances",
    "batch_by_code",
    "batch_moves",
    "batches",
    "batches_on",
    "booked_at",
    "item_balances",
    "near_expiry",
    "shortages",
    "stock_card",
    "stock_document",
    "stock_documents",
]


def handed_over(tx: Tx) -> dict[UUID, dict[UUID, int]]:
    """Give what stands in the books as handed over: handover -> item -> thousandths; reversed moves are left out."""
    undone = sa.orm.aliased(Move)
    rows = tx.session.execute(
        sa.select(StockDocument.subject_id, Batch.item_id, sa.func.sum(Move.quantity_milli).label("quantity"))
        .join(Move, Move.document_id == StockDocument.id)
        .join(Batch, Batch.id == Move.batch_id)
        .outerjoin(undone, undone.reverses_id == Move.id)
        .where(
            StockDocument.regency_code == tx.regency_code,
            StockDocument.kind == DocumentKind.HANDOVER,
            undone.id.is_(None),
        )
        .group_by(StockDocument.subject_id, Batch.item_id)
    )
    found: dict[UUID, dict[UUID, int]] = {}
    for row in rows:
        found.setdefault(UUID(row.subject_id), {})[row.item_id] = int(row.quantity)
    return found
