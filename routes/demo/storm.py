"""The second event of these days: a storm inland, with less in the warehouses than its households need.

Its plan is a draft fitted to stock that waits for a second person: who goes without, and why, can be read there, other
choices tried beside it, the gap letter printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from core.measures import Milli, Rupiah
from logistics.zones import commands as zones
from logistics.zones import deciding, matching, week
from logistics.zones.queries import incident_by_id
from logistics.zones.states import Access, Hazard, Severity
from routes.demo.telling import Cast, Story
from routes.demo.world import DemoVillage, DemoWorld
from stock.items.queries import items
from stock.ledger.commands import Receive, ReceiveLine, receive
from stock.ledger.kinds import FundingSource

NAME: Final = "Angin puting beliung"
SHARE: Final = 110
"""One of so many households lives in the villages that are hit."""
GIFT: Final = (
    ("sandang_dewasa", 500, 145_000), ("selimut", 400, 62_000), ("kornet", 700, 21_000), ("sarden", 500, 11_000),
    ("minyak_goreng", 500, 18_000), ("sambal", 300, 9_500), ("kecap", 300, 8_500), ("susu", 300, 19_000),
    ("teh_celup", 300, 7_000), ("sabun_mandi", 700, 4_000),
)  # fmt: skip
"""What a neighbouring regency sends: enough of most, too little of some. Whole base units and rupiah each."""
GOOD_FOR: Final = 120
"""Days the food of it keeps."""


def tell_storm(
    story: Story, world: DemoWorld, cast: Cast, struck: tuple[DemoVillage, ...], warehouse: UUID
) -> Iterator[str]:
    """Open the event, confirm its households and plan its week by what is left in the warehouses."""
    story.at(-1, 13, 30)
    _gift(story, cast, warehouse)
    story.at(-1, 14, 20)
    yesterday = story.today - timedelta(days=1)
    hit = _hit(world, struck)
    work, name = story.work, f"{NAME} {hit[0].name}"
    with work.by(cast["bpbd"]) as tx:
        opened = zones.open_incident(
            tx,
            zones.OpenIncident(
                name=name, hazard=Hazard.WHIRLWIND, started_at=story.clock.now() - timedelta(hours=4),
                place_text=", ".join(one.name for one in hit),
                chronology="Angin kencang merusak atap rumah di beberapa desa pedalaman menjelang siang.",
            ),
        )  # fmt: skip
        zones.record_decree(
            tx,
            zones.RecordDecree(
                incident_id=opened.id, number=f"300.2/{yesterday:%m%d}-A/KPTS/{yesterday.year}",
                dated_on=yesterday, first_on=yesterday, last_on=yesterday + timedelta(days=13), days_said=14,
                area_text=", ".join(one.name for one in hit),
            ),
        )  # fmt: skip
        versions = [
            zones.post_zone(
                tx,
                zones.PostZone(
                    incident_id=opened.id, name=one.name, observed_at=story.clock.now() - timedelta(hours=1),
                    severity=severity, access=Access.ROAD, source="Pusdalops BPBD, kaji cepat",
                    regions=(zones.ListRegion(code=one.code, name=one.name),),
                ),
            ).version_id
            for one, severity in zip(hit, _severities(len(hit)), strict=True)
        ]  # fmt: skip
    for version in versions:
        work.run(cast["bpbd"], lambda tx, version=version: matching.match_version(tx, version))  # type: ignore[misc]
    story.at(-1, 15, 10)
    officer = cast["logistik"]
    sure = work.run(officer, lambda tx: deciding.confirm_certain(tx, opened.id))
    with work.by(officer) as tx:
        standard = week.standard_in_force(tx)
        assert standard is not None
        view = incident_by_id(tx, opened.id)
        done = week.plan_week(tx, view, story.today, standard.id, fit_to_stock=True, fit_to_posts=True)
    yield (
        f"{name}: {sure} keluarga; rancangan {done.planned} paket, {done.in_part} tanpa sebagian barang, "
        f"{done.waiting} menunggu"
    )


def _gift(story: Story, cast: Cast, warehouse: UUID) -> None:
    with story.work.by(cast["gudang"]) as tx:
        known = {item.code: item for item in items(tx)}
        receive(
            tx,
            Receive(
                to_place_id=warehouse, incoming_document="BAST/HIBAH/02/DEMO",
                lines=tuple(
                    ReceiveLine(
                        item_id=known[code].id, quantity_milli=Milli(amount * 1000), funding_source=FundingSource.GRANT,
                        value_rp=Rupiah(amount * each),
                        expires_on=story.today + timedelta(days=GOOD_FOR) if known[code].does_expire else None,
                    )
                    for code, amount, each in GIFT
                ),
            ),
        )  # fmt: skip


def _hit(world: DemoWorld, struck: tuple[DemoVillage, ...]) -> tuple[DemoVillage, ...]:
    """Find villages away from the flood, near each other, that hold the story's share of the district's people."""
    wanted = sum(one.weight for one in world.villages) / SHARE
    others = sorted((one for one in world.villages[:-1] if one not in struck), key=lambda one: (-one.weight, one.code))
    # The fifth in size has a post, to which the small villages around it go.
    post = others[4].middle
    small = [one for one in others if one.weight <= wanted / 2]
    found: list[DemoVillage] = []
    for one in sorted(small, key=lambda one: math.dist(one.middle, post)):
        if sum(other.weight for other in found) < wanted:
            found.append(one)
    return tuple(found)


def _severities(count: int) -> list[Severity]:
    return [(Severity.HEAVY, Severity.MEDIUM, Severity.LIGHT)[min(2, at * 3 // count)] for at in range(count)]
