"""Counts as they are listed, as who counts sees them (blind), and as who decides sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.accounts.queries import names_of
from core.errors import NotFound
from core.measures import Milli, Rupiah
from core.office.queries import office
from core.permissions import may
from core.work import Tx
from stock.counts.models import StockCount, StockCountLine
from stock.counts.rules import may_approve
from stock.counts.states import CountState
from stock.ledger.queries import BatchView, batch_balances, batches, booked_at
from stock.ledger.rules import share_rp
from stock.places.queries import PlaceView, places

MOST: Final = 100
OPEN: Final = (CountState.PLANNED, CountState.COUNTING, CountState.RECOUNTING, CountState.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One count in a list; ``open_lines`` are still to be counted, or to be counted again."""

    id: UUID
    code: str
    place: PlaceView
    state: CountState
    due_on: date
    made_by: str
    made_at: datetime
    started_by: str | None
    started_at: datetime | None
    submitted_by: str | None
    submitted_by_name: str
    submitted_at: datetime | None
    approved_by_name: str
    approved_at: datetime | None
    note: str
    cancelled_reason: str
    document_id: UUID | None
    lines: int
    open_lines: int
    """While it is counted again, only of those that are to be counted again."""
    again: int
    """Lines that were or are to be counted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One line as who counts sees it: never what the books say, and on a recount not the first figure either."""

    batch: BatchView
    must_recount: bool
    counted_milli: Milli | None
    """Of the counting that is going on."""
    counted_at: datetime | None
    counted_by_name: str
    is_mine_again: bool
    """The reader counted it first: better somebody else counts it again."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line against the books at its own moment. ``counted_milli`` is the last figure."""

    batch_id: UUID
    batch: BatchView
    first_milli: Milli
    recounted_milli: Milli | None
    counted_milli: Milli
    counted_at: datetime
    counters: frozenset[str]
    counted_by_name: str
    booked_milli: Milli
    difference_milli: int
    difference_rp: int
    """By the batch's books; below zero is missing."""
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A batch of which more is reserved than would be left: so much is to be released first."""

    batch: BatchView
    left_milli: Milli
    reserved_milli: Milli

    @property
    def release_milli(self) -> Milli:
        return Milli(self.reserved_milli - self.left_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the count says against the books, for whoever hands it in and whoever decides."""

    row: CountRow
    lines: tuple[Difference, ...]
    promised: tuple[Promised, ...]
    """Empty once decided."""
    limit_rp: Rupiah
    refused_to_me: str | None
    """Why the reader, who may decide counts, may not decide this one; None when they may."""

    @property
    def differing(self) -> tuple[Difference, ...]:
        return tuple(one for one in self.lines if one.difference_milli)

    @property
    def value_rp(self) -> Rupiah:
        """What all differences are worth, more and less added up: the figure the limit is about."""
        return Rupiah(sum(abs(one.difference_rp) for one in self.lines))

    @property
    def more_rp(self) -> Rupiah:
        return Rupiah(sum(one.difference_rp for one in self.lines if one.difference_rp > 0))

    @property
    def less_rp(self) -> Rupiah:
        return Rupiah(-sum(one.difference_rp for one in self.lines if one.difference_rp < 0))


def counts(
    tx: Tx, *, states: Collection[CountState] | None = None, place_ids: Collection[UUID] | None = None,
    limit: int = MOST,
) -> tuple[CountRow, ...]:  # fmt: skip
    """Give counts, the newest first."""
    query = (
        sa.select(StockCount)
        .where(StockCount.regency_code == tx.regency_code)
        .order_by(StockCount.made_at.desc(), StockCount.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if states is not None:
        query = query.where(StockCount.state.in_(states))
    if place_ids is not None:
        query = query.where(StockCount.place_id.in_(place_ids))
    return _rows(tx, tx.session.scalars(query).all())


def count(tx: Tx, count_id: UUID) -> CountRow:
    """Give one count. Raises: NotFound."""
    found = tx.session.scalars(
        sa.select(StockCount)
        .where(StockCount.id == count_id, StockCount.regency_code == tx.regency_code)
        .execution_options(populate_existing=True)
    ).all()
    if not found:
        raise NotFound("stock_count.not_found")
    return _rows(tx, found)[0]


def sheet(tx: Tx, count_id: UUID) -> tuple[SheetLine, ...]:
    """Give the lines of a count as who counts sees them: blind, by item and batch; on a recount only what is to be
    counted again. Raises: NotFound."""
    state = count(tx, count_id).state
    rows = _lines(tx, count_id)
    is_again = state is CountState.RECOUNTING
    if is_again:
        rows = {key: row for key, row in rows.items() if row.must_recount or row.recounted_at is not None}
    known = {one.id: one for one in batches(tx, list(rows))}
    by = {key: (row.recounted_by if is_again else row.counted_by) for key, row in rows.items()}
    names = names_of(tx, [one for one in by.values() if one])
    made = [
        SheetLine(
            batch=known[key], must_recount=row.must_recount,
            counted_milli=_shown(row, is_again),
            counted_at=(None if row.must_recount else row.recounted_at) if is_again else row.counted_at,
            counted_by_name="" if is_again and row.must_recount else names.get(by[key], ""),
            is_mine_again=is_again and row.counted_by == tx.actor.id, note=row.note,
        )
        for key, row in rows.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda one: (one.batch.item.name_id, one.batch.code)))


def differences_of(tx: Tx, count_id: UUID, place_id: UUID) -> tuple[Difference, ...]:
    """Give every counted line against what the books say now of its own moment."""
    rows = {key: row for key, row in _lines(tx, count_id).items() if row.counted_at is not None}
    finals = {key: _final(row) for key, row in rows.items()}
    booked: Mapping[UUID, Milli] = booked_at(tx, place_id, {key: at for key, (_, at) in finals.items()}) if rows else {}
    kept = {key: Milli(row.booked_milli) for key, row in rows.items() if row.booked_milli is not None}
    known = {one.id: one for one in batches(tx, list(rows))}
    names = names_of(tx, [one for row in rows.values() for one in (row.counted_by, row.recounted_by) if one])
    made = []
    for key, row in rows.items():
        assert row.counted_milli is not None  # it was counted
        batch, (final, at) = known[key], finals[key]
        books = kept.get(key, booked.get(key, Milli(0)))
        difference = final - books
        worth = share_rp(abs(difference), batch.quantity_milli, batch.value_rp)
        made.append(
            Difference(
                batch_id=key, batch=batch, first_milli=Milli(row.counted_milli),
                recounted_milli=Milli(row.recounted_milli) if row.recounted_milli is not None else None,
                counted_milli=final, counted_at=at,
                counters=frozenset(one for one in (row.counted_by, row.recounted_by) if one),
                counted_by_name=names.get(row.recounted_by or row.counted_by, ""), booked_milli=books,
                difference_milli=difference, difference_rp=worth if difference > 0 else -worth, reason=row.reason,
                note=row.note,
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda one: (one.batch.item.name_id, one.batch.code)))


def is_shown(row: CountRow) -> bool:
    """Tell whether figures may be compared with the books yet: only once nothing is to be counted blindly any more."""
    if row.state is CountState.RECOUNTING:
        return row.open_lines == 0
    return row.state in (CountState.SUBMITTED, CountState.APPROVED)


def comparison(tx: Tx, count_id: UUID) -> Comparison:
    """Give the count against the books. Raises: NotFound."""
    row = count(tx, count_id)
    found = differences_of(tx, count_id, row.place.id)
    limit_rp = office(tx).approval_limit_rp
    refused = may_approve(
        actor_id=tx.actor.id, roles=tx.actor.roles, submitted_by=row.submitted_by,
        counters={by for one in found for by in one.counters},
        value_rp=sum(abs(one.difference_rp) for one in found), limit_rp=limit_rp,
    )  # fmt: skip
    return Comparison(
        row=row, lines=found, promised=_promised(tx, row, found) if row.state in OPEN else (),
        limit_rp=Rupiah(limit_rp), refused_to_me=refused,
    )  # fmt: skip


def differing_lines(tx: Tx, count_id: UUID) -> int:
    """Tell how many lines differ, without saying which: what who counts may know."""
    row = count(tx, count_id)
    return sum(1 for one in differences_of(tx, count_id, row.place.id) if one.difference_milli)


def arrived_since(tx: Tx, count_id: UUID) -> tuple[BatchView, ...]:
    """Give the batches that lie at the place by now and are not on the count: they came after it began."""
    row = count(tx, count_id)
    known = _lines(tx, count_id)
    return tuple(
        one.batch for one in batch_balances(tx, place_ids=[row.place.id]) if one.batch.id not in known
    )  # fmt: skip


def to_decide(tx: Tx) -> tuple[CountRow, ...]:
    """Give the counts that wait for the reader's decision, the oldest first; empty for who decides nothing."""
    if not may(tx.actor, "stock.approve"):
        return ()
    submitted = counts(tx, states=(CountState.SUBMITTED,))
    return tuple(one for one in reversed(submitted) if comparison(tx, one.id).refused_to_me is None)


def due(tx: Tx) -> tuple[CountRow, ...]:
    """Give the counts that should have begun by today, within the reader's right to count, the oldest first."""
    if not may(tx.actor, "stock.count"):
        return ()
    reach = tx.require("stock.count")
    planned = counts(tx, states=(CountState.PLANNED,))
    return tuple(
        one
        for one in reversed(planned)
        if one.due_on <= tx.today and (reach.has_place(one.place.id) or reach.has_place(one.place.parent_id))
    )


def last_counted(tx: Tx) -> dict[UUID, date]:
    """Give for each place the local day on which its last approved count was handed in."""
    rows = tx.session.execute(
        sa.select(StockCount.place_id, sa.func.max(StockCount.submitted_at).label("at"))
        .where(StockCount.regency_code == tx.regency_code, StockCount.state == CountState.APPROVED)
        .group_by(StockCount.place_id)
    )
    return {row.place_id: row.at.astimezone(tx.zone).date() for row in rows}


def count_of_document(tx: Tx, document_id: UUID) -> UUID | None:
    """Give the count that an adjustment of the ledger came from."""
    return tx.session.scalar(
        sa.select(StockCount.id).where(
            StockCount.document_id == document_id, StockCount.regency_code == tx.regency_code
        )
    )  # fmt: skip


def _promised(tx: Tx, row: CountRow, found: Collection[Difference]) -> tuple[Promised, ...]:
    lying = {one.batch.id: one for one in batch_balances(tx, place_ids=[row.place.id])}
    made = []
    for one in found:
        here = lying.get(one.batch_id)
        if here is None or one.difference_milli >= 0:
            continue
        left = here.on_hand_milli + one.difference_milli
        if left < here.reserved_milli:
            made.append(Promised(batch=one.batch, left_milli=Milli(max(left, 0)), reserved_milli=here.reserved_milli))
    return tuple(made)


def _shown(row: StockCountLine, is_again: bool) -> Milli | None:
    if is_again:
        kept = None if row.must_recount else row.recounted_milli
    else:
        kept = row.counted_milli
    return None if kept is None else Milli(kept)


def _final(row: StockCountLine) -> tuple[Milli, datetime]:
    if row.recounted_milli is not None and row.recounted_at is not None:
        return Milli(row.recounted_milli), row.recounted_at
    assert row.counted_milli is not None and row.counted_at is not None  # the database's own CHECK: both or none
    return Milli(row.counted_milli), row.counted_at


def _lines(tx: Tx, count_id: UUID) -> dict[UUID, StockCountLine]:
    rows = tx.session.scalars(
        sa.select(StockCountLine)
        .where(StockCountLine.count_id == count_id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return {row.batch_id: row for row in rows}


def _rows(tx: Tx, found: Collection[StockCount]) -> tuple[CountRow, ...]:
    spots = {one.id: one for one in places(tx, ids={row.place_id for row in found})}
    is_open = sa.or_(StockCountLine.counted_at.is_(None), StockCountLine.must_recount)
    is_again = sa.or_(StockCountLine.must_recount, StockCountLine.recounted_at.is_not(None))
    sums = {
        row.count_id: row
        for row in tx.session.execute(
            sa.select(
                StockCountLine.count_id,
                sa.func.count().label("lines"),
                sa.func.coalesce(sa.func.sum(sa.case((is_open, 1), else_=0)), 0).label("open_lines"),
                sa.func.coalesce(sa.func.sum(sa.case((is_again, 1), else_=0)), 0).label("again"),
            )
            .where(StockCountLine.count_id.in_([row.id for row in found]))
            .group_by(StockCountLine.count_id)
        )
    }
    return tuple(
        CountRow(
            id=row.id, code=row.code, place=spots[row.place_id], state=row.state, due_on=row.due_on,
            made_by=row.made_by, made_at=row.made_at, started_by=row.started_by, started_at=row.started_at,
            submitted_by=row.submitted_by, submitted_by_name=row.submitted_by_name, submitted_at=row.submitted_at,
            approved_by_name=row.approved_by_name, approved_at=row.approved_at, note=row.note,
            cancelled_reason=row.cancelled_reason, document_id=row.document_id,
            lines=sums[row.id].lines if row.id in sums else 0,
            open_lines=int(sums[row.id].open_lines) if row.id in sums else 0,
            again=int(sums[row.id].again) if row.id in sums else 0,
        )
        for row in found
    )  # fmt: skip
