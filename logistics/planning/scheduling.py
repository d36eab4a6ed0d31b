"""Which group is served at which post, when every post serves only so many.

Groups of households (who stand together and have the same posts within reach) are spread over the posts by a min-cost
flow: everybody has a place, and all together walk as little as possible. Where that cannot be, the proof is exact:
these groups can use only these posts, need so many places, hold so many. Pure: whole households, whole metres.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logistics.planning.flows import NEVER, Carried, carry, carry_on, costs_of, settle

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
    """Groups that can use only these posts, which hold less than they need: so not everybody can have a place."""

    groups: tuple[int, ...]
    posts: tuple[int, ...]
    need: int
    hold: int

    @property
    def short(self) -> int:
        return self.need - self.hold


class Step(enum.StrEnum):
    """What could be done where not everybody has a place."""

    MORE_PLACES = "more_places"
    ANOTHER_DAY = "another_day"
    ANOTHER_POST = "another_post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One single step, and what it brings: worked out by placing everybody again."""

    step: Step
    post: int
    group: int | None
    """Who is brought to a post out of its reach; None where the post gets more places."""
    places: int
    """What the post gets more, or how many of the group can be brought."""
    helps: int
    """So many more households have a place, of all groups."""
    still_short: int

    @property
    def is_enough(self) -> bool:
        return not self.still_short


class NoRoom(ValueError):
    """Not everybody has a place; ``bottleneck`` proves it."""

    def __init__(self, bottleneck: Bottleneck) -> None:
        super().__init__(f"{bottleneck.need} want a place where there are {bottleneck.hold}")
        self.bottleneck = bottleneck


def spread(crowd: Crowd) -> Ints:
    """Give everybody a place so that all together walk the fewest metres. Shape: (groups, posts).

    Of several such answers the one that puts most of the first group at the first post, then at the second, and so on.
    Raises: NoRoom.
    """
    found = bottleneck(crowd)
    if found is not None:
        raise NoRoom(found)
    return settle(carry(crowd.demand, costs_of(crowd.metres), crowd.places))


def bottleneck(crowd: Crowd) -> Bottleneck | None:
    """Say why not everybody has a place; None when everybody has.

    It is the smallest of the proofs that are short by the most: exactly so many can have no place, whatever is done.
    """
    return _bottleneck(crowd, _crammed(crowd))


def bottlenecks(crowd: Crowd) -> tuple[Bottleneck, ...]:
    """Take the proof apart into those that have nothing to do with each other, the shortest of places first.

    Each holds by itself, and together they are as short as ``bottleneck``.
    """
    whole = bottleneck(crowd)
    if whole is None:
        return ()
    groups, posts = np.array(whole.groups, dtype=np.int64), np.array(whole.posts, dtype=np.int64)
    found = []
    for part_groups, part_posts in _parts(crowd.metres[np.ix_(groups, posts)] >= 0):
        found.append(_proof(crowd, groups[part_groups], posts[part_posts]))
    return tuple(sorted(found, key=lambda one: (-one.short, one.groups)))


def _crammed(crowd: Crowd) -> Carried:
    """Carry them anywhere within reach, however far."""
    return carry(crowd.demand, np.where(crowd.metres < 0, NEVER, 0), crowd.places)


def _bottleneck(crowd: Crowd, carried: Carried) -> Bottleneck | None:
    """Read the proof from what is over: those who are there, or nowhere at all, can go nowhere else."""
    posts = carried.crowded()
    is_in = (crowd.demand > 0) & ((carried.amounts[:, posts].sum(axis=1) > 0) | ~(crowd.metres >= 0).any(axis=1))
    if not is_in.any():
        return None
    return _proof(crowd, np.flatnonzero(is_in), np.flatnonzero(posts))


def _proof(crowd: Crowd, groups: Ints, posts: Ints) -> Bottleneck:
    return Bottleneck(
        groups=tuple(groups.tolist()), posts=tuple(posts.tolist()),
        need=int(crowd.demand[groups].sum()), hold=int(crowd.places[posts].sum()),
    )  # fmt: skip


def _parts(ways: Bools) -> list[tuple[Ints, Ints]]:
    """Take groups and posts apart into those that hang together. Shape: ways (groups, posts)."""
    left = np.ones(len(ways), dtype=bool)
    parts = []
    for group in range(len(ways)):
        if not left[group]:
            continue
        posts: Bools = ways[group].copy()
        while True:
            groups: Bools = np.asarray(ways[:, posts].any(axis=1))
            groups[group] = True
            wider = np.asarray(ways[groups].any(axis=0))
            if (wider == posts).all():
                break
            posts = wider
        left &= ~groups
        parts.append((np.flatnonzero(groups), np.flatnonzero(posts)))
    return parts


def placed_by_rank(crowd: Crowd, group_of: Ints) -> Bools:
    """Tell who has a place when not everybody can: each in its turn, when all before it that have one still have one.

    ``group_of`` is the group of each household in the declared order; ``crowd.demand`` is not read. Exact: a household
    without a place has none in any answer that keeps those before it, and nobody of its group below it has one either.
    Shape: (households,).
    """
    groups, posts = crowd.metres.shape
    limit = np.zeros(groups, dtype=np.int64)
    order = np.argsort(group_of, kind="stable")
    sizes = np.bincount(group_of, minlength=groups).astype(np.int64)
    place = np.empty(len(group_of), dtype=np.int64)
    place[order] = np.arange(len(group_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    _fill(crowd, np.arange(groups), np.arange(posts), group_of, limit)
    return np.asarray(place < limit[group_of])


def _fill(crowd: Crowd, groups: Ints, posts: Ints, group_of: Ints, limit: Ints) -> None:
    """Say how many of each group have a place, for groups and posts that nobody else shares with them.

    ``group_of`` is the list of these groups' members. What cannot all be placed hangs together in parts; the first of a
    part, as many as it holds, either fit, or are short of places themselves at fewer posts. Those are full for ever
    then: what remains is asked without them.
    """
    sizes = np.bincount(group_of, minlength=len(crowd.metres)).astype(np.int64)
    inner = Crowd(demand=sizes[groups], metres=crowd.metres[np.ix_(groups, posts)], places=crowd.places[posts])
    proofs = bottlenecks(inner)
    limit[groups] = inner.demand
    for proof in proofs:
        mine, theirs = groups[list(proof.groups)], posts[list(proof.posts)]
        limit[mine] = 0
        if not proof.hold:
            continue
        members = group_of[np.isin(group_of, mine)]
        head = members[: proof.hold]
        sizes = np.bincount(head, minlength=len(crowd.metres)).astype(np.int64)
        part = Crowd(demand=sizes[mine], metres=crowd.metres[np.ix_(mine, theirs)], places=crowd.places[theirs])
        tight = bottlenecks(part)
        if not tight:
            limit[mine] = part.demand
            continue
        is_full = np.zeros(len(theirs), dtype=bool)
        for one in tight:
            is_full[list(one.posts)] = True
            short = mine[list(one.groups)]
            few = head[np.isin(head, short)]
            _fill(crowd, short, theirs[list(one.posts)], few, limit)
        is_open: Bools = np.asarray((part.metres[:, ~is_full] >= 0).any(axis=1))
        for one in tight:
            is_open[list(one.groups)] = False
        rest = mine[is_open]
        if len(rest):
            _fill(crowd, rest, theirs[~is_full], members[np.isin(members, rest)], limit)


def fewest_places(crowd: Crowd) -> Ints:
    """Give the fewest places that have to be added in all, and where: so that all walk as little as possible with them.

    They are as many as the bottleneck is short, but for groups that no post is within reach of. Shape: (posts,).
    """
    return carry(crowd.demand, costs_of(crowd.metres), crowd.places).over


def relaxations(
    crowd: Crowd, *, day_places: Ints | None = None, far_metres: Ints | None = None, tries: int = 24
) -> tuple[Relaxation, ...]:  # fmt: skip
    """Give the single steps that bring anybody a place, those that are enough first, then those that help most.

    Every post of the bottleneck with more places, or with another day (``day_places``: what each post would have on one
    more day, 0 where it serves on all), and the ``tries`` most promising groups brought to a post out of their reach,
    the nearest first where ``far_metres`` says how far it would be. Shapes: (posts,), (groups, posts). () where
    everybody has a place.
    """
    carried = _crammed(crowd)
    proof = _bottleneck(crowd, carried)
    if proof is None:
        return ()
    wanted = fewest_places(crowd)
    found: list[tuple[int, Relaxation]] = []
    for post in proof.posts:
        places = crowd.places.copy()
        places[post] += proof.short
        helps = _relief(carried, carry_on(carried, places=places))
        found.append((-int(wanted[post]), _step(proof, Step.MORE_PLACES, post, helps, helps)))
        day = 0 if day_places is None else int(day_places[post])
        if day:
            found.append((-int(wanted[post]), _step(proof, Step.ANOTHER_DAY, post, day, min(day, helps))))
    for group, post in _far_pairs(crowd, carried, proof, far_metres)[:tries]:
        there = _brought(crowd, carried, group, post)
        helps = _relief(carried, there) + int(carried.amounts[group].sum() == 0) * int(crowd.demand[group])
        if helps > 0:
            moved = int(there.amounts[group, post])
            far = 0 if far_metres is None else int(far_metres[group, post])
            found.append((far, _step(proof, Step.ANOTHER_POST, post, moved, helps, group)))
    order = list(Step)
    found.sort(
        key=lambda one: (
            one[1].still_short > 0, -one[1].helps, order.index(one[1].step), one[0], one[1].places, one[1].post,
            -1 if one[1].group is None else one[1].group,
        )
    )  # fmt: skip
    return tuple(one for _, one in found)


def _step(
    proof: Bottleneck, step: Step, post: int, places: int, helps: int, group: int | None = None
) -> Relaxation:  # fmt: skip
    return Relaxation(
        step=step, post=post, group=group, places=places, helps=helps, still_short=proof.short - helps
    )  # fmt: skip


def _relief(before: Carried, after: Carried) -> int:
    return int(before.over.sum() - after.over.sum())


def _brought(crowd: Crowd, carried: Carried, group: int, post: int) -> Carried:
    """Place everybody again when a group can use a post out of its reach too."""
    costs = carried.costs.copy()
    costs[group, post] = 0
    amounts = carried.amounts.copy()
    if not amounts[group].any():
        amounts[group, post] = crowd.demand[group]
    return carry_on(Carried(costs=costs, places=carried.places, amounts=amounts))


def _far_pairs(
    crowd: Crowd, carried: Carried, proof: Bottleneck, far_metres: Ints | None
) -> list[tuple[int, int]]:  # fmt: skip
    """Pair groups of the bottleneck with posts outside it, those first that could help most, then the nearest."""
    is_in = np.zeros(len(crowd.places), dtype=bool)
    is_in[list(proof.posts)] = True
    outside = np.flatnonzero(~is_in)
    room = np.zeros(len(crowd.places), dtype=np.int64)
    nobody, nowhere = np.zeros((1, len(is_in)), dtype=np.int64), np.full((1, len(is_in)), NEVER, dtype=np.int64)
    for post in outside.tolist():
        # As many as it could take over, when others make room there by way of further posts.
        more, ways = nobody.copy(), nowhere.copy()
        more[0, post], ways[0, post] = proof.short, 0
        pressed = Carried(
            costs=np.vstack([carried.costs, ways]), places=crowd.places, amounts=np.vstack([carried.amounts, more])
        )
        room[post] = proof.short + _relief(pressed, carry_on(pressed)) - _relief(pressed, carried)
    groups = np.array(proof.groups, dtype=np.int64)
    most = np.minimum(np.minimum(crowd.demand[groups][:, None], room[outside][None, :]), proof.short)
    far = np.zeros(most.shape, dtype=np.int64) if far_metres is None else far_metres[np.ix_(groups, outside)]
    rows, columns = np.nonzero((most > 0) & (far >= 0))
    order = np.lexsort((outside[columns], groups[rows], far[rows, columns], -most[rows, columns]))
    return [(int(groups[rows[at]]), int(outside[columns[at]])) for at in order.tolist()]
