from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.actor import Role, ScopeKind
from core.db import Base, state_column


class Person(Base):
    """Somebody who works with the product (never a recipient)."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    employee_no: Mapped[str]
    password_hash: Mapped[str]
    must_change_password: Mapped[bool]
    is_active: Mapped[bool]
    language: Mapped[str]
    created_at: Mapped[datetime]


class PersonGrant(Base):
    __tablename__ = "person_grant"
    __table_args__ = (sa.UniqueConstraint("person_id", "role", "scope", "scope_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    role: Mapped[Role] = state_column(Role, "role")
    scope: Mapped[ScopeKind] = state_column(ScopeKind, "scope")
    scope_id: Mapped[str]


class LoginSession(Base):
    """A person's session lives here, not in the cookie: ending it ends it at once."""

    __tablename__ = "login_session"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    """When the password was last given (acts that need it again look here)."""
    ended_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """The throttle's memory; it lives in a table because processes come and go."""

    __tablename__ = "login_attempt"
    __table_args__ = (sa.Index(None, "username_sha256", "at"), sa.Index(None, "address", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username_sha256: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    did_succeed: Mapped[bool]


class ApiToken(Base):
    """A machine's way in: an opaque secret of which only the hash is kept, so that it can be revoked."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(sa.ForeignKey("office.regency_code"))
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role] = state_column(Role, "role")
    scope: Mapped[ScopeKind] = state_column(ScopeKind, "scope")
    scope_id: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
