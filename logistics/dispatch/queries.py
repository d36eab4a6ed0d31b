"""Posts, what waits to be sent to them, and what was sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.i18n import say
from core.measures import Milli
from core.permissions import Reach
from core.work import Tx
from logistics.dispatch.models import DispatchLoad, DispatchLoadLine, Post, PostClosedDay, PostSlot
from logistics.dispatch.states import LoadState, PostState
from logistics.packages.queries import StripCell, round_by_id, strip_of
from logistics.planning.commands import PURPOSE
from logistics.planning.hours import closed_among
from logistics.planning.rules import PostChoice, Slot
from stock.items.queries import ItemView
from stock.ledger.queries import BatchView, batches
from stock.places.queries import PlaceView, places
from stock.reservations.queries import reservations


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    day: date
    reason: str
    closed_at: datetime
    closed_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    id: UUID
    code: str
    name: str
    village_code: str | None
    address: str
    lon_deg: float | None
    lat_deg: float | None
    capacity_per_day: int
    opening: str
    slots: tuple[Slot, ...]
    """Its hours, in order; what they serve together is ``capacity_per_day``. Empty: none are told."""
    closed_weekdays: tuple[int, ...]
    """1 Monday to 7 Sunday."""
    closed_days: tuple[ClosedDay, ...]
    """Single days on which it does not serve, past ones too."""
    state: PostState
    opened_at: datetime
    closed_at: datetime | None

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"post.state.{self.state.value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    """One batch to be taken from the shelf."""

    item: ItemView
    batch: BatchView
    quantity_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class PickList:
    """What one warehouse keeps for one post and day and has not sent yet."""

    post: PostView
    serve_on: date
    warehouse: PlaceView
    ends_on: date
    lines: tuple[PickLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """One load, with what lies on it; the driver's name stands on the paper only."""

    id: UUID
    round_id: UUID
    post: PostView
    warehouse: PlaceView
    serve_on: date
    no: int
    state: LoadState
    vehicle: str
    plate: str
    sent_at: datetime
    document_id: UUID | None
    stock_document_id: UUID | None
    lines: tuple[PickLine, ...]

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"dispatch.state.{self.state.value}", lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One post over the days of a round; None where it serves nobody."""

    post: PostView
    cells: tuple[StripCell | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    days: tuple[date, ...]
    rows: tuple[BoardRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPaperLine:
    item_code: str
    item: str
    unit: str
    quantity_milli: Milli
    batch: str
    expires_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPaper:
    """What a surat jalan said when it was issued, without persons."""

    office: str
    regency: str
    short_name: str
    address: str
    contact: str
    seat: str
    is_demo: bool
    zone: str
    round_no: int
    purpose: str
    serve_on: date
    issued_on: date
    from_place: str
    from_address: str
    to_place: str
    to_address: str
    vehicle: str
    plate: str
    departed_at: datetime
    lines: tuple[LoadPaperLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPersons:
    """Whom a surat jalan names."""

    driver: str
    giver_name: str
    giver_nip: str


# ---------------------------------------------------------------- posts


def posts(tx: Tx, *, with_closed: bool = False, ids: Collection[UUID] | None = None) -> tuple[PostView, ...]:
    """Give the office's posts, the open ones unless asked for all, by code."""
    query = sa.select(Post).where(Post.regency_code == tx.regency_code).execution_options(populate_existing=True)
    if not with_closed:
        query = query.where(Post.state == PostState.OPEN)
    if ids is not None:
        query = query.where(Post.id.in_(ids))
    rows = {row.id: row for row in tx.session.scalars(query)}
    if not rows:
        return ()
    slots, closed = _slots_of(tx, rows), _closed_days_of(tx, rows)
    return tuple(
        PostView(
            id=place.id, code=place.code, name=place.name, village_code=place.village_code, address=place.address,
            lon_deg=place.lon_deg, lat_deg=place.lat_deg, capacity_per_day=rows[place.id].capacity_per_day,
            opening=rows[place.id].opening, slots=tuple(slots[place.id]),
            closed_weekdays=tuple(map(int, rows[place.id].closed_weekdays)), closed_days=tuple(closed[place.id]),
            state=rows[place.id].state, opened_at=rows[place.id].opened_at, closed_at=rows[place.id].closed_at,
        )
        for place in places(tx, ids=rows)
    )  # fmt: skip


def post_by_id(tx: Tx, post_id: UUID, reach: Reach | None = None) -> PostView:
    """Raises: NotFound, also for another office's post or outside the reach."""
    found = posts(tx, with_closed=True, ids=(post_id,))
    if not found or (reach is not None and not (reach.has_place(post_id) or reach.has_village(found[0].village_code))):
        raise NotFound("post.not_found")
    return found[0]


def post_choices(
    tx: Tx, days: Collection[date] = (), *, ids: Collection[UUID] | None = None
) -> tuple[PostChoice, ...]:  # fmt: skip
    """Give the open posts as a plan takes them, with their hours and those of the ``days`` on which they are closed."""
    return tuple(
        PostChoice(
            post_id=post.id, code=post.code, name=post.name, capacity_per_day=post.capacity_per_day,
            village_code=post.village_code, lon_deg=post.lon_deg, lat_deg=post.lat_deg, slots=post.slots,
            closed_on=closed_among(days, post.closed_weekdays, [one.day for one in post.closed_days]),
        )
        for post in posts(tx, ids=ids)
    )  # fmt: skip


def _slots_of(tx: Tx, post_ids: Collection[UUID]) -> dict[UUID, list[Slot]]:
    found: dict[UUID, list[Slot]] = defaultdict(list)
    query = sa.select(PostSlot).where(PostSlot.post_id.in_(post_ids)).order_by(PostSlot.post_id, PostSlot.no)
    for row in tx.session.scalars(query.execution_options(populate_existing=True)):
        found[row.post_id].append(Slot(starts_at=row.starts_at, ends_at=row.ends_at, households=row.households))
    return found


def _closed_days_of(tx: Tx, post_ids: Collection[UUID]) -> dict[UUID, list[ClosedDay]]:
    found: dict[UUID, list[ClosedDay]] = defaultdict(list)
    query = sa.select(PostClosedDay).where(PostClosedDay.post_id.in_(post_ids))
    query = query.order_by(PostClosedDay.post_id, PostClosedDay.day)
    for row in tx.session.scalars(query.execution_options(populate_existing=True)):
        found[row.post_id].append(
            ClosedDay(day=row.day, reason=row.reason, closed_at=row.closed_at, closed_by_name=row.closed_by_name)
        )
    return found


def board(tx: Tx, round_id: UUID) -> Board:
    """Give the day strip of a round by post: households planned, reserved, at the post, served. Raises: NotFound."""
    the_round = round_by_id(tx, round_id)
    days = the_round.week.each()
    cells: dict[UUID, dict[date, StripCell]] = defaultdict(dict)
    for cell in strip_of(tx, round_id):
        cells[cell.post_id][cell.serve_on] = cell
    return Board(
        days=days,
        rows=tuple(
            BoardRow(post=post, cells=tuple(cells[post.id].get(day) for day in days))
            for post in (posts(tx, with_closed=True, ids=list(cells)) if cells else ())
        ),
    )


# ---------------------------------------------------------------- loads


def to_send(tx: Tx, round_id: UUID, *, reach: Reach | None = None, post_id: UUID | None = None) -> tuple[PickList, ...]:
    """Give what the warehouses still keep for the round's posts, by day, post and warehouse: one vehicle each."""
    groups: dict[tuple[UUID, date, UUID], list[tuple[PickLine, PlaceView, date]]] = defaultdict(list)
    for one in reservations(tx, purpose=PURPOSE, purpose_id=round_id):
        post_text, _, day_text = one.group_key.partition("/")
        key = (UUID(post_text), date.fromisoformat(day_text), one.place.id)
        if reach is not None and not reach.has_place(one.place.id):
            continue
        if post_id is not None and key[0] != post_id:
            continue
        line = PickLine(item=one.batch.item, batch=one.batch, quantity_milli=one.quantity_milli)
        groups[key].append((line, one.place, one.ends_on))
    known = {post.id: post for post in posts(tx, with_closed=True, ids={key[0] for key in groups})}
    lists = [
        PickList(
            post=known[key[0]], serve_on=key[1], warehouse=found[0][1], ends_on=found[0][2],
            lines=_merged([line for line, _, _ in found]),
        )
        for key, found in groups.items()
    ]  # fmt: skip
    return tuple(sorted(lists, key=lambda one: (one.serve_on, one.post.code, one.warehouse.code)))


def _merged(lines: Collection[PickLine]) -> tuple[PickLine, ...]:
    """Add up lines of one batch (two plans of a round may both keep some of it)."""
    sums: dict[UUID, PickLine] = {}
    for line in lines:
        known = sums.get(line.batch.id)
        total = line.quantity_milli + (known.quantity_milli if known else 0)
        sums[line.batch.id] = PickLine(item=line.item, batch=line.batch, quantity_milli=Milli(total))
    return tuple(sorted(sums.values(), key=lambda line: (line.item.name_id, line.batch.code)))


def loads(
    tx: Tx, round_id: UUID, *, post_id: UUID | None = None, serve_on: date | None = None, reach: Reach | None = None
) -> tuple[LoadView, ...]:
    """Give what was sent in a round, newest first."""
    query = (
        sa.select(DispatchLoad)
        .where(DispatchLoad.regency_code == tx.regency_code, DispatchLoad.round_id == round_id)
        .order_by(DispatchLoad.sent_at.desc(), DispatchLoad.id.desc())
    )
    if post_id is not None:
        query = query.where(DispatchLoad.post_id == post_id)
    if serve_on is not None:
        query = query.where(DispatchLoad.serve_on == serve_on)
    if reach is not None and not reach.is_all:
        query = query.where(
            sa.or_(DispatchLoad.warehouse_id.in_(reach.place_ids), DispatchLoad.post_id.in_(reach.place_ids))
        )
    return _load_views(tx, tx.session.scalars(query).all())


def load(tx: Tx, load_id: UUID, reach: Reach | None = None) -> LoadView:
    """Raises: NotFound, also when neither its warehouse nor its post is within the reach."""
    row = tx.session.get(DispatchLoad, load_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("dispatch_load.not_found")
    if reach is not None and not (reach.has_place(row.warehouse_id) or reach.has_place(row.post_id)):
        raise NotFound("dispatch_load.not_found")
    return _load_views(tx, [row])[0]


def _load_views(tx: Tx, rows: Collection[DispatchLoad]) -> tuple[LoadView, ...]:
    ids = [row.id for row in rows]
    lines: dict[UUID, list[DispatchLoadLine]] = defaultdict(list)
    if ids:
        for line in tx.session.scalars(sa.select(DispatchLoadLine).where(DispatchLoadLine.load_id.in_(ids))):
            lines[line.load_id].append(line)
    goods = {one.id: one for one in batches(tx, {line.batch_id for some in lines.values() for line in some})}
    known = {post.id: post for post in posts(tx, with_closed=True, ids={row.post_id for row in rows})}
    spots = {place.id: place for place in places(tx, ids={row.warehouse_id for row in rows})}
    return tuple(
        LoadView(
            id=row.id, round_id=row.round_id, post=known[row.post_id], warehouse=spots[row.warehouse_id],
            serve_on=row.serve_on, no=row.no, state=row.state, vehicle=row.vehicle, plate=row.plate,
            sent_at=row.sent_at, document_id=row.document_id, stock_document_id=row.stock_document_id,
            lines=tuple(
                sorted(
                    (
                        PickLine(
                            item=goods[line.batch_id].item, batch=goods[line.batch_id],
                            quantity_milli=Milli(line.quantity_milli),
                        )
                        for line in lines[row.id]
                    ),
                    key=lambda line: (line.item.name_id, line.batch.code),
                )
            ),
        )
        for row in rows
    )  # fmt: skip
