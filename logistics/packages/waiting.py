"""What a round's households go without, item by item: the few figures behind all the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.i18n import say
from core.measures import Milli, print_count, print_quantity
from core.work import Tx
from logistics.packages.lacks import supplemented
from logistics.packages.models import Package, PackageLack
from logistics.packages.states import PackageState
from stock.items.queries import item_facts

_NOT_YET = (PackageState.WAITING, PackageState.PLANNED, PackageState.RESERVED, PackageState.LOADED,
            PackageState.HANDED_OVER)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLack:
    """One item that ran out on the way down the list."""

    item_id: UUID
    item_name_id: str
    item_name_en: str
    unit: str
    households: int
    """That go without it."""
    quantity_milli: Milli
    """What all of them together need of it."""
    first_rank: int
    """The first of them."""
    last_rank: int | None
    """The last of all who got it; None where nobody of those before them did."""

    def name(self, lang: str) -> str:
        return self.item_name_en if lang == "en" else self.item_name_id

    def sentence(self, lang: str) -> str:
        """Say in one sentence how far the item reached."""
        facts = {
            "item": self.name(lang), "households": print_count(self.households, lang),
            "quantity": print_quantity(self.quantity_milli, self.unit, lang),
            "first_rank": print_count(self.first_rank, lang), "last_rank": print_count(self.last_rank or 0, lang),
        }  # fmt: skip
        return say("plan.ran_out" if self.last_rank is not None else "plan.never_there", lang, facts)


def lacks_by_item(tx: Tx, round_id: UUID) -> tuple[ItemLack, ...]:
    """Give the items that households of the round go without, the most wanted first.

    What a supplementary package holds by now, and what is there but waits for another line, are left out.
    """
    rows = tx.session.execute(
        sa.select(
            PackageLack.item_id, sa.func.count().label("households"),
            sa.func.sum(PackageLack.quantity_milli).label("quantity"), sa.func.min(Package.rank).label("first"),
            sa.func.max(PackageLack.last_rank).label("last"),
        )
        .join(Package, Package.id == PackageLack.package_id)
        .where(
            Package.round_id == round_id, Package.regency_code == tx.regency_code, Package.state.in_(_NOT_YET),
            PackageLack.left_milli < PackageLack.quantity_milli, sa.not_(supplemented()),
        )
        .group_by(PackageLack.item_id)
    ).all()  # fmt: skip
    catalogue = item_facts(tx, {row.item_id for row in rows})
    found = [
        ItemLack(
            item_id=row.item_id, item_name_id=catalogue[row.item_id].name_id,
            item_name_en=catalogue[row.item_id].name_en, unit=catalogue[row.item_id].base_unit,
            households=row.households, quantity_milli=Milli(int(row.quantity)), first_rank=row.first,
            last_rank=row.last,
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.households, one.item_name_id)))
