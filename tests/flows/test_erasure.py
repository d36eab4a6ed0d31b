"""A household that was served is erased: its handover and papers stay, its name stands on none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.documents.models import DocumentPerson
from core.privacy.held import _Paper
from core.work import Work
from logistics.handover.commands import IssueList, issue_list
from logistics.handover.queries import recipient_of
from registry_link.privacy import commands
from registry_link.privacy.states import Asker, Ground, IdentityDocument
from routes.privacy import waiting_packages
from tests.flows import line
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    with run.database(engine_kind, tmp_path, line.district_with_sent_week) as url:
        yield url


def test_papers_of_one_and_of_many_lose_the_name_and_the_books_keep_the_rest(work: Work):
    week = line.sent_week_of(work)
    served = week.packages[0]
    household_id, post_id, serve_on = served.row.household_id, served.row.post_id, served.row.serve_on
    assert post_id is not None
    assert serve_on is not None
    field = line.field_officer(post_id)
    with work.by(field) as tx:
        listing = issue_list(
            tx, IssueList(round_id=week.round_id, post_id=post_id, serve_on=serve_on, occasion=line.OCCASION)
        )
    with work.read_by(line.OFFICER) as tx:
        assert served.row.code in waiting_packages(tx, [household_id]), "not yet served"
    done = line.hand_over(work, served, field)
    order = commands.AskErasure(
        household_id=household_id, ground=Ground.SUBJECT_ASKED, reason="Diminta di loket kantor",
        asked_for=Asker.MEMBER, identity_document=IdentityDocument.KTP,
    )  # fmt: skip
    with work.by(line.OFFICER) as tx:
        assert waiting_packages(tx, [household_id]) == ()
        erasure_id = commands.ask_erasure(tx, order)
        before = tx.session.scalar(sa.select(DocumentPerson.view).where(DocumentPerson.document_id == listing))
        assert before is not None
        assert f'"{served.row.code}"' in before
    with work.by(line.HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", waiting_packages)
    with work.read_by(line.OFFICER) as tx:
        assert recipient_of(tx, done.handover_id) is None
        assert tx.session.get(DocumentPerson, done.receipt_id) is None
        after = tx.session.scalar(sa.select(DocumentPerson.view).where(DocumentPerson.document_id == listing))
        assert after is not None
        assert f'"{served.row.code}"' not in after
        assert after.count('"package_code"') == before.count('"package_code"') - 1, "the others stay on the list"


def test_lines_that_only_the_facts_name_are_found_by_their_number():
    paper = _Paper(UUID(int=1), {"lines": [{"no": 1, "name": "A"}, {"no": 2, "name": "B"}],
                                 "names": [{"key": "TT/1", "name": "A"}, {"key": "2", "name": "C"}, {"key": "9"}]},
                   ("PKT-26-000001-1",), frozenset({"2", "TT/1"}))  # fmt: skip
    assert [one["name"] for one in paper.own(paper.view)] == ["B", "A", "C"]
    assert paper.without(paper.view) == {"lines": [{"no": 1, "name": "A"}], "names": [{"key": "9"}]}
