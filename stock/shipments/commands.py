"""Goods are sent to another warehouse, arrive there whole or in parts, and what is lost on the way is accounted for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import local_day
from core.errors import Conflict, Invalid, NotFound
from core.measures import LARGEST_MILLI, Milli, print_quantity
from core.states import move
from core.work import Tx
from stock.ledger.commands import BatchLine, ItemLine, Posted, Transfer, dispatch
from stock.ledger.queries import BatchView, batches
from stock.ledger.rules import is_expired
from stock.ledger.subjects import moves_for
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, place_by_id, places, quarantine_of
from stock.shipments.models import Shipment, ShipmentLine
from stock.shipments.states import SHIPMENT_MOVES, ShipmentAct, ShipmentState

SUBJECT = "shipment"
"""Under this subject every document of a shipment stands in the books."""
ROAD_CODE = "DIJALAN"
_ROAD_NAME = "Dalam perjalanan"
_NOTHING = Milli(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendShipment:
    """``lines`` by item (earliest expiry first) or by batch; ``via_place_id`` a vehicle, else the office's road."""

    from_place_id: UUID
    to_place_id: UUID
    lines: tuple[ItemLine | BatchLine, ...]
    via_place_id: UUID | None = None
    carrier: str = ""
    """Driver and plate, as on the paper."""
    expected_on: date | None = None
    reason: str = ""
    note: str = ""
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentShipment:
    id: UUID
    posted: Posted


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedLine:
    """What of one batch is here now: whole, and damaged."""

    batch_id: UUID
    good_milli: Milli
    damaged_milli: Milli = _NOTHING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArriveShipment:
    shipment_id: UUID
    lines: tuple[ArrivedLine, ...]
    event_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """``posted`` are the documents it made: onto the shelf, and into quarantine."""

    state: ShipmentState
    posted: tuple[Posted, ...]


def send_shipment(tx: Tx, order: SendShipment) -> SentShipment:
    """Put goods of a warehouse on the road to another one; they lie on no shelf until they arrive.

    Raises: Forbidden; NotFound; Invalid for a place that is no warehouse; CannotPost; StockShort.
    """
    tx.require("stock.transfer").need_place(order.from_place_id, "place")
    source, target = place_by_id(tx, order.from_place_id), place_by_id(tx, order.to_place_id)
    for place, field in ((source, "from_place_id"), (target, "to_place_id")):
        if place.kind is not PlaceKind.WAREHOUSE:
            raise Invalid("stock.only_warehouses", field=field)
    if source.id == target.id:
        raise Invalid("shipment.same_place", field="to_place_id")
    if target.is_closed:
        raise Conflict("shipment.target_closed", place=target.name)
    at = order.event_at or tx.now
    if order.expected_on is not None and order.expected_on < local_day(at, tx.zone):
        raise Invalid("shipment.expected_before_sent", field="expected_on")
    via = _vehicle(tx, order.via_place_id)
    shipment_id = tx.new_id()
    posted = dispatch(
        tx,
        Transfer(
            from_place_id=source.id, to_place_id=via.id, lines=order.lines, event_at=at, subject=SUBJECT,
            subject_id=str(shipment_id), reason=order.reason.strip() or target.name, note=order.note.strip(),
        ),
    )  # fmt: skip
    sent: dict[UUID, int] = defaultdict(int)
    for one in posted.moves:
        sent[one.batch_id] += one.quantity_milli
    tx.session.execute(
        sa.insert(Shipment).values(
            id=shipment_id, regency_code=tx.regency_code, from_place_id=source.id, via_place_id=via.id,
            to_place_id=target.id, state=ShipmentState.SENT, carrier=order.carrier.strip(),
            expected_on=order.expected_on, note=order.note.strip(), sent_document_id=posted.document_id,
            sent_by=tx.actor.id, sent_at=at, arrived_by=None, arrived_at=None,
        )
    )  # fmt: skip
    tx.session.execute(
        sa.insert(ShipmentLine),
        [
            {
                "id": tx.new_id(), "shipment_id": shipment_id, "batch_id": batch_id, "sent_milli": milli,
                "arrived_milli": 0, "damaged_milli": 0, "lost_milli": 0, "note": "",
            }
            for batch_id, milli in sent.items()
        ],
    )  # fmt: skip
    tx.note(
        "shipment.send", SUBJECT, shipment_id, source=source.code, target=target.code, via=via.code,
        number=posted.number, lines=len(sent),
    )  # fmt: skip
    return SentShipment(id=shipment_id, posted=posted)


def arrive_shipment(tx: Tx, order: ArriveShipment) -> Arrival:
    """Book what has arrived: whole goods onto the shelf, damaged ones into quarantine; the rest stays on the road.

    A batch past its day goes into quarantine whole. May be done again for what comes later. Of several who book the
    same goods at once one does. Raises: Forbidden; NotFound; Invalid for more than is on the road, naming the batch;
    Conflict when nothing is on the road any more.
    """
    shipment = _locked(tx, order.shipment_id)
    tx.require("stock.receive").need_place(shipment.to_place_id, "place")
    if shipment.state is ShipmentState.ARRIVED:
        raise Conflict("shipment.arrived_already")
    at = order.event_at or tx.now
    if at < shipment.sent_at:
        raise Invalid("shipment.arrived_before_sent", field="event_at")
    lines = _whole_lines(order.lines)
    rest = {row.batch_id: row for row in _lines(tx, shipment.id)}
    known = {one.id: one for one in batches(tx, [line.batch_id for line in lines])}
    for line in lines:
        if line.batch_id not in rest:
            raise NotFound("shipment.batch_not_on_it", batch=str(line.batch_id))
        _check(line, rest[line.batch_id].rest_milli, known[line.batch_id])
    on = local_day(at, tx.zone)
    good: dict[UUID, int] = {}
    damaged: dict[UUID, int] = {}
    for line in lines:
        is_old = is_expired(known[line.batch_id].expires_on, on)
        good[line.batch_id] = 0 if is_old else line.good_milli
        damaged[line.batch_id] = line.damaged_milli + (line.good_milli if is_old else 0)
        _count(tx, shipment.id, line, good[line.batch_id], damaged[line.batch_id])
    shelf, aside = shipment.to_place_id, quarantine_of(tx, shipment.to_place_id).id
    posted = tuple(
        _bring(tx, shipment, target, amounts, at, order.note) for target, amounts in ((shelf, good), (aside, damaged))
        if any(amounts.values())
    )  # fmt: skip
    is_all = not any(row.rest_milli for row in _lines(tx, shipment.id))
    state = move(
        tx, Shipment, shipment.id, ShipmentAct.ARRIVE if is_all else ShipmentAct.ARRIVE_PARTLY, SHIPMENT_MOVES,
        arrived_by=tx.actor.id, arrived_at=at,
    )  # fmt: skip
    return Arrival(state=state, posted=posted)


def follow_losses(tx: Tx, shipment_id: UUID) -> ShipmentState:
    """Bring what a shipment has lost to what the books say was written off on its road; give its state.

    For whoever decides such a write-off, in the same transaction. Safe to repeat. Raises: NotFound; Conflict where
    more was written off than this shipment has on the road.
    """
    shipment = _locked(tx, shipment_id)
    lost: dict[UUID, int] = defaultdict(int)
    for one in moves_for(tx, SUBJECT, shipment_id):
        if one.source.id == shipment.via_place_id and not one.target.is_bounded:
            lost[one.batch_id] += one.quantity_milli
    for row in _lines(tx, shipment_id):
        if lost[row.batch_id] > row.lost_milli + row.rest_milli:
            raise Conflict("shipment.more_lost_than_left")
        if lost[row.batch_id] != row.lost_milli:
            tx.session.execute(
                sa.update(ShipmentLine)
                .where(ShipmentLine.shipment_id == shipment_id, ShipmentLine.batch_id == row.batch_id)
                .values(lost_milli=lost[row.batch_id])
                .execution_options(synchronize_session=False)
            )
    is_all = not any(row.rest_milli for row in _lines(tx, shipment_id))
    if is_all and shipment.state is not ShipmentState.ARRIVED:
        return move(
            tx, Shipment, shipment_id, ShipmentAct.ARRIVE, SHIPMENT_MOVES, arrived_by=tx.actor.id, arrived_at=tx.now
        )
    if not is_all and shipment.state is ShipmentState.ARRIVED:
        return move(tx, Shipment, shipment_id, ShipmentAct.REOPEN, SHIPMENT_MOVES)
    return shipment.state


# ---------------------------------------------------------------- parts of an act


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    id: UUID
    state: ShipmentState
    from_place_id: UUID
    via_place_id: UUID
    to_place_id: UUID
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    batch_id: UUID
    lost_milli: int
    rest_milli: int


def _locked(tx: Tx, shipment_id: UUID) -> _Head:
    """Keep the shipment for this transaction, so that two who book its goods wait for each other. Raises: NotFound."""
    row = tx.session.execute(
        sa.select(
            Shipment.id, Shipment.state, Shipment.from_place_id, Shipment.via_place_id, Shipment.to_place_id,
            Shipment.sent_at,
        )
        .where(Shipment.id == shipment_id, Shipment.regency_code == tx.regency_code)
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound("shipment.not_found")
    return _Head(
        id=row.id, state=row.state, from_place_id=row.from_place_id, via_place_id=row.via_place_id,
        to_place_id=row.to_place_id, sent_at=row.sent_at,
    )  # fmt: skip


def _lines(tx: Tx, shipment_id: UUID) -> list[_Row]:
    rows = tx.session.execute(
        sa.select(
            ShipmentLine.batch_id, ShipmentLine.sent_milli, ShipmentLine.arrived_milli, ShipmentLine.damaged_milli,
            ShipmentLine.lost_milli,
        ).where(ShipmentLine.shipment_id == shipment_id)
    )  # fmt: skip
    return [
        _Row(
            batch_id=row.batch_id, lost_milli=row.lost_milli,
            rest_milli=row.sent_milli - row.arrived_milli - row.damaged_milli - row.lost_milli,
        )
        for row in rows
    ]  # fmt: skip


def _whole_lines(given: tuple[ArrivedLine, ...]) -> list[ArrivedLine]:
    """Leave out lines of nothing; a batch stands once. Raises: Invalid."""
    lines = [line for line in given if line.good_milli or line.damaged_milli]
    if not lines:
        raise Invalid("shipment.nothing_arrived", field="lines")
    if len({line.batch_id for line in lines}) != len(lines):
        raise Invalid("shipment.batch_twice", field="lines")
    return lines


def _check(line: ArrivedLine, rest_milli: int, batch: BatchView) -> None:
    amounts = (line.good_milli, line.damaged_milli)
    if any(not 0 <= one <= LARGEST_MILLI for one in amounts):
        raise Invalid("stock.quantity_out_of_range", field="quantity")
    if sum(amounts) > rest_milli:
        unit = batch.item.base_unit
        raise Invalid(
            "shipment.more_than_on_the_road", field=f"good-{batch.id}", item=batch.item.name_id, batch=batch.code,
            here=print_quantity(sum(amounts), unit), rest=print_quantity(rest_milli, unit),
        )  # fmt: skip


def _count(tx: Tx, shipment_id: UUID, line: ArrivedLine, good: int, damaged: int) -> None:
    """Add what has arrived to its line, guarded: never more than was sent. Raises: Conflict."""
    also = {"note": line.note.strip()} if line.note.strip() else {}
    done = tx.session.execute(
        sa.update(ShipmentLine)
        .where(
            ShipmentLine.shipment_id == shipment_id, ShipmentLine.batch_id == line.batch_id,
            ShipmentLine.arrived_milli + ShipmentLine.damaged_milli + ShipmentLine.lost_milli + good + damaged
            <= ShipmentLine.sent_milli,
        )
        .values(
            arrived_milli=ShipmentLine.arrived_milli + good, damaged_milli=ShipmentLine.damaged_milli + damaged, **also
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("shipment.moved_meanwhile")


def _bring(tx: Tx, shipment: _Head, target: UUID, amounts: Mapping[UUID, int], at: datetime, note: str) -> Posted:
    return dispatch(
        tx,
        Transfer(
            from_place_id=shipment.via_place_id, to_place_id=target, event_at=at, subject=SUBJECT,
            subject_id=str(shipment.id), reason=place_by_id(tx, shipment.from_place_id).name, note=note.strip(),
            lines=tuple(
                BatchLine(batch_id=batch_id, quantity_milli=Milli(milli))
                for batch_id, milli in amounts.items() if milli
            ),
        ),
    )  # fmt: skip


def _vehicle(tx: Tx, place_id: UUID | None) -> PlaceView:
    if place_id is None:
        return _road(tx)
    found = place_by_id(tx, place_id)
    if found.kind is not PlaceKind.VEHICLE:
        raise Invalid("shipment.not_a_vehicle", field="via_place_id")
    return found


def _road(tx: Tx) -> PlaceView:
    """Give the office's road, made when first used; of two who make it at once one does."""
    if (known := _known_road(tx)) is not None:
        return known
    try:
        with tx.savepoint():
            add_place(tx, AddPlace(kind=PlaceKind.VEHICLE, code=ROAD_CODE, name=_ROAD_NAME))
    except (Conflict, IntegrityError):
        # Another made it meanwhile; or the code is some other place's, which nobody can mend but the office.
        pass
    if (known := _known_road(tx)) is None:
        raise Conflict("shipment.road_code_taken", place=ROAD_CODE)
    return known


def _known_road(tx: Tx) -> PlaceView | None:
    return next((one for one in places(tx, kinds=(PlaceKind.VEHICLE,)) if one.code == ROAD_CODE), None)


__all__ = [
    "SUBJECT",
    "Arrival",
    "ArriveShipment",
    "ArrivedLine",
    "BatchLine",
    "ItemLine",
    "SendShipment",
    "SentShipment",
    "arrive_shipment",
    "follow_losses",
    "send_shipment",
]
