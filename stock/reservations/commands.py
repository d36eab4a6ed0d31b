"""Promises: made all or nothing, ended exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli
from core.work import Tx
from stock.items.queries import item_facts
from stock.ledger.kinds import ReleaseCondition
from stock.ledger.posting import (
    Act,
    CannotPost,
    Ground,
    Posted,
    Problem,
    Step,
    check_step,
    give_back,
    lots,
    post,
    promise,
    tell_short,
)
from stock.ledger.queries import batches
from stock.ledger.rules import NO_CONDITION, Want, document_kind, pick
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, places
from stock.reservations.models import Reservation
from stock.reservations.states import RESERVATION_MOVES, ReservationAct, ReservationState

MOST_LINES = 20_000
RESERVED_AT = frozenset({PlaceKind.WAREHOUSE, PlaceKind.POST})
"""What lies in quarantine or on a vehicle is promised to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLine:
    group_key: str
    """What leaves together (a post's day); ``use_reservations`` takes it by this key."""
    place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    usable_on: date | None = None
    """The day it will be handed out: batches past their day by then are not taken. The day before the end if None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStock:
    lines: tuple[ReserveLine, ...]
    purpose: str
    purpose_id: UUID
    ends_on: date
    """The last local day on which it is kept (a round's last day + 1)."""
    met: frozenset[ReleaseCondition] = NO_CONDITION
    """The release conditions that hold; batches under another are as if they were not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedLine:
    reservation_id: UUID
    group_key: str
    place_id: UUID
    item_id: UUID
    batch_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class UseReservations:
    """Load what was promised to a group, from one place of it or from all, to where it goes."""

    purpose: str
    purpose_id: UUID
    group_key: str
    to_place_id: UUID
    from_place_id: UUID | None = None
    event_at: datetime | None = None
    note: str = ""
    number: str | None = None
    met: frozenset[ReleaseCondition] = NO_CONDITION
    """The release conditions that hold when it leaves: a decree may have ended since it was promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    item_id: UUID
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePart:
    """So much of each item, of what is promised to one group."""

    purpose: str
    purpose_id: UUID
    group_key: str
    lines: tuple[ReleaseLine, ...]
    reason: str


def reserve(tx: Tx, order: ReserveStock) -> tuple[ReservedLine, ...]:
    """Promise stock to a purpose, earliest expiry first: all of it or nothing.

    Wants of one (place, item) are one demand. Raises: Invalid; NotFound; CannotPost when a quantity is not a whole
    number of the item's steps; StockShort with every place and item that is short.
    """
    wants = wants_of(tx, order)
    ground = Ground(tx)
    shelf = lots(ground, wants)
    picks, short = pick(wants, shelf)
    if short:
        raise tell_short(ground, short)
    promise(tx, _summed(picks))
    summed: dict[tuple[str, UUID, UUID, UUID], int] = defaultdict(int)
    for one in picks:
        summed[one.group, one.place_id, one.item_id, one.batch_id] += one.quantity_milli
    made = tuple(
        ReservedLine(
            reservation_id=tx.new_id(), group_key=key[0], place_id=key[1], item_id=key[2], batch_id=key[3],
            quantity_milli=Milli(quantity),
        )
        for key, quantity in summed.items()
    )  # fmt: skip
    tx.session.execute(
        sa.insert(Reservation),
        [
            {
                "id": one.reservation_id, "regency_code": tx.regency_code, "place_id": one.place_id,
                "batch_id": one.batch_id, "quantity_milli": one.quantity_milli, "purpose": order.purpose,
                "purpose_id": order.purpose_id, "group_key": one.group_key, "state": ReservationState.OPEN,
                "ends_on": order.ends_on, "made_at": tx.now, "ended_at": None, "document_id": None,
            }
            for one in made
        ],
    )  # fmt: skip
    tx.note(
        "reservation.make", order.purpose, order.purpose_id, reservations=len(made), ends_on=order.ends_on.isoformat()
    )
    return made


def use_reservations(tx: Tx, order: UseReservations) -> Posted:
    """Load what was promised to a group: the promise ends and the goods move, in one act.

    Raises: NotFound("reservation.nothing_open") when nothing is promised (any more); CannotPost, e.g. for a batch that
    has passed its day since (release and reserve anew).
    """
    rows = _end(
        tx, ReservationAct.USE, purpose=order.purpose, purpose_id=order.purpose_id, group_key=order.group_key,
        place_id=order.from_place_id,
    )  # fmt: skip
    if not rows:
        raise NotFound("reservation.nothing_open", group=order.group_key)
    target = place_by_id(tx, order.to_place_id)
    source = place_by_id(tx, rows[0].place_id)
    posted = post(
        tx,
        Act(
            kind=document_kind(source.kind, target.kind), event_at=order.event_at or tx.now, subject=order.purpose,
            subject_id=str(order.purpose_id), note=order.note, number=order.number, met=order.met,
        ),
        [
            Step(
                from_place_id=place_id, to_place_id=order.to_place_id, batch_id=batch_id, quantity_milli=quantity,
                reserved_milli=quantity,
            )
            for (place_id, batch_id), quantity in sorted(_summed(rows).items())
        ],
    )  # fmt: skip
    tx.session.execute(
        sa.update(Reservation)
        .where(Reservation.id.in_([row.id for row in rows]))
        .values(document_id=posted.document_id)
        .execution_options(synchronize_session=False)
    )
    return posted


def release(tx: Tx, purpose: str, purpose_id: UUID, group_key: str | None = None, *, reason: str = "") -> int:
    """Give back what is still promised to a purpose, or to one group of it; gives how many promises ended."""
    rows = _end(tx, ReservationAct.RELEASE, purpose=purpose, purpose_id=purpose_id, group_key=group_key)
    give_back(tx, _summed(rows))
    if rows:
        tx.note("reservation.release", purpose, purpose_id, reason=reason, reservations=len(rows), group=group_key)
    return len(rows)


def release_part(tx: Tx, order: ReleasePart) -> Milli:
    """Give back part of what is still promised to a group, and tell how much of it was still promised.

    What has left is promised no more and stays where it is. A promise is never made smaller: it ends, and what is left
    of it is promised anew in the same act. Latest expiry goes back first, as the earliest is used first. Callers of one
    purpose wait for each other beforehand (a round is locked): a second one would not see what was promised anew.
    """
    rows = tx.session.execute(
        sa.select(*Reservation.__table__.columns).where(
            Reservation.regency_code == tx.regency_code, Reservation.state == ReservationState.OPEN,
            Reservation.purpose == order.purpose, Reservation.purpose_id == order.purpose_id,
            Reservation.group_key == order.group_key,
        ).order_by(Reservation.id).with_for_update()
    ).all()  # fmt: skip
    known = {batch.id: batch for batch in batches(tx, {row.batch_id for row in rows})}
    left = {line.item_id: int(line.quantity_milli) for line in order.lines}
    back: dict[tuple[UUID, UUID], int] = defaultdict(int)
    ended: list[UUID] = []
    kept: list[dict[str, object]] = []
    for row in sorted(rows, key=lambda row: (known[row.batch_id].expires_on or date.max, row.id), reverse=True):
        item_id = known[row.batch_id].item.id
        part = min(left.get(item_id, 0), row.quantity_milli)
        if not part:
            continue
        left[item_id] -= part
        back[row.place_id, row.batch_id] += part
        ended.append(row.id)
        if part < row.quantity_milli:
            kept.append({**row._mapping, "id": tx.new_id(), "quantity_milli": row.quantity_milli - part})
    if not ended:
        return Milli(0)
    done = tx.session.execute(
        sa.update(Reservation)
        .where(Reservation.id.in_(ended), Reservation.state == ReservationState.OPEN)
        .values(state=RESERVATION_MOVES[ReservationState.OPEN, ReservationAct.RELEASE], ended_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(ended):  # type: ignore[attr-defined]
        raise Conflict("reservation.moved_meanwhile")
    if kept:
        tx.session.execute(sa.insert(Reservation), kept)
    give_back(tx, back)
    tx.note(
        "reservation.release", order.purpose, order.purpose_id, reason=order.reason, reservations=len(ended),
        group=order.group_key, is_part=True,
    )  # fmt: skip
    return Milli(sum(back.values()))


def expire_reservations(tx: Tx) -> int:
    """End every promise of the office whose last day has passed; gives how many ended. Safe to run twice."""
    rows = _end(tx, ReservationAct.EXPIRE, before=tx.today)
    give_back(tx, _summed(rows))
    by_purpose: dict[tuple[str, UUID], int] = defaultdict(int)
    for row in rows:
        by_purpose[row.purpose, row.purpose_id] += 1
    for (purpose, purpose_id), count in sorted(by_purpose.items()):
        tx.note("reservation.expire", purpose, purpose_id, reservations=count)
    return len(rows)


def wants_of(tx: Tx, order: ReserveStock) -> tuple[Want, ...]:
    """Check an order and give what it asks of the shelves. Raises: Invalid, NotFound, CannotPost."""
    if not order.lines:
        raise Invalid("stock.nothing_to_do", field="lines")
    if len(order.lines) > MOST_LINES:
        raise Invalid("stock.too_many_lines", field="lines", most=MOST_LINES)
    if order.ends_on < tx.today:
        raise Invalid("reservation.ended", field="ends_on", ends_on=order.ends_on.isoformat())
    spots = {place.id: place for place in places(tx, ids={line.place_id for line in order.lines})}
    goods = item_facts(tx, {line.item_id for line in order.lines})
    problems: list[Problem] = []
    for line in order.lines:
        if line.place_id not in spots:
            raise NotFound("place.not_found", place=str(line.place_id))
        if spots[line.place_id].kind not in RESERVED_AT:
            raise Invalid("reservation.not_from_here", field="place_id", place=spots[line.place_id].name)
        if not 1 <= line.quantity_milli <= LARGEST_MILLI:
            raise Invalid("stock.quantity_out_of_range", field="quantity", item=goods[line.item_id].name_id)
        problem = check_step(goods[line.item_id], line.quantity_milli)
        if problem and problem not in problems:
            problems.append(problem)
    if problems:
        raise CannotPost(problems)
    return tuple(
        Want(
            group=line.group_key, place_id=line.place_id, item_id=line.item_id, quantity_milli=line.quantity_milli,
            usable_on=line.usable_on or max(order.ends_on - timedelta(days=1), tx.today), met=order.met,
        )
        for line in order.lines
    )  # fmt: skip


def _summed(rows: Sequence[Any]) -> dict[tuple[UUID, UUID], int]:
    summed: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for row in rows:
        summed[row.place_id, row.batch_id] += row.quantity_milli
    return summed


def _end(
    tx: Tx, act: ReservationAct, *, purpose: str | None = None, purpose_id: UUID | None = None,
    group_key: str | None = None, place_id: UUID | None = None, before: date | None = None,
) -> Sequence[Any]:  # fmt: skip
    """End open promises by one act and give them; one guarded UPDATE, so each ends once whoever asks twice.

    In bulk and therefore not by ``core.states.move``; the steps it may take are the same table's.
    """
    guards = [Reservation.regency_code == tx.regency_code, Reservation.state == ReservationState.OPEN]
    if purpose is not None:
        guards.append(Reservation.purpose == purpose)
    if purpose_id is not None:
        guards.append(Reservation.purpose_id == purpose_id)
    if group_key is not None:
        guards.append(Reservation.group_key == group_key)
    if place_id is not None:
        guards.append(Reservation.place_id == place_id)
    if before is not None:
        guards.append(Reservation.ends_on < before)
    # Two enders lock the same rows in the same order; the second finds none of them open.
    found = tx.session.execute(
        sa.select(
            Reservation.id, Reservation.place_id, Reservation.batch_id, Reservation.quantity_milli,
            Reservation.purpose, Reservation.purpose_id,
        ).where(*guards).order_by(Reservation.id).with_for_update()
    ).all()  # fmt: skip
    if not found:
        return found
    done = tx.session.execute(
        sa.update(Reservation)
        .where(Reservation.id.in_([row.id for row in found]), Reservation.state == ReservationState.OPEN)
        .values(state=RESERVATION_MOVES[ReservationState.OPEN, act], ended_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(found):  # type: ignore[attr-defined]
        raise Conflict("reservation.moved_meanwhile")
    return found


__all__ = [
    "ReleaseLine",
    "ReleasePart",
    "ReserveLine",
    "ReserveStock",
    "ReservedLine",
    "UseReservations",
    "expire_reservations",
    "release",
    "release_part",
    "reserve",
    "use_reservations",
    "wants_of",
]
