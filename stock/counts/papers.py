"""What the papers of a count say: the sheet that people carry along the shelves, and the minutes of what they found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.errors import Conflict, NotFound
from core.i18n import say
from core.measures import MILLI
from core.work import Tx
from stock.counts.models import StockCount, StockCountLine
from stock.counts.states import CountState
from stock.ledger.kinds import AdjustmentReason, LossReason
from stock.ledger.papers import (
    IssuePaper,
    PaperHead,
    PaperName,
    PaperNames,
    PaperSigner,
    head_of,
    issue_paper,
    officials,
    price_of,
    variant_of,
)
from stock.ledger.queries import BatchView, batch_balances, batches, stock_document
from stock.ledger.rules import share_rp
from stock.places.queries import place_by_id

MINUTES = "BASO"
SUBJECT = "stock_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPaperLine:
    """One batch as counted and as the books had it at that moment. ``counted_milli`` is None where nobody counted."""

    item: str
    variant: str
    unit: str
    batch: str
    funding: str
    expires_on: date | None
    booked_milli: int
    counted_milli: int | None
    unit_price_rp: int | None
    value_rp: int
    """What the counted quantity is worth by the batch's price."""
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFacts:
    """A berita acara stock opname but for the persons."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    code: str
    place: str
    place_address: str
    counted_on: date
    """The local day of the last line's count: the minutes speak of the stock on that day."""
    approved_at: datetime
    is_blind: bool
    adjustment_no: str
    """The number of the adjustment it led to; empty where shelf and books agreed."""
    note: str
    lines: tuple[CountPaperLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSheetLine:
    item: str
    variant: str
    unit: str
    batch: str
    funding: str
    expires_on: date | None
    booked_milli: int | None
    """What the books say; None where whoever counts is not to see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSheet:
    """A sheet to write on; it is a working paper and is not issued."""

    head: PaperHead
    count_id: UUID
    code: str
    place: str
    place_address: str
    due_on: date
    printed_at: datetime
    is_blind: bool
    lines: tuple[CountSheetLine, ...]


def count_place(tx: Tx, count_id: UUID) -> UUID:
    """Give the place a count is of. Raises: NotFound."""
    return _count(tx, count_id).place_id


def issue_count_minutes(tx: Tx, count_id: UUID) -> UUID:
    """Issue the berita acara of an approved count, and give its id; a count has one.

    Raises: NotFound; Conflict("stock_paper.count_not_approved").
    """
    count = _count(tx, count_id, is_held=True)
    if count.state is not CountState.APPROVED or count.approved_at is None:
        raise Conflict("stock_paper.count_not_approved", state=say(count.state.label, "id"))
    facts, persons = count_minutes(tx, count, count.approved_at)
    return issue_paper(
        tx,
        IssuePaper(
            kind=MINUTES, number=None, subject=SUBJECT, subject_id=count.id,
            title=f"Stock opname {count.code} {facts.place}", day=tx.today, facts=facts, persons=persons,
            place_id=count.place_id,
        ),
    )  # fmt: skip


def count_minutes(tx: Tx, count: StockCount, approved_at: datetime) -> tuple[CountFacts, PaperNames]:
    """Give what the minutes of an approved count say, in the order in which the shelf is walked."""
    rows = _lines(tx, count.id)
    goods = {one.id: one for one in batches(tx, [row.batch_id for row in rows])}
    rows.sort(key=lambda row: _order(goods[row.batch_id]))
    place, names = place_by_id(tx, count.place_id), officials(tx)
    moments = [at for row in rows for at in (row.recounted_at or row.counted_at,) if at is not None]
    facts = CountFacts(
        head=head_of(tx), code=count.code, place=place.name, place_address=place.address,
        counted_on=local_day(max(moments, default=approved_at), tx.zone), approved_at=approved_at,
        is_blind=count.is_blind, note=count.note,
        adjustment_no=(stock_document(tx, count.document_id).number or "") if count.document_id else "",
        lines=tuple(_line(goods[row.batch_id], row) for row in rows),
        signers=(
            PaperSigner(caption="Yang menghitung,", position="Petugas penghitung"),
            PaperSigner(caption="Pengurus Barang,", position=names.warehouse.position or "Pengurus Barang"),
            PaperSigner(caption="Mengetahui,", position=names.head.position or "Kepala Dinas Sosial"),
        ),
    )  # fmt: skip
    persons = PaperNames(
        signers=(PaperName(name=count.submitted_by_name), names.warehouse.name, names.head.name),
        others=(count.approved_by_name,),
    )
    return facts, persons


def count_sheet(tx: Tx, count_id: UUID) -> CountSheet:
    """Give the sheet for counting: every batch of the count, else what lies at its place. Raises: NotFound."""
    count = _count(tx, count_id)
    place = place_by_id(tx, count.place_id)
    lying = {one.batch.id: one.on_hand_milli for one in batch_balances(tx, place_ids=[count.place_id])}
    wanted = [row.batch_id for row in _lines(tx, count.id)] or list(lying)
    return CountSheet(
        head=head_of(tx), count_id=count.id, code=count.code, place=place.name, place_address=place.address,
        due_on=count.due_on, printed_at=tx.now, is_blind=count.is_blind,
        lines=tuple(
            CountSheetLine(
                item=one.item.name_id, variant=variant_of(one), unit=one.item.base_unit, batch=one.code,
                funding=say(one.funding_source.label, "id"), expires_on=one.expires_on,
                booked_milli=None if count.is_blind else lying.get(one.id, 0),
            )
            for one in sorted(batches(tx, wanted), key=_order)
        ),
    )  # fmt: skip


def _count(tx: Tx, count_id: UUID, *, is_held: bool = False) -> StockCount:
    query = sa.select(StockCount).where(StockCount.id == count_id, StockCount.regency_code == tx.regency_code)
    found = tx.session.scalar(query.with_for_update() if is_held else query)
    if found is None:
        raise NotFound("stock_count.not_found", count=str(count_id))
    return found


def _lines(tx: Tx, count_id: UUID) -> list[StockCountLine]:
    return list(tx.session.scalars(sa.select(StockCountLine).where(StockCountLine.count_id == count_id)))


def _order(one: BatchView) -> tuple[str, bool, date, str]:
    return (one.item.name_id.casefold(), one.expires_on is None, one.expires_on or date.min, one.code)


def _line(batch: BatchView, row: StockCountLine) -> CountPaperLine:
    counted = row.recounted_milli if row.recounted_milli is not None else row.counted_milli
    price = price_of(batch)
    # The price is for one whole unit; where there is none, the share of what the whole batch is worth.
    worth = (price * (counted or 0)) // MILLI if price is not None else (
        share_rp(counted or 0, batch.quantity_milli, batch.value_rp))  # fmt: skip
    return CountPaperLine(
        item=batch.item.name_id, variant=variant_of(batch), unit=batch.item.base_unit, batch=batch.code,
        funding=say(batch.funding_source.label, "id"), expires_on=batch.expires_on,
        booked_milli=row.booked_milli or 0, counted_milli=counted, unit_price_rp=price, value_rp=worth,
        reason=_why(row.reason), note=row.note,
    )  # fmt: skip


def _why(reason: str) -> str:
    """Say why a line differs; words that are neither the ledger's nor a loss's are people's own."""
    for kind in (AdjustmentReason, LossReason):
        if reason in {one.value for one in kind}:
            return say(kind(reason).label, "id")
    return reason
