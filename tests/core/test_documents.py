from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import pytest
import sqlalchemy as sa

from core.crypto import new_ref
from core.documents.commands import IssuedDocument, IssueDocument, issue_document, record_print, void_document
from core.documents.queries import document, documents, find_by_ref, said, said_of_person
from core.documents.states import DocumentState
from core.errors import Conflict, Invalid
from core.work import Tx, Work
from tests.support.builders import SYSTEM, an_office


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    item: str
    quantity_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    place: str
    day: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str


VIEW = View(place="Balai Desa", day=date(2026, 11, 21), lines=(Line(item="Beras", quantity_milli=14_000),))


def issue(tx: Tx) -> IssuedDocument:
    return issue_document(
        tx,
        IssueDocument(
            kind="TT", subject="package", subject_id=uuid4(), title="Tanda terima", day=date(2026, 11, 21), view=VIEW,
            person=Person(name="Uji Coba"), public_ref=new_ref(),
        ),
    )  # fmt: skip


def test_a_paper_says_for_ever_what_it_said_when_issued(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        issued = issue(tx)
    with work.read_by(SYSTEM) as tx:
        assert said(tx, issued.id, View) == VIEW
        assert said_of_person(tx, issued.id, Person) == Person(name="Uji Coba")
        assert document(tx, issued.id).number == issued.number == "400.9/0001/TT/DINSOS/XI/2026"
        assert documents(tx, text="0001").total == 1 and documents(tx, text="%").total == 0


def test_an_altered_paper_is_noticed(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        issued = issue(tx)
    with work.engine.begin() as connection:
        connection.execute(sa.text("UPDATE document SET view = replace(view, '14000', '15000')"))
    with pytest.raises(RuntimeError, match="altered"), work.read_by(SYSTEM) as tx:
        said(tx, issued.id, View)


def test_a_person_can_be_erased_and_the_paper_stays(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        issued = issue(tx)
    with work.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM document_person"))
    with work.read_by(SYSTEM) as tx:
        assert said_of_person(tx, issued.id, Person) is None
        assert said(tx, issued.id, View) == VIEW


def test_only_the_first_print_is_the_original(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        one, other = issue(tx), issue(tx)
        assert record_print(tx, [one.id]) == [0]
        assert record_print(tx, [one.id, other.id]) == [1, 0]
    with work.read_by(SYSTEM) as tx:
        assert document(tx, one.id).prints == 2


def test_a_void_paper_keeps_its_number_and_says_so(work: Work) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        issued = issue(tx)
        with pytest.raises(Invalid):
            void_document(tx, issued.id, "x")
        void_document(tx, issued.id, "salah keluarga")
        with pytest.raises(Conflict):
            void_document(tx, issued.id, "salah keluarga")
        assert issue(tx).number.split("/")[1] == "0002"
    with work.read_by(SYSTEM) as tx:
        found = document(tx, issued.id)
        assert found.state is DocumentState.VOID and found.public_ref is not None
        by_ref = find_by_ref(tx, found.public_ref)
        assert by_ref is not None and by_ref.state is DocumentState.VOID
        assert find_by_ref(tx, new_ref()) is None
