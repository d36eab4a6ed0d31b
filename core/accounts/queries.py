from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.accounts.commands import IDLE, LONGEST_SESSION
from core.accounts.models import ApiToken, LoginSession, Person, PersonGrant
from core.actor import Actor, Grant, Role, ScopeKind
from core.errors import NotFound
from core.office.models import Office
from core.work import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A living session and whose it is."""

    actor: Actor
    language: str
    username: str
    must_change_password: bool
    seen_at: datetime
    proved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    id: UUID
    username: str
    name: str
    employee_no: str
    is_active: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    id: UUID
    name: str
    role: Role
    scope: ScopeKind
    scope_id: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def session_of(session: Session, token: str, now: datetime) -> SessionView | None:
    """Tell whose living session a cookie's token opens; None when it ended, slept too long or never was."""
    row = session.execute(
        sa.select(LoginSession, Person, Office.time_zone)
        .join(Person, Person.id == LoginSession.person_id)
        .join(Office, Office.regency_code == Person.regency_code)
        .where(LoginSession.token_sha256 == hashlib.sha256(token.encode()).hexdigest())
    ).first()
    if row is None:
        return None
    login, person, time_zone = row
    if login.ended_at or not person.is_active or now - login.seen_at > IDLE or now - login.started_at > LONGEST_SESSION:
        return None
    return SessionView(
        actor=Actor(
            kind="person", id=str(person.id), name=person.name, regency_code=person.regency_code, time_zone=time_zone,
            grants=_grants(session, [person.id]).get(person.id, ()),
        ),
        language=person.language, username=person.username, must_change_password=person.must_change_password,
        seen_at=login.seen_at, proved_at=login.proved_at,
    )  # fmt: skip


def machine_of(session: Session, token: str, now: datetime) -> Actor | None:
    """Tell which machine a bearer token belongs to; None when it is unknown, expired or revoked."""
    row = session.execute(
        sa.select(ApiToken, Office.time_zone)
        .join(Office, Office.regency_code == ApiToken.regency_code)
        .where(ApiToken.token_sha256 == hashlib.sha256(token.encode()).hexdigest())
    ).first()
    if row is None or row[0].revoked_at or (row[0].expires_at and row[0].expires_at <= now):
        return None
    kept, time_zone = row
    return Actor(
        kind="machine", id=str(kept.id), name=kept.name, regency_code=kept.regency_code, time_zone=time_zone,
        grants=(Grant(kept.role, kept.scope, kept.scope_id),),
    )  # fmt: skip


def people(tx: Tx) -> tuple[PersonView, ...]:
    """List the office's accounts. Raises: Forbidden."""
    tx.require("people.see")
    rows = tx.session.scalars(
        sa.select(Person).where(Person.regency_code == tx.regency_code).order_by(Person.name)
    ).all()
    grants = _grants(tx.session, [row.id for row in rows])
    return tuple(
        PersonView(
            id=row.id, username=row.username, name=row.name, employee_no=row.employee_no, is_active=row.is_active,
            grants=grants.get(row.id, ()),
        )
        for row in rows
    )  # fmt: skip


def person(tx: Tx, person_id: UUID) -> PersonView:
    """Give one account. Raises: Forbidden, NotFound."""
    for view in people(tx):
        if view.id == person_id:
            return view
    raise NotFound("account.not_found")


def machines(tx: Tx) -> tuple[tuple[UUID, str], ...]:
    """Name the office's machines, revoked ones too, for whoever may see its accounts. Raises: Forbidden."""
    tx.require("people.see")
    rows = tx.session.execute(
        sa.select(ApiToken.id, ApiToken.name).where(ApiToken.regency_code == tx.regency_code).order_by(ApiToken.name)
    )
    return tuple((row.id, row.name) for row in rows)


def name_of(tx: Tx, actor_id: str) -> str:
    """Name who acted, for timelines and papers: a person's or a machine's name."""
    return names_of(tx, [actor_id])[actor_id]


def names_of(tx: Tx, actor_ids: list[str]) -> dict[str, str]:
    """Name who acted, for many acts at once; an id that is nobody's is given as it is."""
    names = {actor_id: actor_id for actor_id in actor_ids}
    ids = [UUID(actor_id) for actor_id in set(actor_ids) if len(actor_id) == 36]
    for model in (Person, ApiToken):
        rows = tx.session.execute(sa.select(model.id, model.name).where(model.id.in_(ids)))
        names.update({str(row.id): row.name for row in rows})
    return names


def tokens(tx: Tx) -> tuple[TokenView, ...]:
    """List the office's machine tokens. Raises: Forbidden."""
    tx.require("tokens.manage")
    rows = tx.session.scalars(
        sa.select(ApiToken).where(ApiToken.regency_code == tx.regency_code).order_by(ApiToken.created_at)
    )
    return tuple(
        TokenView(
            id=row.id, name=row.name, role=row.role, scope=row.scope, scope_id=row.scope_id,
            created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at,
        )
        for row in rows
    )  # fmt: skip


def _grants(session: Session, ids: list[UUID]) -> dict[UUID, tuple[Grant, ...]]:
    found: dict[UUID, tuple[Grant, ...]] = {}
    rows = session.scalars(sa.select(PersonGrant).where(PersonGrant.person_id.in_(ids)).order_by(PersonGrant.id))
    for row in rows:
        found[row.person_id] = (*found.get(row.person_id, ()), Grant(row.role, row.scope, row.scope_id))
    return found
