"""A compared snapshot taken over: written in many short transactions that nobody sees, then made current in one.

What is new is filled in beforehand under numbers kept for it, with its links, words and differences; the last step
writes over what stands already and turns the snapshot current, so that from outside there is nothing of it, or all.
A process that dies goes on at the step after the last one that was kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from registry_link.households.filling import (
    PieceMovedError,
    Ready,
    homes_ready,
    met_households,
    parts_to_write,
    people_ready,
    put_ready,
)
from registry_link.households.filling_halves import forget_halves
from registry_link.households.filling_numbers import NUMBERS_AT_ONCE, new_in, numbers_ready, put_numbers
from registry_link.households.models import (
    Household,
    Member,
    RegistryLink,
    StagedHousehold,
    TakingOver,
)
from registry_link.households.numbering import lock_counter, set_counter
from registry_link.households.pieces import piece_counts
from registry_link.households.rows import Weighed
from registry_link.households.snapshots import refuse_unfit, staged_snapshot
from registry_link.households.states import LinkState, TakingStage
from registry_link.households.turning import turn_current
from registry_link.households.weighed import weighed_piece
from registry_link.households.words import FoldedWords, put_folded, words_ready

SUSPECTS_AT_ONCE: Final = 2000
WORDS_AT_ONCE: Final = 1 << 15
HEADS_AT_ONCE: Final = 20_000
STALE: Final = 3600.0
"""Seconds after which what was filled in is begun anew: readers look for what changed only so far back."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a snapshot that is written in one transaction."""

    kind: str
    first: int = 0
    """The piece, or the first number."""
    last: int = 0
    """The part of the piece, or the last number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What a job keeps from one step to the next; made anew from what is kept where it is lost."""

    snapshot: Any
    taking: Any
    steps: tuple[Step, ...]
    met: Mapping[str, str]
    suspects: Sequence[tuple[str, UUID]]
    tells: bool
    """New households are told of one by one; the first snapshot of a source brings only such."""

    @property
    def begun(self) -> tuple[int, Any]:
        """Tell this taking over from one of the same snapshot that was given up."""
        return self.taking.no, self.taking.began_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyStep:
    """A step made ready, here or in another process: all that is left is to write it."""

    no: int
    step: Step | None = None
    """None after the last, which makes the snapshot current."""
    rows: Ready | None = None
    words: FoldedWords | None = None
    numbers: pl.DataFrame | None = None
    is_moved: bool = False
    """What was compared is not so any more."""


def taking_of(tx: Tx, snapshot_id: UUID) -> Any:
    """Give how far the taking over of a snapshot is; None where it has not begun."""
    return tx.session.execute(
        sa.select(TakingOver.__table__).where(TakingOver.snapshot_id == snapshot_id)
    ).one_or_none()  # fmt: skip


def begin_taking(tx: Tx, snapshot_id: UUID, counts: Weighed, compared_at: Any) -> None:
    """Keep numbers for a snapshot's new households. Raises: NotFound; Conflict, also while another is on its way."""
    last_no = lock_counter(tx)
    before = refuse_unfit(tx, snapshot_id, counts)
    others = sa.select(TakingOver.no).where(
        TakingOver.regency_code == tx.regency_code, TakingOver.stage != TakingStage.SEEN
    )
    if tx.session.scalar(others.limit(1)) is not None:
        # One at a time: two of one source would bring the same households.
        raise Conflict("import_run.moved_meanwhile")
    # One number at least, so that no two ever share the first.
    new = max(counts.new, 1)
    set_counter(tx, last_no + new)
    tx.session.execute(sa.insert(TakingOver).values(
        snapshot_id=snapshot_id, regency_code=tx.regency_code, no=last_no + 1, last_no=last_no + new,
        stage=TakingStage.FILLING, step=0, before_id=before.id if before is not None else None,
        compared_at=compared_at, began_at=tx.now,
    ))  # fmt: skip


def filling_of(tx: Tx, snapshot_id: UUID) -> Filling:
    """Find out what is to be done for a snapshot whose taking over has begun."""
    snapshot, taking = staged_snapshot(tx, snapshot_id), taking_of(tx, snapshot_id)
    suspects = tx.session.execute(
        sa.select(StagedHousehold.external_id, StagedHousehold.suspect_id)
        .where(StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.suspect_id.is_not(None))
        .order_by(StagedHousehold.external_id)
    ).all()  # fmt: skip
    tells = taking.before_id is not None
    steps: list[Step] = []
    most = 0
    for no, _, _ in piece_counts(tx, snapshot_id):
        of_homes, of_people = weighed_piece(tx, snapshot_id, no)
        # The households of a piece before its members: these may be of any of them.
        steps += [Step("homes", no, part) for part in parts_to_write(of_homes)]
        steps += [Step("people", no)] if new_in(of_people) else []
        most += new_in(of_homes) + new_in(of_people)
    steps += [Step("numbers", at) for at in range(0, most, NUMBERS_AT_ONCE)]
    steps += [Step("suspects", at) for at in range(0, len(suspects), SUSPECTS_AT_ONCE)]
    steps += [Step("heads", at, min(at + HEADS_AT_ONCE - 1, taking.last_no))
              for at in range(taking.no, taking.last_no + 1, HEADS_AT_ONCE)]  # fmt: skip
    steps += _ranges(taking.no, taking.last_no)
    return Filling(
        snapshot=snapshot, taking=taking, steps=tuple(steps), met=met_households(tx, snapshot_id),
        suspects=[(row[0], row[1]) for row in suspects if row[1]], tells=tells,
    )  # fmt: skip


def _ranges(first: int, last: int) -> list[Step]:
    steps = []
    while first <= last:
        # Within one block of the postings.
        end = min(last, first // WORDS_AT_ONCE * WORDS_AT_ONCE + WORDS_AT_ONCE - 1)
        steps.append(Step("words", first, end))
        first = end + 1
    return steps


# ---------------------------------------------------------------- a step


def may_run_ahead(filling: Filling, no: int, kept: int) -> bool:
    """Tell whether a step may be made ready while ``kept`` and those between are still to be written.

    Words are those of households and members as they stand.
    """
    steps = filling.steps
    return no < len(steps) and (steps[no].kind != "words" or steps[kept].kind == "words")


def ready_step(tx: Tx, filling: Filling, no: int) -> ReadyStep:
    """Make a step ready; writes nothing, so that nobody waits meanwhile."""
    ready = ReadyStep(no=no, step=filling.steps[no] if no < len(filling.steps) else None)
    if (tx.now - filling.taking.began_at).total_seconds() > STALE:
        return replace(ready, is_moved=True)
    if no >= len(filling.steps):
        forget_halves()
        return ready
    step, snapshot, taking = filling.steps[no], filling.snapshot, filling.taking
    try:
        if step.kind == "homes":
            rows = homes_ready(tx, snapshot, taking, step.first, step.last, filling.met, tells=filling.tells)
            return replace(ready, rows=rows)
        if step.kind == "people":
            return replace(ready, rows=people_ready(tx, snapshot, taking, step.first, filling.met))
        if step.kind == "numbers":
            return replace(ready, numbers=numbers_ready(tx, snapshot, taking, step.first, filling.met))
    except PieceMovedError:
        return replace(ready, is_moved=True)
    if step.kind == "words":
        return replace(ready, words=words_ready(tx, step.first, step.last))
    return ready


def keep_step(tx: Tx, filling: Filling, ready: ReadyStep, counts: Weighed) -> TakingStage:
    """Write a step and keep that it is done; gives how far the taking over is after it.

    Raises: Conflict "import_run.moved_meanwhile" (another process did this step), "snapshot.older", "snapshot.empty".
    """
    snapshot_id, taking = filling.snapshot.id, filling.taking
    if ready.no >= len(filling.steps) and not ready.is_moved:
        # The counter first, as whoever registers a household does.
        lock_counter(tx)
    done = tx.session.execute(
        sa.update(TakingOver)
        .where(
            TakingOver.snapshot_id == snapshot_id, TakingOver.stage == TakingStage.FILLING,
            TakingOver.step == ready.no,
        )
        .values(step=ready.no + 1)
    )  # fmt: skip
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("import_run.moved_meanwhile")
    if ready.is_moved:
        return leave(tx, snapshot_id)
    if ready.no >= len(filling.steps):
        if not turn_current(tx, snapshot_id, taking, counts):
            return leave(tx, snapshot_id)
        _set_stage(tx, snapshot_id, TakingStage.SEEN)
        return TakingStage.SEEN
    _put(tx, filling, ready)
    return TakingStage.FILLING


def _put(tx: Tx, filling: Filling, ready: ReadyStep) -> None:
    snapshot_id, step = filling.snapshot.id, filling.steps[ready.no]
    if ready.rows is not None:
        put_ready(tx, ready.rows)
    elif ready.numbers is not None:
        put_numbers(tx, ready.numbers)
    elif ready.words is not None:
        put_folded(tx, ready.words)
    elif step.kind == "suspects":
        _suspect(tx, snapshot_id, filling.suspects[step.first : step.first + SUSPECTS_AT_ONCE])
    elif step.kind == "heads":
        _name_heads(tx, filling.taking, step.first, step.last)


def leave(tx: Tx, snapshot_id: UUID) -> TakingStage:
    """Give up what was filled in; it is taken away by ``clear_step``."""
    _set_stage(tx, snapshot_id, TakingStage.LEAVING)
    return TakingStage.LEAVING


def _set_stage(tx: Tx, snapshot_id: UUID, stage: TakingStage) -> None:
    tx.session.execute(
        sa.update(TakingOver).where(TakingOver.snapshot_id == snapshot_id).values(stage=stage, step=0)
    )  # fmt: skip


def _suspect(tx: Tx, snapshot_id: UUID, found: Sequence[tuple[str, UUID]]) -> None:
    table = cast(sa.Table, RegistryLink.__table__)
    state = sa.case(
        (table.c.state == LinkState.IMPORTED, LinkState.DUPLICATE_SUSPECTED.value), else_=table.c.state
    )  # fmt: skip
    tx.session.connection().execute(
        sa.update(table)
        .where(table.c.snapshot_id == snapshot_id, table.c.external_id == sa.bindparam("at_id"))
        .values(suspect_household_id=sa.bindparam("at_other"), state=state),
        [{"at_id": key, "at_other": other} for key, other in found],
    )


def _name_heads(tx: Tx, taking: Any, first: int, last: int) -> None:
    """Fill in the head's name of new households whose head stands in another piece."""
    members = sa.select(Member.name).where(Member.household_id == Household.id)
    name = members.order_by(Member.position, Member.id).limit(1).scalar_subquery()
    tx.session.execute(
        sa.update(Household)
        .where(Household.row_no.between(first, last), Household.taking_no == taking.no, Household.head_name == "")
        .values(head_name=sa.func.coalesce(name, ""))
        .execution_options(synchronize_session=False)
    )
