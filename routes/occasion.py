"""What a round is for, as people call it: an incident's week, or a term of a programme; and where its pages stand."""

from __future__ import annotations

from dataclasses import dataclass

from core.work import Tx
from logistics.packages.queries import RoundView
from logistics.programmes.queries import term_by_id
from logistics.zones.queries import incident_by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    name: str
    """The incident's name, or programme and term: what receipts and lists say."""
    href: str
    """Its first page; plan, dispatch and handover pages lie below it."""
    is_term: bool


def occasion_of(tx: Tx, the_round: RoundView) -> Occasion:
    """Tell what a round is for. Raises: NotFound."""
    if the_round.term_id is not None:
        term = term_by_id(tx, the_round.term_id)
        return Occasion(name=term.title, href=f"/bansos/{term.programme_slug}/{term.no}", is_term=True)
    assert the_round.incident_id is not None  # the database's own CHECK: one of the two
    incident = incident_by_id(tx, the_round.incident_id)
    return Occasion(name=incident.name, href=f"/kejadian/{incident.slug}", is_term=False)
