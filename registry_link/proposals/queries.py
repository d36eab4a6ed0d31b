"""Proposals as villages, the office and its head see them, and the list that goes to the ministry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.permissions import Reach
from core.work import Tx
from registry_link.households.identities import Identity, identities
from registry_link.households.outgoing import OutgoingHousehold, OutgoingPerson, outgoing
from registry_link.households.states import Relation
from registry_link.proposals.models import LinkProposal, Submission
from registry_link.proposals.states import ProposalKind, ProposalReason, ProposalState
from registry_link.regions.queries import regions

PER_PAGE: Final = 50
_TABLE: Final = cast(sa.Table, LinkProposal.__table__)
COLUMNS: Final = (
    "NO_URUT", "JENIS_USULAN", "ALASAN", "ID_KELUARGA", "NOKK", "NIK", "NAMA", "JNSKEL", "TGLLAHIR", "HUBKRT",
    "ALAMAT", "RT", "RW", "DUSUN", "KDDESA", "NMDESA", "NO_BA", "TGL_BA", "NO_SK", "TGL_SK",
)  # fmt: skip
"""As the ministry's lists name them (domain.md §4.2)."""
_RELATION: Final = {relation: str(number) for number, relation in enumerate(Relation, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    id: UUID
    kind: ProposalKind
    state: ProposalState
    reason: ProposalReason
    note: str
    home: Identity | None
    """None for a household that was erased meanwhile."""
    household_id: UUID
    has_link: bool
    village_code: str
    village_name: str
    basis_no: str
    basis_on: date
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    verified_by: str | None
    verified_by_name: str
    verified_at: datetime | None
    determined_by_name: str
    determined_at: datetime | None
    decree_no: str
    decree_on: date | None
    submission_id: UUID | None
    submission_number: str
    closed_by_name: str
    closed_at: datetime | None
    answer_no: str
    answer_on: date | None
    decision_note: str
    closing_code: str
    """Of the sentence that says why it went no further by itself; empty where a person ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPage:
    rows: tuple[ProposalView, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionView:
    id: UUID
    number: str
    rows: int
    waiting: int
    """Of them without an answer yet."""
    made_by_name: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingTable:
    number: str
    made_on: date
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def proposals(
    tx: Tx, *, states: Sequence[ProposalState] = (), village_code: str = "", submission_id: UUID | None = None,
    household_id: UUID | None = None, limit: int = PER_PAGE, offset: int = 0,
) -> ProposalPage:  # fmt: skip
    """List proposals as far as the reader sees, the newest first. Raises: Forbidden."""
    reach = tx.require("proposal.see")
    where = [_TABLE.c.regency_code == tx.regency_code, _within(reach)]
    if states:
        where.append(_TABLE.c.state.in_(states))
    if village_code:
        where.append(_TABLE.c.village_code == village_code)
    if submission_id is not None:
        where.append(_TABLE.c.submission_id == submission_id)
    if household_id is not None:
        where.append(_TABLE.c.household_id == household_id)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(_TABLE).where(*where)) or 0
    rows = tx.session.execute(
        sa.select(_TABLE)
        .where(*where)
        .order_by(_TABLE.c.proposed_at.desc(), _TABLE.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    return ProposalPage(rows=_views(tx, rows), total=total)


def proposal_counts(tx: Tx) -> dict[ProposalState, int]:
    """Count proposals by state as far as the reader sees. Raises: Forbidden."""
    reach = tx.require("proposal.see")
    rows = tx.session.execute(
        sa.select(_TABLE.c.state, sa.func.count())
        .where(_TABLE.c.regency_code == tx.regency_code, _within(reach))
        .group_by(_TABLE.c.state)
    )
    return {row[0]: row[1] for row in rows}


def proposal(tx: Tx, proposal_id: UUID) -> ProposalView:
    """Give one proposal. Raises: Forbidden; NotFound, also for another village's."""
    reach = tx.require("proposal.see")
    row = tx.session.execute(
        sa.select(_TABLE).where(_TABLE.c.id == proposal_id, _TABLE.c.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None or not reach.has_village(row.village_code):
        raise NotFound("link_proposal.not_found")
    return _views(tx, [row])[0]


def submissions(tx: Tx) -> tuple[SubmissionView, ...]:
    """Give the lists that were sent, the newest first. Raises: Forbidden."""
    tx.require("proposal.see_lists")
    return _submissions(tx, Submission.regency_code == tx.regency_code)


def submission(tx: Tx, submission_id: UUID) -> SubmissionView:
    """Give one list. Raises: Forbidden; NotFound."""
    tx.require("proposal.see_lists")
    found = _submissions(tx, Submission.regency_code == tx.regency_code, Submission.id == submission_id)
    if not found:
        raise NotFound("submission.not_found")
    return found[0]


def submission_table(tx: Tx, submission_id: UUID) -> OutgoingTable:
    """Write the list's file: a row per person, with whole numbers. Raises: Forbidden; NotFound."""
    tx.require("proposal.submit")
    sent = submission(tx, submission_id)
    rows = tx.session.execute(
        sa.select(_TABLE)
        .where(_TABLE.c.submission_id == submission_id)
        .order_by(_TABLE.c.village_code, _TABLE.c.proposed_at, _TABLE.c.id)
    ).all()
    homes = outgoing(tx, [row.household_id for row in rows], "submission")
    names = {one.code: one.name for one in regions(tx, sorted({row.village_code for row in rows}))}
    made: list[tuple[str, ...]] = []
    for no, row in enumerate(rows, 1):
        home = homes.get(row.household_id)
        if home is None:
            continue
        people = home.people or (
            OutgoingPerson(name=home.head_name, nik="", relation=Relation.HEAD, sex=None, birth_on=None),
        )
        made += [_line(no, row, home, person, names.get(home.village_code, "")) for person in people]
    return OutgoingTable(number=sent.number, made_on=sent.made_at.date(), header=COLUMNS, rows=tuple(made))


def _line(no: int, row: Any, home: OutgoingHousehold, person: OutgoingPerson, village: str) -> tuple[str, ...]:
    sex = {"male": "1", "female": "2"}.get(person.sex.value if person.sex else "", "")
    return (
        str(no), "TAMBAH" if row.kind is ProposalKind.ADD else "HAPUS", row.reason.value.upper(), home.external_id,
        home.kk, person.nik, person.name, sex, _day(person.birth_on), _RELATION[person.relation], home.address,
        home.rt or "", home.rw or "", home.hamlet, home.village_code, village, row.basis_no, _day(row.basis_on),
        row.decree_no, _day(row.decree_on),
    )  # fmt: skip


def _day(on: date | None) -> str:
    return "" if on is None else on.isoformat()


def _submissions(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[SubmissionView, ...]:
    waiting = (
        sa.select(sa.func.count())
        .where(_TABLE.c.submission_id == Submission.id, _TABLE.c.state == ProposalState.SUBMITTED)
        .correlate(Submission)
        .scalar_subquery()
    )
    rows = tx.session.execute(
        sa.select(
            Submission.id, Submission.number, Submission.rows, Submission.made_by_name, Submission.made_at,
            waiting.label("waiting"),
        ).where(*where).order_by(Submission.made_at.desc(), Submission.id.desc()).limit(PER_PAGE)
    )  # fmt: skip
    return tuple(
        SubmissionView(
            id=row.id, number=row.number, rows=row.rows, waiting=row.waiting, made_by_name=row.made_by_name,
            made_at=row.made_at,
        )
        for row in rows
    )  # fmt: skip


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    if reach.is_all:
        return sa.true()
    mine = [
        sa.or_(_TABLE.c.village_code == code, _TABLE.c.village_code.startswith(f"{code}.", autoescape=True))
        for code in sorted(reach.regions)
    ]
    return sa.or_(sa.false(), *mine)


def _views(tx: Tx, rows: Sequence[Any]) -> tuple[ProposalView, ...]:
    homes = {one.household_id: one for one in identities(tx, [row.household_id for row in rows], "proposal")}
    names = {one.code: one.full_name for one in regions(tx, sorted({row.village_code for row in rows}))}
    ids = [row.submission_id for row in rows if row.submission_id is not None]
    numbers: dict[UUID, str] = {}
    if ids:
        found = tx.session.execute(sa.select(Submission.id, Submission.number).where(Submission.id.in_(set(ids))))
        numbers = {row.id: row.number for row in found}
    same = [
        name for name in ProposalView.__dataclass_fields__
        if name not in ("home", "has_link", "village_name", "submission_number")
    ]  # fmt: skip
    return tuple(
        ProposalView(
            **{name: getattr(row, name) for name in same}, home=homes.get(row.household_id),
            has_link=row.link_id is not None, village_name=names.get(row.village_code, row.village_code),
            submission_number=numbers.get(row.submission_id, ""),
        )
        for row in rows
    )  # fmt: skip
