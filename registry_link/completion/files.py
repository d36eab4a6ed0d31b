"""Lists that come back, and files of positions: every row gets its outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.crypto import Secret
from core.errors import Conflict, Invalid, NotFound, Refused, TooLarge
from core.privacy.numbers import holds_number
from core.reader import Row, Table
from core.states import move
from core.work import Tx
from registry_link.completion.columns import recognise
from registry_link.completion.commands import OpenEntry, decide_skip, fill_entry, village_of_list
from registry_link.completion.models import CompletionEntry, CompletionFile, CompletionFileRow, CompletionList
from registry_link.completion.overview import outside_each_m, recount
from registry_link.completion.parsing import ListRow, Point, PositionRow, Trouble, list_row, position_row
from registry_link.completion.positioning import Report, Reported, held_of, keep_reports
from registry_link.completion.rules import is_better
from registry_link.completion.states import (
    COMPLETION_FILE_MOVES,
    EntryState,
    FileAct,
    FileKind,
    FileState,
    ListState,
    PositionOrigin,
    RowOutcome,
)
from registry_link.households.completing import (
    Birth,
    CompleteHousehold,
    Facts,
    Placed,
    count_change,
    facts_of,
    facts_to_change,
    ids_of_codes,
    ids_of_kk,
    ids_of_nik,
    place_households,
)
from registry_link.households.gaps import Gap
from registry_link.households.numbers import kk_index, nik_index
from registry_link.households.rules import Flaw, checked_kk, checked_nik
from registry_link.households.states import PositionSource
from registry_link.matching.rules import FAR_M

MOST_LIST_ROWS: Final = 5_000
MOST_POSITION_ROWS: Final = 20_000
LONGEST_NAME: Final = 120
_ROWS_AT_ONCE: Final = 100
"""Rows of a list merged in one transaction: a second's work, and others get in between."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    file_name: str
    file_sha256: str
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    file_id: UUID
    is_repeat: bool
    """The same bytes came before and were read to their end."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    row_no: int
    outcome: RowOutcome
    troubles: tuple[Trouble, ...] = ()
    fields: tuple[str, ...] = ()
    household_id: UUID | None = None
    point: Point | None = None


# ---------------------------------------------------------------- a list that comes back


def begin_list_file(tx: Tx, list_id: UUID, order: ReadFile) -> FileRead:
    """Take a list that comes back; its rows follow by ``merge_list_rows``. The same bytes again give the same file.

    Raises: Forbidden; NotFound; Conflict "completion_list.is_closed"; Invalid "completion.no_rows"; TooLarge; Malformed
    for columns that are missing or stand twice.
    """
    reach = tx.require("completion.fill")
    reach.need_village(village_of_list(tx, list_id), "completion_list")
    _need_open(tx, list_id)
    known = _known(tx, FileKind.LIST, order.file_sha256)
    if known is not None:
        if known.list_id != list_id:
            raise Conflict("completion_file.of_other_list")
        return FileRead(file_id=known.id, is_repeat=known.state is FileState.APPLIED)
    recognise(order.table.header, FileKind.LIST)
    file_id = _keep_file(tx, FileKind.LIST, order, MOST_LIST_ROWS, list_id)
    return FileRead(file_id=file_id, is_repeat=False)


def merge_list_rows(tx: Tx, file_id: UUID, table: Table) -> bool:
    """Merge the next rows of a list that came back; True when there are none left and the file is through.

    A row that cannot be right changes nothing; what somebody else filled in meanwhile stays. Safe to go on with after
    a cut: what is merged has its outcome in the same transaction.
    """
    tx.require("completion.fill")
    file = _locked(tx, file_id)
    if file.state is not FileState.READ or file.list_id is None:
        return True
    reach = tx.require("completion.fill")
    village = village_of_list(tx, file.list_id)
    reach.need_village(village, "completion_file")
    _need_open(tx, file.list_id)
    last = tx.session.scalar(
        sa.select(sa.func.max(CompletionFileRow.row_no)).where(CompletionFileRow.file_id == file_id)
    )
    rows = [one for one in table.rows if last is None or one.number > last]
    columns = recognise(table.header, FileKind.LIST)
    chunk = [(one, list_row(one, columns)) for one in rows[:_ROWS_AT_ONCE]]
    codes = [read.code for _, read in chunk if isinstance(read, ListRow)]
    homes = ids_of_codes(tx, codes)
    entries = _entries(tx, file.list_id, village, homes.values())
    facts = facts_to_change(tx, [one.household_id for one in entries.values()], "completion_file")
    outcomes: list[_Outcome] = []
    for row, read in chunk:
        if not isinstance(read, ListRow):
            outcomes.append(_Outcome(row.number, RowOutcome.REFUSED, read))
            continue
        entry = entries.get(homes[read.code]) if read.code in homes else None
        known = facts.get(entry.household_id) if entry else None
        if entry is None or known is None:
            outcomes.append(_Outcome(row.number, RowOutcome.REFUSED, (Trouble(code="completion.not_on_list"),)))
            continue
        outcomes.append(_merge(tx, file_id, row.number, entry, known, read))
    _keep_outcomes(tx, file_id, outcomes)
    if any(one.fields for one in outcomes):
        count_change(tx)
        recount(tx, village)
    if len(rows) > len(chunk):
        return False
    move(
        tx, CompletionFile, file_id, FileAct.APPLY, COMPLETION_FILE_MOVES, applied_at=tx.now, applied_by=tx.actor.id,
        applied_by_name=tx.actor.name,
    )  # fmt: skip
    return True


def _merge(tx: Tx, file_id: UUID, row_no: int, entry: OpenEntry, known: Facts, read: ListRow) -> _Outcome:
    if len(read.births) > len(known.ageless) and any(read.births[len(known.ageless) :]):
        if known.ageless:
            trouble = Trouble(code="completion.births_many", facts={"most": len(known.ageless)})
            return _Outcome(row_no, RowOutcome.REFUSED, (trouble,), household_id=known.id)
        read = ListRow(code=read.code, seal=read.seal, texts=read.texts, births=(), point=read.point, skip=read.skip)
    births = tuple(
        Birth(member_id=person.id, born_on=one.on, age_years=one.age_years)
        for person, one in zip(known.ageless, read.births, strict=False)
        if one is not None
    )
    values = CompleteHousehold(household_id=known.id, seal=read.seal, births=births, **read.texts)
    position = None
    if read.point is not None and not _stands_at(known, read.point):
        position = Reported(
            lon_deg=read.point.lon_deg, lat_deg=read.point.lat_deg, accuracy_m=read.point.accuracy_m,
            origin=PositionOrigin.FILE,
        )  # fmt: skip
    try:
        with tx.savepoint():
            saved = fill_entry(tx, entry, values, position, file_id)
            if read.skip is not None and not saved.is_done and entry.state is not EntryState.DONE:
                decide_skip(tx, entry, read.skip)
    except Refused as refused:
        named = getattr(refused, "field", None) or ""
        trouble = Trouble(code=refused.code, column=named, facts=refused.facts)
        return _Outcome(row_no, RowOutcome.REFUSED, (trouble,), household_id=known.id)
    troubles = [Trouble(code="completion.meanwhile", column=one) for one in saved.conflicts]
    if saved.is_number_elsewhere:
        troubles.append(Trouble(code="completion.number_elsewhere"))
    if saved.outside_m is not None:
        troubles.append(Trouble(code="completion.far", facts={"metres": saved.outside_m}))
    outcome = RowOutcome.MERGED if saved.fields else RowOutcome.CONFLICT if saved.conflicts else RowOutcome.SAME
    if outcome is RowOutcome.SAME and read.skip is not None:
        outcome = RowOutcome.MERGED
    return _Outcome(row_no, outcome, tuple(troubles), saved.fields, known.id)


def _stands_at(known: Facts, point: Point) -> bool:
    return known.lon_deg is not None and known.lat_deg is not None and _near(known, point)


def _near(known: Facts, point: Point) -> bool:
    """Tell whether a position is the one that is there: a list shows it with fewer digits."""
    assert known.lon_deg is not None
    assert known.lat_deg is not None
    return abs(known.lon_deg - point.lon_deg) < 1e-6 and abs(known.lat_deg - point.lat_deg) < 1e-6


def _need_open(tx: Tx, list_id: UUID) -> None:
    if tx.session.scalar(sa.select(CompletionList.state).where(CompletionList.id == list_id)) is not ListState.OPEN:
        raise Conflict("completion_list.is_closed")


def _entries(tx: Tx, list_id: UUID, village: str, households: Iterable[UUID]) -> Mapping[UUID, OpenEntry]:
    asked = tx.session.scalar(sa.select(CompletionList.asked).where(CompletionList.id == list_id)) or 0
    query = sa.select(
        CompletionEntry.id, CompletionEntry.no, CompletionEntry.household_id, CompletionEntry.state
    ).where(CompletionEntry.list_id == list_id, CompletionEntry.household_id.in_(list(households)))  # fmt: skip
    return {
        row.household_id: OpenEntry(
            id=row.id, list_id=list_id, no=row.no, village_code=village, household_id=row.household_id,
            asked=Gap(asked), state=row.state,
        )
        for row in tx.session.execute(query)
    }  # fmt: skip


# ---------------------------------------------------------------- positions


def read_positions(tx: Tx, order: ReadFile) -> FileRead:
    """Read a file of positions: every row gets its outcome, no household is changed before another person agrees.

    Raises: Forbidden; Invalid "completion.no_rows"; TooLarge; Malformed for columns that are missing or stand twice.
    """
    tx.require("position.import")
    known = _known(tx, FileKind.POSITIONS, order.file_sha256)
    if known is not None:
        return FileRead(file_id=known.id, is_repeat=True)
    columns = recognise(order.table.header, FileKind.POSITIONS)
    file_id = _keep_file(tx, FileKind.POSITIONS, order, MOST_POSITION_ROWS, None)
    rows = [(one, position_row(one, columns)) for one in order.table.rows]
    _keep_outcomes(tx, file_id, _judged(tx, rows))
    return FileRead(file_id=file_id, is_repeat=False)


def apply_positions(tx: Tx, file_id: UUID) -> int:
    """Take over what is ready of a file that somebody else sent; gives how many households have a new position.

    Every reported position is kept; one that is less exact than the household's own does not count.
    Raises: Forbidden; NotFound; Conflict "completion_file.four_eyes", "completion_file.cannot_apply".
    """
    tx.require("position.apply")
    file = _locked(tx, file_id)
    if file.kind is not FileKind.POSITIONS:
        raise NotFound("completion_file.not_found")
    if file.read_by == tx.actor.id:
        raise Conflict("completion_file.four_eyes")
    move(
        tx, CompletionFile, file_id, FileAct.APPLY, COMPLETION_FILE_MOVES, applied_at=tx.now, applied_by=tx.actor.id,
        applied_by_name=tx.actor.name,
    )  # fmt: skip
    rows = tx.session.execute(
        sa.select(
            CompletionFileRow.row_no, CompletionFileRow.household_id, CompletionFileRow.lon_deg,
            CompletionFileRow.lat_deg, CompletionFileRow.accuracy_m,
        )
        .where(CompletionFileRow.file_id == file_id, CompletionFileRow.outcome == RowOutcome.READY)
        .order_by(CompletionFileRow.row_no)
    ).all()  # fmt: skip
    facts = facts_to_change(tx, [row.household_id for row in rows], "positions")
    placed: list[Placed] = []
    reports: list[Report] = []
    merged: list[dict[str, object]] = []
    for row in rows:
        known = facts.get(row.household_id)
        if known is None:
            merged.append({"p_row": row.row_no, "p_outcome": RowOutcome.CONFLICT})
            continue
        is_used = is_better(held_of(known), PositionSource.GPS, row.accuracy_m)
        told = Reported(lon_deg=row.lon_deg, lat_deg=row.lat_deg, accuracy_m=row.accuracy_m, origin=PositionOrigin.FILE)
        reports.append(Report(household_id=known.id, reported=told, is_used=is_used))
        merged.append({"p_row": row.row_no, "p_outcome": RowOutcome.MERGED if is_used else RowOutcome.SAME})
        if is_used:
            placed.append(
                Placed(
                    household_id=known.id, lon_deg=row.lon_deg, lat_deg=row.lat_deg, source=PositionSource.GPS,
                    accuracy_m=row.accuracy_m,
                )
            )  # fmt: skip
    if placed:
        place_households(tx, placed)
        count_change(tx)
    for start in range(0, len(reports), _AT_ONCE):
        keep_reports(tx, reports[start : start + _AT_ONCE], file_id)
    _set_outcomes(tx, file_id, merged)
    for village in sorted({facts[one.household_id].village_code for one in placed}):
        recount(tx, village)
    tx.note("completion_file.placed", "completion_file", file_id, households=len(placed), kept=len(reports))
    return len(placed)


def discard_file(tx: Tx, file_id: UUID) -> None:
    """Give up a file of positions; the same file may be read again. Raises: Forbidden; NotFound; Conflict."""
    tx.require("position.import")
    if _locked(tx, file_id).kind is not FileKind.POSITIONS:
        raise NotFound("completion_file.not_found")
    move(tx, CompletionFile, file_id, FileAct.DISCARD, COMPLETION_FILE_MOVES)


def _judged(tx: Tx, rows: Sequence[tuple[Row, PositionRow | tuple[Trouble, ...]]]) -> list[_Outcome]:
    """Tell what would become of each row."""
    homes = _homes(tx, [read for _, read in rows if isinstance(read, PositionRow)])
    facts = facts_of(tx, sorted({one for found in homes.values() for one in found}), "positions")
    outcomes: list[_Outcome] = []
    outside = _outside(tx, rows, homes, facts)
    best: dict[UUID, int] = {}
    for row, read in rows:
        if not isinstance(read, PositionRow):
            outcomes.append(_Outcome(row.number, RowOutcome.REFUSED, read))
            continue
        found = [facts[one] for one in homes[read] if one in facts]
        if len(found) != 1:
            code = "completion.several_households" if found else "completion.household_unknown"
            outcomes.append(_Outcome(row.number, RowOutcome.REFUSED, (Trouble(code=code),), point=read.point))
            continue
        known = found[0]
        if _stands_at(known, read.point):
            outcomes.append(_Outcome(row.number, RowOutcome.SAME, household_id=known.id, point=read.point))
            continue
        troubles = []
        if not is_better(held_of(known), PositionSource.GPS, read.point.accuracy_m):
            troubles.append(Trouble(code="completion.less_exact"))
        if (metres := outside.get(row.number) or 0) > FAR_M:
            troubles.append(Trouble(code="completion.far", facts={"metres": metres}))
        if known.id in best:
            before = outcomes[best[known.id]]
            is_finer = _accuracy(read.point) < _accuracy(before.point)
            worse = best[known.id] if is_finer else len(outcomes)
            outcomes.append(
                _Outcome(row.number, RowOutcome.READY, tuple(troubles), household_id=known.id, point=read.point)
            )
            loser = outcomes[worse]
            twice = (*loser.troubles, Trouble(code="completion.twice_in_file"))
            outcomes[worse] = _Outcome(
                loser.row_no, RowOutcome.REFUSED, twice, household_id=known.id, point=loser.point
            )  # fmt: skip
            best[known.id] = len(outcomes) - 1 if is_finer else best[known.id]
            continue
        best[known.id] = len(outcomes)
        outcomes.append(
            _Outcome(row.number, RowOutcome.READY, tuple(troubles), household_id=known.id, point=read.point)
        )
    return outcomes


def _outside(
    tx: Tx, rows: Sequence[tuple[Row, PositionRow | tuple[Trouble, ...]]],
    homes: Mapping[PositionRow, tuple[UUID, ...]], facts: Mapping[UUID, Facts],
) -> Mapping[int, int | None]:  # fmt: skip
    """Tell of every row that names one household how far outside its village the position lies."""
    placed = [
        (row.number, facts[homes[read][0]].village_code, read.point)
        for row, read in rows
        if isinstance(read, PositionRow) and len(homes[read]) == 1 and homes[read][0] in facts
    ]
    metres = outside_each_m(tx, [(code, point.lon_deg, point.lat_deg) for _, code, point in placed])
    return {number: away for (number, _, _), away in zip(placed, metres, strict=True)}


def _accuracy(point: Point | None) -> float:
    return point.accuracy_m if point is not None and point.accuracy_m is not None else 50.0


def _homes(tx: Tx, rows: Sequence[PositionRow]) -> Mapping[PositionRow, tuple[UUID, ...]]:
    """Find whom rows name: by code where there is one, else by NIK, else by No. KK."""
    by_code = ids_of_codes(tx, [one.code for one in rows if one.code])
    niks = {one.nik: Secret(one.nik) for one in rows if not one.code and not isinstance(checked_nik(one.nik), Flaw)}
    cards = {
        one.kk: Secret(one.kk)
        for one in rows
        if not one.code and one.nik not in niks and not isinstance(checked_kk(one.kk), Flaw)
    }
    by_nik, by_kk = ids_of_nik(tx, list(niks.values())), ids_of_kk(tx, list(cards.values()))

    def found(one: PositionRow) -> tuple[UUID, ...]:
        if one.code:
            return (by_code[one.code],) if one.code in by_code else ()
        if one.nik in niks:
            return by_nik.get(nik_index(niks[one.nik]), ())
        return by_kk.get(kk_index(cards[one.kk]), ()) if one.kk in cards else ()

    return {one: found(one) for one in rows}


# ---------------------------------------------------------------- keeping


def _known(tx: Tx, kind: FileKind, sha256: str) -> Any:
    return tx.session.execute(
        sa.select(CompletionFile.id, CompletionFile.state, CompletionFile.list_id).where(
            CompletionFile.regency_code == tx.regency_code, CompletionFile.kind == kind,
            CompletionFile.file_sha256 == sha256, CompletionFile.state != FileState.DISCARDED,
        )
    ).one_or_none()  # fmt: skip


def _keep_file(tx: Tx, kind: FileKind, order: ReadFile, most: int, list_id: UUID | None) -> UUID:
    if not order.table.rows:
        raise Invalid("completion.no_rows", field="file")
    if len(order.table.rows) > most:
        raise TooLarge("reader.too_many_rows", most=most)
    file_id = tx.new_id()
    name = "".join(sign if sign.isprintable() and sign not in '<>:"/\\|?*' else "_" for sign in order.file_name)
    tx.session.add(
        CompletionFile(
            id=file_id, regency_code=tx.regency_code, kind=kind, state=FileState.READ, list_id=list_id,
            file_name=_safe(name), file_sha256=order.file_sha256,
            rows=len(order.table.rows), read_at=tx.now, read_by=tx.actor.id, read_by_name=tx.actor.name,
            applied_at=None, applied_by=None, applied_by_name="",
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note(
        "completion_file.read", "completion_file", file_id, kind=kind.value, rows=len(order.table.rows),
        sha256=order.file_sha256,
    )  # fmt: skip
    return file_id


def _safe(name: str) -> str:
    """Give a file's name, unless it is one more copy of somebody's number."""
    kept = name.strip()[-LONGEST_NAME:]
    return "berkas" if not kept or holds_number(kept) else kept


def _keep_outcomes(tx: Tx, file_id: UUID, outcomes: Sequence[_Outcome]) -> None:
    rows = [
        {
            "file_id": file_id, "row_no": one.row_no, "outcome": one.outcome,
            "problems": json.dumps(
                [{"code": it.code, "column": it.column, "facts": dict(it.facts)} for it in one.troubles],
                ensure_ascii=False,
            ),
            "fields": json.dumps(one.fields), "household_id": one.household_id,
            "lon_deg": one.point.lon_deg if one.point else None, "lat_deg": one.point.lat_deg if one.point else None,
            "accuracy_m": one.point.accuracy_m if one.point else None,
        }
        for one in outcomes
    ]  # fmt: skip
    table = cast(sa.Table, CompletionFileRow.__table__)
    for start in range(0, len(rows), _AT_ONCE):
        tx.session.execute(sa.insert(table), rows[start : start + _AT_ONCE])


def _set_outcomes(tx: Tx, file_id: UUID, changes: Sequence[Mapping[str, object]]) -> None:
    table = cast(sa.Table, CompletionFileRow.__table__)
    change = (
        sa.update(table)
        .where(table.c.file_id == file_id, table.c.row_no == sa.bindparam("p_row"))
        .values(outcome=sa.bindparam("p_outcome", type_=table.c.outcome.type))
    )
    for start in range(0, len(changes), _AT_ONCE):
        tx.session.connection().execute(change, [dict(one) for one in changes[start : start + _AT_ONCE]])


def _locked(tx: Tx, file_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(CompletionFile.__table__)
        .where(CompletionFile.id == file_id, CompletionFile.regency_code == tx.regency_code)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("completion_file.not_found")
    return row
