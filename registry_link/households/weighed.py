"""What a comparison found, kept beside the pieces of a snapshot until it is taken over: numbers and ids, no words."""

from __future__ import annotations

import io
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.work import Tx
from registry_link.households.models import WeighedPiece


def packed(one: pl.DataFrame, other: pl.DataFrame) -> bytes:
    """Put two tables into one value."""
    parts = []
    for frame in (one, other):
        out = io.BytesIO()
        frame.write_ipc(out, compression="lz4")
        parts.append(out.getvalue())
    return len(parts[0]).to_bytes(8, "big") + b"".join(parts)


def unpacked(content: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the two tables that ``packed`` put together."""
    end = 8 + int.from_bytes(content[:8], "big")
    return pl.read_ipc(content[8:end]), pl.read_ipc(content[end:])


def put_weighed(tx: Tx, snapshot_id: UUID, no: int, content: bytes) -> None:
    """Keep what became of a piece, in the place of what was known of it before."""
    insert = postgresql.insert if tx.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    tx.session.execute(
        insert(WeighedPiece)
        .values(snapshot_id=snapshot_id, no=no, content=content)
        .on_conflict_do_update(index_elements=["snapshot_id", "no"], set_={"content": content})
    )


def weighed_piece(tx: Tx, snapshot_id: UUID, no: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give what became of a piece."""
    content = tx.session.scalars(
        sa.select(WeighedPiece.content).where(WeighedPiece.snapshot_id == snapshot_id, WeighedPiece.no == no)
    ).one()
    return unpacked(bytes(content))
