"""Pieces of a snapshot compared with what stands: only what says anything new is written out and sealed cell by cell.

Everything is compared as 64-bit digests of keys and keyed hashes, in memory; what differs goes to ``staged_household``
and ``staged_member`` piece by piece, in short transactions that can be cut off anywhere. Households that say nothing
new stand there without their members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from core.work import Tx
from registry_link.households.bulk import put_frame
from registry_link.households.erased import erased_in, erased_since
from registry_link.households.merged import CARRIED
from registry_link.households.models import (
    KK_CONTEXT,
    NIK_CONTEXT,
    Household,
    Member,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.numbers import plain_indexes, sealed_numbers
from registry_link.households.pieces import SPREAD, Digests, Mask, digests, piece_counts, piece_of, pieces_of
from registry_link.households.positions import position_keys
from registry_link.households.queries import registry_version
from registry_link.households.states import Outcome, PositionSource, Relation
from registry_link.households.taking import PERSON

Numbers = npt.NDArray[np.int64]
_NEW, _CHANGED, _SAME, _LEFT_OUT = range(4)
_OUTCOMES: Final = {_NEW: Outcome.NEW.value, _CHANGED: Outcome.CHANGED.value, _SAME: Outcome.UNCHANGED.value}
_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the rows of a snapshot come to, row by row in the order of its pieces."""

    version: int
    """Of the office's registry, with which they were compared."""
    pieces: tuple[tuple[int, int, int], ...]
    fates: npt.NDArray[np.int8]
    """Of the households: new, changed, the same, or left out because it was erased."""
    bound: pl.Series
    """The ids, as digits, of those that are not new."""
    sizes: Numbers
    """How many members each household has."""
    is_told: Mask
    """Of the members: whether they are written out, because their household says anything new."""
    positions: Numbers
    """Their places in the household's list."""
    is_first: bool
    """No household stands yet: there is nothing to compare members with before they are taken over."""
    twice: tuple[tuple[str, str], ...]
    """Households that list a NIK which another one of this file lists before them, and which one that is."""

    @property
    def members(self) -> int:
        return len(self.is_told)


def compare(tx: Tx, snapshot: Any) -> Comparison:
    """Compare what waits of a snapshot with what stands; writes nothing."""
    version, pieces = registry_version(tx), tuple(piece_counts(tx, snapshot.id))
    erased = erased_since(tx, snapshot.recorded_at)
    homes: list[Digests] = []
    home_hashes: list[Digests] = []
    gone: list[Mask] = []
    owners: list[Digests] = []
    keys: list[Digests] = []
    people_hashes: list[Digests] = []
    niks: list[Digests] = []
    people_gone: list[Mask] = []
    for piece in pieces_of(tx, snapshot.id):
        homes.append(digests(piece.homes["external_id"]))
        home_hashes.append(digests(piece.homes["row_hash"]))
        owners.append(digests(piece.people["external_id"]))
        keys.append(digests(piece.people["member_key"]))
        people_hashes.append(digests(piece.people["row_hash"]))
        # Of the numbers themselves no more than this stays at hand.
        nik = piece.people["nik"]
        niks.append(np.where(nik.is_null().to_numpy(), np.uint64(0), digests(nik.fill_null(""))))
        if erased:
            of_homes, of_people = erased_in(tx, snapshot.id, erased, piece.homes, piece.people)
            gone.append(of_homes.to_numpy())
            people_gone.append(of_people.to_numpy())
    home, owner = _joined(homes), _joined(owners)
    order = np.argsort(home, kind="stable")
    home_of = order[np.searchsorted(home, owner, sorter=order)] if len(home) else np.zeros(0, dtype=np.int64)
    fates = np.full(len(home), _NEW, dtype=np.int8)
    key = owner * SPREAD + _joined(keys)
    bound = _compare_homes(tx, snapshot, home, _joined(home_hashes), fates)
    if (fates != _NEW).any():
        is_other = _compare_people(tx, snapshot, home, owner, key, key * SPREAD + _joined(people_hashes))
        fates[(fates == _SAME) & is_other] = _CHANGED
    if erased:
        gone_people, is_gone = np.concatenate(people_gone), np.concatenate(gone)
        is_gone[home_of[gone_people]] = True
        fates[is_gone] = _LEFT_OUT
    sizes = np.bincount(home_of, minlength=len(home)).astype(np.int64)
    anybody = sa.select(Household.id).where(Household.regency_code == snapshot.regency_code).limit(1)
    is_first = tx.session.scalar(anybody) is None
    is_told = np.isin(fates[home_of], (_CHANGED,) if is_first else (_NEW, _CHANGED))
    return Comparison(
        version=version, pieces=pieces, fates=fates, bound=bound, sizes=sizes, is_told=is_told,
        positions=_positions(home_of), is_first=is_first,
        twice=_twice(tx, snapshot.id, pieces, _joined(niks), home_of, fates),
    )  # fmt: skip


def _compare_homes(
    tx: Tx, snapshot: Any, home: Digests, hashes: Digests, fates: npt.NDArray[np.int8]
) -> pl.Series:  # fmt: skip
    """Mark the households that stand already; gives their ids."""
    nobody = pl.Series([None], dtype=pl.String()).new_from_index(0, len(home))
    query = sa.select(Household.external_id, Household.row_hash, _digits(tx, Household.id)).where(
        Household.regency_code == snapshot.regency_code, Household.source == snapshot.source,
        Household.external_id.is_not(None),
    )  # fmt: skip
    known: list[Digests] = []
    same: list[Digests] = []
    ids: list[pl.Series] = []
    for rows in tx.session.connection().execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        names, said, those = zip(*rows, strict=True)
        known.append(digests(pl.Series(names)))
        same.append(digests(pl.Series(said, dtype=pl.Binary()).fill_null(b"")))
        ids.append(pl.Series(those).str.replace_all("-", "", literal=True))
    if not known:
        return nobody
    standing, standing_hashes = _joined(known), _joined(same)
    order = np.argsort(standing)
    at = order[np.minimum(np.searchsorted(standing, home, sorter=order), len(order) - 1)]
    is_known = standing[at] == home
    fates[is_known] = _CHANGED
    fates[is_known & (standing_hashes[at] == hashes)] = _SAME
    return pl.concat(ids).gather(at).zip_with(pl.Series(is_known), nobody)


def _compare_people(tx: Tx, snapshot: Any, home: Digests, owner: Digests, key: Digests, said: Digests) -> Mask:
    """Tell which households list somebody who stands otherwise, or do not list somebody who stands."""
    query = (
        sa.select(Household.external_id, Member.member_key, Member.row_hash)
        .join(Member, Member.household_id == Household.id)
        .where(
            Household.regency_code == snapshot.regency_code, Household.source == snapshot.source,
            Household.external_id.is_not(None), Member.is_present,
            ~Member.member_key.startswith(CARRIED),
        )
    )  # fmt: skip
    owners: list[Digests] = []
    keys: list[Digests] = []
    hashes: list[Digests] = []
    unknown: list[Mask] = []
    for rows in tx.session.connection().execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        names, members, contents = zip(*rows, strict=True)
        owners.append(digests(pl.Series(names)))
        keys.append(owners[-1] * SPREAD + digests(pl.Series(members)))
        told = pl.Series(contents, dtype=pl.Binary())
        unknown.append(told.is_null().to_numpy())
        hashes.append(keys[-1] * SPREAD + digests(told.fill_null(b"")))
    standing_owner, standing, there = _joined(owners), _joined(keys), _joined(hashes)
    # Of somebody whose row is not known there is nothing to compare: who is listed again is the same.
    open_keys = standing[np.concatenate(unknown)] if unknown else standing
    listed_open = np.isin(key, open_keys)
    differs = ~np.isin(said, there) & ~listed_open
    others = [owner[differs]]
    if snapshot.lists_members:
        is_missing = ~np.isin(there, said)
        is_missing &= ~(np.isin(standing, open_keys) & np.isin(standing, key))
        others.append(standing_owner[is_missing])
    return np.isin(home, np.concatenate(others))


def _twice(
    tx: Tx, snapshot_id: UUID, pieces: Sequence[tuple[int, int, int]], niks: Digests, home_of: Numbers,
    fates: npt.NDArray[np.int8],
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    has = np.flatnonzero((niks != 0) & (fates[home_of] != _LEFT_OUT))
    order = has[np.argsort(niks[has], kind="stable")]
    begins = np.concatenate([[True], niks[order][1:] != niks[order][:-1]])[: len(order)]
    first = home_of[order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]]
    is_other = home_of[order] != first
    if not is_other.any():
        return ()
    pairs = dict(zip(home_of[order][is_other].tolist(), first[is_other].tolist(), strict=True))
    names = _names_of(tx, snapshot_id, pieces, {*pairs, *pairs.values()})
    return tuple(sorted((names[other], names[one]) for other, one in pairs.items()))


def _names_of(
    tx: Tx, snapshot_id: UUID, pieces: Sequence[tuple[int, int, int]], places: set[int]
) -> dict[int, str]:  # fmt: skip
    found: dict[int, str] = {}
    begin = 0
    for no, homes, _ in pieces:
        mine = sorted(place for place in places if begin <= place < begin + homes)
        if mine:
            told = piece_of(tx, snapshot_id, no).homes["external_id"]
            found.update((place, told[place - begin]) for place in mine)
        begin += homes
    return found


# ---------------------------------------------------------------- written out


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A piece as it is staged: rows of ``staged_household`` and ``staged_member``, numbers sealed."""

    homes: pl.DataFrame
    people: pl.DataFrame


def written_out(tx: Tx, snapshot: Any, found: Comparison, place: int) -> WrittenOut:
    """Make the rows of a piece that say anything new ready to be staged, and those of its other households."""
    no, homes, people = found.pieces[place]
    piece = piece_of(tx, snapshot.id, no)
    first = sum(count for _, count, _ in found.pieces[:place])
    first_person = sum(count for _, _, count in found.pieces[:place])
    fates = found.fates[first : first + homes]
    stays = pl.Series(fates != _LEFT_OUT)
    home = piece.homes.with_columns(
        pl.Series("fate", fates), pl.Series("persons", found.sizes[first : first + homes]),
        found.bound[first : first + homes].alias("bound_id"),
    ).filter(stays)  # fmt: skip
    told = piece.people.with_columns(
        pl.Series("position", found.positions[first_person : first_person + people])
    ).filter(pl.Series(found.is_told[first_person : first_person + people]))
    return WrittenOut(_homes(tx, snapshot.id, home), _people(tx, snapshot.id, told))


def put_written(tx: Tx, made: WrittenOut) -> None:
    """Stage rows that ``written_out`` made."""
    put_frame(tx, StagedHousehold, made.homes)
    put_frame(tx, StagedMember, made.people)


def put_new_members(tx: Tx, snapshot: Any) -> None:
    """Take the members of new households over from their pieces, where they were not written out before.

    The households stand already; their members come with their numbers sealed.
    """
    query = sa.select(StagedHousehold.external_id, _digits(tx, StagedHousehold.household_id)).where(
        StagedHousehold.snapshot_id == snapshot.id, StagedHousehold.outcome == Outcome.NEW
    )
    parts: list[pl.DataFrame] = []
    for rows in tx.session.connection().execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        names, ids = zip(*rows, strict=True)
        parts.append(pl.DataFrame({"external_id": names, "household_id": ids}))
    if not parts:
        return
    homes = pl.concat(parts).with_columns(pl.col("household_id").str.replace_all("-", "", literal=True))
    positions = _positions(_joined([digests(piece.people["external_id"]) for piece in pieces_of(tx, snapshot.id)]))
    begin = 0
    for piece in pieces_of(tx, snapshot.id):
        end = begin + len(piece.people)
        people = piece.people.with_columns(pl.Series("position", positions[begin:end]))
        people, begin = people.join(homes, on="external_id", maintain_order="left"), end
        made = _people(tx, snapshot.id, people).select(
            pl.col("member_id").alias("id"), people["household_id"],
            pl.lit(snapshot.regency_code).alias("regency_code"), "member_key", *PERSON,
            pl.lit(True).alias("is_present"),
        )  # fmt: skip
        put_frame(tx, Member, made)


def _positions(owner: npt.NDArray[Any]) -> Numbers:
    """Count the rows of each owner, the first is 1."""
    order = np.argsort(owner, kind="stable")
    ordered = owner[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(owner)])
    sizes = np.diff(np.concatenate([begins, [len(owner)]]))
    positions = np.empty(len(owner), dtype=np.int64)
    positions[order] = np.arange(len(owner)) - np.repeat(begins, sizes) + 1
    return positions


def _homes(tx: Tx, snapshot_id: UUID, homes: pl.DataFrame) -> pl.DataFrame:
    keys, is_known = position_keys(
        homes["lon_deg"].fill_null(float("nan")).to_numpy(), homes["lat_deg"].fill_null(float("nan")).to_numpy()
    )
    has_place = pl.Series(is_known)
    # What says nothing new needs no number: the one that stands stays.
    kk = homes["kk"].zip_with(homes["fate"] != _SAME, pl.Series([None], dtype=pl.String())).to_list()
    nothing = pl.lit(None)
    return homes.select(
        pl.lit(snapshot_id.hex).alias("snapshot_id"), "external_id", _ids(tx, "link_id", len(homes)),
        _ids(tx, "household_id", len(homes)), "file_row", "village_code", "rt", "rw", "hamlet", "address", "decile",
        *(pl.when(has_place).then(pl.col(name)).otherwise(nothing).alias(name) for name in ("lon_deg", "lat_deg")),
        pl.when(has_place).then(pl.Series(keys)).otherwise(nothing).alias("position_key"),
        pl.when(~has_place).then(nothing).when(pl.col("position_accuracy_m").is_null())
        .then(pl.lit(PositionSource.REGISTRY.value)).otherwise(pl.lit(PositionSource.GPS.value))
        .alias("position_source"),
        pl.when(has_place).then("position_accuracy_m").otherwise(nothing).alias("position_accuracy_m"),
        pl.col("head").alias("head_name"), pl.max_horizontal(pl.col("size").fill_null(0), "persons").alias("size"),
        pl.Series("kk", sealed_numbers(kk, KK_CONTEXT), dtype=pl.Binary()),
        pl.Series("kk_bidx", plain_indexes(kk, KK_CONTEXT), dtype=pl.Binary()), "row_hash", "bound_id",
        pl.col("fate").replace_strict(_OUTCOMES, return_dtype=pl.String).alias("outcome"),
    )  # fmt: skip


def _people(tx: Tx, snapshot_id: UUID, people: pl.DataFrame) -> pl.DataFrame:
    nik = people["nik"].to_list()
    # The head stands first, wherever the file has him.
    place = pl.when(pl.col("relation") == Relation.HEAD.value).then(pl.lit(0)).otherwise("position")
    return people.select(
        pl.lit(snapshot_id.hex).alias("snapshot_id"), "external_id", "member_key", _ids(tx, "member_id", len(people)),
        "file_row", place.alias("position"), "name", "sex", pl.col("birth_on").cast(pl.String), "age_years",
        pl.col("age_as_of_on").cast(pl.String), "relation",
        pl.Series("nik", sealed_numbers(nik, NIK_CONTEXT), dtype=pl.Binary()),
        pl.Series("nik_bidx", plain_indexes(nik, NIK_CONTEXT), dtype=pl.Binary()), "is_pregnant", "is_nursing",
        "has_disability", "is_chronically_ill", "row_hash",
    )  # fmt: skip


def _ids(tx: Tx, name: str, count: int) -> pl.Series:
    return pl.Series(name, [one.hex for one in tx.new_ids(count)], dtype=pl.String())


# ---------------------------------------------------------------- parts


def _joined(several: Sequence[Digests]) -> Digests:
    return np.concatenate(several) if several else np.zeros(0, dtype=np.uint64)


def _digits(tx: Tx, column: Any) -> sa.ColumnElement[str]:
    """Read an id as the text it is, which takes a quarter of the time."""
    if tx.session.get_bind().dialect.name == "sqlite":
        return sa.type_coerce(column, sa.String())
    return sa.cast(column, sa.String())
