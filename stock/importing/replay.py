"""The rows of a file put into the books in the order in which they happened, each with what became of it.

Whether a row can be booked is the ledger's to say: nothing of its rules is known here. The same replay is the dry run
(undone by its caller) and the booking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

from core.clock import local_day
from core.errors import Fact, Refused
from core.ids import derived
from core.measures import Milli, Rupiah, print_quantity
from core.work import Tx
from stock.importing.rules import Entry, RowAct, order_of
from stock.items.queries import item_facts
from stock.ledger.commands import (
    Adjust,
    BatchLine,
    BringToCount,
    CannotPost,
    CountedLine,
    Posted,
    Receive,
    ReceiveLine,
    StockShort,
    Transfer,
    WriteOff,
    adjust,
    bring_to_count,
    dispatch,
    take_in,
    write_off,
)
from stock.ledger.kinds import AdjustmentReason, LossReason, ReleaseCondition
from stock.ledger.queries import booked_at, stock_document
from stock.ledger.takeable import takeable
from stock.places.queries import places

SUBJECT: Final = "stock_file"
AT_ONCE: Final = 200
"""Rows of one document."""
MOST_NOTE: Final = 400
_MAY_WAIT: Final = frozenset({"stock.short", "stock.negative_later", "stock_file.short", "stock_file.nothing_there"})
"""Another row of the same instant may bring what this one lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Why a row cannot be booked; the sentence stands under the code."""

    code: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    document_id: UUID | None
    """None for a count that agreed with the books."""
    number: str
    batches: tuple[str, ...]
    """Codes of the batches it met."""


@dataclass(slots=True)
class Replayed:
    booked: dict[int, Booked] = field(default_factory=dict)
    refused: dict[int, tuple[Told, ...]] = field(default_factory=dict)
    value_rp: int = 0
    """What came, went and was corrected, each counted; moves between places are not."""


def replay(
    tx: Tx, file_id: UUID, file_name: str, entries: Sequence[Entry], *, lost_marks: Collection[str] = ()
) -> Replayed:
    """Book rows in the order in which they happened, whatever order they stand in; each with its outcome.

    A row that the ledger refuses is left out and the others go on: whoever wants all or nothing looks at ``refused``.
    ``lost_marks`` are names of batches in rows that are refused already.
    """
    return _Replay(tx, file_id, file_name, entries, lost_marks).run()


class _Refusal(Exception):
    """This row cannot be booked as it stands."""

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.told = Told(code=code, facts=facts)


class _Replay:
    def __init__(
        self, tx: Tx, file_id: UUID, file_name: str, entries: Sequence[Entry], lost_marks: Collection[str]
    ) -> None:
        self.tx, self.file_id, self.lost_marks = tx, file_id, lost_marks
        self.note = f"Berkas {file_name}"[:120]
        self.entries = sorted(entries, key=order_of)
        self.done = Replayed()
        self.marks: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
        self.received = {(one.item_id, one.mark) for one in entries if one.act is RowAct.IN and one.mark}
        self.places = {one.id: one for one in places(tx)}
        self.items = item_facts(tx, {one.item_id for one in entries})
        self.codes: dict[UUID, str] = {}

    def run(self) -> Replayed:
        for _, same in groupby(self.entries, key=lambda one: one.event_at):
            waiting: list[Entry] = []
            instant = list(same)
            counts = [one for one in instant if one.act is RowAct.COUNT]
            for group in _groups(one for one in instant if one.act is not RowAct.COUNT):
                waiting += self._attempt(group)
            # What lacked goods may find them now: a sack that came in and went on at one moment, in whatever order.
            while waiting:
                again = waiting
                waiting = [one for entry in again for one in self._attempt([entry])]
                if len(waiting) == len(again):
                    break
            for group in _groups(counts):
                self._attempt(group)
        return self.done

    def _attempt(self, group: list[Entry]) -> list[Entry]:
        """Book rows as one document, or in parts as far as they can be; gives those that may wait for others.

        No savepoint: what the ledger refuses has changed nothing, and a file with a refusal is undone as a whole.
        """
        try:
            made, value = _ACTS[group[0].act](self, group)
        except (_Refusal, Refused) as why:
            if len(group) > 1:
                half = len(group) // 2
                return self._attempt(group[:half]) + self._attempt(group[half:])
            told = self._told(group[0], why)
            self.done.refused[group[0].row_no] = told
            return group if told[0].code in _MAY_WAIT else []
        self.done.value_rp += value
        for entry in group:
            self.done.refused.pop(entry.row_no, None)
            self.done.booked[entry.row_no] = made[entry.row_no]
        return []

    # -- the acts ------------------------------------------------------------------------------------------------

    def take(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        first = group[0]
        lines = []
        for one in group:
            assert one.funding_source is not None and one.value_rp is not None
            price = None if one.unit_price_rp is None else Rupiah(one.unit_price_rp)
            lines.append(
                ReceiveLine(
                    item_id=one.item_id, quantity_milli=Milli(one.quantity_milli), funding_source=one.funding_source,
                    value_rp=Rupiah(one.value_rp), unit_price_rp=price, expires_on=one.expires_on,
                    variant_id=one.variant_id, release_condition=one.release_condition,
                )
            )  # fmt: skip
        got = take_in(
            self.tx,
            Receive(
                to_place_id=first.place_id, lines=tuple(lines), incoming_document=first.document,
                from_place_id=first.giver_id, event_at=first.event_at, note=self._note(group),
            ),
        )  # fmt: skip
        for one, move in zip(group, got.batches, strict=True):
            self.codes[move.batch_id] = move.batch_code
            if one.mark:
                self.marks[one.item_id, one.mark].append(move.batch_id)
        made = {
            one.row_no: Booked(document_id=got.document_id, number=got.number, batches=(move.batch_code,))
            for one, move in zip(group, got.batches, strict=True)
        }
        return made, sum(move.value_rp for move in got.batches)

    def move(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        first, lines = group[0], self._lines(group)
        assert first.to_place_id is not None
        posted = dispatch(
            self.tx,
            Transfer(
                from_place_id=first.place_id, to_place_id=first.to_place_id, event_at=first.event_at,
                lines=tuple(BatchLine(batch_id=batch, quantity_milli=Milli(milli)) for _, batch, milli in lines),
                subject=SUBJECT, subject_id=str(self.file_id), note=self._note(group),
                # It has happened: the decree that allowed it is not in this file.
                met=frozenset(ReleaseCondition),
            ),
        )  # fmt: skip
        return self._made(lines, posted), 0

    def lower(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        lines = self._lines(group)
        return self._adjusted(group, [(row_no, batch, -milli) for row_no, batch, milli in lines])

    def correct(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        signed = []
        for one in group:
            if one.quantity_milli < 0:
                signed += [(row_no, batch, -milli) for row_no, batch, milli in self._lines([one])]
            else:
                signed.append((one.row_no, self._one_batch(one), one.quantity_milli))
        return self._adjusted(group, signed)

    def _adjusted(
        self, group: list[Entry], lines: list[tuple[int, UUID, int]]
    ) -> tuple[dict[int, Booked], int]:  # fmt: skip
        first = group[0]
        posted = adjust(
            self.tx,
            Adjust(
                place_id=first.place_id, lines=tuple((batch, milli) for _, batch, milli in lines),
                reason=AdjustmentReason(first.reason), note=self._note(group), event_at=first.event_at,
                subject=SUBJECT, subject_id=str(self.file_id),
            ),
        )  # fmt: skip
        return self._made(lines, posted), sum(move.value_rp for move in posted.moves)

    def lose(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        first, lines = group[0], self._lines(group)
        posted = write_off(
            self.tx,
            WriteOff(
                place_id=first.place_id, reason=LossReason(first.reason), note=self._note(group),
                lines=tuple(BatchLine(batch_id=batch, quantity_milli=Milli(milli)) for _, batch, milli in lines),
                event_at=first.event_at, subject=SUBJECT, subject_id=str(self.file_id),
            ),
        )  # fmt: skip
        return self._made(lines, posted), sum(move.value_rp for move in posted.moves)

    def count(self, group: list[Entry]) -> tuple[dict[int, Booked], int]:
        first = group[0]
        lines = [(one.row_no, self._one_batch(one), one.quantity_milli) for one in group]
        booked = bring_to_count(
            self.tx,
            BringToCount(
                place_id=first.place_id,
                # A count of its own for each place and moment, the same one whenever the file is replayed.
                count_id=derived(str(self.file_id), str(first.place_id), first.event_at.isoformat()),
                lines=tuple(
                    CountedLine(batch_id=batch, counted_milli=Milli(milli), counted_at=first.event_at)
                    for _, batch, milli in lines
                ),
                note=self._note(group),
            ),
        )  # fmt: skip
        number, value = "", 0
        if booked.document_id is not None:
            paper = stock_document(self.tx, booked.document_id)
            number, value = paper.number or "", sum(line.value_rp for line in paper.lines)
        differing = {batch for batch, _ in booked.differences}
        made = {
            row_no: Booked(
                document_id=booked.document_id if batch in differing else None,
                number=number if batch in differing else "", batches=self._codes_of([batch]),
            )
            for row_no, batch, _ in lines
        }  # fmt: skip
        return made, value

    # -- batches -------------------------------------------------------------------------------------------------

    def _lines(self, group: list[Entry]) -> list[tuple[int, UUID, int]]:
        """Give (row, batch, quantity above zero): the batch named, or those that go first."""
        taken: dict[UUID, int] = defaultdict(int)
        lines = []
        for one in group:
            for batch, milli in self._picked(one, taken):
                taken[batch] += milli
                lines.append((one.row_no, batch, milli))
        return lines

    def _picked(self, one: Entry, taken: Mapping[UUID, int]) -> list[tuple[UUID, int]]:
        wanted = abs(one.quantity_milli)
        if one.batch_id is not None:
            return [(one.batch_id, wanted)]
        among = self._among(one)
        if among is not None and len(among) == 1:
            return [(among[0], wanted)]
        on = local_day(one.event_at, self.tx.zone)
        lots = takeable(self.tx, one.place_id, one.item_id, on, among=among)
        self.codes.update({lot.batch_id: lot.code for lot in lots})
        free = {lot.batch_id: lot.free_milli - taken.get(lot.batch_id, 0) for lot in lots}
        picked = _shared(wanted, free)
        if picked is None:
            # What a later count made good again lay there all the same.
            lay = booked_at(self.tx, one.place_id, {lot.batch_id: one.event_at for lot in lots})
            picked = _shared(wanted, {batch: milli - taken.get(batch, 0) for batch, milli in lay.items()})
        if picked is None:
            there = sum(max(0, milli) for milli in free.values())
            raise _Refusal(
                "stock_file.short", day=on.isoformat(), place=self.places[one.place_id].name,
                item=self.items[one.item_id].name_id, balance=self._amount(one, there),
                short=self._amount(one, wanted - there),
            )  # fmt: skip
        return picked

    def _one_batch(self, one: Entry) -> UUID:
        """Give the batch a row means that cannot mean several: named, or the only one there."""
        if one.batch_id is not None:
            return one.batch_id
        among = self._among(one)
        if among is not None and len(among) == 1:
            return among[0]
        on = local_day(one.event_at, self.tx.zone)
        lots = takeable(self.tx, one.place_id, one.item_id, on, among=among)
        self.codes.update({lot.batch_id: lot.code for lot in lots})
        lay = booked_at(self.tx, one.place_id, {lot.batch_id: one.event_at for lot in lots})
        there = [batch for batch, milli in lay.items() if milli]
        if len(there) == 1:
            return there[0]
        facts: dict[str, Fact] = {
            "item": self.items[one.item_id].name_id, "place": self.places[one.place_id].name, "day": on.isoformat(),
        }  # fmt: skip
        if not there:
            raise _Refusal("stock_file.nothing_there", **facts)
        raise _Refusal("stock_file.several_batches", **facts, batches=", ".join(self._codes_of(there)))

    def _among(self, one: Entry) -> list[UUID] | None:
        """Give the batches a row's own mark means, or None where it names none."""
        if not one.mark:
            return None
        known = self.marks.get((one.item_id, one.mark))
        if known:
            return known
        if (one.item_id, one.mark) in self.received:
            raise _Refusal("stock_file.batch_not_yet", item=self.items[one.item_id].name_id)
        if one.mark in self.lost_marks:
            raise _Refusal("stock_file.batch_row_refused")
        raise _Refusal("stock_file.batch_unknown", item=self.items[one.item_id].name_id)

    # -- words ---------------------------------------------------------------------------------------------------

    def _told(self, one: Entry, why: _Refusal | Refused) -> tuple[Told, ...]:
        if isinstance(why, _Refusal):
            return (why.told,)
        if isinstance(why, StockShort):
            on = local_day(one.event_at, self.tx.zone)
            short = why.shortages[0]
            return (
                Told(
                    code="stock_file.short",
                    facts={
                        "day": on.isoformat(), "place": self.places[short.place_id].name,
                        "item": self._goods(one), "balance": self._amount(one, short.free_milli),
                        "short": self._amount(one, short.short_milli),
                    },
                ),
            )  # fmt: skip
        if isinstance(why, CannotPost):
            return tuple(Told(code=problem.code, facts=problem.facts) for problem in why.problems)
        return (Told(code=why.code, facts=why.facts),)

    def _goods(self, one: Entry) -> str:
        name = self.items[one.item_id].name_id
        code = self.codes.get(one.batch_id) if one.batch_id else None
        return f"{name} {code}" if code else name

    def _amount(self, one: Entry, milli: int) -> str:
        return print_quantity(milli, self.items[one.item_id].base_unit)

    def _note(self, group: Sequence[Entry]) -> str:
        """Say what the rows of one document say, and which file they stand in."""
        said = dict.fromkeys(one.note for one in group if one.note)
        words = [group[0].document, *said]
        return " · ".join([*(word for word in words if word), self.note])[:MOST_NOTE]

    def _codes_of(self, batch_ids: Sequence[UUID]) -> tuple[str, ...]:
        return tuple(self.codes[batch] for batch in batch_ids if batch in self.codes)

    def _made(self, lines: Sequence[tuple[int, UUID, int]], posted: Posted) -> dict[int, Booked]:
        self.codes.update({move.batch_id: move.batch_code for move in posted.moves})
        by_row: dict[int, list[UUID]] = defaultdict(list)
        for row_no, batch, _ in lines:
            by_row[row_no].append(batch)
        return {
            row_no: Booked(document_id=posted.document_id, number=posted.number or "", batches=self._codes_of(found))
            for row_no, found in by_row.items()
        }


def _groups(entries: Iterator[Entry] | Sequence[Entry]) -> Iterator[list[Entry]]:
    """Cut sorted rows of one instant into those that are one document."""
    for _, same in groupby(entries, key=lambda one: (one.act, one.group)):
        rows = list(same)
        for first in range(0, len(rows), AT_ONCE):
            yield rows[first : first + AT_ONCE]


def _shared(wanted: int, free: Mapping[UUID, int]) -> list[tuple[UUID, int]] | None:
    """Share a quantity over batches in their order; None where there is not enough."""
    picked = []
    for batch, milli in free.items():
        part = min(wanted, max(0, milli))
        if part:
            picked.append((batch, part))
            wanted -= part
    return picked if wanted == 0 else None


_ACTS: Final[Mapping[RowAct, Callable[[_Replay, list[Entry]], tuple[dict[int, Booked], int]]]] = {
    RowAct.IN: _Replay.take,
    RowAct.MOVE: _Replay.move,
    RowAct.OUT: _Replay.lower,
    RowAct.CORRECT: _Replay.correct,
    RowAct.WRITE_OFF: _Replay.lose,
    RowAct.COUNT: _Replay.count,
}
