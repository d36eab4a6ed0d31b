"""What a move on the board is judged by: both places, what is promised, which shelves reach, how far people go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.errors import Conflict, Refused
from core.measures import print_quantity
from core.work import Tx
from logistics.packages.cell_queries import CellPackage, cell_packages, goods_in
from logistics.packages.cells import Spot
from logistics.packages.queries import RoundView, round_by_id
from logistics.packages.states import PackageState, RoundState
from logistics.planning.commands import PURPOSE, group_key
from logistics.planning.groups import Choice, Group, Held, Walking, choose, refusals, walking
from logistics.planning.queries import shelves_of
from logistics.planning.reaching import Roads, Standing, areas_of, post_metres, warehouse_reaches
from logistics.planning.roads import roads_of
from logistics.planning.rules import PostChoice
from registry_link.households.queries import positions_of
from registry_link.matching.points import inner_points
from stock.items.queries import ItemView
from stock.places.queries import places
from stock.reservations.queries import reservations


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Where a household is now, that is not at home."""

    household_id: UUID
    village_code: str
    lon_deg: float | None
    lat_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGroup:
    """Households of one post and day, to another post, day or hours; ``posts`` are the open ones, as a plan takes them.

    ``seen`` is the fingerprint of the consequences that were shown; empty asks for no such check.
    """

    round_id: UUID
    from_spot: Spot
    to_spot: Spot
    posts: tuple[PostChoice, ...]
    choice: Choice = field(default_factory=Choice)
    to_hours: str = ""
    """``08:00-10:00``, as the new post tells them; empty: the first with room."""
    roads: Roads | None = None
    """What is known of the ways; None: as it is known on the new day."""
    away: tuple[Away, ...] = ()
    accepts_far: bool = False
    """Move also those to whose new post no way is known."""
    reason: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a move is judged by, read once."""

    the_round: RoundView
    cell: tuple[CellPackage, ...]
    there: tuple[CellPackage, ...]
    group: Group
    target: PostChoice | None
    taken: Mapping[str, int]
    """Households that stay or stand at the new place, by the hours they were promised."""
    wanted: tuple[str | None, ...]
    problems: tuple[Refused, ...]


def read_ground(tx: Tx, order: MoveGroup, choice: Choice, only: Mapping[UUID, str] | None = None) -> Ground:
    """Read both places and say what forbids the move; ``only`` names the packages and the hours they go back to."""
    the_round = round_by_id(tx, order.round_id)
    cell = cell_packages(tx, order.round_id, order.from_spot.post_id, order.from_spot.serve_on)
    is_same = order.from_spot == order.to_spot
    there = cell if is_same else cell_packages(tx, order.round_id, order.to_spot.post_id, order.to_spot.serve_on)
    group = choose([one for one in cell if only is None or one.id in only], choice)
    going = {one.id for one in group.going}
    taken = Counter(one.hours for one in there if one.id not in going)
    target = next((one for one in order.posts if one.post_id == order.to_spot.post_id), None)
    wanted = tuple((order.to_hours or None) if only is None else only[one.id] for one in group.going)
    problems: list[Refused] = []
    if the_round.state not in (RoundState.PLANNED, RoundState.APPROVED):
        problems.append(Conflict("board.round_over"))
    problems += refusals(
        group=group, target=target, serve_on=order.to_spot.serve_on, week=the_round.week.each(), today=tx.today,
        taken=taken, wanted=wanted, is_same_spot=is_same and only is None,
        goes_back=only is not None,
    )  # fmt: skip
    if not is_same and part_has_left(tx, order, cell, group):
        problems.append(Conflict("board.part_has_left"))
    return Ground(
        the_round=the_round, cell=cell, there=there, group=group, target=target, taken=taken, wanted=wanted,
        problems=tuple(problems),
    )  # fmt: skip


def reserved_ids(packages: Sequence[CellPackage]) -> list[UUID]:
    """Give those whose goods are reserved."""
    return [one.id for one in packages if one.state is PackageState.RESERVED]


def held_for(tx: Tx, round_id: UUID, spot: Spot) -> tuple[tuple[Held, ...], dict[UUID, str]]:
    """Give what is promised to a post's day, and the names of the warehouses that keep it."""
    rows = reservations(
        tx, purpose=PURPOSE, purpose_id=round_id, group_key=group_key(spot.post_id, spot.serve_on)
    )  # fmt: skip
    return (
        tuple(
            Held(
                place_id=one.place.id, item_id=one.batch.item.id, quantity_milli=int(one.quantity_milli),
                expires_on=one.batch.expires_on, id=one.id,
            )
            for one in rows
        ),
        {one.place.id: one.place.name for one in rows},
    )  # fmt: skip


def part_has_left(tx: Tx, order: MoveGroup, cell: Sequence[CellPackage], group: Group) -> bool:
    """Tell whether less is promised to the group's post and day than its reserved packages hold: a lorry has left."""
    if not reserved_ids(group.going):
        return False
    due = goods_in(tx, reserved_ids(cell))
    held: Counter[UUID] = Counter()
    for one in held_for(tx, order.round_id, order.from_spot)[0]:
        held[one.item_id] += one.quantity_milli
    return any(held[item_id] < quantity for item_id, quantity in due.items())


def shelves_reaching(
    tx: Tx, order: MoveGroup, found: Ground, need: Mapping[UUID, int], back: Mapping[tuple[UUID, UUID], int]
) -> tuple[dict[tuple[UUID, UUID], int], dict[UUID, str], dict[UUID, str]]:
    """Give what the warehouses that reach the new post can give, with ``back``; and their codes and names."""
    shelves = shelves_of(tx, sorted(need), order.to_spot.serve_on, found.the_round.released)
    free = {(one.place_id, one.item_id): int(one.free_milli) for one in shelves}
    for key, quantity in back.items():
        free[key] = free.get(key, 0) + quantity
    warehouses = sorted({place_id for place_id, _ in free})
    known = {one.id: one for one in places(tx, ids=warehouses)} if warehouses else {}
    village = found.target.village_code if found.target else None
    roads = _roads(tx, order)
    area = int(areas_of(roads, [village])[0])
    reaches = warehouse_reaches(roads, warehouses)
    reaching = {one for at, one in enumerate(warehouses) if reaches[at, area]}
    return (
        {key: quantity for key, quantity in free.items() if key[0] in reaching},
        {one.id: one.code for one in known.values()},
        {one.id: one.name for one in known.values()},
    )


def short_of(catalogue: Mapping[UUID, ItemView], short: Mapping[UUID, int]) -> Conflict:
    """Say what no warehouse can bring to the new post."""
    told = [f"{catalogue[one].name_id} {print_quantity(quantity, catalogue[one].base_unit)}"
            for one, quantity in short.items()]  # fmt: skip
    return Conflict("board.stock_short", items=", ".join(sorted(told)))


def how_far(tx: Tx, order: MoveGroup, going: Sequence[CellPackage]) -> Walking:
    """Compare how far everybody goes to the old post and to the new one."""
    ends = [one for one in order.posts if one.post_id in (order.from_spot.post_id, order.to_spot.post_id)]
    column = {one.post_id: at for at, one in enumerate(ends)}
    if not going or order.to_spot.post_id not in column:
        return walking((), ())
    away = {one.household_id: one for one in order.away}
    at_home = positions_of(tx, sorted({one.household_id for one in going}))
    villages = {one.village_code for one in going} | {one.village_code for one in ends if one.village_code}
    inside = {one.village_code: (one.lon_deg, one.lat_deg) for one in inner_points(tx, sorted(villages))}
    standing = []
    for one in going:
        now = away.get(one.household_id)
        village = now.village_code if now else one.village_code
        own = (now.lon_deg, now.lat_deg) if now else at_home.get(one.household_id, (None, None))
        lon, lat = own if own[0] is not None else inside.get(village, (None, None))
        standing.append(Standing(village_code=village, lon_deg=lon, lat_deg=lat))
    metres = post_metres(_roads(tx, order), standing, [_located(one, inside) for one in ends])
    new = metres[:, column[order.to_spot.post_id]].tolist()
    is_known = order.from_spot.post_id in column
    old = metres[:, column[order.from_spot.post_id]].tolist() if is_known else [-1] * len(new)
    return walking(old, new)


def _roads(tx: Tx, order: MoveGroup) -> Roads:
    return roads_of(tx, order.to_spot.serve_on) if order.roads is None else order.roads


def _located(post: PostChoice, inside: Mapping[str, tuple[float, float]]) -> PostChoice:
    if post.lon_deg is not None or post.village_code not in inside:
        return post
    lon, lat = inside[post.village_code or ""]
    return replace(post, lon_deg=lon, lat_deg=lat)
