"""The distribution of a determined term is planned once, whoever else is at it at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.actor import Actor
from core.measures import Period
from core.work import Tx, Work
from logistics.packages.queries import counts_of, round_of_term
from logistics.planning.commands import PlanSummary
from logistics.programmes import reconciling
from logistics.programmes.queries import term_by_id
from logistics.programmes.states import TermState
from routes.term import plan_the_term
from tests.flows import line, term_line
from tests.support.databases import Run
from tests.support.racing import at_once, codes


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district, on each engine in turn."""
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def determined(work: Work) -> UUID:
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    return term_id


def plan(work: Work, term_id: UUID, actor: Actor = line.OFFICER) -> PlanSummary:
    # What the page showed before the button was pressed: it may be old by then.
    with work.read_by(actor) as tx:
        shown = term_by_id(tx, term_id)

    def act(tx: Tx) -> PlanSummary:
        return plan_the_term(tx, shown, Period(tx.today, tx.today + timedelta(days=2)))

    return work.run(actor, act)


def close(work: Work, term_id: UUID) -> None:
    order = reconciling.CloseTerm(term_id=term_id, minutes_no="BA/1", minutes="Pembagian tidak jadi dilaksanakan.")
    work.run(line.HEAD, lambda tx: reconciling.close_term(tx, order))


def test_of_four_who_plan_at_once_one_does(work: Work, determined: UUID):
    results = at_once([lambda: plan(work, determined), lambda: plan(work, determined, line.SECOND)] * 2)
    assert codes(results) == ["", *["plan.nobody"] * 3]
    with work.read_by(line.OFFICER) as tx:
        the_round = round_of_term(tx, determined)
        assert the_round is not None
        assert the_round.no == 1
        assert counts_of(tx, the_round.id).households == 12


def test_nobody_plans_what_is_being_closed(work: Work, determined: UUID):
    planned, closed = at_once([lambda: plan(work, determined), lambda: close(work, determined)])
    assert closed is None
    assert codes([planned]) in ([""], ["term.not_determined"])
    with work.read_by(line.OFFICER) as tx:
        assert term_by_id(tx, determined).state is TermState.CLOSED
        assert round_of_term(tx, determined) is None
        found = reconciling.reconciliation(tx, determined)
    assert (found.determined, found.returned, found.open) == (12, 12, 0)
