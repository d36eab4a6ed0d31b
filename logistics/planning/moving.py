"""A group of households is put at another post, day or hours; the last one can be put back.

In a draft only the packages change. What is reserved and has not left takes its stock along, in the same transaction:
all of it or nothing. What follows from it is shown first (``consequences``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core.errors import Conflict, Invalid, NotFound
from core.measures import Milli
from core.work import Tx
from logistics.packages.cell_queries import goods_in
from logistics.packages.cells import Spot, Told, put_packages
from logistics.packages.commands import Reason, lock_round
from logistics.planning.commands import PURPOSE, group_key, hold_posts, keep_posts
from logistics.planning.groups import Choice, fingerprint, hours_for, refill
from logistics.planning.models import GroupMove, GroupMovePackage, PlanPost
from logistics.planning.move_ground import (
    Ground,
    MoveGroup,
    held_for,
    how_far,
    read_ground,
    reserved_ids,
    shelves_reaching,
    short_of,
)
from logistics.planning.reaching import Roads
from logistics.planning.rules import PostChoice
from stock.items.queries import items
from stock.places.queries import places
from stock.reservations.commands import (
    ReleaseLine,
    ReleasePart,
    ReserveLine,
    ReserveStock,
    release_part,
    reserve,
)

LEAST_REASON = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedGroup:
    move_id: UUID
    households: int
    reserved: int
    """Of these, with stock that followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMove:
    """Put the last moved group back; ``move_id`` is the move that was shown as the last."""

    round_id: UUID
    move_id: UUID
    posts: tuple[PostChoice, ...]
    roads: Roads | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveView:
    """A move that was made and not undone."""

    id: UUID
    no: int
    from_spot: Spot
    to_spot: Spot
    households: int
    reason: str
    moved_by_name: str
    moved_at: datetime


def move_group(tx: Tx, order: MoveGroup) -> MovedGroup:
    """Put the chosen households elsewhere, with the stock that is reserved for them.

    Raises: Forbidden; NotFound; Invalid without a reason, outside the week or for a day that has passed; Conflict when
    the post is full, closed or out of reach, the goods have left, no warehouse can bring them there, or anything has
    changed since the consequences were shown.
    """
    tx.require("round.plan")
    lock_round(tx, order.round_id)
    reason = " ".join(order.reason.split())
    if len(reason) < LEAST_REASON:
        raise Invalid("board.reason_missing", field="reason")
    found = read_ground(tx, order, order.choice)
    if order.seen and order.seen != fingerprint((found.cell, found.there), found.target):
        raise Conflict("board.changed_meanwhile")
    if found.problems:
        raise found.problems[0]
    assert found.target is not None
    far = how_far(tx, order, found.group.going).out_of_reach
    if far and not order.accepts_far:
        raise Conflict("board.out_of_reach", post=found.target.name, households=far)
    names = {one.id: one.name for one in places(tx, ids={order.from_spot.post_id, order.to_spot.post_id})}
    told = Reason(
        code="board.moved",
        facts={
            "from_post": names[order.from_spot.post_id], "from_day_on": order.from_spot.serve_on.isoformat(),
            "post": names[order.to_spot.post_id], "serve_on": order.to_spot.serve_on.isoformat(),
            "by": tx.actor.name, "why": reason,
        },
    )  # fmt: skip
    going = [one.id for one in found.group.going]
    hours = dict(zip(going, hours_for(found.target, found.taken, found.wanted), strict=True))
    reserved = _put(tx, order, found, hours, told)
    move_id = tx.new_id()
    no = 1 + (tx.session.scalar(sa.select(sa.func.max(GroupMove.no)).where(GroupMove.round_id == order.round_id)) or 0)
    tx.session.execute(
        sa.insert(GroupMove).values(
            id=move_id, regency_code=tx.regency_code, round_id=order.round_id, no=no,
            from_post_id=order.from_spot.post_id, from_on=order.from_spot.serve_on, to_post_id=order.to_spot.post_id,
            to_on=order.to_spot.serve_on, households=len(hours), reason=reason, moved_by=tx.actor.id,
            moved_by_name=tx.actor.name, moved_at=tx.now, undone_by=None, undone_by_name=None, undone_at=None,
        )
    )  # fmt: skip
    tx.session.execute(
        sa.insert(GroupMovePackage),
        [
            {
                "move_id": move_id, "package_id": one.id, "hours_before": one.hours, "hours_after": hours[one.id],
                "reason_code_before": one.reason_code, "reason_facts_before": one.reason_facts,
            }
            for one in found.group.going
        ],
    )  # fmt: skip
    tx.note(
        "board.move", "round", order.round_id, reason=reason, move=no, households=len(hours), reserved=reserved,
        from_post=str(order.from_spot.post_id), from_on=order.from_spot.serve_on.isoformat(),
        to_post=str(order.to_spot.post_id), to_on=order.to_spot.serve_on.isoformat(),
    )  # fmt: skip
    return MovedGroup(move_id=move_id, households=len(hours), reserved=reserved)


def last_move(tx: Tx, round_id: UUID) -> MoveView | None:
    """Give the last move of a round that was not undone; None when there is none."""
    row = tx.session.scalars(
        sa.select(GroupMove)
        .where(
            GroupMove.round_id == round_id, GroupMove.regency_code == tx.regency_code, GroupMove.undone_at.is_(None),
            # A draft that was thrown away took its packages along.
            sa.exists().where(GroupMovePackage.move_id == GroupMove.id),
        )
        .order_by(GroupMove.no.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if row is None:
        return None
    return MoveView(
        id=row.id, no=row.no, from_spot=Spot(post_id=row.from_post_id, serve_on=row.from_on),
        to_spot=Spot(post_id=row.to_post_id, serve_on=row.to_on), households=row.households, reason=row.reason,
        moved_by_name=row.moved_by_name, moved_at=row.moved_at,
    )  # fmt: skip


def undo_last_move(tx: Tx, order: UndoMove) -> MovedGroup:
    """Put the last moved group back where it came from, each into its old hours and with its old reason.

    Raises: Forbidden; NotFound; Conflict when it is not the last any more, one of the packages is gone or has left, or
    the old place has no room now.
    """
    tx.require("round.plan")
    lock_round(tx, order.round_id)
    last = last_move(tx, order.round_id)
    if last is None:
        raise NotFound("board.nothing_to_undo")
    if last.id != order.move_id:
        raise Conflict("board.changed_meanwhile")
    rows = {
        row.package_id: row
        for row in tx.session.execute(
            sa.select(*GroupMovePackage.__table__.columns).where(GroupMovePackage.move_id == last.id)
        )
    }
    back = MoveGroup(
        round_id=order.round_id, from_spot=last.to_spot, to_spot=last.from_spot, posts=order.posts, roads=order.roads
    )
    found = read_ground(tx, back, Choice(), only={package_id: row.hours_before for package_id, row in rows.items()})
    if len(found.group.going) != last.households:
        raise Conflict("board.cannot_undo", households=last.households, there=len(found.group.going))
    if found.problems:
        raise found.problems[0]
    hours = {one.id: rows[one.id].hours_before for one in found.group.going}
    told = [Told(package_id=row.package_id, code=row.reason_code_before, facts=row.reason_facts_before)
            for row in rows.values()]  # fmt: skip
    reserved = _put(tx, back, found, hours, told)
    done = tx.session.execute(
        sa.update(GroupMove)
        .where(GroupMove.id == last.id, GroupMove.undone_at.is_(None))
        .values(undone_by=tx.actor.id, undone_by_name=tx.actor.name, undone_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("board.changed_meanwhile")
    tx.note("board.undo", "round", order.round_id, move=last.no, households=len(hours), reserved=reserved)
    return MovedGroup(move_id=last.id, households=len(hours), reserved=reserved)


def _put(
    tx: Tx, order: MoveGroup, found: Ground, hours: Mapping[UUID, str], told: Reason | Sequence[Told]
) -> int:  # fmt: skip
    """Write the packages' new place, take their stock along, and give how many had some."""
    ids = reserved_ids(found.group.going)
    _make_known(tx, found)
    put_packages(tx, order.from_spot, order.to_spot, hours, told)
    if ids and order.from_spot != order.to_spot:
        _take_stock_along(tx, order, found, goods_in(tx, ids))
    return len(ids)


def _make_known(tx: Tx, found: Ground) -> None:
    """Freeze the new post as it is now with the plans of the group that did not know it: it may be newer than they."""
    assert found.target is not None
    if not hold_posts(tx, [found.target]):
        raise Conflict("board.post_closed")
    plans = {one.plan_id for one in found.group.going}
    known = tx.session.scalars(
        sa.select(PlanPost.plan_id).where(PlanPost.plan_id.in_(plans), PlanPost.post_id == found.target.post_id)
    )
    for plan_id in sorted(plans - set(known)):
        keep_posts(tx, plan_id, [found.target])


def _take_stock_along(tx: Tx, order: MoveGroup, found: Ground, need: Mapping[UUID, Milli]) -> None:
    """End the promises of the group at its old place and make them anew at the new one."""
    if not need:
        return

    def kept() -> Counter[tuple[UUID, UUID]]:
        sums: Counter[tuple[UUID, UUID]] = Counter()
        for one in held_for(tx, order.round_id, order.from_spot)[0]:
            sums[one.place_id, one.item_id] += one.quantity_milli
        return sums

    before = kept()
    back = release_part(
        tx,
        ReleasePart(
            purpose=PURPOSE, purpose_id=order.round_id,
            group_key=group_key(order.from_spot.post_id, order.from_spot.serve_on),
            lines=tuple(ReleaseLine(item_id=item_id, quantity_milli=quantity) for item_id, quantity in need.items()),
            reason="board.move",
        ),
    )  # fmt: skip
    if back != sum(need.values()):
        raise Conflict("board.part_has_left")
    was = before - kept()
    free, codes, _ = shelves_reaching(tx, order, found, need, {})
    chosen = refill(need, was, free, codes)
    if chosen.short:
        raise short_of({one.id: one for one in items(tx, ids=chosen.short)}, chosen.short)
    reserve(
        tx,
        ReserveStock(
            purpose=PURPOSE, purpose_id=order.round_id, ends_on=found.the_round.week.last_on + timedelta(days=1),
            met=found.the_round.released,
            lines=tuple(
                ReserveLine(
                    group_key=group_key(order.to_spot.post_id, order.to_spot.serve_on), place_id=place_id,
                    item_id=item_id, quantity_milli=Milli(quantity), usable_on=order.to_spot.serve_on,
                )
                for place_id, item_id, quantity in chosen.takes
            ),
        ),
    )  # fmt: skip
