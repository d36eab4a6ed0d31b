"""The village proposes, a second officer verifies, the head determines: kept apart by commands and by the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy.exc import DatabaseError, IntegrityError

from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.ids import NAMESPACE
from core.work import Work
from logistics.packages.standard_queries import standard
from logistics.packages.states import StandardState
from logistics.programmes import commands, queries
from logistics.programmes.models import FrozenEntry, TermEntry
from logistics.programmes.rules import list_hash, over_quota
from logistics.programmes.states import EntryState, TermState
from registry_link.households.models import Household
from tests.logistics.programmes.lists import (
    E1,
    EAST,
    HEAD,
    OFFICER,
    SECOND,
    VILLAGE,
    W1,
    a_household,
    a_registry,
    a_term,
)
from tests.support.racing import at_once, codes

BASIS = "BA Musdes 4/2026"
DECREE = "188/42/2026"


@pytest.fixture
def listed(work: Work) -> UUID:
    """A term in cash with two candidates of one village and one of another."""
    a_registry(work)
    term_id = a_term(work)
    for village in (E1, E1, W1):
        household_id = a_household(work, village)
        with work.by(OFFICER) as tx:
            commands.add_entry(tx, commands.AddEntry(term_id=term_id, household_id=household_id))
    return term_id


def proposed(work: Work, term_id: UUID) -> None:
    with work.by(VILLAGE) as tx:
        commands.propose(tx, commands.Propose(term_id=term_id))
    with work.by(OFFICER) as tx:
        commands.propose(tx, commands.Propose(term_id=term_id, basis=BASIS))


def verified(work: Work, term_id: UUID) -> None:
    proposed(work, term_id)
    work.run(SECOND, lambda tx: commands.verify_list(tx, term_id))


def decree(work: Work, term_id: UUID) -> commands.Determine:
    return commands.Determine(term_id=term_id, decree_no=DECREE, decree_on=work.clock.now().date() - timedelta(days=1))


def states(work: Work, term_id: UUID) -> list[EntryState]:
    with work.read_by(OFFICER) as tx:
        return [one.state for one in queries.entries(tx, term_id).rows]


def test_a_village_proposes_its_own_and_only_its_own(work: Work, listed: UUID):
    with work.by(VILLAGE) as tx:
        assert commands.propose(tx, commands.Propose(term_id=listed)) == 2
    with work.read_by(VILLAGE) as tx:
        assert {one.village_code for one in queries.entries(tx, listed).rows} == {E1}
        assert {one.village_code for one in queries.village_counts(tx, listed)} == {E1}
    with work.read_by(OFFICER) as tx:
        other = queries.entries(tx, listed, village_code=W1).rows[0]
    for act in (
        lambda tx: commands.exclude_entry(tx, commands.Exclude(entry_id=other.id, reason="Bukan warga")),
        lambda tx: commands.withdraw_proposal(tx, other.id),
        lambda tx: queries.entry(tx, other.id),
    ):
        with pytest.raises(NotFound):
            work.run(VILLAGE, act)
    with pytest.raises(Conflict, match="nothing_to_propose"):
        work.run(VILLAGE, lambda tx: commands.propose(tx, commands.Propose(term_id=listed, entry_ids=(other.id,))))


def test_who_did_one_step_does_no_other(work: Work, listed: UUID):
    proposed(work, listed)
    for who, act, refusal in (
        (OFFICER, lambda tx: commands.verify_list(tx, listed), "term.proposed_by_you"),
        (VILLAGE, lambda tx: commands.verify_list(tx, listed), "permission.missing"),
        (SECOND, lambda tx: commands.determine(tx, decree(work, listed)), "permission.missing"),
        (HEAD, lambda tx: commands.determine(tx, decree(work, listed)), "term.cannot_determine"),
    ):
        with pytest.raises(Refused) as told:
            work.run(who, act)
        assert told.value.code == refusal
    work.run(SECOND, lambda tx: commands.verify_list(tx, listed))
    # A head who also holds the officer's role and did an earlier step is not a third person.
    both = replace(HEAD, id=SECOND.id)
    with pytest.raises(Conflict, match="needs_third_person"):
        work.run(both, lambda tx: commands.determine(tx, decree(work, listed)))
    with pytest.raises(Conflict, match="needs_third_person"):
        work.run(replace(HEAD, id=VILLAGE.id), lambda tx: commands.determine(tx, decree(work, listed)))
    assert set(states(work, listed)) == {EntryState.VERIFIED}
    assert work.run(HEAD, lambda tx: commands.determine(tx, decree(work, listed))) == 3
    with work.read_by(OFFICER) as tx:
        assert standard(tx, queries.term_by_id(tx, listed).standard_id).state is StandardState.APPROVED


@pytest.mark.parametrize(
    "wrong",
    [
        {"proposed_by": "one", "verified_by": "one"},
        {"proposed_by": "one", "verified_by": "two", "determined_by": "one"},
        {"proposed_by": "one", "verified_by": "two", "determined_by": "two"},
        {"state": EntryState.DETERMINED, "proposed_by": "one", "verified_by": "two"},
        {"state": EntryState.EXCLUDED, "reason_code": ""},
    ],
)
def test_the_database_itself_keeps_three_people_apart(work: Work, listed: UUID, wrong: dict[str, object]):
    with pytest.raises(IntegrityError), work.by(OFFICER) as tx:
        tx.session.execute(sa.update(TermEntry).where(TermEntry.term_id == listed).values(**wrong))
    assert set(states(work, listed)) == {EntryState.CANDIDATE}


def test_whom_no_village_proposed_is_left_out_with_that_reason(work: Work, listed: UUID):
    with work.by(VILLAGE) as tx:
        commands.propose(tx, commands.Propose(term_id=listed))
    work.run(SECOND, lambda tx: commands.verify_list(tx, listed))
    assert work.run(HEAD, lambda tx: commands.determine(tx, decree(work, listed))) == 2
    with work.read_by(OFFICER) as tx:
        left = queries.entries(tx, listed, states=(EntryState.EXCLUDED,)).rows
    assert [one.village_code for one in left] == [W1]
    assert left[0].reason("id") == "Tidak diusulkan oleh desanya"


def test_a_determined_list_stays_as_it_was(work: Work, listed: UUID):
    verified(work, listed)
    work.run(HEAD, lambda tx: commands.determine(tx, decree(work, listed)))
    with work.by(OFFICER) as tx:
        before = queries.frozen_list(tx, listed)
        sealed = queries.term_by_id(tx, listed).list_sha256
        tx.session.execute(sa.update(Household).values(head_name="Nama Baru", decile=9, address="Pindah"))
    with work.read_by(OFFICER) as tx:
        assert queries.frozen_list(tx, listed) == before
        shown = queries.entries(tx, listed).rows
        assert queries.term_by_id(tx, listed).list_sha256 == sealed
    assert "Nama Baru" not in {one.name for one in shown}
    assert {one.decile for one in shown} == {1}
    for statement in (sa.update(FrozenEntry).values(decile=1), sa.delete(FrozenEntry)):
        with pytest.raises(DatabaseError, match="append-only"), work.by(OFFICER) as tx:
            tx.session.execute(statement)
    for act in (
        lambda tx: commands.propose(tx, commands.Propose(term_id=listed, basis=BASIS)),
        lambda tx: commands.verify_list(tx, listed),
        lambda tx: commands.cancel_term(tx, listed, "Salah program"),
    ):
        with pytest.raises(Conflict):
            work.run(OFFICER, act)


def test_a_list_sent_back_is_proposed_again_and_needs_its_reason(work: Work, listed: UUID):
    verified(work, listed)
    with pytest.raises(Invalid, match="reason_missing"):
        work.run(HEAD, lambda tx: commands.send_back(tx, listed, "x"))
    with pytest.raises(Forbidden):
        work.run(SECOND, lambda tx: commands.send_back(tx, listed, "Periksa lagi"))
    work.run(HEAD, lambda tx: commands.send_back(tx, listed, "Periksa lagi"))
    assert set(states(work, listed)) == {EntryState.PROPOSED}
    work.run(SECOND, lambda tx: commands.verify_list(tx, listed))
    assert work.run(HEAD, lambda tx: commands.determine(tx, decree(work, listed))) == 3


def test_left_out_and_put_back(work: Work, listed: UUID):
    with work.read_by(VILLAGE) as tx:
        one = queries.entries(tx, listed).rows[0]
    with pytest.raises(Invalid, match="reason_missing"):
        work.run(VILLAGE, lambda tx: commands.exclude_entry(tx, commands.Exclude(entry_id=one.id, reason=" x ")))
    work.run(VILLAGE, lambda tx: commands.exclude_entry(tx, commands.Exclude(entry_id=one.id, reason="Sudah pindah")))
    with work.read_by(VILLAGE) as tx:
        assert "Sudah pindah" in queries.entry(tx, one.id).reason("id")
    work.run(VILLAGE, lambda tx: commands.restore_entry(tx, one.id))
    with work.read_by(VILLAGE) as tx:
        assert (queries.entry(tx, one.id).state, queries.entry(tx, one.id).reason("id")) == (EntryState.CANDIDATE, "")
    proposed(work, listed)
    work.run(VILLAGE, lambda tx: commands.withdraw_proposal(tx, one.id))
    with work.read_by(VILLAGE) as tx:
        assert queries.entry(tx, one.id).proposed_by_name is None


def test_of_four_heads_who_determine_at_once_one_does(work: Work, listed: UUID):
    verified(work, listed)
    heads = [replace(HEAD, id=str(uuid5(NAMESPACE, f"head/{no}"))) for no in range(4)]
    order = decree(work, listed)
    told = codes(at_once([lambda who=who: work.run(who, lambda tx: commands.determine(tx, order)) for who in heads]))  # type: ignore[misc]
    assert told == ["", *["term.cannot_determine"] * 3]
    with work.read_by(OFFICER) as tx:
        assert len(queries.frozen_list(tx, listed)) == 3


def test_a_list_never_changes_behind_the_one_who_verifies_it(work: Work, listed: UUID):
    """Verifying and putting somebody on the list at once: either he is on it and unverified, or he came too late."""
    proposed(work, listed)
    late = a_household(work, W1)
    told = codes(at_once([
        lambda: work.run(SECOND, lambda tx: commands.verify_list(tx, listed)),
        lambda: work.run(
            OFFICER, lambda tx: commands.add_entry(tx, commands.AddEntry(term_id=listed, household_id=late))
        ),
    ]))  # fmt: skip
    assert told in (["", ""], ["", "term.list_is_fixed"])
    with work.read_by(OFFICER) as tx:
        assert queries.term_by_id(tx, listed).state is TermState.VERIFIED
    assert states(work, listed).count(EntryState.VERIFIED) == 3


counts = some.dictionaries(some.sampled_from([EAST, "99.01.02", "99.01.03"]), some.integers(0, 50))


@given(counts, counts)
def test_a_quota_is_exceeded_where_more_are_listed_and_nowhere_else(listed: dict[str, int], quotas: dict[str, int]):
    found = {one.district_code: (one.listed, one.quota) for one in over_quota(listed, quotas)}
    if not quotas:
        assert found == {}
        return
    assert found == {
        code: (count, quotas.get(code, 0)) for code, count in listed.items() if count > quotas.get(code, 0)
    }


@given(some.lists(some.text(alphabet="abc|0123", min_size=1), unique=True), some.randoms())
def test_the_hash_of_a_list_does_not_depend_on_its_order_and_knows_every_line(lines: list[str], chance: object):
    mixed = list(lines)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert list_hash(mixed) == list_hash(lines)
    assert list_hash([*lines, "one more"]) != list_hash(lines)


def test_terms_that_are_opened_at_once_are_numbered_one_after_the_other(work: Work, listed: UUID):
    with work.read_by(OFFICER) as tx:
        first = queries.term_by_id(tx, listed)
    terms = [
        commands.OpenTerm(
            programme_id=first.programme_id, name=f"Tahap {no}", period=first.period,
            items=tuple(
                commands.TermItem(item_id=one.item_id, quantity_milli=one.quantity_milli) for one in first.items
            ),
        )
        for no in range(4)
    ]  # fmt: skip
    told = at_once([lambda order=order: work.run(OFFICER, lambda tx: commands.open_term(tx, order)) for order in terms])  # type: ignore[misc]
    assert codes(told) == [""] * 4
    with work.read_by(OFFICER) as tx:
        assert sorted(one.no for one in queries.terms(tx, first.programme_id)) == [1, 2, 3, 4, 5]
