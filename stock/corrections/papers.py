"""The minutes of a correction: what was written off, found or missing, why, and who agreed to it.

They are the paper of the ledger's document, whether it was asked for and decided here or came of a count: a document
has one. A reversal has no number of its own in the ledger; its minutes take the next of the adjustments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, NotFound
from core.i18n import say
from core.work import Tx
from stock.corrections.models import Correction
from stock.corrections.states import CorrectionState
from stock.ledger.kinds import NUMBERED, DocumentKind
from stock.ledger.papers import (
    SUBJECT,
    GoodsLine,
    IssuePaper,
    PaperHead,
    PaperName,
    PaperNames,
    PaperSigner,
    goods_line,
    head_of,
    held_document,
    issue_paper,
    officials,
    reason_words,
)
from stock.ledger.queries import StockDocumentView, stock_document
from stock.places.kinds import PlaceKind

ADJUSTED, WRITTEN_OFF = NUMBERED[DocumentKind.ADJUSTMENT], NUMBERED[DocumentKind.WRITE_OFF]
KINDS: Final = {
    DocumentKind.ADJUSTMENT: ADJUSTED,
    DocumentKind.WRITE_OFF: WRITTEN_OFF,
    DocumentKind.REVERSAL: ADJUSTED,
}
"""Series of the minutes, by the kind of the ledger's document."""
_BOOKS: Final = (PlaceKind.ADJUSTMENT, PlaceKind.LOSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedLine:
    """A batch on minutes: ``difference_milli`` is above zero for what came into the books."""

    goods: GoodsLine
    difference_milli: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionFacts:
    """Minutes of a correction but for the persons."""

    head: PaperHead
    signers: tuple[PaperSigner, ...]
    kind: str
    """The ledger's kind: adjustment, write_off or reversal."""
    places: str
    reason: str
    note: str
    minutes_no: str
    """The number of minutes written elsewhere (police, village)."""
    reverses: str
    """Kind and number of the document that a reversal undoes."""
    event_at: datetime
    asked_at: datetime | None
    decided_at: datetime | None
    decision_note: str
    lines: tuple[CorrectedLine, ...]


def issue_minutes_of(tx: Tx, correction_id: UUID) -> UUID:
    """Issue the minutes of an approved correction, and give their id.

    Raises: NotFound; Conflict("stock_paper.correction_not_approved").
    """
    found = tx.session.scalar(
        sa.select(Correction).where(Correction.id == correction_id, Correction.regency_code == tx.regency_code)
    )
    if found is None:
        raise NotFound("correction.not_found", correction=str(correction_id))
    if found.state is not CorrectionState.APPROVED or found.document_id is None:
        raise Conflict("stock_paper.correction_not_approved", state=say(found.state.label, "id"))
    return issue_minutes(tx, found.document_id)


def issue_minutes(tx: Tx, document_id: UUID) -> UUID:
    """Issue the minutes of an adjustment, a write-off or a reversal, and give their id.

    Raises: NotFound; Conflict("stock_paper.none") for a document of another kind.
    """
    found = held_document(tx, document_id, KINDS)
    facts, persons = minutes(tx, found)
    return issue_paper(
        tx,
        IssuePaper(
            kind=KINDS[found.kind], number=None if found.kind is DocumentKind.REVERSAL else found.number,
            subject=SUBJECT, subject_id=found.id, title=f"{say(found.kind.label, 'id')} {facts.places}",
            day=found.event_on, facts=facts, persons=persons, place_id=_own_place(found),
        ),
    )  # fmt: skip


def minutes(tx: Tx, found: StockDocumentView) -> tuple[CorrectionFacts, PaperNames]:
    """Give what the minutes of a document say, with who asked and who agreed where that is known."""
    asked = tx.session.scalar(sa.select(Correction).where(Correction.document_id == found.id))
    names = officials(tx)
    lines = tuple(
        CorrectedLine(
            goods=goods_line(line.batch, line.quantity_milli, line.value_rp),
            # A reversal between two real places takes from the one and gives to the other: shown as it went.
            difference_milli=line.quantity_milli if line.source.kind in _BOOKS else -line.quantity_milli,
            place=_side(line.source.name, line.target.name, line.source.kind, line.target.kind),
        )
        for line in found.lines
    )
    undone = stock_document(tx, UUID(found.subject_id)) if found.kind is DocumentKind.REVERSAL else None
    signers = (
        (PaperSigner(caption="Yang mengusulkan,"), PaperName(name=asked.asked_by_name if asked else "")),
        (PaperSigner(caption="Pengurus Barang,", position=names.warehouse.position), names.warehouse.name),
        (
            PaperSigner(caption="Menyetujui,", position=""), PaperName(name=asked.decided_by_name)
        ) if asked else None,
        (PaperSigner(caption="Mengetahui,", position=names.head.position or "Kepala Dinas Sosial"), names.head.name),
    )  # fmt: skip
    known = [one for one in signers if one is not None]
    facts = CorrectionFacts(
        head=head_of(tx), signers=tuple(one for one, _ in known), kind=found.kind.value,
        places=", ".join(dict.fromkeys(line.place for line in lines)),
        reason=reason_words(found.kind, found.reason), note=found.note or (asked.note if asked else ""),
        minutes_no=asked.minutes_no if asked else "",
        reverses=f"{say(undone.kind.label, 'id')} {undone.number or ''}".strip() if undone else "",
        event_at=found.event_at, asked_at=asked.asked_at if asked else None,
        decided_at=asked.decided_at if asked else None, decision_note=asked.decision_note if asked else "", lines=lines,
    )  # fmt: skip
    return facts, PaperNames(signers=tuple(name for _, name in known))


def _side(source: str, target: str, source_kind: PlaceKind, target_kind: PlaceKind) -> str:
    if source_kind in _BOOKS:
        return target
    return source if target_kind in _BOOKS else f"{source} → {target}"


def _own_place(found: StockDocumentView) -> UUID:
    line = found.lines[0]
    return line.target.id if line.source.kind in _BOOKS else line.source.id
