"""The ledger against a plain model: any order of acts, the same balances, and every promise of the books kept.

The model is a replay: all that happened, in the order in which it happened, where a count says what lies there. The
ledger must end in the same balances on every day, whatever the order in which it was told.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hypothesis.strategies as st
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.engine import Engine

from core.actor import Actor, system
from core.clock import FixedClock
from core.errors import Conflict, NotFound, Refused
from core.measures import Milli, Rupiah
from core.office.commands import OpenOffice, open_office
from core.work import Tx, Work
from stock.items.commands import seed_items
from stock.items.queries import find_item
from stock.ledger.commands import (
    Adjust,
    BatchLine,
    BringToCount,
    CannotPost,
    CountedLine,
    HandOver,
    ItemLine,
    Posted,
    Receive,
    ReceiveLine,
    StockShort,
    Transfer,
    WriteOff,
    adjust,
    bring_to_count,
    hand_over,
    receive,
    reverse_document,
    transfer,
    write_off,
)
from stock.ledger.kinds import AdjustmentReason, Flag, FundingSource, LossReason
from stock.ledger.models import Balance, BalanceDay, Batch
from stock.ledger.queries import batches_on
from stock.places.commands import AddPlace, add_place, ensure_sinks
from stock.places.kinds import UNBOUNDED, PlaceKind
from stock.places.queries import places
from stock.reservations.commands import (
    ReserveLine,
    ReserveStock,
    UseReservations,
    expire_reservations,
    release,
    reserve,
    use_reservations,
)
from stock.reservations.proof import prove
from tests.stock.shop import units

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
EXAMPLES = {"sqlite": 170, "postgresql": 35}
"""With 50 steps each: more than 10,000 in every run of the tests."""
STEPS = 50
OFFICES = itertools.count(1)
WAREHOUSES, POSTS = ("W1", "W2"), ("P1", "P2")
ITEMS = ("kasur", "beras", "mie_instan")
amounts = st.integers(1, 12)
wants = st.lists(st.tuples(st.sampled_from(ITEMS), amounts), min_size=1, max_size=3)


Key = tuple[UUID, UUID]
MOVED, COUNTED = 0, 1


@dataclass
class Done:
    """One document the model knows, with what it moved."""

    posted: Posted
    at: datetime
    is_reversal: bool = False
    is_reversed: bool = False


@dataclass
class Promise:
    purpose_id: UUID
    group: str
    place: UUID
    batch: UUID
    quantity: int
    ends_on: date


class Ledger(RuleBasedStateMachine):
    work: Work
    clock: FixedClock

    @initialize()
    def open(self) -> None:
        number = next(OFFICES)
        self.clock.set(START)
        self.actor: Actor = system(f"{number // 100:02d}.{number % 100:02d}")
        with self.work.by(self.actor) as tx:
            open_office(
                tx,
                OpenOffice(regency_code=self.actor.regency_code, regency_name="Contoh", name="Dinas", is_demo=True),
            )
            seed_items(tx)
            ensure_sinks(tx)
            self.places: dict[str, UUID] = {}
            for code, kind in (
                ("W1", PlaceKind.WAREHOUSE), ("W2", PlaceKind.WAREHOUSE), ("P1", PlaceKind.POST), ("P2", PlaceKind.POST)
            ):  # fmt: skip
                self.places[code] = add_place(tx, AddPlace(kind=kind, code=code, name=code))
            self.items = {code: find_item(tx, code).id for code in ITEMS}
            self.kinds = {place.id: place.kind for place in places(tx)}
        self.expiry: dict[UUID, date | None] = {}
        self.item_of: dict[UUID, UUID] = {}
        self.history: dict[Key, list[tuple[datetime, int, int, int]]] = defaultdict(list)
        """(when, moved or counted, in the order told, change or count) of each place and batch."""
        self.told, self.steps = itertools.count(), itertools.count(1)
        self.promises: list[Promise] = []
        self.done: list[Done] = []
        self.handed: list[UUID] = []

    # -- the model ------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=7)).date()

    def reserved(self, place: UUID, batch: UUID) -> int:
        return sum(one.quantity for one in self.promises if (one.place, one.batch) == (place, batch))

    def is_good(self, batch: UUID, on: date) -> bool:
        last = self.expiry[batch]
        return last is None or last >= on

    def day(self, at: datetime) -> date:
        return (at + timedelta(hours=7)).date()

    def closings(self, key: Key, more: list[tuple[datetime, int, int, int]] | None = None) -> dict[date, int]:
        """Replay what happened: the balance at the end of each day on which something did."""
        balance, found = 0, {}
        for at, kind, _, number in sorted([*self.history[key], *(more or ())]):
            balance = number if kind == COUNTED else balance + number
            found[self.day(at)] = balance
        return found

    def closing(self, key: Key, on: date) -> int:
        closings = self.closings(key)
        return next((closings[day] for day in sorted(closings, reverse=True) if day <= on), 0)

    def now_there(self, key: Key) -> int:
        return next(reversed(self.closings(key).values()), 0)

    @property
    def on_hand(self) -> dict[Key, int]:
        return {key: self.now_there(key) for key in list(self.history)}

    def least(self, key: Key, on: date) -> int:
        """Give the least that lay there at the end of ``on`` or of any later day."""
        closings = self.closings(key)
        before = [day for day in closings if day <= on]
        return min([closings[max(before)] if before else 0, *(closings[day] for day in closings if day > on)])

    def fits(self, key: Key, more: list[tuple[datetime, int, int, int]]) -> bool:
        """Tell whether a place can bear this: no day brought below nothing, and no promise uncovered."""
        if self.kinds[key[0]] in UNBOUNDED:
            return True
        old, new = self.closings(key), self.closings(key, more)
        before, after = 0, 0
        for day in sorted(old.keys() | new.keys()):
            before, after = old.get(day, before), new.get(day, after)
            if after < 0 and after < before:
                return False
        return after >= before or after >= self.reserved(*key)

    def free(self, place: UUID, item: UUID, on: date, *, is_fact: bool = False) -> int:
        total = 0
        for where, batch in list(self.history):
            if where == place and self.item_of[batch] == item and (is_fact or self.is_good(batch, on)):
                there = self.now_there((where, batch)) - self.reserved(where, batch)
                total += max(0, there if is_fact else min(there, self.least((where, batch), on)))
        return total

    def is_enough(self, place: UUID, lines: list[tuple[str, int]], on: date, *, is_fact: bool = False) -> bool:
        wanted: dict[str, int] = defaultdict(int)
        for code, amount in lines:
            wanted[code] += units(amount)
        return all(
            self.free(place, self.items[code], on, is_fact=is_fact) >= quantity for code, quantity in wanted.items()
        )

    def follow(self, posted: Posted, at: datetime, *, is_reversal: bool = False) -> Done:
        for move in posted.moves:
            for place, sign in ((move.from_place_id, -1), (move.to_place_id, 1)):
                self.history[place, move.batch_id].append((at, MOVED, next(self.told), sign * move.quantity_milli))
        done = Done(posted, at=at, is_reversal=is_reversal)
        self.done.append(done)
        return done

    def act(self, does: Callable[[Tx], Any], expected: bool, *refusals: type[Refused]) -> Any:
        """Do it for real; it must succeed exactly when the model says so, and leave nothing when it does not."""
        known = refusals or (StockShort,)
        try:
            with self.work.by(self.actor) as tx:
                result = does(tx)
        except known:
            assert not expected, "the ledger refused what the model allows"
            return None
        assert expected, "the ledger allowed what the model refuses"
        return result

    def lines(self, wanted: list[tuple[str, int]]) -> tuple[ItemLine, ...]:
        return tuple(ItemLine(item_id=self.items[code], quantity_milli=units(amount)) for code, amount in wanted)

    # -- acts -----------------------------------------------------------------------------------------------------

    @rule(place=st.sampled_from(WAREHOUSES), code=st.sampled_from(ITEMS), amount=st.integers(1, 30),
          days=st.integers(0, 12), value=st.integers(0, 1_000), source=st.sampled_from(FundingSource),
          days_ago=st.integers(0, 3))  # fmt: skip
    def take_in(
        self, place: str, code: str, amount: int, days: int, value: int, source: FundingSource, days_ago: int
    ) -> None:  # fmt: skip
        at = self.clock.now() - timedelta(days=days_ago)
        expires = None if code == "kasur" else self.today + timedelta(days=days)
        line = ReceiveLine(
            item_id=self.items[code], quantity_milli=units(amount), funding_source=source, value_rp=Rupiah(value),
            expires_on=expires,
        )  # fmt: skip
        order = Receive(to_place_id=self.places[place], lines=(line,), incoming_document="BAST", event_at=at)
        got = self.act(lambda tx: receive(tx, order), True)
        self.expiry[got.batches[0].batch_id] = expires
        self.item_of[got.batches[0].batch_id] = self.items[code]
        self.follow(Posted(document_id=got.document_id, number=got.number, event_on=self.today, moves=got.batches), at)

    @rule(way=st.sampled_from([("W1", "W2"), ("W2", "W1"), ("W1", "P1"), ("W2", "P2"), ("P1", "W1"), ("P2", "P1")]),
          wanted=wants, days_ago=st.integers(0, 3))  # fmt: skip
    def move(self, way: tuple[str, str], wanted: list[tuple[str, int]], days_ago: int) -> None:
        source, target = (self.places[code] for code in way)
        at = self.clock.now() - timedelta(days=days_ago)
        on = self.today - timedelta(days=days_ago)
        order = Transfer(from_place_id=source, to_place_id=target, lines=self.lines(wanted), event_at=at)
        posted = self.act(lambda tx: transfer(tx, order), self.is_enough(source, wanted, on))
        if posted:
            self.check_earliest_first(posted, on)
            self.follow(posted, at)

    @rule(wanted=st.lists(st.tuples(st.sampled_from(WAREHOUSES), st.sampled_from(ITEMS), amounts), min_size=1,
                          max_size=4), group=st.sampled_from(["a", "b"]), days=st.integers(1, 6))  # fmt: skip
    def promise(self, wanted: list[tuple[str, str, int]], group: str, days: int) -> None:
        ends_on = self.today + timedelta(days=days)
        purpose_id = uuid4()
        by_place: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for place, code, amount in wanted:
            by_place[place].append((code, amount))
        order = ReserveStock(
            lines=tuple(
                ReserveLine(
                    group_key=group, place_id=self.places[place], item_id=self.items[code], quantity_milli=units(amount)
                )
                for place, code, amount in wanted
            ),
            purpose="round", purpose_id=purpose_id, ends_on=ends_on,
        )  # fmt: skip
        enough = all(
            self.is_enough(self.places[place], lines, ends_on - timedelta(days=1)) for place, lines in by_place.items()
        )
        made = self.act(lambda tx: reserve(tx, order), enough)
        for one in made or ():
            self.promises.append(
                Promise(purpose_id, group, one.place_id, one.batch_id, one.quantity_milli, ends_on)
            )  # fmt: skip

    @rule(pick=st.integers(0, 50), post=st.sampled_from(POSTS))
    def load(self, pick: int, post: str) -> None:
        purpose_id = self.promises[pick % len(self.promises)].purpose_id if self.promises else uuid4()
        mine = [one for one in self.promises if one.purpose_id == purpose_id]
        group = mine[0].group if mine else "a"
        order = UseReservations(
            purpose="round", purpose_id=purpose_id, group_key=group, to_place_id=self.places[post]
        )  # fmt: skip
        good = bool(mine) and all(self.is_good(one.batch, self.today) for one in mine)
        posted = self.act(lambda tx: use_reservations(tx, order), good, NotFound, CannotPost)
        if posted:
            self.promises = [one for one in self.promises if one.purpose_id != purpose_id]
            self.follow(posted, self.clock.now())

    @rule(pick=st.integers(0, 50))
    def let_go(self, pick: int) -> None:
        purpose_id = self.promises[pick % len(self.promises)].purpose_id if self.promises else uuid4()
        mine = [one for one in self.promises if one.purpose_id == purpose_id]
        assert self.act(lambda tx: release(tx, "round", purpose_id), True) == len(mine)
        self.promises = [one for one in self.promises if one.purpose_id != purpose_id]

    @rule(days=st.integers(0, 3))
    def pass_days(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))
        over = [one for one in self.promises if one.ends_on < self.today]
        assert self.act(expire_reservations, True) == len(over)
        self.promises = [one for one in self.promises if one.ends_on >= self.today]

    @rule(post=st.sampled_from(POSTS), wanted=wants, days_ago=st.integers(0, 2), is_fact=st.booleans(),
          is_double=st.booleans())  # fmt: skip
    def give(
        self, post: str, wanted: list[tuple[str, int]], days_ago: int, is_fact: bool, is_double: bool
    ) -> None:  # fmt: skip
        on = self.today - timedelta(days=days_ago)
        order = HandOver(
            post_id=self.places[post], lines=self.lines(wanted), handover_id=uuid4(),
            event_at=self.clock.now() - timedelta(days=days_ago), is_fact=is_fact, is_double=is_double,
        )  # fmt: skip
        enough = self.is_enough(self.places[post], wanted, on, is_fact=is_fact)
        posted = self.act(lambda tx: hand_over(tx, order), enough)
        if posted:
            for move in posted.moves:
                assert (move.flag is Flag.EXPIRED) == (not self.is_good(move.batch_id, on))
            assert is_fact or {move.flag for move in posted.moves} == {Flag.NONE}
            self.follow(posted, self.clock.now() - timedelta(days=days_ago))
            self.handed.append(order.handover_id)

    @rule(pick=st.integers(0, 50), post=st.sampled_from(POSTS))
    def give_again_by_the_same_id(self, pick: int, post: str) -> None:
        if self.handed:
            order = HandOver(
                post_id=self.places[post], lines=self.lines([("kasur", 1)]),
                handover_id=self.handed[pick % len(self.handed)],
            )  # fmt: skip
            self.act(lambda tx: hand_over(tx, order), False, Conflict)

    @rule(pick=st.integers(0, 200))
    def reverse(self, pick: int) -> None:
        if not self.done:
            return
        done = self.done[pick % len(self.done)]
        taken: dict[tuple[UUID, UUID], int] = defaultdict(int)
        for move in done.posted.moves:
            taken[move.to_place_id, move.batch_id] += move.quantity_milli
        there = all(
            self.kinds[key[0]] in UNBOUNDED or self.now_there(key) - self.reserved(*key) >= quantity
            for key, quantity in taken.items()
        )
        fit = all(
            self.is_good(move.batch_id, self.today)
            or self.kinds[move.from_place_id] is not PlaceKind.POST
            or self.kinds[move.to_place_id] in UNBOUNDED | {PlaceKind.CONTESTED}
            for move in done.posted.moves
        )
        uncounted = not any(
            kind == COUNTED and at >= done.at
            for move in done.posted.moves
            for place in (move.from_place_id, move.to_place_id)
            for at, kind, _, _ in self.history[place, move.batch_id]
        )
        allowed = there and fit and uncounted and not done.is_reversal and not done.is_reversed
        document_id = done.posted.document_id
        posted = self.act(lambda tx: reverse_document(tx, document_id, "keliru"), allowed, StockShort, CannotPost)
        if posted:
            done.is_reversed = True
            self.follow(posted, self.clock.now(), is_reversal=True)

    def shelves(self) -> list[Key]:
        return sorted(key for key in self.history if self.kinds[key[0]] in (PlaceKind.WAREHOUSE, PlaceKind.POST))

    @rule(pick=st.integers(0, 50), difference=st.integers(-6, 6), is_loss=st.booleans(), days_ago=st.integers(0, 3))
    def correct(self, pick: int, difference: int, is_loss: bool, days_ago: int) -> None:
        shelves = self.shelves()
        if not shelves or not difference:
            return
        place, batch = shelves[pick % len(shelves)]
        at = self.clock.now() - timedelta(days=days_ago)
        enough = self.fits((place, batch), [(at, MOVED, next(self.told), units(difference))])
        if is_loss and difference < 0:
            line = BatchLine(batch_id=batch, quantity_milli=units(-difference))
            order = WriteOff(place_id=place, lines=(line,), reason=LossReason.DAMAGED, note="BA", event_at=at)
            posted = self.act(lambda tx: write_off(tx, order), enough, StockShort, CannotPost)
        else:
            change = Adjust(
                place_id=place,
                lines=((batch, units(difference)),),
                reason=AdjustmentReason.FOUND,
                note="hitung",
                event_at=at,
            )
            posted = self.act(lambda tx: adjust(tx, change), enough, StockShort, CannotPost)
        if posted:
            self.follow(posted, at)

    @rule(picks=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=3))
    def count(self, picks: list[tuple[int, int, int]]) -> None:
        """Bring some batches of one place to what was counted, each at its own moment, today or some days ago."""
        shelves = self.shelves()
        if not shelves:
            return
        place = shelves[picks[0][0] % len(shelves)][0]
        here = [key for key in shelves if key[0] == place]
        said = {
            here[pick % len(here)]: (
                self.clock.now() - timedelta(days=days_ago),
                COUNTED,
                next(self.told),
                units(found),
            )
            for pick, found, days_ago in picks
        }
        order = BringToCount(
            place_id=place, count_id=uuid4(), note="opname",
            lines=tuple(
                CountedLine(batch_id=batch, counted_milli=Milli(found), counted_at=at)
                for (_, batch), (at, _, _, found) in said.items()
            ),
        )  # fmt: skip
        is_first = not any(
            kind == COUNTED and at == when for key, (when, *_) in said.items() for at, kind, *_ in self.history[key]
        )
        fits = is_first and all(self.fits(key, [one]) for key, one in said.items())
        booked = self.act(lambda tx: bring_to_count(tx, order), fits, StockShort, CannotPost, Conflict)
        if booked:
            for key, one in said.items():
                self.history[key].append(one)

    # -- what always holds ----------------------------------------------------------------------------------------

    def check_earliest_first(self, posted: Posted, on: date) -> None:
        """No batch may be left on the shelf, free and good, that expires before one that was taken."""
        for move in posted.moves:
            for place, batch in list(self.history):
                if place != move.from_place_id or self.item_of[batch] != move.item_id or not self.is_good(batch, on):
                    continue
                taken = sum(one.quantity_milli for one in posted.moves if one.batch_id == batch)
                could = min(
                    self.now_there((place, batch)) - self.reserved(place, batch), self.least((place, batch), on)
                )
                if could > taken:
                    assert (self.expiry[batch] or date.max) >= (self.expiry[move.batch_id] or date.max)

    @invariant()
    def now_and_then_the_books_are_compared(self) -> None:
        # A difference stays: looking at every fourth step finds it too, in half the time.
        if hasattr(self, "actor") and next(self.steps) % 4 == 0:
            self.compare()

    def compare(self) -> None:
        """The books are what the model says: now, and at the end of every day on which something happened."""
        with self.work.read_by(self.actor) as tx:
            rows = tx.session.execute(
                sa.select(Balance.place_id, Balance.batch_id, Balance.on_hand_milli, Balance.reserved_milli)
                .join(Batch, Batch.id == Balance.batch_id)
                .where(Balance.is_bounded, Batch.regency_code == self.actor.regency_code)
            )
            known = {(row.place_id, row.batch_id): (row.on_hand_milli, row.reserved_milli) for row in rows}
            changes = tx.session.execute(
                sa.select(BalanceDay.place_id, BalanceDay.batch_id, BalanceDay.event_on, BalanceDay.change_milli)
                .join(Batch, Batch.id == BalanceDay.batch_id)
                .where(Batch.regency_code == self.actor.regency_code)
                .order_by(BalanceDay.event_on)
            ).all()
        dated: dict[Key, dict[date, int]] = defaultdict(dict)
        for place, batch, on, change in changes:
            if (place, batch) in known:
                dated[place, batch][on] = next(reversed(dated[place, batch].values()), 0) + change
        bounded = [key for key in self.history if self.kinds[key[0]] not in UNBOUNDED]
        there = {key: (self.now_there(key), self.reserved(*key)) for key in bounded}
        assert {key: both for key, both in known.items() if any(both)} == {
            key: both for key, both in there.items() if any(both)
        }
        for key in bounded:
            # The ledger has no row for a day on which only a count was made that agreed with the books.
            said = {on: quantity for on, quantity in self.closings(key).items() if on in dated[key]}
            assert dated[key] == said

    def teardown(self) -> None:
        if hasattr(self, "actor"):
            self.compare()
            with self.work.read_by(self.actor) as tx:
                assert prove(tx).problems == ()
                for ago in (0, 1, 4):
                    on = self.today - timedelta(days=ago)
                    assert {(one.place.id, one.batch.id): one.on_hand_milli for one in batches_on(tx, on)} == {
                        key: then
                        for key in self.history
                        if self.kinds[key[0]] not in UNBOUNDED and (then := self.closing(key, on))
                    }


def test_any_order_of_acts_keeps_every_promise_of_the_books(work: Work, engine: Engine, fixed_clock: FixedClock):
    class Machine(Ledger):
        pass

    Machine.work, Machine.clock = work, fixed_clock
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES[engine.dialect.name], stateful_step_count=STEPS, deadline=None, database=None,
            print_blob=True, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
