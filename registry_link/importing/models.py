"""Imports: how far each is, what it would do, and the rows that go back to whoever sent them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.crypto import Secret
from core.db import Base, Big, Sealed, state_column
from registry_link.importing.states import RunState
from registry_link.regions.states import CodeSystem


class ImportRun(Base):
    __tablename__ = "import_run"
    __table_args__ = (sa.Index(None, "regency_code", "state"), sa.Index(None, "regency_code", "file_sha256"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"))
    state: Mapped[RunState] = state_column(RunState)
    code_system: Mapped[CodeSystem] = state_column(CodeSystem, "code_system")
    file_sha256: Mapped[str]
    files: Mapped[str]
    """JSON: for each file its name, path, id of the stored file, size, header, and which column is what."""
    asks_columns: Mapped[bool]
    """A person looks at the columns before anything is read; otherwise only where they do not tell for themselves."""
    file_no: Mapped[int]
    """The cursor: which file, at which byte, after how many rows of it."""
    at_byte: Mapped[Big]
    at_row: Mapped[int]
    bytes_read: Mapped[Big]
    bytes_total: Mapped[Big]
    rows: Mapped[int]
    refused: Mapped[int]
    warned: Mapped[int]
    doubled: Mapped[int]
    """Rows that stand twice in the file."""
    niks: Mapped[int]
    niks_ending_zero: Mapped[int]
    """Of the file being read, and No. KK where it has no NIK. Excel keeps 15 digits: where nearly all end with 0, the
    last one was lost."""
    new: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    suspected: Mapped[int]
    problem: Mapped[str]
    weighed_at: Mapped[Big | None]
    """The version of the office's registry that its rows were compared with; none while they are not all compared."""
    compared_at: Mapped[datetime | None]
    """When that comparison began."""
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    started_by_name: Mapped[str]
    approved_by: Mapped[str | None]
    approved_by_name: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class ImportRow(Base):
    """A refused row as it came, sealed, so that it can be given back after the file is gone."""

    __tablename__ = "import_row"

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("import_run.id"), primary_key=True)
    file_no: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[Secret] = mapped_column(Sealed("import.row"))
    """JSON list; a cell of a workbook that is no text is its kind's letter and its text."""
    home_digest: Mapped[int | None] = mapped_column(sa.BigInteger)
    """Which household it is of, as a digest of its id; none where that cannot be told."""


class ImportIssue(Base):
    """What is wrong with one row, or worth a look; holds no name and no number."""

    __tablename__ = "import_issue"
    __table_args__ = (sa.Index(None, "run_id", "file_no", "row"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("import_run.id"))
    file_no: Mapped[int]
    row: Mapped[int]
    column: Mapped[str]
    code: Mapped[str]
    is_warning: Mapped[bool]
    facts: Mapped[str]
