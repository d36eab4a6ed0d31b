"""How good and how fast the week's plan is: the product's ways beside the ways one would write first.

    python -m bench.plan [--seed 1] [--households 50000] [--many 200000] [--proof-seconds 60]

One made-up regency (``bench.plan_world``), the same for everybody: who gets whole packages by the exact walk, by the
nearest shelf first, by a linear programme rounded, and by the tier-lexicographic integer programme, proved; then the
same plan four times as large, a what-if, and a week's schedule with enough places and with too few. Asserted: the walk
overtakes nobody; packages, reservations and villages have the same totals; every certificate adds up; the least walk is
the solver's. Compare ratios within one run; "cpu" is the processor's own time, for a machine that others use meanwhile.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar
from uuid import UUID

import highspy
import numpy as np
import numpy.typing as npt

from bench.plan_world import WEEK, Ints, Lists, a_regency, lists_of
from core.measures import Milli
from logistics.planning.allocation import allocate, closed_sets
from logistics.planning.distances import metres_between
from logistics.planning.optimum import optimum, overtaken
from logistics.planning.placing import place
from logistics.planning.priority import order_of
from logistics.planning.proposing import PlanInputs, Proposal, propose, walk_list
from logistics.planning.reaching import OUT_OF_REACH, Standing, post_metres
from logistics.planning.rules import PostChoice, Take, Want
from logistics.planning.scheduling import (
    Crowd,
    bottleneck,
    bottlenecks,
    fewest_places,
    placed_by_rank,
    relaxations,
    spread,
)
from logistics.planning.shelves import NotOnShelves, take_from_shelves

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Spent:
    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:8.2f} s {self.cpu:8.2f} s"


def timed(act: Callable[[], Result], times: int = 1) -> tuple[Result, Spent]:
    """Do it, and give the best of so many times."""
    wall = cpu = float("inf")
    for _ in range(times):
        began, worked = time.perf_counter(), time.process_time()
        result = act()
        wall, cpu = min(wall, time.perf_counter() - began), min(cpu, time.process_time() - worked)
    return result, Spent(wall, cpu)


# ---------------------------------------------------------------- who gets what


def nearest_shelf_first(inputs: PlanInputs, lists: Lists) -> Ints:
    """Give each household in its turn its whole package from the nearest shelves; shape (households, items)."""
    queue = lists.queue
    houses = sorted({one.place_id: one for one in inputs.shelves}.values(), key=lambda one: str(one.place_id))
    at = np.array([(one.lon_deg, one.lat_deg) for one in houses], dtype=np.float64)
    metres = metres_between(lists.where[:, 0], lists.where[:, 1], at[:, 0], at[:, 1])
    near = np.argsort(np.where(lists.stock.reaches.T[queue.reach], metres, 1 << 40), axis=1, kind="stable").tolist()
    ways = lists.stock.reaches.sum(axis=0)[queue.reach].tolist()
    left = [[int(one) for one in row] for row in lists.stock.free_milli]
    needs = [[(item, int(need)) for item, need in enumerate(row) if need] for row in queue.needs]
    given = np.zeros((len(queue), queue.needs.shape[1]), dtype=np.int64)
    for household, pattern in enumerate(queue.pattern.tolist()):
        taken = []
        for item, need in needs[pattern]:
            # One shelf for one line, as a person fills a form.
            house = next((one for one in near[household][: ways[household]] if left[one][item] >= need), None)
            if house is None:
                break
            left[house][item] -= need
            taken.append((house, item, need))
        else:
            given[household] = queue.needs[pattern]
            continue
        for house, item, need in taken:
            left[house][item] += need
    return given


def whole_packages_first(lists: Lists) -> Ints:
    """Go down the list twice: whoever can have its whole package, then parts for the others; shape as above."""
    queue = lists.queue
    sets = closed_sets(lists.stock.reaches)
    left = lists.stock.limits(sets)
    mine = [np.flatnonzero(sets[:, at]) for at in range(sets.shape[1])]
    needs = queue.needs[queue.pattern]
    given = np.zeros_like(needs)
    for household, reach in enumerate(queue.reach.tolist()):
        if (needs[household] <= left[mine[reach]]).all():
            left[mine[reach]] -= needs[household]
            given[household] = needs[household]
    for household in np.flatnonzero(~given.any(axis=1)).tolist():
        within = mine[queue.reach[household]]
        part = np.where((needs[household] <= left[within]).all(axis=0), needs[household], 0)
        left[within] -= part
        given[household] = part
    return given


def rounded_programme(lists: Lists) -> Ints:
    """Solve the linear programme of kinds, heavier tiers worth more, round down and fill up by rank."""
    queue, stock = lists.queue, lists.stock
    sets = closed_sets(stock.reaches)
    limits = stock.limits(sets)
    rows = np.column_stack([lists.tier, queue.reach, queue.pattern, lists.persons])
    kinds, of, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    of = of.reshape(-1)
    use = (sets[:, kinds[:, 1]][:, None, :] * queue.needs[kinds[:, 2]].T[None]).reshape(-1, len(kinds)) / 1000.0
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(kinds), len(use)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = kinds[:, 3] * 1000.0 ** (kinds[:, 0].max() - kinds[:, 0])
    model.col_lower_, model.col_upper_ = np.zeros(len(kinds)), count.astype(np.float64)
    model.row_lower_ = np.full(len(use), -highspy.kHighsInf)
    model.row_upper_ = limits.ravel() / 1000.0
    where, columns = np.nonzero(use)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.searchsorted(where, np.arange(len(use) + 1)).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = columns.astype(np.int32), use[where, columns]
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    whole = np.floor(np.array(solver.getSolution().col_value) + 1e-6).astype(np.int64)
    order = np.argsort(of, kind="stable")
    turn = np.empty(len(of), dtype=np.int64)
    turn[order] = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    chosen = turn < whole[of]
    needs = queue.needs[queue.pattern]
    by_class = np.zeros((sets.shape[1], needs.shape[1]), dtype=np.int64)
    np.add.at(by_class, queue.reach[chosen], needs[chosen])
    left = limits - sets.astype(np.int64) @ by_class
    mine = [np.flatnonzero(sets[:, at]) for at in range(sets.shape[1])]
    for household in np.flatnonzero(~chosen).tolist():
        within = mine[queue.reach[household]]
        if (needs[household] <= left[within]).all():
            left[within] -= needs[household]
            chosen[household] = True
    return np.where(chosen[:, None], needs, 0)


def allocation(inputs: PlanInputs, proof_seconds: float) -> None:
    lists = lists_of(inputs)
    needs = lists.queue.needs[lists.queue.pattern]
    order = np.arange(len(lists.queue))
    print(f"\nWho gets what: {len(order):,} households, {lists.persons.sum():,} persons")
    print(f"{'':<44}{'persons':>9}{'house-':>9}{'over-':>9}{'loses':>9}{'gets a':>9}{'wall':>12}{'cpu':>11}")
    print(f"{'':<44}{'whole':>9}{'holds':>9}{'taken':>9}{'a line':>9}{'part':>9}")

    def row(name: str, given: Ints, spent: Spent) -> tuple[int, int]:
        whole = (given >= needs).all(axis=1)
        part = int((given.any(axis=1) & ~whole).sum())
        passed, lost = overtaken(lists.queue, lists.stock, given, order).sum(), lines_lost(lists, given).sum()
        persons = int(lists.persons[whole].sum())
        print(f"{name:<44}{persons:>9,}{whole.sum():>9,}{passed:>9,}{lost:>9,}{part:>9,}{spent}", flush=True)
        return int(passed), int(lost)

    walked, spent = timed(lambda: allocate(lists.queue, lists.stock), 3)
    assert row("exact walk down the list", walked.given_milli, spent) == (0, 0)
    given, spent = timed(lambda: whole_packages_first(lists))
    row("exact, whole packages first, parts after", given, spent)
    given, spent = timed(lambda: nearest_shelf_first(inputs, lists))
    row("greedy, nearest shelf first", given, spent)
    given, spent = timed(lambda: rounded_programme(lists))
    row("linear programme, rounded", given, spent)
    for said, tier in (("severity", lists.tier), ("three criteria", lists.answers)):
        best, spent = timed(
            lambda tier=tier: optimum(walked, lists.stock, persons=lists.persons, tier=tier, seconds=proof_seconds)  # type: ignore[misc]
        )
        name = f"integer programme, tiers: {said}" + ("" if best.is_proved else " *")
        told = f"{name:<44}{best.tier_persons:>9,}{best.tier_households:>9,}{best.overtaken:>9,}{'':>9}{0:>9,}{spent}"
        print(f"{told}  the walk has {best.strict_persons / best.tier_persons:.2%} of it", flush=True)
    print(f"{'no order at all, proved bound':<44}{best.most_persons:>9,}     (* out of time, not proved)")


def lines_lost(lists: Lists, given: Ints) -> npt.NDArray[np.bool_]:
    """Mark whoever lacks a line that was there at its turn and has gone to somebody after it. Shape: (households,)."""
    queue, stock = lists.queue, lists.stock
    found = np.zeros(len(queue), dtype=bool)
    for item in range(queue.needs.shape[1]):
        found |= overtaken(
            replace(queue, needs=queue.needs[:, [item]]), replace(stock, free_milli=stock.free_milli[:, [item]]),
            given[:, [item]], np.arange(len(queue)),
        )  # fmt: skip
    return found


# ---------------------------------------------------------------- the whole plan


def wants_of(found: Proposal) -> tuple[Want, ...]:
    sums: Counter[tuple[UUID, date, UUID]] = Counter()
    for row in found.rows:
        if row.post is not None and row.serve_on is not None:
            for item in row.given:
                sums[row.post.post_id, row.serve_on, item.item_id] += item.quantity_milli
    return tuple(
        Want(post_id=post, serve_on=day, item_id=item, quantity_milli=Milli(milli))
        for (post, day, item), milli in sums.items()
    )  # fmt: skip


def check_totals(found: Proposal, takes: tuple[Take, ...], inputs: PlanInputs) -> None:
    """Totals of packages, of what leaves the shelves and of the villages' tables are the same."""
    packages: Counter[UUID] = Counter()
    villages: Counter[tuple[str, UUID]] = Counter()
    for row in found.rows:
        for item in row.given:
            packages[item.item_id] += item.quantity_milli
            villages[row.household.village_code, item.item_id] += item.quantity_milli
    leaves: Counter[UUID] = Counter()
    shelves: Counter[tuple[UUID, UUID]] = Counter()
    for take in takes:
        leaves[take.item_id] += take.quantity_milli
        shelves[take.place_id, take.item_id] += take.quantity_milli
    by_item: Counter[UUID] = Counter()
    for (_, item_id), milli in villages.items():
        by_item[item_id] += milli
    assert packages == leaves == by_item
    assert all(shelves[one.place_id, one.item_id] <= one.free_milli for one in inputs.shelves)


def greedy_takes(wants: tuple[Want, ...], inputs: PlanInputs) -> int:
    """Take post after post from the nearest shelf that reaches it; give how many units are left short."""
    one_by_one = sorted(wants, key=lambda want: (want.serve_on, str(want.post_id), str(want.item_id)))
    left = {(one.place_id, one.item_id): int(one.free_milli) for one in inputs.shelves}
    where = {one.place_id: (one.lon_deg or 0, one.lat_deg or 0) for one in inputs.shelves}
    posts = {one.post_id: one for one in inputs.posts}
    areas = {code: area.id for area in inputs.roads.areas for code in area.village_codes}
    closed = {(one.warehouse_id, one.area_id) for one in inputs.roads.closed}
    short = 0
    for want in one_by_one:
        post = posts[want.post_id]
        area = areas.get(post.village_code or "")
        open_houses = [house for house in where if (house, area) not in closed]
        open_houses.sort(
            key=lambda house: (
                (where[house][0] - (post.lon_deg or 0)) ** 2 + (where[house][1] - (post.lat_deg or 0)) ** 2
            )
        )
        still = int(want.quantity_milli)
        for house in open_houses:
            part = min(still, left[house, want.item_id])
            left[house, want.item_id] -= part
            still -= part
        short += still
    return short // 1000


def whole_plan(inputs: PlanInputs, times: int) -> None:
    print(f"\nThe whole plan, {len(inputs.households):,} households")
    walk, spent = timed(lambda: walk_list(inputs), times)
    assert walk.found is not None
    assert not overtaken(walk.queue, walk.stock, walk.found.given_milli, walk.found.order).any()
    print(f"{'packages, ranks, largest floor, walk, parts':<60}{spent}")
    found, spent = timed(lambda: propose(inputs), times)
    print(f"{'all of it, with places, days and reasons':<60}{spent}", flush=True)
    wants = wants_of(found)
    try:
        takes, spent = timed(
            lambda: take_from_shelves(wants, inputs.shelves, inputs.posts, inputs.roads, steps_of(inputs)), times
        )
        print(f"{f'shelves for {len(wants):,} wants, {len(takes):,} takes':<60}{spent}")
        check_totals(found, takes, inputs)
    except NotOnShelves as told:
        print(f"  not all can be brought: {told.unreached}")
    short, spent = timed(lambda: greedy_takes(wants, inputs))
    print(f"{f'  greedy, post after post: {short:,} units short':<60}{spent}")
    more = replace(
        inputs, shelves=tuple(replace(one, free_milli=Milli(one.free_milli * 11 // 10)) for one in inputs.shelves)
    )
    again, spent = timed(lambda: walk_list(more), times)
    assert again.found is not None
    assert (again.found.given_milli >= walk.found.given_milli).all(), "more stock took something from somebody"
    print(f"{'what if there were a tenth more: who gets what':<60}{spent}")
    _, spent = timed(lambda: propose(more), times)
    print(f"{'what if there were a tenth more: all of it':<60}{spent}", flush=True)


def steps_of(inputs: PlanInputs) -> dict[UUID, int]:
    return {line.item_id: int(line.round_step_milli) for line in inputs.lines}


# ---------------------------------------------------------------- the schedule


def crowd_of(inputs: PlanInputs, days: int = len(WEEK)) -> tuple[Crowd, Ints]:
    """Give the villages as groups, and the group of each household in the declared order."""
    people = sorted(inputs.households, key=lambda one: order_of(inputs.rule, one))
    row = {one.village_code: at for at, one in enumerate(inputs.points)}
    group_of = np.array([row[one.stands_in] for one in people], dtype=np.int64)
    standing = [
        Standing(village_code=one.village_code, lon_deg=one.lon_deg, lat_deg=one.lat_deg) for one in inputs.points
    ]
    crowd = Crowd(
        demand=np.bincount(group_of, minlength=len(row)).astype(np.int64),
        metres=post_metres(inputs.roads, standing, inputs.posts),
        places=np.array([one.capacity_per_day * days for one in inputs.posts], dtype=np.int64),
    )
    return crowd, group_of


def within(crowd: Crowd, metres: int) -> Crowd:
    """Let nobody walk farther than so many metres, but for whoever has only one post."""
    near = np.where(crowd.metres < 0, 1 << 40, crowd.metres)
    too_far = (near > metres) & (near > near.min(axis=1)[:, None])
    return replace(crowd, metres=np.where(too_far, OUT_OF_REACH, crowd.metres))


def nearest_post_first(crowd: Crowd, group_of: Ints) -> tuple[int, int]:
    """Put each household in its turn at its nearest post that has a place; give who has none, and the metres."""
    far = np.where(crowd.metres < 0, 1 << 40, crowd.metres)
    near, ways = np.argsort(far, axis=1, kind="stable").tolist(), (crowd.metres >= 0).sum(axis=1).tolist()
    left, metres, without = crowd.places.tolist(), 0, 0
    for group in group_of.tolist():
        post = next((one for one in near[group][: ways[group]] if left[one] > 0), None)
        if post is None:
            without += 1
        else:
            left[post] -= 1
            metres += int(crowd.metres[group, post])
    return without, metres


def least_walk(crowd: Crowd) -> int:
    """Ask HiGHS for the fewest metres."""
    groups, posts = np.nonzero(crowd.metres >= 0)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(groups), len(crowd.demand) + len(crowd.places)
    model.col_cost_ = crowd.metres[groups, posts].astype(np.float64)
    model.col_lower_, model.col_upper_ = np.zeros(len(groups)), np.full(len(groups), highspy.kHighsInf)
    model.row_lower_ = np.r_[crowd.demand.astype(np.float64), np.full(len(crowd.places), -highspy.kHighsInf)]
    model.row_upper_ = np.r_[crowd.demand, crowd.places].astype(np.float64)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 2 * len(groups) + 1, 2, dtype=np.int32)
    model.a_matrix_.index_ = np.column_stack([groups, len(crowd.demand) + posts]).ravel().astype(np.int32)
    model.a_matrix_.value_ = np.ones(2 * len(groups))
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    return round(solver.getObjectiveValue())


def schedule(inputs: PlanInputs) -> None:
    crowd, group_of = crowd_of(inputs)
    crowd = within(crowd, 25_000)
    print(
        f"\nThe schedule: {len(crowd.demand)} villages, {len(crowd.places)} posts, 7 days, {len(group_of):,} households"
    )
    without, spent = timed(lambda: nearest_post_first(crowd, group_of))
    print(f"{f'greedy, nearest post first: {without[0]:,} without a place':<60}{spent}")
    enough = crowd
    proof = bottleneck(crowd)
    if proof is not None:
        # Exactly what is missing is added where people walk least; what no post reaches stays away.
        has_way = (crowd.metres >= 0).any(axis=1)
        enough = replace(
            crowd, demand=np.where(has_way, crowd.demand, 0), places=crowd.places + fewest_places(crowd)
        )  # fmt: skip
    amounts, spent = timed(lambda: spread(enough), 3)
    km = int((amounts * np.where(enough.metres < 0, 0, enough.metres)).sum())
    print(f"{f'enough places, least walk: 0 without, {km // 1000:,} km':<60}{spent}")
    solved, spent = timed(lambda: least_walk(enough))
    assert solved == km, "the solver walks another way"
    print(f"{'  the same by HiGHS, no tie rule':<60}{spent}")
    less = replace(enough, places=enough.places * 92 // 100)
    without, spent = timed(lambda: nearest_post_first(less, group_of))
    print(f"{f'too few places, greedy: {without[0]:,} without a place':<60}{spent}")
    proofs, spent = timed(lambda: bottlenecks(less), 3)
    print(f"{'too few places, certificate':<60}{spent}")
    for one in proofs:
        assert one.need == less.demand[list(one.groups)].sum()
        assert one.hold == less.places[list(one.posts)].sum()
        assert set(np.flatnonzero((less.metres[list(one.groups)] >= 0).any(axis=0)).tolist()) == set(one.posts)
        print(
            f"  {len(one.groups)} villages can use only {len(one.posts)} posts: need {one.need:,}, hold {one.hold:,}, "
            f"short {one.short:,}"
        )
    placed, spent = timed(lambda: placed_by_rank(less, group_of), 3)
    assert (~placed).sum() == sum(one.short for one in proofs)
    print(f"{f'who has a place, by rank: {(~placed).sum():,} without':<60}{spent}")
    days = np.array([one.capacity_per_day for one in inputs.posts], dtype=np.int64)
    steps, spent = timed(lambda: relaxations(less, day_places=days), 1)
    print(f"{f'single steps that help: {len(steps)}, enough: {sum(one.is_enough for one in steps)}':<60}{spent}")
    for step in steps[:3]:
        print(
            f"  {step.step}: post {step.post}, places {step.places:,}, helps {step.helps:,}, short {step.still_short:,}"
        )
    few: tuple[PostChoice, ...] = tuple(
        replace(one, capacity_per_day=max(1, one.capacity_per_day * 85 // 100)) for one in inputs.posts
    )
    people = sorted(inputs.households, key=lambda one: order_of(inputs.rule, one))
    found, spent = timed(lambda: place(people, few, inputs.serve_days, points=inputs.points, roads=inputs.roads))
    none = sum(one is None for one in found.places)
    print(f"{f'placing household by household, too few: {none:,} without':<60}{spent}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--households", type=int, default=50_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--proof-seconds", type=float, default=60.0)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {asked.seed}")
    inputs = a_regency(asked.seed, households=asked.households)
    allocation(inputs, asked.proof_seconds)
    whole_plan(inputs, 3)
    schedule(inputs)
    if asked.many:
        whole_plan(a_regency(asked.seed, households=asked.many), 1)


if __name__ == "__main__":
    main()
