"""Whoever can keep post, day and hour keeps them: a revision moves nobody without need.

The proposal says who is served with what; here only where and when is changed, within the same capacities. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import numpy as np
from msgspec import structs

from logistics.planning.differing import Ground, Spot, spot_of, why_not
from logistics.planning.distances import UNKNOWN_M
from logistics.planning.hours import nearest
from logistics.planning.proposing import PlanInputs, Proposal, Proposed
from logistics.planning.reaching import OUT_OF_REACH, Standing, post_metres
from logistics.planning.rules import ConfirmedHousehold, PostChoice

Key = tuple[UUID, date, str]
"""A post's day and hours."""


def steady(proposal: Proposal, inputs: PlanInputs, spots: Mapping[UUID, Spot], ground: Ground) -> Proposal:
    """Give whoever is served the place it had (``spots``, by beneficiary), where that is still open to it.

    Those without one have the place that was proposed, or the first that is left, the vulnerable first: at that post,
    else at the nearest with room. Where that leaves anybody without a place, everything stays as it was proposed:
    nobody loses a package for another's convenience.
    """
    room = _room(inputs)
    kept: dict[UUID, Spot] = {}
    others: list[Proposed] = []
    had = {
        row.household.beneficiary_id: _as_told(spots.get(row.household.beneficiary_id), inputs.posts)
        for row in proposal.rows if not row.waits
    }  # fmt: skip
    # Whoever can keep its very hours comes before those whose hours the post tells no more.
    for row in sorted(
        (row for row in proposal.rows if not row.waits),
        key=lambda row: had[row.household.beneficiary_id] != spots.get(row.household.beneficiary_id),
    ):
        spot = had[row.household.beneficiary_id]
        key = _key(spot) if spot is not None else None
        fits = key is not None and spot is not None and why_not(row.household.beneficiary_id, spot, ground) is None
        if spot is not None and key is not None and fits and room[key] > 0:
            room[key] -= 1
            kept[row.household.beneficiary_id] = spot
        else:
            others.append(row)
    found = _fill(sorted(others, key=lambda row: row.rank), inputs, room)
    if not kept or found is None:
        return proposal
    chosen = kept | found
    order = _places(chosen, proposal, inputs)
    by_id = {post.post_id: post for post in inputs.posts}
    metres = _metres([row.household for row in proposal.rows if not row.waits], inputs)
    rows = []
    for row in proposal.rows:
        spot = chosen.get(row.household.beneficiary_id)
        if spot is None or (spot == spot_of(row)):
            rows.append(row)
            continue
        ways = metres[row.household.beneficiary_id]
        nearest = min(ways, key=lambda post_id: (ways[post_id], by_id[post_id].code))
        far = ways.get(spot.post_id, UNKNOWN_M)
        rows.append(
            structs.replace(
                row, post=by_id[spot.post_id], serve_on=spot.serve_on, slot=_slot(by_id[spot.post_id], spot),
                metres=far if far < UNKNOWN_M else None,
                nearer=by_id[nearest] if ways[nearest] < far else None,
                place_in_post=order[row.household.beneficiary_id],
            )
        )  # fmt: skip
    return replace(proposal, rows=tuple(rows))


def _key(spot: Spot) -> Key:
    return spot.post_id, spot.serve_on, spot.hours


def _as_told(spot: Spot | None, posts: Sequence[PostChoice]) -> Spot | None:
    """Give the place with the hours that the post tells now: the same, else those that begin nearest to them."""
    post = next((one for one in posts if spot is not None and one.post_id == spot.post_id), None)
    if spot is None or post is None:
        return spot
    return replace(spot, hours=nearest(spot.hours, post.slots).hours if post.slots else "")


def _slot(post: PostChoice, spot: Spot) -> int | None:
    return next((at for at, one in enumerate(post.slots) if one.hours == spot.hours), None)


def _room(inputs: PlanInputs) -> Counter[Key]:
    """Count the free places of every post, day and hour; what a day serves already fills its first hours."""
    room: Counter[Key] = Counter()
    busy: Counter[tuple[UUID, date]] = Counter()
    for one in inputs.taken:
        busy[one.post_id, one.serve_on] += one.households
    for post in inputs.posts:
        for day in inputs.serve_days:
            if day in post.closed_on:
                continue
            left = busy[post.post_id, day]
            for hours, places in [(one.hours, one.households) for one in post.slots] or [("", post.capacity_per_day)]:
                gone = min(left, places)
                left -= gone
                room[post.post_id, day, hours] = places - gone
    return room


def _fill(others: Sequence[Proposed], inputs: PlanInputs, room: Counter[Key]) -> dict[UUID, Spot] | None:
    """Give those without a place of their own the proposed ones, else the first free; None where one finds none."""
    found: dict[UUID, Spot] = {}
    for row in others:
        spot = spot_of(row)
        if spot is not None and room[_key(spot)] > 0:
            room[_key(spot)] -= 1
            found[row.household.beneficiary_id] = spot
    others = [row for row in others if row.household.beneficiary_id not in found]
    free: dict[UUID, list[Key]] = defaultdict(list)
    for key in sorted((key for key, places in room.items() if places > 0), key=lambda key: (key[1], key[2])):
        free[key[0]].append(key)
    metres = _metres([one.household for one in others], inputs)
    code = {post.post_id: post.code for post in inputs.posts}
    for row in sorted(others, key=lambda row: (row.household.vulnerable == 0, row.rank)):
        assert row.post is not None
        ways = metres[row.household.beneficiary_id]
        near = sorted(ways, key=lambda post_id: (post_id != row.post.post_id, ways[post_id], code[post_id]))  # type: ignore[union-attr]
        post_id = next((one for one in near if free[one]), None)
        if post_id is None:
            return None
        key = free[post_id][0]
        room[key] -= 1
        if not room[key]:
            free[post_id].pop(0)
        found[row.household.beneficiary_id] = Spot(post_id=key[0], serve_on=key[1], hours=key[2])
    return found


def _metres(households: Sequence[ConfirmedHousehold], inputs: PlanInputs) -> dict[UUID, dict[UUID, int]]:
    """Give the metres to every post within reach of each household, by beneficiary and post."""
    if not households:
        return {}
    points = {one.village_code: one for one in inputs.points}
    standing = []
    for one in households:
        lon, lat = one.lon_deg, one.lat_deg
        if (lon is None or lat is None) and one.stands_in in points:
            lon, lat = points[one.stands_in].lon_deg, points[one.stands_in].lat_deg
        standing.append(Standing(village_code=one.stands_in, lon_deg=lon, lat_deg=lat))
    table = np.asarray(post_metres(inputs.roads, standing, inputs.posts))
    return {
        one.beneficiary_id: {
            post.post_id: int(far) for post, far in zip(inputs.posts, row, strict=True) if far != OUT_OF_REACH
        }
        for one, row in zip(households, table.tolist(), strict=True)
    }


def _places(chosen: Mapping[UUID, Spot], proposal: Proposal, inputs: PlanInputs) -> dict[UUID, int]:
    """Number everybody at their post: by day and hour, then by rank, after those that are served there already."""
    rank = {row.household.beneficiary_id: row.rank for row in proposal.rows}
    before: Counter[UUID] = Counter()
    for one in inputs.taken:
        before[one.post_id] += one.households
    place: dict[UUID, int] = {}
    for beneficiary, spot in sorted(chosen.items(), key=lambda pair: (pair[1].serve_on, pair[1].hours, rank[pair[0]])):
        before[spot.post_id] += 1
        place[beneficiary] = before[spot.post_id]
    return place
