"""Checked rows of an import while they wait: each piece sealed as a whole, its rows with keys and keyed hashes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.crypto import Secret
from core.work import Tx
from registry_link.households.frames import HOMES, PEOPLE
from registry_link.households.models import NIK_CONTEXT, StagedPiece
from registry_link.households.numbers import open_hashes, plain, plain_indexes
from registry_link.households.rules import words_of
from registry_link.households.states import PositionSource, Relation

KEPT_HOMES: Final = pl.Schema({**HOMES, "head": pl.String(), "row_hash": pl.Binary()})
"""``head``: the head's name as it is shown; ``head_name`` stays what the row says."""
KEPT_PEOPLE: Final = pl.Schema({**PEOPLE, "member_key": pl.String(), "row_hash": pl.Binary()})
Digests = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_NONCE: Final = bytes(12)
"""Each piece has a key of its own, which seals nothing else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some households, some members, or both."""

    homes: pl.DataFrame
    people: pl.DataFrame


def empty_piece() -> Piece:
    return Piece(KEPT_HOMES.to_frame(), KEPT_PEOPLE.to_frame())


def keyed_people(people: pl.DataFrame) -> pl.DataFrame:
    """Give members with what makes each the same in the next file: its id, else a keyed hash of NIK, or of name and
    birth."""
    keys = people["member_id"].to_list()
    lacking = [place for place, key in enumerate(keys) if not key]
    if lacking:
        few = people[lacking]
        names = [f"{words_of(name)}|{birth}" for name, birth in zip(few["name"], few["birth_on"], strict=True)]
        for place, index, name in zip(lacking, plain_indexes(few["nik"].to_list(), NIK_CONTEXT), names, strict=True):
            keys[place] = f"name:{open_hashes([name])[0].hex()[:32]}" if index is None else f"nik:{index.hex()[:32]}"
    return people.with_columns(pl.Series("member_key", keys, dtype=pl.String()))


def hashed_homes(homes: pl.DataFrame) -> pl.DataFrame:
    """Give households with the keyed hash of what each row says, as ``staging`` makes it of single rows."""
    return homes.with_columns(pl.Series("row_hash", open_hashes(_home_contents(homes)), dtype=pl.Binary()))


def hashed_people(people: pl.DataFrame) -> pl.DataFrame:
    """Give members with the keyed hash of what each row says."""
    return people.with_columns(pl.Series("row_hash", open_hashes(_people_contents(people)), dtype=pl.Binary()))


def piece_named(homes: pl.DataFrame, people: pl.DataFrame) -> Piece:
    """Put hashed rows together: households whose rows name no head have the name of theirs."""
    heads = people.filter(pl.col("relation") == Relation.HEAD.value).unique("external_id", keep="first")
    homes = homes.join(
        heads.select("external_id", pl.col("name").alias("head")), on="external_id", how="left", maintain_order="left"
    )
    named = pl.when(pl.col("head_name") != "").then("head_name").otherwise(pl.col("head").fill_null(""))
    return Piece(
        homes.with_columns(named.alias("head")).select(KEPT_HOMES.names()), people.select(KEPT_PEOPLE.names())
    )  # fmt: skip


def _home_contents(homes: pl.DataFrame) -> list[str]:
    def number(name: str) -> pl.Series:
        return pl.Series(name, [str(one) for one in homes[name]], dtype=pl.String())

    source = pl.when(pl.col("lon_deg") == "None").then(pl.lit("None")).when(
        pl.col("position_accuracy_m") == "None"
    ).then(pl.lit(PositionSource.REGISTRY.value)).otherwise(pl.lit(PositionSource.GPS.value))  # fmt: skip
    told = homes.with_columns(*(number(name) for name in ("lon_deg", "lat_deg", "position_accuracy_m")))
    parts = [
        "village_code", "rt", "rw", "hamlet", "address", "head_name", "size", "decile", "lon_deg", "lat_deg", source,
        "position_accuracy_m",
    ]  # fmt: skip
    return _contents(told, parts, "kk")


def _people_contents(people: pl.DataFrame) -> list[str]:
    marks = pl.concat_str(
        [pl.col(name).cast(pl.Int8).cast(pl.String)
         for name in ("is_pregnant", "is_nursing", "has_disability", "is_chronically_ill")]
    )  # fmt: skip
    # Without the place in the list: another order is no change.
    return _contents(
        people, ["name", "sex", "birth_on", "age_years", "age_as_of_on", "relation", marks], "nik"
    )  # fmt: skip


def _contents(frame: pl.DataFrame, parts: list[Any], number: str) -> list[str]:
    ready = [
        (pl.col(part) if isinstance(part, str) else part).cast(pl.String).fill_null("None") for part in parts
    ]  # fmt: skip
    content = pl.concat_str(ready, separator="|")
    secret = pl.when(pl.col(number).is_null()).then(pl.lit("")).otherwise(pl.concat_str(pl.lit("\x1f"), number))
    return frame.select(pl.concat_str(content, secret)).to_series().to_list()


# ---------------------------------------------------------------- known by their digests


def digests(values: pl.Series) -> Digests:
    """Give a number of 64 bits for each value, the same in every process of one release."""
    return values.hash(seed=7).to_numpy().astype(np.uint64, copy=False)


def home_numbers(external_ids: Sequence[str]) -> list[int | None]:
    """Give the digests of households' ids as a table keeps them; none of those that are empty."""
    numbers = digests(pl.Series(external_ids, dtype=pl.String())).view(np.int64).tolist()
    return [number if one else None for one, number in zip(external_ids, numbers, strict=True)]


def key_digests(people: pl.DataFrame) -> Digests:
    """Give a number for each member's household and key together."""
    return digests(people["external_id"]) * SPREAD + digests(people["member_key"])


class Seen:
    """Digests that came already, sorted, in few arrays of growing length: a million cost eight megabytes."""

    def __init__(self) -> None:
        self._sorted: list[Digests] = []

    def has(self, some: Digests) -> Mask:
        found: Mask = np.zeros(len(some), dtype=np.bool_)
        for one in self._sorted:
            at = np.minimum(np.searchsorted(one, some), len(one) - 1)
            found |= one[at] == some
        return found

    def add(self, some: Digests) -> None:
        if not len(some):
            return
        self._sorted.append(np.sort(some))
        while len(self._sorted) > 1 and len(self._sorted[-2]) <= 2 * len(self._sorted[-1]):
            last = self._sorted.pop()
            self._sorted[-1] = np.sort(np.concatenate([self._sorted[-1], last]), kind="stable")


# ---------------------------------------------------------------- sealed


def put_piece(tx: Tx, snapshot_id: UUID, no: int, piece: Piece, sealed: tuple[Secret, bytes]) -> None:
    """Keep a piece under its number."""
    key, content = sealed
    tx.session.execute(
        sa.insert(StagedPiece).values(
            snapshot_id=snapshot_id, no=no, homes=len(piece.homes), people=len(piece.people), key=key, content=content
        )
    )


def sealed(snapshot_id: UUID, no: int, piece: Piece) -> tuple[Secret, bytes]:
    """Seal a piece with a key of its own."""
    key = os.urandom(32)
    parts = []
    for frame in (piece.homes, piece.people):
        out = io.BytesIO()
        frame.write_ipc(out, compression="lz4")
        parts.append(out.getvalue())
    content = len(parts[0]).to_bytes(8, "big") + b"".join(parts)
    return Secret(key.hex()), AESGCM(key).encrypt(_NONCE, content, _bound(snapshot_id, no))


def piece_counts(tx: Tx, snapshot_id: UUID) -> list[tuple[int, int, int]]:
    """Give the numbers of a snapshot's pieces with their households and members, in the order of the file."""
    query = sa.select(StagedPiece.no, StagedPiece.homes, StagedPiece.people)
    rows = tx.session.execute(query.where(StagedPiece.snapshot_id == snapshot_id).order_by(StagedPiece.no))
    return [(row.no, row.homes, row.people) for row in rows]


def piece_of(tx: Tx, snapshot_id: UUID, no: int) -> Piece:
    """Open one piece."""
    row = tx.session.execute(
        sa.select(StagedPiece.key, StagedPiece.content).where(
            StagedPiece.snapshot_id == snapshot_id, StagedPiece.no == no
        )
    ).one()
    content = AESGCM(bytes.fromhex(plain(row.key) or "")).decrypt(_NONCE, row.content, _bound(snapshot_id, no))
    end = 8 + int.from_bytes(content[:8], "big")
    return Piece(pl.read_ipc(content[8:end]), pl.read_ipc(content[end:]))


def pieces_of(tx: Tx, snapshot_id: UUID) -> Iterator[Piece]:
    """Open a snapshot's pieces one after another."""
    return (piece_of(tx, snapshot_id, no) for no, _, _ in piece_counts(tx, snapshot_id))


def _bound(snapshot_id: UUID, no: int) -> bytes:
    return f"staged.piece/{snapshot_id.hex}/{no}".encode()
