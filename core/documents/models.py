from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, append_only, state_column
from core.documents.states import DocumentState


class Document(Base):
    """An issued paper: its number, and what it said, frozen. A reprint prints the same view."""

    __tablename__ = "document"
    __table_args__ = (
        sa.UniqueConstraint("regency_code", "kind", "number"),
        sa.Index(None, "subject", "subject_id"),
        sa.Index(None, "regency_code", "issued_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    kind: Mapped[str]
    number: Mapped[str]
    state: Mapped[DocumentState] = state_column(DocumentState)
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    title: Mapped[str]
    view: Mapped[str]
    view_sha256: Mapped[str]
    person_sha256: Mapped[str]
    public_ref: Mapped[bytes | None] = mapped_column(sa.LargeBinary(10), unique=True)
    village_code: Mapped[str | None]
    place_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str]


class DocumentPerson(Base):
    """What a paper says of a person; erased alone when the person asks, the paper's hash stays."""

    __tablename__ = "document_person"

    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("document.id"), primary_key=True)
    view: Mapped[str]


class DocumentPrint(Base):
    """Each time a paper left the printer; copy 0 is the original, every other is marked."""

    __tablename__ = "document_print"
    __table_args__ = (sa.UniqueConstraint("document_id", "copy_no"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("document.id"))
    copy_no: Mapped[int]
    printed_at: Mapped[datetime]
    printed_by: Mapped[str]


append_only(DocumentPrint.__table__)
