"""Proposals of villages, and the numbered lists of determined ones that go to the ministry."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, state_column
from registry_link.proposals.states import ProposalKind, ProposalReason, ProposalState

_OPEN: Final = sa.text("state IN ('proposed', 'verified', 'determined', 'submitted')")


class Submission(Base):
    """One list sent up; its file is written anew each time, with the numbers of people, and never kept."""

    __tablename__ = "submission"
    __table_args__ = (sa.Index(None, "regency_code", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    number: Mapped[str]
    rows: Mapped[int]
    made_by: Mapped[str]
    made_by_name: Mapped[str]
    made_at: Mapped[datetime]


class LinkProposal(Base):
    __tablename__ = "link_proposal"
    __table_args__ = (
        sa.Index(None, "regency_code", "state", "proposed_at"),
        sa.Index(None, "household_id"),
        sa.Index(None, "link_id"),
        sa.Index(None, "submission_id"),
        sa.Index("uq_link_proposal_open", "household_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        sa.CheckConstraint("verified_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("determined_by <> verified_by AND determined_by <> proposed_by", name="three_persons"),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'accepted', 'returned') OR submission_id IS NOT NULL", name="sent_by_a_list"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    kind: Mapped[ProposalKind] = state_column(ProposalKind, "kind")
    state: Mapped[ProposalState] = state_column(ProposalState)
    reason: Mapped[ProposalReason] = state_column(ProposalReason, "reason")
    note: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    link_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_link.id"))
    """None for a household that stands in no snapshot."""
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    basis_no: Mapped[str]
    """Of the minutes of the Musdes or Muskel."""
    basis_on: Mapped[date]
    proposed_by: Mapped[str]
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    verified_by: Mapped[str | None]
    verified_by_name: Mapped[str] = mapped_column(default="")
    verified_at: Mapped[datetime | None]
    determined_by: Mapped[str | None]
    determined_by_name: Mapped[str] = mapped_column(default="")
    determined_at: Mapped[datetime | None]
    decree_no: Mapped[str] = mapped_column(default="")
    decree_on: Mapped[date | None]
    submission_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("submission.id"))
    closed_by_name: Mapped[str] = mapped_column(default="")
    """Who withdrew, refused, or recorded the ministry's answer."""
    closed_at: Mapped[datetime | None]
    answer_no: Mapped[str] = mapped_column(default="")
    """Of the ministry's letter."""
    answer_on: Mapped[date | None]
    decision_note: Mapped[str] = mapped_column(default="")
    closing_code: Mapped[str] = mapped_column(default="", server_default="")
    """Of the sentence that says why it went no further by itself; empty where a person ended it."""
