"""Whose goods a reader may look at: pages and machines ask the same way."""

from __future__ import annotations

from core.errors import Forbidden, NotFound
from core.permissions import Reach
from core.work import Tx
from stock.places.queries import PlaceView


def sees_places(tx: Tx) -> Reach:
    """Give how far the actor sees stock place by place. Raises: Forbidden, also for who sees totals only."""
    reach = tx.require("stock.see")
    if reach.detail == "totals":
        raise Forbidden("permission.missing", action="stock.see")
    return reach


def need_one_of(reach: Reach, spots: tuple[PlaceView, ...], code: str) -> None:
    """Raises: NotFound with this code, as for what does not exist, when none of the places is within reach."""
    if not any(reach.has_place(one.id) or reach.has_place(one.parent_id) for one in spots):
        raise NotFound(code)
