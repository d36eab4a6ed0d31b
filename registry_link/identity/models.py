"""Pairs of households that look alike, what was proposed and decided of them, and what a merge changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Big, state_column
from registry_link.households.merged import MemberFate
from registry_link.households.states import Relation
from registry_link.identity.states import Evidence, PairState, ProposalState, Verdict


class DuplicatePair(Base):
    """Two households that may be one; the smaller id is the first, so that a pair stands here once."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        sa.UniqueConstraint("first_id", "second_id"),
        sa.Index(None, "regency_code", "state", "evidence"),
        sa.Index(None, "second_id"),
        sa.CheckConstraint("first_id < second_id", name="is_ordered"),
        sa.CheckConstraint("shares_nik OR shares_kk OR name_permille > 0 OR evidence = 'told'", name="has_evidence"),
        sa.CheckConstraint("name_permille BETWEEN 0 AND 1000", name="name_permille"),
        sa.CheckConstraint("score BETWEEN 1 AND 1000", name="score"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    first_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    second_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    shares_nik: Mapped[bool]
    shares_kk: Mapped[bool]
    name_permille: Mapped[int]
    """How much alike the names of two who were born on the same day are; 0 where nobody is."""
    evidence: Mapped[Evidence] = state_column(Evidence, "evidence")
    """The strongest of them."""
    score: Mapped[int]
    """How likely they are one, for the order of the list."""
    state: Mapped[PairState] = state_column(PairState)
    found_at: Mapped[datetime]
    settled: Mapped[str]
    """The kinds of evidence known when it was last decided, with commas: what comes later opens the pair again."""
    decided_at: Mapped[datetime | None]


class IdentityProposal(Base):
    """What one person wants of a pair, and what another said to it."""

    __tablename__ = "identity_proposal"
    __table_args__ = (
        sa.Index(None, "pair_id", "proposed_at"),
        sa.Index("uq_identity_proposal_open", "pair_id", unique=True, sqlite_where=sa.text("state = 'proposed'"),
                 postgresql_where=sa.text("state = 'proposed'")),
        sa.CheckConstraint("decided_by <> proposed_by OR state = 'withdrawn'", name="two_persons"),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_once"),
        sa.CheckConstraint("(verdict = 'merge') = (survivor_id IS NOT NULL)", name="says_who_stays"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    pair_id: Mapped[UUID] = mapped_column(sa.ForeignKey("duplicate_pair.id"))
    verdict: Mapped[Verdict] = state_column(Verdict, "verdict")
    survivor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    state: Mapped[ProposalState] = state_column(ProposalState)
    reason: Mapped[str]
    proposed_by: Mapped[str]
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_by_name: Mapped[str]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str]


class HouseholdMerge(Base):
    """One merge, with what it needs to be undone."""

    __tablename__ = "household_merge"
    __table_args__ = (
        sa.Index(None, "survivor_id"),
        sa.Index("uq_household_merge_in_effect", "merged_id", unique=True, sqlite_where=sa.text("undone_at IS NULL"),
                 postgresql_where=sa.text("undone_at IS NULL")),
        sa.CheckConstraint("survivor_id <> merged_id", name="two_households"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    pair_id: Mapped[UUID] = mapped_column(sa.ForeignKey("duplicate_pair.id"), index=True)
    survivor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    merged_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    size_before: Mapped[int]
    size_after: Mapped[int]
    filled: Mapped[str] = mapped_column(default="", server_default="")
    """JSON of what the household that stays lacked and got from the other one, as it was given."""
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class HouseholdMergeMember(Base):
    """A member that a merge moved or filled, as it was before."""

    __tablename__ = "household_merge_member"

    merge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household_merge.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    fate: Mapped[MemberFate] = state_column(MemberFate, "fate")
    member_key: Mapped[str]
    position: Mapped[int]
    relation: Mapped[Relation] = state_column(Relation, "relation")
    row_hash: Mapped[bytes | None]
    """Of a filled one: as long as it is the same, its own row has not brought the number itself."""


class DuplicateSearch(Base):
    """How far the search for pairs has come: the version of the registry it last saw."""

    __tablename__ = "duplicate_search"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[Big]
    searched_at: Mapped[datetime]
    left_out: Mapped[int]
    """Pairs found beyond those that are listed at one time: they come up as these are decided."""
