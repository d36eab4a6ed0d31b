from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import IO, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import Busy, NotFound, TooLarge
from core.files.models import StoredFile
from core.privacy.numbers import holds_number
from core.sealed_file import SealedWriter
from core.turns import alone
from core.work import Tx

_CHUNK = 1 << 20
_BYTES: Final = "file"
"""The bytes of a hash are recorded and deleted by one at a time: several records may need them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    stream: IO[bytes]
    name: str
    purpose: str
    most_bytes: int
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    id: UUID
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Received:
    """An upload that lies in the folder, of which nothing is recorded yet."""

    folder: Path
    temporary: Path
    sha256: str
    size: int

    def drop(self) -> None:
        """Take it away again, unless it was kept."""
        self.temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepFile:
    received: Received
    name: str
    purpose: str
    keep_days: int | None = None


def receive_file(folder: Path, stream: IO[bytes], most_bytes: int, *, is_sealed: bool = False) -> Received:
    """Copy an upload to a file of our own name, counting as it comes; no transaction waits for the sender.

    ``is_sealed``: it holds persons and waits to be read; hash and size stay those of what came.
    Raises: TooLarge; the half-written file is removed then.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    counted, seen = 0, hashlib.sha256()
    handle, temporary = tempfile.mkstemp(dir=folder, prefix="incoming-")
    try:
        with os.fdopen(handle, "wb") as out:
            sealing = SealedWriter(out) if is_sealed else None
            while chunk := stream.read(_CHUNK):
                counted += len(chunk)
                if counted > most_bytes:
                    raise TooLarge("file.too_large", megabytes=most_bytes >> 20)
                seen.update(chunk)
                (sealing or out).write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Received(folder, Path(temporary), seen.hexdigest(), counted)


def keep_file(tx: Tx, order: KeepFile) -> Stored:
    """Record a received file and move it to its place; a transaction that is tried again finds it there.

    Raises: Busy where it does not, and the file is to be sent again.
    """
    received = order.received
    alone(tx.session, _BYTES, received.sha256)
    path = path_of(received.folder, received.sha256)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    if received.temporary.exists():
        os.replace(received.temporary, path)
    elif not path.exists():
        # This is done again, and between the two somebody took away another record of the same bytes, and them with it.
        raise Busy("core.busy")
    stored = Stored(tx.new_id(), received.sha256, received.size)
    # The sender's name is kept for people only, without anything a path or a header could trip over, and no number.
    name = re.sub(r"[^\w .()-]", "_", order.name)[-120:]
    if holds_number(name):
        name = f"berkas{PurePath(name).suffix[:12]}"
    tx.session.execute(
        sa.insert(StoredFile).values(
            id=stored.id, regency_code=tx.regency_code, sha256=stored.sha256, size=stored.size, name=name,
            purpose=order.purpose, stored_at=tx.now, stored_by=tx.actor.id, deleted_at=None,
            delete_on=tx.today + timedelta(days=order.keep_days) if order.keep_days else None,
        )
    )  # fmt: skip
    tx.note("file.store", "file", stored.id, sha256=stored.sha256, size=stored.size, purpose=order.purpose)
    return stored


def drop_received(tx: Tx, received: Received) -> None:
    """Take a received file away whose keeping came to nothing; bytes that a record needs stay.

    In a transaction of its own, which writes: nobody records the same bytes meanwhile.
    """
    received.drop()
    _drop_unneeded(tx.session, received.folder, received.sha256)


def _drop_unneeded(session: Session, folder: Path, sha256: str) -> None:
    """Delete bytes that no record needs, looking when nobody can record the same ones again."""
    alone(session, _BYTES, sha256)
    needed = sa.select(StoredFile.id).where(StoredFile.sha256 == sha256, StoredFile.deleted_at.is_(None)).limit(1)
    if session.scalar(needed) is None:
        path_of(folder, sha256).unlink(missing_ok=True)


def drop_abandoned(folder: Path, before: datetime) -> int:
    """Delete what processes that were killed left half received or half made before an instant; gives how many."""
    count = 0
    for pattern in ("incoming-*", "refused-*"):
        for path in folder.glob(pattern):
            if path.stat().st_mtime >= before.timestamp():
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            count += 1
    return count


def store_file(tx: Tx, folder: Path, order: StoreFile) -> Stored:
    """Receive and keep an upload in one go. Raises: TooLarge; the half-written file is removed then."""
    received = receive_file(folder, order.stream, order.most_bytes)
    try:
        return keep_file(
            tx, KeepFile(received=received, name=order.name, purpose=order.purpose, keep_days=order.keep_days)
        )
    finally:
        received.drop()


def path_of(folder: Path, sha256: str) -> Path:
    """Tell where the bytes of a hash lie."""
    return folder / sha256[:2] / sha256


def open_file(tx: Tx, folder: Path, file_id: UUID) -> Path:
    """Tell where a stored file of the office lies. Raises: NotFound, also when it was deleted."""
    row = tx.session.get(StoredFile, file_id)
    if row is None or row.regency_code != tx.regency_code or row.deleted_at is not None:
        raise NotFound("file.not_found")
    return path_of(folder, row.sha256)


def named_file(tx: Tx, folder: Path, file_id: UUID, purpose: str) -> tuple[Path, str]:
    """Tell where a file that was stored for this purpose lies, and what its sender called it. Raises: NotFound."""
    row = tx.session.get(StoredFile, file_id)
    if row is None or row.purpose != purpose:
        raise NotFound("file.not_found")
    path = open_file(tx, folder, file_id)
    if not path.is_file():
        raise NotFound("file.not_found")
    return path, row.name


def kept_file(tx: Tx, folder: Path, file_id: UUID, purpose: str) -> tuple[Stored, str, Path]:
    """Give a stored file of this purpose with its sender's name and where it lies. Raises: NotFound."""
    path, name = named_file(tx, folder, file_id, purpose)
    row = tx.session.get(StoredFile, file_id)
    assert row is not None
    return Stored(row.id, row.sha256, row.size), name, path


def forget_file(tx: Tx, folder: Path, file_id: UUID) -> None:
    """Take a stored file away: its row says so, its bytes go once that stands, unless another row still needs them."""
    row = tx.session.get(StoredFile, file_id)
    if row is None or row.regency_code != tx.regency_code or row.deleted_at is not None:
        return
    row.deleted_at = tx.now
    tx.note("file.forget", "file", file_id, sha256=row.sha256)
    writer, sha256 = tx.session.get_bind(), row.sha256

    def drop() -> None:
        with Session(writer) as session:
            _drop_unneeded(session, folder, sha256)

    tx.after_commit(drop)


def forget_due(tx: Tx, folder: Path, most: int = 1000) -> int:
    """Take away the office's files whose day has come; gives how many."""
    due = (
        sa.select(StoredFile.id)
        .where(
            StoredFile.regency_code == tx.regency_code, StoredFile.deleted_at.is_(None),
            StoredFile.delete_on <= tx.today,
        )
        .order_by(StoredFile.delete_on, StoredFile.id)
        .limit(most)
    )  # fmt: skip
    ids = list(tx.session.scalars(due))
    for one in ids:
        forget_file(tx, folder, one)
    return len(ids)
