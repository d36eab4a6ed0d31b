"""The books proved against themselves. Finds and tells; never repairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.work import Tx
from stock.ledger.kinds import Flag
from stock.ledger.models import Balance, BalanceDay, BalanceMonth, Batch, CountMark, Move
from stock.places.kinds import UNBOUNDED
from stock.places.queries import places


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofProblem:
    """``invariant`` is the number in the promises (L1 …); ``where`` names the row, ``found`` what is wrong."""

    invariant: str
    where: str
    found: str


def ledger_problems(tx: Tx) -> Iterator[ProofProblem]:
    """Recompute L1 (balances and days are sums of moves, each batch closes to zero, counts stand), L2 (also for every
    past day), L3 and L5 for the office."""
    yield from _sums(tx)
    yield from _days(tx)
    yield from _past(tx)
    yield from _counts(tx)
    yield from _closed(tx)
    yield from _bounds(tx)
    yield from _whole(tx)
    yield from _reversals(tx)


def reserved_sums(tx: Tx) -> dict[tuple[UUID, UUID], int]:
    """Give what the balances say is reserved, by (place, batch)."""
    rows = tx.session.execute(
        sa.select(Balance.place_id, Balance.batch_id, Balance.reserved_milli)
        .join(Batch, Batch.id == Balance.batch_id)
        .where(Batch.regency_code == tx.regency_code, Balance.reserved_milli != 0)
    )
    return {(row.place_id, row.batch_id): row.reserved_milli for row in rows}


def count_balances(tx: Tx) -> int:
    """Tell how many (place, batch) there are to prove."""
    count = tx.session.scalar(
        sa.select(sa.func.count())
        .select_from(Balance)
        .join(Batch, Batch.id == Balance.batch_id)
        .where(Batch.regency_code == tx.regency_code)
    )
    return count or 0


def _sums(tx: Tx) -> Iterator[ProofProblem]:
    ours = Move.regency_code == tx.regency_code
    moves_in = sa.select(Move.to_place_id.label("place_id"), Move.batch_id, Move.quantity_milli.label("milli"),
                         Move.value_rp.label("rp")).where(ours)  # fmt: skip
    moves_out = sa.select(Move.from_place_id, Move.batch_id, -Move.quantity_milli, -Move.value_rp).where(ours)
    cached = (
        sa.select(Balance.place_id, Balance.batch_id, -Balance.on_hand_milli, -Balance.value_rp)
        .join(Batch, Batch.id == Balance.batch_id)
        .where(Batch.regency_code == tx.regency_code)
    )
    rows = sa.union_all(moves_in, moves_out, cached).subquery()
    wrong = (
        sa.select(rows.c.place_id, rows.c.batch_id, sa.func.sum(rows.c.milli).label("milli"),
                  sa.func.sum(rows.c.rp).label("rp"))
        .group_by(rows.c.place_id, rows.c.batch_id)
        .having(sa.or_(sa.func.sum(rows.c.milli) != 0, sa.func.sum(rows.c.rp) != 0))
        .order_by(rows.c.place_id, rows.c.batch_id)
    )  # fmt: skip
    for row in tx.session.execute(wrong):
        yield ProofProblem(
            invariant="L1", where=f"balance {row.place_id} {row.batch_id}",
            found=f"moves minus balance: {int(row.milli)} milli, {int(row.rp)} rupiah",
        )  # fmt: skip


def _days(tx: Tx) -> Iterator[ProofProblem]:
    ours = Move.regency_code == tx.regency_code
    moves_in = sa.select(Move.to_place_id.label("place_id"), Move.batch_id, Move.event_on,
                         Move.quantity_milli.label("milli"), Move.value_rp.label("rp")).where(ours)  # fmt: skip
    moves_out = sa.select(Move.from_place_id, Move.batch_id, Move.event_on, -Move.quantity_milli, -Move.value_rp).where(
        ours
    )
    kept = (
        sa.select(BalanceDay.place_id, BalanceDay.batch_id, BalanceDay.event_on, -BalanceDay.change_milli,
                  -BalanceDay.change_rp)
        .join(Batch, Batch.id == BalanceDay.batch_id)
        .where(Batch.regency_code == tx.regency_code)
    )  # fmt: skip
    rows = sa.union_all(moves_in, moves_out, kept).subquery()
    yield from _months(tx)
    wrong = (
        sa.select(rows.c.place_id, rows.c.batch_id, rows.c.event_on)
        .group_by(rows.c.place_id, rows.c.batch_id, rows.c.event_on)
        .having(sa.or_(sa.func.sum(rows.c.milli) != 0, sa.func.sum(rows.c.rp) != 0))
        .order_by(rows.c.place_id, rows.c.batch_id, rows.c.event_on)
    )
    for row in tx.session.execute(wrong):
        yield ProofProblem(
            invariant="L1", where=f"balance_day {row.place_id} {row.batch_id} {row.event_on}",
            found="the day is not the sum of its moves",
        )  # fmt: skip


def _months(tx: Tx) -> Iterator[ProofProblem]:
    days: dict[tuple[UUID, UUID, date], list[int]] = defaultdict(lambda: [0, 0])
    for table, on, sign in ((BalanceDay, BalanceDay.event_on, 1), (BalanceMonth, BalanceMonth.first_on, -1)):
        rows = tx.session.execute(
            sa.select(table.place_id, table.batch_id, on, table.change_milli, table.change_rp)
            .join(Batch, Batch.id == table.batch_id)
            .where(Batch.regency_code == tx.regency_code)
        )
        for place_id, batch_id, day, milli, rp in rows:
            found = days[place_id, batch_id, day.replace(day=1)]
            found[0] += sign * milli
            found[1] += sign * rp
    for (place_id, batch_id, month), changes in sorted(days.items()):
        if any(changes):
            yield ProofProblem(
                invariant="L1", where=f"balance_month {place_id} {batch_id} {month}",
                found="the month is not the sum of its days",
            )  # fmt: skip


def _past(tx: Tx) -> Iterator[ProofProblem]:
    """No closing balance of any past day is below nothing, but where a fact was booked early and says so."""
    running = (
        sa.select(
            BalanceDay.place_id, BalanceDay.batch_id, BalanceDay.event_on,
            sa.func.sum(BalanceDay.change_milli)
            .over(partition_by=(BalanceDay.place_id, BalanceDay.batch_id), order_by=BalanceDay.event_on)
            .label("closing"),
        )
        .join(Balance, sa.and_(Balance.place_id == BalanceDay.place_id, Balance.batch_id == BalanceDay.batch_id))
        .join(Batch, Batch.id == BalanceDay.batch_id)
        .where(Batch.regency_code == tx.regency_code, Balance.is_bounded)
        .subquery()
    )  # fmt: skip
    early = sa.exists().where(
        Move.from_place_id == running.c.place_id, Move.batch_id == running.c.batch_id,
        Move.flag.in_((Flag.EARLY, Flag.EXPIRED)), Move.event_on <= running.c.event_on,
    )  # fmt: skip
    for row in tx.session.execute(sa.select(running).where(running.c.closing < 0, sa.not_(early))):
        yield ProofProblem(
            invariant="L2", where=f"balance_day {row.place_id} {row.batch_id} {row.event_on}",
            found=f"closing balance {row.closing}",
        )  # fmt: skip


def _counts(tx: Tx) -> Iterator[ProofProblem]:
    """Each count stands: what had happened by its moment sums to what was counted."""
    sums = []
    for column, sign in ((Move.to_place_id, 1), (Move.from_place_id, -1)):
        sums.append(
            sa.select(sa.func.coalesce(sa.func.sum(sign * Move.quantity_milli), 0))
            .where(
                column == CountMark.place_id, Move.batch_id == CountMark.batch_id,
                Move.event_at <= CountMark.counted_at,
            )
            .scalar_subquery()
        )  # fmt: skip
    booked = sums[0] + sums[1]
    rows = tx.session.execute(
        sa.select(CountMark.place_id, CountMark.batch_id, CountMark.counted_at, CountMark.counted_milli, booked)
        .where(CountMark.regency_code == tx.regency_code, booked != CountMark.counted_milli)
        .order_by(CountMark.counted_at)
    )  # fmt: skip
    for place_id, batch_id, counted_at, counted, found in rows:
        yield ProofProblem(
            invariant="L1", where=f"count_mark {place_id} {batch_id} {counted_at}",
            found=f"counted {counted}, booked {int(found)} milli",
        )  # fmt: skip


def _closed(tx: Tx) -> Iterator[ProofProblem]:
    wrong = (
        sa.select(Balance.batch_id, sa.func.sum(Balance.on_hand_milli), sa.func.sum(Balance.value_rp))
        .join(Batch, Batch.id == Balance.batch_id)
        .where(Batch.regency_code == tx.regency_code)
        .group_by(Balance.batch_id)
        .having(sa.or_(sa.func.sum(Balance.on_hand_milli) != 0, sa.func.sum(Balance.value_rp) != 0))
    )
    for batch_id, milli, rp in tx.session.execute(wrong):
        yield ProofProblem(
            invariant="L1", where=f"batch {batch_id}", found=f"all places sum to {int(milli)} milli, {int(rp)} rupiah"
        )


def _bounds(tx: Tx) -> Iterator[ProofProblem]:
    ends = [place.id for place in places(tx, kinds=UNBOUNDED)]
    is_end = Balance.place_id.in_(ends)
    wrong = (
        sa.select(Balance)
        .join(Batch, Batch.id == Balance.batch_id)
        .where(
            Batch.regency_code == tx.regency_code,
            sa.or_(
                sa.and_(is_end, Balance.is_bounded),
                sa.and_(sa.not_(is_end), sa.not_(Balance.is_bounded)),
                sa.and_(
                    sa.not_(is_end),
                    sa.or_(
                        Balance.on_hand_milli < 0,
                        Balance.reserved_milli > Balance.on_hand_milli,
                        Balance.value_rp < 0,
                        sa.and_(Balance.on_hand_milli == 0, Balance.value_rp != 0),
                    ),
                ),
                Balance.reserved_milli < 0,
                sa.and_(is_end, Balance.reserved_milli != 0),
            ),
        )
        .execution_options(populate_existing=True)
    )
    for row in tx.session.scalars(wrong):
        yield ProofProblem(
            invariant="L2", where=f"balance {row.place_id} {row.batch_id}",
            found=f"on hand {row.on_hand_milli}, reserved {row.reserved_milli}, {row.value_rp} rupiah, "
                  f"bounded {row.is_bounded}",
        )  # fmt: skip


def _whole(tx: Tx) -> Iterator[ProofProblem]:
    wrong = sa.select(Move.id, Move.quantity_milli).where(
        Move.regency_code == tx.regency_code,
        sa.or_(Move.quantity_milli < 1, Move.value_rp < 0, Move.from_place_id == Move.to_place_id),
    )
    for row in tx.session.execute(wrong):
        yield ProofProblem(invariant="L3", where=f"move {row.id}", found=f"quantity {row.quantity_milli}")


def _reversals(tx: Tx) -> Iterator[ProofProblem]:
    first = sa.orm.aliased(Move)
    wrong = (
        sa.select(Move.id, Move.reverses_id)
        .join(first, first.id == Move.reverses_id)
        .where(
            Move.regency_code == tx.regency_code,
            sa.or_(
                Move.from_place_id != first.to_place_id,
                Move.to_place_id != first.from_place_id,
                Move.batch_id != first.batch_id,
                Move.quantity_milli != first.quantity_milli,
                first.reverses_id.is_not(None),
            ),
        )
    )
    for row in tx.session.execute(wrong):
        yield ProofProblem(invariant="L5", where=f"move {row.id}", found=f"is no mirror of move {row.reverses_id}")
    twice = (
        sa.select(Move.reverses_id, sa.func.count())
        .where(Move.regency_code == tx.regency_code, Move.reverses_id.is_not(None))
        .group_by(Move.reverses_id)
        .having(sa.func.count() > 1)
    )
    for reversed_id, count in tx.session.execute(twice):
        yield ProofProblem(invariant="L5", where=f"move {reversed_id}", found=f"reversed {count} times")
