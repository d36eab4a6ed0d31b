from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big


class StoredFile(Base):
    __tablename__ = "stored_file"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[Big]
    name: Mapped[str]
    purpose: Mapped[str]
    stored_at: Mapped[datetime]
    stored_by: Mapped[str]
    delete_on: Mapped[date | None]
    deleted_at: Mapped[datetime | None]
