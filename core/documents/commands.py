from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from core.documents.models import Document, DocumentPerson, DocumentPrint
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid, NotFound
from core.frozen import digest, freeze
from core.numbering import next_number
from core.work import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueDocument:
    """``view`` is a frozen dataclass without persons; ``person`` one with them, kept apart so that it can be erased."""

    kind: str
    subject: str
    subject_id: UUID
    title: str
    day: date
    view: object
    person: object | None = None
    number: str | None = None
    public_ref: bytes | None = None
    village_code: str | None = None
    place_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    id: UUID
    number: str


_ISSUE = sa.insert(cast(sa.Table, Document.__table__))
_ISSUE_PERSON = sa.insert(cast(sa.Table, DocumentPerson.__table__))


def issue_document(tx: Tx, order: IssueDocument) -> IssuedDocument:
    """Issue a paper: number it and freeze what it says.

    The view cannot hold the number (it is taken here); the printing joins the two.
    """
    view = freeze(order.view)
    person = freeze(order.person) if order.person is not None else ""
    document_id = tx.new_id()
    number = order.number or next_number(tx, order.kind, order.day)
    tx.session.execute(
        _ISSUE,
        {
            "id": document_id, "regency_code": tx.regency_code, "kind": order.kind, "number": number,
            "state": DocumentState.ISSUED, "subject": order.subject, "subject_id": order.subject_id,
            "title": order.title, "view": view, "view_sha256": digest(view),
            "person_sha256": digest(person) if person else "", "public_ref": order.public_ref,
            "village_code": order.village_code, "place_id": order.place_id, "issued_on": order.day,
            "issued_at": tx.now, "issued_by": tx.actor.id, "voided_at": None, "void_reason": "",
        },
    )  # fmt: skip
    if person:
        tx.session.execute(_ISSUE_PERSON, {"document_id": document_id, "view": person})
    tx.note("document.issue", "document", document_id, kind=order.kind, number=number, view_sha256=digest(view))
    return IssuedDocument(document_id, number)


def void_document(tx: Tx, document_id: UUID, reason: str) -> None:
    """Declare a paper void; its number stays taken, its QR says so. Raises: NotFound, Invalid, Conflict."""
    if len(reason.strip()) < 5:
        raise Invalid("document.reason_missing", field="reason")
    done = tx.session.execute(
        sa.update(Document)
        .where(
            Document.id == document_id,
            Document.regency_code == tx.regency_code,
            Document.state == DocumentState.ISSUED,
        )
        .values(state=DocumentState.VOID, voided_at=tx.now, void_reason=reason.strip())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        if tx.session.get(Document, document_id) is None:
            raise NotFound("document.not_found")
        raise Conflict("document.already_void")
    tx.note("document.void", "document", document_id, reason=reason.strip())


def record_print(tx: Tx, document_ids: list[UUID]) -> list[int]:
    """Record that papers leave the printer and give each one's copy number: 0 the original, n the n-th copy."""
    known = dict.fromkeys(document_ids, -1)
    for chunk in (document_ids[n : n + 500] for n in range(0, len(document_ids), 500)):
        rows = tx.session.execute(
            sa.select(DocumentPrint.document_id, sa.func.max(DocumentPrint.copy_no).label("copy_no"))
            .where(DocumentPrint.document_id.in_(chunk))
            .group_by(DocumentPrint.document_id)
        )
        known.update({row.document_id: row.copy_no for row in rows})
    copies = [known[document_id] + 1 for document_id in document_ids]
    tx.session.execute(
        sa.insert(DocumentPrint),
        [
            {"id": tx.new_id(), "document_id": document_id, "copy_no": copy, "printed_at": tx.now,
             "printed_by": tx.actor.id}
            for document_id, copy in zip(document_ids, copies, strict=True)
        ],
    )  # fmt: skip
    for document_id, copy in zip(document_ids, copies, strict=True):
        tx.note("document.print", "document", document_id, copy_no=copy)
    return copies
