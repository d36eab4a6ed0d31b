from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.documents.models import Document, DocumentPerson, DocumentPrint
from core.documents.states import DocumentState
from core.errors import NotFound
from core.frozen import digest, thaw
from core.permissions import Reach
from core.work import Tx

View = TypeVar("View")
Person = TypeVar("Person")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A paper as the register of papers shows it; what it says is opened by ``paper``."""

    id: UUID
    kind: str
    number: str
    state: DocumentState
    title: str
    subject: str
    subject_id: UUID
    village_code: str | None
    place_id: UUID | None
    public_ref: bytes | None
    issued_on: date
    issued_at: datetime
    voided_at: datetime | None
    void_reason: str
    prints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    lines: tuple[DocumentView, ...]
    total: int


_FIELDS = (
    Document.id, Document.kind, Document.number, Document.state, Document.title, Document.subject, Document.subject_id,
    Document.village_code, Document.place_id, Document.public_ref, Document.issued_on, Document.issued_at,
    Document.voided_at, Document.void_reason,
    sa.select(sa.func.count()).where(DocumentPrint.document_id == Document.id).scalar_subquery().label("prints"),
)  # fmt: skip


_REF = sa.select(Document.id).where(Document.public_ref == sa.bindparam("ref"))


def document(tx: Tx, document_id: UUID, reach: Reach | None = None) -> DocumentView:
    """Give one paper of the office. Raises: NotFound, also outside the reach."""
    row = tx.session.execute(
        sa.select(*_FIELDS).where(Document.id == document_id, Document.regency_code == tx.regency_code)
    ).first()
    if row is None:
        raise NotFound("document.not_found")
    view = DocumentView(**row._mapping)
    if reach is not None and not (reach.has_village(view.village_code) or reach.has_place(view.place_id)):
        raise NotFound("document.not_found")
    return view


def documents(
    tx: Tx, *, kind: str = "", text: str = "", subject_id: UUID | None = None, limit: int = 50, offset: int = 0
) -> DocumentPage:
    """List the office's papers, newest first; ``text`` finds part of a number."""
    where = [Document.regency_code == tx.regency_code]
    if kind:
        where.append(Document.kind == kind)
    if text:
        where.append(Document.number.icontains(text, autoescape=True))
    if subject_id:
        where.append(Document.subject_id == subject_id)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(Document).where(*where)) or 0
    rows = tx.session.execute(
        sa.select(*_FIELDS).where(*where).order_by(Document.issued_at.desc(), Document.id.desc())
        .limit(limit).offset(offset)
    )  # fmt: skip
    return DocumentPage(lines=tuple(DocumentView(**row._mapping) for row in rows), total=total)


def find_by_ref(tx: Tx, ref: bytes) -> DocumentView | None:
    """Find a paper by the reference in its QR, in any office of this database; None when there is none."""
    row = tx.session.execute(sa.select(*_FIELDS).where(Document.public_ref == ref)).first()
    return DocumentView(**row._mapping) if row else None


def is_free_ref(tx: Tx, ref: bytes) -> bool:
    """Tell whether no paper carries this reference yet."""
    return tx.session.scalar(_REF, {"ref": ref}) is None


def said(tx: Tx, document_id: UUID, kind: type[View]) -> View:
    """Give what a paper said when it was issued, without persons."""
    text, kept = tx.session.execute(
        sa.select(Document.view, Document.view_sha256).where(Document.id == document_id)
    ).one()
    if digest(text) != kept:
        raise RuntimeError(f"the frozen view of document {document_id} was altered")
    return thaw(kind, text)


def said_of_person(tx: Tx, document_id: UUID, kind: type[Person]) -> Person | None:
    """Give what a paper said of a person; None when it was erased or it never spoke of one."""
    text = tx.session.scalar(sa.select(DocumentPerson.view).where(DocumentPerson.document_id == document_id))
    return thaw(kind, text) if text is not None else None


def numbers_of(tx: Tx, document_ids: list[UUID]) -> dict[UUID, str]:
    """Give the numbers of several papers of the office."""
    rows = tx.session.execute(
        # The office is compared here: in the statement SQLite would walk through all its papers by the index on it.
        sa.select(Document.id, Document.number, Document.regency_code).where(Document.id.in_(document_ids))
    )
    return {row.id: row.number for row in rows if row.regency_code == tx.regency_code}
