"""Snapshots of the registry, households, their members, and what is staged before it becomes current."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.crypto import Secret
from core.db import Base, Big, Sealed, append_only, kept_unpressed, state_column, whole
from registry_link.households.states import (
    DepartureKind,
    DifferenceKind,
    LinkState,
    Outcome,
    PositionSource,
    Relation,
    Sex,
    SnapshotState,
    TakingStage,
    WordPlace,
)

NIK_CONTEXT = "person.nik"
KK_CONTEXT = "household.kk"


class Snapshot(Base):
    """One registry file: where it came from, of which day, under which agreement."""

    __tablename__ = "snapshot"
    __table_args__ = (sa.Index(None, "regency_code", "source", "state"), sa.Index(None, "regency_code", "file_sha256"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    source: Mapped[str]
    as_of_on: Mapped[date]
    agreement_no: Mapped[str]
    file_sha256: Mapped[str]
    file_name: Mapped[str]
    state: Mapped[SnapshotState] = state_column(SnapshotState)
    households: Mapped[int]
    members: Mapped[int]
    kept_households: Mapped[int] = mapped_column(server_default="0")
    kept_members: Mapped[int] = mapped_column(server_default="0")
    """Of these, those whose rows were refused: what stood of them before stays."""
    lists_members: Mapped[bool]
    """Whether the file lists every member: only then is one that it lacks gone from its household."""
    completes_id: Mapped[UUID | None]
    """The snapshot that its rows complete: corrected ones, which were refused before. It becomes no snapshot itself."""
    recorded_at: Mapped[datetime]
    current_at: Mapped[datetime | None]


class PositionColumns(Base):
    """Which files of sorted columns are this database's, and as of when (``mapped.py``)."""

    __tablename__ = "position_columns"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    stamp: Mapped[UUID]
    as_of: Mapped[datetime]
    built_at: Mapped[datetime]
    households: Mapped[int]


class Household(Base):
    """A household as the office knows it now."""

    __tablename__ = "household"
    __table_args__ = (
        sa.UniqueConstraint("row_no"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("regency_code", "source", "external_id"),
        sa.Index(None, "regency_code", "village_code", "rw", "rt"),
        sa.Index(None, "position_key", "row_no"),
        # Lists are drawn from this index alone: the rows are ten times as wide.
        sa.Index("ix_household_selection", "regency_code", "village_code", "code", "decile", "size", "id",
                 "merged_into_id", "erased_at", "left_on", "taking_no"),
        sa.Index(None, "regency_code", "changed_at"),
        sa.Index("ix_household_provisional", "regency_code", sqlite_where=sa.text("is_provisional = 1"),
                 postgresql_where=sa.text("is_provisional")),
        sa.Index("ix_household_merged", "merged_into_id", sqlite_where=sa.text("merged_into_id IS NOT NULL"),
                 postgresql_where=sa.text("merged_into_id IS NOT NULL")),
        sa.CheckConstraint("size >= 1", name="size"),
        sa.CheckConstraint("decile BETWEEN 1 AND 10", name="decile"),
        sa.CheckConstraint("(lon_deg IS NULL) = (position_key IS NULL)", name="position_key"),
        sa.CheckConstraint("lon_deg BETWEEN -180 AND 180 AND lat_deg BETWEEN -90 AND 90", name="position"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int]
    """Dense number over all offices, for the arrays of the matching."""
    regency_code: Mapped[str]
    code: Mapped[str]
    """What people read: KEL-000123-1."""
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code"))
    rt: Mapped[str | None]
    """Three digits; none when unknown."""
    rw: Mapped[str | None]
    hamlet: Mapped[str]
    address: Mapped[str]
    head_name: Mapped[str]
    size: Mapped[int]
    """Persons: its members, or what was stated where there are none."""
    decile: Mapped[int | None]
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    position_key: Mapped[int | None] = mapped_column(sa.BigInteger)
    position_source: Mapped[PositionSource | None] = state_column(PositionSource, "position_source", nullable=True)
    position_accuracy_m: Mapped[float | None]
    kk: Mapped[Secret | None] = mapped_column(Sealed(KK_CONTEXT))
    kk_bidx: Mapped[bytes | None]
    """Looked up by ``known_number``, as a member's NIK."""
    is_provisional: Mapped[bool]
    """Registered on the spot, not (yet) in the registry."""
    snapshot_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("snapshot.id"))
    """The snapshot its content came from; ``registry_link`` says in which snapshots it stands."""
    source: Mapped[str | None]
    external_id: Mapped[str | None]
    """Its id in the source's files; for files without one the keyed hash of its No. KK."""
    row_hash: Mapped[bytes | None]
    """Keyed hash of what the file said of it (its members have their own), so that an unchanged row is skipped."""
    recorded_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    merged_into_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    """The household that two people found it to be: this one is listed, matched and chosen no more, its history stays.
    Never a household that is itself merged into a third."""
    erased_at: Mapped[datetime | None]
    """Since when nothing stands here but what the books need: who it was is gone, no list and no search shows it."""
    left_on: Mapped[date | None]
    """Since when nobody of it lives in the regency any more: it is listed, matched and chosen no more."""
    taking_no: Mapped[int | None]
    """The taking over that brought it: it is seen by nobody before all of that stands. None: it was there at once."""


class Member(Base):
    """A person of a household."""

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("household_id", "member_key"),
        # Whether somebody of a household has a trait is answered by this index alone.
        sa.Index("ix_member_selection", "household_id", "is_present", "birth_on", "age_years", "age_as_of_on",
                 "is_pregnant", "is_nursing", "has_disability", "is_chronically_ill"),
        sa.CheckConstraint("age_years BETWEEN 0 AND 150", name="age"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    regency_code: Mapped[str]
    member_key: Mapped[str]
    """What makes it the same member in the next file: its id there, else a keyed hash of NIK or of name and birth."""
    position: Mapped[int]
    """Its place in the household's list; the head is first."""
    name: Mapped[str]
    sex: Mapped[Sex | None] = state_column(Sex, "sex", nullable=True)
    birth_on: Mapped[date | None]
    age_years: Mapped[int | None]
    """Only where there is no birth date; true on ``age_as_of_on``."""
    age_as_of_on: Mapped[date | None]
    relation: Mapped[Relation] = state_column(Relation, "relation")
    nik: Mapped[Secret | None] = mapped_column(Sealed(NIK_CONTEXT))
    nik_bidx: Mapped[bytes | None]
    """Looked up by ``known_number``: whoever writes it sees to that (``known.py``)."""
    is_pregnant: Mapped[bool]
    is_nursing: Mapped[bool]
    has_disability: Mapped[bool]
    is_chronically_ill: Mapped[bool]
    row_hash: Mapped[bytes | None]
    is_present: Mapped[bool]
    """False once a newer file no longer has it in this household."""


class KnownNumber(Base):
    """Where a NIK or No. KK is written down: as narrow as can be, and never looked at alone (``known.py``)."""

    __tablename__ = "known_number"
    __table_args__ = {"sqlite_with_rowid": False}

    number_index: Mapped[bytes] = mapped_column(primary_key=True)
    """The first half of the number's keyed hash."""
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of the household."""


class HouseholdCard(Base):
    """A family card of a household beyond the one that its registry names: several families may share one kitchen."""

    __tablename__ = "household_card"
    __table_args__ = (sa.UniqueConstraint("household_id", "kk_bidx"), sa.Index(None, "regency_code", "kk_bidx"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    kk: Mapped[Secret] = mapped_column(Sealed(KK_CONTEXT))
    kk_bidx: Mapped[bytes]
    noted_at: Mapped[datetime]
    noted_by: Mapped[str]
    noted_by_name: Mapped[str]


class StatedCounts(Base):
    """How many of each class a household without named members said it has.

    Infants (under 2), toddlers (2-4), children (5-17), adults (18-59) and elderly exclude each other; women, pregnant,
    nursing and disabled are counted among them.
    """

    __tablename__ = "stated_counts"

    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    infants: Mapped[int]
    toddlers: Mapped[int]
    children: Mapped[int]
    adults: Mapped[int]
    elderly: Mapped[int]
    women: Mapped[int]
    pregnant: Mapped[int]
    nursing: Mapped[int]
    disabled: Mapped[int]


class SearchText(Base):
    """The words by which a household is found: those of its people's names, ``@`` before those of its address, ``#``
    before its village."""

    __tablename__ = "search_text"
    __table_args__ = (
        sa.Index("ix_search_text_pending", "regency_code", sqlite_where=sa.text("folded IS NOT NULL"),
                 postgresql_where=sa.text("folded IS NOT NULL")),
    )  # fmt: skip

    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    regency_code: Mapped[str]
    words: Mapped[str]
    folded: Mapped[str | None]
    """The words as the postings still have them, until they are folded in; none when they have these."""


class SearchPosting(Base):
    """Which households have a word: their numbers within a block of 65,536, sorted, two bytes each."""

    __tablename__ = "search_posting"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[WordPlace] = state_column(WordPlace, "place", primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[bytes]


class SearchForm(Base):
    """What is left of a known word when a letter or two are left out: words that share a form are alike."""

    __tablename__ = "search_form"
    __table_args__ = {"sqlite_with_rowid": False}

    form: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)


class SnapshotDifference(Base):
    """What a snapshot changed of one household; no value of a NIK or No. KK ever stands in it."""

    __tablename__ = "snapshot_difference"
    __table_args__ = (
        sa.Index(None, "snapshot_id", "kind", "village_code"),
        sa.Index(None, "snapshot_id", "village_code"),
        sa.Index(None, "household_id"),
        {"sqlite_with_rowid": False},
    )

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    kind: Mapped[DifferenceKind] = state_column(DifferenceKind, "kind", primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    """The household, or the member that it is about."""
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    village_code: Mapped[str]
    """Where the household is now."""
    before: Mapped[str]
    after: Mapped[str]


class SnapshotDifferenceCount(Base):
    """How many differences of a kind a snapshot brings (while it is staged: would bring)."""

    __tablename__ = "snapshot_difference_count"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    kind: Mapped[DifferenceKind] = state_column(DifferenceKind, "kind", primary_key=True)
    differences: Mapped[int]


class DrawnFrom(Base):
    """A snapshot that was current when a list (of an area's version, of a term) was drawn."""

    __tablename__ = "drawn_from"

    subject: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    at: Mapped[datetime]


class RegistryLink(Base):
    """A household of ours as a source lists it, from the snapshot that brings it to the one that lists it no more."""

    __tablename__ = "registry_link"
    __table_args__ = (
        sa.UniqueConstraint("snapshot_id", "external_id"),
        sa.Index(None, "household_id"),
        sa.Index("ix_registry_link_suspect_household_id", "suspect_household_id",
                 sqlite_where=sa.text("suspect_household_id IS NOT NULL"),
                 postgresql_where=sa.text("suspect_household_id IS NOT NULL")),
        sa.Index("ix_registry_link_until_snapshot_id", "until_snapshot_id",
                 sqlite_where=sa.text("until_snapshot_id IS NOT NULL"),
                 postgresql_where=sa.text("until_snapshot_id IS NOT NULL")),
        sa.Index("ix_registry_link_state", "snapshot_id", "state"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"))
    """The one that brings it: nobody sees the link before that is current."""
    until_snapshot_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("snapshot.id"))
    """The first that does not list it any more; none as long as the source does."""
    external_id: Mapped[str]
    state: Mapped[LinkState] = state_column(LinkState)
    suspect_household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    """Another household with the same number, to be looked at by a person."""
    recorded_at: Mapped[datetime]


class LinkEvent(Base):
    """One step of a link: who, when, on which paper; never changed. Words of people stand with what it was done by."""

    __tablename__ = "link_event"
    __table_args__ = (sa.Index(None, "link_id", "at"), sa.Index(None, "household_id", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_link.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    act: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[str]
    """The code of a reason, nobody's own words."""
    basis_no: Mapped[str]
    """Number of the paper that it stands on; empty where a person's own look is the basis."""
    basis_on: Mapped[date | None]
    subject: Mapped[str]
    """What did it: dukcapil_file, field_visit, link_proposal, departure, identity_proposal, or nothing."""
    subject_id: Mapped[UUID | None]
    at: Mapped[datetime]
    by: Mapped[str]
    by_name: Mapped[str]


append_only(LinkEvent.__table__)


class AgeLimit(Base):
    """A version of the ages that divide people into classes; the last one counts, opened rounds keep theirs."""

    __tablename__ = "age_limit"
    __table_args__ = (
        whole("infant_below", least=1, most=150),
        whole("toddler_below", least=1, most=150),
        whole("child_below", least=1, most=150),
        whole("elderly_from", least=1, most=150),
    )

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    infant_below: Mapped[int]
    toddler_below: Mapped[int]
    child_below: Mapped[int]
    elderly_from: Mapped[int]
    reason: Mapped[str]
    set_by: Mapped[str]
    set_by_name: Mapped[str]
    set_at: Mapped[datetime]


append_only(AgeLimit.__table__)


class Departure(Base):
    """Somebody died or moved, or a whole household did, by a paper; a file that does not know it changes nothing."""

    __tablename__ = "departure"
    __table_args__ = (
        sa.Index(None, "household_id"),
        sa.Index(None, "to_household_id"),
        sa.Index(
            "uq_departure_member", "member_id", unique=True, sqlite_where=sa.text("undone_at IS NULL"),
            postgresql_where=sa.text("undone_at IS NULL"),
        ),
        sa.CheckConstraint("(kind = 'moved_within') = (to_village_code IS NOT NULL)", name="says_where"),
        sa.CheckConstraint("successor_id IS NULL OR member_id IS NOT NULL", name="succeeds_somebody"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    member_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("member.id"))
    """None when the whole household moved."""
    kind: Mapped[DepartureKind] = state_column(DepartureKind, "kind")
    event_on: Mapped[date]
    basis_no: Mapped[str]
    basis_on: Mapped[date]
    successor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("member.id"))
    """Who is head since then."""
    from_village_code: Mapped[str]
    to_village_code: Mapped[str | None] = mapped_column(sa.ForeignKey("region.code"))
    to_household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    """Where one person lives since a move within the office."""
    arrived_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("member.id"))
    """The same person there."""
    before: Mapped[str]
    """JSON of what stood there, to undo it."""
    at: Mapped[datetime]
    by: Mapped[str]
    by_name: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    undone_by_name: Mapped[str] = mapped_column(default="")


class RegistryStamp(Base):
    """Counts the changes of an office's households, so that what is derived from them knows when it is behind."""

    __tablename__ = "registry_stamp"

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[Big]


class RowCounter(Base):
    """The last ``row_no`` given; its row is locked while numbers are taken."""

    __tablename__ = "household_counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_no: Mapped[int]


class StagedHousehold(Base):
    """A checked household of a file, before the snapshot becomes current; columns as in ``household``."""

    __tablename__ = "staged_household"
    __table_args__ = {"sqlite_with_rowid": False}

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    link_id: Mapped[UUID]
    household_id: Mapped[UUID]
    """The id it gets when it is new."""
    file_row: Mapped[int]
    village_code: Mapped[str]
    rt: Mapped[str | None]
    rw: Mapped[str | None]
    hamlet: Mapped[str]
    address: Mapped[str]
    head_name: Mapped[str]
    size: Mapped[int]
    decile: Mapped[int | None]
    lon_deg: Mapped[float | None]
    lat_deg: Mapped[float | None]
    position_key: Mapped[int | None] = mapped_column(sa.BigInteger)
    position_source: Mapped[str | None]
    position_accuracy_m: Mapped[float | None]
    kk: Mapped[Secret | None] = mapped_column(Sealed(KK_CONTEXT))
    kk_bidx: Mapped[bytes | None]
    row_hash: Mapped[bytes]
    bound_id: Mapped[UUID | None]
    """The household of ours it is, when it is not new."""
    outcome: Mapped[Outcome] = state_column(Outcome, "outcome")
    suspect_id: Mapped[UUID | None]
    """Another household that has the same No. KK or a member with the same NIK."""
    lists_all: Mapped[bool] = mapped_column(server_default=sa.true())
    """Whoever is not listed has left it. Not so where a row of a member was refused, nor where all its people are as
    they stand: then none of them is listed."""


class StagedMember(Base):
    """A checked member of a file, before the snapshot becomes current; columns as in ``member``."""

    __tablename__ = "staged_member"
    __table_args__ = {"sqlite_with_rowid": False}

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    member_key: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    file_row: Mapped[int]
    position: Mapped[int]
    name: Mapped[str]
    sex: Mapped[str | None]
    birth_on: Mapped[date | None]
    age_years: Mapped[int | None]
    age_as_of_on: Mapped[date | None]
    relation: Mapped[str]
    nik: Mapped[Secret | None] = mapped_column(Sealed(NIK_CONTEXT))
    nik_bidx: Mapped[bytes | None]
    is_pregnant: Mapped[bool]
    is_nursing: Mapped[bool]
    has_disability: Mapped[bool]
    is_chronically_ill: Mapped[bool]
    row_hash: Mapped[bytes]


class StagedPiece(Base):
    """Checked rows of a piece of a file, sealed as a whole until it is known which of them say anything new."""

    __tablename__ = "staged_piece"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    homes: Mapped[int]
    people: Mapped[int]
    key: Mapped[Secret] = mapped_column(Sealed("staged.piece"))
    """The piece's own key: a rotation of the installation's keys seals this again, not the whole piece."""
    content: Mapped[bytes]


class StagedMark(Base):
    """What a piece's rows said, household by household, as keyed digests (``marks.py``)."""

    __tablename__ = "staged_mark"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes]
    refused: Mapped[bytes | None]
    """The digests of rows that were refused for what they say themselves, eight bytes each."""
    is_odd: Mapped[bool]
    """Some of the rows had other cells than texts: the snapshot has no marks."""


kept_unpressed(StagedMark.__table__, "content")


class SnapshotMark(Base):
    """What the rows of each household of a snapshot said, as keyed digests (``marks.py``)."""

    __tablename__ = "snapshot_mark"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    judged_by: Mapped[str]
    """What decided what a row says: marks that were made otherwise say nothing."""
    of_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("snapshot.id"))
    """On its way: the snapshot whose marks its rows were compared with, where it had any."""
    again: Mapped[bytes | None]
    """On its way: the marks of those whose rows say the same, and were not read."""
    again_refused: Mapped[bytes | None]
    """On its way: as ``refused`` of that snapshot, of which such rows are read."""
    again_people: Mapped[int]
    """How many members these have."""
    marks: Mapped[bytes | None]
    refused: Mapped[bytes | None]
    """The digests of rows that were refused for what they say themselves, eight bytes each."""
    made_at: Mapped[datetime]
    """Whoever was written to since is looked at again."""


kept_unpressed(SnapshotMark.__table__, "marks", "again")


class WeighedPiece(Base):
    """What the rows of a piece came to when they were compared with what stands: fates, numbers, no words of theirs."""

    __tablename__ = "weighed_piece"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes]


class TakingOver(Base):
    """A snapshot on its way from its pieces into the registry, in many short transactions with a cursor."""

    __tablename__ = "taking_over"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshot.id"), primary_key=True)
    regency_code: Mapped[str]
    no: Mapped[int]
    """The first ``row_no`` that is kept for its new households, which carry it as ``taking_no``."""
    last_no: Mapped[int]
    stage: Mapped[TakingStage] = state_column(TakingStage, "stage")
    step: Mapped[int]
    before_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("snapshot.id"))
    """The snapshot of the source that it takes the place of."""
    compared_at: Mapped[datetime]
    """Since when the registry may have changed without the comparison knowing of it."""
    began_at: Mapped[datetime]


class NumberReveal(Base):
    """One look at a whole NIK or No. KK, counted against the hourly and daily limit."""

    __tablename__ = "number_reveal"
    __table_args__ = (sa.Index(None, "actor_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str]
    actor_id: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    at: Mapped[datetime]
    reason_code: Mapped[str] = mapped_column(default="", server_default="")
    """Why, as chosen: ``RevealReason``."""
    note: Mapped[str] = mapped_column(default="", server_default="")
    """Why, in the words of who looked."""


class ErasedNumber(Base):
    """What an erased household was known by, as keyed hashes: a file that names it again is told so."""

    __tablename__ = "erased_number"
    __table_args__ = {"sqlite_with_rowid": False}

    regency_code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """nik, kk, or external for its id in a register's files."""
    number_index: Mapped[bytes] = mapped_column(primary_key=True)
    erasure_id: Mapped[UUID]
    erased_at: Mapped[datetime]
