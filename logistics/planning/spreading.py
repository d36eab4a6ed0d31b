"""A round's need spread over its villages, and over its days: of the same packages as ``need``, to the same sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.measures import Milli
from core.work import Tx
from logistics.packages.queries import round_by_id
from logistics.packages.rules import Composition, Days, Need, coverage_permille
from logistics.packages.standard_queries import standard_lines
from logistics.packages.sums import NeedSum, VillageCount, sums_by_day, sums_by_village, village_counts
from logistics.planning.need import WEEK, NeedLine, RoundNeed
from logistics.planning.queries import cached_need
from logistics.planning.running import DayFlow, run_through, runs_out_on
from registry_link.regions.queries import regions


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageLine:
    """One item in one village. Before there is a plan all of it is open."""

    item_id: UUID
    households: int
    exact_milli: Milli
    quantity_milli: Milli
    given_milli: Milli
    """Handed over."""
    reserved_milli: Milli
    """Set aside in a warehouse, or at a post."""
    planned_milli: Milli
    """In the draft that waits for approval."""
    waiting_milli: Milli
    lacking_milli: Milli

    @property
    def open_milli(self) -> Milli:
        """Not promised yet."""
        return Milli(self.quantity_milli - self.given_milli - self.reserved_milli)

    @property
    def covered_permille(self) -> int:
        """Which part has a post and day, or was given, in thousandths, rounded down."""
        return coverage_permille(self.quantity_milli - self.waiting_milli - self.lacking_milli, self.quantity_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageNeed:
    village_code: str
    name: str
    district: str
    households: int
    persons: int
    waiting: int
    """Households that wait."""
    waiting_persons: int
    in_part: int
    """Households that get their package without something."""
    served: int
    lines: tuple[VillageLine, ...]
    """In the order of the need's items."""

    @property
    def whole(self) -> int:
        """Households that have a post and day for everything they need."""
        return self.households - self.waiting - self.in_part

    @property
    def covered_permille(self) -> int:
        return coverage_permille(self.whole, self.households)

    def line(self, item_id: UUID) -> VillageLine | None:
        return next((one for one in self.lines if one.item_id == item_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDays:
    """What leaves of one item on each day of the week, and the shelf meanwhile."""

    line: NeedLine
    flows: tuple[DayFlow, ...]
    undated_milli: Milli
    """For households that wait, and what others go without: it leaves on no day."""

    @property
    def runs_out_on(self) -> date | None:
        """The first day whose plan needs more than there is."""
        return runs_out_on(self.flows)


def need_by_village(tx: Tx, round_id: UUID, found: RoundNeed) -> tuple[VillageNeed, ...]:
    """Give the need of each village's households, the village with the smallest part covered first."""
    sums: dict[str, list[NeedSum]] = defaultdict(list)
    for one in sums_by_village(tx, round_id):
        sums[one.village_code].append(one)
    lines = {
        code: [
            VillageLine(
                item_id=one.item_id, households=one.households, exact_milli=one.exact_milli,
                quantity_milli=one.quantity_milli, given_milli=one.given_milli,
                reserved_milli=Milli(one.promised_milli - one.given_milli), planned_milli=one.planned_milli,
                waiting_milli=one.waiting_milli, lacking_milli=one.lacking_milli,
            )
            for one in mine
        ]
        for code, mine in sums.items()
    }  # fmt: skip
    return _villages(tx, village_counts(tx, round_id), lines, found)


def preview_by_village(
    tx: Tx, standard_id: UUID, people: Sequence[tuple[str, Composition]], found: RoundNeed, days: Days = WEEK
) -> tuple[VillageNeed, ...]:
    """Give what these households, each with the code of its village, would need before anything is planned."""
    rules = standard_lines(tx, standard_id)
    known: dict[tuple[object, ...], Need] = {}
    sums: dict[str, dict[UUID, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    heads: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for code, who in people:
        heads[code][0] += 1
        heads[code][1] += who.persons
        for item in cached_need(known, rules, who, days, ()).items:
            row = sums[code][item.item_id]
            row[0] += 1
            row[1] += item.exact_milli
            row[2] += item.quantity_milli
    none = Milli(0)
    lines = {
        code: [
            VillageLine(
                item_id=item_id, households=row[0], exact_milli=Milli(row[1]), quantity_milli=Milli(row[2]),
                given_milli=none, reserved_milli=none, planned_milli=none, waiting_milli=none, lacking_milli=none,
            )
            for item_id, row in mine.items()
        ]
        for code, mine in sums.items()
    }  # fmt: skip
    counts = [
        VillageCount(
            village_code=code, households=head[0], persons=head[1], waiting=0, waiting_persons=0, in_part=0, served=0
        )
        for code, head in sorted(heads.items())
    ]
    return _villages(tx, counts, lines, found)


def need_by_day(tx: Tx, round_id: UUID, found: RoundNeed) -> tuple[ItemDays, ...]:
    """Give what leaves of each stocked item day by day, with the free stock and what is set aside running down.

    Raises: NotFound.
    """
    week = round_by_id(tx, round_id).week
    leaves: dict[UUID, dict[date, int]] = defaultdict(dict)
    to_leave: dict[UUID, dict[date, int]] = defaultdict(dict)
    undated: dict[UUID, int] = defaultdict(int)
    for one in sums_by_day(tx, round_id):
        if one.serve_on is None:
            undated[one.item_id] += one.quantity_milli
        else:
            leaves[one.item_id][one.serve_on] = one.placed_milli
            to_leave[one.item_id][one.serve_on] = one.planned_milli + one.reserved_milli
    return tuple(
        ItemDays(
            line=line, undated_milli=Milli(undated[line.item.id]),
            flows=run_through(
                week.each(), line.free_milli + line.promised_milli - line.gone_milli, leaves[line.item.id],
                to_leave[line.item.id], _arriving(line), tx.today,
            ),
        )
        for line in found.lines if line.item.is_stocked
    )  # fmt: skip


def _arriving(line: NeedLine) -> dict[date, int]:
    found: dict[date, int] = defaultdict(int)
    for one in line.arrivals:
        if one.expected_on is not None:
            found[one.expected_on] += one.quantity_milli
    return found


def _villages(
    tx: Tx, counts: Sequence[VillageCount], lines: dict[str, list[VillageLine]], found: RoundNeed
) -> tuple[VillageNeed, ...]:
    names = {one.code: one for one in regions(tx, [one.village_code for one in counts])}
    order = {line.item.id: place for place, line in enumerate(found.lines)}
    villages = [
        VillageNeed(
            village_code=one.village_code,
            name=names[one.village_code].title if one.village_code in names else one.village_code,
            district=(names[one.village_code].parent_name or "") if one.village_code in names else "",
            households=one.households, persons=one.persons, waiting=one.waiting, waiting_persons=one.waiting_persons,
            in_part=one.in_part, served=one.served,
            lines=tuple(sorted(lines.get(one.village_code, ()), key=lambda line: order.get(line.item_id, len(order)))),
        )
        for one in counts
    ]  # fmt: skip
    return tuple(sorted(villages, key=lambda one: (one.covered_permille, one.district, one.name, one.village_code)))
