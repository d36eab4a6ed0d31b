"""What a snapshot changed, as people read it: counts by kind and village, one line for each difference."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.db import Base
from core.errors import Invalid, NotFound
from core.i18n import say
from core.permissions import Reach
from core.work import Tx
from registry_link.households.differences import SHOWN, changed_names
from registry_link.households.linking import SEEN
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    Snapshot,
    SnapshotDifference,
    SnapshotDifferenceCount,
)
from registry_link.households.queries import LONGEST_PAGE, SnapshotLine
from registry_link.households.states import DifferenceKind, LinkState, SnapshotState
from registry_link.regions.queries import regions

DETAILS_KEPT: Final = timedelta(days=2 * 366)
"""How long a replaced snapshot's differences stay, line by line: as long as old rows of the registry (two years); the
snapshot itself and its counts stay."""
MOST_EXPORTED: Final = 200_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ORDER: Final = {kind: place for place, kind in enumerate(DifferenceKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageDifferences:
    village_code: str
    village_name: str
    district_name: str
    differences: int
    by_kind: Mapping[DifferenceKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceReport:
    snapshot: SnapshotLine
    before: SnapshotLine | None
    """The snapshot of the same source that it replaced; None for the first."""
    counts: tuple[tuple[DifferenceKind, int], ...]
    """In the order of the kinds; while the snapshot is staged, what it would bring. Within the actor's villages."""
    villages: tuple[VillageDifferences, ...]
    """Empty where there are no lines: for a first snapshot, a staged one, and one whose details are past keeping."""
    is_past: bool
    """Its details were removed when their time was over."""

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDifferences:
    snapshot_id: UUID
    kind: DifferenceKind | None = None
    village_code: str = ""
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    kind: DifferenceKind
    household_id: UUID
    code: str
    head_name: str
    village_code: str
    village_name: str
    rt: str | None
    rw: str | None
    subject_name: str
    """The member that it is about; empty when it is about the household."""
    before: str
    after: str
    names: Mapping[str, str]
    """Of the villages in it."""

    def texts(self, lang: str) -> tuple[str, str]:
        """Say what it was and what it is now."""
        if self.kind is DifferenceKind.VILLAGE:
            return tuple(self.names.get(one, one) for one in (self.before, self.after))  # type: ignore[return-value]
        if self.kind is DifferenceKind.MEMBER_CHANGED:
            before, after = (json.loads(text or "{}") for text in (self.before, self.after))
            return _parts(before, lang, is_after=False), _parts(after, lang, is_after=True)
        if self.kind is DifferenceKind.DECILE:
            none = say("snapshot.no_decile", lang)
            return self.before or none, self.after or none
        return self.before, self.after


def _parts(parts: Mapping[str, str | None], lang: str, *, is_after: bool) -> str:
    said = []
    for name in changed_names(parts):
        word = say(f"snapshot.member.{name}", lang)
        value = parts[name]
        if name in SHOWN:
            known = f"{'relation' if name == 'relation' else 'sex'}.{value}"
            said.append(f"{word} {value if name == 'name' else say(known, lang) if value else '–'}")
        elif is_after:
            said.append(word)
    return ", ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDifferences:
    lines: tuple[DifferenceLine, ...]
    has_more: bool


def snapshot_lines(tx: Tx) -> tuple[tuple[SnapshotLine, int], ...]:
    """Give the office's snapshots, newest first, each with how much it changed, what completed it included.

    Raises: Forbidden.
    """
    tx.require("snapshot.see")
    counted = (
        sa.select(
            SnapshotDifferenceCount.snapshot_id, sa.func.sum(SnapshotDifferenceCount.differences).label("changes")
        )
        .group_by(SnapshotDifferenceCount.snapshot_id)
        .subquery()
    )
    query = (
        sa.select(*_line_columns(), sa.func.coalesce(counted.c.changes, 0).label("changes"))
        .outerjoin(counted, counted.c.snapshot_id == Snapshot.id)
        .where(Snapshot.regency_code == tx.regency_code, Snapshot.completes_id.is_(None))
        .order_by(Snapshot.as_of_on.desc(), Snapshot.recorded_at.desc(), Snapshot.id.desc())
    )
    return tuple((_snapshot_line(row), int(row.changes)) for row in tx.session.execute(query))


def snapshot_line(tx: Tx, snapshot_id: UUID) -> SnapshotLine:
    """Give one of the office's snapshots. Raises: Forbidden; NotFound."""
    tx.require("snapshot.see")
    return _snapshot_line(_snapshot(tx, snapshot_id))


def difference_report(tx: Tx, snapshot_id: UUID) -> DifferenceReport:
    """Give what one snapshot changed, within the actor's villages. Raises: Forbidden; NotFound."""
    reach = tx.require("snapshot.see")
    row = _snapshot(tx, snapshot_id)
    line, is_past = _snapshot_line(row), _is_past(row, tx.today)
    by_village: dict[str, dict[DifferenceKind, int]] = {}
    query = (
        sa.select(SnapshotDifference.village_code, SnapshotDifference.kind, sa.func.count())
        .where(SnapshotDifference.snapshot_id == snapshot_id, _within(reach))
        .group_by(SnapshotDifference.village_code, SnapshotDifference.kind)
    )
    for code, kind, count in tx.session.execute(query):
        by_village.setdefault(code, {})[kind] = count
    counts: dict[DifferenceKind, int] = {}
    if reach.is_all:
        kept = sa.select(SnapshotDifferenceCount.kind, SnapshotDifferenceCount.differences).where(
            SnapshotDifferenceCount.snapshot_id == snapshot_id
        )
        for kind, count in tx.session.execute(kept):
            counts[kind] = count
    else:
        for told in by_village.values():
            for kind, count in told.items():
                counts[kind] = counts.get(kind, 0) + count
    names = {one.code: one for one in regions(tx, sorted(by_village))}
    return DifferenceReport(
        snapshot=line, before=_before(tx, row),
        counts=tuple(sorted(counts.items(), key=lambda one: _ORDER[one[0]])),
        villages=tuple(
            VillageDifferences(
                village_code=code, village_name=names[code].title if code in names else code,
                district_name=(names[code].parent_name or "") if code in names else "",
                differences=sum(told.values()), by_kind=told,
            )
            for code, told in sorted(by_village.items())
        ),
        is_past=is_past,
    )  # fmt: skip


def differences(tx: Tx, order: ListDifferences) -> FoundDifferences:
    """List a snapshot's differences by village and household, each look written down.

    Raises: Forbidden; NotFound; Invalid for a page beyond its limits.
    """
    if not 1 <= order.limit <= LONGEST_PAGE or order.offset < 0:
        raise Invalid("household.page", field="limit", most=LONGEST_PAGE)
    rows = tx.session.execute(_listed(tx, order).limit(order.limit + 1).offset(order.offset)).all()
    lines = _lines(tx, rows[: order.limit])
    tx.saw("household", list(dict.fromkeys(one.household_id for one in lines)), "snapshot_differences")
    return FoundDifferences(lines=lines, has_more=len(rows) > order.limit)


def differences_of_household(tx: Tx, household_id: UUID) -> tuple[tuple[SnapshotLine, DifferenceLine], ...]:
    """Give what snapshots changed of one household, newest first. Raises: Forbidden; NotFound outside the villages."""
    reach = tx.require("household.see")
    query = (
        _columns()
        .where(
            SnapshotDifference.household_id == household_id,
            Household.regency_code == tx.regency_code,
            SnapshotDifference.snapshot_id.in_(sa.select(Snapshot.id).where(Snapshot.state.in_(SEEN))),
        )
        .add_columns(SnapshotDifference.snapshot_id)
    )
    rows = [row for row in tx.session.execute(query) if reach.has_village(row.now_in)]
    known = {
        one.id: _snapshot_line(one)
        for one in tx.session.execute(
            sa.select(*_line_columns()).where(Snapshot.id.in_({row.snapshot_id for row in rows}))
        )
    }
    told = zip(rows, _lines(tx, rows), strict=True)
    found = [(known[row.snapshot_id], line) for row, line in told]
    return tuple(sorted(found, key=lambda one: (one[0].as_of_on, -_ORDER[one[1].kind]), reverse=True))


def differences_csv(tx: Tx, order: ListDifferences, lang: str) -> Iterator[str]:
    """Write a snapshot's differences as a table: ``;``, with a byte order mark, formulas made harmless.

    Raises: Forbidden; NotFound; Invalid "snapshot.too_many_differences".
    """
    query = _listed(tx, order)
    ids = list(
        tx.session.scalars(
            query.with_only_columns(SnapshotDifference.household_id).order_by(None).distinct().limit(MOST_EXPORTED + 1)
        )
    )
    if len(ids) > MOST_EXPORTED:
        raise Invalid("snapshot.too_many_differences", most=MOST_EXPORTED)
    tx.saw("household", sorted(ids), "snapshot_differences_csv")
    return _csv(tx, query, lang)


def _csv(tx: Tx, query: Any, lang: str) -> Iterator[str]:
    head = ("kind", "code", "head", "village_code", "village", "unit", "member", "before", "after")
    yield "\ufeff" + _csv_line([say(f"snapshot.column.{one}", lang) for one in head])
    for several in tx.session.execute(query.execution_options(yield_per=2000)).partitions():
        for one in _lines(tx, several):
            yield _csv_line([
                say(one.kind.label, lang), one.code, one.head_name, one.village_code, one.village_name,
                f"{one.rt or '–'}/{one.rw or '–'}", one.subject_name, *one.texts(lang),
            ])  # fmt: skip


def _csv_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    )
    return out.getvalue()


def forget_past(tx: Tx) -> int:
    """Remove the details of replaced snapshots whose time is over; gives of how many.

    The snapshot, its counts and every link that something was done with stay; of the others those whose household is
    listed no more for as long.
    """
    rows = tx.session.execute(
        sa.select(Snapshot.id, Snapshot.state, Snapshot.current_at).where(
            Snapshot.regency_code == tx.regency_code, Snapshot.state.in_(SEEN)
        )
    ).all()
    forgotten = 0
    for row in rows:
        ended = sa.and_(RegistryLink.until_snapshot_id == row.id, _is_untouched())
        removed = 0
        for model, where, is_over in (
            (SnapshotDifference, SnapshotDifference.snapshot_id == row.id, _is_past(row, tx.today)),
            (RegistryLink, ended, _is_long_ago(row, tx.today)),
        ):
            if is_over:
                done = tx.session.execute(sa.delete(model).where(where).execution_options(synchronize_session=False))
                removed += done.rowcount  # type: ignore[attr-defined]
        if removed:
            tx.note("snapshot.forget_details", "snapshot", row.id, rows=removed)
            forgotten += 1
    return forgotten


def _is_untouched() -> sa.ColumnElement[bool]:
    """Tell of a link whether nothing was done with it: no step, visit or proposal names it, of whatever noun."""
    link = cast(sa.Table, RegistryLink.__table__)
    named = [
        sa.exists().where(key.parent == link.c.id).correlate(link)
        for _, table in sorted(Base.metadata.tables.items())
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
        if key.column is link.c.id
    ]
    return sa.and_(link.c.state == LinkState.IMPORTED, link.c.suspect_household_id.is_(None), ~sa.or_(*named))


# ---------------------------------------------------------------- parts


def _columns() -> Any:
    # What stands in the difference says where the household is now; merged ones keep their own village.
    return (
        sa.select(
            SnapshotDifference.kind, SnapshotDifference.household_id, SnapshotDifference.village_code,
            SnapshotDifference.before, SnapshotDifference.after, Household.code, Household.head_name, Household.rt,
            Household.rw, Household.village_code.label("now_in"), Member.name.label("member"),
        )
        .join(Household, Household.id == SnapshotDifference.household_id)
        .outerjoin(Member, Member.id == SnapshotDifference.subject_id)
    )  # fmt: skip


def _listed(tx: Tx, order: ListDifferences) -> Any:
    reach = tx.require("snapshot.see")
    _snapshot(tx, order.snapshot_id)
    query = _columns().where(SnapshotDifference.snapshot_id == order.snapshot_id, _within(reach))
    if order.kind is not None:
        query = query.where(SnapshotDifference.kind == order.kind)
    if order.village_code:
        query = query.where(SnapshotDifference.village_code == order.village_code)
    return query.order_by(SnapshotDifference.village_code, Household.row_no, SnapshotDifference.kind,
                          SnapshotDifference.subject_id)  # fmt: skip


def _lines(tx: Tx, rows: Sequence[Any]) -> tuple[DifferenceLine, ...]:
    is_move = [row for row in rows if row.kind is DifferenceKind.VILLAGE]
    codes = {row.village_code for row in rows} | {code for row in is_move for code in (row.before, row.after)}
    known = {one.code: one for one in regions(tx, sorted(codes))}
    titles = {code: one.title for code, one in known.items()}
    return tuple(
        DifferenceLine(
            kind=row.kind, household_id=row.household_id, code=row.code, head_name=row.head_name,
            village_code=row.village_code,
            village_name=known[row.village_code].full_name if row.village_code in known else row.village_code,
            rt=row.rt, rw=row.rw, subject_name=row.member or "", before=row.before, after=row.after, names=titles,
        )
        for row in rows
    )  # fmt: skip


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    if reach.is_all:
        return sa.true()
    column = SnapshotDifference.village_code
    return sa.or_(
        sa.false(), *(sa.or_(column == code, column.between(f"{code}.", f"{code}/")) for code in sorted(reach.regions))
    )


def _snapshot(tx: Tx, snapshot_id: UUID) -> Any:
    row = tx.session.execute(
        sa.select(*_line_columns()).where(Snapshot.id == snapshot_id, Snapshot.regency_code == tx.regency_code)
    ).one_or_none()
    if row is None:
        raise NotFound("snapshot.not_found")
    return row


def _before(tx: Tx, row: Any) -> SnapshotLine | None:
    """Find what it was compared with: the snapshot of its source that was current before it."""
    query = sa.select(*_line_columns()).where(
        Snapshot.regency_code == tx.regency_code, Snapshot.source == row.source, Snapshot.id != row.id,
        Snapshot.current_at.is_not(None),
    )  # fmt: skip
    if row.current_at is not None:
        earlier = sa.and_(Snapshot.current_at == row.current_at, Snapshot.as_of_on < row.as_of_on)
        query = query.where(sa.or_(Snapshot.current_at < row.current_at, earlier))
    found = tx.session.execute(query.order_by(Snapshot.current_at.desc(), Snapshot.id.desc()).limit(1)).one_or_none()
    return _snapshot_line(found) if found is not None else None


def _is_past(row: Any, today: date) -> bool:
    return row.state is SnapshotState.REPLACED and _is_long_ago(row, today)


def _is_long_ago(row: Any, today: date) -> bool:
    return bool(row.current_at.date() < today - DETAILS_KEPT)


def _line_columns() -> list[Any]:
    return [getattr(Snapshot, name) for name in SnapshotLine.__dataclass_fields__]


def _snapshot_line(row: Any) -> SnapshotLine:
    return SnapshotLine(**{name: getattr(row, name) for name in SnapshotLine.__dataclass_fields__})
