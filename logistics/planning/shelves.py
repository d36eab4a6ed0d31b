"""Which warehouse serves which post: item by item the fewest kilometres of goods, after it is settled who gets what.

Chosen one after the other, the near shelves are emptied by posts that others could have served; all together, whatever
can be brought is brought (min-cost flow). A warehouse whose way to a post's area is closed sends nothing there. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from uuid import UUID

import numpy as np
import numpy.typing as npt

from core.measures import Milli
from logistics.planning.distances import UNKNOWN_M, metres_between
from logistics.planning.flows import carry, costs_of, settle
from logistics.planning.reaching import Roads, areas_of, warehouse_reaches
from logistics.planning.rules import PostChoice, Shelf, Take, Want
from logistics.planning.scheduling import Crowd, bottleneck

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """Posts that want more of an item than lies in whole steps in the warehouses that can bring it there."""

    item_id: UUID
    post_ids: tuple[UUID, ...]
    warehouse_ids: tuple[UUID, ...]
    need_milli: Milli
    hold_milli: Milli

    @property
    def short_milli(self) -> Milli:
        return Milli(self.need_milli - self.hold_milli)


class NotOnShelves(ValueError):
    """Nothing was taken; ``unreached`` proves of every item concerned that it cannot all be brought."""

    def __init__(self, unreached: tuple[Unreached, ...]) -> None:
        super().__init__(f"{len(unreached)} items cannot be brought to where they are wanted")
        self.unreached = unreached


def take_from_shelves(
    wants: Sequence[Want],
    shelves: Sequence[Shelf],
    posts: Sequence[PostChoice],
    roads: Roads | None = None,
    steps: Mapping[UUID, int] | None = None,
) -> tuple[Take, ...]:
    """Choose the warehouses of every want, so that all goods together travel the fewest metres; all of it or nothing.

    ``steps`` are the items' issue steps in thousandths: nothing smaller leaves a shelf. A post's first days are served
    from its nearest warehouse. Of several best choices, the one that gives the first post (by code) the most from the
    first warehouse (by code), and so on: the order of what is handed in says nothing. Raises: NotOnShelves.
    """
    posts = sorted(posts, key=lambda post: (post.code, str(post.post_id)))
    row = {post.post_id: at for at, post in enumerate(posts)}
    houses = sorted({one.place_id: one for one in shelves}.values(), key=lambda one: (one.code, str(one.place_id)))
    column = {one.place_id: at for at, one in enumerate(houses)}
    metres = _metres(posts, houses, roads or Roads())
    by_item: dict[UUID, list[Want]] = {}
    for want in sorted(wants, key=lambda want: (want.serve_on, row[want.post_id], str(want.item_id))):
        if want.quantity_milli > 0:
            by_item.setdefault(want.item_id, []).append(want)
    free = {item_id: np.zeros(len(houses), dtype=np.int64) for item_id in by_item}
    for shelf in shelves:
        if shelf.item_id in free:
            free[shelf.item_id][column[shelf.place_id]] += max(0, shelf.free_milli)
    takes: list[Take] = []
    unreached = []
    for item_id, mine in by_item.items():
        step = gcd((steps or {}).get(item_id, 1), *(int(want.quantity_milli) for want in mine))
        wanted = np.zeros(len(posts), dtype=np.int64)
        np.add.at(wanted, [row[want.post_id] for want in mine], [want.quantity_milli // step for want in mine])
        crowd = Crowd(demand=wanted, metres=metres, places=free[item_id] // step)
        proof = bottleneck(crowd)
        if proof is not None:
            unreached.append(
                Unreached(
                    item_id=item_id, post_ids=tuple(posts[at].post_id for at in proof.groups),
                    warehouse_ids=tuple(houses[at].place_id for at in proof.posts),
                    need_milli=Milli(proof.need * step), hold_milli=Milli(proof.hold * step),
                )
            )  # fmt: skip
            continue
        sent = settle(carry(wanted, costs_of(metres), crowd.places))
        takes.extend(_by_day(mine, row, houses, metres, sent * step))
    if unreached:
        raise NotOnShelves(tuple(unreached))
    takes.sort(key=lambda take: (take.serve_on, row[take.post_id], str(take.item_id), column[take.place_id]))
    return tuple(takes)


def _by_day(
    wants: Sequence[Want], row: Mapping[UUID, int], houses: Sequence[Shelf], metres: Ints, sent: Ints
) -> list[Take]:  # fmt: skip
    """Share what each post is sent of one item among its days, the nearest warehouse's first."""
    left = sent.copy()
    takes = []
    for want in wants:
        at, still = row[want.post_id], int(want.quantity_milli)
        for house in np.argsort(metres[at], kind="stable").tolist():
            amount = min(still, int(left[at, house]))
            if amount:
                left[at, house] -= amount
                still -= amount
                takes.append(
                    Take(
                        place_id=houses[house].place_id, post_id=want.post_id, serve_on=want.serve_on,
                        item_id=want.item_id, quantity_milli=Milli(amount),
                    )
                )  # fmt: skip
    return takes


def _metres(posts: Sequence[PostChoice], houses: Sequence[Shelf], roads: Roads) -> Ints:
    """Give the metres from every warehouse to every post, -1 where its way is closed. Shape: (posts, warehouses)."""
    area = areas_of(roads, [post.village_code for post in posts])
    detour = np.array([roads.detour_permille, *(one.detour_permille for one in roads.areas)], dtype=np.int64)
    there, here = _degrees(posts), _degrees(houses)
    straight = metres_between(there[:, 0], there[:, 1], here[:, 0], here[:, 1])
    metres = np.where(straight < UNKNOWN_M, np.minimum(straight * detour[area][:, None] // 1000, UNKNOWN_M), UNKNOWN_M)
    return np.where(warehouse_reaches(roads, [one.place_id for one in houses])[:, area].T, metres, -1)


def _degrees(places: Sequence[PostChoice] | Sequence[Shelf]) -> npt.NDArray[np.float64]:
    """Shape: (places, 2); NaN where unknown."""
    nowhere = float("nan")
    return np.array(
        [(nowhere if one.lon_deg is None else one.lon_deg, nowhere if one.lat_deg is None else one.lat_deg)
         for one in places], dtype=np.float64,
    ).reshape(-1, 2)  # fmt: skip
