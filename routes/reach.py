"""What the ways mean today: which warehouses can bring goods to which area, for how many households, at which posts.

Ways know no households, the registry knows no ways: the page and the API read the same lines here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.permissions import may
from core.work import Tx
from logistics.dispatch.queries import PostView, posts
from logistics.planning.roads import AreaView, Shut, areas, said_distances, shut_on
from logistics.planning.states import Means
from logistics.zones import affected
from logistics.zones.queries import incidents
from registry_link.households.queries import village_counts
from stock.places.kinds import PlaceKind
from stock.places.queries import PlaceView, places


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReach:
    """One transport area, or the rest of the regency, on a day."""

    area: AreaView | None
    """None: the rest of the regency."""
    households: int
    confirmed: int
    """Of running events; 0 where the asker may not see them."""
    posts: tuple[PostView, ...]
    has_said_post: bool
    """People know a way from here to a post elsewhere."""
    open: tuple[PlaceView, ...]
    """Warehouses that can bring goods there."""
    shut: tuple[Shut, ...]

    @property
    def is_cut_off(self) -> bool:
        return not self.open

    @property
    def has_no_post(self) -> bool:
        return not self.posts and not self.has_said_post


def reach_on(tx: Tx, day: date) -> tuple[AreaReach, ...]:
    """Give the areas by name, the rest of the regency last. Raises: Forbidden."""
    tx.require("ways.see")
    known = areas(tx)
    lies_in: dict[str, UUID] = {code: one.id for one in known for code in one.village_codes}
    households: Counter[UUID | None] = Counter()
    for line in village_counts(tx):
        households[lies_in.get(line.village_code)] += line.households
    confirmed: Counter[UUID | None] = Counter()
    if may(tx.actor, "zone.see"):
        for incident in incidents(tx, with_closed=False):
            for village in affected.by_village(tx, incident.id):
                confirmed[lies_in.get(village.village_code)] += village.confirmed
    warehouses = tuple(one for one in places(tx, kinds=(PlaceKind.WAREHOUSE,)) if not one.is_closed)
    shut = shut_on(tx, day, known)
    gone = {(one.warehouse.id, one.area_id) for one in shut}
    told = {lies_in.get(one.village_code) for one in said_distances(tx) if one.metres is not None}
    opened = posts(tx)
    return tuple(
        AreaReach(
            area=area, households=households[area_id], confirmed=confirmed[area_id],
            posts=tuple(one for one in opened if lies_in.get(one.village_code or "") == area_id),
            has_said_post=area_id in told,
            open=tuple(one for one in warehouses if (one.id, area_id) not in gone),
            shut=tuple(one for one in shut if one.area_id == area_id),
        )
        for area, area_id in [*((one, one.id) for one in known), (None, None)]
    )  # fmt: skip


def means_to(warehouse: PlaceView, area: AreaView | None, known: tuple[AreaView, ...]) -> Means:
    """Tell by what goods come from a warehouse to an area: what one would close first."""
    home = next((one for one in known if warehouse.village_code in one.village_codes), None)
    if home is not None and area is not None and home.id == area.id:
        return Means.ROAD
    crossed = [one.means for one in (home, area) if one is not None]
    return next((one for one in reversed(crossed) if one is not Means.ROAD), Means.ROAD)
