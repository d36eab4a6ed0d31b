from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, whole


class Office(Base):
    """One social-affairs office; everything else names it by its regency."""

    __tablename__ = "office"
    __table_args__ = (whole("approval_limit_rp"),)

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    regency_name: Mapped[str]
    name: Mapped[str]
    short_name: Mapped[str]
    address: Mapped[str]
    contact: Mapped[str]
    seat: Mapped[str]
    """The town that letters are dated from."""
    time_zone: Mapped[str]
    unit_code: Mapped[str]
    classification: Mapped[str]
    paper_size: Mapped[str]
    approval_limit_rp: Mapped[Big] = mapped_column(default=5_000_000)
    """Corrections of stock above this value are the head's to decide."""
    is_demo: Mapped[bool]
    opened_at: Mapped[datetime]


class Signatory(Base):
    """Who signs which part of a paper."""

    __tablename__ = "signatory"
    __table_args__ = (sa.UniqueConstraint("regency_code", "duty"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    duty: Mapped[str]
    name: Mapped[str]
    position: Mapped[str]
    employee_no: Mapped[str]


class NumberTemplate(Base):
    __tablename__ = "number_template"

    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    template: Mapped[str]
