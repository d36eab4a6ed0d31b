"""Files of opening balances and movements, row by row, with what became of each."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column
from stock.importing.states import RowOutcome, StockFileKind, StockFileState


class StockFile(Base):
    __tablename__ = "stock_file"
    __table_args__ = (
        # The same file twice is recognised; a discarded one may be read again.
        sa.Index(
            "uq_stock_file_sha256", "regency_code", "file_sha256", unique=True,
            sqlite_where=sa.text("state <> 'discarded'"), postgresql_where=sa.text("state <> 'discarded'"),
        ),
        sa.CheckConstraint("booked_by <> read_by", name="two_persons"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[StockFileKind] = state_column(StockFileKind, "kind")
    state: Mapped[StockFileState] = state_column(StockFileState)
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    header: Mapped[str]
    """JSON of the names of its columns."""
    delimiter: Mapped[str] = mapped_column(default="")
    """Empty for a workbook."""
    as_of_on: Mapped[date | None]
    """The day of opening balances whose rows name none."""
    rows: Mapped[int]
    refused: Mapped[int]
    value_rp: Mapped[Big] = mapped_column(default=0)
    """What its ready rows bring, take and correct, each counted; it decides who may book it."""
    read_by: Mapped[str]
    read_by_name: Mapped[str]
    read_at: Mapped[datetime]
    booked_by: Mapped[str | None]
    booked_by_name: Mapped[str] = mapped_column(default="")
    booked_at: Mapped[datetime | None]


class StockFileRow(Base):
    __tablename__ = "stock_file_row"

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_file.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[RowOutcome] = state_column(RowOutcome, "outcome")
    reason_code: Mapped[str] = mapped_column(default="")
    facts: Mapped[str] = mapped_column(default="{}")
    """JSON of plain facts for the sentence."""
    cells: Mapped[str]
    """JSON of the row as it stood."""
    order: Mapped[str] = mapped_column(default="")
    """JSON of what was understood, to be booked."""
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("stock_document.id"))
