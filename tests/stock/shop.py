"""A small office with stock, made through public commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.engine import Engine

from core.actor import Actor, system
from core.clock import FixedClock
from core.measures import MILLI, Milli, Rupiah
from core.office.commands import OpenOffice, open_office
from core.work import Tx, Work
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.commands import Receive, Received, ReceiveLine, receive
from stock.ledger.kinds import FundingSource
from stock.ledger.queries import available
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import PlaceKind
from stock.places.queries import places
from stock.reservations.proof import prove
from tests.support.databases import Run

REGENCY = "99.01"
ACTOR = system(REGENCY)
TODAY = date(2026, 11, 16)
MORNING = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Where the tests' clock stands."""


def units(amount: int) -> Milli:
    return Milli(amount * MILLI)


@dataclass(frozen=True)
class Shop:
    work: Work
    warehouse: UUID
    other_warehouse: UUID
    post: UUID
    other_post: UUID
    kasur: UUID
    beras: UUID
    mi: UUID

    @property
    def actor(self) -> Actor:
        return ACTOR


def a_shop(engine: Engine, _run: Run) -> None:
    """Fill a template with the shop, for the tests that begin with it."""
    open_shop(Work(engine, FixedClock(MORNING)))


def shop_of(work: Work) -> Shop:
    """Give the shop that a database of ``a_shop`` has."""
    with work.read_by(ACTOR) as tx:
        return _shop(tx, work)


def _shop(tx: Tx, work: Work) -> Shop:
    there = {one.code: one.id for one in places(tx)}
    spots = (there[code] for code in ("GD1", "GD2", "TP1", "TP2"))
    return Shop(work, *spots, *(find_item(tx, code).id for code in ("kasur", "beras", "mie_instan")))


def open_shop(work: Work) -> Shop:
    with work.by(ACTOR) as tx:
        open_office(
            tx,
            OpenOffice(regency_code=REGENCY, regency_name="Kabupaten Contoh", name="Dinas Sosial Contoh", is_demo=True),
        )
        seed_items(tx)
        ensure_sinks(tx)
        for kind, code, name in (
            (PlaceKind.WAREHOUSE, "GD1", "Gudang Utama"),
            (PlaceKind.WAREHOUSE, "GD2", "Gudang Timur"),
            (PlaceKind.POST, "TP1", "Balai Desa Contoh"),
            (PlaceKind.POST, "TP2", "SD Contoh"),
        ):
            add_place(tx, AddPlace(kind=kind, code=code, name=name))
        return _shop(tx, work)


def line(
    item: UUID, amount: int, *, value: int = 0, expires: date | None = None,
    source: FundingSource = FundingSource.APBD,
) -> ReceiveLine:  # fmt: skip
    return ReceiveLine(
        item_id=item, quantity_milli=units(amount), funding_source=source, value_rp=Rupiah(value), expires_on=expires
    )


def take_in(tx: Tx, place: UUID, *lines: ReceiveLine) -> Received:
    return receive(tx, Receive(to_place_id=place, lines=lines, incoming_document="BAST-01/CONTOH"))


def free(tx: Tx, place: UUID, item: UUID) -> int:
    return available(tx, (item,), (place,))[0].available_milli


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


def assert_sound(work: Work) -> None:
    with work.read_by(ACTOR) as tx:
        assert prove(tx).problems == ()
