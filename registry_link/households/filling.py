"""The new households of a snapshot written from its pieces, one after another, before anybody sees them.

Everything is made ready while nobody waits; what is left for the transaction is to put rows that are ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import put_frame
from registry_link.households.differences import differences_of
from registry_link.households.filling_halves import NO_HALVES, halves_of, keep_halves
from registry_link.households.models import (
    KK_CONTEXT,
    Household,
    Member,
    RegistryLink,
    SnapshotDifference,
    StagedHousehold,
    TakingOver,
)
from registry_link.households.numbers import plain_indexes, sealed_numbers
from registry_link.households.pieces import piece_of
from registry_link.households.serials import Serial, household_codes, serial_ids
from registry_link.households.states import DifferenceKind, LinkState, Outcome
from registry_link.households.weighed import weighed_piece
from registry_link.households.weighing import CHANGED, LEFT_OUT, NEW, digits, kept_people, kept_places

HOMES_AT_ONCE: Final = 10_000
"""Each fills a dozen indexes with its link: half a second on two old processors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Rows as their tables hold them."""

    households: pl.DataFrame
    links: pl.DataFrame
    members: pl.DataFrame
    differences: pl.DataFrame


_NONE: Final = pl.DataFrame()


class PieceMovedError(Exception):
    """A piece is not what was compared any more: somebody in it was erased meanwhile."""


def met_households(tx: Tx, snapshot_id: UUID) -> Mapping[str, str]:
    """Give the rows of a file that are households registered on the spot: their id in the file -> ours, as digits."""
    rows = tx.session.execute(
        sa.select(StagedHousehold.external_id, digits(tx, StagedHousehold.bound_id))
        .join(Household, Household.id == StagedHousehold.bound_id)
        .where(
            Household.is_provisional, Household.regency_code == tx.regency_code,
            StagedHousehold.snapshot_id == snapshot_id, StagedHousehold.outcome == Outcome.CHANGED,
        )
    )  # fmt: skip
    return {row[0]: row[1].replace("-", "") for row in rows}


def parts_of(homes: int) -> range:
    """Number the parts in which so many households of a piece are made ready."""
    return range(-(-homes // HOMES_AT_ONCE))


def parts_to_write(fates: pl.DataFrame) -> list[int]:
    """Number the parts of a piece in which a household is new, or is not listed by the source yet."""
    rows = fates.with_row_index("at").filter(
        (pl.col("fate") == NEW) | ~pl.col("is_listed"), pl.col("fate") != LEFT_OUT
    )  # fmt: skip
    return rows.select((pl.col("at") // HOMES_AT_ONCE).unique().sort()).to_series().to_list()


def homes_ready(
    tx: Tx, snapshot: Any, taking: Any, no: int, part: int, met: Mapping[str, str], *, tells: bool
) -> Ready:  # fmt: skip
    """Make a part of a piece's households ready: rows of the new ones, links of all that the source did not list.

    ``tells``: new ones are told of in the report of differences. Raises: PieceMovedError.
    """
    homes = homes_told(tx, snapshot.id, no, part, met)
    own = pl.Series("own_id", serial_ids(snapshot.id, Serial.HOUSEHOLD, homes["place"].to_list()))
    homes = homes.with_columns(own)
    new = homes.filter(pl.col("fate") == NEW)
    households = _households(tx, snapshot, taking, new) if len(new) else _NONE
    halves = halves_of(households["kk_bidx"], new["place"]) if len(new) else NO_HALVES
    keep_halves((snapshot.id, taking.no), ("homes", no, part), halves)
    return Ready(
        households=households, links=_links(tx, snapshot.id, taking, homes.filter(~pl.col("is_listed"))), members=_NONE,
        differences=_told(snapshot.id, new.select("own_id", "village_code")) if tells and len(new) else _NONE,
    )  # fmt: skip


def homes_told(tx: Tx, snapshot_id: UUID, no: int, part: int, met: Mapping[str, str]) -> pl.DataFrame:
    """Give a part of a piece's households with what becomes of each, but for those that are left out.

    Raises: PieceMovedError.
    """
    piece, (fates, _) = piece_of(tx, snapshot_id, no), weighed_piece(tx, snapshot_id, no)
    if len(piece.homes) != len(fates):
        raise PieceMovedError
    rows = slice(part * HOMES_AT_ONCE, (part + 1) * HOMES_AT_ONCE)
    homes = piece.homes[rows].hstack(fates[rows]).filter(pl.col("fate") != LEFT_OUT)
    homes = homes.with_columns(pl.col("bound_id").bin.encode("hex"))
    if not met:
        return homes
    bound = homes["external_id"].replace_strict(met, default=None, return_dtype=pl.String())
    return homes.with_columns(
        pl.coalesce(bound, "bound_id").alias("bound_id"),
        pl.when(bound.is_not_null()).then(pl.lit(CHANGED)).otherwise("fate").cast(pl.Int8).alias("fate"),
    )


def new_people(tx: Tx, snapshot_id: UUID, no: int, met: Mapping[str, str]) -> pl.DataFrame:
    """Give a piece's members of new households. Raises: PieceMovedError."""
    piece, (_, fates) = piece_of(tx, snapshot_id, no), weighed_piece(tx, snapshot_id, no)
    if len(piece.people) != len(fates):
        raise PieceMovedError
    people = piece.people.hstack(fates).filter(pl.col("fate") == NEW)
    return people.filter(~pl.col("external_id").is_in(sorted(met))) if met else people


def people_ready(tx: Tx, snapshot: Any, taking: Any, no: int, met: Mapping[str, str]) -> Ready:
    """Make a piece's members of new households ready. Raises: PieceMovedError."""
    people = new_people(tx, snapshot.id, no, met)
    key, part = (snapshot.id, taking.no), ("people", no, 0)
    if not len(people):
        keep_halves(key, part, NO_HALVES)
        return Ready(households=_NONE, links=_NONE, members=_NONE, differences=_NONE)
    made = kept_people(people).select(
        pl.Series("id", serial_ids(snapshot.id, Serial.MEMBER, people["place"].to_list())),
        pl.Series("household_id", serial_ids(snapshot.id, Serial.HOUSEHOLD, people["home"].to_list())),
        pl.lit(snapshot.regency_code).alias("regency_code"), pl.all(), pl.lit(True).alias("is_present"),
    )  # fmt: skip
    keep_halves(key, part, halves_of(made["nik_bidx"], people["home"]))
    return Ready(households=_NONE, links=_NONE, members=made, differences=_NONE)


def put_ready(tx: Tx, ready: Ready) -> None:
    """Write rows that are ready."""
    put_frame(tx, Household, ready.households)
    put_frame(tx, RegistryLink, ready.links)
    put_frame(tx, Member, ready.members)
    put_frame(tx, SnapshotDifference, ready.differences)


def _households(tx: Tx, snapshot: Any, taking: Any, homes: pl.DataFrame) -> pl.DataFrame:
    numbers = homes["number"].to_numpy().astype(np.int64) + (taking.no - 1)
    kk = homes["kk"].to_list()
    at = instant(tx, taking.began_at)
    return homes.select(
        pl.col("own_id").alias("id"), pl.Series("row_no", numbers), pl.lit(snapshot.regency_code).alias("regency_code"),
        pl.Series("code", household_codes(numbers)), "village_code", "rt", "rw", "hamlet", "address",
        pl.col("head").alias("head_name"),
        pl.max_horizontal(pl.col("size").fill_null(0), "persons", pl.lit(1)).alias("size"), "decile",
        *kept_places(homes),
        pl.Series("kk", sealed_numbers(kk, KK_CONTEXT), dtype=pl.Binary()),
        pl.Series("kk_bidx", plain_indexes(kk, KK_CONTEXT), dtype=pl.Binary()),
        pl.lit(False).alias("is_provisional"), pl.lit(snapshot.id.hex).alias("snapshot_id"),
        pl.lit(snapshot.source).alias("source"), "external_id", "row_hash",
        pl.lit(at).alias("recorded_at"), pl.lit(at).alias("changed_at"), pl.lit(taking.no).alias("taking_no"),
    )  # fmt: skip


def _links(tx: Tx, snapshot_id: UUID, taking: Any, homes: pl.DataFrame) -> pl.DataFrame:
    return homes.select(
        pl.Series("id", serial_ids(snapshot_id, Serial.LINK, homes["place"].to_list())),
        pl.lit(taking.regency_code).alias("regency_code"),
        pl.coalesce("bound_id", "own_id").alias("household_id"), pl.lit(snapshot_id.hex).alias("snapshot_id"),
        "external_id", pl.lit(LinkState.IMPORTED.value).alias("state"),
        pl.lit(instant(tx, taking.began_at)).alias("recorded_at"),
    )  # fmt: skip


def _told(snapshot_id: UUID, homes: pl.DataFrame) -> pl.DataFrame:
    return differences_of(snapshot_id, DifferenceKind.NEW, homes["own_id"], homes["village_code"])


def instant(tx: Tx, at: Any) -> str:
    """Write an instant as the table holds it."""
    dialect = tx.session.get_bind().dialect
    make = cast(sa.Table, TakingOver.__table__).c.began_at.type.dialect_impl(dialect).bind_processor(dialect)
    ready = at if make is None else make(at)
    return ready if isinstance(ready, str) else str(ready.isoformat(sep=" "))
