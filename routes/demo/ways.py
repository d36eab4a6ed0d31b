"""The demonstration's island: a transport area of its own, reached by a boat that people know of; one way is closed."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from logistics.planning.states import Means
from logistics.planning.ways import (
    CloseWay,
    DrawArea,
    SayDistance,
    SetDetour,
    close_way,
    draw_area,
    say_distance,
    set_detour,
)
from registry_link.matching.islands import islands
from routes.demo.telling import Cast, Story
from routes.demo.world import DemoWorld

BOATS_M = (14_000, 17_500)
"""By motor boat from the island's village to the first two posts."""


def tell_ways(story: Story, cast: Cast, world: DemoWorld, posts: tuple[UUID, ...]) -> UUID:
    """Draw the island that its boundaries suggest, and say how its people come to the posts; gives the area."""
    island = world.villages[-1]
    with story.work.by(cast["logistik"]) as tx:
        group = next(codes for codes in islands(tx) if island.code in codes)
        area_id = draw_area(
            tx, DrawArea(name=f"Pulau {island.name}", means=Means.BOAT, village_codes=group)
        )  # fmt: skip
        for code in group:
            for post_id, metres in zip(posts, BOATS_M, strict=False):
                said = SayDistance(
                    village_code=code, post_id=post_id, metres=metres, source="Kepala desa, perahu motor"
                )
                say_distance(tx, said)
        set_detour(tx, SetDetour(area_id=None, permille=1400, source="Dinas Pekerjaan Umum, jalan kabupaten (rekaan)"))
    return area_id


def tell_waves(story: Story, cast: Cast, area_id: UUID, warehouse_id: UUID) -> Iterator[str]:
    """Close the boat's way from the farthest warehouse, as things are now."""
    with story.work.by(cast["bpbd"]) as tx:
        close_way(
            tx,
            CloseWay(
                warehouse_id=warehouse_id, area_id=area_id, means=Means.BOAT,
                reason="Gelombang tinggi: pelabuhan ditutup syahbandar",
            ),
        )  # fmt: skip
    yield "1 kawasan angkut, 1 jalan tertutup"
