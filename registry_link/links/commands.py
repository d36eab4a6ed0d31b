"""What moves a link: the civil registry's answers, a person at the door, the office's own paper."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict, Invalid, Issue, NotFound, TooLarge
from core.privacy.numbers import holds_number
from core.reader import Row, Table
from core.states import move
from core.work import Tx
from registry_link.households.departures import LONGEST_NUMBER, door
from registry_link.households.holding import hold
from registry_link.households.linking import Basis, current_links, link_lines, move_link, move_links
from registry_link.households.people import Listed, heads_of, index_of_niks, listed_by_index, niks_of
from registry_link.households.states import LINK_MOVES, LinkAct, LinkState
from registry_link.links.models import DukcapilFile, DukcapilResult, DukcapilRow, FieldVisit
from registry_link.links.rules import Answer, contradicting, judged, may_apply, read_row, recognise
from registry_link.links.states import (
    DUKCAPIL_MOVES,
    DukcapilFileAct,
    DukcapilFileState,
    RowOutcome,
    Verdict,
    VisitOutcome,
)

MOST_ROWS: Final = 20_000
MOST_AT_ONCE: Final = 20_000
"""Households of one village or one order."""
LONGEST_NOTE: Final = 500
LONGEST_NAME: Final = 120
_AT_ONCE: Final = 800
SENT_FROM: Final[Mapping[LinkAct, tuple[LinkState, ...]]] = {
    act: tuple(state for state, done in LINK_MOVES if done is act) for act in (LinkAct.CHECK, LinkAct.VISIT)
}
"""Where a household may stand that is sent to the civil registry, or visited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDukcapilFile:
    """A file as ``core.reader`` read it, before any transaction began, and the letter that it came with."""

    file_name: str
    file_sha256: str
    table: Table
    basis_no: str
    basis_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DukcapilFileRead:
    file_id: UUID
    is_repeat: bool
    """The very same bytes came before: this is the answer they got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    persons: int
    households: int
    """Whose link moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendVillage:
    """Send a village's households to the civil registry (``LinkAct.CHECK``) or a person to them (``LinkAct.VISIT``)."""

    act: LinkAct
    village_code: str
    states: tuple[LinkState, ...]
    basis_no: str
    basis_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVisit:
    household_id: UUID
    outcome: VisitOutcome
    note: str = ""
    visited_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLink:
    """Graduation, or the undoing of an end that was a mistake; by a paper."""

    household_id: UUID
    basis_no: str
    basis_on: date


# ---------------------------------------------------------------- the civil registry's answers


def read_dukcapil_file(tx: Tx, order: ReadDukcapilFile) -> DukcapilFileRead:
    """Keep a file's rows, each with what would become of it; nothing is taken over yet.

    The same bytes again give the file that is there. Raises: Forbidden; Invalid; Malformed for columns; TooLarge.
    """
    tx.require("link.manage")
    known = tx.session.scalar(
        sa.select(DukcapilFile.id).where(
            DukcapilFile.regency_code == tx.regency_code, DukcapilFile.file_sha256 == order.file_sha256,
            DukcapilFile.state != DukcapilFileState.DISCARDED,
        )
    )  # fmt: skip
    if known is not None:
        return DukcapilFileRead(file_id=known, is_repeat=True)
    number = checked_basis(tx, order.basis_no, order.basis_on)
    columns = recognise(order.table.header)
    if not order.table.rows:
        raise Invalid("dukcapil.no_rows", field="file")
    if len(order.table.rows) > MOST_ROWS:
        raise TooLarge("reader.too_many_rows", most=MOST_ROWS)
    file_id = tx.new_id()
    read: dict[int, Answer] = {}
    problems: dict[int, list[dict[str, Any]]] = {}
    for row in order.table.rows:
        found = (
            (Issue(code=row.flaw, row=row.number, facts=row.facts),)
            if row.flaw
            else read_row(row.number, row.cells, columns)
        )
        if isinstance(found, Answer):
            read[row.number] = found
        else:
            problems[row.number] = [_problem(one.code, one.column, one.facts) for one in found]
    outcomes = _outcomes(tx, read, problems, columns.header[columns.nik])
    tx.session.add(
        DukcapilFile(
            id=file_id, regency_code=tx.regency_code, state=DukcapilFileState.READ,
            file_name=_plain_name(order.file_name), file_sha256=order.file_sha256,
            header=json.dumps(order.table.header, ensure_ascii=False), is_workbook=order.table.is_workbook,
            basis_no=number, basis_on=order.basis_on, rows=len(order.table.rows), refused=len(problems),
            read_by=tx.actor.id, read_by_name=tx.actor.name, read_at=tx.now, applied_by=None, applied_by_name="",
            applied_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    made = [_row(file_id, row, outcomes, problems) for row in order.table.rows]
    for start in range(0, len(made), _AT_ONCE):
        tx.session.execute(sa.insert(DukcapilRow), made[start : start + _AT_ONCE])
    tx.note(
        "dukcapil.read", "dukcapil_file", file_id, rows=len(made), refused=len(problems), sha256=order.file_sha256,
        basis_no=number,
    )  # fmt: skip
    return DukcapilFileRead(file_id=file_id, is_repeat=False)


def apply_dukcapil_file(tx: Tx, file_id: UUID) -> Applied:
    """Take a file over that somebody else has read: each person's result is kept, and their household's link moves.

    Raises: Forbidden; NotFound; Conflict "dukcapil.own" for whoever read it, "dukcapil.nothing_ready",
    "dukcapil_file.cannot_apply".
    """
    tx.require("link.approve")
    file = _locked(tx, file_id)
    ready = tx.session.execute(
        sa.select(DukcapilRow.row_no, DukcapilRow.nik_bidx, DukcapilRow.verdict).where(
            DukcapilRow.file_id == file_id, DukcapilRow.outcome == RowOutcome.READY
        )
    ).all()
    if file.state is DukcapilFileState.READ:
        if refused := may_apply(tx.actor.id, file.read_by):
            raise Conflict(refused)
        if not ready:
            # Rows are kept for thirty days; a file that waited longer is sent again.
            raise Conflict("dukcapil.nothing_ready")
    move(
        tx, DukcapilFile, file_id, DukcapilFileAct.APPLY, DUKCAPIL_MOVES, applied_by=tx.actor.id,
        applied_by_name=tx.actor.name, applied_at=tx.now,
    )  # fmt: skip
    said = {row.nik_bidx: row.verdict for row in ready if row.nik_bidx is not None}
    hold(tx, {one.household_id for listed in listed_by_index(tx, list(said)).values() for one in listed})
    people = listed_by_index(tx, list(said))
    # Whoever had the number when the file was read may have another one by now: nothing was said of that.
    lost = [row.row_no for row in ready if row.nik_bidx is None or row.nik_bidx not in people]
    _give_up_rows(tx, file_id, lost, json.loads(file.header))
    made: list[dict[str, Any]] = []
    for index, verdict in said.items():
        # The number may stand in several households: what is said of it is said of each of them.
        for one in people.get(index, ()):
            made.append(
                {
                    "id": tx.new_id(), "regency_code": tx.regency_code, "member_id": one.member_id,
                    "household_id": one.household_id, "file_id": file_id, "verdict": verdict, "nik_bidx": one.nik_bidx,
                    "at": tx.now,
                }
            )  # fmt: skip
    for start in range(0, len(made), _AT_ONCE):
        tx.session.execute(sa.insert(DukcapilResult), made[start : start + _AT_ONCE])
    tx.session.execute(
        sa.update(DukcapilRow)
        .where(DukcapilRow.file_id == file_id, DukcapilRow.outcome == RowOutcome.READY)
        .values(outcome=RowOutcome.APPLIED)
        .execution_options(synchronize_session=False)
    )
    basis = Basis(number=file.basis_no, on=file.basis_on, subject="dukcapil_file", subject_id=file_id)
    moved = _judge(tx, sorted({one["household_id"] for one in made}), basis)
    return Applied(persons=len(made), households=moved)


def _give_up_rows(tx: Tx, file_id: UUID, row_nos: Sequence[int], header: Sequence[str]) -> None:
    if not row_nos:
        return
    problem = _problem("dukcapil.nik_changed", header[recognise(header).nik], {})
    for start in range(0, len(row_nos), _AT_ONCE):
        tx.session.execute(
            sa.update(DukcapilRow)
            .where(DukcapilRow.file_id == file_id, DukcapilRow.row_no.in_(row_nos[start : start + _AT_ONCE]))
            .values(
                outcome=RowOutcome.REFUSED, member_id=None, household_id=None,
                problems=json.dumps([problem], ensure_ascii=False),
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
    tx.session.execute(
        sa.update(DukcapilFile)
        .where(DukcapilFile.id == file_id)
        .values(refused=DukcapilFile.refused + len(row_nos))
        .execution_options(synchronize_session=False)
    )


def discard_dukcapil_file(tx: Tx, file_id: UUID) -> None:
    """Give up a file that is not taken over; it may be read again. Raises: Forbidden; NotFound; Conflict."""
    tx.require("link.manage")
    _locked(tx, file_id)
    move(tx, DukcapilFile, file_id, DukcapilFileAct.DISCARD, DUKCAPIL_MOVES)


def last_verdicts(tx: Tx, household_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[UUID, Verdict]]:
    """Give by household what was last said of each of its people's numbers as they are now."""
    found: dict[UUID, dict[UUID, Verdict]] = {}
    for start in range(0, len(household_ids), _AT_ONCE):
        rows = tx.session.execute(
            sa.select(
                DukcapilResult.household_id, DukcapilResult.member_id, DukcapilResult.verdict, DukcapilResult.nik_bidx
            )
            .where(
                DukcapilResult.household_id.in_(household_ids[start : start + _AT_ONCE]),
                sa.func.coalesce(DukcapilResult.regency_code, "") == tx.regency_code,
            )
            .order_by(DukcapilResult.at, DukcapilResult.id)
        ).all()
        now = niks_of(tx, list({row.member_id for row in rows}))
        for row in rows:
            if row.nik_bidx is not None and now.get(row.member_id) == row.nik_bidx:
                found.setdefault(row.household_id, {})[row.member_id] = row.verdict
    return found


def _judge(tx: Tx, household_ids: Sequence[UUID], basis: Basis) -> int:
    """Move the links of households by what is known of their people now; gives how many moved."""
    verdicts = last_verdicts(tx, household_ids)
    heads = heads_of(tx, household_ids)
    links = current_links(tx, household_ids)
    untouched = [one.id for one in links.values() if one.state is LinkState.IMPORTED]
    move_links(tx, untouched, LinkAct.CHECK, basis)
    moved = 0
    for verdict in Verdict:
        ids = [
            link.id
            for household_id, link in links.items()
            if judged(verdicts.get(household_id, {}), heads.get(household_id)) is verdict
        ]
        moved += move_links(tx, ids, verdict.act, basis)
    return moved


@dataclass(frozen=True, slots=True)
class _Meant:
    """A row that means somebody: the first registered one who has the number."""

    outcome: RowOutcome
    answer: Answer
    owner: Listed


def _outcomes(
    tx: Tx, read: Mapping[int, Answer], problems: dict[int, list[dict[str, Any]]], label: str
) -> dict[int, _Meant]:
    """Tell what would become of each answer; what cannot be is added to ``problems``."""
    indexes = dict(zip(read, index_of_niks([one.nik for one in read.values()]), strict=True))
    people = listed_by_index(tx, list(indexes.values()))
    refused = contradicting([(row_no, indexes[row_no], one.verdict) for row_no, one in read.items()])
    known = {one.household_id for found in people.values() for one in found}
    verdicts = last_verdicts(tx, sorted(known))
    made: dict[int, _Meant] = {}
    for row_no, answer in read.items():
        owners = people.get(indexes[row_no], ())
        code = refused.get(row_no) or ("" if owners else "dukcapil.nik_unknown")
        if code:
            problems[row_no] = [_problem(code, label, {})]
            continue
        is_same = all(verdicts.get(one.household_id, {}).get(one.member_id) is answer.verdict for one in owners)
        outcome = RowOutcome.SAME if is_same else RowOutcome.READY
        made[row_no] = _Meant(outcome, answer, owners[0])
    return made


def _row(
    file_id: UUID, row: Row, outcomes: Mapping[int, _Meant],
    problems: Mapping[int, list[dict[str, Any]]],
) -> dict[str, Any]:  # fmt: skip
    found = outcomes.get(row.number)
    if found is None:
        cells = Secret(json.dumps(row.texts, ensure_ascii=False))
        return {
            "file_id": file_id, "row_no": row.number, "outcome": RowOutcome.REFUSED, "verdict": None,
            "member_id": None, "household_id": None, "nik_bidx": None, "cells": cells,
            "problems": json.dumps(problems[row.number], ensure_ascii=False),
        }  # fmt: skip
    return {
        "file_id": file_id, "row_no": row.number, "outcome": found.outcome, "verdict": found.answer.verdict,
        "member_id": found.owner.member_id, "household_id": found.owner.household_id,
        "nik_bidx": found.owner.nik_bidx, "cells": None, "problems": "[]",
    }  # fmt: skip


def _problem(code: str, column: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": code, "column": column, "facts": dict(facts)}


def _plain_name(name: str) -> str:
    kept = "".join(sign if sign.isprintable() and sign not in '<>:"/\\|?*' else "_" for sign in name)
    kept = kept.strip()[-LONGEST_NAME:]
    return "berkas" if not kept or holds_number(kept) else kept


def _locked(tx: Tx, file_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(cast(sa.Table, DukcapilFile.__table__))
        .where(DukcapilFile.id == file_id, DukcapilFile.regency_code == tx.regency_code)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("dukcapil_file.not_found")
    return row


# ---------------------------------------------------------------- the field


def send_village(tx: Tx, order: SendVillage) -> int:
    """Send a village's households on to their next check; gives how many.

    Raises: Forbidden; Invalid; Conflict "link.none_to_send"; TooLarge.
    """
    reach = tx.require("link.manage")
    if order.act not in SENT_FROM:
        raise Invalid("link.cannot_send", field="act")
    states = [one for one in order.states if one in SENT_FROM[order.act]]
    if not states:
        raise Invalid("link.choose_states", field="states")
    if not order.village_code.startswith(f"{tx.regency_code}.") or not reach.has_village(order.village_code):
        raise Invalid("household.village", field="village_code", code=order.village_code[:20])
    number = checked_basis(tx, order.basis_no, order.basis_on)
    lines = link_lines(tx, states=states, village_codes=[order.village_code], limit=MOST_AT_ONCE + 1)
    if not lines:
        raise Conflict("link.none_to_send")
    if len(lines) > MOST_AT_ONCE:
        raise TooLarge("link.too_many", most=MOST_AT_ONCE)
    basis = Basis(number=number, on=order.basis_on, reason=order.act.value)
    return move_links(tx, [one.link_id for one in lines], order.act, basis)


def record_visit(tx: Tx, order: RecordVisit) -> LinkState:
    """Record what was found at a household's door; its link moves.

    Raises: Forbidden; NotFound; Invalid; Conflict "link.none" for a household of no current snapshot, "link.cannot"
    for one that nobody is to visit.
    """
    reach = tx.require("link.verify")
    home = door(tx, order.household_id, "field_visit")
    reach.need_village(home.village_code, "household")
    note = " ".join(order.note.split())
    if len(note) > LONGEST_NOTE:
        raise Invalid("link.note_long", field="note", most=LONGEST_NOTE)
    if holds_number(note):
        raise Invalid("privacy.number_in_text", field="note")
    visited_on = order.visited_on or tx.today
    if visited_on > tx.today:
        raise Invalid("link.in_future", field="visited_on")
    link = current_links(tx, [home.household_id]).get(home.household_id)
    if link is None:
        raise Conflict("link.none")
    visit_id = tx.new_id()
    act = LinkAct.VERIFY if order.outcome is VisitOutcome.VERIFIED else LinkAct.REJECT
    basis = Basis(on=visited_on, reason=order.outcome.value, subject="field_visit", subject_id=visit_id)
    after = move_link(tx, link.id, act, basis)
    tx.session.add(
        FieldVisit(
            id=visit_id, regency_code=tx.regency_code, link_id=link.id, household_id=home.household_id,
            outcome=order.outcome, note=note, visited_on=visited_on, at=tx.now, by=tx.actor.id, by_name=tx.actor.name,
        )
    )  # fmt: skip
    tx.session.flush()
    return after


# ---------------------------------------------------------------- the office's own paper


def graduate(tx: Tx, order: EndLink) -> LinkState:
    """Record that a household has graduated: its link ends, the household itself stays where it lives.

    Raises: Forbidden; NotFound; Invalid; Conflict.
    """
    return _by_paper(tx, order, LinkAct.GRADUATE)


def reopen(tx: Tx, order: EndLink) -> LinkState:
    """Undo an end that was a mistake: the link begins anew. A death or move is undone where it was recorded.

    Raises: Forbidden; NotFound; Invalid; Conflict "link.cannot", "departure.left_already".
    """
    return _by_paper(tx, order, LinkAct.REOPEN)


def _by_paper(tx: Tx, order: EndLink, act: LinkAct) -> LinkState:
    reach = tx.require("link.manage")
    home = door(tx, order.household_id, "link")
    reach.need_village(home.village_code, "household")
    number = checked_basis(tx, order.basis_no, order.basis_on)
    if home.left_on is not None:
        raise Conflict("departure.left_already")
    link = current_links(tx, [home.household_id]).get(home.household_id)
    if link is None:
        raise Conflict("link.none")
    return move_link(tx, link.id, act, Basis(number=number, on=order.basis_on, reason=act.value))


def checked_basis(tx: Tx, number: str, on: date) -> str:
    """Give the number of a paper in one line.

    Raises: Invalid "link.basis_missing", "link.in_future", "privacy.number_in_text".
    """
    plain = " ".join(number.split())
    if not plain or len(plain) > LONGEST_NUMBER:
        raise Invalid("link.basis_missing", field="basis_no", most=LONGEST_NUMBER)
    if holds_number(plain):
        raise Invalid("privacy.number_in_text", field="basis_no")
    if on > tx.today:
        raise Invalid("link.in_future", field="basis_on")
    return plain
