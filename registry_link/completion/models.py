"""Completion lists, what was changed through them, files that came back, and every position that was reported."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column
from registry_link.completion.states import (
    EntryState,
    FileKind,
    FileState,
    ListState,
    PositionOrigin,
    RowOutcome,
    SkipReason,
)

_OPEN = "state = 'open'"
_KEPT = "state <> 'discarded'"


class CompletionList(Base):
    """The incomplete households of one village, asked for on one day."""

    __tablename__ = "completion_list"
    __table_args__ = (
        sa.Index("ix_completion_list_regency_code_village_code", "regency_code", "village_code"),
        # One open list per village: a household is asked for once.
        sa.Index(
            "uq_completion_list_open", "regency_code", "village_code", unique=True, sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    state: Mapped[ListState] = state_column(ListState)
    asked: Mapped[int]
    """What is asked for, as bits of ``households.gaps.Gap``."""
    households: Mapped[int]
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    issued_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by_name: Mapped[str]


class CompletionEntry(Base):
    """One household of a list, in the order in which a village walks: RW, RT, name."""

    __tablename__ = "completion_entry"
    __table_args__ = (
        sa.UniqueConstraint("list_id", "no"),
        sa.UniqueConstraint("list_id", "household_id"),
        sa.Index("ix_completion_entry_household_id", "household_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    list_id: Mapped[UUID] = mapped_column(sa.ForeignKey("completion_list.id"))
    no: Mapped[int]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    gaps: Mapped[int]
    """What was missing when the list was made, as bits of ``households.gaps.Gap``."""
    state: Mapped[EntryState] = state_column(EntryState)
    skip_reason: Mapped[SkipReason | None] = state_column(SkipReason, "skip_reason", nullable=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str]
    decided_by_name: Mapped[str]


class CompletionChange(Base):
    """One field that was filled in or changed, by whom and through what; numbers are never written here."""

    __tablename__ = "completion_change"
    __table_args__ = (sa.Index("ix_completion_change_household_id_at", "household_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    member_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("member.id"))
    entry_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("completion_entry.id"))
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("completion_file.id"))
    """Empty when it was typed into the form."""
    field: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    """Both empty for NIK and No. KK."""
    at: Mapped[datetime]
    by: Mapped[str]
    by_name: Mapped[str]


class CompletionFile(Base):
    """A list that came back, or a file of positions."""

    __tablename__ = "completion_file"
    __table_args__ = (
        # The same file twice is recognised; a discarded one may be read again.
        sa.Index(
            "uq_completion_file_sha256", "regency_code", "kind", "file_sha256", unique=True,
            sqlite_where=sa.text(_KEPT), postgresql_where=sa.text(_KEPT),
        ),
        # Positions decide who is affected: two persons.
        sa.CheckConstraint("kind = 'list' OR applied_by <> read_by", name="two_persons"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[FileKind] = state_column(FileKind, "kind")
    state: Mapped[FileState] = state_column(FileState)
    list_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("completion_list.id"))
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    rows: Mapped[int]
    read_at: Mapped[datetime]
    read_by: Mapped[str]
    read_by_name: Mapped[str]
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str | None]
    applied_by_name: Mapped[str]


class CompletionFileRow(Base):
    """One row of such a file and what became of it; holds no number and no name."""

    __tablename__ = "completion_file_row"
    __table_args__ = (
        sa.CheckConstraint("lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name="position"),
    )

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("completion_file.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[RowOutcome] = state_column(RowOutcome, "outcome")
    problems: Mapped[str]
    """JSON list of code, column and facts."""
    fields: Mapped[str]
    """JSON list of the fields it changed."""
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    accuracy_m: Mapped[float | None]


class HouseholdPosition(Base):
    """A position as it was reported, whether or not it became the household's."""

    __tablename__ = "household_position"
    __table_args__ = (
        sa.Index("ix_household_position_household_id_at", "household_id", "at"),
        sa.CheckConstraint("lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name="position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    lon_deg: Mapped[float]
    lat_deg: Mapped[float]
    accuracy_m: Mapped[float | None]
    origin: Mapped[PositionOrigin] = state_column(PositionOrigin, "origin")
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("completion_file.id"))
    is_used: Mapped[bool]
    """False where a better one stood there already."""
    reason: Mapped[str]
    """Why it replaces a better one, where somebody says so."""
    at: Mapped[datetime]
    by: Mapped[str]
    by_name: Mapped[str]


class VillageOverview(Base):
    """What a village's households lack, counted once for every reader; ``version`` says how far it is behind."""

    __tablename__ = "village_overview"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    households: Mapped[int]
    persons: Mapped[int]
    located: Mapped[int]
    far: Mapped[int]
    """Positions farther outside the village than can be right."""
    incomplete: Mapped[int]
    """Households that lack something else than their position."""
    lacks_units: Mapped[int]
    lacks_address: Mapped[int]
    lacks_card: Mapped[int]
    lacks_head_number: Mapped[int]
    lacks_birth: Mapped[int]
    version: Mapped[Big]
    """The office's ``registry_stamp`` when it was counted."""
    counted_at: Mapped[datetime]
