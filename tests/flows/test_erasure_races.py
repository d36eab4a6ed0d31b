"""A household is erased while a week is planned: it is in the plan or erased, never both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import Conflict
from core.work import Tx, Work
from logistics.packages.queries import counts_of, packages_of, round_by_id
from logistics.planning.commands import PlanSummary
from logistics.programmes import queries as programmes
from logistics.zones import week
from logistics.zones.freezing import Freeze, freeze_list, frozen_list, prove, standing_count, to_serve, waiting_ids
from logistics.zones.queries import incident_by_id
from registry_link.households.erased import homes
from registry_link.privacy.commands import AskErasure, approve_erasure, ask_erasure
from registry_link.privacy.states import Asker, Ground, IdentityDocument
from routes.occasion import Occasion
from routes.privacy import waiting_packages
from routes.revised import behind
from tests.flows import line, term_line
from tests.support.databases import Run
from tests.support.racing import before_the_first_commits


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


@pytest.fixture
def flood(work: Work) -> line.Flood:
    found = line.open_flood(work)
    line.post(work, line.an_area(found))
    line.confirm_certain(work, found.incident_id)
    return found


@pytest.fixture
def household_id(work: Work, flood: line.Flood) -> UUID:
    """Somebody who is to have a package."""
    with work.read_by(line.OFFICER) as tx:
        return week.confirmed_households(tx, flood.incident_id, tx.today)[0].household_id


@pytest.fixture
def erasure_id(work: Work, household_id: UUID) -> UUID:
    return ask(work, household_id)


def ask(work: Work, household_id: UUID) -> UUID:
    order = AskErasure(
        household_id=household_id, ground=Ground.SUBJECT_ASKED, reason="Diminta di loket kantor",
        asked_for=Asker.MEMBER, identity_document=IdentityDocument.KTP,
    )  # fmt: skip
    with work.by(line.OFFICER) as tx:
        return ask_erasure(tx, order)


def erased(work: Work, household_id: UUID) -> None:
    asked = ask(work, household_id)
    with work.by(line.HEAD) as tx:
        approve_erasure(tx, asked, "", waiting_packages)


def plan(tx: Tx, flood: line.Flood) -> PlanSummary:
    view = incident_by_id(tx, flood.incident_id)
    standard, first_on = week.standard_in_force(tx), week.next_week(tx, view)
    assert standard is not None
    assert first_on is not None
    return week.plan_week(tx, view, first_on, standard.id)


def test_no_package_is_made_for_who_was_erased_while_the_week_was_worked_out(
    work: Work, flood: line.Flood, household_id: UUID, erasure_id: UUID
):
    told = before_the_first_commits(
        work, line.HEAD, lambda tx: approve_erasure(tx, erasure_id, "", waiting_packages),
        lambda tx: plan(tx, flood), then=line.OFFICER,
    )  # fmt: skip
    with work.read_by(line.OFFICER) as tx:
        assert not packages_of(tx, [household_id])
        assert homes(tx, [household_id])[household_id].erased_at is not None
    if work.engine.dialect.name == "postgresql":
        assert isinstance(told, Conflict)
        assert (told.code, told.facts["households"]) == ("package.household_erased", 1)
        told = line.plan(work, flood.incident_id)
    assert isinstance(told, PlanSummary)
    assert told.planned > 0


def test_nobody_is_erased_who_got_a_package_in_the_same_moment(
    work: Work, flood: line.Flood, household_id: UUID, erasure_id: UUID
):
    told = before_the_first_commits(
        work, line.OFFICER, lambda tx: plan(tx, flood),
        lambda tx: approve_erasure(tx, erasure_id, "", waiting_packages), then=line.HEAD,
    )  # fmt: skip
    with work.read_by(line.OFFICER) as tx:
        codes = [row.code for row in packages_of(tx, [household_id])]
        assert codes
        assert isinstance(told, Conflict)
        assert (told.code, told.facts["packages"]) == ("erasure.waiting", codes)


def test_who_was_erased_is_planned_no_more(work: Work, flood: line.Flood, household_id: UUID):
    with work.read_by(line.OFFICER) as tx:
        before = len(to_serve(tx, flood.incident_id).lines)
    erased(work, household_id)
    assert line.plan(work, flood.incident_id).planned == before - 1
    with work.read_by(line.OFFICER) as tx:
        assert not packages_of(tx, [household_id])


def test_a_frozen_list_keeps_who_was_erased_and_neither_the_plan_nor_the_next_list_does(
    work: Work, flood: line.Flood, household_id: UUID
):
    with work.by(line.OFFICER) as tx:
        freeze_list(tx, Freeze(incident_id=flood.incident_id))
        before = standing_count(tx, flood.incident_id)
    erased(work, household_id)
    with work.by(line.OFFICER) as tx:
        told = to_serve(tx, flood.incident_id)
        assert (len(told.lines), told.waiting) == (before - 1, 0)
        freeze_list(tx, Freeze(incident_id=flood.incident_id))
        lists = [frozen_list(tx, flood.incident_id, no).households for no in (1, 2)]
        assert (lists, waiting_ids(tx, flood.incident_id)) == ([before, before - 1], frozenset())
        assert not prove(tx)


def test_a_terms_list_is_planned_without_who_was_erased_and_is_not_behind_for_that(work: Work):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    one = line.households(work)["H-0-0"]
    erased(work, one)
    round_id = term_line.plan(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        term = programmes.term_by_id(tx, term_id)
        assert len(programmes.frozen_list(tx, term_id)) == 12
        assert counts_of(tx, round_id).households == 11
        assert not packages_of(tx, [one])
        assert not behind(tx, Occasion(term=term), round_by_id(tx, round_id))
