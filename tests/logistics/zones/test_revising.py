"""The areas' decisions brought to the plan: whoever is found not to be affected is out, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.work import Work
from logistics.packages.queries import packages_of
from logistics.packages.states import PackageState
from logistics.planning.queries import revision_of
from logistics.planning.revising import approve_revision, make_revision
from logistics.planning.revision_queries import changes_of
from logistics.planning.states import ChangeKind
from logistics.zones import queries as zones
from logistics.zones import week
from logistics.zones.deciding import Decide, decide_affected
from logistics.zones.revising import behind, order_of_revision, posts_now
from logistics.zones.states import RejectReason
from tests.flows import line
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_only) as url:
        yield url


def test_a_rejected_household_is_out_of_the_week_with_the_reason_that_was_decided(work: Work):
    flood = line.open_flood(work)
    line.post(work, line.an_area(flood, work.clock.now()))
    line.confirm_certain(work, flood.incident_id)
    round_id = line.plan(work, flood.incident_id).round_id
    line.approve(work, round_id)
    with work.read_by(line.OFFICER) as tx:
        view = zones.incident_by_id(tx, flood.incident_id)
        the_round = week.current_round(tx, view.id)
        assert the_round is not None
        assert behind(tx, view, the_round) == ()
        gone = order_of_revision(tx, view, the_round).households[0].household_id
    asked = Decide(
        incident_id=flood.incident_id, household_ids=(gone,), is_affected=False,
        reject_reason=RejectReason.NOT_AFFECTED, note="Rumahnya di luar genangan",
    )  # fmt: skip
    work.run(line.OFFICER, lambda tx: decide_affected(tx, asked))
    with work.read_by(line.OFFICER) as tx:
        assert [(one.code, one.count) for one in behind(tx, view, the_round)] == [("revision.behind.not_listed", 1)]
    made = work.run(line.OFFICER, lambda tx: make_revision(tx, order_of_revision(tx, view, the_round)))
    assert made.counts == {ChangeKind.OUT: 1}
    with work.read_by(line.OFFICER) as tx:
        draft = revision_of(tx, round_id)
        assert draft is not None
        (change,) = changes_of(tx, draft.id).rows
        assert change.why("id") == "Dinyatakan tidak terdampak."
    work.run(line.SECOND, lambda tx: approve_revision(tx, round_id, posts_now(tx, the_round)))
    with work.read_by(line.OFFICER) as tx:
        (package,) = packages_of(tx, [gone], round_id=round_id)
        assert package.state is PackageState.CANCELLED
        assert package.reason("id") == "Dikeluarkan dari putaran ini: dinyatakan tidak terdampak."
        assert behind(tx, view, the_round) == ()
