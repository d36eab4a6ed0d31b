"""Corrections as those who ask and those who decide see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.measures import Milli, Rupiah
from core.office.queries import office
from core.permissions import may
from core.work import Tx
from stock.corrections.models import Correction, CorrectionLine
from stock.corrections.rules import may_decide, needs_head
from stock.corrections.states import CorrectionKind, CorrectionState
from stock.ledger.kinds import AdjustmentReason, DocumentKind, LossReason
from stock.ledger.queries import BatchView, batch_balances, batches, stock_document
from stock.ledger.rules import share_rp
from stock.places.queries import PlaceView, places

MOST: Final = 100
Key = tuple[UUID, UUID]
"""(place, batch)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """One line of the list."""

    id: UUID
    kind: CorrectionKind
    state: CorrectionState
    place: PlaceView | None
    """Where the goods lie; none for a reversal."""
    reversed_document_id: UUID | None
    reversed_kind: DocumentKind | None
    reversed_number: str | None
    reason: str
    minutes_no: str
    value_rp: Rupiah
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str
    decided_at: datetime | None
    document_id: UUID | None
    lines: int
    refused_to_me: str | None
    """Why the reader, who may decide corrections, may not decide this one; None when they may."""

    @property
    def reason_label(self) -> str | None:
        """Give the code of the sentence for its reason; None where the reason is people's own words."""
        return reason_label(self.kind, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedLine:
    """What it changes of one batch at one place. What lies there is of now: after a decision it is history."""

    place: PlaceView
    batch: BatchView
    difference_milli: int
    on_hand_milli: Milli
    reserved_milli: Milli
    value_rp: Rupiah
    """Of the difference, by the books; never below zero."""

    @property
    def after_milli(self) -> int:
        return self.on_hand_milli + self.difference_milli

    @property
    def short_milli(self) -> int:
        """So much less than what is promised would be left; zero when all is well."""
        return max(0, self.reserved_milli - self.after_milli) if self.difference_milli < 0 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView:
    row: CorrectionRow
    note: str
    event_at: datetime
    decision_note: str
    subject: str
    subject_id: str
    needs_head: bool
    limit_rp: Rupiah
    lines: tuple[CorrectedLine, ...]


def reason_label(kind: CorrectionKind, reason: str) -> str | None:
    """Give the code of the sentence for a correction's reason; None where the reason is people's own words."""
    if kind is CorrectionKind.ADJUSTMENT:
        return AdjustmentReason(reason).label
    return LossReason(reason).label if kind is CorrectionKind.WRITE_OFF else None


def corrections(
    tx: Tx, *, states: Collection[CorrectionState] | None = None, place_ids: Collection[UUID] | None = None,
    limit: int = MOST,
) -> tuple[CorrectionRow, ...]:  # fmt: skip
    """Give corrections, the newest first; ``place_ids`` leaves reversals to those who see the whole office."""
    query = (
        sa.select(Correction)
        .where(Correction.regency_code == tx.regency_code)
        .order_by(Correction.asked_at.desc(), Correction.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if states is not None:
        query = query.where(Correction.state.in_(states))
    if place_ids is not None:
        query = query.where(sa.or_(Correction.place_id.in_(place_ids), Correction.asked_by == tx.actor.id))
    return _rows(tx, tx.session.scalars(query).all())


def to_decide(tx: Tx) -> tuple[CorrectionRow, ...]:
    """Give what waits for the reader's decision, the oldest first; empty for who decides nothing."""
    if not may(tx.actor, "stock.approve"):
        return ()
    asked = corrections(tx, states=(CorrectionState.ASKED,))
    return tuple(one for one in reversed(asked) if one.refused_to_me is None)


def correction(tx: Tx, correction_id: UUID) -> CorrectionView:
    """Give one correction with what it changes. Raises: NotFound."""
    found = tx.session.scalar(
        sa.select(Correction)
        .where(Correction.id == correction_id, Correction.regency_code == tx.regency_code)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("correction.not_found")
    limit_rp = office(tx).approval_limit_rp
    return CorrectionView(
        row=_rows(tx, [found])[0], note=found.note, event_at=found.event_at, decision_note=found.decision_note,
        subject=found.subject, subject_id=found.subject_id, needs_head=needs_head(found.value_rp, limit_rp),
        limit_rp=Rupiah(limit_rp), lines=_lines(tx, found),
    )  # fmt: skip


def correction_of_document(tx: Tx, document_id: UUID) -> UUID | None:
    """Give the correction that a document of the ledger came from."""
    return tx.session.scalar(
        sa.select(Correction.id).where(
            Correction.document_id == document_id, Correction.regency_code == tx.regency_code
        )
    )  # fmt: skip


def reversal_asked(tx: Tx, document_id: UUID) -> UUID | None:
    """Give the correction that asks to reverse this document and waits for its decision."""
    return tx.session.scalar(
        sa.select(Correction.id).where(
            Correction.reversed_document_id == document_id, Correction.regency_code == tx.regency_code,
            Correction.state == CorrectionState.ASKED,
        )
    )  # fmt: skip


def _rows(tx: Tx, found: Collection[Correction]) -> tuple[CorrectionRow, ...]:
    spots = {one.id: one for one in places(tx, ids={row.place_id for row in found if row.place_id})}
    counted: dict[UUID, int] = {
        row.correction_id: row.lines
        for row in tx.session.execute(
            sa.select(CorrectionLine.correction_id, sa.func.count().label("lines"))
            .where(CorrectionLine.correction_id.in_([row.id for row in found]))
            .group_by(CorrectionLine.correction_id)
        )
    }
    limit_rp = office(tx).approval_limit_rp
    made = []
    for row in found:
        document = stock_document(tx, row.reversed_document_id) if row.reversed_document_id else None
        refused = may_decide(
            actor_id=tx.actor.id, roles=tx.actor.roles, asked_by=row.asked_by, value_rp=row.value_rp,
            limit_rp=limit_rp,
        )  # fmt: skip
        made.append(
            CorrectionRow(
                id=row.id, kind=row.kind, state=row.state, place=spots[row.place_id] if row.place_id else None,
                reversed_document_id=row.reversed_document_id, reversed_kind=document.kind if document else None,
                reversed_number=document.number if document else None, reason=row.reason, minutes_no=row.minutes_no,
                value_rp=Rupiah(row.value_rp), asked_by=row.asked_by, asked_by_name=row.asked_by_name,
                asked_at=row.asked_at, decided_by_name=row.decided_by_name, decided_at=row.decided_at,
                document_id=row.document_id, lines=counted.get(row.id, 0) or (len(document.lines) if document else 0),
                refused_to_me=refused,
            )
        )  # fmt: skip
    return tuple(made)


def reversal_lines(tx: Tx, document_id: UUID) -> tuple[CorrectedLine, ...]:
    """Give what the reversal of a document would change, place by place and batch by batch. Raises: NotFound."""
    changes: dict[Key, int] = defaultdict(int)
    values: dict[Key, int] = defaultdict(int)
    spots: dict[UUID, PlaceView] = {}
    known: dict[UUID, BatchView] = {}
    for line in stock_document(tx, document_id).lines:
        known[line.batch.id] = line.batch
        for place, sign in ((line.source, 1), (line.target, -1)):
            if place.is_bounded:
                spots[place.id] = place
                changes[place.id, line.batch.id] += sign * line.quantity_milli
                values[place.id, line.batch.id] += line.value_rp
    return _changed(tx, spots, known, changes, values)


def _lines(tx: Tx, found: Correction) -> tuple[CorrectedLine, ...]:
    if found.reversed_document_id is not None:
        return reversal_lines(tx, found.reversed_document_id)
    assert found.place_id is not None  # the database's own CHECK
    rows = tx.session.execute(
        sa.select(CorrectionLine.batch_id, CorrectionLine.difference_milli).where(
            CorrectionLine.correction_id == found.id
        )
    ).all()
    known = {one.id: one for one in batches(tx, {row.batch_id for row in rows})}
    changes = {(found.place_id, row.batch_id): int(row.difference_milli) for row in rows}
    values: dict[Key, int] = {
        key: share_rp(abs(change), known[key[1]].quantity_milli, known[key[1]].value_rp)
        for key, change in changes.items()
    }
    return _changed(tx, {one.id: one for one in places(tx, ids=[found.place_id])}, known, changes, values)


def _changed(
    tx: Tx, spots: Mapping[UUID, PlaceView], known: Mapping[UUID, BatchView], changes: Mapping[Key, int],
    values: Mapping[Key, int],
) -> tuple[CorrectedLine, ...]:  # fmt: skip
    lying = {(one.place.id, one.batch.id): one for one in batch_balances(tx, place_ids=list(spots))}
    made = [
        CorrectedLine(
            place=spots[key[0]], batch=known[key[1]], difference_milli=change,
            on_hand_milli=Milli(lying[key].on_hand_milli if key in lying else 0),
            reserved_milli=Milli(lying[key].reserved_milli if key in lying else 0), value_rp=Rupiah(values[key]),
        )
        for key, change in changes.items() if change
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda one: (one.place.code, one.batch.item.name_id, one.batch.code)))
