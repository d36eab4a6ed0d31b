"""How stock may go, which batch goes first, and what a part of a batch is worth. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.measures import Milli, Rupiah
from stock.ledger.kinds import DocumentKind, FundingSource, ReleaseCondition
from stock.places.kinds import PlaceKind

_BACK = {PlaceKind.LOSS, PlaceKind.ADJUSTMENT}

MAY_GO: Mapping[PlaceKind, frozenset[PlaceKind]] = {
    PlaceKind.SUPPLIER: frozenset({PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.QUARANTINE}),
    PlaceKind.WAREHOUSE: frozenset(
        {PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.VEHICLE, PlaceKind.POST, PlaceKind.ASSEMBLY,
         PlaceKind.SUPPLIER, *_BACK}
    ),
    # What lies in quarantine goes back to a shelf, to its giver or out of the books; never to people.
    PlaceKind.QUARANTINE: frozenset(
        {PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.SUPPLIER, PlaceKind.ASSEMBLY, *_BACK}
    ),
    PlaceKind.VEHICLE: frozenset(
        {PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.QUARANTINE, *_BACK}
    ),
    PlaceKind.POST: frozenset(
        {PlaceKind.HOUSEHOLD, PlaceKind.CONTESTED, PlaceKind.WAREHOUSE, PlaceKind.POST, PlaceKind.VEHICLE,
         PlaceKind.QUARANTINE, *_BACK}
    ),
    PlaceKind.ASSEMBLY: frozenset({PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, *_BACK}),
    PlaceKind.HOUSEHOLD: frozenset({PlaceKind.POST, PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE}),
    PlaceKind.CONTESTED: frozenset(
        {PlaceKind.POST, PlaceKind.WAREHOUSE, PlaceKind.HOUSEHOLD, PlaceKind.QUARANTINE, *_BACK}
    ),
    PlaceKind.ADJUSTMENT: frozenset(
        {PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.POST, PlaceKind.VEHICLE, PlaceKind.ASSEMBLY}
    ),
    PlaceKind.LOSS: frozenset(),
}  # fmt: skip
"""From where to where an ordinary move may go; a reversal goes the other way whatever stands here."""

EXPIRED_MAY_GO = frozenset({PlaceKind.QUARANTINE, PlaceKind.LOSS, PlaceKind.ADJUSTMENT, PlaceKind.SUPPLIER})
"""Where a batch past its day may still be moved (safety L9, decision 11)."""

ON_THE_WAY = frozenset(
    {PlaceKind.SUPPLIER, PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.VEHICLE, PlaceKind.POST,
     PlaceKind.ASSEMBLY}
)  # fmt: skip
"""Places from which goods move towards people; the others only correct what the books say."""

NO_CONDITION = frozenset({ReleaseCondition.NONE})
"""What holds when nobody says that more does."""
UNDER_DECREE = frozenset({ReleaseCondition.NONE, ReleaseCondition.DECREE})
"""What holds on a day that an emergency decree covers."""

_FUNDING_ORDER = {source: order for order, source in enumerate(FundingSource)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A batch at a place, as the picker sees it."""

    place_id: UUID
    item_id: UUID
    batch_id: UUID
    batch_code: str
    funding_source: FundingSource
    expires_on: date | None
    received_on: date
    free_milli: int
    release_condition: ReleaseCondition = ReleaseCondition.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """So much of an item from a place, usable on a day; ``group`` is the asker's own mark and comes back in picks."""

    group: str
    place_id: UUID
    item_id: UUID
    quantity_milli: Milli
    usable_on: date
    may_be_expired: bool = False
    met: frozenset[ReleaseCondition] = NO_CONDITION
    """Which release conditions hold for it; a batch under another is as if it were not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    group: str
    place_id: UUID
    item_id: UUID
    batch_id: UUID
    quantity_milli: Milli
    is_expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What an order lacks at one place: all wants of the item there, against all that is free and usable."""

    place_id: UUID
    item_id: UUID
    wanted_milli: Milli
    free_milli: Milli
    conditional_milli: int = 0
    """What lies there besides and may leave only under a condition that does not hold."""

    @property
    def short_milli(self) -> Milli:
        return Milli(self.wanted_milli - self.free_milli)


def picking_order(lot: Lot) -> tuple[date, date, int, str]:
    """Say which batch goes first: earliest expiry (never-expiring last), then longest on the shelf, then by source."""
    return (lot.expires_on or date.max, lot.received_on, _FUNDING_ORDER[lot.funding_source], lot.batch_code)


def is_expired(expires_on: date | None, on: date) -> bool:
    """Tell whether a batch may no longer be used on a local day; its last day is still good."""
    return expires_on is not None and expires_on < on


def pick(wants: Iterable[Want], lots: Iterable[Lot]) -> tuple[tuple[Pick, ...], tuple[Shortage, ...]]:
    """Share the lots among the wants, earliest expiry first; each unit is given once.

    Either all wants are met and there is no shortage, or the shortages name every (place, item) that is short. A want
    that may be met by expired goods takes them last.
    """
    shelves: dict[tuple[UUID, UUID], list[Lot]] = defaultdict(list)
    for lot in sorted(lots, key=picking_order):
        shelves[lot.place_id, lot.item_id].append(lot)
    left = {(lot.place_id, lot.batch_id): lot.free_milli for shelf in shelves.values() for lot in shelf}
    picks: list[Pick] = []
    wanted: dict[tuple[UUID, UUID], int] = defaultdict(int)
    met: dict[tuple[UUID, UUID], int] = defaultdict(int)
    conditional: dict[tuple[UUID, UUID], int] = {}
    for want in wants:
        key = (want.place_id, want.item_id)
        wanted[key] += want.quantity_milli
        conditional[key] = sum(
            lot.free_milli for lot in shelves[key]
            if lot.release_condition not in want.met and not is_expired(lot.expires_on, want.usable_on)
        )  # fmt: skip
        open_milli: int = want.quantity_milli
        for lot, expired in _usable(shelves[key], want):
            taken = min(open_milli, left[lot.place_id, lot.batch_id])
            if taken <= 0:
                continue
            left[lot.place_id, lot.batch_id] -= taken
            open_milli -= taken
            picks.append(
                Pick(
                    group=want.group, place_id=want.place_id, item_id=want.item_id, batch_id=lot.batch_id,
                    quantity_milli=Milli(taken), is_expired=expired,
                )
            )  # fmt: skip
            if not open_milli:
                break
        met[key] += want.quantity_milli - open_milli
    short = tuple(
        Shortage(
            place_id=key[0],
            item_id=key[1],
            wanted_milli=Milli(wanted[key]),
            free_milli=Milli(met[key]),
            conditional_milli=conditional[key],
        )
        for key in sorted(wanted)
        if met[key] < wanted[key]
    )
    return (() if short else tuple(picks)), short


def _usable(on_shelf: Sequence[Lot], want: Want) -> Iterable[tuple[Lot, bool]]:
    shelf = [lot for lot in on_shelf if lot.release_condition in want.met]
    for lot in shelf:
        if not is_expired(lot.expires_on, want.usable_on):
            yield lot, False
    if want.may_be_expired:
        for lot in shelf:
            if is_expired(lot.expires_on, want.usable_on):
                yield lot, True


def share_rp(quantity_milli: int, batch_quantity_milli: int, batch_value_rp: int) -> Rupiah:
    """Tell what a part of a batch is worth, rounded down to whole rupiah."""
    return Rupiah(batch_value_rp * quantity_milli // batch_quantity_milli)


def move_value_rp(share: int, quantity_milli: int, on_hand_milli: int, place_value_rp: int) -> Rupiah:
    """Tell the value of a move out of a bounded place: its share, and all that is left when it empties the place.

    So the rupiah at a place are never negative and are gone when the goods are (decision 5).
    """
    return Rupiah(place_value_rp if quantity_milli == on_hand_milli else min(share, place_value_rp))


def may_go(source: PlaceKind, target: PlaceKind) -> bool:
    return target in MAY_GO[source]


def may_go_expired(source: PlaceKind, target: PlaceKind) -> bool:
    """Tell whether an expired batch may take this way: out of use, back in the books, or apart to save the rest."""
    is_unpacked = source is PlaceKind.QUARANTINE and target is PlaceKind.ASSEMBLY
    return target in EXPIRED_MAY_GO or source not in ON_THE_WAY or is_unpacked


def may_go_back_expired(source: PlaceKind, target: PlaceKind) -> bool:
    """Tell whether a reversal may bring an expired batch here: a shelf it never should have left, yes."""
    return target is PlaceKind.WAREHOUSE or may_go_expired(source, target)


LEAVES_FOR_PEOPLE = frozenset({PlaceKind.POST, PlaceKind.HOUSEHOLD, PlaceKind.CONTESTED})


def needs_release(source: PlaceKind, target: PlaceKind) -> bool:
    """Tell whether a batch under a condition passes its door here: from a shelf or the road towards people."""
    return target in LEAVES_FOR_PEOPLE and source in (PlaceKind.WAREHOUSE, PlaceKind.VEHICLE, PlaceKind.SUPPLIER)


@dataclass(frozen=True, slots=True)
class DayChange:
    """What one day changed at a place for a batch."""

    on: date
    change_milli: int


@dataclass(frozen=True, slots=True)
class Below:
    """The first day on which a place would have had less than nothing of a batch."""

    on: date
    balance_milli: int
    """What the books say of that day without the new entry."""
    short_milli: int


def first_below(on_hand_milli: int, known: Iterable[DayChange], new: Iterable[DayChange]) -> Below | None:
    """Find the first day whose closing balance the new changes would bring below zero.

    ``on_hand_milli`` is the balance after all that is known; ``known`` holds the days from the first new one on (more
    do no harm). Only days from the first new one on can change.
    """
    added: dict[date, int] = defaultdict(int)
    for change in new:
        added[change.on] += change.change_milli
    if not added:
        return None
    first = min(added)
    booked: dict[date, int] = defaultdict(int)
    for change in known:
        if change.on >= first:
            booked[change.on] += change.change_milli
    balance = on_hand_milli - sum(booked.values())
    extra = 0
    for day in sorted(booked.keys() | added.keys()):
        balance += booked[day]
        extra += added[day]
        if balance + extra < 0 and extra < 0:
            return Below(day, balance, -(balance + extra))
    return None


def least_from(on_hand_milli: int, known: Iterable[DayChange], since: date) -> int:
    """Give the least closing balance of any day from ``since`` on: what could have been taken on that day."""
    later = sorted((change for change in known if change.on > since), key=lambda change: change.on, reverse=True)
    least = balance = on_hand_milli
    for change in later:
        balance -= change.change_milli
        least = min(least, balance)
    return least


def document_kind(source: PlaceKind, target: PlaceKind) -> DocumentKind:
    """Say which paper a transfer is: to a post it is dispatched, from one it returns."""
    if target is PlaceKind.POST and source is not PlaceKind.POST:
        return DocumentKind.DISPATCH
    if source in (PlaceKind.POST, PlaceKind.HOUSEHOLD, PlaceKind.CONTESTED) and target is not PlaceKind.POST:
        return DocumentKind.RETURN
    return DocumentKind.TRANSFER
