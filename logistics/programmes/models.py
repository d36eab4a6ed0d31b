"""Programmes, terms with their quotas, the list of a term, and the files it came from."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.crypto import Secret
from core.db import Base, Sealed, append_only, state_column, whole
from logistics.programmes.states import (
    Cadence,
    EntryState,
    Form,
    Origin,
    ProgrammeKind,
    RowOutcome,
    TermState,
    Unit,
)


class Programme(Base):
    """A programme of regular assistance; what it counts (its unit) never changes."""

    __tablename__ = "programme"
    __table_args__ = (sa.UniqueConstraint("regency_code", "slug"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[ProgrammeKind] = state_column(ProgrammeKind, "kind")
    form: Mapped[Form] = state_column(Form, "form")
    unit: Mapped[Unit] = state_column(Unit, "unit")
    cadence: Mapped[Cadence] = state_column(Cadence, "cadence")
    supplier: Mapped[str]
    """Who gives the goods or pays the money: own stock, Bulog, Disperindag, Kemensos."""
    distributor: Mapped[str]
    """Who hands it out: own posts, PT Pos, the village, a bank."""
    funding_source: Mapped[str]
    legal_source: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Term(Base):
    """One instalment (tahap) of a programme: for which months, who, how much."""

    __tablename__ = "term"
    __table_args__ = (
        sa.UniqueConstraint("programme_id", "no"),
        sa.CheckConstraint("last_on >= first_on", name="period"),
        sa.CheckConstraint("verified_by <> determined_by", name="two_persons"),
        sa.CheckConstraint(
            "state NOT IN ('determined', 'closed') OR (decree_no <> '' AND decree_on IS NOT NULL)", name="decree"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(index=True)
    programme_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("programme.id"))
    no: Mapped[int]
    name: Mapped[str]
    first_on: Mapped[date]
    last_on: Mapped[date]
    standard_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("package_standard.id"), index=True)
    """What each beneficiary gets."""
    criteria: Mapped[str]
    """JSON of the criteria the list was drawn by last; empty before."""
    state: Mapped[TermState] = state_column(TermState)
    created_by: Mapped[str]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime]
    verified_by: Mapped[str | None]
    verified_by_name: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    determined_by: Mapped[str | None]
    determined_by_name: Mapped[str | None]
    determined_at: Mapped[datetime | None]
    decree_no: Mapped[str]
    decree_on: Mapped[date | None]
    list_sha256: Mapped[str]
    """Over the frozen entries, sorted; empty before the list is determined."""
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    minutes_no: Mapped[str]
    minutes: Mapped[str]
    """What the minutes say about what is not accounted for; empty where everything is."""


class TermQuota(Base):
    """How many beneficiaries a district (kecamatan) may have."""

    __tablename__ = "term_quota"
    __table_args__ = (whole("beneficiaries", least=1, most=10_000_000),)

    term_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term.id"), primary_key=True)
    district_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"), primary_key=True)
    beneficiaries: Mapped[int]


class TermEntry(Base):
    """One beneficiary on a term's list; three different people bring it from proposal to determination."""

    __tablename__ = "term_entry"
    __table_args__ = (
        sa.UniqueConstraint("term_id", "beneficiary_kind", "beneficiary_id"),
        sa.Index(None, "term_id", "village_code", "state"),
        sa.Index(None, "household_id"),
        sa.CheckConstraint("proposed_by <> verified_by", name="proposer_verifies"),
        sa.CheckConstraint("proposed_by <> determined_by", name="proposer_determines"),
        sa.CheckConstraint("verified_by <> determined_by", name="verifier_determines"),
        sa.CheckConstraint(
            "state <> 'determined' OR (proposed_by IS NOT NULL AND verified_by IS NOT NULL "
            "AND determined_by IS NOT NULL)",
            name="three_persons",
        ),
        sa.CheckConstraint("state <> 'excluded' OR reason_code <> ''", name="reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    term_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term.id"))
    beneficiary_kind: Mapped[Unit] = state_column(Unit, "beneficiary_kind")
    beneficiary_id: Mapped[UUID]
    """The household's own id, the member's, or one derived from the card's number."""
    household_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("household.id"))
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    card_last4: Mapped[str]
    state: Mapped[EntryState] = state_column(EntryState)
    origin: Mapped[Origin] = state_column(Origin, "origin")
    rank: Mapped[int]
    """Place in its district's order when the list was drawn; 0 where it came from a file."""
    reason_code: Mapped[str]
    reason_text: Mapped[str]
    """Why it was left out, in the words of who did it."""
    proposed_by: Mapped[str | None]
    proposed_by_name: Mapped[str | None]
    proposed_at: Mapped[datetime | None]
    basis: Mapped[str]
    """The minutes (berita acara Musdes/Muskel) the proposal rests on; empty without."""
    verified_by: Mapped[str | None]
    determined_by: Mapped[str | None]
    created_at: Mapped[datetime]


class FrozenEntry(Base):
    """A determined entry as it was: what is not personal, and the hash of what is."""

    __tablename__ = "term_entry_frozen"

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term_entry.id"), primary_key=True)
    term_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term.id"), index=True)
    village_code: Mapped[str]
    decile: Mapped[int | None]
    persons: Mapped[int]
    person_sha256: Mapped[str]


class FrozenPerson(Base):
    """Who a determined entry is, as the registry said then; erased alone when the person asks."""

    __tablename__ = "term_entry_person"

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term_entry.id"), primary_key=True)
    text: Mapped[str]


class TermFile(Base):
    """An SK file of beneficiaries, matched to the registry row by row."""

    __tablename__ = "term_file"
    __table_args__ = (sa.UniqueConstraint("term_id", "file_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    term_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term.id"))
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    header: Mapped[str]
    """JSON of the names of its columns."""
    rows: Mapped[int]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class TermFileRow(Base):
    """One row of an SK file and what became of it; its words are kept sealed, to be given back."""

    __tablename__ = "term_file_row"

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("term_file.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[RowOutcome] = state_column(RowOutcome, "outcome")
    facts: Mapped[str]
    """JSON of plain facts for the sentence; no person's name or number."""
    cells: Mapped[Secret] = mapped_column(Sealed("term_file.row"))
    """The row as it stood: JSON of its cells."""
    entry_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("term_entry.id"), index=True)


append_only(FrozenEntry.__table__)
