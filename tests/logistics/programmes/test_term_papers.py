"""What a term's papers say: the list, the invitations, the annex of accountability, and a person's receipt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.documents.queries import said, said_of_person
from core.work import Work
from logistics.handover.papers import ReceiptFacts, ReceiptPerson
from logistics.handover.queries import people_at
from logistics.programmes.states import Form, Unit
from registry_link.households.queries import household
from reports.issued import receipt_of
from tests.conftest import ENGINES
from tests.flows import line, term_line
from tests.support.databases import Run


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district, on each engine in turn."""
    with run.database(request.param, tmp_path, line.district_only) as url:
        yield url


def test_a_persons_receipt_and_list_name_the_person(work: Work):
    term = term_line.sent_term(work, name="Sembako Uji", form=Form.CASH, unit=Unit.PERSON)
    found = term.packages[0]
    done = line.hand_over(work, found)
    with work.read_by(line.OFFICER) as tx:
        home = household(tx, found.row.household_id)
        name = next(one.name for one in home.members if one.id == found.row.beneficiary_id)
        person = said_of_person(tx, done.receipt_id, ReceiptPerson)
        facts = said(tx, done.receipt_id, ReceiptFacts)
        assert found.row.post_id and found.row.serve_on
        listed = people_at(tx, found.round.id, found.row.post_id, found.row.serve_on, name)
    assert person is not None
    assert (person.head_name, person.family_of) == (name, home.head_name)
    assert name != home.head_name
    assert len(person.nik_last4) == 4
    assert (facts.beneficiary_kind, facts.is_term) == ("person", True)
    assert [one.name for one in listed] == [name]
    printed = receipt_of(facts, person, number=done.number)
    assert (printed.programme_label, printed.kk_last4, printed.round_no) == ("Program", "", None)
