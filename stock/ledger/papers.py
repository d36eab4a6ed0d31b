"""What papers about goods say, frozen when they are issued: facts that stay, and persons that can be erased apart.

A document of the ledger never changes, so its paper is issued once: asking again gives the same paper back, to be
printed as a copy. Only where what it says has changed meanwhile (goods looked at after the paper was made) the old
paper is declared void and a revision takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.documents.commands import IssueDocument, issue_document, void_document
from core.documents.queries import documents, said
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid
from core.i18n import say
from core.measures import MILLI
from core.numbering import next_number
from core.office.queries import office, signing
from core.work import Tx
from stock.items.queries import item_by_id
from stock.ledger.kinds import NUMBERED, DocumentKind, Flag, reason_label
from stock.ledger.models import Batch, Move, StockDocument
from stock.ledger.queries import BatchView, DocumentLine, StockDocumentView, stock_document
from stock.places.kinds import PlaceKind
from stock.places.queries import place_by_id, places

Facts = TypeVar("Facts")

RECEIVED, ISSUED = "SBBM", "SBBK"
COMES_IN = (DocumentKind.RECEIPT, DocumentKind.RETURN)
GOES_OUT = (DocumentKind.TRANSFER, DocumentKind.DISPATCH, DocumentKind.ASSEMBLY)
SUBJECT = "stock_document"
MOST_CARD_LINES = 20_000
"""A card of more lines is asked for in shorter periods: some seven hundred pages are enough for one binder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperHead:
    """The office as its papers name it."""

    office_name: str
    regency_name: str
    address: str
    contact: str
    seat: str
    time_zone: str
    is_demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSigner:
    """A column of the signature block without whose it is."""

    caption: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperName:
    name: str = ""
    employee_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNames:
    """Who signs, in the order of the facts' signers; and others whom the text names, by what they did."""

    signers: tuple[PaperName, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsLine:
    """One batch on a paper. ``unit_price_rp`` is None where none was agreed: then the value says what it is worth."""

    item: str
    variant: str
    unit: str
    batch: str
    funding: str
    incoming_document: str
    expires_on: date | None
    quantity_milli: int
    value_rp: int
    unit_price_rp: int | None = None
    damaged_milli: int | None = None
    """Of the quantity; None where nobody has looked yet."""
    asked_milli: int | None = None
    """What was asked for; None where no request was recorded, and then left for handwriting."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFacts:
    """An SBBM but for the persons."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    is_return: bool
    giver: str
    giver_address: str
    place: str
    place_address: str
    basis: str
    """The giver's own paper, or why the goods came back."""
    event_at: datetime
    note: str
    is_inspected: bool
    lines: tuple[GoodsLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedFacts:
    """An SBBK but for the persons."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    kind: str
    source: str
    source_address: str
    target: str
    target_address: str
    document_no: str
    """The number of the surat jalan or of the assembly, where the paper has one of its own."""
    event_at: datetime
    reason: str
    note: str
    lines: tuple[GoodsLine, ...]
    made: tuple[GoodsLine, ...] = ()
    """What was made of the goods: kits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePaper(Generic[Facts]):
    """``essence`` gives the part of the facts whose change makes another paper; a new letterhead does not."""

    kind: str
    number: str | None
    """The ledger's own number, or None to take the next of the kind."""
    subject: str
    subject_id: UUID
    title: str
    day: date
    facts: Facts
    persons: PaperNames
    place_id: UUID | None
    essence: Callable[[Facts], object] = lambda _: None


def issue_paper(tx: Tx, order: IssuePaper[Facts]) -> UUID:
    """Give the paper of a subject: the one issued before when it says the same, else a new one.

    The caller holds the subject's row, so that two who ask at once get one paper.
    """
    known = [
        one
        for one in documents(tx, kind=order.kind, subject_id=order.subject_id, limit=100).lines
        if one.subject == order.subject
    ]
    last = next((one for one in known if one.state is DocumentState.ISSUED), None)
    if last is not None:
        if order.essence(said(tx, last.id, type(order.facts))) == order.essence(order.facts):
            return last.id
        void_document(tx, last.id, "Isinya berubah; digantikan oleh revisi.")
    number = order.number
    if known and number is not None:
        number = f"{number} (revisi {len(known)})"
    return issue_document(
        tx,
        IssueDocument(
            kind=order.kind, number=number or next_number(tx, order.kind, order.day), subject=order.subject,
            subject_id=order.subject_id, title=order.title, day=order.day, view=order.facts, person=order.persons,
            place_id=order.place_id,
        ),
    ).id  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found damaged, by batch, where goods were looked at after they had been received; and by whom."""

    damaged_milli: Mapping[UUID, int]
    inspector: str = ""


def issue_received(tx: Tx, document_id: UUID, inspected: Inspection | None = None) -> UUID:
    """Issue the SBBM of goods received or returned, and give its id.

    Raises: NotFound; Conflict("stock_paper.none") for a document of another kind.
    """
    found = held_document(tx, document_id, COMES_IN)
    facts, persons = received(tx, found, inspected)
    return issue_paper(
        tx,
        IssuePaper(
            kind=RECEIVED, number=found.number, subject=SUBJECT, subject_id=found.id,
            title=f"Barang masuk {facts.place} dari {facts.giver}", day=found.event_on, facts=facts, persons=persons,
            place_id=_shelf(found),
            essence=lambda one: [(line.batch, line.quantity_milli, line.damaged_milli) for line in one.lines],
        ),
    )  # fmt: skip


def issue_issued(tx: Tx, document_id: UUID, asked: Mapping[UUID, int] | None = None) -> UUID:
    """Issue the SBBK of goods that left a place, and give its id.

    ``asked`` is what was asked for, by batch, where a request is known. A load carries the surat jalan's number and an
    assembly its own: their SBBK takes the next number. Raises: NotFound; Conflict("stock_paper.none").
    """
    found = held_document(tx, document_id, GOES_OUT)
    facts, persons = issued(tx, found, asked)
    own = found.number if NUMBERED[found.kind] == ISSUED else None
    return issue_paper(
        tx,
        IssuePaper(
            kind=ISSUED, number=own, subject=SUBJECT, subject_id=found.id,
            title=f"Barang keluar {facts.source} ke {facts.target}", day=found.event_on, facts=facts, persons=persons,
            place_id=found.lines[0].source.id,
        ),
    )  # fmt: skip


def held_document(tx: Tx, document_id: UUID, kinds: Collection[DocumentKind]) -> StockDocumentView:
    """Give a document of one of these kinds and hold its row until the commit.

    Raises: NotFound; Conflict("stock_paper.none") for another kind.
    """
    tx.session.execute(sa.select(StockDocument.id).where(StockDocument.id == document_id).with_for_update())
    found = stock_document(tx, document_id)
    if found.kind not in kinds:
        raise Conflict("stock_paper.none", kind=say(found.kind.label, "id"))
    return found


def received(tx: Tx, found: StockDocumentView, inspected: Inspection | None = None) -> tuple[ReceivedFacts, PaperNames]:
    """Give what the SBBM of a document says. What went straight into quarantine beside good goods is damaged."""
    targets = {line.target.id: line.target for line in found.lines}
    shelves = [one for one in targets.values() if one.kind is not PlaceKind.QUARANTINE]
    place = shelves[0] if shelves else found.lines[0].target
    is_inspected = bool(shelves) or inspected is not None
    by_batch: dict[UUID, list[DocumentLine]] = {}
    for line in found.lines:
        by_batch.setdefault(line.batch.id, []).append(line)
    lines = []
    for batch_id, group in by_batch.items():
        damaged: int | None = None
        if inspected is not None:
            damaged = inspected.damaged_milli.get(batch_id, 0)
        elif shelves:
            damaged = sum(one.quantity_milli for one in group if one.target.kind is PlaceKind.QUARANTINE)
        lines.append(
            goods_line(
                group[0].batch, sum(one.quantity_milli for one in group), sum(one.value_rp for one in group),
                damaged_milli=damaged,
            )
        )  # fmt: skip
    giver = found.lines[0].source
    is_return = found.kind is DocumentKind.RETURN
    head, names = _head_and_names(tx)
    facts = ReceivedFacts(
        head=head, is_return=is_return, giver=giver.name, giver_address=giver.address, place=place.name,
        place_address=place.address, basis=found.reason, event_at=found.event_at, note=found.note,
        is_inspected=is_inspected, lines=tuple(lines),
        signers=(
            PaperSigner(
                caption="Yang menyerahkan,", position=giver.name if is_return else f"Penyedia/pemberi: {giver.name}"
            ),
            PaperSigner(caption="Pemeriksa,", position="Pemeriksa barang"),
            PaperSigner(caption="Yang menerima,", position=names.warehouse.position or "Pengurus Barang"),
        ),
    )  # fmt: skip
    inspector = PaperName(name=inspected.inspector if inspected else "")
    return facts, PaperNames(signers=(PaperName(), inspector, names.warehouse.name))


def issued(tx: Tx, found: StockDocumentView, asked: Mapping[UUID, int] | None = None) -> tuple[IssuedFacts, PaperNames]:
    """Give what the SBBK of a document says."""
    is_assembly = found.kind is DocumentKind.ASSEMBLY
    out = [line for line in found.lines if not is_assembly or line.target.kind is PlaceKind.ASSEMBLY]
    made = [line for line in found.lines if is_assembly and line.target.kind is not PlaceKind.ASSEMBLY]
    source, target = out[0].source, out[0].target
    head, names = _head_and_names(tx)
    facts = IssuedFacts(
        head=head, kind=found.kind.value, source=source.name, source_address=source.address, target=target.name,
        target_address=target.address, event_at=found.event_at, reason=found.reason, note=found.note,
        document_no="" if NUMBERED[found.kind] == ISSUED else found.number or "",
        lines=tuple(
            goods_line(
                line.batch, line.quantity_milli, line.value_rp,
                asked_milli=asked.get(line.batch.id) if asked is not None else None,
            )
            for line in out
        ),
        made=tuple(goods_line(line.batch, line.quantity_milli, line.value_rp) for line in made),
        signers=(
            PaperSigner(caption="Setuju dikeluarkan,", position=names.head.position or "Kepala Dinas Sosial"),
            PaperSigner(caption="Yang meminta,"),
            PaperSigner(caption="Dikeluarkan oleh,", position=names.warehouse.position or "Pengurus Barang"),
            PaperSigner(caption="Penerima,", position="" if is_assembly else target.name),
        ),
    )  # fmt: skip
    return facts, PaperNames(signers=(names.head.name, PaperName(), names.warehouse.name, PaperName()))


# ---------------------------------------------------------------- parts of every paper


@dataclass(frozen=True, slots=True)
class Official:
    position: str
    name: PaperName


@dataclass(frozen=True, slots=True)
class Officials:
    """Who signs for the office and for its goods; with empty fields where nobody was named."""

    head: Official
    warehouse: Official


def officials(tx: Tx) -> Officials:
    """Give who signs for the office and for its goods today."""
    made = [
        Official(one.position, PaperName(name=one.name, employee_no=one.employee_no))
        for one in signing(tx, "head", "warehouse")
    ]
    return Officials(*made)


def head_of(tx: Tx) -> PaperHead:
    """Give the office as its papers name it today."""
    own = office(tx)
    return PaperHead(
        office_name=own.name, regency_name=own.regency_name, address=own.address, contact=own.contact, seat=own.seat,
        time_zone=own.time_zone, is_demo=own.is_demo,
    )  # fmt: skip


def _head_and_names(tx: Tx) -> tuple[PaperHead, Officials]:
    return head_of(tx), officials(tx)


def goods_line(
    batch: BatchView, quantity_milli: int, value_rp: int, *, damaged_milli: int | None = None,
    asked_milli: int | None = None, note: str = "",
) -> GoodsLine:  # fmt: skip
    """Give a batch as papers print it: names and words as they stand today."""
    return GoodsLine(
        item=batch.item.name_id, variant=variant_of(batch), unit=batch.item.base_unit, batch=batch.code,
        funding=say(batch.funding_source.label, "id"), incoming_document=batch.incoming_document,
        expires_on=batch.expires_on, quantity_milli=quantity_milli, value_rp=value_rp,
        unit_price_rp=price_of(batch), damaged_milli=damaged_milli, asked_milli=asked_milli,
        note=note,
    )  # fmt: skip


def variant_of(batch: BatchView) -> str:
    """Name the size of clothing a batch is of; empty where the item has none."""
    return batch.variant.name if batch.variant is not None else ""


def price_of(batch: BatchView) -> int | None:
    """Give a batch's price for one base unit: the one agreed, else what its value makes, where that is a whole one."""
    return _price(batch.unit_price_rp, batch.value_rp, batch.quantity_milli)


def _shelf(found: StockDocumentView) -> UUID:
    """Give the place whose papers it belongs to: the shelf itself where some went to its quarantine."""
    for line in found.lines:
        if line.target.kind is not PlaceKind.QUARANTINE:
            return line.target.id
    return found.lines[0].target.parent_id or found.lines[0].target.id


# ---------------------------------------------------------------- kartu persediaan


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLayer:
    """A batch of the item that has ever lain there, with what lay there before the first day: one layer of price."""

    batch: str
    funding: str
    expires_on: date | None
    unit_price_rp: int | None
    opening_milli: int
    opening_rp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPaper:
    """The head of a kartu persediaan: an extract of the books at a moment, not an issued paper."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    names: PaperNames
    item_code: str
    item: str
    unit: str
    place_code: str
    place: str
    first_on: date
    last_on: date
    as_of_at: datetime
    layers: tuple[CardLayer, ...]
    line_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPaperLine:
    """One move of one batch; the running balance is the reader's to add up."""

    event_on: date
    number: str
    text: str
    batch: str
    in_milli: int
    out_milli: int
    unit_price_rp: int | None
    value_rp: int
    note: str


def card_paper(tx: Tx, item_id: UUID, place_id: UUID, first_on: date, last_on: date) -> CardPaper:
    """Give the head and the price layers of a card; its lines come from ``card_paper_lines``.

    Raises: NotFound; Invalid("stock_paper.card_too_long") beyond ``MOST_CARD_LINES``.
    """
    item, place = item_by_id(tx, item_id), place_by_id(tx, place_id)
    count = tx.session.scalar(
        sa.select(sa.func.count()).select_from(_card_moves(item_id, place_id, first_on, last_on).subquery())
    )
    if (count or 0) > MOST_CARD_LINES:
        raise Invalid("stock_paper.card_too_long", field="dari", lines=count, most=MOST_CARD_LINES)
    head, names = _head_and_names(tx)
    return CardPaper(
        head=head, item_code=item.code, item=item.name_id, unit=item.base_unit, place_code=place.code,
        place=place.name, first_on=first_on, last_on=last_on, as_of_at=tx.now, line_count=count or 0,
        layers=_layers(tx, item_id, place_id, first_on, last_on),
        signers=(
            PaperSigner(caption="Mengetahui,", position=names.head.position or "Kepala Dinas Sosial"),
            PaperSigner(caption="Dibuat oleh,", position=names.warehouse.position or "Pengurus Barang"),
        ),
        names=PaperNames(signers=(names.head.name, names.warehouse.name)),
    )  # fmt: skip


def card_paper_lines(tx: Tx, item_id: UUID, place_id: UUID, first_on: date, last_on: date) -> Iterator[CardPaperLine]:
    """Read a card's lines in the order in which things happened, a few hundred at a time; for one reader."""
    spots = {one.id: one.name for one in places(tx)}
    for row in tx.session.execute(
        _card_moves(item_id, place_id, first_on, last_on)
        .order_by(Move.event_at, Move.recorded_at, Move.id)
        .execution_options(yield_per=500)
    ):
        comes = row.to_place_id == place_id
        yield CardPaperLine(
            event_on=row.event_on, number=row.number or "",
            text=_card_text(row.kind, comes, spots[row.from_place_id if comes else row.to_place_id], row.reason),
            batch=row.code, in_milli=row.quantity_milli if comes else 0, out_milli=0 if comes else row.quantity_milli,
            unit_price_rp=_price(row.batch_price, row.batch_value, row.batch_quantity), value_rp=row.value_rp,
            note="" if row.flag is Flag.NONE else say(row.flag.label, "id"),
        )  # fmt: skip


_CARD_WORDS = {
    DocumentKind.RECEIPT: ("Diterima dari", "Kembali kepada"),
    DocumentKind.TRANSFER: ("Pindahan dari", "Pindah ke"),
    DocumentKind.DISPATCH: ("Dimuat dari", "Dikirim ke"),
    DocumentKind.HANDOVER: ("Kembali dari", "Diserahkan:"),
    DocumentKind.RETURN: ("Kembali dari", "Dikembalikan ke"),
    DocumentKind.REVERSAL: ("Pembalikan:", "Pembalikan:"),
    DocumentKind.ADJUSTMENT: ("Penyesuaian:", "Penyesuaian:"),
    DocumentKind.WRITE_OFF: ("Penghapusan dibatalkan:", "Dihapuskan:"),
    DocumentKind.ASSEMBLY: ("Hasil perakitan:", "Bahan perakitan:"),
}
_OWN_WORDS = (DocumentKind.ADJUSTMENT, DocumentKind.WRITE_OFF)


def _card_text(kind: DocumentKind, comes: bool, counterpart: str, reason: str) -> str:
    words = _CARD_WORDS[kind][0 if comes else 1]
    if kind in _OWN_WORDS:
        return f"{words} {reason_words(kind, reason)}"
    if kind is DocumentKind.RECEIPT and reason:
        return f"{words} {counterpart} ({reason})"
    return f"{words} {counterpart}"


def reason_words(kind: DocumentKind, reason: str) -> str:
    """Say a document's reason as papers do: the ledger's own word for it, or people's."""
    try:
        label = reason_label(kind, reason)
    except ValueError:
        return reason
    return say(label, "id") if label else reason


def _card_moves(item_id: UUID, place_id: UUID, first_on: date, last_on: date) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Move.event_on, Move.from_place_id, Move.to_place_id, Move.quantity_milli, Move.value_rp, Move.flag,
            Batch.code, Batch.value_rp.label("batch_value"), Batch.quantity_milli.label("batch_quantity"),
            Batch.unit_price_rp.label("batch_price"), StockDocument.kind, StockDocument.number, StockDocument.reason,
        )
        .join(Batch, Batch.id == Move.batch_id)
        .join(StockDocument, StockDocument.id == Move.document_id)
        .where(
            Batch.item_id == item_id, sa.or_(Move.to_place_id == place_id, Move.from_place_id == place_id),
            Move.event_on >= first_on, Move.event_on <= last_on,
        )
    )  # fmt: skip


def _layers(tx: Tx, item_id: UUID, place_id: UUID, first_on: date, last_on: date) -> tuple[CardLayer, ...]:
    before = sa.case((Move.event_on >= first_on, 0), (Move.to_place_id == place_id, 1), else_=-1)
    rows = tx.session.execute(
        sa.select(
            Batch.code,
            Batch.funding_source,
            Batch.expires_on,
            Batch.unit_price_rp,
            Batch.value_rp,
            Batch.quantity_milli,
            sa.func.sum(before * Move.quantity_milli).label("opening_milli"),
            sa.func.sum(before * Move.value_rp).label("opening_rp"),
        )
        .join(Batch, Batch.id == Move.batch_id)
        .where(
            Batch.item_id == item_id,
            sa.or_(Move.to_place_id == place_id, Move.from_place_id == place_id),
            Move.event_on <= last_on,
        )
        .group_by(Batch.id)
        .order_by(Batch.expires_on.is_(None), Batch.expires_on, Batch.received_on, Batch.code)
    )
    return tuple(
        CardLayer(
            batch=row.code, funding=say(row.funding_source.label, "id"), expires_on=row.expires_on,
            unit_price_rp=_price(row.unit_price_rp, row.value_rp, row.quantity_milli),
            opening_milli=int(row.opening_milli), opening_rp=int(row.opening_rp),
        )
        for row in rows
    )  # fmt: skip


def _price(named: int | None, value_rp: int, quantity_milli: int) -> int | None:
    if named is not None:
        return named
    price, rest = divmod(value_rp * MILLI, quantity_milli)
    return None if rest else price
