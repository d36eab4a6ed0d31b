"""The way of a registry link, step by step, each with who, when and on which paper. Here alone links are moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, NotFound
from core.work import Tx
from registry_link.households.bulk import chunked
from registry_link.households.models import (
    Household,
    HouseholdCard,
    LinkEvent,
    Member,
    RegistryLink,
    Snapshot,
    SnapshotDifference,
    StagedHousehold,
)
from registry_link.households.states import LINK_MOVES, DifferenceKind, LinkAct, LinkState, Outcome, SnapshotState

_FEW: Final = 5_000
_LINK: Final = cast(sa.Table, RegistryLink.__table__)
SEEN: Final = (SnapshotState.CURRENT, SnapshotState.REPLACED)
"""What these snapshots brought is seen; a link of theirs counts until one of its source lists it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """On which paper a step stands, and what did it; ``reason`` is a code, never somebody's words."""

    number: str = ""
    on: date | None = None
    reason: str = ""
    subject: str = ""
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    id: UUID
    household_id: UUID
    state: LinkState
    source: str
    since_on: date
    """The day of the file that brought it."""
    until_on: date | None
    """The day of the first file that did not list it any more."""
    as_of_on: date
    """The day of the source's current file while that lists it, else of the one that brought it."""
    agreement_no: str
    """Of the same file."""
    is_current: bool
    """The source lists it now."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a household's links."""

    link_id: UUID
    act: str
    before: str
    after: str
    reason: str
    basis_no: str
    basis_on: date | None
    subject: str
    subject_id: UUID | None
    at: datetime
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    village_code: str
    state: LinkState
    households: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """A household with where its current link stands, for lists."""

    link_id: UUID
    household_id: UUID
    code: str
    head_name: str
    village_code: str
    rt: str | None
    rw: str | None
    hamlet: str
    address: str
    state: LinkState
    source: str


# ---------------------------------------------------------------- looking


def links_of(tx: Tx, household_id: UUID) -> tuple[Link, ...]:
    """Give every link of a household of the office, the newest first."""
    return _links(tx, RegistryLink.household_id == household_id)


def current_links(tx: Tx, household_ids: Iterable[UUID]) -> Mapping[UUID, Link]:
    """Give of each household the link that counts now, the newest where several sources list it."""
    found: dict[UUID, Link] = {}
    wanted = list(dict.fromkeys(household_ids))
    for piece in chunked(wanted):
        for one in _links(tx, RegistryLink.household_id.in_(piece), RegistryLink.until_snapshot_id.is_(None)):
            found.setdefault(one.household_id, one)
    return found


def _links(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[Link, ...]:
    query = (
        sa.select(
            RegistryLink.id, RegistryLink.household_id, RegistryLink.state, RegistryLink.recorded_at,
            RegistryLink.until_snapshot_id, Snapshot.source, Snapshot.as_of_on, Snapshot.agreement_no,
        )
        .join(Snapshot, Snapshot.id == RegistryLink.snapshot_id)
        .where(
            sa.func.coalesce(RegistryLink.regency_code, "") == tx.regency_code, Snapshot.state.in_(SEEN), *where
        )
        .order_by(Snapshot.as_of_on.desc(), Snapshot.recorded_at.desc(), RegistryLink.id)
    )  # fmt: skip
    files = tx.session.execute(
        sa.select(Snapshot.id, Snapshot.source, Snapshot.as_of_on, Snapshot.agreement_no, Snapshot.state).where(
            Snapshot.regency_code == tx.regency_code, Snapshot.state.in_(SEEN)
        )
    ).all()
    day_of = {one.id: one.as_of_on for one in files}
    current = {one.source: one for one in files if one.state is SnapshotState.CURRENT}
    return tuple(
        Link(
            id=row.id, household_id=row.household_id, state=row.state, source=row.source, since_on=row.as_of_on,
            until_on=None if row.until_snapshot_id is None else day_of[row.until_snapshot_id],
            as_of_on=last.as_of_on, agreement_no=last.agreement_no, is_current=row.until_snapshot_id is None,
            recorded_at=row.recorded_at,
        )
        for row in tx.session.execute(query)
        for last in [row if row.until_snapshot_id is not None else current.get(row.source, row)]
    )  # fmt: skip


def steps_of(tx: Tx, household_id: UUID) -> tuple[Step, ...]:
    """Give the steps of all links of a household, the newest first."""
    query = (
        sa.select(LinkEvent.__table__)
        .where(LinkEvent.household_id == household_id, LinkEvent.regency_code == tx.regency_code)
        .order_by(LinkEvent.at.desc(), LinkEvent.id.desc())
    )
    return tuple(
        Step(**{name: getattr(row, name) for name in Step.__dataclass_fields__}) for row in tx.session.execute(query)
    )


def state_counts(tx: Tx, states: Sequence[LinkState] | None = None) -> tuple[StateCount, ...]:
    """Count the households of current snapshots by village and state; merged and erased ones are listed nowhere.

    ``states`` None counts all, which reads every link of the office; named ones are counted from the index of states.
    """
    query = (
        _standing(tx)
        .add_columns(Household.village_code, RegistryLink.state, sa.func.count().label("households"))
        .group_by(Household.village_code, RegistryLink.state)
        .order_by(Household.village_code, RegistryLink.state)
    )
    if states is not None:
        query = query.where(RegistryLink.state.in_(states))
    return tuple(
        StateCount(village_code=row.village_code, state=row.state, households=row.households)
        for row in tx.session.execute(query)
    )


def village_state_counts(tx: Tx, village_code: str) -> tuple[StateCount, ...]:
    """Count the households of one village as ``state_counts`` does, from its own households."""
    # One text for each household: a database that may join picks a million links first (``_of_its_own``).
    states = sa.func.aggregate_strings(sa.type_coerce(RegistryLink.state, sa.Text), ",")
    told = _of_its_own(tx, states).label("told")
    query = sa.select(told, sa.func.count().label("households")).where(*_listed_in(tx, village_code)).group_by("told")
    found: dict[str, int] = {}
    for row in tx.session.execute(query):
        for state in row.told.split(",") if row.told else ():
            found[state] = found.get(state, 0) + row.households
    return tuple(
        StateCount(village_code=village_code, state=LinkState(state), households=count)
        for state, count in sorted(found.items())
    )


def linked_households(tx: Tx) -> int:
    """Tell how many households the current snapshots list, as they themselves say: nothing is counted."""
    query = sa.select(sa.func.sum(Snapshot.households)).where(
        Snapshot.regency_code == tx.regency_code, Snapshot.state == SnapshotState.CURRENT
    )
    return int(tx.session.scalar(query) or 0)


def last_step(tx: Tx) -> tuple[UUID, datetime] | None:
    """Give the newest step of the office's links: its id, and when its transaction began."""
    # Ids stand in the order of time: the first that is read is nearly always the office's.
    query = sa.select(LinkEvent.id, LinkEvent.at).where(sa.func.coalesce(LinkEvent.regency_code, "") == tx.regency_code)
    row = tx.session.execute(query.order_by(LinkEvent.id.desc()).limit(1)).one_or_none()
    return (row.id, row.at) if row is not None else None


def link_lines(
    tx: Tx, *, states: Sequence[LinkState], village_codes: Sequence[str], limit: int, after: UUID | None = None
) -> tuple[LinkLine, ...]:
    """List households whose current link is in one of these states, in the order of a walk; the caller logs the look.

    ``after``: those that come after this household. Few are sorted at once; of many, village by village is read until
    there are enough, so that a page costs the same wherever it stands.
    """
    start = _place_of(tx, after) if after is not None else None
    if start is not None and start.village_code not in village_codes:
        start = None
    codes = [code for code in sorted(set(village_codes)) if start is None or code >= start.village_code]
    if len(codes) > 1 and _are_few(tx, states):
        return _few_lines(tx, states, codes, limit, start)
    found: list[LinkLine] = []
    for code in codes:
        if len(found) >= limit:
            break
        found += _village_lines(tx, states, code, limit - len(found), start)
    return tuple(found)


def counts_now(tx: Tx) -> tuple[sa.ColumnElement[bool], ...]:
    """Tell of a link, joined with the snapshot that brought it, whether the office's current files list it."""
    return (
        Snapshot.regency_code == tx.regency_code, Snapshot.state.in_(SEEN), RegistryLink.until_snapshot_id.is_(None)
    )  # fmt: skip


def _standing(tx: Tx, village_codes: Sequence[str] | None = None) -> sa.Select[Any]:
    """Begin a statement over the current links of listed households; the caller names the columns.

    From the links of the snapshots to their households: left to itself, SQLite takes the other way round, and reads a
    million rows for a hundred.
    """
    query = (
        sa.select()
        .select_from(Household)
        .join(RegistryLink, RegistryLink.household_id == Household.id)
        .join(Snapshot, Snapshot.id == RegistryLink.snapshot_id)
        .where(
            *counts_now(tx), sa.func.coalesce(Household.regency_code, "") == tx.regency_code,
            Household.merged_into_id.is_(None), Household.erased_at.is_(None),
        )
    )  # fmt: skip
    if village_codes is None:
        return query
    return query.where(sa.func.coalesce(Household.village_code, "").in_(village_codes))


def _listed_in(tx: Tx, village_code: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Household.regency_code == tx.regency_code, Household.village_code == village_code,
        Household.merged_into_id.is_(None), Household.erased_at.is_(None),
    )  # fmt: skip


def _of_its_own(tx: Tx, column: Any, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    """Ask one thing of the current links of each household of a statement.

    No database turns this into a join: PostgreSQL believes that few of a million links are a village's, and reads them
    all to find a household for each.
    """
    query = (
        sa.select(column)
        .select_from(RegistryLink)
        .join(Snapshot, Snapshot.id == RegistryLink.snapshot_id)
        .where(
            RegistryLink.household_id == Household.id, *counts_now(tx), *where
        )
    )  # fmt: skip
    return query.correlate(Household).scalar_subquery()


def _are_few(tx: Tx, states: Sequence[LinkState]) -> bool:
    some = (
        sa.select(RegistryLink.id)
        .join(Snapshot, Snapshot.id == RegistryLink.snapshot_id)
        .where(*counts_now(tx), RegistryLink.state.in_(states))
        .limit(_FEW + 1)
        .subquery()
    )
    return (tx.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0) <= _FEW


_WALK: Final = (
    Household.village_code, sa.func.coalesce(Household.rw, ""), sa.func.coalesce(Household.rt, ""),
    sa.func.lower(Household.head_name), Household.row_no,
)  # fmt: skip


def _place_of(tx: Tx, household_id: UUID) -> Any:
    """Give where in a walk a household stands; None for one that is not the office's."""
    names = ("village_code", "rw", "rt", "head_name", "row_no")
    places: list[Any] = [one.label(name) for one, name in zip(_WALK, names, strict=True)]
    query: sa.Select[Any] = sa.select(*places).where(
        Household.id == household_id, sa.func.coalesce(Household.regency_code, "") == tx.regency_code
    )
    return tx.session.execute(query).one_or_none()


_LINE: Final = (
    Household.code, Household.head_name, Household.village_code, Household.rt, Household.rw, Household.hamlet,
    Household.address,
)  # fmt: skip


def _few_lines(
    tx: Tx, states: Sequence[LinkState], codes: Sequence[str], limit: int, start: Any
) -> tuple[LinkLine, ...]:  # fmt: skip
    query = (
        _standing(tx, codes)
        .add_columns(RegistryLink.id, RegistryLink.household_id, RegistryLink.state, Snapshot.source, *_LINE)
        .where(RegistryLink.state.in_(states))
        .order_by(*_WALK)
        .limit(limit)
    )
    if start is not None:
        query = query.where(sa.tuple_(*_WALK) > sa.tuple_(*(sa.literal(one) for one in start)))
    return tuple(_link_line(row, row) for row in tx.session.execute(query))


def _village_lines(
    tx: Tx, states: Sequence[LinkState], village_code: str, limit: int, start: Any
) -> Sequence[LinkLine]:  # fmt: skip
    """List from the households of one village, then read the links of those that are shown."""
    is_in_state = RegistryLink.state.in_(states)
    homes = (
        sa.select(Household.id, *_LINE)
        .where(*_listed_in(tx, village_code), _of_its_own(tx, sa.func.count(), is_in_state) > 0)
        .order_by(*_WALK[1:])
        .limit(limit)
    )
    if start is not None and village_code == start.village_code:
        # Within one village its code says nothing more, and would be taken for a range of villages.
        homes = homes.where(sa.tuple_(*_WALK[1:]) > sa.tuple_(*(sa.literal(one) for one in start[1:])))
    rows = tx.session.execute(homes).all()
    links: dict[UUID, list[Any]] = {}
    for some in chunked(rows):
        query = (
            sa.select(RegistryLink.id, RegistryLink.household_id, RegistryLink.state, Snapshot.source)
            # Asked like this, SQLite cannot begin with the snapshot and its million links.
            .join(Snapshot, Snapshot.id == sa.func.coalesce(RegistryLink.snapshot_id, RegistryLink.snapshot_id))
            .where(
                RegistryLink.household_id.in_([row.id for row in some]), is_in_state,
                *counts_now(tx),
            )
        )  # fmt: skip
        for link in tx.session.execute(query.order_by(RegistryLink.id)):
            links.setdefault(link.household_id, []).append(link)
    return [_link_line(link, row) for row in rows for link in links[row.id]][:limit]


def _link_line(link: Any, home: Any) -> LinkLine:
    return LinkLine(
        link_id=link.id, household_id=link.household_id, code=home.code, head_name=home.head_name,
        village_code=home.village_code, rt=home.rt, rw=home.rw, hamlet=home.hamlet, address=home.address,
        state=link.state, source=link.source,
    )  # fmt: skip


# ---------------------------------------------------------------- moving


def move_link(tx: Tx, link_id: UUID, act: LinkAct, basis: Basis) -> LinkState:
    """Move one link by one act and give its new state.

    Raises: NotFound; Conflict "link.cannot" when there is no such step from where it stands; Conflict
    "link.moved_meanwhile" when another was faster.
    """
    state = tx.session.scalar(sa.select(_LINK.c.state).where(_LINK.c.id == link_id, _of_office(tx)))
    if state is None:
        raise NotFound("link.not_found")
    if (state, act) not in LINK_MOVES:
        raise Conflict("link.cannot", act=act.value, state=state.value)
    if not move_links(tx, [link_id], act, basis):
        raise Conflict("link.moved_meanwhile")
    return LINK_MOVES[state, act]


def move_links(tx: Tx, link_ids: Sequence[UUID], act: LinkAct, basis: Basis) -> int:
    """Move every one of these links that can do this act, and tell how many; the others stay where they are."""
    moved = 0
    for piece in chunked(link_ids):
        rows = tx.session.execute(
            sa.select(_LINK.c.id, _LINK.c.household_id, _LINK.c.state)
            .where(_LINK.c.id.in_(piece), _of_office(tx))
            .order_by(_LINK.c.id)
            .with_for_update()
        ).all()
        by_state: dict[LinkState, list[Any]] = {}
        for row in rows:
            if (row.state, act) in LINK_MOVES:
                by_state.setdefault(row.state, []).append(row)
        for before, ready in by_state.items():
            after = LINK_MOVES[before, act]
            done = tx.session.execute(
                sa.update(_LINK)
                .where(_LINK.c.id.in_([row.id for row in ready]), _LINK.c.state == before)
                .values(state=after)
            )
            if done.rowcount != len(ready):  # type: ignore[attr-defined]
                raise Conflict("link.moved_meanwhile")
            _write_steps(tx, ready, act, before, after, basis)
            moved += len(ready)
    if moved:
        tx.note(
            f"link.{act.value}", basis.subject or "registry_link", basis.subject_id or link_ids[0],
            reason=basis.reason, links=moved, basis_no=basis.number,
        )  # fmt: skip
    return moved


def _write_steps(
    tx: Tx, rows: Sequence[Any], act: LinkAct, before: LinkState, after: LinkState, basis: Basis
) -> None:  # fmt: skip
    tx.session.execute(
        sa.insert(LinkEvent),
        [
            {
                "id": event_id, "regency_code": tx.regency_code, "link_id": row.id, "household_id": row.household_id,
                "act": act.value, "before": before.value, "after": after.value, "reason": basis.reason,
                "basis_no": basis.number, "basis_on": basis.on, "subject": basis.subject,
                "subject_id": basis.subject_id, "at": tx.now, "by": tx.actor.id, "by_name": tx.actor.name,
            }
            for event_id, row in zip(tx.new_ids(len(rows)), rows, strict=True)
        ],
    )  # fmt: skip


def settle_suspects(tx: Tx, household_ids: Sequence[UUID], act: LinkAct, basis: Basis) -> int:
    """Move the current links of households that two people found to be one or not one; tells how many moved."""
    found = current_links(tx, household_ids)
    return move_links(tx, [one.id for one in found.values()], act, basis)


# ---------------------------------------------------------------- after a snapshot


_FURTHER: Final = [one for one in LinkState if one not in (LinkState.IMPORTED, LinkState.DUPLICATE_SUSPECTED,
                                                           LinkState.MERGED)]  # fmt: skip


def listed_by(tx: Tx, source: str) -> sa.ColumnElement[bool]:
    """Tell of a link whether its source lists the household now."""
    seen = sa.select(Snapshot.id).where(
        Snapshot.regency_code == tx.regency_code, Snapshot.source == source, Snapshot.state.in_(SEEN)
    )
    return sa.and_(RegistryLink.snapshot_id.in_(seen), RegistryLink.until_snapshot_id.is_(None))


def end_gone(tx: Tx, snapshot: Any) -> None:
    """End the links of those whom a snapshot that becomes current does not list any more."""
    gone = sa.select(SnapshotDifference.household_id).where(
        SnapshotDifference.snapshot_id == snapshot.id, SnapshotDifference.kind == DifferenceKind.GONE
    )
    _end(tx, snapshot.id, RegistryLink.household_id.in_(gone), listed_by(tx, snapshot.source))


def end_erased(tx: Tx, household_ids: Sequence[UUID]) -> None:
    """End the links of households that are erased, as of the snapshots that are current now."""
    for some in chunked(household_ids):
        mine = RegistryLink.household_id.in_(some)
        sources = tx.session.execute(
            sa.select(Snapshot.source, Snapshot.id).where(
                Snapshot.regency_code == tx.regency_code, Snapshot.state == SnapshotState.CURRENT
            )
        ).all()
        for source, current_id in sources:
            _end(tx, current_id, mine, listed_by(tx, source))


def _end(tx: Tx, snapshot_id: UUID, *where: sa.ColumnElement[bool]) -> None:
    tx.session.execute(
        sa.update(RegistryLink)
        .where(*where)
        .values(until_snapshot_id=snapshot_id)
        .execution_options(synchronize_session=False)
    )


def suspect_changed(tx: Tx, snapshot: Any) -> None:
    """Say of the links of households that a snapshot changes whether they may be doubles, as it was just found out.

    Who had come further than the import stays there: a suspicion alone takes nobody off the register. Where not all
    people are staged nobody looked for all their numbers: what was suspected before stays as long as both have a number
    in common.
    """
    staged, other = StagedHousehold, sa.orm.aliased(Household)
    stands = sa.exists().where(other.id == staged.suspect_id, other.erased_at.is_(None)).correlate(staged)
    link, own, others = RegistryLink, sa.orm.aliased(Member), sa.orm.aliased(Member)
    shares_nik = sa.exists().where(
        own.household_id == link.household_id, others.household_id == link.suspect_household_id,
        own.nik_bidx == others.nik_bidx, own.is_present, others.is_present,
    ).correlate(link)  # fmt: skip
    # Below a suspicion for a NIK is left alone already.
    is_over = sa.or_(staged.lists_all, ~sa.or_(*_shared_cards()))
    # Few are suspected, or were: found first, or PostgreSQL joins all links with all that changes.
    is_found = sa.and_(staged.bound_id == link.household_id, staged.snapshot_id == snapshot.id)
    few = sa.union(
        sa.select(link.id).join(staged, is_found).where(staged.suspect_id.is_not(None)),
        sa.select(link.id).where(link.suspect_household_id.is_not(None), link.until_snapshot_id.is_(None)),
    )
    rows = tx.session.execute(
        sa.select(link.id, link.state, sa.case((stands, staged.suspect_id)).label("other_id"))
        .join(staged, is_found)
        .where(
            link.id.in_(few), listed_by(tx, snapshot.source), link.snapshot_id != snapshot.id,
            sa.or_(staged.lists_all, ~shares_nik),
            sa.or_(staged.suspect_id.is_not(None), sa.and_(
                staged.outcome == Outcome.CHANGED, link.suspect_household_id.is_not(None), is_over
            )),
        )
    ).all()  # fmt: skip
    fresh = {True: LinkState.DUPLICATE_SUSPECTED, False: LinkState.IMPORTED}
    for row in rows:
        is_open = row.state in fresh.values()
        tx.session.execute(
            sa.update(link)
            .where(link.id == row.id)
            .values(
                suspect_household_id=row.other_id,
                state=fresh[row.other_id is not None] if is_open else row.state,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def _shared_cards() -> Iterable[sa.ColumnElement[bool]]:
    """Ask whether a household has a No. KK, its own or a further one, that the suspected one has."""
    cards = ((cast(sa.Table, Household.__table__), "id"), (cast(sa.Table, HouseholdCard.__table__), "household_id"))
    for (one, whose), (other, whose_other) in product(cards, repeat=2):
        mine, theirs = one.alias(), other.alias()
        yield sa.exists().where(
            mine.c[whose] == _LINK.c.household_id, theirs.c[whose_other] == _LINK.c.suspect_household_id,
            mine.c.kk_bidx == theirs.c.kk_bidx,
        ).correlate(_LINK)  # fmt: skip


def ask_again(tx: Tx, snapshot_id: UUID) -> None:
    """Where a number has changed, the civil registry is to be asked again."""
    numbers = (DifferenceKind.NIK, DifferenceKind.KK)
    changed = tx.session.scalars(
        sa.select(_LINK.c.id)
        .distinct()
        .join(SnapshotDifference, SnapshotDifference.household_id == _LINK.c.household_id)
        .where(
            SnapshotDifference.snapshot_id == snapshot_id, SnapshotDifference.kind.in_(numbers),
            _LINK.c.until_snapshot_id.is_(None), _LINK.c.snapshot_id != snapshot_id, _LINK.c.state.in_(_FURTHER),
        )
    ).all()  # fmt: skip
    basis = Basis(reason="number_changed", subject="snapshot", subject_id=snapshot_id)
    move_links(tx, changed, LinkAct.CHECK, basis)


def _of_office(tx: Tx) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(_LINK.c.regency_code, "") == tx.regency_code
