from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from core.accounts.models import ApiToken, LoginAttempt, LoginSession, Person, PersonGrant
from core.accounts.rules import USERNAME, password_problem, roles_clash, scope_fits
from core.actor import Grant, Role, ScopeKind
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorized
from core.i18n import LANGUAGES
from core.turns import alone
from core.work import Tx

IDLE: Final = timedelta(minutes=30)
LONGEST_SESSION: Final = timedelta(hours=12)
_WINDOW: Final = timedelta(minutes=15)
_MOST_FAILURES: Final = 5
_MOST_FAILURES_ADDRESS: Final = 50

# OWASP's small setting: 19 MiB, and at most four at once, so that a rush at the login page does not eat the machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = threading.BoundedSemaphore(4)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$JmSz9e5Ul6SYUcSSl2cLZkTw3zVDMkQqNWHy6n5d1nY"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPerson:
    username: str
    name: str
    password: str
    grants: tuple[Grant, ...]
    employee_no: str = ""
    language: str = "id"
    must_change_password: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueToken:
    name: str
    role: Role
    scope: ScopeKind = ScopeKind.OFFICE
    scope_id: str = ""
    days: int | None = 365


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The only time the token itself is seen."""

    id: UUID
    token: str


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def add_person(tx: Tx, order: AddPerson) -> UUID:
    """Give somebody an account. Raises: Forbidden, Invalid, Conflict."""
    tx.require("people.manage")
    username = order.username.strip().lower()
    if not USERNAME.fullmatch(username):
        raise Invalid("account.malformed_username", field="username")
    if not order.name.strip():
        raise Invalid("account.name_missing", field="name")
    if problem := password_problem(order.password, username):
        raise Invalid(problem, field="password")
    if tx.session.scalar(sa.select(Person.id).where(Person.username == username)):
        raise Conflict("account.username_taken", username=username)
    person_id = tx.new_id()
    tx.session.add(
        Person(
            id=person_id, regency_code=tx.regency_code, username=username, name=order.name.strip(),
            employee_no=order.employee_no, password_hash=hash_password(order.password),
            must_change_password=order.must_change_password, is_active=True, created_at=tx.now,
            language=order.language if order.language in LANGUAGES else "id",
        )
    )  # fmt: skip
    tx.session.flush()
    tx.note("account.add", "person", person_id)
    _set_grants(tx, person_id, order.grants)
    return person_id


def set_grants(tx: Tx, person_id: UUID, grants: tuple[Grant, ...]) -> None:
    """Give a person exactly these roles. Raises: Forbidden (also for one's own), NotFound, Invalid."""
    tx.require("people.manage")
    if str(person_id) == tx.actor.id:
        raise Forbidden("account.own_roles")
    _held(tx, person_id)
    _set_grants(tx, person_id, grants)


def set_active(tx: Tx, person_id: UUID, *, is_active: bool) -> None:
    """Open or close an account; closing ends every session at once. Raises: Forbidden, NotFound."""
    tx.require("people.manage")
    if str(person_id) == tx.actor.id:
        raise Forbidden("account.own_roles")
    person = _held(tx, person_id)
    person.is_active = is_active
    if not is_active:
        _end_sessions(tx, person_id)
    tx.note("account.activate" if is_active else "account.deactivate", "person", person_id)


def reset_password(tx: Tx, person_id: UUID) -> str:
    """Give a person a first password again; it must be changed at the next login."""
    tx.require("people.manage")
    person = _held(tx, person_id)
    password = secrets.token_urlsafe(12)
    person.password_hash, person.must_change_password = hash_password(password), True
    _end_sessions(tx, person_id)
    tx.note("account.reset_password", "person", person_id)
    return password


def change_password(tx: Tx, old: str, new: str) -> None:
    """Change one's own password; every session ends. A wrong old one counts as in ``prove_password``.

    Raises: Forbidden; TooMany; Invalid.
    """
    person_id = tx.actor.person_id
    if person_id is None:
        raise Forbidden("permission.missing", action="account.change_password")
    person = _held(tx, person_id)
    _refuse_guessing(tx, person.username, tx.actor.address)
    if not _is_password(person.password_hash, old):
        raise Invalid("account.wrong_old_password", field="old_password")
    if problem := password_problem(new, person.username):
        raise Invalid(problem, field="new_password")
    person.password_hash, person.must_change_password = hash_password(new), False
    _end_sessions(tx, person_id)
    tx.note("account.change_password", "person", person_id)


def set_language(tx: Tx, language: str) -> None:
    """Remember the language a person reads in."""
    if tx.actor.person_id is not None and language in LANGUAGES:
        tx.session.execute(sa.update(Person).where(Person.id == tx.actor.person_id).values(language=language))


def check_login(tx: Tx, username: str, password: str, address: str) -> UUID | None:
    """Tell whose login this is, or None; every attempt is kept, and an unknown name costs the same time.

    The caller commits either way, so that a failure counts. Raises: TooMany.
    """
    username = username.strip().lower()
    _refuse_guessing(tx, username, address)
    person = tx.session.scalar(sa.select(Person).where(Person.username == username))
    is_right = _is_password(person.password_hash if person else _NOBODY, password)
    if person and is_right:
        # Not held while the password was being checked, for that takes long: it may be another one by now.
        checked = person.password_hash
        tx.session.refresh(person, with_for_update=True)
        is_right = person.password_hash == checked
    did_succeed = bool(person and is_right and person.is_active)
    _keep_attempt(tx, username, address, did_succeed=did_succeed)
    tx.note("account.login" if did_succeed else "account.login_refused", "person", person.id if person else "")
    return person.id if person and did_succeed else None


def start_session(tx: Tx, person_id: UUID) -> str:
    """Start a session and give its cookie's token, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    tx.session.add(
        LoginSession(
            token_sha256=_digest(token), person_id=person_id, started_at=tx.now, seen_at=tx.now, proved_at=tx.now,
            ended_at=None,
        )
    )  # fmt: skip
    return token


def end_session(tx: Tx, token: str) -> None:
    """End one session at once."""
    tx.session.execute(
        sa.update(LoginSession).where(LoginSession.token_sha256 == _digest(token)).values(ended_at=tx.now)
    )
    tx.note("account.logout", "person", tx.actor.id)


def touch_session(tx: Tx, token: str) -> None:
    """Remember that a session is in use (called at most once a minute)."""
    tx.session.execute(
        sa.update(LoginSession).where(LoginSession.token_sha256 == _digest(token)).values(seen_at=tx.now)
    )


def prove_password(tx: Tx, token: str, password: str) -> None:
    """Ask for the password again before a sensitive act.

    A wrong one counts like a wrong login, but not here: this transaction is undone; see ``count_wrong_password``.
    Raises: Unauthorized; TooMany, from the same wrong ones as a login's.
    """
    person_id = tx.actor.person_id
    if person_id is None:
        raise Unauthorized("account.wrong_password")
    person = _person(tx, person_id)
    _refuse_guessing(tx, person.username, tx.actor.address)
    if not _is_password(person.password_hash, password):
        raise Unauthorized("account.wrong_password")
    tx.session.execute(
        sa.update(LoginSession).where(LoginSession.token_sha256 == _digest(token)).values(proved_at=tx.now)
    )
    tx.note("account.prove", "person", person_id)


def count_wrong_password(tx: Tx) -> None:
    """Count that the actor's own password was given wrongly, in a transaction after the one that it ended."""
    person_id = tx.actor.person_id
    if person_id is not None:
        _keep_attempt(tx, _person(tx, person_id).username, tx.actor.address, did_succeed=False)
        tx.note("account.proof_refused", "person", person_id)


def issue_token(tx: Tx, order: IssueToken) -> IssuedToken:
    """Give a machine its token. Raises: Forbidden, Invalid."""
    tx.require("tokens.manage")
    if not order.name.strip():
        raise Invalid("account.name_missing", field="name")
    grant = Grant(order.role, order.scope, order.scope_id)
    # An account of the administrator is a person. Whoever may issue a token may also open an account for the head.
    if not scope_fits(grant) or order.role is Role.ADMIN:
        raise Invalid("account.scope_unfit", field="scope", role=order.role.value)
    token = "tgp_" + secrets.token_urlsafe(32)
    token_id = tx.new_id()
    tx.session.add(
        ApiToken(
            id=token_id, regency_code=tx.regency_code, name=order.name.strip(), token_sha256=_digest(token),
            role=order.role, scope=order.scope, scope_id=order.scope_id, created_at=tx.now, created_by=tx.actor.id,
            expires_at=_after(tx.now, order.days), revoked_at=None,
        )
    )  # fmt: skip
    tx.note("token.issue", "api_token", token_id, role=order.role.value)
    return IssuedToken(token_id, token)


def revoke_token(tx: Tx, token_id: UUID) -> None:
    """End a token at once. Raises: Forbidden, NotFound."""
    tx.require("tokens.manage")
    done = tx.session.execute(
        sa.update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.regency_code == tx.regency_code, ApiToken.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("token.not_found")
    tx.note("token.revoke", "api_token", token_id)


def _refuse_guessing(tx: Tx, username: str, address: str) -> None:
    """Raises: TooMany, after too many wrong passwords for this name from this address, or from this address alone."""
    # Who tries several at once waits for what became of each.
    alone(tx.session, "login", username, address)
    failures = sa.select(sa.func.count()).where(
        LoginAttempt.at > tx.now - _WINDOW, LoginAttempt.did_succeed.is_(False), LoginAttempt.address == address
    )
    # Per name *and* address: a stranger cannot lock an officer out from elsewhere.
    by_name = tx.session.scalar(failures.where(LoginAttempt.username_sha256 == _digest(username)))
    by_address = tx.session.scalar(failures)
    if (by_name or 0) >= _MOST_FAILURES or (by_address or 0) >= _MOST_FAILURES_ADDRESS:
        raise TooMany("account.too_many_attempts", minutes=int(_WINDOW.total_seconds() // 60))


def _keep_attempt(tx: Tx, username: str, address: str, *, did_succeed: bool) -> None:
    tx.session.add(
        LoginAttempt(
            id=tx.new_id(), username_sha256=_digest(username), address=address, at=tx.now, did_succeed=did_succeed
        )
    )


def _after(now: datetime, days: int | None) -> datetime | None:
    return now + timedelta(days=days) if days else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_password(kept: str, given: str) -> bool:
    if len(given) > 1024:
        return False
    with _hashing:
        try:
            return _hasher.verify(kept, given)
        except Argon2Error:
            return False


def _person(tx: Tx, person_id: UUID) -> Person:
    person = tx.session.get(Person, person_id)
    if person is None or person.regency_code != tx.regency_code:
        raise NotFound("account.not_found")
    return person


def _held(tx: Tx, person_id: UUID) -> Person:
    """Give a person's row as it is now, held until the end: two who change it come one after the other."""
    person = tx.session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if person is None or person.regency_code != tx.regency_code:
        raise NotFound("account.not_found")
    return person


def _end_sessions(tx: Tx, person_id: UUID) -> None:
    tx.session.execute(
        sa.update(LoginSession)
        .where(LoginSession.person_id == person_id, LoginSession.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


def _set_grants(tx: Tx, person_id: UUID, grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        if not scope_fits(grant) or (grant.scope is not ScopeKind.OFFICE and not grant.scope_id):
            raise Invalid("account.scope_unfit", field="grants", role=grant.role.value)
    if roles_clash(grants):
        raise Invalid("account.roles_clash", field="grants")
    tx.session.execute(sa.delete(PersonGrant).where(PersonGrant.person_id == person_id))
    for grant in dict.fromkeys(grants):
        tx.session.add(
            PersonGrant(
                id=tx.new_id(), person_id=person_id, role=grant.role, scope=grant.scope, scope_id=grant.scope_id
            )
        )
    tx.note(
        "account.grant", "person", person_id,
        grants=[f"{grant.role.value}:{grant.scope.value}:{grant.scope_id}" for grant in grants],
    )  # fmt: skip
