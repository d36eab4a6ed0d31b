"""What a village proposes: by three persons, on a numbered list, and what the ministry's answer does to the link."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from core.actor import Actor, Role, ScopeKind
from core.errors import Forbidden, NotFound, Refused
from core.office.commands import OpenOffice, open_office
from core.work import Work
from registry_link.households.commands import RegisterProvisional, register_provisional
from registry_link.households.linking import steps_of
from registry_link.households.states import DepartureKind, LinkState
from registry_link.links.states import VisitOutcome
from registry_link.proposals import commands, queries
from registry_link.proposals.states import ProposalKind, ProposalReason, ProposalState
from tests.registry_link.links.test_links import DAY, home, leave, rows, state, to_field, visit
from tests.registry_link.people import OFFICE, REGENCY, SAUM, kk, merge, nik, person, with_regions

OFFICER, HEAD = person(Role.LOGISTICS), person(Role.HEAD)
VILLAGE = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)


@pytest.fixture
def office(work: Work) -> Work:
    with_regions(work)
    with work.by(OFFICE) as tx:
        open_office(tx, OpenOffice(regency_code=REGENCY, name="Dinas Sosial", regency_name="Kabupaten Nusa Contoh"))
    merge(work, rows())
    return work


def propose(work: Work, household_id: UUID, kind: ProposalKind, reason: ProposalReason, actor: Actor = VILLAGE) -> UUID:
    with work.by(actor) as tx:
        order = commands.Propose(
            kind=kind, household_id=household_id, reason=reason, basis_no="BA 3/2026", basis_on=DAY
        )
        return commands.propose(tx, order)


def to_the_ministry(work: Work, *proposals: UUID) -> commands.Submitted:
    for one in proposals:
        with work.by(OFFICER) as tx:
            commands.verify(tx, one)
    with work.by(HEAD) as tx:
        commands.determine(tx, commands.Determine(proposal_ids=proposals, decree_no="SK 7", decree_on=DAY))
    with work.by(OFFICER) as tx:
        return commands.submit(tx)


def answer(work: Work, proposal_id: UUID, *, is_accepted: bool, note: str = "") -> None:
    with work.by(OFFICER) as tx:
        commands.answer(
            tx,
            commands.AnswerProposal(
                proposal_id=proposal_id, is_accepted=is_accepted, answer_no="KS 1", answer_on=DAY, note=note
            ),
        )


def code_of(act: object) -> str:
    with pytest.raises(Refused) as refused:
        act()  # type: ignore[operator]
    return refused.value.code


def test_a_death_among_them_stops_one_and_the_others_go_on(office: Work):
    """The one that cannot go on is answered with its reason at whatever step it is found; nothing else waits for it."""
    to_field(office)
    first, second = home(office), home(office, "h3")
    made = []
    for here in (first, second):
        visit(office, here, VisitOutcome.VERIFIED)
        made.append(propose(office, here, ProposalKind.ADD, ProposalReason.POOR))
    for one in made:
        with office.by(OFFICER) as tx:
            commands.verify(tx, one)
    with office.by(HEAD) as tx:
        commands.determine(tx, commands.Determine(proposal_ids=tuple(made), decree_no="SK 7", decree_on=DAY))
    leave(office, first, DepartureKind.MOVED_OUT)
    with office.by(OFFICER) as tx:
        done = commands.submit(tx)
    assert (done.rows, done.stopped) == (
        1, (commands.Stopped(proposal_id=made[0], code="link_proposal.stopped_moved"),)
    )  # fmt: skip
    with office.read_by(OFFICER) as tx:
        told = [queries.proposal(tx, one) for one in made]
    assert [one.state for one in told] == [ProposalState.REFUSED, ProposalState.SUBMITTED]
    assert told[0].closing_code == "link_proposal.stopped_moved"
    assert (state(office, first), state(office, second)) == (LinkState.MOVED, LinkState.SUBMITTED)
    # The ministry's answer on whoever has left by then is kept, too.
    leave(office, second, DepartureKind.MOVED_OUT)
    answer(office, made[1], is_accepted=True)
    with office.read_by(OFFICER) as tx:
        assert queries.proposal(tx, made[1]).state is ProposalState.ACCEPTED
    assert state(office, second) is LinkState.MOVED


def test_a_proposal_of_whoever_left_is_stopped_at_the_decree_and_may_be_refused(office: Work):
    to_field(office)
    first, second = home(office), home(office, "h3")
    for here in (first, second):
        visit(office, here, VisitOutcome.VERIFIED)
    made = [propose(office, one, ProposalKind.ADD, ProposalReason.POOR) for one in (first, second)]
    with office.by(OFFICER) as tx:
        commands.verify(tx, made[0])
    for one in (first, second):
        leave(office, one, DepartureKind.MOVED_OUT)
    with office.by(OFFICER) as tx:
        assert code_of(lambda: commands.verify(tx, made[1])) == "link_proposal.stopped_moved"
        commands.refuse(tx, made[1], "Sudah pindah")
    with office.by(HEAD) as tx:
        done = commands.determine(tx, commands.Determine(proposal_ids=(made[0],), decree_no="SK 7", decree_on=DAY))
    assert (done.proposals, [one.code for one in done.stopped]) == (0, ["link_proposal.stopped_moved"])
    with office.by(OFFICER) as tx:
        assert code_of(lambda: commands.submit(tx)) == "link_proposal.none_determined"


def test_only_the_village_proposes_and_each_step_is_another_persons(office: Work):
    here = home(office)
    with pytest.raises(Forbidden):
        propose(office, here, ProposalKind.ADD, ProposalReason.POOR, OFFICER)
    with pytest.raises(NotFound):
        propose(office, home(office, "h2"), ProposalKind.ADD, ProposalReason.POOR)
    assert (
        code_of(lambda: propose(office, here, ProposalKind.ADD, ProposalReason.MOVED)) == "link_proposal.reason_unfit"
    )
    assert code_of(lambda: propose(office, here, ProposalKind.ADD, ProposalReason.POOR)) == "link_proposal.not_verified"
    to_field(office)
    visit(office, here, VisitOutcome.VERIFIED)
    proposal = propose(office, here, ProposalKind.ADD, ProposalReason.POOR)
    assert code_of(lambda: propose(office, here, ProposalKind.REMOVE, ProposalReason.MOVED)) == "link_proposal.open"
    both = Actor(kind="person", id=OFFICER.id, name="LOG", regency_code=REGENCY, grants=(*OFFICER.grants, *HEAD.grants))
    with office.by(OFFICER) as tx:
        commands.verify(tx, proposal)
    with office.by(both) as tx:
        order = commands.Determine(proposal_ids=(proposal,), decree_no="SK 7", decree_on=DAY)
        assert code_of(lambda: commands.determine(tx, order)) == "link_proposal.own"
    assert state(office, here) is LinkState.ACCEPTED
    with office.by(OFFICER) as tx:
        assert code_of(lambda: commands.refuse(tx, proposal, "x")) == "link_proposal.reason_short"
        commands.refuse(tx, proposal, "Data ganda dengan desa lain")
    assert state(office, here) is LinkState.REFUSED
    # Refused is no end: the village may propose again.
    again = propose(office, here, ProposalKind.ADD, ProposalReason.POOR)
    with office.by(VILLAGE) as tx:
        commands.withdraw(tx, again)
    assert state(office, here) is LinkState.FIELD_VERIFIED


def test_determined_ones_go_on_a_numbered_list_and_its_answers_end_them(office: Work):
    here, gone = home(office), home(office, "h3")
    to_field(office)
    visit(office, here, VisitOutcome.VERIFIED)
    with office.by(VILLAGE) as tx:
        order = RegisterProvisional(
            head_name="Agustina Baru", village_code=SAUM, head_nik=nik(70), kk=kk(70), head_age_years=30
        )
        new = register_provisional(tx, order).id
    add = propose(office, here, ProposalKind.ADD, ProposalReason.POOR)
    remove = propose(office, gone, ProposalKind.REMOVE, ProposalReason.GRADUATED)
    fresh = propose(office, new, ProposalKind.ADD, ProposalReason.NEW_FAMILY)
    with office.by(OFFICER) as tx:
        assert code_of(lambda: commands.submit(tx)) == "link_proposal.none_determined"
    sent = to_the_ministry(office, add, remove, fresh)
    assert sent.id is not None
    assert (sent.rows, sent.number) == (3, "400.9/0001/USL/DINSOS/XI/2026")
    assert state(office, here) is LinkState.SUBMITTED
    assert state(office, gone) is LinkState.FIELD_PENDING
    with office.read_by(OFFICER) as tx:
        table = queries.submission_table(tx, sent.id)
    at = {name: place for place, name in enumerate(table.header)}
    assert [(one[at["JENIS_USULAN"]], one[at["NAMA"]], one[at["HUBKRT"]], one[at["NIK"]]) for one in table.rows] == [
        ("TAMBAH", "Yohanes Contoh1", "1", nik(10)), ("TAMBAH", "Maria Contoh1", "2", table.rows[1][at["NIK"]]),
        ("HAPUS", "Yohanes Contoh3", "1", nik(30)), ("HAPUS", "Maria Contoh3", "2", table.rows[3][at["NIK"]]),
        ("TAMBAH", "Agustina Baru", "1", nik(70)),
    ]  # fmt: skip
    assert table.rows[0][at["ID_KELUARGA"]] == "h1"
    with pytest.raises(Forbidden), office.read_by(HEAD) as tx:
        queries.submission_table(tx, sent.id)
    answer(office, add, is_accepted=True)
    answer(office, remove, is_accepted=True)
    assert code_of(lambda: answer(office, fresh, is_accepted=False)) == "link_proposal.reason_short"
    answer(office, fresh, is_accepted=False, note="NIK belum padan")
    assert state(office, here) is LinkState.REGISTERED
    assert state(office, gone) is LinkState.GRADUATED
    with office.read_by(VILLAGE) as tx:
        told = {one.id: one for one in queries.proposals(tx).rows}
        steps = [one.act for one in steps_of(tx, here)]
    assert told[fresh].state is ProposalState.RETURNED
    assert told[fresh].decision_note == "NIK belum padan"
    assert told[add].submission_number == sent.number
    assert steps[:5] == ["register", "submit", "determine", "accept", "propose"]
    with office.read_by(OFFICER) as tx:
        assert queries.submission(tx, sent.id).waiting == 0


def test_a_proposal_goes_on_with_the_link_of_a_newer_snapshot(office: Work):
    here = home(office)
    to_field(office)
    visit(office, here, VisitOutcome.VERIFIED)
    proposal = propose(office, here, ProposalKind.ADD, ProposalReason.POOR)
    merge(office, rows(decile=6), as_of=date(2026, 4, 1))
    assert state(office, here) is LinkState.PROPOSED
    to_the_ministry(office, proposal)
    assert state(office, here) is LinkState.SUBMITTED
