"""Where households stand on their way through the registry, as the office and the field see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.work import Tx
from registry_link.households.departures import DepartureLine, Door, departures_of, door
from registry_link.households.linking import (
    Link,
    LinkLine,
    Step,
    current_links,
    link_lines,
    links_of,
    steps_of,
)
from registry_link.households.people import PersonLine, person_lines
from registry_link.households.states import LinkState
from registry_link.links.commands import last_verdicts
from registry_link.links.counting import counts_within, villages_within
from registry_link.links.models import DukcapilFile, DukcapilRow, FieldVisit
from registry_link.links.rules import ERRORS, may_apply
from registry_link.links.states import DukcapilFileState, RowOutcome, Verdict, VisitOutcome
from registry_link.regions.queries import regions_of
from registry_link.regions.states import Level

PER_PAGE: Final = 50
LONGEST_LIST: Final = 300
"""Households of a village that a phone shows at once; the next ones come when these are done."""
IN_FIELD: Final = (LinkState.FIELD_PENDING, LinkState.FIELD_VERIFIED, LinkState.FIELD_REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    code: str
    column: str
    """As the file writes it; empty for what concerns the whole row."""
    facts: Mapping[str, Fact]

    def sentence(self, lang: str) -> str:
        text = say(self.code, lang, dict(self.facts))
        return f"{self.column}: {text}" if self.column else text


@dataclass(frozen=True, slots=True, kw_only=True)
class DukcapilFileView:
    id: UUID
    state: DukcapilFileState
    file_name: str
    header: tuple[str, ...]
    is_workbook: bool
    basis_no: str
    basis_on: date
    rows: int
    refused: int
    read_by_name: str
    read_at: datetime
    applied_by_name: str
    applied_at: datetime | None
    refused_to_me: str | None
    """Code of why the asking person may not take it over, whatever their rights; None when they may."""

    @property
    def understood(self) -> int:
        return self.rows - self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    row_no: int
    outcome: RowOutcome
    verdict: Verdict | None
    person: PersonLine | None
    household_id: UUID | None
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    lines: tuple[AnswerLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    outcome: RowOutcome
    verdict: Verdict | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemCount:
    code: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedTable:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLine:
    outcome: VisitOutcome
    note: str
    visited_on: date
    at: datetime
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageField:
    """How far the field has come in a village."""

    village_code: str
    village_name: str
    district_name: str
    waiting: int
    verified: int
    rejected: int

    @property
    def total(self) -> int:
        return self.waiting + self.verified + self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdLinks:
    """A household's whole way: where it stands in which snapshot, every step, and what they were taken on."""

    home: Door
    links: tuple[Link, ...]
    current: Link | None
    steps: tuple[Step, ...]
    visits: tuple[VisitLine, ...]
    departures: tuple[DepartureLine, ...]
    verdicts: Mapping[UUID, Verdict]
    """Of its people, by member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage:
    lines: tuple[LinkLine, ...]
    has_more: bool


# ---------------------------------------------------------------- the office


def links(
    tx: Tx, *, states: tuple[LinkState, ...], village_code: str = "", after: UUID | None = None
) -> LinkPage:  # fmt: skip
    """List households whose current link is in one of these states, those that come ``after`` one. Raises: Forbidden.

    An ``after`` that the reader cannot see is as one that is not there: the list begins anew.
    """
    reach = tx.require("link.see")
    codes = villages_within(tx, reach, village_code)
    wanted = states or tuple(LinkState)
    found = link_lines(tx, states=wanted, village_codes=codes, limit=PER_PAGE + 1, after=after)
    tx.saw("household", [one.household_id for one in found[:PER_PAGE]], "link_list")
    return LinkPage(lines=found[:PER_PAGE], has_more=len(found) > PER_PAGE)


def household_links(tx: Tx, household_id: UUID) -> HouseholdLinks:
    """Give a household's whole way. Raises: Forbidden; NotFound."""
    reach = tx.require("link.see")
    home = door(tx, household_id, "link")
    reach.need_village(home.village_code, "household")
    return HouseholdLinks(
        home=home, links=links_of(tx, household_id), current=current_links(tx, [household_id]).get(household_id),
        steps=steps_of(tx, household_id), visits=visits_of(tx, household_id),
        departures=departures_of(tx, household_id),
        verdicts=last_verdicts(tx, [household_id]).get(household_id, {}),
    )  # fmt: skip


def visits_of(tx: Tx, household_id: UUID) -> tuple[VisitLine, ...]:
    """Give what was found at a household's door, the last one first; the caller has checked the right."""
    query = (
        sa.select(FieldVisit.__table__)
        .where(FieldVisit.household_id == household_id, FieldVisit.regency_code == tx.regency_code)
        .order_by(FieldVisit.at.desc(), FieldVisit.id.desc())
    )
    return tuple(
        VisitLine(outcome=row.outcome, note=row.note, visited_on=row.visited_on, at=row.at, by_name=row.by_name)
        for row in tx.session.execute(query)
    )


# ---------------------------------------------------------------- the field


def field_villages(tx: Tx) -> tuple[VillageField, ...]:
    """Give the villages where somebody is to be visited, or was, as far as the reader verifies. Raises: Forbidden."""
    reach = tx.require("link.verify")
    names = {one.code: one for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}
    found: dict[str, dict[LinkState, int]] = {}
    for one in counts_within(tx, reach, IN_FIELD):
        found.setdefault(one.village_code, {})[one.state] = one.households
    return tuple(
        VillageField(
            village_code=code, village_name=names[code].title if code in names else code,
            district_name=(names[code].parent_name or "") if code in names else "",
            waiting=by_state.get(LinkState.FIELD_PENDING, 0), verified=by_state.get(LinkState.FIELD_VERIFIED, 0),
            rejected=by_state.get(LinkState.FIELD_REJECTED, 0),
        )
        for code, by_state in sorted(found.items())
    )  # fmt: skip


def field_list(tx: Tx, village_code: str) -> tuple[LinkLine, ...]:
    """Give the households of a village that are to be visited, in the order of a walk. Raises: Forbidden; NotFound."""
    reach = tx.require("link.verify")
    known = {one.code for one in regions_of(tx, tx.regency_code, Level.VILLAGE)}
    if village_code not in known or not reach.has_village(village_code):
        raise NotFound("region.not_found")
    found = link_lines(tx, states=[LinkState.FIELD_PENDING], village_codes=[village_code], limit=LONGEST_LIST)
    tx.saw("household", [one.household_id for one in found], "field_list")
    return found


def field_home(tx: Tx, household_id: UUID) -> HouseholdLinks:
    """Give one household to whoever stands before it. Raises: Forbidden; NotFound."""
    reach = tx.require("link.verify")
    home = door(tx, household_id, "field_visit")
    reach.need_village(home.village_code, "household")
    return HouseholdLinks(
        home=home, links=(), current=current_links(tx, [household_id]).get(household_id), steps=(),
        visits=visits_of(tx, household_id), departures=(),
        verdicts=last_verdicts(tx, [household_id]).get(household_id, {}),
    )  # fmt: skip


# ---------------------------------------------------------------- the civil registry's answers


def dukcapil_files(tx: Tx, limit: int = PER_PAGE) -> tuple[DukcapilFileView, ...]:
    """Give the office's files, the newest first. Raises: Forbidden."""
    tx.require("link.see_files")
    query = (
        sa.select(DukcapilFile.__table__)
        .where(DukcapilFile.regency_code == tx.regency_code)
        .order_by(DukcapilFile.read_at.desc(), DukcapilFile.id.desc())
        .limit(limit)
    )
    return tuple(_view(tx, row) for row in tx.session.execute(query))


def dukcapil_file(tx: Tx, file_id: UUID) -> DukcapilFileView:
    """Give one file. Raises: Forbidden; NotFound, also for another office's."""
    tx.require("link.see_files")
    row = tx.session.execute(
        sa.select(DukcapilFile.__table__).where(
            DukcapilFile.id == file_id, DukcapilFile.regency_code == tx.regency_code
        )
    ).one_or_none()
    if row is None:
        raise NotFound("dukcapil_file.not_found")
    return _view(tx, row)


def answers(
    tx: Tx, file_id: UUID, *, outcome: RowOutcome | None = None, limit: int = PER_PAGE, offset: int = 0
) -> AnswerPage:  # fmt: skip
    """Give a file's rows with what is to become of each, or became. Raises: Forbidden; NotFound."""
    dukcapil_file(tx, file_id)
    mine = [DukcapilRow.file_id == file_id]
    if outcome is not None:
        mine.append(DukcapilRow.outcome == outcome)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(DukcapilRow).where(*mine)) or 0
    rows = tx.session.execute(
        sa.select(
            DukcapilRow.row_no, DukcapilRow.outcome, DukcapilRow.verdict, DukcapilRow.member_id,
            DukcapilRow.household_id, DukcapilRow.problems,
        ).where(*mine).order_by(DukcapilRow.row_no).limit(limit).offset(offset)
    ).all()  # fmt: skip
    people = person_lines(tx, [row.member_id for row in rows if row.member_id is not None], "dukcapil_file")
    return AnswerPage(
        lines=tuple(
            AnswerLine(
                row_no=row.row_no, outcome=row.outcome, verdict=row.verdict, person=people.get(row.member_id),
                household_id=row.household_id,
                problems=tuple(RowProblem(**one) for one in json.loads(row.problems)),
            )
            for row in rows
        ),
        total=total,
    )  # fmt: skip


def outcome_counts(tx: Tx, file_id: UUID) -> tuple[OutcomeCount, ...]:
    """Count a file's rows by what becomes of them. Raises: Forbidden; NotFound."""
    dukcapil_file(tx, file_id)
    rows = tx.session.execute(
        sa.select(DukcapilRow.outcome, DukcapilRow.verdict, sa.func.count().label("rows"))
        .where(DukcapilRow.file_id == file_id)
        .group_by(DukcapilRow.outcome, DukcapilRow.verdict)
        .order_by(DukcapilRow.outcome, DukcapilRow.verdict)
    )
    return tuple(OutcomeCount(outcome=row.outcome, verdict=row.verdict, rows=row.rows) for row in rows)


def problem_counts(tx: Tx, file_id: UUID) -> tuple[ProblemCount, ...]:
    """Count a file's refused rows by their first reason, most first. Raises: Forbidden; NotFound."""
    dukcapil_file(tx, file_id)
    found: dict[str, int] = {}
    query = sa.select(DukcapilRow.problems).where(
        DukcapilRow.file_id == file_id, DukcapilRow.outcome == RowOutcome.REFUSED
    )
    for text in tx.session.scalars(query):
        code = json.loads(text)[0]["code"]
        found[code] = found.get(code, 0) + 1
    return tuple(
        ProblemCount(code=code, rows=rows) for code, rows in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    )


def refused_table(tx: Tx, file_id: UUID, lang: str) -> RefusedTable:
    """Give the refused rows as the same table, with a column that says why. Raises: Forbidden; NotFound."""
    tx.require("link.manage")
    file = dukcapil_file(tx, file_id)
    kept = [at for at, one in enumerate(file.header) if one != ERRORS]
    rows = []
    query = (
        sa.select(DukcapilRow.cells, DukcapilRow.problems)
        .where(DukcapilRow.file_id == file_id, DukcapilRow.outcome == RowOutcome.REFUSED)
        .order_by(DukcapilRow.row_no)
    )
    for cells, problems in tx.session.execute(query):
        texts = json.loads(cells.reveal()) if cells is not None else []
        told = " ".join(RowProblem(**one).sentence(lang) for one in json.loads(problems))
        rows.append((*(texts[at] if at < len(texts) else "" for at in kept), told))
    tx.saw("dukcapil_file", [file_id], "give_back")
    header = tuple(file.header[at] for at in kept)
    return RefusedTable(title=file.file_name, header=(*header, ERRORS), rows=tuple(rows))


def _view(tx: Tx, row: Any) -> DukcapilFileView:
    return DukcapilFileView(
        id=row.id, state=row.state, file_name=row.file_name, header=tuple(json.loads(row.header)),
        is_workbook=row.is_workbook, basis_no=row.basis_no, basis_on=row.basis_on, rows=row.rows, refused=row.refused,
        read_by_name=row.read_by_name, read_at=row.read_at, applied_by_name=row.applied_by_name,
        applied_at=row.applied_at, refused_to_me=may_apply(tx.actor.id, row.read_by),
    )  # fmt: skip
