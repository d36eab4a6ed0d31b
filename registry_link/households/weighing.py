"""Pieces of a snapshot compared with what stands: only what says anything new is written out and sealed cell by cell.

Everything is compared as 64-bit digests of keys and keyed hashes, in memory; what differs goes to ``staged_household``
and ``staged_member`` piece by piece, in short transactions that can be cut off anywhere. What became of every row is
kept beside its piece, so that the taking over needs no second comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from core.errors import Conflict
from core.work import Tx
from registry_link.households.bulk import chunked, columns_of, one_of, put_frame
from registry_link.households.differences import count_changed, differences_of
from registry_link.households.erased import erased_in, erased_since
from registry_link.households.lacking import LACKING, HeadsTold
from registry_link.households.linking import listed_by
from registry_link.households.marks import Again, again_of
from registry_link.households.merged import CARRIED, is_seen
from registry_link.households.models import (
    KK_CONTEXT,
    NIK_CONTEXT,
    Household,
    Member,
    RegistryLink,
    StagedHousehold,
    StagedMember,
)
from registry_link.households.numbers import plain_indexes, sealed_numbers
from registry_link.households.pieces import (
    SPREAD,
    Digests,
    Mask,
    digests,
    empty_piece,
    piece_counts,
    piece_of,
    pieces_of,
)
from registry_link.households.positions import position_keys
from registry_link.households.queries import registry_version
from registry_link.households.rows import Weighed
from registry_link.households.serials import Serial, serial_ids
from registry_link.households.states import DifferenceKind, Outcome, PositionSource, Relation
from registry_link.households.weighed import packed, put_weighed

Places = npt.NDArray[np.int32]
REFUSED: Final = pl.Schema({"home": pl.UInt64(), "people": pl.Int32()})
"""Digests of households of which rows were refused, and how many of these are rows of members."""
NEW, CHANGED, SAME, LEFT_OUT = range(4)
_OUTCOMES: Final = {NEW: Outcome.NEW.value, CHANGED: Outcome.CHANGED.value, SAME: Outcome.UNCHANGED.value}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the rows of a snapshot come to, row by row in the order of its pieces."""

    version: int
    """Of the office's registry, with which they were compared."""
    compared_at: datetime
    pieces: tuple[tuple[int, int, int], ...]
    fates: npt.NDArray[np.int8]
    """Of the households: new, changed, the same, or left out because it was erased."""
    bound: pl.Series
    """The ids, as digits, of those that are not new."""
    sizes: Places
    """How many members each household has, with those whose rows were refused."""
    lists_all: Mask
    """Of the households: whoever of it is not written out is gone. Not where a row of a member was refused, nor where
    all its people are as they stand, and none of them is written out."""
    kept: tuple[int, int]
    """Households that are listed and of which no row was taken, and members who stay though no row of theirs was."""
    kept_in: Digests
    """Of these members the households."""
    is_told: Mask
    """Of the members: whether they are written out, because their household says anything new of its people."""
    positions: Places
    """Their places in the household's list."""
    home_of: Places
    """Of the members: the place of their household among all of the file."""
    is_listed: Mask
    """Of the households: whether the source lists them already."""
    numbers: Places
    """Of the new households: the how manieth each is, village by village; 0 for others."""
    goings: pl.DataFrame
    """Rows of ``snapshot_difference``: who was listed in the snapshot before and is not in this one, and who is again
    after a time in none."""
    has_before: bool
    """A snapshot of its source is current, whose place it takes."""
    is_first: bool
    """No household stands yet: what is new can be the double of nobody, and needs not be written out."""
    again: Again | None
    """Households whose rows were not read: they say what they said before."""
    twice: tuple[tuple[str, str], ...]
    """Households that list a NIK which another one of this file lists before them, and which one that is."""
    lacking: pl.DataFrame
    """As ``LACKING``; none where not every member is listed."""

    @property
    def members(self) -> int:
        return len(self.is_told) + (0 if self.again is None else self.again.people)


def compare(tx: Tx, snapshot: Any, before_id: UUID | None, refused: pl.DataFrame) -> Comparison:
    """Compare what waits of a snapshot with what stands, and with the snapshot that it takes the place of.

    ``refused``, as ``REFUSED``: households of which rows were refused. They are listed all the same, and so is whoever
    stands in them. Writes nothing. Raises: Conflict "snapshot.read_against_another".
    """
    again = again_of(tx, snapshot.id)
    if again is not None and again.of_id != before_id:
        raise Conflict("snapshot.read_against_another")
    version, pieces = registry_version(tx), tuple(piece_counts(tx, snapshot.id))
    erased = erased_since(tx, snapshot.recorded_at)
    anybody = sa.select(Household.id).where(Household.regency_code == snapshot.regency_code, is_seen()).limit(1)
    is_first = tx.session.scalar(anybody) is None
    told = _told(tx, snapshot.id, erased, is_first=is_first)
    home, home_of = told.home, told.home_of
    fates = np.full(len(home), NEW, dtype=np.int8)
    listed = _listed(tx, snapshot, is_first=is_first)
    is_listed = _among(home, digests(listed))
    bound, standing = _compare_homes(tx, snapshot, told, fates)
    kept_in, has_same_people = _joined([]), np.zeros(len(home), dtype=np.bool_)
    if (fates != NEW).any():
        is_other, is_open, kept_in = _compare_people(tx, snapshot, told, standing, refused)
        fates[(fates == SAME) & is_other] = CHANGED
        if again is not None:
            # Of one whose other rows were not read nobody has left, whatever a row of it says: a row that was refused
            # before and is taken now is looked at whole with the next file.
            fates[(fates == CHANGED) & _among(home, again.marks["home"].to_numpy())] = SAME
        if snapshot.completes_id is None:
            # A link that begins anew is one whose numbers are looked for.
            has_same_people = (fates == CHANGED) & ~is_other & ~is_open & is_listed
    if erased:
        told.is_gone[home_of[told.is_person_gone]] = True
        fates[told.is_gone] = LEFT_OUT
    unread = mapped(home, refused["home"].to_numpy(), refused["people"].to_numpy()).fill_null(0).to_numpy()
    sizes = np.bincount(home_of, minlength=len(home)).astype(np.int32) + unread
    is_told = np.isin(fates[home_of], (CHANGED,) if is_first else (NEW, CHANGED)) & ~has_same_people[home_of]
    every = home if again is None else np.concatenate([home, again.marks["home"].to_numpy()])
    kept = _kept(tx, snapshot, listed, refused, every) if before_id is not None else (0, 0)
    return Comparison(
        version=version, compared_at=tx.now, pieces=pieces, fates=fates, bound=bound, sizes=sizes,
        lists_all=(unread == 0) & ~has_same_people, kept=(kept[0], kept[1] + len(kept_in)), kept_in=kept_in,
        is_told=is_told, positions=_positions(home_of), home_of=home_of, is_first=is_first, again=again,
        is_listed=is_listed, numbers=_numbered(told.villages, fates),
        goings=_goings(tx, snapshot, before_id, home, fates, bound, told.villages, listed, is_listed, again,
                       refused["home"].to_numpy()),
        has_before=before_id is not None,
        twice=_twice(tx, snapshot.id, pieces, told.nik, home_of, fates),
        # Whose row was refused may be the head, or the one member.
        lacking=told.heads.lacking(home, home_of, (fates != LEFT_OUT) & (unread == 0)) if snapshot.lists_members
        else LACKING.to_frame(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """What the pieces of a snapshot say, as digests, row by row; of the numbers themselves no more stays at hand."""

    home: Digests
    home_of: Places
    """Of the members: the place of their household."""
    nik: Digests
    """0 where there is none."""
    villages: pl.Series
    heads: HeadsTold
    is_gone: Mask
    is_person_gone: Mask
    """Who was erased since; nothing where nobody was."""
    names: pl.Series
    home_hashes: Digests
    keys: Digests
    """Of the members: their household and their key in it."""
    contents: Digests
    """The same with what is said of them. These four are empty where there is nobody to compare with."""


def _told(tx: Tx, snapshot_id: UUID, erased: frozenset[tuple[str, bytes]], *, is_first: bool) -> _Told:
    homes: list[Digests] = []
    owners: list[Digests] = []
    niks: list[Digests] = []
    villages = [pl.Series([], dtype=pl.String())]
    heads = HeadsTold()
    gone: list[Mask] = []
    people_gone: list[Mask] = []
    names = [pl.Series([], dtype=pl.String())]
    home_hashes: list[Digests] = []
    keys: list[Digests] = []
    people_hashes: list[Digests] = []
    for piece in pieces_of(tx, snapshot_id):
        homes.append(digests(piece.homes["external_id"]))
        owners.append(digests(piece.people["external_id"]))
        nik = piece.people["nik"]
        niks.append(np.where(nik.is_null().to_numpy(), np.uint64(0), digests(nik.fill_null(""))))
        villages.append(piece.homes["village_code"])
        heads.add(piece)
        if erased:
            of_homes, of_people = erased_in(tx, snapshot_id, erased, piece.homes, piece.people)
            gone.append(of_homes.to_numpy())
            people_gone.append(of_people.to_numpy())
        if not is_first:
            names.append(piece.homes["external_id"])
            home_hashes.append(digests(piece.homes["row_hash"]))
            keys.append(digests(piece.people["member_key"]))
            people_hashes.append(digests(piece.people["row_hash"]))
    home, owner = _joined(homes), _joined(owners)
    nobody = np.zeros(0, dtype=np.bool_)
    key = _joined([]) if is_first else owner * SPREAD + _joined(keys)
    return _Told(
        home=home, home_of=mapped(owner, home, np.arange(len(home), dtype=np.int32)).to_numpy(), nik=_joined(niks),
        villages=pl.concat(villages), heads=heads, is_gone=np.concatenate([nobody, *gone]),
        is_person_gone=np.concatenate([nobody, *people_gone]), names=pl.concat(names),
        home_hashes=_joined(home_hashes), keys=key, contents=key * SPREAD + _joined(people_hashes),
    )  # fmt: skip


def counts_of(tx: Tx, snapshot_id: UUID, found: Comparison) -> Weighed:
    """Give what a compared snapshot comes to, once its rows are written out and bound."""
    mine = StagedHousehold.snapshot_id == snapshot_id
    changed = count_changed(tx, snapshot_id)
    fates = np.bincount(found.fates, minlength=LEFT_OUT + 1).tolist()
    # What was bound since stands among the changed ones.
    return Weighed(
        new=fates[NEW] + fates[CHANGED] - changed, changed=changed,
        unchanged=fates[SAME] + (0 if found.again is None else len(found.again.marks)),
        suspected=tx.session.scalar(sa.select(sa.func.count(StagedHousehold.suspect_id)).where(mine)) or 0,
        members=found.members,
    )  # fmt: skip


def _numbered(villages: pl.Series, fates: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Count the new ones village by village, in the order of the file."""
    new = np.flatnonzero(fates == NEW)
    order = np.argsort(villages.rank("dense").to_numpy()[new], kind="stable") if len(new) else new
    numbers = np.zeros(len(fates), dtype=np.int32)
    numbers[new[order]] = np.arange(1, len(new) + 1)
    return numbers


def _listed(tx: Tx, snapshot: Any, *, is_first: bool) -> pl.Series:
    """Give the ids, in its files, of the households that the source lists now."""
    # As one text, which takes a quarter of the time of a million rows; no id has a line's end in it.
    names = sa.select(sa.func.aggregate_strings(RegistryLink.external_id, "\n"))
    told = None if is_first else tx.session.scalar(names.where(listed_by(tx, snapshot.source)))
    return pl.Series(told.split("\n") if told else [], dtype=pl.String())


def _goings(
    tx: Tx, snapshot: Any, before_id: UUID | None, home: Digests, fates: npt.NDArray[np.int8], bound: pl.Series,
    villages: pl.Series, last: pl.Series, is_listed: Mask, again: Again | None, refused: Digests,
) -> pl.DataFrame:  # fmt: skip
    nobody = pl.Series([], dtype=pl.String())
    if before_id is None:
        return differences_of(snapshot.id, DifferenceKind.GONE, nobody, nobody)
    listed = np.concatenate([home[fates != LEFT_OUT], refused])
    if again is not None:
        listed = np.concatenate([listed, again.marks["home"].to_numpy()])
    missing = last.filter(pl.Series(~_among(digests(last), listed))).to_list()
    gone: list[tuple[str, str]] = []
    for some in chunked(missing):
        rows = tx.session.execute(
            sa.select(digits(tx, Household.id), Household.village_code)
            .join(RegistryLink, RegistryLink.household_id == Household.id)
            .where(
                listed_by(tx, snapshot.source), one_of(tx, RegistryLink.external_id, some),
                Household.erased_at.is_(None),
            )
        )  # fmt: skip
        gone += [(row[0].replace("-", ""), row[1]) for row in rows]
    maybe = bound.is_not_null().to_numpy() & (fates != LEFT_OUT) & ~is_listed
    ids_again = bound.filter(pl.Series(maybe))
    back_ids: list[UUID] = []
    for some in chunked(ids_again):
        these = [UUID(one) for one in some]
        back_ids += tx.session.scalars(
            sa.select(RegistryLink.household_id).distinct()
            .where(one_of(tx, RegistryLink.household_id, these), RegistryLink.snapshot_id != snapshot.id)
        )  # fmt: skip
    known = {one.hex for one in back_ids}
    is_back, where = ids_again.is_in(sorted(known)), villages.filter(pl.Series(maybe))
    ids, codes = (pl.Series([row[place] for row in gone], dtype=pl.String()) for place in (0, 1))
    return pl.concat([
        differences_of(snapshot.id, DifferenceKind.GONE, ids, codes),
        differences_of(snapshot.id, DifferenceKind.RETURNED, ids_again.filter(is_back), where.filter(is_back)),
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Standing:
    """The households of a file that stand: digests of their ids, and of their ids in the files; the ids."""

    ids: Digests
    names: Digests
    homes: Sequence[str]


def _compare_homes(
    tx: Tx, snapshot: Any, told: _Told, fates: npt.NDArray[np.int8]
) -> tuple[pl.Series, _Standing]:  # fmt: skip
    """Mark the households that stand already; gives their ids, row by row, and what is known of them."""
    home, names = told.home, told.names
    nobody = pl.Series([None], dtype=pl.String()).new_from_index(0, len(home))
    query = sa.select(Household.external_id, Household.row_hash, digits(tx, Household.id)).where(
        Household.regency_code == snapshot.regency_code, Household.source == snapshot.source,
        is_seen(),
    )  # fmt: skip
    known: list[Digests] = []
    same: list[Digests] = []
    ids: list[pl.Series] = []
    for some in chunked(names):
        standing_now = query.where(one_of(tx, Household.external_id, some))
        for standing_names, said, those in columns_of(tx, standing_now):
            known.append(digests(pl.Series(standing_names)))
            same.append(digests(pl.Series(said, dtype=pl.Binary()).fill_null(b"")))
            ids.append(pl.Series(those))
    if not known:
        return nobody, _Standing(_joined([]), _joined([]), ())
    standing, standing_hashes, all_ids = _joined(known), _joined(same), pl.concat(ids)
    order = np.argsort(standing)
    at = order[np.minimum(np.searchsorted(standing, home, sorter=order), len(order) - 1)]
    is_known = standing[at] == home
    fates[is_known] = CHANGED
    fates[is_known & (standing_hashes[at] == told.home_hashes)] = SAME
    bound = all_ids.gather(at).str.replace_all("-", "", literal=True).zip_with(pl.Series(is_known), nobody)
    return bound, _Standing(digests(all_ids), standing, all_ids.to_list())


def _compare_people(
    tx: Tx, snapshot: Any, told: _Told, known: _Standing, refused: pl.DataFrame
) -> tuple[Mask, Mask, Digests]:  # fmt: skip
    """Tell which households list somebody who stands otherwise, or do not list somebody who stands; of which somebody
    stands of whom no row is known; and give the households of those who may be gone, because rows were refused."""
    query = sa.select(digits(tx, Member.household_id), Member.member_key, Member.row_hash).where(
        Member.is_present, ~Member.member_key.startswith(CARRIED)
    )
    of: list[Digests] = []
    keys: list[Digests] = []
    hashes: list[Digests] = []
    unknown: list[Mask] = [np.zeros(0, dtype=np.bool_)]
    for some in chunked(known.homes):
        theirs = query.where(one_of(tx, Member.household_id, [UUID(one) for one in some]))
        for ids, members, contents in columns_of(tx, theirs):
            said = pl.Series(contents, dtype=pl.Binary())
            of.append(digests(pl.Series(ids)))
            keys.append(digests(pl.Series(members)))
            hashes.append(digests(said.fill_null(b"")))
            unknown.append(said.is_null().to_numpy())
    names = mapped(_joined(of), known.ids, known.names)
    is_ours = names.is_not_null().to_numpy()
    standing_owner = names.drop_nulls().to_numpy()
    standing = standing_owner * SPREAD + _joined(keys)[is_ours]
    there = standing * SPREAD + _joined(hashes)[is_ours]
    # Of somebody whose row is not known there is nothing to compare: who is listed again is the same.
    is_unknown = np.concatenate(unknown)[is_ours]
    open_keys = standing[is_unknown]
    differs = ~_among(told.contents, there) & ~_among(told.keys, open_keys)
    others = [told.home[told.home_of[differs]]]
    kept = _joined([])
    if snapshot.lists_members:
        is_missing = ~_among(there, told.contents)
        is_missing &= ~(_among(standing, open_keys) & _among(standing, told.keys))
        # Who is missing may be the one whose row was refused.
        may_be = _among(standing_owner, refused.filter(pl.col("people") > 0)["home"].to_numpy())
        others.append(standing_owner[is_missing & ~may_be])
        is_elsewhere = _among(standing, told.keys)
        kept = standing_owner[is_missing & may_be & ~is_elsewhere]
    return _among(told.home, np.concatenate(others)), _among(told.home, standing_owner[is_unknown]), kept


def _kept(
    tx: Tx, snapshot: Any, listed: pl.Series, refused: pl.DataFrame, home: Digests
) -> tuple[int, int]:  # fmt: skip
    """Count the households that were listed before and of which every row was refused, and their members."""
    last = digests(listed)
    names = listed.filter(pl.Series(_among(last, refused["home"].to_numpy()) & ~_among(last, home))).to_list()
    members = 0
    for some in chunked(names) if snapshot.lists_members else ():
        theirs = (
            sa.select(sa.func.count())
            .select_from(RegistryLink)
            .join(Member, Member.household_id == RegistryLink.household_id)
        )
        these = one_of(tx, RegistryLink.external_id, some)
        asked = theirs.where(listed_by(tx, snapshot.source), these, Member.is_present)
        members += tx.session.scalar(asked) or 0
    return len(names), members


def _twice(
    tx: Tx, snapshot_id: UUID, pieces: Sequence[tuple[int, int, int]], niks: Digests, home_of: Places,
    fates: npt.NDArray[np.int8],
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    is_there = (niks != 0) & (fates[home_of] != LEFT_OUT)
    # In memory these are all numbers of a registry: only those that come again are put in order with their places.
    every = np.sort(niks[is_there])
    several = every[1:][every[1:] == every[:-1]]
    if not len(several):
        return ()
    del every
    has = np.flatnonzero(is_there & _among(niks, several))
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
    """A piece as it is staged: rows of ``staged_household`` and ``staged_member``, numbers sealed; what it came to."""

    no: int
    homes: pl.DataFrame
    people: pl.DataFrame
    fates: bytes


def written_out(tx: Tx, snapshot: Any, found: Comparison, place: int) -> WrittenOut:
    """Make the rows of a piece that are to be looked at in the database ready to be staged.

    These are all that say anything new, but for the new ones of an empty office, and those that share a NIK.
    """
    no, homes, people = found.pieces[place]
    first = sum(count for _, count, _ in found.pieces[:place])
    first_person = sum(count for _, _, count in found.pieces[:place])
    own, persons = slice(first, first + homes), slice(first_person, first_person + people)
    fates = found.fates[own]
    of_homes = pl.DataFrame({
        "fate": fates, "persons": found.sizes[own], "bound_id": found.bound[own.start : own.stop],
        "is_listed": found.is_listed[own], "number": found.numbers[own],
        "place": np.arange(own.start, own.stop, dtype=np.int32), "lists_all": found.lists_all[own],
    })  # fmt: skip
    of_people = pl.DataFrame({
        "home": found.home_of[persons], "fate": found.fates[found.home_of[persons]],
        "position": found.positions[persons],
        "place": np.arange(persons.start, persons.stop, dtype=np.int32),
    })  # fmt: skip
    kept = packed(of_homes.with_columns(pl.col("bound_id").str.decode("hex")), of_people)
    is_told, is_person_told = np.isin(fates, (CHANGED,) if found.is_first else (NEW, CHANGED)), found.is_told[persons]
    if not (found.twice or is_told.any() or is_person_told.any()):
        return WrittenOut(no, empty_piece().homes, empty_piece().people, kept)
    piece = piece_of(tx, snapshot.id, no)
    home, told_home = piece.homes.hstack(of_homes), pl.Series(is_told)
    if found.twice:
        told_home |= home["external_id"].is_in(sorted({name for pair in found.twice for name in pair}))
    home = home.filter(told_home & (of_homes["fate"] != LEFT_OUT))
    told = piece.people.hstack(of_people.drop("home", "fate")).filter(pl.Series(is_person_told))
    return WrittenOut(no, _homes(snapshot.id, home), _people(snapshot.id, told), kept)


def put_written(tx: Tx, snapshot_id: UUID, made: WrittenOut) -> None:
    """Stage rows that ``written_out`` made."""
    put_frame(tx, StagedHousehold, made.homes)
    put_frame(tx, StagedMember, made.people)
    put_weighed(tx, snapshot_id, made.no, made.fates)


def _positions(owner: Places) -> Places:
    """Count the rows of each owner, the first is 1."""
    # Most files list them one household after the other.
    is_sorted = bool((owner[1:] >= owner[:-1]).all())
    order = slice(None) if is_sorted else np.argsort(owner, kind="stable")
    ordered = owner[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(owner)]).astype(np.int32)
    sizes = np.diff(begins, append=np.int32(len(owner)))
    positions = np.empty(len(owner), dtype=np.int32)
    positions[order] = np.arange(1, len(owner) + 1, dtype=np.int32) - np.repeat(begins, sizes)
    return positions


def _homes(snapshot_id: UUID, homes: pl.DataFrame) -> pl.DataFrame:
    kk, places = homes["kk"].to_list(), homes["place"].to_list()
    return homes.select(
        pl.lit(snapshot_id.hex).alias("snapshot_id"), "external_id",
        pl.Series("link_id", serial_ids(snapshot_id, Serial.LINK, places)),
        pl.Series("household_id", serial_ids(snapshot_id, Serial.HOUSEHOLD, places)), "file_row",
        "village_code", "rt", "rw", "hamlet", "address", "decile", *kept_places(homes),
        pl.col("head").alias("head_name"), pl.max_horizontal(pl.col("size").fill_null(0), "persons").alias("size"),
        pl.Series("kk", sealed_numbers(kk, KK_CONTEXT), dtype=pl.Binary()),
        pl.Series("kk_bidx", plain_indexes(kk, KK_CONTEXT), dtype=pl.Binary()), "row_hash", "bound_id",
        pl.col("fate").replace_strict(_OUTCOMES, return_dtype=pl.String).alias("outcome"), "lists_all",
    )  # fmt: skip


def kept_places(homes: pl.DataFrame) -> list[pl.Expr]:
    """Give the columns of a household's position from those of a piece."""
    keys, is_known = position_keys(
        homes["lon_deg"].fill_null(float("nan")).to_numpy(), homes["lat_deg"].fill_null(float("nan")).to_numpy()
    )
    has_place, nothing = pl.Series(is_known), pl.lit(None)
    return [
        *(pl.when(has_place).then(pl.col(name)).otherwise(nothing).alias(name) for name in ("lon_deg", "lat_deg")),
        pl.when(has_place).then(pl.Series(keys)).otherwise(nothing).alias("position_key"),
        pl.when(~has_place).then(nothing).when(pl.col("position_accuracy_m").is_null())
        .then(pl.lit(PositionSource.REGISTRY.value)).otherwise(pl.lit(PositionSource.GPS.value))
        .alias("position_source"),
        pl.when(has_place).then("position_accuracy_m").otherwise(nothing).alias("position_accuracy_m"),
    ]  # fmt: skip


def _people(snapshot_id: UUID, people: pl.DataFrame) -> pl.DataFrame:
    return kept_people(people).select(
        pl.lit(snapshot_id.hex).alias("snapshot_id"), people["external_id"],
        pl.Series("member_id", serial_ids(snapshot_id, Serial.MEMBER, people["place"].to_list())), people["file_row"],
        pl.all(),
    )  # fmt: skip


def kept_people(people: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of ``member`` from those of a piece, numbers sealed, with ``position`` beside them."""
    nik = people["nik"].to_list()
    # The head stands first, wherever the file has him.
    place = pl.when(pl.col("relation") == Relation.HEAD.value).then(pl.lit(0)).otherwise("position")
    return people.select(
        "member_key", place.alias("position"), "name", "sex", pl.col("birth_on").cast(pl.String), "age_years",
        pl.col("age_as_of_on").cast(pl.String), "relation",
        pl.Series("nik", sealed_numbers(nik, NIK_CONTEXT), dtype=pl.Binary()),
        pl.Series("nik_bidx", plain_indexes(nik, NIK_CONTEXT), dtype=pl.Binary()), "is_pregnant", "is_nursing",
        "has_disability", "is_chronically_ill", "row_hash",
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def mapped(values: Digests, keys: Digests, to: npt.NDArray[Any]) -> pl.Series:
    """Give for each value what stands beside the same key; nothing where there is none."""
    target = pl.Series(to)
    return pl.Series(values).replace_strict(pl.Series(keys), target, default=None, return_dtype=target.dtype)


def _among(values: Digests, others: Digests) -> Mask:
    """Tell which values are among others; NumPy's own way sorts both, and takes ten times as long."""
    found: Mask = pl.Series(values).is_in(pl.Series(others).implode()).to_numpy()
    return found


def _joined(several: Sequence[Digests]) -> Digests:
    return np.concatenate(several) if several else np.zeros(0, dtype=np.uint64)


def digits(tx: Tx, column: Any) -> sa.ColumnElement[str]:
    """Read an id as the text it is, with or without its lines, which takes a quarter of the time."""
    if tx.session.get_bind().dialect.name == "sqlite":
        return sa.type_coerce(column, sa.String())
    return sa.cast(column, sa.String())
