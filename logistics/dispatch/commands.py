"""Posts are opened and closed; what was reserved for a post and day is sent there in one act, with its paper."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.clock import local_day
from core.documents.commands import IssueDocument, issue_document
from core.errors import Conflict, Invalid, NotFound
from core.measures import print_day
from core.office.queries import office, signatory
from core.states import move
from core.work import Tx
from logistics.dispatch.models import DispatchLoad, DispatchLoadLine, Post, PostClosedDay, PostSlot
from logistics.dispatch.queries import LoadPaper, LoadPaperLine, LoadPersons, post_by_id
from logistics.dispatch.states import POST_MOVES, LoadState, PostAct, PostState
from logistics.packages.commands import load_packages, lock_round
from logistics.packages.queries import has_open_packages_at, round_by_id
from logistics.packages.states import RoundState
from logistics.planning.commands import PURPOSE, group_key
from logistics.planning.hours import capacity_of, check_slots, written
from logistics.planning.rules import Slot
from stock.ledger.queries import stock_document
from stock.places.commands import AddPlace, add_place
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id
from stock.reservations.commands import UseReservations, use_reservations
from stock.reservations.queries import reservations

KIND = "SJ"
SUBJECT = "dispatch_load"
MOST_PER_DAY = 1_000_000
MOST_REASON = 200
WEEKDAYS = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPost:
    """A new place where households are served; ``opening`` is what people are told (hours, where exactly)."""

    code: str
    name: str
    capacity_per_day: int
    village_code: str | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    address: str = ""
    opening: str = ""
    slots: tuple[Slot, ...] = ()
    """Its hours; where there are any, what they serve together is the capacity of a day."""
    closed_weekdays: tuple[int, ...] = ()
    """1 Monday to 7 Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePost:
    """What a post can do from the next plan on: all of it is said again."""

    post_id: UUID
    capacity_per_day: int
    opening: str
    slots: tuple[Slot, ...] = ()
    closed_weekdays: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDay:
    """A single day on which a post does not serve."""

    post_id: UUID
    day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendToPost:
    """Everything one warehouse keeps for a post and day, on one vehicle. ``sent_at`` is now when nothing is said."""

    round_id: UUID
    post_id: UUID
    serve_on: date
    warehouse_id: UUID
    vehicle: str
    plate: str = ""
    driver: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    load_id: UUID
    document_id: UUID
    """The surat jalan among the issued papers."""
    stock_document_id: UUID
    number: str
    packages: int
    """Packages that are complete at the post now; 0 while another warehouse still owes its part."""


def open_post(tx: Tx, order: OpenPost) -> UUID:
    """Open a post and give its id, which is its place's. Raises: Forbidden, Invalid, Conflict for a taken code."""
    tx.require("post.manage")
    capacity = _check_hours(order)
    place_id = add_place(
        tx,
        AddPlace(
            kind=PlaceKind.POST, code=order.code, name=order.name, village_code=order.village_code,
            address=order.address, lon_deg=order.lon_deg, lat_deg=order.lat_deg,
        ),
    )  # fmt: skip
    tx.session.execute(
        sa.insert(Post).values(
            id=place_id, regency_code=tx.regency_code, village_code=order.village_code, capacity_per_day=capacity,
            opening=order.opening.strip(), closed_weekdays=_digits(order), state=PostState.OPEN, opened_at=tx.now,
            closed_at=None,
        )
    )  # fmt: skip
    _keep_slots(tx, place_id, order.slots)
    tx.note(
        "post.open", "post", place_id, capacity_per_day=capacity, slots=written(order.slots),
        closed_weekdays=_digits(order),
    )  # fmt: skip
    return place_id


def change_post(tx: Tx, order: ChangePost) -> None:
    """Change what a post can do from the next plan on; plans made keep theirs. Raises: Forbidden, NotFound, Invalid."""
    tx.require("post.manage")
    capacity = _check_hours(order)
    before = post_by_id(tx, order.post_id)
    tx.session.execute(
        sa.update(Post)
        .where(Post.id == order.post_id)
        .values(capacity_per_day=capacity, opening=order.opening.strip(), closed_weekdays=_digits(order))
        .execution_options(synchronize_session=False)
    )
    tx.session.execute(sa.delete(PostSlot).where(PostSlot.post_id == order.post_id))
    _keep_slots(tx, order.post_id, order.slots)
    tx.note(
        "post.change", "post", order.post_id, capacity_per_day=capacity, slots=written(order.slots),
        closed_weekdays=_digits(order), capacity_before=before.capacity_per_day, slots_before=written(before.slots),
        weekdays_before="".join(map(str, before.closed_weekdays)),
    )  # fmt: skip


def close_day(tx: Tx, order: CloseDay) -> None:
    """Keep that a post does not serve on a day, from the next plan on.

    Raises: Forbidden; NotFound; Invalid without a reason, or for a day that is over; Conflict when it is closed then.
    """
    tx.require("post.manage")
    reason = order.reason.strip()
    if not 5 <= len(reason) <= MOST_REASON:
        raise Invalid("post.reason_missing", field="reason")
    if order.day < tx.today:
        raise Invalid("post.day_over", field="day", day=order.day.isoformat())
    if order.day in {one.day for one in post_by_id(tx, order.post_id).closed_days}:
        raise Conflict("post.day_closed", day=order.day.isoformat())
    tx.session.execute(
        sa.insert(PostClosedDay).values(
            post_id=order.post_id, day=order.day, reason=reason, closed_at=tx.now, closed_by=tx.actor.id,
            closed_by_name=tx.actor.name,
        )
    )  # fmt: skip
    tx.note("post.close_day", "post", order.post_id, reason=reason, day=order.day.isoformat())


def open_day(tx: Tx, post_id: UUID, day: date) -> None:
    """Let a post serve on a day after all. Raises: Forbidden; NotFound; Conflict when it was not closed."""
    tx.require("post.manage")
    post_by_id(tx, post_id)
    gone = tx.session.execute(
        sa.delete(PostClosedDay).where(PostClosedDay.post_id == post_id, PostClosedDay.day == day)
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("post.day_open", day=day.isoformat())
    tx.note("post.open_day", "post", post_id, day=day.isoformat())


def close_post(tx: Tx, post_id: UUID, reason: str) -> None:
    """Take a post out of the next plans.

    Raises: Forbidden; NotFound; Invalid without a reason; Conflict while households still wait for their package there.
    """
    tx.require("post.manage")
    post_by_id(tx, post_id)
    # Kept before looking: whoever puts households here waits, or is waited for (``planning.commands.hold_posts``).
    tx.session.execute(sa.select(Post.id).where(Post.id == post_id).with_for_update())
    if len(reason.strip()) < 5:
        raise Invalid("post.reason_missing", field="reason")
    if has_open_packages_at(tx, post_id):
        raise Conflict("post.has_packages")
    move(tx, Post, post_id, PostAct.CLOSE, POST_MOVES, reason=reason.strip(), closed_at=tx.now)


def reopen_post(tx: Tx, post_id: UUID) -> None:
    """Put a closed post back into the next plans. Raises: Forbidden, NotFound, Conflict."""
    tx.require("post.manage")
    post_by_id(tx, post_id)
    move(tx, Post, post_id, PostAct.REOPEN, POST_MOVES, closed_at=None)


def send_to_post(tx: Tx, order: SendToPost) -> Sent:
    """Send what a warehouse keeps for a post and day: promises end, goods move, the surat jalan is issued, in one act.

    Packages of that post and day count as loaded once no warehouse owes anything for them. Raises: Forbidden; NotFound;
    Invalid; Conflict when the round is not approved, it was sent already, or nothing is reserved; CannotPost for a
    batch past its day.
    """
    tx.require("dispatch.send").need_place(order.warehouse_id, "place")
    if not order.vehicle.strip():
        raise Invalid("dispatch.vehicle_missing", field="vehicle")
    state = lock_round(tx, order.round_id)
    if state is not RoundState.APPROVED:
        raise Conflict("dispatch.round_not_approved", state=state.value)
    post = post_by_id(tx, order.post_id)
    warehouse = place_by_id(tx, order.warehouse_id)
    the_round = round_by_id(tx, order.round_id)
    sent_at = order.sent_at or tx.now
    group = group_key(order.post_id, order.serve_on)
    before = tx.session.scalars(
        sa.select(DispatchLoad.no)
        .where(
            DispatchLoad.round_id == order.round_id, DispatchLoad.post_id == order.post_id,
            DispatchLoad.serve_on == order.serve_on, DispatchLoad.warehouse_id == order.warehouse_id,
        )
        .order_by(DispatchLoad.no)
    ).all()  # fmt: skip
    try:
        posted = use_reservations(
            tx,
            UseReservations(
                purpose=PURPOSE, purpose_id=order.round_id, group_key=group, to_place_id=order.post_id,
                from_place_id=order.warehouse_id, event_at=sent_at, met=the_round.released,
            ),
        )  # fmt: skip
    except NotFound as nothing:
        if nothing.code != "reservation.nothing_open":
            raise
        code = "dispatch.already_sent" if before else "dispatch.nothing_reserved"
        raise Conflict(code, post=post.name, warehouse=warehouse.name, day=order.serve_on.isoformat()) from nothing
    load_id = tx.new_id()
    booked = stock_document(tx, posted.document_id)
    the_office, keeper = office(tx), signatory(tx, "warehouse")
    paper = issue_document(
        tx,
        IssueDocument(
            kind=KIND, subject=SUBJECT, subject_id=load_id, number=posted.number,
            title=f"Surat jalan {warehouse.name} – {post.name}", day=local_day(sent_at, tx.zone),
            public_ref=secrets.token_bytes(10), village_code=post.village_code, place_id=order.warehouse_id,
            view=LoadPaper(
                office=the_office.name, regency=the_office.regency_name, short_name=the_office.short_name,
                address=the_office.address, contact=the_office.contact, seat=the_office.seat,
                is_demo=the_office.is_demo, zone=the_office.time_zone, round_no=the_round.no,
                purpose=f"Putaran {the_round.no}, pembagian {print_day(order.serve_on, weekday=True)}",
                serve_on=order.serve_on, issued_on=local_day(sent_at, tx.zone), from_place=warehouse.name,
                from_address=warehouse.address, to_place=post.name, to_address=post.address,
                vehicle=order.vehicle.strip(), plate=order.plate.strip(), departed_at=sent_at,
                lines=tuple(
                    LoadPaperLine(
                        item_code=line.item.code, item=line.item.name_id, unit=line.item.base_unit,
                        quantity_milli=line.quantity_milli, batch=line.batch.code, expires_on=line.batch.expires_on,
                    )
                    for line in sorted(booked.lines, key=lambda line: (line.item.name_id, line.batch.code))
                ),
            ),
            person=LoadPersons(driver=order.driver.strip(), giver_name=keeper.name, giver_nip=keeper.employee_no),
        ),
    )  # fmt: skip
    tx.session.execute(
        sa.insert(DispatchLoad).values(
            id=load_id, regency_code=tx.regency_code, round_id=order.round_id, post_id=order.post_id,
            warehouse_id=order.warehouse_id, serve_on=order.serve_on, no=(before[-1] if before else 0) + 1,
            state=LoadState.SENT, vehicle=order.vehicle.strip(), plate=order.plate.strip(),
            driver=order.driver.strip(), sent_at=sent_at, recorded_at=tx.now, sent_by=tx.actor.id,
            stock_document_id=posted.document_id, document_id=paper.id,
        )
    )  # fmt: skip
    tx.session.execute(
        sa.insert(DispatchLoadLine),
        [
            {"load_id": load_id, "batch_id": line.batch_id, "item_id": line.item_id,
             "quantity_milli": line.quantity_milli}
            for line in posted.moves
        ],
    )  # fmt: skip
    still_owed = reservations(tx, purpose=PURPOSE, purpose_id=order.round_id, group_key=group)
    packages = 0 if still_owed else load_packages(tx, order.round_id, order.post_id, order.serve_on)
    tx.note(
        "dispatch.send", SUBJECT, load_id, round_id=str(order.round_id), post_id=str(order.post_id),
        warehouse_id=str(order.warehouse_id), serve_on=order.serve_on.isoformat(), number=paper.number,
        lines=len(posted.moves), packages=packages,
    )  # fmt: skip
    return Sent(
        load_id=load_id, document_id=paper.id, stock_document_id=posted.document_id, number=paper.number,
        packages=packages,
    )  # fmt: skip


def _check_hours(order: OpenPost | ChangePost) -> int:
    """Give the households of a day. Raises: Invalid."""
    check_slots(order.slots)
    if not set(order.closed_weekdays) <= WEEKDAYS or set(order.closed_weekdays) == WEEKDAYS:
        raise Invalid("post.never_open", field="closed_weekdays")
    capacity = capacity_of(order.slots) if order.slots else order.capacity_per_day
    if not 1 <= capacity <= MOST_PER_DAY:
        raise Invalid("post.capacity_out_of_range", field="capacity_per_day", most=MOST_PER_DAY)
    return capacity


def _digits(order: OpenPost | ChangePost) -> str:
    return "".join(map(str, sorted(set(order.closed_weekdays))))


def _keep_slots(tx: Tx, post_id: UUID, slots: Sequence[Slot]) -> None:
    if slots:
        tx.session.execute(
            sa.insert(PostSlot),
            [
                {"post_id": post_id, "no": no, "starts_at": one.starts_at, "ends_at": one.ends_at,
                 "households": one.households}
                for no, one in enumerate(slots, 1)
            ],
        )  # fmt: skip
