"""Lines that were not there at a household's turn, and what became of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core.errors import Fact
from core.measures import Milli
from core.work import Tx
from logistics.packages.models import REST, REST_VOID, Package, PackageLack, PackageLine
from logistics.packages.sentences import reason_sentence
from logistics.packages.states import PackageState
from stock.items.queries import item_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class LackView:
    """A line that was not there at the household's turn."""

    package_id: UUID
    item_id: UUID
    item_code: str
    item_name_id: str
    item_name_en: str
    unit: str
    exact_milli: Milli
    quantity_milli: Milli
    is_once: bool
    left_milli: Milli
    ahead_milli: Milli
    last_rank: int | None
    rank: int
    """Of the household."""
    is_supplemented: bool
    """A supplementary package holds it by now."""

    def name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id

    def reason(self, lang: str) -> str:
        """Say in one sentence why the line was not there."""
        facts: dict[str, Fact] = {
            "item_id": self.item_name_id, "item_en": self.item_name_en, "unit": self.unit, "rank": self.rank,
            "need_milli": int(self.quantity_milli), "left_milli": int(self.left_milli),
            "ahead_milli": int(self.ahead_milli),
        }  # fmt: skip
        if self.left_milli >= self.quantity_milli:
            return reason_sentence("plan.lacks.held", facts, lang)
        if self.last_rank is None:
            return reason_sentence("plan.lacks.none_left", facts, lang)
        return reason_sentence("plan.lacks.stock", facts | {"last_rank": self.last_rank}, lang)


def is_planned() -> sa.ColumnElement[bool]:
    """Ask of a package whether its goods are its own: what a partial handover left over stands in the whole already."""
    return Package.reason_code.not_in((REST, REST_VOID))


def supplemented() -> sa.ColumnElement[bool]:
    """Ask of a row of ``PackageLack`` whether a supplementary package holds what was lacking."""
    rest, line = aliased(Package), aliased(PackageLine)
    return sa.exists().where(
        rest.supplements_id == PackageLack.package_id, rest.state != PackageState.CANCELLED,
        line.package_id == rest.id, line.item_id == PackageLack.item_id,
    )  # fmt: skip


def lacks_of(tx: Tx, package_ids: Collection[UUID]) -> tuple[LackView, ...]:
    """Give what these packages lacked at their turn, by package in the order of the item's name."""
    found: list[LackView] = []
    wanted = sorted(package_ids)
    for start in range(0, len(wanted), 500):
        rows = tx.session.execute(
            sa.select(*PackageLack.__table__.columns, Package.rank, supplemented().label("is_supplemented"))
            .join(Package, Package.id == PackageLack.package_id)
            .where(PackageLack.package_id.in_(wanted[start : start + 500]), Package.regency_code == tx.regency_code)
        ).all()
        catalogue = item_facts(tx, {row.item_id for row in rows})
        found += [
            LackView(
                package_id=row.package_id,
                item_id=row.item_id,
                item_code=catalogue[row.item_id].code,
                item_name_id=catalogue[row.item_id].name_id,
                item_name_en=catalogue[row.item_id].name_en,
                unit=catalogue[row.item_id].base_unit,
                exact_milli=Milli(row.exact_milli),
                quantity_milli=Milli(row.quantity_milli),
                is_once=row.is_once,
                left_milli=Milli(row.left_milli),
                ahead_milli=Milli(row.ahead_milli),
                last_rank=row.last_rank,
                rank=row.rank,
                is_supplemented=bool(row.is_supplemented),
            )
            for row in rows
        ]
    return tuple(sorted(found, key=lambda one: (one.package_id.int, one.item_name_id)))  # fmt: skip
