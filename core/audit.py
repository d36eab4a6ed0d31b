"""The audit chain (who, what, when, facts) and the access log (who saw whom, and why).

A row's hash covers the row before it, so a changed, removed or inserted row shows; a cut-off tail shows against an
anchor: the signed head, kept in a file outside the database. Facts never hold a person's name or number, so that the
chain can stay when a person is erased.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.actor import Actor
from core.crypto import ring
from core.db import Base, Big, append_only, kept_for_years
from core.errors import Fact
from core.turns import alone

GENESIS = "0" * 64


class AuditRow(Base):
    __tablename__ = "audit_row"
    __table_args__ = (sa.Index(None, "subject", "subject_id"),)

    seq: Mapped[Big] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    regency_code: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    roles: Mapped[str]
    request_id: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[str]
    reason: Mapped[str]
    facts: Mapped[str]
    prev: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


class AccessRow(Base):
    """Whose data was seen: one row for a look, a list, an export; ids only."""

    __tablename__ = "access_row"
    __table_args__ = (
        sa.Index("ix_access_row_exposure", "regency_code", "actor_id", "at"),
        # Long lists are not written out subject by subject: whoever asks about one subject reads these.
        sa.Index("ix_access_row_long", "regency_code", "at", sqlite_where=sa.text("count > 200"),
                 postgresql_where=sa.text("count > 200")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    regency_code: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    subject: Mapped[str]
    count: Mapped[int]
    subject_ids: Mapped[str]


class AccessSubject(Base):
    """One household or person of a look at few: so that who saw one of them is answered at once."""

    __tablename__ = "access_subject"
    __table_args__ = {"sqlite_with_rowid": False}

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    access_id: Mapped[UUID] = mapped_column(primary_key=True)


append_only(AuditRow.__table__)
kept_for_years(AccessRow.__table__)
kept_for_years(AccessSubject.__table__)

# By the tables and written once: these end every transaction.
_AUDIT, _ACCESS = cast(sa.Table, AuditRow.__table__), cast(sa.Table, AccessRow.__table__)
_LAST = sa.select(_AUDIT.c.seq, _AUDIT.c.hash).order_by(_AUDIT.c.seq.desc()).limit(1)
_ADD, _ADD_ACCESS = sa.insert(_AUDIT), sa.insert(_ACCESS)
_ADD_SUBJECTS = sa.insert(cast(sa.Table, AccessSubject.__table__))
WRITTEN_OUT = ("household", "member")
LONGEST_WRITTEN_OUT = 200
"""A page. Lists beyond it keep their ids in the one row alone: a print of 30,000 names shall not write 30,000 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One act, before it gets its place in the chain."""

    action: str
    subject: str
    subject_id: str
    reason: str
    facts: dict[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying the chain found."""

    rows: int
    head: str
    bad_seq: int | None
    problem: str

    @property
    def is_sound(self) -> bool:
        return self.bad_seq is None and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    seq: int
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    subject_id: str
    reason: str
    facts: dict[str, Fact]


def append(session: Session, actor: Actor, at: datetime, notes: list[Note]) -> None:
    """Write the notes as the last statements of the transaction: one writer at a time extends the chain, not long."""
    alone(session, "audit")
    last = session.execute(_LAST).first()
    seq, prev = (last.seq, last.hash) if last else (0, GENESIS)
    rows: list[dict[str, object]] = []
    for note in notes:
        seq += 1
        row: dict[str, object] = {
            "seq": seq,
            "at": at,
            "regency_code": actor.regency_code,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "roles": ",".join(sorted(actor.roles)),
            "request_id": actor.request_id,
            "address": actor.address,
            "action": note.action,
            "subject": note.subject,
            "subject_id": note.subject_id,
            "reason": note.reason,
            "facts": _canonical(note.facts),
        }
        row["prev"] = prev
        row["hash"] = prev = _hash(row)
        rows.append(row)
    session.execute(_ADD, rows)


def append_access(
    session: Session, actor: Actor, at: datetime, access_id: UUID, subject: str, ids: list[str], purpose: str
) -> None:
    """Write one row of the access log."""
    session.execute(
        _ADD_ACCESS,
        {
            "id": access_id, "at": at, "regency_code": actor.regency_code, "actor_kind": actor.kind,
            "actor_id": actor.id, "purpose": purpose, "subject": subject, "count": len(ids),
            "subject_ids": json.dumps(ids, separators=(",", ":")),
        },
    )  # fmt: skip
    if subject in WRITTEN_OUT and len(ids) <= LONGEST_WRITTEN_OUT:
        session.execute(
            _ADD_SUBJECTS,
            [{"subject_id": UUID(one), "at": at, "access_id": access_id} for one in dict.fromkeys(ids)],
        )


def verify(session: Session, anchor_file: Path | None = None) -> Verdict:
    """Walk the whole chain; with an anchor file also prove that its tail was not cut off or made anew."""
    prev, seq = GENESIS, 0
    anchors = dict(_read_anchors(anchor_file)) if anchor_file else {}
    columns = list(AuditRow.__table__.columns)
    for row in session.execute(sa.select(*columns).order_by(AuditRow.seq)).yield_per(5000):
        seq += 1
        as_dict = dict(row._mapping)
        if row.seq != seq or row.prev != prev or row.hash != _hash(as_dict):
            return Verdict(rows=seq, head=prev, bad_seq=seq, problem="changed")
        prev = row.hash
        if seq in anchors and anchors[seq] != prev:
            return Verdict(rows=seq, head=prev, bad_seq=seq, problem="differs_from_anchor")
    if anchors and max(anchors) > seq:
        return Verdict(rows=seq, head=prev, bad_seq=seq + 1, problem="shorter_than_anchor")
    return Verdict(rows=seq, head=prev, bad_seq=None, problem="")


def anchor(session: Session, at: datetime, anchor_file: Path) -> int:
    """Append the signed head to a file outside the database; gives the anchored seq."""
    last = session.execute(_LAST).first()
    if last is None:
        return 0
    head = f"{last.seq} {last.hash} {at.isoformat()}"
    signature = ring().sign("tanggap/anchor/1", head.encode()).hex()
    anchor_file.parent.mkdir(parents=True, exist_ok=True)
    with anchor_file.open("a") as file:
        file.write(f"{head} {signature}\n")
    return int(last.seq)


def trail(session: Session, subject: str, subject_id: object, limit: int = 200) -> tuple[AuditLine, ...]:
    """Give the acts on one thing, oldest first."""
    query = (
        sa.select(AuditRow).where(AuditRow.subject == subject, AuditRow.subject_id == str(subject_id))
        .order_by(AuditRow.seq).limit(limit)
    )  # fmt: skip
    return tuple(_line(row) for row in session.scalars(query))


def last_act(session: Session, subject: str, subject_id: object) -> int:
    """Give the number of the last act on one thing, 0 where there was none: what is derived from it compares it."""
    query = sa.select(sa.func.max(AuditRow.seq)).where(
        AuditRow.subject == subject, AuditRow.subject_id == str(subject_id)
    )
    return session.scalar(query) or 0


def latest(session: Session, regency_code: str, limit: int = 100) -> tuple[AuditLine, ...]:
    """Give the newest acts of an office, newest first."""
    query = sa.select(AuditRow).where(AuditRow.regency_code == regency_code).order_by(AuditRow.seq.desc()).limit(limit)
    return tuple(_line(row) for row in session.scalars(query))


def _line(row: AuditRow) -> AuditLine:
    return AuditLine(
        seq=row.seq, at=row.at, actor_kind=row.actor_kind, actor_id=row.actor_id, action=row.action,
        subject=row.subject, subject_id=row.subject_id, reason=row.reason, facts=json.loads(row.facts),
    )  # fmt: skip


def _read_anchors(path: Path) -> Iterator[tuple[int, str]]:
    for line in path.read_text().splitlines():
        seq, digest, at, signature = line.split(" ")
        if not ring().is_signed("tanggap/anchor/1", f"{seq} {digest} {at}".encode(), bytes.fromhex(signature)):
            raise ValueError(f"an anchor in {path.name} was not signed by this installation: seq {seq}")
        yield int(seq), digest


def _hash(row: dict[str, object]) -> str:
    shown = {key: value for key, value in row.items() if key not in ("hash", "prev", "seq")}
    at = row["at"]
    assert isinstance(at, datetime)
    shown["at"] = at.isoformat()
    return hashlib.sha256(f"{row['seq']}|{row['prev']}|{_canonical(shown)}".encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


__all__ = ["AuditLine", "Note", "Verdict", "anchor", "append", "append_access", "latest", "trail", "verify"]
