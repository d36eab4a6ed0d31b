"""Standards as others see them: every version with its lines, and the rules the arithmetic works with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.i18n import say
from core.measures import Milli
from core.work import Tx
from logistics.packages.models import PackageStandard, PackageStandardLine, PackageStandardPack
from logistics.packages.packing import Pack
from logistics.packages.rules import Basis, StandardLine
from logistics.packages.states import StandardPurpose, StandardState
from stock.items.queries import items


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLineView:
    item_id: UUID
    item_code: str
    item_name_id: str
    item_name_en: str
    unit: str
    basis: Basis
    is_daily: bool
    rate_milli: Milli
    per_n: int
    condition: Basis | None
    condition_least: int
    from_day: int
    to_day: int | None
    round_step_milli: Milli
    is_once: bool
    source_id: str
    source_en: str
    packs: tuple[Pack, ...]

    def item_name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id

    def source(self, lang: str) -> str:
        return self.source_en if lang == "en" else self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardView:
    id: UUID
    code: str
    version: int
    name_id: str
    name_en: str
    days: int
    state: StandardState
    legal_source: str
    created_by: str
    created_by_name: str
    created_at: datetime
    approved_by_name: str | None
    approved_on: date | None
    lines: tuple[StandardLineView, ...]
    rules: tuple[StandardLine, ...]
    """The same lines, as the arithmetic knows them."""

    def name(self, lang: str) -> str:
        return self.name_en if lang == "en" else self.name_id

    def state_label(self, lang: str) -> str:
        """Name the state."""
        return say(f"standard.state.{self.state.value}", lang)


def standards(tx: Tx, purpose: StandardPurpose = StandardPurpose.RELIEF) -> tuple[StandardView, ...]:
    """Give every version of the office's standards of one purpose, newest first."""
    found = tx.session.scalars(
        sa.select(PackageStandard)
        .where(PackageStandard.regency_code == tx.regency_code, PackageStandard.purpose == purpose)
        .order_by(PackageStandard.code, PackageStandard.version.desc())
    ).all()
    return tuple(_standard_view(tx, row) for row in found)


def versions(tx: Tx, code: str) -> tuple[StandardView, ...]:
    """Give every version of one standard, newest first."""
    found = tx.session.scalars(
        sa.select(PackageStandard)
        .where(PackageStandard.regency_code == tx.regency_code, PackageStandard.code == code)
        .order_by(PackageStandard.version.desc())
    ).all()
    return tuple(_standard_view(tx, row) for row in found)


def standard(tx: Tx, standard_id: UUID) -> StandardView:
    """Raises: NotFound."""
    row = tx.session.get(PackageStandard, standard_id)
    if row is None or row.regency_code != tx.regency_code:
        raise NotFound("package_standard.not_found")
    return _standard_view(tx, row)


_STANDARD_LINES = (
    sa.select(
        *(getattr(PackageStandardLine, name) for name in StandardLine.__dataclass_fields__ if name != "packs"),
    )
    .where(PackageStandardLine.standard_id == sa.bindparam("standard"))
    .order_by(PackageStandardLine.position)
)

_STANDARD_PACKS = (
    sa.select(PackageStandardPack.item_id, PackageStandardPack.name, PackageStandardPack.quantity_milli)
    .where(PackageStandardPack.standard_id == sa.bindparam("standard"))
    .order_by(PackageStandardPack.quantity_milli.desc(), PackageStandardPack.name)
)


def standard_lines(tx: Tx, standard_id: UUID) -> tuple[StandardLine, ...]:
    """Give a standard's rules as the arithmetic knows them, in their order."""
    rows = tx.session.execute(_STANDARD_LINES, {"standard": standard_id})
    packs: dict[UUID, list[Pack]] = defaultdict(list)
    for one in tx.session.execute(_STANDARD_PACKS, {"standard": standard_id}):
        packs[one.item_id].append(Pack(name=one.name, quantity_milli=Milli(one.quantity_milli)))
    return tuple(
        StandardLine(
            item_id=row.item_id, basis=row.basis, rate_milli=Milli(row.rate_milli), per_n=row.per_n,
            is_daily=row.is_daily, condition=row.condition, condition_least=row.condition_least,
            from_day=row.from_day, to_day=row.to_day, round_step_milli=Milli(row.round_step_milli),
            is_once=row.is_once, source_id=row.source_id, source_en=row.source_en,
            packs=tuple(packs.get(row.item_id, ())),
        )
        for row in rows
    )  # fmt: skip


def _standard_view(tx: Tx, row: PackageStandard) -> StandardView:
    lines = standard_lines(tx, row.id)
    catalogue = {one.id: one for one in items(tx, ids={line.item_id for line in lines})}
    return StandardView(
        id=row.id, code=row.code, version=row.version, name_id=row.name_id, name_en=row.name_en, days=row.days,
        state=row.state, legal_source=row.legal_source, created_by=row.created_by,
        created_by_name=row.created_by_name, created_at=row.created_at,
        approved_by_name=row.approved_by_name, approved_on=row.approved_on, rules=lines,
        lines=tuple(
            StandardLineView(
                item_id=line.item_id, item_code=catalogue[line.item_id].code,
                item_name_id=catalogue[line.item_id].name_id, item_name_en=catalogue[line.item_id].name_en,
                unit=catalogue[line.item_id].base_unit, basis=line.basis, is_daily=line.is_daily,
                rate_milli=line.rate_milli, per_n=line.per_n, condition=line.condition,
                condition_least=line.condition_least, from_day=line.from_day, to_day=line.to_day,
                round_step_milli=line.round_step_milli, is_once=line.is_once, source_id=line.source_id,
                source_en=line.source_en, packs=line.packs,
            )
            for line in lines
        ),
    )  # fmt: skip
