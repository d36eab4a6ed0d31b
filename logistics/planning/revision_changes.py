"""What a revision does to packages when it is approved: each still as it was found, each day still open with room."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict
from core.measures import Milli
from core.work import Tx
from logistics.packages.change_queries import LackNow, LineNow, PackageNow
from logistics.packages.changing import PackageChange
from logistics.packages.rules import People
from logistics.packages.states import PackageState
from logistics.planning.models import PlanChange, PlanChangeLine
from logistics.planning.queries import PlanView
from logistics.planning.revision_ground import Standings
from logistics.planning.rules import PostChoice
from logistics.planning.states import ChangeKind
from stock.items.queries import unstocked_ids


def changes_to_make(
    tx: Tx, draft: PlanView, now: Standings, posts: Sequence[PostChoice]
) -> list[PackageChange]:  # fmt: skip
    """Give the changes of packages that were there before, each still as it was found.

    ``posts`` are those that may serve now. Raises: Conflict.
    """
    rows = tx.session.scalars(
        sa.select(PlanChange).where(PlanChange.plan_id == draft.id).order_by(PlanChange.package_id)
    ).all()
    lines: dict[UUID, list[PlanChangeLine]] = {}
    for line in tx.session.scalars(sa.select(PlanChangeLine).where(PlanChangeLine.plan_id == draft.id)):
        lines.setdefault(line.package_id, []).append(line)
    open_posts = {post.post_id for post in posts}
    may_change = {one.id for one in now.held}
    money = unstocked_ids(tx)
    found = []
    for row in rows:
        package = now.packages.get(row.package_id)
        if row.serve_on is not None and row.serve_on < tx.today:
            raise Conflict("plan.days_passed", day=row.serve_on.isoformat())
        if row.post_id is not None and row.post_id not in open_posts:
            raise Conflict("revision.outdated")
        if row.before_state is None:
            if package is None or not _still_comes(row, package, now):
                raise Conflict("revision.outdated")
            continue
        if package is None or package.id not in may_change or not _as_found(row, package):
            if row.kind is ChangeKind.RETOLD:
                continue
            raise Conflict("revision.outdated")
        found.append(_change_of(row, package, lines.get(row.package_id, []), money))
    _check_room(now, found, {(row.post_id, row.serve_on) for row in rows}, posts)
    return found


def _check_room(
    now: Standings, changes: Sequence[PackageChange], cells: Collection[tuple[UUID | None, date | None]],
    posts: Sequence[PostChoice],
) -> None:  # fmt: skip
    """Refuse where a day to which something is brought is closed now, or has fewer places than are wanted there."""
    after = {
        one.id: (one.post_id, one.serve_on) for one in now.packages.values() if not one.is_rest and _is_at_post(one)
    }
    for one in changes:
        after.pop(one.found.id, None)
        if not one.is_out and one.post_id is not None:
            after[one.found.id] = (one.post_id, one.serve_on)
    heads = Counter(after.values())
    for post in posts:
        for cell in cells:
            if cell[0] == post.post_id and (cell[1] in post.closed_on or heads[cell] > post.capacity_per_day):
                raise Conflict("revision.outdated")


def _is_at_post(one: PackageNow) -> bool:
    return one.post_id is not None and one.state not in (PackageState.CANCELLED, PackageState.WAITING)


def _as_found(row: PlanChange, package: PackageNow) -> bool:
    if package.state is not row.before_state:
        return False
    if package.state in (PackageState.WAITING, PackageState.CANCELLED):
        return True
    return (package.post_id, package.serve_on, package.hours) == (row.before_post_id, row.before_on, row.before_hours)


def _still_comes(row: PlanChange, package: PackageNow, now: Standings) -> bool:
    """Tell whether a package that comes with the revision still can: what it completes is still handed over."""
    if package.state not in (PackageState.PLANNED, PackageState.WAITING):
        return False
    if (package.post_id, package.serve_on, package.hours) != (row.post_id, row.serve_on, row.hours):
        return False
    first = now.packages.get(package.supplements_id) if package.supplements_id is not None else None
    return package.supplements_id is None or (first is not None and first.state is PackageState.HANDED_OVER)


def _change_of(
    row: PlanChange, package: PackageNow, lines: Sequence[PlanChangeLine], money: Collection[UUID]
) -> PackageChange:  # fmt: skip
    is_out = row.kind is ChangeKind.OUT
    waits = row.post_id is None
    kept = [line for line in lines if line.quantity_milli and (line.is_given or waits)]
    return PackageChange(
        found=package, is_out=is_out,
        post_id=package.post_id if is_out else row.post_id, serve_on=package.serve_on if is_out else row.serve_on,
        hours=package.hours if is_out else row.hours, rank=row.rank, reason_code=row.reason_code,
        reason_facts=row.reason_facts,
        people=People(**json.loads(row.people)) if row.people else package.people,
        lines=tuple(
            LineNow(
                item_id=line.item_id, exact_milli=Milli(line.exact_milli), quantity_milli=Milli(line.quantity_milli),
                is_once=line.is_once,
            )
            for line in kept
        ),
        lacks=tuple(
            LackNow(
                item_id=line.item_id, exact_milli=Milli(line.exact_milli), quantity_milli=Milli(line.quantity_milli),
                is_once=line.is_once, left_milli=Milli(line.left_milli), ahead_milli=Milli(line.ahead_milli),
                last_rank=line.last_rank,
            )
            for line in lines
            if line.is_lacking
        ),
        is_ready=not waits and all(line.item_id in money for line in kept),
    )  # fmt: skip
