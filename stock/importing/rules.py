"""What one row of a file of stock says, in which order rows happened: pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from core.actor import Role
from core.errors import Fact, Issue
from core.measures import LARGEST_MILLI, MILLI, MONTHS, parse_typed_quantity
from core.reader import Cell, CellKind
from stock.importing.columns import EXAMPLE, Columns
from stock.importing.states import StockFileKind
from stock.items.queries import ItemView, VariantView
from stock.items.rules import plain, unit_named, units_of
from stock.ledger.kinds import AdjustmentReason, FundingSource, LossReason, ReleaseCondition
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView

LONGEST_DOCUMENT: Final = 80
LONGEST_NOTE: Final = 200
LONGEST_MARK: Final = 60
EARLIEST: Final = date(2000, 1, 1)
OPENING_DOCUMENT: Final = "Saldo awal"
HELD_AT: Final = frozenset({PlaceKind.WAREHOUSE, PlaceKind.QUARANTINE, PlaceKind.POST, PlaceKind.VEHICLE})
"""Where goods of a file lie: places that hold goods and that somebody can look at."""


class RowAct(enum.StrEnum):
    """What a row says happened; in this order at one instant: what comes before what goes, counts last."""

    IN = "in"
    CORRECT = "correct"
    MOVE = "move"
    OUT = "out"
    WRITE_OFF = "write_off"
    COUNT = "count"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def label(self) -> str:
        """The code of the sentence that names it."""
        return f"stock_file.act.{self.value}"


_RANKS: Final = {act: rank for rank, act in enumerate(RowAct)}
_TIMES: Final = {RowAct.IN: time(0), RowAct.COUNT: time(23, 59)}
"""A row that names no time: what came is there from the day's beginning, a count is of its end."""
_MIDDAY: Final = time(12)

_ACTS: Final = {
    "masuk": RowAct.IN, "terima": RowAct.IN, "penerimaan": RowAct.IN, "diterima": RowAct.IN, "saldoawal": RowAct.IN,
    "in": RowAct.IN, "receipt": RowAct.IN, "received": RowAct.IN,
    "keluar": RowAct.OUT, "pengeluaran": RowAct.OUT, "dikeluarkan": RowAct.OUT, "serah": RowAct.OUT,
    "diserahkan": RowAct.OUT, "penyaluran": RowAct.OUT, "disalurkan": RowAct.OUT, "dibagikan": RowAct.OUT,
    "out": RowAct.OUT, "issue": RowAct.OUT, "issued": RowAct.OUT, "handedover": RowAct.OUT,
    "pindah": RowAct.MOVE, "mutasi": RowAct.MOVE, "transfer": RowAct.MOVE, "move": RowAct.MOVE, "kirim": RowAct.MOVE,
    "hapus": RowAct.WRITE_OFF, "penghapusan": RowAct.WRITE_OFF, "dihapus": RowAct.WRITE_OFF, "rusak": RowAct.WRITE_OFF,
    "hilang": RowAct.WRITE_OFF, "writeoff": RowAct.WRITE_OFF,
    "koreksi": RowAct.CORRECT, "penyesuaian": RowAct.CORRECT, "adjustment": RowAct.CORRECT,
    "correction": RowAct.CORRECT,
    "hitung": RowAct.COUNT, "opname": RowAct.COUNT, "stokopname": RowAct.COUNT, "stockopname": RowAct.COUNT,
    "hitungfisik": RowAct.COUNT, "count": RowAct.COUNT, "counted": RowAct.COUNT,
}  # fmt: skip
_HANDED: Final = frozenset({"serah", "diserahkan", "penyaluran", "disalurkan", "dibagikan", "handedover"})
_FUNDINGS: Final = {
    "apbn": FundingSource.APBN, "pusat": FundingSource.APBN, "kemensos": FundingSource.APBN,
    "apbdprovinsi": FundingSource.APBD_PROVINCE, "apbdprov": FundingSource.APBD_PROVINCE,
    "provinsi": FundingSource.APBD_PROVINCE, "apbdi": FundingSource.APBD_PROVINCE,
    "apbd": FundingSource.APBD, "apbdkabupaten": FundingSource.APBD, "apbdkab": FundingSource.APBD,
    "apbdkota": FundingSource.APBD, "apbdkabupatenkota": FundingSource.APBD, "apbdii": FundingSource.APBD,
    "hibah": FundingSource.GRANT, "donasi": FundingSource.GRANT, "bantuan": FundingSource.GRANT,
    "grant": FundingSource.GRANT, "csr": FundingSource.CSR, "perusahaan": FundingSource.CSR,
    "campuran": FundingSource.MIXED,
}  # fmt: skip
_LOSSES: Final = {
    "kedaluwarsa": LossReason.EXPIRED, "kadaluarsa": LossReason.EXPIRED, "kadaluwarsa": LossReason.EXPIRED,
    "expired": LossReason.EXPIRED, "rusakkarenaair": LossReason.DAMAGED_WATER, "basah": LossReason.DAMAGED_WATER,
    "air": LossReason.DAMAGED_WATER, "rusakkarenahama": LossReason.DAMAGED_PEST, "hama": LossReason.DAMAGED_PEST,
    "tikus": LossReason.DAMAGED_PEST, "rusak": LossReason.DAMAGED, "damaged": LossReason.DAMAGED,
    "dicuri": LossReason.STOLEN, "pencurian": LossReason.STOLEN, "hilangkarenapencurian": LossReason.STOLEN,
    "stolen": LossReason.STOLEN, "hilangdiperjalanan": LossReason.LOST_ON_THE_WAY, "lainnya": LossReason.OTHER,
    "hilang": LossReason.OTHER, "other": LossReason.OTHER,
}  # fmt: skip
_ADJUSTMENTS: Final = {
    "ditemukan": AdjustmentReason.FOUND, "found": AdjustmentReason.FOUND,
    "salahcatat": AdjustmentReason.ENTERED_WRONG, "salahinput": AdjustmentReason.ENTERED_WRONG,
    "enteredwrong": AdjustmentReason.ENTERED_WRONG,
    "diserahkantanpapencatatan": AdjustmentReason.HANDED_OVER_UNRECORDED,
    "dikeluarkantanpapencatatan": AdjustmentReason.ISSUED_UNRECORDED,
    "lainnya": AdjustmentReason.OTHER, "other": AdjustmentReason.OTHER,
}  # fmt: skip
_DECREE: Final = frozenset({"sk", "keputusan", "dekrit", "decree", "cbp", "cadanganberas", "ya"})
_DATES: Final = (
    re.compile(r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})", re.ASCII),
    re.compile(r"(?P<d>[0-9]{1,2})[-/. ](?P<m>[0-9]{1,2})[-/. ](?P<y>[0-9]{4})", re.ASCII),
    re.compile(r"(?P<d>[0-9]{1,2})[- ](?P<m>[A-Za-z]{3,9})[- ](?P<y>[0-9]{4})", re.ASCII),
)
_MOMENT: Final = re.compile(
    r"(?P<day>.+?)(?:[ T]+(?:pukul )?(?P<clock>[0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})?))", re.ASCII
)
_CLOCK: Final = re.compile(r"(?P<h>[0-9]{1,2})[:.](?P<m>[0-9]{2})(?:[:.](?P<s>[0-9]{2}))?", re.ASCII)
_MONTHS: Final = {
    name[:length].lower(): number
    for names in MONTHS.values()
    for number, name in enumerate(names, 1)
    for length in (3, len(name))
} | {"agt": 8, "ags": 8, "nop": 11, "pebruari": 2, "peb": 2}
_PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)
_THOUSANDS_OR_THOUSANDTHS: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKnown:
    """A batch of the books that the file names by its code."""

    id: UUID
    code: str
    item_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What holds for every row of one file."""

    kind: StockFileKind
    columns: Columns
    items: Mapping[str, tuple[ItemView, ...]]
    """By plain name, code and spelling."""
    places: Mapping[str, tuple[PlaceView, ...]]
    """By plain code and name; givers too."""
    batches: Mapping[str, BatchKnown]
    """By plain code."""
    zone: ZoneInfo
    now: datetime
    today: date
    as_of_on: date | None
    """The day of opening balances that name none."""
    has_comma: bool
    """The file is separated by commas: a dot in its numbers is a decimal point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one row says, as the ledger needs it."""

    row_no: int
    act: RowAct
    event_at: datetime
    item_id: UUID
    quantity_milli: int
    """Of the base unit; below zero only for a correction."""
    place_id: UUID
    """Where it comes into, goes from, or was counted."""
    to_place_id: UUID | None = None
    giver_id: UUID | None = None
    variant_id: UUID | None = None
    batch_id: UUID | None = None
    mark: str = ""
    """The file's own name of a batch, as compared; several receipts may share one."""
    funding_source: FundingSource | None = None
    expires_on: date | None = None
    release_condition: ReleaseCondition = ReleaseCondition.NONE
    document: str = ""
    unit_price_rp: int | None = None
    value_rp: int | None = None
    reason: str = ""
    note: str = ""

    @property
    def group(self) -> tuple[str, ...]:
        """Rows that are equal in this are one document: they happened together, between the same places."""
        ends = (self.place_id, self.to_place_id, self.giver_id)
        return (*map(str, ends), self.document, self.reason)


def order_of(entry: Entry) -> tuple[datetime, int, tuple[str, ...], str]:
    """Say when a row happened among the others, by what it says alone: where it stands in the file is no matter."""
    return (entry.event_at, entry.act.rank, entry.group, repr(replace(entry, row_no=0)))


def may_book(*, actor_id: str, roles: Collection[Role], read_by: str, value_rp: int, limit_rp: int) -> str | None:
    """Give the code of why somebody with the right to decide may not book this file; None when they may."""
    if actor_id == read_by:
        return "stock_file.own"
    if value_rp > limit_rp and Role.HEAD not in roles:
        return "stock_file.heads_only"
    return None


def is_example(cells: Sequence[Cell], columns: Columns) -> bool:
    """Tell whether a row is one of the template's examples, which nobody means."""
    return columns.cell(cells, "note").text.startswith(f"{EXAMPLE}:")


def parse_row(number: int, cells: Sequence[Cell], facts: FileFacts) -> Entry | tuple[Issue, ...]:
    """Read one row; gives what it says, or every reason why it cannot be taken."""
    reading = _Reading(number, cells, facts)
    entry = reading.entry()
    return tuple(reading.issues) or entry or (Issue(code="stock_file.row_unreadable", row=number),)


class _Reading:
    def __init__(self, number: int, cells: Sequence[Cell], facts: FileFacts) -> None:
        self.number, self.cells, self.facts = number, cells, facts
        self.columns = facts.columns
        self.issues: list[Issue] = []

    def entry(self) -> Entry | None:
        for name in self.columns.places:
            cell = self._cell(name)
            if cell.is_formula:
                self._wrong("stock_file.formula", name)
            elif cell.kind is CellKind.ERROR:
                self._wrong("stock_file.cell_error", name)
        act = self._act()
        at = self._event_at(act or RowAct.OUT)
        item = self._item()
        variant = self._variant(item)
        amount, factor = self._quantity(act, item)
        source, target, giver = self._places(act)
        batch_id, mark = self._batch(act, item)
        document, note = self._text("document", LONGEST_DOCUMENT), self._text("note", LONGEST_NOTE)
        reason = self._reason(act, amount)
        funding, expires_on, value, price = None, None, None, None
        if act is RowAct.IN:
            funding, expires_on = self._funding(), self._expires(item, at)
            value, price = self._worth(amount, factor)
            if not document:
                if self.facts.kind is StockFileKind.OPENING:
                    document = OPENING_DOCUMENT
                else:
                    self._wrong("stock_file.needed", "document")
        if act is RowAct.WRITE_OFF and not (document or note):
            self._wrong("stock_file.minutes_missing", "document")
        place = target if act is RowAct.IN else source
        if self.issues or act is None or at is None or item is None or amount is None or place is None:
            return None
        return Entry(
            row_no=self.number, act=act, event_at=at, item_id=item.id, quantity_milli=amount, place_id=place.id,
            to_place_id=target.id if act is RowAct.MOVE and target else None, giver_id=giver.id if giver else None,
            variant_id=variant.id if variant else None, batch_id=batch_id, mark=mark, funding_source=funding,
            expires_on=expires_on, release_condition=self._release(), document=document, unit_price_rp=price,
            value_rp=value, reason=reason, note=note,
        )  # fmt: skip

    # -- what and when -------------------------------------------------------------------------------------------

    def _act(self) -> RowAct | None:
        text = self._cell("act").text
        if self.facts.kind is StockFileKind.OPENING:
            if text and _ACTS.get(plain(text)) is not RowAct.IN:
                self._wrong("stock_file.opening_act", "act", text=text[:40])
            return RowAct.IN
        if not text:
            self._wrong("stock_file.needed", "act")
            return None
        act = _ACTS.get(plain(text))
        if act is None:
            self._wrong("stock_file.act_unknown", "act", text=text[:40])
        return act

    def _event_at(self, act: RowAct) -> datetime | None:
        cell = self._cell("on")
        on, clock = self._day_and_clock(cell) if cell.text else (None, None)
        if not cell.text:
            on = self.facts.as_of_on
            if on is None:
                self._wrong("stock_file.needed", "on")
        elif on is None:
            self._wrong("stock_file.date_form", "on", text=cell.text[:40])
        if self._cell("clock").text:
            clock = self._clock(self._cell("clock"))
            if clock is None:
                self._wrong("stock_file.time_form", "clock", text=self._cell("clock").text[:40])
        if on is None:
            return None
        if on > self.facts.today:
            self._wrong("stock_file.in_future", "on")
        if on < EARLIEST:
            self._wrong("stock_file.too_early", "on", earliest=str(EARLIEST.year))
        at = datetime.combine(on, clock or _TIMES.get(act, _MIDDAY), tzinfo=self.facts.zone)
        if clock is None:
            # Today is not over: what names no time happened by now.
            return min(at, self.facts.now)
        if at > self.facts.now and on <= self.facts.today:
            self._wrong("stock_file.in_future", "clock")
        return at

    def _day_and_clock(self, cell: Cell) -> tuple[date | None, time | None]:
        if cell.kind is CellKind.DATE:
            return date.fromisoformat(cell.text), None
        if cell.kind is CellKind.MOMENT:
            moment = datetime.fromisoformat(cell.text)
            return moment.date(), moment.time()
        if cell.kind is not CellKind.TEXT:
            return None, None
        split = _MOMENT.fullmatch(cell.text)
        if split is None:
            return _day(cell.text), None
        return _day(split["day"]), _clock(split["clock"])

    def _clock(self, cell: Cell) -> time | None:
        if cell.kind is CellKind.TIME:
            return time.fromisoformat(cell.text)
        if cell.kind is CellKind.MOMENT:
            return datetime.fromisoformat(cell.text).time()
        return _clock(cell.text) if cell.kind is CellKind.TEXT else None

    # -- goods ---------------------------------------------------------------------------------------------------

    def _item(self) -> ItemView | None:
        text = self._cell("item").text
        if not text:
            self._wrong("stock_file.needed", "item")
            return None
        found = self.facts.items.get(plain(text), ())
        if len(found) != 1:
            self._wrong("stock_file.item_ambiguous" if found else "stock_file.item_unknown", "item", text=text[:60],
                        names=", ".join(one.name_id for one in found))  # fmt: skip
            return None
        if not found[0].is_stocked or not found[0].is_active:
            self._wrong("stock_file.item_not_stocked", "item", text=found[0].name_id)
            return None
        return found[0]

    def _variant(self, item: ItemView | None) -> VariantView | None:
        text = self._cell("variant").text
        if not text or item is None:
            return None
        found = [one for one in item.variants if plain(text) in (plain(one.name), plain(one.size))]
        if len(found) != 1:
            known = ", ".join(one.name for one in item.variants) or "–"
            self._wrong("stock_file.variant_unknown", "variant", text=text[:40], item=item.name_id, known=known)
            return None
        return found[0]

    def _quantity(self, act: RowAct | None, item: ItemView | None) -> tuple[int | None, int]:
        """Give the quantity in thousandths of the base unit, and how much one of the unit written is."""
        cell = self._cell("quantity")
        if not cell.text:
            self._wrong("stock_file.needed", "quantity")
            return None, MILLI
        amount = self._amount(cell, is_signed=act is RowAct.CORRECT)
        if amount is None or item is None:
            return None, MILLI
        factor: int = MILLI
        text = self._cell("unit").text
        if text:
            known = unit_named(item, text)
            if known is None:
                self._wrong("stock_file.unit_unknown", "unit", text=text[:40], item=item.name_id,
                            known=", ".join(units_of(item)))  # fmt: skip
                return None, MILLI
            factor = known
        if amount * factor % MILLI:
            self._wrong("stock_file.quantity_form", "quantity", text=cell.text[:40])
            return None, factor
        total = amount * factor // MILLI
        if (total == 0 and act is not RowAct.COUNT) or abs(total) > LARGEST_MILLI:
            self._wrong("stock_file.quantity_zero", "quantity")
            return None, factor
        if total % item.step_milli:
            self._wrong("stock_file.not_a_step", "quantity", item=item.name_id, unit=item.base_unit)
            return None, factor
        return total, factor

    def _amount(self, cell: Cell, *, is_signed: bool) -> int | None:
        text = cell.text
        sign = -1 if text.startswith("-") else 1
        if text[:1] in "+-" and text[1:]:
            if sign < 0 and not is_signed:
                self._wrong("stock_file.quantity_negative", "quantity")
                return None
            text = text[1:].strip()
        amount = self._number(cell, text)
        if amount is None:
            self._wrong("stock_file.quantity_form", "quantity", text=cell.text[:40])
        return None if amount is None else sign * amount

    def _number(self, cell: Cell, text: str) -> int | None:
        """Read thousandths: a spreadsheet's number as it is, a text as people type it here (1.204 or 14,5)."""
        if cell.kind is CellKind.NUMBER or (self.facts.has_comma and _PLAIN_NUMBER.fullmatch(text)):
            # In a file separated by commas 1.204 can be either; people are asked.
            if cell.kind is not CellKind.NUMBER and _THOUSANDS_OR_THOUSANDTHS.fullmatch(text):
                return None
            if not _PLAIN_NUMBER.fullmatch(text):
                return None
            scaled = Decimal(text) * MILLI
            return int(scaled) if scaled == scaled.to_integral_value() else None
        if cell.kind is not CellKind.TEXT:
            return None
        try:
            return parse_typed_quantity(text)
        except ValueError:
            return None

    # -- places --------------------------------------------------------------------------------------------------

    def _places(self, act: RowAct | None) -> tuple[PlaceView | None, PlaceView | None, PlaceView | None]:
        giver = None
        if act is RowAct.IN:
            # "Dari" of what came in is whoever gave it.
            name = "giver" if self._cell("giver").text else "source"
            giver = self._place(name, frozenset({PlaceKind.SUPPLIER})) if self._cell(name).text else None
        source = self._place_of("source") if act is not RowAct.IN else None
        target = self._place_of("target") if act in (RowAct.IN, RowAct.MOVE) else None
        if act is RowAct.MOVE and source and target and source.id == target.id:
            self._wrong("stock_file.same_place", "target")
        return source, target, giver

    def _place_of(self, name: str) -> PlaceView | None:
        """Find where it was; the column that names just a place serves where the file has no other."""
        if not self._cell(name).text and self._cell("place").text:
            name = "place"
        if not self._cell(name).text:
            self._wrong("stock_file.needed", name if self.columns.has(name) else "place")
            return None
        return self._place(name, HELD_AT)

    def _place(self, name: str, kinds: frozenset[PlaceKind]) -> PlaceView | None:
        text = self._cell(name).text
        found = [one for one in self.facts.places.get(plain(text), ()) if one.kind in kinds]
        if len(found) != 1:
            code = "stock_file.place_ambiguous" if found else "stock_file.place_unknown"
            self._wrong(code, name, text=text[:60])
            return None
        return found[0]

    # -- batches -------------------------------------------------------------------------------------------------

    def _batch(self, act: RowAct | None, item: ItemView | None) -> tuple[UUID | None, str]:
        text = self._text("batch", LONGEST_MARK)
        if not text or item is None:
            return None, ""
        known = self.facts.batches.get(plain(text))
        if known is None:
            return None, plain(text)
        if act is RowAct.IN:
            self._wrong("stock_file.batch_exists", "batch", batch=known.code)
            return None, ""
        if known.item_id != item.id:
            self._wrong("stock_file.batch_of_other", "batch", batch=known.code, item=item.name_id)
            return None, ""
        return known.id, ""

    def _funding(self) -> FundingSource | None:
        text = self._cell("funding").text
        if not text:
            self._wrong("stock_file.needed", "funding")
            return None
        found = _FUNDINGS.get(plain(text))
        if found is None:
            self._wrong("stock_file.funding_unknown", "funding", text=text[:40])
        return found

    def _expires(self, item: ItemView | None, at: datetime | None) -> date | None:
        cell = self._cell("expires")
        if not cell.text or cell.text == "-":
            if item is not None and item.does_expire:
                self._wrong("batch.expiry_missing", "expires", item=item.name_id)
            return None
        on, _ = self._day_and_clock(cell)
        if on is None:
            self._wrong("stock_file.date_form", "expires", text=cell.text[:40])
        return on

    def _worth(self, amount: int | None, factor: int) -> tuple[int | None, int | None]:
        """Give the value of all of it and the price of one base unit, as far as the row says them."""
        price, value = self._rupiah("price"), self._rupiah("value")
        if amount is None:
            return None, None
        if price is not None:
            # The price is of one of the unit written: of a sack where the row counts sacks.
            exact = Decimal(price) * amount / factor
            total = int(exact.to_integral_value(rounding="ROUND_HALF_UP"))
            if value is not None and abs(value - total) > 1:
                self._wrong("stock_file.value_differs", "value", value=value, total=total)
            value = total if value is None else value
        if value is None:
            self._wrong("stock_file.needed", "price")
        elif value > LARGEST_MILLI:
            self._wrong("stock_file.rupiah_form", "price", text=str(value))
        return value, price if factor == MILLI else None

    def _rupiah(self, name: str) -> int | None:
        cell = self._cell(name)
        text = re.sub(r"(?i)^rp\.?\s*", "", cell.text).removesuffix(",-").strip()
        if not text:
            return None
        amount = self._number(Cell(cell.kind, text), text) if text[:1] not in "+-" else None
        if amount is None or amount % MILLI:
            self._wrong("stock_file.rupiah_form", name, text=cell.text[:40])
            return None
        return amount // MILLI

    def _release(self) -> ReleaseCondition:
        text = plain(self._cell("release").text)
        return ReleaseCondition.DECREE if text in _DECREE else ReleaseCondition.NONE

    # -- words ---------------------------------------------------------------------------------------------------

    def _reason(self, act: RowAct | None, amount: int | None) -> str:
        text = self._text("reason", LONGEST_DOCUMENT)
        if act is RowAct.OUT:
            was_handed = plain(self._cell("act").text) in _HANDED or plain(text) in _HANDED
            return (AdjustmentReason.HANDED_OVER_UNRECORDED if was_handed else AdjustmentReason.ISSUED_UNRECORDED).value
        if act is RowAct.WRITE_OFF:
            said = text or self._cell("act").text
            loss = _LOSSES.get(plain(said), None if text else LossReason.OTHER)
            if loss is None:
                self._wrong("stock_file.reason_unknown", "reason", text=text[:40])
            return loss.value if loss else ""
        if act is RowAct.CORRECT:
            usual = AdjustmentReason.FOUND if (amount or 0) > 0 else AdjustmentReason.ENTERED_WRONG
            reason = _ADJUSTMENTS.get(plain(text), None if text else usual)
            if reason is None:
                self._wrong("stock_file.reason_unknown", "reason", text=text[:40])
            elif reason is AdjustmentReason.FOUND and (amount or 0) < 0:
                self._wrong("stock_file.found_is_more", "reason")
            return reason.value if reason else ""
        return ""

    def _text(self, name: str, most: int) -> str:
        cell = self._cell(name)
        if cell.is_rounded:
            self._wrong("stock_file.number_rounded", name)
            return ""
        text = "" if cell.text == "-" else cell.text
        if len(text) > most:
            self._wrong("stock_file.text_long", name, most=most, letters=len(text))
            return ""
        return text

    def _cell(self, name: str) -> Cell:
        cell = self.columns.cell(self.cells, name)
        # Rows given back carry an apostrophe before what a spreadsheet would work out.
        return Cell(cell.kind, cell.text[1:], cell.is_formula) if cell.text.startswith("'") else cell

    def _wrong(self, code: str, name: str, /, **facts: Fact) -> None:
        self.issues.append(Issue(code=code, row=self.number, column=self.columns.label(name), facts=facts))


def _day(text: str) -> date | None:
    found = next((match for form in _DATES if (match := form.fullmatch(text.strip()))), None)
    if found is None:
        return None
    month = int(found["m"]) if found["m"].isdigit() else _MONTHS.get(found["m"].lower(), 0)
    try:
        return date(int(found["y"]), month, int(found["d"]))
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text.strip())
    try:
        return time(int(found["h"]), int(found["m"]), int(found["s"] or 0)) if found else None
    except ValueError:
        return None
