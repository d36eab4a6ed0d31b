"""Promises of goods that are good on their group's day, but not until the week ends: the group keeps them.

A week is worked out from what is good on its last day. What is promised already to an earlier day and still good on it
counts too, for that day alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from core.measures import Milli
from core.work import Tx
from logistics.packages.queries import RoundView
from logistics.planning.commands import PURPOSE, group_key
from logistics.planning.reaching import Roads, areas_of, warehouse_reaches
from logistics.planning.rules import PostChoice, Shelf, Take, Want
from logistics.planning.shelves import take_from_shelves
from stock.reservations.queries import reservations

Early = Mapping[tuple[UUID, date, UUID, UUID], int]
"""Thousandths by post, day, item and warehouse."""
Wanted = Mapping[tuple[UUID, date, UUID], int]
"""Thousandths by post, day and item."""


def early_promises(
    tx: Tx, the_round: RoundView, days: Sequence[date], posts: Sequence[PostChoice], roads: Roads,
    stuck: frozenset[str],
) -> Early:  # fmt: skip
    """Give the round's own promises to these days and posts of goods that are good until then, but not for the week.

    Groups of which a part has left (``stuck``) are not among them: they keep everything.
    """
    group = {group_key(post.post_id, day): (post, day) for post in posts for day in days if day not in post.closed_on}
    found: Counter[tuple[UUID, date, UUID, UUID]] = Counter()
    for one in reservations(tx, purpose=PURPOSE, purpose_id=the_round.id):
        batch = one.batch
        if one.group_key not in group or one.group_key in stuck or batch.expires_on is None:
            continue
        post, day = group[one.group_key]
        is_early = max(day, tx.today) <= batch.expires_on < the_round.week.last_on
        if is_early and batch.release_condition in the_round.released:
            reaches = warehouse_reaches(roads, [one.place.id])[0, areas_of(roads, [post.village_code])[0]]
            if reaches:
                found[post.post_id, day, batch.item.id, one.place.id] += one.quantity_milli
    return found


def with_early(shelves: Sequence[Shelf], early: Early) -> tuple[Shelf, ...]:
    """Lay them on their shelves."""
    more: Counter[tuple[UUID, UUID]] = Counter()
    for (_, _, item_id, place_id), milli in early.items():
        more[place_id, item_id] += milli
    return tuple(replace(one, free_milli=Milli(one.free_milli + more[one.place_id, one.item_id])) for one in shelves)


def kept(early: Early, wanted: Wanted) -> Early:
    """Give what of them their groups still want."""
    left = Counter(wanted)
    found: dict[tuple[UUID, date, UUID, UUID], int] = {}
    for key in sorted(early, key=str):
        part = min(early[key], left[key[:3]])
        if part > 0:
            left[key[:3]] -= part
            found[key] = part
    return found


def take_all(
    wanted: Wanted, early: Early, shelves: Sequence[Shelf], posts: Sequence[PostChoice], roads: Roads,
    steps: Mapping[UUID, int],
) -> tuple[Take, ...]:  # fmt: skip
    """Choose the warehouses of everything that is wanted: first what a group keeps, the rest from the ``shelves``.

    Raises: NotOnShelves.
    """
    mine = kept(early, wanted)
    rest = Counter(wanted)
    taken: Counter[tuple[UUID, date, UUID, UUID]] = Counter()
    for key, milli in mine.items():
        rest[key[:3]] -= milli
        taken[key] += milli
    wants = [
        Want(post_id=post_id, serve_on=day, item_id=item_id, quantity_milli=Milli(milli))
        for (post_id, day, item_id), milli in rest.items()
        if milli > 0
    ]
    for take in take_from_shelves(wants, shelves, posts, roads, steps):
        taken[take.post_id, take.serve_on, take.item_id, take.place_id] += take.quantity_milli
    return tuple(
        Take(place_id=place_id, post_id=post_id, serve_on=day, item_id=item_id, quantity_milli=Milli(milli))
        for (post_id, day, item_id, place_id), milli in sorted(taken.items(), key=lambda pair: (pair[0][1], str(pair)))
    )
