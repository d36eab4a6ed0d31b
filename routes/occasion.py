"""What a round is for, as people call it: an incident's week, or a term of a programme; and where its pages stand."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for

from core.errors import NotFound
from core.work import Tx
from logistics.packages.queries import RoundView, round_of_term
from logistics.programmes.queries import TermView, term_at, term_by_id
from logistics.programmes.states import Form
from logistics.zones import week
from logistics.zones.queries import IncidentView, incident, incident_by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One of the two, never both: their plan, dispatch and handover pages are the same."""

    incident: IncidentView | None = None
    term: TermView | None = None

    @property
    def is_term(self) -> bool:
        return self.term is not None

    @property
    def name(self) -> str:
        """The incident's name, or programme and term: what receipts and lists say."""
        return self.term.title if self.term is not None else self._incident.name

    @property
    def href(self) -> str:
        """Its first page; plan, dispatch and handover pages lie below it."""
        if self.term is not None:
            return f"/bansos/{self.term.programme_slug}/{self.term.no}"
        return f"/kejadian/{self._incident.slug}"

    @property
    def is_cash(self) -> bool:
        """Tell whether it gives money: nothing lies in a warehouse for it, no lorry brings it."""
        return self.term is not None and self.term.form is Form.CASH

    def url(self, endpoint: str, **more: object) -> str:
        """Give the address of one of its pages, say ``plan.package``; ``more`` is the rest of the address."""
        if self.term is not None:
            return url_for(f"term.{endpoint}", slug=self.term.programme_slug, no=self.term.no, **more)  # type: ignore[arg-type]
        return url_for(endpoint, slug=self._incident.slug, **more)  # type: ignore[arg-type]

    def must_hold(self, the_round: RoundView) -> None:
        """Refuse what belongs to another occasion than the address says. Raises: NotFound."""
        own = the_round.term_id == self.term.id if self.term else the_round.incident_id == self._incident.id
        if not own:
            raise NotFound("package.not_found")

    @property
    def _incident(self) -> IncidentView:
        assert self.incident is not None
        return self.incident


def occasion_of(tx: Tx, the_round: RoundView) -> Occasion:
    """Tell what a round is for. Raises: NotFound."""
    if the_round.term_id is not None:
        return Occasion(term=term_by_id(tx, the_round.term_id))
    assert the_round.incident_id is not None  # the database's own CHECK: one of the two
    return Occasion(incident=incident_by_id(tx, the_round.incident_id))


def occasion_at(tx: Tx, slug: str, no: int | None) -> Occasion:
    """Read an address: an incident's name, or a programme's and the number of its term. Raises: Forbidden, NotFound."""
    return Occasion(incident=incident(tx, slug)) if no is None else Occasion(term=term_at(tx, slug, no))


def round_at(tx: Tx, here: Occasion, asked_no: int | None = None) -> RoundView | None:
    """Give the round its pages are about: a term's only one, an incident's newest or the one asked for."""
    if here.term is not None:
        return round_of_term(tx, here.term.id)
    assert here.incident is not None
    return week.current_round(tx, here.incident.id, asked_no)
