"""Requests to be erased, and copies of what is held that were given to the household they are about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, append_only, state_column
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument

_ASKED = sa.text("state = 'asked'")


class Erasure(Base):
    """One request: what it is based on, who asked, who decided, how many rows it cleared; nothing of who it was."""

    __tablename__ = "erasure"
    __table_args__ = (
        sa.Index(None, "regency_code", "state", "asked_at"),
        sa.Index("uq_erasure_asked", "household_id", unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED),
        sa.CheckConstraint("decided_by <> asked_by OR state = 'withdrawn'", name="two_persons"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_once"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    state: Mapped[ErasureState] = state_column(ErasureState)
    ground: Mapped[Ground] = state_column(Ground, "ground")
    reason: Mapped[str]
    asked_for: Mapped[Asker] = state_column(Asker, "asked_for")
    identity_document: Mapped[IdentityDocument] = state_column(IdentityDocument, "identity_document")
    asked_by: Mapped[str]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_by_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(default="")
    cleared_rows: Mapped[int] = mapped_column(default=0)
    swept_at: Mapped[datetime | None]
    """When the rows that only opening shows to be the household's were gone, too."""


class SubjectExport(Base):
    """A copy of everything held about a household, given to whoever showed that they may have it."""

    __tablename__ = "subject_export"
    __table_args__ = (sa.Index(None, "household_id"), sa.Index(None, "regency_code", "made_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    asked_for: Mapped[Asker] = state_column(Asker, "asked_for")
    identity_document: Mapped[IdentityDocument] = state_column(IdentityDocument, "identity_document")
    note: Mapped[str]
    made_by: Mapped[str]
    made_by_name: Mapped[str]
    made_at: Mapped[datetime]
    rows: Mapped[int]
    sha256: Mapped[str]


append_only(SubjectExport.__table__)
