"""What is on its way to the warehouses: announced, at the gate, or on the road. Shown beside a need, never counted."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.i18n import say
from core.measures import Milli, print_day, print_quantity
from core.work import Tx
from stock.inbound.queries import coming
from stock.inbound.states import ConsignmentState
from stock.places.queries import places
from stock.shipments.queries import on_road


class Way(enum.StrEnum):
    ANNOUNCED = "announced"
    """A giver has said that it comes."""
    AT_GATE = "at_gate"
    """Counted, and not looked at or not on the shelf yet."""
    ON_ROAD = "on_road"
    """Between two warehouses of the office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One item of one delivery, with where it comes from."""

    item_id: UUID
    quantity_milli: Milli
    way: Way
    subject_id: UUID
    """The consignment; of what is on the road the shipment."""
    source_name: str
    document: str
    """The giver's paper; empty for what is on the road."""
    place_id: UUID
    place_name: str
    expected_on: date | None
    is_late: bool
    """Its day has passed, and it is not here."""

    def sentence(self, unit: str, lang: str) -> str:
        """Say what comes, when, from whom and whereto."""
        amount = print_quantity(self.quantity_milli, unit, lang)
        day = print_day(self.expected_on, lang) if self.expected_on else say("need.arrival.no_day", lang)
        code = f"need.arrival.{self.way.value}" + (".late" if self.is_late else "")
        facts = {"amount": amount, "day": day, "source": self.source_name, "place": self.place_name}
        return say(code, lang, facts)


def arrivals(tx: Tx, item_ids: Collection[UUID]) -> tuple[Arrival, ...]:
    """Give everything of these items that is on its way to a warehouse, by expected day; without a day last."""
    if not item_ids:
        return ()
    given, moved = coming(tx, item_ids=item_ids), on_road(tx, item_ids)
    spots = {one.id: one.name for one in places(tx)} if given or moved else {}
    found = [
        Arrival(
            item_id=one.item_id, quantity_milli=one.quantity_milli,
            way=Way.ANNOUNCED if one.state is ConsignmentState.EXPECTED else Way.AT_GATE, subject_id=one.consignment_id,
            source_name=one.giver_name, document=one.incoming_document, place_id=one.place_id,
            place_name=spots.get(one.place_id, ""), expected_on=one.expected_on,
            is_late=one.state is ConsignmentState.EXPECTED and one.expected_on < tx.today,
        )
        for one in given
    ] + [
        Arrival(
            item_id=one.item_id, quantity_milli=one.quantity_milli, way=Way.ON_ROAD, subject_id=one.shipment_id,
            source_name=spots.get(one.from_place_id, ""), document="", place_id=one.to_place_id,
            place_name=spots.get(one.to_place_id, ""), expected_on=one.expected_on,
            is_late=one.expected_on is not None and one.expected_on < tx.today,
        )
        for one in moved
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.expected_on is None, one.expected_on or date.min, one.way.value,
                                                str(one.subject_id), str(one.item_id))))  # fmt: skip
