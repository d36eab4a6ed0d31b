"""Which group is served at which post, when every post serves only so many.

Groups of households (who stand together and have the same posts within reach) are spread over the posts by a min-cost
flow: everybody has a place, and all together walk as little as possible. Where that cannot be, the proof is exact: these
groups can use only these posts, need so many places, hold so many. Pure: whole households, whole metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who wants a place, and where there are some. Shapes: demand (groups,), metres (groups, posts), places (posts,).

    ``metres`` is -1 where a post is out of a group's reach; ``places`` are those of all open days together.
    """

    demand: Ints
    metres: Ints
    places: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """Groups that can use only these posts, which hold less than they need: the proof that not everybody has a place."""

    groups: tuple[int, ...]
    posts: tuple[int, ...]
    need: int
    hold: int

    @property
    def short(self) -> int:
        return self.need - self.hold
