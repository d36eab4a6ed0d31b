"""What the civil registry answered, row by row, what was seen in the field, and how many stand where."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.crypto import Secret
from core.db import Base, Big, Sealed, state_column
from registry_link.households.states import LinkState
from registry_link.links.states import DukcapilFileState, RowOutcome, Verdict, VisitOutcome

CELLS_CONTEXT: Final = "dukcapil.row"
_KEPT: Final = sa.text("state <> 'discarded'")


class DukcapilFile(Base):
    """A file of results as it came, read by one person and taken over by another."""

    __tablename__ = "dukcapil_file"
    __table_args__ = (
        sa.Index("uq_dukcapil_file_sha256", "regency_code", "file_sha256", unique=True, sqlite_where=_KEPT,
                 postgresql_where=_KEPT),
        sa.CheckConstraint("applied_by <> read_by", name="two_persons"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    state: Mapped[DukcapilFileState] = state_column(DukcapilFileState)
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    header: Mapped[str]
    """JSON of the names of its columns."""
    is_workbook: Mapped[bool]
    basis_no: Mapped[str]
    """Of the letter that it came with."""
    basis_on: Mapped[date]
    rows: Mapped[int]
    refused: Mapped[int]
    read_by: Mapped[str]
    read_by_name: Mapped[str]
    read_at: Mapped[datetime]
    applied_by: Mapped[str | None]
    applied_by_name: Mapped[str] = mapped_column(default="")
    applied_at: Mapped[datetime | None]


class DukcapilRow(Base):
    __tablename__ = "dukcapil_row"
    __table_args__ = (sa.Index(None, "household_id"), {"sqlite_with_rowid": False})

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dukcapil_file.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As a spreadsheet numbers it."""
    outcome: Mapped[RowOutcome] = state_column(RowOutcome, "outcome")
    verdict: Mapped[Verdict | None] = state_column(Verdict, "verdict", nullable=True)
    member_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("member.id"))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    nik_bidx: Mapped[bytes | None]
    """Of the number that the row is about: whoever has another one by the time the file is taken over is not meant."""
    problems: Mapped[str] = mapped_column(default="[]")
    """JSON of codes with columns and plain facts; never a number of a person."""
    cells: Mapped[Secret | None] = mapped_column(Sealed(CELLS_CONTEXT))
    """JSON of a refused row as it stood, to be given back."""


class DukcapilResult(Base):
    """What the civil registry said of a person's number, once it was taken over."""

    __tablename__ = "dukcapil_result"
    __table_args__ = (sa.Index(None, "household_id"), sa.Index(None, "member_id", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(sa.ForeignKey("member.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dukcapil_file.id"))
    verdict: Mapped[Verdict] = state_column(Verdict, "verdict")
    nik_bidx: Mapped[bytes | None]
    """Of the number that was judged: another one needs another answer."""
    at: Mapped[datetime]


class FieldVisit(Base):
    __tablename__ = "field_visit"
    __table_args__ = (sa.Index(None, "household_id", "at"), sa.Index(None, "link_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_link.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    outcome: Mapped[VisitOutcome] = state_column(VisitOutcome, "outcome")
    note: Mapped[str]
    visited_on: Mapped[date]
    at: Mapped[datetime]
    by: Mapped[str]
    by_name: Mapped[str]


class LinkCount(Base):
    """How many households of a village stood in a state when all were last counted; only counts."""

    __tablename__ = "link_count"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    state: Mapped[LinkState] = state_column(LinkState, "state", primary_key=True)
    households: Mapped[int]
    version: Mapped[Big]
    """Of the registry when they were counted."""
    last_step_id: Mapped[UUID | None]
    """The newest step of any link that was known then."""
    counted_at: Mapped[datetime]
