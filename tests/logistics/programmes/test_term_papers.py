"""What a term's papers say: the list, the invitations, the annex of accountability, and a person's receipt."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from flask import Flask

from core.actor import Actor, Role
from core.crypto import ring
from core.documents.queries import document, said, said_of_person
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.work import Tx, Work
from logistics.dispatch.commands import ChangePost, change_post
from logistics.dispatch.queries import posts
from logistics.handover.commands import RecordMiss, record_miss
from logistics.handover.papers import ReceiptFacts, ReceiptPerson
from logistics.handover.queries import people_at
from logistics.handover.states import MissKind, NextStep
from logistics.packages.queries import find_package_by_ref
from logistics.planning.commands import cancel_package
from logistics.planning.rules import Slot
from logistics.programmes import proof
from logistics.programmes.models import FrozenEntry, FrozenPerson, Term, TermEntry
from logistics.programmes.papers import AccountFacts, InvitationFacts, NominativeFacts, NominativePersons
from logistics.programmes.reconciling import CloseTerm, close_term
from logistics.programmes.rules import slot_of
from logistics.programmes.states import Form, Unit
from registry_link.households.queries import household
from reports.issued import receipt_of
from routes import papers
from routes.checks import prove_all
from routes.term import issue_invitations, issue_lpj, issue_nominative, nominative_xlsx
from tests.flows import line, term_line
from tests.reports.reading import symbols, words
from tests.support.builders import SYSTEM, an_actor
from tests.support.databases import Run


@pytest.fixture
def database_url(engine_kind: str, run: Run, tmp_path: Path) -> Iterator[str]:
    """The invented district, on each engine in turn."""
    with run.database(engine_kind, tmp_path, line.district_only) as url:
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


def printed(work: Work, app: Flask, paper_id: UUID, actor: Actor = line.OFFICER) -> bytes:
    with app.test_request_context():
        return work.run(actor, lambda tx: papers.print_papers(tx, [paper_id]))


def rebuilt(work: Work, app: Flask, paper_id: UUID) -> bytes:
    """The same paper's bytes as if for the first time."""
    with app.test_request_context(), work.read_by(line.OFFICER) as tx:
        return papers.build(tx, [(document(tx, paper_id), 0)])


def test_the_daftar_nominatif_says_who_was_determined_and_stays_so(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    with pytest.raises(Conflict):
        work.run(line.OFFICER, lambda tx: issue_nominative(tx, term_id))
    term_line.determine(work, term_id)
    paper_id = work.run(line.OFFICER, lambda tx: issue_nominative(tx, term_id))
    first = printed(work, app, paper_id)
    text = words(first)
    for part in (
        "DAFTAR NOMINATIF", term_line.DECREE, "Kompor Uji – Tahap I 2026", "Desa Contoh A, Kec. Kecamatan 01",
        "RT 001 / RW 001", "Jumlah Desa Contoh A: 6 keluarga", "30 kg", "12 keluarga",
        "dua belas keluarga", "Rekapitulasi", "Operator data", "•••• 0000", "Beras",
    ):  # fmt: skip
        assert part in text, part
    with work.by(SYSTEM) as tx:  # the registry goes on; the paper does not
        tx.session.execute(sa.text("UPDATE household SET head_name = 'Lain Sama Sekali'"))
    again = printed(work, app, paper_id)
    assert "SALINAN ke-1" in words(again)
    assert rebuilt(work, app, paper_id) == first
    assert "Lain Sama Sekali" not in words(again)


def test_a_village_prints_its_own_list_and_no_other(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    village = an_actor(Role.VILLAGE, village=line.A)
    paper_id = work.run(village, lambda tx: issue_nominative(tx, term_id, line.A))
    with work.read_by(line.OFFICER) as tx:
        facts, persons = said(tx, paper_id, NominativeFacts), said_of_person(tx, paper_id, NominativePersons)
        assert document(tx, paper_id).village_code == line.A
    assert (len(facts.lines), facts.region) == (6, "Desa Contoh A, Kec. Kecamatan 01")
    assert [one.position for one in facts.signers] == ["Operator data", "Kepala Desa Contoh A", "Kepala Dinas Sosial"]
    assert persons is not None and len(persons.lines) == 6
    for elsewhere, refusal in ((line.B, NotFound), ("99.01.01", NotFound), ("", Invalid)):
        with pytest.raises(refusal):
            work.run(village, partial(issue_nominative, term_id=term_id, region_code=elsewhere))
    with pytest.raises(Forbidden):
        work.run(an_actor(Role.AUDITOR), lambda tx: issue_nominative(tx, term_id))


def test_an_erased_person_is_a_dash_on_a_list_printed_later(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    (first, *_) = term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.delete(FrozenPerson).where(FrozenPerson.entry_id == first))
    paper_id = work.run(line.OFFICER, lambda tx: issue_nominative(tx, term_id))
    assert words(printed(work, app, paper_id)).count("Uji 0-") == 5
    with work.read_by(SYSTEM) as tx:
        assert proof.prove(tx) == []


def test_the_workbook_holds_the_list_as_text(work: Work):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.text("UPDATE household SET head_name = '=1+1|calc' WHERE head_name LIKE 'Uji 0-0 %'"))
    term_line.determine(work, term_id)
    with work.read_by(line.OFFICER) as tx:
        made = nominative_xlsx(tx, term_id)
        assert made == nominative_xlsx(tx, term_id)
    with ZipFile(BytesIO(made)) as book:
        strings = book.read("xl/sharedStrings.xml").decode()
        rows = book.read("xl/worksheets/sheet1.xml").decode()
    assert "=1+1|calc" in strings
    assert "<f>" not in rows
    assert rows.count("<row ") == 13
    assert "<autoFilter" in rows
    assert term_line.DECREE in strings


def test_an_invitation_says_where_and_when_and_its_qr_opens_the_package(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    with pytest.raises(Conflict) as refused:
        work.run(line.OFFICER, lambda tx: issue_invitations(tx, term_id, line.A))
    assert refused.value.code == "term.not_planned"
    term_line.plan(work, term_id)
    paper_id = work.run(line.OFFICER, lambda tx: issue_invitations(tx, term_id, line.A))
    pdf = printed(work, app, paper_id)
    text = words(pdf)
    for part in ("UNDANGAN PENERIMAAN BANTUAN", "Uji 0-0 Coba", "Balai Desa 1", "08.00–08.30 WIT", "KTP asli"):
        assert part in text
    codes = symbols(pdf)
    assert len(codes) == 6
    with work.read_by(line.OFFICER) as tx:
        facts = said(tx, paper_id, InvitationFacts)
        refs = {find_package_by_ref(tx, bytes.fromhex(one.ref)).row.code for one in facts.lines}
    assert refs == {one.package_code for one in facts.lines}
    client, path = app.test_client(), "/" + codes[0].split("/", 3)[3]
    before = client.get(path)
    page = before.get_data(as_text=True)
    assert before.status_code == 200
    assert "Undangan berlaku" in page
    assert "Uji 0" not in page and "PKT-" not in page and "Contoh A" not in page
    line.send_all(work, term_line.sent_term_of(work, term_id).round_id)
    sent = {one.public_ref: one for one in term_line.sent_term_of(work, term_id).packages}
    token = ring().read_token(path.rsplit("/", 1)[-1])
    assert token is not None and token.kind == "U"
    line.hand_over(work, sent[token.ref])
    assert "Sudah diserahkan" in client.get(path).get_data(as_text=True)
    # It is no receipt: the same reference under the other letter does not pass.
    assert client.get(f"/v/{ring().token('X', token.ref)}").status_code == 404


def test_the_hours_of_a_post_win_over_half_hours(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    hours = tuple(
        Slot(starts_at=first, ends_at=last, households=4) for first, last in (("07:30", "09:00"), ("15:00", "17:00"))
    )
    with work.by(line.OFFICER) as tx:
        for post in posts(tx):
            change_post(tx, ChangePost(post_id=post.id, capacity_per_day=1, opening="", slots=hours))
    term_line.plan(work, term_id)
    paper_id = work.run(line.OFFICER, lambda tx: issue_invitations(tx, term_id, line.A))
    with work.read_by(line.OFFICER) as tx:
        lines = said(tx, paper_id, InvitationFacts).lines
    assert {(one.from_minute, one.to_minute) for one in lines} <= {(450, 540), (900, 1020)}
    assert "07.30–09.00 WIT" in words(printed(work, app, paper_id))


def test_an_invitation_of_a_closed_term_is_not_valid_any_more(work: Work, app: Flask):
    term_id = term_line.open_term(work)
    term_line.put_on_list(work, term_id)
    term_line.determine(work, term_id)
    term_line.plan(work, term_id)
    paper_id = work.run(line.OFFICER, lambda tx: issue_invitations(tx, term_id, line.A))
    path = "/" + symbols(printed(work, app, paper_id))[0].split("/", 3)[3]
    order = CloseTerm(term_id=term_id, minutes_no="BA-7/2026", minutes="Tidak jadi dibagikan tahun ini.")
    work.run(line.HEAD, lambda tx: close_term(tx, order))
    assert "tidak berlaku lagi" in app.test_client().get(path).get_data(as_text=True)
    with pytest.raises(Conflict):
        work.run(line.OFFICER, lambda tx: issue_invitations(tx, term_id, line.A))


@pytest.mark.parametrize(
    ("place", "count", "capacity", "told"),
    [
        (0, 1, 30, (480, 510)), (2, 30, 30, (480, 510)), (3, 30, 30, (510, 540)), (29, 30, 30, (750, 780)),
        (99, 100, 30, (810, 840)), (0, 0, 0, (480, 510)),
    ],
)  # fmt: skip
def test_people_are_invited_by_the_half_hour(place: int, count: int, capacity: int, told: tuple[int, int]):
    assert slot_of(place, count, capacity) == told


def test_the_annex_accounts_for_everybody(work: Work, app: Flask):
    term = term_line.sent_term(work)
    served = [line.hand_over(work, one) for one in term.packages[:8]]
    missed, cancelled = term.packages[8:10]
    assert missed.row.post_id is not None

    def miss(tx: Tx) -> None:
        record_miss(
            tx,
            RecordMiss(
                package_id=missed.row.id, kind=MissKind.MOVED, next_step=NextStep.VILLAGE_DECIDES, due_on=tx.today
            ),
        )

    work.run(line.field_officer(missed.row.post_id), miss)
    work.run(line.OFFICER, lambda tx: cancel_package(tx, cancelled.row.id, "Meninggal tanpa ahli waris"))
    paper_id = work.run(line.OFFICER, lambda tx: issue_lpj(tx, term.term_id))
    text = words(printed(work, app, paper_id))
    for part in (
        "LAMPIRAN LAPORAN PERTANGGUNGJAWABAN", "Belum ditutup", term_line.DECREE, "Pindah", "musyawarah desa",
        "Paket dibatalkan", "Belum diserahkan", "(8 lembar)", "(4 keluarga)", served[0].number, "delapan",
    ):  # fmt: skip
        assert part in text, part
    order = CloseTerm(term_id=term.term_id, minutes_no="BA-7/2026", minutes="Tiga keluarga pindah ke kabupaten lain.")
    work.run(line.HEAD, lambda tx: close_term(tx, order))
    paper_id = work.run(line.OFFICER, lambda tx: issue_lpj(tx, term.term_id))
    text = words(printed(work, app, paper_id))
    assert "BA-7/2026" in text and "Tiga keluarga pindah" in text and "Ditutup dengan berita acara" in text
    with work.read_by(line.OFFICER) as tx:
        facts = said(tx, paper_id, AccountFacts)
    assert facts.is_closed
    assert sum(one.handed_over for one in facts.villages) == len(facts.receipts) == 8
    assert len(facts.missed) == 4
    assert prove_all(app.extensions["tanggap"], SYSTEM) == []


def test_the_proof_names_what_was_tampered_with(work: Work):
    term = term_line.sent_term(work)

    def problems() -> str:
        with work.read_by(SYSTEM) as tx:
            return "\n".join(proof.prove(tx))

    assert problems() == ""
    with work.by(SYSTEM) as tx:
        some = tx.session.scalars(sa.select(FrozenEntry.entry_id).order_by(FrozenEntry.entry_id)).all()
        tx.session.execute(sa.update(FrozenPerson).where(FrozenPerson.entry_id == some[0]).values(text="{}"))
    assert f"term entry {some[0]}" in problems()
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(Term).values(list_sha256="0" * 64))
    assert "is not the one that was determined" in problems()
    with work.by(SYSTEM) as tx:
        tx.session.execute(sa.update(TermEntry).where(TermEntry.id == some[1]).values(verified_by="lain"))
    assert "not three different people" in problems()
    with work.by(SYSTEM) as tx:
        tx.session.execute(
            sa.update(TermEntry).where(TermEntry.id == some[2]).values(state="excluded", reason_code="term.left_out")
        )
    assert "is not on the determined list" in problems()
    assert term.packages
