"""A revision before it counts, and afterwards what it changed: in figures, by village, by post and day, one by one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Fact, NotFound
from core.i18n import say
from core.measures import Milli
from core.permissions import Reach
from core.work import Tx
from logistics.packages.change_queries import placed_goods, placed_heads
from logistics.packages.queries import PackageRow, package_rows
from logistics.packages.sentences import reason_sentence
from logistics.planning.differing import Spot
from logistics.planning.models import PlanChange, PlanChangeLine
from logistics.planning.queries import PlanView, plans_of
from logistics.planning.states import ChangeKind, PlanState
from stock.items.queries import ItemView, items

_TOLD = PlanChange.kind != ChangeKind.RETOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageChanges:
    village_code: str
    counts: Mapping[ChangeKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """A post's day: households before and after. What has left counts on both sides."""

    post_id: UUID
    serve_on: date
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsChange:
    """What all packages with a place hold of an item, before and after."""

    item: ItemView
    before_milli: Milli
    after_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    plan: PlanView
    counts: Mapping[ChangeKind, int]
    """Packages that change, by kind; zeros are left out."""
    villages: tuple[VillageChanges, ...]
    cells: tuple[CellChange, ...]
    """Only those whose number changes."""
    goods: tuple[GoodsChange, ...]
    """Only items of which the sum changes."""

    @property
    def packages(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    item: ItemView
    before_milli: Milli
    after_milli: Milli


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One package that changes, with the sentence that says why."""

    package: PackageRow
    kind: ChangeKind
    before: Spot | None
    after: Spot | None
    lines: tuple[LineChange, ...]
    """Items of which it gets more or less; empty where only the place changes."""
    why_code: str
    why_facts: Mapping[str, Fact]
    reason_code: str
    reason_facts: Mapping[str, Fact]

    def kind_label(self, lang: str) -> str:
        """Name what happens to it."""
        return say(f"revision.kind.{self.kind.value}", lang)

    def why(self, lang: str) -> str:
        """Say in one sentence why it changes."""
        return reason_sentence(self.why_code, self.why_facts, lang)

    def reason(self, lang: str) -> str:
        """Say what the package itself will say from then on."""
        return reason_sentence(self.reason_code, self.reason_facts, lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    rows: tuple[ChangeRow, ...]
    total: int


def revisions_of(tx: Tx, round_id: UUID) -> tuple[PlanView, ...]:
    """Give the round's revisions that wait or count, the first first."""
    return tuple(one for one in plans_of(tx, round_id) if one.is_revision and one.state is not PlanState.DISCARDED)


def revision_by_no(tx: Tx, round_id: UUID, no: int) -> PlanView:
    """Raises: NotFound."""
    found = next((one for one in revisions_of(tx, round_id) if one.no == no), None)
    if found is None:
        raise NotFound("plan.not_found")
    return found


def revision_view(tx: Tx, plan: PlanView) -> RevisionView:
    """Sum a revision up. Of one that counts already, posts, days and goods are those of its own packages alone."""
    rows = tx.session.execute(
        sa.select(
            PlanChange.kind, PlanChange.village_code, PlanChange.before_post_id, PlanChange.before_on,
            PlanChange.post_id, PlanChange.serve_on, sa.func.count().label("packages"),
        )
        .where(PlanChange.plan_id == plan.id, _TOLD)
        .group_by(
            PlanChange.kind, PlanChange.village_code, PlanChange.before_post_id, PlanChange.before_on,
            PlanChange.post_id, PlanChange.serve_on,
        )
    ).all()  # fmt: skip
    counts: Counter[ChangeKind] = Counter()
    villages: dict[str, Counter[ChangeKind]] = defaultdict(Counter)
    gone: Counter[tuple[UUID, date]] = Counter()
    come: Counter[tuple[UUID, date]] = Counter()
    for row in rows:
        counts[row.kind] += row.packages
        villages[row.village_code][row.kind] += row.packages
        if row.before_post_id is not None and row.before_on is not None:
            gone[row.before_post_id, row.before_on] += row.packages
        if row.post_id is not None and row.serve_on is not None:
            come[row.post_id, row.serve_on] += row.packages
    is_draft = plan.state is PlanState.DRAFT
    heads = placed_heads(tx, plan.round_id, but_plan_id=plan.id) if is_draft else dict(gone)
    cells = [
        CellChange(post_id=key[0], serve_on=key[1], before=heads.get(key, 0),
                   after=heads.get(key, 0) - gone[key] + come[key])
        for key in sorted(gone.keys() | come.keys(), key=lambda key: (key[1], str(key[0]))) if gone[key] != come[key]
    ]  # fmt: skip
    return RevisionView(
        plan=plan, counts={kind: counts[kind] for kind in ChangeKind if counts[kind]},
        villages=tuple(
            VillageChanges(village_code=code, counts={kind: some[kind] for kind in ChangeKind if some[kind]})
            for code, some in sorted(villages.items())
        ),
        cells=tuple(cells), goods=_goods(tx, plan, is_draft=is_draft),
    )  # fmt: skip


def _goods(tx: Tx, plan: PlanView, *, is_draft: bool) -> tuple[GoodsChange, ...]:
    less: Counter[UUID] = Counter()
    more: Counter[UUID] = Counter()
    given = sa.case((PlanChangeLine.is_given, PlanChangeLine.quantity_milli), else_=0)
    for row in tx.session.execute(
        sa.select(
            PlanChangeLine.item_id, sa.func.sum(PlanChangeLine.before_milli).label("before"),
            sa.func.sum(given).label("after"),
        )
        .where(PlanChangeLine.plan_id == plan.id)
        .group_by(PlanChangeLine.item_id)
    ):  # fmt: skip
        less[row.item_id] += int(row.before)
        more[row.item_id] += int(row.after)
    for item_id, quantity in placed_goods(tx, plan.round_id, plan_id=plan.id).items():
        more[item_id] += quantity
    changed = [item_id for item_id in less.keys() | more.keys() if less[item_id] != more[item_id]]
    before = Counter(placed_goods(tx, plan.round_id, but_plan_id=plan.id)) if is_draft else less
    catalogue = items(tx, ids=changed, with_inactive=True) if changed else ()
    return tuple(
        GoodsChange(
            item=one,
            before_milli=Milli(before[one.id]),
            after_milli=Milli(before[one.id] - less[one.id] + more[one.id]),
        )
        for one in sorted(catalogue, key=lambda one: one.name_id)
    )


def changes_of(
    tx: Tx, plan_id: UUID, *, kind: ChangeKind | None = None, village_code: str = "", reach: Reach | None = None,
    limit: int = 50, offset: int = 0,
) -> ChangePage:  # fmt: skip
    """List a revision's changes, one by one, whoever is out or waits first, then by rank; those within the reach."""
    where = [PlanChange.plan_id == plan_id, _TOLD if kind is None else PlanChange.kind == kind]
    if village_code:
        where.append(PlanChange.village_code == village_code)
    if reach is not None and not reach.is_all:
        where.append(_within(reach))
    order = sa.case({kind.value: place for place, kind in enumerate(_ORDER)}, value=PlanChange.kind)
    total = tx.session.scalar(sa.select(sa.func.count()).select_from(PlanChange).where(*where)) or 0
    rows = tx.session.scalars(
        sa.select(PlanChange).where(*where).order_by(order, PlanChange.rank, PlanChange.package_id)
        .limit(limit).offset(offset).execution_options(populate_existing=True)
    ).all()  # fmt: skip
    known = {one.id: one for one in package_rows(tx, [row.package_id for row in rows])}
    lines = _lines(tx, plan_id, [row.package_id for row in rows])
    return ChangePage(
        rows=tuple(_row(row, known[row.package_id], lines.get(row.package_id, ())) for row in rows), total=total
    )


def _within(reach: Reach) -> sa.ColumnElement[bool]:
    either: list[sa.ColumnElement[bool]] = [
        PlanChange.post_id.in_(reach.place_ids), PlanChange.before_post_id.in_(reach.place_ids),
    ]  # fmt: skip
    for region in sorted(reach.regions):
        either += [
            PlanChange.village_code == region, PlanChange.village_code.startswith(f"{region}.", autoescape=True),
        ]  # fmt: skip
    return sa.or_(*either)


_ORDER = (
    ChangeKind.OUT, ChangeKind.WAITS, ChangeKind.FEWER, ChangeKind.MOVED, ChangeKind.MORE, ChangeKind.SERVED,
    ChangeKind.COMPLETED, ChangeKind.NEW, ChangeKind.RETOLD,
)  # fmt: skip


def _lines(tx: Tx, plan_id: UUID, package_ids: list[UUID]) -> dict[UUID, tuple[LineChange, ...]]:
    rows = tx.session.scalars(
        sa.select(PlanChangeLine).where(
            PlanChangeLine.plan_id == plan_id, PlanChangeLine.package_id.in_(package_ids)
        )
    ).all()  # fmt: skip
    known = {one.id: one for one in (items(tx, ids={row.item_id for row in rows}, with_inactive=True) if rows else ())}
    found: dict[UUID, list[LineChange]] = defaultdict(list)
    for row in rows:
        after = row.quantity_milli if row.is_given else 0
        if after != row.before_milli:
            found[row.package_id].append(
                LineChange(item=known[row.item_id], before_milli=Milli(row.before_milli), after_milli=Milli(after))
            )
    return {one: tuple(sorted(some, key=lambda line: line.item.name_id)) for one, some in found.items()}


def _row(row: PlanChange, package: PackageRow, lines: tuple[LineChange, ...]) -> ChangeRow:
    def spot(post_id: UUID | None, day: date | None, hours: str) -> Spot | None:
        return None if post_id is None or day is None else Spot(post_id=post_id, serve_on=day, hours=hours)

    facts: Any = json.loads
    return ChangeRow(
        package=package, kind=row.kind, before=spot(row.before_post_id, row.before_on, row.before_hours),
        after=spot(row.post_id, row.serve_on, row.hours), lines=lines, why_code=row.why_code,
        why_facts=facts(row.why_facts), reason_code=row.reason_code, reason_facts=facts(row.reason_facts),
    )  # fmt: skip
