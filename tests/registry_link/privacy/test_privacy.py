"""Erasure by two persons, the copy for the subject, who saw whom, and what is kept for how long; on both engines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actor import Role, ScopeKind
from core.audit import AccessRow
from core.clock import FixedClock
from core.crypto import Secret
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.privacy.held import Subject, mentions
from core.privacy.keeping import forget_old
from core.privacy.numbers import holds_number, numbers_in
from core.work import Tx, Work
from registry_link.households import commands as households
from registry_link.households.cards import note_card
from registry_link.households.erased import erased_in, has_erased, known_erased
from registry_link.households.frames import homes_of, people_of
from registry_link.households.models import (
    KK_CONTEXT,
    NIK_CONTEXT,
    ErasedNumber,
    Household,
    Member,
    NumberReveal,
    Snapshot,
    StagedMember,
)
from registry_link.households.numbers import nik_index
from registry_link.households.pieces import pieces_of
from registry_link.households.queries import SearchHouseholds, household, search_households
from registry_link.households.revealing import Reveal, RevealReason, reveal
from registry_link.households.rows import HouseholdRow
from registry_link.households.snapshots import RecordSnapshot, record_snapshot
from registry_link.households.states import SnapshotState
from registry_link.identity.commands import NamePair, Propose, approve, name_pair, propose
from registry_link.identity.states import Verdict
from registry_link.importing.jobs import run_pending_imports
from registry_link.importing.models import ImportRow
from registry_link.importing.queries import import_issues, import_run
from registry_link.privacy import commands, queries
from registry_link.privacy.jobs import sweep
from registry_link.privacy.states import Asker, ErasureState, Ground, IdentityDocument
from tests.registry_link.importing import test_imports as files
from tests.registry_link.people import OFFICE, OLILIT, SAUM, head, kk, merge, nik, nothing_waits, person, with_regions
from tests.support.builders import an_office
from tests.support.racing import just_before

LOG, HEAD, AUD = person(Role.LOGISTICS), person(Role.HEAD), person(Role.AUDITOR)
VIL = person(Role.VILLAGE, ScopeKind.VILLAGE, SAUM)
OUTSIDE = person(Role.VILLAGE, ScopeKind.VILLAGE, OLILIT)
NAME = "Yohana Batlajery"


@pytest.fixture
def office(work: Work) -> Work:
    an_office(work, time_zone="Asia/Jayapura")
    with_regions(work)
    merge(work, [
        HouseholdRow(external_id="a", village_code=SAUM, address="Jalan Pelabuhan 4", rt="001", rw="002", decile=2,
                     kk=Secret(kk(1)), members=(head(NAME, 1), head("Markus Batlajery", 2))),
        HouseholdRow(external_id="b", village_code=SAUM, kk=Secret(kk(3)), members=(head("Siti Aminah", 3),)),
    ])  # fmt: skip
    return work


def id_of(work: Work, name: str) -> UUID:
    with work.read_by(OFFICE) as tx:
        found = tx.session.scalar(sa.select(Household.id).where(Household.head_name == name))
    assert found is not None
    return found


def asking(household_id: UUID, **changed: object) -> commands.AskErasure:
    order: dict[str, object] = {
        "household_id": household_id, "ground": Ground.SUBJECT_ASKED, "reason": "Diminta di loket kantor",
        "asked_for": Asker.MEMBER, "identity_document": IdentityDocument.KTP, **changed,
    }  # fmt: skip
    return commands.AskErasure(**order)  # type: ignore[arg-type]


def ask(work: Work, household_id: UUID) -> UUID:
    with work.by(LOG) as tx:
        return commands.ask_erasure(tx, asking(household_id))


def everything(work: Work) -> Iterator[tuple[str, str]]:
    """Give every row of every table as text, binary values in hex."""
    with work.engine.connect() as connection:
        for name in sa.inspect(work.engine).get_table_names():
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(name))):
                yield name, "|".join(bytes(one).hex() if isinstance(one, bytes) else str(one) for one in row)


# ---------------------------------------------------------------- erasure


def test_an_erased_household_is_found_nowhere_and_the_books_keep_its_code(office: Work):
    one, other = id_of(office, NAME), id_of(office, "Siti Aminah")
    with office.by(LOG) as tx:
        numbers = {nik_index(Secret(nik(1))).hex(), nik_index(Secret(nik(2))).hex()}
        code = household(tx, one).code
    erasure_id = ask(office, one)
    with office.by(HEAD) as tx:
        assert commands.approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits) > 3
    told = [(name, text.lower()) for name, text in everything(office)]
    for word in ("yohana", "batlajery", "markus", "pelabuhan"):
        # The list of words that the search forgives typing errors by is of nobody.
        assert {name for name, text in told if word in text} <= {"search_form"}, word
    assert {name for name, text in told if any(index in text for index in numbers)} == {"erased_number"}
    with office.read_by(LOG) as tx:
        row = tx.session.get(Household, one)
        assert row is not None
        assert (row.code, row.size, row.kk, row.decile, row.rt) == (code, 2, None, None, None)
        assert tx.session.scalars(sa.select(Member.nik_bidx).where(Member.household_id == one)).all() == [None, None]
        for text in ("Yohana", code, kk(1), nik(2)):
            assert not search_households(tx, SearchHouseholds(text=text)).lines, text
        assert [line.id for line in search_households(tx, SearchHouseholds(village_code=SAUM)).lines] == [other]


def to_join(work: Work, merged_id: UUID, survivor_id: UUID) -> UUID:
    """Let one person say that one household is another, for a second one to agree; give the proposal."""
    with work.by(LOG) as tx:
        codes = [household(tx, one).code for one in (merged_id, survivor_id)]
        pair = name_pair(tx, NamePair(first_code=codes[0], second_code=codes[1]))
        verdict = Propose(pair_id=pair, verdict=Verdict.MERGE, reason="Orang yang sama, dilihat sendiri",
                          survivor_id=survivor_id)  # fmt: skip
        return propose(tx, verdict)


def joined(work: Work, merged_id: UUID, survivor_id: UUID) -> None:
    proposal = to_join(work, merged_id, survivor_id)
    with work.by(HEAD) as tx:
        approve(tx, proposal)


def test_who_was_merged_since_is_asked_for_where_the_people_are_now(office: Work):
    one, other = id_of(office, NAME), id_of(office, "Siti Aminah")
    erasure_id = ask(office, one)
    joined(office, one, other)
    with pytest.raises(Conflict, match=r"erasure\.merged"), office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits)
    with office.by(HEAD) as tx:
        assert tx.session.scalars(sa.select(Household.erased_at)).all() == [None, None]
        commands.refuse_erasure(tx, erasure_id, "Sudah digabung, ajukan lagi")
    again = ask(office, other)
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, again, "Sesuai permintaan", nothing_waits)
    assert not {name for name, text in everything(office) if "batlajery" in text.lower()} - {"search_form"}


@pytest.mark.engines("postgresql")
def test_who_is_merged_while_an_erasure_is_approved_is_erased_too(office: Work):
    """The merge commits after the last thing that is asked before households are held."""
    one, other = id_of(office, NAME), id_of(office, "Siti Aminah")
    erasure_id, proposal = ask(office, other), to_join(office, one, other)
    with just_before(commands, "hold", office, HEAD, lambda tx: approve(tx, proposal)), office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "Sesuai permintaan", nothing_waits)
    assert not {name for name, text in everything(office) if "batlajery" in text.lower()} - {"search_form"}


def test_erasure_takes_two_persons_a_document_and_a_ground(office: Work):
    one = id_of(office, NAME)
    for wrong in (
        {"reason": "pendek"}, {"reason": f"NIK {nik(1)} minta dihapus"},
        {"asked_for": Asker.OFFICE}, {"identity_document": IdentityDocument.NONE},
        {"asked_for": Asker.OFFICE, "identity_document": IdentityDocument.NONE},
        {"asked_for": Asker.MEMBER, "identity_document": IdentityDocument.ATTORNEY},
    ):  # fmt: skip
        with pytest.raises(Invalid), office.by(LOG) as tx:
            commands.ask_erasure(tx, asking(one, **wrong))
    with pytest.raises(NotFound), office.by(OUTSIDE) as tx:
        commands.ask_erasure(tx, asking(one))
    with pytest.raises(Forbidden), office.by(AUD) as tx:
        commands.ask_erasure(tx, asking(one))
    erasure_id = ask(office, one)
    with pytest.raises(Conflict, match="asked_already"), office.by(VIL) as tx:
        commands.ask_erasure(tx, asking(one))
    with pytest.raises(Conflict, match=r"erasure\.own"), office.by(LOG) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    with pytest.raises(Forbidden), office.by(VIL) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    with pytest.raises(Conflict, match=r"erasure\.waiting"), office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", lambda *_: ("PKT-26-000001-1",))
    with office.by(HEAD) as tx:
        commands.refuse_erasure(tx, erasure_id, "Masih terdaftar di program")
    with pytest.raises(Conflict), office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    again = ask(office, one)
    with pytest.raises(Conflict, match="not_yours"), office.by(VIL) as tx:
        commands.withdraw_erasure(tx, again)
    with office.by(LOG) as tx:
        commands.withdraw_erasure(tx, again)
    with office.read_by(HEAD) as tx:
        assert [row.state for row in queries.erasures(tx)] == [ErasureState.WITHDRAWN, ErasureState.REFUSED]
        assert household(tx, one).head_name == NAME


def erased_households(tx: Tx, snapshot_id: UUID, rows: Sequence[HouseholdRow]) -> set[str]:
    """Give the ids of those rows that name an erased household, or list somebody of one."""
    homes = homes_of(rows)
    people = people_of([(row.external_id, one) for row in rows for one in row.members])
    of_homes, of_people = erased_in(tx, snapshot_id, known_erased(tx), homes, people)
    return {*homes.filter(of_homes)["external_id"], *people.filter(of_people)["external_id"]}


def test_the_next_file_does_not_bring_an_erased_household_back_but_it_may_come_itself(office: Work):
    one = id_of(office, NAME)
    with office.by(LOG) as tx:
        note_card(tx, one, kk(77))
    erasure_id = ask(office, one)
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
        rows = [
            HouseholdRow(external_id="c", village_code=SAUM, kk=Secret(kk(77))),
            HouseholdRow(external_id="a", village_code=SAUM),
            HouseholdRow(external_id="x", village_code=SAUM, kk=Secret(kk(1))),
            HouseholdRow(external_id="y", village_code=SAUM, members=(head("Nama Lain", 2),)),
            HouseholdRow(external_id="b", village_code=SAUM, kk=Secret(kk(3)), members=(head("Siti Aminah", 3),)),
        ]
        snapshot_id = tx.session.scalar(sa.select(Household.snapshot_id).where(Household.id == one))
        assert snapshot_id is not None
        assert erased_households(tx, snapshot_id, rows) == {"a", "c", "x", "y"}
        other = record_snapshot(tx, RecordSnapshot(source="dtks", as_of_on=date(2026, 1, 1)))
        assert erased_households(tx, other, rows) == {"c", "x", "y"}, "ids are those of one register"
        assert has_erased(tx)
    with office.by(VIL) as tx:
        households.register_provisional(
            tx, households.RegisterProvisional(head_name=NAME, head_nik=nik(1), kk=kk(1), village_code=SAUM)
        )
        assert set(tx.session.scalars(sa.select(ErasedNumber.kind))) == {"kk", "nik", "external"}
        assert erased_households(tx, snapshot_id, rows[2:3]) == set()
    with office.by(LOG) as tx:
        # Whoever is told to hold the card again is not refused by it any more.
        note_card(tx, id_of(office, NAME), kk(77))
        assert erased_households(tx, snapshot_id, rows[:1]) == set()


def test_an_import_refuses_who_was_erased_by_name_of_the_reason(office: Work, tmp_path: Path):
    one = id_of(office, NAME)
    erasure_id = ask(office, one)
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    rows = [
        files.line(1, 1, nik=nik(1), nama=NAME, kk=kk(9), id="z"),  # by the NIK, in another household
        files.line(1, 2, nik=nik(99), kk=kk(9), id="z"),
        files.line(2, 1, kk=kk(1), id="q"),  # by the No. KK
        files.line(3, 1),
    ]
    run_id = files.start(office, files.stored(tmp_path, rows), as_of=date(2026, 6, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        ready = import_run(tx, run_id)
        assert (ready.new, ready.refused) == (1, 3)
        assert {one.code for one in import_issues(tx, run_id).lines} == {"registry.erased"}


def test_rows_that_only_opening_shows_to_be_theirs_are_swept(office: Work):
    one = id_of(office, NAME)
    with office.by(OFFICE) as tx:
        run = _a_run(tx)
        tx.session.add_all(
            ImportRow(run_id=run, file_no=0, row=at, cells=Secret(json.dumps(["x", text])))
            for at, text in ((1, f"{nik(1)[:6]} {nik(1)[6:]}"), (2, nik(3)), (3, f"'{kk(1)}"))
        )
    erasure_id = ask(office, one)
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    assert sweep(office, OFFICE) == "1 erasures, 2 rows"
    assert sweep(office, OFFICE) == "", "nothing is opened twice"
    with office.read_by(HEAD) as tx:
        assert list(tx.session.scalars(sa.select(ImportRow.row))) == [2]
        assert queries.erasure(tx, erasure_id).row.swept_at is not None


def _a_run(tx: object) -> UUID:
    from core.work import Tx
    from registry_link.importing.models import ImportRun
    from registry_link.importing.states import RunState

    assert isinstance(tx, Tx)
    snapshot_id = tx.session.scalar(sa.select(Household.snapshot_id).limit(1))
    run_id = tx.new_id()
    tx.session.execute(sa.insert(ImportRun).values(
        id=run_id, regency_code=tx.regency_code, snapshot_id=snapshot_id, state=RunState.APPLIED,
        code_system="kemendagri", file_sha256="", files="[]", asks_columns=False, file_no=0, at_byte=0, at_row=0,
        bytes_read=0, bytes_total=0, rows=0, refused=0, warned=0, doubled=0, niks=0, niks_ending_zero=0, new=0,
        changed=0, unchanged=0, suspected=0, problem="", started_at=tx.now, started_by="", started_by_name="",
    ))  # fmt: skip
    return run_id


# ---------------------------------------------------------------- the copy


def test_a_copy_holds_all_of_one_household_and_nothing_of_another(office: Work):
    one = id_of(office, NAME)
    with office.by(AUD) as tx:
        household(tx, one)
    order = commands.MakeCopy(
        household_id=one, asked_for=Asker.MEMBER, identity_document=IdentityDocument.KTP, note="Surat 12/2026"
    )
    with office.by(LOG) as tx:
        made = commands.make_copy(tx, order)
    text = made.content.decode()
    told = json.loads(text)
    for known in (NAME, "Markus Batlajery", nik(1), nik(2), kk(1), "Jalan Pelabuhan 4", made.code):
        assert known in text, known
    for foreign in ("Siti", nik(3), kk(3)):
        assert foreign not in text, foreign
    assert [(look["who"], look["purpose"]) for look in told["looks"]] == [(AUD.id, "view")]
    assert {"household", "member", "registry_link"} <= {part["table"] for part in told["data"]}
    with office.read_by(HEAD) as tx:
        trail = queries.trail(tx, one)
        assert [row.note for row in trail.copies] == ["Surat 12/2026"]
        assert trail.copies[0].rows == made.rows
        assert [look.purpose for look in trail.looks] == ["copy", "view"]
    assert not any(nik(1) in line for name, line in everything(office)), "the copy itself is kept nowhere"
    with pytest.raises(Invalid), office.by(LOG) as tx:
        commands.make_copy(tx, commands.MakeCopy(
            household_id=one, asked_for=Asker.REPRESENTATIVE, identity_document=IdentityDocument.KTP))  # fmt: skip


# ---------------------------------------------------------------- who saw whom


def test_whose_data_an_account_saw_is_told_for_any_time(office: Work, fixed_clock: FixedClock):
    one, other = id_of(office, NAME), id_of(office, "Siti Aminah")
    begin = fixed_clock.now()
    with office.by(LOG) as tx:
        household(tx, one)
    fixed_clock.advance(timedelta(hours=1))
    with office.by(LOG) as tx:
        search_households(tx, SearchHouseholds(text="Siti"))
        member = household(tx, one).members[0].id
        reveal(tx, Reveal(household_id=one, member_id=member, reason=RevealReason.CASE, note="Pengaduan nomor 4"))
    fixed_clock.advance(timedelta(hours=1))
    end = fixed_clock.now()
    with office.read_by(AUD) as tx:
        found = queries.exposure(tx, queries.AskExposure(actor_id=LOG.id, since=begin, until=end))
        assert [(row.household_id, row.times, row.is_revealed) for row in found.seen] == [
            (one, 3, True), (other, 1, False),
        ]  # fmt: skip
        assert found.seen[0].first_at == begin
        early = queries.exposure(tx, queries.AskExposure(
            actor_id=LOG.id, since=begin, until=begin + timedelta(minutes=1)))  # fmt: skip
        assert [row.household_id for row in early.seen] == [one]
        nobody = queries.exposure(tx, queries.AskExposure(actor_id=VIL.id, since=begin, until=end))
        assert (nobody.seen, nobody.looks) == ((), ())
        assert [row.note for row in queries.reveals(tx, begin)] == ["Pengaduan nomor 4"]
        for since, until in ((end, begin), (begin, begin + timedelta(days=400))):
            with pytest.raises(Invalid):
                queries.exposure(tx, queries.AskExposure(actor_id=LOG.id, since=since, until=until))
    with pytest.raises(Forbidden), office.read_by(LOG) as tx:
        queries.exposure(tx, queries.AskExposure(actor_id=AUD.id, since=begin, until=end))
    with office.read_by(AUD) as tx:
        asked = [row.purpose for row in tx.session.scalars(sa.select(AccessRow).where(AccessRow.actor_id == AUD.id))]
        assert asked == ["exposure", "exposure"], "the question is a look, too"


def test_a_list_longer_than_a_page_still_tells_who_saw_one_of_it(office: Work):
    one, other = id_of(office, NAME), id_of(office, "Siti Aminah")
    with office.by(LOG) as tx:
        tx.saw("household", [one, *(tx.new_id() for _ in range(300))], "bansos_list")
        tx.saw("village", [SAUM], "positions")
    with office.read_by(HEAD) as tx:
        assert [(look.purpose, look.count) for look in queries.trail(tx, one).looks] == [
            ("positions", 1), ("bansos_list", 301),
        ]  # fmt: skip
        assert [look.purpose for look in queries.trail(tx, other).looks] == ["positions"]
    with pytest.raises(NotFound), office.read_by(OUTSIDE) as tx:
        queries.trail(tx, one)


# ---------------------------------------------------------------- how long


def test_what_was_kept_long_enough_goes_and_the_rest_stays(office: Work, fixed_clock: FixedClock):
    one = id_of(office, NAME)
    order = Reveal(household_id=one, reason=RevealReason.CASE, note="Pengaduan nomor 4")
    with office.by(LOG) as tx:
        reveal(tx, order)
    fixed_clock.advance(timedelta(days=367))
    with office.by(LOG) as tx:
        reveal(tx, order)
        assert forget_old(tx.session, tx.now)["number_reveal"] == 1
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(NumberReveal)) == 1
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(AccessRow)) == 1, "kept for five years"


# ---------------------------------------------------------------- numbers in texts


def test_numbers_are_seen_however_they_are_written():
    number = nik(7)
    index = frozenset({nik_index(Secret(number))})
    for text in (
        number, f"NIK{number}.", " ".join((number[:4], number[4:8], number[8:12], number[12:])),
        "-".join((number[:6], number[6:12], number[12:])), f"'{number}",
    ):  # fmt: skip
        assert holds_number(text), text
        assert number in numbers_in(text), text
        assert mentions(Secret(text), index, (NIK_CONTEXT, KK_CONTEXT)), text
    for text in ("", "Surat 460/1204/DINSOS/2026", "21-11-2026 pukul 10.05", number[:-1]):
        assert not holds_number(text), text
    assert not mentions(Secret(base64.b64encode(number.encode()).decode()), index, (NIK_CONTEXT,))


def test_a_subject_knows_what_papers_call_it(office: Work):
    one = id_of(office, NAME)
    with office.read_by(OFFICE) as tx:
        row = tx.session.get(Household, one)
        assert row is not None
        assert Subject(tx.session, [one]).names == (row.code,)


def test_an_import_that_waits_does_not_bring_back_who_is_erased_meanwhile(office: Work, tmp_path: Path):
    rows = [files.line(1, 1, nik=nik(1), kk=kk(9), id="z"), files.line(2, 1, kk=kk(1), id="q"), files.line(3, 1)]
    run_id = files.start(office, files.stored(tmp_path, rows), as_of=date(2026, 6, 1))
    run_pending_imports(office, OFFICE)
    with office.read_by(LOG) as tx:
        assert import_run(tx, run_id).new == 3
    erasure_id = ask(office, id_of(office, NAME))
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    other = files.start(office, files.stored(tmp_path, [*rows, files.line(4, 1)], "lagi.csv"), as_of=date(2026, 7, 1))
    run_pending_imports(office, OFFICE)
    with office.by(HEAD) as tx:
        assert files.commit_import(tx, run_id).new == 1, "asked again when it is applied"
        assert tx.session.scalar(sa.select(sa.func.count()).where(Household.external_id.in_(["z", "q"]))) == 0
        assert import_run(tx, other).refused == 2


def test_who_is_erased_goes_out_of_the_rows_that_wait(office: Work, tmp_path: Path):
    rows = [files.line(1, 1, nik=nik(1), kk=kk(9), id="z"), files.line(1, 2, kk=kk(9), id="z"), files.line(3, 1)]
    run_id = files.start(office, files.stored(tmp_path, rows), as_of=date(2026, 6, 1))
    run_pending_imports(office, OFFICE)
    erasure_id = ask(office, id_of(office, NAME))
    with office.by(HEAD) as tx:
        commands.approve_erasure(tx, erasure_id, "", nothing_waits)
    sweep(office, OFFICE)
    with office.read_by(HEAD) as tx:
        (snapshot_id,) = tx.session.scalars(sa.select(Snapshot.id).where(Snapshot.state == SnapshotState.STAGED))
        (piece,) = pieces_of(tx, snapshot_id)
        assert (piece.homes["external_id"].to_list(), len(piece.people)) == (["K0003"], 1)
        assert tx.session.scalar(sa.select(sa.func.count()).select_from(StagedMember)) == 1
    with office.by(HEAD) as tx:
        assert files.commit_import(tx, run_id).new == 1
