"""How the demonstration is told: people as actors, a clock of its own that ends today, goods sent and handed over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from core.actor import Actor
from core.clock import FixedClock
from core.work import Work
from logistics.dispatch.commands import SendToPost, send_to_post
from logistics.dispatch.queries import to_send
from logistics.handover.commands import RecordHandover, record_handover
from logistics.handover.queries import people_at
from logistics.handover.rules import Fact, FactLine, Recipient, sha256, write_fact, write_recipient
from logistics.handover.states import RecipientKind
from routes.demo.story import TIME_ZONE, VEHICLES
from stock.items.queries import items

ZONE = ZoneInfo(TIME_ZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The people of the story as actors, and the post where it is told."""

    actors: dict[str, Actor]

    def __getitem__(self, username: str) -> Actor:
        return self.actors[username]


@dataclass(slots=True, kw_only=True)
class Story:
    work: Work
    clock: FixedClock
    today: date
    until: datetime

    def at(self, day: int, hour: int, minute: int = 0) -> bool:
        """Turn the story's clock to a local time, unless that still lies ahead; tells whether it did."""
        wanted = datetime.combine(self.today + timedelta(days=day), time(hour, minute), tzinfo=ZONE)
        if wanted > self.until:
            return False
        self.clock.set(wanted)
        return True


def send(story: Story, keeper: Actor, officer: Actor, round_id: UUID, day: date) -> None:
    with story.work.read_by(officer) as tx:
        waiting = [one for one in to_send(tx, round_id) if one.serve_on == day]
    own = {grant.scope_id for grant in keeper.grants}
    for n, one in enumerate(waiting):
        vehicle, plate = VEHICLES[n % len(VEHICLES)]
        order = SendToPost(
            round_id=round_id, post_id=one.post.id, serve_on=day, warehouse_id=one.warehouse.id, vehicle=vehicle,
            plate=plate, driver="Benny Ratadora",
        )  # fmt: skip
        who = keeper if str(one.warehouse.id) in own else officer
        story.work.run(who, lambda tx, order=order: send_to_post(tx, order))  # type: ignore[misc]


def serve(story: Story, officer: Actor, round_id: UUID, post_id: UUID, day: int, occasion: str, share: float) -> int:
    """Serve this share of a day's households at one post, some through a proxy, as far as the day has come."""
    chance = Random(1000 + day)
    work = story.work
    with work.read_by(officer) as tx:
        people = people_at(tx, round_id, post_id, story.today + timedelta(days=day))
        codes = {item.id: item.code for item in items(tx, with_inactive=True)}
    ready = [one for one in people if one.content.row.state.value == "loaded"]
    wanted = ready[: int(len(ready) * share)]
    served = 0
    for n, one in enumerate(wanted):
        if not story.at(day, 9 + n // 20, n % 20 * 3):
            break
        is_proxy = chance.random() < 0.08
        person = write_recipient(
            Recipient(
                name="Lidia Pelasina" if is_proxy else one.household.head_name,
                relation="tetangga" if is_proxy else "",
                document="KTP",
            )
        )
        fact = Fact(
            id=work.ids.new(), package_id=one.content.row.id, post_id=post_id, at=story.clock.now(),
            lines=tuple(
                FactLine(item_code=codes[line.item_id], quantity_milli=line.quantity_milli)
                for line in one.content.lines
            ),
            recipient=RecipientKind.PROXY if is_proxy else RecipientKind.SELF, partial_reason="",
            person_sha256=sha256(person),
        )  # fmt: skip
        order = RecordHandover(payload=write_fact(fact), person=person, occasion=occasion)
        work.run(officer, lambda tx, order=order: record_handover(tx, order))  # type: ignore[misc]
        served += 1
    return served
