"""Standards are written as drafts, approved by a second person and retired; an approved version never changes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import Milli
from core.states import move
from core.work import Tx
from logistics.packages import seed
from logistics.packages.models import PackageStandard, PackageStandardLine, PackageStandardPack
from logistics.packages.rules import StandardLine, wrong_lines
from logistics.packages.states import STANDARD_MOVES, StandardAct, StandardPurpose, StandardState
from stock.items.queries import items


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineStandard:
    """The next version of a standard, as a draft."""

    code: str
    name_id: str
    name_en: str
    days: int
    legal_source: str
    lines: tuple[StandardLine, ...]
    purpose: StandardPurpose = StandardPurpose.RELIEF


def define_standard(tx: Tx, order: DefineStandard) -> UUID:
    """Write the next version of a standard and give its id; nothing uses it before it is approved.

    Raises: Forbidden; Invalid, naming the line by its place (1 first).
    """
    tx.require("standard.edit")
    if not (order.code.strip() and order.name_id.strip() and order.name_en.strip()):
        raise Invalid("standard.name_missing", field="name_id")
    if not order.lines:
        raise Invalid("standard.lines_missing", field="lines")
    if not 1 <= order.days <= 31:
        raise Invalid("standard.days_out_of_range", field="days", days=order.days)
    wrong = wrong_lines(order.lines, {one.id: one.step_milli for one in items(tx, with_inactive=True)})
    if wrong is not None:
        index, code = wrong
        raise Invalid(code, field="lines", line=index + 1)
    last = tx.session.scalar(
        sa.select(sa.func.max(PackageStandard.version)).where(
            PackageStandard.regency_code == tx.regency_code, PackageStandard.code == order.code
        )
    )
    standard_id = tx.new_id()
    tx.session.add(
        PackageStandard(
            id=standard_id, regency_code=tx.regency_code, code=order.code, version=(last or 0) + 1,
            purpose=order.purpose, name_id=order.name_id, name_en=order.name_en, days=order.days,
            state=StandardState.DRAFT,
            legal_source=order.legal_source, created_by=tx.actor.id, created_by_name=tx.actor.name, created_at=tx.now,
            approved_by=None, approved_by_name=None, approved_on=None,
        )
    )  # fmt: skip
    tx.session.flush()
    tx.session.execute(
        sa.insert(PackageStandardLine),
        [
            {
                "id": tx.new_id(), "standard_id": standard_id, "position": position, "item_id": line.item_id,
                "basis": line.basis, "is_daily": line.is_daily, "rate_milli": line.rate_milli, "per_n": line.per_n,
                "condition": line.condition, "condition_least": line.condition_least, "from_day": line.from_day,
                "to_day": line.to_day, "round_step_milli": line.round_step_milli, "is_once": line.is_once,
                "source_id": line.source_id, "source_en": line.source_en,
            }
            for position, line in enumerate(order.lines, start=1)
        ],
    )  # fmt: skip
    packs = {(line.item_id, pack.name): pack.quantity_milli for line in order.lines for pack in line.packs}
    if packs:
        tx.session.execute(
            sa.insert(PackageStandardPack),
            [
                {"standard_id": standard_id, "item_id": item_id, "name": name, "quantity_milli": quantity}
                for (item_id, name), quantity in packs.items()
            ],
        )
    tx.note("standard.define", "package_standard", standard_id, code=order.code, version=(last or 0) + 1)
    return standard_id


def approve_standard(tx: Tx, standard_id: UUID) -> None:
    """Put a version into force; older versions of the same standard retire, rounds that use them keep them.

    Raises: Forbidden, NotFound, Conflict (already approved, or by the person who wrote it).
    """
    tx.require("standard.approve")
    standard = _standard(tx, standard_id)
    if standard.created_by == tx.actor.id and tx.actor.kind == "person":
        raise Conflict("standard.needs_second_person")
    # All versions: of two that are approved in the same moment the second retires the first.
    tx.session.execute(
        sa.select(PackageStandard.id)
        .where(PackageStandard.regency_code == tx.regency_code, PackageStandard.code == standard.code)
        .order_by(PackageStandard.id)
        .with_for_update()
    ).all()
    move(
        tx, PackageStandard, standard_id, StandardAct.APPROVE, STANDARD_MOVES,
        approved_by=tx.actor.id, approved_by_name=tx.actor.name, approved_on=tx.today,
    )  # fmt: skip
    for older in tx.session.scalars(
        sa.select(PackageStandard.id).where(
            PackageStandard.regency_code == tx.regency_code,
            PackageStandard.code == standard.code,
            PackageStandard.state == StandardState.APPROVED,
            PackageStandard.id != standard_id,
        )
    ).all():
        move(tx, PackageStandard, older, StandardAct.RETIRE, STANDARD_MOVES)


def retire_standard(tx: Tx, standard_id: UUID) -> None:
    """Take a version out of use, or reject a draft; rounds that use it keep it.

    Raises: Forbidden, NotFound, Conflict (retired already).
    """
    tx.require("standard.approve")
    _standard(tx, standard_id)
    move(tx, PackageStandard, standard_id, StandardAct.RETIRE, STANDARD_MOVES)


def discard_draft(tx: Tx, standard_id: UUID) -> None:
    """Put a draft aside that nobody approved. Raises: Forbidden, NotFound, Conflict (it is no draft any more)."""
    tx.require("standard.edit")
    # Kept: the head may be approving it, and what is approved is not this person's to take out of use.
    if _standard(tx, standard_id, is_held=True).state is not StandardState.DRAFT:
        raise Conflict("standard.not_a_draft")
    move(tx, PackageStandard, standard_id, StandardAct.RETIRE, STANDARD_MOVES)


def standard_state(tx: Tx, standard_id: UUID) -> StandardState:
    """Tell whether a version is a draft, in force or retired. Raises: NotFound."""
    return _standard(tx, standard_id).state


def _standard(tx: Tx, standard_id: UUID, *, is_held: bool = False) -> PackageStandard:
    standard = tx.session.get(PackageStandard, standard_id, with_for_update=is_held, populate_existing=is_held)
    if standard is None or standard.regency_code != tx.regency_code:
        raise NotFound("package_standard.not_found")
    return standard


def seed_default_standard(tx: Tx) -> UUID:
    """Write "Paket Darurat 7 Hari" as a draft for the head to approve, and give its id.

    Safe to repeat: an office that has any version of it keeps what it has. Raises: Forbidden, NotFound before the
    catalogue is seeded.
    """
    known = tx.session.scalar(
        sa.select(PackageStandard.id)
        .where(PackageStandard.regency_code == tx.regency_code, PackageStandard.code == seed.CODE)
        .order_by(PackageStandard.version.desc())
        .limit(1)
    )
    if known is not None:
        return known
    ids = {one.code: one.id for one in items(tx, with_inactive=True)}
    missing = sorted({line.item_code for line in seed.LINES} - ids.keys())
    if missing:
        raise NotFound("item.not_found", item=", ".join(missing))
    return define_standard(
        tx,
        DefineStandard(
            code=seed.CODE, name_id=seed.NAME_ID, name_en=seed.NAME_EN, days=seed.DAYS,
            legal_source=seed.LEGAL_SOURCE,
            lines=tuple(
                StandardLine(
                    item_id=ids[line.item_code], basis=line.basis, rate_milli=Milli(line.rate_milli),
                    is_daily=line.is_daily, is_once=line.is_once, round_step_milli=line.round_step_milli,
                    source_id=line.source_id, source_en=line.source_en,
                )
                for line in seed.LINES
            ),
        ),
    )  # fmt: skip
