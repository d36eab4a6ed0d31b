from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from sqlalchemy.orm import Session

from core.accounts import commands, queries
from core.accounts.commands import AddPerson, IssueToken
from core.actor import Actor, Grant, Role, ScopeKind
from core.clock import FixedClock
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from core.work import Tx, Work
from tests.support.builders import PASSWORD, SYSTEM, a_person, an_office
from tests.support.racing import Act, before_the_first_commits, just_before


def login(work: Work, username: str, password: str, address: str = "10.0.0.1") -> str | None:
    with work.by(SYSTEM) as tx:
        person_id = commands.check_login(tx, username, password, address)
        return commands.start_session(tx, person_id) if person_id else None


def session_of(work: Work, token: str) -> queries.SessionView | None:
    with Session(work.engine) as session:
        return queries.session_of(session, token, work.clock.now())


def actor_of(work: Work, username: str) -> Actor:
    token = login(work, username, PASSWORD)
    assert token is not None
    found = session_of(work, token)
    assert found is not None
    return found.actor


def test_a_login_opens_a_session_that_sleeps_and_ends(work: Work, fixed_clock: FixedClock) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    assert login(work, "siti", "bukan kata sandinya") is None
    token = login(work, "SITI ", PASSWORD)
    assert token is not None
    found = session_of(work, token)
    assert found is not None and found.actor.roles == {Role.LOGISTICS}
    fixed_clock.advance(timedelta(minutes=31))
    assert session_of(work, token) is None


def test_a_busy_session_ends_after_twelve_hours_all_the_same(work: Work, fixed_clock: FixedClock) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    token = login(work, "siti", PASSWORD)
    assert token is not None
    for _ in range(25):
        fixed_clock.advance(timedelta(minutes=29))
        if (found := session_of(work, token)) is None:
            break
        with work.by(found.actor) as tx:
            commands.touch_session(tx, token)
    assert work.clock.now() - FixedClock(work.clock.now()).now() == timedelta(0)
    assert session_of(work, token) is None


def test_logging_out_closing_and_resetting_end_sessions_at_once(work: Work) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    person = actor_of(work, "siti")
    for end in ("logout", "close", "reset"):
        token = login(work, "siti", PASSWORD)
        assert token is not None
        with work.by(person if end == "logout" else SYSTEM) as tx:
            assert person.person_id is not None
            if end == "logout":
                commands.end_session(tx, token)
            elif end == "close":
                commands.set_active(tx, person.person_id, is_active=False)
                commands.set_active(tx, person.person_id, is_active=True)
            else:
                commands.reset_password(tx, person.person_id)
        assert session_of(work, token) is None


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("end", ["reset", "close"])
def test_who_logs_in_while_the_account_is_taken_from_them_stays_outside(work: Work, end: str) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    siti = UUID(actor_of(work, "siti").id)

    def take(tx: Tx) -> None:
        if end == "reset":
            commands.reset_password(tx, siti)
        else:
            commands.set_active(tx, siti, is_active=False)

    with just_before(commands, "_is_password", work, SYSTEM, take):
        assert login(work, "siti", PASSWORD) is None


def test_of_two_who_give_somebody_roles_at_once_the_second_ones_hold_alone(work: Work) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    siti = UUID(actor_of(work, "siti").id)

    def giving(role: Role) -> Act:
        return lambda tx: commands.set_grants(tx, siti, (Grant(role, ScopeKind.OFFICE, ""),))

    assert before_the_first_commits(work, SYSTEM, giving(Role.AUDITOR), giving(Role.ADMIN)) is None
    assert actor_of(work, "siti").roles == {Role.ADMIN}


def test_who_guesses_several_at_once_has_no_more_guesses(work: Work) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    for _ in range(4):
        assert login(work, "siti", "bukan kata sandinya") is None

    def guess(tx: Tx) -> None:
        assert commands.check_login(tx, "siti", "bukan kata sandinya", "10.0.0.1") is None

    told = before_the_first_commits(work, SYSTEM, guess, guess)
    assert isinstance(told, TooMany)


def test_guessing_is_slowed_for_the_guesser_not_for_the_owner(work: Work, fixed_clock: FixedClock) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    for _ in range(5):
        assert login(work, "siti", "tebakan yang salah", "10.6.6.6") is None
    with pytest.raises(TooMany):
        login(work, "siti", PASSWORD, "10.6.6.6")
    assert login(work, "siti", PASSWORD, "10.0.0.1") is not None
    fixed_clock.advance(timedelta(minutes=16))
    assert login(work, "siti", PASSWORD, "10.6.6.6") is not None


@pytest.mark.parametrize("password", ["pendek", "password1234", "siti-siti-siti", "aaaaaaaaaaaaaa", "x" * 200])
def test_weak_passwords_are_refused(work: Work, password: str) -> None:
    an_office(work)
    with pytest.raises(Invalid), work.by(SYSTEM) as tx:
        commands.add_person(
            tx, AddPerson(username="siti", name="Siti", password=password, grants=(Grant(Role.LOGISTICS),))
        )


@pytest.mark.parametrize(
    "grants",
    [
        (Grant(Role.HEAD), Grant(Role.LOGISTICS)),
        (Grant(Role.ADMIN), Grant(Role.BPBD)),
        (Grant(Role.FIELD),),
        (Grant(Role.VILLAGE, ScopeKind.PLACE, "x"),),
        (Grant(Role.LOGISTICS, ScopeKind.VILLAGE, "99.01.01.2001"),),
    ],
)
def test_roles_that_must_not_meet_and_scopes_that_do_not_fit_are_refused(work: Work, grants: tuple[Grant, ...]) -> None:
    an_office(work)
    with pytest.raises(Invalid), work.by(SYSTEM) as tx:
        commands.add_person(tx, AddPerson(username="siti", name="Siti", password=PASSWORD, grants=grants))


def test_two_people_cannot_have_one_name(work: Work) -> None:
    an_office(work)
    a_person(work, Role.LOGISTICS, username="siti")
    with pytest.raises(Conflict):
        a_person(work, Role.BPBD, username="SITI")


def test_nobody_changes_their_own_roles(work: Work) -> None:
    an_office(work)
    a_person(work, Role.ADMIN, username="admin")
    admin = actor_of(work, "admin")
    assert admin.person_id is not None
    with pytest.raises(Forbidden), work.by(admin) as tx:
        commands.set_grants(tx, admin.person_id, (Grant(Role.LOGISTICS),))


def test_an_administrator_of_another_office_finds_nobody(work: Work) -> None:
    an_office(work)
    an_office(work, "99.02")
    a_person(work, Role.LOGISTICS, username="siti")
    siti = actor_of(work, "siti")
    stranger = replace(actor_of(work, "siti"), regency_code="99.02", grants=(Grant(Role.ADMIN),), id=siti.id[::-1])
    assert siti.person_id is not None
    with pytest.raises(NotFound), work.by(stranger) as tx:
        commands.set_grants(tx, siti.person_id, (Grant(Role.LOGISTICS),))


def test_a_token_works_until_it_is_revoked_or_expires(work: Work, fixed_clock: FixedClock) -> None:
    an_office(work)
    with work.by(SYSTEM) as tx:
        issued = commands.issue_token(tx, IssueToken(name="BPBD", role=Role.BPBD, days=30))
        kept = commands.issue_token(tx, IssueToken(name="lama", role=Role.BPBD, days=30))

    def machine(token: str) -> Actor | None:
        with Session(work.engine) as session:
            return queries.machine_of(session, token, work.clock.now())

    found = machine(issued.token)
    assert found is not None and found.kind == "machine" and found.roles == {Role.BPBD}
    assert machine("tgp_somethingelse") is None
    with work.by(SYSTEM) as tx:
        commands.revoke_token(tx, issued.id)
    assert machine(issued.token) is None and machine(kept.token) is not None
    fixed_clock.advance(timedelta(days=30))
    assert machine(kept.token) is None


def test_a_machine_never_administers(work: Work) -> None:
    an_office(work)
    with pytest.raises(Invalid), work.by(SYSTEM) as tx:
        commands.issue_token(tx, IssueToken(name="mesin", role=Role.ADMIN))


def test_a_password_costs_what_owasp_asks_also_for_a_name_that_nobody_has(product_hasher: PasswordHasher) -> None:
    told = extract_parameters(product_hasher.hash(PASSWORD))
    assert (told.type, told.memory_cost, told.time_cost) == (Type.ID, 19 * 1024, 2)
    assert extract_parameters(vars(commands)["_NOBODY"]) == told, "the time of an answer must not tell who exists"
