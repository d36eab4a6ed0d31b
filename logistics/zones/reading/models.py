"""Documents of BPBD as they were read: one row each, and one for every element with what became of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, state_column, whole
from logistics.zones.reading.elements import Kind, Outcome
from logistics.zones.reading.states import Fate, ReadingState


class ZoneReading(Base):
    __tablename__ = "zone_reading"
    __table_args__ = (
        # The same bytes for the same incident are recognised; a discarded document may be read again.
        sa.Index(
            "uq_zone_reading_sha256", "incident_id", "file_sha256", unique=True,
            sqlite_where=sa.text("state <> 'discarded'"), postgresql_where=sa.text("state <> 'discarded'"),
        ),
        sa.CheckConstraint("(state = 'read') = (decided_at IS NULL)", name="decided"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incident.id"))
    kind: Mapped[Kind] = state_column(Kind, "kind")
    state: Mapped[ReadingState] = state_column(ReadingState)
    file_name: Mapped[str]
    """Empty for a text that was pasted."""
    file_sha256: Mapped[str]
    size_bytes: Mapped[int]
    said: Mapped[str]
    """JSON of what the document says of itself, and of what was to be remarked on it as a whole."""
    elements: Mapped[int]
    usable: Mapped[int]
    """How many of them a person may take."""
    read_by: Mapped[str]
    read_by_name: Mapped[str]
    read_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_by_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]


class ZoneReadingElement(Base):
    __tablename__ = "zone_reading_element"
    __table_args__ = (
        sa.Index(None, "version_id"),
        sa.CheckConstraint("(fate = 'posted') = (version_id IS NOT NULL)", name="posted"),
        whole("no", least=1, most=100_000),
    )

    reading_id: Mapped[UUID] = mapped_column(sa.ForeignKey("zone_reading.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[Outcome] = state_column(Outcome, "outcome")
    content: Mapped[str]
    """JSON of the element as it was read."""
    listed: Mapped[str]
    """JSON of its regions that were found in the office's own list."""
    fate: Mapped[Fate] = state_column(Fate, "fate")
    version_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("zone_version.id"))
    """The posted version that it became, alone or with others."""
