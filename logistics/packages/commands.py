"""Rounds are opened, packages made and moved from state to state."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.crypto import new_ref
from core.errors import Conflict, Fact, Invalid, NotFound
from core.ids import code_with_check, derived
from core.measures import Milli, Period, week_from
from core.states import move
from core.work import Tx
from logistics.packages.models import (
    REST,
    REST_VOID,
    Package,
    PackageLack,
    PackageLine,
    PackageSeries,
    Round,
)
from logistics.packages.rules import Composition, ItemNeed, Need
from logistics.packages.standards import standard_state
from logistics.packages.states import (
    PACKAGE_MOVES,
    ROUND_MOVES,
    PackageAct,
    PackageState,
    RoundAct,
    RoundState,
    StandardState,
)
from logistics.packages.taking_up import forget_before, put_back, take_up
from registry_link.households.bulk import put_rows
from registry_link.households.holding import hold_together
from stock.items.queries import unstocked_ids

HOUSEHOLD: Final = "household"
_PACKAGE_COLUMNS: Final = (
    "id", "regency_code", "round_id", "plan_id", "beneficiary_kind", "beneficiary_id", "household_id", "standard_id",
    "no", "supplements_id", "code", "public_ref", "state", "post_id", "serve_on", "hours", "village_code", "rank",
    "reason_code", "reason_facts", "persons", "adults", "children", "infants", "elderly", "women", "pregnant",
    "nursing", "disabled", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """One week of an incident's distribution; ``window`` is the decree's, both days included."""

    incident_id: UUID
    first_on: date
    window: Period
    standard_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTermRound:
    """The distribution of one term of a programme, on these days."""

    term_id: UUID
    days: Period
    standard_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One sentence as data: its code and plain facts (no person's name or number)."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LackDraft:
    """A line that was not there at the beneficiary's turn."""

    item: ItemNeed
    left_milli: int
    ahead_milli: int
    last_rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDraft:
    """One beneficiary's package as a plan made it; without a post and day it waits."""

    household_id: UUID
    beneficiary_id: UUID
    composition: Composition
    village_code: str
    need: Need
    rank: int
    reason: Reason
    post_id: UUID | None
    serve_on: date | None
    hours: str = ""
    lines: tuple[ItemNeed, ...] | None = None
    """What goes out; None: the whole need."""
    lacks: tuple[LackDraft, ...] = ()
    beneficiary_kind: str = HOUSEHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLine:
    """What of one item was due and was not handed over."""

    item_id: UUID
    quantity_milli: Milli
    is_once: bool


# ---------------------------------------------------------------- rounds


def open_round(tx: Tx, order: OpenRound) -> UUID:
    """Open a week of an incident and give its id; it ends earlier where the decree does.

    Raises: Forbidden; Invalid when the first day lies outside the decree; Conflict when it overlaps another week or the
    standard is not in force; NotFound.
    """
    tx.require("round.plan")
    if order.first_on not in order.window:
        raise Invalid(
            "round.outside_window", field="first_on", first_on=order.first_on.isoformat(),
            window_first_on=order.window.first_on.isoformat(), window_last_on=order.window.last_on.isoformat(),
        )  # fmt: skip
    state = standard_state(tx, order.standard_id)
    if state is not StandardState.APPROVED:
        raise Conflict("standard.not_in_force", state=state.value)
    week = week_from(order.first_on, order.window.last_on)
    others = tx.session.scalars(
        sa.select(Round).where(Round.incident_id == order.incident_id).order_by(Round.first_on)
    ).all()
    alive = [other for other in others if other.state is not RoundState.CANCELLED]
    for other in alive:
        if other.first_on <= week.last_on and week.first_on <= other.last_on:
            raise Conflict("round.overlaps", no=other.no, first_on=other.first_on.isoformat(),
                           last_on=other.last_on.isoformat())  # fmt: skip
    first_day = (week.first_on - alive[0].first_on).days + 1 if alive else 1
    if first_day < 1:
        raise Conflict("round.before_first", first_on=alive[0].first_on.isoformat())
    round_id = tx.new_id()
    no = max((other.no for other in others), default=0) + 1
    tx.session.add(
        Round(
            id=round_id, regency_code=tx.regency_code, incident_id=order.incident_id, term_id=None, no=no,
            first_on=week.first_on,
            last_on=week.last_on, first_day=first_day, standard_id=order.standard_id, state=RoundState.DRAFT,
            created_by=tx.actor.id, created_at=tx.now, approved_by=None, approved_by_name=None, approved_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note(
        "round.open", "round", round_id, incident_id=str(order.incident_id), no=no,
        first_on=week.first_on.isoformat(), last_on=week.last_on.isoformat(),
    )  # fmt: skip
    return round_id


def open_term_round(tx: Tx, order: OpenTermRound) -> UUID:
    """Open the distribution of a term and give its id.

    Raises: Forbidden; Conflict when the term has one already or its standard is not in force; NotFound.
    """
    tx.require("round.plan")
    state = standard_state(tx, order.standard_id)
    if state is StandardState.DRAFT:
        raise Conflict("standard.not_in_force", state=state.value)
    others = tx.session.scalars(sa.select(Round).where(Round.term_id == order.term_id)).all()
    if any(other.state is not RoundState.CANCELLED for other in others):
        raise Conflict("round.term_has_one")
    round_id = tx.new_id()
    no = max((other.no for other in others), default=0) + 1
    tx.session.add(
        Round(
            id=round_id, regency_code=tx.regency_code, incident_id=None, term_id=order.term_id, no=no,
            first_on=order.days.first_on, last_on=order.days.last_on, first_day=1, standard_id=order.standard_id,
            state=RoundState.DRAFT, created_by=tx.actor.id, created_at=tx.now, approved_by=None,
            approved_by_name=None, approved_at=None,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note(
        "round.open", "round", round_id, term_id=str(order.term_id), no=no,
        first_on=order.days.first_on.isoformat(), last_on=order.days.last_on.isoformat(),
    )  # fmt: skip
    return round_id


def lock_round(tx: Tx, round_id: UUID) -> RoundState:
    """Keep the round for this transaction, so that two plans or approvals wait for each other. Raises: NotFound."""
    state: RoundState | None = tx.session.scalar(
        sa.select(Round.state).where(Round.id == round_id, Round.regency_code == tx.regency_code).with_for_update()
    )
    if state is None:
        raise NotFound("round.not_found")
    return state


def follow_standard(tx: Tx, round_id: UUID, standard_id: UUID) -> None:
    """Let a round follow another standard, as long as nothing of it is approved.

    Its draft has to be planned anew. Raises: Forbidden; NotFound; Conflict when it is approved or the standard is not.
    """
    tx.require("round.plan")
    if lock_round(tx, round_id) not in (RoundState.DRAFT, RoundState.PLANNED):
        raise Conflict("round.follows_its_standard")
    state = standard_state(tx, standard_id)
    if state is not StandardState.APPROVED:
        raise Conflict("standard.not_in_force", state=state.value)
    tx.session.execute(
        sa.update(Round)
        .where(Round.id == round_id)
        .values(standard_id=standard_id)
        .execution_options(synchronize_session=False)
    )
    tx.session.expire_all()
    tx.note("round.follow_standard", "round", round_id, standard_id=str(standard_id))


def mark_round_planned(tx: Tx, round_id: UUID) -> None:
    """Say that the round has a plan. Raises: NotFound, Conflict."""
    move(tx, Round, round_id, RoundAct.PLAN, ROUND_MOVES)


def mark_round_empty(tx: Tx, round_id: UUID) -> None:
    """Say that the round's first plan was thrown away. Raises: NotFound, Conflict."""
    move(tx, Round, round_id, RoundAct.EMPTY, ROUND_MOVES)


def mark_round_approved(tx: Tx, round_id: UUID) -> None:
    """Say that the field may begin. Raises: NotFound, Conflict."""
    move(
        tx, Round, round_id, RoundAct.APPROVE, ROUND_MOVES,
        approved_by=tx.actor.id, approved_by_name=tx.actor.name, approved_at=tx.now,
    )  # fmt: skip


def mark_round_closed(tx: Tx, round_id: UUID, reason: str) -> None:
    """Say that nothing is handed over any more; the caller has proved that it closes. Raises: NotFound, Conflict."""
    move(tx, Round, round_id, RoundAct.CLOSE, ROUND_MOVES, reason=reason)


def mark_round_cancelled(tx: Tx, round_id: UUID, reason: str) -> int:
    """Cancel the round with all its packages, and say how many they were; the caller gives the stock back.

    Raises: NotFound; Conflict, also when anything of it has left or was handed over.
    """
    gone = sa.select(sa.func.count()).where(
        Package.round_id == round_id, Package.state.in_((PackageState.LOADED, PackageState.HANDED_OVER))
    )
    if tx.session.scalar(gone):
        raise Conflict("round.has_left")
    move(tx, Round, round_id, RoundAct.CANCEL, ROUND_MOVES, reason=reason)
    return _move_all(tx, PackageAct.CANCEL, Package.round_id == round_id)


# ---------------------------------------------------------------- packages


def add_packages(
    tx: Tx, round_id: UUID, plan_id: UUID, standard_id: UUID, drafts: Sequence[PackageDraft]
) -> tuple[UUID, ...]:
    """Make the packages of a plan, numbered in the order given, and give their ids; all are of one beneficiary kind.

    Who waits in an approved plan of the round keeps the package, with all that has happened to it. The ids follow from
    round, beneficiary and standard, so a twin of this call cannot make a second package. Raises: Conflict
    "package.household_erased".
    """
    if not drafts:
        return ()
    refuse_erased(tx, {one.household_id for one in drafts})
    first_on: date = tx.session.execute(sa.select(Round.first_on).where(Round.id == round_id)).scalar_one()
    waited = take_up(tx, round_id, standard_id, drafts[0].beneficiary_kind, {one.beneficiary_id for one in drafts})
    ids = [
        waited.get(one.beneficiary_id)
        or derived("package", round_id, one.beneficiary_kind, one.beneficiary_id, standard_id)
        for one in drafts
    ]
    new = len(drafts) - len(waited)
    numbers = itertools.count(take_numbers(tx, first_on.year, new) - new + 1)
    rows = [
        (
            package_id, tx.regency_code, round_id, plan_id, draft.beneficiary_kind, draft.beneficiary_id,
            draft.household_id, standard_id, 1, None,
            "" if draft.beneficiary_id in waited else code_with_check("PKT", first_on.year % 100, next(numbers)), None,
            PackageState.WAITING if draft.post_id is None or draft.serve_on is None else PackageState.PLANNED,
            draft.post_id, draft.serve_on, draft.hours, draft.village_code, draft.rank, draft.reason.code,
            json.dumps(dict(draft.reason.facts), sort_keys=True, ensure_ascii=False),
            draft.composition.persons, draft.composition.adults, draft.composition.children,
            draft.composition.infants, draft.composition.elderly, draft.composition.women,
            draft.composition.pregnant, draft.composition.nursing, draft.composition.disabled, tx.now,
        )
        for package_id, draft in zip(ids, drafts, strict=True)
    ]  # fmt: skip
    put_rows(tx, Package, _PACKAGE_COLUMNS, [row for row in rows if row[5] not in waited])
    _plan_again(tx, [dict(zip(_PACKAGE_COLUMNS, row, strict=True)) for row in rows if row[5] in waited])
    # Households that look alike share their lines; in the order of the key the database fills its pages one by one.
    in_order = sorted(zip(ids, drafts, strict=True), key=lambda pair: pair[0].int)
    contents: dict[int, list[tuple[UUID, int, int, bool]]] = {}
    for draft in drafts:
        lines = draft.need.items if draft.lines is None else draft.lines
        if id(lines) not in contents:
            contents[id(lines)] = [
                (one.item_id, one.exact_milli, one.quantity_milli, one.is_once)
                for one in sorted(lines, key=lambda one: one.item_id.int)
            ]
    put_rows(
        tx, PackageLine, ("package_id", "item_id", "exact_milli", "quantity_milli", "is_once"),
        [
            (package_id, *line)
            for package_id, draft in in_order
            for line in contents[id(draft.need.items if draft.lines is None else draft.lines)]
        ],
    )  # fmt: skip
    put_rows(
        tx, PackageLack,
        ("package_id", "item_id", "exact_milli", "quantity_milli", "is_once", "left_milli", "ahead_milli", "last_rank"),
        [
            (package_id, lack.item.item_id, lack.item.exact_milli, lack.item.quantity_milli, lack.item.is_once,
             lack.left_milli, lack.ahead_milli, lack.last_rank)
            for package_id, draft in in_order
            for lack in sorted(draft.lacks, key=lambda one: one.item.item_id.int)
        ],
    )  # fmt: skip
    tx.note("package.add", "round", round_id, plan_id=str(plan_id), packages=len(drafts))
    return tuple(ids)


def refuse_erased(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Keep households from being erased until their packages are there. Raises: Conflict where one is erased."""
    if gone := hold_together(tx, household_ids):
        raise Conflict("package.household_erased", households=len(gone))


def _plan_again(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Write what a plan has for packages that waited."""
    if not rows:
        return
    table = cast(sa.Table, Package.__table__)
    kept = {"regency_code", "round_id", "beneficiary_kind", "beneficiary_id", "standard_id", "no", "supplements_id",
            "code", "public_ref", "created_at"}  # fmt: skip
    names = [name for name in _PACKAGE_COLUMNS if name not in kept]
    tx.session.connection().execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("p_id"))
        .values({name: sa.bindparam(f"p_{name}") for name in names if name != "id"}),
        [{f"p_{name}": row[name] for name in names} for row in rows],
    )
    tx.session.expire_all()


def drop_packages(tx: Tx, plan_id: UUID) -> int:
    """Take back the packages of a plan that was never approved, and give how many they were.

    Who waited in an approved plan before waits there again.
    """
    back = put_back(tx, Package.plan_id == plan_id)
    mine = sa.select(Package.id).where(
        Package.plan_id == plan_id, Package.state.in_((PackageState.PLANNED, PackageState.WAITING))
    )
    for table in (PackageLine, PackageLack):
        tx.session.execute(
            sa.delete(table).where(table.package_id.in_(mine)).execution_options(synchronize_session=False)
        )
    done = tx.session.execute(
        sa.delete(Package)
        .where(Package.plan_id == plan_id, Package.state.in_((PackageState.PLANNED, PackageState.WAITING)))
        .execution_options(synchronize_session=False)
    )
    return back + int(done.rowcount)  # type: ignore[attr-defined]


def drop_waiting(tx: Tx, plan_id: UUID, beneficiary_ids: Collection[UUID]) -> int:
    """Take back the packages with which these beneficiaries wait in a draft, so that they can be planned anew."""
    waiting = tx.session.execute(
        sa.select(Package.id, Package.beneficiary_id).where(
            Package.plan_id == plan_id, Package.state == PackageState.WAITING
        )
    )
    wanted = set(beneficiary_ids)
    ids = [package_id for package_id, beneficiary_id in waiting if beneficiary_id in wanted]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        if put_back(tx, Package.id.in_(some)):
            mine = sa.select(Package.id).where(Package.id.in_(some), Package.plan_id == plan_id)
            some = list(tx.session.scalars(mine))
        for statement in (
            sa.delete(PackageLine).where(PackageLine.package_id.in_(some)),
            sa.delete(PackageLack).where(PackageLack.package_id.in_(some)),
            sa.delete(Package).where(Package.id.in_(some), Package.state == PackageState.WAITING),
        ):
            tx.session.execute(statement.execution_options(synchronize_session=False))
    return len(ids)


def reserve_packages(tx: Tx, plan_id: UUID) -> int:
    """Mark a plan's packages as reserved, give each its public reference, and say how many they were.

    The stock itself is reserved by the caller, in the same transaction.
    """
    forget_before(tx, plan_id)
    # Whoever has printed its reference keeps it.
    ref = sa.func.coalesce(Package.public_ref, _public_ref(tx))
    return _move_all(tx, PackageAct.RESERVE, Package.plan_id == plan_id, public_ref=ref)


def _public_ref(tx: Tx) -> sa.ColumnElement[bytes]:
    """Give ten unguessable bytes for each row, made by the database: thousands of single UPDATEs take too long."""
    if tx.session.get_bind().dialect.name == "sqlite":
        return sa.func.randomblob(10)
    # The bytes 1-6 and 11-14 of a random UUID hold nothing but strong randomness: neither version nor variant.
    return sa.literal_column(
        "substring(uuid_send(gen_random_uuid()) from 1 for 6) || substring(uuid_send(gen_random_uuid()) from 11 for 4)",
        sa.LargeBinary(),
    )


def ready_packages(tx: Tx, plan_id: UUID) -> int:
    """Mark as ready what a plan reserved and no lorry has to bring (money alone), and say how many they were."""
    goods = sa.exists().where(
        PackageLine.package_id == Package.id, PackageLine.quantity_milli > 0,
        PackageLine.item_id.not_in(unstocked_ids(tx)),
    )  # fmt: skip
    return _move_all(tx, PackageAct.LOAD, Package.plan_id == plan_id, ~goods)


def load_packages(tx: Tx, round_id: UUID, post_id: UUID, serve_on: date) -> int:
    """Mark the packages of a post and day as on their way, and say how many they were."""
    moved = _move_all(
        tx, PackageAct.LOAD,
        Package.round_id == round_id, Package.post_id == post_id, Package.serve_on == serve_on,
        Package.state == PackageState.RESERVED,
    )  # fmt: skip
    tx.note("package.load", "round", round_id, post_id=str(post_id), serve_on=serve_on.isoformat(), packages=moved)
    return moved


def mark_handed_over(tx: Tx, package_id: UUID) -> None:
    """Say that the package has been handed over. Raises: NotFound, Conflict."""
    move(tx, Package, package_id, PackageAct.HAND_OVER, PACKAGE_MOVES)


def mark_taken_back(tx: Tx, package_id: UUID) -> None:
    """Say that the handover was void: the package stands at its post again. Raises: NotFound, Conflict."""
    move(tx, Package, package_id, PackageAct.TAKE_BACK, PACKAGE_MOVES)


def mark_cancelled(tx: Tx, package_id: UUID, reason: str) -> None:
    """Take the package out of its round; the caller sees to its goods. Raises: NotFound, Conflict."""
    move(tx, Package, package_id, PackageAct.CANCEL, PACKAGE_MOVES, reason=reason)


def void_rest(tx: Tx, package_id: UUID, reason: str) -> None:
    """Take what a void handover of this package left over, and what was to complete it, out of its round.

    The whole is due again. A rest that was cancelled before says so from now on too. Raises: Conflict when a rest was
    handed over.
    """
    is_rest = Package.reason_code.in_((REST, REST_VOID))
    rest = sa.select(Package.id).where(
        Package.supplements_id == package_id, Package.state != PackageState.CANCELLED,
        # What completes the package and was handed over stays: it gave other lines.
        sa.or_(is_rest, Package.state != PackageState.HANDED_OVER),
    )  # fmt: skip
    for rest_id in tx.session.scalars(rest).all():
        move(tx, Package, rest_id, PackageAct.CANCEL, PACKAGE_MOVES, reason=reason)
    tx.session.execute(
        sa.update(Package)
        .where(Package.supplements_id == package_id, Package.state == PackageState.CANCELLED, sa.not_(is_rest))
        .values(reason_code="revision.out.void", reason_facts="{}")
        .execution_options(synchronize_session=False)
    )
    tx.session.execute(
        sa.update(Package)
        .where(Package.supplements_id == package_id, Package.reason_code == REST)
        .values(reason_code=REST_VOID)
        .execution_options(synchronize_session=False)
    )


def cancel_open_packages(tx: Tx, round_id: UUID, reason: str) -> int:
    """Take everything that was not handed over out of a round that ends, and say how many packages that were.

    The caller sees to the goods.
    """
    moved = _move_all(tx, PackageAct.CANCEL, Package.round_id == round_id)
    tx.note("package.cancel_open", "round", round_id, reason=reason, packages=moved)
    return moved


def release_packages(tx: Tx, round_id: UUID) -> int:
    """Say that nothing is reserved any more for a round's packages that have not left, and how many they were."""
    return _move_all(tx, PackageAct.RELEASE, Package.round_id == round_id)


def add_supplement(tx: Tx, package_id: UUID, rest: Sequence[RestLine]) -> UUID:
    """Make the rest of a package that was handed over in part a package of its own, and give its id.

    It is at its post at once, for the rest lies there. Its id follows from the round, the beneficiary, the standard and
    its number, so a twin of this call cannot make a second one. Raises: NotFound, Invalid without anything left over.
    """
    lines = [one for one in rest if one.quantity_milli > 0]
    if not lines:
        raise Invalid("package.no_rest", field="lines")
    first = tx.session.execute(
        sa.select(*Package.__table__.columns).where(Package.id == package_id, Package.regency_code == tx.regency_code)
    ).first()
    if first is None:
        raise NotFound("package.not_found")
    # Nobody else numbers this family now: whoever adds to it holds the row of the package just handed over.
    no = 1 + tx.session.execute(
        sa.select(sa.func.max(Package.no)).where(
            Package.round_id == first.round_id, Package.beneficiary_kind == first.beneficiary_kind,
            Package.beneficiary_id == first.beneficiary_id, Package.standard_id == first.standard_id,
        )
    ).scalar_one()  # fmt: skip
    year = tx.session.execute(sa.select(Round.first_on).where(Round.id == first.round_id)).scalar_one().year
    rest_id = derived(
        "package", first.round_id, first.beneficiary_kind, first.beneficiary_id, first.standard_id, str(no)
    )
    tx.session.execute(
        sa.insert(Package).values(
            {
                **first._mapping, "id": rest_id, "no": no, "supplements_id": package_id,
                "code": code_with_check("PKT", year % 100, take_numbers(tx, year, 1)), "public_ref": new_ref(),
                "state": PackageState.LOADED, "reason_code": REST,
                "reason_facts": json.dumps({"package": first.code}), "created_at": tx.now,
            }
        )
    )  # fmt: skip
    tx.session.execute(
        sa.insert(PackageLine),
        [
            {"package_id": rest_id, "item_id": one.item_id, "exact_milli": one.quantity_milli,
             "quantity_milli": one.quantity_milli, "is_once": one.is_once}
            for one in lines
        ],
    )  # fmt: skip
    tx.note("package.supplement", "package", rest_id, supplements=first.code, no=no, lines=len(lines))
    return rest_id


def _move_all(tx: Tx, act: PackageAct, *where: sa.ColumnElement[bool], **also: sa.ColumnElement[bytes]) -> int:
    """Move many packages by one act, by the same table and guard as a single one."""
    moved = 0
    for (before, one_act), after in PACKAGE_MOVES.items():
        if one_act is act:
            done = tx.session.execute(
                sa.update(Package).where(Package.state == before, *where).values(state=after, **also)
                .execution_options(synchronize_session=False)
            )  # fmt: skip
            moved += int(done.rowcount)  # type: ignore[attr-defined]
    return moved


def take_numbers(tx: Tx, year: int, count: int) -> int:
    """Take the next package numbers of the office's year and give the last of them."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(PackageSeries).values(regency_code=tx.regency_code, year=year, last_no=count)
    last: int = tx.session.execute(
        statement.on_conflict_do_update(
            index_elements=["regency_code", "year"], set_={"last_no": PackageSeries.last_no + count}
        ).returning(PackageSeries.last_no)
    ).scalar_one()
    return last
