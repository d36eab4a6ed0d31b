"""How far the taking over of a snapshot is, from what is kept of it anyway: nothing is written for whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.work import Tx
from registry_link.households.filling import parts_of
from registry_link.households.filling_numbers import NUMBERS_AT_ONCE
from registry_link.households.pieces import piece_counts
from registry_link.households.rows import Weighed
from registry_link.households.states import TakingStage
from registry_link.households.taking_over import (
    HEADS_AT_ONCE,
    SUSPECTS_AT_ONCE,
    WORDS_AT_ONCE,
    taking_of,
)


def percent_taken(tx: Tx, snapshot_id: UUID, counts: Weighed) -> int:
    """Tell how much of an approved snapshot is written, 99 at most until it is current; 0 while nothing is."""
    taking = taking_of(tx, snapshot_id)
    if taking is None or taking.stage is not TakingStage.FILLING:
        return 0
    step: int = taking.step
    return min(99, 100 * step // steps_of(piece_counts(tx, snapshot_id), taking, counts))


def steps_of(pieces: Sequence[tuple[int, int, int]], taking: Any, counts: Weighed) -> int:
    """Count the steps of ``taking_over.filling_of`` by what was compared, the last one included.

    Exact for the first snapshot of a source. For a later one nobody counted how many of its people are new: as large a
    part of them as of its households.
    """
    tells, first, last = taking.before_id is not None, int(taking.no), int(taking.last_no)
    homes, people = (sum(one[place] for one in pieces) for place in (1, 2))
    new_people = people * min(counts.new, homes) // homes if homes and tells else people
    after = [
        (counts.new + new_people, NUMBERS_AT_ONCE), (counts.suspected, SUSPECTS_AT_ONCE),
        (last - first + 1, HEADS_AT_ONCE),
    ]  # fmt: skip
    blocks = last // WORDS_AT_ONCE - first // WORDS_AT_ONCE + 1
    of_homes, of_people = sum(len(parts_of(one[1])) for one in pieces), sum(bool(one[2]) for one in pieces)
    # Parts in which nobody is new are left out.
    parts = min(of_homes, counts.new) + min(of_people, new_people) if tells else of_homes + of_people
    return parts + blocks + sum(-(-many // at_once) for many, at_once in after) + 1
