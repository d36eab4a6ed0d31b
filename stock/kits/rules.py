"""How many kits the shelves allow, and which batches go into which of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from core.measures import Milli
from stock.ledger.rules import Lot, picking_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """So many kits that hold exactly the same: they become one batch."""

    kits: int
    per_kit: Mapping[UUID, Milli]
    """Of each component's batch, in ONE kit."""


def makes(recipe: Mapping[UUID, Milli], free: Mapping[UUID, Milli]) -> dict[UUID, int]:
    """Tell, for each component, how many kits what is free of it would do for."""
    return {item_id: free.get(item_id, 0) // each for item_id, each in recipe.items()}


def segments(kits: int, recipe: Mapping[UUID, Milli], lots: Iterable[Lot]) -> tuple[Segment, ...]:
    """Fill so many kits one after the other, each component from the batch that goes first.

    A batch that runs out in the middle of a kit is topped up from the next one: that kit is a segment of its own.
    Segments come in the order in which the kits are filled. Raises: ValueError when a component does not suffice.
    """
    if kits < 1 or not recipe:
        raise ValueError("nothing to assemble")
    shelves: dict[UUID, list[Lot]] = defaultdict(list)
    for lot in sorted(lots, key=picking_order):
        if lot.free_milli > 0:
            shelves[lot.item_id].append(lot)
    cuts = {0, kits}
    for item_id, each in recipe.items():
        run_out = 0
        for lot in shelves[item_id]:
            run_out += lot.free_milli
            # The kit in which the batch runs out begins at the first cut and ends at the second (the same if none).
            cuts |= {run_out // each, -(-run_out // each)}
        if run_out < kits * each:
            raise ValueError(f"too little of {item_id}")
    edges = sorted(cut for cut in cuts if cut <= kits)
    return tuple(
        Segment(kits=last - first, per_kit=_content(first, recipe, shelves)) for first, last in pairwise(edges)
    )


def _content(number: int, recipe: Mapping[UUID, Milli], shelves: Mapping[UUID, Sequence[Lot]]) -> dict[UUID, Milli]:
    """Give what the kit of this number holds: each component's stretch of the batches laid end to end."""
    content: dict[UUID, Milli] = {}
    for item_id, each in recipe.items():
        begin, end, at = number * each, (number + 1) * each, 0
        for lot in shelves[item_id]:
            taken = min(end, at + lot.free_milli) - max(begin, at)
            if taken > 0:
                content[lot.batch_id] = Milli(taken)
            at += lot.free_milli
            if at >= end:
                break
    return content
