"""Households that are one: found, proposed by one, decided by another, undone without a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Actor, Role, ScopeKind
from core.clock import FixedClock
from core.crypto import Secret
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from core.work import Work
from registry_link.households.cards import cards_of, drop_card, note_card
from registry_link.households.commands import HouseholdRow, MemberRow, RegisterProvisional, register_provisional
from registry_link.households.completing import Placed, ids_of_kk, place_households
from registry_link.households.departures import RecordDeparture, record_departure
from registry_link.households.identifying import Clues, identify
from registry_link.households.linking import current_links
from registry_link.households.models import Household, Member
from registry_link.households.numbers import kk_index
from registry_link.households.pairing import pairs_by_nik, suspected
from registry_link.households.queries import SearchHouseholds, compositions, household, search_households
from registry_link.households.states import DepartureKind, LinkState, PositionSource, Relation, Sex
from registry_link.identity import commands, jobs, queries
from registry_link.identity.jobs import search_pairs
from registry_link.identity.models import DuplicatePair, IdentityProposal
from registry_link.identity.states import Evidence, PairState, ProposalState, Verdict
from tests.registry_link.people import DARAT, OFFICE, OLILIT, SAUM, WOWON, head, kk, merge, person, with_regions
from tests.support.racing import just_before

OFFICER, SECOND = person(Role.LOGISTICS), replace(person(Role.LOGISTICS), id="00000000-0000-7000-8000-00000000aaaa")
HEAD, AUDITOR = person(Role.HEAD), person(Role.AUDITOR)
WHY = "KTP aslinya dilihat di kantor desa"


def row(number: int, village: str = SAUM, *members: MemberRow, card: int = 0) -> HouseholdRow:
    return HouseholdRow(
        external_id=f"h{number}", village_code=village, decile=3, address="Jalan Contoh", file_row=number,
        kk=Secret(kk(card)) if card else None, members=members,
    )  # fmt: skip


def child(name: str, serial: int, born_on: date = date(2015, 3, 1)) -> MemberRow:
    return MemberRow(
        name=name, external_id=f"c{serial}", relation=Relation.CHILD, sex=Sex.FEMALE, birth_on=born_on, file_row=serial
    )


MARIA = replace(head("Maria Contoh", 1, sex=Sex.FEMALE), nik=None)
ROWS = (
    # 1 and 2: the same woman, once without her number, in two villages of one district; each knows another child.
    row(1, SAUM, MARIA, child("Ani Contoh", 11)),
    row(2, OLILIT, replace(head("Maria Contoh", 2, sex=Sex.FEMALE), external_id="m2"), child("Beni Contoh", 12)),
    # 3 and 4 share a card and nothing else.
    row(3, SAUM, head("Yohanes Satu", 3, date(1970, 1, 5)), card=7),
    row(4, SAUM, head("Petrus Dua", 4, date(1980, 6, 6)), card=7),
    # 5 has the NIK of 2's head, far away and under another name.
    row(5, WOWON, replace(head("Mariam Lain", 2, sex=Sex.FEMALE), external_id="m5", birth_on=date(1990, 1, 1))),
    row(6, WOWON, head("Tunggal Contoh", 6, date(1960, 2, 2))),
)


@pytest.fixture
def office(work: Work) -> Work:
    merge(with_regions(work), ROWS)
    search_pairs(work, OFFICE)
    return work


def ids(work: Work) -> dict[str, UUID]:
    with work.read_by(OFFICE) as tx:
        return {row.external_id: row.id for row in tx.session.execute(sa.select(Household.external_id, Household.id))}


def pair_of(work: Work, one: str, other: str) -> UUID:
    known = ids(work)
    wanted = {known[one], known[other]}
    with work.read_by(OFFICER) as tx:
        found = queries.pairs(tx, state=None)
    return next(line.id for line in found.lines if {line.first.id, line.second.id} == wanted)


def decide(work: Work, pair_id: UUID, verdict: Verdict, stays: UUID | None = None, by: Actor = SECOND) -> Any:
    with work.by(OFFICER) as tx:
        made = commands.propose(
            tx, commands.Propose(pair_id=pair_id, verdict=verdict, reason=WHY, survivor_id=stays)
        )  # fmt: skip
    with work.by(by) as tx:
        return commands.approve(tx, made)


def everything(work: Work) -> list[tuple[Any, ...]]:
    """Give who stands where, as it is now."""
    with work.read_by(OFFICE) as tx:
        homes = tx.session.execute(
            sa.select(Household.id, Household.size, Household.merged_into_id).order_by(Household.row_no)
        ).all()
        people = tx.session.execute(
            sa.select(Member.id, Member.household_id, Member.member_key, Member.position, Member.relation,
                      Member.nik_bidx, Member.is_present).order_by(Member.id)
        ).all()  # fmt: skip
    return [tuple(one) for one in (*homes, *people)]


def test_who_died_after_a_merge_is_not_brought_back_by_the_file_of_either(office: Work) -> None:
    """Maria stands in both rows and died as one person; the girl who was carried over died too."""
    known = ids(office)
    decide(office, pair_of(office, "h1", "h2"), Verdict.MERGE, known["h1"])
    with office.read_by(OFFICE) as tx:
        people = {one.name: one.id for one in household(tx, known["h1"]).members}
    assert set(people) == {"Maria Contoh", "Ani Contoh", "Beni Contoh"}
    day = date(2026, 11, 2)
    for name, heir in (("Maria Contoh", "Ani Contoh"), ("Beni Contoh", None)):
        with office.by(OFFICE) as tx:
            record_departure(tx, RecordDeparture(
                kind=DepartureKind.DIED, household_id=known["h1"], member_id=people[name], event_on=day,
                basis_no="474.3/9", basis_on=day, successor_id=people[heir] if heir else None,
            ))  # fmt: skip
    merge(office, [replace(one, decile=7) for one in ROWS], as_of=date(2026, 12, 1))
    with office.read_by(OFFICE) as tx:
        now = household(tx, known["h1"])
    assert ([one.name for one in now.members], now.size) == (["Ani Contoh"], 1)


def test_pairs_are_found_by_number_by_card_and_by_name_and_birth(office: Work) -> None:
    with office.read_by(OFFICER) as tx:
        found = queries.pairs(tx)
        counted = queries.counts(tx)
    told = {(line.first.code, line.second.code): line for line in found.lines}
    assert [line.evidence for line in found.lines] == [Evidence.NIK, Evidence.NAME, Evidence.KK]
    assert len(told) == found.total == counted.open == 3
    assert counted.open_by_evidence == {Evidence.NIK: 1, Evidence.NAME: 1, Evidence.KK: 1, Evidence.TOLD: 0}
    assert found.lines[1].name_permille == 1000
    assert search_pairs(office, OFFICE) == "nothing new"


def test_a_search_drops_what_nothing_speaks_for_and_keeps_what_was_proposed(office: Work) -> None:
    waiting = pair_of(office, "h3", "h4")
    with office.by(OFFICER) as tx:
        commands.propose(tx, commands.Propose(pair_id=waiting, verdict=Verdict.DISTINCT, reason=WHY))
    other = replace(ROWS[0], members=(replace(MARIA, birth_on=date(1987, 1, 1)), *ROWS[0].members[1:]))
    merge(office, (other, ROWS[1], replace(ROWS[2], kk=Secret(kk(8))), *ROWS[3:]), as_of=date(2026, 4, 1))
    assert search_pairs(office, OFFICE) == "0 new, 1 gone, 0 reopened"
    with office.read_by(OFFICER) as tx:
        assert {line.evidence for line in queries.pairs(tx).lines} == {Evidence.NIK, Evidence.KK}


def test_a_merge_takes_two_people_and_everybody_is_counted_once(office: Work, fixed_clock: FixedClock) -> None:
    known, pair_id = ids(office), pair_of(office, "h1", "h2")
    with office.by(OFFICER) as tx:
        order = commands.Propose(pair_id=pair_id, verdict=Verdict.MERGE, reason=WHY, survivor_id=known["h1"])
        made = commands.propose(tx, order)
    with pytest.raises(Conflict, match=r"identity\.proposed_already"), office.by(SECOND) as tx:
        commands.propose(tx, order)
    with pytest.raises(Conflict, match=r"identity\.own"), office.by(OFFICER) as tx:
        commands.approve(tx, made)
    with pytest.raises(Forbidden), office.by(AUDITOR) as tx:
        commands.approve(tx, made)
    before = everything(office)
    fixed_clock.advance(timedelta(minutes=5))
    with office.by(HEAD) as tx:
        done = commands.approve(tx, made)
    assert (done.survivor_id, done.merged_id) == (known["h1"], known["h2"])
    with office.read_by(OFFICER) as tx:
        now = household(tx, known["h1"])
        gone = household(tx, known["h2"])
        names = [line.code for line in search_households(tx, SearchHouseholds(text="beni")).lines]
        made_up = compositions(tx, [known["h1"], known["h2"]], tx.today)
        view = queries.pair(tx, pair_id)
    assert [one.name for one in now.members] == ["Maria Contoh", "Ani Contoh", "Beni Contoh"]
    assert now.size == 3 and now.members[0].nik is not None, "the number that only the other knew"
    assert gone.merged_into_code == now.code and names == [now.code]
    assert [one.persons for one in made_up] == [3, 3]
    assert view.line.state is PairState.MERGED and view.survivor_id == known["h1"]
    with pytest.raises(Conflict, match=r"identity_proposal\.cannot_approve"), office.by(SECOND) as tx:
        commands.approve(tx, made)
    decide(office, pair_id, Verdict.UNDO)
    assert everything(office) == before
    search_pairs(office, OFFICE)
    with office.read_by(OFFICER) as tx:
        assert queries.pair(tx, pair_id).line.state is PairState.OPEN


def test_a_snapshot_between_does_not_double_anybody(office: Work) -> None:
    known, pair_id = ids(office), pair_of(office, "h1", "h2")
    decide(office, pair_id, Verdict.MERGE, known["h1"])
    grown = replace(ROWS[1], members=(*ROWS[1].members, child("Cici Contoh", 13)))
    merge(office, (ROWS[0], grown, *ROWS[2:]), as_of=date(2026, 4, 1))
    with office.read_by(OFFICER) as tx:
        assert sorted(one.name for one in household(tx, known["h1"]).members) == [
            "Ani Contoh", "Beni Contoh", "Cici Contoh", "Maria Contoh"
        ]  # fmt: skip
    decide(office, pair_id, Verdict.UNDO)
    with office.read_by(OFFICER) as tx:
        told = {one: sorted(each.name for each in household(tx, known[one]).members) for one in ("h1", "h2")}
    assert told == {"h1": ["Ani Contoh", "Maria Contoh"], "h2": ["Beni Contoh", "Cici Contoh", "Maria Contoh"]}


def test_who_asks_for_a_search_while_one_is_under_way_gets_another(office: Work) -> None:
    merge(office, ROWS[:5], as_of=date(2026, 4, 1))
    with just_before(jobs, "keep_found", office, OFFICER, commands.ask_search):
        search_pairs(office, OFFICE)
    assert [search_pairs(office, OFFICE) == "nothing new" for _ in range(2)] == [False, True]


def test_kept_as_two_stays_so_until_another_kind_of_evidence_comes(office: Work) -> None:
    pair_id = pair_of(office, "h3", "h4")
    decide(office, pair_id, Verdict.DISTINCT)
    with office.by(OFFICER) as tx:
        commands.ask_search(tx)
    assert search_pairs(office, OFFICE) == "0 new, 0 gone, 0 reopened"
    same = replace(head("Petrus Dua", 3, date(1970, 1, 5)), external_id="m4")
    merge(office, (*ROWS[:3], replace(ROWS[3], members=(same,)), *ROWS[4:]), as_of=date(2026, 4, 1))
    assert search_pairs(office, OFFICE) == "0 new, 0 gone, 1 reopened"
    with office.read_by(OFFICER) as tx:
        line = queries.pair(tx, pair_id).line
    assert line.state is PairState.OPEN and line.evidence is Evidence.NIK and line.decided_at is None


def test_the_links_of_the_registry_follow_what_was_decided(office: Work) -> None:
    known, by_nik, by_card = ids(office), pair_of(office, "h2", "h5"), pair_of(office, "h3", "h4")

    def states(*names: str) -> list[LinkState]:
        with office.read_by(OFFICE) as tx:
            links = current_links(tx, [known[one] for one in names])
        return [links[known[one]].state for one in names]

    assert states("h2", "h5") == [LinkState.DUPLICATE_SUSPECTED] * 2
    decide(office, by_card, Verdict.DISTINCT)
    assert states("h3", "h4") == [LinkState.IMPORTED] * 2
    decide(office, by_nik, Verdict.MERGE, known["h5"])
    assert states("h2") == [LinkState.MERGED]
    # The next file says all of it again; nobody decides it twice.
    merge(office, ROWS, as_of=date(2026, 4, 1))
    search_pairs(office, OFFICE)
    assert states("h2", "h3", "h4") == [LinkState.MERGED, LinkState.IMPORTED, LinkState.IMPORTED]
    decide(office, by_nik, Verdict.UNDO)
    assert states("h2") == [LinkState.IMPORTED]


def test_merged_households_do_not_form_chains(office: Work) -> None:
    known = ids(office)
    first, second = pair_of(office, "h1", "h2"), pair_of(office, "h2", "h5")
    with office.by(OFFICER) as tx:
        late = commands.propose(
            tx, commands.Propose(pair_id=second, verdict=Verdict.MERGE, reason=WHY, survivor_id=known["h5"])
        )  # fmt: skip
    decide(office, first, Verdict.MERGE, known["h1"])
    with pytest.raises(Conflict, match=r"identity\.merged_already"), office.by(SECOND) as tx:
        commands.approve(tx, late)
    with office.read_by(OFFICER) as tx:
        assert queries.pair(tx, second).proposals[0].state is ProposalState.PROPOSED, "nothing was done"
    search_pairs(office, OFFICE)
    # The number went over with its person: now these two are the pair.
    third = pair_of(office, "h1", "h5")
    with pytest.raises(Conflict, match=r"identity\.has_merged"), office.by(OFFICER) as tx:
        commands.propose(
            tx, commands.Propose(pair_id=third, verdict=Verdict.MERGE, reason=WHY, survivor_id=known["h5"])
        )
    assert decide(office, third, Verdict.MERGE, known["h1"]).merged_id == known["h5"]


def test_somebody_may_name_two_that_the_data_do_not_show(office: Work) -> None:
    known = ids(office)
    with office.by(OFFICER) as tx:
        codes = [household(tx, known[one]).code for one in ("h3", "h6")]
        pair_id = commands.name_pair(tx, commands.NamePair(first_code=codes[0], second_code=codes[1].lower()))
        again = commands.name_pair(tx, commands.NamePair(first_code=codes[1], second_code=codes[0]))
    assert again == pair_id
    with office.by(OFFICER) as tx:
        commands.ask_search(tx)
    search_pairs(office, OFFICE)
    with office.read_by(OFFICER) as tx:
        assert queries.pair(tx, pair_id).line.evidence is Evidence.TOLD
    village = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
    for actor, wrong, told in (
        (OFFICER, codes[0], r"identity\.same_household"),
        (OFFICER, "KEL-999999-9", r"identity\.unknown_code"),
        (village, codes[1], r"identity\.unknown_code"),
    ):
        with pytest.raises(Invalid, match=told), office.by(actor) as tx:
            commands.name_pair(tx, commands.NamePair(first_code=codes[0], second_code=wrong))


def test_a_village_sees_only_pairs_within_itself(office: Work) -> None:
    village = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
    with office.read_by(village) as tx:
        assert [line.evidence for line in queries.pairs(tx).lines] == [Evidence.KK]
    with pytest.raises(NotFound), office.by(village) as tx:
        commands.propose(
            tx, commands.Propose(pair_id=pair_of(office, "h1", "h2"), verdict=Verdict.DISTINCT, reason=WHY)
        )
    with office.read_by(person(Role.VILLAGE, ScopeKind.DISTRICT, DARAT)) as tx:
        assert queries.counts(tx).open == 0


def test_registering_on_the_spot_beside_the_registry_is_found(office: Work, fixed_clock: FixedClock) -> None:
    fixed_clock.advance(timedelta(days=1))
    with office.by(OFFICER) as tx:
        order = RegisterProvisional(
            head_name="Tungal Contoh", village_code=WOWON, head_birth_on=date(1960, 2, 2), head_sex=Sex.MALE
        )
        made = register_provisional(tx, order)
    assert search_pairs(office, OFFICE) == "1 new, 0 gone, 0 reopened"
    with office.read_by(OFFICER) as tx:
        view = next(
            queries.pair(tx, line.id) for line in queries.pairs(tx).lines if made.id in (line.first.id, line.second.id)
        )
    assert view.better_id == ids(office)["h6"], "what the registry says stays"


def test_a_household_may_hold_several_cards(office: Work) -> None:
    known, number = ids(office), kk(77)
    village = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
    with office.by(village) as tx:
        card = note_card(tx, known["h1"], number)
        note_card(tx, known["h3"], number)
    with office.read_by(OFFICER) as tx:
        found = search_households(tx, SearchHouseholds(text=number)).lines
        assert {one.id for one in found} == {known["h1"], known["h3"]}
        assert len(identify(tx, [Clues(kk=Secret(number))], "test")[0].candidates) == 2
        assert [one.kk[-4:] for one in cards_of(tx, known["h1"], is_full=True)] == [number[-4:]]
    assert search_pairs(office, OFFICE) == "1 new, 0 gone, 0 reopened"
    with pytest.raises(Conflict, match=r"household\.known"), office.by(OFFICER) as tx:
        register_provisional(tx, RegisterProvisional(head_name="Orang Baru", village_code=SAUM, kk=number))
    for household_id, typed, told in (
        (known["h1"], number, r"card\.known"), (known["h3"], kk(7), r"card\.known"),
        (known["h1"], number[:15], r"registry\."), (known["h2"], kk(78), r"household\.not_found"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=told), office.by(village) as tx:
            note_card(tx, household_id, typed)
    with office.by(village) as tx:
        assert drop_card(tx, card, "Salah ketik") == known["h1"]
    assert search_pairs(office, OFFICE) == "0 new, 1 gone, 0 reopened"


def test_a_further_card_counts_as_much_as_the_one_that_the_registry_names(office: Work) -> None:
    known, number = ids(office), kk(50)
    with office.by(OFFICER) as tx:
        note_card(tx, known["h6"], number)
        note_card(tx, known["h3"], number)
        made = commands.name_pair(tx, commands.NamePair(
            first_code=household(tx, known["h3"]).code, second_code=household(tx, known["h6"]).code
        ))  # fmt: skip
        assert queries.pair(tx, made).line.shares_kk
        assert set(ids_of_kk(tx, [Secret(number)])[kk_index(Secret(number))]) == {known["h3"], known["h6"]}
    with office.by(OFFICER) as tx:
        met = register_provisional(tx, RegisterProvisional(head_name="Baru Contoh", village_code=SAUM)).id
        note_card(tx, met, kk(51))
    rows = (*ROWS, row(8, SAUM, head("Delapan Contoh", 80), card=50), row(9, SAUM, head("Baru Contoh", 90), card=51))
    merge(office, rows, as_of=date(2026, 4, 1))
    now = ids(office)
    assert now["h9"] == met, "whoever was registered on the spot is known again by it"
    with office.read_by(OFFICE) as tx:
        assert current_links(tx, [now["h8"]])[now["h8"]].state is LinkState.DUPLICATE_SUSPECTED


def test_a_merge_fills_what_the_household_that_stays_lacks_and_its_undo_empties_it_again(office: Work) -> None:
    known = ids(office)
    table = cast(sa.Table, Household.__table__)
    with office.by(OFFICE) as tx:
        tx.session.execute(sa.update(table).where(table.c.id == known["h4"]).values(
            rt="004", rw="001", decile=None, village_code=SAUM, hamlet="Soa Atas"
        ))  # fmt: skip
        tx.session.execute(sa.update(table).where(table.c.id == known["h3"]).values(decile=None, address=""))
        place_households(tx, [
            Placed(household_id=known["h4"], lon_deg=131.3, lat_deg=-7.9, source=PositionSource.GPS, accuracy_m=6.0)
        ])  # fmt: skip
    pair_id = pair_of(office, "h3", "h4")
    decide(office, pair_id, Verdict.MERGE, known["h3"])

    def told() -> tuple[Any, ...]:
        with office.read_by(OFFICE) as tx:
            one = household(tx, known["h3"])
        return one.rt, one.rw, one.hamlet, one.address, one.lon_deg, one.position_source, one.position_accuracy_m

    assert told() == ("004", "001", "Soa Atas", "Jalan Contoh", 131.3, PositionSource.GPS, 6.0)
    with office.by(OFFICE) as tx:
        # Somebody looks again and writes another RT: that is not the other household's any more.
        tx.session.execute(sa.update(table).where(table.c.id == known["h3"]).values(rt="009"))
    decide(office, pair_id, Verdict.UNDO)
    assert told() == ("009", None, "", "", None, None, None)


def test_what_a_merge_filled_outlives_the_next_file_and_is_still_undone(office: Work) -> None:
    known = ids(office)
    bare = [replace(one, decile=None) if one.external_id == "h3" else one for one in ROWS]
    merge(office, bare, as_of=date(2026, 2, 1))
    pair_id = pair_of(office, "h3", "h4")
    decide(office, pair_id, Verdict.MERGE, known["h3"])

    def decile() -> int | None:
        with office.read_by(OFFICE) as tx:
            return household(tx, known["h3"]).decile

    assert decile() == 3
    newer = [replace(one, decile=5, address="Jalan Baru") if one.external_id == "h4" else one for one in bare]
    newer = [replace(one, address="Jalan Lain") if one.external_id == "h3" else one for one in newer]
    merge(office, newer, as_of=date(2026, 4, 1))
    search_pairs(office, OFFICE)
    assert decile() == 5
    decide(office, pair_id, Verdict.UNDO)
    assert decile() is None


def test_a_search_that_is_cut_says_so_and_drops_no_open_pair(office: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    with office.read_by(OFFICE) as tx:
        assert (len(pairs_by_nik(tx, 9).pairs), pairs_by_nik(tx, 0).beyond) == (1, 1)
    monkeypatch.setattr("registry_link.identity.jobs.MOST_PAIRS", 0)
    with office.by(OFFICER) as tx:
        before = {line.id: (line.shares_nik, line.shares_kk) for line in queries.pairs(tx).lines}
        commands.ask_search(tx)
    search_pairs(office, OFFICE)
    with office.read_by(OFFICER) as tx:
        assert {line.id: (line.shares_nik, line.shares_kk) for line in queries.pairs(tx).lines} == before
        last = queries.last_search(tx)
        assert last is not None
        assert last.left_out == 2


def suspects(work: Work) -> set[str]:
    """Give who waits for a decision, as the files name them."""
    with work.read_by(OFFICE) as tx:
        waiting, merged = suspected(tx)
        assert not merged
        known = ids(work)
        assert suspected(tx, known.values()) == (waiting, merged)
        assert suspected(tx, [known["h1"]])[0] == waiting & {known["h1"]}
    return {name for name, one in known.items() if one in waiting}


def test_links_are_settled_a_few_at_a_time(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "HOMES_AT_ONCE", 1)
    merge(with_regions(work), ROWS)
    # The import itself suspects the one whose number was there already, not the one who had it first.
    assert suspects(work) == {"h5"}
    search_pairs(work, OFFICE)
    assert suspects(work) == {"h2", "h5"}


def test_a_search_that_was_cut_between_its_transactions_is_done_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge(with_regions(work), ROWS)

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "settle_links", fall)
        with pytest.raises(RuntimeError, match="power"):
            search_pairs(work, OFFICE)
    with work.read_by(OFFICER) as tx:
        assert queries.counts(tx).open == 3
        assert queries.last_search(tx) is None
    assert suspects(work) == {"h5"}
    assert search_pairs(work, OFFICE) == "0 new, 0 gone, 0 reopened"
    assert suspects(work) == {"h2", "h5"}
    assert search_pairs(work, OFFICE) == "nothing new"


def test_what_was_decided_while_links_are_settled_counts(work: Work) -> None:
    merge(with_regions(work), ROWS)
    found = jobs.find_pairs(work, OFFICE)
    assert found is not None
    with work.by(OFFICE) as tx:
        kept = commands.keep_pairs(tx, found)
    assert (kept.new, kept.left_out) == (3, 0)
    with work.read_by(OFFICE) as tx:
        homes = commands.unsettled(tx, everything_is_listed=True)
    known = ids(work)
    assert set(homes) == {known["h2"]}
    decide(work, pair_of(work, "h2", "h5"), Verdict.DISTINCT)
    with work.by(OFFICE) as tx:
        assert commands.settle_links(tx, homes, everything_is_listed=True) == 0
    assert suspects(work) == set()


def test_the_database_itself_wants_two_persons(office: Work) -> None:
    pair_id = pair_of(office, "h3", "h4")
    with office.by(OFFICER) as tx:
        made = commands.propose(tx, commands.Propose(pair_id=pair_id, verdict=Verdict.DISTINCT, reason=WHY))
    with pytest.raises(sa.exc.IntegrityError), office.by(OFFICER) as tx:
        tx.session.execute(
            sa.update(IdentityProposal)
            .where(IdentityProposal.id == made)
            .values(state=ProposalState.APPROVED, decided_at=tx.now, decided_by=OFFICER.id)
        )


def test_more_pairs_than_anybody_can_look_at_are_left_for_later(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_OPEN", 1)
    merge(with_regions(work), ROWS)
    assert search_pairs(work, OFFICE) == "1 new, 0 gone, 0 reopened"
    with work.read_by(OFFICER) as tx:
        found, last = queries.pairs(tx), queries.last_search(tx)
        assert last is not None and last.left_out == 2
    assert found.lines[0].evidence is Evidence.NIK
    with work.read_by(OFFICE) as tx:
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(DuplicatePair)) == 1
    decide(work, found.lines[0].id, Verdict.DISTINCT)
    with work.by(OFFICER) as tx:
        commands.ask_search(tx)
    assert search_pairs(work, OFFICE) == "1 new, 0 gone, 0 reopened"
